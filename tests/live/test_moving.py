"""`backup` and `db copy` while a real server serves, and when they are killed."""

import itertools
import os
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from support.databases import PostgresServer
from support.moving import Place
from support.school_builder import SchoolBuilder
from support.served_school import CODE_OF_ONE, ServedSchool, furnish
from support.server import WAIT, Server, command, serving, split, until

from uwlr_adapter.keys.server_keys import ServerKeys

LONG = bool(os.environ.get("UWLR_LONG"))
ROUNDS, KILLS = (5, 10) if LONG else (1, 1)


def run(place: Place, *words: str | Path) -> str:
    """Run a command in a process of its own, which must succeed; return what it wrote."""
    done = subprocess.run(
        command("--data", str(place.data), *map(str, words)),
        env=environment(place),
        capture_output=True,
        text=True,
        timeout=WAIT * 2,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def environment(place: Place) -> dict[str, str]:
    """Return the environment in which a process uses a place."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("UWLR_")}
    return clean | {"UWLR_DATABASE": place.url}


@contextmanager
def load(server: Server, served: ServedSchool, place: Place) -> Iterator[Counter[int]]:
    """Fetch, and change a code, again and again until the block ends; yields the statuses of the fetches."""
    ended, found = threading.Event(), Counter[int]()

    def fetch() -> None:
        while not ended.is_set():
            found[split(server.post(served.request(), "Content-Type: text/xml"))[0]] += 1

    def act() -> None:
        with place.database() as database:
            keys = ServerKeys.from_settings(place.settings, database)
            builder = SchoolBuilder(database, keys)
            for number in itertools.takewhile(lambda _: not ended.is_set(), itertools.count()):
                builder.enter_code(builder.living("30AB00", "snappet"), f"{CODE_OF_ONE}-{number}")

    threads = [threading.Thread(target=one) for one in (fetch, act)]
    for thread in threads:
        thread.start()
    until(lambda: sum(found.values()) >= 3)
    try:
        yield found
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def require_one_moment(place: Place) -> None:
    """Show that a database is of one moment: as many code changes in the journaal as on the koppeling."""
    acts = place.scalar("SELECT count(*) FROM journaal WHERE act = 'code gewijzigd' AND brin6 = '30AB00'")
    assert isinstance(acts, int)
    assert acts > 0
    assert place.scalar("SELECT version FROM koppeling WHERE brin6 = '30AB00' AND status = 'actief'") == acts + 1


def test_a_backup_and_a_copy_while_it_serves(tmp_path: Path, postgresql: PostgresServer) -> None:
    """Nobody is refused meanwhile, both are of one moment, and a server of the copy takes the same codes."""
    served = furnish(tmp_path / "school")
    source = Place.on_sqlite(served.data)
    with serving(served.data) as server, load(server, served, source) as found:
        for number in range(ROUNDS):
            file = tmp_path / f"{number}.uwlr"
            with postgresql.database(empty=True) as url:
                told = run(source, "backup", file), run(source, "db", "copy", "--to", url)
                assert "every table is equal" in told[1]
                there = Place(served.data, url)
                require_one_moment(there)
                back = Place.on_sqlite(tmp_path / f"back-{number}")
                back.data.mkdir(mode=0o700)
                run(back.with_keys_of(source), "restore", file, "--yes")
                require_one_moment(back)
                for place in (there, back):
                    assert "Nothing is wrong" in place.done("db", "check")
                    assert place.fetch(served.request())[0] == "leerlinggegevens"
    assert set(found) == {200}


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"] if LONG else ["postgresql"])
def test_a_copy_that_is_killed_leaves_nothing(tmp_path: Path, kind: str, request: pytest.FixtureRequest) -> None:
    """Killed while it writes, at once or by SIGTERM: there is no table in the target, and the next copy is whole."""
    source = Place.on_sqlite(furnish(tmp_path / "school").data)
    with Place.new(kind, tmp_path / "new", request) as target:
        for number in range(KILLS):
            process = subprocess.Popen(
                command("--data", str(source.data), "db", "copy", "--to", target.url),
                env=environment(source),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            until(partial(is_begun, target))
            (process.terminate if number % 2 else process.kill)()
            process.wait(WAIT)
            if target.tables():  # it was done already
                assert target.rows() == source.rows()
                return
        run(source, "db", "copy", "--to", target.url)
        assert target.rows() == source.rows()


def is_begun(target: Place) -> bool:
    """Return whether something is written into a target."""
    if target.url.startswith("sqlite"):
        return (target.data / "uwlr.sqlite3").exists()
    return bool(
        target.scalar(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_xid IS NOT NULL"
        )
    )
