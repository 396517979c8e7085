"""`uwlr-adapter import`: import records from a source, show earlier imports, undo and redo them."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click
from pydantic import SecretStr
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from uwlr_adapter.administratie.importing import batches, importer, questions
from uwlr_adapter.administratie.importing.batches import BatchError
from uwlr_adapter.administratie.importing.effect import answers_of, effect
from uwlr_adapter.administratie.importing.match import Unmatched
from uwlr_adapter.administratie.importing.questions import Choice, QuestionError
from uwlr_adapter.administratie.model import ImportRefusedError, Problem
from uwlr_adapter.administratie.sources import bron
from uwlr_adapter.administratie.sources.csv_set.csv_set import CsvBron
from uwlr_adapter.administratie.sources.csv_set.template import template as csv_template
from uwlr_adapter.administratie.sources.edexml.edexml import EdexmlBron
from uwlr_adapter.brin import is_brin6
from uwlr_adapter.cli import import_undo
from uwlr_adapter.cli.base import Context, make_table, own_actor
from uwlr_adapter.cli.import_report import (
    MANY,
    moment_of,
    print_batch,
    print_done,
    print_effect,
    print_problems,
    summary_of,
)
from uwlr_adapter.cli.questions import print_question, question_as_json
from uwlr_adapter.cli.terminal import escape
from uwlr_adapter.clock import day_of
from uwlr_adapter.db.database import IN_MEMORY, Database
from uwlr_adapter.db.limits import MAX_ID
from uwlr_adapter.db.schema_version import SchemaState

Command = TypeVar("Command", bound=Callable[..., Any])
_BRINCODE = 4


@click.group("import")
def imports() -> None:
    """Import the records of a school, show earlier imports, undo and redo them.

    Example:  uwlr-adapter import edexml EDEX.XML
    """


def _import_options(command: Command) -> Command:
    """Add the options that all sources share."""
    options = (
        click.option("--brin6", help="Refuse data of any other vestiging than this one, such as 21QW00."),
        click.option(
            "--naam", help="Name for a vestiging that is new here. Default: the name in the source, or its brin6."
        ),
        click.option("--dry-run", is_flag=True, help="Report what would happen, without changing anything."),
        click.option("--accept-drop", is_flag=True, help="Import even if many leerlingen or groepen would disappear."),
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
    )
    for option in reversed(options):
        command = option(command)
    return command


@imports.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@_import_options
@click.pass_obj
def edexml(context: Context, /, files: tuple[Path, ...], **chosen: Any) -> None:  # noqa: ANN401 - see _import_options
    """Import EDEXML files (1.03, 2.0 or 2.1); each replaces the records of its vestiging and schooljaar.

    A leerling or groep that is not in the file is removed from that schooljaar; other schooljaren stay as they are.
    Each file is imported as a whole or not at all, and the exit status is 1 if one of them was refused. If there are
    many files, each is reported in one line; `import show ID` has the counts.

    Example:  uwlr-adapter import edexml EDEX.XML --brin6 21QW00 --dry-run
    """
    _import(context, EdexmlBron(files), **chosen)


@imports.command()
@click.argument("folders", nargs=-1, required=True, metavar="DIR...", type=click.Path(path_type=Path))
@click.option(
    "--mapping",
    type=click.Path(path_type=Path),
    help="TOML file with other column labels. Default: kolommen.toml in the folder, if present.",
)
@_import_options
@click.pass_obj
def csv(context: Context, /, folders: tuple[Path, ...], mapping: Path | None, **chosen: Any) -> None:  # noqa: ANN401 - as above
    """Import folders with the CSV set of one school: leerlingen.csv, inschrijvingen.csv, groepen.csv and so on.

    A set replaces the records of each vestiging and schooljaar that has a groep in groepen.csv; other schooljaren stay
    as they are. `import template DIR` writes an example.

    Example:  uwlr-adapter import csv export/ --dry-run
    """
    _import(context, CsvBron(folders, mapping), **chosen)


@imports.command("bron")
@click.argument("source", metavar="NAME")
@click.argument("parts", nargs=-1, metavar="[PART]...")
@click.option("-o", "--option", "options", multiple=True, metavar="NAME=VALUE", help="An option of the source.")
@_import_options
@click.pass_obj
def from_bron(
    context: Context,
    /,
    source: str,
    parts: tuple[str, ...],
    options: tuple[str, ...],
    **chosen: Any,  # noqa: ANN401 - as above
) -> None:
    """Import from the installed source NAME, such as the database of a LAS (docs/guides/source.md).

    Without PART, every part of the source is imported; a part is usually a brincode.

    Example:  uwlr-adapter import bron mijnlas 21QW -o url=postgresql://las.example/records
    """
    named = {}
    for option in options:
        name, separator, value = option.partition("=")
        if not separator:
            raise click.BadParameter("write it as NAME=VALUE", param_hint="--option")
        named[name] = value
    try:
        opened = bron.make(source, named)
    except bron.BronError as error:
        raise click.ClickException(str(error)) from None
    _import(context, opened, parts=parts, **chosen)


@imports.command()
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.pass_obj
def template(context: Context, folder: Path) -> None:
    """Write an empty CSV set to DIR: every file with its columns and one example row.

    If one of the files exists already, nothing is written.

    Example:  uwlr-adapter import template export/
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        files = dict(csv_template())
        for name in files:
            if (folder / name).exists():
                raise click.ClickException(f"{name} already exists in the folder: nothing was written")
        for name, data in files.items():
            with (folder / name).open("xb") as file:
                file.write(data)
    except OSError as error:
        raise click.ClickException(f"cannot write to the folder: {error.strerror}") from None
    context.console.print(f"Wrote a CSV set to {escape(str(folder))}.", soft_wrap=True)


