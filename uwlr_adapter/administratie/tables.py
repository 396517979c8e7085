"""The tables of the records.

A person has a key for life within a brincode. Everything that a source says of one year stands under (brin6,
schooljaar), so that it replaces its own year and touches no other; the columns of a deelname and an aanstelling are the
elements of UWLR as the source wrote them, in text. References inside a year are foreign keys.
docs/reference/records.md has the rules.
"""

from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.contract.fields import plain_columns
from uwlr_adapter.db.metadata import BIG_ID, metadata


class PersonKind(StrEnum):
    """The two kinds of person; keys of the one say nothing about the other."""

    LEERLING = "leerling"
    LEERKRACHT = "leerkracht"


LEERLING_COLUMNS = plain_columns("leerling")
"""The plain fields of a leerling, as attributes of `contract.dataset.Leerling` and as columns of `deelname`."""
LEERKRACHT_COLUMNS = plain_columns("leerkracht")
"""The plain fields of a leerkracht, as attributes of `contract.dataset.Leerkracht` and columns of `aanstelling`."""

_KEY = sa.String(256)
_SOORT = sa.String(20)


def _year_columns(*, of_deelname: bool = False) -> tuple[sa.Column[str], sa.Column[str]]:
    """Return the columns that name a year; a row `of_deelname` has its vestiging through the key of its deelname.

    A second foreign key for the same would be a sixth of PostgreSQL's work in an import.
    """
    known = () if of_deelname else (sa.ForeignKey("vestiging.brin6"),)
    return (
        sa.Column("brin6", sa.String(6), *known, primary_key=True),
        sa.Column("schooljaar", sa.String(9), primary_key=True),
    )


