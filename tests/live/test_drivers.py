"""Both drivers of the endpoint over HTTP, on one database: RSGI (`serve`) and WSGI (waitress) answer alike.

Each row of the table of checks is the same one that the state machine is tested with by itself.
"""

import os
import socket
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from lxml import etree
from support.databases import execute
from support.endpoint_rows import LAST, ROWS, EndpointRow, Noted, Trouble, outcome_in
from support.messages import LG
from support.nasty_values import SPELLINGS
from support.served_school import ServedSchool, furnish, open_for_results
from support.server import WAIT, Server, port_of_our_own, serving, split, until

from uwlr_adapter.contract import fault, fault_catalogue
from uwlr_adapter.contract.fault_catalogue import FaultSubject

DATA = next(row for row in ROWS if row.name == "data")
Headers = list[tuple[str, str]]
URL = {"UWLR_PUBLIC_URL": "https://uwlr.example"}
BREAKING: dict[Trouble, tuple[str, ...]] = {
    Trouble.NONE: (),
    Trouble.RECORDS: (
        "UPDATE groep SET jaargroep = '99' WHERE brin6 = '30AB00'",
        "UPDATE school SET version = version + 1 WHERE brincode = '30AB'",
    ),
    Trouble.DATABASE: ("ALTER TABLE given RENAME TO given_gone",),
    Trouble.UNSETTLED: (
        """CREATE TRIGGER unsettled AFTER UPDATE ON answer_state
            BEGIN UPDATE answer_state SET school_version = NULL WHERE brin6 = NEW.brin6; END""",
        "UPDATE school SET version = version + 1 WHERE brincode = '30AB'",
    ),
}
"""Statements that break a database, so that the service itself fails."""
MENDING: dict[Trouble, tuple[str, ...]] = {
    Trouble.RECORDS: (
        "UPDATE groep SET jaargroep = '3' WHERE brin6 = '30AB00'",
        "UPDATE school SET version = version + 1 WHERE brincode = '30AB'",
    ),
    Trouble.DATABASE: ("ALTER TABLE given_gone RENAME TO given",),
    Trouble.UNSETTLED: ("DROP TRIGGER unsettled",),
}


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> ServedSchool:
    """Return a data folder of our own: these tests break its database."""
    school = furnish(tmp_path_factory.mktemp("drivers"))
    open_for_results(school.data)
    return school


@pytest.fixture(scope="module")
def rsgi(school: ServedSchool) -> Iterator[Server]:
    """Serve it by the RSGI driver."""
    with serving(school.data, environment=URL) as running:
        yield running


