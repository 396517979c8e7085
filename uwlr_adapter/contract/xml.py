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
class Grenzen:
    """The limits of one kind of document; each has a reason."""

    octets: int
    """Size in bytes. A valid verzoek is under 2 kB; a school of 1,500 leerlingen is about 1 MB."""

    diepte: int
    """Nesting. An envelope needs 5, an EDEXML file 6 and its supplier blocks a little more."""

    elementen: int
    """Elements in all: what a tree may cost in memory."""

    attributen: int
    """Attributes and namespace declarations on one element: libxml2 has no limit of its own."""

    instructies: bool
    """Whether processing instructions are passed over (files) or refused (messages, as SOAP 1.1 has it)."""


BERICHT = Grenzen(octets=64 * 1024, diepte=16, elementen=2_000, attributen=32, instructies=False)
"""For a request: 64 kB is thirty times the largest seen; group references are the only part that can grow."""

BESTAND = Grenzen(octets=64 * 1024 * 1024, diepte=32, elementen=4_000_000, attributen=64, instructies=True)
"""For a file or an answer: room for a school twenty times the largest in the country."""


NIET_WELGEVORMD = "not well-formed XML"
"""The reason of bytes that are no XML at all, or only a part of it."""


class XmlFout(UwlrAdapterError):
    """The bytes are no XML that we take; `reden` is fixed text, `regel` and `kolom` count from 1, 0 when unknown."""

    def __init__(self, reden: str, regel: int = 0, kolom: int = 0) -> None:
        super().__init__(f"line {regel}, column {kolom}: {reden}" if regel else reden)
        self.reden = reden
        self.regel = regel
        self.kolom = kolom


def parse(data: bytes, grenzen: Grenzen, charset: str | None = None) -> etree._Element:
    """Give the root element of a document that keeps within the limits; raises XmlFout for any other bytes.

    A byte order mark tells the encoding, else the transport's `charset`, else the declaration (RFC 7303, 3.2).
    """
    if len(data) > grenzen.octets:
        raise XmlFout(f"larger than {grenzen.octets} bytes")
    if data.startswith(_MARKS):
        charset = None
    try:
        root = etree.fromstring(data, _parser_at_hand(grenzen, charset))
    except etree.XMLSyntaxError as error:
        regel, kolom = error.position
        raise XmlFout(NIET_WELGEVORMD, max(regel or 0, 0), max(kolom or 0, 0)) from None
    except (ValueError, LookupError):
        raise XmlFout(NIET_WELGEVORMD) from None
    if not _is_plain(data, root, grenzen):
        _check_around(root)
        if not _is_within(data, root, grenzen):
            _check_size(root, grenzen)
    return root


def parse_own(data: bytes) -> etree._Element:
    """Give the root element of bytes that this process wrote itself: limits are for what others send."""
    return etree.fromstring(data, _parser(BESTAND, None))


def _parser_at_hand(grenzen: Grenzen, charset: str | None) -> etree.XMLParser:
    """Give a parser for what is sent most, one for each thread: making it takes as long as parsing a request."""
    if grenzen is not BERICHT or charset not in _USUAL:
        return _parser(grenzen, charset)
    found = _AT_HAND.parsers.get(charset)
    if found is None:
        found = _AT_HAND.parsers[charset] = _parser(grenzen, charset)
    return found


class _AtHand(threading.local):
    """What one thread keeps."""

    def __init__(self) -> None:
        self.parsers: dict[str | None, etree.XMLParser] = {}


_USUAL = frozenset({None, "utf-8"})
_AT_HAND = _AtHand()


def _parser(grenzen: Grenzen, charset: str | None) -> etree.XMLParser:
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
        remove_pis=grenzen.instructies,
        collect_ids=False,
    )


def _is_plain(data: bytes, root: etree._Element, grenzen: Grenzen) -> bool:
    """Whether a look at the bytes shows that nothing in them can be refused, so that the tree need not be walked.

    There are no more elements, and they are no deeper, than tags that open; no more attributes than signs of equality;
    a document type begins with `<!`, a processing instruction with `<?`. Only in encodings in which these bytes stand
    for nothing else.
    """
    return (
        data.find(b"<!") == -1
        and data.find(b"<?", 1) == -1
        and data.startswith(_BEGIN)
        and data.count(b"<") - data.count(b"</") <= grenzen.diepte
        and data.count(b"=") <= grenzen.attributen
        and (root.getroottree().docinfo.encoding or "").upper() in _BYTE_FOR_BYTE
    )


def _is_within(data: bytes, root: etree._Element, grenzen: Grenzen) -> bool:
    """Whether it is plain that no limit is passed, so that the tree need not be walked for the one that is.

    There are no more elements, and they are no deeper, than tags that open; no more attributes than signs of equality,
    and no more declarations of a namespace than times that `xmlns` is said. Only in encodings in which these bytes
    stand for nothing else. Of what is larger libxml2 looks at the depth and the attributes.
    """
    if (root.getroottree().docinfo.encoding or "").upper() not in _BYTE_FOR_BYTE:
        return False
    elementen = data.count(b"<") - data.count(b"</")
    if elementen <= grenzen.diepte and data.count(b"=") <= grenzen.attributen:
        return data.find(b"<?", 1) == -1
    if elementen > grenzen.elementen or data.count(b"xmlns") > grenzen.attributen:
        return False
    return not _passes_limit(grenzen)(root)


@functools.cache
def _passes_limit(grenzen: Grenzen) -> etree.XPath:
    """Give a look for what is too deep, has too many attributes, or is an instruction that was not passed over."""
    return etree.XPath(
        f"boolean({'/*' * (grenzen.diepte + 1)}) or boolean(//*[@*[{grenzen.attributen + 1}]])"
        " or boolean(//processing-instruction())"
    )


_BEGIN = (b"<?xml ", *(b"<" + letter.encode() for letter in string.ascii_letters))
"""What a document without anything strange begins with: its declaration or its root."""
_BYTE_FOR_BYTE = frozenset({"UTF-8", "US-ASCII", "ASCII", "ISO-8859-1", "WINDOWS-1252"})
"""Encodings in which `<` and `=` are one byte, and that byte is never a part of another letter."""


def _check_around(root: etree._Element) -> None:
    info = root.getroottree().docinfo
    if info.internalDTD is not None or info.externalDTD is not None or info.doctype:
        raise XmlFout("a document type is not allowed")
    if root.getprevious() is not None or root.getnext() is not None:
        raise XmlFout("a processing instruction is not allowed")


def _check_size(root: etree._Element, grenzen: Grenzen) -> None:
    elementen = 0
    diepte = 0
    for event, element in etree.iterwalk(root, events=("start", "end", "pi", "comment")):
        if event == "end":
            diepte -= 1
            continue
        if event != "start":
            raise XmlFout("a processing instruction is not allowed", element.sourceline or 0)
        diepte += 1
        elementen += 1
        if diepte > grenzen.diepte:
            raise XmlFout(f"nested deeper than {grenzen.diepte}", element.sourceline or 0)
        if elementen > grenzen.elementen:
            raise XmlFout(f"more than {grenzen.elementen} elements", element.sourceline or 0)
        if len(element.attrib) > grenzen.attributen or len(element.nsmap) > 2 * grenzen.attributen:
            raise XmlFout(f"more than {grenzen.attributen} attributes on one element", element.sourceline or 0)


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
