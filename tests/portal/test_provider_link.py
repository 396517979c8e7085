"""Binding an account at a provider: by its owner in a session by password, or at the link of an invitation."""

from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.lying_provider import SUBJECT
from support.page_findings import html_findings
from support.portal_browser import SCHOOL, Browser, Page
from support.provider_portal import ACCOUNT, EXTERN, LOGIN, ProviderPortal, is_in, told

from uwlr_adapter.gebruikers import accounts, identities
from uwlr_adapter.journaal.tables import journaal

ADD, CONFIRM, REMOVE = (f"{ACCOUNT}/inlogdienst/{what}" for what in ("toevoegen", "bevestigen", "verwijderen"))


def acts(entree: ProviderPortal) -> list[tuple[str, str]]:
    """Return the acts on accounts at a provider, with who did them."""
    query = sa.select(journaal.c.act, journaal.c.actor).where(journaal.c.act.like("inlogdienst%"))
    with entree.portal.database.reading() as connection:
        return [(row.act, row.actor) for row in connection.execute(query.order_by(journaal.c.id))]


def owner_of(entree: ProviderPortal, subject: str = SUBJECT) -> int | None:
    """Return the id of the user to whom an account is bound."""
    with entree.portal.database.reading() as connection:
        found = identities.find(connection, entree.provider.issuer, subject)
    return None if found is None else found.gebruiker_id


def add(entree: ProviderPortal, browser: Browser) -> Page:
    """Go to the provider and back; return the page that asks for a confirmation."""
    (address,) = browser.get(ACCOUNT).tree.xpath("//a[contains(., 'Entree toevoegen')]/@href")
    page = entree.provider.walk(browser, address)
    assert page.location == CONFIRM
    return browser.get(CONFIRM)


def test_adding_and_removing(entree: ProviderPortal) -> None:
    """The owner adds it after a confirmation, logs in with it, and removes it, which ends those sessions."""
    entree.provider.claims = {"preferred_username": 'A. "de" <Vries>'}
    browser = entree.browser("school")
    page = add(entree, browser)
    assert 'A. "de" <Vries>' in page.text
    assert "<Vries>" not in page.body
    assert owner_of(entree) is None, "the walk alone binds nothing"
    assert "Gelukt. U kunt voortaan ook inloggen met Entree." in told(browser, browser.submit_page(page))
    assert browser.post(CONFIRM, page.fields()).location == ACCOUNT, "the form sent twice"
    by_provider, _ = entree.log_in()
    assert is_in(by_provider)
    number = next(index for index, form in enumerate(browser.get(ACCOUNT).forms()) if form.get("action") == REMOVE)
    removed = browser.submit(ACCOUNT, number)
    assert "Inloggen met Entree is verwijderd." in told(browser, removed)
    assert not is_in(by_provider)
    assert is_in(browser)
    assert acts(entree) == [("inlogdienst toegevoegd", "school"), ("inlogdienst verwijderd", "school")]
    text = browser.get(f"{SCHOOL}/journaal").text
    assert "De gebruiker school kan voortaan ook inloggen via een inlogdienst." in text


def test_a_session_by_the_provider_binds_nothing(entree: ProviderPortal) -> None:
    """Adding and removing are for who knows the password."""
    browser = entree.browser_of("school")
    assert "wachtwoord om dit te wijzigen" in told(browser, browser.get(ADD))
    token = browser.get(ACCOUNT).forms()[0].fields["csrf_token"]
    for path in (REMOVE, CONFIRM):
        assert "wachtwoord om dit te wijzigen" in told(browser, browser.post(path, {"csrf_token": token}))
    assert owner_of(entree) is not None


def test_an_account_of_another_user(entree: ProviderPortal) -> None:
    """It stays with that user, and a user has one account."""
    entree.bind("collega")
    before = owner_of(entree)
    browser = entree.browser("school")
    page = add(entree, browser)
    assert "hoort al bij een andere gebruiker" in told(browser, browser.submit_page(page))
    assert owner_of(entree) == before
    entree.bind("school", "een-eerste")
    entree.provider.subject = "een-tweede"
    browser.get(ADD)
    page = entree.provider.walk(browser, ADD)
    assert "al een ander account" in told(browser, browser.submit_page(browser.get(CONFIRM)))
    assert owner_of(entree, "een-tweede") is None
    assert acts(entree) == []


def test_a_confirmation_that_comes_late(entree: ProviderPortal) -> None:
    """What was shown ten minutes ago is not bound, nor what was never shown."""
    browser = entree.browser("school")
    page = add(entree, browser)
    entree.portal.clock.advance(minutes=10)
    assert "duurde te lang" in told(browser, browser.submit_page(page))
    assert browser.get(CONFIRM).location == ACCOUNT
    other = entree.browser("school")
    token = other.get(ACCOUNT).tree.forms[0].fields["csrf_token"]
    assert "duurde te lang" in told(other, other.post(CONFIRM, {"csrf_token": token}))
    assert owner_of(entree) is None


def test_a_walk_that_ends_elsewhere(entree: ProviderPortal) -> None:
    """A failure on the way leads back to the account, and changes nothing."""
    browser = entree.browser("school")
    entree.provider.claims = {"nonce": "een ander"}
    page = entree.provider.walk(browser, ADD)
    assert page.location == ACCOUNT
    assert "Er is niets gewijzigd" in told(browser, page)
    assert browser.get(CONFIRM).location == ACCOUNT


def invited(entree: ProviderPortal, login: str = "tweede") -> str:
    """Return the page of the link of a user."""
    with entree.portal.database.writing() as connection:
        return f"/koppelingen/wachtwoord/{accounts.reset(connection, login, entree.portal.clock())}"


