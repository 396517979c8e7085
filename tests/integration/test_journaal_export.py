"""`uwlr-adapter journaal export`: what is chosen, its two forms, and what hinders neither its reader nor a writer."""

import csv
import io
import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from support.journaal import write_entries
from support.school_builder import BRIN6, OTHER_BRIN6, SchoolBuilder, open_database

from uwlr_adapter.cli import main
from uwlr_adapter.cli.journaal_entry import COLUMNS
from uwlr_adapter.db.database import Database
from uwlr_adapter.journaal import export, writer
from uwlr_adapter.journaal.export import ExportFilter
from uwlr_adapter.journaal.model import Act, VerzoekEntry
from uwlr_adapter.journaal.request_id import working_for
from uwlr_adapter.journaal.tables import journaal
from uwlr_adapter.koppelingen import store

FORMULA = "=1+1"
RUN = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def database(backend: object, tmp_path: Path) -> Iterator[Database]:
    """Open a database with two afnemers, one of a name that a spreadsheet would reckon out, and a koppeling."""
    opened = open_database(tmp_path, BRIN6, OTHER_BRIN6)
    built = SchoolBuilder(opened)
    built.add_afnemer(FORMULA)
    built.add_afnemer("Snappet")
    with working_for(RUN):
        built.activate("snappet")
    yield opened
    opened.close()


def utc(day: int, hour: int, minute: int = 0) -> datetime:
    """Return a moment of October 2026."""
    return datetime(2026, 10, day, hour, minute, tzinfo=UTC)


def fetched(database: Database, moment: datetime, afnemer_id: int = 2, brin6: str = BRIN6) -> None:
    """Write a call down."""
    entry = VerzoekEntry(moment, "HaalLeerlingen", afnemer_id, ("leeg",), "geengegevens", brin6=brin6, request_id=RUN)
    with database.writing() as connection:
        write_entries(connection, entry)


