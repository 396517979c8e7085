"""The brin6: a brincode (4 characters) and a dependancecode (2 digits) in one text, such as `21QW00`."""

import re
from typing import NewType, TypeGuard

Brin6 = NewType("Brin6", str)
"""A text for which `is_brin6` holds: the number of one vestiging."""
NO_DEPENDANCECODE = "00"
"""The meaning of an absent dependancecode (UWLR 2.2, School)."""

_BRIN6 = re.compile(r"[0-9]{2}[A-Z]{2}[0-9]{2}")
_BRINCODE_LENGTH = 4


def is_brin6(text: str) -> TypeGuard[Brin6]:
    """Return whether a text is a brin6: two digits, two capitals A to Z, two digits."""
    return _BRIN6.fullmatch(text) is not None


def brincode_of(brin6: str) -> str:
    """Return the brincode of a brin6: its first four characters, which name the school."""
    return brin6[:_BRINCODE_LENGTH]


def dependancecode_of(brin6: str) -> str:
    """Return the dependancecode of a brin6: its last two characters, which name the vestiging within the school."""
    return brin6[_BRINCODE_LENGTH:]
