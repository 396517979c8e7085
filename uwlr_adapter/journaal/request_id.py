"""The id of what this thread works for: an HTTP request, a run of a command, or a run of a job.

The log has it in each line, and the journaal with each act, so that the one leads to the other. It is the context of a
thread or task, since nothing depends on it: it only says what belongs together.
"""

from contextvars import ContextVar, Token
from functools import partial
from secrets import token_hex

_current: ContextVar[str | None] = ContextVar("request_id", default=None)

new_id = partial(token_hex, 16)
"""Returns a new id: 32 hexadecimal digits."""


def current_id() -> str | None:
    """Return the id of what this thread or task works for, if anything."""
    return _current.get()


class working_for:  # noqa: N801 - used as a function
    """Context manager: what this thread or task does belongs to an id."""

    __slots__ = ("_before", "_id")

    def __init__(self, request_id: str) -> None:
        self._id = request_id

    def __enter__(self) -> None:
        """Make the id the current one."""
        self._before: Token[str | None] = _current.set(self._id)

    def __exit__(self, *_: object) -> None:
        """Restore the id that was current before."""
        _current.reset(self._before)
