"""The stand of answers, the profiel of a koppeling, strict afnemers.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "stand",
        sa.Column("brin6", sa.String(length=6), nullable=False),
        sa.Column("schooljaar", sa.String(length=9), nullable=False),
        sa.Column("profiel", sa.String(length=40), nullable=False),
        sa.Column("xsdversie", sa.String(length=8), nullable=False),
        sa.Column("soort", sa.String(length=40), nullable=False, comment="the payload of the operation"),
        sa.Column("inhoud_hash", sa.String(length=64), nullable=False, comment="without aanmaakdatum and peildatum"),
        sa.Column("gewijzigd", sa.DateTime(), nullable=False, comment="UTC, whole seconds"),
        sa.ForeignKeyConstraint(["brin6"], ["vestiging.brin6"], name=op.f("fk_stand_brin6")),
        sa.PrimaryKeyConstraint("brin6", "schooljaar", "profiel", "xsdversie", "soort", name=op.f("pk_stand")),
        comment="since when an answer has its content",
    )
    with op.batch_alter_table("afnemer", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "streng", sa.Boolean(), server_default=sa.false(), nullable=False, comment="no repairs of its requests"
            )
        )

    with op.batch_alter_table("journaal", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "opmerkingen",
                sa.String(length=200),
                nullable=True,
                comment="fixed words with counts, such as onvolledig=3",
            )
        )

    with op.batch_alter_table("koppeling", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("profiel", sa.String(length=40), nullable=True, comment="under which it was last fetched")
        )
        batch_op.add_column(
            sa.Column(
                "profiel_sinds",
                sa.DateTime(),
                nullable=True,
                comment="since when; a change of profile is a change of data",
            )
        )
