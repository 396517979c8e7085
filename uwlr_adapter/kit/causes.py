"""Common causes: what many failed checks of one endpoint seem to come of, told in one sentence.

A group of checks asks for the same thing in many ways. When most of those that were judged fail with the same kind of
response, the endpoint likely lacks that one thing, and a reader should see that before the list of failures.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from uwlr_adapter.contract import names
from uwlr_adapter.kit.reading import CODES, AnswerKind, Reading

if TYPE_CHECKING:
    from uwlr_adapter.kit.report import CheckResult

MIN_FAILED: Final = 3
"""Failed checks of a group (inclusive) below which each of them speaks for itself."""
MIN_SHARE: Final = 0.5
"""Share of the judged checks of a group (inclusive) that fail in one way when they have one cause."""


class Sign(StrEnum):
    """The kind of the last response to a failed check, as far as causes are told apart by it."""

    ANSWERED = "answered"
    """Data, geenwijzigingen or geengegevens."""
    SOAP_12 = "SOAP 1.2"
    """Whatever it is, its envelope is not of SOAP 1.1."""
    FAULT = "fault"
    """A fault of class Client with a code of the standard."""
    OTHER_CODE = "fault with another code"
    """A fault with a code that is not of the standard, the bare `Client` included."""
    SERVER = "fault of class Server"
    NO_FAULT = "no fault"
    """Another response, such as a page."""
    SILENCE = "no response"


def sign_of(reading: Reading | None) -> Sign:
    """Return the sign of a response; None stands for one that did not come."""
    if reading is None:
        return Sign.SILENCE
    if reading.kind is AnswerKind.OTHER:
        return Sign.NO_FAULT
    if reading.root is not None and reading.root.tag != f"{{{names.SOAP11}}}Envelope":
        return Sign.SOAP_12
    if reading.kind is not AnswerKind.FAULT:
        return Sign.ANSWERED
    if reading.fault_code.partition(".")[0] == "Server":
        return Sign.SERVER
    return Sign.FAULT if reading.fault_code in CODES - {"Client"} else Sign.OTHER_CODE


@dataclass(frozen=True, slots=True)
class CommonCause:
    """A cause, the checks that fail by it, and the sign of their last response."""

    sign: Sign
    checks: frozenset[str]
    """Ids of the group."""
    seems: str
    """What the endpoint seems to do, as the rest of a sentence."""
    those: str
    """What each failed check of the group saw, in the plural."""


@dataclass(frozen=True, slots=True)
class LikelyCause:
    """A cause that is found in a report."""

    sentence: str
    checks: tuple[str, ...]
    """Ids of the checks that fail by it, in their order."""


def _ids(prefix: str, *numbers: int) -> frozenset[str]:
    return frozenset(f"{prefix}-{number:02}" for number in numbers)


_INVALID: Final = _ids("REQ", *range(1, 26), *range(51, 57))
_WITHOUT_ACCESS: Final = _ids("AUT", *range(1, 9), 11, 12, 13, 31, 32, 33)
_REFUSED: Final = _INVALID | _WITHOUT_ACCESS | _ids("REQ", 30) | _ids("AUT", 14) | _ids("SOAP", *range(16, 21), 43)
_DATA: Final = frozenset({"SOAP-01", "LG-02", "STEP-03", "STEP-13", "STEP-23"})
_FAULTS: Final = _REFUSED | _ids("SOAP", 31)
_SINCE: Final = _ids("NEW", *range(4, 10), 12, 13)
CAUSES: Final = (
    CommonCause(
        Sign.ANSWERED,
        _INVALID,
        "not to judge requests by the schema",
        "invalid requests are answered as if they were valid",
    ),
    CommonCause(
        Sign.ANSWERED,
        _WITHOUT_ACCESS,
        "not to look at the autorisatie",
        "requests without the right one are answered",
    ),
    CommonCause(
        Sign.ANSWERED,
        _SINCE,
        "not to compare laatstontvangengegevens with its data",
        "requests with another moment than that of the data get none",
    ),
    CommonCause(Sign.SOAP_12, _DATA, "to answer in another SOAP than 1.1", "checks of an answer fail on that"),
    CommonCause(Sign.SOAP_12, _FAULTS, "to refuse in another SOAP than 1.1", "refusals are in another one"),
    CommonCause(
        Sign.OTHER_CODE,
        _REFUSED,
        "to leave its refusals to a toolkit",
        "refusals have a bare Client, or another code that is not of the standard",
    ),
    CommonCause(
        Sign.FAULT,
        _REFUSED,
        "to mix the faultcodes of the standard up",
        "refusals have one that is for another cause",
    ),
    CommonCause(
        Sign.SERVER,
        _REFUSED,
        "to break on what it must refuse",
        "such requests get a fault of class Server, as if they were right",
    ),
    CommonCause(Sign.NO_FAULT, _REFUSED, "to refuse without a fault", "refusals are another response of HTTP"),
    CommonCause(Sign.SILENCE, _REFUSED, "to close the connection instead of refusing", "such requests get no response"),
)
"""The causes that are looked for."""


def likely_causes(results: Iterable["CheckResult"]) -> tuple[LikelyCause, ...]:
    """Return the causes that explain most of a group of checks, the one of most failures first."""
    judged = [one for one in results if one.is_judged]
    found = [one for cause in CAUSES if (one := _found(cause, judged)) is not None]
    return tuple(sorted(found, key=lambda one: -len(one.checks)))


def _found(cause: CommonCause, judged: list["CheckResult"]) -> LikelyCause | None:
    group = [one for one in judged if one.id in cause.checks]
    failed = tuple(one.id for one in group if one.sign is cause.sign)
    if len(failed) < max(MIN_FAILED, MIN_SHARE * len(group)):
        return None
    return LikelyCause(f"The endpoint seems {cause.seems}: {len(failed)} of {len(group)} {cause.those}.", failed)
