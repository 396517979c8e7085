"""Measure this checkout beside another commit in one run: `python benchmarks/paired.py --against COMMIT`.

Or `make bench-paired AGAINST=COMMIT`. Both codes run with this interpreter and its packages, each over a database of
its own that its own commands made: `init` (or `db upgrade`), `import edexml`, `afnemer add`, `koppeling activate`. Both
servers stay up; they are measured in turn, round after round, and the one that goes first changes every round. A ratio
is this checkout divided by the other commit, of one round; the table has the median and the range of the rounds, and
the 95% interval of the median. A first round warms up and is not counted. CPU is that of the server and its PostgreSQL;
on a machine that does other work as well its ratio is steadier than that of the rates. All records are invented.
"""

import argparse
import gzip
import io
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeAlias, TypeVar

import sqlalchemy as sa
import world
from figures import Spread, interval_of_median, number, ratios
from load import WRK, Answer, Connection, Measurement, Question, ask_once, measure
from records import brin6s, write_edexml
from servers import HERE, READY, WAIT, Backend, Server, free_port, postgresql, sqlite, stop
from sqlalchemy.engine import make_url

T = TypeVar("T")
DATABASES = {"sqlite": ("sqlite",), "postgresql": ("postgresql",), "both": ("sqlite", "postgresql")}
LEERLING = b"<leerling "
_NO_SUCH_COMMAND = 2
"""The exit status of a command line that names an unknown command."""
_OK, _FAULT = 200, 500
MIN_ROUNDS = 6
"""Rounds from which an interval of the median is told; of fewer it is the range."""
_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Kind:
    """A kind of request: the answer that it must get. A mark that is LEERLING occurs once for each leerling."""

    mark: bytes
    status: int = _OK
    gzip: bool = False


KINDS = {
    "plain": Kind(LEERLING),
    "gzip": Kind(LEERLING, gzip=True),
    "refused": Kind(b"Client.AutorisatieOngeldig", status=_FAULT),
    "geenwijzigingen": Kind(b"<geenwijzigingen/>"),
}


@dataclass(frozen=True)
class Code:
    """One version of the code: what to call it, and the folder with the package, the schemas and the WSDL."""

    name: str
    folder: Path


