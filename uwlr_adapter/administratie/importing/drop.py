"""The drop rule: an import that would remove much of what is answered today stops, and asks the operator."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from uwlr_adapter.administratie import enrolment
from uwlr_adapter.administratie.importing.school_year import SchoolYear
from uwlr_adapter.administratie.model import ImportRefusedError, Problem

WITHOUT_GROEP = "leerlingen with a stamgroep"
ALWAYS_ALLOWED = {"leerlingen": 5, "groepen": 1, "leerkrachten": 2, "plaatsingen": 10, WITHOUT_GROEP: 5}
"""The numbers that may always be lost, inclusive: in a small school a few leavers are a large share."""

Answered = Mapping[str, frozenset[object]]
"""The leerlingen and the groepen that are answered, by kind."""


def answered(connection: sa.Connection, year: SchoolYear, day: date) -> Answered:
    """Return the leerlingen and the groepen that are answered for a year on a day."""
    return enrolment.answered(connection, brin6=year.brin6, schooljaar=year.schooljaar, day=day)


@dataclass(frozen=True, slots=True)
class Loss:
    """What an act takes of one kind: of `known` records that are answered, those in `gone` would be no more."""

    kind: str
    known: int
    gone: Collection[object]

    def asks(self, max_drop: float) -> bool:
        """Return whether the loss is a question: more than the minimum, and more than the share `max_drop`.

        `max_drop` is 0 to 1, inclusive: a drop of exactly this share is allowed.
        """
        gone = len(self.gone)
        return gone > ALWAYS_ALLOWED[self.kind] and gone > max_drop * self.known


def require_no_drop(year: SchoolYear, before: Answered, after: Answered, max_drop: float) -> None:
    """Raise ImportRefusedError when more than a share of what was answered is gone.

    `max_drop` is that share, 0 to 1, inclusive: a drop of exactly this share is allowed.
    """
    problems = []
    for kind, known in before.items():
        gone = len(known - after[kind])
        if gone > ALWAYS_ALLOWED[kind] and gone > max_drop * len(known):
            share = f"{gone / len(known):.0%}, and more than {max_drop:.0%} stops"
            reason = (
                f"{year.brin6}, {year.schooljaar}: {gone} of the {len(known)} {kind} that are answered today would be "
                f"gone ({share}). Is the source whole? If it is, import it with --accept-drop"
            )
            problems.append(Problem(0, kind, reason, flag="--accept-drop"))
    if problems:
        raise ImportRefusedError(problems)
