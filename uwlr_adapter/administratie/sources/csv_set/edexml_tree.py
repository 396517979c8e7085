"""Write one year of a CSV set as the tree of an EDEXML file, each record at its own line."""

from collections.abc import Iterable, Mapping, Sequence

from lxml import etree

from uwlr_adapter.administratie.sources.csv_set.columns import COLUMNS
from uwlr_adapter.administratie.sources.csv_set.csv_file import CsvRow
from uwlr_adapter.administratie.sources.csv_set.school import CsvSchool, YearKey

COMBINATION = "C"
"""The jaargroep of a combination group, which says nothing of its leerlingen (EDEXML 2.1, jaargroep)."""
ROL_CODES = frozenset("ADJ ADM CON DIR ICT IB KLA LRK LOS LOC OWA OUD RT SMW STA VAK TAL".split())
"""The codes of a rol (EDEXML 2.1); any other text is a rolomschrijving."""
ROL_SEPARATOR = "|"
"""What stands between the roles in one cell."""
_LAST_LINE = 65_535
"""What a tree of libxml2 can remember of a line."""
_PATHS = {
    naam: [(column.label, column.path) for column in columns.values() if column.path and column.path != "groepen"]
    for naam, columns in COLUMNS.items()
}


def tree(school: CsvSchool, year: YearKey, enrolled: Mapping[str, Sequence[CsvRow]]) -> etree._Element:
    """Give the tree of one year, with these leerlingen and their rows of inschrijvingen.csv."""
    brin6, schooljaar = year
    edex = etree.Element("EDEX")
    block = etree.SubElement(edex, "school")
    vestiging = school.vestigingen.get(brin6)
    values = {"schooljaar": schooljaar, "brincode": brin6[:4], "dependancecode": brin6[4:]}
    values["schoolkey"] = "" if vestiging is None else vestiging["Schoolsleutel"]
    for naam, value in values.items():
        if value:
            etree.SubElement(block, naam).text = value
    _at(block, school.line_of(year))
    locaties = etree.SubElement(edex, "vestigingen")
    for row in school.locaties.get(brin6, {}).values():
        _record(locaties, "vestiging", row)
    groepen = etree.SubElement(edex, "groepen")
    for row in school.groepen[year].values():
        _groep(groepen, row)
    leerlingen = etree.SubElement(edex, "leerlingen")
    for key, periodes in enrolled.items():
        _leerling(leerlingen, school, year, key, periodes)
    leerkrachten = etree.SubElement(edex, "leerkrachten")
    for rows in school.leerkrachten.get(year, {}).values():
        _leerkracht(leerkrachten, school, year, rows)
    return edex


def _at(element: etree._Element, line: int) -> None:
    """Give an element its line; one past what can be remembered stays unknown, since a wrong one misleads."""
    if line < _LAST_LINE:
        element.sourceline = line  # type: ignore[assignment] # the stubs know its getter only


def _record(parent: etree._Element, tag: str, row: CsvRow) -> etree._Element:
    """Write a record with the elements that its own file has."""
    record = etree.SubElement(parent, tag)
    _at(record, row.line)
    for label, path in _PATHS[row.file]:
        value = row[label]
        if not value:
            continue
        if path.startswith("@"):
            record.set(path[1:], value)
        elif path == "rol":
            _rollen(record, value, row.line)
        else:
            _text(record, path, value, row.line)
    return record


def _text(parent: etree._Element, tag: str, value: str, line: int) -> None:
    child = etree.SubElement(parent, tag)
    child.text = value
    _at(child, line)


def _reference(parent: etree._Element, tag: str, key: str, line: int) -> etree._Element:
    child = etree.SubElement(parent, tag, key=key)
    _at(child, line)
    return child


def _rollen(parent: etree._Element, cell: str, line: int) -> None:
    for rol in filter(None, (part.strip() for part in cell.split(ROL_SEPARATOR))):
        _text(parent, "rol" if rol in ROL_CODES else "rolomschrijving", rol, line)


def _groep(parent: etree._Element, row: CsvRow) -> None:
    record = _record(parent, row["Soort"], row)
    jaargroep = record.find("jaargroep")
    if row["Soort"] != "groep" and jaargroep is not None:
        record.remove(jaargroep)  # UWLR has none for a samengestelde groep


def _leerling(parent: etree._Element, school: CsvSchool, year: YearKey, key: str, periodes: Sequence[CsvRow]) -> None:
    record = _record(parent, "leerling", school.leerlingen[key])
    plaatsingen = school.plaatsingen.get(year, {}).get(key, ())
    stam = next((row for row in plaatsingen if school.is_stamgroep(year, row["Groep"])), None)
    extra = [row for row in plaatsingen if row["Groep"] and row is not stam]
    if stam is not None:
        _reference(record, "groep", stam["Groep"], stam.line)
    if extra:
        container = etree.SubElement(record, "samengestelde_groepen")
        _at(container, extra[0].line)
        for row in extra:
            _reference(container, "samengestelde_groep", row["Groep"], row.line)
    _jaargroep(record, school, year, [*filter(None, [stam]), *plaatsingen])
    if locatie := periodes[-1]["Locatie"]:
        _reference(record, "vestiging", locatie, periodes[-1].line)


def _jaargroep(record: etree._Element, school: CsvSchool, year: YearKey, plaatsingen: Iterable[CsvRow]) -> None:
    """Write the leerling's own jaargroep in this year, else that of the stamgroep if it says something."""
    for row in plaatsingen:
        if row["Jaargroep"]:
            _text(record, "jaargroep", row["Jaargroep"], row.line)
            return
    for row in plaatsingen:
        if school.is_stamgroep(year, row["Groep"]):
            of_groep = school.groepen[year][row["Groep"]]["Jaargroep"]
            if of_groep not in ("", COMBINATION):
                _text(record, "jaargroep", of_groep, row.line)
            return


def _leerkracht(parent: etree._Element, school: CsvSchool, year: YearKey, rows: Sequence[CsvRow]) -> None:
    record = _record(parent, "leerkracht", rows[0])
    groepen = [row for row in rows if row["Groep"]]
    if groepen:
        container = etree.SubElement(record, "groepen")
        _at(container, groepen[0].line)
        for row in groepen:
            kind = school.groepen[year][row["Groep"]]["Soort"]
            reference = _reference(container, kind, row["Groep"], row.line)
            _rollen(reference, row["Rollen in groep"], row.line)
