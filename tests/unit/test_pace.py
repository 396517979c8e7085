"""Refusals are held back, for how long, and what is not."""

import asyncio
from http import HTTPStatus
from typing import Any

import pytest
from support.event_loop import run
from support.hand_made import CALLERS, NO_DATABASE, HandMade, make, play
from support.rsgi import send
from support.served_school import CODE

from uwlr_adapter.web.app import App
from uwlr_adapter.web.head import Head
from uwlr_adapter.web.metrics import Metrics
from uwlr_adapter.web.pace import HOLD_SECONDS, MAX_SOURCES, OTHERS, PAGES, REFUSALS, Pace
from uwlr_adapter.web.response import plain
from uwlr_adapter.web.rsgi import RsgiApp
from uwlr_adapter.web.source import make_source_of

FREE, A_SECOND = REFUSALS


class Watch:
    """A clock that a test sets, in seconds."""

    now = 100.0

    def __call__(self) -> float:
        """Return the present."""
        return self.now


def test_the_first_refusals_are_sent_at_once() -> None:
    """Who tries things out does not notice; who goes on gets each next refusal late; others do not notice."""
    pace = Pace(REFUSALS, Watch())
    assert {pace.seconds("192.0.2.1") for _ in range(FREE)} == {0}
    assert [pace.seconds("192.0.2.1") for _ in range(3)] == [HOLD_SECONDS] * 3
    assert pace.seconds("192.0.2.2") == 0


def test_who_stops_is_forgiven() -> None:
    """So many a second come free again, and never more than at first."""
    watch = Watch()
    pace = Pace(REFUSALS, watch)
    for _ in range(FREE + 50):
        pace.seconds("192.0.2.1")
    watch.now += 3 / A_SECOND
    assert [pace.seconds("192.0.2.1") for _ in range(4)] == [0, 0, 0, HOLD_SECONDS]
    watch.now += 1_000_000
    assert [pace.seconds("192.0.2.1") for _ in range(FREE + 1)] == [0.0] * FREE + [HOLD_SECONDS]


def test_a_process_remembers_so_many_sources() -> None:
    """However many sources there are, the memory has a bound; the one that is refused goes last."""
    pace = Pace(REFUSALS, Watch())
    for _ in range(FREE):
        pace.seconds("192.0.2.1")
    for number in range(MAX_SOURCES - 1):
        pace.seconds(str(number))
    assert pace.seconds("192.0.2.1") == HOLD_SECONDS
    for number in range(2 * MAX_SOURCES):
        pace.seconds(str(number))
    assert len(pace.sources) == MAX_SOURCES


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the waits, in seconds, none of which takes any time."""
    seconds: list[float] = []

    async def sleep(wait: float) -> None:
        seconds.append(wait)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    return seconds


def driver(**options: int) -> RsgiApp:
    """Return the driver of an application with one page; for its paces time stands still, however slow the machine."""
    good: Any = lambda _environ, start: plain(HTTPStatus.OK, "good").send(start)  # noqa: E731 - a WSGI application
    app = RsgiApp(App(NO_DATABASE, {"/good": good}, Metrics(), make_source_of(())), threads=1, **options)
    app._refusals, app._pages = Pace(REFUSALS, Watch()), Pace(PAGES, Watch())  # noqa: SLF001 - made with the real clock
    return app


async def ask(app: RsgiApp, path: str, client: str = "192.0.2.1:50000") -> int:
    """Return the status of the answer to a GET."""
    (status,) = (await send(app, b"", ("content-length", "0"), method="GET", path=path, client=client)).statuses
    return status


def test_the_driver_holds_refusals_back(held: list[float]) -> None:
    """After FREE refusals of a source the next one is sent late; another source, and what is no refusal, is not."""
    app = driver()

    async def play_it() -> list[int]:
        refused = [await ask(app, "/nowhere") for _ in range(FREE + 1)]
        return [*refused, await ask(app, "/good"), await ask(app, "/nowhere", "192.0.2.2:50000")]

    assert run(play_it()) == [404] * (FREE + 1) + [200, 404]
    assert held == [HOLD_SECONDS]


class Waits:
    """The waits of an application, so many at most, each of which lasts until all are ended."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
        self.ended = asyncio.Event()
        self._most = most
        self.seconds: list[float] = []
        monkeypatch.setattr(asyncio, "sleep", self._sleep)

    async def _sleep(self, seconds: float) -> None:
        assert self.ended.is_set() or len(self.seconds) < self._most
        self.seconds.append(seconds)
        await self.ended.wait()


def test_so_many_wait_at_a_time_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is held back keeps a connection: beyond a number the next refusal is sent at once, so that others get in."""
    app = driver(max_held=3)

    async def play_it() -> None:
        for _ in range(FREE):
            await ask(app, "/nowhere")
        waits = Waits(monkeypatch, 3)
        sent = [asyncio.ensure_future(ask(app, "/nowhere")) for _ in range(5)]
        await asyncio.wait(sent, return_when=asyncio.FIRST_COMPLETED)
        while sum(one.done() for one in sent) < 2:
            await asyncio.wait([one for one in sent if not one.done()], return_when=asyncio.FIRST_COMPLETED)
        assert waits.seconds == [HOLD_SECONDS] * 3
        waits.ended.set()
        await asyncio.gather(*sent)
        await ask(app, "/nowhere")
        assert len(waits.seconds) == 4, "those that are no longer held make room"

    run(play_it())


def test_pages_are_held_back_while_others_wait(held: list[float]) -> None:
    """A source that asks for one page after the other gets it late, but only while OTHERS are being answered."""
    app = driver()

    async def play_it() -> None:
        for _ in range(PAGES.free + 1):
            await ask(app, "/good")

    run(play_it())
    assert held == [], "nobody waits"
    others = [app.app.begin("") for _ in range(OTHERS)]
    run(play_it())
    assert held == [HOLD_SECONDS]
    for one in others:
        app.app.finish(one)


@pytest.mark.parametrize(
    ("message", "is_of_nobody"),
    [
        (b"x", True),
        (CALLERS.request("Onbekend"), True),
        (CALLERS.request(key=CODE + "x"), False),
        (CALLERS.request(brin6="99XX00"), False),
        (CALLERS.request(), False),
    ],
)
def test_a_known_afnemer_is_not_held_back(message: bytes, is_of_nobody: bool) -> None:  # noqa: FBT001 - a parameter
    """A vendor of which many schools have paused hears so at once."""
    world = HandMade()
    head = Head("POST", "", "192.0.2.1:1", "text/xml; charset=utf-8", str(len(message)))
    assert play(make(world), head, message, world).response.is_of_nobody is is_of_nobody
