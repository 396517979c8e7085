"""The bytes of an EDEXML file before the parser: what is harmless is mended, and a mistake is named with its place.

The parser of the contract decides what XML is; it says little about bytes that are none.
"""

import re

from uwlr_adapter.administratie.model import ImportRefusedError, Problem, Severity
from uwlr_adapter.contract import markup
from uwlr_adapter.contract.rules import Rule
from uwlr_adapter.contract.xml import XmlError

_BOM = b"\xef\xbb\xbf"
_NO_XML = {
    b"\x1f\x8b": "is a gzip file: unpack it first",
    b"PK\x03\x04": "is a ZIP file, or a workbook of a spreadsheet: unpack it, and import the EDEXML file in it",
    b"\xd0\xcf\x11\xe0": "is a workbook of a spreadsheet: export EDEXML from the student administration",
    b"%PDF": "is a PDF file: export EDEXML from the student administration",
}
"""The first bytes of files that are something else, and what to do."""
_OF_WINDOWS = re.compile(rb"[\x80-\x9f]")
"""Bytes that are letters and quotes in Windows-1252, and control characters that nobody writes in ISO-8859-1."""
_WINDOWS = str.maketrans({code: bytes([code]).decode("cp1252", "ignore") or chr(code) for code in range(0x80, 0xA0)})
"""The characters of Windows-1252 for the controls of ISO-8859-1; five of them stay what they are."""
READ_AS_WINDOWS = "says that it is ISO-8859-1, and is Windows-1252: read as that"
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""The characters that XML does not have."""
_AMPERSAND = re.compile(r"&(?!#[0-9]+;|#x[0-9A-Fa-f]+;|[A-Za-z_][A-Za-z0-9._-]*;)")
_ENTITY = re.compile("&(?!(?:amp|lt|gt|quot|apos);)[A-Za-z_]")
"""A name of HTML for a character, of those that XML does not have."""
_IN_LINE = {
    _AMPERSAND: "an & that is not written as &amp;",
    _ENTITY: "a name of HTML, such as &eacute;: write the letter itself",
}
"""Mistakes in the line that the parser refused."""
_BEFORE = re.compile(r"\s+<\?xml\b")
_UTF_8 = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_DOS = re.compile(rb"[\x80-\xa5]")
"""The letters with accents of code page 850; those of Windows-1252 are the bytes from 0xC0."""
_HIGH = re.compile(rb"[\x80-\xff]")
_NEAR = 100_000
"""The bytes before and behind a wrong one that are looked at: enough to tell, whatever the size of the file."""
_END = "</EDEX>"


def prepare(data: bytes) -> tuple[bytes, str | None, list[Problem]]:
    """Return the bytes for the parser, the name of their encoding when it is not the declared one, and the warnings.

    Raises ImportRefusedError for a file that is no XML at all.
    """
    for start, reason in _NO_XML.items():
        if data.startswith(start):
            raise ImportRefusedError([Problem(1, "", reason)])
    while data.startswith(_BOM * 2):
        data = data.removeprefix(_BOM)
    if not data.removeprefix(_BOM).strip():
        raise ImportRefusedError([Problem(0, "", "is empty: export it again")])
    if markup.encoding_of(data, None) == "iso-8859-1" and _OF_WINDOWS.search(data):
        text = data.decode("iso-8859-1").translate(_WINDOWS)
        return text.encode(), "utf-8", [Problem(1, "", READ_AS_WINDOWS, Severity.WARNING)]
    return data, None, []


def explain(data: bytes, charset: str | None, error: XmlError) -> Problem:
    """Return the problem of bytes that the parser refused: the mistake and its place when it can be told."""
    if error.rule not in {Rule.XML, Rule.CHARSET}:
        return Problem(error.line, "", error.reason)  # too much of something, or a document type
    encoding = markup.encoding_of(data, charset)
    if encoding is None:
        return Problem(1, "", "says an encoding that is not read: export it as UTF-8")
    bare = markup.without_mark(data)
    try:
        text = bare.decode(encoding)
    except UnicodeDecodeError as wrong:
        return _undecodable(bare, wrong, encoding)
    return _malformed(text, error)


def _malformed(text: str, error: XmlError) -> Problem:
    """Return the problem of a text that is no XML."""
    found = _CONTROL.search(text)
    if found is not None:
        reason = f"a control character (U+{ord(found[0]):04X}), which XML does not allow: remove it at the source"
        return _at(text, found.start(), reason)
    line = "".join(text.split("\n")[error.line - 1 : error.line]) if error.line else ""
    for pattern, mistake in _IN_LINE.items():
        if (match := pattern.search(line)) is not None:
            return Problem(error.line, f"character {match.start() + 1}", f"{error.reason}: {mistake}")
    mistake = _of_whole(text) if error.line else ""
    return Problem(error.line, "", f"{error.reason}: {mistake}" if mistake else error.reason)


def _of_whole(text: str) -> str:
    """Return what is wrong with a text as a whole; empty when that cannot be seen."""
    if _BEFORE.match(text):
        return "white space stands before <?xml, which must come first"
    place = text.find(_END)
    if 0 <= place < len(text.rstrip()) - len(_END):
        return f"more follows behind {_END}. Are two files put together?"
    return f"the file breaks off before {_END}. Export it again" if place < 0 and "<EDEX" in text else ""


def _at(text: str, place: int, reason: str) -> Problem:
    line_end = text.rfind("\n", 0, place)  # -1 on the first line
    return Problem(text.count("\n", 0, place) + 1, f"character {place - line_end}", reason)


def _undecodable(data: bytes, error: UnicodeDecodeError, encoding: str) -> Problem:
    """Return the problem of a byte that is not of the encoding, with what the file is likely in."""
    place = error.start
    line_end = data.rfind(b"\n", 0, place)  # -1 on the first line
    if error.reason == "unexpected end of data":
        reason = f"the file breaks off inside a character of {encoding.upper()}, before {_END}. Export it again"
        return Problem(data.count(b"\n", 0, place) + 1, f"byte {place - line_end}", reason)
    near = data[max(place - _NEAR, 0) : place + _NEAR]
    what = f"the byte {data[place]:#04x} at offset {place} is not {encoding.upper().replace('WINDOWS', 'Windows')}"
    is_declared = b"encoding" in data[: data.find(b"?>") + 1]
    said = f"{what}, which the file {'says it is' if is_declared else 'is when it says nothing else'}"
    return Problem(data.count(b"\n", 0, place) + 1, f"byte {place - line_end}", f"{said}: {_advice(near, encoding)}")


def _advice(data: bytes, encoding: str) -> str:
    """Return what to do about bytes that are not of their encoding."""
    whole = _UTF_8.findall(data)
    high = len(_HIGH.findall(data))
    if encoding == "utf-8" and 2 * sum(map(len, whole)) > high:
        return "the rest of it is, so that it was damaged, or two files were put together. Export it again"
    is_dos = encoding == "windows-1252" or 2 * len(_DOS.findall(data)) > high
    likely = "a DOS code page, such as 850" if is_dos else "Windows-1252"
    return f"it is likely {likely}. Export it as UTF-8, or let its first line name its encoding"
