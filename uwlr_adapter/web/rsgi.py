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

from uwlr_adapter.contract.xml import BERICHT
from uwlr_adapter.db.blocking import MoetWachten, without_waiting
from uwlr_adapter.db.group_commit import Groepslus
from uwlr_adapter.db.libpq import Rij
from uwlr_adapter.db.pipeline import Pijplijn
from uwlr_adapter.db.statements import Gesteld
from uwlr_adapter.errors import log_failure
from uwlr_adapter.exchange.exchange import Dienst, own_fault
from uwlr_adapter.exchange.outcome import Uitslag
from uwlr_adapter.journaal import writer
from uwlr_adapter.journaal.model import Verzoekregel, Weigering
from uwlr_adapter.web import request_record
from uwlr_adapter.web.app import App
from uwlr_adapter.web.endpoint import Bericht, Deur, Reactie, logger, refused_body, wanted_octets, whole_body
from uwlr_adapter.web.health import HEALTHZ
from uwlr_adapter.web.request_record import Verslag
from uwlr_adapter.web.soap.wsdl import PATH

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

Regel: TypeAlias = Verzoekregel | Weigering
Result = TypeVar("Result")
_WITHOUT_PREFIX = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}


class Rsgi:
    """An RSGI application around an App; `threads` is how many requests may wait at once."""

    def __init__(self, app: App, threads: int) -> None:
        self.app = app
        self._deur = app.deur
        self._pool = ThreadPoolExecutor(threads, "uwlr")
        self._aside = ThreadPoolExecutor(1, "uwlr-database")
        self._lussen: _Lussen | None = None

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:  # noqa: ANN401 - granian has no types for these
        """Answer one HTTP request."""
        environ = _environ(scope)
        if self._deur is not None and self.app.dienst is not None and environ["PATH_INFO"] == PATH:
            reactie = await self._door(self._deur, self.app.dienst, environ, protocol)
        elif environ["PATH_INFO"] == HEALTHZ:
            reactie = self._wsgi(environ)  # at once: that the threads are all at work says nothing about the process
        else:
            body = await _body(environ, protocol)
            environ |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
            reactie = await self._in_thread(lambda: self._wsgi(environ))
        protocol.response_bytes(reactie.status, reactie.headers, b"" if reactie.head else reactie.inhoud)

    def __rsgi_del__(self, _loop: asyncio.AbstractEventLoop) -> None:
        """Let go of the database: this process ends."""
        if self._lussen is not None:
            self._lussen.close()
        self.app.close()

    async def _door(self, deur: Deur, dienst: Dienst, environ: "WSGIEnvironment", protocol: Any) -> Reactie:  # noqa: ANN401 - idem
        """Answer what comes to the address of the SOAP service."""
        found = self.app.begin(environ)
        try:
            with request_record.about(found):
                reactie = deur.without_body(environ)
            if reactie is None:
                wanted = wanted_octets(environ)
                body = wanted if isinstance(wanted, HTTPStatus) else whole_body(environ, await _body(environ, protocol))
                if isinstance(body, HTTPStatus):
                    reactie = refused_body(body)
                else:
                    reactie = await self._message(deur, dienst, environ, body, found)
            found.uitkomst = found.uitkomst or str(reactie.status.value)
        finally:
            self.app.done(found)
        reactie.headers.extend(self.app.headers(found))
        return reactie

    async def _message(
        self, deur: Deur, dienst: Dienst, environ: "WSGIEnvironment", body: bytes, found: Verslag
    ) -> Reactie:
        """Answer one message, once it is written down."""
        if self._lussen is None:
            self._lussen = _Lussen(dienst, self._aside)

        gezien: list[Rij] | None = None

        def judge() -> Uitslag:
            with request_record.about(found):  # a message is read again: who judged it may have changed it
                return deur.judge(deur.read(environ, body), gezien)

        try:
            with request_record.about(found):
                bericht = deur.read(environ, body)
            gezien = await self._lussen.look(bericht) if isinstance(bericht, Bericht) else None
            with without_waiting(), request_record.about(found):
                uitslag = deur.judge(bericht, gezien)
        except MoetWachten:
            uitslag = await self._in_thread(judge)
        uitslag = await self._written(self._lussen, uitslag, found)
        with request_record.about(found):
            return deur.reactie(uitslag)

    async def _written(self, lussen: "_Lussen", uitslag: Uitslag, found: Verslag) -> Uitslag:
        """Do what `Dienst.written` does, together with all who wait for the same commit."""
        if uitslag.regel is None:
            return uitslag
        try:
            await lussen.journaal.add(uitslag.regel)
        except Exception as error:  # noqa: BLE001 - whatever it is, what is not written down does not leave
            with request_record.about(found):
                return Uitslag(None, own_fault(error))
        return uitslag

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def _wsgi(self, environ: "WSGIEnvironment") -> Reactie:
        """Answer by way of the WSGI application, which keeps its own report."""
        held: list[tuple[int, list[tuple[str, str]]]] = []

        def start(status: str, headers: list[tuple[str, str]], _exc_info: Any = None) -> Callable[[bytes], object]:  # noqa: ANN401 - WSGI
            held.append((int(status[:3]), headers))
            return lambda _data: None

        try:
            parts = self.app(environ, start)
            inhoud = b"".join(parts)
            if hasattr(parts, "close"):
                parts.close()
        except Exception as error:  # noqa: BLE001 - the last guard
            log_failure(error, logger)
            return Reactie(HTTPStatus.INTERNAL_SERVER_ERROR, [], b"")
        status, headers = held[-1]
        return Reactie(HTTPStatus(status), headers, inhoud)


