"""The schools as operators look for them: all vestigingen, searched, filtered, sorted, and paged by key."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask import render_template, request, url_for
from werkzeug.datastructures import MultiDict

from uwlr_adapter.administratie.importing import questions
from uwlr_adapter.koppelingen import vestigingen
from uwlr_adapter.koppelingen.catalogue import Catalogue
from uwlr_adapter.koppelingen.facts import stale_since
from uwlr_adapter.koppelingen.tables import koppeling
from uwlr_adapter.koppelingen.verdict import VerdictKind
from uwlr_adapter.koppelingen.verdict_counts import CARRYING, Matching
from uwlr_adapter.koppelingen.verdict_words import kind_in_words, words_of
from uwlr_adapter.koppelingen.vestigingen import Found, JudgedVestiging, PageKey, VestigingFilter
from uwlr_adapter.portal.blueprints import OPERATOR
from uwlr_adapter.portal.context import catalogue, database, now
from uwlr_adapter.portal.forms import OperatorSearchForm
from uwlr_adapter.portal.school import name_of

ATTENTION, STALE, QUESTIONS, WITHOUT = "aandacht", "verouderd", "vragen", "zonder-koppeling"
SHOWN = {
    "": "Alle scholen",
    ATTENTION: "Aandacht nodig",
    STALE: "Gegevens verouderd",
    QUESTIONS: "Met open vragen over personen",
    WITHOUT: "Zonder koppeling",
}
"""The choices of what is shown, by what the address says."""
ORDERS = {"": "Naam", "aandacht": "Meeste aandacht eerst"}
PER_PAGE = vestigingen.PER_PAGE
MAX_BADGES = 4
"""Matters of one vestiging that a row names."""
_KINDS = [kind for kind in VerdictKind if kind not in {VerdictKind.ENDED, VerdictKind.NO_DATA_FLOW}]
"""The verdicts on a living koppeling that carries data."""
_KEY = re.compile(r"(\d{1,4})-(\d{2}[A-Z]{2}\d{2})", re.ASCII)


@dataclass(frozen=True, slots=True)
class SchoolInList:
    """One vestiging as the list shows it."""

    brin6: str
    naam: str
    koppelingen: int
    matters: tuple[str, ...]
    """A few words for each koppeling that needs attention, for questions and for old records."""
    more: int
    """How many matters are not named."""


@OPERATOR.get("/scholen")
def list_schools() -> str:
    """List the schools that the form asks for."""
    form = read_form(request.args, catalogue())
    is_valid = form.validate()
    wanted = filter_of(form) if is_valid else VestigingFilter()
    moment = now()
    with database().reading() as connection:
        toon = form.toon.data if is_valid else ""
        stale = stale_since(connection, None, moment) if toon == STALE else None
        found = find(connection, catalogue(), wanted, toon, moment, stale or {})
        after, before = _key_of(request.args.get("na")), _key_of(request.args.get("voor"))
        page = found.page(after=after, before=before, size=PER_PAGE)
        if stale is None:
            stale = stale_since(connection, [brin6 for brin6, _ in page.vestigingen], moment)
        judged = vestigingen.judge(connection, catalogue(), page.vestigingen if is_valid else (), moment)
    chosen: dict[str, Any] = {name: value for name, value in request.args.items() if name in form and value}
    return render_template(
        "beheer_scholen.html",
        form=form,
        rows=[row_of(one, stale) for one in judged],
        number=len(found.keys),
        totals=found.totals,
        chosen=chosen,
        before=None if page.before is None else url_for(".list_schools", **chosen, voor=_text_of(page.before)),
        after=None if page.after is None else url_for(".list_schools", **chosen, na=_text_of(page.after)),
    )


def read_form(arguments: MultiDict[str, str], catalogue_: Catalogue) -> OperatorSearchForm:
    """Return the form with its choices; a platform that left the catalogue is one by its id, another word none."""
    form = OperatorSearchForm(arguments)
    asked = arguments.get("platform", "")
    names = {entry.id: entry.naam for entry in catalogue_ if entry.has_code}
    if asked and asked.isprintable() and asked not in names:
        names[asked] = asked
    form.platform.choices = [("", "Alle platforms"), *sorted(names.items(), key=lambda one: one[1])]
    form.oordeel.choices = [("", "Elk oordeel"), *((kind.value, kind_in_words(kind)) for kind in _KINDS)]
    form.toon.choices = list(SHOWN.items())
    form.volgorde.choices = list(ORDERS.items())
    for field in (form.toon, form.oordeel, form.platform, form.volgorde):
        if field.data not in [choice[0] for choice in field.choices or ()]:
            field.data = ""
    return form


def filter_of(form: OperatorSearchForm) -> VestigingFilter:
    """Return what a valid form asks for."""
    return VestigingFilter(
        text=form.zoek.data or "",
        needs_attention=form.toon.data == ATTENTION,
        matching=Matching(VerdictKind(form.oordeel.data) if form.oordeel.data else None, form.platform.data or None),
        by_attention=form.volgorde.data == "aandacht",
    )


def find(
    connection: sa.Connection,
    catalogue_: Catalogue,
    wanted: VestigingFilter,
    toon: str,
    moment: datetime,
    stale: Mapping[str, datetime],
) -> Found:
    """Return the vestigingen that are looked for, narrowed by one of the choices of SHOWN; `stale` are all that are."""
    found = vestigingen.find(connection, catalogue_, None, wanted, moment)
    if toon == STALE:
        return replace(found, keys=[one for one in found.keys if one.brin6 in stale])
    if toon == QUESTIONS:
        asking = questions.numbers_at(connection)
        return replace(found, keys=[one for one in found.keys if one.brin6 in asking])
    if toon == WITHOUT:
        having = set(connection.scalars(sa.select(koppeling.c.brin6).where(*CARRYING).distinct()))
        return replace(found, keys=[one for one in found.keys if one.brin6 not in having])
    return found


def row_of(judged: JudgedVestiging, stale: Mapping[str, datetime]) -> SchoolInList:
    """Return a vestiging as the list shows it."""
    matters = [f"{judged.questions} {'vraag' if judged.questions == 1 else 'vragen'}"] if judged.questions else []
    kinds = set()
    for one, verdict in judged.asking:
        kinds.add(verdict.kind)
        name, badge = name_of(one), words_of(verdict, name_of(one)).badge
        is_clear = verdict.kind is VerdictKind.STALE or name in badge
        matters.append(badge if is_clear else f"{name}: {badge[0].lower()}{badge[1:]}")
    if judged.brin6 in stale and VerdictKind.STALE not in kinds:
        matters.append("Gegevens verouderd")
    named = list(dict.fromkeys(matters))
    shown = tuple(named[:MAX_BADGES])
    return SchoolInList(judged.brin6, judged.naam, len(judged.koppelingen), shown, len(named) - len(shown))


def _key_of(text: str | None) -> PageKey | None:
    """Return the key of a page in an address; None for text that is none."""
    found = _KEY.fullmatch(text or "")
    return None if found is None else PageKey(int(found[1]), found[2])


def _text_of(key: PageKey) -> str:
    return f"{key.rank}-{key.brin6}"
