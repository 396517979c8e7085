"""The pages for a vendor's engineer in a real browser: faults, contract, examples."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Route
from support.chromium import NARROW, WAIT, WIDE, BrowserWatch
from support.page_findings import axe_findings, html_findings, load_axe, pixels_sticking_out
from support.served_school import furnish
from support.wsgi import Reply, call

from uwlr_adapter.demo.example_files import ExampleFiles
from uwlr_adapter.server.application import make_app
from uwlr_adapter.settings import Settings

HOST = "http://uwlr.example"
EXAMPLES = "/sandbox/voorbeelden"
NARROWEST, WIDEST = 320, 1920
OPEN_ALL = "for (const one of document.querySelectorAll('details')) one.open = true"


@pytest.fixture
def window(browser: Browser, watch: BrowserWatch, tmp_path: Path) -> Iterator[BrowserContext]:
    """Yield a window that gets each page from the application itself, without a network."""
    app, examples = make_app(Settings(data=furnish(tmp_path).data)), ExampleFiles(EXAMPLES)

    def answer(route: Route) -> None:
        path = route.request.url.removeprefix(HOST)
        chosen = examples if path.startswith(EXAMPLES) else app
        reply: Reply = call(chosen, b"", method="GET", path=path, content_type=None)
        route.fulfill(status=reply.status, headers=reply.headers, body=reply.body)

    context = browser.new_context()
    context.set_default_timeout(WAIT)
    watch.watch(context)
    context.route("**/*", answer)
    yield context
    context.close()
    app.close()


@pytest.mark.parametrize("path", ["/uwlr/fouten", "/uwlr/contract", f"{EXAMPLES}/"])
def test_the_page_is_fit_to_use(window: BrowserContext, path: str, axe: str, tmp_path: Path) -> None:
    """At every width, closed and with everything open, nothing sticks out, axe finds nothing, and the HTML is valid."""
    page = window.new_page()
    response = page.goto(HOST + path)
    assert response is not None
    folder = tmp_path / "pages"
    folder.mkdir()
    (folder / "page.html").write_bytes(response.body())
    load_axe(page, axe)
    found = html_findings(folder)
    assert page.evaluate("getComputedStyle(document.body).margin") == "0px"  # the style sheet was let in
    for is_open in (False, True):
        if is_open:
            page.evaluate(OPEN_ALL)
        for width in (NARROWEST, NARROW, WIDE, WIDEST):
            page.set_viewport_size({"width": width, "height": 900})
            if pixels := pixels_sticking_out(page):
                found.append(f"{width}, open {is_open}: {pixels} pixels stick out")
            if width in {NARROW, WIDE}:
                found += [f"{width}, open {is_open}: {one}" for one in axe_findings(page)]
    assert found == []


def test_a_link_of_a_fault_leads_to_its_word(window: BrowserContext) -> None:
    """Without a script, the entry of the word is the one that is marked."""
    page = window.new_page()
    page.goto(f"{HOST}/uwlr/fouten#te-lang")
    assert page.evaluate("document.querySelector(':target h3').textContent") == "te-lang"
