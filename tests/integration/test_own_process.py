"""Each command in a process of its own, as an operator types it: it finds all that it needs without the others."""

import os
import subprocess
import sys
from pathlib import Path

from support.edexml_files import eckid, make_dataset, to_edexml

from uwlr_adapter.contract.dataset import Leerling

ACTS = (
    ("import", "undo", "2"),
    ("import", "redo"),
    ("leerling", "join", "21QW00", "k0", "k1"),
    ("import", "undo", "3"),
    ("leerling", "eckid", "21QW00", "k0", eckid(1)),
    ("leerling", "forget", "21QW00", "k2"),
    ("school", "withdraw", "21QW00"),
    ("import", "undo", "5"),
    ("school", "merge", "21QW", "30AB", "--vestiging", "21QW00=30AB00"),
)
"""Commands that change records by hand, each on what the one before it left."""


def _run(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "UWLR_DATA": str(data)}
    command = [sys.executable, "-m", "uwlr_adapter", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_each_act_on_records_finds_its_tables(tmp_path: Path) -> None:
    """A table that refers to one of another room is no reason to fail when nothing else has loaded that room."""
    files = []
    for name, number in (("a", 9), ("b", 8)):
        rows = [Leerling(f"k{at}", roepnaam=f"Roep{at}", achternaam="Meeuw") for at in range(number)]
        files.append(str(tmp_path / f"{name}.xml"))
        Path(files[-1]).write_bytes(to_edexml(make_dataset(rows)))
    assert _run(tmp_path / "data", "import", "edexml", *files).returncode == 0
    for act in ACTS:
        done = _run(tmp_path / "data", *act, "--yes")
        assert (done.returncode, done.stderr) == (0, ""), act
