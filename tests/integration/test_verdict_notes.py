"""The noted verdicts, and the search through many vestigingen that counts by them: on both databases."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.databases import make_tables
from support.edexml_files import make_dataset
from support.imports import import_dataset
from support.school_builder import SchoolBuilder, add_vestiging

from uwlr_adapter.contract.dataset import Leerling
from uwlr_adapter.db.database import Database
from uwlr_adapter.jobs.lease import Lease
from uwlr_adapter.jobs.registry import JOBS
from uwlr_adapter.jobs.work import run_now
from uwlr_adapter.koppelingen import afnemers, verdict_counts, vestigingen
from uwlr_adapter.koppelingen.tables import koppeling, verdict_note
from uwlr_adapter.koppelingen.verdict import VerdictKind
from uwlr_adapter.koppelingen.verdict_counts import Matching
from uwlr_adapter.koppelingen.vestigingen import Found, PageKey, VestigingFilter
from uwlr_adapter.settings import Settings

MOMENT = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
NAMES = {
    "21QW00": "De Regenboog",
    "21QW01": "École Zuid",
    "30AB00": "de appel",
    "30AB01": "'t Veld",
    "31CD00": "Zonder koppeling",
}
CODE = "Ygr67BfgKl!gr8"


class Schools:
    """Five vestigingen, four of which have Snappet; one of these is paused."""

    def __init__(self, data: Path) -> None:
        self.database = Database(Settings(data=data).database_url)
        make_tables(self.database)
        self.builder = SchoolBuilder(self.database, moment=MOMENT)
        with self.builder.transaction() as connection:
            for brin6, naam in NAMES.items():
                add_vestiging(connection, brin6, naam)
            self.builder.add_afnemer("Snappet")
            self.builder.add_afnemer("Basispoort")
            for brin6 in [*NAMES][:4]:
                self.builder.activate("snappet", brin6, f"{brin6}{CODE}")
            self.builder.pause(self.builder.living("30AB00", "snappet"))

    def note(self, moment: datetime = MOMENT) -> int:
        """Run the job; return how much it wrote."""
        run = run_now(JOBS["verdicts"], self.database, Settings(), Lease("verdicts", "a"), moment=moment)
        assert run is not None
        return run.handled

    def find(self, wanted: VestigingFilter | None = None, *brin6s: str) -> Found:
        """Search all vestigingen, or these."""
        within = sa.select(koppeling.c.brin6).where(koppeling.c.brin6.in_(brin6s)) if brin6s else None
        with self.database.reading() as connection:
            return vestigingen.find(connection, self.builder.catalogue, within, wanted or VestigingFilter(), MOMENT)

    def names(self, **wanted: object) -> list[str]:
        """Return the names that are found, in order."""
        return [one.naam for one in self.find(VestigingFilter(**wanted)).keys]  # type: ignore[arg-type]


@pytest.fixture
def schools(backend: str, tmp_path: Path) -> Iterator[Schools]:
    """Yield the vestigingen on either database."""
    assert backend
    made = Schools(tmp_path)
    yield made
    made.database.close()


@pytest.fixture(params=["judged", "noted"])
def either(request: pytest.FixtureRequest, schools: Schools, monkeypatch: pytest.MonkeyPatch) -> Schools:
    """Return the vestigingen as a scope that is judged as a whole, and as one that is counted by its notes."""
    if request.param == "noted":
        schools.note()
        monkeypatch.setattr(verdict_counts, "MAX_JUDGED", 2)
    return schools


def test_the_job_writes_what_changed(schools: Schools) -> None:
    """Once nothing changed nothing is written; an act, time, and the operator change a verdict, an end removes it."""
    assert schools.note() == 4
    assert schools.note() == 0
    schools.builder.enter_code(schools.builder.living("30AB00", "snappet"), f"30AB00{CODE}")
    assert schools.note() == 1
    with schools.database.writing() as connection:
        afnemers.disable(connection, "Snappet", MOMENT, actor="cli:proef")
    assert schools.note(MOMENT + timedelta(minutes=10)) == 4
    schools.builder.end(schools.builder.living("21QW00", "snappet"))
    assert schools.note(MOMENT + timedelta(minutes=20)) == 1
    with schools.database.reading() as connection:
        kinds = connection.execute(sa.select(verdict_note.c.kind, verdict_note.c.who)).all()
    assert kinds == [(VerdictKind.BLOCKED, "beheerder")] * 3


def test_an_act_voids_a_note(either: Schools) -> None:
    """A note of an earlier version counts for nothing; the koppeling is judged as it is."""
    assert either.find().totals.counts.kinds == {VerdictKind.WAITING: 3, VerdictKind.PAUSED: 1}
    either.builder.pause(either.builder.living("21QW00", "snappet"))
    counts = either.find().totals.counts
    assert (counts.kinds, counts.unjudged) == ({VerdictKind.WAITING: 2, VerdictKind.PAUSED: 2}, 0)


def test_what_is_too_much_is_told(schools: Schools, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any note as many are judged as a page may, and the others are counted as not judged."""
    monkeypatch.setattr(verdict_counts, "MAX_JUDGED", 3)
    counts = schools.find().totals.counts
    assert (counts.koppelingen, sum(counts.kinds.values()), counts.unjudged) == (4, 3, 1)
    schools.note()
    counts = schools.find().totals.counts
    assert (sum(counts.kinds.values()), counts.unjudged, counts.noted_at) == (4, 0, MOMENT)


