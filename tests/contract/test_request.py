"""Reading a request: each check of the table that the contract makes, in its order."""

import re

import pytest
from support.messages import AUT, LG, SOAP11, SOAP12, body, envelope, header

from uwlr_adapter.contract import fault
from uwlr_adapter.contract.request import Call, SchoolReference, Verzoek, read, school_finding
from uwlr_adapter.contract.request import judge as keur_in
from uwlr_adapter.contract.rules import Rule
from uwlr_adapter.contract.schemas import Finding

MUST = f'xmlns:e="{SOAP11}" e:mustUnderstand="1"'
PATH = re.compile(r"bericht(:[0-9]+)?|Envelope(/Header|/Body)?(/[a-z_]+_verzoek|/\*)?")
"""The places in a message of which no request is known."""
BODY = "<e:Body>" + body() + "</e:Body>"
HEADER = "<e:Header>" + header() + "</e:Header>"


def keur(call: Call) -> Verzoek:
    """Judge a call in 2026-2027."""
    return keur_in(call, "2026-2027")


def wrapped(inner: str) -> bytes:
    """Return an envelope with these parts."""
    return f'<e:Envelope xmlns:e="{SOAP11}">{inner}</e:Envelope>'.encode()


def test_a_valid_request_is_read() -> None:
    """Each part of a valid request comes out as it was sent."""
    call = read(envelope(body(rest="<xsdversie>2.2</xsdversie><gegevenssetid>x</gegevenssetid>")))
    assert call.autorisatie.autorisatiesleutel == "21QW00Ygr67BfgKl!gr8"
    assert (call.autorisatie.klantcode, call.autorisatie.klantnaam) == ("code", "Snappet")
    assert call.school == SchoolReference("21QW", "00", None)
    assert call.repairs == ()
    request = keur(call)
    assert (request.schooljaar, request.xsdversie, request.gegevenssetid) == ("2026-2027", "2.2", "x")


def test_secrets_are_in_no_representation() -> None:
    """A call that ends up in a log or a traceback shows neither code nor key."""
    call = read(envelope())
    assert "Ygr67" not in repr(call)
    assert "Snappet" not in repr(call)


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"hallo",
        b"<a/>",
        envelope() + b"<!-- -->x",
        b"<!DOCTYPE x>" + envelope(),
        b"<?pi x?>" + envelope(),
        wrapped(""),
        wrapped(HEADER),
        wrapped(BODY + BODY),
        wrapped(BODY + HEADER),
        wrapped(HEADER + HEADER + BODY),
        wrapped(BODY + "<x/>"),
        wrapped("tekst" + BODY),
        wrapped("<e:Body/>"),
        wrapped("<e:Body>tekst</e:Body>"),
        wrapped("<e:Body>" + body() + body() + "</e:Body>"),
        wrapped("<e:Body>" + body() + "tekst</e:Body>"),
        envelope(f'<onbekend_verzoek xmlns="{LG}"/>'),
        envelope("<leerlinggegevens_verzoek/>"),
        envelope('<leerlinggegevens_verzoek xmlns="urn:anders"/>'),
        envelope("<e:Fault/>"),
        envelope("<onbekend/>", soap=SOAP12),
        envelope("<onbekend/>", header_xml=f"<x {MUST}/>"),
        b" " * 70_000 + envelope(),
    ],
)
def test_row_2_what_is_no_single_known_operation(message: bytes) -> None:
    """No XML, no envelope, not one body with one known operation: Client.OngeldigBericht, before anything else."""
    with pytest.raises(fault.OngeldigBericht) as caught:
        read(message)
    assert caught.value.finding is not None
    assert PATH.fullmatch(caught.value.finding.path)


