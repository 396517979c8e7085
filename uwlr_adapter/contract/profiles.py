"""Profiles: the fields that may leave and those that should be there, derived from the table of fields.

What a profile does not name is forbidden (UWLR 2.2.1, Profielen). Where the text and the XSD of a profile differ, the
narrower holds for what may leave, and the wider for what should be there. Numbers of the BSN family leave under no
profile at all.
"""

import functools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from operator import attrgetter

from uwlr_adapter.contract import fields, versions
from uwlr_adapter.contract.dataset import Dataset
from uwlr_adapter.contract.fields import Field, attribute_of
from uwlr_adapter.contract.versions import Version
from uwlr_adapter.errors import UwlrAdapterError

PERSON_LISTS = ("leerlingen", "leerkrachten")
"""The lists of persons in an answer."""
_SETS = ("groep", "samengestelde_groep", "leerling", "leerkracht", "vestiging", "leerling_wanted", "leerkracht_wanted")
_DIGEST_LENGTH = 40
"""The width of the columns in which a digest is stored."""


class ProfielError(UwlrAdapterError):
    """A profile cannot be narrowed as asked; the text says why."""


@dataclass(frozen=True, slots=True)
class Profiel:
    """A profile in one version: the elements that may leave, per kind of record, and those that should be there."""

    name: str
    groep: frozenset[str]
    samengestelde_groep: frozenset[str]
    leerling: frozenset[str]
    leerkracht: frozenset[str]
    vestiging: frozenset[str]
    """Empty: the locaties do not leave at all."""
    leerling_wanted: frozenset[str] = frozenset()
    leerkracht_wanted: frozenset[str] = frozenset()
    digest: str = field(init=False, compare=False, repr=False)
    """Digest of the elements, 40 hexadecimal digits: equal profiles share it, whatever their names are."""

    def __post_init__(self) -> None:
        """Compute the digest once: it is looked up with each request."""
        object.__setattr__(self, "digest", _digest([sorted(getattr(self, name)) for name in _SETS]))

    def narrowed(self, asked: "Profiel") -> "Profiel":
        """Return this profile without what the asked one leaves out; it never becomes wider."""
        return _narrowed(self, asked)

    def without(self, name: str, paths: frozenset[str]) -> "Profiel":
        """Return this profile under another name, without some fields (record/element)."""
        kept = {
            set_name: frozenset(one for one in getattr(self, set_name) if f"{_record_of(set_name)}/{one}" not in paths)
            for set_name in _SETS
        }
        return Profiel(name, **kept)

    def count_incomplete(self, dataset: Dataset, parts: tuple[str, ...]) -> int:
        """Count the leerlingen and leerkrachten in some parts of an answer that lack a field which should be there.

        They leave without it (UWLR knows no way to say so).
        """
        return sum(len(self.incomplete_places(dataset, list_name)) for list_name in PERSON_LISTS if list_name in parts)

    def incomplete_places(self, dataset: Dataset, list_name: str) -> list[int]:
        """Return the places, from 0, in a list of `PERSON_LISTS` of those that lack such a field."""
        persons = dataset.leerlingen if list_name == "leerlingen" else dataset.leerkrachten
        needed = self.leerling_wanted if list_name == "leerlingen" else self.leerkracht_wanted
        if not needed:
            return []
        values = attrgetter(*map(attribute_of, sorted(needed)), "key")
        return [place for place, one in enumerate(persons) if not all(values(one))]

    def missing(self, dataset: Dataset) -> dict[tuple[str, str], int]:
        """Count the records that lack a field which should be there, by kind of record and element."""
        kinds = (
            ("leerling", dataset.leerlingen, self.leerling_wanted),
            ("leerkracht", dataset.leerkrachten, self.leerkracht_wanted),
        )
        found = {
            (kind, element): sum(not getattr(one, attribute_of(element)) for one in records)
            for kind, records, wanted in kinds
            for element in sorted(wanted)
        }
        return {key: count for key, count in found.items() if count}


@functools.lru_cache(maxsize=256)
def _narrowed(own: Profiel, asked: Profiel) -> Profiel:
    narrower = replace(own, **{name: getattr(own, name) & getattr(asked, name) for name in _SETS})
    return own if narrower == own else replace(narrower, name=f"{own.name} & {asked.name}")


def _record_of(set_name: str) -> str:
    return set_name.removesuffix("_wanted")


def _digest(content: object) -> str:
    return sha256(json.dumps(content).encode()).hexdigest()[:_DIGEST_LENGTH]


