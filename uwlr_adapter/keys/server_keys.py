"""The server keys, and the digests of the secrets that they guard.

A verificatiecode or klantcode is kept as `keyname:hexdigest` (HMAC-SHA256). The keys never enter the database, so a
copy of the database opens nothing. Several keys live at once: the newest one writes, each one still reads its own.
"""

import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, Self

import sqlalchemy as sa

from uwlr_adapter.clock import Klok, now, to_utc
from uwlr_adapter.db import dialect
from uwlr_adapter.db.database import Opslag
from uwlr_adapter.db.metadata import metadata
from uwlr_adapter.errors import UwlrAdapterError
from uwlr_adapter.keys import key_file
from uwlr_adapter.keys.tables import serversleutel
from uwlr_adapter.settings import Settings, forget_key_variables

SLEUTEL_BYTES = 32
"""A server key has at least this many bytes: as strong as the SHA-256 it feeds."""
LANGSTE_GEHEIM = 256
"""A longer presented secret is never right: four times what the standard allows, so that work stays bounded."""

_SLEUTEL = re.compile(r"(?P<naam>[a-z0-9][a-z0-9-]{0,15})=(?P<hex>(?:[0-9a-fA-F]{2})+)")
_DIGEST_HEX = sha256().digest_size * 2
_CONTROLE = "controle"


class SleutelFout(UwlrAdapterError):
    """The server keys cannot be used; the text says what an operator does about it, and holds no key."""


class Doel(StrEnum):
    """What a secret is for; a digest for the one is never one for the other."""

    VERIFICATIECODE = "verificatiecode"
    KLANTCODE = "klantcode"
    LOGIN = "login"


class Afleiding(StrEnum):
    """What a key derived from the server keys is for."""

    SESSIE = "sessie"
    TWEEDE_FACTOR = "tweede factor"


@dataclass(frozen=True, slots=True, eq=False)
class Sleutel:
    """One server key: its name stands in the digests, the key itself is never shown."""

    naam: str
    geheim: bytes = field(repr=False)

    def digest(self, doel: str, waarde: str) -> str:
        """Give `name:hexdigest` of a secret for one purpose."""
        bericht = f"uwlr-adapter:1:{doel}\0{waarde}".encode("utf-8", "surrogatepass")
        return f"{self.naam}:{hmac.digest(self.geheim, bericht, sha256).hex()}"


@dataclass(frozen=True, slots=True, eq=False)
class Proef:
    """A presented secret under every server key, ready to be compared with what is stored."""

    _digests: dict[str, str] = field(repr=False)
    _dummy: str = field(repr=False)
    _te_lang: bool

    def matches(self, opgeslagen: str | None) -> bool:
        """Tell in constant time whether a stored digest is of this secret.

        With nothing stored, or a digest of a key that is not here, the same comparison is made with a dummy.
        """
        naam = (opgeslagen or "").partition(":")[0]
        eigen = self._digests.get(naam)
        gelijk = hmac.compare_digest(eigen or self._dummy, opgeslagen or self._dummy)
        return gelijk and eigen is not None and not self._te_lang


