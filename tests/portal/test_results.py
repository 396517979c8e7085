"""Resultaten in the portal: messages, taking back, what was not processed, a leerling over time, a groep per toets."""

import re
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask, g
from support.edexml_files import eckid, make_dataset
from support.imports import import_dataset
from support.journaal import write_entries
from support.portal_browser import CODE, MOMENT, SCHOOL, Browser, Page, Portal
from support.result_bench import Sent
from support.sent_results import OSO, send_results, toets

from uwlr_adapter.administratie.importing import forget
from uwlr_adapter.administratie.result_tables import resultaat
from uwlr_adapter.administratie.tables import persoon
from uwlr_adapter.contract.dataset import Groep, Leerling
from uwlr_adapter.gebruikers.tables import gebruiker, gebruiker_vestiging
from uwlr_adapter.journaal.model import TAKEN, ResultCounts, VerzoekEntry
from uwlr_adapter.journaal.tables import journaal
from uwlr_adapter.koppelingen import actions, store
from uwlr_adapter.portal.paths import PREFIX
from uwlr_adapter.resultaten.standing import GroepScope

RESULTATEN = f"{SCHOOL}/resultaten"
GROEP = "schooljaar=2026-2027&groep"
GROEPEN = [Groep("groep", "g1", "1a", "1"), Groep("groep", "g2", "2b", "2")]
ZOE = Leerling("101", eckid(1), "de Bruijn", roepnaam="Zoë", geboortedatum="2018-03-14", groep="g1")
BO = Leerling("102", eckid(2), "Bos", voorvoegsel="van den", roepnaam="Bo", geboortedatum="2018-05-05", groep="g1")
AMIR = Leerling("103", eckid(3), "الفارسي", roepnaam="أمير", geboortedatum="2018-06-06", groep="g1")
JO = Leerling("104", eckid(4), "Jansen", roepnaam="Jo", geboortedatum="2018-07-07", groep="g2")


def bring(portal: Portal, *leerlingen: Leerling, brin6: str = "21QW00") -> None:
    """Import a year."""
    dataset = make_dataset(leerlingen, groepen=GROEPEN, brin6=brin6, schooljaar="2026-2027")
    import_dataset(portal.database, dataset, moment=portal.clock.moment)


@pytest.fixture
def browser(portal: Portal) -> Browser:
    """Return a school with four leerlingen in two groepen, one elsewhere, and a koppeling with Snappet."""
    bring(portal, ZOE, BO, AMIR, JO)
    bring(portal, Leerling("201", eckid(9), "Elders", roepnaam="Zoë", geboortedatum="2018-01-01"), brin6="21QW01")
    browser = portal.browser("school")
    done = browser.submit(f"{SCHOOL}/activeren/snappet", naam="A", akkoord="ja", verificatiecode=CODE, actie="gereed")
    assert done.status == 200
    return browser


def person(portal: Portal, key: str) -> int:
    """Return the id of a leerling."""
    with portal.database.reading() as connection:
        found: int = connection.scalars(sa.select(persoon.c.id).where(persoon.c.key == key)).one()
    return found


def give(portal: Portal, *sent: Sent, minutes: int = 0, **more: object) -> int:
    """Send a message so many minutes after the moment, and return its id."""
    about: dict[str, Any] = {"toetsen": [toets()], **more}
    return send_results(portal.database, MOMENT + timedelta(minutes=minutes), *sent, **about).message_id


def table(page: Page) -> list[list[str]]:
    """Return the cells of the rows of the first table of a page."""
    rows = page.tree.xpath("(//main//table)[1]/tbody/tr")
    return [[" ".join(cell.text_content().split()) for cell in row.xpath("./th | ./td")] for row in rows]


def test_the_messages(portal: Portal, browser: Browser) -> None:
    """The newest first: when, from whom, of how many, and what became of each result."""
    give(portal, Sent("101", "a", 3), Sent("102", "b", 9), Sent("999", "c", 1))
    give(portal, Sent("101", "a", 6), Sent("102", "b", 9), minutes=1)
    page = browser.get(RESULTATEN)
    assert page.h1 == "Resultaten"
    assert [row[:7] for row in table(page)] == [
        ["25-11-2026 10:31", "Snappet", "2026-2027", "2", "1 gewijzigd, 1 gelijk", "geen", "Aangenomen"],
        ["25-11-2026 10:30", "Snappet", "2026-2027", "2", "2 nieuw", "1", "Aangenomen"],
    ]


