"""`pull` against a server that is not to be trusted."""

import re
import socket
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest
from click.testing import CliRunner
from lxml import etree
from support.hostile_server import Hostile, hostile, response, says
from support.messages import AUT, LG, SOAP11

from uwlr_adapter.cli import main
from uwlr_adapter.client.getrapt import MAX_GROEPEN, pull_getrapt
from uwlr_adapter.client.pulling import PullRequest, pull
from uwlr_adapter.client.result import MAX_TEXT, PullError, PullResult, quotable, read
from uwlr_adapter.contract import schemas
from uwlr_adapter.contract.rules import Rule
from uwlr_adapter.contract.schemas import MAX_EXPLAINED
from uwlr_adapter.contract.xml import ANSWER, Limits, parse

CODE, KLANTCODE = "21QW00een-geheime-code", "een-geheime-klantcode"
ARGUMENTS = ["--klantnaam", "Snappet", "--klantcode", KLANTCODE, "--autorisatiesleutel", CODE, "--brin6", "21QW00"]
"""Of the command, for the same as REQUEST."""
REQUEST = PullRequest("Snappet", KLANTCODE, CODE, "21QW", "00", "2026-2027")


def soap(inner: str) -> bytes:
    """Return an envelope."""
    return f'<s:Envelope xmlns:s="{SOAP11}"><s:Body>{inner}</s:Body></s:Envelope>'.encode()


def answer(payload: str) -> bytes:
    """Return an answer with this payload."""
    return soap(f'<leerlinggegevens_antwoord xmlns="{LG}">{payload}</leerlinggegevens_antwoord>')


def fetch(sent: bytes) -> PullResult:
    """Fetch from a server that sends these bytes."""
    with hostile(says(sent)) as server:
        return pull(server.url, REQUEST, allow_private=True)


def test_one_message_is_sent_and_nothing_is_fetched() -> None:
    """The endpoint gets one POST with the message as zeep writes it; its WSDL is not asked for."""
    with hostile(says(response("200 OK", answer("<geengegevens/>")))) as server:
        assert pull(server.url, REQUEST, allow_private=True).outcome == "geengegevens"
    (sent,) = server.requests
    head, _, body = sent.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /uwlr/leerlinggegevens HTTP/1.1\r\n")
    assert b'\r\nSOAPAction: "HaalLeerlinggegevens"' in head
    assert b"\r\nContent-Type: text/xml; charset=utf-8" in head
    root = etree.fromstring(body)
    assert root.findtext(f".//{{{AUT}}}autorisatiesleutel") == CODE
    assert root.findtext(f".//{{{LG}}}schooljaar") == "2026-2027"


def test_a_redirect_is_told() -> None:
    """The text says what the server answered; where it leads is not called, and not shown either."""
    with hostile(says(response("200 OK", answer("<geengegevens/>")))) as other:
        with pytest.raises(PullError, match=r"a redirect \(HTTP 307\), which is not followed"):
            fetch(response("307 Temporary Redirect", b"", f"Location: {other.url}"))
        assert other.requests == []


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "no SOAP message"),
        (b"<html/>", "no SOAP message"),
        (b"<!DOCTYPE x [<!ENTITY y 'z'>]>" + answer("<geengegevens/>"), "no SOAP message"),
        (answer("<geengegevens/>").replace(b"s:Envelope", b"s:Doos"), "no SOAP message"),
        (soap(""), "no SOAP message"),
        (answer(""), "neither data nor an outcome"),
        (answer("<alles/>"), "neither data nor an outcome"),
        (answer('<geengegevens xmlns="urn:anders"/>'), "neither data nor an outcome"),
        (answer("<geengegevens/><geengegevens/>"), "neither data nor an outcome"),
    ],
)
@pytest.mark.parametrize("status", ["200 OK", "500 Fault", "404 Not Found"])
def test_an_answer_that_is_none(content: bytes, text: str, status: str) -> None:
    """Whatever is no answer of the standard is one sentence, without a text of the server or a secret of the caller."""
    with pytest.raises(PullError, match=text) as caught:
        fetch(response(status, content))
    assert not any(secret in str(caught.value) for secret in (CODE, KLANTCODE, "alles", "Doos"))


STEERING = "\N{RIGHT-TO-LEFT OVERRIDE}\x9b2J\N{ZERO WIDTH SPACE}"


