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
from uwlr_adapter.journaal.model import Entry, OutcomeKind
from uwlr_adapter.journaal.search import EntryFilter
from uwlr_adapter.koppelingen import store
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.portal.context import moment, portal_context
from uwlr_adapter.portal.overview import name_of, pages, require_koppeling
from uwlr_adapter.portal.sharing import sharing_of
from uwlr_adapter.portal.traffic import sentence
from uwlr_adapter.portal.wording import kort_tijdstip

PER_PAGE = 50
PER_READ = 1000
"""Rows that are read at once for a file, so that a long one takes no memory."""
CSV_COLUMNS = ("Moment", "Koppeling", "Soort", "Uitkomst", "Toelichting", "Leerlingen")
KIND_WORDS = {
    OutcomeKind.ANSWERED: "Opgehaald",
    OutcomeKind.REFUSED: "Geweigerd",
    OutcomeKind.ACT: "Handeling",
}


class SearchForm(Form):
    """What to look for in the journaal; everything may stay empty."""

    koppeling = SelectField("Koppeling", [Optional()])
    van = DateField("Vanaf", [Optional()], format=["%Y-%m-%d", "%d-%m-%Y"])
    tot = DateField("Tot en met", [Optional()], format=["%Y-%m-%d", "%d-%m-%Y"])
    uitkomst = SelectField("Uitkomst", [Optional()])


@dataclass(frozen=True, slots=True)
class EntryInWords:
    """One row of the journaal as a school reads it."""

    entry: Entry
    name: str
    kind: str
    sentence: str


@pages.get("/koppeling/<nummer:koppeling_id>/delen")
def delen(brin6: str, koppeling_id: int) -> str:
    """Show which fields go and which stay, in numbers, without a name."""
    with portal_context().database.reading() as connection:
        found = require_koppeling(connection, brin6, koppeling_id)
        profiel = portal_context().catalogue.profiel_of(found.entry_id)
        if profiel is None:
            abort(404)
        what = sharing_of(connection, brin6, profiel, moment())
    return render_template("delen.html", koppeling=found, naam=name_of(found), gedeeld=what, vandaag=day_of(moment()))


@pages.get("/journaal")
def journaal(brin6: str) -> str:
    """Show the journaal of the vestiging, newest first."""
    form, entry_filter, koppelingen = _read(brin6)
    before = request.args.get("voor", type=int)
    with portal_context().database.reading() as connection:
        rows = (
            []
            if entry_filter is None
            else search.search(connection, entry_filter, limit=PER_PAGE + 1, before_id=before)
        )
    shown = rows[:PER_PAGE]
    kept = {naam: value for naam, value in request.args.items() if naam in form and value}
    return render_template(
        "journaal.html",
        form=form,
        regels=[_in_words(one, koppelingen) for one in shown],
        filter=kept,
        verder=shown[-1].id if len(rows) > PER_PAGE else None,
        later=before is not None,
    )


@pages.get("/journaal.csv")
def journaal_csv(brin6: str) -> Response:
    """Give the same rows, all of them, as a file that a Dutch spreadsheet opens."""
    _, entry_filter, koppelingen = _read(brin6)
    if entry_filter is None:
        abort(400)
    response = Response(stream_with_context(_lines(entry_filter, koppelingen)), mimetype="text/csv")
    name = f"journaal-{brin6}-{day_of(moment()):%Y-%m-%d}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _read(brin6: str) -> tuple[SearchForm, EntryFilter | None, dict[int, Koppeling]]:
    """Give the form, what it asks (None when that is not clear), and every koppeling that the vestiging had."""
    with portal_context().database.reading() as connection:
        all_ = [*store.list_living(connection, brin6), *store.list_ended(connection, brin6)]
    names = {one.entry_id: name_of(one) for one in all_}
    form = SearchForm(request.args)
    form.koppeling.choices = [("", "Alle koppelingen"), *sorted(names.items(), key=lambda item: item[1])]
    form.uitkomst.choices = [("", "Alles"), *((str(kind), word) for kind, word in KIND_WORDS.items())]
    koppelingen = {one.id: one for one in all_}
    if not form.validate():
        for field in (form.van, form.tot):
            if field.errors:
                field.errors = ["Vul de datum in als dag-maand-jaar, bijvoorbeeld 01-02-2027."]
        return form, None, koppelingen
    ids = tuple(one.id for one in all_ if one.entry_id == form.koppeling.data) if form.koppeling.data else None
    outcome = OutcomeKind(form.uitkomst.data) if form.uitkomst.data else None
    return form, EntryFilter(brin6, ids, form.van.data, form.tot.data, outcome), koppelingen


def _in_words(entry: Entry, koppelingen: dict[int, Koppeling]) -> EntryInWords:
    one = koppelingen.get(entry.koppeling_id or 0)
    naam = "-" if one is None else name_of(one)
    return EntryInWords(entry, naam, KIND_WORDS[entry.outcome_kind], sentence(entry, naam))


def _lines(entry_filter: EntryFilter, koppelingen: dict[int, Koppeling]) -> Iterator[str]:
    """Give the lines of the file: a byte order mark for Excel, and semicolons, since a comma is decimal in Dutch."""
    yield "\ufeff" + _line(CSV_COLUMNS)
    before: int | None = None
    while True:
        with portal_context().database.reading() as connection:
            rows = search.search(connection, entry_filter, limit=PER_READ, before_id=before)
        for row in rows:
            words = _in_words(row, koppelingen)
            leerlingen = "" if row.leerlingen is None else str(row.leerlingen)
            moment_ = kort_tijdstip(row.moment)
            yield _line((moment_, words.name, words.kind, row.outcome, words.sentence, leerlingen))
        if len(rows) < PER_READ:
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
