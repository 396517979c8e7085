"""The request of the README, run unchanged against the demo."""

import re
import subprocess
from pathlib import Path

from support.toolkits import need

README = Path(__file__).parents[2] / "README.md"


def example(heading: str, language: str, demo: dict[str, str]) -> str:
    """Return the code block under a heading, with the address and school year of the running demo in it."""
    section = README.read_text(encoding="utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    found = re.search(rf"```{language}\n(.*?)```", section, re.DOTALL)
    assert found is not None
    code = found[1].replace("http://127.0.0.1:8080/uwlr/leerlinggegevens", demo["endpoint"])
    return code.replace("2026-2027", demo["schooljaar"])


def test_one_request_with_curl(demo: dict[str, str]) -> None:
    """The curl command gives the leerlingen of the example school."""
    need("curl", "--version")
    code = example("One request with curl", "sh", demo)
    result = subprocess.run(["bash", "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.count("<leerling ") >= 200
