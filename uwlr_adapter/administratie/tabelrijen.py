"""From what a source delivered of one year to the rows of the tables, as they must be."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.administratie.model import Levering
from uwlr_adapter.administratie.tables import (
    LEERKRACHT_VELDEN,
    LEERLING_VELDEN,
    aanstelling,
    deelname,
    groep,
    inschrijving,
    locatie,
    plaatsing,
)
from uwlr_adapter.contract.dataset import Groep, Leerkracht, Leerling, Locatie, Rol


@dataclass(frozen=True, slots=True)
class Jaar:
    """What a delivery is the whole truth for."""

    brin6: str
    schooljaar: str

    def columns(self) -> dict[str, str]:
        """Give the columns that name it."""
        return {"brin6": self.brin6, "schooljaar": self.schooljaar}


def rows_of(
    jaar: Jaar, levering: Levering, leerlingen: Sequence[int], leerkrachten: Sequence[int]
) -> dict[sa.Table, Iterable[dict[str, Any]]]:
    """Give the rows by table, what is referred to before what refers to it; the persons by id, as they stand there."""
    by_leerling = [(at, one.record) for at, one in zip(leerlingen, levering.leerlingen, strict=True)]
    by_leerkracht = [(at, one.record) for at, one in zip(leerkrachten, levering.leerkrachten, strict=True)]
    return {
        locatie: (_locatie_row(jaar, one.record) for one in levering.locaties),
        groep: (_groep_row(jaar, levering, one.record) for one in levering.groepen),
        deelname: (_deelname_row(jaar, levering, at, record) for at, record in by_leerling),
        aanstelling: (_aanstelling_row(jaar, at, record) for at, record in by_leerkracht),
        inschrijving: (row for at, one in by_leerling for row in _inschrijving_rows(jaar, levering, at, one)),
        plaatsing: (row for at, one in by_leerling for row in _plaatsing_rows(jaar, at, one)),
    }


def _locatie_row(jaar: Jaar, record: Locatie) -> dict[str, Any]:
    velden = ("key", "naam", "omschrijving", "mutatiedatum")
    return {**jaar.columns(), **{veld: getattr(record, veld) for veld in velden}}


def _groep_row(jaar: Jaar, levering: Levering, record: Groep) -> dict[str, Any]:
    velden = ("key", "soort", "naam", "jaargroep", "omschrijving", "mutatiedatum")
    return {
        **jaar.columns(),
        **{veld: getattr(record, veld) for veld in velden},
        "beschikbaar": record.key not in levering.niet_beschikbaar,
    }


def _deelname_row(jaar: Jaar, levering: Levering, persoon_id: int, record: Leerling) -> dict[str, Any]:
    return {
        **jaar.columns(),
        "persoon_id": persoon_id,
        "ingedeeld": record.key not in levering.niet_ingedeeld,
        "locatie_key": record.vestiging,
        **{veld: getattr(record, veld) for veld in LEERLING_VELDEN},
    }


def _inschrijving_rows(jaar: Jaar, levering: Levering, persoon_id: int, record: Leerling) -> Iterator[dict[str, Any]]:
    for plaats, periode in enumerate(levering.periodes_of(record)):
        yield {
            **jaar.columns(),
            "persoon_id": persoon_id,
            "volgorde": plaats,
            "van": periode.van,
            "tot": periode.tot,
            "gast": periode.gast,
            "instroomdatum": periode.instroomdatum,
            "uitstroomdatum": periode.uitstroomdatum,
        }


def _plaatsing_rows(jaar: Jaar, persoon_id: int, record: Leerling) -> list[dict[str, Any]]:
    """Give a leerling's groups; the stamgroep has place 0."""
    places = {} if record.groep is None else {record.groep: 0}
    places |= {key: place for place, key in enumerate(record.samengestelde_groepen, 1)}
    return [
        {**jaar.columns(), "persoon_id": persoon_id, "groep_key": key, "volgorde": place}
        for key, place in places.items()
    ]


def _aanstelling_row(jaar: Jaar, persoon_id: int, record: Leerkracht) -> dict[str, Any]:
    return {
        **jaar.columns(),
        "persoon_id": persoon_id,
        **{veld: getattr(record, veld) for veld in LEERKRACHT_VELDEN},
        "rollen": _rollen(record.rollen),
        "groepen": [[one.soort, one.key, _rollen(one.rollen)] for one in record.groepen],
    }


def _rollen(rollen: Iterable[Rol]) -> list[list[str]]:
    return [[rol.soort, rol.waarde] for rol in rollen]
