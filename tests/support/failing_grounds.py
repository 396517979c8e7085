"""The grounds on which acts are made to fail: a database on SQLite, and one on PostgreSQL behind a proxy."""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from support.auditor import Answer, Contents, PostgresqlPlace, SqlitePlace, connect
from support.databases import PostgresServer
from support.failing import Commands, Done, OnSqlite, What
from support.failing_acts import (
    ACTIVATE,
    CODE,
    OLD_REVISION,
    OLD_ROWS,
    RELEASED_REVISION,
    Act,
    Command,
    message,
    write_files,
)
from support.failing_proxy import Proxy


class Ground(Protocol):
    """A database on which acts are made to fail."""

    name: str

    def begin(self, act: Act) -> None:
        """Make the state that an act begins with the present one, from now on."""

    def reset(self) -> None:
        """Go back to that state."""

    def run(self, command: Command) -> Done:
        """Run a command, or a fetch for an empty one; it is acknowledged when it says that it is done."""

    def execute(self, *statements: str) -> None:
        """Execute statements of SQL."""

    def move_sequences(self) -> None:
        """Make each sequence skip some numbers, as failed transactions do."""

    def fetch(self, code: str) -> Answer:
        """Fetch as the afnemer."""

    def contents(self) -> Contents:
        """Return all that the database holds."""


@dataclass
class Base:
    """Common parts of both grounds."""

    commands: Commands
    folder: Path
    klantcode: str = ""
    question: str = ""
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def data(self) -> Path:
        """The data folder of the present state."""
        return self.folder / "now"

    @property
    def files(self) -> Path:
        """The folder of the EDEXML files."""
        return self.folder / "files"

    def run(self, command: Command) -> Done:
        """As Ground says."""
        if command in {(), ("fetch",)}:
            done, answer = self.commands.fetch(
                message(self.klantcode, CODE), data=self.data, environment=self.environment
            )
            return Done(done.status, answer.decode(), done.err)
        batch = max(self._batches()) if "{batch}" in command else 0
        filled = [one.format(files=self.files, question=self.question, batch=batch) for one in command]
        return self.commands.run(*filled, data=self.data, environment=self.environment)

    def contents(self) -> Contents:
        """As Ground says."""
        raise NotImplementedError

    def execute(self, *statements: str) -> None:
        """As Ground says."""
        raise NotImplementedError

    def _batches(self) -> list[int]:
        return [row[0] for row in self.contents().of("import_batch", "id")]

    def done(self, command: Command) -> str:
        """Run a command that must succeed; returns what it printed."""
        done = self.run(command)
        assert done.status == 0, f"{command}: {done}"
        return done.out

    def fetch(self, code: str) -> Answer:
        """As Ground says."""
        _, answer = self.commands.fetch(message(self.klantcode, code), data=self.data, environment=self.environment)
        return Answer.read(answer)

    def prepare(self, act: Act) -> None:
        """Run the commands that lead to the state before an act."""
        if act.base in {"records", "school"}:
            self.done(("init",))
            self.klantcode = self.done(("afnemer", "add", "Snappet")).strip()
            self.done(("import", "edexml", "{files}/first.xml"))
        if act.base == "school":
            self.done(ACTIVATE)
        if act.base == "tables":
            self.done(("db", "upgrade"))
        if act.base in {"old", "released"}:
            self.commands.make_old(OLD_REVISION, OLD_ROWS, data=self.data, environment=self.environment)
        if act.base == "released":
            self.commands.make_old(RELEASED_REVISION, [], data=self.data, environment=self.environment)
        for command in act.prepare:
            self.run(command)
        if act.ages:
            self.execute(*act.ages)
        if "{question}" in act.command:
            (asked,) = json.loads(self.done(("import", "questions", "--json")))
            self.question = str(asked["id"])


