"""`uwlr-adapter koppeling`: what a school does in its Koppelingenoverzicht, from the command line.

A refusal is the Dutch sentence that the school itself would read.
"""

import getpass
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

import click
import sqlalchemy as sa
from rich.markup import escape

from uwlr_adapter.cli.base import Context, make_table
from uwlr_adapter.cli.secrets import read_secret
from uwlr_adapter.clock import day_of
from uwlr_adapter.keys.server_keys import Sleutelbos, SleutelFout
from uwlr_adapter.koppelingen import actions, store, verificatiecode
from uwlr_adapter.koppelingen.actions import Aanvraag
from uwlr_adapter.koppelingen.catalogue import Catalogus
from uwlr_adapter.koppelingen.errors import AlGeactiveerd, GeenKoppeling, KoppelingFout, OnbekendAanbod, ZonderCode
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.koppelingen.overview import overzicht
from uwlr_adapter.koppelingen.tables import Status

CODE_VARIABLE = "UWLR_VERIFICATIECODE"

_Command = Callable[..., Any]


@click.group()
def koppeling() -> None:
    """Activate, pause, resume and end the koppelingen of a school.

    Example:  uwlr-adapter koppeling list 21QW00
    """


def _code_options(command: _Command) -> _Command:
    """Add the ways to give a verificatiecode; without any of them it is asked for."""
    generate = click.option("--generate", is_flag=True, help="Make up a code and print it, once.")
    code = click.option(
        "--code",
        envvar=CODE_VARIABLE,
        callback=read_secret,
        help=f"The verificatiecode (or {CODE_VARIABLE}, or @FILE; asked for when absent).",
    )
    return code(generate(command))


def _yes_option(command: _Command) -> _Command:
    return click.option("--yes", is_flag=True, help="Do not ask for confirmation.")(command)


def _which(command: _Command) -> _Command:
    """Add the arguments that name a koppeling: the vestiging, and the id in the catalogue."""
    return click.argument("brin6")(click.argument("koppeling_id", metavar="ID")(command))


@koppeling.command("list")
@click.argument("brin6", required=False)
@click.pass_obj
def list_(context: Context, brin6: str | None) -> None:
    """List the activated koppelingen; with BRIN6 also those that the vestiging has or can activate.

    Example:  uwlr-adapter koppeling list 21QW00
    """
    catalogus = context.catalogus()
    today = day_of(context.klok())
    table = make_table("vestiging", "ID", "naam", "type", "startdatum", "status")
    with _refusing(), context.opslag() as opslag, opslag.reading() as connection:
        if brin6 is None:
            rows = list(_living_rows(connection, catalogus, today))
        else:
            store.require_vestiging(connection, brin6)
            rows = list(_overview_rows(connection, catalogus, brin6, today))
    for row in rows:
        table.add_row(*map(escape, row))
    context.console.print(table)


@koppeling.command()
@click.argument("koppeling_id", metavar="ID")
@click.pass_obj
def terms(context: Context, koppeling_id: str) -> None:
    """Show the terms of use of the koppeling ID, and their version.

    Example:  uwlr-adapter koppeling terms snappet
    """
    aanbod = context.catalogus().get(koppeling_id)
    if aanbod is None:
        raise click.ClickException(OnbekendAanbod.tekst)
    click.echo(f"{aanbod.naam}: gebruikersvoorwaarden, versie {aanbod.voorwaarden.versie}\n")
    click.echo(aanbod.voorwaarden.tekst.strip())


