"""The stored answers that this process has at hand: least recently used out first, bounded in bytes."""

import threading
from collections import OrderedDict
from collections.abc import Hashable
from datetime import date, datetime
from typing import Generic, TypeVar

from uwlr_adapter.answers.content import AnswerContent, assemble
from uwlr_adapter.contract.answer import AnswerFormat

Item = TypeVar("Item")
OCTETS = 64 * 1024 * 1024
"""Bytes of whole answers that a process keeps: some six hundred schools of the usual size. More only saves a query."""


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


class AnswerMemory:
    """The contents and whole answers that this process keeps, by their content hash. Safe to share between threads.

    Other content has another hash, so nothing here is ever out of date.
    """

    def __init__(self, octets: int = OCTETS) -> None:
        self._answers: ByteLruCache[bytes] = ByteLruCache(octets)
        self._contents: ByteLruCache[AnswerContent] = ByteLruCache(octets // 4)

    def content(self, content_hash: str) -> AnswerContent | None:
        """Return the content of this hash, if it is here."""
        return self._contents.get(content_hash)

    def whole(self, content_hash: str, gewijzigd: datetime, day: date, *, gzip: bool) -> bytes | None:
        """Return the whole answer with this content as of a moment and for a day, if it is here."""
        return self._answers.get((content_hash, gewijzigd, day, gzip))

    def keep(self, content_hash: str, content: AnswerContent) -> None:
        """Keep a content of which groups can ask for a part; of another one only whole answers are kept."""
        if content.rendered.index is not None:
            self._contents.put(content_hash, content, content.octets)

    def assemble(
        self,
        answer_format: AnswerFormat,
        content_hash: str,
        content: AnswerContent,
        gewijzigd: datetime,
        day: date,
        *,
        gzip: bool,
    ) -> bytes:
        """Return the whole answer with this content as of a moment and for a day, and keep it."""
        records, part = content.rendered.records, content.part
        found = assemble(answer_format, content.school, records, gewijzigd, day, gzip=gzip, part=part)
        self._answers.put((content_hash, gewijzigd, day, gzip), found, len(found))
        return found
