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
from uwlr_adapter.errors import UwlrAdapterError

LANGSTE_ID = 40
"""An id and a version stand in the database, in columns of this width."""
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class CatalogusFout(UwlrAdapterError):
    """The catalogue file is broken; the text says where."""


@dataclass(frozen=True, slots=True)
class Voorwaarden:
    """Terms of use in Dutch; an agreement names their version."""

    id: str
    versie: str
    tekst: str

    def __post_init__(self) -> None:
        """Refuse what is no slug. Raises CatalogusFout."""
        _require_slugs(self.id, self.versie)


@dataclass(frozen=True, slots=True)
class Aanbod:
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
        """Refuse an entry whose parts do not go together. Raises CatalogusFout."""
        _require_slugs(self.id)
        if (self.afnemer is None) != (self.profiel is None):
            raise CatalogusFout("afnemer and profiel stand together")
        if self.profiel is not None and self.profiel not in PROFIELEN:
            raise CatalogusFout(f"profiel is one of: {', '.join(PROFIELEN)}")
        if self.standaard and self.afnemer is not None:
            raise CatalogusFout("a standaard koppeling has no afnemer: its school never agreed to a data flow")

    @property
    def heeft_code(self) -> bool:
        """Whether this is a UWLR koppeling: with a verificatiecode, carrying data."""
        return self.profiel is not None


@dataclass(frozen=True, slots=True)
class Catalogus:
    """The entries by their id, in the order in which a school sees them."""

    aanbod: Mapping[str, Aanbod]

    @classmethod
    def load(cls, pad: Path | None = None) -> Self:
        """Read a catalogue file; without one, the catalogue that is shipped. Raises CatalogusFout."""
        bron = files(__package__).joinpath("catalogue.toml") if pad is None else pad
        try:
            return cls(_read(tomllib.loads(bron.read_text(encoding="utf-8"))))
        except (OSError, ValueError) as error:  # TOML and UTF-8 errors are ValueErrors
            raise CatalogusFout(f"the catalogue cannot be read: {error}") from error

    def __iter__(self) -> Iterator[Aanbod]:
        """Give the entries in the order of the file."""
        return iter(self.aanbod.values())

    def get(self, id_: str) -> Aanbod | None:
        """Give the entry with this id, if any."""
        return self.aanbod.get(id_)


_T = TypeVar("_T", Voorwaarden, Aanbod)


def _read(inhoud: dict[str, Any]) -> dict[str, Aanbod]:
    if vreemd := inhoud.keys() - {"voorwaarden", "koppeling"}:
        raise CatalogusFout(f"the catalogue has unknown parts: {', '.join(sorted(vreemd))}")
    voorwaarden: dict[str, Voorwaarden] = {}
    for plaats, tabel in _tables(inhoud, "voorwaarden"):
        _add(voorwaarden, _make(Voorwaarden, tabel, plaats), plaats)
    aanbod: dict[str, Aanbod] = {}
    for plaats, tabel in _tables(inhoud, "koppeling"):
        bekend = voorwaarden.get(str(tabel.get("voorwaarden")))
        if bekend is None:
            raise CatalogusFout(f"{plaats}: voorwaarden names no terms of this catalogue")
        _add(aanbod, _make(Aanbod, {**tabel, "voorwaarden": bekend}, plaats), plaats)
    return aanbod


def _tables(inhoud: dict[str, Any], naam: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give each `[[naam]]` table with its place, for messages."""
    tabellen = inhoud.get(naam)
    if not isinstance(tabellen, list) or not tabellen:
        raise CatalogusFout(f"the catalogue has no [[{naam}]]")
    for nummer, tabel in enumerate(tabellen, start=1):
        plaats = f"[[{naam}]] {nummer}"
        if not isinstance(tabel, dict):
            raise CatalogusFout(f"{plaats} is no table")
        yield plaats, tabel


def _make(soort: type[_T], tabel: dict[str, Any], plaats: str) -> _T:
    velden = {veld.name: veld for veld in fields(soort)}
    if vreemd := tabel.keys() - velden.keys():
        raise CatalogusFout(f"{plaats} has unknown keys: {', '.join(sorted(vreemd))}")
    for naam, veld in velden.items():
        if naam not in tabel:
            if veld.default is MISSING:
                raise CatalogusFout(f"{plaats}: {naam} is missing")
        elif naam == "standaard":
            if not isinstance(tabel[naam], bool):
                raise CatalogusFout(f"{plaats}: {naam} is true or false")
        elif not isinstance(tabel[naam], Voorwaarden) and not (isinstance(tabel[naam], str) and tabel[naam].strip()):
            raise CatalogusFout(f"{plaats}: {naam} is a text")
    try:
        return soort(**tabel)
    except CatalogusFout as fout:
        raise CatalogusFout(f"{plaats}: {fout}") from None


def _add(verzameling: dict[str, _T], nieuw: _T, plaats: str) -> None:
    if nieuw.id in verzameling:
        raise CatalogusFout(f"{plaats}: another one has the same id")
    verzameling[nieuw.id] = nieuw


def _require_slugs(*teksten: str) -> None:
    if not all(len(tekst) <= LANGSTE_ID and _SLUG.fullmatch(tekst) for tekst in teksten):
        raise CatalogusFout(f"an id or version has a-z, 0-9 and single hyphens, at most {LANGSTE_ID} characters")
