"""Passwords: argon2id hashes (RFC 9106), and the rules for a new password.

The rules ask for length, for no mix of character classes, and refuse what is guessed first (NIST SP 800-63B, Memorized
Secrets): see `guessable.py`.
"""

import unicodedata
from collections.abc import Iterable
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from uwlr_adapter.gebruikers.errors import WeakPasswordError
from uwlr_adapter.gebruikers.guessable import Piece, estimate, folded

MIN_LENGTH = 12
"""The minimum length in characters (inclusive)."""
MAX_LENGTH = 128
"""The maximum length in characters (inclusive); it bounds the work of hashing."""
MIN_DECADES = 7
"""The minimum (inclusive) of the estimate of `guessable.py`: ten million guesses, as far as it knows the words."""
MIN_NAME = 4
"""The length in letters and digits from which a name may not be in a password (inclusive); `jan` is in many words."""
_OWN = "Gebruik in het wachtwoord niet uw gebruikersnaam, en niet de naam of het nummer van uw school."
_SENTENCES = {
    Piece.OWN: "Dit wachtwoord is makkelijk te raden: het bestaat vooral uit uw eigen naam of die van uw school.",
    Piece.WORD: "Dit wachtwoord is makkelijk te raden: het bestaat vooral uit veelgebruikte woorden.",
    Piece.RUN: "Dit wachtwoord is makkelijk te raden: het bestaat vooral uit een rijtje, een herhaling of een jaartal.",
    Piece.OTHER: "Dit wachtwoord is makkelijk te raden: het heeft te weinig letters en cijfers die niet te raden zijn.",
}
_ADVICE = "Kies bijvoorbeeld vier losse woorden die niets met elkaar te maken hebben."

_hasher = PasswordHasher()


def require_good(password: str, login: str, naam: str, schools: Iterable[str] = ()) -> None:
    """Raise WeakPasswordError, with the rule that is broken, for a password that is too short, too long or guessable.

    `schools` are the names and brin6s of the schools of the user. The login, and each of `schools`, may not be part of
    the password; words of them and of `naam` count for little in it.
    """
    if len(password) < MIN_LENGTH:
        raise WeakPasswordError(
            f"Kies een wachtwoord van minimaal {MIN_LENGTH} tekens; een korte zin is goed te onthouden."
        )
    if len(password) > MAX_LENGTH:
        raise WeakPasswordError(f"Een wachtwoord heeft maximaal {MAX_LENGTH} tekens.")
    names = [folded(name) for name in (login, login.partition("@")[0], *schools)]
    if any(len(name) >= MIN_NAME and name in folded(password) for name in names):
        raise WeakPasswordError(_OWN)
    found = estimate(password, [login, naam, *schools])
    if found.decades < MIN_DECADES:
        raise WeakPasswordError(f"{_SENTENCES[found.part]} {_ADVICE}")


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


def renewed(stored: str, password: str) -> str | None:
    """Return a new hash of the right password when the stored one has other parameters than the present, else None.

    As much work as `make_hash`, so outside every transaction.
    """
    return make_hash(password) if _hasher.check_needs_rehash(stored) else None


def _normal(password: str) -> str:
    """Return the NFC form: keyboards produce an accented letter as one code point or as two."""
    return unicodedata.normalize("NFC", password)


@cache
def _dummy() -> str:
    return _hasher.hash("nobody has this password")
