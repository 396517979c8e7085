"""Which fields leave under a profile, and which should be there: one table, no code per profile.

What a profile does not name is forbidden (UWLR 2.2.1, Profielen). Where the text and the XSD of a profile differ, the
narrower holds for what may go, and the wider for what must be there. Sources: the profile XSDs of UWLR 2.2 and the
pages of 2.2.1; for 2.3 its published list of changes. Numbers of the BSN family leave under no profile at all.
"""

from dataclasses import dataclass, fields, replace
from operator import attrgetter

from uwlr_adapter.contract import names
from uwlr_adapter.contract.dataset import Dataset

TABLE = """
record               element                smalle-2.2  smalle-2.3  lvs-2.2  lvs-2.3  volledig
vestiging            naam                   -           -           -        -        o
vestiging            omschrijving           -           -           -        -        o
vestiging            mutatiedatum           -           -           -        -        o
groep                naam                   R           R           R        R        R
groep                jaargroep              R           R           R        R        R
groep                omschrijving           -           -           -        -        o
groep                mutatiedatum           -           -           -        -        o
samengestelde_groep  naam                   R           R           R        R        R
samengestelde_groep  omschrijving           -           -           o        o        o
samengestelde_groep  mutatiedatum           -           -           -        -        o
leerling             achternaam             o           o           o        o        o
leerling             voorvoegsel            o           o           o        o        o
leerling             voornamen              -           -           -        -        o
leerling             voorletters-1          -           -           o        -        o
leerling             roepnaam               o           o           R        R        o
leerling             geboortedatum          R           -           R        R        o
leerling             geslacht               -           -           R        R        o
leerling             start_ondw_jgr3        -           -           o        o        o
leerling             jaargroep              R           R           R        R        o
leerling             groep                  o           o           o        o        o
leerling             samengestelde_groepen  o           o           o        o        o
leerling             vestiging              -           -           -        -        o
leerling             gebruikersnaam         -           -           -        -        o
leerling             emailadres             -           -           -        -        o
leerling             fotourl                -           -           -        -        o
leerling             etniciteit             -           -           -        -        o
leerling             land                   -           -           -        -        o
leerling             land_vader             -           -           -        -        o
leerling             land_moeder            -           -           -        -        o
leerling             bsn_ondwnr-4           -           -           R        -        -
leerling             gewicht_nieuw          -           -           -        -        o
leerling             gewicht                -           -           -        -        o
leerling             postcodenl             -           -           -        -        o
leerling             postnummerbe           -           -           -        -        o
leerling             postcodeoverig         -           -           -        -        o
leerling             instroomdatum          -           -           -        -        o
leerling             uitstroomdatum         -           -           -        -        o
leerling             mutatiedatum           -           -           -        -        o
leerkracht           achternaam             R           R           o        o        o
leerkracht           voorvoegsel            o           o           o        o        o
leerkracht           voornamen              -           -           -        -        o
leerkracht           voorletters-1          -           -           -        -        o
leerkracht           roepnaam               o           o           o        o        o
leerkracht           gebruikersnaam         -           -           -        -        o
leerkracht           emailadres             R           R           -        -        o
leerkracht           rollen                 -           -           -        -        o
leerkracht           groepen                o           o           o        o        o
leerkracht           mutatiedatum           -           -           -        -        o
"""
"""`-` stays, `o` may go, `R` may go and should be there. A column without a version holds for every version."""


