"""What slows guessing down, and locks nobody out.

Attempts without success are counted per (login, network address): after a few, each next one has to wait, twice as
long every time, and is refused at once when it comes too early. Other addresses do not notice. A login that is guessed
from many addresses gets a short pause for all of them: guessing becomes hopeless, while its owner waits seconds.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from uwlr_adapter.clock import from_utc, to_utc
from uwlr_adapter.errors import UwlrAdapterError
from uwlr_adapter.gebruikers.tables import inlogpoging
from uwlr_adapter.keys.server_keys import Doel, Sleutelbos

VRIJ = 3
"""Attempts from one address without any wait: people mistype."""
LANGSTE_WACHT = timedelta(minutes=15)
"""The longest wait of one address: a person comes back after a break, a guesser makes a hundred attempts a day."""
VRIJ_SAMEN = 50
"""Attempts at one login from all addresses together before the short pause."""
PAUZE_SAMEN = timedelta(seconds=5)
VERGETEN = timedelta(days=1)
"""After a day without attempts the count starts again."""
_OVERAL = ""


class TeVaak(UwlrAdapterError):
    """Too many attempts; `wacht` is after how long the next one may come."""

    def __init__(self, wacht: timedelta) -> None:
        super().__init__()
        self.wacht = wacht


@dataclass(frozen=True, slots=True)
class Poging:
    """Attempts at one login from one address."""

    login_digest: str
    bron: str


def poging_of(sleutels: Sleutelbos, login: str, bron: str) -> Poging:
    """Give which attempts are counted together: whatever was typed as a login is kept as a digest only."""
    return Poging(sleutels.digest(Doel.LOGIN, login.strip().lower()[:200]), bron)


def begin(connection: sa.Connection, poging: Poging, moment: datetime) -> None:
    """Count an attempt before it is judged, so that a hundred at once are a hundred. Raises TeVaak.

    The transaction must be a writing one. An attempt that comes too early is not counted.
    """
    connection.execute(inlogpoging.delete().where(inlogpoging.c.laatste_op <= to_utc(moment - VERGETEN)))
    eigen, samen = _count(connection, poging, poging.bron), _count(connection, poging, _OVERAL)
    for (aantal, laatste), wait in ((eigen, wait_of(eigen[0])), (samen, wait_together(samen[0]))):
        if aantal and laatste is not None and moment < laatste + wait:
            raise TeVaak(laatste + wait - moment)
    _set(connection, poging, poging.bron, eigen[0] + 1, moment)
    _set(connection, poging, _OVERAL, samen[0] + 1, moment)


def undo(connection: sa.Connection, poging: Poging) -> None:
    """Take back one attempt: the password was right, and the second factor is still to come."""
    connection.execute(
        inlogpoging.update()
        .where(inlogpoging.c.login_digest == poging.login_digest, inlogpoging.c.bron.in_([poging.bron, _OVERAL]))
        .where(inlogpoging.c.aantal > 0)
        .values(aantal=inlogpoging.c.aantal - 1)
    )


def succeed(connection: sa.Connection, poging: Poging) -> None:
    """Forget the attempts from this address: somebody logged in."""
    undo(connection, poging)
    connection.execute(
        inlogpoging.delete().where(inlogpoging.c.login_digest == poging.login_digest, inlogpoging.c.bron == poging.bron)
    )


def wait_of(aantal: int) -> timedelta:
    """Give how long an address waits after so many attempts: 1, 2, 4 … seconds."""
    if aantal < VRIJ:
        return timedelta(0)
    return min(timedelta(seconds=2 ** min(aantal - VRIJ, 20)), LANGSTE_WACHT)


def wait_together(aantal: int) -> timedelta:
    """Give how long every address waits after so many attempts at one login."""
    return PAUZE_SAMEN if aantal >= VRIJ_SAMEN else timedelta(0)


def _row(poging: Poging, bron: str) -> sa.ColumnElement[bool]:
    return sa.and_(inlogpoging.c.login_digest == poging.login_digest, inlogpoging.c.bron == bron)


def _count(connection: sa.Connection, poging: Poging, bron: str) -> tuple[int, datetime | None]:
    row = connection.execute(sa.select(inlogpoging).where(_row(poging, bron)).with_for_update()).one_or_none()
    return (0, None) if row is None else (row.aantal, from_utc(row.laatste_op))


def _set(connection: sa.Connection, poging: Poging, bron: str, aantal: int, moment: datetime) -> None:
    values = {"aantal": aantal, "laatste_op": to_utc(moment)}
    update = inlogpoging.update().where(_row(poging, bron))
    if connection.execute(update.values(values)).rowcount == 0:
        try:
            with connection.begin_nested():
                connection.execute(inlogpoging.insert().values(login_digest=poging.login_digest, bron=bron, **values))
        except IntegrityError:  # another process counted the first attempt in this very moment
            connection.execute(update.values(aantal=inlogpoging.c.aantal + 1))
