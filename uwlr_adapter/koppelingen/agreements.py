"""What a school agreed to: the text of the terms, word for word, and the fields that may leave.

The text is kept when somebody agrees. A version of terms has one text for good: a catalogue with another one under the
same version is refused, at the start of a process and when somebody agrees, since earlier agreements name that version.

Fields that a profile adds later wait until the school agrees again; those that it loses stay away at once. An agreement
of before migration 0025, or of code of before it, has neither text nor fields: the first start of newer code records
those of the catalogue of that moment (`prepare`), and until then the profile of the catalogue holds.
"""

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from uwlr_adapter.clock import from_utc, to_utc
from uwlr_adapter.contract.fields import FIELDS, Field
from uwlr_adapter.db import schema_version
from uwlr_adapter.db.database import Database
from uwlr_adapter.db.event_log import log_failure
from uwlr_adapter.db.locks import lock
from uwlr_adapter.koppelingen import store, tables, terms_text
from uwlr_adapter.koppelingen.catalogue import Catalogue, CatalogueEntry, CatalogueError, Voorwaarden
from uwlr_adapter.koppelingen.errors import OtherTermsError, TermsChangedError
from uwlr_adapter.koppelingen.lifecycle import Akkoord, Koppeling
from uwlr_adapter.koppelingen.retention import ERASED, TEXTS
from uwlr_adapter.koppelingen.tables import LIVING
from uwlr_adapter.koppelingen.toestemming import ToestemmingStatus