def run(folder: Path, *arguments: str) -> Result:
    """Run the export."""
    result = CliRunner().invoke(main, ["--data", str(folder), "journaal", "export", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result


def entries(folder: Path, *arguments: str) -> list[dict[str, Any]]:
    """Return what is exported as JSON lines, each of which is an object with every column."""
    result = run(folder, "--format", "jsonl", *arguments)
    assert result.exit_code == 0, result.output
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert all(tuple(one) == COLUMNS for one in found)
    return found


def hours(folder: Path, *arguments: str) -> list[str]:
    """Return the moments of the exported calls, to the minute."""
    return [one["moment"][8:16] for one in entries(folder, "--act", "HaalLeerlingen", *arguments)]


def test_a_period_is_of_days_in_amsterdam_both_inclusive(database: Database, tmp_path: Path) -> None:
    """From midnight to midnight there, also where the clock goes back."""
    for moment in (utc(24, 21, 59), utc(24, 22), utc(25, 22, 59), utc(25, 23)):
        fetched(database, moment)
    assert hours(tmp_path, "--from", "2026-10-25", "--until", "2026-10-25") == ["25T00:00", "25T23:59"]
    assert hours(tmp_path, "--until", "2026-10-24") == ["24T23:59"]
    assert hours(tmp_path, "--from", "2026-10-26") == ["26T00:00"]
    assert len(hours(tmp_path)) == 4


def test_an_entry_has_who_did_it_and_the_id_of_its_request(database: Database, tmp_path: Path) -> None:
    """The actor of a call is its afnemer; an act names its koppeling and, through it, the afnemer."""
    fetched(database, utc(25, 12))
    call = entries(tmp_path, "--act", "HaalLeerlingen")[0]
    assert (call["actor"], call["afnemer"], call["request_id"]) == ("afnemer:Snappet", "Snappet", RUN)
    assert (call["repairs"], call["brin6"], call["moment"]) == (["leeg"], BRIN6, "2026-10-25T13:00:00.000+01:00")
    act = entries(tmp_path, "--act", "geactiveerd")[0]
    assert (act["actor"], act["afnemer"], act["koppeling"]) == ("cli:proef", "Snappet", "snappet")
    assert (act["koppeling_id"], act["request_id"], act["leerlingen"]) == (1, RUN, None)


CHOICES = [
    ((), "12345678"),
    (("--brin6", OTHER_BRIN6), "6"),
    (("--school", "21QW"), "34567"),
    (("--school", "21QX"), ""),
    (("--afnemer", "Snappet"), "2345"),
    (("--afnemer", FORMULA), "16"),
    (("--actor", "afnemer:Snappet"), "45"),
    (("--actor", "cli:proef"), "1238"),
    (("--actor", "cli:jan"), "7"),
    (("--actor", "cli:ja"), ""),
    (("--actor", "j.devries"), ""),
    (("--act", "toegevoegd", "--afnemer", "Snappet"), "2"),
]
"""Options, and the ids of the entries that they choose."""


def test_what_is_chosen(database: Database, tmp_path: Path) -> None:
    """Each choice narrows; an afnemer has its calls, the acts on it, and those on its koppelingen only."""
    for _ in range(2):
        fetched(database, utc(25, 12))
    fetched(database, utc(25, 12), afnemer_id=1, brin6=OTHER_BRIN6)
    with database.writing() as connection:
        moment, act = utc(26, 1), Act.CALENDAR_SET
        writer.record_act(connection, moment=moment, act=act, koppeling_id=None, brin6=BRIN6, actor="cli:jan/root")
        writer.record_afnemer(connection, moment=utc(26, 2), act=Act.ADDED, afnemer_id=99, actor="cli:proef")
    for chosen, ids in CHOICES:
        assert "".join(str(one["id"]) for one in entries(tmp_path, *chosen)) == ids, chosen


def test_a_csv_file_is_safe_in_a_spreadsheet(database: Database, tmp_path: Path) -> None:
    """It has the columns of the objects, opens as UTF-8, and no cell of it is reckoned out."""
    fetched(database, utc(25, 12), afnemer_id=1)
    text = run(tmp_path).stdout_bytes.decode("utf-8")
    assert text.startswith("\ufeff" + ";".join(COLUMNS))
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), delimiter=";"))
    assert {row["afnemer"] for row in rows} == {f"'{FORMULA}", "Snappet"}
    assert rows[-1]["actor"] == f"afnemer:{FORMULA}"
    for row, one in zip(rows, entries(tmp_path), strict=True):
        assert (row["id"], row["moment"], row["leerlingen"]) == (str(one["id"]), one["moment"], "")


