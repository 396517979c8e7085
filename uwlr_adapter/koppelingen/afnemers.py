"""Afnemers: who may call, known by klantnaam and klantcode (UWLR 2.2, Systeemautorisatie).

The klantcode is generated, shown once, and kept as a digest. A rotation can leave the previous one valid for a while,
so that a vendor changes it without an interruption.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from uwlr_adapter.clock import from_utc, to_utc
from uwlr_adapter.db import dialect
from uwlr_adapter.errors import RefusedError
from uwlr_adapter.journaal import writer
from uwlr_adapter.journaal.model import Act
from uwlr_adapter.keys.server_keys import SecretPurpose, ServerKeys
from uwlr_adapter.koppelingen import tables
from uwlr_adapter.koppelingen.verificatiecode import random_text

MAX_KLANTNAAM = 64
"""UWLR 2.2, autorisatie: tpString64; the same holds for a klantcode."""
KLANTCODE_LENGTH = 32
"""Characters of a generated klantcode: 185 bits."""
MIN_KLANTCODE = 16
MAX_KLANTCODE = 64

_table = tables.afnemer


class AfnemerError(RefusedError):
    """An act on an afnemer is refused; the text is for the operator and holds no klantcode."""


@dataclass(frozen=True, slots=True)
class Afnemer:
    """One vendor. `vorige_tot` is until when the klantcode before the last rotation is still good."""

    id: int
    klantnaam: str
    created_at: datetime
    previous_until: datetime | None
    disabled_at: datetime | None
    strict: bool
    """Whether its requests are judged without any repair."""

    @property
    def is_enabled(self) -> bool:
        """Whether it may call."""
        return self.disabled_at is None


class AfnemerRow(NamedTuple):
    """An afnemer as it is stored; the digests are of its klantcodes."""

    id: int
    klantnaam: str
    klantcode_digest: str
    vorige_digest: str | None
    vorige_tot: datetime | None
    aangemaakt_op: datetime
    uitgeschakeld_op: datetime | None
    streng: bool


def add(
    connection: sa.Connection, server_keys: ServerKeys, klantnaam: str, moment: datetime, klantcode: str | None = None
) -> tuple[Afnemer, str]:
    """Make an afnemer and give it with its klantcode, which is generated unless given.

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
    dialect.lock(connection, f"afnemer {klantnaam}")
    if find(connection, klantnaam) is not None:
        raise AfnemerError("there is an afnemer with this klantnaam already")
    digest = server_keys.digest(SecretPurpose.KLANTCODE, code)
    connection.execute(
        _table.insert().values(klantnaam=klantnaam, klantcode_digest=digest, aangemaakt_op=to_utc(moment))
    )
    return _recorded(connection, klantnaam, Act.ADDED, moment), code


def rotate(
    connection: sa.Connection,
    server_keys: ServerKeys,
    klantnaam: str,
    moment: datetime,
    overlap: timedelta = timedelta(0),
) -> tuple[Afnemer, str]:
    """Give an afnemer a new klantcode; the present one stays good for `overlap`, and one before that no longer.

    Raises AfnemerError for an unknown or disabled afnemer, or a negative overlap.
    """
    if not get(connection, klantnaam).is_enabled:
        raise AfnemerError("this afnemer is disabled: enable it first")
    if overlap < timedelta(0):
        raise AfnemerError("an overlap is not negative")
    code = random_text(KLANTCODE_LENGTH)
    stays = overlap > timedelta(0)
    connection.execute(
        _table.update()
        .where(_table.c.klantnaam == klantnaam)
        .values(
            vorige_digest=_table.c.klantcode_digest if stays else None,
            vorige_tot=to_utc(moment + overlap) if stays else None,
            klantcode_digest=server_keys.digest(SecretPurpose.KLANTCODE, code),
        )
    )
    return _recorded(connection, klantnaam, Act.KLANTCODE_ROTATED, moment), code


def disable(connection: sa.Connection, klantnaam: str, moment: datetime) -> None:
    """Refuse every call of an afnemer from now on; its koppelingen stay. Raises AfnemerError."""
    if get(connection, klantnaam).is_enabled:
        _set_disabled(connection, klantnaam, to_utc(moment))
        _recorded(connection, klantnaam, Act.DISABLED, moment)


