"""The moment at which the source of a year was made (aanmaakdatum), by which an older one is known."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from uwlr_adapter.administratie.importing.diff import TableDiff
from uwlr_adapter.administratie.importing.school_year import SchoolYear
from uwlr_adapter.administratie.tables import source_moment
from uwlr_adapter.clock import AMSTERDAM

MARGIN = timedelta(days=1)
"""How far ahead of the present a source may have been made: its clock may be wrong, or its zone. One further ahead is
not kept, because each later source would be an older one."""


def made_at(moment: datetime) -> datetime:
    """Return the moment at which a source was made, which is in Amsterdam when it has no zone."""
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=AMSTERDAM)


def stored(moment: datetime) -> str:
    """Return a timezone-aware moment as it is stored: UTC, whole seconds; the order of texts is that of moments."""
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def shown(text: str) -> str:
    """Return a stored moment in Amsterdam time."""
    return f"{datetime.fromisoformat(text).astimezone(AMSTERDAM):%Y-%m-%d %H:%M}"


def find(connection: sa.Connection, year: SchoolYear) -> str | None:
    """Return the stored moment of a year, or None."""
    return connection.scalar(_OF_YEAR, year.columns())


_OF_YEAR = sa.select(source_moment.c.aanmaakdatum).where(
    *(source_moment.c[name] == sa.bindparam(name, type_=sa.String) for name in ("brin6", "schooljaar"))
)


def change(year: SchoolYear, before: str | None, after: str) -> TableDiff:
    """Return the difference that stores a moment."""
    row = (year.brin6, year.schooljaar, after)
    if before is None:
        return TableDiff(source_moment, added=[row])
    return TableDiff(source_moment, changed=[row], before=[(year.brin6, year.schooljaar, before)])
