"""An enrolment and a place in a group name their vestiging through their deelname only: it was checked twice.

Revision ID: 0006
Revises: 0005
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    for table in ("inschrijving", "plaatsing"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_constraint(op.f(f"fk_{table}_brin6"), type_="foreignkey")
