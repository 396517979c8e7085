"""The options of an engine that say how its transactions begin. `Database` sets them, each backend reads them."""

from typing import Any

import sqlalchemy as sa

WRITING: dict[str, Any] = {"uwlr_writes": True}
"""Begin writing transactions."""
WRITING_LATER: dict[str, Any] = {**WRITING, "uwlr_later": True}
"""Begin writing transactions that are durable with the next commit that is."""


def is_writing(connection: sa.Connection) -> bool:
    """Return whether a transaction of this connection may write."""
    return bool(connection.get_execution_options().get("uwlr_writes", False))


def is_later(connection: sa.Connection) -> bool:
    """Return whether a commit of this connection need not be durable by itself."""
    return bool(connection.get_execution_options().get("uwlr_later", False))
