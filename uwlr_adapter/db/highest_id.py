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
    present: int = connection.scalar(sa.select(sa.func.max(table.c.id))) or 0
    of_table = highest_id.c.table_name == table.name
    known: int | None = connection.scalar(sa.select(highest_id.c.id).where(of_table))
    last = max(present, known or 0) + count
    if known is None:
        connection.execute(highest_id.insert().values(table_name=table.name, id=last))
    else:
        connection.execute(highest_id.update().where(of_table).values(id=last))
    return list(range(last + 1 - count, last + 1))
