"""Reader of one file of a CSV set: bytes in; rows with their line out, or every reason for a refusal.

The header is the first line with labels of the file; a title may stand above it. The delimiter is `;` or `,`, whichever
the header has. What spreadsheets write is accepted: quotes, a first line `sep=;`, and empty columns and rows at the
end. Values are checked for the kind of their column, and converted to the form of EDEXML.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from io import StringIO
from itertools import islice

from uwlr_adapter.administratie.model import Problem, Severity
from uwlr_adapter.administratie.sources import values
from uwlr_adapter.administratie.sources.csv_set.cells import KINDS
from uwlr_adapter.administratie.sources.csv_set.columns import COLUMNS, Column
from uwlr_adapter.administratie.sources.csv_set.decoding import decode
from uwlr_adapter.contract.nouns import count_noun

_LINE_END = re.compile("\r\n|\r|\n")
"""The line ends of the csv module and of editors; `str.splitlines` splits at more characters."""
_SEP = re.compile(r'"?sep=([;,]?)"?[;,]*', re.IGNORECASE)
"""A first line in which a spreadsheet names the delimiter."""
_DELIMITERS = ";,"
_HEADER_WITHIN = 10
"""The number of lines, of those that are not empty, in which the header is looked for."""
_LABELS_OF_A_HEADER = 2
"""The least number of labels by which a line is a header: a title may have one by chance."""


@dataclass(frozen=True, slots=True)
class CsvRow:
    """One row: the line on which it starts (from 1), and its values by label, in the form of EDEXML; empty for none."""

    file: str
    line: int
    values: Mapping[str, str]

    def __getitem__(self, label: str) -> str:
        """Return the value of a column; empty when the file does not have the column."""
        return self.values.get(label, "")

    @property
    def brin6(self) -> str:
        """The brin6 of a row that names its vestiging."""
        return self["Brin"] + self["Vestiging"]

    def problem(self, label: str, reason: str, severity: Severity = Severity.REFUSED) -> Problem:
        """Return a problem at a column of this row."""
        return Problem(self.line, label, reason, severity, f"{self.file}.csv")


@dataclass(frozen=True, slots=True)
class CsvTable:
    """The rows of one file and its problems; with a problem of severity REFUSED the rows are incomplete."""

    rows: tuple[CsvRow, ...]
    problems: tuple[Problem, ...]
    dropped: Mapping[str, int] = field(default_factory=dict)
    """The numbers of national numbers left out, by their element of EDEXML."""


def read(file: str, data: bytes, labels: Mapping[str, str]) -> CsvTable:
    """Read one file of a set; `file` is its name without `.csv`, `labels` maps our labels to those of the file."""
    text, problem = decode(data)
    if problem is not None:
        return CsvTable((), (replace(problem, file=f"{file}.csv"),))
    return _CsvReader(file, text, labels).read()


@dataclass(frozen=True, slots=True)
class _Header:
    """The place of a header in a text, its line (from 1), its delimiter, and the lines of the titles above it."""

    place: int
    line: int
    delimiter: str
    titles: tuple[int, ...] = ()


def _find_header(text: str, labels: frozenset[str]) -> _Header:
    """Return the first line that has labels of the file, folded as `labels`; without one the first that is not empty.

    A line `sep=` is no title, and its delimiter is the one of the file.
    """
    delimiters = _DELIMITERS
    titles: list[int] = []
    first = None
    for line, place, content in islice(_lines(text), _HEADER_WITHIN):
        if match := _SEP.fullmatch(content.strip()):
            delimiters = match[1] or delimiters
            continue
        found = {delimiter: len(labels.intersection(_labels(content, delimiter))) for delimiter in delimiters}
        delimiter = max(delimiters, key=found.__getitem__)
        if found[delimiter] >= _LABELS_OF_A_HEADER:
            return _Header(place, line, delimiter, tuple(titles))
        titles.append(line)
        first = first or _Header(place, line, max(delimiters, key=content.count))
    return first or _Header(len(text), 1, _DELIMITERS[0])


def _lines(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield the number (from 1), the place and the content of each line with something in it."""
    place = 0
    for line, end in enumerate(_LINE_END.finditer(text), 1):
        if content := text[place : end.start()].strip(f"{_DELIMITERS} \t"):
            yield line, place, content
        place = end.end()
    if content := text[place:].strip(f"{_DELIMITERS} \t"):
        yield len(_LINE_END.findall(text)) + 1, place, content


def _labels(line: str, delimiter: str) -> Iterator[str]:
    return (fold(cell.strip().strip('"')) for cell in line.split(delimiter))


_NEVER_CLOSED = "a quote that opens in this row is never closed: is the file whole?"
_AFTER_QUOTE = "text after a closing quote: within a cell a quote is written twice"
_NO_COLUMN = "this column is missing (kolommen.toml can name another label)"
_OTHER_LABEL = "this column is missing: kolommen.toml names a label that the file does not have"
_TITLE = "stands above the header: not read"
_REMARK = "has a value in its first column only: is it a total or a remark? Take it out of the file"


