"""The pages of the sandbox in a real browser: fit to use at each width, without a script, and for axe-core."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext
from support.chromium import NARROW, WAIT, WIDE, BrowserWatch
from support.page_findings import axe_findings, html_findings, load_axe, pixels_sticking_out
from support.sandbox import brin6, sandbox_in
from werkzeug.serving import WSGIRequestHandler, make_server

from uwlr_adapter.demo.setup import KLANTCODE
from uwlr_adapter.sandbox.call_log import LoggedCall

CALL = "0123456789abcdef0123456789abcdef"
PAGES = (
    "/sandbox",
    f"/sandbox/schools/{brin6('held')}",
    f"/sandbox/schools/{brin6('taken-back')}",
    "/sandbox/calls",
    f"/sandbox/calls/{CALL}",
    "/sandbox/nothing",
)


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - the names of the base
        """Write no log."""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve a sandbox in which a call was refused; yields its address."""
    with sandbox_in(tmp_path_factory.mktemp("sandbox")) as bench:
        moment = bench.world.clock()
        call = LoggedCall(CALL, moment, "HaalLeerlinggegevens", 500, "Client.XsdVersieOngeldig", "<Body/>" * 40)
        call = replace(call, pad="Envelope/Body/leerlinggegevens_verzoek/xsdversie", regel="waarde", retry_after="5")
        bench.calls.keep("Snappet", call)
        taken = LoggedCall("f" * 32, moment, "BrengLeerresultaten", 200, "leerresultaten_bevestiging", "<Body/>")
        bench.calls.keep("Snappet", replace(taken, results="87 new, 3 not processed", repairs=("xsdversie",)))
        server = make_server("127.0.0.1", 0, bench.app, threaded=True, request_handler=_Quiet)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def window(browser: Browser, base: str, watch: BrowserWatch) -> Iterator[BrowserContext]:
    """Yield a window without scripts, in which any error fails the test."""
    context = browser.new_context(base_url=base)
    context.set_default_timeout(WAIT)
    watch.watch(context)
    yield context
    context.close()


def test_the_pages_are_fit_to_use(window: BrowserContext, axe: str, tmp_path: Path) -> None:
    """At both widths nothing sticks out, axe finds nothing, the style is there, and the HTML is valid."""
    found = []
    for number, path in enumerate(PAGES):
        page = window.new_page()
        reply = page.goto(path)
        assert reply is not None
        (tmp_path / f"{number}.html").write_bytes(reply.body())
        load_axe(page, axe)
        for width in (NARROW, WIDE):
            page.set_viewport_size({"width": width, "height": 900})
            if (too_much := pixels_sticking_out(page)) > 0:
                found.append(f"{path}, {width}: sticks out by {too_much} pixels")
            found += [f"{path}, {width}: {one}" for one in axe_findings(page)]
        assert page.locator("header").evaluate("one => getComputedStyle(one).backgroundColor") == "rgb(20, 80, 107)"
    assert [*found, *html_findings(tmp_path)] == []


def test_a_walk_without_scripts(browser: Browser, base: str, watch: BrowserWatch) -> None:
    """A vendor takes an account, moves the clock, and lets a leerling go, by the keyboard of a form alone."""
    context = browser.new_context(base_url=base, java_script_enabled=False)
    context.set_default_timeout(WAIT)
    watch.watch(context)
    page = context.new_page()
    page.goto("/sandbox")
    page.get_by_label("New klantnaam").fill("Een leverancier")
    page.get_by_role("button", name="Take an account").click()
    assert page.locator(".eenmalig").inner_text() != KLANTCODE
    page.get_by_role("link", name="Your schools").click()
    page.get_by_label("Move it to").fill("+1")
    page.get_by_role("button", name="Move", exact=True).click()
    assert "2026-11-26" in page.get_by_role("status").inner_text()
    page.get_by_role("link", name="usual").click()
    page.get_by_role("button", name="Let this leerling go").click()
    assert "left the school" in page.get_by_role("status").inner_text()
    page.get_by_role("button", name="Use the published account").click()
    assert page.get_by_text("01ZA 00").is_visible()
    context.close()
