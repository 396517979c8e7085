"""Shared by all commands: settings, database, clock, output, and errors as one sentence."""

import logging
import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Self

import click
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import DBAPIError

from uwlr_adapter.cli.terminal import SafeConsole
from uwlr_adapter.clock import AMSTERDAM, Clock, now
from uwlr_adapter.db.causes import advice_of, is_outcome_unknown
from uwlr_adapter.db.database import Database, DatabaseAbsentError
from uwlr_adapter.db.schema_version import SchemaState
from uwlr_adapter.errors import RefusedError, SchoolRefusedError, UnusableError
from uwlr_adapter.journaal.model import CLI
from uwlr_adapter.journaal.writer import MAX_ACTOR
from uwlr_adapter.koppelingen.catalogue import Catalogue, CatalogueError
from uwlr_adapter.settings import Settings

logging.getLogger("sqlalchemy.pool").addHandler(logging.NullHandler())
"""A connection that cannot even roll back is told with a traceback, beside the sentence of the command."""
_UNCHANGED = "What was not reported as done was not changed"
_UNKNOWN = "The last step may have been done: look before you repeat it"
PIPE_WIDTH = 200
"""Characters per line of output to a file or a pipe."""


_WAITS = "Other transactions keep the tables in use, such as an import; trying again."


def _output() -> Console:
    """Return a console for standard output; a file or a pipe gets lines of PIPE_WIDTH characters."""
    console = SafeConsole(highlight=False)
    return console if console.is_terminal else SafeConsole(highlight=False, width=PIPE_WIDTH)


@dataclass(frozen=True, slots=True)
class Context:
    """The object that click passes to each command (`@click.pass_obj`)."""

    settings: Settings
    clock: Clock = now
    console: Console = field(default_factory=_output)
    """Standard output: the result of the command."""
    messages: Console = field(default_factory=lambda: SafeConsole(stderr=True, highlight=False))
    """Standard error: progress, warnings and explanations."""

    @classmethod
    def from_environment(cls, data: Path | None) -> Self:
        """Return a context with the settings of the environment, `data` instead of UWLR_DATA if it is given.

        Raises ClickException.
        """
        try:
            return cls(Settings() if data is None else Settings(data=data))
        except ValidationError as error:
            invalid = "; ".join(
                f"{_variable(part['loc'])}{part['msg'].removeprefix('Value error, ')}" for part in error.errors()
            )
            raise click.ClickException(f"invalid setting: {invalid}") from None

    def catalogue(self) -> Catalogue:
        """Return the catalogue of koppelingen named by the settings."""
        try:
            return Catalogue.load(self.settings.catalogus)
        except CatalogueError as error:
            raise click.ClickException(f"the catalogue is not usable: {error}") from error

    @contextmanager
    def database(self, *, create: bool = False) -> Iterator[Database]:
        """Open the database, which must be usable; with `create` it is created or migrated first.

        Raises ClickException, also for what is refused while it is open; the sentence says what to do.
        """
        database: Database | None = None
        try:
            database = Database(self.settings.database_url, create=create)
            if create:
                database.upgrade(partial(self.messages.print, _WAITS))
            else:
                database.require_usable()
            yield database
        except (RefusedError, UnusableError) as error:
            raise refusal(error) from error
        except DBAPIError as error:
            done = _UNKNOWN if is_outcome_unknown(error) else _UNCHANGED
            raise click.ClickException(f"the database fails: {advice_of(error)}. {done}") from error
        finally:
            if database is not None:
                database.close()

    @contextmanager
    def database_as_it_is(self) -> Iterator[Database | None]:
        """Open the database, whatever its schema; None where there is none. Nothing is made. Raises ClickException."""
        database: Database | None = None
        try:
            with suppress(DatabaseAbsentError):
                database = Database(self.settings.database_url, create=False)
            yield database
        except (RefusedError, UnusableError) as error:
            raise refusal(error) from error
        except DBAPIError as error:
            raise click.ClickException(f"the database fails: {advice_of(error)}. {_UNCHANGED}") from error
        finally:
            if database is not None:
                database.close()

    def schema_state(self) -> SchemaState:
        """Return what this code can do with the database, which stays as it is. Raises ClickException."""
        with self.database_as_it_is() as database:
            return SchemaState.ABSENT if database is None else database.schema().state


def local_time(moment: datetime | None, *, seconds: bool = False) -> str:
    """Return a moment in Amsterdam as `01-10-2026 09:00`, or with its seconds; `-` for None."""
    return "-" if moment is None else format(moment.astimezone(AMSTERDAM), "%d-%m-%Y %H:%M" + ":%S" * seconds)


def refusal(error: RefusedError | UnusableError) -> click.ClickException:
    """Return the exception that prints a refusal as one sentence in English, also one that a school reads in Dutch."""
    return click.ClickException(error.english if isinstance(error, SchoolRefusedError) else str(error))


def _variable(location: tuple[int | str, ...]) -> str:
    """Return the variable of an invalid setting, for before its message; a message about several names them itself."""
    return f"UWLR_{str(location[0]).upper()}: " if location else ""


_SUDO_UID = "SUDO_UID"
_MAX_UID = 2**32 - 2


def own_actor() -> str:
    """Return the actor of an act on the command line: CLI and an account, such as `cli:jan`; of sudo `cli:jan/root`.

    The kernel says under which account a command runs; USER and LOGNAME, which everybody sets for themselves, are not
    read. sudo says who called it; whoever is free to write something else there runs as that account already, and may
    write in the database what they like.
    """
    return f"{CLI}{'/'.join(_accounts())}"[:MAX_ACTOR]


def own_account() -> str:
    """Return the account of the person at the command: who called sudo, else the one it runs under."""
    return _accounts()[0]


def _accounts() -> list[str]:
    uid, caller = os.getuid(), os.environ.get(_SUDO_UID, "")
    known = caller.isascii() and caller.isdecimal() and len(caller) <= len(str(_MAX_UID)) and int(caller) <= _MAX_UID
    return [*([_name_of(int(caller))] if known and int(caller) != uid else []), _name_of(uid)]


def _name_of(uid: int) -> str:
    """Return the name of an account; of one without a name, such as in a container, its number."""
    try:
        return pwd.getpwuid(uid).pw_name.encode(errors="replace").decode()  # a name of other bytes than UTF-8
    except KeyError:
        return f"uid-{uid}"


_NO_WRAP = frozenset({"ID", "moment", "vestiging", "reden"})
"""Headers of columns that are never wrapped: their values are copied into other commands, or searched for."""


def make_table(*headers: str) -> Table:
    """Return an empty table whose cells are wrapped, never truncated."""
    table = Table()
    for header in headers:
        table.add_column(header, overflow="fold", no_wrap=header in _NO_WRAP)
    return table
