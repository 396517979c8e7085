"""Seeded mutations of bytes: flips, words of a dictionary, parts doubled, moved, taken out, or of another input."""

import random
import re
from collections.abc import Callable, Sequence

MAX_OCTETS = 48 * 1024
"""Size of an input in bytes, inclusive: what is longer is cut off."""
_LONGEST_PART = (1, 1, 2, 4, 16, 64, 400)
_INTERESTING = bytes(
    [*range(33), *b"\"'&<>=;,:/!?#%*+-.[]()\\^`|~{}0189AZaz", 0x7F, 0x80, 0x9F, 0xA0, 0xC3, 0xEF, 0xFF]
)

_TOKEN = re.compile(rb"[^<>\"'=;,\s]++")
_DIGITS = re.compile(rb"[0-9]{1,2}")
_BORDER = re.compile(rb"[<>\"';,]")
_SPACES = (b" ", b" ", b"\n", b"\t", b"\r", b"\xc2\xa0", b"\xe2\x80\x83", b"\x0b", b"\x1f")


class Mutator:
    """Makes inputs of samples; the same seed makes the same ones."""

    def __init__(self, seed: str, dictionary: Sequence[bytes]) -> None:
        self.dice = random.Random(seed)
        self._dictionary = dictionary
        self._ways: tuple[Callable[[bytearray, Sequence[bytes]], None], ...] = (
            *(self._flip, self._set, self._insert_word, self._insert_word, self._replace_by_word),
            *(self._delete, self._double, self._move, self._splice, self._cut_off, self._repeat),
            *(self._swap_token, self._swap_token, self._swap_token, self._set_digits, self._set_digits, self._space),
        )

    def mutate(self, pool: Sequence[bytes]) -> bytes:
        """Return one of the pool with one to six changes."""
        data = bytearray(self.dice.choice(pool))
        for _ in range(self.dice.choice((1, 1, 1, 2, 3, 6))):
            self.dice.choice(self._ways)(data, pool)
        return bytes(data[:MAX_OCTETS])

    def _part(self, data: bytearray) -> slice:
        start = self.dice.randint(0, len(data))
        return slice(start, min(len(data), start + self.dice.choice(_LONGEST_PART)))

    def _flip(self, data: bytearray, _pool: Sequence[bytes]) -> None:
        if data:
            data[self.dice.randrange(len(data))] ^= 1 << self.dice.randrange(8)

    def _set(self, data: bytearray, _pool: Sequence[bytes]) -> None:
        if data:
            data[self.dice.randrange(len(data))] = self.dice.choice(_INTERESTING)

    def _insert_word(self, data: bytearray, _pool: Sequence[bytes]) -> None:
        place = self.dice.randint(0, len(data))
        data[place:place] = self.dice.choice(self._dictionary)

    def _replace_by_word(self, data: bytearray, _pool: Sequence[bytes]) -> None:
        data[self._part(data)] = self.dice.choice(self._dictionary)

    def _near(self, pattern: re.Pattern[bytes], data: bytes | bytearray) -> slice | None:
        """Return the first place of a pattern behind any place."""
        match = pattern.search(data, self.dice.randint(0, len(data)))
        return None if match is None else slice(*match.span())

    def _swap_token(self, data: bytearray, pool: Sequence[bytes]) -> None:
        place, other = self._near(_TOKEN, data), self.dice.choice(pool)
        found = self._near(_TOKEN, other) if self.dice.random() < 1 / 2 else None
        if place is not None:
            data[place] = self.dice.choice(self._dictionary) if found is None else other[found]

    def _set_digits(self, data: bytearray, _pool: Sequence[bytes]) -> None:
        if (place := self._near(_DIGITS, data)) is not None:
            data[place] = b"%0*d" % (place.stop - place.start, self.dice.randrange(10 ** (place.stop - place.start)))

    def _space(self, data: bytearray, _pool: Sequence[bytes]) -> None:
        if (place := self._near(_BORDER, data)) is not None:
            start = self.dice.choice((place.start, place.stop))
            data[start:start] = self.dice.choice(_SPACES)

    def _delete(self, data: bytearray, _pool: Sequence[bytes]) -> None:
        del data[self._part(data)]

    def _double(self, data: bytearray, _pool: Sequence[bytes]) -> None:
        part = self._part(data)
        data[part.start : part.start] = data[part]

    def _move(self, data: bytearray, _pool: Sequence[bytes]) -> None:
        part = self._part(data)
        moved = data[part]
        del data[part]
        place = self.dice.randint(0, len(data))
        data[place:place] = moved

    def _splice(self, data: bytearray, pool: Sequence[bytes]) -> None:
        other = bytearray(self.dice.choice(pool))
        data[self._part(data)] = other[self._part(other)]

    def _cut_off(self, data: bytearray, _pool: Sequence[bytes]) -> None:
        if self.dice.randrange(10) == 0:  # else most inputs would be half ones
            del data[self.dice.randint(0, len(data)) :]

    def _repeat(self, data: bytearray, _pool: Sequence[bytes]) -> None:
        part = self._part(data)
        data[part.start : part.start] = data[part] * self.dice.choice((2, 8, 40, 600))
