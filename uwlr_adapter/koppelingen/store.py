"""Koppelingen in the database. Functions take an open connection, so that an act and its journal line are one."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from uwlr_adapter.administratie.tables import vestiging
from uwlr_adapter.clock import any_from_utc, from_utc, to_utc
from uwlr_adapter.db.statements import Query, Row, SelectStatement
from uwlr_adapter.keys import known_keys
from uwlr_adapter.keys.server_keys import PresentedSecret
from uwlr_adapter.koppelingen import tables
from uwlr_adapter.koppelingen.errors import ChangedMeanwhileError, NoKoppelingError, UnknownVestigingError
from uwlr_adapter.koppelingen.lifecycle import Akkoord, Koppeling
from uwlr_adapter.koppelingen.tables import LIVING, Status
from uwlr_adapter.koppelingen.toestemming import (
    GIVEN,
    NOT_GIVEN,
    Toestemming,
    ToestemmingState,
    ToestemmingStatus,
)

_table = tables.koppeling
_earlier = tables.earlier_akkoord
_given = tables.given
_afnemer = tables.afnemer
_LAST_OPENED = SelectStatement(
    sa.select(sa.func.max(_table.c.opened_at), sa.func.max(_table.c.profiel_since)).where(
        _table.c.brin6 == sa.bindparam("brin6", type_=sa.String)
    )
)


class KoppelingName(NamedTuple):
    """The id of a koppeling in the catalogue, and the id of its afnemer, if it has one."""

    entry_id: str
    afnemer_id: int | None


def lock_vestiging(connection: sa.Connection, brin6: str) -> None:
    """Hold the vestiging until the transaction ends, so that two acts cannot choose one code.

    Records that refer to it can be written meanwhile (FOR NO KEY UPDATE). Raises UnknownVestigingError.
    """
    query = sa.select(vestiging.c.brin6).where(vestiging.c.brin6 == brin6).with_for_update(key_share=True)
    if connection.scalar(query) is None:
        raise UnknownVestigingError


def require_vestiging(connection: sa.Connection, brin6: str) -> None:
    """Raise UnknownVestigingError unless there is such a vestiging."""
    if connection.scalar(sa.select(vestiging.c.brin6).where(vestiging.c.brin6 == brin6)) is None:
        raise UnknownVestigingError


def insert(connection: sa.Connection, koppeling: Koppeling) -> int:
    """Store a new koppeling and return its id; the caller checks that none of its kind lives at the vestiging."""
    query = _table.insert().values(_row(koppeling)).returning(_table.c.id)
    made: int = connection.execute(query).scalar_one()
    return made


def update(connection: sa.Connection, koppeling: Koppeling, *, with_code: bool) -> None:
    """Store what an act made of a koppeling. Raises ChangedMeanwhileError unless it follows on what is stored.

    An act that leaves the code alone (`with_code` is False) does not write its digest, which a call may have made anew
    since the act read it.
    """
    values = _row(koppeling)
    if not with_code:
        del values["code_digest"]
    result = connection.execute(
        _table.update().where(_table.c.id == koppeling.id, _table.c.version == koppeling.version - 1).values(values)
    )
    if result.rowcount != 1:
        raise ChangedMeanwhileError


def by_id(connection: sa.Connection, koppeling_id: int, version: int) -> Koppeling:
    """Return a koppeling at the version that was seen. Raises NoKoppelingError or ChangedMeanwhileError."""
    rows = _load(connection, _table.c.id == koppeling_id)
    if not rows:
        raise NoKoppelingError
    if rows[0].version != version:
        raise ChangedMeanwhileError
    return rows[0]


def find_living(connection: sa.Connection, brin6: str, entry: str) -> Koppeling | None:
    """Return the one living koppeling of this kind at a vestiging, if any."""
    rows = _load(connection, _table.c.brin6 == brin6, _table.c.entry_id == entry, LIVING)
    return rows[0] if rows else None


def list_living(connection: sa.Connection, brin6: str | None = None) -> list[Koppeling]:
    """Return every living koppeling, of one vestiging or of all, by vestiging and in order of activation."""
    return _load(connection, LIVING, *([] if brin6 is None else [_table.c.brin6 == brin6]))


def list_by_ids(connection: sa.Connection, ids: Sequence[int]) -> list[Koppeling]:
    """Return the koppelingen with these ids that live, by vestiging."""
    return _load(connection, _table.c.id.in_(ids), LIVING)


def list_carrying(connection: sa.Connection, *where: sa.ColumnElement[bool]) -> list[Koppeling]:
    """Return the living koppelingen that carry data and meet some conditions, by vestiging."""
    return _load(connection, _table.c.afnemer_id.is_not(None), LIVING, *where)


def list_living_of_entry(connection: sa.Connection, within: sa.Select[tuple[str]], entry: str) -> list[Koppeling]:
    """Return the living koppelingen of an entry at the vestigingen of a query, by vestiging."""
    return _load(connection, _table.c.entry_id == entry, LIVING, _table.c.brin6.in_(within))


def list_living_at(connection: sa.Connection, brin6s: Sequence[str], entry: str) -> list[Koppeling]:
    """Return the living koppelingen of an entry at these vestigingen, by vestiging."""
    return _load(connection, _table.c.brin6.in_(brin6s), _table.c.entry_id == entry, LIVING)


def list_any(connection: sa.Connection, ids: Sequence[int]) -> list[Koppeling]:
    """Return the koppelingen with these ids, living or ended, by vestiging."""
    return _load(connection, _table.c.id.in_(ids))


def list_of_afnemer(connection: sa.Connection, afnemer_id: int) -> list[Koppeling]:
    """Return every living koppeling of an afnemer, by vestiging."""
    return _load(connection, _table.c.afnemer_id == afnemer_id, LIVING)


def names(connection: sa.Connection) -> dict[int, KoppelingName]:
    """Return for every koppeling, living or ended, by its id what it is called."""
    query = sa.select(_table.c.id, _table.c.entry_id, _table.c.afnemer_id)
    return {row.id: KoppelingName(row.entry_id, row.afnemer_id) for row in connection.execute(query)}


def find(connection: sa.Connection, koppeling_id: int, brin6: str) -> Koppeling | None:
    """Return the koppeling with this id, living or ended, when it is one of this vestiging."""
    rows = _load(connection, _table.c.id == koppeling_id, _table.c.brin6 == brin6)
    return rows[0] if rows else None


def list_ended(connection: sa.Connection, brin6: str) -> list[Koppeling]:
    """Return the ended koppelingen of a vestiging, the last one first."""
    return _load(connection, _table.c.brin6 == brin6, ~LIVING)[::-1]


def add_earlier_akkoord(
    connection: sa.Connection, koppeling_id: int, akkoord: Akkoord, toestemming: Toestemming
) -> None:
    """Store an agreement that one with newer terms is about to replace."""
    connection.execute(
        _earlier.insert().values(
            koppeling_id=koppeling_id,
            login=akkoord.login,
            naam=akkoord.naam,
            moment=to_utc(akkoord.moment),
            voorwaarden=akkoord.voorwaarden,
            tekst=akkoord.tekst,
            velden=as_text(akkoord.velden),
            toestemming=None if toestemming is Toestemming.LEERLINGGEGEVENS else toestemming.value,
        )
    )


def earlier_akkoorden(
    connection: sa.Connection, koppeling_id: int, toestemming: Toestemming = Toestemming.LEERLINGGEGEVENS
) -> list[Akkoord]:
    """Return the agreements of a koppeling to one toestemming before the present one, the last one first."""
    stored = sa.func.coalesce(_earlier.c.toestemming, Toestemming.LEERLINGGEGEVENS.value)
    where = (_earlier.c.koppeling_id == koppeling_id, stored == toestemming.value)
    query = sa.select(_earlier).where(*where).order_by(_earlier.c.id.desc())
    return [
        Akkoord(row.login, row.naam, from_utc(row.moment), row.voorwaarden, row.tekst, _paths(row.velden))
        for row in connection.execute(query)
    ]


def record_profiel(connection: sa.Connection, koppeling_id: int, digest: str, moment: datetime) -> datetime:
    """Return since when a koppeling is fetched under a profile, by its digest, which is stored when it is new.

    The transaction must be a writing one.
    """
    row = connection.execute(
        sa.select(_table.c.profiel, _table.c.profiel_since).where(_table.c.id == koppeling_id)
    ).one()
    if row.profiel == digest:
        return from_utc(row.profiel_since)
    since = moment
    if row.profiel is not None:  # later than any answer under the last one, also within the second
        last = connection.scalar(
            sa.select(sa.func.max(_given.c.gewijzigd)).where(_given.c.koppeling_id == koppeling_id)
        )
        since = max(moment, from_utc(row.profiel_since), from_utc(last or row.profiel_since)) + timedelta(seconds=1)
    values = {"profiel": digest, "profiel_since": to_utc(since)}
    connection.execute(_table.update().where(_table.c.id == koppeling_id).values(values))
    return since


def record_shown(connection: sa.Connection, koppeling_id: int, shown: str) -> None:
    """Store that a koppeling gave access with the code whose digest ends so, in a writing transaction.

    It is no act: the version stays. Nothing is stored once the koppeling has another code.
    """
    digest = _table.c.code_digest
    is_present = sa.func.substr(digest, sa.func.length(digest) - (tables.SHOWN_DIGITS - 1)) == shown
    connection.execute(_table.update().where(_table.c.id == koppeling_id, is_present).values(shown_code=shown))


def last_opened_query(brin6: str) -> Query:
    """Return the query for the latest moment since when a koppeling of a vestiging is open, or has its profile."""
    return Query(_LAST_OPENED, {"brin6": brin6})


def last_opened_of(found: Sequence[Row]) -> datetime | None:
    """Return that moment from the row that was found; None for a vestiging without koppelingen."""
    (moments,) = found
    return max((from_utc(moment) for moment in moments if moment is not None), default=None)


def list_under_key(connection: sa.Connection, name: str) -> list[tuple[str, str, str]]:
    """Return the koppelingen whose code is stored under a server key, by vestiging.

    Each as brin6, id in the catalogue and klantnaam of its afnemer.
    """
    query = (
        sa.select(_table.c.brin6, _table.c.entry_id, _afnemer.c.klantnaam)
        .join_from(_table, _afnemer, _table.c.afnemer_id == _afnemer.c.id)
        .where(known_keys.needs(_table.c.code_digest, name))
        .order_by(_table.c.brin6, _table.c.entry_id)
    )
    return [(row.brin6, row.entry_id, row.klantnaam) for row in connection.execute(query)]


def code_in_use(connection: sa.Connection, brin6: str, presented: PresentedSecret, *, except_id: int) -> bool:
    """Return whether another living koppeling of the vestiging has this code; every digest is compared."""
    query = sa.select(_table.c.code_digest).where(_table.c.brin6 == brin6, _table.c.id != except_id, LIVING)
    return any([presented.matches(digest) for digest in connection.scalars(query)])  # noqa: C419 - all of them, always


def as_text(paths: frozenset[str] | None) -> str | None:
    """Return fields (record/element) as an agreement stores them."""
    return None if paths is None else " ".join(sorted(paths))


def _paths(text: str | None) -> frozenset[str] | None:
    return None if text is None else frozenset(text.split())


def _load(connection: sa.Connection, *where: sa.ColumnElement[bool]) -> list[Koppeling]:
    query = sa.select(_table).where(*where).order_by(_table.c.brin6, _table.c.id)
    return [_record(row) for row in connection.execute(query)]


def _record(row: sa.Row[Any]) -> Koppeling:
    return Koppeling(
        id=row.id,
        brin6=row.brin6,
        entry_id=row.entry_id,
        afnemer_id=row.afnemer_id,
        status=Status(row.status),
        startdatum=row.startdatum,
        code_digest=row.code_digest,
        opened_at=from_utc(row.opened_at),
        version=row.version,
        akkoord=Akkoord(
            row.akkoord_login,
            row.akkoord_naam,
            from_utc(row.akkoord_at),
            row.akkoord_voorwaarden,
            row.akkoord_tekst,
            _paths(row.akkoord_velden),
        ),
        ended_at=any_from_utc(row.ended_at),
        withheld=row.withheld,
        leerlinggegevens=_state(row, "leerlinggegevens", GIVEN),
        resultaten=_state(row, "resultaten", NOT_GIVEN),
        akkoord_resultaten=_akkoord_resultaten(row),
    )


def _state(row: sa.Row[Any], name: str, unknown: ToestemmingState) -> ToestemmingState:
    """Return the state of a toestemming by the name of its columns; `unknown` where older code stored none."""
    stored = getattr(row, name)
    if stored is None:
        return unknown
    since, actor = getattr(row, f"{name}_since"), getattr(row, f"{name}_by")
    return ToestemmingState(ToestemmingStatus(stored), any_from_utc(since), actor)


def _akkoord_resultaten(row: sa.Row[Any]) -> Akkoord | None:
    if row.resultaten_at is None:
        return None
    moment = from_utc(row.resultaten_at)
    return Akkoord(row.resultaten_login, row.resultaten_naam, moment, row.resultaten_voorwaarden, row.resultaten_tekst)


def _row(koppeling: Koppeling) -> dict[str, Any]:
    return {
        "brin6": koppeling.brin6,
        "entry_id": koppeling.entry_id,
        "afnemer_id": koppeling.afnemer_id,
        "status": koppeling.status,
        "startdatum": koppeling.startdatum,
        "code_digest": koppeling.code_digest,
        "opened_at": to_utc(koppeling.opened_at),
        "version": koppeling.version,
        "akkoord_login": koppeling.akkoord.login,
        "akkoord_naam": koppeling.akkoord.naam,
        "akkoord_at": to_utc(koppeling.akkoord.moment),
        "akkoord_voorwaarden": koppeling.akkoord.voorwaarden,
        "akkoord_tekst": koppeling.akkoord.tekst,
        "akkoord_velden": as_text(koppeling.akkoord.velden),
        "ended_at": None if koppeling.ended_at is None else to_utc(koppeling.ended_at),
        "withheld": koppeling.withheld,
        **_state_row("leerlinggegevens", koppeling.leerlinggegevens, GIVEN),
        **_state_row("resultaten", koppeling.resultaten, NOT_GIVEN),
        **_akkoord_row(koppeling.akkoord_resultaten),
    }


def _state_row(name: str, state: ToestemmingState, unknown: ToestemmingState) -> dict[str, Any]:
    status = None if state == unknown else state.status.value
    since = None if state.since is None else to_utc(state.since)
    return {name: status, f"{name}_since": since, f"{name}_by": state.actor}


def _akkoord_row(akkoord: Akkoord | None) -> dict[str, Any]:
    if akkoord is None:
        return dict.fromkeys(f"resultaten_{name}" for name in ("login", "naam", "at", "voorwaarden", "tekst"))
    return {
        "resultaten_login": akkoord.login,
        "resultaten_naam": akkoord.naam,
        "resultaten_at": to_utc(akkoord.moment),
        "resultaten_voorwaarden": akkoord.voorwaarden,
        "resultaten_tekst": akkoord.tekst,
    }
