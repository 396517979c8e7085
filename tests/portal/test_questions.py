"""Vragen in the portal: who was delivered beside who is known, what an answer changes, and who may give it when."""

import re

import pytest
import sqlalchemy as sa
from support import messages
from support.edexml_files import eckid, make_dataset
from support.imports import import_dataset
from support.messages import school_element
from support.portal_browser import CODE, MOMENT, SCHOOL, Browser, Page, Portal
from support.wsgi import call

from uwlr_adapter.administratie.importing import batches, questions
from uwlr_adapter.contract.dataset import Groep, Leerkracht, Leerling
from uwlr_adapter.journaal.model import Act
from uwlr_adapter.journaal.tables import journaal

PAGE = f"{SCHOOL}/vragen"
YEAR = "2026-2027"
NAME = "<b>Mol</b>"
JAN = Leerling("1", eckid(1), "Haas", roepnaam="Jan", geboortedatum="2018-01-01", groep="g3")
FATIMA = Leerling("1", eckid(2), NAME, roepnaam="Fatima", geboortedatum="2018-02-03", groep="g4")
"""Another child, under the key of Jan."""
PIET = Leerling("2", eckid(3), "Das", roepnaam="Piet", geboortedatum="2018-03-03", groep="g3")
GROEPEN = (Groep("groep", "g3", "3 Vos", "3"), Groep("groep", "g4", "4 Uil", "4"))


def deliver(portal: Portal, *leerlingen: Leerling, brin6: str = "21QW00", leerkracht: Leerkracht | None = None) -> None:
    """Import what a school delivers, at the moment of the clock."""
    leerkrachten = () if leerkracht is None else (leerkracht,)
    dataset = make_dataset(leerlingen, groepen=GROEPEN, leerkrachten=leerkrachten, brin6=brin6, schooljaar=YEAR)
    import_dataset(portal.database, dataset, moment=portal.clock(), actor="cli:proef")


@pytest.fixture
def browser(portal: Portal) -> Browser:
    """Return a school with one question and with Snappet activated."""
    deliver(portal, JAN, PIET)
    portal.clock.advance(hours=1)
    deliver(portal, FATIMA, PIET)
    browser = portal.browser("school")
    fields = {"naam": "A", "akkoord": "ja", "verificatiecode": CODE, "actie": "gereed"}
    browser.follow(browser.submit(f"{SCHOOL}/activeren/snappet", **fields))
    return browser


def answered(portal: Portal) -> set[tuple[str, str, str]]:
    """Fetch, and return key, last digit of the ECK-iD and roepnaam of each leerling."""
    header = messages.header(key=CODE, klantcode="een-klantcode-van-Snappet", klantnaam="Snappet")
    body = messages.body(schooljaar=YEAR, school=school_element("21QW00"))
    answer = call(portal.app, messages.envelope(body, header)).body.decode()
    rows = re.findall(r'<leerling key="([^"]*)"[^>]*?eckid="[^"]*(.)".*?<roepnaam>(.*?)</roepnaam>', answer, re.DOTALL)
    return set(rows)


def ids(portal: Portal, brin6: str = "21QW00") -> list[int]:
    """Return the ids of the open questions of a vestiging."""
    with portal.database.reading() as connection:
        return [one.id for one in questions.of_vestiging(connection, brin6)]


def rows(page: Page) -> list[list[str]]:
    """Return the text of each row of the first table."""
    found = page.tree.xpath("(//table)[1]/tbody/tr")
    return [["".join(cell.itertext()).strip() for cell in row] for row in found]


def choose(browser: Browser, sentence: str) -> Page:
    """Open the questions, and follow the first choice that begins so."""
    (path, *_) = browser.get(PAGE).tree.xpath(f"//a[starts-with(normalize-space(), '{sentence}')]/@href")
    return browser.get(path)


IS_JAN, IS_PIET = ("1", eckid(1)[-1], "Jan"), ("2", eckid(3)[-1], "Piet")


