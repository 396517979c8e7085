"""Each fuzz target for a few hundred seeded inputs, and the engine: it finds, makes smaller, and repeats."""

import logging
from collections.abc import Iterator

import pytest
from support.oracle import amount

from fuzz.engine import run
from fuzz.mutator import MAX_OCTETS, Mutator
from fuzz.target import Target, counted
from fuzz.targets import TARGETS

SEED = 20261201


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Keep the failures that are played out of the logs."""
    before = logging.root.manager.disable
    logging.disable()
    yield
    logging.disable(before)


@pytest.mark.parametrize("name", TARGETS)
def test_no_input_is_a_finding(name: str) -> None:
    """Mutations of the samples raise nothing but documented refusals, and all ways that read them agree."""
    found = run(TARGETS[name], SEED, lambda executions: executions < amount(300, 30_000))
    assert found.finding is None, found.finding and found.finding.data
    assert found.verdicts > 10


def broken(data: bytes) -> str:
    """Check nothing but two words that may not stand together."""
    assert not (b"<" in data and b"&" in data)
    return ""


def slow(data: bytes) -> str:
    """Take as many calls as the square of the length."""
    for _ in range(len(data) ** 2):
        len(data)
    return ""


def test_a_finding_is_made_smaller_and_comes_again() -> None:
    """The input of a finding is as short as it can be; the same seed finds the same after as many inputs."""
    target = Target("broken", lambda: [b"a" * 100], (b"<", b"&"), broken, calls=1000, calls_each=1)
    first, second = (run(target, 1, lambda executions: executions < 10_000) for _ in range(2))
    assert first.finding is not None
    assert second.finding is not None
    assert sorted(first.finding.data) == sorted(b"<&")
    assert (first.executions, first.finding.data) == (second.executions, second.finding.data)


def test_work_that_grows_faster_than_its_input_is_a_finding() -> None:
    """Calls are counted, whatever they take: more than the length allows is not accepted."""
    target = Target("slow", lambda: [b"a"], (b"b",), slow, calls=100, calls_each=10)
    assert counted(target, b"a" * 10) == ""
    with pytest.raises(AssertionError, match="calls for 400 bytes"):
        counted(target, b"a" * 400)


def test_a_seed_makes_the_same_inputs() -> None:
    """Two mutators of one seed make the same inputs, of another seed other ones, and none is too long."""

    def made(seed: str) -> list[bytes]:
        mutator = Mutator(seed, (b"word",))
        return [mutator.mutate([b"a sample", b"x" * MAX_OCTETS]) for _ in range(100)]

    assert made("one") == made("one") != made("other")
    assert max(map(len, made("one"))) <= MAX_OCTETS
