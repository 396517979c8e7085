"""Niet delen in the portal: search a leerling, read what changes, withhold, see who is withheld, and take it back."""

import re

import pytest
import sqlalchemy as sa
from support import messages
from support.edexml_files import eckid, make_dataset
from support.imports import import_dataset
from support.messages import school_element
from support.portal_browser import CODE, MOMENT, SCHOOL, Browser, Page, Portal
from support.wsgi import call

from uwlr_adapter.administratie import calendar_acts
from uwlr_adapter.administratie.tables import persoon
from uwlr_adapter.contract.dataset import Groep, Leerling
from uwlr_adapter.portal import withhold
from uwlr_adapter.portal.forms import MAX_SEARCH, VersionForm, seen_version

KOPPELING, OTHER = f"{SCHOOL}/koppeling/1", f"{SCHOOL}/koppeling/2"
PAGE = f"{KOPPELING}/niet-delen"
YEAR, NEXT = "2026-2027", "2027-2028"
PUPILS = (
    Leerling("101", eckid(1), "de Bruijn", roepnaam="Zoë", geboortedatum="2018-03-14", groep="g1"),
    Leerling("102", eckid(2), "Bos", voorvoegsel="van den", roepnaam="Bo", groep="g1"),
    Leerling("103", eckid(3), "Bos", roepnaam="Renée"),
)


@pytest.fixture
def browser(portal: Portal) -> Browser:
    """Return a school with records of two years, both answered; Snappet (1) and Basispoort (2) are activated."""
    for brin6, schooljaar in (("21QW00", YEAR), ("21QW00", NEXT), ("21QW01", YEAR)):
        leerlingen = PUPILS if brin6 == "21QW00" else (Leerling("201", eckid(9), "Elders", roepnaam="Zoë"),)
        groepen = [Groep("groep", "g1", "1a", "1")]
        dataset = make_dataset(leerlingen, groepen=groepen, brin6=brin6, schooljaar=schooljaar)
        import_dataset(portal.database, dataset, moment=MOMENT)
    with portal.database.writing() as connection:
        calendar_acts.release(connection, "21QW00", NEXT, MOMENT, actor="cli:test")
    browser = portal.browser("school")
    for entry, code in (("snappet", CODE), ("basispoort", CODE + "-basispoort")):
        page = browser.submit(
            f"{SCHOOL}/activeren/{entry}", naam="A", akkoord="ja", verificatiecode=code, actie="gereed"
        )
        assert page.status == 200
    return browser


def fetched(portal: Portal, klantnaam: str = "Snappet", schooljaar: str = YEAR) -> set[str]:
    """Fetch, and return the names of the leerlingen."""
    code = CODE if klantnaam == "Snappet" else CODE + "-basispoort"
    header = messages.header(key=code, klantcode=f"een-klantcode-van-{klantnaam}", klantnaam=klantnaam)
    body = messages.body(schooljaar=schooljaar, school=school_element("21QW00"))
    answer = call(portal.app, messages.envelope(body, header)).body.decode()
    return set(re.findall(r"<roepnaam>(.*?)</roepnaam>", answer))


def found(page: Page) -> list[str]:
    """Return the names in the last table of a page."""
    tables = page.tree.xpath("//table")
    return [] if not tables else ["".join(one.itertext()) for one in tables[-1].xpath(".//tbody//th")]


def search(browser: Browser, naam: str) -> Page:
    """Search for a name."""
    return browser.submit(PAGE, naam=naam)


def question(browser: Browser, naam: str) -> Page:
    """Search for one leerling, and follow its link."""
    page = search(browser, naam)
    (path,) = page.tree.xpath("//td[@class='acties']/a[starts-with(., 'Niet delen')]/@href")
    return browser.get(path)


@pytest.mark.parametrize(
    ("naam", "expected"),
    [
        ("zoe", ["Zoë de Bruijn"]),
        ("ZOË BRUIJN", ["Zoë de Bruijn"]),
        ("bruijn zo", ["Zoë de Bruijn"]),
        ("bos", ["Bo van den Bos", "Renée Bos"]),
        ("den bos", ["Bo van den Bos"]),
        ("renee", ["Renée Bos"]),
        ("re-née", ["Renée Bos"]),
        ("elders", []),
        ("%", []),
        ("101", []),
    ],
)
def test_search_by_name(browser: Browser, naam: str, expected: list[str]) -> None:
    """Each word is part of a name, in any order, whatever capitals and accents; of this vestiging only."""
    page = search(browser, naam)
    assert page.status == 200
    assert found(page) == expected
    assert ("Niemand met deze naam" in page.text) == (not expected)


