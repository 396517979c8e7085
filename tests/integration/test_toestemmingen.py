"""Two toestemmingen at the gate: each combination of both with the code and the Startdatum, and the acts on them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import product
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.school_builder import BRIN6, CODE, MOMENT
from support.world import World

from uwlr_adapter.clock import day_of
from uwlr_adapter.contract.fault import AutorisatieOngeldig
from uwlr_adapter.db.schema_version import schema_version
from uwlr_adapter.journaal import search
from uwlr_adapter.journaal.model import Act, RefusalReason
from uwlr_adapter.koppelingen import actions, agreements, given, retention, store, tables
from uwlr_adapter.koppelingen.access import AccessRefused
from uwlr_adapter.koppelingen.catalogue import Catalogue, Voorwaarden
from uwlr_adapter.koppelingen.errors import (
    AkkoordMissingError,
    AlreadyAgreedError,
    ChangedMeanwhileError,
    EndedError,
    KoppelingError,
    NoExchangeError,
    ToestemmingNotGivenError,
    ToestemmingNotOfferedError,
    ToestemmingOnError,
    ToestemmingPausedError,
)
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.koppelingen.toestemming import Toestemming, ToestemmingState, ToestemmingStatus

OUT, IN = Toestemming
ON, PAUSED, NOT_GIVEN = ToestemmingStatus.ON, ToestemmingStatus.PAUSED, ToestemmingStatus.NOT_GIVEN
LATER = MOMENT + timedelta(hours=1)
RESULTS_ONLY = """
[[voorwaarden]]
id = "resultaten"
versie = "resultaten-1"
tekst = "Akkoord."

