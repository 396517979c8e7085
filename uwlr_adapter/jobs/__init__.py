"""Periodic work: what is done each night or every few minutes, by one of all processes."""
