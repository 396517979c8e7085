"""The content of a message with results, as frozen records of plain values: the tree of UWLR 2.2, Leerresultaten.

Texts are as they were sent, without the white space around them where a repair took it away. A whole number is an int
and a number with decimals a Decimal, of exactly the value that was sent.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

_LINKS = ("http://", "https://")


@dataclass(frozen=True, slots=True)
class VocabulaireTerm:
    """A text that may be bound to a vocabulary."""

    term: str
    vocabulaire: str | None = None
    """The URI of the vocabulary."""
    vocabulairelocatie: str | None = None


@dataclass(frozen=True, slots=True)
class ResultatenSchool:
    """The school block; either brincode (with its dependancecode, `00` when it is absent or empty) or schoolkey."""

    schooljaar: str
    """Two following years, in digits of ASCII."""
    brincode: str | None
    dependancecode: str | None
    schoolkey: str | None
    aanmaakdatum: datetime
    """When the platform made the message; without a zone when none was sent; to the microsecond."""
    auteur: str | None
    xsdversie: str
    commentaar: str | None


@dataclass(frozen=True, slots=True)
class OsoToetsscore:
    """The raw result of an OSO result; each part may be absent."""

    aantalopgaven: int | None
    aantalgoed: int | None
    aantalfout: int | None
    aantalgelezen: int | None
    tijd: Decimal | None
    """Seconds."""
    vaardigheidsscore: Decimal | None
    codevaardigheidsschaal: str | None
    betrouwbaarheidsinterval: tuple[Decimal, Decimal] | None
    """The lowest and the highest value."""


@dataclass(frozen=True, slots=True)
class OsoReferentiescore:
    """The meaning of an OSO result beside a group; the codes are of lists 11 and 22 of OSO, which are not held to."""

    codereferentiescore: str
    codevergelijkingsgroep: str
    waarde: str
    kwalificatie: str | None


@dataclass(frozen=True, slots=True)
class OsoResultaat:
    """A result in the form of an overstapdossier; it may be empty."""

    toetsscore: OsoToetsscore | None
    referentiescores: tuple[OsoReferentiescore, ...]


@dataclass(frozen=True, slots=True)
class Resultaat:
    """One result: either a score, or a result of OSO."""

    key: str
    afnamedatum: date
    """The day, without the zone that may have been sent with it."""
    toetscode: str
    versie: VocabulaireTerm | None
    toetsonderdeelcode: str | None
    """None: the total of the test."""
    score: int | None
    osoresultaat: OsoResultaat | None
    infourl: str | None
    """Any text; see `link`."""

    @property
    def link(self) -> str | None:
        """The infourl where a page may make a link of it: one of http or https."""
        return self.infourl if self.infourl is not None and self.infourl.lower().startswith(_LINKS) else None


@dataclass(frozen=True, slots=True)
class Toetsafname:
    """The results of one leerling; one leerling may have several of these in a message."""

    leerlingid: str
    eckid: str | None
    resultaatverwerkerid: str | None
    """The key of the leerkracht who judged the work."""
    resultaten: tuple[Resultaat, ...]


@dataclass(frozen=True, slots=True)
class Normkleur:
    """The colour of a norm: three parts of 0 to 255, and 0 (not visible) to 1 (opaque)."""

    rood: int
    groen: int
    blauw: int
    transparantie: Decimal


@dataclass(frozen=True, slots=True)
class Norm:
    """The term for the scores from `begin` to `eind`, both inclusive."""

    term: str
    omschrijving: str | None
    begin: int
    eind: int
    kleur: Normkleur | None
    schoolcijfer_vanaf: Decimal | None
    schoolcijfer_totenmet: Decimal | None


@dataclass(frozen=True, slots=True)
class Normering:
    """The meaning of the scores of a toets, or of a toetsonderdeel."""

    toetscategorie: VocabulaireTerm | None
    toetsniveau: VocabulaireTerm | None
    wegingsfactor: Decimal | None
    normen: tuple[Norm, ...]
    vocabulaire: str | None
    vocabulairelocatie: str | None


@dataclass(frozen=True, slots=True)
class Ingang:
    """One step of the place of a toets in its method."""

    niveau: int
    naam: VocabulaireTerm


@dataclass(frozen=True, slots=True)
class Toetsonderdeel:
    """A part of a toets."""

    volgnummer: int
    code: VocabulaireTerm
    naam: str | None
    normering: Normering | None


@dataclass(frozen=True, slots=True)
class Toets:
    """The definition of a toets as this message has it."""

    code: VocabulaireTerm
    versie: VocabulaireTerm | None
    naam: str | None
    leerjaar: VocabulaireTerm | None
    vakgebied: VocabulaireTerm | None
    normering: Normering | None
    hierarchie: tuple[Ingang, ...]
    onderdelen: tuple[Toetsonderdeel, ...]


@dataclass(frozen=True, slots=True)
class Leerresultaten:
    """A whole message; each toetscode of a result is that of one toets."""

    school: ResultatenSchool
    toetsafnames: tuple[Toetsafname, ...]
    toetsen: tuple[Toets, ...]

    @property
    def aantal(self) -> int:
        """The number of results."""
        return sum(len(afname.resultaten) for afname in self.toetsafnames)
