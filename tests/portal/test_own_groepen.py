"""What a leerkracht sees of results: those of the own groepen as the records have them today, and of nobody else."""

from dataclasses import replace
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa
from support.portal_browser import MOMENT, PASSWORD, SCHOOL, Browser, Page, Portal
from support.result_bench import Sent
from support.school_builder import quick_hash
from support.sent_results import send_results, toets
from support.taught_school import FIVE, FOUR, PLUS, YEAR, import_taught, person, taught_dataset

from uwlr_adapter.administratie.tables import PersonKind
from uwlr_adapter.gebruikers import accounts, groep_access, invitations, leerkrachten
from uwlr_adapter.gebruikers.groep_access import Taught
from uwlr_adapter.gebruikers.tables import gebruiker
from uwlr_adapter.resultaten.tables import toets as toets_table

RESULTATEN = f"{SCHOOL}/resultaten"
ABSENT = "/koppelingen/99XX99"


@pytest.fixture
def taught(portal: Portal) -> Portal:
    """Return a portal with results of each leerling, one of them in two versions; Kim sees 4A, Bo 5B."""
    import_taught(portal.database)
    sent = [Sent(key, f"r-{key}", score) for key, score in (("l1", 3), ("l2", 7), ("l3", 9))]
    send_results(portal.database, MOMENT, *sent, toetsen=[toets()])
    send_results(portal.database, MOMENT.replace(minute=40), replace(sent[0], score=8), toetsen=[toets()])
    with portal.database.writing() as connection:
        for login, groep in (("kim", FOUR), ("bo.leraar", FIVE)):
            token, given = accounts.new_token(), Taught(YEAR, ((groep.key, groep.naam),))
            new = leerkrachten.new_invitation("21QW00", login, login.title(), given)
            leerkrachten.give(connection, new, given, token, MOMENT, actor="school")
            joined = invitations.join(connection, token, quick_hash(PASSWORD), MOMENT)
            connection.execute(gebruiker.update().where(gebruiker.c.id == joined.id).values(totp_required=False))
    return portal


def groep_page(key: str, schooljaar: str = YEAR, toets_id: str = "") -> str:
    """Return the path of the page of a groep, or of a toets of it."""
    query = urlencode({"schooljaar": schooljaar, "groep": key})
    return f"{RESULTATEN}/groep{f'/toets/{toets_id}' if toets_id else ''}?{query}"


def leerling_page(portal: Portal, key: str) -> str:
    """Return the path of the page of a leerling."""
    return f"{RESULTATEN}/leerling/{person(portal.database, key, PersonKind.LEERLING)}"


def toets_id(portal: Portal) -> str:
    """Return the id of the definition of the toets."""
    with portal.database.reading() as connection:
        return str(connection.scalar(sa.select(toets_table.c.id)))


def is_absent(browser: Browser, page: Page) -> bool:
    """Return whether a page is the same as one that does not exist."""
    absent = browser.get(ABSENT)
    return page.status == 404 and page.text == absent.text and page.h1 == absent.h1


def follow(browser: Browser, page: Page, name: str) -> Page:
    """Follow the link whose text begins with a name."""
    (way, *_) = page.tree.xpath(f"//main//a[starts-with(normalize-space(.), '{name}')]/@href")
    return browser.get(way)


def test_from_the_own_groepen_to_a_leerling(taught: Portal) -> None:
    """The groep, its toets, a leerling over time and the versions of a result, by links alone; no link to a message."""
    kim = taught.browser("kim")
    groep = follow(kim, kim.get("/koppelingen/groepen/"), "Resultaten")
    assert groep.h1 == "Resultaten van groep 4A"
    assert "Mijn groepen 4A" in " ".join(groep.tree.xpath("//nav[@class='kruimels']")[0].text_content().split())
    one = follow(kim, groep, "Bekijk")
    assert "Zoë" in one.text
    assert "Sem" in one.text
    assert "Ada" not in one.text
    leerling = follow(kim, follow(kim, one, "Zoë"), "Bekijk")
    assert "8" in leerling.text
    versions = follow(kim, leerling, "Geschiedenis")
    assert "Vervangen" in versions.text
    assert versions.tree.xpath("//a[contains(@href, '/bericht/')]") == []


