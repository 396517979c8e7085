"""What the journaal says of the calls of each koppeling, and since when an afnemer may call again.

Code of the number before goes on to work: it neither reads nor writes them. What it does meanwhile stands in the
journaal, from which the table is noted; an afnemer that it enables counts as if it had never been disabled.

Revision ID: 0023
Revises: 0022
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column and the table."""
    again = "since when it may call again, after it was disabled"
    op.add_column("afnemer", sa.Column("enabled_at", sa.DateTime, comment=again))
    op.create_table(
        "koppeling_calls",
        sa.Column("koppeling_id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("afnemer_id", sa.Integer, nullable=False),
        sa.Column("upto", sa.DateTime, nullable=False, comment="UTC, inclusive: the journaal is read up to here"),
        sa.Column("act", sa.String(32), comment="the last act that opened or closed it, or changed its code"),
        sa.Column("acted_at", sa.DateTime),
        sa.Column("called_at", sa.DateTime, comment="the last call"),
        sa.Column("fetched_at", sa.DateTime, comment="the last call that was answered"),
        sa.Column("first_at", sa.DateTime, comment="the first one since that act"),
        sa.Column("refused_since", sa.DateTime, comment="the first refusal since the last answer or act"),
        sa.Column("refused_at", sa.DateTime, comment="the last one"),
        sa.Column("reason", sa.String(40), comment="of the last one"),
        sa.Column("full_at", sa.DateTime, comment="the last answer with leerlingen"),
        sa.Column("empty_since", sa.DateTime, comment="the first one without any after it"),
        sa.Column("empty_at", sa.DateTime, comment="the last one"),
        sa.Column("leerlingen", sa.Integer, comment="the number in the last answer that had one"),
        sa.Column("gaps", sa.String(2000), nullable=False, comment="long silences: their ends and lengths in seconds"),
        sa.PrimaryKeyConstraint("koppeling_id", name="pk_koppeling_calls"),
        sa.ForeignKeyConstraint(["koppeling_id"], ["koppeling.id"], name="fk_koppeling_calls_koppeling_id"),
        sa.ForeignKeyConstraint(["afnemer_id"], ["afnemer.id"], name="fk_koppeling_calls_afnemer_id"),
        comment="what the journaal says of the calls through each living koppeling, noted by a job",
    )
    op.create_index(
        "ix_koppeling_calls_afnemer_id_fetched_at", "koppeling_calls", ["afnemer_id", "fetched_at"], unique=False
    )
    op.execute("UPDATE schema_version SET number = 23")
