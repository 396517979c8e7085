"""Bewerken, pauzeren, hervatten, beëindigen: the tap as the platform feels it, and two people at once."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from support import messages
from support.journaal import write_entries
from support.messages import school_element
from support.portal_browser import Browser, Page, Portal
from support.served_school import import_one_of_each
from support.wsgi import call

from uwlr_adapter.journaal import search
from uwlr_adapter.journaal.model import RefusalReason, VerzoekEntry
from uwlr_adapter.journaal.tables import journaal
from uwlr_adapter.koppelingen import afnemers
from uwlr_adapter.koppelingen import catalogue as catalogi

VESTIGING = "/koppelingen/30AB00"
CODE = "30AB00Ygr67BfgKl!gr8"
OTHER_BRIN6 = "30AB00een-andere-code-2"
KOPPELING = f"{VESTIGING}/koppeling/1"


@pytest.fixture
def browser(portal: Portal) -> Browser:
    """Return a school with records, and Snappet activated."""
    with portal.database.writing() as connection:
        import_one_of_each(connection, "2026-2027")
    browser = portal.browser("andere")
    page = browser.submit(
        f"{VESTIGING}/activeren/snappet", naam="C. Elders", akkoord="ja", verificatiecode=CODE, actie="gereed"
    )
    assert page.status == 200
    return browser


def fetch(portal: Portal, code: str = CODE) -> str:
    """Fetch as Snappet; returns the payload or the fault."""
    header = messages.header(key=code, klantcode="een-klantcode-van-Snappet", klantnaam="Snappet")
    body = messages.body(schooljaar="2026-2027", school=school_element("30AB00"))
    answer = call(portal.app, messages.envelope(body, header)).body
    for word in (b"AutorisatieOngeldig", b"geenwijzigingen", b"<leerlingen>"):
        if word in answer:
            return word.decode().strip("<>")
    raise AssertionError(answer)


def state(browser: Browser) -> str:
    """Return the status that the page of the koppeling shows."""
    return str(browser.get(KOPPELING).tree.xpath("//h1/span")[0].text)


def test_the_journaal_knows_who_acted(portal: Portal, browser: Browser) -> None:
    """Each act has the login of the user as its actor, and the id of its HTTP request; a verzoek that id alone."""
    done = browser.submit_page(browser.get(f"{KOPPELING}/pauzeren"))
    assert fetch(portal) == "AutorisatieOngeldig"
    with portal.database.reading() as connection:
        table = journaal.c
        found = connection.execute(
            sa.select(table.act, table.actor, table.request_id).where(table.kind != "afnemer").order_by(table.id)
        ).all()
    *acts, request = map(tuple, found)
    assert acts[0][:2] == ("geactiveerd", "andere")
    assert acts[1:] == [("gepauzeerd", "andere", done.reply.headers["X-Request-ID"])]
    assert request[:2] == ("HaalLeerlinggegevens", None)
    assert len(request[2]) == 32


def test_the_tap(portal: Portal, browser: Browser) -> None:
    """Open, closed by clearing the code, open again with the same or a new code, closed for good at the end."""
    assert fetch(portal) == "leerlingen"
    page = browser.get(f"{KOPPELING}/pauzeren")
    assert "kan vanaf dat moment geen gegevens meer ophalen" in page.text
    assert fetch(portal) == "leerlingen"
    assert "De verificatiecode is verwijderd." in browser.follow(browser.submit_page(page)).text
    assert state(browser) == "Gepauzeerd"
    assert fetch(portal) == "AutorisatieOngeldig"
    assert "gepauzeerd was" in browser.get(VESTIGING).text
    answer = browser.submit(KOPPELING, verificatiecode=CODE, actie="gereed")
    assert (
        "De uitwisseling is hervat. Vul dezelfde verificatiecode nu ook in bij Snappet." in browser.follow(answer).text
    )
    assert fetch(portal) == "leerlingen"
    answer = browser.submit(KOPPELING, verificatiecode=OTHER_BRIN6, actie="gereed")
    assert "De verificatiecode is gewijzigd." in browser.follow(answer).text
    assert fetch(portal) == "AutorisatieOngeldig"
    shown = browser.get(VESTIGING).text
    assert "Snappet probeert op te halen met een andere verificatiecode. Laat Snappet de code controleren" in shown
    assert fetch(portal, OTHER_BRIN6) == "leerlingen"
    answer = browser.submit(f"{KOPPELING}/beeindigen")
    assert answer.location == f"{VESTIGING}/"
    page = browser.follow(answer)
    assert "is beëindigd. U vindt haar terug onder Beëindigde koppelingen, met een verklaring" in page.text
    assert page.tree.xpath("//section[@aria-labelledby='beeindigd']//th[normalize-space()='Snappet']")
    assert fetch(portal, OTHER_BRIN6) == "AutorisatieOngeldig"
    assert state(browser) == "Beëindigd"
    assert not browser.get(KOPPELING).forms()
    assert browser.get(f"{VESTIGING}/activeren/snappet").status == 200


def test_the_code_is_not_shown(browser: Browser) -> None:
    """The page of a koppeling has an empty field."""
    page = browser.get(KOPPELING)
    assert page.fields()["verificatiecode"] == ""
    assert "Zij wordt niet getoond." in page.text


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("30AB00kort", "De verificatiecode heeft minimaal 20 tekens."),
        ("21QW00Ygr67BfgKl!gr8", "De verificatiecode moet beginnen met 30AB00"),
    ],
)
def test_wrong_codes(portal: Portal, browser: Browser, code: str, error: str) -> None:
    """An error stands beside the field, the code is kept in it, and the old one still works."""
    page = browser.submit(KOPPELING, verificatiecode=code, actie="gereed")
    assert page.status == 422
    assert page.errors("verificatiecode")[0].startswith(error)
    assert page.fields()["verificatiecode"] == code
    assert fetch(portal) == "leerlingen"


def test_make_a_code_without_a_script(browser: Browser) -> None:
    """The button fills in a code, and nothing has changed until it is saved."""
    page = browser.submit(KOPPELING, verificatiecode="", actie="maak")
    assert page.fields()["verificatiecode"].startswith("30AB00")
    assert browser.get(KOPPELING).fields()["versie"] == page.fields()["versie"]
    assert browser.submit_page(page, actie="gereed").status == 200


def second_too_late(portal: Portal, browser: Browser, open_: str, act: Callable[[Browser], Page]) -> Page:
    """Open a page, let a colleague act, then send the page; returns what it says."""
    page = browser.get(open_)
    colleague = portal.browser("tweede")
    assert act(colleague).status in {200, 303}
    fields = {"verificatiecode": OTHER_BRIN6, "actie": "gereed"} if open_ == KOPPELING else {}
    return browser.submit_page(page, **fields)


def pause(browser: Browser) -> Page:
    """Pause."""
    return browser.submit(f"{KOPPELING}/pauzeren")


def end(browser: Browser) -> Page:
    """End."""
    return browser.submit(f"{KOPPELING}/beeindigen")


def change(browser: Browser) -> Page:
    """Enter another code."""
    return browser.submit(KOPPELING, verificatiecode="30AB00de-code-van-collega", actie="gereed")


@pytest.mark.parametrize("path", [KOPPELING, f"{KOPPELING}/pauzeren", f"{KOPPELING}/beeindigen"])
@pytest.mark.parametrize("act", [pause, change, end])
def test_two_people_at_once(portal: Portal, browser: Browser, path: str, act: Callable[[Browser], Page]) -> None:
    """The second reads that somebody was first, sees the koppeling as it is now, and nothing of it is done."""
    page = second_too_late(portal, browser, path, act)
    with portal.database.reading() as connection:
        assert len(search.read(connection, brin6="30AB00")) == 2
    told = browser.follow(page) if page.status == 303 else page
    assert page.status in {303, 409}
    assert "Iemand anders heeft deze koppeling zojuist gewijzigd." in told.text
    if page.status == 409:
        fresh = {"pause": "2", "change": "2"}.get(act.__name__)
        assert not told.forms() or told.fields()["versie"] == fresh
        fields = {"actie": "gereed"} if path == KOPPELING else {}
        if told.forms():
            assert browser.submit_page(told, **fields).status in {200, 303}


def test_a_form_that_is_sent_twice(portal: Portal, browser: Browser) -> None:
    """The second of a double click says what the first did, and does nothing; nobody else was in between."""
    for path, fields, told in (
        (KOPPELING, {"verificatiecode": OTHER_BRIN6}, "De verificatiecode is gewijzigd."),
        (f"{KOPPELING}/pauzeren", {}, "De verificatiecode is verwijderd."),
        (KOPPELING, {"verificatiecode": CODE}, "De uitwisseling is hervat."),
        (f"{KOPPELING}/beeindigen", {}, "is beëindigd."),
    ):
        page = browser.get(path)
        before = len(acts(portal))
        for _ in range(2):
            answer = browser.submit_page(page, **fields, actie="gereed")
            shown = browser.follow(answer).text
            assert told in shown
            assert "Iemand anders" not in shown
        assert len(acts(portal)) == before + 1


def test_two_tabs_of_one_person(portal: Portal, browser: Browser) -> None:
    """Another act in the second tab is not mistaken for the one that was done: the page asks again."""
    code, pausing = browser.get(KOPPELING), browser.get(f"{KOPPELING}/pauzeren")
    assert browser.submit_page(code, verificatiecode=OTHER_BRIN6, actie="gereed").status == 200
    late = browser.submit_page(code, verificatiecode="30AB00weer-een-andere-code", actie="gereed")
    assert (late.status, late.errors("verificatiecode")) == (409, [])
    assert browser.submit_page(pausing).status == 409
    assert fetch(portal, OTHER_BRIN6) == "leerlingen"
    assert len(acts(portal)) == 2


def acts(portal: Portal) -> list[str]:
    """Return the acts on the koppelingen of the vestiging."""
    with portal.database.reading() as connection:
        return [row.act for row in search.read(connection, brin6="30AB00") if row.kind != "verzoek"]


def test_an_empty_field_asks_whether_to_pause(portal: Portal, browser: Browser) -> None:
    """Gereed with a field without a code asks; nothing is done until that is confirmed. A paused one wants a code."""
    for empty in ("", "   "):
        answer = browser.submit(KOPPELING, verificatiecode=empty, actie="gereed")
        assert answer.status == 303
        page = browser.follow(answer)
        assert "U hebt geen verificatiecode ingevuld." in page.text
        assert fetch(portal) == "leerlingen"
    assert "U hebt geen verificatiecode ingevuld." not in browser.get(f"{KOPPELING}/pauzeren").text
    browser.submit_page(page)
    assert state(browser) == "Gepauzeerd"
    assert "dezelfde code als bij Snappet, of vernieuw hem op beide plaatsen" in browser.get(KOPPELING).text
    page = browser.submit(KOPPELING, verificatiecode="", actie="gereed")
    assert (page.status, page.errors("verificatiecode")) == (422, ["Vul een verificatiecode in."])


def test_the_code_is_shown_once(browser: Browser) -> None:
    """The answer to Gereed has the code, to copy, and says where it goes; the page after it does not."""
    page = browser.submit(KOPPELING, verificatiecode=f" {OTHER_BRIN6}\t", actie="gereed")
    assert page.tree.xpath("//code[@id='nieuwe-code']/text()") == [OTHER_BRIN6]
    assert page.tree.xpath("//button[@data-kopieer-tekst='nieuwe-code']")
    assert "Vul dezelfde verificatiecode nu ook in bij Snappet." in page.text
    assert "U ziet de code alleen nu." in page.text
    (later,) = page.tree.xpath("//@data-hierna")
    assert OTHER_BRIN6 not in browser.get(later).body


@pytest.mark.parametrize("version", ["", "x", "0", "99", None])
def test_a_form_without_its_version(portal: Portal, browser: Browser, version: str | None) -> None:
    """A form that does not say what was seen does nothing."""
    assert browser.submit(f"{KOPPELING}/pauzeren", versie=version).status == 409
    assert fetch(portal) == "leerlingen"


def test_confirmations_of_what_cannot_be(browser: Browser) -> None:
    """Pausing what is paused and ending what has ended lead back to the koppeling."""
    pause(browser)
    assert browser.get(f"{KOPPELING}/pauzeren").location == KOPPELING
    end(browser)
    assert browser.get(f"{KOPPELING}/beeindigen").location == KOPPELING


def test_the_confirmation_on_paper(browser: Browser) -> None:
    """It says who agreed to what and when, and not the code."""
    page = browser.get(f"{KOPPELING}/bevestiging")
    for text in ("C. Elders", "andere", "25 november 2026 om 10:30 uur", "versie uwlr-1", "30AB00", "smalle set"):
        assert text in page.text
    assert CODE not in page.body


def test_new_terms(make: Callable[..., Portal], tmp_path: Path) -> None:
    """A newer version of the terms asks for agreement again; the one before it stays to be seen."""
    browser = make().browser("school")
    code = "21QW00Ygr67BfgKl!gr8"
    browser.submit(
        "/koppelingen/21QW00/activeren/snappet", naam="Eerste", akkoord="ja", verificatiecode=code, actie="gereed"
    )
    koppeling = "/koppelingen/21QW00/koppeling/1"
    assert browser.get(f"{koppeling}/akkoord").location == koppeling
    newer = Path(catalogi.__file__).with_name("catalogue.toml").read_text(encoding="utf-8")
    file = tmp_path / "catalogus.toml"
    file.write_text(newer.replace('versie = "uwlr-1"', 'versie = "uwlr-2"'), encoding="utf-8")
    browser = make(catalogus=file).browser("collega")
    assert "Er zijn nieuwe gebruikersvoorwaarden." in browser.get("/koppelingen/21QW00").text
    path = f"{koppeling}/akkoord"
    assert browser.submit(path, naam="").errors("akkoord") == ["Vink 'Voor akkoord' aan om verder te gaan."]
    stale = browser.get(path)
    assert browser.submit(path, naam="Tweede", akkoord="ja").location == koppeling
    page = browser.get(koppeling)
    assert "AkkoordTweede (collega), 25 november 2026 om 10:30 uur, met versie uwlr-2" in page.text
    assert "Eerder akkoordEerste (school), 25 november 2026 om 10:30 uur, met versie uwlr-1" in page.text
    assert "Er zijn nieuwe gebruikersvoorwaarden" not in page.text
    late = browser.follow(browser.submit_page(stale, naam="Derde", akkoord="ja"))
    assert "Uw school is al akkoord" in late.text
    assert "Derde" not in late.text
    assert "akkoord met nieuwe gebruikersvoorwaarden" in browser.get("/koppelingen/21QW00/journaal").text


def test_a_koppeling_that_left_the_catalogue(make: Callable[..., Portal], tmp_path: Path) -> None:
    """It is still to be seen, and to be ended."""
    browser = make().browser("school")
    code = "21QW00Ygr67BfgKl!gr8"
    overview = "/koppelingen/21QW00"
    browser.submit(f"{overview}/activeren/snappet", naam="A", akkoord="ja", verificatiecode=code, actie="gereed")
    shipped = Path(catalogi.__file__).with_name("catalogue.toml").read_text(encoding="utf-8")
    file = tmp_path / "catalogus.toml"
    file.write_text(shipped.replace('id = "snappet"', 'id = "snappet-nieuw"'), encoding="utf-8")
    browser = make(catalogus=file).browser("school")
    assert "snappet Wordt niet meer aangeboden" in browser.get(overview).text
    assert browser.get(f"{overview}/koppeling/1").status == 200
    assert browser.get(f"{overview}/koppeling/1/bevestiging").status == 200
    assert browser.get(f"{overview}/koppeling/1/akkoord").status == 303
    assert browser.submit(f"{overview}/koppeling/1/beeindigen").status == 303
    assert "Wordt niet meer aangeboden" not in browser.get(overview).text


def test_a_board_sees_where_to_look(portal: Portal) -> None:
    """A gebruiker of several vestigingen sees the standing of each before choosing one."""
    browser = portal.browser("bestuur")
    code = "21QW00Ygr67BfgKl!gr8"
    browser.submit(
        "/koppelingen/21QW00/activeren/snappet", naam="D", akkoord="ja", verificatiecode=code, actie="gereed"
    )
    numbers = browser.get("/koppelingen").tree.xpath("//td[@data-kop='Koppelingen']")
    assert [one.text_content().strip() for one in numbers] == ["1", "0"]
    browser.submit("/koppelingen/21QW00/koppeling/1/pauzeren")
    page = browser.get("/koppelingen")
    assert page.h1 == "Uw vestigingen"
    assert "Snappet: Gepauzeerd" in page.text
    assert page.tree.xpath("//tbody//th//a/@href") == ["/koppelingen/21QW00/", "/koppelingen/21QW01/"]


def test_a_board_sees_the_verdict_that_the_school_sees(portal: Portal) -> None:
    """The choice of a vestiging says of each koppeling what its page says, also what no last attempt tells."""
    browser, own = portal.browser("bestuur"), "/koppelingen/21QW00/koppeling/1"
    activation = {"naam": "D", "akkoord": "ja", "verificatiecode": "21QW00Ygr67BfgKl!gr8", "actie": "gereed"}

    def badges(path: str) -> list[str]:
        return [one.text_content() for one in browser.get(path).tree.xpath("//span[contains(@class, 'badge')]")]

    browser.submit("/koppelingen/21QW00/activeren/snappet", **activation)
    assert badges("/koppelingen") == badges(own) == ["Wacht op Snappet"]
    portal.clock.moment += timedelta(minutes=1)
    line = VerzoekEntry(portal.clock(), "HaalLeerlinggegevens", 1, reason=RefusalReason.WRONG_CODE)
    line.outcome, line.koppeling_id, line.brin6 = "Client.AutorisatieOngeldig", 1, "21QW00"
    with portal.database.writing() as connection:
        write_entries(connection, line)
    assert badges(own) == ["Geweigerd"]
    assert badges("/koppelingen") == ["Geweigerd"]
    portal.clock.moment += timedelta(minutes=1)
    browser.submit(own, 0, verificatiecode="21QW00eenandere-code-dan-eerst", actie="opslaan")
    assert badges("/koppelingen") == badges(own) == ["Wacht op Snappet"]  # the refusal is from before this
    with portal.database.writing() as connection:
        afnemers.disable(connection, "Snappet", portal.clock(), actor="cli:proef")
    assert badges("/koppelingen") == ["Leverancier geblokkeerd"]
