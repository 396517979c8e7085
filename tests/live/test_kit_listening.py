"""The kit as a server over real HTTP: callers that break off, hang up and go on, and the two commands."""

import http.client
import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from support.kit_caller import CREDENTIALS, caller_run, failed, usual
from support.server import WAIT, Server, command, split, until

from uwlr_adapter.clock import day_of, now, schooljaar_of
from uwlr_adapter.kit.listening import verdicts
from uwlr_adapter.kit.listening.between import Between
from uwlr_adapter.kit.listening.chapters import REQUESTS
from uwlr_adapter.kit.listening.endpoint import PATH, CallerEndpoint, Script
from uwlr_adapter.kit.listening.incoming import MAX_BODY
from uwlr_adapter.kit.listening.listener import MAX_CONNECTIONS, listening, wait_for_caller
from uwlr_adapter.kit.listening.situations import BY_NAME
from uwlr_adapter.kit.listening.turn import Conversation
from uwlr_adapter.outbound import Reply
from uwlr_adapter.server.port import ListenError

MESSAGE = usual().with_child("schooljaar", schooljaar_of(day_of(now())))
POST = ("Content-Type: text/xml; charset=utf-8", 'SOAPAction: "HaalLeerlinggegevens"')


@contextmanager
def served(script: Script) -> Iterator[tuple[Server, CallerEndpoint]]:
    """Serve the endpoint of the kit on a free port; yields a way to send bytes to it, and the endpoint."""
    with listening("127.0.0.1", 0) as listener:
        port = int(listener.base_url.rpartition(":")[2])
        talk = Conversation(now, time.monotonic, f"{listener.base_url}{PATH}", 5.0)
        app = CallerEndpoint(talk, CREDENTIALS, listener.base_url, script, wait_for_caller)
        listener.serve(app)
        yield Server(port, None, []), app  # type: ignore[arg-type] # it has no process of its own


def judged(app: CallerEndpoint) -> set[str]:
    """Return the checks that fail."""
    return failed(verdicts.caller_report(app.conversation, caller_run("here", now())))


def test_a_right_request_over_http() -> None:
    """Its answer is whole, and its WSDL names this address."""
    with served(Script()) as (server, app):
        status, headers, body = split(server.post(MESSAGE.message(), *POST))
        assert status == 200
        assert ("content-type", "text/xml; charset=utf-8") in headers
        assert body.endswith(b"</s:Envelope>")
        assert f'"{server.endpoint}"'.encode() in split(server.post(b"", method="GET", path=f"{PATH}?wsdl"))[2]
    assert not judged(app)


def test_a_chunked_body_and_an_expectation() -> None:
    """As .NET and curl send them."""
    message = MESSAGE.message()
    chunks = f"{len(message):x}\r\n".encode() + message + b"\r\n0\r\n\r\n"
    with served(Script()) as (server, app):
        assert split(server.post(chunks, *POST, "Transfer-Encoding: chunked"))[0] == 200
        expecting = server.post(message, *POST, "Expect: 100-continue")
        assert expecting.startswith(b"HTTP/1.1 100 ")
        assert b"HTTP/1.1 200 " in expecting
    assert judged(app) == {"NEXT-04"}


def test_chunks_that_are_none() -> None:
    """They are a body that breaks off; nothing is printed, and the next caller is answered."""
    with served(Script()) as (server, app):
        server.hang_up(
            b"POST /uwlr/leerlinggegevens HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml; charset=utf-8\r\n"
            b'SOAPAction: "x"\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n<x/>\r\n0\r\n\r\n'
        )
        assert split(server.post(MESSAGE.message(), *POST))[0] == 200
    assert judged(app) == {"CHTTP-12"}


