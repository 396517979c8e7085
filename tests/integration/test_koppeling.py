"""What a school does with its koppelingen: each act, each refusal, and the journal line with it."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from support.databases import everything
from support.world import ANDERE, BRIN6, CODE, MOMENT, Wereld

from uwlr_adapter.journaal import search, writer
from uwlr_adapter.journaal import tables as journaal_tables
from uwlr_adapter.journaal.model import Act, EntryKind
from uwlr_adapter.keys.server_keys import ServerKeys
from uwlr_adapter.koppelingen import actions, afnemers, store, tables
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
ANDERE_CODE = BRIN6 + "-een-tweede-code"


@pytest.fixture
def wereld(tmp_path: Path, databank: str) -> Wereld:
    """Give a gate with two of the three afnemers."""
    return Wereld.make(tmp_path, "Snappet", "Basispoort")


def enter(wereld: Wereld, seen: Koppeling, code: str) -> Koppeling:
    """Enter a code in a transaction of its own."""
    with wereld.database.writing() as connection:
        return actions.enter_code(connection, wereld.gate.server_keys, seen.id, seen.versie, code, LATER)


def clear(wereld: Wereld, seen: Koppeling) -> Koppeling:
    """Pause in a transaction of its own."""
    with wereld.database.writing() as connection:
        return actions.clear_code(connection, seen.id, seen.versie, LATER)


def end(wereld: Wereld, seen: Koppeling) -> Koppeling:
    """End in a transaction of its own."""
    with wereld.database.writing() as connection:
        return actions.end(connection, seen.id, seen.versie, LATER)


def lines(wereld: Wereld) -> list[tuple[str, int | None, str | None]]:
    """Give the acts on koppelingen in the journaal, oldest first."""
    with wereld.database.reading() as connection:
        rows = [one for one in search.read(connection) if one.kind is EntryKind.KOPPELING]
    return [(one.act, one.koppeling_id, one.brin6) for one in rows][::-1]


def refused(wereld: Wereld, error: type[KoppelingError], act: Callable[[], object]) -> KoppelingError:
    """Check that an act is refused, with a Dutch sentence, and leaves koppelingen and journaal as they were."""
    before = wereld.rows(tables.koppeling), wereld.rows(journaal_tables.journaal)
    with pytest.raises(error) as caught:
        act()
    assert (wereld.rows(tables.koppeling), wereld.rows(journaal_tables.journaal)) == before
    assert str(caught.value).endswith(".")
    return caught.value


def test_activate(wereld: Wereld) -> None:
    """An activation stands in the database with its agreement, and its line in the journaal."""
    made = wereld.activate()
    with wereld.database.reading() as connection:
        assert store.find_living(connection, BRIN6, "snappet") == made
    assert (made.akkoord.login, made.akkoord.naam, made.akkoord.moment) == ("jdevries", "J. de Vries", MOMENT)
    assert made.akkoord.voorwaarden == "uwlr-1"
    assert lines(wereld) == [(Act.ACTIVATED, made.id, BRIN6)]


def test_no_code_is_kept(wereld: Wereld) -> None:
    """The code stands nowhere in the database, and the journaal holds no name."""
    wereld.activate()
    assert CODE.encode() not in everything(wereld.database)
    assert "Vries" not in repr(wereld.rows(journaal_tables.journaal))


def test_whole_life(wereld: Wereld) -> None:
    """Every act from activation to end, then the entry is available again: as a new record."""
    first = wereld.activate()
    changed = enter(wereld, first, ANDERE_CODE)
    resumed = enter(wereld, clear(wereld, changed), ANDERE_CODE)
    ended = end(wereld, resumed)
    second = wereld.activate()
    assert [ended.status, second.status, second.id != first.id] == [Status.BEEINDIGD, Status.ACTIEF, True]
    assert [act for act, _, _ in lines(wereld)] == [
        Act.ACTIVATED,
        Act.CODE_CHANGED,
        Act.PAUSED,
        Act.RESUMED,
        Act.ENDED,
        Act.ACTIVATED,
    ]


def test_without_data(wereld: Wereld) -> None:
    """A koppeling that is not of UWLR is activated and ended, and has no code."""
    made = wereld.activate("esis-app", code=None)
    assert (made.afnemer_id, made.code_digest) == (None, None)
    refused(wereld, NoCodeError, lambda: enter(wereld, made, CODE))
    refused(wereld, NoCodeError, lambda: clear(wereld, made))
    refused(wereld, NoCodeError, lambda: wereld.activate("toetsplein", code=CODE))
    assert end(wereld, made).status is Status.BEEINDIGD


def test_refused_activations(wereld: Wereld) -> None:
    """Each wrong activation has its own refusal and leaves everything as it was."""
    wereld.activate()
    refused(wereld, AlreadyActivatedError, lambda: wereld.activate(code=ANDERE_CODE))
    refused(wereld, UnknownVestigingError, lambda: wereld.activate(brin6="99ZZ00", code="99ZZ00" + "x" * 14))
    refused(wereld, UnknownEntryError, lambda: wereld.activate("bestaat-niet"))
    refused(wereld, AlwaysOnError, lambda: wereld.activate("bron", code=None))
    refused(wereld, NotYetAvailableError, lambda: wereld.activate("uwlr-4d", code=ANDERE_CODE))
    refused(wereld, InvalidCodeError, lambda: wereld.activate("basispoort", code=None))
    refused(wereld, CodeInUseError, lambda: wereld.activate("basispoort"))
    past = MOMENT.date() - timedelta(days=1)
    refused(wereld, InvalidStartdatumError, lambda: wereld.activate("esis-app", code=None, startdatum=past))
    error = refused(wereld, InvalidCodeError, lambda: wereld.activate("basispoort", code="é"))
    assert isinstance(error, InvalidCodeError)
    assert len(error.sentences) == 3


def test_no_agreement(wereld: Wereld) -> None:
    """Without the tick nothing is activated."""

    def act() -> None:
        request = ActivationRequest(BRIN6, "snappet", "jdevries", "J. de Vries", akkoord=False, verificatiecode=CODE)
        with wereld.database.writing() as connection:
            actions.activate(connection, wereld.gate.catalogue, wereld.gate.server_keys, request, MOMENT)

    refused(wereld, AkkoordMissingError, act)
    assert "Vries" not in repr(
        ActivationRequest(BRIN6, "snappet", "l", "J. de Vries", akkoord=True, verificatiecode=CODE)
    )


def test_disabled_afnemer(wereld: Wereld) -> None:
    """A koppeling with a disabled afnemer cannot be activated."""
    with wereld.database.writing() as connection:
        afnemers.disable(connection, "Snappet", MOMENT)
    refused(wereld, NotYetAvailableError, wereld.activate)


def test_refused_acts(wereld: Wereld) -> None:
    """A pause of what is paused, an act on what ended or is not there, a broken code: refused, nothing changed."""
    paused = clear(wereld, wereld.activate())
    refused(wereld, AlreadyPausedError, lambda: clear(wereld, paused))
    refused(wereld, InvalidCodeError, lambda: enter(wereld, paused, ""))
    refused(wereld, InvalidCodeError, lambda: enter(wereld, paused, ANDERE + CODE))
    ended = end(wereld, paused)
    refused(wereld, EndedError, lambda: enter(wereld, ended, CODE))
    refused(wereld, EndedError, lambda: clear(wereld, ended))
    refused(wereld, EndedError, lambda: end(wereld, ended))
    with wereld.database.writing() as connection, pytest.raises(NoKoppelingError):
        actions.end(connection, ended.id + 1, 1, LATER)


def test_code_is_unique_among_the_living(wereld: Wereld) -> None:
    """A code that a living koppeling of the vestiging has is refused; after its pause or end it is free."""
    snappet = wereld.activate()
    basispoort = wereld.activate("basispoort", code=ANDERE_CODE)
    refused(wereld, CodeInUseError, lambda: enter(wereld, basispoort, CODE))
    same = enter(wereld, basispoort, ANDERE_CODE)
    paused = clear(wereld, snappet)
    taken = enter(wereld, same, CODE)
    refused(wereld, CodeInUseError, lambda: enter(wereld, paused, CODE))
    end(wereld, taken)
    assert enter(wereld, paused, CODE).status is Status.ACTIEF


def test_code_under_an_older_key(wereld: Wereld) -> None:
    """A code is also found taken when its digest was made under an older server key."""
    before = ServerKeys(wereld.gate.server_keys.keys[-1:])
    Wereld(wereld.database, Gate(wereld.gate.catalogue, before)).activate()
    refused(wereld, CodeInUseError, lambda: wereld.activate("basispoort"))


def test_two_people(wereld: Wereld) -> None:
    """Who acts on what somebody else changed meanwhile is refused, whatever the act."""
    seen = wereld.activate()
    enter(wereld, seen, ANDERE_CODE)
    refused(wereld, ChangedMeanwhileError, lambda: enter(wereld, seen, CODE))
    refused(wereld, ChangedMeanwhileError, lambda: clear(wereld, seen))
    refused(wereld, ChangedMeanwhileError, lambda: end(wereld, seen))


def test_update_guards_itself(wereld: Wereld) -> None:
    """Even past the check, an update that does not follow on what is stored is refused."""
    seen = wereld.activate()
    with wereld.database.writing() as connection, pytest.raises(ChangedMeanwhileError):
        store.update(connection, seen)


def _at_once(acts: list[Callable[[], object]]) -> list[BaseException | None]:
    """Do acts in threads that start together; gives what each raised."""
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


def test_two_activations_at_once(wereld: Wereld) -> None:
    """Of several activations at one moment exactly one succeeds, with one line in the journaal."""
    outcomes = _at_once([wereld.activate for _ in range(6)])
    assert sorted(type(one).__name__ for one in outcomes) == ["AlreadyActivatedError"] * 5 + ["NoneType"]
    assert len(lines(wereld)) == 1


def test_one_code_at_once(wereld: Wereld) -> None:
    """Two koppelingen of a vestiging that take one code at one moment: one gets it."""
    outcomes = _at_once([wereld.activate, lambda: wereld.activate("basispoort")])
    assert sorted(type(one).__name__ for one in outcomes) == ["CodeInUseError", "NoneType"]


def test_two_acts_at_once(wereld: Wereld) -> None:
    """Of several acts at one moment on one koppeling, as seen before, exactly one succeeds."""
    seen = wereld.activate()
    outcomes = _at_once([lambda: clear(wereld, seen), lambda: end(wereld, seen), lambda: enter(wereld, seen, CODE)])
    assert sorted(type(one).__name__ for one in outcomes) == ["ChangedMeanwhileError"] * 2 + ["NoneType"]


def test_act_and_line_are_one(wereld: Wereld, monkeypatch: pytest.MonkeyPatch) -> None:
    """An act whose journal line cannot be written did not happen."""

    def broken(*_: object, **__: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(writer, "record_act", broken)
    with pytest.raises(OSError, match="full"):
        wereld.activate()
    assert wereld.rows(tables.koppeling) == []


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
def test_the_database_itself_refuses(wereld: Wereld, values: dict[str, object]) -> None:
    """A state that the life cycle does not know cannot be stored."""
    wereld.activate()
    with pytest.raises(IntegrityError), wereld.database.writing() as connection:
        connection.execute(tables.koppeling.update().values(values))


def test_one_living(wereld: Wereld) -> None:
    """The database itself holds one living koppeling of a kind per vestiging."""
    wereld.activate()
    columns = [column for column in tables.koppeling.c if column.name != "id"]
    copy = tables.koppeling.insert().from_select([column.name for column in columns], sa.select(*columns))
    with pytest.raises(IntegrityError), wereld.database.writing() as connection:
        connection.execute(copy)


def test_overzicht(wereld: Wereld) -> None:
    """The overview of a vestiging: BRON without a record, what is activated, what is available, and what is not yet."""
    wereld.activate()
    paused = clear(wereld, wereld.activate("basispoort", code=ANDERE_CODE))
    with wereld.database.reading() as connection:
        view = overview(connection, wereld.gate.catalogue, BRIN6)
        other = overview(connection, wereld.gate.catalogue, ANDERE)
    assert [(one.entry.id, one.koppeling is None) for one in view.activated] == [
        ("bron", True),
        ("snappet", False),
        ("basispoort", False),
    ]
    assert view.activated[2].koppeling == paused
    assert len(view.available) == 9
    assert [one.entry.id for one in view.available if not one.now] == ["uwlr-4d"]
    assert len(other.available) == 11


def test_startdatum(wereld: Wereld) -> None:
    """A Startdatum ahead is kept."""
    assert wereld.activate(startdatum=date(2027, 1, 4)).startdatum == date(2027, 1, 4)


def newer_terms(wereld: Wereld, version: str = "uwlr-2") -> Catalogue:
    """Give the catalogue with another version of the terms of Snappet."""
    entry = wereld.gate.catalogue.entries["snappet"]
    newer = replace(entry, voorwaarden=replace(entry.voorwaarden, versie=version))
    return Catalogue({**wereld.gate.catalogue.entries, "snappet": newer})


def agree_again(
    wereld: Wereld, seen: Koppeling, catalogue: Catalogue, *, naam: str = "B. Bos", akkoord: bool = True
) -> Koppeling:
    """Agree to the terms of a catalogue."""
    with wereld.database.writing() as connection:
        return actions.agree_again(
            connection,
            catalogue,
            seen.id,
            seen.versie,
            login="bbos",
            naam=naam,
            akkoord=akkoord,
            moment=LATER,
        )


def test_newer_terms(wereld: Wereld) -> None:
    """A newer agreement stands with the koppeling, the earlier ones behind it; the exchange goes on as it was."""
    first = wereld.activate()
    second = agree_again(wereld, first, newer_terms(wereld))
    third = agree_again(wereld, second, newer_terms(wereld, "uwlr-3"))
    assert (third.akkoord.login, third.akkoord.voorwaarden, third.akkoord.moment) == ("bbos", "uwlr-3", LATER)
    assert (third.status, third.geopend_op, third.versie) == (first.status, first.geopend_op, first.versie + 2)
    with wereld.database.reading() as connection:
        assert store.earlier_akkoorden(connection, first.id) == [second.akkoord, first.akkoord]
    assert wereld.fetch().koppeling_id == first.id
    assert [line[0] for line in lines(wereld)] == ["geactiveerd", "akkoord vernieuwd", "akkoord vernieuwd"]


def test_agreements_that_are_refused(wereld: Wereld) -> None:
    """The same terms, no tick, no name, an old view, an ended koppeling: nothing changes."""
    first = wereld.activate()
    newer = newer_terms(wereld)
    refused(wereld, AlreadyAgreedError, lambda: agree_again(wereld, first, wereld.gate.catalogue))
    refused(wereld, AkkoordMissingError, lambda: agree_again(wereld, first, newer, akkoord=False))
    refused(wereld, AkkoordMissingError, lambda: agree_again(wereld, first, newer, naam=" "))
    refused(wereld, ChangedMeanwhileError, lambda: agree_again(wereld, replace(first, versie=9), newer))
    with wereld.database.writing() as connection:
        ended = actions.end(connection, first.id, first.versie, LATER)
    refused(wereld, EndedError, lambda: agree_again(wereld, ended, newer))


def test_a_koppeling_is_found_at_its_own_vestiging(wereld: Wereld) -> None:
    """By id and brin6, living or ended; the ended ones the last one first."""
    first = wereld.activate()
    with wereld.database.writing() as connection:
        actions.end(connection, first.id, first.versie, LATER)
    second = wereld.activate()
    with wereld.database.writing() as connection:
        actions.end(connection, second.id, second.versie, LATER)
    with wereld.database.reading() as connection:
        assert store.find(connection, first.id, ANDERE) is None
        assert store.find(connection, 99, BRIN6) is None
        assert [one.id for one in store.list_ended(connection, BRIN6)] == [second.id, first.id]
        assert store.list_ended(connection, ANDERE) == []
