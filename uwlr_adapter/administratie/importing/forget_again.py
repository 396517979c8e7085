"""Forget again, in records that went back in time, who was forgotten since.

What is left of a forgotten person are digests (`forgotten.py`), so the persons who came back are found by theirs.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self, TypeAlias

import sqlalchemy as sa

from uwlr_adapter.administratie import schools
from uwlr_adapter.administratie.importing import batch_steps
from uwlr_adapter.administratie.importing.forget import forget
from uwlr_adapter.administratie.importing.forgotten import digest_of
from uwlr_adapter.administratie.tables import (
    PersonKind,
    forgotten,
    import_batch,
    import_question,
    persoon,
    school,
    source_key,
)
from uwlr_adapter.clock import to_utc
from uwlr_adapter.errors import RefusedError

_FORM = 1
_HEAD = {"uwlr-adapter": "forgotten", "form": _FORM}


class ForgottenListError(RefusedError):
    """A list of forgotten persons cannot be read; the text says why, and names the line."""


@dataclass(frozen=True, slots=True, order=True)
class ForgottenDigest:
    """What is left of one key or ECK-iD of a forgotten person at one school; all of a person share a salt."""

    brincode: str
    soort: str
    salt: str
    digest: str
    moment: datetime
    """In UTC, naive, as it is stored."""

    @classmethod
    def from_json(cls, line: Mapping[str, Any]) -> Self:
        """Read a line of a list. Raises KeyError, TypeError or ValueError."""
        brincode, soort, salt, digest = (line[name] for name in ("brincode", "soort", "salt", "digest"))
        if not all(isinstance(text, str) for text in (brincode, salt, digest)):
            raise TypeError
        return cls(brincode, PersonKind(soort).value, salt, digest, datetime.fromisoformat(line["moment"]))

    def as_json(self) -> dict[str, str]:
        """Return the line of a list."""
        return {
            "brincode": self.brincode,
            "soort": self.soort,
            "salt": self.salt,
            "digest": self.digest,
            "moment": self.moment.isoformat(timespec="microseconds"),
        }


def read_all(connection: sa.Connection) -> list[ForgottenDigest]:
    """Return what is left of everybody who was forgotten, in ascending order."""
    own = forgotten.c
    query = sa.select(own.brincode, own.soort, own.salt, own.digest, own.moment)
    return sorted(ForgottenDigest(*row) for row in connection.execute(query))


def to_list(digests: Iterable[ForgottenDigest], moment: datetime) -> bytes:
    """Return a list that an operator can keep: lines of JSON, digests only."""
    lines = [{**_HEAD, "moment": to_utc(moment).isoformat(timespec="seconds")}, *(one.as_json() for one in digests)]
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


def from_list(content: bytes) -> list[ForgottenDigest]:
    """Read what `to_list` wrote. Raises ForgottenListError."""
    found = []
    for number, line in enumerate(content.splitlines(), start=1):
        try:
            told = json.loads(line)
            if number == 1:
                if told["uwlr-adapter"] != _HEAD["uwlr-adapter"] or told["form"] > _FORM:
                    raise ValueError  # noqa: TRY301 - as every other line that is not ours
            else:
                found.append(ForgottenDigest.from_json(told))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            reason = f"line {number} is not one that `uwlr-adapter db forgotten` wrote"
            raise ForgottenListError(f"the list of forgotten persons cannot be read: {reason}") from None
    if not content.strip():
        raise ForgottenListError("the list of forgotten persons is empty: not even its first line is there")
    return found


def new_digests(connection: sa.Connection, digests: Iterable[ForgottenDigest]) -> list[ForgottenDigest]:
    """Return those that the records do not have yet, of schools that are there, in ascending order."""
    known = {(one.brincode, one.salt, one.digest) for one in read_all(connection)}
    brincodes = set(connection.scalars(sa.select(school.c.brincode)))
    return sorted(
        one for one in set(digests) if one.brincode in brincodes and (one.brincode, one.salt, one.digest) not in known
    )


def forget_again(connection: sa.Connection, digests: Iterable[ForgottenDigest], moment: datetime) -> int:
    """Erase everybody of whom these are the digests, and store what is new of them; return how many were there.

    Somebody is found by the key that leaves, which is for life. Only where nobody has it, an ECK-iD or a key of the
    source counts, which may have been somebody else's then; and last what kept imports and questions have.
    """
    new = new_digests(connection, digests)
    by_school: dict[tuple[str, str], dict[str, set[str]]] = {}
    for one in new:
        by_school.setdefault((one.brincode, one.soort), {}).setdefault(one.salt, set()).add(one.digest)
    erased = 0
    for (brincode, soort), by_salt in by_school.items():
        kind = PersonKind(soort)
        known = _known(connection, brincode, kind)
        for salt, found in by_salt.items():
            keys = _find(known, salt, found)
            for key in keys:
                forget(connection, brincode, key, moment, kind)
            if keys:
                known = _known(connection, brincode, kind)
            erased += len(keys)
    if new:
        connection.execute(forgotten.insert(), [{**one.as_json(), "moment": one.moment} for one in new])
    return erased


_Known: TypeAlias = list[list[tuple[str, object, str]]]
"""Keys and ECK-iDs, each with whose it is and a key for `forget`; the most certain list first."""


def _find(known: _Known, salt: str, digests: set[str]) -> list[str]:
    """Return a key of each person of whom these are the digests, from the first list that has any."""
    for identifiers in known:
        found = {whose: key for identifier, whose, key in identifiers if digest_of(salt, identifier) in digests}
        if found:
            return sorted(found.values())
    return []


def _known(connection: sa.Connection, brincode: str, kind: PersonKind) -> _Known:
    """Return the keys and ECK-iDs that records, kept imports and questions of a school have."""
    of_school = (persoon.c.brincode == brincode, persoon.c.soort == kind.value)
    persons = connection.execute(sa.select(persoon.c.id, persoon.c.key, persoon.c.eckid).where(*of_school)).all()
    aliases = connection.execute(
        sa.select(source_key.c.key, persoon.c.id, persoon.c.key)
        .join(persoon, persoon.c.id == source_key.c.persoon_id)
        .where(*of_school)
    )
    merged = (brincode, *schools.merged_from(connection, brincode))
    asked = import_question.c
    questions = sa.select(asked.source_key).where(asked.brincode.in_(merged), asked.soort == kind.value)
    kept = sa.select(import_batch.c.id).where(import_batch.c.brincode.in_(merged))
    ids = {one.id for one in persons}
    undone = batch_steps.find_persons(connection, kept, kind.value)
    return [
        [(one.key, one.id, one.key) for one in persons],
        [
            *((one.eckid, one.id, one.key) for one in persons if one.eckid is not None),
            *((text, id_, key) for text, id_, key in aliases),
        ],
        [
            *((key, key, key) for key in connection.scalars(questions)),
            *((text, id_, text) for id_, texts in undone.items() if id_ not in ids for text in sorted(texts)),
        ],
    ]
