"""The server keys, and the digests of the secrets that they guard.

A verificatiecode or klantcode is kept as `keyname:hexdigest` (HMAC-SHA256). The keys never enter the database, so a
copy of the database opens nothing. Several keys live at once: the newest one writes, each one still reads its own.
"""

import hmac
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Self

import sqlalchemy as sa

from uwlr_adapter.clock import Clock, now, to_utc
from uwlr_adapter.db.database import Database
from uwlr_adapter.db.locks import lock
from uwlr_adapter.errors import UnusableError
from uwlr_adapter.keys import key_file, tables
from uwlr_adapter.settings import Settings, forget_key_variables

KEY_BYTES = 32
"""A server key has at least this many bytes: as strong as the SHA-256 it feeds."""
MAX_SECRET = 256
"""A longer presented secret is never right: four times what the standard allows, so that work stays bounded."""

_KEY = re.compile(r"(?P<name>[a-z0-9][a-z0-9-]{0,15})=(?P<hex>(?:[0-9a-fA-F]{2})+)")
_DIGEST_HEX = sha256().digest_size * 2
_CHECK = "controle"


class ServerKeyError(UnusableError):
    """The server keys cannot be used; the text says what an operator does about it, and holds no key."""


class SecretPurpose(StrEnum):
    """The purpose of a secret; a digest for one purpose never equals one for another."""

    VERIFICATIECODE = "verificatiecode"
    KLANTCODE = "klantcode"
    LOGIN = "login"
    KNOWN_BROWSER = "bekende browser"


class KeyPurpose(StrEnum):
    """The purpose of a key that is derived from the server keys."""

    SESSION = "sessie"
    SECOND_FACTOR = "tweede factor"


@dataclass(frozen=True, slots=True, eq=False)
class ServerKey:
    """One server key: its name stands in the digests, the key itself is never shown."""

    name: str
    secret: bytes = field(repr=False)

    def digest(self, purpose: str, value: str) -> str:
        """Return `name:hexdigest` of a secret for one purpose."""
        message = f"uwlr-adapter:1:{purpose}\0{value}".encode("utf-8", "surrogatepass")
        return f"{self.name}:{hmac.digest(self.secret, message, sha256).hex()}"


@dataclass(frozen=True, slots=True, eq=False)
class PresentedSecret:
    """A presented secret under every server key, ready to be compared with what is stored."""

    _digests: dict[str, str] = field(repr=False)
    _dummy: str = field(repr=False)
    _too_long: bool

    def matches_either(
        self, stored: str | None, previous: str | None, until: datetime | None, moment: datetime
    ) -> bool:
        """Return whether a stored digest, or the one before it until a stored moment (exclusive), is of this secret.

        Both are compared, whatever is stored.
        """
        is_current, is_previous = self.matches(stored), self.matches(previous)
        return is_current or (is_previous and until is not None and moment < until.replace(tzinfo=UTC))

    def matches(self, stored: str | None) -> bool:
        """Return, in constant time, whether a stored digest is of this secret.

        With nothing stored, or a digest of a key that is not here, the same comparison is made with a dummy.
        """
        name = (stored or "").partition(":")[0]
        own = self._digests.get(name)
        equal = hmac.compare_digest(own or self._dummy, stored or self._dummy)
        return equal and own is not None and not self._too_long


@dataclass(frozen=True, slots=True, eq=False)
class ServerKeys:
    """The server keys, newest first. Raises ServerKeyError when there is none, or when two have one name."""

    keys: tuple[ServerKey, ...]

    def __post_init__(self) -> None:
        """Refuse keys that cannot be a set: none, or two of one name. Raises ServerKeyError."""
        if not self.keys:
            raise ServerKeyError("no server key is given: write at least one as `name=hex`")
        if len({server_key.name for server_key in self.keys}) < len(self.keys):
            raise ServerKeyError("two server keys have the same name")

    @classmethod
    def parse(cls, lines: Iterable[str]) -> Self:
        """Read keys, each `name=hex`, newest first; empty lines and lines that start with `#` are skipped."""
        filled = [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]
        return cls(tuple(_parse(place, line) for place, line in enumerate(filled, start=1)))

    @classmethod
    def from_settings(cls, settings: Settings, database: Database, clock: Clock = now, *, create: bool = False) -> Self:
        """Read the keys that the settings name and compare them with the check values in the database.

        An absent key file is created when the database knows no key yet: beside SQLite always, else with `create`. The
        check value of a new key is stored. The key variables leave the environment. Raises ServerKeyError.
        """
        try:
            keys = cls.parse(_lines(settings, database, create=create or database.backend.is_embedded))
        finally:
            forget_key_variables()
        with database.reading() as connection:
            new = keys.unknown(connection, clock())
        if new:
            with database.writing() as connection:
                lock(connection, "server_keys")  # several processes start at once
                keys.register(connection, clock())
        return keys

    @classmethod
    def read(cls, settings: Settings) -> Self:
        """Read the keys that the settings name, compared with nothing yet; none is made. Raises ServerKeyError.

        The key variables leave the environment.
        """
        try:
            return cls.parse(_lines(settings, None, create=False))
        finally:
            forget_key_variables()

    def derive(self, purpose: KeyPurpose) -> dict[str, bytes]:
        """Return by the name of each server key, newest first, a key of 32 bytes for another purpose.

        It is one block of HKDF-Expand with a label of its own (RFC 5869): it gives away no other key.
        """
        label = f"uwlr-adapter:1:afleiding:{purpose}\x01".encode()
        return {server_key.name: hmac.digest(server_key.secret, label, sha256) for server_key in self.keys}

    def digest(self, purpose: SecretPurpose, secret: str) -> str:
        """Return what is stored of a secret: its digest under the newest key."""
        return self.keys[0].digest(purpose, secret)

    def probe(self, purpose: SecretPurpose, secret: str) -> PresentedSecret:
        """Prepare a presented secret for comparison; the work does not depend on what is stored."""
        short = secret[:MAX_SECRET]
        digests = {server_key.name: server_key.digest(purpose, short) for server_key in self.keys}
        dummy = f"{self.keys[0].name}:{'0' * _DIGEST_HEX}"
        return PresentedSecret(digests, dummy, len(secret) > MAX_SECRET)

    def unknown(self, connection: sa.Connection, moment: datetime) -> list[ServerKey]:
        """Return the keys of which the database holds no check value yet.

        Raises ServerKeyError when a check value belongs to another key, or when stored codes need an absent key.
        """
        check_values = check_values_of(connection)
        used = {name for name in check_values.keys() - self.names if is_used(connection, name, moment)}
        return self.require_belonging(check_values, used)

    @property
    def names(self) -> frozenset[str]:
        """The names of the keys."""
        return frozenset(server_key.name for server_key in self.keys)

    def require_belonging(self, check_values: Mapping[str, str], used: Collection[str]) -> list[ServerKey]:
        """Return the keys that check values by name do not have yet; `used` are those that stored codes need.

        Raises ServerKeyError when a check value belongs to another key, or a used one is not here.
        """
        for server_key in self.keys:
            if not hmac.compare_digest(
                check_values.get(server_key.name, _check_value(server_key)), _check_value(server_key)
            ):
                raise ServerKeyError(
                    f"server key '{server_key.name}' is another one than this database was used with: "
                    "put the right key back (UWLR_KEYS or the key file), or give the new key a new name"
                )
        for name in sorted(set(used) - self.names):
            raise ServerKeyError(
                f"server key '{name}' is missing, and stored codes still need it: put it back behind the newer keys"
            )
        return [server_key for server_key in self.keys if server_key.name not in check_values]

    def register(self, connection: sa.Connection, moment: datetime) -> None:
        """Store the check value of each key that is new. Raises ServerKeyError as `unknown` does."""
        for server_key in self.unknown(connection, moment):
            connection.execute(
                tables.server_key.insert().values(name=server_key.name, check_value=_check_value(server_key))
            )


