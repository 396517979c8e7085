"""`uwlr-adapter school`: the known vestigingen, and what is answered for them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import click
from rich.console import Console

from uwlr_adapter.administratie import enrolment, school_calendar, schools, selection
from uwlr_adapter.administratie.schools import Vestiging
from uwlr_adapter.cli import school_stale
from uwlr_adapter.cli.base import Context, make_table, own_actor
from uwlr_adapter.cli.json_output import json_option, print_json
from uwlr_adapter.cli.school_address import address
from uwlr_adapter.cli.school_calendar import calendar_lines, release, set_
from uwlr_adapter.cli.school_json import calendar_as_json, changes_as_json, count_groepen, dataset_as_json
from uwlr_adapter.cli.school_records import merge, withdraw
from uwlr_adapter.cli.terminal import escape, printable_xml
from uwlr_adapter.clock import day_of, schooljaar_of, schooljaar_start
from uwlr_adapter.contract.dataset import Dataset
from uwlr_adapter.contract.fault import Fault, OngeldigeKlantIdentificatie
from uwlr_adapter.contract.names import OPERATIONS
from uwlr_adapter.contract.nouns import count_records
from uwlr_adapter.contract.profiles import NamedProfiel
from uwlr_adapter.contract.request import Verzoek
from uwlr_adapter.contract.versions import FULL_VERSIONS, USUAL_VERSION, VERSIONS
from uwlr_adapter.exchange.leerlinggegevens import Leerlinggegevens
from uwlr_adapter.exchange.preview import preview as preview_answer
from uwlr_adapter.journaal.model import Act
from uwlr_adapter.journaal.writer import record_records_act
from uwlr_adapter.keys.server_keys import ServerKeys
from uwlr_adapter.koppelingen.access import AccessRefused, Gate

NO_DATA = "The schooljaar has no groepen, or nobody is enrolled on the peildatum."
"""The two causes of a year without data (docs/reference/records.md)."""


@click.group()
def school() -> None:
    """Add, list and inspect the vestigingen of schools, withdraw their records, or merge two schools.

    Example:  uwlr-adapter school add 21QW00 --naam "De Regenboog"
    """


school.add_command(address)
school.add_command(withdraw)
school.add_command(merge)


@school.command()
@click.argument("brin6")
@click.option("--naam", required=True, help="Name of the vestiging.")
@click.pass_obj
def add(context: Context, brin6: str, naam: str) -> None:
    """Add the vestiging BRIN6 (a brincode and a dependancecode) before its records are imported.

    An import adds its vestiging by itself; this command is for activating a koppeling before the first import.

    Example:  uwlr-adapter school add 21QW00 --naam "De Regenboog"
    """
    with context.database() as database, database.writing() as connection:
        added = schools.add_vestiging(connection, brin6, naam)
        moment, act = context.clock(), Act.VESTIGING_ADDED
        record_records_act(connection, moment=moment, act=act, brin6=added.brin6, actor=own_actor())
    context.console.print(f"Added {added.brin6}.")


@school.command("list")
@click.option("--stale", is_flag=True, help="Only those with a koppeling whose records are old, or were not taken.")
@click.option(
    "--days",
    type=click.IntRange(1, 366),
    default=school_stale.STALE_DAYS,
    show_default=True,
    help="With --stale: days without an import after which records are old.",
)
@json_option
@click.pass_obj
def list_(context: Context, *, stale: bool, days: int, as_json: bool) -> None:
    """List the vestigingen by brin6, with the counts that are answered today for the current schooljaar.

    \b
    Example:
      uwlr-adapter school list
      uwlr-adapter school list --stale --days 3
    """  # noqa: D301 - \b is click's mark for text that is not folded
    if stale:
        school_stale.show(context, days, as_json=as_json)
        return
    day = day_of(context.clock())
    year = schooljaar_of(day)
    counts: dict[str, list[int]] = {}
    with context.database() as database, database.reading() as connection:
        vestigingen = schools.list_vestigingen(connection)
        for one in vestigingen:
            sets = enrolment.answered(connection, brin6=one.brin6, schooljaar=year, day=day)
            counts[one.brin6] = [len(sets[kind]) for kind in ("leerlingen", "groepen")]
    if as_json:
        print_json([_as_json(one, year, *counts[one.brin6]) for one in vestigingen])
        return
    table = make_table("vestiging", "naam", "schoolkey", f"leerlingen {year}", "groepen")
    for one in vestigingen:
        table.add_row(one.brin6, escape(one.naam), escape(one.schoolkey or "-"), *map(str, counts[one.brin6]))
    context.console.print(table)
    if not vestigingen:
        context.messages.print("No vestigingen yet. `uwlr-adapter import edexml FILE` adds the one in the file.")


@school.command()
@click.argument("brin6")
@click.option("--schooljaar", help="Default: the schooljaar of the peildatum.")
@click.option(
    "--peildatum",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Day for which to show the answer, such as 2027-08-01. Default: today.",
)
@json_option
@click.pass_obj
def show(context: Context, brin6: str, schooljaar: str | None, peildatum: datetime | None, *, as_json: bool) -> None:
    """Show what is answered for the vestiging BRIN6: counts per groep, missing data, and coming changes.

    A schooljaar that is not answered on the peildatum is shown as its records are, and that is said.

    Example:  uwlr-adapter school show 21QW00 --schooljaar 2026-2027 --peildatum 2027-03-01
    """
    day = day_of(context.clock()) if peildatum is None else peildatum.date()
    year = schooljaar or schooljaar_of(day)
    if schooljaar_start(year) is None:
        raise click.BadParameter("must be two consecutive years, such as 2026-2027", param_hint="--schooljaar")
    with context.database() as database, database.reading() as connection:
        vestiging = schools.find_vestiging(connection, brin6)
        if vestiging is None:
            raise click.ClickException(f"there is no vestiging {brin6}: `uwlr-adapter school list` lists them")
        dataset = selection.select(connection, brin6=brin6, schooljaar=year, day=day, aanmaakdatum="", any_year=True)
        calendar = school_calendar.find(connection, brin6, year)
        changes = enrolment.changes(connection, brin6=brin6, schooljaar=year, day=day)
    window, profielen = school_calendar.window_of(year, calendar), context.catalogue().profielen.values()
    if as_json:
        found = None if dataset is None else dataset_as_json(dataset, profielen)
        days = None if window is None else calendar_as_json(year, calendar, window, day)
        about = {"brin6": brin6, "naam": vestiging.naam, "schooljaar": year, "day": day.isoformat()}
        print_json({**about, "dataset": found, "calendar": days, "changes": changes_as_json(changes)})
        return
    if dataset is None:
        context.console.print(f"{brin6}, schooljaar {year}: geengegevens. {NO_DATA}")
    else:
        _print_dataset(context.console, brin6, dataset, profielen)
    for line in [] if window is None else calendar_lines(year, calendar, window, day):
        context.console.print(line)
    if changes:
        table = make_table("from", "leerlingen who join", "leerlingen who leave")
        for change in changes:
            table.add_row(change.day.isoformat(), str(change.begins), str(change.ends))
        context.console.print(table)


@school.command()
@click.argument("brin6")
@click.option("--koppeling", "entry_id", required=True, help="Id of the koppeling in the catalogue, such as snappet.")
@click.option("--schooljaar", help="Default: the current schooljaar.")
@click.option(
    "--xsdversie",
    type=click.Choice(VERSIONS),
    default=USUAL_VERSION,
    show_default=True,
    help="UWLR version of the request.",
)
@click.option(
    "--operatie",
    "operation_name",
    type=click.Choice(["HaalLeerlinggegevens", "HaalStructuur"]),
    default="HaalLeerlinggegevens",
    show_default=True,
    help="Operation of the request.",
)
@click.pass_obj
def preview(
    context: Context, brin6: str, entry_id: str, schooljaar: str | None, xsdversie: str, operation_name: str
) -> None:
    """Print the exact answer, byte for byte, that the afnemer of a koppeling would get now for BRIN6.

    The answer contains names of pupils. If the koppeling is not open, the reason is printed instead. Nothing is written
    in the journaal.

    Example:  uwlr-adapter school preview 21QW00 --koppeling snappet > antwoord.xml
    """
    entry = context.catalogue().get(entry_id)
    if entry is None or entry.afnemer is None:
        raise click.BadParameter("is not a UWLR koppeling in the catalogue", param_hint="--koppeling")
    verzoek = Verzoek(
        operation=next(operation for operation in OPERATIONS.values() if operation.name == operation_name),
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
            use_case = Leerlinggegevens(database, gate.catalogue, context.settings.key_naast_eckid)
            answer = preview_answer(use_case, gate, context.clock, entry.afnemer, brin6, entry_id, verzoek)
        except AccessRefused as error:
            raise click.ClickException(f"the afnemer would be refused: {error.reason}") from None
        except OngeldigeKlantIdentificatie:
            raise click.ClickException("the afnemer would be refused: it does not exist, or is disabled") from None
        except Fault as error:
            raise click.ClickException(str(error)) from None
    click.echo(printable_xml(answer.decode()))


school.add_command(set_)
school.add_command(release)


def _as_json(one: Vestiging, schooljaar: str, leerlingen: int, groepen: int) -> dict[str, Any]:
    return {
        "brin6": one.brin6,
        "naam": one.naam,
        "schoolkey": one.schoolkey,
        "schooljaar": schooljaar,
        "leerlingen": leerlingen,
        "groepen": groepen,
    }


def _print_dataset(console: Console, brin6: str, dataset: Dataset, profielen: Iterable[NamedProfiel]) -> None:
    """Print a dataset: counts per groep, and the elements that each profile requires but the records lack."""
    school, per_groep = dataset.school, count_groepen(dataset)
    console.print(f"{brin6}, schooljaar {school.schooljaar}, peildatum {school.peildatum}:", end=" ")
    console.print(
        ", ".join(count_records(len(getattr(dataset, kind)), kind) for kind in ("leerlingen", "leerkrachten"))
    )
    table = make_table("groep", "kind", "jaargroep", "leerlingen")
    for groep in dataset.groepen:
        table.add_row(escape(groep.naam), groep.soort, escape(groep.jaargroep or "-"), str(per_groep[groep.key]))
    if per_groep[None]:
        table.add_row("(no stamgroep)", "", "", str(per_groep[None]))
    console.print(table)
    table = make_table("profiel", "version", "record", "missing", "count")
    for profiel in profielen:
        for version in FULL_VERSIONS:
            for (kind, element), count in profiel.in_version(version).missing(dataset).items():
                table.add_row(escape(profiel.name), version, kind, element, str(count))
    console.print(table if table.row_count else "Nothing is missing under any profile.")
