"""A leerkracht gets the results of a groep, sees them and loses them, each in a browser of its own."""

import pyotp
import pytest
from playwright.sync_api import Page, expect
from support.chromium import NARROW, Open
from support.page_findings import pixels_sticking_out
from support.portal_school import FULL

SCHOOL = f"/koppelingen/{FULL}"
LOGIN = "wandelaar@school.example"
NEW = "zes blauwe olifanten dansen"
BEVERS = "1 Bevers"


def press(page: Page, button: str) -> None:
    """Press a button, and wait for the page that comes of it."""
    with page.expect_navigation():
        page.get_by_role("button", name=button, exact=True).click()


def follow(page: Page, link: str) -> None:
    """Follow the first link of the page that begins with a name."""
    with page.expect_navigation():
        page.locator("main").get_by_role("link", name=link).first.click()


def join(page: Page, link: str, login: str) -> None:
    """Accept an invitation, with a password and a second factor of one's own."""
    page.goto(link)
    page.get_by_label("Nieuw wachtwoord").fill(NEW)
    page.get_by_label("Nogmaals").fill(NEW)
    press(page, "Account maken")
    page.get_by_label("Gebruikersnaam").fill(login)
    page.get_by_label("Wachtwoord").fill(NEW)
    press(page, "Inloggen")
    code = pyotp.parse_uri(page.get_by_role("link", name="Open dan de app").get_attribute("href") or "")
    assert isinstance(code, pyotp.TOTP)
    page.get_by_label("Code uit uw app").fill(code.now())
    press(page, "Tweede stap instellen")


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_a_leerkracht_comes_and_goes(open_page: Open, *, script: bool) -> None:
    """Given by ticks, accepted by the link, seen from groep to leerling, and gone at the next click."""
    login = LOGIN if script else f"stil.{LOGIN}"
    admin = open_page("a.devries", script=script)
    admin.goto(f"{SCHOOL}/collegas")
    follow(admin, "Leerkrachten")
    follow(admin, "Iemand anders toegang geven")
    admin.get_by_label("Naam", exact=False).first.fill("W. Wandelaar")
    admin.get_by_label("Gebruikersnaam").fill(login)
    press(admin, "Toegang geven")
    expect(admin.get_by_role("alert")).to_contain_text("Vink minstens één groep aan.")
    admin.get_by_label(BEVERS).check()
    press(admin, "Toegang geven")
    link = admin.locator("#link").inner_text()

    teacher = open_page(script=script, width=NARROW)
    join(teacher, link, login)
    expect(teacher.locator("h1")).to_have_text("Mijn groepen")
    assert pixels_sticking_out(teacher) <= 0
    menu = teacher.get_by_role("navigation", name="Hoofdmenu").get_by_role("link")
    assert menu.all_inner_texts() == ["Mijn groepen"]
    follow(teacher, "Resultaten")
    expect(teacher.locator("h1")).to_have_text(f"Resultaten van groep {BEVERS}")
    follow(teacher, "Bekijk")
    assert pixels_sticking_out(teacher) <= 0
    with teacher.expect_navigation():
        teacher.locator("main tbody th").first.get_by_role("link").click()
    expect(teacher.locator("h1")).to_contain_text("Resultaten:")
    here = teacher.url
    answer = teacher.goto(f"{SCHOOL}/resultaten")
    assert answer is not None
    assert answer.status == 404

    admin.goto(f"{SCHOOL}/leerkrachten")
    with admin.expect_navigation():
        admin.get_by_role("link", name="Wijzigen : W. Wandelaar").last.click()
    press(admin, "Neem de toegang weg")
    expect(admin.get_by_role("status").first).to_contain_text("W. Wandelaar ziet geen resultaten van groepen")
    teacher.goto(here)
    expect(teacher.get_by_role("status").first).to_contain_text("uw toegang is beëindigd")
