"""The key file: one key a line, readable by its owner only, created atomically."""

import os
import secrets
import stat
from pathlib import Path

MAX_FILE = 64 * 1024
"""The maximum size of a key file in bytes (inclusive); a larger file was named by mistake."""
MODE = 0o600
"""The permissions of a new key file: its owner reads and writes."""
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def read(path: Path) -> list[str]:
    """Return the lines of a key file.

    Raises OSError, or ValueError when it is not a regular file, gives rights to others, is too large or is not UTF-8.
    """
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("it is not a regular file")
        if status.st_mode & _OTHERS:
            raise ValueError(f"others than its owner have rights on it: chmod {MODE:o}")
        content = file.read(MAX_FILE + 1)
    if len(content) > MAX_FILE:
        raise ValueError("it is too large for a key file")
    return content.decode("utf-8").splitlines()


def make(path: Path, length: int) -> None:
    """Create a key file with one new random key of `length` bytes; a file that another process made first stays.

    The file is written under a temporary name and then hard-linked, so no reader sees a part of it. Raises OSError.
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
    """Flush a folder to disk, so that a new file survives a crash: a digest whose key is lost is worthless."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
