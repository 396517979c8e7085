"""Koppelingen as the commands list them: for a table, and for a program."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from uwlr_adapter.cli import toestemming as toestemmingen
from uwlr_adapter.cli.json_output import moment_of
from uwlr_adapter.clock import day_of
from uwlr_adapter.koppelingen.catalogue import Catalogue
from uwlr_adapter.koppelingen.facts import verdicts_of
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.koppelingen.overview import overview
from uwlr_adapter.koppelingen.tables import Status
from uwlr_adapter.koppelingen.verdict import ALWAYS_ON, KoppelingVerdict
from uwlr_adapter.koppelingen.verdict_words import words_of


class ListedKoppeling(NamedTuple):
    """A koppeling, activated or not, as it is listed; without naam and type it is not in the catalogue any more."""

    brin6: str
    koppeling: str
    naam: str | None
    type: str | None
    startdatum: date | None
    status: str
    verdict: KoppelingVerdict | None = None
    """None for one that is not activated."""
    toestemmingen: dict[str, dict[str, Any]] | None = None
    """Both, of one that is activated and carries data."""

    def cells(self) -> tuple[str, ...]:
        """Return the cells of a table."""
        start = "" if self.startdatum is None else f"{self.startdatum:%d-%m-%Y}"
        badge = "" if self.verdict is None else words_of(self.verdict, self.naam or self.koppeling).badge
        kind = self.type or "not in the catalogue"
        return self.brin6, self.koppeling, self.naam or "-", kind, start, self.status, badge

    def as_json(self) -> dict[str, Any]:
        """Return it as a program reads it."""
        start = None if self.startdatum is None else self.startdatum.isoformat()
        return self._asdict() | {"startdatum": start, "verdict": self._verdict_as_json()}

    def _verdict_as_json(self) -> dict[str, Any] | None:
        if self.verdict is None:
            return None
        words, verdict = words_of(self.verdict, self.naam or self.koppeling), self.verdict
        return {
            "kind": verdict.kind,
            "since": moment_of(verdict.since),
            "reason": verdict.reason,
            "last_fetched": moment_of(verdict.last_fetched),
            "who": verdict.who,
            "sentence": words.sentence,
            "step": words.step,
        }


def rows_of(
    connection: sa.Connection, catalogue: Catalogue, koppelingen: Sequence[Koppeling], moment: datetime
) -> list[ListedKoppeling]:
    """Return activated koppelingen, each with its entry of the catalogue, if it is still there, and its verdict."""
    verdicts, today = verdicts_of(connection, catalogue, koppelingen, moment), day_of(moment)
    rows = []
    for found in koppelingen:
        entry = catalogue.get(found.entry_id)
        name, kind = (None, None) if entry is None else (entry.naam, str(entry.type))
        status, verdict = _status(found, today), verdicts[found.id]
        both = toestemmingen.as_json(found)
        rows.append(ListedKoppeling(found.brin6, found.entry_id, name, kind, found.startdatum, status, verdict, both))
    return rows


def overview_rows(
    connection: sa.Connection, catalogue: Catalogue, brin6: str, moment: datetime
) -> Iterator[ListedKoppeling]:
    """Yield the koppelingen of a vestiging: activated, and those that it can activate."""
    view = overview(connection, catalogue, brin6)
    activated = [one.koppeling for one in view.activated if one.koppeling is not None]
    listed = {one.koppeling: one for one in rows_of(connection, catalogue, activated, moment)}
    for one in view.activated:
        entry = one.entry
        always_on = ListedKoppeling(brin6, entry.id, entry.naam, str(entry.type), None, str(Status.ACTIEF), ALWAYS_ON)
        yield listed.get(entry.id, always_on)
    for available in view.available:
        status = "beschikbaar" if available.now else "nog niet beschikbaar"
        yield ListedKoppeling(brin6, available.entry.id, available.entry.naam, str(available.entry.type), None, status)


def _status(found: Koppeling, today: date) -> str:
    is_waiting = found.status is Status.ACTIEF and found.startdatum > today
    return "nog niet gestart" if is_waiting else str(found.status)
