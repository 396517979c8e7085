"""The verdict on each koppeling, noted by a job, so that those of thousands of vestigingen are counted at once.

Code of the number before goes on to work: it neither reads nor writes them, and each act of it voids the note of its
koppeling by the version that it raises.

Revision ID: 0027
Revises: 0026
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables, and the index by which the koppelingen of a vestiging are found."""
    op.create_table(
        "verdict_note",
        sa.Column("koppeling_id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column(
            "version", sa.Integer, nullable=False, comment="of the koppeling that was judged; of another it is void"
        ),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("who", sa.String(20), comment="whose step is next; none: there is none"),
        sa.Column("reason", sa.String(40), comment="of a refusal, as in the journaal"),
        sa.Column("noted_at", sa.DateTime, nullable=False, comment="UTC, when it became this one"),
        sa.PrimaryKeyConstraint("koppeling_id", name="pk_verdict_note"),
        sa.ForeignKeyConstraint(["koppeling_id"], ["koppeling.id"], name="fk_verdict_note_koppeling_id"),
        comment="the verdict on each living koppeling that carries data, noted by a job",
    )
    op.create_table(
        "verdicts_noted",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("moment", sa.DateTime, nullable=False, comment="UTC"),
        sa.PrimaryKeyConstraint("id", name="pk_verdicts_noted"),
        comment="one row: when every verdict was looked at last",
    )
    op.create_index("ix_koppeling_brin6", "koppeling", ["brin6"])
    op.execute("UPDATE schema_version SET number = 27")
