"""The client certificates of an afnemer.

Code of an earlier number goes on to work until an afnemer has its first certificate: it would let that one in without.

Revision ID: 0022
Revises: 0021
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column(
        "afnemer",
        sa.Column(
            "certificates",
            sa.Text,
            comment="JSON, of the client certificates of which it must show one; none: no need",
        ),
    )
    op.execute("UPDATE schema_version SET number = 22")
