"""Who got whom: what is kept of each person is what the answers held, whenever the journaal is read."""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.edexml_files import eckid, make_dataset
from support.two_koppelingen import CODES, Ask, TwoKoppelingen, groups

from uwlr_adapter.administratie.importing import batches, forget, join, persons
from uwlr_adapter.administratie.importing.by_hand import Operator
from uwlr_adapter.administratie.tables import PersonKind, answered, persoon, receipt, received
from uwlr_adapter.contract.dataset import Dataset, Groep, Leerkracht, Leerling
from uwlr_adapter.contract.names import HAAL_LEERKRACHTEN, HAAL_LEERLINGEN, HAAL_STRUCTUUR
from uwlr_adapter.jobs.lease import Lease
from uwlr_adapter.jobs.registry import JOBS
from uwlr_adapter.jobs.work import run_now
from uwlr_adapter.journaal.tables import journaal
from uwlr_adapter.koppelingen import receipts
from uwlr_adapter.koppelingen import received as who_got
from uwlr_adapter.koppelingen.receipts import GRACE, Position
from uwlr_adapter.koppelingen.received import Got

YEAR = "2026-2027"
BRINCODE, BRIN6 = "21QW", "21QW00"
KEYS = ("201", "202", "203", "204")
EVERY_GROUP = groups("g1", "g2", None)


def records(*keys: str, achternaam: str = "Bos") -> Dataset:
    """Return a school year with some leerlingen and one leerkracht."""
    leerlingen = [
        Leerling(key, eckid(int(key)), achternaam, roepnaam=f"Bo{key}", geboortedatum=f"2018-03-{int(key) - 190:02}")
        for key in keys
    ]
    return make_dataset(
        [one._replace(groep="g1") if one.key < "203" else one._replace(groep="g2") for one in leerlingen],
        groepen=[Groep("groep", "g1", "1a", "1"), Groep("groep", "g2", "2a", "2")],
        leerkrachten=[Leerkracht("m", achternaam="Nel")],
        schooljaar=YEAR,
    )


@dataclass
class Truth:
    """What the answers held: the first and the last moment by koppeling and key of a leerling."""

    moments: dict[tuple[str, str], list[datetime]] = field(default_factory=dict)

    def note(self, entry: str, keys: set[str], moment: datetime) -> None:
        """Note who was in an answer."""
        for key in keys:
            self.moments.setdefault((entry, key), []).append(moment)

    def spans(self) -> dict[tuple[str, str], tuple[datetime, datetime]]:
        """Return the first and the last moment of each."""
        return {key: (min(moments), max(moments)) for key, moments in self.moments.items()}


class Bench:
    """A school with two koppelingen that is fetched from; `has` is who is in what each of them got last."""

    def __init__(self, school: TwoKoppelingen) -> None:
        self.school, self.truth = school, Truth()
        self.last: dict[str, str] = {}
        self.has: dict[str, set[str]] = {}

    def fetch(self, entry: str, ask: Ask | None = None) -> set[str]:
        """Fetch whole, hearing geenwijzigingen where nothing changed; return the keys of who is had."""
        self.school.wait(60)
        chosen = ask or Ask()
        found = self.school.ask(entry, chosen, None if ask else self.last.get(entry))
        assert found.status == 200
        keys = set(re.findall(r"<roepnaam>Bo(\d+)</roepnaam>", found.content.decode()))
        if found.outcome == "geenwijzigingen":
            keys = self.has[entry]
        elif not ask:
            self.has[entry] = keys
            self.last[entry] = found.aanmaakdatum
        self.truth.note(entry, keys, self.school.moment)
        return keys

    def read(self) -> None:
        """Run the job."""
        lease = Lease("received", "test")
        run_now(JOBS["received"], self.school.database, self.school.settings, lease, moment=self.school.moment)

    def spans(self) -> dict[tuple[str, str], tuple[datetime, datetime]]:
        """Return what is kept, by koppeling and key."""
        with self.school.database.reading() as connection:
            rows = connection.execute(sa.select(persoon.c.id, persoon.c.key).where(persoon.c.soort == "leerling")).all()
            found: dict[tuple[str, str], tuple[datetime, datetime]] = {}
            for id_, key in rows:
                for one in who_got.got(connection, who_got.ids_of(connection, id_)):
                    known = found.get((one.entry_id, key), (one.first, one.last))
                    found[one.entry_id, key] = (min(known[0], one.first), max(known[1], one.last))
        return found

    def got(self, key: str, kind: PersonKind = PersonKind.LEERLING) -> list[Got]:
        """Return who got one person."""
        with self.school.database.reading() as connection:
            return who_got.got(connection, [persons.get(connection, kind, BRINCODE, key).id])

    def rows(self, table: sa.Table) -> int:
        """Return the number of rows of a table."""
        with self.school.database.reading() as connection:
            return connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0


