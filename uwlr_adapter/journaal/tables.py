"""The tables of the journaal. Append-only; moments are UTC."""

import sqlalchemy as sa

from uwlr_adapter.db.metadata import BIG_ID, metadata

journaal = sa.Table(
    "journaal",
    metadata,
    sa.Column("id", BIG_ID, primary_key=True),
    sa.Column("moment", sa.DateTime, nullable=False, comment="UTC"),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("act", sa.String(32), nullable=False, comment="the operation, or the act"),
    sa.Column("afnemer_id", sa.Integer),
    sa.Column("koppeling_id", sa.Integer),
    sa.Column("brin6", sa.String(6), comment="of a vestiging that exists; never the text of a caller"),
    sa.Column("outcome", sa.String(40), nullable=False),
    sa.Column("reason", sa.String(40)),
    sa.Column("leerlingen", sa.Integer),
    sa.Column("repairs", sa.String(200), comment="ids of the repairs that were needed"),
    sa.Column("remarks", sa.String(200), comment="fixed words with counts, such as onvolledig=3"),
    sa.Column(
        "actor",
        sa.String(100),
        comment="of an act: login of the portal user, cli:<account of the machine> or job:<name>",
    ),
    sa.Column("request_id", sa.String(36), comment="X-Request-ID of a request, or the id of a run of a command"),
    sa.Column("answer", sa.String(24), comment="of a fetch: the number of its answer"),
    sa.Index(None, "brin6", "id"),
    sa.Index(None, "koppeling_id", "moment"),
    comment="append-only",
)
act_to_tell = sa.Table(
    "act_to_tell",
    metadata,
    sa.Column("entry_id", BIG_ID, primary_key=True, autoincrement=False, comment="of the journaal"),
    comment="acts that nobody was told of yet: written with the act, and gone with the mail that tells it",
)
refusal = sa.Table(
    "refusal",
    metadata,
    sa.Column("minute", sa.DateTime, primary_key=True, comment="UTC"),
    sa.Column("source", sa.String(45), primary_key=True, comment="network address of the caller"),
    sa.Column("outcome", sa.String(40), primary_key=True),
    sa.Column("occurrences", sa.Integer, nullable=False),
    comment="calls that were refused before their afnemer was known, counted",
)
