"""The key file: one key a line, readable by the service only, created and changed atomically."""

import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path

MAX_FILE = 64 * 1024
"""The maximum size of a key file in bytes (inclusive); a larger file was named by mistake."""
MODE = 0o600
"""The permissions of a new key file: its owner reads and writes."""
_OTHERS_READ = stat.S_IROTH
_ROOT = 0


def read(path: Path) -> list[str]:
    """Return the lines of a key file; symbolic links are followed, as those of a mounted secret must be.

    Raises OSError, or ValueError when it is not a regular file, has rights that are not safe, is too large or is not
    UTF-8.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # a pipe would be waited for
    with os.fdopen(handle, "rb") as file:
        _require_safe(os.fstat(handle), is_read_only=lambda: bool(os.fstatvfs(handle).f_flag & os.ST_RDONLY))
        content = file.read(MAX_FILE + 1)
    if len(content) > MAX_FILE:
        raise ValueError("it is too large for a key file")
    return content.decode("utf-8-sig").splitlines()  # an editor of Windows begins with a byte order mark


def _require_safe(status: os.stat_result, *, is_read_only: Callable[[], bool]) -> None:
    """Raise ValueError unless nobody but the service, and root, can change or read a key file.

    A file of our own has no rights for others. One of root may be read by its group, which is then how the service
    reads it (a secret of Kubernetes with `fsGroup`: 0440), and by everybody on a file system that is mounted read-only:
    that is a secret in a container (0444), where nobody else is.
    """
    if not stat.S_ISREG(status.st_mode):
        raise ValueError("it is not a regular file")
    ours, is_of_root = os.geteuid(), status.st_uid == _ROOT
    if status.st_uid not in {ours, _ROOT} and ours != _ROOT:
        raise ValueError("it belongs to another user, who can change it: it must be of root or of the service's user")
    rights = stat.S_IMODE(status.st_mode)
    group, others = rights & stat.S_IRWXG, rights & stat.S_IRWXO
    if (group | others) & (stat.S_IWGRP | stat.S_IWOTH):
        raise ValueError(f"others than its owner can write to it: chmod {MODE:o}")
    if group not in {0, stat.S_IRGRP} or (not is_of_root and (group or others)):
        raise ValueError(f"others than its owner have rights on it: chmod {MODE:o}")
    if is_of_root and others and not (others == _OTHERS_READ and is_read_only()):
        raise ValueError(
            f"everybody on this machine has rights on it: chmod {MODE:o}, or 640 with the group of the service "
            "(0444 is accepted on a read-only mount only: a secret in a container)"
        )


def make(path: Path, length: int) -> None:
    """Create a key file with one new random key of `length` bytes; a file that another process made first stays.

    The file is written under a temporary name and then hard-linked, so no reader sees a part of it. Raises OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _write(path, f"{new_line(f'k{secrets.token_hex(3)}', length)}\n".encode(), MODE)
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        return
    finally:
        temporary.unlink()
    sync_folder(path.parent)


def new_line(name: str, length: int) -> str:
    """Return the line of a new random key of `length` bytes."""
    return f"{name}={secrets.token_hex(length)}"


def append(path: Path, line: str) -> None:
    """Add a line at the end of a key file, whose owner, group and rights stay. Raises OSError, or ValueError as `read`.

    Behind a symbolic link the file itself is replaced, so that no reader sees a part of it.
    """
    lines = read(path)
    target = path.resolve()
    status = target.stat()
    content = "".join(f"{one}\n" for one in (*lines, line)).encode()
    temporary = _write(target, content, stat.S_IMODE(status.st_mode), (status.st_uid, status.st_gid))
    try:
        temporary.replace(target)
    except BaseException:
        temporary.unlink()
        raise
    sync_folder(target.parent)


def _write(beside: Path, content: bytes, mode: int, owner: tuple[int, int] | None = None) -> Path:
    """Return a new file beside another one, durable, with these rights and owner (user and group). Raises OSError."""
    temporary = beside.with_name(f".{beside.name}.{secrets.token_hex(8)}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            if owner is not None and owner != (os.fstat(handle).st_uid, os.fstat(handle).st_gid):
                os.fchown(handle, *owner)
            if mode != MODE:
                os.fchmod(handle, mode)
            os.fsync(handle)
    except BaseException:
        temporary.unlink()
        raise
    return temporary


def sync_folder(folder: Path) -> None:
    """Flush a folder to disk, so that the name of a new file in it survives a power cut. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
