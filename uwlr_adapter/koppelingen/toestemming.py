"""The two toestemmingen of a koppeling: leerlinggegevens go out, and results come in.

Each is agreed to, paused and resumed by itself. Both need the verificatiecode: without it nothing goes either way, and
what was on before is on again once a code is entered.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Toestemming(StrEnum):
    """What a school allows through a koppeling; the words stand in commands and in the journaal."""

    LEERLINGGEGEVENS = "leerlinggegevens uit"
    RESULTATEN = "resultaten in"


class ToestemmingStatus(StrEnum):
    """The state of a toestemming, the verificatiecode aside."""

    NOT_GIVEN = "niet gegeven"
    ON = "aan"
    PAUSED = "gepauzeerd"


@dataclass(frozen=True, slots=True)
class ToestemmingState:
    """The state of one toestemming of a koppeling.

    `since` (timezone-aware) and `actor` are of the act that paused or resumed it by itself, or gave it later; None
    where it is as the koppeling was activated.
    """

    status: ToestemmingStatus
    since: datetime | None = None
    actor: str | None = None


GIVEN = ToestemmingState(ToestemmingStatus.ON)
"""A toestemming that was given with the koppeling; that of leerlinggegevens in every koppeling of older code."""
NOT_GIVEN = ToestemmingState(ToestemmingStatus.NOT_GIVEN)
"""A toestemming that nobody gave; that of results in every koppeling of older code."""
