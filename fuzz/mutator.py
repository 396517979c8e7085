"""Seeded mutations of bytes: flips, words of a dictionary, parts doubled, moved, taken out, or of another input."""

import random
from collections.abc import Callable, Sequence

MAX_OCTETS = 48 * 1024
"""Size of an input in bytes, inclusive: what is longer is cut off."""
_LONGEST_PART = (1, 1, 2, 4, 16, 64, 400)
_INTERESTING = bytes(
    [*range(33), *b"\"'&<>=;,:/!?#%*+-.[]()\\^`|~{}0189AZaz", 0x7F, 0x80, 0x9F, 0xA0, 0xC3, 0xEF, 0xFF]
)


class Mutator:
    """Makes inputs of samples; the same seed makes the same ones."""

    def __init__(self, seed: str, dictionary: Sequence[bytes]) -> None:
        self.dice = random.Random(seed)
        self._dictionary = dictionary
        self._ways: tuple[Callable[[bytearray, Sequence[bytes]], None], ...] = (
            *(self._flip, self._set, self._insert_word, self._insert_word, self._replace_by_word),
            *(self._delete, self._double, self._move, self._splice, self._cut_off, self._repeat),
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
