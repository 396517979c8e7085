"""The scripts and the message of the guide for results, run as they stand there against the demo."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.toolkits import WAIT, need_node, need_php, node_environment

from uwlr_adapter.cli import main
from uwlr_adapter.client.results_file import judge_results, read_results

PAGE = (Path(__file__).parents[2] / "docs" / "guides" / "vendor-results.md").read_text(encoding="utf-8")
ADDRESS = "http://127.0.0.1:8080/uwlr/leerresultaten"
SCRIPTS = {
    "Python (zeep)": ("python", "breng.py", [sys.executable, "breng.py"], None),
    "PHP (ext-soap)": ("php", "breng.php", ["php", "breng.php"], need_php),
    "Node (soap)": ("js", "breng.js", ["node", "breng.js"], need_node),
}
"""Per heading: the language of its block, the file it is saved as, how it is run, and what it needs."""
EXPECTED = (
    "aangenomen\naangenomen\n"
    "Client.ScoreOngeldig: Een score in het bericht klopt niet. De leverancier van de toets kan dit herstellen.\n"
)


def block(heading: str, language: str) -> str:
    """Return the code block in a language under a heading."""
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    found = re.search(rf"```{language}\n(.*?)```", section, re.DOTALL)
    assert found is not None, (heading, language)
    return found[1]


@pytest.mark.parametrize("heading", SCRIPTS)
def test_a_script_of_the_page(demo: dict[str, str], tmp_path: Path, heading: str) -> None:
    """It sends a class, the same again, and a decimal score, which arrives as it was written and is refused."""
    language, file, command, needed = SCRIPTS[heading]
    if needed is not None:
        needed()
    code = block(heading, language)
    assert ADDRESS in code
    script = code.replace(ADDRESS, demo["leerresultaten_endpoint"]).replace("2026-2027", demo["schooljaar"])
    (tmp_path / file).write_text(script, encoding="utf-8")
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=os.environ | node_environment(),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=WAIT,
    )
    assert not done.stderr, done.stderr[-2000:]
    assert done.stdout.replace("soap:", "") == EXPECTED


def test_the_message_of_the_page(demo: dict[str, str], tmp_path: Path) -> None:
    """It needs no repair, and is taken when `push` sends it."""
    content = block("A message", "xml").replace("2026-2027", demo["schooljaar"]).encode()
    verdict = judge_results(read_results(content))
    assert (verdict.fault, verdict.repairs) == (None, ())
    file = tmp_path / "toets.xml"
    file.write_bytes(content)
    codes = ("--klantcode", demo["klantcode"], "--autorisatiesleutel", demo["autorisatiesleutel"])
    arguments = ("push", str(file), demo["leerresultaten_endpoint"], "--klantnaam", demo["klantnaam"], *codes)
    done = CliRunner().invoke(main, [*arguments, "--allow-private"])
    assert done.exit_code == 0, done.output
    assert "taken" in done.output
