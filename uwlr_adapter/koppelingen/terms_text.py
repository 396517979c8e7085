"""The text of terms of use: its paragraphs, its digest, and what another text changes in it. Pure.

A catalogue wraps its lines as it likes: what counts is the paragraphs. One begins after an empty line, with a number
(`1. `) or with a sign of a list.
"""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from hashlib import sha256

_NUMBER = re.compile(r"(\d{1,3})[.)]\s+")
_SIGN = re.compile(r"[-*•–]\s+")
_DIGEST_LENGTH = 40
"""The width of the columns in which a digest is stored."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One paragraph on a single line; `number` is that of its place in a numbered list, or empty."""

    number: str
    text: str

    def __str__(self) -> str:
        """Return it as it is read."""
        return f"{self.number}. {self.text}" if self.number else self.text


def paragraphs(text: str) -> tuple[Paragraph, ...]:
    """Return the paragraphs of a text."""
    found: list[list[str]] = []
    is_new = True
    for line in map(str.strip, text.splitlines()):
        if not line:
            is_new = True
        elif is_new or _NUMBER.match(line) or _SIGN.match(line):
            found.append([line])
            is_new = False
        else:
            found[-1].append(line)
    return tuple(_paragraph(" ".join(" ".join(lines).split())) for lines in found)


def _paragraph(line: str) -> Paragraph:
    numbered = _NUMBER.match(line)
    return Paragraph("", line) if numbered is None else Paragraph(numbered[1], line[numbered.end() :])


def unwrapped(text: str) -> str:
    """Return a text with one line per paragraph, and an empty line between them: as it is kept and downloaded."""
    return "\n\n".join(map(str, paragraphs(text)))


def digest_of(id_: str, versie: str, text: str) -> str:
    """Return the digest of terms, 40 hexadecimal digits; lines that are wrapped otherwise do not change it."""
    return sha256("\n".join((id_, versie, unwrapped(text))).encode()).hexdigest()[:_DIGEST_LENGTH]


class ChangeKind(StrEnum):
    """What happened to a paragraph."""

    SAME = "ongewijzigd"
    ADDED = "nieuw"
    REMOVED = "vervallen"
    CHANGED = "gewijzigd"


@dataclass(frozen=True, slots=True)
class TermsChange:
    """A paragraph as it was (None: it was not there) and as it is (None: it is no more)."""

    kind: ChangeKind
    old: Paragraph | None
    new: Paragraph | None


def difference(old: str, new: str) -> tuple[TermsChange, ...]:
    """Return what became of each paragraph, in the order of the new text; another number alone is no change."""
    before, after = paragraphs(old), paragraphs(new)
    matcher = SequenceMatcher(None, [one.text for one in before], [one.text for one in after], autojunk=False)
    changes: list[TermsChange] = []
    for _, first, last, begin, end in matcher.get_opcodes():
        gone, came = before[first:last], after[begin:end]
        for place in range(max(len(gone), len(came))):
            was = gone[place] if place < len(gone) else None
            now = came[place] if place < len(came) else None
            changes.append(TermsChange(_kind(was, now), was, now))
    return tuple(changes)


def _kind(was: Paragraph | None, now: Paragraph | None) -> ChangeKind:
    if was is None:
        return ChangeKind.ADDED
    if now is None:
        return ChangeKind.REMOVED
    return ChangeKind.SAME if was.text == now.text else ChangeKind.CHANGED