def test_the_text_of_a_fault_steers_no_terminal() -> None:
    """A fault of the server is shown, on one line, of a bounded length and without control and bidi characters."""
    text = f"Fout{STEERING} [red]\n\n" + "x" * 10_000
    detail = f'<detail><fout xmlns="urn:uwlr-adapter:fout" pad="a{STEERING}" regel="b{STEERING}"/></detail>'
    sent = f"<s:Fault><faultcode>s:Client.X{STEERING}</faultcode><faultstring>{text}</faultstring>{detail}</s:Fault>"
    with pytest.raises(PullError) as caught:
        fetch(response("500 Fault", soap(sent)))
    shown = str(caught.value)
    assert shown.startswith("Client.X")
    assert "[red]" in shown
    assert shown.isprintable()
    assert len(shown) == MAX_TEXT + 1


@pytest.mark.parametrize("letter", ["\x1b", "\x00", "\x7f", "\x9b", "\n", "\u202e", "\u2066", "\u200f", "\ud800"])
def test_no_steering_character_is_printed(letter: str) -> None:
    """C0, C1, bidi controls and half a pair become the replacement character."""
    assert quotable(f"a{letter}b") == "a\N{REPLACEMENT CHARACTER}b"


def test_findings_have_no_text_of_the_server() -> None:
    """An answer that breaks the XSD is told by names of the standard and words of our own."""
    result = read(answer("<leerlinggegevens><school><kanarie kanarie='kanarie'/></school></leerlinggegevens>"))
    assert result.findings
    assert "kanarie" not in "".join(f"{one.path} {one.rule}" for one in result.findings)


def test_the_command_names_the_flag() -> None:
    """An endpoint on this machine, which is tried first, is called with a flag, and without it the text names that."""
    with hostile(says(response("200 OK", answer("<geengegevens/>")))) as server:
        refused = CliRunner().invoke(main, ["pull", server.url, *ARGUMENTS])
        assert server.requests == []
        allowed = CliRunner().invoke(main, ["pull", server.url, *ARGUMENTS, "--allow-private"])
    assert refused.exit_code == 1
    assert "--allow-private" in refused.output
    assert CODE not in refused.output
    assert (allowed.exit_code, "geengegevens" in allowed.output) == (0, True)


@pytest.mark.parametrize(("count", "verdict"), [(1, "valid"), (2, "not valid"), (MAX_EXPLAINED + 2, "not valid")])
def test_the_command_says_whether_an_answer_is_valid(count: int, verdict: str) -> None:
    """The verdict is no number of errors, since many of them are not counted."""
    with hostile(says(response("200 OK", school_of(GROEP.format('key="g"'), count)))) as server:
        result = CliRunner().invoke(main, ["pull", server.url, *ARGUMENTS, "--allow-private"])
    assert result.exit_code == 0
    assert re.search(r"(not )?valid\b", result.output).group() == verdict  # type: ignore[union-attr] # it is there


@pytest.mark.parametrize("folder", ["weg", "bestand"])
def test_a_file_that_cannot_be_saved_is_told_before_the_fetch(tmp_path: Path, folder: str) -> None:
    """`--out` in a folder that is not there, or is a file, is refused before the endpoint is called."""
    (tmp_path / "bestand").touch()
    with hostile(says(response("200 OK", answer("<geengegevens/>")))) as server:
        out = str(tmp_path / folder / "school.xml")
        result = CliRunner().invoke(main, ["pull", server.url, *ARGUMENTS, "--allow-private", "--out", out])
        assert server.requests == []
    assert result.exit_code == 1
    assert "nothing was fetched: no file can be made in the folder of" in result.output


def test_the_message_needs_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """A WSDL of ours that names a file elsewhere is an error, and is not fetched."""
    monkeypatch.setattr("uwlr_adapter.client.pulling.contract_file", lambda _: "http://127.0.0.1:9/elders.wsdl")
    with pytest.raises(PullError, match="no file of this package"):
        pull("http://127.0.0.1:9/", REQUEST, allow_private=True)