def test_a_question_shows_both_sides(portal: Portal, browser: Browser) -> None:
    """Why and since when it is asked, and who is answered meanwhile; an ECK-iD is not shown."""
    overview = browser.get(SCHOOL)
    assert "Er is 1 vraag over leerlingen." in overview.text
    assert overview.tree.xpath(f"//a[@href='{PAGE}']")
    page = browser.get(PAGE)
    assert page.h1 == "Vragen over leerlingen"
    assert rows(page) == [
        ["Aangeleverd", "Fatima", NAME, "03-02-2018", f"4 Uil ({YEAR})", "1", "ingevuld"],
        ["Al bekend", "Jan", "Haas", "01-01-2018", f"3 Vos ({YEAR})", "dezelfde", "een ander"],
    ]
    for text in (
        f"Wie is Fatima {NAME}?",
        "De sleutel of het ECK-iD is van een leerling met een andere naam of geboortedatum.",
        "Anders dan bekend: roepnaam, achternaam en geboortedatum.",
        f"Gevraagd sinds 25 november 2026, over schooljaar {YEAR}.",
        "Tot u antwoordt, krijgen leerplatforms Jan Haas met de gegevens van daarvoor, en wat nu is aangeleverd niet.",
    ):
        assert text in page.text
    assert NAME not in page.body
    assert "Fatima" not in page.tree.findtext(".//title")
    assert eckid(1) not in page.body
    assert eckid(2) not in page.body
    assert answered(portal) == {IS_JAN, IS_PIET}


def test_a_new_leerling(portal: Portal, browser: Browser) -> None:
    """The page says what changes before anything does; then it is so, until the answer is taken back."""
    asked = ids(portal)
    page = choose(browser, "Het is een nieuwe leerling")
    assert page.h1 == "Is het een nieuwe leerling?"
    for text in (
        f"In schooljaar {YEAR}: 1 leerling komt erbij en 1 leerling gaat weg.",
        f"Fatima {NAME} komt erbij.",
        "Jan Haas gaat weg.",
        "Een leerplatform verwijdert wie ontbreekt",
    ):
        assert text in page.text
    assert NAME not in page.body
    assert "Fatima" not in page.tree.findtext(".//title")
    assert (ids(portal), answered(portal)) == (asked, {IS_JAN, IS_PIET})
    done = browser.follow(browser.submit_page(page))
    assert "De vraag is beantwoord." in done.text
    assert "Er zijn geen vragen." in done.text
    assert "vraag over" not in browser.get(SCHOOL).text
    ((key, *fatima),) = answered(portal) - {IS_PIET}
    assert fatima == [eckid(2)[-1], "Fatima"]
    assert key != "1"
    with portal.database.writing() as connection:
        newest, *_ = batches.find_all(connection, "21QW")
        batches.undo(connection, newest.id, MOMENT)
    assert (ids(portal), answered(portal)) == (asked, {IS_JAN, IS_PIET})


def test_the_same_leerling(portal: Portal, browser: Browser) -> None:
    """What differs is a correction, with the new name beside the old one; the source does not ask again."""
    page = choose(browser, "Het is dezelfde leerling")
    assert page.h1 == "Is het dezelfde leerling?"
    assert f"In schooljaar {YEAR}: 1 leerling verandert." in page.text
    fields = "ECK-iD, achternaam, roepnaam, geboortedatum en groep"
    assert f"Jan Haas wordt Fatima {NAME}: ander gegeven bij {fields}." in page.text
    assert "verwijdert wie ontbreekt" not in page.text
    assert browser.submit_page(page).location == PAGE
    assert answered(portal) == {("1", eckid(2)[-1], "Fatima"), IS_PIET}
    deliver(portal, FATIMA, PIET)
    assert ids(portal) == []


def test_the_journaal_has_the_answer(portal: Portal, browser: Browser) -> None:
    """With who gave it, and without a name of a child."""
    browser.submit_page(choose(browser, "Het is een nieuwe leerling"))
    page = browser.get(f"{SCHOOL}/journaal?uitkomst=handeling")
    assert "De vraag wie een leerling of leerkracht is, is beantwoord." in page.text
    assert "Fatima" not in page.text
    with portal.database.reading() as connection:
        query = sa.select(journaal.c.actor).where(journaal.c.act == Act.QUESTION_ANSWERED)
        assert list(connection.scalars(query)) == ["school"]


def test_a_colleague_answered_first(portal: Portal, browser: Browser) -> None:
    """The second one is told that the question is not there, and changes nothing."""
    page = choose(browser, "Het is een nieuwe leerling")
    colleague = portal.browser("collega")
    assert colleague.submit_page(choose(colleague, "Het is dezelfde leerling")).status == 303
    after = answered(portal)
    late = browser.submit_page(page)
    assert (late.status, late.h1) == (404, "Deze vraag is er niet")
    assert "De vraag is al beantwoord" in late.text
    assert (
        "Het laatste wat er met de gegevens van deze vestiging gebeurde: op 25 november 2026 om 11:30 uur: De vraag "
        "wie een leerling of leerkracht is, is beantwoord. Door B. Bakker (collega)."
    ) in late.text
    assert answered(portal) == after


