"""Search of the journaal: filters, days in Amsterdam time, and counts."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from support.journaal import write_entries
from support.school_builder import BRIN6, OTHER_BRIN6
from support.world import World

from uwlr_adapter.journaal import search as searching
from uwlr_adapter.journaal import writer
from uwlr_adapter.journaal.model import Act, Entry, OutcomeKind, VerzoekEntry
from uwlr_adapter.journaal.search import DayCount, EntryFilter
from uwlr_adapter.journaal.tables import journaal

ANSWERED, REFUSED = "leerlinggegevens", "Client.AutorisatieOngeldig"
CLOCK_BACK = date(2026, 10, 25)
"""The day of 25 hours."""


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return a database."""
    return World.make(tmp_path)


def call(world: World, moment: datetime, outcome: str = ANSWERED, koppeling_id: int | None = 1) -> None:
    """Write down a call for 21QW00."""
    with world.database.writing() as connection:
        line = VerzoekEntry(moment, "HaalLeerlinggegevens", 1, outcome=outcome, koppeling_id=koppeling_id, brin6=BRIN6)
        write_entries(connection, line)


def search(world: World, question: EntryFilter, limit: int = 100, before_id: int | None = None) -> list[Entry]:
    """Search."""
    with world.database.reading() as connection:
        return searching.search(connection, question, limit=limit, before_id=before_id)


def utc(day: int, hour: int, minute: int = 0) -> datetime:
    """Return a moment of October 2026."""
    return datetime(2026, 10, day, hour, minute, tzinfo=UTC)


def test_a_day_is_one_of_amsterdam(world: World) -> None:
    """From midnight to midnight there, also on the day of 25 hours."""
    for moment in (utc(24, 21, 59), utc(24, 22), utc(25, 22, 59), utc(25, 23)):
        call(world, moment)
    found = search(world, EntryFilter(BRIN6, first=CLOCK_BACK, last=CLOCK_BACK))
    assert [one.moment for one in found] == [utc(25, 22, 59), utc(24, 22)]
    days = [CLOCK_BACK + timedelta(days=number) for number in (-1, 0, 1)]
    with world.database.reading() as connection:
        counted = searching.count_days(connection, {1: None, 2: None}, days)
    assert counted == {1: [DayCount(1), DayCount(2), DayCount(1)], 2: [DayCount()] * 3}


def test_counts_tell_refusals_apart(world: World) -> None:
    """An act counts as no call, and a call of before or after the days not at all."""
    for outcome in (ANSWERED, "geenwijzigingen", "geengegevens", REFUSED, "Server.InterneFout"):
        call(world, utc(25, 12), outcome)
    call(world, utc(23, 12))
    call(world, utc(26, 12))
    with world.database.writing() as connection:
        writer.record_act(
            connection, moment=utc(25, 12), act=Act.RESUMED, koppeling_id=1, brin6=BRIN6, actor="cli:proef"
        )
        assert searching.count_days(connection, {1: None}, [CLOCK_BACK]) == {1: [DayCount(3, 2)]}
        acted = searching.count_days(connection, {1: utc(25, 13), 2: None}, [CLOCK_BACK])
        assert acted == {1: [DayCount(0, 0, 3, 2)], 2: [DayCount()]}


def test_pages_follow_one_another(world: World) -> None:
    """A list goes on after its last line, whatever was written meanwhile."""
    for hour in range(5):
        call(world, utc(25, hour))
    first = search(world, EntryFilter(BRIN6), limit=2)
    call(world, utc(25, 20))
    second = search(world, EntryFilter(BRIN6), limit=2, before_id=first[-1].id)
    assert [one.moment.hour for one in (*first, *second)] == [4, 3, 2, 1]


def test_outcomes(world: World) -> None:
    """Each line has one of three outcomes, and is found by it; a line without a koppeling by none."""
    call(world, utc(25, 1))
    call(world, utc(25, 2), REFUSED)
    call(world, utc(25, 3), REFUSED, koppeling_id=None)
    with world.database.writing() as connection:
        writer.record_act(
            connection, moment=utc(25, 4), act=Act.RESUMED, koppeling_id=1, brin6=BRIN6, actor="cli:proef"
        )
        writer.record_afnemer(connection, moment=utc(25, 5), act=Act.ADDED, afnemer_id=1, actor="cli:proef")
    for outcome in OutcomeKind:
        (one,) = search(world, EntryFilter(BRIN6, outcome=outcome))
        assert one.outcome_kind is outcome
    assert len(search(world, EntryFilter(BRIN6))) == 3
    assert search(world, EntryFilter(BRIN6, koppeling_ids=())) == []
    assert search(world, EntryFilter(OTHER_BRIN6)) == []


def test_an_act_on_the_records_is_found_without_a_koppeling(world: World) -> None:
    """A school sees what was done to its records, among all acts, and not where it asks for one koppeling."""
    with world.database.writing() as connection:
        writer.record_records_act(
            connection, moment=utc(25, 4), act=Act.RECORDS_WITHDRAWN, brin6=BRIN6, actor="cli:proef"
        )
    for entry_filter in (EntryFilter(BRIN6), EntryFilter(BRIN6, outcome=OutcomeKind.ACT)):
        (one,) = search(world, entry_filter)
        assert (one.act, one.koppeling_id, one.outcome_kind) == ("gegevens ingetrokken", None, OutcomeKind.ACT)
    assert search(world, EntryFilter(BRIN6, koppeling_ids=(1,))) == []
    assert search(world, EntryFilter(BRIN6, outcome=OutcomeKind.ANSWERED)) == []
    assert search(world, EntryFilter(OTHER_BRIN6)) == []


def test_the_last_calls(world: World) -> None:
    """The last one, and the last one that was answered."""
    with world.database.reading() as connection:
        assert searching.last_call(connection, 1) is None
    call(world, utc(25, 1))
    call(world, utc(25, 2), REFUSED)
    call(world, utc(25, 3), koppeling_id=2)
    with world.database.reading() as connection:
        last, good = searching.last_call(connection, 1), searching.last_success(connection, 1)
    assert last is not None
    assert good is not None
    assert (last.moment.hour, good.moment.hour) == (2, 1)


def test_a_kind_of_newer_code_is_read_as_it_is(world: World) -> None:
    """Two versions of the code use one database for a while: what the newer one writes stops nobody here."""
    values = {"moment": datetime(2026, 10, 1), "kind": "iets nieuws", "act": "iets gedaan", "outcome": "gedaan"}  # noqa: DTZ001 - as stored
    with world.database.writing() as connection:
        connection.execute(journaal.insert().values(brin6=BRIN6, **values))
        (one,) = searching.read(connection)
        assert (one.kind, one.outcome_kind) == ("iets nieuws", OutcomeKind.ACT)
    assert search(world, EntryFilter(BRIN6)) == [], "a school sees what this code knows"
