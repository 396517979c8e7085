"""The service of the sandbox: that of `serve`, with the clock of the sandbox, its schools and its pages around it.

Nothing of this is in `serve`: it is put around the application from outside, in the worker process of the demo.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from uwlr_adapter.contract.fault import TijdelijkNietBeschikbaar
from uwlr_adapter.contract.request import Call
from uwlr_adapter.contract.xml import MESSAGE, Limits
from uwlr_adapter.db.database import Database
from uwlr_adapter.db.event_log import log_failure
from uwlr_adapter.demo.example_files import ExampleFiles
from uwlr_adapter.jobs.registry import JOBS
from uwlr_adapter.keys.holders import HolderReport
from uwlr_adapter.keys.server_keys import ServerKeys
from uwlr_adapter.sandbox import call_log
from uwlr_adapter.sandbox.api import PREFIX
from uwlr_adapter.sandbox.busy import COMES_TOO_EARLY, BusyUseCase
from uwlr_adapter.sandbox.call_log import CallLog
from uwlr_adapter.sandbox.on_call import Breakage
from uwlr_adapter.sandbox.pages import make_pages
from uwlr_adapter.sandbox.sandbox_clock import SandboxClock
from uwlr_adapter.sandbox.situations import catalogue_for
from uwlr_adapter.sandbox.world import NO_CONSEQUENCE, World
from uwlr_adapter.server import worker
from uwlr_adapter.server.application import compose
from uwlr_adapter.settings import Settings
from uwlr_adapter.web.app import App
from uwlr_adapter.web.body_room import Holding
from uwlr_adapter.web.head import Head
from uwlr_adapter.web.rsgi import MAX_CHUNKS, MIN_CHUNK, RsgiApp
from uwlr_adapter.web.services import SERVICES, Service

wait = asyncio.sleep
"""How an answer waits."""
MAX_WAITING = 200
"""Answers of slow schools that wait at once (inclusive); the next one leaves without waiting. Each keeps its bytes."""
logger = logging.getLogger("uwlr_adapter.sandbox")
EXAMPLES = f"{PREFIX}/voorbeelden"
"""The path of the example answers, faults and files."""
SANDBOX_JOBS = {name: job for name, job in JOBS.items() if name != "purge"}
"""The jobs of a sandbox. Nothing is erased: the jobs go by the real clock, by which a school that the clock of the
sandbox has years back is past its term; and all its persons are invented."""
_BAD_GATEWAY = 502
_PROXY_PAGE = b"<!DOCTYPE html><html><head><title>502</title></head><body>Bad gateway</body></html>"
_SERVICES = {service.path: service for service in SERVICES}
_NOBODY = "Sandbox"
"""The klantnaam of the entries by which calls are judged: each account has koppelingen of these."""


@dataclass(slots=True)
class _WatchedProtocol:
    """The protocol of a request, which runs `before` once the body is there, and keeps the response."""

    inner: Any
    before: Callable[[bytes], Any]
    limits: Limits
    holding: Holding
    """What it holds of the room for large bodies, until the body is passed on: the service counts it then."""
    body: bytes = b""
    response: tuple[int, list[tuple[str, str]], bytes] | None = None

    async def __call__(self) -> bytes:
        """Return the whole body."""
        self.body = await self.inner()
        await self.before(self.body)
        return self.body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the body whole; of one that is too large, as much as shows that.

        Raises ValueError for more pieces than the service takes, and TijdelijkNietBeschikbaar when there is no room.
        """
        pieces: list[bytes] = []
        octets, most = 0, MAX_CHUNKS
        if self.limits.octets > MESSAGE.octets:
            most += self.limits.octets // MIN_CHUNK
        try:
            async for piece in self.inner:
                if len(pieces) >= most:
                    raise ValueError("too many chunks")
                octets += len(piece)
                pieces.append(piece)
                if octets > self.limits.octets:
                    break
                if self.limits.octets > MESSAGE.octets:
                    self.holding.add(len(piece))
            else:
                self.body = b"".join(pieces)
                await self.before(self.body)
        finally:
            self.holding.leave()
        yield self.body or b"".join(pieces)

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        """Keep the response."""
        self.response = status, headers, body