def test_an_answer_that_is_sent_twice(portal: Portal, browser: Browser) -> None:
    """The second of a double click says what the first did, and does nothing."""
    page = choose(browser, "Het is een nieuwe leerling")
    assert browser.submit_page(page).location == PAGE
    after = answered(portal)
    assert "De vraag is beantwoord." in browser.follow(browser.submit_page(page)).text
    assert answered(portal) == after
    deliver(portal, FATIMA, PIET._replace(groep="g4"))
    assert browser.submit_page(page).status == 404


def test_the_records_changed_meanwhile(portal: Portal, browser: Browser) -> None:
    """Nothing is done but what was shown: the page is shown again, and counts then."""
    page = choose(browser, "Het is een nieuwe leerling")
    deliver(portal, FATIMA, PIET._replace(groep="g4"))
    again = browser.submit_page(page)
    assert again.status == 409
    assert "Er is niets gedaan De gegevens zijn intussen gewijzigd." in again.text
    assert "uur: De gegevens van de school zijn ingelezen, en er is iets in gewijzigd. Door de beheer" in again.text
    assert IS_JAN in answered(portal)
    assert browser.submit_page(again).status == 303
    assert ids(portal) == []


def test_a_question_that_the_source_took_away(portal: Portal, browser: Browser) -> None:
    """It is not there any more."""
    page = choose(browser, "Het is een nieuwe leerling")
    deliver(portal, JAN, PIET)
    assert browser.submit_page(page).status == 404
    assert browser.get(page.path).status == 404
    assert answered(portal) == {IS_JAN, IS_PIET}


def test_a_question_of_another_vestiging(portal: Portal, browser: Browser) -> None:
    """Is the page of one that is not there, for looking and for answering, within the school as well."""
    for brin6 in ("30AB00", "21QW01"):
        deliver(portal, JAN._replace(key="8", eckid=None), brin6=brin6)
        deliver(portal, FATIMA._replace(key="8", eckid=None), brin6=brin6)
        (foreign,) = ids(portal, brin6)
        absent, page = browser.get(f"{PAGE}/999999999/nieuw"), browser.get(f"{PAGE}/{foreign}/nieuw")
        assert (page.status, page.text) == (404, absent.text)
        fields = choose(browser, "Het is een nieuwe leerling").fields()
        for version in range(9):
            assert browser.post(f"{PAGE}/{foreign}/nieuw", {**fields, "versie": str(version)}).status == 404
        assert ids(portal, brin6) == [foreign]
        assert "1 vraag over" in browser.get(SCHOOL).text
    assert portal.browser("andere").get(PAGE).status == 404
    assert portal.browser("operator").get(PAGE).status == 404
    bestuur = portal.browser("bestuur")
    assert len(bestuur.get(PAGE).tree.xpath("//table")) == 1
    assert bestuur.get(f"/koppelingen/21QW01/vragen/{ids(portal)[0]}/nieuw").status == 404


def test_an_answer_that_is_none(portal: Portal, browser: Browser) -> None:
    """An unknown word is no page; an answer that this question cannot have leads back to the questions."""
    (id_,) = ids(portal)
    for path in (f"{PAGE}/{id_}", f"{PAGE}/{id_}/same", f"{PAGE}/{id_}/Nieuw", f"{PAGE}/x/nieuw", f"{PAGE}/0/nieuw"):
        assert browser.get(path).status == 404
    page = browser.get(f"{PAGE}/{id_}/eck-id")
    assert page.location == PAGE
    assert "Dit antwoord kan niet meer." in browser.follow(page).text
    assert ids(portal) == [id_]


def test_an_answer_beside_another_row(portal: Portal, browser: Browser) -> None:
    """A person who was delivered twice is not mixed with himself: the page says what to do."""
    deliver(portal, JAN, PIET)
    deliver(portal, JAN._replace(eckid=PIET.eckid), PIET._replace(eckid=None))
    page = choose(browser, "Het is de leerling met hetzelfde ECK-iD")
    assert page.location == PAGE
    told = browser.follow(page)
    assert "Dat kan niet: die leerling is ook nog een keer aangeleverd." in told.text
    assert len(ids(portal)) == 1
    page = choose(browser, "Het is de leerling met dezelfde sleutel")
    assert "Piet Das: ander gegeven bij ECK-iD." in page.text
    assert browser.submit_page(page).status == 303


