"""`push`: a file with results judged, sent as it stands, and what an endpoint that is not trusted says of it."""

import json
import socket
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from lxml import etree
from support.hostile_server import Hostile, hostile, response, says
from support.messages import AUT, LG, SOAP11
from support.result_messages import LR, SAMPLES, Verdict, afname, manifest, message, resultaat, sample
from support.result_writer import plain

from uwlr_adapter.cli import main
from uwlr_adapter.client.results_file import PushError, read_results, write_message
from uwlr_adapter.contract.autorisatie import Autorisatie
from uwlr_adapter.contract.leerresultaten.confirmation import BEVESTIGING
from uwlr_adapter.contract.leerresultaten.request import MESSAGE

CODE, KLANTCODE = "21QW00een-geheime-code", "een-geheime-klantcode"
CODES = ["--klantnaam", "Snappet", "--klantcode", KLANTCODE, "--autorisatiesleutel", CODE]
SMALL = SAMPLES / "valid" / "01-kleinst.xml"
CONFIRMED = response("200 OK", BEVESTIGING, "X-Request-ID: 0123456789abcdef0123456789abcdef")


def run(*arguments: str) -> Result:
    """Run `push`."""
    return CliRunner().invoke(main, ["push", *arguments])


def sent_to(answer: bytes, *options: str, file: Path = SMALL) -> tuple[Result, Hostile]:
    """Send a file to a server that answers with these bytes."""
    with hostile(says(answer)) as server:
        return run(str(file), server.url, *CODES, "--allow-private", *options), server


def fault(code: str, detail: str = "", text: str = "Nee.") -> bytes:
    """Return the envelope of a fault."""
    return (
        f'<s:Envelope xmlns:s="{SOAP11}"><s:Body><s:Fault><faultcode>s:{code}</faultcode>'
        f"<faultstring>{text}</faultstring>{detail}</s:Fault></s:Body></s:Envelope>"
    ).encode()


@pytest.mark.parametrize("one", manifest(), ids=lambda one: one.file)
def test_a_file_is_judged_as_a_message_is(one: Verdict) -> None:
    """--dry-run says of each sample what the service would: fault, place and word, or the repairs that it needs.

    But for the header, which is not sent.
    """
    done = run(str(SAMPLES / one.file), "--dry-run", "--json")
    found = json.loads(done.stdout)
    if one.file == "invalid/24-ongekwalificeerd.xml":
        assert (done.exit_code, found["valid"]) == (0, True)
    elif one.strict == "goed" or one.repairs:
        assert (done.exit_code, found["fault"], found["repairs"]) == (0, None, list(one.repairs))
    else:
        wrong = found["fault"]
        assert (done.exit_code, found["valid"]) == (1, False)
        assert (wrong["code"], wrong["path"], wrong["rule"]) == (one.strict, one.pad, one.regel)


def test_a_verdict_for_people() -> None:
    """The place and the word stand there whole, with the sentence of the fault, and that nothing was sent."""
    done = run(str(SAMPLES / "invalid" / "06-score-decimaal.xml"), "--dry-run")
    assert "toetsafnames/toetsafname[1]/resultaten/resultaat[1]/score: waarde" in done.output
    assert "Client.ScoreOngeldig: Een score in het bericht klopt niet." in " ".join(done.output.split())
    assert "Nothing was sent." in done.output
    assert "6.5" not in done.output


@pytest.mark.parametrize("one", [one.file for one in manifest() if one.file.startswith("valid/")])
def test_the_body_is_sent_as_it_stands(one: str) -> None:
    """One POST goes out, with the request of the file and the codes of the caller instead of those in the file."""
    done, server = sent_to(CONFIRMED, file=SAMPLES / one)
    assert done.exit_code == 0, done.output
    (request,) = server.requests
    head, _, body = request.partition(b"\r\n\r\n")
    assert b'\r\nSOAPAction: "BrengLeerresultaten"' in head
    root = etree.fromstring(body)
    assert [part.text for part in root.iterfind(f".//{{{AUT}}}autorisatie/*")] == [CODE, KLANTCODE, "Snappet"]
    (verzoek,) = root.findall(f"{{{SOAP11}}}Body/*")
    (own,) = etree.fromstring(sample(one)).findall(f"{{{SOAP11}}}Body/*")
    assert plain(verzoek) == plain(own)
    assert b"Voorbeeldplatform</klantnaam>" not in body


