"""Refusals are counted in one fixed order, so that two processes never wait for each other."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
import sqlalchemy as sa

from uwlr_adapter.db.statements import InsertStatement
from uwlr_adapter.journaal.model import Refusal
from uwlr_adapter.journaal.writer import MAX_ROWS, JournaalWriter, insert_steps

MOMENT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
DIALECT = sa.create_engine("postgresql+psycopg://").dialect
FOUR = [
    Refusal(MOMENT, "192.0.2.1", "Client.X"),
    Refusal(MOMENT, "192.0.2.1", "Client.Y"),
    Refusal(MOMENT, "192.0.2.2", "Client.X"),
    Refusal(MOMENT + timedelta(minutes=1), "192.0.2.1", "Client.X"),
]
"""Each is a row of its own; they stand in the order of their keys."""
MANY = [Refusal(MOMENT, f"192.0.{n // 100}.{n % 100:03}", "Client.X") for n in range(MAX_ROWS + 8)]


class StatementSink:
    """Stand-in for the database that keeps the rows of one statement."""

    def __init__(self) -> None:
        self.keys: list[tuple[Any, ...]] = []

    def put(self, _insert: InsertStatement, rows: Sequence[Mapping[str, Any]]) -> None:
        """Keep the keys of the rows."""
        self.keys.extend((row["minute"], row["source"], row["outcome"]) for row in rows)


def written(refusals: Sequence[Refusal]) -> list[tuple[Any, ...]]:
    """Return the keys of the rows of one statement, in its order."""
    loose: Any = StatementSink()
    JournaalWriter(loose).write_all(refusals)
    keys: list[tuple[Any, ...]] = loose.keys
    return keys


def test_one_statement_counts_in_the_order_of_the_keys() -> None:
    """Minute, source and outcome decide, whatever the order in which the calls came."""
    expected = [(one.moment.replace(tzinfo=None), one.source, one.outcome) for one in FOUR]
    assert {tuple(written(order)) for order in permutations(FOUR)} == {tuple(expected)}


@pytest.mark.parametrize("refusals", [FOUR[:3], FOUR])
def test_a_pipeline_counts_in_the_same_order(refusals: list[Refusal]) -> None:
    """The statements for PostgreSQL are the same ones for each order of the same calls."""
    made = [insert_steps(order, DIALECT) for order in permutations(refusals)]
    assert all(one == made[0] for one in made)


def test_more_than_one_statement_counts_in_one_order_too() -> None:
    """Rows that do not fit in one statement continue in the next, in the same order."""
    first, second = insert_steps(MANY[::-1], DIALECT)
    sources = [value.decode() for step in (first, second) for value in step.values if value and b"192.0." in value]
    assert sources == [one.source for one in MANY]
