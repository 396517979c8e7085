"""Grouped work of callers on one event loop: each item is handled once, and each caller gets its result."""

import asyncio
from collections.abc import Sequence

import pytest
from support.event_loop import run

from uwlr_adapter.db.group_commit import LoopGroup


class Hand:
    """Does its work when it is told to, one group at a time."""

    def __init__(self) -> None:
        self.groepen: list[list[int]] = []
        self._waiting: list[asyncio.Future[None]] = []

    async def do(self, items: Sequence[int]) -> list[int]:
        """Keep a group and wait for `go`; the result of an item is ten times itself."""
        assert not self._waiting
        self.groepen.append(list(items))
        done = asyncio.get_running_loop().create_future()
        self._waiting.append(done)
        await done
        return [10 * item for item in items]

    async def settle(self) -> None:
        """Run the loop until a group waits."""
        while not self._waiting:  # noqa: ASYNC110 - it is the loop itself that is waited for
            await asyncio.sleep(0)

    def go(self, error: Exception | None = None) -> None:
        """Finish the waiting group, or make it fail."""
        (done,) = self._waiting
        self._waiting.clear()
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)


def begin(lus: LoopGroup[int, int], *items: int) -> list[asyncio.Task[int]]:
    """Start callers at the same time."""
    return [asyncio.ensure_future(lus.add(item)) for item in items]


def test_who_comes_during_one_is_in_the_next() -> None:
    """There is one group at a time, with all that has gathered; each hears of its own."""

    async def play() -> list[list[int]]:
        hand = Hand()
        lus = LoopGroup(hand.do)
        (first,) = begin(lus, 0)
        await hand.settle()
        rest = begin(lus, 1, 2, 3, 4)
        await asyncio.sleep(0)
        assert len(hand.groepen) == 1
        hand.go()
        assert await first == 0
        assert not any(one.done() for one in rest)
        await hand.settle()
        hand.go()
        assert await asyncio.gather(*rest) == [10, 20, 30, 40]
        return hand.groepen

    assert run(play()) == [[0], [1, 2, 3, 4]]


def test_who_comes_in_one_turn_is_in_one_group() -> None:
    """No caller waits for later ones; callers at the same time form one group."""

    async def play() -> list[list[int]]:
        hand = Hand()
        both = begin(LoopGroup(hand.do), 0, 1)
        await hand.settle()
        hand.go()
        await asyncio.gather(*both)
        return hand.groepen

    assert run(play()) == [[0, 1]]


def test_a_failure_is_told_to_its_group_and_to_no_other() -> None:
    """Every caller in a group that failed gets the failure; the next group is handled."""

    async def play() -> list[list[int]]:
        hand = Hand()
        lus = LoopGroup(hand.do)
        failing = begin(lus, 0, 1)
        await hand.settle()
        later = begin(lus, 2)
        await asyncio.sleep(0)
        hand.go(ConnectionError())
        for one in failing:
            with pytest.raises(ConnectionError):
                await one
        await hand.settle()
        hand.go()
        assert await later[0] == 20
        again = begin(lus, 3)
        await hand.settle()
        hand.go()
        assert await again[0] == 30
        return hand.groepen

    assert run(play()) == [[0, 1], [2], [3]]


def test_who_went_away_holds_nobody_up() -> None:
    """A caller that is cancelled while it waits does not keep the others from hearing."""

    async def play() -> int:
        hand = Hand()
        gone, stays = begin(LoopGroup(hand.do), 0, 1)
        await hand.settle()
        gone.cancel()
        await asyncio.sleep(0)
        hand.go()
        return await stays

    assert run(play()) == 10


def test_who_went_away_before_its_turn_is_left_out() -> None:
    """Nothing is done for it: it has heard that it was given up."""

    async def play() -> list[list[int]]:
        hand = Hand()
        lus = LoopGroup(hand.do)
        (first,) = begin(lus, 0)
        await hand.settle()
        gone, stays = begin(lus, 1, 2)
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.sleep(0)
        hand.go()
        await hand.settle()
        hand.go()
        assert (await first, await stays) == (0, 20)
        return hand.groepen

    assert run(play()) == [[0], [2]]
