"""Locks within a writing transaction. SQLite has one writer at a time, so there they do nothing.

The order of locks: a transaction on records, afnemers or koppelingen takes one lock, by name (`lock`) or of a row
(`with_for_update`), before it writes. The journaal writes the rows that many requests share in sorted order
(`journaal/writer.py`). A login attempt locks the row of its own address first, and then the row that all addresses
share (`gebruikers/attempts.py`).
"""

from hashlib import sha256

import sqlalchemy as sa


def lock(connection: sa.Connection, what: str) -> None:
    """Hold `what` until the transaction ends, so that of two writers the second sees what the first one did.

    Raises DBAPIError when another transaction holds it for WAIT_SECONDS.
    """
    if connection.dialect.name == "postgresql":
        number = int.from_bytes(sha256(what.encode()).digest()[:8], signed=True)
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.literal(number, sa.BigInteger))))


def no_time_limit(connection: sa.Connection) -> None:
    """Remove every time limit from this transaction: a migration of many records."""
    if connection.dialect.name == "postgresql":
        for name in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"):
            connection.exec_driver_sql(f"SET LOCAL {name} = 0")