@dataclass(frozen=True)
class Rival:
    """One version of the code with a database of its own; `klantcode` is that of its afnemer."""

    code: Code
    backend: Backend
    klantcode: str = ""

    @property
    def environment(self) -> dict[str, str]:
        """The environment of its processes: PYTHONPATH comes before the installed package."""
        return self.backend.environment | {"PYTHONPATH": str(self.code.folder)}

    def run(self, *arguments: str, allowed: tuple[int, ...] = (0,)) -> subprocess.CompletedProcess[str]:
        """Run Python with these arguments; raise SystemExit with its output when its exit status is not allowed."""
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self.backend.data,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode not in allowed:
            raise SystemExit(f"{self.code.name}: {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
        return done

    def command(self, *arguments: str) -> str:
        """Run `uwlr-adapter` with these arguments, and return what it prints."""
        return self.run("-m", "uwlr_adapter", *arguments).stdout.strip()

    @property
    def log(self) -> Path:
        """The file with the log of its server."""
        return self.backend.data / "serve.log"


Source: TypeAlias = Callable[[Rival, int], list[str]]
"""Return the arguments of `uwlr-adapter import` for a rival and the number of a round."""


@dataclass(frozen=True)
class Setup:
    """The databases and schools to measure with, and for how long."""

    databases: tuple[str, ...]
    pupils: tuple[int, ...]
    kinds: tuple[str, ...]
    rounds: int
    seconds: int
    floor: float

    @property
    def schools(self) -> dict[int, str]:
        """The brin6 of the school of each size."""
        return dict(zip(self.pupils, brin6s(), strict=False))


def _git(*arguments: str) -> bytes:
    """Return what git prints about this checkout; raise SystemExit when it fails."""
    program = shutil.which("git")
    if program is None:
        raise SystemExit("git is not there")
    done = subprocess.run([program, "-C", str(HERE.parent), *arguments], capture_output=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr.decode().strip())
    return done.stdout


def take_out(commit: str, folder: Path) -> Code:
    """Write the files of a commit to a folder."""
    name = _git("rev-parse", "--short", "--verify", f"{commit}^{{commit}}").decode().strip()
    with tarfile.open(fileobj=io.BytesIO(_git("archive", name))) as archive:
        archive.extractall(folder, filter="data")
    return Code(name, folder)


def this_checkout() -> Code:
    """Return the code of this checkout, with what is not committed."""
    name = _git("rev-parse", "--short", "HEAD").decode().strip()
    changed = _git("status", "--porcelain", "--untracked-files=no").strip()
    return Code(f"{name} with changes" if changed else name, HERE.parent)


@contextmanager
def _databases(kind: str) -> Iterator[tuple[Backend, Backend]]:
    """Yield an empty database for each code: two files of SQLite, or two databases of one PostgreSQL."""
    with ExitStack() as stack:
        if kind == "sqlite":
            yield stack.enter_context(sqlite()), stack.enter_context(sqlite())
            return
        server = stack.enter_context(postgresql())
        yield _database(server, "other"), _database(server, "this")


def _database(server: Backend, name: str) -> Backend:
    """Create a database in a PostgreSQL, with a data folder of its own."""
    _in_autocommit(server, f"CREATE DATABASE uwlr_{name}")
    data = server.data / name
    data.mkdir()
    url = make_url(server.url).set(database=f"uwlr_{name}").render_as_string(hide_password=False)
    return replace(server, data=data, url=url)


def _in_autocommit(backend: Backend, statement: str) -> None:
    """Execute a statement that cannot stand in a transaction."""
    engine = sa.create_engine(backend.url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(statement))
    engine.dispose()


def prepare(code: Code, backend: Backend, schools: dict[int, str], folder: Path) -> Rival:
    """Make the database of a code with its own commands: the schools, one afnemer, and a koppeling for each school.

    `folder` has the file of each school. Raises SystemExit when Python would import another code.
    """
    rival = Rival(code, backend)
    imported = Path(rival.run("-c", "import uwlr_adapter; print(uwlr_adapter.__file__)").stdout.strip())
    if not imported.resolve().is_relative_to(code.folder.resolve()):
        raise SystemExit(f"{code.name}: Python imports {imported}, not the code in {code.folder}")
    done = rival.run("-m", "uwlr_adapter", "init", allowed=(0, _NO_SUCH_COMMAND))
    if done.returncode:  # a commit from before `init`
        rival.command("db", "upgrade")
    rival.command("import", "edexml", *(str(folder / f"{pupils}.xml") for pupils in schools))
    rival = replace(rival, klantcode=rival.command("afnemer", "add", world.KLANTNAAM))
    for brin6 in schools.values():
        person = ["--naam", "Een meting", "--login", "bench", "--akkoord"]
        rival.command("koppeling", "activate", brin6, world.ENTRY, *person, "--code", world.code_of(brin6))
    if backend.soort == "postgresql":  # else its autovacuum may run during the measurement
        _in_autocommit(backend, "VACUUM ANALYZE")
    return rival


@contextmanager
def serving(rival: Rival) -> Iterator[Server]:
    """Start `uwlr-adapter serve` as it starts by itself, with its log in a file."""
    port = free_port()
    with rival.log.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "uwlr_adapter", "serve", "--port", str(port)],
            cwd=rival.backend.data,
            env=rival.environment,
            stdout=log,
            stderr=log,
        )
    try:
        _await_ready(rival, process)
        yield Server(rival.code.name, port, process.pid, rival.backend)
    finally:
        stop(process)


def _await_ready(rival: Rival, process: "subprocess.Popen[bytes]") -> None:
    """Wait until a server says that it is ready; raise SystemExit with its log when it does not."""
    last = time.monotonic() + WAIT
    while READY not in (written := rival.log.read_text(encoding="utf-8", errors="replace")):
        if process.poll() is not None or time.monotonic() > last:
            raise SystemExit(f"{rival.code.name} does not start:\n{written}")
        time.sleep(_POLL_SECONDS)


def take_turns(rounds: int, acts: Sequence[Callable[[int], T]]) -> list[list[T]]:
    """Return the results of each act by round; the acts go in turn, and the first one changes every round.

    An act gets the number of the round. Round 0 comes before the others, to warm up, and is not in the result.
    """
    found: list[list[T]] = [[] for _ in acts]
    for turn in range(rounds + 1):
        order = range(len(acts)) if turn % 2 else reversed(range(len(acts)))
        for place in order:
            result = acts[place](turn)
            if turn:
                found[place].append(result)
    return found


