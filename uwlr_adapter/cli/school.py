"""`uwlr-adapter school`: the vestigingen that are known here, and what is answered for them."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

import click
from rich.console import Console
from rich.markup import escape

from uwlr_adapter.administratie import schools, selection
from uwlr_adapter.cli.base import Context, make_table
from uwlr_adapter.clock import day_of, schooljaar_of, schooljaar_start
from uwlr_adapter.contract.dataset import Dataset
from uwlr_adapter.contract.fault import Fault, OngeldigeKlantIdentificatie
from uwlr_adapter.contract.names import OPERATIONS
from uwlr_adapter.contract.profiles import NamedProfiel
from uwlr_adapter.contract.request import Verzoek
from uwlr_adapter.contract.versions import FULL_VERSIONS, USUAL_VERSION, VERSIONS
from uwlr_adapter.exchange.exchange import Exchange
from uwlr_adapter.keys.server_keys import ServerKeyError, ServerKeys
from uwlr_adapter.koppelingen.access import AccessRefused, Gate


@click.group()
def school() -> None:
    """Add, list and look at the vestigingen of schools.

    Example:  uwlr-adapter school add 21QW00 --naam "De Regenboog"
    """


@school.command()
@click.argument("brin6")
@click.option("--naam", required=True, help="What the school calls this vestiging.")
@click.pass_obj
def add(context: Context, brin6: str, naam: str) -> None:
    """Add the vestiging BRIN6, a brincode and a dependancecode, before its records are there.

    An import adds its vestiging by itself; this is for activating a koppeling ahead of it.

    Example:  uwlr-adapter school add 21QW00 --naam "De Regenboog"
    """
    with context.database() as database:
        try:
            with database.writing() as connection:
                added = schools.add_vestiging(connection, brin6, naam)
        except schools.VestigingError as error:
            raise click.ClickException(str(error)) from None
    context.console.print(f"Added {added.brin6}.")


@school.command("list")
@click.pass_obj
def list_(context: Context) -> None:
    """List the vestigingen by brin6, with what is answered for the current schooljaar today.

    Example:  uwlr-adapter school list
    """
    day = day_of(context.clock())
    table = make_table("vestiging", "naam", "schoolkey", f"leerlingen {schooljaar_of(day)}", "groepen")
    with context.database() as database, database.reading() as connection:
        found = schools.list_vestigingen(connection)
        for one in found:
            sets = selection.answered(connection, brin6=one.brin6, schooljaar=schooljaar_of(day), day=day)
            counts = [str(len(sets[kind])) for kind in ("leerlingen", "groepen")]
            table.add_row(one.brin6, escape(one.naam), escape(one.schoolkey or "-"), *counts)
    context.console.print(table)
    if not found:
        context.messages.print("No vestiging yet: `uwlr-adapter import edexml FILE` adds the one of the file.")


@school.command()
@click.argument("brin6")
@click.option("--schooljaar", help="Default: the one of the peildatum.")
@click.option(
    "--peildatum",
    type=click.DateTime(["%Y-%m-%d"]),
    help="What would be answered on this day, such as 2027-08-01. Default: today.",
)
@click.pass_obj
def show(context: Context, brin6: str, schooljaar: str | None, peildatum: datetime | None) -> None:
    """Show what is answered for the vestiging BRIN6: counts per group, what is missing, and what will change.

    Example:  uwlr-adapter school show 21QW00 --schooljaar 2026-2027 --peildatum 2027-03-01
    """
    day = day_of(context.clock()) if peildatum is None else peildatum.date()
    year = schooljaar or schooljaar_of(day)
    if schooljaar_start(year) is None:
        raise click.BadParameter("two following years, such as 2026-2027", param_hint="--schooljaar")
    with context.database() as database, database.reading() as connection:
        if schools.find_vestiging(connection, brin6) is None:
            raise click.ClickException(f"there is no vestiging {brin6}: `uwlr-adapter school list` shows them")
        dataset = selection.select(connection, brin6=brin6, schooljaar=year, day=day, aanmaakdatum="")
        changes = selection.changes(connection, brin6=brin6, schooljaar=year, day=day)
    if dataset is None:
        context.console.print(f"{brin6}, schooljaar {year}: geengegevens. {NO_DATA}")
    else:
        _print_dataset(context.console, brin6, dataset, context.catalogue().profielen.values())
    if changes:
        table = make_table("from", "leerlingen who come", "leerlingen who leave")
        for one in changes:
            table.add_row(one.day.isoformat(), str(one.begins), str(one.ends))
        context.console.print(table)


@school.command()
@click.argument("brin6")
@click.option("--koppeling", "aanbod", required=True, help="The id in the catalogue, such as snappet.")
@click.option("--schooljaar", help="Default: the one of today.")
@click.option(
    "--xsdversie", type=click.Choice(VERSIONS), default=USUAL_VERSION, show_default=True, help="The version asked for."
)
@click.option(
    "--operatie",
    type=click.Choice(["HaalLeerlinggegevens", "HaalStructuur"]),
    default="HaalLeerlinggegevens",
    show_default=True,
    help="The operation that is asked.",
)
@click.pass_obj
def preview(context: Context, brin6: str, aanbod: str, schooljaar: str | None, xsdversie: str, operatie: str) -> None:
    """Print the exact answer that the afnemer of a koppeling would get for BRIN6 now: the bytes, names included.

    A koppeling that is not open gives the reason instead. Nothing is written in the journaal.

    Example:  uwlr-adapter school preview 21QW00 --koppeling snappet > antwoord.xml
    """
    entry = context.catalogue().get(aanbod)
    if entry is None or entry.afnemer is None:
        raise click.BadParameter("is no UWLR koppeling of the catalogue", param_hint="--koppeling")
    verzoek = Verzoek(
        operation=next(one for one in OPERATIONS.values() if one.name == operatie),
        schooljaar=schooljaar or schooljaar_of(day_of(context.clock())),
        xsdversie=xsdversie,
        gegevenssetid=None,
        laatstontvangengegevens=None,
        groepen=(),
        repairs=(),
    )
    with context.database() as database:
        try:
            server_keys = ServerKeys.from_settings(context.settings, database)
            gate = Gate(context.catalogue(), server_keys)
            exchange = Exchange(database, gate, context.clock, key_naast_eckid=context.settings.key_naast_eckid)
            answer = exchange.preview(entry.afnemer, brin6, aanbod, verzoek)
        except AccessRefused as error:
            raise click.ClickException(f"the afnemer would be refused: {error.reason}") from None
        except OngeldigeKlantIdentificatie:
            raise click.ClickException("the afnemer would be refused: it is not there, or disabled") from None
        except (ServerKeyError, Fault) as error:
            raise click.ClickException(str(error)) from None
    click.echo(answer)


NO_DATA = "The year is not laid out, or nobody is enrolled on the peildatum."
"""Why a school year is answered with geengegevens (docs/records.md)."""


def _print_dataset(console: Console, brin6: str, dataset: Dataset, profielen: Iterable[NamedProfiel]) -> None:
    school, groepen = dataset.school, Counter[str | None]()
    for leerling in dataset.leerlingen:
        groepen.update([leerling.groep, *leerling.samengestelde_groepen])
    console.print(f"{brin6}, schooljaar {school.schooljaar}, peildatum {school.peildatum}:", end=" ")
    console.print(f"{len(dataset.leerlingen)} leerlingen, {len(dataset.leerkrachten)} leerkrachten")
    table = make_table("groep", "kind", "jaargroep", "leerlingen")
    for groep in dataset.groepen:
        table.add_row(escape(groep.naam), groep.soort, escape(groep.jaargroep or "-"), str(groepen[groep.key]))
    if groepen[None]:
        table.add_row("(no stamgroep)", "", "", str(groepen[None]))
    console.print(table)
    table = make_table("profiel", "version", "record", "lacks", "how many")
    for profiel in profielen:
        for version in FULL_VERSIONS:
            for (kind, element), count in profiel.in_version(version).missing(dataset).items():
                table.add_row(escape(profiel.name), version, kind, element, str(count))
    console.print(table if table.row_count else "Nothing is missing under any profile.")
