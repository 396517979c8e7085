"""An empty CSV set to start from: every file with its columns and one example row."""

import csv
from collections.abc import Iterator
from io import StringIO

from uwlr_adapter.administratie.sources.csv_set.columns import COLUMNS

_BOM = "\ufeff"
"""Without it a spreadsheet takes UTF-8 for Windows-1252."""


def template() -> Iterator[tuple[str, bytes]]:
    """Give the files of a set by name, as a spreadsheet opens them: UTF-8 with its mark, `;` between the columns."""
    for naam, columns in COLUMNS.items():
        text = StringIO(newline="")
        writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
        writer.writerow(columns)
        example = [column.example for column in columns.values()]
        if any(example):
            writer.writerow(example)
        yield f"{naam}.csv", (_BOM + text.getvalue()).encode()
