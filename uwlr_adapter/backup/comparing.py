"""What comes back when the records go back in time, and what is lost: earlier rows beside the present ones.

Both are the rows of a few tables, read from a backup or from a database. Nothing that is told is a secret or a pupil.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import sqlalchemy as sa

from uwlr_adapter.contract.nouns import count_noun
from uwlr_adapter.db.metadata import metadata
from uwlr_adapter.db.table_rows import CanonicalRow, TableShape, read_rows
from uwlr_adapter.koppelingen.tables import Status
from uwlr_adapter.koppelingen.toestemming import ToestemmingStatus

_Row: TypeAlias = Mapping[str, Any]
_COLUMNS: dict[str, tuple[str, ...]] = {
    "afnemer": ("id", "klantnaam", "klantcode_digest", "disabled_at"),
    "koppeling": (
        *("id", "brin6", "entry_id", "status", "code_digest", "version"),
        *("leerlinggegevens", "resultaten"),
    ),
    "gebruiker": ("id", "login", "disabled_at", "password_hash"),
    "withheld": ("koppeling_id", "persoon_id"),
    "school": ("brincode", "version"),
    "import_batch": ("id",),
}
"""The tables that are compared, and what is kept of a row."""


@dataclass(slots=True)
class ComparedRows:
    """How things stood at one moment: the rows of a few tables."""

    rows: dict[str, list[_Row]] = field(default_factory=lambda: {name: [] for name in _COLUMNS})

    def passing(self, shape: TableShape, rows: Iterator[CanonicalRow]) -> Iterator[CanonicalRow]:
        """Yield rows as they come, and keep what is compared."""
        wanted = _COLUMNS.get(shape.name)
        if wanted is None:
            yield from rows
            return
        names = shape.names
        places = [(name, names.index(name) if name in names else None) for name in wanted]  # an older schema has fewer
        kept = self.rows[shape.name]
        for row in rows:
            kept.append({name: None if place is None else row[place] for name, place in places})
            yield row

    @classmethod
    def of(cls, connection: sa.Connection) -> "ComparedRows":
        """Read it from a database."""
        standing = cls()
        for name in _COLUMNS:
            shape = TableShape.of(metadata.tables[name])
            for _ in standing.passing(shape, read_rows(connection, shape)):
                pass
        return standing


def differences(earlier: ComparedRows, present: ComparedRows) -> list[str]:
    """Return what comes back and what is lost, a sentence each, the most harmful first."""
    return [
        *_koppelingen(earlier, present),
        *_withheld(earlier, present),
        *_pairs(earlier, present, "afnemer", "klantnaam", "klantcode_digest", "klantcode"),
        *_pairs(earlier, present, "gebruiker", "login", "password_hash", "password"),
        *_records(earlier, present),
    ]


def _by(rows: Iterable[_Row], *names: str) -> dict[tuple[Any, ...], _Row]:
    return {tuple(row[name] for name in names): row for row in rows}


def _koppelingen(earlier: ComparedRows, present: ComparedRows) -> Iterator[str]:
    """Yield a sentence for each koppeling that changed."""
    key = ("id", "brin6", "entry_id")
    was, is_ = _by(earlier.rows["koppeling"], *key), _by(present.rows["koppeling"], *key)
    for one in sorted(is_.keys() | was.keys(), key=lambda one: (one[1], one[2], one[0])):
        before, now = was.get(one), is_.get(one)
        name = f"{one[1]} {one[2]}"
        if before is None:
            if now is not None and now["status"] != Status.BEEINDIGD:
                yield f"{name} was activated since: it is gone, and the school activates it again"
            continue
        if now is None:
            continue
        yield from (f"{name} {text}" for text in (*_changed(before, now), *_toestemmingen(before, now)))


def _changed(before: _Row, now: _Row) -> Iterator[str]:
    opens = "it is open again with the code of then" if before["status"] == Status.ACTIEF else "it is paused again"
    if before["status"] != now["status"]:
        if now["status"] == Status.BEEINDIGD:
            yield f"ended since: {opens}"
        elif now["status"] == Status.GEPAUZEERD:
            yield f"was paused since: {opens}"
        else:
            yield "was resumed since: it is paused again, and the school enters its code"
    elif before["code_digest"] != now["code_digest"] and before["version"] != now["version"]:
        yield "got another code since: the old one opens it again, and the present one does not"


def _toestemmingen(before: _Row, now: _Row) -> Iterator[str]:
    """Yield a sentence for each toestemming of a koppeling that was on then and is not, or was not and is."""
    on = ToestemmingStatus.ON.value
    for name, unknown in (("leerlinggegevens", on), ("resultaten", ToestemmingStatus.NOT_GIVEN.value)):
        was, is_ = (row[name] or unknown for row in (before, now))
        if was == on != is_:
            yield f"had {name} paused since: they are allowed again"
        elif was != on == is_:
            yield f"has {name} allowed since: they are not any more, and the school agrees or resumes again"


def _withheld(earlier: ComparedRows, present: ComparedRows) -> Iterator[str]:
    """Yield a sentence for each koppeling from which leerlingen are withheld since, or no more."""
    was, is_ = (
        {(one["koppeling_id"], one["persoon_id"]) for one in standing.rows["withheld"]}
        for standing in (earlier, present)
    )
    known = {one["id"]: f"{one['brin6']} {one['entry_id']}" for one in earlier.rows["koppeling"]}
    for found, text in (
        (is_ - was, "was withheld since: shared again"),
        (was - is_, "was shared since: withheld again"),
    ):
        for koppeling_id in sorted({one for one, _ in found} & known.keys()):
            count = sum(one == koppeling_id for one, _ in found)
            yield f"{known[koppeling_id]}: {count_noun(count, 'leerling', 'leerlingen')} {text}"


def _pairs(
    earlier: ComparedRows, present: ComparedRows, table: str, name: str, secret: str, noun: str
) -> Iterator[str]:
    """Yield a sentence for each afnemer or user who was disabled, enabled or added since, or has another secret."""
    was, is_ = _by(earlier.rows[table], "id", name), _by(present.rows[table], "id", name)
    for one in sorted(is_.keys() | was.keys(), key=lambda one: one[1]):
        before, now = was.get(one), is_.get(one)
        who = f"{table} {one[1]}"
        if before is None:
            yield f"{who} was added since, and is gone"
            continue
        if now is None:
            yield f"{who} is not there now, and comes back"
            continue
        if (before["disabled_at"] is None) is not (now["disabled_at"] is None):
            change = "disabled since: enabled" if before["disabled_at"] is None else "enabled since: disabled"
            yield f"{who} was {change} again"
        if not _same_secret(before[secret], now[secret]):
            yield f"{who} has another {noun} since: the one of then is good again, and the present one is not"


def _same_secret(before: str | None, now: str | None) -> bool:
    """Return whether two digests may be of one secret: one that was made anew under another key cannot be compared."""
    if before is None or now is None or ":" not in before:
        return before == now
    return before.partition(":")[0] != now.partition(":")[0] or before == now


def _records(earlier: ComparedRows, present: ComparedRows) -> Iterator[str]:
    was, is_ = (_by(standing.rows["school"], "brincode") for standing in (earlier, present))
    changed = [one[0] for one, row in sorted(is_.items()) if one not in was or was[one]["version"] != row["version"]]
    batches = {one["id"] for one in present.rows["import_batch"]} - {one["id"] for one in earlier.rows["import_batch"]}
    if changed:
        shown = ", ".join(changed[:_SHOWN]) + (" …" if len(changed) > _SHOWN else "")
        acts = count_noun(len(batches), "import or act", "imports or acts")
        schools = count_noun(len(changed), "school", "schools")
        yield f"the records of {schools} changed since ({acts}): {shown}. Import again"


_SHOWN = 20
