"""What a koppeling shares: which fields go and which stay, how many records go today, and what they lack.

Numbers only: no name and no other value of a person comes out of here.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from uwlr_adapter.administratie.selection import select
from uwlr_adapter.clock import day_of, schooljaar_of
from uwlr_adapter.contract import names
from uwlr_adapter.contract.dataset import Dataset
from uwlr_adapter.contract.profiles import PERSON_LISTS, Profiel, get_profiel

VERSIONS = ("2.2", "2.3")
"""The versions of UWLR that are shown; 2.1 sends nothing that 2.2 does not."""

WORDS = {
    "achternaam": "achternaam",
    "voorvoegsel": "voorvoegsel van de achternaam",
    "voornamen": "voornamen",
    "voorletters-1": "voorletters",
    "roepnaam": "roepnaam",
    "geboortedatum": "geboortedatum",
    "geslacht": "geslacht",
    "start_ondw_jgr3": "datum van de start in jaargroep 3",
    "jaargroep": "jaargroep",
    "groep": "groep",
    "samengestelde_groepen": "samengestelde groepen",
    "vestiging": "locatie",
    "gebruikersnaam": "gebruikersnaam",
    "emailadres": "e-mailadres",
    "fotourl": "adres van de foto",
    "etniciteit": "etniciteit",
    "land": "geboorteland",
    "land_vader": "geboorteland van de vader",
    "land_moeder": "geboorteland van de moeder",
    "bsn_ondwnr-4": "laatste vier cijfers van het persoonsgebonden nummer",
    "gewicht_nieuw": "leerlinggewicht",
    "gewicht": "leerlinggewicht (oude regeling)",
    "postcodenl": "postcode",
    "postnummerbe": "postcode in België",
    "postcodeoverig": "postcode in een ander land",
    "instroomdatum": "datum van inschrijving",
    "uitstroomdatum": "datum van uitschrijving",
    "mutatiedatum": "datum van de laatste wijziging",
    "rollen": "rollen",
    "groepen": "groepen",
    "naam": "naam",
    "omschrijving": "omschrijving",
}
"""What the elements of UWLR are called in a school."""


@dataclass(frozen=True, slots=True)
class SharedField:
    """A field that goes; `versie` names the only version of UWLR under which it does, if there is one."""

    word: str
    version: str | None = None


@dataclass(frozen=True, slots=True)
class SharedRecords:
    """One kind of record: the fields that go, those that stay, and how many records lack a wanted one."""

    name: str
    number: int
    go: tuple[SharedField, ...]
    stay: tuple[str, ...]
    missing: tuple[tuple[str, int], ...] = ()
    """A field that the platform counts on, and how many records go without it."""
    incomplete: int = 0
    """How many records lack at least one."""


@dataclass(frozen=True, slots=True)
class Sharing:
    """What one koppeling shares today; without records (`soorten` have no numbers) there is nothing to send."""

    schooljaar: str
    profiel: str
    kinds: tuple[SharedRecords, ...]

    @property
    def is_empty(self) -> bool:
        """Whether there are no leerlingen to send."""
        return self.kinds[0].number == 0


def sharing_of(connection: sa.Connection, brin6: str, profielnaam: str, moment: datetime) -> Sharing:
    """Give what is shared of a vestiging under a profile, if it were fetched at this moment."""
    dataset = _dataset(connection, brin6, moment)
    profielen = {version: get_profiel(profielnaam, version) for version in VERSIONS}
    kinds = (_shared_records(naam, record, elements, profielen, dataset) for naam, record, elements in _KINDS)
    return Sharing(schooljaar_of(day_of(moment)), profielnaam, tuple(kinds))


_KINDS = (
    ("leerlingen", "leerling", names.LEERLING_ELEMENTS),
    ("groepen", "groep", names.GROEP_ELEMENTS),
    ("samengestelde groepen", "samengestelde_groep", names.SAMENGESTELDE_GROEP_ELEMENTS),
    ("leerkrachten", "leerkracht", names.LEERKRACHT_ELEMENTS),
)


def _dataset(connection: sa.Connection, brin6: str, moment: datetime) -> Dataset | None:
    """Give the records that would be sent: the one place where the portal asks the administratie for them."""
    today = day_of(moment)
    return select(
        connection,
        brin6=brin6,
        schooljaar=schooljaar_of(today),
        day=today,
        aanmaakdatum=moment.isoformat(timespec="seconds"),
    )


def _count(dataset: Dataset, record: str) -> int:
    if record in {"leerling", "leerkracht"}:
        return len(dataset.leerlingen if record == "leerling" else dataset.leerkrachten)
    return sum(groep.soort == record for groep in dataset.groepen)


def _shared_records(
    naam: str, record: str, elements: Iterable[str], profielen: dict[str, Profiel], dataset: Dataset | None
) -> SharedRecords:
    gaan, blijven = [], []
    for element in elements:
        under = [version for version, one in profielen.items() if element in getattr(one, record)]
        if under:
            gaan.append(SharedField(WORDS[element], under[0] if len(under) < len(profielen) else None))
        else:
            blijven.append(WORDS[element])
    bare = SharedRecords(name=naam, number=0, go=tuple(gaan), stay=tuple(blijven))
    if dataset is None:
        return bare
    present = profielen[VERSIONS[0]]
    missing = present.missing(dataset)
    return replace(
        bare,
        number=_count(dataset, record),
        missing=tuple((WORDS[element], count) for (kind, element), count in missing.items() if kind == record),
        incomplete=len(present.incomplete_places(dataset, naam)) if naam in PERSON_LISTS else 0,
    )
