"""The catalogue: every koppeling that a school can have, and the profiles of an operator's own.

An entry is data, no code: another koppeling is another entry of `catalogue.toml`, and a narrower profile is another
`[[profiel]]`. A broken file is refused as a whole.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from importlib.resources import files
from pathlib import Path
from typing import Any, Self, TypeVar

from uwlr_adapter.contract.profiles import ALIASES, STANDARD, NamedProfiel, ProfielError, fold_name
from uwlr_adapter.errors import UnusableError
from uwlr_adapter.koppelingen.toestemming import Toestemming

MAX_ID = 40
"""The width, in characters, of the columns in which the database keeps an id and a version."""
NO_FIELDS = NamedProfiel("geen gegevens", {})
"""The profile of a service under which nothing leaves."""
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
        """Check the slugs. Raises CatalogueError."""
        _require_slugs(self.id, self.versie)


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """One koppeling of the catalogue.

    With an `afnemer` (its klantnaam) it is a UWLR koppeling: it has a verificatiecode. With a `profiel` (a name in
    `Catalogue.profielen`) it carries leerlinggegevens, with `voorwaarden_resultaten` it takes results; of one that
    takes results only, `voorwaarden` are those. One that is `standaard` is active for every school, without a record.
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
    profiel_reden: str | None = None
    """Why the platform needs what the profile shares, for a school that is asked to agree to more; in Dutch, a part of
    a sentence."""

    voorwaarden_resultaten: Voorwaarden | None = None
    """The terms under which a school lets the platform send results; None: it sends none."""
    code_plaats: str | None = None
    """Where a school enters the verificatiecode at the platform; in Dutch, a sentence."""

    def __post_init__(self) -> None:
        """Check that the parts go together. Raises CatalogueError."""
        _require_slugs(self.id)
        carries = self.profiel is not None or self.voorwaarden_resultaten is not None
        if (self.afnemer is not None) != carries:
            raise CatalogueError("afnemer and profiel or voorwaarden_resultaten stand together")
        if self.profiel_reden is not None and self.profiel is None:
            raise CatalogueError("profiel_reden stands with a profiel only")
        if self.code_plaats is not None and self.afnemer is None:
            raise CatalogueError("code_plaats stands with an afnemer only")
        if self.standaard and self.afnemer is not None:
            raise CatalogueError("a standaard koppeling has no afnemer: its school never agreed to a data flow")

    @property
    def has_code(self) -> bool:
        """Whether this is a UWLR koppeling: with a verificatiecode, carrying data or results."""
        return self.afnemer is not None

    def offers(self, toestemming: Toestemming) -> bool:
        """Return whether a school can agree to this through it."""
        return (
            self.profiel if toestemming is Toestemming.LEERLINGGEGEVENS else self.voorwaarden_resultaten
        ) is not None

    def voorwaarden_of(self, toestemming: Toestemming) -> Voorwaarden:
        """Return the terms of a toestemming that it offers."""
        if toestemming is Toestemming.RESULTATEN and self.voorwaarden_resultaten is not None:
            return self.voorwaarden_resultaten
        return self.voorwaarden


@dataclass(frozen=True, slots=True)
class OwnProfiel:
    """A profile of an operator's own: its `basis` without the fields of `zonder` (record/element)."""

    naam: str
    basis: str
    zonder: Sequence[str]


