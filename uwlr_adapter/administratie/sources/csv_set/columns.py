"""The files and columns of a CSV set, with ESIS's own Dutch labels: one table, which reader and template share.

Marks: `*` the column must be there, `!` it must be filled in on every row as well. `pad` is the element of EDEXML that
a column becomes; a column without one is read for its meaning. A national number (`nummer`) is counted and never kept.
The last field is the example of the template.
"""

from dataclasses import dataclass

TABLE = """
leerlingen      Sleutel                     !  tekst      @key              10001
leerlingen      ECK-iD                      *  tekst      @eckid            https://ketenid.nl/pilot/voorbeeld
leerlingen      Achternaam                  *  tekst      achternaam        Voorbeeld
leerlingen      Voorvoegsel                 *  tekst      voorvoegsel       van
leerlingen      Voornamen                   -  tekst      voornamen         Sanne Maria
leerlingen      Voorletters                 -  tekst      voorletters-1     SM
leerlingen      Roepnaam                    *  tekst      roepnaam          Sanne
leerlingen      Geboortedatum               *  datum      geboortedatum     14-03-2019
leerlingen      Geslacht                    -  geslacht   geslacht          V
leerlingen      Start_groep_3               -  datum      start_ondw_jgr3
leerlingen      Gebruikersnaam              -  tekst      gebruikersnaam
leerlingen      E-mailadres                 -  tekst      emailadres
leerlingen      Foto-URL                    -  tekst      fotourl
leerlingen      Etniciteit                  -  tekst      etniciteit
leerlingen      Geboorteland                -  tekst      land
leerlingen      Geboorteland_vader          -  tekst      land_vader
leerlingen      Geboorteland_moeder         -  tekst      land_moeder
leerlingen      BSN_laatste_4               -  tekst      bsn_ondwnr-4
leerlingen      Leerlinggewicht             -  tekst      gewicht_nieuw
leerlingen      Leerlinggewicht_oud         -  tekst      gewicht
leerlingen      Postcode                    -  tekst      postcodenl
leerlingen      Postcode_België             -  tekst      postnummerbe
leerlingen      Postcode_overig             -  tekst      postcodeoverig
leerlingen      Mutatiedatum                -  moment     mutatiedatum
leerlingen      Sofinummer                  -  nummer     sofinummer
leerlingen      BSN                         -  nummer     bsn
leerlingen      Onderwijsnummer             -  nummer     onderwijsnummer
leerlingen      Rijksregisternummer         -  nummer     rijksregisternummer
inschrijvingen  Leerling                    !  tekst      -                 10001
inschrijvingen  Brin                        !  brin       -                 21QW
inschrijvingen  Vestiging                   !  vestiging  -                 00
inschrijvingen  Inschrijfdatum              *  datum      -                 01-08-2023
inschrijvingen  Uitschrijfdatum             *  datum      -
inschrijvingen  Gastinschrijving            -  ja-nee     -                 Nee
inschrijvingen  Leerlingnummer              -  tekst      -                 1234
inschrijvingen  Locatie                     -  tekst      vestiging
groepen         Sleutel                     !  tekst      @key              G2026-4A
groepen         Brin                        !  brin       -                 21QW
groepen         Vestiging                   !  vestiging  -                 00
groepen         Schooljaar                  !  schooljaar -                 2026-2027
groepen         Naam                        !  tekst      naam              4A
groepen         Soort                       !  soort      -                 Stamgroep
groepen         Jaargroep                   *  jaargroep  jaargroep         4
groepen         Omschrijving                -  tekst      omschrijving
groepen         In_koppelingen_beschikbaar  !  ja-nee     -                 Ja
groepen         Mutatiedatum                -  moment     mutatiedatum
plaatsingen     Leerling                    !  tekst      -                 10001
plaatsingen     Brin                        !  brin       -                 21QW
plaatsingen     Vestiging                   !  vestiging  -                 00
plaatsingen     Schooljaar                  !  schooljaar -                 2026-2027
plaatsingen     Groep                       *  tekst      groep             G2026-4A
plaatsingen     Jaargroep                   *  jaargroep  jaargroep         4
leerkrachten    Sleutel                     !  tekst      @key              M12
leerkrachten    ECK-iD                      *  tekst      @eckid
leerkrachten    Achternaam                  *  tekst      achternaam        Leraar
leerkrachten    Voorvoegsel                 *  tekst      voorvoegsel       de
leerkrachten    Voornamen                   -  tekst      voornamen
leerkrachten    Voorletters                 -  tekst      voorletters-1     K
leerkrachten    Roepnaam                    *  tekst      roepnaam          Kim
leerkrachten    Gebruikersnaam              -  tekst      gebruikersnaam
leerkrachten    E-mailadres                 *  tekst      emailadres        k.de.leraar@school.example
leerkrachten    Rollen                      -  rollen     rol               LRK
leerkrachten    Brin                        !  brin       -                 21QW
leerkrachten    Vestiging                   !  vestiging  -                 00
leerkrachten    Schooljaar                  !  schooljaar -                 2026-2027
leerkrachten    Groep                       *  tekst      groepen           G2026-4A
leerkrachten    Rollen_in_groep             -  rollen     -
leerkrachten    Mutatiedatum                -  moment     mutatiedatum
vestigingen     Brin                        !  brin       -                 21QW
vestigingen     Vestiging                   !  vestiging  -                 00
vestigingen     Naam                        *  tekst      -                 De Voorbeeldschool
vestigingen     Schoolsleutel               *  tekst      -
locaties        Sleutel                     !  tekst      @key
locaties        Brin                        !  brin       -
locaties        Vestiging                   !  vestiging  -
locaties        Naam                        !  tekst      naam
locaties        Omschrijving                -  tekst      omschrijving
locaties        Mutatiedatum                -  moment     mutatiedatum
"""

RECORDS = {
    "leerlingen": "leerling",
    "groepen": "groep",
    "leerkrachten": "leerkracht",
    "locaties": "vestiging",
    "inschrijvingen": "leerling",
    "plaatsingen": "leerling",
}
"""Of which record of EDEXML a file has elements."""
OPTIONAL = ("vestigingen", "locaties")
"""The files that a set may do without."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its label, what it must hold, and where it goes."""

    file: str
    label: str
    required: bool
    filled: bool
    kind: str
    path: str
    example: str


def _read() -> dict[str, dict[str, Column]]:
    found: dict[str, dict[str, Column]] = {}
    for line in TABLE.strip().splitlines():
        file, label, mark, kind, path, *example = line.split(maxsplit=5)
        column = Column(
            file=file,
            label=label.replace("_", " "),
            required=mark in "*!",
            filled=mark == "!",
            kind=kind,
            path="" if path == "-" else path,
            example="".join(example),
        )
        found.setdefault(file, {})[column.label] = column
    return found


COLUMNS = _read()
"""The columns by file and label, in the order of the template."""