@pytest.fixture
def bench(backend: str, tmp_path: Path) -> Iterator[Bench]:
    """Yield the bench on either kind of database."""
    made = TwoKoppelingen(tmp_path, "smalle set")
    made.import_data(records(*KEYS[:3]))
    yield Bench(made)
    made.close()


def test_nothing_before_a_fetch(bench: Bench) -> None:
    """Records and koppelingen alone give nobody anything, and a preview neither."""
    bench.school.preview("proef", Ask())
    bench.read()
    assert bench.spans() == {}


@pytest.mark.parametrize("seed", range(6))
def test_whatever_happens_it_is_what_the_answers_held(bench: Bench, seed: int) -> None:
    """Imports, withholding, undo, other profiles and versions, days and restarts between fetches; read at any time."""
    chance = random.Random(seed)  # noqa: S311 - which steps a test takes
    school = bench.school
    imported = 0

    def import_some() -> None:
        nonlocal imported
        imported += 1
        keys = [key for key in KEYS if chance.random() < 0.7] or ["201"]
        school.import_data(records(*keys, achternaam=chance.choice(("Bos", "Maas"))))

    def withhold() -> None:
        entry, key = chance.choice(sorted(CODES)), chance.choice(KEYS[:3])
        school.withhold(entry, key)

    def undo() -> None:
        nonlocal imported
        with school.database.writing() as connection:
            newest = next(
                one for one in batches.find_all(connection, BRINCODE) if one.undone_at is None and one.changes
            )
            if imported:
                batches.undo(connection, newest.id, school.moment)
        imported = max(0, imported - 1)

    steps = {
        "fetch": lambda: bench.fetch(chance.choice(sorted(CODES))),
        "version": lambda: bench.fetch(chance.choice(sorted(CODES)), Ask(xsdversie=chance.choice(("2.1", "2.3")))),
        "set": lambda: bench.fetch(chance.choice(sorted(CODES)), Ask(gegevenssetid="LVS-set")),
        "import": import_some,
        "withhold": withhold,
        "undo": undo,
        "profile": lambda: school.change_profiel("tweede", chance.choice(("volledig", "smalle set"))),
        "day": lambda: school.wait(86_400),
        "read": bench.read,
    }
    weights = {"fetch": 6, "read": 3, "import": 2}
    for name in chance.choices(sorted(steps), [weights.get(name, 1) for name in sorted(steps)], k=18):
        steps[name]()
    bench.read()
    expected = {key: span for key, span in bench.truth.spans().items() if key in bench.spans() or _is_known(bench, key)}
    assert bench.spans() == expected
    school.wait(2 * GRACE.total_seconds())
    for _ in range(2):
        bench.read()
        assert bench.spans() == expected


def _is_known(bench: Bench, key: tuple[str, str]) -> bool:
    """Return whether the person of a key is in the records: one whose only import was undone is not."""
    with bench.school.database.reading() as connection:
        return connection.scalar(sa.select(persoon.c.id).where(persoon.c.key == key[1])) is not None


def test_what_a_fetch_costs(bench: Bench) -> None:
    """Fetching the same again changes one row, and writes none for a person."""
    bench.fetch("proef")
    bench.read()
    before = bench.rows(received)
    for _ in range(3):
        bench.fetch("proef")
    bench.read()
    assert (bench.rows(receipt), bench.rows(received), before) == (1, 4, 4)
    (one,) = bench.got("201")
    assert one.last == bench.school.moment


def test_the_fields_are_those_of_the_profile(bench: Bench) -> None:
    """Each profile and version has its own, and what a request narrows is narrower."""
    bench.fetch("proef")
    bench.fetch("proef", Ask(xsdversie="2.3"))
    bench.school.change_profiel("tweede", "volledig")
    bench.school.agree("tweede")
    bench.fetch("tweede")
    bench.read()
    found = {
        (one.entry_id, "leerling/geboortedatum" in one.fields, "leerling/land" in one.fields)
        for one in bench.got("201")
    }
    assert found == {("proef", True, False), ("proef", False, False), ("tweede", True, True)}


