"""The journaal of a vestiging: a page to search it, and the same rows as a CSV file."""

from collections.abc import Iterator
from dataclasses import dataclass

from flask import Response, abort, render_template, request, stream_with_context

from uwlr_adapter.clock import day_of, short_date_time
from uwlr_adapter.contract.escape import BYTE_ORDER_MARK, csv_lines
from uwlr_adapter.db.event_log import log_failure
from uwlr_adapter.errors import UwlrAdapterError
from uwlr_adapter.journaal import search
from uwlr_adapter.journaal.model import Entry, EntryKind, OutcomeKind
from uwlr_adapter.journaal.search import EntryFilter
from uwlr_adapter.koppelingen import store
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.portal.blueprints import SCHOOL
from uwlr_adapter.portal.context import database, now
from uwlr_adapter.portal.download import download
from uwlr_adapter.portal.error_pages import logger
from uwlr_adapter.portal.forms import SearchForm
from uwlr_adapter.portal.known_users import NOBODY_KNOWN, KnownUsers, known_users
from uwlr_adapter.portal.list_keys import id_of
from uwlr_adapter.portal.school import name_of
from uwlr_adapter.portal.sentences import actor_of, sentence_of

PER_PAGE = 50
"""Rows on one page."""
PER_READ = 1000
"""Rows read at once for a file: it is streamed, so that a long one does not fill memory."""
CSV_COLUMNS = ("Moment", "Koppeling", "Soort", "Uitkomst", "Toelichting", "Leerlingen", "Wie")
ALL = "Alle"
"""The name of the koppeling in an entry that is about each one of the vestiging."""
KIND_WORDS = {
    OutcomeKind.ANSWERED: "Opgehaald",
    OutcomeKind.REFUSED: "Geweigerd",
    OutcomeKind.ACT: "Handeling",
}
_RESULTS_CAME = "Gekomen"
"""The word for a message with results that was taken."""
_CHOICES = KIND_WORDS | {OutcomeKind.ANSWERED: "Opgehaald of gekomen"}


@dataclass(frozen=True, slots=True)
class EntryInWords:
    """One entry of the journaal as a school reads it."""

    entry: Entry
    name: str
    kind: str
    sentence: str
    who: str


@SCHOOL.get("/journaal")
def show_journaal(brin6: str) -> str:
    """Show the entries that the form asks for, newest first."""
    form, entry_filter, koppelingen = _read_query(brin6)
    before_id = request.args.get("voor", type=id_of)
    entries, users = [], NOBODY_KNOWN
    if entry_filter is not None:
        with database().reading() as connection:
            entries = search.search(connection, entry_filter, limit=PER_PAGE + 1, before_id=before_id)
            users = known_users(connection, (entry.actor for entry in entries))
    shown = entries[:PER_PAGE]
    return render_template(
        "journaal.html",
        form=form,
        rows=[_in_words(entry, koppelingen, users) for entry in shown],
        chosen={name: value for name, value in request.args.items() if name in form and value},
        older_than=shown[-1].id if len(entries) > PER_PAGE else None,
        is_continued=before_id is not None,
    )


@SCHOOL.get("/journaal.csv")
def download_journaal(brin6: str) -> Response:
    """Return all entries that the form asks for as a CSV file that a Dutch spreadsheet opens."""
    _, entry_filter, koppelingen = _read_query(brin6)
    if entry_filter is None:
        abort(400)
    lines = stream_with_context(_csv_lines(entry_filter, koppelingen))
    return download(lines, "text/csv", f"logboek-{brin6}-{day_of(now()):%Y-%m-%d}.csv")


def _read_query(brin6: str) -> tuple[SearchForm, EntryFilter | None, dict[int, Koppeling]]:
    """Return the form, its filter (None when a field is invalid), and all koppelingen of the vestiging by id."""
    with database().reading() as connection:
        koppelingen = [*store.list_living(connection, brin6), *store.list_ended(connection, brin6)]
    by_id = {koppeling.id: koppeling for koppeling in koppelingen}
    names = {koppeling.entry_id: name_of(koppeling) for koppeling in koppelingen}
    form = SearchForm(request.args)
    form.koppeling.choices = [("", "Alle koppelingen"), *sorted(names.items(), key=lambda item: item[1])]
    form.uitkomst.choices = [("", "Alles"), *((str(kind), word) for kind, word in _CHOICES.items())]
    if not form.validate():
        return form, None, by_id
    entry_id = form.koppeling.data
    ids = tuple(one.id for one in koppelingen if one.entry_id == entry_id) if entry_id else None
    outcome = OutcomeKind(form.uitkomst.data) if form.uitkomst.data else None
    return form, EntryFilter(brin6, ids, form.van.data, form.tot.data, outcome), by_id


def _in_words(entry: Entry, koppelingen: dict[int, Koppeling], users: KnownUsers) -> EntryInWords:
    koppeling = koppelingen.get(entry.koppeling_id or 0)
    name = ALL if koppeling is None else name_of(koppeling)
    who = actor_of(entry, name, users)
    came = entry.kind is EntryKind.RESULTATEN and entry.outcome_kind is OutcomeKind.ANSWERED
    kind = _RESULTS_CAME if came else KIND_WORDS[entry.outcome_kind]
    return EntryInWords(entry, name, kind, sentence_of(entry, name), who)


def _csv_lines(entry_filter: EntryFilter, koppelingen: dict[int, Koppeling]) -> Iterator[str]:
    """Yield the lines of the file."""
    yield BYTE_ORDER_MARK + csv_lines([CSV_COLUMNS])
    before_id: int | None = None
    while True:
        try:
            with database().reading() as connection:
                entries = search.search(connection, entry_filter, limit=PER_READ, before_id=before_id)
                users = known_users(connection, (entry.actor for entry in entries))
        except Exception as error:  # noqa: BLE001 - the file must break off, and a server logs the text of what it meets
            log_failure(error, logger)
            raise UwlrAdapterError("a file broke off") from None
        yield csv_lines(_cells(_in_words(entry, koppelingen, users)) for entry in entries)
        if len(entries) < PER_READ:
            return
        before_id = entries[-1].id


def _cells(words: EntryInWords) -> tuple[str, ...]:
    entry = words.entry
    leerlingen = "" if entry.leerlingen is None else str(entry.leerlingen)
    moment = short_date_time(entry.moment)
    return (moment, words.name, words.kind, entry.outcome, words.sentence, leerlingen, words.who)
