"""How fast the service is, beside its rivals in one run: `python benchmarks/bench.py [--quick]`, or `make bench`.

Rivals: a plain Spyne service with typed models (`newcomer.py`), the same server giving the same bytes without any
work, and nginx with the same bytes in a file when it is there. All rivals of a cell are measured in turn, round after
round, so that what else the machine does hits all alike. A ratio is one of the same round; its spread is that of the
rounds. CPU is that of all processes of the server, PostgreSQL included. All records are invented.
"""

import argparse
import json
import os
import platform
import re
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

import first_answer
import growth
import world
from applications import BYTES
from figures import Requirement, Spread, number, ratios, show_ratio
from load import FEWEST, WRK, Answer, Measurement, Question, ask_once, measure
from records import brin6s, write_edexml
from servers import BACKENDS, Backend, Server, application, nginx, ours

SIZES = (25, 250, 500, 1500)
NORM = 500
"""The size for which the ratios are asked."""
KINDS = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
Rival: TypeAlias = tuple[str, Server, Question]
"""The name of a question, the server, and the request itself."""
CREWS = (("sqlite", 1), ("postgresql", 1), ("postgresql", 2))
"""The databases, and how many workers serve them: one as `serve` has by itself, and one for each of two cores."""


@dataclass(frozen=True)
class Setup:
    """How long to measure."""

    sizes: tuple[int, ...] = SIZES
    rounds: int = 5
    seconds: int = 1
    pairs: int = 9
    schools: int = 6600
    firsts: int = 15

    @classmethod
    def quick(cls) -> "Setup":
        """Return one of about two minutes, that shows that all works; its figures are too few to be told."""
        return cls(sizes=(25, NORM), rounds=2, pairs=2, schools=300, firsts=3)


@dataclass
class Cell:
    """The measurements of one rival for one question."""

    size: int
    question: str
    server: str
    metrics: list[Measurement] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    """Milliseconds a request, by round."""
    memory: float = 0.0

    @property
    def rates(self) -> list[float]:
        """Requests a second, by round."""
        return [measurement.rate for measurement in self.metrics]

    def line(self) -> str:
        """Return its line of the table."""
        p50 = Spread.of([measurement.p50 for measurement in self.metrics]).middle
        p99 = Spread.of([measurement.p99 for measurement in self.metrics]).middle
        wrong = sum(measurement.errors for measurement in self.metrics)
        return (
            f"{self.size:5} {self.question:22} {self.server:46} {Spread.of(self.rates)!s:26} "
            f"{number(p50):>7} {number(p99):>7} {number(Spread.of(self.cpu).middle):>7} {self.memory:6.0f}"
            f"{f'  {wrong} WRONG ANSWERS' if wrong else ''}"
        )


@dataclass
class Table:
    """All that was measured, by size, question and server."""

    setup: Setup
    cells: dict[tuple[int, str, str], Cell] = field(default_factory=dict)

    def measure(self, size: int, rivals: Sequence[Rival]) -> None:
        """Measure rivals in turn, and print their lines."""
        cells = [self.cells.setdefault((size, naam, one.naam), Cell(size, naam, one.naam)) for naam, one, _ in rivals]
        counts = [_warm(server, question, self.setup.seconds) for _, server, question in rivals]
        for _ in range(self.setup.rounds):
            for cell, (_, server, question), count in zip(cells, rivals, counts, strict=True):
                before = server.cpu()
                found = measure(server.port, question, self.setup.seconds, count)
                server.settle()
                cell.metrics.append(found)
                cell.cpu.append((server.cpu() - before) * 1e3 / max(found.requests, 1))
                cell.memory = max(cell.memory, server.memory())
        for cell in cells:
            print(cell.line(), flush=True)

    def get(self, size: int, naam: str, server: str) -> Cell | None:
        """Return one cell, or None when it was not measured."""
        return self.cells.get((size, naam, server))


def _warm(server: Server, question: Question, seconds: int) -> int | None:
    """Ask some times, so that a server is warm; gives how often a slow one is to be asked in so many seconds."""
    best = float(seconds)
    for _ in range(8):
        started = time.perf_counter()
        ask_once(server.port, question)
        best = min(best, time.perf_counter() - started)
    return max(FEWEST, round(seconds / best)) if server.is_slow else None


@dataclass(frozen=True)
class Crew:
    """The rivals over one database."""

    label: str
    newcomer: Server
    ours: Server
    without: Server
    """Ours, without the journal."""
    same: Server
    threads: Server
    """The same bytes from the threads of WSGI."""


def _label(kind: str, workers: int) -> str:
    return f"{KINDS[kind]}, {workers} worker{'s' if workers > 1 else ''}"


