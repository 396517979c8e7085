"""The file of a backup: what was written is read, and anything else is refused."""

import dataclasses
import gzip
import json
import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from uwlr_adapter.backup import backup_file
from uwlr_adapter.backup.backup_file import (
    BackupFileError,
    BackupHead,
    KeyMark,
    TableEnd,
    new_file,
    reading,
    verify,
    writing,
)
from uwlr_adapter.db.table_rows import CanonicalRow, TableDigest, TableShape, encode

SHAPE = TableShape("proef", (("id", "integer"), ("naam", "text")))
EMPTY = TableShape("leeg", (("dag", "date"),))
ROWS: list[CanonicalRow] = [[1, "Zoë"], [2, None], [3, 'een "\n" in een naam']]
HEAD = BackupHead(
    7, datetime(2026, 11, 30, 12, tzinfo=UTC), "0.6.0", {"proef": 3, "leeg": 0}, (KeyMark("k1", "k1:00", is_used=True),)
)


def write(path: Path, rows: list[CanonicalRow] = ROWS, head: BackupHead = HEAD, digest: str | None = None) -> Path:
    """Write a backup of two tables."""
    with new_file(path, replace=True) as (file, _), writing(file) as writer:
        writer.head(head)
        for shape, own in ((SHAPE, rows), (EMPTY, [])):
            found = TableDigest()
            writer.table(shape)
            for row in own:
                found.add(encode(row))
                writer.row(encode(row))
            writer.end(TableEnd(shape.name, found.rows, digest or found.hex, 9))
        writer.finish()
    return path


def read(path: Path) -> tuple[BackupHead, dict[str, list[CanonicalRow]], dict[str, TableEnd]]:
    """Read all of it."""
    with reading(path) as reader:
        return reader.head, {shape.name: list(rows) for shape, rows in reader.tables()}, reader.ends


def lines_of(path: Path) -> list[bytes]:
    """Return the lines of a backup."""
    return gzip.decompress(path.read_bytes()).splitlines(keepends=True)


def put(path: Path, lines: list[bytes]) -> Path:
    """Write other lines as gzip, as the file of a backup begins."""
    with path.open("wb") as file, gzip.GzipFile("", "wb", 4, file, mtime=0) as packed:
        packed.writelines(lines)
    return path


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """The head, each row, and what is said behind a table come back; the file is for its owner only."""
    path = write(tmp_path / "file")
    head, tables, ends = read(path)
    assert (head, tables) == (HEAD, {"proef": ROWS, "leeg": []})
    assert (ends["proef"].rows, ends["proef"].highest_id, ends["leeg"].rows) == (3, 9, 0)
    assert verify(path) == HEAD
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


def test_a_changed_byte_is_refused(tmp_path: Path) -> None:
    """Whatever byte is another one, the file is refused, or says the very same: gzip has a few bits without meaning."""
    good = write(tmp_path / "file").read_bytes()
    said = read(tmp_path / "file")
    changed, refused = tmp_path / "changed", 0
    for place in range(len(good)):
        changed.write_bytes(good[:place] + bytes([good[place] ^ 0x41]) + good[place + 1 :])
        try:
            assert read(changed) == said
        except BackupFileError:
            refused += 1
    assert refused >= len(good) - 2


