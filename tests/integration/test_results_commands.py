"""`uwlr-adapter resultaten`: what an operator lists, exports, takes back and delivers."""

import csv
import io
import json
import stat
import tracemalloc
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from support.databases import make_tables
from support.result_bench import BRIN6, DAY, KEYS, OTHER_BRIN6, OTHER_SCHOOL, PAST, ResultBench, Sent, definition

from uwlr_adapter.administratie.importing import fusie
from uwlr_adapter.administratie.importing.by_hand import Operator
from uwlr_adapter.cli import main
from uwlr_adapter.cli.results_export import COLUMNS
from uwlr_adapter.contract.leerresultaten.records import OsoReferentiescore, OsoResultaat, OsoToetsscore
from uwlr_adapter.db.database import Database
from uwlr_adapter.journaal import search
from uwlr_adapter.resultaten import exporting
from uwlr_adapter.settings import Settings

FORMULA = '=HYPERLINK("http://x.example";"x")'
OSO = OsoResultaat(
    OsoToetsscore(40, 31, 9, None, Decimal("1260.50"), None, "VS1", None),
    (OsoReferentiescore("RS1", "VG1", "II", None),),
)


@pytest.fixture
def bench(backend: str, tmp_path: Path) -> Iterator[ResultBench]:
    """Yield the school on each database."""
    del backend
    yield from _opened(tmp_path)


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[ResultBench]:
    """Yield the school on SQLite."""
    yield from _opened(tmp_path)


def _opened(folder: Path) -> Iterator[ResultBench]:
    database = Database(Settings(data=folder).database_url)
    make_tables(database)
    made = ResultBench(database)
    made.furnish()
    made.bring(KEYS, schooljaar=PAST)
    yield made
    database.close()


def run(folder: Path, *arguments: str, status: int = 0) -> Result:
    """Run the command."""
    result = CliRunner().invoke(main, ["--data", str(folder), "resultaten", *arguments])
    assert result.exit_code == status, result.output
    return result


def exported(folder: Path, *arguments: str) -> list[dict[str, Any]]:
    """Return the lines of an export as JSON."""
    return [json.loads(line) for line in run(folder, "export", "--format", "jsonl", *arguments).stdout.splitlines()]


def acts(bench: ResultBench) -> list[tuple[str | None, str, tuple[str, ...], bool]]:
    """Return the entries of the journaal on results: where, what, the counts, and whether an account did it."""
    with bench.database.reading() as connection:
        found = search.read(connection, limit=100)
    return [
        (one.brin6, one.act, tuple(one.remarks), (one.actor or "").startswith("cli:"))
        for one in reversed(found)
        if one.act.startswith("resultaten")
    ]


def fill(bench: ResultBench) -> None:
    """Send results of several kinds, of two vestigingen, platforms and years."""
    bench.send(Sent("201", FORMULA, 1), Sent("202", "b", 12, onderdeel="A", infourl="javascript:alert(1)"))
    bench.send(Sent("201", FORMULA, 2))
    bench.send(Sent("203", "c", None, oso=OSO, afnamedatum=DAY - timedelta(days=200)), schooljaar=PAST)
    bench.send(Sent("204", "a", 4, toetscode="+T"), platform="Ander", toetsen=[definition("+T", "-1+1")])
    bench.send(Sent("401", "z", 5), brin6=OTHER_SCHOOL)


def test_json_lines_are_exact(bench: ResultBench, tmp_path: Path) -> None:
    """Each result that stands is an object with all that was sent, as it was sent."""
    fill(bench)
    told = exported(tmp_path)
    assert [tuple(one) for one in told] == [COLUMNS] * 5
    by_key = {one["key"]: one for one in told}
    assert by_key[FORMULA] | {"received": None, "aanmaakdatum": None} == {
        "resultaat": 1,
        "versienummer": 2,
        "afnemer": "Proef",
        "brin6": BRIN6,
        "schooljaar": "2026-2027",
        "leerling": "201",
        "brincode": "21QW",
        "key": FORMULA,
        "toetscode": "T1",
        "toetsversie": None,
        "toetsnaam": "Toets",
        "onderdeel": None,
        "afnamedatum": "2026-11-01",
        "score": 2,
        "osoresultaat": None,
        "versie": None,
        "infourl": None,
        "verwerker": None,
        "bericht": 2,
        "aanmaakdatum": None,
        "received": None,
        "delivered": None,
        "state": "stands",
    }
    assert (by_key["b"]["onderdeel"], by_key["b"]["infourl"]) == ("A", "javascript:alert(1)")
    assert by_key["c"]["osoresultaat"]["toetsscore"]["tijd"] == "1260.50"
    assert by_key["c"]["osoresultaat"]["referentiescores"][0]["waarde"] == "II"


