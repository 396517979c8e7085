"""Passwords: argon2id hashes (RFC 9106), and the rules for a new password.

The rules ask for length and not for a mix of character classes (NIST SP 800-63B, Memorized Secrets).
"""

import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from uwlr_adapter.gebruikers.errors import WeakPasswordError

MIN_LENGTH = 12
"""The minimum length in characters (inclusive)."""
MAX_LENGTH = 128
"""The maximum length in characters (inclusive); it bounds the work of hashing."""
MIN_DIFFERENT = 5
"""The minimum number of different characters (inclusive): `aaaaaaaaaaaa` is long and easy to guess."""

_hasher = PasswordHasher()


def require_good(password: str, login: str, naam: str) -> None:
    """Raise WeakPasswordError for a password that breaks a limit above or is a name of the user (also with digits)."""
    if len(password) < MIN_LENGTH:
        raise WeakPasswordError(
            f"Kies een wachtwoord van minimaal {MIN_LENGTH} tekens; een korte zin is goed te onthouden."
        )
    if len(password) > MAX_LENGTH:
        raise WeakPasswordError(f"Een wachtwoord heeft maximaal {MAX_LENGTH} tekens.")
    if len(set(password)) < MIN_DIFFERENT:
        raise WeakPasswordError(f"Gebruik in het wachtwoord minimaal {MIN_DIFFERENT} verschillende tekens.")
    names = {name for name in (login.casefold(), naam.casefold()) if name}
    folded = password.casefold()
    if folded in names or any(folded.replace(name, "").isdigit() for name in names):
        raise WeakPasswordError("Kies een wachtwoord dat niet uw eigen naam of gebruikersnaam is.")


def make_hash(password: str) -> str:
    """Return the stored form of a password: an encoded argon2id hash with its own salt."""
    return _hasher.hash(_normal(password))


def matches(stored: str | None, password: str) -> bool:
    """Return whether a password matches a stored hash.

    None (no such user) costs the same work and returns False, so that the time does not show who has an account.
    """
    try:
        _hasher.verify(stored or _dummy(), _normal(password[: MAX_LENGTH + 1]))
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


def is_outdated(stored: str) -> bool:
    """Return whether a hash was made with other parameters than the present ones."""
    return _hasher.check_needs_rehash(stored)


def _normal(password: str) -> str:
    """Return the NFC form: keyboards produce an accented letter as one code point or as two."""
    return unicodedata.normalize("NFC", password)


@cache
def _dummy() -> str:
    return _hasher.hash("nobody has this password")