def test_a_chunk_that_breaks_off() -> None:
    """However long it said that it is, nothing is taken for its rest."""
    message = MESSAGE.message()
    with served(Script()) as (server, app):
        for size in (len(message) + 1, 2 * MAX_BODY):
            server.hang_up(
                b"POST /uwlr/leerlinggegevens HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml; charset=utf-8\r\n"
                b'SOAPAction: "x"\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s' % (size, message)
            )
        assert split(server.post(MESSAGE.message(), *POST))[0] == 200
    assert judged(app) == {"CHTTP-12"}
    cut = [one.exchange for one in app.conversation.turns if one.exchange and one.status == 400]
    assert len(cut) == 2
    assert all(exchange.request.endswith("</soap:Envelope>\n") for exchange in cut)


def test_headers_are_handed_on_as_they_came() -> None:
    """With their own case and underscores; one that is there twice has both values."""
    passed: list[dict[str, str]] = []

    def send(_method: str, _url: str, _body: bytes | None, headers: dict[str, str]) -> Reply:
        passed.append(headers)
        return Reply(200, b"x", (("Content-Type", "text/plain"),))

    twice = ("Cookie: a=1", "cookie: b=2", "Accept: text/xml", "accept: */*", "x-own_NAME: 1")
    with listening("127.0.0.1", 0) as listener:
        listener.serve(Between(Conversation(now, time.monotonic, "here"), "http://las.example/las", send))
        server = Server(int(listener.base_url.rpartition(":")[2]), None, [])  # type: ignore[arg-type] # it has no process
        assert split(server.post(MESSAGE.message(), *POST, *twice, path="/las"))[0] == 200
    own = dict(line.split(": ", 1) for line in POST)
    joined = {"Cookie": "a=1; b=2", "Accept": "text/xml, */*", "x-own_NAME": "1"}
    assert passed == [{**own, **joined, "Accept-Encoding": "identity"}]


def test_a_caller_that_hangs_up_is_noticed() -> None:
    """The slow answer is the one that it does not wait for."""
    with served(Script((BY_NAME["slow"],), slow=WAIT)) as (server, app):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=WAIT)
        connection.request("POST", PATH, MESSAGE.message(), dict(line.split(": ") for line in POST))
        until(lambda: app.conversation.turns and app.conversation.turns[0].situation)
        connection.close()
        until(lambda: app.conversation.turns[0].ended is not None)
    assert judged(app) == {"NEXT-08"}


def test_connections_are_bounded() -> None:
    """The further one is closed, and a place that comes free is given to the next."""
    with served(Script()) as (server, _):
        held = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(MAX_CONNECTIONS)]
        with socket.create_connection(("127.0.0.1", server.port), timeout=WAIT) as further:
            assert further.recv(1) == b""
        for one in held:
            one.close()
        until(lambda: server.raw(b"GET /x HTTP/1.0\r\n\r\n"))


def test_an_address_in_use_is_told() -> None:
    """Two runs do not share an address."""
    with served(Script()) as (server, _), pytest.raises(ListenError), listening("127.0.0.1", server.port):
        pass


