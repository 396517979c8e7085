"""The acts of a school on its koppelingen: each one checks, changes one record and writes its journal entry.

The functions take the open writing transaction of the caller (`Database.writing()`), so that an act and its entry are
committed together. A refused act raises a KoppelingError and changes nothing. `actor` is the login of the portal
user, or `cli:` and the user of the machine.
"""

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Protocol

import sqlalchemy as sa

from uwlr_adapter.administratie import leerlingen, schools, withholding
from uwlr_adapter.brin import brincode_of
from uwlr_adapter.clock import day_of
from uwlr_adapter.db import schema_version
from uwlr_adapter.journaal import writer
from uwlr_adapter.journaal.model import Act
from uwlr_adapter.keys.server_keys import SecretPurpose, ServerKeys
from uwlr_adapter.koppelingen import afnemers, agreements, given, lifecycle, store, verificatiecode
from uwlr_adapter.koppelingen.catalogue import Catalogue, CatalogueEntry
from uwlr_adapter.koppelingen.errors import (
    AlreadyActivatedError,
    AlreadyWithheldError,
    AlwaysOnError,
    CodeInUseError,
    InvalidCodeError,
    MergedVestigingError,
    NoCodeError,
    NotWithheldError,
    NotYetAvailableError,
    UnknownEntryError,
    UnknownLeerlingError,
)
from uwlr_adapter.koppelingen.lifecycle import NEW, Koppeling
from uwlr_adapter.koppelingen.tables import Status
from uwlr_adapter.koppelingen.toestemming import Toestemming

KNOWS_WITHHELD = 16
"""The number of the first code that withholds: once somebody is withheld, older code must not answer."""


class KoppelingAct(Protocol):
    """An act that needs no more than the koppeling as it was seen: `clear_code` and `end`."""

    def __call__(
        self, connection: sa.Connection, koppeling_id: int, version: int, moment: datetime, /, *, actor: str
    ) -> Koppeling:
        """Do it, in the writing transaction of the caller. Raises KoppelingError."""


@dataclass(frozen=True, slots=True)
class ActivationRequest:
    """The form that activates a koppeling.

    `entry_id` is the id of its catalogue entry; `login` is the account that agrees, `naam` the name as typed. Without
    a `startdatum` the koppeling opens today. A UWLR koppeling needs a verificatiecode; any other must not have one.
    """

    brin6: str
    entry_id: str
    login: str
    naam: str = field(repr=False)
    akkoord: bool
    startdatum: date | None = None
    verificatiecode: str | None = field(default=None, repr=False)
    shown: str | None = None
    """The digest of what was shown with the form (`agreements.offer_of`); None when nothing was."""