@pytest.mark.parametrize("soap", [SOAP12, "urn:iets-anders", ""])
def test_row_3_another_soap_is_a_version_mismatch(soap: str) -> None:
    """An envelope of SOAP 1.2, or of no SOAP known, is refused as SOAP 1.1 prescribes."""
    message = (
        envelope(soap=soap) if soap else envelope().replace(f' xmlns:e="{SOAP11}"'.encode(), b"").replace(b"e:", b"")
    )
    with pytest.raises(fault.VersionMismatch):
        read(message)


@pytest.mark.parametrize(
    "extra",
    [
        f'<x xmlns="urn:x" {MUST}/>',
        f'<x xmlns="urn:x" {MUST} e:actor="http://schemas.xmlsoap.org/soap/actor/next"/>',
        f'<autorisatie xmlns="urn:x" {MUST}/>',
    ],
)
def test_row_3_an_unknown_header_that_must_be_understood(extra: str) -> None:
    """A header for us that must be understood and is not ours gives MustUnderstand, also before the autorisatie."""
    for header_xml in (header() + extra, extra):
        with pytest.raises(fault.MustUnderstand):
            read(envelope(header_xml=header_xml))


@pytest.mark.parametrize(
    "extra",
    [
        '<x xmlns="urn:x"/>',
        f'<x xmlns="urn:x" xmlns:e="{SOAP11}" e:mustUnderstand="0"/>',
        f'<x xmlns="urn:x" {MUST} e:actor="urn:een-ander"/>',
    ],
)
def test_a_header_that_is_not_for_us_is_passed_over(extra: str) -> None:
    """Other headers are no reason to refuse."""
    assert read(envelope(header_xml=header() + extra)).school is not None


def test_our_own_header_may_be_marked_must_understand() -> None:
    """The client gSOAP marks the autorisatie header so."""
    marked = header().replace("<autorisatie ", f"<autorisatie {MUST} ")
    assert keur(read(envelope(header_xml=marked))).xsdversie == "2.2"


@pytest.mark.parametrize(
    ("header_xml", "path", "rule"),
    [
        ("", "autorisatie", Rule.ABSENT),
        (header() + header(), "autorisatie", Rule.DOUBLED),
        (header(key=""), "autorisatie/autorisatiesleutel", Rule.ABSENT),
        (header(klantcode=""), "autorisatie/klantcode", Rule.ABSENT),
        (header(klantnaam=""), "autorisatie/klantnaam", Rule.ABSENT),
        (header(key=" \n "), "autorisatie/autorisatiesleutel", Rule.EMPTY),
        (header(key="<b>code</b>"), "autorisatie/autorisatiesleutel", Rule.EMPTY),
        (
            header().replace("<klantcode>", "<klantcode>x</klantcode><klantcode>"),
            *("autorisatie/klantcode", Rule.DOUBLED),
        ),
        (header().replace("klantcode>", "code>"), "autorisatie/klantcode", Rule.ABSENT),
        (header().replace(AUT, "urn:anders"), "autorisatie", Rule.NAMESPACE),
        (
            header().replace("<klantnaam>", '<klantnaam xmlns="urn:anders">'),
            *("autorisatie/klantnaam", Rule.NAMESPACE),
        ),
    ],
)
def test_row_4_the_autorisatie_must_be_there_once_and_whole(header_xml: str, path: str, rule: Rule) -> None:
    """No header, two, or a part that is absent, doubled or empty: told as such, and never as a wrong code."""
    with pytest.raises(fault.AutorisatieOnvolledig) as caught:
        read(envelope(header_xml=header_xml))
    assert caught.value.finding == Finding(path, rule)
    assert caught.value.code == fault.AutorisatieOngeldig.code
    assert "verificatiecode" not in caught.value.text


def test_row_4_also_without_a_header_element() -> None:
    """An envelope with a Body only has no autorisatie."""
    with pytest.raises(fault.AutorisatieOngeldig):
        read(wrapped(BODY))


