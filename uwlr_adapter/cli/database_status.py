"""`uwlr-adapter db status`: which code can use the database, what an upgrade would do, and the server keys."""

from typing import Any

import click

from uwlr_adapter.cli.base import Context
from uwlr_adapter.cli.json_output import json_option, print_json
from uwlr_adapter.cli.terminal import escape
from uwlr_adapter.contract.nouns import count_noun
from uwlr_adapter.db.database import MIGRATIONS, Database, DatabaseAbsentError, SchemaError
from uwlr_adapter.db.database_clock import database_clock
from uwlr_adapter.db.schema_version import SCHEMA, DatabaseSchema, SchemaState
from uwlr_adapter.keys import holders, known_keys
from uwlr_adapter.keys.server_keys import ServerKeyError, ServerKeys

_SENTENCES = {
    SchemaState.ABSENT: str(DatabaseAbsentError()),
    SchemaState.USABLE: "this version can use the database",
}


@click.command()
@json_option
@click.pass_obj
def status(context: Context, *, as_json: bool) -> None:
    """Show the schema of the database, the oldest code that can use it, what `db upgrade` would do, and the keys.

    Nothing is changed. Read it before an upgrade, and before going back to an older version.

    Example:  uwlr-adapter db status
    """
    with context.database_as_it_is() as database:
        schema = DatabaseSchema(SchemaState.ABSENT) if database is None else database.schema()
        keys = _keys(context, database) if database is not None and schema.state is SchemaState.USABLE else {}
    pending = [] if schema.state is SchemaState.NEWER else pending_migrations(schema.number)
    if as_json:
        found = {
            "state": schema.state.value,
            "schema": schema.number,
            "readable_from": schema.readable_from,
            "code": SCHEMA,
            "pending": pending,
            **keys,
        }
        print_json(found)
        return
    show = context.console.print
    sentence = _SENTENCES.get(schema.state) or str(SchemaError(schema))
    show(f"{sentence[0].upper()}{sentence[1:]}.", soft_wrap=True)
    show(f"Schema of the database: {schema.number or 'none'}; of this version: {SCHEMA}.")
    if schema.readable_from:
        show(
            f"Code of schema {schema.readable_from} and newer can use it. To go back to an older version than that, "
            "restore the backup from before the upgrade.",
            soft_wrap=True,
        )
    if pending:
        counted = count_noun(len(pending), "migration", "migrations")
        show(f"`uwlr-adapter db upgrade` would run {counted}: {', '.join(pending)}.", soft_wrap=True)
    if keys:
        number = f"{keys['processes']}, of which without that key: {keys['processes_lacking']}"
        in_use = keys["key_in_use"] or "none yet, the first `serve` or stored code of this version chooses it"
        show(f"Server key in use: {escape(in_use)}. Serving processes: {number}.", soft_wrap=True)
        show(f"Server keys here: {escape(', '.join(keys['keys_here']) or 'none')}. `uwlr-adapter keys list` has more.")


def pending_migrations(number: int) -> list[str]:
    """Return the names of the migrations of this code above a schema number, in their order."""
    names = sorted(path.stem for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
    return [name for name in names if int(name[:4]) > number]


def _keys(context: Context, database: Database) -> dict[str, Any]:
    """Return what is known of the server keys, without a key."""
    with database.reading() as connection:
        in_use = known_keys.find_in_use(known_keys.read(connection))
        living = holders.list_living(connection, database_clock(connection))
    try:
        here = ServerKeys.read(context.settings, database).names
    except ServerKeyError as error:
        context.messages.print(f"The keys of this machine: {escape(str(error))}", soft_wrap=True)
        here = []
    return {
        "key_in_use": None if in_use is None else in_use.name,
        "keys_here": here,
        "processes": len(living),
        "processes_lacking": 0 if in_use is None else sum(in_use.name not in one.holds for one in living),
    }
