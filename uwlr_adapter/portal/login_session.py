"""The login session: a signed cookie with a user id, the user's session version, and two moments.

One that the provider opened holds what is in `provider_session` too; the user of it is narrowed here, for every page.

The keys of the signature are derived from the server keys, so there is no other secret to keep, and a new server key
leaves users logged in. A session ends after half an hour without a page, and after a working day; a logout, a new
password, a reset and a disabled account end every session of that user, since they raise its session version. That of a
leerkracht ends with the schooljaar.
"""

from dataclasses import dataclass
from datetime import timedelta

from flask import session
from flask_login import LoginManager, current_user, login_user

from uwlr_adapter.gebruikers import accounts
from uwlr_adapter.gebruikers.accounts import Gebruiker
from uwlr_adapter.portal import kept_form, provider_session
from uwlr_adapter.portal.context import database, now
from uwlr_adapter.portal.provider_session import ProviderSession

MAX_IDLE = timedelta(minutes=30)
"""The time without a page after which a session has ended: the screen may be unattended."""
MAX_SESSION = timedelta(hours=12)
"""The time after which a session in use has ended: a working day."""
WARNING = timedelta(minutes=5)
"""How long before its end an open page says that the session ends."""
MAX_HALF = timedelta(minutes=5)
"""The time after which a password that was right no longer counts without its second factor."""
# Keys of the cookie, with moments in seconds since 1970. A renamed key ends every session at the upgrade.
_STARTED = "begonnen"
_LAST_SEEN = "gezien"
_HALF = "half"


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A logged-in user, with the attributes that Flask-Login requires."""

    gebruiker: Gebruiker
    is_authenticated: bool = True
    is_active: bool = True
    is_anonymous: bool = False

    def get_id(self) -> str:
        """Return the text that the session stores: user id and session version."""
        return f"{self.gebruiker.id}-{self.gebruiker.session_version}"


@dataclass(frozen=True, slots=True)
class HalfLogin:
    """A user whose password was right, or whom the provider knows, and who still has to enter the second factor."""

    gebruiker: Gebruiker
    next_path: str | None
    """The page that was asked for before the login."""
    opened: ProviderSession | None = None
    """The login at the provider; None after a password."""


def make_login_manager() -> LoginManager:
    """Return Flask-Login, configured not to outlive the session."""
    manager = LoginManager()
    manager.session_protection = None  # a network address may change during a session; the cookie is the proof
    manager.user_loader(_load)
    return manager


def find_gebruiker() -> Gebruiker | None:
    """Return the logged-in user, or None."""
    return current_user.gebruiker if current_user.is_authenticated else None


def require_gebruiker() -> Gebruiker:
    """Return the logged-in user, on a page that `guard` closes to others. Raises RuntimeError."""
    gebruiker = find_gebruiker()
    if gebruiker is None:
        raise RuntimeError("a page for users was reached without one")
    return gebruiker


def actor() -> str:
    """Return the login of the logged-in user, as the journaal records who acted. Raises RuntimeError."""
    return require_gebruiker().login


def is_by_password() -> bool:
    """Return whether the session was opened with the password of its user, not by the provider."""
    return find_gebruiker() is not None and provider_session.kept() is None


def is_narrowed() -> bool:
    """Return whether the session acts for the vestigingen only that the claims of the provider named."""
    opened = provider_session.kept()
    return opened is not None and opened.vestigingen is not None


def start(gebruiker: Gebruiker, opened: ProviderSession | None = None) -> None:
    """Log a user in, in a new session; `opened` is the login at the provider, None after a password."""
    kept_form.take_along(gebruiker.id)
    provider_session.keep(opened)
    login_user(LoggedIn(gebruiker))
    seconds = _seconds()
    session[_STARTED], session[_LAST_SEEN] = seconds, seconds


def renew(gebruiker: Gebruiker) -> None:
    """Begin the session anew for its user, after an act that ended every one; what opened it, and narrows it, stays."""
    start(gebruiker, provider_session.kept())


def start_half(gebruiker: Gebruiker, next_path: str | None, opened: ProviderSession | None = None) -> None:
    """Store in a new session that the password was right, or that the provider knows the user, for MAX_HALF."""
    kept_form.take_along(gebruiker.id)
    provider_session.keep(opened)
    session[_HALF] = [gebruiker.id, gebruiker.session_version, _seconds(), next_path]


def find_half() -> HalfLogin | None:
    """Return the login that waits for its second factor, or None; one that is too old is removed."""
    stored = session.get(_HALF)
    if stored is None:
        return None
    id_, version, since, next_path = stored
    gebruiker = _load_version(id_, version)
    if gebruiker is None or not 0 <= now().timestamp() - since < MAX_HALF.total_seconds():
        session.pop(_HALF, None)
        return None
    return HalfLogin(gebruiker, next_path, provider_session.kept())


def owner() -> int | None:
    """Return the id of the user whose session this is, also when it has ended; None without one."""
    id_, _, _ = str(session.get("_user_id", "")).partition("-")
    return int(id_) if id_.isdigit() else None


def touch(*, extend: bool = True) -> bool:
    """Extend the session, unless told not to; return False when it had ended, and clear it."""
    if "_user_id" not in session:
        return True
    gebruiker = find_gebruiker()
    if seconds_left() <= 0 or gebruiker is None or _is_outlived(gebruiker):
        session.clear()
        return False
    if extend:
        session[_LAST_SEEN] = _seconds()
    return True


def seconds_left() -> int:
    """Return after how many seconds without a page the session ends; 0 or less when it has ended."""
    present = _seconds()
    idle, age = present - session.get(_LAST_SEEN, 0), present - session.get(_STARTED, 0)
    return int(min(MAX_IDLE.total_seconds() - idle, MAX_SESSION.total_seconds() - age))


def _is_outlived(gebruiker: Gebruiker) -> bool:
    """Return whether the access of a leerkracht, who has no other, has ended since the session began."""
    if gebruiker.vestigingen or not gebruiker.groepen or gebruiker.groepen_at(now()):
        return False
    return any(session.get(_STARTED, 0) < one.until.timestamp() <= now().timestamp() for one in gebruiker.groepen)


def _seconds() -> int:
    return int(now().timestamp())


def _load(stored: str) -> LoggedIn | None:
    """Return the user of a stored `LoggedIn.get_id()`, for Flask-Login."""
    id_, _, version = stored.partition("-")
    if not (id_.isdigit() and version.isdigit()):
        return None
    gebruiker, opened = _load_version(int(id_), int(version)), provider_session.kept()
    if gebruiker is not None and opened is not None:
        gebruiker = opened.apply(gebruiker)
    return None if gebruiker is None else LoggedIn(gebruiker)


def _load_version(id_: int, version: int) -> Gebruiker | None:
    """Return an enabled user whose session version is still this one, else None."""
    with database().reading() as connection:
        found = accounts.by_id(connection, id_)
    return found if found is not None and found.is_enabled and found.session_version == version else None
