"""Documents that would cost the parser much: they are refused by their bytes, and the parser never sees them."""

import itertools
import re
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from support.hostile_documents import COSTLY, DTD, IN_MESSAGES, INSTRUCTION
from support.messages import body, envelope

from uwlr_adapter.contract import markup
from uwlr_adapter.contract.markup import NOT_WELL_FORMED
from uwlr_adapter.contract.request import read
from uwlr_adapter.contract.rules import Rule
from uwlr_adapter.contract.xml import FILE, MESSAGE, Limits, XmlError, parse

ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "iso-8859-1", "windows-1252", "us-ascii"]
SHOWN = {
    "comments": f"<a><!-- {DTD} {INSTRUCTION} --></a>",
    "CDATA": f"<a><![CDATA[ {DTD} {INSTRUCTION} ]]></a>",
    "elements in comments": "<a><!--" + "<b/>" * MESSAGE.elements + "--></a>",
    "signs in a text": f"<a>{'=' * 1000}</a>",
    "signs in an attribute": f"<a b='{'=' * 1000}'/>",
    "keys in base64 as texts": "<a>" + "<b>a=b=c=d==</b>" * (MESSAGE.elements - 1) + "</a>",
    "keys in base64 as values": "<a>" + "<b c='a=b=' d='=\"b=\"=' e=\"='\"/>" * (MESSAGE.elements - 1) + "</a>",
    "the last attribute": "<a " + " ".join(f"b{n}='=='" for n in range(MESSAGE.attributes)) + "/>",
    "the last element": "<a>" + "<b></b>" * (MESSAGE.elements - 1) + "</a>",
}


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Return the documents that the parser gets to see."""
    seen: list[bytes] = []
    by_lxml: Any = etree.fromstring

    def fromstring(data: bytes, parser: etree.XMLParser) -> Any:
        seen.append(data)
        return by_lxml(data, parser)

    monkeypatch.setattr(etree, "fromstring", fromstring)
    return seen


def charset_of(encoding: str) -> str | None:
    """Return the charset that a transport names with a document in this encoding."""
    return None if encoding in {"utf-8-sig", "utf-16"} else encoding


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("name", [*COSTLY, *IN_MESSAGES])
def test_the_parser_never_sees_what_is_refused(parsed: list[bytes], name: str, encoding: str) -> None:
    """A document type, an instruction and more parts than allowed are refused before the parser, in any encoding."""
    document = (COSTLY | IN_MESSAGES)[name].encode(encoding)
    with pytest.raises(XmlError):
        parse(document, MESSAGE, charset_of(encoding))
    assert parsed == []


@pytest.mark.parametrize("name", SHOWN)
def test_what_only_looks_like_it_is_read(parsed: list[bytes], name: str) -> None:
    """What stands in a comment, a CDATA section or a text is no markup, and each limit holds to the last one."""
    parse(SHOWN[name].encode(), MESSAGE)
    assert len(parsed) == 1


@pytest.mark.parametrize(
    ("charset", "codec"),
    [(name, name) for name in ("utf-7", "utf-32", "cp037", "cp500", "gb18030", "shift_jis", "iso-2022-jp", "hz")]
    + [(name, "utf-8") for name in ("zlib", "hex", "rot13", "idna", "wartaal", "../utf-8", "x" * 250)],
)
@pytest.mark.parametrize("declared", [False, True])
def test_an_encoding_that_cannot_be_scanned_is_refused(
    parsed: list[bytes], charset: str, codec: str, *, declared: bool
) -> None:
    """Where `<` may be another byte, or be a part of a character, nothing can be seen before the parser."""
    head = f"<?xml version='1.0' encoding='{charset}'?>" if declared else ""
    with pytest.raises(XmlError):
        parse(f"{head}{DTD}".encode(codec), MESSAGE, None if declared else charset)
    assert not any(b"<" in seen for seen in parsed)  # a declaration in EBCDIC is none: not one tag is read


def test_480_groepen_are_named_in_one_request() -> None:
    """With keys in base64, which are full of signs, and in a message that uses every other element."""
    groepen = "".join(f'<groep key="{place}=b=c=="/>' for place in range(480))
    since = "<laatstontvangengegevens>2026-09-01T00:00:00Z</laatstontvangengegevens>"
    rest = f"<gegevenssetid>a</gegevenssetid><xsdversie>2.2</xsdversie>{since}<groepen>{groepen}</groepen>"
    call = read(envelope(body(rest=rest, operation="leerlingen_verzoek")), "utf-8")
    assert len(call.groepen) == 480


SPELLED = {
    "utf-8": ["utf8", "UTF-8", "utf_8", "u8"],
    "us-ascii": ["ascii", "ANSI_X3.4-1968", "iso646-us", "US-ASCII"],
    "iso-8859-1": ["iso8859-1", "ISO_8859-1", "l1", "latin1", "latin-1", "iso_8859-1:1987", "ISO-8859-1", "cp819"],
    "iso-8859-15": ["ISO8859-15", "latin9", "ISO-8859-15"],
    "windows-1252": ["cp1252", "Windows-1252"],
    "cp850": ["ibm850", "CP850"],
    "utf-16-le": ["utf-16", "UTF-16LE", "utf16"],
    "utf-16-be": ["UTF-16BE"],
}


@pytest.mark.parametrize(("encoding", "name"), [(key, name) for key, names in SPELLED.items() for name in names])
def test_the_spellings_of_toolkits_are_known(encoding: str, name: str) -> None:
    """A charset is known by each name that Python knows for it, in the transport and in the declaration."""
    text = "e" if encoding == "us-ascii" else "é"
    assert markup.encoding_of(f"<a>{text}</a>".encode(encoding), name.lower()) == encoding
    assert parse(f"<a>{text}</a>".encode(encoding), MESSAGE, name.lower()).text == text
    if ":" not in name and not encoding.startswith("utf-16"):
        declared = f"<?xml version='1.0' encoding='{name}'?><a>{text}</a>".encode(encoding)
        assert parse(declared, MESSAGE).text == text


@pytest.mark.parametrize("name", markup.ENCODINGS)
def test_every_encoding_that_is_known_is_read(name: str) -> None:
    """By the parser too, as the same text."""
    encoding = markup.ENCODINGS[name]
    assert parse("<a>x</a>".encode(encoding), MESSAGE, name).text == "x"


@pytest.mark.parametrize("name", ["aliases", "mbcs", "undefined", "x" * 200, "a.b.c", "utf-8\0", "charmap", "oem"])
def test_a_name_imports_and_remembers_nothing(name: str) -> None:
    """A charset of a stranger is looked up in a table: Python's own search imports modules and keeps what it missed."""
    before = set(sys.modules)
    assert markup.encoding_of(b"<a/>", name) is None
    assert set(sys.modules) == before


