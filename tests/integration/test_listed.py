"""A condition with a list of values in one parameter, on both databases."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from support.databases import make_tables

from uwlr_adapter.administratie.tables import vestiging
from uwlr_adapter.db.backend import run
from uwlr_adapter.db.database import Database
from uwlr_adapter.db.listed import Listed, as_list
from uwlr_adapter.db.statements import Query, SelectStatement
from uwlr_adapter.resultaten.tables import results_message
from uwlr_adapter.settings import Settings

NAMES = ["Bos", "É'\"\\school", "ﬀ 学校 \U0001f600", ""]
_BY_NAME = SelectStatement(sa.select(vestiging.c.naam).where(Listed(vestiging.c.naam, "names")))
_BY_ID = SelectStatement(sa.select(results_message.c.id).where(Listed(results_message.c.id, "ids")))


@pytest.fixture
def database(backend: str, tmp_path: Path) -> Database:
    """Return a database with tables."""
    del backend
    made = Database(Settings(data=tmp_path).database_url)
    make_tables(made)
    return made


def test_texts_and_numbers(database: Database) -> None:
    """Rows with one of the values are found, whatever is in a text; of no values none."""
    with database.writing() as connection:
        for number, naam in enumerate(NAMES):
            brin6 = f"21QW{number:02}"
            connection.execute(
                vestiging.insert().values(brin6=brin6, brincode="21QW", dependancecode=brin6[4:], naam=naam)
            )
        for wanted in ([], NAMES[:1], NAMES[1:3], ["absent", ""]):
            (rows,) = run(connection, [Query(_BY_NAME, {"names": as_list(wanted)})])
            assert sorted(row[0] for row in rows) == sorted(set(wanted) & set(NAMES))
        assert run(connection, [Query(_BY_ID, {"ids": as_list([1, 2**62])})]) == [[]]


def test_an_index_is_searched(tmp_path: Path) -> None:
    """SQLite looks each value up, however many rows there are."""
    embedded = Database(f"sqlite:///{tmp_path / 'a.sqlite3'}")
    make_tables(embedded)
    with embedded.reading() as connection:
        sql = f"EXPLAIN QUERY PLAN {_BY_ID.compiled(connection.dialect).sql}"
        plan = [row[3] for row in connection.exec_driver_sql(sql, (as_list([1]),))]
    assert plan[0].startswith("SEARCH results_message USING INTEGER PRIMARY KEY")