def test_what_is_wrong_is_sent_too(tmp_path: Path) -> None:
    """A body without an envelope, with a decimal score and a prefix in a value, arrives as it was written."""
    file = tmp_path / "toets.xml"
    (body,) = etree.fromstring(message(afname(resultaat().replace(">7<", ">6.5<")))).findall(f"{{{SOAP11}}}Body/*")
    file.write_bytes(etree.tostring(body))
    done, server = sent_to(CONFIRMED, file=file)
    assert done.exit_code == 0, done.output
    assert b"6.5</" in server.requests[0]


def test_a_confirmation_for_a_program() -> None:
    """The JSON says what was sent and by which id the operator finds it."""
    done, _ = sent_to(CONFIRMED, "--json")
    assert json.loads(done.stdout) == {
        "outcome": "leerresultaten_bevestiging",
        "counts": {"leerlingen": 1, "resultaten": 1, "toetsen": 1},
        "fault": None,
        "retry_after": None,
        "repairs": [],
        "notes": [],
        "request_id": "0123456789abcdef0123456789abcdef",
    }


def test_a_fault_is_told_with_its_place_and_its_page() -> None:
    """Exit status 1, the place and the word, and the address of the word in the catalogue of the service."""
    detail = (
        '<detail><fout xmlns="urn:uwlr-adapter:fout" pad="a/b[1]" regel="waarde" '
        'uitleg="https://uwlr.example/uwlr/fouten#waarde"/></detail>'
    )
    sent = response("500 Fault", fault("Client.ScoreOngeldig", detail))
    done, _ = sent_to(sent, "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["fault"] == {
        "code": "Client.ScoreOngeldig",
        "text": "Nee.",
        "path": "a/b[1]",
        "rule": "waarde",
        "explanation": "https://uwlr.example/uwlr/fouten#waarde",
    }
    shown, _ = sent_to(sent)
    assert shown.exit_code == 1
    assert "a/b[1]: waarde" in shown.output
    assert "https://uwlr.example/uwlr/fouten#waarde" in shown.output
    assert "again" not in shown.output


@pytest.mark.parametrize("link", ["javascript:alert(1)", "file:///etc/passwd"])
def test_no_other_link_is_told(link: str) -> None:
    """An explanation that is no page of the web is left out."""
    detail = f'<detail><fout xmlns="urn:uwlr-adapter:fout" pad="a" regel="b" uitleg="{link}"/></detail>'
    done, _ = sent_to(response("500 Fault", fault("Client.X", detail)), "--json")
    assert json.loads(done.stdout)["fault"]["explanation"] is None


def test_a_wait_is_told() -> None:
    """After a fault that passes, it says when to send again, and that twice does no harm."""
    busy = response("500 Fault", fault("Server.TijdelijkNietBeschikbaar"), "Retry-After: 90")
    done, _ = sent_to(busy)
    assert "after 90 s" in done.output
    assert "sending the same file again is safe" in " ".join(done.output.split())
    program, _ = sent_to(busy, "--json")
    assert json.loads(program.stdout)["retry_after"] == 90


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        response("200 OK", b""),
        response("200 OK", b"<html/>"),
        response("503 Service Unavailable", b"busy", "Retry-After: 7"),
        response("200 OK", f'<s:Envelope xmlns:s="{SOAP11}"><s:Body/></s:Envelope>'.encode()),
        response("200 OK", BEVESTIGING.replace(LR.encode(), LG.encode())),
        response("200 OK", BEVESTIGING.replace(b":Envelope", b":Doos")),
        response("200 OK", b"<!DOCTYPE x [<!ENTITY y 'z'>]>" + BEVESTIGING),
    ],
)
def test_no_answer_is_no_confirmation(answer: bytes) -> None:
    """Whatever is neither a confirmation nor a fault fails, and says that the same file may go again."""
    done, _ = sent_to(answer)
    assert done.exit_code == 1
    assert "sending the same file again is safe" in " ".join(done.output.split())
    assert CODE not in done.output


def test_a_confirmation_that_is_not_empty_is_noted() -> None:
    """It counts, since the endpoint took the message, and its maker can be told."""
    full = BEVESTIGING.replace(b"/></s:Body>", b">ok</leerresultaten_bevestiging></s:Body>")
    done, _ = sent_to(response("200 OK", full), "--json")
    assert (done.exit_code, len(json.loads(done.stdout)["notes"])) == (0, 1)


