"""The verificatiecode that a school makes up: its rule, and one made up for the school.

Source: the ESIS step plan. The code starts with the brin6 of the vestiging and has 20 to 50 characters. Exactly the
brin6 in capitals, and printable ASCII without spaces, so that it survives being copied by hand and by every client.
"""

import secrets

MIN_LENGTH = 20
MAX_LENGTH = 50
GENERATED_LENGTH = 20
"""Characters after the brin6 of a generated code: 116 bits, and short enough to copy by hand."""
ALPHABET = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Letters and digits without look-alikes (0 O o 1 I l i)."""

EMPTY = "Vul een verificatiecode in."


def broken_rules(code: str, brin6: str) -> tuple[str, ...]:
    """Give one Dutch sentence for each rule that a code breaks; nothing when it is good. No part of it is shown."""
    if not code:
        return (EMPTY,)
    sentences = []
    if not code.startswith(brin6):
        sentences.append(f"De verificatiecode begint met {brin6}, het brin- en vestigingsnummer van uw school.")
    if len(code) < MIN_LENGTH:
        sentences.append(f"De verificatiecode heeft minimaal {MIN_LENGTH} tekens.")
    if len(code) > MAX_LENGTH:
        sentences.append(f"De verificatiecode heeft maximaal {MAX_LENGTH} tekens.")
    if not all("!" <= character <= "~" for character in code):
        sentences.append(
            "De verificatiecode bestaat uit letters zonder accenten, cijfers en leestekens, zonder spaties."
        )
    return tuple(sentences)


def generate(brin6: str) -> str:
    """Make up a verificatiecode for a vestiging."""
    return brin6 + random_text(GENERATED_LENGTH)


def random_text(length: int) -> str:
    """Give unguessable characters of ALFABET."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))
