"""What each koppeling was given last, so that geenwijzigingen says: you have this.

Code of number 7 goes on to work: it knows nothing of the table, and what it gives is given again by newer code.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "given",
        sa.Column("koppeling_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("slot", sa.SmallInteger, primary_key=True, autoincrement=False, comment="place of an answer, from 0"),
        sa.Column("answer", sa.String(64), nullable=False, comment="digest of what was asked, under which profile"),
        sa.Column("gewijzigd", sa.DateTime, nullable=False, comment="UTC, of the content that was given last"),
        sa.ForeignKeyConstraint(["koppeling_id"], ["koppeling.id"], name="fk_given_koppeling_id"),
        sa.PrimaryKeyConstraint("koppeling_id", "slot", name="pk_given"),
        comment="what each koppeling was given last; a lost row only means that data are given again",
    )
    op.execute("UPDATE schema_version SET number = 8")
