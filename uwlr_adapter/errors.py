"""The exception root of the package, its two families, and the logging of an internal failure.

A family says who can act on an exception. `RefusedError`: the caller, with another request. `UnusableError`: an
operator, in the configuration or the environment. An exception of neither family is handled where it is raised (a
fault of the standard, a retry) or is a defect.
"""

import logging
from collections.abc import Iterator


class UwlrAdapterError(Exception):
    """Base of every exception that this package raises on purpose; its text holds no secret and no person."""


class RefusedError(UwlrAdapterError):
    """A request is refused and has changed nothing; `str()` says why, for the caller, who can change the request."""


class UnusableError(UwlrAdapterError):
    """The configuration or the environment cannot be used; `str()` says why, for the operator, who can mend it."""


def log_failure(error: BaseException, logger: logging.Logger) -> None:
    """Log an internal failure at level ERROR, as `describe` returns it."""
    logger.error("own failure: %s", describe(error))


def describe(error: BaseException) -> str:
    """Return the exception types and code locations of a failure and of its causes.

    The texts of the exceptions are left out: they may quote values.
    """
    return " caused by ".join(
        f"{type(step).__module__}.{type(step).__qualname__} at {_locations(step)}" for step in _causes(error)
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    step: BaseException | None = error
    while step is not None:
        yield step
        step = step.__cause__ or step.__context__


def _locations(error: BaseException) -> str:
    locations = []
    traceback = error.__traceback__
    while traceback is not None:
        code = traceback.tb_frame.f_code
        locations.append(f"{code.co_filename.rpartition('/')[2]}:{traceback.tb_lineno} {code.co_name}")
        traceback = traceback.tb_next
    return " > ".join(locations)