class SqliteGround(Base):
    """SQLite, in a data folder."""

    name = "sqlite"

    def begin(self, act: Act) -> None:
        """As Ground says."""
        for folder in (self.data, self.folder / "start"):
            shutil.rmtree(folder, ignore_errors=True)
        self.data.mkdir(parents=True)
        self.files.mkdir(exist_ok=True)
        write_files(self.files)
        self.prepare(act)
        shutil.copytree(self.data, self.folder / "start")

    def reset(self) -> None:
        """As Ground says."""
        shutil.rmtree(self.data)
        shutil.copytree(self.folder / "start", self.data)

    def move_sequences(self) -> None:
        """Do nothing: SQLite has none."""

    def execute(self, *statements: str) -> None:
        """As Ground says."""
        with closing(sqlite3.connect(self.data / "uwlr.sqlite3")) as connection, connection:
            for statement in statements:
                connection.execute(statement)

    def contents(self) -> Contents:
        """As Ground says."""
        return SqlitePlace(self.data, self.folder).contents()

    def striker(self, what: What) -> OnSqlite:
        """Return what makes a call fail here."""
        return OnSqlite(self.commands.page, what, self.data)


@dataclass
class PostgresqlGround(Base):
    """PostgreSQL, behind a proxy."""

    server: PostgresServer = None  # type: ignore[assignment] # given by `postgresql_ground`
    proxy: Proxy = None  # type: ignore[assignment] # as above
    name = "postgresql"

    @property
    def _names(self) -> tuple[str, str]:
        return f"failing_{self.folder.name}".replace("-", "_").lower(), f"start_{self.folder.name}".replace(
            "-", "_"
        ).lower()

    def begin(self, act: Act) -> None:
        """As Ground says."""
        now, start = self._names
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir(parents=True)
        self.files.mkdir(exist_ok=True)
        write_files(self.files)
        self._drop(now, start)
        self.server.run(f"CREATE DATABASE {now} TEMPLATE template0 ENCODING 'UTF8'")
        self.environment["UWLR_DATABASE"] = self._proxied(now)
        self.prepare(act)
        self.proxy.hang_up()
        self.server.run(f"ALTER DATABASE {now} RENAME TO {start}")
        shutil.rmtree(self.folder / "start", ignore_errors=True)
        shutil.copytree(self.data, self.folder / "start")
        self.server.run(f"CREATE DATABASE {now} TEMPLATE {start}")

    def reset(self) -> None:
        """As Ground says."""
        now, start = self._names
        self.proxy.hang_up()
        self._drop(now)
        self.server.run(f"CREATE DATABASE {now} TEMPLATE {start}")
        shutil.rmtree(self.data)
        shutil.copytree(self.folder / "start", self.data)

    def move_sequences(self) -> None:
        """As Ground says."""
        with connect(self.server.url(self._names[0])) as connection:
            for (name,) in connection.execute("SELECT sequencename FROM pg_sequences").fetchall():
                connection.execute(f"SELECT nextval('\"{name}\"'), nextval('\"{name}\"')".encode())

    def execute(self, *statements: str) -> None:
        """As Ground says."""
        with connect(self.server.url(self._names[0])) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def contents(self) -> Contents:
        """As Ground says."""
        self.server.run(
            f"SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity WHERE datname = '{self._names[0]}'"  # noqa: S608 - our own name
        )
        return PostgresqlPlace(self.server.url(self._names[0])).contents()

    def drop(self) -> None:
        """Remove its databases."""
        self._drop(*self._names)

    def _drop(self, *names: str) -> None:
        for name in names:
            self.server.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _proxied(self, name: str) -> str:
        url = self.server.admin.set(database=name, host=None, port=None, query={"host": str(self.folder)})
        return url.render_as_string(hide_password=False)


@contextmanager
def postgresql_ground(commands: Commands, folder: Path, server: PostgresServer) -> Iterator[PostgresqlGround]:
    """Yield a ground on a PostgreSQL server."""
    folder.mkdir()
    proxy = Proxy(folder, server.admin)
    ground = PostgresqlGround(commands, folder, server=server, proxy=proxy)
    try:
        yield ground
    finally:
        proxy.close()
        ground.drop()
