"""Answers are kept: for which records and days they hold, and their bytes.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    columns = (
        sa.Column("schoolversie", sa.Integer(), nullable=True, comment="of the records that it was made from"),
        sa.Column("van", sa.Date(), nullable=True, comment="the day for which it was made"),
        sa.Column("tot", sa.Date(), nullable=True, comment="first day on which it may differ; none: never by itself"),
        sa.Column("vorm", sa.String(length=40), nullable=True, comment="what made it: the version of the house"),
        sa.Column("leerlingen", sa.Integer(), nullable=True),
        sa.Column("onvolledig", sa.Integer(), nullable=True, comment="records that lack a field of the profile"),
    )
    with op.batch_alter_table("stand", schema=None) as batch_op:
        for column in columns:
            batch_op.add_column(column)
    op.create_table(
        "stand_inhoud",
        sa.Column("brin6", sa.String(length=6), nullable=False),
        sa.Column("schooljaar", sa.String(length=9), nullable=False),
        sa.Column("profiel", sa.String(length=40), nullable=False),
        sa.Column("xsdversie", sa.String(length=8), nullable=False),
        sa.Column("soort", sa.String(length=40), nullable=False, comment="the payload of the operation"),
        sa.Column(
            "inhoud_hash", sa.String(length=64), nullable=False, comment="of the answer that these are the records of"
        ),
        sa.Column("schoolkey", sa.String(length=256), nullable=True),
        sa.Column("inhoud", sa.LargeBinary(), nullable=False, comment="the records as they are sent, deflated"),
        sa.Column(
            "wijzer", sa.LargeBinary(), nullable=True, comment="who is where in them, deflated; for answers by group"
        ),
        sa.ForeignKeyConstraint(["brin6"], ["vestiging.brin6"], name=op.f("fk_stand_inhoud_brin6")),
        sa.PrimaryKeyConstraint("brin6", "schooljaar", "profiel", "xsdversie", "soort", name=op.f("pk_stand_inhoud")),
        comment="answers that were made from the records of a school; erased whenever those change",
    )
