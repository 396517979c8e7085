"""Statements of SQLAlchemy, compiled once for all databases of a process: each test opens one of its own."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.util import LRUCache

_MOST = 5000
"""More than the program and the tests have."""


class CompiledStatements(LRUCache[Any, Any]):
    """Each statement as a kind of database has it, whichever engine compiled it first.

    SQLAlchemy keeps that for each engine, under the dialect of the engine; those of one kind and driver are alike.
    """

    def get(self, key: Any, default: Any = None) -> Any:
        """Return what was compiled, for a dialect of the same kind."""
        return super().get(_of_kind(key), default)

    def __setitem__(self, key: Any, value: Any) -> None:
        """Keep what was compiled."""
        super().__setitem__(_of_kind(key), value)


def _of_kind(key: tuple[Any, ...]) -> tuple[Any, ...]:
    dialect, *rest = key
    return dialect.name, dialect.driver, *rest


def share_statements() -> None:
    """Let every engine that this process makes share what it compiles."""
    shared = CompiledStatements(_MOST)
    sa.Engine._compiled_cache = property(lambda _: shared, lambda _, __: None)  # type: ignore[assignment] # noqa: SLF001 - there is no other way into those of the program
