"""The table of checks over HTTP, row by row, against a real server: the first check that fails answers."""

from collections.abc import Callable

import pytest
from lxml import etree
from support.messages import LG, SOAP11, SOAP12, body, envelope, header
from support.served_school import ServedSchool
from support.server import Server, split

XML = "Content-Type: text/xml; charset=utf-8"
Header = Callable[..., str]


def fault_code(content: bytes) -> str:
    """Return the local part of the faultcode; its prefix must be that of the envelope."""
    root = etree.fromstring(content)
    code = root.findtext(f"{{{SOAP11}}}Body/{{{SOAP11}}}Fault/faultcode") or ""
    prefix, _, local = code.partition(":")
    assert root.nsmap[prefix] == SOAP11
    return local


def chunked(*parts: bytes) -> bytes:
    """Return a body in chunks."""
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (*parts, b""))


def refused(server: Server, messages: list[bytes], code: str) -> bytes:
    """Send messages of one row; each must get the same bytes (headers but Date, and body), with HTTP 500 and a code."""
    replies = {
        (status, tuple(headers), content)
        for status, headers, content in (split(server.post(message, XML)) for message in messages)
    }
    assert len(replies) == 1
    ((status, headers, content),) = replies
    assert status == 500
    assert ("content-type", "text/xml; charset=utf-8") in headers
    assert ("content-length", str(len(content))) in headers
    assert fault_code(content) == code
    return content


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"])
def test_row_1_only_post(server: Server, method: str) -> None:
    """Another method gets 405 in plain text and no fault."""
    status, headers, content = split(server.post(b"", method=method))
    assert status == 405
    assert ("allow", "POST") in headers
    assert ("content-type", "text/plain; charset=utf-8") in headers
    assert b"Envelope" not in content


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "text/plain", "multipart/related", "text/xmlx", "application/x-www-form-urlencoded"],
)
def test_row_1_only_xml(served: ServedSchool, server: Server, content_type: str) -> None:
    """Another Content-Type gets 415."""
    status, _, content = split(server.post(envelope(header_xml=served.header()), f"Content-Type: {content_type}"))
    assert status == 415
    assert b"Envelope" not in content


@pytest.mark.parametrize(
    "content_type",
    [
        "Content-Type: text/xml",
        "Content-Type: TEXT/XML; charset=UTF-8",
        "Content-Type: application/xml",
        "Content-Type: application/soap+xml",
        "X-None: 1",
    ],
)
def test_row_1_every_name_for_xml(served: ServedSchool, server: Server, content_type: str) -> None:
    """The types that clients use, and none at all, are let in."""
    assert split(server.post(envelope(header_xml=served.header()), content_type))[0] == 200


def test_row_1_not_over_64_kb(served: ServedSchool, server: Server) -> None:
    """A body of 64 kB is judged, one byte more is not read; also when it comes in chunks."""
    message = envelope(header_xml=served.header())
    largest = message + b" " * (64 * 1024 - len(message))
    assert split(server.post(largest, XML))[0] == 200
    assert split(server.post(largest + b" ", XML))[0] == 413
    chunks = "Transfer-Encoding: chunked"
    assert split(server.post(chunked(largest[:100], largest[100:]), XML, chunks))[0] == 200
    assert split(server.post(chunked(largest, b" "), XML, chunks))[0] == 413


@pytest.mark.parametrize(
    "stream",
    [b"zz\r\nabc\r\n0\r\n\r\n", b"5\r\nabc\r\n0\r\n\r\n", b"-1\r\n\r\n", b"ffffffffffffffffff\r\nabc\r\n0\r\n\r\n"],
)
def test_row_1_bad_chunking(server: Server, stream: bytes) -> None:
    """Chunks that are none give 400."""
    status, _, content = split(server.post(stream, XML, "Transfer-Encoding: chunked"))
    assert status == 400
    assert b"Envelope" not in content


def told(content: bytes) -> tuple[str, str]:
    """Return the path and the word in the detail of a fault, of which the other bytes are those of its kind."""
    (found,) = etree.fromstring(content).iterfind(".//detail/{urn:uwlr-adapter:fout}fout")
    assert content.startswith(b'<?xml version="1.0" encoding="utf-8"?>\n<soap:Envelope ')
    return found.get("pad", ""), found.get("regel", "")


