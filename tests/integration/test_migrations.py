"""The migrations lead to the tables that the code has, on a real database."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Barrier, Thread
from unittest.mock import patch

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import IntegrityError
from support.imports import import_dataset, select

import uwlr_adapter
from uwlr_adapter.administratie import tables as administratie
from uwlr_adapter.administratie.importing import batches
from uwlr_adapter.administratie.tables import PersonKind
from uwlr_adapter.answers import tables as answers
from uwlr_adapter.clock import day_of, next_schooljaar, schooljaar_of
from uwlr_adapter.contract.dataset import Groep, GroepVerwijzing, Leerkracht, Leerling, Rol
from uwlr_adapter.contract.profiles import STANDARD
from uwlr_adapter.db import bulk, sqlite
from uwlr_adapter.db.database import Database, DatabaseAbsentError, DatabaseUnusableError, SchemaError
from uwlr_adapter.db.metadata import metadata
from uwlr_adapter.db.schema_version import SCHEMA, schema_version
from uwlr_adapter.gebruikers import tables as gebruikers
from uwlr_adapter.jobs import tables as jobs
from uwlr_adapter.journaal import tables as journaal
from uwlr_adapter.keys import tables as keys
from uwlr_adapter.koppelingen import tables as koppelingen
from uwlr_adapter.mail import tables as mail
from uwlr_adapter.maintenance import tables as maintenance
from uwlr_adapter.resultaten import tables as resultaten

ROOMS = (journaal, administratie, koppelingen, gebruikers, answers, keys, jobs, mail, maintenance, resultaten)
"""Importing a room declares its tables."""


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of a database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/a.sqlite3"
    given: str = request.getfixturevalue("empty_postgresql")
    return given


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """Open it."""
    opened = Database(url)
    yield opened
    opened.close()


def test_the_migrations_make_the_tables_of_the_code(database: Database) -> None:
    """After an upgrade there is no difference between the database and the metadata, names of constraints included."""
    database.upgrade()
    with database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        inspector = sa.inspect(connection)
        indexes = {index["name"] for table in metadata.tables for index in inspector.get_indexes(table)}
        checks = {check["name"] for table in metadata.tables for check in inspector.get_check_constraints(table)}
    assert {index.name for table in metadata.tables.values() for index in table.indexes} <= indexes
    assert {"ck_koppeling_status", "ck_koppeling_code_digest", "ck_afnemer_previous"} <= checks


def test_the_files_are_numbered_as_they_follow_each_other() -> None:
    """The newest migration is found by its number, without loading any: so that is what Alembic finds too."""
    config = Config()
    config.set_main_option("script_location", str(Path(uwlr_adapter.__file__).parent / "db" / "migrations"))
    scripts = ScriptDirectory.from_config(config)
    found = [script.revision for script in scripts.walk_revisions()]
    assert found == sorted(found, reverse=True)
    assert all(Path(script.path).name.startswith(f"{script.revision}_") for script in scripts.walk_revisions())


def test_an_upgrade_again_changes_nothing(database: Database) -> None:
    """A current database stays as it is, and is recognised as current."""
    with pytest.raises(DatabaseUnusableError):
        database.require_usable()
    database.upgrade()
    database.upgrade()
    database.require_usable()


def test_processes_that_start_at_once_upgrade_one_after_the_other(url: str) -> None:
    """Several starts on a new database all succeed."""
    barrier = Barrier(4)
    failures: list[BaseException] = []

    def start() -> None:
        database = Database(url)
        barrier.wait()
        try:
            database.upgrade()
        except Exception as error:  # noqa: BLE001 - whatever it is, the test names it
            failures.append(error)
        finally:
            database.close()

    threads = [Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_an_opening_waits_for_the_one_that_is_first(tmp_path: Path) -> None:
    """SQLite refuses at once to make the log of a new file while another one writes in it; the opening waits then."""
    path = tmp_path / "a.sqlite3"
    first = sqlite3.connect(path, isolation_level=None)
    first.execute("BEGIN IMMEDIATE")
    database = Database(f"sqlite:///{path}")
    with patch.object(sqlite, "sleep", side_effect=lambda _: first.rollback()) as waited:
        database.upgrade()
    assert waited.call_count == 1
    first.close()
    database.close()


def test_opening_a_file_leaves_the_locks_of_other_connections(tmp_path: Path) -> None:
    """A second Database on a file does not end what the first one holds: another process would take its log away."""
    path = tmp_path / "a.sqlite3"
    first = Database(f"sqlite:///{path}")
    first.upgrade()
    with first.reading():
        second = Database(f"sqlite:///{path}")
        other = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('PRAGMA user_version'); c.close()"
        subprocess.run([sys.executable, "-c", other, path], check=True)
        assert path.with_name(f"{path.name}-wal").exists()
    first.close()
    second.close()


def _set_version(database: Database, number: int, readable_from: int) -> None:
    with database.writing() as connection:
        connection.execute(schema_version.update().values(number=number, readable_from=readable_from))
        connection.execute(sa.text("UPDATE alembic_version SET version_num = :number"), {"number": f"{number:04}"})


def test_the_schema_number_is_that_of_the_newest_migration(database: Database) -> None:
    """Code and database agree on it, and no file follows after it."""
    database.upgrade()
    versions = Path(uwlr_adapter.__file__).parent / "db" / "migrations" / "versions"
    assert max(int(path.name[:4]) for path in versions.glob("[0-9]*.py")) == SCHEMA
    with database.reading() as connection:
        ((number, readable_from),) = connection.execute(sa.select(schema_version)).all()
    assert (number, readable_from <= SCHEMA) == (SCHEMA, True)


@pytest.mark.parametrize("readable_from", [1, SCHEMA])
def test_a_newer_database_that_is_readable_is_used(database: Database, readable_from: int) -> None:
    """Newer code migrated it and only added to it: it is usable, and an upgrade leaves it alone."""
    database.upgrade()
    _set_version(database, SCHEMA + 2, readable_from)
    database.require_usable()
    database.upgrade()
    with database.reading() as connection:
        assert connection.scalar(sa.select(schema_version.c.number)) == SCHEMA + 2


def test_a_newer_database_that_is_not_readable_is_not_touched(database: Database) -> None:
    """Newer code took something away: it is refused, with what to do, by an upgrade too."""
    database.upgrade()
    _set_version(database, SCHEMA + 2, SCHEMA + 1)
    for use in (database.require_usable, database.upgrade):
        with pytest.raises(SchemaError, match=f"too old .* schema {SCHEMA + 2} .* schema {SCHEMA + 1} and newer"):
            use()


@pytest.mark.parametrize("revision", ["0001", "0006", "0007"])
def test_an_older_database_names_the_upgrade(database: Database, revision: str) -> None:
    """Without a schema number, or with a lower one, it is refused with `db upgrade`; without tables, with `init`."""
    with pytest.raises(DatabaseAbsentError, match="uwlr-adapter init"):
        database.require_usable()
    _upgrade_to(database, revision)
    with pytest.raises(DatabaseUnusableError, match="older version: run `uwlr-adapter db upgrade`"):
        database.require_usable()
    database.upgrade()
    database.require_usable()
    _set_version(database, SCHEMA - 1, SCHEMA - 1)
    with pytest.raises(DatabaseUnusableError, match="older version"):
        database.require_usable()


def test_a_file_that_is_absent_is_not_created(tmp_path: Path) -> None:
    """Opened for use only, nothing appears: no file, and no folder."""
    with pytest.raises(DatabaseAbsentError, match="uwlr-adapter init"):
        Database(f"sqlite:///{tmp_path}/new/a.sqlite3", create=False)
    assert list(tmp_path.iterdir()) == []


def _upgrade_to(database: Database, revision: str) -> None:
    """Migrate a database to an older revision."""
    config = Config()
    config.set_main_option("script_location", str(Path(uwlr_adapter.__file__).parent / "db" / "migrations"))
    with database.writing() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def _fill(connection: sa.Connection) -> None:
    """Write what an import of version 0002 wrote: leerlingen with and without days, groups, a leerkracht, an alias."""
    tables = sa.MetaData()
    tables.reflect(connection)
    year = {"brin6": "21QW00", "schooljaar": "2026-2027"}
    van = {"brincode": "21QW"}
    day = date(2026, 10, 1)
    rows: dict[str, list[dict[str, object]]] = {
        "vestiging": [{"brin6": "21QW00", **van, "dependancecode": "00", "naam": "De Regenboog", "schoolkey": "k"}],
        "persoon": [
            {"id": 1, "soort": "leerling", **van, "key": "101", "eckid": "https://ketenid.nl/pilot/1"},
            {"id": 2, "soort": "leerling", **van, "key": "102", "eckid": None},
            {"id": 3, "soort": "leerling", **van, "key": "103", "eckid": None},
            {"id": 4, "soort": "leerkracht", **van, "key": "m1", "eckid": None},
        ],
        "bronsleutel": [
            {"soort": "leerling", **van, "bronkey": key, "persoon_id": at}
            for key, at in (("101", 1), ("101-oud", 1), ("102", 2), ("103", 3))
        ],
        "locatie": [{**year, "key": "VH", "naam": "Hoofdgebouw"}],
        "groep": [
            {**year, "key": "g", "soort": "groep", "naam": "4A", "jaargroep": "4"},
            {**year, "key": "s", "soort": "samengestelde_groep", "naam": "Plus"},
        ],
        "deelname": [
            {**year, "persoon_id": 1, "locatie_key": "VH", "roepnaam": "Zoë", "achternaam": "Zonneveld"},
            {**year, "persoon_id": 2, "roepnaam": "Ole", "van": day, "instroomdatum": "2026-10-01+02:00"},
            {**year, "persoon_id": 3, "roepnaam": "Bo", "tot": day, "uitstroomdatum": "2026-10-01"},
        ],
        "plaatsing": [
            {**year, "persoon_id": 1, "groep_key": "g", "volgorde": 0},
            {**year, "persoon_id": 1, "groep_key": "s", "volgorde": 1},
        ],
        "aanstelling": [
            {**year, "persoon_id": 4, "roepnaam": "Kim", "rollen": [["rol", "LRK"]], "groepen": [["groep", "g", []]]}
        ],
        "stand": [
            {
                **year,
                "profiel": "smalle set",
                "xsdversie": "2.2",
                "soort": "leerlinggegevens",
                "inhoud_hash": "0" * 64,
                "gewijzigd": datetime(2026, 9, 1, 8),  # noqa: DTZ001 - stored without a zone
            }
        ],
    }
    for naam, wanted in rows.items():
        for row in wanted:
            connection.execute(tables.tables[naam].insert().values(row))


def _rows(connection: sa.Connection) -> dict[str, list[dict[str, object]]]:
    """Return every row of every table."""
    tables = sa.MetaData()
    tables.reflect(connection)
    return {
        table.name: [dict(row) for row in connection.execute(sa.select(table)).mappings()]
        for table in tables.sorted_tables
        if table.name != "alembic_version"
    }


def test_records_of_before_periods_and_batches_keep_all_that_they_say(tmp_path: Path) -> None:
    """From 0002: each row is still there, the enrolment of a leerling now as a period, each group available."""
    database = Database(f"sqlite:///{tmp_path}/a.sqlite3")
    _upgrade_to(database, "0002")
    with database.writing() as connection:
        _fill(connection)
        before = _rows(connection)
    _upgrade_to(database, "0003")
    with database.reading() as connection:
        after = _rows(connection)
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
    periods = {row["persoon_id"]: row for row in after.pop("inschrijving")}
    for deelname in before["deelname"]:
        period = periods.pop(deelname["persoon_id"])
        assert (period["volgorde"], period["gast"]) == (0, False)
        for naam in ("brin6", "schooljaar", "van", "tot", "instroomdatum", "uitstroomdatum"):
            assert period[naam] == deelname[naam]
            if naam not in after["deelname"][0]:
                del deelname[naam]
        deelname["ingedeeld"] = True
    assert periods == {}
    for groep in before["groep"]:
        groep["beschikbaar"] = True
    assert after.pop("school") == [{"brincode": "21QW", "versie": 0}]
    assert [after.pop(naam) for naam in ("importbatch", "importstap", "vergeten")] == [[], [], []]
    assert after == before
    database.close()


@pytest.mark.parametrize(("day", "keys"), [(date(2026, 9, 30), ["101", "103"]), (date(2026, 10, 1), ["101", "102"])])
def test_records_of_before_answer_as_they_did(tmp_path: Path, day: date, keys: list[str]) -> None:
    """The dataset of an upgraded database is the one that its rows meant, field by field."""
    database = Database(f"sqlite:///{tmp_path}/a.sqlite3")
    _upgrade_to(database, "0002")
    with database.writing() as connection:
        _fill(connection)
    database.upgrade()
    found = select(database, "21QW00", "2026-2027", day)
    assert found is not None
    leerlingen = {
        "101": Leerling(
            "101",
            "https://ketenid.nl/pilot/1",
            achternaam="Zonneveld",
            roepnaam="Zoë",
            groep="g",
            samengestelde_groepen=("s",),
            vestiging="VH",
        ),
        "102": Leerling("102", roepnaam="Ole", instroomdatum="2026-10-01+02:00"),
        "103": Leerling("103", roepnaam="Bo", uitstroomdatum="2026-10-01"),
    }
    assert found.leerlingen == tuple(leerlingen[key] for key in keys)
    assert found.groepen == (Groep("groep", "g", "4A", "4"), Groep("samengestelde_groep", "s", "Plus"))
    assert [one.key for one in found.locaties] == ["VH"]
    leerkracht = Leerkracht("m1", roepnaam="Kim", rollen=(Rol("rol", "LRK"),), groepen=(GroepVerwijzing("groep", "g"),))
    assert found.leerkrachten == (leerkracht,)
    again = import_dataset(database, replace(found, school=replace(found.school, schoolkey=None)))
    assert again.counts["leerlingen"].added == 0, "the same persons as before"
    database.close()


def test_a_period_and_a_place_keep_their_deelname(database: Database) -> None:
    """From 0005: they lose a foreign key that said nothing new; no row goes, and none can be without a deelname."""
    _upgrade_to(database, "0002")
    with database.writing() as connection:
        _fill(connection)
    _upgrade_to(database, "0005")
    with database.reading() as connection:
        before = _rows(connection)
    _upgrade_to(database, "0006")
    with database.reading() as connection:
        assert _rows(connection) == before
    nobody = {"brin6": "99ZZ00", "schooljaar": "2026-2027", "persoon_id": 1}
    for insert in (
        administratie.inschrijving.insert().values(**nobody, volgorde=0, gast=False),
        administratie.plaatsing.insert().values(**nobody, groep_key="g", volgorde=0),
    ):
        with pytest.raises(IntegrityError), database.writing() as connection:
            connection.execute(insert)


def _steps(*, by_name: bool) -> list[dict[str, object]]:
    """Write the steps of an import as migration 0006 had them: `by_name` as the very first imports were kept."""
    steps: list[tuple[str, str, list[str], list[list[object]]]] = [
        ("persoon", "toegevoegd", ["id"], [[1], [2]]),
        ("bronsleutel", "toegevoegd", ["soort", "brincode", "bronkey"], [["leerling", "21QW", "101"]]),
        (
            "bronsleutel",
            "verwijderd",
            ["soort", "brincode", "bronkey", "persoon_id"],
            [["leerling", "21QW", '"bronkey": "kolommen"', 3]],
        ),
        ("persoon", "gewijzigd", ["id", "soort", "brincode", "key", "eckid"], [[3, "leerling", "21QW", "103", "eck"]]),
    ]
    return [
        {
            "batch_id": 5,
            "volgorde": place,
            "tabel": table,
            "handeling": kind,
            "rijen": [dict(zip(columns, row, strict=True)) for row in rows]
            if by_name
            else {"kolommen": columns, "rijen": rows},
        }
        for place, (table, kind, columns, rows) in enumerate(steps)
    ]


@pytest.mark.parametrize("by_name", [False, True])
def test_an_import_of_before_can_be_undone(database: Database, *, by_name: bool) -> None:
    """From 0006: its steps name tables, columns and acts as the code does now; the next import has the next id."""
    _upgrade_to(database, "0006")
    with database.writing() as connection:
        tables = sa.MetaData()
        tables.reflect(connection)
        _fill_school(connection, tables)
        report = {
            "brin6": "21QW00",
            "schooljaar": "2026-2027",
            "meldingen": 4,
            "tellingen": {"leerlingen": [2, 1, 0, 0]},
        }
        batch = {"brincode": "21QW", "moment": datetime(2026, 9, 1), "bron": "csv", "vergeten": 0}  # noqa: DTZ001 - UTC
        for _ in range(5):
            connection.execute(tables.tables["importbatch"].insert().values(**batch, rapporten=[report]))
        for step in _steps(by_name=by_name):
            connection.execute(tables.tables["importstap"].insert().values(step))
    database.upgrade()
    with database.writing() as connection:
        found = batches.get(connection, 5)
        assert (found.source, found.undone_at) == ("csv", None)
        assert (found.reports[0].warnings, found.reports[0].counts["leerlingen"].added) == (4, 2)
        assert batches.drop_persons(connection, "21QW", PersonKind.LEERLING, {2: 2}) == 1, "erased from what is kept"
        connection.execute(administratie.persoon.delete().where(administratie.persoon.c.id == 2))
        batches.undo(connection, 5, datetime(2026, 10, 1, tzinfo=UTC))
        kept = connection.execute(sa.select(administratie.persoon.c.id, administratie.persoon.c.eckid)).all()
        assert [tuple(row) for row in kept] == [(3, "eck")]
        keys = connection.execute(
            sa.select(administratie.source_key.c.key, administratie.source_key.c.persoon_id)
        ).all()
        assert [tuple(row) for row in keys] == [('"bronkey": "kolommen"', 3)]
        new = batches.record(
            connection, brincode="21QW", moment=datetime(2026, 10, 2, tzinfo=UTC), source="csv", reports=[], steps=[]
        )
        assert new == 6


def _fill_school(connection: sa.Connection, tables: sa.MetaData) -> None:
    """Write the three persons of whom `_steps` tells."""
    van = {"soort": "leerling", "brincode": "21QW"}
    connection.execute(tables.tables["school"].insert().values(brincode="21QW", versie=3))
    for id_, eckid in ((1, None), (2, None), (3, "other")):
        connection.execute(tables.tables["persoon"].insert().values(id=id_, **van, key=f"10{id_}", eckid=eckid))
    connection.execute(tables.tables["bronsleutel"].insert().values(**van, bronkey="101", persoon_id=1))


def test_since_when_an_answer_is_as_it_is_outlives_the_names(database: Database) -> None:
    """From 0006: the content hash and `gewijzigd` stay; no answer counts as current, so that it is rendered again.

    Two names of one profile become one key, with the later moment; a name that nobody knows leaves no row.
    """
    _upgrade_to(database, "0006")
    eight, nine = datetime(2026, 9, 1, 8), datetime(2026, 9, 1, 9)  # noqa: DTZ001 - UTC
    names = {"smalle set": eight, "LVS-set & volledig": nine, "volledig & LVS-set": eight, "niemands": nine}
    with database.writing() as connection:
        tables = sa.MetaData()
        tables.reflect(connection)
        school = {"brincode": "21QW", "dependancecode": "00", "naam": "De Regenboog"}
        connection.execute(tables.tables["vestiging"].insert().values(brin6="21QW00", **school))
        for name, moment in names.items():
            state = {
                "brin6": "21QW00",
                "schooljaar": "2026-2027",
                "profiel": name,
                "xsdversie": "2.2",
                "soort": "leerlinggegevens",
                "inhoud_hash": "a" * 64,
                "gewijzigd": moment,
                "schoolversie": 3,
                "van": date(2026, 9, 1),
                "vorm": "0.1.0",
                "leerlingen": 1,
                "onvolledig": 0,
            }
            connection.execute(tables.tables["stand"].insert().values(state))
    database.upgrade()
    # The migration holds the digests of its time: a profile that changes later changes here too, not there.
    profielen = {name: STANDARD[name].in_version("2.2") for name in ("smalle set", "LVS-set", "volledig")}
    narrowed = profielen["LVS-set"].narrowed(profielen["volledig"])
    with database.reading() as connection:
        found = connection.execute(sa.select(answers.answer_state)).all()
    assert {one.profiel: one.gewijzigd for one in found} == {
        profielen["smalle set"].digest: eight,
        narrowed.digest: nine,
    }
    for state_row in found:
        assert (state_row.payload, state_row.content_hash) == ("leerlinggegevens", "a" * 64)
        assert (state_row.school_version, state_row.renderer) == (None, None)


def test_persons_are_recognised_by_what_their_newest_year_says(database: Database) -> None:
    """From 0011: names and date of birth are taken over; the next import of the same children asks nothing."""
    _upgrade_to(database, "0011")
    with database.writing() as connection:
        tables = sa.MetaData()
        tables.reflect(connection)

        def insert(table: str, **values: object) -> None:
            connection.execute(tables.tables[table].insert().values(**values))

        insert("school", brincode="21QW", version=1)
        insert("vestiging", brin6="21QW00", brincode="21QW", dependancecode="00", naam="De Regenboog")
        for id_, soort in ((1, "leerling"), (2, "leerkracht"), (3, "leerling")):
            insert("persoon", id=id_, soort=soort, brincode="21QW", key=str(id_))
            insert("source_key", soort=soort, brincode="21QW", key=str(id_), persoon_id=id_)
        for schooljaar, roepnaam in (("2025-2026", "Eerst"), ("2026-2027", "Jan"), ("2024-2025", "Eerder")):
            year = {"brin6": "21QW00", "schooljaar": schooljaar}
            insert("deelname", **year, persoon_id=1, roepnaam=roepnaam, achternaam="Haas", geboortedatum="2018-01-01")
            insert("aanstelling", **year, persoon_id=2, roepnaam=roepnaam, rollen=[], groepen=[])
    database.upgrade()
    columns = (administratie.persoon.c[name] for name in ("id", "roepnaam", "achternaam", "geboortedatum"))
    with database.reading() as connection:
        found = connection.execute(sa.select(*columns).order_by("id")).all()
    assert [tuple(row) for row in found] == [
        (1, "Jan", "Haas", "2018-01-01"),
        (2, "Jan", None, None),
        (3, None, None, None),
    ]


def test_ids_are_of_64_bits_where_tables_grow(database: Database) -> None:
    """The journaal and the imports go on behind two thousand million rows."""
    database.upgrade()
    many = 2**31 + 5
    with database.writing() as connection:
        connection.execute(administratie.school.insert().values(brincode="21QW", version=0))
        moment = datetime(2026, 9, 1)  # noqa: DTZ001 - UTC
        batch = {"brincode": "21QW", "moment": moment, "source": "csv", "forgotten": 0, "reports": []}
        connection.execute(administratie.import_batch.insert().values(id=many, **batch))
        step = {"position": 0, "table_name": "persoon", "kind": "added", "rows": {"columns": ["id"], "rows": []}}
        connection.execute(administratie.import_step.insert().values(batch_id=many, **step))
        line = {"moment": moment, "kind": "verzoek", "act": "HaalStructuur", "outcome": "geengegevens"}
        connection.execute(journaal.journaal.insert().values(id=many, **line))
        if connection.dialect.name == "postgresql":
            for table in ("journaal", "import_batch"):
                connection.exec_driver_sql(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {many})")
        connection.execute(journaal.journaal.insert().values(line))
        assert connection.scalar(sa.select(sa.func.max(journaal.journaal.c.id))) == many + 1
        made = connection.execute(administratie.import_batch.insert().values(batch)).inserted_primary_key
        assert made is not None
        assert made[0] == many + 1


def test_ids_begin_after_everybody_who_is_still_named(tmp_path: Path) -> None:
    """To 0018: after who is there, who became another one, and who stands in what it takes to redo an import."""
    for place, (table, highest) in enumerate({"persoon": 4, "joined": 8, "import_step": 9}.items()):
        database = Database(f"sqlite:///{tmp_path}/{place}.sqlite3")
        _upgrade_to(database, "0017")
        with database.writing() as connection:
            tables = sa.MetaData()
            tables.reflect(connection)
            person = {"id": 4, "soort": "leerling", "brincode": "21QW", "key": "104"}
            connection.execute(tables.tables["persoon"].insert().values(person))
            if table == "joined":
                connection.execute(tables.tables["joined"].insert().values(id=8, persoon_id=4))
            if table == "import_step":
                rows = {"columns": ["id", "key"], "rows": [[3, "103"], [9, "109"]]}
                connection.execute(sa.text("INSERT INTO school VALUES ('21QW', 1)"))
                batch = {"id": 1, "brincode": "21QW", "moment": datetime(2026, 9, 1), "source": "csv"}  # noqa: DTZ001 - as above
                connection.execute(tables.tables["import_batch"].insert().values(**batch, forgotten=0, reports=[]))
                step = {"batch_id": 1, "position": 0, "table_name": "persoon", "kind": "removed", "rows": rows}
                connection.execute(tables.tables["import_step"].insert().values(step))
        database.upgrade()
        with database.writing() as connection:
            assert bulk.take_ids(connection, administratie.persoon, 2) == [highest + 1, highest + 2]
            connection.rollback()


def test_who_may_have_left_counts_from_the_upgrade(database: Database) -> None:
    """From 0018: who has no year from the present one on, and may have left since the past one began, has a day."""
    _upgrade_to(database, "0018")
    today = day_of(datetime.now(UTC))
    present = schooljaar_of(today)
    past, older = (f"{int(present[:4]) - back}-{int(present[:4]) - back + 1}" for back in (1, 2))
    years = {1: (past, present), 2: (past,), 3: (older,), 4: (), 5: (older, past), 6: (next_schooljaar(today),)}
    with database.writing() as connection:
        connection.execute(administratie.school.insert().values(brincode="21QW", version=0))
        vestiging = {"brin6": "21QW00", "brincode": "21QW", "dependancecode": "00", "naam": "De Regenboog"}
        connection.execute(administratie.vestiging.insert().values(vestiging))
        for id_, own in years.items():
            values = {"id": id_, "soort": "leerling", "brincode": "21QW", "key": str(id_)}
            connection.execute(administratie.persoon.insert().values(values))
            for schooljaar in own:
                row = {"brin6": "21QW00", "schooljaar": schooljaar, "persoon_id": id_}
                connection.execute(administratie.deelname.insert().values(row))
    database.upgrade()
    with database.reading() as connection:
        found = {row.persoon_id: row.day for row in connection.execute(sa.select(administratie.record_removed))}
    assert found.keys() == {2, 4, 5}
    assert all(today <= day <= day_of(datetime.now(UTC)) for day in found.values())
