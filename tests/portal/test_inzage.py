"""Inzage in the portal: a schoolbeheerder answers a parent who asks who got what about a child."""

import re
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from lxml import html
from support import messages
from support.edexml_files import eckid, make_dataset
from support.imports import import_dataset
from support.journaal import write_entries
from support.messages import school_element
from support.portal_browser import CODE, MOMENT, SCHOOL, Browser, Page, Portal
from support.wsgi import call

from uwlr_adapter.administratie.importing import forget
from uwlr_adapter.administratie.tables import persoon, received
from uwlr_adapter.contract.dataset import Groep, Leerkracht, Leerling
from uwlr_adapter.journaal import writer
from uwlr_adapter.journaal.model import Act, VerzoekEntry
from uwlr_adapter.journaal.tables import journaal
from uwlr_adapter.koppelingen import actions, afnemers, store
from uwlr_adapter.koppelingen.tables import koppeling
from uwlr_adapter.portal.insight import mask

INZAGE = f"{SCHOOL}/inzage"
YEAR = "2026-2027"
ZOE = Leerling("101", eckid(1), "de Bruijn", roepnaam="Zoë", geboortedatum="2018-03-14", groep="g1", jaargroep="4")
BO = Leerling("102", eckid(2), "Bos", voorvoegsel="van den", roepnaam="Bo", groep="g2")
GROEPEN = [Groep("groep", "g1", "1a", "1"), Groep("groep", "g2", "2b", "2")]


def bring(portal: Portal, *leerlingen: Leerling, brin6: str = "21QW00") -> None:
    """Import a year."""
    dataset = make_dataset(
        leerlingen, groepen=GROEPEN, leerkrachten=[Leerkracht("m", achternaam="Nel")], brin6=brin6, schooljaar=YEAR
    )
    import_dataset(portal.database, dataset, moment=portal.clock.moment)


@pytest.fixture
def browser(portal: Portal) -> Browser:
    """Return a school with two leerlingen, and one elsewhere; Snappet (1) and Basispoort (2) are activated."""
    bring(portal, ZOE, BO)
    bring(portal, Leerling("201", eckid(9), "Elders", roepnaam="Zoë"), brin6="21QW01")
    browser = portal.browser("school")
    for entry, code in (("snappet", CODE), ("basispoort", CODE + "-basispoort")):
        page = browser.submit(
            f"{SCHOOL}/activeren/{entry}", naam="A", akkoord="ja", verificatiecode=code, actie="gereed"
        )
        assert page.status == 200
    return browser


def fetch(portal: Portal, klantnaam: str = "Snappet") -> str:
    """Fetch as a platform does, and return the answer."""
    code = CODE if klantnaam == "Snappet" else CODE + "-basispoort"
    header = messages.header(key=code, klantcode=f"een-klantcode-van-{klantnaam}", klantnaam=klantnaam)
    body = messages.body(schooljaar=YEAR, school=school_element("21QW00"))
    return call(portal.app, messages.envelope(body, header)).body.decode()


def ids(portal: Portal) -> dict[str, int]:
    """Return the id of each person by key."""
    with portal.database.reading() as connection:
        return dict(map(tuple, connection.execute(sa.select(persoon.c.key, persoon.c.id))))


def found(page: Page) -> list[str]:
    """Return the names in the table of a page."""
    return ["".join(one.itertext()) for one in page.tree.xpath("//table//tbody//th")]


def look(browser: Browser, naam: str = "zoe") -> Page:
    """Search, follow the link, confirm, and return the page of the leerling."""
    (path,) = browser.submit(INZAGE, naam=naam).tree.xpath("//td[@class='acties']/a/@href")
    return browser.submit(path, bevestigd="ja")


def rows(page: Page, section: str) -> list[list[str]]:
    """Return the cells of the tables in a section."""
    return [
        [" ".join(cell.text_content().split()) for cell in row.xpath("./th | ./td")]
        for row in page.tree.xpath(f"//section[@aria-labelledby='{section}']//tbody/tr")
    ]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"naam": "zoe"}, ["Zoë de Bruijn"]),
        ({"groep": "2b"}, ["Bo van den Bos"]),
        ({"naam": "b", "groep": "1a"}, ["Zoë de Bruijn"]),
        ({"naam": "elders"}, []),
    ],
)
def test_search(browser: Browser, fields: dict[str, str], expected: list[str]) -> None:
    """By name, by groep or by both, of this vestiging."""
    page = browser.submit(INZAGE, **fields)
    assert page.status == 200
    assert found(page) == expected


