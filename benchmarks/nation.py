"""The nation: `python benchmarks/nation.py [--schools N]`, or `make bench-nation`.

Some 6,600 schools with 1.4 million leerlingen are made as EDEXML files (invented; sizes log-normal with a mean of 212,
from 20 to 1,500), imported into PostgreSQL by `uwlr-adapter import edexml` in two processes, and fetched by one vendor
over 16 connections that are kept alive, without gzip. The koppelingen are activated by the product's own act, all in
one transaction: that is not what is measured. Every answer is looked at: its status, and that it has as many leerlingen
as the school.
"""

import argparse
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import psutil
import sqlalchemy as sa
import world
from load import CONNECTIONS, Answer, fetch_all
from records import brin6s, write_edexml
from servers import Backend, Server, cpu_of, memory_of, ours, postgresql

from uwlr_adapter.db.database import Database

SCHOOLS = 6600
MEAN, SMALLEST, LARGEST = 212, 20, 1500
SIGMA = 0.6
"""Of the log-normal sizes: most schools have 80 to 400 leerlingen."""
MU = 5.175
"""Of the same: with SIGMA, and after the cut at both ends, the mean is 212."""
PROCESSES = WORKERS = 2
CHANGED = 0.01
IMPORT_RATE = 10_000
"""Leerlingen a second that the import must reach on two cores."""
FETCH_SECONDS, ASK_SECONDS = 15, 6
"""In which the nation must be fetched, and hear that nothing changed."""
_HALF_SECOND = 0.5
_DATE = re.compile(rb"<aanmaakdatum>([^<]+)<")
_FREE_PER_SCHOOL = 2 * 2**20
"""Bytes of disk that a school needs at most: its file, its rows, its answer, and the log of the database."""


@dataclass
class Nation:
    """The schools of a run: the size and file of each, and since when the vendor has its data."""

    sizes: dict[str, int]
    folder: Path
    since: dict[str, str] = field(default_factory=dict)

    @property
    def leerlingen(self) -> int:
        """How many there are."""
        return sum(self.sizes.values())

    def file(self, brin6: str) -> Path:
        """Return the file of a school."""
        return self.folder / f"{brin6}.xml"


@dataclass
class Outcome:
    """Result of one fetch of all schools."""

    data: int = 0
    geenwijzigingen: int = 0
    errors: int = 0
    octets: int = 0
    slowest: float = 0.0


def sizes(count: int) -> Iterator[int]:
    """Yield the sizes of schools; the same ones each time."""
    chance = random.Random(6600)  # noqa: S311 - invented schools, no secret
    for _ in range(count):
        yield min(max(round(chance.lognormvariate(MU, SIGMA)), SMALLEST), LARGEST)


def make(folder: Path, count: int) -> Nation:
    """Write a file for each school."""
    nation = Nation(dict(zip(islice(brin6s(), count), sizes(count), strict=True)), folder)
    for brin6, size in nation.sizes.items():
        write_edexml(nation.file(brin6), brin6, size)
    return nation


def import_all(backend: Backend, nation: Nation, brin6s: Sequence[str]) -> None:
    """Import files with the command, in processes that each take a part of them."""
    parts = [[f"{brin6}.xml" for brin6 in brin6s[number::PROCESSES]] for number in range(PROCESSES)]
    _run(backend, nation, [["edexml", *part] for part in parts if part])


def start_up(backend: Backend, nation: Nation) -> float:
    """Return the seconds that as many processes need to load what imports, a large part of importing a few schools."""
    started = time.perf_counter()
    _run(backend, nation, [["edexml", "--help"]] * PROCESSES)
    return time.perf_counter() - started


def _run(backend: Backend, nation: Nation, commands: Sequence[Sequence[str]]) -> None:
    """Run `uwlr-adapter import` with these arguments, all at once."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "uwlr_adapter", "import", *arguments],
            cwd=nation.folder,
            env=backend.environment,
            stdout=subprocess.DEVNULL,
        )
        for arguments in commands
    ]
    if failed := [process.args for process in processes if process.wait()]:
        raise SystemExit(f"{len(failed)} of the imports failed")


def fetch(server: Server, nation: Nation) -> Outcome:
    """Fetch every school once, as the vendor that has what `nation.sinds` says; keeps since when it has it now."""
    names = list(nation.sizes)
    found = Outcome()
    lock = threading.Lock()

    def requests() -> Iterator[bytes]:
        for brin6 in names:
            yield world.question(world.fetch_message(brin6, since=nation.since.get(brin6))).raw()[0]

    def take(number: int, answer: Answer, seconds: float) -> None:
        day = _DATE.search(answer.body, 0, 2000)
        is_whole = answer.body.count(b"<leerling ") == nation.sizes[names[number]]
        with lock:
            found.octets += len(answer.body)
            found.slowest = max(found.slowest, seconds)
            if answer.status != 200:  # noqa: PLR2004 - HTTP
                found.errors += 1
            elif day is not None and is_whole:
                found.data += 1
                nation.since[names[number]] = day[1].decode()
            elif b"<geenwijzigingen/>" in answer.body:
                found.geenwijzigingen += 1
            else:
                found.errors += 1

    fetch_all(server.port, requests(), take)
    return found


@dataclass
class Meter:
    """Cost of a stage: seconds, CPU of processes, and the highest memory seen."""

    pids: Sequence[int]
    seconds: float = 0.0
    cpu: float = 0.0
    memory: float = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Measure what happens in the block."""
        done = threading.Event()
        watch = threading.Thread(target=self._watch, args=(done,))
        before = sum(cpu_of(pid) for pid in self.pids)
        watch.start()
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds = time.perf_counter() - started
            self.cpu = sum(cpu_of(pid) for pid in self.pids) - before
            done.set()
            watch.join()

    def _watch(self, done: threading.Event) -> None:
        while not done.wait(_HALF_SECOND):
            self.memory = max(self.memory, memory_of(self.pids[0]))


