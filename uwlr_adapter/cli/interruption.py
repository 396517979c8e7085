"""How a run that takes long is ended from outside: as if by Ctrl-C, once."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Final

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Raise KeyboardInterrupt at the first SIGINT or SIGTERM in a block, and ignore every further one until it ends.

    CI ends a process with SIGTERM, and a script has no other signal: a shell lets what it starts with `&` ignore
    SIGINT, which stays so. What the block does after the first signal, such as saving a report, is done to its end.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread gets signals
        return
    taken = [one for one in _SIGNALS if signal.getsignal(one) is not signal.SIG_IGN]

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        for one in taken:
            signal.signal(one, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {one: signal.signal(one, interrupt) for one in taken}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
