"""A rotation of the server keys, step by step: what each step does, and when it is refused."""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from pydantic import SecretStr
from rich.console import Console
from support import messages
from support.clock import Clock
from support.school_builder import BRIN6, CODE, KLANTCODE, MOMENT, SERVER_KEYS
from support.served_school import ServedSchool, furnish
from support.world import World, look
from support.wsgi import call

from uwlr_adapter.cli.base import Context
from uwlr_adapter.cli.keys import keys
from uwlr_adapter.clock import day_of, now
from uwlr_adapter.contract.request import read
from uwlr_adapter.db.database import Database
from uwlr_adapter.db.database_clock import database_clock
from uwlr_adapter.db.statements import Command, Row, Update
from uwlr_adapter.gebruikers import second_factor
from uwlr_adapter.gebruikers.tables import gebruiker
from uwlr_adapter.keys import holders, known_keys, rotation
from uwlr_adapter.keys.holders import HolderReport
from uwlr_adapter.keys.known_keys import LIVING
from uwlr_adapter.keys.rotation import SESSION, LackingError, RotationError
from uwlr_adapter.keys.server_keys import ServerKeyError, ServerKeys
from uwlr_adapter.koppelingen import actions, afnemers, agreeing, lifecycle, renewal, store, tables
from uwlr_adapter.koppelingen.toestemming import Toestemming
from uwlr_adapter.server.application import compose, make_app
from uwlr_adapter.settings import Settings

B, A = SERVER_KEYS
OTHER = "c=" + "0c" * 32
ACTOR = "cli:proef"


@pytest.fixture
def on_both(backend: str) -> None:
    """Run a test on both databases; what only reads or refuses runs on SQLite."""


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Return a gate with an afnemer and a koppeling; codes are stored under b, and a is held too."""
    made = World.make(tmp_path, "Snappet")
    made.activate()
    with made.database.writing() as connection:
        made.gate.server_keys.register(connection, MOMENT)
    return made


def use(world: World, name: str, *, holds: Sequence[str] = SERVER_KEYS) -> list[holders.Holder]:
    """Make one of these keys the one in use, by a command that holds them."""
    with world.database.writing() as connection:
        return rotation.use(connection, ServerKeys.parse(holds), name, MOMENT, actor=ACTOR)


def remove(world: World, name: str, after: timedelta = SESSION, *, end_sessions: bool = False) -> list[holders.Holder]:
    """Remove a key by a command, some time from now."""
    with world.database.writing() as connection:
        return rotation.remove(connection, name, MOMENT + after, actor=ACTOR, end_sessions=end_sessions)


def known(world: World) -> dict[str, known_keys.KnownKey]:
    """Return what the database knows of the keys."""
    with world.database.reading() as connection:
        return known_keys.read(connection)


def process(world: World, *lines: str, clock: Clock | None = None) -> HolderReport:
    """Return the report of a serving process that holds these keys."""
    own = clock or Clock(MOMENT)
    return HolderReport(world.database, ServerKeys.parse(lines), lambda _: own())


@pytest.mark.usefixtures("on_both")
def test_a_key_is_used_when_every_process_holds_it(world: World) -> None:
    """Refused while a living one lacks it, which is named; and each of them learns of it at its next report."""
    one, other = process(world, B, A), process(world, B)
    one.begin()
    other.begin()
    with pytest.raises(LackingError, match="server key 'a' cannot be used yet") as caught:
        use(world, "a")
    (lacking,) = caught.value.processes
    assert (lacking.holds, lacking.uses, lacking.started_at) == (frozenset("b"), "b", MOMENT)
    other.end()
    again = process(world, A, B)
    again.begin()
    assert [one.holds for one in use(world, "a")] == [frozenset("ab")] * 2
    assert (one.server_keys.in_use.name, again.server_keys.in_use.name) == ("b", "b"), "not told yet"
    assert [report.beat() for report in (one, again)] == [True, True]
    assert [report.beat() for report in (one, again)] == [False, False]
    assert (one.server_keys.in_use.name, again.server_keys.in_use.name) == ("a", "a")
    state = known(world)
    assert (state["a"].is_in_use, state["b"].is_in_use, state["b"].replaced_at) == (True, False, MOMENT)
    assert state["b"].changed_by == ACTOR


@pytest.mark.usefixtures("on_both")
def test_a_process_that_ended_or_fell_silent_does_not_count(world: World) -> None:
    """A row that a killed process left stands in nobody's way after a while, and is removed a day later."""
    clock = Clock(MOMENT - LIVING)
    process(world, B, clock=clock).begin()
    use(world, "a")
    clock.moment = MOMENT + timedelta(days=1)
    process(world, A, B, clock=clock).begin()
    with world.database.reading() as connection:
        assert len(holders.list_living(connection, clock.moment)) == 1
        assert connection.scalar(sa.text("SELECT count(*) FROM key_holder")) == 1


