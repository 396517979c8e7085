"""The leerlingen that one koppeling does not get (Niet delen).

Code of the number before goes on to work as long as nobody is withheld; the first act that withholds somebody raises
`readable_from` to this number, since older code would answer that leerling.

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, and the column that says whether anybody is withheld."""
    op.create_table(
        "withheld",
        sa.Column("koppeling_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("persoon_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.ForeignKeyConstraint(["koppeling_id"], ["koppeling.id"], name="fk_withheld_koppeling_id"),
        sa.ForeignKeyConstraint(["persoon_id"], ["persoon.id"], name="fk_withheld_persoon_id"),
        sa.PrimaryKeyConstraint("koppeling_id", "persoon_id", name="pk_withheld"),
        comment="leerlingen that one koppeling does not get (Niet delen); no reason is stored",
    )
    op.create_index("ix_withheld_persoon_id", "withheld", ["persoon_id"])
    op.add_column(
        "koppeling",
        sa.Column(
            "withheld", sa.Integer, comment="version of the last change of who is withheld; none: everybody is shared"
        ),
    )
    op.execute("UPDATE schema_version SET number = 16")