def test_a_text_of_the_endpoint_steers_no_terminal() -> None:
    """A fault is shown on one line, without control and bidi characters."""
    text = "Fout\N{RIGHT-TO-LEFT OVERRIDE}\x9b2J [red]"
    done, _ = sent_to(response("500 Fault", fault("Client.X", text=text)))
    assert done.exit_code == 1
    assert "[red]" in done.output
    assert not {"\N{RIGHT-TO-LEFT OVERRIDE}", "\x9b"} & set(done.output)


def test_a_redirect_is_not_followed() -> None:
    """The results go to the endpoint that was named, and nowhere else."""
    with hostile(says(CONFIRMED)) as other:
        done, _ = sent_to(response("307 Temporary Redirect", b"", f"Location: {other.url}"))
        assert other.requests == []
    assert "a redirect (HTTP 307), which is not followed" in done.output


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "cannot be read as a message"),
        (b"toets;score\n", "cannot be read as a message"),
        (b"<!DOCTYPE x><x/>", "cannot be read as a message"),
        (b"<leerlinggegevens_verzoek/>", "holds no leerresultaten_verzoek"),
        (f'<s:Envelope xmlns:s="{SOAP11}"/>'.encode(), "holds no leerresultaten_verzoek"),
        (b" " * (MESSAGE.octets + 1), "cannot be read as a message"),
    ],
)
def test_a_file_without_results(tmp_path: Path, content: bytes, told: str) -> None:
    """It is a wrong command line: nothing is asked and nothing is sent."""
    file = tmp_path / "toets.xml"
    file.write_bytes(content)
    done = run(str(file), "--dry-run")
    assert done.exit_code == 2
    assert told in " ".join(done.output.replace("│", " ").split())


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """The path is told, and why."""
    assert run(str(tmp_path / "weg.xml"), "--dry-run").exit_code == 2


@pytest.mark.parametrize("given", [[], ["http://127.0.0.1:9/"], ["http://127.0.0.1:9/", "--klantcode", "x"]])
def test_to_send_needs_an_address_and_a_name(given: list[str]) -> None:
    """Without them it is a wrong command line."""
    done = run(str(SMALL), *given)
    assert done.exit_code == 2
    assert "--dry-run" in done.output


def test_a_code_is_asked_for() -> None:
    """A code that no option gives is prompted for, unseen, only when something is sent."""
    with hostile(says(CONFIRMED)) as server:
        arguments = ["push", str(SMALL), server.url, "--klantnaam", "Snappet", "--allow-private"]
        done = CliRunner().invoke(main, arguments, input=f"{CODE}\n{KLANTCODE}\n")
    assert done.exit_code == 0, done.output
    assert CODE.encode() in server.requests[0]
    assert CODE not in done.output


def test_this_machine_is_called_when_allowed_only() -> None:
    """As for `pull`."""
    with hostile(says(CONFIRMED)) as server:
        done = run(str(SMALL), server.url, *CODES)
        assert server.requests == []
    assert done.exit_code == 1
    assert "--allow-private" in done.output


def test_a_code_that_xml_cannot_hold() -> None:
    """Nothing is sent, and the code is not shown."""
    file = read_results(SMALL.read_bytes())
    with pytest.raises(PushError, match="a character that XML does not allow") as caught:
        write_message(file, Autorisatie("geheim\x00", KLANTCODE, "Snappet"))
    assert "geheim" not in str(caught.value)


def test_a_file_is_sent_whole_twice() -> None:
    """Writing a message takes nothing away from the file."""
    file = read_results(SMALL.read_bytes())
    codes = Autorisatie(CODE, KLANTCODE, "Snappet")
    assert write_message(file, codes) == write_message(file, codes)


def test_a_connection_that_breaks() -> None:
    """An endpoint that goes away in the middle may have taken the message."""

    def hangs_up(connection: socket.socket, _server: Hostile) -> None:
        connection.sendall(CONFIRMED[:60])

    with hostile(hangs_up) as server:
        done = run(str(SMALL), server.url, *CODES, "--allow-private")
    assert done.exit_code == 1
    assert "again is safe" in " ".join(done.output.split())
