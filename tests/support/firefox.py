"""Debian's firefox-esr, driven over WebDriver BiDi by the npm package puppeteer-core."""

import json
import os
import shutil
import subprocess
from pathlib import Path

from support.chromium import NODE, ServedPortal, missing, node_file
from support.page_findings import LENGTHEN, LONGEST, LOOKS
from support.portal_pages import PAGES
from support.portal_school import PASSWORD

SCRIPT = Path(__file__).with_suffix(".cjs")
WIDTHS = (320, 840, 1240)
"""A telephone, where a table has just become cards or not, and a laptop."""
MAX_SECONDS = 300


def firefox_findings(world: ServedPortal) -> list[str]:
    """Return what is wrong with the pages that a path alone leads to. Skips where Firefox is not installed."""
    program = shutil.which("firefox-esr")
    if program is None:
        missing("firefox-esr")
    node_file("puppeteer-core/package.json")
    walks: dict[str | None, list[str]] = {}
    for page_case in PAGES:
        if page_case.step is None and page_case.login != "instellen":
            walks.setdefault(page_case.login, []).append(page_case.path(world.served))
    told = {
        "program": program,
        "base": world.base,
        "password": PASSWORD,
        "looks": LOOKS.rstrip().rstrip(";"),
        "lengthen": LENGTHEN.rstrip().rstrip(";"),
        "names": LONGEST,
        "widths": WIDTHS,
        "walks": [{"login": login, "paths": paths} for login, paths in walks.items()],
    }
    result = subprocess.run(
        ["node", str(SCRIPT)],
        input=json.dumps(told),
        env={**os.environ, "UWLR_NODE_MODULES": str(NODE / "node_modules")},
        capture_output=True,
        text=True,
        check=False,
        timeout=MAX_SECONDS,
    )
    assert result.returncode == 0, result.stderr
    found: list[str] = json.loads(result.stdout)
    return found
