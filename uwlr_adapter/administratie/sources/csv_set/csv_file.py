"""Read one file of a CSV set: bytes in, rows out with their line, or every reason why not.

UTF-8 (with or without a byte order mark) or else Windows-1252; `;` or `,` between the columns, whichever the first line
has more of; quotes and the habits of spreadsheets: a first line `sep=;`, empty columns and rows at the end.
Values are checked for their kind and come out as EDEXML writes them.
"""

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from io import StringIO

from uwlr_adapter.administratie.model import Ernst, Probleem
from uwlr_adapter.administratie.sources.csv_set.columns import KOLOMMEN, Kolom
from uwlr_adapter.clock import schooljaar_start

_BOM = b"\xef\xbb\xbf"
_ANDERS = (b"\xff\xfe", b"\xfe\xff")
_UTF_8 = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
"""A character of more than one byte; in Windows-1252 it would be two or more odd ones."""
_NIET_TE_LEZEN = "neither UTF-8 nor Windows-1252: save it as CSV UTF-8"
_EINDE = re.compile("\r\n|\r|\n")
"""What ends a line, for the csv module and for editors; `splitlines` knows more."""
_SEP = re.compile(r"sep=([;,]?)", re.IGNORECASE)
"""A first line in which a spreadsheet says what stands between the columns."""
_NIET_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_DATUM = re.compile(r"(\d{1,2})[-/](\d{1,2})[-/](\d{4})|(\d{4})-(\d{2})-(\d{2})", re.ASCII)
_TIJD = re.compile(r"[T ](\d{1,2}):(\d{2})(?::(\d{2}))?(Z|[+-]\d{2}:\d{2})?", re.ASCII)
_BRIN = re.compile(r"\d{2}[A-Z]{2}", re.ASCII)
_VESTIGING = re.compile(r"\d{1,2}", re.ASCII)
_COMBINATIE = re.compile(r"[0-8](?: ?[/,+-] ?[0-8])+", re.ASCII)
_GESLACHT = {"m": "1", "j": "1", "man": "1", "jongen": "1", "v": "2", "vrouw": "2", "meisje": "2"}
_GESLACHT |= {"onbekend": "0", "o": "0", "niet opgegeven": "9"} | {code: code for code in "0129"}
_SOORT = {"stamgroep": "groep", "groep": "groep"}
_SOORT |= {"samengestelde groep": "samengestelde_groep", "instructiegroep": "samengestelde_groep"}
_JA_NEE = {"ja": "Ja", "j": "Ja", "nee": "Nee", "n": "Nee"}


@dataclass(frozen=True, slots=True)
class Rij:
    """One row: its values by label, empty for none, as EDEXML writes them, and the line on which it starts."""

    bestand: str
    regel: int
    waarden: Mapping[str, str]

    def __getitem__(self, label: str) -> str:
        """Give the value of a column; empty when the file does not have it."""
        return self.waarden.get(label, "")

    @property
    def brin6(self) -> str:
        """The vestiging of a row that names one."""
        return self["Brin"] + self["Vestiging"]

    def problem(self, label: str, reden: str, ernst: Ernst = Ernst.WEIGERT) -> Probleem:
        """Give a problem at a column of this row."""
        return Probleem(self.regel, label, reden, ernst, f"{self.bestand}.csv")


@dataclass(frozen=True, slots=True)
class Tabel:
    """What one file says, and what is wrong with it: with a problem that refuses, the rows do not count."""

    rijen: tuple[Rij, ...]
    problemen: tuple[Probleem, ...]
    weggelaten: Mapping[str, int] = field(default_factory=dict)
    """How many national numbers were dropped, by what EDEXML calls them."""


def read(bestand: str, data: bytes, labels: Mapping[str, str]) -> Tabel:
    """Read the file `bestand` of a set; `labels` gives the labels in the file for some of ours."""
    text, problem = _decode(data)
    if problem is not None:
        return Tabel((), (replace(problem, bestand=f"{bestand}.csv"),))
    return _Lezer(bestand, text, labels).read()


