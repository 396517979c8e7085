"""A database of their own for tests of the administratie, and the shortest way through an import."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from edexml_bestand import to_edexml

from uwlr_adapter.administratie import selection, tables
from uwlr_adapter.administratie.importing import importer
from uwlr_adapter.administratie.model import Levering, Rapport
from uwlr_adapter.administratie.sources.edexml import edexml
from uwlr_adapter.contract.dataset import Dataset
from uwlr_adapter.db.database import Opslag
from uwlr_adapter.db.metadata import metadata
from uwlr_adapter.settings import Settings

MOMENT = datetime(2026, 10, 1, 10, tzinfo=UTC)
AANMAAKDATUM = "2026-10-01T07:00:00+02:00"
TABELLEN = (
    tables.vestiging,
    tables.persoon,
    tables.bronsleutel,
    tables.locatie,
    tables.groep,
    tables.deelname,
    tables.inschrijving,
    tables.plaatsing,
    tables.aanstelling,
)
"""The records themselves, without what is kept about imports."""


def open_opslag(folder: Path) -> Opslag:
    """Open a new database with every table."""
    opslag = Opslag(Settings(data=folder).database_url)
    with opslag.writing() as connection:
        metadata.create_all(connection)
    return opslag


def opties(moment: datetime = MOMENT, **others: Any) -> importer.Opties:
    """Give options of an import in which a drop is no question."""
    return importer.Opties(moment, **{"accept_drop": True, **others})


def import_levering(opslag: Opslag, levering: Levering, **others: Any) -> Rapport:
    """Import one delivery."""
    (rapport,) = importer.import_leveringen(opslag, [levering], opties(**others)).rapporten
    return rapport


def import_dataset(opslag: Opslag, dataset: Dataset, **others: Any) -> Rapport:
    """Write a dataset as an EDEXML file and import that."""
    return import_levering(opslag, edexml.read(to_edexml(dataset)), **others)


def select(opslag: Opslag, brin6: str, schooljaar: str, dag: date) -> Dataset | None:
    """Select for a day, in a reading transaction."""
    with opslag.reading() as connection:
        return selection.select(connection, brin6=brin6, schooljaar=schooljaar, dag=dag, aanmaakdatum=AANMAAKDATUM)


def next_change(opslag: Opslag, brin6: str, schooljaar: str, dag: date) -> date | None:
    """Give the first day after this one on which `select` may give something else without an import."""
    selectie = selection.Selectie(brin6, schooljaar, dag)
    return selectie.next_change(opslag.snapshot(selectie.ask()))


def dump(opslag: Opslag) -> dict[str, list[tuple[object, ...]]]:
    """Give every row of the administratie, to compare one state of the database with another."""
    with opslag.reading() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(sa.select(table))), key=repr)
            for table in TABELLEN
        }
