"""Read one file of a CSV set: bytes in, rows out with their line, or every reason why not.

UTF-8 (with or without a byte order mark) or else Windows-1252; `;` or `,` between the columns, whichever the header has
more of; quotes as spreadsheets write them. Values are checked for their kind and come out as EDEXML writes them.
"""

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from io import StringIO

from uwlr_adapter.administratie.kolommen import KOLOMMEN, Kolom
from uwlr_adapter.administratie.model import Ernst, Probleem
from uwlr_adapter.tijd import schooljaar_start

_BOM = b"\xef\xbb\xbf"
_ANDERS = (b"\xff\xfe", b"\xfe\xff")
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


def read(bestand: str, data: bytes, labels: Mapping[str, str]) -> Tabel:
    """Read the file `bestand` of a set; `labels` gives the labels in the file for some of ours."""
    text, problem = _decode(data)
    if problem is not None:
        return Tabel((), (_in(bestand, problem),))
    try:
        return _Lezer(bestand, text, labels).read()
    except csv.Error as error:
        return Tabel((), (_in(bestand, Probleem(_lines(text), "", f"not whole, or not CSV: {error}")),))


def _in(bestand: str, problem: Probleem) -> Probleem:
    return Probleem(problem.regel, problem.element, problem.reden, problem.ernst, f"{bestand}.csv")


def _decode(data: bytes) -> tuple[str, Probleem | None]:
    """Give the text of a file, or why it has none."""
    if data.startswith(_ANDERS) or b"\0" in data:
        return "", Probleem(1, "", "neither UTF-8 nor Windows-1252: save it as CSV UTF-8")
    try:
        return data.removeprefix(_BOM).decode("utf-8"), None
    except UnicodeDecodeError as error:
        if data.startswith(_BOM):
            return "", _at_byte(data, error.start, "says that it is UTF-8, and is not")
    try:
        return data.decode("cp1252"), None
    except UnicodeDecodeError as error:
        return "", _at_byte(data, error.start, "neither UTF-8 nor Windows-1252: save it as CSV UTF-8")


def _at_byte(data: bytes, place: int, reden: str) -> Probleem:
    begin = data.rfind(b"\n", 0, place)
    return Probleem(data.count(b"\n", 0, place) + 1, f"byte {place - begin}", reden)


def _lines(text: str) -> int:
    return max(1, len(text.splitlines()))


class _Lezer:
    """One file while it is read."""

    def __init__(self, bestand: str, text: str, labels: Mapping[str, str]) -> None:
        self._bestand = bestand
        self._kolommen = KOLOMMEN[bestand]
        self._labels = labels
        self._whole = not text or text.endswith(("\n", "\r"))
        self._text = text
        header = text.partition("\n")[0]
        self._reader = csv.reader(StringIO(text, newline=""), delimiter=max(";,", key=header.count), strict=True)
        self._problemen: list[Probleem] = []

    def read(self) -> Tabel:
        """Give the rows."""
        header = [label.strip() for label in next(self._reader, [])]
        plaatsen = self._columns(header)
        if any(problem.ernst is Ernst.WEIGERT for problem in self._problemen):
            return Tabel((), tuple(self._problemen))
        rijen = tuple(self._rows(plaatsen, len(header)))
        if not self._whole:
            self._report(_lines(self._text), "", "does not end with a line break: is it whole?", Ernst.MELDING)
        return Tabel(rijen, tuple(self._problemen))

    def _report(self, regel: int, label: str, reden: str, ernst: Ernst = Ernst.WEIGERT) -> None:
        self._problemen.append(Probleem(regel, label, reden, ernst, f"{self._bestand}.csv"))

    def _columns(self, header: list[str]) -> dict[int, Kolom]:
        """Give our columns by their place in the file; labels count without capitals and white space."""
        wanted = {_fold(self._labels.get(label, label)): kolom for label, kolom in self._kolommen.items()}
        found: dict[int, Kolom] = {}
        for plaats, label in enumerate(header):
            kolom = wanted.get(_fold(label))
            if kolom is None:
                self._report(1, f"column {plaats + 1}", "has a label that is not known: not read", Ernst.MELDING)
            elif kolom in found.values():
                self._report(1, kolom.label, "stands there twice")
            else:
                found[plaats] = kolom
        for label, kolom in self._kolommen.items():
            if kolom.aanwezig and kolom not in found.values():
                self._report(1, label, "this column is missing (kolommen.toml can name another label)")
        return found

    def _rows(self, plaatsen: Mapping[int, Kolom], width: int) -> Iterator[Rij]:
        begin = self._reader.line_num + 1
        for cells in self._reader:
            regel, begin = begin, self._reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != width:
                self._report(regel, "", f"has {len(cells)} columns, the header has {width}: is the file whole?")
                continue
            yield Rij(
                self._bestand,
                regel,
                {kolom.label: self._value(regel, kolom, cells[plaats]) for plaats, kolom in plaatsen.items()},
            )

    def _value(self, regel: int, kolom: Kolom, cell: str) -> str:
        value = cell.strip()
        if not value:
            if kolom.gevuld:
                self._report(regel, kolom.label, "is empty")
            return ""
        if _NIET_XML.search(value):
            self._report(regel, kolom.label, "holds a character that is no text")
            return ""
        make, reden = SOORTEN[kolom.soort]
        made = make(value)
        if made is None:
            self._report(regel, kolom.label, reden)
        return made or ""


def _fold(label: str) -> str:
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
