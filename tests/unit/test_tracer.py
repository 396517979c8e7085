"""The counting of calls and changes of file, on an invented package of three files and an invented library."""

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from support.event_loop import run
from tracer import Tracer, Walk

HOUSE, LIBRARY = Path("/invented/house"), Path("/invented/library")
SOURCES = {
    HOUSE / "door.py": """
def enter(steps):
    return [wash(step) for step in range(steps)]

def visit():
    return borrow(lambda: wash(0))

async def wait():
    await pause()
    await pause()

def numbers():
    yield from (wash(number) for number in range(3))
""",
    HOUSE / "kitchen.py": """
def wash(number):
    return number

async def pause():
    await sleep(0)
    await sleep(0)
""",
    LIBRARY / "books.py": """
def borrow(work):
    return stamp() + work() + stamp()

def stamp():
    return 1
""",
    Path("/invented/house-next-door/door.py"): """
def greet(work):
    return work()
""",
}


@pytest.fixture
def names() -> dict[str, Any]:
    """Return the functions of the sources, which see each other."""
    found: dict[str, Any] = {"sleep": asyncio.sleep}
    for file, source in SOURCES.items():
        exec(compile(source, str(file), "exec"), found)  # noqa: S102 - the source above
    return found


@contextmanager
def watching() -> Iterator[Tracer]:
    """Yield a tracer that watches threads, and leave nothing of it."""
    tracer, before = Tracer(HOUSE, LIBRARY), sys.getprofile()
    tracer.watch_new_threads()
    try:
        yield tracer
    finally:
        threading.setprofile(None)
        sys.setprofile(before)


def walk_of(work: Callable[[], object]) -> Walk:
    """Return the walk of some work, in this thread and those that it starts."""
    with watching() as tracer:
        tracer.start()
        work()
        tracer.stop()
    return tracer.walk


def outline(walk: Walk) -> list[tuple[int, str]]:
    """Return the depth and the name of each step."""
    return [(step.depth, step.code.co_name) for step in walk.steps]


def test_each_start_is_a_call_and_a_comprehension_is_none(names: dict[str, Any]) -> None:
    """The calls in a comprehension count, at the depth of the function that has it; the comprehension does not."""
    walk = walk_of(lambda: names["enter"](3))
    assert outline(walk) == [(0, "enter"), (1, "wash"), (1, "wash"), (1, "wash")]
    assert (len(walk.calls), walk.functions, walk.files, walk.changes) == (4, 2, 2, 1)


def test_a_resumption_is_no_call(names: dict[str, Any]) -> None:
    """A coroutine or generator is one call, however often it waits, and what it calls in between keeps its depth."""
    walk = walk_of(lambda: run(names["wait"]()))
    assert outline(walk) == [(0, "wait"), (1, "pause"), (1, "pause")]
    walk = walk_of(lambda: list(names["numbers"]()))
    assert outline(walk) == [(0, "numbers"), (1, "wash"), (1, "wash"), (1, "wash")]


def test_a_change_is_a_call_in_another_file_than_the_call_before_it(names: dict[str, Any]) -> None:
    """A return changes nothing by itself; only the next call shows where the walk is."""
    walk = walk_of(lambda: (names["enter"](1), names["enter"](1), names["wash"](1)))
    assert outline(walk) == [(0, "enter"), (1, "wash"), (0, "enter"), (1, "wash"), (0, "wash")]
    assert walk.changes == 3


def test_a_stay_in_the_library_contains_what_it_calls_itself(names: dict[str, Any]) -> None:
    """The library is entered once by a call of it, and its calls back are calls of the package."""
    walk = walk_of(names["visit"])
    assert outline(walk) == [(0, "visit"), (1, "borrow"), (1, "<lambda>"), (2, "wash")]
    assert [step.is_stay for step in walk.steps] == [False, True, False, False]
    assert (len(walk.calls), walk.stays) == (3, 1)


def test_code_elsewhere_counts_for_nothing(names: dict[str, Any]) -> None:
    """A folder whose name begins with that of the package is not the package."""
    walk = walk_of(lambda: names["greet"](lambda: names["wash"](1)))
    assert outline(walk) == [(0, "wash")]


def test_other_threads_are_in_the_totals(names: dict[str, Any]) -> None:
    """Calls of another thread are counted with the others and by themselves; no change is made between threads."""

    def work() -> None:
        names["enter"](0)
        thread = threading.Thread(target=names["wash"], args=(1,))
        thread.start()
        thread.join()
        names["enter"](0)

    walk = walk_of(work)
    assert outline(walk) == [(0, "enter"), (0, "wash"), (0, "enter")]
    assert (len(walk.calls), walk.elsewhere, walk.changes) == (3, 1, 0)


def test_nothing_is_recorded_before_the_start_and_after_the_stop(names: dict[str, Any]) -> None:
    """A thread that runs already is recorded from the start to the stop only."""
    with watching() as tracer, ThreadPoolExecutor(1) as executor:
        executor.submit(names["wash"], 1).result()
        tracer.start()
        executor.submit(names["enter"], 0).result()
        tracer.stop()
        executor.submit(names["wash"], 1).result()
    assert outline(tracer.walk) == [(0, "enter")]