def _decode(data: bytes) -> tuple[str, Probleem | None]:
    """Give the text of a file, or why it has none."""
    if data.startswith(_ANDERS):
        return "", Probleem(1, "", f"is UTF-16, {_NIET_TE_LEZEN}")
    if (place := data.find(b"\0")) >= 0:
        return "", _at_byte(data, place, f"a zero byte: {_NIET_TE_LEZEN}")
    try:
        return data.removeprefix(_BOM).decode("utf-8"), None
    except UnicodeDecodeError as error:
        place = error.start + len(data) - len(data.removeprefix(_BOM))
    if data.startswith(_BOM) or _is_broken_utf_8(data):
        return "", _at_byte(data, place, "is UTF-8 up to here, and not any more: is the file whole?")
    try:
        return data.decode("cp1252"), None
    except UnicodeDecodeError as error:
        return "", _at_byte(data, error.start, _NIET_TE_LEZEN)


def _is_broken_utf_8(data: bytes) -> bool:
    """Tell whether most of what is not ASCII is UTF-8: read as Windows-1252 every accent would become two letters."""
    characters = _UTF_8.findall(data)
    strays = sum(byte > ord("\x7f") for byte in data) - sum(map(len, characters))
    return len(characters) > strays


def _at_byte(data: bytes, place: int, reden: str) -> Probleem:
    begin = data.rfind(b"\n", 0, place)  # -1 on the first line
    return Probleem(data.count(b"\n", 0, place) + 1, f"byte {place - begin}", reden)


def _delimiter(text: str) -> str:
    """Give what stands between the columns: as a spreadsheet says it, else what the first line has more of."""
    first = _EINDE.split(text.lstrip(), maxsplit=1)[0]
    said = _SEP.match(first.lstrip('"'))
    return said[1] if said and said[1] else max(";,", key=first.count)


_NOOIT_GESLOTEN = "a quote that opens in this row is never closed: is the file whole?"
_NA_AANHALINGSTEKEN = "text after a closing quote: within a cell a quote is written twice"
_GEEN_KOLOM = "this column is missing (kolommen.toml can name another label)"
_ANDER_LABEL = "this column is missing: kolommen.toml names a label that the file does not have"


