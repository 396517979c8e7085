"""Between a caller and an endpoint: what passes is handed on unchanged, and both sides are judged.

The bytes of a message and of its answer are not touched. What belongs to one connection only (RFC 9110, 7.6.1) is not
handed on, and neither is a compression: the endpoint is asked for an answer without one.
"""

import re
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

from uwlr_adapter import outbound
from uwlr_adapter.clock import day_of, schooljaar_of
from uwlr_adapter.contract.profiles import NamedProfiel
from uwlr_adapter.kit.listening import answer_checks, incoming
from uwlr_adapter.kit.listening.incoming import Incoming
from uwlr_adapter.kit.listening.judging import judge
from uwlr_adapter.kit.listening.turn import Conversation
from uwlr_adapter.outbound import OutboundError, Permissions, Reply
from uwlr_adapter.web.response import plain

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_OF_ONE_CONNECTION = frozenset(
    {
        *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te"),
        *("trailer", "transfer-encoding", "upgrade", "expect"),
    }
)
_BREAKS = re.compile(r"[\r\n\0]")
"""Characters that would end a header: a folded value, or one that is not HTTP."""
_IN_PATH = "/:@!$&'()*+,;=~%-._"
_NOT_SENT = _OF_ONE_CONNECTION | {"host", "content-length", "accept-encoding"}
_NOT_GIVEN = _OF_ONE_CONNECTION | {"content-length", "content-encoding"}

_NOT_WHOLE = plain(HTTPStatus.BAD_REQUEST, "The body is too large, or not whole: it is not handed on.")

Send = Callable[[str, str, bytes | None, dict[str, str]], Reply]
"""Send a request (method, URL, body, headers) and return the reply. Raises OutboundError."""


def send_outbound(permissions: Permissions) -> Send:
    """Return what sends over the network."""

    def send(method: str, url: str, body: bytes | None, headers: dict[str, str]) -> Reply:
        return outbound.send(method, url, body, headers, permissions=permissions)

    return send


class Between:
    """The listener as a WSGI application; `target` is the URL of the endpoint behind it."""

    def __init__(
        self,
        conversation: Conversation,
        target: str,
        send: Send,
        profiel: NamedProfiel | None = None,
        calls: int | None = None,
    ) -> None:
        self.conversation = conversation
        parts = urlsplit(target)
        self._base, self._path = f"{parts.scheme}://{parts.netloc}", unquote(parts.path or "/", "latin-1")
        self._query = parts.query.split("&") if parts.query else []
        self._send, self._profiel, self._calls = send, profiel, calls

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Hand one HTTP request on, and its answer back."""
        asked = incoming.read(environ)
        if asked.asks_description or asked.path != self._path:  # the WSDL, what it imports, or another service
            if asked.is_large or asked.is_cut:
                return _NOT_WHOLE.send(start_response)
            return _hand_back(*self._pass_on(asked), asked.method, start_response)
        if self.is_done:
            return plain(HTTPStatus.SERVICE_UNAVAILABLE, "The run has ended.").send(start_response)
        judged = judge(asked, self._path, schooljaar_of(day_of(self.conversation.clock())))
        turn = self.conversation.begin(asked, judged)
        if asked.is_large or asked.is_cut:
            self.conversation.end(turn, asked, Reply(_NOT_WHOLE.status, _NOT_WHOLE.body, tuple(_NOT_WHOLE.headers)))
            return _NOT_WHOLE.send(start_response)
        reply, cause = self._pass_on(asked)
        reading = self.conversation.end(turn, asked, reply, cause)
        if reading is None:
            turn.answer_verdicts = answer_checks.no_answer(cause)
        else:
            turn.answer_verdicts = answer_checks.judge_answer(judged, reading, self._profiel)
        return _hand_back(reply, cause, asked.method, start_response)

    @property
    def is_done(self) -> bool:
        """Whether the calls of the run were made."""
        turns = len(self.conversation.turns)
        return turns >= (self._calls or turns + 1) or self.conversation.is_full

    def _pass_on(self, asked: Incoming) -> tuple[Reply | None, str]:
        """Send a request to the endpoint; return its reply, or None and why there is none."""
        headers = _joined(_kept(asked.headers, _NOT_SENT))
        headers["Accept-Encoding"] = "identity"
        body = asked.body if asked.body or asked.method not in {"GET", "HEAD"} else None
        try:
            reply = self._send(asked.method, self._url(asked), body, headers)
        except OutboundError as error:
            return None, str(error)
        return (reply, "") if reply.status >= HTTPStatus.OK else (None, "its status is not the last one")

    def _url(self, asked: Incoming) -> str:
        """Return the address of a request at the endpoint; what the query of the target has goes along."""
        parts = asked.head.query.split("&") if asked.head.query else []
        if asked.path == self._path:
            parts = [*(one for one in self._query if one not in parts), *parts]
        query = f"?{'&'.join(parts)}" if parts else ""
        return f"{self._base}{quote(asked.path, _IN_PATH, 'latin-1')}{query}"


def _hand_back(reply: Reply | None, cause: str, method: str, start_response: "StartResponse") -> Iterable[bytes]:
    """Give the caller the reply as it came, or a status that says that there is none."""
    head = method == "HEAD"
    if reply is None:
        return plain(HTTPStatus.BAD_GATEWAY, f"The endpoint gave no answer: {cause}.", head=head).send(start_response)
    headers = [one for one in _kept(reply.headers, _NOT_GIVEN) if not _BREAKS.search("".join(one))]
    length = reply.header("Content-Length") if head else str(len(reply.content))
    if length and _has_body(reply.status):
        headers.append(("Content-Length", length))
    start_response(f"{reply.status} {_phrase(reply.status)}", headers)
    return [] if head else [reply.content]


def _kept(headers: Iterable[tuple[str, str]], left_out: frozenset[str]) -> list[tuple[str, str]]:
    """Return the headers that are handed on: a Connection names further ones that are of one connection only."""
    named = {one.strip().lower() for name, value in headers if name.lower() == "connection" for one in value.split(",")}
    return [(name, value) for name, value in headers if name.lower() not in left_out | named]


def _joined(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return headers by name: one that is there twice has both values (RFC 9110, 5.3; of a Cookie RFC 6265, 5.4)."""
    found: dict[str, str] = {}
    for name, value in headers:
        same = next((one for one in found if one.lower() == name.lower()), name)
        joint = "; " if name.lower() == "cookie" else ", "
        found[same] = f"{found[same]}{joint}{value}" if same in found else value
    return found


def _has_body(status: int) -> bool:
    return status not in {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}


def _phrase(status: int) -> str:
    """Return the phrase of a status; those of a gateway, such as 520, have none of their own."""
    return HTTPStatus(status).phrase if status in set(HTTPStatus) else "Unknown"
