"""The records of an answer, rendered once to be sent many times: as a whole, or the part that some groups ask for.

The answers by group (getrapt) are put together from the fragments of the persons in them, each rendered once. Which
references a person answers to is that of `getrapt`; the fragments keep their order, and nobody stands twice.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from uwlr_adapter.contract import answer, getrapt
from uwlr_adapter.contract.answer import Vorm
from uwlr_adapter.contract.dataset import Dataset
from uwlr_adapter.contract.getrapt import GroepVraag


@dataclass(frozen=True, slots=True)
class Deel:
    """The part of the records that some groups ask for; without records there are no data."""

    records: bytes
    personen: int
    onvolledig: int
    onbekend: int
    """References that name no group of the school."""


@dataclass(frozen=True, slots=True)
class Wijzer:
    """Where each person stands in the records, and who answers to which group reference; by place of the person."""

    lijst: str
    """The list element around the persons."""
    grenzen: Sequence[int]
    """Where the fragment of each person begins, and where the last one ends, in bytes."""
    onvolledig: frozenset[int]
    wie: Mapping[GroepVraag, Sequence[int]]
    groepen: frozenset[GroepVraag]
    """The groups of the school."""

    def to_json(self) -> bytes:
        """Give it as it is stored."""
        wie = [[vraag.soort, vraag.key, list(found)] for vraag, found in self.wie.items()]
        groepen = [[vraag.soort, vraag.key] for vraag in self.groepen]
        return json.dumps([self.lijst, list(self.grenzen), sorted(self.onvolledig), wie, groepen]).encode()

    @classmethod
    def from_json(cls, stored: bytes) -> Self:
        """Give what `to_json` stored."""
        lijst, grenzen, onvolledig, wie, groepen = json.loads(stored)
        return cls(
            lijst=lijst,
            grenzen=grenzen,
            onvolledig=frozenset(onvolledig),
            wie={GroepVraag(soort, key): found for soort, key, found in wie},
            groepen=frozenset(GroepVraag(soort, key) for soort, key in groepen),
        )


@dataclass(frozen=True, slots=True)
class Weergave:
    """The rendered records of one school for one kind of answer; `wijzer` is there when groups can ask for a part."""

    records: bytes
    leerlingen: int
    onvolledig: int
    wijzer: Wijzer | None = None

    def choose(self, vragen: Iterable[GroepVraag]) -> Deel:
        """Give what the asked groups are answered; the same as rendering `getrapt.choose` would give."""
        if self.wijzer is None:
            raise ValueError("this answer knows no groups")
        asked = list(vragen)
        grenzen = self.wijzer.grenzen
        places = sorted({place for vraag in set(asked) for place in self.wijzer.wie.get(vraag, ())})
        pieces = b"".join([self.records[grenzen[place] : grenzen[place + 1]] for place in places])
        lijst = self.wijzer.lijst
        return Deel(
            records=f"<{lijst}>".encode() + pieces + f"</{lijst}>".encode() if places else b"",
            personen=len(places),
            onvolledig=len(self.wijzer.onvolledig.intersection(places)),
            onbekend=sum(vraag.key is not None and vraag not in self.wijzer.groepen for vraag in asked),
        )


def make(vorm: Vorm, dataset: Dataset) -> Weergave:
    """Render what a school is answered."""
    delen = vorm.operatie.delen
    leerlingen = len(dataset.leerlingen) if "leerlingen" in delen else 0
    onvolledig = vorm.profiel.count_incomplete(dataset, delen)
    if not vorm.operatie.per_groep:
        return Weergave(answer.render_records(vorm, dataset).encode(), leerlingen, onvolledig)
    (lijst,) = delen
    fragmenten = [fragment.encode() for fragment in answer.fragments(vorm, dataset)]
    wijzer = _wijzer(vorm, dataset, lijst, fragmenten)
    records = b"".join([f"<{lijst}>".encode(), *fragmenten, f"</{lijst}>".encode()]) if fragmenten else b""
    return Weergave(records, leerlingen, onvolledig, wijzer)


def _wijzer(vorm: Vorm, dataset: Dataset, lijst: str, fragmenten: Sequence[bytes]) -> Wijzer:
    grenzen = [len(lijst) + 2]
    for fragment in fragmenten:
        grenzen.append(grenzen[-1] + len(fragment))
    wie: dict[GroepVraag, list[int]] = {}
    for place, vragen in enumerate(getrapt.references(dataset, lijst)):
        for vraag in vragen:
            wie.setdefault(vraag, []).append(place)
    return Wijzer(
        lijst=lijst,
        grenzen=grenzen,
        onvolledig=frozenset(vorm.profiel.incomplete_places(dataset, lijst)),
        wie=wie,
        groepen=getrapt.known(dataset),
    )
