"""Failures while an answer is made: a fault or the whole answer is sent, and nothing partial is stored."""

from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest
import sqlalchemy as sa
from support.trial_school import SMALLEST, TrialSchool

from uwlr_adapter.administratie.tables import answer_content
from uwlr_adapter.answers import freshness
from uwlr_adapter.answers.tables import answer_state
from uwlr_adapter.contract import rendered
from uwlr_adapter.db import limits
from uwlr_adapter.db.database import Database

DATA, TEMPORARY = "leerlinggegevens", "Server.TijdelijkNietBeschikbaar"


@pytest.fixture
def school(tmp_path: Path, backend: str) -> Iterator[TrialSchool]:
    """Yield the smallest school, whose service waits a second at most for another writer."""
    with patch.object(limits, "WAIT_SECONDS", 1):
        made = TrialSchool(tmp_path)
        made.import_data(SMALLEST)
        yield made
        made.close()


def kept(school: TrialSchool) -> tuple[int, int]:
    """Count the stands, and those with bytes."""
    with school.database.reading() as connection:
        found = [
            connection.scalar(sa.select(sa.func.count()).select_from(one)) for one in (answer_state, answer_content)
        ]
    return found[0] or 0, found[1] or 0


def test_a_school_that_is_held_too_long(school: TrialSchool) -> None:
    """While another transaction holds the school no answer of it is kept or sent; then it is, without help."""
    with school.database.writing() as connection:  # on SQLite that is the only writer
        if not school.database.backend.is_embedded:
            connection.exec_driver_sql("SELECT 1 FROM school FOR UPDATE")
        assert school.fetch().outcome == TEMPORARY
    assert kept(school) == (0, 0)
    if not school.database.backend.is_embedded:
        assert school.last_entry.outcome == TEMPORARY
    assert school.fetch().outcome == DATA
    assert kept(school) == (1, 1)


@pytest.mark.parametrize(
    ("where", "expected"),
    [((Database, "snapshot"), DATA), ((rendered, "make"), DATA), ((freshness, "changed_since"), TEMPORARY)],
)
def test_a_database_that_goes_away(school: TrialSchool, where: tuple[object, str], expected: str) -> None:
    """While the records are read, or while the answer is kept: a fault. In between nothing is open, nobody notices."""
    if school.database.backend.is_embedded:
        pytest.skip("SQLite has no connection that somebody else can end")
    room, naam = where
    work = getattr(room, naam)

    def cut(*args: object, **kwargs: object) -> object:
        with school.database.reading() as connection:
            connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        return work(*args, **kwargs)

    with patch.object(room, naam, cut):
        first = school.fetch()
    assert first.outcome == expected
    assert kept(school) == ((1, 1) if expected == DATA else (0, 0))
    second = school.fetch()
    assert second.outcome == DATA
    assert kept(school) == (1, 1)