def enable(connection: sa.Connection, klantnaam: str, moment: datetime) -> None:
    """Let a disabled afnemer call again, with the klantcode that it had. Raises AfnemerError."""
    if not get(connection, klantnaam).is_enabled:
        _set_disabled(connection, klantnaam, None)
        _recorded(connection, klantnaam, Act.ENABLED, moment)


def set_strict(connection: sa.Connection, klantnaam: str, *, strict: bool) -> None:
    """Judge the requests of an afnemer with or without repairs. Raises AfnemerError."""
    get(connection, klantnaam)
    connection.execute(_table.update().where(_table.c.klantnaam == klantnaam).values(streng=strict))


def find(connection: sa.Connection, klantnaam: str) -> Afnemer | None:
    """Give the afnemer with exactly this klantnaam, if any."""
    row = _row(connection, klantnaam)
    return None if row is None else _record(row)


def get(connection: sa.Connection, klantnaam: str) -> Afnemer:
    """Give the afnemer with exactly this klantnaam. Raises AfnemerError."""
    afnemer = find(connection, klantnaam)
    if afnemer is None:
        raise AfnemerError("there is no afnemer with this klantnaam")
    return afnemer


def by_id(connection: sa.Connection, afnemer_id: int) -> Afnemer | None:
    """Give the afnemer with this id, if any."""
    row = connection.execute(sa.select(_table).where(_table.c.id == afnemer_id)).one_or_none()
    return None if row is None else _record(row)


def list_all(connection: sa.Connection) -> list[Afnemer]:
    """Give every afnemer, by klantnaam; each database has an order of its own, so it is made here."""
    return sorted(map(_record, connection.execute(sa.select(_table))), key=lambda one: one.klantnaam)


def identify(
    connection: sa.Connection, klantnaam: str, klantcode: str, moment: datetime, server_keys: ServerKeys
) -> Afnemer | None:
    """Give the afnemer that calls, or None: unknown, wrong and disabled cost the same work."""
    row = _row(connection, klantnaam)
    known = None if row is None else AfnemerRow(*(getattr(row, naam) for naam in AfnemerRow._fields))
    return recognise(known, klantcode, moment, server_keys)


def recognise(known: AfnemerRow | None, klantcode: str, moment: datetime, server_keys: ServerKeys) -> Afnemer | None:
    """Give the afnemer of a record if this klantcode is good for it now; without a record the work is the same."""
    presented = server_keys.probe(SecretPurpose.KLANTCODE, klantcode)
    current = presented.matches(None if known is None else known.klantcode_digest)
    previous = presented.matches(None if known is None else known.vorige_digest)
    if known is None:
        return None
    afnemer = _record(known)
    overlaps = afnemer.previous_until is not None and moment < afnemer.previous_until
    return afnemer if afnemer.is_enabled and (current or (previous and overlaps)) else None


def _set_disabled(connection: sa.Connection, klantnaam: str, value: datetime | None) -> None:
    connection.execute(_table.update().where(_table.c.klantnaam == klantnaam).values(uitgeschakeld_op=value))


def _recorded(connection: sa.Connection, klantnaam: str, act: Act, moment: datetime) -> Afnemer:
    """Write an act down in the journaal, and give the afnemer as it is now."""
    afnemer = get(connection, klantnaam)
    writer.record_afnemer(connection, moment=moment, act=act, afnemer_id=afnemer.id)
    return afnemer


def _row(connection: sa.Connection, klantnaam: str) -> sa.Row[Any] | None:
    row = connection.execute(sa.select(_table).where(_table.c.klantnaam == klantnaam)).one_or_none()
    # A database with a collation of its own may find another spelling; a klantnaam is exact.
    return row if row is not None and row.klantnaam == klantnaam else None


def _record(row: sa.Row[Any] | AfnemerRow) -> Afnemer:
    return Afnemer(
        id=row.id,
        klantnaam=row.klantnaam,
        created_at=from_utc(row.aangemaakt_op),
        previous_until=None if row.vorige_tot is None else from_utc(row.vorige_tot),
        disabled_at=None if row.uitgeschakeld_op is None else from_utc(row.uitgeschakeld_op),
        strict=row.streng,
    )
