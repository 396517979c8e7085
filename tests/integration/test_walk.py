"""The way of a request through the package stays short."""

import subprocess
import sys
from pathlib import Path

WALK = Path(__file__).parents[2] / "benchmarks" / "walk.py"
MAX_CALLS, MAX_CHANGES = 110, 40


def test_one_verzoek_is_a_short_walk(postgresql: object) -> None:
    """A request whose answer is at hand takes few calls and few changes of file, over each database."""
    bounds = ("--max-calls", str(MAX_CALLS), "--max-changes", str(MAX_CHANGES))
    done = subprocess.run([sys.executable, WALK, *bounds], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    figures = {
        line.split()[0]: line.split()[1:] for line in done.stdout.splitlines() if line.startswith(("sql", "postg"))
    }
    assert {kind: stays[-1] for kind, stays in figures.items()} == {"sqlite": "1", "postgresql": "1"}
