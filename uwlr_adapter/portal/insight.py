"""What a school looks into: what a koppeling shares, and the journaal of the vestiging, also as a file."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

from flask import Response, abort, render_template, request, stream_with_context
from wtforms import DateField, Form, SelectField
from wtforms.validators import Optional

from uwlr_adapter.clock import day_of
from uwlr_adapter.journaal import search
from uwlr_adapter.journaal.model import Regel, Uitkomst
from uwlr_adapter.journaal.search import Zoekvraag
from uwlr_adapter.koppelingen import store
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.portal.context import huis, moment
from uwlr_adapter.portal.overview import naam_of, pages, require_koppeling
from uwlr_adapter.portal.sharing import gedeeld
from uwlr_adapter.portal.traffic import sentence
from uwlr_adapter.portal.wording import kort_tijdstip

PER_PAGINA = 50
PER_LEZING = 1000
"""Rows that are read at once for a file, so that a long one takes no memory."""
KOLOMMEN = ("Moment", "Koppeling", "Soort", "Uitkomst", "Toelichting", "Leerlingen")
SOORTEN = {
    Uitkomst.GELUKT: "Opgehaald",
    Uitkomst.GEWEIGERD: "Geweigerd",
    Uitkomst.HANDELING: "Handeling",
}


class ZoekForm(Form):
    """What to look for in the journaal; everything may stay empty."""

    koppeling = SelectField("Koppeling", [Optional()])
    van = DateField("Vanaf", [Optional()], format=["%Y-%m-%d", "%d-%m-%Y"])
    tot = DateField("Tot en met", [Optional()], format=["%Y-%m-%d", "%d-%m-%Y"])
    uitkomst = SelectField("Uitkomst", [Optional()])


@dataclass(frozen=True, slots=True)
class Regelzin:
    """One row of the journaal as a school reads it."""

    regel: Regel
    naam: str
    soort: str
    zin: str


@pages.get("/koppeling/<nummer:koppeling_id>/delen")
def delen(brin6: str, koppeling_id: int) -> str:
    """Show which fields go and which stay, in numbers, without a name."""
    with huis().opslag.reading() as connection:
        found = require_koppeling(connection, brin6, koppeling_id)
        aanbod = huis().catalogus.get(found.aanbod)
        if aanbod is None or aanbod.profiel is None:
            abort(404)
        what = gedeeld(connection, brin6, aanbod.profiel, moment())
    return render_template("delen.html", koppeling=found, naam=naam_of(found), gedeeld=what, vandaag=day_of(moment()))


@pages.get("/journaal")
def journaal(brin6: str) -> str:
    """Show the journaal of the vestiging, newest first."""
    form, vraag, koppelingen = _read(brin6)
    before = request.args.get("voor", type=int)
    with huis().opslag.reading() as connection:
        rows = [] if vraag is None else search.search(connection, vraag, limit=PER_PAGINA + 1, before_id=before)
    shown = rows[:PER_PAGINA]
    kept = {naam: value for naam, value in request.args.items() if naam in form and value}
    return render_template(
        "journaal.html",
        form=form,
        regels=[_in_words(one, koppelingen) for one in shown],
        filter=kept,
        verder=shown[-1].id if len(rows) > PER_PAGINA else None,
        later=before is not None,
    )


@pages.get("/journaal.csv")
def journaal_csv(brin6: str) -> Response:
    """Give the same rows, all of them, as a file that a Dutch spreadsheet opens."""
    _, vraag, koppelingen = _read(brin6)
    if vraag is None:
        abort(400)
    response = Response(stream_with_context(_lines(vraag, koppelingen)), mimetype="text/csv")
    name = f"journaal-{brin6}-{day_of(moment()):%Y-%m-%d}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _read(brin6: str) -> tuple[ZoekForm, Zoekvraag | None, dict[int, Koppeling]]:
    """Give the form, what it asks (None when that is not clear), and every koppeling that the vestiging had."""
    with huis().opslag.reading() as connection:
        all_ = [*store.list_living(connection, brin6), *store.list_ended(connection, brin6)]
    namen = {one.aanbod: naam_of(one) for one in all_}
    form = ZoekForm(request.args)
    form.koppeling.choices = [("", "Alle koppelingen"), *sorted(namen.items(), key=lambda item: item[1])]
    form.uitkomst.choices = [("", "Alles"), *((str(soort), woord) for soort, woord in SOORTEN.items())]
    koppelingen = {one.id: one for one in all_}
    if not form.validate():
        for field in (form.van, form.tot):
            if field.errors:
                field.errors = ["Vul de datum in als dag-maand-jaar, bijvoorbeeld 01-02-2027."]
        return form, None, koppelingen
    ids = tuple(one.id for one in all_ if one.aanbod == form.koppeling.data) if form.koppeling.data else None
    uitkomst = Uitkomst(form.uitkomst.data) if form.uitkomst.data else None
    return form, Zoekvraag(brin6, ids, form.van.data, form.tot.data, uitkomst), koppelingen


def _in_words(regel: Regel, koppelingen: dict[int, Koppeling]) -> Regelzin:
    one = koppelingen.get(regel.koppeling_id or 0)
    naam = "-" if one is None else naam_of(one)
    return Regelzin(regel, naam, SOORTEN[regel.soort_uitkomst], sentence(regel, naam))


def _lines(vraag: Zoekvraag, koppelingen: dict[int, Koppeling]) -> Iterator[str]:
    """Give the lines of the file: a byte order mark for Excel, and semicolons, since a comma is decimal in Dutch."""
    yield "\ufeff" + _line(KOLOMMEN)
    before: int | None = None
    while True:
        with huis().opslag.reading() as connection:
            rows = search.search(connection, vraag, limit=PER_LEZING, before_id=before)
        for row in rows:
            words = _in_words(row, koppelingen)
            leerlingen = "" if row.leerlingen is None else str(row.leerlingen)
            moment_ = kort_tijdstip(row.moment)
            yield _line((moment_, words.naam, words.soort, row.uitkomst, words.zin, leerlingen))
        if len(rows) < PER_LEZING:
            return
        before = rows[-1].id


def _line(cells: tuple[str, ...]) -> str:
    """Give one line; a cell that a spreadsheet would take for a formula is made text."""
    buffer = io.StringIO()
    safe = [
        f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) and len(cell) > 1 else cell for cell in cells
    ]
    csv.writer(buffer, delimiter=";").writerow(safe)
    return buffer.getvalue()