school = sa.Table(
    "school",
    metadata,
    sa.Column("brincode", sa.String(4), primary_key=True),
    sa.Column("version", sa.Integer, nullable=False, comment="one more at each change of its records"),
    comment="within which the keys of persons are unique; the row that an import holds until it is done",
)
vestiging = sa.Table(
    "vestiging",
    metadata,
    sa.Column("brin6", sa.String(6), primary_key=True),
    sa.Column("brincode", sa.String(4), nullable=False),
    sa.Column("dependancecode", sa.String(2), nullable=False),
    sa.Column("naam", sa.String(200), nullable=False),
    sa.Column("schoolkey", _KEY, unique=True, comment="belongs to one brin6"),
    sa.UniqueConstraint("brincode", "dependancecode"),
)
vestiging_setting = sa.Table(
    "vestiging_setting",
    metadata,
    sa.Column("brin6", sa.String(6), sa.ForeignKey("vestiging.brin6"), primary_key=True),
    sa.Column("past_year_until", sa.String(5), comment="MM-DD, inclusive; none is 09-30"),
    sa.Column(
        "under_four",
        sa.Boolean,
        nullable=False,
        server_default=sa.false(),
        comment="answer leerlingen under four, as special education does",
    ),
    sa.Column("region", sa.String(6), comment="of the holidays: noord, midden or zuid; none: not known"),
    comment="what a vestiging set for all of its school years; no row is every default",
)
vestiging_year = sa.Table(
    "vestiging_year",
    metadata,
    *_year_columns(),
    sa.Column("first_school_day", sa.Date, comment="none is 7 September"),
    sa.Column("shared_from", sa.Date, comment="first day on which the year is answered; none is 1 July before it"),
    comment="what a vestiging set for one school year; no row is every default",
)
persoon = sa.Table(
    "persoon",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("soort", _SOORT, nullable=False),
    sa.Column("brincode", sa.String(4), nullable=False),
    sa.Column("key", _KEY, nullable=False, comment="what leaves; for life, never re-used"),
    sa.Column("eckid", _KEY),
    sa.Column("roepnaam", sa.Text, comment="as last imported; else the first of the voornamen or voorletters"),
    sa.Column("achternaam", sa.Text, comment="as last imported"),
    sa.Column("geboortedatum", sa.Text, comment="as last imported"),
    sa.UniqueConstraint("soort", "brincode", "key"),
    sa.UniqueConstraint("soort", "brincode", "eckid"),
)
source_key = sa.Table(
    "source_key",
    metadata,
    sa.Column("soort", _SOORT, primary_key=True),
    sa.Column("brincode", sa.String(4), primary_key=True),
    sa.Column("key", _KEY, primary_key=True),
    sa.Column("persoon_id", sa.Integer, sa.ForeignKey("persoon.id"), nullable=False, index=True),
    comment="the keys by which a source names a person; the first one is also the key that leaves",
)
joined = sa.Table(
    "joined",
    metadata,
    sa.Column(
        "id", sa.Integer, primary_key=True, autoincrement=False, comment="the id of the person who became another"
    ),
    sa.Column("persoon_id", sa.Integer, sa.ForeignKey("persoon.id"), nullable=False, index=True),
    comment="persons who became one with another: kept imports hold their data under the earlier id",
)
fusie = sa.Table(
    "fusie",
    metadata,
    sa.Column(
        "brin6", sa.String(6), sa.ForeignKey("vestiging.brin6"), primary_key=True, comment="the vestiging that was"
    ),
    sa.Column(
        "into_brin6",
        sa.String(6),
        sa.ForeignKey("vestiging.brin6"),
        nullable=False,
        comment="the vestiging that has its records",
    ),
    comment="vestigingen of schools that were merged into another brincode",
)
locatie = sa.Table(
    "locatie",
    metadata,
    *_year_columns(),
    sa.Column("key", _KEY, primary_key=True),
    sa.Column("naam", sa.Text, nullable=False),
    sa.Column("omschrijving", sa.Text),
    sa.Column("mutatiedatum", sa.Text),
)
groep = sa.Table(
    "groep",
    metadata,
    *_year_columns(),
    sa.Column("key", _KEY, primary_key=True, comment="unique over both kinds"),
    sa.Column("soort", _SOORT, nullable=False, comment="groep or samengestelde_groep"),
    sa.Column("naam", sa.Text, nullable=False),
    sa.Column("jaargroep", sa.Text),
    sa.Column("omschrijving", sa.Text),
    sa.Column("mutatiedatum", sa.Text),
    sa.Column(
        "beschikbaar", sa.Boolean, nullable=False, server_default=sa.true(), comment="in koppelingen beschikbaar"
    ),
)
deelname = sa.Table(
    "deelname",
    metadata,
    *_year_columns(),
    sa.Column("persoon_id", sa.Integer, sa.ForeignKey("persoon.id"), primary_key=True, index=True),
    sa.Column(
        "ingedeeld",
        sa.Boolean,
        nullable=False,
        server_default=sa.true(),
        comment="takes part while the year is still a coming one",
    ),
    sa.Column("locatie_key", _KEY, comment="EDEXML's vestiging of the leerling"),
    *(sa.Column(field_, sa.Text) for field_ in LEERLING_COLUMNS),
    sa.ForeignKeyConstraint(
        ["brin6", "schooljaar", "locatie_key"], ["locatie.brin6", "locatie.schooljaar", "locatie.key"]
    ),
    comment="who is in a school year at a vestiging",
)
inschrijving = sa.Table(
    "inschrijving",
    metadata,
    *_year_columns(of_deelname=True),
    sa.Column("persoon_id", sa.Integer, primary_key=True),
    sa.Column("volgorde", sa.Integer, primary_key=True),
    sa.Column("van", sa.Date, comment="first day enrolled; none is open"),
    sa.Column("tot", sa.Date, comment="first day no longer enrolled; none is open"),
    sa.Column("gast", sa.Boolean, nullable=False),
    sa.Column("instroomdatum", sa.Text, comment="as the source wrote it"),
    sa.Column("uitstroomdatum", sa.Text, comment="as the source wrote it"),
    sa.Column("locatie_key", _KEY, comment="of this period, where those of one deelname differ; not a foreign key"),
    sa.ForeignKeyConstraint(
        ["brin6", "schooljaar", "persoon_id"], ["deelname.brin6", "deelname.schooljaar", "deelname.persoon_id"]
    ),
    comment="a period in which a leerling is enrolled; the periods of one deelname do not overlap",
)
plaatsing = sa.Table(
    "plaatsing",
    metadata,
    *_year_columns(of_deelname=True),
    sa.Column("persoon_id", sa.Integer, primary_key=True),
    sa.Column("groep_key", _KEY, primary_key=True),
    sa.Column("volgorde", sa.Integer, nullable=False, comment="as the source lists the groups of a leerling"),
    sa.ForeignKeyConstraint(
        ["brin6", "schooljaar", "persoon_id"], ["deelname.brin6", "deelname.schooljaar", "deelname.persoon_id"]
    ),
    sa.ForeignKeyConstraint(["brin6", "schooljaar", "groep_key"], ["groep.brin6", "groep.schooljaar", "groep.key"]),
    comment="a leerling in a group",
)
aanstelling = sa.Table(
    "aanstelling",
    metadata,
    *_year_columns(),
    sa.Column("persoon_id", sa.Integer, sa.ForeignKey("persoon.id"), primary_key=True, index=True),
    *(sa.Column(field_, sa.Text) for field_ in LEERKRACHT_COLUMNS),
    sa.Column("rollen", sa.JSON, nullable=False, comment="[[soort, waarde], ...] in the order of the source"),
    sa.Column("groepen", sa.JSON, nullable=False, comment="[[soort, key, rollen], ...] in the order of the source"),
    comment="a leerkracht in a school year at a vestiging",
)
answer_content = sa.Table(
    "answer_content",
    metadata,
    *_year_columns(),
    sa.Column("profiel", sa.String(64), primary_key=True, comment="digest of the effective profile"),
    sa.Column("xsdversie", sa.String(8), primary_key=True),
    sa.Column("payload", sa.String(40), primary_key=True, comment="element that the operation answers with"),
    sa.Column("content_hash", sa.String(64), nullable=False, comment="as in answer_state"),
    sa.Column("schoolkey", _KEY),
    sa.Column("content", sa.LargeBinary, nullable=False, comment="the records as they are sent, deflated"),
    sa.Column(
        "person_index",
        sa.LargeBinary,
        comment="place of each person in the content, deflated; for answers by group",
    ),
    comment="rendered answers; erased in the transaction that changes the records of the school",
)
withheld = sa.Table(
    "withheld",
    metadata,
    sa.Column("koppeling_id", sa.Integer, sa.ForeignKey("koppeling.id"), primary_key=True, autoincrement=False),
    sa.Column("persoon_id", sa.Integer, sa.ForeignKey("persoon.id"), primary_key=True, autoincrement=False, index=True),
    comment="leerlingen that one koppeling does not get (Niet delen); no reason is stored",
)
import_batch = sa.Table(
    "import_batch",
    metadata,
    sa.Column("id", BIG_ID, primary_key=True),
    sa.Column("brincode", sa.String(4), sa.ForeignKey("school.brincode"), nullable=False, index=True),
    sa.Column("moment", sa.DateTime, nullable=False, comment="UTC"),
    sa.Column("source", sa.String(20), nullable=False, comment="edexml, csv, or the name of a Bron"),
    sa.Column("undone_at", sa.DateTime, comment="UTC"),
    sa.Column("redone_at", sa.DateTime, comment="UTC; after the last undo"),
    sa.Column(
        "redo_after", sa.String(40), comment="while it can be redone: the newest standing import of each of its schools"
    ),
    sa.Column("changes", sa.Boolean, nullable=False, server_default=sa.true(), comment="whether it changed a record"),
    sa.Column("forgotten", sa.Integer, nullable=False, comment="leerlingen erased from its steps afterwards"),
    sa.Column("reports", sa.JSON, nullable=False, comment="counts per vestiging and schooljaar; no value of a person"),
    sa.Column("actor", sa.String(100), comment="who made it, as in the journaal; not known of those of before 0020"),
    sa.Column("request_id", sa.String(36), comment="of the request or the run of a command that made it"),
    comment="one import: whole, or not there at all",
)
import_step = sa.Table(
    "import_step",
    metadata,
    sa.Column("batch_id", sa.BigInteger, sa.ForeignKey("import_batch.id"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True, comment="from 0, in the order of the import"),
    sa.Column("table_name", sa.String(40), nullable=False),
    sa.Column("kind", sa.String(20), nullable=False, comment="added, changed or removed"),
    sa.Column("rows", sa.JSON, nullable=False, comment="the keys of added rows; the others as they were before"),
    comment="what a batch did to one table, as far as it takes to undo it",
)
import_question = sa.Table(
    "import_question",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False, comment="follows from what is asked"),
    sa.Column(
        "persoon_id",
        sa.Integer,
        sa.ForeignKey("persoon.id", ondelete="CASCADE"),
        index=True,
        comment="whom its key names, else its ECK-iD",
    ),
    sa.Column(
        "other_id",
        sa.Integer,
        sa.ForeignKey("persoon.id", ondelete="CASCADE"),
        index=True,
        comment="whom its ECK-iD names, if that is another person",
    ),
    sa.Column("soort", _SOORT, nullable=False),
    sa.Column("brincode", sa.String(4), sa.ForeignKey("school.brincode"), nullable=False, index=True),
    sa.Column("source_key", _KEY, nullable=False),
    sa.Column("eckid", _KEY),
    sa.Column("doubt", sa.String(40), nullable=False, comment="why it is not certain who it is"),
    sa.Column("since", sa.Date, nullable=False, comment="first day on which it was asked"),
    sa.Column("years", sa.JSON, nullable=False, comment="the row in each year that has it, and who is held there"),
    comment="a row of a source of which it is not certain who it is; erased when that is known",
)
source_moment = sa.Table(
    "source_moment",
    metadata,
    sa.Column("brin6", sa.String(6), primary_key=True),
    sa.Column("schooljaar", sa.String(9), primary_key=True),
    sa.Column("aanmaakdatum", sa.String(20), nullable=False, comment="UTC, as 2026-10-01T07:00:00Z"),
    comment="when the source of the records of a year was made, if it said so",
)
import_not_taken = sa.Table(
    "import_not_taken",
    metadata,
    sa.Column("brin6", sa.String(6), primary_key=True),
    sa.Column("schooljaar", sa.String(9), primary_key=True, comment="empty when the source could not tell it"),
    sa.Column("since", sa.DateTime, nullable=False, comment="UTC, the first one after the last that was taken"),
    sa.Column("moment", sa.DateTime, nullable=False, comment="UTC, the last one"),
    sa.Column("questions", sa.JSON, nullable=False, comment="options that would answer it; none when it was refused"),
    comment="years whose last import was refused, or asks; erased by the next one that is taken",
)
records_age = sa.Table(
    "records_age",
    metadata,
    sa.Column("brin6", sa.String(6), primary_key=True),
    sa.Column("taken_at", sa.DateTime, comment="UTC, the last import that was taken; none: not known"),
    sa.Column("stale_since", sa.DateTime, comment="UTC, since when imports were not taken"),
    comment="how old the records of each vestiging are, noted by a job",
)
forgotten = sa.Table(
    "forgotten",
    metadata,
    sa.Column("brincode", sa.String(4), sa.ForeignKey("school.brincode"), primary_key=True),
    sa.Column("salt", sa.String(32), primary_key=True, comment="of this person only"),
    sa.Column("digest", sa.String(64), primary_key=True, comment="of a key or the ECK-iD, with the salt"),
    sa.Column("moment", sa.DateTime, nullable=False, comment="UTC"),
    sa.Column("soort", _SOORT, nullable=False, server_default=PersonKind.LEERLING.value),
    comment="what is left of a forgotten leerling: enough to recognise, nothing to read",
)

