"""The pages Meldingen and Uw account: addresses that are confirmed, who is told, what was sent, and no mail server."""

import re
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from support.mail_server import MailServerOfTest, Mood, mail_server
from support.portal_browser import SCHOOL, Browser, Page, Portal
from support.school_builder import CODE

from uwlr_adapter.gebruikers.tables import new_browser
from uwlr_adapter.jobs.lease import Lease
from uwlr_adapter.jobs.registry import JOBS
from uwlr_adapter.jobs.work import run_now
from uwlr_adapter.journaal.search import read
from uwlr_adapter.mail.smtp import MailServerError
from uwlr_adapter.settings import SmtpTls

PAGE, ACCOUNT = f"{SCHOOL}/meldingen", "/koppelingen/account"
ADDRESS = "administratie@school.example"


@pytest.fixture
def server() -> Iterator[MailServerOfTest]:
    """Yield a mail server."""
    with mail_server() as running:
        yield running


@pytest.fixture
def mailing(make: Callable[..., Portal], server: MailServerOfTest) -> Portal:
    """Return a portal with that mail server."""
    return make(smtp_host="localhost", smtp_port=server.port, smtp_tls=SmtpTls.NONE, mail_from="m@uwlr.example")


def send(portal: Portal, *, fails: bool = False) -> None:
    """Run the job that sends."""
    try:
        run_now(JOBS["mail"], portal.database, portal.settings, Lease("mail", "test"), moment=portal.clock())
        assert not fails
    except MailServerError:
        assert fails


def press(browser: Browser, path: str, button: str, **fields: str) -> Page:
    """Press a button of a page, with its fields, as a browser does."""
    page = browser.get(path)
    for form in page.forms():
        if form.xpath(f'.//button[@value="{button}"]'):
            data = {**{name: value for name, value in form.form_values() if name != "actie"}, **fields}
            return browser.post(path, {**data, "actie": button})
    raise AssertionError(f"no button {button} on {path}")


def confirm(portal: Portal, server: MailServerOfTest, browser: Browser, path: str, address: str) -> None:
    """Enter an address and confirm it by the code that is mailed to it."""
    page = press(browser, path, "adres", adres=address)
    assert page.status == 303
    assert "Nog niet bevestigd" in browser.follow(page).text
    send(portal)
    code = re.search(r"De code is: (\S+)", server.to(address)[-1].text)
    assert code is not None
    page = press(browser, path, "code", code=code[1])
    assert page.status == 303
    assert "Het e-mailadres is bevestigd." in browser.follow(page).text


def test_the_address_of_the_school(mailing: Portal, server: MailServerOfTest) -> None:
    """From an empty page to a mail about what a colleague did; the page lists it, and the journaal has no address."""
    browser, colleague = mailing.browser("school"), mailing.browser("collega")
    assert f'href="{PAGE}"' in browser.get(SCHOOL).body
    assert "Nu krijgt niemand een melding." in browser.get(PAGE).text
    confirm(mailing, server, browser, PAGE, ADDRESS)
    assert "Nu krijgt niemand" not in browser.get(PAGE).text
    page = colleague.submit(
        f"{SCHOOL}/activeren/snappet", naam="B. Bakker", akkoord="ja", verificatiecode=CODE, actie="gereed"
    )
    assert page.status == 200
    page = browser.get(PAGE)
    assert "Code om dit e-mailadres te bevestigen" in page.text
    send(mailing)
    taken = server.to(ADDRESS)[-1]
    assert "B. Bakker (collega) heeft op" in taken.text
    assert CODE not in taken.octets.decode()
    page = browser.get(PAGE)
    assert f"{taken.message['Subject']} {ADDRESS} Verstuurd op" in page.text
    with mailing.database.reading() as connection:
        entries = read(connection, brin6="21QW00")
    assert "meldadres bevestigd" in {entry.act for entry in entries}
    assert "example" not in repr(entries)
    assert (
        "Het e-mailadres van de school voor meldingen is ingevuld en bevestigd."
        in browser.get(f"{SCHOOL}/journaal").text
    )


