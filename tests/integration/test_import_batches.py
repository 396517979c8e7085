"""`import list|show|undo`, and the drop guard: an import that one can trust, and take back."""

from pathlib import Path
from typing import Any

import pytest
from support.csv_sets import GOOD, CommandBench, change, counts_of, lay_out, rows_of
from support.trial_school import TrialSchool

from uwlr_adapter.cli.base import own_actor

ASKS = 3
KEPT = ("import_batch", "import_step", "school", "schema_version", "journaal")
"""The tables about imports, acts and the schema; the others hold records."""
HEADER = {
    "leerlingen": "Sleutel;ECK-iD;Achternaam;Voorvoegsel;Roepnaam;Geboortedatum",
    "inschrijvingen": "Leerling;Brin;Vestiging;Inschrijfdatum;Uitschrijfdatum",
    "groepen": "Sleutel;Brin;Vestiging;Schooljaar;Naam;Soort;Jaargroep;In koppelingen beschikbaar",
    "plaatsingen": "Leerling;Brin;Vestiging;Schooljaar;Groep;Jaargroep",
    "leerkrachten": "Sleutel;ECK-iD;Achternaam;Voorvoegsel;Roepnaam;E-mailadres;Brin;Vestiging;Schooljaar;Groep",
}


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> CommandBench:
    """Return an empty data folder."""
    bench = CommandBench(tmp_path_factory.mktemp("leeg") / "data")
    bench.init()
    return bench


@pytest.fixture
def bench(empty: CommandBench, tmp_path: Path) -> CommandBench:
    """Return an empty data folder of its own."""
    return empty.copy(tmp_path / "data")


def _records(bench: CommandBench) -> dict[str, list[str]]:
    return {naam: rows for naam, rows in bench.dump().items() if naam not in KEPT}


def _school(
    folder: Path, leerlingen: int, groepen: int = 2, *, uitschrijfdatum: str = "", unavailable: int = 0
) -> Path:
    """Write a set of one vestiging with so many leerlingen and groups, the last ones not available."""
    folder.mkdir(exist_ok=True)
    rows = {
        "leerlingen": [f"l{at};;Naam{at};;;" for at in range(leerlingen)],
        "inschrijvingen": [f"l{at};21QW;00;01-08-2026;{uitschrijfdatum}" for at in range(leerlingen)],
        "groepen": [
            f"g{at};21QW;00;2026-2027;G{at};Stamgroep;4;{'Ja' if at < groepen - unavailable else 'Nee'}"
            for at in range(groepen)
        ],
        "plaatsingen": [f"l{at};21QW;00;2026-2027;g{at % groepen};" for at in range(leerlingen)],
        "leerkrachten": [],
    }
    for naam, lines in rows.items():
        (folder / f"{naam}.csv").write_text("\n".join([HEADER[naam], *lines, ""]), "utf-8")
    return folder


def test_list_and_show(bench: CommandBench, tmp_path: Path) -> None:
    """The newest first, each with what it did; a dry run and a refused import leave none."""
    assert "No imports yet." in bench.run("import", "list").output
    bench.taken("csv", GOOD)
    bench.taken("csv", GOOD, "--dry-run")
    bench.run("import", "csv", lay_out(tmp_path, "datum-bestaat-niet"))
    bench.taken("csv", GOOD)
    listed = [row for row in rows_of(bench.run("import", "list", "--brincode", "21QW").output) if row[0] != "ID"]
    years = "2025-2026, 2026-2027"
    first = "locaties 2 added; groepen 5 added; leerlingen 8 added; leerkrachten 2 added; plaatsingen 5 added"
    assert listed == [
        ["2", "2026-11-25 11:00", "21QW", "csv", own_actor(), years, "nothing changed"],
        ["1", "2026-11-25 11:00", "21QW", "csv", own_actor(), years, first],
    ]
    assert rows_of(bench.run("import", "list", "--limit", "1").output) == listed[:1]
    assert rows_of(bench.run("import", "list", "--brincode", "99ZZ").output) == []
    shown = bench.run("import", "show", "1").output
    assert counts_of(shown)["leerlingen"] == (8, 0, 0, 0)
    assert "21QW01, schooljaar 2026-2027: 0 warnings" in shown


@pytest.mark.parametrize("command", ["show", "undo"])
def test_an_import_that_is_not_there(bench: CommandBench, command: str) -> None:
    """An unknown id is told in one sentence, before anything is asked."""
    result = bench.run("import", command, "12")
    assert result.exit_code == 1
    assert "there is no import 12" in result.output


def test_undo_asks_and_brings_back_what_was(bench: CommandBench, tmp_path: Path) -> None:
    """A dry run and a no change nothing; a yes brings back every row; once undone it cannot be undone again."""
    bench.taken("csv", GOOD)
    before = _records(bench)
    folder = lay_out(tmp_path, "goed")
    change(folder, "leerlingen", ("Kwikstaart", "Boerenzwaluw"), ("pilot/anna", "pilot/anna-2"))
    change(folder, "plaatsingen", ("lln-bram;21QW;00;2026-2027;g26-c", "lln-bram;21QW;00;2026-2027;g26-4"))
    change(folder, "groepen", ("Plusklas", "Denkers"))
    bench.taken("csv", folder)
    after = bench.dump()
    dry = bench.run("import", "undo", "2", "--dry-run")
    assert (dry.exit_code, "dry run, nothing changed" in dry.output, bench.dump()) == (0, True, after)
    refused = bench.run("import", "undo", "2", answer="n\n")
    assert (refused.exit_code, "Undo this import?" in refused.output, bench.dump()) == (1, True, after)
    done = bench.run("import", "undo", "2", answer="y\n")
    assert (done.exit_code, "Import 2 was undone." in done.output) == (0, True)
    assert _records(bench) == before
    again = bench.run("import", "undo", "2", "--yes")
    assert again.exit_code == 1
    assert "import 2 was undone already" in again.output
    assert rows_of(bench.run("import", "list").output)[-2][-1] == "undone"
    assert "Undone on 2026-11-25 11:00" in bench.run("import", "show", "2").output


