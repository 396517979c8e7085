"""The tables of mail: addresses with their confirmation, the outbox, and what a vestiging was told. Moments are UTC."""

import sqlalchemy as sa

from uwlr_adapter.administratie import tables as administratie
from uwlr_adapter.db.metadata import BIG_ID, metadata
from uwlr_adapter.gebruikers.tables import gebruiker

MAX_ADDRESS = 254
"""Characters of an address (inclusive): what a path of SMTP can hold (RFC 5321, 4.5.3.1.3)."""

mail_address = sa.Table(
    "mail_address",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column(
        "gebruiker_id", sa.Integer, sa.ForeignKey("gebruiker.id", ondelete="CASCADE"), unique=True, comment="its owner"
    ),
    sa.Column("brin6", sa.String(6), sa.ForeignKey(administratie.vestiging.c.brin6), unique=True, comment="its owner"),
    sa.Column("address", sa.String(MAX_ADDRESS), nullable=False, index=True, comment="its domain in ASCII"),
    sa.Column("entered_at", sa.DateTime, nullable=False),
    sa.Column("confirmed_at", sa.DateTime, comment="none: nothing but a code is sent to it"),
    sa.Column("refused_at", sa.DateTime, comment="since when mail to it is refused for good: nothing is sent to it"),
    sa.Column("code_digest", sa.String(64), comment="SHA-256 of the code that was sent to it"),
    sa.Column("code_until", sa.DateTime, comment="until when that code is good"),
    sa.Column("code_tries", sa.Integer, nullable=False, server_default="0", comment="wrong codes since it was sent"),
    sa.CheckConstraint("(gebruiker_id IS NULL) <> (brin6 IS NULL)", name="owner"),
    comment="where a user and a vestiging are told things",
)
mail = sa.Table(
    "mail",
    metadata,
    sa.Column("id", BIG_ID, primary_key=True),
    sa.Column("cause", sa.String(80), nullable=False, comment="what it tells, such as act:12; once to each address"),
    sa.Column("address", sa.String(MAX_ADDRESS), nullable=False),
    sa.Column("gebruiker_id", sa.Integer, sa.ForeignKey(gebruiker.c.id, ondelete="CASCADE"), comment="whose address"),
    sa.Column("brin6", sa.String(6), comment="of the vestiging that it is about"),
    sa.Column("subject", sa.String(200), nullable=False),
    sa.Column("text", sa.Text, comment="JSON; gone as soon as it is sent or given up, none of a code"),
    sa.Column("message_id", sa.String(32), nullable=False, comment="random; the same at each try"),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Column("next_try_at", sa.DateTime, index=True, comment="none: it is sent, or given up"),
    sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
    sa.Column(
        "unsure", sa.Integer, nullable=False, server_default="0", comment="tries of which the outcome is unknown"
    ),
    sa.Column("sent_at", sa.DateTime, comment="when the mail server took it"),
    sa.Column("failure", sa.String(20), comment="a word of ours: why it is given up, or waits"),
    sa.UniqueConstraint("cause", "address"),
    sa.Index(None, "brin6", "id"),
    sa.Index(None, "created_at"),
    comment="the outbox: each row is one mail to one address",
)
mail_told = sa.Table(
    "mail_told",
    metadata,
    sa.Column("brin6", sa.String(6), primary_key=True),
    sa.Column("about", sa.String(60), primary_key=True, comment="koppeling:<id>, or what else it is about"),
    sa.Column("state", sa.String(80), nullable=False, comment="what was told of it: a kind and since when"),
    sa.Column("told_at", sa.DateTime, nullable=False),
    comment="what a vestiging was told and is still so; each is told when it is new, and again after a week",
)
