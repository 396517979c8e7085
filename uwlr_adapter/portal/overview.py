"""The overview of a vestiging: its activated, available and ended koppelingen."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

import sqlalchemy as sa
from flask import render_template

from uwlr_adapter.administratie.importing import last_taken, questions
from uwlr_adapter.clock import day_of
from uwlr_adapter.koppelingen import store
from uwlr_adapter.koppelingen.actions import is_available
from uwlr_adapter.koppelingen.agreements import NOTHING_WAITS, Waiting
from uwlr_adapter.koppelingen.catalogue import CatalogueEntry
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.koppelingen.overview import ActivatedEntry, AvailableEntry, overview
from uwlr_adapter.portal import question_words
from uwlr_adapter.portal.blueprints import SCHOOL
from uwlr_adapter.portal.context import catalogue, database, now
from uwlr_adapter.portal.school import waiting_of
from uwlr_adapter.portal.sentences import sentence_of
from uwlr_adapter.portal.traffic import Standing, Traffic, standing_of, traffic_of


@dataclass(frozen=True, slots=True)
class OverviewRow:
    """One activated koppeling as the overview shows it."""

    name: str
    entry: CatalogueEntry | None
    """None when the entry left the catalogue: nothing can be fetched any more, but the school can still end it."""
    koppeling: Koppeling | None
    """None for a koppeling that every school has."""
    standing: Standing
    connected: bool
    """False while the operator has disabled the afnemer."""
    waiting: Waiting
    """What waits until the school agrees again."""
    traffic: Traffic | None
    sentence: str | None
    """The last call in words."""


@SCHOOL.get("/")
def show_overview(brin6: str) -> str:
    """Show the overview."""
    with database().reading() as connection:
        found = overview(connection, catalogue(), brin6)
        rows = [*_catalogue_rows(connection, found.activated), *_orphan_rows(connection, brin6)]
        ended = store.list_ended(connection, brin6)
        open_questions = questions.of_vestiging(connection, brin6)
        age = last_taken.of_vestiging(connection, brin6)
    by_type = groupby(_sort_by_type(found.available), lambda available: available.entry.type)
    return render_template(
        "overview.html",
        rows=rows,
        by_type=[(type_, list(entries)) for type_, entries in by_type],
        ended=[(koppeling, catalogue().get(koppeling.entry_id)) for koppeling in ended],
        questions=open_questions,
        questions_in_words=question_words.count_of(open_questions),
        age=age,
    )


def _catalogue_rows(connection: sa.Connection, activated: Iterable[ActivatedEntry]) -> list[OverviewRow]:
    activated = list(activated)
    with_code = [one.koppeling.id for one in activated if one.koppeling is not None and one.entry.has_code]
    traffic_by_id = traffic_of(connection, with_code, now())
    today = day_of(now())
    rows = []
    for one in activated:
        traffic = None if one.koppeling is None else traffic_by_id.get(one.koppeling.id)
        last_call = None if traffic is None else traffic.last_call
        rows.append(
            OverviewRow(
                name=one.entry.naam,
                entry=one.entry,
                koppeling=one.koppeling,
                standing=standing_of(one.koppeling, today),
                connected=is_available(connection, one.entry),
                waiting=NOTHING_WAITS if one.koppeling is None else waiting_of(one.koppeling),
                traffic=traffic,
                sentence=None if last_call is None else sentence_of(last_call, one.entry.naam),
            )
        )
    return rows


def _orphan_rows(connection: sa.Connection, brin6: str) -> list[OverviewRow]:
    """Return the rows of living koppelingen whose entry left the catalogue."""
    living = store.list_living(connection, brin6)
    today = day_of(now())
    return [
        OverviewRow(
            name=koppeling.entry_id,
            entry=None,
            koppeling=koppeling,
            standing=standing_of(koppeling, today),
            connected=True,
            waiting=NOTHING_WAITS,
            traffic=None,
            sentence=None,
        )
        for koppeling in living
        if catalogue().get(koppeling.entry_id) is None
    ]


def _sort_by_type(available: Iterable[AvailableEntry]) -> list[AvailableEntry]:
    """Return the entries grouped by type; types, and entries within one, keep the order of the catalogue."""
    entries = list(available)
    order = list(dict.fromkeys(one.entry.type for one in entries))
    return sorted(entries, key=lambda one: order.index(one.entry.type))
