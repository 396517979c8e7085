"""`backup` and `restore`: what comes back is what was, made true again, on either database."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.moving import Place, Rows
from support.served_school import ServedSchool, furnish

from uwlr_adapter.backup.backup_file import BackupHead, BackupWriter, TableEnd, new_file, reading, writing
from uwlr_adapter.backup.tables import LEFT_OUT, all_tables, carried
from uwlr_adapter.clock import now
from uwlr_adapter.db.bulk import take_ids
from uwlr_adapter.db.metadata import metadata
from uwlr_adapter.db.table_rows import TableDigest, TableShape, encode, read_rows
from uwlr_adapter.koppelingen.tables import koppeling


@dataclass(frozen=True)
class Restored:
    """A school, its backup, and the database into which that was restored, with the rows of both at that moment."""

    served: ServedSchool
    source: Place
    file: Path
    target: Place
    told: str
    before: Rows
    after: Rows
    last_id: int
    """The highest id of a person that was handed out before the backup; its row is gone."""
    since: bytes
    """A request of a platform that was told after the backup that it has everything."""
    moment: str
    """The aanmaakdatum of what it has."""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def restored(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Restored]:
    """Back the example school up, let a platform fetch, and restore the backup an hour later."""
    folder = tmp_path_factory.mktemp("restored")
    served = furnish(folder / "school")
    source, file = Place.on_sqlite(served.data), folder / "school.uwlr"
    with source.database() as database, database.writing() as connection:
        last_id = take_ids(connection, metadata.tables["persoon"], 5)[-1]
    source.done("gebruiker", "add", "nieuw", "--naam", "Nieuw", "--vestiging", "21QW00")
    source.done("backup", file)
    before = source.rows()
    _, moment = source.fetch(served.request())
    source.moment += timedelta(hours=1)
    told = f"<laatstontvangengegevens>{source.moment.isoformat()}</laatstontvangengegevens></leerlinggegevens_verzoek>"
    since = served.request().replace(b"</leerlinggegevens_verzoek>", told.encode())
    source.moment += timedelta(hours=1)
    assert source.fetch(since)[0] == "geenwijzigingen"
    with Place.new(request.param, folder / "new", request) as target:
        target.with_keys_of(source).moment = source.moment + timedelta(hours=1)
        said = target.done("restore", file, "--yes")
        yield Restored(served, source, file, target, said, before, target.rows(), last_id, since, moment)


@pytest.fixture
def source(tmp_path: Path) -> Place:
    """Return the database of the example school, on SQLite."""
    return Place.on_sqlite(furnish(tmp_path / "school").data)


def without_settling(rows: Rows) -> Rows:
    """Leave out what a restore does behind the rows: lines of the journaal, ends of sessions, nothing told again."""
    kept = {name: found for name, found in rows.items() if name not in {"gebruiker", "journaal", "act_to_tell"}}
    return kept | {"journaal": [row for row in rows["journaal"] if "back-up teruggezet" not in row]}


def test_every_table_is_carried_or_explained(source: Place) -> None:
    """A table that a migration makes is in each backup, or the list says why not; there is no other list."""
    made = source.tables() - {"alembic_version"}
    assert made == {table.name for table in carried()} | LEFT_OUT.keys()
    assert made == {table.name for table in all_tables()} == metadata.tables.keys()
    page = Path(__file__).parents[2].joinpath("docs", "reference", "backup.md").read_text(encoding="utf-8")
    assert [name for name, reason in LEFT_OUT.items() if f"`{name}`" not in page or not reason] == []


def test_all_of_it_comes_back(restored: Restored) -> None:
    """Codes, koppelingen, journaal and batches are as they were, and each call is answered as before."""
    assert "every table compared" in restored.told
    assert without_settling(restored.after) == without_settling(restored.before)
    target = restored.target
    assert target.outcomes(restored.served) == restored.source.outcomes(restored.served)
    assert "Nothing is wrong" in target.done("db", "check")
    batch = str(target.scalar("SELECT max(id) FROM import_batch"))
    assert "was undone" in target.done("import", "undo", batch, "--yes")


@pytest.mark.parametrize("restored", ["postgresql"], indirect=True)
def test_a_restored_database_can_be_backed_up(restored: Restored, tmp_path: Path) -> None:
    """A backup of a restored database restores on SQLite, to the same rows."""
    target, again = restored.target, tmp_path / "again.uwlr"
    target.done("backup", again)
    rows = target.rows()
    third = Place.on_sqlite(tmp_path / "third")
    third.data.mkdir(mode=0o700)
    third.with_keys_of(restored.source).moment = target.moment - timedelta(days=1)  # a clock that went back
    seen = target.scalar("SELECT min(session_version) FROM gebruiker")
    third.done("restore", again, "--yes")
    assert without_settling(third.rows()) == without_settling(rows)
    assert isinstance(seen, int)
    assert third.scalar("SELECT min(session_version) FROM gebruiker") == seen + 1


def test_no_id_names_somebody_else_later(restored: Restored) -> None:
    """An id that was handed out before the backup, and whose row is gone, is not handed out after it."""
    target, last = restored.target, restored.last_id
    lines = target.scalar("SELECT max(id) FROM journaal")
    with target.database() as database, database.writing() as connection:
        assert take_ids(connection, metadata.tables["persoon"], 2)[0] > last
    target.done("afnemer", "enable", "Gestopt")
    assert isinstance(lines, int)
    assert target.scalar("SELECT max(id) FROM journaal") == lines + 1


def test_platforms_get_data_before_they_hear_geenwijzigingen(restored: Restored) -> None:
    """What a platform was given after the backup is not what it would be told to have."""
    assert "Each platform gets data once more." in restored.told
    outcome, later = restored.target.fetch(restored.since)
    assert (outcome, later > restored.moment) == ("leerlinggegevens", True)


def test_sessions_and_links_end(restored: Restored) -> None:
    """A session of any moment is over, whatever number it had, and a link that was handed out opens nothing."""
    assert "one-time links ended: 1" in restored.told
    target = restored.target
    assert target.scalar("SELECT count(*) FROM gebruiker WHERE link_digest IS NOT NULL OR link_until IS NOT NULL") == 0
    seen = target.scalar("SELECT min(session_version) FROM gebruiker")
    assert isinstance(seen, int)
    assert seen > 100_000_000  # more than any count of logouts


def test_each_vestiging_reads_it_in_its_journaal(restored: Restored) -> None:
    """The line says since when the records are."""
    with reading(restored.file) as reader:
        moment = reader.head.moment
    told = restored.target.done("journaal", "--brin6", "30AB00")
    assert "back-up teruggezet" in told
    assert f"stand={moment:%Y-%m-%dT%H:%M:%SZ}" in told
    found = restored.target.scalar("SELECT count(*) FROM journaal WHERE act = 'back-up teruggezet'")
    assert found == len(restored.before["vestiging"])


def test_what_comes_back_is_told_first(source: Place, tmp_path: Path) -> None:
    """Beside the present database: what ended, paused, changed, came and went since; a dry run writes nothing."""
    file = tmp_path / "file"
    with source.database() as database, database.writing() as connection:
        connection.execute(koppeling.update().values(resultaten=None))  # as of a koppeling from before there were any
    source.done("backup", file)
    as_it_was = tmp_path / "as-it-was.sqlite3"
    shutil.copy(source.data / "uwlr.sqlite3", as_it_was)
    key = str(source.scalar("SELECT min(key) FROM persoon WHERE brincode = '21QW' AND soort = 'leerling'"))
    source.done("koppeling", "withhold", "21QW00", "snappet", key, "--yes")
    agreed = ("--naam", "T. Est", "--akkoord")
    source.done("koppeling", "agree", "21QW00", "snappet", "--toestemming", "resultaten", *agreed)
    source.done("koppeling", "pause", "21QW00", "snappet", "--toestemming", "leerlinggegevens", "--yes")
    source.done("koppeling", "code", "21QW00", "snappet", "--code", "21QW00een-andere-code-2")
    source.done("koppeling", "end", "30AB00", "snappet", "--yes")
    source.done("koppeling", "resume", "21QW00", "basispoort", "--code", "21QW00weer-opengegaan-3")
    source.done("koppeling", "pause", "21QW01", "basispoort", "--yes")
    source.done(
        "koppeling", "activate", "21QW01", "snappet", "--naam", "T. Est", "--akkoord", "--code", "21QW01-geheel-nieuw-4"
    )
    source.done("afnemer", "disable", "Basispoort")
    source.done("afnemer", "rotate", "Snappet")
    source.done("afnemer", "add", "Nieuwe")
    source.done("gebruiker", "add", "nieuw", "--naam", "Nieuw", "--vestiging", "21QW00")
    source.done("school", "withdraw", "30AB00", "--yes")
    target = Place.on_sqlite(tmp_path / "new")
    target.data.mkdir(mode=0o700)
    target.with_keys_of(source)
    told = target.done("restore", file, "--dry-run", "--present", source.url)
    assert f"It goes into sqlite:///{target.data / 'uwlr.sqlite3'}." in told
    for line in (
        "21QW00 snappet got another code since",
        "21QW00 snappet had leerlinggegevens paused since: they are allowed again",
        "21QW00 snappet has resultaten allowed since: they are not any more",
        "30AB00 snappet ended since: it is open again with the code of then",
        "21QW00 basispoort was resumed since: it is paused again",
        "21QW01 basispoort was paused since: it is open again with the code of then",
        "21QW01 snappet was activated since: it is gone",
        "21QW00 snappet: 1 leerling was withheld since: shared again",
        "afnemer Basispoort was disabled since: enabled again",
        "afnemer Snappet has another klantcode since",
        "afnemer Nieuwe was added since",
        "gebruiker nieuw was added since",
        "the records of 1 school changed since (1 import or act): 30AB",
        "Dry run, nothing changed.",
    ):
        assert line in told, line
    assert not any(code in told for code in ("een-andere-code", "weer-opengegaan", "geheel-nieuw"))
    told = target.done("restore", file, "--dry-run", "--present", f"sqlite:///{as_it_was}")
    assert "Nothing changed since." in told
    assert [path.name for path in target.data.iterdir()] == ["keys"]


def forget_three(source: Place) -> list[str]:
    """Forget a leerling with an ECK-iD, one of an import that is undone, and a leerkracht; return their keys."""
    leerling = str(source.scalar("SELECT min(key) FROM persoon WHERE eckid IS NOT NULL AND soort = 'leerling'"))
    leerkracht = str(source.scalar("SELECT min(key) FROM persoon WHERE brincode = '21QW' AND soort = 'leerkracht'"))
    source.done("leerling", "forget", "21QW00", leerling, "--yes")
    source.done("leerling", "forget", "30AB00", "l", "--yes")
    source.done("leerkracht", "forget", "21QW00", leerkracht, "--yes")
    return [leerling, "l", leerkracht]


def test_who_was_forgotten_since_is_forgotten_again(
    source: Place, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Nobody comes back by a backup that is older than a forgetting: not in a record, and not in a kept import."""
    last = str(source.scalar("SELECT max(id) FROM import_batch WHERE brincode = '30AB'"))
    source.done("import", "undo", last, "--yes")
    file = tmp_path / "older.uwlr"
    source.done("backup", file)
    leerling = str(source.scalar("SELECT min(key) FROM persoon WHERE eckid IS NOT NULL AND soort = 'leerling'"))
    eckid = str(source.scalar("SELECT eckid FROM persoon WHERE key = :key AND soort = 'leerling'", key=leerling))
    keys = forget_three(source)
    kept = tmp_path / "forgotten.json"
    assert "3 persons, as digests" in source.done("db", "forgotten", kept)
    assert kept.stat().st_mode & 0o077 == 0
    assert not any(text in kept.read_text() for text in (leerling, eckid, keys[2]))
    options = ("--present", source.url, "--forgotten", kept)
    with Place.new("sqlite", tmp_path / "new", request) as target:
        assert "Forgotten again: 3" in target.with_keys_of(source).done("restore", file, "--yes", *options)
        rows = target.rows()
        assert target.scalar("SELECT count(*) FROM persoon WHERE key IN (:a, :b)", a=keys[0], b=keys[2]) == 0
        assert [text for text in (eckid, f'\\"{keys[0]}\\"', "Één", "\\u00c9\\u00e9n") if text in str(rows)] == []
        assert set(source.rows()["forgotten"]) <= set(rows["forgotten"])
        for key, noun in ((keys[0], "leerling"), (keys[2], "leerkracht")):
            assert f"no {noun}" in target.refused(noun, "show", "21QW00", key)
            target.done(noun, "allow", "21QW00", key)


