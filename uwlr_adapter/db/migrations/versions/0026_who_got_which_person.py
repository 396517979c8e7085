"""Which koppeling got which leerling and leerkracht.

An entry of the journaal names the answer that it gave, and `answered` who is in it. What earlier code gave, and what it
renders from now on, names nobody: it counts as given without a list. So every stored answer is rendered once more.

Revision ID: 0026
Revises: 0025
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column and the tables, and mark the stored answers as to be rendered again."""
    op.add_column("journaal", sa.Column("answer", sa.String(24), comment="of a fetch: the number of its answer"))
    op.create_table(
        "answered",
        sa.Column("answer", sa.String(24), nullable=False, comment="its number, as in the journaal"),
        sa.Column("brin6", sa.String(6), nullable=False),
        sa.Column("schooljaar", sa.String(9), nullable=False),
        sa.Column("payload", sa.String(40), nullable=False, comment="element that the operation answers with"),
        sa.Column("profiel", sa.String(40), nullable=False, comment="digest of the effective profile, in its version"),
        sa.Column("fields", sa.Text, nullable=False, comment="record/element of what may be in it of a person"),
        sa.Column("persons", sa.LargeBinary, nullable=False, comment="ids of persons, JSON, deflated"),
        sa.Column("made_at", sa.DateTime, nullable=False, comment="UTC, when it was rendered last"),
        sa.Column("past_since", sa.DateTime, comment="UTC, when it was noted that it is sent no more"),
        sa.PrimaryKeyConstraint("answer", name="pk_answered"),
        comment="who is in an answer: read once its fetches are in the journaal, and erased when it is sent no more",
    )
    op.create_index("ix_answered_brin6", "answered", ["brin6"])
    op.create_table(
        "receipt",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("koppeling_id", sa.Integer, nullable=False),
        sa.Column("schooljaar", sa.String(9), nullable=False, comment="empty where it is not known who was in it"),
        sa.Column("payload", sa.String(40), nullable=False, comment="element that the operation answers with"),
        sa.Column("profiel", sa.String(40), nullable=False, comment="as in answered; empty where it is not known"),
        sa.Column("fields", sa.Text, nullable=False, comment="as in answered"),
        sa.Column("answer", sa.String(24), comment="the one that it got last"),
        sa.Column("first", sa.DateTime, nullable=False, comment="UTC, of its first fetch"),
        sa.Column("last", sa.DateTime, nullable=False, comment="UTC, of its last fetch"),
        sa.PrimaryKeyConstraint("id", name="pk_receipt"),
        sa.ForeignKeyConstraint(["koppeling_id"], ["koppeling.id"], name="fk_receipt_koppeling_id"),
        sa.UniqueConstraint(
            "koppeling_id",
            "schooljaar",
            "payload",
            "profiel",
            name="uq_receipt_koppeling_id_schooljaar_payload_profiel",
        ),
        comment="the answers of one kind that one koppeling got, from the journaal",
    )
    op.create_table(
        "received",
        sa.Column("receipt_id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column(
            "persoon_id",
            sa.Integer,
            nullable=False,
            autoincrement=False,
            comment="no foreign key: who was in an import that is undone, was received all the same",
        ),
        sa.Column("first", sa.DateTime, nullable=False, comment="UTC, of the first fetch with this person"),
        sa.Column("last", sa.DateTime, comment="UTC, of the last one; none: in what the koppeling got last"),
        sa.PrimaryKeyConstraint("receipt_id", "persoon_id", name="pk_received"),
        sa.ForeignKeyConstraint(["receipt_id"], ["receipt.id"], name="fk_received_receipt_id"),
        comment="which koppeling got which person; erased with the person",
    )
    op.create_index("ix_received_persoon_id", "received", ["persoon_id"])
    op.create_table(
        "received_until",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("final_id", sa.BigInteger, nullable=False, comment="every entry of the journaal up to it was read"),
        sa.Column("seen_id", sa.BigInteger, nullable=False, comment="the last entry that was there at seen_at"),
        sa.Column("seen_at", sa.DateTime, nullable=False, comment="UTC"),
        sa.PrimaryKeyConstraint("id", name="pk_received_until"),
        comment="one row: how far the journaal was read for receipt and received",
    )
    op.execute("UPDATE answer_state SET school_version = NULL")
    op.execute("UPDATE schema_version SET number = 26")