KNOWS_AGREED_FIELDS = 25
"""The number of the first code that holds back what was not agreed to: while anything waits, older code must not
answer."""
BATCH = 500
"""Koppelingen of which an agreement is recorded in one transaction: fetches of those wait for it."""
_table = tables.koppeling
_GIVEN = sa.func.coalesce(_table.c.leerlinggegevens, "") != ToestemmingStatus.NOT_GIVEN.value
"""Whether leerlinggegevens were agreed to: else what is stored as that agreement has no fields, and none wait."""
_texts = tables.voorwaarden
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KeptText:
    """The text of terms that somebody agreed to; `since` is when it was stored."""

    versie: str
    tekst: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits until the school of a koppeling agrees again: newer terms, and fields that the profile added."""

    voorwaarden: bool
    velden: tuple[Field, ...]
    """In the order of the table of fields."""
    resultaten: bool = False
    """Newer terms of results."""

    def __bool__(self) -> bool:
        """Whether anything waits."""
        return self.voorwaarden or bool(self.velden) or self.resultaten


NOTHING_WAITS = Waiting(voorwaarden=False, velden=())


def digest_of(voorwaarden: Voorwaarden) -> str:
    """Return the digest of terms of the catalogue, which an agreement names."""
    return terms_text.digest_of(voorwaarden.id, voorwaarden.versie, voorwaarden.tekst)


def fields_of(catalogue: Catalogue, entry: CatalogueEntry) -> frozenset[str] | None:
    """Return the fields (record/element) that an entry shares now; None for an entry without data."""
    profiel = catalogue.profiel_by_entry.get(entry.id)
    return None if profiel is None else profiel.paths


def offer_of(catalogue: Catalogue, entry: CatalogueEntry) -> str:
    """Return the digest of what a school agrees to now: the text of the terms, and the fields that leave."""
    velden = store.as_text(fields_of(catalogue, entry)) or ""
    results = "" if entry.voorwaarden_resultaten is None else f" {digest_of(entry.voorwaarden_resultaten)}"
    return sha256(f"{digest_of(entry.voorwaarden)} {velden}{results}".encode()).hexdigest()


def require_shown(catalogue: Catalogue, entry: CatalogueEntry, shown: str | None) -> None:
    """Raise OtherTermsError when whoever agrees was shown something else, such as by a process of an older catalogue.

    None: nothing was shown, as on the command line.
    """
    if shown is not None and shown != offer_of(catalogue, entry):
        raise OtherTermsError


def waiting(catalogue: Catalogue, koppeling: Koppeling) -> Waiting:
    """Return what waits for an agreement; nothing for an ended koppeling, or one whose entry left the catalogue."""
    if not koppeling.is_living:
        return NOTHING_WAITS
    is_given = koppeling.leerlinggegevens.status is not ToestemmingStatus.NOT_GIVEN
    results = None if koppeling.akkoord_resultaten is None else koppeling.akkoord_resultaten.voorwaarden
    agreed = _Agreed(koppeling.akkoord.voorwaarden, koppeling.akkoord.velden) if is_given else None
    return _waiting(catalogue, koppeling.entry_id, agreed, results)


class _Agreed(NamedTuple):
    """The version of the terms and the fields that a school agreed to."""

    voorwaarden: str
    velden: frozenset[str] | None


def _waiting(catalogue: Catalogue, entry_id: str, agreed: _Agreed | None, results: str | None) -> Waiting:
    """Return what waits for a living koppeling whose school agreed to these; None is what it did not agree to."""
    entry = catalogue.get(entry_id)
    if entry is None:
        return NOTHING_WAITS
    terms = entry.voorwaarden_resultaten
    newer_results = results is not None and terms is not None and results != terms.versie
    if agreed is None or (entry.has_code and entry.profiel is None):
        return Waiting(voorwaarden=False, velden=(), resultaten=newer_results)
    shared = fields_of(catalogue, entry)
    known = shared if agreed.velden is None else agreed.velden
    added = (shared or frozenset()) - (known or frozenset())
    velden = tuple(one for one in FIELDS if one.path in added)
    return Waiting(agreed.voorwaarden != entry.voorwaarden.versie, velden, newer_results)


def waiting_of_entry(
    connection: sa.Connection, catalogue: Catalogue, within: sa.Select[tuple[str]], entry: CatalogueEntry
) -> list[Koppeling]:
    """Return the koppelingen of an entry, at the vestigingen of a query, for which something waits; by vestiging."""
    living = store.list_living_of_entry(connection, within, entry.id)
    return [one for one in living if waiting(catalogue, one)]


def count_waiting(
    connection: sa.Connection, catalogue: Catalogue, within: sa.Select[tuple[str]]
) -> list[tuple[str, int]]:
    """Return for how many koppelingen at the vestigingen of a query something waits, by the id of their entry.

    Koppelingen that agreed to the same are looked at as one.
    """
    agreed = (
        *(_table.c.entry_id, _table.c.akkoord_voorwaarden, _table.c.akkoord_velden),
        *(_table.c.leerlinggegevens, _table.c.resultaten_voorwaarden),
    )
    query = sa.select(*agreed, sa.func.count().label("number")).where(LIVING, _table.c.brin6.in_(within))
    found: Counter[str] = Counter()
    for row in connection.execute(query.group_by(*agreed)):
        velden = None if row.akkoord_velden is None else frozenset(row.akkoord_velden.split())
        is_given = row.leerlinggegevens != ToestemmingStatus.NOT_GIVEN
        present = _Agreed(row.akkoord_voorwaarden, velden) if is_given else None
        if _waiting(catalogue, row.entry_id, present, row.resultaten_voorwaarden):
            found[row.entry_id] += row.number
    return sorted(found.items())


def keep(connection: sa.Connection, voorwaarden: Voorwaarden, moment: datetime) -> str:
    """Keep the text of terms that somebody agrees to, and return its digest.

    Nobody removes it before the transaction ends. Raises TermsChangedError when this version has another text.
    """
    lock(connection, TEXTS)
    digest = digest_of(voorwaarden)
    same_version = (_texts.c.terms_id == voorwaarden.id, _texts.c.versie == voorwaarden.versie)
    kept = connection.scalar(sa.select(_texts.c.digest).where(*same_version))
    if kept is None:
        values = {
            "digest": digest,
            "terms_id": voorwaarden.id,
            "versie": voorwaarden.versie,
            "tekst": terms_text.unwrapped(voorwaarden.tekst),
            "since": to_utc(moment),
        }
        connection.execute(_texts.insert().values(values))
    elif kept != digest:
        raise TermsChangedError
    return digest


def text_of(connection: sa.Connection, akkoord: Akkoord) -> KeptText | None:
    """Return the text of an agreement; None when it was not kept.

    Code of before migration 0025 renews an agreement without its text: then the text is of another version.
    """
    row = connection.execute(
        sa.select(_texts).where(_texts.c.digest == akkoord.tekst, _texts.c.versie == akkoord.voorwaarden)
    ).one_or_none()
    return None if row is None else KeptText(row.versie, row.tekst, from_utc(row.since))


def require_same_texts(connection: sa.Connection, catalogue: Catalogue) -> None:
    """Raise CatalogueError when a version of terms has another text than the one that somebody agreed to."""
    kept = {(row.terms_id, row.versie): row.digest for row in connection.execute(sa.select(_texts))}
    terms = [one for entry in catalogue for one in (entry.voorwaarden, entry.voorwaarden_resultaten) if one is not None]
    for one in {one.id: one for one in terms}.values():
        if kept.get((one.id, one.versie), digest := digest_of(one)) != digest:
            raise CatalogueError(
                f"the voorwaarden {one.id} have another text than when schools agreed to it, and the same versie "
                f"({one.versie}): give the changed text a new versie, or put the old text back"
            )


def prepare(database: Database, catalogue: Catalogue, moment: datetime) -> None:
    """Make the agreements ready to serve by, at the start of a process.

    Record what is missing in agreements of older code, and refuse such code from now on where fields wait. What cannot
    be written is logged, and done at the next start. Raises CatalogueError for a changed text, or DBAPIError.
    """
    agreed = (_table.c.entry_id, _table.c.akkoord_voorwaarden, _table.c.akkoord_tekst, _table.c.akkoord_velden)
    is_living = sa.and_(LIVING, _GIVEN).label("is_living")
    query = sa.select(*agreed, is_living).where(_table.c.akkoord_naam != ERASED).distinct()
    with database.reading() as connection:
        require_same_texts(connection, catalogue)
        rows = connection.execute(query).all()
    entries = [(catalogue.get(row.entry_id), row) for row in rows]
    known = [(entry, row) for entry, row in entries if entry is not None]
    without_text = {
        entry.id: entry
        for entry, row in known
        if row.akkoord_tekst is None and row.akkoord_voorwaarden == entry.voorwaarden.versie
    }
    without_fields = {
        entry.id: entry
        for entry, row in known
        if row.akkoord_velden is None and row.is_living and entry.profiel is not None
    }
    some_wait = any(
        row.is_living
        and row.akkoord_velden is not None
        and (fields_of(catalogue, entry) or frozenset()).difference(row.akkoord_velden.split())
        for entry, row in known
    )
    try:
        _record_missing(database, catalogue, without_text, without_fields, moment)
        if some_wait:
            with database.writing() as connection:
                schema_version.require_code(connection, KNOWS_AGREED_FIELDS)
    except DBAPIError as error:  # such as a full disk, of which /readyz tells
        log_failure(error, logger)


def _record_missing(
    database: Database,
    catalogue: Catalogue,
    without_text: dict[str, CatalogueEntry],
    without_fields: dict[str, CatalogueEntry],
    moment: datetime,
) -> None:
    """Record the text and the fields of the catalogue in agreements that have none. Raises DBAPIError."""
    for entry in without_text.values():
        keep_text = partial(keep, voorwaarden=entry.voorwaarden, moment=moment)
        same_version = _table.c.akkoord_voorwaarden == entry.voorwaarden.versie
        is_missing = sa.and_(_table.c.akkoord_tekst.is_(None), same_version, _table.c.akkoord_naam != ERASED)
        _update_in_batches(database, entry, is_missing, _table.c.akkoord_tekst, keep_text)
    for entry in without_fields.values():
        velden = partial(_as_text, fields_of(catalogue, entry))
        is_missing = sa.and_(_table.c.akkoord_velden.is_(None), LIVING)
        _update_in_batches(database, entry, is_missing, _table.c.akkoord_velden, velden)


def _as_text(velden: frozenset[str] | None, _connection: sa.Connection) -> str | None:
    return store.as_text(velden)


def _update_in_batches(
    database: Database,
    entry: CatalogueEntry,
    is_missing: sa.ColumnElement[bool],
    column: sa.Column[Any],
    value: Callable[[sa.Connection], str | None],
) -> None:
    """Store a value in the koppelingen of an entry that miss it; those that somebody else holds are left alone."""
    query = sa.select(_table.c.id).where(_table.c.entry_id == entry.id, is_missing).order_by(_table.c.id).limit(BATCH)
    ids = [0] * BATCH
    while len(ids) == BATCH:
        with database.writing() as connection:
            ids = list(connection.scalars(query.with_for_update(skip_locked=True)))
            values = {column: value(connection)}
            connection.execute(_table.update().where(_table.c.id.in_(ids)).values(values))