def test_a_mistaken_eckid_forgets_nobody_else(source: Place, tmp_path: Path) -> None:
    """An ECK-iD that another leerling had at the time of the backup erases that one not: the key says who it was."""
    query = "SELECT key FROM persoon WHERE brincode = '21QW' AND soort = 'leerling' AND eckid IS NOT NULL ORDER BY key"
    one, other = str(source.scalar(query)), str(source.scalar(f"{query} LIMIT 1 OFFSET 1"))
    source.done("backup", tmp_path / "file")
    source.done(
        "leerling",
        "eckid",
        "21QW00",
        one,
        "--swap",
        "--yes",
        str(source.scalar("SELECT eckid FROM persoon WHERE key = :key AND soort = 'leerling'", key=other)),
    )
    source.done("leerling", "forget", "21QW00", one, "--yes")
    target = Place.on_sqlite(tmp_path / "new")
    target.data.mkdir(mode=0o700)
    told = target.with_keys_of(source).done("restore", tmp_path / "file", "--yes", "--present", source.url)
    assert "Forgotten again: 1." in told
    assert "no leerling" in target.refused("leerling", "show", "21QW00", one)
    target.done("leerling", "show", "21QW00", other)


def test_a_backup_that_is_not_what_was_read_gets_no_name(
    source: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that does not read as it was written is not left behind as a backup."""
    monkeypatch.setattr(BackupWriter, "row", lambda *_: None)
    assert "the backup is not whole" in source.refused("backup", tmp_path / "file")
    assert [path.name for path in tmp_path.iterdir()] == ["school"]


def test_a_backup_of_an_older_schema_is_migrated(source: Place, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """The rows go into tables of their own number, which are migrated then; empty ones of today make room for them."""
    file = write_old(tmp_path, source, 18)
    with Place.new("sqlite", tmp_path / "new", request, with_tables=True) as target:
        target.execute("CREATE INDEX ix_of_today ON school (version)")
        target.with_keys_of(source).done("restore", file, "--yes")
        assert target.rows()["deelname"] == source.rows()["deelname"]
        assert "Nothing is wrong" in target.done("db", "check")


def write_old(folder: Path, source: Place, number: int) -> Path:
    """Write a backup as code of an older schema number wrote it: the tables and columns of then."""
    old, file = Place.on_sqlite(folder / "old"), folder / "old.uwlr"
    reflected = sa.MetaData()
    with old.database() as database:
        with database.writing() as connection:
            database.migrate(connection, number)
        with database.reading() as connection:
            reflected.reflect(connection)
    shapes = [TableShape.of(table) for table in reflected.sorted_tables]
    shapes = [shape for shape in shapes if shape.name not in {*LEFT_OUT, "alembic_version"}]
    with source.database() as database, database.reading() as connection:
        rows = {shape.name: list(read_rows(connection, shape)) for shape in shapes}
    head = BackupHead(number, now(), "0.6.0", {name: len(found) for name, found in rows.items()}, ())
    with new_file(file, replace=False) as (opened, _), writing(opened) as writer:
        writer.head(head)
        for shape in shapes:
            digest = TableDigest()
            writer.table(shape)
            for row in rows[shape.name]:
                digest.add(encode(row))
                writer.row(encode(row))
            writer.end(TableEnd(shape.name, digest.rows, digest.hex, None))
        writer.finish()
    return file