@pytest.mark.usefixtures("on_both")
def test_a_machine_whose_clock_is_wrong_counts(world: World) -> None:
    """Years behind, and living all the same: else a key would come in use that it does not hold."""
    settings = Settings(database=SecretStr(world.database.url.render_as_string(hide_password=False)), keys=SecretStr(B))
    app, report = compose(settings, Clock(MOMENT - timedelta(days=3000)))
    report.begin()
    with world.database.reading() as connection:
        (living,) = holders.list_living(connection, database_clock(connection))
    assert (living.holds, living.process) == (frozenset("b"), os.getpid())
    report.end()
    app.close()


def test_a_process_that_starts_without_the_key_in_use_is_refused(world: World) -> None:
    """Whether it starts before or after the step: the first report and the step wait for each other."""
    use(world, "a")
    with pytest.raises(ServerKeyError, match="'a' is missing here"):
        process(world, B).begin()
    with world.database.reading() as connection:
        assert holders.list_living(connection, MOMENT) == []


def test_a_process_that_fell_silent_learns_that_it_lacks_a_key(world: World) -> None:
    """It cannot store a code that others could not read, and goes on telling what it holds."""
    clock = Clock(MOMENT - LIVING)
    silent = process(world, B, clock=clock)
    silent.begin()
    use(world, "a")
    clock.moment = MOMENT
    with pytest.raises(ServerKeyError, match="'a' is missing here"):
        silent.beat()
    with world.database.reading() as connection:
        assert [one.holds for one in holders.list_living(connection, MOMENT)] == [frozenset("b")]


@pytest.mark.parametrize(
    ("name", "holds", "sentence"),
    [
        ("z", SERVER_KEYS, "there is no server key 'z'"),
        ("b", SERVER_KEYS, "is in use already"),
        ("a", (B,), "is not among the keys of this machine"),
    ],
)
def test_an_unusable_key_is_not_used(world: World, name: str, holds: Sequence[str], sentence: str) -> None:
    """A name that nobody knows, the one in use, and one that the command itself does not hold."""
    before = known(world)
    with pytest.raises(RotationError, match=sentence):
        use(world, name, holds=holds)
    assert known(world) == before


