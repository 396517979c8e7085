"""A session that the provider opened: by which account there, for which vestigingen, and how strong its login was.

It stands in the session cookie, and is applied to the user at each page. The vestigingen are those of the user at the
login that the claims named too; what the user loses later is lost here at once, and what is added needs a new login.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from flask import redirect, session, url_for
from werkzeug.wrappers import Response

from uwlr_adapter.brin import is_brin6
from uwlr_adapter.gebruikers import identities
from uwlr_adapter.gebruikers.accounts import Gebruiker
from uwlr_adapter.portal.context import database, provider

MAX_NARROWED = 500
"""Vestigingen of a narrowed session (inclusive): they are in a cookie. The largest board of the country has 80."""
# A key of the cookie: [id of the account at the provider, vestigingen packed or None, was there a second factor].
_KEY = "extern"
_LEAVING = "weg"


@dataclass(frozen=True, slots=True)
class ProviderSession:
    """A login at the provider, as its session keeps it."""

    identity_id: int
    vestigingen: tuple[str, ...] | None
    """The vestigingen that the session is narrowed to; None where no claim is set."""
    has_second_factor: bool

    @property
    def stored(self) -> list[Any]:
        """The form in which a cookie has it."""
        packed = None if self.vestigingen is None else _pack(self.vestigingen)
        return [self.identity_id, packed, self.has_second_factor]

    @classmethod
    def read(cls, stored: list[Any]) -> "ProviderSession":
        """Return it from that form; the cookie is signed, so it is ours."""
        identity_id, packed, has_second_factor = stored
        return cls(identity_id, None if packed is None else _unpack(packed), has_second_factor)

    def apply(self, gebruiker: Gebruiker) -> Gebruiker | None:
        """Return the user as this session may act; None when the account at the provider is no longer the user's."""
        found = provider()
        if found is None or (found.settings.vestigingen_claim is not None and self.vestigingen is None):
            return None
        with database().reading() as connection:
            if not identities.is_bound(connection, self.identity_id, gebruiker.id, found.settings.issuer):
                return None
        own, groepen = gebruiker.vestigingen, gebruiker.groepen
        if self.vestigingen is not None:
            own = tuple(brin6 for brin6 in own if brin6 in self.vestigingen)
            groepen = tuple(one for one in groepen if one.brin6 in self.vestigingen)
            if not (own or groepen):
                return None
        needs_totp = gebruiker.needs_totp and not self.has_second_factor
        return replace(gebruiker, vestigingen=own, groepen=groepen, needs_totp=needs_totp)


def keep(opened: ProviderSession | None) -> None:
    """Store in the session by which login at the provider it was opened; None for one by password."""
    if opened is not None:
        session[_KEY] = opened.stored


def kept() -> ProviderSession | None:
    """Return the login at the provider of this session; None for one by password."""
    stored = session.get(_KEY)
    return None if stored is None else ProviderSession.read(stored)


def leave() -> Response:
    """Return a redirect to the page that leads on to the provider, in a session that has just been cleared."""
    session[_LEAVING] = True
    return redirect(url_for("provider.leave"), 303)


def is_leaving() -> bool:
    """Return, once, whether this browser has just logged out of a session that the provider opened."""
    return bool(session.pop(_LEAVING, False))


def _pack(brin6s: Iterable[str]) -> str:
    """Return brin6s in few characters: of each brincode the text, then its dependancecodes; both in order."""
    by_brincode: dict[str, str] = {}
    for brin6 in sorted(brin6s):
        by_brincode[brin6[:4]] = by_brincode.get(brin6[:4], brin6[:4]) + brin6[4:]
    return " ".join(by_brincode.values())


def _unpack(packed: str) -> tuple[str, ...]:
    """Return the brin6s of a packed text."""
    groups = [(one[:4], one[4:]) for one in packed.split()]
    found = [brincode + codes[at : at + 2] for brincode, codes in groups for at in range(0, len(codes), 2)]
    return tuple(brin6 for brin6 in found if is_brin6(brin6))
