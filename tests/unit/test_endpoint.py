"""The state machine of an endpoint by itself: no server, no driver, no database, no clock."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import psycopg
import pytest
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from support.endpoint_rows import LAST, ROWS, SMALL, XML, EndpointRow, Noted, Trouble, outcome_in
from support.hand_made import BEFORE, CALLERS, HandMade, Played, head_of, make, play
from support.messages import body, envelope, header, school_element
from support.served_school import CODE, CODE_OF_ONE

from uwlr_adapter.answers.store import Made
from uwlr_adapter.contract import fault
from uwlr_adapter.exchange.exchange import MAX_ATTEMPTS
from uwlr_adapter.exchange.work import Blocking
from uwlr_adapter.journaal.model import Refusal, RefusalReason, VerzoekEntry
from uwlr_adapter.koppelingen.tables import Status
from uwlr_adapter.web.endpoint import ReadBody, SoapRequest
from uwlr_adapter.web.head import Head
from uwlr_adapter.web.request_record import RequestRecord
from uwlr_adapter.web.response import Response

DATA = next(row for row in ROWS if row.name == "data")
TEMPORARY, OWN = "Server.TijdelijkNietBeschikbaar", "Server.InterneFout"
HEAD = Head("POST", "", "192.0.2.1:4711", XML)


def outcome(played: Played) -> str:
    """Return the fault code or the element that the caller gets."""
    return outcome_in(dict(played.response.headers)["Content-Type"], played.response.body)


def fetch(world: HandMade, row: EndpointRow = DATA) -> Played:
    """Send the request of a row to an endpoint that was made just now."""
    content = row.message(CALLERS)
    return play(make(world), head_of(row, content), content, world)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.row}: {row.name}")
def test_the_table_of_checks(row: EndpointRow) -> None:
    """Each row of the table takes these steps, answers with this code, and leaves this behind."""
    world = HandMade(row.trouble)
    endpoint, content = make(world), row.message(CALLERS)
    if row.has_data:
        before = DATA.message(CALLERS)
        play(endpoint, head_of(DATA, before), before, world)
        content = content.replace(LAST.encode(), BEFORE.isoformat().encode())
    played = play(endpoint, head_of(row, content), content, world)
    assert (played.response.status, outcome(played)) == (row.status, row.outcome)
    assert tuple(played.steps) == row.steps
    entries = [one.entry for one in played.written]
    assert len(entries) == (row.noted is not Noted.NOTHING)
    for entry in entries:
        if row.noted is Noted.COUNT:
            assert entry == Refusal(world.moment, "192.0.2.1", row.outcome)
        else:
            assert isinstance(entry, VerzoekEntry)
            assert (entry.outcome, entry.reason, entry.request_id) == (row.outcome, row.reason, played.record.id)
            assert (entry.koppeling_version is not None) == (row.status == HTTPStatus.OK)
    assert played.record.unknown == (row.noted is Noted.COUNT)
    assert played.record.outcome == ("" if row.row == "1" else row.outcome)


def test_each_row_of_the_table_is_there() -> None:
    """No row of the table of checks is left out."""
    assert {row.row for row in ROWS} == {*map(str, range(1, 11)), "-"}
    assert len({row.name for row in ROWS}) == len(ROWS)


def test_a_plain_refusal_names_no_standard() -> None:
    """A refusal of row 1 is one line of plain text, of the length that it says."""
    for row in ROWS:
        if row.row == "1" and row.status != HTTPStatus.OK:
            response = fetch(HandMade(), row).response
            assert dict(response.headers)["Content-Type"] == "text/plain; charset=utf-8"
            assert dict(response.headers)["Content-Length"] == str(len(response.body))
            assert response.body.count(b"\n") == 1
            assert b"<" not in response.body
            assert response.head == (row.method == "HEAD")


def start(**fields: str) -> ReadBody | Response:
    """Return the first step for a head."""
    return SoapRequest(make(HandMade()), HEAD._replace(**fields), RequestRecord()).start()


@pytest.mark.parametrize(
    ("content_length", "expected"),
    [
        ("", ReadBody(64 * 1024 + 1)),
        ("0", ReadBody(0)),
        ("65536", ReadBody(65536)),
        ("65537", 413),
        ("9" * 5000, 413),
        ("-1", 400),
        ("1,1", 400),
        ("+1", 400),
        ("²", 400),
        ("٣", 400),
        (" 1", 400),
    ],
)
def test_the_announced_length(content_length: str, expected: ReadBody | int) -> None:
    """So much of a body is read as is announced, and nothing of one that is too long or has no length."""
    found = start(content_length=content_length)
    assert (found.status if isinstance(found, Response) else found) == expected


@pytest.mark.parametrize(
    "media", ["text/xml", "TEXT/XML;charset=UTF-8", "application/xml ; x=y", "application/soap+xml", "", XML]
)
def test_every_name_for_xml(media: str) -> None:
    """The types that clients use, and none at all, are let in."""
    assert isinstance(start(content_type=media), ReadBody)


@pytest.mark.parametrize("announced", [0, -1, 1])
def test_a_body_of_another_length_than_announced(announced: int) -> None:
    """A body that is shorter than its length said did not come whole."""
    content = DATA.message(CALLERS)
    head = HEAD._replace(content_length=str(len(content) + announced))
    request = SoapRequest(make(HandMade()), head, RequestRecord())
    request.start()
    step = request.body(content)
    assert (step.status if isinstance(step, Response) else None) == (400 if announced else None)


def test_a_body_that_broke_off() -> None:
    """A body that broke off, as its driver says by an exception, is refused."""
    request = SoapRequest(make(HandMade()), HEAD, RequestRecord())
    request.start()
    step = request.failed(ConnectionError())
    assert isinstance(step, Response)
    assert step.status == HTTPStatus.BAD_REQUEST


@pytest.mark.parametrize(("transfer_encoding", "status"), [("chunked", 400), ("Chunked", 400), ("", 500)])
def test_half_a_message_without_a_length(transfer_encoding: str, status: int) -> None:
    """Half of a message in chunks is one that was cut off; without chunks it is a message of no right form."""
    request = SoapRequest(
        make(world := HandMade()), HEAD._replace(transfer_encoding=transfer_encoding), RequestRecord()
    )
    request.start()
    step = request.body(DATA.message(CALLERS)[:-5])
    if not isinstance(step, Response):
        step = request.written(is_written=True)
    assert isinstance(step, Response)
    assert step.status == status
    assert world.given == {}


# Work: it is done, and the rows are asked anew.


def test_the_rows_are_asked_anew_after_each_work() -> None:
    """A first fetch renders, records the profile of the koppeling, and asks the same query before each decision."""
    world = HandMade(state={"content_hash": None})
    world.koppelingen[1].profiel = world.koppelingen[1].profiel_since = None
    played = fetch(world)
    assert played.steps == ["ReadBody", *("Ask", "Do") * 2, "Ask", "Fetch", "Ask", "Write"]
    assert outcome(played) == "leerlinggegevens"
    assert all(one == played.asked[0] for one in played.asked)
    assert len(world.given) == 1


def test_bytes_that_are_gone_are_rendered_again() -> None:
    """When the bytes of a state are gone it is dropped and rendered, not answered from nothing."""
    played = fetch(HandMade(has_bytes=False))
    assert played.steps == ["ReadBody", "Ask", "Fetch", "Do", "Ask", "Do", "Ask", "Write"]
    assert outcome(played) == "leerlinggegevens"


@pytest.mark.parametrize("at", ["Do", "Fetch"])
def test_what_changed_during_work_is_seen(at: str) -> None:
    """A koppeling that is paused while work is done has no access any more: the work gives no data."""
    world = HandMade(state={"content_hash": None} if at == "Do" else {})

    def pause(step: str) -> None:
        if step == at:
            world.koppelingen[1] = replace(world.koppelingen[1], status=Status.GEPAUZEERD, code=None, version=2)

    played = play_data(world, pause)
    assert outcome(played) == "Client.AutorisatieOngeldig"
    (written,) = played.written
    assert isinstance(written.entry, VerzoekEntry)
    assert written.entry.reason is RefusalReason.PAUSED
    assert world.given == {}


def play_data(world: HandMade, between: Callable[[str], None]) -> Played:
    """Ask the data of the small school."""
    content = DATA.message(CALLERS)
    return play(make(world), head_of(DATA, content), content, world, between=between)


# The write: an outcome of a koppeling that changed is decided anew.


def change(world: HandMade, **columns: object) -> None:
    """Act on the koppeling of the small school, which gives it another version."""
    one = world.koppelingen[1]
    world.koppelingen[1] = replace(one, version=one.version + 1, **columns)  # type: ignore[arg-type] # columns by name


@pytest.mark.parametrize(
    ("columns", "expected", "reason"),
    [
        ({"status": Status.GEPAUZEERD, "code": None}, "Client.AutorisatieOngeldig", RefusalReason.PAUSED),
        ({"status": Status.BEEINDIGD, "code": None}, "Client.AutorisatieOngeldig", RefusalReason.ENDED),
        ({"code": "30AB00een-nieuwe-code-2"}, "Client.AutorisatieOngeldig", RefusalReason.WRONG_CODE),
        ({}, "leerlinggegevens", None),
    ],
    ids=["paused", "ended", "another code", "agreed again"],
)
def test_a_koppeling_that_changed_before_the_write(
    columns: dict[str, object], expected: str, reason: RefusalReason | None
) -> None:
    """When nothing was written the rows are asked anew, and what holds then is answered and written."""
    world = HandMade()
    changes = [columns]

    def act(step: str) -> None:
        if step == "Write" and changes:
            change(world, **changes.pop())

    played = play_data(world, act)
    assert played.steps == ["ReadBody", "Ask", "Fetch", "Ask", "Write", "Ask", "Write"]
    assert outcome(played) == expected
    first, last = (one.entry for one in played.written)
    assert isinstance(first, VerzoekEntry)
    assert isinstance(last, VerzoekEntry)
    assert (first.koppeling_version, first.outcome) == (1, "leerlinggegevens")
    assert (last.koppeling_version, last.reason) == (None if reason else 2, reason)
    assert len(world.given) == (reason is None)


def test_the_data_that_wait_for_the_write_are_not_sent_without_it() -> None:
    """A request whose koppeling changes each time is given up, and no data leave."""
    world = HandMade()
    played = play_data(world, lambda step: change(world) if step == "Write" else None)
    assert played.steps.count("Ask") == MAX_ATTEMPTS
    assert outcome(played) == TEMPORARY
    assert world.given == {}
    last = played.written[-1].entry
    assert isinstance(last, VerzoekEntry)
    assert (last.outcome, last.reason, last.koppeling_version) == (TEMPORARY, RefusalReason.OWN_FAILURE, None)


def test_a_refusal_needs_no_koppeling_to_be_written() -> None:
    """A call that is refused is written at once, also when its koppeling changed meanwhile."""
    world = HandMade()
    content = envelope(body("x", school_element(SMALL)), CALLERS.header(key=CODE_OF_ONE))
    between: Callable[[str], None] = lambda step: change(world) if step == "Write" else None  # noqa: E731
    played = play(make(world), HEAD, content, world, between=between)
    assert (played.steps, outcome(played)) == (["ReadBody", "Ask", "Write"], "Client.OngeldigBericht")


# Too many attempts.


@dataclass
class RenderedElsewhere(HandMade):
    """A world in which another process renders each answer, and its bytes go at once."""

    def do(self, work: Blocking) -> Made | None:
        """Bring nothing."""
        super().do(work)
        self.has_bytes = False
        return None


@pytest.mark.parametrize(
    ("world", "work"),
    [(HandMade(Trouble.UNSETTLED), {"Do"}), (RenderedElsewhere(has_bytes=False), {"Do", "Fetch"})],
    ids=["out of date", "without bytes"],
)
def test_a_request_that_never_settles_is_given_up(world: HandMade, work: set[str]) -> None:
    """After MAX_ATTEMPTS questions the caller hears to come back later; the last work is not even begun."""
    played = fetch(world)
    assert {"Do", "Fetch"} & set(played.steps) == work
    assert played.steps.count("Ask") == MAX_ATTEMPTS
    assert played.steps[-2:] == ["Ask", "Write"]
    assert outcome(played) == TEMPORARY
    (written,) = played.written
    assert isinstance(written.entry, VerzoekEntry)
    assert (written.entry.outcome, written.entry.reason) == (TEMPORARY, RefusalReason.OWN_FAILURE)
    assert written.entry.koppeling_version is None
    assert written.failure is None


def test_the_last_attempt_may_succeed() -> None:
    """A request that is settled by the last question is answered."""
    world = HandMade(state={"content_hash": None})
    attempts = 0

    def spoil(step: str) -> None:
        nonlocal attempts
        attempts += step == "Ask"
        if step == "Ask" and attempts < MAX_ATTEMPTS:
            world.state = {"school_version": world.school_version - 1}

    played = play_data(world, spoil)
    assert played.steps.count("Ask") == MAX_ATTEMPTS
    assert outcome(played) == "leerlinggegevens"


# Failures of our own.


def raising(at: str, error: Exception, *, number: int = 1) -> Callable[[str], None]:
    """Return a hook that raises an error when a step of this name is done for the `number`th time."""
    seen = 0

    def raise_it(step: str) -> None:
        nonlocal seen
        seen += step == at
        if step == at and seen == number:
            raise error

    return raise_it


MERK = Exception("merkteken")
ERRORS = [
    pytest.param(OperationalError("merkteken", {}, MERK), TEMPORARY, id="operational"),
    pytest.param(IntegrityError("merkteken", {}, MERK), TEMPORARY, id="integrity"),
    pytest.param(PoolTimeoutError("merkteken"), TEMPORARY, id="pool"),
    pytest.param(RuntimeError("merkteken"), OWN, id="runtime"),
    pytest.param(ValueError("merkteken"), OWN, id="value"),
    pytest.param(OSError("merkteken"), OWN, id="os"),
]


@pytest.mark.parametrize(("error", "code"), ERRORS)
@pytest.mark.parametrize(
    ("at", "number", "has_entry"),
    [
        ("Ask", 1, False),
        ("Ask", 2, True),
        ("Fetch", 1, True),
        ("Do", 1, True),
        ("Write", 1, False),
    ],
)
def test_a_failure_in_each_step(
    at: str,
    number: int,
    error: Exception,
    code: str,
    caplog: pytest.LogCaptureFixture,
    *,
    has_entry: bool,
) -> None:
    """The caller gets one of our two faults and no word of the cause, which is logged once; no data were given."""
    world = HandMade(state={"content_hash": None} if at == "Do" else {})
    with caplog.at_level(logging.ERROR):
        played = play_data(world, raising(at, error, number=number))
    assert (played.response.status, outcome(played)) == (500, code)
    assert played.record.outcome == code
    assert b"merkteken" not in played.response.body
    (line,) = [one for one in caplog.records if "own failure" in one.getMessage()]
    assert type(error).__name__ in line.getMessage()
    assert "merkteken" not in caplog.text
    assert world.given == {}
    entries = [one.entry for one in played.written if isinstance(one.answer, fault.Fault)]
    assert len(entries) == has_entry
    for entry in entries:
        assert isinstance(entry, VerzoekEntry)
        assert (entry.outcome, entry.reason) == (code, RefusalReason.OWN_FAILURE)
        assert entry.koppeling_version is None
        assert entry.request_id == played.record.id


@pytest.mark.parametrize("at", ["Fetch", "Write"])
def test_a_fault_counts_no_leerlingen(at: str) -> None:
    """The entry of a request that got no data does not say how many leerlingen there were."""
    world = HandMade()

    def fail(step: str) -> None:
        if step == "Fetch" == at:
            raise RuntimeError
        if step == "Write" == at:
            change(world)

    last = play_data(world, fail).written[-1].entry
    assert isinstance(last, VerzoekEntry)
    assert last.reason is RefusalReason.OWN_FAILURE
    assert last.leerlingen is None


def test_a_body_that_breaks_off_is_no_failure_of_ours(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever the driver's exception is, the caller is refused in plain text, and nothing is logged or written."""
    with caplog.at_level(logging.ERROR):
        played = play_data(HandMade(), raising("ReadBody", RuntimeError("merkteken")))
    assert (played.response.status, played.steps, played.written) == (400, ["ReadBody"], [])
    assert not caplog.records


