"""/readyz of a real server beside a really broken database: not ready while a call would fail, and ready after it."""

import json
import os
import resource
import shutil
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
import pytest
from support.databases import PostgresServer, execute, waiting
from support.frozen_network import Network, network
from support.served_school import CODE_OF_ONE, ServedSchool, furnish
from support.server import WAIT, Server, read_response, serving, split, until

from uwlr_adapter.db.database import Database

ROOM = 36 * 1024
"""Octets of a file on a full disk: the index of SQLite's WAL fits in it, and the WAL itself soon does not."""
FAULT = b"Server.TijdelijkNietBeschikbaar"
XML = "Content-Type: text/xml"


def readiness(server: Server) -> tuple[int, bytes]:
    """Return the status and the word."""
    status, _, body = split(server.post(b"", method="GET", path="/readyz"))
    return status, body


def becomes(server: Server, status: int, word: str) -> None:
    """Wait until it says this: a result is kept for a second."""
    until(lambda: readiness(server) == (status, f"{word}\n".encode()))


def fetch(server: Server, school: ServedSchool) -> bytes:
    """Fetch the smallest school, and return the body of the response."""
    return split(server.post(school.request(key=CODE_OF_ONE, brin6="30AB00"), XML))[2]


@contextmanager
def unready(server: Server, school: ServedSchool, word: str, *, fails: bool = True) -> Iterator[None]:
    """Break something in the block: until its end the service is not ready, and no call is answered."""
    assert b"leerlinggegevens_antwoord" in fetch(server, school)
    becomes(server, 200, "ready")
    yield
    becomes(server, 503, word)
    if fails:
        assert FAULT in fetch(server, school)
    assert split(server.post(b"", method="GET", path="/healthz"))[0] == 200


def is_well_again(server: Server, school: ServedSchool) -> None:
    """Wait until it is ready by itself, and answers."""
    becomes(server, 200, "ready")
    assert b"leerlinggegevens_antwoord" in fetch(server, school)


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> ServedSchool:
    """Make the school on SQLite."""
    return furnish(tmp_path_factory.mktemp("school"))


@pytest.fixture(scope="module")
def server(school: ServedSchool) -> Iterator[Server]:
    """Serve it; each test mends what it breaks."""
    with serving(school.data) as running:
        yield running


def limit_files(server: Server, octets: int) -> None:
    """Make each file of the workers that is longer than this full, as on a disk without room."""
    for worker in psutil.Process(server.process.pid).children():
        worker.rlimit(resource.RLIMIT_FSIZE, (octets, resource.RLIM_INFINITY))


def failures(server: Server) -> list[str]:
    """Return what the log says of the database."""
    lines = [json.loads(line) for line in server.log if line.startswith("{")]
    return [line["message"] for line in lines if line.get("message", "").startswith("the database fails: ")]


def test_a_disk_without_room(school: ServedSchool, server: Server) -> None:
    """No write is durable: `write`; the log names the cause once, however many calls fail, and what to do."""
    with unready(server, school, "write"):
        limit_files(server, ROOM)
    for _ in range(5):
        assert FAULT in fetch(server, school)
    told = failures(server)
    assert any(
        one.startswith(("the database fails: disk full (SQLITE_FULL", "the database fails: disk (SQLITE_IOERR"))
        for one in told
    )
    assert len(told) == len(set(told))
    limit_files(server, resource.RLIM_INFINITY)
    is_well_again(server, school)


def test_a_file_that_another_process_holds(school: ServedSchool, server: Server) -> None:
    """Whoever writes keeps every call waiting: `write`, in time although the try hangs."""
    with closing(sqlite3.connect(school.data / "uwlr.sqlite3", timeout=WAIT)) as other:
        other.execute("BEGIN IMMEDIATE")
        becomes(server, 503, "write")
        other.rollback()
    is_well_again(server, school)


def test_a_file_that_was_moved(school: ServedSchool, server: Server, tmp_path: Path) -> None:
    """SQLite goes on with the file that it opened; nobody would find the entries there: `write`, until it is back."""
    file, other = school.data / "uwlr.sqlite3", tmp_path / "uwlr.sqlite3"
    with unready(server, school, "write"):
        file.rename(other)
    assert not file.exists(), "nor is an empty one made"
    assert any(told.startswith("the database fails: moved (SQLITE_READONLY_DBMOVED)") for told in failures(server))
    shutil.copy(other, file)
    becomes(server, 503, "write")
    other.rename(file)
    is_well_again(server, school)


@pytest.mark.parametrize("table", ["journaal", "given", "answer_state", "koppeling"])
def test_a_table_that_is_missing(school: ServedSchool, server: Server, table: str) -> None:
    """Of those that a call reads and of those that it writes: `schema`."""
    with unready(server, school, "schema"):
        execute(school.data, "PRAGMA legacy_alter_table = ON", f"ALTER TABLE {table} RENAME TO weg")
    execute(school.data, "PRAGMA legacy_alter_table = ON", f"ALTER TABLE weg RENAME TO {table}")
    is_well_again(server, school)


