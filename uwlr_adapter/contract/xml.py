"""The only XML parser of the project, with its limits.

Refused: a document type (and with it every entity and default attribute), processing instructions in a message, depth
and counts beyond the limits. Nothing is fetched, nothing is expanded, comments are dropped.
"""

import codecs
import functools
import string
import threading
from dataclasses import dataclass

from lxml import etree

from uwlr_adapter.contract.rules import Rule
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
    """Whether processing instructions are ignored (files) or refused (messages, as SOAP 1.1 says)."""


MESSAGE = Limits(octets=64 * 1024, depth=16, elements=2_000, attributes=32, instructions=False)
"""For a request: 64 KiB is thirty times the largest one seen; group references are the only part that can grow."""

FILE = Limits(octets=64 * 1024 * 1024, depth=32, elements=4_000_000, attributes=64, instructions=True)
"""For a file or an answer: room for twenty times the largest school in the country."""


NOT_WELL_FORMED = "not well-formed XML"
"""The reason for bytes that are no XML at all, or only a part of it."""
UNKNOWN_CHARSET = "in a charset that is not known, or not in the charset that is named"
"""The reason for bytes that cannot be read as text."""
_OF_CHARSET = frozenset(
    {
        etree.ErrorTypes.ERR_UNKNOWN_ENCODING,
        etree.ErrorTypes.ERR_UNSUPPORTED_ENCODING,
        etree.ErrorTypes.ERR_INVALID_ENCODING,
    }
)
"""The errors of libxml2 that are about the charset."""


class XmlError(UwlrAdapterError):
    """The bytes are no acceptable XML; `reason` is fixed text, `line` and `column` count from 1, 0 when unknown.

    `rule` is the word for a caller.
    """

    def __init__(self, reason: str, line: int = 0, column: int = 0, *, rule: Rule = Rule.TOO_MUCH) -> None:
        super().__init__(f"line {line}, column {column}: {reason}" if line else reason)
        self.reason = reason
        self.rule = rule
        self.line = line
        self.column = column


def parse(data: bytes, limits: Limits, charset: str | None = None) -> etree._Element:
    """Parse a document that keeps within the limits and return its root. Raises XmlError for any other bytes.

    The encoding is that of a byte order mark, else the transport's `charset`, else the declaration (RFC 7303, 3.2).
    """
    if len(data) > limits.octets:
        raise XmlError(f"larger than {limits.octets} bytes")
    if data.startswith(_MARKS):
        charset = None
    try:
        root = etree.fromstring(data, _cached_parser(limits, charset))
    except etree.XMLSyntaxError as error:
        if error.code in _OF_CHARSET:  # type: ignore[attr-defined] # the stubs miss it
            raise XmlError(UNKNOWN_CHARSET, rule=Rule.CHARSET) from None
        line, column = error.position
        raise XmlError(NOT_WELL_FORMED, max(line or 0, 0), max(column or 0, 0), rule=Rule.XML) from None
    except LookupError:
        raise XmlError(UNKNOWN_CHARSET, rule=Rule.CHARSET) from None
    except ValueError:
        raise XmlError(NOT_WELL_FORMED, rule=Rule.XML) from None
    if not _is_plain(data, root, limits):
        _check_around(root)
        if not _is_within(data, root, limits):
            _check_size(root, limits)
    return root


def parse_own(data: bytes) -> etree._Element:
    """Parse bytes that this process wrote itself, without limits, and return the root."""
    return etree.fromstring(data, _parser(FILE, None))


def _cached_parser(limits: Limits, charset: str | None) -> etree.XMLParser:
    """Return a parser, for the usual requests one per thread: making one takes as long as parsing a request."""
    if limits is not MESSAGE or charset not in _USUAL_CHARSETS:
        return _parser(limits, charset)
    parser = _THREAD.parsers.get(charset)
    if parser is None:
        parser = _THREAD.parsers[charset] = _parser(limits, charset)
    return parser


class _ThreadParsers(threading.local):
    """The parsers of one thread, by charset."""

    def __init__(self) -> None:
        self.parsers: dict[str | None, etree.XMLParser] = {}


_USUAL_CHARSETS = frozenset({None, "utf-8"})
_THREAD = _ThreadParsers()


def _parser(limits: Limits, charset: str | None) -> etree.XMLParser:
    """Return a new parser that fetches and expands nothing. Raises LookupError for an unknown charset."""
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
    """Whether the bytes alone show that nothing in them can be refused, so that the tree need not be walked.

    Opening tags bound the number of elements and their depth; `=` signs bound the attributes; a document type begins
    with `<!`, a processing instruction with `<?`. This holds only in encodings in which these bytes mean nothing else.
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
    """Whether no limit is passed, found without walking the tree in Python.

    Opening tags bound the number of elements and their depth; `=` signs bound the attributes, and `xmlns` the namespace
    declarations. This holds only in encodings in which these bytes mean nothing else. For a larger document libxml2
    checks the depth and the attributes.
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
    """Return a query for whether an element is too deep or has too many attributes, or an instruction is left."""
    return etree.XPath(
        f"boolean({'/*' * (limits.depth + 1)}) or boolean(//*[@*[{limits.attributes + 1}]])"
        " or boolean(//processing-instruction())"
    )


_BEGIN = (b"<?xml ", *(b"<" + letter.encode() for letter in string.ascii_letters))
"""The first bytes of a plain document: its declaration or its root."""
_BYTE_FOR_BYTE = frozenset({"UTF-8", "US-ASCII", "ASCII", "ISO-8859-1", "WINDOWS-1252"})
"""Encodings in which `<` and `=` are one byte, and that byte is never a part of another character."""


def _check_around(root: etree._Element) -> None:
    info = root.getroottree().docinfo
    if info.internalDTD is not None or info.externalDTD is not None or info.doctype:
        raise XmlError("a document type is not allowed", rule=Rule.DTD)
    if root.getprevious() is not None or root.getnext() is not None:
        raise XmlError("a processing instruction is not allowed", rule=Rule.INSTRUCTION)


def _check_size(root: etree._Element, limits: Limits) -> None:
    elements = 0
    depth = 0
    for event, element in etree.iterwalk(root, events=("start", "end", "pi", "comment")):
        if event == "end":
            depth -= 1
            continue
        if event != "start":
            raise XmlError("a processing instruction is not allowed", element.sourceline or 0, rule=Rule.INSTRUCTION)
        depth += 1
        elements += 1
        if depth > limits.depth:
            raise XmlError(f"nested deeper than {limits.depth}", element.sourceline or 0)
        if elements > limits.elements:
            raise XmlError(f"more than {limits.elements} elements", element.sourceline or 0)
        if len(element.attrib) > limits.attributes or len(element.nsmap) > 2 * limits.attributes:
            raise XmlError(f"more than {limits.attributes} attributes on one element", element.sourceline or 0)