@pytest.mark.parametrize(
    ("options", "keys"),
    [
        (("--brin6", BRIN6), [FORMULA, "b", "c", "a"]),
        (("--school", "99ZZ"), ["z"]),
        (("--schooljaar", PAST), ["c"]),
        (("--afnemer", "Ander"), ["a"]),
        (("--from", "2026-10-01"), [FORMULA, "b", "a", "z"]),
        (("--until", "2026-10-01"), ["c"]),
        (("--from", "2026-11-02"), []),
        (("--school", "21QW", "--afnemer", "Proef", "--schooljaar", "2026-2027"), [FORMULA, "b"]),
    ],
)
def test_what_is_chosen(embedded: ResultBench, tmp_path: Path, options: tuple[str, ...], keys: list[str]) -> None:
    """Results that match every option, in the order in which they came first."""
    fill(embedded)
    assert [one["key"] for one in exported(tmp_path, *options)] == keys


def test_an_export_after_a_fusie(embedded: ResultBench, tmp_path: Path) -> None:
    """What was sent to the vestiging that was is of the one that it became, as it is in the list."""
    fill(embedded)
    operator = Operator("cli:proef", embedded.moment)
    with embedded.database.writing() as connection:
        fusie.merge(connection, "21QW", "99ZZ", {BRIN6: "99ZZ01", OTHER_BRIN6: "99ZZ02"}, operator)
    embedded.send(Sent("202", "n", 8), brin6="99ZZ01")
    here = [FORMULA, "b", "c", "a", "n"]
    assert [one["key"] for one in exported(tmp_path, "--brin6", "99ZZ01")] == here
    assert [one["key"] for one in exported(tmp_path, "--school", "99ZZ")] == [*here[:-1], "z", "n"]


def test_every_version(bench: ResultBench, tmp_path: Path) -> None:
    """Each version has what became of it."""
    fill(bench)
    last = bench.send(Sent("202", "b", 13))
    run(tmp_path, "take-back", str(last.message_id), "--yes")
    told = exported(tmp_path, "--brin6", BRIN6, "--all-versions")
    assert [(one["key"], one["versienummer"], one["state"]) for one in told] == [
        (FORMULA, 1, "replaced"),
        (FORMULA, 2, "stands"),
        ("b", 1, "stands"),
        ("b", 2, "taken back"),
        ("c", 1, "stands"),
        ("a", 1, "stands"),
    ]
    assert [one["score"] for one in exported(tmp_path, "--brin6", BRIN6, "--afnemer", "Proef")] == [2, 12, None]


def test_a_spreadsheet_reads_no_formula(embedded: ResultBench, tmp_path: Path) -> None:
    """The CSV begins with a mark for Excel; what would be a formula is text; the file is of its owner alone."""
    fill(embedded)
    out = tmp_path / "resultaten.csv"
    told = run(tmp_path, "export", "--school", "21QW", "-o", str(out))
    assert "Exported 4 results to" in told.stderr
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    text = out.read_text(encoding="utf-8")
    header, *rows = csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter=";")
    assert (text[0], tuple(header), len(rows)) == ("\ufeff", COLUMNS, 4)
    cells = dict(zip(header, rows[0], strict=True))
    assert (cells["key"], cells["score"], cells["onderdeel"]) == (f"'{FORMULA}", "2", "")
    other = dict(zip(header, rows[3], strict=True))
    assert (other["toetscode"], other["toetsnaam"]) == ("'+T", "'-1+1")
    assert json.loads(dict(zip(header, rows[2], strict=True))["osoresultaat"])["toetsscore"]["aantalgoed"] == 31


def test_who_exported_is_in_the_journaal(embedded: ResultBench, tmp_path: Path) -> None:
    """How many of each vestiging, and nothing else; where there is nothing, nothing is written at all."""
    fill(embedded)
    exported(tmp_path)
    assert acts(embedded) == [
        (BRIN6, "resultaten geëxporteerd", ("resultaten=4",), True),
        (OTHER_SCHOOL, "resultaten geëxporteerd", ("resultaten=1",), True),
    ]
    out = tmp_path / "none.csv"
    told = run(tmp_path, "export", "--schooljaar", "2020-2021", "-o", str(out))
    assert (told.stdout, "nothing was exported" in told.stderr, out.exists()) == ("", True, False)
    assert len(acts(embedded)) == 2


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--brin6", "21qw00"), "21QW00"),
        (("--school", "21QW00"), "21QW"),
        (("--brin6", BRIN6, "--school", "21QW"), "not both"),
        (("--schooljaar", "2026-2028"), "follow each other"),
        (("--from", "2026-02-02", "--until", "2026-02-01"), "--until is before --from"),
        (("--from", "1999-01-01"), "2000 to 2199"),
        (("-o", "/dev/null"), "no file of its own"),
        (("--afnemer", "Niemand"), "no afnemer with this klantnaam"),
    ],
)
def test_options_that_cannot_be(embedded: ResultBench, tmp_path: Path, options: tuple[str, ...], why: str) -> None:
    """They are told in one sentence, and nothing is exported."""
    fill(embedded)
    told = CliRunner().invoke(main, ["--data", str(tmp_path), "resultaten", "export", *options])
    assert told.exit_code in {1, 2}
    assert why in told.stderr
    assert (told.stdout, acts(embedded)) == ("", [])