def question(rival: Rival, server: Server, kind: str, brin6: str) -> Question:
    """Return the question of a kind; `geenwijzigingen` asks since the moment of an answer that is fetched first."""
    since = code = None
    if kind == "geenwijzigingen":
        answer = ask_once(server.port, question(rival, server, "plain", brin6))
        moment = re.search(rb"<aanmaakdatum>([^<]+)<", answer.body)
        if moment is None:
            raise SystemExit(f"{rival.code.name}: an answer without aanmaakdatum")
        since = moment[1].decode()
    if kind == "refused":
        code = f"{brin6}een-andere-code-xx"
    message = world.fetch_message(brin6, since=since, code=code, klantcode=rival.klantcode)
    return world.question(message, gzip=KINDS[kind].gzip, status=KINDS[kind].status)


def is_expected(answer: Answer, kind: Kind, pupils: int) -> bool:
    """Return whether an answer is of a kind, and has every leerling of the school when it has leerlingen."""
    if (answer.status, answer.gzipped) != (kind.status, kind.gzip):
        return False
    body = gzip.decompress(answer.body) if answer.gzipped else answer.body
    return body.count(kind.mark) == pupils if kind.mark == LEERLING else kind.mark in body


@dataclass(frozen=True)
class Turn:
    """What one code did in one round; `cpu` is that of its server and PostgreSQL, in milliseconds a request."""

    measured: Measurement
    cpu: float


def _load(rival: Rival, server: Server, asked: Question, seconds: int, _turn: int) -> Turn:
    """Measure one code for some seconds; its log is emptied first, so that it stays small."""
    os.truncate(rival.log, 0)
    before = server.cpu()
    found = measure(server.port, asked, seconds)
    server.settle()
    return Turn(found, (server.cpu() - before) * 1e3 / max(found.requests, 1))


def measure_load(setup: Setup, database: str, rivals: Sequence[Rival], servers: Sequence[Server]) -> None:
    """Print the line of each school and kind of request: requests a second and p99."""
    for pupils, brin6 in setup.schools.items():
        for kind in setup.kinds:
            asked = [question(rival, server, kind, brin6) for rival, server in zip(rivals, servers, strict=True)]
            _require(kind, pupils, servers, asked)
            acts = [
                partial(_load, rival, server, one, setup.seconds)
                for rival, server, one in zip(rivals, servers, asked, strict=True)
            ]
            other, this = take_turns(setup.rounds, acts)
            _require(kind, pupils, servers, asked)
            _print_load(setup, [database, str(pupils), kind], other, this)


def _require(kind: str, pupils: int, servers: Sequence[Server], asked: Sequence[Question]) -> None:
    """Raise SystemExit when a server does not give the answer of a kind."""
    for server, one in zip(servers, asked, strict=True):
        answer = ask_once(server.port, one)
        if not is_expected(answer, KINDS[kind], pupils):
            gzipped = "gzipped" if answer.gzipped else "not gzipped"
            raise SystemExit(
                f"{server.naam}: the answer to {kind} for {pupils} leerlingen is another one: "
                f"status {answer.status}, {gzipped}, {len(answer.body)} bytes"
            )


def _print_load(setup: Setup, labels: list[str], other: list[Turn], this: list[Turn]) -> None:
    rates = [[turn.measured.rate for turn in turns] for turns in (other, this)]
    p99s = [[turn.measured.p99 for turn in turns] for turns in (other, this)]
    cpus = [[turn.cpu for turn in turns] for turns in (other, this)]
    ratio = ratios(rates[1], rates[0])
    wrong = sum(turn.measured.errors for turn in [*other, *this])
    floor = setup.floor if labels[-1] == "plain" else 1.0
    each = [one / before for one, before in zip(rates[1], rates[0], strict=True)]
    low, high = interval_of_median(each) if len(each) >= MIN_ROUNDS else (ratio.lowest, ratio.highest)
    above = f"{number(low)} to {number(high)}: {'above' if low > floor else 'not above'} {number(floor)}"
    cells = [
        *labels,
        *(str(Spread.of(found)) for found in rates),
        str(ratio),
        f"{wrong} WRONG ANSWERS" if wrong else above,
        *(number(Spread.of(found).middle) for found in p99s),
        number(ratios(p99s[1], p99s[0]).middle),
        str(ratios(cpus[1], cpus[0])),
    ]
    print_line(cells, LOAD)


