"""The search for a leerling by name, groep or both, of the pages that are about one: inzage, and resultaten.

It is asked by POST, so that no address holds a name.
"""

from collections.abc import Collection
from typing import NamedTuple

from flask import request

from uwlr_adapter.administratie import leerlingen
from uwlr_adapter.administratie.leerlingen import Search
from uwlr_adapter.clock import day_of
from uwlr_adapter.portal.context import database, now
from uwlr_adapter.portal.forms import InsightSearchForm


class AskedSearch(NamedTuple):
    """The form as it was filled in, what it found, and the HTTP status of its page."""

    form: InsightSearchForm
    found: Search | None
    status: int


def search_leerlingen(brin6: str, within: Collection[int] | None = None) -> AskedSearch:
    """Return the form, and what it finds once it is sent; `within` are the ids of those who may be found."""
    form, today = InsightSearchForm(request.form), day_of(now())
    with database().reading() as connection:
        groepen = leerlingen.groepen_of(connection, brin6, today)
        form.groep.choices = [("", "Alle groepen"), *((naam, naam) for naam in groepen)]
        if request.method != "POST":
            return AskedSearch(form, None, 200)
        if not form.validate():
            return AskedSearch(form, None, 422)
        naam, groep = form.naam.data or "", form.groep.data or ""
        found = leerlingen.search(connection, brin6, today, naam, groep, within=within)
    return AskedSearch(form, found, 200)
