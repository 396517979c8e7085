"""The koppelingen that an afnemer may know of, and the mark by which. On both databases."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.databases import make_tables
from support.journaal import write_entries
from support.school_builder import SchoolBuilder

from uwlr_adapter.clock import day_of
from uwlr_adapter.db.database import Database
from uwlr_adapter.journaal.model import VerzoekEntry
from uwlr_adapter.journaal.tables import journaal
from uwlr_adapter.koppelingen import call_states, fetched, store
from uwlr_adapter.koppelingen import catalogue as catalogi
from uwlr_adapter.koppelingen.fetched import FetchedKey, FetchedKoppeling, FetchedPage
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.koppelingen.tables import shown_code
from uwlr_adapter.settings import Settings

MOMENT = datetime(2026, 10, 28, 9, 30, tzinfo=UTC)
PLACES = ("21QW00", "21QW01", "30AB00", "40CD00")
CODE = "Ygr67BfgKl!gr8"
CATALOGUE = catalogi.Catalogue.load(None)
SNAPPET, BASISPOORT = 1, 2


@pytest.fixture
def builder(backend: str, tmp_path: Path) -> Iterator[SchoolBuilder]:
    """Yield four vestigingen with Snappet (1), which had access at three of them, and Basispoort (2) at one."""
    assert backend
    database = Database(Settings(data=tmp_path).database_url)
    make_tables(database)
    made = SchoolBuilder(database, moment=MOMENT - timedelta(days=20))
    with made.transaction():
        made.add_vestigingen(*PLACES)
        for klantnaam in ("Snappet", "Basispoort"):
            made.add_afnemer(klantnaam)
        for brin6 in PLACES:
            show(made, made.activate("snappet", brin6, f"{brin6}{CODE}"), is_shown=brin6 != "40CD00")
        show(made, made.activate("basispoort", "21QW00", f"21QW00{CODE}een-ander"))
    yield made
    database.close()


def show(builder: SchoolBuilder, koppeling: Koppeling, *, is_shown: bool = True) -> Koppeling:
    """Mark that the code of a koppeling was shown, unless told otherwise."""
    if is_shown:
        with builder.transaction() as connection:
            store.record_shown(connection, koppeling.id, shown_code(koppeling.code_digest or ""))
    return koppeling


def page(
    builder: SchoolBuilder,
    afnemer_id: int = SNAPPET,
    *,
    text: str = "",
    access: bool | None = None,
    after: FetchedKey | None = None,
) -> FetchedPage:
    """Return a page of the koppelingen of an afnemer."""
    with builder.database.reading() as connection:
        return fetched.page_of(
            connection,
            CATALOGUE,
            afnemer_id,
            MOMENT,
            told_since=MOMENT - timedelta(days=30),
            text=text,
            access=access,
            after=after,
        )


def told(builder: SchoolBuilder, afnemer_id: int = SNAPPET) -> dict[str, bool]:
    """Return whether there is access, by brin6; the counts say the same."""
    found = {one.brin6: one.has_access for one in page(builder, afnemer_id).koppelingen}
    with builder.database.reading() as connection:
        counted = fetched.count(connection, CATALOGUE, afnemer_id, MOMENT)
    assert counted == (sum(found.values()), len(found) - sum(found.values()))
    return found


def test_only_those_of_which_the_code_was_shown(builder: SchoolBuilder) -> None:
    """Of one afnemer alone; another catalogue, or none at all, gives no access."""
    assert told(builder) == {"21QW00": True, "21QW01": True, "30AB00": True}
    assert told(builder, BASISPOORT) == {"21QW00": True}
    assert told(builder, 3) == {}
    empty = replace(CATALOGUE, entries={})
    with builder.database.reading() as connection:
        assert fetched.count(connection, empty, SNAPPET, MOMENT) == (0, 3)


def test_each_way_to_no_access(builder: SchoolBuilder) -> None:
    """Paused, ended, and another code; the first access under the other code brings it back."""
    builder.pause(builder.living("21QW00", "snappet"))
    builder.end(builder.living("21QW01", "snappet"))
    changed = builder.enter_code(builder.living("30AB00", "snappet"), f"30AB00{CODE}anders")
    assert told(builder) == {"21QW00": False, "21QW01": False, "30AB00": False}
    show(builder, changed)
    builder.enter_code(builder.living("21QW00", "snappet"), f"21QW00{CODE}")
    assert told(builder) == {"21QW00": True, "21QW01": False, "30AB00": True}


def test_a_startdatum_that_is_to_come_gives_no_access(builder: SchoolBuilder) -> None:
    """As a call before it has none."""
    builder.end(builder.living("21QW01", "snappet"))
    later = day_of(MOMENT) + timedelta(days=3)
    show(builder, builder.activate("snappet", "21QW01", f"21QW01{CODE}", startdatum=later))
    assert told(builder)["21QW01"] is False


def test_a_code_that_was_changed_meanwhile_is_not_marked(builder: SchoolBuilder) -> None:
    """The mark is of the code that stands there: that of a call that was overtaken is not written."""
    before = builder.living("40CD00", "snappet")
    builder.enter_code(before, f"40CD00{CODE}anders")
    show(builder, before)
    assert "40CD00" not in told(builder)


def test_the_list_is_searched_and_paged(builder: SchoolBuilder, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a part of the number in any case, by access, and on from a key; a wildcard is a character."""
    monkeypatch.setattr(fetched, "PER_PAGE", 2)
    builder.pause(builder.living("21QW01", "snappet"))

    def numbers(found: FetchedPage) -> list[str]:
        return [one.brin6 for one in found.koppelingen]

    first = page(builder)
    assert numbers(first) == ["21QW00", "21QW01"]
    second = page(builder, after=first.after)
    assert numbers(second) == ["30AB00"]
    assert second.after is None
    assert numbers(page(builder, text="qw0")) == ["21QW00", "21QW01"]
    assert numbers(page(builder, text="%")) == numbers(page(builder, text="_")) == []
    assert numbers(page(builder, access=False)) == ["21QW01"]
    assert numbers(page(builder, access=True, after=FetchedKey("21QW00", "snappet"))) == ["30AB00"]