@contextmanager
def _crew(backend: Backend, stack: ExitStack) -> Iterator[Crew]:
    label = _label(backend.soort, backend.workers)
    yield Crew(
        label=label,
        newcomer=stack.enter_context(application("newcomer", backend, f"typed Spyne, {label}")),
        ours=stack.enter_context(ours(backend, f"ours, {label}")),
        without=stack.enter_context(application("without-journal", backend, f"ours without journal, {label}")),
        same=stack.enter_context(application("same-bytes", backend, f"no work, {label}")),
        threads=stack.enter_context(application("same-bytes-wsgi", backend, f"no work in threads, {label}")),
    )


def _questions(crew: Crew, brin6: str) -> dict[str, Question]:
    """Return the questions about one school, with the answers looked at first."""
    plain = world.question(world.fetch_message(brin6))
    first = _require(ask_once(crew.ours.port, plain), 200, b"<leerlinggegevens>")
    since = _aanmaakdatum(first)
    questions = {
        "all": plain,
        "geenwijzigingen": world.question(world.fetch_message(brin6, since=since)),
        "leerlingen of a group": world.question(world.groep_message(brin6, "g0")),
        "refused: code": world.question(world.fetch_message(brin6, code=f"{brin6}een-andere-code-xx"), status=500),
        "refused: klant": world.question(world.fetch_message(brin6, klantnaam="Onbekend"), status=500),
    }
    expected = {
        "geenwijzigingen": b"<geenwijzigingen/>",
        "leerlingen of a group": b"<leerlinggegevens-leerlingen>",
        "refused: code": b"Client.AutorisatieOngeldig",
        "refused: klant": b"Client.OngeldigeKlantIdentificatie",
    }
    for naam, mark in expected.items():
        _require(ask_once(crew.ours.port, questions[naam]), questions[naam].status, mark)
        _require(ask_once(crew.newcomer.port, questions[naam]), questions[naam].status, mark.strip(b"</>"))
    gzip = Question(plain.path, plain.bodies, gzip=True)
    if ask_once(crew.ours.port, gzip).gzipped:
        questions["all, gzip"] = gzip
    return questions


def _require(answer: Answer, status: int, mark: bytes) -> bytes:
    """Return the body of an answer that is as it must be; else there is nothing to measure."""
    if answer.status != status or mark not in answer.body:
        raise SystemExit(f"an answer is not what was asked for: {answer.status}, without {mark.decode()}")
    return answer.body


def _aanmaakdatum(body: bytes) -> str:
    found = re.search(rb"<aanmaakdatum>([^<]+)<", body[:2000])
    if found is None:
        raise SystemExit("an answer without aanmaakdatum")
    return found[1].decode()


def _measure_all(setup: Setup, table: Table) -> None:
    schools = dict(zip(setup.sizes, brin6s(), strict=False))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="uwlr-bench-")))
        folder.chmod(0o755)  # nginx may run as another user
        os.environ[BYTES] = str(folder)
        databases = [stack.enter_context(make()) for make in BACKENDS.values()]
        for backend in databases:
            _fill(backend, schools, folder)
        _write_answers(databases[0], schools, folder)
        by_soort = {backend.soort: backend for backend in databases}
        served = [replace(by_soort[kind], workers=workers) for kind, workers in CREWS]
        crews = [stack.enter_context(_crew(backend, stack)) for backend in served]
        static = stack.enter_context(nginx(folder, "nginx, the same bytes in a file"))
        print(
            f"{'size':>5} {'what':22} {'server':46} {'requests/s (spread)':26} "
            f"{'p50 ms':>7} {'p99 ms':>7} {'CPU ms':>7} {'MiB':>6}"
        )
        for size, brin6 in schools.items():
            questions = {crew.label: _questions(crew, brin6) for crew in crews}
            static_too = [("all", static, Question(f"/{size}.xml"))] if static else []
            for rivals in _rounds(size, crews, questions, static_too):
                table.measure(size, rivals)


def _rounds(
    size: int, crews: Sequence[Crew], questions: dict[str, dict[str, Question]], static: list[Rival]
) -> Iterator[list[Rival]]:
    """Yield what is measured in turn for a size: every rival for the size of which ratios are asked, else a few.

    Of what ratios are asked stands in the same rounds. The typed service is the same over both databases but for its
    workers; a klant is refused before any size matters.
    """
    bytes_ = Question(f"/{size}.xml")
    if size != NORM:
        first, last = crews[:2]
        yield [
            ("all", first.ours, questions[first.label]["all"]),
            ("all", first.same, bytes_),
            ("all", last.newcomer, questions[last.label]["all"]),
            ("all", last.ours, questions[last.label]["all"]),
            ("all", last.same, bytes_),
            *static,
        ]
        for naam in ("all, gzip", "geenwijzigingen", "leerlingen of a group", "refused: code"):
            yield [
                (naam, one.ours, questions[one.label][naam]) for one in (first, last) if naam in questions[one.label]
            ]
        return
    with_ratios: list[Rival] = []
    for crew in crews:
        asked = questions[crew.label]
        with_ratios += [
            ("all", crew.newcomer, asked["all"]),
            ("all", crew.ours, asked["all"]),
            ("all", crew.same, bytes_),
            *((naam, crew.ours, asked[naam]) for naam in _BESIDE_ALL if naam in asked),
            ("all", crew.without, asked["all"]),
            ("all", crew.threads, bytes_),
        ]
    yield [*with_ratios, *static]
    typed = crews[-1].newcomer
    for naam in ("geenwijzigingen", "leerlingen of a group"):
        ours_too = [(naam, one.ours, questions[one.label][naam]) for one in crews]
        yield [(naam, typed, questions[crews[-1].label][naam]), *ours_too]
    yield [(naam, typed, questions[crews[-1].label][naam]) for naam in ("refused: code", "refused: klant")]


