"""Escaping: of the text and the attribute values of an answer, as lxml does it, and of what must not steer a reader."""

import csv
import io
import re
from collections.abc import Iterable, Sequence

LINES = frozenset("\n\t")
"""The characters that are not printable and make the lines of a text."""
_FORMULA_STARTS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\t", "\r", "\n")
"""What begins a formula in some spreadsheet, the wide forms of its signs included."""
BYTE_ORDER_MARK = "\ufeff"
"""What a CSV file begins with, so that Excel reads it as UTF-8."""
_TEXT_SIGNS = "&<>\r"
_ATTRIBUTE_SIGNS = '&<>"\t\n\r'
_TEXT_SPECIAL, _ATTRIBUTE_SPECIAL = re.compile(f"[{_TEXT_SIGNS}]"), re.compile(f"[{_ATTRIBUTE_SIGNS}]")
_REFERENCES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
_TEXT, _ATTRIBUTE = (
    str.maketrans({sign: _REFERENCES[sign] for sign in signs}) for signs in (_TEXT_SIGNS, _ATTRIBUTE_SIGNS)
)


def escape_text(text: str) -> str:
    """Escape text content, so that a parser reads every XML character as it was."""
    return text.translate(_TEXT) if _TEXT_SPECIAL.search(text) else text


def escape_attribute(text: str) -> str:
    """Escape an attribute value; white space that a parser would fold is written as a reference."""
    return text.translate(_ATTRIBUTE) if _ATTRIBUTE_SPECIAL.search(text) else text


def escape_all(texts: Sequence[str | None], *, attribute: bool = False) -> Sequence[str | None]:
    """Escape many texts, or attribute values; None stays None. They are searched together first: most need nothing."""
    signs, escape = (_ATTRIBUTE_SIGNS, escape_attribute) if attribute else (_TEXT_SIGNS, escape_text)
    joined = "".join(filter(None, texts))
    if any(sign in joined for sign in signs):
        return [text and escape(text) for text in texts]
    return texts


def printable(text: str, *, lines: bool = False) -> str:
    """Return a text with an escape for each character that is not printable; `lines` keeps line breaks and tabs."""
    if text.isprintable():
        return text
    kept = LINES if lines else frozenset()
    return "".join(
        one if one.isprintable() or one in kept else one.encode("unicode_escape").decode("ascii") for one in text
    )


def csv_lines(rows: Iterable[Sequence[str]]) -> str:
    """Return rows as lines of a CSV file that a Dutch spreadsheet opens: semicolons, since a comma is decimal there.

    A cell that a spreadsheet would read as a formula is made text.
    """
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=";").writerows([_as_text(cell) for cell in row] for row in rows)
    return buffer.getvalue()


def _as_text(cell: str) -> str:
    return f"'{cell}" if cell.lstrip(" ").startswith(_FORMULA_STARTS) and len(cell) > 1 else cell
