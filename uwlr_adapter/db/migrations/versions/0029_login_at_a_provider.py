"""The account at a provider of OpenID Connect by which a user logs in.

Older code asks for the password only, as if nobody had such an account. It does not know that a reset removes one, so
whoever was reset by it may still log in at the provider; the account of the user has to be enabled for that.

Revision ID: 0029
Revises: 0028
"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "gebruiker_oidc",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("gebruiker_id", sa.Integer, nullable=False),
        sa.Column("issuer", sa.String(255), nullable=False, comment="the provider, as it names itself"),
        sa.Column("subject_digest", sa.String(64), nullable=False, comment="SHA-256 of issuer and `sub`"),
        sa.Column("since", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_gebruiker_oidc"),
        sa.ForeignKeyConstraint(
            ["gebruiker_id"], ["gebruiker.id"], name="fk_gebruiker_oidc_gebruiker_id", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("gebruiker_id", "issuer", name="uq_gebruiker_oidc_gebruiker_id_issuer"),
        sa.UniqueConstraint("subject_digest", name="uq_gebruiker_oidc_subject_digest"),
        comment="the account at a provider of OpenID Connect by which a user logs in, bound by that user",
    )
    op.execute("UPDATE schema_version SET number = 29")
