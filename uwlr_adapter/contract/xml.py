"""The only XML parser of the project, with its limits.

Refused: a document type (and with it every entity and default attribute), processing instructions in a message, depth
and counts beyond the limits. Nothing is fetched, nothing is expanded, comments are dropped.
"""

import functools
import threading
from dataclasses import dataclass

from lxml import etree

from uwlr_adapter.contract import markup
from uwlr_adapter.contract.markup import NOT_WELL_FORMED
from uwlr_adapter.contract.rules import Rule
from uwlr_adapter.errors import UwlrAdapterError


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one kind of document; each has a reason."""

    octets: int
    """Size in bytes. A valid verzoek is under 2 kB; a school of 1,500 leerlingen is about 1 MB."""

    depth: int
    """Nesting. An envelope needs 5, an EDEXML file 6 and its supplier blocks a little more."""

    elements: int
    """Elements in all: what a tree may cost in time and memory."""

    attributes: int
    """Attributes and namespace declarations on one element: libxml2 has no limit of its own."""

    instructions: bool
    """Whether processing instructions are ignored (files) or refused (messages, as SOAP 1.1 says)."""


MESSAGE = Limits(octets=64 * 1024, depth=16, elements=500, attributes=32, instructions=False)
"""For a request: 64 KiB is thirty times the largest one seen. Group references are the only part that can grow, and a
school has fewer than a hundred groups."""

FILE = Limits(octets=64 * 1024 * 1024, depth=32, elements=4_000_000, attributes=64, instructions=True)
"""For a file: room for twenty times the largest school in the country."""

ANSWER = Limits(octets=16 * 1024 * 1024, depth=32, elements=500_000, attributes=64, instructions=True)
"""For an answer of another service: five times the largest school in the country."""


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
_RULES = {
    NOT_WELL_FORMED: Rule.XML,
    markup.DOCUMENT_TYPE: Rule.DTD,
    markup.INSTRUCTION: Rule.INSTRUCTION,
    UNKNOWN_CHARSET: Rule.CHARSET,
}
"""The words for these reasons; each other one is about how much there is."""


class XmlError(UwlrAdapterError):
    """The bytes are no acceptable XML; `reason` is fixed text, `line` and `column` count from 1, 0 when unknown.

    `rule` is the word for a caller.
    """

    def __init__(self, reason: str, line: int = 0, column: int = 0) -> None:
        super().__init__(f"line {line}, column {column}: {reason}" if line else reason)
        self.reason = reason
        self.rule = _RULES.get(reason, Rule.TOO_MUCH)
        self.line = line
        self.column = column


def parse(data: bytes, limits: Limits, charset: str | None = None) -> etree._Element:
    """Parse a document that keeps within the limits and return its root. Raises XmlError for any other bytes.

    The encoding is that of a byte order mark, else the transport's `charset` in lower case, else the declaration (RFC
    7303, 3.2). What costs time to parse is refused before the parser sees it (`contract.markup`).
    """
    if len(data) > limits.octets:
        raise XmlError(f"larger than {limits.octets} bytes")
    encoding = markup.encoding_of(data, charset)
    try:
        if encoding is None:
            raise XmlError(UNKNOWN_CHARSET)
        data = markup.without_mark(data)
        if encoding.startswith("utf-16"):
            data, encoding = data.decode(encoding).encode(), "utf-8"
        refusal = markup.refusal(data, limits.elements, limits.attributes, instructions=limits.instructions)
        if refusal is not None:
            raise XmlError(refusal)
        root = etree.fromstring(data, _cached_parser(limits, encoding))
    except etree.XMLSyntaxError as error:
        if error.code in _OF_CHARSET:  # type: ignore[attr-defined] # the stubs miss it
            raise XmlError(UNKNOWN_CHARSET) from None
        line, column = error.position
        raise XmlError(NOT_WELL_FORMED, max(line or 0, 0), max(column or 0, 0)) from None
    except LookupError:
        raise XmlError(UNKNOWN_CHARSET) from None
    except ValueError:
        raise XmlError(NOT_WELL_FORMED) from None
    if data.count(b"<") > 2 * limits.depth and _is_deeper(limits.depth)(root):
        raise XmlError(f"nested deeper than {limits.depth}")
    return root


def parse_own(data: bytes) -> etree._Element:
    """Parse bytes that this process wrote itself, without limits, and return the root."""
    return etree.fromstring(data, _parser(FILE, "utf-8"))


def _cached_parser(limits: Limits, encoding: str) -> etree.XMLParser:
    """Return a parser, for messages one per thread: making one takes as long as parsing a request."""
    if limits is not MESSAGE:
        return _parser(limits, encoding)
    parser = _THREAD.parsers.get(encoding)
    if parser is None:
        parser = _THREAD.parsers[encoding] = _parser(limits, encoding)
    return parser


class _ThreadParsers(threading.local):
    """The parsers of one thread, by encoding."""

    def __init__(self) -> None:
        self.parsers: dict[str, etree.XMLParser] = {}


_THREAD = _ThreadParsers()


def _parser(limits: Limits, encoding: str) -> etree.XMLParser:
    """Return a new parser that fetches and expands nothing. Raises LookupError for an unknown encoding."""
    return etree.XMLParser(
        encoding=encoding,
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


@functools.cache
def _is_deeper(depth: int) -> etree.XPath:
    """Return a query for whether an element is nested deeper than this."""
    return etree.XPath(f"boolean({'/*' * (depth + 1)})")