def test_a_failure_whose_refusal_cannot_be_written_either() -> None:
    """When the entry of a failure cannot be written, the caller hears of the second failure, and that is the end."""
    errors = {"Do": InvalidAnswer(), "Write": OperationalError("x", {}, MERK)}

    def fail(step: str) -> None:
        if step in errors:
            raise errors[step]

    played = play_data(HandMade(state={"content_hash": None}), fail)
    assert played.steps == ["ReadBody", "Ask", "Do", "Write"]
    assert outcome(played) == TEMPORARY


LOST = OperationalError("x", {}, psycopg.OperationalError("server closed the connection unexpectedly"))


def test_a_commit_whose_answer_was_lost() -> None:
    """The entry of an answer may be there: what the caller got is written behind it, and that it has no data."""
    played = play_data(HandMade(), raising("Write", LOST))
    assert (outcome(played), played.steps[-2:]) == (TEMPORARY, ["Write", "Write"])
    (written,) = played.written
    assert isinstance(written.entry, VerzoekEntry)
    assert (written.entry.outcome, written.entry.request_id) == (TEMPORARY, played.record.id)
    assert (written.entry.koppeling_version, written.given) == (None, None)
    assert written.undelivered is not None


def test_a_database_that_stays_away_under_a_commit() -> None:
    """The entry of the fault is tried once; the caller does not wait for it any longer."""

    def fail(step: str) -> None:
        if step == "Write":
            raise LOST

    played = play_data(HandMade(), fail)
    assert (outcome(played), played.steps.count("Write"), played.written) == (TEMPORARY, 2, [])


