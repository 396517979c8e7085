"""One commit for all callers of an event loop: each thing is written once, and each caller hears how it went."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor, Future
from typing import Any
from unittest.mock import patch

import pytest

from uwlr_adapter import groepscommit
from uwlr_adapter.groepscommit import Groepslus


class Hand(Executor):
    """An executor that does its work when it is told to, one piece at a time."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Future[Any], Any]] = []

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Keep a piece of work."""
        future: Future[Any] = Future()
        self.waiting.append((future, lambda: fn(*args, **kwargs)))
        return future

    def go(self) -> None:
        """Do the piece that waits; there is never more than one."""
        ((future, work),) = self.waiting
        self.waiting.clear()
        try:
            future.set_result(work())
        except ConnectionError as error:
            future.set_exception(error)


class Schrift:
    """Keeps each group that was written."""

    def __init__(self) -> None:
        self.groepen: list[list[int]] = []
        self.fout: Exception | None = None

    def write(self, dingen: Sequence[int]) -> None:
        """Write a group, or fail."""
        if self.fout is not None:
            raise self.fout
        self.groepen.append(list(dingen))


async def settle(hand: Hand) -> None:
    """Let the loop go on until work waits for the hand."""
    while not hand.waiting:  # noqa: ASYNC110 - the hand is no part of the loop
        await asyncio.sleep(0)


def test_who_comes_during_a_commit_is_in_the_next_one() -> None:
    """There is one commit at a time, with all that has gathered."""

    async def play() -> list[list[int]]:
        hand, schrift = Hand(), Schrift()
        lus = Groepslus(schrift.write, hand)
        first = asyncio.ensure_future(lus.add(0, alone=True))
        await settle(hand)
        rest = [asyncio.ensure_future(lus.add(ding, alone=False)) for ding in range(1, 5)]
        await asyncio.sleep(0)
        assert len(hand.waiting) == 1
        hand.go()
        await first
        assert not any(one.done() for one in rest)
        await settle(hand)
        hand.go()
        await asyncio.gather(*rest)
        return schrift.groepen

    assert asyncio.run(play()) == [[0], [1, 2, 3, 4]]


def test_a_first_one_waits_for_others_that_are_under_way() -> None:
    """With others at work they are all in one commit; alone there is nothing to wait for."""

    async def play() -> list[list[int]]:
        hand, schrift = Hand(), Schrift()
        lus = Groepslus(schrift.write, hand)
        for alone in (False, True):
            both = [asyncio.ensure_future(lus.add(0, alone=alone))]
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            both.append(asyncio.ensure_future(lus.add(1, alone=alone)))
            await settle(hand)
            hand.go()
            await both[0]
            if alone:
                await settle(hand)
                hand.go()
            await both[1]
        return schrift.groepen

    with patch.object(groepscommit, "GATHER_SECONDS", 0.2):
        assert asyncio.run(play()) == [[0, 1], [0], [1]]


def test_a_failure_is_told_to_its_group_and_to_no_other() -> None:
    """Who was in the group that failed hears so; the next group is written."""

    async def play() -> list[list[int]]:
        hand, schrift = Hand(), Schrift()
        lus = Groepslus(schrift.write, hand)
        schrift.fout = ConnectionError()
        failing = [asyncio.ensure_future(lus.add(ding, alone=False)) for ding in range(2)]
        await settle(hand)
        hand.go()
        for one in failing:
            with pytest.raises(ConnectionError):
                await one
        schrift.fout = None
        good = asyncio.ensure_future(lus.add(2, alone=True))
        await settle(hand)
        hand.go()
        await good
        return schrift.groepen

    assert asyncio.run(play()) == [[2]]


def test_who_went_away_holds_nobody_up() -> None:
    """A caller that is cancelled while it waits does not keep the others from hearing."""

    async def play() -> None:
        hand = Hand()
        lus = Groepslus(Schrift().write, hand)
        gone, stays = (asyncio.ensure_future(lus.add(ding, alone=False)) for ding in range(2))
        await settle(hand)
        gone.cancel()
        await asyncio.sleep(0)
        hand.go()
        await stays

    asyncio.run(play())
