"""The RSGI driver, used by `serve`: messages are answered in the event-loop thread as long as nothing blocks.

Python runs one thread at a time anyway, and each switch between threads costs as much as a part of a request: with
sixteen threads a request took twice the processor time. So the event-loop thread judges every message that has arrived,
and one commit writes the entries of all of them. A message that would block (`db.blocking`) is judged again in a thread
of the pool; so is everything that is not a message: the portal and the metrics.

A body is awaited without occupying a thread, so that a caller who sends half of one delays nobody else.
"""

import asyncio
import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

from uwlr_adapter.contract.xml import MESSAGE
from uwlr_adapter.db.blocking import WouldBlock, nonblocking
from uwlr_adapter.errors import log_failure
from uwlr_adapter.exchange.exchange import Exchange
from uwlr_adapter.exchange.failures import own_fault
from uwlr_adapter.exchange.outcome import Outcome
from uwlr_adapter.web.app import App
from uwlr_adapter.web.body import check_whole, octets_to_read, refuse_body
from uwlr_adapter.web.endpoint import Endpoint, ReadMessage, logger
from uwlr_adapter.web.environ import environ_of
from uwlr_adapter.web.grouped_database import GroupedDatabase
from uwlr_adapter.web.health import HEALTHZ
from uwlr_adapter.web.request_record import RequestRecord, request_context
from uwlr_adapter.web.response import Response
from uwlr_adapter.web.soap.wsdl import PATH

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from uwlr_adapter.db.libpq import Row

Result = TypeVar("Result")


class RsgiApp:
    """An RSGI application around an App; `threads` is how many requests may block at once."""

    def __init__(self, app: App, threads: int) -> None:
        self.app = app
        self._endpoint = app.endpoint
        self._pool = ThreadPoolExecutor(threads, "uwlr")
        self._database_thread = ThreadPoolExecutor(1, "uwlr-database")
        self._grouped: GroupedDatabase | None = None

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:  # noqa: ANN401 - granian has no types for these
        """Answer one HTTP request."""
        environ = environ_of(scope)
        if self._endpoint is not None and self.app.exchange is not None and environ["PATH_INFO"] == PATH:
            response = await self._answer_soap(self._endpoint, self.app.exchange, environ, protocol)
        elif environ["PATH_INFO"] == HEALTHZ:
            response = self._answer_wsgi(environ)  # not in the pool: a full pool does not make the process unhealthy
        else:
            body = await _receive_body(environ, protocol)
            environ |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
            response = await self._in_thread(lambda: self._answer_wsgi(environ))
        protocol.response_bytes(response.status, response.headers, b"" if response.head else response.body)

    def __rsgi_del__(self, _loop: asyncio.AbstractEventLoop) -> None:
        """Close the database connections: this process ends."""
        if self._grouped is not None:
            self._grouped.close()
        self.app.close()

    async def _answer_soap(
        self,
        endpoint: Endpoint,
        exchange: Exchange,
        environ: "WSGIEnvironment",
        protocol: Any,  # noqa: ANN401 - as above
    ) -> Response:
        """Return the response to a request for the path of the SOAP service."""
        record = self.app.begin(environ)
        try:
            with request_context(record):
                response = endpoint.respond_without_body(environ)
            if response is None:
                wanted = octets_to_read(environ)
                body = (
                    wanted
                    if isinstance(wanted, HTTPStatus)
                    else check_whole(environ, await _receive_body(environ, protocol))
                )
                if isinstance(body, HTTPStatus):
                    response = refuse_body(body)
                else:
                    response = await self._answer_message(endpoint, exchange, environ, body, record)
            record.outcome = record.outcome or str(response.status.value)
        finally:
            self.app.finish(record)
        response.headers.extend(self.app.headers(record))
        return response

    async def _answer_message(
        self, endpoint: Endpoint, exchange: Exchange, environ: "WSGIEnvironment", body: bytes, record: RequestRecord
    ) -> Response:
        """Return the response to one message, once its journaal entry is durable."""
        if self._grouped is None:
            self._grouped = GroupedDatabase(exchange, self._database_thread)

        rows_seen: list[Row] | None = None

        def judge_again() -> Outcome:
            with request_context(record):  # parsed again as well: the first attempt may have changed the message
                return endpoint.judge(endpoint.read(environ, body), rows_seen)

        try:
            with request_context(record):
                message = endpoint.read(environ, body)
            rows_seen = await self._grouped.access_rows(message) if isinstance(message, ReadMessage) else None
            with nonblocking(), request_context(record):
                outcome = endpoint.judge(message, rows_seen)
        except WouldBlock:
            outcome = await self._in_thread(judge_again)
        outcome = await self._write_entry(self._grouped, outcome, record)
        with request_context(record):
            return endpoint.response(outcome)

    async def _write_entry(self, grouped: GroupedDatabase, outcome: Outcome, record: RequestRecord) -> Outcome:
        """Do what `Exchange.write_entry` does, in one commit with all entries that wait for it."""
        if outcome.entry is None:
            return outcome
        try:
            await grouped.write_entry(outcome.entry)
        except Exception as error:  # noqa: BLE001 - an answer whose entry is not written does not leave
            with request_context(record):
                return Outcome(None, own_fault(error))
        return outcome

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def _answer_wsgi(self, environ: "WSGIEnvironment") -> Response:
        """Return the response of the WSGI application, which keeps a record of its own."""
        started: list[tuple[int, list[tuple[str, str]]]] = []

        def start(status: str, headers: list[tuple[str, str]], _exc_info: Any = None) -> Callable[[bytes], object]:  # noqa: ANN401 - WSGI
            started.append((int(status[:3]), headers))
            return lambda _data: None

        try:
            parts = self.app(environ, start)
            content = b"".join(parts)
            if hasattr(parts, "close"):
                parts.close()
        except Exception as error:  # noqa: BLE001 - the last guard
            log_failure(error, logger)
            return Response(HTTPStatus.INTERNAL_SERVER_ERROR, [], b"")
        status, headers = started[-1]
        return Response(HTTPStatus(status), headers, content)


async def _receive_body(environ: "WSGIEnvironment", protocol: Any) -> bytes:  # noqa: ANN401 - as above
    """Return the body: all that was announced, else what arrives until it is over the limit."""
    if isinstance(octets_to_read(environ), int) and environ.get("CONTENT_LENGTH"):
        return await protocol()  # type: ignore[no-any-return] # granian has no types for this
    body = b""
    async for chunk in protocol:
        body += chunk
        if len(body) > MESSAGE.octets:
            break
    return body
