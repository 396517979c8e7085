"""What a call sets off at the school that it asks for. Pure: from a state to a state."""

from dataclasses import dataclass, replace
from enum import StrEnum

from uwlr_adapter.clock import schooljaar_start
from uwlr_adapter.sandbox.school_file import leerlingen, other_achternaam
from uwlr_adapter.sandbox.situations import OnCall, SandboxPlace
from uwlr_adapter.sandbox.state import Edits, MadeSchool

USUAL_SECONDS = 10
"""Seconds that an answer of a slow school waits."""
TOO_EARLY = 2
"""Calls in a row that a busy school refuses."""
_VISITOR = "N0000"
"""The key of the leerling who comes and goes at a school that changes."""
_JAARGROEP = 3
_ROUND = 200
"""Calls after which a school that changes begins anew."""


class Breakage(StrEnum):
    """How an answer breaks."""

    HALF = "half"
    """It breaks off half-way."""
    PAGE = "page"
    """A page of a proxy comes in its place, with 502."""


@dataclass(frozen=True, slots=True)
class Consequence:
    """The fate of the answer to a call."""

    seconds: int = 0
    """Seconds that it waits."""
    is_refused: bool = False
    """Whether it is Server.TijdelijkNietBeschikbaar."""
    breakage: Breakage | None = None
    """How it breaks, if it does."""


def before(
    old: MadeSchool, place: SandboxPlace, schooljaar: str, *, fetches: bool = True
) -> tuple[MadeSchool, Consequence]:
    """Return the state of a school in which a call is answered, and what becomes of the answer.

    One that does not fetch changes nobody.
    """
    kind, calls = place.situation.on_call, old.calls + 1
    new = replace(old, calls=calls)
    if fetches and kind is OnCall.CHANGES:
        new = replace(new, edits=_changed(old.edits, place, schooljaar, calls % _ROUND))
    elif fetches and kind is OnCall.LEAVES and calls > 1 and not old.edits.left:
        present = leerlingen(place, schooljaar, old.edits)
        new = replace(new, edits=replace(old.edits, left=(present[len(present) // 2].key,)))
    is_refused = old.refused > 0
    if is_refused:
        new = replace(new, refused=old.refused - 1)
    elif kind is OnCall.REFUSES:
        new = replace(new, refused=TOO_EARLY)
    is_broken = old.cut > 0 and not is_refused
    return replace(new, cut=old.cut - is_broken), Consequence(
        old.seconds, is_refused, Breakage(old.breakage) if is_broken else None
    )


def _changed(edits: Edits, place: SandboxPlace, schooljaar: str, turn: int) -> Edits:
    """Return the edits of a turn: one leerling with another achternaam than before, and a visitor every other turn."""
    joined = {key: year for key, year in edits.joined.items() if key != _VISITOR}
    present = [one for one in leerlingen(place, schooljaar, edits) if one.key != _VISITOR]
    leerling = present[turn % len(present)]
    renamed = {**edits.renamed, leerling.key: (leerling.roepnaam, other_achternaam(place, leerling, turn))}
    if turn % 2:
        joined[_VISITOR] = (schooljaar_start(schooljaar) or 0) - _JAARGROEP + 1
    return replace(edits, renamed=renamed, joined=joined)