def test_row_2_no_message_of_ours(served: ServedSchool, server: Server) -> None:
    """Whatever is no envelope with one known operation is told why, in words of our own."""
    header = served.header()
    inner = f'<e:Envelope xmlns:e="{SOAP11}">{{}}</e:Envelope>'
    messages = {
        ("bericht", "leeg"): [b""],
        ("bericht:1", "xml"): [b"geen xml", envelope(header_xml=header)[:-1]],
        ("bericht", "dtd"): [b"<!DOCTYPE x>" + envelope(header_xml=header)],
        ("bericht", "instructie"): [b"<?pi?>" + envelope(header_xml=header)],
        ("Envelope", "ontbreekt"): [b"<brief/>"],
        ("Envelope/Body", "ontbreekt"): [inner.format("").encode()],
        ("Envelope/Body", "dubbel"): [inner.format(f"<e:Body>{body()}</e:Body>" * 2).encode()],
        ("Envelope/Body", "leeg"): [envelope("", header)],
        ("Envelope/Body/*", "dubbel"): [envelope(body() + body(), header)],
        ("Envelope/Body/*", "operatie"): [
            envelope(f'<haal_alles xmlns="{LG}"/>', header),
            envelope(body().replace("leerlinggegevens_verzoek", "alles_verzoek"), header),
            envelope("<x/>", header, soap=SOAP12),
        ],
    }
    for expected, alike in messages.items():
        assert told(refused(server, alike, "Client.OngeldigBericht")) == expected


def test_row_3_another_soap_version(served: ServedSchool, server: Server) -> None:
    """SOAP 1.2 gets VersionMismatch, whatever it is called and whatever its header says."""
    for content_type in (XML, "Content-Type: application/soap+xml; charset=utf-8"):
        status, _, content = split(server.post(envelope(header_xml=served.header(), soap=SOAP12), content_type))
        assert (status, fault_code(content)) == (500, "VersionMismatch")
    refused(
        server,
        [envelope(header_xml=served.header(), soap=SOAP12), envelope(header_xml="", soap=SOAP12)],
        "VersionMismatch",
    )


def test_row_3_must_understand(served: ServedSchool, server: Server) -> None:
    """A header that must be understood and is unknown here goes before the autorisatie."""
    extra = f'<adres xmlns="urn:x" xmlns:e="{SOAP11}" e:mustUnderstand="1"/>'
    for place, header_xml in ((1, extra), (2, served.header() + extra)):
        content = refused(server, [envelope(header_xml=header_xml)], "MustUnderstand")
        assert told(content) == (f"Envelope/Header/*[{place}]", "mustunderstand")


def test_row_4_no_whole_autorisatie(served: ServedSchool, server: Server) -> None:
    """Without one whole autorisatie the rest of the message does not matter."""
    header_xml = served.header()
    headers = {
        ("autorisatie", "ontbreekt"): "",
        ("autorisatie", "dubbel"): header_xml + header_xml,
        ("autorisatie/autorisatiesleutel", "ontbreekt"): header(key=""),
        ("autorisatie/autorisatiesleutel", "leeg"): header(key="<b>x</b>"),
        ("autorisatie/klantnaam", "leeg"): header(klantnaam=" "),
        ("autorisatie/klantcode", "ontbreekt"): header_xml.replace("klantcode>", "code>"),
    }
    for expected, one in headers.items():
        messages = [envelope(header_xml=one), envelope(body(school=""), one)]
        content = refused(server, messages, "Client.AutorisatieOngeldig")
        assert told(content) == expected
        assert b"In het bericht staat geen volledige autorisatie" in content


def test_row_5_an_unknown_klant(served: ServedSchool, server: Server) -> None:
    """Unknown, not belonging together and disabled look the same, also with a bad body."""
    headers = [
        served.header(klantnaam="Onbekend"),
        served.header(klantcode="onjuist"),
        served.header(klantnaam="snappet"),
        served.header(klantnaam="Basispoort", klantcode=served.klantcodes["Snappet"]),
        served.header(klantnaam="Gestopt"),
    ]
    messages = [envelope(header_xml=header) for header in headers]
    content = refused(server, [*messages, envelope(body(school=""), headers[0])], "Client.OngeldigeKlantIdentificatie")
    assert b"detail" not in content


def test_row_6_no_school(served: ServedSchool, server: Server) -> None:
    """A body without a school of the right form is refused after the klant and before the code."""
    schools = (
        ("brincode", "ontbreekt", [""]),
        ("brincode", "ontbreekt", ["<brincode/>", "<schoolkey/>"]),  # which need a repair, and a header says so
        ("brincode", "vorm", ["<brincode>21qw</brincode>"]),
        ("dependancecode", "vorm", ["<brincode>21QW</brincode><dependancecode>1</dependancecode>"]),
    )
    for name, rule, alike in schools:
        messages = [envelope(body(school=school), served.header(key="maakt-niet-uit")) for school in alike]
        content = refused(server, messages, "Client.OngeldigBericht")
        assert told(content) == (f"leerlinggegevens_verzoek/{name}", rule)


