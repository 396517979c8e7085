"""The demo keeps its fixed contract."""

import json
import signal
import socket
import subprocess
import urllib.request
from dataclasses import fields
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.server import WAIT, command, init, port_of_our_own, serving, split, until

from uwlr_adapter.cli import main
from uwlr_adapter.client.pulling import PullRequest, pull
from uwlr_adapter.sandbox import state
from uwlr_adapter.sandbox.situations import PUBLISHED, places_of

KEYS = {
    *("endpoint", "wsdl", "klantnaam", "klantcode", "autorisatiesleutel", "brincode", "dependancecode", "schooljaar"),
    *("portal", "portal_user", "portal_password", "leerresultaten_endpoint"),
}


def run_demo(data: Path, port: int) -> dict[str, str]:
    """Start the demo, fetch from it with what it prints, stop it as Ctrl-C does; returns what it printed."""
    process = subprocess.Popen(
        command("demo", "--port", str(port), "--data", str(data), "--json"), stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        printed: dict[str, str] = json.loads(process.stdout.readline())
        question = PullRequest(
            **{naam: printed[naam] for naam in (field.name for field in fields(PullRequest)) if naam in printed}
        )
        answer = pull(printed["endpoint"], question, allow_private=True)
        assert answer.outcome == "leerlinggegevens"
        assert answer.counts["leerlingen"] >= 200
        assert answer.findings == ()
        with urllib.request.urlopen(printed["portal"], timeout=WAIT) as page:  # noqa: S310 - our own address
            assert "<h1>Inloggen</h1>" in page.read().decode()
    finally:
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=WAIT)
    assert rest == ""
    assert process.returncode == 0
    return printed


def test_the_demo_is_made_and_reopened(tmp_path: Path) -> None:
    """It prints exactly the keys of its contract on one line, and a second start gives the same school."""
    with port_of_our_own() as port:
        first = run_demo(tmp_path / "demo", port)
        assert first.keys() == KEYS
        assert (first["klantnaam"], first["autorisatiesleutel"]) == ("Snappet", "21QW00Ygr67BfgKl!gr8")
        assert (first["brincode"], first["dependancecode"]) == ("21QW", "00")
        assert run_demo(tmp_path / "demo", port) == first


