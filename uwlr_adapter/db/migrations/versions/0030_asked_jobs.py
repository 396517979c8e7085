"""Which job an operator asked for in the browser: the next process that looks runs it.

Code of the number before goes on to work: it does not read the columns, and runs each job at its time.

Revision ID: 0030
Revises: 0029
"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    op.add_column(
        "job", sa.Column("asked_at", sa.DateTime, comment="when somebody asked to run it; none: that is done")
    )
    op.add_column("job", sa.Column("asked_by", sa.String(100), comment="the last who asked, as in the journaal"))
    op.execute("UPDATE schema_version SET number = 30")
