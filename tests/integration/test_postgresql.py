"""PostgreSQL only: two writers at once, a server that stops, a lock that stays."""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from pydantic import SecretStr
from sqlalchemy.exc import DBAPIError
from support.databases import PostgresServer, end_connections, kept_waiting, own_server, waiting
from support.edexml_files import make_dataset
from support.event_loop import run
from support.imports import import_dataset
from support.school_builder import BRIN6, CODE, MOMENT, OTHER_BRIN6, open_database
from support.served_school import furnish
from support.server import until
from support.trial_school import TrialSchool
from support.world import World
from support.wsgi import call

from uwlr_adapter.administratie.tables import persoon
from uwlr_adapter.cli import main
from uwlr_adapter.contract import rendered
from uwlr_adapter.contract.dataset import Leerling
from uwlr_adapter.db import backend, bulk, limits, locks
from uwlr_adapter.db import postgresql as postgresql_backend
from uwlr_adapter.db.causes import cause_of
from uwlr_adapter.db.database import Database, DatabaseUnusableError
from uwlr_adapter.db.libpq import LibpqConnection, libpq_of
from uwlr_adapter.db.postgresql import Postgresql
from uwlr_adapter.db.statements import Command, Insert, InsertStatement, Query, Row, SelectStatement, Step
from uwlr_adapter.exchange import commit
from uwlr_adapter.exchange.outcome import AnswerBytes, Outcome
from uwlr_adapter.journaal import model, search, tables
from uwlr_adapter.journaal.model import EntryKind, Refusal, VerzoekEntry
from uwlr_adapter.keys.server_keys import ServerKeys
from uwlr_adapter.koppelingen import actions
from uwlr_adapter.koppelingen.errors import AlreadyActivatedError, ChangedMeanwhileError, CodeInUseError, KoppelingError
from uwlr_adapter.server.application import make_app
from uwlr_adapter.settings import Settings
from uwlr_adapter.web.services import LEERLINGGEGEVENS

TEMPORARY = "Server.TijdelijkNietBeschikbaar"
TRIAL = sa.Table("proef", sa.MetaData(), sa.Column("a", sa.Integer))
LARGE = sa.Table("groot", sa.MetaData(), sa.Column("a", sa.Integer), sa.Column("b", sa.LargeBinary))
INSERT = InsertStatement(TRIAL, ["a"])
COUNTED = SelectStatement(sa.select(sa.func.count()).select_from(TRIAL))
ALL = SelectStatement(sa.select(TRIAL.c.a))


