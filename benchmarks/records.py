"""Invented schools for the benchmarks, as EDEXML files and CSV sets."""

import csv
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from string import ascii_uppercase
from xml.sax.saxutils import escape

SCHOOLJAAR = "2026-2027"
_PER_GROEP = 25
_NAMES = "Bakker Çelik Dekker Eggink Gül Haverkamp Idrissi Jansen Löwenthal Nguyễn Petrović Veenstra".split()
_ROEPNAMEN = "Aisha Björn Chloé Daan Emir Femke Gijs Hanna Ilias Jip Kaan Lieve Mees Noor Ömer Pien Ruben Zoë".split()
_PLACE = ("Brin", "Vestiging")
Pupil = tuple[str, str, str, str, str, str]
"""Key, ECK-iD, achternaam, roepnaam, geboortedatum and jaargroep."""


def brin6s() -> Iterator[str]:
    """Yield the first vestiging of ever other schools."""
    for first, second, number in product(ascii_uppercase, ascii_uppercase, range(100)):
        yield f"{number:02}{first}{second}00"


def pupils(brin6: str, count: int) -> Iterator[tuple[Pupil, int]]:
    """Yield the children of a vestiging, each with the number of the own group."""
    groepen = -(-count // _PER_GROEP)
    for number in range(count):
        groep = number % groepen
        jaargroep = groep * 8 // groepen + 1
        mark = f"{brin6}{number:05}".encode().hex()
        born = f"{2026 - 4 - jaargroep}-{number % 12 + 1:02}-{number % 28 + 1:02}"
        names = (_NAMES[number % len(_NAMES)], _ROEPNAMEN[number % len(_ROEPNAMEN)])
        yield (f"L{number:05}", f"https://ketenid.nl/pilot/{mark:0>128}", *names, born, str(jaargroep)), groep


def groups(count: int) -> int:
    """Return how many groups a vestiging of so many leerlingen has."""
    return -(-count // _PER_GROEP)


def write_edexml(file: Path, brin6: str, count: int) -> Path:
    """Write a file of one vestiging with so many leerlingen."""
    groepen = groups(count)
    school = f"<brincode>{brin6[:4]}</brincode><dependancecode>{brin6[4:]}</dependancecode>"
    parts = [f"<EDEX><school><schooljaar>{SCHOOLJAAR}</schooljaar>{school}</school><groepen>"]
    for number in range(groepen):
        jgr = number * 8 // groepen + 1
        parts.append(f'<groep key="g{number}"><naam>{number}</naam><jaargroep>{jgr}</jaargroep></groep>\n')
    parts.append("</groepen><leerlingen>\n")
    for (key, eckid, achternaam, roepnaam, born, jaargroep), groep in pupils(brin6, count):
        parts.append(
            f'<leerling key="{key}" eckid="{eckid}"><achternaam>{escape(achternaam)}</achternaam>'
            f"<roepnaam>{escape(roepnaam)}</roepnaam><geboortedatum>{born}</geboortedatum>"
            f'<jaargroep>{jaargroep}</jaargroep><groep key="g{groep}"/></leerling>\n'
        )
    parts.append("</leerlingen><leerkrachten>")
    parts += [
        f'<leerkracht key="M{number}"><achternaam>Leraar</achternaam><emailadres>m{number}@school.example</emailadres>'
        f'<groepen><groep key="g{number}"/></groepen></leerkracht>\n'
        for number in range(groepen)
    ]
    parts.append("</leerkrachten></EDEX>")
    file.write_text("".join(parts), encoding="utf-8")
    return file


def write_csv(folder: Path, brin6: str, count: int) -> Path:
    """Write a CSV set of one vestiging with so many leerlingen."""
    folder.mkdir()
    groepen = groups(count)
    place = [brin6[:4], brin6[4:]]
    found = list(pupils(brin6, count))
    _write(
        folder / "leerlingen.csv",
        ["Sleutel", "ECK-iD", "Achternaam", "Voorvoegsel", "Roepnaam", "Geboortedatum"],
        [[kind[0], kind[1], kind[2], "", kind[3], kind[4]] for kind, _ in found],
    )
    _write(
        folder / "inschrijvingen.csv",
        ["Leerling", "Brin", "Vestiging", "Inschrijfdatum", "Uitschrijfdatum"],
        [[kind[0], *place, "01-08-2022", ""] for kind, _ in found],
    )
    _write(
        folder / "groepen.csv",
        ["Sleutel", "Brin", "Vestiging", "Schooljaar", "Naam", "Soort", "Jaargroep", "In koppelingen beschikbaar"],
        [
            [f"g{number}", *place, SCHOOLJAAR, f"Groep {number}", "Stamgroep", str(number * 8 // groepen + 1), "Ja"]
            for number in range(groepen)
        ],
    )
    _write(
        folder / "plaatsingen.csv",
        ["Leerling", "Brin", "Vestiging", "Schooljaar", "Groep", "Jaargroep"],
        [[kind[0], *place, SCHOOLJAAR, f"g{groep}", kind[5]] for kind, groep in found],
    )
    _write(
        folder / "leerkrachten.csv",
        ["Sleutel", "ECK-iD", "Achternaam", "Voorvoegsel", "Roepnaam", "E-mailadres", *_PLACE, "Schooljaar", "Groep"],
        [
            [f"M{number}", "", "Leraar", "", "", f"m{number}@school.example", *place, SCHOOLJAAR, f"g{number}"]
            for number in range(groepen)
        ],
    )
    return folder


def _write(file: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    with file.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.writer(opened, delimiter=";")
        writer.writerow(header)
        writer.writerows(rows)
