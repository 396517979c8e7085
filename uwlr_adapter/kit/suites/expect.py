"""Expectations that several chapters share, each with its sentence."""

from typing import NoReturn

from uwlr_adapter.contract.fault import (
    AutorisatieOngeldig,
    OngeldigBericht,
    OngeldigeKlantIdentificatie,
    XsdVersieOngeldig,
)
from uwlr_adapter.kit.checks import RunStoppedError, require
from uwlr_adapter.kit.reading import CODES, AnswerKind, Reading, sentence_of

ANSWERED = frozenset({AnswerKind.DATA, AnswerKind.NO_CHANGES, AnswerKind.NO_DATA})
"""The kinds of an answer that is no fault."""
ANSWERS = "HTTP-01"
"""The check that the usual request is answered: nearly everything builds on it."""
OF_DATA = "LG-01"
"""The check that the usual request is answered with data."""
BAD = OngeldigBericht.code
NO_KLANT = OngeldigeKlantIdentificatie.code
NO_ACCESS = AutorisatieOngeldig.code
NO_VERSION = XsdVersieOngeldig.code
SINCE = "laatstontvangengegevens"
"""The element of a request with the moment of the data that its caller has."""
SHORTEST_TIMEOUT = 30
"""Seconds: the shortest timeout that was seen in a client."""
_WRONG = {
    NO_KLANT: "the klantnaam and the klantcode",
    NO_ACCESS: "the autorisatiesleutel for this school, of which the koppeling must be active,",
}
"""Meaning of each code of the credentials of a run."""


def stop_without_access(reading: Reading) -> None:
    """Stop the run when the endpoint does not know its credentials: nothing of it can be judged then.

    Raises RunStoppedError.
    """
    wrong = _WRONG.get(reading.fault_code)
    if wrong is not None:
        raise RunStoppedError(f"the endpoint refuses {wrong} with {reading.fault_code}")


def stop_without_data() -> NoReturn:
    """Stop the run when the school has no data: nearly every check needs some. Raises RunStoppedError."""
    raise RunStoppedError("the school has no data in this schooljaar: choose another one with --schooljaar")


def require_refused(reading: Reading, what: str, *codes: str) -> None:
    """Require a fault with one of these codes, the first being that of the standard; `what` begins a sentence."""
    is_refused = reading.kind is AnswerKind.FAULT and reading.fault_code in codes
    require(is_refused, f"{what} is answered with {sentence_of(reading)} instead of {codes[0]}.")


def require_refused_as_client(reading: Reading, what: str, code: str) -> None:
    """Require a fault with the code of the standard, or with the `Client` of SOAP, extended or not.

    For what is no message of UWLR: a toolkit refuses it before the program of a LAS sees it. `what` begins a sentence.
    """
    own, dot, _ = reading.fault_code.partition(".")
    is_of_toolkit = own == "Client" and (not dot or reading.fault_code not in CODES)
    if not (reading.kind is AnswerKind.FAULT and is_of_toolkit):
        require_refused(reading, what, code)


def require_answered(reading: Reading, what: str) -> None:
    """Require an answer that is no fault; `what` begins a sentence."""
    require(reading.kind in ANSWERED, f"{what} is answered with {sentence_of(reading)}.")


def require_data(reading: Reading, what: str) -> None:
    """Require an answer with data; `what` begins a sentence."""
    require(reading.kind is AnswerKind.DATA, f"{what} is answered with {sentence_of(reading)} instead of data.")


def require_strictly_empty(reading: Reading) -> None:
    """Require that geenwijzigingen or geengegevens, which the answer has, holds nothing at all."""
    payload = reading.payload
    is_empty = payload is not None and not len(payload) and not payload.text and not payload.attrib
    require(is_empty, f"The element {reading.kind} holds text, an attribute or an element.")
