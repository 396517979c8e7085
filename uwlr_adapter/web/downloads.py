"""Downloads: fixed bytes with a strong ETag, and where it has one, the moment of their last change."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from http import HTTPStatus
from typing import TYPE_CHECKING

from werkzeug.http import http_date, is_resource_modified

from uwlr_adapter.web.bounds import MAX_CONDITION
from uwlr_adapter.web.request_record import annotate
from uwlr_adapter.web.response import Response, plain, respond

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_METHODS = ("GET", "HEAD")


@dataclass(frozen=True, slots=True)
class Download:
    """Bytes to download. `headers` go with them, and with the answer that they did not change."""

    content: bytes
    content_type: str
    changed: datetime | None = None
    headers: tuple[tuple[str, str], ...] = ()
    etag: str = field(init=False)

    def __post_init__(self) -> None:
        """Compute the ETag: it is that of the bytes, so that equal bytes of two processes have one."""
        object.__setattr__(self, "etag", f'"{sha256(self.content).hexdigest()[:32]}"')

    def answer(self, method: str, none_match: str, modified_since: str) -> Response:
        """Return the response to a GET or HEAD with the headers If-None-Match and If-Modified-Since; "" for none.

        Neither is read when one has more than MAX_CONDITION characters.
        """
        headers = [("ETag", self.etag), *self.headers, ("Cache-Control", "no-cache")]
        if self.changed is not None:
            headers.insert(1, ("Last-Modified", http_date(self.changed)))
        conditions = {"HTTP_IF_NONE_MATCH": none_match, "HTTP_IF_MODIFIED_SINCE": modified_since}
        is_read = all(len(value) <= MAX_CONDITION for value in conditions.values())
        if is_read and not is_resource_modified(conditions, self.etag, last_modified=self.changed):
            return Response(HTTPStatus.NOT_MODIFIED, headers, b"")
        return respond(HTTPStatus.OK, self.content_type, self.content, headers, head=method == "HEAD")


class DownloadApp:
    """A download as a WSGI application; `make` makes it once. `operation` names its requests in log and metrics."""

    def __init__(self, make: Callable[[], Download], operation: str) -> None:
        self._make, self._operation = make, operation
        self._made: Download | None = None

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one HTTP request."""
        annotate(operation=self._operation)
        method = environ["REQUEST_METHOD"]
        if method not in _METHODS:
            allowed = [("Allow", ", ".join(_METHODS))]
            return plain(HTTPStatus.METHOD_NOT_ALLOWED, "Dit is alleen te lezen.", allowed).send(start_response)
        if self._made is None:
            self._made = self._make()
        conditions = (environ.get(name, "") for name in ("HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE"))
        return self._made.answer(method, *conditions).send(start_response)
