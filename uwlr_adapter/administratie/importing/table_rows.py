"""Conversion of one delivery to the rows of the tables: tuples with a value for each column, in column order."""

from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter

import sqlalchemy as sa

from uwlr_adapter.administratie.importing.diff import TableRow
from uwlr_adapter.administratie.importing.school_year import SchoolYear
from uwlr_adapter.administratie.model import Delivery, Period, Record, SourceRecord
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
PERSON = deelname.columns.keys().index("persoon_id")
"""The place of the person in a row of each table that has one: after the columns that name the year."""


def rows_of(
    year: SchoolYear, delivery: Delivery, leerling_ids: Sequence[int], leerkracht_ids: Sequence[int]
) -> dict[sa.Table, list[TableRow]]:
    """Return the wanted rows of a year by table, a table before those that refer to it.

    `leerling_ids` and `leerkracht_ids` are the ids of the persons, in the order of the delivery's records.
    """
    year_key = (year.brin6, year.schooljaar)
    leerlingen = _with_ids(leerling_ids, delivery.leerlingen)
    leerkrachten = _with_ids(leerkracht_ids, delivery.leerkrachten)
    return {
        locatie: [(*year_key, *_locatie_fields(source.record)) for source in delivery.locaties],
        groep: [_groep_row(year_key, delivery, source.record) for source in delivery.groepen],
        deelname: [
            (*year_key, id_, record.key not in delivery.not_placed, locatie_key, *_leerling_fields(record))
            for (id_, record), locatie_key in zip(leerlingen, _locaties(delivery, leerlingen), strict=True)
        ],
        aanstelling: [_aanstelling_row(year_key, id_, record) for id_, record in leerkrachten],
        inschrijving: [
            row for id_, record in leerlingen for row in _inschrijving_rows(year_key, delivery, id_, record)
        ],
        plaatsing: [row for id_, record in leerlingen for row in _plaatsing_rows(year_key, id_, record)],
    }


def _with_ids(ids: Sequence[int], sources: Sequence[SourceRecord[Record]]) -> list[tuple[int, Record]]:
    return [(id_, source.record) for id_, source in zip(ids, sources, strict=True)]


def _groep_row(year_key: tuple[str, str], delivery: Delivery, record: Groep) -> TableRow:
    return (*year_key, *_groep_fields(record), record.key not in delivery.not_available)


def _locaties(delivery: Delivery, leerlingen: Sequence[tuple[int, Leerling]]) -> Iterator[str | None]:
    """Yield the locatie of each leerling; None where those of the periods differ, which then hold their own."""
    for _, record in leerlingen:
        periods = delivery.periods.get(record.key, ())
        yield None if _differ(periods) else record.vestiging


def _differ(periods: Sequence[Period]) -> bool:
    return len(periods) > 1 and any(period.locatie != periods[0].locatie for period in periods)


def _inschrijving_rows(
    year_key: tuple[str, str], delivery: Delivery, persoon_id: int, record: Leerling
) -> Iterator[TableRow]:
    periods = delivery.periods_of(record)
    has_own = _differ(periods)
    for place, period in enumerate(periods):
        days = (period.first_day, period.end_day)
        dates = (period.instroomdatum, period.uitstroomdatum)
        yield (*year_key, persoon_id, place, *days, period.gast, *dates, period.locatie if has_own else None)


def _plaatsing_rows(year_key: tuple[str, str], persoon_id: int, record: Leerling) -> list[TableRow]:
    """Return the rows of a leerling's groepen; the stamgroep has place 0, the others follow from 1."""
    places = {} if record.groep is None else {record.groep: 0}
    places |= {key: place for place, key in enumerate(record.samengestelde_groepen, 1)}
    return [(*year_key, persoon_id, key, place) for key, place in places.items()]


def _aanstelling_row(year_key: tuple[str, str], persoon_id: int, record: Leerkracht) -> TableRow:
    groepen = [[verwijzing.soort, verwijzing.key, _rollen(verwijzing.rollen)] for verwijzing in record.groepen]
    return (*year_key, persoon_id, *_leerkracht_fields(record), _rollen(record.rollen), groepen)


def _rollen(rollen: Iterable[Rol]) -> list[list[str]]:
    return [[rol.soort, rol.waarde] for rol in rollen]
