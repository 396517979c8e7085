"""The values of a message with results, read as XSD 1.0 reads them; what is wrong is told without the value."""

import functools
import re
from datetime import date, datetime, timedelta
from decimal import Decimal

from uwlr_adapter.contract.repairs import XML_SPACE
from uwlr_adapter.contract.request import is_brincode
from uwlr_adapter.contract.rules import Rule
from uwlr_adapter.errors import UwlrAdapterError

MAX_DIGITS = 18
"""Digits of a whole number, leading zeros left out: XSD has no bound, and every database holds this many."""
MAX_DECIMALS = 40
"""Characters of a number with decimals, for the same reason."""
_INTEGER = re.compile(r"([+-]?)0*+([0-9]*+)(?<=[0-9])")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_ZONE = r"(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))?"
_DATE = re.compile(rf"(-?(?:[0-9]{{4}}|[1-9][0-9]{{4,}})-[0-9]{{2}}-[0-9]{{2}}){_ZONE}")
_MOMENT = re.compile(
    rf"(-?(?:[0-9]{{4}}|[1-9][0-9]{{4,}})-[0-9]{{2}}-[0-9]{{2}})T"
    rf"([0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}})(\.[0-9]+)?({_ZONE})"
)
_INT_MIN, _INT_MAX = -(2**31), 2**31 - 1
MAX_OSO_TEXT = 256
"""Characters of a text of OSO, which has no bound of its own: that of every other text."""
_SCHOOLJAAR = re.compile(r"([12]\d{3})-([12]\d{3})")


class ValueRefused(UwlrAdapterError):
    """A value is not one of its type, or is larger than we read."""

    def __init__(self, rule: Rule) -> None:
        super().__init__(str(rule))
        self.rule = rule


def read_integer(text: str, *, least: int | None = None) -> int:
    """Return a whole number of any sign, or of at least `least`. Raises ValueRefused."""
    match = _INTEGER.fullmatch(text.strip(XML_SPACE))
    if match is None:
        raise ValueRefused(Rule.VALUE)
    sign, digits = match.groups()
    if len(digits) > MAX_DIGITS:
        raise ValueRefused(Rule.TOO_LONG)
    number = int(f"{sign}{digits or 0}")
    if least is not None and number < least:
        raise ValueRefused(Rule.VALUE)
    return number


def read_int(text: str) -> int:
    """Return an xs:int: a whole number of 32 bits. Raises ValueRefused."""
    try:
        number = read_integer(text)
    except ValueRefused:
        raise ValueRefused(Rule.VALUE) from None
    if not _INT_MIN <= number <= _INT_MAX:
        raise ValueRefused(Rule.VALUE)
    return number


def read_decimal(text: str) -> Decimal:
    """Return an xs:decimal, its closing zeros kept. Raises ValueRefused."""
    folded = text.strip(XML_SPACE)
    if _DECIMAL.fullmatch(folded) is None:
        raise ValueRefused(Rule.VALUE)
    if len(folded) > MAX_DECIMALS:
        raise ValueRefused(Rule.TOO_LONG)
    return Decimal(folded)


def read_score(text: str) -> int:
    """Return a score, or a bound of a norm: a whole number that is not negative. Raises ValueRefused."""
    return read_integer(text, least=0)


def read_volgnummer(text: str) -> int:
    """Return a whole number from 1. Raises ValueRefused."""
    return read_integer(text, least=1)


def read_schoolcijfer(text: str) -> Decimal:
    """Return a mark, from 1 to 10 inclusive. Raises ValueRefused."""
    return _bounded(text, 1, 10)


def read_transparantie(text: str) -> Decimal:
    """Return how opaque a colour is, from 0 to 1 inclusive. Raises ValueRefused."""
    return _bounded(text, 0, 1)


def _bounded(text: str, least: int, most: int) -> Decimal:
    number = read_decimal(text)
    if not least <= number <= most:
        raise ValueRefused(Rule.VALUE)
    return number


def read_colour(text: str) -> int:
    """Return a part of a colour: 0 to 255. Raises ValueRefused."""
    number = read_integer(text, least=0)
    if number > 255:  # noqa: PLR2004 - a byte
        raise ValueRefused(Rule.VALUE)
    return number


@functools.lru_cache(maxsize=1024)
def read_date(text: str) -> date:
    """Return an xs:date without its zone. Raises ValueRefused, for a year before 1 or after 9999 too."""
    match = _DATE.fullmatch(text)
    if match is None:
        raise ValueRefused(Rule.VALUE)
    return _day(match[1])


def read_moment(text: str) -> datetime:
    """Return an xs:dateTime, to the microsecond, with its zone if any. Raises ValueRefused as `read_date` does."""
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise ValueRefused(Rule.VALUE)
    day, time, fraction, zone = match.groups(default="")
    at_midnight = time == "24:00:00" and not fraction.strip(".0")
    try:
        moment = datetime.fromisoformat(f"{_day(day)}T{'00:00:00' if at_midnight else time}{fraction[:7]}{zone}")
        return moment + timedelta(days=1) if at_midnight else moment
    except (ValueError, OverflowError):
        raise ValueRefused(Rule.VALUE) from None


def read_schooljaar(text: str) -> str:
    """Return a schooljaar in digits of ASCII. Raises ValueRefused unless it is two years of four digits."""
    match = _SCHOOLJAAR.fullmatch(text)
    if match is None:
        raise ValueRefused(Rule.FORM)
    first, second = map(int, match.groups())
    return f"{first}-{second}"


def read_brincode(text: str) -> str:
    """Return a brincode: two digits and two capitals, of any script. Raises ValueRefused."""
    if not is_brincode(text):
        raise ValueRefused(Rule.FORM)
    return text


def read_dependancecode(text: str) -> str:
    """Return a dependancecode: two digits of any script. Raises ValueRefused."""
    if len(text) != len("00") or not text.isdecimal():
        raise ValueRefused(Rule.FORM)
    return text


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueRefused(Rule.VALUE) from None