class InvalidAnswer(Exception):
    """A failure of our own."""


def test_a_kept_failure_holds_no_frames() -> None:
    """The outcome of a failure holds no traceback, which would keep every request alive until a collection."""
    error = RuntimeError("merkteken")
    played = play_data(HandMade(state={"content_hash": None}), raising("Do", error))
    (written,) = played.written
    assert isinstance(written.answer, fault.Fault)
    assert written.answer.__traceback__ is None
    assert written.answer.__context__ is None
    assert written.failure is None


# Repairs, and an afnemer whose messages are not repaired.

WITHOUT_VERSION = body("2026-2027", school_element(SMALL), rest="")
SPACE = body("2026-2027", school_element(SMALL), rest="<xsdversie> 2.2 </xsdversie>")
PLAIN = body("2026-2027", school_element(SMALL))


def send(world: HandMade, content: bytes, *, strict: bool = False) -> Played:
    """Send a message."""
    return play(make(world, strict=strict), HEAD, content, world)


@pytest.mark.parametrize(
    ("body_xml", "repairs", "expected"),
    [
        (PLAIN, (), "leerlinggegevens"),
        (SPACE, ("witruimte",), "Client.XsdVersieOngeldig"),
        (WITHOUT_VERSION, ("xsdversie",), "Client.OngeldigBericht"),
    ],
)
@pytest.mark.parametrize("strict", ["", "afnemer", "service"])
def test_a_strict_afnemer_gets_the_fault_of_what_it_sent(
    body_xml: str, repairs: tuple[str, ...], expected: str, strict: str
) -> None:
    """A message that needs a repair is asked anew as it was sent; one that needs none is answered as always."""
    world = HandMade(strict={"Snappet"} if strict == "afnemer" else set())
    played = send(world, envelope(body_xml, CALLERS.header(key=CODE_OF_ONE)), strict=strict == "service")
    is_refused = bool(strict and repairs)
    assert outcome(played) == (expected if strict else "leerlinggegevens")
    asked_anew = ["Ask"] if strict == "afnemer" and repairs else []
    rest = ["Ask", "Write"] if is_refused else ["Ask", "Fetch", "Ask", "Write"]
    assert played.steps == ["ReadBody", *asked_anew, *rest]
    (written,) = played.written
    assert isinstance(written.entry, VerzoekEntry)
    assert written.entry.repairs == repairs
    assert (written.entry.reason is not None) == is_refused