@dataclass(frozen=True, slots=True)
class Profiel:
    """A profile of one version: the elements that may go, per kind of record, and those that should be there."""

    name: str
    groep: frozenset[str]
    samengestelde_groep: frozenset[str]
    leerling: frozenset[str]
    leerkracht: frozenset[str]
    vestiging: frozenset[str]
    """Empty: the locaties do not go at all."""
    leerling_wanted: frozenset[str] = frozenset()
    leerkracht_wanted: frozenset[str] = frozenset()

    def narrowed(self, asked: "Profiel") -> "Profiel":
        """Give this profile without what the asked one leaves out; it never becomes wider."""
        parts = {
            field.name: getattr(self, field.name) & getattr(asked, field.name)
            for field in fields(self)
            if field.name != "name"
        }
        narrower = replace(self, **parts)
        return self if narrower == self else replace(narrower, name=f"{self.name} & {asked.name}")

    def count_incomplete(self, dataset: Dataset, parts: tuple[str, ...]) -> int:
        """Count the leerlingen and leerkrachten, as far as they are asked for, that lack a field which should be there.

        They go without it (UWLR knows no way to say so).
        """
        return sum(len(self.incomplete_places(dataset, list_name)) for list_name in PERSON_LISTS if list_name in parts)

    def incomplete_places(self, dataset: Dataset, list_name: str) -> list[int]:
        """Give the places in a list (`leerlingen` or `leerkrachten`) of those that lack such a field."""
        personen = dataset.leerlingen if list_name == "leerlingen" else dataset.leerkrachten
        needed = self.leerling_wanted if list_name == "leerlingen" else self.leerkracht_wanted
        if not needed:
            return []
        values = attrgetter(*map(names.attribute_of, sorted(needed)), "key")
        return [place for place, one in enumerate(personen) if not all(values(one))]

    def missing(self, dataset: Dataset) -> dict[tuple[str, str], int]:
        """Count the records that lack a field which should be there, by kind of record and element."""
        kinds = (
            ("leerling", dataset.leerlingen, self.leerling_wanted),
            ("leerkracht", dataset.leerkrachten, self.leerkracht_wanted),
        )
        found = {
            (kind, element): sum(not getattr(one, names.attribute_of(element)) for one in records)
            for kind, records, wanted in kinds
            for element in sorted(wanted)
        }
        return {key: count for key, count in found.items() if count}


PERSON_LISTS = ("leerlingen", "leerkrachten")
"""The lists of persons in an answer."""


def _column(rows: list[list[str]], naam: str, place: int) -> Profiel:
    def of(record: str, marks: str) -> frozenset[str]:
        return frozenset(row[1] for row in rows if row[0] == record and row[place] in marks)

    return Profiel(
        name=naam,
        groep=of("groep", "oR"),
        samengestelde_groep=of("samengestelde_groep", "oR"),
        leerling=of("leerling", "oR"),
        leerkracht=of("leerkracht", "oR"),
        vestiging=of("vestiging", "oR"),
        leerling_wanted=of("leerling", "R"),
        leerkracht_wanted=of("leerkracht", "R"),
    )


NAMES = {"smalle": "smalle set", "lvs": "LVS-set", "volledig": "volledig"}
"""What the columns of the table are called in a catalogue and in the field."""
VERSIONS = ("2.1", "2.2", "2.3")
ALIASES = {
    "smalleset": "smalle set",
    "smallesetpo": "smalle set",
    "smallesetvo": "smalle set",
    "lvsset": "LVS-set",
    "lvs": "LVS-set",
    "volledig": "volledig",
}
"""Names of profiles that callers write in gegevenssetid, without capitals, spaces and signs."""


def _read() -> dict[tuple[str, str], Profiel]:
    head, *rows = [line.split() for line in TABLE.strip().splitlines()]
    found: dict[tuple[str, str], Profiel] = {}
    for place, column in enumerate(head[2:], 2):
        short, _, version = column.partition("-")
        profiel = _column(rows, NAMES[short], place)
        # 2.1 has the profiles of 2.2, as far as is known; its answers carry no eckid.
        versions = {"": VERSIONS, "2.2": ("2.1", "2.2"), "2.3": ("2.3",)}[version]
        found |= {(profiel.name, one): profiel for one in versions}
    # A number that tells a leerling apart leaves under the LVS-set of 2.2 only.
    lvs = found["LVS-set", "2.1"]
    without = {"bsn_ondwnr-4"}
    found["LVS-set", "2.1"] = replace(
        lvs, leerling=lvs.leerling - without, leerling_wanted=lvs.leerling_wanted - without
    )
    return found


_BY_NAME_AND_VERSION = _read()
PROFIELEN = tuple(NAMES.values())
"""The profiles by name, as a catalogue of koppelingen writes them."""


def get_profiel(naam: str, xsdversie: str) -> Profiel:
    """Give a profile in one version of UWLR. Raises KeyError for a name or version that does not exist."""
    return _BY_NAME_AND_VERSION[naam, xsdversie]


def requested_profiel(gegevenssetid: str, xsdversie: str) -> Profiel | None:
    """Give the profile that a caller names in gegevenssetid, if it is known."""
    naam = ALIASES.get("".join(letter for letter in gegevenssetid.lower() if letter.isalnum()))
    return None if naam is None else get_profiel(naam, xsdversie)
