"""The server keys, and the digests of the secrets that they guard.

A verificatiecode or klantcode is kept as `keyname:hexdigest` (HMAC-SHA256). The keys never enter the database, so a
copy of the database opens nothing. Several keys live at once: new digests are made under the one that the database says
is in use (`known_keys`), and each one still reads its own.
"""

import hmac
import re
from collections.abc import Iterable, Mapping
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
from uwlr_adapter.keys import key_file, known_keys, tables
from uwlr_adapter.keys.known_keys import KnownKey
from uwlr_adapter.settings import Settings, forget_key_variables

KEY_BYTES = 32
"""A server key has at least this many bytes: as strong as the SHA-256 it feeds."""
MAX_SECRET = 256
"""A longer presented secret is never right: four times what the standard allows, so that work stays bounded."""

NAME = "[a-z0-9][a-z0-9-]{0,15}"
"""The form of the name of a key, as a regular expression."""

_KEY = re.compile(f"(?P<name>{NAME})=(?P<hex>(?:[0-9a-fA-F]{{2}})+)")
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
    KLANTCODE = "klantcode van een formulier"


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
    _in_use: str

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

    def renewed(self, stored: str | None) -> str | None:
        """Return the digest under the key in use that takes the place of a stored one of this secret.

        None when the stored one is under that key already, or is not of this secret.
        """
        if stored is None or stored.partition(":")[0] == self._in_use or not self.matches(stored):
            return None
        return self._digests[self._in_use]


@dataclass(slots=True, eq=False)
class ServerKeys:
    """The server keys that this process holds. Safe to share between threads.

    Raises ServerKeyError when there is none, or when two have one name.
    """

    keys: tuple[ServerKey, ...]
    in_use: ServerKey = field(init=False)
    """The key under which new digests are made: the first one until the database was asked (`register`, `learn`)."""

    def __post_init__(self) -> None:
        """Refuse keys that cannot be a set: none, or two of one name. Raises ServerKeyError."""
        if not self.keys:
            raise ServerKeyError("no server key is given: write at least one as `name=hex`")
        if len({server_key.name for server_key in self.keys}) < len(self.keys):
            raise ServerKeyError("two server keys have the same name")
        self.in_use = self.keys[0]

    @property
    def names(self) -> list[str]:
        """The names of the keys, in the order in which they were given."""
        return [server_key.name for server_key in self.keys]

    def get(self, name: str) -> ServerKey | None:
        """Return the key of a name, if it is here."""
        return next((server_key for server_key in self.keys if server_key.name == name), None)

    @classmethod
    def parse(cls, lines: Iterable[str]) -> Self:
        """Read keys, each `name=hex`; empty lines and lines that start with `#` are skipped. Raises ServerKeyError."""
        filled = [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]
        return cls(tuple(_parse(place, line) for place, line in enumerate(filled, start=1)))

    @classmethod
    def from_settings(cls, settings: Settings, database: Database, clock: Clock = now, *, create: bool = False) -> Self:
        """Read the keys that the settings name and compare them with the check values in the database.

        An absent key file is created when the database knows no key yet: beside SQLite always, else with `create`. The
        check value of a new key is stored. The key variables leave the environment. Raises ServerKeyError.
        """
        keys = cls.read(settings, database, create=create or database.backend.is_embedded)
        with database.reading() as connection:
            known, new = known_keys.read(connection), keys.unknown(connection, clock(), with_removed=True)
        in_use = known_keys.find_in_use(known)
        if new or in_use is None or keys.get(in_use.name) is None:
            with database.writing() as connection:
                lock_keys(connection)  # several processes start at once
                keys.register(connection, clock())
        else:
            keys.learn(known)
        return keys

    @classmethod
    def read(cls, settings: Settings, database: Database | None = None, *, create: bool = False) -> Self:
        """Read the keys that the settings name, compared with nothing yet.

        `create` makes an absent file beside a database without keys. The key variables leave the environment. Raises
        ServerKeyError.
        """
        try:
            return cls.parse(_lines(settings, database, create=create))
        finally:
            forget_key_variables()

    def derive(self, purpose: KeyPurpose) -> dict[str, bytes]:
        """Return by the name of each server key, the one in use first, a key of 32 bytes for another purpose.

        It is one block of HKDF-Expand with a label of its own (RFC 5869): it gives away no other key.
        """
        label = f"uwlr-adapter:1:afleiding:{purpose}\x01".encode()
        first = self.in_use
        ordered = [first, *(server_key for server_key in self.keys if server_key is not first)]
        return {server_key.name: hmac.digest(server_key.secret, label, sha256) for server_key in ordered}

    def digest(self, purpose: SecretPurpose, secret: str) -> str:
        """Return what is stored of a secret: its digest under the key in use."""
        return self.in_use.digest(purpose, secret)

    def probe(self, purpose: SecretPurpose, secret: str) -> PresentedSecret:
        """Prepare a presented secret for comparison; the work does not depend on what is stored."""
        short, in_use = secret[:MAX_SECRET], self.in_use.name
        digests = {server_key.name: server_key.digest(purpose, short) for server_key in self.keys}
        dummy = f"{in_use}:{'0' * _DIGEST_HEX}"
        return PresentedSecret(digests, dummy, len(secret) > MAX_SECRET, in_use)

    def unknown(self, connection: sa.Connection, moment: datetime, *, with_removed: bool = False) -> list[ServerKey]:
        """Return the keys of which the database holds no check value yet.

        Raises ServerKeyError when a check value belongs to another key, when the key in use is absent, or when stored
        codes need an absent key. Of one that was removed that is looked up `with_removed` only: nothing should. The key
        in use may be absent as long as nobody chose it, nothing is stored under it, and no living process would.
        """
        known = known_keys.read(connection)
        check_values = {one.name: one.check_value for one in known.values()}
        new, held = self.require_belonging(check_values, ()), set(self.names)
        for one in known.values():
            if one.name in held or (one.removed_at is not None and not with_removed):
                continue
            is_needed = known_keys.is_needed(connection, one.name, moment)
            is_chosen = is_needed or one.changed_by is not None
            if one.is_in_use and (is_chosen or known_keys.is_stored_under(connection, one.name)):
                raise _missing_in_use(one)
            if is_needed:
                raise ServerKeyError(f"{_missing(one.name)}. `uwlr-adapter keys left {one.name}` says what needs it")
        return new

    def require_belonging(self, check_values: Mapping[str, str], needed: Iterable[str]) -> list[ServerKey]:
        """Return the keys that check values by name do not have yet; `needed` are those of stored codes.

        Raises ServerKeyError when a check value belongs to another key, or a needed one is not here.
        """
        for server_key in self.keys:
            stored = check_values.get(server_key.name)
            if stored is not None and not hmac.compare_digest(stored, check_value(server_key)):
                raise ServerKeyError(
                    f"server key '{server_key.name}' is another one than this database was used with: "
                    "put the right key back (UWLR_KEYS or the key file), or give the new key a new name"
                )
        for name in sorted(set(needed).difference(self.names)):
            raise ServerKeyError(_missing(name))
        return [server_key for server_key in self.keys if server_key.name not in check_values]

    def register(self, connection: sa.Connection, moment: datetime) -> None:
        """Store the check value of each key that is new, and learn which key is in use.

        Of a database without a key in use, or whose key in use was replaced before anything was stored under it, the
        first of these that it knows comes in use, else the first one: a key that was only just put in front may not be
        on every machine yet. Raises ServerKeyError as `unknown` does.
        """
        known = known_keys.read(connection)
        for server_key in self.unknown(connection, moment):
            connection.execute(
                tables.server_key.insert().values(name=server_key.name, check_value=check_value(server_key))
            )
        in_use = known_keys.find_in_use(known)
        if in_use is None or self.get(in_use.name) is None:
            first = next((name for name in self.names if name in known), self.names[0])
            of_first = tables.server_key.c.name == first
            others = sa.and_(~of_first, tables.server_key.c.replaced_at.is_(None))
            values = {"used_since": to_utc(moment), "replaced_at": None}
            connection.execute(tables.server_key.update().where(of_first).values(values))
            connection.execute(tables.server_key.update().where(others).values(replaced_at=to_utc(moment)))
        self.learn(known_keys.read(connection))

    def learn(self, known: Mapping[str, KnownKey]) -> bool:
        """Make new digests under the key that the database says is in use; return whether that is another one.

        Raises ServerKeyError when it is not here.
        """
        in_use = known_keys.find_in_use(known)
        if in_use is None:
            return False
        held = self.get(in_use.name)
        if held is None or not hmac.compare_digest(check_value(held), in_use.check_value):
            raise _missing_in_use(in_use)
        is_other, self.in_use = held is not self.in_use, held
        return is_other


