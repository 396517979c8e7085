"""The clock that all machines have in common: that of the database. Their own may differ by hours."""

from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa

from uwlr_adapter.db.backend import backend_of

DatabaseClock = Callable[[sa.Connection], datetime]
"""Returns the present moment, timezone-aware; `database_clock` is the one of a running service."""


def database_clock(connection: sa.Connection) -> datetime:
    """Return the present moment by the clock of the database."""
    return backend_of(connection).clock(connection)
