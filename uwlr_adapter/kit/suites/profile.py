"""Profiles: a field that the profile does not name does not leave."""

from collections import Counter

from uwlr_adapter.contract.profiles import Profiel
from uwlr_adapter.contract.schemas import KNOWN_NAMES
from uwlr_adapter.kit.checks import Level, Suite, omit, require
from uwlr_adapter.kit.reading import AnswerKind, Reading, local, sentence_of
from uwlr_adapter.kit.session import Session
from uwlr_adapter.kit.suites.expect import OF_DATA

SUITE = Suite("profile", "PROF", "Profiles")
_RECORDS = ("groep", "samengestelde_groep", "leerling", "leerkracht", "vestiging")


def _profiel(session: Session) -> Profiel:
    """Return the profile of the run in its version; ends the check when none is named."""
    named = session.target.profiel
    if named is None:
        omit("No profile is named: --profile says which one was agreed on.")
    if session.target.xsdversie not in named.by_version:
        omit("The profiles of this version are not known to the kit.")
    return named.in_version(session.target.xsdversie)


@SUITE.check(
    1,
    "No field leaves that the profile does not name",
    "R-069",
    "R-070",
    "R-071",
    "R-073",
    "R-074",
    "R-075",
    "R-076",
    after=(OF_DATA,),
)
def forbidden(session: Session) -> None:
    """Look at the elements of every record."""
    profiel = _profiel(session)
    found: Counter[str] = Counter()
    for kind in _RECORDS:
        allowed: frozenset[str] = getattr(profiel, kind)
        for record in session.data().records(kind):
            found.update(
                f"{kind}/{local(one) if local(one) in KNOWN_NAMES else '*'}"
                for one in record
                if _field(local(one)) not in allowed
            )
    told = ", ".join(f"{path} ({number}x)" for path, number in found.most_common(3))
    require(not found, f"{len(found)} fields leave that the profile does not name: {told}.")


@SUITE.check(2, "The locaties leave only where the profile has them", "R-069", after=(OF_DATA,))
def locaties(session: Session) -> None:
    """Look for the list of vestigingen."""
    profiel = _profiel(session)
    is_there = session.data().child("vestigingen") is not None
    require(profiel.vestiging or not is_there, "The answer has vestigingen, which the profile does not name.")


@SUITE.check(3, "The fields that the profile requires are filled", "R-072", level=Level.SHOULD, after=(OF_DATA,))
def wanted(session: Session) -> None:
    """Count the persons who lack a field that should be there."""
    profiel = _profiel(session)
    found: Counter[str] = Counter()
    for kind in ("leerling", "leerkracht"):
        needed: frozenset[str] = getattr(profiel, f"{kind}_wanted")
        for record in session.data().records(kind):
            found.update(f"{kind}/{name}" for name in needed - {_field(local(one)) for one in record})
    told = ", ".join(f"{path} ({number}x)" for path, number in found.most_common(3))
    require(not found, f"Fields that the profile requires are absent: {told}.")


@SUITE.check(
    11, "A gegevenssetid that names a profile does not widen the answer", "R-079", level=Level.SHOULD, after=(OF_DATA,)
)
def narrowed(session: Session) -> None:
    """Ask with the name of the widest profile, and compare the fields."""
    usual, asked = session.data(), session.answer_of(gegevenssetid="volledig")
    if asked.kind is not AnswerKind.DATA:
        omit("The endpoint does not take this gegevenssetid; the standard does not say what it means.")
    more = _fields(asked) - _fields(usual)
    require(not more, f"With a gegevenssetid {len(more)} more fields leave.")


@SUITE.check(
    12, "A gegevenssetid of an unknown name changes nothing", "R-080", level=Level.INFORMATION, after=(OF_DATA,)
)
def unknown_set(session: Session) -> None:
    """Ask with a name of our own invention, and compare the records and their fields."""
    usual, asked = session.data(), session.answer_of(gegevenssetid="uwlr-kit-onbekend")
    require(asked.kind is AnswerKind.DATA, f"An unknown gegevenssetid is answered with {sentence_of(asked)}.")
    require(_fields(asked) == _fields(usual), "With an unknown gegevenssetid other fields leave.")
    for kind in _RECORDS:
        own, other = ([one.get("key") for one in reading.records(kind)] for reading in (usual, asked))
        require(sorted(map(str, own)) == sorted(map(str, other)), f"With an unknown gegevenssetid other {kind} leave.")


def _fields(reading: Reading) -> set[str]:
    return {f"{kind}/{local(one)}" for kind in _RECORDS for record in reading.records(kind) for one in record}


def _field(name: str) -> str:
    """Return the name of the field that an element belongs to: roles have two elements."""
    return "rollen" if name in {"rol", "rolomschrijving"} else name
