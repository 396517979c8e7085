"""`uwlr-adapter koppeling`: the actions of the Koppelingenoverzicht, on the command line."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import click
import sqlalchemy as sa

from uwlr_adapter.administratie import withholding
from uwlr_adapter.cli import toestemming as toestemmingen
from uwlr_adapter.cli.base import Context, make_table, own_account, own_actor, refusal
from uwlr_adapter.cli.json_output import json_option, print_json
from uwlr_adapter.cli.koppeling_rows import overview_rows, rows_of
from uwlr_adapter.cli.one_koppeling import (
    dry_run_option,
    koppeling_arguments,
    require_living,
    yes_option,
)
from uwlr_adapter.cli.secrets import CODE_VARIABLE, read_secret
from uwlr_adapter.cli.terminal import escape
from uwlr_adapter.cli.toestemming import BY_NAME, resume_one, toestemming_option
from uwlr_adapter.cli.what_if import print_stopped, profiel_
from uwlr_adapter.cli.withholding import withheld, withhold
from uwlr_adapter.clock import day_of
from uwlr_adapter.contract.escape import printable
from uwlr_adapter.keys.server_keys import ServerKeys
from uwlr_adapter.koppelingen import actions, agreeing, pausing, store, verificatiecode, what_if
from uwlr_adapter.koppelingen.actions import ActivationRequest, KoppelingAct
from uwlr_adapter.koppelingen.catalogue import CatalogueEntry
from uwlr_adapter.koppelingen.errors import (
    AlreadyActivatedError,
    NoCodeError,
    ToestemmingNotOfferedError,
    UnknownEntryError,
)
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.koppelingen.tables import Status
from uwlr_adapter.koppelingen.toestemming import Toestemming
from uwlr_adapter.koppelingen.verdict_words import words_of

_Command = Callable[..., Any]


@click.group()
def koppeling() -> None:
    """Activate, pause, resume and end the koppelingen of a school.

    Example:  uwlr-adapter koppeling list 21QW00
    """


koppeling.add_command(withhold)
koppeling.add_command(withheld)
koppeling.add_command(profiel_)
koppeling.add_command(toestemmingen.agree)


def _code_options(command: _Command) -> _Command:
    """Add the options for a verificatiecode; it is prompted for if neither is given."""
    generate = click.option("--generate", is_flag=True, help="Generate a code and print it once.")
    code = click.option(
        "--code",
        envvar=CODE_VARIABLE,
        callback=read_secret,
        help=f"The verificatiecode (or {CODE_VARIABLE}, or @FILE; prompted for if absent).",
    )
    return code(generate(command))


@koppeling.command("list")
@click.argument("brin6", required=False)
@json_option
@click.pass_obj
def list_(context: Context, brin6: str | None, *, as_json: bool) -> None:
    """List the activated koppelingen; with BRIN6, also those that this vestiging can activate.

    Example:  uwlr-adapter koppeling list 21QW00
    """
    catalogue, moment = context.catalogue(), context.clock()
    with context.database() as database, database.reading() as connection:
        if brin6 is None:
            rows = rows_of(connection, catalogue, store.list_living(connection), moment)
        else:
            store.require_vestiging(connection, brin6)
            rows = list(overview_rows(connection, catalogue, brin6, moment))
    if as_json:
        print_json([row.as_json() for row in rows])
        return
    table = make_table("vestiging", "ID", "naam", "type", "startdatum", "status", "verdict")
    for row in rows:
        table.add_row(*map(escape, row.cells()))
    context.console.print(table)


@koppeling.command()
@koppeling_arguments
@json_option
@click.pass_obj
def show(context: Context, brin6: str, koppeling_id: str, *, as_json: bool) -> None:
    """Show one koppeling of the vestiging BRIN6, and how many leerlingen are withheld from it.

    Example:  uwlr-adapter koppeling show 21QW00 snappet
    """
    catalogue, moment = context.catalogue(), context.clock()
    entry = catalogue.get(koppeling_id)
    with context.database() as database, database.reading() as connection:
        found = require_living(context, connection, brin6, koppeling_id)
        persons = withholding.withheld_from(connection, found.id)
        (listed,) = rows_of(connection, catalogue, [found], moment)
    if as_json:
        profiel = None if entry is None else entry.profiel
        print_json({**listed.as_json(), "profiel": profiel, "leerlingen_withheld": len(persons)})
        return
    words = None if listed.verdict is None else words_of(listed.verdict, listed.naam or koppeling_id)
    table = make_table("", "")
    for row in (
        ("naam", "-" if entry is None else entry.naam),
        ("status", listed.status),
        ("verdict", "-" if words is None else words.sentence),
        ("next step", "-" if words is None else words.step),
        ("whose", "-" if words is None else words.who or "-"),
        ("startdatum", f"{found.startdatum:%d-%m-%Y}"),
        ("profiel", "-" if entry is None else entry.profiel or "-"),
        *((name, toestemmingen.in_words(found, name)) for name in BY_NAME if found.afnemer_id is not None),
        ("leerlingen withheld", str(len(persons))),
    ):
        table.add_row(*map(escape, row))
    context.console.print(table)


@koppeling.command()
@click.argument("koppeling_id", metavar="ID")
@toestemming_option("Those of leerlinggegevens (default) or of results.")
@click.pass_obj
def terms(context: Context, koppeling_id: str, toestemming: str | None) -> None:
    """Show the terms of use of the koppeling ID, and their version.

    Example:  uwlr-adapter koppeling terms snappet --toestemming resultaten
    """
    entry = context.catalogue().get(koppeling_id)
    if entry is None:
        raise refusal(UnknownEntryError())
    if toestemming is not None and not entry.offers(BY_NAME[toestemming]):
        raise refusal(ToestemmingNotOfferedError())
    voorwaarden = entry.voorwaarden if toestemming is None else entry.voorwaarden_of(BY_NAME[toestemming])
    click.echo(f"{printable(entry.naam)}: gebruikersvoorwaarden, versie {voorwaarden.versie}\n")
    click.echo(printable(voorwaarden.tekst.strip(), lines=True))


@koppeling.command()
@koppeling_arguments
@click.option("--naam", required=True, help="Name of the authorised person who agrees to the terms.")
@click.option(
    "--akkoord", is_flag=True, help="Confirm that this person agrees to the terms (see `koppeling terms ID`)."
)
@toestemming_option("What that person agrees to, each by itself; default: leerlinggegevens.", multiple=True)
@click.option("--login", default=None, help="Login of that person; default: your login on this machine.")
@click.option(
    "--startdatum",
    type=click.DateTime(["%Y-%m-%d", "%d-%m-%Y"]),
    help="First day on which data can be fetched, at most a year ahead; default: today.",
)
@_code_options
@click.pass_obj
def activate(
    context: Context,
    brin6: str,
    koppeling_id: str,
    naam: str,
    *,
    akkoord: bool,
    toestemming: tuple[str, ...],
    login: str | None,
    startdatum: datetime | None,
    code: str | None,
    generate: bool,
) -> None:
    """Activate the koppeling ID for the vestiging BRIN6.

    A UWLR koppeling needs a verificatiecode, which the school also enters on the learning platform.

    \b
    Example:
      uwlr-adapter koppeling activate 21QW00 snappet --naam "J. de Vries" --akkoord --generate
      uwlr-adapter koppeling activate 21QW00 snappet --naam "J. de Vries" --akkoord --generate \\
        --toestemming leerlinggegevens --toestemming resultaten
    """  # noqa: D301 - \b tells click not to rewrap this text
    catalogue = context.catalogue()
    with context.database() as database:
        entry = agreeing.require_entry(catalogue, koppeling_id)
        if generate and not entry.has_code:
            raise NoCodeError
        agreed = _agreed(entry, toestemming)
        with database.reading() as connection:  # before prompting for anything
            store.require_vestiging(connection, brin6)
            if store.find_living(connection, brin6, koppeling_id) is not None:
                raise AlreadyActivatedError
        chosen = _chosen_code(brin6, code, generate=generate) if entry.has_code else code
        request = ActivationRequest(
            brin6=brin6,
            entry_id=koppeling_id,
            login=login or own_account(),
            naam=naam,
            akkoord=akkoord and Toestemming.LEERLINGGEGEVENS in agreed,
            akkoord_resultaten=akkoord and Toestemming.RESULTATEN in agreed,
            startdatum=startdatum.date() if startdatum else None,
            verificatiecode=chosen,
        )
        server_keys = ServerKeys.from_settings(context.settings, database)
        with database.writing() as connection:
            moment, actor = context.clock(), own_actor()
            activated = actions.activate(connection, catalogue, server_keys, request, moment, actor=actor)
    if generate:
        _show_once(context, chosen)
    context.messages.print(f"Activated {koppeling_id} for {brin6} from {activated.startdatum:%d-%m-%Y}.")


@koppeling.command("code")
@koppeling_arguments
@_code_options
@click.pass_obj
def code_(context: Context, brin6: str, koppeling_id: str, code: str | None, *, generate: bool) -> None:
    """Change the verificatiecode of an active koppeling; the old code is refused from then on.

    Example:  uwlr-adapter koppeling code 21QW00 snappet --generate
    """
    _enter_code(context, brin6, koppeling_id, code, Status.ACTIEF, generate=generate)
    context.messages.print(f"Changed the verificatiecode of {koppeling_id} for {brin6}.")


@koppeling.command()
@koppeling_arguments
@toestemming_option("Pause only this one; the verificatiecode stays.")
@dry_run_option
@yes_option
@click.pass_obj
def pause(
    context: Context, brin6: str, koppeling_id: str, toestemming: str | None, *, dry_run: bool, yes: bool
) -> None:
    """Pause a koppeling: its verificatiecode is erased. Or pause one toestemming, and leave the other as it is.

    \b
    Example:
      uwlr-adapter koppeling pause 21QW00 snappet
      uwlr-adapter koppeling pause 21QW00 snappet --toestemming resultaten
    """  # noqa: D301 - \b tells click not to rewrap this text
    if toestemming is not None:
        one = BY_NAME[toestemming]

        def act(connection: sa.Connection, id_: int, version: int, moment: datetime, *, actor: str) -> Koppeling:
            return pausing.pause(connection, id_, version, one, moment, actor=actor)

        stops, question = one is Toestemming.LEERLINGGEGEVENS, f"Pause {toestemming} of"
        if _act(context, brin6, koppeling_id, act, None if yes else question, dry_run=dry_run, stops=stops):
            context.messages.print(f"Paused {toestemming} of {koppeling_id} for {brin6}.")
        return
    if _act(context, brin6, koppeling_id, actions.clear_code, None if yes else "Pause", dry_run=dry_run):
        context.messages.print(f"Paused {koppeling_id} for {brin6}.")


@koppeling.command()
@koppeling_arguments
@toestemming_option("Resume this one, which was paused by itself; it takes no code.")
@_code_options
@click.pass_obj
def resume(
    context: Context, brin6: str, koppeling_id: str, toestemming: str | None, code: str | None, *, generate: bool
) -> None:
    """Resume a paused koppeling with the same or a new verificatiecode, or one toestemming without any.

    \b
    Example:
      uwlr-adapter koppeling resume 21QW00 snappet --code @code.txt
      uwlr-adapter koppeling resume 21QW00 snappet --toestemming resultaten
    """  # noqa: D301 - \b tells click not to rewrap this text
    if toestemming is not None:
        if code is not None or generate:
            raise click.UsageError("use either --toestemming or a code, not both")
        resume_one(context, brin6, koppeling_id, toestemming)
        return
    _enter_code(context, brin6, koppeling_id, code, Status.GEPAUZEERD, generate=generate)
    context.messages.print(f"Resumed {koppeling_id} for {brin6}.")


@koppeling.command("startdatum")
@koppeling_arguments
@click.argument("startdatum", metavar="DATE", type=click.DateTime(["%Y-%m-%d", "%d-%m-%Y"]))
@click.pass_obj
def startdatum_(context: Context, brin6: str, koppeling_id: str, startdatum: datetime) -> None:
    """Change the startdatum of a koppeling, until it comes: today, or a day at most a year ahead.

    Example:  uwlr-adapter koppeling startdatum 21QW00 snappet 2027-01-04
    """
    with context.database() as database:
        with database.reading() as connection:
            seen = require_living(context, connection, brin6, koppeling_id)
        with database.writing() as connection:
            moment, actor = context.clock(), own_actor()
            chosen = startdatum.date()
            actions.change_startdatum(connection, seen.id, seen.version, chosen, moment, actor=actor)
    context.messages.print(f"{koppeling_id} for {brin6} begins on {startdatum:%d-%m-%Y}.")


@koppeling.command("end")
@koppeling_arguments
@dry_run_option
@yes_option
@click.pass_obj
def end_(context: Context, brin6: str, koppeling_id: str, *, dry_run: bool, yes: bool) -> None:
    """End a koppeling permanently; activating it again creates a new one.

    Example:  uwlr-adapter koppeling end 21QW00 snappet
    """
    if _act(context, brin6, koppeling_id, actions.end, None if yes else "End", dry_run=dry_run):
        context.messages.print(f"Ended {koppeling_id} for {brin6}.")


def _act(
    context: Context,
    brin6: str,
    koppeling_id: str,
    action: KoppelingAct,
    question: str | None,
    *,
    dry_run: bool,
    stops: bool = True,
) -> bool:
    """Tell what stops, ask for confirmation, then apply the action; return False, with nothing done, for a dry run.

    It is refused when the koppeling changed in between. No fetch stops where `stops` is False.
    """
    with context.database() as database:
        with database.reading() as connection:
            seen = require_living(context, connection, brin6, koppeling_id)
            asks = dry_run or question is not None
            years = what_if.if_stopped(connection, seen, day_of(context.clock())) if asks else []
        if asks and stops and seen.afnemer_id is not None:
            print_stopped(context.console if dry_run else context.messages, koppeling_id, years)
        if dry_run:
            context.console.print("Dry run, nothing changed.")
            return False
        if question is not None:
            click.confirm(f"{question} {koppeling_id} for {brin6}?", abort=True, err=True)
        with database.writing() as connection:
            action(connection, seen.id, seen.version, context.clock(), actor=own_actor())
    return True


def _agreed(entry: CatalogueEntry, names: Sequence[str]) -> frozenset[Toestemming]:
    """Return what is agreed to with a new koppeling; without names what it offers first.

    Raises ToestemmingNotOfferedError.
    """
    if not names:
        offers_out = entry.offers(Toestemming.LEERLINGGEGEVENS) or not entry.has_code
        return frozenset({Toestemming.LEERLINGGEGEVENS if offers_out else Toestemming.RESULTATEN})
    agreed = frozenset(BY_NAME[name] for name in names)
    if not all(map(entry.offers, agreed)):
        raise ToestemmingNotOfferedError
    return agreed


def _enter_code(
    context: Context, brin6: str, koppeling_id: str, code: str | None, expected: Status, *, generate: bool
) -> None:
    with context.database() as database:
        with database.reading() as connection:
            seen = require_living(context, connection, brin6, koppeling_id)
        if seen.afnemer_id is not None and seen.status is not expected:
            hint = "it is paused: use `koppeling resume`" if expected is Status.ACTIEF else "it is not paused"
            raise click.ClickException(hint)
        chosen = code if seen.afnemer_id is None else _chosen_code(brin6, code, generate=generate)
        server_keys = ServerKeys.from_settings(context.settings, database)
        with database.writing() as connection:
            actions.enter_code(
                connection,
                server_keys,
                seen.id,
                seen.version,
                chosen or "",
                context.clock(),
                actor=own_actor(),
            )
    if generate:
        _show_once(context, chosen)


def _chosen_code(brin6: str, code: str | None, *, generate: bool) -> str:
    """Return the given code, a generated one, or the one typed at the prompt."""
    if generate:
        if code is not None:
            raise click.UsageError("use either --generate or a code, not both")
        return verificatiecode.generate(brin6)
    if code is not None:
        return code
    typed: str = click.prompt("Verificatiecode", hide_input=True, err=True)
    return typed


def _show_once(context: Context, code: str | None) -> None:
    """Print a generated code alone on standard output, and the explanation on standard error."""
    click.echo(code)
    context.messages.print(
        "This is the verificatiecode. The school enters it on the learning platform; it cannot be retrieved later."
    )
