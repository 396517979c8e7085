"""The schema number: which code can use which database.

Each migration has a number. The database holds the number of its newest migration, and the lowest number of code that
can read and write it. So code of this number goes on to work with a newer database, as long as its migrations only
added what older code does not miss.
"""

from dataclasses import dataclass
from enum import Enum

import sqlalchemy as sa

from uwlr_adapter.db.metadata import metadata

SCHEMA = 34
"""The schema number of this code: that of its newest migration."""

schema_version = sa.Table(
    "schema_version",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False, comment="of the newest migration"),
    sa.Column("readable_from", sa.Integer, nullable=False, comment="lowest number of code that can use it"),
    sa.CheckConstraint("readable_from <= number", name="readable_from"),
    comment="one row",
)


class SchemaState(Enum):
    """The use that this code can make of a database."""

    ABSENT = "absent"
    """It has no tables of ours."""
    OLD = "old"
    """A migration of this code is missing."""
    USABLE = "usable"
    NEWER = "newer"
    """A migration of newer code changed it in a way that this code cannot work with."""


@dataclass(frozen=True, slots=True)
class DatabaseSchema:
    """What a database says of its schema, and what this code can do with it."""

    state: SchemaState
    number: int = 0
    """Of its newest migration; 0 in a database without one, or whose migrations had no number yet."""
    readable_from: int = 0
    """The lowest number of code that can use it; 0 where the database does not say."""


def require_code(connection: sa.Connection, number: int) -> None:
    """Refuse older code than that of a number from now on: it would answer as if what is stored now were not there."""
    connection.execute(
        schema_version.update().where(schema_version.c.readable_from < number).values(readable_from=number)
    )


def read_schema(connection: sa.Connection) -> DatabaseSchema:
    """Return what a database says of its schema: readable_from <= SCHEMA <= number makes it usable.

    Raises DBAPIError.
    """
    inspector = sa.inspect(connection)
    if not inspector.has_table(schema_version.name):  # the first six migrations had no number
        return DatabaseSchema(SchemaState.OLD if inspector.has_table("alembic_version") else SchemaState.ABSENT)
    row = connection.execute(sa.select(schema_version.c.number, schema_version.c.readable_from)).one_or_none()
    if row is None:
        return DatabaseSchema(SchemaState.OLD)
    state = SchemaState.USABLE if row.readable_from <= SCHEMA else SchemaState.NEWER
    return DatabaseSchema(SchemaState.OLD if row.number < SCHEMA else state, row.number, row.readable_from)
