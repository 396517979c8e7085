"""Forget a leerling everywhere, and recognise a forgotten one that a source still has.

What remains is one salted digest for each key and for the ECK-iD. Each person has a salt of its own, so that a table
made for one is useless for another, and `allow` finds all digests of a person by one key.
"""

import secrets
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

import sqlalchemy as sa

from uwlr_adapter.administratie import schools
from uwlr_adapter.administratie.importing import batches
from uwlr_adapter.administratie.tables import (
    PersonKind,
    deelname,
    forgotten,
    inschrijving,
    persoon,
    plaatsing,
    source_key,
    withheld,
)
from uwlr_adapter.clock import to_utc
from uwlr_adapter.errors import RefusedError

_SALT_BYTES = 16


class ForgetError(RefusedError):
    """There is no such leerling; the text says so."""


@dataclass(frozen=True, slots=True)
class Erased:
    """The number of records erased of one leerling."""

    deelnames: int
    """School years at vestigingen."""
    batches: int
    """Kept imports."""

    def __add__(self, other: "Erased") -> "Erased":
        """Return the sum."""
        return Erased(self.deelnames + other.deelnames, self.batches + other.batches)


@dataclass(frozen=True, slots=True)
class ForgottenLeerlingen:
    """The forgotten leerlingen of one school."""

    digests: dict[str, frozenset[str]]
    """By salt."""

    def knows(self, *identifiers: str | None) -> bool:
        """Return whether one of these keys or ECK-iDs is that of a forgotten leerling."""
        return any(
            _digest(salt, identifier) in found
            for salt, found in self.digests.items()
            for identifier in identifiers
            if identifier is not None
        )


def forget(connection: sa.Connection, brincode: str, key: str, moment: datetime) -> Erased:
    """Erase a leerling of a school, named by the key that leaves or by a key of the source. Raises ForgetError.

    One who is in no record any more, but in an import that was undone, is erased there.
    """
    schools.lock_school(connection, brincode)
    schools.touch_school(connection, brincode)
    of_school_ = (source_key.c.soort == PersonKind.LEERLING, source_key.c.brincode == brincode)
    found = connection.execute(
        sa.select(persoon).where(
            persoon.c.soort == PersonKind.LEERLING,
            persoon.c.brincode == brincode,
            sa.or_(
                persoon.c.key == key,
                persoon.c.id.in_(sa.select(source_key.c.persoon_id).where(*of_school_, source_key.c.key == key)),
            ),
        )
    ).all()
    exact = [row for row in found if row.key == key] or list(found)
    kept: dict[int, set[str]] = {row.id: set() for row in exact[:1]}
    kept = kept or batches.find_persons(connection, brincode, PersonKind.LEERLING, key)
    if not kept:
        raise ForgetError(f"no leerling of {brincode} has that key")
    erased = Erased(0, 0)
    for id_, found_there in kept.items():
        recorded = _identifiers(connection, id_)
        identifiers = {key, *recorded} if recorded else found_there  # what was undone may be wrong about somebody known
        erased += _erase(connection, brincode, id_, identifiers)
        salt = secrets.token_hex(_SALT_BYTES)
        rows = [
            {"brincode": brincode, "salt": salt, "digest": _digest(salt, identifier), "moment": to_utc(moment)}
            for identifier in identifiers
        ]
        connection.execute(forgotten.insert(), rows)
    return erased


def _identifiers(connection: sa.Connection, persoon_id: int) -> set[str]:
    """Return the keys and the ECK-iD of a person in the records; none for one who is not there."""
    row = connection.execute(sa.select(persoon).where(persoon.c.id == persoon_id)).one_or_none()
    keys = connection.scalars(sa.select(source_key.c.key).where(source_key.c.persoon_id == persoon_id))
    return set(keys) if row is None else {row.key, *keys} | (set() if row.eckid is None else {row.eckid})


def _erase(connection: sa.Connection, brincode: str, persoon_id: int, identifiers: AbstractSet[str]) -> Erased:
    """Erase one person from the records, and from what is kept to undo and redo imports."""
    deelnames = connection.scalar(sa.select(sa.func.count()).where(deelname.c.persoon_id == persoon_id)) or 0
    for table in (plaatsing, inschrijving, deelname, source_key, withheld):
        connection.execute(table.delete().where(table.c.persoon_id == persoon_id))
    connection.execute(persoon.delete().where(persoon.c.id == persoon_id))
    kept = batches.drop_person(connection, brincode, persoon_id, identifiers)
    return Erased(deelnames=deelnames, batches=kept)


def allow(connection: sa.Connection, brincode: str, key: str) -> None:
    """Allow a forgotten leerling to come back, named by a former key or ECK-iD. Raises ForgetError."""
    known = [salt for salt, found in of_school(connection, brincode).digests.items() if _digest(salt, key) in found]
    if not known:
        raise ForgetError(f"nobody who was forgotten at {brincode} had that key")
    connection.execute(forgotten.delete().where(forgotten.c.brincode == brincode, forgotten.c.salt.in_(known)))


def of_school(connection: sa.Connection, brincode: str) -> ForgottenLeerlingen:
    """Return the forgotten leerlingen of a school."""
    found: dict[str, set[str]] = {}
    query = sa.select(forgotten.c.salt, forgotten.c.digest).where(forgotten.c.brincode == brincode)
    for row in connection.execute(query):
        found.setdefault(row.salt, set()).add(row.digest)
    return ForgottenLeerlingen({salt: frozenset(digests) for salt, digests in found.items()})


def _digest(salt: str, identifier: str) -> str:
    return sha256(f"{salt} {identifier}".encode("utf-8", "surrogatepass")).hexdigest()
