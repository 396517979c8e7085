"""The results of a groep: its toetsen, and of one of these the latest result of each leerling in each part.

A groep is named by its school year and its key in the records, which stand in the query of the address.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import abort, render_template, request, url_for

from uwlr_adapter.administratie import groepen, leerlingen
from uwlr_adapter.administratie.groepen import KnownGroep
from uwlr_adapter.administratie.leerlingen import KnownLeerling
from uwlr_adapter.clock import day_of, schooljaar_of
from uwlr_adapter.contract.leerresultaten.records import Toets
from uwlr_adapter.portal.blueprints import INSIGHT
from uwlr_adapter.portal.context import database, now
from uwlr_adapter.portal.list_keys import id_of, place_of, text_of
from uwlr_adapter.portal.results import name_in, platform_names, scope
from uwlr_adapter.portal.results_leerling import owners_of, toets_rows
from uwlr_adapter.portal.results_words import ResultInWords, in_words, onderdeel_name, toets_name
from uwlr_adapter.resultaten import meaning, per_toets, reading
from uwlr_adapter.resultaten.per_toets import ChosenLeerlingen, ListPlace, ToetsKey

PER_PAGE = 50
"""Toetsen, or leerlingen, on one page."""
COLUMNS = 6
"""Parts of a toets beside each other, on a screen and on paper."""
BAR = 120
"""The width of the longest bar, in units of its SVG."""


@dataclass(frozen=True, slots=True)
class NormCount:
    """How many leerlingen have a term; `width` is that of its bar."""

    term: str
    leerlingen: int
    width: int
    is_of_platform: bool = True


@dataclass(frozen=True, slots=True)
class PartColumn:
    """A part of a toets, or the total (None), as a column, with how its results are spread."""

    onderdeel: str | None
    name: str
    spread: tuple[NormCount, ...]


@dataclass(frozen=True, slots=True)
class LeerlingRow:
    """A leerling of the groep: a result or None for each column."""

    leerling: KnownLeerling
    cells: tuple[ResultInWords | None, ...]


@INSIGHT.get("/resultaten/groepen")
def show_groepen(brin6: str) -> str:
    """Show the groepen of a school year."""
    own = scope()
    with database().reading() as connection:
        years = groepen.years_of(connection, brin6) if own is None else [own.schooljaar]
        present = schooljaar_of(day_of(now()))
        schooljaar = request.args.get("schooljaar") or (present if present in years else next(iter(years), present))
        found = groepen.groepen_in(connection, brin6, schooljaar) if schooljaar in years else []
    if own is not None:
        found = [one for one in found if one.key in own.groepen]
    return render_template("results_groepen.html", schooljaar=schooljaar, years=years, groepen=found)


@INSIGHT.get("/resultaten/groep")
def show_toetsen_of_groep(brin6: str) -> str:
    """Show the toetsen of which leerlingen of a groep have results."""
    after = request.args.get("na", type=place_of)
    with database().reading() as connection:
        schooljaar, groep = _require_groep(connection, brin6)
        people = _people(connection, brin6, schooljaar, groep)
        lines = per_toets.of_people(connection, people, after, PER_PAGE + 1)
        rows = toets_rows(connection, brin6, lines[:PER_PAGE])
    here: dict[str, Any] = {"brin6": brin6, "schooljaar": schooljaar, "groep": groep.key}
    place = text_of(ListPlace(rows[-1].line.last, rows[-1].line.last_id)) if len(lines) > PER_PAGE else None
    return render_template(
        "results_groep.html",
        schooljaar=schooljaar,
        groep=groep,
        people=len(people.ids),
        rows=rows,
        after=place and url_for("insight.show_toetsen_of_groep", **here, na=place),
        begin=url_for("insight.show_toetsen_of_groep", **here) if after is not None else None,
    )


@INSIGHT.get("/resultaten/groep/toets/<digest:toets_id>")
def show_toets_of_groep(brin6: str, toets_id: str) -> str:
    """Show the latest result of each leerling of a groep in each part of a toets, and who has none."""
    column, row = (request.args.get(name, type=id_of) or 0 for name in ("kolom", "rij"))
    with database().reading() as connection:
        schooljaar, groep = _require_groep(connection, brin6)
        key = per_toets.find_toets(connection, toets_id) or abort(404)
        own = _people(connection, brin6, schooljaar, groep)
        ids, has_total = per_toets.shape_of(connection, own, key)
        definitions = reading.definitions_of(connection, ids)
        newest = next(iter(definitions.values()), None) or abort(404)
        parts = _parts(definitions, has_total=has_total)
        shown = parts[column : column + COLUMNS] or abort(404)
        cells = _cells(connection, own, key, shown)
        people = leerlingen.leerlingen(connection, brin6, day_of(now()), own.ids)
        name = name_in(connection, platform_names(connection, brin6), key.afnemer_id)
    page = people[row : row + PER_PAGE] or abort(404)
    here: dict[str, Any] = {"brin6": brin6, "toets_id": toets_id, "schooljaar": schooljaar, "groep": groep.key}

    def address(kolom: int, rij: int) -> str:
        return url_for("insight.show_toets_of_groep", **here, kolom=kolom or None, rij=rij or None)

    return render_template(
        "results_groep_toets.html",
        schooljaar=schooljaar,
        groep=groep,
        name=name,
        naam=toets_name(newest),
        columns=[_column(part, newest, definitions, cells, len(people)) for part in shown],
        rows=[LeerlingRow(one, tuple(cells.get((one.persoon_id, part)) for part in shown)) for one in page],
        first=column + 1,
        last=column + len(shown),
        parts=len(parts),
        people=len(people),
        columns_before=address(max(column - COLUMNS, 0), row) if column else None,
        columns_after=address(column + COLUMNS, row) if column + COLUMNS < len(parts) else None,
        rows_before=address(column, max(row - PER_PAGE, 0)) if row else None,
        rows_after=address(column, row + PER_PAGE) if row + PER_PAGE < len(people) else None,
    )


def _require_groep(connection: sa.Connection, brin6: str) -> tuple[str, KnownGroep]:
    """Return the school year and the groep that the address names, of this vestiging and the scope. Raises NotFound."""
    schooljaar, key, own = request.args.get("schooljaar", ""), request.args.get("groep", ""), scope()
    if own is not None and (own.brin6 != brin6 or own.schooljaar != schooljaar or key not in own.groepen):
        abort(404)
    found = (one for one in groepen.groepen_in(connection, brin6, schooljaar) if one.key == key)
    return schooljaar, next(found, None) or abort(404)


def _people(connection: sa.Connection, brin6: str, schooljaar: str, groep: KnownGroep) -> ChosenLeerlingen:
    """Return the leerlingen of a groep whom the user may see."""
    own, ids = scope(), groepen.leerlingen_in(connection, brin6, schooljaar, groep.key)
    if own is not None and own.present is not None:
        ids = [one for one in ids if one in own.present]
    return owners_of(connection, brin6, schooljaar, ids)


def _parts(definitions: Mapping[str, Toets], *, has_total: bool) -> list[str | None]:
    """Return the parts of a toets: the total where there is one, then as the newest definition orders them.

    Those that only an earlier definition has come last.
    """
    parts: dict[str | None, None] = {None: None} if has_total else {}
    for definition in definitions.values():
        ordered = sorted(definition.onderdelen, key=lambda one: one.volgnummer)
        parts.update(dict.fromkeys(one.code.term for one in ordered if one.code.term not in parts))
    return list(parts) or [None]


def _cells(
    connection: sa.Connection, people: ChosenLeerlingen, key: ToetsKey, parts: Sequence[str | None]
) -> dict[tuple[int, str | None], ResultInWords]:
    found = per_toets.latest_of_people(connection, people, key, parts)
    definitions = reading.definitions_of(connection, [one.toets_id for one in found])
    return {(one.persoon_id, one.onderdeel): in_words(one, definitions[one.toets_id]) for one in found}


def _column(
    part: str | None,
    newest: Toets,
    definitions: Mapping[str, Toets],
    cells: Mapping[tuple[int, str | None], ResultInWords],
    people: int,
) -> PartColumn:
    own = [cell for (_, one), cell in cells.items() if one == part]
    has = newest if part is None or meaning.onderdeel_of(newest, part) else None
    named = has or next(one for one in definitions.values() if meaning.onderdeel_of(one, part))
    return PartColumn(part, onderdeel_name(named, part), tuple(_spread(own, named, part, people)))


def _spread(own: Sequence[ResultInWords], definition: Toets, part: str | None, people: int) -> Iterator[NormCount]:
    """Yield how many leerlingen have each term, in the order of the norms, then who has none and who has no result."""
    counted = Counter(cell.norm.term for cell in own if cell.norm is not None)
    normering = meaning.normering_of(definition, part)
    normen = () if normering is None else sorted(normering.normen, key=lambda one: one.begin)
    terms = dict.fromkeys([*(one.term for one in normen), *sorted(counted)])
    if not counted:
        return
    counts = [(term, counted[term], True) for term in terms]
    counts += [("zonder norm", len(own) - counted.total(), False), ("geen resultaat", people - len(own), False)]
    most = max(number for _, number, _ in counts)
    for term, number, is_of_platform in counts:
        if number or is_of_platform:
            yield NormCount(term, number, round(number * BAR / most), is_of_platform)