@pytest.mark.parametrize("fields", [{"naam": ""}, {"naam": "x" * 101}, {"naam": "a\x00"}, {"groep": "bestaat niet"}])
def test_a_search_for_nothing(browser: Browser, fields: dict[str, str]) -> None:
    """Is told, and finds nobody."""
    page = browser.submit(INZAGE, **fields)
    assert page.status == 422
    assert found(page) == []


def test_whoever_asks_is_checked_first(portal: Portal, browser: Browser) -> None:
    """Nothing is shown, and nothing stands in the journaal, until the user says that it was checked."""
    fetch(portal)
    path = f"{INZAGE}/{ids(portal)['101']}"
    page = browser.get(path)
    assert page.h1 == "Wie vraagt het?"
    assert "gezag" in page.text
    refused = browser.submit_page(page)
    assert refused.status == 422
    assert refused.errors("bevestigd")
    file = browser.post(f"{path}/bestand", page.fields())
    assert file.status == 422
    for one in (page, refused, file):
        assert "Snappet" not in one.text
        assert "101" not in one.text.replace(path, "")
    with portal.database.reading() as connection:
        assert connection.scalar(sa.select(journaal.c.id).where(journaal.c.act == Act.LEERLING_VIEWED)) is None


def test_who_got_what(portal: Portal, browser: Browser) -> None:
    """Each platform that got this leerling, when first and last, and with which fields; not who did not."""
    fetch(portal)
    portal.clock.moment += timedelta(days=2)
    bring(portal, BO)
    fetch(portal)
    fetch(portal, "Basispoort")
    portal.clock.moment += timedelta(days=1)
    bring(portal, ZOE, BO)
    browser = portal.browser("school")
    page = look(browser)
    assert page.status == 200
    assert page.h1 == "Inzage: Zoë de Bruijn"
    (one,) = rows(page, "gekregen")
    assert one[:3] == ["Snappet", "25 november 2026 om 10:30 uur", "25 november 2026 om 10:30 uur"]
    assert "geboortedatum" in one[3]
    assert "postcode" not in one[3]
    assert [row[0] for row in rows(look(browser, "bos"), "gekregen")] == ["Basispoort", "Snappet"]


def test_what_goes_now_is_what_is_fetched(portal: Portal, browser: Browser) -> None:
    """Each value of the record is in the answer, and the fragment is that of the answer but for the ECK-iD."""
    page = look(browser)
    values = {row[0]: row[1] for row in rows(page, "nu")}
    assert values["roepnaam"] == "Zoë"
    assert values["groep"] == "1a (sleutel g1)"
    assert values["sleutel in de leerlingadministratie"] == "101"
    assert values["voorvoegsel van de achternaam"] == "niet ingevuld, gaat dus niet mee"
    assert eckid(1) not in page.body
    assert values["ECK-iD (pseudoniem)"] == mask(eckid(1))
    fragment = page.tree.xpath("//pre")[0].text_content().replace(mask(eckid(1)), eckid(1))
    assert fragment in fetch(portal)


def test_the_file_for_a_parent(portal: Portal, browser: Browser) -> None:
    """Has the whole ECK-iD, loads nothing, and says the same."""
    fetch(portal)
    file = browser.submit_page(look(browser))
    assert file.status == 200
    headers = file.reply.headers
    assert re.fullmatch(r'attachment; filename="inzage-leerling-\d+-2026-11-25.html"', headers["Content-Disposition"])
    assert headers["Cache-Control"] == "no-store"
    assert eckid(1) in file.body
    assert "Zoë de Bruijn" in file.h1
    assert "Snappet" in file.text
    assert not html.document_fromstring(file.body).xpath("//@src | //@href | //script")


