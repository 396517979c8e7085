"""Group commit: each item is written once, and each waiter gets the result."""

import threading
from collections.abc import Sequence

import pytest

from uwlr_adapter.db.group_commit import GroupCommit


class CsvStyle:
    """Keeps each group that was written; the first write waits until it is let through."""

    def __init__(self) -> None:
        self.groepen: list[list[int]] = []
        self.begun = threading.Event()
        self.go = threading.Event()
        self.error: Exception | None = None

    def write(self, items: Sequence[int]) -> list[int]:
        """Write a group, or fail; the result of an item is ten times itself."""
        self.begun.set()
        self.go.wait()
        self.groepen.append(list(items))
        if self.error is not None:
            raise self.error
        return [10 * item for item in items]


def crowd(groep: GroupCommit[int, int], style: CsvStyle, number: int) -> list[int | BaseException | None]:
    """Add 0 while the writer is held up, and then the rest at once; returns what each of them heard."""
    heard: list[int | BaseException | None] = [None] * number

    def add(item: int) -> None:
        try:
            heard[item] = groep.add(item)
        except ConnectionError as error:
            heard[item] = error

    threads = [threading.Thread(target=add, args=(item,)) for item in range(number)]
    threads[0].start()
    style.begun.wait()
    for thread in threads[1:]:
        thread.start()
    while len(groep.waiting()) < number - 1:
        threading.Event().wait(0.001)
    style.go.set()
    for thread in threads:
        thread.join()
    return heard


def test_who_waits_meanwhile_shares_one_commit() -> None:
    """The first item is written alone, the nineteen that came meanwhile together, each once and with its own result."""
    style = CsvStyle()
    groep = GroupCommit(style.write)
    assert crowd(groep, style, 20) == [10 * item for item in range(20)]
    assert [sorted(one) for one in style.groepen] == [[0], list(range(1, 20))]


def test_who_waited_gets_the_error() -> None:
    """When a commit fails, every caller with an item in it gets the failure; the next one is written as usual."""
    style = CsvStyle()
    groep = GroupCommit(style.write)
    style.error = ConnectionError("away")
    assert crowd(groep, style, 8) == [style.error] * 8
    style.error = None
    assert groep.add(99) == 990
    assert style.groepen[-1] == [99]


def test_alone_it_writes_at_once() -> None:
    """A call returns the result of its item when it is written, and raises the error of its own write."""
    style = CsvStyle()
    style.go.set()
    groep = GroupCommit(style.write)
    assert [groep.add(item) for item in range(3)] == [0, 10, 20]
    assert style.groepen == [[0], [1], [2]]
    style.error = ConnectionError("away")
    with pytest.raises(ConnectionError):
        groep.add(3)


def test_many_threads_many_times() -> None:
    """When eight threads add two hundred items each, every item is written exactly once and has its own result."""
    written: list[int] = []
    heard: dict[int, int] = {}

    def write(items: Sequence[int]) -> Sequence[int]:
        written.extend(items)
        return items

    groep = GroupCommit(write)

    def add(first: int) -> None:
        for item in range(first, first + 200):
            heard[item] = groep.add(item)

    threads = [threading.Thread(target=add, args=(1000 * number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(written) == [1000 * number + item for number in range(8) for item in range(200)]
    assert heard == {item: item for item in written}


def test_a_failure_of_the_commit_itself_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever leads a group and fails before it is written wakes the others, and the next group has a leader again."""
    style = CsvStyle()
    style.go.set()
    groep = GroupCommit(style.write)
    with monkeypatch.context() as patch:
        patch.setattr(GroupCommit, "_commit", _fail)
        for _ in range(2):
            with pytest.raises(ConnectionError):
                groep.add(1)
    assert groep.waiting() == []
    assert groep.add(2) == 20


def _fail(_groep: GroupCommit[int, int]) -> None:
    raise ConnectionError