def test_the_strict_reading_decides_the_school() -> None:
    """A school that only a repair makes readable is none for a strict afnemer, and the right one for another."""
    spaced = body("2026-2027", school_element(SMALL).replace(">30AB<", "> 30AB <"))
    message = envelope(spaced, CALLERS.header(key=CODE_OF_ONE))
    assert outcome(send(HandMade(), message)) == "leerlinggegevens"
    played = send(HandMade(strict={"Snappet"}), message)
    assert played.steps == ["ReadBody", "Ask", "Ask", "Write"]
    assert [query.parameters["school"] for query in played.asked] == [SMALL, ""]
    assert outcome(played) == "Client.OngeldigBericht"
    (written,) = played.written
    assert isinstance(written.entry, VerzoekEntry)
    assert (written.entry.reason, written.entry.repairs) == (RefusalReason.NO_SCHOOL, ("witruimte",))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("<klantnaam>Snappet<", "<klantnaam> Snappet<", "Client.OngeldigeKlantIdentificatie"),
        ("<autorisatiesleutel>", '<autorisatiesleutel xmlns="">', "Client.AutorisatieOngeldig"),
    ],
)
def test_a_strict_afnemer_whose_header_needs_a_repair(old: str, new: str, expected: str) -> None:
    """The afnemer is known by the repaired header, so the refusal of what it sent stands in its journaal."""
    content = envelope(PLAIN, CALLERS.header(key=CODE_OF_ONE)).replace(old.encode(), new.encode())
    assert outcome(send(HandMade(), content)) == "leerlinggegevens"
    played = send(HandMade(strict={"Snappet"}), content)
    assert outcome(played) == expected
    (written,) = played.written
    assert isinstance(written.entry, VerzoekEntry)
    assert (written.entry.outcome, written.entry.reason) == (expected, RefusalReason.SCHEMA)
    assert written.entry.repairs


