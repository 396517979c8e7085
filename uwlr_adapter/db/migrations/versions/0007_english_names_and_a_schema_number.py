"""English names for mechanisms, 64-bit ids, who did an act, and a schema number.

The last migration that may rename or drop what older code reads (see `uwlr_adapter/db/migrations/README.md`).

- Tables that nothing refers to are made anew under their new name, filled and the old ones dropped, alike on SQLite and
  PostgreSQL. `afnemer` and `koppeling` are renamed in place on PostgreSQL, and made anew on SQLite, which cannot change
  a constraint.
- The bytes of answers are not taken along, and no state counts as current: the first request renders an answer again.
  `gewijzigd` stays, so a caller that has the present content still hears geenwijzigingen.
- The steps of imports name tables, columns and acts in JSON, so that `import undo` goes on to work.

Revision ID: 0007
Revises: 0006
"""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

NUMBER = 7
"""The schema number after this migration, and the lowest one of code that can read the database."""
_BIG_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_KOPPELING_DIGESTS = {
    "smalle set": "c2808319a091128d55966148b2d5074d29ea6e9e",
    "LVS-set": "13f1d84c91664ad1e67c50303712f25faab8af4d",
    "volledig": "5ccf34ab5e0a9d7f8d2ee682ec236cd446cbc33a",
}
"""By the name of a profile, its digest over all versions: what `koppeling.profiel` holds."""

_ANSWER_DIGESTS = {
    "2.1": {
        "smalle set": "1f4ed7846a5a97e04603cdc2f7e70ed79f54084a",
        "LVS-set": "1d7ecbe69f81ffcc26675bd089c8cbdbeca359c9",
        "volledig": "bbbea4a3e962c81c50e5fbdd18a071409c2dfe00",
        "smalle set & LVS-set": "238053292f5b9112a939cbfbb7c265be25792c8b",
        "smalle set & volledig": "1c26942f5a5a1678500edc80a744d92f43b92509",
        "LVS-set & volledig": "4d9b97318e62705645aa460a344bb8cfbe4015c2",
    },
    "2.2": {
        "smalle set": "1f4ed7846a5a97e04603cdc2f7e70ed79f54084a",
        "LVS-set": "1991088e6df9da9bde5802b34933e637ce9cc4fa",
        "volledig": "bbbea4a3e962c81c50e5fbdd18a071409c2dfe00",
        "smalle set & LVS-set": "238053292f5b9112a939cbfbb7c265be25792c8b",
        "smalle set & volledig": "1c26942f5a5a1678500edc80a744d92f43b92509",
        "LVS-set & volledig": "4d9b97318e62705645aa460a344bb8cfbe4015c2",
    },
    "2.3": {
        "smalle set": "fc32841103f98dc59df0083648598945b0120373",
        "LVS-set": "46e44b22646c13f9c202fc29db5fc7ea44a7a125",
        "volledig": "bbbea4a3e962c81c50e5fbdd18a071409c2dfe00",
        "smalle set & LVS-set": "516c38dd688c1f361d0abd54bfb4b3f0fd36b81c",
        "smalle set & volledig": "224b6eaab442d0ddd405ab8868dd5723b221ea74",
        "LVS-set & volledig": "7540146ad342dfdfabd43684e367ec9e65783c54",
    },
}
"""By version and by the name of a profile, its digest: the key of an answer. `A & B` has that of `B & A`."""


def upgrade() -> None:
    """Make the change."""
    _schema_version()
    _school()
    _journaal()
    _keys()
    _gebruikers()
    _koppelingen()
    _imports()
    _answers()


def _schema_version() -> None:
    op.create_table(
        "schema_version",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False, comment="of the newest migration"),
        sa.Column("readable_from", sa.Integer(), nullable=False, comment="lowest number of code that can use it"),
        sa.CheckConstraint("readable_from <= number", name=op.f("ck_schema_version_readable_from")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_schema_version")),
        comment="one row",
    )
    op.execute(f"INSERT INTO schema_version (number, readable_from) VALUES ({NUMBER}, {NUMBER})")  # noqa: S608 - ours


