"""`uwlr-adapter keys`: the server keys, and their rotation in safe steps."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa

from uwlr_adapter.cli.base import Context, make_table, own_actor
from uwlr_adapter.cli.json_output import json_option, moment_of, print_json
from uwlr_adapter.cli.terminal import escape
from uwlr_adapter.contract.nouns import count_noun
from uwlr_adapter.db.database import Database
from uwlr_adapter.db.database_clock import database_clock
from uwlr_adapter.gebruikers import accounts
from uwlr_adapter.keys import holders, key_file, known_keys, rotation
from uwlr_adapter.keys.holders import Holder
from uwlr_adapter.keys.known_keys import KnownKey
from uwlr_adapter.keys.rotation import LackingError
from uwlr_adapter.keys.server_keys import KEY_BYTES, ServerKey, ServerKeyError, ServerKeys, key_path
from uwlr_adapter.koppelingen import afnemers, store

MAX_SHOWN = 100
"""Koppelingen that `keys left` shows on a terminal; --json has all of them."""


@click.group()
def keys() -> None:
    """Rotate the server keys, under which codes are stored: add, distribute, use, wait, remove.

    A new key is stored under only once `use` says so, and that is refused while a serving process does not have it. So
    the order in which machines get their key files does not matter.

    Example:  uwlr-adapter keys list
    """


@keys.command("list")
@json_option
@click.pass_obj
def list_(context: Context, *, as_json: bool) -> None:
    """List the server keys: which one is in use, what still needs the others, and which processes hold them.

    Example:  uwlr-adapter keys list
    """
    moment = context.clock()
    with context.database() as database:
        with database.reading() as connection:
            known = list(known_keys.read(connection).values())
            needed = {one.name: known_keys.count_needing(connection, one.name, moment) for one in known}
            living = holders.list_living(connection, database_clock(connection))
        here = _names_here(context, database)
    if as_json:
        print_json([_as_json(one, needed[one.name], living, here) for one in known])
        return
    table = make_table("key", "state", "since", "needed by", "held by processes", "here")
    for one in known:
        counts = ", ".join(count_noun(number, *_NOUNS[name]) for name, number in needed[one.name].items())
        held = sum(one.name in process.holds for process in living)
        state, since = _state(one)
        table.add_row(
            one.name, state, _utc(since), counts or "-", f"{held} of {len(living)}", "yes" if one.name in here else "no"
        )
    context.console.print(table)
    _print_processes(context, living, "Serving processes, which told within the last five minutes that they live:")
    if not known:
        context.messages.print("No server key yet: `uwlr-adapter init` makes the first one.")


@keys.command()
@click.argument("name")
@click.option("--print", "prints", is_flag=True, help="Print its line on standard output; no file is changed.")
@click.pass_obj
def add(context: Context, name: str, *, prints: bool) -> None:
    """Make a new server key. Nothing is stored under it until `keys use`.

    Its line is added to the key file of this machine. With --print it is printed instead, once, for a secret store.
    Then give every machine the line, at any place in its keys, and reload its service.

    Example:  uwlr-adapter keys add k2027
    """
    line = key_file.new_line(name, KEY_BYTES)
    path = key_path(context.settings)
    if path is None and not prints:
        raise click.UsageError("the keys are those of UWLR_KEYS, which this command cannot change: give --print")
    with _refusing(context) as database:
        ServerKeys.from_settings(context.settings, database, context.clock)
        with database.writing() as connection:
            rotation.require_new(connection, name)
            rotation.add(connection, ServerKey(name, bytes.fromhex(line.partition("=")[2])), own_actor())
            if path is not None and not prints:
                _append(path, line)
    if prints:
        click.echo(line)
    where = "" if prints or path is None else f" ({escape(str(path))})"
    context.messages.print(
        f"Server key {name} is made{where}, and not used yet. Give every machine its line and reload its service; then "
        f"run `uwlr-adapter keys use {name}`.",
        soft_wrap=True,
    )


@keys.command()
@click.argument("name")
@click.option("--dry-run", is_flag=True, help="Only say whether it could be used now.")
@click.pass_obj
def use(context: Context, name: str, *, dry_run: bool) -> None:
    """Store new codes under a key from now on, in every process within seconds; older codes are read as before.

    Refused while a serving process does not hold the key. A code that is stored under an older key is stored under this
    one when its owner calls or logs in.

    Example:  uwlr-adapter keys use k2027
    """
    with _refusing(context) as database:
        server_keys = ServerKeys.from_settings(context.settings, database, context.clock)
        with _step(database, dry_run=dry_run) as connection:
            living = rotation.use(connection, server_keys, name, database_clock(connection), actor=own_actor())
    _print_processes(context, living, "Every serving process that reports its keys holds it. Is a machine missing?")
    if not living:
        context.messages.print("No serving process reports its keys at present.")
    done = "could be used now; nothing was changed." if dry_run else "is in use: new codes are stored under it."
    context.messages.print(f"Server key {name} {done}")


@keys.command()
@click.argument("name")
@json_option
@click.pass_obj
def left(context: Context, name: str, *, as_json: bool) -> None:
    """Show what still needs a key: koppelingen by vestiging, klantcodes, second factors and sessions; and what to do.

    Example:  uwlr-adapter keys left k2026
    """
    moment = context.clock()
    with context.database() as database, database.reading() as connection:
        key = known_keys.read(connection).get(name)
        if key is None:
            raise click.ClickException(f"there is no server key '{escape(name)}': `uwlr-adapter keys list` shows them")
        koppelingen = store.list_under_key(connection, name)
        klantcodes = afnemers.list_under_key(connection, name, moment)
        logins = accounts.list_under_key(connection, name)
    until = rotation.sessions_until(key)
    until = until if until is not None and until > moment else None
    if as_json:
        found = {
            "name": name,
            "koppelingen": [{"brin6": brin6, "koppeling": entry, "afnemer": who} for brin6, entry, who in koppelingen],
            "klantcodes": [{"afnemer": who, "previous": is_previous} for who, is_previous in klantcodes],
            "second_factors": len(logins),
            "sessions_until": moment_of(until),
        }
        print_json(found)
        return
    _print_left(context, koppelingen, klantcodes, logins, until)
    if not (koppelingen or klantcodes or logins or until):
        context.messages.print(f"Nothing needs server key {name}.")


@keys.command()
@click.argument("name")
@click.option("--dry-run", is_flag=True, help="Only say whether it could be removed now.")
@click.option("--end-sessions", is_flag=True, help="Do not wait for sessions of the portal: their users log in again.")
@click.pass_obj
def remove(context: Context, name: str, *, dry_run: bool, end_sessions: bool) -> None:
    """Say that nothing needs a key any more; then its line can go from every key file.

    Refused while anything stored needs it, or a process still stores codes under it. Its name is not used again.

    Example:  uwlr-adapter keys remove k2026 --dry-run
    """
    with _refusing(context) as database, _step(database, dry_run=dry_run) as connection:
        moment = database_clock(connection)
        holding = rotation.remove(connection, name, moment, actor=own_actor(), end_sessions=end_sessions)
    _print_processes(context, holding, "These processes hold it until their keys change and they are reloaded:")
    done = "could be removed now; nothing was changed." if dry_run else "is removed: take its line out of the keys."
    context.messages.print(f"Server key {name} {done}")


@contextmanager
def _refusing(context: Context) -> Iterator[Database]:
    """Open the database; a refusal is told with the processes that are its reason."""
    with context.database() as database:
        try:
            yield database
        except LackingError as error:
            _print_processes(context, error.processes, "")
            raise


@contextmanager
def _step(database: Database, *, dry_run: bool) -> Iterator[sa.Connection]:
    """Open the writing transaction of a step; a dry run is undone."""
    with database.writing() as connection:
        yield connection
        if dry_run:
            connection.rollback()
            connection.begin()


def _append(path: Path, line: str) -> None:
    """Add a line to the key file of this machine. Raises ClickException."""
    try:
        key_file.append(path, line)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise click.ClickException(
            f"the key file {path} cannot be changed ({reason}), and no key was made: give --print, and add the line "
            "where the file comes from"
        ) from None


def _names_here(context: Context, database: Database) -> list[str]:
    """Return the names of the keys of this machine; none when they cannot be read."""
    try:
        return ServerKeys.read(context.settings, database).names
    except ServerKeyError as error:
        context.messages.print(f"The keys of this machine: {escape(str(error))}", soft_wrap=True)
        return []


_NOUNS = {
    "koppeling": ("koppeling", "koppelingen"),
    "afnemer": ("klantcode", "klantcodes"),
    "gebruiker": ("second factor", "second factors"),
}
"""What needs a key, by table: one of it, and more."""


def _state(key: KnownKey) -> tuple[str, datetime | None]:
    """Return the state of a key as a word, and since when."""
    if key.removed_at is not None:
        return "removed", key.removed_at
    if key.is_in_use:
        return "in use", key.used_since
    return ("not used yet", None) if key.used_since is None else ("older", key.replaced_at)


def _as_json(key: KnownKey, needed: dict[str, int], living: Sequence[Holder], here: Iterable[str]) -> dict[str, Any]:
    state, since = _state(key)
    lacking = [_process_as_json(one) for one in living if key.name not in one.holds]
    return {
        "name": key.name,
        "state": state,
        "since": moment_of(since),
        "changed_by": key.changed_by,
        "needed_by": {_NOUNS[name][1].replace(" ", "_"): number for name, number in needed.items()},
        "here": key.name in here,
        "held_by": len(living) - len(lacking),
        "lacking": lacking,
    }


def _process_as_json(process: Holder) -> dict[str, Any]:
    return {"machine": process.machine, "process": process.process, "started": moment_of(process.started_at)}


def _print_processes(context: Context, processes: Sequence[Holder], heading: str) -> None:
    if not processes:
        return
    table = make_table("machine", "process", "started", "last told", "holds", "stores under")
    for one in processes:
        held = ", ".join(sorted(one.holds))
        seen = _utc(one.seen_at)
        table.add_row(escape(one.machine), str(one.process), _utc(one.started_at), seen, held, one.uses)
    if heading:
        context.messages.print(heading)
    context.messages.print(table)


def _print_left(
    context: Context,
    koppelingen: Sequence[tuple[str, str, str]],
    klantcodes: Sequence[tuple[str, bool]],
    logins: Sequence[str],
    until: datetime | None,
) -> None:
    """Print what needs a key, and what ends that."""
    if koppelingen:
        table = make_table("vestiging", "koppeling", "afnemer")
        for brin6, entry, klantnaam in koppelingen[:MAX_SHOWN]:
            table.add_row(brin6, escape(entry), escape(klantnaam))
        context.console.print(table)
        counted = count_noun(len(koppelingen), "koppeling", "koppelingen")
        schools = count_noun(len({brin6 for brin6, _, _ in koppelingen}), "vestiging", "vestigingen")
        more = f" (the first {MAX_SHOWN} are shown)" if len(koppelingen) > MAX_SHOWN else ""
        context.messages.print(
            f"{counted} of {schools}{more}. Each is renewed when its afnemer calls for"
            " that school. One that does not call: ask the school to enter its verificatiecode again, or to end it.",
            soft_wrap=True,
        )
    if klantcodes:
        names = ", ".join(f"{who} (the previous code)" if is_previous else who for who, is_previous in klantcodes)
        context.console.print(f"Klantcodes: {escape(names)}", soft_wrap=True)
        context.messages.print("Each is renewed when the afnemer calls, else by `afnemer rotate KLANTNAAM`.")
    if logins:
        context.console.print(f"Second factors: {escape(', '.join(logins))}", soft_wrap=True)
        context.messages.print("Each is renewed when the user logs in, else `gebruiker reset LOGIN` takes it away.")
    if until is not None:
        context.console.print(f"Sessions of the portal: at most until {_utc(until)}.")


def _utc(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M} UTC"
