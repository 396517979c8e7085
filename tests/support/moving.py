"""A database that is backed up, restored and copied by the commands, and what its callers get of it."""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from lxml import etree
from pydantic import SecretStr
from rich.console import Console

from support.databases import make_tables
from support.served_school import ServedSchool
from support.wsgi import Reply, call
from uwlr_adapter.backup.tables import carried
from uwlr_adapter.cli import main
from uwlr_adapter.cli.base import Context
from uwlr_adapter.clock import now
from uwlr_adapter.db.database import Database
from uwlr_adapter.db.table_rows import TableShape, read_rows
from uwlr_adapter.server.application import make_app
from uwlr_adapter.settings import Part, Settings

if TYPE_CHECKING:
    from support.databases import PostgresServer

Rows = dict[str, list[str]]
"""The canonical rows of each table, as sorted text."""


@dataclass
class Place:
    """A database and the data folder with its keys."""

    data: Path
    url: str
    moment: datetime = field(default_factory=now)

    @classmethod
    def on_sqlite(cls, data: Path) -> "Place":
        """Return the place of the SQLite file of a data folder, which need not be there."""
        return cls(data, f"sqlite:///{data}/uwlr.sqlite3")

    @classmethod
    @contextmanager
    def new(
        cls, kind: str, data: Path, request: pytest.FixtureRequest, *, with_tables: bool = False
    ) -> Iterator["Place"]:
        """Yield a place on a kind of database, in a new data folder: without tables, or with empty ones."""
        data.mkdir(mode=0o700, parents=True)
        if kind == "sqlite":
            place = cls.on_sqlite(data)
            if with_tables:
                with place.database() as database:
                    make_tables(database)
            yield place
            return
        server: PostgresServer = request.getfixturevalue("postgresql")
        with server.database(empty=not with_tables) as url:
            yield cls(data, url)

    def with_keys_of(self, other: "Place") -> "Place":
        """Put the server keys of another place into the data folder of this one, and return this one."""
        shutil.copy(other.data / "keys", self.data / "keys")
        return self

    @property
    def settings(self) -> Settings:
        """The settings that name it."""
        return Settings(data=self.data, database=SecretStr(self.url))

    def run(self, *words: str | Path, answer: str | None = None) -> Result:
        """Run a command as the shell does."""
        console = Console(width=300, highlight=False)
        context = Context(self.settings, clock=lambda: self.moment, console=console, messages=console)
        command, *arguments = map(str, words)
        found = main.get_command(click.Context(main), command)
        assert found is not None
        result = CliRunner().invoke(found, arguments, obj=context, input=answer)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
        return result

    def done(self, *words: str | Path) -> str:
        """Run a command that must succeed, and return its output."""
        result = self.run(*words)
        assert result.exit_code == 0, result.output
        return result.output

    def refused(self, *words: str | Path, status: int = 1) -> str:
        """Run a command that must fail, and return its output."""
        result = self.run(*words)
        assert result.exit_code == status, result.output
        return result.output

    @contextmanager
    def database(self) -> Iterator[Database]:
        """Open the database."""
        with closing(Database(self.url)) as opened:
            yield opened

    def rows(self) -> Rows:
        """Return everything that a backup carries."""
        with self.database() as database, database.reading() as connection:
            return {table.name: sorted(map(repr, read_rows(connection, TableShape.of(table)))) for table in carried()}

    def execute(self, *statements: str) -> None:
        """Execute statements in one transaction."""
        with self.database() as database, database.writing() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def scalar(self, query: str, **parameters: object) -> object:
        """Return the value that a query finds; a parameter is written as `:name`."""
        with self.database() as database, database.reading() as connection:
            found: object = connection.execute(sa.text(query), parameters).scalar()
            return found

    def tables(self) -> set[str]:
        """Return the names of the tables that are there."""
        with self.database() as database, database.reading() as connection:
            return set(sa.inspect(connection).get_table_names())

    def fetch(self, message: bytes) -> tuple[str, str]:
        """Fetch from a service of this database; return the outcome and the aanmaakdatum."""
        (found,) = self._fetch([message])
        return found

    def _fetch(self, messages: Iterable[bytes]) -> list[tuple[str, str]]:
        settings = self.settings.model_copy(update={"parts": frozenset({Part.SOAP})})
        with closing(make_app(settings, lambda: self.moment)) as app:
            return [_heard(call(app, message)) for message in messages]

    def outcomes(self, served: ServedSchool) -> dict[str, str]:
        """Return the outcome of the right call, and of each that is refused."""
        calls = {"": served.request()} | {name: served.request(**one) for name, one in served.refused_calls.items()}
        return dict(zip(calls, (outcome for outcome, _ in self._fetch(calls.values())), strict=True))


def _heard(reply: Reply) -> tuple[str, str]:
    """Return the outcome of an answer and its aanmaakdatum."""
    root = etree.fromstring(reply.body)
    fault = root.findtext(".//faultcode")
    outcome = etree.QName(root[0][0][0]).localname if fault is None else fault.partition(":")[2]
    return outcome, root.findtext(".//{*}aanmaakdatum") or ""
