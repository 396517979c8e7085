"""Measure what fetches keep beside platforms that send results: `python benchmarks/results.py [--quick]`.

Or `make bench-results`. Sixteen senders, each for a school of its own, send a class of 30 leerlingen with 40 results
each over and over, every time with new keys; four callers fetch a stored answer of another school meanwhile. In pairs:
a round without the senders and one with them, in turn; a ratio is that of one pair. The senders are a process of their
own on the same machine: what it takes of its cores counts too. All records are invented.
"""

import argparse
import multiprocessing
import tempfile
import threading
import time
from collections.abc import Iterator
from itertools import islice
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import world
from attack import GOOD, good_rate
from figures import Requirement, Spread, number, ratios, show_ratio
from load import Connection, Question
from records import brin6s, pupils, write_edexml
from servers import BACKENDS, Backend, meanwhile, ours

SENDERS, LEERLINGEN, EACH = 16, 30, 40
KEPT = Requirement(floor=0.7)
"""The share of their rate that fetches keep at least."""
ROUNDS, QUICK_ROUNDS = 5, 2
BEFORE = 3.0
"""Seconds of sending before it is measured."""
PATH = "/uwlr/leerresultaten"


def class_message(brin6: str, turn: int) -> str:
    """Return a message of a class, whose keys have the number of the turn."""
    people = [pupil[0] for pupil, _ in islice(pupils(brin6, LEERLINGEN), LEERLINGEN)]
    afnames = "".join(
        f"<toetsafname><leerlingid>{key}</leerlingid><resultaten>"
        + "".join(
            f'<resultaat key="{turn}-{key}-{part}"><afnamedatum>2026-11-10</afnamedatum><toetscode>T1</toetscode>'
            f"<toetsonderdeelcode>T1-{part}</toetsonderdeelcode><score>{(turn + part) % 9}</score></resultaat>"
            for part in range(EACH)
        )
        + "</resultaten></toetsafname>"
        for key in people
    )
    parts = "".join(
        f"<toetsonderdeel><toetsonderdeelvolgnummer>{part + 1}</toetsonderdeelvolgnummer>"
        f"<toetsonderdeelcode>T1-{part}</toetsonderdeelcode></toetsonderdeel>"
        for part in range(EACH)
    )
    return world.results_message(
        brin6,
        f"<toetsafnames>{afnames}</toetsafnames><toetsen><toets><toetscode>T1</toetscode>"
        f"<toetsonderdelen>{parts}</toetsonderdelen></toets></toetsen>",
    )


def send(port: int, schools: list[str], taken: "multiprocessing.Queue[Any]", ended: Event) -> None:
    """Send classes, one sender for each school, until the event is set; tell how each was answered, and how soon."""

    def loop(brin6: str) -> None:
        connection, turn = Connection(port), time.monotonic_ns()
        while not ended.is_set():
            turn += 1
            (request,) = Question(PATH, (class_message(brin6, turn),)).raw()
            begun = time.monotonic()
            taken.put((connection.ask(request).status, time.monotonic() - begun))

    threads = [threading.Thread(target=loop, args=(brin6,), daemon=True) for brin6 in schools]
    for thread in threads:
        thread.start()
    ended.wait()
    time.sleep(0.2)  # what was told is on its way


def prepare(backend: Backend) -> tuple[str, list[str]]:
    """Make the schools with their koppelingen; return the message of a fetch, and the schools of the senders."""
    fetched, *schools = islice(brin6s(), 1 + SENDERS)
    database = world.open_database(backend)
    with tempfile.TemporaryDirectory() as folder:
        for brin6 in (fetched, *schools):
            world.import_file(database, write_edexml(Path(folder) / "school.xml", brin6, 250))
    world.add_afnemer(database)
    world.activate(database, [fetched, *schools])
    world.let_results_in(database)
    world.tidy(database)
    database.close()
    return world.fetch_message(fetched), schools


def drained(queue: "multiprocessing.Queue[Any]") -> Iterator[tuple[int, float]]:
    """Yield what was told so far."""
    while not queue.empty():
        yield queue.get()


def run(port: int, fetch: str, schools: list[str], rounds: int) -> None:
    """Measure pairs, and print what the fetches kept and what the senders got."""
    (request,) = world.question(fetch).raw()
    good_rate(port, request)
    alone, beside, seconds = list[float](), list[float](), list[float]()
    statuses: dict[int, int] = {}
    for _ in range(rounds):
        alone.append(good_rate(port, request))
        told: multiprocessing.Queue[Any] = multiprocessing.Queue()
        with meanwhile(BEFORE, send, port, schools, told):
            list(drained(told))
            beside.append(good_rate(port, request))
            for status, took in drained(told):
                seconds.append(took)
                statuses[status] = statuses.get(status, 0) + 1
    show_ratio(f"fetches beside {SENDERS} senders", ratios(beside, alone), KEPT)
    print(f"  fetches a second: {Spread.of(alone)} alone, {Spread.of(beside)} beside")
    if seconds:
        print(f"  messages by status: {statuses}; seconds of each: {Spread.of(seconds)}")
    else:
        print(f"  no message was answered within {number(2.0)} s")


def main() -> None:
    """Measure on both databases."""
    parser = argparse.ArgumentParser(description="Measure what fetches keep beside platforms that send results.")
    parser.add_argument("--quick", action="store_true", help="few rounds")
    parser.add_argument("--database", choices=sorted(BACKENDS), help="only this one")
    given = parser.parse_args()
    print(f"{GOOD} callers that fetch; {SENDERS} senders of {LEERLINGEN} x {EACH} results")
    for soort in [given.database] if given.database else sorted(BACKENDS):
        with BACKENDS[soort]() as backend:
            fetch, schools = prepare(backend)
            with ours(backend, soort) as server:
                print(soort)
                run(server.port, fetch, schools, QUICK_ROUNDS if given.quick else ROUNDS)


if __name__ == "__main__":
    main()
