"""What a process keeps at hand: the last used, within a number of bytes."""

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

Item = TypeVar("Item")


class ByteLruCache(Generic[Item]):
    """Keeps things by key; what was not used for longest goes first. Safe to share between threads."""

    def __init__(self, octets: int) -> None:
        self._octets = octets
        self._used = 0
        self._lock = threading.Lock()
        self._found: OrderedDict[Hashable, tuple[Item, int]] = OrderedDict()

    def get(self, key: Hashable) -> Item | None:
        """Give what is kept under a key, if it is still there."""
        with self._lock:
            found = self._found.get(key)
            if found is None:
                return None
            self._found.move_to_end(key)
            return found[0]

    def put(self, key: Hashable, item: Item, octets: int) -> None:
        """Keep a thing that takes this many bytes; one that is larger than all room is not kept."""
        with self._lock:
            old = self._found.pop(key, None)
            self._used -= 0 if old is None else old[1]
            if octets > self._octets:
                return
            self._found[key] = (item, octets)
            self._used += octets
            while self._used > self._octets:
                _, (_, freed) = self._found.popitem(last=False)
                self._used -= freed
