"""`backup`, `restore` and `db copy` with bad input: a sentence that says what and what to do, and nothing touched."""

import gzip
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.databases import everything
from support.moving import Place
from support.served_school import furnish

from uwlr_adapter.backup import backup_file
from uwlr_adapter.backup.backup_file import BackupHead, TableEnd
from uwlr_adapter.db.schema_version import SCHEMA
from uwlr_adapter.db.table_rows import TableDigest, TableShape, encode


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> tuple[Place, Path]:
    """Return the example school, which no test of this module changes, and a backup of it."""
    folder = tmp_path_factory.mktemp("school")
    source = Place.on_sqlite(furnish(folder / "data").data)
    source.done("backup", folder / "school.uwlr")
    return source, folder / "school.uwlr"


@pytest.fixture
def source(school: tuple[Place, Path]) -> Iterator[Place]:
    """Yield its place; it stays as it is."""
    with school[0].database() as database:
        before = everything(database)
    yield school[0]
    with school[0].database() as database:
        assert everything(database) == before


@pytest.fixture
def file(school: tuple[Place, Path]) -> Path:
    """Return its backup."""
    return school[1]


@pytest.fixture
def target(tmp_path: Path, source: Place) -> Iterator[Place]:
    """Yield a new place, in which nothing may be made: its folder has the keys, before and after."""
    place = Place.on_sqlite(tmp_path / "target")
    place.data.mkdir(mode=0o700)
    yield place.with_keys_of(source)
    assert {path.name for path in place.data.iterdir()} <= {"keys"}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Yield a disk of 256 kB; where none can be mounted, the test skips."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k,mode=700", "none", folder], check=False)
    if mounted.returncode:
        pytest.skip("nothing can be mounted here")
    yield folder
    subprocess.run(["umount", folder], check=True)


def fill(disk: Path, left: int) -> None:
    """Fill a disk but for some bytes."""
    free = shutil.disk_usage(disk).free
    (disk / "other").write_bytes(b"x" * (free - left))


def test_a_backup_replaces_nothing(source: Place, tmp_path: Path) -> None:
    """A file that is there stays, unless it is to be replaced; a folder is none, and one that is not there is told."""
    there = tmp_path / "there"
    there.write_text("mine")
    assert "is there already and stays as it is: name another file, or add --force" in source.refused("backup", there)
    assert "is a folder: name a file" in source.refused("backup", tmp_path)
    assert "No such file or directory; nothing was left" in source.refused("backup", tmp_path / "no" / "file")
    assert (there.read_text(), [path.name for path in tmp_path.iterdir()]) == ("mine", ["there"])
    source.done("backup", there, "--force")
    assert there.stat().st_mode & 0o777 == 0o600


def test_a_full_disk(source: Place, target: Place, file: Path, disk: Path) -> None:
    """Nothing half stays on a disk that gets full: no file of a backup, and no database."""
    fill(disk, 8192)
    assert "No space left on device; nothing was left" in source.refused("backup", disk / "file")
    assert [path.name for path in disk.iterdir()] == ["other"]
    url = f"sqlite:///{disk}/uwlr.sqlite3"
    (disk / "other").unlink()
    for command in (["db", "copy", "--to", url], ["restore", file, "--yes"]):
        place = source if command[0] == "db" else Place(target.data, url)
        assert "the disk of the database is full (SQLITE_FULL)" in place.refused(*command)
        assert list(disk.iterdir()) == []


def test_a_read_only_disk(source: Place, target: Place, file: Path, disk: Path) -> None:
    """A disk that cannot be written is named as such."""
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    url = f"sqlite:///{disk}/uwlr.sqlite3"
    assert "Read-only file system; nothing was left" in source.refused("backup", disk / "file")
    assert "Read-only file system" in source.refused("db", "copy", "--to", url)
    assert "Read-only file system" in Place(target.data, url).refused("restore", file, "--yes")
    assert list(disk.iterdir()) == []


def test_a_file_that_is_not_whole(target: Place, file: Path, tmp_path: Path) -> None:
    """A file that was cut off, or of which one byte changed, is refused before anything is made."""
    content, wrong = file.read_bytes(), tmp_path / "wrong"
    middle = len(content) // 2
    for other in (content[:middle], content[:-1], content[:middle] + b"\0" + content[middle + 1 :]):
        wrong.write_bytes(other)
        told = target.refused("restore", wrong, "--yes")
        assert "cut off or changed after it was written" in told
        assert "an earlier backup" in told
    wrong.write_bytes(b"PK\3\4")
    assert "is no backup that `uwlr-adapter backup` wrote" in target.refused("restore", wrong, "--yes")
    target.refused("restore", tmp_path / "absent", "--yes", status=2)