def test_each_look_is_in_the_journaal(portal: Portal, browser: Browser) -> None:
    """By whom, and with the number of the leerling; no name, key or ECK-iD."""
    browser.submit_page(look(browser))
    number = ids(portal)["101"]
    page = browser.get(f"{SCHOOL}/journaal")
    assert f"wat er van die leerling gaat (leerling nummer {number})." in page.text
    assert f"is gedownload (leerling nummer {number})." in page.text
    assert "school" in page.text
    for text in ("Zoë", "Bruijn", eckid(1), ">101<"):
        assert text not in page.body


def test_who_may_look(portal: Portal, browser: Browser) -> None:
    """The schoolbeheerder of the vestiging alone, and about its own leerlingen alone."""
    numbers = ids(portal)
    for login in ("bestuur", "andere", "operator"):
        other = portal.browser(login)
        for path in (INZAGE, f"{INZAGE}/{numbers['101']}", f"{SCHOOL}/ontbrekend"):
            assert other.get(path).status == 404, (login, path)
        assert "inzage" not in other.get("/koppelingen/21QW00").body
    for number in (numbers["201"], numbers["m"], 999_999):
        assert browser.get(f"{INZAGE}/{number}").status == 404
        assert browser.post(f"{INZAGE}/{number}", browser.get(INZAGE).fields() | {"bevestigd": "ja"}).status == 404


def test_before_it_was_kept(portal: Portal, browser: Browser) -> None:
    """Fetches of before name nobody: the page says so, and from when to when."""
    fetch(portal)
    with portal.database.writing() as connection:
        connection.execute(journaal.update().values(answer=None))
    page = look(browser)
    assert rows(page, "gekregen") == []
    assert (
        "Snappet haalde toen leerlingen op van 25 november 2026 om 10:30 uur tot en met 25 november 2026 om 10:30 uur."
        in page.text
    )


def test_before_it_was_kept_at_another_vestiging(portal: Portal, browser: Browser) -> None:
    """Whoever moved within the school: what was fetched at the vestiging of an earlier year may have had them too."""
    bring(portal, ZOE, brin6="21QW01")
    board = portal.browser("bestuur")
    activation = {"naam": "D", "akkoord": "ja", "verificatiecode": "21QW01Ygr67BfgKl!gr8", "actie": "gereed"}
    board.submit("/koppelingen/21QW01/activeren/snappet", **activation)
    entry = VerzoekEntry(portal.clock(), "HaalLeerlinggegevens", 1, outcome="leerlinggegevens")
    entry.koppeling_id, entry.brin6 = 3, "21QW01"
    with portal.database.writing() as connection:
        write_entries(connection, entry)
    page = look(browser)
    assert "Snappet (vestiging 21QW01) haalde toen leerlingen op van 25 november 2026" in page.text
    assert "haalde toen leerlingen op" not in look(browser, "bo").text


def test_what_waits_for_an_agreement_does_not_go(portal: Portal, browser: Browser) -> None:
    """Fields that the profile added stay here until the school agrees, on the page of a leerling as in an answer."""
    assert "geboortedatum" in " ".join(map(str, rows(look(browser), "nu")))
    agreed = "leerling/achternaam leerling/roepnaam"
    with portal.database.writing() as connection:
        connection.execute(koppeling.update().values(akkoord_velden=agreed))
    assert "2018-03-14" not in fetch(portal)
    page = look(browser)
    words = [row[0] for row in rows(page, "nu")]
    assert words == [*(("sleutel in de leerlingadministratie", "ECK-iD (pseudoniem)", "achternaam", "roepnaam") * 2)]
    assert "2018-03-14" not in page.text.partition("Wie de gegevens kreeg")[2]
    assert "geboortedatum" not in browser.get(f"{SCHOOL}/ontbrekend").text


def test_a_koppeling_that_starts_later(portal: Portal, browser: Browser) -> None:
    """What would go is told as such: nothing is fetched before the day."""
    with portal.database.writing() as connection:
        later = koppeling.update().where(koppeling.c.entry_id == "snappet")
        connection.execute(later.values(startdatum=date(2026, 12, 7)))
    assert look(browser).text.count("Nu nog niets, want de koppeling start op 7 december 2026.") == 1


def test_after_a_backup_was_put_back(portal: Portal, browser: Browser) -> None:
    """The fetches in between are not known, and the page says that too."""
    with portal.database.writing() as connection:
        writer.record_going_back(connection, moment=MOMENT, brin6s=["21QW00"], actor="cli:test", remarks=None)
    assert "Op 25 november 2026 om 10:30 uur is een reservekopie teruggezet." in look(browser).text


