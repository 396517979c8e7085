"""Results reach the administration: what stands there is what stands here, whatever happens in between."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.databases import make_tables
from support.oracle import amount
from support.result_bench import BRIN6, KEYS, OTHER_SCHOOL, START, ResultBench, Sent, leerling

from uwlr_adapter import plugins
from uwlr_adapter.administratie.importing import batches, forget, fusie, join, persons
from uwlr_adapter.administratie.importing.by_hand import Operator
from uwlr_adapter.administratie.result_tables import resultaat_versie
from uwlr_adapter.administratie.tables import PersonKind, persoon
from uwlr_adapter.backup import going_back
from uwlr_adapter.db.database import Database
from uwlr_adapter.jobs.lease import Lease, LeaseLostError
from uwlr_adapter.jobs.registry import JOBS
from uwlr_adapter.jobs.schedule import RunOutcome
from uwlr_adapter.jobs.work import run_now
from uwlr_adapter.resultaten import delivering, exporting, reading, retention, taking_back
from uwlr_adapter.resultaten.exporting import ResultFilter
from uwlr_adapter.resultaten.ontvanger import NotReceivedError, OntvangerError, ResultDelivery
from uwlr_adapter.resultaten.tables import results_message
from uwlr_adapter.settings import Settings

OPERATOR = Operator("cli:proef", START)
RECEIVER = Settings(receiver="mijnlas")
MORE = ("205", "206")
"""Two leerlingen without an ECK-iD, who can be joined."""


@dataclass
class Las:
    """A receiver that keeps what stands; `fails` is at which of its calls it fails, before or after it has it."""

    standing: dict[int, tuple[str, int | None]] = field(default_factory=dict)
    ids: list[str] = field(default_factory=list)
    schools: list[str] = field(default_factory=list)
    """The brincode of each result that was delivered."""
    fails_before: int | None = None
    fails_after: int | None = None
    calls: int = 0

    def receive(self, deliveries: Sequence[ResultDelivery]) -> None:
        """Keep the newest state of each result."""
        self.calls += 1
        if self.calls == self.fails_before:
            raise RuntimeError("a name of a leerling")
        assert len({one.resultaat for one in deliveries}) == len(deliveries)
        for one in deliveries:
            self.ids.append(one.id)
            if one.result is None:
                self.standing.pop(one.resultaat, None)
            else:
                self.standing[one.resultaat] = (one.result.leerling, one.result.score)
                self.schools.append(one.result.brincode)
        if self.calls == self.fails_after:
            raise RuntimeError("a name of a leerling")


class Point:
    """An entry point of a receiver."""

    name = "mijnlas"

    def __init__(self, made: object) -> None:
        self._made = made

    def load(self) -> object:
        """Return the maker."""
        return lambda _options: self._made


@pytest.fixture
def las(monkeypatch: pytest.MonkeyPatch) -> Las:
    """Install a receiver, a page of which is two results."""
    made = Las()
    monkeypatch.setattr(plugins, "entry_points", lambda **_: [Point(made)])
    monkeypatch.setattr(delivering, "PAGE", 2)
    monkeypatch.setattr(delivering.look, "__defaults__", (0, 2))
    return made


@pytest.fixture
def bench(backend: str, tmp_path: Path) -> Iterator[ResultBench]:
    """Yield the school on each database."""
    del backend
    database = Database(Settings(data=tmp_path).database_url)
    make_tables(database)
    made = ResultBench(database, without_eckid=frozenset(MORE))
    made.furnish()
    made.bring([*KEYS, *MORE])
    yield made
    database.close()


def deliver(bench: ResultBench, settings: Settings | None = None) -> int:
    """Run the job; return how many results it noted."""
    done = run_now(JOBS["results"], bench.database, settings or RECEIVER, Lease("results", "test"), moment=bench.moment)
    assert done is not None
    return done.handled


def due(bench: ResultBench) -> int:
    """Return how many results wait."""
    with bench.database.reading() as connection:
        return sum(one.number for one in JOBS["results"].due(connection, RECEIVER, bench.moment))


def standing(bench: ResultBench) -> dict[int, tuple[str, int | None]]:
    """Return what stands here of every leerling who is known."""
    with bench.database.reading() as connection:
        people = connection.execute(sa.select(persoon.c.id, persoon.c.key)).all()
        return {
            one.resultaat_id: (key, one.score) for id_, key in people for one in reading.of_leerling(connection, id_)
        }


def set_back(bench: ResultBench, message_id: int) -> bool:
    """Take a message back, or let it stand again when it was."""
    with bench.database.writing() as connection:
        if taking_back.take_back(connection, bench.moment, BRIN6, message_id, "cli:proef"):
            return True
        return taking_back.undo_take_back(connection, BRIN6, message_id)


def join_two(bench: ResultBench) -> int:
    """Make the two without an ECK-iD one; return the batch."""
    with bench.database.writing() as connection:
        one, two = (persons.get(connection, PersonKind.LEERLING, "21QW", key) for key in MORE)
        return join.join(connection, one, two, OPERATOR)[1]


def test_each_version_once(bench: ResultBench, las: Las) -> None:
    """New, the same again, a correction, another leerling: each state is delivered once, in order of the results."""
    bench.send(*(Sent("201", f"k{number}", number) for number in range(5)))
    bench.send(Sent("401", "other", 1), brin6=OTHER_SCHOOL)
    assert (due(bench), deliver(bench), due(bench), deliver(bench)) == (6, 6, 0, 0)
    assert las.standing == standing(bench)
    assert las.ids == sorted(las.ids, key=lambda id_: int(id_.partition(".")[0]))
    bench.send(Sent("201", "k0", 0), Sent("201", "k1", 9), Sent("202", "k2", 2))
    assert deliver(bench) == 2
    assert (len(set(las.ids)), len(las.ids)) == (8, 8)
    assert las.standing == standing(bench)


def test_a_key_that_two_schools_have(bench: ResultBench, las: Las) -> None:
    """After a fusie, and its undo, what is delivered and exported names the school whose key it is."""
    other = [leerling("402")._replace(key="201"), leerling("203")._replace(key="202")]
    bench.import_year(other, brin6=OTHER_SCHOOL)
    bench.send(Sent("201", "a", 1), Sent("202", "b", 2), brin6=OTHER_SCHOOL)
    with bench.database.writing() as connection:
        batch = fusie.merge(connection, "99ZZ", "21QW", {OTHER_SCHOOL: "21QW02"}, OPERATOR).batch
    bench.send(Sent("203", "c", 3), brin6="21QW02")
    deliver(bench)
    assert las.schools[1:] == ["21QW", "21QW"]
    assert las.standing[2] == ("203", 2), "as the other school knows that child, and 203 is nobody's where it was sent"
    with bench.database.writing() as connection:
        batches.undo(connection, batch, bench.moment)
    deliver(bench)
    assert (las.standing[2], las.schools[-1]) == (("202", 2), "99ZZ")
    found = [one for piece in exporting.export(bench.database, ResultFilter()) for one in piece.results]
    assert [(one.brincode, one.leerling, one.said.score) for one in found] == [
        ("99ZZ", "201", 1),
        ("99ZZ", "202", 2),
        ("21QW", "203", 3),
    ]


@pytest.mark.parametrize("gone", MORE)
def test_one_of_two_who_were_one_is_forgotten(bench: ResultBench, las: Las, gone: str) -> None:
    """What was delivered of the other one with that key while they were one is delivered with its own."""
    bench.send(Sent("205", "a", 1), Sent("206", "b", 2))
    batch = join_two(bench)
    deliver(bench)
    with bench.database.writing() as connection:
        batches.undo(connection, batch, bench.moment)
        forget.forget(connection, "21QW", gone, bench.moment)
    deliver(bench)
    left = standing(bench)
    assert len(left) == 1
    assert las.standing | left == las.standing
    assert (due(bench), deliver(bench)) == (0, 0)


def test_one_of_two_who_were_one_came_with_an_import_that_is_undone(bench: ResultBench, las: Las) -> None:
    """What was delivered of that one with the key of the other is removed, and told anew with the redo."""
    with bench.database.reading() as connection:
        came = batches.find_all(connection, "21QW")[0].id
    batch = join_two(bench)
    bench.send(Sent("205", "a", 1), Sent("206", "b", 2))
    deliver(bench)
    with bench.database.writing() as connection:
        batches.undo(connection, batch, bench.moment)
        batches.undo(connection, came, bench.moment)
    deliver(bench)
    assert 2 not in las.standing
    assert (due(bench), deliver(bench)) == (0, 0)
    with bench.database.writing() as connection:
        batches.redo(connection, came, bench.moment)
    deliver(bench)
    assert las.standing == standing(bench)


def test_take_back_and_its_undo(bench: ResultBench, las: Las) -> None:
    """A message that is taken back is removed there, the one before stands again, and the undo brings it all back."""
    bench.send(Sent("201", "a", 1))
    deliver(bench)
    second = bench.send(Sent("201", "a", 2), Sent("201", "b", 3))
    deliver(bench)
    for expected in ({1}, {2, 3}, {1}):
        set_back(bench, second.message_id)
        assert due(bench) == 2
        deliver(bench)
        assert {score for _, score in las.standing.values()} == expected
        assert las.standing == standing(bench)


def test_a_version_that_was_overtaken_never_comes(bench: ResultBench, las: Las) -> None:
    """A result that was put with the right leerling before it was delivered never stood with the wrong one there."""
    bench.send(Sent("201", "a", 1))
    bench.send(Sent("202", "a", 1))
    taken_back = bench.send(Sent("203", "b", 1))
    set_back(bench, taken_back.message_id)
    assert deliver(bench) == 1
    assert list(las.standing.values()) == [("202", 1)]


def test_nothing_of_who_is_forgotten(bench: ResultBench, las: Las) -> None:
    """Neither what waits is delivered, nor is the administration told: it is who said so."""
    bench.send(Sent("201", "a", 1), Sent("202", "b", 1))
    deliver(bench)
    bench.send(Sent("201", "a", 2), Sent("201", "c", 1), Sent("202", "b", 2))
    with bench.database.writing() as connection:
        forget.forget(connection, "21QW", "201", bench.moment)
    assert (due(bench), deliver(bench)) == (1, 1)
    assert las.standing == {1: ("201", 1), 2: ("202", 2)}


def test_a_join_and_its_undo(bench: ResultBench, las: Las) -> None:
    """Results go to the one person there too, and back."""
    bench.send(Sent("205", "a", 1), Sent("206", "b", 2))
    deliver(bench)
    batch = join_two(bench)
    deliver(bench)
    assert las.standing == standing(bench)
    assert {key for key, _ in las.standing.values()} == {"205"}
    assert due(bench) == 0
    with bench.database.writing() as connection:
        batches.undo(connection, batch, bench.moment)
    assert due(bench) == 2  # of one the key is the same again, and so is the id
    deliver(bench)
    assert las.standing == standing(bench)
    assert {key for key, _ in las.standing.values()} == {"205", "206"}
    assert deliver(bench) == 0


def test_what_came_and_was_delivered_while_two_were_one(bench: ResultBench, las: Las) -> None:
    """After the undo the administration has each with the leerling whose key was sent."""
    batch = join_two(bench)
    bench.send(Sent("205", "a", 1), Sent("206", "b", 2))
    deliver(bench)
    assert {key for key, _ in las.standing.values()} == {"205"}
    with bench.database.writing() as connection:
        batches.undo(connection, batch, bench.moment)
    deliver(bench)
    assert sorted(las.standing.values()) == [("205", 1), ("206", 2)]
    assert deliver(bench) == 0


def test_the_key_of_who_is_forgotten_stays_nowhere(bench: ResultBench, las: Las) -> None:
    """A result that was delivered with somebody who was two, and is of another leerling since, keeps no key of it."""
    del las
    bench.send(Sent("205", "a", 1))
    join_two(bench)
    deliver(bench)
    bench.send(Sent("201", "a", 1))
    keys = sa.text("SELECT delivered_to FROM resultaat")
    with bench.database.writing() as connection:
        assert connection.scalar(keys) == "205"
        forget.forget(connection, "21QW", "205", bench.moment)
        assert connection.scalar(keys) is None
    assert deliver(bench) == 1


def test_results_of_an_import_that_was_undone_wait(bench: ResultBench, las: Las) -> None:
    """Somebody who is not known gets nothing and loses nothing; once the import is done again, what waits comes."""
    bench.bring(["207"])
    bench.send(Sent("207", "a", 1))
    with bench.database.reading() as connection:
        newest = connection.scalar(sa.text("SELECT max(id) FROM import_batch")) or 0
    with bench.database.writing() as connection:
        batches.undo(connection, newest, bench.moment)
    assert (due(bench), deliver(bench), las.standing) == (0, 0, {})
    with bench.database.writing() as connection:
        batches.redo(connection, newest, bench.moment)
    assert (due(bench), deliver(bench)) == (1, 1)
    assert las.standing == standing(bench)


@pytest.mark.parametrize("place", ["fails_before", "fails_after"])
def test_a_receiver_that_fails_at_each_call(bench: ResultBench, las: Las, place: str) -> None:
    """Results that were not acknowledged come again with the same id, and nothing of the failure is told."""
    bench.send(*(Sent("201", f"k{number}", number) for number in range(5)))
    for number in range(1, 4):
        setattr(las, place, las.calls + number)
        with pytest.raises(NotReceivedError) as caught:
            deliver(bench)
        assert str(caught.value) == "the receiver failed: RuntimeError"
        with bench.database.reading() as connection:
            state = connection.execute(sa.text("SELECT outcome FROM job WHERE name = 'results'")).scalar_one()
        assert state == RunOutcome.FAILED
        with bench.database.writing() as connection:
            connection.execute(sa.text("UPDATE resultaat SET delivered = NULL, delivered_to = NULL"))
    setattr(las, place, None)
    deliver(bench)
    assert (las.standing, due(bench)) == (standing(bench), 0)
    assert len(set(las.ids)) == 5
    assert len(las.ids) > 5


def test_ended_between_the_delivery_and_its_note(bench: ResultBench, las: Las, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever transaction of a run is the last: the next run delivers what was not noted, with the same ids."""
    bench.send(*(Sent("201", f"k{number}", number) for number in range(3)))
    writing, left = Database.writing, 0

    def one_less(self: Database) -> object:
        nonlocal left
        left -= 1
        if left < 0:
            raise KeyboardInterrupt
        return writing(self)

    for number in range(12):
        left = number
        with monkeypatch.context() as patched:
            patched.setattr(Database, "writing", one_less)
            try:
                deliver(bench)
                break
            except KeyboardInterrupt:
                pass
        with bench.database.writing() as connection:
            connection.execute(sa.text("UPDATE job SET holder = NULL, held_until = NULL"))
    assert number > 2
    deliver(bench)
    assert (las.standing, due(bench), len(set(las.ids))) == (standing(bench), 0, 3)


