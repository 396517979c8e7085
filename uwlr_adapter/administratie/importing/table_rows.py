"""From what a source delivered of one year to the rows of the tables, as they must be: values by column, in order."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter

import sqlalchemy as sa

from uwlr_adapter.administratie.importing.diff import Rij
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
from uwlr_adapter.contract.dataset import Groep, Leerkracht, Leerling, Rol

_locatie_velden = attrgetter("key", "naam", "omschrijving", "mutatiedatum")
_groep_velden = attrgetter("key", "soort", "naam", "jaargroep", "omschrijving", "mutatiedatum")
_leerling_velden = attrgetter(*LEERLING_VELDEN)
_leerkracht_velden = attrgetter(*LEERKRACHT_VELDEN)


@dataclass(frozen=True, slots=True)
class Jaar:
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
    jaar: Jaar, levering: Levering, leerlingen: Sequence[int], leerkrachten: Sequence[int]
) -> dict[sa.Table, list[Rij]]:
    """Give the rows by table, what is referred to before what refers to it; the persons by id, as they stand there."""
    van = (jaar.brin6, jaar.schooljaar)
    by_leerling = [(at, one.record) for at, one in zip(leerlingen, levering.leerlingen, strict=True)]
    by_leerkracht = [(at, one.record) for at, one in zip(leerkrachten, levering.leerkrachten, strict=True)]
    return {
        locatie: [(*van, *_locatie_velden(one.record)) for one in levering.locaties],
        groep: [_groep_row(van, levering, one.record) for one in levering.groepen],
        deelname: [
            (*van, at, one.key not in levering.niet_ingedeeld, one.vestiging, *_leerling_velden(one))
            for at, one in by_leerling
        ],
        aanstelling: [_aanstelling_row(van, at, record) for at, record in by_leerkracht],
        inschrijving: [row for at, one in by_leerling for row in _inschrijving_rows(van, levering, at, one)],
        plaatsing: [row for at, one in by_leerling for row in _plaatsing_rows(van, at, one)],
    }


def _groep_row(van: tuple[str, str], levering: Levering, record: Groep) -> Rij:
    return (*van, *_groep_velden(record), record.key not in levering.niet_beschikbaar)


def _inschrijving_rows(van: tuple[str, str], levering: Levering, persoon_id: int, record: Leerling) -> Iterator[Rij]:
    for plaats, periode in enumerate(levering.periodes_of(record)):
        dagen = (periode.instroomdatum, periode.uitstroomdatum)
        yield (*van, persoon_id, plaats, periode.van, periode.tot, periode.gast, *dagen)


def _plaatsing_rows(van: tuple[str, str], persoon_id: int, record: Leerling) -> list[Rij]:
    """Give a leerling's groups; the stamgroep has place 0."""
    places = {} if record.groep is None else {record.groep: 0}
    places |= {key: place for place, key in enumerate(record.samengestelde_groepen, 1)}
    return [(*van, persoon_id, key, place) for key, place in places.items()]


def _aanstelling_row(van: tuple[str, str], persoon_id: int, record: Leerkracht) -> Rij:
    groepen = [[one.soort, one.key, _rollen(one.rollen)] for one in record.groepen]
    return (*van, persoon_id, *_leerkracht_velden(record), _rollen(record.rollen), groepen)


def _rollen(rollen: Iterable[Rol]) -> list[list[str]]:
    return [[rol.soort, rol.waarde] for rol in rollen]
