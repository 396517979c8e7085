"""Whatever happens to the persons of a school, no result is another child's: held against the owner of each key."""

import random
from collections import Counter
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.databases import make_tables
from support.oracle import amount
from support.result_bench import ResultBench
from support.result_look import Administration
from support.result_walk import ResultWalk
from support.school_builder import SchoolBuilder

from uwlr_adapter import plugins
from uwlr_adapter.db.database import Database
from uwlr_adapter.koppelingen.tables import afnemer
from uwlr_adapter.settings import Settings

STEPS = 45
_FOUND = (3, 5, 28, 36)
"""Seeds of the short form: each fails with a mend taken out that a walk asked for."""
SEEDS = sorted({*_FOUND, *range(100, amount(104, 700))})
ON_POSTGRESQL = amount(1, 20)


class Point:
    """An entry point of a receiver."""

    name = "mijnlas"

    def __init__(self, made: Administration) -> None:
        self._made = made

    def load(self) -> object:
        """Return the maker."""
        return lambda _options: self._made


@pytest.fixture(scope="module")
def figures() -> Counter[str]:
    """Return what happened in all walks together."""
    return Counter()


def _walk(folder: Path, seed: int, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Walk at random with a school of its own; return what happened."""
    administration = Administration()
    monkeypatch.setattr(plugins, "entry_points", lambda **_: [Point(administration)])
    database = Database(Settings(data=folder).database_url)
    make_tables(database)
    SchoolBuilder(database).add_afnemer("Proef")
    with database.reading() as connection:
        number = connection.scalar(sa.select(afnemer.c.id))
    bench = ResultBench(database, afnemers={"Proef": number or 0})
    walk = ResultWalk(bench, random.Random(seed), administration)  # noqa: S311 - a test
    try:
        for _ in range(STEPS):
            walk.step()
    except AssertionError as error:
        history = "\n".join(map(str, walk.history))
        raise AssertionError(f"{error}\n{history}") from error
    finally:
        database.close()
    return walk.done


@pytest.mark.parametrize("seed", SEEDS)
def test_no_result_is_of_another_child(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, figures: Counter[str]
) -> None:
    """After each step what is shown, exported and delivered is of whom the platform meant, and nothing was lost."""
    figures.update(_walk(tmp_path, seed, monkeypatch))


@pytest.mark.parametrize("seed", range(ON_POSTGRESQL))
@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_no_result_is_of_another_child_on_postgresql(
    backend: str, seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So it is on PostgreSQL."""
    del backend
    assert _walk(tmp_path, 1000 + seed, monkeypatch)["sent"]


def test_the_walks_of_owners_saw_everything(figures: Counter[str]) -> None:
    """A walk in which nothing happens proves nothing."""
    wanted = {"sent", "import", "joined", "merged", "undone", "redone", "forgotten", "purged", "delivered"}
    more = {"taken back", "put back", "withheld or shared", "withheld"}
    if figures:
        assert {name for name, number in figures.items() if number} >= wanted | more
