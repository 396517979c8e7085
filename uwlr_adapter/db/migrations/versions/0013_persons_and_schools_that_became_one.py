"""Persons who became one, schools that became one, and forgotten leerkrachten beside leerlingen.

Code of number 11 goes on to work: it knows nothing of the two tables, and takes a forgotten leerkracht for a leerling.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables, and the column."""
    op.create_table(
        "joined",
        sa.Column(
            "id", sa.Integer, primary_key=True, autoincrement=False, comment="the id of the person who became another"
        ),
        sa.Column("persoon_id", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(["persoon_id"], ["persoon.id"], name="fk_joined_persoon_id"),
        sa.PrimaryKeyConstraint("id", name="pk_joined"),
        comment="persons who became one with another: kept imports hold their data under the earlier id",
    )
    op.create_index("ix_joined_persoon_id", "joined", ["persoon_id"])
    op.create_table(
        "fusie",
        sa.Column("brin6", sa.String(6), primary_key=True, comment="the vestiging that was"),
        sa.Column("into_brin6", sa.String(6), nullable=False, comment="the vestiging that has its records"),
        sa.ForeignKeyConstraint(["brin6"], ["vestiging.brin6"], name="fk_fusie_brin6"),
        sa.ForeignKeyConstraint(["into_brin6"], ["vestiging.brin6"], name="fk_fusie_into_brin6"),
        sa.PrimaryKeyConstraint("brin6", name="pk_fusie"),
        comment="vestigingen of schools that were merged into another brincode",
    )
    op.add_column("forgotten", sa.Column("soort", sa.String(20), nullable=False, server_default="leerling"))
    op.execute("UPDATE schema_version SET number = 13")
