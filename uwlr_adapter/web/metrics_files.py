"""The files in which the workers of a server add up their metrics, and those of processes that have ended.

Each process has its own files, and their number would grow with each replacement of a worker. What an ended one counted
goes into one file of its kind (`ENDED`), so that no total falls. The folder of a server that was killed is removed by
the next one.
"""

import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client.mmap_dict import MmapedDict

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The variable that names the folder; its own name is that of the library."""
_PREFIX = "uwlr-metrics-"
_OF_SERVER = re.compile(rf"{_PREFIX}(\d+)-\w+")
_OF_PROCESS = re.compile(r"(counter|histogram)_(\d+)\.db")
ENDED = "ended"
"""Stands in the name of a file for the id of a process: the counts of all that have ended."""
_LOCK = "lock"


@contextmanager
def make_folder() -> Iterator[None]:
    """Make the folder of this server, name it in FOLDER, and remove it at the end; an operator may name one instead.

    The folders of servers that were killed are removed first, and so is what an earlier server left in the named one.
    """
    given = os.environ.get(FOLDER)
    if given:
        _empty(Path(given))
        yield
        return
    _remove_orphans(Path(tempfile.gettempdir()))
    with tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{os.getpid()}-") as folder:
        os.environ[FOLDER] = folder
        try:
            yield
        finally:
            del os.environ[FOLDER]


def merge_ended(folder: Path) -> int:
    """Add the counts of processes that have ended to ENDED, remove their files, and return how many those were."""
    with _locked(folder, fcntl.LOCK_EX):
        ended = [(file, kind) for file, kind, pid in _files(folder) if not _lives(pid)]
        for file, kind in ended:
            into = MmapedDict(str(folder / f"{kind}_{ENDED}.db"))  # type: ignore[no-untyped-call]
            for key, value, timestamp, _ in MmapedDict.read_all_values_from_file(str(file)):  # type: ignore[no-untyped-call]
                into.write_value(key, into.read_value(key)[0] + value, timestamp)  # type: ignore[no-untyped-call]
            into.close()  # type: ignore[no-untyped-call]
            file.unlink()
    return len(ended)


@contextmanager
def reading(folder: Path) -> Iterator[None]:
    """Keep the files as they are while they are read: none is merged meanwhile."""
    with _locked(folder, fcntl.LOCK_SH):
        yield


@contextmanager
def _locked(folder: Path, how: int) -> Iterator[None]:
    with (folder / _LOCK).open("a") as file:
        fcntl.flock(file, how)
        yield


def _files(folder: Path) -> Iterator[tuple[Path, str, int]]:
    """Yield the files of processes, each with its kind and the id of its process."""
    for file in sorted(folder.glob("*.db")):
        if (match := _OF_PROCESS.fullmatch(file.name)) is not None:
            yield file, match[1], int(match[2])


def _empty(folder: Path) -> None:
    """Remove what an earlier server left in a folder, unless another one uses it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not any(_lives(pid) for _, _, pid in _files(folder)):
        for file in folder.glob("*.db"):
            file.unlink()


def _remove_orphans(folder: Path) -> None:
    """Remove the folders of servers of this user that live no more."""
    for found in folder.glob(f"{_PREFIX}*"):
        match = _OF_SERVER.fullmatch(found.name)
        if match is not None and found.stat().st_uid == os.getuid() and not _lives(int(match[1])):
            shutil.rmtree(found, ignore_errors=True)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
