"""The server keys: where they come from, when they are refused, and what their digests keep apart."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from support.school_builder import BRIN6, CODE, KLANTCODE, MOMENT, open_database
from support.world import identify

from uwlr_adapter.db.database import Database
from uwlr_adapter.keys import key_file
from uwlr_adapter.keys.server_keys import MAX_SECRET, SecretPurpose, ServerKeyError, ServerKeys
from uwlr_adapter.keys.tables import server_key
from uwlr_adapter.koppelingen import afnemers
from uwlr_adapter.settings import Settings

A = "a=" + "0a" * 32
A_OTHERWISE = "a=" + "1a" * 32
B = "b=" + "0b" * 32


@pytest.fixture
def database(tmp_path: Path) -> Database:
    """Return a new database."""
    return open_database(tmp_path, BRIN6)


def load(folder: Path, database: Database, keys: str | None = None, keys_file: Path | None = None) -> ServerKeys:
    """Load the keys as a service does."""
    secret = None if keys is None else SecretStr(keys)
    return ServerKeys.from_settings(Settings(data=folder, keys=secret, keys_file=keys_file), database)


def names(keys: ServerKeys) -> list[str]:
    """Return the names of the keys."""
    return [key.name for key in keys.keys]


def test_first_use_makes_a_file(tmp_path: Path, database: Database) -> None:
    """Beside a new SQLite database a key file is made, for its owner only, and the next start reads the same key."""
    first = load(tmp_path, database)
    file = tmp_path / "keys"
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    second = load(tmp_path, database)
    assert first.digest(SecretPurpose.KLANTCODE, "x") == second.digest(SecretPurpose.KLANTCODE, "x")


def test_many_start_at_once(tmp_path: Path, database: Database) -> None:
    """Several starts at once, with no key file yet, all get the one key."""
    with ThreadPoolExecutor(8) as pool:
        boxes = list(pool.map(lambda _: load(tmp_path, database), range(8)))
    assert len({keys.digest(SecretPurpose.KLANTCODE, "x") for keys in boxes}) == 1


def test_second_maker_loses(tmp_path: Path) -> None:
    """Whoever makes the key file second leaves the first one's key in place."""
    file = tmp_path / "keys"
    key_file.make(file, 32)
    content = file.read_bytes()
    key_file.make(file, 32)
    assert file.read_bytes() == content
    assert list(tmp_path.iterdir()) == [file]


def test_lost_key_file(tmp_path: Path, database: Database) -> None:
    """A database that was used with keys gets no new key file when the old one is gone."""
    load(tmp_path, database)
    (tmp_path / "keys").unlink()
    with pytest.raises(ServerKeyError, match="no key file"):
        load(tmp_path, database)
    assert not (tmp_path / "keys").exists()