@imports.command("list")
@click.option("--brincode", help="Only imports of this school, such as 21QW.")
@click.option(
    "--limit", default=50, show_default=True, type=click.IntRange(1, 10_000), help="Maximum number of imports."
)
@click.pass_obj
def list_(context: Context, brincode: str | None, limit: int) -> None:
    """List the imports, newest first.

    Example:  uwlr-adapter import list --brincode 21QW
    """
    with context.database() as database, database.reading() as connection:
        found = batches.find_all(connection, None if brincode is None else brincode[:_BRINCODE], limit)
    table = make_table("ID", "moment", "school", "source", "years", "what it did")
    for batch in found:
        years = ", ".join(sorted({report.schooljaar for report in batch.reports}))
        table.add_row(str(batch.id), moment_of(batch), batch.brincode, escape(batch.source), years, summary_of(batch))
    context.console.print(table)
    if not found:
        context.messages.print("No imports yet.")


@imports.command()
@click.argument("batch_id", metavar="ID", type=click.IntRange(1, MAX_ID))
@click.pass_obj
def show(context: Context, batch_id: int) -> None:
    """Show what import ID did, per vestiging and schooljaar.

    Example:  uwlr-adapter import show 12
    """
    with context.database() as database, database.reading() as connection:
        try:
            batch = batches.get(connection, batch_id)
        except BatchError as error:
            raise click.ClickException(str(error)) from None
    print_batch(context.console, batch)


