"""Imports without anybody at the terminal: a folder of files, the exit status, and the report for a program."""

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from rich.console import Console
from support.csv_sets import MOMENT, CommandBench, lay_out
from support.edexml_files import make_dataset, to_edexml

from uwlr_adapter.administratie.importing import importer
from uwlr_adapter.cli.base import Context
from uwlr_adapter.cli.imports import imports
from uwlr_adapter.contract.dataset import Leerling
from uwlr_adapter.settings import Settings

TAKEN, REFUSED, ASKS = 0, 1, 3


class _Shell:
    """The command with standard output and standard error apart."""

    def __init__(self, data: Path) -> None:
        self.data = data

    def run(self, *arguments: object) -> Result:
        context = Context(
            Settings(data=self.data),
            clock=lambda: MOMENT,
            console=Console(width=200, highlight=False),
            messages=Console(stderr=True, width=200, highlight=False),
        )
        return CliRunner().invoke(imports, [str(one) for one in arguments], obj=context)

    def report(self, *arguments: object) -> tuple[int, dict[str, Any]]:
        result = self.run(*arguments, "--json")
        assert result.stdout.count("\n") == 1
        return result.exit_code, json.loads(result.stdout)


@pytest.fixture
def shell(tmp_path: Path, backend: str) -> _Shell:
    """Return the command, on an empty database."""
    CommandBench(tmp_path / "data").init()
    return _Shell(tmp_path / "data")


def _write(folder: Path, name: str, leerlingen: int, brin6: str) -> None:
    folder.mkdir(exist_ok=True)
    rows = [
        Leerling(key=f"k{at}", roepnaam=f"Roep{at}", achternaam=f"Achter{at}", land="XX") for at in range(leerlingen)
    ]
    (folder / name).write_bytes(to_edexml(make_dataset(rows, brin6=brin6)))


def _folder(folder: Path, *, asks: bool = True, refused: bool = True) -> Path:
    """Write the files of three schools after those of the day before: one asks, one is broken, one is good."""
    _write(folder, "a.XML", 1 if asks else 9, "21QW00")
    _write(folder, "b.xml", 9, "22AB00")
    if refused:
        (folder / "b.xml").write_bytes(b"<EDEX>")
    _write(folder, "c.xml", 8 if asks else 9, "23CD00")
    (folder / "readme.txt").write_text("not a source")
    return folder


def test_the_others_are_done(shell: _Shell, tmp_path: Path) -> None:
    """One of a folder asks and one is refused: the third is imported, each is told, and the status tells them apart."""
    day_before = _folder(tmp_path / "files", asks=False, refused=False)
    assert shell.run("edexml", day_before).exit_code == TAKEN
    status, report = shell.report("edexml", _folder(tmp_path / "files"))
    assert status == REFUSED
    assert {name: report[name] for name in ("form", "source", "dry_run", "taken", "refused", "asks", "not_tried")} == {
        "form": 1,
        "source": "edexml",
        "dry_run": False,
        "taken": 1,
        "refused": 1,
        "asks": 1,
        "not_tried": 0,
    }
    asks, refused, taken = report["parts"]
    assert [Path(part["part"]).name for part in report["parts"]] == ["a.XML", "b.xml", "c.xml"]
    assert (asks["result"], asks["batch"]) == ("asks", None)
    assert [(one["flag"], one["element"], one["subjects"]) for one in asks["questions"]] == [
        ("--accept-drop", "leerlingen", 8)
    ]
    assert asks["years"] == [{"brin6": "21QW00", "schooljaar": "2026-2027"}]
    assert (refused["result"], refused["questions"], refused["problems"][0]["severity"]) == ("refused", [], "refused")
    assert (taken["result"], taken["batch"], taken["warnings"]) == ("taken", 4, 8)
    (year,) = taken["years"]
    assert (year["brin6"], year["schooljaar"], year["national_numbers"]) == ("23CD00", "2026-2027", 0)
    assert year["counts"]["leerlingen"] == {"added": 0, "changed": 0, "unchanged": 8, "removed": 1}
    assert set(year["counts"]) == {"locaties", "groepen", "leerlingen", "leerkrachten", "plaatsingen"}
    (problem,) = taken["problems"]
    assert (problem["element"], problem["count"], len(problem["lines"])) == ("leerling/land", 8, 8)


def test_the_status_when_some_only_ask(shell: _Shell, tmp_path: Path) -> None:
    """Nothing is wrong, and somebody has to answer: 3; once answered: 0."""
    shell.run("edexml", _folder(tmp_path / "files", asks=False, refused=False))
    folder = _folder(tmp_path / "files", refused=False)
    result = shell.run("edexml", folder)
    assert result.exit_code == ASKS
    assert "Of 3: 2 taken, 1 asks." in result.stdout
    assert "does not end in .xml: 1 x" in result.stderr
    assert shell.run("edexml", folder, "--accept-drop").exit_code == TAKEN


