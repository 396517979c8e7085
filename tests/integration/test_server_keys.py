"""The server keys: where they come from, when they are refused, and what their digests keep apart."""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from support.school_builder import BRIN6, CODE, KLANTCODE, MOMENT, open_database
from support.world import identify

from uwlr_adapter.db.database import Database
from uwlr_adapter.keys import key_file, rotation
from uwlr_adapter.keys.holders import HolderReport
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


NOBODY = 65534
"""A user that is not the one of the tests."""


@pytest.mark.parametrize(
    ("mode", "owner", "euid", "refused"),
    [
        (0o600, 1000, 1000, ""),
        (0o400, 1000, 1000, ""),
        (0o600, 0, 1000, ""),
        (0o440, 0, 1000, ""),
        (0o640, 0, 1000, ""),
        (0o600, 1000, 0, ""),
        (0o640, 1000, 1000, "chmod 600"),
        (0o640, 1000, 0, "chmod 600"),
        (0o604, 1000, 1000, "chmod 600"),
        (0o644, 0, 1000, "everybody on this machine"),
        (0o444, 0, 1000, "everybody on this machine"),
        (0o660, 0, 1000, "can write"),
        (0o620, 1000, 1000, "can write"),
        (0o602, 0, 0, "can write"),
        (0o610, 0, 0, "chmod 600"),
        (0o601, 0, 0, "everybody on this machine"),
        (0o440, NOBODY, 1000, "another user"),
        (0o600, NOBODY, 1000, "another user"),
    ],
)
def test_rights(tmp_path: Path, mode: int, owner: int, euid: int, refused: str) -> None:
    """Nobody but the service and root may change or read it; the refusal says what to do."""
    file = tmp_path / "sleutels"
    file.write_text(A)
    file.chmod(mode)
    status = os.stat_result((*file.stat()[:4], owner, *file.stat()[5:]))
    with patch.object(os, "geteuid", return_value=euid), patch.object(os, "fstat", return_value=status):
        if not refused:
            assert key_file.read(file) == [A]
            return
        with pytest.raises(ValueError, match=refused):
            key_file.read(file)


def test_a_refusal_of_rights_says_what_to_do(tmp_path: Path, database: Database) -> None:
    """As the command tells it: one sentence with the file and the chmod."""
    file = tmp_path / "sleutels"
    file.write_text(A)
    file.chmod(0o622)
    with pytest.raises(ServerKeyError, match=r"sleutels cannot be used: .*chmod 600"):
        load(tmp_path, database, keys_file=file)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
@pytest.mark.parametrize("mode", [0o444, 0o440, 0o400])
def test_a_secret_that_a_container_mounts(tmp_path: Path, database: Database, mode: int) -> None:
    """Links lead to a file of root on a file system that is mounted read-only, as Kubernetes and Docker do it."""
    mount, version = tmp_path / "secrets", tmp_path / "secrets" / "..2026_11_30"
    mount.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", mount], check=False, capture_output=True)
    if made.returncode:
        pytest.skip("mount is not allowed here")
    try:
        version.mkdir()
        (version / "keys").write_text(f"{B}\n{A}\n")
        (version / "keys").chmod(mode)
        (mount / "..data").symlink_to(version.name)
        (mount / "keys").symlink_to("..data/keys")
        if mode == 0o444:
            with pytest.raises(ServerKeyError, match="everybody on this machine"):
                load(tmp_path, database, keys_file=mount / "keys")
        subprocess.run(["mount", "-o", "remount,ro", mount], check=True)
        assert names(load(tmp_path, database, keys_file=mount / "keys")) == ["b", "a"]
        with pytest.raises(OSError, match="Read-only"):
            key_file.append(mount / "keys", "c=00")
    finally:
        subprocess.run(["umount", mount], check=True)


def test_a_pipe_as_file(tmp_path: Path, database: Database) -> None:
    """A pipe in the place of the key file is refused at once, and not waited for."""
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(ServerKeyError, match="not a regular file"):
        load(tmp_path, database, keys_file=tmp_path / "pipe")


def test_a_line_is_added_to_a_file(tmp_path: Path) -> None:
    """The file behind a link gets it at its end; its rights, and the comments in it, stay; nothing else is left."""
    file, link = tmp_path / "keys-1", tmp_path / "keys"
    file.write_text(f"# of 2026\n{A}")
    file.chmod(0o400)
    link.symlink_to(file.name)
    key_file.append(link, B)
    assert (file.read_text(), file.stat().st_mode & 0o777) == (f"# of 2026\n{A}\n{B}\n", 0o400)
    assert link.is_symlink()
    assert sorted(tmp_path.iterdir()) == [link, file]


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


