"""The WSGI driver: does what each step of a request to an endpoint says, in the thread of the request."""

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, assert_never

from uwlr_adapter.contract.fault import TijdelijkNietBeschikbaar
from uwlr_adapter.exchange.work import JudgeResults
from uwlr_adapter.web.endpoint import Ask, Do, Endpoint, Fetch, ReadBody, SoapRequest, Step, Write
from uwlr_adapter.web.head import HEADERS, Head
from uwlr_adapter.web.request_record import RequestRecord, current_record
from uwlr_adapter.web.response import Response
from uwlr_adapter.web.turns import RETRY_AFTER, TURN_SECONDS

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


PLACES = 4
"""Threads that may judge a message with results or wait for that (inclusive): the others go on answering fetches."""


def _variable(header: str) -> str:
    """Return the name of a header in the environ (PEP 3333)."""
    name = header.upper().replace("-", "_")
    return name if header in {"content-type", "content-length"} else f"HTTP_{name}"


_FIELDS = {_variable(name): field for name, field in HEADERS.items()}


class EndpointApp:
    """An endpoint as a WSGI application."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._turn = threading.Lock()
        """Held by the request that judges and takes results: one at a time."""
        self._places = threading.BoundedSemaphore(PLACES)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one HTTP request."""
        request = SoapRequest(self._endpoint, head_of(environ), current_record() or RequestRecord())
        step: Step = request.start()
        has_turn = False
        try:
            while not isinstance(step, Response):
                try:
                    if isinstance(step, Do) and isinstance(step.work, JudgeResults) and not has_turn:
                        has_turn = self._begin_turn()
                    step = self._next(request, step, environ)
                except Exception as error:  # noqa: BLE001 - the caller gets a fault for any exception
                    step = request.failed(error)
        finally:
            if has_turn:
                self._turn.release()
                self._places.release()
        return step.send(start_response)

    def _begin_turn(self) -> bool:
        """Wait for the turn, and return True. Raises TijdelijkNietBeschikbaar."""
        if not self._places.acquire(blocking=False):
            raise TijdelijkNietBeschikbaar(RETRY_AFTER)
        if not self._turn.acquire(timeout=TURN_SECONDS):
            self._places.release()
            raise TijdelijkNietBeschikbaar(RETRY_AFTER)
        return True

    def _next(
        self, request: SoapRequest, step: ReadBody | Ask | Fetch | Do | Write, environ: "WSGIEnvironment"
    ) -> Step:
        exchange = self._endpoint.exchange
        match step:
            case ReadBody():
                return request.body(_read(environ, step.octets))
            case Ask():
                return request.rows(exchange.database.look(step.query))
            case Fetch():
                return request.loaded(exchange.database.look(step.query))
            case Do():
                return request.done(exchange.use_case.do(step.work))
            case Write():
                return request.written(is_written=exchange.write(step.outcome))
            case _:
                assert_never(step)


def head_of(environ: "WSGIEnvironment") -> Head:
    """Return the head of a WSGI request."""
    return Head(
        method=environ["REQUEST_METHOD"],
        query=environ.get("QUERY_STRING", ""),
        peer=environ.get("REMOTE_ADDR", ""),
        version=environ.get("SERVER_PROTOCOL", "").removeprefix("HTTP/"),
        **{field: environ.get(variable, "") for variable, field in _FIELDS.items()},
    )


def _read(environ: "WSGIEnvironment", octets: int) -> bytes:
    """Return at most so many bytes of the body. Raises what the server raises when it breaks off."""
    content = b""
    while len(content) < octets and (chunk := environ["wsgi.input"].read(octets - len(content))):
        content += chunk
    return content
