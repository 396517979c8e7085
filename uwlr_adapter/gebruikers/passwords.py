"""Passwords: argon2id (RFC 9106), and the few rules that a new one keeps.

Length counts, not a mix of signs (NIST SP 800-63B, Memorized Secrets).
"""

import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from uwlr_adapter.gebruikers.errors import WachtwoordFout

KORTSTE = 12
LANGSTE = 128
"""Longer is no password, and costs work to hash."""
MINSTE_TEKENS = 5
"""Different characters: `aaaaaaaaaaaa` is long and no secret."""

_hasher = PasswordHasher()


def require_good(wachtwoord: str, login: str, naam: str) -> None:
    """Refuse a password that is easy to guess. Raises WachtwoordFout."""
    if len(wachtwoord) < KORTSTE:
        raise WachtwoordFout(f"Kies een wachtwoord van minimaal {KORTSTE} tekens; een korte zin is goed te onthouden.")
    if len(wachtwoord) > LANGSTE:
        raise WachtwoordFout(f"Een wachtwoord heeft maximaal {LANGSTE} tekens.")
    if len(set(wachtwoord)) < MINSTE_TEKENS:
        raise WachtwoordFout(f"Gebruik in het wachtwoord minimaal {MINSTE_TEKENS} verschillende tekens.")
    eigen = {deel for deel in (login.casefold(), naam.casefold()) if deel}
    if wachtwoord.casefold() in eigen or any(wachtwoord.casefold().replace(deel, "").isdigit() for deel in eigen):
        raise WachtwoordFout("Kies een wachtwoord dat niet uw eigen naam of gebruikersnaam is.")


def make_hash(wachtwoord: str) -> str:
    """Give what is stored of a password."""
    return _hasher.hash(_normal(wachtwoord))


def matches(opgeslagen: str | None, wachtwoord: str) -> bool:
    """Tell whether a password is the stored one; without one the same work is done."""
    try:
        _hasher.verify(opgeslagen or _dummy(), _normal(wachtwoord[: LANGSTE + 1]))
    except (VerificationError, InvalidHashError):
        return False
    return opgeslagen is not None


def is_outdated(opgeslagen: str) -> bool:
    """Tell whether a hash was made with less work than is usual now."""
    return _hasher.check_needs_rehash(opgeslagen)


def _normal(wachtwoord: str) -> str:
    """Give one spelling: keyboards write an accent as one character or as two."""
    return unicodedata.normalize("NFC", wachtwoord)


@cache
def _dummy() -> str:
    return _hasher.hash("nobody has this password")
