"""Processes that start at the same moment never share a port by accident."""

import json
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest
from support.server import READY, WAIT, command, init, port_of_our_own


@contextmanager
def starting(*arguments: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Start a command without waiting for it; interrupt it when the block ends."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("UWLR_")}
    process = subprocess.Popen(
        command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=clean, cwd=folder
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.communicate(timeout=WAIT)


def first_line(stream: IO[str] | None, into: list[str]) -> threading.Thread:
    """Read the first line of a process in a thread."""
    assert stream is not None
    thread = threading.Thread(target=lambda: into.append(stream.readline()))
    thread.start()
    return thread


@pytest.fixture
def port() -> Iterator[int]:
    """Yield a port that no other test uses."""
    with port_of_our_own() as kept:
        yield kept


@pytest.mark.parametrize("which", ["serve", "demo"])
def test_of_two_on_one_port_one_serves(tmp_path: Path, port: int, which: str) -> None:
    """The other ends with status 1 and one sentence that names the port."""
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
        if which == "serve":
            init(folder)
    first, second = (("--data", str(folder), which, "--port", str(port)) for folder in folders)
    json_option = ("--json",) if which == "demo" else ()
    with (
        starting(*first, *json_option, folder=tmp_path) as one,
        starting(*second, *json_option, folder=tmp_path) as two,
    ):
        lines: list[list[str]] = [[], []]
        streams = [process.stdout if which == "demo" else process.stderr for process in (one, two)]
        threads = [first_line(stream, into) for stream, into in zip(streams, lines, strict=True)]
        for thread in threads:
            thread.join(WAIT)
        serving = [bool(said) and (READY in said[0] or f":{port}/" in said[0]) for said in lines]
        assert sorted(serving) == [False, True], lines
        loser = (one, two)[serving.index(False)]
        assert loser.wait(WAIT) == 1
        assert loser.stderr is not None
        said = lines[serving.index(False)][0] + loser.stderr.read()
        assert said == f"Error: cannot listen on 127.0.0.1, port {port}: Address already in use\n"


def test_port_0_takes_a_port_of_its_own(tmp_path: Path) -> None:
    """Demos that start together on `--port 0` each print an address at which they answer themselves."""
    with (
        starting("demo", "--port", "0", "--json", "--data", str(tmp_path / "one"), folder=tmp_path) as one,
        starting("demo", "--port", "0", "--json", "--data", str(tmp_path / "two"), folder=tmp_path) as two,
    ):
        printed = []
        for process in (one, two):
            assert process.stdout is not None
            printed.append(json.loads(process.stdout.readline()))
        assert printed[0]["endpoint"] != printed[1]["endpoint"]
        assert all(":0/" not in one["endpoint"] for one in printed)