used_key = sa.Table(
    "used_key",
    metadata,
    sa.Column("brincode", sa.String(4), sa.ForeignKey("school.brincode"), primary_key=True),
    sa.Column("salt", sa.String(32), primary_key=True, comment="of this person only"),
    sa.Column("digest", sa.String(64), primary_key=True, comment="of a key or the ECK-iD, with the salt"),
    sa.Column("soort", _SOORT, nullable=False),
    sa.Column("moment", sa.DateTime, nullable=False, comment="UTC"),
    comment="what is left of a leaver whose term passed: no other person gets that key",
)
record_removed = sa.Table(
    "record_removed",
    metadata,
    sa.Column(
        "persoon_id",
        sa.Integer,
        sa.ForeignKey("persoon.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    sa.Column("day", sa.Date, nullable=False, comment="the last one on which a year of the person was taken out"),
    comment="when a source or an act last took a person out of a school year; a term counts from then",
)
answered = sa.Table(
    "answered",
    metadata,
    sa.Column("answer", sa.String(24), primary_key=True, comment="its number, as in the journaal"),
    sa.Column("brin6", sa.String(6), nullable=False, index=True),
    sa.Column("schooljaar", sa.String(9), nullable=False),
    sa.Column("payload", sa.String(40), nullable=False, comment="element that the operation answers with"),
    sa.Column("profiel", sa.String(40), nullable=False, comment="digest of the effective profile, in its version"),
    sa.Column("fields", sa.Text, nullable=False, comment="record/element of what may be in it of a person"),
    sa.Column("persons", sa.LargeBinary, nullable=False, comment="ids of persons, JSON, deflated"),
    sa.Column("made_at", sa.DateTime, nullable=False, comment="UTC, when it was rendered last"),
    sa.Column("past_since", sa.DateTime, comment="UTC, when it was noted that it is sent no more"),
    comment="who is in an answer: read once its fetches are in the journaal, and erased when it is sent no more",
)
receipt = sa.Table(
    "receipt",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("koppeling_id", sa.Integer, sa.ForeignKey("koppeling.id"), nullable=False),
    sa.Column("schooljaar", sa.String(9), nullable=False, comment="empty where it is not known who was in it"),
    sa.Column("payload", sa.String(40), nullable=False, comment="element that the operation answers with"),
    sa.Column("profiel", sa.String(40), nullable=False, comment="as in answered; empty where it is not known"),
    sa.Column("fields", sa.Text, nullable=False, comment="as in answered"),
    sa.Column("answer", sa.String(24), comment="the one that it got last"),
    sa.Column("first", sa.DateTime, nullable=False, comment="UTC, of its first fetch"),
    sa.Column("last", sa.DateTime, nullable=False, comment="UTC, of its last fetch"),
    sa.UniqueConstraint("koppeling_id", "schooljaar", "payload", "profiel"),
    comment="the answers of one kind that one koppeling got, from the journaal",
)
received = sa.Table(
    "received",
    metadata,
    sa.Column("receipt_id", sa.Integer, sa.ForeignKey("receipt.id"), primary_key=True, autoincrement=False),
    sa.Column(
        "persoon_id",
        sa.Integer,
        primary_key=True,
        autoincrement=False,
        index=True,
        comment="no foreign key: who was in an import that is undone, was received all the same",
    ),
    sa.Column("first", sa.DateTime, nullable=False, comment="UTC, of the first fetch with this person"),
    sa.Column("last", sa.DateTime, comment="UTC, of the last one; none: in what the koppeling got last"),
    comment="which koppeling got which person; erased with the person",
)
received_until = sa.Table(
    "received_until",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("final_id", sa.BigInteger, nullable=False, comment="every entry of the journaal up to it was read"),
    sa.Column("seen_id", sa.BigInteger, nullable=False, comment="the last entry that was there at seen_at"),
    sa.Column("seen_at", sa.DateTime, nullable=False, comment="UTC"),
    comment="one row: how far the journaal was read for receipt and received",
)


def person_columns() -> list[sa.Column[Any]]:
    """Return every column that refers to a person by id, of each table in this module."""
    return [column for table in metadata.tables.values() for column in table.columns if refers_to_person(column)]


def refers_to_person(column: sa.Column[Any]) -> bool:
    """Return whether a column refers to a person by id.

    It compares names: the table that another reference names may be of a room that nobody has imported yet.
    """
    return any(key.target_fullname == f"{persoon.name}.{persoon.c.id.name}" for key in column.foreign_keys)
