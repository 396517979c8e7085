"""A process of the program whose modules were loaded before: it does what one does that is started by name."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support import preloaded
from support.server import command

needs_preloading = pytest.mark.skipif(
    os.environ.get("UWLR_LONG") == "1" or not hasattr(os, "pidfd_open"), reason="each process is started by name"
)
RUNS: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "version": (("--version",), {}),
    "usage": (("school", "nergens"), {}),
    "folder": (("--data", "hier", "school", "list"), {}),
    "environment": (("school", "list"), {"UWLR_MAX_DROP": "veel"}),
}


def ran(kind: Any, words: tuple[str, ...], folder: Path, environment: dict[str, str]) -> tuple[int, str, str]:
    """Run the program in a kind of process; return its status and what it wrote."""
    pipe = subprocess.PIPE
    every = os.environ | environment
    with kind(command(*words), cwd=folder, env=every, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        out, err = process.communicate()
    return process.returncode, out, err


@needs_preloading
@pytest.mark.parametrize("name", RUNS)
def test_it_is_as_one_that_is_started_by_name(tmp_path: Path, name: str) -> None:
    """Its status, what it writes, its folder and its environment are the same."""
    words, environment = RUNS[name]
    found = ran(subprocess.Popen, words, tmp_path, environment)
    assert found == ran(preloaded.BY_NAME, words, tmp_path, environment)
    assert found[0] == {"version": 0, "usage": 2}.get(name, 1)


@needs_preloading
@pytest.mark.parametrize(
    ("arguments", "options", "is_fork"),
    [
        (command("--version"), {}, True),
        (command("--version"), {"env": {"LD_PRELOAD": ""}}, False),
        (command("--version"), {"env": {**os.environ, "PYTHONUTF8": "1"}}, False),
        (command("--version"), {"start_new_session": True}, False),
        ([sys.executable, "-m", "this"], {}, False),
    ],
)
def test_what_a_fork_cannot_be_given_starts_by_name(
    arguments: list[str], options: dict[str, Any], *, is_fork: bool
) -> None:
    """Settings that count at the start of a process, other programs, and a session of its own."""
    with subprocess.Popen(arguments, stdout=subprocess.DEVNULL, **options) as process:
        assert isinstance(process, preloaded.PreloadedPopen)
        assert process.is_fork is is_fork
        assert process.wait() == 0


@needs_preloading
def test_a_signal_ends_it(tmp_path: Path) -> None:
    """How it ended is told as of any child."""
    with subprocess.Popen(command("--data", str(tmp_path), "--help"), stdout=subprocess.PIPE) as process:
        process.kill()
        assert process.wait() in {-9, 0}  # 0: it was done before
        assert process.poll() == process.returncode
