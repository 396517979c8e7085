"""The RSGI driver, used by `serve`: every message is decided in the event-loop thread, which nothing blocks.

Python runs one thread at a time anyway, and each switch between threads costs as much as a part of a request: with
sixteen threads a request took twice the processor time. So the event-loop thread decides every message that has
arrived, and one commit writes the outcomes of all of them. Work that may wait (`endpoint.Do`) is done in a thread of
the pool; so is everything that is not a message: the portal and the metrics.

A body is awaited without occupying a thread, and for a bounded time, so that a caller who sends half of
one delays nobody else. The time of a request counts from the moment that it is whole. It is bounded too, whatever the
database does: who waited for REQUEST_SECONDS gets a fault, and what was begun for it goes on without it.
"""

import asyncio
import io
import sys
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar, assert_never

from sqlalchemy.exc import DBAPIError

from uwlr_adapter.contract.xml import MESSAGE
from uwlr_adapter.db.backend import LockedError
from uwlr_adapter.db.causes import SilentDatabaseError
from uwlr_adapter.db.event_log import log_failure
from uwlr_adapter.db.group_commit import LoopGroup
from uwlr_adapter.exchange import commit
from uwlr_adapter.exchange.outcome import Outcome
from uwlr_adapter.exchange.work import Blocking, JudgeResults
from uwlr_adapter.web.app import App
from uwlr_adapter.web.body_room import BodyRoom, Holding
from uwlr_adapter.web.endpoint import (
    MAX_DIGITS,
    Ask,
    Do,
    Endpoint,
    Fetch,
    ReadBody,
    SoapRequest,
    Step,
    Write,
    logger,
)
from uwlr_adapter.web.head import HEADERS, Head
from uwlr_adapter.web.health import ATTEMPT, HEALTHZ, READYZ
from uwlr_adapter.web.pace import OTHERS, PAGES, REFUSALS, Pace
from uwlr_adapter.web.readiness import Readiness, ReadinessCheck, Unready
from uwlr_adapter.web.request_path import path_info_of
from uwlr_adapter.web.request_record import RequestRecord, request_context
from uwlr_adapter.web.response import Response, plain
from uwlr_adapter.web.source import FORWARDED
from uwlr_adapter.web.turns import WorkTurn, WorkTurns

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from uwlr_adapter.db.backend import LoopDatabase

MAX_CONNECTIONS = 16_384
"""Connections of a worker (inclusive): as many as the shipped nginx has. An idle one takes some kilobytes."""
MAX_CHUNKS = 128
"""Pieces in which a body without a length may come (inclusive): each one takes a turn of the event loop, 30 us."""
MIN_CHUNK = 1024
"""Bytes of a piece of a large body, on average over what it may have (inclusive): less than a packet of the network."""
BODY_SECONDS = 30
"""Seconds in which a body must have come: the shortest client timeout seen."""
REQUEST_SECONDS = 25
"""Seconds in which a whole request has its answer: within the shortest client timeout seen, 30 s, with what a proxy and
the network take. nginx waits longer (`deploy/nginx/uwlr-proxy.conf`), so that the caller gets our fault and no page of
its."""
LATE = "Dit duurde te lang. Kijk eerst of het gelukt is, en probeer het anders opnieuw."
Argument = TypeVar("Argument")
Result = TypeVar("Result")


class _Burden:
    """What a request to a service with large messages holds: room for its body, and its turn once it has one."""

    __slots__ = ("holding", "turn")

    def __init__(self, holding: Holding) -> None:
        self.holding = holding
        self.turn: WorkTurn | None = None

    def end(self) -> None:
        """Hold nothing any more; a turn lasts until its thread is done."""
        self.holding.leave()
        if self.turn is not None:
            self.turn.end()


