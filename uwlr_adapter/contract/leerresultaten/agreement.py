"""Rules that no schema sees: whether the parts of a valid message agree.

`find_contradiction` says what makes a message unreadable as a whole; `check` then goes through the norms, the scores
and the results of OSO. Whether a leerling is known is for the records. Each rule has its verdict, with the reason, in
docs/reference/leerresultaten.md.
"""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import TypeAlias

from uwlr_adapter.contract.fault import (
    EldResultaatOngeldig,
    ScoreOngeldig,
    ToetsNormeringOngeldig,
    VocabulaireTermOngeldig,
)
from uwlr_adapter.contract.leerresultaten.places import AFNAME, RESULTAAT, ROOT
from uwlr_adapter.contract.leerresultaten.records import (
    Leerresultaten,
    Normering,
    OsoToetsscore,
    Resultaat,
    Toets,
    VocabulaireTerm,
)
from uwlr_adapter.contract.rules import Rule
from uwlr_adapter.contract.schemas import Finding

Vocabulaires: TypeAlias = Mapping[str, frozenset[str]]
"""The terms of each vocabulary that is known, by its URI."""
_NO_VOCABULAIRES: Vocabulaires = {}
_TOETS = f"{ROOT}/toetsen/toets[{{}}]"


def find_contradiction(leerresultaten: Leerresultaten) -> Finding | None:
    """Return the first thing in which a valid message contradicts itself; None when there is nothing.

    The two years of the schooljaar follow each other; a toets has each toetsonderdeelcode once; a result of a
    toetsonderdeel is of one that its toets defines, and of the versie of its toets where both name one.
    """
    return next(_contradictions(leerresultaten), None)


def check(leerresultaten: Leerresultaten, vocabulaires: Vocabulaires = _NO_VOCABULAIRES) -> None:
    """Go through the terms, the norms, the scores and the results of OSO of a message that `judge` has passed.

    Raises, in this order: VocabulaireTermOngeldig (of a vocabulary that is known), ToetsNormeringOngeldig,
    ScoreOngeldig, EldResultaatOngeldig.
    """
    for findings, fault in (
        (_unknown_terms(leerresultaten, vocabulaires) if vocabulaires else iter(()), VocabulaireTermOngeldig),
        (_wrong_norms(leerresultaten), ToetsNormeringOngeldig),
        (_wrong_scores(leerresultaten), ScoreOngeldig),
        (_wrong_oso(leerresultaten), EldResultaatOngeldig),
    ):
        if (finding := next(findings, None)) is not None:
            raise fault(finding)


def _contradictions(message: Leerresultaten) -> Iterator[Finding]:
    first, _, second = message.school.schooljaar.partition("-")
    if int(second) != int(first) + 1:
        yield Finding(f"{ROOT}/school/schooljaar", Rule.FORM)
    for number, toets in enumerate(message.toetsen, start=1):
        seen: set[str] = set()
        for part, onderdeel in enumerate(toets.onderdelen, start=1):
            if onderdeel.code.term in seen:
                path = f"{_TOETS.format(number)}/toetsonderdelen/toetsonderdeel[{part}]/toetsonderdeelcode"
                yield Finding(path, Rule.KEY)
            seen.add(onderdeel.code.term)
    toetsen = _by_code(message)
    parts = {code: frozenset(one.code.term for one in toets.onderdelen) for code, toets in toetsen.items()}
    for afname, place, resultaat in _resultaten(message):
        toets = toetsen[resultaat.toetscode]
        if resultaat.toetsonderdeelcode is not None and resultaat.toetsonderdeelcode not in parts[resultaat.toetscode]:
            yield Finding(f"{_path(afname, place)}/toetsonderdeelcode", Rule.KEY)
        versie = resultaat.versie
        if versie is not None and toets.versie is not None and versie.term != toets.versie.term:
            yield Finding(f"{_path(afname, place)}/versie", Rule.KEY)


def _unknown_terms(message: Leerresultaten, vocabulaires: Vocabulaires) -> Iterator[Finding]:
    for afname, place, resultaat in _resultaten(message):
        if _is_unknown(resultaat.versie, vocabulaires):
            yield Finding(f"{_path(afname, place)}/versie", Rule.CODE)
    for number, toets in enumerate(message.toetsen, start=1):
        for name, term in _terms(toets):
            if _is_unknown(term, vocabulaires):
                yield Finding(f"{_TOETS.format(number)}/{name}", Rule.CODE)


def _is_unknown(term: VocabulaireTerm | None, vocabulaires: Vocabulaires) -> bool:
    if term is None or term.vocabulaire is None:
        return False
    known = vocabulaires.get(term.vocabulaire)
    return known is not None and term.term not in known


