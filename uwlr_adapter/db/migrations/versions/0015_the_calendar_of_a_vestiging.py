"""What a vestiging sets about its calendar, and the locatie of each period of enrolment.

Code of number 14 goes on to work: it answers by the calendar without settings. Where the locaties of one leerling
differ, it answers none.

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables and the column."""
    op.create_table(
        "vestiging_setting",
        sa.Column("brin6", sa.String(6), nullable=False),
        sa.Column("past_year_until", sa.String(5), comment="MM-DD, inclusive; none is 09-30"),
        sa.Column(
            "under_four",
            sa.Boolean,
            nullable=False,
            server_default=sa.false(),
            comment="answer leerlingen under four, as special education does",
        ),
        sa.ForeignKeyConstraint(["brin6"], ["vestiging.brin6"], name="fk_vestiging_setting_brin6"),
        sa.PrimaryKeyConstraint("brin6", name="pk_vestiging_setting"),
        comment="what a vestiging set for all of its school years; no row is every default",
    )
    op.create_table(
        "vestiging_year",
        sa.Column("brin6", sa.String(6), nullable=False),
        sa.Column("schooljaar", sa.String(9), nullable=False),
        sa.Column("first_school_day", sa.Date, comment="none is 7 September"),
        sa.Column("shared_from", sa.Date, comment="first day on which the year is answered; none is 1 July before it"),
        sa.ForeignKeyConstraint(["brin6"], ["vestiging.brin6"], name="fk_vestiging_year_brin6"),
        sa.PrimaryKeyConstraint("brin6", "schooljaar", name="pk_vestiging_year"),
        comment="what a vestiging set for one school year; no row is every default",
    )
    comment = "of this period, where those of one deelname differ; not a foreign key"
    op.add_column("inschrijving", sa.Column("locatie_key", sa.String(256), comment=comment))
    op.execute("UPDATE schema_version SET number = 15")