@koppeling.command()
@_which
@click.option("--naam", required=True, help="Name of the mandated person who agrees to the terms.")
@click.option("--akkoord", is_flag=True, help="This person agrees to the terms (see `koppeling terms ID`).")
@click.option("--login", default=None, help="Login of that person; default: yours on this machine.")
@click.option(
    "--startdatum",
    type=click.DateTime(["%Y-%m-%d", "%d-%m-%Y"]),
    help="First day on which data flow, up to a year ahead; default: today.",
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
    login: str | None,
    startdatum: datetime | None,
    code: str | None,
    generate: bool,
) -> None:
    """Activate the koppeling ID for the vestiging BRIN6.

    A UWLR koppeling needs a verificatiecode, which the school then also enters at the learning platform.

    \b
    Example:
      uwlr-adapter koppeling activate 21QW00 snappet --naam "J. de Vries" --akkoord --generate
    """  # noqa: D301 - \b is click's mark for text that is not folded
    catalogus = context.catalogus()
    with _refusing(), context.opslag() as opslag:
        aanbod = actions.require_aanbod(catalogus, koppeling_id)
        if generate and not aanbod.heeft_code:
            raise ZonderCode
        with opslag.reading() as connection:  # before anything is asked for
            store.require_vestiging(connection, brin6)
            if store.living(connection, brin6, koppeling_id) is not None:
                raise AlGeactiveerd
        chosen = _chosen_code(brin6, code, generate=generate) if aanbod.heeft_code else code
        aanvraag = Aanvraag(
            brin6=brin6,
            aanbod=koppeling_id,
            login=login or _own_login(),
            naam=naam,
            akkoord=akkoord,
            startdatum=startdatum.date() if startdatum else None,
            verificatiecode=chosen,
        )
        sleutels = Sleutelbos.from_settings(context.settings, opslag)
        with opslag.writing() as connection:
            made = actions.activate(connection, catalogus, sleutels, aanvraag, context.klok())
    if generate:
        _show_once(context, chosen)
    context.messages.print(f"Activated {koppeling_id} for {brin6} from {made.startdatum:%d-%m-%Y} on.")


@koppeling.command("code")
@_which
@_code_options
@click.pass_obj
def code_(context: Context, brin6: str, koppeling_id: str, code: str | None, *, generate: bool) -> None:
    """Change the verificatiecode of an active koppeling; the old one is refused from then on.

    Example:  uwlr-adapter koppeling code 21QW00 snappet --generate
    """
    _enter_code(context, brin6, koppeling_id, code, Status.ACTIEF, generate=generate)
    context.messages.print(f"Changed the verificatiecode of {koppeling_id} for {brin6}.")


@koppeling.command()
@_which
@_yes_option
@click.pass_obj
def pause(context: Context, brin6: str, koppeling_id: str, *, yes: bool) -> None:
    """Pause a koppeling: its verificatiecode is erased.

    Example:  uwlr-adapter koppeling pause 21QW00 snappet
    """
    _act(context, brin6, koppeling_id, actions.clear_code, None if yes else "Pause")
    context.messages.print(f"Paused {koppeling_id} for {brin6}.")


@koppeling.command()
@_which
@_code_options
@click.pass_obj
def resume(context: Context, brin6: str, koppeling_id: str, code: str | None, *, generate: bool) -> None:
    """Resume a paused koppeling with the same or a new verificatiecode.

    Example:  uwlr-adapter koppeling resume 21QW00 snappet --code @code.txt
    """
    _enter_code(context, brin6, koppeling_id, code, Status.GEPAUZEERD, generate=generate)
    context.messages.print(f"Resumed {koppeling_id} for {brin6}.")


@koppeling.command("end")
@_which
@_yes_option
@click.pass_obj
def end_(context: Context, brin6: str, koppeling_id: str, *, yes: bool) -> None:
    """End a koppeling for good; it can be activated again as a new one.

    Example:  uwlr-adapter koppeling end 21QW00 snappet
    """
    _act(context, brin6, koppeling_id, actions.end, None if yes else "End")
    context.messages.print(f"Ended {koppeling_id} for {brin6}.")


