"""Backup, restore and copy: `python benchmarks/moving.py [--schools N] [--copy]`, or `make bench-moving`.

Schools as in the nation are imported into SQLite, copied to PostgreSQL and back, backed up and restored. Copies are
made beside a server that is fetched from all the time, and every school is fetched from each result, with the code that
it had before: its status, and that it has as many leerlingen as the school. With `--copy` there is no server and no
backup: only both copies are made, for more schools than a machine could also serve and fetch meanwhile.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import nation
import psutil
import world
from load import CONNECTIONS
from nation import Nation
from servers import Backend, ours, postgresql, sqlite

SCHOOLS = 660


def run(backend: Backend, *words: str | Path) -> tuple[float, float, float]:
    """Run a command on a database; return its seconds, its seconds of CPU and its highest memory in MiB."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "uwlr_adapter", *map(str, words)],
        env=backend.environment,
        cwd=backend.data,
        stdout=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(map(str, words))} failed")
    return time.perf_counter() - started, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def measured(label: str, backend: Backend, *words: str | Path) -> None:
    """Run a command, and print what it took."""
    seconds, cpu, memory = run(backend, *words)
    print(f"{label:52} {seconds:7.1f} s  CPU {cpu:6.1f} s, memory {memory:5.0f} MiB", flush=True)


@contextmanager
def under_load(backend: Backend, schools: Nation) -> Iterator[None]:
    """Serve a database and fetch every school, again and again, until the block ends; every answer must be right."""
    ended, rounds = threading.Event(), []

    def fetch() -> None:
        while not ended.is_set():
            rounds.append(nation.fetch(server, Nation(schools.sizes, schools.folder)))

    with ours(backend, "serving meanwhile") as server:
        thread = threading.Thread(target=fetch)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
    good, wrong = sum(one.data for one in rounds), sum(one.errors for one in rounds)
    print(f"  meanwhile {good:,} fetches were answered with data, and {wrong} were not", flush=True)
    if wrong:
        raise SystemExit("not every answer was what it had to be")


def require_all(label: str, backend: Backend, schools: Nation) -> None:
    """Serve a database, and fetch every school with the code that it had before."""
    with ours(backend, label) as server:
        found = nation.fetch(server, Nation(schools.sizes, schools.folder))
    print(f"  {label}: {found.data} of {len(schools.sizes)} schools fetched, {found.errors} errors", flush=True)
    if found.errors or found.data != len(schools.sizes):
        raise SystemExit("not every school was answered")


def main() -> None:
    """Measure it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--schools", type=int, default=SCHOOLS, help=f"how many schools (default {SCHOOLS})")
    parser.add_argument("--copy", action="store_true", help="only both copies, without a server")
    arguments = parser.parse_args()
    count = arguments.schools
    print(f"{psutil.cpu_count()} cores, {CONNECTIONS} connections that fetch all the time")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="uwlr-moving-")))
        here, there = stack.enter_context(sqlite()), stack.enter_context(postgresql())
        schools = nation.make(folder, count)
        database = world.open_database(here)
        world.add_afnemer(database)
        measured(f"import of {count} schools, {schools.leerlingen:,} leerlingen", here, "import", "edexml", folder)
        world.activate(database, schools.sizes)
        database.close()
        print(f"  SQLite: {(here.data / 'uwlr.sqlite3').stat().st_size / 2**20:.0f} MiB", flush=True)
        if arguments.copy:
            back = replace(here, data=folder / "b", url=f"sqlite:///{folder}/b/uwlr.sqlite3")
            back.data.mkdir(mode=0o700)
            measured("db copy to PostgreSQL", here, "db", "copy", "--to", there.url)
            measured("db copy back to SQLite", there, "db", "copy", "--to", back.url)
            return
        with under_load(here, schools):
            measured("db copy to PostgreSQL, while it serves", here, "db", "copy", "--to", there.url)
        require_all("the copy on PostgreSQL", there, schools)
        back, new = (replace(here, data=folder / name, url=f"sqlite:///{folder / name}/uwlr.sqlite3") for name in "bn")
        for one in (back, new):
            one.data.mkdir(mode=0o700)
        with under_load(there, schools):
            measured("db copy back to SQLite, while it serves", there, "db", "copy", "--to", back.url)
            measured("backup of PostgreSQL, while it serves", there, "backup", folder / "file")
        print(f"  backup: {(folder / 'file').stat().st_size / 2**20:.0f} MiB", flush=True)
        require_all("the copy on SQLite", back, schools)
        measured("restore into SQLite", new, "restore", folder / "file", "--yes")
        require_all("the restored one", new, schools)
        measured("db check with every stored answer", new, "db", "check", "--all-answers")


if __name__ == "__main__":
    main()