class _CsvReader:
    """The state of reading one file: its problems and counts so far."""

    def __init__(self, file: str, text: str, labels: Mapping[str, str]) -> None:
        self._file = file
        self._columns_by_label = COLUMNS[file]
        self._labels = labels
        self._wanted = {fold(labels.get(label, label)): column for label, column in COLUMNS[file].items()}
        self._text = text
        self._header = _find_header(text, frozenset(self._wanted))
        rows = StringIO(text[self._header.place :], newline="")
        self._reader = csv.reader(rows, delimiter=self._header.delimiter, strict=True)
        self._problems: list[Problem] = []
        self._dropped: Counter[str] = Counter()

    def read(self) -> CsvTable:
        """Return the rows, the problems and the counts."""
        rows = self._cells()
        line, header = next(rows, (1, [""]))
        while header and not header[-1]:
            header.pop()
        places = {} if self._problems else self._columns(line, header)
        if any(problem.severity is Severity.REFUSED for problem in self._problems):
            return CsvTable((), tuple(self._problems))
        for title in self._header.titles:
            self._report(title, "", _TITLE, Severity.WARNING)
        found = tuple(self._rows(rows, places, len(header)))
        if not self._text.endswith(("\n", "\r")):
            last = len(_LINE_END.findall(self._text)) + 1
            self._report(last, "", "does not end with a line break: is the file whole?", Severity.WARNING)
        return CsvTable(found, tuple(self._problems), dict(self._dropped))

    def _report(self, line: int, label: str, reason: str, severity: Severity = Severity.REFUSED) -> None:
        self._problems.append(Problem(line, label, reason, severity, f"{self._file}.csv"))

    def _cells(self) -> Iterator[tuple[int, list[str]]]:
        """Yield each row that is not empty, with the line on which it starts."""
        above = self._header.line - 1
        next_line = above + 1
        try:
            for cells in self._reader:
                line, next_line = next_line, above + self._reader.line_num + 1
                stripped = [cell.strip(values.SPACES) for cell in cells]
                if any(stripped):
                    yield line, stripped
        except csv.Error as error:
            never_closed = str(error).startswith(("unexpected end", "field larger"))
            self._report(next_line, "", _NEVER_CLOSED if never_closed else _AFTER_QUOTE)

    def _columns(self, line: int, header: list[str]) -> dict[int, Column]:
        """Return our columns by their index in the file; labels are compared as `fold` returns them."""
        if len(header) <= 1:
            reason = "has no columns between ; or ," if header else "is empty"
            self._report(line, "", reason)
            return {}
        found: dict[int, Column] = {}
        for place, label in enumerate(header):
            column = self._wanted.get(fold(label))
            if column is None:
                self._report(line, f"column {place + 1}", "has an unknown label: not read", Severity.WARNING)
            elif column in found.values():
                self._report(line, column.label, "occurs twice: leave one of the two columns out")
            else:
                found[place] = column
        for label, column in self._columns_by_label.items():
            if column.required and column not in found.values():
                self._report(line, label, _OTHER_LABEL if label in self._labels else _NO_COLUMN)
        return found

    def _rows(
        self, rows: Iterator[tuple[int, list[str]]], places: Mapping[int, Column], width: int
    ) -> Iterator[CsvRow]:
        needed = [place for place, column in places.items() if column.filled]
        for line, cells in rows:
            columns = count_noun(len(cells), "column", "columns")
            if len(cells) < width:
                reason = f"has {columns}, the header has {width}: is the file whole?"
                self._report(line, "", reason)
            elif any(cells[width:]):
                reason = f"has {columns}, the header has {width}: is there a {self._header.delimiter} in a "
                self._report(line, "", f"{reason}cell without quotes around it?")
            elif len(needed) > 1 and not any(cells[1:]):
                self._report(line, "", _REMARK)
            else:
                read_ = {column.label: self._value(line, column, cells[place]) for place, column in places.items()}
                yield CsvRow(self._file, line, read_)

    def _value(self, line: int, column: Column, value: str) -> str:
        if not value:
            if column.filled:
                self._report(line, column.label, "is empty: every row needs it")
            return ""
        if column.kind == "nummer":
            self._dropped[column.path] += 1
            return ""
        if values.NOT_XML.search(value):
            self._report(line, column.label, values.NO_XML)
            return ""
        found = KINDS[column.kind](value)
        if found.reason:
            self._report(line, column.label, found.reason, Severity.REFUSED if found.refused else Severity.WARNING)
        elif column.filled and not found.text:
            self._report(line, column.label, "is empty: every row needs it")
        return found.text or ""


def fold(label: str) -> str:
    """Return a label in the form in which labels are compared: without case, with single spaces and none around it."""
    return " ".join(label.strip(values.SPACES).split()).casefold()