@pytest.mark.usefixtures("on_both")
def test_a_key_is_removed_when_nothing_needs_it(world: World) -> None:
    """Not while it is in use, while codes are stored under it, a process stores so, or sessions may be signed so."""
    report = process(world, A, B)
    report.begin()
    with pytest.raises(RotationError, match="'b' is in use"):
        remove(world, "b")
    use(world, "a")
    with pytest.raises(LackingError, match="still store codes under server key 'b'"):
        remove(world, "b", timedelta(0))
    report.beat()
    with pytest.raises(RotationError, match="the number of codes stored under it is 2"):
        remove(world, "b", timedelta(0))
    with world.database.writing() as connection:
        connection.execute(tables.koppeling.update().values(code_digest="a:", version=9))
        connection.execute(tables.afnemer.update().values(klantcode_digest="a:"))
    with pytest.raises(RotationError, match="sessions of the portal may be signed"):
        remove(world, "b", SESSION - timedelta(seconds=1))
    assert [one.holds for one in remove(world, "b", timedelta(0), end_sessions=True)] == [frozenset("ab")]
    for step in (use, remove):
        with pytest.raises(RotationError, match="'b' was removed"):
            step(world, "b")
    assert ServerKeys.parse([A]).names == ["a"]
    with world.database.reading() as connection:
        assert ServerKeys.parse([A]).unknown(connection, MOMENT, with_removed=True) == []
    with world.database.writing() as connection:
        with pytest.raises(RotationError, match="there is, or was, a server key 'b'"):
            rotation.require_new(connection, "b")
        for name in ("", "K2", "k_2", "-k", "k" * 17):
            with pytest.raises(RotationError, match="the name of a key has 1 to 16"):
                rotation.require_new(connection, name)


def renewals(world: World, *, code: str = CODE) -> tuple[renewal.Renewal, ...]:
    """Return the renewals of a call, as the gate decides them."""
    header = messages.header(key=code, klantcode=KLANTCODE, klantnaam="Snappet")
    asked = read(messages.envelope(messages.body(school=messages.school_element(BRIN6)), header))
    rows = look(world.gate, world.database, asked.autorisatie, asked.school)
    access = world.gate.decide(rows, asked, day_of(MOMENT), Toestemming.LEERLINGGEGEVENS)
    with patch.object(ServerKeys, "probe", autospec=True, side_effect=ServerKeys.probe) as probed:
        made = world.gate.renewals(rows, asked, access)
    assert bool(made) == probed.called, "a code under the key in use costs nothing"
    return made


def learn(world: World) -> None:
    """Make the gate learn which key is in use."""
    world.gate.server_keys.learn(known(world))


def digests(world: World) -> list[str | None]:
    """Return the names of the keys under which the codes are stored: of the koppeling, the klantcode, and the last."""
    (koppeling,), (afnemer,) = world.rows(tables.koppeling), world.rows(tables.afnemer)
    stored = (koppeling.code_digest, afnemer.klantcode_digest, afnemer.previous_digest)
    return [None if one is None else one.partition(":")[0] for one in stored]


@pytest.mark.usefixtures("on_both")
def test_digests_are_made_anew_under_the_key_in_use(world: World) -> None:
    """Both codes that a call showed; the previous klantcode when that was shown; nothing under the key in use."""
    assert renewals(world) == ()
    use(world, "a")
    learn(world)
    with world.database.writing() as connection:
        afnemers.rotate(connection, world.gate.server_keys, "Snappet", MOMENT, timedelta(days=1), actor=ACTOR)
    assert digests(world) == ["b", "a", "b"]
    made = renewals(world)
    assert "0b" not in repr(made), "no digest in a text"
    world.database.write(renewal.commands([*made, *made]))
    assert digests(world) == ["a", "a", "a"]
    (koppeling,) = world.rows(tables.koppeling)
    assert koppeling.version == 1, "no act"
    assert koppeling.code_digest.endswith(koppeling.shown_code), "the call had access with it"
    assert renewals(world) == ()
    world.fetch()


@pytest.mark.usefixtures("on_both")
def test_a_code_that_changed_meanwhile_stays(world: World) -> None:
    """The school entered another code, or paused, between the decision on a call and its commit."""
    use(world, "a")
    learn(world)
    made, seen = renewals(world), world.builder.living(BRIN6, "snappet")
    other = "21QW00-een-heel-andere-code"
    with world.database.writing() as connection:
        koppeling = actions.enter_code(
            connection, world.gate.server_keys, seen.id, seen.version, other, MOMENT, actor=ACTOR
        )
        afnemers.rotate(connection, world.gate.server_keys, "Snappet", MOMENT, actor=ACTOR)
    before = world.rows(tables.koppeling), world.rows(tables.afnemer)
    world.database.write(renewal.commands(made))
    assert (world.rows(tables.koppeling), world.rows(tables.afnemer)) == before
    with world.database.writing() as connection:
        actions.clear_code(connection, seen.id, koppeling.version, MOMENT, actor=ACTOR)
    world.database.write(renewal.commands(made))
    assert digests(world)[0] is None


