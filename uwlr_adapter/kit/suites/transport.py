"""How a message travels: HTTP, media types, charsets, statuses."""

import re
from collections.abc import Callable
from typing import Final

from lxml import etree

from uwlr_adapter.kit.checks import Level, Suite, cannot, omit, require
from uwlr_adapter.kit.reading import AnswerKind, Reading, local, sentence_of
from uwlr_adapter.kit.session import Session
from uwlr_adapter.kit.suites.expect import ANSWERED, ANSWERS, require_answered, stop_without_access

SUITE = Suite("http", "HTTP", "Transport")
_OK, _FAULT = 200, 500
_REFUSED = range(400, 500)
_DECLARATION = 200
"""Bytes of an XML declaration that are looked at (inclusive)."""
_VERSION = re.compile(rb"version\s*=\s*[\"']1\.0[\"']")
_ENCODING = re.compile(rb"encoding\s*=\s*[\"']([^\"']*)[\"']")
_CHARSETS: Final = frozenset({"utf-8", "utf-16", "iso-8859-1", "iso-8859-15", "windows-1252", "us-ascii"})
"""The charsets in which bytes are decoded; of another one only ASCII is believed: Python has codecs that are slow."""


@SUITE.check(1, "A valid request gets an answer of UWLR: data, no changes or no data", "R-001", "R-004")
def answers(session: Session) -> str:
    """Send the usual request."""
    reading = session.usual_answer()
    stop_without_access(reading)
    require(
        reading.kind in ANSWERED,
        f"The usual request, with the given credentials, school and version, is answered with {sentence_of(reading)}.",
    )
    return f"The answer is {reading.kind}."


@SUITE.check(2, "An answer travels with HTTP 200", "R-001", after=(ANSWERS,))
def status_of_an_answer(session: Session) -> None:
    """Look at the status of the usual answer."""
    status = session.usual_answer().status
    require(status == _OK, f"The answer has HTTP {status}.")


@SUITE.check(3, "A fault travels with HTTP 500", "R-102", after=(ANSWERS,))
def status_of_a_fault(session: Session) -> None:
    """Look at the status of a refusal, whatever its code."""
    reading = session.refusal()
    require(reading.status == _FAULT, f"A fault has HTTP {reading.status}.")


@SUITE.check(4, "An answer is text/xml and names its charset, utf-8", "R-008", after=(ANSWERS,))
def media_type(session: Session) -> None:
    """Look at the Content-Type of the usual answer: PowerShell 5.1 decodes by its charset."""
    _require_media_type(session.usual_answer(), "the answer")


@SUITE.check(5, "A fault is text/xml and names its charset, utf-8", "R-008", "R-101", after=(ANSWERS,))
def media_type_of_a_fault(session: Session) -> None:
    """Look at the Content-Type of a refusal."""
    _require_media_type(session.refusal(), "a fault")


def _charset(reading: Reading) -> str:
    """Return the charset that the Content-Type names, in small letters; empty when it names none."""
    content_type = reading.reply.header("Content-Type").lower()
    return content_type.partition("charset=")[2].strip(' "').partition(";")[0].strip('" ')


def _require_media_type(reading: Reading, what: str) -> None:
    name = reading.reply.header("Content-Type").lower().partition(";")[0]
    require(name.strip() == "text/xml", f"The Content-Type of {what} is not text/xml, as SOAP 1.1 has it.")
    charset = _charset(reading)
    require(charset, f"The Content-Type of {what} names no charset, without which some clients break diacritics.")
    require(charset == "utf-8", f"The Content-Type of {what} names another charset than utf-8.")


@SUITE.check(6, "The bytes of an answer are in the charset that its Content-Type names", "R-008", after=(ANSWERS,))
def bytes_in_charset(session: Session) -> None:
    """Decode the usual answer as a client does that believes the Content-Type."""
    charset = _charset(session.usual_answer())
    if not charset:
        cannot("because the Content-Type names no charset")
    try:
        session.usual_answer().content.decode(charset if charset in _CHARSETS else "us-ascii")
    except UnicodeDecodeError:
        is_read = False
    else:
        is_read = True
    require(is_read, "The bytes of the answer are not in the charset that the Content-Type names.")


@SUITE.check(7, "An answer begins with an XML declaration", "R-008", level=Level.SHOULD, after=(ANSWERS,))
def declaration(session: Session) -> None:
    """Look at the first bytes of the usual answer."""
    has_declaration = session.usual_answer().content.lstrip(b"\xef\xbb\xbf").startswith(b"<?xml ")
    require(has_declaration, "The answer has no XML declaration.")


@SUITE.check(8, "A fault begins with an XML declaration", "R-101", level=Level.SHOULD, after=(ANSWERS,))
def declaration_of_a_fault(session: Session) -> None:
    """Look at the first bytes of a refusal: soap4r loses the prefix of a faultcode without it."""
    has_declaration = session.refusal().content.lstrip(b"\xef\xbb\xbf").startswith(b"<?xml ")
    require(has_declaration, "A fault has no XML declaration, without which one toolkit loses the prefix of its code.")


@SUITE.check(9, "The XML declaration of an answer is of XML 1.0 and utf-8", "R-008", after=("HTTP-04", "HTTP-07"))
def declared(session: Session) -> None:
    """Look at the version, since few toolkits read XML 1.1, and at the encoding, since some believe it alone."""
    declaration = session.usual_answer().content.lstrip(b"\xef\xbb\xbf").partition(b"?>")[0][:_DECLARATION].lower()
    require(_VERSION.search(declaration), "The XML declaration of the answer is of another version than 1.0.")
    encoding = _ENCODING.search(declaration)
    is_utf_8 = encoding is None or encoding[1] == b"utf-8"  # UTF-8 is what XML takes without one
    require(is_utf_8, "The XML declaration of the answer names another encoding than utf-8.")