def _fetched(label: str, server: Server, nation: Nation, target: float | None = None) -> Outcome:
    """Fetch all, and print the line of it."""
    backend = server.backend
    meter = Meter([server.pid, *([backend.pid] if backend and backend.pid else [])])
    with meter.running():
        found = fetch(server, nation)
    count = len(nation.sizes)
    _line(
        label,
        meter.seconds,
        f"{count / meter.seconds:,.0f} schools/s, {found.octets / 2**20 / meter.seconds:,.0f} MiB/s",
        f"{found.data:,} data, {found.geenwijzigingen:,} geenwijzigingen, {found.errors} errors",
        f"slowest {found.slowest:.2f} s, CPU {meter.cpu:.1f} s, server {max(meter.memory, server.memory()):.0f} MiB",
        "" if target is None else _verdict(meter.seconds, target * count / SCHOOLS),
    )
    return found


def _verdict(seconds: float, target: float) -> str:
    """Hold a time against its target: of a part of the nation that is in proportion."""
    return f"at most {target:.1f} s: {'holds' if seconds <= target else 'DOES NOT HOLD'}"


def _line(label: str, seconds: float, *parts: str) -> None:
    """Print the line of a stage."""
    print(f"{label:42} {seconds:8.1f} s  {'; '.join(part for part in parts if part)}", flush=True)


def _change(nation: Nation, brin6: str) -> None:
    """Change the name of one leerling of a school, in its file."""
    file = nation.file(brin6)
    content = file.read_text(encoding="utf-8")
    file.write_text(content.replace("<achternaam>", "<achternaam>Nieuwe", 1), encoding="utf-8")


def _size(database: Database) -> str:
    """Return the size of the database as text."""
    with database.reading() as connection:
        octets = connection.scalar(sa.text("SELECT pg_database_size(current_database())")) or 0
    return f"database {octets / 2**20:,.0f} MiB"


def _require_room(count: int) -> None:
    free = shutil.disk_usage(tempfile.gettempdir()).free
    if free < count * _FREE_PER_SCHOOL:
        need, here = count * _FREE_PER_SCHOOL / 2**30, free / 2**30
        raise SystemExit(
            f"{count} schools need {need:.1f} GB in the temporary folder (TMPDIR), and {here:.1f} are free"
        )


def run(count: int) -> None:
    """Make, import and fetch so many schools, and print what each stage took."""
    _require_room(count)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="uwlr-nation-")))
        backend = stack.enter_context(postgresql())
        database = world.open_database(backend)
        stack.callback(database.close)
        world.add_afnemer(database)
        started = time.perf_counter()
        nation = make(folder, count)
        files = sum(file.stat().st_size for file in folder.iterdir()) / 2**20
        made = f"{count:,} schools, {nation.leerlingen:,} leerlingen, {files:,.0f} MiB of EDEXML"
        _line("files made", time.perf_counter() - started, made)
        start = start_up(backend, nation)
        meter = Meter([psutil.Process().pid, *([backend.pid] if backend.pid else [])])
        with meter.running():
            import_all(backend, nation, list(nation.sizes))
        rate = nation.leerlingen / meter.seconds
        _line(
            f"import, {PROCESSES} processes",
            meter.seconds,
            f"{rate:,.0f} leerlingen/s, CPU {meter.cpu:.1f} s, processes {meter.memory:.0f} MiB",
            f"starting them takes {start:.1f} s, without it {nation.leerlingen / (meter.seconds - start):,.0f}/s",
            f"at least {IMPORT_RATE:,}/s: {'holds' if rate >= IMPORT_RATE else 'DOES NOT HOLD'}",
        )
        started = time.perf_counter()
        world.activate(database, nation.sizes)
        world.tidy(database)
        _line("koppelingen in one transaction, VACUUM", time.perf_counter() - started, _size(database))
        server = stack.enter_context(ours(replace(backend, workers=WORKERS), "ours"))
        results = [(_fetched("fetch all, for the first time", server, nation), count)]
        nation_before, nation.since = nation.since, {}
        results.append((_fetched("fetch all again, stands at hand", server, nation, FETCH_SECONDS), count))
        if nation.since != nation_before:
            raise SystemExit("an answer says another moment than before, though nothing changed")
        results.append((_fetched("ask all again: geenwijzigingen", server, nation, ASK_SECONDS), 0))
        changed = list(nation.sizes)[:: round(1 / CHANGED)]
        for brin6 in changed:
            _change(nation, brin6)
        started = time.perf_counter()
        import_all(backend, nation, changed)
        _line(f"import of {len(changed)} changed schools", time.perf_counter() - started)
        results.append((_fetched("ask all again: 1% changed", server, nation), len(changed)))
        if any(found.errors or found.data != data for found, data in results):
            raise SystemExit("not every answer was what it had to be")
        if any(found.data + found.geenwijzigingen != count for found, _ in results):
            raise SystemExit("not every school was answered")
        print(f"Every answer was what it had to be; {_size(database)}.")


def main() -> None:
    """Measure the nation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--schools", type=int, default=SCHOOLS, help=f"how many schools (default {SCHOOLS:,})")
    chosen = parser.parse_args()
    print(f"One vendor, {CONNECTIONS} connections, {psutil.cpu_count()} cores; PostgreSQL with durable commits")
    run(chosen.schools)


if __name__ == "__main__":
    main()