def _school() -> None:
    _rename_columns("school", {"versie": "version"})
    if _is_postgresql():
        op.alter_column("inschrijving", "uitstroomdatum", comment="as the source wrote it", existing_comment="idem")
    op.create_table(
        "source_key",
        sa.Column("soort", sa.String(length=20), nullable=False),
        sa.Column("brincode", sa.String(length=4), nullable=False),
        sa.Column("key", sa.String(length=256), nullable=False),
        sa.Column("persoon_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["persoon_id"], ["persoon.id"], name=op.f("fk_source_key_persoon_id")),
        sa.PrimaryKeyConstraint("soort", "brincode", "key", name=op.f("pk_source_key")),
        comment="the keys by which a source names a person; the first one is also the key that leaves",
    )
    _move("bronsleutel", "source_key", {"soort": "soort", "brincode": "brincode", "key": "bronkey"}, "persoon_id")
    op.create_index(op.f("ix_source_key_persoon_id"), "source_key", ["persoon_id"])
    op.create_table(
        "forgotten",
        sa.Column("brincode", sa.String(length=4), nullable=False),
        sa.Column("salt", sa.String(length=32), nullable=False, comment="of this person only"),
        sa.Column("digest", sa.String(length=64), nullable=False, comment="of a key or the ECK-iD, with the salt"),
        sa.Column("moment", sa.DateTime(), nullable=False, comment="UTC"),
        sa.ForeignKeyConstraint(["brincode"], ["school.brincode"], name=op.f("fk_forgotten_brincode")),
        sa.PrimaryKeyConstraint("brincode", "salt", "digest", name=op.f("pk_forgotten")),
        comment="what is left of a forgotten leerling: enough to recognise, nothing to read",
    )
    _move("vergeten", "forgotten", {"salt": "zout"}, "brincode", "digest", "moment")


def _journaal() -> None:
    _rename_columns(
        "journaal",
        {
            "soort": "kind",
            "handeling": "act",
            "uitkomst": "outcome",
            "reden": "reason",
            "herstel": "repairs",
            "opmerkingen": "remarks",
        },
    )
    op.add_column(
        "journaal",
        sa.Column(
            "actor",
            sa.String(length=100),
            nullable=True,
            comment="of an act: login of the portal user, or cli:<user of the machine>",
        ),
    )
    op.add_column(
        "journaal",
        sa.Column(
            "request_id",
            sa.String(length=36),
            nullable=True,
            comment="of a verzoek: X-Request-ID of its HTTP request",
        ),
    )
    if _is_postgresql():  # SQLite's are of 64 bits already
        op.alter_column("journaal", "id", type_=sa.BigInteger(), existing_type=sa.Integer(), existing_nullable=False)
        op.execute(f"ALTER SEQUENCE {_sequence('journaal')} AS bigint")
        op.alter_column(
            "journaal",
            "brin6",
            comment="of a vestiging that exists; never the text of a caller",
            existing_comment="of a vestiging that exists; a caller's own text never stands here",
        )
    op.create_table(
        "refusal",
        sa.Column("minute", sa.DateTime(), nullable=False, comment="UTC"),
        sa.Column("source", sa.String(length=45), nullable=False, comment="network address of the caller"),
        sa.Column("outcome", sa.String(length=40), nullable=False),
        sa.Column("occurrences", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("minute", "source", "outcome", name=op.f("pk_refusal")),
        comment="calls that were refused before their afnemer was known, counted",
    )
    _move(
        "geweigerd", "refusal", {"minute": "minuut", "source": "bron", "outcome": "uitkomst", "occurrences": "aantal"}
    )


def _keys() -> None:
    op.create_table(
        "server_key",
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.Column(
            "check_value",
            sa.String(length=96),
            nullable=False,
            comment="tells this key from another one; gives nothing away",
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_server_key")),
        comment="which server keys this database was used with; the keys themselves stand elsewhere",
    )
    _move("serversleutel", "server_key", {"name": "naam", "check_value": "controle"})


def _gebruikers() -> None:
    _rename_columns(
        "gebruiker",
        {
            "aangemaakt_op": "created_at",
            "uitgeschakeld_op": "disabled_at",
            "sessie_versie": "session_version",
            "wachtwoord_hash": "password_hash",
            "link_tot": "link_until",
            "totp_nodig": "totp_required",
            "totp_geheim": "totp_secret",
            "totp_stap": "totp_step",
        },
    )
    op.create_table(
        "login_attempt",
        sa.Column(
            "login_digest",
            sa.String(length=96),
            nullable=False,
            comment="whatever was typed as a login, not readable",
        ),
        sa.Column(
            "source", sa.String(length=45), nullable=False, comment="network address; empty: all of them together"
        ),
        sa.Column("attempts", sa.Integer(), nullable=False, comment="attempts without success"),
        sa.Column("last_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("login_digest", "source", name=op.f("pk_login_attempt")),
        comment="what slows guessing down; rows of a day ago go",
    )
    _move(
        "inlogpoging",
        "login_attempt",
        {"source": "bron", "attempts": "aantal", "last_at": "laatste_op"},
        "login_digest",
    )


_AFNEMER = {
    "vorige_digest": "previous_digest",
    "vorige_tot": "previous_until",
    "aangemaakt_op": "created_at",
    "uitgeschakeld_op": "disabled_at",
    "streng": "strict",
}
_KOPPELING = {
    "aanbod": "entry_id",
    "geopend_op": "opened_at",
    "versie": "version",
    "akkoord_op": "akkoord_at",
    "beeindigd_op": "ended_at",
    "profiel_sinds": "profiel_since",
}


def _koppelingen() -> None:
    _rename_columns("afnemer", _AFNEMER)
    _rename_columns("koppeling", _KOPPELING)
    op.drop_index("uq_koppeling_levend", "koppeling")
    if _is_postgresql():
        op.execute("ALTER TABLE afnemer RENAME CONSTRAINT ck_afnemer_vorige TO ck_afnemer_previous")
        op.execute("ALTER TABLE koppeling RENAME CONSTRAINT ck_koppeling_beeindigd_op TO ck_koppeling_ended_at")
        op.alter_column(
            "koppeling",
            "profiel",
            type_=sa.String(length=64),
            existing_type=sa.String(length=40),
            comment="digest of the profile of the last fetch",
            existing_comment="under which it was last fetched",
        )
        _earlier_akkoord("koppeling")
    else:
        op.drop_index("ix_koppeling_afnemer_id_brin6", "koppeling")
        _remake_koppelingen()
        op.create_index(op.f("ix_koppeling_afnemer_id_brin6"), "koppeling", ["afnemer_id", "brin6"])
    op.create_index(
        "uq_koppeling_living",
        "koppeling",
        ["brin6", "entry_id"],
        unique=True,
        sqlite_where=sa.text("status != 'beëindigd'"),
        postgresql_where=sa.text("status != 'beëindigd'"),
    )
    op.execute(f"UPDATE koppeling SET profiel = {_case('profiel', _KOPPELING_DIGESTS)}")  # noqa: S608 - ours


def _remake_koppelingen() -> None:
    """Make `afnemer` and what refers to it anew, on SQLite.

    A table to which rows refer cannot be dropped, so the new ones refer to each other before the old ones go; a renamed
    table takes the references to it along.
    """
    afnemer: tuple[sa.Column[Any], ...] = (
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("klantnaam", sa.String(length=64), nullable=False),
        sa.Column("klantcode_digest", sa.String(length=96), nullable=False),
        sa.Column("previous_digest", sa.String(length=96), nullable=True),
        sa.Column("previous_until", sa.DateTime(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("disabled_at", sa.DateTime(), nullable=True),
        sa.Column("strict", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.create_table(
        "new_afnemer",
        *afnemer,
        sa.CheckConstraint("(previous_digest IS NULL) = (previous_until IS NULL)", name=op.f("ck_afnemer_previous")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_afnemer")),
        sa.UniqueConstraint("klantnaam", name=op.f("uq_afnemer_klantnaam")),
    )
    koppeling: tuple[sa.Column[Any], ...] = (
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("brin6", sa.String(length=6), nullable=False),
        sa.Column("entry_id", sa.String(length=40), nullable=False),
        sa.Column("afnemer_id", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("startdatum", sa.Date(), nullable=False),
        sa.Column("code_digest", sa.String(length=96), nullable=True),
        sa.Column("opened_at", sa.DateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("akkoord_login", sa.String(length=64), nullable=False),
        sa.Column("akkoord_naam", sa.String(length=200), nullable=False),
        sa.Column("akkoord_at", sa.DateTime(), nullable=False),
        sa.Column("akkoord_voorwaarden", sa.String(length=40), nullable=False),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.Column("profiel", sa.String(length=64), nullable=True),
        sa.Column("profiel_since", sa.DateTime(), nullable=True),
    )
    op.create_table(
        "new_koppeling",
        *koppeling,
        sa.CheckConstraint(
            "(code_digest IS NOT NULL) = (status = 'actief' AND afnemer_id IS NOT NULL)",
            name=op.f("ck_koppeling_code_digest"),
        ),
        sa.CheckConstraint("(status = 'beëindigd') = (ended_at IS NOT NULL)", name=op.f("ck_koppeling_ended_at")),
        sa.CheckConstraint("status IN ('actief', 'gepauzeerd', 'beëindigd')", name=op.f("ck_koppeling_status")),
        sa.ForeignKeyConstraint(["afnemer_id"], ["new_afnemer.id"], name=op.f("fk_koppeling_afnemer_id")),
        sa.ForeignKeyConstraint(["brin6"], ["vestiging.brin6"], name=op.f("fk_koppeling_brin6")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_koppeling")),
    )
    for table, columns in (("afnemer", afnemer), ("koppeling", koppeling)):
        _copy(table, f"new_{table}", {column.name: column.name for column in columns})
    _earlier_akkoord("new_koppeling")
    op.drop_table("koppeling")
    op.drop_table("afnemer")
    op.rename_table("new_afnemer", "afnemer")
    op.rename_table("new_koppeling", "koppeling")


def _earlier_akkoord(koppeling: str) -> None:
    op.create_table(
        "earlier_akkoord",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("koppeling_id", sa.Integer(), nullable=False),
        sa.Column("login", sa.String(length=64), nullable=False),
        sa.Column("naam", sa.String(length=200), nullable=False, comment="as typed"),
        sa.Column("moment", sa.DateTime(), nullable=False),
        sa.Column("voorwaarden", sa.String(length=40), nullable=False, comment="version of the terms of use"),
        sa.ForeignKeyConstraint(["koppeling_id"], [f"{koppeling}.id"], name=op.f("fk_earlier_akkoord_koppeling_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_earlier_akkoord")),
        comment="agreements with older versions of the terms; the present one stands with the koppeling",
    )
    _continue_sequence("eerder_akkoord", "earlier_akkoord")
    _move("eerder_akkoord", "earlier_akkoord", {}, "id", "koppeling_id", "login", "naam", "moment", "voorwaarden")
    op.create_index(op.f("ix_earlier_akkoord_koppeling_id"), "earlier_akkoord", ["koppeling_id"])


def _imports() -> None:
    op.create_table(
        "import_batch",
        sa.Column("id", _BIG_ID, nullable=False),
        sa.Column("brincode", sa.String(length=4), nullable=False),
        sa.Column("moment", sa.DateTime(), nullable=False, comment="UTC"),
        sa.Column("source", sa.String(length=20), nullable=False, comment="edexml, csv, or the name of a Bron"),
        sa.Column("undone_at", sa.DateTime(), nullable=True, comment="UTC"),
        sa.Column("forgotten", sa.Integer(), nullable=False, comment="leerlingen erased from its steps afterwards"),
        sa.Column(
            "reports", sa.JSON(), nullable=False, comment="counts per vestiging and schooljaar; no value of a person"
        ),
        sa.ForeignKeyConstraint(["brincode"], ["school.brincode"], name=op.f("fk_import_batch_brincode")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_batch")),
        comment="one import: whole, or not there at all",
    )
    op.create_table(
        "import_step",
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False, comment="from 0, in the order of the import"),
        sa.Column("table_name", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False, comment="added, changed or removed"),
        sa.Column("rows", sa.JSON(), nullable=False, comment="the keys of added rows; the others as they were before"),
        sa.ForeignKeyConstraint(["batch_id"], ["import_batch.id"], name=op.f("fk_import_step_batch_id")),
        sa.PrimaryKeyConstraint("batch_id", "position", name=op.f("pk_import_step")),
        comment="what a batch did to one table, as far as it takes to undo it",
    )
    _continue_sequence("importbatch", "import_batch")
    _copy(
        "importbatch",
        "import_batch",
        {
            **{name: name for name in ("id", "brincode", "moment")},
            "source": "bron",
            "undone_at": "teruggedraaid_op",
            "forgotten": "vergeten",
            "reports": _replaced("rapporten", {'"meldingen":': '"warnings":', '"tellingen":': '"counts":'}),
        },
    )
    # Within JSON a quote in a value is escaped and only a name is followed by a colon, so these are names.
    names = {
        '"kolommen":': '"columns":',
        '"rijen":': '"rows":',
        '"columns": ["soort", "brincode", "bronkey"': '"columns": ["soort", "brincode", "key"',
    }
    acts = {"toegevoegd": "added", "gewijzigd": "changed", "verwijderd": "removed"}
    cases = " ".join(f"WHEN '{old}' THEN '{new}'" for old, new in acts.items())
    _copy(
        "importstap",
        "import_step",
        {
            "batch_id": "batch_id",
            "position": "volgorde",
            "table_name": "CASE tabel WHEN 'bronsleutel' THEN 'source_key' ELSE tabel END",
            "kind": f"CASE handeling {cases} ELSE handeling END",
            "rows": _replaced("rijen", names),
        },
    )
    _convert_named_rows()
    op.drop_table("importstap")
    op.drop_table("importbatch")
    op.create_index(op.f("ix_import_batch_brincode"), "import_batch", ["brincode"])


def _convert_named_rows() -> None:
    """Rewrite the steps in which each row names its columns: of the first imports, and of which a person was erased."""
    step = sa.table(
        "import_step",
        sa.column("batch_id", sa.BigInteger),
        sa.column("position", sa.Integer),
        sa.column("rows", sa.JSON),
    )
    connection = op.get_bind()
    is_list = sa.cast(step.c.rows, sa.Text).startswith("[")
    keys = connection.execute(sa.select(step.c.batch_id, step.c.position).where(is_list)).all()
    for batch_id, position in keys:
        where = (step.c.batch_id == batch_id, step.c.position == position)
        named = connection.execute(sa.select(step.c.rows).where(*where)).scalar_one()
        columns = list(named[0]) if named else []
        rows = [[row[name] for name in columns] for row in named]
        stored = {"columns": ["key" if name == "bronkey" else name for name in columns], "rows": rows}
        connection.execute(step.update().where(*where).values(rows=stored))


def _answers() -> None:
    op.create_table(
        "answer_state",
        sa.Column("brin6", sa.String(length=6), nullable=False),
        sa.Column("schooljaar", sa.String(length=9), nullable=False),
        sa.Column("profiel", sa.String(length=64), nullable=False, comment="digest of the effective profile"),
        sa.Column("xsdversie", sa.String(length=8), nullable=False),
        sa.Column("payload", sa.String(length=40), nullable=False, comment="element that the operation answers with"),
        sa.Column("content_hash", sa.String(length=64), nullable=False, comment="without aanmaakdatum and peildatum"),
        sa.Column("gewijzigd", sa.DateTime(), nullable=False, comment="UTC, whole seconds"),
        sa.Column(
            "school_version",
            sa.Integer(),
            nullable=True,
            comment="of the records that it was rendered from; none: render it again",
        ),
        sa.Column("valid_from", sa.Date(), nullable=True, comment="the day for which it was rendered"),
        sa.Column(
            "valid_until", sa.Date(), nullable=True, comment="first day on which it may differ; none: never by itself"
        ),
        sa.Column(
            "renderer", sa.String(length=40), nullable=True, comment="number and settings of the code that rendered it"
        ),
        sa.Column("leerlingen", sa.Integer(), nullable=True),
        sa.Column("incomplete", sa.Integer(), nullable=True, comment="records that lack a field of the profile"),
        sa.ForeignKeyConstraint(["brin6"], ["vestiging.brin6"], name=op.f("fk_answer_state_brin6")),
        sa.PrimaryKeyConstraint("brin6", "schooljaar", "profiel", "xsdversie", "payload", name=op.f("pk_answer_state")),
        comment="since when an answer has its content, and for which records and days that holds",
    )
    _fill_answer_states()
    op.drop_table("stand")
    op.create_table(
        "answer_content",
        sa.Column("brin6", sa.String(length=6), nullable=False),
        sa.Column("schooljaar", sa.String(length=9), nullable=False),
        sa.Column("profiel", sa.String(length=64), nullable=False, comment="digest of the effective profile"),
        sa.Column("xsdversie", sa.String(length=8), nullable=False),
        sa.Column("payload", sa.String(length=40), nullable=False, comment="element that the operation answers with"),
        sa.Column("content_hash", sa.String(length=64), nullable=False, comment="as in answer_state"),
        sa.Column("schoolkey", sa.String(length=256), nullable=True),
        sa.Column("content", sa.LargeBinary(), nullable=False, comment="the records as they are sent, deflated"),
        sa.Column(
            "person_index",
            sa.LargeBinary(),
            nullable=True,
            comment="place of each person in the content, deflated; for answers by group",
        ),
        sa.ForeignKeyConstraint(["brin6"], ["vestiging.brin6"], name=op.f("fk_answer_content_brin6")),
        sa.PrimaryKeyConstraint(
            "brin6", "schooljaar", "profiel", "xsdversie", "payload", name=op.f("pk_answer_content")
        ),
        comment="rendered answers; erased in the transaction that changes the records of the school",
    )
    op.drop_table("stand_inhoud")


def _fill_answer_states() -> None:
    """Fill `answer_state`, with the digest of a profile for its name.

    Two old rows may have one new key, since the digest of `A & B` is that of `B & A`: the later `gewijzigd` stays. Too
    late a moment only means data again; too early a one could mean geenwijzigingen to a caller without the content.
    """
    digests: dict[str, str] = {}
    for version, names in _ANSWER_DIGESTS.items():
        for name, digest in names.items():
            digests |= {f"{version} {one}": digest for one in (name, " & ".join(reversed(name.split(" & "))))}
    as_digest = _case("xsdversie || ' ' || profiel", digests)
    key = "brin6, schooljaar, digest, xsdversie, soort"
    op.execute(
        "INSERT INTO answer_state (brin6, schooljaar, profiel, xsdversie, payload, content_hash, gewijzigd) "  # noqa: S608
        f"SELECT {key}, inhoud_hash, gewijzigd FROM (SELECT known.*, row_number() OVER (PARTITION BY {key} "
        f"ORDER BY gewijzigd DESC) AS place FROM (SELECT stand.*, {as_digest} AS digest FROM stand) AS known "
        "WHERE digest IS NOT NULL) AS ranked WHERE place = 1"
    )


def _case(expression: str, values: Mapping[str, str]) -> str:
    """Return the SQL that maps the values of an expression; another value becomes NULL."""
    cases = " ".join(f"WHEN '{old}' THEN '{new}'" for old, new in values.items())
    return f"CASE {expression} {cases} END"


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _rename_columns(table: str, names: Mapping[str, str]) -> None:
    """Rename columns in place: both databases take the constraints and indexes along."""
    for old, new in names.items():
        op.execute(f"ALTER TABLE {table} RENAME COLUMN {old} TO {new}")


def _move(old: str, new: str, columns: Mapping[str, str], *same: str) -> None:
    """Fill a new table from an old one, to which nothing refers, and drop that."""
    _copy(old, new, {**columns, **{name: name for name in same}})
    op.drop_table(old)


def _copy(old: str, new: str, columns: Mapping[str, str]) -> None:
    """Fill the columns of a new table, each with an expression over the old one."""
    names: Sequence[str] = [f'"{name}"' for name in columns]
    op.execute(
        f"INSERT INTO {new} ({', '.join(names)}) SELECT {', '.join(columns.values())} FROM {old}"  # noqa: S608 - ours
    )


def _replaced(column: str, texts: Mapping[str, str]) -> str:
    """Return the expression of a JSON column in whose text these are replaced, in their order."""
    found = f"CAST({column} AS TEXT)"
    for old, new in texts.items():
        found = f"replace({found}, '{old}', '{new}')"
    return f"CAST({found} AS JSON)" if _is_postgresql() else found


def _sequence(table: str) -> str:
    """Return the name of the sequence of the ids of a table, on PostgreSQL."""
    return str(op.get_bind().scalar(sa.select(sa.func.pg_get_serial_sequence(table, "id"))))


def _continue_sequence(old: str, new: str) -> None:
    """Make a new table go on with the ids of an old one; SQLite goes on behind the highest by itself."""
    if _is_postgresql():
        op.execute(f"SELECT setval('{_sequence(new)}', last_value, is_called) FROM {_sequence(old)}")  # noqa: S608 - ours
