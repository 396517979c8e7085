"""Geenwijzigingen: said only to a caller that has what there is."""

from datetime import MAXYEAR, datetime, timedelta
from typing import TYPE_CHECKING, Final

from uwlr_adapter.clock import now, parse_moment
from uwlr_adapter.contract.names import HAAL_LEERLINGEN, HAAL_STRUCTUUR
from uwlr_adapter.contract.versions import VERSIONS
from uwlr_adapter.kit.checks import Level, Suite, cannot, omit, require
from uwlr_adapter.kit.reading import AnswerKind, sentence_of
from uwlr_adapter.kit.session import Session
from uwlr_adapter.kit.suites.expect import ANSWERED, OF_DATA, SINCE, require_data, require_strictly_empty
from uwlr_adapter.kit.suites.verzoek import require_getrapt

if TYPE_CHECKING:
    from uwlr_adapter.kit.message import GroepAsked

SUITE = Suite("geenwijzigingen", "NEW", "Geenwijzigingen")
_SAID, _LONG_AGO = "NEW-02", "NEW-04"
_FIRST_YEAR = 1753
"""The earliest year that every toolkit holds; TEXT-08 is about it."""
_MANY = 8
"""Groups from which a random choice is one of many."""


@SUITE.check(1, "Without laatstontvangengegevens the data are always sent", "R-081", after=(OF_DATA,))
def without_moment(session: Session) -> None:
    """Send the usual request once more."""
    reading = session.call(session.usual)
    require(reading.kind is AnswerKind.DATA, f"A request without {SINCE} is answered with {sentence_of(reading)}.")


@SUITE.check(
    2,
    "The aanmaakdatum of the last answer, sent back, gets geenwijzigingen",
    "R-083",
    level=Level.SHOULD,
    after=(OF_DATA,),
)
def sent_back(session: Session) -> None:
    """Send the aanmaakdatum back, as a caller does that keeps it."""
    reading = session.call(session.usual.with_child(SINCE, _moment(session)))
    require(
        reading.kind in ANSWERED,
        f"A request with the aanmaakdatum of the last answer is answered with {sentence_of(reading)}.",
    )
    require(
        reading.kind is AnswerKind.NO_CHANGES, "The aanmaakdatum of the last answer, sent back, gets the data again."
    )


@SUITE.check(3, "Geenwijzigingen is strictly empty", "R-055", after=(_SAID,))
def strictly_empty(session: Session) -> None:
    """Look at the element."""
    require_strictly_empty(session.call(session.usual.with_child(SINCE, _moment(session))))


@SUITE.check(4, "The data follow a moment long ago", "R-082", after=(OF_DATA,))
def long_ago(session: Session) -> None:
    """Say that the last data came in 1990."""
    require_data(session.call(session.usual.with_child(SINCE, "1990-01-01T00:00:00")), "A moment in 1990")


@SUITE.check(5, "The data follow a moment just before they were made", "R-082", after=(OF_DATA,))
def just_before(session: Session) -> None:
    """Say that the last data came an hour before the aanmaakdatum."""
    before = (_read(session) - timedelta(hours=1)).isoformat()
    require_data(session.call(session.usual.with_child(SINCE, before)), "A moment an hour before the aanmaakdatum")


@SUITE.check(
    6, "A moment in the future does not get geenwijzigingen", "R-084", level=Level.INFORMATION, after=(OF_DATA,)
)
def in_the_future(session: Session) -> None:
    """Say that the last data came next week."""
    later = (now() + timedelta(days=7)).replace(microsecond=0).isoformat()
    require_data(session.call(session.usual.with_child(SINCE, later)), "A moment in the future")


_EARLY: Final[tuple[tuple[int, str, str, Level], ...]] = (
    (7, "the empty moment of .NET, in year 1,", "0001-01-01T00:00:00", Level.SHOULD),
    (8, "a moment before our era", "-0044-03-15T12:00:00", Level.INFORMATION),
)
"""Number, what is sent, which is a valid moment that many programs have no calendar for, and the level."""