def _act(
    context: Context,
    brin6: str,
    koppeling_id: str,
    act: Callable[[sa.Connection, int, int, datetime], Koppeling],
    question: str | None,
) -> None:
    """Do an act on the koppeling as it stands now; when somebody changes it while we ask, nothing happens."""
    with _refusing(), context.opslag() as opslag:
        with opslag.reading() as connection:
            gezien = _require_living(context, connection, brin6, koppeling_id)
        if question is not None:
            click.confirm(f"{question} {koppeling_id} for {brin6}?", abort=True, err=True)
        with opslag.writing() as connection:
            act(connection, gezien.id, gezien.versie, context.klok())


def _enter_code(
    context: Context, brin6: str, koppeling_id: str, code: str | None, expected: Status, *, generate: bool
) -> None:
    with _refusing(), context.opslag() as opslag:
        with opslag.reading() as connection:
            gezien = _require_living(context, connection, brin6, koppeling_id)
        if gezien.afnemer_id is not None and gezien.status is not expected:
            hint = "it is paused: use `koppeling resume`" if expected is Status.ACTIEF else "it is not paused"
            raise click.ClickException(hint)
        chosen = code if gezien.afnemer_id is None else _chosen_code(brin6, code, generate=generate)
        sleutels = Sleutelbos.from_settings(context.settings, opslag)
        with opslag.writing() as connection:
            actions.enter_code(connection, sleutels, gezien.id, gezien.versie, chosen or "", context.klok())
    if generate:
        _show_once(context, chosen)


def _require_living(context: Context, connection: sa.Connection, brin6: str, koppeling_id: str) -> Koppeling:
    store.require_vestiging(connection, brin6)
    found = store.living(connection, brin6, koppeling_id)
    if found is None:  # one that left the catalogue can still be ended
        actions.require_aanbod(context.catalogus(), koppeling_id)
        raise GeenKoppeling
    return found


def _chosen_code(brin6: str, code: str | None, *, generate: bool) -> str:
    """Give the code that was given, made up, or typed now."""
    if generate:
        if code is not None:
            raise click.UsageError("give --generate or a code, not both")
        return verificatiecode.generate(brin6)
    if code is not None:
        return code
    typed: str = click.prompt("Verificatiecode", hide_input=True, err=True)
    return typed


def _own_login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container without a password entry
        raise click.UsageError("give --login: this machine does not know who you are") from None


def _show_once(context: Context, code: str | None) -> None:
    """Print a generated code by itself on standard output, and what to do with it beside it."""
    click.echo(code)
    context.messages.print(
        "This is the verificatiecode. The school enters it at the learning platform; it cannot be read back."
    )


@contextmanager
def _refusing() -> Iterator[None]:
    """Turn a refusal into one sentence and exit code 1."""
    try:
        yield
    except (KoppelingFout, SleutelFout) as fout:
        raise click.ClickException(str(fout)) from None


def _living_rows(connection: sa.Connection, catalogus: Catalogus, today: date) -> Iterator[tuple[str, ...]]:
    for one in store.list_living(connection):
        aanbod = catalogus.get(one.aanbod)
        naam, soort = ("-", "not in the catalogue") if aanbod is None else (aanbod.naam, aanbod.type)
        yield one.brin6, one.aanbod, naam, soort, f"{one.startdatum:%d-%m-%Y}", _status(one, today)


def _overview_rows(
    connection: sa.Connection, catalogus: Catalogus, brin6: str, today: date
) -> Iterator[tuple[str, ...]]:
    view = overzicht(connection, catalogus, brin6)
    for active in view.geactiveerd:
        start, status = "", str(Status.ACTIEF)
        if active.koppeling is not None:
            start, status = f"{active.koppeling.startdatum:%d-%m-%Y}", _status(active.koppeling, today)
        yield brin6, active.aanbod.id, active.aanbod.naam, active.aanbod.type, start, status
    for free in view.beschikbaar:
        status = "beschikbaar" if free.nu else "nog niet beschikbaar"
        yield brin6, free.aanbod.id, free.aanbod.naam, free.aanbod.type, "", status


def _status(one: Koppeling, today: date) -> str:
    waits = one.status is Status.ACTIEF and one.startdatum > today
    return "nog niet gestart" if waits else str(one.status)
