"""`import undo` and `import redo`: several at once, shown and asked as one, and journalled."""

from contextlib import closing
from datetime import timedelta
from pathlib import Path

import click
import pytest
from support.csv_sets import GOOD, CommandBench, change, lay_out, rows_of
from support.edexml_files import eckid, make_dataset, to_edexml

from uwlr_adapter.administratie.importing import batches
from uwlr_adapter.contract.dataset import Leerling
from uwlr_adapter.journaal import search
from uwlr_adapter.journaal.model import Act, EntryKind

KEPT = ("import_batch", "import_step", "school", "journaal")
"""The tables in which an undo and a redo leave a trace; the others hold records."""


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> CommandBench:
    """Return a data folder with four imports: the good set, another name, somebody gone, and the same again."""
    bench = CommandBench(tmp_path_factory.mktemp("school") / "data")
    bench.init()
    folder = lay_out(tmp_path_factory.mktemp("set"), "goed")
    bench.taken("csv", GOOD)
    change(folder, "leerlingen", ("Kwikstaart", "Boerenzwaluw"))
    bench.taken("csv", folder)
    for naam in ("leerlingen", "inschrijvingen", "plaatsingen"):
        lines = (folder / f"{naam}.csv").read_text("utf-8").splitlines(keepends=True)
        (folder / f"{naam}.csv").write_text("".join(line for line in lines if "lln-anna" not in line), "utf-8")
    bench.taken("csv", folder)
    bench.taken("csv", folder)
    return bench


@pytest.fixture
def bench(imported: CommandBench, tmp_path: Path) -> CommandBench:
    """Return a copy of that data folder."""
    return imported.copy(tmp_path / "data")


def _records(bench: CommandBench) -> dict[str, list[str]]:
    return {name: rows for name, rows in bench.dump().items() if name not in KEPT}


def _listed(bench: CommandBench) -> dict[str, str]:
    """Return what `import list` says of each import."""
    return {row[0]: row[-1] for row in rows_of(bench.run("import", "list").output) if row[0] != "ID"}


def _effects(output: str) -> set[tuple[str, str]]:
    """Return the keys of the persons in an effect on the answers, with what changes about them."""
    return {(row[1], row[3]) for row in rows_of(output) if row[0] in {"leerling", "leerkracht"}}


def test_an_import_that_changed_nothing_does_not_stand_in_the_way(bench: CommandBench) -> None:
    """The one before it is undone, and it stays as it is."""
    done = bench.run("import", "undo", "3", "--yes")
    assert (done.exit_code, "Import 3 was undone." in done.output) == (0, True)
    assert _effects(done.output) == {("lln-anna", "comes")}
    listed = _listed(bench)
    assert (listed["4"], listed["3"]) == ("nothing changed", "undone")


def test_several_are_undone_and_redone_in_one_step(bench: CommandBench) -> None:
    """`--to` takes the import that it names too: one preview of the answers before and after, one question."""
    before = bench.dump()
    refused = bench.run("import", "undo", "2")
    assert refused.exit_code == 1
    assert "in this order: 3 (`import undo --to 2` undoes all of them)" in " ".join(refused.output.split())
    dry = bench.run("import", "undo", "--to", "2", "--dry-run")
    assert (dry.exit_code, bench.dump()) == (0, before)
    assert "Imports 3, 2 would be undone (dry run, nothing changed)." in dry.output
    assert [line.split()[1] for line in dry.output.splitlines() if line.startswith("Import ")] == ["3", "2"]
    effects = _effects(dry.output)
    assert ("lln-anna", "comes") in effects
    assert any(what == "achternaam" for _, what in effects)
    no = bench.run("import", "undo", "--to", "2", answer="n\n")
    assert (no.exit_code, no.output.count("Undo these imports?"), bench.dump()) == (1, 1, before)
    yes = bench.run("import", "undo", "--to", "2", answer="y\n")
    assert (yes.exit_code, "Imports 3, 2 were undone." in yes.output) == (0, True)
    assert _effects(yes.output) == effects
    good = _records(bench)
    assert "Boerenzwaluw" not in str(good)
    assert "Kwikstaart" in str(good)
    early = bench.run("import", "redo", "3")
    assert "in this order: 2 (`import redo --to 3` redoes all of them)" in " ".join(early.output.split())
    again = bench.run("import", "redo", "--to", "3", "--yes")
    assert (again.exit_code, "Imports 2, 3 were redone." in again.output) == (0, True)
    assert _records(bench) == {name: rows for name, rows in before.items() if name not in KEPT}


def test_the_next_import_to_redo_needs_no_number(bench: CommandBench) -> None:
    """It is the one that was undone last; the list and `show` tell that it was redone."""
    before = _records(bench)
    assert bench.run("import", "undo", "--to", "2", "--yes").exit_code == 0
    for number in ("2", "3"):
        dry = bench.run("import", "redo", "--dry-run")
        assert (dry.exit_code, f"Import {number} would be redone" in dry.output) == (0, True)
        assert bench.run("import", "redo", answer="y\n").exit_code == 0
    assert _records(bench) == before
    nothing = bench.run("import", "redo")
    assert (nothing.exit_code, "there is no undone import that can be redone" in nothing.output) == (1, True)
    listed = _listed(bench)
    assert listed["3"].startswith("redone; leerlingen")
    assert not listed["1"].startswith("redone")
    assert "Undone, and redone on 2026-11-25 11:00" in bench.run("import", "show", "3").output
    assert "import 3 is not undone" in bench.run("import", "redo", "3").output


