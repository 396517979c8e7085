"""The versions of UWLR in which an afnemer fetched: told by the profiles of the answers that its koppelingen got.

The journaal does not name the version of a call. A profile has a digest of its own in each version, but where a version
sends no other fields than an earlier one: then it is one of the two.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from uwlr_adapter.administratie.tables import receipt
from uwlr_adapter.clock import from_utc, to_utc
from uwlr_adapter.koppelingen.catalogue import Catalogue
from uwlr_adapter.koppelingen.tables import LIVING, koppeling


@dataclass(frozen=True, slots=True)
class UsedVersion:
    """One version, or those that cannot be told apart; none for answers under a narrower profile that was asked for.

    `koppelingen` counts those that fetched in it, `last` is the last such fetch.
    """

    names: tuple[str, ...]
    koppelingen: int
    last: datetime


def of_afnemer(connection: sa.Connection, catalogue: Catalogue, afnemer_id: int, since: datetime) -> list[UsedVersion]:
    """Return the versions in which the living koppelingen of an afnemer fetched since a moment, the last one first."""
    return of_koppelingen(connection, catalogue, (koppeling.c.afnemer_id == afnemer_id, LIVING), since)


def of_koppelingen(
    connection: sa.Connection, catalogue: Catalogue, own: Sequence[sa.ColumnElement[bool]], since: datetime
) -> list[UsedVersion]:
    """Return the versions in which the koppelingen of some conditions fetched since a moment, the last one first."""
    names = _names(connection, catalogue, own)
    number, last = sa.func.count(koppeling.c.id.distinct()), sa.func.max(receipt.c.last)
    query = (
        sa.select(receipt.c.profiel, number, last)
        .join_from(koppeling, receipt, receipt.c.koppeling_id == koppeling.c.id)
        .where(*own, receipt.c.last >= to_utc(since), receipt.c.profiel != "")
        .group_by(receipt.c.profiel)
    )
    found: dict[tuple[str, ...], tuple[int, datetime]] = {}
    for digest, koppelingen, moment in connection.execute(query):
        key = names.get(digest, ())
        before = found.get(key, (0, moment))
        found[key] = (before[0] + koppelingen, max(before[1], moment))
    used = [UsedVersion(key, koppelingen, from_utc(moment)) for key, (koppelingen, moment) in found.items()]
    return sorted(used, key=lambda one: one.last, reverse=True)


def _names(
    connection: sa.Connection, catalogue: Catalogue, own: Sequence[sa.ColumnElement[bool]]
) -> dict[str, tuple[str, ...]]:
    """Return the versions of each profile under which some koppelingen may get answers, by its digest."""
    found: defaultdict[str, dict[str, None]] = defaultdict(dict)
    query = sa.select(koppeling.c.entry_id, koppeling.c.akkoord_velden).where(*own).distinct()
    for entry_id, velden in connection.execute(query):
        profiel = catalogue.agreed[entry_id, velden]
        for version, one in ({} if profiel is None else profiel.by_version).items():
            found[one.digest][version] = None
    return {digest: tuple(versions) for digest, versions in found.items()}
