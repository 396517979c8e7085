"""Exceptions become faults of the standard."""

from typing import TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from uwlr_adapter.contract import fault
from uwlr_adapter.db.causes import SilentDatabaseError

FaultType = TypeVar("FaultType", bound=Exception)

_TEMPORARY = (DBAPIError, PoolTimeoutError, SilentDatabaseError)
"""Failures that may be over when the caller tries again."""


def as_fault(error: Exception) -> fault.Fault:
    """Return the fault for the caller: a fault is that itself, any other exception a failure of our own."""
    if isinstance(error, fault.Fault):
        return error
    return fault.TijdelijkNietBeschikbaar() if isinstance(error, _TEMPORARY) else fault.InterneFout()


def without_trace(error: FaultType) -> FaultType:
    """Return an exception that is going to be kept as a value, without its traceback and causes.

    A traceback holds every frame that the exception passed through, and one of these frames holds the exception: a
    reference cycle, which only a collection frees, while every request waits. This way a request leaves none.
    """
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)
