"""The rows of a CSV set beside the records that were made of it, counted without the reader's own counts.

A set here has the plain form: comma, ISO dates, our labels, one line a row.
"""

import csv
from collections.abc import Iterable, Mapping, Sequence
from io import StringIO

from uwlr_adapter.administratie.model import Delivery, Period, Problem

CsvRows = list[dict[str, str]]
"""The rows of a file, by label."""
NOT_A_RECORD = ("not read", "Not read", "read once")
"""What a warning says of a row that is in no record."""
NO_ROW = ("has an unknown label", "stands above the header")
"""What a warning says that is about no row."""


def parse(data: bytes) -> CsvRows:
    """Return the rows of one file in the plain form."""
    return list(csv.DictReader(StringIO(data.decode("utf-8"), newline="")))


def write(rows: CsvRows, header: Iterable[str]) -> bytes:
    """Return one file in the plain form."""
    text = StringIO(newline="")
    writer = csv.DictWriter(text, list(header), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def told(deliveries: Sequence[Delivery]) -> list[Problem]:
    """Return the warnings about rows that are in no record."""
    return [
        warning
        for delivery in deliveries
        for warning in delivery.warnings
        if warning.line
        and any(reason in warning.reason for reason in NOT_A_RECORD)
        and not warning.reason.startswith(NO_ROW)
    ]


class Records:
    """What the deliveries of a set hold, asked row by row."""

    def __init__(self, deliveries: Sequence[Delivery]) -> None:
        self._years = {(one.school.brin6, one.school.schooljaar): one for one in deliveries}
        self._elsewhere = [entry for one in deliveries for entry in one.elsewhere]
        self._leerlingen = {
            year: {source.record.key: source.record for source in one.leerlingen} for year, one in self._years.items()
        }

    def used(self, file: str, rows: CsvRows) -> int:
        """Return the number of rows of a file that are in a record; of equal ones only one is."""
        find = {
            "leerlingen": self._leerling,
            "inschrijvingen": self._inschrijving,
            "groepen": self._groep,
            "plaatsingen": self._plaatsing,
            "leerkrachten": self._leerkracht,
            "vestigingen": self._vestiging,
        }[file]
        return len({found for row in rows if (found := find(row, rows)) is not None})

    def _leerling(self, row: Mapping[str, str], _rows: CsvRows) -> object:
        key = row["Sleutel"]
        is_here = any(key in leerlingen for leerlingen in self._leerlingen.values())
        return key if is_here or any(key == entry.leerling.key for entry in self._elsewhere) else None

    def _inschrijving(self, row: Mapping[str, str], _rows: CsvRows) -> object:
        key, brin6 = row["Leerling"], _brin6(row)
        period = Period(
            row["Inschrijfdatum"] or None, row["Uitschrijfdatum"] or None, gast=row["Gastinschrijving"] == "Ja"
        )
        found = [one.periods.get(key, ()) for year, one in self._years.items() if year[0] == brin6]
        found += [entry.periods for entry in self._elsewhere if (entry.brin6, entry.leerling.key) == (brin6, key)]
        return (key, brin6, period) if any(period in periods for periods in found) else None

    def _groep(self, row: Mapping[str, str], _rows: CsvRows) -> object:
        delivery = self._years.get(_year(row))
        keys = () if delivery is None else [source.record.key for source in delivery.groepen]
        return (*_year(row), row["Sleutel"]) if row["Sleutel"] in keys else None

    def _plaatsing(self, row: Mapping[str, str], rows: CsvRows) -> object:
        leerling = self._leerlingen.get(_year(row), {}).get(row["Leerling"])
        if leerling is None:
            return None
        if row["Groep"]:
            groepen = (leerling.groep, *leerling.samengestelde_groepen)
            return (*_year(row), leerling.key, row["Groep"]) if row["Groep"] in groepen else None
        by_stamgroep = any(
            (other["Leerling"], _year(other), other["Groep"]) == (leerling.key, _year(row), leerling.groep)
            and other["Jaargroep"]
            for other in rows
        )
        counts = leerling.jaargroep is not None and row["Jaargroep"] == leerling.jaargroep and not by_stamgroep
        return (*_year(row), leerling.key, "") if counts else None

    def _leerkracht(self, row: Mapping[str, str], _rows: CsvRows) -> object:
        delivery = self._years.get(_year(row))
        found = () if delivery is None else [one.record for one in delivery.leerkrachten]
        of_key = next((record for record in found if record.key == row["Sleutel"]), None)
        if of_key is None:
            return None
        rollen = tuple(filter(None, (rol.strip() for rol in row["Rollen in groep"].split("|"))))
        references = [(one.key, tuple(rol.waarde for rol in one.rollen)) for one in of_key.groepen]
        if row["Groep"]:
            is_there = (row["Groep"], rollen) in references
            return (*_year(row), of_key.key, row["Groep"], rollen) if is_there else None
        return (*_year(row), of_key.key, "")

    def _vestiging(self, row: Mapping[str, str], _rows: CsvRows) -> object:
        return _brin6(row) if any(year[0] == _brin6(row) for year in self._years) else None


def _brin6(row: Mapping[str, str]) -> str:
    return row["Brin"] + row["Vestiging"]


def _year(row: Mapping[str, str]) -> tuple[str, str]:
    return _brin6(row), row["Schooljaar"]