def test_a_backup_of_a_newer_version(
    target: Place, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its schema number is above that of the code: the sentence names the version that can restore it."""
    newer = tmp_path / "newer"
    as_json = BackupHead.as_json
    monkeypatch.setattr(BackupHead, "as_json", lambda head: as_json(head) | {"schema": SCHEMA + 1, "version": "9.9.9"})
    with backup_file.reading(file) as reader, newer.open("wb") as out, backup_file.writing(out) as writer:
        writer.head(reader.head)
        writer.finish()
    told = target.refused("restore", newer, "--yes")
    assert "made by a newer version (9.9.9): install that one" in told


Tables = dict[str, tuple[dict[str, str], list[list[Any]]]]
"""By its name the columns of a table with the word of each, and its rows."""


def rewrite(file: Path, other: Path, change: Callable[[Tables], object]) -> Path:
    """Write a backup again with other tables, as somebody does who can make every digest."""
    tables: Tables = {}
    with backup_file.reading(file) as reader:
        for shape, found in reader.tables():
            tables[shape.name] = dict(shape.columns), list(found)
        head, ends = reader.head, reader.ends
    change(tables)
    head = replace(head, counts={name: len(rows) for name, (_, rows) in tables.items()})
    with other.open("wb") as out, backup_file.writing(out) as writer:
        writer.head(head)
        for name, (columns, rows) in tables.items():
            digest = TableDigest()
            writer.table(TableShape(name, tuple(columns.items())))
            for row in rows:
                digest.add(encode(row))
                writer.row(encode(row))
            writer.end(TableEnd(name, digest.rows, digest.hex, ends[name].highest_id if name in ends else None))
        writer.finish()
    return other


def without_column(tables: Tables, name: str, column: str) -> None:
    """Take a column out of a table."""
    columns, rows = tables[name]
    place = list(columns).index(column)
    del columns[column]
    for row in rows:
        del row[place]


def with_column(tables: Tables, name: str) -> None:
    """Give a table a column more."""
    columns, rows = tables[name]
    columns["extra"] = "text"
    for row in rows:
        row.append("x")


@pytest.mark.parametrize(
    "change",
    [
        lambda tables: tables.update(niets=({"id": "integer"}, [])),
        lambda tables: tables.update({"[/geheim]\x1b[2J": ({"id": "integer"}, [[1]])}),
        lambda tables: tables.update(key_holder=({"id": "text"}, [["x"]])),
        lambda tables: tables.pop("koppeling"),
        lambda tables: tables.pop("server_key"),
        lambda tables: without_column(tables, "koppeling", "code_digest"),
        lambda tables: without_column(tables, "persoon", "eckid"),
        lambda tables: with_column(tables, "persoon"),
    ],
)
def test_a_backup_of_other_tables(
    target: Place, file: Path, tmp_path: Path, change: Callable[[Tables], object]
) -> None:
    """A table or column too many or too few is told before anything is written, by the dry run too."""
    wrong = rewrite(file, tmp_path / "wrong", change)
    for option in ("--dry-run", "--yes"):
        told = target.refused("restore", wrong, option)
        assert f"has not the tables and columns of its schema number ({SCHEMA})" in told
        assert "geheim" not in told


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("journaal", "moment", "geheim"),
        ("journaal", "id", 2**70),
        ("persoon", "roepnaam", ["geheim"]),
        ("persoon", "roepnaam", "geheim\ud800"),
    ],
)
def test_a_value_that_is_none(
    source: Place,
    file: Path,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    kind: str,
    table: str,
    column: str,
    value: object,
) -> None:
    """A value that is not of its column is told by the table, never by itself, and nothing is written."""

    def change(tables: Tables) -> None:
        columns, rows = tables[table]
        rows[0][list(columns).index(column)] = value

    wrong = rewrite(file, tmp_path / "wrong", change)
    with Place.new(kind, tmp_path / "new", request) as place:
        told = place.with_keys_of(source).refused("restore", wrong, "--yes")
        assert f"{table} cannot be" in told or f"{table} is not what it had to be" in told
        assert "geheim" not in told
        assert "cannot be reached" not in told
        if kind == "postgresql":
            assert place.tables() == set()


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("moment", "2026-11-30T12:00:00"),
        ("moment", "9999-12-31T23:59:59+00:00"),
        ("moment", "0001-01-01T00:00:00+00:00"),
        ("schema", 0),
        ("schema", -1),
        ("schema", float("inf")),
    ],
)
def test_a_head_that_says_nonsense(target: Place, file: Path, tmp_path: Path, member: str, value: object) -> None:
    """A moment that cannot be reckoned with and a schema number that never was are damage."""
    first, _, rest = gzip.decompress(file.read_bytes()).partition(b"\n")
    wrong = tmp_path / "wrong"
    with wrong.open("wb") as out, gzip.GzipFile("", "wb", 4, out, mtime=0) as packed:
        packed.write(json.dumps(json.loads(first) | {member: value}).encode() + b"\n" + rest)
    assert "the backup is not whole" in target.refused("restore", wrong, "--dry-run")


def test_a_source_with_a_value_that_is_none(tmp_path: Path) -> None:
    """A file of SQLite in which somebody wrote by hand: each command names the table, and not the value."""
    place = Place.on_sqlite(furnish(tmp_path / "data").data)
    place.execute("UPDATE import_batch SET moment = 'geheim'")
    for command in (["backup", tmp_path / "file"], ["db", "copy", "--to", f"sqlite:///{tmp_path}/b"], ["db", "check"]):
        told = place.refused(*command)
        assert "the table import_batch cannot be read or written: a value is not of its type" in told
        assert "geheim" not in told
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_keys_that_do_not_belong(target: Place, file: Path) -> None:
    """Without the keys, with another key of the same name, and with a key that is not the one: nothing is made."""
    keys = target.data / "keys"
    name, _, _ = keys.read_text().partition("=")
    keys.write_text(f"{name}={'0c' * 32}\n")
    assert f"server key '{name}' is another one than this database" in target.refused("restore", file, "--yes")
    keys.write_text(f"ander={'0c' * 32}\n")
    assert f"server key '{name}' is missing" in target.refused("restore", file, "--yes")
    keys.unlink()
    told = target.refused("restore", file, "--yes")
    assert "there is no key file" in told
    assert "UWLR_KEYS_FILE" in told


def test_a_target_that_is_not_empty(
    source: Place, target: Place, file: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """A database with rows is left alone, itself above all, whatever kind it is."""
    sentence = "the target is not empty: its table"
    assert sentence in source.refused("db", "copy", "--to", source.url)
    assert sentence in source.refused("restore", file, "--yes")
    with Place.new("postgresql", tmp_path / "other", request, with_tables=True) as other:
        other.done("school", "add", "30AD00", "--naam", "Een andere school")
        before = other.rows()
        for told in (source.refused("db", "copy", "--to", other.url), other.refused("restore", file, "--yes")):
            assert sentence in told
            assert "Name a new database" in told
        assert other.rows() == before
        other.execute("UPDATE schema_version SET number = number + 1, readable_from = number + 1")
        assert "newer version" in source.refused("db", "copy", "--to", other.url)
        other.execute("UPDATE schema_version SET readable_from = 1")
        assert "upgraded by a newer version" in other.refused("backup", tmp_path / "file")
        assert not (tmp_path / "file").exists()


def test_a_copy_onto_itself(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """A database without rows is no target of itself, whatever the URL looks like."""
    for kind in ("sqlite", "postgresql"):
        with Place.new(kind, tmp_path / kind, request, with_tables=True) as place:
            other = place.url.replace("/uwlr.sqlite3", "/../sqlite/uwlr.sqlite3").replace("//postgres:@", "//postgres@")
            assert other != place.url
            assert "the target is the database itself" in place.refused("db", "copy", "--to", other)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("onzin", "is no URL of a database that is supported here"),
        ("mysql://u:geheim@host/db", "is no URL of a database that is supported here"),
        ("postgresql://u:geheim@127.0.0.1:1/db", "cannot be reached"),
        ("sqlite:////proc/uwlr/uwlr.sqlite3", "the data folder cannot be used"),
    ],
)
def test_a_wrong_url(source: Place, target: Place, file: Path, url: str, told: str) -> None:
    """It is told what is wrong, without the URL: that may hold a password."""
    for command in (
        source.refused("db", "copy", "--to", url),
        Place(target.data, url).refused("restore", file, "--yes"),
    ):
        assert told in command
        assert "geheim" not in command


def test_what_is_compared_with_must_be_there(target: Place, file: Path, tmp_path: Path) -> None:
    """A present database that is not there, and a list that is none, stop a restore before it begins."""
    absent = f"sqlite:///{tmp_path}/absent.sqlite3"
    assert "there is no database here" in target.refused("restore", file, "--yes", "--present", absent)
    wrong = tmp_path / "list"
    for content in (b"", b"{}", b'{"uwlr-adapter": "forgotten", "form": 1}\n{"brincode": 1}\n', b"\xff\xfe"):
        wrong.write_bytes(content)
        told = target.refused("restore", file, "--yes", "--forgotten", wrong)
        assert "the list of forgotten persons" in told


def test_a_restore_asks_first(target: Place, file: Path) -> None:
    """No is no."""
    assert target.run("restore", file, answer="n\n").exit_code == 1
