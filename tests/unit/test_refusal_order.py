"""Refusals are counted in one fixed order, so that two processes never wait for each other."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
import sqlalchemy as sa

from uwlr_adapter.contract import fault
from uwlr_adapter.db.statements import Insert, Step
from uwlr_adapter.exchange import commit
from uwlr_adapter.exchange.commit import MAX_ROWS
from uwlr_adapter.exchange.outcome import Outcome
from uwlr_adapter.journaal.model import Refusal, VerzoekEntry

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


def inserts(refusals: Sequence[Refusal], *others: VerzoekEntry) -> list[Insert]:
    """Return the statements that count refusals, when they are written together with other calls."""
    entries: list[VerzoekEntry | Refusal] = [*others[:1], *refusals, *others[1:]]
    commands = commit.commands([Outcome(entry, fault.OngeldigeKlantIdentificatie()) for entry in entries])
    return [one for one in commands if isinstance(one, Insert) and "occurrences" in one.rows[0]]


def written(refusals: Sequence[Refusal], *others: VerzoekEntry) -> list[list[tuple[Any, ...]]]:
    """Return the keys of the rows of each statement, in its order."""
    return [[(row["minute"], row["source"], row["outcome"]) for row in one.rows] for one in inserts(refusals, *others)]


def steps(refusals: Sequence[Refusal]) -> list[Step]:
    """Return the statements as a pipeline to PostgreSQL has them."""
    return [one.step(DIALECT) for one in inserts(refusals)]


@pytest.mark.parametrize("others", [0, 3])
def test_one_statement_counts_in_the_order_of_the_keys(others: int) -> None:
    """Minute, source and outcome decide, whatever the order in which the calls came and what is written with them."""
    entries = [VerzoekEntry(MOMENT, "HaalLeerlingen", number) for number in range(others)]
    expected = [(one.moment.replace(tzinfo=None), one.source, one.outcome) for one in FOUR]
    assert [written(order, *entries) for order in permutations(FOUR)] == [[expected]] * 24


@pytest.mark.parametrize("refusals", [FOUR[:3], FOUR])
def test_a_pipeline_counts_in_the_same_order(refusals: list[Refusal]) -> None:
    """The statements for PostgreSQL are the same ones for each order of the same calls."""
    made = [steps(order) for order in permutations(refusals)]
    assert all(one == made[0] for one in made)


def test_more_than_one_statement_counts_in_one_order_too() -> None:
    """Rows that do not fit in one statement continue in the next, in the same order."""
    first, second = steps(MANY[::-1])
    sources = [value.decode() for step in (first, second) for value in step.values if value and b"192.0." in value]
    assert sources == [one.source for one in MANY]
