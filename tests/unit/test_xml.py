"""The one parser: what it takes, what it refuses, and that each limit holds."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from uwlr_adapter.contract.escape import escape_attribute, escape_text
from uwlr_adapter.contract.markup import NOT_WELL_FORMED
from uwlr_adapter.contract.xml import FILE, MESSAGE, UNKNOWN_CHARSET, Limits, XmlError, parse

SMALL = Limits(octets=200, depth=3, elements=4, attributes=2, instructions=False)
XML_TEXT = st.text(
    st.characters(codec="utf-8", exclude_characters="\ufffe\uffff", exclude_categories=("Cs", "Cc"))
    | st.sampled_from("\t\n\r")
)


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"   ",
        b"<a>",
        b"<a></b>",
        b"\x00",
        b"<a/><b/>",
        b"<a>\xff</a>",
        b'<?xml version="1.0" encoding="geen-charset"?><a/>',
        b"<a b='1' b='2'/>",
        b"<p:a/>",
        b"<a>&onbekend;</a>",
    ],
)
def test_what_is_no_xml_is_refused(document: bytes) -> None:
    """Bytes that are no well-formed XML give an XmlError, whatever is wrong with them."""
    with pytest.raises(XmlError):
        parse(document, MESSAGE)


@pytest.mark.parametrize(
    "document",
    [
        b"<!DOCTYPE a><a/>",
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
        b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><a>&b;&b;&b;&b;</a>',
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>',
        b'<!DOCTYPE a [<!ATTLIST a b CDATA "c">]><a/>',
    ],
)
@pytest.mark.parametrize("limits", [MESSAGE, FILE])
def test_a_document_type_is_refused(document: bytes, limits: Limits) -> None:
    """Any DTD is refused, in messages and in files, so that no entity is ever expanded or fetched."""
    with pytest.raises(XmlError):
        parse(document, limits)


@pytest.mark.parametrize("document", [b"<?doe iets?><a/>", b"<a><?doe iets?></a>", b"<a/><?doe iets?>"])
def test_an_instruction_is_refused_in_a_message_and_passed_over_in_a_file(document: bytes) -> None:
    """SOAP 1.1 forbids processing instructions; a file of a school may carry a style sheet."""
    with pytest.raises(XmlError):
        parse(document, MESSAGE)
    assert len(parse(document, FILE)) == 0


@pytest.mark.parametrize(
    ("inside", "beyond"),
    [
        (b"<a>" + b"x" * 193 + b"</a>", b"<a>" + b"x" * 194 + b"</a>"),
        (b"<a><b><c/></b></a>", b"<a><b><c><d/></c></b></a>"),
        (b"<a><b/><b/><b/></a>", b"<a><b/><b/><b/><b/></a>"),
        (b"<a b='1' c='2'/>", b"<a b='1' c='2' d='3'/>"),
    ],
)
def test_each_limit_holds_to_the_last_one(inside: bytes, beyond: bytes) -> None:
    """A document at a limit is taken, one beyond it is refused."""
    parse(inside, SMALL)
    with pytest.raises(XmlError):
        parse(beyond, SMALL)


def test_a_flood_of_namespaces_is_refused() -> None:
    """Namespace declarations count as attributes: libxml2 has no limit of its own."""
    flood = " ".join(f'xmlns:n{number}="urn:{number}"' for number in range(100))
    with pytest.raises(XmlError):
        parse(f"<a {flood}/>".encode(), MESSAGE)


def test_comments_do_not_split_a_value() -> None:
    """A comment inside a value is no part of it and hides nothing behind it."""
    assert parse(b"<a>2026<!-- of toch --> </a>", MESSAGE).text == "2026 "


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1"])
def test_encodings_are_those_of_the_declaration(encoding: str) -> None:
    """A message in another encoding comes in as the same text; a byte order mark is no content."""
    declared = encoding.removesuffix("-sig")
    document = f'<?xml version="1.0" encoding="{declared}"?><a>Zoë</a>'.encode(encoding)
    assert parse(document, MESSAGE).text == "Zoë"


def test_a_refusal_names_the_place_and_not_the_text() -> None:
    """An operator finds the line; the text of the file stands in no message."""
    with pytest.raises(XmlError) as caught:
        parse(b"<a>\n<geheim>\n</a>", FILE)
    assert caught.value.line == 3
    assert "geheim" not in str(caught.value)


@given(XML_TEXT)
def test_escaping_is_that_of_lxml(text: str) -> None:
    """Text and attributes are written as lxml writes them, so that they come back unchanged."""
    element = etree.Element("a", b=text)
    element.text = text
    written = f'<a b="{escape_attribute(text)}">{escape_text(text)}</a>'
    assert etree.tostring(element, encoding="unicode").replace("/>", "></a>") == written
    back = etree.fromstring(written)
    assert (back.text or "", back.get("b")) == (text, text)


@given(
    st.integers(0, 40),
    st.integers(0, 40),
    st.sampled_from(["utf-8", "utf-16", "iso-8859-1", "utf-7", "cp037"]),
    st.booleans(),
)
@settings(deadline=None)
def test_a_glance_at_the_bytes_never_hides_a_limit(depth: int, attributes: int, encoding: str, declared: bool) -> None:  # noqa: FBT001
    """`parse` refuses whatever the walk over the tree refuses, in any encoding."""
    head = f'<?xml version="1.0" encoding="{encoding}"?>' if declared else ""
    inner = "<a>" * depth + "<b " + " ".join(f'a{number}="1"' for number in range(attributes)) + "/>" + "</a>" * depth
    data = f"{head}{inner}".encode(encoding)
    allowed = depth + 1 <= MESSAGE.depth and attributes <= MESSAGE.attributes
    reason = None
    try:
        parse(data, MESSAGE, None if declared else encoding)
    except XmlError as error:
        reason = error.reason
    assert allowed if reason is None else not allowed or reason in {NOT_WELL_FORMED, UNKNOWN_CHARSET}
