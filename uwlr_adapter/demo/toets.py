"""The results that a platform sends back for the example school: one toets of one groep, invented, the same each time.

Each leerling has a total and two toetsonderdelen, with norms. The key of a result follows from the leerling, the toets
and the day, so that sending them again changes nothing.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from lxml import etree

from uwlr_adapter.brin import brincode_of, dependancecode_of
from uwlr_adapter.clock import AMSTERDAM, day_of, schooljaar_of, schooljaar_start
from uwlr_adapter.contract.leerresultaten.names import BRENG_LEERRESULTATEN, LEERRESULTATEN, tag
from uwlr_adapter.contract.versions import USUAL_VERSION
from uwlr_adapter.demo import school
from uwlr_adapter.demo.school import add_texts

JAARGROEP = 5
"""The jaargroep that made the toets; its leerlingen are in one groep."""
TOETSCODE = "REK-5-1"
AUTEUR = "Voorbeeldplatform"
_VERSIE = "1"
_SEPTEMBER = 9
_DAY = 15


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of the toets, or the whole of it: its code (None for the whole), name, and the highest score."""

    code: str | None
    naam: str
    highest: int


_WHOLE = _Part(None, "Rekenen groep 5, blok 1", 20)
_PARTS = (_Part(f"{TOETSCODE}-A", "Optellen en aftrekken", 10), _Part(f"{TOETSCODE}-B", "Tafels", 10))
_NORMS = (
    # The term, the share of the highest score at which it begins, its colour, and its mark.
    ("onvoldoende", 0.0, (198, 40, 40), ("1.00", "5.49")),
    ("voldoende", 0.55, (249, 168, 37), ("5.50", "7.49")),
    ("goed", 0.8, (46, 125, 50), ("7.50", "10.00")),
)


def verzoek(brin6: str, moment: datetime) -> bytes:
    """Return the leerresultaten_verzoek for a vestiging of the example school, as a platform makes it at a moment.

    `moment` is timezone-aware. Raises KeyError for another vestiging.
    """
    schooljaar = schooljaar_of(day_of(moment))
    keys = school.leerling_keys(brin6, schooljaar, JAARGROEP)
    return verzoek_of(brin6, keys, moment, school.leerkracht_key(brin6, JAARGROEP))


def verzoek_of(brin6: str, leerlingen: Sequence[str], moment: datetime, verwerker: str = "", more: int = 0) -> bytes:
    """Return the same for any vestiging and the keys of any leerlingen; `more` points are added to each first part."""
    today = day_of(moment)
    schooljaar = schooljaar_of(today)
    afnamedatum = _afnamedatum(schooljaar, today)
    root = _element(BRENG_LEERRESULTATEN.request)
    own = _add(root, "school")
    _texts(
        own,
        schooljaar=schooljaar,
        brincode=brincode_of(brin6),
        dependancecode=dependancecode_of(brin6),
        aanmaakdatum=moment.astimezone(AMSTERDAM).isoformat(timespec="seconds"),
        auteur=AUTEUR,
        xsdversie=USUAL_VERSION,
    )
    afnames = _add(root, "toetsafnames")
    for key in leerlingen:
        afname = _add(afnames, "toetsafname")
        _texts(afname, leerlingid=key, resultaatverwerkerid=verwerker)
        _resultaten(_add(afname, "resultaten"), (brin6, key), afnamedatum, more)
    _toets(_add(_add(root, "toetsen"), "toets"))
    return etree.tostring(root, encoding="utf-8", xml_declaration=True, pretty_print=True)


def _afnamedatum(schooljaar: str, today: date) -> date:
    """Return 15 September, or the first day of a schooljaar that has not come so far."""
    start = schooljaar_start(schooljaar) or today.year
    made = date(start, _SEPTEMBER, _DAY)
    return made if made <= today else date(start, 8, 1)


def _resultaten(resultaten: etree._Element, leerling: tuple[str, str], afnamedatum: date, more: int) -> None:
    """Append the results of a leerling, who is named by vestiging and key."""
    brin6, key = leerling
    skill = random.Random(f"{brin6} {key} {TOETSCODE}")  # noqa: S311 - invented data, the same each time
    scores = [skill.randint(2, part.highest - 1) for part in _PARTS]
    scores[0] = min(scores[0] + more, _PARTS[0].highest)
    for part, score in ((_WHOLE, sum(scores)), *zip(_PARTS, scores, strict=True)):
        name = part.code or TOETSCODE
        resultaat = _add(resultaten, "resultaat")
        resultaat.set("key", f"{key}-{name}-{afnamedatum:%Y%m%d}")
        _texts(
            resultaat,
            afnamedatum=afnamedatum.isoformat(),
            toetscode=TOETSCODE,
            versie=_VERSIE,
            toetsonderdeelcode=part.code or "",
            score=str(score),
        )


def _toets(toets: etree._Element) -> None:
    _texts(
        toets,
        toetscode=TOETSCODE,
        versie=_VERSIE,
        toetsnaam=_WHOLE.naam,
        leerjaar=str(JAARGROEP),
        vakgebied="rekenen",
    )
    _normering(_add(toets, "toetsnormering"), _WHOLE.highest)
    onderdelen = _add(toets, "toetsonderdelen")
    for number, part in enumerate(_PARTS, start=1):
        onderdeel = _add(onderdelen, "toetsonderdeel")
        _texts(
            onderdeel,
            toetsonderdeelvolgnummer=str(number),
            toetsonderdeelcode=part.code or "",
            toetsonderdeelnaam=part.naam,
        )
        _normering(_add(onderdeel, "toetsonderdeelnormering"), part.highest)


def _normering(normering: etree._Element, highest: int) -> None:
    begins = [round(highest * share) for _, share, _, _ in _NORMS]
    ends = [*(begin - 1 for begin in begins[1:]), highest]
    for (term, _, colour, (vanaf, totenmet)), begin, end in zip(_NORMS, begins, ends, strict=True):
        norm = _add(normering, "norm")
        _texts(norm, term=term, beginnormwaarde=str(begin), eindnormwaarde=str(end))
        rood, groen, blauw = map(str, colour)
        _texts(_add(norm, "normkleur"), rood_code=rood, groen_code=groen, blauw_code=blauw, transparantie="1")
        _texts(norm, schoolcijfer_vanaf=vanaf, schoolcijfer_totenmet=totenmet)


def _element(name: str) -> etree._Element:
    return etree.Element(tag(name), {}, {None: LEERRESULTATEN})  # type: ignore[dict-item] # the stubs miss that a prefix may be None


def _add(parent: etree._Element, name: str) -> etree._Element:
    return etree.SubElement(parent, tag(name))


def _texts(parent: etree._Element, **fields: str) -> None:
    """Append a child element per field; an empty value is left out."""
    add_texts(parent, **{tag(name): value for name, value in fields.items()})
