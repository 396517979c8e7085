"""Which server key is in use, and which processes hold which keys, so that a key is rotated in safe steps.

Code of the number before goes on to work: it makes digests under the first of its own keys, which every process reads
as long as it has that key.

Revision ID: 0021
Revises: 0020
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the moments of a key, and the table of the processes."""
    since = "since when new digests are made under it, or last were"
    op.add_column("server_key", sa.Column("used_since", sa.DateTime, comment=since))
    replaced = "when another key took that over; none: it is in use, or never was"
    op.add_column("server_key", sa.Column("replaced_at", sa.DateTime, comment=replaced))
    removed = "when it was said that nothing needs it any more"
    op.add_column("server_key", sa.Column("removed_at", sa.DateTime, comment=removed))
    op.add_column("server_key", sa.Column("changed_by", sa.String(100), comment="actor of the last of these changes"))
    op.create_table(
        "key_holder",
        sa.Column("id", sa.String(32), nullable=False, comment="random, of one process"),
        sa.Column("machine", sa.String(64), nullable=False),
        sa.Column("process", sa.Integer, nullable=False, comment="its number on that machine"),
        sa.Column("started_at", sa.DateTime, nullable=False),
        sa.Column("seen_at", sa.DateTime, nullable=False, comment="UTC, when it last told that it lives"),
        sa.Column("holds", sa.Text, nullable=False, comment="names of its server keys, separated by commas"),
        sa.Column("uses", sa.String(16), nullable=False, comment="the key under which it makes new digests"),
        sa.PrimaryKeyConstraint("id", name="pk_key_holder"),
        comment="the serving processes and the server keys that each holds; a process that ends removes its row",
    )
    op.execute("UPDATE schema_version SET number = 21")
