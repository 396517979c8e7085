"""`db check`: what is wrong in a database is found, and named without a value."""

import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.moving import Place
from support.served_school import furnish

from uwlr_adapter.jobs.registry import JOBS

OFF = "PRAGMA foreign_keys = OFF"
BREAKAGES = {
    "1 row of gebruiker_vestiging without the row of vestiging": (
        "INSERT INTO gebruiker_vestiging SELECT min(id), '99ZZ00' FROM gebruiker",
    ),
    "1 values of vestiging.naam do not fit their column": (
        "UPDATE vestiging SET naam = replace(hex(zeroblob(101)), '0', 'x') WHERE brin6 = '30AB00'",
    ),
    "1 values of koppeling.version do not fit their column": (
        "UPDATE koppeling SET version = 'veel' WHERE id = (SELECT min(id) FROM koppeling)",
    ),
    "1 values of job.seconds do not fit their column": ("UPDATE job SET seconds = 'lang' WHERE name = 'staleness'",),
    "1 values of deelname.achternaam do not fit their column": (
        "UPDATE deelname SET achternaam = 'a' || char(0) WHERE persoon_id = (SELECT min(persoon_id) FROM deelname)",
    ),
}
"""Statements that SQLite takes, and what is said of them."""
RESULT = (
    "INSERT INTO resultaat (afnemer_id, brin6, key, aanmaakdatum, newest) SELECT {afnemer}, '{brin6}', '{key}', "
    "'2026-11-01 09:00:00.000000', 1 FROM afnemer WHERE id = (SELECT min(id) FROM afnemer)"
)
BROKEN_RULES = {
    "21QW00 has more than one living koppeling snappet": (
        "DROP INDEX uq_koppeling_living",
        (
            "INSERT INTO koppeling (brin6, entry_id, afnemer_id, status, startdatum, code_digest, opened_at, version, "
            "akkoord_login, akkoord_naam, akkoord_at, akkoord_voorwaarden) SELECT brin6, entry_id, afnemer_id, status, "
            "startdatum, code_digest, opened_at, version, akkoord_login, akkoord_naam, akkoord_at, akkoord_voorwaarden "
            "FROM koppeling WHERE brin6 = '21QW00' AND entry_id = 'snappet'"
        ),
    ),
    "tables, columns, indexes or constraints are not as this version makes them": ("DROP INDEX uq_koppeling_living",),
    "stored codes need the server key 'weg'": (
        "UPDATE koppeling SET code_digest = 'weg:00' WHERE code_digest IS NOT NULL",
    ),
    "persons are of a school that is not there": (
        "UPDATE persoon SET brincode = '99ZZ' WHERE brincode = '30AB'",
        "UPDATE source_key SET brincode = '99ZZ' WHERE brincode = '30AB'",
    ),
    "keys of a source are of another school or kind than their person": (
        "UPDATE source_key SET soort = 'niemand' WHERE persoon_id = (SELECT min(id) FROM persoon)",
    ),
    "periods of enrolment overlap": (
        (
            "INSERT INTO inschrijving (brin6, schooljaar, persoon_id, volgorde, van, tot, gast) "
            "SELECT brin6, schooljaar, persoon_id, volgorde + 1, van, tot, gast FROM inschrijving "
            "WHERE brin6 = '30AB00'"
        ),
    ),
    "entries of the journaal name a koppeling that is not there": (
        (
            "INSERT INTO journaal (moment, kind, act, koppeling_id, outcome) "
            "SELECT moment, kind, act, 99999, outcome FROM journaal ORDER BY id LIMIT 1"
        ),
    ),
    "entries of the journaal name an afnemer that is not there": (
        (
            "INSERT INTO journaal (moment, kind, act, afnemer_id, outcome) "
            "SELECT moment, kind, act, 99999, outcome FROM journaal ORDER BY id LIMIT 1"
        ),
    ),
    "agreements name a text of the terms that is not there": (
        "UPDATE koppeling SET akkoord_tekst = 'weg' WHERE entry_id = 'snappet'",
    ),
    "earlier agreements name a text of the terms that is not there": (
        (
            "INSERT INTO earlier_akkoord (koppeling_id, login, naam, moment, voorwaarden, tekst) "
            "SELECT id, 'a', 'A', opened_at, 'uwlr-0', 'weg' FROM koppeling ORDER BY id LIMIT 1"
        ),
    ),
    "results are of an afnemer that is not there": (RESULT.format(afnemer=99999, brin6="21QW00", key="k1"),),
    "results are of a vestiging that is not there": (RESULT.format(afnemer="id", brin6="99ZZ00", key="k2"),),
    "versions of results came with a message that is not there": (
        RESULT.format(afnemer="id", brin6="21QW00", key="k3"),
        (
            "INSERT INTO toets (id, afnemer_id, toetscode, definitie, moment) "
            "SELECT 't', min(id), 'T', '{}', '2026-11-01 09:00:00.000000' FROM afnemer"
        ),
        (
            "INSERT INTO resultaat_versie (resultaat_id, number, persoon_id, leerlingid, message_id, toets_id, "
            "afnamedatum, more, content) SELECT id, 1, 1, 'l', 99999, 't', '2026-11-01', '{}', 'c' "
            "FROM resultaat WHERE key = 'k3'"
        ),
    ),
    "leerlingen are withheld from a koppeling that has ended": (
        (
            "INSERT INTO withheld SELECT min(koppeling.id), min(persoon.id) FROM koppeling, persoon "
            "WHERE ended_at IS NOT NULL AND soort = 'leerling'"
        ),
    ),
}
"""Statements that break a rule which is no constraint, on either database."""


