"""The years whose last import was not taken: since when their records may be out of date, and what it waits for.

No value of a person is kept: only the year, two moments, and the questions by their option.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.administratie import schools
from uwlr_adapter.administratie.model import ImportRefusedError
from uwlr_adapter.administratie.tables import import_not_taken, vestiging
from uwlr_adapter.brin import Brin6, brincode_of
from uwlr_adapter.clock import from_utc, to_utc

YearKey = tuple[str, str]
"""A brin6 and a schooljaar; the schooljaar is empty where a refused source was too broken to tell it."""


@dataclass(frozen=True, slots=True)
class NotTaken:
    """The last import of a year, which was not taken.

    `since` is the moment of the first one that was not taken since the last one that was, `moment` that of the last.
    `questions` are the options that would answer what it asks, such as `--accept-drop`; none when it was refused.
    """

    brin6: str
    schooljaar: str
    since: datetime
    moment: datetime
    questions: tuple[str, ...]

    @property
    def asks(self) -> bool:
        """Whether a person may answer questions and import it after all."""
        return bool(self.questions)


def record(connection: sa.Connection, years: Iterable[YearKey], error: ImportRefusedError, moment: datetime) -> None:
    """Keep that an import of these years was not taken; a year of a vestiging that does not exist is passed over."""
    flags = sorted({problem.flag for problem in error.problems if problem.flag}) if error.asks else []
    wanted = sorted(set(years))
    known = sa.select(vestiging.c.brin6).where(vestiging.c.brin6.in_({brin6 for brin6, _ in wanted}))
    existing = set(connection.scalars(known))
    for brincode in sorted({brincode_of(Brin6(brin6)) for brin6 in existing}):
        schools.lock_school(connection, brincode)
    for brin6, schooljaar in wanted:
        if brin6 not in existing:
            continue
        values = {"moment": to_utc(moment), "questions": flags}
        where = (import_not_taken.c.brin6 == brin6, import_not_taken.c.schooljaar == schooljaar)
        if not connection.execute(import_not_taken.update().where(*where).values(values)).rowcount:
            row = {"brin6": brin6, "schooljaar": schooljaar, "since": to_utc(moment), **values}
            connection.execute(import_not_taken.insert().values(row))


def clear(connection: sa.Connection, years: Collection[YearKey]) -> None:
    """Forget what was not taken of these years: they are imported now."""
    brin6s = sorted({brin6 for brin6, _ in years})
    for brin6, schooljaar in connection.execute(_OF_VESTIGINGEN, {"brin6s": brin6s}).all():
        if not schooljaar or (brin6, schooljaar) in years:
            where = (import_not_taken.c.brin6 == brin6, import_not_taken.c.schooljaar == schooljaar)
            connection.execute(import_not_taken.delete().where(*where))


def clear_all(connection: sa.Connection, brin6s: Iterable[str]) -> None:
    """Forget what was not taken of any year of these vestigingen: nothing is imported for them any more."""
    connection.execute(import_not_taken.delete().where(import_not_taken.c.brin6.in_(list(brin6s))))


def find_all(connection: sa.Connection, brincode: str | None = None) -> list[NotTaken]:
    """Return every year whose last import was not taken, or those of one school, by vestiging and schooljaar."""
    query = sa.select(import_not_taken)
    if brincode is not None:
        query = query.where(import_not_taken.c.brin6.startswith(brincode, autoescape=True))
    return sorted(map(_record, connection.execute(query)), key=lambda one: (one.brin6, one.schooljaar))


def find_after(connection: sa.Connection, after: YearKey, limit: int) -> list[NotTaken]:
    """Return the years of all schools whose last import was not taken, at most so many, those after a year (exclusive).

    By vestiging and schooljaar, in the order of the database.
    """
    own = import_not_taken.c
    is_after = sa.or_(own.brin6 > after[0], sa.and_(own.brin6 == after[0], own.schooljaar > after[1]))
    query = sa.select(import_not_taken).where(is_after).order_by(own.brin6, own.schooljaar).limit(limit)
    return [_record(row) for row in connection.execute(query)]


def _record(row: sa.Row[Any]) -> NotTaken:
    return NotTaken(row.brin6, row.schooljaar, from_utc(row.since), from_utc(row.moment), tuple(row.questions))


_OF_VESTIGINGEN = sa.select(import_not_taken.c.brin6, import_not_taken.c.schooljaar).where(
    import_not_taken.c.brin6.in_(sa.bindparam("brin6s", type_=sa.String, expanding=True))
)
