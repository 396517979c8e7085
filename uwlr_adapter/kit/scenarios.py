"""Scenarios: what an endpoint must do when a person at the school acts, step by step.

A check that follows an act begins with it: the act is done by a person or by a command, and the kit waits for that.
Every fetch here is a new one, since the same request gets another answer after each act.
"""

from dataclasses import dataclass
from typing import Final

from uwlr_adapter.contract.names import HAAL_STRUCTUUR
from uwlr_adapter.kit.checks import Level, Suite, cannot, fail, omit, require
from uwlr_adapter.kit.reading import AnswerKind, Reading, sentence_of
from uwlr_adapter.kit.session import ScenarioStep, Session
from uwlr_adapter.kit.suites.autorisatie import wrong_key
from uwlr_adapter.kit.suites.expect import (
    ANSWERED,
    BAD,
    NO_ACCESS,
    NO_KLANT,
    SINCE,
    require_data,
    require_refused,
    stop_without_access,
    stop_without_data,
)

KOPPELING = Suite("koppeling", "KOP", "The life of a koppeling")
ACTIVATE = ScenarioStep("activate", "Activate the koppeling with the verificatiecode of this run.")
PAUSE = ScenarioStep("pause", "Pause the koppeling: clear its verificatiecode.")
RESUME = ScenarioStep("resume", "Resume the koppeling with the same verificatiecode.")
END = ScenarioStep("end", "End the koppeling for good.")
_ACTIVE, _PAUSED, _RESUMED = "KOP-02", "KOP-11", "KOP-21"


@KOPPELING.check(1, "Before the activation the school is not answered", "R-021")
def before(session: Session) -> None:
    """Ask before anybody has done anything."""
    reading = session.call(session.usual)
    if reading.fault_code == NO_KLANT:
        stop_without_access(reading)
    if reading.kind in ANSWERED:
        cannot("because the school is answered already: begin with a koppeling that was not activated, to see this")
    require_refused(reading, "Before the activation the usual request", NO_ACCESS)


@KOPPELING.check(2, "After the activation the school is answered with data", "R-021", "R-081")
def active(session: Session) -> None:
    """Have the koppeling activated, and ask."""
    session.perform(ACTIVATE)
    reading = session.call(session.usual)
    if reading.kind is AnswerKind.NO_DATA:
        stop_without_data()
    if reading.fault_code == NO_ACCESS:
        fail("The activation is not seen, or its verificatiecode is not the autorisatiesleutel of this run.")
    require_data(reading, "After the activation the usual request")
    session.kept["active"] = reading


@KOPPELING.check(
    3,
    "The aanmaakdatum of the last answer, sent back, gets geenwijzigingen",
    "R-083",
    level=Level.SHOULD,
    after=(_ACTIVE,),
)
def nothing_new(session: Session) -> None:
    """Ask with the moment of the data, which did not change."""
    reading = _call_since(session)
    require(
        reading.kind is AnswerKind.NO_CHANGES,
        f"The aanmaakdatum of the last answer, sent back, is answered with {sentence_of(reading)}.",
    )


@KOPPELING.check(11, "While the koppeling is paused the school is not answered", "R-021", after=(_ACTIVE,))
def paused(session: Session) -> None:
    """Have the koppeling paused, and ask."""
    session.perform(PAUSE)
    session.kept["paused"] = session.call(session.usual)
    require_refused(session.kept["paused"], "While the koppeling is paused the usual request", NO_ACCESS)


@KOPPELING.check(
    12, "While the koppeling is paused a caller that has the data is not answered", "R-021", after=(_ACTIVE,)
)
def paused_since(session: Session) -> None:
    """Ask with the moment of the data: geenwijzigingen would say that they are still there."""
    require_refused(_call_since(session), f"While the koppeling is paused a request with {SINCE}", NO_ACCESS)


@KOPPELING.check(
    13, "While the koppeling is paused the operations by groups are not answered", "R-021", after=(_ACTIVE,)
)
def paused_structure(session: Session) -> None:
    """Ask for the structure."""
    reading = session.call(session.usual.of(HAAL_STRUCTUUR))
    if reading.fault_code in {BAD, "Client"}:
        omit("The endpoint does not know HaalStructuur, so that it is taken not to have the operations by groups.")
    require_refused(reading, "While the koppeling is paused HaalStructuur", NO_ACCESS)


@KOPPELING.check(
    14,
    "A paused koppeling and a wrong key are refused with the same bytes",
    "R-023",
    level=Level.SHOULD,
    after=(_PAUSED,),
)
def one_face(session: Session) -> None:
    """Compare the refusal of the right key with that of a wrong one."""
    own = session.kept["paused"]
    other = session.call(session.usual.with_part("autorisatiesleutel", wrong_key(session)))
    require(
        (other.status, other.content) == (own.status, own.content),
        "The refusals of a paused koppeling and of a wrong key differ, so that a stranger can tell a right key.",
    )


@KOPPELING.check(21, "After the resumption the school is answered again", "R-021", after=(_ACTIVE,))
def resumed(session: Session) -> None:
    """Have the koppeling resumed, and ask with the moment of the data from before."""
    session.perform(RESUME)
    session.kept["resumed"] = _call_since(session)
    reading = session.kept["resumed"]
    require(reading.kind in ANSWERED, f"After the resumption a request is answered with {sentence_of(reading)}.")


@KOPPELING.check(
    22, "The first answer after the resumption has the data, whatever the caller has", "R-087", after=(_RESUMED,)
)
def resumed_with_data(session: Session) -> None:
    """Look at that answer: a platform may have deleted what it had when it was refused."""
    reading = session.kept["resumed"]
    if reading.kind is AnswerKind.NO_CHANGES:
        fail("The first answer after the resumption is geenwijzigingen, for data that a platform may have deleted.")
    require_data(reading, "The first request after the resumption")


@KOPPELING.check(31, "After the end of the koppeling the school is not answered", "R-021", after=(_ACTIVE,))
def ended(session: Session) -> None:
    """Have the koppeling ended, and ask."""
    session.perform(END)
    require_refused(session.call(session.usual), "After the end of the koppeling the usual request", NO_ACCESS)


@KOPPELING.check(
    32, "After the end of the koppeling a caller that has the data is not answered", "R-021", after=(_ACTIVE,)
)
def ended_since(session: Session) -> None:
    """Ask with the moment of the data."""
    require_refused(_call_since(session), f"After the end of the koppeling a request with {SINCE}", NO_ACCESS)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A chapter with steps of a person in it."""

    name: str
    text: str
    steps: tuple[ScenarioStep, ...]
    suite: Suite


SCENARIOS: Final = {
    one.name: one
    for one in (
        Scenario(
            "koppeling",
            "activate, fetch, pause, fetch, resume, fetch, end, fetch",
            (ACTIVATE, PAUSE, RESUME, END),
            KOPPELING,
        ),
    )
}
"""The scenarios by name."""


def _call_since(session: Session) -> Reading:
    """Send the usual request with the moment of the first data; ends the check when they have none."""
    moment = session.kept["active"].school("aanmaakdatum")
    if not moment:
        cannot("because the answer has no aanmaakdatum")
    return session.call(session.usual.with_child(SINCE, moment))
