"""What the sandbox knows beside its database: its clock, its accounts, and what was asked of each school.

It is one small file in the data folder, written whole.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from uwlr_adapter.errors import UnusableError

FILE = "sandbox.json"
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


def read(folder: Path) -> SandboxState:
    """Return the state in a data folder; that of a new sandbox when there is none. Raises SandboxStateError."""
    try:
        found = json.loads((folder / FILE).read_text(encoding="utf-8"))
        schools = {brin6: _school(one) for brin6, one in found["schools"].items()}
        return SandboxState(found["ahead"], found["accounts"], schools)
    except FileNotFoundError:
        return SandboxState()
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        raise SandboxStateError(
            f"{folder / FILE} cannot be read: remove the folder, and the demo begins anew"
        ) from None


def _school(found: dict[str, Any]) -> MadeSchool:
    edits = found["edits"]
    renamed = {key: (roepnaam, achternaam) for key, (roepnaam, achternaam) in edits["renamed"].items()}
    read_edits = Edits(**{**edits, "left": tuple(edits["left"]), "renamed": renamed})
    return MadeSchool(**{**found, "years": tuple(found["years"]), "edits": read_edits})


def write(folder: Path, state: SandboxState) -> None:
    """Store the state in a data folder, whole or not at all."""
    new = folder / f"{FILE}.new"
    new.write_text(json.dumps(asdict(state)), encoding="utf-8")
    new.replace(folder / FILE)