class _Lezer:
    """One file while it is read."""

    def __init__(self, bestand: str, text: str, labels: Mapping[str, str]) -> None:
        self._bestand = bestand
        self._kolommen = KOLOMMEN[bestand]
        self._labels = labels
        self._text = text
        self._reader = csv.reader(StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
        self._problemen: list[Probleem] = []
        self._weggelaten: Counter[str] = Counter()

    def read(self) -> Tabel:
        """Give the rows."""
        rows = self._cells()
        regel, header = next(rows, (1, [""]))
        if _SEP.fullmatch(header[0]):
            regel, header = next(rows, (1, [""]))
        while header and not header[-1]:
            header.pop()
        plaatsen = {} if self._problemen else self._columns(regel, header)
        if any(problem.ernst is Ernst.WEIGERT for problem in self._problemen):
            return Tabel((), tuple(self._problemen))
        rijen = tuple(self._rows(rows, plaatsen, len(header)))
        if not self._text.endswith(("\n", "\r")):
            last = len(_EINDE.findall(self._text)) + 1
            self._report(last, "", "does not end with a line break: is it whole?", Ernst.MELDING)
        return Tabel(rijen, tuple(self._problemen), dict(self._weggelaten))

    def _report(self, regel: int, label: str, reden: str, ernst: Ernst = Ernst.WEIGERT) -> None:
        self._problemen.append(Probleem(regel, label, reden, ernst, f"{self._bestand}.csv"))

    def _cells(self) -> Iterator[tuple[int, list[str]]]:
        """Give each row that says anything, with the line on which it starts."""
        begin = 1
        try:
            for cells in self._reader:
                regel, begin = begin, self._reader.line_num + 1
                stripped = [cell.strip() for cell in cells]
                if any(stripped):
                    yield regel, stripped
        except csv.Error as error:
            never_closed = str(error).startswith(("unexpected end", "field larger"))
            self._report(begin, "", _NOOIT_GESLOTEN if never_closed else _NA_AANHALINGSTEKEN)

    def _columns(self, regel: int, header: list[str]) -> dict[int, Kolom]:
        """Give our columns by their place in the file; labels count without capitals and white space."""
        if len(header) <= 1:
            reden = "has no columns between ; or ," if header else "is empty"
            self._report(regel, "", reden)
            return {}
        wanted = {fold(self._labels.get(label, label)): kolom for label, kolom in self._kolommen.items()}
        found: dict[int, Kolom] = {}
        for plaats, label in enumerate(header):
            kolom = wanted.get(fold(label))
            if kolom is None:
                self._report(regel, f"column {plaats + 1}", "has a label that is not known: not read", Ernst.MELDING)
            elif kolom in found.values():
                self._report(regel, kolom.label, "stands there twice")
            else:
                found[plaats] = kolom
        for label, kolom in self._kolommen.items():
            if kolom.aanwezig and kolom not in found.values():
                self._report(regel, label, _ANDER_LABEL if label in self._labels else _GEEN_KOLOM)
        return found

    def _rows(self, rows: Iterator[tuple[int, list[str]]], plaatsen: Mapping[int, Kolom], width: int) -> Iterator[Rij]:
        for regel, cells in rows:
            if len(cells) < width or any(cells[width:]):
                self._report(regel, "", f"has {len(cells)} columns, the header has {width}: is the file whole?")
            else:
                waarden = {kolom.label: self._value(regel, kolom, cells[plaats]) for plaats, kolom in plaatsen.items()}
                yield Rij(self._bestand, regel, waarden)

    def _value(self, regel: int, kolom: Kolom, value: str) -> str:
        if not value:
            if kolom.gevuld:
                self._report(regel, kolom.label, "is empty")
            return ""
        if kolom.soort == "nummer":
            self._weggelaten[kolom.pad] += 1
            return ""
        if _NIET_XML.search(value):
            self._report(regel, kolom.label, "holds a character that is no text")
            return ""
        make, reden = SOORTEN[kolom.soort]
        made = make(value)
        if made is None:
            self._report(regel, kolom.label, reden)
        return made or ""


def fold(label: str) -> str:
    """Give what counts of a label: no capitals, no white space around it, one space within."""
    return " ".join(label.split()).casefold()


def _datum(value: str) -> str | None:
    match = _DATUM.fullmatch(value)
    if match is None:
        return None
    day, month, year, *iso = match.groups()
    try:
        return (date(int(year), int(month), int(day)) if year else date(*map(int, iso))).isoformat()
    except ValueError:
        return None


def _moment(value: str) -> str | None:
    tijd = _TIJD.search(value)
    dag = _datum(value[: tijd.start()] if tijd else value)
    if dag is None or (tijd is not None and tijd.end() != len(value)):
        return None
    hour, minute, second, zone = tijd.groups() if tijd else ("0", "00", None, None)
    text = f"{dag}T{int(hour):02}:{minute}:{second or '00'}{zone or ''}"
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


SOORTEN: dict[str, tuple[Callable[[str], str | None], str]] = {
    "tekst": (lambda value: value, ""),
    "rollen": (lambda value: value, ""),
    "datum": (_datum, "is no date that exists, as 31-12-2026"),
    "moment": (_moment, "is no date and time that exist, as 31-12-2026 14:05"),
    "schooljaar": (_schooljaar, "is not two following years, as 2026-2027"),
    "brin": (lambda value: value if _BRIN.fullmatch(value) else None, "is no brincode in capitals, as 21QW"),
    "vestiging": (lambda value: value.zfill(2) if _VESTIGING.fullmatch(value) else None, "is not two digits, as 00"),
    "ja-nee": (_coded(_JA_NEE), "is not Ja or Nee"),
    "geslacht": (_coded(_GESLACHT), "is not M, V, Onbekend or Niet opgegeven"),
    "soort": (_coded(_SOORT), "is not Stamgroep, Samengestelde groep or Instructiegroep"),
    "jaargroep": (lambda value: "C" if _COMBINATIE.fullmatch(value) else value, ""),
}
"""What each kind of column makes of a cell (None: it cannot), and the reason when it cannot."""
