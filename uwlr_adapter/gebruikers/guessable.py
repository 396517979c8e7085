"""Estimate how soon somebody guesses a password who tries the likely ones first.

A password is divided into parts, in the way that costs the fewest guesses: common words and own names (with letters
written as digits or signs, and other accents), a year or a date, a run such as `12345`, `qwerty` or `aaaa`, a
repetition of what came before, and single characters. Each part counts for so many decades (a factor of ten) of
guesses. Spaces and the usual marks count for nothing.

The words are those of `common_words.txt`: Dutch and English ones that people choose, with first names, places, clubs,
brands, food, feasts and figures. A word that is not in it counts as so many single characters, which is too much for a
rarer name, a word of another language, or what was leaked elsewhere.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cache
from operator import itemgetter
from pathlib import Path

WORD_DECADES = 2
"""A word of the list, with a capital or not. The list has some 2,000, of which the likeliest are tried first."""
PART_DECADES = 1
"""An own word, a year of four or two digits, a run, or a repetition."""
DATE_DECADES = 3
"""A date of six or eight digits."""
MARKS = frozenset(" .,-_!?")
"""What people put between and behind words."""
MIN_RUN = 3
"""The characters of a run or an own word from which it counts as one (inclusive)."""
ROWS = (
    *("abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm"),
    *("1q2w3e4r5t6y7u8i9o0p", "qazwsxedcrfvtgbyhnujm", "1qaz2wsx3edc4rfv5tgb6yhn7ujm"),
)
"""What people type as a row, also backwards."""
_BOTH_WAYS = (*ROWS, *(row[::-1] for row in ROWS))
_LONGEST_ROW = max(map(len, ROWS))
MAX_TEXT = 128
"""The characters that are judged (inclusive), after decomposition, which makes 18 of some: a bound of the work."""
_LEET = (str.maketrans("013457@$!|", "oieastasii"), str.maketrans("013457@$!|", "oleastasll"))
"""Digits and signs that stand for letters; 1, | and ! stand for two."""
_YEAR = re.compile(r"(?=((?:19|20)[0-9]{2}))")
_SHORT_YEAR = re.compile(r"(?<![0-9])(?=([0-9]{2})(?![0-9]))")
_DATE = re.compile(r"(?=((?:0[1-9]|[12][0-9]|3[01])(?:0[1-9]|1[0-2])(?:19|20)?[0-9]{2}))")


class Piece(Enum):
    """The kind of a part of a password, the worst first."""

    OWN = "own"
    WORD = "word"
    RUN = "run"
    """A row, a repetition, a year or a date."""
    OTHER = "other"
    """A single character."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """The decades of guesses of a password, and the kind of part that covers most of it; the worst one when equal."""

    decades: int
    part: Piece


def folded(text: str) -> str:
    """Return the letters and digits of a text, in small letters without accents."""
    return "".join(filter(str.isalnum, _plain(text)))


def estimate(password: str, own: Iterable[str]) -> Estimate:
    """Return the estimate of the first MAX_TEXT characters of a password; `own` are names that a guesser knows."""
    text = _plain(password)[:MAX_TEXT]
    own_words = {folded(word) for name in own for word in (name, *re.split(r"[\W_]+", name))}
    pieces = _pieces(text, {word for word in own_words if len(word) >= MIN_RUN})
    decades, last = [0], [(0, Piece.OTHER)]
    for end in range(1, len(text) + 1):
        cost, begin, part = min(
            ((decades[begin] + cost, begin, part) for begin, cost, part in pieces[end]), key=itemgetter(0)
        )
        decades.append(cost)
        last.append((begin, part))
    return Estimate(decades[-1], _largest(last))


def _largest(last: list[tuple[int, Piece]]) -> Piece:
    """Return the kind that covers most of a text; `last` has for each end where its last part begins, and its kind."""
    covered, end = Counter[Piece](), len(last) - 1
    while end:
        begin, part = last[end]
        covered[part] += end - begin
        end = begin
    return max(Piece, key=lambda part: covered[part])


def _plain(text: str) -> str:
    """Return a text in small letters, without accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def _pieces(text: str, own: Collection[str]) -> list[list[tuple[int, int, Piece]]]:
    """Return for each end the parts that end there: where each begins, its decades and its kind."""
    found: list[list[tuple[int, int, Piece]]] = [[] for _ in range(len(text) + 1)]
    for place, letter in enumerate(text):
        found[place + 1].append((place, int(letter not in MARKS), Piece.OTHER))
    for words, decades, part in ((own, PART_DECADES, Piece.OWN), (_common_words(), WORD_DECADES, Piece.WORD)):
        for variant in {text, *(text.translate(table) for table in _LEET)}:
            for begin, end in _words_in(variant, words):
                found[end].append((begin, min(decades, end - begin), part))
    for begin, end in _runs(text):
        found[end].append((begin, PART_DECADES, Piece.RUN))
    for pattern, decades in ((_YEAR, PART_DECADES), (_SHORT_YEAR, PART_DECADES), (_DATE, DATE_DECADES)):
        for match in pattern.finditer(text):
            found[match.end(1)].append((match.start(1), decades, Piece.RUN))
    return found


def _words_in(text: str, words: Collection[str]) -> Iterator[tuple[int, int]]:
    longest = max(map(len, words), default=0)
    for begin in range(len(text)):
        for end in range(begin + 1, min(begin + longest, len(text)) + 1):
            if text[begin:end] in words:
                yield begin, end


def _runs(text: str) -> Iterator[tuple[int, int]]:
    """Return where a row, one character many times, or a repetition of what stands before it begins and ends."""
    repeated = _repeated(text)
    for begin in range(len(text)):
        same = 1 + repeated[begin + 1][1]
        longest = max(_row_from(text[begin:]), same, *repeated[begin])
        for end in range(begin + MIN_RUN, begin + longest + 1):
            yield begin, end


def _row_from(text: str) -> int:
    """Return with how many characters of a row a text begins; fewer than MIN_RUN count as none."""
    sizes = range(MIN_RUN, min(_LONGEST_ROW, len(text)) + 1)
    return max((size for size in sizes if any(text[:size] in row for row in _BOTH_WAYS)), default=0)


def _repeated(text: str) -> list[list[int]]:
    """Return for each place and period how many characters from there are those of one period before."""
    found = [[0] * (begin + 1) for begin in range(len(text) + 1)]
    for begin in reversed(range(len(text))):
        for period in range(1, begin + 1):
            if text[begin] == text[begin - period]:
                found[begin][period] = 1 + found[begin + 1][period]
    return found


@cache
def _common_words() -> frozenset[str]:
    """Return the words of `common_words.txt`."""
    lines = Path(__file__).with_name("common_words.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())
