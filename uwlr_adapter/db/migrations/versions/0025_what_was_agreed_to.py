"""What a school agreed to: the text of the terms, and the fields.

Code of the number before goes on to work: it neither reads nor writes these. An agreement of before, or of such code,
has neither; the first start of newer code records them (`koppelingen/agreements.py`). Once a profile has fields that
wait for agreement, `readable_from` is raised to this number, since older code would answer them.

Revision ID: 0025
Revises: 0024
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of the texts, and the columns of an agreement."""
    op.create_table(
        "voorwaarden",
        sa.Column("digest", sa.String(40), nullable=False, comment="of id, version and text"),
        sa.Column("terms_id", sa.String(40), nullable=False, comment="id in the catalogue"),
        sa.Column("versie", sa.String(40), nullable=False),
        sa.Column("tekst", sa.Text, nullable=False),
        sa.Column("since", sa.DateTime, nullable=False, comment="UTC, since when the text is kept here"),
        sa.PrimaryKeyConstraint("digest", name="pk_voorwaarden"),
        sa.UniqueConstraint("terms_id", "versie", name="uq_voorwaarden_terms_id_versie"),
        comment="the texts of terms that somebody agreed to; an agreement names the digest",
    )
    op.add_column(
        "koppeling",
        sa.Column("akkoord_tekst", sa.String(40), comment="digest of the text of the terms; none: it was not kept"),
    )
    op.add_column(
        "koppeling",
        sa.Column(
            "akkoord_velden",
            sa.Text,
            comment="the fields agreed to, as record/element with spaces between; none: those of the profile",
        ),
    )
    op.add_column("earlier_akkoord", sa.Column("tekst", sa.String(40), comment="as akkoord_tekst of the koppeling"))
    op.add_column("earlier_akkoord", sa.Column("velden", sa.Text, comment="as akkoord_velden of the koppeling"))
    op.execute("UPDATE schema_version SET number = 25")