def test_a_line_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row of just the bound, with its end, is written and read; a larger one is not written, and not read."""
    long: list[CanonicalRow] = [[1, "x" * 1000]]
    length = len(encode(long[0])) + 1
    head = dataclasses.replace(HEAD, counts={"proef": 1, "leeg": 0})
    path = write(tmp_path / "file", long, head)
    monkeypatch.setattr(backup_file, "MAX_LINE", length)
    assert read(write(tmp_path / "again", long, head))[1]["proef"] == long
    monkeypatch.setattr(backup_file, "MAX_LINE", length - 1)
    with pytest.raises(BackupFileError, match="larger than"):
        write(tmp_path / "other", long, head)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["again", "file"]
    with pytest.raises(BackupFileError, match="not whole"):
        read(path)


def test_a_part_of_a_file_is_refused(tmp_path: Path) -> None:
    """A file that was cut off anywhere is refused, and one that goes on behind its end."""
    good = write(tmp_path / "file").read_bytes()
    part = tmp_path / "part"
    for content in (*(good[:length] for length in range(len(good))), good + b"x", good + good):
        part.write_bytes(content)
        with pytest.raises(BackupFileError):
            read(part)


def test_a_changed_line_is_refused(tmp_path: Path) -> None:
    """Lines that were changed, left out, doubled or put elsewhere by somebody with a tool are refused."""
    lines = lines_of(write(tmp_path / "file"))
    chance = random.Random(17)  # noqa: S311 - which line is changed is no secret
    wrong = tmp_path / "wrong"
    for _ in range(300):
        other = list(lines)
        place, second = chance.randrange(len(lines)), chance.randrange(len(lines))
        match chance.randrange(4):
            case 0:
                del other[place]
            case 1:
                other.insert(second, other[place])
            case 2:
                other[place], other[second] = other[second], other[place]
            case _:
                other[place] = json.dumps([9, "x"]).encode() + b"\n"
        if other != lines:
            with pytest.raises(BackupFileError):
                read(put(wrong, other))


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\0" * 40, gzip.compress(b"{}\n", mtime=0), b"\x1f\x8b"])
def test_another_file_is_no_backup(tmp_path: Path, content: bytes) -> None:
    """What `backup` did not write is named so."""
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(BackupFileError, match="is no backup that `uwlr-adapter backup` wrote"):
        read(path)


def test_a_newer_form_names_its_version(tmp_path: Path) -> None:
    """A file of a form that is not known here says which version made it."""
    lines = lines_of(write(tmp_path / "file"))
    lines[0] = lines[0].replace(b'"form":1', b'"form":2').replace(b"0.6.0", b"9.1.0")
    with pytest.raises(BackupFileError, match=r"newer version \(9\.1\.0\)"):
        read(put(tmp_path / "file", lines))


def test_a_wrong_digest_or_count_is_refused(tmp_path: Path) -> None:
    """What is said behind a table and in the head must be true."""
    with pytest.raises(BackupFileError, match="not whole"):
        read(write(tmp_path / "digest", digest="0" * 64))
    with pytest.raises(BackupFileError, match="not whole"):
        read(write(tmp_path / "count", ROWS[:2]))


@pytest.mark.parametrize("line", [b'{"table":' + b"[" * 100_000, b'{"table":"proef","columns":[["id","quux"]]}'])
def test_a_line_that_cannot_be_read_is_damage(tmp_path: Path, line: bytes) -> None:
    """Whatever it does to the reader of JSON."""
    lines = lines_of(write(tmp_path / "file"))
    with pytest.raises(BackupFileError, match="not whole"):
        read(put(tmp_path / "file", [lines[0], line + b"\n"]))


@pytest.mark.parametrize("highest", ['"x"', "-1", str(2**63), "[]"])
def test_a_highest_id_is_one_that_a_database_has(tmp_path: Path, highest: str) -> None:
    """It would stop every later act."""
    lines = lines_of(write(tmp_path / "file"))
    lines = [one.replace(b'"highest_id":9', f'"highest_id":{highest}'.encode()) for one in lines]
    with pytest.raises(BackupFileError, match="not whole"):
        read(put(tmp_path / "file", lines))


def test_a_file_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """A failure in between leaves no file; one of that name stays as it was unless it is to be replaced."""
    path = tmp_path / "file"
    with pytest.raises(KeyError), new_file(path, replace=False):
        raise KeyError
    assert list(tmp_path.iterdir()) == []
    path.write_text("mine")
    with pytest.raises(BackupFileError, match="--force"), new_file(path, replace=False) as (file, _):
        file.write(b"other")
    assert [one.name for one in tmp_path.iterdir()] == ["file"]
    assert path.read_text() == "mine"


def test_a_share_without_hard_links_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file gets its name there too, and replaces none."""

    def refuse(path: Path, target: Path) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    for replace, content in ((False, b"one"), (True, b"two")):
        with new_file(tmp_path / "file", replace=replace) as (file, _):
            file.write(content)
        assert (tmp_path / "file").read_bytes() == content
    with pytest.raises(BackupFileError, match="--force"), new_file(tmp_path / "file", replace=False):
        pass
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


def test_the_digest_is_of_the_rows_and_not_of_their_order() -> None:
    """Two tables with the same rows agree, and each row counts, also one that is there twice."""
    lines = [encode(row) for row in ROWS]

    def digest(lines: list[bytes]) -> tuple[int, str]:
        found = TableDigest()
        for line in lines:
            found.add(line)
        return found.rows, found.hex

    assert digest(lines) == digest(lines[::-1])
    others = (lines[:2], [*lines, lines[0]], [*lines, lines[0], lines[0]], [lines[0], lines[0], lines[1]])
    assert len({digest(lines), *map(digest, others)}) == len(others) + 1
