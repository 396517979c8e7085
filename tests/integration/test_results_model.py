"""Any order of messages, corrections, take-backs and what happens to persons: the results are those of the model."""

import random
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.oracle import amount
from support.result_bench import BRIN6, KEYS, PAST, START, YEAR, ResultBench, Sent
from support.result_model import ResultModel
from support.school_builder import open_database

from uwlr_adapter.administratie.importing import forget, join, persons
from uwlr_adapter.administratie.importing.by_hand import Operator
from uwlr_adapter.administratie.result_tables import not_processed, resultaat_versie
from uwlr_adapter.administratie.tables import PersonKind, persoon
from uwlr_adapter.resultaten import reading, taking_back
from uwlr_adapter.resultaten.tables import results_message

MORE = ("205", "206")
"""Leerlingen without an ECK-iD, two of whom can be joined with each other."""
PLATFORMS = ("Proef", "Ander")
RESULTS = ("a", "b", "c")


class Walk:
    """A school and its model, to which the same things happen."""

    def __init__(self, bench: ResultBench, dice: random.Random) -> None:
        self.bench, self.dice = bench, dice
        people = [*KEYS, *MORE]
        self.model = ResultModel({key: key for key in people}, set(people))
        self.in_file, self.forgotten = set(people), set[str]()
        self.messages: list[int] = []
        self.sent: list[tuple[str, int, list[tuple[str, str, int]]]] = []
        self.done: Counter[str] = Counter()

    def step(self) -> None:
        """Let one thing happen to both, and compare."""
        acts = (self._send, self._send, self._send, self._resend, self._take_back, self._undo, self._leave)
        act = self.dice.choice(acts) if self.dice.random() < 0.93 else self.dice.choice((self._forget, self._join))
        act()
        self.compare()

    def compare(self) -> None:
        """Hold what stands of each leerling against the model, and see that nobody else has any."""
        wanted = self.model.standing()
        names = {number: name for name, number in self.bench.afnemers.items()}
        found = {
            who: {(names[one.afnemer_id], one.key): one.score for one in self.bench.standing(who)} for who in wanted
        }
        assert found == wanted
        with self.bench.database.reading() as connection:
            versions = connection.scalar(sa.select(sa.func.count()).select_from(resultaat_versie))
            assert versions == sum(len(one["said"]) for one in self.model.results.values())

    def _send(self) -> None:
        platform = self.dice.choice(PLATFORMS)
        at = self.dice.randrange(1000)
        named = [*KEYS, *MORE, "301", "401", "onbekend"]
        keys = self.dice.sample(RESULTS, self.dice.randint(1, 3))
        self._deliver(platform, at, [(self.dice.choice(named), key, self.dice.randrange(3)) for key in keys])

    def _resend(self) -> None:
        if self.sent:
            platform, at, rows = self.dice.choice(self.sent)
            self._deliver(platform, self.dice.choice((at, at, at + self.dice.randrange(300))), rows)

    def _deliver(self, platform: str, at: int, rows: list[tuple[str, str, int]]) -> None:
        self.sent.append((platform, at, rows))
        moment = START + timedelta(seconds=at)
        self.bench.moment = START + timedelta(days=1)
        taken = self.bench.send(*(Sent(*row) for row in rows), at=moment, platform=platform)
        counts = self.model.send(taken.message_id, platform, at, rows)
        figures = (taken.added, taken.changed, taken.same, taken.overtaken, sum(taken.not_processed.values()))
        assert figures == tuple(counts.values())
        self.messages.append(taken.message_id)
        self.done.update(counts)

    def _take_back(self) -> None:
        if self.messages:
            number = self.dice.choice(self.messages)
            with self.bench.database.writing() as connection:
                done = taking_back.take_back(connection, self.bench.moment, BRIN6, number, "cli:proef")
            assert done is (number not in self.model.away)
            self.model.away.add(number)
            self.done["taken back"] += done

    def _undo(self) -> None:
        if self.model.away:
            number = self.dice.choice(sorted(self.model.away))
            with self.bench.database.writing() as connection:
                assert taking_back.undo_take_back(connection, BRIN6, number)
            self.model.away.discard(number)
            self.done["put back"] += 1

    def _leave(self) -> None:
        """Let somebody leave, or come back: the next file of the year has others, and who left counts all the same."""
        who = self.dice.choice(sorted(self.model.here))
        self.in_file ^= {who}
        if self.in_file:
            self.bench.bring(sorted(self.in_file))
            self.done["imports"] += 1
        else:
            self.in_file.add(who)

    def _forget(self) -> None:
        if len(self.model.here) > 2:
            who = self.dice.choice(sorted(self.model.here))
            with self.bench.database.writing() as connection:
                forget.forget(connection, "21QW", who, self.bench.moment)
            self.forgotten |= {name for name, person in self.model.people.items() if person == who}
            self.in_file.discard(who)
            self.model.forget(who)
            self.done["forgotten"] += 1

    def _join(self) -> None:
        keep, other = self.dice.sample(MORE, 2)
        if {keep, other} <= self.model.here:
            with self.bench.database.writing() as connection:
                one, two = (persons.get(connection, PersonKind.LEERLING, "21QW", key) for key in (keep, other))
                join.join(connection, one, two, Operator("cli:proef", self.bench.moment))
            self.model.join(keep, other)
            self.in_file = {keep if one == other else one for one in self.in_file}
            self.done["joined"] += 1


@pytest.fixture(scope="module")
def figures() -> Counter[str]:
    """Return what happened in all walks together."""
    return Counter()


@pytest.mark.parametrize("seed", range(amount(4, 60)))
def test_a_walk(seed: int, tmp_path: Path, figures: Counter[str]) -> None:
    """After each step the results are those of the model; at the end nothing is left of who was forgotten."""
    dice = random.Random(seed)  # noqa: S311 - a test
    bench = ResultBench(open_database(tmp_path))
    bench.without_eckid = frozenset(MORE)
    bench.furnish()
    for schooljaar in (PAST, YEAR):
        bench.bring([*KEYS, *MORE], schooljaar=schooljaar)
    walk = Walk(bench, dice)
    for _ in range(amount(45, 120)):
        walk.step()
    figures.update(walk.done)
    for key in [*KEYS, *MORE]:
        if bench.id_of(key) is not None:
            with bench.database.writing() as connection:
                forget.forget(connection, "21QW", key, bench.moment)
    assert bench.count(resultaat_versie) == 0
    with bench.database.reading() as connection:
        left = {one.leerlingid for one in reading.left_out(connection, BRIN6)}
        assert left <= {"301", "401", "onbekend", *walk.forgotten}
        assert connection.scalar(sa.select(sa.func.count()).select_from(persoon)) == 2
    assert bench.count(results_message) == len(walk.messages)
    assert bench.count(not_processed) >= len(left)


def test_the_walks_saw_everything(figures: Counter[str]) -> None:
    """A walk in which nothing happens proves nothing."""
    if figures:
        wanted = {"added", "changed", "same", "overtaken", "left out", "taken back", "put back", "forgotten", "joined"}
        assert {name for name, number in figures.items() if number} >= wanted
