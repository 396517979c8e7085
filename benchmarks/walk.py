"""The walk of one verzoek through the package: `python benchmarks/walk.py [--show]`, or `make walk`.

It counts what a reader follows: the calls of our functions and the changes of file between them (`tracer.py`), from the
moment that the RSGI driver gets a HaalLeerlinggegevens until it hands over the response. The answer is stored and in
memory, and is sent without gzip. The application is the one that `serve` loads, in the same kind of event loop; only
granian is left out. The figures are properties of the code: what else the machine does has no influence. All records
are invented.
"""

import argparse
import asyncio
import io
import logging.config
import os
import platform
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import redirect_stderr
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import uvloop
import world
from records import brin6s, write_edexml
from servers import BACKENDS, PATH, Backend
from tracer import Tracer, Walk

import uwlr_adapter
from uwlr_adapter.server import worker
from uwlr_adapter.settings import Settings
from uwlr_adapter.web.logs import LOGGING
from uwlr_adapter.web.metrics_files import FOLDER
from uwlr_adapter.web.rsgi import RsgiApp

import spyne  # isort: skip # the package makes it importable on newer Pythons

SIZE = 250
"""Leerlingen of the school."""
WARM_UP = 12
"""Requests before the one that is traced: the first one stores the answer, the later ones find it in memory."""
SETTLE_SECONDS = 0.1
"""Time for what the event loop still does after a response, so that the next request is traced alone."""
PACKAGE = Path(uwlr_adapter.__file__).parent
LIBRARY = Path(spyne.__file__).parent
_OK = 200


class Headers:
    """The headers of a request, in the form of granian; names are in lower case."""

    def __init__(self, *pairs: tuple[str, str]) -> None:
        self._pairs = pairs

    def items(self) -> list[tuple[str, str]]:
        """Return each header with its value."""
        return list(self._pairs)

    def get(self, name: str, default: str | None = None) -> str | None:
        """Return the first value of a header."""
        return next(iter(self.get_all(name)), default)

    def get_all(self, name: str) -> list[str]:
        """Return every value of a header."""
        return [value for key, value in self._pairs if key == name]


@dataclass(frozen=True)
class Scope:
    """The head of a request, in the form of granian."""

    headers: Headers
    method: str = "POST"
    path: str = PATH
    query_string: str = ""
    http_version: str = "1.1"
    client: str = "127.0.0.1:50000"
    server: str = "127.0.0.1:8080"
    scheme: str = "http"


