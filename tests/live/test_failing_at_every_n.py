"""Acts that fail at their n-th statement, write or sync, or die there, are there whole or not at all.

In `make test` each fate on SQLite befalls one of the acts, at a seeded n; with UWLR_LONG=1 each act, at every n until
it runs through without reaching it. The figures of the last long run stand in docs/explanation/durability.md.
"""

import itertools
import os
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from enum import IntEnum
from pathlib import Path

import pytest
from support.databases import PostgresServer
from support.failing import Commands, Kind, Striker, What, commands
from support.failing_acts import ACTS, COPIES
from support.failing_audit import Audit
from support.failing_copy import CopyGround
from support.failing_grounds import PostgresqlGround, SqliteGround, postgresql_ground
from support.failing_proxy import ProxyKind

LONG = os.environ.get("UWLR_LONG") == "1"
STATEMENTS = (Kind.FAILS, Kind.FULL, Kind.DEAD_BEFORE, Kind.DEAD_AFTER)
"""The fates of a statement of SQLite; of the disk, all."""
SAMPLED = {"sqlite": ("import", "fetch", "purge"), "postgresql": ("pause", "fetch")}
"""The acts of the short form; the others are made of the same kinds of transaction."""
SAMPLE = 1
"""How many n of each kind the short form tries."""


def fates(name: str, kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
    """Return what befalls an act on SQLite: everything in the long form, else its part of it."""
    if LONG:
        return kinds
    acts = SAMPLED["sqlite"]
    return kinds[acts.index(name) :: len(acts)]


@pytest.fixture(scope="module")
def running() -> Iterator[Commands]:
    """Yield what runs the commands."""
    with commands() as found:
        yield found


def _numbers(audit: Audit, count: int, kind: IntEnum) -> Iterable[int]:
    """Return every n that the act has to fail at, or a sample of those that it reaches when nothing fails."""
    if LONG:
        return itertools.count(1, audit.act.step)
    chosen = random.Random(f"{audit.act.name} {kind.name} {count}")  # noqa: S311 - which n, no secret
    return sorted(chosen.sample(range(1, count + 1), min(SAMPLE, count)))


def _fail_at_every_n(audit: Audit, strikers: list[tuple[str, Striker, tuple[IntEnum, ...]]]) -> None:
    runs: Counter[str] = Counter()
    for name, striker, kinds in strikers:
        count = audit.count(striker, kinds[0])
        assert count > 0, "nothing was counted: the library or the proxy is not in between"
        for kind in kinds:
            for n in _numbers(audit, count, kind):
                if not audit.run(striker, kind, n):
                    break
                runs[f"{name} {kind.name}"] += 1
    _report(audit, runs)
    assert audit.wrong == []


def _report(audit: Audit, runs: Counter[str]) -> None:
    """Write the figures of a long run to the file that UWLR_FAILING_FIGURES names."""
    if name := os.environ.get("UWLR_FAILING_FIGURES"):
        figures = f"{audit.act.name}\t{audit.ground.name}\t{sum(runs.values())}\t{dict(runs)}\t{dict(audit.outcomes)}\t"
        with Path(name).open("a", encoding="utf-8") as file:
            file.write(f"{figures}{audit.wrong}\n")


@pytest.mark.parametrize("name", ACTS if LONG else SAMPLED["sqlite"])
def test_on_sqlite(running: Commands, name: str, tmp_path: Path) -> None:
    """A failing statement, disk or process leaves all of the act or nothing, and what was acknowledged is there."""
    ground = SqliteGround(running, tmp_path / "sqlite")
    ground.folder.mkdir()
    strikers: list[tuple[str, Striker, tuple[IntEnum, ...]]] = [
        ("statement", ground.striker(What.STATEMENT), fates(name, STATEMENTS)),
        ("disk", ground.striker(What.DISK), fates(name, tuple(Kind))),
    ]
    _fail_at_every_n(Audit(ACTS[name], ground), strikers)


@pytest.mark.parametrize("name", ACTS if LONG else SAMPLED["postgresql"])
def test_on_postgresql(running: Commands, postgresql: PostgresServer, name: str) -> None:
    """The same with PostgreSQL: an error of the server, and the death of the client or of its backend."""
    with ExitStack() as stack:
        ground: PostgresqlGround = stack.enter_context(
            postgresql_ground(running, running.folder / f"pg{list(ACTS).index(name)}", postgresql)
        )
        _fail_at_every_n(Audit(ACTS[name], ground), [("statement", ground.proxy, tuple(ProxyKind))])


@pytest.mark.parametrize("name", COPIES)
@pytest.mark.parametrize("to", ["sqlite", "postgresql"])
def test_copying(running: Commands, postgresql: PostgresServer, tmp_path: Path, to: str, name: str) -> None:
    """The same for `db copy`, whichever of the two fails: the target is whole or empty, the source as it was."""
    on_sqlite = SqliteGround(running, tmp_path / "sqlite")
    on_sqlite.folder.mkdir()
    with postgresql_ground(
        running, running.folder / f"{list(COPIES).index(name)}-to-{to}", postgresql
    ) as on_postgresql:
        ground = CopyGround(*((on_postgresql, on_sqlite) if to == "sqlite" else (on_sqlite, on_postgresql)))
        audit = Audit(COPIES[name], ground)
        ground.reset()
        assert ground.run(audit.act.command).acknowledged
        assert ground.unlike_source() == []
        strikers: list[tuple[str, Striker, tuple[IntEnum, ...]]] = [
            ("statement of SQLite", on_sqlite.striker(What.STATEMENT), STATEMENTS if LONG else (Kind.FAILS,)),
            (
                "statement of PostgreSQL",
                on_postgresql.proxy,
                tuple(ProxyKind) if LONG else (ProxyKind.BACKEND_DEAD_AFTER,),
            ),
        ]
        if to == "sqlite":
            strikers.append(("disk", on_sqlite.striker(What.DISK), tuple(Kind) if LONG else (Kind.POWER,)))
        _fail_at_every_n(audit, strikers)
