"""`serve` as an operator meets it: workers, a reload, a stop, a death and a hang, and the same app on other servers."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self

import psutil
import pytest
import sqlalchemy as sa
from support.databases import PostgresServer, end_connections, own_server, waiting
from support.school_builder import CODE
from support.served_school import CODE_OF_ONE, ServedSchool, furnish
from support.server import WAIT, Server, command, port_of_our_own, read_response, serving, split, until
from support.trial_school import TrialSchool

from uwlr_adapter.contract import repairs
from uwlr_adapter.contract.names import HAAL_LEERLINGGEGEVENS
from uwlr_adapter.db.database import Database
from uwlr_adapter.journaal import model, search
from uwlr_adapter.journaal.tables import journaal

PATH = "/uwlr/leerlinggegevens"


@pytest.fixture
def url(postgresql: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Yield the URL of a PostgreSQL database with every table; `Settings` names it."""
    with postgresql.database() as made:
        monkeypatch.setenv("UWLR_DATABASE", made)
        yield made


@pytest.fixture
def served(url: str, tmp_path: Path) -> ServedSchool:
    """Make the school."""
    return furnish(tmp_path)


@pytest.fixture
def port() -> Iterator[int]:
    """Yield a port for a server that the test starts itself."""
    with port_of_our_own() as kept:
        yield kept


@contextmanager
def two_workers(context: ServedSchool, url: str) -> Iterator[Server]:
    """Serve it by two workers."""
    with serving(context.data, "--workers", "2", environment={"UWLR_DATABASE": url}) as server:
        yield server


def message(context: ServedSchool) -> bytes:
    """Return the request of a small school."""
    return context.request(key=CODE_OF_ONE, brin6="30AB00")


def workers(server: Server) -> dict[int, psutil.Process]:
    """Return the worker processes by their id."""
    return {child.pid: child for child in psutil.Process(server.process.pid).children()}


def raw_post(content: bytes, *headers: str) -> bytes:
    """Return the bytes of a POST."""
    lines = [f"POST {PATH} HTTP/1.1", "Host: x", "Content-Type: text/xml", f"Content-Length: {len(content)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + content


def test_sqlite_has_one_worker(tmp_path: Path) -> None:
    """More workers on SQLite are refused in one sentence that says what would do."""
    arguments = command("--data", str(tmp_path), "serve", "--workers", "2")
    result = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=WAIT)
    assert result.returncode == 2
    assert "need PostgreSQL (UWLR_DATABASE)" in result.stderr


def test_workers_share_their_figures(served: ServedSchool, url: str) -> None:
    """Whichever worker is asked gives the figures of all; the log has a line for each request."""
    with two_workers(served, url) as server:
        for _ in range(20):
            assert server.post(message(served), "Content-Type: text/xml").startswith(b"HTTP/1.1 200")
        for _ in range(4):
            text = server.post(b"", method="GET", path="/metrics").decode()
            assert 'uwlr_requests_total{operation="HaalLeerlinggegevens",outcome="leerlinggegevens"} 20.0' in text
    lines = [json.loads(line) for line in server.log if line.startswith("{")]
    assert sum(line.get("outcome") == "leerlinggegevens" for line in lines) == 20
    requests = [line["request"] for line in lines if "outcome" in line]
    assert len(set(requests)) == len(requests)
    with Database(url).reading() as connection:
        query = sa.select(journaal.c.request_id).where(journaal.c.kind == model.EntryKind.VERZOEK)
        written = list(connection.scalars(query))
    assert sorted(written) == sorted(line["request"] for line in lines if line.get("outcome") == "leerlinggegevens")


class Callers:
    """Callers that go on until they are told to stop; on a connection of their own each time, or on one kept open."""

    def __init__(self, server: Server, request: bytes) -> None:
        self.server, self.request = server, request
        self.count: Counter[str] = Counter()
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=one) for one in (self._fresh, self._kept) for _ in range(3)]

    def __enter__(self) -> Self:
        """Start."""
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop.set()
        for thread in self.threads:
            thread.join()

    def _connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.server.port), timeout=WAIT)

    def _fresh(self) -> None:
        while not self.stop.is_set():
            try:
                with self._connect() as connection:
                    connection.sendall(raw_post(self.request, "Connection: close"))
                    self.count[f"fresh{_outcome(read_response(connection))}"] += 1
            except OSError as error:
                self.count[f"fresh {type(error).__name__}"] += 1

    def _kept(self) -> None:
        while not self.stop.is_set():
            try:
                with self._connect() as connection:
                    while not self.stop.is_set():
                        connection.sendall(raw_post(self.request))
                        response = read_response(connection)
                        self.count[f"kept{_outcome(response)}"] += 1
                        if not response or b"\r\nconnection: close\r\n" in response.lower():
                            break
            except OSError as error:
                self.count[f"kept {type(error).__name__}"] += 1