def test_the_messages_are_chosen(portal: Portal, browser: Browser) -> None:
    """By platform and by period, both days included; a wrong field is told and shows nothing."""
    give(portal, Sent("101", "a", 3))
    day = f"{MOMENT:%Y-%m-%d}"
    for query, rows in (
        (f"van={day}&tot={day}", 1),
        ("tot=2026-11-24", 0),
        ("van=2026-11-26", 0),
        ("platform=1", 1),
        ("van=morgen", 0),
        ("platform=999", 0),
    ):
        page = browser.get(f"{RESULTATEN}?{query}")
        assert page.status == 200
        assert len(table(page)) == rows, query


def test_the_messages_by_page(portal: Portal, browser: Browser) -> None:
    """Fifty on a page, and the older ones behind it."""
    for number in range(52):
        give(portal, Sent("101", f"a{number}", 3), minutes=number)
    page = browser.get(RESULTATEN)
    assert len(table(page)) == 50
    (older,) = page.tree.xpath("//main//nav[@aria-label='Bladeren']/a/@href")
    assert len(table(browser.get(older))) == 2


def test_what_a_message_brought(portal: Portal, browser: Browser) -> None:
    """Per leerling what came and what it changed, in the words of the norm that came with it."""
    give(portal, Sent("101", "a", 3), Sent("101", "b", 7, onderdeel="A"))
    second = give(portal, Sent("101", "a", 6), Sent("102", "c", 10, onderdeel="B"), minutes=1)
    page = browser.get(f"{RESULTATEN}/bericht/{second}")
    assert page.h1 == f"Bericht {second} van Snappet"
    assert table(page) == [
        ["Zoë de Bruijn, 1a"],
        [
            "Rekenen blok 1",
            "Totaal",
            "01-11-2026",
            "eerst: 3 → nu: 6",
            "voldoende (op niveau), schoolcijfer 5,5 tot en met 8,0",
            "Gewijzigd Geschiedenis van Rekenen blok 1, Totaal",
        ],
        ["Bo van den Bos, 1a"],
        ["Rekenen blok 1", "Meten", "01-11-2026", "10", "goed, schoolcijfer 9", "Nieuw"],
    ]
    assert "Schuin gedrukt is tekst van Snappet zelf." in page.text


