"""A startdatum that is to come: it can be changed until that day, and what is shared is told of that day."""

import pytest
from support.portal_browser import Browser, Page, Portal
from support.served_school import import_one_of_each

from uwlr_adapter.journaal import search

SCHOOL = "/koppelingen/30AB00"
CODE = "30AB00Ygr67BfgKl!gr8"
KOPPELING = f"{SCHOOL}/koppeling/1"
PAGE = f"{KOPPELING}/startdatum"
START, EARLIER = "2026-12-25", "2026-12-01"


@pytest.fixture
def browser(portal: Portal) -> Browser:
    """Return a school whose koppeling begins in a month."""
    browser = portal.browser("andere")
    fields = {"naam": "A", "akkoord": "ja", "verificatiecode": CODE, "startdatum": START, "actie": "gereed"}
    assert browser.submit(f"{SCHOOL}/activeren/snappet", **fields).status == 200
    return browser


def rows(portal: Portal) -> list[str]:
    """Return the acts in the journaal, the newest first."""
    with portal.database.reading() as connection:
        return [row.act for row in search.read(connection, brin6="30AB00")]


def test_it_is_changed(portal: Portal, browser: Browser) -> None:
    """The page of the koppeling leads there; the change stands in the logboek with its person, and once."""
    assert PAGE in browser.get(KOPPELING).tree.xpath("//dd/a/@href")
    page = browser.get(PAGE)
    assert page.fields()["startdatum"] == START
    for _ in range(2):
        told = browser.follow(browser.submit_page(page, startdatum=EARLIER))
        assert "De startdatum is nu 1 december 2026." in told.text
    assert "Startdatum1 december 2026" in told.text
    assert "De startdatum is gewijzigd in 1 december 2026. Door C. Elders (andere)." in told.text
    assert rows(portal) == ["startdatum gewijzigd", "geactiveerd"]
    assert "De startdatum is gewijzigd in 1 december 2026." in browser.get(f"{SCHOOL}/journaal").text


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ("", "Kies een startdatum."),
        ("morgen", "Vul de datum in als dag-maand-jaar, bijvoorbeeld 01-02-2027."),
        ("2026-11-24", "Kies als startdatum vandaag of een dag binnen een jaar."),
        ("2027-11-26", "Kies als startdatum vandaag of een dag binnen een jaar."),
        (START, "Dit is de startdatum al."),
    ],
)
def test_what_it_cannot_be(portal: Portal, browser: Browser, value: str, error: str) -> None:
    """It is said beside the field, and nothing changes."""
    page = browser.submit(PAGE, startdatum=value)
    assert (page.status, page.errors("startdatum")) == (422, [error])
    assert rows(portal) == ["geactiveerd"]


def test_not_after_it_came(portal: Portal, browser: Browser) -> None:
    """From that day on there is no page for it, and a form that was open changes nothing."""
    portal.clock.advance(days=31)
    browser.login("andere")
    assert browser.get(PAGE).location == KOPPELING
    page = browser.get(KOPPELING)
    assert PAGE not in page.body
    late = browser.post(PAGE, {**page.fields(), "versie": "1", "startdatum": "2027-01-04"})
    assert "De koppeling is al begonnen; de startdatum kan niet meer worden gewijzigd." in browser.follow(late).text
    assert rows(portal) == ["geactiveerd"]


def test_two_people(portal: Portal, browser: Browser) -> None:
    """The second of two is told, sees the day as it is now, and what was typed stays."""
    page: Page = browser.get(PAGE)
    portal.browser("tweede").submit(PAGE, startdatum=EARLIER)
    late = browser.submit_page(page, startdatum="2026-12-10")
    assert late.status == 409
    assert "Iemand anders heeft deze koppeling zojuist gewijzigd." in late.text
    assert "De startdatum is nu 1 december 2026." in late.text
    assert late.fields()["startdatum"] == "2026-12-10"
    assert browser.submit_page(late).status == 303


def test_what_is_shared_then(portal: Portal, browser: Browser) -> None:
    """Nothing goes now; what is told is of the first day, and of today again once the startdatum is today."""
    with portal.database.writing() as connection:
        import_one_of_each(connection, "2026-2027")
    page = browser.get(f"{KOPPELING}/delen")
    assert "Er gaat nu nog niets: de koppeling begint op 25 december 2026." in page.text
    assert "Op de startdatum, 25 december 2026" in page.text
    assert "Vandaag" not in page.text
    browser.submit(PAGE, startdatum="2026-11-25")
    page = browser.get(f"{KOPPELING}/delen")
    assert "Vandaag, 25 november 2026" in page.text
    assert "Er gaat nu nog niets" not in page.text
