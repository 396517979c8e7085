"""A school that goes into another brincode (fusie): its persons, keys and records move, and imports know where to.

docs/reference/records.md has the rules.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256

import sqlalchemy as sa

from uwlr_adapter.administratie import schools
from uwlr_adapter.administratie.importing import not_taken, persons, withdraw
from uwlr_adapter.administratie.importing.by_hand import KINDS, Operator, RecordsAct, changed_row, report_of
from uwlr_adapter.administratie.importing.diff import TableDiff, rows_with
from uwlr_adapter.administratie.importing.forgotten import forgotten_of, rows_about
from uwlr_adapter.administratie.importing.join import Union, unite
from uwlr_adapter.administratie.importing.match import GENERATED_LENGTH
from uwlr_adapter.administratie.importing.naming import compare
from uwlr_adapter.administratie.importing.persons import Person
from uwlr_adapter.administratie.importing.school_year import SchoolYear
from uwlr_adapter.administratie.importing.used_keys import used_keys_of
from uwlr_adapter.administratie.model import Counts, ImportReport
from uwlr_adapter.administratie.tables import (
    PersonKind,
    forgotten,
    fusie,
    import_question,
    persoon,
    source_key,
    source_moment,
    used_key,
    vestiging,
    vestiging_setting,
    vestiging_year,
)
from uwlr_adapter.brin import brincode_of, dependancecode_of, is_brin6
from uwlr_adapter.clock import day_of, schooljaar_of
from uwlr_adapter.errors import RefusedError
from uwlr_adapter.journaal.model import Act


class MergeError(RefusedError):
    """A school cannot be merged like this; `mixed` are pairs with one ECK-iD and two names, if that is the reason."""

    def __init__(self, text: str, mixed: tuple[tuple[Person, Person], ...] = ()) -> None:
        super().__init__(text)
        self.mixed = mixed


@dataclass(frozen=True, slots=True)
class NewKey:
    """A person whose key was in use at the other school, and who leaves with another one from now on."""

    person: Person
    key: str


@dataclass(frozen=True, slots=True)
class Merged:
    """What a fusie did: how many persons came with their keys, who became one with a person there, who got a new key.

    `lost_aliases` is the number of keys of sources that do not move, because they name somebody else there.
    """

    moved: Mapping[PersonKind, int]
    united: tuple[Union, ...]
    new_keys: tuple[NewKey, ...]
    lost_aliases: int
    batch: int


def merge(connection: sa.Connection, old: str, new: str, vestigingen: Mapping[str, str], operator: Operator) -> Merged:
    """Move a school into another brincode; `vestigingen` has for each brin6 of the old one the new brin6.

    Raises MergeError. The transaction must hold both schools.
    """
    _require_possible(connection, old, new, vestigingen)
    act = RecordsAct(connection, "school merge")
    for brin6, into in sorted(vestigingen.items()):
        _move_vestiging(act, brin6, into)
    united = _unite(act, old, new, day_of(operator.moment))
    moved, new_keys, lost = _move_persons(act, old, new)
    reports = [
        report
        for brin6, into in sorted(vestigingen.items())
        for report in _move_years(act, brin6, into, schooljaar_of(day_of(operator.moment)))
    ]
    _move_forgotten(act, old, new)
    _move_used_keys(act, old, new)
    act.write(TableDiff(fusie, added=sorted(vestigingen.items())))
    not_taken.clear_all(connection, vestigingen)
    batch = act.keep(new, reports, Act.SCHOOL_MERGED, operator)
    return Merged(moved, united, new_keys, lost, batch)


def _require_possible(connection: sa.Connection, old: str, new: str, vestigingen: Mapping[str, str]) -> None:
    """Raise MergeError unless each vestiging gets a brin6 of the other school in which its years are free."""
    if old == new:
        raise MergeError("a school cannot be merged into itself")
    for school in (old, new):
        if merged := schools.merged_into(connection, school):
            raise MergeError(f"{school} was merged into {brincode_of(next(iter(merged.values())))} already")
    known = set(connection.scalars(sa.select(vestiging.c.brin6).where(vestiging.c.brincode == old)))
    if not known:
        raise MergeError(f"there is no vestiging of {old}: `uwlr-adapter school list` lists them")
    if missing := sorted(known - vestigingen.keys()):
        raise MergeError(
            f"say which vestiging of {new} each becomes: {' '.join(f'--vestiging {one}={new}..' for one in missing)}"
        )
    if unknown := sorted(vestigingen.keys() - known):
        raise MergeError(f"there is no vestiging {unknown[0]}")
    if rows_with(connection, import_question, brincode=old):
        raise MergeError(f"{old} has open questions: answer those first (`uwlr-adapter import questions`)")
    _require_free_years(connection, new, vestigingen)


def _require_free_years(connection: sa.Connection, new: str, vestigingen: Mapping[str, str]) -> None:
    """Raise MergeError unless each new brin6 is one of the other school, and has none of the years that it gets."""
    taken: set[SchoolYear] = set()
    for brin6, into in sorted(vestigingen.items()):
        if not is_brin6(into) or brincode_of(into) != new:
            raise MergeError(f"the new brin6 of {brin6} must be one of {new}, such as {new}01")
        taken |= set(withdraw.years_of(connection, into))
        for year in withdraw.years_of(connection, brin6):
            moved = SchoolYear(into, year.schooljaar)
            if moved in taken:
                reason = f"{into} has records of {year.schooljaar}: choose another brin6 for {brin6}"
                raise MergeError(f"{reason}, or withdraw those first (`uwlr-adapter school withdraw`)")
        taken |= {SchoolYear(into, year.schooljaar) for year in withdraw.years_of(connection, brin6)}


_OF_VESTIGING = (vestiging_setting, vestiging_year, source_moment)
"""What is kept of a vestiging beside its records; the new one keeps what it has."""


def _move_vestiging(act: RecordsAct, brin6: str, into: str) -> None:
    """Make the new vestiging, unless it is there, with all that the old one had; the schoolkey goes with it."""
    names = vestiging.columns.keys()
    (old,) = rows_with(act.connection, vestiging, brin6=brin6)
    present = rows_with(act.connection, vestiging, brin6=into)
    row = dict(zip(names, old, strict=True))
    if row["schoolkey"] is not None and not (present and present[0][names.index("schoolkey")]):
        act.write(TableDiff(vestiging, changed=[changed_row(vestiging, old, schoolkey=None)], before=[old]))
    else:
        row["schoolkey"] = None
    if not present:
        row |= {"brin6": into, "brincode": brincode_of(into), "dependancecode": dependancecode_of(into)}
        act.write(TableDiff(vestiging, added=[tuple(row.values())]))
    elif row["schoolkey"] is not None:
        changed = changed_row(vestiging, present[0], schoolkey=row["schoolkey"])
        act.write(TableDiff(vestiging, changed=[changed], before=present))
    for table in _OF_VESTIGING:
        width = len(table.primary_key)
        known = {row[:width] for row in rows_with(act.connection, table, brin6=into)}
        rows = rows_with(act.connection, table, brin6=brin6)
        moved = [(into, *row[1:]) for row in rows]
        act.write(TableDiff(table, added=[row for row in moved if row[:width] not in known], removed=rows))


def _unite(act: RecordsAct, old: str, new: str, day: date) -> tuple[Union, ...]:
    """Make the persons of both schools who are one person one: same ECK-iD, or same key, and names that say so.

    Raises MergeError when an ECK-iD is that of two persons whose names do not agree.
    """
    pairs: list[tuple[Person, Person]] = []
    mixed: list[tuple[Person, Person]] = []
    for kind in PersonKind:
        here = persons.all_of(act.connection, kind, new)
        by_eckid = {person.eckid: person for person in here if person.eckid is not None}
        by_key = {person.key: person for person in here}
        found: set[int] = set()
        come = persons.all_of(act.connection, kind, old)
        for person in sorted(come, key=lambda one: one.eckid not in by_eckid):
            same = None if person.eckid is None else by_eckid.get(person.eckid)
            keep = same or by_key.get(person.key)
            if keep is None or keep.id in found or (same is None and None not in (person.eckid, keep.eckid)):
                continue
            if _are_one(keep, person, [*here, *come], by_eckid=same is not None):
                pairs.append((keep, person))
                found.add(keep.id)
            elif same is not None:
                mixed.append((keep, person))
    if mixed:
        text = f"{len(mixed)} have an ECK-iD that somebody with another name has at {new}: correct those first"
        raise MergeError(f"{text} (`uwlr-adapter leerling eckid`)", tuple(mixed))
    return tuple(unite(act, keep, person, day) for keep, person in pairs)


def _are_one(keep: Person, person: Person, everybody: Iterable[Person], *, by_eckid: bool) -> bool:
    """Return whether the names of two persons with one ECK-iD, or else one key, say that they are one.

    With one ECK-iD as in an import, also where that asks about twins. With one key only when they are alike: two
    administrations number their persons alike, so a key of both says nothing by itself.
    """
    compared = compare(keep.naming, person.naming)
    if not by_eckid:
        return compared.is_alike
    if compared.roepnaam is False:
        for one in everybody:
            is_third = one.id not in (keep.id, person.id)
            if is_third and any(compare(side.naming, one.naming).is_namesake(keep.kind) for side in (keep, person)):
                return False
    return compared.is_same(keep.kind)


def _move_persons(act: RecordsAct, old: str, new: str) -> tuple[Counter[PersonKind], tuple[NewKey, ...], int]:
    """Move everybody else, each with the key that leaves and the keys of sources, where these are free.

    Return how many of each kind, who got a new key, and how many keys of sources were not free.
    """
    connection = act.connection
    moved: Counter[PersonKind] = Counter()
    new_keys: list[NewKey] = []
    lost = 0
    for kind in PersonKind:
        here = persons.all_of(connection, kind, new)
        was_forgotten = forgotten_of(connection, new, kind).knows
        was_used = used_keys_of(connection, new, kind).is_of_another
        source_keys = {key for person in here for key in person.source_keys}
        taken = source_keys | {person.key for person in here}
        come = persons.all_of(connection, kind, old)
        taken_later = {person.key for person in come}
        rows = rows_with(connection, persoon, soort=kind.value, brincode=old)
        before = {row[0]: row for row in rows}
        changed, removed, added = [], [], []
        for person in come:
            is_free = person.key not in taken and not was_forgotten(person.key)
            is_free = is_free and not was_used(person.key, person.eckid)
            key = person.key if is_free else _new_key(person, taken | taken_later)
            taken.add(key)
            if key != person.key:
                new_keys.append(NewKey(person, key))
            changed.append(changed_row(persoon, before[person.id], brincode=new, key=key))
            removed += [(kind.value, old, alias, person.id) for alias in person.source_keys]
            added += [(kind.value, new, alias, person.id) for alias in person.source_keys if alias not in source_keys]
        act.write(TableDiff(persoon, changed=changed, before=[before[person.id] for person in come]))
        act.write(TableDiff(source_key, added=added, removed=removed))
        moved[kind] = len(come)
        lost += len(removed) - len(added)
    return moved, tuple(new_keys), lost


def _new_key(person: Person, taken: set[str]) -> str:
    """Return a generated key; it is derived from the old one, so that a second merge after an undo gives the same."""
    attempt, key = 0, person.key
    while key in taken or not attempt:
        text = f"{person.brincode} {person.key} {attempt}"
        key, attempt = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:GENERATED_LENGTH], attempt + 1
    return key


def _move_years(act: RecordsAct, brin6: str, into: str, present: str) -> list[ImportReport]:
    """Move the records of a vestiging to its new brin6, and return the reports of both.

    A vestiging without records is reported with the present schooljaar.
    """
    reports = []
    years = list(withdraw.years_of(act.connection, brin6))
    for year in years:
        rows = withdraw.rows_of_year(act.connection, year)
        moved = {table: [(into, *row[1:]) for row in rows[table]] for table in withdraw.YEAR_TABLES}
        act.write(*(TableDiff(table, added=moved[table], removed=rows[table]) for table in withdraw.YEAR_TABLES))
        for which, word in ((year, "removed"), (SchoolYear(into, year.schooljaar), "added")):
            changes = {kind: Counts(**{word: len(rows[table])}) for kind, table in KINDS.items()}
            reports.append(report_of(act.connection, which, changes))
    if not years:
        reports += [report_of(act.connection, SchoolYear(one, present), {}) for one in (brin6, into)]
    return reports


def _move_forgotten(act: RecordsAct, old: str, new: str) -> None:
    """Let imports of the other school recognise who was forgotten here.

    A key of somebody who is there now is no longer that of one who was forgotten at the school that it comes from. It
    stays a used key: what a platform sends under it is for nobody (`resultaten/identifying.py`).
    """
    for kind in PersonKind:
        here, come = (rows_with(act.connection, forgotten, brincode=one, soort=kind.value) for one in (new, old))
        keys = {
            key for person in persons.all_of(act.connection, kind, new) for key in (person.key, *person.source_keys)
        }
        of_others, of_others_here = rows_about(come, keys), rows_about(here, keys)
        left_out = {row[1:3] for row in (*of_others, *here)}
        added = [(new, *row[1:]) for row in come if row[1:3] not in left_out]
        act.write(TableDiff(forgotten, added=added, removed=of_others_here))
        used = {(new, salt, digest): (soort, moment) for _, salt, digest, moment, soort in of_others + of_others_here}
        known = {row[:3] for row in rows_with(act.connection, used_key, brincode=new)}
        act.write(TableDiff(used_key, added=[(*one, *used[one]) for one in sorted(used.keys() - known)]))


def _move_used_keys(act: RecordsAct, old: str, new: str) -> None:
    """Let no import of the other school use the key of somebody who left here and was erased since."""
    come = rows_with(act.connection, used_key, brincode=old)
    here = {row[1:3] for row in rows_with(act.connection, used_key, brincode=new)}
    act.write(TableDiff(used_key, added=[(new, *row[1:]) for row in come if row[1:3] not in here]))
