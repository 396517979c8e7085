"""The sums of an EDEXML file: each row that is read is in a record, or is told with a warning.

A row is a record, a reference of a leerling or leerkracht to a groep or locatie, or a leerling with a period of
enrolment.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import cast

from lxml import etree

from uwlr_adapter.administratie.model import Delivery, RowCount
from uwlr_adapter.administratie.sources.values import SPACES

_LEERLING, _LEERKRACHT = "leerlingen/leerling", "leerkrachten/leerkracht"
_HAS_TEXT = "[translate(., $spaces, '')]"
_PATHS: dict[str, Sequence[str]] = {
    "locaties": ["vestigingen/vestiging"],
    "groepen": ["groepen/groep", "groepen/samengestelde_groep"],
    "leerlingen": [_LEERLING],
    "leerkrachten": [_LEERKRACHT],
    "plaatsingen": [f"{_LEERLING}/groep", f"{_LEERLING}/samengestelde_groepen/samengestelde_groep"],
    "inschrijvingen": [f"{_LEERLING}[instroomdatum{_HAS_TEXT} or uitstroomdatum{_HAS_TEXT}]"],
    "locaties van leerlingen": [f"{_LEERLING}/vestiging"],
    "groepen van leerkrachten": [f"{_LEERKRACHT}/groepen/groep", f"{_LEERKRACHT}/groepen/samengestelde_groep"],
}
"""The kinds of row, and the paths of their elements in a file."""
_COUNTS = {
    kind: etree.XPath(" + ".join(f"count({path})" for path in paths), regexp=False) for kind, paths in _PATHS.items()
}
_KINDS = {
    tuple(path.split("/")[1:]): kind
    for kind, paths in _PATHS.items()
    for path in paths
    if "/" in path.partition("/")[2] and "[" not in path
}
"""The kind of each reference by the steps of its path, the record first."""
_XML_SPACES = "".join(character for character in SPACES if character >= " " or character in "\t\n\r")
_RECORD_DEPTH = 3
"""The number of ancestors of a record in the wrapped tree: the answer, its payload and the section."""


def read(edex: etree._Element) -> Mapping[str, int]:
    """Return the number of rows of each kind in a file, before anything was changed in it."""
    return {kind: int(cast("float", count(edex, spaces=_XML_SPACES))) for kind, count in _COUNTS.items()}


def within(element: etree._Element) -> Counter[str]:
    """Return the number of references that go with an element of a record when it is removed, by kind."""
    chain = [*reversed(list(element.iterancestors())), element][_RECORD_DEPTH:]
    path = tuple(map(_local, chain))
    paths = [path, *((*path, _local(child)) for child in element)]
    return Counter(_KINDS[one] for one in paths if one in _KINDS)


def _local(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[2]


def sums(read_: Mapping[str, int], told: Mapping[str, int]) -> dict[str, RowCount]:
    """Return the sums of a file for its delivery."""
    return {kind: RowCount(number, told.get(kind, 0)) for kind, number in read_.items()}


def records(delivery: Delivery) -> dict[str, int]:
    """Return the number of rows of each kind that are in the records of a delivery."""
    leerlingen = [source.record for source in delivery.leerlingen]
    return {
        "locaties": len(delivery.locaties),
        "groepen": len(delivery.groepen),
        "leerlingen": len(leerlingen),
        "leerkrachten": len(delivery.leerkrachten),
        "plaatsingen": sum((one.groep is not None) + len(one.samengestelde_groepen) for one in leerlingen),
        "inschrijvingen": _number(one.instroomdatum or one.uitstroomdatum for one in leerlingen),
        "locaties van leerlingen": _number(one.vestiging for one in leerlingen),
        "groepen van leerkrachten": sum(len(source.record.groepen) for source in delivery.leerkrachten),
    }


def _number(values: Iterable[str | None]) -> int:
    return sum(value is not None for value in values)


def unexplained(delivery: Delivery) -> dict[str, int]:
    """Return the number of rows that were read, are in no record and were not told, by kind; none when all is well."""
    found = records(delivery)
    return {
        kind: missing
        for kind, count in delivery.rows.items()
        if (missing := count.read - count.told - found.get(kind, 0))
    }
