"""How long an import takes: `python benchmarks/imports.py [--rounds N] [--schools N]`.

Each figure is a whole run of the command in a process of its own, start of Python included, beside the part of it that
is start-up (`uwlr-adapter import edexml --help`); the median and the spread of the rounds. Memory is the highest
resident size of the process. All records are invented.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from records import brin6s, write_csv, write_edexml

COMMAND = [sys.executable, "-m", "uwlr_adapter"]


@dataclass(frozen=True)
class Run:
    """One run of a command: seconds of wall time, and the highest resident size in MiB."""

    seconds: float
    mebibytes: float


def run(*arguments: str) -> Run:
    """Run `uwlr-adapter` and measure it; raises CalledProcessError when it fails."""
    started = time.perf_counter()
    process = subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    return Run(seconds, usage.ru_maxrss / 1024)


def show(label: str, runs: list[Run], leerlingen: int = 0) -> None:
    """Print one line of the table; a rate only where start-up is a small part of it."""
    seconds = [one.seconds for one in runs]
    spread = f"({min(seconds):.2f} to {max(seconds):.2f})"
    rate = f"{leerlingen / statistics.median(seconds):8.0f}/s" if leerlingen else " " * 10
    memory = max(one.mebibytes for one in runs)
    print(f"{label:44} {statistics.median(seconds):7.2f} s  {spread:16}  {rate}  {memory:6.0f} MiB", flush=True)


def main() -> None:
    """Measure everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--schools", type=int, default=400, help="schools of 250 leerlingen in one command")
    chosen = parser.parse_args()
    rounds = range(chosen.rounds)
    print(f"{'what':46}median  (spread)            leerlingen      memory")
    show("start-up alone", [run("import", "edexml", "--help") for _ in rounds])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        edexml = write_edexml(folder / "groot.xml", "21QW00", 1500)
        csv = write_csv(folder / "groot", "21QW00", 1500)
        for label, kind, source in (("EDEXML", "edexml", edexml), ("CSV set", "csv", csv)):
            data = [str(folder / f"{kind}{number}") for number in rounds]
            first = [run("--data", where, "import", kind, str(source)) for where in data]
            show(f"{label}, 1,500 leerlingen, first", first)
            again = [run("--data", where, "import", kind, str(source)) for where in data]
            show(f"{label}, 1,500 leerlingen, nothing changed", again)
        files = [str(write_edexml(folder / f"{brin6}.xml", brin6, 250)) for brin6 in islice(brin6s(), chosen.schools)]
        for count in sorted({min(50, chosen.schools), chosen.schools}):
            one = run("--data", str(folder / f"{count} schools"), "import", "edexml", *files[:count])
            show(f"EDEXML, {count} schools of 250, one command", [one], 250 * count)


if __name__ == "__main__":
    main()
