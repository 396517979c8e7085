"""Nothing from a file, a name or a server steers a terminal, or passes for a line of ours."""

import ast
import json
import logging
import sys
import unicodedata
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.table import Table
from support.csv_sets import GOOD
from support.school_builder import MOMENT, SchoolBuilder, quick_hash

import uwlr_adapter
from uwlr_adapter.administratie import schools
from uwlr_adapter.cli.main import main
from uwlr_adapter.cli.terminal import SafeConsole, escape, printable_xml
from uwlr_adapter.contract.escape import printable
from uwlr_adapter.db.database import Database
from uwlr_adapter.gebruikers.accounts import NewGebruiker
from uwlr_adapter.gebruikers.tables import GebruikerRol
from uwlr_adapter.keys.server_keys import ServerKeys
from uwlr_adapter.koppelingen.catalogue import Catalogue
from uwlr_adapter.settings import Settings
from uwlr_adapter.web.logs import JsonFormatter

IN_XML = "\x9b31m\u202egro\u200bep\u2066[red]\ufeff"
"""What XML may hold: an escape sequence of C1, bidirectional controls, characters without width, markup of rich."""
IN_NAME = f"{IN_XML}\x1b[2J\r\nImport 9 of 99XX: imported\x07"
FILE = """<EDEX><school><schooljaar>2026-2027</schooljaar><brincode>21QW</brincode><dependancecode>00</dependancecode>
<schoolkey>{0}</schoolkey></school><groepen><groep key="{0}"><naam>{0}</naam><jaargroep>3</jaargroep></groep></groepen>
<leerlingen><leerling key="{0}"><achternaam>{0}</achternaam><roepnaam>{0}</roepnaam><groep key="{0}"/>{1}</leerling>
</leerlingen><leerkrachten><leerkracht key="{0}"><achternaam>{0}</achternaam></leerkracht></leerkrachten></EDEX>"""
CATALOGUE = """
[[voorwaarden]]
id = "uwlr"
versie = "uwlr-1"
tekst = {0}
[[koppeling]]
id = "snappet"
naam = {0}
type = "UWLR Leerlinggegevens"
omschrijving = {0}
prijs = "Geen"
voorwaarden = "uwlr"
afnemer = "Snappet"
profiel = "smalle set"
"""
CODE = "21QW00Ygr67BfgKl!gr8"


@pytest.mark.parametrize("act", [printable, escape, printable_xml])
def test_every_character_there_is(act: object) -> None:
    """What comes out is printable, whatever goes in, and a printable text stays as it is."""
    assert callable(act)
    everything = "".join(map(chr, range(sys.maxunicode + 1)))
    shown = act(everything)
    assert {one for one in shown if not one.isprintable()} <= ({"\n", "\t"} if act is printable_xml else set())
    dangerous = {"Cc", "Cf", "Zl", "Zp", "Cs"}
    assert not {one for one in shown if unicodedata.category(one) in dangerous} - {"\n", "\t"}
    assert act("Zoë van 't Hof (7/8)") == "Zoë van 't Hof (7/8)"


def test_a_console_escapes_what_was_forgotten(capsys: pytest.CaptureFixture[str]) -> None:
    """Text and cells that nobody escaped reach a terminal without a control character."""
    console = SafeConsole(width=200)
    table = Table(IN_NAME)
    table.add_row(IN_NAME)
    console.print(IN_NAME)
    console.print(table)
    console.out(IN_NAME)
    assert not {one for one in capsys.readouterr().out if not one.isprintable()} - {"\n"}