def test_an_empty_schooljaar_at_the_turn_of_the_year() -> None:
    """The year is that of the moment at which the request is decided, also when midnight passes meanwhile."""
    world = HandMade(moment=datetime(2026, 7, 31, 21, 59, 59, tzinfo=UTC), state={"content_hash": None})
    for one in world.koppelingen:
        one.startdatum -= timedelta(days=200)

    def midnight(step: str) -> None:
        if step == "Do":
            world.moment = datetime(2026, 7, 31, 22, 0, 0, tzinfo=UTC)

    empty = DATA.message(CALLERS).replace(b">2026-2027<", b"><")
    played = play(make(world), HEAD, empty, world, between=midnight)
    years = [query.parameters["schooljaar"] for query in played.asked]
    assert years[-1] == "2026-2027"
    assert "2025-2026" in years
    assert outcome(played) == "leerlinggegevens"


@pytest.mark.parametrize("state", [{}, {"content_hash": None}])
def test_the_repairs_stand_in_the_journaal_however_often_it_is_asked(state: dict[str, None]) -> None:
    """A repair that was needed is written down, also after work, and when the rows were asked for another year."""
    message = DATA.message(CALLERS).replace(b">2026-2027<", b"><").replace(b">2.2<", b"> 2.2 <")
    (written,) = send(HandMade(state=dict(state)), message).written
    assert isinstance(written.entry, VerzoekEntry)
    assert written.entry.repairs == ("witruimte", "schooljaar")


