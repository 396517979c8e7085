"""`uwlr-adapter init`: the database and the key file, ready for use."""

from dataclasses import replace
from pathlib import Path

import click
from pydantic import SecretStr

from uwlr_adapter.cli.base import Context
from uwlr_adapter.cli.terminal import escape
from uwlr_adapter.db.database import Database, shown_url
from uwlr_adapter.db.schema_version import SchemaState
from uwlr_adapter.keys.server_keys import ServerKeys, key_path, knows_keys

_DONE = {
    SchemaState.ABSENT: "Created the database.",
    SchemaState.OLD: "Migrated the database to this version.",
    SchemaState.USABLE: "The database is current.",
}


_WILL = {
    SchemaState.ABSENT: "Would create the database.",
    SchemaState.OLD: "Would migrate the database to this version.",
    SchemaState.USABLE: "The database is current.",
}
_NEXT = """
What next, in this order (docs/guides/operator.md):
  uwlr-adapter import edexml FILE --dry-run    the records of a school; without --dry-run to take them
  uwlr-adapter afnemer add KLANTNAAM           a platform that may fetch; prints its klantcode once
  uwlr-adapter gebruiker add LOGIN --naam NAAM --vestiging BRIN6    somebody of the school, who activates the koppeling
  uwlr-adapter serve                           the service, on this machine only
  uwlr-adapter deploy files FOLDER --public-url URL    what it takes to run it under systemd behind nginx"""


@click.command()
@click.option(
    "--database",
    "database_url",
    help="URL of a PostgreSQL database (UWLR_DATABASE); default: SQLite in the data folder.",
)
@click.option("--dry-run", is_flag=True, help="Show what would be made, and make nothing.")
@click.pass_obj
def init(context: Context, database_url: str | None, *, dry_run: bool) -> None:
    """Create the database and the server keys; a database that is there is migrated, and keeps its records.

    Nothing that is there is overwritten.

    The server keys are created once, in the file `keys` of the data folder, unless UWLR_KEYS or UWLR_KEYS_FILE names
    them. Keep a copy of them apart from the backup of the database: without them every code has to be entered again.

    Example:  uwlr-adapter init --dry-run
    """
    if database_url is not None:
        context = replace(context, settings=context.settings.model_copy(update={"database": SecretStr(database_url)}))
    state = context.schema_state()
    if dry_run:
        _show(context, state)
        return
    with context.database(create=True) as database:
        _say(context, _DONE[state], shown_url(context.settings.database_url))
        path = key_path(context.settings)
        existed = path is None or path.exists()
        ServerKeys.from_settings(context.settings, database, context.clock, create=True)
    if path is None or existed:
        _say_there(context, path)
    else:
        _say(context, "Created a server key.", str(path))
    if state is SchemaState.ABSENT:
        if database_url is not None:
            context.messages.print("Give the other commands the same database, in UWLR_DATABASE.")
        context.messages.print(_NEXT, soft_wrap=True)


def _show(context: Context, state: SchemaState) -> None:
    """Print what `init` would do. Raises ClickException where it would be refused."""
    if state is SchemaState.NEWER:
        raise click.ClickException("the database is of a newer version: install that version")
    _say(context, _WILL[state], shown_url(context.settings.database_url))
    path = key_path(context.settings)
    with context.database_as_it_is() as database:
        is_first = database is None or not knows_keys(database)
        if path is not None and is_first and not path.exists():
            _say(context, "Would create a server key.", str(path))
        else:
            _require_keys(context, database, state)
            _say_there(context, path)
    context.messages.print("Nothing was changed.")


def _require_keys(context: Context, database: Database | None, state: SchemaState) -> None:
    """Read the server keys, and compare them with what a usable database knows of them. Raises ServerKeyError."""
    keys = ServerKeys.read(context.settings, database)
    if database is not None and state is SchemaState.USABLE:
        with database.reading() as connection:
            keys.unknown(connection, context.clock(), with_removed=True)


def _say_there(context: Context, path: Path | None) -> None:
    if path is None:
        context.messages.print("The server keys are those of UWLR_KEYS.")
    else:
        _say(context, "The server keys are there.", str(path))


def _say(context: Context, done: str, place: str) -> None:
    context.messages.print(f"{done} ({escape(place)})", soft_wrap=True)