def activate(
    connection: sa.Connection,
    catalogue: Catalogue,
    server_keys: ServerKeys,
    request: ActivationRequest,
    moment: datetime,
    *,
    actor: str,
) -> Koppeling:
    """Activate a koppeling for a vestiging that exists, and return it. Raises KoppelingError."""
    entry = require_entry(catalogue, request.entry_id)
    agreements.require_shown(catalogue, entry, request.shown)
    store.lock_vestiging(connection, request.brin6)
    if into := schools.merged_into(connection, brincode_of(request.brin6)).get(request.brin6):
        raise MergedVestigingError(into)
    if store.find_living(connection, request.brin6, entry.id) is not None:
        raise AlreadyActivatedError
    afnemer_id = _require_afnemer(connection, entry)
    akkoord = lifecycle.agree(
        login=request.login,
        naam=request.naam,
        akkoord=request.akkoord,
        moment=moment,
        voorwaarden=entry.voorwaarden.versie,
        tekst=agreements.keep(connection, entry.voorwaarden, moment),
        velden=agreements.fields_of(catalogue, entry),
    )
    new = lifecycle.activate(
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
    """Enter a verificatiecode, the same or a new one: a paused koppeling is active again, an active one takes the code.

    `version` is the `version` of the koppeling that the caller read; another one is refused. Raises KoppelingError.
    """
    before = store.by_id(connection, koppeling_id, version)
    lifecycle.require_code(before)
    store.lock_vestiging(connection, before.brin6)
    digest = _code_digest(connection, server_keys, before.brin6, code, except_id=before.id)
    new = lifecycle.enter_code(before, digest, moment)
    resumed = before.status is Status.GEPAUZEERD
    return _save(connection, new, Act.RESUMED if resumed else Act.CODE_CHANGED, moment, actor)


def change_startdatum(
    connection: sa.Connection, koppeling_id: int, version: int, startdatum: date, moment: datetime, *, actor: str
) -> Koppeling:
    """Change the Startdatum of a koppeling, until it comes. Raises KoppelingError; for `version` see `enter_code`."""
    before = store.by_id(connection, koppeling_id, version)
    new = lifecycle.change_startdatum(before, startdatum, day_of(moment))
    told = f"startdatum={startdatum.isoformat()}"
    return _save(connection, new, Act.STARTDATUM_CHANGED, moment, actor, told)


def clear_code(
    connection: sa.Connection, koppeling_id: int, version: int, moment: datetime, *, actor: str
) -> Koppeling:
    """Clear the verificatiecode, which pauses the koppeling. Raises KoppelingError; for `version` see `enter_code`."""
    new = lifecycle.clear_code(store.by_id(connection, koppeling_id, version))
    return _save(connection, new, Act.PAUSED, moment, actor)


def end(connection: sa.Connection, koppeling_id: int, version: int, moment: datetime, *, actor: str) -> Koppeling:
    """End a koppeling for good; its catalogue entry is available again.

    Raises KoppelingError; for `version` see `enter_code`.
    """
    new = lifecycle.end(store.by_id(connection, koppeling_id, version), moment)
    return _save(connection, new, Act.ENDED, moment, actor)


def end_by_merge(connection: sa.Connection, koppeling: Koppeling, moment: datetime, *, actor: str) -> Koppeling:
    """End a living koppeling because the records of its vestiging went to another brincode (fusie).

    A code begins with the brin6, so it opens nothing at the new vestiging: the school activates the koppeling there.
    Raises KoppelingError.
    """
    return _save(connection, lifecycle.end(koppeling, moment), Act.ENDED_BY_MERGE, moment, actor)


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
    shown: str | None = None,
) -> Koppeling:
    """Agree to the present version of the terms, and to all that the profile shares; the earlier agreement is kept.

    `shown` is the digest of what whoever agrees was shown (`agreements.offer_of`); another one is refused. Raises
    KoppelingError; for `version` see `enter_code`.
    """
    before = store.by_id(connection, koppeling_id, version)
    entry = require_entry(catalogue, before.entry_id)
    agreements.require_shown(catalogue, entry, shown)
    added = agreements.waiting(catalogue, before).velden
    new = lifecycle.renew_akkoord(
        before,
        lifecycle.agree(
            login=login,
            naam=naam,
            akkoord=akkoord,
            moment=moment,
            voorwaarden=entry.voorwaarden.versie,
            tekst=agreements.keep(connection, entry.voorwaarden, moment),
            velden=agreements.fields_of(catalogue, entry),
        ),
    )
    store.add_earlier_akkoord(connection, before.id, before.akkoord, Toestemming.LEERLINGGEGEVENS)
    told = [f"voorwaarden={entry.voorwaarden.versie}"] if new.akkoord.voorwaarden != before.akkoord.voorwaarden else []
    told += [f"velden={len(added)}"] if added else []
    return _save(connection, new, Act.AKKOORD_RENEWED, moment, actor, " ".join(told))


def withhold(
    connection: sa.Connection, koppeling_id: int, version: int, persoon_id: int, moment: datetime, *, actor: str
) -> Koppeling:
    """Withhold a leerling of the school from a koppeling (Niet delen): no fetch decided from now on has this leerling.

    Raises KoppelingError; for `version` see `enter_code`.
    """
    before, withheld = _read_withheld(connection, koppeling_id, version)
    if persoon_id in withheld:
        raise AlreadyWithheldError
    if not leerlingen.is_leerling(connection, before.brin6, persoon_id):
        raise UnknownLeerlingError
    schema_version.require_code(connection, KNOWS_WITHHELD)
    koppeling = _save(connection, lifecycle.withhold(before, anybody=True), Act.WITHHELD, moment, actor)
    withholding.add(connection, koppeling.id, persoon_id)
    return koppeling


