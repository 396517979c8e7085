"""Each act has a name and an id: of the account at a command and its run, of a portal user and the request."""

import io
import json
import logging
import os
import pwd
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from support.csv_sets import GOOD
from support.school_builder import BRIN6, open_database

from uwlr_adapter.cli import main
from uwlr_adapter.cli.base import own_account, own_actor
from uwlr_adapter.db.database import Database
from uwlr_adapter.gebruikers import accounts
from uwlr_adapter.journaal import request_id, search
from uwlr_adapter.journaal.model import Entry
from uwlr_adapter.journaal.tables import journaal
from uwlr_adapter.settings import Settings
from uwlr_adapter.web import logs

NAMES = {1000: "jan", 999: "uwlr-adapter", 0: "root", 1001: "jos\udce9"}


@pytest.fixture
def accounts_of_machine(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Give the machine other accounts, and let the command run under one of them."""

    def find(uid: int) -> Any:
        return SimpleNamespace(pw_name=NAMES[uid])

    monkeypatch.setattr(pwd, "getpwuid", find)
    monkeypatch.setattr(os, "getuid", lambda: 999)
    for name in ("SUDO_UID", "SUDO_USER", "USER", "LOGNAME", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.mark.parametrize(
    ("environment", "actor", "account"),
    [
        ({}, "cli:uwlr-adapter", "uwlr-adapter"),
        ({"USER": "piet", "LOGNAME": "piet", "SUDO_USER": "piet"}, "cli:uwlr-adapter", "uwlr-adapter"),
        ({"SUDO_UID": "1000", "SUDO_USER": "piet"}, "cli:jan/uwlr-adapter", "jan"),
        ({"SUDO_UID": "999"}, "cli:uwlr-adapter", "uwlr-adapter"),
        ({"SUDO_UID": "4242"}, "cli:uid-4242/uwlr-adapter", "uid-4242"),
        ({"SUDO_UID": "1001"}, "cli:jos?/uwlr-adapter", "jos?"),
        *(
            ({"SUDO_UID": wrong}, "cli:uwlr-adapter", "uwlr-adapter")
            for wrong in ("", "-1", "jan", "1e3", " 1000", "\u0661", "4294967295", "9" * 5000)
        ),
    ],
    ids=lambda one: str(one)[:40],
)
def test_who_is_at_a_command(
    accounts_of_machine: pytest.MonkeyPatch, environment: dict[str, str], actor: str, account: str
) -> None:
    """The kernel's account; under sudo the caller before it; never a variable that anybody sets."""
    for name, value in environment.items():
        accounts_of_machine.setenv(name, value)
    assert (own_actor(), own_account()) == (actor, account)


def run(folder: Path, *arguments: str) -> Result:
    """Run a command, which succeeds."""
    result = CliRunner().invoke(main, ["--data", str(folder), *arguments])
    assert result.exit_code == 0, result.output
    return result


def written(folder: Path) -> list[Entry]:
    """Return every entry, in the order in which they were written."""
    with Database(Settings(data=folder).database_url).reading() as connection:
        return search.read(connection)[::-1]


def test_each_act_of_a_command_has_its_actor_and_the_id_of_its_run(tmp_path: Path) -> None:
    """All that one run does has one id, another run another one; what changes nothing is no act."""
    run(tmp_path, "import", "csv", str(GOOD))
    run(tmp_path, "import", "csv", str(GOOD))
    run(tmp_path, "import", "undo", "1", "--yes", "--accept-drop")
    found = written(tmp_path)
    first, second = found[:2], found[2:]
    assert [(one.act, one.brin6, one.remarks) for one in first] == [
        ("gegevens ingelezen", brin6, ("import=1",)) for brin6 in ("21QW00", "21QW01")
    ]
    assert [(one.act, one.remarks) for one in second] == [("import teruggedraaid", ("import=1",))] * 2
    assert {one.actor for one in found} == {own_actor()}
    ids = {one.request_id for one in first}, {one.request_id for one in second}
    assert [len(one) for one in ids] == [1, 1]
    assert all(len(one or "") == 32 for one in ids[0] | ids[1])
    assert ids[0] != ids[1]
    imports = json.loads(run(tmp_path, "import", "list", "--json").stdout)["imports"]
    assert {one["actor"] for one in imports} == {own_actor()}
    assert imports[-1]["request_id"] in ids[0]
    assert f"by {own_actor()}" in run(tmp_path, "import", "show", "1").output


def test_acts_on_users_and_afnemers_are_written_down(tmp_path: Path) -> None:
    """Who may log in for a school, and how an afnemer is judged, changes by somebody; a second time by nobody."""
    open_database(tmp_path).close()
    run(tmp_path, "school", "add", BRIN6, "--naam", "De Regenboog")
    run(tmp_path, "gebruiker", "add", "J.deVries", "--naam", "J. de Vries", "--vestiging", BRIN6)
    run(tmp_path, "gebruiker", "add", "beheer", "--naam", "Beheer", "--rol", "operator")
    for _ in range(2):
        run(tmp_path, "gebruiker", "disable", "j.devries")
    for _ in range(2):
        run(tmp_path, "gebruiker", "enable", "j.devries")
    run(tmp_path, "gebruiker", "reset", "j.devries")
    run(tmp_path, "afnemer", "add", "Snappet")
    for _ in range(2):
        run(tmp_path, "afnemer", "strict", "Snappet")
    run(tmp_path, "afnemer", "strict", "Snappet", "--off")
    found = written(tmp_path)
    assert [(one.kind, one.act, one.brin6, one.remarks) for one in found] == [
        ("gegevens", "vestiging toegevoegd", BRIN6, ()),
        ("gebruiker", "gebruiker toegevoegd", BRIN6, ("login=j.devries",)),
        ("gebruiker", "gebruiker toegevoegd", None, ("login=beheer",)),
        ("gebruiker", "gebruiker geblokkeerd", BRIN6, ("login=j.devries",)),
        ("gebruiker", "gebruiker weer toegelaten", BRIN6, ("login=j.devries",)),
        ("gebruiker", "gebruiker opnieuw uitgenodigd", BRIN6, ("login=j.devries",)),
        ("afnemer", "toegevoegd", None, ()),
        ("afnemer", "herstel uitgezet", None, ()),
        ("afnemer", "herstel aangezet", None, ()),
    ]
    assert {one.actor for one in found} == {own_actor()}
    assert len({one.request_id for one in found} - {None}) == len(found)


def test_a_refused_act_on_a_user_leaves_no_entry(tmp_path: Path) -> None:
    """The entry is in the transaction of the act."""
    open_database(tmp_path).close()
    result = CliRunner().invoke(main, ["--data", str(tmp_path), "gebruiker", "reset", "niemand"])
    assert (result.exit_code, written(tmp_path)) == (1, [])


def test_the_log_has_the_id_of_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An event that a command logs leads to what it wrote in the journaal."""
    stream, logger = io.StringIO(), logging.getLogger("uwlr_adapter.proef")
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.JsonFormatter())
    monkeypatch.setattr(logger, "handlers", [handler])
    add = accounts.add

    def add_and_log(*arguments: Any) -> Any:
        logger.warning("een gebeurtenis")
        return add(*arguments)

    monkeypatch.setattr(accounts, "add", add_and_log)
    open_database(tmp_path).close()
    run(tmp_path, "gebruiker", "add", "beheer", "--naam", "Beheer", "--rol", "operator")
    (entry,) = written(tmp_path)
    assert json.loads(stream.getvalue())["request"] == entry.request_id
    assert request_id.current_id() is None


@pytest.mark.usefixtures("backend")
def test_an_entry_after_the_largest_number_of_32_bits(tmp_path: Path) -> None:
    """Ids have 64 bits on both databases: they are handed out, read and exported beyond 2**31."""
    database = open_database(tmp_path)
    values = {"moment": sa.func.now(), "kind": "gegevens", "act": "gegevens ingelezen", "outcome": "gedaan"}
    with database.writing() as connection:
        connection.execute(journaal.insert().values(id=2**31 + 5, **values))
        if database.url.get_backend_name() == "postgresql":
            connection.execute(sa.text("SELECT setval(pg_get_serial_sequence('journaal', 'id'), 2147483653)"))
        connection.execute(journaal.insert().values(**values))
        assert [one.id for one in search.read(connection)] == [2**31 + 6, 2**31 + 5]
        kind = sa.inspect(connection).get_columns("journaal")[0]["type"]
    assert isinstance(kind, sa.BigInteger if database.url.get_backend_name() == "postgresql" else sa.Integer)
    database.close()
    ids = [one["id"] for one in json.loads(run(tmp_path, "journaal", "--json").stdout)]
    assert ids == [2**31 + 6, 2**31 + 5]
