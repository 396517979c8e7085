"""Results in the words of a school: values as they came, what the norm says, and links that may be followed."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from uwlr_adapter.contract.leerresultaten.records import Norm, Normkleur, OsoResultaat, Toets
from uwlr_adapter.resultaten import meaning
from uwlr_adapter.resultaten.identifying import NotProcessedReason
from uwlr_adapter.resultaten.reading import ResultVersion

TOTAL = "Totaal"
"""The name of the result of a whole toets."""
_LINK = re.compile(r"https?://([A-Za-z0-9.-]{1,253}(?::[0-9]{1,5})?)(?:[/?#][!-\[\]-~]*)?", re.IGNORECASE)
"""What becomes a link: of http or https, with a plain host that every browser reads as we show it. A user, another
script in the host, a backslash or white space makes it text."""
_COUNTS = (
    ("aantalopgaven", "opgaven"),
    ("aantalgoed", "goed"),
    ("aantalfout", "fout"),
    ("aantalgelezen", "gelezen"),
)


@dataclass(frozen=True, slots=True)
class ReasonWords:
    """Why results were not processed, and what helps; `{name}` is the platform."""

    title: str
    why: str
    step: str
    act: str
    """What to do about one leerlingid, in few words."""


REASONS: Mapping[NotProcessedReason, ReasonWords] = {
    NotProcessedReason.UNKNOWN: ReasonWords(
        "Onbekende leerling",
        "In de gegevens van deze vestiging staat in dat schooljaar geen leerling met dit nummer.",
        "Is het een leerling van u? Zorg dat die in de leerlingadministratie staat. Is de leerling hier na de volgende "
        "aanlevering, vraag {name} dan om de resultaten opnieuw te sturen.",
        "Geen leerling van u? Meld dit bij {name}.",
    ),
    NotProcessedReason.TWO_PEOPLE: ReasonWords(
        "Nummer en ECK-iD van twee leerlingen",
        "Het nummer hoort bij de ene leerling, en het ECK-iD dat erbij stond bij een andere.",
        "Klopt een ECK-iD in uw leerlingadministratie niet, verbeter het dan daar. Laat {name} daarna de leerlingen "
        "opnieuw ophalen, en vraag om de resultaten opnieuw te sturen.",
        "Meld dit bij {name}.",
    ),
    NotProcessedReason.WITHHELD: ReasonWords(
        "Leerling wordt niet gedeeld",
        "Uw school deelt deze leerling niet met {name}. Daarom worden ook geen resultaten aangenomen.",
        "Zo hoort het, zolang u deze leerling niet deelt.",
        "Vraag {name} om deze leerling daar te verwijderen.",
    ),
}


@dataclass(frozen=True, slots=True)
class ExternalLink:
    """A link to a platform, and the host that is shown with it."""

    host: str
    url: str


@dataclass(frozen=True, slots=True)
class NormInWords:
    """The norm that a score lies in."""

    term: str
    omschrijving: str | None
    cijfer: str | None
    """The schoolcijfer, or the range of it."""
    kleur: Normkleur | None


@dataclass(frozen=True, slots=True)
class ResultInWords:
    """One version of a result as a school reads it; texts of the platform are as they came."""

    version: ResultVersion
    toets: str
    onderdeel: str
    values: tuple[tuple[str, str], ...]
    """Each value with its label; that of a score is empty."""
    norm: NormInWords | None
    has_no_norm: bool
    """Whether it is a score beside the norms of its toets."""
    link: ExternalLink | None

    @property
    def is_total(self) -> bool:
        """Whether it is of the whole toets."""
        return self.version.onderdeel is None


def in_words(version: ResultVersion, definition: Toets) -> ResultInWords:
    """Return a version in words, by the definition that it came with."""
    norm = meaning.norm_of(definition, version.onderdeel, version.score)
    normering = meaning.normering_of(definition, version.onderdeel)
    return ResultInWords(
        version,
        toets_name(definition),
        onderdeel_name(definition, version.onderdeel),
        tuple(_values(version)),
        None if norm is None else NormInWords(norm.term, norm.omschrijving, cijfer_of(norm), norm.kleur),
        version.score is not None and normering is not None and norm is None,
        link_of(version.infourl),
    )


def toets_name(definition: Toets) -> str:
    """Return the name of a toets, else its code."""
    return definition.naam or definition.code.term


def onderdeel_name(definition: Toets, code: str | None) -> str:
    """Return the name of a part of a toets, else its code; None is the total."""
    if code is None:
        return TOTAL
    part = meaning.onderdeel_of(definition, code)
    return part.naam if part is not None and part.naam else code


def link_of(infourl: str | None) -> ExternalLink | None:
    """Return a link for a text of a platform; None for one that may not become a link."""
    found = None if infourl is None else _LINK.fullmatch(infourl)
    return None if found is None else ExternalLink(found[1].lower(), found[0])


def number(value: Decimal | int) -> str:
    """Return a number as it came, with a comma."""
    return format(value, "f").replace(".", ",") if isinstance(value, Decimal) else str(value)


def cijfer_of(norm: Norm) -> str | None:
    """Return the schoolcijfer of a norm as a text; None without one."""
    low, high = norm.schoolcijfer_vanaf, norm.schoolcijfer_totenmet
    one = high if low is None else low
    if one is None:
        return None
    if low is None or high is None:
        return number(one)
    return number(low) if low == high else f"{number(low)} tot en met {number(high)}"


def _values(version: ResultVersion) -> Iterator[tuple[str, str]]:
    if version.score is not None:
        yield "", str(version.score)
    if version.osoresultaat is not None:
        yield from oso_values(version.osoresultaat)


def oso_values(oso: OsoResultaat) -> Iterator[tuple[str, str]]:
    """Yield the values of a result of OSO with their labels, as they came."""
    score = oso.toetsscore
    if score is not None:
        if score.vaardigheidsscore is not None:
            yield "vaardigheidsscore", number(score.vaardigheidsscore)
        if score.codevaardigheidsschaal is not None:
            yield "schaal", score.codevaardigheidsschaal
        if score.betrouwbaarheidsinterval is not None:
            low, high = score.betrouwbaarheidsinterval
            yield "interval", f"{number(low)} tot {number(high)}"
        for attribute, word in _COUNTS:
            if (value := getattr(score, attribute)) is not None:
                yield word, str(value)
        if score.tijd is not None:
            yield "tijd in seconden", number(score.tijd)
    for one in oso.referentiescores:
        value = one.waarde if one.kwalificatie is None else f"{one.waarde} ({one.kwalificatie})"
        yield f"{one.codereferentiescore}, vergeleken met {one.codevergelijkingsgroep}", value
    if score is None and not oso.referentiescores:
        yield "", "zonder waarde"
