"""Compare two answers with the data of a school: which records are new, gone or changed, and in which fields.

A record is known by its kind and key, and a person without a key in one of the answers by the ECK-iD; who has no
identity, such as the school, by place. `aanmaakdatum` and `peildatum` are outside the comparison, as they are of the
answer and not of the school. The order of records, and of groups and roles within one, means nothing.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

from lxml import etree

from uwlr_adapter.client.result import NAMESPACES, saved
from uwlr_adapter.contract.schemas import KNOWN_NAMES

ChangeWord: TypeAlias = Literal["new", "gone", "changed"]
_PATHS = {
    "school": "lg:school",
    "vestiging": "lg:vestigingen/lg:vestiging",
    "groep": "lg:groepen/lg:groep",
    "samengestelde_groep": "lg:groepen/lg:samengestelde_groep",
    "leerling": "lg:leerlingen/lg:leerling",
    "leerkracht": "lg:leerkrachten/lg:leerkracht",
}
KINDS = tuple(_PATHS)
"""The kinds of records, in the order of an answer."""
_OF_THE_ANSWER = frozenset({"aanmaakdatum", "peildatum"})
_BETWEEN, _WITHIN = "\x1e", "\x1f"
"""Separators of the parts of a field, which no XML can hold."""
_SHOWN = str.maketrans({_BETWEEN: ", ", _WITHIN: " "})


@dataclass(frozen=True, slots=True)
class ChangedField:
    """One field of a record: its element, and its content in both answers; None where the answer does not have it.

    The contents are of a person, as a rule; several values are separated by commas.
    """

    element: str
    old: str | None = field(repr=False)
    new: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class RecordChange:
    """A record that is in one of two answers only, or differs between them; of a new or gone one all fields."""

    change: ChangeWord
    kind: str
    """`school`, `vestiging`, `groep`, `samengestelde_groep`, `leerling` or `leerkracht`."""
    key: str | None = field(repr=False)
    eckid: str | None = field(repr=False)
    fields: tuple[ChangedField, ...]


@dataclass(frozen=True, slots=True)
class AnswerComparison:
    """What changed between two answers."""

    records: tuple[RecordChange, ...]
    unchanged: Mapping[str, int]
    """Number of records that are the same in both, by kind."""

    @property
    def is_same(self) -> bool:
        """Whether nothing changed."""
        return not self.records

    def count(self, kind: str, change: ChangeWord) -> int:
        """Return how many records of a kind are new, gone or changed."""
        return sum(one.kind == kind and one.change == change for one in self.records)


class _Record(NamedTuple):
    key: str | None
    eckid: str | None
    fields: dict[str, str]


AnswerRecords: TypeAlias = Mapping[str, Sequence[_Record]]
"""The records of an answer by kind, without its tree."""


def compare_answers(old: bytes, new: bytes) -> AnswerComparison:
    """Compare two answers of HaalLeerlinggegevens, each as `pull` returns it or with its envelope.

    Raises PullError when one of them is no such answer, holds no data or is larger than 16 MiB.
    """
    return compare_records(records_of(old), records_of(new))


def records_of(content: bytes) -> AnswerRecords:
    """Return the records of an answer. Raises PullError as `compare_answers` does."""
    payload = saved(content)
    names: dict[str, str] = {}
    return {
        kind: [_record(element, names) for element in payload.iterfind(path, NAMESPACES)]
        for kind, path in _PATHS.items()
    }


def compare_records(before: AnswerRecords, after: AnswerRecords) -> AnswerComparison:
    """Compare the records of two answers."""
    changes: list[RecordChange] = []
    unchanged: Counter[str] = Counter()
    for kind in KINDS:
        for one, other in _pairs(before[kind], after[kind]):
            change = _change(kind, one, other)
            if change is None:
                unchanged[kind] += 1
            else:
                changes.append(change)
    return AnswerComparison(tuple(changes), {kind: unchanged[kind] for kind in KINDS})


def _record(element: etree._Element, names: dict[str, str]) -> _Record:
    values: dict[str, list[str]] = {}
    for child in element:
        name = names.get(str(child.tag)) or names.setdefault(str(child.tag), _known_name(child))
        if name not in _OF_THE_ANSWER:
            values.setdefault(name, []).append(_value(child))
    fields = {name: found[0] if len(found) == 1 else _BETWEEN.join(sorted(found)) for name, found in values.items()}
    return _Record(element.get("key"), element.get("eckid"), fields)


def _known_name(element: etree._Element) -> str:
    local = etree.QName(element).localname
    return local if local in KNOWN_NAMES else "*"


def _value(element: etree._Element) -> str:
    """Return the content of a field as one text: of a reference its key, of a list its parts in a fixed order."""
    own = element.get("key") or (element.text or "").strip()
    if not len(element):
        return own
    parts = sorted(f"{_known_name(child)}{_WITHIN}{_value(child)}" for child in element)
    return (f"{own}{_WITHIN}" if own else "") + _BETWEEN.join(parts)


def _pairs(old: Sequence[_Record], new: Sequence[_Record]) -> Iterator[tuple[_Record | None, _Record | None]]:
    """Yield each record of either side with the same one of the other side, if there is one; those of `old` last."""
    partners = _matched(old, new)
    taken = {partner for partner in partners if partner is not None}
    for record, partner in zip(new, partners, strict=True):
        yield None if partner is None else old[partner], record
    yield from ((record, None) for place, record in enumerate(old) if place not in taken)


def _matched(old: Sequence[_Record], new: Sequence[_Record]) -> list[int | None]:
    """Return for each new record the place of the old one that it is: by key, then by ECK-iD, then by place."""
    partners: list[int | None] = [None] * len(new)
    taken: set[int] = set()
    for identity in (_by_key, _by_eckid, _by_place):
        places: defaultdict[str, list[int]] = defaultdict(list)
        for place in range(len(old) - 1, -1, -1):
            if place not in taken and (name := identity(old[place])) is not None:
                places[name].append(place)
        for number, record in enumerate(new):
            name = identity(record)
            if partners[number] is None and name is not None and places.get(name):
                partners[number] = places[name].pop()
                taken.add(partners[number])  # type: ignore[arg-type] # it was just set
    return partners


def _by_key(record: _Record) -> str | None:
    return record.key


def _by_eckid(record: _Record) -> str | None:
    return record.eckid


def _by_place(record: _Record) -> str | None:
    return None if record.key or record.eckid else ""


def _change(kind: str, old: _Record | None, new: _Record | None) -> RecordChange | None:
    """Return the change of a record; None when it is the same in both answers."""
    if old == new:
        return None
    before, after = _with_identity(old, new), _with_identity(new, old)
    fields = tuple(
        ChangedField(name, _shown(before.get(name)), _shown(after.get(name)))
        for name in {**before, **after}
        if before.get(name) != after.get(name)
    )
    named = new or old or _Record(None, None, {})
    return RecordChange(
        "new" if old is None else "gone" if new is None else "changed", kind, named.key, named.eckid, fields
    )


def _with_identity(record: _Record | None, other: _Record | None) -> dict[str, str]:
    """Return the fields of a record, with its key and ECK-iD where the other side has the record too."""
    if record is None:
        return {}
    if other is None:
        return record.fields
    return {
        name: value for name, value in (("key", record.key), ("eckid", record.eckid)) if value is not None
    } | record.fields


def _shown(value: str | None) -> str | None:
    return None if value is None else value.translate(_SHOWN)
