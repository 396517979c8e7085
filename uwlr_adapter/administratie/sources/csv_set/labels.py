"""Read kolommen.toml, the file of a CSV set that names the labels of columns which differ from ours."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from uwlr_adapter.administratie.model import ImportFout, Probleem
from uwlr_adapter.administratie.sources.csv_set.columns import KOLOMMEN
from uwlr_adapter.administratie.sources.csv_set.csv_file import fold

NAAM = "kolommen.toml"
"""What it is called in the folder of a set."""
Labels = Mapping[str, Mapping[str, str]]
"""Per file of a set: our label, and the one that it has there."""
_PLAATS = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def read(pad: Path) -> Labels:
    """Read the file, or that of a folder, which may do without. Raises ImportFout with every reason."""
    bestand = pad / NAAM if pad.is_dir() else pad
    try:
        return parse(bestand.read_bytes(), bestand.name)
    except FileNotFoundError:
        if pad.is_dir():
            return {}
        raise ImportFout([Probleem(0, "", "is not there", bestand=bestand.name)]) from None
    except OSError as error:
        raise ImportFout([Probleem(0, "", f"cannot be read: {error.strerror}", bestand=bestand.name)]) from None


def parse(data: bytes, bestand: str = NAAM) -> Labels:
    """Give what the bytes of the file say. Raises ImportFout with every reason."""
    try:
        text = data.decode("utf-8-sig")
        found = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise ImportFout(
            [Probleem(data.count(b"\n", 0, error.start) + 1, "", "is not UTF-8", bestand=bestand)]
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise ImportFout([_no_toml(text, str(error), bestand)]) from None
    if problemen := [Probleem(regel, pad, reden, bestand=bestand) for regel, pad, reden in _judge(found, text)]:
        raise ImportFout(problemen)
    return found


def _no_toml(text: str, message: str, bestand: str) -> Probleem:
    place = _PLAATS.search(message)
    reden = f"is no TOML: {_PLAATS.sub('', message)}"
    if place is None or place[1] is None:
        return Probleem(text.count("\n") + 1, "", reden, bestand=bestand)
    return Probleem(int(place[1]), f"column {place[2]}", reden, bestand=bestand)


def _judge(found: Mapping[str, Any], text: str) -> Iterator[tuple[int, str, str]]:
    """Give the line, the place and the reason of what names no file or column, or names a column twice."""
    for naam, labels in found.items():
        head = _line_of(text, naam)
        if naam not in KOLOMMEN or not isinstance(labels, dict):
            yield head, naam, f"is no file of a CSV set: {', '.join(KOLOMMEN)}"
            continue
        for label, theirs in labels.items():
            regel = _line_of(text, label, head)
            if label not in KOLOMMEN[naam]:
                yield regel, f"{naam}/{label}", f"is no column of {naam}.csv, see `import template`"
            elif not isinstance(theirs, str) or not theirs.strip():
                yield regel, f"{naam}/{label}", "is no text between quotes"
            elif any(fold(theirs) == fold(str(labels.get(other, other))) for other in KOLOMMEN[naam] if other != label):
                yield regel, f"{naam}/{label}", "is the label of another column as well"


def _line_of(text: str, naam: str, after: int = 1) -> int:
    """Give the first line from `after` on that has a name before any comment; TOML's reader tells none."""
    for regel, line in enumerate(text.split("\n"), 1):
        if regel >= after and naam in line.partition("#")[0]:
            return regel
    return 0
