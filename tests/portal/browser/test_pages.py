"""Every page in every state, as a person meets it: on a telephone and on a wide screen, for the eye and for the ear."""

import json
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Page
from support.chromium import NARROW, WIDE, Open, ServedPortal, node_file
from support.portal_pages import PAGES, show

FOUND = """axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html}: ${failureSummary}`)))"""
STICKS_OUT = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
CONFIG = Path(__file__).with_name("htmlvalidate.cjs")


@pytest.fixture(scope="session")
def axe() -> str:
    """Return the source of axe-core."""
    return node_file("axe-core/axe.min.js").read_text(encoding="utf-8")


def axe_findings(page: Page, axe: str) -> list[str]:
    """Return what axe-core finds on a page, best practices included; it comes in past the CSP, as a debugger does."""
    found: list[str] = page.evaluate(f"{axe}; {FOUND}")
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


@pytest.mark.parametrize("login", dict.fromkeys(page_case.login for page_case in PAGES))
def test_every_page_is_fit_to_use(
    open_page: Open, world: ServedPortal, axe: str, tmp_path: Path, login: str | None
) -> None:
    """At both widths nothing sticks out, axe-core finds nothing at all, and the HTML as it was sent is valid."""
    page = open_page(login, width=NARROW)
    found = []
    for page_case in PAGES:
        if page_case.login != login:
            continue
        (tmp_path / f"{page_case.name}.html").write_text(show(page, page_case, world.served), encoding="utf-8")
        for width in (NARROW, WIDE):
            page.set_viewport_size({"width": width, "height": 900})
            if (too_much := page.evaluate(STICKS_OUT)) > 0:
                found.append(f"{page_case.name}, {width}: sticks out by {too_much} pixels")
            found.extend(f"{page_case.name}, {width}: {one}" for one in axe_findings(page, axe))
        page.set_viewport_size({"width": NARROW, "height": 900})
    assert found + html_findings(tmp_path) == []