def _missing_in_use(key: KnownKey) -> ServerKeyError:
    return ServerKeyError(
        f"server key '{key.name}' is missing here, and new codes are stored under it: copy its line from the keys of a "
        "machine that has it"
    )


def lock_keys(connection: sa.Connection) -> None:
    """Hold what the database knows of server keys and their holders until the transaction ends. Raises DBAPIError."""
    lock(connection, "server_keys")


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


def _lines(settings: Settings, database: Database | None, *, create: bool) -> list[str]:
    """Return the lines that hold the keys, of the variable, else of the file; `create` allows making that file."""
    path = key_path(settings)
    if path is None or settings.keys is not None:
        return [] if settings.keys is None else settings.keys.get_secret_value().split(",")
    try:
        if create and database is not None and not path.exists() and not knows_keys(database):
            key_file.make(path, KEY_BYTES)
        return key_file.read(path)
    except FileNotFoundError:
        raise _no_key_file(path, is_first=database is None or not knows_keys(database)) from None
    except (OSError, ValueError) as error:
        raise ServerKeyError(f"the key file {path} cannot be used: {_reason(error)}") from None


def _no_key_file(path: Path, *, is_first: bool) -> ServerKeyError:
    if is_first:
        todo = "give UWLR_KEYS or UWLR_KEYS_FILE, or run `uwlr-adapter init` to make the first key"
    else:
        todo = "copy it from a machine that has it, or from where you keep the keys, or name it in UWLR_KEYS_FILE"
    return ServerKeyError(f"there is no key file {path}, and this database needs its server keys: {todo}")


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "it is not plain text"
    return error.strerror or type(error).__name__ if isinstance(error, OSError) else str(error)


def knows_keys(database: Database) -> bool:
    """Return whether a database was ever used with a server key. Raises DBAPIError."""
    with database.reading() as connection:
        if not sa.inspect(connection).has_table(tables.server_key.name):
            return False
        return connection.scalar(sa.select(sa.exists(sa.select(tables.server_key.c.name)))) is True


def _missing(name: str) -> str:
    return f"server key '{name}' is missing, and stored codes still need it: put its line back"


def check_value(server_key: ServerKey) -> str:
    """Return the check value of a key: it identifies the key and reveals nothing of it."""
    return server_key.digest(_CHECK, "")
