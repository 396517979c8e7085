"""A real `serve` with every logger at its most talkative tells nothing of what came over its sockets."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.canaries import Search, canary
from support.databases import execute
from support.messages import body, envelope, header
from support.served_school import ServedSchool, furnish
from support.server import Server, serving, until

LOUD = """
import logging.config
_quiet = logging.config.dictConfig
def _loud(config):
    names = [*config.get("loggers", {}), "_granian", "granian.access", "sqlalchemy.engine", "sqlalchemy.pool", "spyne"]
    loggers = {name: {**config.get("loggers", {}).get(name, {}), "level": "DEBUG"} for name in names}
    _quiet({**config, "loggers": loggers, "root": {**config.get("root", {}), "level": "DEBUG"}})
logging.config.dictConfig = _loud
"""
MARKED = canary("waarde")
SLEUTEL, KLANTCODE = canary("sleutel"), canary("klantcode")
HEADERS = (
    *(f"{name}: {MARKED}" for name in ("Cookie", "Referer", "User-Agent", "Authorization", "X-Request-ID", "X-Any")),
    "Content-Type: text/xml",
)


@pytest.fixture
def school(tmp_path: Path) -> ServedSchool:
    """Return a data folder of our own: the test breaks its database."""
    return furnish(tmp_path / "data")


@pytest.fixture
def server(school: ServedSchool, tmp_path: Path) -> Iterator[Server]:
    """Serve it, with a log that says all it can."""
    (tmp_path / "sitecustomize.py").write_text(LOUD, encoding="utf-8")
    with serving(school.data, environment={"PYTHONPATH": str(tmp_path)}) as running:
        yield running


def test_no_line_of_a_server_holds_what_came_in(school: ServedSchool, server: Server) -> None:
    """Messages, forms, paths and broken HTTP, before and after the database broke: 0 hits in what the server writes."""
    search = Search()
    message = envelope(body(rest=f"<xsdversie>2.2</xsdversie><!-- {MARKED} -->"), header(SLEUTEL, KLANTCODE, MARKED))
    form = f"login={MARKED}&wachtwoord={canary('wachtwoord')}".encode()
    requests = [
        *((content, "POST", "/uwlr/leerlinggegevens") for content in (message, school.request(), MARKED.encode())),
        (form, "POST", "/koppelingen/inloggen"),
        (form, "POST", f"/koppelingen/wachtwoord/{MARKED}"),
        (form, "POST", f"/koppelingen/uitnodiging/{MARKED}"),
        *(
            (b"", "GET", f"/{path}{MARKED}")
            for path in ("", "koppelingen/", "uwlr/leerlinggegevens?wsdl=", "metrics?x=")
        ),
        (b"", MARKED.upper(), f"/koppelingen/{MARKED}"),
    ]
    raw = [
        f"POST /uwlr/leerlinggegevens HTTP/1.1\r\nHost: {MARKED}\r\nContent-Length: 999\r\n\r\n{MARKED}".encode(),
        f"POST /uwlr/leerlinggegevens HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz{MARKED}".encode(),
        f"GET /{MARKED} HTTP/9.9\r\n\r\n".encode(),
        f"{MARKED}\r\n\r\n".encode(),
    ]
    for is_broken in (False, True):
        if is_broken:
            execute(
                school.data, "ALTER TABLE given RENAME TO given_gone", "ALTER TABLE gebruiker RENAME TO gebruiker_gone"
            )
        for content, method, path in requests:
            answer = server.post(content, *HEADERS, method=method, path=path)
            if b"/wachtwoord/" not in answer and b"<leerlinggegevens>" not in answer:  # who typed that reads it
                search.text(path, answer)
        for content in raw:
            server.hang_up(content)
    last = server.post(b"", method="GET", path="/healthz").partition(b"x-request-id: ")[2][:32].decode()
    until(lambda: any(last in line for line in server.log))
    search.text("log", "".join(server.log))
    assert search.lines > 200, "nothing was searched"
    assert any("the database fails: " in line for line in server.log), "the database broke"
    print(search)  # noqa: T201 - the figure of this test
    assert not search.hits, search