def test_the_report_names_nobody(shell: _Shell, tmp_path: Path) -> None:
    """Neither output has a name or a key of a person; the report for a person has."""
    shell.run("edexml", _folder(tmp_path / "files", asks=False, refused=False))
    folder = _folder(tmp_path / "files")
    result = shell.run("edexml", folder, "--json")
    for value in ("Achter", "Roep", "k1"):
        assert value not in result.stdout + result.stderr
    assert f"1 of 3: {folder / 'a.XML'}: asks" in result.stderr
    assert "Roep1 Achter1" in shell.run("edexml", folder).stdout


def test_a_dry_run_has_no_batch(shell: _Shell, tmp_path: Path) -> None:
    """The numbers of batches that were rolled back would lead nowhere."""
    status, report = shell.report("edexml", _folder(tmp_path / "files", refused=False), "--dry-run")
    assert (status, report["dry_run"], {part["batch"] for part in report["parts"]}) == (TAKEN, True, {None})


def test_what_is_done_is_told_when_the_rest_fails(
    shell: _Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The report is printed when the command breaks off, with the number of parts that it did not come to."""
    import_deliveries = importer.import_deliveries
    done: list[importer.Imported] = []

    def fail_later(*arguments: Any) -> importer.Imported:
        if done:
            raise KeyboardInterrupt
        done.append(import_deliveries(*arguments))
        return done[0]

    monkeypatch.setattr(importer, "import_deliveries", fail_later)
    status, report = shell.report("edexml", _folder(tmp_path / "files", refused=False))
    assert status == REFUSED
    assert (report["taken"], report["not_tried"]) == (1, 2)


def test_an_empty_folder_is_an_error(shell: _Shell, tmp_path: Path) -> None:
    """Nothing to import is what a wrong path looks like."""
    (tmp_path / "empty").mkdir()
    result = shell.run("edexml", tmp_path / "empty")
    assert (result.exit_code, "there is nothing to import" in result.stderr) == (REFUSED, True)


def test_the_report_is_there_whatever_stops_the_command(shell: _Shell, tmp_path: Path) -> None:
    """A program reads one object: also of a folder that is empty, and of one that cannot be listed."""
    (tmp_path / "empty").mkdir()
    status, report = shell.report("edexml", tmp_path / "empty")
    assert (status, report["taken"], report["not_tried"], report["parts"]) == (REFUSED, 0, 0, [])


def test_a_folder_that_cannot_be_listed(shell: _Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the system says is told, and no path or type of an exception."""

    def fail(_: Path) -> list[Path]:
        raise PermissionError(errno.EACCES, "Permission denied")

    (tmp_path / "closed").mkdir()
    monkeypatch.setattr(Path, "iterdir", fail)
    result = shell.run("edexml", tmp_path / "closed")
    assert result.exit_code == REFUSED
    assert "the source cannot be read: Permission denied" in result.stderr


def test_what_only_has_the_name_of_a_file_is_told(shell: _Shell, tmp_path: Path) -> None:
    """A folder and a link to nothing are refused like a broken file; no pipe is waited for; the rest is taken."""
    folder = tmp_path / "files"
    _write(folder, "d.xml", 9, "21QW00")
    (folder / "a.xml").mkdir()
    (folder / "b.xml").symlink_to(folder / "gone.xml")
    os.mkfifo(folder / "c.xml")
    status, report = shell.report("edexml", folder)
    assert status == REFUSED
    told = [(Path(part["part"]).name, part["result"]) for part in report["parts"]]
    assert told == [("a.xml", "refused"), ("b.xml", "refused"), ("d.xml", "taken")]
    assert report["parts"][2]["years"][0]["held"] == 0
    reasons = [part["problems"][0]["reason"] for part in report["parts"][:2]]
    assert reasons == ["cannot be read: Is a directory", "cannot be read: No such file or directory"]


def test_the_rows_that_are_held_are_counted(shell: _Shell, tmp_path: Path) -> None:
    """A part is taken, and says how many of its rows wait for an answer."""
    folder = tmp_path / "files"
    _write(folder, "a.xml", 9, "21QW00")
    shell.run("edexml", folder)
    file = folder / "a.xml"
    file.write_bytes(file.read_bytes().replace(b">Roep1<", b">Anders<").replace(b">Achter1<", b">Heel<"))
    status, report = shell.report("edexml", folder)
    assert (status, report["parts"][0]["years"][0]["held"]) == (TAKEN, 1)


def test_a_folder_of_csv_sets(shell: _Shell, tmp_path: Path) -> None:
    """A folder without files of its own stands for the folders in it; one with them is one set."""
    sets = tmp_path / "sets"
    sets.mkdir()
    for case in ("goed", "datum-bestaat-niet"):
        lay_out(sets, case)
    status, report = shell.report("csv", sets)
    assert status == REFUSED
    assert [(Path(part["part"]).name, part["result"]) for part in report["parts"]] == [
        ("datum-bestaat-niet", "refused"),
        ("goed", "taken"),
    ]
    refused = report["parts"][0]
    assert refused["problems"][0]["file"].endswith(".csv")
    assert shell.report("csv", sets / "goed")[1]["taken"] == 1
