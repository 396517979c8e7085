"""Results that platforms send back: definitions of toetsen, messages, results in versions, and what was not processed.

Code of the number before goes on to work, and knows nothing of them. It erases a person without the results, so newer
code erases those of persons who are no longer known (the purge).

Revision ID: 0032
Revises: 0031
"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_BIG_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Add the tables."""
    _add_toets()
    _add_message()
    _add_resultaat()
    _add_versie()
    _add_not_processed()
    op.execute("UPDATE schema_version SET number = 32")


def _add_toets() -> None:
    op.create_table(
        "toets",
        sa.Column("id", sa.String(64), nullable=False, comment="digest of the afnemer and of all that it says"),
        sa.Column("afnemer_id", sa.Integer, nullable=False),
        sa.Column("toetscode", sa.String(256), nullable=False),
        sa.Column("versie", sa.String(256), comment="as the platform names it"),
        sa.Column("definitie", sa.Text, nullable=False, comment="JSON, with its onderdelen and normeringen"),
        sa.Column("moment", sa.DateTime, nullable=False, comment="UTC, when it came first"),
        sa.PrimaryKeyConstraint("id", name="pk_toets"),
        sa.ForeignKeyConstraint(["afnemer_id"], ["afnemer.id"], name="fk_toets_afnemer_id"),
        comment="a version of the definition of a toets: a changed one is another row",
    )
    op.create_index("ix_toets_afnemer_id_toetscode", "toets", ["afnemer_id", "toetscode"])


def _add_message() -> None:
    op.create_table(
        "results_message",
        sa.Column("id", _BIG_ID, nullable=False),
        sa.Column("afnemer_id", sa.Integer, nullable=False),
        sa.Column("brin6", sa.String(6), nullable=False),
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
        sa.PrimaryKeyConstraint("id", name="pk_results_message"),
        sa.ForeignKeyConstraint(["afnemer_id"], ["afnemer.id"], name="fk_results_message_afnemer_id"),
        sa.ForeignKeyConstraint(["brin6"], ["vestiging.brin6"], name="fk_results_message_brin6"),
        comment="a message with results that was taken",
    )
    op.create_index("ix_results_message_afnemer_id", "results_message", ["afnemer_id"])
    op.create_index("ix_results_message_brin6", "results_message", ["brin6"])


def _add_resultaat() -> None:
    op.create_table(
        "resultaat",
        sa.Column("id", _BIG_ID, nullable=False),
        sa.Column("afnemer_id", sa.Integer, nullable=False),
        sa.Column("brin6", sa.String(6), nullable=False, comment="as it was sent"),
        sa.Column("key", sa.String(256), nullable=False, comment="that of the platform"),
        sa.Column("aanmaakdatum", sa.DateTime, nullable=False, comment="UTC, of the newest message that had it"),
        sa.Column("newest", sa.Integer, nullable=False, comment="number of its newest version"),
        sa.PrimaryKeyConstraint("id", name="pk_resultaat"),
        sa.ForeignKeyConstraint(["afnemer_id"], ["afnemer.id"], name="fk_resultaat_afnemer_id"),
        sa.ForeignKeyConstraint(["brin6"], ["vestiging.brin6"], name="fk_resultaat_brin6"),
        sa.UniqueConstraint("afnemer_id", "brin6", "key", name="uq_resultaat_afnemer_id_brin6_key"),
        comment="a result that a platform sent, in versions",
    )


def _add_versie() -> None:
    op.create_table(
        "resultaat_versie",
        sa.Column("resultaat_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("number", sa.Integer, nullable=False, autoincrement=False, comment="from 1, the newest the highest"),
        sa.Column("persoon_id", sa.Integer, nullable=False, comment="no foreign key: see administratie"),
        sa.Column("leerlingid", sa.String(256), nullable=False, comment="as it was sent: whom the platform meant"),
        sa.Column("message_id", sa.BigInteger, nullable=False),
        sa.Column("toets_id", sa.String(64), nullable=False),
        sa.Column("onderdeel", sa.String(256), comment="toetsonderdeelcode; none: the total"),
        sa.Column("afnamedatum", sa.Date, nullable=False),
        sa.Column("score", sa.BigInteger),
        sa.Column("more", sa.JSON, nullable=False, comment="a result of OSO, and what else came with it"),
        sa.Column("content", sa.String(64), nullable=False, comment="digest of all that it says"),
        sa.Column("delivered_at", sa.DateTime, comment="UTC, when the administration had taken it"),
        sa.PrimaryKeyConstraint("resultaat_id", "number", name="pk_resultaat_versie"),
        sa.ForeignKeyConstraint(
            ["resultaat_id"], ["resultaat.id"], name="fk_resultaat_versie_resultaat_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["message_id"], ["results_message.id"], name="fk_resultaat_versie_message_id"),
        sa.ForeignKeyConstraint(["toets_id"], ["toets.id"], name="fk_resultaat_versie_toets_id"),
        comment="what a result said, from which message, about whom",
    )
    for name in ("persoon_id", "message_id", "toets_id", "delivered_at"):
        op.create_index(f"ix_resultaat_versie_{name}", "resultaat_versie", [name])


def _add_not_processed() -> None:
    op.create_table(
        "not_processed",
        sa.Column("id", _BIG_ID, nullable=False),
        sa.Column("message_id", sa.BigInteger, nullable=False),
        sa.Column("brin6", sa.String(6), nullable=False),
        sa.Column("leerlingid", sa.String(256), nullable=False, comment="as it was sent"),
        sa.Column("reason", sa.String(20), nullable=False),
        sa.Column("results", sa.Integer, nullable=False, comment="how many came for it; none of them is kept"),
        sa.Column("moment", sa.DateTime, nullable=False, comment="UTC"),
        sa.PrimaryKeyConstraint("id", name="pk_not_processed"),
        sa.ForeignKeyConstraint(
            ["message_id"], ["results_message.id"], name="fk_not_processed_message_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["brin6"], ["vestiging.brin6"], name="fk_not_processed_brin6"),
        comment="a leerlingid in a message whose results were not taken",
    )
    for name in ("message_id", "brin6", "moment"):
        op.create_index(f"ix_not_processed_{name}", "not_processed", [name])
