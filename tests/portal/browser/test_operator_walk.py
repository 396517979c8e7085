"""An operator finds why one school is refused: from the first page, by a search, in three clicks."""

import pytest
from playwright.sync_api import expect
from support.chromium import NARROW, WIDE, Open
from support.portal_school import FULL


@pytest.mark.parametrize(("script", "width"), [(True, WIDE), (False, NARROW)])
def test_why_one_school_is_refused(open_page: Open, *, script: bool, width: int) -> None:
    """The search finds it, its page says who is refused, why, since when and what to do, and leads to the afnemer."""
    page = open_page("operator", script=script, width=width)
    page.goto("/koppelingen")
    expect(page.get_by_role("heading", level=1)).to_have_text("Beheer van de koppelingen")
    page.get_by_label("Zoek een school of een platform").fill(FULL.lower())
    page.get_by_role("button", name="Zoeken").click()
    page.locator("section", has_text="Scholen").locator("li", has_text=FULL).get_by_role("link").click()
    row = page.locator("section", has_text="Waarom wordt er geweigerd?").locator("tbody tr").first
    expect(row).to_contain_text("Basispoort")
    expect(row).to_contain_text("De koppeling is gepauzeerd")
    expect(row).to_contain_text("Nog steeds")
    expect(row).to_contain_text("De school vult een verificatiecode in om te hervatten.")
    row.get_by_role("link", name="Basispoort").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Basispoort")
    expect(page.locator("section", has_text="Verzoeken").first).to_contain_text("De koppeling is gepauzeerd")
    page.get_by_role("link", name="Gepauzeerd").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody tr")).to_contain_text(FULL)
