"""CSV sets: deliveries or a refusal with reasons, the same for the same cells written in another way."""

import csv
import re
from functools import cache
from io import StringIO
from pathlib import Path

from fuzz.target import Target
from fuzz.targets import deliveries
from uwlr_adapter.administratie.sources.csv_set import csv_file, csv_set, labels
from uwlr_adapter.administratie.sources.csv_set.columns import COLUMNS
from uwlr_adapter.administratie.sources.csv_set.decoding import decode

FOLDER = Path(__file__).parents[2] / "tests" / "data" / "csv"
_MARK = re.compile(rb"\n#### ([a-z]+)\n")
"""Begins each file of a set in an input; what stands before the first one is the name of no file."""
_TOML = "kolommen"
"""The name in an input of the file that names labels."""
_LABELS = sorted({label for columns in COLUMNS.values() for label in columns})
_WORDS = (
    *(label.encode() for label in _LABELS),
    *(f";{label}".encode() for label in _LABELS),
    *(f"\n#### {name}\n".encode() for name in (*COLUMNS, _TOML)),
    *(b"a = ", b"[" * 3000, b"9" * 5000, b"[leerlingen]\n", b'Sleutel = "Nummer"\n', b"{a=", b"\\u0000"),
    *(b";", b",", b'"', b'""', b";;;;;", b"\n", b"\r\n", b"\r", b"\t", b"sep=;\n", b"sep=,\n", b"\xef\xbb\xbf", b"\0"),
    *(
        b"\xe9",
        b"\xc3\xab",
        b"\xc2\xa0",
        b"\xe2\x80\xa8",
        b"\x0b",
        b"\x1f",
        b"\x82",
        b"\xff\xfe",
        b"=1+1",
        b"Ja",
        b"Nee",
    ),
    *(b"2026/2027", b"01-08-2026", b"31-02-2026", b"1-8-26", b"8/13/2026", b"1E+05", b"21QW", b"00", b"0", b"3", b"M"),
)


@cache
def samples() -> list[bytes]:
    """Return the good set, and each set of the corpus with the files of the good one that it leaves out."""
    good = {path.stem: path.read_bytes() for path in sorted((FOLDER / "goed").glob("*.csv"))}
    sets = [good]
    for folder in sorted(one for one in FOLDER.iterdir() if one.is_dir()):
        own = {path.stem.lower(): path.read_bytes() for path in sorted(folder.iterdir())}
        sets.append({**good, **{name: data for name, data in own.items() if name in {*COLUMNS, _TOML}}})
    return [_joined(one) for one in sets if sum(map(len, one.values())) < 16 * 1024]


def _joined(files: dict[str, bytes]) -> bytes:
    return b"".join(b"\n#### %s\n%s" % (name.encode(), data) for name, data in files.items())


def check(data: bytes) -> str:
    """Require deliveries or reasons, and of a set that is taken the same with every cell in quotes."""
    pieces = _MARK.split(data)
    given = {name.decode(): text for name, text in zip(pieces[1::2], pieces[2::2], strict=True)}
    files = {name: given[name] for name in COLUMNS if name in given}
    if not files:
        return "nothing"
    found, problems = deliveries.outcome(lambda: csv_set.read(files, labels.parse(given.get(_TOML, b""))))
    if found and _TOML not in given:
        again, _ = deliveries.outcome(lambda: csv_set.read({name: _quoted(name, text) for name, text in files.items()}))
        assert deliveries.contents(again) == deliveries.contents(found), "read otherwise in quotes"
    return deliveries.verdict(found, problems)


def _quoted(name: str, data: bytes) -> bytes:
    """Return a file that can be read with each cell in quotes, and nothing above its header."""
    text, _ = decode(data)
    folded = frozenset(csv_file.fold(column.label) for column in COLUMNS[name].values())
    header = csv_file._find_header(text, folded)  # noqa: SLF001 - what stands above it is not written
    written = StringIO(newline="")
    writer = csv.writer(written, delimiter=";", lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    writer.writerows(csv.reader(StringIO(text[header.place :], newline=""), delimiter=header.delimiter))
    return written.getvalue().encode()


TARGET = Target("csv", samples, _WORDS, check, calls=60_000, calls_each=40)
