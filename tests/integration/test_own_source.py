"""A source of a LAS maker's own: the example of the documentation, installed and used as it says."""

import re
import sqlite3
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import uwlr_adapter
from uwlr_adapter.administratie.sources import bron
from uwlr_adapter.administratie.sources.csv_set.csv_set import CsvBron
from uwlr_adapter.administratie.sources.edexml.edexml import EdexmlBron
from uwlr_adapter.cli import main

PAGE = Path(__file__).parents[2] / "docs" / "guides" / "source.md"
LAS = """
CREATE TABLE persoon (id, eckid, achternaam, tussenvoegsel, roepnaam, geboren);
INSERT INTO persoon VALUES (1, NULL, 'Zon', 'van de', 'Åsa', '2018-02-03'), (2, NULL, 'Maan', NULL, 'Bo', '2018-04-05');
CREATE TABLE inschrijving (persoon, brin, vestiging, van, tot);
INSERT INTO inschrijving VALUES (1, '21QW', '00', '2022-08-01', NULL), (2, '30AB', '00', '2022-08-01', NULL);
CREATE TABLE groep (id, brin, vestiging, schooljaar, naam, stam, jaargroep, delen);
INSERT INTO groep VALUES ('g1', '21QW', '00', '2026-2027', '4A', 1, '4', 1), ('p', '21QW', '00', '2026-2027', 'Plus', 0,
    NULL, 0), ('g2', '30AB', '00', '2026-2027', '4B', 1, '4', 1);
CREATE TABLE zit_in (persoon, groep, jaargroep);
INSERT INTO zit_in VALUES (1, 'g1', '4'), (1, 'p', NULL), (2, 'g2', '4');
CREATE TABLE leraar (id, eckid, achternaam, tussenvoegsel, roepnaam, email);
INSERT INTO leraar VALUES (7, NULL, 'Ster', NULL, 'Cas', 'cas@school.example');
CREATE TABLE geeft_les (leraar, groep);
INSERT INTO geeft_les VALUES (7, 'g1');
"""


