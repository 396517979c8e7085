"""The server keys: where they come from, when they are refused, and what their digests keep apart."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from koppelingen_hulp import BRIN6, CODE, KLANTCODE, MOMENT, open_opslag
from pydantic import SecretStr

from uwlr_adapter.koppelingen import afnemer as afnemers
from uwlr_adapter.koppelingen import sleutelbestand
from uwlr_adapter.koppelingen.sleutels import LANGSTE_GEHEIM, Doel, Sleutelbos, SleutelFout
from uwlr_adapter.koppelingen.tables import serversleutel
from uwlr_adapter.opslag import Opslag
from uwlr_adapter.settings import Settings

A = "a=" + "0a" * 32
A_ANDERS = "a=" + "1a" * 32
B = "b=" + "0b" * 32


@pytest.fixture
def opslag(tmp_path: Path) -> Opslag:
    """Give a new database."""
    return open_opslag(tmp_path, BRIN6)


def load(folder: Path, opslag: Opslag, keys: str | None = None, keys_file: Path | None = None) -> Sleutelbos:
    """Load the keys as a service does."""
    secret = None if keys is None else SecretStr(keys)
    return Sleutelbos.from_settings(Settings(data=folder, keys=secret, keys_file=keys_file), opslag)


def names(bos: Sleutelbos) -> list[str]:
    """Give the names of the keys."""
    return [sleutel.naam for sleutel in bos.sleutels]


def test_first_use_makes_a_file(tmp_path: Path, opslag: Opslag) -> None:
    """Beside a new SQLite database a key file is made, for its owner only, and the next start reads the same key."""
    first = load(tmp_path, opslag)
    file = tmp_path / "keys"
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    second = load(tmp_path, opslag)
    assert first.digest(Doel.KLANTCODE, "x") == second.digest(Doel.KLANTCODE, "x")


def test_many_start_at_once(tmp_path: Path, opslag: Opslag) -> None:
    """Several starts at once, with no key file yet, all get the one key."""
    with ThreadPoolExecutor(8) as pool:
        boxes = list(pool.map(lambda _: load(tmp_path, opslag), range(8)))
    assert len({bos.digest(Doel.KLANTCODE, "x") for bos in boxes}) == 1


def test_second_maker_loses(tmp_path: Path) -> None:
    """Whoever makes the key file second leaves the first one's key in place."""
    file = tmp_path / "keys"
    sleutelbestand.make(file, 32)
    content = file.read_bytes()
    sleutelbestand.make(file, 32)
    assert file.read_bytes() == content
    assert list(tmp_path.iterdir()) == [file]


def test_lost_key_file(tmp_path: Path, opslag: Opslag) -> None:
    """A database that was used with keys gets no new key file when the old one is gone."""
    load(tmp_path, opslag)
    (tmp_path / "keys").unlink()
    with pytest.raises(SleutelFout, match="no key file"):
        load(tmp_path, opslag)
    assert not (tmp_path / "keys").exists()


