"""The life of a worker hangs on that of its server: a worker without one serves an old program on a port in use."""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


class ServerGoneError(SystemExit):
    """The server died before its worker could ask to be told of it."""


def end_with(server: int) -> None:
    """Have this process get SIGTERM when the server of this process id dies, so that it ends as at any stop.

    On Linux only, where the service runs. Raises ServerGoneError when it has died already.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if is_orphan(server):
        raise ServerGoneError


def is_orphan(server: int) -> bool:
    """Return whether the server of this process id is not the parent of this process any more."""
    return os.getppid() != server