class AgreedProfielen(dict[tuple[str, str | None], NamedProfiel | None]):
    """Profiles as far as schools agreed to them: by the id of an entry, and the fields as a koppeling stores them.

    Without fields (None) it is the whole profile; None for an entry that carries no data. A request looks one up, so
    each is worked out once.
    """

    def __init__(self, profielen: Mapping[str, NamedProfiel]) -> None:
        super().__init__()
        self._profielen = profielen

    def __missing__(self, key: tuple[str, str | None]) -> NamedProfiel | None:
        """Work out a profile and keep it."""
        entry_id, velden = key
        profiel = self._profielen.get(entry_id)
        if profiel is not None and velden is not None:
            profiel = profiel.within(velden.split())
        self[key] = profiel
        return profiel


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The entries by their id, in the order in which a school sees them, and the profiles by their name."""

    entries: Mapping[str, CatalogueEntry]
    profielen: Mapping[str, NamedProfiel] = field(default_factory=lambda: STANDARD)
    """The profiles of the standard, and those of the file."""
    profiel_by_entry: Mapping[str, NamedProfiel] = field(init=False, repr=False)
    """The profile of each entry that carries data, by its id."""
    entries_by_afnemer: Mapping[str, int] = field(init=False, repr=False)
    """How many entries each afnemer has, by its klantnaam: at most so many koppelingen of it live at a vestiging."""
    agreed: "AgreedProfielen" = field(init=False, repr=False, compare=False)
    """The profile of each entry as far as a school agreed to it."""
    _names: Mapping[str, str] = field(init=False, repr=False)
    """The profiles by the names that callers may write, folded."""

    def __post_init__(self) -> None:
        """Find the profiles, and fold their names, once: a request names an entry, and may name a profile."""
        found = {id_: self.profielen[one.profiel] for id_, one in self.entries.items() if one.profiel is not None}
        object.__setattr__(self, "profiel_by_entry", found)
        object.__setattr__(self, "agreed", AgreedProfielen(found))
        entries_by_afnemer = Counter(one.afnemer for one in self.entries.values() if one.afnemer is not None)
        object.__setattr__(self, "entries_by_afnemer", entries_by_afnemer)
        object.__setattr__(self, "_names", {fold_name(name): name for name in self.profielen} | ALIASES)

    @classmethod
    def load(cls, path: Path | None = None) -> Self:
        """Read a catalogue file; without one, the catalogue that is shipped. Raises CatalogueError."""
        source = files(__package__).joinpath("catalogue.toml") if path is None else path
        try:
            return cls(*_read(tomllib.loads(source.read_text(encoding="utf-8"))))
        except (OSError, ValueError, RecursionError) as error:  # TOML and UTF-8 errors are ValueErrors
            raise CatalogueError(f"the catalogue cannot be read: {error}") from error

    def __iter__(self) -> Iterator[CatalogueEntry]:
        """Iterate over the entries in the order of the file."""
        return iter(self.entries.values())

    def get(self, id_: str) -> CatalogueEntry | None:
        """Return the entry with this id, if any."""
        return self.entries.get(id_)

    def profiel_of_results(self, entry_id: str) -> NamedProfiel | None:
        """Return the profile under which results come in, by which nothing leaves; None when an entry offers none."""
        entry = self.entries.get(entry_id)
        return NO_FIELDS if entry is not None and entry.offers(Toestemming.RESULTATEN) else None

    def requested_profiel(self, gegevenssetid: str) -> NamedProfiel | None:
        """Return the profile that a caller names in gegevenssetid, in any spelling; None for an unknown name."""
        name = self._names.get(fold_name(gegevenssetid))
        return None if name is None else self.profielen[name]


MAX_DEPTH = 20
"""The maximum number of own profiles that are based on each other (inclusive)."""
_T = TypeVar("_T", Voorwaarden, CatalogueEntry, OwnProfiel)


def _read(content: dict[str, Any]) -> tuple[dict[str, CatalogueEntry], dict[str, NamedProfiel]]:
    if unknown := content.keys() - {"voorwaarden", "koppeling", "profiel"}:
        raise CatalogueError(f"the catalogue has unknown parts: {', '.join(sorted(unknown))}")
    voorwaarden: dict[str, Voorwaarden] = {}
    for place, table in _tables(content, "voorwaarden"):
        _add(voorwaarden, _make(Voorwaarden, table, place), place)
    profielen = _read_profielen(content)
    entries: dict[str, CatalogueEntry] = {}
    for place, table in _tables(content, "koppeling"):
        entry = _make(CatalogueEntry, {**table, **_terms_of(table, voorwaarden, place)}, place)
        if entry.profiel is not None and entry.profiel not in profielen:
            raise CatalogueError(f"{place}: profiel is one of: {', '.join(profielen)}")
        _add(entries, entry, place)
    return entries, profielen


def _terms_of(table: dict[str, Any], voorwaarden: Mapping[str, Voorwaarden], place: str) -> dict[str, Voorwaarden]:
    """Return the terms that an entry names; those of results stand for both where it carries nothing else."""
    found: dict[str, Voorwaarden] = {}
    results_only = "voorwaarden_resultaten" in table and "profiel" not in table
    if results_only and "voorwaarden" in table:
        raise CatalogueError(f"{place}: voorwaarden stands with a profiel, where results have terms of their own")
    for name in ("voorwaarden", "voorwaarden_resultaten"):
        named = table.get("voorwaarden_resultaten" if results_only else name)
        if named is None and name != "voorwaarden":
            continue
        known = voorwaarden.get(str(named))
        if known is None:
            raise CatalogueError(f"{place}: {name} names no terms of this catalogue")
        found[name] = known
    return found


def _read_profielen(content: dict[str, Any]) -> dict[str, NamedProfiel]:
    """Return the profiles of the standard and those of the file; a basis may stand anywhere in it."""
    profielen = dict(STANDARD)
    own: dict[str, tuple[str, OwnProfiel]] = {}
    taken = {fold_name(name) for name in STANDARD} | ALIASES.keys()
    for place, table in _tables(content, "profiel") if "profiel" in content else ():
        one = _make(OwnProfiel, table, place)
        folded = fold_name(one.naam)
        if not folded:
            raise CatalogueError(f"{place}: naam has no letter and no digit")
        if folded in taken:
            raise CatalogueError(f"{place}: another profiel has this naam, capitals, spaces and signs aside")
        taken.add(folded)
        own[one.naam] = place, one
    for name in own:
        _resolve(name, own, profielen, ())
    return profielen


def _resolve(
    name: str, own: Mapping[str, tuple[str, OwnProfiel]], profielen: dict[str, NamedProfiel], seen: tuple[str, ...]
) -> NamedProfiel:
    """Return a profile, and add it and each that it is based on to `profielen`; `seen` are those based on it."""
    if name in profielen:
        return profielen[name]
    place, one = own[name]
    if one.basis not in profielen and one.basis not in own:
        raise CatalogueError(
            f"{place}: basis is one of: {', '.join([*STANDARD, *(each for each in own if each != name)])}"
        )
    if one.basis in (*seen, name):
        raise CatalogueError(f"{place}: basis goes round in a circle: {' -> '.join((*seen, name, one.basis))}")
    if len(seen) == MAX_DEPTH:
        raise CatalogueError(f"{place}: more than {MAX_DEPTH} profiles are based on each other")
    basis = _resolve(one.basis, own, profielen, (*seen, name))
    try:
        profielen[name] = basis.without(name, one.zonder)
    except ProfielError as error:
        raise CatalogueError(f"{place}: zonder: {error}") from None
    return profielen[name]


def _tables(content: dict[str, Any], name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each `[[name]]` table with its place, for messages."""
    tables = content.get(name)
    if not isinstance(tables, list) or not tables:
        raise CatalogueError(f"the catalogue has no [[{name}]]")
    for number, table in enumerate(tables, start=1):
        place = f"[[{name}]] {number}"
        if not isinstance(table, dict):
            raise CatalogueError(f"{place} is not a table")
        yield place, table