def _outcome(response: bytes) -> str:
    """Return how it was answered, when not well."""
    return "" if response.startswith(b"HTTP/1.1 200") else response[:12].decode("latin-1") or " cut"


def test_a_reload_cuts_nothing(served: ServedSchool, url: str) -> None:
    """While both workers are replaced every request is answered, on new connections and on ones that are kept open.

    One connection for each worker is excepted, taken at the moment at which the worker ends (docs/guides/operator.md).
    """
    with two_workers(served, url) as server:
        before = workers(server)
        with Callers(server, message(served)) as callers:
            until(lambda: callers.count["fresh"] > 10 and callers.count["kept"] > 10)
            server.process.send_signal(signal.SIGHUP)
            psutil.wait_procs(before.values(), timeout=WAIT)
            seen = callers.count.total()
            until(lambda: callers.count.total() > seen + 20)
        assert workers(server).keys().isdisjoint(before)
        failures = [line for line in server.log if "own failure" in line]
        assert set(callers.count) - {"fresh cut"} == {"fresh", "kept"}, (callers.count, failures)
        assert callers.count["fresh cut"] <= len(before), callers.count


def test_a_reload_says_close_before_it_closes(served: ServedSchool, url: str) -> None:
    """A caller on an open connection hears that it must make a new one while its worker still answers."""
    with two_workers(served, url) as server:
        before = workers(server)
        with socket.create_connection(("127.0.0.1", server.port), timeout=WAIT) as connection:
            connection.sendall(raw_post(message(served)))
            assert b"\r\nconnection: close\r\n" not in read_response(connection).lower()
            server.process.send_signal(signal.SIGHUP)
            response = b""
            while b"\r\nconnection: close\r\n" not in response.lower():
                connection.sendall(raw_post(message(served)))
                response = read_response(connection)
                assert response.startswith(b"HTTP/1.1 200")
        assert before.keys() <= workers(server).keys()
        psutil.wait_procs(before.values(), timeout=WAIT)


def test_what_waits_for_a_worker_that_dies_is_answered_by_the_next_one(served: ServedSchool, url: str) -> None:
    """The queue of new connections of a worker outlives it: nobody in it is cut off."""
    with two_workers(served, url) as server, ExitStack() as stack:
        still = workers(server).values()
        for worker in still:
            worker.suspend()
        while any(worker.status() != psutil.STATUS_STOPPED for worker in still):
            pass
        address = ("127.0.0.1", server.port)
        callers = [stack.enter_context(socket.create_connection(address, timeout=WAIT)) for _ in range(8)]
        for caller in callers:
            caller.sendall(raw_post(message(served)))
        for worker in still:
            worker.kill()
        for caller in callers:
            assert split(read_response(caller))[0] == 200


