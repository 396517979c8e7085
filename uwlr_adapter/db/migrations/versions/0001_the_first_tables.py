"""The first tables.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "afnemer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("klantnaam", sa.String(length=64), nullable=False, comment="exact"),
        sa.Column("klantcode_digest", sa.String(length=96), nullable=False),
        sa.Column(
            "vorige_digest", sa.String(length=96), nullable=True, comment="the klantcode before the last rotation"
        ),
        sa.Column(
            "vorige_tot", sa.DateTime(), nullable=True, comment="until when the previous klantcode is still good"
        ),
        sa.Column("aangemaakt_op", sa.DateTime(), nullable=False),
        sa.Column("uitgeschakeld_op", sa.DateTime(), nullable=True),
        sa.CheckConstraint("(vorige_digest IS NULL) = (vorige_tot IS NULL)", name=op.f("ck_afnemer_vorige")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_afnemer")),
        sa.UniqueConstraint("klantnaam", name=op.f("uq_afnemer_klantnaam")),
    )
    op.create_table(
        "geweigerd",
        sa.Column("minuut", sa.DateTime(), nullable=False, comment="UTC"),
        sa.Column("bron", sa.String(length=45), nullable=False, comment="network address of the caller"),
        sa.Column("uitkomst", sa.String(length=40), nullable=False),
        sa.Column("aantal", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("minuut", "bron", "uitkomst", name=op.f("pk_geweigerd")),
        comment="refusals before the afnemer is known",
    )
    op.create_table(
        "journaal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("moment", sa.DateTime(), nullable=False, comment="UTC"),
        sa.Column("soort", sa.String(length=16), nullable=False),
        sa.Column("handeling", sa.String(length=32), nullable=False, comment="the operation, or the act"),
        sa.Column("afnemer_id", sa.Integer(), nullable=True),
        sa.Column("koppeling_id", sa.Integer(), nullable=True),
        sa.Column(
            "brin6",
            sa.String(length=6),
            nullable=True,
            comment="of a vestiging that exists; a caller's own text never stands here",
        ),
        sa.Column("uitkomst", sa.String(length=40), nullable=False),
        sa.Column("reden", sa.String(length=40), nullable=True),
        sa.Column("leerlingen", sa.Integer(), nullable=True),
        sa.Column("herstel", sa.String(length=200), nullable=True, comment="ids of the repairs that were needed"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journaal")),
        comment="append-only",
    )
    with op.batch_alter_table("journaal", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_journaal_brin6_id"), ["brin6", "id"], unique=False)

    op.create_table(
        "persoon",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("soort", sa.String(length=20), nullable=False),
        sa.Column("brincode", sa.String(length=4), nullable=False),
        sa.Column("key", sa.String(length=256), nullable=False, comment="what leaves; for life, never re-used"),
        sa.Column("eckid", sa.String(length=256), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_persoon")),
        sa.UniqueConstraint("soort", "brincode", "eckid", name=op.f("uq_persoon_soort_brincode_eckid")),
        sa.UniqueConstraint("soort", "brincode", "key", name=op.f("uq_persoon_soort_brincode_key")),
    )
    op.create_table(
        "serversleutel",
        sa.Column("naam", sa.String(length=16), nullable=False),
        sa.Column(
            "controle",
            sa.String(length=96),
            nullable=False,
            comment="tells this key from another one; gives nothing away",
        ),
        sa.PrimaryKeyConstraint("naam", name=op.f("pk_serversleutel")),
        comment="which server keys this database was used with; the keys themselves stand elsewhere",
    )
    op.create_table(
        "vestiging",
        sa.Column("brin6", sa.String(length=6), nullable=False),
        sa.Column("brincode", sa.String(length=4), nullable=False),
        sa.Column("dependancecode", sa.String(length=2), nullable=False),
        sa.Column("naam", sa.String(length=200), nullable=False),
        sa.Column("schoolkey", sa.String(length=256), nullable=True, comment="belongs to one brin6"),
        sa.PrimaryKeyConstraint("brin6", name=op.f("pk_vestiging")),
        sa.UniqueConstraint("brincode", "dependancecode", name=op.f("uq_vestiging_brincode_dependancecode")),
        sa.UniqueConstraint("schoolkey", name=op.f("uq_vestiging_schoolkey")),
    )
    op.create_table(
        "aanstelling",
        sa.Column("brin6", sa.String(length=6), nullable=False),
        sa.Column("schooljaar", sa.String(length=9), nullable=False),
        sa.Column("persoon_id", sa.Integer(), nullable=False),
        sa.Column("achternaam", sa.Text(), nullable=True),
        sa.Column("voorvoegsel", sa.Text(), nullable=True),
        sa.Column("voornamen", sa.Text(), nullable=True),
        sa.Column("voorletters_1", sa.Text(), nullable=True),
        sa.Column("roepnaam", sa.Text(), nullable=True),
        sa.Column("gebruikersnaam", sa.Text(), nullable=True),
        sa.Column("emailadres", sa.Text(), nullable=True),
        sa.Column("mutatiedatum", sa.Text(), nullable=True),
        sa.Column("rollen", sa.JSON(), nullable=False, comment="[[soort, waarde], ...] in the order of the source"),
        sa.Column(
            "groepen", sa.JSON(), nullable=False, comment="[[soort, key, rollen], ...] in the order of the source"
        ),
        sa.ForeignKeyConstraint(["brin6"], ["vestiging.brin6"], name=op.f("fk_aanstelling_brin6")),
        sa.ForeignKeyConstraint(["persoon_id"], ["persoon.id"], name=op.f("fk_aanstelling_persoon_id")),
        sa.PrimaryKeyConstraint("brin6", "schooljaar", "persoon_id", name=op.f("pk_aanstelling")),
        comment="a leerkracht in a school year at a vestiging",
    )
    with op.batch_alter_table("aanstelling", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_aanstelling_persoon_id"), ["persoon_id"], unique=False)

    op.create_table(
        "bronsleutel",
        sa.Column("soort", sa.String(length=20), nullable=False),
        sa.Column("brincode", sa.String(length=4), nullable=False),
        sa.Column("bronkey", sa.String(length=256), nullable=False),
        sa.Column("persoon_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["persoon_id"], ["persoon.id"], name=op.f("fk_bronsleutel_persoon_id")),
        sa.PrimaryKeyConstraint("soort", "brincode", "bronkey", name=op.f("pk_bronsleutel")),
        comment="the keys by which a source names a person; the first one is also the key that leaves",
    )
    with op.batch_alter_table("bronsleutel", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_bronsleutel_persoon_id"), ["persoon_id"], unique=False)

    op.create_table(
        "groep",
        sa.Column("brin6", sa.String(length=6), nullable=False),
        sa.Column("schooljaar", sa.String(length=9), nullable=False),
        sa.Column("key", sa.String(length=256), nullable=False, comment="unique over both kinds"),
        sa.Column("soort", sa.String(length=20), nullable=False, comment="groep or samengestelde_groep"),
        sa.Column("naam", sa.Text(), nullable=False),
        sa.Column("jaargroep", sa.Text(), nullable=True),
        sa.Column("omschrijving", sa.Text(), nullable=True),
        sa.Column("mutatiedatum", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["brin6"], ["vestiging.brin6"], name=op.f("fk_groep_brin6")),
        sa.PrimaryKeyConstraint("brin6", "schooljaar", "key", name=op.f("pk_groep")),
    )
    op.create_table(
        "koppeling",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("brin6", sa.String(length=6), nullable=False),
        sa.Column("aanbod", sa.String(length=40), nullable=False, comment="id in the catalogue"),
        sa.Column("afnemer_id", sa.Integer(), nullable=True, comment="none: no data flow"),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("startdatum", sa.Date(), nullable=False, comment="first day on which it is open"),
        sa.Column("code_digest", sa.String(length=96), nullable=True, comment="erased at a pause and at the end"),
        sa.Column("geopend_op", sa.DateTime(), nullable=False, comment="last activation or resumption"),
        sa.Column("versie", sa.Integer(), nullable=False, comment="one more at each act, for two people at once"),
        sa.Column("akkoord_login", sa.String(length=64), nullable=False),
        sa.Column("akkoord_naam", sa.String(length=200), nullable=False, comment="as typed"),
        sa.Column("akkoord_op", sa.DateTime(), nullable=False),
        sa.Column("akkoord_voorwaarden", sa.String(length=40), nullable=False, comment="version of the terms of use"),
        sa.Column("beeindigd_op", sa.DateTime(), nullable=True),
        sa.CheckConstraint(
            "(code_digest IS NOT NULL) = (status = 'actief' AND afnemer_id IS NOT NULL)",
            name=op.f("ck_koppeling_code_digest"),
        ),
        sa.CheckConstraint(
            "(status = 'beëindigd') = (beeindigd_op IS NOT NULL)", name=op.f("ck_koppeling_beeindigd_op")
        ),
        sa.CheckConstraint("status IN ('actief', 'gepauzeerd', 'beëindigd')", name=op.f("ck_koppeling_status")),
        sa.ForeignKeyConstraint(["afnemer_id"], ["afnemer.id"], name=op.f("fk_koppeling_afnemer_id")),
        sa.ForeignKeyConstraint(["brin6"], ["vestiging.brin6"], name=op.f("fk_koppeling_brin6")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_koppeling")),
    )
    with op.batch_alter_table("koppeling", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_koppeling_afnemer_id_brin6"), ["afnemer_id", "brin6"], unique=False)
        batch_op.create_index(
            "uq_koppeling_levend",
            ["brin6", "aanbod"],
            unique=True,
            sqlite_where=sa.text("status != 'beëindigd'"),
            postgresql_where=sa.text("status != 'beëindigd'"),
        )

    op.create_table(
        "locatie",
        sa.Column("brin6", sa.String(length=6), nullable=False),
        sa.Column("schooljaar", sa.String(length=9), nullable=False),
        sa.Column("key", sa.String(length=256), nullable=False),
        sa.Column("naam", sa.Text(), nullable=False),
        sa.Column("omschrijving", sa.Text(), nullable=True),
        sa.Column("mutatiedatum", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["brin6"], ["vestiging.brin6"], name=op.f("fk_locatie_brin6")),
        sa.PrimaryKeyConstraint("brin6", "schooljaar", "key", name=op.f("pk_locatie")),
    )
    op.create_table(
        "deelname",
        sa.Column("brin6", sa.String(length=6), nullable=False),
        sa.Column("schooljaar", sa.String(length=9), nullable=False),
        sa.Column("persoon_id", sa.Integer(), nullable=False),
        sa.Column("van", sa.Date(), nullable=True, comment="first day enrolled; none is open"),
        sa.Column("tot", sa.Date(), nullable=True, comment="first day no longer enrolled; none is open"),
        sa.Column("locatie_key", sa.String(length=256), nullable=True, comment="EDEXML's vestiging of the leerling"),
        sa.Column("achternaam", sa.Text(), nullable=True),
        sa.Column("voorvoegsel", sa.Text(), nullable=True),
        sa.Column("voornamen", sa.Text(), nullable=True),
        sa.Column("voorletters_1", sa.Text(), nullable=True),
        sa.Column("roepnaam", sa.Text(), nullable=True),
        sa.Column("geboortedatum", sa.Text(), nullable=True),
        sa.Column("geslacht", sa.Text(), nullable=True),
        sa.Column("start_ondw_jgr3", sa.Text(), nullable=True),
        sa.Column("jaargroep", sa.Text(), nullable=True),
        sa.Column("gebruikersnaam", sa.Text(), nullable=True),
        sa.Column("emailadres", sa.Text(), nullable=True),
        sa.Column("fotourl", sa.Text(), nullable=True),
        sa.Column("etniciteit", sa.Text(), nullable=True),
        sa.Column("land", sa.Text(), nullable=True),
        sa.Column("land_vader", sa.Text(), nullable=True),
        sa.Column("land_moeder", sa.Text(), nullable=True),
        sa.Column("bsn_ondwnr_4", sa.Text(), nullable=True),
        sa.Column("gewicht_nieuw", sa.Text(), nullable=True),
        sa.Column("gewicht", sa.Text(), nullable=True),
        sa.Column("postcodenl", sa.Text(), nullable=True),
        sa.Column("postnummerbe", sa.Text(), nullable=True),
        sa.Column("postcodeoverig", sa.Text(), nullable=True),
        sa.Column("instroomdatum", sa.Text(), nullable=True),
        sa.Column("uitstroomdatum", sa.Text(), nullable=True),
        sa.Column("mutatiedatum", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["brin6", "schooljaar", "locatie_key"],
            ["locatie.brin6", "locatie.schooljaar", "locatie.key"],
            name=op.f("fk_deelname_brin6_schooljaar_locatie_key"),
        ),
        sa.ForeignKeyConstraint(["brin6"], ["vestiging.brin6"], name=op.f("fk_deelname_brin6")),
        sa.ForeignKeyConstraint(["persoon_id"], ["persoon.id"], name=op.f("fk_deelname_persoon_id")),
        sa.PrimaryKeyConstraint("brin6", "schooljaar", "persoon_id", name=op.f("pk_deelname")),
        comment="who is in a school year at a vestiging",
    )
    with op.batch_alter_table("deelname", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_deelname_persoon_id"), ["persoon_id"], unique=False)

    op.create_table(
        "plaatsing",
        sa.Column("brin6", sa.String(length=6), nullable=False),
        sa.Column("schooljaar", sa.String(length=9), nullable=False),
        sa.Column("persoon_id", sa.Integer(), nullable=False),
        sa.Column("groep_key", sa.String(length=256), nullable=False),
        sa.Column("volgorde", sa.Integer(), nullable=False, comment="as the source lists the groups of a leerling"),
        sa.ForeignKeyConstraint(
            ["brin6", "schooljaar", "groep_key"],
            ["groep.brin6", "groep.schooljaar", "groep.key"],
            name=op.f("fk_plaatsing_brin6_schooljaar_groep_key"),
        ),
        sa.ForeignKeyConstraint(
            ["brin6", "schooljaar", "persoon_id"],
            ["deelname.brin6", "deelname.schooljaar", "deelname.persoon_id"],
            name=op.f("fk_plaatsing_brin6_schooljaar_persoon_id"),
        ),
        sa.ForeignKeyConstraint(["brin6"], ["vestiging.brin6"], name=op.f("fk_plaatsing_brin6")),
        sa.PrimaryKeyConstraint("brin6", "schooljaar", "persoon_id", "groep_key", name=op.f("pk_plaatsing")),
        comment="a leerling in a group",
    )
