"""The exception root of the package, its two families, and how a failure is told without its text.

A family says who can act on an exception. `RefusedError`: the caller, with another request. `UnusableError`: an
operator, in the configuration or the environment. An exception of neither family is handled where it is raised (a
fault of the standard, a retry) or is a defect.
"""

import re
from collections.abc import Iterator

_SQLSTATE = re.compile("[0-9A-Z]{5}")
_SQLITE_NAME = re.compile("SQLITE_[A-Z0-9_]{1,40}")


class UwlrAdapterError(Exception):
    """Base of every exception that this package raises on purpose; its text holds no secret and no person."""


class RefusedError(UwlrAdapterError):
    """A request is refused and has changed nothing; `str()` says why, for the caller, who can change the request."""


class SchoolRefusedError(RefusedError):
    """A refusal that a school reads: `str()` is the Dutch sentence of the portal, `english` that of a command."""

    english: str

    def __init__(self, text: str, english: str) -> None:
        super().__init__(text)
        self.english = english


class UnusableError(UwlrAdapterError):
    """The configuration or the environment cannot be used; `str()` says why, for the operator, who can mend it."""


def describe(error: BaseException) -> str:
    """Return the exception types, the codes of a database and the code locations of a failure and of its causes.

    The texts of the exceptions are left out: they may quote values.
    """
    return " caused by ".join(f"{_name(step)} at {_locations(step)}" for step in causes_of(error))


def code_of(error: BaseException) -> str:
    """Return the code that a database gave an exception, such as `SQLSTATE 53100` or `SQLITE_FULL`; empty without one.

    Anything else than a code in these two attributes of the drivers is ignored.
    """
    state, name = getattr(error, "sqlstate", None), getattr(error, "sqlite_errorname", None)
    if isinstance(state, str) and _SQLSTATE.fullmatch(state):
        return f"SQLSTATE {state}"
    return name if isinstance(name, str) and _SQLITE_NAME.fullmatch(name) else ""


def _name(error: BaseException) -> str:
    name, code = f"{type(error).__module__}.{type(error).__qualname__}", code_of(error)
    return f"{name} ({code})" if code else name


def causes_of(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception, then what caused it, and so on."""
    step: BaseException | None = error
    while step is not None:
        yield step
        step = step.__cause__ or step.__context__ or getattr(step, "orig", None)  # of SQLAlchemy: the driver's


def _locations(error: BaseException) -> str:
    locations = []
    traceback = error.__traceback__
    while traceback is not None:
        code = traceback.tb_frame.f_code
        locations.append(f"{code.co_filename.rpartition('/')[2]}:{traceback.tb_lineno} {code.co_name}")
        traceback = traceback.tb_next
    return " > ".join(locations)
