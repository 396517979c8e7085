"""An in-process cache: least recently used out first, bounded in bytes."""

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

Item = TypeVar("Item")


class ByteLruCache(Generic[Item]):
    """Evicts the least recently used item first. Safe to share between threads."""

    def __init__(self, octets: int) -> None:
        self._octets = octets
        self._used = 0
        self._lock = threading.Lock()
        self._found: OrderedDict[Hashable, tuple[Item, int]] = OrderedDict()

    def get(self, key: Hashable) -> Item | None:
        """Return the item of a key; None when it is not there."""
        with self._lock:
            found = self._found.get(key)
            if found is None:
                return None
            self._found.move_to_end(key)
            return found[0]

    def put(self, key: Hashable, item: Item, octets: int) -> None:
        """Store an item of this many bytes; one larger than the whole cache is not stored."""
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
