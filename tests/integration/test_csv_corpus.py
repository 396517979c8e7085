"""The CSV corpus through `import csv`: each case has its verdict at its file, line and column, and changes nothing."""

import logging
from pathlib import Path

import pytest
from support.csv_sets import (
    CORPUS,
    GOED,
    Geval,
    Werkplek,
    lay_out,
    read_manifest,
    rows_of,
    tellingen,
    values_about_persons,
)

GEVALLEN = read_manifest()


def _of(verdict: str) -> list[Geval]:
    return [geval for geval in GEVALLEN if geval.verdict == verdict]


@pytest.fixture(scope="module")
def werkplek(tmp_path_factory: pytest.TempPathFactory) -> Werkplek:
    """Give a house in which the good set was imported; no case may change it."""
    werkplek = Werkplek(tmp_path_factory.mktemp("data"))
    werkplek.taken("csv", GOED)
    return werkplek


@pytest.fixture(scope="module")
def before(werkplek: Werkplek) -> dict[str, list[str]]:
    """Give every row of that house."""
    return werkplek.dump()


def _import(werkplek: Werkplek, folder: Path, caplog: pytest.LogCaptureFixture, *options: str) -> tuple[int, str]:
    """Import a set; nothing that says who somebody is may stand in the output or in a log, whatever happens."""
    caplog.set_level(logging.DEBUG)
    result = werkplek.run("import", "csv", folder, *options)
    said = result.output.replace(str(folder), "") + caplog.text
    assert [value for value in values_about_persons(folder) | values_about_persons(GOED) if value in said] == []
    return result.exit_code, result.output


def test_the_corpus_and_its_manifest_name_the_same_cases() -> None:
    """No case goes unjudged, and none is missing."""
    assert sorted(geval.naam for geval in GEVALLEN) == sorted(
        folder.name for folder in CORPUS.iterdir() if folder.is_dir() and folder != GOED
    )


@pytest.mark.parametrize("geval", _of("refused"), ids=lambda one: one.naam)
def test_a_set_that_cannot_be_taken_is_refused_with_its_place_and_changes_nothing(
    geval: Geval,
    werkplek: Werkplek,
    before: dict[str, list[str]],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """File, line, column and reason are told, once, and no row of any table is another one."""
    code, output = _import(werkplek, lay_out(tmp_path, geval.naam), caplog)
    assert code == 1
    assert geval.says(output), output
    assert "refused, nothing changed" in output
    assert werkplek.dump() == before
    for _, _, _, _, lines in rows_of(output):
        assert len(set(lines.split(", "))) == len(lines.split(", ")), "a line is told twice"


@pytest.mark.parametrize("geval", _of("taken"), ids=lambda one: one.naam)
def test_a_set_with_a_flaw_is_taken_with_its_warning(
    geval: Geval,
    werkplek: Werkplek,
    before: dict[str, list[str]],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What the rest can do without is told as a warning, at its place, and refuses nothing; a dry run keeps nothing."""
    code, output = _import(werkplek, lay_out(tmp_path, geval.naam), caplog, "--dry-run")
    assert code == 0, output
    assert geval.says(output), output
    warnings = [row for row in rows_of(output) if row[0] == "warning"]
    assert len(warnings) == 1, "and nothing else is"
    assert werkplek.dump() == before


@pytest.mark.parametrize("geval", _of("same"), ids=lambda one: one.naam)
def test_another_way_to_write_the_same_set_changes_nothing(
    geval: Geval, werkplek: Werkplek, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Encodings, separators, quotes and the habits of spreadsheets make no difference to the records."""
    code, output = _import(werkplek, lay_out(tmp_path, geval.naam), caplog, "--dry-run")
    assert code == 0, output
    assert tellingen(output) == {
        "locaties": (0, 0, 2, 0),
        "groepen": (0, 0, 5, 0),
        "leerlingen": (0, 0, 8, 0),
        "leerkrachten": (0, 0, 2, 0),
    }
    assert [row for row in rows_of(output) if row[0] == "warning"] == []
    assert geval.reden == "-" or geval.reden in output
