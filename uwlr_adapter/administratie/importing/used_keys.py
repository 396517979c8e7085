"""The keys of leavers whose term passed: no other person of the school gets them.

What is kept of one is what is kept of a person who was forgotten (`forgotten.py`): a salted digest for each key and for
the ECK-iD, nothing to read. Somebody who comes back with the key and the ECK-iD of one leaver is that one, and is sent
with the same key. Anybody else with that key gets a generated one: a key alone does not make two children one.

So is kept of somebody who became one with another person (`join.py`) and whose key a third one has in the source.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.administratie.importing.forgotten import digest_of
from uwlr_adapter.administratie.tables import PersonKind, used_key
from uwlr_adapter.clock import to_utc
from uwlr_adapter.db.backend import run
from uwlr_adapter.db.statements import Query, SelectStatement

SALT_BYTES = 16
"""The length of the salt of one person."""
_OF_SCHOOL = SelectStatement(
    sa.select(used_key.c.salt, used_key.c.digest).where(
        *(used_key.c[name] == sa.bindparam(name, type_=sa.String) for name in ("brincode", "soort"))
    )
)


class UsedKeys:
    """The keys of the erased leavers of one kind and school."""

    def __init__(self, digests: Mapping[str, frozenset[str]]) -> None:
        self._digests = digests
        """By salt: those of one leaver."""

    def __bool__(self) -> bool:
        """Return whether there is any."""
        return bool(self._digests)

    def is_of_another(self, key: str, eckid: str | None) -> bool:
        """Return whether a key was that of a leaver who is not the person with this ECK-iD.

        So it is where that person had it too: a source may have handed it on from the one to the other.
        """
        owners = [(salt, found) for salt, found in self._digests.items() if digest_of(salt, key) in found]
        return any(eckid is None or digest_of(salt, eckid) not in found for salt, found in owners)


def used_keys_of(connection: sa.Connection, brincode: str, kind: PersonKind) -> UsedKeys:
    """Return the keys of the erased leavers of a kind and school."""
    found: dict[str, set[str]] = {}
    (rows,) = run(connection, [Query(_OF_SCHOOL, {"brincode": brincode, "soort": kind.value})])
    for salt, digest in rows:
        found.setdefault(salt, set()).add(digest)
    return UsedKeys({salt: frozenset(digests) for salt, digests in found.items()})


def rows_of(
    brincode: str, kind: PersonKind, salt: str, identifiers: Iterable[str], moment: datetime
) -> list[dict[str, Any]]:
    """Return the rows that are kept of a leaver: of the keys and the ECK-iD, with a salt of its own."""
    owner = {"brincode": brincode, "salt": salt, "soort": kind.value, "moment": to_utc(moment)}
    return [{**owner, "digest": digest_of(salt, identifier)} for identifier in sorted(identifiers)]