def test_the_command_for_a_caller(tmp_path: Path) -> None:
    """It shows what the caller needs, judges two requests, and leaves a report in each form."""
    forms = {form: tmp_path / f"report.{form}" for form in ("json", "junit", "html")}
    options = [text for form, path in forms.items() for text in (f"--{form}", str(path))]
    arguments = command("check", "--client", "--port", "0", "--calls", "2", *options)
    with subprocess.Popen(arguments, cwd=tmp_path, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        assert run.stderr is not None
        address = run.stderr.readline().split()[-1]
        for line in run.stderr:
            if line.startswith("Ctrl-C"):
                break
        server = Server(int(address.rpartition(":")[2].partition("/")[0]), run, [])
        for message in (MESSAGE, MESSAGE.with_child("brincode", "21qw")):
            server.post(message.message(), *POST)
        output, errors = run.communicate(timeout=WAIT)
    assert run.returncode == 1, errors
    assert "CREQ-01" in output
    assert "CALL-02" not in output
    assert "2 HaalLeerlinggegevens: wrong" in errors
    written = json.loads(forms["json"].read_text())
    assert written["kind"] == "caller"
    assert {one["id"] for one in written["results"] if one["verdict"] == "fail" and one["level"] == "must"} == {
        "CREQ-01"
    }
    assert all(path.stat().st_size for path in forms.values())
    assert CREDENTIALS.klantcode not in "".join(path.read_text() for path in forms.values())


def test_a_caller_can_keep_its_own_credentials(tmp_path: Path) -> None:
    """They come from an option, a file and the environment, are judged, and are shown nowhere."""
    report, code = tmp_path / "report.json", tmp_path / "klantcode.txt"
    code.write_text("eigen-klantcode-1\n", encoding="utf-8")
    arguments = command(
        *("check", "--client", "--port", "0", "--calls", "3", "--json", str(report)),
        *("--klantnaam", "Eigen platform", "--klantcode", f"@{code}"),
    )
    environment = {**os.environ, "UWLR_AUTORISATIESLEUTEL": "eigen-sleutel-1"}
    with subprocess.Popen(
        arguments, cwd=tmp_path, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    ) as run:
        assert run.stderr is not None
        shown = []
        for line in run.stderr:
            shown.append(line)
            if line.startswith("Ctrl-C"):
                break
        server = Server(int(shown[0].split()[-1].rpartition(":")[2].partition("/")[0]), run, [])
        own = MESSAGE.with_part("klantnaam", "Eigen platform").with_part("klantcode", "eigen-klantcode-1")
        statuses = [
            split(server.post(message.message(), *POST))[0]
            for message in (own.with_part("autorisatiesleutel", "eigen-sleutel-1"), own, MESSAGE)
        ]
        output, errors = run.communicate(timeout=WAIT)
    assert statuses == [200, 500, 500]
    written = report.read_text()
    sentences = {one["id"]: one["sentence"] for one in json.loads(written)["results"] if one["verdict"] == "fail"}
    assert "1 of the 3 requests" in sentences["CSOAP-31"]
    assert "2 of the 3 requests" in sentences["CSOAP-32"]
    assert "Eigen platform" in "".join(shown)
    for text in ("".join(shown), output, errors, written):
        assert "eigen-sleutel" not in text
        assert "eigen-klantcode" not in text
    assert "Eigen platform" not in written


@pytest.mark.parametrize("ending", [(signal.SIGINT,), (signal.SIGTERM,), (signal.SIGINT, signal.SIGTERM)])
@pytest.mark.parametrize("mode", [("--client",), ("--proxy", "http://127.0.0.1:9/las", "--allow-private")])
def test_an_interruption_leaves_a_report(
    tmp_path: Path, ending: tuple[signal.Signals, ...], mode: tuple[str, ...]
) -> None:
    """Ctrl-C or SIGTERM is how a run ends; a second one changes nothing. Of nothing there is a report too."""
    report = tmp_path / "report.json"
    arguments = command("check", *mode, "--port", "0", "--json", str(report))
    with subprocess.Popen(arguments, cwd=tmp_path, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        assert run.stderr is not None
        for line in run.stderr:
            if "Ctrl-C" in line:
                break
        for one in ending:
            run.send_signal(one)
        output, errors = run.communicate(timeout=WAIT)
    assert run.returncode == 2, errors
    assert "Interrupted" in errors
    assert output.splitlines() == ["could not be judged: no request came"]
    assert json.loads(report.read_text())["conformant"] is False


def test_sigterm_ends_a_run_against_an_endpoint(tmp_path: Path) -> None:
    """One that hangs: the report is there, and says that it was interrupted."""
    report = tmp_path / "report.json"
    secrets = {"UWLR_KLANTCODE": CREDENTIALS.klantcode, "UWLR_AUTORISATIESLEUTEL": CREDENTIALS.autorisatiesleutel}
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        url = f"http://127.0.0.1:{hanging.getsockname()[1]}/las"
        arguments = command(
            *("check", url, "--allow-private", "--klantnaam", "Kit", "--brin6", "21QW00", "--json", str(report))
        )
        with subprocess.Popen(arguments, cwd=tmp_path, env={**os.environ, **secrets}, text=True) as run:
            accepted, _ = hanging.accept()
            run.terminate()
            assert run.wait(WAIT) == 2
            accepted.close()
    assert json.loads(report.read_text())["stopped"] == "it was interrupted"


class Canned(BaseHTTPRequestHandler):
    """Answers every request with geengegevens."""

    def do_POST(self) -> None:
        """Answer."""
        self.rfile.read(int(self.headers["Content-Length"]))
        content = (
            b'<?xml version="1.0" encoding="utf-8"?>\n<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">'
            b'<s:Body><leerlinggegevens_antwoord xmlns="http://www.edustandaard.nl/leerresultaten/2/leerlinggegevens">'
            b"<geengegevens/></leerlinggegevens_antwoord></s:Body></s:Envelope>"
        )
        self.send_response(200)
        self.send_header("Content-Type", "text/xml; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as its base has it
        """Log nothing."""


def test_the_command_between_two(tmp_path: Path) -> None:
    """It hands a request on to the endpoint behind it, and judges both."""
    behind = HTTPServer(("127.0.0.1", 0), Canned)
    threading.Thread(target=behind.serve_forever, daemon=True).start()
    report = tmp_path / "report.json"
    target = f"http://127.0.0.1:{behind.server_port}/las"
    arguments = command(
        *("check", "--proxy", f"{target}?sleutel=geheim", "--allow-private", "--port", "0", "--calls", "1"),
        *("--json", str(report)),
    )
    with subprocess.Popen(arguments, cwd=tmp_path, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        assert run.stderr is not None
        address = run.stderr.readline().split()[4].rstrip(";")
        server = Server(int(address.rpartition(":")[2].partition("/")[0]), run, [])
        response = server.post(MESSAGE.message(), *POST, path="/las")
        _, errors = run.communicate(timeout=WAIT)
    behind.shutdown()
    behind.server_close()
    assert split(response)[2].endswith(b"</s:Envelope>")
    assert response.count(b"\r\nServer: ") == response.count(b"\r\nDate: ") == 1
    assert run.returncode == 0, errors
    written = json.loads(report.read_text())
    assert (written["kind"], written["target"]) == ("proxy", target)
    assert not [one["id"] for one in written["results"] if one["verdict"] == "fail"]
    line = f"uwlr-adapter check --proxy {target} --allow-private"
    assert all(
        one["reproduce"].startswith(f"{line} --only {one['id']}")
        for one in written["results"]
        if one["suite"] != REQUESTS.name
    )
    assert {one["reproduce"] for one in written["results"] if one["suite"] == REQUESTS.name} == {line}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--client", "--situation", "regen"), "there is no situation regen"),
        (("--client", "--klantnaam", "k" * 65), "--klantnaam has 1 to 64 characters"),
        (("--client", "--autorisatiesleutel", ""), "--autorisatiesleutel has 1 to 64 characters"),
        (("--proxy", "http://x", "--host", "192.0.2.1"), "--allow-http"),
        (("--proxy", "http://x", "--profile", "alles"), "there is no profile of this name"),
        (("--proxy", "example.nl/las"), "--proxy takes an http:// or https:// URL"),
        (("--proxy", "https://naam:geheim@example.nl/las"), "holds a user name or a password"),
        (("--proxy", "https:///las"), "--proxy takes an http:// or https:// URL"),
        (("--client", "--public-url", "kit.example:8090"), "--public-url is scheme, host and port"),
        (("--client", "--public-url", "https://kit.example/?sleutel=geheim"), "--public-url is scheme, host and port"),
    ],
)
def test_a_wrong_option_is_told(tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    """Before anything is listened on."""
    run = subprocess.run(
        command("check", *arguments), cwd=tmp_path, capture_output=True, text=True, check=False, timeout=WAIT
    )
    assert run.returncode == 2
    assert told in " ".join(run.stderr.split())
    assert "geheim" not in run.stderr
