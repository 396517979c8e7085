"""The service as `serve` runs it: every message in one thread, as long as nothing has to be waited for.

Python computes in one thread at a time anyway, and each change of threads costs as much as a part of a request: with
sixteen threads a request took twice the processor time. So one thread, that of the event loop, takes every message that
has come in, and one commit writes down all that it judged meanwhile. A message that needs more than what is at hand
(`wachten`) is done again in a thread of its own, and so is everything that is no message: the portal and the figures.

A body is waited for without holding a thread, so that a caller who sends half of one keeps nobody else waiting.
"""

import asyncio
import io
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar
from urllib.parse import unquote_to_bytes

from uwlr_adapter.contract.xml import MESSAGE
from uwlr_adapter.db.blocking import WouldBlock, nonblocking
from uwlr_adapter.db.group_commit import LoopGroup
from uwlr_adapter.db.libpq import Row
from uwlr_adapter.db.pipeline import Pipeline
from uwlr_adapter.db.statements import Query
from uwlr_adapter.errors import log_failure
from uwlr_adapter.exchange.exchange import Exchange, own_fault
from uwlr_adapter.exchange.outcome import Outcome
from uwlr_adapter.journaal import writer
from uwlr_adapter.journaal.model import Refusal, VerzoekEntry
from uwlr_adapter.web import request_record
from uwlr_adapter.web.app import App
from uwlr_adapter.web.endpoint import Endpoint, ReadMessage, Response, logger, refused_body, wanted_octets, whole_body
from uwlr_adapter.web.health import HEALTHZ
from uwlr_adapter.web.request_record import RequestRecord
from uwlr_adapter.web.soap.wsdl import PATH

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

JournaalItem: TypeAlias = VerzoekEntry | Refusal
Result = TypeVar("Result")
_WITHOUT_PREFIX = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}


class RsgiApp:
    """An RSGI application around an App; `threads` is how many requests may wait at once."""

    def __init__(self, app: App, threads: int) -> None:
        self.app = app
        self._endpoint = app.endpoint
        self._pool = ThreadPoolExecutor(threads, "uwlr")
        self._aside = ThreadPoolExecutor(1, "uwlr-database")
        self._loops: _DatabaseLoops | None = None

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:  # noqa: ANN401 - granian has no types for these
        """Answer one HTTP request."""
        environ = _environ(scope)
        if self._endpoint is not None and self.app.exchange is not None and environ["PATH_INFO"] == PATH:
            response = await self._soap(self._endpoint, self.app.exchange, environ, protocol)
        elif environ["PATH_INFO"] == HEALTHZ:
            response = self._wsgi(environ)  # at once: that the threads are all at work says nothing about the process
        else:
            body = await _body(environ, protocol)
            environ |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
            response = await self._in_thread(lambda: self._wsgi(environ))
        protocol.response_bytes(response.status, response.headers, b"" if response.head else response.body)

    def __rsgi_del__(self, _loop: asyncio.AbstractEventLoop) -> None:
        """Let go of the database: this process ends."""
        if self._loops is not None:
            self._loops.close()
        self.app.close()

    async def _soap(
        self,
        endpoint: Endpoint,
        exchange: Exchange,
        environ: "WSGIEnvironment",
        protocol: Any,  # noqa: ANN401 - as above
    ) -> Response:
        """Answer what comes to the address of the SOAP service."""
        found = self.app.begin(environ)
        try:
            with request_record.about(found):
                response = endpoint.without_body(environ)
            if response is None:
                wanted = wanted_octets(environ)
                body = wanted if isinstance(wanted, HTTPStatus) else whole_body(environ, await _body(environ, protocol))
                if isinstance(body, HTTPStatus):
                    response = refused_body(body)
                else:
                    response = await self._message(endpoint, exchange, environ, body, found)
            found.outcome = found.outcome or str(response.status.value)
        finally:
            self.app.done(found)
        response.headers.extend(self.app.headers(found))
        return response

    async def _message(
        self, endpoint: Endpoint, exchange: Exchange, environ: "WSGIEnvironment", body: bytes, found: RequestRecord
    ) -> Response:
        """Answer one message, once it is written down."""
        if self._loops is None:
            self._loops = _DatabaseLoops(exchange, self._aside)

        rows_seen: list[Row] | None = None

        def judge() -> Outcome:
            with request_record.about(found):  # a message is read again: who judged it may have changed it
                return endpoint.judge(endpoint.read(environ, body), rows_seen)

        try:
            with request_record.about(found):
                message = endpoint.read(environ, body)
            rows_seen = await self._loops.look(message) if isinstance(message, ReadMessage) else None
            with nonblocking(), request_record.about(found):
                outcome = endpoint.judge(message, rows_seen)
        except WouldBlock:
            outcome = await self._in_thread(judge)
        outcome = await self._written(self._loops, outcome, found)
        with request_record.about(found):
            return endpoint.response(outcome)

    async def _written(self, loops: "_DatabaseLoops", outcome: Outcome, found: RequestRecord) -> Outcome:
        """Do what `Exchange.written` does, together with all who wait for the same commit."""
        if outcome.entry is None:
            return outcome
        try:
            await loops.journaal.add(outcome.entry)
        except Exception as error:  # noqa: BLE001 - whatever it is, what is not written down does not leave
            with request_record.about(found):
                return Outcome(None, own_fault(error))
        return outcome

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def _wsgi(self, environ: "WSGIEnvironment") -> Response:
        """Answer by way of the WSGI application, which keeps its own report."""
        held: list[tuple[int, list[tuple[str, str]]]] = []

        def start(status: str, headers: list[tuple[str, str]], _exc_info: Any = None) -> Callable[[bytes], object]:  # noqa: ANN401 - WSGI
            held.append((int(status[:3]), headers))
            return lambda _data: None

        try:
            parts = self.app(environ, start)
            content = b"".join(parts)
            if hasattr(parts, "close"):
                parts.close()
        except Exception as error:  # noqa: BLE001 - the last guard
            log_failure(error, logger)
            return Response(HTTPStatus.INTERNAL_SERVER_ERROR, [], b"")
        status, headers = held[-1]
        return Response(HTTPStatus(status), headers, content)