def _parse(place: int, line: str) -> ServerKey:
    match = _KEY.fullmatch(line)
    if match is None:
        raise ServerKeyError(
            f"server key {place} is not of the form name=hex (name: a-z, 0-9, -; at most 16 characters)"
        )
    secret = bytes.fromhex(match["hex"])
    if len(secret) < KEY_BYTES:
        raise ServerKeyError(f"server key {place} is too short: at least {KEY_BYTES * 2} hex digits")
    return ServerKey(match["name"], secret)


def key_path(settings: Settings) -> Path | None:
    """Return the file that holds the server keys; None when UWLR_KEYS holds them."""
    return None if settings.keys is not None else settings.keys_file or settings.data / "keys"


def check_values_of(connection: sa.Connection) -> dict[str, str]:
    """Return the check value of each server key that a database was used with, by name."""
    return {row.name: row.check_value for row in connection.execute(sa.select(tables.server_key))}


def _lines(settings: Settings, database: Database | None, *, create: bool) -> list[str]:
    """Return the lines that hold the keys, of the variable, else of the file; `create` allows making that file."""
    path = key_path(settings)
    if path is None or settings.keys is not None:
        return [] if settings.keys is None else settings.keys.get_secret_value().split(",")
    try:
        if create and database is not None and not path.exists() and not _knows_keys(database):
            key_file.make(path, KEY_BYTES)
        return key_file.read(path)
    except FileNotFoundError:
        raise ServerKeyError(
            f"there is no key file {path}, and this database needs its server keys: give UWLR_KEYS or UWLR_KEYS_FILE, "
            "or run `uwlr-adapter init` to make the first key"
        ) from None
    except (OSError, ValueError) as error:
        raise ServerKeyError(f"the key file {path} cannot be used: {_reason(error)}") from None


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "it is not plain text"
    return error.strerror or type(error).__name__ if isinstance(error, OSError) else str(error)


def _knows_keys(database: Database) -> bool:
    with database.reading() as connection:
        return connection.scalar(sa.select(sa.exists(sa.select(tables.server_key.c.name)))) is True


def is_used(connection: sa.Connection, name: str, moment: datetime) -> bool:
    """Return whether what is stored and may still be presented needs a key, in any of `tables.USES`."""
    return connection.scalar(sa.select(sa.or_(*(_uses(*use, name, moment) for use in tables.USES)))) is True


def used_names(connection: sa.Connection, moment: datetime) -> set[str]:
    """Return the names of the keys that stored texts need, which may still be presented."""
    found = set()
    for table, column, until in tables.USES:
        text = sa.column(column, sa.String)
        still_used = [] if until is None else [sa.column(until, sa.DateTime) > to_utc(moment)]
        query = sa.select(text).select_from(sa.table(table)).where(text.is_not(None), *still_used)
        found |= {stored.partition(":")[0] for stored in connection.scalars(query)}
    return found


def _uses(table: str, column: str, until: str | None, name: str, moment: datetime) -> sa.Exists:
    """Return the condition that a text in a column needs the key of this name."""
    text = sa.column(column, sa.String)
    still_used = [] if until is None else [sa.column(until, sa.DateTime) > to_utc(moment)]
    query = sa.select(text).select_from(sa.table(table))
    return sa.exists(query.where(text.startswith(f"{name}:", autoescape=True), *still_used))


def _check_value(server_key: ServerKey) -> str:
    """Return the check value of a key: it identifies the key and reveals nothing of it."""
    return server_key.digest(_CHECK, "")