@pytest.mark.parametrize("command", ["undo", "redo"])
def test_a_drop_is_a_question(tmp_path: Path, command: str) -> None:
    """As for an import, by what is answered today; a dry run asks as well, and `--accept-drop` answers."""
    bench = CommandBench(tmp_path / "data")
    bench.init()
    few, many = (_edexml(tmp_path, number) for number in (3, 12))
    for file in (few, many) if command == "undo" else (many, few):
        bench.taken("edexml", file, "--accept-drop")
    if command == "redo":
        assert bench.run("import", "undo", "2", "--yes").exit_code == 0
    before = bench.dump()
    for more in ("--dry-run", "--yes"):
        result = bench.run("import", command, "2", more)
        assert (result.exit_code, bench.dump()) == (3, before)
        assert "9 of the 12 leerlingen that are answered today would be gone (75%" in result.output
        assert f"Nothing changed. If this is right, {command} it with --accept-drop." in result.output
        assert len(_effects(result.output)) == 9
    assert bench.run("import", command, "2", "--accept-drop", "--yes").exit_code == 0
    assert bench.dump() != before


@pytest.mark.parametrize("command", ["undo", "redo"])
def test_a_vestiging_without_a_row_in_the_import_has_it_in_its_journaal(tmp_path: Path, command: str) -> None:
    """An ECK-iD that one vestiging corrected is another one in the answer of the other vestiging too."""
    bench = CommandBench(tmp_path / "data")
    bench.init()
    for number, (brin6, n) in enumerate((("21QW01", 1), ("21QW00", 1), ("21QW00", 2))):
        child = Leerling("1", eckid(n), "Haas", roepnaam="Jan", geboortedatum="2018-01-01")
        file = tmp_path / f"{number}.xml"
        file.write_bytes(to_edexml(make_dataset([child], brin6=brin6)))
        bench.taken("edexml", file)
    assert bench.run("import", "undo", "3", "--yes").exit_code == 0
    if command == "redo":
        assert bench.run("import", "redo", "3", "--yes").exit_code == 0
    with closing(bench.open()) as database, database.reading() as connection:
        acts = [entry.act for entry in search.read(connection, brin6="21QW01", limit=9)]
    assert acts == ([Act.IMPORT_UNDONE] if command == "undo" else [Act.IMPORT_REDONE, Act.IMPORT_UNDONE])


def _edexml(folder: Path, number: int) -> Path:
    """Write an EDEXML file with so many leerlingen."""
    file = folder / f"{number}.xml"
    leerlingen = [Leerling(str(at), achternaam=f"Valk{at}", roepnaam="Bo") for at in range(number)]
    file.write_bytes(to_edexml(make_dataset(leerlingen)))
    return file


def test_what_is_too_old_is_told(bench: CommandBench) -> None:
    """Once its data are erased an import cannot be undone any more, nor an undo taken back."""
    assert bench.run("import", "undo", "3", "--yes").exit_code == 0
    with bench.open().writing() as connection:
        before = bench.moment + timedelta(seconds=1)
        expired = batches.expired(connection, before)
        assert sum(batches.remove_expired(connection, one, before) for one in expired) == 3
    for command, number, done in (("undo", "2", "undone"), ("redo", "3", "redone")):
        result = bench.run("import", command, number)
        told = f"import {number} is too old to be {done}: what that takes was erased"
        assert (result.exit_code, told in " ".join(result.output.split())) == (1, True)


@pytest.mark.parametrize("arguments", [("undo",), ("undo", "3", "--to", "2"), ("redo", "3", "--to", "3")])
def test_one_import_is_named(bench: CommandBench, arguments: tuple[str, ...]) -> None:
    """An undo of everything by a slip is not possible."""
    result = bench.run("import", *arguments)
    assert (result.exit_code, "name one import" in result.output) == (2, True)


def test_both_are_journalled(bench: CommandBench) -> None:
    """Each import at each of its vestigingen, with who did it; a dry run and a no leave no trace."""
    bench.run("import", "undo", "--to", "2", "--dry-run")
    bench.run("import", "undo", "--to", "2", answer="n\n")
    bench.run("import", "undo", "--to", "2", "--yes")
    bench.run("import", "redo", "2", "--yes")
    with bench.open().reading() as connection:
        found = [one for one in search.read(connection) if one.kind is EntryKind.RECORDS]
        shown = search.search(connection, search.EntryFilter("21QW00"), limit=10)
    acts = [(one.act, one.brin6) for one in reversed(found)]
    both = [(Act.IMPORT_UNDONE, "21QW00"), (Act.IMPORT_UNDONE, "21QW01")] * 2
    assert acts == [*both, (Act.IMPORT_REDONE, "21QW00"), (Act.IMPORT_REDONE, "21QW01")]
    assert len(shown) == 3


def test_what_was_shown_is_what_is_done(bench: CommandBench, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the records change between the preview and the answer, nothing is done."""

    def meanwhile(*_: object, **__: object) -> bool:
        assert bench.run("leerling", "forget", "21QW00", "lln-bram", "--yes").exit_code == 0
        return True

    monkeypatch.setattr(click, "confirm", meanwhile)
    result = bench.run("import", "undo", "3")
    assert (result.exit_code, "look again" in result.output) == (1, True)
    assert _listed(bench)["3"] != "undone"