class _DatabaseLoops:
    """What the messages in one thread ask of the database together: looks at it, and lines of the journaal."""

    def __init__(self, exchange: Exchange, executor: Executor) -> None:
        self._exchange = exchange
        self._executor = executor
        self._dialect = exchange.database.engine.dialect
        self._look_group: LoopGroup[Query, list[Row]] | None = None
        self._look_pipeline, self._write_pipeline = (Pipeline(exchange.database, executor) for _ in range(2))
        if exchange.database.is_sqlite:  # what is asked of a file is over before another thread could begin with it
            self.journaal = LoopGroup(self._write_at_once)
        else:
            self._look_group = LoopGroup(self._fetch)
            self.journaal = LoopGroup(self._write)

    async def look(self, message: ReadMessage) -> list[Row]:
        """Give what the database says about a message. Raises WouldBlock."""
        try:
            if self._look_group is not None:
                return await self._look_group.add(message.query)
            with nonblocking():
                return self._exchange.database.look(message.query)
        except Exception:  # noqa: BLE001 - whatever it is, it is asked again in a thread, which tells of it
            raise WouldBlock from None

    def close(self) -> None:
        """End the connections."""
        self._look_pipeline.close()
        self._write_pipeline.close()

    async def _fetch(self, query: Sequence[Query]) -> list[list[Row]]:
        return await self._look_pipeline.fetch([one.step(self._dialect) for one in query])

    async def _write(self, items: Sequence[JournaalItem]) -> list[None]:
        await self._write_pipeline.execute(writer.insert_steps(items, self._dialect))
        return [None] * len(items)

    async def _write_at_once(self, items: Sequence[JournaalItem]) -> list[None]:
        """Write to a file in this thread, unless another writes: to hand it over takes as long as the commit itself."""
        work = self._exchange.journaal.write_all
        try:
            with nonblocking():
                work(items)
        except WouldBlock:
            await asyncio.get_running_loop().run_in_executor(self._executor, work, items)
        return [None] * len(items)


async def _body(environ: "WSGIEnvironment", protocol: Any) -> bytes:  # noqa: ANN401 - idem
    """Read a body: as much as was announced, or so much that it is too long."""
    if isinstance(wanted_octets(environ), int) and environ.get("CONTENT_LENGTH"):
        return await protocol()  # type: ignore[no-any-return] # granian has no types for this
    body = b""
    async for chunk in protocol:
        body += chunk
        if len(body) > MESSAGE.octets:
            break
    return body


def _environ(scope: Any) -> "WSGIEnvironment":  # noqa: ANN401 - idem
    """Give a request as WSGI has it (PEP 3333). A header whose name has an underscore is nobody's: it is left out."""
    environ = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope.path).decode("latin-1") if "%" in scope.path else scope.path,
        "QUERY_STRING": scope.query_string,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": scope.client,
        "wsgi.url_scheme": scope.scheme,
        **_ALIKE,
    }
    server, _, port = scope.server.rpartition(":")
    environ |= {"SERVER_NAME": server, "SERVER_PORT": port}
    for naam, value in scope.headers.items():
        key = _WITHOUT_PREFIX.get(naam) or "HTTP_" + naam.upper().replace("-", "_")
        if "_" not in naam:
            environ[key] = f"{environ[key]},{value}" if key in environ else value
    return environ


_ALIKE: dict[str, Any] = {
    "wsgi.version": (1, 0),
    "wsgi.multithread": True,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
    "wsgi.input": io.BytesIO(),
    "wsgi.errors": sys.stderr,
}
"""What is the same in each request."""
