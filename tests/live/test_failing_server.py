"""A real server whose n-th statement, write or sync fails while it answers: the journaal equals what callers got.

In `make test` a seeded sample of n; with UWLR_LONG=1 every n until a fetch runs through without reaching it.
"""

import itertools
import os
import random
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from operator import itemgetter
from pathlib import Path
from time import monotonic

import pytest
from support.auditor import Place, PostgresqlPlace, SqlitePlace
from support.databases import PostgresServer
from support.failing import Kind, OnSqlite, Page, Striker, What, library
from support.failing_proxy import Proxy, ProxyKind
from support.served_school import ServedSchool, furnish
from support.server import Server, serving, split, until

LONG = os.environ.get("UWLR_LONG") == "1"
SAMPLE = 1
"""How many n of each kind the short form tries."""
GIVEN = "leerlinggegevens"
CRASH_LOOP_SECONDS = 6
"""A server of which two workers die within 5.5 s ends; whoever supervises it starts it again."""


@dataclass
class Caller:
    """Fetches from a server, and keeps what came of each call."""

    school: ServedSchool
    server: Server
    place: Place
    acknowledged: set[str] = field(default_factory=set)
    """The ids of the requests that were answered with data."""
    refused: set[str] = field(default_factory=set)
    unheard: int = 0
    """Calls of which the answer did not come."""

    def fetch(self) -> bool:
        """Fetch once; returns whether there was an answer with data."""
        response = b""
        with suppress(OSError):
            response = self.server.post(self.school.request(), "Content-Type: text/xml")
        if not response.startswith(b"HTTP/1.1 "):
            self.unheard += 1
            return False
        status, _, _ = split(response)
        (request_id,) = (
            line.partition(b":")[2].strip().decode()
            for line in response.partition(b"\r\n\r\n")[0].split(b"\r\n")
            if line.lower().startswith(b"x-request-id:")
        )
        (self.acknowledged if status == 200 else self.refused).add(request_id)
        return status == 200

    def audit(self) -> list[str]:
        """Compare the journaal with what the caller got; returns what is wrong."""
        contents = self.place.contents()
        rows = contents.of("journaal", "request_id", "outcome", "kind", "id")
        calls = [row[:2] for row in sorted(rows, key=itemgetter(3)) if row[2] == "verzoek"]
        given = {request_id for request_id, outcome in dict(calls).items() if outcome == GIVEN}  # as it ended
        problems = []
        if lost := self.acknowledged - given:
            problems.append(f"{len(lost)} answers of {len(self.acknowledged)} have no entry")
        if wrong := self.refused & given:
            problems.append(f"{len(wrong)} calls were refused, and the journaal says that they got data")
        if len(unknown := given - self.acknowledged) > self.unheard:
            problems.append(f"{len(unknown)} entries are of no call: {self.unheard} were not heard")
        return problems


def _is_past(moment: float) -> bool:
    return monotonic() > moment


def _strike(caller: Caller, striker: Striker, kind: Kind | ProxyKind) -> list[str]:
    """Make a fetch fail at each n, or at some; returns what is wrong."""
    until(caller.fetch)
    striker.arm(kind, 0)
    assert caller.fetch()
    count = striker.disarm().seen
    assert count > 0, "nothing was counted: the library or the proxy is not in between"
    chosen = random.Random(f"{kind.name} {count}")  # noqa: S311 - which n, no secret
    problems = []
    for n in itertools.count(1) if LONG else sorted(chosen.sample(range(1, count + 1), SAMPLE)):
        striker.arm(kind, n)
        unheard = caller.unheard
        caller.fetch()
        struck = striker.disarm().struck
        died = caller.unheard > unheard
        until(caller.fetch)  # by a new worker, if there has to be one
        if LONG and died:
            again = monotonic() + CRASH_LOOP_SECONDS
            until(partial(_is_past, again))
        problems += [f"{kind.name} at {n}: {one}" for one in caller.audit()]
        if not struck:
            break
    return problems


@pytest.fixture
def school(tmp_path: Path) -> ServedSchool:
    """Return a school of its own."""
    return furnish(tmp_path / "school")


def test_on_sqlite(school: ServedSchool, tmp_path: Path) -> None:
    """No answer without its entry, no entry without its answer, and the next call is answered."""
    page = Page(tmp_path / "page")
    environment = {"LD_PRELOAD": str(library(tmp_path)), "FAILING_PAGE": str(tmp_path / "page")}
    kinds: dict[What, tuple[Kind, ...]] = {
        What.STATEMENT: (Kind.FAILS, Kind.DEAD_BEFORE, Kind.DEAD_AFTER) if LONG else (Kind.FAILS,),
        What.DISK: tuple(Kind) if LONG else (Kind.FAILS, Kind.FULL, Kind.POWER),
    }
    problems = []
    with serving(school.data, environment=environment) as server:
        caller = Caller(school, server, SqlitePlace(school.data, tmp_path))
        for what, chosen in kinds.items():
            for kind in chosen:
                problems += _strike(caller, OnSqlite(page, what, school.data), kind)
    assert problems + caller.audit() == []


@pytest.fixture
def proxied(postgresql: PostgresServer, tmp_path: Path) -> Iterator[tuple[Proxy, str, str]]:
    """Yield a proxy, the URL of a database behind it, and that of the database itself."""
    with ExitStack() as stack:
        url = stack.enter_context(postgresql.database())
        proxy = Proxy(tmp_path, postgresql.admin)
        stack.callback(proxy.close)
        name = url.rpartition("/")[2].partition("?")[0]
        through = postgresql.admin.set(database=name, host=None, port=None, query={"host": str(tmp_path)})
        yield proxy, through.render_as_string(hide_password=False), url


def test_on_postgresql(proxied: tuple[Proxy, str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same behind PostgreSQL: when the server fails a statement, or the worker or its backend dies."""
    proxy, through, url = proxied
    monkeypatch.setenv("UWLR_DATABASE", url)
    school = furnish(tmp_path / "school")
    problems = []
    with serving(school.data, environment={"UWLR_DATABASE": through}) as server:
        caller = Caller(school, server, PostgresqlPlace(url))
        for kind in tuple(ProxyKind) if LONG else (ProxyKind.FAILS, ProxyKind.BACKEND_DEAD_AFTER):
            problems += _strike(caller, proxy, kind)
    assert problems + caller.audit() == []
