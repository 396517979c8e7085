"""The users as an operator looks for them: some at a time, by login, with the number of their vestigingen."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.clock import any_from_utc
from uwlr_adapter.gebruikers import accounts
from uwlr_adapter.gebruikers.tables import (
    GebruikerRol,
    gebruiker,
    gebruiker_afnemer,
    gebruiker_vestiging,
    groep_access,
    lezer_vestiging,
)
from uwlr_adapter.koppelingen.tables import afnemer

FIRST = 3
"""Vestigingen of a user that a row names."""
_BRIN6 = re.compile("[0-9]{2}[A-Z]{2}[0-9]{2}")


@dataclass(frozen=True, slots=True)
class DirectoryRow:
    """One user, with the number of vestigingen and the first of them in ascending order; moments are UTC."""

    id: int
    login: str
    naam: str
    rol: GebruikerRol
    vestigingen: int
    first: tuple[str, ...]
    last_login_at: datetime | None
    is_enabled: bool
    has_way_in: bool
    """Whether there is a password, or an account at a provider."""
    has_totp: bool
    needs_totp: bool
    klantnaam: str | None = None
    """That of the afnemer of a user in that role."""
    is_kept_out: bool = False
    """Whether that afnemer is disabled."""


def search(connection: sa.Connection, text: str, after: str, limit: int) -> list[DirectoryRow]:
    """Return at most so many users, those behind a login (exclusive), in the order of the logins.

    `text` is a part of a login, of a naam or of the klantnaam of an afnemer in any case, or a whole brin6; empty for
    everybody.
    """
    query = accounts.select_users().where(gebruiker.c.login > after).order_by(gebruiker.c.login).limit(limit)
    if text.strip():
        query = query.where(_matches(text.strip()))
    rows = connection.execute(query).all()
    ids = [row.id for row in rows if row.afnemer_id is None]
    acts, reads = (_counts(connection, table, ids) for table in (gebruiker_vestiging, lezer_vestiging))
    names, teaching = _firsts(connection, ids), set(_counts(connection, groep_access, ids))
    return [
        _row(row, acts.get(row.id, 0), reads.get(row.id, 0), names.get(row.id, ()), teaches=row.id in teaching)
        for row in rows
    ]


def vestigingen_of(connection: sa.Connection, gebruiker_id: int, after: str, limit: int) -> list[tuple[str, bool]]:
    """Return at most so many vestigingen of a user, behind a brin6 (exclusive), with whether it only reads there."""
    places = _all_places().subquery()
    own = sa.select(places.c.brin6, places.c.reads).where(places.c.gebruiker_id == gebruiker_id)
    query = own.where(places.c.brin6 > after).order_by(places.c.brin6).limit(limit)
    return [(brin6, bool(reads)) for brin6, reads in connection.execute(query)]


def _matches(text: str) -> sa.ColumnElement[bool]:
    part = text.lower()
    found = [
        gebruiker.c.login.contains(part, autoescape=True),
        sa.func.lower(gebruiker.c.naam).contains(part, autoescape=True),
        sa.func.lower(afnemer.c.klantnaam).contains(part, autoescape=True),
    ]
    if _BRIN6.fullmatch(text.upper()):
        places = _all_places().subquery()
        found.append(gebruiker.c.id.in_(sa.select(places.c.gebruiker_id).where(places.c.brin6 == text.upper())))
        taught = sa.select(groep_access.c.gebruiker_id).where(groep_access.c.brin6 == text.upper())
        found.append(gebruiker.c.id.in_(taught))
    return sa.or_(*found)


def _counts(connection: sa.Connection, table: sa.Table, ids: list[int]) -> dict[int, int]:
    query = sa.select(table.c.gebruiker_id, sa.func.count()).where(table.c.gebruiker_id.in_(ids))
    return {id_: int(number) for id_, number in connection.execute(query.group_by(table.c.gebruiker_id))}


def _all_places() -> "sa.CompoundSelect[Any]":
    acts, reads = gebruiker_vestiging.c, lezer_vestiging.c
    return sa.union_all(
        sa.select(acts.gebruiker_id, acts.brin6, sa.literal(0).label("reads")),
        sa.select(reads.gebruiker_id, reads.brin6, sa.literal(1).label("reads")),
    )


def _firsts(connection: sa.Connection, ids: list[int]) -> dict[int, tuple[str, ...]]:
    """Return the first vestigingen of each user."""
    found: dict[int, list[str]] = {}
    for table in (gebruiker_vestiging, lezer_vestiging):
        number = sa.func.row_number().over(partition_by=table.c.gebruiker_id, order_by=table.c.brin6).label("number")
        ranked = sa.select(table.c.gebruiker_id, table.c.brin6, number).where(table.c.gebruiker_id.in_(ids)).subquery()
        query = sa.select(ranked.c.gebruiker_id, ranked.c.brin6).where(ranked.c.number <= FIRST)
        for id_, brin6 in connection.execute(query):
            found.setdefault(id_, []).append(brin6)
    return {id_: tuple(sorted(brin6s)[:FIRST]) for id_, brin6s in found.items()}


def _row(row: sa.Row[Any], acts: int, reads: int, first: tuple[str, ...], *, teaches: bool = False) -> DirectoryRow:
    is_of_afnemer = row.afnemer_id is not None
    return DirectoryRow(
        id=row.id,
        login=row.login,
        naam=row.naam,
        rol=accounts.rol_of(row.rol, acts=bool(acts), reads=bool(reads), teaches=teaches, is_of_afnemer=is_of_afnemer),
        vestigingen=acts + reads,
        first=first,
        last_login_at=any_from_utc(row.last_login_at),
        is_enabled=row.disabled_at is None,
        has_way_in=row.password_hash is not None or bool(row.has_provider),
        has_totp=row.totp_secret is not None,
        needs_totp=row.totp_required,
        klantnaam=row.klantnaam,
        is_kept_out=row.kept_out_at is not None,
    )


def of_afnemer(connection: sa.Connection, afnemer_id: int, limit: int) -> list[DirectoryRow]:
    """Return at most so many users of an afnemer, in the order of the logins."""
    query = accounts.select_users().where(gebruiker_afnemer.c.afnemer_id == afnemer_id)
    return [_row(row, 0, 0, ()) for row in connection.execute(query.order_by(gebruiker.c.login).limit(limit))]