def test_file_of_windows(tmp_path: Path, database: Database) -> None:
    """An editor there begins the file with a byte order mark, and ends its lines in another way."""
    file = tmp_path / "sleutels"
    file.touch(mode=0o600)
    file.write_bytes(f"\ufeff{B}\r\n{A}\r\n".encode())
    assert names(load(tmp_path, database, keys_file=file)) == ["b", "a"]
    key_file.append(file, A_OTHERWISE.replace("a=", "c="))
    assert file.read_text().splitlines() == [B, A, A_OTHERWISE.replace("a=", "c=")]


def test_file_with_comments(tmp_path: Path, database: Database) -> None:
    """A key file holds one key a line; comments and empty lines are skipped."""
    file = tmp_path / "sleutels"
    file.touch(mode=0o600)
    file.write_text(f"# of 2026\n{B}\n\n{A}\n")
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


def test_the_place_in_the_file_says_nothing(tmp_path: Path, database: Database) -> None:
    """A key that is put in front is held, and nothing is stored under it: other machines may not have it yet."""
    load(tmp_path, database, A)
    both = load(tmp_path, database, f"{B},{A}")
    assert both.in_use.name == "a"
    assert load(tmp_path, database, A).digest(SecretPurpose.KLANTCODE, "x").startswith("a:")


def test_a_database_of_older_code(tmp_path: Path, database: Database) -> None:
    """Where no key is in use yet, a key that the database knows comes in use, whatever is put in front meanwhile."""
    load(tmp_path, database, A)
    with database.writing() as connection:
        connection.execute(server_key.update().values(used_since=None))
    assert load(tmp_path, database, f"{B},{A}").in_use.name == "a"


def test_the_key_in_use_must_be_here(tmp_path: Path, database: Database) -> None:
    """Without the key under which codes are stored nothing starts, and no command stores a code under another one."""
    both = load(tmp_path, database, f"{A},{B}")
    use(database, both, "b")
    with database.writing() as connection:
        afnemers.add(connection, load(tmp_path, database, f"{A},{B}"), "Snappet", MOMENT, KLANTCODE, actor="cli:proef")
    with pytest.raises(ServerKeyError, match="'b' is missing here, and new codes are stored under it"):
        load(tmp_path, database, A)
    with database.reading() as connection, pytest.raises(ServerKeyError, match="'b' is missing here"):
        ServerKeys.parse([A]).unknown(connection, MOMENT)


def test_an_older_key_goes_when_nothing_needs_it(tmp_path: Path, database: Database) -> None:
    """It still reads its own, and may be absent only when nothing needs it any more."""
    both = load(tmp_path, database, f"{A},{B}")
    with database.writing() as connection:
        afnemers.add(connection, both, "Snappet", MOMENT, KLANTCODE, actor="cli:proef")
    use(database, both, "b")
    again = load(tmp_path, database, f"{A},{B}")
    assert again.in_use.name == "b"
    assert identify(database, again, "Snappet", KLANTCODE, MOMENT) is not None
    with pytest.raises(ServerKeyError, match="'a' is missing"):
        load(tmp_path, database, B)
    with database.writing() as connection:
        afnemers.rotate(connection, again, "Snappet", MOMENT, actor="cli:proef")
    assert names(load(tmp_path, database, B)) == ["b"]


def test_a_key_that_was_replaced_before_its_use(tmp_path: Path, database: Database) -> None:
    """The key that `init` made may give way to one's own, as long as nothing and nobody has stored under it.

    Who lives is told by the clock of the database: a machine whose own one is a year wrong overlooks nobody.
    """
    first = load(tmp_path, database, A)
    report = HolderReport(database, first)
    report.begin()
    for days in (-365, 0, 365):
        with pytest.raises(ServerKeyError, match="'a' is missing here"), database.reading() as connection:
            ServerKeys.parse([B]).unknown(connection, datetime.now(UTC) + timedelta(days=days))
    report.end()
    assert load(tmp_path, database, B).in_use.name == "b"
    assert load(tmp_path, database, f"{A},{B}").in_use.name == "b"


def use(database: Database, keys: ServerKeys, name: str) -> None:
    """Make a key the one in use."""
    with database.writing() as connection:
        rotation.use(connection, keys, name, MOMENT, actor="cli:proef")


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
