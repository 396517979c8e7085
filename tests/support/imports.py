"""A database of their own for tests of the administratie, and the shortest way through an import."""

from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from support.edexml_files import to_edexml
from uwlr_adapter.administratie import school_calendar, selection, tables
from uwlr_adapter.administratie.importing import importer
from uwlr_adapter.administratie.model import Delivery, ImportReport
from uwlr_adapter.administratie.sources.edexml import edexml
from uwlr_adapter.contract.dataset import Dataset
from uwlr_adapter.db.database import Database

MOMENT = datetime(2026, 10, 1, 10, tzinfo=UTC)
AANMAAKDATUM = "2026-10-01T07:00:00+02:00"
TABLES = (
    tables.vestiging,
    tables.vestiging_setting,
    tables.vestiging_year,
    tables.persoon,
    tables.source_key,
    tables.joined,
    tables.fusie,
    tables.locatie,
    tables.groep,
    tables.deelname,
    tables.inschrijving,
    tables.plaatsing,
    tables.aanstelling,
)
"""The records themselves, without what is kept about imports."""


def options(moment: datetime = MOMENT, **others: Any) -> importer.ImportOptions:
    """Return options of an import that asks nothing."""
    answers = {"accept_drop": True, "older": True, "new_keys": True, "new_school": True}
    return importer.ImportOptions(moment, **{**answers, **others})


def import_delivery(database: Database, delivery: Delivery, **others: Any) -> ImportReport:
    """Import one delivery."""
    (report,) = importer.import_deliveries(database, [delivery], options(**others)).reports
    return report


def import_dataset(database: Database, dataset: Dataset, **others: Any) -> ImportReport:
    """Write a dataset as an EDEXML file and import that."""
    return import_delivery(database, edexml.read(to_edexml(dataset)), **others)


def select(database: Database, brin6: str, schooljaar: str, day: date) -> Dataset | None:
    """Select for a day, in a reading transaction."""
    with database.reading() as connection:
        return selection.select(connection, brin6=brin6, schooljaar=schooljaar, day=day, aanmaakdatum=AANMAAKDATUM)


def next_change(database: Database, brin6: str, schooljaar: str, day: date) -> date | None:
    """Return the first day after this one on which `select` may give something else without an import."""
    with database.reading() as connection:
        calendar = school_calendar.find(connection, brin6, schooljaar)
    chosen = selection.Selection(brin6, schooljaar, day, calendar=calendar)
    return chosen.next_change(database.snapshot(chosen.ask()))


def dump(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of the administratie, to compare one state of the database with another."""
    with database.reading() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(sa.select(table))), key=repr)
            for table in TABLES
        }
