"""`uwlr-adapter init`: the database and the key file, ready for use."""

import click

from uwlr_adapter.cli.base import Context
from uwlr_adapter.cli.terminal import escape
from uwlr_adapter.db.schema_version import SchemaState
from uwlr_adapter.keys.server_keys import ServerKeyError, ServerKeys, key_path

_DONE = {
    SchemaState.ABSENT: "Created the database.",
    SchemaState.OLD: "Migrated the database to this version.",
    SchemaState.USABLE: "The database is current.",
}


@click.command()
@click.pass_obj
def init(context: Context) -> None:
    """Create the database and the server keys; a database that is there is migrated, and keeps its records.

    The server keys are created once, in the file `keys` of the data folder, unless UWLR_KEYS or UWLR_KEYS_FILE names
    them. Keep a copy of them apart from the backup of the database: without them every code has to be entered again.

    Example:  uwlr-adapter init
    """
    state = context.schema_state()
    with context.database(create=True) as database:
        # The query of a URL may hold a password, which render_as_string does not hide.
        _say(context, _DONE[state], database.url.set(query={}).render_as_string())
        path = key_path(context.settings)
        existed = path is None or path.exists()
        try:
            ServerKeys.from_settings(context.settings, database, context.clock, create=True)
        except ServerKeyError as error:
            raise click.ClickException(str(error)) from None
    if path is None:
        context.messages.print("The server keys are those of UWLR_KEYS.")
    else:
        _say(context, "The server keys are there." if existed else "Created a server key.", str(path))


def _say(context: Context, done: str, place: str) -> None:
    context.messages.print(f"{done} ({escape(place)})", soft_wrap=True)
