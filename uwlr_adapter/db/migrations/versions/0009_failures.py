"""The failures of callers, counted for all processes together, so that guessing is slowed down.

Code of number 8 goes on to work: it knows nothing of the table, and what fails there is not counted.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "failure",
        sa.Column("period", sa.DateTime, nullable=False, comment="UTC, its begin"),
        sa.Column("subject", sa.String(64), nullable=False, comment="klant and its source, or a digest of a code's"),
        sa.Column("occurrences", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("period", "subject", name="pk_failure"),
        comment="wrong klantcodes and verificatiecodes of the present period, counted; past periods are removed",
    )
    op.execute("UPDATE schema_version SET number = 9")