@pytest.fixture
def url(postgresql: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Yield the URL of a PostgreSQL database with every table; `Settings` names it."""
    with postgresql.database() as made:
        monkeypatch.setenv("UWLR_DATABASE", made)
        yield made


@pytest.fixture
def database(url: str) -> Database:
    """Open it."""
    return Database(url)


def at_once(*works: Callable[[], object]) -> list[object]:
    """Do all at once, each in a thread of its own; returns what came of each, an exception when it raised one."""
    found: list[object] = [None] * len(works)
    barrier = threading.Barrier(len(works))

    def do(place: int) -> None:
        barrier.wait()
        try:
            found[place] = works[place]()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            found[place] = error

    threads = [threading.Thread(target=do, args=(place,)) for place in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_a_reading_transaction_is_one_moment_and_changes_nothing(database: Database) -> None:
    """A snapshot does not see later commits and refuses a write."""
    with database.writing() as connection:
        connection.exec_driver_sql("CREATE TABLE proef (a int)")
    with database.reading() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM proef")) == 0
        with database.writing() as other:
            other.exec_driver_sql("INSERT INTO proef VALUES (1)")
        assert connection.scalar(sa.text("SELECT count(*) FROM proef")) == 0
    with database.reading() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM proef")) == 1
    with pytest.raises(DBAPIError), database.reading() as connection:
        connection.exec_driver_sql("INSERT INTO proef VALUES (2)")


def test_a_snapshot_is_one_moment(database: Database) -> None:
    """Statements in one message see what was committed before the first of them, however long they take."""
    with database.writing() as connection:
        connection.exec_driver_sql("CREATE TABLE proef (a int)")
    counted = Query(COUNTED, {})
    waits = Query(SelectStatement(sa.select(sa.func.pg_advisory_xact_lock(7))), {})
    failures: list[object] = []
    database.on_failure = failures.append
    found: list[list[list[Row]]] = []
    thread = threading.Thread(target=lambda: found.append(database.snapshot([counted, waits, counted])))
    with database.writing() as connection:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(7)))
        thread.start()
        until(lambda: waiting(connection))
        connection.exec_driver_sql("INSERT INTO proef VALUES (1)")
    thread.join()
    assert [rows[0][0] for rows in found[0][::2]] == [0, 0]
    assert database.snapshot([counted, counted]) == [[(1,)], [(1,)]]
    assert not failures


def test_a_message_that_is_larger_than_what_the_socket_takes(database: Database) -> None:
    """The rest of it is sent when the server reads on: here it waits for a lock before it comes to the large part."""
    with database.writing() as connection:
        connection.exec_driver_sql("CREATE TABLE groot (a int, b bytea)")
    kind, large = database.engine.dialect, os.urandom(8_000_000)
    waits = Query(SelectStatement(sa.select(sa.func.pg_advisory_xact_lock(7))), {})
    steps = [waits.step(kind), Insert(InsertStatement(LARGE, ["a", "b"]), [{"a": 1, "b": large}]).step(kind)]
    failures: list[Exception] = []

    def write() -> None:
        try:
            with database.writing() as connection:
                libpq_of(connection.connection).fetch_all(steps, 10)
        except Exception as error:  # noqa: BLE001 - the test looks at it
            failures.append(error)

    thread = threading.Thread(target=write)
    with database.writing() as connection:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(7)))
        thread.start()
        until(lambda: waiting(connection))
    thread.join()
    assert not failures
    with database.reading() as connection:
        assert connection.scalar(sa.select(LARGE.c.b)) == large


def test_a_server_that_cannot_be_reached_is_a_failure_of_the_database(url: str) -> None:
    """A failure to connect leads to the same answer as a lost connection."""
    away = Database(sa.make_url(url).set(query={"host": "/nowhere"}).render_as_string(hide_password=False))
    failures: list[object] = []
    away.on_failure = failures.append
    for work in (
        lambda: away.look(Query(ALL, {})),
        lambda: away.snapshot([Query(ALL, {})]),
        lambda: away.write([Insert(INSERT, [{"a": 1}])]),
    ):
        with pytest.raises(DBAPIError):
            work()
    assert len(failures) == 3


def test_a_snapshot_of_a_server_that_says_nothing_is_asked_again(database: Database) -> None:
    """A message without an answer is given up, and its connection with it; then a transaction asks the same."""
    waits = Query(SelectStatement(sa.select(sa.literal(1)).where(sa.func.pg_advisory_xact_lock(7).isnot(None))), {})
    failures: list[object] = []
    with ExitStack() as silence:
        held = silence.enter_context(database.writing())
        held.execute(sa.select(sa.func.pg_advisory_xact_lock(7)))
        silence.enter_context(patch.object(limits, "STATEMENT_SECONDS", -1))

        def end_of_silence(error: object) -> None:
            failures.append(error)
            silence.close()

        database.on_failure = end_of_silence
        assert database.snapshot([waits]) == [[(1,)]]
    assert database.snapshot([waits]) == [[(1,)]]
    assert [str(failure) for failure in failures] == ["the database does not answer"]


WAITS = sa.select(sa.func.pg_advisory_xact_lock(7))


def test_a_statement_that_the_server_does_not_end_is_given_up(database: Database) -> None:
    """Whatever limit the server has: the connection is closed, and the server goes on with nothing."""
    with database.reading() as held:
        held.execute(WAITS)
        with (
            pytest.raises(DBAPIError) as caught,
            database.writing() as other,
            patch.object(limits, "STATEMENT_SECONDS", -0.9),
        ):
            other.execute(WAITS)
        assert str(cause_of(caught.value)) == "no answer"
        until(lambda: not waiting(held))


def test_a_migration_waits_as_long_as_it_takes(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """No limit of the server and none of ours ends its statements; the next transaction has them again."""
    database.close()
    monkeypatch.setattr(limits, "STATEMENT_SECONDS", 1)
    with database.writing() as connection:
        database.backend.remove_time_limits(connection)
        assert connection.scalar(sa.select(sa.func.pg_sleep(0))) == ""
        driver: Any = connection.connection.driver_connection
        assert not driver.is_bounded
        monkeypatch.setattr(limits, "STATEMENT_SECONDS", -2)  # a wait that has a limit fails at once
        assert connection.scalar(sa.text("SELECT current_setting('statement_timeout')")) == "0"
        monkeypatch.undo()
    with database.reading() as connection:
        driver = connection.connection.driver_connection
        assert driver.is_bounded


def test_an_exception_undoes_a_writing_transaction(database: Database) -> None:
    """Of a transaction that fails nothing stays."""
    with pytest.raises(DBAPIError), database.writing() as connection:  # noqa: PT012 - the second statement raises
        connection.exec_driver_sql("CREATE TABLE proef (a int)")
        connection.exec_driver_sql("SELECT 1 / 0")
    with database.reading() as connection:
        assert not sa.inspect(connection).has_table("proef")


def test_what_is_prepared_outlives_a_transaction_that_is_undone(database: Database) -> None:
    """A statement of ours is prepared once for a connection, whatever became of the transactions in it."""
    with database.writing() as connection:
        connection.exec_driver_sql("CREATE TABLE proef (a int)")
    for _ in range(8):
        with pytest.raises(ZeroDivisionError), database.writing() as connection:  # noqa: PT012 - what stands before it
            connection.execute(sa.text("INSERT INTO proef VALUES (1)"))
            for _ in range(8):  # so often that the driver would prepare it too
                connection.execute(sa.text("SELECT 1"))
            assert backend.run(connection, [Query(COUNTED, {})]) == [[(1,)]]
            raise ZeroDivisionError
    with database.reading() as connection:
        assert backend.run(connection, [Query(COUNTED, {})]) == [[(0,)]]
        assert connection.scalar(sa.text("SELECT count(*) FROM pg_prepared_statements")) == 1


def test_a_table_that_changed_under_a_prepared_statement(database: Database) -> None:
    """One request fails when a table changed under a server at work, as every failure of the database; then no more."""
    with database.writing() as connection:
        connection.exec_driver_sql("CREATE TABLE proef (a int)")
        connection.exec_driver_sql("INSERT INTO proef VALUES (7)")
    failures: list[object] = []
    database.on_failure = failures.append
    with database.reading() as connection:
        assert backend.run(connection, [Query(ALL, {})]) == [[(7,)]]
    with Database(database.url.render_as_string(hide_password=False)).writing() as connection:
        connection.exec_driver_sql("ALTER TABLE proef ALTER COLUMN a TYPE text")
    with pytest.raises(DBAPIError), database.reading() as connection:
        backend.run(connection, [Query(ALL, {})])
    assert len(failures) == 1
    with database.reading() as connection:
        assert backend.run(connection, [Query(ALL, {})]) == [[("7",)]]


def test_the_limits_are_in_force(url: str) -> None:
    """Each connection has the named limits; what the URL says goes before them."""
    query = sa.text(
        "SELECT current_setting('lock_timeout'), current_setting('statement_timeout'),"
        " current_setting('idle_in_transaction_session_timeout'), current_setting('application_name')"
    )
    with Database(url).reading() as connection:
        assert tuple(connection.execute(query).one()) == ("15s", "25s", "1min", "uwlr-adapter")
    own = f"{url}{'&' if '?' in url else '?'}options=-c%20lock_timeout%3D2s&application_name=eigen"
    with Database(own).reading() as connection:
        assert tuple(connection.execute(query).one()) == ("2s", "25s", "1min", "eigen")


def test_one_code_in_two_acts_at_once(url: str, tmp_path: Path) -> None:
    """Two koppelingen of a vestiging never get one verificatiecode, also when both are activated at once."""
    world = World.make(tmp_path, "Snappet", "Basispoort")
    for brin6 in (BRIN6, OTHER_BRIN6):
        code = f"{brin6}dezelfde-code-van-twee"
        found = at_once(
            partial(world.activate, "snappet", brin6, code),
            partial(world.activate, "basispoort", brin6, code),
        )
        assert sorted(isinstance(one, CodeInUseError) for one in found) == [False, True], found


def test_one_koppeling_activated_twice_at_once(url: str, tmp_path: Path) -> None:
    """When two people activate one entry, the second is refused because it is active already."""
    world = World.make(tmp_path, "Snappet")
    found = at_once(*[partial(world.activate, code=f"{CODE}{number}") for number in range(4)])
    assert sum(isinstance(one, AlreadyActivatedError) for one in found) == 3, found
    assert sum(row.kind == EntryKind.KOPPELING for row in world.rows(tables.journaal)) == 1


def test_one_koppeling_changed_twice_at_once(url: str, tmp_path: Path) -> None:
    """When two people act on the same version of a koppeling, the second is refused because it changed."""
    world = World.make(tmp_path, "Snappet")
    seen = world.activate()

    def pause() -> object:
        with world.database.writing() as connection:
            return actions.clear_code(connection, seen.id, seen.version, MOMENT, actor="cli:proef")

    def end() -> object:
        with world.database.writing() as connection:
            return actions.end(connection, seen.id, seen.version, MOMENT, actor="cli:proef")

    found = at_once(pause, end)
    assert sorted(isinstance(one, ChangedMeanwhileError) for one in found) == [False, True], found
    assert not any(isinstance(one, KoppelingError) and not isinstance(one, ChangedMeanwhileError) for one in found)


def test_the_database_holds_one_living_koppeling(url: str, tmp_path: Path) -> None:
    """The partial unique index refuses a second living koppeling, and allows ended ones."""
    world = World.make(tmp_path, "Snappet")
    world.activate()
    copy = sa.text(
        "INSERT INTO koppeling (brin6, entry_id, status, startdatum, opened_at, version, akkoord_login, akkoord_naam,"
        " akkoord_at, akkoord_voorwaarden, ended_at) SELECT brin6, entry_id, :status, startdatum, opened_at, 1,"
        " akkoord_login, akkoord_naam, akkoord_at, akkoord_voorwaarden, :beeindigd FROM koppeling LIMIT 1"
    )
    for _ in range(2):
        with world.database.writing() as connection:
            connection.execute(copy, {"status": "beëindigd", "beeindigd": datetime.now(UTC).replace(tzinfo=None)})
    with pytest.raises(sa.exc.IntegrityError), world.database.writing() as connection:
        connection.execute(copy, {"status": "gepauzeerd", "beeindigd": None})


def test_two_imports_of_one_school_at_once(url: str, tmp_path: Path) -> None:
    """Two vestigingen of one brincode that name the same leerlingen make each of them once."""
    database = open_database(tmp_path)
    leerlingen = [Leerling(str(number), roepnaam="Bo", eckid=f"https://ketenid.nl/{number}") for number in range(50)]
    whole = make_dataset(leerlingen)
    files = [replace(whole, school=replace(whole.school, dependancecode=f"0{number}")) for number in range(4)]
    found = at_once(*[partial(import_dataset, database, one) for one in files])
    assert not [one for one in found if isinstance(one, Exception)], found
    with database.reading() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(persoon)) == 50


def test_a_lock_is_held_until_the_end(database: Database) -> None:
    """The second caller of a lock waits for the transaction of the first; another name is free."""
    order: list[str] = []
    held = threading.Event()

    def second() -> None:
        held.wait()
        with database.writing() as connection:
            locks.lock(connection, "een")
            order.append("second")

    thread = threading.Thread(target=second)
    thread.start()
    with database.writing() as connection:
        locks.lock(connection, "een")
        held.set()
        with database.writing() as other:
            locks.lock(other, "twee")
        until(lambda: waiting(connection))
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def statements(entries: Sequence[VerzoekEntry | Refusal]) -> list[Command]:
    """Return the statements that write calls down."""
    return commit.commands([Outcome(entry, AnswerBytes(b"")) for entry in entries])


def by_pipeline(database: Database, entries: Sequence[VerzoekEntry | Refusal]) -> None:
    """Write calls down as the event loop does."""

    async def main() -> None:
        loop_database = database.for_loop()
        try:
            await loop_database.write(statements(entries))
        finally:
            loop_database.close()

    run(main())


def by_thread(database: Database, entries: Sequence[VerzoekEntry | Refusal]) -> None:
    """Write calls down as a thread does."""
    database.write(statements(entries))


@pytest.mark.parametrize("write", [by_pipeline, by_thread], ids=["pipeline", "thread"])
@pytest.mark.parametrize("calls", [0, 1], ids=["refusals", "and a call"])
def test_two_that_count_the_same_refusals_never_wait_for_each_other(
    database: Database, write: Callable[[Database, Sequence[VerzoekEntry | Refusal]], None], calls: int
) -> None:
    """Each came in the other order: one waits for the other, which waits for nothing of its."""
    three = [Refusal(MOMENT, f"192.0.2.{number}", "Client.X") for number in range(3)]
    call_of_somebody = [VerzoekEntry(MOMENT, "HaalStructuur", 1, outcome="geengegevens")] * calls
    by_thread(database, three)
    found: list[object] = []
    orders = (three, three[::-1])
    thread = threading.Thread(
        target=lambda: found.extend(at_once(*[partial(write, database, [*call_of_somebody, *one]) for one in orders]))
    )
    with database.writing() as connection:
        connection.exec_driver_sql("SELECT 1 FROM refusal WHERE source = '192.0.2.1' FOR UPDATE")
        thread.start()
        until(lambda: kept_waiting(connection) == len(orders))
    thread.join()
    assert found == [None, None]
    with database.reading() as connection:
        assert connection.scalars(sa.select(tables.refusal.c.occurrences)).all() == [3, 3, 3]


def test_first_readers_at_once_share_one_moment(url: str, tmp_path: Path) -> None:
    """Many first fetches of one answer at once are all answered, with one and the same moment; it is made once."""
    school = TrialSchool(tmp_path)
    with patch.object(rendered, "make", wraps=rendered.make) as made:
        found = at_once(*[lambda: school.fetch().aanmaakdatum for _ in range(8)])
    assert len(set(found)) == 1, found
    assert made.call_count == 1
    school.close()


def test_keys_are_registered_once(url: str, database: Database, tmp_path: Path) -> None:
    """Processes that start at once with a new key all start."""
    settings = Settings(data=tmp_path, keys=SecretStr("a=" + "0a" * 32))
    found = at_once(*[lambda: ServerKeys.from_settings(settings, database) for _ in range(6)])
    assert all(isinstance(one, ServerKeys) for one in found), found


def test_a_connection_lost_while_idle_is_not_noticed(url: str, tmp_path: Path) -> None:
    """A connection that the server closed between two requests is replaced without a word."""
    school = TrialSchool(tmp_path)
    assert school.fetch().outcome == "leerlinggegevens"
    failures: list[object] = []
    school.app.endpoints[LEERLINGGEGEVENS.path].exchange.database.on_failure = failures.append
    end_connections(school.database)
    assert school.fetch().outcome == "leerlinggegevens"
    assert not failures
    school.close()


def test_the_pool_gives_no_connection_that_ended(database: Database) -> None:
    """A connection for a loop, and a transaction, are of one that lives; nobody fails on the way."""
    failures: list[object] = []
    database.on_failure = failures.append
    with database.reading(), database.reading(), database.writing():
        pass
    other = Database(database.url.render_as_string(hide_password=False))
    end_connections(other)
    assert libpq_of(database.connect()).fetch(Step("SELECT 1", [])) == [(1,)]
    with database.reading() as reading, database.writing() as writing:
        assert reading.scalar(sa.text("SELECT 1")) == writing.scalar(sa.text("SELECT 1")) == 1
    assert not failures
    other.close()


def test_a_transaction_begins_anew_on_a_connection_that_was_lost_unseen(database: Database) -> None:
    """A connection that fails only when a transaction begins is a failure of the database, not of the caller."""
    failures: list[object] = []
    with database.reading():
        pass
    end_connections(Database(database.url.render_as_string(hide_password=False)))
    database.on_failure = failures.append
    with patch.object(LibpqConnection, "has_ended", return_value=False), database.reading() as connection:
        assert connection.scalar(sa.text("SELECT 1")) == 1
    assert len(failures) == 1


def test_a_connection_lost_half_way_is_a_fault_and_nothing_is_done_twice(url: str, tmp_path: Path) -> None:
    """A request whose connection goes before its line is written is not done again; the next one is right."""
    school = TrialSchool(tmp_path)
    write = Postgresql.write

    def cut(*given: Any) -> list[list[Row]]:
        end_connections(school.database)
        return write(*given)

    with patch.object(Postgresql, "write", cut):
        assert school.fetch().outcome == TEMPORARY
    with school.database.reading() as connection:
        assert [one for one in search.read(connection) if one.kind is model.EntryKind.VERZOEK] == []
    assert school.fetch().outcome == "leerlinggegevens"
    school.close()


def test_a_standby_is_left(url: str, database: Database) -> None:
    """Connections to a server that has become read-only are let go of, once it refused a write."""
    name = database.url.database
    with database.writing() as connection:
        connection.exec_driver_sql(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    end_connections(database)
    database.close()
    with database.reading() as connection:
        connection.exec_driver_sql("SELECT 1")
    admin = Database(f"{url}{'&' if '?' in url else '?'}options=-c%20default_transaction_read_only%3Doff")
    with admin.writing() as connection:
        connection.exec_driver_sql(f"ALTER DATABASE {name} SET default_transaction_read_only = off")
    with pytest.raises(DBAPIError), database.writing() as connection:
        connection.exec_driver_sql("CREATE TABLE proef (a int)")
    with database.writing() as connection:
        connection.exec_driver_sql("CREATE TABLE proef (a int)")


def test_a_standby_is_left_by_single_statements(url: str, database: Database) -> None:
    """One refused INSERT is enough: every idle connection to the server that became read-only is let go of."""
    name = database.url.database
    with database.writing() as connection:
        connection.exec_driver_sql("CREATE TABLE proef (a int)")
        connection.exec_driver_sql(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    database.close()
    with database.reading(), database.reading() as connection:
        connection.exec_driver_sql("SELECT 1")
    admin = Database(f"{url}{'&' if '?' in url else '?'}options=-c%20default_transaction_read_only%3Doff")
    with admin.writing() as connection:
        connection.exec_driver_sql(f"ALTER DATABASE {name} SET default_transaction_read_only = off")
    with pytest.raises(DBAPIError):
        database.write([Insert(INSERT, [{"a": 1}])])
    database.write([Insert(INSERT, [{"a": 1}])])
    with database.reading() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(TRIAL)) == 1


def test_several_hosts(postgresql: PostgresServer, url: str, tmp_path: Path) -> None:
    """Of the hosts in the URL the first one that answers and takes writes is used."""
    host = sa.make_url(url).query.get("host", "127.0.0.1")
    several = sa.make_url(url).set(
        query={"host": (f"{tmp_path}:1", f"{host}:5432"), "target_session_attrs": "read-write", "connect_timeout": "2"}
    )
    with Database(several.render_as_string(hide_password=False)).writing() as connection:
        connection.exec_driver_sql("CREATE TABLE proef (a int)")


def test_a_lock_held_too_long_is_temporary(url: str, tmp_path: Path) -> None:
    """A request that waits too long for another writer gets its fault within the limit; the next one is answered."""
    with patch.object(limits, "WAIT_SECONDS", 1):
        school = TrialSchool(tmp_path)
        school.fetch()
        other = Database(url)
        with other.writing() as connection:
            connection.exec_driver_sql("LOCK TABLE journaal IN ACCESS EXCLUSIVE MODE")
            assert school.fetch().outcome == TEMPORARY
        assert school.fetch().outcome == "leerlinggegevens"
    school.close()


def test_a_server_that_stops_and_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While PostgreSQL is away every request gets the fault for it; when it is back all is right without help."""
    with own_server("own") as (server, url):
        monkeypatch.setenv("UWLR_DATABASE", url)
        school = TrialSchool(tmp_path)
        assert school.fetch().outcome == "leerlinggegevens"
        write = Postgresql.write

        def stop(*given: Any) -> list[list[Row]]:
            server.stop()
            return write(*given)

        with patch.object(Postgresql, "write", stop):
            assert school.fetch().outcome == TEMPORARY
        assert school.fetch().outcome == TEMPORARY
        with pytest.raises(DatabaseUnusableError, match="cannot be reached"):
            Database(url).require_usable()
        server.ensure_postgres_running()
        assert school.fetch().outcome == "leerlinggegevens"
        school.close()


KINDS = sa.Table(
    "soorten",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("tekst", sa.Text),
    sa.Column("dag", sa.Date),
    sa.Column("moment", sa.DateTime),
    sa.Column("ja", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("lijst", sa.JSON, nullable=False),
)
TEXTS = ["", "gewoon", None, "\\N", "\\", "tab\there", "regel\neinde\r", "Zoë 😀 ' \" ,", "NULL", "\\.", " ruim "]


def test_many_rows_arrive_as_they_are(database: Database) -> None:
    """COPY writes every value unchanged, as a plain insert does."""
    day = datetime(2026, 11, 25, 9, 30, 1, 250, tzinfo=UTC)
    rows = [
        {
            "id": number,
            "tekst": TEXTS[number % len(TEXTS)],
            "dag": None if number % 3 else day.date(),
            "moment": None if number % 2 else day.replace(tzinfo=None),
            "lijst": [["rol", TEXTS[number % len(TEXTS)]], number, None, {"a": "\\N"}],
        }
        for number in range(postgresql_backend.COPY_FROM * 3)
    ]
    with database.writing() as connection:
        KINDS.create(connection)
    found = []
    for size in (len(rows), postgresql_backend.COPY_FROM - 1):
        with database.writing() as connection:
            for start in range(0, len(rows), size):
                bulk.insert_many(connection, KINDS, rows[start : start + size])
            query = sa.select(KINDS).order_by(KINDS.c.id)
            found.append([dict(row) for row in connection.execute(query).mappings()])
            connection.execute(KINDS.delete())
    assert found[0] == found[1] == [{**row, "ja": True} for row in rows]


def test_an_import_is_copied(url: str, tmp_path: Path) -> None:
    """The rows of a school go by COPY: an import of a nation depends on it."""
    database = open_database(tmp_path)
    with patch.object(postgresql_backend, "copy_rows", wraps=postgresql_backend.copy_rows) as copied:
        import_dataset(database, make_dataset([Leerling(str(number), roepnaam="Bo") for number in range(50)]))
    assert {"deelname", "inschrijving"} <= {call.args[1].partition(" ")[0] for call in copied.call_args_list}


def test_rows_that_cannot_be_copied_undo_all_and_show_nothing(database: Database) -> None:
    """A row that breaks a rule is a DBAPIError like any other, without its values, and nothing of the rest stays."""
    with database.writing() as connection:
        KINDS.create(connection)
    rows = [{"id": number // 2, "tekst": "merkteken", "lijst": []} for number in range(100)]
    with pytest.raises(DBAPIError) as caught, database.writing() as connection:
        bulk.insert_many(connection, KINDS, rows)
    assert "23505" in str(caught.value)
    assert "merkteken" not in str(caught.value)
    assert "id)=" not in str(caught.value)
    with database.reading() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(KINDS)) == 0


def test_a_password_shows_nowhere(url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever is wrong with a URL, its password is in no sentence, log or representation."""
    secret = "zeer-geheim"
    for wrong in (
        f"postgresql+psycopg://u:{secret}@127.0.0.1:1/x?connect_timeout=2",
        f"postgresql+psycopg://u:{secret}@127.0.0.1:poort/x",
        f"postgresql+niets://u:{secret}@127.0.0.1/x",
        f"mysql://u:{secret}@127.0.0.1/x",
        f"{secret}",
    ):
        settings = Settings(data=tmp_path, database=SecretStr(wrong))
        assert secret not in repr(settings) + settings.model_dump_json()
        result = CliRunner().invoke(main, ["--data", str(tmp_path), "school", "list"], env={"UWLR_DATABASE": wrong})
        assert result.exit_code == 1
        assert "Error: " in result.output
        assert secret not in result.output
        with pytest.raises(DatabaseUnusableError) as caught:
            make_app(settings)
        assert secret not in str(caught.value)
    assert secret not in caplog.text


def test_a_database_that_cannot_hold_every_letter(postgresql: PostgresServer) -> None:
    """A database in another encoding is refused before a table is made, with what to do."""
    postgresql.run("CREATE DATABASE uwlr_latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    try:
        database = Database(postgresql.url("uwlr_latin"))
        with pytest.raises(DatabaseUnusableError, match="UTF8"):
            database.upgrade()
        database.close()
    finally:
        postgresql.run("DROP DATABASE uwlr_latin WITH (FORCE)")


def test_serve_needs_an_upgrade_first(empty_postgresql: str, tmp_path: Path) -> None:
    """No command but those that create makes tables by itself: it says what to run, and after that it works."""
    run = CliRunner()
    for arguments in (("school", "list"), ("serve",)):
        result = run.invoke(main, ["--data", str(tmp_path), *arguments])
        assert (result.exit_code, "uwlr-adapter init" in result.output) == (1, True)
    assert run.invoke(main, ["--data", str(tmp_path), "db", "upgrade"]).exit_code == 0
    assert run.invoke(main, ["--data", str(tmp_path), "school", "list"]).exit_code == 0


def test_a_naam_that_does_not_fit_is_a_sentence(url: str, tmp_path: Path) -> None:
    """A value too wide for its column is refused by the service, with the limit, and not by the database."""
    for length, code in ((201, 1), (200, 0)):
        arguments = ["--data", str(tmp_path), "school", "add", "21QW00", "--naam", "n" * length]
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code == code
        assert ("at most 200 characters" in result.output) == bool(code)


def test_the_whole_demo_school(url: str, tmp_path: Path) -> None:
    """The example school stands on PostgreSQL too, and is fetched."""
    context = furnish(tmp_path)
    app = make_app(Settings(data=context.data))
    assert call(app, context.request()).status == 200
    app.close()
