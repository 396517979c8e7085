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
from uwlr_adapter.portal.context import moment, portal_context

MAX_IDLE = timedelta(minutes=30)
"""Without a page for so long, somebody walked away from the screen."""
MAX_SESSION = timedelta(hours=12)
"""However busy: a working day."""
MAX_HALF = timedelta(minutes=5)
"""Between the password and the second factor."""


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A logged-in user, in the form that Flask-Login asks for."""

    gebruiker: Gebruiker
    is_authenticated: bool = True
    is_active: bool = True
    is_anonymous: bool = False

    def get_id(self) -> str:
        """Give what stands in the session."""
        return f"{self.gebruiker.id}-{self.gebruiker.session_version}"


@dataclass(frozen=True, slots=True)
class HalfLogin:
    """Somebody whose password was right, and whose second factor is still to come."""

    gebruiker: Gebruiker
    next_path: str | None


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
    login_user(LoggedIn(gebruiker))
    now = int(moment().timestamp())
    session["begonnen"], session["gezien"] = now, now


def start_half(gebruiker: Gebruiker, next_path: str | None) -> None:
    """Remember that a password was right, for a few minutes."""
    session.clear()
    session["half"] = [gebruiker.id, gebruiker.session_version, int(moment().timestamp()), next_path]


def half() -> HalfLogin | None:
    """Give whose second factor is to come, while there is still time."""
    stored = session.get("half")
    if stored is None:
        return None
    id_, version, since, next_path = stored
    found = _of_version(id_, version)
    if found is None or not 0 <= moment().timestamp() - since < MAX_HALF.total_seconds():
        session.pop("half", None)
        return None
    return HalfLogin(found, next_path)


def touch() -> bool:
    """Keep a session alive; False when it had ended, and then nothing of it is left."""
    if "_user_id" not in session:
        return True
    now = moment().timestamp()
    quiet, whole = now - session.get("gezien", 0), now - session.get("begonnen", 0)
    if quiet >= MAX_IDLE.total_seconds() or whole >= MAX_SESSION.total_seconds() or present() is None:
        session.clear()
        return False
    session["gezien"] = int(now)
    return True


def _load(text: str) -> LoggedIn | None:
    id_, _, version = text.partition("-")
    if not (id_.isdigit() and version.isdigit()):
        return None
    found = _of_version(int(id_), int(version))
    return None if found is None else LoggedIn(found)


def _of_version(id_: int, version: int) -> Gebruiker | None:
    with portal_context().database.reading() as connection:
        found = gebruikers.by_id(connection, id_)
    return found if found is not None and found.is_enabled and found.session_version == version else None