def accept(entree: ProviderPortal, browser: Browser, link: str) -> Page:
    """Go to the provider from the page of a link; return the page that asks for a confirmation."""
    (address,) = browser.get(link).tree.xpath("//a[contains(., 'Verder met Entree')]/@href")
    page = entree.provider.walk(browser, address)
    assert page.location == f"{link}/extern/bevestigen"
    return browser.follow(page)


def test_an_invitation(entree: ProviderPortal) -> None:
    """The link can be used for the provider in place of a password, once; the own login stays closed then."""
    link = invited(entree)
    browser = entree.browser()
    page = accept(entree, browser, link)
    assert "gebruikersnaam tweede" in page.text
    done = browser.submit_page(page)
    assert "Gelukt. Log nu in met Entree." in told(browser, done)
    assert entree.provider.walk(browser).location == "/koppelingen/"
    assert is_in(browser, "/koppelingen/30AB00")
    assert browser.get(link).status == 404
    assert browser.get(f"{link}/extern").status == 404
    assert browser.get(f"{link}/extern/bevestigen").status == 404
    assert entree.browser().login("tweede").status == 403
    assert acts(entree) == [("inlogdienst toegevoegd", "tweede")]


def test_an_invitation_of_an_operator(entree: ProviderPortal, narrowing: ProviderPortal) -> None:
    """It offers the provider where that lets an operator in, and not where it never would."""
    assert "Verder met Entree" in entree.browser().get(invited(entree, "operator")).text
    assert "Verder met" not in narrowing.browser().get(invited(narrowing, "operator")).text
    assert "Verder met Entree" in narrowing.browser().get(invited(narrowing)).text


def test_an_invitation_sent_twice(entree: ProviderPortal) -> None:
    """The second time the link is used up, and nothing changes."""
    link = invited(entree)
    browser = entree.browser()
    page = accept(entree, browser, link)
    copy = replace(browser, cookies=dict(browser.cookies))
    browser.submit_page(page)
    assert copy.submit_page(page).status == 404
    assert len(acts(entree)) == 1


def test_an_invitation_needs_what_was_shown(entree: ProviderPortal) -> None:
    """What was shown for one link, or for the own account, is not bound by another one."""
    first, second = invited(entree, "tweede"), invited(entree, "andere")
    browser = entree.browser()
    page = accept(entree, browser, first)
    answer = browser.post(f"{second}/extern/bevestigen", page.fields())
    assert answer.location == second
    assert browser.get(f"{second}/extern/bevestigen").location == second
    own = entree.browser("school")
    fields = add(entree, own).fields()
    assert own.post(f"{second}/extern/bevestigen", fields).location == second
    assert owner_of(entree) is None


def test_an_invitation_with_an_account_of_another(entree: ProviderPortal) -> None:
    """The link stays good for a password."""
    entree.bind("collega")
    link = invited(entree)
    browser = entree.browser()
    page = browser.submit_page(accept(entree, browser, link))
    assert page.location == link
    assert "hoort al bij een andere gebruiker" in browser.get(link).text


@pytest.mark.parametrize("what", ["/extern", "/extern/bevestigen"])
def test_a_link_that_is_no_link(entree: ProviderPortal, what: str) -> None:
    """It leads nowhere, and the provider is not asked."""
    assert entree.browser().get(f"/koppelingen/wachtwoord/{'x' * 43}{what}").status == 404
    assert entree.provider.asked == []


def test_a_walk_from_an_invitation_that_fails(entree: ProviderPortal) -> None:
    """It leads back to the page of the link, where a password can be chosen."""
    link = invited(entree)
    browser = entree.browser()
    entree.provider.answers["/token"] = lambda: (500, {}, b"")
    page = entree.provider.walk(browser, f"{link}/extern")
    assert page.location == link
    assert "Kies een wachtwoord" in browser.get(link).text


def test_a_login_while_logged_in(entree: ProviderPortal) -> None:
    """The button of the login leads somebody who is in to the start page; another account is not entered unseen."""
    entree.bind("collega")
    browser = entree.browser("school")
    assert browser.get(EXTERN).location == "/koppelingen/"
    assert browser.get(LOGIN).location == "/koppelingen/"


@pytest.mark.parametrize("token", [None, "verzonnen"])
def test_every_form_asks_for_its_token(entree: ProviderPortal, token: str | None) -> None:
    """A form that another site sends along binds and removes nothing."""
    browser = entree.browser("school")
    add(entree, browser)
    data = {} if token is None else {"csrf_token": token}
    link = invited(entree)
    for path in (CONFIRM, REMOVE, f"{link}/extern/bevestigen"):
        assert browser.post(path, data).status == 400
    assert owner_of(entree) is None


def test_the_pages_are_plain(entree: ProviderPortal, tmp_path: Path) -> None:
    """Each has the headers of every page, one heading, no script of its own, and is HTML."""
    browser = entree.browser("school")
    pages = [entree.browser().get(LOGIN), add(entree, browser), browser.get(ACCOUNT)]
    pages += [entree.log_in()[1], entree.browser().get(invited(entree))]
    left = entree.browser_of("andere")
    left.post("/koppelingen/uitloggen", {"csrf_token": left.get(ACCOUNT).tree.forms[0].fields["csrf_token"]})
    pages.append(left.get(f"{EXTERN}/uit"))
    for number, page in enumerate(pages):
        (tmp_path / f"{number}.html").write_text(page.body, encoding="utf-8")
        assert "form-action 'self'" in page.reply.headers["Content-Security-Policy"]
        assert not page.tree.xpath("//@style | //style | //script[not(@src)] | //@*[starts-with(name(), 'on')]")
        assert len(page.tree.xpath("//h1")) == 1
    assert html_findings(tmp_path) == []
