"""Afnemers: who is let in, and who is not."""

from datetime import timedelta
from pathlib import Path

import pytest
from support.world import KLANTCODE, MOMENT, Wereld

from uwlr_adapter.keys.server_keys import PresentedSecret
from uwlr_adapter.koppelingen import afnemers, tables
from uwlr_adapter.koppelingen.afnemers import Afnemer, AfnemerError

DAY = timedelta(days=1)


@pytest.fixture
def wereld(tmp_path: Path, databank: str) -> Wereld:
    """Give a gate with one afnemer."""
    return Wereld.make(tmp_path, "Snappet")


def identify(wereld: Wereld, klantnaam: str, klantcode: str, after: timedelta = timedelta(0)) -> Afnemer | None:
    """Identify a caller some time after MOMENT."""
    with wereld.database.reading() as connection:
        return afnemers.identify(connection, klantnaam, klantcode, MOMENT + after, wereld.gate.server_keys)


def rotate(wereld: Wereld, overlap: timedelta = timedelta(0)) -> str:
    """Rotate at MOMENT; gives the new klantcode."""
    with wereld.database.writing() as connection:
        return afnemers.rotate(connection, wereld.gate.server_keys, "Snappet", MOMENT, overlap)[1]


def test_identified(wereld: Wereld) -> None:
    """Klantnaam and klantcode that belong together give the afnemer."""
    found = identify(wereld, "Snappet", KLANTCODE)
    assert found is not None
    assert found.klantnaam == "Snappet"


@pytest.mark.parametrize("klantnaam", ["snappet", "SNAPPET", "Snappet ", "Sn%", "Snappe_", "", "x" * 5000])
def test_klantnaam_is_exact(wereld: Wereld, klantnaam: str) -> None:
    """Another spelling of the klantnaam is another klantnaam."""
    assert identify(wereld, klantnaam, KLANTCODE) is None


@pytest.mark.parametrize("klantcode", [KLANTCODE.upper(), KLANTCODE + "x", KLANTCODE[:-1], "", "x" * 5000])
def test_klantcode_is_exact(wereld: Wereld, klantcode: str) -> None:
    """Another klantcode is refused, of whatever length."""
    assert identify(wereld, "Snappet", klantcode) is None


def test_generated(wereld: Wereld) -> None:
    """A generated klantcode fits the standard's 64 characters, works, and stands nowhere in the database."""
    with wereld.database.writing() as connection:
        made, klantcode = afnemers.add(connection, wereld.gate.server_keys, "Basispoort", MOMENT)
    assert 32 <= len(klantcode) <= 64
    assert identify(wereld, "Basispoort", klantcode) == made
    assert klantcode not in repr(wereld.rows(tables.afnemer))


def test_codes_do_not_cross(wereld: Wereld) -> None:
    """The klantcode of one afnemer does not open another."""
    with wereld.database.writing() as connection:
        _, klantcode = afnemers.add(connection, wereld.gate.server_keys, "Basispoort", MOMENT)
    assert identify(wereld, "Snappet", klantcode) is None
    assert identify(wereld, "Basispoort", KLANTCODE) is None


def test_overlap(wereld: Wereld) -> None:
    """After a rotation with overlap both klantcodes are good until the overlap ends, and then only the new one."""
    new = rotate(wereld, 2 * DAY)
    almost = 2 * DAY - timedelta(seconds=1)
    assert identify(wereld, "Snappet", KLANTCODE, almost) is not None
    assert identify(wereld, "Snappet", new, almost) is not None
    assert identify(wereld, "Snappet", KLANTCODE, 2 * DAY) is None
    assert identify(wereld, "Snappet", new, 2 * DAY) is not None


def test_no_overlap(wereld: Wereld) -> None:
    """Without overlap the old klantcode is refused at once, and one in overlap as well."""
    middle = rotate(wereld, 2 * DAY)
    last = rotate(wereld)
    assert [identify(wereld, "Snappet", code) is not None for code in (KLANTCODE, middle, last)] == [False, False, True]


