"""Pages on paper: what is so, without what can be done about it, within the width of a sheet."""

import pytest
from playwright.sync_api import Page, expect
from support.chromium import Open, ServedPortal
from support.page_findings import lengthen_names, looks
from support.portal_school import FULL

SHEET = 680
"""The width of A4 within its margins, in the pixels of CSS."""
CONTROLS = "header, nav, button, input, select, main form, .knop"


def on_paper(open_page: Open, path: str) -> Page:
    """Return a page as it goes to the printer."""
    page = open_page("a.devries", width=SHEET)
    page.goto(path)
    page.emulate_media(media="print")
    return page


@pytest.mark.parametrize("path", ["", "/koppeling/{id}", "/koppeling/{id}/bevestiging", "/journaal"])
def test_a_page_on_paper(open_page: Open, world: ServedPortal, path: str) -> None:
    """No control is printed, and the longest names stay on the sheet."""
    path = path.format(id=world.served.koppelingen["gepauzeerd"])
    page = on_paper(open_page, f"/koppelingen/{FULL}{path}")
    for one in page.locator(CONTROLS).all():
        expect(one).to_be_hidden()
    lengthen_names(page)
    assert looks(page, SHEET) == []


def test_paper_says_how_it_is(open_page: Open, world: ServedPortal) -> None:
    """The verdict is printed with its reason, and a table is a table with its heads on each sheet."""
    koppeling = f"/koppelingen/{FULL}/koppeling/{world.served.koppelingen['gepauzeerd']}"
    expect(on_paper(open_page, koppeling).locator("p.oordeel")).to_contain_text("De uitwisseling is gepauzeerd")
    heads = on_paper(open_page, f"/koppelingen/{FULL}/journaal").locator(".rijen thead")
    expect(heads).to_be_visible()
    assert heads.evaluate("one => getComputedStyle(one).display") == "table-header-group"
