"""Mail to schools: addresses, what is told to whom and when, the outbox, and sending it."""
