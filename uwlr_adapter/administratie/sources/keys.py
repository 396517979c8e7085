"""The rule for keys that a spreadsheet changed on their way here, whatever the format of the source."""

import re

MANGLED = (
    'was changed by a spreadsheet (into something like 1,2E+11, ="123" or #N/A): such a key would leave for life. '
    "Export this column as text"
)
"""The reason of the refusal: the key that is sent is the key at first sight, for life."""
_MANGLED = re.compile(
    r"[+-]?\d(?:[.,]\d+)?[Ee][+-]\d{2,3}"  # a long number, of which most digits are gone
    r"|=.*"  # a formula, which a spreadsheet wrote or which should guard leading zeros
    r"|'\d+"  # the mark of a text cell
    r"|\#{3,}"  # a column that was too narrow
    r"|\#(?:N/[AB]|NAME\?|NAAM\?|REF!|VERW!|VALUE!|WAARDE!|NUM!|GETAL!|DIV/0!|DEEL/0!|NULL!|LEEG!)",
    re.ASCII | re.DOTALL,
)


def is_mangled(key: str) -> bool:
    """Return whether a key is certainly not the one of the student administration, but what a spreadsheet left of it.

    A key that only looks odd is none: `1E5` may be the key of a groep. Lost leading zeros cannot be seen in a key.
    """
    return not key.isalnum() and _MANGLED.fullmatch(key) is not None  # each form has a sign in it
