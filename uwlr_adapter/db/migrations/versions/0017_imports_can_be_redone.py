"""What it takes to redo an import that was undone, and whether an import changed anything.

Code of an earlier number goes on to work: it undoes in its own way, and what it undid cannot be redone.

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; an import that stands and kept no step changed nothing."""
    changes = sa.Column(
        "changes", sa.Boolean, nullable=False, server_default=sa.true(), comment="whether it changed a record"
    )
    columns = (
        sa.Column("redone_at", sa.DateTime, comment="UTC; after the last undo"),
        sa.Column(
            "redo_after",
            sa.String(40),
            comment="while it can be redone: the newest standing import of each of its schools",
        ),
        changes,
    )
    for column in columns:
        op.add_column("import_batch", column)
    op.execute(
        "UPDATE import_batch SET changes = false WHERE undone_at IS NULL"
        " AND NOT EXISTS (SELECT 1 FROM import_step WHERE import_step.batch_id = import_batch.id)"
    )
    op.execute("UPDATE schema_version SET number = 17")
