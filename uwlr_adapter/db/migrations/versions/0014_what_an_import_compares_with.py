"""When the source of a year was made, and which years wait for an import that is taken.

Code of number 11 goes on to work: it knows neither table, and asks nothing about an older source.

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "source_moment",
        sa.Column("brin6", sa.String(6), nullable=False),
        sa.Column("schooljaar", sa.String(9), nullable=False),
        sa.Column("aanmaakdatum", sa.String(20), nullable=False, comment="UTC, as 2026-10-01T07:00:00Z"),
        sa.PrimaryKeyConstraint("brin6", "schooljaar", name="pk_source_moment"),
        comment="when the source of the records of a year was made, if it said so",
    )
    op.create_table(
        "import_not_taken",
        sa.Column("brin6", sa.String(6), nullable=False),
        sa.Column("schooljaar", sa.String(9), nullable=False, comment="empty when the source could not tell it"),
        sa.Column("since", sa.DateTime, nullable=False, comment="UTC, the first one after the last that was taken"),
        sa.Column("moment", sa.DateTime, nullable=False, comment="UTC, the last one"),
        sa.Column(
            "questions", sa.JSON, nullable=False, comment="options that would answer it; none when it was refused"
        ),
        sa.PrimaryKeyConstraint("brin6", "schooljaar", name="pk_import_not_taken"),
        comment="years whose last import was refused, or asks; erased by the next one that is taken",
    )
    op.execute("UPDATE schema_version SET number = 14")
