"""Rows of a LAS maker's own database, read and validated as the CSV set with the same files and columns.

A Bron over SQL names its columns with the labels of `columns.py` and passes its rows; it need not know EDEXML.
"""

import csv
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from io import StringIO

from uwlr_adapter.administratie.model import Delivery
from uwlr_adapter.administratie.sources.csv_set import csv_set
from uwlr_adapter.administratie.sources.csv_set.columns import COLUMNS

_LINE_ENDS = re.compile("[\r\n]+")
"""The line ends of a CSV file; other ones are characters of the text, judged with it."""
_YES_NO = {True: "Ja", False: "Nee"}


def read(rows_by_file: Mapping[str, Iterable[Mapping[str, object]]]) -> list[Delivery]:
    """Return a delivery for each vestiging and schooljaar of one school, from rows by file of a CSV set.

    The keys of `rows_by_file` are leerlingen, groepen and so on; a row maps the labels of columns to values: a str, a
    number, a date, a datetime, a bool (Ja or Nee) or None. Raises ImportRefusedError, with every reason; its line is
    the position of a row in its file, counted from 2 as under a header.
    """
    return csv_set.read({file: _as_csv(file, list(rows)) for file, rows in rows_by_file.items()})


def _as_csv(file: str, rows: list[Mapping[str, object]]) -> bytes:
    text = StringIO(newline="")
    labels = list(dict.fromkeys(label for row in rows for label in row)) or list(COLUMNS[file])
    writer = csv.writer(text, delimiter=";", lineterminator="\n")
    writer.writerow(labels)
    for row in rows:
        writer.writerow([_as_text(row.get(label)) for label in labels])
    return text.getvalue().encode("utf-8", "surrogatepass")


def _as_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return _YES_NO[value]
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    return _LINE_ENDS.sub(" ", str(value))  # one row is one line, so that the line of a problem is that of its row