SCHOOL = (
    "<school><schooljaar>2026-2027</schooljaar><peildatum>2026-11-23</peildatum><brincode>21QW</brincode>"
    "<dependancecode>00</dependancecode><schoolkey>s</schoolkey>"
    "<aanmaakdatum>2026-11-23T20:15:00+01:00</aanmaakdatum><xsdversie>2.2</xsdversie></school>"
)
LEERLING = '<leerling key="{}"><achternaam>x</achternaam>{}</leerling>'
GROEP = "<groep {}><naam>x</naam><jaargroep>1</jaargroep></groep>"
WRONG = {
    "doubled keys": (GROEP.format('key="g"'), {Rule.KEY}),
    "no keys": (GROEP.format(""), {Rule.ABSENT, Rule.KEY}),
    "unknown attributes": (GROEP.format('key="{0}" x="1"'), {Rule.ATTRIBUTE}),
    "references that name none": (LEERLING.format("{0}", '<groep key="{0}"/>'), {Rule.KEY}),
    "unknown elements": (LEERLING.format("{0}", "<kanarie/>"), {Rule.CONTENT}),
    "absent elements": (LEERLING.format("{0}", "<samengestelde_groepen/>"), {Rule.ABSENT}),
    "wrong codes": (LEERLING.format("{0}", "<jaargroep>x</jaargroep>"), {Rule.CODE}),
}
"""A record that is wrong, with its number as `{0}`, and the rules that many of them break."""


def school_of(record: str, count: int) -> bytes:
    """Return an answer with so many records of one kind."""
    records = "".join(record.format(number) for number in range(count))
    if record.startswith("<groep"):
        lists = f"<groepen>{records}</groepen><leerlingen>{LEERLING.format('a', '')}</leerlingen>"
    else:
        lists = f"<leerlingen>{records}</leerlingen>"
    return answer(f"<leerlinggegevens>{SCHOOL}{lists}</leerlinggegevens>")


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_many_times_is_not_explained(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    """Of many errors each rule is told once, and no error is looked up in the tree: that is quadratic."""
    record, rules = WRONG[wrong]

    def explain(*_: object) -> NoReturn:
        raise AssertionError

    monkeypatch.setattr(schemas.Schema, "findings", explain)
    found = read(school_of(record, MAX_EXPLAINED + 2)).findings
    assert [one.path for one in found] == ["*"] * len(rules)
    assert {one.rule for one in found} == rules


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_a_few_times_is_explained(wrong: str) -> None:
    """Each of a few errors is told as the schema finds it, with its place where libxml2 says that."""
    content = school_of(WRONG[wrong][0], 3)
    expected = schemas.ANSWER["2.2"].findings(parse(content, ANSWER)[0][0])
    assert expected
    assert [(one.path, one.rule) for one in read(content).findings] == [(one.path, one.rule) for one in expected]


def test_an_answer_is_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check gets the tree that was parsed already, within the limits of an answer."""
    calls: list[Limits] = []

    def counted(content: bytes, limits: Limits) -> etree._Element:
        calls.append(limits)
        return parse(content, limits)

    monkeypatch.setattr("uwlr_adapter.client.result.parse", counted)
    monkeypatch.setattr("uwlr_adapter.contract.answer.parse", counted)
    assert read(answer("<geengegevens/>")).findings == ()
    assert calls == [ANSWER]


def test_the_elements_of_an_answer_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer with more elements than any school needs is not parsed, and the text says so."""
    assert (ANSWER.octets, ANSWER.elements) == (16 * 1024 * 1024, 500_000)
    content = answer("<leerlinggegevens/>" * ANSWER.elements)
    monkeypatch.setattr(etree, "fromstring", None)
    with pytest.raises(PullError, match="too much to read: more than 500000 elements"):
        read(content)


@pytest.mark.parametrize(
    "since", ["gisteren", "2026-11-23", "2026-11-23T20:15:00+01:00\n", "@weg.xml", "@geen.xml", ""]
)
def test_a_moment_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, since: str) -> None:
    """`--sinds` is a moment or a saved answer with one; anything else is refused before the endpoint is called."""
    monkeypatch.chdir(tmp_path)
    Path("geen.xml").write_bytes(answer("<leerlinggegevens><school/></leerlinggegevens>"))
    with hostile(says(response("200 OK", answer("<geengegevens/>")))) as server:
        result = CliRunner().invoke(main, ["pull", server.url, *ARGUMENTS, "--allow-private", "--sinds", since])
        assert server.requests == []
    assert result.exit_code == 2
    assert "Invalid value for '--sinds'" in result.output