class TimeLimit:
    """The tasks of an event loop that may go on for a time, of one length: one timer cancels all that are late.

    A timer for each of them took 2% of a request.
    """

    def __init__(self) -> None:
        self.ends: dict[asyncio.Task[Any], float] = {}
        """By task the moment of the loop's clock at which it is late, the oldest first; -1 for one that was."""
        self._timer: asyncio.TimerHandle | None = None

    def enter(self, seconds: float) -> None:
        """Begin the time of the current task, of so many seconds."""
        loop = asyncio.get_running_loop()
        self.ends[_task()] = loop.time() + seconds
        if self._timer is None:
            self._timer = loop.call_later(seconds, self._end_late, loop)

    def leave(self) -> None:
        """End the time of the current task, if it has begun."""
        self.ends.pop(_task(), None)

    def has_ended(self) -> bool:
        """Return whether the current task, which was cancelled, was late; then it may go on."""
        task = _task()
        if self.ends.get(task, 0) >= 0:
            return False
        task.uncancel()
        return True

    def _end_late(self, loop: asyncio.AbstractEventLoop) -> None:
        """Cancel the tasks that are late, and come back when the next one is."""
        self._timer = None
        now = loop.time()
        for task, end in self.ends.items():
            if end > now:
                self._timer = loop.call_at(end, self._end_late, loop)
                break
            if end >= 0:
                self.ends[task] = -1
                task.cancel()


def _task() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("a request is answered in a task")
    return task


