"""Exceptions become faults of the standard; what they held is logged as types and places, or released."""

import logging
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from uwlr_adapter.contract import fault
from uwlr_adapter.errors import log_failure

logger = logging.getLogger("uwlr_adapter.soap")

Result = TypeVar("Result")
FaultType = TypeVar("FaultType", bound=Exception)

_TEMPORARY = (DBAPIError, PoolTimeoutError)
"""Failures that may be over when the caller tries again."""


def only_faults(work: Callable[[], Result]) -> Result:
    """Return what `work` returns. Raises Fault only: any other exception is logged and becomes `own_fault`."""
    try:
        return work()
    except fault.Fault:
        raise
    except Exception as error:
        raise own_fault(error) from error


def own_fault(error: Exception) -> fault.Fault:
    """Log a failure of our own, and return its fault for the caller."""
    log_failure(error, logger)
    return fault.TijdelijkNietBeschikbaar() if isinstance(error, _TEMPORARY) else fault.InterneFout()


def without_trace(error: FaultType) -> FaultType:
    """Return an exception that is going to be kept as a value, without its traceback and causes.

    A traceback holds every frame that the exception passed through, and one of these frames holds the exception: a
    reference cycle, which only a collection frees, while every request waits. This way a request leaves none.
    """
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)
