"""What the bytes of a document show before a parser reads it: its encoding, and what is refused in it.

A parser reads a whole document type before anybody can refuse it: one of 64 kB took as long as seventy good requests.
Each function here passes over the bytes a fixed number of times, in C.
"""

import codecs
import functools
import re
from encodings.aliases import aliases
from itertools import islice

_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_BARE = {b"<\0?\0": "utf-16-le", b"\0<\0?": "utf-16-be"}
"""The first bytes of a declaration in UTF-16 without a mark (XML 1.0, appendix F)."""
_DECLARATION = re.compile(rb"<\?xml(?=[ \t\r\n])[^<>]{0,200}\?>")
_DECLARED = re.compile(rb"[ \t\r\n]encoding[ \t\r\n]*=[ \t\r\n]*[\"']([A-Za-z][A-Za-z0-9._-]*)[\"']")
_LATIN = (*range(2, 12), 13, 14, 15, 16)
ENCODINGS = {
    "utf_8": "utf-8",
    "ascii": "us-ascii",
    "latin_1": "iso-8859-1",
    **{f"iso8859_{part}": f"iso-8859-{part}" for part in _LATIN},
    **{f"cp{page}": f"windows-{page}" for page in range(1250, 1259)},
    "cp850": "cp850",
    "utf_16": "utf-16-le",
    "utf_16_le": "utf-16-le",
    "utf_16_be": "utf-16-be",
}
"""The encodings that are read, by their module in Python, whose aliases are those of the toolkits: in each `<` is one
character, and its byte is never a part of another one."""
ATTRIBUTES_EACH = 4
"""Attributes for each element that a document may have, over the whole of it; a `="` in a text counts as one."""
_ATTRIBUTE = re.compile(rb"=[ \t\r\n]*+(?:\"[^\"<]*+\"|'[^'<]*+')")
"""A value with its sign, which is passed over in one piece: what stands in it is no other one."""
_INSTRUCTION = re.compile(rb"<\?(?![xX][mM][lL][ \t\r\n])")
"""What begins an instruction; `<?xml` begins a declaration, in a place or of a length that it cannot have."""
_HIDDEN = re.compile(rb"<!(?:--(?:.*?-->|.*)|\[CDATA\[(?:.*?\]\]>|.*))", re.DOTALL)
_HIDDEN_IN_FILE = re.compile(rb"<(?:\?(?:.*?\?>|.*)|!--(?:.*?-->|.*)|!\[CDATA\[(?:.*?\]\]>|.*))", re.DOTALL)
"""What holds no markup. One without an end holds all that follows, so that nothing is searched twice."""
_END = b"<!"
"""Stands behind a document while its hidden parts are taken out: one without an end takes this along."""
NOT_WELL_FORMED = "not well-formed XML"
"""The reason for bytes that are no XML at all, or only a part of it."""
DOCUMENT_TYPE = "a document type is not allowed"
INSTRUCTION = "a processing instruction is not allowed"


def encoding_of(data: bytes, charset: str | None) -> str | None:
    """Return the encoding of a document, by a name that libxml2 and Python know; None for one that is not read.

    It is that of a byte order mark, else the transport's `charset` in lower case, else of the first four bytes, else of
    the declaration, else UTF-8 (RFC 7303, 3.2). Every document begins with a character of ASCII: bytes that are named
    UTF-16 and do not are in another encoding, so that the answer is None too.
    """
    for mark, name in _MARKS.items():
        if data.startswith(mark):
            return name
    if charset is None and data[:4] in _BARE:
        return _BARE[data[:4]]
    if charset is None:
        declaration = _DECLARATION.match(data)
        declared = None if declaration is None else _DECLARED.search(declaration[0])
        charset = "utf-8" if declared is None else declared[1].decode().lower()
    name = charset.replace("-", "_").replace(":", "_")
    found = ENCODINGS.get(aliases.get(name, name))
    is_other = found is not None and found.startswith("utf-16") and b"\0" not in data[:2]
    return None if is_other and data else found


def without_mark(data: bytes) -> bytes:
    """Return a document without its byte order mark."""
    return next((data.removeprefix(mark) for mark in _MARKS if data.startswith(mark)), data)


def refusal(data: bytes, elements: int, attributes: int, *, instructions: bool) -> str | None:
    """Return why a document is refused: a document type, an instruction, or more of a kind than these; else None.

    `data` is in an encoding in which `<` is one byte. Attributes are those of one element, declarations of namespaces
    included; `instructions` are allowed or not. The bytes may still be no XML at all.
    """
    declaration = _DECLARATION.match(data)
    if declaration is not None:
        data = data[declaration.end() :]
    reason = None
    if b"<!" in data or (instructions and b"<?" in data):
        data = (_HIDDEN_IN_FILE if instructions else _HIDDEN).sub(b"", data + _END)
        if data.find(b"<!") != len(data) - len(_END):
            reason = DOCUMENT_TYPE if b"<!DOCTYPE" in data else NOT_WELL_FORMED
        data = data.removesuffix(_END)
    if b"\0" in data:
        reason = NOT_WELL_FORMED
    elif b"<?" in data:
        reason = INSTRUCTION if _INSTRUCTION.search(data) else NOT_WELL_FORMED
    return reason or _excess(data, elements, attributes)


def _excess(data: bytes, elements: int, attributes: int) -> str | None:
    """Return of what there is too much in bytes that are markup and text only; None if there is not."""
    signs, most = data.count(b"="), ATTRIBUTES_EACH * elements
    if data.count(b"<") - data.count(b"</") > elements:
        return f"more than {elements} elements"
    if signs > most and next(islice(_ATTRIBUTE.finditer(data), most, None), None) is not None:
        return f"more than {most} attributes"
    if signs > attributes and _more_than(attributes).search(data):
        return f"more than {attributes} attributes on one element"
    return None


@functools.cache
def _more_than(attributes: int) -> re.Pattern[bytes]:
    """Return the pattern of a tag with more attributes than this; nothing in it is tried twice."""
    attribute = rb"[ \t\r\n]++[^ \t\r\n<>/=\"']++[ \t\r\n]*+=[ \t\r\n]*+(?:\"[^\"<]*+\"|'[^'<]*+')"
    return re.compile(rb"<[^ \t\r\n<>/=\"']++(?:%s){%d}" % (attribute, attributes + 1))
