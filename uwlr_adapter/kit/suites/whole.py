"""Checks of the whole run: nothing secret came back, and how long answers took."""

from statistics import median

from uwlr_adapter.contract.nouns import count_noun
from uwlr_adapter.kit.checks import Level, Suite, cannot, require
from uwlr_adapter.kit.reading import AnswerKind
from uwlr_adapter.kit.session import Session
from uwlr_adapter.kit.suites.expect import ANSWERS, SHORTEST_TIMEOUT

SUITE = Suite("whole", "ALL", "The whole run")


@SUITE.check(1, "No response of the run holds the autorisatiesleutel or the klantcode", "R-025", after=(ANSWERS,))
def no_echo(session: Session) -> None:
    """Count the responses in which a secret of the request came back."""
    require(
        not session.echoes,
        f"{session.echoes} of {session.calls} responses hold the autorisatiesleutel or the klantcode.",
    )
    if unseen := session.traces.unseen:
        cannot(f"because of the {' and the '.join(unseen)}: what is so short may be in a response by chance")


@SUITE.check(4, "No fault of the run holds a record of a leerling or a leerkracht", "R-021", after=(ANSWERS,))
def no_leak(session: Session) -> None:
    """Count the faults that have what they refuse to give."""
    faults = count_noun(session.leaks, "fault holds", "faults hold")
    require(not session.leaks, f"{faults} a record of a leerling or a leerkracht.")


@SUITE.check(5, "Each fault of the run with a code of the standard has HTTP 500", "R-102", after=("HTTP-03",))
def statuses(session: Session) -> None:
    """Count the faults with another status: frameworks like 401 for refused access, and toolkits stumble on it."""
    faults = count_noun(session.strays, "fault has", "faults have")
    require(not session.strays, f"{faults} a code of the standard and another status than 500.")


@SUITE.check(2, "Each answer came within 30 seconds", level=Level.SHOULD, after=(ANSWERS,))
def in_time(session: Session) -> None:
    """Look at the slowest answer: the shortest timeout seen in a client is 30 seconds."""
    slowest = max((seconds for _, seconds in session.times), default=0.0)
    require(slowest <= SHORTEST_TIMEOUT, f"The slowest answer took {slowest:.1f} s, and one known client waits 30 s.")


@SUITE.check(3, "How long answers take", level=Level.INFORMATION, after=(ANSWERS,))
def times(session: Session) -> str:
    """Return the times of data and of refusals."""
    if not session.times:
        cannot("because nothing was asked")
    told = []
    for kind in (AnswerKind.DATA, AnswerKind.FAULT):
        found = [seconds for own, seconds in session.times if own == kind]
        if found:
            told.append(
                f"{kind}: median {1000 * median(found):.0f} ms, slowest {1000 * max(found):.0f} ms of {len(found)}"
            )
    return "; ".join(told) + "."
