"""The results of one leerling: the toetsen, the results in one of them over time, and the versions of one result."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any

import sqlalchemy as sa
from flask import abort, render_template, request, url_for

from uwlr_adapter.administratie import enrolment
from uwlr_adapter.administratie.leerlingen import KnownLeerling
from uwlr_adapter.clock import day_of, schooljaar_of
from uwlr_adapter.contract.leerresultaten.records import Toets
from uwlr_adapter.portal.blueprints import INSIGHT
from uwlr_adapter.portal.context import database, now
from uwlr_adapter.portal.insight import find_leerling
from uwlr_adapter.portal.list_keys import id_of, place_of, text_of
from uwlr_adapter.portal.results import name_in, platform_names, scope
from uwlr_adapter.portal.results_plot import LinePlot, Scored, line_plot
from uwlr_adapter.portal.results_words import ResultInWords, in_words, onderdeel_name, toets_name
from uwlr_adapter.resultaten import meaning, per_toets, reading
from uwlr_adapter.resultaten.per_toets import ChosenLeerlingen, ListPlace, ToetsLine
from uwlr_adapter.resultaten.reading import ResultVersion
from uwlr_adapter.resultaten.standing import has_leerling
from uwlr_adapter.resultaten.taking import same_vestiging

PER_PAGE = 50
"""Toetsen, results or versions on one page."""
MAX_PLOTS = 12
"""Plots on one page (inclusive)."""
MAX_OSO = 200
"""Results of OSO that the plots of skills are made of (inclusive), the last ones."""


Scale = tuple[str, list[Scored]]
"""The name of a scale, and its scores."""


@dataclass(frozen=True, slots=True)
class ToetsRow:
    """A toets in a list, in words."""

    line: ToetsLine
    naam: str
    code: str
    vakgebied: str | None
    platform: str


@dataclass(frozen=True, slots=True)
class TimedRow:
    """A result of a leerling in a toets."""

    result: ResultInWords
    is_double: bool
    """Whether there is another result of the same part and day, under another key."""
    versions: int


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version of a result; without a result it was of another leerling."""

    number: int
    moment: datetime
    message_id: int
    taken_back_at: datetime | None
    result: ResultInWords | None
    stands: bool


@INSIGHT.get("/resultaten/leerling/<id:persoon_id>")
def show_toetsen(brin6: str, persoon_id: int) -> str:
    """Show the toetsen of which a leerling has results."""
    after = request.args.get("na", type=place_of)
    with database().reading() as connection:
        leerling = require_leerling(connection, brin6, persoon_id)
        people = _people(connection, brin6, leerling)
        lines = per_toets.of_people(connection, people, after, PER_PAGE + 1)
        rows = toets_rows(connection, brin6, lines[:PER_PAGE])
        oso = [] if after is not None else per_toets.oso_of_leerling(connection, people, MAX_OSO)
    next_place = text_of(ListPlace(rows[-1].line.last, rows[-1].line.last_id)) if len(lines) > PER_PAGE else None
    return render_template(
        "results_leerling.html",
        leerling=leerling,
        rows=rows,
        plots=_plots(_skills(oso)),
        after=next_place and url_for("insight.show_toetsen", brin6=brin6, persoon_id=persoon_id, na=next_place),
        is_continued=after is not None,
    )


@INSIGHT.get("/resultaten/leerling/<id:persoon_id>/toets/<digest:toets_id>")
def show_toets_of_leerling(brin6: str, persoon_id: int, toets_id: str) -> str:
    """Show the results of a leerling in a toets over time."""
    after = request.args.get("na", type=place_of)
    with database().reading() as connection:
        leerling = require_leerling(connection, brin6, persoon_id)
        key = per_toets.find_toets(connection, toets_id) or abort(404)
        people = _people(connection, brin6, leerling)
        found = per_toets.of_leerling(connection, people, key, after, PER_PAGE + 1)
        shown = found[:PER_PAGE] or abort(404)
        definitions = reading.definitions_of(connection, [toets_id, *(one.toets_id for one in shown)])
        doubles = per_toets.doubles_of(connection, people, key, [one.afnamedatum for one in shown])
        name = name_in(connection, platform_names(connection, brin6), key.afnemer_id)
    newest = definitions[shown[0].toets_id]
    ordered = _by_onderdeel(shown, newest)
    place = text_of(ListPlace(shown[-1].afnamedatum, shown[-1].resultaat_id)) if len(found) > PER_PAGE else None
    here: dict[str, Any] = {"brin6": brin6, "persoon_id": persoon_id, "toets_id": toets_id}
    return render_template(
        "results_toets.html",
        leerling=leerling,
        name=name,
        naam=toets_name(newest),
        definition=newest,
        rows=[_timed(one, definitions, doubles) for one in ordered],
        plots=_plots(_scales(ordered, definitions)),
        after=place and url_for("insight.show_toets_of_leerling", **here, na=place),
        is_continued=after is not None,
        toets_id=toets_id,
    )


