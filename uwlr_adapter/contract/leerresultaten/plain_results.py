"""The results of one toetsafname in a few matches, where they are plainly written: most of a message is these.

Everything else is left to the reader, which says what is wrong; what is read here it reads the same.
"""

import functools
import re

from lxml import etree

from uwlr_adapter.contract.leerresultaten import values
from uwlr_adapter.contract.leerresultaten.records import Resultaat
from uwlr_adapter.contract.leerresultaten.values import ValueRefused

_SPACE = r"[ \t\r\n]*+"
_TEXT = r"((?!\s)[^<&]{1,256}+(?<!\s))"
_KEY = r"((?!\s)[^<&\"]{1,256}+(?<!\s))"
_DAY = r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
_SCORE = f"([0-9]{{1,{values.MAX_DIGITS}}})"


@functools.lru_cache(maxsize=8)
def _pattern(prefix: str | None) -> re.Pattern[str]:
    """Return what matches one resultaat, of which every name has this prefix, and the space behind it."""
    before = "" if prefix is None else f"{re.escape(prefix)}:"

    def element(name: str, content: str) -> str:
        return f"<{before}{name}>{content}</{before}{name}>{_SPACE}"

    return re.compile(
        f'<{before}resultaat key="{_KEY}">{_SPACE}{element("afnamedatum", _DAY)}{element("toetscode", _TEXT)}'
        f"(?:{element('toetsonderdeelcode', _TEXT)})?+{element('score', _SCORE)}</{before}resultaat>{_SPACE}"
    )


def read_plain(resultaten: etree._Element) -> tuple[Resultaat, ...] | None:
    """Return the results in the element `resultaten`; None where one of them is not plainly written.

    Names within it have the namespace of its own prefix: nothing that matches declares another one.
    """
    if resultaten.keys():
        return None
    text = etree.tostring(resultaten, encoding="unicode", with_tail=False)
    match_at, place, found = _pattern(resultaten.prefix).match, text.index(">") + 1, []
    while (match := match_at(text, place)) is not None:
        key, day, toetscode, onderdeel, score = match.groups()
        try:
            afnamedatum = values.read_date(day)
        except ValueRefused:
            return None
        found.append(Resultaat(key, afnamedatum, toetscode, None, onderdeel, int(score), None, None))
        place = match.end()
    return tuple(found) if found and text.startswith("</", place) else None