def test_replacing_an_address_is_an_act(mailing: Portal, server: MailServerOfTest) -> None:
    """Whoever types another address over one in use ends the meldingen for now: the logboek says who did."""
    browser, colleague = mailing.browser("school"), mailing.browser("collega")
    confirm(mailing, server, browser, PAGE, ADDRESS)
    assert press(colleague, PAGE, "adres", adres=ADDRESS).status == 303  # in use already: nothing changes
    assert press(colleague, PAGE, "adres", adres="nergens@school.example").status == 303
    assert press(colleague, PAGE, "adres", adres="ook-nergens@school.example").status == 303  # was not in use
    with mailing.database.reading() as connection:
        acts = [(one.act, one.actor) for one in read(connection, brin6="21QW00") if one.act.startswith("meldadres")]
    assert sorted(acts) == [("meldadres bevestigd", "school"), ("meldadres verwijderd", "collega")]
    confirm(mailing, server, browser, ACCOUNT, "a.devries@school.example")
    press(browser, ACCOUNT, "adres", adres="ander@school.example")
    with mailing.database.reading() as connection:
        own = [one for one in read(connection, brin6="21QW00") if one.remarks]
    assert [one.act for one in own] == ["e-mailadres verwijderd", "e-mailadres bevestigd"]


def test_an_address_of_ones_own(mailing: Portal, server: MailServerOfTest) -> None:
    """A user confirms an address; a colleague reads that, and not the address; what one does oneself is not told."""
    browser = mailing.browser("school")
    assert f'href="{ACCOUNT}"' in browser.get(SCHOOL).body
    confirm(mailing, server, browser, ACCOUNT, "a.devries@school.example")
    page = mailing.browser("collega").get(PAGE)
    assert "A. de Vries: krijgt de meldingen" in page.text
    assert "B. Bakker: heeft geen bevestigd e-mailadres" in page.text
    assert "a.devries@" not in page.body
    browser.submit(
        f"{SCHOOL}/activeren/snappet", naam="A. de Vries", akkoord="ja", verificatiecode=CODE, actie="gereed"
    )
    before = len(server.taken)
    send(mailing)
    assert len(server.taken) == before


def test_a_new_browser_is_told(mailing: Portal, server: MailServerOfTest) -> None:
    """A login from a browser that was not known is on the account page and mailed; from a known one it is not."""
    browser = mailing.browser("school")
    confirm(mailing, server, browser, ACCOUNT, "a@school.example")
    send(mailing)
    before = len(server.to("a@school.example"))
    browser.post("/koppelingen/uitloggen", {"csrf_token": _token(browser.get(SCHOOL))})
    assert browser.login("school").status == 303
    send(mailing)
    assert len(server.to("a@school.example")) == before
    mailing.clock.advance(hours=1)
    other = mailing.browser("school")
    send(mailing)
    assert server.to("a@school.example")[-1].message["Subject"] == "Ingelogd in een nieuwe browser"
    assert len(server.to("a@school.example")) == before + 1
    assert len(other.get(ACCOUNT).tree.xpath("//section[@aria-labelledby='browsers']//li")) == 2
    with mailing.database.reading() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(new_browser)) == 2


@pytest.mark.parametrize("typed", ["", "geen adres", "a@b", "a@school.nl\nBcc: b@c.nl", "x" * 400 + "@b.nl", "é@b.nl"])
def test_what_is_no_address(mailing: Portal, typed: str) -> None:
    """It is refused beside its field, and nothing is stored or mailed."""
    browser = mailing.browser("school")
    for path in (PAGE, ACCOUNT):
        page = press(browser, path, "adres", adres=typed)
        assert page.status == 422
        assert page.errors("adres")
        assert "Er is nog geen e-mailadres ingevuld." in browser.get(path).text


def test_a_wrong_code(mailing: Portal, server: MailServerOfTest) -> None:
    """It is told beside its field; after five of them a new code is needed, which is one button away."""
    browser = mailing.browser("school")
    press(browser, PAGE, "adres", adres=ADDRESS)
    send(mailing)
    for _ in range(5):
        page = press(browser, PAGE, "code", code="AAAA-AAAA")
        assert (page.status, page.errors("code")) == (
            422,
            ["Deze code is niet juist. Kijk in de nieuwste mail die u kreeg."],
        )
    page = press(browser, PAGE, "code", code="AAAA-AAAA")
    assert "te vaak verkeerd ingevuld" in browser.follow(page).text
    assert "Er wordt een nieuwe code gestuurd." in browser.follow(press(browser, PAGE, "opnieuw")).text
    send(mailing)
    assert len(server.to(ADDRESS)) == 2