@INSIGHT.get("/resultaten/leerling/<id:persoon_id>/resultaat/<big_id:resultaat_id>")
def show_versions(brin6: str, persoon_id: int, resultaat_id: int) -> str:
    """Show the versions of a result: those of this leerling with what they said."""
    before = request.args.get("voor", type=id_of)
    with database().reading() as connection:
        leerling = require_leerling(connection, brin6, persoon_id)
        places = _people(connection, brin6, leerling).places
        found = per_toets.history_of(connection, resultaat_id, places, before, PER_PAGE + 1)
        own = [one.version for one in found if one.version.persoon_id == persoon_id]
        if not own:
            abort(404)
        definitions = reading.definitions_of(connection, [one.toets_id for one in own])
        standing = per_toets.standing_of(connection, [resultaat_id])
        name = name_in(connection, platform_names(connection, brin6), own[0].afnemer_id)
    shown = found[:PER_PAGE]
    rows = [
        VersionRow(
            one.version.number,
            one.moment,
            one.version.message_id,
            one.taken_back_at,
            in_words(one.version, definitions[one.version.toets_id]) if one.version in own else None,
            standing.get(resultaat_id) == one.version.number,
        )
        for one in shown
    ]
    here: dict[str, Any] = {"brin6": brin6, "persoon_id": persoon_id, "resultaat_id": resultaat_id}
    return render_template(
        "results_versions.html",
        leerling=leerling,
        name=name,
        newest=in_words(own[0], definitions[own[0].toets_id]),
        toets_id=own[0].toets_id,
        rows=rows,
        after=url_for("insight.show_versions", **here, voor=rows[-1].number) if len(found) > PER_PAGE else None,
        begin=url_for("insight.show_versions", **here) if before is not None else None,
    )


def require_leerling(connection: sa.Connection, brin6: str, persoon_id: int) -> KnownLeerling:
    """Return a leerling of this vestiging whom the user may see. Raises NotFound."""
    if not has_leerling(connection, scope(), persoon_id):
        abort(404)
    return find_leerling(connection, brin6, day_of(now()), persoon_id) or abort(404)


def owners_of(connection: sa.Connection, brin6: str, schooljaar: str | None, ids: Sequence[int]) -> ChosenLeerlingen:
    """Return leerlingen of a school year, and where results of them are looked for.

    Who takes part here today brings along what was sent to another vestiging of the school; of who went there, also
    within the school year, or is to come, only what was sent to this one is shown.
    """
    day = day_of(now())
    here: frozenset[object] = frozenset()
    if schooljaar == schooljaar_of(day):
        here = enrolment.answered(connection, brin6=brin6, schooljaar=schooljaar, day=day)["leerlingen"]
    present = [one for one in ids if one in here]
    return ChosenLeerlingen(ids, None if len(present) == len(ids) else same_vestiging(connection, brin6), present)


def toets_rows(connection: sa.Connection, brin6: str, lines: Sequence[ToetsLine]) -> list[ToetsRow]:
    """Return toetsen in words."""
    definitions = reading.definitions_of(connection, [one.toets_id for one in lines])
    names = platform_names(connection, brin6)
    rows = []
    for line in lines:
        toets = definitions[line.toets_id]
        vakgebied = None if toets.vakgebied is None else toets.vakgebied.term
        platform = name_in(connection, names, line.key.afnemer_id)
        rows.append(ToetsRow(line, toets_name(toets), line.key.toetscode, vakgebied, platform))
    return rows


def _people(connection: sa.Connection, brin6: str, leerling: KnownLeerling) -> ChosenLeerlingen:
    return owners_of(connection, brin6, leerling.schooljaar, [leerling.persoon_id])


def _by_onderdeel(versions: Iterable[ResultVersion], newest: Toets) -> list[ResultVersion]:
    """Return results with the total first, then by the order of the parts; within one the newest first."""
    order = {one.code.term: one.volgnummer for one in newest.onderdelen}
    last = max(order.values(), default=0) + 1

    def place(one: ResultVersion) -> tuple[int, str]:
        return (0, "") if one.onderdeel is None else (order.get(one.onderdeel, last), one.onderdeel)

    return sorted(versions, key=place)


def _timed(version: ResultVersion, definitions: Mapping[str, Toets], doubles: set[tuple[str | None, date]]) -> TimedRow:
    is_double = (version.onderdeel, version.afnamedatum) in doubles
    return TimedRow(in_words(version, definitions[version.toets_id]), is_double, version.number)


def _scales(versions: Iterable[ResultVersion], definitions: Mapping[str, Toets]) -> list[Scale]:
    """Return the scores of each scale: one part of the toets, with one normering; then the skill scores."""
    found: dict[object, Scale] = {}
    for one in versions:
        if one.score is not None:
            toets = definitions[one.toets_id]
            scale = (one.onderdeel, meaning.normering_of(toets, one.onderdeel))
            found.setdefault(scale, (onderdeel_name(toets, one.onderdeel), []))[1].append((one.afnamedatum, one.score))
    return [*found.values(), *_skills(versions)]


def _skills(versions: Iterable[ResultVersion]) -> list[Scale]:
    """Return the skill scores of results of OSO, of each scale."""
    found: dict[str, list[Scored]] = {}
    for one in versions:
        score = None if one.osoresultaat is None else one.osoresultaat.toetsscore
        if score is not None and score.vaardigheidsscore is not None and score.codevaardigheidsschaal is not None:
            scale = f"Vaardigheidsscore, schaal {score.codevaardigheidsschaal}"
            found.setdefault(scale, []).append((one.afnamedatum, score.vaardigheidsscore))
    return list(found.items())


def _plots(scales: Iterable[Scale]) -> list[LinePlot]:
    drawn = (line_plot(name, scored) for name, scored in scales)
    return list(islice((one for one in drawn if one is not None), MAX_PLOTS))
