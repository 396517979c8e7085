"""The gate: every refusal with its true reason, and the same face to the caller."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from support.messages import school_element
from support.school_builder import BRIN6, CODE, KLANTCODE, MOMENT, OTHER_BRIN6
from support.world import World

from uwlr_adapter.answers.tables import answer_state
from uwlr_adapter.clock import to_utc
from uwlr_adapter.contract import fault
from uwlr_adapter.contract.autorisatie import Autorisatie
from uwlr_adapter.contract.request import SchoolReference
from uwlr_adapter.db.database import Database
from uwlr_adapter.db.statements import Query, Row
from uwlr_adapter.exchange.answering import STATEMENTS
from uwlr_adapter.journaal.model import RefusalReason
from uwlr_adapter.keys.server_keys import PresentedSecret
from uwlr_adapter.koppelingen import actions, afnemers
from uwlr_adapter.koppelingen.access import Access, AccessRefused, AccessStatements, Gate
from uwlr_adapter.koppelingen.catalogue import Catalogue
from uwlr_adapter.koppelingen.lifecycle import Koppeling

LATER = MOMENT + timedelta(hours=1)
OTHER_CODE = BRIN6 + "-een-tweede-code"
TWO_ENTRIES = """
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
def world(tmp_path: Path, backend: str) -> World:
    """Return a gate with two afnemers."""
    return World.make(tmp_path, "Snappet", "Basispoort")


def clear(world: World, seen: Koppeling) -> Koppeling:
    """Pause."""
    with world.database.writing() as connection:
        return actions.clear_code(connection, seen.id, seen.version, LATER, actor="cli:proef")


def end(world: World, seen: Koppeling) -> Koppeling:
    """End."""
    with world.database.writing() as connection:
        return actions.end(connection, seen.id, seen.version, LATER, actor="cli:proef")


def refusal(fetch: Callable[[], Access]) -> tuple[RefusalReason, str | None, int | None]:
    """Return the true reason, the vestiging and the koppeling of a refused call."""
    with pytest.raises(AccessRefused) as caught:
        fetch()
    return caught.value.reason, caught.value.brin6, caught.value.koppeling_id


def test_granted(world: World) -> None:
    """The afnemer of an active koppeling gets in with its code, for that vestiging, under its profile."""
    made = world.activate()
    access = world.fetch()
    assert (access.koppeling_id, access.brin6, access.profiel.name) == (made.id, BRIN6, "smalle set")
    assert access.opened_at == MOMENT


@pytest.mark.parametrize(
    "school",
    [
        "<brincode>21QW</brincode>",
        "<brincode>21QW</brincode><dependancecode/>",
        f"<schoolkey>key-{BRIN6}</schoolkey>",
    ],
)
def test_ways_to_name_a_school(world: World, school: str) -> None:
    """An absent or empty dependancecode is 00, and a schoolkey is that of one vestiging."""
    world.activate()
    assert world.fetch(school=school).brin6 == BRIN6
    world_of_other = school.replace(BRIN6, OTHER_BRIN6)
    if world_of_other != school:
        assert refusal(lambda: world.fetch(school=world_of_other))[0] is RefusalReason.NO_KOPPELING


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
def test_unknown_school(world: World, school: str) -> None:
    """A school that is not there is refused, and no text of the caller is kept."""
    world.activate()
    assert refusal(lambda: world.fetch(school=school)) == (RefusalReason.UNKNOWN_SCHOOL, None, None)


