"""The files and columns of a CSV set, with ESIS's own Dutch labels, shared by reader and template.

A column that becomes a field of UWLR is a row of `contract.fields`; the table here has the columns that are none.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from uwlr_adapter.contract.fields import FIELDS, Field

OWN_COLUMNS = """
leerlingen      Sleutel                     !  sleutel     first            @key    10001
leerlingen      ECK-iD                      *  sleutel     first            @eckid  https://ketenid.nl/pilot/voorbeeld
leerlingen      Sofinummer                  -  nummer      last             sofinummer
leerlingen      BSN                         -  nummer      last             bsn
leerlingen      Onderwijsnummer             -  nummer      last             onderwijsnummer
leerlingen      Rijksregisternummer         -  nummer      last             rijksregisternummer
inschrijvingen  Leerling                    !  sleutel     first            -       10001
inschrijvingen  Brin                        !  brin        first            -       21QW
inschrijvingen  Vestiging                   !  vestiging   first            -       00
inschrijvingen  Inschrijfdatum              *  eerste-dag  first            -       01-08-2023
inschrijvingen  Uitschrijfdatum             *  einddag     first            -
inschrijvingen  Gastinschrijving            -  ja-nee      first            -       Nee
inschrijvingen  Leerlingnummer              -  tekst       first            -       1234
groepen         Sleutel                     !  sleutel     first            @key    G2026-4A
groepen         Brin                        !  brin        first            -       21QW
groepen         Vestiging                   !  vestiging   first            -       00
groepen         Schooljaar                  !  schooljaar  first            -       2026-2027
groepen         Soort                       !  soort       Naam             -       Stamgroep
groepen         In_koppelingen_beschikbaar  !  ja-nee      Omschrijving     -       Ja
plaatsingen     Leerling                    !  sleutel     first            -       10001
plaatsingen     Brin                        !  brin        first            -       21QW
plaatsingen     Vestiging                   !  vestiging   first            -       00
plaatsingen     Schooljaar                  !  schooljaar  first            -       2026-2027
leerkrachten    Sleutel                     !  sleutel     first            @key    M12
leerkrachten    ECK-iD                      *  sleutel     first            @eckid
leerkrachten    Brin                        !  brin        Rollen           -       21QW
leerkrachten    Vestiging                   !  vestiging   Brin             -       00
leerkrachten    Schooljaar                  !  schooljaar  Vestiging        -       2026-2027
leerkrachten    Rollen_in_groep             -  rollen      Groep            -
vestigingen     Brin                        !  brin        first            -       21QW
vestigingen     Vestiging                   !  vestiging   first            -       00
vestigingen     Naam                        *  naam        first            -       De Voorbeeldschool
vestigingen     Schoolsleutel               *  sleutel     first            -
locaties        Sleutel                     !  sleutel     first            @key
locaties        Brin                        !  brin        first            -
locaties        Vestiging                   !  vestiging   first            -
"""
"""File, label, mark, kind, place, path and example of each column that is not a field of UWLR.

Mark: `*` the column must be there, `!` it must be filled in on every row as well. Place: before or after the fields of
the file, or the label of the column after which it stands. Path: the attribute or element of EDEXML that it becomes;
the values of the other columns decide what is written. A national number (`nummer`) is counted and never kept; a
`sleutel` is refused when a spreadsheet changed it.
"""
RECORDS = {
    "leerlingen": "leerling",
    "groepen": "groep",
    "leerkrachten": "leerkracht",
    "locaties": "vestiging",
    "inschrijvingen": "leerling",
    "plaatsingen": "leerling",
}
"""The record of EDEXML whose elements a file has."""
OPTIONAL = ("vestigingen", "locaties")
"""The files that a set may do without."""
_FILES = {record: file for file, record in reversed(RECORDS.items())}
"""The file of each record: the first one that has its elements."""
_FIRST_OF = {"plaatsingen": "Groep"}
"""The field that comes before the other fields of a file, out of the order of UWLR."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its label, the kind of its values, and where they go."""

    file: str
    label: str
    required: bool
    filled: bool
    kind: str
    path: str
    example: str


def _of_fields() -> Iterator[Column]:
    """Yield the columns that are fields of UWLR, in the order of the elements."""
    for field in FIELDS:
        if field.csv:
            file, _, label = field.csv.rpartition("/")
            yield Column(
                file=file or _FILES[field.record],
                label=label.rstrip("*!"),
                required=label.endswith(("*", "!")),
                filled=label.endswith("!"),
                kind="sleutel" if field.kind in {"verwijzing", "verwijzingen"} else field.kind,
                path=_path(field),
                example=field.example,
            )


def _path(field: Field) -> str:
    return "rol" if field.kind == "rollen" else field.element


def _all() -> dict[str, dict[str, Column]]:
    """Return the columns by file and label: those before the fields, the fields, then the others at their places."""
    rows = [line.split(maxsplit=6) for line in OWN_COLUMNS.strip().splitlines()]
    of_fields: dict[str, list[Column]] = {}
    for column in _of_fields():
        of_fields.setdefault(column.file, []).append(column)
    files: dict[str, list[Column]] = {file: [] for file, *_ in rows}
    for file, columns in files.items():
        ordered = sorted(of_fields.get(file, []), key=lambda one: one.label != _FIRST_OF.get(file, one.label))
        own = [(row[4], _own_column(row)) for row in rows if row[0] == file]
        columns.extend([column for place, column in own if place == "first"])
        columns.extend(ordered)
        for place, column in own:
            if place != "first":
                labels = [one.label for one in columns]
                columns.insert(len(columns) if place == "last" else labels.index(place) + 1, column)
    return {file: {column.label: column for column in columns} for file, columns in files.items()}


def _own_column(row: list[str]) -> Column:
    file, label, mark, kind, _, path, *example = row
    return Column(
        file=file,
        label=label.replace("_", " "),
        required=mark in "*!",
        filled=mark == "!",
        kind=kind,
        path="" if path == "-" else path,
        example="".join(example),
    )


COLUMNS = _all()
"""The columns by file and label, in the order of the template."""
