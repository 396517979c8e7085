"""Large messages of strangers to the service of results: what is read of them, what they cost, and how they end."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.event_loop import run
from support.result_messages import afname, class_of, message, resultaat
from support.result_school import PATH, ResultReply, ResultSchool, from_here
from support.rsgi import Protocol, send
from support.wsgi import call

from uwlr_adapter.contract.leerresultaten import request
from uwlr_adapter.web import body_room, rsgi
from uwlr_adapter.web.response import XML_TYPE

XML = ("content-type", XML_TYPE)
CHUNKED = ("transfer-encoding", "chunked")
LIMIT = request.MESSAGE.octets


def padded(data: bytes, length: int) -> bytes:
    """Return a message of exactly so many bytes, by comments behind it: libxml2 takes no piece of 10 MB."""
    rest = length - len(data) - len(b"<!---->") * 2
    return data + b"<!--" + b" " * (rest // 2) + b"-->" + b"<!--" + b" " * (rest - rest // 2) + b"-->"


@pytest.fixture
def school(tmp_path: Path) -> Iterator[ResultSchool]:
    """Yield a school that takes results."""
    made = ResultSchool(tmp_path)
    yield made
    made.close()


def never(*_: object, **__: object) -> None:
    """Fail: a whole message is parsed."""
    raise AssertionError("it was parsed")


def test_the_largest_message_is_taken_and_a_byte_more_is_not(school: ResultSchool) -> None:
    """The limit is inclusive, whether a body is announced or comes in chunks; what is over it is refused unread."""
    largest = padded(from_here(class_of(3, 1)), LIMIT)
    assert len(largest) == LIMIT
    assert call(school.app, largest, path=PATH).status == 200
    assert call(school.app, largest + b" ", path=PATH).status == 413

    async def send_all() -> list[Protocol]:
        app = school.rsgi(2)
        announced = ("content-length", str(LIMIT + 1))
        found = [
            await send(app, largest, XML, ("content-length", str(LIMIT)), path=PATH, pieces=500),
            await send(app, largest, XML, CHUNKED, path=PATH, pieces=500),
            await send(app, largest + b" ", XML, CHUNKED, path=PATH, pieces=500),
            await send(app, None, XML, announced, path=PATH),
        ]
        assert app.octets_held == 0
        return found

    found = run(send_all())
    assert [one.statuses for one in found] == [[200], [200], [413], [413]]
    assert (found[2].content, found[3].pieces_read) == (b"Het bericht is groter dan 10240 kB.\n", 0)


@pytest.mark.parametrize(
    ("old", "outcome"),
    [
        (b"voorbeeld-klantcode", "Client.OngeldigeKlantIdentificatie"),
        (b"21QW00VoorbeeldCode2026", "Client.AutorisatieOngeldig"),
        (b"<brincode>21QW", "Client.AutorisatieOngeldig"),
        (b"</school>", "Client.OngeldigBericht"),
    ],
    ids=["stranger", "wrong code", "other school", "no school"],
)
def test_who_has_no_access_has_nothing_parsed(
    school: ResultSchool, monkeypatch: pytest.MonkeyPatch, old: bytes, outcome: str
) -> None:
    """Of 10 MB of somebody without access only the head is parsed, and the answer is that of a small message."""
    new = b"<brincode>99ZZ" if b"brincode" in old else b"x" if old != b"</school>" else b"</x>"
    small = school.bring(message(afname(resultaat())).replace(old, new))
    large = class_of(30, 1600).ljust(LIMIT)[:LIMIT].replace(old, new)
    assert len(large) > 7 * 1024 * 1024
    monkeypatch.setattr(request, "parse", never)
    found: ResultReply = school.bring(large)
    assert (found.outcome, small.outcome) == (outcome, outcome)
    if outcome != "Client.OngeldigBericht":
        assert found.reply.body == small.reply.body


def test_a_large_body_in_many_pieces_is_refused(school: ResultSchool) -> None:
    """So many pieces that each is smaller than MIN_CHUNK are not read to the end."""
    length = 200_000
    most = rsgi.MAX_CHUNKS + length // rsgi.MIN_CHUNK

    async def send_one() -> Protocol:
        app = school.rsgi(2)
        return await send(app, b"x" * length, XML, ("content-length", str(length)), path=PATH, pieces=length // 10)

    protocol = run(send_one())
    assert (protocol.statuses, protocol.pieces_read) == ([400], most + 1)


def test_one_source_does_not_take_the_room_of_all(school: ResultSchool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A source that fills its room is refused, while another one is served."""
    monkeypatch.setattr(body_room, "ROOM", 600_000)
    monkeypatch.setattr(body_room, "ROOM_OF_SOURCE", 300_000)
    content = from_here(class_of(3, 400))
    assert 200_000 < len(content) < 300_000

    async def send_two() -> tuple[Protocol, Protocol]:
        app = school.rsgi(2)
        held = app.hold("192.0.2.1", 250_000)
        announced = ("content-length", str(len(content)))
        first = await send(app, content, XML, announced, path=PATH, client="192.0.2.1:1", pieces=9)
        second = await send(app, content, XML, announced, path=PATH, client="192.0.2.2:1", pieces=9)
        held.leave()
        return first, second

    first, second = run(send_two())
    assert (first.statuses, second.statuses) == ([500], [200])
    assert b"TijdelijkNietBeschikbaar" in first.content


def test_thousands_of_equal_keys_are_one_fault(school: ResultSchool) -> None:
    """The first key that is there twice is told; libxml2 would compare each with all others."""
    found = school.bring(message(afname(resultaat() * 8000)))
    assert (found.outcome, found.regel) == ("Client.OngeldigBericht", "sleutel")
    assert found.pad == "leerresultaten_verzoek/toetsafnames/toetsafname[1]/resultaten/resultaat[2]/@key"
