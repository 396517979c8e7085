"""From what a source delivered of one year to the rows of the tables, as they must be: values by column, in order."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter

import sqlalchemy as sa

from uwlr_adapter.administratie.importing.diff import TableRow
from uwlr_adapter.administratie.model import Delivery
from uwlr_adapter.administratie.tables import (
    LEERKRACHT_COLUMNS,
    LEERLING_COLUMNS,
    aanstelling,
    deelname,
    groep,
    inschrijving,
    locatie,
    plaatsing,
)
from uwlr_adapter.contract.dataset import Groep, Leerkracht, Leerling, Rol

_locatie_fields = attrgetter("key", "naam", "omschrijving", "mutatiedatum")
_groep_fields = attrgetter("key", "soort", "naam", "jaargroep", "omschrijving", "mutatiedatum")
_leerling_fields = attrgetter(*LEERLING_COLUMNS)
_leerkracht_fields = attrgetter(*LEERKRACHT_COLUMNS)


@dataclass(frozen=True, slots=True)
class SchoolYear:
    """What a delivery is the whole truth for."""

    brin6: str
    schooljaar: str

    @property
    def brincode(self) -> str:
        """The school: the first four characters of the brin6."""
        return self.brin6[:4]

    def columns(self) -> dict[str, str]:
        """Give the columns that name it."""
        return {"brin6": self.brin6, "schooljaar": self.schooljaar}


def rows_of(
    year: SchoolYear, delivery: Delivery, leerlingen: Sequence[int], leerkrachten: Sequence[int]
) -> dict[sa.Table, list[TableRow]]:
    """Give the rows by table, what is referred to before what refers to it; the persons by id, as they stand there."""
    van = (year.brin6, year.schooljaar)
    by_leerling = [(at, one.record) for at, one in zip(leerlingen, delivery.leerlingen, strict=True)]
    by_leerkracht = [(at, one.record) for at, one in zip(leerkrachten, delivery.leerkrachten, strict=True)]
    return {
        locatie: [(*van, *_locatie_fields(one.record)) for one in delivery.locaties],
        groep: [_groep_row(van, delivery, one.record) for one in delivery.groepen],
        deelname: [
            (*van, at, one.key not in delivery.not_placed, one.vestiging, *_leerling_fields(one))
            for at, one in by_leerling
        ],
        aanstelling: [_aanstelling_row(van, at, record) for at, record in by_leerkracht],
        inschrijving: [row for at, one in by_leerling for row in _inschrijving_rows(van, delivery, at, one)],
        plaatsing: [row for at, one in by_leerling for row in _plaatsing_rows(van, at, one)],
    }


def _groep_row(van: tuple[str, str], delivery: Delivery, record: Groep) -> TableRow:
    return (*van, *_groep_fields(record), record.key not in delivery.not_available)


def _inschrijving_rows(
    van: tuple[str, str], delivery: Delivery, persoon_id: int, record: Leerling
) -> Iterator[TableRow]:
    for place, periode in enumerate(delivery.periods_of(record)):
        days = (periode.instroomdatum, periode.uitstroomdatum)
        yield (*van, persoon_id, place, periode.van, periode.tot, periode.gast, *days)


def _plaatsing_rows(van: tuple[str, str], persoon_id: int, record: Leerling) -> list[TableRow]:
    """Give a leerling's groups; the stamgroep has place 0."""
    places = {} if record.groep is None else {record.groep: 0}
    places |= {key: place for place, key in enumerate(record.samengestelde_groepen, 1)}
    return [(*van, persoon_id, key, place) for key, place in places.items()]


def _aanstelling_row(van: tuple[str, str], persoon_id: int, record: Leerkracht) -> TableRow:
    groepen = [[one.soort, one.key, _rollen(one.rollen)] for one in record.groepen]
    return (*van, persoon_id, *_leerkracht_fields(record), _rollen(record.rollen), groepen)


def _rollen(rollen: Iterable[Rol]) -> list[list[str]]:
    return [[rol.soort, rol.waarde] for rol in rollen]
