"""The only XML parser of the project, with its limits.

Refused: a document type (and with it every entity and default attribute), processing instructions in a message, names,
depth and amounts beyond the limits. Nothing is fetched, nothing is expanded, comments are dropped.
"""

import codecs
import functools
import re
import string
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape as _escape

from lxml import etree

from uwlr_adapter.errors import UwlrAdapterError

_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one kind of document; each has a reason."""

    octets: int
    """Size in bytes. A valid verzoek is under 2 kB; a school of 1,500 leerlingen is about 1 MB."""

    depth: int
    """Nesting. An envelope needs 5, an EDEXML file 6 and its supplier blocks a little more."""

    elements: int
    """Elements in all: what a tree may cost in memory."""

    attributes: int
    """Attributes and namespace declarations on one element: libxml2 has no limit of its own."""

    instructions: bool
    """Whether processing instructions are passed over (files) or refused (messages, as SOAP 1.1 has it)."""


MESSAGE = Limits(octets=64 * 1024, depth=16, elements=2_000, attributes=32, instructions=False)
"""For a request: 64 kB is thirty times the largest seen; group references are the only part that can grow."""

FILE = Limits(octets=64 * 1024 * 1024, depth=32, elements=4_000_000, attributes=64, instructions=True)
"""For a file or an answer: room for a school twenty times the largest in the country."""


NOT_WELL_FORMED = "not well-formed XML"
"""The reason of bytes that are no XML at all, or only a part of it."""


class XmlError(UwlrAdapterError):
    """The bytes are no XML that we take; `reden` is fixed text, `regel` and `kolom` count from 1, 0 when unknown."""

    def __init__(self, reason: str, line: int = 0, column: int = 0) -> None:
        super().__init__(f"line {line}, column {column}: {reason}" if line else reason)
        self.reason = reason
        self.line = line
        self.column = column


def parse(data: bytes, limits: Limits, charset: str | None = None) -> etree._Element:
    """Give the root element of a document that keeps within the limits; raises XmlError for any other bytes.

    A byte order mark tells the encoding, else the transport's `charset`, else the declaration (RFC 7303, 3.2).
    """
    if len(data) > limits.octets:
        raise XmlError(f"larger than {limits.octets} bytes")
    if data.startswith(_MARKS):
        charset = None
    try:
        root = etree.fromstring(data, _parser_at_hand(limits, charset))
    except etree.XMLSyntaxError as error:
        line, column = error.position
        raise XmlError(NOT_WELL_FORMED, max(line or 0, 0), max(column or 0, 0)) from None
    except (ValueError, LookupError):
        raise XmlError(NOT_WELL_FORMED) from None
    if not _is_plain(data, root, limits):
        _check_around(root)
        if not _is_within(data, root, limits):
            _check_size(root, limits)
    return root


def parse_own(data: bytes) -> etree._Element:
    """Give the root element of bytes that this process wrote itself: limits are for what others send."""
    return etree.fromstring(data, _parser(FILE, None))


def _parser_at_hand(limits: Limits, charset: str | None) -> etree.XMLParser:
    """Give a parser for what is sent most, one for each thread: making it takes as long as parsing a request."""
    if limits is not MESSAGE or charset not in _USUAL:
        return _parser(limits, charset)
    found = _AT_HAND.parsers.get(charset)
    if found is None:
        found = _AT_HAND.parsers[charset] = _parser(limits, charset)
    return found


class _AtHand(threading.local):
    """What one thread keeps."""

    def __init__(self) -> None:
        self.parsers: dict[str | None, etree.XMLParser] = {}


_USUAL = frozenset({None, "utf-8"})
_AT_HAND = _AtHand()


def _parser(limits: Limits, charset: str | None) -> etree.XMLParser:
    """Give a parser that fetches and expands nothing; raises LookupError for an unknown charset."""
    return etree.XMLParser(
        encoding=charset,
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        no_network=True,
        huge_tree=False,
        recover=False,
        remove_comments=True,
        remove_pis=limits.instructions,
        collect_ids=False,
    )


def _is_plain(data: bytes, root: etree._Element, limits: Limits) -> bool:
    """Whether a look at the bytes shows that nothing in them can be refused, so that the tree need not be walked.

    There are no more elements, and they are no deeper, than tags that open; no more attributes than signs of equality;
    a document type begins with `<!`, a processing instruction with `<?`. Only in encodings in which these bytes stand
    for nothing else.
    """
    return (
        data.find(b"<!") == -1
        and data.find(b"<?", 1) == -1
        and data.startswith(_BEGIN)
        and data.count(b"<") - data.count(b"</") <= limits.depth
        and data.count(b"=") <= limits.attributes
        and (root.getroottree().docinfo.encoding or "").upper() in _BYTE_FOR_BYTE
    )


def _is_within(data: bytes, root: etree._Element, limits: Limits) -> bool:
    """Whether it is plain that no limit is passed, so that the tree need not be walked for the one that is.

    There are no more elements, and they are no deeper, than tags that open; no more attributes than signs of equality,
    and no more declarations of a namespace than times that `xmlns` is said. Only in encodings in which these bytes
    stand for nothing else. Of what is larger libxml2 looks at the depth and the attributes.
    """
    if (root.getroottree().docinfo.encoding or "").upper() not in _BYTE_FOR_BYTE:
        return False
    elements = data.count(b"<") - data.count(b"</")
    if elements <= limits.depth and data.count(b"=") <= limits.attributes:
        return data.find(b"<?", 1) == -1
    if elements > limits.elements or data.count(b"xmlns") > limits.attributes:
        return False
    return not _passes_limit(limits)(root)


@functools.cache
def _passes_limit(limits: Limits) -> etree.XPath:
    """Give a look for what is too deep, has too many attributes, or is an instruction that was not passed over."""
    return etree.XPath(
        f"boolean({'/*' * (limits.depth + 1)}) or boolean(//*[@*[{limits.attributes + 1}]])"
        " or boolean(//processing-instruction())"
    )


_BEGIN = (b"<?xml ", *(b"<" + letter.encode() for letter in string.ascii_letters))
"""What a document without anything strange begins with: its declaration or its root."""
_BYTE_FOR_BYTE = frozenset({"UTF-8", "US-ASCII", "ASCII", "ISO-8859-1", "WINDOWS-1252"})
"""Encodings in which `<` and `=` are one byte, and that byte is never a part of another letter."""


def _check_around(root: etree._Element) -> None:
    info = root.getroottree().docinfo
    if info.internalDTD is not None or info.externalDTD is not None or info.doctype:
        raise XmlError("a document type is not allowed")
    if root.getprevious() is not None or root.getnext() is not None:
        raise XmlError("a processing instruction is not allowed")


def _check_size(root: etree._Element, limits: Limits) -> None:
    elements = 0
    depth = 0
    for event, element in etree.iterwalk(root, events=("start", "end", "pi", "comment")):
        if event == "end":
            depth -= 1
            continue
        if event != "start":
            raise XmlError("a processing instruction is not allowed", element.sourceline or 0)
        depth += 1
        elements += 1
        if depth > limits.depth:
            raise XmlError(f"nested deeper than {limits.depth}", element.sourceline or 0)
        if elements > limits.elements:
            raise XmlError(f"more than {limits.elements} elements", element.sourceline or 0)
        if len(element.attrib) > limits.attributes or len(element.nsmap) > 2 * limits.attributes:
            raise XmlError(f"more than {limits.attributes} attributes on one element", element.sourceline or 0)


_TEXT_SIGNS = "&<>\r"
_ATTRIBUTE_SIGNS = '&<>"\t\n\r'
_TEXT_SPECIAL, _ATTRIBUTE_SPECIAL = re.compile(f"[{_TEXT_SIGNS}]"), re.compile(f"[{_ATTRIBUTE_SIGNS}]")


def escape_text(text: str) -> str:
    """Escape text content as lxml does, so that every XML character comes back as it was."""
    return _escape(text, {"\r": "&#13;"}) if _TEXT_SPECIAL.search(text) else text


def escape_attribute(text: str) -> str:
    """Escape an attribute value as lxml does; white space that a parser would fold is written as a reference."""
    if not _ATTRIBUTE_SPECIAL.search(text):
        return text
    return _escape(text, {'"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"})


def escape_all(texts: Sequence[str | None], *, attribute: bool = False) -> Sequence[str | None]:
    """Escape many texts, or attribute values: one look at all of them together, since most need nothing."""
    signs, escape = (_ATTRIBUTE_SIGNS, escape_attribute) if attribute else (_TEXT_SIGNS, escape_text)
    joined = "".join(filter(None, texts))
    if any(sign in joined for sign in signs):
        return [text and escape(text) for text in texts]
    return texts
