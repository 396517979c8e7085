"""Content negotiation for compressed answers (RFC 9110, 12.5.3)."""

import re

MAX_LENGTH = 256
"""Characters of a header that is read, inclusive; a client that sends more gets an answer without compression."""
_QVALUE = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")


def accepts_gzip(header: str) -> bool:
    """Return whether an answer may be compressed with gzip, given the Accept-Encoding header of the request.

    gzip must be asked for, by name or with `*`; a named coding takes precedence over `*`, and q=0 refuses it.
    """
    if len(header) > MAX_LENGTH or ("gzip" not in header and "*" not in header and "GZIP" not in header.upper()):
        return False
    weights = {}
    for part in header.lower().split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        weights[name] = _weight(parameters)
    named = [weights[name] for name in ("gzip", "x-gzip") if name in weights]
    gzip = max(named) if named else weights.get("*", 0.0)
    return gzip > 0 and gzip >= weights.get("identity", 0.0)


def _weight(parameters: list[str]) -> float:
    """Return the q value of one coding, from 0 to 1; an unreadable one counts as 0."""
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            match = _QVALUE.fullmatch(value.strip())
            return float(match[0]) if match else 0.0
    return 1.0
