"""A database of their own for tests of the administratie, and the shortest way through an import."""

from datetime import date
from pathlib import Path

import sqlalchemy as sa
from edexml_bestand import to_edexml

from uwlr_adapter.administratie import edexml, gegevens, store, tables
from uwlr_adapter.administratie.model import Rapport
from uwlr_adapter.contract.dataset import Dataset
from uwlr_adapter.opslag import Opslag, metadata
from uwlr_adapter.settings import Settings

AANMAAKDATUM = "2026-10-01T07:00:00+02:00"
TABELLEN = (
    tables.vestiging,
    tables.persoon,
    tables.bronsleutel,
    tables.locatie,
    tables.groep,
    tables.deelname,
    tables.plaatsing,
    tables.aanstelling,
)


def open_opslag(folder: Path) -> Opslag:
    """Open a new database with every table."""
    opslag = Opslag(Settings(data=folder).database_url)
    with opslag.writing() as connection:
        metadata.create_all(connection)
    return opslag


def import_dataset(
    opslag: Opslag, dataset: Dataset, *, brin6: str | None = None, naam: str | None = None, dry_run: bool = False
) -> Rapport:
    """Write a dataset as an EDEXML file and import that."""
    levering = edexml.read(to_edexml(dataset))
    return store.import_levering(opslag, levering, brin6=brin6, naam=naam, dry_run=dry_run)


def select(opslag: Opslag, brin6: str, schooljaar: str, peildatum: date) -> Dataset | None:
    """Select for a day, in a reading transaction."""
    with opslag.reading() as connection:
        return gegevens.select(
            connection, brin6=brin6, schooljaar=schooljaar, peildatum=peildatum, aanmaakdatum=AANMAAKDATUM
        )


def dump(opslag: Opslag) -> dict[str, list[tuple[object, ...]]]:
    """Give every row of the administratie, to compare one state of the database with another."""
    with opslag.reading() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(sa.select(table))), key=repr)
            for table in TABELLEN
        }