def test_the_terminal_shows_no_line_of_the_log(tmp_path: Path) -> None:
    """The demo prints no line of its log on the terminal, and writes its requests to demo.log."""
    log = tmp_path / "demo" / "demo.log"
    with port_of_our_own() as port:
        process = subprocess.Popen(
            command("demo", "--port", str(port), "--data", str(tmp_path / "demo")),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert process.stdout is not None
        try:
            printed = list(iter(process.stdout.readline, "Ctrl-C stops the demo.\n"))
            assert [line for line in printed if line.lstrip().startswith("{")] == []
            assert any(line.startswith("Fetched once with zeep: ") for line in printed), "".join(printed)
            (sent,) = (line for line in printed if line.startswith("Sent back once: "))
            assert "87 results of 29 leerlingen for one toets; all taken" in sent
            assert any("demo.log" in line for line in printed), "".join(printed)
            codes = [place.code for place in places_of(PUBLISHED)]
            assert {line.split()[-1] for line in printed if "-uwlr-sandbox-" in line} == set(codes)
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/koppelingen", timeout=WAIT):
                pass
            until(lambda: len(log.read_text(encoding="utf-8").splitlines()) >= 2)
        finally:
            process.send_signal(signal.SIGINT)
            rest, _ = process.communicate(timeout=WAIT)
    assert rest == ""
    logged = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert {"HaalLeerlinggegevens", "BrengLeerresultaten"} <= {line.get("operation") for line in logged}


def test_the_demo_says_it_when_its_port_is_taken(tmp_path: Path) -> None:
    """A taken port is one sentence and a failure, not a trace."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = subprocess.run(
            command("demo", "--port", str(port), "--data", str(tmp_path / "demo")),
            capture_output=True,
            text=True,
            timeout=WAIT,
            check=False,
        )
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert str(port) in result.stderr


def test_the_demo_leaves_the_records_of_a_school_alone(tmp_path: Path) -> None:
    """In a folder with records of its own the demo does nothing: its codes are known to everybody."""
    init(tmp_path)
    school = command("--data", str(tmp_path), "school", "add", "21QW00", "--naam", "Echt")
    subprocess.run(school, check=True, capture_output=True)
    result = subprocess.run(
        command("demo", "--data", str(tmp_path)), capture_output=True, text=True, check=False, timeout=WAIT
    )
    assert result.returncode == 1
    assert "not the demo's" in result.stderr


@pytest.mark.parametrize("address", ["::", "192.0.2.1"])
def test_another_address_needs_a_public_url(tmp_path: Path, address: str) -> None:
    """Outside loopback the service starts only with an https address for the WSDL."""
    result = subprocess.run(
        command("--data", str(tmp_path), "serve", "--host", address), capture_output=True, text=True, check=False
    )
    assert result.returncode == 2
    assert "--public-url" in result.stderr


def test_a_process_with_the_portal_only(tmp_path: Path) -> None:
    """`UWLR_PARTS=portal` serves the pages of the schools, and says where they are."""
    init(tmp_path)
    with serving(tmp_path, environment={"UWLR_PARTS": "portal"}, ready="The portal for schools is on") as server:
        status, headers, body = split(server.post(b"", method="GET", path="/koppelingen/inloggen"))
        assert status == 200
        assert ("x-frame-options", "DENY") in headers
        assert b"<h1>Inloggen</h1>" in body
        assert split(server.post(b"", method="GET", path="/uwlr/leerlinggegevens?wsdl"))[0] == 404


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--host", "0.0.0.0"), "needs --public-url"),  # noqa: S104 - refused
        (("--host", "::"), "needs --public-url"),
        (("--host", "::0"), "needs --public-url"),
        (("--host", "0:0:0:0:0:0:0:0"), "needs --public-url"),
        (("--host", "0"), "--host is an IP address"),
        (("--host", ""), "--host is an IP address"),
        (("--host", "localhost"), "--host is an IP address"),
        (("--public-url", "192.168.1.20:8080"), "--public-url is http://"),
        (("--public-url", "http://user@host"), "--public-url is http://"),
        (("--public-url", "http://host/path"), "--public-url is http://"),
        (("--public-url", "ftp://host"), "--public-url is http://"),
        (("--public-url", "http://ho st"), "--public-url is http://"),
        (("--public-url", "http://host:0"), "--public-url is http://"),
    ],
)
def test_an_address_that_nobody_could_call_is_refused(tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    """The demo does not begin with an address in its WSDL that leads nowhere, and makes nothing."""
    result = CliRunner().invoke(main, ["demo", "--data", str(tmp_path / "demo"), *arguments])
    assert (result.exit_code, told in result.output) == (2, True)
    assert not (tmp_path / "demo").exists()


@pytest.mark.parametrize(
    "act",
    [("afnemer", "add", "Echt"), ("gebruiker", "add", "baas", "--naam", "De Baas", "--rol", "operator")],
)
def test_the_demo_leaves_a_service_without_a_school_alone(tmp_path: Path, act: tuple[str, ...]) -> None:
    """In a folder that somebody began to prepare for a service the demo adds no published codes, and leaves no mark."""
    init(tmp_path)
    done = CliRunner().invoke(main, ["--data", str(tmp_path), *act])
    assert done.exit_code == 0, done.output
    result = CliRunner().invoke(main, ["demo", "--data", str(tmp_path)])
    assert (result.exit_code, "that are not the demo's" in result.output.replace("\n", " ")) == (1, True)
    assert not (tmp_path / "this-is-a-demo").exists()


def test_two_demos_of_one_folder(tmp_path: Path) -> None:
    """A second demo of a folder is refused in a sentence, so that neither undoes what was done at the other."""
    folder = tmp_path / "demo"
    folder.mkdir(mode=0o700)
    with state.hold(folder):
        result = CliRunner().invoke(main, ["demo", "--data", str(folder)])
    assert (result.exit_code, f"another demo uses {folder}" in result.output.replace("\n", " ")) == (1, True)
    state.hold(folder).close()


def test_the_demo_for_other_machines(tmp_path: Path) -> None:
    """On every address it warns that its codes are known, and its WSDL has the public URL, whatever Host is named."""
    with port_of_our_own() as port:
        arguments = ("--host", "0.0.0.0", "--public-url", "http://sandbox.example:8080/")  # noqa: S104 - as asked
        process = subprocess.Popen(
            command("demo", "--port", str(port), "--data", str(tmp_path / "demo"), "--json", *arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        try:
            printed = json.loads(process.stdout.readline())
            request = urllib.request.Request(
                f"http://127.0.0.1:{port}/uwlr/leerlinggegevens?wsdl", headers={"Host": "evil.example"}
            )
            with urllib.request.urlopen(request, timeout=WAIT) as reply:  # noqa: S310 - as above
                wsdl = reply.read().decode()
        finally:
            process.send_signal(signal.SIGINT)
            _, told = process.communicate(timeout=WAIT)
    assert printed["endpoint"] == "http://sandbox.example:8080/uwlr/leerlinggegevens"
    assert 'location="http://sandbox.example:8080/uwlr/leerlinggegevens"' in wsdl
    assert "evil.example" not in wsdl
    assert "its codes are published" in told.replace("\n", " ")