RULES = [
    (f"<?xml version='1.0'{' ' * 250}?><a/>", None, Rule.XML),
    (f"<?xml version='1.0' encoding='{'x' * 250}'?><a/>", None, Rule.XML),
    ("\n<?xml version='1.0'?><a/>", None, Rule.XML),
    (" <?XML version='1.0'?><a/>", None, Rule.XML),
    ("<?xml version='1.0'?><?xml version='1.0'?><a/>", None, Rule.XML),
    ("\n<?xml version='1.0'?><?doe?><a/>", None, Rule.INSTRUCTION),
    ("<?xml-stylesheet href='x'?><a/>", None, Rule.INSTRUCTION),
    ("<?xml version='1.0' encoding='utf-16'?><a/>", None, Rule.CHARSET),
    ("<?xml version='1.0' encoding='UTF-16BE'?><a/>", None, Rule.CHARSET),
    ("<?xml version='1.0'?><a/>", "utf-16", Rule.CHARSET),
    ("<a/>", "utf-16be", Rule.CHARSET),
    ("", "utf-16", Rule.XML),
]


@pytest.mark.parametrize(("document", "charset", "rule"), RULES)
def test_the_word_is_the_true_one(document: str, charset: str | None, rule: Rule) -> None:
    """A declaration is no instruction, and bytes in another charset than the one that is named are not broken XML."""
    with pytest.raises(XmlError) as caught:
        parse(document.encode(), MESSAGE, charset)
    assert caught.value.rule == rule


