"""The exception root of the package, and how a failure is logged: kinds and places, never its text."""

import logging
from collections.abc import Iterator


class UwlrAdapterError(Exception):
    """Base of every exception that this package raises on purpose; its text holds no secret and no person."""


def log_failure(error: BaseException, logger: logging.Logger) -> None:
    """Log a failure of our own: its kinds and places, never its text, which may quote values."""
    logger.error("own failure: %s", describe(error))


def describe(error: BaseException) -> str:
    """Give the kinds and places of a failure and of what caused it; never its text."""
    return " caused by ".join(
        f"{type(step).__module__}.{type(step).__qualname__} at {_places(step)}" for step in _causes(error)
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    step: BaseException | None = error
    while step is not None:
        yield step
        step = step.__cause__ or step.__context__


def _places(error: BaseException) -> str:
    places = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return " > ".join(places)
