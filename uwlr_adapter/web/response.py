"""A whole HTTP response, and the two ways to make one."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse

XML_TYPE = "text/xml; charset=utf-8"
_TEXT_TYPE = "text/plain; charset=utf-8"


class Response(NamedTuple):
    """An HTTP response. `head` says that it answers HEAD, so that the body is not sent.

    `is_of_nobody` says of a fault that it refuses a caller that is not known, or one that guesses (`pace`).
    """

    status: HTTPStatus
    headers: list[tuple[str, str]]
    body: bytes
    head: bool = False
    is_of_nobody: bool = False

    def send(self, start_response: "StartResponse") -> list[bytes]:
        """Start the response as WSGI requires, and return its body."""
        start_response(f"{self.status.value} {self.status.phrase}", self.headers)
        return [] if self.head else [self.body]


def plain(status: HTTPStatus, text: str, headers: Iterable[tuple[str, str]] = (), *, head: bool = False) -> Response:
    """Return a response of one line of plain text."""
    return respond(status, _TEXT_TYPE, f"{text}\n".encode(), headers, head=head)


def respond(
    status: HTTPStatus,
    content_type: str,
    content: bytes,
    headers: Iterable[tuple[str, str]] = (),
    *,
    head: bool = False,
) -> Response:
    """Return a response with Content-Type and Content-Length before `headers`."""
    own = [("Content-Type", content_type), ("Content-Length", str(len(content)))]
    return Response(status, [*own, *headers], content, head)
