"""The use cases of the exchange: from a call to its outcome, without HTTP and without Spyne."""