_BESIDE_ALL = ("all, gzip", "refused: code", "refused: klant")
"""The kinds of answer that are compared with the whole plain answer."""


def _fill(backend: Backend, schools: dict[int, str], folder: Path) -> None:
    """Import the schools, and open a koppeling for each."""
    database = world.open_database(backend)
    world.add_afnemer(database)
    for size, brin6 in schools.items():
        world.import_file(database, write_edexml(folder / "school.edexml", brin6, size))
    world.activate(database, schools.values())
    world.tidy(database)
    database.close()


def _write_answers(backend: Backend, schools: dict[int, str], folder: Path) -> None:
    """Keep the answers of the service as files, for those that only send them."""
    with ours(backend, "ours") as server:
        for size, brin6 in schools.items():
            answer = _require(
                ask_once(server.port, world.question(world.fetch_message(brin6))), 200, b"<leerlinggegevens>"
            )
            (folder / f"{size}.xml").write_bytes(answer)


def _show_ratios(table: Table) -> None:
    """Print the ratios that are asked, each with its spread."""
    print(f"\nRatios for {NORM} leerlingen, median and spread of the rounds")
    for label in (_label(*crew) for crew in CREWS):
        ours_all = table.get(NORM, "all", f"ours, {label}")
        typed = table.get(NORM, "all", f"typed Spyne, {label}")
        without = table.get(NORM, "all", f"ours without journal, {label}")
        same = table.get(NORM, "all", f"no work, {label}")
        if not (ours_all and typed and without and same):
            raise SystemExit("not every rival was measured")
        show_ratio(f"{label}: ours / typed Spyne", ratios(ours_all.rates, typed.rates), Requirement(floor=120))
        show_ratio(f"{label}: ours / no work", ratios(ours_all.rates, same.rates), Requirement(floor=0.15))
        threads = table.get(NORM, "all", f"no work in threads, {label}")
        assert threads is not None  # noqa: S101 - measured with the others
        show_ratio(f"{label}: ours / no work in threads", ratios(ours_all.rates, threads.rates))
        show_ratio(f"{label}: without journal / typed Spyne", ratios(without.rates, typed.rates))
        show_ratio(f"{label}: without journal / no work", ratios(without.rates, same.rates))
        p99 = Spread.of([measurement.p99 for measurement in ours_all.metrics])
        show_ratio(f"{label}: p99 of ours, ms", p99, Requirement(ceiling=30))
        gzip = table.get(NORM, "all, gzip", f"ours, {label}")
        if gzip is None:
            print(f"  {label}: gzip / plain: not measured, the service does not answer gzipped")
        else:
            show_ratio(f"{label}: gzip / plain", ratios(gzip.rates, ours_all.rates), Requirement(floor=0.9))
        for naam in ("refused: code", "refused: klant"):
            refused = table.get(NORM, naam, f"ours, {label}")
            assert refused is not None  # noqa: S101 - measured above
            show_ratio(f"{label}: CPU of {naam} / granted", ratios(refused.cpu, ours_all.cpu), Requirement(ceiling=1.0))


def main() -> None:
    """Measure everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two minutes, to see that all works")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every single measurement to FILE as well")
    chosen = parser.parse_args()
    setup = Setup.quick() if chosen.quick else Setup()
    started = time.monotonic()
    load = "wrk" if WRK else "our own Python client, since wrk is not there: rates are lower bounds"
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}; load by {load};")
    print(f"16 connections; {setup.rounds} rounds of {setup.seconds} s, or of {FEWEST} requests to a slow rival\n")
    table = Table(setup)
    _measure_all(setup, table)
    _show_ratios(table)
    first_answer.measure(setup.firsts)
    growth.measure(setup.schools, setup.pairs, setup.seconds)
    if chosen.json:
        rows = [
            {"size": one.size, "what": one.question, "server": one.server, "cpu_ms": one.cpu, "memory_mib": one.memory}
            | {"rounds": [vars(measurement) for measurement in one.metrics]}
            for one in table.cells.values()
        ]
        chosen.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    print(f"\nDone in {(time.monotonic() - started) / 60:.1f} minutes.")


if __name__ == "__main__":
    main()
