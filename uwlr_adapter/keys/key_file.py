"""The key file: one key a line, readable by its owner only, made whole or not at all."""

import os
import secrets
import stat
from pathlib import Path

GROOTSTE_BESTAND = 64 * 1024
"""No key file is larger; what is, was named by mistake."""
RECHTEN = 0o600
_ANDEREN = stat.S_IRWXG | stat.S_IRWXO


def read(pad: Path) -> list[str]:
    """Give the lines of a key file. Raises OSError, or ValueError when others have rights on it."""
    with pad.open("rb") as bestand:
        status = os.fstat(bestand.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("it is no plain file")
        if status.st_mode & _ANDEREN:
            raise ValueError(f"others than its owner have rights on it: chmod {RECHTEN:o}")
        inhoud = bestand.read(GROOTSTE_BESTAND + 1)
    if len(inhoud) > GROOTSTE_BESTAND:
        raise ValueError("it is too large for a key file")
    return inhoud.decode("utf-8").splitlines()


def make(pad: Path, lengte: int) -> None:
    """Make a key file with one new key of `lengte` bytes; when another process is first, its file stays.

    The file is written beside its place and linked into it: nobody ever sees half of it. Raises OSError.
    """
    pad.parent.mkdir(parents=True, exist_ok=True)
    tijdelijk = pad.with_name(f".{pad.name}.{secrets.token_hex(8)}")
    handle = os.open(tijdelijk, os.O_WRONLY | os.O_CREAT | os.O_EXCL, RECHTEN)
    try:
        with os.fdopen(handle, "wb") as bestand:
            bestand.write(f"k{secrets.token_hex(3)}={secrets.token_hex(lengte)}\n".encode())
            bestand.flush()
            os.fsync(bestand.fileno())
        try:
            pad.hardlink_to(tijdelijk)
        except FileExistsError:
            return
        _sync(pad.parent)
    finally:
        tijdelijk.unlink()


def _sync(map_: Path) -> None:
    """Bring the name of a new file onto the disk: a digest without its key is lost for ever."""
    handle = os.open(map_, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