def _make(kind: type[_T], table: dict[str, Any], place: str) -> _T:
    """Make a record of a table. Raises CatalogueError for an unknown, missing or wrong value."""
    by_name = {one.name: one for one in fields(kind)}
    if unknown := table.keys() - by_name.keys():
        raise CatalogueError(f"{place} has unknown keys: {', '.join(sorted(unknown))}")
    for name, one in by_name.items():
        if name in table:
            _check(name, table[name], place)
        elif one.default is MISSING:
            raise CatalogueError(f"{place}: {name} is missing")
    try:
        return kind(**table)
    except CatalogueError as error:
        raise CatalogueError(f"{place}: {error}") from None


def _check(name: str, value: object, place: str) -> None:
    """Check the type of one value: most are texts. Raises CatalogueError."""
    if name == "standaard":
        if not isinstance(value, bool):
            raise CatalogueError(f"{place}: {name} is true or false")
    elif name == "zonder":
        if not isinstance(value, list) or not value or not all(isinstance(one, str) for one in value):
            raise CatalogueError(f"{place}: {name} is a list of fields, each a text")
    elif not isinstance(value, Voorwaarden) and not (isinstance(value, str) and value.strip()):
        raise CatalogueError(f"{place}: {name} is a text")


_WithId = TypeVar("_WithId", Voorwaarden, CatalogueEntry)


def _add(collection: dict[str, _WithId], new: _WithId, place: str) -> None:
    if new.id in collection:
        raise CatalogueError(f"{place}: another one has the same id")
    collection[new.id] = new


def _require_slugs(*texts: str) -> None:
    if not all(len(text) <= MAX_ID and _SLUG.fullmatch(text) for text in texts):
        raise CatalogueError(f"an id or version has a-z, 0-9 and single hyphens, at most {MAX_ID} characters")
