"""Temporary files of a run in memory: nothing that a test writes must survive, and a disk is most of what it costs."""

import os
import shutil
import tempfile
from pathlib import Path

_MEMORY = Path("/dev/shm")  # noqa: S108 - the file system itself; pytest makes a folder of its own in it
_ROOM = 4 << 30
"""Bytes that must be free; a run on two processors uses a quarter of it."""


def use_memory() -> None:
    """Name a file system in memory as the temporary folder of this process and its children.

    A disk stays in use where somebody chose a folder (TMPDIR), and where there is no such file system, it is small, or
    it runs no programs (in most containers): tests build some.
    """
    if "TMPDIR" not in os.environ and _is_fit():
        os.environ["TMPDIR"] = str(_MEMORY)
        tempfile.tempdir = None  # it is read again


def _is_fit() -> bool:
    if not os.access(_MEMORY, os.W_OK):
        return False
    runs_programs = not os.statvfs(_MEMORY).f_flag & os.ST_NOEXEC
    return runs_programs and shutil.disk_usage(_MEMORY).free >= _ROOM
