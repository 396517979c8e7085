"""Acts of a school on its koppelingen: each act, each refusal, and the journaal entry with it."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from support.databases import everything
from support.school_builder import BRIN6, CODE, MOMENT, OTHER_BRIN6
from support.world import World

from uwlr_adapter.journaal import search, writer
from uwlr_adapter.journaal import tables as journaal_tables
from uwlr_adapter.journaal.model import Act, EntryKind
from uwlr_adapter.keys.server_keys import ServerKeys
from uwlr_adapter.koppelingen import actions, afnemers, agreeing, store, tables
from uwlr_adapter.koppelingen.access import Gate
from uwlr_adapter.koppelingen.actions import ActivationRequest
from uwlr_adapter.koppelingen.catalogue import Catalogue
from uwlr_adapter.koppelingen.errors import (
    AkkoordMissingError,
    AlreadyActivatedError,
    AlreadyAgreedError,
    AlreadyPausedError,
    AlwaysOnError,
    ChangedMeanwhileError,
    CodeInUseError,
    EndedError,
    InvalidCodeError,
    InvalidStartdatumError,
    KoppelingError,
    NoCodeError,
    NoKoppelingError,
    NotYetAvailableError,
    UnknownEntryError,
    UnknownVestigingError,
)
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.koppelingen.overview import overview
from uwlr_adapter.koppelingen.tables import Status

LATER = MOMENT + timedelta(hours=1)
OTHER_CODE = BRIN6 + "-een-tweede-code"


@pytest.fixture
def world(tmp_path: Path, backend: str) -> World:
    """Return a gate with two of the three afnemers."""
    return World.make(tmp_path, "Snappet", "Basispoort")


def enter(world: World, seen: Koppeling, code: str) -> Koppeling:
    """Enter a code in a transaction of its own."""
    with world.database.writing() as connection:
        return actions.enter_code(
            connection, world.gate.server_keys, seen.id, seen.version, code, LATER, actor="cli:proef"
        )


def clear(world: World, seen: Koppeling) -> Koppeling:
    """Pause in a transaction of its own."""
    with world.database.writing() as connection:
        return actions.clear_code(connection, seen.id, seen.version, LATER, actor="cli:proef")


def end(world: World, seen: Koppeling) -> Koppeling:
    """End in a transaction of its own."""
    with world.database.writing() as connection:
        return actions.end(connection, seen.id, seen.version, LATER, actor="cli:proef")


def lines(world: World) -> list[tuple[str, int | None, str | None]]:
    """Return the acts on koppelingen in the journaal, oldest first."""
    with world.database.reading() as connection:
        rows = [one for one in search.read(connection) if one.kind is EntryKind.KOPPELING]
    return [(one.act, one.koppeling_id, one.brin6) for one in rows][::-1]


def refused(world: World, error: type[KoppelingError], act: Callable[[], object]) -> KoppelingError:
    """Check that an act is refused, with a Dutch sentence, and leaves koppelingen and journaal as they were."""
    before = world.rows(tables.koppeling), world.rows(journaal_tables.journaal)
    with pytest.raises(error) as caught:
        act()
    assert (world.rows(tables.koppeling), world.rows(journaal_tables.journaal)) == before
    assert str(caught.value).endswith(".")
    return caught.value


def test_activate(world: World) -> None:
    """An activation stands in the database with its agreement, and its line in the journaal."""
    made = world.activate()
    with world.database.reading() as connection:
        assert store.find_living(connection, BRIN6, "snappet") == made
    assert (made.akkoord.login, made.akkoord.naam, made.akkoord.moment) == ("jdevries", "J. de Vries", MOMENT)
    assert made.akkoord.voorwaarden == "uwlr-1"
    assert lines(world) == [(Act.ACTIVATED, made.id, BRIN6)]


def test_no_code_is_kept(world: World) -> None:
    """The code stands nowhere in the database, and the journaal holds no name."""
    world.activate()
    assert CODE.encode() not in everything(world.database)
    assert "Vries" not in repr(world.rows(journaal_tables.journaal))


def test_whole_life(world: World) -> None:
    """Every act from activation to end, then the entry is available again: as a new record."""
    first = world.activate()
    changed = enter(world, first, OTHER_CODE)
    resumed = enter(world, clear(world, changed), OTHER_CODE)
    ended = end(world, resumed)
    second = world.activate()
    assert [ended.status, second.status, second.id != first.id] == [Status.BEEINDIGD, Status.ACTIEF, True]
    assert [act for act, _, _ in lines(world)] == [
        Act.ACTIVATED,
        Act.CODE_CHANGED,
        Act.PAUSED,
        Act.RESUMED,
        Act.ENDED,
        Act.ACTIVATED,
    ]


def test_without_data(world: World) -> None:
    """A koppeling that is not of UWLR is activated and ended, and has no code."""
    made = world.activate("esis-app", code=None)
    assert (made.afnemer_id, made.code_digest) == (None, None)
    refused(world, NoCodeError, lambda: enter(world, made, CODE))
    refused(world, NoCodeError, lambda: clear(world, made))
    refused(world, NoCodeError, lambda: world.activate("toetsplein", code=CODE))
    assert end(world, made).status is Status.BEEINDIGD


def test_refused_activations(world: World) -> None:
    """Each wrong activation has its own refusal and leaves everything as it was."""
    world.activate()
    refused(world, AlreadyActivatedError, lambda: world.activate(code=OTHER_CODE))
    refused(world, UnknownVestigingError, lambda: world.activate(brin6="99ZZ00", code="99ZZ00" + "x" * 14))
    refused(world, UnknownEntryError, lambda: world.activate("bestaat-niet"))
    refused(world, AlwaysOnError, lambda: world.activate("bron", code=None))
    refused(world, NotYetAvailableError, lambda: world.activate("uwlr-4d", code=OTHER_CODE))
    refused(world, InvalidCodeError, lambda: world.activate("basispoort", code=None))
    refused(world, CodeInUseError, lambda: world.activate("basispoort"))
    past = MOMENT.date() - timedelta(days=1)
    refused(world, InvalidStartdatumError, lambda: world.activate("esis-app", code=None, startdatum=past))
    error = refused(world, InvalidCodeError, lambda: world.activate("basispoort", code="é"))
    assert isinstance(error, InvalidCodeError)
    assert len(error.sentences) == 3


def test_no_agreement(world: World) -> None:
    """Without the tick nothing is activated."""

    def act() -> None:
        request = ActivationRequest(BRIN6, "snappet", "jdevries", "J. de Vries", akkoord=False, verificatiecode=CODE)
        with world.database.writing() as connection:
            actions.activate(
                connection, world.gate.catalogue, world.gate.server_keys, request, MOMENT, actor="cli:proef"
            )

    refused(world, AkkoordMissingError, act)
    assert "Vries" not in repr(
        ActivationRequest(BRIN6, "snappet", "l", "J. de Vries", akkoord=True, verificatiecode=CODE)
    )


def test_disabled_afnemer(world: World) -> None:
    """A koppeling with a disabled afnemer cannot be activated."""
    with world.database.writing() as connection:
        afnemers.disable(connection, "Snappet", MOMENT, actor="cli:proef")
    refused(world, NotYetAvailableError, world.activate)


def test_refused_acts(world: World) -> None:
    """A pause of what is paused, an act on what ended or is not there, a broken code: refused, nothing changed."""
    paused = clear(world, world.activate())
    refused(world, AlreadyPausedError, lambda: clear(world, paused))
    refused(world, InvalidCodeError, lambda: enter(world, paused, ""))
    refused(world, InvalidCodeError, lambda: enter(world, paused, OTHER_BRIN6 + CODE))
    ended = end(world, paused)
    refused(world, EndedError, lambda: enter(world, ended, CODE))
    refused(world, EndedError, lambda: clear(world, ended))
    refused(world, EndedError, lambda: end(world, ended))
    with world.database.writing() as connection, pytest.raises(NoKoppelingError):
        actions.end(connection, ended.id + 1, 1, LATER, actor="cli:proef")


def test_code_is_unique_among_the_living(world: World) -> None:
    """A code that a living koppeling of the vestiging has is refused; after its pause or end it is free."""
    snappet = world.activate()
    basispoort = world.activate("basispoort", code=OTHER_CODE)
    refused(world, CodeInUseError, lambda: enter(world, basispoort, CODE))
    same = enter(world, basispoort, OTHER_CODE)
    paused = clear(world, snappet)
    taken = enter(world, same, CODE)
    refused(world, CodeInUseError, lambda: enter(world, paused, CODE))
    end(world, taken)
    assert enter(world, paused, CODE).status is Status.ACTIEF


def test_code_under_an_older_key(world: World) -> None:
    """A code is also found taken when its digest was made under an older server key."""
    before = ServerKeys(world.gate.server_keys.keys[-1:])
    World(world.database, Gate(world.gate.catalogue, before)).activate()
    refused(world, CodeInUseError, lambda: world.activate("basispoort"))


def test_two_people(world: World) -> None:
    """An act on a koppeling that somebody else changed meanwhile is refused, whatever the act."""
    seen = world.activate()
    enter(world, seen, OTHER_CODE)
    refused(world, ChangedMeanwhileError, lambda: enter(world, seen, CODE))
    refused(world, ChangedMeanwhileError, lambda: clear(world, seen))
    refused(world, ChangedMeanwhileError, lambda: end(world, seen))


def test_update_guards_itself(world: World) -> None:
    """Even past the check, an update that does not follow on what is stored is refused."""
    seen = world.activate()
    with world.database.writing() as connection, pytest.raises(ChangedMeanwhileError):
        store.update(connection, seen, with_code=True)


def _at_once(acts: list[Callable[[], object]]) -> list[BaseException | None]:
    """Do acts in threads that start together; returns what each raised."""
    barrier = threading.Barrier(len(acts))
    outcomes: list[BaseException | None] = [None] * len(acts)

    def run(index: int) -> None:
        barrier.wait()
        try:
            acts[index]()
        except KoppelingError as error:
            outcomes[index] = error

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_two_activations_at_once(world: World) -> None:
    """Of several activations at one moment exactly one succeeds, with one line in the journaal."""
    outcomes = _at_once([world.activate for _ in range(6)])
    assert sorted(type(one).__name__ for one in outcomes) == ["AlreadyActivatedError"] * 5 + ["NoneType"]
    assert len(lines(world)) == 1


def test_one_code_at_once(world: World) -> None:
    """Two koppelingen of a vestiging that take one code at one moment: one gets it."""
    outcomes = _at_once([world.activate, lambda: world.activate("basispoort")])
    assert sorted(type(one).__name__ for one in outcomes) == ["CodeInUseError", "NoneType"]


def test_two_acts_at_once(world: World) -> None:
    """Of several acts at one moment on one koppeling, as seen before, exactly one succeeds."""
    seen = world.activate()
    outcomes = _at_once([lambda: clear(world, seen), lambda: end(world, seen), lambda: enter(world, seen, CODE)])
    assert sorted(type(one).__name__ for one in outcomes) == ["ChangedMeanwhileError"] * 2 + ["NoneType"]


def test_act_and_line_are_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """An act whose journal line cannot be written did not happen."""

    def broken(*_: object, **__: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(writer, "record_act", broken)
    with pytest.raises(OSError, match="full"):
        world.activate()
    assert world.rows(tables.koppeling) == []


@pytest.mark.parametrize(
    "values",
    [
        {"status": "weg"},
        {"code_digest": None},
        {"status": Status.GEPAUZEERD},
        {"status": Status.BEEINDIGD, "code_digest": None},
        {"brin6": "99ZZ00"},
        {"afnemer_id": 99},
    ],
)
def test_the_database_itself_refuses(world: World, values: dict[str, object]) -> None:
    """A state that the life cycle does not know cannot be stored."""
    world.activate()
    with pytest.raises(IntegrityError), world.database.writing() as connection:
        connection.execute(tables.koppeling.update().values(values))


def test_one_living(world: World) -> None:
    """The database itself holds one living koppeling of a kind per vestiging."""
    world.activate()
    columns = [column for column in tables.koppeling.c if column.name != "id"]
    copy = tables.koppeling.insert().from_select([column.name for column in columns], sa.select(*columns))
    with pytest.raises(IntegrityError), world.database.writing() as connection:
        connection.execute(copy)


def test_overzicht(world: World) -> None:
    """The overview of a vestiging: BRON without a record, what is activated, what is available, and what is not yet."""
    world.activate()
    paused = clear(world, world.activate("basispoort", code=OTHER_CODE))
    with world.database.reading() as connection:
        view = overview(connection, world.gate.catalogue, BRIN6)
        other = overview(connection, world.gate.catalogue, OTHER_BRIN6)
    assert [(one.entry.id, one.koppeling is None) for one in view.activated] == [
        ("bron", True),
        ("snappet", False),
        ("basispoort", False),
    ]
    assert view.activated[2].koppeling == paused
    assert len(view.available) == 9
    assert [one.entry.id for one in view.available if not one.now] == ["uwlr-4d"]
    assert len(other.available) == 11


def test_startdatum(world: World) -> None:
    """A Startdatum ahead is kept."""
    assert world.activate(startdatum=date(2027, 1, 4)).startdatum == date(2027, 1, 4)


def newer_terms(world: World, version: str = "uwlr-2") -> Catalogue:
    """Return the catalogue with another version of the terms of Snappet."""
    entry = world.gate.catalogue.entries["snappet"]
    newer = replace(entry, voorwaarden=replace(entry.voorwaarden, versie=version))
    return Catalogue({**world.gate.catalogue.entries, "snappet": newer})


def agree_again(
    world: World, seen: Koppeling, catalogue: Catalogue, *, naam: str = "B. Bos", akkoord: bool = True
) -> Koppeling:
    """Agree to the terms of a catalogue."""
    with world.database.writing() as connection:
        return agreeing.agree_again(
            connection,
            catalogue,
            seen.id,
            seen.version,
            login="bbos",
            naam=naam,
            akkoord=akkoord,
            moment=LATER,
            actor="cli:proef",
        )


def test_newer_terms(world: World) -> None:
    """A newer agreement stands with the koppeling, the earlier ones behind it; the exchange goes on as it was."""
    first = world.activate()
    second = agree_again(world, first, newer_terms(world))
    third = agree_again(world, second, newer_terms(world, "uwlr-3"))
    assert (third.akkoord.login, third.akkoord.voorwaarden, third.akkoord.moment) == ("bbos", "uwlr-3", LATER)
    assert (third.status, third.opened_at, third.version) == (first.status, first.opened_at, first.version + 2)
    with world.database.reading() as connection:
        assert store.earlier_akkoorden(connection, first.id) == [second.akkoord, first.akkoord]
    assert world.fetch().koppeling_id == first.id
    assert [line[0] for line in lines(world)] == ["geactiveerd", "akkoord vernieuwd", "akkoord vernieuwd"]


def test_agreements_that_are_refused(world: World) -> None:
    """The same terms, no tick, no name, an old view, an ended koppeling: nothing changes."""
    first = world.activate()
    newer = newer_terms(world)
    refused(world, AlreadyAgreedError, lambda: agree_again(world, first, world.gate.catalogue))
    refused(world, AkkoordMissingError, lambda: agree_again(world, first, newer, akkoord=False))
    refused(world, AkkoordMissingError, lambda: agree_again(world, first, newer, naam=" "))
    refused(world, ChangedMeanwhileError, lambda: agree_again(world, replace(first, version=9), newer))
    with world.database.writing() as connection:
        ended = actions.end(connection, first.id, first.version, LATER, actor="cli:proef")
    refused(world, EndedError, lambda: agree_again(world, ended, newer))


def test_a_koppeling_is_found_at_its_own_vestiging(world: World) -> None:
    """By id and brin6, living or ended; the ended ones the last one first."""
    first = world.activate()
    with world.database.writing() as connection:
        actions.end(connection, first.id, first.version, LATER, actor="cli:proef")
    second = world.activate()
    with world.database.writing() as connection:
        actions.end(connection, second.id, second.version, LATER, actor="cli:proef")
    with world.database.reading() as connection:
        assert store.find(connection, first.id, OTHER_BRIN6) is None
        assert store.find(connection, 99, BRIN6) is None
        assert [one.id for one in store.list_ended(connection, BRIN6)] == [second.id, first.id]
        assert store.list_ended(connection, OTHER_BRIN6) == []
