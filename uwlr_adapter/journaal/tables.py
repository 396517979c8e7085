"""The tables of the journaal. Append-only; moments are UTC."""

import sqlalchemy as sa

from uwlr_adapter.db.metadata import metadata

journaal = sa.Table(
    "journaal",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("moment", sa.DateTime, nullable=False, comment="UTC"),
    sa.Column("soort", sa.String(16), nullable=False),
    sa.Column("handeling", sa.String(32), nullable=False, comment="the operation, or the act"),
    sa.Column("afnemer_id", sa.Integer),
    sa.Column("koppeling_id", sa.Integer),
    sa.Column("brin6", sa.String(6), comment="of a vestiging that exists; a caller's own text never stands here"),
    sa.Column("uitkomst", sa.String(40), nullable=False),
    sa.Column("reden", sa.String(40)),
    sa.Column("leerlingen", sa.Integer),
    sa.Column("herstel", sa.String(200), comment="ids of the repairs that were needed"),
    sa.Column("opmerkingen", sa.String(200), comment="fixed words with counts, such as onvolledig=3"),
    sa.Index(None, "brin6", "id"),
    sa.Index(None, "koppeling_id", "moment"),
    comment="append-only",
)


geweigerd = sa.Table(
    "geweigerd",
    metadata,
    sa.Column("minuut", sa.DateTime, primary_key=True, comment="UTC"),
    sa.Column("bron", sa.String(45), primary_key=True, comment="network address of the caller"),
    sa.Column("uitkomst", sa.String(40), primary_key=True),
    sa.Column("aantal", sa.Integer, nullable=False),
    comment="refusals before the afnemer is known",
)