def test_another_groep_is_absent(taught: Portal) -> None:
    """Of another leerkracht, another schooljaar or of nobody: the same 404, for the groep and for each leerling."""
    kim, bo, made = taught.browser("kim"), taught.browser("bo.leraar"), toets_id(taught)
    own = [groep_page("g4"), groep_page("g4", toets_id=made), leerling_page(taught, "l1"), leerling_page(taught, "l2")]
    foreign = [
        *(groep_page("g5"), groep_page("g5", toets_id=made), leerling_page(taught, "l3")),
        *(groep_page("plus"), groep_page("bestaat-niet"), groep_page("g4", "2025-2026"), f"{RESULTATEN}/groep"),
        *(groep_page("g4", toets_id="0" * 64), f"{RESULTATEN}/leerling/999"),
        f"{leerling_page(taught, 'l3')}/toets/{made}",
        f"{leerling_page(taught, 'l1')}/resultaat/3",
        *(RESULTATEN, f"{RESULTATEN}/bericht/1", f"{RESULTATEN}/niet-verwerkt", f"{RESULTATEN}/groepen"),
        *(SCHOOL, f"{SCHOOL}/inzage", f"{SCHOOL}/collegas", f"{SCHOOL}/journaal"),
        groep_page("g4").replace("21QW00", "21QW01"),
    ]
    assert {path: kim.get(path).status for path in own} == dict.fromkeys(own, 200)
    assert [path for path in foreign if not is_absent(kim, kim.get(path))] == []
    assert [path for path in own if not is_absent(bo, bo.get(path))] == []


def test_the_records_of_the_day(taught: Portal) -> None:
    """A leerling who changes groep goes along; one who leaves is gone on that day; a groep that is gone is absent."""
    kim, bo = taught.browser("kim"), taught.browser("bo.leraar")
    sem = leerling_page(taught, "l2")
    import_taught(taught.database, taught_dataset(placed={"l2": FIVE}))
    assert (kim.get(sem).status, bo.get(sem).status) == (404, 200)
    assert "Sem" not in kim.get(groep_page("g4", toets_id=toets_id(taught))).text
    dataset = taught_dataset()
    zoe, *others = dataset.leerlingen
    leaver = zoe._replace(instroomdatum="2025-08-01", uitstroomdatum="2026-11-26")
    import_taught(taught.database, replace(dataset, leerlingen=(leaver, *others)))
    assert kim.get(leerling_page(taught, "l1")).status == 200
    taught.clock.advance(days=1)
    kim = taught.browser("kim")
    assert is_absent(kim, kim.get(leerling_page(taught, "l1")))
    page = kim.get(groep_page("g4", toets_id=toets_id(taught)))
    assert "Sem" in page.text
    assert "Zoë" not in page.text
    assert "4A 1 leerling " in kim.get("/koppelingen/groepen/").text
    everybody = {"l1": FIVE, "l2": FIVE}
    import_taught(taught.database, taught_dataset(groepen=(FIVE, PLUS), placed=everybody, leerkrachten=()))
    assert is_absent(kim, kim.get(groep_page("g4")))
    assert is_absent(kim, kim.get(sem))


def test_it_ends_at_once(taught: Portal) -> None:
    """On 31 July at midnight, and when the school takes it away, also of who stays lezer."""
    with taught.database.writing() as connection:
        lezer = accounts.get(connection, "lezer")
        groep_access.put(connection, lezer.id, "21QW00", Taught(YEAR, (("g4", "4A"),)), "school", MOMENT)
    browser = taught.browser("lezer")
    assert browser.get(groep_page("g4")).status == 200
    assert browser.get(RESULTATEN).status == 404
    with taught.database.writing() as connection:
        groep_access.take(connection, lezer.id, ["21QW00"])
    assert browser.get(groep_page("g4")).status == 404
    assert browser.get(SCHOOL).status == 200
    taught.clock.moment = groep_access.end_of(YEAR)
    kim = taught.browser("kim")
    assert kim.get("/koppelingen/groepen/").status == 200
    for path in (groep_page("g4"), leerling_page(taught, "l1")):
        assert is_absent(kim, kim.get(path)), path


def test_a_schoolbeheerder_sees_every_groep(taught: Portal) -> None:
    """Also one who was given groepen as a lezer before: the restriction is that of a leerkracht alone."""
    with taught.database.writing() as connection:
        school = accounts.get(connection, "school")
        groep_access.put(connection, school.id, "21QW00", Taught(YEAR, (("g4", "4A"),)), "collega", MOMENT)
    browser = taught.browser("school")
    assert [browser.get(groep_page(key)).status for key in ("g4", "g5")] == [200, 200]
    assert browser.get(leerling_page(taught, "l3")).status == 200
