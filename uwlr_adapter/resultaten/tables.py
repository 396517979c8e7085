"""The tables of the room that name no person; those that do stand in `administratie/result_tables.py`."""

import sqlalchemy as sa

from uwlr_adapter.administratie.result_tables import not_processed, resultaat, resultaat_versie
from uwlr_adapter.db.metadata import BIG_ID, metadata

__all__ = ["not_processed", "resultaat", "resultaat_versie", "results_message", "toets"]

toets = sa.Table(
    "toets",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True, comment="digest of the afnemer and of all that it says"),
    sa.Column("afnemer_id", sa.Integer, sa.ForeignKey("afnemer.id"), nullable=False),
    sa.Column("toetscode", sa.String(256), nullable=False),
    sa.Column("versie", sa.String(256), comment="as the platform names it"),
    sa.Column("definitie", sa.Text, nullable=False, comment="JSON, with its onderdelen and normeringen"),
    sa.Column("moment", sa.DateTime, nullable=False, comment="UTC, when it came first"),
    sa.Index("ix_toets_afnemer_id_toetscode", "afnemer_id", "toetscode"),
    comment="a version of the definition of a toets: a changed one is another row",
)
results_message = sa.Table(
    "results_message",
    metadata,
    sa.Column("id", BIG_ID, primary_key=True),
    sa.Column("afnemer_id", sa.Integer, sa.ForeignKey("afnemer.id"), nullable=False, index=True),
    sa.Column("brin6", sa.String(6), sa.ForeignKey("vestiging.brin6"), nullable=False, index=True),
    sa.Column("schooljaar", sa.String(9), nullable=False),
    sa.Column("aanmaakdatum", sa.DateTime, nullable=False, comment="UTC, as it counts"),
    sa.Column("moment", sa.DateTime, nullable=False, comment="UTC, when it was taken"),
    sa.Column("leerlingen", sa.Integer, nullable=False, comment="of whom results were taken"),
    sa.Column("added", sa.Integer, nullable=False, comment="results that were new"),
    sa.Column("changed", sa.Integer, nullable=False, comment="results that got a new version"),
    sa.Column("same", sa.Integer, nullable=False, comment="results that said what was known"),
    sa.Column("overtaken", sa.Integer, nullable=False, comment="results of which a newer message came before"),
    sa.Column("not_processed", sa.Integer, nullable=False, comment="results that were not taken"),
    sa.Column("taken_back_at", sa.DateTime, comment="UTC; none: what it said stands"),
    sa.Column("taken_back_by", sa.String(100), comment="as an actor of the journaal"),
    sa.Column("delivered_at", sa.DateTime, index=True, comment="UTC, when the administration had all that it changed"),
    comment="a message with results that was taken",
)
