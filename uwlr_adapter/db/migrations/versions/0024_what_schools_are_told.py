"""Mail: addresses, the outbox, what was told; acts and logins that wait to be told; the region of a vestiging.

Code of the number before goes on to work: the acts that it writes meanwhile are told to nobody.

Revision ID: 0024
Revises: 0023
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Add the tables and the column."""
    region = "of the holidays: noord, midden or zuid; none: not known"
    op.add_column("vestiging_setting", sa.Column("region", sa.String(6), comment=region))
    op.create_table(
        "act_to_tell",
        sa.Column("entry_id", BIG_ID, nullable=False, autoincrement=False, comment="of the journaal"),
        sa.PrimaryKeyConstraint("entry_id", name="pk_act_to_tell"),
        comment="acts that nobody was told of yet: written with the act, and gone with the mail that tells it",
    )
    _logins()
    _addresses()
    _outbox()
    op.create_table(
        "mail_told",
        sa.Column("brin6", sa.String(6), nullable=False),
        sa.Column("about", sa.String(60), nullable=False, comment="koppeling:<id>, or what else it is about"),
        sa.Column("state", sa.String(80), nullable=False, comment="what was told of it: a kind and since when"),
        sa.Column("told_at", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("brin6", "about", name="pk_mail_told"),
        comment="what a vestiging was told and is still so; each is told when it is new, and again after a week",
    )
    op.execute("UPDATE schema_version SET number = 24")


def _logins() -> None:
    op.create_table(
        "new_browser",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("gebruiker_id", sa.Integer, nullable=False),
        sa.Column("moment", sa.DateTime, nullable=False),
        sa.Column(
            "told",
            sa.Boolean,
            nullable=False,
            server_default=sa.false(),
            comment="the user was told, or cannot be",
        ),
        sa.ForeignKeyConstraint(
            ["gebruiker_id"], ["gebruiker.id"], name="fk_new_browser_gebruiker_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_new_browser"),
        comment="logins from a browser in which that user had not logged in before",
    )
    op.create_index("ix_new_browser_gebruiker_id", "new_browser", ["gebruiker_id"])
    op.create_index("ix_new_browser_told", "new_browser", ["told"])
    op.create_index("ix_new_browser_moment", "new_browser", ["moment"])


def _addresses() -> None:
    op.create_table(
        "mail_address",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("gebruiker_id", sa.Integer, comment="its owner"),
        sa.Column("brin6", sa.String(6), comment="its owner"),
        sa.Column("address", sa.String(254), nullable=False, comment="its domain in ASCII"),
        sa.Column("entered_at", sa.DateTime, nullable=False),
        sa.Column("confirmed_at", sa.DateTime, comment="none: nothing but a code is sent to it"),
        sa.Column(
            "refused_at", sa.DateTime, comment="since when mail to it is refused for good: nothing is sent to it"
        ),
        sa.Column("code_digest", sa.String(64), comment="SHA-256 of the code that was sent to it"),
        sa.Column("code_until", sa.DateTime, comment="until when that code is good"),
        sa.Column(
            "code_tries", sa.Integer, nullable=False, server_default="0", comment="wrong codes since it was sent"
        ),
        sa.CheckConstraint("(gebruiker_id IS NULL) <> (brin6 IS NULL)", name="owner"),
        sa.ForeignKeyConstraint(
            ["gebruiker_id"], ["gebruiker.id"], name="fk_mail_address_gebruiker_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["brin6"], ["vestiging.brin6"], name="fk_mail_address_brin6"),
        sa.PrimaryKeyConstraint("id", name="pk_mail_address"),
        sa.UniqueConstraint("gebruiker_id", name="uq_mail_address_gebruiker_id"),
        sa.UniqueConstraint("brin6", name="uq_mail_address_brin6"),
        comment="where a user and a vestiging are told things",
    )
    op.create_index("ix_mail_address_address", "mail_address", ["address"])


def _outbox() -> None:
    op.create_table(
        "mail",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column(
            "cause", sa.String(80), nullable=False, comment="what it tells, such as act:12; once to each address"
        ),
        sa.Column("address", sa.String(254), nullable=False),
        sa.Column("gebruiker_id", sa.Integer, comment="whose address"),
        sa.Column("brin6", sa.String(6), comment="of the vestiging that it is about"),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("text", sa.Text, comment="JSON; gone as soon as it is sent or given up, none of a code"),
        sa.Column("message_id", sa.String(32), nullable=False, comment="random; the same at each try"),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("next_try_at", sa.DateTime, comment="none: it is sent, or given up"),
        sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
        sa.Column(
            "unsure", sa.Integer, nullable=False, server_default="0", comment="tries of which the outcome is unknown"
        ),
        sa.Column("sent_at", sa.DateTime, comment="when the mail server took it"),
        sa.Column("failure", sa.String(20), comment="a word of ours: why it is given up, or waits"),
        sa.ForeignKeyConstraint(["gebruiker_id"], ["gebruiker.id"], name="fk_mail_gebruiker_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_mail"),
        sa.UniqueConstraint("cause", "address", name="uq_mail_cause_address"),
        comment="the outbox: each row is one mail to one address",
    )
    op.create_index("ix_mail_next_try_at", "mail", ["next_try_at"])
    op.create_index("ix_mail_brin6_id", "mail", ["brin6", "id"])
    op.create_index("ix_mail_created_at", "mail", ["created_at"])
