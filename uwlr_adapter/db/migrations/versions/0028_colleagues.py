"""Colleagues of a school: invitations, lezers, recovery codes, and when a user logged in last.

The column `rol` keeps its constraint: the code before knows three roles, and would let a fourth one act, or fail on it.
So a lezer is stored as a schoolbeheerder without a vestiging, and what it reads stands in a table that the code before
does not know: there such a user sees nothing at all until that code is gone. What hangs on a user goes with it
(CASCADE), since the code before erases users and does not know these tables.

Revision ID: 0028
Revises: 0027
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables and the columns."""
    op.add_column(
        "gebruiker",
        sa.Column(
            "version", sa.Integer, nullable=False, server_default="1", comment="one more at each act on the user"
        ),
    )
    op.add_column("gebruiker", sa.Column("last_login_at", sa.DateTime))
    op.add_column("gebruiker", sa.Column("previous_login_at", sa.DateTime, comment="the login before that one"))
    op.create_table(
        "lezer_vestiging",
        sa.Column("gebruiker_id", sa.Integer, nullable=False),
        sa.Column("brin6", sa.String(6), nullable=False),
        sa.PrimaryKeyConstraint("gebruiker_id", "brin6", name="pk_lezer_vestiging"),
        sa.ForeignKeyConstraint(
            ["gebruiker_id"], ["gebruiker.id"], name="fk_lezer_vestiging_gebruiker_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["brin6"], ["vestiging.brin6"], name="fk_lezer_vestiging_brin6", ondelete="CASCADE"),
        comment="which vestigingen a user reads and does not act for; older code does not see these at all",
    )
    op.create_index("ix_lezer_vestiging_brin6", "lezer_vestiging", ["brin6"])
    op.create_index("ix_gebruiker_vestiging_brin6", "gebruiker_vestiging", ["brin6"])
    op.create_table(
        "invitation",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("brin6", sa.String(6), nullable=False),
        sa.Column("login", sa.String(64), nullable=False, comment="as typed; an account with it may exist"),
        sa.Column("naam", sa.String(200), nullable=False),
        sa.Column("rol", sa.String(20), nullable=False),
        sa.Column("invited_by", sa.String(64), nullable=False, comment="login of the colleague"),
        sa.Column("made_at", sa.DateTime, nullable=False),
        sa.Column("until", sa.DateTime, nullable=False, comment="until when it can be accepted"),
        sa.Column("token_digest", sa.String(64), nullable=False, comment="SHA-256 of the token, random"),
        sa.PrimaryKeyConstraint("id", name="pk_invitation"),
        sa.ForeignKeyConstraint(["brin6"], ["vestiging.brin6"], name="fk_invitation_brin6", ondelete="CASCADE"),
        sa.UniqueConstraint("token_digest", name="uq_invitation_token_digest"),
        sa.UniqueConstraint("brin6", "login", name="uq_invitation_brin6_login"),
        comment="colleagues who were asked to join; a row goes when it is accepted, declined or withdrawn",
    )
    op.create_index("ix_invitation_login", "invitation", ["login"])
    op.create_index("ix_invitation_until", "invitation", ["until"])
    op.create_table(
        "recovery_code",
        sa.Column("gebruiker_id", sa.Integer, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False, comment="HMAC under the secret of the second factor"),
        sa.PrimaryKeyConstraint("gebruiker_id", "digest", name="pk_recovery_code"),
        sa.ForeignKeyConstraint(
            ["gebruiker_id"], ["gebruiker.id"], name="fk_recovery_code_gebruiker_id", ondelete="CASCADE"
        ),
        comment="codes instead of the second factor; a row goes when its code is used",
    )
    op.execute("UPDATE schema_version SET number = 28")