def test_no_file_is_made_beside_another_database(
    tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside another database than SQLite the keys must be given."""
    monkeypatch.setattr(database.backend, "is_embedded", False)
    with pytest.raises(ServerKeyError, match="UWLR_KEYS"):
        load(tmp_path, database)
    assert not (tmp_path / "keys").exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o660, 0o644, 0o610])
def test_loose_rights(tmp_path: Path, database: Database, mode: int) -> None:
    """A key file on which group or others have any right is refused, with what to do."""
    file = tmp_path / "sleutels"
    file.write_text(A)
    file.chmod(mode)
    with pytest.raises(ServerKeyError, match="chmod 600"):
        load(tmp_path, database, keys_file=file)


@pytest.mark.parametrize("content", [b"", b"# none\n", b"\xff\xfe", b"x" * 70_000, (A + "\n" + A).encode()])
def test_broken_file(tmp_path: Path, database: Database, content: bytes) -> None:
    """A key file that holds no keys is refused."""
    file = tmp_path / "sleutels"
    file.touch(mode=0o600)
    file.write_bytes(content)
    with pytest.raises(ServerKeyError):
        load(tmp_path, database, keys_file=file)


def test_folder_as_file(tmp_path: Path, database: Database) -> None:
    """A folder in the place of the key file is refused in one sentence."""
    with pytest.raises(ServerKeyError, match="cannot be used"):
        load(tmp_path, database, keys_file=tmp_path)


def test_file_with_comments(tmp_path: Path, database: Database) -> None:
    """A key file holds one key a line, newest first; comments and empty lines are skipped."""
    file = tmp_path / "sleutels"
    file.touch(mode=0o600)
    file.write_text(f"# newest first\n{B}\n\n{A}\n")
    assert names(load(tmp_path, database, keys_file=file)) == ["b", "a"]


@pytest.mark.parametrize(
    "keys",
    ["", "0a" * 32, "a=" + "0a" * 31, "a=zz" + "0a" * 32, A + "0", "A=" + "0a" * 32, "a%=" + "0a" * 32, f"{A},{A}"],
)
def test_broken_variable(tmp_path: Path, database: Database, keys: str) -> None:
    """Keys of another form, too short, or of one name twice are refused, and the refusal holds no key."""
    with pytest.raises(ServerKeyError) as caught:
        load(tmp_path, database, keys)
    assert "0a0a" not in str(caught.value)


def test_variable_leaves_the_environment(tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """After reading, good or not, UWLR_KEYS is no longer in the environment."""
    monkeypatch.setenv("UWLR_KEYS", A)
    ServerKeys.from_settings(Settings(data=tmp_path), database)
    assert "UWLR_KEYS" not in os.environ
    monkeypatch.setenv("UWLR_KEYS", "nonsense")
    with pytest.raises(ServerKeyError):
        ServerKeys.from_settings(Settings(data=tmp_path), database)
    assert "UWLR_KEYS" not in os.environ


def test_another_key_of_the_same_name(tmp_path: Path, database: Database) -> None:
    """A key that is not the one the database was used with is refused, and stays out of the database."""
    load(tmp_path, database, A)
    with pytest.raises(ServerKeyError, match="'a' is another one"):
        load(tmp_path, database, f"{B},{A_OTHERWISE}")
    with database.reading() as connection:
        assert connection.scalars(sa.select(server_key.c.name)).all() == ["a"]


def test_rotation(tmp_path: Path, database: Database) -> None:
    """A new key in front writes; the old one still reads, and may go only when nothing needs it any more."""
    old = load(tmp_path, database, A)
    with database.writing() as connection:
        afnemers.add(connection, old, "Snappet", MOMENT, KLANTCODE, actor="cli:proef")
    both = load(tmp_path, database, f"{B},{A}")
    assert identify(database, both, "Snappet", KLANTCODE, MOMENT) is not None
    with pytest.raises(ServerKeyError, match="'a' is missing"):
        load(tmp_path, database, B)
    with database.writing() as connection:
        afnemers.rotate(connection, both, "Snappet", MOMENT, actor="cli:proef")
    assert names(load(tmp_path, database, B)) == ["b"]


def test_nothing_shows_a_key() -> None:
    """No repr holds a key, a presented secret or a digest."""
    keys = ServerKeys.parse([A])
    text = repr(keys) + repr(keys.keys[0]) + repr(keys.probe(SecretPurpose.KLANTCODE, CODE))
    assert CODE not in text
    assert keys.digest(SecretPurpose.KLANTCODE, CODE).partition(":")[2] not in text
    assert "0a" * 8 not in text
    assert repr(b"\x0a" * 8)[2:-1] not in text


def test_matches() -> None:
    """A digest matches its own secret, under any key that is here, and nothing else."""
    old, both = ServerKeys.parse([A]), ServerKeys.parse([B, A])
    stored = old.digest(SecretPurpose.VERIFICATIECODE, CODE)
    assert stored.startswith("a:")
    assert both.digest(SecretPurpose.VERIFICATIECODE, CODE).startswith("b:")
    assert both.probe(SecretPurpose.VERIFICATIECODE, CODE).matches(stored)
    for wrong in (CODE + "x", CODE.lower(), "", "\ud800"):
        assert not both.probe(SecretPurpose.VERIFICATIECODE, wrong).matches(stored)
    assert not both.probe(SecretPurpose.VERIFICATIECODE, CODE).matches(None)
    assert not both.probe(SecretPurpose.VERIFICATIECODE, CODE).matches("")
    assert not ServerKeys.parse([B]).probe(SecretPurpose.VERIFICATIECODE, CODE).matches(stored)
    assert not both.probe(SecretPurpose.VERIFICATIECODE, CODE).matches("b:" + "0" * 64)


def test_domains() -> None:
    """A digest for one purpose is none for another: not even the check value."""
    keys = ServerKeys.parse([A])
    stored = keys.digest(SecretPurpose.VERIFICATIECODE, CODE)
    assert not keys.probe(SecretPurpose.KLANTCODE, CODE).matches(stored)


@pytest.mark.parametrize(("octets", "good"), [(64 * 1024, True), (64 * 1024 + 1, False)])
def test_the_largest_key_file(tmp_path: Path, octets: int, *, good: bool) -> None:
    """A file of 64 kB is read, and one octet more is refused unread."""
    file = tmp_path / "keys"
    file.touch(0o600)
    file.write_text(f"{A}\n".ljust(octets, "#"), encoding="utf-8")
    if good:
        assert key_file.read(file)[0] == A
    else:
        with pytest.raises(ValueError, match="too large"):
            key_file.read(file)


def test_too_long() -> None:
    """A presented secret over the limit never matches, whatever its beginning."""
    keys = ServerKeys.parse([A])
    longest = "x" * MAX_SECRET
    stored = keys.digest(SecretPurpose.KLANTCODE, longest)
    assert keys.probe(SecretPurpose.KLANTCODE, longest).matches(stored)
    assert not keys.probe(SecretPurpose.KLANTCODE, longest + "x").matches(stored)
