"""The room in memory for large bodies: so many bytes for all requests of a process together, and for those of a source.

A body counts as far as it has come, until its request has an answer. So neither many large messages nor many that stop
half-way take more, and one source does not take the room of all others.
"""

from collections import Counter

from uwlr_adapter.contract.fault import TijdelijkNietBeschikbaar
from uwlr_adapter.web.turns import RETRY_AFTER

ROOM = 64 * 1024 * 1024
"""Bytes of all large bodies (inclusive): six of the largest, or three hundred classes."""
ROOM_OF_SOURCE = ROOM // 2
"""Bytes of those of one source (inclusive): many schools of one platform come from one address."""


class BodyRoom:
    """The bytes that are held, by source. For the thread of one event loop."""

    def __init__(self) -> None:
        self.held: Counter[str] = Counter()

    def holding(self, source: str) -> "Holding":
        """Return what a request of a source holds: nothing yet."""
        return Holding(self, source)


class Holding:
    """The bytes that one request holds."""

    __slots__ = ("_octets", "_room", "source")

    def __init__(self, room: BodyRoom, source: str) -> None:
        self._room, self.source, self._octets = room, source, 0

    def add(self, octets: int) -> None:
        """Hold more bytes. Raises TijdelijkNietBeschikbaar when there is no room."""
        held = self._room.held
        if held.total() + octets > ROOM or held[self.source] + octets > ROOM_OF_SOURCE:
            raise TijdelijkNietBeschikbaar(RETRY_AFTER)
        held[self.source] += octets
        self._octets += octets

    def leave(self) -> None:
        """Hold nothing any more."""
        held = self._room.held
        held[self.source] -= self._octets
        self._octets = 0
        if not held[self.source]:
            del held[self.source]
