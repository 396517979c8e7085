"""The counts of each afnemer: verdicts, its last calls, the versions it fetched in. On both databases."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.databases import make_tables
from support.journaal import write_entries
from support.school_builder import SchoolBuilder

from uwlr_adapter.administratie.importing import not_taken
from uwlr_adapter.administratie.model import ImportRefusedError
from uwlr_adapter.administratie.tables import receipt
from uwlr_adapter.clock import to_utc
from uwlr_adapter.db.database import Database
from uwlr_adapter.jobs.lease import Lease
from uwlr_adapter.jobs.registry import JOBS
from uwlr_adapter.jobs.work import run_now
from uwlr_adapter.journaal import recent, refused
from uwlr_adapter.journaal.model import RefusalReason, VerzoekEntry
from uwlr_adapter.koppelingen import afnemer_counts, verdict_counts, versions_used
from uwlr_adapter.koppelingen.verdict import VerdictKind
from uwlr_adapter.settings import Settings

MOMENT = datetime(2026, 10, 28, 9, 30, tzinfo=UTC)
PLACES = ("21QW00", "21QW01", "30AB00")
CODE = "Ygr67BfgKl!gr8"


@pytest.fixture
def builder(backend: str, tmp_path: Path) -> Iterator[SchoolBuilder]:
    """Yield three vestigingen with Snappet (1), of which one is paused, and one with Basispoort (2) as well."""
    assert backend
    database = Database(Settings(data=tmp_path).database_url)
    make_tables(database)
    made = SchoolBuilder(database, moment=MOMENT - timedelta(days=20))
    with made.transaction():
        made.add_vestigingen(*PLACES)
        for klantnaam in ("Snappet", "Basispoort", "Elders"):
            made.add_afnemer(klantnaam)
        for brin6 in PLACES:
            made.activate("snappet", brin6, f"{brin6}{CODE}")
        made.activate("basispoort", "21QW00", f"21QW00{CODE}een-ander")
        made.pause(made.living("30AB00", "snappet"))
    yield made
    database.close()


@pytest.fixture(params=["judged", "noted"])
def either(request: pytest.FixtureRequest, builder: SchoolBuilder, monkeypatch: pytest.MonkeyPatch) -> SchoolBuilder:
    """Return them judged as a whole, and counted by their notes; one of the notes is void."""
    if request.param == "noted":
        run_now(JOBS["verdicts"], builder.database, Settings(), Lease("verdicts", "a"), moment=MOMENT)
        monkeypatch.setattr(verdict_counts, "MAX_JUDGED", 1)
        monkeypatch.setattr(afnemer_counts, "MAX_JUDGED", 1)
    builder.pause(builder.living("21QW01", "snappet"))
    return builder


def test_the_verdicts_of_each_afnemer(either: SchoolBuilder) -> None:
    """Judged or noted, they are the same; an afnemer without koppelingen is absent."""
    with either.database.reading() as connection:
        found = afnemer_counts.by_afnemer(connection, either.catalogue, MOMENT)
        one = afnemer_counts.by_afnemer(connection, either.catalogue, MOMENT, 2)
        reach = [afnemer_counts.reach(connection, number) for number in (1, 2, 3)]
        paused = verdict_counts.vestigingen_with(connection, either.catalogue, VerdictKind.PAUSED, MOMENT)
    assert list(found) == [1, 2]
    assert found[1].kinds == {("snappet", VerdictKind.PAUSED): 2, ("snappet", VerdictKind.WAITING): 1}
    assert (found[1].koppelingen, found[1].vestigingen, found[1].steps, found[1].unjudged) == (3, 3, 3, 0)
    assert one == {2: found[2]}
    assert reach == [(3, 3), (1, 1), (0, 0)]
    assert paused == {"21QW01", "30AB00"}


def test_what_is_not_judged_is_counted_apart(builder: SchoolBuilder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without notes as many are judged as a page may, and the others are no verdict."""
    monkeypatch.setattr(verdict_counts, "MAX_JUDGED", 1)
    monkeypatch.setattr(afnemer_counts, "MAX_JUDGED", 1)
    with builder.database.reading() as connection:
        found = afnemer_counts.by_afnemer(connection, builder.catalogue, MOMENT)
    assert sum(one.unjudged for one in found.values()) == 3
    assert sum(one.koppelingen for one in found.values()) == 4


def call(
    builder: SchoolBuilder, moment: datetime, afnemer_id: int = 1, reason: RefusalReason | None = None, repair: str = ""
) -> None:
    """Write a call in the journaal."""
    outcome = "leerlinggegevens" if reason is None else "Client.AutorisatieOngeldig"
    entry = VerzoekEntry(moment, "HaalLeerlinggegevens", afnemer_id, tuple(repair.split()), outcome, reason)
    entry.brin6 = "21QW00"
    with builder.transaction() as connection:
        write_entries(connection, entry)


