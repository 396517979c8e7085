"""The tables of results that name a person; the room `resultaten` reads and writes them.

They are declared here because a person is never erased without them. They name a person by an id that is that of one
person for ever, and refer to no row: whose import is undone keeps the results until it is redone, and of two who were
joined each id names the one person. docs/reference/leerresultaten.md has the rules.

Neither does a result refer to its afnemer and its vestiging, nor a version to its message: they are written in one
transaction with the message, which refers to both, and a class would be checked twelve hundred times.
"""

import sqlalchemy as sa

from uwlr_adapter.db.metadata import BIG_ID, metadata

NOT_KNOWN = -1
"""Stands for the number of the version that the administration has: it may have any."""
_TEXT = sa.String(256)

resultaat = sa.Table(
    "resultaat",
    metadata,
    sa.Column("id", BIG_ID, primary_key=True),
    sa.Column("afnemer_id", sa.Integer, nullable=False),
    sa.Column("brin6", sa.String(6), nullable=False, comment="as it was sent"),
    sa.Column("key", _TEXT, nullable=False, comment="that of the platform"),
    sa.Column("aanmaakdatum", sa.DateTime, nullable=False, comment="UTC, of the newest message that had it"),
    sa.Column("newest", sa.Integer, nullable=False, comment="number of its newest version"),
    sa.Column(
        "delivered",
        sa.Integer,
        comment="number of the version that the administration has; 0: told none, -1: not known",
    ),
    sa.Column("delivered_to", _TEXT, index=True, comment="with this key of a leerling who was two at that time"),
    sa.UniqueConstraint("afnemer_id", "brin6", "key"),
    comment="a result that a platform sent, in versions",
)
resultaat_versie = sa.Table(
    "resultaat_versie",
    metadata,
    sa.Column(
        "resultaat_id",
        sa.BigInteger,
        sa.ForeignKey("resultaat.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False, comment="from 1, the newest the highest"),
    sa.Column("persoon_id", sa.Integer, nullable=False, index=True, comment="no foreign key: see administratie"),
    sa.Column("leerlingid", _TEXT, nullable=False, comment="as it was sent: whom the platform meant"),
    sa.Column("message_id", sa.BigInteger, nullable=False, index=True),
    sa.Column("toets_id", sa.String(64), sa.ForeignKey("toets.id"), nullable=False, index=True),
    sa.Column("onderdeel", _TEXT, comment="toetsonderdeelcode; none: the total"),
    sa.Column("afnamedatum", sa.Date, nullable=False),
    sa.Column("score", sa.BigInteger),
    sa.Column("more", sa.JSON, nullable=False, comment="a result of OSO, and what else came with it"),
    sa.Column("content", sa.String(64), nullable=False, comment="digest of all that it says"),
    sa.Column("delivered_at", sa.DateTime, index=True, comment="UTC, when the administration had taken it"),
    comment="what a result said, from which message, about whom",
)
not_processed = sa.Table(
    "not_processed",
    metadata,
    sa.Column("id", BIG_ID, primary_key=True),
    sa.Column(
        "message_id",
        sa.BigInteger,
        sa.ForeignKey("results_message.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    sa.Column("brin6", sa.String(6), sa.ForeignKey("vestiging.brin6"), nullable=False, index=True),
    sa.Column("leerlingid", _TEXT, nullable=False, comment="as it was sent"),
    sa.Column("reason", sa.String(20), nullable=False),
    sa.Column("results", sa.Integer, nullable=False, comment="how many came for it; none of them is kept"),
    sa.Column("moment", sa.DateTime, nullable=False, index=True, comment="UTC"),
    comment="a leerlingid in a message whose results were not taken",
)
