"""An invitation of a colleague that is accepted with an account at the provider, in place of a password."""

from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.page_findings import html_findings
from support.portal_browser import PASSWORD, SCHOOL, Browser, Page, Portal
from support.provider_portal import ProviderPortal, is_in, told

from uwlr_adapter.gebruikers import accounts, invitations
from uwlr_adapter.gebruikers.accounts import new_token
from uwlr_adapter.gebruikers.invitations import NewInvitation
from uwlr_adapter.gebruikers.tables import GebruikerRol, gebruiker, gebruiker_oidc
from uwlr_adapter.journaal.tables import journaal


def invited(portal: Portal, login: str = "nieuw") -> str:
    """Return the page of an invitation as lezer."""
    token = new_token()
    with portal.database.writing() as connection:
        new = NewInvitation("21QW00", login, "N. Nieuw", GebruikerRol.LEZER)
        invitations.invite(connection, new, token, portal.clock(), actor="school")
    return f"/koppelingen/uitnodiging/{token}"


def confirm(entree: ProviderPortal, browser: Browser, link: str) -> Page:
    """Go to the provider from the page of an invitation; return the page that asks for a confirmation."""
    (address,) = browser.get(link).tree.xpath("//a[contains(., 'Verder met Entree')]/@href")
    page = entree.provider.walk(browser, address)
    assert page.location == f"{link}/extern/bevestigen"
    return browser.follow(page)


def bound(entree: ProviderPortal) -> int:
    """Return how many accounts at the provider are bound."""
    with entree.portal.database.reading() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(gebruiker_oidc)) or 0


def test_joining(entree: ProviderPortal) -> None:
    """The account has no password, logs in at the provider, and sets up the second factor here; the link is used up."""
    link, browser = invited(entree.portal), entree.browser()
    page = confirm(entree, browser, link)
    assert "gebruikersnaam nieuw" in page.text
    copy = replace(browser, cookies=dict(browser.cookies))
    assert "Uw account is gemaakt. Log nu in met Entree." in told(browser, browser.submit_page(page))
    assert copy.submit_page(page).status == 404, "once"
    for path in (link, f"{link}/extern", f"{link}/extern/bevestigen"):
        assert entree.browser().get(path).status == 404
    assert browser.follow(entree.provider.walk(browser)).location == "/koppelingen/tweede-factor"
    with entree.portal.database.reading() as connection:
        made = accounts.get(connection, "nieuw")
        query = sa.select(journaal.c.act).where(journaal.c.actor == "nieuw").order_by(journaal.c.id)
        assert list(connection.scalars(query)) == ["uitnodiging aangenomen", "inlogdienst toegevoegd"]
    assert (made.has_password, made.has_provider, made.rol) == (False, True, GebruikerRol.LEZER)
    assert entree.browser().login("nieuw", PASSWORD).status == 403


@pytest.mark.parametrize(
    ("login", "sentence"), [("andere", "Er is al een account"), ("nieuw", "hoort al bij een andere gebruiker")]
)
def test_what_is_taken(entree: ProviderPortal, login: str, sentence: str) -> None:
    """A login, and an account at the provider, of another user: nothing is made, and the link stays good."""
    if login == "nieuw":
        entree.bind("collega")
    link, browser, before = invited(entree.portal, login), entree.browser(), bound(entree)
    page = browser.submit_page(confirm(entree, browser, link))
    assert page.location == link
    assert sentence in browser.get(link).text
    assert bound(entree) == before
    with entree.portal.database.reading() as connection:
        assert accounts.find(connection, "nieuw") is None
        assert accounts.get(connection, "andere").has_password


def test_what_was_not_shown_for_it(entree: ProviderPortal) -> None:
    """An account at the provider that was shown for another link makes nothing, nor does one of ten minutes ago."""
    first, second, browser = invited(entree.portal), invited(entree.portal, "ander"), entree.browser()
    page = confirm(entree, browser, first)
    assert browser.post(f"{second}/extern/bevestigen", page.fields()).location == second
    assert browser.get(f"{second}/extern/bevestigen").location == second
    entree.portal.clock.advance(minutes=10)
    assert "duurde te lang" in told(browser, browser.submit_page(page))
    assert bound(entree) == 0
    assert not is_in(browser, SCHOOL)


def test_the_pages_are_plain(entree: ProviderPortal, tmp_path: Path) -> None:
    """The page of an invitation, for anybody and for the owner of an account, and what follows it, are HTML."""
    browser, own = entree.browser(), entree.browser("andere")
    pages = [confirm(entree, browser, invited(entree.portal)), own.get(invited(entree.portal, "andere"))]
    pages += [own.get("/koppelingen/account"), browser.get(invited(entree.portal, "ander"))]
    entree.change(gebruiker.update().where(gebruiker.c.login == "collega").values(password_hash=None))
    pages.append(entree.browser_of("collega").get("/koppelingen/account"))
    for number, page in enumerate(pages):
        (tmp_path / f"{number}.html").write_text(page.body, encoding="utf-8")
        assert (page.status, len(page.tree.xpath("//h1"))) == (200, 1)
    assert html_findings(tmp_path) == []


def test_a_provider_that_is_away(entree: ProviderPortal, portal: Portal) -> None:
    """The walk leads back to the invitation, where a password can be chosen; without a provider none begins."""
    link, browser = invited(entree.portal), entree.browser()
    entree.provider.answers["/token"] = lambda: (500, {}, b"")
    page = entree.provider.walk(browser, f"{link}/extern")
    assert page.location == link
    assert "Kies een wachtwoord" in browser.get(link).text
    own = portal.browser()
    assert "Verder met" not in own.get(link).text
    assert own.get(f"{link}/extern").status == 404