def test_row_7_no_access(served: ServedSchool, server: Server) -> None:
    """Why there is no access does not show: not in the text, not in the bytes, and a bad body does not matter."""
    messages = [served.request(**case) for case in served.refused_calls.values()]
    messages.append(envelope(body("x"), served.header(key="21QW00een-andere-code")))
    assert b"detail" not in refused(server, messages, "Client.AutorisatieOngeldig")


@pytest.mark.parametrize(
    ("body_xml", "path"),
    [
        (body("2026"), "leerlinggegevens_verzoek/schooljaar"),
        (body(rest="<xsdversie>2.2</xsdversie><xsdversie/>"), "leerlinggegevens_verzoek/xsdversie"),
        (body(rest="<xsdversie>2.2</xsdversie><groepen/>"), "leerlinggegevens_verzoek/groepen"),
        (body("2026", rest="<xsdversie>9</xsdversie>"), "leerlinggegevens_verzoek/schooljaar"),
    ],
)
def test_row_8_the_xsd(served: ServedSchool, server: Server, body_xml: str, path: str) -> None:
    """A body that breaks the XSD is told where."""
    content = refused(server, [envelope(body_xml, served.header())] * 2, "Client.OngeldigBericht")
    assert f'pad="{path}"'.encode() in content


def test_row_9_the_version(served: ServedSchool, server: Server) -> None:
    """A version that is not answered is refused last."""
    messages = [
        envelope(body("1999-2000", rest=f"<xsdversie>{one}</xsdversie>"), served.header())
        for one in ("2.0", "2.4", "x")
    ]
    refused(server, messages, "Client.XsdVersieOngeldig")


@pytest.mark.parametrize("schooljaar", ["1999-2000", "2026-2028", "2999-2999"])
def test_row_10_no_data(served: ServedSchool, server: Server, schooljaar: str) -> None:
    """A school year without data, or of two years that do not follow each other, is answered: geengegevens."""
    status, headers, content = split(server.post(envelope(body(schooljaar), served.header()), XML))
    assert status == 200
    assert ("content-length", str(len(content))) in headers
    assert (
        content
        == (
            f'<?xml version="1.0" encoding="utf-8"?>\n<s:Envelope xmlns:s="{SOAP11}"><s:Body><leerlinggegevens_antwoord'
            f' xmlns="{LG}"><geengegevens/></leerlinggegevens_antwoord></s:Body></s:Envelope>'
        ).encode()
    )


def test_row_10_the_data(served: ServedSchool, server: Server) -> None:
    """A rightful request gets the school, in the fixed shape."""
    status, headers, content = split(server.post(served.request(), XML))
    assert status == 200
    assert ("content-type", "text/xml; charset=utf-8") in headers
    assert ("content-length", str(len(content))) in headers
    begin = (
        f'<?xml version="1.0" encoding="utf-8"?>\n<s:Envelope xmlns:s="{SOAP11}"><s:Body><leerlinggegevens_antwoord'
        f' xmlns="{LG}"><leerlinggegevens><school><schooljaar>{served.schooljaar}</schooljaar>'
    )
    assert content.startswith(begin.encode())
    assert content.endswith(b"</leerkrachten></leerlinggegevens></leerlinggegevens_antwoord></s:Body></s:Envelope>")
    assert content.count(b"xmlns") == 2


def test_the_wsdl_is_ours_with_the_configured_address(server: Server) -> None:
    """The WSDL is static: a Host header does not change its address."""
    answers = {
        split(server.post(b"", host, method="GET", path=f"/uwlr/leerlinggegevens?{query}"))[2]
        for host in ("X-Nothing: 1", "X-Forwarded-Host: kwaad.example")
        for query in ("wsdl", "WSDL", "wsdl=1")
    }
    assert len(answers) == 1
    assert f'location="{server.endpoint}"'.encode() in answers.pop()
    status, headers, content = split(server.post(b"", method="HEAD", path="/uwlr/leerlinggegevens?wsdl"))
    assert (status, content) == (200, b"")
    assert int(dict(headers)["content-length"]) > 1000


def test_other_paths_hold_nothing(server: Server) -> None:
    """An unknown path is 404, without a hint of what runs here."""
    status, _, content = split(server.post(b"", method="GET", path="/"))
    assert status == 404
    assert b"Python" not in content