@pytest.mark.parametrize(
    ("school", "name", "rule"),
    [
        ("", "brincode", Rule.ABSENT),
        ("<brincode>21qw</brincode>", "brincode", Rule.FORM),
        ("<brincode>21Q</brincode>", "brincode", Rule.FORM),
        ("<brincode/>", "brincode", Rule.ABSENT),  # an empty one is taken away first
        ("<brincode>21QW</brincode><brincode>21QW</brincode>", "brincode", Rule.DOUBLED),
        ("<brincode>21QW</brincode><dependancecode>0</dependancecode>", "dependancecode", Rule.FORM),
        (
            "<brincode>21QW</brincode><dependancecode>00</dependancecode><dependancecode>00</dependancecode>",
            *("dependancecode", Rule.DOUBLED),
        ),
        ("<schoolkey/>", "brincode", Rule.ABSENT),
        (f"<schoolkey>{'x' * 257}</schoolkey>", "schoolkey", Rule.TOO_LONG),
        ("<schoolkey>a</schoolkey><schoolkey>b</schoolkey>", "schoolkey", Rule.DOUBLED),
        ("<brincode>x</brincode><schoolkey>a</schoolkey>", "brincode", Rule.FORM),
        ('<brincode xmlns="urn:anders">21QW</brincode>', "brincode", Rule.NAMESPACE),
    ],
)
def test_row_6_a_school_in_no_right_form_is_no_school(school: str, name: str, rule: Rule) -> None:
    """A body that names no school of the right form can still be read, and afterwards it is told what is wrong."""
    call = read(envelope(body(school=school)))
    assert call.school is None
    assert school_finding(call) == Finding(f"leerlinggegevens_verzoek/{name}", rule)


@pytest.mark.parametrize(
    ("school", "name"), [("<brincode/>", "brincode"), ("<schoolkey/>", "schoolkey")], ids=["brincode", "schoolkey"]
)
def test_row_6_an_empty_school_of_a_strict_caller(school: str, name: str) -> None:
    """Without repairs an empty element is told as such."""
    call = read(envelope(body(school=school)), strict=True)
    assert school_finding(call) == Finding(f"leerlinggegevens_verzoek/{name}", Rule.EMPTY)


@pytest.mark.parametrize(
    ("school", "expected"),
    [
        (f"<schoolkey>{'x' * 256}</schoolkey>", SchoolReference(None, "00", "x" * 256)),
        ("<brincode>21QW</brincode>", SchoolReference("21QW", "00", None)),
        ("<brincode>21QW</brincode><dependancecode/>", SchoolReference("21QW", "00", None)),
        ("<brincode>21QW</brincode><dependancecode>01</dependancecode>", SchoolReference("21QW", "01", None)),
        ("<schoolkey>abc</schoolkey>", SchoolReference(None, "00", "abc")),
        ("<schoolkey>abc</schoolkey><brincode>21QW</brincode>", SchoolReference("21QW", "00", None)),
        ("<brincode>٢١QW</brincode>", SchoolReference("٢١QW", "00", None)),
    ],
)
def test_the_school_of_a_body(school: str, expected: SchoolReference) -> None:
    """Absent and empty dependancecodes are 00; a brincode goes before a schoolkey; digits are those of Unicode."""
    assert read(envelope(body(school=school))).school == expected


@pytest.mark.parametrize(
    ("content", "path"),
    [
        (body(schooljaar="2026"), "leerlinggegevens_verzoek/schooljaar"),
        (body(rest="<xsdversie>2.2</xsdversie><geheim>x</geheim>"), "leerlinggegevens_verzoek/*"),
        (body(rest=f"<xsdversie>{'9' * 33}</xsdversie>"), "leerlinggegevens_verzoek/xsdversie"),
        (
            body(rest="<xsdversie>2.2</xsdversie><laatstontvangengegevens>gisteren</laatstontvangengegevens>"),
            "leerlinggegevens_verzoek/laatstontvangengegevens",
        ),
    ],
)
def test_row_8_a_body_that_breaks_the_xsd(content: str, path: str) -> None:
    """The fault says where, by names of the standard only; never the value."""
    call = read(envelope(content))
    with pytest.raises(fault.OngeldigBericht) as caught:
        keur(call)
    assert caught.value.finding is not None
    assert caught.value.finding.path == path


