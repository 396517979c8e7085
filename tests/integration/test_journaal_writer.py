"""Calls in the journaal: however many there are in one commit, each is there once, or none of them is."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from support.school_builder import BRIN6, MOMENT, SchoolBuilder, open_database

from uwlr_adapter.db.database import Database
from uwlr_adapter.exchange import commit
from uwlr_adapter.exchange.commit import MAX_ROWS
from uwlr_adapter.exchange.outcome import AnswerBytes, Outcome
from uwlr_adapter.journaal import search, tables
from uwlr_adapter.journaal.model import EntryKind, Refusal, RefusalReason, VerzoekEntry
from uwlr_adapter.koppelingen.failures import Failures


@pytest.fixture
def database(backend: object, tmp_path: Path) -> Iterator[Database]:
    """Open a database."""
    opened = open_database(tmp_path)
    yield opened
    opened.close()


def requests(number: int) -> list[VerzoekEntry]:
    """Return so many calls, each with something else in it."""
    return [
        VerzoekEntry(
            moment=MOMENT + timedelta(seconds=place, microseconds=place),
            operation="HaalLeerlingen",
            afnemer_id=place + 1,
            repairs=("leeg", "volgorde") if place % 2 else (),
            outcome="leerlinggegevens-leerlingen",
            reason=RefusalReason.NO_DATA if place % 3 else None,
            koppeling_id=place or None,
            leerlingen=place,
            remarks=("onvolledig=3",) if place % 2 else (),
        )
        for place in range(number)
    ]


def refusals(number: int) -> list[Refusal]:
    """Return refusals of three sources in two minutes."""
    return [Refusal(MOMENT + timedelta(seconds=30 * (n % 4)), f"192.0.2.{n % 3}", "Client.X") for n in range(number)]


def write(database: Database, entries: Sequence[VerzoekEntry | Refusal]) -> list[bool]:
    """Write calls in one commit; return for each whether it was written."""
    outcomes = [Outcome(entry, AnswerBytes(b"")) for entry in entries]
    commands = commit.commands(outcomes)
    return commit.are_written(outcomes, zip(commands, database.write(commands), strict=True), Failures())


CROWDS = [(1, 0), (MAX_ROWS, 0), (MAX_ROWS + 1, 0), (0, 1), (0, 50), (70, 50)]


@pytest.mark.parametrize(("calls", "refused"), CROWDS)
@pytest.mark.parametrize("granted", [False, True])
def test_each_call_is_written_once(database: Database, calls: int, refused: int, *, granted: bool) -> None:
    """Entries are read back as they were written, by one statement or by more, with access or without; refusals add up.

    Of those with access every third one is without.
    """
    given = requests(calls)
    if granted:
        builder = SchoolBuilder(database)
        builder.add_vestigingen(BRIN6)
        builder.add_afnemer("Snappet")
        koppeling = builder.activate("snappet")
        given = [
            replace(one, koppeling_id=koppeling.id, koppeling_version=koppeling.version) if place % 3 else one
            for place, one in enumerate(given, start=1)
        ]
    for _ in range(2):
        assert write(database, [*given, *refusals(refused)]) == [True] * (calls + refused)
    with database.reading() as connection:
        found = [one for one in search.read(connection, limit=1000) if one.kind is EntryKind.VERZOEK]
        counted = connection.execute(sa.select(tables.refusal)).all()
    assert len(found) == 2 * calls
    for line in given:
        twice = [one for one in found if one.afnemer_id == line.afnemer_id]
        assert [
            (one.moment, one.act, one.repairs, one.outcome, one.reason, one.koppeling_id, one.leerlingen)
            for one in twice
        ] == 2 * [
            (
                *(line.moment, line.operation, line.repairs, line.outcome, line.reason, line.koppeling_id),
                line.leerlingen,
            )
        ]
        assert [one.remarks for one in twice] == 2 * [line.remarks]
    assert sum(row.occurrences for row in counted) == 2 * refused
    assert len(counted) == min(refused, 6)


BOTH = (tables.journaal.name, tables.refusal.name)


@pytest.mark.parametrize(
    ("calls", "refused", "away"),
    [(3, 0, BOTH), (0, 3, BOTH), (3, 3, BOTH), (3, 3, BOTH[:1]), (3, 3, BOTH[1:]), (MAX_ROWS + 1, 3, BOTH[1:])],
)
def test_what_cannot_be_written_is_told(database: Database, calls: int, refused: int, away: tuple[str, ...]) -> None:
    """When a table is away the failure is told, nothing is there of the others, and afterwards all is right."""
    lines: list[VerzoekEntry | Refusal] = [*requests(calls), *refusals(refused)]
    for table in away:
        with database.writing() as connection:
            connection.exec_driver_sql(f"ALTER TABLE {table} RENAME TO {table}_weg")
    with pytest.raises(DBAPIError):
        write(database, lines)
    for table in away:
        with database.writing() as connection:
            connection.exec_driver_sql(f"ALTER TABLE {table}_weg RENAME TO {table}")
    assert write(database, lines) == [True] * len(lines)
    with database.reading() as connection:
        assert len(search.read(connection)) == calls
        assert connection.scalar(sa.select(sa.func.coalesce(sa.func.sum(tables.refusal.c.occurrences), 0))) == refused
