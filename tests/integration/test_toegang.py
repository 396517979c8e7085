"""The gate: every refusal with its true reason, and the same face to the caller."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from koppelingen_hulp import ANDERE, BRIN6, CODE, KLANTCODE, MOMENT, Wereld, school_element

from uwlr_adapter.contract import fault
from uwlr_adapter.contract.request import Autorisatie, SchoolVerwijzing
from uwlr_adapter.db.database import Opslag
from uwlr_adapter.db.libpq import Rij
from uwlr_adapter.db.statements import Gesteld
from uwlr_adapter.journaal.model import Reden
from uwlr_adapter.keys.server_keys import Proef
from uwlr_adapter.koppelingen import actions
from uwlr_adapter.koppelingen.access import Geweigerd, Poort, Toegang, Vragen
from uwlr_adapter.koppelingen.catalogue import Catalogus
from uwlr_adapter.koppelingen.lifecycle import Koppeling

LATER = MOMENT + timedelta(hours=1)
ANDERE_CODE = BRIN6 + "-een-tweede-code"
TWEE_AANBOD = """
[[voorwaarden]]
id = "uwlr"
versie = "uwlr-1"
tekst = "Akkoord."

[[koppeling]]
id = "snappet"
naam = "Snappet"
type = "UWLR"
omschrijving = "Smal"
prijs = "Gratis"
voorwaarden = "uwlr"
afnemer = "Snappet"
profiel = "smalle set"