def asked(portal: Portal, browser: Browser, path: str) -> int:
    """Return how many statements a page takes."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    engine = portal.app._database.engine  # noqa: SLF001 - to see what it asks
    sa.event.listen(engine, "before_cursor_execute", note)
    assert browser.get(path).status == 200
    sa.event.remove(engine, "before_cursor_execute", note)
    return len(statements)


def test_a_large_message(portal: Portal, browser: Browser) -> None:
    """Its results stand on pages; however many there are, a page asks the database the same number of questions."""
    big = give(portal, *(Sent("101", f"a{number}", 3, onderdeel="A") for number in range(120)))
    small = give(portal, Sent("101", "b", 3), minutes=1)
    assert asked(portal, browser, f"{RESULTATEN}/bericht/{big}") == asked(
        portal, browser, f"{RESULTATEN}/bericht/{small}"
    )
    path: str | None = f"{RESULTATEN}/bericht/{big}"
    seen = 0
    while path:
        page = browser.get(path)
        seen += sum(len(row) > 1 for row in table(page))
        path = next(iter(page.tree.xpath("//a[text()='Volgende resultaten']/@href")), None)
    assert seen == 120


@pytest.mark.parametrize(
    ("infourl", "host"),
    [
        ("https://snappet.nl/r?x=1#2", "snappet.nl"),
        ("HTTP://a.nl", "a.nl"),
        ("javascript:alert(1)", None),
        ("https://goed.nl@kwaad.example/", None),
        ("https://kwaad.example\\@goed.nl/", None),
        ("https://goed.nl/ onclick=x", None),
        ("//kwaad.example", None),
        ("https://ｇoed.nl/", None),
        ("<script>alert(1)</script>", None),
    ],
)
def test_a_link_of_a_platform(portal: Portal, browser: Browser, infourl: str, host: str | None) -> None:
    """Becomes one only when it is of http or https and every browser reads the same host, which is shown."""
    message = give(portal, Sent("101", "a", 3, infourl=infourl))
    page = browser.get(f"{RESULTATEN}/bericht/{message}")
    found = page.tree.xpath("//a[starts-with(normalize-space(.), 'Bekijk bij')]")
    assert [one.get("href") for one in found] == ([] if host is None else [infourl])
    if host is not None:
        assert found[0].text_content().startswith(f"Bekijk bij {host}")
        assert found[0].get("rel") == "noopener noreferrer"
    else:
        assert infourl.split(maxsplit=1)[0] in page.tree.text_content()
    assert not page.tree.xpath("//main//script")


def test_texts_of_a_platform_are_text(portal: Portal, browser: Browser) -> None:
    """Markup in the name of a toets, of a part, of a term or in a leerlingid is shown as it came."""
    nasty = "<b onclick=x>'\"&{{7*7}}"
    made = toets(naam=nasty, onderdelen=(nasty,))
    message = give(portal, Sent("101", "a", 3, onderdeel="A"), Sent(nasty, "b", 1), toetsen=[made])
    (path,) = browser.get(f"{RESULTATEN}/leerling/{person(portal, '101')}").tree.xpath("//td[@class='acties']/a/@href")
    for page in (
        browser.get(f"{RESULTATEN}/bericht/{message}"),
        browser.get(f"{RESULTATEN}/niet-verwerkt"),
        browser.get(path),
    ):
        assert nasty in page.tree.text_content()
        assert not page.tree.xpath("//b | //*[@onclick]")


def take_back(browser: Browser, message: int, what: str = "terugnemen") -> Page:
    """Confirm an act on a message, and return the page after it."""
    return browser.follow(browser.submit(f"{RESULTATEN}/bericht/{message}/{what}"))


def acts(portal: Portal) -> list[tuple[str, str]]:
    """Return the acts on results in the journaal, with their remarks."""
    own = journaal.c
    query = sa.select(own.act, own.remarks).where(own.act.like("resultaten %")).order_by(own.id)
    with portal.database.reading() as connection:
        return [tuple(row) for row in connection.execute(query)]


def test_taking_back_and_putting_back(portal: Portal, browser: Browser) -> None:
    """The question says what will stand; the act stands in the journaal with counts alone; the undo is the reverse."""
    give(portal, Sent("101", "a", 3), Sent("102", "b", 9))
    second = give(portal, Sent("101", "a", 6), Sent("101", "c", 2, onderdeel="A"), minutes=1)
    give(portal, Sent("101", "c", 4, onderdeel="A"), minutes=2)
    text = browser.get(f"{RESULTATEN}/bericht/{second}/terugnemen").text
    assert "1 resultaat van 1 leerling uit dit bericht geldt dan niet meer." in text
    assert "Bij 1 daarvan geldt dan weer wat Snappet eerder stuurde." in text
    assert "1 ander resultaat uit dit bericht is sindsdien vervangen; dat blijft zo." in text
    page = take_back(browser, second)
    assert "Het bericht is teruggenomen." in page.text
    assert [row[3] for row in table(page)[1:]] == ["eerst: 3 → teruggenomen: 6", "teruggenomen: 2"]
    assert [one.text_content().split()[-1] for one in page.tree.xpath("//td//del")] == ["6", "2"]
    assert "Op 25 november 2026 om 10:30 uur teruggenomen door A. de Vries (school)." in page.text
    assert "Teruggenomen" in browser.get(RESULTATEN).text
    assert latest(portal, browser, "101")["Totaal"] == "3"
    text = browser.get(f"{RESULTATEN}/bericht/{second}/terugzetten").text
    assert "Bij 1 daarvan vervangt dat wat nu geldt." in text
    assert "Het bericht is teruggezet" in take_back(browser, second, "terugzetten").text
    assert latest(portal, browser, "101")["Totaal"] == "6"
    counts = f"bericht={second} resultaten=1 leerlingen=1"
    assert acts(portal) == [("resultaten teruggenomen", counts), ("resultaten teruggezet", counts)]
    told = browser.get(f"{SCHOOL}/journaal").text
    assert f"De resultaten uit bericht {second} zijn teruggenomen (resultaten: 1, leerlingen: 1)." in told


def latest(portal: Portal, browser: Browser, key: str) -> dict[str, str]:
    """Return the value of each part on the page of the first toets of a leerling."""
    page = browser.get(f"{RESULTATEN}/leerling/{person(portal, key)}")
    (path,) = page.tree.xpath("//td[@class='acties']/a/@href")
    return {row[0]: row[2] for row in table(browser.get(path))}


def test_a_message_in_the_logboek(portal: Portal, browser: Browser) -> None:
    """What came was not fetched; the choice of what went well holds both."""
    with portal.database.writing() as connection:
        for operation, outcome in (("HaalLeerlinggegevens", "leerlinggegevens"), ("BrengLeerresultaten", TAKEN)):
            line = VerzoekEntry(
                MOMENT, operation, 1, outcome=outcome, results=ResultCounts(2, 0, 0, 0, 0), leerlingen=1
            )
            line.koppeling_id, line.brin6 = 1, "21QW00"
            write_entries(connection, line)
    for query in ("", "?uitkomst=gelukt"):
        page = browser.get(f"{SCHOOL}/journaal{query}")
        assert [one.text for one in page.tree.xpath("//tbody//span[contains(@class, 'goed')]")] == [
            "Gekomen",
            "Opgehaald",
        ]
        assert ";Gekomen;" in browser.get(f"{SCHOOL}/journaal.csv{query}").body
    assert "wie wanneer gegevens heeft opgehaald, en wie resultaten stuurde" in page.text


def test_nothing_to_take_back(portal: Portal, browser: Browser) -> None:
    """A message that brought nothing new offers no act: what it said stands by an earlier one."""
    first = give(portal, Sent("101", "a", 3))
    second = give(portal, Sent("101", "a", 3), minutes=1)
    offered = [
        browser.get(f"{RESULTATEN}/bericht/{one}").tree.xpath("//a[text()='Terugnemen']") for one in (first, second)
    ]
    assert [len(one) for one in offered] == [1, 0]


def test_an_act_that_is_sent_twice(portal: Portal, browser: Browser) -> None:
    """Is done once, and the second time says the same; a colleague is told who did it."""
    message = give(portal, Sent("101", "a", 3))
    path = f"{RESULTATEN}/bericht/{message}/terugnemen"
    colleague = portal.browser("collega")
    own, theirs = browser.get(path), colleague.get(path)
    for _ in range(2):
        assert "Het bericht is teruggenomen." in browser.follow(browser.submit_page(own)).text
    text = colleague.follow(colleague.submit_page(theirs)).text
    assert "Dit bericht was al teruggenomen. Op 25 november 2026 om 10:30 uur:" in text
    assert "Door A. de Vries (school)." in text
    assert len(acts(portal)) == 1
    assert browser.get(path).status == 303


def test_an_act_on_what_changed_meanwhile(portal: Portal, browser: Browser) -> None:
    """Does nothing and asks again when another message came in between, or the form was tampered with."""
    message = give(portal, Sent("101", "a", 3))
    page = browser.get(f"{RESULTATEN}/bericht/{message}/terugnemen")
    give(portal, Sent("101", "a", 6), minutes=1)
    again = browser.submit_page(page)
    assert again.status == 409
    assert "Er is intussen iets veranderd. Er is niets gedaan" in again.text
    assert "Er verandert niets" in again.text
    assert browser.submit_page(again, gezien="").status == 409
    assert acts(portal) == []
    assert browser.submit_page(again).status == 303


def test_a_message_of_another_school(portal: Portal, browser: Browser) -> None:
    """Is no page here, and cannot be taken back; nor is a leerling of another vestiging."""
    bring(portal, Leerling("301", eckid(30), "Ver", roepnaam="Weg", geboortedatum="2018-01-02"), brin6="30AB00")
    theirs = give(portal, Sent("301", "a", 3), brin6="30AB00")
    beside = give(portal, Sent("201", "a", 3), brin6="21QW01")
    own = give(portal, Sent("101", "x", 3))
    fields = browser.get(f"{RESULTATEN}/bericht/{own}/terugnemen").fields()
    for message in (theirs, beside, 999):
        assert browser.get(f"{RESULTATEN}/bericht/{message}").status == 404
        assert browser.post(f"{RESULTATEN}/bericht/{message}/terugnemen", fields).status == 404
    for key in ("201", "301"):
        assert browser.get(f"{RESULTATEN}/leerling/{person(portal, key)}").status == 404
    page = browser.get(f"{RESULTATEN}/leerling/{person(portal, '101')}")
    (path,) = page.tree.xpath("//td[@class='acties']/a/@href")
    assert browser.get(path.replace(f"/{person(portal, '101')}/", f"/{person(portal, '102')}/")).status == 404


def test_not_processed(portal: Portal, browser: Browser) -> None:
    """By reason with the next step, the leerlingid as it was sent, and until when it is known."""
    with portal.database.writing() as connection:
        found = store.find(connection, 1, "21QW00")
        assert found is not None
        actions.withhold(connection, 1, found.version, person(portal, "102"), MOMENT, actor="cli:proef")
    give(portal, Sent("999", "a", 3), Sent("101", "b", 3, eckid=eckid(3)), Sent("102", "c", 3))
    page = browser.get(f"{RESULTATEN}/niet-verwerkt")
    rows = {row[2]: row for row in table(page)}
    assert rows["999"][3:] == [
        "Onbekende leerling",
        "Geen leerling van u? Meld dit bij Snappet.",
        "1",
        "25-12-2026",
    ]
    assert rows["101"][3] == "Nummer en ECK-iD van twee leerlingen"
    assert rows["102"][4] == "Vraag Snappet om deze leerling daar te verwijderen."
    for step in (
        "vraag Snappet dan om de resultaten opnieuw te sturen.",
        "Uw school deelt deze leerling niet met Snappet.",
    ):
        assert step in page.text
    assert "Bos" not in page.text
    one = browser.get(f"{RESULTATEN}/niet-verwerkt?reden=unknown")
    assert [row[2] for row in table(one)] == ["999"]
    assert "Zo'n reden is er niet" in browser.get(f"{RESULTATEN}/niet-verwerkt?reden=x").text


def test_a_leerling_over_time(portal: Portal, browser: Browser) -> None:
    """The toetsen with the last one first; in each the results by part, what may be double, and their course."""
    days = [date(2026, 9, 1), date(2026, 10, 1), date(2026, 11, 1)]
    give(portal, *(Sent("101", f"a{day}", score, afnamedatum=day) for day, score in zip(days, (2, 7, 9), strict=True)))
    give(portal, Sent("101", "x", 4, onderdeel="A"), Sent("101", "y", 5, onderdeel="A"), minutes=1)
    give(
        portal,
        Sent("101", "o", None, toetscode="T2", oso=OSO, afnamedatum=days[0]),
        minutes=2,
        toetsen=[toets("T2", "Taal", ())],
    )
    (path,) = browser.submit(f"{RESULTATEN}/leerlingen", naam="zoe").tree.xpath("//td[@class='acties']/a/@href")
    page = browser.get(path)
    assert page.h1 == "Resultaten: Zoë de Bruijn"
    assert [row[:5] for row in table(page)] == [
        ["Rekenen blok 1", "rekenen", "Snappet", "01-11-2026", "5"],
        ["Taal", "rekenen", "Snappet", "01-09-2026", "1"],
    ]
    first, second = (browser.get(link) for link in page.tree.xpath("//td[@class='acties']/a/@href"))
    assert [row[:3] for row in table(first)] == [
        ["Totaal", "01-11-2026", "9"],
        ["Totaal", "01-10-2026", "7"],
        ["Totaal", "01-09-2026", "2"],
        ["Getallen", "01-11-2026", "5"],
        ["Getallen", "01-11-2026", "4"],
    ]
    assert [row[4] for row in table(first)] == ["", "", "", "Mogelijk dubbel", "Mogelijk dubbel"]
    titles = [" ".join(one.text_content().split()) for one in first.tree.xpath("//figure//title")]
    assert titles == ["Totaal: 2 op 01-09-2026, 7 op 01-10-2026, 9 op 01-11-2026."], "two of one day are no course"
    (row,) = table(second)
    assert row[2] == (
        "vaardigheidsscore 98,20 schaal VS1 interval 94,1 tot 102 opgaven 40 goed 31 fout 9 tijd in seconden 1260,50 "
        "RS1, vergeleken met VG1 II"
    )
    assert row[3] == "", "norms are not for results of OSO"
    assert not second.tree.xpath("//figure")


def test_skills_over_time(portal: Portal, browser: Browser) -> None:
    """Skill scores of one scale make one course, whichever toets they are of."""
    for number, code in enumerate(("M3", "E3")):
        day = date(2026, 9, 1 + number)
        made = [toets(code, code, ())]
        give(portal, Sent("101", code, None, toetscode=code, oso=OSO, afnamedatum=day), minutes=number, toetsen=made)
    page = browser.get(f"{RESULTATEN}/leerling/{person(portal, '101')}")
    (title,) = page.tree.xpath("//figure//title")
    assert title.text == "Vaardigheidsscore, schaal VS1: 98,20 op 01-09-2026, 98,20 op 02-09-2026."


def test_the_versions_of_a_result(portal: Portal, browser: Browser) -> None:
    """Each with its moment and what stands; of what it said of another leerling nothing is shown."""
    give(portal, Sent("102", "a", 8))
    give(portal, Sent("101", "a", 3), minutes=1)
    third = give(portal, Sent("101", "a", 6), minutes=2)
    take_back(browser, third)
    page = browser.get(f"{RESULTATEN}/leerling/{person(portal, '101')}/resultaat/1")
    assert [(row[0], row[3], row[5]) for row in table(page)] == [
        ("3", "6", "Teruggenomen"),
        ("2", "3", "Geldt nu"),
        ("1", "stond toen bij een andere leerling", "Vervangen"),
    ]
    assert "8" not in [cell for row in table(page) for cell in row]
    assert browser.get(f"{RESULTATEN}/leerling/{person(portal, '103')}/resultaat/1").status == 404


def test_a_groep_per_toets(portal: Portal, browser: Browser) -> None:
    """Leerlingen by parts: the latest result in each cell, who has none, and how many fall under which norm."""
    give(
        portal,
        Sent("101", "a", 3, afnamedatum=date(2026, 10, 1)),
        Sent("101", "b", 6),
        Sent("101", "c", 9, onderdeel="A"),
        Sent("102", "d", 10),
        Sent("104", "e", 1),
    )
    page = browser.get(f"{RESULTATEN}/groepen")
    link = page.tree.xpath("//ul[@class='keuzes']//a/@href")[0]
    toetsen = browser.get(link)
    assert [row[:6] for row in table(toetsen)] == [["Rekenen blok 1", "rekenen", "Snappet", "01-11-2026", "2", "4"]]
    (link,) = toetsen.tree.xpath("//td[@class='acties']/a/@href")
    page = browser.get(link)
    assert page.h1 == "Groep 1a: Rekenen blok 1"
    names = [" ".join(one.text_content().split()) for one in page.tree.xpath("(//main//table)[1]/thead//th")]
    assert names == ["Leerling", "Totaal", "Getallen", "Meten"]
    rows = {row[0]: [cell.split()[0] for cell in row[1:]] for row in table(page)}
    assert rows == {
        "Zoë de Bruijn": ["6", "9", "geen"],
        "Bo van den Bos": ["10", "geen", "geen"],
        "أمير الفارسي": ["geen", "geen", "geen"],
    }
    spread = page.tree.xpath("(//table[@class='verdeling'])[1]/tbody/tr")
    assert [" ".join(one.text_content().split()) for one in spread] == [
        "onvoldoende 0",
        "voldoende 1",
        "goed 1",
        "geen resultaat 1",
    ]


def test_a_toets_with_many_parts(portal: Portal, browser: Browser) -> None:
    """Six parts stand beside each other, and the others on pages beside it."""
    made = toets(onderdelen=[f"deel {number}" for number in range(14)])
    give(portal, Sent("101", "a", 3, onderdeel="A"), Sent("101", "t", 3), toetsen=[made])
    page = browser.get(f"{RESULTATEN}/groep?schooljaar=2026-2027&groep=g1")
    (link,) = page.tree.xpath("//td[@class='acties']/a/@href")
    seen: list[str] = []
    while link:
        page = browser.get(link)
        names = [" ".join(one.text_content().split()) for one in page.tree.xpath("(//main//table)[1]/thead//th")]
        seen += names[1:]
        link = next(iter(page.tree.xpath("//a[text()='Volgende onderdelen']/@href")), None)
    assert seen == ["Totaal", *(f"deel {number}" for number in range(14))]


def test_addresses_that_name_nothing(portal: Portal, browser: Browser) -> None:
    """A groep, a year, a toets, a page or a result that is not there is no page."""
    give(portal, Sent("101", "a", 3))
    digest, here = "0" * 64, "schooljaar=2026-2027&groep=g1"
    (link,) = browser.get(f"{RESULTATEN}/groep?{here}").tree.xpath("//td[@class='acties']/a/@href")
    for path in (
        "groep",
        "groep?schooljaar=2026-2027&groep=g9",
        "groep?schooljaar=2025-2026&groep=g1",
        f"groep/toets/{digest}?{here}",
        f"leerling/1/toets/{digest}",
        "leerling/99",
        "leerling/1/resultaat/99",
        "bericht/0",
    ):
        assert browser.get(f"{RESULTATEN}/{path}").status == 404, path
    assert browser.get(f"{link}&kolom=99").status == 404
    assert browser.get(f"{link}&rij=99").status == 404
    assert browser.get(link.replace("g1", "g2")).status == 404, "nobody in that groep has a result"


def test_a_leerling_who_is_forgotten(portal: Portal, browser: Browser) -> None:
    """Is no page, and stands in no message and no groep; the counts of the message stay."""
    message = give(portal, Sent("101", "a", 3), Sent("102", "b", 9))
    number = person(portal, "101")
    with portal.database.writing() as connection:
        forget.forget(connection, "21QW", "101", MOMENT)
    assert browser.get(f"{RESULTATEN}/leerling/{number}").status == 404
    page = browser.get(f"{RESULTATEN}/bericht/{message}")
    assert "Zoë" not in page.text
    assert [row[0] for row in table(page) if len(row) == 1] == ["Bo van den Bos, 1a"]


def test_a_leerling_who_went_to_another_vestiging(portal: Portal, browser: Browser) -> None:
    """Of who is here all that was sent to the school is shown; of who was here, what was sent to this vestiging."""
    with portal.database.writing() as connection:
        gebruiker_vestiging_of(connection, "collega", "21QW01")
    past = Leerling("105", eckid(5), "Mol", roepnaam="Fay", geboortedatum="2018-08-08", groep="g1")
    import_dataset(portal.database, make_dataset([past], groepen=GROEPEN, schooljaar="2025-2026"), moment=MOMENT)
    bring(portal, Leerling("201", eckid(9), "Elders", roepnaam="Zoë", geboortedatum="2018-01-01"), past, brin6="21QW01")
    give(portal, Sent("105", "a", 1), schooljaar="2025-2026")
    give(portal, Sent("105", "b", 2), minutes=1, brin6="21QW01")
    number = person(portal, "105")
    assert table(browser.get(f"{RESULTATEN}/leerling/{number}"))[0][4] == "1"
    there = portal.browser("collega").get(f"/koppelingen/21QW01/resultaten/leerling/{number}")
    assert table(there)[0][4] == "2"
    page = browser.get(f"{RESULTATEN}/groep?schooljaar=2025-2026&groep=g1")
    assert table(page)[0][5] == "1"


def test_a_leerling_who_went_within_the_schooljaar(portal: Portal, browser: Browser) -> None:
    """The vestiging that a leerling left sees what was sent to it, though the records of the year have the leerling."""
    with portal.database.writing() as connection:
        gebruiker_vestiging_of(connection, "collega", "21QW01")
    fay = Leerling("105", eckid(5), "Mol", roepnaam="Fay", geboortedatum="2018-08-08", groep="g1")
    bring(portal, ZOE, BO, AMIR, JO, fay._replace(uitstroomdatum="2026-10-15"))
    bring(portal, fay._replace(instroomdatum="2026-10-15"), brin6="21QW01")
    give(portal, Sent("105", "a", 1), Sent("101", "c", 9))
    give(portal, Sent("105", "b", 2, afnamedatum=date(2026, 11, 3)), Sent("105", "d", 4), minutes=1, brin6="21QW01")
    number = person(portal, "105")
    assert table(browser.get(f"{RESULTATEN}/leerling/{number}"))[0][4] == "1"
    there = portal.browser("collega").get(f"/koppelingen/21QW01/resultaten/leerling/{number}")
    assert table(there)[0][4] == "3"
    groep = browser.get(f"{RESULTATEN}/groep?{GROEP}=g1")
    assert table(groep)[0][4:6] == ["2", "2"]
    (link,) = groep.tree.xpath("//td[@class='acties']/a/@href")
    assert [row[1] for row in table(browser.get(link)) if row[0] == "Fay Mol"] == ["1 onvoldoende 01-11-2026"]
    second = person_result(portal, "b")
    assert browser.get(f"{RESULTATEN}/leerling/{number}/resultaat/{second}").status == 404


def person_result(portal: Portal, key: str) -> int:
    """Return the id of a result by its key."""
    with portal.database.reading() as connection:
        found: int = connection.scalars(sa.select(resultaat.c.id).where(resultaat.c.key == key)).one()
    return found


def gebruiker_vestiging_of(connection: sa.Connection, login: str, brin6: str) -> None:
    """Have a user act for a vestiging more."""
    own = sa.select(gebruiker.c.id, sa.literal(brin6)).where(gebruiker.c.login == login)
    connection.execute(sa.insert(gebruiker_vestiging).from_select(["gebruiker_id", "brin6"], own))


def test_nothing_yet(portal: Portal, browser: Browser) -> None:
    """Each page says what to do."""
    assert "Er zijn nog geen resultaten" in browser.get(RESULTATEN).text
    assert "Kijk bij de koppeling" in browser.get(RESULTATEN).text
    assert "Er is niets blijven liggen" in browser.get(f"{RESULTATEN}/niet-verwerkt").text
    leerling = browser.get(f"{RESULTATEN}/leerling/{person(portal, '101')}").text
    assert "Van deze leerling zijn geen resultaten." in leerling
    groep = browser.get(f"{RESULTATEN}/groep?schooljaar=2026-2027&groep=g1").text
    assert "Van deze groep zijn geen resultaten." in groep
    other = portal.browser("andere").get("/koppelingen/30AB00/resultaten").text
    assert "Uw school heeft nog geen koppeling" in other


def test_no_value_in_an_address(portal: Portal, browser: Browser) -> None:
    """No link on these pages has a name, a key of a leerling, a code of a toets or a score in it."""
    message = give(portal, Sent("101", "sleutel-a", 3, toetscode="CODE-X"), toetsen=[toets("CODE-X", "Geheime naam")])
    paths, seen = (
        [RESULTATEN, f"{RESULTATEN}/bericht/{message}", f"{RESULTATEN}/groep?schooljaar=2026-2027&groep=g1"],
        [],
    )
    paths.append(f"{RESULTATEN}/leerling/{person(portal, '101')}")
    for path in paths:
        seen += browser.get(path).tree.xpath("//main//a/@href")
    assert len(seen) > 10
    assert [one for one in seen if re.search("sleutel|CODE|Geheim|Zo|101", one)] == []


def test_inzage_leads_to_results(portal: Portal, browser: Browser) -> None:
    """The page of a leerling has a link to the results of the leerling."""
    page = browser.submit(f"{SCHOOL}/inzage/{person(portal, '101')}", bevestigd="ja")
    assert page.tree.xpath(f"//main//a[@href='{RESULTATEN}/leerling/{person(portal, '101')}']")


def test_the_same_normering_is_one_scale(portal: Portal, browser: Browser) -> None:
    """Scores under different norms are not drawn as one course."""
    give(portal, Sent("101", "a", 3, afnamedatum=date(2026, 10, 1)))
    give(portal, Sent("101", "b", 3), minutes=1, toetsen=[toets(normering=None)])
    page = browser.get(f"{RESULTATEN}/leerling/{person(portal, '101')}")
    (link,) = page.tree.xpath("//td[@class='acties']/a/@href")
    assert not browser.get(link).tree.xpath("//figure")


def test_who_sees_some_groepen_only(portal: Portal, browser: Browser) -> None:
    """The pages show the leerlingen of the groepen that `guard` names, and nobody else, by any address."""
    first = give(portal, Sent("101", "a", 3), Sent("104", "b", 9))
    second = give(portal, Sent("101", "c", 3), minutes=1)
    (elsewhere,) = browser.get(f"{RESULTATEN}/groep?{GROEP}=g1").tree.xpath("//td[@class='acties']/a/@href")
    app = portal.app.mounts[PREFIX]
    assert isinstance(app, Flask)

    def narrow() -> None:
        g.groep_scope = GroepScope("21QW00", "2026-2027", frozenset({"g2"}))

    app.before_request_funcs.setdefault(None, []).append(narrow)
    page = browser.get(f"{RESULTATEN}/bericht/{first}")
    assert [row[0] for row in table(page) if len(row) == 1] == ["Jo Jansen, 2b"]
    assert "Zoë" not in browser.get(f"{RESULTATEN}/bericht/{second}").text
    assert len(table(browser.get(RESULTATEN))) == 1
    assert browser.get(f"{RESULTATEN}/leerling/{person(portal, '104')}").status == 200
    assert browser.get(f"{RESULTATEN}/leerling/{person(portal, '101')}").status == 404
    assert browser.get(f"{RESULTATEN}/leerling/{person(portal, '101')}/resultaat/1").status == 404
    assert browser.get(f"{RESULTATEN}/groep?{GROEP}=g2").status == 200
    assert browser.get(f"{RESULTATEN}/groep?{GROEP}=g1").status == 404
    assert browser.get(elsewhere).status == 404
    names = browser.get(f"{RESULTATEN}/groepen").tree.xpath("//ul[@class='keuzes']//bdi/text()")
    assert names == ["2b"]
    found = browser.submit(f"{RESULTATEN}/leerlingen", naam="o")
    assert [row[0] for row in table(found)] == ["Jo Jansen"]


SCRIPTS = (
    "Ñandú Ångström-Łódź",
    "Αλέξανδρος Παπαδόπουλος",
    "Владимир Иванов",
    "أمير الفارسي",
    "דוד לוי",
    "李 小龍",
    "सीता देवी",
)


def test_names_in_seven_scripts(portal: Portal, browser: Browser) -> None:
    """Each stands whole on the pages, in an element of its own, so that none turns the text around it."""
    people = [
        Leerling(f"5{number}", eckid(50 + number), naam.split(" ", 1)[1], roepnaam=naam.split(" ", 1)[0], groep="g1")
        for number, naam in enumerate(SCRIPTS)
    ]
    bring(portal, ZOE, BO, AMIR, JO, *people)
    sent = [Sent(one.key, one.key, 3, onderdeel="A") for one in people]
    message = give(portal, *sent, toetsen=[toets(naam="اختبار\u202e", onderdelen=("חלק",))])
    pages = [browser.get(f"{RESULTATEN}/bericht/{message}"), browser.get(f"{RESULTATEN}/groep?{GROEP}=g1")]
    pages.append(browser.get(pages[1].tree.xpath("//td[@class='acties']/a/@href")[0]))
    for page in (pages[0], pages[2]):
        own = {one.text_content() for one in page.tree.xpath("//bdi")}
        assert set(SCRIPTS) <= own
        assert {"اختبار\u202e", "חלק"} <= own
    assert "اختبار\u202e" in {one.text_content() for one in pages[1].tree.xpath("//bdi")}
