"""Rows of a LAS maker's own database, by file and column of a CSV set: read and judged as such a set is.

A Bron over SQL names its columns with the labels of `kolommen.py` and hands its rows over; it need not know EDEXML.
"""

import csv
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from io import StringIO

from uwlr_adapter.administratie.model import Delivery
from uwlr_adapter.administratie.sources.csv_set import csv_set
from uwlr_adapter.administratie.sources.csv_set.columns import COLUMNS

_YES_NO = {True: "Ja", False: "Nee"}


def read(rijen: Mapping[str, Iterable[Mapping[str, object]]]) -> list[Delivery]:
    """Give what rows say: by file of a CSV set (`leerlingen`, `groepen` ...), each a mapping from label to value.

    A value is a text, a number, a date, a datetime, a bool (Ja or Nee) or None. Raises ImportRefusedError, with every
    reason; its line is the place of the row among the others of its file, counted from 2 as under a header.
    """
    return csv_set.read({naam: _as_csv(naam, list(rows)) for naam, rows in rijen.items()})


def _as_csv(naam: str, rows: list[Mapping[str, object]]) -> bytes:
    text = StringIO(newline="")
    labels = list(rows[0] if rows else COLUMNS[naam])
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
    return " ".join(str(value).splitlines())  # a row is a line, so that a problem can name it
