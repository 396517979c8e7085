"""Text and dates that every client toolkit reads the same."""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from lxml import etree

from uwlr_adapter.contract.fields import FIELDS
from uwlr_adapter.kit.checks import Level, Suite, omit, require
from uwlr_adapter.kit.reading import local
from uwlr_adapter.kit.session import Session
from uwlr_adapter.kit.suites.expect import OF_DATA

SUITE = Suite("text", "TEXT", "Text and dates")
_DATES: Final = frozenset({"peildatum", *(one.element for one in FIELDS if one.kind in {"datum", "periode"})})
_MOMENTS: Final = frozenset({"aanmaakdatum", *(one.element for one in FIELDS if one.kind == "moment")})
_DATE = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])")
_ZONE = re.compile(r"(?:Z|[+-][0-9]{2}:[0-9]{2})$")
_ESCAPED_TWICE = re.compile("&(?:#[0-9]{1,6}|#x[0-9a-f]{1,5}|[a-z]{2,8});", re.IGNORECASE)
_MOJIBAKE = re.compile("[ÃÂ][\u0080-\u00bf]|â‚¬|\u00e2\u20ac")


@SUITE.check(1, "A date is YYYY-MM-DD, without a zone", "R-057", after=(OF_DATA,))
def dates(session: Session) -> None:
    """Look at each xs:date: some toolkits shift a date with a zone to the day before."""
    found = [name for name, text in _texts(session) if name in _DATES and text.strip() and not _DATE.fullmatch(text)]
    require(not found, f"{len(found)} dates are not YYYY-MM-DD ({', '.join(dict.fromkeys(found))}).")


@SUITE.check(2, "The aanmaakdatum has a zone", level=Level.SHOULD, after=(OF_DATA,))
def zone(session: Session) -> None:
    """Look at the moment that callers send back: without a zone each takes its own."""
    text = session.data().school("aanmaakdatum")
    if not text:
        omit("The answer has no aanmaakdatum.")
    require(_ZONE.search(text.strip()), "The aanmaakdatum has no zone, so that each caller reads it in its own.")


@SUITE.check(3, "No value has white space around it", "R-057", "R-107", after=(OF_DATA,))
def outer_space(session: Session) -> None:
    """Look at texts, keys and ECK-iDs: clients compare keys as exact strings."""
    found = [name for name, text in _values(session) if text and text != text.strip()]
    require(not found, f"{len(found)} values have white space around them ({', '.join(dict.fromkeys(found))}).")


@SUITE.check(4, "No text has control characters or a lost one (U+FFFD)", "R-057", after=(OF_DATA,))
def controls(session: Session) -> None:
    """Look for C1 controls and replacement characters: the remains of a wrong decoding. White space is none of them."""
    found = [
        name
        for name, text in _values(session)
        if any(one == "�" or (unicodedata.category(one) == "Cc" and one not in "\t\n\r") for one in text)
    ]
    require(not found, f"{len(found)} values hold control characters or U+FFFD ({', '.join(dict.fromkeys(found))}).")


@SUITE.check(10, "Text is escaped once", level=Level.SHOULD, after=(OF_DATA,))
def escaped_once(session: Session) -> None:
    """Look for references to characters in the text itself: a school would read `Ren&eacute;e`."""
    found = [name for name, text in _values(session) if _ESCAPED_TWICE.search(text)]
    names = ", ".join(dict.fromkeys(found))
    require(not found, f"{len(found)} values have a reference to a character in their text ({names}).")


@SUITE.check(5, "Text is decoded as it was encoded", level=Level.SHOULD, after=(OF_DATA,))
def mojibake(session: Session) -> None:
    """Look for UTF-8 that was read as Windows-1252 and encoded again."""
    found = [name for name, text in _values(session) if _MOJIBAKE.search(text)]
    require(
        not found,
        f"{len(found)} values look as UTF-8 that was read in another charset ({', '.join(dict.fromkeys(found))}).",
    )


@SUITE.check(6, "Text is in NFC", level=Level.SHOULD, after=(OF_DATA,))
def nfc(session: Session) -> None:
    """Look for letters and diacritics apart: clients compare names as exact strings."""
    found = [name for name, text in _values(session) if not unicodedata.is_normalized("NFC", text)]
    require(not found, f"{len(found)} values are not in NFC ({', '.join(dict.fromkeys(found))}).")


@SUITE.check(7, "No name has double spaces", level=Level.SHOULD, after=(OF_DATA,))
def double_spaces(session: Session) -> None:
    """Look for two spaces in a row (EDEXML 2.1 has names without them)."""
    found = [name for name, text in _values(session) if "  " in text.strip()]
    require(not found, f"{len(found)} values have double spaces ({', '.join(dict.fromkeys(found))}).")


@SUITE.check(8, "A moment is one that every toolkit reads", "R-057", after=(OF_DATA,))
def moments(session: Session) -> None:
    """Look at the years of dates and moments: toolkits have no year 0, and stumble over those before 1753."""
    found = [name for name, text in _texts(session) if name in _DATES | _MOMENTS and text.strip()[:4] < "1753"]
    require(
        not found,
        f"{len(found)} dates lie before 1753, which several toolkits cannot hold ({', '.join(dict.fromkeys(found))}).",
    )


@SUITE.check(9, "No key is longer than 64 characters", level=Level.INFORMATION, after=(OF_DATA,))
def short_keys(session: Session) -> None:
    """Look at the keys of leerlingen and leerkrachten: the earliest schemas stopped at 64."""
    keys = [str(one.get("key", "")) for kind in ("leerling", "leerkracht") for one in session.data().records(kind)]
    found = sum(len(one) > 64 for one in keys)  # noqa: PLR2004 - see above
    require(not found, f"Keys are longer than 64 characters, where the earliest schemas stopped ({found}).")


def _elements(session: Session) -> Iterator[etree._Element]:
    payload = session.data().payload
    if payload is not None:
        yield from payload.iter(etree.Element)


def _texts(session: Session) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each element without children."""
    yield from ((_known(one), one.text or "") for one in _elements(session) if not len(one))


def _values(session: Session) -> Iterator[tuple[str, str]]:
    """Yield the name and the value of each such element, and of each key and eckid."""
    yield from _texts(session)
    for one in _elements(session):
        yield from ((name, str(value)) for name in ("key", "eckid") if (value := one.get(name)) is not None)


_KNOWN = frozenset(
    {
        *_DATES,
        *_MOMENTS,
        *(one.element for one in FIELDS),
        "schoolkey",
        "auteur",
        "commentaar",
        "rol",
        "rolomschrijving",
    }
)


def _known(element: etree._Element) -> str:
    name = local(element)
    return name if name in _KNOWN else "*"
