"""The values of the cells of a CSV set: each kind of column has a rule that gives a cell the form of EDEXML.

What a date, a text and a key may hold is the same for every source (`sources.values`); here is what only a file of a
spreadsheet has: dates as 31-12-2026, and words for codes. A text is judged with the record that it is in, as one of
EDEXML.
"""

import re
from collections.abc import Callable, Mapping

from uwlr_adapter.administratie.sources import values
from uwlr_adapter.administratie.sources.values import Value, ValueRule
from uwlr_adapter.clock import schooljaar_start

_MIDNIGHT = re.compile(r"[T ]0?0:00(?::00(?:\.0+)?)?", re.ASCII)
"""The time that a program writes behind a date that has none."""
_BRIN = re.compile(r"\d{2}[A-Z]{2}", re.ASCII)
_VESTIGING = re.compile(r"\d{1,2}", re.ASCII)
_COMBINATION = re.compile(r"[0-8](?: ?[/,+-] ?[0-8])+", re.ASCII)
_GESLACHT = {"m": "1", "j": "1", "man": "1", "jongen": "1", "v": "2", "vrouw": "2", "meisje": "2"}
_GESLACHT |= {"onbekend": "0", "o": "0", "niet opgegeven": "9"} | {code: code for code in "0129"}
_GROUP_KIND = {"stamgroep": "groep", "groep": "groep"}
_GROUP_KIND |= {"samengestelde groep": "samengestelde_groep", "instructiegroep": "samengestelde_groep"}
_YES_NO = {"ja": "Ja", "j": "Ja", "nee": "Nee", "n": "Nee"}
_NO_DAY = "is not an existing date, such as 31-12-2026"
_NO_MOMENT = "is not an existing date and time, such as 31-12-2026 14:05"


def _day_by(rule: ValueRule) -> ValueRule:
    def convert(value: str) -> Value:
        day = values.iso_of(value)
        time = _MIDNIGHT.search(day)
        found = rule(day[: time.start()] if time is not None and time.end() == len(day) else day)
        return found._replace(reason=_NO_DAY) if found.reason == values.NO_DAY else found

    return convert


def _moment(value: str) -> Value:
    found = values.moment(values.iso_of(value))
    return found._replace(reason=_NO_MOMENT) if found.reason == values.NO_MOMENT else found


def _require(convert: Callable[[str], str | None], reason: str) -> ValueRule:
    """Return the rule that refuses, with this reason, what `convert` returns None for."""

    def rule(value: str) -> Value:
        converted = convert(value)
        return Value(converted) if converted is not None else Value(None, reason, refused=True)

    return rule


def _schooljaar(value: str) -> str | None:
    text = value.replace("/", "-").replace(" ", "")
    return None if schooljaar_start(text) is None else text


def _coded(codes: Mapping[str, str], reason: str) -> ValueRule:
    return _require(lambda value: codes.get(value.casefold()), reason)


KINDS: dict[str, ValueRule] = {
    "tekst": Value,
    "rollen": Value,
    "naam": values.name,
    "sleutel": values.key,
    "datum": _day_by(values.day),
    "eerste-dag": _day_by(values.first_day),
    "einddag": _day_by(values.end_day),
    "moment": _moment,
    "schooljaar": _require(_schooljaar, "is not two consecutive years, such as 2026-2027"),
    "brin": _require(
        lambda value: value if _BRIN.fullmatch(value) else None, "is not a brincode in capitals, such as 21QW"
    ),
    "vestiging": _require(
        lambda value: value.zfill(2) if _VESTIGING.fullmatch(value) else None, "is not two digits, such as 00"
    ),
    "ja-nee": _coded(_YES_NO, "is not Ja or Nee"),
    "geslacht": _coded(_GESLACHT, "is not M, V, Onbekend or Niet opgegeven"),
    "soort": _coded(_GROUP_KIND, "is not Stamgroep, Samengestelde groep or Instructiegroep"),
    "jaargroep": lambda value: Value("C" if _COMBINATION.fullmatch(value) else value),
}
"""The rule of each kind of column (see `columns`)."""