def test_a_file_is_scanned_too(parsed: list[bytes]) -> None:
    """A file may have instructions, and what they hold hides no document type."""
    assert parse(f"<?doe {DTD} <!-- ?><a/>".encode(), FILE).tag == "a"
    for document in (DTD, f"<?doe <!-- ?>{DTD}", f"<?doe?>\n{DTD}", f"<!-- <?doe -->{DTD}<!-- ?> -->"):
        with pytest.raises(XmlError):
            parse(document.encode(), FILE)
    assert len(parsed) == 1


PARTS = st.sampled_from(
    ["<a>", "</a>", "<b/>", "<!--", "-->", "<![CDATA[", "]]>", "<?p", "?>", "<!DOCTYPE a>", "x", " ", "'", "b='<'"]
)
SMALL = Limits(octets=10_000, depth=4, elements=6, attributes=2, instructions=False)


@given(st.lists(PARTS, max_size=14), st.sampled_from([SMALL, FILE]))
@settings(deadline=None, max_examples=400)
def test_a_scan_refuses_what_a_walk_over_the_tree_would(parts: list[str], limits: Limits) -> None:
    """Of any bytes, what the parser's tree shows to be refused is refused, and what it shows to be right is read."""
    document = "".join(parts).encode()
    plain = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, remove_comments=True)
    try:
        root = etree.fromstring(document, plain)
    except etree.XMLSyntaxError:
        with pytest.raises(XmlError):
            parse(document, limits)
        return
    nodes = list(itertools.chain(root.itersiblings(preceding=True), root.iter(), root.itersiblings()))
    elements = [node for node in nodes if isinstance(node.tag, str)]
    allowed = (
        root.getroottree().docinfo.internalDTD is None
        and (limits.instructions or len(elements) == len(nodes))
        and len(elements) <= limits.elements
        and all(sum(1 for _ in node.iterancestors()) < limits.depth for node in elements)
    )
    if allowed:
        assert len(parse(document, limits)) == sum(isinstance(child.tag, str) for child in root)
    else:
        with pytest.raises(XmlError):
            parse(document, limits)


@pytest.mark.parametrize("pattern", [markup._HIDDEN, markup._HIDDEN_IN_FILE])  # noqa: SLF001 - what scans
@pytest.mark.parametrize("start", [b"<!--", b"<![CDATA[", b"<!--<![CDATA[x]]>", b"<![CDATA[<!--x-->"])
def test_nothing_without_an_end_is_searched_twice(pattern: re.Pattern[bytes], start: bytes) -> None:
    """A part without an end is one match with all that follows: else each of thousands would be searched to the end."""
    assert len(pattern.findall(start * 1000)) == 1


def test_an_instruction_without_an_end_is_not_searched_twice() -> None:
    """The same holds of an instruction in a file."""
    assert len(markup._HIDDEN_IN_FILE.findall(b"<?x" * 1000)) == 1  # noqa: SLF001 - as above


@pytest.mark.parametrize("document", ["<a>", "<a><!-- x", "<a><![CDATA[", "\0", "<a b='"])
def test_half_a_document_is_known_as_such(document: str) -> None:
    """What stops half-way is told apart from what is refused: a chunked body may have been cut off."""
    with pytest.raises(XmlError) as caught:
        parse(document.encode(), MESSAGE)
    assert caught.value.reason == NOT_WELL_FORMED
