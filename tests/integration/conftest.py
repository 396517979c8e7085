"""Fixtures that several of these tests share."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.school_builder import open_database

from uwlr_adapter.db.database import Database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Yield a new database on SQLite."""
    opened = open_database(tmp_path)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def figures() -> Iterator[Counter[str]]:
    """Yield a count that all tests of a module add to, and print it: the figures of its long form."""
    found: Counter[str] = Counter()
    yield found
    print(dict(sorted(found.items())))  # noqa: T201 - see above
