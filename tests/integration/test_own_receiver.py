"""A receiver of a LAS maker's own: the example of the documentation, installed and used as it says."""

import re
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from support.databases import make_tables
from support.result_bench import BRIN6, ResultBench, Sent

from uwlr_adapter.cli import main
from uwlr_adapter.db.database import Database
from uwlr_adapter.settings import Settings

PAGE = Path(__file__).parents[2] / "docs" / "guides" / "receiver.md"


@pytest.fixture
def las(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Install the package of the page, set it up as the page says, and yield the database of its LAS."""
    package, page = tmp_path / "package", PAGE.read_text(encoding="utf-8")
    info = package / "mijnlas_resultaten-1.dist-info"
    info.mkdir(parents=True)
    (package / "mijnlas_resultaten.py").write_text(re.findall(r"```python\n(.*?)```", page, re.DOTALL)[0])
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mijnlas-resultaten\nVersion: 1\n", encoding="utf-8")
    group, name, maker = re.findall(r'```toml\n\[project.entry-points."(.*?)"\]\n(\w+) = "(.*?)"', page)[0]
    (info / "entry_points.txt").write_text(f"[{group}]\n{name} = {maker}\n", encoding="utf-8")
    database, options = tmp_path / "resultaten.sqlite3", tmp_path / "receiver"
    options.write_text(f"database={database}\n", encoding="utf-8")
    variables = dict(re.findall(r"^(UWLR_\w+)=(.*)$", page, re.MULTILINE))
    assert sorted(variables) == ["UWLR_RECEIVER", "UWLR_RECEIVER_OPTIONS_FILE"]
    monkeypatch.setenv("UWLR_RECEIVER", variables["UWLR_RECEIVER"])
    monkeypatch.setenv("UWLR_RECEIVER_OPTIONS_FILE", str(options))
    monkeypatch.syspath_prepend(str(package))
    yield database
    sys.modules.pop("mijnlas_resultaten", None)


def run(folder: Path, *arguments: str) -> str:
    """Run the command; return its output."""
    told = CliRunner().invoke(main, ["--data", str(folder), "resultaten", *arguments])
    assert told.exit_code == 0, told.output
    return told.output


def rows(database: Path) -> list[tuple[Any, ...]]:
    """Return what stands in the LAS."""
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(
            "SELECT leerling, platform, toets, onderdeel, dag, score FROM toetsresultaat"
        ).fetchall()


def test_the_example_as_documented(las: Path, tmp_path: Path) -> None:
    """A new result, a correction and one that is taken back, into the table of the LAS and out of it."""
    database = Database(Settings(data=tmp_path).database_url)
    make_tables(database)
    bench = ResultBench(database)
    bench.furnish()
    bench.send(Sent("201", "a", 7), Sent("202", "b", 8, onderdeel="A"))
    assert "2" in run(tmp_path, "deliver", "--dry-run")
    assert "Delivered: 2." in run(tmp_path, "deliver")
    day = "2026-11-01"
    assert rows(las) == [("201", "Proef", "Toets", None, day, 7), ("202", "Proef", "Toets", "A", day, 8)]
    correction = bench.send(Sent("201", "a", 9))
    run(tmp_path, "deliver")
    assert rows(las)[0][-1] == 9
    run(tmp_path, "take-back", str(correction.message_id), "--yes")
    run(tmp_path, "take-back", "1", "--yes")
    assert "Delivered: 2." in run(tmp_path, "deliver")
    assert rows(las) == []
    assert '"delivered_at": null' not in run(tmp_path, "list", BRIN6, "--json")
    database.close()
