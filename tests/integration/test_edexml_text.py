"""A file with texts and dates of every kind: what the command tells, and what is answered on both databases."""

from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from support.csv_sets import CommandBench, rows_of
from support.imports import select

from uwlr_adapter.contract.dataset import Dataset, Groep, Leerkracht, Leerling

DAY = date(2026, 11, 2)
HEAD = (
    '<?xml version="1.0" encoding="{encoding}"?>\n<EDEX><school><schooljaar>2026-2027</schooljaar>'
    "<brincode>21QW</brincode><dependancecode>{dependancecode}</dependancecode></school>\n"
    '<groepen><groep key="g"><naam> De   Uilen </naam><jaargroep> 4 </jaargroep></groep></groepen>\n<leerlingen>\n'
)
TAIL = """</leerlingen>
<leerkrachten><leerkracht key="m"><achternaam>Leraar&#160;</achternaam></leerkracht></leerkrachten>
</EDEX>
"""
FIRST_LINE = 5
"""The line of the first leerling."""


@pytest.fixture
def bench(tmp_path: Path, backend: str) -> CommandBench:
    """Return an empty database, on SQLite and on PostgreSQL."""
    assert backend
    bench = CommandBench(tmp_path / "data")
    bench.init()
    return bench


def _file(folder: Path, *leerlingen: str, encoding: str = "UTF-8", dependancecode: str = "00") -> Path:
    """Write a file with one leerling a line: the elements of leerling 1, 2 and so on."""
    lines = (f'<leerling key="{number}">{fields}</leerling>\n' for number, fields in enumerate(leerlingen, 1))
    text = HEAD.format(encoding=encoding, dependancecode=dependancecode) + "".join(lines) + TAIL
    path = folder / "EDEX.XML"
    path.write_bytes(text.encode({"ISO-8859-1": "cp1252"}.get(encoding, encoding)))
    return path


def _answered(bench: CommandBench) -> Dataset:
    with closing(bench.open()) as database:
        found = select(database, "21QW00", "2026-2027", DAY)
    assert found is not None
    return found


def test_what_a_file_says_is_answered_in_one_form(bench: CommandBench, tmp_path: Path) -> None:
    """Spaces, accents, zones and times are gone from the answer, and each loss is told with its line."""
    path = _file(
        tmp_path,
        "<achternaam> de \u00a0 Wit </achternaam><voorvoegsel> </voorvoegsel><roepnaam>Zoe\u0308</roepnaam>"
        "<geboortedatum>2019-03-14+01:00</geboortedatum><jaargroep> 4 </jaargroep><groep key='g '/>",
        "<roepnaam>Ole</roepnaam><geboortedatum>12018-11-02</geboortedatum>",
        "<achternaam>O\u0092Neill</achternaam><instroomdatum>2023-08-01T00:00:00</instroomdatum>",
        "<roepnaam>Zo\ufffd</roepnaam><instroomdatum>2026-12-01</instroomdatum>"
        "<uitstroomdatum>2026-09-01</uitstroomdatum>",
    )
    output = bench.taken("edexml", path).output
    found = _answered(bench)
    assert found.leerlingen == (
        Leerling("1", achternaam="de Wit", roepnaam="Zoë", geboortedatum="2019-03-14", jaargroep="4", groep="g"),
        Leerling("2", roepnaam="Ole"),
        Leerling("3", achternaam="O’Neill", instroomdatum="2023-08-01"),
    )
    assert found.groepen == (Groep("groep", "g", "De Uilen", "4"),)
    assert found.leerkrachten == (Leerkracht("m", achternaam="Leraar"),)
    for line, part in enumerate(("has a zone", "a year that cannot be", "C1 control characters", "U+FFFD"), FIRST_LINE):
        assert any(part in row and str(line) in row for row in map(" ".join, rows_of(output))), (line, part, output)
    assert "before the instroomdatum" in output
    assert "Neill" not in output


def test_the_same_file_again_changes_nothing(bench: CommandBench, tmp_path: Path) -> None:
    """What is stored is what a file says, not what it was, so that no platform sees a change."""
    path = _file(tmp_path, "<roepnaam> Zoe\u0308 </roepnaam><geboortedatum>2019-03-14Z</geboortedatum>")
    bench.taken("edexml", path)
    before = _answered(bench)
    other = _file(tmp_path, "<roepnaam>Zoë</roepnaam><geboortedatum>2019-03-14</geboortedatum>")
    output = bench.taken("edexml", other).output
    assert _answered(bench) == before
    assert "warning" not in output


def test_a_file_that_says_latin_1_and_is_windows_1252(bench: CommandBench, tmp_path: Path) -> None:
    """A curly apostrophe and a euro sign come in as such, with one word about it."""
    path = _file(tmp_path, "<achternaam>O’Neill</achternaam><roepnaam>Žoë</roepnaam>", encoding="ISO-8859-1")
    output = bench.taken("edexml", path).output
    (leerling,) = _answered(bench).leerlingen
    assert (leerling.achternaam, leerling.roepnaam) == ("O’Neill", "Žoë")
    assert "is Windows-1252: read as that" in output


def test_a_mistake_in_a_file_is_named_with_its_place(bench: CommandBench, tmp_path: Path) -> None:
    """The element that is wrong, or the byte and the likely encoding; nothing changes."""
    path = _file(tmp_path, "<roepnaam>Bo</roepnaam>", dependancecode="0")
    refused = bench.run("import", "edexml", path)
    assert refused.exit_code == 1
    assert "school/dependancecode" in refused.output
    assert "brincode" not in refused.output
    path.write_bytes(path.read_bytes().replace(b"Bo", b"Zo\xeb"))
    refused = bench.run("import", "edexml", path)
    assert refused.exit_code == 1
    assert "byte 0xeb at offset" in refused.output
    assert "likely Windows-1252" in refused.output
    with closing(bench.open()) as database:
        assert select(database, "21QW00", "2026-2027", DAY) is None
