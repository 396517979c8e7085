"""The schools and their vestigingen: a vestiging is one brin6, and exists once it is imported or added."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from uwlr_adapter.administratie.importing.naming import fold
from uwlr_adapter.administratie.sources import values
from uwlr_adapter.administratie.tables import answer_content, fusie, school, vestiging
from uwlr_adapter.brin import Brin6, brincode_of, dependancecode_of, is_brin6
from uwlr_adapter.db.backend import run
from uwlr_adapter.db.locks import lock
from uwlr_adapter.db.statements import Query, Row, SelectStatement
from uwlr_adapter.errors import RefusedError

MAX_NAAM = 200
"""The maximum length of a naam in characters (inclusive): the width of the column, which SQLite does not enforce."""


class VestigingError(RefusedError):
    """A vestiging cannot be added; the text says why."""


@dataclass(frozen=True, slots=True)
class Vestiging:
    """One vestiging of a school."""

    brin6: Brin6
    naam: str
    schoolkey: str | None = None

    @property
    def brincode(self) -> str:
        """The school: the first four characters of the brin6."""
        return brincode_of(self.brin6)

    @property
    def dependancecode(self) -> str:
        """The vestiging within the school: the last two characters of the brin6."""
        return dependancecode_of(self.brin6)


def add_vestiging(connection: sa.Connection, brin6: str, naam: str, schoolkey: str | None = None) -> Vestiging:
    """Add a vestiging. Raises VestigingError when it exists, or the brin6 or the naam is not valid."""
    _require_form(brin6, naam)
    lock_school(connection, brincode_of(brin6))
    if find_vestiging(connection, brin6) is not None:
        raise VestigingError(f"{brin6} exists already")
    return insert_vestiging(connection, brin6, naam, schoolkey)


def insert_vestiging(connection: sa.Connection, brin6: str, naam: str, schoolkey: str | None = None) -> Vestiging:
    """Insert a vestiging that does not exist, of a school that this transaction holds (`lock_school`).

    Raises VestigingError when the brin6 or the naam is not valid.
    """
    added = Vestiging(*_require_form(brin6, naam), schoolkey=schoolkey)
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


def _require_form(brin6: str, naam: str) -> tuple[Brin6, str]:
    """Return a brin6 and a naam by the rule for names. Raises VestigingError."""
    if not is_brin6(brin6):
        raise VestigingError("a brin6 is a brincode and a dependancecode in capitals, such as 21QW00")
    read = values.name(naam).text or ""
    if not 0 < len(read) <= MAX_NAAM:
        raise VestigingError(f"a vestiging needs a naam of at most {MAX_NAAM} characters")
    return brin6, read


def find_vestiging(connection: sa.Connection, brin6: str) -> Vestiging | None:
    """Return the vestiging of a brin6, or None."""
    (rows,) = run(connection, [vestiging_query(brin6)])
    return vestiging_of(rows)


def vestiging_query(brin6: str) -> Query:
    """Return the query for the vestiging of a brin6; `vestiging_of` reads its rows."""
    return Query(_BY_BRIN6, {"brin6": brin6})


def vestiging_of(rows: Sequence[Row]) -> Vestiging | None:
    """Return the vestiging in the rows of `vestiging_query`, or None."""
    return Vestiging(*rows[0]) if rows else None


def find_by_schoolkey(connection: sa.Connection, schoolkey: str) -> Vestiging | None:
    """Return the one vestiging of a schoolkey, or None."""
    row = connection.execute(sa.select(vestiging).where(vestiging.c.schoolkey == schoolkey)).one_or_none()
    return None if row is None else Vestiging(brin6=row.brin6, naam=row.naam, schoolkey=row.schoolkey)


def list_vestigingen(connection: sa.Connection) -> list[Vestiging]:
    """Return every vestiging by ascending brin6, sorted here because the databases collate differently."""
    rows = sorted(connection.execute(sa.select(vestiging)), key=lambda row: row.brin6)
    return [Vestiging(brin6=row.brin6, naam=row.naam, schoolkey=row.schoolkey) for row in rows]


def list_some(connection: sa.Connection, brin6s: Collection[str]) -> list[Vestiging]:
    """Return the vestigingen with these brin6s, by naam as it is folded."""
    query = sa.select(vestiging.c.brin6, vestiging.c.naam, vestiging.c.schoolkey)
    found = (Vestiging(*row) for row in connection.execute(query.where(vestiging.c.brin6.in_(brin6s))))
    return sorted(found, key=lambda one: (fold(one.naam), one.brin6))


def known_places(connection: sa.Connection, named: Collection[str]) -> set[str]:
    """Return those of some brin6s and brincodes that are a vestiging here, or have one."""
    is_named = sa.or_(vestiging.c.brin6.in_(named), vestiging.c.brincode.in_(named))
    rows = connection.execute(sa.select(vestiging.c.brin6, vestiging.c.brincode).where(is_named))
    return {text for row in rows for text in row} & set(named)


def only_school(connection: sa.Connection) -> str | None:
    """Return the brincode of the vestigingen when all are of one school; None without any, or with those of more."""
    found = connection.scalars(sa.select(vestiging.c.brincode).distinct().limit(2)).all()
    return found[0] if len(found) == 1 else None


def merged_into(connection: sa.Connection, brincode: str) -> dict[str, str]:
    """Return for each vestiging of a school that was merged (fusie) the brin6 that has its records since; else none.

    Each import asks it.
    """
    (rows,) = run(connection, [Query(_MERGED, {"first": f"{brincode}00", "last": f"{brincode}99"})])
    return dict(sorted((row[0], row[1]) for row in rows))


def merged_from(connection: sa.Connection, brincode: str) -> list[str]:
    """Return the brincodes that were merged into a school, and into those, in ascending order."""
    found: set[str] = set()
    new = {brincode}
    while new:
        query = sa.select(fusie.c.brin6).where(
            sa.or_(*(fusie.c.into_brin6.startswith(one, autoescape=True) for one in sorted(new)))
        )
        new = {brincode_of(brin6) for brin6 in connection.scalars(query)} - found
        found |= new
    return sorted(found)


def lock_school(connection: sa.Connection, brincode: str) -> bool:
    """Lock a school until the transaction ends, and return whether it is new.

    Every writer of persons holds this lock: of two imports the second sees the persons of the first, and a new school
    has none.
    """
    lock(connection, f"brincode {brincode}")
    is_new = connection.scalar(sa.select(school.c.brincode).where(school.c.brincode == brincode)) is None
    if is_new:
        connection.execute(school.insert().values(brincode=brincode, version=0))
    return is_new


def touch_school(connection: sa.Connection, brincode: str) -> None:
    """Count a change of the records of a school, and delete the answers stored from them.

    It is one transaction with the change, so that a forgotten person is gone from the answers as well.
    """
    connection.execute(school.update().where(school.c.brincode == brincode).values(version=school.c.version + 1))
    own = sa.select(vestiging.c.brin6).where(vestiging.c.brincode == brincode)
    connection.execute(answer_content.delete().where(answer_content.c.brin6.in_(own)))


def version_query(brincode: str, *, hold: bool = False) -> Query:
    """Return the query for the number of changes of a school's records; `version_of` reads its rows.

    With `hold` the row is locked, so that the number cannot change before the transaction ends.
    """
    return Query(_HELD_VERSION if hold else _VERSION, {"brincode": brincode})


def version_of(rows: Sequence[Row]) -> int:
    """Return the number of changes in the rows of `version_query`; 0 for an unknown school."""
    return int(rows[0][0]) if rows else 0


_BY_BRIN6 = SelectStatement(
    sa.select(vestiging.c.brin6, vestiging.c.naam, vestiging.c.schoolkey).where(
        vestiging.c.brin6 == sa.bindparam("brin6", type_=sa.String)
    )
)
_MERGED = SelectStatement(
    sa.select(fusie.c.brin6, fusie.c.into_brin6).where(
        fusie.c.brin6 >= sa.bindparam("first", type_=sa.String), fusie.c.brin6 <= sa.bindparam("last", type_=sa.String)
    )
)
_OF_SCHOOL = sa.select(school.c.version).where(school.c.brincode == sa.bindparam("brincode", type_=sa.String))
_VERSION, _HELD_VERSION = SelectStatement(_OF_SCHOOL), SelectStatement(_OF_SCHOOL.with_for_update(key_share=True))
