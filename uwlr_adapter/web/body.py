"""The body of a request: its announced length, its limit, and whether it arrived whole."""

from email.message import Message
from http import HTTPStatus
from typing import TYPE_CHECKING

from uwlr_adapter.contract.xml import MESSAGE, NOT_WELL_FORMED, XmlError, parse
from uwlr_adapter.web.response import XML_TYPE, Response, plain

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_MAX_LENGTH_DIGITS = 18
"""Most digits of a Content-Length that is converted to a number; a longer one is over the limit anyway."""
_REFUSALS = {
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: f"Het bericht is groter dan {MESSAGE.octets // 1024} kB.",
    HTTPStatus.BAD_REQUEST: "Het bericht kwam niet heel over.",
}


def read_body(environ: "WSGIEnvironment") -> bytes | HTTPStatus:
    """Return the body of a WSGI request, with a Content-Length or chunked; or the status with which it is refused."""
    wanted = octets_to_read(environ)
    if isinstance(wanted, HTTPStatus):
        return wanted
    body = b""
    try:
        while len(body) < wanted and (chunk := environ["wsgi.input"].read(wanted - len(body))):
            body += chunk
    except (OSError, ValueError, RuntimeError):
        return HTTPStatus.BAD_REQUEST
    return check_whole(environ, body)


def octets_to_read(environ: "WSGIEnvironment") -> int | HTTPStatus:
    """Return how many bytes of the body to read, or the status with which it is refused unread.

    It is the announced Content-Length, at most MESSAGE.octets; without one it is one more than that limit, so that a
    body over the limit is noticed.
    """
    announced = environ.get("CONTENT_LENGTH", "")
    if announced and not (announced.isascii() and announced.isdigit()):
        return HTTPStatus.BAD_REQUEST
    if len(announced) > _MAX_LENGTH_DIGITS or (announced and int(announced) > MESSAGE.octets):
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    return int(announced) if announced else MESSAGE.octets + 1


def check_whole(environ: "WSGIEnvironment", body: bytes) -> bytes | HTTPStatus:
    """Return a body that was read to its end, or the status that refuses one that is too long or cut off."""
    if len(body) > MESSAGE.octets:
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    announced = environ.get("CONTENT_LENGTH", "")
    chunked = "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower()
    if announced:
        return body if len(body) == int(announced) else HTTPStatus.BAD_REQUEST
    return HTTPStatus.BAD_REQUEST if chunked and _is_cut_off(body, charset_of(environ)) else body


def refuse_body(status: HTTPStatus) -> Response:
    """Return the response that says why a body is refused."""
    return plain(status, _REFUSALS[status])


def charset_of(environ: "WSGIEnvironment") -> str | None:
    """Return the charset of the Content-Type, in lower case; None if it names none."""
    content_type = environ.get("CONTENT_TYPE", "")
    if content_type == XML_TYPE:
        return "utf-8"
    header = Message()
    header["Content-Type"] = content_type
    return header.get_content_charset()


def _is_cut_off(body: bytes, charset: str | None) -> bool:
    """Return whether a chunked body stopped half-way.

    Granian ends a body at a malformed chunk without an error, so that only the XML shows it.
    """
    try:
        parse(body, MESSAGE, charset)
    except XmlError as error:
        return error.reason == NOT_WELL_FORMED
    return False
