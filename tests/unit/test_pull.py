"""`pull` against a server that is not to be trusted."""

import pytest
from click.testing import CliRunner
from lxml import etree
from support.hostile_server import hostile, response, says
from support.messages import AUT, LG, SOAP11

from uwlr_adapter.cli import main
from uwlr_adapter.client import MAX_TEXT, PullError, PullRequest, PullResult, printable, pull, read

CODE, KLANTCODE = "21QW00een-geheime-code", "een-geheime-klantcode"
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
    assert printable(f"a{letter}b") == "a\N{REPLACEMENT CHARACTER}b"


def test_findings_have_no_text_of_the_server() -> None:
    """An answer that breaks the XSD is told by names of the standard and words of our own."""
    result = read(answer("<leerlinggegevens><school><kanarie kanarie='kanarie'/></school></leerlinggegevens>"))
    assert result.findings
    assert "kanarie" not in "".join(f"{one.path} {one.rule}" for one in result.findings)


def test_the_command_names_the_flag() -> None:
    """An endpoint on this machine, which is tried first, is called with a flag, and without it the text names that."""
    arguments = ["--klantnaam", "Snappet", "--klantcode", KLANTCODE, "--autorisatiesleutel", CODE, "--brin6", "21QW00"]
    with hostile(says(response("200 OK", answer("<geengegevens/>")))) as server:
        refused = CliRunner().invoke(main, ["pull", server.url, *arguments])
        assert server.requests == []
        allowed = CliRunner().invoke(main, ["pull", server.url, *arguments, "--allow-private"])
    assert refused.exit_code == 1
    assert "--allow-private" in refused.output
    assert CODE not in refused.output
    assert (allowed.exit_code, "geengegevens" in allowed.output) == (0, True)


def test_the_message_needs_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """A WSDL of ours that names a file elsewhere is an error, and is not fetched."""
    monkeypatch.setattr("uwlr_adapter.client.contract_file", lambda _: "http://127.0.0.1:9/elders.wsdl")
    with pytest.raises(PullError, match="no file of this package"):
        pull("http://127.0.0.1:9/", REQUEST, allow_private=True)
