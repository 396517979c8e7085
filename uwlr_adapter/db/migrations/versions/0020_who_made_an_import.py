"""Who made an import, and the request or the run of a command that made it; of those of before it is not known.

The journaal has had both columns since 0007. Code of an earlier number fills neither, and misses neither.

Revision ID: 0020
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the two columns."""
    actor = "who made it, as in the journaal; not known of those of before 0020"
    op.add_column("import_batch", sa.Column("actor", sa.String(100), comment=actor))
    request_id = "of the request or the run of a command that made it"
    op.add_column("import_batch", sa.Column("request_id", sa.String(36), comment=request_id))
    if op.get_bind().dialect.name == "postgresql":  # SQLite keeps the text of a table as it was made
        of_act = "of an act: login of the portal user, cli:<account of the machine> or job:<name>"
        op.alter_column("journaal", "actor", comment=of_act)
        request = "X-Request-ID of a request, or the id of a run of a command"
        op.alter_column("journaal", "request_id", comment=request)
    op.execute("UPDATE schema_version SET number = 20")
