"""The highest id that was handed out for a table, where the database itself forgets that of a row that is gone.

An id that is kept elsewhere, such as in what it takes to redo an import, must never name somebody who came later. A
sequence of PostgreSQL goes on by itself; SQLite would begin again after the highest row that is there.
"""

import sqlalchemy as sa

from uwlr_adapter.db.metadata import metadata

highest_id = sa.Table(
    "highest_id",
    metadata,
    sa.Column("table_name", sa.String(40), primary_key=True),
    sa.Column("id", sa.BigInteger, nullable=False),
    comment="on SQLite: the highest id that was ever handed out for a table",
)


def take(connection: sa.Connection, table: sa.Table, count: int) -> list[int]:
    """Return `count` ids that no row of a table ever had, in a writing transaction that is the only one."""
    last = find(connection, table) + count
    keep(connection, table, last)
    return list(range(last + 1 - count, last + 1))


def find(connection: sa.Connection, table: sa.Table) -> int:
    """Return the highest id that is known of a table; 0 when it never had a row."""
    present: int = connection.scalar(sa.select(sa.func.max(table.c.id))) or 0
    known: int | None = connection.scalar(sa.select(highest_id.c.id).where(highest_id.c.table_name == table.name))
    return max(present, known or 0)


def keep(connection: sa.Connection, table: sa.Table, number: int) -> None:
    """Keep the highest id that was handed out for a table."""
    of_table = highest_id.c.table_name == table.name
    if connection.execute(highest_id.update().where(of_table).values(id=number)).rowcount == 0:
        connection.execute(highest_id.insert().values(table_name=table.name, id=number))
