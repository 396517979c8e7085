"""The koppelingen of an afnemer as its own people may know them: those through which it once had access.

Nobody learns more here than a call tells (row 7 of the table of checks). A koppeling of which the afnemer never had the
right code is not there at all, whether or not it exists. Of one that it had the right code of, it is told whether a
call with that code would have access now; paused, ended and another code are one answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

import sqlalchemy as sa

from uwlr_adapter.clock import any_from_utc, day_of
from uwlr_adapter.koppelingen import call_states, versions_used
from uwlr_adapter.koppelingen.calls import Calls
from uwlr_adapter.koppelingen.catalogue import Catalogue
from uwlr_adapter.koppelingen.tables import SHOWN_DIGITS, Status, koppeling
from uwlr_adapter.koppelingen.toestemming import Toestemming, ToestemmingStatus
from uwlr_adapter.koppelingen.versions_used import UsedVersion

PER_PAGE = 50
"""Koppelingen of one page."""
_PLACE = ("afnemer_id", "brin6", "entry_id")
"""What the koppelingen of one place and entry have in common."""


class FetchedKey(NamedTuple):
    """The place of a koppeling in the list."""

    brin6: str
    entry_id: str
    """No id of a koppeling: those of two schools tell how many others there are."""


@dataclass(frozen=True, slots=True)
class FetchedKoppeling:
    """A koppeling through which the afnemer once had access; of several at a vestiging for one entry the last one."""

    key: FetchedKey
    fetches: bool
    """Whether a fetch with the code of that access would have access now."""
    brings: bool
    """Whether a call that brings results would."""
    fetched_at: datetime | None
    """The last call that was answered; None when none was, or it is no longer told."""

    @property
    def has_access(self) -> bool:
        """Whether any call would."""
        return self.fetches or self.brings

    @property
    def brin6(self) -> str:
        """Its vestiging."""
        return self.key.brin6

    @property
    def entry_id(self) -> str:
        """What it is in the catalogue."""
        return self.key.entry_id


@dataclass(frozen=True, slots=True)
class FetchedPage:
    """A page of the list, and the key after which the next one begins, if any."""

    koppelingen: tuple[FetchedKoppeling, ...]
    after: FetchedKey | None


def count(connection: sa.Connection, catalogue: Catalogue, afnemer_id: int, moment: datetime) -> tuple[int, int]:
    """Return of how many koppelingen of an afnemer there is access at a moment, and of how many there is none."""
    has_access = sa.or_(*(_has_access(catalogue, day_of(moment), one) for one in Toestemming))
    given = sa.func.coalesce(sa.func.sum(sa.case((has_access, 1), else_=0)), 0)
    number, open_ = connection.execute(sa.select(sa.func.count(), given).where(*_own(afnemer_id))).one()
    return int(open_), int(number) - int(open_)


def page_of(
    connection: sa.Connection,
    catalogue: Catalogue,
    afnemer_id: int,
    moment: datetime,
    *,
    told_since: datetime,
    text: str = "",
    access: bool | None = None,
    after: FetchedKey | None = None,
) -> FetchedPage:
    """Return a page of the koppelingen of an afnemer, by brin6, at a moment, which is the present.

    `text` is a part of the brin6, in any case; `access` is whether there is access, None for both. The page begins
    after a key (exclusive). A fetch of before `told_since`, the term of the journaal, is not told: it is known of a
    koppeling that is paused, and not of one that ended.
    """
    own = koppeling.c
    fetches, brings = (_has_access(catalogue, day_of(moment), one) for one in Toestemming)
    has_access = sa.or_(fetches, brings)
    told = (fetches.label("fetches"), brings.label("brings"))
    query = sa.select(own.id, own.brin6, own.entry_id, *told).where(*_own(afnemer_id))
    if text:
        query = query.where(own.brin6.contains(text.upper(), autoescape=True))
    if access is not None:
        query = query.where(has_access if access else ~has_access)
    if after is not None:
        is_later = sa.and_(own.brin6 == after.brin6, own.entry_id > after.entry_id)
        query = query.where(sa.or_(own.brin6 > after.brin6, is_later))
    rows = connection.execute(query.order_by(own.brin6, own.entry_id).limit(PER_PAGE + 1)).all()
    shown = rows[:PER_PAGE]
    calls = call_states.read(connection, [row.id for row in shown], moment)
    found = tuple(
        FetchedKoppeling(
            FetchedKey(row.brin6, row.entry_id),
            bool(row.fetches),
            bool(row.brings),
            _told(calls.get(row.id, Calls()), told_since),
        )
        for row in shown
    )
    return FetchedPage(found, found[-1].key if len(rows) > PER_PAGE else None)


def versions(connection: sa.Connection, catalogue: Catalogue, afnemer_id: int, since: datetime) -> list[UsedVersion]:
    """Return the versions in which an afnemer fetched since a moment, through the koppelingen that are told."""
    return versions_used.of_koppelingen(connection, catalogue, _own(afnemer_id), since)


def _told(calls: Calls, since: datetime) -> datetime | None:
    fetched_at = any_from_utc(calls.fetched_at)
    return None if fetched_at is None or fetched_at < since else fetched_at


def _own(afnemer_id: int) -> Sequence[sa.ColumnElement[bool]]:
    """Return the conditions of the koppelingen of an afnemer that are told, the last one of each place and entry."""
    own, later = koppeling.c, koppeling.alias("later")
    same = [later.c[name] == own[name] for name in _PLACE]
    is_past = sa.exists().where(*same, later.c.id > own.id, later.c.shown_code.is_not(None)).correlate(koppeling)
    return own.afnemer_id == afnemer_id, own.shown_code.is_not(None), ~is_past


def _is_on(present: sa.FromClause, toestemming: Toestemming) -> sa.ColumnElement[bool]:
    """Return the condition that a toestemming is on; older code stored none, and has that of leerlinggegevens."""
    if toestemming is Toestemming.RESULTATEN:
        return sa.func.coalesce(present.c.resultaten, "") == ToestemmingStatus.ON.value
    stored = sa.func.coalesce(present.c.leerlinggegevens, ToestemmingStatus.ON.value)
    return stored == ToestemmingStatus.ON.value


def _has_access(catalogue: Catalogue, today: date, toestemming: Toestemming) -> sa.ColumnElement[bool]:
    """Return the condition that a call with the code of the last access has access on a day; never NULL.

    `toestemming` is the one that the call needs. Also where the koppeling ended and was activated anew with that code:
    the call finds the one that is open.
    """
    own, present = koppeling.c, koppeling.alias("present")
    end = sa.func.substr(present.c.code_digest, sa.func.length(present.c.code_digest) - (SHOWN_DIGITS - 1))
    return (
        sa.exists()
        .where(
            *(present.c[name] == own[name] for name in _PLACE),
            present.c.status == Status.ACTIEF.value,
            present.c.startdatum <= today,
            present.c.entry_id.in_(sorted(one.id for one in catalogue if one.has_code and one.offers(toestemming))),
            _is_on(present, toestemming),
            end == own.shown_code,
        )
        .correlate(koppeling)
    )
