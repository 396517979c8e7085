"""The kit between a caller and an endpoint: it changes nothing, and judges both sides."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from support.kit_breakages import BREAKAGES, Breakage
from support.kit_caller import Caller, Time, between, failed, report, run, unjudged
from support.kit_callers import BROKEN_CALLERS, BrokenCaller
from support.kit_endpoint import CODE, URL, broken, furnish, remembered, target, transport_of
from support.wsgi import call

from uwlr_adapter.clock import now
from uwlr_adapter.contract.names import HAAL_LEERLINGEN, HAAL_STRUCTUUR
from uwlr_adapter.kit.checks import Verdict
from uwlr_adapter.kit.listening import answer_checks
from uwlr_adapter.kit.listening.between import Between
from uwlr_adapter.kit.message import KitMessage
from uwlr_adapter.kit.report import Report
from uwlr_adapter.kit.session import Session, Transport
from uwlr_adapter.outbound import OutboundError, Reply

USUAL = Session(target()).usual
JUDGED = {check.id for check in answer_checks.CHECKS.values()}

NOT_WSGI = {"no Content-Type for data"}
"""What the validator of WSGI refuses to see passed on."""


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Transport]:
    """Return a right endpoint, which is asked each question once."""
    app = furnish(tmp_path_factory.mktemp("kit"), now())
    yield remembered(transport_of(app))
    app.close()


def talk(app: Between, time: Time, *messages: KitMessage) -> Report:
    """Send some messages as a right caller, an hour apart, and return the report."""
    caller = Caller(app, time)
    for message in messages:
        caller.send(message)
        time.passed += 3600
    return report(app)


def messages() -> tuple[KitMessage, ...]:
    """Return a round of a caller: data, structure, leerlingen, nothing new, and a refusal."""
    return (
        USUAL,
        USUAL.of(HAAL_STRUCTUUR),
        USUAL.of(HAAL_LEERLINGEN, (("groep", f"{target().schooljaar[:4]}-1"),)),
        USUAL.with_part("klantnaam", "onbekend"),
    )


def test_right_sides_have_no_failure(right: Transport) -> None:
    """Nothing that weighs fails, and each check of an answer that can be seen is judged."""
    time = Time()
    found = talk(between(time, right, URL), time, *messages())
    assert not failed(found)
    assert found.exit_status == 0
    assert found.kind == "proxy"
    of_answers = {one for one in unjudged(found) if one.split("-")[0] in {"BETW", "LG", "TEXT", "SOAP", "HTTP"}}
    assert of_answers == {"BETW-02", "BETW-05"}  # no wrong request, and nothing without data


def test_nothing_is_changed_on_the_way(right: Transport) -> None:
    """The bytes of a message and of its answer are the same on both sides, and so are the headers that matter."""
    passed: list[tuple[str, str, bytes | None, dict[str, str]]] = []

    def send(method: str, url: str, body: bytes | None, headers: dict[str, str]) -> Reply:
        passed.append((method, url, body, headers))
        return replace(right(method, url, body, headers), headers=(("Content-Type", "text/xml"), ("X-Own", "kept")))

    app = between(Time(), send, f"{URL}?dienst=uwlr")
    odd = USUAL.message().replace(b"?>\n", b"?>\r\n  <!-- odd -->\t")
    reply = call(app, odd, path="/uwlr/leerlinggegevens", query="a=b%20c", content_type="text/xml", HTTP_SOAPACTION="x")
    method, url, body, headers = passed[0]
    assert (method, url, body) == ("POST", f"{URL}?dienst=uwlr&a=b%20c", odd)
    assert {name: headers[name] for name in headers if name != "Host"} == {
        "Content-Type": "text/xml",
        "SOAPAction": "x",
        "Accept-Encoding": "identity",
    }
    assert reply.body == right("POST", URL, odd, headers).content
    assert reply.headers["X-Own"] == "kept"
    assert reply.headers["Content-Length"] == str(len(reply.body))


@pytest.mark.parametrize("query", ["wsdl", "WSDL=1", "singleWsdl", "xsd=xsd0"])
def test_the_wsdl_passes(right: Transport, query: str) -> None:
    """It is no request that is judged, and neither is what a WSDL of .NET or Java imports."""
    app = between(Time(), right, URL)
    reply = call(app, method="GET", query=query, content_type=None)
    assert reply.body == right("GET", f"{URL}?{query}", None, {}).content
    assert not app.conversation.turns


def test_what_belongs_to_one_connection_is_not_handed_on() -> None:
    """In both directions: what a Connection names too (RFC 9110, 7.6.1)."""
    passed: list[dict[str, str]] = []

    def send(_method: str, _url: str, _body: bytes | None, headers: dict[str, str]) -> Reply:
        passed.append(headers)
        own = (("Content-Type", "text/plain"), ("Connection", "x-hop, close"), ("X-Hop", "2"), ("X-Own", "3"))
        return Reply(200, b"x", own)

    reply = call(between(Time(), send, URL), HTTP_CONNECTION="X-Hop", HTTP_X_HOP="1", HTTP_X_OWN="2")
    assert "X-Own" in passed[0]
    assert "X-Hop" not in passed[0]
    assert reply.headers == {"Content-Type": "text/plain", "X-Own": "3", "Content-Length": "1"}


@pytest.mark.parametrize(("status", "given"), [(520, 520), (299, 299), (204, 204), (103, 502)])
def test_a_status_is_handed_on(status: int, given: int) -> None:
    """Those of a gateway of the endpoint too; one that announces another answer is no answer."""

    def send(_method: str, _url: str, _body: bytes | None, _headers: dict[str, str]) -> Reply:
        return Reply(status, b"" if status == 204 else b"x", () if status == 204 else (("Content-Type", "text/x"),))

    reply = call(between(Time(), send, URL), USUAL.message())
    assert reply.status == given


def test_a_head_has_the_length_of_what_it_is_about() -> None:
    """The endpoint told it."""

    def send(_method: str, _url: str, _body: bytes | None, _headers: dict[str, str]) -> Reply:
        return Reply(200, b"", (("Content-Type", "text/xml"), ("Content-Length", "26701")))

    reply = call(between(Time(), send, URL), method="HEAD", query="wsdl", content_type=None)
    assert reply.headers["Content-Length"] == "26701"


def test_a_defect_of_the_kit_keeps_no_answer_from_its_caller(right: Transport, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told as one, and nobody is blamed."""
    monkeypatch.setattr(answer_checks, "ANSWERED", None)
    time = Time()
    app = between(time, right, URL)
    assert Caller(app, time).send(USUAL.with_child("schooljaar", "2026")).kind == "fault"
    found = report(app)
    assert failed(found) == {"CREQ-02"}
    assert "defect of the kit" in {one.id: one.sentence for one in found.results}["BETW-02"]