def test_the_last_calls(builder: SchoolBuilder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of a week, within a number of entries; the hours are those of Amsterdam, on either side of October."""
    summer, winter = datetime(2026, 10, 24, 22, 30, tzinfo=UTC), datetime(2026, 10, 26, 23, 30, tzinfo=UTC)
    call(builder, MOMENT - timedelta(days=8))
    call(builder, summer, repair="witruimte leeg")
    call(builder, winter, reason=RefusalReason.WRONG_CODE, repair="leeg")
    call(builder, winter, afnemer_id=2)
    with builder.database.reading() as connection:
        found = recent.piece(connection, MOMENT)
        assert found is not None
        assert found.since == MOMENT - recent.MAX_AGE
        counts, calls = recent.counts(connection, found), recent.calls_of(connection, found, 1)
        monkeypatch.setattr(recent, "MAX_ENTRIES", 2)
        last = recent.piece(connection, MOMENT)
        assert last is not None
        assert last.since == winter
        assert {id_: one.calls for id_, one in recent.counts(connection, last).items()} == {1: 1, 2: 1}
    assert {id_: (one.calls, one.refused, one.last) for id_, one in counts.items()} == {
        1: (2, 1, winter),
        2: (1, 0, winter),
    }
    assert calls.outcomes == {("leerlinggegevens", None): 1, ("Client.AutorisatieOngeldig", "code onjuist"): 1}
    assert calls.repairs == {"leeg": 2, "witruimte": 1}
    assert [(moment.hour, number) for moment, number in calls.hours.items()] == [(0, 1), (0, 1)]


def test_an_empty_journaal(backend: str, tmp_path: Path) -> None:
    """There is no piece of nothing."""
    assert backend
    database = Database(Settings(data=tmp_path).database_url)
    make_tables(database)
    with database.reading() as connection:
        assert recent.piece(connection, MOMENT) is None
    database.close()


def test_refusals_that_are_over(builder: SchoolBuilder) -> None:
    """A reason is so still while the last call of its afnemer was refused for it; other afnemers do not matter."""
    for hours, reason in ((9, RefusalReason.PAUSED), (8, RefusalReason.WRONG_CODE), (7, RefusalReason.WRONG_CODE)):
        call(builder, MOMENT - timedelta(hours=hours), reason=reason)
    call(builder, MOMENT - timedelta(hours=1), afnemer_id=2)
    with builder.database.reading() as connection:
        found = refused.of_vestiging(connection, "21QW00")
        assert refused.of_vestiging(connection, "21QW01") == []
    told = [(one.reason, one.number, one.first, one.is_last) for one in found]
    first, past = MOMENT - timedelta(hours=8), MOMENT - timedelta(hours=9)
    assert told == [("code onjuist", 2, first, True), ("gepauzeerd", 1, past, False)]
    call(builder, MOMENT)
    with builder.database.reading() as connection:
        assert [one.is_last for one in refused.of_vestiging(connection, "21QW00")] == [False, False]


def test_the_versions_of_an_afnemer(builder: SchoolBuilder) -> None:
    """They follow from the profiles of what it got; one that is not known is of a narrower profile that was asked."""
    profiel = builder.catalogue.agreed["snappet", None]
    assert profiel is not None
    digests = [profiel.by_version["2.3"].digest, profiel.by_version["2.2"].digest, "onbekend", ""]
    with builder.transaction() as connection:
        for number, digest in enumerate(digests):
            kind = {"koppeling_id": 1, "schooljaar": "2026-2027", "payload": "p", "profiel": digest, "fields": ""}
            seen = to_utc(MOMENT - timedelta(days=number))
            connection.execute(receipt.insert().values(**kind, first=seen, last=seen))
    with builder.database.reading() as connection:
        since = MOMENT - timedelta(days=30)
        used = versions_used.of_afnemer(connection, builder.catalogue, 1, since)
        assert versions_used.of_afnemer(connection, builder.catalogue, 2, since) == []
        late = versions_used.of_afnemer(connection, builder.catalogue, 1, MOMENT - timedelta(hours=1))
    assert ["2.3" in one.names for one in used] == [True, False, False]
    assert ["2.2" in one.names for one in used] == [False, True, False]
    assert [one.names for one in late] == [used[0].names]
    assert used[2].names == ()


def test_years_that_were_not_taken_by_key(builder: SchoolBuilder) -> None:
    """Each is found once, whatever the size of a page."""
    years = [("21QW00", ""), ("21QW00", "2026-2027"), ("30AB00", "2025-2026")]
    with builder.transaction() as connection:
        not_taken.record(connection, years, ImportRefusedError([]), MOMENT)
    found: list[tuple[str, str]] = []
    with builder.database.reading() as connection:
        for _ in range(4):
            some = not_taken.find_after(connection, found[-1] if found else ("", ""), 1)
            found += [(one.brin6, one.schooljaar) for one in some]
    assert found == years
