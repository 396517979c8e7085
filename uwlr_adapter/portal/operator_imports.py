"""The imports of all schools for operators: newest first, by key; the years that were not taken; the report of one.

A report has counts, lines and reasons: no value of a person is kept in it (`problem_groups.py`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa
from flask import abort, render_template, request, url_for

from uwlr_adapter.administratie.importing import batches, not_taken
from uwlr_adapter.administratie.importing.batches import Batch, BatchError
from uwlr_adapter.administratie.importing.not_taken import NotTaken, YearKey
from uwlr_adapter.administratie.tables import vestiging
from uwlr_adapter.portal.blueprints import OPERATOR
from uwlr_adapter.portal.context import database
from uwlr_adapter.portal.forms import ImportSearchForm
from uwlr_adapter.portal.list_keys import id_of
from uwlr_adapter.portal.operator_words import actor_in_words, source_in_words

PER_PAGE = 50
"""Imports, or years, of one page."""
PER_READ = 100
"""Imports that are read at once while those of a filter are looked for."""
MAX_READ = 500
"""Imports that one page looks through for those of a filter; the next page goes on from there."""
WARNINGS, NOT_TAKEN, ASKING = "waarschuwingen", "niet-ingelezen", "wacht-op-antwoord"
SHOWN = {
    "": "Alle imports",
    WARNINGS: "Met waarschuwingen",
    NOT_TAKEN: "Niet ingelezen",
    ASKING: "Wacht op een antwoord",
}
"""The choices of what is shown, by what the address says."""
_BRIN = re.compile(r"\d{2}[A-Z]{2}(\d{2})?", re.ASCII)
_YEAR = re.compile(r"(\d{2}[A-Z]{2}\d{2})(?:-(\d{4}-\d{4}))?", re.ASCII)


class ImportPage(NamedTuple):
    """Some imports, and the id before which the next page begins, if there is more."""

    found: list[Batch]
    after: int | None


@dataclass(frozen=True, slots=True)
class ImportInList:
    """One import as the list shows it."""

    batch: Batch
    naam: str
    brin: str
    """A vestiging of it, by its name and brin6; without any the name is empty, and this is the brincode."""
    more: int
    """How many other vestigingen are in it."""
    source: str
    years: str
    did: str
    warnings: int


@OPERATOR.get("/imports")
def list_imports() -> str:
    """List the imports that the form asks for, or the years that were not taken."""
    form = ImportSearchForm(request.args)
    form.toon.choices = list(SHOWN.items())
    if form.toon.data not in SHOWN:
        form.toon.data = ""
    school = (form.school.data or "").strip().upper()
    is_valid = form.validate() and _check(form, school)
    chosen: dict[str, Any] = {name: value for name, value in request.args.items() if name in form and value}
    if is_valid and form.toon.data in {NOT_TAKEN, ASKING}:
        return _show_not_taken(form, school, chosen)
    page = ImportPage([], None)
    names: Mapping[str, str] = {}
    if is_valid:
        with database().reading() as connection:
            before_id = request.args.get("voor", type=id_of)
            page = find(connection, school, with_warnings=form.toon.data == WARNINGS, before_id=before_id)
            names = _names(connection, {report.brin6 for one in page.found for report in one.reports})
    after = None if page.after is None else url_for(".list_imports", **chosen, voor=page.after)
    return render_template(
        "beheer_imports.html",
        form=form,
        rows=[_row(one, names) for one in page.found],
        waiting=None,
        chosen=chosen,
        is_continued="voor" in request.args,
        after=after,
    )


@OPERATOR.get("/imports/<id:batch_id>")
def show_import(batch_id: int) -> str:
    """Show the report of one import."""
    with database().reading() as connection:
        try:
            batch = batches.get(connection, batch_id)
        except BatchError:
            abort(404)
        names = _names(connection, {report.brin6 for report in batch.reports})
    return render_template(
        "beheer_import.html",
        batch=batch,
        names=names,
        source=source_in_words(batch.source),
        who=actor_in_words(batch.actor),
    )


def find(connection: sa.Connection, school: str, *, with_warnings: bool, before_id: int | None) -> ImportPage:
    """Return a page of imports, the newest first: of a brincode, a brin6, or all; before an import (exclusive).

    At most MAX_READ are looked through, so that a page may have few or none, and still one after it.
    """
    is_filtered = with_warnings or len(school) > len("21QW")
    size = PER_READ if is_filtered else PER_PAGE + 1
    found: list[Batch] = []
    last, looked_at = before_id, 0
    while looked_at < MAX_READ:
        some = batches.find_all(connection, school[:4] or None, size, last)
        looked_at += len(some)
        for one in some:
            if len(found) == PER_PAGE:
                return ImportPage(found, found[-1].id)
            if _matches(one, school, with_warnings=with_warnings):
                found.append(one)
        if len(some) < size:
            return ImportPage(found, None)
        last = some[-1].id
    return ImportPage(found, last)


def _matches(batch: Batch, school: str, *, with_warnings: bool) -> bool:
    reports = [one for one in batch.reports if len(school) <= len("21QW") or one.brin6 == school]
    return bool(reports or not school) and (not with_warnings or any(one.warnings for one in reports))


def _show_not_taken(form: ImportSearchForm, school: str, chosen: Mapping[str, Any]) -> str:
    """Show the years whose last import was not taken, by vestiging."""
    asking = form.toon.data == ASKING
    found: list[NotTaken] = []
    with database().reading() as connection:
        last = _year_of(request.args.get("na")) or (school, "")
        while len(found) <= PER_PAGE:
            some = not_taken.find_after(connection, last, PER_PAGE + 1)
            own = [one for one in some if one.brin6.startswith(school)]
            found += [one for one in own if one.asks or not asking]
            if len(some) <= PER_PAGE or len(own) < len(some):
                break
            last = some[-1].brin6, some[-1].schooljaar
        names = _names(connection, {one.brin6 for one in found})
    shown = found[:PER_PAGE]
    after = None
    if len(found) > PER_PAGE:
        key = "-".join(part for part in (shown[-1].brin6, shown[-1].schooljaar) if part)
        after = url_for(".list_imports", **chosen, na=key)
    return render_template(
        "beheer_imports.html",
        form=form,
        rows=[],
        waiting=[(one, names.get(one.brin6, one.brin6)) for one in shown],
        chosen=chosen,
        is_continued="na" in request.args,
        after=after,
    )


def _row(batch: Batch, names: Mapping[str, str]) -> ImportInList:
    years = ", ".join(sorted({report.schooljaar for report in batch.reports}))
    places = list(dict.fromkeys(one.brin6 for one in batch.reports if one.brin6 in names))
    brin6 = places[0] if places else None
    return ImportInList(
        batch=batch,
        naam=names[brin6] if brin6 else "",
        brin=brin6 or batch.brincode,
        more=max(len(places) - 1, 0),
        source=source_in_words(batch.source),
        years=years,
        did=_did(batch),
        warnings=sum(report.warnings for report in batch.reports),
    )


def _did(batch: Batch) -> str:
    """Return in a few words what an import did to the records."""
    if batch.undone_at is not None:
        return "Teruggedraaid"
    counts = [counts for report in batch.reports for counts in report.counts.values()]
    parts = (
        (sum(one.added for one in counts), "nieuw"),
        (sum(one.changed for one in counts), "gewijzigd"),
        (sum(one.removed for one in counts), "weg"),
    )
    return ", ".join(f"{number} {what}" for number, what in parts if number) or "Niets gewijzigd"


def _check(form: ImportSearchForm, school: str) -> bool:
    """Return whether a school is named as it should be; add the error to the field when it is not."""
    if not school or _BRIN.fullmatch(school):
        return True
    form.school.errors = ["Vul een BRIN in, zoals 21QW, of een BRIN- en vestigingsnummer, zoals 21QW00."]
    return False


def _names(connection: sa.Connection, brin6s: set[str]) -> dict[str, str]:
    query = sa.select(vestiging.c.brin6, vestiging.c.naam).where(vestiging.c.brin6.in_(brin6s))
    return {row.brin6: row.naam for row in connection.execute(query)} if brin6s else {}


def _year_of(text: str | None) -> YearKey | None:
    """Return the year in an address; None for text that is none."""
    found = _YEAR.fullmatch(text or "")
    return None if found is None else (found[1], found[2] or "")