def share_again(
    connection: sa.Connection, koppeling_id: int, version: int, persoon_id: int, moment: datetime, *, actor: str
) -> Koppeling:
    """Take back that a leerling is withheld from a koppeling. Raises KoppelingError; for `version` see `enter_code`."""
    before, withheld = _read_withheld(connection, koppeling_id, version)
    if persoon_id not in withheld:
        raise NotWithheldError
    new = lifecycle.withhold(before, anybody=withheld != {persoon_id})
    koppeling = _save(connection, new, Act.SHARED_AGAIN, moment, actor)
    withholding.remove(connection, koppeling.id, persoon_id)
    return koppeling


def _read_withheld(connection: sa.Connection, koppeling_id: int, version: int) -> tuple[Koppeling, frozenset[int]]:
    """Return a koppeling and who is withheld from it, with the persons of its school held. Raises KoppelingError."""
    koppeling = store.by_id(connection, koppeling_id, version)
    schools.lock_school(connection, brincode_of(koppeling.brin6))
    return koppeling, withholding.withheld_from(connection, koppeling_id)


def require_entry(catalogue: Catalogue, id_: str) -> CatalogueEntry:
    """Return a catalogue entry that can be activated. Raises UnknownEntryError or AlwaysOnError."""
    entry = catalogue.get(id_)
    if entry is None:
        raise UnknownEntryError
    if entry.standaard:
        raise AlwaysOnError
    return entry


def is_available(connection: sa.Connection, entry: CatalogueEntry) -> bool:
    """Return whether an entry can be activated now: a UWLR koppeling needs an afnemer that exists and is enabled."""
    if entry.afnemer is None:
        return True
    afnemer = afnemers.find(connection, entry.afnemer)
    return afnemer is not None and afnemer.is_enabled


def _require_afnemer(connection: sa.Connection, entry: CatalogueEntry) -> int | None:
    """Return the id of the afnemer that will fetch the data; None for an entry without data.

    Raises NotYetAvailableError.
    """
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
    """Return the digest of a code that obeys the rules and that no other living koppeling of the vestiging has.

    Raises InvalidCodeError or CodeInUseError. `except_id` is the koppeling that may have the code already.
    """
    if rules := verificatiecode.broken_rules(code, brin6):
        raise InvalidCodeError(rules)
    presented = server_keys.probe(SecretPurpose.VERIFICATIECODE, code)
    if store.code_in_use(connection, brin6, presented, except_id=except_id):
        raise CodeInUseError
    return server_keys.digest(SecretPurpose.VERIFICATIECODE, code)


def is_code_of(koppeling: Koppeling, server_keys: ServerKeys, code: str) -> bool:
    """Return whether a koppeling has this verificatiecode now."""
    return server_keys.probe(SecretPurpose.VERIFICATIECODE, code).matches(koppeling.code_digest)


_LEAVE_THE_CODE = frozenset({Act.AKKOORD_RENEWED, Act.WITHHELD, Act.SHARED_AGAIN, Act.STARTDATUM_CHANGED})
"""The acts on a koppeling after which its code is what it was."""


def _save(
    connection: sa.Connection, koppeling: Koppeling, act: Act, moment: datetime, actor: str, remarks: str | None = None
) -> Koppeling:
    store.update(connection, koppeling, with_code=act not in _LEAVE_THE_CODE)
    if act in {Act.RESUMED, Act.ENDED, Act.ENDED_BY_MERGE}:  # behind the koppeling, as a fetch takes its locks
        given.forget(connection, koppeling.id)
    if act in {Act.ENDED, Act.ENDED_BY_MERGE}:
        withholding.remove(connection, koppeling.id)
    _record(connection, koppeling, act, moment, actor, remarks)
    return koppeling


def _record(
    connection: sa.Connection, koppeling: Koppeling, act: Act, moment: datetime, actor: str, remarks: str | None = None
) -> None:
    koppeling_id, brin6 = koppeling.id, koppeling.brin6
    writer.record_act(
        connection, moment=moment, act=act, koppeling_id=koppeling_id, brin6=brin6, actor=actor, remarks=remarks
    )
