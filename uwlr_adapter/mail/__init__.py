"""What schools are told by mail: addresses, what is told to whom and when, the outbox, and sending it."""
