"""The rules for the texts and dates of a source, one set for every door: EDEXML, the CSV set, the records of a Bron.

A function takes a value as the source wrote it and returns it as it is stored and answered, with the reason of a
warning when something is lost or was read as something else. No reason quotes a value. docs/reference/records.md has
the rules with their reasons.
"""

import functools
import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import NamedTuple, TypeAlias

from uwlr_adapter.administratie.sources import keys
from uwlr_adapter.clock import AMSTERDAM
from uwlr_adapter.contract.fields import BY_PATH

FIRST_YEAR, LAST_YEAR = 1901, 2199
"""The years that a date of a school can have, both inclusive. Nobody at a school was born before them: 1900-01-01 is
what a spreadsheet and a database write for no date."""


class Value(NamedTuple):
    """A value as it is stored: `text` is None for an absent one; `reason` is empty when there is nothing to tell."""

    text: str | None
    reason: str = ""
    refused: bool = False
    """Whether the source wrote something that is no such value at all; the reason tells why."""


ValueRule: TypeAlias = Callable[[str], Value]
"""A function from what a source wrote to the value that is stored."""

PERSON_NAMES = frozenset({"achternaam", "voorvoegsel", "voornamen", "voorletters-1", "roepnaam"})
"""The elements that name a person."""
NAMES = PERSON_NAMES | {"naam", "omschrijving", "rolomschrijving"}
"""The elements that are read by people."""

