"""What a result that comes does to the one that is known by its key. Pure.

The newest aanmaakdatum wins, in whatever order messages come. The digest that is compared has all that the result says,
its leerling apart, and the part of the definition that gives it a meaning.
"""

from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import NamedTuple

from uwlr_adapter.clock import AMSTERDAM, to_utc

AHEAD = timedelta(hours=1)
"""An aanmaakdatum that is more than this (exclusive) ahead of us counts as now: else nothing could correct it."""


class Effect(Enum):
    """What becomes of one result of a message."""

    ADDED = "added"
    CHANGED = "changed"
    SAME = "same"
    OVERTAKEN = "overtaken"


class Newest(NamedTuple):
    """The newest version of a result, whether or not it was taken back."""

    resultaat_id: int
    number: int
    persoon_id: int
    """The person whom it is of now: of two who were joined, the one."""
    content: str
    aanmaakdatum: datetime
    """Naive, in UTC: that of the newest message that said it."""


def counted(aanmaakdatum: datetime, moment: datetime) -> datetime:
    """Return an aanmaakdatum as it counts, naive in UTC; `moment` is aware.

    Without a zone it is the time in Amsterdam; in the doubled hour of October, the earlier of the two.
    """
    aware = aanmaakdatum if aanmaakdatum.tzinfo is not None else aanmaakdatum.replace(tzinfo=AMSTERDAM)
    try:
        found = aware.astimezone(UTC)
    except OverflowError:  # within a day of the first or the last moment that Python has
        found = moment if aanmaakdatum.year > 1 else datetime.min.replace(tzinfo=UTC)
    return to_utc(moment if found > moment + AHEAD else found)


def decide(newest: Newest | None, persoon_id: int, content: str, aanmaakdatum: datetime) -> Effect:
    """Return what a result does to the newest version of the one with its key.

    The same again changes nothing, so that what was taken back stays so. Anything else that is newer is a version of
    its own, which stands: what the school took back was another one. Of two with one aanmaakdatum the later one to
    come wins.
    """
    if newest is None:
        return Effect.ADDED
    if aanmaakdatum < newest.aanmaakdatum:
        return Effect.OVERTAKEN
    return Effect.SAME if (newest.persoon_id, newest.content) == (persoon_id, content) else Effect.CHANGED
