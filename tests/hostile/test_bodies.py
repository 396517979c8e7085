"""Bodies that do not come, break off, or make the service work: each ends in time, with one line of log at most."""

import asyncio
import json
import logging
import socket
import uuid
from contextlib import closing
from types import ModuleType

import pytest
from support.event_loop import run
from support.hand_made import HandMade, make, play
from support.messages import body, envelope
from support.rsgi import send
from support.served_school import CODE_OF_ONE, ServedSchool
from support.server import WAIT, Server, read_response, split, until

from uwlr_adapter.contract import request, schemas, xml
from uwlr_adapter.contract.fault import OngeldigBericht
from uwlr_adapter.web import app as web_app
from uwlr_adapter.web import rsgi
from uwlr_adapter.web.head import Head
from uwlr_adapter.web.response import XML_TYPE
from uwlr_adapter.web.rsgi import RsgiApp

XML = ("content-type", XML_TYPE)
PATHS = ["/uwlr/leerlinggegevens", "/uwlr/leerresultaten", "/koppelingen/inloggen", "/healthz", "/readyz", "/nergens"]
LENGTH = [("content-length", "9"), ("transfer-encoding", "chunked")]


@pytest.mark.parametrize("path", [path for path in PATHS if path != "/healthz"])
@pytest.mark.parametrize("length", LENGTH, ids=lambda one: one[0])
def test_a_body_that_does_not_come_is_given_up(
    app: RsgiApp, monkeypatch: pytest.MonkeyPatch, path: str, length: tuple[str, str]
) -> None:
    """After BODY_SECONDS the caller gets 408 and a closed connection, and nothing of the request is left."""
    monkeypatch.setattr(rsgi, "BODY_SECONDS", 0)
    protocol = run(send(app, None, XML, length, path=path))
    assert protocol.statuses == [408]
    assert protocol.headers["connection"] == "close"
    assert app.app.oldest_seconds() == 0


def test_one_timer_ends_the_tasks_that_are_late_and_no_other() -> None:
    """A task that still has time goes on, and one that is cancelled by somebody else is not called late."""

    async def all_ends() -> list[object]:
        limit = rsgi.TimeLimit()

        async def wait(seconds: float) -> str:
            limit.enter(seconds)
            try:
                await asyncio.get_running_loop().create_future()
            except asyncio.CancelledError:
                if not limit.has_ended():
                    raise
                return "late"
            finally:
                limit.leave()
            return "done"

        late = [asyncio.ensure_future(wait(0)) for _ in range(2)]
        waiting = asyncio.ensure_future(wait(30))
        ends: list[object] = await asyncio.wait_for(asyncio.gather(*late, return_exceptions=True), WAIT)
        assert not waiting.done()
        waiting.cancel()
        ends += await asyncio.gather(waiting, return_exceptions=True)
        return ends

    *late, cancelled = run(all_ends())
    assert late == ["late", "late"]
    assert isinstance(cancelled, asyncio.CancelledError)


@pytest.mark.parametrize("path", [path for path in PATHS if path != "/healthz"])
@pytest.mark.parametrize("length", LENGTH, ids=lambda one: one[0])
def test_a_body_that_breaks_off_is_no_failure(
    app: RsgiApp, caplog: pytest.LogCaptureFixture, path: str, length: tuple[str, str]
) -> None:
    """Whatever the exception of the server, no path raises it, and nothing above the line of a request is logged."""
    with caplog.at_level(logging.INFO):
        protocol = run(send(app, RuntimeError("merkteken"), XML, length, path=path))
    assert protocol.statuses == [400]
    assert [record.levelname for record in caplog.records if record.name != "uwlr_adapter.request"] == []
    assert len(caplog.records) <= 1


