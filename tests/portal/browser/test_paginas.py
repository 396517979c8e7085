"""Every page in every state, as a person meets it: on a telephone and on a wide screen, for the eye and for the ear."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from chromium import BREED, SMAL, Open, Wereld, node_file
from playwright.sync_api import Page
from portaalpaginas import PAGINAS, Pagina, show

CONFIG = Path(__file__).with_name("htmlvalidate.cjs")


@pytest.fixture(scope="session")
def axe() -> str:
    """Give the source of axe-core."""
    return node_file("axe-core/axe.min.js").read_text(encoding="utf-8")


def findings(page: Page, axe: str) -> list[str]:
    """Give what axe-core finds on a page, best practices included; it comes in past the CSP, as a debugger does."""
    page.evaluate(axe)
    result = page.evaluate("axe.run()")
    return [f"{one['id']}: {node['html']}" for one in result["violations"] for node in one["nodes"]]


@pytest.mark.parametrize("pagina", PAGINAS, ids=lambda pagina: pagina.naam)
def test_every_page_is_fit_to_use(open_page: Open, wereld: Wereld, axe: str, pagina: Pagina) -> None:
    """At both widths nothing sticks out, axe-core finds nothing at all, and the browser had nothing to complain of."""
    page = open_page(pagina.login, breedte=SMAL)
    show(page, pagina, wereld.huis)
    for breedte in (SMAL, BREED):
        page.set_viewport_size({"width": breedte, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
        assert findings(page, axe) == [], breedte


def test_the_html_of_every_page_is_valid(open_page: Open, wereld: Wereld, tmp_path: Path) -> None:
    """html-validate finds nothing in any page as it is sent; what its rules leave out stands in its settings."""
    program = node_file("html-validate/bin/html-validate.mjs")
    for pagina in PAGINAS:
        html = show(open_page(pagina.login, script=False), pagina, wereld.huis)
        (tmp_path / f"{pagina.naam}.html").write_text(html, encoding="utf-8")
    result = subprocess.run(
        ["node", str(program), "--config", str(CONFIG), "--formatter", "json", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ,
    )
    assert result.stderr == ""
    found = [
        f"{Path(one['filePath']).name}:{message['line']}: {message['ruleId']}: {message['message']}"
        for one in json.loads(result.stdout)
        for message in one["messages"]
    ]
    assert found == []
