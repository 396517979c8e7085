"""A killed import that is larger than SQLite's cache: the previous records are whole, and the next start works.

test_failing_at_every_n.py has the death of small acts, at every write.
"""

import random
import shutil
import subprocess
import sys
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.edexml_files import eckid, make_dataset, to_edexml
from support.imports import dump

from uwlr_adapter.contract.dataset import Groep, Leerling
from uwlr_adapter.db.database import Database
from uwlr_adapter.db.metadata import metadata
from uwlr_adapter.settings import Settings

Rows = dict[str, list[tuple[object, ...]]]
LEERLINGEN = 3_000
POLL = 0.002
ATTEMPTS = 6


@dataclass(frozen=True, slots=True)
class State:
    """A database with a first import in it, a file that changes all of it, and the rows before and after."""

    data: Path
    file: Path
    before: Rows
    after: Rows


def _school(path: Path, count: int, achternaam: str) -> Path:
    groepen = [Groep("groep", f"g{number}", achternaam, "3") for number in range(10)]
    leerlingen = [
        Leerling(str(number), eckid=eckid(number), achternaam=achternaam, groep=f"g{number % 10}")
        for number in range(count)
    ]
    path.write_bytes(to_edexml(make_dataset(leerlingen, groepen=groepen)))
    return path


def _command(data: Path, file: Path) -> list[str]:
    return [sys.executable, "-m", "uwlr_adapter", "--data", str(data), "import", "edexml", str(file)]


def _rows(data: Path) -> Rows:
    database = Database(Settings(data=data).database_url)
    with database.reading() as connection:
        assert connection.scalar(sa.text("PRAGMA integrity_check")) == "ok"
        assert connection.execute(sa.text("PRAGMA foreign_key_check")).all() == []
    rows = dump(database)
    database.close()
    return rows


def _wal_size(data: Path) -> int:
    with suppress(FileNotFoundError):
        return (data / "uwlr.sqlite3-wal").stat().st_size
    return 0


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> State:
    """Import a school, and learn what a whole import of the second file makes of it."""
    folder = tmp_path_factory.mktemp("kill")
    data, whole = folder / "data", folder / "whole"
    database = Database(Settings(data=data).database_url)
    database.upgrade()
    with database.writing() as connection:
        metadata.create_all(connection)
    database.close()
    second = _school(folder / "second.xml", LEERLINGEN, "Later")
    subprocess.run(_command(data, _school(folder / "first.xml", 300, "Eerst")), check=True, capture_output=True)
    shutil.copytree(data, whole)
    subprocess.run(_command(whole, second), check=True, capture_output=True)
    return State(data, second, _rows(data), _rows(whole))


def _kill(state: State, data: Path, octets: int) -> bool:
    """Start the second import and kill it at a size of the write-ahead log; returns whether it was killed.

    The log grows before the commit, because the transaction is larger than SQLite's cache.
    """
    shutil.copytree(state.data, data)
    process = subprocess.Popen(_command(data, state.file), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None:
        if _wal_size(data) >= octets:
            process.kill()
            break
        with suppress(subprocess.TimeoutExpired):
            process.wait(POLL)
    return process.wait() != 0


def _starts_again(state: State, data: Path) -> None:
    subprocess.run(_command(data, state.file), check=True, capture_output=True)
    assert _rows(data) == state.after


@pytest.mark.parametrize("seed", [1, 2])
def test_a_kill_in_the_open_transaction_leaves_the_previous_records(state: State, tmp_path: Path, seed: int) -> None:
    """Killed while its rows are half written, an import has changed nothing, and the next one does all of it."""
    generator = random.Random(seed)  # noqa: S311 - a moment to kill, not a secret
    for attempt in range(ATTEMPTS):
        data = tmp_path / str(attempt)
        killed = _kill(state, data, generator.randrange(1, 400_000))
        half_written = _wal_size(data) > 0
        rows = _rows(data)
        assert rows in (state.before, state.after)
        if killed and half_written and rows == state.before:
            _starts_again(state, data)
            return
    pytest.fail("no kill fell within the open transaction")


def test_every_writing_connection_is_durable(tmp_path: Path) -> None:
    """A commit waits for the disk, in the write-ahead log, with references checked, on every connection that writes."""
    database = Database(f"sqlite:///{tmp_path / 'uwlr.sqlite3'}")
    with ExitStack() as held:
        for _ in range(4):  # each held reading connection makes the next writing one a new one
            with database.writing() as connection:
                found = [connection.scalar(sa.text(f"PRAGMA {name}")) for name in ("synchronous", "foreign_keys")]
                assert (found, connection.scalar(sa.text("PRAGMA journal_mode"))) == ([2, 1], "wal")
            held.enter_context(database.reading())
    database.close()