def test_undo_keeps_a_vestiging_that_a_koppeling_knows(tmp_path: Path) -> None:
    """The records go, the vestiging stays with its koppeling: a platform hears that there are no data."""
    school = TrialSchool(tmp_path / "data")
    bench = CommandBench(tmp_path / "data", school.moment)
    bench.taken("csv", GOOD)
    first = school.fetch()
    assert bench.run("import", "undo", "--to", "1", "--yes", "--accept-drop").exit_code == 0
    dump = bench.dump()
    assert (len(dump["vestiging"]), dump["persoon"], dump["groep"]) == (1, [], [])
    assert school.fetch(last=first.aanmaakdatum).outcome == "geengegevens"
    bench.taken("csv", GOOD)
    assert school.fetch().keys("leerling") == first.keys("leerling")
    school.close()


def test_undo_goes_the_newest_first(bench: CommandBench, tmp_path: Path) -> None:
    """An older import is refused, before the question, with the order.

    Imports of another school do not matter, and neither does one that changed nothing.
    """
    folder = _school(tmp_path / "klein", 3)
    bench.taken("csv", folder)
    change(folder, "leerlingen", ("Naam1", "Anders"))
    bench.taken("csv", folder)
    other = lay_out(tmp_path, "goed")
    for file in other.iterdir():
        file.write_text(file.read_text("utf-8").replace("21QW", "99ZZ"), "utf-8")
    bench.taken("csv", other, "--new-school")
    bench.taken("csv", folder)
    result = bench.run("import", "undo", "1")
    assert result.exit_code == 1
    assert "undo the newer imports of 21QW first, in this order: 2 (`import undo --to 1`" in result.output
    assert "Undo this import?" not in result.output
    for number in ("2", "1", "3"):
        assert bench.run("import", "undo", number, "--yes", "--accept-drop").exit_code == 0
    assert {naam for naam, rows in _records(bench).items() if rows} == set()


@pytest.mark.parametrize(
    ("before", "after", "gone"),
    [
        ({"leerlingen": 40}, {"leerlingen": 31}, "9 of the 40 leerlingen"),
        ({"leerlingen": 40}, {"leerlingen": 32}, None),
        ({"leerlingen": 12}, {"leerlingen": 6}, "6 of the 12 leerlingen"),
        ({"leerlingen": 12}, {"leerlingen": 7}, None),
        ({"leerlingen": 9, "groepen": 9}, {"leerlingen": 9, "groepen": 7}, "2 of the 9 groepen"),
        ({"leerlingen": 9, "groepen": 2}, {"leerlingen": 9, "groepen": 1}, None),
        ({"leerlingen": 9}, {"leerlingen": 9, "uitschrijfdatum": "24-11-2026"}, "9 of the 9 leerlingen"),
        ({"leerlingen": 9}, {"leerlingen": 9, "uitschrijfdatum": "26-11-2026"}, None),
        ({"leerlingen": 9, "groepen": 4}, {"leerlingen": 9, "groepen": 4, "unavailable": 4}, "4 of the 4 groepen"),
    ],
)
def test_a_drop_stops(
    bench: CommandBench, tmp_path: Path, before: dict[str, Any], after: dict[str, Any], gone: str | None
) -> None:
    """An import that drops more than the allowed share of what is answered today asks first, and changes nothing."""
    bench.taken("csv", _school(tmp_path / "school", **before))
    kept = bench.dump()
    folder = _school(tmp_path / "school", **after)
    result = bench.run("import", "csv", folder)
    if gone is None:
        assert result.exit_code == 0, result.output
        return
    assert (result.exit_code, bench.dump()) == (ASKS, kept)
    assert f"21QW00, 2026-2027: {gone} that are answered today would be gone" in result.output
    assert "--accept-drop" in result.output


def test_an_accepted_drop_is_no_question_again(bench: CommandBench, tmp_path: Path) -> None:
    """A dry run asks as well; after --accept-drop the same set is taken without it."""
    bench.taken("csv", _school(tmp_path / "school", 8))
    folder = _school(tmp_path / "school", 1)
    assert bench.run("import", "csv", folder, "--dry-run").exit_code == ASKS
    bench.taken("csv", folder, "--accept-drop")
    bench.taken("csv", folder)


def test_the_share_of_a_drop_is_a_setting(bench: CommandBench, tmp_path: Path) -> None:
    """UWLR_MAX_DROP moves the line: half may go, or nothing at all beyond the few of a small school."""
    bench.taken("csv", _school(tmp_path / "school", 40))
    folder = _school(tmp_path / "school", 30)
    assert bench.run("import", "csv", folder).exit_code == ASKS
    bench.max_drop = 0.0
    result = bench.run("import", "csv", folder)
    assert (result.exit_code, "10 of the 40 leerlingen" in result.output) == (ASKS, True)
    bench.max_drop = 0.5
    bench.taken("csv", folder)
