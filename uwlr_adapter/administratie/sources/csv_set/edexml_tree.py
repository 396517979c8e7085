"""Conversion of one year of a CSV set to the tree of an EDEXML file, each element with the line of its row."""

from collections.abc import Iterable, Mapping, Sequence

from lxml import etree

from uwlr_adapter.administratie.sources.csv_set.columns import COLUMNS
from uwlr_adapter.administratie.sources.csv_set.csv_file import CsvRow
from uwlr_adapter.administratie.sources.csv_set.school import STAMGROEP, CsvSchool, YearKey
from uwlr_adapter.brin import brincode_of, dependancecode_of

COMBINATION = "C"
"""The jaargroep of a combination group, which does not give that of its leerlingen (EDEXML 2.1, jaargroep)."""
ROL_CODES = frozenset("ADJ ADM CON DIR ICT IB KLA LRK LOS LOC OWA OUD RT SMW STA VAK TAL".split())
"""The codes of a rol (EDEXML 2.1); any other text is a rolomschrijving."""
ROL_SEPARATOR = "|"
"""The separator of the roles in one cell."""
_LAST_LINE = 65_535
"""The largest line number that an element of libxml2 can hold, exclusive."""
_PATHS = {
    file: [(column.label, column.path) for column in columns.values() if column.path and column.path != "groepen"]
    for file, columns in COLUMNS.items()
}
"""The label and the element of each column that becomes a plain element or an attribute, by file."""


def tree(school: CsvSchool, year: YearKey, enrolled: Mapping[str, Sequence[CsvRow]]) -> etree._Element:
    """Return the root `EDEX` of one year; `enrolled` holds the rows of inschrijvingen.csv by key of the leerling."""
    brin6, schooljaar = year
    edex = etree.Element("EDEX")
    block = etree.SubElement(edex, "school")
    vestiging = school.vestigingen.get(brin6)
    values = {"schooljaar": schooljaar, "brincode": brincode_of(brin6), "dependancecode": dependancecode_of(brin6)}
    values["schoolkey"] = "" if vestiging is None else vestiging["Schoolsleutel"]
    for name, value in values.items():
        if value:
            etree.SubElement(block, name).text = value
    _set_line(block, school.line_of(year))
    locaties = etree.SubElement(edex, "vestigingen")
    for row in school.locaties.get(brin6, {}).values():
        _record(locaties, "vestiging", row)
    groepen = etree.SubElement(edex, "groepen")
    for row in school.groepen[year].values():
        _groep(groepen, row)
    leerlingen = etree.SubElement(edex, "leerlingen")
    for key, periods in enrolled.items():
        _leerling(leerlingen, school, year, key, periods)
    leerkrachten = etree.SubElement(edex, "leerkrachten")
    for rows in school.leerkrachten.get(year, {}).values():
        _leerkracht(leerkrachten, school, year, rows)
    return edex


def _set_line(element: etree._Element, line: int) -> None:
    """Set the line of an element; a line that libxml2 cannot hold stays unknown, because a wrong one misleads."""
    if line < _LAST_LINE:
        element.sourceline = line  # type: ignore[assignment] # the stubs know its getter only


def _record(parent: etree._Element, tag: str, row: CsvRow) -> etree._Element:
    """Append a record with the elements of the columns in its own file."""
    record = etree.SubElement(parent, tag)
    _set_line(record, row.line)
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
    _set_line(child, line)


def _reference(parent: etree._Element, tag: str, key: str, line: int) -> etree._Element:
    child = etree.SubElement(parent, tag, key=key)
    _set_line(child, line)
    return child


def _rollen(parent: etree._Element, cell: str, line: int) -> None:
    for rol in filter(None, (part.strip() for part in cell.split(ROL_SEPARATOR))):
        _text(parent, "rol" if rol in ROL_CODES else "rolomschrijving", rol, line)


def _groep(parent: etree._Element, row: CsvRow) -> None:
    record = _record(parent, row["Soort"], row)
    jaargroep = record.find("jaargroep")
    if row["Soort"] != STAMGROEP and jaargroep is not None:
        record.remove(jaargroep)  # UWLR has none for a samengestelde groep


def _leerling(parent: etree._Element, school: CsvSchool, year: YearKey, key: str, periods: Sequence[CsvRow]) -> None:
    record = _record(parent, "leerling", school.leerlingen[key])
    plaatsingen = school.plaatsingen.get(year, {}).get(key, ())
    stamgroep = next((row for row in plaatsingen if school.is_stamgroep(year, row["Groep"])), None)
    others = [row for row in plaatsingen if row["Groep"] and row is not stamgroep]
    if stamgroep is not None:
        _reference(record, "groep", stamgroep["Groep"], stamgroep.line)
    if others:
        container = etree.SubElement(record, "samengestelde_groepen")
        _set_line(container, others[0].line)
        for row in others:
            _reference(container, "samengestelde_groep", row["Groep"], row.line)
    _jaargroep(record, school, year, [*filter(None, [stamgroep]), *plaatsingen])
    if locatie := periods[-1]["Locatie"]:
        _reference(record, "vestiging", locatie, periods[-1].line)


def _jaargroep(record: etree._Element, school: CsvSchool, year: YearKey, plaatsingen: Iterable[CsvRow]) -> None:
    """Append the jaargroep of the first plaatsing that has one, else that of the stamgroep unless a combination."""
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
        _set_line(container, groepen[0].line)
        for row in groepen:
            kind = school.groepen[year][row["Groep"]]["Soort"]
            reference = _reference(container, kind, row["Groep"], row.line)
            _rollen(reference, row["Rollen in groep"], row.line)
