"""CPU of each hostile request beside a good one: `python benchmarks/hostile.py [--quick]`, or `make bench-hostile`.

A good request is a HaalLeerlinggegevens whose answer is stored and in memory. The application is the one that `serve`
loads, over SQLite, in the same kind of event loop; only granian is left out. Each hostile request is sent in turn with
a good one, alone, and the CPU time is that of all threads of this process. All records are invented.
"""

import argparse
import asyncio
import io
import ipaddress
import logging.config
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import redirect_stderr
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from unittest import mock

import uvloop
import world
from hostile_requests import HostileRequest, all_requests
from records import brin6s, write_edexml
from servers import BACKENDS, Backend
from walk import SIZE, Headers, HttpProtocol, Scope, ask

from uwlr_adapter.server import worker
from uwlr_adapter.settings import Settings
from uwlr_adapter.web.logs import LOGGING
from uwlr_adapter.web.metrics_files import FOLDER
from uwlr_adapter.web.rsgi import RsgiApp

ROUNDS, QUICK_ROUNDS = 200, 5
WARM_UP = 20
CEILING = 5.0
"""Good requests that a hostile one may cost, inclusive."""
ADDRESSES = ipaddress.IPv4Network("198.18.0.0/15")
"""Where the hostile requests come from, each from the next one: not this machine, which may see more, and not twice
from one source, whose answers would be sent later and later."""


@dataclass(frozen=True)
class Cost:
    """The medians of one kind: microseconds of CPU of a hostile and of a good request, measured in turn."""

    name: str
    status: int
    hostile: float
    good: float

    @property
    def ratio(self) -> float:
        """The good requests that take as long."""
        return self.hostile / self.good

    def __str__(self) -> str:
        """Write a row of the table."""
        over = "   <- too many" if self.ratio > CEILING else ""
        return f"{self.name[:62]:62}  {self.status}  {self.hostile:10,.0f}  {self.good:10,.0f}  {self.ratio:6.2f}{over}"


async def send(app: RsgiApp, request: HostileRequest, address: object) -> int:
    """Send a hostile request from an address and return the status of its answer."""
    named = {name for name, _ in request.headers}
    more = [] if named & {"content-length", "transfer-encoding"} else [("content-length", str(len(request.body)))]
    more += [] if "host" in named else [("host", "localhost")]
    protocol = HttpProtocol(request.body, lambda: None)
    client = f"{address}:50000"
    scope = Scope(Headers(*request.headers, *more), request.method, request.path, request.query, client=client)
    await app.__rsgi__(scope, protocol)
    return protocol.status


async def measure_kind(app: RsgiApp, request: HostileRequest, good: bytes, addresses: Iterable[object]) -> Cost:
    """Return the cost of a hostile request, which is sent once from each address."""
    hostile, friendly, status = [], [], 0
    for address in addresses:
        before = time.process_time_ns()
        await ask(app, good, lambda: None)
        between = time.process_time_ns()
        status = await send(app, request, address)
        hostile.append(time.process_time_ns() - between)
        friendly.append(between - before)
    return Cost(request.name, status, statistics.median(hostile) / 1000, statistics.median(friendly) / 1000)


async def measure_all(app: RsgiApp, message: str, rounds: int, only: str) -> list[Cost]:
    """Return the cost of every kind with a text in its name, print each, and close the application."""
    good, found, addresses = message.encode(), [], iter(ADDRESSES)
    try:
        for _ in range(WARM_UP):
            await ask(app, good, lambda: None)
        for request in all_requests(message):
            if only in request.name:
                found.append(await measure_kind(app, request, good, islice(addresses, rounds)))
                print(found[-1], flush=True)
    finally:
        app.__rsgi_del__(asyncio.get_running_loop())
    return found


def measure(backend: Backend, folder: Path, rounds: int, only: str) -> list[Cost]:
    """Return the costs over an empty database, which gets a school."""
    brin6 = next(brin6s())
    database = world.open_database(backend)
    world.add_afnemer(database)
    world.import_file(database, write_edexml(folder / "school.edexml", brin6, SIZE))
    world.activate(database, [brin6])
    database.close()
    with mock.patch.dict(os.environ, backend.environment | {FOLDER: str(folder)}, clear=True):
        return uvloop.run(measure_all(worker.load(Settings()), world.fetch_message(brin6), rounds, only))


def show_log(log: str, requests: int) -> None:
    """Print how much was logged, of which nothing is shown."""
    lines = log.splitlines()
    longest = max(map(len, lines), default=0)
    print(f"\nlog: {len(lines):,} lines for {requests:,} requests, the longest of {longest} characters")


def main() -> int:
    """Print the table; return 1 when a kind is over the ceiling."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_ROUNDS} rounds: shows that everything works")
    parser.add_argument(
        "--only", default="", metavar="TEXT", help="measure only the kinds with this text in their name"
    )
    chosen = parser.parse_args()
    rounds, log = QUICK_ROUNDS if chosen.quick else ROUNDS, io.StringIO()
    with redirect_stderr(log):
        logging.config.dictConfig(LOGGING)
    print(f"Python {platform.python_version()}; medians of {rounds}, microseconds of CPU\n")
    print(f"{'request':62}  HTTP     hostile        good   ratio")
    with BACKENDS["sqlite"]() as backend, tempfile.TemporaryDirectory(prefix="uwlr-bench-") as folder:
        costs = measure(backend, Path(folder), rounds, chosen.only)
    over = [cost for cost in costs if cost.ratio > CEILING]
    show_log(log.getvalue(), 2 * rounds * len(costs) + WARM_UP)
    print(f"{len(costs)} kinds; {len(over)} cost more than {CEILING:g} good requests")
    return int(bool(over))


if __name__ == "__main__":
    sys.exit(main())
