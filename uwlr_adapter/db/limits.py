"""How long the database may keep a caller waiting, and the numbers that it can hold."""

WAIT_SECONDS = 15
"""How long a writer waits for another one: half of the shortest client timeout seen (30 s)."""
LOOP_WAIT_SECONDS = 1
"""How long the writer of an event loop waits for a lock: the entries of other schools wait behind it."""
LOOK_SECONDS = 10
"""How long an event loop waits for rows that take a millisecond: all that ask meanwhile wait behind them. After that
each asks once more by itself, on a new connection."""
COMMIT_SECONDS = 20
"""How long an event loop waits for a commit, whose outcome is not known after that: the caller gets a fault in time."""
STATEMENT_SECONDS = 25
"""How long PostgreSQL may work on one statement: after the wait for a lock, and before that client gives up."""
MAX_ID = 2**63 - 1
"""The largest id that a column of either database can hold (inclusive); a larger number fails in a query."""