@dataclass(frozen=True, slots=True)
class NamedProfiel:
    """A profile by its name: what it is in each served version."""

    name: str
    by_version: Mapping[str, Profiel] = field(repr=False)
    digest: str = field(init=False, compare=False, repr=False)
    """Digest of its content in all versions, 40 hexadecimal digits: a koppeling with another one sends other data.

    A version whose content is that of another one does not change it.
    """

    def __post_init__(self) -> None:
        """Compute the digest once: it is looked up with each request."""
        object.__setattr__(self, "digest", _digest(sorted({one.digest for one in self.by_version.values()})))

    def in_version(self, xsdversie: str) -> Profiel:
        """Return the profile in one version of UWLR. Raises KeyError for a version that is not served."""
        return self.by_version[xsdversie]

    @property
    def paths(self) -> frozenset[str]:
        """The fields (record/element) that may leave under it in some version."""
        return frozenset(
            f"{record}/{element}"
            for one in self.by_version.values()
            for record in fields.ELEMENTS
            for element in getattr(one, record)
        )

    def within(self, paths: Iterable[str]) -> "NamedProfiel":
        """Return this profile without the fields (record/element) that are not among some; it never becomes wider.

        `paths` are those of a profile. Any two profiles have the elements in common without which no answer is valid.
        """
        left_out = self.paths.difference(paths)
        if not left_out:
            return self
        return NamedProfiel(
            self.name, {name: one.without(self.name, left_out) for name, one in self.by_version.items()}
        )

    def without(self, name: str, paths: Iterable[str]) -> "NamedProfiel":
        """Return a narrower profile of another name, without some fields (record/element).

        Raises ProfielError for an unknown field, and when an answer under the profile could never be valid.
        """
        left_out = frozenset(paths)
        if unknown := left_out - fields.BY_PATH.keys():
            raise ProfielError(f"{', '.join(sorted(unknown))} is not a field: write record/element, as {_EXAMPLE}")
        if parts := sorted(left_out & _NAMES):
            raise ProfielError(
                f"{parts[0]} cannot be left out: a person needs an achternaam or a roepnaam, and may have only this one"
            )
        narrower = {version: one.without(name, left_out) for version, one in self.by_version.items()}
        for one in narrower.values():
            _require_valid(one)
        return NamedProfiel(name, narrower)


_EXAMPLE = "leerling/geboortedatum"
_NAMES = frozenset(f"{record}/{part}" for record in ("leerling", "leerkracht") for part in fields.NAME_PARTS)
"""The fields of which every person has at least one. Any two profiles keep both, so what they share is valid too."""


def _require_valid(profiel: Profiel) -> None:
    """Raise ProfielError when the answers of a profile cannot be valid (UWLR 2.2, Leerlinggegevens)."""
    for record, required in fields.REQUIRED.items():
        allowed: frozenset[str] = getattr(profiel, record)
        if record == "vestiging" and not allowed:
            continue
        for element in required:
            if element not in allowed:
                raise ProfielError(f"{record}/{element} cannot be left out: a {record} without it is not valid")
    if "vestiging" in profiel.leerling and not profiel.vestiging:
        raise ProfielError("leerling/vestiging refers to a vestiging: leave it out as well, or keep vestiging/naam")


def _from_table(name: str, version: Version, table: Iterable[Field]) -> Profiel:
    """Return a profile of the standard in one version, from the marks in a table of fields."""
    carried = fields.carried_by(version.name, table)

    def of(record: str, marks: str) -> frozenset[str]:
        return frozenset(
            one.element
            for one in carried
            if one.record == record
            and one.mark(name, version.profile_column) in marks
            and one.path not in version.without
        )

    return Profiel(
        name=name,
        groep=of("groep", "oR"),
        samengestelde_groep=of("samengestelde_groep", "oR"),
        leerling=of("leerling", "oR"),
        leerkracht=of("leerkracht", "oR"),
        vestiging=of("vestiging", "oR"),
        leerling_wanted=of("leerling", "R"),
        leerkracht_wanted=of("leerkracht", "R"),
    )


STANDARD: Mapping[str, NamedProfiel] = {
    name: NamedProfiel(
        name, {version.name: _from_table(name, version, fields.FIELDS) for version in versions.BY_NAME.values()}
    )
    for name in fields.SET_NAMES
}
"""The profiles of the standard by name."""
ALIASES = {
    "smalleset": "smalle set",
    "smallesetpo": "smalle set",
    "smallesetvo": "smalle set",
    "lvsset": "LVS-set",
    "lvs": "LVS-set",
    "volledig": "volledig",
}
"""Names of these profiles that callers write in gegevenssetid, folded (`fold_name`)."""


def fold_name(name: str) -> str:
    """Return a name of a profile without capitals, spaces and signs: a caller may write it in any spelling of those."""
    return "".join(letter for letter in name.lower() if letter.isalnum())
