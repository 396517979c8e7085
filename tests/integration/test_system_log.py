"""What a command did stands in the log of the system: a migration and an import, with counts and without names."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.served_school import ONE_OF_EACH

from uwlr_adapter.cli import main, system_log


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Yield the socket of a system's log."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "log"))
        listening.settimeout(0)
        monkeypatch.setattr(system_log, "PATH", str(tmp_path / "log"))
        yield listening


def events(log: socket.socket) -> list[dict[str, object]]:
    """Return what came, without what every line has."""
    found = []
    try:
        while True:
            head, _, line = log.recv(65536).decode().partition(": ")
            assert head.startswith("<30>uwlr-adapter[")
            found.append(json.loads(line))
    except BlockingIOError:
        return [{key: line[key] for key in line.keys() - {"time", "level", "logger"}} for line in found]


def test_a_migration_and_an_import_are_events(log: socket.socket, tmp_path: Path) -> None:
    """With the schema numbers, and what came of each part; a command that only reads has none."""
    file = tmp_path / "edex.xml"
    file.write_text(ONE_OF_EACH.format(schooljaar="2026-2027"), encoding="utf-8")
    runner = CliRunner()
    data = ["--data", str(tmp_path / "data")]
    assert runner.invoke(main, [*data, "init"]).exit_code == 0
    (migrated,) = events(log)
    assert migrated["message"] == "migration"
    assert migrated["of"] == 0
    assert runner.invoke(main, [*data, "import", "edexml", str(file), "--dry-run"]).exit_code == 0
    assert events(log) == []
    assert runner.invoke(main, [*data, "import", "edexml", str(file)]).exit_code == 0
    counts = {"taken": 1, "refused": 0, "asks": 0, "not_tried": 0}
    assert events(log) == [{"message": "import", "source": "edexml", **counts}]
    assert runner.invoke(main, [*data, "school", "list"]).exit_code == 0
    assert events(log) == []


def test_a_machine_without_such_a_log_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As most containers: the command does what it does."""
    monkeypatch.setattr(system_log, "PATH", str(tmp_path / "nothing"))
    result = CliRunner().invoke(main, ["--data", str(tmp_path / "data"), "init"])
    assert (result.exit_code, "Traceback" in result.output) == (0, False)