@pytest.fixture
def las(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Install the package of the page, and yield the database of its LAS."""
    package = tmp_path / "package"
    info = package / "mijnlas-1.dist-info"
    info.mkdir(parents=True)
    page = PAGE.read_text(encoding="utf-8")
    (package / "mijnlas.py").write_text(re.findall(r"```python\n(.*?)```", page, re.DOTALL)[0], encoding="utf-8")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mijnlas\nVersion: 1\n", encoding="utf-8")
    point = re.findall(r'```toml\n\[project.entry-points."(.*?)"\]\n(\w+) = "(.*?)"', page)[0]
    (info / "entry_points.txt").write_text("[{}]\n{} = {}\n".format(*point), encoding="utf-8")
    monkeypatch.syspath_prepend(str(package))
    database = tmp_path / "las.sqlite3"
    connection = sqlite3.connect(database)
    connection.executescript(LAS)
    connection.close()
    yield database
    sys.modules.pop("mijnlas", None)


def _run(tmp_path: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--data", str(tmp_path / "data"), *arguments])


def test_the_example_of_the_page_imports_each_school_of_the_las(las: Path, tmp_path: Path) -> None:
    """Both schools come in, each as a batch of its own under the name of the source, and show what the LAS says."""
    result = _run(tmp_path, "import", "bron", "mijnlas", "-o", f"database={las}")
    assert result.exit_code == 0, result.output
    listed = _run(tmp_path, "import", "list").output
    assert listed.count("mijnlas") == 2
    shown = _run(tmp_path, "school", "show", "21QW00", "--peildatum", "2026-11-25").output
    assert "1 leerling, 1 leerkracht" in shown
    assert "4A" in shown
    assert "Plus" not in shown  # it is not in koppelingen beschikbaar


def test_one_part_and_a_dry_run(las: Path, tmp_path: Path) -> None:
    """A named part is the only one that is read, and a dry run leaves nothing behind."""
    result = _run(tmp_path, "import", "bron", "mijnlas", "30AB", "-o", f"database={las}", "--dry-run")

    assert "30AB00, schooljaar 2026-2027: would be imported" in result.output
    assert "21QW" not in result.output
    assert not (tmp_path / "data").exists()


def test_what_is_wrong_in_the_las_is_told_by_row_and_column(las: Path, tmp_path: Path) -> None:
    """A date that does not exist refuses the school with its row and column, and the other school comes in."""
    connection = sqlite3.connect(las)
    connection.execute("UPDATE persoon SET geboren = '2018-02-31' WHERE id = 1")
    connection.commit()
    connection.close()
    result = _run(tmp_path, "import", "bron", "mijnlas", "-o", f"database={las}")
    assert result.exit_code == 1
    assert "21QW: refused, nothing changed" in result.output
    (row,) = [line for line in result.output.splitlines() if "Geboortedatum" in line]
    assert "leerlingen.csv" in row
    assert "2018-02-31" not in result.output
    assert "30AB00" in _run(tmp_path, "school", "list").output


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["mijnlas"], "name the database"),
        (["anders"], "known: mijnlas"),
        (["mijnlas", "-o", "database"], "write it as NAME=VALUE"),
    ],
)
def test_a_source_that_cannot_be_used_is_one_sentence(
    las: Path, tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    """Options that are missing, a name that nobody installed and an option without a value are told."""
    assert las.exists()
    result = _run(tmp_path, "import", "bron", *arguments)
    assert result.exit_code != 0
    assert sentence in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)


@pytest.mark.parametrize(("length", "good"), [(0, False), (1, True), (20, True), (21, False)])
def test_the_naam_of_a_source_has_its_limits(
    las: Path, monkeypatch: pytest.MonkeyPatch, length: int, *, good: bool
) -> None:
    """A name of 1 to 20 characters fits in the list of imports; another one is refused."""
    options = {"database": str(las)}
    assert bron.make("mijnlas", options).name == "mijnlas"
    monkeypatch.setattr(sys.modules["mijnlas"].MijnLas, "name", "n" * length)
    if good:
        assert bron.make("mijnlas", options).name == "n" * length
    else:
        with pytest.raises(bron.BronError, match="1 to 20 characters"):
            bron.make("mijnlas", options)


def test_the_file_imports_are_sources_too() -> None:
    """The readers of files are a Bron like any other."""
    assert isinstance(EdexmlBron([]), bron.Bron)
    assert isinstance(CsvBron([]), bron.Bron)


def test_a_column_with_the_time_of_a_date_is_a_date() -> None:
    """A database that has no dates without a time delivers midnight: the date is taken without a word."""
    place = {"Brin": "21QW", "Vestiging": "00"}
    year = {**place, "Schooljaar": "2026-2027"}
    names = {"ECK-iD": None, "Achternaam": "Zon", "Voorvoegsel": None, "Roepnaam": "Bo"}
    (delivery,) = uwlr_adapter.deliveries_from_rows(
        {
            "leerlingen": [{"Sleutel": 1, **names, "Geboortedatum": datetime(2018, 3, 14)}],  # noqa: DTZ001 - a column has no zone
            "inschrijvingen": [
                {"Leerling": 1, **place, "Inschrijfdatum": datetime(2022, 8, 1), "Uitschrijfdatum": None}  # noqa: DTZ001 - idem
            ],
            "groepen": [
                {
                    "Sleutel": "g",
                    **year,
                    "Naam": "4A",
                    "Soort": "Stamgroep",
                    "Jaargroep": 4,
                    "In koppelingen beschikbaar": True,
                }
            ],
            "plaatsingen": [{"Leerling": 1, **year, "Groep": "g", "Jaargroep": None}],
            "leerkrachten": [],
        }
    )
    (leerling,) = (source.record for source in delivery.leerlingen)
    assert leerling.geboortedatum == "2018-03-14"
    assert delivery.periods == {"1": (uwlr_adapter.Period("2022-08-01"),)}
    assert delivery.warnings == ()
    assert all(count.told == 0 for count in delivery.rows.values())