@dataclass
class HttpProtocol:
    """The body of a request and the receiver of its response, in the form of granian."""

    body: bytes
    on_response: Callable[[], object]
    """Called at the moment that the response is handed over."""
    status: int = 0
    response: bytes = b""

    async def __call__(self) -> bytes:
        """Return the whole body."""
        return self.body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the body in one piece."""
        yield self.body

    def response_bytes(self, status: int, _headers: list[tuple[str, str]], body: bytes) -> None:
        """Keep the response."""
        self.on_response()
        self.status, self.response = int(status), body


async def ask(app: RsgiApp, message: bytes, on_response: Callable[[], object]) -> bytes:
    """Return the answer to a message, with every leerling of the school; any other one ends the program."""
    length = str(len(message))
    headers = Headers(("host", "localhost"), ("content-type", "text/xml; charset=utf-8"), ("content-length", length))
    protocol = HttpProtocol(message, on_response)
    await app.__rsgi__(Scope(headers), protocol)
    if protocol.status != _OK or protocol.response.count(b"<leerling ") != SIZE:
        raise SystemExit(f"an answer is not what was asked for: {protocol.status}")
    return protocol.response


async def trace(app: RsgiApp, message: bytes, tracer: Tracer) -> Walk:
    """Return the walk of a message that was answered some times already, and close the application."""
    try:
        for _ in range(WARM_UP):
            stored = await ask(app, message, lambda: None)
        await asyncio.sleep(SETTLE_SECONDS)
        tracer.start()
        try:
            answer = await ask(app, message, tracer.stop)
        finally:
            tracer.stop()
    finally:
        app.__rsgi_del__(asyncio.get_running_loop())
    if answer != stored:
        raise SystemExit("an answer is not the stored one")
    return tracer.walk


def measure(backend: Backend, folder: Path) -> Walk:
    """Return the walk over an empty database, which gets a school; `folder` is for files of this run."""
    brin6 = next(brin6s())
    database = world.open_database(backend)
    world.add_afnemer(database)
    world.import_file(database, write_edexml(folder / "school.edexml", brin6, SIZE))
    world.activate(database, [brin6])
    world.tidy(database)
    database.close()
    tracer = Tracer(PACKAGE, LIBRARY)
    tracer.watch_new_threads()  # before the application starts its own
    try:
        with mock.patch.dict(os.environ, backend.environment | {FOLDER: str(folder)}, clear=True):
            app = worker.load(Settings())
            return uvloop.run(trace(app, world.fetch_message(brin6).encode(), tracer))
    finally:
        threading.setprofile(None)


def measure_all() -> dict[str, Walk]:
    """Return the walk over each database. The log is written as `serve` does, and shown only when a run fails."""
    log = io.StringIO()
    with redirect_stderr(log):
        logging.config.dictConfig(LOGGING)
    found = {}
    try:
        for kind, make in BACKENDS.items():
            with make() as backend, tempfile.TemporaryDirectory(prefix="uwlr-bench-") as folder:
                found[kind] = measure(backend, Path(folder))
    except BaseException:
        sys.stderr.write(log.getvalue())
        raise
    return found


def show_figures(walks: dict[str, Walk]) -> None:
    """Print the table."""
    print(f"{'':10}  calls  in other threads  changes of file  functions  files  stays in Spyne")
    for kind, walk in walks.items():
        print(
            f"{kind:10}  {len(walk.calls):5}  {walk.elsewhere:16}  {walk.changes:15}  {walk.functions:9}  "
            f"{walk.files:5}  {walk.stays:14}"
        )


def show_walk(walk: Walk) -> None:
    """Print every call, indented by its depth, and each call with which a stay in Spyne begins."""
    for step in walk.steps:
        folder = LIBRARY.parent if step.is_stay else PACKAGE.parent
        file = Path(step.code.co_filename).relative_to(folder)
        thread = "" if step.thread == walk.thread else "  (another thread)"
        print(f"{'  ' * step.depth}{'-> ' if step.is_stay else ''}{file}  {step.code.co_qualname}{thread}")


def excess(walk: Walk, max_calls: int | None, max_changes: int | None) -> list[str]:
    """Return a text for each figure over its bound, which is inclusive; None is no bound."""
    figures = (("calls", len(walk.calls), max_calls), ("changes of file", walk.changes, max_changes))
    return [
        f"{figure} {what}, more than {bound}" for what, figure, bound in figures if bound is not None and figure > bound
    ]


def main() -> int:
    """Print the figures; return 1 when one of them is over its bound."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--show", action="store_true", help="print every call as well")
    parser.add_argument("--max-calls", type=int, metavar="N", help="fail when a walk has more than N calls")
    parser.add_argument("--max-changes", type=int, metavar="N", help="fail when a walk has more than N changes of file")
    chosen = parser.parse_args()
    walks = measure_all()
    print(f"Python {platform.python_version()}; one HaalLeerlinggegevens of {SIZE} leerlingen, stored and in memory\n")
    show_figures(walks)
    for kind, walk in walks.items() if chosen.show else ():
        print(f"\n{kind}")
        show_walk(walk)
    found = [f"{kind}: {text}" for kind in walks for text in excess(walks[kind], chosen.max_calls, chosen.max_changes)]
    print("".join(f"\n{line}" for line in found), end="\n" if found else "")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
