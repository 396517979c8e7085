"""An empty CSV set to start from: every file with its columns and one example row."""

import csv
from collections.abc import Iterator
from io import StringIO

from uwlr_adapter.administratie.sources.csv_set.columns import COLUMNS

_BOM = "\ufeff"
"""A byte order mark: without it a spreadsheet takes UTF-8 for Windows-1252."""


def template() -> Iterator[tuple[str, bytes]]:
    """Yield the name and the content of each file of a set: CSV as spreadsheets open it, in UTF-8 with a mark."""
    for file, columns in COLUMNS.items():
        text = StringIO(newline="")
        writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
        writer.writerow(columns)
        example = [column.example for column in columns.values()]
        if any(example):
            writer.writerow(example)
        yield f"{file}.csv", (_BOM + text.getvalue()).encode()
