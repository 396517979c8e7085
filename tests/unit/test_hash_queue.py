"""The queue for hashing: bounded, fair between shares, and first come, first served for those who were sent away."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Event

import pytest

from uwlr_adapter.gebruikers.hash_queue import KEPT_SECONDS, MAX_RETRY, MIN_RETRY, BusyError, HashQueue, Rank


class Callers:
    """Threads that hold a place until they are told to let go; `served` has the names of those that had one."""

    def __init__(self, queue: HashQueue, pool: ThreadPoolExecutor) -> None:
        self.queue, self.pool = queue, pool
        self.served: list[str] = []
        self.let_go: dict[str, Event] = {}
        self.calls: dict[str, Future[None]] = {}

    def come(self, share: str, name: str | None = None, rank: Rank = Rank.NO_FAILURE) -> None:
        """Start a caller, and return when it is decided whether it has a place, waits, or is sent away."""
        name = name or share
        self.let_go[name] = Event()
        number = self.queue.arrivals + 1
        self.calls[name] = self.pool.submit(self._call, share, name, rank)
        self._until(lambda: self.queue.arrivals == number)

    def until_served(self, *names: str) -> None:
        """Wait until these callers, and no others, have had a place."""
        self._until(lambda: len(self.served) >= len(names))
        assert set(self.served) == set(names)

    def leave(self, name: str) -> None:
        """Make a caller give its place back."""
        self.let_go[name].set()
        self.calls[name].result(30)

    def sent_away(self, name: str) -> BusyError | None:
        """Return the refusal of a caller that is done or will be, else None."""
        error = self.calls[name].exception(30)
        assert error is None or isinstance(error, BusyError)
        return error

    def next(self) -> str:
        """Return the share that goes next."""
        with self.queue.changed:
            return self.queue.next_share()

    def _until(self, happened: Callable[[], bool]) -> None:
        with self.queue.changed:
            assert self.queue.changed.wait_for(happened, 30)

    def _call(self, share: str, name: str, rank: Rank) -> None:
        with self.queue.place(share, rank):
            with self.queue.changed:
                self.served.append(name)
                self.queue.changed.notify_all()
            assert self.let_go[name].wait(30)


@dataclass
class Clock:
    """A clock in seconds that the test moves."""

    seconds: float = 0.0

    def __call__(self) -> float:
        """Return its seconds."""
        return self.seconds


@contextmanager
def callers(places: int, waiting: int, clock: Callable[[], float] = time.monotonic) -> Iterator[Callers]:
    """Yield callers of a queue; all of them let go at the end."""
    with ThreadPoolExecutor(32) as pool:
        made = Callers(HashQueue(places, waiting, clock), pool)
        try:
            yield made
        finally:
            for event in made.let_go.values():
                event.set()
        for call in made.calls.values():
            with suppress(BusyError):
                call.result(30)


def test_so_many_at_once() -> None:
    """With two places the third caller waits, and gets the first that comes free."""
    with callers(2, 6) as crowd:
        for share in "abc":
            crowd.come(share)
        crowd.until_served("a", "b")
        crowd.leave("a")
        crowd.until_served("a", "b", "c")


def test_a_share_with_many_connections_waits_for_others() -> None:
    """The one of an owner goes before the third and fourth of a guesser that came earlier."""
    with callers(2, 6) as crowd:
        for number in range(4):
            crowd.come("guesser", f"guesser {number}")
        crowd.come("owner")
        assert crowd.next() == "owner"


def test_a_full_queue_sends_away_the_last_of_the_largest_share() -> None:
    """Not the owner who comes last, but the newest connection of the guesser; then nobody of the others either."""
    with callers(1, 3) as crowd:
        for number in range(4):
            crowd.come("guesser", f"guesser {number}")
        crowd.come("owner")
        busy = crowd.sent_away("guesser 3")
        assert busy is not None
        assert busy.wait == MIN_RETRY
        assert crowd.next() == "owner"


@pytest.mark.parametrize("better", [Rank.KNOWN_BROWSER, Rank.NO_FAILURE])
def test_a_thousand_sources_that_failed_wait_for_one_that_did_not(better: Rank) -> None:
    """A known browser, and a source without a failure, takes the place of one that failed, and is the next."""
    with callers(1, 3) as crowd:
        for number in range(4):
            crowd.come(f"guesser {number}", rank=Rank.FAILED)
        crowd.come("owner", rank=better)
        assert crowd.sent_away("guesser 3") is not None
        assert crowd.next() == "owner"


@pytest.mark.parametrize("accounts", [1, 8])
@pytest.mark.parametrize("rank", [Rank.NO_FAILURE, Rank.FAILED])
def test_known_browsers_leave_a_place_to_others(accounts: int, rank: Rank) -> None:
    """However many come without end, of one account or of many: a new browser gets the next place."""
    with callers(2, 6) as crowd:
        for number in range(8):
            crowd.come(f"account {number % accounts}", f"known {number}", Rank.KNOWN_BROWSER)
        crowd.come("owner", rank=rank)
        crowd.come("account 0", "known 8", Rank.KNOWN_BROWSER)
        crowd.leave("known 0")
        crowd.until_served("known 0", "known 1", "owner")
        assert crowd.sent_away("known 7") is not None
        assert crowd.sent_away("known 8") is not None


def test_known_browsers_have_all_places_when_nobody_else_waits() -> None:
    """No place stays free while somebody waits; others that wait share what is left, the last to come goes away."""
    with callers(2, 2) as crowd:
        for share in "ab":
            crowd.come(share, rank=Rank.KNOWN_BROWSER)
        crowd.until_served("a", "b")
        for share in "cd":
            crowd.come(share)
        crowd.come("known", rank=Rank.KNOWN_BROWSER)
        crowd.leave("a")
        crowd.until_served("a", "b", "c")
        assert crowd.sent_away("d") is not None


@pytest.mark.parametrize(
    ("after", "is_first"),
    [
        (MIN_RETRY.total_seconds() / 2, False),
        (MIN_RETRY.total_seconds(), True),
        (MIN_RETRY.total_seconds() + KEPT_SECONDS, True),
        (MIN_RETRY.total_seconds() + KEPT_SECONDS + 1, False),
    ],
)
def test_who_waits_keeps_the_number(after: float, is_first: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """An owner who comes back in time goes before all who go on knocking; who comes too soon or late is the last."""
    clock = Clock()
    with callers(1, 2, clock) as crowd:
        for share in "abc":
            crowd.come(share)
        crowd.come("owner", "first visit")
        assert crowd.sent_away("first visit") is not None
        crowd.come("knocker", "first knock")
        assert crowd.sent_away("first knock") is not None
        clock.seconds += MIN_RETRY.total_seconds() / 2
        for name in "ab":
            crowd.leave(name)
        crowd.until_served("a", "b", "c")
        crowd.come("knocker", "second knock")
        clock.seconds = after
        crowd.come("owner", "second visit")
        assert crowd.next() == ("owner" if is_first else "knocker")


def test_the_time_to_come_back_grows_with_those_who_were_sent_away() -> None:
    """It is told how long they take, within 2 and 20 seconds."""
    queue = HashQueue(1, 0)
    waits = []
    with queue.place("a", Rank.NO_FAILURE):
        for number in range(500):
            with pytest.raises(BusyError) as refused, queue.place(str(number), Rank.NO_FAILURE):
                pass
            waits.append(refused.value.wait)
    assert (waits[0], waits[-1]) == (MIN_RETRY, MAX_RETRY)
    assert waits == sorted(waits)


def test_those_who_never_come_back_make_nobody_wait() -> None:
    """The time to come back is short again some minutes after an attack from many sources."""
    clock = Clock()
    queue = HashQueue(1, 0, clock)
    with queue.place("a", Rank.NO_FAILURE):
        for number in range(500):
            with pytest.raises(BusyError), queue.place(str(number), Rank.NO_FAILURE):
                pass
        clock.seconds += KEPT_SECONDS + MAX_RETRY.total_seconds() + 1
        with pytest.raises(BusyError) as refused, queue.place("owner", Rank.NO_FAILURE):
            pass
    assert refused.value.wait == MIN_RETRY


def test_a_failure_gives_the_place_back() -> None:
    """An exception in the block leaves no place taken."""
    queue = HashQueue(1, 0)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), queue.place("a", Rank.NO_FAILURE):
            raise ZeroDivisionError
    with queue.place("b", Rank.NO_FAILURE):
        pass
