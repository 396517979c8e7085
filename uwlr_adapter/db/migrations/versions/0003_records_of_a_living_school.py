"""School, periods of enrolment, availability of groups, import batches, and who was forgotten.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_PERIODE = ("van", "tot", "instroomdatum", "uitstroomdatum")


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "school",
        sa.Column("brincode", sa.String(length=4), nullable=False),
        sa.Column("versie", sa.Integer(), nullable=False, comment="one more at each change of its records"),
        sa.PrimaryKeyConstraint("brincode", name=op.f("pk_school")),
        comment="within which the keys of persons are unique; the row that an import holds until it is done",
    )
    op.execute("INSERT INTO school (brincode, versie) SELECT DISTINCT brincode, 0 FROM vestiging")
    _enrolment()
    op.add_column(
        "groep",
        sa.Column(
            "beschikbaar",
            sa.Boolean(),
            server_default=sa.true(),
            nullable=False,
            comment="in koppelingen beschikbaar",
        ),
    )
    _batches()


def _enrolment() -> None:
    """Give each deelname its period as a row of its own."""
    op.create_table(
        "inschrijving",
        sa.Column("brin6", sa.String(length=6), nullable=False),
        sa.Column("schooljaar", sa.String(length=9), nullable=False),
        sa.Column("persoon_id", sa.Integer(), nullable=False),
        sa.Column("volgorde", sa.Integer(), nullable=False),
        sa.Column("van", sa.Date(), nullable=True, comment="first day enrolled; none is open"),
        sa.Column("tot", sa.Date(), nullable=True, comment="first day no longer enrolled; none is open"),
        sa.Column("gast", sa.Boolean(), nullable=False),
        sa.Column("instroomdatum", sa.Text(), nullable=True, comment="as the source wrote it"),
        sa.Column("uitstroomdatum", sa.Text(), nullable=True, comment="idem"),
        sa.ForeignKeyConstraint(["brin6"], ["vestiging.brin6"], name=op.f("fk_inschrijving_brin6")),
        sa.ForeignKeyConstraint(
            ["brin6", "schooljaar", "persoon_id"],
            ["deelname.brin6", "deelname.schooljaar", "deelname.persoon_id"],
            name=op.f("fk_inschrijving_brin6_schooljaar_persoon_id"),
        ),
        sa.PrimaryKeyConstraint("brin6", "schooljaar", "persoon_id", "volgorde", name=op.f("pk_inschrijving")),
        comment="a period in which a leerling is enrolled; the periods of one deelname do not overlap",
    )
    key: list[sa.ColumnClause[str]] = [sa.column(naam) for naam in ("brin6", "schooljaar", "persoon_id")]
    periode: list[sa.ColumnClause[str]] = [sa.column(naam) for naam in _PERIODE]
    rows = sa.select(*key, sa.literal(0), sa.false(), *periode).select_from(sa.table("deelname"))
    names = ["brin6", "schooljaar", "persoon_id", "volgorde", "gast", *_PERIODE]
    op.execute(sa.table("inschrijving", *map(sa.column, names)).insert().from_select(names, rows))
    for naam in _PERIODE:
        op.drop_column("deelname", naam)
    op.add_column(
        "deelname",
        sa.Column(
            "ingedeeld",
            sa.Boolean(),
            server_default=sa.true(),
            nullable=False,
            comment="takes part while the year is still a coming one",
        ),
    )


def _batches() -> None:
    op.create_table(
        "importbatch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("brincode", sa.String(length=4), nullable=False),
        sa.Column("moment", sa.DateTime(), nullable=False, comment="UTC"),
        sa.Column("bron", sa.String(length=20), nullable=False, comment="edexml, csv, or the name of a Bron"),
        sa.Column("teruggedraaid_op", sa.DateTime(), nullable=True, comment="UTC"),
        sa.Column("vergeten", sa.Integer(), nullable=False, comment="leerlingen who were taken out of it afterwards"),
        sa.Column(
            "rapporten",
            sa.JSON(),
            nullable=False,
            comment="counts per vestiging and schooljaar; no value of a person",
        ),
        sa.ForeignKeyConstraint(["brincode"], ["school.brincode"], name=op.f("fk_importbatch_brincode")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_importbatch")),
        comment="one import: whole, or not there at all",
    )
    op.create_index(op.f("ix_importbatch_brincode"), "importbatch", ["brincode"], unique=False)
    op.create_table(
        "importstap",
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("volgorde", sa.Integer(), nullable=False),
        sa.Column("tabel", sa.String(length=40), nullable=False),
        sa.Column("handeling", sa.String(length=20), nullable=False, comment="toegevoegd, gewijzigd or verwijderd"),
        sa.Column("rijen", sa.JSON(), nullable=False, comment="the keys of added rows; the others as they were before"),
        sa.ForeignKeyConstraint(["batch_id"], ["importbatch.id"], name=op.f("fk_importstap_batch_id")),
        sa.PrimaryKeyConstraint("batch_id", "volgorde", name=op.f("pk_importstap")),
        comment="what a batch did to one table, as far as it takes to undo it",
    )
    op.create_table(
        "vergeten",
        sa.Column("brincode", sa.String(length=4), nullable=False),
        sa.Column("zout", sa.String(length=32), nullable=False, comment="of this person only"),
        sa.Column("digest", sa.String(length=64), nullable=False, comment="of a key or the ECK-iD, with the salt"),
        sa.Column("moment", sa.DateTime(), nullable=False, comment="UTC"),
        sa.ForeignKeyConstraint(["brincode"], ["school.brincode"], name=op.f("fk_vergeten_brincode")),
        sa.PrimaryKeyConstraint("brincode", "zout", "digest", name=op.f("pk_vergeten")),
        comment="what is left of a forgotten leerling: enough to know him or her by, nothing to read",
    )
