"""The turn: one thread computes, the others wait for it and not for each other's disk."""

import threading

import pytest

from uwlr_adapter.beurt import Beurt
from uwlr_adapter.groepscommit import Groepscommit

SECONDS = 30


def test_one_at_a_time() -> None:
    """Of eight threads that take many turns, two never compute at once."""
    beurt, inside = Beurt(), 0

    def work() -> None:
        nonlocal inside
        for _ in range(200):
            with beurt:
                inside += 1
                with beurt.away():
                    pass
                inside -= 1

    def alone() -> None:
        for _ in range(200):
            with beurt:
                before = inside
                sum(range(50))
                assert inside == before

    threads = [threading.Thread(target=one) for one in (work, alone) * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    assert not any(thread.is_alive() for thread in threads)
    assert inside == 0


def test_who_is_away_holds_nobody() -> None:
    """While one thread waits for something else another one takes its turn and ends it."""
    beurt, done = Beurt(), threading.Event()

    def other() -> None:
        with beurt:
            done.set()

    with beurt:
        thread = threading.Thread(target=other)
        thread.start()
        assert not done.is_set()
        with beurt.away():
            assert done.wait(SECONDS)
    thread.join(SECONDS)
    with beurt:  # it is free again
        pass


def test_an_error_gives_the_turn_back() -> None:
    """Whatever is raised, away or not, the next one can go on; and away means nothing without a turn."""
    beurt = Beurt()
    for _ in range(2):
        with pytest.raises(ConnectionError), beurt, beurt.away():
            raise ConnectionError
    with beurt.away(), beurt:
        pass


def test_a_commit_is_waited_for_without_the_turn() -> None:
    """A thread that computes and writes something down cannot hold up the one that is to write it."""
    from uwlr_adapter.beurt import BEURT  # noqa: PLC0415 - the one of the process

    written: list[int] = []
    groep: Groepscommit[int] = Groepscommit(written.extend)

    def request(number: int) -> None:
        with BEURT:
            groep.add(number)

    threads = [threading.Thread(target=request, args=(number,), daemon=True) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    assert sorted(written) == list(range(12))
