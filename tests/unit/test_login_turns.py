"""A model of guessers and owners, with a clock that the test moves: who has a turn, and how many guesses are left.

The database is a dictionary here; `tests/integration/test_attempts.py` holds that the real ones count alike.
"""

import heapq
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from support.school_builder import MOMENT, SERVER_KEYS

from uwlr_adapter.gebruikers.attempts import Attempt, Count, Factor, Key
from uwlr_adapter.keys.server_keys import ServerKeys

DAY = timedelta(days=1)
LOGIN = "school"
KEYS = ServerKeys.parse(SERVER_KEYS)


def attempt_of(source: str, login: str = LOGIN, browser: str | None = None) -> Attempt:
    """Return an attempt."""
    return Attempt.of(KEYS, login, source, browser)


@dataclass
class Model:
    """The counts, and what people and guessers do."""

    moment: datetime = MOMENT
    guesses: int = 0
    counts: dict[Key, Count] = field(default_factory=lambda: defaultdict(Count))

    def wait(self, attempt: Attempt, factor: Factor = Factor.PASSWORD) -> timedelta:
        """Return the time until an attempt has a turn; zero when it has one now."""
        counts = {key: self.counts[key].at(self.moment) for key in attempt.keys(factor)}
        return max(attempt.wait(factor, counts, self.moment), timedelta(0))

    def guess(self, attempt: Attempt, factor: Factor = Factor.PASSWORD) -> timedelta:
        """Guess wrong now; return the time to wait when it was refused, else zero."""
        wait = self.wait(attempt, factor)
        if not wait:
            self.guesses += 1
            for key in attempt.keys(factor):
                self.counts[key] = self.counts[key].at(self.moment).with_failure(self.moment)
        return wait

    def log_in(self, attempt: Attempt, factor: Factor = Factor.PASSWORD) -> bool:
        """Enter what is right; return whether it had a turn."""
        if self.wait(attempt, factor):
            return False
        for one in Factor:
            self.counts.pop(attempt.own(one), None)
        return True

    def guess_for(self, time: timedelta, guessers: list[Attempt], factor: Factor = Factor.PASSWORD) -> int:
        """Have each guesser guess whenever it may, for a time; return the number of guesses that were judged."""
        end, before = self.moment + time, self.guesses
        turns = [(self.moment, place) for place in range(len(guessers))]
        while turns and turns[0][0] < end:
            self.moment, place = heapq.heappop(turns)
            heapq.heappush(turns, (self.moment + self.guess(guessers[place], factor), place))
        self.moment = end
        return self.guesses - before


@pytest.fixture
def model() -> Model:
    """Return a model in which nothing happened yet."""
    return Model()


def test_a_guesser_from_one_source(model: Model) -> None:
    """It has 64 guesses in each day, as the docstring says; its owner gets in from elsewhere at any moment."""
    guesser = attempt_of("192.0.2.66")
    for _ in range(2):
        assert model.guess_for(DAY, [guesser]) == pytest.approx(64, abs=1)
        assert model.log_in(attempt_of("192.0.2.10"))


def test_a_guesser_from_a_thousand_sources(model: Model) -> None:
    """The owner gets in 100 of 100 times within three tries: from a known browser, a new address, after a mistake."""
    sources = [attempt_of(f"10.0.{number // 250}.{number % 250}") for number in range(1000)]
    tries = []
    for number in range(100):
        if number % 10 == 0:
            model.guess_for(timedelta(minutes=10), sources)
        owner = attempt_of(f"192.0.2.{number}", browser="b" * 16 if number % 3 == 0 else None)
        is_mistaken = number % 3 == 1 and not model.guess(owner)
        tries.append(1 + is_mistaken + (not model.log_in(owner)))
        if tries[-1] == 3:
            model.moment += model.wait(owner)
            assert model.log_in(owner)
    assert model.guesses > 8000
    assert (len(tries), max(tries)) == (100, 3)


def test_sources_under_attack_have_fewer_guesses(model: Model) -> None:
    """Each of many sources has 31 guesses a day at most, as the docstring says, and not 108."""
    sources = [attempt_of(f"10.0.0.{number}") for number in range(60)]
    assert model.guess_for(DAY, sources) / 60 == pytest.approx(31, abs=2)


def test_a_known_browser_counts_alone(model: Model) -> None:
    """No guess elsewhere counts in it, its guesses count for nobody, and it has 108 a day too."""
    browser = attempt_of("192.0.2.66", browser="b" * 16)
    model.guess_for(timedelta(hours=1), [attempt_of("192.0.2.66"), *(attempt_of(f"10.0.0.{n}") for n in range(9))])
    assert model.log_in(browser)
    assert model.guess_for(DAY, [browser]) == pytest.approx(108, abs=1)
    assert model.log_in(attempt_of("192.0.2.10"))
    assert not model.guess(attempt_of("192.0.2.11"))
    assert not model.guess(attempt_of("192.0.2.11")), "its guesses put no other source under attack"


def test_spraying(model: Model) -> None:
    """One source has 155 guesses a day over all accounts, as the docstring says; no other source waits for it."""
    tried = 0
    end = model.moment + DAY
    while model.moment < end:
        wait = model.guess(attempt_of("192.0.2.66", f"leraar{tried}"))
        tried += wait == timedelta(0)
        model.moment += wait
    assert model.guesses == pytest.approx(155, abs=2)
    assert model.log_in(attempt_of("192.0.2.10"))
    assert model.log_in(attempt_of("192.0.2.66", browser="b" * 16))


def test_thirty_leerkrachten_behind_one_address(model: Model) -> None:
    """Each logs in ten times in a morning, and every third one mistypes once: nobody waits."""
    for turn in range(10):
        for person in range(30):
            attempt = attempt_of("192.0.2.1", f"persoon{person}")
            if turn == 0 and person % 3 == 0:
                assert model.guess(attempt) == timedelta(0)
            assert model.log_in(attempt)
            model.moment += timedelta(seconds=20)


def test_an_account_of_ones_own_clears_nothing(model: Model) -> None:
    """A guesser who logs in with an account of his own in between has no guess more."""
    for number in range(50):
        model.guess(attempt_of("192.0.2.66", f"leraar{number}"))
    assert not model.log_in(attempt_of("192.0.2.66", "eigen"))
    assert model.log_in(attempt_of("192.0.2.66", "eigen", browser="b" * 16))
    assert model.guess(attempt_of("192.0.2.66", "leraar51")) > timedelta(0)


def test_codes_over_time(model: Model) -> None:
    """Somebody who knows the password has some 200 codes a day from all sources together, as the docstring says."""
    sources = [attempt_of(f"10.0.0.{number}") for number in range(60)]
    for _ in range(2):
        assert model.guess_for(DAY, sources, Factor.CODE) == pytest.approx(196, abs=4)
    assert model.log_in(attempt_of("10.0.0.1", browser="b" * 16), Factor.CODE)
