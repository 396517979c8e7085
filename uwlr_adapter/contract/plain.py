"""A reader for plainly written requests; it returns None for every other one, which `contract.request` then parses.

Plain is how most toolkits write: ASCII, one element after the other in the order of the standard, no attribute but
declarations of namespaces, and each value bare and valid. The parser, the repairs and the XSD would change and refuse
nothing in such a message, so that one match reads it. A differential test holds this reader to the other one.
"""

import functools
import re
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from uwlr_adapter.contract import names

MAX_OCTETS = 8 * 1024
"""A plain request is a quarter of this; a longer message is parsed, so that a match never takes long."""
MAX_DECLARATIONS = 16
"""Declarations of namespaces on one element; toolkits write up to eight."""


class PlainMessage(NamedTuple):
    """A plain message: the local name of its request, the parts of its autorisatie, and its values by local name."""

    request: str
    autorisatie: tuple[str, str, str]
    values: dict[str, str]


def read_plain(data: bytes, charset: str | None) -> PlainMessage | None:
    """Return what a plain message says; None for any other. `charset` is that of the transport, if any."""
    if len(data) > MAX_OCTETS or charset not in _CHARSETS or not data.isascii():
        return None
    match = _MESSAGE.fullmatch(data.decode("ascii"))
    if match is None:
        return None
    of_envelope, of_header, of_body = (_declared(match[name]) for name in ("s_declared", "a_declared", "v_declared"))
    if of_envelope is None or of_header is None or of_body is None:
        return None
    soap, header, body = match["s"], match["a"], match["v"]
    if (
        of_envelope.get(soap) != names.SOAP11
        or of_header.get(header, of_envelope.get(header)) != names.AUTORISATIE
        or of_body.get(body, of_envelope.get(body)) != names.LEERLINGGEGEVENS
    ):
        return None
    values = {name: value for name in _VALUES if (value := match[name]) is not None}
    moment = values.get("laatstontvangengegevens")
    if moment is not None and not _is_moment(moment):
        return None
    return PlainMessage(match["request"], match.group(*names.AUTORISATIE_PARTS), values)  # type: ignore[arg-type] # three


_CHARSETS = frozenset({None, "utf-8"})
_VALUES = tuple(name for name in names.VERZOEK_ELEMENTS if name != "groepen")
_SPACE = r"[ \t\r\n]*+"
_QUOTED = r"(?:\"[!#-%(-;=-~]*+\"|'[!#-%(-;=-~]*+')"
_DECLARATIONS = rf"(?:[ \t\r\n]++xmlns(?::[A-Za-z_][A-Za-z0-9_.-]*+)?={_QUOTED})*+"
_DECLARATION = re.compile(r"xmlns(?::([^=]*+))?=[\"']([^\"']*+)")
_URI = re.compile(
    r"https?://[A-Za-z0-9.-]+(?:/[A-Za-z0-9._~/-]*)?(?:#[A-Za-z0-9._-]*)?|urn:[A-Za-z0-9][A-Za-z0-9:._-]*"
)
"""The names of namespaces that toolkits write; the parser refuses what is no URI."""
_BARE = "!-%'-;=?-~"
"""Printable ASCII without space, `&`, `<` and `>`."""


def _quoted(pattern: str) -> str:
    """Return the pattern of a text between quotes of one kind."""
    return f"(?:\"{pattern}\"|'{pattern}')"


def _text(longest: int) -> str:
    """Return the pattern of a text of so many characters at most, without space around it."""
    return f"[{_BARE}](?:[ {_BARE}]{{0,{longest - 2}}}[{_BARE}])?"


def _value(prefix: str, name: str, pattern: str) -> str:
    """Return the pattern of an element with a value, under the prefix of the group of this name."""
    return f"<(?P={prefix}){name}>(?P<{name}>{pattern})</(?P={prefix}){name}>{_SPACE}"


def _opening(prefix: str, name: str) -> str:
    """Return the pattern of a tag that may declare namespaces; its prefix is a group of this name."""
    declared = f"(?P<{prefix}_declared>{_DECLARATIONS})"
    return f"<(?P<{prefix}>(?:[A-Za-z_][A-Za-z0-9_.-]*+:)?){name}{declared}{_SPACE}>{_SPACE}"


_MOMENT = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:Z|[+-](?:0[0-9]|1[0-3]):[0-5][0-9])?"
)
_SCHOOL = (
    f"(?:{_value('v', 'brincode', '[0-9]{2}[A-Z]{2}')}(?:{_value('v', 'dependancecode', '[0-9]{2}')})?"
    f"|{_value('v', 'schoolkey', _text(256))})"
)
_MESSAGE = re.compile(
    rf"(?:<\?xml version={_quoted('1[.]0')}(?: encoding={_quoted('[Uu][Tt][Ff]-8')})?"
    rf"(?: standalone={_quoted('(?:yes|no)')})? ?\?>{_SPACE})?"
    f"{_opening('s', 'Envelope')}<(?P=s)Header>{_SPACE}{_opening('a', 'autorisatie')}"
    + "".join(_value("a", name, _text(64)) for name in names.AUTORISATIE_PARTS)
    + f"</(?P=a)autorisatie>{_SPACE}</(?P=s)Header>{_SPACE}<(?P=s)Body>{_SPACE}{_opening('v', '(?P<request>[a-z_]++)')}"
    + _value("v", "schooljaar", "[12][0-9]{3}-[12][0-9]{3}")
    + _SCHOOL
    + _value("v", "xsdversie", _text(32))
    + f"(?:{_value('v', 'gegevenssetid', _text(64))})?(?:{_value('v', 'laatstontvangengegevens', _MOMENT)})?"
    + f"</(?P=v)(?P=request)>{_SPACE}</(?P=s)Body>{_SPACE}</(?P=s)Envelope>{_SPACE}"
)


@functools.lru_cache(maxsize=256)
def _declared(text: str) -> Mapping[str, str] | None:
    """Return the namespaces that a tag declares, by prefix with its colon; None for those that are not plain."""
    found = [(f"{prefix}:" if prefix else "", uri) for prefix, uri in _DECLARATION.findall(text)]
    if len(found) > MAX_DECLARATIONS or len(dict(found)) < len(found):
        return None
    if any(
        not _URI.fullmatch(uri) or prefix.lower().startswith("xml") or "w3.org/XML/" in uri for prefix, uri in found
    ):
        return None
    return None if any("w3.org/2000/xmlns" in uri for _, uri in found) else dict(found)


def _is_moment(text: str) -> bool:
    """Return whether a text of the right form is a moment that exists."""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