[[koppeling]]
id = "proeftoets"
naam = "Proeftoets"
type = "Resultatenkoppeling"
omschrijving = "Uitslagen"
prijs = "Gratis"
voorwaarden_resultaten = "resultaten"
afnemer = "Snappet"
"""


@pytest.fixture
def world(tmp_path: Path, backend: str) -> World:
    """Return a gate with two afnemers."""
    return World.make(tmp_path, "Snappet", "Basispoort")


def put(world: World, out: ToestemmingStatus, in_: ToestemmingStatus, *, later: bool = False) -> Koppeling:
    """Activate a koppeling whose two toestemmingen have these states, by the acts of a school."""
    chosen = [one for one, state in ((OUT, out), (IN, in_)) if state is not NOT_GIVEN]
    start = day_of(MOMENT) + timedelta(days=1) if later else None
    koppeling = world.activate(startdatum=start, toestemmingen=chosen)
    for one, state in ((OUT, out), (IN, in_)):
        if state is PAUSED:
            koppeling = world.builder.pause_one(koppeling, one)
    return koppeling


def reason_of(call: Callable[[], object]) -> RefusalReason | None:
    """Return the true reason of a refused call, or None for one with access; every refusal looks the same outside."""
    refused: AccessRefused | None = None
    try:
        call()
    except AccessRefused as error:
        refused = error
    if refused is None:
        return None
    assert (str(refused), refused.code) == (str(AutorisatieOngeldig()), AutorisatieOngeldig.code)
    assert refused.finding is None
    return refused.reason


def expected(
    service: Toestemming, state: ToestemmingStatus, code: str, *, cleared: bool, later: bool
) -> RefusalReason | None:
    """Return the true reason that the rules give, one after the other."""
    if cleared:
        return RefusalReason.PAUSED
    if code != CODE:
        return RefusalReason.WRONG_CODE
    if state is NOT_GIVEN:
        return RefusalReason.LEERLINGGEGEVENS_NOT_AGREED if service is OUT else RefusalReason.RESULTS_NOT_AGREED
    if state is PAUSED:
        return RefusalReason.LEERLINGGEGEVENS_PAUSED if service is OUT else RefusalReason.RESULTS_PAUSED
    return RefusalReason.NOT_STARTED if later else None


STATES = [one for one in product(ToestemmingStatus, repeat=2) if one != (NOT_GIVEN, NOT_GIVEN)]


@pytest.mark.parametrize(("out", "in_"), STATES)
def test_each_combination(world: World, out: ToestemmingStatus, in_: ToestemmingStatus) -> None:
    """Each service is open by its own toestemming alone, with the right code, from the Startdatum on."""
    for later in (False, True):
        koppeling = put(world, out, in_, later=later)
        for cleared in (False, True):
            if cleared:
                koppeling = world.builder.pause(koppeling)
            for service, code in product(Toestemming, (CODE, f"{BRIN6}-een-verkeerde-code")):
                found = reason_of(lambda code=code, service=service: world.fetch(key=code, toestemming=service))  # type: ignore[misc]
                state = out if service is OUT else in_
                assert found == expected(service, state, code, cleared=cleared, later=later), (service, code, later)
        world.builder.end(koppeling)
        for service in Toestemming:
            assert reason_of(lambda service=service: world.fetch(toestemming=service)) is RefusalReason.ENDED  # type: ignore[misc]


def test_a_code_resumes_what_was_on(world: World) -> None:
    """Clearing the code stops both; entering one resumes what was on, and leaves what was paused paused."""
    koppeling = put(world, ON, PAUSED)
    cleared = world.builder.pause(koppeling)
    assert not any(cleared.is_on(one) for one in Toestemming)
    again = world.builder.enter_code(cleared)
    assert (again.is_on(OUT), again.is_on(IN)) == (True, False)
    assert reason_of(lambda: world.fetch(toestemming=IN)) is RefusalReason.RESULTS_PAUSED
    resumed = world.builder.resume_one(again, IN)
    assert resumed.resultaten == ToestemmingState(ON, MOMENT, "cli:proef")
    assert world.fetch(toestemming=IN).koppeling_id == koppeling.id
    assert world.fetch(toestemming=IN).profiel.paths == frozenset()  # nothing leaves with results


def test_a_koppeling_of_before_takes_no_results(world: World) -> None:
    """A koppeling of older code opens fetches, and no results: they begin when a school agrees."""
    koppeling = world.activate()
    with world.database.writing() as connection:  # as it stands there after the migration
        row = connection.execute(sa.select(tables.koppeling)).one()
        assert [row.leerlinggegevens, row.resultaten, row.resultaten_naam] == [None, None, None]
    world.fetch()
    assert reason_of(lambda: world.fetch(toestemming=IN)) is RefusalReason.RESULTS_NOT_AGREED
    given_ = world.builder.give(koppeling, IN, LATER)
    assert given_.akkoord_resultaten is not None
    assert (given_.akkoord_resultaten.voorwaarden, given_.akkoord_resultaten.velden) == ("resultaten-1", None)
    assert given_.resultaten == ToestemmingState(ON, LATER, "cli:proef")
    assert given_.akkoord == koppeling.akkoord
    world.fetch(toestemming=IN)
    with world.database.reading() as connection:
        assert store.find(connection, koppeling.id, BRIN6) == given_
        kept = agreements.text_of(connection, given_.akkoord_resultaten)
        assert kept is not None
        assert "resultaten van leerlingen" in kept.tekst
    with pytest.raises(AlreadyAgreedError):
        world.builder.give(given_, IN)


def test_unknown_words_open_nothing(world: World) -> None:
    """A state that newer code stored, and this one does not know, is no agreement."""
    world.activate(toestemmingen=(OUT, IN))
    with world.database.writing() as connection:
        connection.execute(tables.koppeling.update().values(leerlinggegevens="soms", resultaten="soms"))
    assert reason_of(world.fetch) is RefusalReason.LEERLINGGEGEVENS_NOT_AGREED
    assert reason_of(lambda: world.fetch(toestemming=IN)) is RefusalReason.RESULTS_NOT_AGREED


def readable_from(world: World) -> int:
    """Return the lowest number of code that may use the database."""
    with world.database.reading() as connection:
        return int(connection.scalar(sa.select(schema_version.c.readable_from)) or 0)


def test_older_code_is_refused_only_where_it_would_give_too_much(world: World) -> None:
    """Results and their pause mean nothing to older code; a pause of leerlinggegevens alone does."""
    before = readable_from(world)
    koppeling = world.builder.pause_one(put(world, ON, ON), IN)
    assert readable_from(world) == before
    world.builder.pause_one(koppeling, OUT)
    assert readable_from(world) == 33


def test_older_code_does_not_open_what_was_never_agreed_to(world: World) -> None:
    """A koppeling for results alone refuses older code, and stores an agreement without any field."""
    koppeling = put(world, NOT_GIVEN, ON)
    assert readable_from(world) == 33
    assert koppeling.akkoord.velden == frozenset()
    with world.database.reading() as connection:
        assert store.find(connection, koppeling.id, BRIN6) == koppeling
    assert not agreements.waiting(world.gate.catalogue, koppeling)


def test_a_resumption_gives_everything_anew(world: World) -> None:
    """Resumed leerlinggegevens count from then, and what was given is forgotten; an act on results leaves both."""
    koppeling = put(world, ON, ON)
    row = {"koppeling_id": koppeling.id, "slot": 0, "answer": "x", "gewijzigd": MOMENT.replace(tzinfo=None)}
    with world.database.writing() as connection:
        connection.execute(tables.given.insert().values(row))
    paused = world.builder.resume_one(world.builder.pause_one(koppeling, IN, LATER), IN, LATER)
    assert (paused.opened_at, len(world.rows(tables.given))) == (koppeling.opened_at, 1)
    resumed = world.builder.resume_one(world.builder.pause_one(paused, OUT, LATER), OUT, LATER)
    assert (resumed.opened_at, world.rows(tables.given)) == (LATER, [])
    assert world.fetch(moment=LATER).opened_at == LATER
    assert given.SLOTS


def test_refused_acts_change_nothing(world: World) -> None:
    """Each has its reason, and the record stays as it was."""
    world.builder.activate("toetsplein", code=None)
    without_code = world.builder.living(BRIN6, "toetsplein")
    basis = world.activate("basispoort", code=f"{BRIN6}-een-eigen-code-1")
    koppeling = put(world, ON, ON)
    paused = world.builder.pause_one(koppeling, IN)
    builder = world.builder
    refusals: list[tuple[Callable[[], object], type[KoppelingError]]] = [
        (lambda: builder.pause_one(paused, IN), ToestemmingPausedError),
        (lambda: builder.resume_one(paused, OUT), ToestemmingOnError),
        (lambda: builder.pause_one(koppeling, OUT), ChangedMeanwhileError),
        (lambda: builder.pause_one(basis, IN), ToestemmingNotGivenError),
        (lambda: builder.give(basis, IN), ToestemmingNotOfferedError),
        (lambda: builder.give(paused, IN), AlreadyAgreedError),
        (lambda: builder.pause_one(without_code, OUT), NoExchangeError),
        (lambda: builder.resume_one(without_code, IN), NoExchangeError),
    ]
    for act, error in refusals:
        with pytest.raises(error):
            act()
    with world.database.reading() as connection:
        assert store.find(connection, paused.id, BRIN6) == paused
    ended = builder.end(paused)
    assert ended.resultaten.status is PAUSED  # what it was stays, for the proof
    with pytest.raises(EndedError):
        builder.resume_one(ended, IN)
    with pytest.raises(AkkoordMissingError):
        world.activate(toestemmingen=())


def test_the_journaal_has_each_act(world: World) -> None:
    """Each act names its toestemming and its actor; a new koppeling says what was agreed to, with results among it."""
    koppeling = put(world, ON, PAUSED)
    world.builder.pause_one(world.builder.resume_one(koppeling, IN), OUT)
    with world.database.reading() as connection:
        entries = search.read(connection, brin6=BRIN6)[::-1]
    assert [one.act for one in entries] == [
        *(Act.ACTIVATED, Act.RESULTS_PAUSED, Act.RESULTS_RESUMED, Act.LEERLINGGEGEVENS_PAUSED),
    ]
    assert entries[0].remarks == ("leerlinggegevens", "resultaten")
    assert {one.actor for one in entries} == {"cli:proef"}


def test_newer_terms_of_results(world: World) -> None:
    """They wait alone; agreeing keeps the earlier agreement with its text, and that to leerlinggegevens as it was."""
    koppeling = put(world, ON, ON)
    entry = world.gate.catalogue.entries["snappet"]
    newer = replace(entry, voorwaarden_resultaten=Voorwaarden("resultaten", "resultaten-2", "Nieuw."))
    catalogue = replace(world.gate.catalogue, entries={**world.gate.catalogue.entries, "snappet": newer})
    waiting = agreements.waiting(catalogue, koppeling)
    assert (waiting.voorwaarden, waiting.velden, waiting.resultaten) == (False, (), True)
    within = sa.select(tables.koppeling.c.brin6)
    with world.database.reading() as connection:
        assert agreements.count_waiting(connection, catalogue, within) == [("snappet", 1)]
    builder = replace(world.builder, catalogue=catalogue)
    again = builder.agree(koppeling)
    assert again.akkoord == koppeling.akkoord
    assert again.akkoord_resultaten is not None
    assert again.akkoord_resultaten.voorwaarden == "resultaten-2"
    with world.database.reading() as connection:
        assert store.earlier_akkoorden(connection, koppeling.id, IN) == [koppeling.akkoord_resultaten]
        assert store.earlier_akkoorden(connection, koppeling.id) == []


def test_both_persons_are_erased_with_the_agreements(world: World) -> None:
    """Years after its end nobody is named any more, and the texts that nobody agreed to are gone."""
    other = replace(world.builder, naam="Een ander", login="ander")
    koppeling = other.give(put(world, ON, NOT_GIVEN), IN)
    world.builder.end(koppeling)
    with world.database.writing() as connection:
        assert retention.erase_agreements(connection, LATER, 10) == 1
        assert retention.count_agreements(connection, LATER) == 0
        row = connection.execute(sa.select(tables.koppeling)).one()
        assert connection.execute(sa.select(tables.voorwaarden)).all() == []
    assert {row.akkoord_naam, row.resultaten_naam, row.akkoord_login, row.resultaten_login} == {retention.ERASED}
    assert row.resultaten_by is None


def test_a_resultatenkoppeling(tmp_path: Path, backend: str) -> None:
    """One that only takes results has a code and its own terms, and gives nothing, whatever is ticked."""
    path = tmp_path / "catalogue.toml"
    path.write_text(RESULTS_ONLY, encoding="utf-8")
    world = World.make(tmp_path, "Snappet")
    catalogue = Catalogue.load(path)
    world = replace(world, gate=replace(world.gate, catalogue=catalogue))
    entry = catalogue.entries["proeftoets"]
    assert (entry.has_code, entry.offers(OUT), entry.offers(IN)) == (True, False, True)
    assert entry.voorwaarden is entry.voorwaarden_resultaten
    koppeling = world.activate("proeftoets", toestemmingen=(OUT, IN))
    assert (koppeling.is_on(OUT), koppeling.is_on(IN)) == (False, True)
    assert koppeling.leerlinggegevens == ToestemmingState(NOT_GIVEN)
    world.fetch(toestemming=IN)
    assert reason_of(world.fetch) is RefusalReason.LEERLINGGEGEVENS_NOT_AGREED
    agreements.prepare(world.database, catalogue, LATER)
    with world.database.reading() as connection:
        assert store.find(connection, koppeling.id, BRIN6) == koppeling
        assert actions.is_available(connection, entry)
