"""Messages with results that meet a failure, a change of the koppeling or too many others: whole, or nothing at all."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from support.databases import PostgresServer
from support.event_loop import run, turns_until
from support.result_messages import afname, class_of, message, resultaat, sample
from support.result_school import PATH, ResultSchool, from_here
from support.school_builder import BRIN6
from support.server import WAIT

from uwlr_adapter.administratie import schools
from uwlr_adapter.contract.fault import TijdelijkNietBeschikbaar
from uwlr_adapter.contract.leerresultaten import judging
from uwlr_adapter.db.database import Database
from uwlr_adapter.exchange import leerresultaten, results_commit
from uwlr_adapter.journaal.model import RefusalReason
from uwlr_adapter.koppelingen.toestemming import ToestemmingStatus
from uwlr_adapter.web import body_room, rsgi, turns, wsgi
from uwlr_adapter.web.rsgi import RsgiApp

TAKEN, NO_ACCESS = "leerresultaten_bevestiging", "Client.AutorisatieOngeldig"
TEMPORARY, OWN = "Server.TijdelijkNietBeschikbaar", "Server.InterneFout"
SHORT = message(
    afname(resultaat("a", "2") + resultaat("c", "3")) + afname(resultaat("d"), "10002") + afname(resultaat("e"), "9")
)
"""A message that changes a result, brings two and leaves one out, once FIRST was taken."""
FIRST = message(afname(resultaat("a", "1")))
MOST_STATEMENTS = 64
"""Twice the statements that a message may take, on either database: each is counted before and after."""


@pytest.fixture
def school(tmp_path: Path, backend: str) -> Iterator[ResultSchool]:
    """Yield a school that takes results, on each database."""
    del backend
    made = ResultSchool(tmp_path)
    yield made
    made.close()


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[ResultSchool]:
    """Yield such a school on SQLite."""
    made = ResultSchool(tmp_path)
    yield made
    made.close()


@pytest.fixture
def on_postgresql(
    tmp_path: Path, postgresql: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ResultSchool]:
    """Yield such a school on PostgreSQL."""
    with postgresql.database() as url:
        monkeypatch.setenv("UWLR_DATABASE", url)
        made = ResultSchool(tmp_path)
        yield made
        made.close()


def database_of(school: ResultSchool) -> Database:
    """Return the database of the service."""
    return school.app.endpoints[PATH].exchange.database


class Strike:
    """Makes the n-th statement or bulk insert of a transaction fail, before or after it is done, and counts them."""

    def __init__(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seen, self.struck = 0, 0
        for event in ("before_cursor_execute", "after_cursor_execute"):
            sa.event.listen(database.engine, event, self.count)
        backend = database.backend
        for name in ("run", "insert_bulk"):
            monkeypatch.setattr(backend, name, self.counted(getattr(backend, name)))

    def counted(self, act: Callable[..., Any]) -> Callable[..., Any]:
        """Return an act of the backend that is counted."""

        def do(*arguments: Any) -> Any:
            found = act(*arguments)
            self.count()
            return found

        return do

    def count(self, *_: Any) -> None:
        """Count one, and fail when it is its turn."""
        self.seen += 1
        if self.seen == self.struck:
            raise OperationalError("none", {}, Exception("struck"))


def test_whichever_statement_fails_nothing_is_kept(school: ResultSchool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message is whole or not there, and confirmed only when it is; the entry of its failure says which it was."""
    assert school.bring(FIRST).outcome == TAKEN
    before, entries = school.counts(), len(school.result_entries)
    strike = Strike(database_of(school), monkeypatch)
    for number in range(1, 100):
        strike.seen, strike.struck = 0, number
        found = school.bring(SHORT)
        if found.outcome == TAKEN:
            break
        assert found.outcome == TEMPORARY
        assert school.counts() == before, number
        assert [one.score for one in school.standing("10001")] == [1], number
        assert len(school.result_entries) == entries + number
        assert school.result_entries[0].reason == RefusalReason.OWN_FAILURE
        assert school.result_entries[0].remarks == ()
    assert 10 < number <= MOST_STATEMENTS
    assert {one.key: one.score for one in school.standing("10001")} == {"a": 2, "c": 3}
    assert school.result_entries[0].remarks == ("nieuw=2", "gewijzigd=1", "niet-verwerkt=1")