def test_bodies_that_do_not_end_hold_nobody_up(tmp_path: Path) -> None:
    """Callers who stop half-way through their bodies, more than granian takes by itself, and others are served."""
    context = furnish(tmp_path)
    with serving(context.data) as server, ExitStack() as stack:
        whole = raw_post(message(context))
        slow = [stack.enter_context(socket.create_connection(("127.0.0.1", server.port), WAIT)) for _ in range(1200)]
        for caller in slow:
            caller.sendall(whole[: -len(message(context)) // 2])
        for _ in range(10):
            assert server.post(message(context), "Content-Type: text/xml").startswith(b"HTTP/1.1 200")
        slow[0].sendall(whole[-len(message(context)) // 2 :])
        assert split(read_response(slow[0]))[0] == 200


def test_while_an_answer_is_awaited_others_are_served(served: ServedSchool, url: str) -> None:
    """An answer that has to be made while its school is held elsewhere waits alone; answers at hand go on."""
    database = Database(url)
    other = served.request()
    with serving(served.data, environment={"UWLR_DATABASE": url}) as server:
        assert server.post(message(served), "Content-Type: text/xml").startswith(b"HTTP/1.1 200")
        with socket.create_connection(("127.0.0.1", server.port), timeout=WAIT) as caller:
            with database.writing() as connection:
                connection.exec_driver_sql("SELECT * FROM school WHERE brincode = '21QW' FOR UPDATE")
                caller.sendall(raw_post(other))
                until(lambda: waiting(connection) == 1)
                for _ in range(5):
                    assert server.post(message(served), "Content-Type: text/xml").startswith(b"HTTP/1.1 200")
            assert split(read_response(caller))[0] == 200
    database.close()


@pytest.mark.parametrize("table", ["koppeling", "journaal"])
def test_while_the_database_is_awaited_the_process_lives(served: ServedSchool, url: str, table: str) -> None:
    """A look or an entry that the database keeps waiting delays its own caller, not the whole worker."""
    database = Database(url)
    with serving(served.data, environment={"UWLR_DATABASE": url}) as server:
        assert server.post(message(served), "Content-Type: text/xml").startswith(b"HTTP/1.1 200")
        with socket.create_connection(("127.0.0.1", server.port), timeout=WAIT) as caller:
            with database.writing() as connection:
                connection.exec_driver_sql(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
                caller.sendall(raw_post(message(served)))
                until(lambda: waiting(connection) == 1)
                assert server.post(b"", method="GET", path="/healthz").startswith(b"HTTP/1.1 200")
                assert b"wsdl:definitions" in server.post(b"", method="GET", path=f"{PATH}?wsdl")
            assert split(read_response(caller))[0] == 200
    database.close()


def test_while_the_database_is_away_every_caller_hears_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller without a free connection delays nobody; when the database is back, the service recovers by itself."""
    with own_server("away") as (database, url):
        monkeypatch.setenv("UWLR_DATABASE", url)
        context = furnish(tmp_path)
        with serving(context.data, environment={"UWLR_DATABASE": url}) as server:
            assert server.post(message(context), "Content-Type: text/xml").startswith(b"HTTP/1.1 200")
            database.stop()
            for _ in range(4):
                assert b"Server.TijdelijkNietBeschikbaar" in server.post(message(context), "Content-Type: text/xml")
            database.ensure_postgres_running()
            assert server.post(message(context), "Content-Type: text/xml").startswith(b"HTTP/1.1 200")
    assert "Traceback" not in "".join(server.log)


def test_while_another_writes_to_the_file_the_process_lives(tmp_path: Path) -> None:
    """An entry that waits for another writer to the SQLite file delays its own caller only."""
    context = furnish(tmp_path)
    database = Database(f"sqlite:///{context.data / 'uwlr.sqlite3'}")
    with serving(context.data) as server:
        assert server.post(message(context), "Content-Type: text/xml").startswith(b"HTTP/1.1 200")
        with socket.create_connection(("127.0.0.1", server.port), timeout=WAIT) as caller:
            with database.writing():
                caller.sendall(raw_post(message(context)))
                for _ in range(5):
                    assert server.post(b"", method="GET", path="/healthz").startswith(b"HTTP/1.1 200")
                assert select.select([caller], [], [], 0)[0] == []
            assert split(read_response(caller))[0] == 200
    database.close()


def test_while_the_moment_of_a_profile_is_written_the_process_lives(backend: str, tmp_path: Path) -> None:
    """The first fetch under another profile, whose answer is kept, waits alone for another writer; others go on."""
    school = TrialSchool(tmp_path)
    for profiel in ("smalle set", "LVS-set"):
        school.set_profiel(profiel)
        school.fetch()
    school.set_profiel("smalle set")
    assert school.settings.keys is not None
    environment = {
        "UWLR_CATALOGUS": str(school.settings.catalogus),
        "UWLR_KEYS": school.settings.keys.get_secret_value(),
        "UWLR_DATABASE": school.database.url.render_as_string(hide_password=False),
    }
    content = school.message(HAAL_LEERLINGGEGEVENS, "<xsdversie>2.2</xsdversie>")
    refused = content.replace(CODE.encode(), b"21QW00een-andere-code")
    with serving(tmp_path, environment=environment) as server:
        assert server.post(refused, "Content-Type: text/xml").startswith(b"HTTP/1.1 500")  # connected from here on
        with socket.create_connection(("127.0.0.1", server.port), timeout=WAIT) as caller:
            with school.database.writing() as connection:
                if backend == "postgresql":
                    connection.exec_driver_sql("SELECT 1 FROM koppeling FOR UPDATE")
                caller.sendall(raw_post(content))
                if backend == "postgresql":
                    until(lambda: waiting(connection) == 1)
                for _ in range(5):
                    assert server.post(b"", method="GET", path="/healthz").startswith(b"HTTP/1.1 200")
                    assert b"wsdl:definitions" in server.post(b"", method="GET", path=f"{PATH}?wsdl")
                assert select.select([caller], [], [], 0)[0] == []
            status, _, body = split(read_response(caller))
        assert (status, b"<leerlinggegevens_antwoord" in body) == (200, True)
    assert school.last_entry.outcome == "leerlinggegevens"
    school.close()


def test_a_message_that_is_judged_again_is_read_again(served: ServedSchool, url: str) -> None:
    """The first answer is made in another thread: the repair that its message needs is written down all the same."""
    database = Database(url)
    empty = message(served).replace(f">{served.schooljaar}<".encode(), b"><")
    assert empty != message(served)
    with serving(served.data, environment={"UWLR_DATABASE": url}) as server:
        assert server.post(empty, "Content-Type: text/xml").startswith(b"HTTP/1.1 200")
    with database.reading() as connection:
        (line,) = [one for one in search.read(connection) if one.kind is model.EntryKind.VERZOEK]
    assert line.repairs == (repairs.SCHOOLJAAR_REPAIR.id,)
    database.close()


def test_a_stop_lets_what_came_in_be_answered(served: ServedSchool, url: str) -> None:
    """A request whose body was received before SIGTERM gets its whole answer, and its line in the journaal."""
    database = Database(url)
    with (
        two_workers(served, url) as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=WAIT) as caller,
    ):
        with database.writing() as connection:
            connection.exec_driver_sql("LOCK TABLE journaal IN ACCESS EXCLUSIVE MODE")
            caller.sendall(raw_post(message(served)))
            until(lambda: waiting(connection) == 1)
            server.process.send_signal(signal.SIGTERM)
            until(lambda: _is_refused(server.port))
        status, _, body = split(read_response(caller))
        assert (status, b"leerlinggegevens_antwoord" in body) == (200, True), server.log
        assert server.process.wait(WAIT) == 0


def _is_refused(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=WAIT).close()
    except OSError:
        return True
    return False


def test_a_lost_connection_is_made_anew(served: ServedSchool, url: str) -> None:
    """Connections that the server closed between two requests are replaced: nobody notices, and all is written down.

    Nor is the new one given up in its turn, which is what came of a socket whose number was another one's.
    """
    database = Database(url)
    found = []
    with serving(served.data, environment={"UWLR_DATABASE": url}) as server:
        for _ in range(3):
            end_connections(database)
            found += [_outcome(server.post(message(served), "Content-Type: text/xml")) for _ in range(3)]
        figures = server.post(b"", method="GET", path="/metrics").decode()
        assert "\nuwlr_database_errors_total 0.0\n" in figures
    with database.reading() as connection:
        written = [one.outcome for one in search.read(connection) if one.kind is model.EntryKind.VERZOEK]
    assert found == [""] * 9
    assert written == ["leerlinggegevens"] * len(found)


def test_a_dead_worker_is_replaced(served: ServedSchool, url: str) -> None:
    """When a worker is killed another one comes, and requests go on."""
    with two_workers(served, url) as server:
        before = workers(server)
        killed = min(before)
        before[killed].kill()
        until(lambda: len(workers(server).keys() - {killed}) == 2)
        for _ in range(10):
            assert server.post(message(served), "Content-Type: text/xml").startswith(b"HTTP/1.1 200")


@contextmanager
def started(context: ServedSchool, url: str, program: str) -> Iterator[tuple[Server, Path]]:
    """Serve by two workers of a program that is `uwlr-adapter` with something changed; yields its log too."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("UWLR_")}
    log = context.data / "log"
    with port_of_our_own() as port, log.open("wb") as file:
        arguments = ["--data", str(context.data), "serve", "--port", str(port), "--workers", "2"]
        process = subprocess.Popen(
            [sys.executable, "-c", program, *arguments], stderr=file, text=True, env=clean | {"UWLR_DATABASE": url}
        )
        try:
            until(lambda: b"Serving UWLR" in log.read_bytes() or process.poll() is not None)
            yield Server(port, process, []), log
        finally:
            process.terminate()
            process.wait(WAIT)


KILLED = """
import os, signal, sys
from pathlib import Path
from uwlr_adapter.cli import main
from uwlr_adapter.contract import rendered
make, mark = rendered.make, Path(sys.argv[2]) / "killed"
def once(*args):
    made = make(*args)
    try:
        mark.touch(exist_ok=False)
    except FileExistsError:
        return made
    os.kill(os.getpid(), signal.SIGKILL)
rendered.make = once
sys.exit(main())
"""


def test_a_worker_killed_while_it_renders(served: ServedSchool, url: str) -> None:
    """The caller of a killed worker gets no part of an answer; another worker answers the next request."""
    with started(served, url, KILLED) as (server, log):
        before = workers(server)
        assert server.post(message(served), "Content-Type: text/xml") == b""
        assert (served.data / "killed").exists()
        status, _, body = split(server.post(message(served), "Content-Type: text/xml"))
        assert (status, body.count(b"<leerling key=")) == (200, 1)
        until(lambda: len(workers(server)) == 2 and workers(server).keys() != before.keys())
        assert split(server.post(message(served), "Content-Type: text/xml"))[2] == body
        assert "Traceback" not in log.read_text(encoding="utf-8")


HUNG = """
import sys
from uwlr_adapter.server import worker
from uwlr_adapter.cli import main
worker.HUNG_SECONDS = 6
sys.exit(main())
"""


def test_a_hung_worker_is_ended_and_replaced(served: ServedSchool, url: str) -> None:
    """A request that never ends costs its worker, not the service; the log says where it hung, without a value."""
    database = Database(url)
    unlimited = f"{url}{'&' if '?' in url else '?'}options=-c%20lock_timeout%3D0%20-c%20statement_timeout%3D0"
    with started(served, unlimited, HUNG) as (server, log):
        before = workers(server)
        with database.writing() as connection:
            connection.exec_driver_sql("LOCK TABLE persoon IN ACCESS EXCLUSIVE MODE")
            assert server.post(message(served), "Content-Type: text/xml") == b""
        until(lambda: len(workers(server)) == 2 and workers(server).keys() != before.keys())
        assert server.post(message(served), "Content-Type: text/xml").startswith(b"HTTP/1.1 200")
    written = log.read_text(encoding="utf-8")
    assert "a request hangs for more than" in written
    assert "store.py" in written
    for secret in (CODE_OF_ONE, served.klantcodes["Snappet"], "30AB"):
        assert secret not in written


@pytest.mark.parametrize(
    "arguments",
    [
        ("gunicorn", "--threads", "4", "--bind", "127.0.0.1:{port}", "uwlr_adapter.server.application:make_app()"),
        ("waitress", "--listen", "127.0.0.1:{port}", "--call", "uwlr_adapter.server.application:make_app"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_other_servers_serve_it_too(tmp_path: Path, port: int, arguments: tuple[str, ...]) -> None:
    """The application is plain WSGI: gunicorn and waitress give the same answers, faults and refusals."""
    context = furnish(tmp_path)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("UWLR_")}
    process = subprocess.Popen(
        [sys.executable, "-m", *(argument.format(port=port) for argument in arguments)],
        env=clean | {"UWLR_DATA": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    server = Server(port, process, [])
    try:
        until(lambda: not _is_refused(port) or process.poll() is not None)
        status, headers, body = split(server.post(message(context), "Content-Type: text/xml"))
        assert (status, b"leerlinggegevens_antwoord" in body) == (200, True)
        assert dict(headers)["content-length"] == str(len(body))
        half = len(message(context)) // 2
        pieces = [message(context)[:half], message(context)[half:]]
        chunked = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
        response = server.post(chunked, "Content-Type: text/xml", "Transfer-Encoding: chunked")
        assert split(response)[0] == 200
        assert b"Client.OngeldigBericht" in server.post(b"x", "Content-Type: text/xml")
        assert split(server.post(b"", method="PUT"))[0] == 405
        assert split(server.post(b"x" * (64 * 1024 + 1), "Content-Type: text/xml"))[0] == 413
        assert split(server.post(b"", method="GET", path="/readyz"))[0] == 200
    finally:
        process.terminate()
        process.wait(WAIT)
