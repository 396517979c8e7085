"""The kit against what is no UWLR endpoint, or means harm: bounded, one clear sentence, and a report that is safe.

Over real sockets. A server that hangs would hold a test as long as the kit waits for it.
"""

import gzip
import re
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from lxml import etree
from support.certificates import make_certificate
from support.hostile_server import Answer, Hostile, drips, hostile, response, says
from support.kit_answers import DATA, PUPIL, SECRETS, always_data, fault

from uwlr_adapter.cli import main
from uwlr_adapter.kit.checks import Verdict
from uwlr_adapter.kit.report import Report
from uwlr_adapter.kit.reports import report_json
from uwlr_adapter.outbound import MAX_OCTETS

ARGUMENTS = ("--klantnaam", "Snappet", "--brin6", "21QW00", "--schooljaar", "2026-2027", "--intensity", "full")
CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n"
EVIL = "\x9b31m\x9d0;titel\x9c &lt;script&gt;alert(1)&lt;/script&gt; \N{RIGHT-TO-LEFT OVERRIDE}kwaad"
"""What XML may hold and a terminal or a browser would obey."""
LONG = "x" * 999
BOMB = """<!DOCTYPE x [<!ENTITY a "haha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;">
<!ENTITY d SYSTEM "file:///etc/passwd">]><x>&c;&d;</x>"""
DANGEROUS = ("\x1b", "\x9b", "\x9d", "\N{RIGHT-TO-LEFT OVERRIDE}", "<script", "alert(1)", "root:", "haha", PUPIL)


