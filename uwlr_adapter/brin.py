"""The brin6: brincode and dependancecode in one, such as `21QW00`."""

import re

_BRIN6 = re.compile(r"[0-9]{2}[A-Z]{2}[0-9]{2}")


def is_brin6(text: str) -> bool:
    """Say whether a text is a brincode with a dependancecode, such as `21QW00`."""
    return _BRIN6.fullmatch(text) is not None