def test_taken_back_while_it_is_delivered(bench: ResultBench, las: Las, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change during a delivery is told by the next one."""
    sent = bench.send(Sent("201", "a", 1), Sent("202", "b", 2), Sent("203", "c", 2))
    receive = Las.receive

    def meanwhile(self: Las, deliveries: Sequence[ResultDelivery]) -> None:
        receive(self, deliveries)
        if self.calls == 1:
            set_back(bench, sent.message_id)

    monkeypatch.setattr(Las, "receive", meanwhile)
    deliver(bench)
    deliver(bench)
    assert (las.standing, standing(bench), due(bench)) == ({}, {}, 0)


def test_a_receiver_that_takes_so_long_that_another_process_goes_on(
    bench: ResultBench, las: Las, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The older state that it takes last does not stay there: once the lease is lost, it is told once more."""
    bench.send(Sent("201", "a", 1), Sent("202", "b", 1))
    receive = Las.receive

    def slowly(self: Las, deliveries: Sequence[ResultDelivery]) -> None:
        if not self.calls:
            self.calls += 1
            with bench.database.writing() as connection:
                connection.execute(sa.text("UPDATE job SET held_until = '2000-01-01 00:00:00'"))
            bench.send(Sent("201", "a", 2))
            other = Lease("results", "another")
            run_now(JOBS["results"], bench.database, Settings(receiver="mijnlas"), other, moment=bench.moment)
        receive(self, deliveries)

    monkeypatch.setattr(Las, "receive", slowly)
    with pytest.raises(LeaseLostError):
        deliver(bench)
    assert las.standing != standing(bench)
    deliver(bench)
    assert (las.standing, due(bench)) == (standing(bench), 0)


def test_noting_what_is_done_does_not_grow(bench: ResultBench, las: Las) -> None:
    """While the school is held, which keeps messages waiting, many results take as many statements as one."""
    one = bench.send(Sent("201", "a", 1)).message_id
    many = bench.send(*(Sent("202", f"k{number}", 1) for number in range(60))).message_id
    deliver(bench)
    seen: list[int] = []
    for message_id in (one, many):
        with bench.database.writing() as connection:
            statements: list[object] = []
            event = (connection, "before_cursor_execute", lambda *told, seen=statements: seen.append(told[2]))
            sa.event.listen(*event)
            assert delivering.finish(connection, "21QW", [message_id], bench.moment) == 1
            sa.event.remove(*event)
            seen.append(len(statements))
    assert (seen[0], len(las.standing)) == (seen[1], 61)


@pytest.mark.parametrize("error", [SystemExit("a name"), KeyError("a name")])
def test_a_receiver_that_ends_the_program_ends_nothing(
    bench: ResultBench, las: Las, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    """What it raises as it is made, or as it receives, is told by its type; the thread of the jobs goes on."""
    bench.send(Sent("201", "a", 1))

    def fail(*_: object) -> None:
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(Las, "receive", fail)
        with pytest.raises(NotReceivedError, match=f"the receiver failed: {type(error).__name__}$"):
            deliver(bench)
    with monkeypatch.context() as patched:
        patched.setattr(Point, "load", fail)
        with pytest.raises(OntvangerError, match=f"cannot be loaded: {type(error).__name__}$"):
            deliver(bench)
    assert (deliver(bench), las.standing) == (1, standing(bench))


def test_after_the_records_went_back(bench: ResultBench, las: Las) -> None:
    """The administration may know more than a backup: it is told every result once more, also that one is away."""
    bench.send(Sent("201", "a", 1))
    set_back(bench, bench.send(Sent("202", "b", 2), Sent("203", "c", 3)).message_id)
    deliver(bench)
    las.standing = {1: ("202", 5), 2: ("202", 2)}
    with bench.database.writing() as connection:
        going_back.settle(connection, [], None, bench.moment, "cli:proef")
    assert (due(bench), deliver(bench)) == (3, 3)
    assert (las.standing, due(bench)) == (standing(bench), 0)


def test_when_it_was_delivered(bench: ResultBench, las: Las) -> None:
    """The moment is that of the newest version, from which the term of a result counts, and of the message."""
    del las
    first = bench.send(Sent("201", "a", 1))
    bench.send(Sent("onbekend", "x", 1))
    with bench.database.reading() as connection:
        assert [one.delivered_at for one in reading.messages(connection, BRIN6)] == [None, None]
    deliver(bench)
    with bench.database.reading() as connection:
        assert {one.delivered_at for one in reading.messages(connection, BRIN6)} == {bench.moment}
        assert connection.scalars(sa.select(resultaat_versie.c.delivered_at)).all() == [
            bench.moment.replace(tzinfo=None)
        ]
    set_back(bench, first.message_id)
    with bench.database.reading() as connection:
        own = results_message.c
        assert connection.scalar(sa.select(own.delivered_at).where(own.id == first.message_id)) is None


@pytest.mark.parametrize("act", ["taken back", "put back", "records went back", "joined"])
def test_no_result_is_erased_before_the_administration_has_its_state(bench: ResultBench, las: Las, act: str) -> None:
    """A result whose term passes while the administration has to be told something of it stays until that is told."""
    sent = bench.send(Sent("206", "a", 1))
    deliver(bench)
    if act == "put back":
        set_back(bench, sent.message_id)
        deliver(bench)
    bench.moment += timedelta(days=200)
    if act == "records went back":
        las.standing = {1: ("206", 9)}
        with bench.database.writing() as connection:
            going_back.settle(connection, [], None, bench.moment, "cli:proef")
    elif act == "joined":
        join_two(bench)
    else:
        set_back(bench, sent.message_id)
    later = bench.moment + timedelta(seconds=1)
    with bench.database.writing() as connection:
        assert retention.erase_delivered(connection, later, 10) == 0
    deliver(bench)
    key = "205" if act == "joined" else "206"
    assert las.standing == ({} if act == "taken back" else {1: (key, 1)}) == standing(bench)
    with bench.database.writing() as connection:
        assert retention.erase_delivered(connection, later, 10) == 1


def test_without_a_receiver_nothing_is_done(bench: ResultBench) -> None:
    """The results stay, and wait."""
    bench.send(Sent("201", "a", 1))
    assert (deliver(bench, Settings()), due(bench)) == (0, 1)
    with bench.database.reading() as connection:
        (told,) = JOBS["results"].due(connection, Settings(), bench.moment)
        assert (told.number, "UWLR_RECEIVER" in told.note) == (1, True)
        assert JOBS["results"].has_work(connection, bench.moment)


def test_a_receiver_that_is_not_there(bench: ResultBench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A name, a file or an entry point that is of no use is told; nothing is delivered."""
    bench.send(Sent("201", "a", 1))
    with pytest.raises(OntvangerError, match="no receiver of this name; known: none is installed"):
        deliver(bench)
    monkeypatch.setattr(plugins, "entry_points", lambda **_: [Point(object())])
    with pytest.raises(OntvangerError, match="does not return an Ontvanger"):
        deliver(bench)
    options = tmp_path / "options"
    with pytest.raises(OntvangerError, match="cannot be read: FileNotFoundError"):
        deliver(bench, Settings(receiver="mijnlas", receiver_options_file=options))
    options.write_text("# a note\n\npassword geheim\n", encoding="utf-8")
    with pytest.raises(OntvangerError) as caught:
        deliver(bench, Settings(receiver="mijnlas", receiver_options_file=options))
    assert str(caught.value) == "line 3 of the options is not written as name=value"


@pytest.mark.parametrize("seed", range(amount(3, 40)))
def test_whatever_happens_in_between(bench: ResultBench, las: Las, seed: int) -> None:
    """After each delivery the administration has what stands here, of everybody who is known here."""
    chosen = random.Random(seed)  # noqa: S311 - a choice of cases
    sent: list[int] = []
    joined: int | None = None
    gone: set[str] = set()
    for _ in range(amount(14, 30)):
        act = chosen.choice(["send", "send", "send", "back", "join", "forget", "deliver"])
        if act == "send":
            results = {f"k{chosen.randrange(6)}": chosen.choice([*KEYS, *MORE]) for _ in range(3)}
            told = bench.send(*(Sent(key, name, chosen.randrange(3)) for name, key in results.items()))
            sent.append(told.message_id)
        elif act == "back" and sent:
            set_back(bench, chosen.choice(sent))
        elif act == "join" and joined is None:
            joined = join_two(bench)
        elif act == "join" and joined is not None:
            with bench.database.writing() as connection:
                batches.undo(connection, joined, bench.moment)
            joined = None
        elif act == "forget" and len(gone) < 2:
            key = chosen.choice([one for one in KEYS if one not in gone])
            gone.add(key)
            with bench.database.writing() as connection:
                forget.forget(connection, "21QW", key, bench.moment)
        elif act == "deliver":
            deliver(bench)
    deliver(bench)
    expected = standing(bench)
    known = {id_: value for id_, value in las.standing.items() if id_ in expected or value[0] not in gone}
    assert (known, due(bench)) == (expected, 0)