class RsgiApp:
    """An RSGI application around an App.

    `threads` is how many requests may block at once, `max_held` how many answers may be held back (`pace`).
    """

    def __init__(self, app: App, threads: int, max_held: int = MAX_CONNECTIONS // 2) -> None:
        self.app = app
        self._endpoints = app.endpoints
        self._pool = ThreadPoolExecutor(threads, "uwlr")
        self._database: LoopDatabase
        self._refusals, self._pages = Pace(REFUSALS), Pace(PAGES)
        self._held, self._max_held = 0, max_held
        self._bodies, self._requests = TimeLimit(), TimeLimit()
        self._turns, self._room = WorkTurns(), BodyRoom()
        self._outcomes: LoopGroup[Outcome, bool] | None = None
        self._alone: dict[SoapRequest, asyncio.Future[bool]] = {}
        """What is being written in a thread, by its request."""
        self._later: set[asyncio.Task[None]] = set()
        """What is written for callers that have their fault already; bounded by the requests in one REQUEST_SECONDS."""
        self._tries_as_a_call = False

    @property
    def messages_in_progress(self) -> int:
        """The number of messages that hold a turn or wait for one."""
        return self._turns.waiting + self._turns.is_taken

    @property
    def octets_held(self) -> int:
        """The bytes of large bodies that are held."""
        return self._room.held.total()

    def hold(self, source: str, octets: int) -> Holding:
        """Hold room for so many bytes of a source, until it is left. Raises TijdelijkNietBeschikbaar."""
        holding = self._room.holding(source)
        holding.add(octets)
        return holding

    def holding(self, scope: Any) -> Holding:  # noqa: ANN401 - granian has no types for these
        """Return what a request holds of the room for large bodies: nothing yet."""
        return self._room.holding(self._source_of(_head_of(scope)))

    @property
    def writes_alone(self) -> int:
        """The number of outcomes that are being written in a thread."""
        return len(self._alone)

    @property
    def writes_later(self) -> int:
        """The number of outcomes that are written behind callers that have their fault already."""
        return len(self._later)

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:  # noqa: ANN401 - granian has no types for these
        """Answer one HTTP request."""
        endpoint = self._endpoints.get(scope.path)  # granian has percent-decoded it
        if endpoint is not None:
            response = await self._answer_soap(endpoint, self._outcomes or self._begin(endpoint), scope, protocol)
        elif scope.path == HEALTHZ:
            response = self._answer_wsgi(_environ_of(scope))  # not in the pool: a full pool is no sick process
        else:
            response = await self._answer_other(_environ_of(scope), protocol)
        if response.status >= HTTPStatus.BAD_REQUEST:
            if response.status < HTTPStatus.INTERNAL_SERVER_ERROR or response.is_of_nobody:
                await self._hold_back(self._refusals, scope)
        elif endpoint is None and self.app.in_progress >= OTHERS:
            await self._hold_back(self._pages, scope)
        protocol.response_bytes(response.status, response.headers, b"" if response.head else response.body)

    def __rsgi_del__(self, _loop: asyncio.AbstractEventLoop) -> None:
        """Close the database connections: this process ends."""
        if self._outcomes is not None:
            self._database.close()
        self.app.close()

    async def _answer_soap(  # noqa: C901, PLR0912, PLR0915 - one loop over the steps; each more function costs a request
        self,
        endpoint: Endpoint,
        outcomes: LoopGroup[Outcome, bool],
        scope: Any,  # noqa: ANN401 - as above
        protocol: Any,  # noqa: ANN401 - as above
    ) -> Response:
        """Return the response to a request for an endpoint."""
        head, task = _head_of(scope), _task()
        record = self.app.begin(head.request_id)
        is_light = endpoint.limits.octets <= MESSAGE.octets
        burden = None if is_light else _Burden(self._room.holding(self._source_of(head)))
        try:
            request = SoapRequest(endpoint, head, record)
            step: Step = request.start()
            while not isinstance(step, Response):
                try:
                    match step:
                        case Ask() | Fetch():
                            is_look = isinstance(step, Ask)
                            try:
                                rows = await (self._database.look if is_look else self._database.load)(step.query)
                            except DBAPIError:  # once more in a thread, which may have to connect anew
                                look = partial(endpoint.exchange.database.look, step.query)
                                rows = await self._in_thread(look, record)
                            step = request.rows(rows) if is_look else request.loaded(rows)
                        case Write():
                            try:
                                if step.outcome.results is None:
                                    is_written = await outcomes.add(step.outcome)
                                else:
                                    is_written = await self._write_alone(request, endpoint, step.outcome, burden)
                            except LockedError:  # by an act on one koppeling of the group: each waits for its own now
                                is_written = await self._write_alone(request, endpoint, step.outcome)
                            step = request.written(is_written=is_written)
                        case ReadBody():
                            content = await self._body(protocol, step.octets, bool(head.content_length), burden)
                            record.started = time.monotonic()
                            self._requests.enter(REQUEST_SECONDS)
                            step = request.body(content)
                        case Do():
                            step = request.done(await self._do(endpoint, step.work, record, burden))
                        case _:
                            assert_never(step)
                except Exception as error:  # noqa: BLE001 - the caller gets a fault for any exception
                    step = request.failed(error)
                except asyncio.CancelledError:
                    if not self._requests.has_ended():
                        raise
                    step = request.given_up()
                    self._write_later(request, endpoint, outcomes)
            record.outcome = record.outcome or str(step.status.value)
        finally:
            self._requests.ends.pop(task, None)
            if burden is None:
                self._turns.others += not record.unknown  # for a stranger nobody pauses
            else:
                burden.end()
            if self.app.finish(record):  # those that end in one turn of the loop are counted and logged together
                asyncio.get_running_loop().call_soon(self.app.flush)
        step.headers.extend(self.app.headers(record))
        return step

    async def _do(self, endpoint: Endpoint, work: Blocking, record: RequestRecord, burden: "_Burden | None") -> Any:  # noqa: ANN401 - what it brought
        """Do work in a thread, and return what it brought; what takes long waits for its turn first."""
        do = partial(endpoint.exchange.use_case.do, work)
        if burden is None or not isinstance(work, JudgeResults):
            return await self._in_thread(do, record)
        burden.turn = burden.turn or await self._turns.begin(burden.holding.source)
        burden.turn.working = asyncio.ensure_future(self._in_thread(partial(burden.turn.timed, do), record))
        return await asyncio.shield(burden.turn.working)

    async def _write_alone(
        self, request: SoapRequest, endpoint: Endpoint, outcome: Outcome, burden: "_Burden | None" = None
    ) -> bool:
        """Write an outcome in a thread, which may wait for a lock; it goes on when its request is given up."""
        alone: Callable[[], bool] = partial(endpoint.exchange.write_alone, outcome)
        turn = None if burden is None else burden.turn
        if turn is not None:
            alone = partial(turn.timed, alone)
        writing = self._alone[request] = asyncio.ensure_future(self._in_thread(alone, request.record))
        if turn is not None:
            turn.working = writing
        try:
            return await asyncio.shield(writing)
        finally:
            if writing.done():  # else its request is given up, and what is written later waits for it
                del self._alone[request]

    def _write_later(self, request: SoapRequest, endpoint: Endpoint, outcomes: LoopGroup[Outcome, bool]) -> None:
        """Write what is to be written of a request that was given up, behind what is being written of it now."""
        outcome, before = request.undelivered, self._alone.pop(request, None)
        if outcome is None:
            return

        async def write() -> None:
            try:
                if before is not None:
                    await asyncio.wait([before])
                try:
                    await outcomes.add(outcome)
                except LockedError:
                    await self._in_thread(partial(endpoint.exchange.write_alone, outcome))
            except Exception as error:  # noqa: BLE001 - the database is still away, or again
                log_failure(error, logger)

        task = asyncio.get_running_loop().create_task(write())
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    def _begin(self, endpoint: Endpoint) -> LoopGroup[Outcome, bool]:
        """Make what all messages share: the database of this event loop, and the group of those who write."""
        self._database = endpoint.exchange.database.for_loop()
        failures = endpoint.exchange.gate.failures
        self._outcomes = LoopGroup(partial(commit.write, self._database, failures))
        return self._outcomes

    async def _answer_ready(self, readiness: Readiness, environ: "WSGIEnvironment") -> Response:
        """Return whether a call would be answered, tried as a call is answered; no thread of the pool waits for it."""
        if not self._tries_as_a_call:
            self._try_as_a_call(readiness)
        attempt = environ[ATTEMPT] = readiness.ask()
        await asyncio.wait([asyncio.wrap_future(attempt.result)], timeout=attempt.seconds_left(readiness.now()))
        return self._answer_wsgi(environ)

    def _try_as_a_call(self, readiness: Readiness) -> None:
        """Make readiness try the database of this event loop, and a thread of the pool."""
        self._tries_as_a_call = True
        needs, loop = self.app.needs, asyncio.get_running_loop()
        if needs is not None and self._endpoints:
            if self._outcomes is None:
                self._begin(next(iter(self._endpoints.values())))
            needs.look, needs.load = _awaited(loop, self._database.look), _awaited(loop, self._database.load)
            needs.write = _awaited(loop, self._database.write)
        thread = ReadinessCheck(Unready.THREADS, lambda: self._pool.submit(int).result())
        readiness.checks = (*readiness.checks, thread)

    async def _hold_back(self, pace: Pace, scope: Any) -> None:  # noqa: ANN401 - as above
        """Wait before an answer when its source gets many of that kind, unless too many wait already."""
        head = _head_of(scope)
        seconds = pace.seconds(self._source_of(head))
        if seconds and self._held < self._max_held:
            self._held += 1
            try:
                await asyncio.sleep(seconds)
            finally:
                self._held -= 1

    def _source_of(self, head: Head) -> str:
        return self.app.source_of(head.peer, head.forwarded_for[FORWARDED])

    async def _answer_other(self, environ: "WSGIEnvironment", protocol: Any) -> Response:  # noqa: ANN401 - as above
        """Return the response to a request for anything else, once its body is there."""
        announced = environ.get("CONTENT_LENGTH", "")
        is_whole = announced.isdecimal() and len(announced) <= MAX_DIGITS and int(announced) <= MESSAGE.octets
        try:
            content = await self._body(protocol, MESSAGE.octets + 1, is_whole)
        except TimeoutError:
            return plain(HTTPStatus.REQUEST_TIMEOUT, "Het verzoek kwam niet op tijd.", [("Connection", "close")])
        except Exception:  # noqa: BLE001 - a body that breaks off; granian would log a traceback of it
            return plain(HTTPStatus.BAD_REQUEST, "Het verzoek kwam niet heel over.")
        environ |= {"wsgi.input": io.BytesIO(content), "CONTENT_LENGTH": str(len(content))}
        if environ["PATH_INFO"] == READYZ and self.app.readiness is not None:
            return await self._answer_ready(self.app.readiness, environ)
        self._requests.enter(REQUEST_SECONDS)
        try:
            return await self._in_thread(partial(self._answer_wsgi, environ))
        except asyncio.CancelledError:
            if not self._requests.has_ended():
                raise
            log_failure(SilentDatabaseError(), logger)
            return plain(HTTPStatus.SERVICE_UNAVAILABLE, LATE)
        finally:
            self._requests.leave()

    async def _body(self, protocol: Any, octets: int, is_whole: bool, burden: "_Burden | None" = None) -> bytes:  # noqa: ANN401, FBT001 - as above
        """Return the body of a request: all of it when `is_whole`, else until it has at least so many octets.

        A large one comes in pieces, for which there must be room. Raises TijdelijkNietBeschikbaar, TimeoutError when it
        has not come in BODY_SECONDS, ValueError for one in too many pieces, and what the server raises for a body that
        breaks off.
        """
        self._bodies.enter(BODY_SECONDS)
        try:
            whole: Awaitable[bytes]
            if burden is not None and octets > MESSAGE.octets:
                whole = _receive(protocol, octets, MAX_CHUNKS + octets // MIN_CHUNK, burden.holding)
            else:
                whole = protocol() if is_whole else _receive(protocol, octets, MAX_CHUNKS)
            return await whole
        except asyncio.CancelledError:
            if not self._bodies.has_ended():
                raise
            raise TimeoutError from None
        finally:
            self._bodies.leave()

    async def _in_thread(self, work: Callable[[], Result], record: RequestRecord | None = None) -> Result:
        watched = partial(self.app.working, partial(_in_context, work, record))
        return await asyncio.get_running_loop().run_in_executor(self._pool, watched)

    def _answer_wsgi(self, environ: "WSGIEnvironment") -> Response:
        """Return the response of the WSGI application, which keeps a record of its own."""
        started: list[tuple[int, list[tuple[str, str]]]] = []

        def start(status: str, headers: list[tuple[str, str]], _exc_info: Any = None) -> Callable[[bytes], object]:  # noqa: ANN401 - WSGI
            started.append((int(status[:3]), headers))
            return lambda _data: None

        try:
            parts = self.app(environ, start)
            try:
                content = b"".join(parts)
            finally:
                if hasattr(parts, "close"):
                    parts.close()
        except Exception as error:  # noqa: BLE001 - the last guard
            log_failure(error, logger)
            return Response(HTTPStatus.INTERNAL_SERVER_ERROR, [], b"")
        status, headers = started[-1]
        return Response(HTTPStatus(status), headers, content)


def _awaited(
    loop: asyncio.AbstractEventLoop, work: Callable[[Argument], Awaitable[Result]]
) -> Callable[[Argument], Result]:
    """Return a function for other threads that has work done in the event loop and waits for it."""

    async def do(argument: Argument) -> Result:
        return await work(argument)

    return lambda argument: asyncio.run_coroutine_threadsafe(do(argument), loop).result()


def _in_context(work: Callable[[], Result], record: RequestRecord | None) -> Result:
    """Do work for a request, so that what it logs names that request."""
    if record is None:
        return work()
    with request_context(record):
        return work()


def _head_of(scope: Any) -> Head:  # noqa: ANN401 - as above
    """Return the head of an RSGI request."""
    found: dict[str, str] = {}
    for name, value in scope.headers.items():
        field = HEADERS.get(name)
        if field is not None:
            found[field] = f"{found[field]},{value}" if field in found else value
    return Head(scope.method, scope.query_string, scope.client, version=scope.http_version, **found)


async def _receive(protocol: Any, octets: int, pieces: int, holding: Holding | None = None) -> bytes:  # noqa: ANN401 - as above
    """Return a body until it is as long as this.

    Raises ValueError for one in more pieces than this, and TijdelijkNietBeschikbaar when there is no room for it.
    """
    chunks: list[bytes] = []
    length = 0
    async for chunk in protocol:
        if holding is not None:
            holding.add(len(chunk))
        chunks.append(chunk)
        length += len(chunk)
        if len(chunks) > pieces:
            raise ValueError("too many chunks")
        if length >= octets:
            break
    return b"".join(chunks)


_WITHOUT_PREFIX = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}
_CONSTANT: dict[str, Any] = {
    "wsgi.version": (1, 0),
    "wsgi.multithread": True,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
    "wsgi.input": io.BytesIO(),
    "wsgi.errors": sys.stderr,
}
"""The entries of an environ that are the same for each request."""


def _environ_of(scope: Any) -> "WSGIEnvironment":  # noqa: ANN401 - as above
    """Return the environ of a request (PEP 3333), with an empty body.

    A header with an underscore in its name is left out: in the environ it would look like another header.
    """
    environ = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path_info_of(scope.path),
        "QUERY_STRING": scope.query_string,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": scope.client,
        "wsgi.url_scheme": scope.scheme,
        **_CONSTANT,
    }
    server, _, port = scope.server.rpartition(":")
    environ |= {"SERVER_NAME": server, "SERVER_PORT": port}
    for name, value in scope.headers.items():
        key = _WITHOUT_PREFIX.get(name) or "HTTP_" + name.upper().replace("-", "_")
        if "_" not in name:
            environ[key] = f"{environ[key]},{value}" if key in environ else value
    return environ
