"""The schools and their vestigingen: each vestiging is one brin6, and exists once imported or added."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from uwlr_adapter.administratie.tables import answer_content, school, vestiging
from uwlr_adapter.brin import is_brin6
from uwlr_adapter.db import dialect
from uwlr_adapter.db.database import fetch_queries
from uwlr_adapter.db.libpq import Row
from uwlr_adapter.db.statements import Query, SelectStatement
from uwlr_adapter.errors import UwlrAdapterError

MAX_NAAM = 200
"""PostgreSQL keeps to the width of the column; SQLite would not."""


class VestigingError(UwlrAdapterError):
    """A vestiging cannot be added; the text says why."""


@dataclass(frozen=True, slots=True)
class Vestiging:
    """One vestiging of a school."""

    brin6: str
    naam: str
    schoolkey: str | None = None

    @property
    def brincode(self) -> str:
        """The school: the first four characters of the brin6."""
        return self.brin6[:4]

    @property
    def dependancecode(self) -> str:
        """The vestiging within the school: the last two characters of the brin6."""
        return self.brin6[4:]


def add_vestiging(connection: sa.Connection, brin6: str, naam: str, schoolkey: str | None = None) -> Vestiging:
    """Add a vestiging; raises VestigingError when it exists already or the brin6 has another form."""
    _require_form(brin6, naam)
    lock_school(connection, brin6[:4])
    if find_vestiging(connection, brin6) is not None:
        raise VestigingError(f"{brin6} exists already")
    return insert_vestiging(connection, brin6, naam, schoolkey)


def insert_vestiging(connection: sa.Connection, brin6: str, naam: str, schoolkey: str | None = None) -> Vestiging:
    """Add a vestiging that is not there, of a school that this transaction holds. Raises VestigingError."""
    _require_form(brin6, naam)
    added = Vestiging(brin6=brin6, naam=naam.strip(), schoolkey=schoolkey)
    connection.execute(
        vestiging.insert().values(
            brin6=added.brin6,
            brincode=added.brincode,
            dependancecode=added.dependancecode,
            naam=added.naam,
            schoolkey=added.schoolkey,
        )
    )
    return added


def _require_form(brin6: str, naam: str) -> None:
    if not is_brin6(brin6):
        raise VestigingError("a brin6 is a brincode and a dependancecode in capitals, such as 21QW00")
    if not 0 < len(naam.strip()) <= MAX_NAAM:
        raise VestigingError(f"a vestiging needs a naam of at most {MAX_NAAM} characters")


def find_vestiging(connection: sa.Connection, brin6: str) -> Vestiging | None:
    """Give the vestiging of a brin6, or None."""
    (found,) = fetch_queries(connection, [vestiging_query(brin6)])
    return vestiging_of(found)


def vestiging_query(brin6: str) -> Query:
    """Ask for the vestiging of a brin6."""
    return Query(_BY_BRIN6, {"brin6": brin6})


def vestiging_of(found: Sequence[Row]) -> Vestiging | None:
    """Read it in the rows that were found."""
    return Vestiging(*found[0]) if found else None


def find_by_schoolkey(connection: sa.Connection, schoolkey: str) -> Vestiging | None:
    """Give the one vestiging that a schoolkey belongs to, or None."""
    row = connection.execute(sa.select(vestiging).where(vestiging.c.schoolkey == schoolkey)).one_or_none()
    return None if row is None else Vestiging(brin6=row.brin6, naam=row.naam, schoolkey=row.schoolkey)


def list_vestigingen(connection: sa.Connection) -> list[Vestiging]:
    """Give every vestiging, by brin6; each database has an order of its own, so it is made here."""
    rows = sorted(connection.execute(sa.select(vestiging)), key=lambda row: row.brin6)
    return [Vestiging(brin6=row.brin6, naam=row.naam, schoolkey=row.schoolkey) for row in rows]


def lock_school(connection: sa.Connection, brincode: str) -> bool:
    """Hold a school until the transaction ends: of two imports the second sees the persons of the first.

    Tells whether it is new, so that no person of it can be known: whoever writes one holds the school.
    """
    dialect.lock(connection, f"brincode {brincode}")
    is_new = connection.scalar(sa.select(school.c.brincode).where(school.c.brincode == brincode)) is None
    if is_new:
        connection.execute(school.insert().values(brincode=brincode, version=0))
    return is_new


def touch_school(connection: sa.Connection, brincode: str) -> None:
    """Note that the records of a school changed, and erase the answers that were made from them.

    So whoever is forgotten is gone from these too, in the same transaction.
    """
    connection.execute(school.update().where(school.c.brincode == brincode).values(version=school.c.version + 1))
    own = sa.select(vestiging.c.brin6).where(vestiging.c.brincode == brincode)
    connection.execute(answer_content.delete().where(answer_content.c.brin6.in_(own)))


def version_query(brincode: str, *, hold: bool = False) -> Query:
    """Ask for the number of changes of a school's records; `hold` keeps it so until the transaction ends."""
    return Query(_HELD_VERSION if hold else _VERSION, {"brincode": brincode})


def version_of(found: Sequence[Row]) -> int:
    """Read it in the rows that were found; 0 for a school that is not there."""
    return int(found[0][0]) if found else 0


_BY_BRIN6 = SelectStatement(
    sa.select(vestiging.c.brin6, vestiging.c.naam, vestiging.c.schoolkey).where(
        vestiging.c.brin6 == sa.bindparam("brin6", type_=sa.String)
    )
)
_OF_SCHOOL = sa.select(school.c.version).where(school.c.brincode == sa.bindparam("brincode", type_=sa.String))
_VERSION, _HELD_VERSION = SelectStatement(_OF_SCHOOL), SelectStatement(_OF_SCHOOL.with_for_update(key_share=True))
