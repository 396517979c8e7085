"""The recipients of what is about a vestiging.

Its confirmed address, and its schoolbeheerders with a live account and a confirmed address of their own. When there is
none of these, its bestuur; when there is none either, the operators. Nobody twice.
"""

from dataclasses import dataclass

import sqlalchemy as sa

from uwlr_adapter.gebruikers import accounts
from uwlr_adapter.gebruikers.tables import GebruikerRol, gebruiker, gebruiker_vestiging
from uwlr_adapter.mail.tables import mail_address

_USABLE = sa.and_(mail_address.c.confirmed_at.is_not(None), mail_address.c.refused_at.is_(None))


@dataclass(frozen=True, slots=True)
class MailRecipient:
    """One address, with the user whose it is; None for that of a vestiging."""

    address: str
    gebruiker_id: int | None = None
    login: str | None = None
    rol: GebruikerRol | None = None


def of_vestiging(connection: sa.Connection, brin6: str) -> list[MailRecipient]:
    """Return who is told about a vestiging; none when there is nobody at all."""
    own = connection.scalar(sa.select(mail_address.c.address).where(mail_address.c.brin6 == brin6, _USABLE))
    functional = [] if own is None else [MailRecipient(own)]
    found = functional + _users(connection, gebruiker.c.rol == GebruikerRol.SCHOOLBEHEERDER, _acts_for(brin6))
    if not found:
        found = _users(connection, gebruiker.c.rol == GebruikerRol.BESTUUR, _acts_for(brin6))
    if not found:
        found = _users(connection, gebruiker.c.rol == GebruikerRol.OPERATOR)
    return _once(found)


def of_gebruiker(connection: sa.Connection, gebruiker_id: int) -> MailRecipient | None:
    """Return the address of one user with a live account; None without one that can be used."""
    found = _users(connection, gebruiker.c.id == gebruiker_id)
    return found[0] if found else None


def is_told_still(connection: sa.Connection, address: str, gebruiker_id: int | None, brin6: str | None) -> bool:
    """Return whether an address may get now what was put in the outbox for it.

    It must be in use by its owner still. A user must have a live account, and act for the vestiging that the mail is
    about, if it is about one; operators act for all.
    """
    if gebruiker_id is None:
        own = sa.select(mail_address.c.id).where(mail_address.c.brin6 == brin6, mail_address.c.address == address)
        return connection.scalar(own.where(_USABLE)) is not None
    about = [] if brin6 is None else [sa.or_(gebruiker.c.rol == GebruikerRol.OPERATOR, _acts_for(brin6))]
    return bool(_users(connection, gebruiker.c.id == gebruiker_id, mail_address.c.address == address, *about))


def _acts_for(brin6: str) -> sa.ColumnElement[bool]:
    own = gebruiker_vestiging.c
    has_place = sa.exists().where(own.gebruiker_id == gebruiker.c.id, own.brin6 == brin6)
    return sa.and_(has_place, accounts.is_of_no_afnemer())


def _users(connection: sa.Connection, *where: sa.ColumnElement[bool]) -> list[MailRecipient]:
    query = (
        sa.select(mail_address.c.address, gebruiker.c.id, gebruiker.c.login, gebruiker.c.rol)
        .join(gebruiker, gebruiker.c.id == mail_address.c.gebruiker_id)
        .where(_USABLE, gebruiker.c.disabled_at.is_(None), *where)
        .order_by(gebruiker.c.login)
    )
    return [
        MailRecipient(address, gebruiker_id, login, GebruikerRol(rol))
        for address, gebruiker_id, login, rol in connection.execute(query)
    ]


def _once(found: list[MailRecipient]) -> list[MailRecipient]:
    """Return the first of each address; the name before the @ counts as it was typed."""
    by_address: dict[str, MailRecipient] = {}
    for one in found:
        by_address.setdefault(one.address.lower(), one)
    return list(by_address.values())
