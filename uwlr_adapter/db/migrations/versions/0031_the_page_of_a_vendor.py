"""Users of an afnemer, the codes that gave access, when a klantcode was replaced, and announced maintenance.

Code of the number before goes on to work. It knows no user of an afnemer: one is stored as a schoolbeheerder without a
vestiging, who sees nothing there. It neither reads nor writes what was added to a koppeling and an afnemer: a koppeling
counts as fetched from its next call under newer code on.

Revision ID: 0031
Revises: 0030
"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables and the columns."""
    shown = "end of the digest of the code with which its afnemer last had access; none: it never had"
    op.add_column("koppeling", sa.Column("shown_code", sa.String(8), comment=shown))
    rotated = "when its klantcode was replaced last; none: never, or by older code"
    op.add_column("afnemer", sa.Column("rotated_at", sa.DateTime, comment=rotated))
    op.create_table(
        "gebruiker_afnemer",
        sa.Column("gebruiker_id", sa.Integer, nullable=False),
        sa.Column("afnemer_id", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("gebruiker_id", name="pk_gebruiker_afnemer"),
        sa.ForeignKeyConstraint(
            ["gebruiker_id"], ["gebruiker.id"], name="fk_gebruiker_afnemer_gebruiker_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["afnemer_id"], ["afnemer.id"], name="fk_gebruiker_afnemer_afnemer_id"),
        comment="which afnemer a user is of; such a user sees no vestiging, whatever stands elsewhere",
    )
    op.create_index("ix_gebruiker_afnemer_afnemer_id", "gebruiker_afnemer", ["afnemer_id"])
    op.create_table(
        "maintenance",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("starts_at", sa.DateTime, nullable=False, comment="UTC"),
        sa.Column("ends_at", sa.DateTime, nullable=False, comment="UTC, exclusive"),
        sa.Column("text", sa.String(500), nullable=False, comment="in Dutch, as whoever announced it wrote it"),
        sa.Column("announced_at", sa.DateTime, nullable=False),
        sa.Column("announced_by", sa.String(100), nullable=False, comment="as an actor of the journaal"),
        sa.Column("ticket", sa.String(64), comment="of the form that made it: one form announces once"),
        sa.PrimaryKeyConstraint("id", name="pk_maintenance"),
        sa.UniqueConstraint("ticket", name="uq_maintenance_ticket"),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_maintenance_in_order")),
        comment="announced maintenance; a row goes when it is withdrawn, or its term passed",
    )
    op.create_index("ix_maintenance_ends_at", "maintenance", ["ends_at"])
    op.execute("UPDATE schema_version SET number = 31")