def test_who_is_withheld_and_what_is_paused(portal: Portal, browser: Browser) -> None:
    """Nothing goes of who is withheld, and nothing while a koppeling is paused; an ended one is told as such."""
    fetch(portal)
    number = ids(portal)["101"]
    assert browser.submit(f"{SCHOOL}/koppeling/2/niet-delen/{number}").status == 303
    assert browser.submit(f"{SCHOOL}/koppeling/1/pauzeren").status == 303
    page = look(browser)
    assert "Niets: uw school deelt deze leerling niet met Basispoort." in page.text
    assert "Niets, want de koppeling is gepauzeerd. Zodra zij is hervat, gaat dit:" in page.text
    assert browser.submit(f"{SCHOOL}/koppeling/1/beeindigen").status == 303
    page = look(browser)
    assert rows(page, "gekregen")[0][0] == "Snappet, koppeling beëindigd"
    assert "Snappet" not in " ".join(map(str, rows(page, "nu")))


def test_a_person_who_was_erased_is_no_page(portal: Portal, browser: Browser) -> None:
    """The receipts of a forgotten leerling are gone with the leerling."""
    fetch(portal)
    look(browser)
    number = ids(portal)["101"]
    with portal.database.writing() as connection:
        forget.forget(connection, "21QW", "101", MOMENT)
        left = connection.scalars(sa.select(received.c.persoon_id)).all()
    assert number not in left
    assert browser.get(f"{INZAGE}/{number}").status == 404


@pytest.mark.parametrize(
    ("text", "expected"),
    [("https://ketenid.nl/201703/ab12cd34", "••••••••cd34"), ("kort", "••••••••"), ("12345678", "••••••••")],
)
def test_mask(text: str, expected: str) -> None:
    """Of a short one nothing is left."""
    assert mask(text) == expected


def missing(browser: Browser) -> dict[str, list[str]]:
    """Return who lacks what, by the headings of the page."""
    page = browser.get(f"{SCHOOL}/ontbrekend")
    return {
        " ".join(one.xpath("./h2")[0].text_content().split()): [
            " ".join(cell.text_content().split()) for cell in one.xpath(".//tbody//th")
        ]
        for one in page.tree.xpath("//section")
    }


def test_who_lacks_what(portal: Portal, browser: Browser) -> None:
    """By field, in the words of a school, for the fields that the koppelingen of this vestiging rely on."""
    bring(portal, ZOE, BO, Leerling("103", None, "=Jansen", roepnaam="Jo", groep="g1", geboortedatum="2019-01-01"))
    assert missing(browser) == {
        "Leerlingen zonder ECK-iD (1)": ["Jo =Jansen"],
        "Leerlingen zonder geboortedatum (1)": ["Bo van den Bos"],
        "Leerlingen zonder jaargroep (2)": ["Jo =Jansen", "Bo van den Bos"],
        "Leerkrachten zonder e-mailadres (1)": ["Nel"],
    }
    page = browser.get(f"{SCHOOL}/ontbrekend")
    assert "Zonder ECK-iD kan een leerling niet inloggen" in page.text
    assert "Gevraagd door: Basispoort, Snappet." in page.text
    file = browser.submit_page(page)
    assert file.reply.headers["Content-Disposition"].endswith('ontbrekende-gegevens-21QW00-2026-11-25.csv"')
    lines = file.body.removeprefix("\ufeff").splitlines()
    assert lines[0] == "Soort;Naam;Groep;Sleutel;Ontbreekt;Waarom het nodig is;Gevraagd door"
    assert any(line.startswith("leerling;Jo =Jansen;1a;103;ECK-iD;") for line in lines)
    assert len(lines) == 6
    assert eckid(1) not in file.body
    text = browser.get(f"{SCHOOL}/journaal").text
    assert "met ontbrekende gegevens is bekeken." in text
    assert "met ontbrekende gegevens is gedownload." in text


def withhold(portal: Portal, koppeling_id: int, key: str) -> None:
    """Withhold a leerling from a koppeling."""
    with portal.database.writing() as connection:
        found = store.find(connection, koppeling_id, "21QW00") or pytest.fail("no koppeling")
        actions.withhold(connection, found.id, found.version, ids(portal)[key], MOMENT, actor="cli:proef")


