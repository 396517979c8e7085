"""The users of the portal, agreements with older terms, and the journaal by koppeling.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "gebruiker",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("login", sa.String(length=64), nullable=False, comment="in small letters"),
        sa.Column("naam", sa.String(length=200), nullable=False),
        sa.Column("rol", sa.String(length=20), nullable=False),
        sa.Column("aangemaakt_op", sa.DateTime(), nullable=False),
        sa.Column("uitgeschakeld_op", sa.DateTime(), nullable=True),
        sa.Column("sessie_versie", sa.Integer(), nullable=False, comment="one more ends every session"),
        sa.Column(
            "wachtwoord_hash",
            sa.String(length=200),
            nullable=True,
            comment="argon2id; none: a link was handed out and not used yet",
        ),
        sa.Column(
            "link_digest",
            sa.String(length=64),
            nullable=True,
            comment="SHA-256 of the token of the link, which is random",
        ),
        sa.Column("link_tot", sa.DateTime(), nullable=True, comment="until when the link is good"),
        sa.Column("totp_nodig", sa.Boolean(), nullable=False, comment="off for the user of the demo only"),
        sa.Column("totp_geheim", sa.String(length=300), nullable=True, comment="encrypted under a key of a server key"),
        sa.Column("totp_stap", sa.Integer(), nullable=True, comment="the last time step used: a code is good once"),
        sa.CheckConstraint("(link_digest IS NULL) = (link_tot IS NULL)", name=op.f("ck_gebruiker_link")),
        sa.CheckConstraint("rol IN ('schoolbeheerder', 'bestuur', 'operator')", name=op.f("ck_gebruiker_rol")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gebruiker")),
        sa.UniqueConstraint("link_digest", name=op.f("uq_gebruiker_link_digest")),
        sa.UniqueConstraint("login", name=op.f("uq_gebruiker_login")),
    )
    op.create_table(
        "gebruiker_vestiging",
        sa.Column("gebruiker_id", sa.Integer(), nullable=False),
        sa.Column("brin6", sa.String(length=6), nullable=False),
        sa.ForeignKeyConstraint(["brin6"], ["vestiging.brin6"], name=op.f("fk_gebruiker_vestiging_brin6")),
        sa.ForeignKeyConstraint(["gebruiker_id"], ["gebruiker.id"], name=op.f("fk_gebruiker_vestiging_gebruiker_id")),
        sa.PrimaryKeyConstraint("gebruiker_id", "brin6", name=op.f("pk_gebruiker_vestiging")),
        comment="which vestigingen a user acts for",
    )
    op.create_table(
        "inlogpoging",
        sa.Column(
            "login_digest",
            sa.String(length=96),
            nullable=False,
            comment="whatever was typed as a login, not readable",
        ),
        sa.Column("bron", sa.String(length=45), nullable=False, comment="network address; empty: all of them together"),
        sa.Column("aantal", sa.Integer(), nullable=False, comment="attempts without success"),
        sa.Column("laatste_op", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("login_digest", "bron", name=op.f("pk_inlogpoging")),
        comment="what slows guessing down; rows of a day ago go",
    )
    op.create_table(
        "eerder_akkoord",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("koppeling_id", sa.Integer(), nullable=False),
        sa.Column("login", sa.String(length=64), nullable=False),
        sa.Column("naam", sa.String(length=200), nullable=False, comment="as typed"),
        sa.Column("moment", sa.DateTime(), nullable=False),
        sa.Column("voorwaarden", sa.String(length=40), nullable=False, comment="version of the terms of use"),
        sa.ForeignKeyConstraint(["koppeling_id"], ["koppeling.id"], name=op.f("fk_eerder_akkoord_koppeling_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_eerder_akkoord")),
        comment="agreements with older versions of the terms; the present one stands with the koppeling",
    )
    op.create_index(op.f("ix_eerder_akkoord_koppeling_id"), "eerder_akkoord", ["koppeling_id"])
    op.create_index(op.f("ix_journaal_koppeling_id_moment"), "journaal", ["koppeling_id", "moment"])
