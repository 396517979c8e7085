"""Digests made anew under the server key in use, when the owner of a code calls: so a rotation ends by itself.

A renewal is written in the commit of the entry of the call that showed the code, and only where the digest that was
read still stands: a code that the school or the operator changed meanwhile stays. A call under the key in use needs no
renewal, and no statement.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import sqlalchemy as sa

from uwlr_adapter.db.statements import Update, UpdateStatement
from uwlr_adapter.koppelingen import tables

_OF_KOPPELING = 0


class Renewal(NamedTuple):
    """A digest that takes the place of an older one of the same code. They are written in the order of their fields."""

    column: int
    """The place of its column in COLUMNS."""
    id: int
    """Of the row."""
    old: str
    new: str
    version: int = 0
    """Of the koppeling when access was decided."""

    def __repr__(self) -> str:
        """Return a text without digests."""
        return f"Renewal({self.column}, {self.id})"


def of_koppeling(koppeling_id: int, version: int, old: str, new: str) -> Renewal:
    """Return the renewal of the verificatiecode of a koppeling."""
    return Renewal(_OF_KOPPELING, koppeling_id, old, new, version)


def of_afnemer(afnemer_id: int, column: sa.Column[Any], old: str, new: str) -> Renewal:
    """Return the renewal of a klantcode, the present or the previous one, by its column."""
    return Renewal(COLUMNS.index(column), afnemer_id, old, new)


def commands(renewals: Iterable[Renewal]) -> list[Update]:
    """Return the statements of renewals, each once.

    First those of koppelingen: the entries hold theirs already, at this version. Then those of afnemers, which no
    transaction holds before it waits for something else. Both in the order of the ids, so that no two processes wait
    for each other.
    """
    return [_command(one) for one in sorted(set(renewals))]


def _command(renewal: Renewal) -> Update:
    parameters: dict[str, Any] = {"row_id": renewal.id, "old": renewal.old, "new": renewal.new}
    if renewal.column == _OF_KOPPELING:
        parameters |= {"row_version": renewal.version, "shown": tables.shown_code(renewal.new)}
    return Update(_STATEMENTS[renewal.column], parameters)


def _statement(column: sa.Column[Any]) -> UpdateStatement:
    table = column.table
    where = [table.c.id == sa.bindparam("row_id", type_=sa.Integer), column == sa.bindparam("old", type_=column.type)]
    values = {column.name: sa.bindparam("new", type_=column.type)}
    if table is tables.koppeling:  # the call that it is for has access with this code
        where.append(table.c.version == sa.bindparam("row_version", type_=sa.Integer))
        values["shown_code"] = sa.bindparam("shown", type_=sa.String)
    return UpdateStatement(sa.update(table).where(*where).values(values))


COLUMNS: list[sa.Column[Any]] = [
    tables.koppeling.c.code_digest,
    tables.afnemer.c.klantcode_digest,
    tables.afnemer.c.previous_digest,
]
"""The columns with digests of codes, in the order in which they are written."""
_STATEMENTS = [_statement(column) for column in COLUMNS]
