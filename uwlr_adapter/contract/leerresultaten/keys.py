"""Keys and references of a message, held to before the XSD looks: its time is quadratic where many keys are equal."""

from collections.abc import Callable, Iterable, Iterator

from lxml import etree

from uwlr_adapter.contract.leerresultaten.names import tag
from uwlr_adapter.contract.leerresultaten.places import path_of
from uwlr_adapter.contract.leerresultaten.records import Leerresultaten
from uwlr_adapter.contract.rules import Rule
from uwlr_adapter.contract.schemas import Finding

_AFNAMES = f"{tag('toetsafnames')}/{tag('toetsafname')}/{tag('resultaten')}/{tag('resultaat')}"
_TOETSEN = f"{tag('toetsen')}/{tag('toets')}"
_TOETSCODE, _VOLGNUMMER = tag("toetscode"), tag("toetsonderdeelvolgnummer")
_ONDERDELEN, _ONDERDEEL = tag("toetsonderdelen"), tag("toetsonderdeel")


def find_broken_key(root: etree._Element) -> Finding | None:
    """Return the first of these that is broken; None when all hold.

    Each resultaat has its own key in the whole message, each toets its own toetscode, each toetsonderdeel its own
    volgnummer within its toets (by value: 01 is 1), and each resultaat the toetscode of a toets.
    """
    toetsen = root.findall(_TOETSEN)
    resultaten = root.findall(_AFNAMES)
    for element, place in _broken(resultaten, toetsen):
        return Finding(f"{path_of(element, root)}/{place}", Rule.KEY)
    return None


def keys_hold(records: Leerresultaten) -> bool:
    """Return whether the same holds of a message that was read, in a fraction of the time."""
    resultaten = [one for afname in records.toetsafnames for one in afname.resultaten]
    codes = {toets.code.term for toets in records.toetsen}
    return (
        len({one.key for one in resultaten}) == len(resultaten)
        and len(codes) == len(records.toetsen)
        and codes.issuperset([one.toetscode for one in resultaten])
        and all(len({one.volgnummer for one in toets.onderdelen}) == len(toets.onderdelen) for toets in records.toetsen)
    )


def _broken(resultaten: list[etree._Element], toetsen: list[etree._Element]) -> Iterator[tuple[etree._Element, str]]:
    codes = {toets.findtext(_TOETSCODE) for toets in toetsen}
    for resultaat in _doubled(resultaten, lambda one: one.get("key")):
        yield resultaat, "@key"
    for toets in _doubled(toetsen, lambda one: one.findtext(_TOETSCODE)):
        yield toets, "toetscode"
    for toets in toetsen:
        for onderdelen in toets.iterchildren(_ONDERDELEN):
            for onderdeel in _doubled(onderdelen.iterchildren(_ONDERDEEL), _volgnummer):
                yield onderdeel, "toetsonderdeelvolgnummer"
    for resultaat in resultaten:
        code = resultaat.findtext(_TOETSCODE)
        if code is not None and code not in codes:
            yield resultaat, "toetscode"


def _doubled(
    elements: Iterable[etree._Element], key_of: Callable[[etree._Element], str | None]
) -> Iterator[etree._Element]:
    """Yield each element whose key was there before; one without a key is passed over."""
    seen: set[str] = set()
    for element in elements:
        key = key_of(element)
        if key is not None and key in seen:
            yield element
        elif key is not None:
            seen.add(key)


def _volgnummer(element: etree._Element) -> str | None:
    """Return the volgnummer of a toetsonderdeel in one form for each value; what is no number is left to the XSD."""
    text = element.findtext(_VOLGNUMMER)
    return None if text is None else text.strip().lstrip("+").lstrip("0")