@dataclass(slots=True)
class SandboxApp:
    """An RSGI application around that of a worker."""

    inner: RsgiApp
    world: World
    calls: CallLog
    _waiting: int = 0
    """Answers that wait."""
    _large: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by the large message that is read for the page of its account: one at a time, for its memory."""

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:  # noqa: ANN401 - granian has no types for these
        """Answer one HTTP request."""
        service = _SERVICES.get(scope.path)
        if service is None or scope.method != "POST":
            await self.inner.__rsgi__(scope, protocol)
            return
        charset = _charset(scope)
        loop, consequence, call, last = asyncio.get_running_loop(), NO_CONSEQUENCE, None, 0
        COMES_TOO_EARLY.set(False)

        async def before(body: bytes) -> None:
            nonlocal call, consequence, last
            call = call_log.understood(body, charset, service)
            if call is not None:
                try:
                    consequence = await loop.run_in_executor(None, self.world.before_call, call)
                    last = await loop.run_in_executor(None, call_log.last_entry, self.world.database)
                except Exception as error:  # noqa: BLE001 - the call is answered by what is there
                    log_failure(error, logger)
                COMES_TOO_EARLY.set(consequence.is_refused)

        watched = _WatchedProtocol(protocol, before, service.limits, self.inner.holding(scope))
        await self.inner.__rsgi__(scope, watched)
        if watched.response is None:
            return
        await self._try_to_keep(watched, call, charset, last)
        watched.body, call = b"", None  # an answer that waits keeps no message
        if consequence.seconds and self._waiting < MAX_WAITING:
            self._waiting += 1
            try:
                await wait(consequence.seconds)
            finally:
                self._waiting -= 1
        status, headers, content = watched.response
        if consequence.breakage is Breakage.PAGE:
            protocol.response_bytes(_BAD_GATEWAY, [("content-type", "text/html")], _PROXY_PAGE)
        elif consequence.breakage is Breakage.HALF:
            # The Content-Length is that of the whole answer, so the server closes the connection after the half.
            await protocol.response_stream(status, headers).send_bytes(content[: len(content) // 2])
        else:
            protocol.response_bytes(status, headers, content)

    async def _try_to_keep(self, watched: _WatchedProtocol, call: Call | None, charset: str | None, last: int) -> None:
        """Keep a call as `_keep` does; a large one when there is room for it. A failure is logged."""
        try:
            if len(watched.body) <= MESSAGE.octets:
                await self._keep(watched, call, charset, last)
                return
            watched.holding.add(len(watched.body))
            async with self._large:
                await self._keep(watched, call, charset, last)
        except TijdelijkNietBeschikbaar:
            pass
        except Exception as error:  # noqa: BLE001 - the call has its answer
            log_failure(error, logger)
        finally:
            watched.holding.leave()

    async def _keep(self, watched: _WatchedProtocol, call: Call | None, charset: str | None, last: int) -> None:
        """Keep a call for the page of its account; `last` is the last entry of the journaal from before it."""
        if watched.response is None:
            return
        status, headers, body = watched.response
        limits = watched.limits
        named = {name.lower(): value for name, value in headers}
        loop = asyncio.get_running_loop()
        klantnaam = None if call is None else call.autorisatie.klantnaam
        if call is None:
            klantnaam = await loop.run_in_executor(None, call_log.named_klantnaam, watched.body, charset, limits)
        if klantnaam is not None and not self.world.is_account(klantnaam):
            klantnaam = None
        request = await loop.run_in_executor(None, call_log.masked, watched.body, charset, limits)
        kept = call_log.logged(self.world.clock(), request, call, int(status), named, body)
        if call is not None:
            told = partial(call_log.with_reason, self.world.database, kept, last)
            kept = await loop.run_in_executor(None, told)
        self.calls.keep(klantnaam, kept)

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Close the database connections: this process ends."""
        self.inner.__rsgi_del__(loop)
        self.world.database.close()


def _charset(scope: Any) -> str | None:  # noqa: ANN401 - as above
    """Return the charset that the Content-Type of a request names."""
    types = [value for name, value in scope.headers.items() if name == "content-type"]
    return Head(scope.method, "", "", content_type=",".join(types)).charset


def load(settings: Settings) -> SandboxApp:
    """Return the application of the worker process of a sandbox."""
    database = Database(settings.database_url, create=False)
    world = World(settings.data, database, ServerKeys.from_settings(settings, database), SandboxClock())
    calls = CallLog()
    inner = worker.load(settings, lambda given: compose_sandbox(given, world, calls), SANDBOX_JOBS)
    return SandboxApp(inner, world, calls)


def _busy(service: Service) -> Service:
    """Return a service that refuses the calls that come too early."""
    return service._replace(use_case=lambda *given: BusyUseCase(service.use_case(*given)))


def compose_sandbox(settings: Settings, world: World, calls: CallLog) -> tuple[App, HolderReport]:
    """Return the application, by the clock of the sandbox and with its pages, and the report of its keys."""
    app, report = compose(settings, world.clock, list(map(_busy, SERVICES)), catalogue_for(_NOBODY))
    app.mounts[EXAMPLES] = ExampleFiles(EXAMPLES)
    app.mounts[PREFIX] = make_pages(world, calls, settings.base_url)
    return app, report
