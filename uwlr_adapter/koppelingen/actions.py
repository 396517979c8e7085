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
from uwlr_adapter.journaal.model import Act
from uwlr_adapter.keys.server_keys import SecretPurpose, ServerKeys
from uwlr_adapter.koppelingen import afnemers, agreeing, agreements, lifecycle, pausing, store, verificatiecode
from uwlr_adapter.koppelingen.catalogue import Catalogue, CatalogueEntry
from uwlr_adapter.koppelingen.errors import (
    AkkoordMissingError,
    AlreadyActivatedError,
    AlreadyWithheldError,
    CodeInUseError,
    InvalidCodeError,
    MergedVestigingError,
    NoCodeError,
    NotWithheldError,
    NotYetAvailableError,
    UnknownLeerlingError,
)
from uwlr_adapter.koppelingen.lifecycle import NEW, Koppeling
from uwlr_adapter.koppelingen.saving import record, save
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
    """With the terms, and so with the leerlinggegevens that leave."""
    startdatum: date | None = None
    verificatiecode: str | None = field(default=None, repr=False)
    shown: str | None = None
    """The digest of what was shown with the form (`agreements.offer_of`); None when nothing was."""
    akkoord_resultaten: bool = False
    """With the terms of results, and so with results that come in; of a koppeling that offers them."""


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
    entry = agreeing.require_entry(catalogue, request.entry_id)
    agreements.require_shown(catalogue, entry, request.shown)
    store.lock_vestiging(connection, request.brin6)
    if into := schools.merged_into(connection, brincode_of(request.brin6)).get(request.brin6):
        raise MergedVestigingError(into)
    if store.find_living(connection, request.brin6, entry.id) is not None:
        raise AlreadyActivatedError
    afnemer_id = _require_afnemer(connection, entry)
    signer = agreeing.Signer(connection, catalogue, entry, request.login, request.naam, moment)
    chosen = _chosen(entry, request)
    new = lifecycle.activate(
        brin6=request.brin6,
        entry=entry.id,
        afnemer_id=afnemer_id,
        code_digest=_first_code(connection, server_keys, entry, request),
        akkoord=signer.agree(Toestemming.LEERLINGGEGEVENS) if Toestemming.LEERLINGGEGEVENS in chosen else None,
        startdatum=request.startdatum,
        akkoord_resultaten=signer.agree(Toestemming.RESULTATEN) if Toestemming.RESULTATEN in chosen else None,
    )
    if entry.has_code and Toestemming.LEERLINGGEGEVENS not in chosen:
        schema_version.require_code(connection, pausing.KNOWS_TOESTEMMINGEN)
    koppeling = replace(new, id=store.insert(connection, new))
    both = len(chosen) > 1 or Toestemming.RESULTATEN in chosen
    record(connection, koppeling, Act.ACTIVATED, moment, actor, _told_of(chosen) if both else None)
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
    return save(connection, new, Act.RESUMED if resumed else Act.CODE_CHANGED, moment, actor)


def change_startdatum(
    connection: sa.Connection, koppeling_id: int, version: int, startdatum: date, moment: datetime, *, actor: str
) -> Koppeling:
    """Change the Startdatum of a koppeling, until it comes. Raises KoppelingError; for `version` see `enter_code`."""
    before = store.by_id(connection, koppeling_id, version)
    new = lifecycle.change_startdatum(before, startdatum, day_of(moment))
    told = f"startdatum={startdatum.isoformat()}"
    return save(connection, new, Act.STARTDATUM_CHANGED, moment, actor, told)


def clear_code(
    connection: sa.Connection, koppeling_id: int, version: int, moment: datetime, *, actor: str
) -> Koppeling:
    """Clear the verificatiecode, which pauses the koppeling. Raises KoppelingError; for `version` see `enter_code`."""
    new = lifecycle.clear_code(store.by_id(connection, koppeling_id, version))
    return save(connection, new, Act.PAUSED, moment, actor)


def end(connection: sa.Connection, koppeling_id: int, version: int, moment: datetime, *, actor: str) -> Koppeling:
    """End a koppeling for good; its catalogue entry is available again.

    Raises KoppelingError; for `version` see `enter_code`.
    """
    new = lifecycle.end(store.by_id(connection, koppeling_id, version), moment)
    return save(connection, new, Act.ENDED, moment, actor)


def end_by_merge(connection: sa.Connection, koppeling: Koppeling, moment: datetime, *, actor: str) -> Koppeling:
    """End a living koppeling because the records of its vestiging went to another brincode (fusie).

    A code begins with the brin6, so it opens nothing at the new vestiging: the school activates the koppeling there.
    Raises KoppelingError.
    """
    return save(connection, lifecycle.end(koppeling, moment), Act.ENDED_BY_MERGE, moment, actor)


def _chosen(entry: CatalogueEntry, request: ActivationRequest) -> tuple[Toestemming, ...]:
    """Return what a school agrees to with a new koppeling. Raises AkkoordMissingError for nothing of what is offered.

    An entry without a code has terms only; they are kept as the first one.
    """
    ticked = {Toestemming.LEERLINGGEGEVENS: request.akkoord, Toestemming.RESULTATEN: request.akkoord_resultaten}
    offered = [one for one in Toestemming if entry.offers(one)] or [Toestemming.LEERLINGGEGEVENS]
    chosen = tuple(one for one in offered if ticked[one])
    if not chosen:
        raise AkkoordMissingError
    return chosen


def _told_of(chosen: tuple[Toestemming, ...]) -> str:
    """Return what was agreed to as remarks of an entry of the journaal."""
    words = {Toestemming.LEERLINGGEGEVENS: "leerlinggegevens", Toestemming.RESULTATEN: "resultaten"}
    return " ".join(words[one] for one in chosen)


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
    koppeling = save(connection, lifecycle.withhold(before, anybody=True), Act.WITHHELD, moment, actor)
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
    koppeling = save(connection, new, Act.SHARED_AGAIN, moment, actor)
    withholding.remove(connection, koppeling.id, persoon_id)
    return koppeling


def _read_withheld(connection: sa.Connection, koppeling_id: int, version: int) -> tuple[Koppeling, frozenset[int]]:
    """Return a koppeling and who is withheld from it, with the persons of its school held. Raises KoppelingError."""
    koppeling = store.by_id(connection, koppeling_id, version)
    schools.lock_school(connection, brincode_of(koppeling.brin6))
    return koppeling, withholding.withheld_from(connection, koppeling_id)


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
