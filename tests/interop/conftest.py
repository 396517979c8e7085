"""A real server for the toolkits, and the demo as a user starts it; shared by the tests of one worker."""

import json
import signal
import subprocess
from collections.abc import Iterator

import pytest
from support.served_school import ServedSchool, furnish
from support.server import WAIT, Server, command, port_of_our_own, serving


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> ServedSchool:
    """Return a data folder with the example school and the smallest one."""
    return furnish(tmp_path_factory.mktemp("school"))


@pytest.fixture(scope="session")
def server(served: ServedSchool) -> Iterator[Server]:
    """Serve that folder."""
    with serving(served.data) as running:
        yield running


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
