"""What is wrong with a page in a browser: for the eye, for the ear, and as HTML."""

import json
import subprocess
from pathlib import Path

from playwright.sync_api import Page

from support.chromium import node_file

FOUND = """axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html}: ${failureSummary}`)))"""
STICKS_OUT = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
CONFIG = Path(__file__).with_name("htmlvalidate.cjs")


def axe_source() -> str:
    """Return the source of axe-core. Skips where it is not installed."""
    return node_file("axe-core/axe.min.js").read_text(encoding="utf-8")


def axe_findings(page: Page, axe: str) -> list[str]:
    """Return what axe-core finds on a page, best practices included; it comes in past the CSP, as a debugger does."""
    found: list[str] = page.evaluate(f"{axe}; {FOUND}")
    return found


def pixels_sticking_out(page: Page) -> int:
    """Return by how many pixels a page is wider than its window."""
    found: int = page.evaluate(STICKS_OUT)
    return found


def html_findings(folder: Path) -> list[str]:
    """Return what html-validate finds in the pages of a folder; what its rules leave out stands in its settings."""
    program = node_file("html-validate/bin/html-validate.mjs")
    result = subprocess.run(
        ["node", str(program), "--config", str(CONFIG), "--formatter", "json", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.stderr == ""
    return [
        f"{Path(one['filePath']).stem}, line {message['line']}: {message['ruleId']}: {message['message']}"
        for one in json.loads(result.stdout)
        for message in one["messages"]
    ]
