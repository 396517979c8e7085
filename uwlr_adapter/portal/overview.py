"""The overview of a vestiging: its activated, available and ended koppelingen."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

import sqlalchemy as sa
from flask import render_template

from uwlr_adapter.administratie.importing import last_taken, questions
from uwlr_adapter.koppelingen import store
from uwlr_adapter.koppelingen.agreements import NOTHING_WAITS, Waiting
from uwlr_adapter.koppelingen.catalogue import CatalogueEntry
from uwlr_adapter.koppelingen.facts import verdicts_of
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.koppelingen.overview import AvailableEntry, Overview, overview
from uwlr_adapter.koppelingen.verdict import ALWAYS_ON, KoppelingVerdict
from uwlr_adapter.maintenance import announced
from uwlr_adapter.portal import question_words
from uwlr_adapter.portal.blueprints import SCHOOL
from uwlr_adapter.portal.context import catalogue, database, now
from uwlr_adapter.portal.school import CodeOnce, waiting_of
from uwlr_adapter.portal.sentences import AT_EDIT
from uwlr_adapter.portal.toestemmingen import in_one_line
from uwlr_adapter.portal.traffic import Traffic, fetches, last_call_in_words, traffic_of
from uwlr_adapter.portal.verdicts import ShownVerdict, shown


@dataclass(frozen=True, slots=True)
class OverviewRow:
    """One activated koppeling as the overview shows it."""

    name: str
    entry: CatalogueEntry | None
    """None when the entry left the catalogue: nothing can be fetched any more, but the school can still end it."""
    koppeling: Koppeling | None
    """None for a koppeling that every school has."""
    verdict: ShownVerdict
    waiting: Waiting
    """What waits until the school agrees again."""
    traffic: Traffic | None
    sentence: str | None
    """The last call in words."""
    toestemmingen: str | None = None
    """The states of its two toestemmingen in a line; None where there is no choice."""


@SCHOOL.get("/")
def show_overview(brin6: str) -> str:
    """Show the overview."""
    return overview_page(brin6)


def overview_page(brin6: str, code: CodeOnce | None = None) -> str:
    """Return the overview; with a code, that of the koppeling that was activated just now."""
    with database().reading() as connection:
        found = overview(connection, catalogue(), brin6)
        verdicts = verdicts_of(connection, catalogue(), found.living, now())
        traffic = _traffic(connection, found.living, verdicts)
        ended = store.list_ended(connection, brin6)
        open_questions = questions.of_vestiging(connection, brin6)
        age = last_taken.of_vestiging(connection, brin6)
        maintenance = announced.list_open(connection, now(), within=announced.BEFORE_SCHOOLS)
    by_type = groupby(_sort_by_type(found.available), lambda available: available.entry.type)
    return render_template(
        "overview.html",
        rows=_rows(found, verdicts, traffic),
        by_type=[(type_, list(entries)) for type_, entries in by_type],
        ended=[(koppeling, catalogue().get(koppeling.entry_id)) for koppeling in ended],
        questions=open_questions,
        questions_in_words=question_words.count_of(open_questions),
        age=age,
        maintenance=maintenance,
        present=now(),
        code=code,
    )


def _traffic(
    connection: sa.Connection, living: Iterable[Koppeling], verdicts: Mapping[int, KoppelingVerdict]
) -> dict[int, Traffic]:
    """Return the traffic of the koppelingen that carry data, and whose entry is in the catalogue."""
    carrying = [
        one.id
        for one in living
        if one.entry_id in catalogue().profiel_by_entry and one.afnemer_id is not None and fetches(verdicts[one.id])
    ]
    return traffic_of(connection, {id_: verdicts[id_] for id_ in carrying}, now())


def _rows(
    found: Overview, verdicts: Mapping[int, KoppelingVerdict], traffic_by_id: Mapping[int, Traffic]
) -> list[OverviewRow]:
    """Return the rows in the order of the catalogue, and after them those whose entry left it."""
    pairs: list[tuple[CatalogueEntry | None, Koppeling | None]] = [
        (one.entry, one.koppeling) for one in found.activated
    ]
    pairs += [(None, one) for one in found.left]
    rows = []
    for entry, koppeling in pairs:
        name = entry.naam if entry is not None else "" if koppeling is None else koppeling.entry_id
        verdict = ALWAYS_ON if koppeling is None else verdicts[koppeling.id]
        traffic = None if koppeling is None else traffic_by_id.get(koppeling.id)
        rows.append(
            OverviewRow(
                name=name,
                entry=entry,
                koppeling=koppeling,
                verdict=shown(verdict, name, koppeling),
                waiting=NOTHING_WAITS if koppeling is None else waiting_of(koppeling),
                traffic=traffic,
                sentence=None if traffic is None else last_call_in_words(traffic, name, AT_EDIT),
                toestemmingen=None if koppeling is None else in_one_line(koppeling),
            )
        )
    return rows


def _sort_by_type(available: Iterable[AvailableEntry]) -> list[AvailableEntry]:
    """Return the entries grouped by type; types, and entries within one, keep the order of the catalogue."""
    entries = list(available)
    order = list(dict.fromkeys(one.entry.type for one in entries))
    return sorted(entries, key=lambda one: order.index(one.entry.type))
