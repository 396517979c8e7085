"""Leerkrachten, who see the results of their groepen until the end of a schooljaar, and their invitations.

Code of the number before goes on to work, and shows a leerkracht nothing: it knows neither table. Such a user stands
there as a schoolbeheerder without a vestiging. An invitation stands apart from the others, since that code would fail
on its role, or make a colleague of it who sees the whole school. What hangs on a user goes with it (CASCADE).

Revision ID: 0034
Revises: 0032
"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "groep_access",
        sa.Column("gebruiker_id", sa.Integer, nullable=False),
        sa.Column("brin6", sa.String(6), nullable=False),
        sa.Column("schooljaar", sa.String(9), nullable=False),
        sa.Column("groep_key", sa.String(256), nullable=False, comment="no foreign key: an import may take it away"),
        sa.Column("groep_naam", sa.Text, nullable=False, comment="as it was called when access was given"),
        sa.Column("until", sa.DateTime, nullable=False, comment="UTC, exclusive: the 1 August after the year"),
        sa.Column("persoon_id", sa.Integer, comment="the leerkracht of the records, if it is one; no foreign key"),
        sa.Column("given_by", sa.String(100), nullable=False, comment="as an actor of the journaal"),
        sa.Column("given_at", sa.DateTime, nullable=False, comment="UTC"),
        sa.PrimaryKeyConstraint("gebruiker_id", "brin6", "schooljaar", "groep_key", name="pk_groep_access"),
        sa.ForeignKeyConstraint(
            ["gebruiker_id"], ["gebruiker.id"], name="fk_groep_access_gebruiker_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["brin6"], ["vestiging.brin6"], name="fk_groep_access_brin6", ondelete="CASCADE"),
        comment="the groepen whose results a leerkracht sees; older code does not see these at all",
    )
    op.create_index("ix_groep_access_brin6", "groep_access", ["brin6"])
    op.create_index("ix_groep_access_until", "groep_access", ["until"])
    op.create_table(
        "leerkracht_invitation",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("brin6", sa.String(6), nullable=False),
        sa.Column("login", sa.String(64), nullable=False, comment="as typed; an account with it may exist"),
        sa.Column("naam", sa.String(200), nullable=False),
        sa.Column("schooljaar", sa.String(9), nullable=False),
        sa.Column("groepen", sa.JSON, nullable=False, comment="[[key, naam], ...]: what accepting it gives"),
        sa.Column("persoon_id", sa.Integer, comment="as in groep_access"),
        sa.Column("invited_by", sa.String(64), nullable=False, comment="login of the colleague"),
        sa.Column("made_at", sa.DateTime, nullable=False),
        sa.Column("until", sa.DateTime, nullable=False, comment="until when it can be accepted"),
        sa.Column("token_digest", sa.String(64), nullable=False, comment="SHA-256 of the token, random"),
        sa.PrimaryKeyConstraint("id", name="pk_leerkracht_invitation"),
        sa.ForeignKeyConstraint(
            ["brin6"], ["vestiging.brin6"], name="fk_leerkracht_invitation_brin6", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("token_digest", name="uq_leerkracht_invitation_token_digest"),
        sa.UniqueConstraint("brin6", "login", name="uq_leerkracht_invitation_brin6_login"),
        comment="as `invitation`, of a leerkracht: older code would take one there for another role",
    )
    op.create_index("ix_leerkracht_invitation_login", "leerkracht_invitation", ["login"])
    op.create_index("ix_leerkracht_invitation_until", "leerkracht_invitation", ["until"])
    op.execute("UPDATE schema_version SET number = 34")
