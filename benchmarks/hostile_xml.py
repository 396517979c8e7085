"""Bodies that aim at the XML parser and at what comes behind it, for `hostile_requests.py`."""

import itertools
from collections.abc import Callable, Iterator

from uwlr_adapter.contract.leerresultaten.names import LEERRESULTATEN
from uwlr_adapter.contract.leerresultaten.request import HEAD_OCTETS
from uwlr_adapter.contract.leerresultaten.request import MESSAGE as RESULTS
from uwlr_adapter.contract.names import AUTORISATIE, SOAP11
from uwlr_adapter.contract.xml import MESSAGE

MANY = MESSAGE.elements - 20
"""Elements beside those of the message itself."""
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_START = f'<s:Envelope xmlns:s="{SOAP11}">'
_END = "</s:Envelope>"


def fill(part: str, start: str = "", end: str = "", octets: int = MESSAGE.octets) -> bytes:
    """Return as many of a part as fit between start and end."""
    room = octets - len(start.encode()) - len(end.encode())
    return (start + part * (room // len(part.encode())) + end).encode()


def _numbered(part: Callable[[int], str], start: str = "<a>", end: str = "</a>") -> bytes:
    """Return as many parts as fit between start and end, each with its number."""
    room, parts = MESSAGE.octets - len(start) - len(end), list[str]()
    for number in itertools.count():
        room -= len(part(number))
        if room < 0:
            break
        parts.append(part(number))
    return (start + "".join(parts) + end).encode()


def documents() -> Iterator[tuple[str, bytes, str]]:
    """Yield XML that is no message, with its name and its Content-Type."""
    for name, body in (*_prologs(), *_contents(), *_nothings()):
        yield name, body, "text/xml"
    elements = fill("<a/>", "<a>", "</a>", MESSAGE.octets // 2 - 8).decode()
    yield "elements in UTF-16", elements.encode("utf-16"), "text/xml"
    yield "elements in UTF-16, without a mark", elements.encode("utf-16-be"), "text/xml"
    yield "DTD in UTF-16", _dtd(MESSAGE.octets // 2 - 8).decode().encode("utf-16"), "text/xml"
    for charset in ("utf-7", "utf-32", "utf-16", "cp037", "latin-1", "iso-2022-jp", "gb18030", "shift_jis"):
        coded = elements.encode(charset)[: MESSAGE.octets]
        yield f"elements in {charset}", coded, f"text/xml; charset={charset}"
    for charset in ("windows-1252", "iso-8859-1"):
        yield f"text in {charset}", fill("\x7f", "<a>", "</a>"), f"text/xml; charset={charset}"


def _dtd(octets: int = MESSAGE.octets) -> bytes:
    return fill("<!ELEMENT a ANY>", "<!DOCTYPE a [", "]><a/>", octets)


def _prologs() -> Iterator[tuple[str, bytes]]:
    """Yield documents that are refused for what stands before their root."""
    bomb = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 50}">' for n in range(20))
    yield "5,252 attribute declarations", _numbered(lambda n: f"b{n:x} ID ''\n", "<!DOCTYPE a [<!ATTLIST a ", ">]><a/>")
    yield "element declarations", _dtd()
    yield "ATTLISTs", fill("<!ATTLIST a b CDATA ''>", "<!DOCTYPE a [", "]><a/>")
    yield "entities", _numbered(lambda n: f'<!ENTITY e{n} "x">', "<!DOCTYPE a [", "]><a/>")
    yield "entities in entities", f'<!DOCTYPE a [<!ENTITY e0 "x">{bomb}]><a>&e20;</a>'.encode()
    yield "DTD behind comments", fill("<!---->", end="<!DOCTYPE a><a/>")
    yield "DTD with comments without an end", fill("<!--<![CDATA[x]]>", "<!DOCTYPE a [", "<a/>")
    yield "instructions before the root", fill("<?a?>", end="<a/>")
    yield "spaces before the root", fill(" ", end="<a/>")
    yield "spaces in the declaration", fill(" ", "<?xml version='1.0'", "?><a/>")
    yield "a long encoding", fill("a", "<?xml version='1.0' encoding='", "'?><a/>")


def _contents() -> Iterator[tuple[str, bytes]]:
    """Yield documents that are well-formed, or nearly."""
    attributes = " ".join(f'a{n}=""' for n in range(MESSAGE.attributes))
    declarations = "".join(
        "<a" + "".join(f' xmlns:p{level}x{n}="u{n}"' for n in range(MESSAGE.attributes)) + ">" for level in range(14)
    )
    for name, part in (
        ("elements", "<a/>"),
        ("elements with text", "<a/>x"),
        ("depth of 16, again and again", "<a>" * 15 + "</a>" * 15),
        ("signs", "= "),
        ("signs of attributes", '="'),
        ("signs of attributes, of two kinds", "=\"='"),
        ("instructions", "<?a?>"),
        ("comments", "<!---->"),
        ("comments without an end", "<!--"),
        ("comments around CDATA without an end", "<!--<![CDATA[x]]>"),
        ("CDATA", "<![CDATA[]]>"),
        ("CDATA without an end", "<![CDATA["),
        ("32 attributes, again and again", f"<a {attributes}/>"),
        ("undeclared prefixes", "<b:c/>"),
        ("prefixes without a name", "<:/>"),
        ("references", "&#9;"),
        ("&amp;", "&amp;"),
        ("unknown entities", "&a;"),
        ("text", "a"),
        ("letters of three bytes", "\u4e00"),
        ("ends of lines", "\r\n"),
        ("]]>", "]]>"),
    ):
        yield name, fill(part, "<a>", "</a>")
        octets = min(MESSAGE.octets, MANY * len(part.encode()) + len("<a></a>"))
        yield f"{name}, {MANY:,} at most", fill(part, "<a>", "</a>", octets)
    yield "depth", b"<a>" * 9362 + b"</a>" * 9362
    yield "names of their own", _numbered(lambda n: f"<a{n}/>")
    yield "one attribute", fill("a", '<a b="', '"/>')
    yield "one attribute of references", fill("&#9;", '<a b="', '"/>')
    yield "one attribute of elements", fill("<a/>", "<a b='", "'/>")
    yield "attributes", _numbered(lambda n: f' a{n}=""', "<a", "/>")
    yield "the same attribute", fill(' a=""', "<a", "/>")
    yield "attributes with a prefix", fill(' b:c=""', "<a", "/>")
    yield "namespaces", _numbered(lambda n: f' xmlns:a{n}="u{n}"', "<a", "/>")
    yield "namespaces, nested", fill("<a/>", _START + declarations, "</a>" * 14 + _END)
    yield "namespaces that are no URI", _numbered(lambda n: f'<a xmlns:b="{n} %"/>')
    yield "one name", fill("a", "<", "/>")
    yield "long names", (b"<a>" + b"<%b/>" % (b"a" * 130) * MANY + b"</a>")[: MESSAGE.octets]


def _nothings() -> Iterator[tuple[str, bytes]]:
    """Yield bytes that are no XML."""
    yield "text that is no XML", fill("a")
    yield "nothing but spaces", fill(" ")
    yield "nothing but <", fill("<")
    yield "depth without an end", fill("<a>")
    yield "zero bytes", b"\0" * MESSAGE.octets
    yield "bytes that are no UTF-8", b"<a>" + b"\xff" * 60000 + b"</a>"


def results(good: str) -> Iterator[tuple[str, bytes]]:
    """Yield messages with results of a stranger, with their names; `good` is a fetch, whose header they carry."""
    header = good[: good.index("<s:Body>")].replace("<klantcode>", "<klantcode>geen-")
    school = "<school><brincode>21QW</brincode>{}</school>"
    opening = f'{header}<s:Body><leerresultaten_verzoek xmlns="{LEERRESULTATEN}">'
    closing = "</leerresultaten_verzoek></s:Body></s:Envelope>"
    for octets in (HEAD_OCTETS, RESULTS.octets):
        for name, part in (
            ("elements", "<a/>"),
            ("attributes", '<a b="" c="" d=""/>'),
            ("namespaces", '<a xmlns="u"/>'),
            ("types", f'<b xmlns:i="{_XSI}" i:type="i:b" i:nil="true"/>'),
            ("schools", "<school/>"),
            ("comments", "<!--x-->"),
        ):
            yield f"{name}, {octets:,} bytes", fill(part, opening + school.format(""), closing, octets)
            yield f"{name} before the school, {octets:,} bytes", fill(part, opening, closing, octets)
    start, end, rest = header.partition("</autorisatie>")
    parts = fill("<a/>", start, end, HEAD_OCTETS - 400).decode()
    yield "parts of the autorisatie", f"{parts}{rest}{opening[len(header) :]}{closing}".encode()
    yield "children of the school", fill("<a/>", opening + "<school>", f"</school>{closing}", HEAD_OCTETS)


def messages(good: str) -> Iterator[tuple[str, bytes]]:
    """Yield messages that are ours up to some point, with their names; *afnemer*: with its right codes."""
    header_end, body_end = "</autorisatie>", "</leerlinggegevens_verzoek>"
    stranger = good.replace("<klantcode>", "<klantcode>geen-")
    getrapt = good.replace("leerlinggegevens_verzoek", "leerlingen_verzoek")
    getrapt = getrapt.replace("</leerlingen_verzoek>", "<groepen></groepen></leerlingen_verzoek>")

    def with_many(message: str, before: str, part: str, most: int = MANY) -> bytes:
        """Return a message with as many of a part as are let in before a text, where that stands first."""
        number = min(most // (part.count("<") - part.count("</")), (MESSAGE.octets - len(message)) // len(part))
        return message.replace(before, part * number + before, 1).encode()

    for name, before, part in (
        ("headers", "<autorisatie", "<b/>"),
        ("headers with an actor", "<autorisatie", '<b s:actor="a"/>'),
        ("autorisaties", "<autorisatie", f'<autorisatie xmlns="{AUTORISATIE}"/>'),
        ("parts of the autorisatie", header_end, "<klantnaam/>"),
        ("parts without a namespace", header_end, '<klantnaam xmlns=""/>'),
        ("unknown parts of the autorisatie", header_end, "<b/>"),
        ("unknown children", body_end, "<b/>"),
        ("children with long names", body_end, f"<{'b' * 125}/>"),
        ("empty children", body_end, "<gegevenssetid/>"),
        ("schoolkeys", body_end, "<schoolkey>a</schoolkey>"),
        ("children in no order", body_end, "<schooljaar> </schooljaar><xsdversie/>"),
        ("children with spaces", body_end, "<b> </b>"),
        ("values of a wrong form", body_end, "<schooljaar>x</schooljaar>"),
        ("types of a caller", body_end, f'<b xmlns:i="{_XSI}" i:type="i:b" i:nil="true"/>'),
        ("schemaLocations", body_end, f'<b xmlns:i="{_XSI}" i:schemaLocation="a b"/>'),
    ):
        yield f"{name}, stranger", with_many(stranger, before, part)
        yield f"{name}, afnemer", with_many(good, before, part)
        yield f"1,500 {name}, afnemer", with_many(good, before, part, 1500)
    for name, part in (
        ("groepen", '<groep key="een"/>'),
        ("groepen with spaces", '<groep key=" a "/>'),
        ("groepen without a key", '<groep key=""/>'),
        ("groepen of a wrong form", '<groep sleutel="a"/>'),
        ("groepen with text between", '<groep key=" a "/>é&#x10FFFF;'),
    ):
        for most in (MANY, 1500):
            yield f"{most:,} {name}, afnemer", with_many(getrapt, "</groepen>", part, most)
    keys = "".join(f'<groep key="{n}"/>' for n in range(MANY))
    yield "groepen of different keys, afnemer", getrapt.replace("</groepen>", f"{keys}</groepen>").encode()
    yield "groepen twice, afnemer", getrapt.replace("</groepen>", f"{keys}</groepen><groepen>{keys}</groepen>").encode()
    moment = f"<laatstontvangengegevens>{'1' * 60000}</laatstontvangengegevens>"
    yield "a moment of 60 kB, afnemer", good.replace(body_end, moment + body_end).encode()
    yield "a schooljaar of 60 kB, afnemer", good.replace("<schooljaar>", f"<schooljaar>{'1' * 60000}").encode()
    yield "a klantnaam of 60 kB", good.replace("<klantnaam>", f"<klantnaam>{'a' * 60000}").encode()
    yield "nearly plain, 8 kB", good.replace(_END, " " * 7000 + f"x{_END}").encode()
    yield "nearly plain, with declarations", fill(' xmlns:a="urn:a"', "<s:Envelope", f">{_END}", 8000)
