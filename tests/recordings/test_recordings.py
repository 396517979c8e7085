"""Hold the code to recordings of the code as it was: on the wire, on the pages, on the command line."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from recordings import commands, house, live, portal, requests, seam, wire
from recordings.house import House
from recordings.requests import Named
from recordings.tape import RECORD, Tape
from support.databases import PostgresServer
from support.server import serving, split

OTHER_DATABASE = pytest.mark.skipif(RECORD, reason="a recording is made on SQLite, and held to on both")


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the settings of the machine away, and the name of the account on it."""
    monkeypatch.setattr(seam.ACCOUNTS, lambda: ["proef"])
    for name in tuple(os.environ):
        if name.startswith("UWLR_") and not name.startswith(("UWLR_RECORD", "UWLR_TEST_")):
            monkeypatch.delenv(name, raising=False)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=OTHER_DATABASE)])
def old_house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    """Lay out the old house on each database, and upgrade it."""
    if request.param == "sqlite":
        yield house.lay_out(tmp_path)
        return
    server: PostgresServer = request.getfixturevalue("postgresql")
    with house.on_postgresql(tmp_path, server) as old:
        yield old


def exchange(tape: Tape, app: Any, named: Iterator[Named], label: str = "") -> None:
    """Send requests one after the other, and note the replies."""
    for name, request in named:
        tape.add(f"{label}{name}", **wire.noted(wire.send(app, request)))


MODES: dict[str, dict[str, Any]] = {"tolerant": {}, "strict-service": {"strict": True}, "strict-afnemers": {}}


@pytest.mark.parametrize("mode", MODES)
def test_corpus(old_house: House, mode: str) -> None:
    """Answer each known client with the same bytes, and journal lines, however strict the service is."""
    tape = Tape()
    if mode == "strict-afnemers":
        for klantnaam in sorted(house.KLANTCODES.keys() - {"Alleslezer nieuw"}):
            assert old_house.run("afnemer", "strict", klantnaam).status == 0
    with old_house.application(**MODES[mode]) as app:
        exchange(tape, app, requests.corpus())
    tape.add("journaal", **commands.noted(old_house.run("journaal", "--limit", "10000")))
    tape.settle(f"corpus-{mode}")


SENT: dict[str, tuple[Callable[[], Iterator[Named]], dict[str, Any], dict[str, float]]] = {
    "answers": (requests.matrix, {}, {}),
    "answers-key-and-eckid": (requests.matrix, {"key_naast_eckid": True}, {}),
    "answers-later": (requests.matrix, {}, {"days": 8}),
    "answers-next-year": (requests.matrix, {}, {"days": 255}),
    "faults": (requests.faults, {}, {}),
    "faults-strict": (requests.faults, {"strict": True}, {}),
    "paths": (requests.paths, {}, {}),
    "manners": (requests.manners, {"public_url": "https://uwlr.example.nl/"}, {}),
}
"""What is sent, with which settings, and how much later than the moment of the house."""


@pytest.mark.parametrize("recording", SENT)
def test_wire(old_house: House, recording: str) -> None:
    """Answer each request with the same status, headers and bytes."""
    named, chosen, later = SENT[recording]
    tape = Tape()
    old_house.clock.advance(**later)
    with old_house.application(**chosen) as app:
        exchange(tape, app, named())
    tape.settle(recording)


def test_metrics_have_their_names(old_house: House) -> None:
    """Keep the name, the kind and the labels of each figure for Prometheus."""
    tape = Tape()
    with old_house.application() as app:
        for _, request in (*requests.corpus(), *requests.paths()):
            wire.send(app, request)
        reply = wire.send(app, wire.Request(method="GET", path="/metrics", content_type=None, address="127.0.0.1"))
    lines = reply.body.decode().splitlines()
    series = sorted(line.rpartition(" ")[0] for line in lines if not line.startswith("# HELP"))
    tape.add("metrics", status=reply.status, kind=reply.header("Content-Type"), series=series)
    tape.settle("metrics")


@pytest.mark.parametrize("parts", ["soap", "portal", "metrics", "soap,metrics"])
def test_parts(tmp_path: Path, parts: str) -> None:
    """Answer on the paths of the parts that a process shows, and on no other."""
    tape = Tape()
    with house.lay_out(tmp_path).application(parts=parts) as app:
        exchange(tape, app, requests.paths())
    tape.settle(f"parts-{parts.replace(',', '-')}")


def test_commands_and_their_options() -> None:
    """Take the same options and arguments for each command; its help ends well."""
    tape = Tape()
    for name, what in commands.tree().items():
        ran = seam.run_root((*name.split(), "--help") if name != "(root)" else ("--help",))
        tape.add(name, **what, status=ran.status, **{"help?": ran.stdout})
    tape.settle("commands")