TEXTS = {
    "": ["de appel", "De Regenboog", "École Zuid", "'t Veld", "Zonder koppeling"],
    "ECOLE": ["École Zuid"],
    "zuid éc": ["École Zuid"],
    "21qw": ["De Regenboog", "École Zuid"],
    "30AB01": ["'t Veld"],
    "deregen": ["De Regenboog"],
    "appel 21QW": [],
    "%": ["de appel", "De Regenboog", "École Zuid", "'t Veld", "Zonder koppeling"],
}


def test_search_by_name_and_number(either: Schools) -> None:
    """Case and diacritics do not matter, every word must be found, and a sign is no pattern."""
    assert {text: either.names(text=text) for text in TEXTS} == TEXTS


def test_filters(either: Schools) -> None:
    """By attention, by kind and by platform; a kind and a platform are those of one koppeling."""
    either.builder.activate("basispoort", "30AB00", "30AB00een-andere-code", moment=MOMENT)
    assert either.names(matching=Matching(kind=VerdictKind.PAUSED)) == ["de appel"]
    assert either.names(matching=Matching(entry_id="basispoort")) == ["de appel"]
    assert either.names(matching=Matching(VerdictKind.PAUSED, "basispoort")) == []
    assert either.names(needs_attention=True) == ["de appel", "De Regenboog", "École Zuid", "'t Veld"]
    assert either.names(by_attention=True)[0] == "de appel", "two koppelingen of it ask for a step"
    found = either.find(VestigingFilter(matching=Matching(entry_id="basispoort")))
    assert (found.totals.vestigingen, found.totals.attention) == (5, 4), "totals are of the scope"


def test_open_questions_need_attention(either: Schools) -> None:
    """Also where there is no koppeling that would tell them."""
    for roepnaam in ("Zoë", "Bo"):
        import_dataset(either.database, make_dataset([Leerling("l", roepnaam=roepnaam)], brin6="31CD00"))
    found = either.find(VestigingFilter(needs_attention=True))
    assert "Zonder koppeling" in [one.naam for one in found.keys]
    with either.database.reading() as connection:
        (judged,) = vestigingen.judge(connection, either.builder.catalogue, [("31CD00", "Zonder koppeling")], MOMENT)
    assert (judged.questions, judged.koppelingen) == (1, ())


def test_a_scope(either: Schools) -> None:
    """Nothing outside a scope is found or counted; a page key of elsewhere leads to its first page."""
    found = either.find(None, "21QW00", "30AB00")
    assert [one.brin6 for one in found.keys] == ["30AB00", "21QW00"]
    assert (found.totals.vestigingen, found.totals.counts.koppelingen, found.totals.attention) == (2, 2, 2)
    assert found.page(after=PageKey(0, "30AB01")) == found.page()


def test_pages(either: Schools) -> None:
    """Going on and back shows every vestiging once, in order, and the same pages both ways."""
    for by_attention, size in itertools.product((False, True), (1, 2, 3, 5)):
        found = either.find(VestigingFilter(by_attention=by_attention))
        pages = [found.page(size=size)]
        while pages[-1].after is not None and len(pages) < len(NAMES):
            pages.append(found.page(after=pages[-1].after, size=size))
        assert [brin6 for page in pages for brin6, _ in page.vestigingen] == [one.brin6 for one in found.keys]
        assert pages[0].before is None
        for earlier, later in itertools.pairwise(pages):
            assert later.before is not None
            assert found.page(before=later.before, size=size).vestigingen == earlier.vestigingen


def test_a_page_after_a_vestiging_that_is_not_found_any_more(either: Schools) -> None:
    """A page begins behind a key, whether the vestiging of that key is still among those that are found or not."""
    found = either.find(VestigingFilter(needs_attention=True))
    either.builder.end(either.builder.living("21QW00", "snappet"))
    later = either.find(VestigingFilter(needs_attention=True))
    key = found.page(size=2).after
    assert key == PageKey(0, "21QW00")
    assert [brin6 for brin6, _ in later.page(after=key).vestigingen] == ["21QW01", "30AB01"]
