"""What the administration has of each result, and fewer checks of what cannot be wrong.

A result and its versions stand in the transaction of their message, which names the afnemer and the vestiging itself:
they were checked once more for each of a thousand results. Code of the number before goes on to work.

Revision ID: 0035
Revises: 0034
"""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change; SQLite copies a table to change it, which must not take along what refers to it."""
    with op.batch_alter_table("resultaat_versie") as versie:
        versie.drop_constraint("fk_resultaat_versie_message_id", type_="foreignkey")
        versie.drop_constraint("fk_resultaat_versie_resultaat_id", type_="foreignkey")
    with op.batch_alter_table("resultaat") as resultaat:
        resultaat.drop_constraint("fk_resultaat_afnemer_id", type_="foreignkey")
        resultaat.drop_constraint("fk_resultaat_brin6", type_="foreignkey")
        resultaat.add_column(
            sa.Column(
                "delivered",
                sa.Integer,
                comment="number of the version that the administration has; 0: told none, -1: not known",
            )
        )
        resultaat.add_column(
            sa.Column("delivered_to", sa.String(256), comment="with this key of a leerling who was two at that time")
        )
        resultaat.create_index("ix_resultaat_delivered_to", ["delivered_to"])
    with op.batch_alter_table("resultaat_versie") as versie:
        versie.create_foreign_key(
            "fk_resultaat_versie_resultaat_id", "resultaat", ["resultaat_id"], ["id"], ondelete="CASCADE"
        )
    with op.batch_alter_table("results_message") as message:
        message.add_column(
            sa.Column("delivered_at", sa.DateTime, comment="UTC, when the administration had all that it changed")
        )
        message.create_index("ix_results_message_delivered_at", ["delivered_at"])
    op.execute("UPDATE schema_version SET number = 35")