@pytest.mark.parametrize("naam", ["", " ", "x" * (MAX_SEARCH + 1), "a\x00b"])
def test_a_search_for_nothing(browser: Browser, naam: str) -> None:
    """An empty name, one that is too long, and one that is no text stand with an error beside the field."""
    page = search(browser, naam)
    assert page.status == 422
    assert page.errors("naam")


def test_no_name_in_an_address(browser: Browser) -> None:
    """A name is sent in a form only: addresses stand in logs."""
    (form,) = search(browser, "zoe").forms()
    assert form.get("method") == "post"
    assert form.get("action") is None
    assert browser.get(f"{PAGE}?naam=zoe").tree.xpath("//table") == []


def test_the_question_says_what_changes(portal: Portal, browser: Browser) -> None:
    """How many leerlingen the platform gets before and after, in each year; nothing is done yet."""
    page = question(browser, "zoe")
    assert page.h1 == "Leerling niet meer delen met Snappet?"
    for text in (
        "Zoë de Bruijn, 1a (2026-2027)",
        "Schooljaar 2026-2027: Snappet krijgt nu 3 leerlingen, daarna 2 leerlingen.",
        "Schooljaar 2027-2028: Snappet krijgt nu 3 leerlingen, daarna 2 leerlingen.",
        "Een leerplatform verwijdert wie ontbreekt",
        "Dat is hier de bedoeling.",
        "De reden wordt niet bewaard.",
        "Uw andere koppelingen veranderen niet.",
    ):
        assert text in page.text
    assert "Zoë" not in page.tree.findtext(".//title")
    assert fetched(portal) == {"Zoë", "Bo", "Renée"}


def test_withhold_and_take_back(portal: Portal, browser: Browser) -> None:
    """The platform gets exactly what the pages say, the other one everything."""
    answer = browser.submit_page(question(browser, "zoe"))
    page = browser.follow(answer)
    assert "De leerling wordt niet meer gedeeld met Snappet." in page.text
    assert found(page) == ["Zoë de Bruijn"]
    assert fetched(portal) == {"Bo", "Renée"}
    assert fetched(portal, schooljaar=NEXT) == {"Bo", "Renée"}
    assert fetched(portal, "Basispoort") == {"Zoë", "Bo", "Renée"}
    assert "(1 leerling wordt niet gedeeld)" in browser.get(KOPPELING).text
    assert "niet gedeeld" not in browser.get(OTHER).text
    second = question(browser, "renee")
    assert "Ook niet gedeeld met Snappet: Zoë de Bruijn" in second.text
    assert "nu 2 leerlingen, daarna 1 leerling." in second.text
    assert browser.submit_page(second).status == 303
    assert fetched(portal) == {"Bo"}
    back = browser.get(_link(browser, "Weer delen: Zoë"))
    assert back.h1 == "Leerling weer delen met Snappet?"
    page = browser.follow(browser.submit_page(back))
    assert "De leerling wordt weer gedeeld met Snappet." in page.text
    assert fetched(portal) == {"Zoë", "Bo"}


def _link(browser: Browser, text: str) -> str:
    (path,) = browser.get(PAGE).tree.xpath(f"//a[starts-with(normalize-space(), '{text}')]/@href")
    return str(path)


def test_the_page_of_what_is_shared(portal: Portal, browser: Browser) -> None:
    """Its numbers are those of the answer of this koppeling, without names."""

    def number(koppeling: str) -> str:
        return str(browser.get(f"{koppeling}/delen").tree.xpath("//ul[@class='getallen']/li[1]")[0].text_content())

    browser.submit_page(question(browser, "zoe"))
    assert (number(KOPPELING), number(OTHER)) == ("2 leerlingen", "3 leerlingen")
    page = browser.get(f"{KOPPELING}/delen")
    assert "1 leerling gaat niet mee" in page.text
    assert "Zoë" not in page.text
    for naam in ("bo van", "renee"):
        browser.submit_page(question(browser, naam))
    page = browser.get(f"{KOPPELING}/delen")
    assert "Alle leerlingen van schooljaar 2026-2027 staan op Niet delen." in page.text
    assert fetched(portal) == set()


