"""Call a WSGI application as a server would, with the rules of WSGI checked on both sides."""

import io
from dataclasses import dataclass
from typing import Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

from uwlr_adapter.web.app import App


def forgiving(app: App) -> App:
    """Make an application accept any number of wrong codes, for a test that is about other things."""
    for endpoint in app.endpoints.values():
        failures = endpoint.exchange.gate.failures
        failures.max_klant = failures.max_code = 1_000_000
    return app


@dataclass(frozen=True)
class Reply:
    """Reply of the application."""

    status: int
    headers: dict[str, str]
    body: bytes
    all_headers: tuple[tuple[str, str], ...] = ()


def call(
    app: Any,
    body: bytes = b"",
    *,
    method: str = "POST",
    path: str = "/uwlr/leerlinggegevens",
    query: str = "",
    content_type: str | None = "text/xml; charset=utf-8",
    **environ: str,
) -> Reply:
    """Send one request through the application."""
    env: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "CONTENT_LENGTH": str(len(body)),
        "REMOTE_ADDR": "192.0.2.1",
        "wsgi.input": io.BytesIO(body),
        **environ,
    }
    if content_type is not None:
        env["CONTENT_TYPE"] = content_type
    setup_testing_defaults(env)
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], _exc_info: Any = None) -> Any:
        started.append((status, headers))

    result = validator(app)(env, start_response)
    try:
        content = b"".join(result)
    finally:
        if hasattr(result, "close"):
            result.close()
    ((status, headers),) = started
    return Reply(int(status[:3]), dict(headers), content, tuple(headers))