def test_a_leerkracht(bench: Bench) -> None:
    """A leerkracht is in a whole answer and in one of leerkrachten, and in no other."""
    bench.fetch("proef", Ask(HAAL_LEERLINGEN, groepen=EVERY_GROUP))
    bench.fetch("tweede", Ask(HAAL_STRUCTUUR))
    bench.read()
    assert bench.got("m", PersonKind.LEERKRACHT) == []
    bench.fetch("proef", Ask(HAAL_LEERKRACHTEN, groepen=EVERY_GROUP))
    bench.fetch("tweede")
    bench.read()
    assert [one.entry_id for one in bench.got("m", PersonKind.LEERKRACHT)] == ["proef", "tweede"]
    assert {one.payload for one in bench.got("201")} == {"leerlinggegevens-leerlingen", "leerlinggegevens"}


def test_one_group_counts_as_all(bench: Bench) -> None:
    """Of an answer by groups it is not kept which ones: whoever is in another group counts too, and it says so."""
    assert bench.fetch("proef", Ask(HAAL_LEERLINGEN, groepen=groups("g2"))) == {"203"}
    bench.read()
    (one,) = bench.got("201")
    assert one.by_groep


def test_entries_without_an_answer(bench: Bench) -> None:
    """What older code wrote names no answer, and what it rendered has no list: both are kept as not known."""
    bench.fetch("proef")
    first = bench.school.moment
    bench.fetch("tweede")
    with bench.school.database.writing() as connection:
        connection.execute(answered.delete())
        connection.execute(journaal.update().where(journaal.c.koppeling_id == 1).values(answer=None))
    bench.read()
    assert bench.got("201") == []
    with bench.school.database.reading() as connection:
        for part in ("leerlingen", "leerkrachten"):
            known = who_got.not_known(connection, [BRIN6], part)
            assert [(one.entry_id, one.first, one.is_known) for one in known] == [
                ("proef", first, False),
                ("tweede", bench.school.moment, False),
            ]


def test_an_entry_that_becomes_visible_late(bench: Bench) -> None:
    """One with a lower id that another process commits later is read as well, until no such entry can come any more."""
    bench.fetch("proef")
    bench.school.import_data(records(*KEYS[1:3]))
    bench.fetch("proef")
    with bench.school.database.writing() as connection:
        late = (
            connection.execute(sa.select(journaal).where(journaal.c.outcome == "leerlinggegevens")).mappings().first()
        )
        assert late is not None
        connection.execute(journaal.delete().where(journaal.c.id == late["id"]))
    bench.read()
    bench.school.wait(60)
    bench.read()
    with bench.school.database.writing() as connection:
        connection.execute(journaal.insert().values(dict(late)))
    bench.school.wait(2 * GRACE.total_seconds())
    bench.read()
    assert bench.spans() == bench.truth.spans()


def test_the_position() -> None:
    """What was seen a while ago is final; nothing is before that, and a read soon after changes nothing."""
    now = datetime(2026, 12, 1).astimezone()
    first = Position().at(10, now)
    assert (first.final_id, first.seen_id) == (0, 10)
    assert first.at(20, now + GRACE - timedelta(seconds=1)) == first
    assert first.at(20, now + GRACE) == Position(10, 20, now + GRACE)


def test_who_was_undone_was_received(bench: Bench) -> None:
    """Undoing the only import of a person leaves who got the person, for forgetting; after its term that goes too."""
    bench.school.import_data(records(*KEYS))
    bench.fetch("proef")
    with bench.school.database.writing() as connection:
        newest = batches.find_all(connection, BRINCODE)[0]
        person = persons.get(connection, PersonKind.LEERLING, BRINCODE, "204")
        batches.undo(connection, newest.id, bench.school.moment)
    bench.read()
    with bench.school.database.reading() as connection:
        assert len(who_got.got(connection, [person.id])) == 1
        assert who_got.count_orphans(connection, bench.school.moment) == 0
    with bench.school.database.writing() as connection:
        later = bench.school.moment + timedelta(days=1)
        assert (who_got.count_orphans(connection, later), who_got.erase_orphans(connection, later, 10)) == (1, 1)
        assert who_got.got(connection, [person.id]) == []


