"""Toolkits that bring results: a process of a stack that is told messages line by line (programs/README.md)."""

from pathlib import Path

from uwlr_adapter.db.database import Database
from uwlr_adapter.demo import setup
from uwlr_adapter.koppelingen.tables import koppeling
from uwlr_adapter.koppelingen.toestemming import ToestemmingStatus
from uwlr_adapter.settings import Settings


def open_for_results(data: Path) -> None:
    """Let results in through the koppeling of the example school, whether or not it let them in before."""
    database = Database(Settings(data=data).database_url)
    try:
        with database.writing() as connection:
            of_example = (koppeling.c.brin6 == setup.BRIN6, koppeling.c.entry_id == setup.ENTRY_ID)
            given = {"resultaten": ToestemmingStatus.ON.value, "version": koppeling.c.version + 1}
            connection.execute(koppeling.update().where(*of_example).values(given))
    finally:
        database.close()
