"""The migrations lead to the tables that the code has, on a real database."""

from pathlib import Path
from threading import Barrier, Thread

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from uwlr_adapter import journaal
from uwlr_adapter.administratie import tables as administratie
from uwlr_adapter.gebruikers import tables as gebruikers
from uwlr_adapter.koppelingen import tables as koppelingen
from uwlr_adapter.opslag import Opslag, OpslagFout, metadata

ROOMS = (journaal, administratie, koppelingen, gebruikers)
"""Importing a room declares its tables."""


def test_the_migrations_make_the_tables_of_the_code(tmp_path: Path) -> None:
    """After an upgrade there is no difference between the database and the metadata."""
    opslag = Opslag(f"sqlite:///{tmp_path}/a.sqlite3")
    opslag.upgrade()
    with opslag.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        indexes = {index["name"] for table in metadata.tables for index in sa.inspect(connection).get_indexes(table)}
    assert {index.name for table in metadata.tables.values() for index in table.indexes} <= indexes
    opslag.close()


def test_an_upgrade_again_changes_nothing(tmp_path: Path) -> None:
    """A current database stays as it is, and is recognised as current."""
    opslag = Opslag(f"sqlite:///{tmp_path}/a.sqlite3")
    with pytest.raises(OpslagFout):
        opslag.require_current()
    opslag.upgrade()
    opslag.upgrade()
    opslag.require_current()
    opslag.close()


def test_processes_that_start_at_once_upgrade_one_after_the_other(tmp_path: Path) -> None:
    """Several starts on a new file all succeed."""
    barrier = Barrier(4)
    failures: list[BaseException] = []

    def start() -> None:
        opslag = Opslag(f"sqlite:///{tmp_path}/a.sqlite3")
        barrier.wait()
        try:
            opslag.upgrade()
        except Exception as error:  # noqa: BLE001 - whatever it is, the test names it
            failures.append(error)
        finally:
            opslag.close()

    threads = [Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_newer_database_is_not_touched(tmp_path: Path) -> None:
    """A database of a later version of the house is refused, with what to do."""
    opslag = Opslag(f"sqlite:///{tmp_path}/a.sqlite3")
    opslag.upgrade()
    with opslag.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(OpslagFout, match="another version"):
        opslag.require_current()
    opslag.close()