@pytest.mark.parametrize(
    "breakage",
    [one for one in BREAKAGES if one.caught_by & JUDGED and one.name not in NOT_WSGI],
    ids=lambda one: one.name,
)
def test_a_wrong_endpoint_is_caught(right: Transport, breakage: Breakage) -> None:
    """Those checks fail that one answer can show, and the caller is blamed for nothing."""
    time = Time()
    found = talk(between(time, broken(right, breakage.how), URL), time, *messages())
    assert {one for one in failed(found) if not one.startswith("BETW")} == breakage.caught_by & JUDGED


@pytest.mark.parametrize(
    "one",
    [one for one in BROKEN_CALLERS if not any(check.startswith("NEXT") for check in one.caught_by)],
    ids=lambda one: one.name,
)
def test_a_wrong_caller_is_caught(right: Transport, one: BrokenCaller) -> None:
    """The check that is meant for it fails, and the endpoint, which refuses it, is blamed for nothing."""
    time = Time()
    found = run(Caller(between(time, right, URL), time, asks=USUAL, **one.traits), rounds=2)
    assert failed(found) - {"NEXT-04"} == one.caught_by - {"CSOAP-31", "CSOAP-32", "CHTTP-02"}


def test_a_defect_of_the_kit_keeps_no_answer_from_the_caller(right: Transport, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a check makes of an answer, the answer is handed back, and nobody is blamed."""

    def breaks(_session: Session) -> str:
        raise ZeroDivisionError

    monkeypatch.setitem(answer_checks.CHECKS, "HTTP-02", replace(answer_checks.CHECKS["HTTP-02"], run=breaks))
    time = Time()
    app = between(time, right, URL)
    assert Caller(app, time).send(USUAL).status == 200
    found = report(app)
    assert not failed(found)
    (result,) = (one for one in found.results if one.id == "HTTP-02")
    assert (result.verdict, "a defect of the kit" in result.sentence) == (Verdict.CANNOT, True)


def test_an_endpoint_that_gives_no_answer() -> None:
    """The caller gets 502 and a sentence, and the report says so."""

    def send(_method: str, _url: str, _body: bytes | None, _headers: dict[str, str]) -> Reply:
        raise OutboundError("example.nl:443 gave no whole answer within 60 seconds")

    time = Time()
    app = between(time, send, URL)
    caller = Caller(app, time)
    assert caller.send(USUAL).status == 502
    found = report(app)
    assert failed(found) == {"BETW-10"}
    assert CODE not in str(found)


class Lies:
    """Endpoints that are wrong in what only a request beside its answer shows."""

    @staticmethod
    def takes_all(right: Transport) -> Transport:
        """Answer a wrong request with data."""
        return lambda method, url, _body, headers: right(method, url, USUAL.message(), headers)

    @staticmethod
    def refuses_all(right: Transport) -> Transport:
        """Refuse a valid request as a wrong message."""
        return lambda method, url, _body, headers: right(method, url, b"<x/>", headers)

    @staticmethod
    def says(payload: str) -> Transport:
        """Answer everything with the same element."""
        content = (
            '<?xml version="1.0" encoding="utf-8"?>\n<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">'
            '<s:Body><leerlinggegevens_antwoord xmlns="http://www.edustandaard.nl/leerresultaten/2/leerlinggegevens">'
            f"{payload}</leerlinggegevens_antwoord></s:Body></s:Envelope>"
        ).encode()
        return lambda *_: Reply(200, content, (("Content-Type", "text/xml; charset=utf-8"),))


def lied(lie: Transport, message: KitMessage) -> set[str]:
    """Return the checks that fail on one message to an endpoint that lies."""
    time = Time()
    return failed(talk(between(time, lie, URL), time, message))


def test_an_endpoint_that_answers_something_else_is_caught(right: Transport) -> None:
    """Each by the check that is meant for it."""
    wrong = USUAL.with_child("schooljaar", "2026")
    assert lied(Lies.takes_all(right), wrong) == {"CREQ-02", "BETW-02"}
    assert lied(Lies.refuses_all(right), USUAL) == {"BETW-03"}
    assert lied(Lies.says("<geenwijzigingen/>"), USUAL) == {"BETW-04"}
    assert lied(Lies.says("<geengegevens> </geengegevens>"), USUAL) == {"BETW-05"}
    assert lied(Lies.says(f"<geengegevens/><!--{CODE}-->"), USUAL) == {"BETW-06"}
    assert lied(Lies.says("<geengegevens/>"), USUAL.of(HAAL_STRUCTUUR)) == {"BETW-08"}
    assert lied(Lies.says("<x/>"), USUAL) == {"BETW-01"}


def test_a_slow_endpoint_is_caught(right: Transport) -> None:
    """31 seconds are more than one known client waits."""
    time = Time()

    def slow(method: str, url: str, body: bytes | None, headers: dict[str, str]) -> Reply:
        time.passed += 31
        return right(method, url, body, headers)

    assert failed(talk(between(time, slow, URL), time, USUAL)) == {"BETW-07"}


def test_an_unknown_faultcode_is_caught(right: Transport) -> None:
    """It is not repeated in the report."""

    def invented(method: str, url: str, body: bytes | None, headers: dict[str, str]) -> Reply:
        reply = right(method, url, body, headers)
        return replace(reply, content=reply.content.replace(b"Client.OngeldigeKlantIdentificatie", b"Client.Piet"))

    time = Time()
    found = talk(between(time, invented, URL), time, USUAL.with_part("klantnaam", "onbekend"))
    assert failed(found) == {"BETW-09"}
    assert "Piet" not in str(found)
