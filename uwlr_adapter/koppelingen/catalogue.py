"""The catalogue: every koppeling that a school can have, as the file `catalogue.toml` lists them.

An entry is data, no code: another koppeling is another entry. A broken file is refused as a whole.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from importlib.resources import files
from pathlib import Path
from typing import Any, Self, TypeVar

from uwlr_adapter.contract.profiles import PROFIELEN
from uwlr_adapter.errors import UnusableError

MAX_ID = 40
"""An id and a version stand in the database, in columns of this width."""
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class CatalogueError(UnusableError):
    """The catalogue file is broken; the text says where."""


@dataclass(frozen=True, slots=True)
class Voorwaarden:
    """Terms of use in Dutch; an agreement names their version."""

    id: str
    versie: str
    tekst: str

    def __post_init__(self) -> None:
        """Refuse what is no slug. Raises CatalogueError."""
        _require_slugs(self.id, self.versie)


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """One koppeling of the catalogue.

    With an `afnemer` (its klantnaam) and a `profiel` it is a UWLR koppeling: it has a verificatiecode and carries
    data. What is `standaard` is active for every school, without a record.
    """

    id: str
    naam: str
    type: str
    omschrijving: str
    prijs: str
    voorwaarden: Voorwaarden
    standaard: bool = False
    afnemer: str | None = None
    profiel: str | None = None

    def __post_init__(self) -> None:
        """Refuse an entry whose parts do not go together. Raises CatalogueError."""
        _require_slugs(self.id)
        if (self.afnemer is None) != (self.profiel is None):
            raise CatalogueError("afnemer and profiel stand together")
        if self.profiel is not None and self.profiel not in PROFIELEN:
            raise CatalogueError(f"profiel is one of: {', '.join(PROFIELEN)}")
        if self.standaard and self.afnemer is not None:
            raise CatalogueError("a standaard koppeling has no afnemer: its school never agreed to a data flow")

    @property
    def has_code(self) -> bool:
        """Whether this is a UWLR koppeling: with a verificatiecode, carrying data."""
        return self.profiel is not None


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The entries by their id, in the order in which a school sees them."""

    entries: Mapping[str, CatalogueEntry]

    @classmethod
    def load(cls, path: Path | None = None) -> Self:
        """Read a catalogue file; without one, the catalogue that is shipped. Raises CatalogueError."""
        bron = files(__package__).joinpath("catalogue.toml") if path is None else path
        try:
            return cls(_read(tomllib.loads(bron.read_text(encoding="utf-8"))))
        except (OSError, ValueError) as error:  # TOML and UTF-8 errors are ValueErrors
            raise CatalogueError(f"the catalogue cannot be read: {error}") from error

    def __iter__(self) -> Iterator[CatalogueEntry]:
        """Give the entries in the order of the file."""
        return iter(self.entries.values())

    def get(self, id_: str) -> CatalogueEntry | None:
        """Give the entry with this id, if any."""
        return self.entries.get(id_)


_T = TypeVar("_T", Voorwaarden, CatalogueEntry)


def _read(content: dict[str, Any]) -> dict[str, CatalogueEntry]:
    if unknown := content.keys() - {"voorwaarden", "koppeling"}:
        raise CatalogueError(f"the catalogue has unknown parts: {', '.join(sorted(unknown))}")
    voorwaarden: dict[str, Voorwaarden] = {}
    for place, table in _tables(content, "voorwaarden"):
        _add(voorwaarden, _make(Voorwaarden, table, place), place)
    entry: dict[str, CatalogueEntry] = {}
    for place, table in _tables(content, "koppeling"):
        known = voorwaarden.get(str(table.get("voorwaarden")))
        if known is None:
            raise CatalogueError(f"{place}: voorwaarden names no terms of this catalogue")
        _add(entry, _make(CatalogueEntry, {**table, "voorwaarden": known}, place), place)
    return entry


def _tables(content: dict[str, Any], naam: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give each `[[naam]]` table with its place, for messages."""
    tables = content.get(naam)
    if not isinstance(tables, list) or not tables:
        raise CatalogueError(f"the catalogue has no [[{naam}]]")
    for number, table in enumerate(tables, start=1):
        place = f"[[{naam}]] {number}"
        if not isinstance(table, dict):
            raise CatalogueError(f"{place} is no table")
        yield place, table


def _make(kind: type[_T], table: dict[str, Any], place: str) -> _T:
    fields_ = {field_.name: field_ for field_ in fields(kind)}
    if unknown := table.keys() - fields_.keys():
        raise CatalogueError(f"{place} has unknown keys: {', '.join(sorted(unknown))}")
    for naam, field_ in fields_.items():
        if naam not in table:
            if field_.default is MISSING:
                raise CatalogueError(f"{place}: {naam} is missing")
        elif naam == "standaard":
            if not isinstance(table[naam], bool):
                raise CatalogueError(f"{place}: {naam} is true or false")
        elif not isinstance(table[naam], Voorwaarden) and not (isinstance(table[naam], str) and table[naam].strip()):
            raise CatalogueError(f"{place}: {naam} is a text")
    try:
        return kind(**table)
    except CatalogueError as error:
        raise CatalogueError(f"{place}: {error}") from None


def _add(collection: dict[str, _T], new: _T, place: str) -> None:
    if new.id in collection:
        raise CatalogueError(f"{place}: another one has the same id")
    collection[new.id] = new


def _require_slugs(*texts: str) -> None:
    if not all(len(text) <= MAX_ID and _SLUG.fullmatch(text) for text in texts):
        raise CatalogueError(f"an id or version has a-z, 0-9 and single hyphens, at most {MAX_ID} characters")