@pytest.mark.parametrize("options", [["--per-groep"], ["--getrapt", "--sinds", "2026-11-23T20:15:00Z"]])
def test_options_that_do_not_go_together(options: list[str]) -> None:
    """They are refused before the endpoint is called."""
    result = CliRunner().invoke(main, ["pull", "http://127.0.0.1:9/", *ARGUMENTS, "--allow-private", *options])
    assert result.exit_code == 2
    assert "give " in result.output


def test_the_moment_is_sent_as_it_is() -> None:
    """Neither its zone nor its fraction is written anew: the endpoint compares it with what it sent."""
    moment = "2026-11-23T20:15:00.120000+01:00"
    with hostile(says(response("200 OK", answer("<geenwijzigingen/>")))) as server:
        found = pull(server.url, replace(REQUEST, laatstontvangengegevens=moment), allow_private=True)
    assert f"<ns1:laatstontvangengegevens>{moment}<".encode() in server.requests[0].replace(b"ns0:", b"ns1:")
    assert (found.outcome, found.aanmaakdatum) == ("geenwijzigingen", None)


def test_what_the_headers_say() -> None:
    """The request id and the repairs are told, when they have the form of such; no other text of the server is."""
    headers = (
        "X-Request-ID: 0123abcd",
        f"X-UWLR-Repairs: witruimte, leeg, Kanarie{STEERING}".encode("latin-1", "replace"),
    )
    names = [one if isinstance(one, str) else one.decode("latin-1") for one in headers]
    found = fetch(response("200 OK", answer("<geengegevens/>"), *names))
    assert (found.request_id, found.repairs) == ("0123abcd", ("witruimte", "leeg"))
    other = fetch(response("200 OK", answer("<geengegevens/>"), "X-Request-ID: een tekst"))
    assert (other.request_id, other.repairs) == ("", ())


STRUCTUUR = "<leerlinggegevens-structuur>{}<groepen>{}</groepen></leerlinggegevens-structuur>"


def steps(*payloads: str, per_groep: bool = False) -> PullResult:
    """Fetch in steps from a server that sends these payloads one after the other."""
    names = ["structuur_antwoord", "leerlingen_antwoord", "leerlingen_antwoord", "leerlingen_antwoord"]
    sent = iter(
        response("200 OK", soap(f'<{name} xmlns="{LG}">{payload}</{name}>'))
        for name, payload in zip(names, payloads, strict=False)
    )

    def answers(connection: socket.socket, _server: Hostile) -> None:
        connection.sendall(next(sent))

    with hostile(answers) as server:
        return pull_getrapt(server.url, REQUEST, per_groep=per_groep, allow_private=True)


def test_records_that_change_between_two_calls() -> None:
    """A person who is different in two answers is not taken from either: the caller fetches again."""
    one = "<leerlinggegevens-leerlingen><leerlingen>{}</leerlingen></leerlinggegevens-leerlingen>"
    with pytest.raises(PullError, match="changed between two calls of HaalLeerlingen"):
        steps(
            STRUCTUUR.format(SCHOOL, GROEP.format('key="g"')),
            one.format(LEERLING.format("a", "")),
            one.format(LEERLING.format("a", "<jaargroep>1</jaargroep>")),
            per_groep=True,
        )


def test_a_structuur_without_end() -> None:
    """More groups than any school has are not asked for."""
    groepen = "".join(GROEP.format(f'key="{number}"') for number in range(MAX_GROEPEN + 1))
    with pytest.raises(PullError, match="more than 1000 groepen"):
        steps(STRUCTUUR.format(SCHOOL, groepen), per_groep=True)


def test_the_calls_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """All calls together have one time, whatever each of them takes."""
    monkeypatch.setattr("uwlr_adapter.client.getrapt.SECONDS", 0.0)
    with pytest.raises(PullError, match="more than 0 s together"):
        steps()


def test_in_steps_there_is_no_moment() -> None:
    """A moment is about one operation, and is refused before a call."""
    with pytest.raises(PullError, match="about one operation"):
        pull_getrapt("http://127.0.0.1:9/", replace(REQUEST, laatstontvangengegevens="2026-11-23T20:15:00Z"))
