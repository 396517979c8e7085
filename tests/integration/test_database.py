"""The database on the disk, and what an operator hears when it cannot be used."""

import stat
import sys
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from sqlalchemy.exc import DBAPIError
from support.school_builder import open_database

from uwlr_adapter.administratie.tables import vestiging
from uwlr_adapter.cli import main
from uwlr_adapter.cli.files import write_private
from uwlr_adapter.db import limits
from uwlr_adapter.db.database import Database, DatabaseUnusableError
from uwlr_adapter.db.statements import Delete, DeleteStatement
from uwlr_adapter.settings import Settings


def rights(path: Path) -> int:
    """Return the rights of a file."""
    return stat.S_IMODE(path.stat().st_mode)


def test_the_records_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    """Folder, database and the files beside it let nobody else in."""
    folder = tmp_path / "data"
    database = Database(f"sqlite:///{folder}/uwlr.sqlite3")
    database.upgrade()
    with database.writing() as connection:
        connection.exec_driver_sql("CREATE TABLE proef (a)")
        found = {path.name: rights(path) for path in folder.iterdir()}
    assert rights(folder) == 0o700
    assert found == dict.fromkeys(("uwlr.sqlite3", "uwlr.sqlite3-wal", "uwlr.sqlite3-shm"), 0o600)


def test_a_lock_that_is_held_too_long_ends_no_connection(
    tmp_path: Path, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the write fails: the others that are idle, or at work, are of a server that is as it was."""
    monkeypatch.setattr(limits, "WAIT_SECONDS", 0.01)
    with closing(open_database(tmp_path, "21QW00")) as database:
        generation = database.generation
        by_brin6 = vestiging.delete().where(vestiging.c.brin6 == sa.bindparam("brin6", type_=sa.String))
        delete = Delete(DeleteStatement(by_brin6), {"brin6": "21QW00"})
        with database.writing() as connection:
            connection.execute(vestiging.update().values(naam="Een"))
            with pytest.raises(DBAPIError):
                database.write([delete])
        assert database.generation == generation
        database.write([delete])


@pytest.mark.skipif(sys.platform != "linux", reason="the rights of a folder are checked on Linux")
@pytest.mark.parametrize("mode", [0o720, 0o702, 0o777, 0o1777])
def test_a_folder_that_others_can_write_to_is_refused(tmp_path: Path, mode: int) -> None:
    """Who can write there could put another database in its place: nothing is made, and the error says what to do."""
    folder = tmp_path / "data"
    folder.mkdir()
    folder.chmod(mode)
    sentence = (
        f"Error: the data folder cannot be used: others than its owner can write to it: run `chmod go-w '{folder}'`"
    )
    result = CliRunner().invoke(main, ["--data", str(folder), "init"])
    assert (result.exit_code, result.output.strip()) == (1, sentence)
    assert not list(folder.iterdir())
    folder.chmod(0o750)
    assert CliRunner().invoke(main, ["--data", str(folder), "init"]).exit_code == 0
    (folder / "uwlr.sqlite3").chmod(0o660)
    assert "uwlr.sqlite3'" in CliRunner().invoke(main, ["--data", str(folder), "school", "list"]).output


@pytest.mark.skipif(sys.platform != "linux", reason="as above")
def test_a_database_behind_a_link_is_like_any_other(tmp_path: Path) -> None:
    """The file that a link leads to is created for its owner only, and its folder is checked as well."""
    data, elsewhere = tmp_path / "data", tmp_path / "elsewhere"
    for folder in (data, elsewhere):
        folder.mkdir(mode=0o755)
    (data / "uwlr.sqlite3").symlink_to(elsewhere / "echt.sqlite3")
    database = Database(Settings(data=data).database_url)
    database.upgrade()
    with database.writing() as connection:
        connection.exec_driver_sql("CREATE TABLE proef (a)")
        found = {path.name: rights(path) for path in elsewhere.iterdir()}
    assert found == dict.fromkeys(("echt.sqlite3", "echt.sqlite3-wal", "echt.sqlite3-shm"), 0o600)
    database.close()
    for folder in (data, elsewhere):
        folder.chmod(0o775)
        with pytest.raises(DatabaseUnusableError, match="chmod go-w"):
            Database(Settings(data=data).database_url)
        folder.chmod(0o755)


def test_a_saved_answer_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    """`pull --out` replaces a file that others could read by one that they cannot."""
    path = tmp_path / "school.xml"
    path.write_text("oud", encoding="utf-8")
    path.chmod(0o644)
    write_private(path, b"<nieuw/>")
    assert (rights(path), path.read_bytes()) == (0o600, b"<nieuw/>")


def test_a_saved_answer_that_cannot_be_written_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until the new file is whole the old one stays, and a failure leaves no part of the new one."""
    path = tmp_path / "school.xml"
    path.write_bytes(b"<oud/>")

    def fail(*_: object) -> None:
        assert path.read_bytes() == b"<oud/>"
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(OSError, match="No space"):
        write_private(path, b"<nieuw/>")
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("school.xml", b"<oud/>")]