@pytest.mark.parametrize("is_read", [True, False])
def test_forgetting_erases_it_and_tells_who_got_the_person(bench: Bench, *, is_read: bool) -> None:
    """Also what the journaal has and nobody read yet; nothing that is read later brings it back."""
    bench.fetch("proef")
    if is_read:
        bench.read()
    bench.fetch("tweede")
    with bench.school.database.writing() as connection:  # as if it became visible only after the act
        own = (journaal.c.koppeling_id == 2, journaal.c.kind == "verzoek")
        late = dict(connection.execute(sa.select(journaal).where(*own)).mappings().one())
        connection.execute(journaal.delete().where(*own))
        person = persons.get(connection, PersonKind.LEERLING, BRINCODE, "201")
        if not is_read:
            receipts.settle(connection, [BRIN6])
        erased = forget.forget(connection, BRINCODE, "201", bench.school.moment)
        assert [one.entry_id for one in who_got.got_before(connection, erased.received)] == ["proef"]
        connection.execute(journaal.insert().values(late))
    bench.read()
    with bench.school.database.reading() as connection:
        assert who_got.got(connection, [person.id]) == []
        assert len(who_got.got(connection, [persons.get(connection, PersonKind.LEERLING, BRINCODE, "202").id])) == 2


def test_a_person_who_became_one_with_another(bench: Bench) -> None:
    """Joining keeps what either was in, and undoing that gives each the own one again."""
    bench.fetch("proef")
    bench.school.import_data(records("202", "203"))
    bench.fetch("tweede")
    bench.read()
    before = bench.spans()
    with bench.school.database.writing() as connection:
        keep, other = (persons.get(connection, PersonKind.LEERLING, BRINCODE, key) for key in ("202", "201"))
        batches_id = None
        connection.execute(persoon.update().where(persoon.c.id == other.id).values(eckid=None))
        other = persons.get(connection, PersonKind.LEERLING, BRINCODE, "201")
        _, batches_id = join.join(connection, keep, other, Operator("cli:test", bench.school.moment))
    assert bench.spans()["proef", "202"] == before["proef", "201"]
    assert bench.spans()["tweede", "202"] == before["tweede", "202"]
    with bench.school.database.writing() as connection:
        batches.undo(connection, batches_id, bench.school.moment)
    assert bench.spans() == before


def test_lists_go_when_their_answer_is_sent_no_more(bench: Bench) -> None:
    """Not while it is sent, nor before the journaal was read after that; then a day later."""
    bench.fetch("proef")
    assert bench.rows(answered) == 1
    lease = Lease("purge", "test")

    def purge() -> int:
        run_now(JOBS["purge"], bench.school.database, bench.school.settings, lease, moment=bench.school.moment)
        return bench.rows(answered)

    bench.school.import_data(records("201"))
    bench.fetch("proef")
    assert purge() == 2
    bench.school.wait(2 * 86_400)
    assert purge() == 2  # the journaal was not read yet
    bench.read()
    assert bench.spans() == bench.truth.spans()
    bench.school.wait(86_400)
    bench.read()
    assert purge() == 1
    bench.fetch("proef")
    bench.read()
    assert bench.spans() == bench.truth.spans()


def test_who_was_forgotten_and_is_imported_again(bench: Bench) -> None:
    """The answer may be the same to the letter as before: whoever is in it is another person to us, and counts."""
    bench.fetch("proef")
    bench.read()
    with bench.school.database.writing() as connection:
        forget.forget(connection, BRINCODE, "201", bench.school.moment)
    assert bench.fetch("proef") == {"202", "203"}
    for _ in range(3):  # until no entry from before is read once more
        bench.school.wait(3600)
        bench.read()
    with bench.school.database.writing() as connection:
        forget.allow(connection, BRINCODE, "201")
    bench.school.import_data(records(*KEYS[:3]))
    assert bench.fetch("tweede") == {"201", "202", "203"}
    bench.read()
    assert [one.entry_id for one in bench.got("201")] == ["tweede"]
    assert bench.fetch("proef") == {"201", "202", "203"}
    bench.read()
    assert {one.entry_id for one in bench.got("201")} == {"proef", "tweede"}