def test_a_fetch_of_before_the_journaal_is_not_told(builder: SchoolBuilder) -> None:
    """What was noted of a koppeling that is paused outlives the journaal; of one that ended it does not."""
    paused, ended = builder.living("21QW00", "snappet"), builder.living("21QW01", "snappet")
    for one in (paused, ended):
        line = VerzoekEntry(MOMENT - timedelta(days=31), "HaalLeerlinggegevens", SNAPPET, outcome="leerlinggegevens")
        line.koppeling_id, line.brin6 = one.id, one.brin6
        with builder.transaction() as connection:
            write_entries(connection, line)
    with builder.database.writing() as connection:
        call_states.note(connection, call_states.to_note(connection, [paused.id, ended.id], MOMENT, MOMENT))
    builder.pause(paused)
    builder.end(ended)
    with builder.database.writing() as connection:
        call_states.forget_ended(connection, 9)
        connection.execute(journaal.delete())
    told = {one.brin6: one.fetched_at for one in page(builder).koppelingen}
    assert told["21QW00"] == told["21QW01"]


def test_a_key_of_a_page_counts_nothing(builder: SchoolBuilder, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the place and the entry: the number of a koppeling would tell how many others there are."""
    monkeypatch.setattr(fetched, "PER_PAGE", 1)
    assert page(builder).after == ("21QW00", "snappet")


def test_when_it_was_fetched_last(builder: SchoolBuilder) -> None:
    """The last answer through this koppeling; a call that was refused says nothing of it."""
    koppeling = builder.living("21QW00", "snappet")
    for hours, outcome in ((5, "leerlinggegevens"), (2, "Client.AutorisatieOngeldig")):
        line = VerzoekEntry(MOMENT - timedelta(hours=hours), "HaalLeerlinggegevens", SNAPPET, outcome=outcome)
        line.koppeling_id, line.brin6 = koppeling.id, koppeling.brin6
        with builder.transaction() as connection:
            write_entries(connection, line)
    one: FetchedKoppeling = page(builder, text="21QW00").koppelingen[0]
    assert one.fetched_at == MOMENT - timedelta(hours=5)
    assert page(builder, text="21QW01").koppelingen[0].fetched_at is None