class _Lussen:
    """What the messages in one thread ask of the database together: looks at it, and lines of the journaal."""

    def __init__(self, dienst: Dienst, executor: Executor) -> None:
        self._dienst = dienst
        self._executor = executor
        self._dialect = dienst.opslag.engine.dialect
        self._kijk: Groepslus[Gesteld, list[Rij]] | None = None
        self._kijken, self._schrijven = (Pijplijn(dienst.opslag, executor) for _ in range(2))
        if dienst.opslag.is_sqlite:  # what is asked of a file is over before another thread could begin with it
            self.journaal = Groepslus(self._write_at_once)
        else:
            self._kijk = Groepslus(self._fetch)
            self.journaal = Groepslus(self._write)

    async def look(self, bericht: Bericht) -> list[Rij]:
        """Give what the database says about a message. Raises MoetWachten."""
        try:
            if self._kijk is not None:
                return await self._kijk.add(bericht.gesteld)
            with without_waiting():
                return self._dienst.opslag.look(bericht.gesteld)
        except Exception:  # noqa: BLE001 - whatever it is, it is asked again in a thread, which tells of it
            raise MoetWachten from None

    def close(self) -> None:
        """End the connections."""
        self._kijken.close()
        self._schrijven.close()

    async def _fetch(self, gesteld: Sequence[Gesteld]) -> list[list[Rij]]:
        return await self._kijken.fetch([one.step(self._dialect) for one in gesteld])

    async def _write(self, regels: Sequence[Regel]) -> list[None]:
        await self._schrijven.execute(writer.steps(regels, self._dialect))
        return [None] * len(regels)

    async def _write_at_once(self, regels: Sequence[Regel]) -> list[None]:
        """Write to a file in this thread, unless another writes: to hand it over takes as long as the commit itself."""
        work = self._dienst.schrijver.write_all
        try:
            with without_waiting():
                work(regels)
        except MoetWachten:
            await asyncio.get_running_loop().run_in_executor(self._executor, work, regels)
        return [None] * len(regels)


async def _body(environ: "WSGIEnvironment", protocol: Any) -> bytes:  # noqa: ANN401 - idem
    """Read a body: as much as was announced, or so much that it is too long."""
    if isinstance(wanted_octets(environ), int) and environ.get("CONTENT_LENGTH"):
        return await protocol()  # type: ignore[no-any-return] # granian has no types for this
    body = b""
    async for chunk in protocol:
        body += chunk
        if len(body) > BERICHT.octets:
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