def test_memory_does_not_grow(embedded: ResultBench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty times as many results take no more memory: one piece is in it."""
    monkeypatch.setattr(exporting, "PIECE", 50)
    highest = []
    for number in (1, 19):
        for turn in range(number):
            embedded.send(*(Sent("201", f"{number}-{turn}-{one}", one) for one in range(100)))
        for _ in exporting.export(embedded.database, exporting.ResultFilter()):
            pass
        tracemalloc.start()
        count = sum(len(piece.results) for piece in exporting.export(embedded.database, exporting.ResultFilter()))
        highest.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert count == 2000
    assert highest[1] < 4 * highest[0]


def test_messages_are_listed(bench: ResultBench, tmp_path: Path) -> None:
    """The newest first, with counts, for people and for a program."""
    fill(bench)
    found = json.loads(run(tmp_path, "list", BRIN6, "--json").stdout)
    assert [(one["id"], one["afnemer"], one["added"], one["changed"]) for one in found] == [
        (4, "Ander", 1, 0),
        (3, "Proef", 1, 0),
        (2, "Proef", 0, 1),
        (1, "Proef", 2, 0),
    ]
    assert "Ander" in run(tmp_path, "list", BRIN6, "--limit", "1").stdout
    assert len(json.loads(run(tmp_path, "list", BRIN6, "--limit", "1", "--json").stdout)) == 1
    assert "such as 21QW00" in run(tmp_path, "list", "21QW", status=2).stderr
    for command in ("list", "not-processed"):  # a typing error is no school without results
        assert "there is no such vestiging" in run(tmp_path, command, "99XX00", status=1).stderr


def test_what_was_not_processed(embedded: ResultBench, tmp_path: Path) -> None:
    """The leerlingid, the reason and a number; a key cannot steer a terminal."""
    embedded.send(Sent("x\x1b[31m", "a"), Sent("401", "b"))
    found = json.loads(run(tmp_path, "not-processed", BRIN6, "--json").stdout)
    assert {(one["leerlingid"], one["reason"], one["results"]) for one in found} == {
        ("x\x1b[31m", "unknown", 1),
        ("401", "unknown", 1),
    }
    assert "\x1b[31m" not in run(tmp_path, "not-processed", BRIN6).stdout


def test_a_message_is_taken_back(bench: ResultBench, tmp_path: Path) -> None:
    """A dry run shows it, the act does it once, and the undo brings it back; each stands in the journaal."""
    fill(bench)
    shown = run(tmp_path, "take-back", "2", "--dry-run").stdout
    assert [line.count(" 1 ") for line in shown.splitlines() if " 1 " in line] == [4]
    assert bench.scores("201") == {FORMULA: 2}
    run(tmp_path, "take-back", "2", "--yes")
    assert bench.scores("201") == {FORMULA: 1}
    assert "already" in run(tmp_path, "take-back", "2", "--yes").stderr
    run(tmp_path, "take-back", "2", "--undo", "--yes")
    assert bench.scores("201") == {FORMULA: 2}
    counts = ("bericht=2", "resultaten=1", "leerlingen=1")
    assert acts(bench) == [
        (BRIN6, "resultaten teruggenomen", counts, True),
        (BRIN6, "resultaten teruggezet", counts, True),
    ]
    assert "there is no message 99" in run(tmp_path, "take-back", "99", "--yes", status=1).stderr


def test_deliver_without_a_receiver(embedded: ResultBench, tmp_path: Path) -> None:
    """How many wait is shown; delivering is refused with what to do."""
    fill(embedded)
    shown = run(tmp_path, "deliver", "--dry-run").stdout
    assert " 6 " in shown
    assert "UWLR_RECEIVER" in shown
    assert "no receiver is set" in run(tmp_path, "deliver", status=1).stderr
    with embedded.database.reading() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM resultaat WHERE delivered IS NOT NULL")) == 0


def test_days_of_an_export_are_those_of_the_work() -> None:
    """Both ends are inclusive."""
    chosen = exporting.ResultFilter(first=date(2026, 1, 1), last=date(2026, 1, 2))
    sql = " ".join(map(str, chosen.of_version))
    assert ">=" in sql
    assert "<=" in sql
