"""Guard against blocking the event-loop thread.

`serve` answers most requests in one thread of each process, the event loop's. Code calls `before_blocking` ahead of
anything that may take longer than a short query: waiting for another writer or a lock, connecting, rendering. In the
loop's thread that raises WouldBlock, before anything was done, and the request runs again in a thread of its own.
"""

import threading


class WouldBlock(BaseException):
    """The work would block this thread. A BaseException, so that no handler of failures catches it."""


class _ThreadState(threading.local):
    may_block = True


_thread = _ThreadState()


class nonblocking:  # noqa: N801 - used as a function
    """Forbid this thread to block, within the block."""

    def __enter__(self) -> None:
        """Forbid it."""
        _thread.may_block = False

    def __exit__(self, *_: object) -> None:
        """Allow it again."""
        _thread.may_block = True


def may_block() -> bool:
    """Return whether this thread may block."""
    return _thread.may_block


def before_blocking() -> None:
    """Raise WouldBlock in a thread that must not block."""
    if not _thread.may_block:
        raise WouldBlock