def test_a_file_is_whole_and_of_its_owner(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It replaces an older one once it is whole; a failure, or Ctrl-C, leaves that one and nothing else."""
    folder = tmp_path / "uit"
    folder.mkdir()
    out = folder / "journaal.csv"
    assert run(tmp_path, "--out", str(out)).exit_code == 0
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    whole = out.read_bytes()
    assert whole.count(b"\r\n") == 4

    for failure in (KeyboardInterrupt, OSError(28, "No space left on device")):

        def breaks(*_: object, failure: Any = failure) -> Iterator[export.ExportPiece]:
            yield export.ExportPiece([], 0.5)
            raise failure

        monkeypatch.setattr("uwlr_adapter.cli.journaal_export.export", breaks)
        result = run(tmp_path, "--out", str(out))
        assert (result.exit_code, "Traceback" in result.output) == (1, False)
        assert (out.read_bytes(), list(folder.iterdir())) == (whole, [out])
    assert "No space left on device" in result.output


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (("--from", "2026-10-02", "--until", "2026-10-01"), 2, "--until is before --from"),
        (("--from", "gisteren"), 2, "%Y-%m-%d"),
        (("--until", "9999-12-31"), 2, "2000 to 2199"),
        (("--brin6", "21qw00"), 2, "such as 21QW00"),
        (("--school", "21QW00"), 2, "such as 21QW"),
        (("--school", "21QW", "--brin6", "21QW00"), 2, "not both"),
        (("--act", "verwijderd"), 2, "HaalLeerlinggegevens"),
        (("--afnemer", "Niemand"), 1, "there is no afnemer"),
        (("--afnemer", "Snappet", "--actor", "afnemer:Snappet"), 2, "not both"),
        (("--out", "/bestaat/niet.csv"), 1, "nothing was exported"),
    ],
    ids=str,
)
def test_bad_input_gets_a_sentence(tmp_path: Path, arguments: tuple[str, ...], status: int, says: str) -> None:
    """It says what is wrong, and nothing is exported."""
    open_database(tmp_path).close()
    result = run(tmp_path, *arguments)
    assert (result.exit_code, result.stdout) == (status, "")
    assert says in result.output


def test_a_reader_that_stops_is_no_failure(database: Database, tmp_path: Path) -> None:
    """`journaal export | head` says nothing about a broken pipe."""
    with database.writing() as connection:
        values = {"moment": datetime(2026, 10, 1), "kind": "gegevens", "act": "x" * 32, "outcome": "gedaan"}  # noqa: DTZ001 - as stored
        connection.execute(journaal.insert(), [values] * 3000)
    code = "from uwlr_adapter.cli import main; main()"
    command = [sys.executable, "-c", code, "--data", str(tmp_path), "journaal", "export"]
    environment = {**os.environ, "UWLR_DATABASE": database.url.render_as_string(hide_password=False)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(1)
        process.stdout.close()
        assert process.stderr.read() == b""


@pytest.mark.parametrize("words", [("journaal", "export"), ("journaal", "list"), ("journaal", "list", "--json")])
def test_output_that_cannot_be_written_is_told(tmp_path: Path, words: tuple[str, ...]) -> None:
    """A full disk is no failure of ours, and nobody takes half a file for a whole one."""
    command = [sys.executable, "-c", "from uwlr_adapter.cli import main; main()", "--data", str(tmp_path)]
    subprocess.run([*command, "init"], check=True, capture_output=True)
    with Path("/dev/full").open("wb") as full:
        found = subprocess.run([*command, *words], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert found.returncode == 1
    assert found.stderr.endswith("Error: the output cannot be written: No space left on device\n")
    if words == ("journaal", "export"):
        shell = ["sh", "-c", '"$@" >&-', "sh", *command, *words]
        found = subprocess.run(shell, capture_output=True, text=True, check=False)
        assert (found.returncode, found.stderr) == (1, "Error: standard output is closed: give --out, or open it\n")


def test_what_was_there_comes_out_once_while_others_write(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Piece by piece, each of a bounded size, over ids that are gone; what is written meanwhile may be in it or not."""
    monkeypatch.setattr(export, "PIECE", 4)
    for number in range(25):
        fetched(database, utc(25, number % 24))
    with database.writing() as connection:
        connection.execute(sa.delete(journaal).where(journaal.c.id.between(9, 20)))
        before = list(connection.scalars(sa.select(journaal.c.id).order_by(journaal.c.id)))
    found, shares = [], []
    for piece in export.export(database, ExportFilter()):
        assert len(piece.entries) <= 4
        found += [entry.id for entry in piece.entries]
        shares.append(piece.share)
        fetched(database, utc(26, 1))
    assert found == before
    assert len(shares) == 4, "the ids that are gone are stepped over"
    assert (shares, shares[-1]) == (sorted(shares), 1)


def test_nothing_is_exported_of_an_empty_journaal(tmp_path: Path) -> None:
    """A header, or no line at all."""
    open_database(tmp_path).close()
    assert run(tmp_path).stdout.splitlines() == ["\ufeff" + ";".join(COLUMNS)]
    assert entries(tmp_path) == []


def test_the_names_of_ended_koppelingen_are_known(database: Database, tmp_path: Path) -> None:
    """A koppeling that ended still has its name in what was done before."""
    with database.reading() as connection:
        living = store.list_living(connection)[0]
    SchoolBuilder(database).end(living)
    assert [one["koppeling"] for one in entries(tmp_path, "--act", "beëindigd")] == ["snappet"]