def _rename(file: Path, pupils: int, brin6: str, turn: int) -> str:
    """Write the file of a school with another achternaam for everybody, and return the part that is new."""
    name = f"Ronde{turn}x"
    content = write_edexml(file, brin6, pupils).read_text(encoding="utf-8")
    file.write_text(content.replace("<achternaam>", f"<achternaam>{name}"), encoding="utf-8")
    return name


def measure_first(setup: Setup, database: str, rivals: Sequence[Rival], servers: Sequence[Server]) -> None:
    """Print the line of each school: milliseconds of the first answer after an import that renames everybody."""
    for pupils, brin6 in setup.schools.items():
        pairs = zip(rivals, servers, strict=True)
        acts = [partial(_first, rival, server, pupils, brin6) for rival, server in pairs]
        _print_times([database, str(pupils), "first answer"], take_turns(setup.rounds, acts))


def _first(rival: Rival, server: Server, pupils: int, brin6: str, turn: int) -> float:
    """Return the milliseconds of a first answer, over a connection that is open already."""
    file = rival.backend.data / "first.xml"
    name = _rename(file, pupils, brin6, turn)
    rival.command("import", "edexml", str(file))
    request = question(rival, server, "plain", brin6).raw()[0]
    connection = Connection(server.port)
    try:
        connection.ask(question(rival, server, "refused", brin6).raw()[0])  # opens the connection
        server.settle()
        started = time.perf_counter()
        answer = connection.ask(request)
        seconds = time.perf_counter() - started
    finally:
        connection.close()
    if not is_expected(answer, KINDS["plain"], pupils) or answer.body.count(name.encode()) < pupils:
        raise SystemExit(f"{rival.code.name}: the first answer after an import is not that of the import")
    return seconds * 1e3


def measure_imports(setup: Setup, database: str, rivals: Sequence[Rival]) -> None:
    """Print the lines of each size of school: milliseconds of whole commands, start of Python included."""
    unused = islice(brin6s(), len(setup.schools), None)
    _print_imports(setup, rivals, [database, "", "import edexml --help"], lambda _rival, _turn: ["edexml", "--help"])
    for pupils, brin6 in setup.schools.items():
        sources: dict[str, Source] = {
            "new school": partial(_new_school, pupils, list(islice(unused, setup.rounds + 1))),
            "everybody renamed": partial(_renamed, pupils, brin6),
            "nothing changed": lambda rival, _turn: ["edexml", str(_import_file(rival))],
        }
        for label, source in sources.items():
            _print_imports(setup, rivals, [database, str(pupils), f"import, {label}"], source)


def _import_file(rival: Rival) -> Path:
    return rival.backend.data / "import.xml"


def _new_school(pupils: int, fresh: Sequence[str], rival: Rival, turn: int) -> list[str]:
    return ["edexml", str(write_edexml(_import_file(rival), fresh[turn], pupils))]


def _renamed(pupils: int, brin6: str, rival: Rival, turn: int) -> list[str]:
    _rename(_import_file(rival), pupils, brin6, turn)
    return ["edexml", str(_import_file(rival))]


def _print_imports(setup: Setup, rivals: Sequence[Rival], labels: list[str], source: Source) -> None:
    """Measure and print one import; `source` returns its arguments, and is not timed."""

    def act(rival: Rival, turn: int) -> float:
        arguments = source(rival, turn)
        started = time.perf_counter()
        rival.command("import", *arguments)
        return (time.perf_counter() - started) * 1e3

    _print_times(labels, take_turns(setup.rounds, [partial(act, rival) for rival in rivals]))


def _print_times(labels: list[str], found: list[list[float]]) -> None:
    other, this = found
    print_line([*labels, str(Spread.of(other)), str(Spread.of(this)), str(ratios(this, other))], TIMES)


