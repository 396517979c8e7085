"""The key file: one key a line, readable by its owner only, made whole or not at all."""

import os
import secrets
import stat
from pathlib import Path

MAX_FILE = 64 * 1024
"""No key file is larger; what is, was named by mistake."""
MODE = 0o600
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def read(path: Path) -> list[str]:
    """Give the lines of a key file. Raises OSError, or ValueError when others have rights on it."""
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("it is no plain file")
        if status.st_mode & _OTHERS:
            raise ValueError(f"others than its owner have rights on it: chmod {MODE:o}")
        content = file.read(MAX_FILE + 1)
    if len(content) > MAX_FILE:
        raise ValueError("it is too large for a key file")
    return content.decode("utf-8").splitlines()


def make(path: Path, length: int) -> None:
    """Make a key file with one new key of `lengte` bytes; when another process is first, its file stays.

    The file is written beside its place and linked into it: nobody ever sees half of it. Raises OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(f"k{secrets.token_hex(3)}={secrets.token_hex(length)}\n".encode())
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(temporary)
        except FileExistsError:
            return
        _sync(path.parent)
    finally:
        temporary.unlink()


def _sync(folder: Path) -> None:
    """Bring the name of a new file onto the disk: a digest without its key is lost for ever."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
