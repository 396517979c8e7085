"""`db copy`: a database moves to the other kind and back, as a whole or not at all."""

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from support.moving import Place, Rows
from support.served_school import ServedSchool, furnish

from uwlr_adapter.backup import carrying, copying
from uwlr_adapter.backup.carrying import CarryError
from uwlr_adapter.db.bulk import take_ids
from uwlr_adapter.db.database import Database
from uwlr_adapter.db.metadata import metadata
from uwlr_adapter.db.table_rows import CanonicalRow, TableShape, write_rows


@dataclass(frozen=True)
class Moved:
    """A school on SQLite, its copy on PostgreSQL, and the copy of that on SQLite, with the rows of then."""

    served: ServedSchool
    places: tuple[Place, Place, Place]
    rows: tuple[Rows, Rows, Rows]
    told: str
    last_id: int
    made: list[str]
    """The check value of the key that `init` made on PostgreSQL, before the copy."""


@pytest.fixture(scope="module")
def moved(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moved]:
    """Copy there and back."""
    folder = tmp_path_factory.mktemp("moved")
    served = furnish(folder / "school")
    here = Place.on_sqlite(served.data)
    with here.database() as database, database.writing() as connection:
        last_id = take_ids(connection, metadata.tables["persoon"], 5)[-1]
    with (
        Place.new("postgresql", folder / "there", request) as there,
        Place.new("sqlite", folder / "b", request) as back,
    ):
        there.done("init")
        there.execute("INSERT INTO failure VALUES ('2026-11-30 12:00:00', 'somebody', 3)")
        made = there.rows()["server_key"]
        told = here.done("db", "copy", "--to", there.url)
        there.with_keys_of(here).done("db", "copy", "--to", back.url)
        back.with_keys_of(here)
        rows = (here.rows(), there.rows(), back.rows())
        yield Moved(served, (here, there, back), rows, told, last_id, made)


@pytest.fixture
def source(tmp_path: Path) -> Place:
    """Return the database of the example school, on SQLite."""
    return Place.on_sqlite(furnish(tmp_path / "school").data)


def test_every_row_is_the_same(moved: Moved) -> None:
    """Koppelingen, codes, journaal and batches move there and back, and the command says what it compared."""
    here, there, back = moved.rows
    assert here == there == back
    assert "every table is equal, and so is every answer of 5" in moved.told
    assert f"Copied {sum(map(len, here.values()))} rows" in moved.told


def test_callers_notice_nothing(moved: Moved) -> None:
    """Each call is answered as before, with the codes that schools entered."""
    found = [place.outcomes(moved.served) for place in moved.places]
    assert found[0][""] == "leerlinggegevens"
    assert found[0] == found[1] == found[2]
    for place in moved.places[1:]:
        assert "Nothing is wrong" in place.done("db", "check", "--all-answers")


def test_a_target_in_which_only_init_ran_is_empty(moved: Moved) -> None:
    """The check value of the key that `init` made is not kept: no code needs that key."""
    assert len(moved.made) == 1
    assert not set(moved.made) & set(moved.rows[1]["server_key"])


def test_a_count_of_the_target(moved: Moved) -> None:
    """What is no fact does not make a database full, and goes: it is about what was there before."""
    assert moved.places[1].scalar("SELECT COUNT(*) FROM failure WHERE subject = 'somebody'") == 0


def test_ids_go_on(moved: Moved) -> None:
    """No id that was handed out before names somebody else after, and each table goes on numbering its rows."""
    for place in moved.places[1:]:
        last = place.scalar("SELECT max(id) FROM journaal")
        with place.database() as database, database.writing() as connection:
            assert take_ids(connection, metadata.tables["persoon"], 1)[0] > moved.last_id
        place.done("afnemer", "add", "Nieuwe")
        place.done("gebruiker", "add", "nieuw", "--naam", "Nieuw", "--vestiging", "21QW00")
        assert isinstance(last, int)
        assert place.scalar("SELECT max(id) FROM journaal") == last + 2


def test_a_copy_that_breaks_off_can_be_begun_again(
    source: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When it fails, or a table or an answer comes out otherwise, there is nothing, and the next copy is whole."""
    before, counts, target = source.rows(), itertools.count(), Place.on_sqlite(tmp_path / "new")

    def fail(connection: sa.Connection, shape: TableShape, rows: Sequence[CanonicalRow]) -> None:
        if shape.name == "plaatsing":
            raise CarryError("broke off")
        write_rows(connection, shape, rows)

    def number(*_: object) -> bytes:
        return str(next(counts)).encode()

    for module, name, broken, told in (
        (carrying, "write_rows", fail, "broke off"),
        (carrying, "encode", number, "is not what it had to be"),
        (copying, "render", number, "the answer for 21QW00"),
    ):
        with monkeypatch.context() as patched:
            patched.setattr(module, name, broken)
            assert told in source.refused("db", "copy", "--to", target.url)
        assert not (target.data / "uwlr.sqlite3").exists()
        assert "there is no database here yet" in target.refused("serve")
    source.done("db", "copy", "--to", target.url)
    assert target.rows() == before == source.rows()


def test_a_source_that_fails_afterwards_is_told(source: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The copy is done by then, and the command says so; what came into the source meanwhile is not known."""

    def fail(_database: Database) -> Iterator[sa.Connection]:
        raise sa.exc.OperationalError("", None, psycopg.OperationalError("lost"))

    copy_ = copying._copy  # noqa: SLF001 - the moment between the copy and what comes after it

    def act(*arguments: Any) -> copying.Copied:
        done = copy_(*arguments)
        monkeypatch.setattr(Database, "reading", fail)
        return done

    target = Place.on_sqlite(tmp_path / "new")
    with monkeypatch.context() as patched:
        patched.setattr(copying, "_copy", act)
        told = source.done("db", "copy", "--to", target.url)
    monkeypatch.undo()
    assert "Warning: the source failed after it was copied" in told
    assert target.rows() == source.rows()


def test_a_commit_without_an_answer_may_be_done(source: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody knows then what the target holds, and the command does not say that nothing was written."""
    writing = Database.writing

    @contextmanager
    def lose(database: Database) -> Iterator[sa.Connection]:
        with writing(database) as connection:
            yield connection
        raise sa.exc.OperationalError("", None, psycopg.OperationalError("lost"))

    target = Place.on_sqlite(tmp_path / "new")
    target.done("init")
    with monkeypatch.context() as patched:
        patched.setattr(Database, "writing", lose)
        told = source.refused("db", "copy", "--to", target.url)
    assert "the last step may have been done: run `db check` on the target" in told
    assert "nothing was written" not in told
    assert target.rows() == source.rows()


def test_what_came_in_meanwhile_is_told(source: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An act of after the snapshot is not in the copy, and the command says that there was one."""
    acts: list[str] = []

    def act(*arguments: Any) -> None:
        if not acts:
            acts.append(source.done("afnemer", "add", "Nieuwe"))
        carrying.require_equal(*arguments)

    monkeypatch.setattr(copying, "require_equal", act)
    target = Place.on_sqlite(tmp_path / "new")
    told = source.done("db", "copy", "--to", target.url)
    assert "Warning: after the copy began 1 entry came into the journaal" in told
    assert "Nieuwe" not in str(target.rows())
