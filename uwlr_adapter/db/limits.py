"""How long the database may keep a caller waiting."""

WAIT_SECONDS = 15
"""How long a writer waits for another one: half of the shortest client timeout seen (30 s)."""
STATEMENT_SECONDS = 25
"""How long PostgreSQL may work on one statement: after the wait for a lock, and before that client gives up."""