def test_no_command_prints_what_it_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names in a file, of a file, of a person and in a catalogue come out of every command as printable text."""
    catalogue = tmp_path / "catalogus.toml"
    catalogue.write_text(CATALOGUE.format(json.dumps(IN_XML).replace("\x7f", "")), encoding="utf-8")
    monkeypatch.setenv("UWLR_CATALOGUS", str(catalogue))
    data = tmp_path / "data"
    _furnish(data, Catalogue.load(catalogue))
    good, wrong, broken = (tmp_path / f"{number}{IN_NAME}.xml" for number in range(3))
    good.write_text(FILE.format(IN_XML, ""), encoding="utf-8")
    wrong.write_text(FILE.format(IN_XML, f"<geboortedatum>{IN_XML}</geboortedatum>"), encoding="utf-8")
    broken.write_text(FILE.format(IN_XML, "<"), encoding="utf-8")
    csv = tmp_path / f"csv{IN_NAME}"
    csv.mkdir()
    for file in GOOD.iterdir():
        text = file.read_text(encoding="utf-8").replace("Sleutel;", f"Sleutel;{IN_XML};", 1)
        (csv / file.name).write_text(text.replace("De Regenboog", IN_XML), encoding="utf-8")
    commands = [
        *(("import", "edexml", str(file), *more) for file in (good, wrong, broken) for more in ((), ("--dry-run",))),
        ("import", "edexml", *([str(good)] * 21)),
        ("import", "edexml", str(tmp_path / f"absent{IN_NAME}")),
        *(("import", "csv", str(csv), *more) for more in ((), ("--dry-run",))),
        *(
            ("import", *words)
            for words in (("list",), ("show", "1"), ("undo", "1", "--dry-run"), ("template", str(csv)))
        ),
        *(
            ("school", *words)
            for words in (("list",), ("show", "21QW00"), ("preview", "21QW00", "--koppeling", "snappet"))
        ),
        *(
            ("koppeling", *words)
            for words in (("list", "21QW00"), ("voorwaarden", "snappet"), ("pause", "21QW00", IN_NAME))
        ),
        *(("afnemer", *words) for words in (("list",), ("disable", IN_NAME))),
        *(("gebruiker", *words) for words in (("list",), ("disable", IN_NAME))),
        *(
            (noun, *words)
            for noun in ("leerling", "leerkracht")
            for words in (
                ("show", "21QW00", IN_XML),
                ("eckid", "21QW00", IN_XML, "https://ketenid.nl/x", "--dry-run"),
                ("eckid", "21QW00", IN_XML, IN_XML, "--dry-run"),
                ("join", "21QW00", IN_XML, IN_XML, "--dry-run"),
                ("forget", "21QW00", IN_XML, "--dry-run"),
            )
        ),
        ("school", "withdraw", "21QW00", "--dry-run"),
        ("school", "merge", "21QW", "30AD", "--vestiging", "21QW00=30AD00", "--dry-run"),
        ("journaal",),
        ("contract", "compare", str(csv)),
    ]
    shown = ""
    for command in commands:
        result = CliRunner().invoke(main, ["--data", str(data), *command])
        assert result.exception is None or isinstance(result.exception, SystemExit), (command, result.exc_info)
        _check(result.output + result.stderr)
        shown += result.output
    assert "u202e" in shown, "the names were printed"
    assert "groep" not in [line.strip() for line in shown.splitlines()]


def _furnish(data: Path, catalogue: Catalogue) -> None:
    database = Database(Settings(data=data).database_url)
    database.upgrade()
    keys = ServerKeys.from_settings(Settings(data=data), database)
    builder = SchoolBuilder(database, keys, catalogue, moment=MOMENT, login="l", naam=IN_NAME)
    with builder.transaction() as connection:
        schools.add_vestiging(connection, "21QW00", IN_NAME)
        builder.add_afnemer("Snappet")
        builder.add_gebruikers(
            [NewGebruiker("school", IN_NAME, GebruikerRol.SCHOOLBEHEERDER, ("21QW00",))], quick_hash("x"), {}
        )
    with builder.transaction():
        builder.activate("snappet", "21QW00", CODE)
    database.close()


def _check(shown: str) -> None:
    """Fail when a text has a character that is not printable, or a line that a name made."""
    assert not {one for one in shown if not one.isprintable()} - {"\n"}
    assert not any(line.startswith("Import 9") for line in shown.splitlines())


def test_every_command_uses_this_escape() -> None:
    """No module of the command line escapes by rich alone, or prints past the console what is not made printable."""
    for file in (Path(uwlr_adapter.__file__).parent / "cli").glob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        imports = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        calls = {
            node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        assert "rich.markup" not in imports, file.name
        assert not calls & {"print", "Console"}, file.name


def test_no_line_of_the_log_steers_a_terminal() -> None:
    """Whatever a message of ours should ever hold, its line is printable ASCII."""
    record = logging.LogRecord("uwlr_adapter.x", logging.ERROR, "", 0, "%s", (IN_NAME,), None)
    line = JsonFormatter().format(record)
    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line)["message"] == IN_NAME
