"""Resultaten: the messages of platforms at a vestiging, what was not processed, and the search for a leerling.

No address holds a name, a key or a value: a leerling is searched by POST, and named by its number.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from flask import g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from uwlr_adapter.clock import day_of, start_of
from uwlr_adapter.koppelingen import afnemers, store
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.portal.blueprints import INSIGHT
from uwlr_adapter.portal.context import database, not_processed_days
from uwlr_adapter.portal.forms import LeftOutForm, ResultsForm
from uwlr_adapter.portal.leerling_search import search_leerlingen
from uwlr_adapter.portal.list_keys import id_of
from uwlr_adapter.portal.results_words import REASONS, ReasonWords
from uwlr_adapter.portal.school import name_of
from uwlr_adapter.resultaten import reading
from uwlr_adapter.resultaten.identifying import NotProcessedReason
from uwlr_adapter.resultaten.message_filter import MessageFilter
from uwlr_adapter.resultaten.reading import NotProcessed, ResultsMessage
from uwlr_adapter.resultaten.standing import GroepScope
from uwlr_adapter.resultaten.taking import same_vestiging

PER_PAGE = 50
"""Messages, or leerlingen whose results were not processed, on one page."""


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A message in the list, with the name of its platform."""

    message: ResultsMessage
    name: str

    @property
    def counts(self) -> list[str]:
        """What became of its results, in words; without what did not happen."""
        one = self.message
        counts = ((one.added, "nieuw"), (one.changed, "gewijzigd"), (one.same, "gelijk"), (one.overtaken, "ingehaald"))
        return [f"{number} {word}" for number, word in counts if number]


@dataclass(frozen=True, slots=True)
class LeftOutRow:
    """A leerlingid whose results were not processed, with what helps."""

    left_out: NotProcessed
    name: str
    words: ReasonWords
    kept_until: date

    @property
    def act(self) -> str:
        """What to do about this one, with the name of the platform."""
        return self.words.act.format(name=self.name)


def scope() -> GroepScope | None:
    """Return the groepen to which the user's access to results is restricted; None of who sees them all.

    `guard` decides it.
    """
    found: GroepScope | None = g.get("groep_scope")
    return found


def platform_names(connection: sa.Connection, brin6: str) -> dict[int, str]:
    """Return the names of the platforms that have or had a koppeling here, by afnemer: as the koppeling is called."""
    names: dict[int, set[str]] = {}
    for place in same_vestiging(connection, brin6):
        for koppeling in (*store.list_living(connection, place), *store.list_ended(connection, place)):
            if koppeling.afnemer_id is not None:
                names.setdefault(koppeling.afnemer_id, set()).add(name_of(koppeling))
    return {id_: min(several) for id_, several in names.items() if len(several) == 1}


def name_in(connection: sa.Connection, names: dict[int, str], afnemer_id: int) -> str:
    """Return the name of a platform, from these or by itself."""
    if afnemer_id not in names:
        found = afnemers.by_id(connection, afnemer_id)
        names[afnemer_id] = "onbekend leerplatform" if found is None else found.klantnaam
    return names[afnemer_id]


@INSIGHT.get("/resultaten")
def show_results(brin6: str) -> str:
    """Show the messages that the form asks for, the newest first."""
    form, before_id = ResultsForm(request.args), request.args.get("voor", type=id_of)
    with database().reading() as connection:
        names = platform_names(connection, brin6)
        chosen = _chosen(form, names)
        found = [] if chosen is None else reading.messages(connection, brin6, before_id, PER_PAGE + 1, chosen)
        rows = [MessageRow(one, name_in(connection, names, one.afnemer_id)) for one in found[:PER_PAGE]]
        senders = _senders(connection, brin6)
    query = {name: value for name, value in request.args.items() if name in form and value}
    after = None
    if len(found) > PER_PAGE:
        after = url_for("insight.show_results", brin6=brin6, **_with(query, voor=rows[-1].message.id))
    return render_template(
        "results.html",
        form=form,
        rows=rows,
        chosen=query,
        after=after,
        is_continued=before_id is not None,
        senders=[(one, name_of(one)) for one in senders],
    )


@INSIGHT.get("/resultaten/niet-verwerkt")
def show_left_out(brin6: str) -> str:
    """Show whose results were not taken, the newest first, and what helps."""
    form, before_id = LeftOutForm(request.args), request.args.get("voor", type=id_of)
    form.reden.choices = [("", "Alle redenen"), *((reason.value, words.title) for reason, words in REASONS.items())]
    reason = NotProcessedReason(form.reden.data) if form.validate() and form.reden.data else None
    with database().reading() as connection:
        names = platform_names(connection, brin6)
        found = reading.left_out(connection, brin6, before_id, PER_PAGE + 1, reason) if form.validate() else []
        rows = [_left_out_row(connection, names, one) for one in found[:PER_PAGE]]
    query = {"reden": reason.value} if reason is not None else {}
    after = None
    if len(found) > PER_PAGE:
        after = url_for("insight.show_left_out", brin6=brin6, **_with(query, voor=rows[-1].left_out.id))
    return render_template(
        "results_left_out.html",
        form=form,
        rows=rows,
        chosen=query,
        after=after,
        is_continued=before_id is not None,
        days=not_processed_days(),
        reasons=_reasons(rows),
    )


@INSIGHT.get("/resultaten/leerlingen")
@INSIGHT.post("/resultaten/leerlingen")
def show_results_search(brin6: str) -> ResponseReturnValue:
    """Show the form to search for a leerling; once it is sent, those with a name, in a groep, or both."""
    with database().reading() as connection:
        within = _within(connection)
    asked = search_leerlingen(brin6, within)
    return render_template("results_search.html", form=asked.form, search=asked.found), asked.status


def _chosen(form: ResultsForm, names: Mapping[int, str]) -> MessageFilter | None:
    """Return what the form asks for; None when a field is invalid."""
    ordered = sorted(names.items(), key=lambda one: one[1])
    form.platform.choices = [("", "Alle leerplatforms"), *((str(id_), name) for id_, name in ordered)]
    if not form.validate():
        return None
    since, until = form.van.data, form.tot.data
    return MessageFilter(
        int(form.platform.data) if form.platform.data else None,
        None if since is None else start_of(since),
        None if until is None else start_of(until + timedelta(days=1)),
        scope(),
    )


def _senders(connection: sa.Connection, brin6: str) -> list[Koppeling]:
    """Return the living koppelingen by which a platform could send results."""
    return [one for one in store.list_living(connection, brin6) if one.afnemer_id is not None]


def _left_out_row(connection: sa.Connection, names: dict[int, str], one: NotProcessed) -> LeftOutRow:
    kept_until = day_of(one.moment + timedelta(days=not_processed_days()))
    return LeftOutRow(one, name_in(connection, names, one.afnemer_id), REASONS[one.reason], kept_until)


def _reasons(rows: Sequence[LeftOutRow]) -> list[tuple[ReasonWords, str]]:
    """Return the words of the reasons among rows, each with the name of its platform where that is one."""
    found = []
    for reason, words in REASONS.items():
        names = {one.name for one in rows if one.left_out.reason is reason}
        if names:
            found.append((words, names.pop() if len(names) == 1 else "het leerplatform"))
    return found


def _with(query: Mapping[str, str], **more: int) -> dict[str, Any]:
    return {**query, **{name: str(value) for name, value in more.items()}}


def _within(connection: sa.Connection) -> frozenset[int] | None:
    """Return the ids of the leerlingen of the scope; None without one."""
    own = scope()
    return None if own is None else frozenset(connection.scalars(own.people))
