"""The encoding of one file of a CSV set: bytes in; text out, or the place of the mistake with what it is.

The encoding is UTF-8, with or without byte order marks, or else Windows-1252.
"""

import re

from uwlr_adapter.administratie.model import Problem

BOM = b"\xef\xbb\xbf"
"""The byte order mark of UTF-8; a program that adds one to a file that has one already does no harm."""
_SAVE = "save it as CSV UTF-8"
_OTHER_FILES = {
    b"\xff\xfe": f"is UTF-16: {_SAVE}",
    b"\xfe\xff": f"is UTF-16: {_SAVE}",
    b"PK\x03\x04": f"is an Excel workbook or a zip file, not CSV: unpack it, or open it and {_SAVE}",
    b"\xd0\xcf\x11\xe0": f"is an old Excel workbook, not CSV: open it and {_SAVE}",
    b"\x1f\x8b": "is a gzip file: unpack it first",
}
"""The first bytes of files that are something else, and what to do."""
_ZERO = f"a zero byte, as in UTF-16: {_SAVE}"
_CUT = "is UTF-8 up to here, and not any more ({byte}): is the file whole, or are two files pasted together?"
_NEITHER = f"{{byte}} is neither UTF-8 nor Windows-1252; perhaps it is DOS (code page 850): {_SAVE}"
_UTF_8 = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
"""A character of two to four bytes; in Windows-1252 these bytes are as many unusual characters."""


def decode(data: bytes) -> tuple[str, Problem | None]:
    """Return the text of a file, or an empty text and the problem with its encoding.

    A DOS file (code page 850) is text in Windows-1252 as well, with signs for letters: the rule for names tells that.
    """
    for start, reason in _OTHER_FILES.items():
        if data.startswith(start):
            return "", Problem(1, "", reason)
    if (place := data.find(b"\0")) >= 0:
        return "", _at_byte(data, place, _ZERO)
    content = data
    while content.startswith(BOM):
        content = content.removeprefix(BOM)
    try:
        return content.decode("utf-8"), None
    except UnicodeDecodeError as error:
        place = error.start + len(data) - len(content)
    if content is not data or _is_broken_utf_8(data):
        return "", _at_byte(data, place, _CUT)
    try:
        return data.decode("cp1252"), None
    except UnicodeDecodeError as error:
        return "", _at_byte(data, error.start, _NEITHER)


def _is_broken_utf_8(data: bytes) -> bool:
    """Return whether most of what is not ASCII is UTF-8: Windows-1252 would turn each accent into two letters."""
    characters = _UTF_8.findall(data)
    other_bytes = sum(byte > ord("\x7f") for byte in data) - sum(map(len, characters))
    return len(characters) > other_bytes


def _at_byte(data: bytes, place: int, reason: str) -> Problem:
    line_end = data.rfind(b"\n", 0, place)  # -1 on the first line
    line, column = data.count(b"\n", 0, place) + 1, place - line_end
    return Problem(line, f"byte {column}", reason.format(byte=f"byte {data[place]:#04x}"))
