"""Reader of one file of a CSV set: bytes in; rows with their line out, or every reason for a refusal.

The encoding is UTF-8, with or without a byte order mark, or else Windows-1252. The delimiter is `;` or `,`, whichever
is more frequent in the first line. What spreadsheets write is accepted: quotes, a first line `sep=;`, and empty columns
and rows at the end. Values are checked for the kind of their column, and converted to the form of EDEXML.
"""

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from io import StringIO

from uwlr_adapter.administratie.model import Problem, Severity
from uwlr_adapter.administratie.sources.csv_set.columns import COLUMNS, Column
from uwlr_adapter.clock import schooljaar_start

_BOM = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_UTF_8 = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
"""A character of two to four bytes; in Windows-1252 these bytes are as many unusual characters."""
_UNREADABLE = "neither UTF-8 nor Windows-1252: save it as CSV UTF-8"
_LINE_END = re.compile("\r\n|\r|\n")
"""The line ends of the csv module and of editors; `str.splitlines` splits at more characters."""
_SEP = re.compile(r"sep=([;,]?)", re.IGNORECASE)
"""A first line in which a spreadsheet names the delimiter."""
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_DATE = re.compile(r"(\d{1,2})[-/](\d{1,2})[-/](\d{4})|(\d{4})-(\d{2})-(\d{2})", re.ASCII)
_TIME = re.compile(r"[T ](\d{1,2}):(\d{2})(?::(\d{2}))?(Z|[+-]\d{2}:\d{2})?", re.ASCII)
_BRIN = re.compile(r"\d{2}[A-Z]{2}", re.ASCII)
_VESTIGING = re.compile(r"\d{1,2}", re.ASCII)
_COMBINATION = re.compile(r"[0-8](?: ?[/,+-] ?[0-8])+", re.ASCII)
_GESLACHT = {"m": "1", "j": "1", "man": "1", "jongen": "1", "v": "2", "vrouw": "2", "meisje": "2"}
_GESLACHT |= {"onbekend": "0", "o": "0", "niet opgegeven": "9"} | {code: code for code in "0129"}
_GROUP_KIND = {"stamgroep": "groep", "groep": "groep"}
_GROUP_KIND |= {"samengestelde groep": "samengestelde_groep", "instructiegroep": "samengestelde_groep"}
_YES_NO = {"ja": "Ja", "j": "Ja", "nee": "Nee", "n": "Nee"}


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
    text, problem = _decode(data)
    if problem is not None:
        return CsvTable((), (replace(problem, file=f"{file}.csv"),))
    return _CsvReader(file, text, labels).read()


def _decode(data: bytes) -> tuple[str, Problem | None]:
    """Return the text of a file, or an empty text and the problem with its encoding."""
    if data.startswith(_UTF_16):
        return "", Problem(1, "", f"is UTF-16, {_UNREADABLE}")
    if (place := data.find(b"\0")) >= 0:
        return "", _at_byte(data, place, f"a zero byte: {_UNREADABLE}")
    try:
        return data.removeprefix(_BOM).decode("utf-8"), None
    except UnicodeDecodeError as error:
        place = error.start + len(data) - len(data.removeprefix(_BOM))
    if data.startswith(_BOM) or _is_broken_utf_8(data):
        return "", _at_byte(data, place, "is UTF-8 up to here, and not any more: is the file whole?")
    try:
        return data.decode("cp1252"), None
    except UnicodeDecodeError as error:
        return "", _at_byte(data, error.start, _UNREADABLE)


def _is_broken_utf_8(data: bytes) -> bool:
    """Return whether most of what is not ASCII is UTF-8: Windows-1252 would turn each accent into two letters."""
    characters = _UTF_8.findall(data)
    other_bytes = sum(byte > ord("\x7f") for byte in data) - sum(map(len, characters))
    return len(characters) > other_bytes


def _at_byte(data: bytes, place: int, reason: str) -> Problem:
    line_end = data.rfind(b"\n", 0, place)  # -1 on the first line
    return Problem(data.count(b"\n", 0, place) + 1, f"byte {place - line_end}", reason)


def _delimiter(text: str) -> str:
    """Return the delimiter: the one of a `sep=` line, else the more frequent one in the first line."""
    first = _LINE_END.split(text.lstrip(), maxsplit=1)[0]
    match = _SEP.match(first.lstrip('"'))
    return match[1] if match and match[1] else max(";,", key=first.count)


_NEVER_CLOSED = "a quote that opens in this row is never closed: is the file whole?"
_AFTER_QUOTE = "text after a closing quote: within a cell a quote is written twice"
_NO_COLUMN = "this column is missing (kolommen.toml can name another label)"
_OTHER_LABEL = "this column is missing: kolommen.toml names a label that the file does not have"


