"""The rules for texts, dates and keys over the records of a Bron that makes them itself.

EDEXML files and CSV sets are read by these rules; a Bron of a LAS maker may deliver what its database holds.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from uwlr_adapter.administratie.model import (
    Delivery,
    ImportRefusedError,
    Period,
    Problem,
    Record,
    Severity,
    SourceRecord,
)
from uwlr_adapter.administratie.sources import values
from uwlr_adapter.contract.dataset import GroepVerwijzing, Leerkracht, Leerling, Rol
from uwlr_adapter.contract.fields import FIELDS, NAME_PARTS, REQUIRED, attribute_of

_FIELDS = {
    record: [
        (one.element, attribute_of(one.element), values.check_of(record, one.element))
        for one in FIELDS
        if one.record == record and (one.is_plain or one.kind == "periode")
    ]
    for record in {one.record for one in FIELDS}
}
"""Element, attribute and quick check of the texts and dates of each record."""


def clean(delivery: Delivery) -> Delivery:
    """Return a delivery with the texts, dates and keys that its values stand for, and a warning for what was lost.

    Raises ImportRefusedError, with every reason, for a key or an enrolment that cannot be read, and for a record
    without something that UWLR requires.
    """
    reader = _Reader()
    cleaned = replace(
        delivery,
        locaties=tuple(reader.source("vestiging", source) for source in delivery.locaties),
        groepen=tuple(reader.source(source.record.soort, source) for source in delivery.groepen),
        leerlingen=tuple(reader.leerling(source) for source in delivery.leerlingen),
        leerkrachten=tuple(reader.leerkracht(source) for source in delivery.leerkrachten),
        periods=reader.periods(delivery),
        not_placed=frozenset(map(_key, delivery.not_placed)),
        not_available=frozenset(map(_key, delivery.not_available)),
    )
    problems = [delivery.locate(one) for one in reader.problems]
    if any(one.severity is Severity.REFUSED for one in problems):
        raise ImportRefusedError([*problems, *delivery.warnings])
    return replace(cleaned, warnings=(*delivery.warnings, *problems))


def _key(text: str) -> str:
    return values.key(text).text or text


@dataclass(slots=True)
class _Reader:
    """The problems of the records that were read so far."""

    problems: list[Problem] = field(default_factory=list)

    def source(self, kind: str, source: SourceRecord[Record]) -> SourceRecord[Record]:
        """Return a locatie or groep by the rules."""
        changed = self._changed(kind, source)
        return replace(source, record=replace(source.record, **changed)) if changed else source  # type: ignore[type-var]

    def leerling(self, source: SourceRecord[Leerling]) -> SourceRecord[Leerling]:
        """Return a leerling by the rules."""
        record, line = source.record, source.line
        changed = self._changed("leerling", source)
        for name in ("groep", "vestiging"):
            self._put(changed, record, name, line, f"leerling/{name}", values.is_plain_key, values.key)
        others = tuple(
            self._reference(key, line, "leerling/samengestelde_groepen") for key in record.samengestelde_groepen
        )
        if others != record.samengestelde_groepen:
            changed["samengestelde_groepen"] = others
        return SourceRecord(line, record._replace(**changed)) if changed else source

    def leerkracht(self, source: SourceRecord[Leerkracht]) -> SourceRecord[Leerkracht]:
        """Return a leerkracht by the rules, with its roles and groups."""
        record, line = source.record, source.line
        changed = self._changed("leerkracht", source)
        rollen = self._rollen(record.rollen, line, "leerkracht")
        groepen = tuple(
            GroepVerwijzing(
                one.soort,
                self._reference(one.key, line, "leerkracht/groepen"),
                self._rollen(one.rollen, line, "leerkracht/groepen"),
            )
            for one in record.groepen
        )
        if (rollen, groepen) != (record.rollen, record.groepen):
            changed |= {"rollen": rollen, "groepen": groepen}
        return SourceRecord(line, replace(record, **changed)) if changed else source

    def periods(self, delivery: Delivery) -> Mapping[str, tuple[Period, ...]]:
        """Return the periods of enrolment by the rules."""
        if not delivery.periods:
            return delivery.periods
        lines = {source.record.key: source.line for source in delivery.leerlingen}
        return {
            _key(key): tuple(self._period(period, lines.get(key, 0)) for period in periods)
            for key, periods in delivery.periods.items()
        }

    def _period(self, period: Period, line: int) -> Period:
        changed: dict[str, Any] = {}
        for name, rule in (("instroomdatum", values.first_day), ("uitstroomdatum", values.end_day)):
            self._put(changed, period, name, line, f"leerling/{name}", values.is_plain_day, rule)
        return replace(period, **changed) if changed else period

    def _rollen(self, rollen: Iterable[Rol], line: int, path: str) -> tuple[Rol, ...]:
        read = [
            (one.soort, self._read(one.waarde, line, f"{path}/{one.soort}", values.rule_of("leerkracht", one.soort)))
            for one in rollen
        ]
        return tuple(Rol(soort, waarde) for soort, waarde in read if waarde is not None)

    def _reference(self, key: str, line: int, path: str) -> str:
        return key if values.is_plain_key(key) else self._read(key, line, path, values.key) or ""

    def _changed(self, kind: str, source: SourceRecord[Record]) -> dict[str, Any]:
        """Return the attributes of a record that the rules change, and report what is lost or missing."""
        record, line = source.record, source.line
        changed: dict[str, Any] = {}
        for name in ("key", "eckid"):
            self._put(changed, record, name, line, f"{kind}/@{name}", values.is_plain_key, values.key)
        for element, attribute, check in _FIELDS[kind]:
            self._put(changed, record, attribute, line, f"{kind}/{element}", check, values.rule_of(kind, element))
        found = {name: changed.get(name, getattr(record, name)) for name in ("key", *REQUIRED[kind])}
        for name, value in found.items():
            if not value:
                self.problems.append(Problem(line, f"{kind}/{name}", f"has no {name}"))
        if hasattr(record, NAME_PARTS[0]) and not any(changed.get(one, getattr(record, one)) for one in NAME_PARTS):
            self.problems.append(Problem(line, kind, values.UNNAMED, Severity.WARNING))
        return changed

    def _put(
        self,
        changed: dict[str, Any],
        record: object,
        attribute: str,
        line: int,
        path: str,
        check: Callable[[str], bool],
        rule: values.ValueRule,
    ) -> None:
        value = getattr(record, attribute, None)
        if value is not None and not check(value):
            read = self._read(value, line, path, rule)
            if read != value:
                changed[attribute] = read

    def _read(self, value: str, line: int, path: str, rule: values.ValueRule) -> str | None:
        found = rule(value)
        is_vital = rule in {values.key, values.first_day, values.end_day}
        if found.refused and is_vital:
            self.problems.append(Problem(line, path, found.reason))
            return value
        if found.reason:
            reason = f"{found.reason}: left out" if found.refused else found.reason
            self.problems.append(Problem(line, path, reason, Severity.WARNING))
        return found.text
