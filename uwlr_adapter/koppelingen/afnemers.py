"""Afnemers: the vendors that may call, identified by klantnaam and klantcode (UWLR 2.2, Systeemautorisatie).

The klantcode is generated, shown once, and stored as a digest. A rotation can leave the previous one valid for a while,
so that a vendor changes it without an interruption.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from uwlr_adapter.clock import any_from_utc, from_utc, to_utc
from uwlr_adapter.db.locks import lock
from uwlr_adapter.errors import RefusedError
from uwlr_adapter.journaal import writer
from uwlr_adapter.journaal.model import Act
from uwlr_adapter.keys import known_keys
from uwlr_adapter.keys.server_keys import KeyPurpose, SecretPurpose, ServerKeys
from uwlr_adapter.koppelingen import tables
from uwlr_adapter.koppelingen.verificatiecode import random_text, text_from

MAX_KLANTNAAM = 64
"""UWLR 2.2, autorisatie: tpString64; the same holds for a klantcode."""
KLANTCODE_LENGTH = 32
"""Characters of a generated klantcode: 185 bits."""
SHOWN_AGAIN = timedelta(minutes=1)
"""How long a form that is sent twice brings the klantcode of the first time (exclusive): a second click, a new load."""
MIN_KLANTCODE = 16
MAX_KLANTCODE = 64

_table = tables.afnemer


class AfnemerError(RefusedError):
    """An act on an afnemer is refused; the text is for the operator and holds no klantcode."""


class RotatedMeanwhileError(AfnemerError):
    """Somebody else replaced the klantcode since it was looked at; nothing has changed."""


@dataclass(frozen=True, slots=True)
class Afnemer:
    """One vendor. The klantcode before the last rotation is valid until `previous_until` (exclusive)."""

    id: int
    klantnaam: str
    created_at: datetime
    previous_until: datetime | None
    disabled_at: datetime | None
    strict: bool
    """Whether its requests are judged without any repair."""
    certificates: str | None
    """Its client certificates, as stored (`certificates.parse`)."""
    rotated_at: datetime | None = None
    """When its klantcode was replaced last; None when it never was, or older code did so."""

    @property
    def rotation(self) -> str:
        """A text that is another one after each replacement of the klantcode, for two people at once."""
        return "/".join("" if one is None else one.isoformat() for one in (self.rotated_at, self.previous_until))

    def overlap_until(self, moment: datetime) -> datetime | None:
        """Return until when the klantcode before this one is valid, if it still is at a moment."""
        return self.previous_until if self.previous_until is not None and self.previous_until > moment else None

    @property
    def is_enabled(self) -> bool:
        """Whether it may call."""
        return self.disabled_at is None


class AfnemerRow(NamedTuple):
    """What the gate reads of an afnemer; the digests are of its klantcodes."""

    id: int
    klantnaam: str
    klantcode_digest: str
    previous_digest: str | None
    previous_until: datetime | None
    disabled_at: datetime | None
    strict: bool
    certificates: str | None = None
    """Its client certificates, as stored (`certificates.accepts`)."""


def add(
    connection: sa.Connection,
    server_keys: ServerKeys,
    klantnaam: str,
    moment: datetime,
    klantcode: str | None = None,
    *,
    actor: str,
) -> tuple[Afnemer, str]:
    """Create an afnemer and return it with its klantcode, which is generated unless given.

    Raises AfnemerError for a klantnaam that exists or breaks its rule (1 to 64 printable characters, no space around
    it, since clients strip that), or a given klantcode of another form than 16 to 64 printable ASCII characters.
    """
    if not (0 < len(klantnaam) <= MAX_KLANTNAAM and klantnaam.isprintable() and klantnaam == klantnaam.strip()):
        raise AfnemerError(f"a klantnaam has 1 to {MAX_KLANTNAAM} printable characters, without space around it")
    code = random_text(KLANTCODE_LENGTH) if klantcode is None else klantcode
    if not (MIN_KLANTCODE <= len(code) <= MAX_KLANTCODE and all("!" <= character <= "~" for character in code)):
        raise AfnemerError(
            f"a klantcode has {MIN_KLANTCODE} to {MAX_KLANTCODE} printable ASCII characters without spaces"
        )
    lock(connection, f"afnemer {klantnaam}")
    if find(connection, klantnaam) is not None:
        raise AfnemerError("there is an afnemer with this klantnaam already")
    digest = server_keys.digest(SecretPurpose.KLANTCODE, code)
    connection.execute(_table.insert().values(klantnaam=klantnaam, klantcode_digest=digest, created_at=to_utc(moment)))
    return _recorded(connection, klantnaam, Act.ADDED, moment, actor), code


def rotate(
    connection: sa.Connection,
    server_keys: ServerKeys,
    klantnaam: str,
    moment: datetime,
    overlap: timedelta = timedelta(0),
    *,
    actor: str,
    seen: str | None = None,
    ticket: str | None = None,
) -> tuple[Afnemer, str]:
    """Replace the klantcode of an afnemer; the present one stays valid for `overlap`, an earlier one does not.

    `seen` is the `Afnemer.rotation` that whoever asks looked at; None is any. `ticket` is a secret of the form: one
    that is sent again within SHOWN_AGAIN brings the klantcode that it made, and changes nothing, since a browser shows
    the answer to the last of two clicks alone. Raises RotatedMeanwhileError for another rotation than `seen`;
    AfnemerError for an unknown or disabled afnemer, or a negative overlap.
    """
    lock(connection, f"afnemer {klantnaam}")
    found = get(connection, klantnaam)
    if not found.is_enabled:
        raise AfnemerError("this afnemer is disabled: enable it first")
    if ticket is not None and (again := shown_again(connection, server_keys, found, ticket, moment)) is not None:
        return found, again
    if seen is not None and seen != found.rotation:
        raise RotatedMeanwhileError("somebody else replaced the klantcode meanwhile")
    if overlap < timedelta(0):
        raise AfnemerError("an overlap is not negative")
    code = random_text(KLANTCODE_LENGTH) if ticket is None else _code_of(server_keys, klantnaam, ticket)
    stays = overlap > timedelta(0)
    connection.execute(
        _table.update()
        .where(_table.c.klantnaam == klantnaam)
        .values(
            previous_digest=_table.c.klantcode_digest if stays else None,
            previous_until=to_utc(moment + overlap) if stays else None,
            klantcode_digest=server_keys.digest(SecretPurpose.KLANTCODE, code),
            rotated_at=to_utc(moment),
        )
    )
    return _recorded(connection, klantnaam, Act.KLANTCODE_ROTATED, moment, actor), code


def shown_again(
    connection: sa.Connection, server_keys: ServerKeys, found: Afnemer, ticket: str, moment: datetime
) -> str | None:
    """Return the klantcode that the form with this ticket made within SHOWN_AGAIN, if it is the present one."""
    if found.rotated_at is None or not timedelta(0) <= moment - found.rotated_at < SHOWN_AGAIN:
        return None
    code = _code_of(server_keys, found.klantnaam, ticket)
    stored = connection.scalar(sa.select(_table.c.klantcode_digest).where(_table.c.id == found.id))
    return code if server_keys.probe(SecretPurpose.KLANTCODE, code).matches(stored) else None


def _code_of(server_keys: ServerKeys, klantnaam: str, ticket: str) -> str:
    """Return the klantcode that follows from a ticket and the server key in use: the ticket alone tells nothing."""
    secret = next(iter(server_keys.derive(KeyPurpose.KLANTCODE).values()))
    return text_from(secret + f"{klantnaam} {ticket}".encode(), KLANTCODE_LENGTH)


def disable(connection: sa.Connection, klantnaam: str, moment: datetime, *, actor: str) -> None:
    """Refuse every call of an afnemer from now on; its koppelingen stay. Raises AfnemerError."""
    if get(connection, klantnaam).is_enabled:
        _set(connection, klantnaam, disabled_at=to_utc(moment))
        _recorded(connection, klantnaam, Act.DISABLED, moment, actor)


def enable(connection: sa.Connection, klantnaam: str, moment: datetime, *, actor: str) -> None:
    """Allow a disabled afnemer to call again, with the klantcode that it had. Raises AfnemerError."""
    if not get(connection, klantnaam).is_enabled:
        _set(connection, klantnaam, disabled_at=None, enabled_at=to_utc(moment))
        _recorded(connection, klantnaam, Act.ENABLED, moment, actor)


def set_strict(connection: sa.Connection, klantnaam: str, moment: datetime, *, strict: bool, actor: str) -> None:
    """Judge the requests of an afnemer with or without repairs. Raises AfnemerError."""
    if get(connection, klantnaam).strict is not strict:
        connection.execute(_table.update().where(_table.c.klantnaam == klantnaam).values(strict=strict))
        _recorded(connection, klantnaam, Act.STRICT if strict else Act.TOLERANT, moment, actor)


def find(connection: sa.Connection, klantnaam: str) -> Afnemer | None:
    """Return the afnemer with exactly this klantnaam, if any."""
    row = _row(connection, klantnaam)
    return None if row is None else _record(row)


def get(connection: sa.Connection, klantnaam: str) -> Afnemer:
    """Return the afnemer with exactly this klantnaam. Raises AfnemerError."""
    afnemer = find(connection, klantnaam)
    if afnemer is None:
        raise AfnemerError("there is no afnemer with this klantnaam")
    return afnemer


def by_id(connection: sa.Connection, afnemer_id: int) -> Afnemer | None:
    """Return the afnemer with this id, if any."""
    row = connection.execute(sa.select(_table).where(_table.c.id == afnemer_id)).one_or_none()
    return None if row is None else _record(row)


def list_all(connection: sa.Connection) -> list[Afnemer]:
    """Return every afnemer, by klantnaam; sorted here, since each database has an order of its own."""
    return sorted(map(_record, connection.execute(sa.select(_table))), key=lambda one: one.klantnaam)


def list_under_key(connection: sa.Connection, name: str, moment: datetime) -> list[tuple[str, bool]]:
    """Return the klantnamen of the klantcodes that are stored under a server key and may still be presented.

    Each with whether it is the klantcode before the last rotation.
    """
    present = sa.select(_table.c.klantnaam, sa.literal(value=False)).where(
        known_keys.needs(_table.c.klantcode_digest, name)
    )
    previous = sa.select(_table.c.klantnaam, sa.literal(value=True)).where(
        known_keys.needs(_table.c.previous_digest, name), _table.c.previous_until > to_utc(moment)
    )
    return sorted((row[0], bool(row[1])) for row in connection.execute(sa.union_all(present, previous)))


def _set(connection: sa.Connection, klantnaam: str, **values: datetime | None) -> None:
    connection.execute(_table.update().where(_table.c.klantnaam == klantnaam).values(values))


def _recorded(connection: sa.Connection, klantnaam: str, act: Act, moment: datetime, actor: str) -> Afnemer:
    """Store an act in the journaal, and return the afnemer as it is now."""
    afnemer = get(connection, klantnaam)
    writer.record_afnemer(connection, moment=moment, act=act, afnemer_id=afnemer.id, actor=actor)
    return afnemer


def _row(connection: sa.Connection, klantnaam: str) -> sa.Row[Any] | None:
    row = connection.execute(sa.select(_table).where(_table.c.klantnaam == klantnaam)).one_or_none()
    # A database with a collation of its own may find another spelling; a klantnaam is exact.
    return row if row is not None and row.klantnaam == klantnaam else None


def _record(row: sa.Row[Any]) -> Afnemer:
    return Afnemer(
        id=row.id,
        klantnaam=row.klantnaam,
        created_at=from_utc(row.created_at),
        previous_until=any_from_utc(row.previous_until),
        disabled_at=any_from_utc(row.disabled_at),
        strict=row.strict,
        certificates=row.certificates,
        rotated_at=any_from_utc(row.rotated_at),
    )
