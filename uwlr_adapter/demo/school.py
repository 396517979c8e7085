"""The example school as EDEXML files: invented records, the same for a schooljaar each time they are generated.

School 21QW has vestiging 21QW00 with a group per jaargroep and a combination group, samengestelde groepen,
leerkrachten, names with diacritics and one leerling without ECK-iD; vestiging 21QW01 is smaller.
"""

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from lxml import etree

from uwlr_adapter.administratie.sources.edexml.edexml import VERSIONS as EDEXML_VERSIONS
from uwlr_adapter.brin import brincode_of, dependancecode_of
from uwlr_adapter.clock import schooljaar_start

ROEPNAMEN = (
    "Aisha Amélie Anouk Bastiaan Beau Björn Bram Cato Chloé Çağla Daan Daniël Dewi Eline Emir Esmée Fatima Femke Fenna "
    "Finn Floor Gijs Guusje Hamza Hanna Hidde Ilias İpek Isaï Isa Jaël Jayden Jip Joëlle Jurre Kaan Kjeld Koen Lars "
    "Léon Lieve Loïs Łucja Luuk Maëlle Mees Mehmet Milou Mohamed Naomi Nïa Noah Noël Noor Olivier Ömer Pien Puck "
    "Quinten Raphaël Renée Rosa Ruben Saar Sanne Sem Siënna Sofía Stijn Şirin Tess Thijs Tijn Ümit Vera Wietse Wout "
    "Xaví Yara Yfke Zeynep Zoë"
).split()
_ACHTERNAMEN = (
    (
        "",
        "Aarnoutse Bakker Çelik Dekker Eggink Fernández Gül Haverkamp Idrissi Jansen Kowalski Löwenthal Møller Nguyễn ",
    ),
    ("", "Oosterhuis Petrović Rietveld Sjöberg Timmerman Uçar Veenstra Willems Yılmaz Zijlstra "),
    ("de", "Boer Graaf Haan Jong Ridder Vries Wit "),
    ("van", "Beek Dijk Loon Rossum Zanten "),
    ("van der", "Heide Linden Meer Velde "),
    ("van 't", "Hof Hoff Veer "),
    ("ten", "Brinke Cate "),
    ("el", "Amrani Khattabi "),
)
NAMES = [(voorvoegsel, naam) for voorvoegsel, names in _ACHTERNAMEN for naam in names.split()]
GROEP_NAMES = ("Bevers", "Dassen", "Egels", "Fuutjes", "Hazen", "IJsvogels", "Kieviten", "Lynxen", "Otters")
HIGHEST_JAARGROEP = 8


@dataclass(frozen=True, slots=True)
class _Pupil:
    """One invented leerling in one schooljaar."""

    number: int
    jaargroep: int
    geboortedatum: date
    roepnaam: str
    voorvoegsel: str
    achternaam: str
    geslacht: str


@dataclass(frozen=True, slots=True)
class _Size:
    """The name and size of a vestiging; `combination` are the jaargroepen that share a combination group."""

    naam: str
    per_jaargroep: int
    combination: tuple[int, int] | None


_VESTIGINGEN = {
    "21QW00": _Size("De Voorbeeldschool", 29, (7, 8)),
    "21QW01": _Size("De Voorbeeldschool, dependance Oost", 6, None),
}
VESTIGINGEN = {brin6: size.naam for brin6, size in _VESTIGINGEN.items()}
"""The vestigingen of the example school: name by brin6."""


def edexml(brin6: str, schooljaar: str) -> bytes:
    """Return an EDEXML 2.1 file of one vestiging of the example school in one schooljaar, such as 2026-2027.

    Pupils start in jaargroep 1, move up one each year and leave after 8; a pupil has the same key, ECK-iD and name in
    each schooljaar. Raises ValueError for a schooljaar of another form, KeyError for another vestiging.
    """
    start = schooljaar_start(schooljaar)
    if start is None:
        raise ValueError("a schooljaar consists of two consecutive years")
    size = _VESTIGINGEN[brin6]
    pupils = list(_pupils(brin6, size, start))
    root = etree.Element("EDEX")
    school = etree.SubElement(root, "school")
    add_texts(
        school,
        schooljaar=schooljaar,
        brincode=brincode_of(brin6),
        dependancecode=dependancecode_of(brin6),
        schoolkey=f"voorbeeld-{brin6}",
    )
    add_texts(school, aanmaakdatum=f"{start}-08-01T08:00:00", auteur="uwlr-adapter", xsdversie=EDEXML_VERSIONS[-1])
    _groepen(etree.SubElement(root, "groepen"), size, start)
    leerlingen = etree.SubElement(root, "leerlingen")
    for pupil in pupils:
        _leerling(leerlingen, pupil, size, brin6, start)
    _leerkrachten(etree.SubElement(root, "leerkrachten"), size, brin6, start)
    return etree.tostring(root, encoding="utf-8", xml_declaration=True, pretty_print=True)


def leerling_keys(brin6: str, schooljaar: str, jaargroep: int) -> list[str]:
    """Return the keys of the leerlingen of a jaargroep, in order. Raises ValueError or KeyError as `edexml` does."""
    start = schooljaar_start(schooljaar)
    if start is None:
        raise ValueError("a schooljaar consists of two consecutive years")
    return [_key_of(one) for one in _pupils(brin6, _VESTIGINGEN[brin6], start) if one.jaargroep == jaargroep]


