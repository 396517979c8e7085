"""What a school does with its koppelingen: each act checks, changes one record and writes its journal line.

The functions take the open writing transaction of the caller (`Database.writing()`): an act and its line are whole
together, and a refused act (KoppelingError) leaves everything as it was. `actor` is the login of the portal user, or
`cli:` and the user of the machine.
"""

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Protocol

import sqlalchemy as sa

from uwlr_adapter.journaal import writer
from uwlr_adapter.journaal.model import Act
from uwlr_adapter.keys.server_keys import SecretPurpose, ServerKeys
from uwlr_adapter.koppelingen import afnemers, store, verificatiecode
from uwlr_adapter.koppelingen import lifecycle as levensloop
from uwlr_adapter.koppelingen.catalogue import Catalogue, CatalogueEntry
from uwlr_adapter.koppelingen.errors import (
    AlreadyActivatedError,
    AlwaysOnError,
    CodeInUseError,
    InvalidCodeError,
    NoCodeError,
    NotYetAvailableError,
    UnknownEntryError,
)
from uwlr_adapter.koppelingen.lifecycle import NEW, Koppeling
from uwlr_adapter.koppelingen.tables import Status


class KoppelingAct(Protocol):
    """An act that needs no more than the koppeling as it was seen: `clear_code` and `end`."""

    def __call__(
        self, connection: sa.Connection, koppeling_id: int, version: int, moment: datetime, /, *, actor: str
    ) -> Koppeling:
        """Do it, in the writing transaction of the caller. Raises KoppelingError."""


@dataclass(frozen=True, slots=True)
class ActivationRequest:
    """What is filled in to activate a koppeling: `aanbod` is its id in the catalogue, `login` who is logged in.

    Without a Startdatum it opens today. Only a UWLR koppeling has, and needs, a verificatiecode.
    """

    brin6: str
    entry_id: str
    login: str
    naam: str = field(repr=False)
    akkoord: bool
    startdatum: date | None = None
    verificatiecode: str | None = field(default=None, repr=False)


def activate(
    connection: sa.Connection,
    catalogue: Catalogue,
    server_keys: ServerKeys,
    request: ActivationRequest,
    moment: datetime,
    *,
    actor: str,
) -> Koppeling:
    """Activate a koppeling for a vestiging that exists. Raises KoppelingError."""
    entry = require_entry(catalogue, request.entry_id)
    store.lock_vestiging(connection, request.brin6)
    if store.find_living(connection, request.brin6, entry.id) is not None:
        raise AlreadyActivatedError
    afnemer_id = _require_afnemer(connection, entry)
    akkoord = levensloop.agree(
        login=request.login,
        naam=request.naam,
        akkoord=request.akkoord,
        moment=moment,
        voorwaarden=entry.voorwaarden.versie,
    )
    new = levensloop.activate(
        brin6=request.brin6,
        entry=entry.id,
        afnemer_id=afnemer_id,
        code_digest=_first_code(connection, server_keys, entry, request),
        akkoord=akkoord,
        startdatum=request.startdatum,
    )
    koppeling = replace(new, id=store.insert(connection, new))
    _record(connection, koppeling, Act.ACTIVATED, moment, actor)
    return koppeling


def enter_code(
    connection: sa.Connection,
    server_keys: ServerKeys,
    koppeling_id: int,
    version: int,
    code: str,
    moment: datetime,
    *,
    actor: str,
) -> Koppeling:
    """Enter the verificatiecode of a koppeling, same or new: a paused one is active again.

    `version` is that of the koppeling as it was seen. Raises KoppelingError.
    """
    seen = store.by_id(connection, koppeling_id, version)
    levensloop.require_code(seen)
    store.lock_vestiging(connection, seen.brin6)
    digest = _code_digest(connection, server_keys, seen.brin6, code, except_id=seen.id)
    new = levensloop.enter_code(seen, digest, moment)
    resumed = seen.status is Status.GEPAUZEERD
    return _save(connection, new, Act.RESUMED if resumed else Act.CODE_CHANGED, moment, actor)


