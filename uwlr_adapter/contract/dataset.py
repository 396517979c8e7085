"""The records of one answer as frozen data.

Every value is text as the source wrote it (a date keeps its own form), already within the facets of UWLR 2.2; None
means absent, and an empty text never occurs. Element names with a hyphen have an underscore here.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

GroepSoort = Literal["groep", "samengestelde_groep"]
RolSoort = Literal["rol", "rolomschrijving"]


@dataclass(frozen=True, slots=True)
class School:
    """The school block of an answer; `peildatum` is an xs:date, `aanmaakdatum` an xs:dateTime with its offset."""

    schooljaar: str
    peildatum: str
    brincode: str
    dependancecode: str
    schoolkey: str | None
    aanmaakdatum: str


@dataclass(frozen=True, slots=True)
class Locatie:
    """A vestiging inside one EDEXML file, with a free key such as `VH`; not a brin6 (see the glossary)."""

    key: str
    naam: str
    omschrijving: str | None = None
    mutatiedatum: str | None = None


@dataclass(frozen=True, slots=True)
class Groep:
    """A stamgroep or, without jaargroep, a samengestelde groep of one school year."""

    soort: GroepSoort
    key: str
    naam: str
    jaargroep: str | None = None
    omschrijving: str | None = None
    mutatiedatum: str | None = None


@dataclass(frozen=True, slots=True)
class Rol:
    """A role: a code of the standard's list, or a description of the school's own."""

    soort: RolSoort
    waarde: str


class Leerling(NamedTuple):
    """A leerling in one school year; `groep`, `samengestelde_groepen` and `vestiging` hold keys.

    A tuple, since there are more of these than of all other records: one is made ten times as fast as a dataclass of
    thirty fields.
    """

    key: str
    eckid: str | None = None
    achternaam: str | None = None
    voorvoegsel: str | None = None
    voornamen: str | None = None
    voorletters_1: str | None = None
    roepnaam: str | None = None
    geboortedatum: str | None = None
    geslacht: str | None = None
    start_ondw_jgr3: str | None = None
    jaargroep: str | None = None
    groep: str | None = None
    samengestelde_groepen: tuple[str, ...] = ()
    vestiging: str | None = None
    gebruikersnaam: str | None = None
    emailadres: str | None = None
    fotourl: str | None = None
    etniciteit: str | None = None
    land: str | None = None
    land_vader: str | None = None
    land_moeder: str | None = None
    bsn_ondwnr_4: str | None = None
    gewicht_nieuw: str | None = None
    gewicht: str | None = None
    postcodenl: str | None = None
    postnummerbe: str | None = None
    postcodeoverig: str | None = None
    instroomdatum: str | None = None
    uitstroomdatum: str | None = None
    mutatiedatum: str | None = None


@dataclass(frozen=True, slots=True)
class GroepVerwijzing:
    """A leerkracht's group, with the roles that hold in that group only."""

    soort: GroepSoort
    key: str
    rollen: tuple[Rol, ...] = ()


@dataclass(frozen=True, slots=True)
class Leerkracht:
    """A leerkracht in one school year."""

    key: str
    eckid: str | None = None
    achternaam: str | None = None
    voorvoegsel: str | None = None
    voornamen: str | None = None
    voorletters_1: str | None = None
    roepnaam: str | None = None
    gebruikersnaam: str | None = None
    emailadres: str | None = None
    rollen: tuple[Rol, ...] = ()
    groepen: tuple[GroepVerwijzing, ...] = ()
    mutatiedatum: str | None = None


@dataclass(frozen=True, slots=True)
class Dataset:
    """One consistent whole: it holds every record to which a leerling or leerkracht refers."""

    school: School
    locaties: tuple[Locatie, ...]
    groepen: tuple[Groep, ...]
    leerlingen: tuple[Leerling, ...]
    leerkrachten: tuple[Leerkracht, ...]