def test_the_statements_of_a_message_do_not_grow(school: ResultSchool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A class takes as many statements as a message of one leerling, but for a few by the thousand."""
    strike = Strike(database_of(school), monkeypatch)
    assert school.bring(SHORT).outcome == TAKEN
    few, strike.seen = strike.seen, 0
    assert school.bring(class_of(3, 100)).outcome == TAKEN
    assert strike.seen <= few + 2
    assert few <= MOST_STATEMENTS


@pytest.mark.parametrize("change", [ResultSchool.pause, ResultSchool.end], ids=["paused", "ended"])
def test_a_koppeling_that_is_closed_while_a_message_is_judged(
    school: ResultSchool, monkeypatch: pytest.MonkeyPatch, change: Callable[[ResultSchool], None]
) -> None:
    """The message is refused, as if it had come later, and nothing of it is kept."""
    judge = judging.judge

    def judge_and_close(call: Any) -> Any:
        judged = judge(call)
        change(school)
        return judged

    monkeypatch.setattr(leerresultaten, "judge", judge_and_close)
    assert school.bring(SHORT).outcome == NO_ACCESS
    assert school.counts() == (0,) * 5
    assert school.result_entries[0].reason in {RefusalReason.PAUSED, RefusalReason.ENDED}


def test_results_that_are_paused_while_a_message_is_taken(
    school: ResultSchool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the decision and the entry an act goes first: the message is refused, and nothing of it is kept."""
    write, times = results_commit.write, 0

    def pause_and_write(*arguments: Any) -> bool:
        nonlocal times
        times += 1
        school.let(ToestemmingStatus.PAUSED)
        return write(*arguments)

    monkeypatch.setattr(results_commit, "write", pause_and_write)
    assert school.bring(SHORT).outcome == NO_ACCESS
    assert (times, school.counts()) == (1, (0,) * 5)
    assert school.result_entries[0].reason == RefusalReason.RESULTS_PAUSED


def test_a_koppeling_that_changed_and_is_open_takes_the_message(
    school: ResultSchool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An act that leaves the koppeling open only has the message decided anew; it is not judged twice."""
    write, judge, times = results_commit.write, judging.judge, [0, 0]

    def change_and_write(*arguments: Any) -> bool:
        times[0] += 1
        if times[0] == 1:
            school.let(ToestemmingStatus.ON)
        return write(*arguments)

    def count(call: Any) -> Any:
        times[1] += 1
        return judge(call)

    monkeypatch.setattr(results_commit, "write", change_and_write)
    monkeypatch.setattr(leerresultaten, "judge", count)
    assert school.bring(SHORT).outcome == TAKEN
    assert times == [2, 1]
    assert len(school.result_entries) == 1


def test_a_defect_of_our_own_is_no_confirmation(embedded: ResultSchool, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception that nobody thought of is a fault, without a word of it, and nothing is kept."""

    def fail(*_: Any) -> None:
        raise KeyError("10001")

    monkeypatch.setattr(results_commit, "take", fail)
    found = embedded.bring(SHORT)
    assert (found.outcome, b"10001" in found.reply.body) == (OWN, False)
    assert embedded.counts() == (0,) * 5
    assert embedded.result_entries[0].reason == RefusalReason.OWN_FAILURE


# In the event loop of `serve`.


@pytest.mark.parametrize("by_rsgi", [True, False], ids=["rsgi", "wsgi"])
def test_many_at_once_are_judged_one_after_the_other(
    embedded: ResultSchool, monkeypatch: pytest.MonkeyPatch, *, by_rsgi: bool
) -> None:
    """Ten messages at once are all taken, and no two of them are judged or taken at the same time."""
    busy, most = 0, 0
    lock = threading.Lock()

    def watched(act: Callable[..., Any]) -> Callable[..., Any]:
        def do(*arguments: Any) -> Any:
            nonlocal busy, most
            with lock:
                busy += 1
                most = max(most, busy)
            try:
                return act(*arguments)
            finally:
                with lock:
                    busy -= 1

        return do

    monkeypatch.setattr(leerresultaten, "judge", watched(judging.judge))
    monkeypatch.setattr(results_commit, "write", watched(results_commit.write))

    messages = [message(afname(resultaat(f"k{number}"))) for number in range(10)]

    async def bring_all() -> list[str]:
        app = embedded.rsgi(4)
        return [one.outcome for one in await asyncio.gather(*(embedded.bring_to(app, one) for one in messages))]

    if by_rsgi:
        assert run(bring_all()) == [TAKEN] * 10
    else:
        with ThreadPoolExecutor(4) as pool:
            assert [one.outcome for one in pool.map(embedded.bring, messages)] == [TAKEN] * 10
    assert (most, len(embedded.standing("10001"))) == (1, 10)


def test_who_finds_too_many_before_it_comes_back_later(embedded: ResultSchool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond MAX_WAITING a message gets a fault with Retry-After at once, and its entry says why; fetches go on."""
    monkeypatch.setattr(turns, "MAX_WAITING", 2)
    gate, judge = threading.Event(), judging.judge

    def wait_and_judge(call: Any) -> Any:
        assert gate.wait(WAIT)
        return judge(call)

    monkeypatch.setattr(leerresultaten, "judge", wait_and_judge)

    async def bring_all() -> list[Any]:
        app = embedded.rsgi(4)
        tasks = []
        for number in range(5):
            task = asyncio.ensure_future(embedded.bring_to(app, message(afname(resultaat(f"k{number}")))))
            tasks.append(task)
            await turns_until(partial(_is_settled, app, task, number))
        await asyncio.gather(*tasks[3:])
        gate.set()
        return [await one for one in tasks]

    found = run(bring_all())
    assert [one.outcome for one in found] == [TAKEN] * 3 + [TEMPORARY] * 2
    assert [one.reply.headers.get("Retry-After") for one in found] == [None] * 3 + [str(turns.RETRY_AFTER)] * 2
    assert sum(one.reason == RefusalReason.TOO_MANY for one in embedded.result_entries) == 2


def _is_settled(app: RsgiApp, task: "asyncio.Future[Any]", number: int) -> bool:
    """Return whether a message has its answer, or waits behind so many others."""
    return task.done() or app.messages_in_progress > min(number, 2)


def test_under_wsgi_a_few_threads_wait_and_no_more(embedded: ResultSchool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond PLACES a message gets a fault with Retry-After at once, so that threads are left for fetches."""
    monkeypatch.setattr(wsgi, "PLACES", 1)
    embedded.restart()
    judge, refused = judging.judge, []

    def send_and_judge(call: Any) -> Any:
        refused.append(embedded.bring(message(afname(resultaat("b")))))
        return judge(call)

    monkeypatch.setattr(leerresultaten, "judge", send_and_judge)
    assert embedded.bring(message(afname(resultaat("a")))).outcome == TAKEN
    ((outcome, retry_after),) = [(one.outcome, one.reply.headers["Retry-After"]) for one in refused]
    assert (outcome, retry_after) == (TEMPORARY, str(turns.RETRY_AFTER))
    assert [one.key for one in embedded.standing("10001")] == ["a"]


def test_a_body_for_which_there_is_no_room(embedded: ResultSchool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large body beyond the room of all gets a fault with Retry-After and is not held; a small one is taken."""
    monkeypatch.setattr(body_room, "ROOM", 100_000)

    async def bring() -> tuple[Any, int]:
        app = embedded.rsgi(2)
        found = await embedded.bring_to(app, class_of(30, 40), pieces=20)
        small = await embedded.bring_to(app, SHORT)
        assert small.outcome == TAKEN
        return found, app.octets_held

    found, held = run(bring())
    assert (found.outcome, found.reply.headers["Retry-After"]) == (TEMPORARY, str(turns.RETRY_AFTER))
    assert held == 0


def test_a_refused_message_is_not_held(embedded: ResultSchool) -> None:
    """Once a message has its answer, also one that was refused as it was taken, nothing of it stays in memory."""
    messages = [SHORT, sample("onzichtbaar/15-leerling-onbekend.xml"), sample("onzichtbaar/05-score-boven-norm.xml")]

    async def bring() -> tuple[list[str], tuple[int, int, int]]:
        app = RsgiApp(embedded.app, threads=2)
        found = [(await embedded.bring_to(app, one)).outcome for one in messages]
        app.__rsgi_del__(asyncio.get_running_loop())
        return found, (app.writes_alone, app.octets_held, app.writes_later)

    outcomes, held = run(bring())
    assert (outcomes[0], "Client.LeerlingOngeldig" in outcomes, TAKEN in outcomes[1:]) == (TAKEN, True, False)
    assert held == (0, 0, 0)


def test_a_request_that_takes_too_long_is_given_up_and_ends_its_turn_later(
    embedded: ResultSchool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller hears in time that it failed; the thread goes on, and the next message waits for that."""
    gate, write, begun = threading.Event(), results_commit.write, threading.Event()

    def wait_and_write(*arguments: Any) -> bool:
        if not begun.is_set():
            begun.set()
            assert gate.wait(WAIT)
        return write(*arguments)

    monkeypatch.setattr(results_commit, "write", wait_and_write)
    monkeypatch.setattr(rsgi, "REQUEST_SECONDS", 0.2)

    async def bring() -> tuple[str, str]:
        app = embedded.rsgi(4)
        late = await embedded.bring_to(app, FIRST)
        monkeypatch.setattr(rsgi, "REQUEST_SECONDS", WAIT)
        following = asyncio.ensure_future(embedded.bring_to(app, message(afname(resultaat("z")))))
        await turns_until(lambda: app.messages_in_progress > 1)
        assert not following.done()
        gate.set()
        found = (await following).outcome
        await turns_until(lambda: not app.writes_later)
        return late.outcome, found

    assert run(bring()) == (TEMPORARY, TAKEN)
    assert sorted(one.key for one in embedded.standing("10001")) == ["a", "z"]
    assert sorted(one.outcome for one in embedded.result_entries) == [TEMPORARY, TAKEN, TAKEN]


def test_a_turn_that_comes_too_late_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message that waits too long for a turn gets a fault, and those behind it their turn."""
    monkeypatch.setattr(turns, "TURN_SECONDS", 0.01)

    async def wait() -> None:
        all_ = turns.WorkTurns()
        first = await all_.begin("x")
        with pytest.raises(TijdelijkNietBeschikbaar):
            await all_.begin("x")
        assert all_.waiting == 0
        monkeypatch.setattr(turns, "TURN_SECONDS", WAIT)
        second = asyncio.ensure_future(all_.begin("x"))
        third = asyncio.ensure_future(all_.begin("x"))
        await turns_until(lambda: all_.waiting > 1)
        second.cancel()
        first.end()
        (await third).end()
        await asyncio.sleep(0)
        (await all_.begin("x")).end()

    run(wait())


def test_one_source_does_not_take_the_turns_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """A source with so many messages that wait gets a fault for the next one, while another source may wait."""
    monkeypatch.setattr(turns, "MAX_OF_SOURCE", 1)

    async def wait() -> None:
        all_ = turns.WorkTurns()
        first = await all_.begin("a")
        second = asyncio.ensure_future(all_.begin("a"))
        await turns_until(lambda: all_.waiting == 1)
        with pytest.raises(TijdelijkNietBeschikbaar):
            await all_.begin("a")
        third = asyncio.ensure_future(all_.begin("b"))
        await turns_until(lambda: all_.waiting == 2)
        first.end()
        (await second).end()
        (await third).end()
        fourth = await all_.begin("a")
        fourth.end()

    run(wait())


def test_a_school_that_is_held_for_long(on_postgresql: ResultSchool, monkeypatch: pytest.MonkeyPatch) -> None:
    """While an import holds the school a message waits for a bounded time, and gets a fault after that."""
    monkeypatch.setattr(results_commit, "LOCK_SECONDS", 1)
    with on_postgresql.database.writing() as connection:
        schools.lock_school(connection, BRIN6[:4])
        assert on_postgresql.bring(SHORT).outcome == TEMPORARY
        assert on_postgresql.fetch().outcome == "leerlinggegevens"
    assert on_postgresql.counts() == (0,) * 5
    assert on_postgresql.bring(SHORT).outcome == TAKEN


def test_after_a_turn_others_go_first() -> None:
    """The pause is as long as the turn took of the processor times PAUSES, and only where others called during it."""
    all_ = turns.WorkTurns()
    one = turns.WorkTurn(all_)
    assert one.timed(lambda: sum(range(100_000))) == 4_999_950_000
    assert (one.seconds > 0, one.pause) == (True, 0)
    all_.others += 1
    assert one.pause == turns.PAUSES * one.seconds


def test_the_samples_are_no_secret_of_a_log(embedded: ResultSchool, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever becomes of a message, no key, score or leerlingid of it is in the log."""
    with caplog.at_level(0):
        for data in (SHORT, sample("invalid/06-score-decimaal.xml"), sample("onzichtbaar/15-leerling-onbekend.xml")):
            embedded.bring(data)
    text = caplog.text + "".join(map(repr, embedded.result_entries))
    assert not any(
        one in text for one in ("10001", "10002", "99999", "6.5", from_here(b"voorbeeld-klantcode").decode())
    )
