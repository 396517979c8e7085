"""Files that a command leaves: whole, and readable by their owner only."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


def why_unwritable(path: Path) -> str | None:
    """Return why `write_private` could not write a file, None when it could; asked before the work for it is done."""
    if path.is_symlink() or (
        path.exists() and not path.is_file()
    ):  # the file would take its place, that of /dev/null too
        return f"{path} is no file of its own"
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            return None
    except OSError:
        return f"no file can be made in the folder of {path}"


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read; an existing one is replaced by a whole one.

    Raises OSError; the existing file is unchanged then, and no other is left.
    """
    with private_file(path) as file:
        file.write(content)


@contextmanager
def private_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file that only its owner can read; at the end of the block it replaces one that is there.

    After an exception the existing file is unchanged, and no other is left. Raises OSError.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # with mode 0600
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
