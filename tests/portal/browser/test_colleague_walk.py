"""A colleague joins and leaves, each in a browser of its own: the link, the password, the second factor, the roles."""

import re

import pyotp
import pytest
from playwright.sync_api import Page, expect
from support.chromium import NARROW, Open
from support.page_findings import pixels_sticking_out
from support.portal_school import FULL

SCHOOL = f"/koppelingen/{FULL}"
LOGIN = "w.walk@school.example"
NEW = "zes blauwe olifanten dansen"


def press(page: Page, button: str) -> None:
    """Press a button, and wait for the page that comes of it."""
    with page.expect_navigation():
        page.get_by_role("button", name=button, exact=True).click()


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_a_colleague_joins_and_leaves(open_page: Open, *, script: bool) -> None:
    """Invited as a lezer, made schoolbeheerder, removed: the page that was open says so at the next click."""
    login = LOGIN if script else f"stil.{LOGIN}"
    admin = open_page("a.devries", script=script)
    admin.goto(f"{SCHOOL}/collegas")
    admin.get_by_label("Naam", exact=False).first.fill("W. Walk")
    admin.get_by_label("Gebruikersnaam").fill(login)
    press(admin, "Maak een uitnodiging")
    link = admin.locator("#link").inner_text()
    expect(admin.get_by_role("button", name="Kopieer de link")).to_be_visible(visible=script)
    if script:
        admin.reload()  # it is the list by now: nothing is sent again, and the link is gone
        assert link not in admin.content()

    colleague = open_page(script=script, width=NARROW)
    colleague.goto(link)
    colleague.get_by_label("Nieuw wachtwoord").fill(NEW)
    colleague.get_by_label("Nogmaals").fill(NEW)
    press(colleague, "Account maken")
    colleague.get_by_label("Gebruikersnaam").fill(login)
    colleague.get_by_label("Wachtwoord").fill(NEW)
    press(colleague, "Inloggen")
    expect(colleague.locator("h1")).to_have_text("Tweede stap instellen")
    app = colleague.get_by_role("link", name="Open dan de app met deze link").get_attribute("href") or ""
    assert app.startswith("otpauth://totp/")
    assert pixels_sticking_out(colleague) <= 0
    code = pyotp.parse_uri(app)
    assert isinstance(code, pyotp.TOTP)
    colleague.get_by_label("Code uit uw app").fill(code.now())
    press(colleague, "Tweede stap instellen")
    expect(colleague.locator("h1")).to_have_text("Koppelingenoverzicht")
    assert colleague.locator("main").get_by_role("link", name="Activeren").count() == 0
    assert colleague.get_by_role("link", name="Collega's").count() == 0

    admin.goto(f"{SCHOOL}/collegas")
    row = admin.get_by_role("row", name="W. Walk").filter(has_text=login)
    with admin.expect_navigation():
        row.get_by_role("link").click()
    press(admin, "Maak schoolbeheerder")
    colleague.reload()
    assert colleague.locator("main").get_by_role("link", name="Activeren").count() > 0
    expect(colleague.get_by_role("link", name="Collega's")).to_be_visible()

    row = admin.get_by_role("row", name="W. Walk").filter(has_text=login)
    with admin.expect_navigation():
        row.get_by_role("link").click()
    press(admin, "Neem de toegang weg")
    expect(admin.get_by_role("status").first).to_contain_text("W. Walk heeft geen toegang meer tot deze school.")
    with colleague.expect_navigation():
        colleague.get_by_role("link", name="Logboek").click()
    expect(colleague.get_by_role("status").first).to_contain_text("uw toegang is beëindigd")


def test_a_link_for_a_colleague_who_lost_the_phone(open_page: Open) -> None:
    """The box has to be ticked; then there is a link, which the colleague opens in another browser."""
    admin = open_page("b.bakker")
    admin.goto(f"{SCHOOL}/collegas")
    with admin.expect_navigation():
        admin.get_by_role("link", name=re.compile("^Wijzigen ?: L. de Lezer$")).click()
    press(admin, "Nieuwe link maken")
    expect(admin.get_by_role("alert")).to_contain_text("Stel eerst vast dat uw collega dit zelf vraagt")
    admin.get_by_label("Ik heb vastgesteld").check()
    press(admin, "Nieuwe link maken")
    colleague = open_page()
    colleague.goto(admin.locator("#link").inner_text())
    expect(colleague.locator("h1")).to_have_text("Wachtwoord kiezen")