def test_the_journaal_has_the_act(browser: Browser) -> None:
    """Without the name."""
    browser.submit_page(question(browser, "zoe"))
    browser.submit_page(browser.get(_link(browser, "Weer delen: Zoë")))
    page = browser.get(f"{SCHOOL}/journaal")
    assert "Eén leerling wordt niet meer gedeeld." in page.text
    assert "Eén leerling wordt weer gedeeld." in page.text
    assert "Zoë" not in page.text


def test_a_colleague_was_first(portal: Portal, browser: Browser) -> None:
    """Nothing is done on a koppeling that changed meanwhile: the question is asked again, as it stands now."""
    page = question(browser, "zoe")
    colleague = portal.browser("collega")
    assert colleague.submit(f"{KOPPELING}/pauzeren").status == 303
    again = browser.submit_page(page)
    assert again.status == 409
    assert "Er is niets gedaan" in again.text
    assert re.search("uur .*verificatiecode.* Door B. Bakker.* zoals zij nu is", again.text)
    assert "Iedereen wordt gedeeld." in browser.get(PAGE).text
    assert browser.submit_page(again).status == 303
    assert found(browser.get(PAGE)) == ["Zoë de Bruijn"]
    page = question(browser, "renee")
    assert colleague.submit(f"{KOPPELING}/beeindigen").status == 303
    late = browser.submit_page(page)
    assert late.status == 303
    assert late.location == KOPPELING


@pytest.mark.parametrize("at_once", [False, True])
def test_a_form_that_is_sent_twice(
    portal: Portal, browser: Browser, monkeypatch: pytest.MonkeyPatch, *, at_once: bool
) -> None:
    """The second of a double click says what the first did, also when it was read before the first had done it."""
    page, answers = question(browser, "zoe"), []

    def first(form: VersionForm) -> int:
        monkeypatch.undo()
        answers.append(browser.submit_page(page))
        return seen_version(form)

    if at_once:
        monkeypatch.setattr(withhold, "seen_version", first)
    else:
        answers.append(browser.submit_page(page))
    answers.append(browser.submit_page(page))
    assert [answer.status for answer in answers] == [303, 303]
    assert "De leerling wordt niet meer gedeeld met Snappet." in browser.follow(answers[-1]).text
    assert found(browser.get(PAGE)) == ["Zoë de Bruijn"]


def test_pages_that_are_not_there(portal: Portal, browser: Browser) -> None:
    """Of a koppeling without data or an ended one, of another school, of who is no leerling of this vestiging."""
    with portal.database.reading() as connection:
        ids = dict(map(tuple, connection.execute(sa.select(persoon.c.key, persoon.c.id))))
    assert browser.get(f"{PAGE}/{ids['101']}").status == 200
    for path in (f"{PAGE}/{ids['201']}", f"{PAGE}/999999", f"{SCHOOL}/koppeling/9/niet-delen"):
        assert browser.get(path).status == 404
    page = browser.get(f"{PAGE}/{ids['101']}")
    assert browser.post(f"{PAGE}/{ids['201']}", page.fields()).status == 404
    assert portal.browser("andere").get(PAGE).status == 404
    assert portal.browser("operator").get(PAGE).status == 404
    assert portal.browser("bestuur").get(PAGE).status == 200
    browser.submit(f"{SCHOOL}/activeren/toetsplein", naam="A", akkoord="ja", actie="gereed")
    assert browser.get(f"{SCHOOL}/koppeling/3/niet-delen").status == 404
    assert "niet-delen" not in browser.get(f"{SCHOOL}/koppeling/3").body
    browser.submit(f"{KOPPELING}/beeindigen")
    for path in (PAGE, f"{PAGE}/{ids['101']}"):
        assert browser.get(path).location == KOPPELING
    assert "niet-delen" not in browser.get(KOPPELING).body


def test_many_with_one_name(portal: Portal, browser: Browser) -> None:
    """A search that finds too many shows the first of them, and says so."""
    many = [Leerling(f"k{number}", eckid(100 + number), f"Jansen {number:02}", roepnaam="Jo") for number in range(60)]
    import_dataset(portal.database, make_dataset(many, brin6="21QW00", schooljaar=YEAR), moment=MOMENT)
    page = search(browser, "jansen")
    assert len(found(page)) == 50
    assert "Er zijn er meer. Vul meer van de naam in." in page.text
    assert "Er zijn er meer" not in search(browser, "jansen 07").text
