"""Afnemers: which callers are accepted and which are refused."""

from datetime import timedelta
from pathlib import Path

import pytest
from support import world as worlds
from support.school_builder import KLANTCODE, MOMENT
from support.world import World

from uwlr_adapter.keys.server_keys import PresentedSecret
from uwlr_adapter.koppelingen import afnemers, tables
from uwlr_adapter.koppelingen.afnemers import AfnemerError, AfnemerRow

DAY = timedelta(days=1)


@pytest.fixture
def world(tmp_path: Path, backend: str) -> World:
    """Return a gate with one afnemer."""
    return World.make(tmp_path, "Snappet")


def identify(world: World, klantnaam: str, klantcode: str, after: timedelta = timedelta(0)) -> AfnemerRow | None:
    """Identify a caller some time after MOMENT."""
    return worlds.identify(world.database, world.gate.server_keys, klantnaam, klantcode, MOMENT + after)


def rotate(world: World, overlap: timedelta = timedelta(0)) -> str:
    """Rotate at MOMENT; returns the new klantcode."""
    with world.database.writing() as connection:
        return afnemers.rotate(connection, world.gate.server_keys, "Snappet", MOMENT, overlap, actor="cli:proef")[1]


def test_identified(world: World) -> None:
    """Klantnaam and klantcode that belong together give the afnemer."""
    found = identify(world, "Snappet", KLANTCODE)
    assert found is not None
    assert found.klantnaam == "Snappet"


@pytest.mark.parametrize("klantnaam", ["snappet", "SNAPPET", "Snappet ", "Sn%", "Snappe_", "", "x" * 5000])
def test_klantnaam_is_exact(world: World, klantnaam: str) -> None:
    """Another spelling of the klantnaam is another klantnaam."""
    assert identify(world, klantnaam, KLANTCODE) is None


@pytest.mark.parametrize("klantcode", [KLANTCODE.upper(), KLANTCODE + "x", KLANTCODE[:-1], "", "x" * 5000])
def test_klantcode_is_exact(world: World, klantcode: str) -> None:
    """Another klantcode is refused, of whatever length."""
    assert identify(world, "Snappet", klantcode) is None


def test_generated(world: World) -> None:
    """A generated klantcode fits the standard's 64 characters, works, and stands nowhere in the database."""
    with world.database.writing() as connection:
        made, klantcode = afnemers.add(connection, world.gate.server_keys, "Basispoort", MOMENT, actor="cli:proef")
    assert 32 <= len(klantcode) <= 64
    found = identify(world, "Basispoort", klantcode)
    assert found is not None
    assert found.id == made.id
    assert klantcode not in repr(world.rows(tables.afnemer))


def test_codes_do_not_cross(world: World) -> None:
    """The klantcode of one afnemer does not open another."""
    with world.database.writing() as connection:
        _, klantcode = afnemers.add(connection, world.gate.server_keys, "Basispoort", MOMENT, actor="cli:proef")
    assert identify(world, "Snappet", klantcode) is None
    assert identify(world, "Basispoort", KLANTCODE) is None


def test_overlap(world: World) -> None:
    """After a rotation with overlap both klantcodes are good until the overlap ends, and then only the new one."""
    new = rotate(world, 2 * DAY)
    almost = 2 * DAY - timedelta(seconds=1)
    assert identify(world, "Snappet", KLANTCODE, almost) is not None
    assert identify(world, "Snappet", new, almost) is not None
    assert identify(world, "Snappet", KLANTCODE, 2 * DAY) is None
    assert identify(world, "Snappet", new, 2 * DAY) is not None


def test_no_overlap(world: World) -> None:
    """Without overlap the old klantcode is refused at once, and one in overlap as well."""
    middle = rotate(world, 2 * DAY)
    last = rotate(world)
    assert [identify(world, "Snappet", code) is not None for code in (KLANTCODE, middle, last)] == [False, False, True]


def test_disabled(world: World) -> None:
    """A disabled afnemer is refused with either klantcode; enabled again, both work as before."""
    new = rotate(world, 2 * DAY)
    with world.database.writing() as connection:
        afnemers.disable(connection, "Snappet", MOMENT, actor="cli:proef")
    assert identify(world, "Snappet", KLANTCODE) is None
    assert identify(world, "Snappet", new) is None
    with world.database.writing() as connection, pytest.raises(AfnemerError, match="disabled"):
        afnemers.rotate(connection, world.gate.server_keys, "Snappet", MOMENT, actor="cli:proef")
    with world.database.writing() as connection:
        afnemers.enable(connection, "Snappet", MOMENT, actor="cli:proef")
    assert identify(world, "Snappet", new) is not None


