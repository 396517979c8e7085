"""The fields of UWLR: ONE table, which schemas, profiles, readers, the portal and the CSV set all derive from.

A new field is a new row here, an attribute in `contract.dataset` and a column in a migration, beside the schema of the
version that brings it. The order of the rows is the order of the elements on the wire.

Numbers of the BSN family and blocks of suppliers are no fields: they are never stored.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from uwlr_adapter.contract.versions import USUAL_VERSION, VERSIONS

FieldKind: TypeAlias = Literal[
    "tekst", "datum", "moment", "geslacht", "jaargroep", "periode", "rollen", "verwijzing", "verwijzingen"
]
"""What a field holds. Only the last four are more than one text in a column of their record."""
SET_NAMES = ("smalle set", "LVS-set", "volledig")
"""The profiles of the standard in the order of their marks, as a catalogue of koppelingen names them."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field: an element of a record.

    `marks` has one word per profile of `SET_NAMES`: `-` stays, `o` may leave, `R` may leave and should be there. A word
    of more than one mark holds per `profile_column` of the versions, the last mark also for later columns.

    `csv` is the label of its column in the CSV set, with `*` behind it when the column must be there and `!` when it
    must be filled in as well, and with the file before it when that is not the file of the record.
    """

    record: str
    element: str
    word: str
    """What a school calls it."""
    marks: str
    kind: FieldKind = "tekst"
    required: bool = False
    """Whether the record is invalid without it."""
    csv: str = ""
    example: str = ""
    """The value in the template of the CSV set."""
    since: str = ""
    """The first version of UWLR that has it; empty for a field that each served version has."""

    @property
    def path(self) -> str:
        """Record and element, such as `leerling/geboortedatum`."""
        return f"{self.record}/{self.element}"

    @property
    def is_plain(self) -> bool:
        """Whether it is one text, in a column of the table of its record."""
        return self.kind not in {"periode", "rollen", "verwijzing", "verwijzingen"}

    @property
    def is_reference(self) -> bool:
        """Whether it names other records, or holds roles, and so is more than one text."""
        return self.kind in {"rollen", "verwijzing", "verwijzingen"}

    def mark(self, set_name: str, column: int) -> str:
        """Return the mark (`-`, `o` or `R`) in a profile of `SET_NAMES`, for the `profile_column` of a version."""
        marks = self.marks.split()[SET_NAMES.index(set_name)]
        return marks[min(column, len(marks) - 1)]


FIELDS = (
    Field("vestiging", "naam", "naam", "- - o", required=True, csv="Naam!"),
    Field("vestiging", "omschrijving", "omschrijving", "- - o", csv="Omschrijving"),
    Field("vestiging", "mutatiedatum", "datum van de laatste wijziging", "- - o", kind="moment", csv="Mutatiedatum"),
    Field("groep", "naam", "naam", "R R R", required=True, csv="Naam!", example="4A"),
    Field("groep", "jaargroep", "jaargroep", "R R R", kind="jaargroep", required=True, csv="Jaargroep*", example="4"),
    Field("groep", "omschrijving", "omschrijving", "- - o", csv="Omschrijving"),
    Field("groep", "mutatiedatum", "datum van de laatste wijziging", "- - o", kind="moment", csv="Mutatiedatum"),
    Field("samengestelde_groep", "naam", "naam", "R R R", required=True),
    Field("samengestelde_groep", "omschrijving", "omschrijving", "- o o"),
    Field("samengestelde_groep", "mutatiedatum", "datum van de laatste wijziging", "- - o", kind="moment"),
    Field("leerling", "achternaam", "achternaam", "o o o", csv="Achternaam*", example="Voorbeeld"),
    Field("leerling", "voorvoegsel", "voorvoegsel van de achternaam", "o o o", csv="Voorvoegsel*", example="van"),
    Field("leerling", "voornamen", "voornamen", "- - o", csv="Voornamen", example="Sanne Maria"),
    Field("leerling", "voorletters-1", "voorletters", "- o- o", csv="Voorletters", example="SM"),
    Field("leerling", "roepnaam", "roepnaam", "o R o", csv="Roepnaam*", example="Sanne"),
    Field(
        "leerling", "geboortedatum", "geboortedatum", "R- R o", kind="datum", csv="Geboortedatum*", example="14-03-2019"
    ),
    Field("leerling", "geslacht", "geslacht", "- R o", kind="geslacht", csv="Geslacht", example="V"),
    Field(
        "leerling", "start_ondw_jgr3", "datum van de start in jaargroep 3", "- o o", kind="datum", csv="Start groep 3"
    ),
    Field("leerling", "jaargroep", "jaargroep", "R R o", kind="jaargroep", csv="plaatsingen/Jaargroep*", example="4"),
    Field("leerling", "groep", "groep", "o o o", kind="verwijzing", csv="plaatsingen/Groep*", example="G2026-4A"),
    Field("leerling", "samengestelde_groepen", "overige groepen", "o o o", kind="verwijzingen"),
    Field("leerling", "vestiging", "locatie", "- - o", kind="verwijzing", csv="inschrijvingen/Locatie"),
    Field("leerling", "gebruikersnaam", "gebruikersnaam", "- - o", csv="Gebruikersnaam"),
    Field("leerling", "emailadres", "e-mailadres", "- - o", csv="E-mailadres"),
    Field("leerling", "fotourl", "adres van de foto", "- - o", csv="Foto-URL"),
    Field("leerling", "etniciteit", "etniciteit", "- - o", csv="Etniciteit"),
    Field("leerling", "land", "geboorteland", "- - o", csv="Geboorteland"),
    Field("leerling", "land_vader", "geboorteland van de vader", "- - o", csv="Geboorteland vader"),
    Field("leerling", "land_moeder", "geboorteland van de moeder", "- - o", csv="Geboorteland moeder"),
    Field(
        "leerling",
        "bsn_ondwnr-4",
        "laatste vier cijfers van het persoonsgebonden nummer",
        "- R- -",
        csv="BSN laatste 4",
    ),
    Field("leerling", "gewicht_nieuw", "leerlinggewicht", "- - o", csv="Leerlinggewicht"),
    Field("leerling", "gewicht", "leerlinggewicht (oude regeling)", "- - o", csv="Leerlinggewicht oud"),
    Field("leerling", "postcodenl", "postcode", "- - o", csv="Postcode"),
    Field("leerling", "postnummerbe", "postcode in België", "- - o", csv="Postcode België"),
    Field("leerling", "postcodeoverig", "postcode in een ander land", "- - o", csv="Postcode overig"),
    Field("leerling", "instroomdatum", "datum van inschrijving", "- - o", kind="periode"),
    Field("leerling", "uitstroomdatum", "datum van uitschrijving", "- - o", kind="periode"),
    Field("leerling", "mutatiedatum", "datum van de laatste wijziging", "- - o", kind="moment", csv="Mutatiedatum"),
    Field("leerkracht", "achternaam", "achternaam", "R o o", csv="Achternaam*", example="Leraar"),
    Field("leerkracht", "voorvoegsel", "voorvoegsel van de achternaam", "o o o", csv="Voorvoegsel*", example="de"),
    Field("leerkracht", "voornamen", "voornamen", "- - o", csv="Voornamen"),
    Field("leerkracht", "voorletters-1", "voorletters", "- - o", csv="Voorletters", example="K"),
    Field("leerkracht", "roepnaam", "roepnaam", "o o o", csv="Roepnaam*", example="Kim"),
    Field("leerkracht", "gebruikersnaam", "gebruikersnaam", "- - o", csv="Gebruikersnaam"),
    Field("leerkracht", "emailadres", "e-mailadres", "R - o", csv="E-mailadres*", example="k.de.leraar@school.example"),
    Field("leerkracht", "rollen", "rollen", "- - o", kind="rollen", csv="Rollen", example="LRK"),
    Field("leerkracht", "groepen", "groepen", "o o o", kind="verwijzingen", csv="Groep*", example="G2026-4A"),
    Field("leerkracht", "mutatiedatum", "datum van de laatste wijziging", "- - o", kind="moment", csv="Mutatiedatum"),
)
"""The fields. Sources of the marks: the profile XSDs of UWLR 2.2, the pages of 2.2.1, the list of changes of 2.3."""

NAME_PARTS = ("achternaam", "roepnaam")
"""A leerling and a leerkracht need one of these (UWLR 2.2, Leerling and Leerkracht)."""
BSN_FAMILY = ("sofinummer", "bsn", "onderwijsnummer", "rijksregisternummer")
"""National numbers: allowed by the standard, never stored and never sent."""


def attribute_of(element: str) -> str:
    """Return the Python attribute that holds an element: `voorletters-1` is `voorletters_1`."""
    return element.replace("-", "_")


def _elements(fields: Iterable[Field]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for field in fields:
        found[field.record] = (*found.get(field.record, ()), field.element)
    return found


ELEMENTS = _elements(FIELDS)
"""The elements of each record in their order. `rollen` stands for any number of `rol` and `rolomschrijving`."""
REQUIRED: dict[str, tuple[str, ...]] = dict.fromkeys(ELEMENTS, ()) | _elements(
    field for field in FIELDS if field.required
)
"""The elements that each record is invalid without."""
BY_PATH = {field.path: field for field in FIELDS}
"""The fields by record/element."""


def plain_columns(record: str) -> tuple[str, ...]:
    """Return the attributes of a record that are one text, which are also the columns of its table."""
    return tuple(attribute_of(field.element) for field in FIELDS if field.record == record and field.is_plain)


def carried_by(xsdversie: str, table: Iterable[Field] = FIELDS, served: Sequence[str] = VERSIONS) -> tuple[Field, ...]:
    """Return the fields that exist in a version: those without `since`, and those since that version or an older one.

    `served` are the names of all versions, the oldest first. Raises ValueError for an unknown version.
    """
    place = served.index(xsdversie)
    return tuple(one for one in table if not one.since or served.index(one.since) <= place)


def covering_versions(table: Iterable[Field] = FIELDS, served: Sequence[str] = VERSIONS) -> tuple[str, ...]:
    """Return the fewest versions that carry every field together: the usual one, then each that adds a field."""
    added = {one.since for one in table} - {field.since for field in carried_by(USUAL_VERSION, table, served)}
    return (USUAL_VERSION, *(version for version in served if version in added))


def not_carried_everywhere(table: Iterable[Field] = FIELDS, served: Sequence[str] = VERSIONS) -> dict[str, list[str]]:
    """Return the versions that leave out a field which a later one has, by record/element."""
    return {one.path: list(served[: served.index(one.since)]) for one in table if one.since in served[1:]}