def _add_early(number: int, what: str, moment: str, level: Level) -> None:
    @SUITE.check(number, f"The data follow {what.rstrip(',')}", "R-086", level=level, after=(_LONG_AGO,))
    def early(session: Session) -> None:
        require_data(session.call(session.usual.with_child(SINCE, moment)), what)


for _early in _EARLY:
    _add_early(*_early)


@SUITE.check(9, "White space around a moment is passed over", "R-035", level=Level.SHOULD, after=(_LONG_AGO,))
def white_space(session: Session) -> None:
    """Send the moment on a line of its own, as XML that is laid out for readers.

    An xs:dateTime folds it, by XML Schema; libxml2 does not, with which an endpoint may judge: a should for that.
    """
    require_data(
        session.call(session.usual.with_child(SINCE, "\n  1990-01-01T00:00:00\n  ")),
        "A moment in 1990 with white space around it",
    )


@SUITE.check(11, "Another version has a moment of its own", "R-088", after=(_SAID,), level=Level.SHOULD)
def another_version(session: Session) -> None:
    """Ask another version with the moment of this one, before this run asks that version otherwise."""
    for version in VERSIONS:
        if version != session.target.xsdversie:
            message = session.usual.with_child("xsdversie", version).with_child(SINCE, _moment(session))
            reading = session.call(message)
            if reading.kind is AnswerKind.FAULT:
                continue
            if reading.kind is AnswerKind.NO_CHANGES:
                cannot("because an earlier run may have fetched the other version, so that nothing new is right")
            require_data(reading, f"Version {version} with the moment of another version")
            return
    omit("The endpoint answers one version only.")


@SUITE.check(12, "A part by groups that was not given gets data", "R-088", after=(_SAID,), level=Level.SHOULD)
def another_operation(session: Session) -> None:
    """Ask for leerlingen of a choice of groups that no run made before, with the moment of the whole."""
    require_getrapt(session)
    groups: list[GroepAsked] = [
        (kind, str(one.get("key"))) for kind in ("samengestelde_groep", "groep") for one in session.data().records(kind)
    ]
    if len(groups) < _MANY:
        cannot(
            f"because the school has fewer than {_MANY} groups, so that each choice of them may have been given before"
        )
    chosen = groups
    while not 1 < len(chosen) < len(groups):  # one group, and all of them, are asked by other checks
        chosen = [one for one in groups if session.random.random() < 0.5]  # noqa: PLR2004 - half of them
    reading = session.call(session.usual.of(HAAL_LEERLINGEN, chosen).with_child(SINCE, _moment(session)))
    if reading.kind is AnswerKind.NO_DATA:
        cannot("because nobody is in the groups that were asked")
    require_data(reading, "A choice of groups that was never given, with the moment of the whole answer,")


@SUITE.check(13, "The structure with an old moment gets data", "R-082", "R-092", after=(OF_DATA,))
def old_structure(session: Session) -> None:
    """Ask for the structure since 1990."""
    require_getrapt(session)
    message = session.usual.of(HAAL_STRUCTUUR).with_child(SINCE, "1990-01-01T00:00:00")
    require_data(session.call(message), "HaalStructuur with a moment in 1990")


def _moment(session: Session) -> str:
    """Return the aanmaakdatum as it came, to be sent back; ends the check when no caller could read it."""
    _read(session)
    return (session.data().school("aanmaakdatum") or "").strip()


def _read(session: Session) -> datetime:
    """Return the instant of the aanmaakdatum; ends the check when it cannot be read, or lies out of reckoning."""
    text = session.data().school("aanmaakdatum")
    if not text:
        cannot("because the answer has no aanmaakdatum")
    moment = parse_moment(text)
    if moment is None or not _FIRST_YEAR <= moment.year < MAXYEAR:
        cannot("because the aanmaakdatum cannot be read, which is the matter of another check")
    return moment
