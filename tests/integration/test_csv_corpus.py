"""The CSV corpus through `import csv`: each case has its verdict at its file, line and column, and changes nothing."""

import logging
from pathlib import Path

import pytest
from support.csv_sets import (
    CORPUS,
    GOOD,
    CommandBench,
    CsvCase,
    counts_of,
    lay_out,
    read_manifest,
    rows_of,
    values_about_persons,
)

CASES = read_manifest()
CORRECTION = "another one than before: taken as a correction"
"""What a name that is read otherwise is to a leerling who is known."""


def _of(verdict: str) -> list[CsvCase]:
    return [case for case in CASES if case.verdict == verdict]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> CommandBench:
    """Return a data folder in which the good set was imported; no case may change it."""
    bench = CommandBench(tmp_path_factory.mktemp("data"))
    bench.taken("csv", GOOD)
    return bench


@pytest.fixture(scope="module")
def before(bench: CommandBench) -> dict[str, list[str]]:
    """Return every row of that database."""
    return bench.dump()


def _import(bench: CommandBench, folder: Path, caplog: pytest.LogCaptureFixture, *options: str) -> tuple[int, str]:
    """Import a set; nothing that says who somebody is may stand in the output or in a log, whatever happens."""
    caplog.set_level(logging.DEBUG)
    result = bench.run("import", "csv", folder, *options)
    said = result.output.replace(str(folder), "") + caplog.text
    assert [value for value in values_about_persons(folder) | values_about_persons(GOOD) if value in said] == []
    return result.exit_code, result.output


def test_the_corpus_and_its_manifest_name_the_same_cases() -> None:
    """No case goes unjudged, and none is missing."""
    assert sorted(case.naam for case in CASES) == sorted(
        folder.name for folder in CORPUS.iterdir() if folder.is_dir() and folder != GOOD
    )


@pytest.mark.parametrize("case", _of("refused"), ids=lambda one: one.naam)
def test_a_set_that_cannot_be_taken_is_refused_with_its_place_and_changes_nothing(
    case: CsvCase,
    bench: CommandBench,
    before: dict[str, list[str]],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """File, line, column and reason are told, once, and no row of any table is another one."""
    code, output = _import(bench, lay_out(tmp_path, case.naam), caplog)
    assert code == 1
    assert case.says(output), output
    assert "refused, nothing changed" in output
    assert bench.dump() == before
    for _, _, _, _, lines in rows_of(output):
        assert len(set(lines.split(", "))) == len(lines.split(", ")), "a line is told twice"


@pytest.mark.parametrize("case", _of("taken"), ids=lambda one: one.naam)
def test_a_set_with_a_flaw_is_taken_with_its_warning(
    case: CsvCase,
    bench: CommandBench,
    before: dict[str, list[str]],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A value that the rest can do without is a warning at its place and refuses nothing; a dry run stores nothing."""
    code, output = _import(bench, lay_out(tmp_path, case.naam), caplog, "--dry-run")
    assert code == 0, output
    assert case.says(output), output
    warnings = [row for row in rows_of(output) if row[0] == "warning" and row[3] != CORRECTION]
    assert len(warnings) == 1, "and nothing else is"
    assert bench.dump() == before


@pytest.mark.parametrize("case", _of("same"), ids=lambda one: one.naam)
def test_another_way_to_write_the_same_set_changes_nothing(
    case: CsvCase, bench: CommandBench, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Encodings, separators, quotes and the habits of spreadsheets make no difference to the records."""
    code, output = _import(bench, lay_out(tmp_path, case.naam), caplog, "--dry-run")
    assert code == 0, output
    assert counts_of(output) == {
        "locaties": (0, 0, 2, 0),
        "groepen": (0, 0, 5, 0),
        "leerlingen": (0, 0, 8, 0),
        "leerkrachten": (0, 0, 2, 0),
    }
    assert [row for row in rows_of(output) if row[0] == "warning"] == []
    assert case.reason == "-" or case.reason in output