def _terms(toets: Toets) -> Iterator[tuple[str, VocabulaireTerm | None]]:
    """Yield each term of a definition with its path."""
    yield from (("toetscode", toets.code), ("versie", toets.versie), ("leerjaar", toets.leerjaar))
    yield "vakgebied", toets.vakgebied
    for number, ingang in enumerate(toets.hierarchie, start=1):
        yield f"toetshierarchie/ingang[{number}]", ingang.naam
    for path, normering in _normeringen(toets):
        yield f"{path}/toetscategorie", normering.toetscategorie
        yield f"{path}/toetsniveau", normering.toetsniveau
    for number, onderdeel in enumerate(toets.onderdelen, start=1):
        yield f"toetsonderdelen/toetsonderdeel[{number}]/toetsonderdeelcode", onderdeel.code


def _normeringen(toets: Toets) -> Iterator[tuple[str, Normering]]:
    if toets.normering is not None:
        yield "toetsnormering", toets.normering
    for number, onderdeel in enumerate(toets.onderdelen, start=1):
        if onderdeel.normering is not None:
            yield f"toetsonderdelen/toetsonderdeel[{number}]/toetsonderdeelnormering", onderdeel.normering


def _wrong_norms(message: Leerresultaten) -> Iterator[Finding]:
    """Yield what is wrong with norms; those of a toets with results of OSO only are to be ignored."""
    scored: set[str] = set()
    of_oso: set[str] = set()
    for _, _, resultaat in _resultaten(message):
        (of_oso if resultaat.score is None else scored).add(resultaat.toetscode)
    for number, toets in enumerate(message.toetsen, start=1):
        if toets.code.term in of_oso - scored:
            continue
        for path, normering in _normeringen(toets):
            yield from _wrong_norm(f"{_TOETS.format(number)}/{path}", normering)


def _wrong_norm(path: str, normering: Normering) -> Iterator[Finding]:
    if normering.wegingsfactor is not None and normering.wegingsfactor < 0:
        yield Finding(f"{path}/wegingsfactor", Rule.VALUE)
    for number, norm in enumerate(normering.normen, start=1):
        if norm.begin > norm.eind:
            yield Finding(f"{path}/norm[{number}]/beginnormwaarde", Rule.VALUE)
        if (
            norm.schoolcijfer_vanaf is not None
            and norm.schoolcijfer_totenmet is not None
            and norm.schoolcijfer_vanaf > norm.schoolcijfer_totenmet
        ):
            yield Finding(f"{path}/norm[{number}]/schoolcijfer_vanaf", Rule.VALUE)
    ordered = sorted(enumerate(normering.normen, start=1), key=lambda one: (one[1].begin, one[1].eind))
    for (_, lower), (number, upper) in pairwise(ordered):
        if upper.begin <= lower.eind:
            yield Finding(f"{path}/norm[{number}]/beginnormwaarde", Rule.DOUBLED)


def _wrong_scores(message: Leerresultaten) -> Iterator[Finding]:
    """Yield the scores above the highest score that the norms of their toets or toetsonderdeel know."""
    highest: dict[tuple[str, str | None], int] = {}
    for toets in message.toetsen:
        normeringen = [(None, toets.normering), *((part.code.term, part.normering) for part in toets.onderdelen)]
        for code, normering in normeringen:
            if normering is not None:
                highest[toets.code.term, code] = max(norm.eind for norm in normering.normen)
    for afname, place, resultaat in _resultaten(message):
        most = highest.get((resultaat.toetscode, resultaat.toetsonderdeelcode))
        if resultaat.score is not None and most is not None and resultaat.score > most:
            yield Finding(f"{_path(afname, place)}/score", Rule.VALUE)


def _wrong_oso(message: Leerresultaten) -> Iterator[Finding]:
    for afname, place, resultaat in _resultaten(message):
        if resultaat.osoresultaat is None or resultaat.osoresultaat.toetsscore is None:
            continue
        if (name := _wrong_toetsscore(resultaat.osoresultaat.toetsscore)) is not None:
            yield Finding(f"{_path(afname, place)}/osoresultaat/toetsscore/{name}", Rule.VALUE)


def _wrong_toetsscore(score: OsoToetsscore) -> str | None:
    """Return which part of a raw result cannot be: a negative number, more than was asked, an interval reversed."""
    for name in ("aantalopgaven", "aantalgoed", "aantalfout", "aantalgelezen", "tijd"):
        value = getattr(score, name)
        if value is not None and value < 0:
            return name
    asked, interval = score.aantalopgaven, score.betrouwbaarheidsinterval
    if asked is not None and (score.aantalgoed or 0) + (score.aantalfout or 0) > asked:
        return "aantalgoed" if (score.aantalgoed or 0) > asked or not score.aantalfout else "aantalfout"
    return "betrouwbaarheidsinterval" if interval is not None and interval[0] > interval[1] else None


def _by_code(message: Leerresultaten) -> dict[str, Toets]:
    return {toets.code.term: toets for toets in message.toetsen}


def _resultaten(message: Leerresultaten) -> Iterator[tuple[int, int, Resultaat]]:
    """Yield each result, after the places of its toetsafname and of itself, from 1."""
    for afname, one in enumerate(message.toetsafnames, start=1):
        for place, resultaat in enumerate(one.resultaten, start=1):
            yield afname, place, resultaat


def _path(afname: int, place: int) -> str:
    return RESULTAAT.format(AFNAME.format(ROOT, afname), place)