@imports.command("questions")
@click.argument("brincode", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON instead: a list of questions.")
@click.pass_obj
def list_questions(context: Context, brincode: str | None, *, as_json: bool) -> None:
    """List the open questions: rows of a source of which it is not certain who they are.

    Each row stands beside the known person whom its key or its ECK-iD names. That person is answered as last confirmed,
    and the row is not answered, until `import answer` says who it is or the source is corrected.

    Example:  uwlr-adapter import questions 21QW
    """
    with context.database() as database, database.reading() as connection:
        found = questions.of_school(connection, None if brincode is None else brincode[:_BRINCODE])
    if as_json:
        click.echo(json.dumps([question_as_json(one) for one in found]))
        return
    for one in found:
        print_question(context.console, one)
    if not found:
        context.messages.print("No open questions.")


@imports.command("answer")
@click.argument("question_ids", metavar="ID...", nargs=-1, required=True, type=click.IntRange(1, MAX_ID))
@click.argument("choice", type=click.Choice([choice.value for choice in Choice]))
@click.option("--dry-run", is_flag=True, help="Show what would change, without changing anything.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.pass_obj
def give_answer(context: Context, question_ids: tuple[int, ...], choice: str, *, dry_run: bool, yes: bool) -> None:
    """Answer question ID of `import questions`: who the row is.

    same: the known person. new: somebody who is not known yet. When its key and its ECK-iD name two persons, key or
    eckid: the one whom that names. What changes in the answers is shown first; `import undo` takes an answer back. The
    same source does not ask again.

    Example:  uwlr-adapter import answer 3 new --dry-run
    """
    with context.database() as database:
        for question_id in question_ids:
            try:
                with database.writing() as connection:
                    question = questions.get(connection, question_id)
                    day = day_of(context.clock())
                    before = answers_of(connection, question.brincode, day)
                    questions.answer(connection, question_id, Choice(choice), context.clock(), own_actor())
                    changes = effect(before, answers_of(connection, question.brincode, day))
                    connection.rollback()
                print_question(context.console, question)
                print_effect(context.console, changes)
                if dry_run:
                    context.console.print("Dry run, nothing changed.")
                    continue
                if not yes:
                    click.confirm(f"Answer question {question_id} with {choice}?", abort=True)
                with database.writing() as connection:
                    done = questions.answer(connection, question_id, Choice(choice), context.clock(), own_actor())
            except QuestionError as error:
                raise click.ClickException(str(error)) from None
            context.console.print(f"Question {question_id} was answered, as import {done.batch}.")


imports.add_command(import_undo.undo)
imports.add_command(import_undo.redo)


def _import(
    context: Context,
    source: bron.Bron,
    *,
    parts: Sequence[str] = (),
    brin6: str | None,
    naam: str | None,
    dry_run: bool,
    accept_drop: bool,
    by_name: bool,
    new_persons: bool,
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
        naam=naam,
        dry_run=dry_run,
        accept_drop=accept_drop,
        max_drop=context.settings.max_drop,
        unmatched=Unmatched.BY_NAME if by_name else Unmatched.NEW if new_persons else Unmatched.ASK,
        max_held=context.settings.max_held,
        max_held_share=context.settings.max_held_share,
    )
    refused = 0
    parts = parts or _parts(source)
    with _target(context, dry_run=dry_run) as database, _progress(context.messages) as progress:
        for part in progress.track(parts, description="Importing"):
            try:
                done = _import_part(database, source, part, options)
            except ImportRefusedError as error:
                refused += 1
                context.console.print(f"{escape(part)}: refused, nothing changed", soft_wrap=True)
                print_problems(context.console, error.problems)
            else:
                print_done(context.console, part, done, dry_run=dry_run, short=len(parts) >= MANY)
    if refused:
        click.get_current_context().exit(1)


@contextmanager
def _target(context: Context, *, dry_run: bool) -> Iterator[Database]:
    """Open the database to import into, created if need be; a dry run without one compares with an empty one."""
    if dry_run and context.schema_state() is SchemaState.ABSENT:
        context = replace(context, settings=context.settings.model_copy(update={"database": SecretStr(IN_MEMORY)}))
        dry_run = False  # nothing that this one holds outlives the command
    with context.database(create=not dry_run) as database:
        yield database


def _parts(source: bron.Bron) -> Sequence[str]:
    try:
        return source.parts()
    except Exception as error:
        # The text of the exception may quote a value, or the address of a database.
        raise click.ClickException(f"the source failed: {type(error).__name__}") from error


def _import_part(
    database: Database, source: bron.Bron, part: str, options: importer.ImportOptions
) -> importer.Imported:
    try:
        deliveries = source.read(part)
    except ImportRefusedError:
        raise
    except Exception as error:
        reason = f"the source failed: {type(error).__name__}"  # the text of the exception may quote a value
        raise ImportRefusedError([Problem(0, "", reason)]) from error
    return importer.import_deliveries(database, deliveries, options)


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
