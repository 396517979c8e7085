"""The persons of a school who were forgotten: recognised when a source still has them.

What is kept of one is a salted digest for each key and for the ECK-iD. Each person has a salt of its own, so that a
table made for one is useless for another, and all digests of a person are found by one key.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

import sqlalchemy as sa

from uwlr_adapter.administratie.importing.diff import TableRow
from uwlr_adapter.administratie.tables import PersonKind, forgotten
from uwlr_adapter.db.backend import run
from uwlr_adapter.db.statements import Query, SelectStatement

_OF_SCHOOL = SelectStatement(
    sa.select(forgotten.c.salt, forgotten.c.digest).where(
        *(forgotten.c[name] == sa.bindparam(name, type_=sa.String) for name in ("brincode", "soort"))
    )
)


@dataclass(frozen=True, slots=True)
class ForgottenPersons:
    """The forgotten persons of one kind and school."""

    digests: dict[str, frozenset[str]]
    """By salt."""

    def knows(self, *identifiers: str | None) -> bool:
        """Return whether one of these keys or ECK-iDs is that of a forgotten person."""
        return any(
            digest_of(salt, identifier) in found
            for salt, found in self.digests.items()
            for identifier in identifiers
            if identifier is not None
        )


def forgotten_of(connection: sa.Connection, brincode: str, kind: PersonKind = PersonKind.LEERLING) -> ForgottenPersons:
    """Return the forgotten persons of a kind and school."""
    found: dict[str, set[str]] = {}
    (rows,) = run(connection, [Query(_OF_SCHOOL, {"brincode": brincode, "soort": kind.value})])
    for salt, digest in rows:
        found.setdefault(salt, set()).add(digest)
    return ForgottenPersons({salt: frozenset(digests) for salt, digests in found.items()})


def rows_about(rows: Iterable[TableRow], identifiers: Iterable[str]) -> list[TableRow]:
    """Return those of the rows of `forgotten` that are about one of these keys and ECK-iDs."""
    known = frozenset(identifiers)
    by_salt: dict[str, list[TableRow]] = {}
    for row in rows:
        by_salt.setdefault(row[1], []).append(row)
    return [
        row
        for salt, own in by_salt.items()
        for digests in [{digest_of(salt, identifier) for identifier in known}]
        for row in own
        if row[2] in digests
    ]


def digest_of(salt: str, identifier: str) -> str:
    """Return what is kept of a key or an ECK-iD, with the salt of its person."""
    return sha256(f"{salt} {identifier}".encode("utf-8", "surrogatepass")).hexdigest()
