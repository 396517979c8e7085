"""The page *Schooljaar*: what the koppelingen will get of the next school year, releasing it, and taking that back."""

from datetime import UTC, datetime

import pytest
from support import messages
from support.edexml_files import make_dataset, to_edexml
from support.messages import school_element
from support.portal_browser import SCHOOL, Browser, Portal
from support.school_builder import CODE
from support.wsgi import call

from uwlr_adapter.administratie.importing import importer
from uwlr_adapter.administratie.sources.edexml import edexml
from uwlr_adapter.contract.dataset import Groep, Leerling

PAGE = f"{SCHOOL}/schooljaar"
NEXT = "2027-2028"


@pytest.fixture
def browser(portal: Portal) -> Browser:
    """Return a school that has laid out the next year, with Snappet activated."""
    for schooljaar in ("2026-2027", NEXT):
        dataset = make_dataset(
            [Leerling("1", roepnaam="Jo", groep="g"), Leerling("2", roepnaam="Mo", groep="g")],
            groepen=[Groep("groep", "g", "4A", "4")],
            schooljaar=schooljaar,
        )
        options = importer.ImportOptions(portal.clock())
        importer.import_deliveries(portal.database, [edexml.read(to_edexml(dataset))], options)
    browser = portal.browser("school")
    page = browser.submit(
        f"{SCHOOL}/activeren/snappet", naam="A. de Vries", akkoord="ja", verificatiecode=CODE, actie="gereed"
    )
    assert page.status == 200
    return browser


def has_data(portal: Portal) -> bool:
    """Fetch the next year as Snappet, and return whether there are data."""
    header = messages.header(key=CODE, klantcode="een-klantcode-van-Snappet", klantnaam="Snappet")
    body = messages.body(schooljaar=NEXT, school=school_element("21QW00"))
    answer = call(portal.app, messages.envelope(body, header)).body
    assert (b"<leerlingen>" in answer) is not (b"geengegevens" in answer)
    return b"<leerlingen>" in answer


def test_the_page_says_what_goes_and_when(browser: Browser) -> None:
    """Numbers, the koppelingen that get them, and the day on which it goes by itself; reached from the menu."""
    assert f'href="{PAGE}"' in browser.get(SCHOOL).body
    page = browser.get(PAGE)
    assert page.h1 == f"Schooljaar {NEXT}"
    for part in ("nog niet vrijgegeven", "Op 1 juli 2027 wordt het vanzelf gedeeld", "2 leerlingen", "1 groep"):
        assert part in page.text
    assert "Deze koppelingen kunnen het ophalen: Snappet." in page.text


def test_release_and_take_back(portal: Portal, browser: Browser) -> None:
    """Each asks first, and counts from the click on; the journaal has both."""
    assert not has_data(portal)
    question = browser.get(f"{PAGE}/vrijgeven")
    assert question.h1 == f"Schooljaar {NEXT} vrijgeven?"
    assert "2 leerlingen" in question.text
    assert not has_data(portal)
    done = browser.follow(browser.submit_page(question))
    assert f"Het schooljaar {NEXT} is vrijgegeven." in done.text
    assert has_data(portal)
    question = browser.get(f"{PAGE}/terugnemen")
    assert "Op 1 juli wordt het vanzelf gedeeld." in question.text
    done = browser.follow(browser.submit_page(question))
    assert "is niet meer vrijgegeven" in done.text
    assert not has_data(portal)
    journaal = browser.get(f"{SCHOOL}/journaal?uitkomst=handeling")
    assert f"Het schooljaar {NEXT} is vrijgegeven." in journaal.text
    assert f"Het schooljaar {NEXT} is niet meer vrijgegeven." in journaal.text


def test_in_july_it_is_released_by_itself(portal: Portal, browser: Browser) -> None:
    """The school can still take it back until it begins."""
    portal.clock.moment = datetime(2027, 7, 2, 9, tzinfo=UTC)
    browser = portal.browser("school")
    assert "is vrijgegeven" in browser.get(PAGE).text
    question = browser.get(f"{PAGE}/terugnemen")
    assert "Op 1 augustus 2027 begint het schooljaar" in question.text
    browser.submit_page(question)
    assert "Op 1 augustus 2027 wordt het vanzelf gedeeld" in browser.get(PAGE).text
    assert not has_data(portal)


@pytest.mark.parametrize("act", ["vrijgeven", "terugnemen"])
def test_a_page_of_another_moment_does_nothing(portal: Portal, browser: Browser, act: str) -> None:
    """Two people at once, and a page of before 1 August: the second is told how it is."""
    if act == "terugnemen":
        browser.submit(f"{PAGE}/vrijgeven")
    first, second = browser.get(f"{PAGE}/{act}"), browser.get(f"{PAGE}/{act}")
    browser.submit_page(first)
    again = browser.follow(browser.submit_page(second)).text
    done = "is vrijgegeven. De koppelingen" if act == "vrijgeven" else "is niet meer vrijgegeven. De koppelingen"
    assert done in again  # the form was sent twice: the second time says the same
    late = portal.browser("collega")
    told = late.follow(late.post(second.path, {**second.fields(), **late.get(SCHOOL + "/meldingen").fields(0)}))
    assert "vrijgegeven. Op 25 november 2026 om 10:30 uur: Het schooljaar" in told.text
    assert "vrijgegeven. Door A. de Vries (school)." in told.text
    page = browser.post(f"{PAGE}/{act}", {**second.fields(), "schooljaar": "2026-2027"})
    assert "Alleen het volgende schooljaar" in browser.follow(page).text


def test_nothing_to_release(portal: Portal) -> None:
    """A year that is not laid out has no button, and the question leads back."""
    browser = portal.browser("school")
    page = browser.get(PAGE)
    assert "nog niets ingedeeld" in page.text
    assert "vrijgeven" not in {link.rpartition("/")[2] for link in page.tree.xpath("//main//a/@href")}
    for act in ("vrijgeven", "terugnemen"):
        assert browser.get(f"{PAGE}/{act}").location == PAGE
