"""The verificatiecode: its rules, and a generator.

Source: the ESIS step plan. The code starts with the brin6 of the vestiging and has 20 to 50 characters, both included.
Three rules are ours. So that the code survives a copy by hand and by any client, the brin6 is in capitals, and all
characters are printable ASCII other than the space. So that it is not the first that a guesser tries, what follows the
brin6 has some different characters, and is no row such as 123456.
"""

import secrets
from hashlib import shake_256
from itertools import pairwise

from uwlr_adapter.koppelingen.errors import BrokenRule

MIN_LENGTH = 20
"""The minimum length of a code in characters (inclusive)."""
MAX_LENGTH = 50
"""The maximum length of a code in characters (inclusive)."""
GENERATED_LENGTH = 20
"""The number of random characters after the brin6 of a generated code: 116 bits, short enough to copy by hand."""
MIN_DIFFERENT = 4
"""The minimum number of different characters after the brin6 (inclusive)."""
SEED_BYTES, SEED_LENGTH = 32, 43
"""Random bytes of a seed, and its characters: 256 bits, of which no code gives anything away."""
ALPHABET = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Letters and digits without look-alikes (0 O o 1 I l i)."""

EMPTY = BrokenRule("Vul een verificatiecode in.", "not be empty")


def broken_rules(code: str, brin6: str) -> tuple[BrokenRule, ...]:
    """Return each rule that a code breaks, none for a valid code; no sentence holds the code."""
    if not code:
        return (EMPTY,)
    rules = []
    if not code.startswith(brin6):
        text = f"De verificatiecode moet beginnen met {brin6}, het BRIN- en vestigingsnummer van uw school."
        if code.upper().startswith(brin6):
            text = f"{text} De letters daarin zijn hoofdletters."
        rules.append(BrokenRule(text, f"begin with {brin6}"))
    if len(code) < MIN_LENGTH:
        minimum = f"De verificatiecode heeft minimaal {MIN_LENGTH} tekens."
        rules.append(BrokenRule(minimum, f"have at least {MIN_LENGTH} characters"))
    if len(code) > MAX_LENGTH:
        maximum = f"De verificatiecode heeft maximaal {MAX_LENGTH} tekens."
        rules.append(BrokenRule(maximum, f"have at most {MAX_LENGTH} characters"))
    if not all("!" <= character <= "~" for character in code):
        rules.append(
            BrokenRule(
                "De verificatiecode bestaat uit letters zonder accenten, cijfers en leestekens, zonder spaties.",
                "be of printable ASCII without spaces",
            )
        )
    if not rules and _is_trivial(code[len(brin6) :]):
        rules.append(
            BrokenRule(
                "De verificatiecode is te gemakkelijk te raden: gebruik na het BRIN- en vestigingsnummer ten minste "
                f"{MIN_DIFFERENT} verschillende tekens, en geen rij zoals 123456 of abcdef.",
                f"have at least {MIN_DIFFERENT} different characters behind the brin6, and no row such as 123456",
            )
        )
    return tuple(rules)


def _is_trivial(rest: str) -> bool:
    """Return whether a text repeats a few characters, or counts up or down; after 9 comes 0."""
    steps = {ord(after) - ord(before) for before, after in pairwise(rest)}
    is_row = steps in ({1}, {-1}) or (rest.isdigit() and {step % 10 for step in steps} in ({1}, {9}))
    return is_row or len(set(rest)) < MIN_DIFFERENT


def generate(brin6: str) -> str:
    """Return a new random verificatiecode for a vestiging."""
    return brin6 + random_text(GENERATED_LENGTH)


def make_seed() -> str:
    """Return a random text of SEED_LENGTH characters, from which the codes of many vestigingen are derived."""
    return secrets.token_urlsafe(SEED_BYTES)


def is_seed(text: str) -> bool:
    """Return whether a text has the form of a seed."""
    return len(text) == SEED_LENGTH and text.isascii()


def derive(brin6: str, seed: str) -> str:
    """Return the verificatiecode of a vestiging that follows from a seed: always the same, and of as many characters.

    A form that is sent twice shows the same codes so. Whoever has one code learns nothing of the seed or of another.
    """
    return brin6 + text_from(f"verificatiecode {brin6} {seed}".encode(), GENERATED_LENGTH)


def text_from(secret: bytes, length: int) -> str:
    """Return `length` characters of ALPHABET that follow from a secret."""
    stream = shake_256(secret).digest(16 * length)
    limit = 256 - 256 % len(ALPHABET)
    picked = [ALPHABET[octet % len(ALPHABET)] for octet in stream if octet < limit]
    return "".join(picked[:length])


def random_text(length: int) -> str:
    """Return `length` characters of ALPHABET from the operating system's secure random source."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))