_WHITE = (
    " \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
"""White space of Unicode. U+0085 is a C1 control here: in Windows-1252 it is a letter."""
_UNSEEN = "\xad\u180e\u200b\u200e\u200f\u2060\ufeff"
"""Spaces without width, marks of a direction and the soft hyphen: what a page or a document leaves in a pasted text."""
SPACES = _WHITE + _UNSEEN
"""What goes around a text."""
C1 = "holds C1 control characters: read as the characters that Windows-1252 has there"
CONTROL = "holds control characters: left out"
REPLACEMENT = "holds U+FFFD, where a character was lost before this source was written: export it again"
NO_NAME = (
    "holds a character that is in no name: was the encoding mistaken? A DOS export (code page 850) looks like this"
)
UNNAMED = "has no achternaam and no roepnaam, and UWLR requires one of them: give this person a name at the source"
TWICE = "looks like UTF-8 that was read as Windows-1252 and saved again"

_PLAIN = re.compile(
    "[!-~\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u017f]++(?: [!-~\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u017f]++)*+"
)
"""Words of ASCII and of the composed letters of Latin, with single spaces between them."""
_PLAIN_DAY = re.compile(r"(?:19(?!00)|2[01])[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])")
"""A day in a year that can be; the last ones of a month take the long way."""
_is_plain_moment = re.compile(
    r"(?:19(?!00)|2[01])[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])"
    r"T(?:[01][0-9]|2[0-3])(?::[0-5][0-9]){2}(?:Z|[+-](?:0[0-9]|1[0-3]):[0-5][0-9])?"
).fullmatch
_RUN_OF_SPACES = re.compile(f"[{_WHITE}]+")
_WITHOUT_UNSEEN = str.maketrans(dict.fromkeys(_UNSEEN))
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""The characters that XML does not have, and so no answer can carry."""
NO_XML = "holds a character that XML does not allow"
"""The reason for which such a character refuses a source, at any door."""
_BROKEN_IN_KEY = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffd-\uffff]")
_UNREADABLE = re.compile("[\x7f-\x9f\ufffd]")
_MENDED = {code: bytes([code]).decode("cp1252", "ignore") or None for code in range(0x7F, 0xA0)} | {0x7F: None}
"""The C1 controls that stand for a character of Windows-1252, and None for those that stand for nothing."""
_IN_NO_TEXT = re.compile("[\u2500-\u259f\ue000-\uf8ff]")
"""Lines and blocks that draw boxes in code page 850, and characters for private use."""
_IN_NO_NAME = re.compile(
    "[\xa1-\xa9\xab-\xb3\xb5\xb6\xb8\xb9\xbb-\xbf\xd7\xf7\u0192\u02c6\u02dc\u201a\u201c-\u2027\u202a-\u202e\u2030-\u203a"
    "\u2066-\u2069\u20a0-\u20cf\u2100-\u2bff\ue000-\uf8ff\U0001f000-\U0001faff]"
)
"""Signs, currencies, arrows and boxes. ª, º, ´, · and the quotes and dashes of names are not among them."""
_IS_TWICE = re.compile("[\xc2\xc3\xc4\xc5][\x80-\x8f\x90-\xbf\u201a-\u203a\u02c6\u02dc\u0192\u20ac\u2122]")
"""Two bytes of UTF-8 as two characters: a capital with an accent and a sign stand beside each other in no name."""


def is_plain(value: str) -> bool:
    """Return whether a text is plainly as the rules for texts and names leave it; False says nothing yet."""
    return (value.isalnum() and value.isascii()) or _PLAIN.fullmatch(value) is not None


@functools.lru_cache(maxsize=8192)
def is_plain_day(value: str) -> bool:
    """Return whether a text is plainly as the rules for dates leave it; False says nothing yet.

    The answers are kept, because the same days come again and again; 8,192 days are those of twenty-two years.
    """
    return _PLAIN_DAY.fullmatch(value) is not None


def text(value: str) -> Value:
    """Return a text without outer white space, with what was not readable mended; absent when nothing is left."""
    if is_plain(value):
        return Value(value)
    readable, reason = _readable(value)
    return Value(readable.strip(SPACES) or None, reason)


def name(value: str) -> Value:
    """Return a text for people: as `text`, in NFC and with single spaces. Boxes in it are a warning."""
    return Value(value) if is_plain(value) else _name(value, _IN_NO_TEXT)


def person_name(value: str) -> Value:
    """Return the name of a person: as `name`. Signs that are in no such name are a warning as well."""
    return Value(value) if is_plain(value) else _name(value, _IN_NO_NAME)


def is_plain_key(value: str) -> bool:
    """Return whether a key is plainly as the rule for keys leaves it; False says nothing yet."""
    return value.isascii() and value.isprintable() and value.strip() == value and not keys.is_mangled(value)


def key(value: str) -> Value:
    """Return a key or ECK-iD without outer white space: a key is for life.

    Refused with a broken character in it, and when a spreadsheet changed it.
    """
    if is_plain_key(value):
        return Value(value or None)
    stripped = value.strip(SPACES)
    if _BROKEN_IN_KEY.search(stripped):
        return Value(None, "holds a control character or a lost one (U+FFFD), and would be sent for life", refused=True)
    return Value(None, keys.MANGLED, refused=True) if keys.is_mangled(stripped) else Value(stripped or None)


def _readable(value: str) -> tuple[str, str]:
    """Return a text without control characters, and the reasons."""
    found = set(_UNREADABLE.findall(value))
    if not found:
        return value, ""
    mended = [_MENDED.get(ord(character), character) for character in found if character != "\ufffd"]
    reasons = (
        C1 if any(mended) else "",
        CONTROL if None in mended else "",
        REPLACEMENT if "\ufffd" in found else "",
    )
    return value.translate(_MENDED), "; ".join(filter(None, reasons))


def _name(value: str, suspect: re.Pattern[str]) -> Value:
    readable, reason = _readable(value)
    seen = readable.translate(_WITHOUT_UNSEEN)
    single = unicodedata.normalize("NFC", _RUN_OF_SPACES.sub(" ", seen).strip(" "))
    if not reason and not single.isascii():
        reason = TWICE if _IS_TWICE.search(single) else NO_NAME if suspect.search(single) else ""
    return Value(single or None, reason)


NO_DAY_ENROLLED = "is not after the instroomdatum: enrolled on no day, so not answered"
NO_DAY = "is not an existing date, such as 2026-12-31"
NO_MOMENT = "is not an existing date and time, such as 2026-12-31T14:05:00"
YEAR = "has a year that cannot be: left out"
ZONE = "has a zone: the date without it is kept"
TIME = "has a time: the date without it is kept"
ZONED_TIME = "has a time with a zone: the date on which it is in Amsterdam is kept"
_DATE = re.compile(
    r"""(?P<year>-?[0-9]{4,})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})
    (?P<time>[Tt ](?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?P<part>\.[0-9]+)?)?)?
    (?P<zone>[Zz]|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])?""",
    re.VERBOSE,
)


def day(value: str) -> Value:
    """Return a date as `YYYY-MM-DD`, without zone and time; absent when its year cannot be.

    A time with a zone that is not midnight is a moment, such as 2019-03-13T23:00:00Z for a birthday on 14 March: its
    date is the one in Amsterdam.
    """
    if is_plain_day(value):
        return Value(value)
    match = _existing(value, NO_DAY)
    if isinstance(match, Value):
        return match
    written = _written(match)
    if match["time"] is None:
        return Value(written.date().isoformat(), ZONE if match["zone"] else "")
    if written.tzinfo is None or not (written.hour or written.minute or written.second):
        return Value(written.date().isoformat(), TIME)
    there = written.astimezone(AMSTERDAM).date()
    if not FIRST_YEAR <= there.year <= LAST_YEAR:
        return Value(None, YEAR)
    return Value(there.isoformat(), ZONED_TIME)


def first_day(value: str) -> Value:
    """Return the first day of an enrolment, as `day`; a year after LAST_YEAR is refused: left out it would be open."""
    return _bound(value, is_open=lambda year: year < FIRST_YEAR)


def end_day(value: str) -> Value:
    """Return the day on which an enrolment has ended, as `day`.

    A year after LAST_YEAR is an open end, and so is the lowest date of a program (`NO_DATES`); any other year that
    cannot be is refused: left out it would be open, and somebody who left would be sent.
    """
    stripped = value.strip(SPACES)
    return _bound(value, is_open=lambda year: year > LAST_YEAR or stripped.startswith(NO_DATES))


NO_DATES = ("0001-01-01", "1753-01-01", "1899-12-30", "1899-12-31", "1900-01-01")
"""What .NET, SQL Server and spreadsheets write for no date."""


def _bound(value: str, is_open: Callable[[int], bool]) -> Value:
    found = day(value)
    if found.reason != YEAR:
        return found
    match = _DATE.fullmatch(value.strip(SPACES))
    if match is not None and is_open(_year(match["year"])):
        return found
    return Value(None, "has a year that cannot be, and without it the enrolment would be open", refused=True)


def _year(text: str) -> int:
    """Return a year; one of more digits than Python converts is as far away as one of nine."""
    digits = text.lstrip("-").lstrip("0")[:9] or "0"
    return int(f"-{digits}" if text.startswith("-") else digits)


def moment(value: str) -> Value:
    """Return a date and time as an xs:dateTime, with the zone that it has; a date alone is its midnight."""
    if _is_plain_moment(value):
        return Value(value)
    match = _existing(value, NO_MOMENT)
    if isinstance(match, Value):
        return match
    written = _written(match).replace(tzinfo=None).isoformat()
    return Value(f"{written}{match['part'] or ''}{(match['zone'] or '').upper()}")


_DUTCH = re.compile(r"\A([0-9]{1,2})[-/]([0-9]{1,2})[-/]([0-9]{4,})(?![0-9])")


def iso_of(value: str) -> str:
    """Return a text that begins with a date such as 31-12-2026 or 31/12/2026 with that date as 2026-12-31."""
    return _DUTCH.sub(lambda found: f"{found[3]}-{found[2]:0>2}-{found[1]:0>2}", value.strip(SPACES), count=1)


def _existing(value: str, reason: str) -> re.Match[str] | Value:
    """Return the parts of a date that exists, in a year that can be; else the value that stands for it."""
    stripped = value.strip(SPACES)
    if not stripped:
        return Value(None)
    match = _DATE.fullmatch(stripped)
    if match is None:
        return Value(None, reason, refused=True)
    year = match["year"]
    if len(year) != len("2026") or not FIRST_YEAR <= int(year) <= LAST_YEAR:
        return Value(None, YEAR)
    try:
        _written(match)
    except ValueError:
        return Value(None, reason, refused=True)
    return match


def _written(match: re.Match[str]) -> datetime:
    """Return the moment that a date says, at midnight without a time, and in its zone if it has one.

    Raises ValueError when there is no such moment.
    """
    year, month, day_, hour, minute, second = (
        int(match[part] or 0) for part in ("year", "month", "day", "hour", "minute", "second")
    )
    zone = match["zone"]
    if zone is None or zone in "Zz":
        offset = None if zone is None else UTC
    else:
        distance = timedelta(hours=int(zone[1:3]), minutes=int(zone[4:]))
        offset = timezone(-distance if zone[0] == "-" else distance)
    return datetime(year, month, day_, hour, minute, second, tzinfo=offset)


_OF_KIND: dict[str, ValueRule] = {"datum": day, "moment": moment}
_OF_PERIOD: dict[str, ValueRule] = {"instroomdatum": first_day, "uitstroomdatum": end_day}


@functools.cache
def rule_of(record: str, element: str) -> ValueRule:
    """Return the rule of an element of a record, such as `leerling` and `geboortedatum`; `text` for any other one."""
    field = BY_PATH.get(f"{record}/{element}")
    if field is not None and field.kind == "periode":
        return _OF_PERIOD[element]
    if field is not None and field.kind in _OF_KIND:
        return _OF_KIND[field.kind]
    return person_name if element in PERSON_NAMES else name if element in NAMES else text


@functools.cache
def check_of(record: str, element: str) -> Callable[[str], bool]:
    """Return the quick check that belongs to `rule_of`: when it says True, the rule changes nothing."""
    rule = rule_of(record, element)
    if rule is moment:
        return lambda value: _is_plain_moment(value) is not None
    return is_plain_day if rule in (day, first_day, end_day) else is_plain
