"""The records of an answer, rendered once to be sent many times: as a whole, or the part that some groups ask for.

The answers by group (getrapt) are assembled from the fragments of the persons in them, each rendered once. `getrapt`
decides which references a person answers to; the fragments keep their order, and nobody occurs twice.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from uwlr_adapter.contract import answer, getrapt
from uwlr_adapter.contract.answer import AnswerFormat
from uwlr_adapter.contract.dataset import Dataset
from uwlr_adapter.contract.getrapt import GroepReference


@dataclass(frozen=True, slots=True)
class RenderedPart:
    """The part of the records that some groups ask for; empty records mean that there are no data."""

    records: bytes
    persons: int
    incomplete: int
    unknown: int
    """References that name no group of the school."""


@dataclass(frozen=True, slots=True)
class PersonIndex:
    """The place of each person in the records, and the places, from 0, that answer to each group reference."""

    list_name: str
    """The list element around the persons."""
    bounds: Sequence[int]
    """Offset of the fragment of each person, and the end of the last one, in bytes."""
    incomplete: frozenset[int]
    places: Mapping[GroepReference, Sequence[int]]
    groepen: frozenset[GroepReference]
    """The groups of the school."""

    def to_json(self) -> bytes:
        """Serialise it for storage."""
        places = [[reference.soort, reference.key, list(found)] for reference, found in self.places.items()]
        groepen = [[reference.soort, reference.key] for reference in self.groepen]
        return json.dumps([self.list_name, list(self.bounds), sorted(self.incomplete), places, groepen]).encode()

    @classmethod
    def from_json(cls, stored: bytes) -> Self:
        """Read what `to_json` wrote."""
        list_name, bounds, incomplete, places, groepen = json.loads(stored)
        return cls(
            list_name=list_name,
            bounds=bounds,
            incomplete=frozenset(incomplete),
            places={GroepReference(kind, key): found for kind, key, found in places},
            groepen=frozenset(GroepReference(kind, key) for kind, key in groepen),
        )


@dataclass(frozen=True, slots=True)
class RenderedRecords:
    """The rendered records of one school for one kind of answer; `index` is None unless groups can ask for a part."""

    records: bytes
    leerlingen: int
    incomplete: int
    index: PersonIndex | None = None

    def choose(self, references: Iterable[GroepReference]) -> RenderedPart:
        """Return the part that answers the asked groups: the bytes that rendering `getrapt.choose` would give.

        Raises ValueError for a kind of answer without groups.
        """
        if self.index is None:
            raise ValueError("this answer knows no groups")
        wanted = list(references)
        bounds = self.index.bounds
        places = sorted({place for reference in set(wanted) for place in self.index.places.get(reference, ())})
        pieces = b"".join([self.records[bounds[place] : bounds[place + 1]] for place in places])
        list_name = self.index.list_name
        return RenderedPart(
            records=f"<{list_name}>".encode() + pieces + f"</{list_name}>".encode() if places else b"",
            persons=len(places),
            incomplete=len(self.index.incomplete.intersection(places)),
            unknown=sum(reference.key is not None and reference not in self.index.groepen for reference in wanted),
        )


def make(answer_format: AnswerFormat, dataset: Dataset) -> RenderedRecords:
    """Render the records of a school."""
    parts = answer_format.operation.parts
    leerlingen = len(dataset.leerlingen) if "leerlingen" in parts else 0
    incomplete = answer_format.profiel.count_incomplete(dataset, parts)
    if not answer_format.operation.by_groep:
        return RenderedRecords(answer.render_records(answer_format, dataset).encode(), leerlingen, incomplete)
    (list_name,) = parts
    fragments = [fragment.encode() for fragment in answer.fragments(answer_format, dataset)]
    index = _index(answer_format, dataset, list_name, fragments)
    records = b"".join([f"<{list_name}>".encode(), *fragments, f"</{list_name}>".encode()]) if fragments else b""
    return RenderedRecords(records, leerlingen, incomplete, index)


def _index(answer_format: AnswerFormat, dataset: Dataset, list_name: str, fragments: Sequence[bytes]) -> PersonIndex:
    bounds = [len(list_name) + 2]
    for fragment in fragments:
        bounds.append(bounds[-1] + len(fragment))
    places: dict[GroepReference, list[int]] = {}
    for place, references in enumerate(getrapt.references(dataset, list_name)):
        for reference in references:
            places.setdefault(reference, []).append(place)
    return PersonIndex(
        list_name=list_name,
        bounds=bounds,
        incomplete=frozenset(answer_format.profiel.incomplete_places(dataset, list_name)),
        places=places,
        groepen=getrapt.known(dataset),
    )
