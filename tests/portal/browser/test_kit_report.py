"""The page of a report of the kit in a real browser: opened from a file, as somebody gets it by mail."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext
from support.chromium import NARROW, WAIT, WIDE, BrowserWatch
from support.kit_reports import EXCHANGE, HOSTILE, ONE_CAUSE, ORDINARY, report, result
from support.page_findings import axe_findings, html_findings, load_axe, pixels_sticking_out

from uwlr_adapter.kit.checks import Level, Verdict
from uwlr_adapter.kit.reports import report_html

REPORTS = {
    "ordinary": ORDINARY,
    "hostile": HOSTILE,
    "conformant": report(result(1, exchanges=(EXCHANGE,))),
    "stopped": replace(ORDINARY, stopped="it was interrupted", strict=True),
    "empty": report(),
    "one cause": ONE_CAUSE,
}


@pytest.fixture(params=REPORTS)
def page_file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return the file of a report."""
    return written(tmp_path, request.param)


def written(folder: Path, name: str) -> Path:
    """Write a report as a page."""
    path = folder / f"{name}.html"
    path.write_bytes(report_html.write(REPORTS[name]))
    return path


@pytest.fixture
def window(browser: Browser, watch: BrowserWatch) -> Iterator[BrowserContext]:
    """Yield a window in which any error fails the test; a dialog would be one, since a script opened it."""
    context = browser.new_context()
    context.set_default_timeout(WAIT)
    watch.watch(context)
    context.on("dialog", lambda dialog: watch.errors.append(f"dialog: {dialog.message}"))
    yield context
    context.close()


def test_the_page_is_fit_to_use(window: BrowserContext, page_file: Path, axe: str) -> None:
    """At both widths, closed and with everything open, nothing sticks out, axe finds nothing, and the HTML is valid."""
    page = window.new_page()
    page.goto(page_file.as_uri())
    load_axe(page, axe)
    found = html_findings(page_file.parent)
    for is_open in (False, True):
        if is_open:
            page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        for width in (NARROW, WIDE):
            page.set_viewport_size({"width": width, "height": 900})
            if (too_much := pixels_sticking_out(page)) > 0:
                found.append(f"{width}, open {is_open}: sticks out by {too_much} pixels")
            found += [f"{width}, open {is_open}: {one}" for one in axe_findings(page)]
    assert found == []


def test_the_page_asks_for_nothing(window: BrowserContext, page_file: Path, watch: BrowserWatch) -> None:
    """Opening the page is the only request there is."""
    page = window.new_page()
    page.goto(page_file.as_uri(), wait_until="networkidle")
    assert [one.url for one in watch.requests] == [page_file.as_uri()]


def test_the_policy_keeps_a_script_from_running(browser: Browser, tmp_path: Path) -> None:
    """A script or a style that got into the page all the same does nothing; the style of the page itself works."""
    path = written(tmp_path, "ordinary")
    path.write_text(
        path.read_text(encoding="utf-8").replace(
            "</header>", "<script>document.title = 'run'</script><b id=b style='color: red'>x</b></header>"
        ),
        encoding="utf-8",
    )
    page = browser.new_page()
    page.goto(path.as_uri())
    assert page.title() == "UWLR conformance: not conformant"
    assert page.locator("#b").evaluate("one => getComputedStyle(one).color") != "rgb(255, 0, 0)"
    assert page.locator("article.check").first.evaluate("one => getComputedStyle(one).borderLeftWidth") == "5px"
    page.close()


@pytest.mark.parametrize(("width", "beside"), [(WIDE, True), (NARROW, False)])
def test_the_response_stands_beside_the_request(
    window: BrowserContext, tmp_path: Path, width: int, *, beside: bool
) -> None:
    """The last exchange of a failure is open; on a telephone the response is below the request."""
    page = window.new_page()
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(written(tmp_path, "ordinary").as_uri())
    boxes = [one.bounding_box() for one in page.locator(".failures details[open] pre").all()]
    request, response = (one for one in boxes if one is not None)
    assert (request["y"] == response["y"]) is beside
    assert (request["x"] < response["x"]) is beside


def test_paper_has_every_exchange_of_a_failure(window: BrowserContext, tmp_path: Path) -> None:
    """In print what is folded of a failure is shown; what passed stays one line, with its verdict."""
    page = window.new_page()
    page.goto(written(tmp_path, "ordinary").as_uri())
    folded = page.locator(".failures details:not([open]) pre").first
    passed = page.locator("details.check pre").first
    assert not folded.is_visible()
    page.emulate_media(media="print")
    assert folded.is_visible()
    assert not passed.is_visible()
    assert page.locator("details.check h3").first.is_visible()
    assert page.locator("details.check .badge").first.inner_text() == "pass"


def test_the_chapters_can_be_read_on_a_telephone(browser: Browser, tmp_path: Path) -> None:
    """Their table is no wider than the page leaves room for, and no word of a verdict is broken."""
    results = [result(1, suite=one) for one in ("leerlinggegevens", "between", "caller-soap")]
    results += [result(2, Verdict.FAIL, Level.INFORMATION, one.suite) for one in results]
    path = tmp_path / "chapters.html"
    path.write_bytes(report_html.write(report(*results)))
    page = browser.new_page(viewport={"width": NARROW, "height": 900})
    page.goto(path.as_uri())
    beyond = "document.querySelector('table').offsetWidth - document.querySelector('section').clientWidth"
    assert page.evaluate(beyond) <= 0
    height = "one.getBoundingClientRect().height / parseFloat(getComputedStyle(one).lineHeight)"
    lines = f"all => all.map(one => Math.round({height}))"
    assert page.eval_on_selector_all("td .badge, th [href='#chapter-1']", lines) == [1] * 4
    page.close()
