"""Calls in the journaal: however many there are in one commit, each is there once, or none of them is."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from support.school_builder import MOMENT, open_database

from uwlr_adapter.db.database import Database
from uwlr_adapter.journaal import search, tables
from uwlr_adapter.journaal.model import Refusal, RefusalReason, VerzoekEntry
from uwlr_adapter.journaal.writer import MAX_ROWS, JournaalWriter


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


@pytest.mark.parametrize(("calls", "refused"), [(1, 0), (MAX_ROWS, 0), (MAX_ROWS + 1, 0), (0, 1), (0, 50), (70, 50)])
def test_each_call_is_written_once(database: Database, calls: int, refused: int) -> None:
    """Entries are read back as they were written, by one statement or in a transaction; refusals add up."""
    given = requests(calls)
    for _ in range(2):
        JournaalWriter(database).write_all([*given, *refusals(refused)])
    with database.reading() as connection:
        found = search.read(connection, limit=1000)
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


@pytest.mark.parametrize(("calls", "refused"), [(3, 0), (0, 3), (3, 3)])
def test_what_cannot_be_written_is_told(database: Database, calls: int, refused: int) -> None:
    """When the table is away the failure is told, and afterwards all is right without help."""
    lines: list[VerzoekEntry | Refusal] = [*requests(calls), *refusals(refused)]
    names = [tables.journaal.name, tables.refusal.name]
    for old, new in ((table, f"{table}_weg") for table in names):
        with database.writing() as connection:
            connection.exec_driver_sql(f"ALTER TABLE {old} RENAME TO {new}")
    with pytest.raises(DBAPIError):
        JournaalWriter(database).write_all(lines)
    for table in names:
        with database.writing() as connection:
            connection.exec_driver_sql(f"ALTER TABLE {table}_weg RENAME TO {table}")
    JournaalWriter(database).write_all(lines)
    with database.reading() as connection:
        assert len(search.read(connection)) == calls
        assert connection.scalar(sa.select(sa.func.coalesce(sa.func.sum(tables.refusal.c.occurrences), 0))) == refused
