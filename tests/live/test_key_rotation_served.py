"""The server keys are rotated while real servers answer: no rightful call is refused at any step."""

import signal
from contextlib import ExitStack
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.load import Load, codes_of
from support.oracle import amount
from support.school_builder import SERVER_KEYS
from support.server import Server, serving, until
from support.small_schools import SmallSchools

from uwlr_adapter.cli.base import Context
from uwlr_adapter.cli.keys import keys
from uwlr_adapter.clock import now
from uwlr_adapter.keys import holders, known_keys
from uwlr_adapter.keys.holders import Holder
from uwlr_adapter.settings import Settings

SCHOOLS = [f"{number}AB00" for number in range(30, 30 + amount(3, 60))]
CALLERS = amount(1, 4)
"""Callers of each server."""


def run(data: Path, *arguments: str) -> Result:
    """Run `uwlr-adapter keys` on the machine with this data folder."""
    return CliRunner().invoke(keys, arguments, obj=Context(Settings(data=data)))


def lines(data: Path) -> list[str]:
    """Return the lines of the key file of a machine."""
    return (data / "keys").read_text("utf-8").splitlines()


def write(data: Path, *kept: str) -> None:
    """Put a key file on a machine, as whoever distributes it does."""
    new = data / "keys.new"
    new.touch(0o600)
    new.write_text("".join(f"{line}\n" for line in kept), "utf-8")
    new.replace(data / "keys")


def living(schools: SmallSchools) -> list[Holder]:
    """Return the serving processes."""
    with schools.database.reading() as connection:
        return holders.list_living(connection, now())


def needed(schools: SmallSchools, name: str) -> dict[str, int]:
    """Return how many texts are stored under a key, by table."""
    with schools.database.reading() as connection:
        return known_keys.count_needing(connection, name, now())


def reload(schools: SmallSchools, server: Server, *names: str) -> None:
    """Reload a server of one worker, and wait until the new one holds these keys and the old one is gone."""
    before = {one.process for one in living(schools)}
    server.process.send_signal(signal.SIGHUP)

    def is_replaced() -> bool:
        present = living(schools)
        new = [one for one in present if one.process not in before]
        return len(present) == len(before) and [one.holds for one in new] == [frozenset(names)]

    until(is_replaced)


@pytest.fixture
def schools(backend: str, tmp_path: Path) -> SmallSchools:
    """Make the schools, whose codes are stored under the key b."""
    made = SmallSchools(tmp_path)
    for brin6 in SCHOOLS:
        made.add(brin6)
    return made


def test_no_rightful_call_is_refused_in_a_rotation(schools: SmallSchools, tmp_path: Path) -> None:
    """From the new key to the end of the old one, on two machines, or in the one process that a file has."""
    machines = [tmp_path] if schools.database.backend.has_one_writer else [tmp_path, tmp_path / "other"]
    for data in machines:
        data.mkdir(exist_ok=True)
        write(data, *SERVER_KEYS)
    environment = {"UWLR_DATABASE": schools.environment["UWLR_DATABASE"]}
    with ExitStack() as stack:
        servers = [stack.enter_context(serving(data, environment=environment)) for data in machines]
        load = stack.enter_context(Load(codes_of(SCHOOLS, schools.message)))
        load.add(*servers * CALLERS)
        load.until_heard(20)
        assert run(tmp_path, "add", "c").exit_code == 0
        new = lines(tmp_path)[-1]
        for place, (data, server) in enumerate(zip(machines, servers, strict=True)):
            refused = run(tmp_path, "use", "c")
            assert (refused.exit_code, "do not hold it" in refused.stderr) == (1, True)
            lacking = [one.process for one in living(schools) if "c" not in one.holds]
            assert len(lacking) == len(machines) - place
            assert all(str(number) in refused.stderr for number in lacking)
            if place:
                write(data, *SERVER_KEYS, new)
            reload(schools, server, "a", "b", "c")
        _refuse_broken_file(tmp_path, servers[0])
        done = run(tmp_path, "use", "c")
        assert done.exit_code == 0, done.output
        until(lambda: needed(schools, "b") == {})
        until(lambda: all(one.uses == "c" for one in living(schools)))
        assert run(tmp_path, "remove", "b", "--end-sessions").exit_code == 0
        for data, server in zip(machines, servers, strict=True):
            write(data, new)
            reload(schools, server, "c")
        load.until_heard(20)
        load.stop()
        assert load.refused == {}
        print(dict(load.outcomes))  # noqa: T201 - the figures of the long form
        for server in servers:
            assert "Traceback" not in "".join(server.log)
    schools.close()


def _refuse_broken_file(data: Path, server: Server) -> None:
    """Reload with keys that cannot be used: that is refused, and everything goes on."""
    kept = lines(data)
    write(data, "not a key")
    server.process.send_signal(signal.SIGHUP)
    until(lambda: any("the reload is refused" in line for line in server.log))
    assert "is not of the form name=hex" in "".join(server.log)
    write(data, *kept)