[[koppeling]]
id = "snappet-volledig"
naam = "Snappet volledig"
type = "UWLR"
omschrijving = "Volledig"
prijs = "Gratis"
voorwaarden = "uwlr"
afnemer = "Snappet"
profiel = "volledig"
"""


@pytest.fixture
def wereld(tmp_path: Path, databank: str) -> Wereld:
    """Give a gate with two afnemers."""
    return Wereld.make(tmp_path, "Snappet", "Basispoort")


def clear(wereld: Wereld, seen: Koppeling) -> Koppeling:
    """Pause."""
    with wereld.opslag.writing() as connection:
        return actions.clear_code(connection, seen.id, seen.versie, LATER)


def end(wereld: Wereld, seen: Koppeling) -> Koppeling:
    """End."""
    with wereld.opslag.writing() as connection:
        return actions.end(connection, seen.id, seen.versie, LATER)


def refusal(fetch: Callable[[], Toegang]) -> tuple[Reden, str | None, int | None]:
    """Give the true reason, the vestiging and the koppeling of a refused call."""
    with pytest.raises(Geweigerd) as caught:
        fetch()
    return caught.value.reden, caught.value.brin6, caught.value.koppeling_id


def test_granted(wereld: Wereld) -> None:
    """The afnemer of an active koppeling gets in with its code, for that vestiging, under its profile."""
    made = wereld.activate()
    toegang = wereld.fetch()
    assert (toegang.koppeling_id, toegang.brin6, toegang.profiel) == (made.id, BRIN6, "smalle set")
    assert toegang.geopend_op == MOMENT


@pytest.mark.parametrize(
    "school",
    [
        "<brincode>21QW</brincode>",
        "<brincode>21QW</brincode><dependancecode/>",
        f"<schoolkey>key-{BRIN6}</schoolkey>",
    ],
)
def test_ways_to_name_a_school(wereld: Wereld, school: str) -> None:
    """An absent or empty dependancecode is 00, and a schoolkey is that of one vestiging."""
    wereld.activate()
    assert wereld.fetch(school=school).brin6 == BRIN6
    wereld_andere = school.replace(BRIN6, ANDERE)
    if wereld_andere != school:
        assert refusal(lambda: wereld.fetch(school=wereld_andere))[0] is Reden.GEEN_KOPPELING


@pytest.mark.parametrize(
    "school",
    [
        school_element("99ZZ00"),
        school_element("21QW02"),
        "<schoolkey>weg</schoolkey>",
        f"<schoolkey>{BRIN6}</schoolkey>",
        f"<schoolkey>KEY-{BRIN6}</schoolkey>",
        "<brincode>٢١QW</brincode>",  # noqa: RUF100, RUF001 - other digits than ASCII are digits to the XSD
    ],
)
def test_unknown_school(wereld: Wereld, school: str) -> None:
    """A school that is not there is refused, and no text of the caller is kept."""
    wereld.activate()
    assert refusal(lambda: wereld.fetch(school=school)) == (Reden.ONBEKENDE_SCHOOL, None, None)


def test_true_reasons(wereld: Wereld) -> None:
    """Each state of a koppeling is refused for its own reason, with the koppeling that explains it."""
    assert refusal(wereld.fetch) == (Reden.GEEN_KOPPELING, BRIN6, None)
    made = wereld.activate()
    assert refusal(lambda: wereld.fetch(sleutel=ANDERE_CODE)) == (Reden.CODE_ONJUIST, BRIN6, made.id)
    assert refusal(lambda: wereld.fetch(school=school_element(ANDERE))) == (Reden.GEEN_KOPPELING, ANDERE, None)
    assert refusal(lambda: wereld.fetch(klantnaam="Basispoort")) == (Reden.GEEN_KOPPELING, BRIN6, None)
    paused = clear(wereld, made)
    assert refusal(wereld.fetch) == (Reden.GEPAUZEERD, BRIN6, made.id)
    end(wereld, paused)
    assert refusal(wereld.fetch) == (Reden.BEEINDIGD, BRIN6, made.id)
    again = wereld.activate(startdatum=date(2026, 12, 1))
    assert refusal(wereld.fetch) == (Reden.NOG_NIET_GESTART, BRIN6, again.id)
    assert refusal(lambda: wereld.fetch(sleutel=ANDERE_CODE)) == (Reden.CODE_ONJUIST, BRIN6, again.id)
    end(wereld, again)
    assert refusal(wereld.fetch) == (Reden.BEEINDIGD, BRIN6, again.id)


def test_koppelingen_are_seen_in_one_order(wereld: Wereld) -> None:
    """In whatever order the database gives its rows: which koppeling a refusal names must not hang on that."""
    first = wereld.activate()
    end(wereld, first)
    second = wereld.activate()
    caller, school = Autorisatie(CODE, KLANTCODE, "Snappet"), SchoolVerwijzing(BRIN6[:4], BRIN6[4:], None)
    found = wereld.opslag.look(wereld.poort.ask(caller, school, Vragen()))
    for rows in (found, found[::-1]):
        assert [one.id for one in wereld.poort.see(rows, caller, school).koppelingen] == [first.id, second.id]


@pytest.mark.parametrize("sleutel", [CODE.lower(), CODE + "x", CODE[:-1], "x", "x" * 300, CODE * 20, "é" * 30])
def test_code_is_exact(wereld: Wereld, sleutel: str) -> None:
    """Another sleutel is refused, of whatever length."""
    wereld.activate()
    assert refusal(lambda: wereld.fetch(sleutel=sleutel))[0] is Reden.CODE_ONJUIST


def test_opens_at_midnight_in_amsterdam(wereld: Wereld) -> None:
    """Before the Startdatum there is no access; from its first moment in Amsterdam on there is."""
    wereld.activate(startdatum=date(2026, 11, 4))
    opens = datetime(2026, 11, 3, 23, 0, tzinfo=UTC)
    before = opens - timedelta(seconds=1)
    assert refusal(lambda: wereld.fetch(moment=before))[0] is Reden.NOG_NIET_GESTART
    assert wereld.fetch(moment=opens).geopend_op == opens


def test_resumption_opens_anew(wereld: Wereld) -> None:
    """After a pause the koppeling is open since its resumption; a change of code changes nothing in that."""
    paused = clear(wereld, wereld.activate())
    with wereld.opslag.writing() as connection:
        bos = wereld.poort.sleutels
        resumed = actions.enter_code(connection, bos, paused.id, paused.versie, CODE, LATER)
    assert wereld.fetch(moment=LATER).geopend_op == LATER
    with wereld.opslag.writing() as connection:
        actions.enter_code(connection, bos, resumed.id, resumed.versie, ANDERE_CODE, LATER + timedelta(hours=1))
    assert wereld.fetch(sleutel=ANDERE_CODE, moment=LATER + timedelta(hours=2)).geopend_op == LATER
    assert refusal(wereld.fetch)[0] is Reden.CODE_ONJUIST


def test_code_opens_its_own_koppeling(tmp_path: Path) -> None:
    """Of two koppelingen of one afnemer at one vestiging, the code says which one, and so which profile."""
    pad = tmp_path / "catalogus.toml"
    pad.write_text(TWEE_AANBOD)
    made = Wereld.make(tmp_path, "Snappet")
    wereld = Wereld(made.opslag, Poort(Catalogus.load(pad), made.poort.sleutels))
    wereld.activate()
    volledig = wereld.activate("snappet-volledig", code=ANDERE_CODE)
    assert wereld.fetch().profiel == "smalle set"
    assert wereld.fetch(sleutel=ANDERE_CODE).profiel == "volledig"
    clear(wereld, volledig)
    assert refusal(lambda: wereld.fetch(sleutel=ANDERE_CODE))[0] is Reden.CODE_ONJUIST
    assert wereld.fetch().profiel == "smalle set"


def test_left_the_catalogue(wereld: Wereld, tmp_path: Path) -> None:
    """A koppeling of which the catalogue has no profile any more carries no data."""
    made = wereld.activate("basispoort")
    pad = tmp_path / "catalogus.toml"
    pad.write_text(TWEE_AANBOD)
    other = Wereld(wereld.opslag, Poort(Catalogus.load(pad), wereld.poort.sleutels))
    assert refusal(lambda: other.fetch(klantnaam="Basispoort")) == (Reden.GEEN_KOPPELING, BRIN6, made.id)


def test_unknown_klant(wereld: Wereld) -> None:
    """Unknown and wrong klant get the fault about the klant, before anything is said about the school."""
    wereld.activate()
    for klantnaam, klantcode in (("Niemand", "x"), ("Snappet", "x"), ("Snappet", "x" * 300)):
        with pytest.raises(fault.OngeldigeKlantIdentificatie):
            wereld.fetch(klantnaam=klantnaam, klantcode=klantcode)


class _Work:
    """Counts the comparisons and the queries of each refused call, and keeps what the caller sees."""

    def __init__(self, wereld: Wereld, monkeypatch: pytest.MonkeyPatch) -> None:
        self.compared = self.queries = 0
        self.counts: set[tuple[int, int]] = set()
        self.seen: set[bytes] = set()
        matches = Proef.matches

        def counting(proef: Proef, opgeslagen: str | None) -> bool:
            self.compared += 1
            return matches(proef, opgeslagen)

        monkeypatch.setattr(Proef, "matches", counting)
        look = Opslag.look

        def looking(opslag: Opslag, gesteld: Gesteld) -> list[Rij]:
            self.queries += 1
            return look(opslag, gesteld)

        monkeypatch.setattr(Opslag, "look", looking)
        sa.event.listen(wereld.opslag.engine, "before_cursor_execute", self._query)

    def _query(self, *_: object) -> None:
        self.queries += 1

    def of(self, fetch: Callable[[], Toegang]) -> None:
        """Measure one refused call."""
        self.compared = self.queries = 0
        with pytest.raises(Geweigerd) as caught:
            fetch()
        self.counts.add((self.compared, self.queries))
        self.seen.add(fault.render(caught.value))


def test_one_face(wereld: Wereld, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the reason of a refusal, the bytes are the same, and so are the comparisons and the queries."""
    work = _Work(wereld, monkeypatch)
    work.of(wereld.fetch)
    work.of(lambda: wereld.fetch(school=school_element("99ZZ00")))
    work.of(lambda: wereld.fetch(school="<schoolkey>weg</schoolkey>"))
    made = wereld.activate(startdatum=date(2026, 11, 4))
    work.of(wereld.fetch)
    work.of(lambda: wereld.fetch(sleutel="x" * 300))
    paused = clear(wereld, made)
    work.of(wereld.fetch)
    end(wereld, paused)
    work.of(wereld.fetch)
    wereld.activate()
    work.of(lambda: wereld.fetch(sleutel=ANDERE_CODE))
    assert len(work.counts) == 1
    assert len(work.seen) == 1


def test_no_secret_in_what_is_raised_or_given(wereld: Wereld) -> None:
    """Neither a refusal nor an access shows the sleutel."""
    wereld.activate()
    toegang = wereld.fetch()
    with pytest.raises(Geweigerd) as caught:
        wereld.fetch(sleutel=ANDERE_CODE)
    shown = repr(toegang) + repr(caught.value) + str(caught.value) + repr(vars(caught.value))
    assert CODE not in shown
    assert ANDERE_CODE not in shown
