"""Reader of kolommen.toml, the file of a CSV set that names the labels of its columns where these differ from ours."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from uwlr_adapter.administratie.model import ImportRefusedError, Problem
from uwlr_adapter.administratie.sources.csv_set.columns import COLUMNS
from uwlr_adapter.administratie.sources.csv_set.csv_file import fold

FILE_NAME = "kolommen.toml"
"""The name of the file in the folder of a set."""
Labels = Mapping[str, Mapping[str, str]]
"""For each file of a set: the label of the set by our label."""
_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")

_UNREADABLE = "is not TOML that can be read: a number has too many digits, or it is nested too deep"


def read(path: Path) -> Labels:
    """Read a file, or the FILE_NAME of a folder, where it is optional. Raises ImportRefusedError with every reason."""
    file = _in_folder(path) if path.is_dir() else path
    try:
        return parse(file.read_bytes(), file.name)
    except FileNotFoundError:
        if path.is_dir():
            return {}
        raise ImportRefusedError([Problem(0, "", "does not exist", file=file.name)]) from None
    except OSError as error:
        raise ImportRefusedError([Problem(0, "", f"cannot be read: {error.strerror}", file=file.name)]) from None


def _in_folder(folder: Path) -> Path:
    """Return the file of a folder, also when its name is in capitals; one that does not exist when there is none."""
    exact = folder / FILE_NAME
    others = (file for file in sorted(folder.iterdir()) if file.name.casefold() == FILE_NAME)
    return exact if exact.exists() else next(others, exact)


def parse(data: bytes, file: str = FILE_NAME) -> Labels:
    """Parse the bytes of the file. Raises ImportRefusedError with every reason."""
    try:
        text = data.decode("utf-8-sig")
        labels = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise ImportRefusedError(
            [Problem(data.count(b"\n", 0, error.start) + 1, "", "is not UTF-8", file=file)]
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise ImportRefusedError([_not_toml(text, str(error), file)]) from None
    except (ValueError, RecursionError):  # which the library leaves to Python
        raise ImportRefusedError([Problem(0, "", _UNREADABLE, file=file)]) from None
    if problems := [Problem(line, path, reason, file=file) for line, path, reason in _judge(labels, text)]:
        raise ImportRefusedError(problems)
    return labels


def _not_toml(text: str, message: str, file: str) -> Problem:
    place = _PLACE.search(message)
    reason = f"is not TOML: {_PLACE.sub('', message)}"
    if place is None or place[1] is None:
        return Problem(text.count("\n") + 1, "", reason, file=file)
    return Problem(int(place[1]), f"column {place[2]}", reason, file=file)


def _judge(tables: Mapping[str, Any], text: str) -> Iterator[tuple[int, str, str]]:
    """Yield the line, the path and the reason of each unknown file or column, invalid label, and label used twice."""
    for file, labels in tables.items():
        first_line = _line_of(text, file)
        if file not in COLUMNS or not isinstance(labels, dict):
            yield first_line, file, f"is not a file of a CSV set: {', '.join(COLUMNS)}"
            continue
        for label, theirs in labels.items():
            line = _line_of(text, label, first_line)
            if label not in COLUMNS[file]:
                yield line, f"{file}/{label}", f"is not a column of {file}.csv, see `import template`"
            elif not isinstance(theirs, str) or not theirs.strip():
                yield line, f"{file}/{label}", "is not a text between quotes"
            elif any(fold(theirs) == fold(str(labels.get(other, other))) for other in COLUMNS[file] if other != label):
                yield line, f"{file}/{label}", "is the label of another column as well"


def _line_of(text: str, name: str, first: int = 1) -> int:
    """Return the first line, from `first` on, that has a name before any comment, or 0: `tomllib` keeps no lines."""
    for number, line in enumerate(text.split("\n"), 1):
        if number >= first and name in line.partition("#")[0]:
            return number
    return 0
