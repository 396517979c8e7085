"""Who lacks which field that a learning platform relies on: a page of a vestiging, and the same list as a CSV file."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from flask import Response, render_template

from uwlr_adapter.administratie import leerlingen, withholding
from uwlr_adapter.administratie.importing.naming import full_name
from uwlr_adapter.clock import day_of, schooljaar_of
from uwlr_adapter.contract.dataset import Dataset, Leerkracht, Leerling
from uwlr_adapter.contract.escape import BYTE_ORDER_MARK, csv_lines
from uwlr_adapter.contract.fields import BY_PATH, FIELDS, attribute_of
from uwlr_adapter.contract.versions import USUAL_VERSION
from uwlr_adapter.journaal import writer
from uwlr_adapter.journaal.model import Act
from uwlr_adapter.koppelingen import store
from uwlr_adapter.portal import login_session
from uwlr_adapter.portal.blueprints import INSIGHT
from uwlr_adapter.portal.context import database, now
from uwlr_adapter.portal.download import download
from uwlr_adapter.portal.school import name_of, shared_profiel
from uwlr_adapter.portal.sharing import dataset_of

CSV_COLUMNS = ("Soort", "Naam", "Groep", "Sleutel", "Ontbreekt", "Waarom het nodig is", "Gevraagd door")
ECKID, GROEP = "leerling/eckid", "leerling/groep"
"""Two fields that no profile asks for and every platform needs: the one to log in, the other to be in a class."""
_WORDS = {ECKID: "ECK-iD", GROEP: "groep"}
_WHY = {
    ECKID: (
        "Zonder ECK-iD kan een leerling niet inloggen via Basispoort of een andere leverancier die leerlingen daaraan "
        "herkent."
    ),
    GROEP: "Zonder groep komt een leerling bij de leverancier in geen enkele klas.",
    "leerling/geboortedatum": "Aan de geboortedatum herkent een leverancier leerlingen met dezelfde naam.",
    "leerling/jaargroep": "Zonder jaargroep weet een leverancier niet welke leerstof bij de leerling hoort.",
    "leerling/roepnaam": "Zonder roepnaam ziet een leerling de eigen naam niet op het scherm.",
    "leerling/geslacht": "Een leerlingvolgsysteem vergelijkt ermee en toont anders geen vergelijking.",
    "leerkracht/achternaam": "Zonder achternaam is een leerkracht voor collega's niet te vinden.",
    "leerkracht/emailadres": "Zonder e-mailadres krijgt een leerkracht bij de leverancier geen account of uitnodiging.",
}
_OTHERWISE = "De leverancier rekent op dit gegeven."


@dataclass(frozen=True, slots=True)
class LackingPerson:
    """A leerling or leerkracht who lacks a field."""

    naam: str
    groep: str
    key: str
    platforms: tuple[str, ...]
    """The platforms that rely on the field and get this person."""


@dataclass(frozen=True, slots=True)
class RelyingPlatform:
    """A platform that relies on a field, by its name, and the keys of the leerlingen who are withheld from it."""

    name: str
    withheld: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Missing:
    """One field that is missing, why it is needed, which platforms rely on it, and who lacks it."""

    path: str
    word: str
    why: str
    platforms: tuple[str, ...]
    people: tuple[LackingPerson, ...]

    def left_out(self, one: LackingPerson) -> tuple[str, ...]:
        """Return the platforms that do not get a person of the list, by their names."""
        return tuple(name for name in self.platforms if name not in one.platforms)

    @property
    def noun(self) -> str:
        """The kind of person: leerling or leerkracht."""
        return self.path.partition("/")[0]

    @property
    def nouns(self) -> str:
        """The kind of person, of more than one."""
        return f"{self.noun}en"

    @property
    def title(self) -> str:
        """What is missing, of whom."""
        return f"{self.nouns.capitalize()} zonder {self.word}"


def missing_of(dataset: Dataset, wanted: Mapping[str, Sequence[RelyingPlatform]]) -> list[Missing]:
    """Return the fields that somebody lacks, in the order of the table of fields. Pure.

    `wanted` has by record/element the platforms that rely on it. Who is withheld from all of those lacks nothing.
    """
    names = {one.key: one.naam for one in dataset.groepen}
    found = []
    for path in [ECKID, *(one.path for one in FIELDS)]:
        if path not in wanted:
            continue
        record, element = path.split("/")
        lacks = _lacks(element)
        people: Sequence[Leerling | Leerkracht] = dataset.leerlingen if record == "leerling" else dataset.leerkrachten
        everybody = (_person(one, names, wanted[path]) for one in people if lacks(one))
        lacking = [one for one in everybody if one.platforms]
        if lacking:
            lacking.sort(key=lambda one: (one.groep, one.naam, one.key))
            word, getting = _WORDS.get(path) or BY_PATH[path].word, {name for one in lacking for name in one.platforms}
            platforms = tuple(one.name for one in wanted[path] if one.name in getting)
            found.append(Missing(path, word, _WHY.get(path, _OTHERWISE), platforms, tuple(lacking)))
    return found


def wanted_at(connection: sa.Connection, brin6: str, day: date) -> dict[str, tuple[RelyingPlatform, ...]]:
    """Return the fields that the living koppelingen of a vestiging rely on, each with their platforms by name.

    The ECK-iD and the groep are relied on by all of them. Empty without a koppeling that carries data.
    """
    found: dict[str, list[RelyingPlatform]] = {}
    for koppeling in store.list_living(connection, brin6):
        profiel = shared_profiel(koppeling)
        if profiel is None or koppeling.afnemer_id is None:
            continue
        usual = profiel.in_version(USUAL_VERSION)
        paths = [*(f"leerling/{one}" for one in usual.leerling_wanted)]
        paths += [f"leerkracht/{one}" for one in usual.leerkracht_wanted]
        ids = withholding.withheld_from(connection, koppeling.id)
        withheld = leerlingen.leerlingen(connection, brin6, day, ids) if ids else ()
        platform = RelyingPlatform(name_of(koppeling), frozenset(one.key for one in withheld))
        for path in {ECKID, GROEP, *paths}:
            found.setdefault(path, []).append(platform)
    return {path: tuple(sorted(platforms, key=lambda one: one.name)) for path, platforms in found.items()}


@INSIGHT.get("/ontbrekend")
def show_missing(brin6: str) -> str:
    """Show who lacks which field."""
    gaps, has_records = _look(brin6, Act.MISSING_VIEWED)
    schooljaar = schooljaar_of(day_of(now()))
    return render_template("missing.html", gaps=gaps, has_records=has_records, schooljaar=schooljaar)


@INSIGHT.post("/ontbrekend")
def download_missing(brin6: str) -> Response:
    """Return the same list as a CSV file that a Dutch spreadsheet opens."""
    gaps, _ = _look(brin6, Act.MISSING_DOWNLOADED)
    rows = [
        (gap.noun, one.naam, one.groep, one.key, gap.word, gap.why, ", ".join(one.platforms))
        for gap in gaps
        for one in gap.people
    ]
    file_name = f"ontbrekende-gegevens-{brin6}-{day_of(now()):%Y-%m-%d}.csv"
    return download(BYTE_ORDER_MARK + csv_lines([CSV_COLUMNS, *rows]), "text/csv", file_name)


def _look(brin6: str, act: Act) -> tuple[list[Missing], bool]:
    """Return who lacks what today, and whether there are records, with an entry of the journaal that it was asked."""
    moment = now()
    with database().writing() as connection:
        writer.record_records_act(connection, moment=moment, act=act, brin6=brin6, actor=login_session.actor())
    with database().reading() as connection:
        dataset = dataset_of(connection, brin6, moment)
        wanted = wanted_at(connection, brin6, day_of(moment))
    return ([], False) if dataset is None else (missing_of(dataset, wanted), True)


def _lacks(element: str) -> Callable[[Leerling | Leerkracht], bool]:
    attribute = "eckid" if element == "eckid" else attribute_of(element)
    return lambda one: not getattr(one, attribute)


def _person(one: Leerling | Leerkracht, names: dict[str, str], relying: Sequence[RelyingPlatform]) -> LackingPerson:
    keys = [one.groep or ""] if isinstance(one, Leerling) else [groep.key for groep in one.groepen]
    groep = ", ".join(names[key] for key in keys if key in names)
    is_leerling = isinstance(one, Leerling)
    platforms = tuple(each.name for each in relying if not (is_leerling and one.key in each.withheld))
    return LackingPerson(full_name(one) or f"sleutel {one.key}", groep, one.key, platforms)
