"""A real server for the toolkits, and the demo as a user starts it; shared by the tests of one worker."""

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.oracle import amount
from support.server import WAIT, command, port_of_our_own

collect_ignore = [] if amount(0, 1) else ["test_axis.py"]
"""Asked by `make test-long` alone: none of these is skipped."""


@pytest.fixture(scope="session")
def programs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the programs that are built, one for all workers of this run."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if hasattr(request.config, "workerinput") else base


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Start `uwlr-adapter demo --json` in an empty folder; yields what it prints."""
    folder = tmp_path_factory.mktemp("demo")
    with port_of_our_own() as port:
        process = subprocess.Popen(
            command("demo", "--port", str(port), "--data", str(folder / "data"), "--json"),
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            assert line, process.communicate()[1]
            yield json.loads(line)
        finally:
            process.send_signal(signal.SIGINT)
            rest, _ = process.communicate(timeout=WAIT)
            assert rest == ""
            assert process.returncode == 0
