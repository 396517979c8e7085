"""An index that leads to the living koppelingen of an afnemer and to the one that ended last, past all others.

It takes the place of the one that is its beginning; code of number 10 goes on to work, with this index instead.

Revision ID: 0011
Revises: 0010
"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index."""
    op.create_index(
        op.f("ix_koppeling_afnemer_id_brin6_status_ended_at_id"),
        "koppeling",
        ["afnemer_id", "brin6", "status", "ended_at", "id"],
    )
    op.drop_index(op.f("ix_koppeling_afnemer_id_brin6"), "koppeling")
    op.execute("UPDATE schema_version SET number = 11")
