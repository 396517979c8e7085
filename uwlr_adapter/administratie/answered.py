"""Lists of who is in each answer, by ids of persons: kept when it is rendered, read once it was fetched.

An entry of the journaal names the answer that it gave by its number. What becomes of it: `koppelingen/receipts.py`.
"""

import json
import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.administratie.importing.diff import AT_ONCE
from uwlr_adapter.administratie.tables import answered, received
from uwlr_adapter.clock import to_utc
from uwlr_adapter.contract.profiles import Profiel
from uwlr_adapter.db import bulk
from uwlr_adapter.db.statements import Insert, InsertStatement

_RECORDS = {"leerlingen": "leerling", "leerkrachten": "leerkracht"}
_INSERT = InsertStatement(answered, [column.name for column in answered.c], replaces=True)


@dataclass(frozen=True, slots=True)
class AnsweredKind:
    """What an answer is, without who is in it."""

    schooljaar: str
    payload: str
    profiel: str
    fields: tuple[str, ...]
    """Record/element of what may be in it of a person."""


def keeping(
    answer: str,
    kind: AnsweredKind,
    brin6: str,
    persons: Sequence[int],
    moment: datetime,
) -> Insert:
    """Return the statement that keeps who is in an answer, by its number."""
    row = {
        "answer": answer,
        "brin6": brin6,
        "schooljaar": kind.schooljaar,
        "payload": kind.payload,
        "profiel": kind.profiel,
        "fields": " ".join(kind.fields),
        "persons": _stored(persons),
        "made_at": to_utc(moment),
        "past_since": None,
    }
    return Insert(_INSERT, [row])


def fields_of(profiel: Profiel, parts: Iterable[str]) -> tuple[str, ...]:
    """Return record/element of what a profile lets through of the persons in some parts of an answer, sorted."""
    records = [_RECORDS[part] for part in parts if part in _RECORDS]
    return tuple(sorted(f"{record}/{element}" for record in records for element in getattr(profiel, record)))


def kinds(connection: sa.Connection, answers: Collection[str]) -> dict[str, AnsweredKind]:
    """Return what these answers are, as far as it is kept."""
    own = answered.c
    found: dict[str, AnsweredKind] = {}
    for some in bulk.pieces(sorted(answers), AT_ONCE):
        query = sa.select(own.answer, own.schooljaar, own.payload, own.profiel, own.fields).where(own.answer.in_(some))
        for answer, schooljaar, payload, profiel, fields in connection.execute(query):
            found[answer] = AnsweredKind(schooljaar, payload, profiel, tuple(fields.split()))
    return found


def persons_in(connection: sa.Connection, answer: str) -> frozenset[int]:
    """Return the ids of who is in an answer that is kept; nobody in one that is not."""
    stored = connection.scalar(sa.select(answered.c.persons).where(answered.c.answer == answer))
    return frozenset() if stored is None else frozenset(_read(stored))


def erase(connection: sa.Connection, brincodes: Iterable[str], ids: Collection[int]) -> list[Mapping[str, Any]]:
    """Erase persons of schools, who are erased everywhere, from what is kept of answers and of who got whom.

    Return the rows of `received` that they had.
    """
    gone = set(ids)
    for brincode in brincodes:
        lists = sa.select(answered.c.answer, answered.c.persons).where(
            answered.c.brin6.startswith(brincode, autoescape=True)
        )
        for answer, stored in connection.execute(lists).all():
            persons = _read(stored)
            left = [one for one in persons if one not in gone]
            if left != persons:
                where = answered.c.answer == answer
                connection.execute(answered.update().where(where).values(persons=_stored(left)))
    had: list[Mapping[str, Any]] = []
    for some in bulk.pieces(sorted(gone), AT_ONCE):
        about = received.c.persoon_id.in_(some)
        had += [dict(row) for row in connection.execute(sa.select(received).where(about)).mappings()]
        connection.execute(received.delete().where(about))
    return had


def _stored(persons: Sequence[int]) -> bytes:
    return zlib.compress(json.dumps(list(persons)).encode())


def _read(stored: bytes) -> list[int]:
    found: list[int] = json.loads(zlib.decompress(stored))
    return found