LOAD = {
    "database": 10,
    "pupils": 6,
    "kind": 15,
    "other, requests/s": 22,
    "this, requests/s": 22,
    "this / other": 19,
    "95% interval": 31,
    "other, p99 ms": 13,
    "this, p99 ms": 12,
    "p99, this / other": 17,
    "CPU a request, this / other": 27,
}
TIMES = {
    "database": 10,
    "pupils": 6,
    "what": 25,
    "other, ms": 22,
    "this, ms": 22,
    "this / other": 19,
}
"""The columns of a table and their widths in characters."""


def print_line(cells: Sequence[str], columns: dict[str, int]) -> None:
    """Print one line of a Markdown table."""
    padded = (f"{cell:<{width}}" for cell, width in zip(cells, columns.values(), strict=True))
    print(f"| {' | '.join(padded)} |", flush=True)


def _print_head(columns: dict[str, int]) -> None:
    print()
    print_line(list(columns), columns)
    print_line(["-" * width for width in columns.values()], columns)


@contextmanager
def _prepared(kind: str, setup: Setup, codes: Sequence[Code], folder: Path) -> Iterator[list[Rival]]:
    """Yield the rivals over one kind of database: the other commit, then this checkout."""
    with _databases(kind) as backends:
        pairs = zip(codes, backends, strict=True)
        yield [prepare(code, backend, setup.schools, folder) for code, backend in pairs]


def run(setup: Setup, against: str, *, first: bool, imports: bool) -> None:
    """Measure and print the chosen tables: first answers, imports, or by default the load."""
    with tempfile.TemporaryDirectory(prefix="uwlr-paired-") as name:
        folder = Path(name)
        codes = (take_out(against, folder / "code"), this_checkout())
        for pupils, brin6 in setup.schools.items():
            write_edexml(folder / f"{pupils}.xml", brin6, pupils)
        print(f"other: {codes[0].name}; this: {codes[1].name}; median and range of {setup.rounds} rounds")
        _print_head(TIMES if first or imports else LOAD)
        for kind in setup.databases:
            with _prepared(kind, setup, codes, folder) as rivals:
                if imports:
                    measure_imports(setup, kind, rivals)
                if first or not imports:
                    with ExitStack() as stack:
                        servers = [stack.enter_context(serving(rival)) for rival in rivals]
                        (measure_first if first else measure_load)(setup, kind, rivals, servers)


def _numbers(text: str) -> tuple[int, ...]:
    """Parse whole numbers above 0, separated by commas."""
    found = tuple(int(word) for word in text.split(","))
    if min(found) < 1:
        raise ValueError(text)
    return found


def _kinds(text: str) -> tuple[str, ...]:
    """Parse names of kinds, separated by commas."""
    found = tuple(text.split(","))
    if unknown := set(found) - KINDS.keys():
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(KINDS)}")
    return found


def main() -> None:
    """Measure what the arguments name."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--against", required=True, metavar="COMMIT", help="the other commit")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=3, help="of load on one code in one round")
    parser.add_argument("--database", choices=DATABASES, default="both")
    parser.add_argument("--pupils", type=_numbers, default=(250, 500), help="leerlingen of each school (250,500)")
    parser.add_argument("--kinds", type=_kinds, default=tuple(KINDS), help=f"requests ({','.join(KINDS)})")
    parser.add_argument("--floor", type=float, default=1.25, help="compare the ratio of plain with this (1.25)")
    parser.add_argument("--quick", action="store_true", help="2 rounds of 1 second, to see that all works")
    parser.add_argument("--first", action="store_true", help="time the first answer after an import instead")
    parser.add_argument("--imports", action="store_true", help="time imports by the command instead")
    chosen = parser.parse_args()
    setup = Setup(
        databases=DATABASES[chosen.database],
        pupils=chosen.pupils,
        kinds=chosen.kinds,
        rounds=2 if chosen.quick else chosen.rounds,
        seconds=1 if chosen.quick else chosen.seconds,
        floor=chosen.floor,
    )
    load = "wrk" if WRK else "our own Python client, since wrk is not there: rates are lower bounds"
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}; load by {load}")
    started = time.monotonic()
    run(setup, chosen.against, first=chosen.first, imports=chosen.imports)
    print(f"\nDone in {(time.monotonic() - started) / 60:.1f} minutes.")


if __name__ == "__main__":
    main()