def test_no_file_is_made_beside_another_database(
    tmp_path: Path, opslag: Opslag, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside another database than SQLite the keys must be given."""
    monkeypatch.setattr(opslag, "is_sqlite", False)
    with pytest.raises(SleutelFout, match="UWLR_KEYS"):
        load(tmp_path, opslag)
    assert not (tmp_path / "keys").exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o660, 0o644, 0o610])
def test_loose_rights(tmp_path: Path, opslag: Opslag, mode: int) -> None:
    """A key file on which group or others have any right is refused, with what to do."""
    file = tmp_path / "sleutels"
    file.write_text(A)
    file.chmod(mode)
    with pytest.raises(SleutelFout, match="chmod 600"):
        load(tmp_path, opslag, keys_file=file)


@pytest.mark.parametrize("content", [b"", b"# none\n", b"\xff\xfe", b"x" * 70_000, (A + "\n" + A).encode()])
def test_broken_file(tmp_path: Path, opslag: Opslag, content: bytes) -> None:
    """A key file that holds no keys is refused."""
    file = tmp_path / "sleutels"
    file.touch(mode=0o600)
    file.write_bytes(content)
    with pytest.raises(SleutelFout):
        load(tmp_path, opslag, keys_file=file)


def test_folder_as_file(tmp_path: Path, opslag: Opslag) -> None:
    """A folder in the place of the key file is refused in one sentence."""
    with pytest.raises(SleutelFout, match="cannot be used"):
        load(tmp_path, opslag, keys_file=tmp_path)


def test_file_with_comments(tmp_path: Path, opslag: Opslag) -> None:
    """A key file holds one key a line, newest first; comments and empty lines are skipped."""
    file = tmp_path / "sleutels"
    file.touch(mode=0o600)
    file.write_text(f"# newest first\n{B}\n\n{A}\n")
    assert names(load(tmp_path, opslag, keys_file=file)) == ["b", "a"]


@pytest.mark.parametrize(
    "keys",
    ["", "0a" * 32, "a=" + "0a" * 31, "a=zz" + "0a" * 32, A + "0", "A=" + "0a" * 32, "a%=" + "0a" * 32, f"{A},{A}"],
)
def test_broken_variable(tmp_path: Path, opslag: Opslag, keys: str) -> None:
    """Keys of another form, too short, or of one name twice are refused, and the refusal holds no key."""
    with pytest.raises(SleutelFout) as caught:
        load(tmp_path, opslag, keys)
    assert "0a0a" not in str(caught.value)


def test_variable_leaves_the_environment(tmp_path: Path, opslag: Opslag, monkeypatch: pytest.MonkeyPatch) -> None:
    """After reading, good or not, UWLR_KEYS is no longer in the environment."""
    monkeypatch.setenv("UWLR_KEYS", A)
    Sleutelbos.from_settings(Settings(data=tmp_path), opslag)
    assert "UWLR_KEYS" not in os.environ
    monkeypatch.setenv("UWLR_KEYS", "nonsense")
    with pytest.raises(SleutelFout):
        Sleutelbos.from_settings(Settings(data=tmp_path), opslag)
    assert "UWLR_KEYS" not in os.environ


def test_another_key_of_the_same_name(tmp_path: Path, opslag: Opslag) -> None:
    """A key that is not the one the database was used with is refused, and stays out of the database."""
    load(tmp_path, opslag, A)
    with pytest.raises(SleutelFout, match="'a' is another one"):
        load(tmp_path, opslag, f"{B},{A_ANDERS}")
    with opslag.reading() as connection:
        assert connection.scalars(sa.select(serversleutel.c.naam)).all() == ["a"]


def test_rotation(tmp_path: Path, opslag: Opslag) -> None:
    """A new key in front writes; the old one still reads, and may go only when nothing needs it any more."""
    old = load(tmp_path, opslag, A)
    with opslag.writing() as connection:
        afnemers.add(connection, old, "Snappet", MOMENT, KLANTCODE)
    both = load(tmp_path, opslag, f"{B},{A}")
    with opslag.reading() as connection:
        assert afnemers.identify(connection, "Snappet", KLANTCODE, MOMENT, both) is not None
    with pytest.raises(SleutelFout, match="'a' is missing"):
        load(tmp_path, opslag, B)
    with opslag.writing() as connection:
        afnemers.rotate(connection, both, "Snappet", MOMENT)
    assert names(load(tmp_path, opslag, B)) == ["b"]


def test_nothing_shows_a_key() -> None:
    """No repr holds a key, a presented secret or a digest."""
    bos = Sleutelbos.parse([A])
    text = repr(bos) + repr(bos.sleutels[0]) + repr(bos.probe(Doel.KLANTCODE, CODE))
    assert CODE not in text
    assert bos.digest(Doel.KLANTCODE, CODE).partition(":")[2] not in text
    assert "0a" * 8 not in text
    assert repr(b"\x0a" * 8)[2:-1] not in text


def test_matches() -> None:
    """A digest matches its own secret, under any key that is here, and nothing else."""
    old, both = Sleutelbos.parse([A]), Sleutelbos.parse([B, A])
    stored = old.digest(Doel.VERIFICATIECODE, CODE)
    assert stored.startswith("a:")
    assert both.digest(Doel.VERIFICATIECODE, CODE).startswith("b:")
    assert both.probe(Doel.VERIFICATIECODE, CODE).matches(stored)
    for wrong in (CODE + "x", CODE.lower(), "", "\ud800"):
        assert not both.probe(Doel.VERIFICATIECODE, wrong).matches(stored)
    assert not both.probe(Doel.VERIFICATIECODE, CODE).matches(None)
    assert not both.probe(Doel.VERIFICATIECODE, CODE).matches("")
    assert not Sleutelbos.parse([B]).probe(Doel.VERIFICATIECODE, CODE).matches(stored)
    assert not both.probe(Doel.VERIFICATIECODE, CODE).matches("b:" + "0" * 64)


def test_domains() -> None:
    """A digest for one purpose is none for another: not even the check value."""
    bos = Sleutelbos.parse([A])
    stored = bos.digest(Doel.VERIFICATIECODE, CODE)
    assert not bos.probe(Doel.KLANTCODE, CODE).matches(stored)


@pytest.mark.parametrize(("octets", "good"), [(64 * 1024, True), (64 * 1024 + 1, False)])
def test_the_largest_key_file(tmp_path: Path, octets: int, *, good: bool) -> None:
    """A file of 64 kB is read, and one octet more is refused unread."""
    file = tmp_path / "keys"
    file.touch(0o600)
    file.write_text(f"{A}\n".ljust(octets, "#"), encoding="utf-8")
    if good:
        assert sleutelbestand.read(file)[0] == A
    else:
        with pytest.raises(ValueError, match="too large"):
            sleutelbestand.read(file)


def test_too_long() -> None:
    """A presented secret over the limit never matches, whatever its beginning."""
    bos = Sleutelbos.parse([A])
    longest = "x" * LANGSTE_GEHEIM
    stored = bos.digest(Doel.KLANTCODE, longest)
    assert bos.probe(Doel.KLANTCODE, longest).matches(stored)
    assert not bos.probe(Doel.KLANTCODE, longest + "x").matches(stored)
