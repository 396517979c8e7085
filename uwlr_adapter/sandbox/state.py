"""What the sandbox knows beside its database: its clock, its accounts, and what was asked of each school.

It is one small file in the data folder, written whole.
"""

import fcntl
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import IO, Any

from uwlr_adapter.errors import UnusableError

FILE = "sandbox.json"
LOCK = "sandbox.lock"
"""The file that the demo that uses the folder keeps locked."""
MAX_EDITS = 500
"""Acts on the leerlingen of one school (inclusive) until it is made anew."""


@dataclass(frozen=True, slots=True)
class Edits:
    """What was done to the leerlingen of a school since it was made; a leerling is named by the key."""

    left: tuple[str, ...] = ()
    renamed: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """The roepnaam and the achternaam by key."""
    joined: Mapping[str, int] = field(default_factory=dict)
    """The calendar year in which each was in jaargroep 1, by key."""
    moved: Mapping[str, str] = field(default_factory=dict)
    """The key of the groep in which each is instead of that of the jaargroep, by key."""
    corrected: Mapping[str, int] = field(default_factory=dict)
    """How many times the ECK-iD of each was corrected, by key."""
    has_question: bool = False
    """Whether the present file says of one leerling that it is somebody else."""

    def __len__(self) -> int:
        """Return how many there are."""
        return sum(map(len, (self.left, self.renamed, self.joined, self.moved, self.corrected)))


@dataclass(frozen=True, slots=True)
class MadeSchool:
    """A school that was made. `version` grows with each act of its account."""

    version: int = 1
    years: tuple[str, ...] = ()
    """The schooljaren that were laid out."""
    fresh: tuple[str, ...] = ()
    """Those of them whose records are as `edits` has them: an import brings the present and the next one only."""
    calls: int = 0
    """The calls of its account with the right codes."""
    edits: Edits = field(default_factory=Edits)
    seconds: int = 0
    """Seconds that an answer waits."""
    refused: int = 0
    """Calls that are refused for being too early, from the next one on."""
    cut: int = 0
    """Answers that break, from the next one on."""
    breakage: str = "half"
    """How they break: a `Breakage`."""


@dataclass(frozen=True, slots=True)
class SandboxState:
    """The whole state."""

    ahead: int = 0
    """Seconds by which the clock is ahead of the present; negative: behind."""
    accounts: Mapping[str, str] = field(default_factory=dict)
    """The klantnaam by the letters of the account."""
    schools: Mapping[str, MadeSchool] = field(default_factory=dict)
    """By brin6."""


class SandboxStateError(UnusableError):
    """The file of the state cannot be read; the text says what to do."""


def hold(folder: Path) -> IO[bytes]:
    """Return an open file that keeps a data folder for this demo, until it is closed or this process ends.

    Two of them would each write the state that the other one does not know. Raises SandboxStateError for the second.
    """
    held = (folder / LOCK).open("ab")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        held.close()
        raise SandboxStateError(
            f"another demo uses {folder}: stop that one, or give this one a folder by --data"
        ) from None
    return held


def read(folder: Path) -> SandboxState:
    """Return the state in a data folder; that of a new sandbox when there is none. Raises SandboxStateError."""
    try:
        found = json.loads((folder / FILE).read_text(encoding="utf-8"))
        schools = {brin6: _school(one) for brin6, one in found["schools"].items()}
        timedelta(seconds=_whole(found["ahead"]))
        return SandboxState(found["ahead"], dict(map(_texts, found["accounts"].items())), schools)
    except FileNotFoundError:
        return SandboxState()
    except (OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError):
        raise SandboxStateError(
            f"{folder / FILE} cannot be read: remove the folder, and the demo begins anew"
        ) from None


def _school(found: dict[str, Any]) -> MadeSchool:
    edits = found["edits"]
    renamed = {key: (roepnaam, achternaam) for key, (roepnaam, achternaam) in edits["renamed"].items()}
    _texts([one for both in renamed.values() for one in both])
    joined = {key: _whole(year) for key, year in edits["joined"].items()}
    moved = dict(map(_texts, edits.get("moved", {}).items()))
    corrected = {key: _whole(times) for key, times in edits.get("corrected", {}).items()}
    read_edits = Edits(_texts(edits["left"]), renamed, joined, moved, corrected, bool(edits["has_question"]))
    whole = {name: _whole(found[name]) for name in ("version", "calls", "seconds", "refused")}
    return MadeSchool(
        **whole,
        cut=_whole(found.get("cut", 0)),
        breakage=_texts([found.get("breakage", MadeSchool().breakage)])[0],
        years=_texts(found["years"]),
        fresh=_texts(found.get("fresh", [])),
        edits=read_edits,
    )


def _whole(value: Any) -> int:  # noqa: ANN401 - of JSON
    """Return a value that is a whole number. Raises TypeError."""
    if type(value) is not int:
        raise TypeError("a whole number")
    return value


def _texts(values: Any) -> tuple[Any, ...]:  # noqa: ANN401 - of JSON
    """Return values that are texts. Raises TypeError."""
    if isinstance(values, str) or not all(isinstance(one, str) for one in values):
        raise TypeError("texts")
    return tuple(values)


def write(folder: Path, state: SandboxState) -> None:
    """Store the state in a data folder, whole or not at all."""
    new = folder / f"{FILE}.new"
    new.write_text(json.dumps(asdict(state)), encoding="utf-8")
    new.replace(folder / FILE)
