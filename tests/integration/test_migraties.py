"""The migrations lead to the tables that the code has, on a real database."""

from collections.abc import Iterator
from pathlib import Path
from threading import Barrier, Thread

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from uwlr_adapter import journaal, stand
from uwlr_adapter.administratie import tables as administratie
from uwlr_adapter.koppelingen import tables as koppelingen
from uwlr_adapter.opslag import Opslag, OpslagFout, metadata

ROOMS = (journaal, administratie, koppelingen, stand)
"""Importing a room declares its tables."""


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the URL of a database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/a.sqlite3"
    given: str = request.getfixturevalue("empty_postgresql")
    return given


@pytest.fixture
def opslag(url: str) -> Iterator[Opslag]:
    """Open it."""
    opened = Opslag(url)
    yield opened
    opened.close()


def test_the_migrations_make_the_tables_of_the_code(opslag: Opslag) -> None:
    """After an upgrade there is no difference between the database and the metadata, names of constraints included."""
    opslag.upgrade()
    with opslag.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        inspector = sa.inspect(connection)
        indexes = {index["name"] for table in metadata.tables for index in inspector.get_indexes(table)}
        checks = {check["name"] for table in metadata.tables for check in inspector.get_check_constraints(table)}
    assert {index.name for table in metadata.tables.values() for index in table.indexes} <= indexes
    assert {"ck_koppeling_status", "ck_koppeling_code_digest", "ck_afnemer_vorige"} <= checks


def test_an_upgrade_again_changes_nothing(opslag: Opslag) -> None:
    """A current database stays as it is, and is recognised as current."""
    with pytest.raises(OpslagFout):
        opslag.require_current()
    opslag.upgrade()
    opslag.upgrade()
    opslag.require_current()


def test_processes_that_start_at_once_upgrade_one_after_the_other(url: str) -> None:
    """Several starts on a new database all succeed."""
    barrier = Barrier(4)
    failures: list[BaseException] = []

    def start() -> None:
        opslag = Opslag(url)
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


def test_a_newer_database_is_not_touched(opslag: Opslag) -> None:
    """A database of a later version of the house is refused, with what to do."""
    opslag.upgrade()
    with opslag.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(OpslagFout, match="another version"):
        opslag.require_current()