def test_same_work(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unknown, wrong, disabled and right all make the same comparisons."""
    with world.database.writing() as connection:
        afnemers.add(connection, world.gate.server_keys, "Basispoort", MOMENT, KLANTCODE, actor="cli:proef")
        afnemers.disable(connection, "Basispoort", MOMENT, actor="cli:proef")
    calls: list[None] = []
    matches = PresentedSecret.matches

    def counting(presented: PresentedSecret, stored: str | None) -> bool:
        calls.append(None)
        return matches(presented, stored)

    monkeypatch.setattr(PresentedSecret, "matches", counting)
    counts = []
    for klantnaam, code in (("Snappet", KLANTCODE), ("Snappet", "x"), ("Niemand", "x"), ("Basispoort", KLANTCODE)):
        calls.clear()
        identify(world, klantnaam, code)
        counts.append(len(calls))
    assert counts == [2, 2, 2, 2]


@pytest.mark.parametrize("klantnaam", ["", "x" * 65, " Snappet", "Snappet ", "Snap\npet", "Snap\tpet", "\x00"])
def test_klantnaam_form(world: World, klantnaam: str) -> None:
    """A klantnaam that no client could send as it stands is refused."""
    with world.database.writing() as connection, pytest.raises(AfnemerError, match="klantnaam has"):
        afnemers.add(connection, world.gate.server_keys, klantnaam, MOMENT, actor="cli:proef")


def test_the_longest_klantnaam(world: World) -> None:
    """A klantnaam has up to 64 characters, and is found again as it was given."""
    with world.database.writing() as connection:
        made, klantcode = afnemers.add(connection, world.gate.server_keys, "x" * 64, MOMENT, actor="cli:proef")
    found = identify(world, "x" * 64, klantcode)
    assert found is not None
    assert found.id == made.id


@pytest.mark.parametrize("length", [16, 64])
def test_the_shortest_and_the_longest_klantcode(world: World, length: int) -> None:
    """A klantcode of one's own has 16 to 64 characters, both included."""
    with world.database.writing() as connection:
        made, _ = afnemers.add(connection, world.gate.server_keys, "Nieuw", MOMENT, "x" * length, actor="cli:proef")
    found = identify(world, "Nieuw", "x" * length)
    assert found is not None
    assert found.id == made.id


@pytest.mark.parametrize("klantcode", ["", "short", "x" * 15, "x" * 65, "x" * 20 + " ", "x" * 20 + "é"])
def test_klantcode_form(world: World, klantcode: str) -> None:
    """A given klantcode of another form is refused, and the refusal does not hold it."""
    with world.database.writing() as connection, pytest.raises(AfnemerError, match="klantcode has") as caught:
        afnemers.add(connection, world.gate.server_keys, "Nieuw", MOMENT, klantcode, actor="cli:proef")
    assert not klantcode or klantcode not in str(caught.value)


def test_twice(world: World) -> None:
    """A klantnaam is there once; a second one is refused and the first keeps its klantcode."""
    with pytest.raises(AfnemerError, match="already"), world.database.writing() as connection:
        afnemers.add(connection, world.gate.server_keys, "Snappet", MOMENT, actor="cli:proef")
    assert identify(world, "Snappet", KLANTCODE) is not None


def test_unknown(world: World) -> None:
    """Rotating, disabling or enabling what is not there is refused, as is a negative overlap."""
    with world.database.writing() as connection:
        with pytest.raises(AfnemerError, match="no afnemer"):
            afnemers.rotate(connection, world.gate.server_keys, "Niemand", MOMENT, actor="cli:proef")
        with pytest.raises(AfnemerError, match="no afnemer"):
            afnemers.disable(connection, "Niemand", MOMENT, actor="cli:proef")
        with pytest.raises(AfnemerError, match="no afnemer"):
            afnemers.enable(connection, "Niemand", MOMENT, actor="cli:proef")
        with pytest.raises(AfnemerError, match="negative"):
            afnemers.rotate(connection, world.gate.server_keys, "Snappet", MOMENT, -DAY, actor="cli:proef")
