"""The vestigingen of a user who acts for several: searched, filtered and paged, with what needs attention at each."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import sqlalchemy as sa
from flask import Response, abort, render_template, request, stream_with_context, url_for
from werkzeug.datastructures import MultiDict

from uwlr_adapter.clock import day_of
from uwlr_adapter.contract.escape import BYTE_ORDER_MARK, csv_lines
from uwlr_adapter.db import bulk
from uwlr_adapter.db.event_log import log_failure
from uwlr_adapter.errors import UwlrAdapterError
from uwlr_adapter.gebruikers.tables import gebruiker_vestiging, lezer_vestiging
from uwlr_adapter.koppelingen import agreements, vestigingen
from uwlr_adapter.koppelingen.catalogue import CatalogueEntry
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.koppelingen.verdict import KoppelingVerdict, VerdictKind
from uwlr_adapter.koppelingen.verdict_counts import Matching
from uwlr_adapter.koppelingen.verdict_words import kind_in_words
from uwlr_adapter.koppelingen.vestigingen import Found, JudgedVestiging, PageKey, VestigingFilter
from uwlr_adapter.portal import login_session
from uwlr_adapter.portal.blueprints import VESTIGINGEN
from uwlr_adapter.portal.context import catalogue, database, now
from uwlr_adapter.portal.download import download
from uwlr_adapter.portal.error_pages import logger
from uwlr_adapter.portal.forms import VestigingenForm
from uwlr_adapter.portal.school import name_of
from uwlr_adapter.portal.verdicts import ShownVerdict, shown

PER_PAGE = 40
"""Vestigingen of one page: the form that chooses among them keeps to the bound on the fields of a query."""
PER_READ = 100
"""Vestigingen judged at once for a file: it is streamed."""
MAX_MATTERS = 4
"""Verdicts that a row shows; of any more only the number, since the page of the vestiging shows them all."""
CSV_COLUMNS = (
    "Vestiging",
    "BRIN- en vestigingsnummer",
    "Koppeling",
    "Stand",
    "Toelichting",
    "Stap",
    "Aan zet",
    "Vragen",
)
MAX_CHOSEN = PER_PAGE
"""Vestigingen of one act (inclusive): those of a page. Each is a transaction of its own, and on PostgreSQL forty take
half of the CPU that a page may."""
KINDS = tuple(kind for kind in VerdictKind if kind not in {VerdictKind.ENDED, VerdictKind.NO_DATA_FLOW})
"""The kinds that a living koppeling with data can have."""


@dataclass(frozen=True, slots=True)
class Matter:
    """A verdict that asks for a step, with the page where that step is taken or explained."""

    name: str
    verdict: ShownVerdict
    url: str


@dataclass(frozen=True, slots=True)
class VestigingRow:
    """One vestiging in the list."""

    judged: JudgedVestiging
    matters: tuple[Matter, ...]
    more: int
    """How many matters are not shown."""


def overview_of_vestigingen() -> str:
    """Return the page with the vestigingen that the form asks for."""
    form, moment = read_form(request.args), now()
    with database().reading() as connection:
        found = find(connection, form)
        page = found.page(after=_key("na"), before=_key("voor"), size=PER_PAGE)
        rows = vestigingen.judge(connection, catalogue(), page.vestigingen, moment)
        waiting = _waiting(connection)
    return render_template(
        "vestigingen.html",
        form=form,
        found=found,
        kinds=[(kind, kind_in_words(kind), number) for kind, number in vestigingen.kinds_in_order(found.totals.counts)],
        rows=[_row(one) for one in rows],
        chosen=chosen_fields(form),
        before=None if page.before is None else f"{page.before.rank}.{page.before.brin6}",
        after=None if page.after is None else f"{page.after.rank}.{page.after.brin6}",
        entries=[entry for entry in catalogue() if not entry.standaard],
        waiting=waiting,
        max_chosen=MAX_CHOSEN,
    )


@VESTIGINGEN.get("/lijst.csv")
def download_vestigingen() -> Response:
    """Return the koppelingen of the vestigingen that the form asks for as a CSV file for a Dutch spreadsheet."""
    form = read_form(request.args)
    if form.errors:
        abort(400)
    with database().reading() as connection:
        found = find(connection, form)
    lines = stream_with_context(_csv_lines([(one.brin6, one.naam) for one in found.keys]))
    return download(lines, "text/csv", f"vestigingen-{day_of(now()):%Y-%m-%d}.csv")


def within() -> sa.Select[tuple[str]]:
    """Return the query for the vestigingen that the logged-in user sees in this session."""
    own = sa.union_all(*(_own(table) for table in (gebruiker_vestiging, lezer_vestiging))).subquery()
    return sa.select(own.c.brin6)


def within_acting() -> sa.Select[tuple[str]]:
    """Return the query for those that the logged-in user acts for in this session."""
    return _own(gebruiker_vestiging)


def _own(table: sa.Table) -> sa.Select[tuple[str]]:
    gebruiker = login_session.require_gebruiker()
    query = sa.select(table.c.brin6).where(table.c.gebruiker_id == gebruiker.id)
    return query.where(table.c.brin6.in_(gebruiker.vestigingen)) if login_session.is_narrowed() else query


def read_form(values: MultiDict[str, str]) -> VestigingenForm:
    """Return the search form, validated; one with an error finds nothing."""
    form = VestigingenForm(values)
    form.oordeel.choices = [("", "Elke stand"), *((kind.value, kind_in_words(kind)) for kind in KINDS)]
    entries = sorted((entry.id, entry.naam) for entry in catalogue() if entry.has_code)
    form.platform.choices = [("", "Elk leerplatform"), *sorted(entries, key=lambda one: one[1])]
    form.sorteer.choices = [("", "Op naam"), ("aandacht", "Meeste aandacht eerst")]
    form.validate()
    return form


def find(connection: sa.Connection, form: VestigingenForm) -> Found:
    """Return what a search form finds among the vestigingen of the logged-in user."""
    if form.errors:
        return vestigingen.find(connection, catalogue(), within(), VestigingFilter(), now()).nothing()
    wanted = VestigingFilter(
        text=form.zoek.data or "",
        needs_attention=bool(form.aandacht.data),
        matching=Matching(VerdictKind(form.oordeel.data) if form.oordeel.data else None, form.platform.data or None),
        by_attention=form.sorteer.data == "aandacht",
    )
    return vestigingen.find(connection, catalogue(), within(), wanted, now())


def chosen_fields(form: VestigingenForm) -> dict[str, str]:
    """Return the fields of a search that say something, for the links that keep it."""
    return {name: value for name in form.data if (value := request.args.get(name))}


def _key(name: str) -> PageKey | None:
    """Return the key of a page in the query; None without one, or for a text that is none."""
    rank, _, brin6 = request.args.get(name, "").partition(".")
    return PageKey(int(rank), brin6) if rank.isascii() and rank.isdigit() and len(rank) < 6 else None  # noqa: PLR2004


def _row(judged: JudgedVestiging) -> VestigingRow:
    asking = judged.asking
    return VestigingRow(judged, tuple(_matter(*one) for one in asking[:MAX_MATTERS]), max(0, len(asking) - MAX_MATTERS))


def _matter(koppeling: Koppeling, verdict: KoppelingVerdict) -> Matter:
    name = name_of(koppeling)
    words = shown(verdict, name, koppeling)
    own = url_for("school.show_koppeling", brin6=koppeling.brin6, koppeling_id=koppeling.id)
    reads = koppeling.brin6 in login_session.require_gebruiker().reads
    return Matter(name, words, own if reads else words.url or own)


def _waiting(connection: sa.Connection) -> list[tuple[CatalogueEntry, int]]:
    """Return the entries for which koppelingen wait until their school agrees again, with their number."""
    found = (
        (catalogue().get(id_), number)
        for id_, number in agreements.count_waiting(connection, catalogue(), within_acting())
    )
    return [(entry, number) for entry, number in found if entry is not None]


def _csv_lines(found: list[tuple[str, str]]) -> Iterator[str]:
    """Yield the lines of the file."""
    yield BYTE_ORDER_MARK + csv_lines([CSV_COLUMNS])
    for some in bulk.pieces(found, PER_READ):
        try:
            with database().reading() as connection:
                judged = vestigingen.judge(connection, catalogue(), some, now())
        except Exception as error:  # noqa: BLE001 - the file must break off, and a server logs the text of what it meets
            log_failure(error, logger)
            raise UwlrAdapterError("a file broke off") from None
        yield csv_lines(cells for one in judged for cells in _cells(one))


def _cells(judged: JudgedVestiging) -> Iterable[tuple[str, ...]]:
    """Yield a line for each koppeling, or one without any for a vestiging that has none."""
    number = str(judged.questions)
    for koppeling, verdict in judged.koppelingen:
        name = name_of(koppeling)
        words = shown(verdict, name, koppeling).words
        yield (judged.naam, judged.brin6, name, words.badge, words.sentence, words.step, words.who or "", number)
    if not judged.koppelingen:
        yield (judged.naam, judged.brin6, "", "", "", "", "", number)
