"""Read kolommen.toml, the file of a CSV set that names the labels of columns which differ from ours."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from uwlr_adapter.administratie.model import ImportRefusedError, Problem
from uwlr_adapter.administratie.sources.csv_set.columns import COLUMNS
from uwlr_adapter.administratie.sources.csv_set.csv_file import fold

FILE_NAME = "kolommen.toml"
"""What it is called in the folder of a set."""
Labels = Mapping[str, Mapping[str, str]]
"""Per file of a set: our label, and the one that it has there."""
_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def read(path: Path) -> Labels:
    """Read the file, or that of a folder, which may do without. Raises ImportRefusedError with every reason."""
    file = path / FILE_NAME if path.is_dir() else path
    try:
        return parse(file.read_bytes(), file.name)
    except FileNotFoundError:
        if path.is_dir():
            return {}
        raise ImportRefusedError([Problem(0, "", "is not there", file=file.name)]) from None
    except OSError as error:
        raise ImportRefusedError([Problem(0, "", f"cannot be read: {error.strerror}", file=file.name)]) from None


def parse(data: bytes, file: str = FILE_NAME) -> Labels:
    """Give what the bytes of the file say. Raises ImportRefusedError with every reason."""
    try:
        text = data.decode("utf-8-sig")
        found = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise ImportRefusedError(
            [Problem(data.count(b"\n", 0, error.start) + 1, "", "is not UTF-8", file=file)]
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise ImportRefusedError([_no_toml(text, str(error), file)]) from None
    if problems := [Problem(line, path, reason, file=file) for line, path, reason in _judge(found, text)]:
        raise ImportRefusedError(problems)
    return found


def _no_toml(text: str, message: str, file: str) -> Problem:
    place = _PLACE.search(message)
    reason = f"is no TOML: {_PLACE.sub('', message)}"
    if place is None or place[1] is None:
        return Problem(text.count("\n") + 1, "", reason, file=file)
    return Problem(int(place[1]), f"column {place[2]}", reason, file=file)


def _judge(found: Mapping[str, Any], text: str) -> Iterator[tuple[int, str, str]]:
    """Give the line, the place and the reason of what names no file or column, or names a column twice."""
    for naam, labels in found.items():
        head = _line_of(text, naam)
        if naam not in COLUMNS or not isinstance(labels, dict):
            yield head, naam, f"is no file of a CSV set: {', '.join(COLUMNS)}"
            continue
        for label, theirs in labels.items():
            line = _line_of(text, label, head)
            if label not in COLUMNS[naam]:
                yield line, f"{naam}/{label}", f"is no column of {naam}.csv, see `import template`"
            elif not isinstance(theirs, str) or not theirs.strip():
                yield line, f"{naam}/{label}", "is no text between quotes"
            elif any(fold(theirs) == fold(str(labels.get(other, other))) for other in COLUMNS[naam] if other != label):
                yield line, f"{naam}/{label}", "is the label of another column as well"


def _line_of(text: str, naam: str, after: int = 1) -> int:
    """Give the first line from `after` on that has a name before any comment; TOML's reader tells none."""
    for regel, line in enumerate(text.split("\n"), 1):
        if regel >= after and naam in line.partition("#")[0]:
            return regel
    return 0
