"""A process of the package in which the n-th call fails: of the disk, of SQLite, or (`failing_proxy.py`) of PostgreSQL.

The commands are the real ones, each in a process of its own that dies or fails by itself. It is forked from one that
has imported the package: of some thousand commands the imports would be most of the time.
"""

import json
import mmap
import os
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any, Protocol

import pytest

_LAYOUT = struct.Struct("=iiqqii512s")
"""The page of failing.c: counts, kind, n, seen, struck, syncs, folder."""
_FORKING = Path(__file__).with_name("failing_commands.py")


class What(IntEnum):
    """The calls that are counted."""

    STATEMENT = 1
    DISK = 2


class Kind(IntEnum):
    """The fate of the n-th call. Of the disk unless said otherwise."""

    FAILS = 1
    """It fails, the later ones do not; of a statement too."""
    FULL = 2
    """It fails, and so does every later one until the end of the process: a full disk; of a statement too."""
    SHORT = 3
    """A write is done by half, and says so."""
    TORN = 4
    """A write is done by half, and the process dies."""
    DEAD_BEFORE = 5
    """The process dies before it; of a statement too."""
    DEAD_AFTER = 6
    """The process dies after it; of a statement too."""
    POWER = 7
    """The process dies before it, and every write that was not synced is gone."""


@dataclass(frozen=True)
class Struck:
    """The result of a strike: whether the n-th call came, and how many there were."""

    struck: bool
    seen: int
    syncs: int


class Striker(Protocol):
    """Makes the n-th call of the next command fail."""

    def arm(self, kind: Any, n: int) -> None:
        """Count from now on, and strike at the n-th call; 0 only counts."""

    def disarm(self) -> Struck:
        """Count no longer, and return what became of it."""


class Page:
    """The page that failing.c counts in."""

    def __init__(self, path: Path) -> None:
        path.write_bytes(bytes(_LAYOUT.size))
        with path.open("r+b") as file:
            self._page = mmap.mmap(file.fileno(), _LAYOUT.size)

    def arm(self, what: What, kind: Kind, n: int, folder: Path) -> None:
        """Count calls of a kind; those of the disk on files below a folder."""
        name = os.fsencode(folder.resolve())
        self._page[4:] = _LAYOUT.pack(0, kind, n, 0, 0, 0, name)[4:]
        self._page[:4] = struct.pack("=i", what)  # last: from here on it counts

    def disarm(self) -> Struck:
        """Count no longer."""
        self._page[:4] = struct.pack("=i", 0)
        _, _, _, seen, struck, syncs, _ = _LAYOUT.unpack(self._page[:])
        return Struck(bool(struck), seen, syncs)


@dataclass(frozen=True)
class Done:
    """The end of a command: its exit status, negative for the signal that ended it, and what it wrote."""

    status: int
    out: str
    err: str

    @property
    def acknowledged(self) -> bool:
        """Whether it said that it was done."""
        return self.status == 0

    @property
    def died(self) -> bool:
        """Whether it was killed."""
        return self.status < 0


class Commands:
    """Runs commands of the package, each in a forked process in which failing.c is loaded."""

    def __init__(self, folder: Path) -> None:
        self.page = Page(folder / "page")
        self.folder = folder
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("UWLR_")},
            "LD_PRELOAD": str(library(folder)),
            "FAILING_PAGE": str(folder / "page"),
            "PYTHONPATH": str(Path(__file__).parents[1]),
        }
        self._process = subprocess.Popen(
            [sys.executable, str(_FORKING), str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )

    def run(self, *arguments: str, data: Path, environment: Mapping[str, str] | None = None) -> Done:
        """Run a command on a data folder to its end."""
        return self._send({"command": ["--data", str(data), *arguments], "environment": dict(environment or {})})

    def fetch(self, request: bytes, *, data: Path, environment: Mapping[str, str] | None = None) -> tuple[Done, bytes]:
        """Send a message to the application on a data folder, in a process of its own; returns its answer too.

        The status is 0 when it answered with 200, and 1 for any other HTTP status.
        """
        (self.folder / "request").write_bytes(request)
        answer = self.folder / "answer"
        answer.write_bytes(b"")
        done = self._send({"fetch": str(data), "environment": dict(environment or {})})
        return done, answer.read_bytes()

    def make_old(
        self, revision: str, rows: Sequence[str], *, data: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        """Make a database as an older revision had it, with some rows."""
        asked = {"old": str(data), "revision": revision, "rows": rows, "environment": dict(environment or {})}
        done = self._send(asked)
        assert done.acknowledged, done

    def _send(self, asked: dict[str, Any]) -> Done:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        status = int(self._process.stdout.readline())
        out, err = ((self.folder / name).read_text(encoding="utf-8", errors="replace") for name in ("out", "err"))
        return Done(status, out, err)

    def close(self) -> None:
        """End the process that forks."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(60)


@contextmanager
def commands() -> Iterator[Commands]:
    """Yield what runs commands, with a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="uwlr-failing-") as folder:
        running = Commands(Path(folder))
        try:
            yield running
        finally:
            running.close()


def library(folder: Path) -> Path:
    """Compile failing.c into a folder; skips the test where there is no compiler, or no Linux to load it."""
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        pytest.skip("no C compiler here, or no Linux: nothing can be loaded before libc")
    made = folder / "failing.so"
    source = str(Path(__file__).with_name("failing.c"))
    subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-o", str(made), source, "-ldl", "-lpthread"], check=True)
    return made


@dataclass(frozen=True)
class OnSqlite:
    """Strikes a call of the disk or of SQLite, for files below a folder."""

    page: Page
    what: What
    folder: Path

    def arm(self, kind: Kind, n: int) -> None:
        """As Striker says."""
        self.page.arm(self.what, kind, n, self.folder)

    def disarm(self) -> Struck:
        """As Striker says."""
        return self.page.disarm()
