"""The scripts of docs/guides/vendor.md, run as they stand there against a real server."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.served_school import CODE, CODE_OF_ONE, ServedSchool
from support.server import Server
from support.toolkits import (
    BUILD_WAIT,
    QUICK,
    WAIT,
    need_gsoap,
    need_java,
    need_node,
    need_perl,
    need_php,
    node_environment,
)

from uwlr_adapter.contract.fault import Fault

PAGE = (Path(__file__).parents[2] / "docs" / "guides" / "vendor.md").read_text(encoding="utf-8")
ADDRESS = "http://127.0.0.1:8080/uwlr/leerlinggegevens"
MANY = "232 leerlingen, 11 groepen, 9 leerkrachten\ngeenwijzigingen\n"
ONE = "1 leerlingen, 1 groepen, 1 leerkrachten\ngeenwijzigingen\n"


def block(heading: str, language: str) -> str:
    """Return the code block in a language under a heading of the page."""
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    found = re.search(rf"```{language}\n(.*?)```", section, re.DOTALL)
    assert found is not None, (heading, language)
    return found[1]


def here(code: str, context: ServedSchool, server: Server) -> str:
    """Return a script with the address and the school year of a running server in it."""
    assert ADDRESS in code
    return code.replace(ADDRESS, server.endpoint).replace("2026-2027", context.schooljaar)


def of_one(code: str) -> str:
    """Return a script that asks for the smallest school."""
    return code.replace('"21QW"', '"30AB"').replace("'21QW'", "'30AB'").replace(CODE, CODE_OF_ONE)


def run(command: list[str], folder: Path) -> str:
    """Run a command in a folder; returns what it printed."""
    result = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | node_environment(),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=WAIT,
    )
    assert not result.stderr, result.stderr[-2000:]
    return result.stdout


SCRIPTS = {
    "Python (zeep)": ("python", "fetch.py", [sys.executable, "fetch.py"], None),
    "PHP (ext-soap)": ("php", "fetch.php", ["php", "fetch.php"], need_php),
    "Node (soap)": ("js", "fetch.js", ["node", "fetch.js"], need_node),
    "Perl (SOAP::Lite)": ("perl", "fetch.pl", ["perl", "fetch.pl"], need_perl),
    "Java (the JDK alone)": ("java", "Fetch.java", ["java", *QUICK, "Fetch.java"], need_java),
}
"""Per heading: the language of its block, the file it is saved as, how it is run, and what it needs."""


@pytest.mark.parametrize("heading", SCRIPTS)
def test_a_script_of_the_page(served: ServedSchool, server: Server, tmp_path: Path, heading: str) -> None:
    """It counts a school of many and of one, hears that nothing changed, and shows the sentence of a refusal."""
    language, file, command, needed = SCRIPTS[heading]
    if needed is not None:
        needed()
    code = here(block(heading, language), served, server)

    def output(script: str) -> str:
        (tmp_path / file).write_text(script, encoding="utf-8")
        return run(command, tmp_path)

    assert output(code) == MANY
    assert output(of_one(code)) == ONE
    assert "Client.AutorisatieOngeldig: Met deze verificatiecode" in output(code.replace(CODE, CODE_OF_ONE))
    assert output(code.replace(served.schooljaar, "1999-2000")) == "geengegevens\n"


def test_gsoap(served: ServedSchool, server: Server, tmp_path: Path) -> None:
    """The commands of the page build its program, which does what the scripts do."""
    need_gsoap()
    heading = "C++ (gSOAP)"
    code = here(block(heading, "cpp"), served, server)
    (tmp_path / "typemap.dat").write_text(block(heading, "text"), encoding="utf-8")
    (tmp_path / "fetch.cpp").write_text(code, encoding="utf-8")
    commands = here(block(heading, "sh"), served, server).replace("g++ ", "g++ -O0 ").strip().splitlines()
    *generate, link, start = commands

    def output(program: str) -> str:
        (tmp_path / "fetch.cpp").write_text(program, encoding="utf-8")
        _build([link], tmp_path)
        return run([start], tmp_path)

    _build(generate, tmp_path)
    assert output(code) == MANY
    assert output(of_one(code)) == ONE
    assert "Client.AutorisatieOngeldig: Met deze verificatiecode" in output(code.replace(CODE, CODE_OF_ONE))


def _build(commands: list[str], folder: Path) -> None:
    subprocess.run(["sh", "-ec", "\n".join(commands)], cwd=folder, check=True, capture_output=True, timeout=BUILD_WAIT)


def test_getrapt_with_zeep(served: ServedSchool, server: Server, tmp_path: Path) -> None:
    """The three steps of the page give everybody whom the one call gives."""
    (tmp_path / "fetch.py").write_text(here(block("Getrapt", "python"), served, server), encoding="utf-8")
    assert run([sys.executable, "fetch.py"], tmp_path) == "232 leerlingen\n9 leerkrachten\n"


def test_every_script_is_run_or_marked() -> None:
    """A script on the page that no test runs says so."""
    headings = [heading for heading in re.findall(r"^## (.*)$", PAGE, re.MULTILINE) if re.search(r"\(.*\)$", heading)]
    assert headings
    for heading in headings:
        if heading not in {*SCRIPTS, "C++ (gSOAP)"}:
            assert "Not run by our tests." in PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0], heading


def test_every_fault_is_on_the_page() -> None:
    """Each code that we can send stands in the table of the page."""
    codes = {one.code for one in Fault.__subclasses__() if "code" in vars(one)}
    assert codes
    for code in codes:
        assert f"`{code}`" in PAGE, code
