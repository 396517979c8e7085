"""Known browsers: a signed cookie by which a browser in which somebody logged in has login attempts of its own.

It opens nothing: the password and the second factor are asked as ever. It only takes the owner of an account out of the
queue with those who guess at it (`gebruikers/attempts.py`). An entry is made by a full login, and by setting a password
through a link. It is valid for one login and its present password, for LIFETIME; of a user without a password it is
valid for the account at a provider. It holds a random id and a digest, and no login. A browser that several people use
has an entry for each, up to MAX_ACCOUNTS.
"""

import re
import secrets
from datetime import timedelta
from typing import NamedTuple, Self

from flask import current_app, request
from werkzeug.wrappers import Response

from uwlr_adapter.gebruikers import accounts, identities
from uwlr_adapter.keys.server_keys import SecretPurpose
from uwlr_adapter.portal.context import database, now, server_keys

LIFETIME = timedelta(days=180)
"""How long an entry is valid after the last login (exclusive): over a summer holiday."""
MAX_ACCOUNTS = 8
"""Accounts that one browser is known to (inclusive): the computer of a staff room. The oldest entry goes first."""
_ENTRY = re.compile(r"([0-9a-f]{16})\.([0-9]{1,12})\.([a-z0-9-]{1,16}:[0-9a-f]{64})", re.ASCII)
_SEPARATOR = "~"


class _Entry(NamedTuple):
    """An entry of the cookie: the id of the browser, until when it is valid (seconds since 1970), and the digest."""

    browser: str
    until: str
    digest: str

    @classmethod
    def make(cls, login: str, proof: str, browser: str) -> Self:
        """Return a new entry."""
        until = str(int((now() + LIFETIME).timestamp()))
        text = _signed(login, proof, browser, until)
        return cls(browser, until, server_keys().digest(SecretPurpose.KNOWN_BROWSER, text))

    def is_of(self, login: str, proof: str) -> bool:
        """Return whether this entry was made for a login with this proof, whether or not it has expired."""
        text = _signed(login, proof, self.browser, self.until)
        return server_keys().probe(SecretPurpose.KNOWN_BROWSER, text).matches(self.digest)


def find_browser(login: str) -> str | None:
    """Return the id of this browser when it is a known one of a login, else None."""
    entries = _read()
    if not entries:
        return None
    proof = _present_proof(login)
    entry = _find(entries, login, proof)
    return entry.browser if entry is not None and now().timestamp() < int(entry.until) else None


def remember(response: Response, login: str) -> None:
    """Make this browser a known one of a login, by a cookie in the response; nobody has one who cannot log in."""
    proof = _present_proof(login)
    if proof is None:
        return
    entries = _read()
    known = _find(entries, login, proof)
    browser = secrets.token_hex(8) if known is None else known.browser
    kept = [_Entry.make(login, proof, browser), *(one for one in entries if one is not known)][:MAX_ACCOUNTS]
    config = current_app.config
    response.set_cookie(
        _cookie(),
        _SEPARATOR.join(".".join(one) for one in kept),
        max_age=LIFETIME,
        path=config["SESSION_COOKIE_PATH"],
        secure=config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",  # who comes back from a provider comes from another site; a form from there has no cookie
    )


def _present_proof(login: str) -> str | None:
    """Return what an entry is valid for: the hash of the present password, else the account at a provider.

    Both are read of every login, so that the time does not show who has an account.
    """
    with database().reading() as connection:
        password_hash, mark = accounts.password_hash_of(connection, login), identities.mark_of(connection, login)
    return password_hash or mark


def _cookie() -> str:
    return f"{current_app.config['SESSION_COOKIE_NAME']}-bekend"


def _read() -> list[_Entry]:
    """Return the entries of the cookie; text of another form is left out."""
    parts = request.cookies.get(_cookie(), "").split(_SEPARATOR, MAX_ACCOUNTS)[:MAX_ACCOUNTS]
    return [_Entry(*match.groups()) for match in map(_ENTRY.fullmatch, parts) if match]


def _find(entries: list[_Entry], login: str, proof: str | None) -> _Entry | None:
    """Return the entry of a login, or None. Each is compared, so that the time does not show who has an account."""
    found = [one for one in entries if one.is_of(login, proof or "")]
    return found[0] if found and proof is not None else None


def _signed(login: str, proof: str, browser: str, until: str) -> str:
    return "\0".join((login.strip().lower(), proof, browser, until))
