"""The applications of the rivals of a benchmark: `python benchmarks/applications.py KIND --port N [--workers N]`.

The server is that of the product (`serve.run`); only what it loads is another application.
"""

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from uwlr_adapter.db.database import Database
from uwlr_adapter.keys.server_keys import ServerKeys
from uwlr_adapter.server import serve, worker
from uwlr_adapter.settings import Settings
from uwlr_adapter.web.health import HEALTHZ
from uwlr_adapter.web.rsgi import RsgiApp

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

BYTES = "BENCH_BYTES"
"""The variable that names a folder of files, which the application without any work gives as they are."""


def without_journal(settings: Settings) -> RsgiApp:
    """Return the product, but nothing is written down of a call; for a benchmark only, no setting can do this."""

    async def write_entry(_rsgi: RsgiApp, _grouped: object, outcome: object, _record: object) -> object:
        return outcome

    setattr(RsgiApp, "_write_entry", write_entry)  # noqa: B010 - mypy knows that a method is no field
    return worker.load(settings)


def newcomer(settings: Settings) -> "WSGIApplication":
    """Return the typed Spyne service, and beside it the path on which the server sees that it is there."""
    from newcomer import make_newcomer  # noqa: PLC0415 - Spyne is loaded by who needs it

    database = Database(settings.database_url)
    server_keys = ServerKeys.from_settings(settings, database)
    database.close()
    service = make_newcomer(sa.create_engine(settings.database_url), server_keys)

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
        if environ["PATH_INFO"] == HEALTHZ:
            start_response("200 OK", [("Content-Length", "0")])
            return []
        return service(environ, start_response)  # type: ignore[no-any-return] # Spyne has no types

    return application


def _files() -> dict[str, bytes]:
    return {f"/{file.name}": file.read_bytes() for file in Path(os.environ[BYTES]).glob("*.xml")}


def same_bytes(_settings: Settings) -> Any:  # noqa: ANN401 - granian has no types for these
    """Return files from memory, by their names; the request is not even read. As the product: in one thread."""
    files, headers = _files(), [("Content-Type", "text/xml; charset=utf-8")]

    async def application(scope: Any, protocol: Any) -> None:  # noqa: ANN401 - idem
        protocol.response_bytes(200, headers, files.get(scope.path, b""))

    return application


def same_bytes_wsgi(_settings: Settings) -> "WSGIApplication":
    """Return the same in the threads of WSGI."""
    files = _files()

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
        content = files.get(environ["PATH_INFO"], b"")
        start_response("200 OK", [("Content-Type", "text/xml; charset=utf-8"), ("Content-Length", str(len(content)))])
        return [content]

    return application


KINDS = {
    "without-journal": without_journal,
    "newcomer": newcomer,
    "same-bytes": same_bytes,
    "same-bytes-wsgi": same_bytes_wsgi,
}
WSGI = frozenset({"newcomer", "same-bytes-wsgi"})


def main() -> None:
    """Serve one of them until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--workers", type=int, default=1)
    chosen = parser.parse_args()
    settings = Settings(port=chosen.port, workers=chosen.workers)
    serve.run(
        settings,
        lambda taken: sys.stderr.write(f"Serving UWLR on {taken.base_url}\n"),
        KINDS[chosen.kind],
        wsgi=chosen.kind in WSGI,
    )


if __name__ == "__main__":
    main()
