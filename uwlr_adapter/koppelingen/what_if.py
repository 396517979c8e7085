"""Effects of an act on a koppeling before it is done: what it gives now and would give after, in numbers.

One computation for the pages and the commands that ask for a yes. It reads the records as an answer does
(`administratie/selection.py`), so that the numbers are those of the next fetch; no name is returned.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import sqlalchemy as sa

from uwlr_adapter.administratie import withholding
from uwlr_adapter.administratie.importing import effect
from uwlr_adapter.administratie.selection import select
from uwlr_adapter.administratie.tables import deelname
from uwlr_adapter.clock import schooljaar_of
from uwlr_adapter.contract.dataset import Dataset
from uwlr_adapter.contract.fields import FIELDS, attribute_of
from uwlr_adapter.contract.profiles import NamedProfiel
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.koppelingen.toestemming import Toestemming


class Numbers(NamedTuple):
    """How many records of each kind go; groepen are those of both kinds."""

    leerlingen: int = 0
    groepen: int = 0
    leerkrachten: int = 0


MAX_READ = 8
"""Koppelingen whose records are read to tell what many of them give together: some 15 milliseconds each."""
NOTHING = Numbers()
"""What goes when nobody is in an answer, or no answer is given."""


@dataclass(frozen=True, slots=True)
class YearFlow:
    """What goes of one school year now, and after an act."""

    schooljaar: str
    before: Numbers
    after: Numbers


@dataclass(frozen=True, slots=True)
class FlowTotal:
    """The records that koppelingen give together: how many of them give something, and how many leerlingen that is."""

    koppelingen: int
    leerlingen: int
    is_exact: bool
    """Whether it was read as the next fetch reads it."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field that goes under one of two profiles only, and of how many records it has a value now."""

    record: str
    word: str
    number: int
    is_added: bool


def gives(connection: sa.Connection, koppeling: Koppeling, day: date, without: frozenset[int]) -> dict[str, Numbers]:
    """Return what a koppeling that is open gives on a day, by school year, with some persons withheld from it."""
    return {one.school.schooljaar: _count(one) for one in _datasets(connection, koppeling.brin6, day, without)}


def if_stopped(connection: sa.Connection, koppeling: Koppeling, day: date) -> list[YearFlow]:
    """Return what a koppeling gives no more once it is paused or ended; nothing when it gives nothing now."""
    if not koppeling.is_on(Toestemming.LEERLINGGEGEVENS) or koppeling.startdatum > day:
        return []
    now = gives(connection, koppeling, day, withholding.withheld_from(connection, koppeling.id))
    return [YearFlow(schooljaar, numbers, NOTHING) for schooljaar, numbers in now.items()]


def count_now(connection: sa.Connection, koppelingen: Sequence[Koppeling], day: date) -> FlowTotal:
    """Return how many leerlingen koppelingen that are open give on a day, together: of each its largest school year.

    Exact for at most MAX_READ of them, as the next fetch has it; of more, those of the school year are counted.
    """
    flowing = [one for one in koppelingen if one.is_on(Toestemming.LEERLINGGEGEVENS) and one.startdatum <= day]
    if len(flowing) > MAX_READ:
        query = sa.select(sa.func.count()).select_from(deelname)
        brin6s = [one.brin6 for one in flowing]
        counted = connection.scalar(
            query.where(deelname.c.brin6.in_(brin6s), deelname.c.schooljaar == schooljaar_of(day))
        )
        return FlowTotal(len(flowing), counted or 0, is_exact=False)
    given = [flows for one in flowing if (flows := if_stopped(connection, one, day))]
    most = [max(flow.before.leerlingen for flow in flows) for flows in given]  # most of them are in two school years
    return FlowTotal(len(given), sum(most), is_exact=True)


def if_withheld(connection: sa.Connection, koppeling: Koppeling, day: date, persoon_id: int) -> list[YearFlow]:
    """Return what changes once a leerling is withheld from a koppeling, or shared again when withheld now."""
    withheld = withholding.withheld_from(connection, koppeling.id)
    before = gives(connection, koppeling, day, withheld)
    after = gives(connection, koppeling, day, withheld ^ {persoon_id})
    years = sorted(before.keys() | after.keys())
    found = [YearFlow(year, before.get(year, NOTHING), after.get(year, NOTHING)) for year in years]
    return [one for one in found if one.before != one.after]


def if_profiel(
    connection: sa.Connection, koppeling: Koppeling, day: date, own: NamedProfiel, other: NamedProfiel
) -> list[FieldChange]:
    """Return the fields that go or stay behind once a koppeling has another profile, added ones first."""
    withheld = withholding.withheld_from(connection, koppeling.id)
    datasets = list(_datasets(connection, koppeling.brin6, day, withheld))
    now, then = own.paths, other.paths
    found = [
        FieldChange(one.record, one.word, _filled(datasets, one.path), is_added=one.path in then)
        for one in FIELDS
        if one.path in now ^ then
    ]
    return sorted(found, key=lambda one: not one.is_added)


def _datasets(connection: sa.Connection, brin6: str, day: date, without: frozenset[int]) -> Iterable[Dataset]:
    """Yield what is answered on a day for each school year of a vestiging that has leerlingen in its answer."""
    for year in effect.years_of(connection, brin6):
        dataset = select(connection, brin6=brin6, schooljaar=year.schooljaar, day=day, aanmaakdatum="", without=without)
        if dataset is not None:
            yield dataset


def _count(dataset: Dataset) -> Numbers:
    return Numbers(len(dataset.leerlingen), len(dataset.groepen), len(dataset.leerkrachten))


def _filled(datasets: Iterable[Dataset], path: str) -> int:
    """Return how many records of the answers have a value in a field."""
    record, element = path.split("/")
    return sum(
        bool(getattr(one, attribute_of(element), None)) for dataset in datasets for one in _records(dataset, record)
    )


def _records(dataset: Dataset, record: str) -> Iterable[object]:
    if record in {"groep", "samengestelde_groep"}:
        return [one for one in dataset.groepen if one.soort == record]
    return {
        "leerling": dataset.leerlingen,
        "leerkracht": dataset.leerkrachten,
        "vestiging": dataset.locaties,
    }[record]