def check(folder: Path, url: str, *arguments: str) -> tuple[Result, Report]:
    """Judge an address and keep every form of the report, each of which must be safe; return the one of JSON."""
    files = {form: folder / f"report.{form}" for form in ("json", "junit", "html")}
    options = [word for form, path in files.items() for word in (f"--{form}", str(path))]
    done = CliRunner(env=SECRETS).invoke(main, ["check", url, *ARGUMENTS, *options, *arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit)
    assert [letter for letter in done.output if not letter.isprintable() and letter != "\n"] == []
    texts = {form: path.read_text(encoding="utf-8") for form, path in files.items()}
    for text in (done.output, *texts.values()):
        assert [bad for bad in (*DANGEROUS, *SECRETS.values()) if bad in text] == []
    etree.fromstring(texts["junit"].encode())
    return done, report_json.read(files["json"].read_bytes())


def server(answer: Answer, *, reads: bool = True) -> Callable[[], AbstractContextManager[Hostile]]:
    """Return how to start a server that always does the same."""
    return lambda: hostile(answer, reads=reads)


@contextmanager
def nobody() -> Iterator[Hostile]:
    """Yield the address of a server that is gone."""
    with hostile(says(b"")) as gone:
        pass
    yield gone


@contextmanager
def bomb() -> Iterator[Hostile]:
    """Yield a server whose answer is small until it is unpacked; it is packed for its own test only."""
    content = gzip.compress(b" " * 20 * MAX_OCTETS, 1)
    with hostile(says(response("200 OK", content, "Content-Encoding: gzip"))) as target:
        yield target


SILENT = r"gave no whole answer within 0\.5 s|does not answer \(TimeoutError\)"
"""The call as a whole was too long, or one wait of it."""
NONE = {
    "a dead host": (nobody, r"does not answer \(ConnectionRefusedError\)"),
    "it says nothing": (server(drips(b"", b""), reads=False), SILENT),
    "it hangs in the middle of an answer": (
        server(drips(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n<", b"")),
        SILENT,
    ),
    "it streams for ever": (server(drips(CHUNKED, b"1\r\n \r\n")), SILENT),
    "a gigabyte": (
        server(says(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n", b" " * (MAX_OCTETS + 1))),
        "larger than 16 MiB",
    ),
    "a bomb of gzip": (bomb, "larger than 16 MiB"),
    "no HTTP": (server(says(b"220 mail.example ESMTP \x1b[2J\r\n")), r"is not HTTP \(BadStatusLine\)"),
    "it hangs up": (server(says(b"")), "closed the connection without an answer"),
    "a wrong key": (
        server(says(response("500 Fault", fault("Client.AutorisatieOngeldig", EVIL)))),
        "refuses the autorisatiesleutel for this school, of which the koppeling must be active, with Client.Autorisat",
    ),
    "a wrong klantcode": (
        server(says(response("500 Fault", fault("Client.OngeldigeKlantIdentificatie", EVIL)))),
        "the endpoint refuses the klantnaam and the klantcode with Client.OngeldigeKlantIdentificatie",
    ),
}
"""What cannot be judged: how to start it, and a pattern of the sentence."""


@pytest.mark.parametrize("name", NONE)
def test_what_cannot_be_judged_is_one_sentence(tmp_path: Path, name: str) -> None:
    """The first call ends the run with status 2; there is one sentence, and a report that says so too."""
    start, sentence = NONE[name]
    with start() as target:
        timeout = ("--timeout", "0.5") if sentence == SILENT else ()
        done, report = check(tmp_path, target.url, "--allow-private", *timeout)
        assert len(target.requests) <= 1
    assert done.exit_code == report.exit_status == 2
    assert " ".join(done.stdout.split()) == f"could not be judged: {report.stopped}"
    assert re.search(sentence, report.stopped)
    assert {one.verdict for one in report.results[1:]} == {Verdict.SKIP}
    assert len(report.results[0].exchanges) == 1


def test_an_unknown_name_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that does not exist is named."""

    def fails(*_arguments: object, **_named: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fails)
    done, report = check(tmp_path, "https://nergens.example/uwlr")
    assert done.exit_code == 2
    assert report.stopped == "no usable answer comes: no address is found for the name nergens.example"


def test_a_certificate_that_nobody_vouches_for_is_told(tmp_path: Path) -> None:
    """Not one byte of the message is sent, and no option makes it be sent."""
    public, private = make_certificate(tmp_path, "uwlr.example")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    with hostile(always_data(), tls=context) as target:
        done, report = check(tmp_path, f"https://127.0.0.1:{target.port}/uwlr", "--allow-private", "--allow-http")
        assert target.requests in ([], [b"\r\n\r\n"])
    assert done.exit_code == 2
    assert re.search(r"the certificate of 127\.0\.0\.1:\d+ is not valid \(self-signed certificate\)", report.stopped)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://127.0.0.1:9/uwlr", "allow that with --allow-private"),
        ("ftp://127.0.0.1/uwlr", "is no http:// or https:// URL"),
        ("https://wie:geheim@las.example/uwlr", "holds a user name or a password"),
        ("geen adres", "is no http:// or https:// URL"),
    ],
)
def test_an_address_that_is_not_called_is_told(tmp_path: Path, url: str, sentence: str) -> None:
    """A wrong URL costs no call, and what may be secret in it is not repeated."""
    done, report = check(tmp_path, url)
    assert done.exit_code == 2
    assert sentence in report.stopped
    assert "geheim" not in done.output


OTHERS = {
    "a web page": (
        response("200 OK", b"<!DOCTYPE html><script>alert(1)</script>\x1b[2J").replace(b"text/xml", b"text/html"),
        "a web page (HTTP 200)",
    ),
    "a page that is not found": (response("404 Not Found", b"<html>\x1b]0;weg\x07"), "a web page (HTTP 404)"),
    "a SOAP service of another kind": (
        response("200 OK", DATA.replace(b"leerlinggegevens", b"koersen").replace(b"leerling", b"koers")),
        "HTTP 200 with no answer of UWLR",
    ),
    "its fault": (
        response("500 Fault", fault(f"Client.{EVIL}", EVIL, f"<detail><{LONG}>{EVIL}</{LONG}></detail>")),
        "a fault Client.* (no code of the standard) with HTTP 500",
    ),
    "escapes in what is no XML": (
        response("200 \x1b[2J", b"\x1b[2J\x9b31m", "X-Kwaad: \x1b]0;x\x07", 'Content-Encoding-X: "\x9b'),
        "HTTP 200 with a body of 8 bytes that is not well-formed XML",
    ),
    "entities": (response("200 OK", BOMB.encode()), "a document type"),
    "deep elements": (response("200 OK", b"<x>" * 5000 + b"</x>" * 5000), "HTTP 200 with a body of 35000 bytes"),
    "scripts and escapes in data": (
        response("200 OK", DATA.replace(PUPIL.encode(), EVIL.encode()).replace(b"leerlinggegevens", b"kwaad")),
        "HTTP 200 with no answer of UWLR",
    ),
}
"""What answers and is no UWLR endpoint: its bytes, and what the first check finds."""


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_endpoint_is_not_conformant(tmp_path: Path, name: str) -> None:
    """The first check fails and says what is there; what builds on it is skipped, and nothing of it is obeyed."""
    sent, found = OTHERS[name]
    with hostile(says(sent)) as target:
        done, report = check(tmp_path, target.url, "--allow-private")
        assert len(target.requests) <= 5
    assert done.exit_code == report.exit_status == 1
    assert [one.id for one in report.failures] == ["HTTP-01"]
    assert found in report.results[0].sentence
    assert report.results[0].sentence in re.sub(r"[\s│]+", " ", done.output)
    assert report.stopped == ""


def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    """The codes do not go where another server says."""
    with hostile(always_data()) as other:
        sent = response("307 Temporary Redirect", b"", f"Location: {other.url}")
        with hostile(says(sent)) as target:
            done, report = check(tmp_path, target.url, "--allow-private")
        assert other.requests == []
    assert done.exit_code == 1
    assert "answered with a redirect (HTTP 307), which is not followed" in report.results[0].sentence


def test_an_endpoint_that_falls_silent_ends_the_run_and_keeps_what_was_found(tmp_path: Path) -> None:
    """After three calls without an answer nothing more is asked; what was judged before is in the report."""
    say, drip = always_data(), drips(CHUNKED, b"1\r\n \r\n")

    def answer(connection: socket.socket, own: Hostile) -> None:
        (say if len(own.requests) < 5 else drip)(connection, own)

    with hostile(answer) as target:
        done, report = check(tmp_path, target.url, "--allow-private", "--timeout", "1")
        assert len(target.requests) == 7
    assert report.results[0].verdict is Verdict.PASS
    assert re.search(r"3 calls in a row got no answer; the last: 127\.0\.0\.1:\d+ gave no whole answer", report.stopped)
    assert f"The run stopped before its end: {report.stopped}." in re.sub(r"\s+", " ", done.output)
    assert sum(one.verdict is Verdict.SKIP for one in report.results) > 100


def test_an_endpoint_that_is_evil_in_its_data_is_judged_to_the_end(tmp_path: Path) -> None:
    """Scripts and escapes in names, keys and headers reach no terminal and no report."""
    evil = DATA.replace(PUPIL.encode(), EVIL.encode()).replace(b'key="1"', f'key="{EVIL}"'.encode())
    with hostile(says(response("200 \x1b[2J", evil, "Retry-After: \x9b", "Allow: <script>"))) as target:
        done, report = check(tmp_path, target.url, "--allow-private")
    assert done.exit_code == 1
    assert report.stopped == ""
    found = {one.id: one.verdict for one in report.results}
    assert (found["LG-01"], found["TEXT-04"]) == (Verdict.PASS, Verdict.FAIL)