def test_keys_of_another_service(school: ServedSchool, server: Server) -> None:
    """A database that was put in the place of its own: no code is right, and `keys` says why."""
    execute(
        school.data,
        "CREATE TABLE kept AS SELECT * FROM server_key",
        "UPDATE server_key SET check_value = 'van een andere sleutel'",
    )
    becomes(server, 503, "keys")
    execute(school.data, "UPDATE server_key SET check_value = (SELECT check_value FROM kept)", "DROP TABLE kept")
    is_well_again(server, school)


@dataclass
class OnPostgresql:
    """A server with one thread, whose role is no owner, behind a network; and what changes its database."""

    server: Server
    school: ServedSchool
    network: Network
    role: str
    name: str
    run: Callable[[str], object]
    database: Database

    def end_connections(self) -> None:
        """End every connection of the role."""
        self.run(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = '{self.role}'")  # noqa: S608 - our own name


@pytest.fixture(scope="module")
def served(postgresql: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OnPostgresql]:
    """Serve the school on PostgreSQL; each test mends what it breaks."""
    role = f"uwlr_role_{os.getpid()}"
    with ExitStack() as stack:
        url = stack.enter_context(postgresql.database())
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("UWLR_DATABASE", url)
        school = furnish(tmp_path_factory.mktemp("school"))
        database = Database(url)
        stack.callback(database.close)
        arguments = {**database.url.translate_connect_args(database="dbname", username="user"), **database.url.query}
        connection = stack.enter_context(psycopg.connect(**arguments, autocommit=True))

        def run(statement: str) -> object:
            return connection.execute(statement.encode())

        run(f"CREATE ROLE {role} LOGIN")
        stack.callback(run, f"DROP OWNED BY {role}; DROP ROLE {role}")
        run(
            f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {role}"
        )
        folder, port = database.url.query["host"], database.url.query.get("port") or database.url.port or 5432
        between = stack.enter_context(network(f"{folder}/.s.PGSQL.{port}"))
        own = database.url.set(host="127.0.0.1", port=between.port, username=role, query={})
        environment = {"UWLR_DATABASE": own.render_as_string(hide_password=False), "UWLR_THREADS": "1"}
        server = stack.enter_context(serving(school.data, environment=environment))
        made = OnPostgresql(server, school, between, role, str(database.url.database), run, database)
        stack.callback(made.end_connections)
        yield made


def test_a_database_that_takes_no_writes(served: OnPostgresql) -> None:
    """As a standby, or one that an operator closed: `write`."""
    with unready(served.server, served.school, "write"):
        served.run(f"ALTER ROLE {served.role} SET default_transaction_read_only = on")
        served.end_connections()
    assert any(told.startswith("the database fails: read-only (SQLSTATE 25006)") for told in failures(served.server))
    served.run(f"ALTER ROLE {served.role} RESET default_transaction_read_only")
    served.end_connections()
    is_well_again(served.server, served.school)


@pytest.mark.parametrize(
    ("right", "word"),
    [("INSERT ON journaal", "write"), ("INSERT ON failure", "write"), ("SELECT ON afnemer", "database")],
)
def test_a_right_that_is_missing(served: OnPostgresql, right: str, word: str) -> None:
    """The reading or the writing that it stands for; a call that writes no failure does not miss that right."""
    with unready(served.server, served.school, word, fails=right != "INSERT ON failure"):
        served.run(f"REVOKE {right} FROM {served.role}")
    assert any(told.startswith("the database fails: rights (SQLSTATE 42501)") for told in failures(served.server))
    served.run(f"GRANT {right} TO {served.role}")
    is_well_again(served.server, served.school)


def test_a_pool_whose_threads_all_wait(served: OnPostgresql) -> None:
    """Nothing can be rendered, nor any page made: `threads`; liveness needs none."""
    becomes(served.server, 200, "ready")
    content = served.school.request()
    head = ["POST /uwlr/leerlinggegevens HTTP/1.1", "Host: x", XML, f"Content-Length: {len(content)}", "", ""]
    with socket.create_connection(("127.0.0.1", served.server.port), timeout=WAIT) as caller:
        with served.database.writing() as connection:
            connection.exec_driver_sql("SELECT * FROM school WHERE brincode = '21QW' FOR UPDATE")
            caller.sendall("\r\n".join(head).encode() + content)
            until(lambda: waiting(connection) == 1)
            becomes(served.server, 503, "threads")
            assert split(served.server.post(b"", method="GET", path="/healthz"))[0] == 200
        assert split(read_response(caller))[0] == 200
    is_well_again(served.server, served.school)


def test_a_network_that_passes_nothing(served: OnPostgresql) -> None:
    """Connections stay open and say nothing: `database`, for any number of askers in the time of one."""
    becomes(served.server, 200, "ready")
    served.network.stop()
    becomes(served.server, 503, "database")
    askers = [socket.create_connection(("127.0.0.1", served.server.port), timeout=WAIT) for _ in range(100)]
    for asker in askers:
        asker.sendall(b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert {split(read_response(asker))[2] for asker in askers} == {b"database\n"}
    for asker in askers:
        asker.close()
    served.network.go_on()
    is_well_again(served.server, served.school)
