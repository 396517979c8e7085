"""What the rivals of a benchmark serve: `python benchmarks/applications.py KIND --port N [--workers N]`.

The server is that of the product (`serve.run`); only what it loads is another application.
"""

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from uwlr_adapter import journaal, worker
from uwlr_adapter.cli import serve
from uwlr_adapter.koppelingen.sleutels import Sleutelbos
from uwlr_adapter.opslag import Opslag
from uwlr_adapter.settings import Settings
from uwlr_adapter.toezicht import HEALTHZ

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

BYTES = "BENCH_BYTES"
"""The variable that names a folder of files, which the application without any work gives as they are."""

_load_product = worker.load


def without_journal(settings: Settings) -> "WSGIApplication":
    """Give the product, but nothing is written down of a call; for a benchmark only, no setting can do this."""

    def nothing(*_given: object, **_named: object) -> None:
        return None

    setattr(journaal.Schrijver, "write", nothing)  # noqa: B010 - mypy knows that a method is no field
    return _load_product(settings)


def newcomer(settings: Settings) -> "WSGIApplication":
    """Give the typed Spyne service, and beside it the path on which the server sees that it is there."""
    from newcomer import make_newcomer  # noqa: PLC0415 - Spyne is loaded by who needs it

    opslag = Opslag(settings.database_url)
    sleutels = Sleutelbos.from_settings(settings, opslag)
    opslag.close()
    service = make_newcomer(sa.create_engine(settings.database_url), sleutels)

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
        if environ["PATH_INFO"] == HEALTHZ:
            start_response("200 OK", [("Content-Length", "0")])
            return []
        return service(environ, start_response)  # type: ignore[no-any-return] # Spyne has no types

    return application


def same_bytes(_settings: Settings) -> "WSGIApplication":
    """Give files from memory, by their names; the request is not even read."""
    files = {f"/{file.name}": file.read_bytes() for file in Path(os.environ[BYTES]).glob("*.xml")}

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
        content = files.get(environ["PATH_INFO"], b"")
        start_response("200 OK", [("Content-Type", "text/xml; charset=utf-8"), ("Content-Length", str(len(content)))])
        return [content]

    return application


KINDS = {"without-journal": without_journal, "newcomer": newcomer, "same-bytes": same_bytes}


def main() -> None:
    """Serve one of them until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--workers", type=int, default=1)
    chosen = parser.parse_args()
    settings = Settings(port=chosen.port, workers=chosen.workers)
    vars(worker)["load"] = KINDS[chosen.kind]  # `run` loads it in each worker process
    serve.run(settings, lambda: sys.stderr.write(f"Serving UWLR on {settings.base_url}\n"))


if __name__ == "__main__":
    main()