class _CsvReader:
    """The state of reading one file: its problems and counts so far."""

    def __init__(self, file: str, text: str, labels: Mapping[str, str]) -> None:
        self._file = file
        self._columns_by_label = COLUMNS[file]
        self._labels = labels
        self._text = text
        self._reader = csv.reader(StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
        self._problems: list[Problem] = []
        self._dropped: Counter[str] = Counter()

    def read(self) -> CsvTable:
        """Return the rows, the problems and the counts."""
        rows = self._cells()
        line, header = next(rows, (1, [""]))
        if _SEP.fullmatch(header[0]):
            line, header = next(rows, (1, [""]))
        while header and not header[-1]:
            header.pop()
        places = {} if self._problems else self._columns(line, header)
        if any(problem.severity is Severity.REFUSED for problem in self._problems):
            return CsvTable((), tuple(self._problems))
        values = tuple(self._rows(rows, places, len(header)))
        if not self._text.endswith(("\n", "\r")):
            last = len(_LINE_END.findall(self._text)) + 1
            self._report(last, "", "does not end with a line break: is the file whole?", Severity.WARNING)
        return CsvTable(values, tuple(self._problems), dict(self._dropped))

    def _report(self, line: int, label: str, reason: str, severity: Severity = Severity.REFUSED) -> None:
        self._problems.append(Problem(line, label, reason, severity, f"{self._file}.csv"))

    def _cells(self) -> Iterator[tuple[int, list[str]]]:
        """Yield each row that is not empty, with the line on which it starts."""
        next_line = 1
        try:
            for cells in self._reader:
                line, next_line = next_line, self._reader.line_num + 1
                stripped = [cell.strip() for cell in cells]
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
        wanted = {fold(self._labels.get(label, label)): column for label, column in self._columns_by_label.items()}
        found: dict[int, Column] = {}
        for place, label in enumerate(header):
            column = wanted.get(fold(label))
            if column is None:
                self._report(line, f"column {place + 1}", "has an unknown label: not read", Severity.WARNING)
            elif column in found.values():
                self._report(line, column.label, "occurs twice")
            else:
                found[place] = column
        for label, column in self._columns_by_label.items():
            if column.required and column not in found.values():
                self._report(line, label, _OTHER_LABEL if label in self._labels else _NO_COLUMN)
        return found

    def _rows(
        self, rows: Iterator[tuple[int, list[str]]], places: Mapping[int, Column], width: int
    ) -> Iterator[CsvRow]:
        for line, cells in rows:
            if len(cells) < width or any(cells[width:]):
                self._report(line, "", f"has {len(cells)} columns, the header has {width}: is the file whole?")
            else:
                values = {column.label: self._value(line, column, cells[place]) for place, column in places.items()}
                yield CsvRow(self._file, line, values)

    def _value(self, line: int, column: Column, value: str) -> str:
        if not value:
            if column.filled:
                self._report(line, column.label, "is empty")
            return ""
        if column.kind == "nummer":
            self._dropped[column.path] += 1
            return ""
        if _NOT_XML.search(value):
            self._report(line, column.label, "holds a character that XML does not allow")
            return ""
        convert, reason = KINDS[column.kind]
        converted = convert(value)
        if converted is None:
            self._report(line, column.label, reason)
        return converted or ""


def fold(label: str) -> str:
    """Return a label in the form in which labels are compared: without case, with single spaces and none around it."""
    return " ".join(label.split()).casefold()


def _date(value: str) -> str | None:
    match = _DATE.fullmatch(value)
    if match is None:
        return None
    day, month, year, *iso = match.groups()
    try:
        return (date(int(year), int(month), int(day)) if year else date(*map(int, iso))).isoformat()
    except ValueError:
        return None


def _moment(value: str) -> str | None:
    time = _TIME.search(value)
    day = _date(value[: time.start()] if time else value)
    if day is None or (time is not None and time.end() != len(value)):
        return None
    hour, minute, second, zone = time.groups() if time else ("0", "00", None, None)
    text = f"{day}T{int(hour):02}:{minute}:{second or '00'}{zone or ''}"
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return None
    return text


def _schooljaar(value: str) -> str | None:
    text = value.replace("/", "-").replace(" ", "")
    return None if schooljaar_start(text) is None else text


def _coded(codes: Mapping[str, str]) -> Callable[[str], str | None]:
    return lambda value: codes.get(value.casefold())


KINDS: dict[str, tuple[Callable[[str], str | None], str]] = {
    "tekst": (lambda value: value, ""),
    "rollen": (lambda value: value, ""),
    "datum": (_date, "is not an existing date, such as 31-12-2026"),
    "moment": (_moment, "is not an existing date and time, such as 31-12-2026 14:05"),
    "schooljaar": (_schooljaar, "is not two consecutive years, such as 2026-2027"),
    "brin": (lambda value: value if _BRIN.fullmatch(value) else None, "is not a brincode in capitals, such as 21QW"),
    "vestiging": (
        lambda value: value.zfill(2) if _VESTIGING.fullmatch(value) else None,
        "is not two digits, such as 00",
    ),
    "ja-nee": (_coded(_YES_NO), "is not Ja or Nee"),
    "geslacht": (_coded(_GESLACHT), "is not M, V, Onbekend or Niet opgegeven"),
    "soort": (_coded(_GROUP_KIND), "is not Stamgroep, Samengestelde groep or Instructiegroep"),
    "jaargroep": (lambda value: "C" if _COMBINATION.fullmatch(value) else value, ""),
}
"""For each kind of column: the conversion of a cell to the form of EDEXML (None: not possible), and the reason then."""