def test_disabled(wereld: Wereld) -> None:
    """A disabled afnemer is refused with either klantcode; enabled again, both work as before."""
    new = rotate(wereld, 2 * DAY)
    with wereld.database.writing() as connection:
        afnemers.disable(connection, "Snappet", MOMENT)
    assert identify(wereld, "Snappet", KLANTCODE) is None
    assert identify(wereld, "Snappet", new) is None
    with wereld.database.writing() as connection, pytest.raises(AfnemerError, match="disabled"):
        afnemers.rotate(connection, wereld.gate.server_keys, "Snappet", MOMENT)
    with wereld.database.writing() as connection:
        afnemers.enable(connection, "Snappet", MOMENT)
    assert identify(wereld, "Snappet", new) is not None


def test_same_work(wereld: Wereld, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unknown, wrong, disabled and right all make the same comparisons."""
    with wereld.database.writing() as connection:
        afnemers.add(connection, wereld.gate.server_keys, "Basispoort", MOMENT, KLANTCODE)
        afnemers.disable(connection, "Basispoort", MOMENT)
    calls: list[None] = []
    matches = PresentedSecret.matches

    def counting(presented: PresentedSecret, stored: str | None) -> bool:
        calls.append(None)
        return matches(presented, stored)

    monkeypatch.setattr(PresentedSecret, "matches", counting)
    counts = []
    for klantnaam, code in (("Snappet", KLANTCODE), ("Snappet", "x"), ("Niemand", "x"), ("Basispoort", KLANTCODE)):
        calls.clear()
        identify(wereld, klantnaam, code)
        counts.append(len(calls))
    assert counts == [2, 2, 2, 2]


@pytest.mark.parametrize("klantnaam", ["", "x" * 65, " Snappet", "Snappet ", "Snap\npet", "Snap\tpet", "\x00"])
def test_klantnaam_form(wereld: Wereld, klantnaam: str) -> None:
    """A klantnaam that no client could send as it stands is refused."""
    with wereld.database.writing() as connection, pytest.raises(AfnemerError, match="klantnaam has"):
        afnemers.add(connection, wereld.gate.server_keys, klantnaam, MOMENT)


def test_the_longest_klantnaam(wereld: Wereld) -> None:
    """A klantnaam has up to 64 characters, and is found again as it was given."""
    with wereld.database.writing() as connection:
        made, klantcode = afnemers.add(connection, wereld.gate.server_keys, "x" * 64, MOMENT)
    assert identify(wereld, "x" * 64, klantcode) == made


@pytest.mark.parametrize("length", [16, 64])
def test_the_shortest_and_the_longest_klantcode(wereld: Wereld, length: int) -> None:
    """A klantcode of one's own has 16 to 64 characters, both included."""
    with wereld.database.writing() as connection:
        made, _ = afnemers.add(connection, wereld.gate.server_keys, "Nieuw", MOMENT, "x" * length)
    assert identify(wereld, "Nieuw", "x" * length) == made


@pytest.mark.parametrize("klantcode", ["", "short", "x" * 15, "x" * 65, "x" * 20 + " ", "x" * 20 + "é"])
def test_klantcode_form(wereld: Wereld, klantcode: str) -> None:
    """A given klantcode of another form is refused, and the refusal does not hold it."""
    with wereld.database.writing() as connection, pytest.raises(AfnemerError, match="klantcode has") as caught:
        afnemers.add(connection, wereld.gate.server_keys, "Nieuw", MOMENT, klantcode)
    assert not klantcode or klantcode not in str(caught.value)


def test_twice(wereld: Wereld) -> None:
    """A klantnaam is there once; a second one is refused and the first keeps its klantcode."""
    with pytest.raises(AfnemerError, match="already"), wereld.database.writing() as connection:
        afnemers.add(connection, wereld.gate.server_keys, "Snappet", MOMENT)
    assert identify(wereld, "Snappet", KLANTCODE) is not None


def test_unknown(wereld: Wereld) -> None:
    """Rotating, disabling or enabling what is not there is refused, as is a negative overlap."""
    with wereld.database.writing() as connection:
        with pytest.raises(AfnemerError, match="no afnemer"):
            afnemers.rotate(connection, wereld.gate.server_keys, "Niemand", MOMENT)
        with pytest.raises(AfnemerError, match="no afnemer"):
            afnemers.disable(connection, "Niemand", MOMENT)
        with pytest.raises(AfnemerError, match="no afnemer"):
            afnemers.enable(connection, "Niemand", MOMENT)
        with pytest.raises(AfnemerError, match="negative"):
            afnemers.rotate(connection, wereld.gate.server_keys, "Snappet", MOMENT, -DAY)
