"""A session that a claim narrows stays narrow: whatever its user does, it reaches no other vestiging of the account."""

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.lying_provider import LyingProvider
from support.portal_browser import MOMENT, PASSWORD, SCHOOL, TOTP, Browser, Portal, totp
from support.provider_portal import ACCOUNT, LOGIN, VESTIGINGEN, ProviderPortal, open_portal, told

from uwlr_adapter.gebruikers import access, accounts, groep_access, invitations
from uwlr_adapter.gebruikers.accounts import new_token
from uwlr_adapter.gebruikers.groep_access import Taught
from uwlr_adapter.gebruikers.invitations import NewInvitation
from uwlr_adapter.gebruikers.tables import GebruikerRol, gebruiker
from uwlr_adapter.journaal.tables import journaal
from uwlr_adapter.mail.tables import mail_address

OTHER, THIRD = "/koppelingen/21QW01", "/koppelingen/30AB00"
NEW = "zes blauwe olifanten dansen"


@pytest.fixture
def narrow(narrowing: ProviderPortal) -> ProviderPortal:
    """Return a portal where `school` and `streng` act for two vestigingen, and the claim names the first."""
    narrowing.provider.claims = {VESTIGINGEN: ["21QW00"]}
    for login in ("school", "streng"):
        give(narrowing, login, "21QW01")
    return narrowing


def give(portal: ProviderPortal, login: str, brin6: str) -> None:
    """Make a user schoolbeheerder of a vestiging."""
    with portal.portal.database.writing() as connection:
        access.place(connection, accounts.get(connection, login).id, brin6, GebruikerRol.SCHOOLBEHEERDER)


def sees(browser: Browser) -> list[str]:
    """Return the vestigingen that a browser sees."""
    return [path[-6:] for path in (SCHOOL, OTHER, THIRD) if browser.get(path).status == 200]


def by_code(portal: ProviderPortal, login: str) -> Browser:
    """Log in at the provider, and with a code."""
    portal.bind(login)
    browser, page = portal.log_in()
    assert page.location == f"{LOGIN}/tweede-stap"
    browser.submit_page(browser.follow(page), code=totp(portal.portal.clock.moment))
    return browser


def act_places(portal: ProviderPortal, act: str) -> list[str]:
    """Return the vestigingen at which an act is in the journaal."""
    query = sa.select(journaal.c.brin6).where(journaal.c.act == act).order_by(journaal.c.brin6)
    with portal.portal.database.reading() as connection:
        return list(connection.scalars(query))


def test_after_another_password(narrow: ProviderPortal) -> None:
    """The session goes on as narrow as it was; the act is in the journaal of every vestiging of the account."""
    browser = narrow.browser_of("school")
    page = browser.submit(f"{ACCOUNT}/wachtwoord", huidig=PASSWORD, wachtwoord=NEW, nogmaals=NEW)
    assert "Uw wachtwoord is gewijzigd" in told(browser, page)
    assert sees(browser) == ["21QW00"]
    assert act_places(narrow, "wachtwoord gewijzigd") == ["21QW00", "21QW01"]
    browser.get("/koppelingen/sessie/verder")
    assert sees(browser) == ["21QW00"]


def test_after_another_second_factor(narrow: ProviderPortal) -> None:
    """So it does after the second step, by a code or a recovery code, and after a new second factor."""
    browser = by_code(narrow, "streng")
    assert sees(browser) == ["21QW00"]
    page = browser.submit(f"{ACCOUNT}/herstelcodes", huidig=PASSWORD)
    codes = [str(one.text_content()) for one in page.tree.xpath("//main//code")]
    other, _ = narrow.log_in()
    entered = other.submit(f"{LOGIN}/telefoon-kwijt", code=codes[0])
    assert "ingelogd met een herstelcode" in told(other, entered)
    assert sees(other) == ["21QW00"]
    page = browser.follow(browser.submit(f"{ACCOUNT}/tweede-stap", huidig=PASSWORD, code=codes[1]))
    secret = str(page.tree.find(".//code").text).replace(" ", "")
    assert secret != TOTP
    narrow.portal.clock.advance(minutes=1)
    done = browser.submit_page(page, code=totp(narrow.portal.clock.moment, secret))
    assert "De tweede stap is vernieuwd" in told(browser, done)
    assert sees(browser) == ["21QW00"]


def test_after_an_invitation(narrow: ProviderPortal) -> None:
    """A vestiging that is accepted is seen at a new login; the page says so, and is no page of that vestiging."""
    browser, token = narrow.browser_of("school"), new_token()
    with narrow.portal.database.writing() as connection:
        new = NewInvitation("30AB00", "school", "A. de Vries", GebruikerRol.LEZER)
        invitations.invite(connection, new, token, narrow.portal.clock(), actor="andere")
    page = browser.submit(f"/koppelingen/uitnodiging/{token}", 0, actie="aannemen")
    assert page.location == ACCOUNT
    assert "U ziet de school als u opnieuw inlogt" in told(browser, page)
    assert sees(browser) == ["21QW00"]
    assert sees(narrow.browser("school")) == ["21QW00", "21QW01", "30AB00"]


