"""The WSGI environ of an RSGI request, so that both drivers share what reads requests."""

import io
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_WITHOUT_PREFIX = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}
_CONSTANT: dict[str, Any] = {
    "wsgi.version": (1, 0),
    "wsgi.multithread": True,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
    "wsgi.input": io.BytesIO(),
    "wsgi.errors": sys.stderr,
}
"""The entries that are the same for each request."""


def environ_of(scope: Any) -> "WSGIEnvironment":  # noqa: ANN401 - granian has no types for these
    """Return the environ of a request (PEP 3333), with an empty body.

    A header with an underscore in its name is left out: in the environ it would look like another header.
    """
    environ = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope.path).decode("latin-1") if "%" in scope.path else scope.path,
        "QUERY_STRING": scope.query_string,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": scope.client,
        "wsgi.url_scheme": scope.scheme,
        **_CONSTANT,
    }
    server, _, port = scope.server.rpartition(":")
    environ |= {"SERVER_NAME": server, "SERVER_PORT": port}
    for name, value in scope.headers.items():
        key = _WITHOUT_PREFIX.get(name) or "HTTP_" + name.upper().replace("-", "_")
        if "_" not in name:
            environ[key] = f"{environ[key]},{value}" if key in environ else value
    return environ
