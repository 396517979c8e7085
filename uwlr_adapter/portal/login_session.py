"""Who is logged in. The session is a signed cookie: a user id with its session version, and two moments.

The keys of the signature are derived from the server keys, so there is no other secret to keep, and a new server key
leaves people logged in. A session ends after half an hour without a page, and after a working day; a logout, a new
password, a reset and a disabled account end every session of that user, since they raise its session version.
"""

from dataclasses import dataclass
from datetime import timedelta

from flask import session
from flask_login import LoginManager, current_user, login_user

from uwlr_adapter.gebruikers import accounts as gebruikers
from uwlr_adapter.gebruikers.accounts import Gebruiker
from uwlr_adapter.portal.context import huis, moment

STIL = timedelta(minutes=30)
"""Without a page for so long, somebody walked away from the screen."""
LANGSTE = timedelta(hours=12)
"""However busy: a working day."""
HALF = timedelta(minutes=5)
"""Between the password and the second factor."""


@dataclass(frozen=True, slots=True)
class Aangemeld:
    """A logged-in user, in the form that Flask-Login asks for."""

    gebruiker: Gebruiker
    is_authenticated: bool = True
    is_active: bool = True
    is_anonymous: bool = False

    def get_id(self) -> str:
        """Give what stands in the session."""
        return f"{self.gebruiker.id}-{self.gebruiker.sessie_versie}"


@dataclass(frozen=True, slots=True)
class Half:
    """Somebody whose password was right, and whose second factor is still to come."""

    gebruiker: Gebruiker
    verder: str | None


def make_login_manager() -> LoginManager:
    """Give Flask-Login, which remembers nobody longer than the session."""
    manager = LoginManager()
    manager.session_protection = None  # an address may change on the way; the cookie is what proves
    manager.user_loader(_load)
    return manager


def present() -> Gebruiker | None:
    """Give who is logged in, if anybody."""
    return current_user.gebruiker if current_user.is_authenticated else None


def require_present() -> Gebruiker:
    """Give who is logged in, on a page that nobody else reaches."""
    found = present()
    if found is None:
        raise RuntimeError("a page for users was reached without one")
    return found


def start(gebruiker: Gebruiker) -> None:
    """Log somebody in, in a session that holds nothing of before."""
    session.clear()
    login_user(Aangemeld(gebruiker))
    now = int(moment().timestamp())
    session["begonnen"], session["gezien"] = now, now


def start_half(gebruiker: Gebruiker, verder: str | None) -> None:
    """Remember that a password was right, for a few minutes."""
    session.clear()
    session["half"] = [gebruiker.id, gebruiker.sessie_versie, int(moment().timestamp()), verder]


def half() -> Half | None:
    """Give whose second factor is to come, while there is still time."""
    stored = session.get("half")
    if stored is None:
        return None
    id_, versie, sinds, verder = stored
    found = _of_version(id_, versie)
    if found is None or not 0 <= moment().timestamp() - sinds < HALF.total_seconds():
        session.pop("half", None)
        return None
    return Half(found, verder)


def touch() -> bool:
    """Keep a session alive; False when it had ended, and then nothing of it is left."""
    if "_user_id" not in session:
        return True
    now = moment().timestamp()
    quiet, whole = now - session.get("gezien", 0), now - session.get("begonnen", 0)
    if quiet >= STIL.total_seconds() or whole >= LANGSTE.total_seconds() or present() is None:
        session.clear()
        return False
    session["gezien"] = int(now)
    return True


def _load(text: str) -> Aangemeld | None:
    id_, _, versie = text.partition("-")
    if not (id_.isdigit() and versie.isdigit()):
        return None
    found = _of_version(int(id_), int(versie))
    return None if found is None else Aangemeld(found)


def _of_version(id_: int, versie: int) -> Gebruiker | None:
    with huis().opslag.reading() as connection:
        found = gebruikers.by_id(connection, id_)
    return found if found is not None and found.is_enabled and found.sessie_versie == versie else None