@pytest.mark.parametrize("scenario", commands.SCENARIOS)
def test_command_scenario(tmp_path: Path, scenario: str) -> None:
    """End commands one after the other with the same status and the same facts."""
    tape = Tape()
    old = house.lay_out(tmp_path)
    for number, step in enumerate(commands.SCENARIOS[scenario], 1):
        old.clock.advance(seconds=1)
        tape.add(f"{number:02} {' '.join(step)}"[:160], **_ran(old, step, tmp_path))
    tape.settle(f"command-{scenario}")


CASES = Path(__file__).parents[1] / "data"


@pytest.mark.parametrize("kind", ["edexml", "csv"])
def test_import_of_each_case(tmp_path: Path, kind: str) -> None:
    """Judge each file of the corpora of imports as before, with the same lines and figures."""
    tape = Tape()
    old = house.lay_out(tmp_path)
    names = sorted(path.name for path in (CASES / kind).iterdir() if path.name != "manifest.tsv")
    for name in names:
        place = f"<{kind}>/{name}"
        if kind == "csv":
            shutil.copytree(CASES / "csv" / "goed", tmp_path / name)
            shutil.copytree(CASES / "csv" / name, tmp_path / name, dirs_exist_ok=True)
            place = f"<folder>/{name}"
        tape.add(name, **_ran(old, ("import", kind, place, "--dry-run", "--accept-drop"), tmp_path))
    tape.settle(f"import-{kind}")


def _ran(old: House, step: commands.Step, folder: Path) -> dict[str, Any]:
    """Run a command and return what is recorded of it."""
    places = {
        "folder": folder,
        "edexml": CASES / "edexml",
        "csv": CASES / "csv",
        "schemas": CASES.parents[1] / "schemas",
        "project": CASES.parents[1],
    }
    *words, last = step
    typed = last[1:] if last.startswith("?") else None
    arguments = words if typed is not None else [*words, last]
    for name, place in places.items():
        arguments = [word.replace(f"<{name}>", str(place)) for word in arguments]
    return commands.noted(old.run(*arguments, stdin=typed), places)


def test_whole_command(tmp_path: Path) -> None:
    """Read the options of the root and the environment as before, and refuse the same."""
    tape = Tape()
    for name in ("", "-h", "--version"):  # their texts are prose
        tape.add(name or "nothing", status=seam.run_root((name,) if name else ()).status)
    (tmp_path / "een-bestand").write_text("geen databank")
    for number, (arguments, environment) in enumerate(commands.ROOTS, 1):
        there = [word.replace("<folder>", str(tmp_path)) for word in arguments]
        variables = {name: value.replace("<folder>", str(tmp_path)) for name, value in environment.items()}
        ran = seam.run_root(tuple(there), variables)
        tape.add(f"{number:02} {' '.join(arguments)} {environment}", **commands.noted(ran, {"folder": tmp_path}))
    tape.settle("command-root")


@pytest.mark.parametrize("login", portal.USERS)
def test_pages(tmp_path: Path, login: str | None) -> None:
    """Show each page that a user can ask for as before."""
    _look(house.lay_out(tmp_path), login)


@OTHER_DATABASE
@pytest.mark.parametrize("login", ["a.devries", "bestuur", "operator"])
def test_pages_over_postgresql(postgresql: PostgresServer, tmp_path: Path, login: str) -> None:
    """Show the pages of a user of each role as on SQLite."""
    with house.on_postgresql(tmp_path, postgresql) as old:
        _look(old, login)


def _look(old: House, login: str | None) -> None:
    tape = Tape()
    with old.application(catalogus=None) as app:
        browser = portal.enter(app, login)
        if login == "streng":
            browser.fill(f"{portal.BEGIN}/inloggen/tweede-stap", {"code": portal.second_step(old)})
        for path in portal.pages():
            tape.add(path, **portal.noted(browser.send("GET", path)))
    tape.settle(f"pages-{login or 'nobody'}")


@pytest.mark.parametrize("flow", portal.FLOWS)
def test_forms(tmp_path: Path, flow: str) -> None:
    """Lead from each form to the same page, filled in well or badly."""
    tape = Tape()
    old = house.lay_out(tmp_path)
    chosen = {"public_url": "https://school.example"} if flow == "secure" else {}
    with old.application(catalogus=None, **chosen) as app:
        portal.FLOWS[flow](portal.Walk(old, app, tape, portal.enter(app, None)))
    tape.settle(f"forms-{flow}")


def test_real_server(tmp_path: Path) -> None:
    """Answer with the same bytes over a socket; the clock is that of the machine, so nothing here depends on a day.

    `split` leaves Date and X-Request-ID out.
    """
    tape = Tape()
    old = house.lay_out(tmp_path)
    environment = {"UWLR_PUBLIC_URL": "https://uwlr.example.nl", "UWLR_CATALOGUS": str(old.data / "catalogus.toml")}
    with serving(old.data, environment=environment) as server:
        for name, sent in live.all_requests():
            status, headers, body = split(server.raw(sent))
            tape.add(name, status=status, headers=headers, body=wire.readable(body))
    tape.settle("server")