def test_groepen_of_a_leerkracht(narrow: ProviderPortal) -> None:
    """A session sees those of a vestiging that the claim names; of whom it names none of it is no session."""
    with narrow.portal.database.writing() as connection:
        kim = accounts.get(connection, "tweede")
        for brin6 in ("21QW00", "21QW01"):
            groep_access.put(connection, kim.id, brin6, Taught("2026-2027", (("g4", "4A"),)), "school", MOMENT)
    browser = narrow.browser_of("tweede")
    assert sees(browser) == [], "schoolbeheerder of 30AB00, which the claim does not name"
    text = browser.get("/koppelingen/groepen/").text
    assert "21QW00" in text
    assert "21QW01" not in text
    assert "21QW01" in narrow.browser("tweede").get("/koppelingen/groepen/").text
    with narrow.portal.database.writing() as connection:
        groep_access.take(connection, kim.id, ["21QW00"])
    assert browser.get("/koppelingen/groepen/").status == 303
    _, page = narrow.log_in()
    assert page.status == 403


def test_the_account_of_a_colleague(narrow: ProviderPortal) -> None:
    """A link is no way out: it would log in as a colleague who acts for the other vestiging as well."""
    browser = narrow.browser_of("school")
    with narrow.portal.database.reading() as connection:
        colleague = accounts.get(connection, "streng")
    path = f"{SCHOOL}/collegas/{colleague.id}"
    page = browser.get(path)
    assert not page.tree.xpath("//button[@value='herstellen']")
    assert narrow.browser("school").get(path).tree.xpath("//button[@value='herstellen']"), "by password there is one"
    (bon,) = browser.get(user_page(narrow, "collega")).tree.xpath("//input[@name='bon']/@value")
    data = {**page.fields(), "versie": str(colleague.version), "bon": bon, "bevestigd": "ja"}
    answer = browser.post(path, {**data, "actie": "herstellen"})
    assert "alleen de beheerder van de koppelingen" in told(browser, answer)
    with narrow.portal.database.reading() as connection:
        assert accounts.get(connection, "streng").has_password


def test_the_address_for_mail(make: Callable[..., Portal], provider: LyingProvider, tmp_path: Path) -> None:
    """Mails are about all vestigingen of the account, so a session that leaves some out changes no address."""
    mail = {"smtp_host": "127.0.0.1", "mail_from": "uwlr@school.example"}
    narrow = open_portal(make, provider, tmp_path, oidc_vestigingen_claim=VESTIGINGEN, **mail)
    give(narrow, "school", "21QW01")
    narrow.bind("school")

    def entered() -> list[str]:
        browser, _ = narrow.log_in()
        forms = browser.get(ACCOUNT).forms()
        (number,) = (place for place, form in enumerate(forms) if "adres" in form.fields)
        page = browser.submit(ACCOUNT, number, adres="ander@school.example", actie="adres")
        assert page.location == ACCOUNT
        with narrow.portal.database.reading() as connection:
            return list(connection.scalars(sa.select(mail_address.c.address)))

    provider.claims = {VESTIGINGEN: ["21QW00"]}
    assert entered() == []
    provider.claims = {VESTIGINGEN: ["21QW"]}
    assert entered() == ["ander@school.example"]


def test_who_has_no_password(entree: ProviderPortal) -> None:
    """Each page that would ask for it leads to the account, which says what to do; nothing counts as a guess."""
    no_password = gebruiker.update().where(gebruiker.c.login.in_(("streng", "collega")))
    entree.change(no_password.values(password_hash=None))
    browser = by_code(entree, "streng")
    page = browser.get(ACCOUNT)
    assert "U hebt hier geen wachtwoord" in page.text
    assert not page.tree.xpath("//a[contains(@href, '/account/') and not(contains(@href, 'inlogdienst'))]")
    assert not page.tree.xpath("//button[contains(., 'Entree verwijderen')]")
    fields = {"csrf_token": page.tree.forms[0].fields["csrf_token"]}
    for path in ("wachtwoord", "tweede-stap", "herstelcodes"):
        for answer in (browser.get(f"{ACCOUNT}/{path}"), browser.post(f"{ACCOUNT}/{path}", fields)):
            assert answer.location == ACCOUNT
    with entree.portal.database.reading() as connection:
        assert connection.scalar(sa.select(sa.func.max(gebruiker.c.wrong_passwords))) == 0
    manager = entree.browser("school")
    rows = {
        row.xpath("string(td[1])"): row.text_content() for row in manager.get(f"{SCHOOL}/collegas").tree.xpath("//tr")
    }
    assert "Kan inloggen" in next(text for text in rows.values() if "F. Strik" in text)
    assert "De link is verlopen" in next(text for text in rows.values() if "B. Bakker" in text)
    users = entree.browser("operator").get("/koppelingen/beheer/gebruikers?zoek=streng")
    assert "Kan inloggen" in users.text
    own = user_page(entree, "school")
    form = manager.get(own)
    number = next(i for i, one in enumerate(form.forms()) if "lezer" in one.xpath(".//button/@value"))
    assert "is nu lezer" in told(manager, manager.submit_page(form, number, actie="lezer")), "another can act"


def user_page(portal: ProviderPortal, login: str) -> str:
    """Return the path of the page of a colleague."""
    with portal.portal.database.reading() as connection:
        return f"{SCHOOL}/collegas/{accounts.get(connection, login).id}"
