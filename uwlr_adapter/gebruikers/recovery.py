"""Recovery codes: each logs its owner in once instead of a code of the app, after the password.

A digest is made under the secret of the second factor, which is itself encrypted under a server key: the database alone
does not help a guesser, a new server key needs no new codes, and a new second factor voids them.
"""

import hmac
import secrets
from collections.abc import Iterable
from hashlib import sha256

import sqlalchemy as sa

from uwlr_adapter.gebruikers.tables import recovery_code

NUMBER = 10
"""Codes that are made at once."""
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without what is easily misread: i, l, o, 0 and 1."""
LENGTH = 10
"""Characters of a code: 49 bits, which guessing in turns (`attempts.py`) never finds."""


def make(connection: sa.Connection, gebruiker_id: int, secret: str) -> list[str]:
    """Replace the recovery codes of a user by new ones, and return those; `secret` is that of the second factor."""
    codes: set[str] = set()
    while len(codes) < NUMBER:
        codes.add("".join(secrets.choice(ALPHABET) for _ in range(LENGTH)))
    store(connection, gebruiker_id, secret, codes)
    return [f"{code[: LENGTH // 2]}-{code[LENGTH // 2 :]}" for code in sorted(codes)]


def store(connection: sa.Connection, gebruiker_id: int, secret: str, codes: Iterable[str]) -> None:
    """Store these recovery codes of a user instead of those of before."""
    connection.execute(recovery_code.delete().where(recovery_code.c.gebruiker_id == gebruiker_id))
    rows = [{"gebruiker_id": gebruiker_id, "digest": _digest(secret, code)} for code in codes]
    connection.execute(recovery_code.insert(), rows)


def use(connection: sa.Connection, gebruiker_id: int, secret: str, typed: str) -> bool:
    """Use up a recovery code, in any case and with or without the hyphen; return whether it was good still."""
    code = "".join(character for character in typed.lower() if character in ALPHABET)
    own = sa.and_(recovery_code.c.gebruiker_id == gebruiker_id, recovery_code.c.digest == _digest(secret, code))
    return connection.execute(recovery_code.delete().where(own)).rowcount == 1


def count(connection: sa.Connection, gebruiker_id: int) -> int:
    """Return how many recovery codes of a user are good still."""
    own = sa.select(sa.func.count()).where(recovery_code.c.gebruiker_id == gebruiker_id)
    return connection.scalar(own) or 0


def looks_like_one(typed: str) -> bool:
    """Return whether what was typed has the length of a recovery code, and not that of a code of the app."""
    return sum(character.isalnum() for character in typed) == LENGTH


def _digest(secret: str, code: str) -> str:
    return hmac.digest(secret.encode(), f"uwlr-adapter:1:herstelcode\0{code}".encode(), sha256).hex()