def test_forms_from_two_tabs(mailing: Portal, server: MailServerOfTest) -> None:
    """A code or a removal that comes twice is told what became of it, and does nothing twice."""
    browser = mailing.browser("school")
    press(browser, PAGE, "adres", adres=ADDRESS)
    send(mailing)
    code = re.search(r"De code is: (\S+)", server.taken[-1].text)
    assert code is not None
    data = {**browser.get(PAGE).fields(), "code": code[1], "actie": "code"}
    assert "bevestigd" in browser.follow(browser.post(PAGE, data)).text
    assert "Er is geen e-mailadres dat nog bevestigd moet worden." in browser.follow(browser.post(PAGE, data)).text
    data = {**data, "actie": "verwijderen"}
    assert "is verwijderd" in browser.follow(browser.post(PAGE, data)).text
    assert "Er was geen e-mailadres meer." in browser.follow(browser.post(PAGE, data)).text
    assert browser.post(PAGE, {**data, "actie": "zomaar"}).status == 303
    with mailing.database.reading() as connection:
        acts = [entry.act for entry in read(connection, brin6="21QW00")]
    assert (acts.count("meldadres bevestigd"), acts.count("meldadres verwijderd")) == (1, 1)


def test_failures_are_shown(mailing: Portal, server: MailServerOfTest) -> None:
    """A mail that was not sent is on the page in words of our own, and so is an address that is not there."""
    browser = mailing.browser("school")
    confirm(mailing, server, browser, PAGE, ADDRESS)
    mailing.browser("collega").submit(
        f"{SCHOOL}/activeren/snappet", naam="B. Bakker", akkoord="ja", verificatiecode=CODE, actie="gereed"
    )
    server.mood = Mood.ASKS_LATER
    send(mailing)
    page = browser.get(PAGE)
    assert (
        "Nog niet verstuurd: de mailserver vroeg om het later te proberen; nieuwe poging vanaf 25-11-2026 10:31"
        in page.text
    )
    server.mood, server.refusals[ADDRESS] = Mood.TAKES, "550 5.1.1 Geheim"
    mailing.clock.advance(minutes=1)
    send(mailing)
    page = browser.get(PAGE)
    assert "Niet verstuurd: dit adres bestaat niet, zegt de mailserver" in page.text
    assert "Er gaan geen meldingen meer heen." in page.text
    assert "Geheim" not in page.body


def test_without_a_mail_server(portal: Portal) -> None:
    """Both pages say so in words, and take no address."""
    browser = portal.browser("school")
    for path in (PAGE, ACCOUNT):
        page = browser.get(path)
        assert "Er is geen mailserver ingesteld: er worden geen meldingen gemaild." in page.text
        assert not page.tree.xpath('//*[@name="adres"]')
        page = browser.post(path, {"csrf_token": _token(page), "actie": "adres", "adres": ADDRESS})
        assert "Er is geen mailserver ingesteld" in browser.follow(page).text
        assert "Er is nog geen e-mailadres ingevuld." in browser.get(path).text


def _token(page: Page) -> str:
    (token, *_) = page.tree.xpath('//input[@name="csrf_token"]/@value')
    return str(token)


def test_the_region(portal: Portal) -> None:
    """The page says when nothing is sent, for the region that is chosen; any other word is refused."""
    browser = portal.browser("school")
    assert "De vakantieregio is niet bekend." in browser.get(PAGE).text
    assert press(browser, PAGE, "regio").status == 422
    assert press(browser, PAGE, "regio", regio="maan").status == 422
    page = browser.follow(press(browser, PAGE, "regio", regio="zuid"))
    assert "Van 24 juli 2027 tot en met 5 september 2027 sturen wij niets" in page.text
    assert page.tree.xpath('//input[@value="zuid"]/@checked')
    with portal.database.reading() as connection:
        assert read(connection, brin6="21QW00")[0].act == "vakantieregio ingesteld"


def test_a_region_changes_no_answer(portal: Portal) -> None:
    """No stored answer is made again for it."""
    query = sa.text("SELECT version FROM school WHERE brincode = '21QW'")
    browser = portal.browser("school")
    versions = []
    for region in ("noord", "zuid"):
        press(browser, PAGE, "regio", regio=region)
        with portal.database.reading() as connection:
            versions.append(connection.scalar(query))
    assert versions[0] == versions[1]


def test_no_request_waits_for_the_mail_server(make: Callable[..., Portal]) -> None:
    """Pages and acts do their work while the mail server is away; what they tell waits."""
    portal = make(smtp_host="localhost", smtp_port=1, smtp_tls=SmtpTls.NONE, mail_from="m@uwlr.example")
    browser = portal.browser("school")
    assert press(browser, PAGE, "adres", adres=ADDRESS).status == 303
    page = browser.submit(
        f"{SCHOOL}/activeren/snappet", naam="A. de Vries", akkoord="ja", verificatiecode=CODE, actie="gereed"
    )
    assert page.status == 200
    send(portal, fails=True)
    assert "Nog niet verstuurd: de mailserver is niet bereikbaar" in browser.get(PAGE).text