def test_an_act_that_leaves_the_code_alone_keeps_its_renewal(world: World) -> None:
    """It read the koppeling before the digest was made anew: the older digest does not come back."""
    use(world, "a")
    learn(world)
    made, read_before = renewals(world), world.builder.living(BRIN6, "snappet")
    world.database.write(renewal.commands(made))
    newer = patch.object(lifecycle, "renew_akkoord", lambda one, *_: replace(one, version=2))
    with newer, patch.object(store, "by_id", return_value=read_before), world.database.writing() as connection:
        agreeing.agree_again(
            connection,
            world.gate.catalogue,
            read_before.id,
            1,
            login="test",
            naam="Test",
            akkoord=True,
            moment=MOMENT,
            actor=ACTOR,
        )
    assert (world.rows(tables.koppeling)[0].version, digests(world)[0]) == (2, "a")


class Counted:
    """A service, and the statements of its commits."""

    def __init__(self, served: ServedSchool) -> None:
        self.served = served
        self.app = make_app(Settings(data=served.data))

    def call(self) -> list[Command]:
        """Fetch, which succeeds; returns the statements of its commit."""
        commands: list[Command] = []
        write = Database.write

        def count(database: Database, given: Sequence[Command]) -> list[list[Row]]:
            commands.extend(given)
            return write(database, given)

        with patch.object(Database, "write", count):
            assert call(self.app, self.served.request()).status == 200
        return commands


@pytest.fixture
def served(tmp_path: Path) -> ServedSchool:
    """Return the example school, whose codes are stored under the key of its file."""
    return furnish(tmp_path)


@pytest.fixture
def context(served: ServedSchool) -> Context:
    """Return what the commands work with."""
    console, messages_ = Console(width=200), Console(stderr=True, width=200)
    return Context(Settings(data=served.data), now, console, messages_)


def run(context: Context, *arguments: str) -> Result:
    """Run `uwlr-adapter keys` with these arguments."""
    return CliRunner().invoke(keys, arguments, obj=context)


def as_json(context: Context, *arguments: str) -> Iterator[dict[str, object]]:
    """Return the objects that a command prints with --json."""
    found = json.loads(run(context, *arguments, "--json").stdout)
    yield from found if isinstance(found, list) else [found]


