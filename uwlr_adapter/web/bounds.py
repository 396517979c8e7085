"""Row 1 for every path that is no SOAP service: bounds on the parts of a head that are parsed.

Parsing a query or a cookie of 16 kB takes as long as tens of good requests. A header that nothing parses has no bound
here: `head.HEAD_OCTETS` bounds them all.
"""

from http import HTTPStatus
from typing import TYPE_CHECKING

from uwlr_adapter.web.head import MAX_CONTENT_TYPE, NO_HOST
from uwlr_adapter.web.response import Response, plain

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

MAX_PATH = 1024
"""Characters of a path and of a query, inclusive; the longest of the portal is a search in the journaal, of 150."""
MAX_ANSWER = 4 * 1024
"""Characters of the query with which a browser comes back from a provider, inclusive: a code may have some 2,000."""
MAX_FIELDS = 50
"""Fields of a query, a form or a cookie, inclusive."""
MAX_COOKIE = 8 * 1024
"""Characters of all cookies, inclusive: ours, and those of other applications on the same name."""
MAX_CONDITION = 256
"""Characters of a header that a static file depends on, inclusive; one ETag is 40."""
_LONGEST = {
    "CONTENT_TYPE": MAX_CONTENT_TYPE,
    "HTTP_HOST": 256,
    "HTTP_COOKIE": MAX_COOKIE,
    "HTTP_RANGE": MAX_CONDITION,
    "HTTP_IF_RANGE": MAX_CONDITION,
    "HTTP_IF_MATCH": MAX_CONDITION,
    "HTTP_IF_NONE_MATCH": MAX_CONDITION,
    "HTTP_IF_MODIFIED_SINCE": MAX_CONDITION,
    "HTTP_IF_UNMODIFIED_SINCE": MAX_CONDITION,
}


def refusal(environ: "WSGIEnvironment", answer_path: str | None = None) -> Response | None:
    """Return the response to a request whose head passes a bound; None for any other. Nothing is parsed.

    `answer_path` is where browsers come back from a provider.
    """
    path, query, cookie = (environ.get(name, "") for name in ("PATH_INFO", "QUERY_STRING", "HTTP_COOKIE"))
    host = environ.get("HTTP_HOST", "")
    if environ.get("SERVER_PROTOCOL") == "HTTP/1.1" and (not host or "," in host):
        return plain(HTTPStatus.BAD_REQUEST, NO_HOST)
    max_query = MAX_ANSWER if path == answer_path else MAX_PATH
    if len(path) > MAX_PATH or len(query) > max_query or query.count("&") >= MAX_FIELDS:
        return plain(HTTPStatus.REQUEST_URI_TOO_LONG, "Dit adres is te lang.")
    if cookie.count(";") >= MAX_FIELDS or any(len(environ.get(name, "")) > most for name, most in _LONGEST.items()):
        return plain(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "Een header van dit verzoek is te lang.")
    return None