def test_true_reasons(world: World) -> None:
    """Each state of a koppeling is refused for its own reason, with the koppeling that explains it."""
    assert refusal(world.fetch) == (RefusalReason.NO_KOPPELING, BRIN6, None)
    made = world.activate()
    assert refusal(lambda: world.fetch(key=OTHER_CODE)) == (RefusalReason.WRONG_CODE, BRIN6, made.id)
    assert refusal(lambda: world.fetch(school=school_element(OTHER_BRIN6))) == (
        RefusalReason.NO_KOPPELING,
        OTHER_BRIN6,
        None,
    )
    assert refusal(lambda: world.fetch(klantnaam="Basispoort")) == (RefusalReason.NO_KOPPELING, BRIN6, None)
    paused = clear(world, made)
    assert refusal(world.fetch) == (RefusalReason.PAUSED, BRIN6, made.id)
    end(world, paused)
    assert refusal(world.fetch) == (RefusalReason.ENDED, BRIN6, made.id)
    again = world.activate(startdatum=date(2026, 12, 1))
    assert refusal(world.fetch) == (RefusalReason.NOT_STARTED, BRIN6, again.id)
    assert refusal(lambda: world.fetch(key=OTHER_CODE)) == (RefusalReason.WRONG_CODE, BRIN6, again.id)
    end(world, again)
    assert refusal(world.fetch) == (RefusalReason.ENDED, BRIN6, again.id)


def test_koppelingen_are_seen_in_one_order(world: World) -> None:
    """In whatever order the database gives its rows: which koppeling a refusal names must not hang on that."""
    first = world.activate()
    end(world, first)
    second = world.activate()
    caller, school = Autorisatie(CODE, KLANTCODE, "Snappet"), SchoolReference(BRIN6[:4], BRIN6[4:], None)
    query = world.gate.query(caller, school, AccessStatements(), {})
    found = world.database.look(query)
    for rows in (found, found[::-1]):
        read = world.gate.read(rows, query)
        assert [one.id for one in read.koppelingen] == [second.id]
        assert read.last_ended == first.id


def test_only_the_stored_answers_of_what_is_asked_are_read(world: World) -> None:
    """Of that vestiging, schooljaar, version and payload, under each profile: nobody compares those again."""
    world.activate()
    asked = {"schooljaar": "2026-2027", "xsdversie": "2.2", "payload": "leerlinggegevens"}
    usual = {"brin6": BRIN6, **asked, "profiel": "smal", "gewijzigd": to_utc(MOMENT)}
    others = {"brin6": OTHER_BRIN6, "schooljaar": "2025-2026", "xsdversie": "2.3", "payload": "leerlingen"}
    changes: list[dict[str, str]] = [{}, {"profiel": "vol"}, *({name: value} for name, value in others.items())]
    with world.database.writing() as connection:
        connection.execute(answer_state.insert(), [{**usual, "content_hash": str(one), **one} for one in changes])
    caller, school = Autorisatie(CODE, KLANTCODE, "Snappet"), SchoolReference(BRIN6[:4], BRIN6[4:], None)
    query = world.gate.query(caller, school, STATEMENTS, {**asked, "slot": 0})
    rows = world.gate.read(world.database.look(query), query).joined
    assert {row[1:3] for row in rows} == {("smal", str({})), ("vol", str(changes[1]))}


@pytest.mark.parametrize("key", [CODE.lower(), CODE + "x", CODE[:-1], "x", "x" * 300, CODE * 20, "é" * 30])
def test_code_is_exact(world: World, key: str) -> None:
    """Another sleutel is refused, of whatever length."""
    world.activate()
    assert refusal(lambda: world.fetch(key=key))[0] is RefusalReason.WRONG_CODE


def test_opens_at_midnight_in_amsterdam(world: World) -> None:
    """Before the Startdatum there is no access; from its first moment in Amsterdam on there is."""
    world.activate(startdatum=date(2026, 11, 4))
    opens = datetime(2026, 11, 3, 23, 0, tzinfo=UTC)
    before = opens - timedelta(seconds=1)
    assert refusal(lambda: world.fetch(moment=before))[0] is RefusalReason.NOT_STARTED
    assert world.fetch(moment=opens).opened_at == opens


