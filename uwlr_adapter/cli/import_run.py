"""The run of an import: the options that all sources share, the parts one by one, and the report of each."""

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import click
from pydantic import SecretStr
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from uwlr_adapter.administratie import schools
from uwlr_adapter.administratie.importing import importer, not_taken
from uwlr_adapter.administratie.importing.match import Unmatched
from uwlr_adapter.administratie.model import Delivery, ImportRefusedError, Problem
from uwlr_adapter.administratie.sources.bron import Bron
from uwlr_adapter.brin import is_brin6
from uwlr_adapter.cli import import_json
from uwlr_adapter.cli.base import Context
from uwlr_adapter.cli.garbage import collector_off
from uwlr_adapter.cli.import_report import MANY, print_done, print_not_taken
from uwlr_adapter.cli.terminal import escape
from uwlr_adapter.db.database import IN_MEMORY, Database
from uwlr_adapter.db.event_log import log_event
from uwlr_adapter.db.schema_version import SchemaState

Command = TypeVar("Command", bound=Callable[..., Any])
ALL_TAKEN, SOME_REFUSED, SOME_ASK = 0, 1, 3
"""The exit statuses of an import: 2 is a wrong command line. A part that is refused goes before one that asks."""


def import_options(command: Command) -> Command:
    """Add the options that all sources share."""
    options = (
        click.option("--brin6", help="Refuse data of any other vestiging than this one, such as 21QW00."),
        click.option(
            "--naam", help="Name for a vestiging that is new here. Default: the name in the source, or its brin6."
        ),
        click.option("--dry-run", is_flag=True, help="Report what would happen, without changing anything."),
        click.option(
            "--accept-drop",
            is_flag=True,
            help="Import even if many leerlingen, groepen, leerkrachten or plaatsingen would disappear.",
        ),
        click.option("--older", is_flag=True, help="Import even if the file is older than the records."),
        click.option("--new-keys", is_flag=True, help="Import even if many persons get another key, as new persons."),
        click.option("--new-school", is_flag=True, help="Import a second school into a database that holds one."),
        click.option(
            "--by-name",
            is_flag=True,
            help="Match persons by name and date of birth where keys and ECK-iDs do not say who they are: after a "
            "change of administration.",
        ),
        click.option(
            "--new-persons",
            is_flag=True,
            help="Take every row whose key or ECK-iD is that of somebody else for a new person.",
        ),
        click.option("--json", "as_json", is_flag=True, help="Print one JSON object, without names, for a program."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def import_from(
    context: Context,
    source: Bron,
    *,
    parts: Sequence[str] = (),
    brin6: str | None,
    as_json: bool,
    by_name: bool,
    new_persons: bool,
    **chosen: Any,  # noqa: ANN401 - the fields of ImportOptions that are options of the command
) -> None:
    """Import the given parts of a source, or all; each as a whole or not at all."""
    if by_name and new_persons:
        raise click.UsageError("--by-name and --new-persons are two answers to one question: choose one")
    if brin6 is not None and not is_brin6(brin6):
        raise click.BadParameter(
            "must be a brincode and a dependancecode in capitals, such as 21QW00", param_hint="--brin6"
        )
    options = importer.ImportOptions(
        moment=context.clock(),
        source=source.name,
        brin6=brin6,
        max_drop=context.settings.max_drop,
        unmatched=Unmatched.BY_NAME if by_name else Unmatched.NEW if new_persons else Unmatched.ASK,
        max_held=context.settings.max_held,
        max_held_share=context.settings.max_held_share,
        **chosen,
    )
    report = _Report(context, source.name, dry_run=options.dry_run, as_json=as_json)
    try:
        parts = parts or _parts(source)
        if not parts:
            raise click.ClickException("there is nothing to import: the source has no part")
        report.parts = len(parts)
        with _target(context, dry_run=options.dry_run) as database, _progress(context.messages) as progress:
            options = replace(options, only_school=_only_school(database) if len(parts) < MANY else None)
            for part in progress.track(parts, description="Importing"):
                try:
                    with collector_off():  # an import leaves next to nothing that goes by the collector only
                        done = _import_part(database, source, part, options)
                except ImportRefusedError as error:
                    report.not_taken(part, error)
                else:
                    report.taken(part, done)
    finally:  # what is done is told, whatever stops the others
        report.end()
    click.get_current_context().exit(report.status)


@dataclass(slots=True)
class _Report:
    """The report of an import, part by part: for a person as it goes, or for a program at the end."""

    context: Context
    source: str
    dry_run: bool
    as_json: bool
    parts: int = 0
    """The number of parts, once it is known."""
    results: Counter[str] = field(default_factory=Counter)
    told: list[dict[str, Any]] = field(default_factory=list)
    """The reports of the parts, for a program only."""

    @property
    def status(self) -> int:
        """The exit status of the command."""
        if self.results[import_json.REFUSED]:
            return SOME_REFUSED
        return SOME_ASK if self.results[import_json.ASKS] else ALL_TAKEN

    def taken(self, part: str, done: importer.Imported) -> None:
        """Report a part that is taken."""
        self.results[import_json.TAKEN] += 1
        if self.as_json:
            self._tell(import_json.taken(part, done, dry_run=self.dry_run))
        else:
            print_done(self.context.console, part, done, dry_run=self.dry_run, short=self.parts >= MANY)

    def not_taken(self, part: str, error: ImportRefusedError) -> None:
        """Report a part that is refused, or asks."""
        self.results[import_json.ASKS if error.asks else import_json.REFUSED] += 1
        if self.as_json:
            self._tell(import_json.not_taken(part, error))
        else:
            print_not_taken(self.context.console, part, error)

    def _tell(self, told: dict[str, Any]) -> None:
        """Keep the report of a part for the end, and say on standard error how far the import is."""
        self.told.append(told)
        line = f"{len(self.told)} of {self.parts}: {told['part']}: {told['result']}"
        self.context.messages.print(escape(line), soft_wrap=True)

    def end(self) -> None:
        """Report them all together."""
        counts = {name: self.results[name] for name in (import_json.TAKEN, import_json.REFUSED, import_json.ASKS)}
        counts["not_tried"] = self.parts - self.results.total()
        if not self.dry_run and self.parts:
            log_event("import", source=self.source, **counts)
        if self.as_json:
            report = import_json.report(self.source, self.told, counts, dry_run=self.dry_run)
            sys.stdout.write(json.dumps(report) + "\n")
            sys.stdout.flush()
        elif self.parts > 1:
            words = [f"{count} {name.replace('_', ' ')}" for name, count in counts.items() if count]
            self.context.console.print(f"Of {self.parts}: {', '.join(words)}.")


def _only_school(database: Database) -> str | None:
    """Return the brincode of the one school that the database holds; None if it holds none, or several."""
    with database.reading() as connection:
        return schools.only_school(connection)


@contextmanager
def _target(context: Context, *, dry_run: bool) -> Iterator[Database]:
    """Open the database to import into, created if need be; a dry run without one compares with an empty one."""
    if dry_run and context.schema_state() is SchemaState.ABSENT:
        context = replace(context, settings=context.settings.model_copy(update={"database": SecretStr(IN_MEMORY)}))
        dry_run = False  # nothing that this one holds outlives the command
    with context.database(create=not dry_run) as database:
        yield database


def _parts(source: Bron) -> Sequence[str]:
    try:
        return source.parts()
    except OSError as error:
        raise click.ClickException(f"the source cannot be read: {error.strerror or type(error).__name__}") from error
    except Exception as error:
        # The text of the exception may quote a value, or the address of a database.
        raise click.ClickException(f"the source failed: {type(error).__name__}") from error


def _import_part(database: Database, source: Bron, part: str, options: importer.ImportOptions) -> importer.Imported:
    """Read and import a part; when it is not taken, keep that with its years. Raises ImportRefusedError."""
    try:
        return importer.import_deliveries(database, _read(source, part), options)
    except ImportRefusedError as error:
        years = error.years or ({(options.brin6, "")} if options.brin6 else set())
        if years and not options.dry_run:
            with database.writing() as connection:
                not_taken.record(connection, years, error, options.moment)
        raise


def _read(source: Bron, part: str) -> Sequence[Delivery]:
    try:
        return source.read(part)
    except ImportRefusedError:
        raise
    except Exception as error:
        reason = f"the source failed: {type(error).__name__}"  # the text of the exception may quote a value
        raise ImportRefusedError([Problem(0, "", reason)]) from error


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
