"""Who serves many callers in one thread must not wait in it for one of them.

`serve` answers what is at hand in one thread of each process. Before anything that may take longer than a look at the
database (another writer, a lock, a connection to be made, an answer to be rendered), the code asks `before_waiting`.
In that thread it raises WouldBlock, nothing having been done, and the request is done again in a thread of its own.
"""

import threading


class WouldBlock(BaseException):
    """This cannot be done here without waiting. No failure, so that no handler of failures takes it for one."""


class _ThreadState(threading.local):
    may_block = True


_thread = _ThreadState()


class nonblocking:  # noqa: N801 - used as a function
    """Let this thread not wait within the block."""

    def __enter__(self) -> None:
        """Begin the block."""
        _thread.may_block = False

    def __exit__(self, *_: object) -> None:
        """Leave it."""
        _thread.may_block = True


def may_block() -> bool:
    """Tell whether this thread may wait."""
    return _thread.may_block


def before_blocking() -> None:
    """Raise WouldBlock in a thread that must not wait."""
    if not _thread.may_block:
        raise WouldBlock