def test_what_changes_at_another_vestiging_is_counted(portal: Portal, browser: Browser) -> None:
    """By number, without a name: the page is of one vestiging."""
    deliver(portal, JAN._replace(achternaam="Elders"), brin6="21QW01")
    page = choose(browser, "Het is dezelfde leerling")
    assert "Op vestiging 21QW01 van uw school verandert er ook iets: bij 1 persoon." in page.text
    assert "Elders" not in "".join(one.text_content() for one in page.tree.xpath("//section"))


@pytest.mark.parametrize("path", ["", "/schooljaar", "/journaal", "/koppeling/1", "/vragen", "/vragen/1/nieuw"])
def test_every_page_leads_to_the_questions(browser: Browser, path: str) -> None:
    """The menu has their number, also on a page that is not there; without a question it has nothing of it."""
    assert menu(browser.get(f"{SCHOOL}{path}")) == MENU | {"Vragen (1)"}
    (link,) = browser.get(f"{SCHOOL}{path}").tree.xpath(
        "//nav[@aria-label='Hoofdmenu']//a[starts-with(., 'Vragen')]/@href"
    )
    assert link == PAGE
    browser.follow(browser.submit(choose(browser, "Het is een nieuwe leerling").path))
    assert menu(browser.get(f"{SCHOOL}{path}")) == MENU


MENU = {"Overzicht", "Schooljaar", "Logboek", "Meldingen", "Collega's", "Resultaten"}
"""The words of the menu of a vestiging without questions."""


def menu(page: Page) -> set[str]:
    """Return the words of the menu."""
    return {link.text_content() for link in page.tree.xpath("//nav[@aria-label='Hoofdmenu']//a")}


def test_who_has_several_vestigingen_sees_where_there_are_questions(portal: Portal) -> None:
    """Beside the one that has them, and in the menu of that one only."""
    deliver(portal, PIET, brin6="21QW01")
    deliver(portal, JAN)
    deliver(portal, FATIMA)
    bestuur = portal.browser("bestuur")
    chosen = bestuur.get("/koppelingen").tree.xpath("//tbody/tr")
    assert ["1 vraag" in one.text_content() for one in chosen if "21QW00" in one.text_content()] == [True]
    assert [one for one in chosen if "1 vraag" in one.text_content() and "21QW00" not in one.text_content()] == []
    assert "Vragen (1)" in menu(bestuur.get(SCHOOL))
    assert "Vragen" not in " ".join(menu(bestuur.get("/koppelingen/21QW01")))


def test_a_leerkracht(portal: Portal, browser: Browser) -> None:
    """Has no groep and no date of birth here, and words of its own."""
    deliver(portal, FATIMA, PIET, leerkracht=Leerkracht("m", None, "Vos", roepnaam="Noor"))
    deliver(portal, FATIMA, PIET, leerkracht=Leerkracht("m", None, "Beer", roepnaam="Bas"))
    assert "Er zijn 2 vragen over leerlingen en leerkrachten." in browser.get(SCHOOL).text
    page = choose(browser, "Het is een nieuwe leerkracht")
    assert rows(page) == [
        ["Aangeleverd", "Bas", "Beer", "m", "geen"],
        ["Al bekend", "Noor", "Vos", "dezelfde", "geen"],
    ]
    assert "1 leerkracht komt erbij en 1 leerkracht gaat weg" in page.text
    assert browser.submit_page(page).status == 303
    assert "van een leerkracht met een andere naam." not in browser.get(PAGE).text


def test_who_has_no_name_and_no_key(portal: Portal, browser: Browser) -> None:
    """The heading names the key, or says that there is none; nothing known stands beside it."""
    nameless = Leerling("5", None, ".", groep="g3")
    deliver(portal, FATIMA, PIET, nameless, nameless._replace(key="#1", eckid=eckid(8)))
    page = browser.get(PAGE)
    assert "Wie is de leerling met sleutel 5?" in page.text
    assert "Wie is de leerling zonder sleutel?" in page.text
    assert "Er is geen naam aangeleverd." in page.text
    assert "Tot u antwoordt, krijgen leerplatforms niet wat hier is aangeleverd." in page.text
    assert browser.submit_page(choose(browser, "Het is een nieuwe leerling: de leerling zonder sleutel")).status == 303
