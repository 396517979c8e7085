"""Write one year of a CSV set as the tree of an EDEXML file, each record at its own line."""

from collections.abc import Iterable, Mapping, Sequence

from lxml import etree

from uwlr_adapter.administratie.sources.csv_set.columns import KOLOMMEN
from uwlr_adapter.administratie.sources.csv_set.csv_file import Rij
from uwlr_adapter.administratie.sources.csv_set.school import Jaar, School

COMBINATIE = "C"
"""The jaargroep of a combination group, which says nothing of its leerlingen (EDEXML 2.1, jaargroep)."""
ROLCODES = frozenset("ADJ ADM CON DIR ICT IB KLA LRK LOS LOC OWA OUD RT SMW STA VAK TAL".split())
"""The codes of a rol (EDEXML 2.1); any other text is a rolomschrijving."""
TUSSEN_ROLLEN = "|"
"""What stands between the roles in one cell."""
_LAATSTE_REGEL = 65_535
"""What a tree of libxml2 can remember of a line."""
_PADEN = {
    naam: [(kolom.label, kolom.pad) for kolom in kolommen.values() if kolom.pad and kolom.pad != "groepen"]
    for naam, kolommen in KOLOMMEN.items()
}


def tree(school: School, jaar: Jaar, enrolled: Mapping[str, Sequence[Rij]]) -> etree._Element:
    """Give the tree of one year, with these leerlingen and their rows of inschrijvingen.csv."""
    brin6, schooljaar = jaar
    edex = etree.Element("EDEX")
    block = etree.SubElement(edex, "school")
    vestiging = school.vestigingen.get(brin6)
    values = {"schooljaar": schooljaar, "brincode": brin6[:4], "dependancecode": brin6[4:]}
    values["schoolkey"] = "" if vestiging is None else vestiging["Schoolsleutel"]
    for naam, value in values.items():
        if value:
            etree.SubElement(block, naam).text = value
    _at(block, school.line_of(jaar))
    locaties = etree.SubElement(edex, "vestigingen")
    for rij in school.locaties.get(brin6, {}).values():
        _record(locaties, "vestiging", rij)
    groepen = etree.SubElement(edex, "groepen")
    for rij in school.groepen[jaar].values():
        _groep(groepen, rij)
    leerlingen = etree.SubElement(edex, "leerlingen")
    for key, periodes in enrolled.items():
        _leerling(leerlingen, school, jaar, key, periodes)
    leerkrachten = etree.SubElement(edex, "leerkrachten")
    for rijen in school.leerkrachten.get(jaar, {}).values():
        _leerkracht(leerkrachten, school, jaar, rijen)
    return edex


def _at(element: etree._Element, regel: int) -> None:
    """Give an element its line; one past what can be remembered stays unknown, since a wrong one misleads."""
    if regel < _LAATSTE_REGEL:
        element.sourceline = regel  # type: ignore[assignment] # the stubs know its getter only


def _record(parent: etree._Element, tag: str, rij: Rij) -> etree._Element:
    """Write a record with the elements that its own file has."""
    record = etree.SubElement(parent, tag)
    _at(record, rij.regel)
    for label, pad in _PADEN[rij.bestand]:
        value = rij[label]
        if not value:
            continue
        if pad.startswith("@"):
            record.set(pad[1:], value)
        elif pad == "rol":
            _rollen(record, value, rij.regel)
        else:
            _text(record, pad, value, rij.regel)
    return record


def _text(parent: etree._Element, tag: str, value: str, regel: int) -> None:
    child = etree.SubElement(parent, tag)
    child.text = value
    _at(child, regel)


def _reference(parent: etree._Element, tag: str, key: str, regel: int) -> etree._Element:
    child = etree.SubElement(parent, tag, key=key)
    _at(child, regel)
    return child


def _rollen(parent: etree._Element, cell: str, regel: int) -> None:
    for rol in filter(None, (part.strip() for part in cell.split(TUSSEN_ROLLEN))):
        _text(parent, "rol" if rol in ROLCODES else "rolomschrijving", rol, regel)


def _groep(parent: etree._Element, rij: Rij) -> None:
    record = _record(parent, rij["Soort"], rij)
    jaargroep = record.find("jaargroep")
    if rij["Soort"] != "groep" and jaargroep is not None:
        record.remove(jaargroep)  # UWLR has none for a samengestelde groep


def _leerling(parent: etree._Element, school: School, jaar: Jaar, key: str, periodes: Sequence[Rij]) -> None:
    record = _record(parent, "leerling", school.leerlingen[key])
    plaatsingen = school.plaatsingen.get(jaar, {}).get(key, ())
    stam = next((rij for rij in plaatsingen if school.is_stamgroep(jaar, rij["Groep"])), None)
    extra = [rij for rij in plaatsingen if rij["Groep"] and rij is not stam]
    if stam is not None:
        _reference(record, "groep", stam["Groep"], stam.regel)
    if extra:
        bakje = etree.SubElement(record, "samengestelde_groepen")
        _at(bakje, extra[0].regel)
        for rij in extra:
            _reference(bakje, "samengestelde_groep", rij["Groep"], rij.regel)
    _jaargroep(record, school, jaar, [*filter(None, [stam]), *plaatsingen])
    if locatie := periodes[-1]["Locatie"]:
        _reference(record, "vestiging", locatie, periodes[-1].regel)


def _jaargroep(record: etree._Element, school: School, jaar: Jaar, plaatsingen: Iterable[Rij]) -> None:
    """Write the leerling's own jaargroep in this year, else that of the stamgroep if it says something."""
    for rij in plaatsingen:
        if rij["Jaargroep"]:
            _text(record, "jaargroep", rij["Jaargroep"], rij.regel)
            return
    for rij in plaatsingen:
        if school.is_stamgroep(jaar, rij["Groep"]):
            of_groep = school.groepen[jaar][rij["Groep"]]["Jaargroep"]
            if of_groep not in ("", COMBINATIE):
                _text(record, "jaargroep", of_groep, rij.regel)
            return


def _leerkracht(parent: etree._Element, school: School, jaar: Jaar, rijen: Sequence[Rij]) -> None:
    record = _record(parent, "leerkracht", rijen[0])
    groepen = [rij for rij in rijen if rij["Groep"]]
    if groepen:
        bakje = etree.SubElement(record, "groepen")
        _at(bakje, groepen[0].regel)
        for rij in groepen:
            soort = school.groepen[jaar][rij["Groep"]]["Soort"]
            verwijzing = _reference(bakje, soort, rij["Groep"], rij.regel)
            _rollen(verwijzing, rij["Rollen in groep"], rij.regel)
