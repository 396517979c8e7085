"""The names and date of birth by which a person is recognised, and the rows of which it is not certain who they are.

Code of number 11 goes on to work: it leaves the new columns empty, and what is empty is unknown to newer code.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_LAST = """
UPDATE persoon SET (roepnaam, achternaam, geboortedatum) = (
    SELECT {columns} FROM {table} WHERE {table}.persoon_id = persoon.id ORDER BY schooljaar DESC, brin6 LIMIT 1
) WHERE soort = '{soort}'
"""


def upgrade() -> None:
    """Add the columns, filled from the newest schooljaar of each person, and make the table."""
    for name, comment in (
        ("roepnaam", "as last imported; else the first of the voornamen or voorletters"),
        ("achternaam", "as last imported"),
        ("geboortedatum", "as last imported"),
    ):
        op.add_column("persoon", sa.Column(name, sa.Text, comment=comment))
    op.execute(_LAST.format(columns="roepnaam, achternaam, geboortedatum", table="deelname", soort="leerling"))
    op.execute(_LAST.format(columns="roepnaam, achternaam, NULL", table="aanstelling", soort="leerkracht"))
    op.create_table(
        "import_question",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False, comment="follows from what is asked"),
        sa.Column("persoon_id", sa.Integer, comment="whom its key names, else its ECK-iD"),
        sa.Column("other_id", sa.Integer, comment="whom its ECK-iD names, if that is another person"),
        sa.Column("soort", sa.String(20), nullable=False),
        sa.Column("brincode", sa.String(4), nullable=False),
        sa.Column("source_key", sa.String(256), nullable=False),
        sa.Column("eckid", sa.String(256)),
        sa.Column("doubt", sa.String(40), nullable=False, comment="why it is not certain who it is"),
        sa.Column("since", sa.Date, nullable=False, comment="first day on which it was asked"),
        sa.Column("years", sa.JSON, nullable=False, comment="the row in each year that has it, and who is held there"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_question")),
        sa.ForeignKeyConstraint(["brincode"], ["school.brincode"], name=op.f("fk_import_question_brincode")),
        sa.ForeignKeyConstraint(
            ["persoon_id"], ["persoon.id"], name=op.f("fk_import_question_persoon_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["other_id"], ["persoon.id"], name=op.f("fk_import_question_other_id"), ondelete="CASCADE"
        ),
        comment="a row of a source of which it is not certain who it is; erased when that is known",
    )
    for name in ("persoon_id", "other_id", "brincode"):
        op.create_index(op.f(f"ix_import_question_{name}"), "import_question", [name])
    op.execute("UPDATE schema_version SET number = 12")