_WAYS: Final[tuple[tuple[int, str, tuple[str, ...], Callable[[str], dict[str, str]]], ...]] = (
    (11, "a SOAPAction without quotes", ("R-009",), lambda action: {"SOAPAction": action}),
    (12, "an empty SOAPAction", ("R-009",), lambda _: {"SOAPAction": '""'}),
    (13, "a Content-Type without a charset", ("R-010",), lambda _: {"Content-Type": "text/xml"}),
    (14, "a charset in quotes", ("R-010",), lambda _: {"Content-Type": 'text/xml; charset="utf-8"'}),
    (15, "a charset in capitals", ("R-010",), lambda _: {"Content-Type": "text/xml;charset=UTF-8"}),
)


def _add_way(number: int, what: str, rules: tuple[str, ...], headers: Callable[[str], dict[str, str]]) -> None:
    @SUITE.check(number, f"A valid request with {what} is answered", *rules, level=Level.SHOULD, after=(ANSWERS,))
    def way(session: Session) -> None:
        usual = session.usual
        reading = session.call(usual, headers(usual.operation.soap_action))
        require_answered(reading, f"A valid request with {what}, as known clients send it,")


for _way in _WAYS:
    _add_way(*_way)


@SUITE.check(
    16, "A message in UTF-16 with a byte order mark is read", "R-010", level=Level.INFORMATION, after=(ANSWERS,)
)
def utf_16(session: Session) -> None:
    """Send the usual request in UTF-16, which every XML processor must read."""
    text = session.usual.text().replace('encoding="utf-8"', 'encoding="utf-16"', 1)
    headers = {
        "Content-Type": "text/xml; charset=utf-16",
        "SOAPAction": f'"{session.usual.operation.soap_action}"',
    }
    reading = session.send("POST", session.target.url, text.encode("utf-16"), headers)
    require_answered(reading, "A valid request in UTF-16")


@SUITE.check(17, "A GET of the endpoint gives no data", "R-002", after=(ANSWERS,))
def get(session: Session) -> None:
    """Ask with GET, without a message."""
    reading = session.send("GET", session.target.url)
    require(reading.kind is not AnswerKind.DATA, "A GET without any autorisatie is answered with data.")


@SUITE.check(18, "A GET of the endpoint is no success", "R-002", level=Level.INFORMATION, after=(ANSWERS,))
def status_of_get(session: Session) -> str:
    """Ask with GET: 405 is what HTTP has for it, and several stacks show a page."""
    status = session.send("GET", session.target.url).status
    require(status in _REFUSED, f"A GET of the endpoint has HTTP {status}; 405 says best that it takes POST only.")
    return f"A GET of the endpoint has HTTP {status}."


@SUITE.check(19, "A body that is called text/plain is refused", "R-002", level=Level.SHOULD, after=(ANSWERS,))
def another_media_type(session: Session) -> None:
    """Send the usual request as text/plain, as a page in a browser can send it across sites."""
    reading = session.call(session.usual, {"Content-Type": "text/plain"})
    require(reading.kind not in ANSWERED, "A message that is called text/plain is answered as if it were XML.")


@SUITE.check(20, "An answer is compressed with gzip when that is accepted", level=Level.INFORMATION, after=(ANSWERS,))
def compression(session: Session) -> str:
    """Look at the coding of the usual answer, for which gzip is always accepted."""
    if session.usual_answer().reply.header("Content-Encoding").lower() != "gzip":
        omit("The endpoint does not compress; the standard mentions it as a possibility only.")
    return "The answer is compressed with gzip, since the request accepts it."


@SUITE.check(22, "An answer is not compressed when that is not accepted", "R-001", level=Level.SHOULD, after=(ANSWERS,))
def no_compression(session: Session) -> None:
    """Say that no coding is accepted (RFC 9110, 12.5.3): several toolkits cannot decompress."""
    reading = session.call(session.usual, {"Accept-Encoding": "identity"})
    coding = reading.reply.header("Content-Encoding").lower()
    require(coding in {"", "identity"}, "The answer is compressed for a caller that does not accept it.")


@SUITE.check(21, "The endpoint is called over TLS", level=Level.INFORMATION)
def tls(session: Session) -> None:
    """Look at the address."""
    require(
        session.target.url.startswith("https://"), "The address is one of http: names and codes travel unencrypted."
    )


@SUITE.check(
    24,
    "A compressed answer says the same as one that is not",
    "R-118",
    level=Level.SHOULD,
    after=("HTTP-20", "HTTP-22"),
)
def same_compressed(session: Session) -> None:
    """Compare the two, the moment at which they were made apart."""
    compressed = session.usual_answer()
    other = session.call(session.usual, {"Accept-Encoding": "identity"})
    require(_said(compressed) == _said(other), "The compressed answer and the one that is not say different things.")


def _said(reading: Reading) -> list[tuple[str, str, dict[str, str]]]:
    """Return name, text and attributes of each element in the Body."""
    body = reading.body
    elements = [] if body is None else [one for one in body.iter(etree.Element) if local(one) != "aanmaakdatum"]
    return [(str(one.tag), one.text or "", {str(name): str(text) for name, text in one.items()}) for one in elements]


@SUITE.check(
    25,
    "A valid request that expects 100-continue is answered",
    "R-011",
    level=Level.SHOULD,
    after=(ANSWERS,),
)
def expectation(session: Session) -> None:
    """Send the expectation, as programs of .NET do with each POST; the body follows at once."""
    reading = session.call(session.usual, {"Expect": "100-continue"})
    require_answered(reading, "A valid request that expects 100-continue, as known clients send it,")