@pytest.mark.usefixtures("on_both")
def test_a_rotation_by_its_commands(context: Context, served: ServedSchool) -> None:
    """From `add` to `remove`; calls renew what they show, once, and the commands tell what is left and what to do."""
    (first,) = as_json(context, "list")
    old = str(first["name"])
    assert (first["state"], first["here"]) == ("in use", True)
    assert run(context, "add", "new").exit_code == 0
    assert [line.partition("=")[0] for line in (served.data / "keys").read_text().splitlines()] == [old, "new"]
    counted = Counted(served)
    assert [one for one in counted.call() if isinstance(one, Update)] == []
    done = run(context, "use", "new", "--dry-run")
    assert (done.exit_code, "could be used now; nothing was changed" in done.stderr) == (0, True)
    assert run(context, "use", "new").exit_code == 0
    assert {one["name"]: one["state"] for one in as_json(context, "list")} == {old: "older", "new": "in use"}
    counted = Counted(served)
    counted.call()  # its first answer is made
    (what_is_left,) = as_json(context, "left", old)
    assert {"brin6": "21QW00", "koppeling": "snappet", "afnemer": "Snappet"} not in what_is_left["koppelingen"]  # type: ignore[operator] # a list
    assert {"afnemer": "Snappet", "previous": False} not in what_is_left["klantcodes"]  # type: ignore[operator] # as above
    assert [one for one in counted.call() if isinstance(one, Update)] == [], "only once"
    refused = run(context, "remove", old)
    assert (refused.exit_code, f"keys left {old}" in refused.stderr) == (1, True)
    told = run(context, "left", old)
    for part in ("ask the school to enter its verificatiecode again", "afnemer rotate", "Sessions of the portal"):
        assert part in told.output
    with context.database() as database, database.writing() as connection:
        for table, column in (("koppeling", "code_digest"), ("afnemer", "klantcode_digest")):
            connection.execute(sa.text(f"UPDATE {table} SET {column} = 'new:' WHERE {column} IS NOT NULL"))  # noqa: S608 - names of ours
        connection.execute(gebruiker.update().values(totp_secret=None))
    done = run(context, "remove", old, "--end-sessions", "--dry-run")
    assert (done.exit_code, {one["state"] for one in as_json(context, "list")}) == (0, {"older", "in use"})
    assert run(context, "remove", old, "--end-sessions").exit_code == 0
    assert "removed" in {one["state"] for one in as_json(context, "list")}
    assert "is removed" not in run(context, "left", old).stderr
    (served.data / "keys").write_text((served.data / "keys").read_text().splitlines()[1])
    make_app(Settings(data=served.data)).close()


def test_a_key_that_is_printed(context: Context, served: ServedSchool) -> None:
    """For a secret store: the line alone on standard output, no file changed, and nothing else shows a key."""
    before = (served.data / "keys").read_text()
    done = run(context, "add", "new", "--print")
    assert ServerKeys.parse([done.stdout]).names == ["new"]
    assert (served.data / "keys").read_text() == before
    secret = done.stdout.strip().partition("=")[2]
    for arguments in (["list"], ["list", "--json"], ["left", "new"], ["use", "new"], ["add", "new"]):
        assert secret not in run(context, *arguments).output
    refused = run(context, "use", "new")
    assert (refused.exit_code, "run this where its line is" in refused.stderr) == (1, True)


def test_a_key_file_that_cannot_be_changed(context: Context, served: ServedSchool) -> None:
    """The sentence says what to do, and no key is made."""
    with patch("uwlr_adapter.keys.key_file.os.open", side_effect=OSError(30, "Read-only file system")):
        done = run(context, "add", "new")
    assert done.exit_code == 1
    assert list(served.data.glob(".keys*")) == []
    with patch("uwlr_adapter.keys.key_file.append", side_effect=OSError(30, "Read-only file system")):
        done = run(context, "add", "new")
    assert (done.exit_code, "give --print" in done.stderr) == (1, True)
    assert len(list(as_json(context, "list"))) == 1


def test_a_second_factor_is_left(context: Context) -> None:
    """Its login is shown on a terminal, where it can be asked to log in, and not in what may be logged."""
    with context.database() as database, database.writing() as connection:
        server_keys = ServerKeys.from_settings(context.settings, database)
        sealed = second_factor.seal(server_keys, second_factor.make_secret())
        connection.execute(gebruiker.update().values(totp_secret=sealed))
        login = connection.scalar(sa.select(gebruiker.c.login))
    assert login is not None
    name = server_keys.in_use.name
    assert login in run(context, "left", name).stdout
    (found,) = as_json(context, "left", name)
    assert found["second_factors"] == 1
    assert login not in json.dumps(found)


def test_what_is_unknown_is_refused(context: Context) -> None:
    """A sentence, and the exit status of a failure; a command line that cannot be right has that of a usage error."""
    for arguments in (["left", "z"], ["use", "z"], ["remove", "z"], ["add", "Z"]):
        done = run(context, *arguments)
        assert (done.exit_code, done.stderr.count("\n")) == (1, 1), done.output