@dataclass(frozen=True, slots=True, eq=False)
class Sleutelbos:
    """The server keys, newest first. Raises SleutelFout when there is none, or when two have one name."""

    sleutels: tuple[Sleutel, ...]

    def __post_init__(self) -> None:
        """Refuse what is no set of keys. Raises SleutelFout."""
        if not self.sleutels:
            raise SleutelFout("no server key is given: write at least one as `name=hex`")
        if len({sleutel.naam for sleutel in self.sleutels}) < len(self.sleutels):
            raise SleutelFout("two server keys have the same name")

    @classmethod
    def parse(cls, regels: Iterable[str]) -> Self:
        """Read keys, each `name=hex`, newest first; empty lines and lines that start with `#` are skipped."""
        gevuld = [regel.strip() for regel in regels if regel.strip() and not regel.strip().startswith("#")]
        return cls(tuple(_parse(plaats, regel) for plaats, regel in enumerate(gevuld, start=1)))

    @classmethod
    def from_settings(cls, settings: Settings, opslag: Opslag, klok: Klok = now) -> Self:
        """Read the keys that the settings name and hold them against the check values in the database.

        Beside an SQLite database that knows no key yet, an absent key file is made. A new key's check value is
        written down. The key variables leave the environment. Raises SleutelFout.
        """
        try:
            bos = cls.parse(_regels(settings, opslag))
        finally:
            forget_key_variables()
        with opslag.reading() as connection:
            nieuw = bos.unknown(connection, klok())
        if nieuw:
            with opslag.writing() as connection:
                dialect.lock(connection, "serversleutel")  # several processes start at once
                bos.register(connection, klok())
        return bos

    def derive(self, doel: Afleiding) -> dict[str, bytes]:
        """Give a key of 32 bytes for another purpose by the name of each server key, newest first.

        It is one block of HKDF-Expand with a label of its own (RFC 5869): it gives away no other key.
        """
        label = f"uwlr-adapter:1:afleiding:{doel}\x01".encode()
        return {sleutel.naam: hmac.digest(sleutel.geheim, label, sha256) for sleutel in self.sleutels}

    def digest(self, doel: Doel, geheim: str) -> str:
        """Give what is stored of a secret: its digest under the newest key."""
        return self.sleutels[0].digest(doel, geheim)

    def probe(self, doel: Doel, geheim: str) -> Proef:
        """Prepare a presented secret for comparison; the work does not depend on what is stored."""
        kort = geheim[:LANGSTE_GEHEIM]
        digests = {sleutel.naam: sleutel.digest(doel, kort) for sleutel in self.sleutels}
        dummy = f"{self.sleutels[0].naam}:{'0' * _DIGEST_HEX}"
        return Proef(digests, dummy, len(geheim) > LANGSTE_GEHEIM)

    def unknown(self, connection: sa.Connection, moment: datetime) -> list[Sleutel]:
        """Give the keys of which the database holds no check value yet.

        Raises SleutelFout when a check value belongs to another key, or when stored codes need a key that is not here.
        """
        controles = {rij.naam: rij.controle for rij in connection.execute(sa.select(serversleutel))}
        for sleutel in self.sleutels:
            if not hmac.compare_digest(controles.get(sleutel.naam, _controle(sleutel)), _controle(sleutel)):
                raise SleutelFout(
                    f"server key '{sleutel.naam}' is another one than this database was used with: "
                    "put the right key back (UWLR_KEYS or the key file), or give the new key a new name"
                )
        for naam in sorted(controles.keys() - {sleutel.naam for sleutel in self.sleutels}):
            if _in_use(connection, naam, moment):
                raise SleutelFout(
                    f"server key '{naam}' is missing, and stored codes still need it: put it back behind the newer keys"
                )
        return [sleutel for sleutel in self.sleutels if sleutel.naam not in controles]

    def register(self, connection: sa.Connection, moment: datetime) -> None:
        """Write down the check value of each key that is new. Raises SleutelFout as `unknown` does."""
        for sleutel in self.unknown(connection, moment):
            connection.execute(serversleutel.insert().values(naam=sleutel.naam, controle=_controle(sleutel)))


def _parse(plaats: int, regel: str) -> Sleutel:
    match = _SLEUTEL.fullmatch(regel)
    if match is None:
        raise SleutelFout(f"server key {plaats} is not of the form name=hex (name: a-z, 0-9, -; at most 16 characters)")
    geheim = bytes.fromhex(match["hex"])
    if len(geheim) < SLEUTEL_BYTES:
        raise SleutelFout(f"server key {plaats} is too short: at least {SLEUTEL_BYTES * 2} hex digits")
    return Sleutel(match["naam"], geheim)


def _regels(settings: Settings, opslag: Opslag) -> list[str]:
    """Give the lines in which the keys stand: of the variable, else of the file."""
    if settings.keys is not None:
        return settings.keys.get_secret_value().split(",")
    pad = settings.keys_file or settings.data / "keys"
    try:
        if opslag.is_sqlite and not pad.exists() and not _knows_keys(opslag):
            key_file.make(pad, SLEUTEL_BYTES)
        return key_file.read(pad)
    except FileNotFoundError:
        raise SleutelFout(
            f"there is no key file {pad}, and this database needs its server keys: give UWLR_KEYS or UWLR_KEYS_FILE"
        ) from None
    except (OSError, ValueError) as error:
        raise SleutelFout(f"the key file {pad} cannot be used: {_reason(error)}") from None


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "it is not plain text"
    return error.strerror or type(error).__name__ if isinstance(error, OSError) else str(error)


def _knows_keys(opslag: Opslag) -> bool:
    with opslag.reading() as connection:
        return connection.scalar(sa.select(sa.exists(sa.select(serversleutel.c.naam)))) is True


def _in_use(connection: sa.Connection, naam: str, moment: datetime) -> bool:
    """Whether what is stored and may still be presented names this key: every column with `info=MET_SLEUTEL`."""
    begin = f"{naam}:"
    gebruikt = [
        sa.exists(sa.select(kolom).where(kolom.startswith(begin, autoescape=True), *_still_used(kolom, moment)))
        for tabel in metadata.sorted_tables
        for kolom in tabel.columns
        if kolom.info.get("server_key") == "named"
    ]
    return connection.scalar(sa.select(sa.or_(*gebruikt))) is True


def _still_used(kolom: sa.Column[Any], moment: datetime) -> list[sa.ColumnElement[bool]]:
    """Return the condition under which a column that ends at a moment of its own is still in use."""
    until = kolom.info.get("until")
    return [] if until is None else [kolom.table.c[until] > to_utc(moment)]


def _controle(sleutel: Sleutel) -> str:
    """Give the check value of a key: it tells keys apart and gives nothing away."""
    return sleutel.digest(_CONTROLE, "")