def leerkracht_key(brin6: str, jaargroep: int) -> str:
    """Return the key of the leerkracht of the groep of a jaargroep."""
    return f"M{dependancecode_of(brin6)}{jaargroep:02}"


def _key_of(pupil: _Pupil) -> str:
    return f"L{pupil.number:05}"


def _pupils(brin6: str, size: _Size, start: int) -> Iterator[_Pupil]:
    """Yield the pupils of a schooljaar, generated from the year in which they started school."""
    for jaargroep in range(1, HIGHEST_JAARGROEP + 1):
        first_year = start - jaargroep + 1
        rng = random.Random(f"{brin6} {first_year}")  # noqa: S311 - invented data, the same each time
        for place in range(size.per_jaargroep):
            voorvoegsel, achternaam = rng.choice(NAMES)
            month, day = (rng.randint(1, 12) - 1) % 7 + 1, rng.randint(1, 28)  # four before school begins
            pupil = _Pupil(
                number=first_year % 100 * 1000 + int(dependancecode_of(brin6)) * 500 + place,
                jaargroep=1,
                geboortedatum=date(first_year - 4, month, day),
                roepnaam=rng.choice(ROEPNAMEN),
                voorvoegsel=voorvoegsel,
                achternaam=achternaam,
                geslacht=rng.choice("12"),
            )
            yield replace(pupil, jaargroep=jaargroep)


def _groep_key(size: _Size, jaargroep: int, place: int, start: int) -> str:
    """Return the key of a pupil's groep; half of two jaargroepen are in the combination group."""
    if size.combination and jaargroep in size.combination and place % 2:
        return f"{start}-combi"
    return f"{start}-{jaargroep}"


def _groepen(parent: etree._Element, size: _Size, start: int) -> None:
    for jaargroep in range(1, HIGHEST_JAARGROEP + 1):
        groep = etree.SubElement(parent, "groep", key=f"{start}-{jaargroep}")
        add_texts(groep, naam=f"{jaargroep} {GROEP_NAMES[jaargroep - 1]}", jaargroep=str(jaargroep))
    if size.combination:
        groep = etree.SubElement(parent, "groep", key=f"{start}-combi")
        add_texts(
            groep, naam=f"{size.combination[0]}/{size.combination[1]} {GROEP_NAMES[HIGHEST_JAARGROEP]}", jaargroep="C"
        )
    for key, naam in (("plus", "Plusgroep"), ("lezen", "Leesclub")):
        add_texts(etree.SubElement(parent, "samengestelde_groep", key=f"{start}-{key}"), naam=naam)


def _leerling(parent: etree._Element, pupil: _Pupil, size: _Size, brin6: str, start: int) -> None:
    place = pupil.number % 500
    leerling = etree.SubElement(parent, "leerling", key=_key_of(pupil))
    if place or pupil.number // 1000 % HIGHEST_JAARGROEP:  # of all pupils in a schooljaar, one has no ECK-iD yet
        leerling.set("eckid", make_eckid(f"{brin6} leerling {pupil.number}"))
    add_texts(leerling, achternaam=pupil.achternaam, voorvoegsel=pupil.voorvoegsel, roepnaam=pupil.roepnaam)
    add_texts(
        leerling, geboortedatum=pupil.geboortedatum.isoformat(), geslacht=pupil.geslacht, jaargroep=str(pupil.jaargroep)
    )
    etree.SubElement(leerling, "groep", key=_groep_key(size, pupil.jaargroep, place, start))
    extra = [key for key, one_in in (("plus", 7), ("lezen", 5)) if place % one_in == 0]
    if extra:
        groepen = etree.SubElement(leerling, "samengestelde_groepen")
        for key in extra:
            etree.SubElement(groepen, "samengestelde_groep", key=f"{start}-{key}")


def _leerkrachten(parent: etree._Element, size: _Size, brin6: str, start: int) -> None:
    rng = random.Random(f"{brin6} leerkrachten")  # noqa: S311 - invented data, the same each time
    keys = [f"{start}-{jaargroep}" for jaargroep in range(1, HIGHEST_JAARGROEP + 1)]
    keys += [f"{start}-combi"] if size.combination else []
    for number, key in enumerate(keys, 1):
        voorvoegsel, achternaam = rng.choice(NAMES)
        leerkracht = etree.SubElement(
            parent,
            "leerkracht",
            key=leerkracht_key(brin6, number),
            eckid=make_eckid(f"{brin6} leerkracht {number}"),
        )
        add_texts(leerkracht, achternaam=achternaam, voorvoegsel=voorvoegsel, roepnaam=rng.choice(ROEPNAMEN))
        add_texts(leerkracht, emailadres=f"leerkracht{number}@{brin6.lower()}.example", rol="LRK")
        groepen = etree.SubElement(leerkracht, "groepen")
        etree.SubElement(groepen, "groep", key=key)
        if number == 1:
            add_texts(etree.SubElement(groepen, "samengestelde_groep", key=f"{start}-plus"), rol="RT")


def make_eckid(seed: str) -> str:
    """Return an invented ECK-iD that follows from a text."""
    return f"https://ketenid.nl/pilot/{hashlib.sha512(seed.encode()).hexdigest()}"


def add_texts(parent: etree._Element, **fields: str) -> None:
    """Append a child element per field, named after it; an empty value is left out."""
    for name, value in fields.items():
        if value:
            etree.SubElement(parent, name).text = value