def clear_code(
    connection: sa.Connection, koppeling_id: int, version: int, moment: datetime, *, actor: str
) -> Koppeling:
    """Clear the verificatiecode, which pauses the koppeling. Raises KoppelingError."""
    new = levensloop.clear_code(store.by_id(connection, koppeling_id, version))
    return _save(connection, new, Act.PAUSED, moment, actor)


def end(connection: sa.Connection, koppeling_id: int, version: int, moment: datetime, *, actor: str) -> Koppeling:
    """End a koppeling for good; the catalogue entry is available again. Raises KoppelingError."""
    new = levensloop.end(store.by_id(connection, koppeling_id, version), moment)
    return _save(connection, new, Act.ENDED, moment, actor)


def agree_again(
    connection: sa.Connection,
    catalogue: Catalogue,
    koppeling_id: int,
    version: int,
    *,
    login: str,
    naam: str,
    akkoord: bool,
    moment: datetime,
    actor: str,
) -> Koppeling:
    """Agree to the present version of the terms; the agreement before it is kept. Raises KoppelingError."""
    seen = store.by_id(connection, koppeling_id, version)
    voorwaarden = require_entry(catalogue, seen.entry_id).voorwaarden.versie
    new = levensloop.renew_akkoord(
        seen,
        levensloop.agree(login=login, naam=naam, akkoord=akkoord, moment=moment, voorwaarden=voorwaarden),
    )
    store.add_earlier_akkoord(connection, seen.id, seen.akkoord)
    return _save(connection, new, Act.AKKOORD_RENEWED, moment, actor)


def require_entry(catalogue: Catalogue, id_: str) -> CatalogueEntry:
    """Give a catalogue entry that can be activated. Raises UnknownEntryError or AlwaysOnError."""
    entry = catalogue.get(id_)
    if entry is None:
        raise UnknownEntryError
    if entry.standaard:
        raise AlwaysOnError
    return entry


def is_available(connection: sa.Connection, entry: CatalogueEntry) -> bool:
    """Tell whether an entry can be activated now: a UWLR koppeling waits for its afnemer."""
    if entry.afnemer is None:
        return True
    afnemer = afnemers.find(connection, entry.afnemer)
    return afnemer is not None and afnemer.is_enabled


def _require_afnemer(connection: sa.Connection, entry: CatalogueEntry) -> int | None:
    """Give the id of the afnemer through which data will flow; None when no data flow. Raises NotYetAvailableError."""
    if entry.afnemer is None:
        return None
    afnemer = afnemers.find(connection, entry.afnemer)
    if afnemer is None or not afnemer.is_enabled:
        raise NotYetAvailableError
    return afnemer.id


def _first_code(
    connection: sa.Connection, server_keys: ServerKeys, entry: CatalogueEntry, request: ActivationRequest
) -> str | None:
    if entry.has_code:
        return _code_digest(connection, server_keys, request.brin6, request.verificatiecode or "", except_id=NEW)
    if request.verificatiecode:
        raise NoCodeError
    return None


def _code_digest(connection: sa.Connection, server_keys: ServerKeys, brin6: str, code: str, *, except_id: int) -> str:
    """Give the digest of a code that keeps to the rule and that no other koppeling of the vestiging has."""
    if sentences := verificatiecode.broken_rules(code, brin6):
        raise InvalidCodeError(sentences)
    presented = server_keys.probe(SecretPurpose.VERIFICATIECODE, code)
    if store.code_in_use(connection, brin6, presented, except_id=except_id):
        raise CodeInUseError
    return server_keys.digest(SecretPurpose.VERIFICATIECODE, code)


def _save(connection: sa.Connection, koppeling: Koppeling, act: Act, moment: datetime, actor: str) -> Koppeling:
    store.update(connection, koppeling)
    _record(connection, koppeling, act, moment, actor)
    return koppeling


def _record(connection: sa.Connection, koppeling: Koppeling, act: Act, moment: datetime, actor: str) -> None:
    writer.record_act(connection, moment=moment, act=act, koppeling_id=koppeling.id, brin6=koppeling.brin6, actor=actor)
