"""Since when login attempts are counted, and how many failures the owner of an account has to be told of.

Code of number 9 goes on to work: it leaves the new columns as they are, and the count of a row that it makes begins at
its last attempt.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns, and the index by which old rows are found."""
    op.add_column("login_attempt", sa.Column("since", sa.DateTime, comment="of the first of them; none: of older code"))
    op.create_index("ix_login_attempt_last_at", "login_attempt", ["last_at"])
    for name in ("wrong_passwords", "wrong_codes"):
        column = sa.Column(name, sa.Integer, nullable=False, server_default="0", comment="since the last login")
        op.add_column("gebruiker", column)
    op.execute("UPDATE schema_version SET number = 10")