@pytest.mark.parametrize(
    ("header_xml", "path", "rule"),
    [
        (header(key="x" * 65), "autorisatie/autorisatiesleutel", Rule.TOO_LONG),
        (header().replace("</autorisatie>", "<meer/></autorisatie>"), "autorisatie/*", Rule.UNKNOWN),
    ],
)
def test_row_8_a_header_that_breaks_the_xsd(header_xml: str, path: str, rule: Rule) -> None:
    """The header is judged too, and first."""
    call = read(envelope(body("x"), header_xml=header_xml))
    with pytest.raises(fault.OngeldigBericht) as caught:
        keur(call)
    assert caught.value.finding is not None
    assert (caught.value.finding.path, caught.value.finding.rule) == (path, rule)


@pytest.mark.parametrize("version", ["2.0", "2.4", "2.2.1", "1.0", "x"])
def test_row_9_a_version_that_is_not_answered(version: str) -> None:
    """Another xsdversie is refused, after the XSD."""
    with pytest.raises(fault.XsdVersieOngeldig):
        keur(read(envelope(body(rest=f"<xsdversie>{version}</xsdversie>"))))
    with pytest.raises(fault.OngeldigBericht):
        keur(read(envelope(body(schooljaar="x", rest=f"<xsdversie>{version}</xsdversie>"))))


def test_white_space_around_values_is_repaired_and_told() -> None:
    """A pretty-printing client is understood, and the repair is named by its id."""
    message = envelope(body(schooljaar="\n 2026-2027 \n"), header(key="\t21QW00Ygr67BfgKl!gr8\n"))
    call = read(message)
    assert call.autorisatie.autorisatiesleutel == "21QW00Ygr67BfgKl!gr8"
    assert call.repairs == ("witruimte",)
    assert keur(call).schooljaar == "2026-2027"


def test_white_space_that_a_type_folds_is_no_repair() -> None:
    """An xs:dateTime may have white space around it by itself."""
    rest = "<xsdversie>2.2</xsdversie><laatstontvangengegevens> 2026-11-01T10:00:00 </laatstontvangengegevens>"
    call = read(envelope(body(rest=rest)))
    assert call.repairs == ()
    assert keur(call).laatstontvangengegevens == "2026-11-01T10:00:00"


CANARY = "kanarie"
WHOLE = envelope(
    body(rest="<xsdversie>2.2</xsdversie><groepen><groep key='g'/></groepen>", operation="leerlingen_verzoek")
).decode()
SPOTS = [match.span() for match in re.finditer(r"[A-Za-z0-9_.-]{2,}", WHOLE)]


def refusal(message: bytes, *, strict: bool) -> fault.Fault | None:
    """Return the fault that a caller with access gets for a message, if any."""
    try:
        call = read(message, strict=strict)
        if call.school is None:
            return fault.OngeldigBericht(school_finding(call))
        keur(call)
    except fault.Fault as error:
        return error
    return None


@pytest.mark.parametrize("strict", [False, True])
def test_no_fault_repeats_what_was_sent(*, strict: bool) -> None:
    """Each name and value of a message, replaced in its turn, is in no byte of the fault that comes of it."""
    texts = (CANARY, f"{CANARY} ", f'x {CANARY}="{CANARY}" ')
    messages = [(WHOLE[:begin] + text + WHOLE[end:]).encode() for begin, end in SPOTS for text in texts]
    refusals = [found for message in messages if (found := refusal(message, strict=strict)) is not None]
    assert len(refusals) > len(SPOTS)
    assert [found for found in refusals if CANARY.encode() in fault.render(found) or CANARY in repr(found)] == []