def test_resumption_opens_anew(world: World) -> None:
    """After a pause the koppeling is open since its resumption; a change of code changes nothing in that."""
    paused = clear(world, world.activate())
    with world.database.writing() as connection:
        keys = world.gate.server_keys
        resumed = actions.enter_code(connection, keys, paused.id, paused.version, CODE, LATER, actor="cli:proef")
    assert world.fetch(moment=LATER).opened_at == LATER
    with world.database.writing() as connection:
        actions.enter_code(
            connection, keys, resumed.id, resumed.version, OTHER_CODE, LATER + timedelta(hours=1), actor="cli:proef"
        )
    assert world.fetch(key=OTHER_CODE, moment=LATER + timedelta(hours=2)).opened_at == LATER
    assert refusal(world.fetch)[0] is RefusalReason.WRONG_CODE


def test_code_opens_its_own_koppeling(tmp_path: Path) -> None:
    """Of two koppelingen of one afnemer at one vestiging, the code says which one, and so which profile."""
    path = tmp_path / "catalogus.toml"
    path.write_text(TWO_ENTRIES)
    made = World.make(tmp_path, "Snappet")
    world = World(made.database, Gate(Catalogue.load(path), made.gate.server_keys))
    world.activate()
    volledig = world.activate("snappet-volledig", code=OTHER_CODE)
    assert world.fetch().profiel.name == "smalle set"
    assert world.fetch(key=OTHER_CODE).profiel.name == "volledig"
    clear(world, volledig)
    assert refusal(lambda: world.fetch(key=OTHER_CODE))[0] is RefusalReason.WRONG_CODE
    assert world.fetch().profiel.name == "smalle set"


def test_left_the_catalogue(world: World, tmp_path: Path) -> None:
    """A koppeling of which the catalogue has no profile any more carries no data."""
    made = world.activate("basispoort")
    path = tmp_path / "catalogus.toml"
    path.write_text(TWO_ENTRIES)
    other = World(world.database, Gate(Catalogue.load(path), world.gate.server_keys))
    assert refusal(lambda: other.fetch(klantnaam="Basispoort")) == (RefusalReason.NO_KOPPELING, BRIN6, made.id)


def test_unknown_klant(world: World) -> None:
    """Unknown and wrong klant get the fault about the klant, before anything is said about the school."""
    world.activate()
    for klantnaam, klantcode in (("Niemand", "x"), ("Snappet", "x"), ("Snappet", "x" * 300)):
        with pytest.raises(fault.OngeldigeKlantIdentificatie):
            world.fetch(klantnaam=klantnaam, klantcode=klantcode)


class _Work:
    """Counts the comparisons, the queries and the rows of each refused call, and keeps what the caller sees."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self.compared = self.queries = self.rows = 0
        self.counts: set[tuple[int, int, int]] = set()
        self.seen: set[bytes] = set()
        matches = PresentedSecret.matches

        def counting(presented: PresentedSecret, stored: str | None) -> bool:
            self.compared += 1
            return matches(presented, stored)

        monkeypatch.setattr(PresentedSecret, "matches", counting)
        look = Database.look

        def looking(database: Database, query: Query) -> list[Row]:
            self.queries += 1
            rows = look(database, query)
            self.rows += len(rows)
            return rows

        monkeypatch.setattr(Database, "look", looking)
        sa.event.listen(world.database.engine, "before_cursor_execute", self._query)

    def _query(self, *_: object) -> None:
        self.queries += 1

    def of(self, fetch: Callable[[], Access], kind: type[fault.Fault] = AccessRefused) -> None:
        """Measure one refused call."""
        self.compared = self.queries = self.rows = 0
        with pytest.raises(kind) as caught:
            fetch()
        self.counts.add((self.compared, self.queries, self.rows))
        self.seen.add(fault.render(caught.value))


def test_one_face(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the reason of a refusal, the bytes, the comparisons, the queries and the rows are the same."""
    work = _Work(world, monkeypatch)
    work.of(world.fetch)
    work.of(lambda: world.fetch(school=school_element("99ZZ00")))
    work.of(lambda: world.fetch(school="<schoolkey>weg</schoolkey>"))
    made = world.activate(startdatum=date(2026, 11, 4))
    work.of(world.fetch)
    work.of(lambda: world.fetch(key="x" * 300))
    paused = clear(world, made)
    work.of(world.fetch)
    end(world, paused)
    work.of(world.fetch)
    for _ in range(3):
        end(world, world.activate())
    work.of(world.fetch)
    world.activate()
    work.of(lambda: world.fetch(key=OTHER_CODE))
    assert len(work.counts) == 1
    assert len(work.seen) == 1


