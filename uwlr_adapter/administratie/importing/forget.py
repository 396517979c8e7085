"""Forget a person everywhere: what remains are the digests of `forgotten.py`."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.administratie import answered, person_results, schools
from uwlr_adapter.administratie.importing import batches, persons
from uwlr_adapter.administratie.importing.forgotten import digest_of, forgotten_of
from uwlr_adapter.administratie.importing.persons import Person, PersonError
from uwlr_adapter.administratie.tables import (
    PersonKind,
    forgotten,
    import_question,
    inschrijving,
    joined,
    person_columns,
    persoon,
    plaatsing,
)
from uwlr_adapter.clock import to_utc
from uwlr_adapter.errors import RefusedError

_SALT_BYTES = 16


class ForgetError(RefusedError):
    """There is no such person, or nobody who was forgotten had that key; the text says so."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased of one person."""

    years: int
    """The number of records: school years at vestigingen."""
    batches: int
    """The number of kept imports that had data."""
    brin6s: frozenset[str]
    """The vestigingen that have, or had as far as is known here, a record of the person."""
    received: tuple[Mapping[str, Any], ...] = ()
    """The rows of `received`: which koppelingen got the person."""


def forget(
    connection: sa.Connection, brincode: str, key: str, moment: datetime, kind: PersonKind = PersonKind.LEERLING
) -> Erased:
    """Erase a person of a school, named by the key that leaves or by a key of the source. Raises ForgetError.

    One who is in no record any more, but in an import that was undone, is erased there; so is one of whom there is no
    more than a question. What kept imports have is erased under every id that the person had (`join`), and also in the
    imports of schools that were merged into this one (fusie): each of these will know that this person was forgotten.
    """
    schools.lock_school(connection, brincode)
    schools.touch_school(connection, brincode)
    of_schools = (brincode, *schools.merged_from(connection, brincode))
    years, kept, brin6s, had = 0, 0, set[str](), list[Mapping[str, Any]]()
    for ids, identifiers in _known(connection, of_schools, key, kind):
        years += _erase(connection, kind, ids[0], brin6s) if ids else 0
        had += answered.erase(connection, of_schools, ids)
        person_results.erase(connection, of_schools, kind, ids, identifiers)
        asked = (import_question.c.brincode.in_(of_schools), import_question.c.soort == kind.value)
        connection.execute(import_question.delete().where(*asked, import_question.c.source_key.in_(identifiers)))
        salt = secrets.token_hex(_SALT_BYTES)
        for school in of_schools:
            brin6s |= batches.vestigingen_of(connection, school, ids)
            kept += batches.drop_persons(connection, school, kind, dict.fromkeys(ids, 0), identifiers)
            _remember(connection, (school, salt, kind), identifiers, moment)
    return Erased(years, kept, frozenset(brin6s), tuple(had))


def _known(
    connection: sa.Connection, brincodes: Sequence[str], key: str, kind: PersonKind
) -> list[tuple[list[int], set[str]]]:
    """Return whom a key names: every id that the person had, the present one first, and the keys and ECK-iDs.

    Of somebody who is in no record any more, those whom kept imports of the schools know by that key; of one who never
    was, no id. Raises ForgetError.
    """
    try:
        return [_identifiers(connection, persons.get(connection, kind, brincodes[0], key), key)]
    except PersonError as error:
        found = {
            id_: identifiers
            for school in brincodes
            for id_, identifiers in batches.find_persons(connection, school, kind, key).items()
        }
        asked = _asked(connection, brincodes, key, kind)
        if not found and not asked:
            raise ForgetError(str(error)) from None
        if not found:
            return [([], asked)]
    query = sa.select(persoon.c.id, persoon.c.key).where(persoon.c.id.in_(found))
    recorded = {row.id: persons.get(connection, kind, brincodes[0], row.key) for row in connection.execute(query)}
    return [  # what was undone may be wrong about somebody known
        _identifiers(connection, recorded[id_], key) if id_ in recorded else ([id_], identifiers)
        for id_, identifiers in found.items()
    ]


def _asked(connection: sa.Connection, brincodes: Sequence[str], key: str, kind: PersonKind) -> set[str]:
    """Return the key and the ECK-iDs of somebody of whom there are only questions; without an ECK-iD of another one."""
    query = sa.select(import_question.c.eckid).where(
        import_question.c.brincode.in_(brincodes),
        import_question.c.soort == kind.value,
        import_question.c.source_key == key,
    )
    found = {*connection.scalars(query), *batches.find_questions(connection, brincodes, kind, key)}
    if not found:
        return set()
    eckids = {one for one in found if one is not None}
    others = sa.select(persoon.c.eckid).where(persoon.c.brincode.in_(brincodes), persoon.c.eckid.in_(eckids))
    return {key} | eckids - set(connection.scalars(others))


def _identifiers(connection: sa.Connection, person: Person, key: str) -> tuple[list[int], set[str]]:
    """Return every id that a known person had, the present one first, and the keys and ECK-iDs."""
    ids = [person.id, *connection.scalars(sa.select(joined.c.id).where(joined.c.persoon_id == person.id))]
    eckid = set() if person.eckid is None else {person.eckid}
    return ids, {key, person.key, *person.source_keys} | eckid


def _erase(connection: sa.Connection, kind: PersonKind, persoon_id: int, brin6s: set[str]) -> int:
    """Erase one person from the records; return the number of years, whose vestigingen are added to `brin6s`."""
    table = persons.RECORDS[kind]
    years = connection.scalars(sa.select(table.c.brin6).where(table.c.persoon_id == persoon_id)).all()
    brin6s.update(years)
    for column in [plaatsing.c.persoon_id, inschrijving.c.persoon_id, *person_columns()]:
        connection.execute(column.table.delete().where(column == persoon_id))
    connection.execute(persoon.delete().where(persoon.c.id == persoon_id))
    return len(years)


def _remember(
    connection: sa.Connection, owner: tuple[str, str, PersonKind], identifiers: set[str], moment: datetime
) -> None:
    """Store the digests of a forgotten person of a school, with the salt and the kind of the person."""
    school, salt, kind = owner
    connection.execute(
        forgotten.insert(),
        [
            {
                "brincode": school,
                "salt": salt,
                "digest": digest_of(salt, identifier),
                "moment": to_utc(moment),
                "soort": kind.value,
            }
            for identifier in sorted(identifiers)
        ],
    )


def allow(connection: sa.Connection, brincode: str, key: str, kind: PersonKind = PersonKind.LEERLING) -> None:
    """Allow a forgotten person to come back, named by a former key or ECK-iD. Raises ForgetError."""
    digests = forgotten_of(connection, brincode, kind).digests
    known = [salt for salt, found in digests.items() if digest_of(salt, key) in found]
    if not known:
        raise ForgetError(f"nobody who was forgotten at {brincode} had that key")
    connection.execute(forgotten.delete().where(forgotten.c.salt.in_(known)))