@pytest.mark.parametrize("path", ["/uwlr/leerlinggegevens", "/nergens"])
@pytest.mark.parametrize(("pieces", "is_read"), [(rsgi.MAX_CHUNKS, True), (2 * rsgi.MAX_CHUNKS, False)])
def test_a_body_in_many_pieces_is_refused(app: RsgiApp, path: str, pieces: int, *, is_read: bool) -> None:
    """Each piece takes a turn of the event loop, so a body of a byte at a time is not read to its end."""
    protocol = run(send(app, b"x" * pieces, XML, ("transfer-encoding", "chunked"), path=path, pieces=pieces))
    assert protocol.pieces_read == (pieces if is_read else rsgi.MAX_CHUNKS + 1)


def test_the_age_of_a_request_counts_from_its_whole_body(app: RsgiApp, monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller who is slow does not make a request old, so that it never looks as if it hung."""
    ages: list[float] = []
    now = 1000.0

    class Time(ModuleType):
        """A clock of the test."""

        @staticmethod
        def monotonic() -> float:
            """Return the moment."""
            return now

    class Slow(RuntimeError):
        """Breaks off the request once it was seen."""

    def question(*_: object) -> None:
        ages.append(app.app.oldest_seconds())
        raise Slow

    async def play_slowly() -> None:
        nonlocal now
        body_ = b"<a/>"
        protocol = send(app, body_, XML, ("content-length", str(len(body_))))
        await protocol

    def begin(proxy_id: str) -> object:
        nonlocal now
        record = begin_(proxy_id)
        now += 300  # the body takes so long to come
        return record

    begin_ = app.app.begin
    monkeypatch.setattr(app.app, "begin", begin)
    for module in (rsgi, web_app):
        monkeypatch.setattr(module, "time", Time("time"))
    endpoint = app.app.endpoints["/uwlr/leerlinggegevens"]
    monkeypatch.setattr(endpoint.service, "question", question)
    run(play_slowly())
    assert ages == [0]


def in_chunks() -> Head:
    """Return the head of a message in chunks."""
    return Head("POST", "", "192.0.2.7:1", XML_TYPE, transfer_encoding="chunked")


@pytest.mark.parametrize("message", [b"<a>", b"<a/>", b"<!DOCTYPE a><a/>", envelope(header_xml="")])
def test_a_message_in_chunks_is_parsed_once(monkeypatch: pytest.MonkeyPatch, message: bytes) -> None:
    """Whether the body was cut off shows in the one reading of it."""
    reads: list[bytes] = []
    parse = xml.parse

    def count(data: bytes, *more: object) -> object:
        reads.append(data)
        return parse(data, *more)  # type: ignore[arg-type]

    for module in (xml, request):
        monkeypatch.setattr(module, "parse", count)
    world = HandMade()
    response = play(make(world), in_chunks(), message, world).response
    assert response.status == (400 if message == b"<a>" else 500)
    assert len(reads) == 1


MANY = 400
"""Parts that a message may have and the XSD must not explain one by one."""
FLOODS = {
    "children": body("2026-2027", rest="<xsdversie>2.2</xsdversie>" + "<schooljaar>x</schooljaar>" * MANY),
    "groups": body(
        rest="<xsdversie>2.2</xsdversie><groepen>" + "<groep naam='a'/>" * MANY + "</groepen>",
        operation="leerlingen_verzoek",
    ),
    "text": body(
        rest=f"<xsdversie>2.2</xsdversie><groepen>{'<groep/>x' * MANY}</groepen>", operation="leerlingen_verzoek"
    ),
}


@pytest.mark.parametrize("name", FLOODS)
def test_what_is_wrong_many_times_is_explained_once(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A body in which much is wrong is refused without an explanation of each part: libxml2 writes a line for each."""
    explained: list[object] = []
    make_finding = schemas._finding  # noqa: SLF001 - what follows one path

    def follow(*arguments: object) -> object:
        explained.append(arguments)
        return make_finding(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(schemas, "_finding", follow)
    entries = type(schemas.REQUEST)._entries  # noqa: SLF001 - as above
    lines: list[int] = []

    def count(schema: schemas.Schema, element: object) -> object:
        found = entries(schema, element)  # type: ignore[arg-type]
        lines.append(len(found))
        return found

    monkeypatch.setattr(schemas.Schema, "_entries", count)
    call = request.read(envelope(FLOODS[name]))
    with pytest.raises(OngeldigBericht) as caught:
        request.judge(call, "2026-2027")
    assert caught.value.finding is not None
    assert caught.value.finding.path.startswith(call.operation.request)
    assert sum(lines) == len(explained) == 0


def test_one_thing_that_is_wrong_is_still_explained() -> None:
    """A few wrong children or groups are judged by the XSD, which says where the first one is."""
    few = body(
        rest="<xsdversie>2.2</xsdversie><groepen><groep/><groep naam='a'/></groepen>", operation="leerlingen_verzoek"
    )
    with pytest.raises(OngeldigBericht) as caught:
        request.judge(request.read(envelope(few)), "2026-2027")
    assert caught.value.finding is not None
    assert caught.value.finding.path == "leerlingen_verzoek/groepen/groep"


def half(path: str, *headers: str) -> bytes:
    """Return a request of which the body is not whole."""
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", "Content-Type: text/xml", *headers]
    return "\r\n".join([*lines, "", "ab"]).encode()


def test_what_breaks_off_leaves_at_most_a_line(served: ServedSchool, server: Server) -> None:
    """However a caller leaves, the log of the server gets at most one short line for a request, and no traceback."""
    before, requests = len(server.log), 0
    for path in PATHS:
        for headers in (("Content-Length: 9",), ("Transfer-Encoding: chunked",)):
            for reset in (False, True):
                with closing(socket.create_connection(("127.0.0.1", server.port), WAIT)) as connection:
                    connection.sendall(half(path, *headers))
                    if reset:
                        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                requests += 1
        for request_ in (
            b"zz\r\n",
            b"\0" * 99,
            b"GET /\xff HTTP/1.1\r\n\r\n",
            b"GET / HTTP/9.9\r\n\r\n",
            b"\x16\x03\x01" * 30,
        ):
            server.raw(request_ + b"\r\n\r\n")
            requests += 1
    message = served.request(key=CODE_OF_ONE, brin6="30AB00")
    for _ in range(20):  # those that do not wait for their answer
        with closing(socket.create_connection(("127.0.0.1", server.port), WAIT)) as connection:
            head = f"Content-Length: {len(message)}"
            connection.sendall(half(PATHS[0], head).removesuffix(b"ab") + message)
        requests += 1
    with closing(socket.create_connection(("127.0.0.1", server.port), WAIT)) as connection:
        last = uuid.uuid4().hex
        connection.sendall(half(PATHS[0], "Content-Length: 2", f"X-Request-ID: {last}"))
        assert split(read_response(connection))[0] == 500  # by then the others were answered
    until(lambda: any(last in line for line in server.log))  # and what was logged before has been read
    lines = server.log[before:]
    assert not [line for line in lines if "Traceback" in line or not line.startswith("{")]
    assert len(lines) <= requests + 1
    assert all(len(line) < 400 for line in lines)
    assert {json.loads(line)["level"] for line in lines} <= {"INFO"}


def test_a_form_of_a_stranger_leaves_one_line(server: Server) -> None:
    """A form without its token is refused, which only the line of the request says."""
    form, ids = "Content-Type: application/x-www-form-urlencoded", [uuid.uuid4().hex for _ in range(3)]
    for id_ in ids:
        found = server.post(b"login=a", form, f"X-Request-ID: {id_}", path="/koppelingen/inloggen")
        assert split(found)[0] == 400
    until(lambda: all(any(id_ in line and "seconds" in line for line in server.log) for id_ in ids))
    assert [sum(id_ in line for line in server.log) for id_ in ids] == [1, 1, 1]