@pytest.fixture
def source(tmp_path: Path) -> Place:
    """Return the database of the example school, on SQLite."""
    return Place.on_sqlite(furnish(tmp_path / "school").data)


@pytest.fixture(scope="module")
def moved(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Copy the example school to PostgreSQL; its tests undo what they break."""
    folder = tmp_path_factory.mktemp("moved")
    here = Place.on_sqlite(furnish(folder / "school").data)
    with Place.new("postgresql", folder / "there", request) as there:
        here.done("db", "copy", "--to", there.url)
        yield there.with_keys_of(here)


def break_it(place: Place, *statements: str) -> None:
    """Run statements that SQLite must not hold against its foreign keys."""
    with place.database() as database:
        connection = database.engine.raw_connection()
        cursor = connection.cursor()
        for statement in (OFF, *statements):
            cursor.execute(statement)
        connection.close()


@pytest.mark.parametrize("breakages", [BREAKAGES, BROKEN_RULES])
def test_what_is_wrong_on_sqlite_is_named(source: Place, breakages: dict[str, tuple[str, ...]]) -> None:
    """Each kind of damage has a sentence, no other one is told, and the exit status is 1."""
    source.done("jobs", "run", "staleness")
    for statements in breakages.values():
        break_it(source, *(one.replace("DROP INDEX", "DROP INDEX IF EXISTS") for one in statements))
    told = source.refused("db", "check")
    assert [one for one in breakages if one not in told] == []
    assert told.count("\n- ") == len(breakages) - 1
    assert f"{len(breakages)} things are wrong" in told


def test_a_database_whose_jobs_have_run_is_right(source: Place) -> None:
    """Every service has run its jobs within the hour: what they store is no damage."""
    for job in ("staleness", "refusals", "purge"):
        source.done("jobs", "run", job)
    assert "Nothing is wrong" in source.done("db", "check")


def test_what_is_wrong_on_postgresql_is_named(moved: Place) -> None:
    """The rules that are no constraint, and what only PostgreSQL can have: one check names them all."""
    assert "Nothing is wrong" in moved.done("db", "check")
    for statements in BROKEN_RULES.values():
        moved.execute(*(one.replace("DROP INDEX", "DROP INDEX IF EXISTS") for one in statements))
    told = moved.refused("db", "check")
    assert [one for one in BROKEN_RULES if one not in told] == []
    moved.execute(
        "SELECT setval('journaal_id_seq', 1)",
        "ALTER TABLE withheld DROP CONSTRAINT fk_withheld_persoon_id",
        "ALTER TABLE withheld ADD CONSTRAINT fk_withheld_persoon_id FOREIGN KEY (persoon_id) REFERENCES persoon "
        "NOT VALID",
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_journaal_brin6_id'::regclass",
    )
    told = moved.refused("db", "check")
    for sentence in (
        "the sequence of journaal is behind its rows",
        "run ALTER TABLE withheld VALIDATE CONSTRAINT fk_withheld_persoon_id",
        "run REINDEX INDEX ix_journaal_brin6_id",
    ):
        assert sentence in told


def test_a_stored_answer_that_is_not_the_records_is_named(source: Place) -> None:
    """Bytes that somebody changed, and records that changed behind the back of the answers."""
    served = furnish(source.data.parent / "other")
    assert source.fetch(served.request())[0] == "leerlinggegevens"
    assert "Nothing is wrong" in source.done("db", "check")
    source.execute("UPDATE deelname SET achternaam = 'Anders' WHERE brin6 = '21QW00'")
    told = source.refused("db", "check", "--all-answers")
    assert "the stored answer for 21QW00" in told
    assert "Anders" not in told
    source.done("db", "restored", "--yes")
    assert "Nothing is wrong" in source.done("db", "check")


def test_nothing_is_wrong_with_what_a_night_leaves(source: Place) -> None:
    """Every job ran once: their rows have values that no other table has, such as seconds."""
    for name in JOBS:
        source.done("jobs", "run", name)
    assert "Nothing is wrong" in source.done("db", "check")
    source.execute("UPDATE job SET seconds = 'kort'")
    assert f"{len(JOBS)} values of job.seconds do not fit their column" in source.refused("db", "check")


def test_a_damaged_file_is_named(source: Place) -> None:
    """A page of the file that is overwritten is found, whatever is in it."""
    with source.database() as database, database.reading() as connection:
        size = connection.exec_driver_sql("PRAGMA page_size").scalar_one()
        root = connection.exec_driver_sql("SELECT rootpage FROM sqlite_master WHERE name = 'deelname'").scalar_one()
    path = source.data / "uwlr.sqlite3"
    content = bytearray(path.read_bytes())
    content[(root - 1) * size : (root - 1) * size + 200] = zlib.crc32(b"x").to_bytes(4) * 50
    path.write_bytes(content)
    told = source.refused("db", "check")
    assert "damaged" in told


def test_other_keys_are_named(source: Place) -> None:
    """Keys that do not belong are told; without any, that is said too, and the rest is checked."""
    keys = source.data / "keys"
    name = keys.read_text().partition("=")[0]
    keys.write_text(f"{name}={'0c' * 32}\n")
    assert f"server key '{name}' is another one" in source.refused("db", "check")
    keys.unlink()
    assert "not at hand" in source.done("db", "check")
    assert not keys.exists()