# What goes with an answer.


@pytest.mark.parametrize(("accepted", "is_packed"), [("", False), ("identity", False), ("gzip", True), ("br, *", True)])
def test_compression(accepted: str, *, is_packed: bool) -> None:
    """Data are compressed for a caller that accepts it, and only then; a fault never is."""
    world = HandMade()
    endpoint = make(world)
    head = HEAD._replace(accept_encoding=accepted)
    found = play(endpoint, head, DATA.message(CALLERS), world).response
    headers = dict(found.headers)
    assert headers.get("Content-Encoding") == ("gzip" if is_packed else None)
    assert headers["Vary"] == "Accept-Encoding"
    assert headers["Content-Length"] == str(len(found.body))
    assert found.body.startswith(b"\x1f\x8b") == is_packed
    refused = play(endpoint, head, b"x", world).response
    assert "Content-Encoding" not in dict(refused.headers)


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "source"),
    [
        ("192.0.2.1:4711", "198.51.100.7", "192.0.2.1"),
        ("127.0.0.1:4711", "203.0.113.9, 198.51.100.7", "198.51.100.7"),
        ("127.0.0.1:4711", "geen adres", ""),
        ("[::1]:4711", "2001:db8::1", "2001:db8::/64"),
    ],
)
def test_the_network_address_of_a_refusal(peer: str, forwarded_for: str, source: str) -> None:
    """A refusal of nobody known is counted for the address of the client, not for that of the proxy here."""
    world = HandMade()
    for content in (b"x", envelope(header_xml=header(key=CODE))):
        played = play(make(world), HEAD._replace(peer=peer, forwarded_for=forwarded_for), content, world)
        (written,) = played.written
        assert isinstance(written.entry, Refusal)
        assert written.entry.source == source


def test_the_record_names_the_operation() -> None:
    """The log and the metrics hear which operation it was, and before that only that it was a message or the WSDL."""
    world = HandMade()
    assert play_data(world, lambda _step: None).record.operation == "HaalLeerlinggegevens"
    assert play(make(world), HEAD, b"x", world).record.operation == "soap"
    assert play(make(world), HEAD._replace(method="GET", query="wsdl"), b"", world).record.operation == "wsdl"
    assert fetch(HandMade(Trouble.DATABASE)).record.operation == "HaalLeerlinggegevens"
