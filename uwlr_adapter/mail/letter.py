"""A letter: what one mail says, before it is a message. Plain sentences, so that text and HTML say the same."""

import json
from dataclasses import dataclass

MAX_SUBJECT = 150
"""Characters of a subject (inclusive): longer ones are cut off by every program anyway."""
_ELLIPSIS = "…"


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, with a list under it when it has items, and a heading over it when it has one."""

    text: str
    items: tuple[str, ...] = ()
    heading: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """The content of a mail, in Dutch: no code of a koppeling, no link to log in, and nothing about a leerling."""

    subject: str
    blocks: tuple[Block, ...]

    def to_json(self) -> str:
        """Return the blocks as they are stored in the outbox."""
        return json.dumps([[one.text, list(one.items), one.heading] for one in self.blocks], ensure_ascii=False)

    @classmethod
    def of_json(cls, subject: str, stored: str) -> "Letter":
        """Return the letter that `to_json` stored."""
        return cls(subject, tuple(Block(text, tuple(items), heading) for text, items, heading in json.loads(stored)))


def one_line(text: str, length: int = MAX_SUBJECT) -> str:
    """Return a text of somebody else on one line of printable characters, cut to a length."""
    plain = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    return plain if len(plain) <= length else f"{plain[: length - 1].rstrip()}{_ELLIPSIS}"
