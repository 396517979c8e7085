"""Nothing that a caller, a person or a file brings stands where it is not meant to be: not in any log, metric or fault.

Each field of each message, form, header and file holds a canary. Every logger says all it can, and failures are forced
in each room. Then everything that came out is searched, and every column of the database that is not theirs.
"""

import inspect
import pkgutil
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from support.canaries import Search, canary
from support.marked_house import MarkedHouse, talkative
from support.oracle import amount

import uwlr_adapter
from uwlr_adapter.db import limits
from uwlr_adapter.db.database import Database
from uwlr_adapter.keys import key_file
from uwlr_adapter.keys.server_keys import KEY_BYTES
from uwlr_adapter.web.app import App

pytestmark = pytest.mark.usefixtures("quick_hashes")
ROOMS = ("contract", "db", "journaal", "administratie", "keys", "koppelingen", "gebruikers", "answers", "exchange")
EDGES = ("web", "portal")
APART = frozenset({"uwlr_adapter.web.logs", "uwlr_adapter.db.metadata"})
"""Modules in which no failure is forced: the log itself."""


class Broken(Exception):
    """A failure whose text quotes every value at hand, as a library's may."""


@pytest.fixture
def house(backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MarkedHouse]:
    """Furnish a house on each database, with every logger at its most talkative."""
    monkeypatch.setattr(limits, "WAIT_SECONDS", 0.01)
    if backend == "postgresql":
        key_file.make(tmp_path / "keys", KEY_BYTES)
    made = MarkedHouse(tmp_path)
    with talkative(made.log):
        made.furnish()
        yield made
        made.app.close()


def test_nothing_of_a_caller_or_a_record_is_elsewhere(house: MarkedHouse, capfd: pytest.CaptureFixture[str]) -> None:
    """Requests, forms and files full of canaries: 0 hits where they are not meant to be."""
    house.call_all()
    house.visit_all()
    found = _finish(house, capfd)
    assert not found.hits, found


def test_failures_inside_every_room_tell_nothing(
    house: MarkedHouse, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A failure in any function of any room, whose text quotes all that the function was given, is told nowhere."""
    choose = random.Random(14)  # noqa: S311 - no secret
    used = _called(house.a_bit_of_all)
    failed = 0
    for room in (*ROOMS, *EDGES):
        found = [(place, name) for place, name in _functions(room) if getattr(place, name).__code__ in used]
        for place, name in choose.sample(found, amount(min(2, len(found)), len(found))):
            with monkeypatch.context() as patch:
                raised = _break(patch, place, name)
                house.a_bit_of_all()
                failed += bool(raised)
    search = _finish(house, capfd)
    assert failed >= len(ROOMS), "failures were forced"
    assert not search.hits, search


@pytest.mark.parametrize("fault", ["locked", "gone", "invalid answer", "no table"])
def test_real_faults_tell_nothing(house: MarkedHouse, fault: str, capfd: pytest.CaptureFixture[str]) -> None:
    """A database that is locked or gone, and an answer that is not valid, are told without any value."""
    with _broken_database(house, fault):
        house.a_bit_of_all()
        house.call_all()
        house.visit_all()
    search = _finish(house, capfd)
    assert '"ERROR"' in house.log.getvalue(), "something failed"
    assert not search.hits, search


def _called(act: Callable[[], None]) -> set[Any]:
    """Return the code of every function that is called on the way."""
    found: set[Any] = set()
    sys.setprofile(lambda frame, event, _value: found.add(frame.f_code) if event == "call" else None)
    try:
        act()
    finally:
        sys.setprofile(None)
    return found


def _functions(room: str) -> Iterator[tuple[Any, str]]:
    """Yield every function and method of a room, as the place where it stands and its name."""
    package = import_module(f"uwlr_adapter.{room}")
    names = [one.name for one in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")]
    for module in (package, *(import_module(name) for name in names if "migrations" not in name)):
        if module.__name__ in APART:
            continue
        for name, value in vars(module).items():
            if getattr(value, "__module__", None) != module.__name__:
                continue
            if inspect.isfunction(value):
                yield module, name
            elif inspect.isclass(value):
                yield from (
                    (value, one)
                    for one, method in vars(value).items()
                    if inspect.isfunction(method) and method is not App.__call__  # the last guard itself
                )


def _break(patch: pytest.MonkeyPatch, place: Any, name: str) -> list[str]:
    """Let a function fail wherever it is used, and return a list that gets its name each time."""
    old, raised = getattr(place, name), []

    def broken(*values: object, **named: object) -> None:
        raised.append(name)
        raise Broken(f"{canary('kapot')} {values!r:.5000} {named!r:.5000}")

    if inspect.isclass(place):
        patch.setattr(place, name, broken)
        return raised
    for module in [one for key, one in sys.modules.items() if key.startswith(uwlr_adapter.__name__)]:
        for key, value in list(vars(module).items()):
            if value is old:
                patch.setattr(module, key, broken)
    return raised


@contextmanager
def _broken_database(house: MarkedHouse, fault: str) -> Iterator[None]:
    """Break the database of a house until the block ends."""
    database = Database(house.settings.database_url)
    embedded = database.backend.is_embedded
    if fault == "locked":
        with database.writing() as connection:
            if not embedded:
                connection.exec_driver_sql(
                    "LOCK TABLE journaal, koppeling, school, login_attempt IN ACCESS EXCLUSIVE MODE"
                )
            yield
        return
    statements = {
        "gone": ("ALTER TABLE afnemer RENAME TO afnemer_gone", "ALTER TABLE afnemer_gone RENAME TO afnemer"),
        "no table": ("ALTER TABLE journaal RENAME TO journaal_gone", "ALTER TABLE journaal_gone RENAME TO journaal"),
        "invalid answer": ("UPDATE groep SET jaargroep = '99'", "UPDATE groep SET jaargroep = '3'"),
    }[fault]
    for statement in statements:
        with database.writing() as connection:
            connection.exec_driver_sql(statement)
            connection.exec_driver_sql("UPDATE school SET version = version + 1")
        if statement is statements[0]:
            yield


def _finish(house: MarkedHouse, capfd: pytest.CaptureFixture[str]) -> Search:
    search = house.finish()
    for name, text in zip(("stdout", "stderr"), capfd.readouterr(), strict=True):
        search.text(name, text)
    assert search.lines > 500, "nothing was searched"
    print(search)  # noqa: T201 - the figure of this test
    return search
