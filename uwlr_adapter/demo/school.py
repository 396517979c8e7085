"""The example school as EDEXML files: invented, and the same for the same school year each time it is made.

School 21QW has vestiging 21QW00 with a group per jaargroep and a combination group, samengestelde groepen,
leerkrachten, names with diacritics and one leerling without ECK-iD, and a smaller vestiging 21QW01.
"""

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from lxml import etree

from uwlr_adapter.administratie.sources.edexml.edexml import VERSIONS as EDEXML_VERSIONS
from uwlr_adapter.clock import schooljaar_start

_ROEPNAMEN = (
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
_NAMEN = [(voorvoegsel, naam) for voorvoegsel, names in _ACHTERNAMEN for naam in names.split()]
_DIEREN = ("Bevers", "Dassen", "Egels", "Fuutjes", "Hazen", "IJsvogels", "Kieviten", "Lynxen", "Otters")
_HOOGSTE = 8


@dataclass(frozen=True, slots=True)
class _Kind:
    """One invented leerling, as he or she is in a school year."""

    nummer: int
    jaargroep: int
    geboren: date
    roepnaam: str
    voorvoegsel: str
    achternaam: str
    geslacht: str


@dataclass(frozen=True, slots=True)
class _Size:
    """How large a vestiging is."""

    naam: str
    per_jaargroep: int
    combinatie: tuple[int, int] | None


_VESTIGINGEN = {
    "21QW00": _Size("De Voorbeeldschool", 29, (7, 8)),
    "21QW01": _Size("De Voorbeeldschool, dependance Oost", 6, None),
}
VESTIGINGEN = {brin6: omvang.naam for brin6, omvang in _VESTIGINGEN.items()}
"""The vestigingen of the example school, with their names."""


def edexml(brin6: str, schooljaar: str) -> bytes:
    """Give an EDEXML 2.1 file of one vestiging of the example school in one school year.

    Children come in at jaargroep 1, go up one each year and leave after 8; the same child has the same key, ECK-iD and
    name in each year.
    """
    start = schooljaar_start(schooljaar)
    if start is None:
        raise ValueError("a school year has two following years")
    omvang = _VESTIGINGEN[brin6]
    children = list(_kinderen(brin6, omvang, start))
    root = etree.Element("EDEX")
    school = etree.SubElement(root, "school")
    _texts(school, schooljaar=schooljaar, brincode=brin6[:4], dependancecode=brin6[4:], schoolkey=f"voorbeeld-{brin6}")
    _texts(school, aanmaakdatum=f"{start}-08-01T08:00:00", auteur="uwlr-adapter", xsdversie=EDEXML_VERSIONS[-1])
    _groepen(etree.SubElement(root, "groepen"), omvang, start)
    leerlingen = etree.SubElement(root, "leerlingen")
    for kind in children:
        _leerling(leerlingen, kind, omvang, brin6, start)
    _leerkrachten(etree.SubElement(root, "leerkrachten"), omvang, brin6, start)
    return etree.tostring(root, encoding="utf-8", xml_declaration=True, pretty_print=True)


def _kinderen(brin6: str, omvang: _Size, start: int) -> Iterator[_Kind]:
    """Give the children of a school year, each made from the year in which he or she began."""
    for jaargroep in range(1, _HOOGSTE + 1):
        begon = start - jaargroep + 1
        toeval = random.Random(f"{brin6} {begon}")  # noqa: S311 - invented data, the same each time
        for place in range(omvang.per_jaargroep):
            voorvoegsel, achternaam = toeval.choice(_NAMEN)
            kind = _Kind(
                nummer=begon % 100 * 1000 + int(brin6[4:]) * 500 + place,
                jaargroep=1,
                geboren=date(begon - 4, toeval.randint(1, 12), toeval.randint(1, 28)),
                roepnaam=toeval.choice(_ROEPNAMEN),
                voorvoegsel=voorvoegsel,
                achternaam=achternaam,
                geslacht=toeval.choice("12"),
            )
            yield replace(kind, jaargroep=jaargroep)


def _groep_key(omvang: _Size, jaargroep: int, place: int, start: int) -> str:
    """Give the group of a child; half of two jaargroepen sit together in the combination group."""
    if omvang.combinatie and jaargroep in omvang.combinatie and place % 2:
        return f"{start}-combi"
    return f"{start}-{jaargroep}"


def _groepen(parent: etree._Element, omvang: _Size, start: int) -> None:
    for jaargroep in range(1, _HOOGSTE + 1):
        groep = etree.SubElement(parent, "groep", key=f"{start}-{jaargroep}")
        _texts(groep, naam=f"{jaargroep} {_DIEREN[jaargroep - 1]}", jaargroep=str(jaargroep))
    if omvang.combinatie:
        groep = etree.SubElement(parent, "groep", key=f"{start}-combi")
        _texts(groep, naam=f"{omvang.combinatie[0]}/{omvang.combinatie[1]} {_DIEREN[_HOOGSTE]}", jaargroep="C")
    for key, naam in (("plus", "Plusgroep"), ("lezen", "Leesclub")):
        _texts(etree.SubElement(parent, "samengestelde_groep", key=f"{start}-{key}"), naam=naam)


def _leerling(parent: etree._Element, kind: _Kind, omvang: _Size, brin6: str, start: int) -> None:
    place = kind.nummer % 500
    leerling = etree.SubElement(parent, "leerling", key=f"L{kind.nummer:05}")
    if place or kind.nummer // 1000 % _HOOGSTE:  # of eight years of children, one child has no ECK-iD yet
        leerling.set("eckid", _eckid(f"{brin6} leerling {kind.nummer}"))
    _texts(leerling, achternaam=kind.achternaam, voorvoegsel=kind.voorvoegsel, roepnaam=kind.roepnaam)
    _texts(leerling, geboortedatum=kind.geboren.isoformat(), geslacht=kind.geslacht, jaargroep=str(kind.jaargroep))
    etree.SubElement(leerling, "groep", key=_groep_key(omvang, kind.jaargroep, place, start))
    extra = [key for key, one_in in (("plus", 7), ("lezen", 5)) if place % one_in == 0]
    if extra:
        groepen = etree.SubElement(leerling, "samengestelde_groepen")
        for key in extra:
            etree.SubElement(groepen, "samengestelde_groep", key=f"{start}-{key}")


def _leerkrachten(parent: etree._Element, omvang: _Size, brin6: str, start: int) -> None:
    toeval = random.Random(f"{brin6} leerkrachten")  # noqa: S311 - invented data, the same each time
    keys = [f"{start}-{jaargroep}" for jaargroep in range(1, _HOOGSTE + 1)]
    keys += [f"{start}-combi"] if omvang.combinatie else []
    for number, key in enumerate(keys, 1):
        voorvoegsel, achternaam = toeval.choice(_NAMEN)
        leerkracht = etree.SubElement(
            parent, "leerkracht", key=f"M{brin6[4:]}{number:02}", eckid=_eckid(f"{brin6} leerkracht {number}")
        )
        _texts(leerkracht, achternaam=achternaam, voorvoegsel=voorvoegsel, roepnaam=toeval.choice(_ROEPNAMEN))
        _texts(leerkracht, emailadres=f"leerkracht{number}@{brin6.lower()}.example", rol="LRK")
        groepen = etree.SubElement(leerkracht, "groepen")
        etree.SubElement(groepen, "groep", key=key)
        if number == 1:
            _texts(etree.SubElement(groepen, "samengestelde_groep", key=f"{start}-plus"), rol="RT")


def _eckid(seed: str) -> str:
    return f"https://ketenid.nl/pilot/{hashlib.sha512(seed.encode()).hexdigest()}"


def _texts(parent: etree._Element, **fields: str) -> None:
    for naam, value in fields.items():
        if value:
            etree.SubElement(parent, naam).text = value
