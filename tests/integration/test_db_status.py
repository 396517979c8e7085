"""`uwlr-adapter db status`: what it says of each state of a database, and that it changes nothing."""

import json
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from support.databases import everything
from support.served_school import furnish

from uwlr_adapter.cli.base import Context
from uwlr_adapter.cli.database import db
from uwlr_adapter.cli.database_status import pending_migrations
from uwlr_adapter.db.database import Database
from uwlr_adapter.db.schema_version import SCHEMA, schema_version
from uwlr_adapter.keys.server_keys import ServerKeys
from uwlr_adapter.settings import Settings


def run(data: Path, *arguments: str) -> Result:
    """Run `uwlr-adapter db status`."""
    return CliRunner().invoke(db, ["status", *arguments], obj=Context(Settings(data=data)))


def set_schema(data: Path, number: int, readable_from: int) -> None:
    """Make the database say that it has another schema."""
    database = Database(Settings(data=data).database_url)
    with database.writing() as connection:
        connection.execute(schema_version.update().values(number=number, readable_from=readable_from))


@pytest.mark.parametrize(
    ("number", "readable_from", "state", "pending", "sentence"),
    [
        (SCHEMA, 7, "usable", [], "This version can use the database."),
        (SCHEMA + 1, SCHEMA, "usable", [], f"Code of schema {SCHEMA} and newer can use it. To go back"),
        (18, 7, "old", pending_migrations(18), "run `uwlr-adapter db upgrade` first (it has schema 18"),
        (SCHEMA + 2, SCHEMA + 1, "newer", [], "restoring the backup from before its `db upgrade`"),
    ],
)
def test_each_state(
    tmp_path: Path, number: int, readable_from: int, state: str, pending: list[str], sentence: str
) -> None:
    """Which code can use it, and what an upgrade would do: for a reader, and for a program."""
    furnish(tmp_path)
    set_schema(tmp_path, number, readable_from)
    done = run(tmp_path)
    assert (done.exit_code, sentence in done.stdout) == (0, True), done.output
    found = json.loads(run(tmp_path, "--json").stdout)
    told = {name: found[name] for name in ("state", "schema", "readable_from", "code", "pending")}
    assert told == {
        "state": state,
        "schema": number,
        "readable_from": readable_from,
        "code": SCHEMA,
        "pending": pending,
    }
    if state == "usable":
        key = (tmp_path / "keys").read_text().partition("=")[0]
        assert (found["key_in_use"], found["keys_here"], found["processes"]) == (key, [key], 0)


def test_nothing_is_changed(backend: str, tmp_path: Path) -> None:
    """Neither in the database nor beside it; keys that are absent are told, and not made."""
    furnish(tmp_path)
    database = Database(Settings(data=tmp_path).database_url)
    ServerKeys.from_settings(Settings(data=tmp_path), database)
    before = everything(database)
    assert run(tmp_path).exit_code == 0
    (tmp_path / "keys").unlink()
    done = run(tmp_path)
    assert (done.exit_code, "there is no key file" in done.stderr) == (0, True)
    assert everything(database) == before
    assert not (tmp_path / "keys").exists()


def test_a_key_in_use_that_is_not_known_yet(tmp_path: Path) -> None:
    """After an upgrade from a version that knew of none, until a process of this one has started."""
    furnish(tmp_path)
    with Database(Settings(data=tmp_path).database_url).writing() as connection:
        connection.execute(sa.text("UPDATE server_key SET used_since = NULL, replaced_at = NULL"))
    done = run(tmp_path)
    assert (done.exit_code, "Server key in use: none yet" in done.stdout) == (0, True), done.output


def test_without_a_database(tmp_path: Path) -> None:
    """It names `init`, and makes nothing; a URL of nothing that we know is a failure in one sentence."""
    done = run(tmp_path / "new")
    assert (done.exit_code, "uwlr-adapter init" in done.stdout) == (0, True)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "uwlr.sqlite3").write_text("no database")
    done = run(tmp_path)
    assert (done.exit_code, done.stderr.count("\n")) == (1, 1)