@pytest.fixture(scope="module")
def wsgi(school: ServedSchool) -> Iterator[Server]:
    """Serve it by the WSGI driver, in a server of another make."""
    with port_of_our_own() as port:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("UWLR_")}
        app = ("--listen", f"127.0.0.1:{port}", "--call", "uwlr_adapter.server.application:make_app")
        process = subprocess.Popen(
            [sys.executable, "-m", "waitress", *app],
            env=clean | {"UWLR_DATA": str(school.data)} | URL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            until(lambda: _listens(port) or process.poll() is not None)
            yield Server(port, process, [])
        finally:
            process.terminate()
            process.wait(WAIT)


def _listens(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def broken(data: Path, trouble: Trouble) -> Iterator[None]:
    """Break the database until the block ends."""
    if trouble is Trouble.NONE:
        yield
        return
    execute(data, *BREAKING[trouble])
    try:
        yield
    finally:
        execute(data, *MENDING[trouble])


def send(server: Server, row: EndpointRow, content: bytes, request_id: str) -> tuple[int, Headers, bytes]:
    """Send the request of a row; returns the status, the headers that are ours, and the body of the response."""
    headers = [f"{name}: {value}" for name, value in {**row.headers, "X-Request-ID": request_id}.items()]
    if "Transfer-Encoding" in row.headers:
        content = b"%x\r\n%s\r\n%s\r\n\r\n" % (len(content), content, b"zz" if row.is_cut_off else b"0")
    path = f"/uwlr/leerlinggegevens{'?' if row.query else ''}{row.query}"
    status, found, body = split(server.post(content, *headers, method=row.method, path=path))
    return status, sorted(header for header in found if header[0] not in {"server", "connection", "via"}), body


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.row}: {row.name}")
def test_the_table_of_checks(school: ServedSchool, rsgi: Server, wsgi: Server, row: EndpointRow) -> None:
    """Each row gets its status and code from both drivers, in the same bytes, and leaves the same behind."""
    content, servers = row.message(school), {uuid.uuid4().hex: server for server in (rsgi, wsgi)}
    if row.has_data:
        given = send(rsgi, DATA, DATA.message(school), uuid.uuid4().hex)[2]
        moment = etree.fromstring(given).findtext(f".//{{{LG}}}aanmaakdatum") or ""
        content = content.replace(LAST.encode(), moment.encode())
    before = count_refusals(school.data)
    with broken(school.data, row.trouble):
        by_rsgi, by_wsgi = (send(server, row, content, request_id) for request_id, server in servers.items())
    for status, headers, body in (by_rsgi, by_wsgi):
        assert status == row.status
        if row.method != "HEAD":  # which has no body to read
            assert outcome_in(dict(headers)["content-type"], body) == row.outcome
    if not row.is_cut_off:  # waitress refuses that by itself
        assert by_rsgi == by_wsgi
    entries = [(row.outcome, row.reason)] if row.noted is Noted.ENTRY else []
    assert [entries_of(school.data, request_id) for request_id in servers] == [entries, entries]
    assert count_refusals(school.data) - before == (2 if row.noted is Noted.COUNT else 0)


def entries_of(data: Path, request_id: str) -> list[tuple[str, str | None]]:
    """Return the outcome and the reason of each entry of a request in the journaal."""
    with closing(sqlite3.connect(data / "uwlr.sqlite3", timeout=WAIT)) as connection:
        query = "SELECT outcome, reason FROM journaal WHERE request_id = ?"
        return connection.execute(query, (request_id,)).fetchall()


def count_refusals(data: Path) -> int:
    """Count the refusals of callers that nobody knew."""
    with closing(sqlite3.connect(data / "uwlr.sqlite3", timeout=WAIT)) as connection:
        (found,) = connection.execute("SELECT coalesce(sum(occurrences), 0) FROM refusal").fetchone()
        return int(found)


def test_after_all_that_both_answer(school: ServedSchool, rsgi: Server, wsgi: Server) -> None:
    """After the damage was mended the data come from both."""
    for server in (rsgi, wsgi):
        status, headers, body = send(server, DATA, DATA.message(school), uuid.uuid4().hex)
        assert (status, outcome_in(dict(headers)["content-type"], body)) == (DATA.status, DATA.outcome)


def test_a_path_has_one_reading(rsgi: Server, wsgi: Server) -> None:
    """A path is decoded once: every other spelling is a plain refusal by both drivers, and never the metrics."""
    same = {"/metrics", "/%6detrics", "/%6Detrics", "http://localhost/metrics", "/metrics#x"}  # so says HTTP
    by_waitress = {"//metrics", "/%2fmetrics"}  # which takes several slashes at the start as one, as nginx does
    for server, alike in ((rsgi, same), (wsgi, same | by_waitress)):
        for path in SPELLINGS:
            status, _, body = split(server.post(b"", method="GET", path=path))
            assert (status == 200) == (b"uwlr_requests" in body) == (path in alike), path
            assert status in {200, 400, 404}, path


EXAMPLES = [
    (entry.example, "/uwlr/leerresultaten" if entry.about is FaultSubject.RESULTS else "/uwlr/leerlinggegevens")
    for entry in fault_catalogue.load().entries
    if entry.example is not None and entry.about is not FaultSubject.ANSWER and not entry.example.when
]


def ask(
    server: Server, school: ServedSchool, message: str, content_type: str, path: str = "/uwlr/leerlinggegevens"
) -> tuple[int, Headers, bytes]:
    """Send a message of the fault catalogue, for the schooljaar of today."""
    content = message.replace("2026-2027", school.schooljaar).encode()
    return split(server.post(content, f"Content-Type: {content_type}", path=path))


def test_every_example_of_the_catalogue_gets_its_fault(school: ServedSchool, rsgi: Server, wsgi: Server) -> None:
    """Over a socket, from both drivers, with the address of the word under the public URL."""
    page = f"{URL['UWLR_PUBLIC_URL']}/uwlr/fouten"
    for example, path in EXAMPLES:
        expected = fault.render(example.fault, page)
        for server in (rsgi, wsgi):
            status, _, body = ask(server, school, example.message, example.content_type, path)
            assert (status, body) == (500, expected)


@pytest.mark.parametrize(
    ("changes", "status", "named"),
    [
        ({}, 200, None),
        ({">2.2<": "> 2.2 <"}, 200, "witruimte"),
        ({"<xsdversie>2.2</xsdversie>": "<gegevenssetid/>"}, 200, "leeg, xsdversie"),
        ({">2.2<": "> 2.0 <"}, 500, "witruimte"),
        ({">2.2<": "> 2.2 <", "demo-klantcode-snappet": "onjuist"}, 500, None),
    ],
)
def test_both_name_the_repairs(
    school: ServedSchool, rsgi: Server, wsgi: Server, changes: dict[str, str], status: int, named: str | None
) -> None:
    """The header is on data and on faults, from both drivers, and not before the klant is known."""
    message = fault_catalogue.load().request
    for before, after in changes.items():
        message = message.replace(before, after)
    for server in (rsgi, wsgi):
        found, headers, _ = ask(server, school, message, fault_catalogue.CONTENT_TYPE)
        assert (found, dict(headers).get("x-uwlr-repairs")) == (status, named)


@pytest.mark.parametrize("path", ["/uwlr/leerlinggegevens?wsdl", "/uwlr/fouten"])
def test_both_answer_that_nothing_changed(rsgi: Server, wsgi: Server, path: str) -> None:
    """A document has one ETag whichever driver gives it, and is not sent again to who has it."""
    etags = set()
    for server in (rsgi, wsgi):
        status, headers, body = split(server.post(b"", method="GET", path=path))
        assert (status, bool(body)) == (200, True)
        etag = dict(headers)["etag"]
        status, headers, body = split(server.post(b"", f"If-None-Match: {etag}", method="GET", path=path))
        assert (status, body, dict(headers)["etag"]) == (304, b"", etag)
        etags.add(etag)
    assert len(etags) == 1
