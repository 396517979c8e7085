"""Agreeing: to a toestemming of a koppeling that was not given before, and again to newer terms and added fields.

As in `actions.py` the functions take the open writing transaction of the caller.
"""

from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from uwlr_adapter.journaal.model import Act
from uwlr_adapter.koppelingen import agreements, lifecycle, store
from uwlr_adapter.koppelingen.catalogue import Catalogue, CatalogueEntry
from uwlr_adapter.koppelingen.errors import (
    AkkoordMissingError,
    AlwaysOnError,
    ToestemmingNotOfferedError,
    UnknownEntryError,
)
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.koppelingen.saving import GIVEN_BY, save
from uwlr_adapter.koppelingen.toestemming import Toestemming, ToestemmingStatus


@dataclass(frozen=True, slots=True)
class Signer:
    """Who agrees to what an entry of the catalogue offers now, in an open writing transaction."""

    connection: sa.Connection
    catalogue: Catalogue
    entry: CatalogueEntry
    login: str
    naam: str = field(repr=False)
    moment: datetime

    def agree(self, toestemming: Toestemming) -> lifecycle.Akkoord:
        """Return the agreement to one toestemming, and keep its text. Raises AkkoordMissingError, TermsChangedError."""
        is_out = toestemming is Toestemming.LEERLINGGEGEVENS
        voorwaarden = self.entry.voorwaarden_of(toestemming)
        return lifecycle.agree(
            login=self.login,
            naam=self.naam,
            akkoord=True,
            moment=self.moment,
            voorwaarden=voorwaarden.versie,
            tekst=agreements.keep(self.connection, voorwaarden, self.moment),
            velden=agreements.fields_of(self.catalogue, self.entry) if is_out else None,
        )


def require_entry(catalogue: Catalogue, id_: str) -> CatalogueEntry:
    """Return a catalogue entry that can be activated. Raises UnknownEntryError or AlwaysOnError."""
    entry = catalogue.get(id_)
    if entry is None:
        raise UnknownEntryError
    if entry.standaard:
        raise AlwaysOnError
    return entry


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
    if not akkoord:
        raise AkkoordMissingError
    added = agreements.waiting(catalogue, before).velden
    signer = Signer(connection, catalogue, entry, login, naam, moment)
    given = [
        one
        for one in Toestemming
        if before.state(one).status is not ToestemmingStatus.NOT_GIVEN
        and (entry.offers(one) or (one is Toestemming.LEERLINGGEGEVENS and not entry.has_code))
    ]
    new = lifecycle.renew_akkoord(
        before,
        signer.agree(Toestemming.LEERLINGGEGEVENS) if Toestemming.LEERLINGGEGEVENS in given else None,
        signer.agree(Toestemming.RESULTATEN) if Toestemming.RESULTATEN in given else None,
    )
    if new.akkoord is not before.akkoord:
        store.add_earlier_akkoord(connection, before.id, before.akkoord, Toestemming.LEERLINGGEGEVENS)
    results = before.akkoord_resultaten
    if results is not None and new.akkoord_resultaten is not results:
        store.add_earlier_akkoord(connection, before.id, results, Toestemming.RESULTATEN)
    told = [f"voorwaarden={entry.voorwaarden.versie}"] if new.akkoord.voorwaarden != before.akkoord.voorwaarden else []
    told += [f"velden={len(added)}"] if added else []
    if new.akkoord_resultaten is not results and new.akkoord_resultaten is not None:
        told.append(f"resultaten={new.akkoord_resultaten.voorwaarden}")
    return save(connection, new, Act.AKKOORD_RENEWED, moment, actor, " ".join(told))


def give(
    connection: sa.Connection,
    catalogue: Catalogue,
    koppeling_id: int,
    version: int,
    toestemming: Toestemming,
    *,
    login: str,
    naam: str,
    akkoord: bool,
    moment: datetime,
    actor: str,
    shown: str | None = None,
) -> Koppeling:
    """Agree to a toestemming that the school did not give with the koppeling, which is on from then.

    Raises KoppelingError; for `version` see `enter_code`, for `shown` see `agree_again`.
    """
    before = store.by_id(connection, koppeling_id, version)
    entry = require_entry(catalogue, before.entry_id)
    if not entry.offers(toestemming):
        raise ToestemmingNotOfferedError
    agreements.require_shown(catalogue, entry, shown)
    if not akkoord:
        raise AkkoordMissingError
    signer = Signer(connection, catalogue, entry, login, naam, moment)
    new = lifecycle.give(before, toestemming, signer.agree(toestemming), actor)
    return save(connection, new, GIVEN_BY[toestemming], moment, actor)
