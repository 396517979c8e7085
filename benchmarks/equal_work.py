"""Time the refusals of one row of the table of checks in pairs: `make bench-equal-work`.

Each refusal of rows 5 and 7 is timed beside the first one of its row, in random order within a pair: the access query
and the decision, which is all that depends on what is stored. (The write behind it is one row for each of them.) The
mean of the differences is printed with what so many pairs can show: the smallest difference that is found in 80 of 100
runs, at a chance of 5% for one that is not there. Pairs in which the machine did something else are left out: a tenth
on each side, for every case alike. All records are invented.
"""

import argparse
import math
import platform
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
import world
from records import brin6s, write_edexml
from servers import BACKENDS, Backend

from uwlr_adapter.contract import fault
from uwlr_adapter.contract.request import read
from uwlr_adapter.db.database import Database
from uwlr_adapter.exchange.exchange import Exchange
from uwlr_adapter.exchange.leerlinggegevens import Leerlinggegevens
from uwlr_adapter.exchange.outcome import Outcome
from uwlr_adapter.exchange.question import Sender
from uwlr_adapter.koppelingen import actions, afnemers, tables
from uwlr_adapter.koppelingen.access import Gate
from uwlr_adapter.koppelingen.actions import ActivationRequest
from uwlr_adapter.koppelingen.catalogue import Catalogue

PAIRS = 4_000
ENDED = 25
LEFT_OUT = 0.1
"""Share of the pairs that is left out on each side."""
POWER = 1.96 + 0.84
"""Standard errors of a difference that is found in 80 of 100 runs, at a chance of 5%."""
UNKNOWN = "99ZZ00"
OTHER = "Basispoort"
WRONG = "een-andere-code-voor-metingen"
SENDER = Sender("192.0.2.1", gzip=False)


@dataclass(frozen=True)
class Differences:
    """The differences of the pairs of one case, in microseconds, without those that are left out."""

    mean: float
    error: float

    @classmethod
    def of(cls, seconds: list[float]) -> "Differences":
        """Return the mean and its standard error, with a share of the pairs left out on each side."""
        cut = int(len(seconds) * LEFT_OUT)
        kept = [1e6 * one for one in sorted(seconds)[cut : len(seconds) - cut]]
        # A trimmed mean has the error of the winsorized differences (Tukey and McLaughlin, 1963).
        winsorized = [kept[0]] * cut + kept + [kept[-1]] * cut
        return cls(
            statistics.fmean(kept), statistics.stdev(winsorized) / (1 - 2 * LEFT_OUT) / math.sqrt(len(winsorized))
        )

    @property
    def detectable(self) -> float:
        """The smallest difference that so many pairs show."""
        return POWER * self.error


def furnish(database: Database, folder: Path) -> dict[str, dict[str, str]]:
    """Make a school for each state of a koppeling; return the message of each case, by row and name."""
    world.add_afnemer(database)
    names = ("no koppeling", "ended once", f"ended {ENDED} times", "paused", "wrong code", "not started")
    school = dict(zip(names, brin6s(), strict=False))
    for brin6 in school.values():
        world.import_file(database, write_edexml(folder / f"{brin6}.edexml", brin6, 10))
    catalogue, keys, moment = Catalogue.load(), world.server_keys(), datetime.now(UTC)

    def activate(connection: sa.Connection, brin6: str, startdatum: date | None = None) -> tuple[int, int]:
        code = world.code_of(brin6)
        request = ActivationRequest(brin6, world.ENTRY, "bench", "Een meting", True, startdatum, code)  # noqa: FBT003
        made = actions.activate(connection, catalogue, keys, request, moment, actor="cli:proef")
        return made.id, made.version

    with database.writing() as connection:
        for name, times in (("ended once", 1), (f"ended {ENDED} times", ENDED)):
            for _ in range(times):
                actions.end(connection, *activate(connection, school[name]), moment, actor="cli:proef")
        actions.clear_code(connection, *activate(connection, school["paused"]), moment, actor="cli:proef")
        activate(connection, school["wrong code"])
        activate(connection, school["not started"], (moment + timedelta(days=30)).date())
        afnemers.add(connection, keys, OTHER, moment, world.KLANTCODE, actor="cli:proef")
        connection.execute(
            tables.afnemer.update().where(tables.afnemer.c.klantnaam == OTHER).values(disabled_at=moment)
        )
    world.tidy(database)
    right = school["not started"]
    codes = {name: None if name == "not started" else WRONG for name in names}
    row_7 = {name: world.fetch_message(brin6, code=codes[name]) for name, brin6 in school.items()}
    row_5 = {
        "wrong klantcode": world.fetch_message(right, klantcode=WRONG),
        f"wrong klantcode, ended {ENDED} times": world.fetch_message(school[names[2]], klantcode=WRONG),
        "disabled": world.fetch_message(right, klantnaam=OTHER),
    }
    return {
        "row 5, unknown klantnaam": {"unknown klantnaam": world.fetch_message(right, klantnaam="Onbekend"), **row_5},
        "row 7, unknown school": {"unknown school": world.fetch_message(UNKNOWN, code=WRONG), **row_7},
    }


def timed(exchange: Exchange, message: str) -> Callable[[], float]:
    """Return a function that asks and decides about a message once, and returns how many seconds that took."""
    question = exchange.question(read(message.encode(), "utf-8"), SENDER)

    def once() -> float:
        started = time.perf_counter()
        planned = exchange.plan(question, exchange.database.look(question.query), datetime.now(UTC))
        taken = time.perf_counter() - started
        if not isinstance(planned, Outcome) or not isinstance(planned.answer, fault.Fault):
            raise SystemExit("a case was not refused")
        return taken

    return once


def compare(one: Callable[[], float], other: Callable[[], float], pairs: int, dice: random.Random) -> Differences:
    """Time two calls in pairs, in random order within each; return how much longer the second one takes."""
    found = []
    for _ in range(pairs):
        if dice.random() < 0.5:  # noqa: PLR2004 - a fair coin
            first = one()
            found.append(other() - first)
        else:
            second = other()
            found.append(second - one())
    return Differences.of(found)


def measure(backend: Backend, folder: Path, pairs: int) -> None:
    """Print the differences over an empty database, which gets the schools; `folder` is for files of this run."""
    database, catalogue, dice = world.open_database(backend), Catalogue.load(), random.Random(1)  # noqa: S311 - no secret
    exchange = Exchange(database, Gate(catalogue, world.server_keys()), Leerlinggegevens(database, catalogue))
    for row, cases in furnish(database, folder).items():
        (_, base), *others = ((name, timed(exchange, message)) for name, message in cases.items())
        level = statistics.median(base() for _ in range(pairs // 10)) * 1e6
        print(f"\n{backend.soort}: {row} ({level:.0f} us), and {pairs} pairs of each other one")
        print(f"{'':38}longer by (us)    detectable (us)")
        for name, other in [("itself", base), *others]:
            found = compare(base, other, pairs, dice)
            print(f"{name:38}{found.mean:8.2f} ± {1.96 * found.error:4.2f}{found.detectable:14.2f}")
    database.close()


def main() -> None:
    """Measure on both databases."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=PAIRS, help=f"pairs of each case ({PAIRS})")
    chosen = parser.parse_args()
    print(f"Python {platform.python_version()}, {platform.machine()}")
    for make in BACKENDS.values():
        with make() as backend, tempfile.TemporaryDirectory(prefix="uwlr-bench-") as folder:
            measure(backend, Path(folder), chosen.pairs)


if __name__ == "__main__":
    main()