def test_who_is_withheld_lacks_nothing_there(portal: Portal, browser: Browser) -> None:
    """A field is asked of nobody who is withheld from each platform that relies on it; of one platform that is said."""
    withhold(portal, 1, "102")
    assert missing(browser)["Leerlingen zonder geboortedatum (1)"] == ["Bo van den Bos"]
    text = browser.get(f"{SCHOOL}/ontbrekend").text
    assert "herkent een leverancier leerlingen met dezelfde naam. Gevraagd door: Basispoort." in text
    lines = browser.submit(f"{SCHOOL}/ontbrekend").body.splitlines()
    assert [line.rpartition(";")[2] for line in lines if "Bos" in line] == ["Basispoort"] * 2
    assert [line.rpartition(";")[2] for line in lines if "Nel" in line] == ["Basispoort, Snappet"]
    bring(portal, ZOE, BO, Leerling("103", eckid(3), "Jansen", roepnaam="Jo", groep="g1"))
    text = browser.get(f"{SCHOOL}/ontbrekend").text
    assert "herkent een leverancier leerlingen met dezelfde naam. Gevraagd door: Basispoort, Snappet." in text
    found = missing(browser)["Leerlingen zonder geboortedatum (2)"]
    assert found == ["Jo Jansen", "Bo van den Bos niet gedeeld met Snappet"]
    withhold(portal, 2, "102")
    assert missing(browser)["Leerlingen zonder geboortedatum (1)"] == ["Jo Jansen"]


def test_a_platform_that_is_kept_out(portal: Portal, browser: Browser) -> None:
    """Nothing goes to it, and the page says why, beside what would go; so does the page of what is shared."""
    with portal.database.writing() as connection:
        afnemers.disable(connection, "Snappet", MOMENT, actor="cli:proef")
    text = look(browser).text
    kept_out = "Niets, want de beheerder van de koppelingen heeft Snappet geblokkeerd. Wordt Snappet weer toegelaten"
    assert f"{kept_out}, dan gaat dit:" in text
    assert "heeft Basispoort geblokkeerd" not in text
    shared = browser.get(f"{SCHOOL}/koppeling/1/delen").text
    assert "De beheerder van de koppelingen heeft Snappet geblokkeerd: er gaat nu niets." in shared
    browser.submit(f"{SCHOOL}/koppeling/1/pauzeren")
    assert f"{kept_out} en de koppeling hervat, dan gaat dit:" in look(browser).text


def test_a_name_that_is_a_formula(portal: Portal, browser: Browser) -> None:
    """Is text in the file."""
    bring(portal, Leerling("103", None, "Jansen", roepnaam="=1+1", groep="g1"))
    assert ";'=1+1 Jansen;" in browser.submit(f"{SCHOOL}/ontbrekend").body


def test_nothing_lacks(portal: Portal) -> None:
    """Without records, and without a koppeling that relies on anything, there is no list."""
    browser = portal.browser("school")
    assert "Voor schooljaar 2026-2027 zijn nu geen leerlingen ingevoerd." in browser.get(f"{SCHOOL}/ontbrekend").text
    bring(portal, BO)
    assert "Er ontbreekt niets." in browser.get(f"{SCHOOL}/ontbrekend").text


def test_what_stops(portal: Portal, browser: Browser) -> None:
    """Pausing and ending say what the platform gets now: the numbers of its next answer."""
    answer = fetch(portal)
    now = "2 leerlingen, 2 groepen en 1 leerkracht"
    assert (answer.count("<leerling "), answer.count("<leerkracht ")) == (2, 1)
    for page in ("pauzeren", "beeindigen"):
        text = browser.get(f"{SCHOOL}/koppeling/1/{page}").text
        assert f"Schooljaar 2026-2027: Snappet krijgt nu {now}, daarna niets meer." in text
        assert "Snappet houdt wat het al heeft; vraag zelf om verwijdering." in text
    browser.submit(f"{SCHOOL}/koppeling/1/pauzeren")
    assert "Snappet krijgt nu ook al niets." in browser.get(f"{SCHOOL}/koppeling/1/beeindigen").text
