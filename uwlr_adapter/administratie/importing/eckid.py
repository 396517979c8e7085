"""The correction of an ECK-iD by an operator: a person has one, and the same one in every year and vestiging."""

from dataclasses import dataclass, replace

import sqlalchemy as sa

from uwlr_adapter.administratie.importing import by_hand, persons
from uwlr_adapter.administratie.importing.by_hand import Operator, RecordsAct
from uwlr_adapter.administratie.importing.diff import TableDiff
from uwlr_adapter.administratie.importing.forgotten import forgotten_of
from uwlr_adapter.administratie.importing.persons import Person, PersonError
from uwlr_adapter.administratie.sources import values
from uwlr_adapter.administratie.tables import persoon
from uwlr_adapter.journaal.model import Act

MAX_LENGTH = 256
"""The maximum length of an ECK-iD in characters (inclusive): the width of its column."""


class EckidTakenError(PersonError):
    """Another person of the school has the ECK-iD: `other`."""

    def __init__(self, other: Person) -> None:
        super().__init__(f"another {other.kind.value} has that ECK-iD")
        self.other = other


@dataclass(frozen=True, slots=True)
class Corrected:
    """The result: the person with the new ECK-iD, and the one who has the earlier one now, if the two were swapped."""

    person: Person
    other: Person | None
    batch: int


def correct(
    connection: sa.Connection, person: Person, eckid: str | None, operator: Operator, *, swap: bool = False
) -> Corrected:
    """Set the ECK-iD of a person, or take it away with None.

    With `swap` another person who has it gets the one of this person. Raises PersonError when there is nothing to
    change, the ECK-iD is not valid or of a forgotten person; EckidTakenError without `swap`. The transaction must hold
    the school.
    """
    if eckid is not None:
        eckid = _required(eckid)
    other = None if eckid is None else _owner(connection, person, eckid)
    if person.eckid == eckid:
        raise PersonError(f"this {person.kind.value} has {'no' if eckid is None else 'that'} ECK-iD already")
    if other is not None and not swap:
        raise EckidTakenError(other)
    if other is None and swap:
        raise PersonError(f"no other {person.kind.value} has that ECK-iD: leave --swap out")
    act = RecordsAct(connection, f"{person.kind.value} eckid")
    wanted = {person.id: eckid} | ({} if other is None else {other.id: person.eckid})
    _write(act, wanted)
    touched = [person] if other is None else [person, other]
    reports = by_hand.reports_of_persons(connection, touched, operator)
    batch = act.keep(person.brincode, reports, Act.ECKID_CORRECTED, operator)
    return Corrected(replace(person, eckid=eckid), None if other is None else replace(other, eckid=person.eckid), batch)


def _required(eckid: str) -> str:
    """Return an ECK-iD by the rule for those of every source. Raises PersonError when it is none."""
    read = values.key(eckid)
    if read.refused:
        raise PersonError(f"the ECK-iD {read.reason}")
    if read.text is None or len(read.text) > MAX_LENGTH or not read.text.isprintable() or " " in read.text:
        raise PersonError(f"an ECK-iD is 1 to {MAX_LENGTH} characters without a space, such as https://ketenid.nl/…")
    return read.text


def _owner(connection: sa.Connection, person: Person, eckid: str) -> Person | None:
    """Return another person who has an ECK-iD. Raises PersonError when nobody can have it."""
    if forgotten_of(connection, person.brincode, person.kind).knows(eckid):
        kind = person.kind.value
        raise PersonError(f"that ECK-iD is of a {kind} who was forgotten here (`uwlr-adapter {kind} allow`)")
    found = persons.find_by_eckid(connection, person.kind, person.brincode, eckid)
    return None if found is None or found.id == person.id else found


def _write(act: RecordsAct, wanted: dict[int, str | None]) -> None:
    """Set ECK-iDs by id of the person; those of all of them are taken away first, since each is unique."""
    rows = [tuple(row) for row in act.connection.execute(sa.select(persoon).where(persoon.c.id.in_(wanted)))]
    empty = [by_hand.changed_row(persoon, row, eckid=None) for row in rows]
    act.write(TableDiff(persoon, changed=empty, before=rows))
    changed = [by_hand.changed_row(persoon, row, eckid=wanted[row[0]]) for row in rows]
    act.write(TableDiff(persoon, changed=changed, before=empty))