@pytest.mark.parametrize("url", ["geen-url", "onbekend://x", "mysql+nergens://x/y"])
def test_a_database_of_another_kind_is_one_sentence(url: str) -> None:
    """A URL that leads nowhere is refused as an DatabaseUnusableError."""
    with pytest.raises(DatabaseUnusableError):
        Database(url)


def test_a_file_that_is_no_database_is_one_sentence(tmp_path: Path) -> None:
    """A command on a broken file ends with a reason, without a trace."""
    (tmp_path / "uwlr.sqlite3").write_bytes(b"geen database, maar wel lang genoeg om er een te lijken" * 40)
    result = CliRunner().invoke(main, ["--data", str(tmp_path), "school", "list"])
    assert result.exit_code == 1
    assert "Error: the database cannot be used" in result.output


def test_a_folder_that_cannot_be_is_one_sentence() -> None:
    """A data folder below a file is refused with the system's reason."""
    result = CliRunner().invoke(main, ["--data", "/dev/null/x", "init"])
    assert result.exit_code == 1
    assert "Error: the data folder cannot be used" in result.output
    result = CliRunner().invoke(main, ["--data", "/dev/null/x", "school", "list"])
    assert result.exit_code == 1
    assert "uwlr-adapter init" in result.output


def test_a_current_database_is_only_read(tmp_path: Path) -> None:
    """A command that reads does not wait for a writer."""
    url = f"sqlite:///{tmp_path}/uwlr.sqlite3"
    first, second = Database(url), Database(url)
    first.upgrade()
    with first.writing():
        second.upgrade()


@pytest.mark.usefixtures("backend")
def test_a_later_commit_is_for_itself_only(tmp_path: Path) -> None:
    """Asynchronous commit holds for its own transaction; the next transaction waits for the disk again."""
    database = Database(Settings(data=tmp_path).database_url)
    query = "PRAGMA synchronous" if database.backend.is_embedded else "SHOW synchronous_commit"
    if not database.backend.is_embedded:  # the server of the tests keeps nothing over a power cut
        sa.event.listen(database.engine, "connect", lambda made, _: made.execute("SET synchronous_commit = on"))
    found = []
    for later in (False, True, False):
        with database.writing(later=later) as connection:
            found.append(str(connection.exec_driver_sql(query).scalar()))
    assert found == (["2", "1", "2"] if database.backend.is_embedded else ["on", "off", "on"])
    database.close()


@pytest.mark.usefixtures("backend")
def test_a_statement_is_explained_anew_each_time(tmp_path: Path) -> None:
    """What the driver keeps of a statement does not hide that its table is gone: readiness rests on it."""
    database = open_database(tmp_path)
    by_brin6 = vestiging.delete().where(vestiging.c.brin6 == sa.bindparam("brin6", type_=sa.String))
    erase = [Delete(DeleteStatement(by_brin6), {"brin6": "21QW00"})]
    database.explain(erase)
    database.explain(erase)
    other = Database(Settings(data=tmp_path).database_url)
    with other.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE vestiging RENAME TO weg")
    with pytest.raises(DBAPIError):
        database.explain(erase)