def test_one_face_for_a_klant_that_is_not_known(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unknown, wrong and disabled cost the same, also at a school with a koppeling of that afnemer."""
    work = _Work(world, monkeypatch)

    def refuse_all() -> None:
        for klantnaam, klantcode in (("Niemand", KLANTCODE), ("Snappet", "x"), ("Basispoort", KLANTCODE)):
            work.of(lambda: world.fetch(klantnaam=klantnaam, klantcode=klantcode), fault.OngeldigeKlantIdentificatie)  # noqa: B023 - called at once

    with world.database.writing() as connection:
        afnemers.disable(connection, "Basispoort", MOMENT, actor="cli:proef")
    refuse_all()
    end(world, world.activate())
    refuse_all()
    world.activate()
    refuse_all()
    assert len(work.counts) == 1
    assert len(work.seen) == 1


def test_one_face_for_two_entries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An afnemer with two entries gets two comparisons, whether both live at the school, one, or none."""
    path = tmp_path / "catalogus.toml"
    path.write_text(TWO_ENTRIES)
    made = World.make(tmp_path, "Snappet")
    world = World(made.database, Gate(Catalogue.load(path), made.gate.server_keys))
    work = _Work(world, monkeypatch)
    work.of(lambda: world.fetch(school=school_element("99ZZ00")))
    work.of(world.fetch)
    world.activate(code=OTHER_CODE)
    work.of(world.fetch)
    world.activate("snappet-volledig", code=OTHER_CODE + "x")
    work.of(world.fetch)
    assert {compared for compared, _, _ in work.counts} == {2 + 2}  # the klantcode takes two as well


def steps_of(world: World, school: str = BRIN6) -> int:
    """Return how many instructions SQLite executes for the access query."""
    caller = Autorisatie(CODE, KLANTCODE, "Snappet")
    query = world.gate.query(caller, SchoolReference(school[:4], school[4:], None), AccessStatements(), {})
    taken = 0

    def step() -> int:
        nonlocal taken
        taken += 1
        return 0

    with world.database.reading() as connection:
        driver: Any = connection.connection.driver_connection
        driver.set_progress_handler(step, 1)
        rows = connection.execute(query.statement.query, query.parameters).all()
        driver.set_progress_handler(None, 1)
    assert len(rows) == 1
    return taken


def test_ended_koppelingen_cost_no_work(tmp_path: Path) -> None:
    """The database does the same for a school where one koppeling of the caller ended and where twenty-five did."""
    world = World.make(tmp_path, "Snappet")
    absent = steps_of(world)
    end(world, world.activate())
    one = steps_of(world)
    for _ in range(24):
        end(world, world.activate())
    assert steps_of(world) == one
    assert one - absent <= 15  # to read the id of the one that ended last
    made = world.activate()
    assert steps_of(world) - one <= 40  # to read the columns of the one that lives
    clear(world, made)
    assert steps_of(world) - one <= 40


def test_no_secret_in_what_is_raised_or_given(world: World) -> None:
    """Neither a refusal nor an access shows the sleutel."""
    world.activate()
    access = world.fetch()
    with pytest.raises(AccessRefused) as caught:
        world.fetch(key=OTHER_CODE)
    shown = repr(access) + repr(caught.value) + str(caught.value) + repr(vars(caught.value))
    assert CODE not in shown
    assert OTHER_CODE not in shown
