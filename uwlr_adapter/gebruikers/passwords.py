"""Passwords: argon2id (RFC 9106), and the few rules that a new one keeps.

Length counts, not a mix of signs (NIST SP 800-63B, Memorized Secrets).
"""

import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from uwlr_adapter.gebruikers.errors import WeakPasswordError

MIN_LENGTH = 12
MAX_LENGTH = 128
"""Longer is no password, and costs work to hash."""
MIN_DIFFERENT = 5
"""Different characters: `aaaaaaaaaaaa` is long and no secret."""

_hasher = PasswordHasher()


def require_good(wachtwoord: str, login: str, naam: str) -> None:
    """Refuse a password that is easy to guess. Raises WeakPasswordError."""
    if len(wachtwoord) < MIN_LENGTH:
        raise WeakPasswordError(
            f"Kies een wachtwoord van minimaal {MIN_LENGTH} tekens; een korte zin is goed te onthouden."
        )
    if len(wachtwoord) > MAX_LENGTH:
        raise WeakPasswordError(f"Een wachtwoord heeft maximaal {MAX_LENGTH} tekens.")
    if len(set(wachtwoord)) < MIN_DIFFERENT:
        raise WeakPasswordError(f"Gebruik in het wachtwoord minimaal {MIN_DIFFERENT} verschillende tekens.")
    own = {part for part in (login.casefold(), naam.casefold()) if part}
    if wachtwoord.casefold() in own or any(wachtwoord.casefold().replace(part, "").isdigit() for part in own):
        raise WeakPasswordError("Kies een wachtwoord dat niet uw eigen naam of gebruikersnaam is.")


def make_hash(wachtwoord: str) -> str:
    """Give what is stored of a password."""
    return _hasher.hash(_normal(wachtwoord))


def matches(stored: str | None, wachtwoord: str) -> bool:
    """Tell whether a password is the stored one; without one the same work is done."""
    try:
        _hasher.verify(stored or _dummy(), _normal(wachtwoord[: MAX_LENGTH + 1]))
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


def is_outdated(stored: str) -> bool:
    """Tell whether a hash was made with less work than is usual now."""
    return _hasher.check_needs_rehash(stored)


def _normal(wachtwoord: str) -> str:
    """Give one spelling: keyboards write an accent as one character or as two."""
    return unicodedata.normalize("NFC", wachtwoord)


@cache
def _dummy() -> str:
    return _hasher.hash("nobody has this password")
