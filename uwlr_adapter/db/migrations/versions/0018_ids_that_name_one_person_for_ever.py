"""The highest id that was ever given to a person, so that none is given again on SQLite.

It begins after those of persons who are there, who became another one, and who stand in what it takes to undo or redo
an import. Code of an earlier number goes on to work, and may give an id again, as before.

Revision ID: 0018
Revises: 0017
"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table, with the highest id of a person that is known."""
    op.create_table(
        "highest_id",
        sa.Column("table_name", sa.String(40), nullable=False),
        sa.Column("id", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("table_name", name="pk_highest_id"),
        comment="on SQLite: the highest id that was ever handed out for a table",
    )
    if op.get_bind().dialect.name == "sqlite":
        last = _highest(op.get_bind())
        op.execute(sa.text("INSERT INTO highest_id VALUES ('persoon', :last)").bindparams(last=last))
    op.execute("UPDATE schema_version SET number = 18")


def _highest(connection: sa.Connection) -> int:
    last = 0
    for table in ("persoon", "joined"):
        last = max(last, connection.scalar(sa.text(f"SELECT max(id) FROM {table}")) or 0)  # noqa: S608 - our own names
    for stored in connection.scalars(sa.text("SELECT rows FROM import_step WHERE table_name = 'persoon'")):
        step = json.loads(stored)
        place = step["columns"].index("id")
        last = max([last, *(row[place] for row in step["rows"])])
    return last
