"""Logging in at a provider: only for an account that was bound here, as far as its claims go, with a second factor."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa
from support.lying_provider import CLIENT_ID, LyingProvider
from support.portal_browser import CODE, SCHOOL, Browser, Page, Portal, totp
from support.provider_portal import EXTERN, LOGIN, VESTIGINGEN, ProviderPortal, is_in, open_portal, told

from uwlr_adapter.administratie.tables import vestiging
from uwlr_adapter.gebruikers import accounts
from uwlr_adapter.gebruikers.tables import gebruiker, gebruiker_oidc, gebruiker_vestiging, new_browser
from uwlr_adapter.portal.provider_session import MAX_NARROWED

AFMELDEN = f"{EXTERN}/afmelden"


def test_without_settings_nothing_changes(portal: Portal) -> None:
    """There is no button and no route."""
    browser = portal.browser()
    assert "Inloggen met" not in browser.get(LOGIN).text
    for path in (EXTERN, f"{EXTERN}/terug", f"{EXTERN}/uit", f"{EXTERN}/uitgelogd"):
        assert browser.get(path).status == 404
    assert browser.post(AFMELDEN, {}).status == 404
    assert "Inloggen met" not in portal.browser("school").get("/koppelingen/account").text


def test_the_way_there(entree: ProviderPortal) -> None:
    """The button leads to the provider, with a code challenge, a state, a nonce and the exact public address."""
    browser = entree.browser()
    (button,) = browser.get(f"{LOGIN}?verder={SCHOOL}").tree.xpath("//a[contains(., 'Inloggen met Entree')]/@href")
    left = browser.get(button, HTTP_HOST="kwaad.example")
    asked = parse_qs(urlsplit(left.location or "").query)
    assert {name: asked[name] for name in ("response_type", "client_id", "scope", "code_challenge_method")} == {
        "response_type": ["code"],
        "client_id": [CLIENT_ID],
        "scope": ["openid"],
        "code_challenge_method": ["S256"],
    }
    assert asked["redirect_uri"] == [f"{entree.portal.settings.base_url}{EXTERN}/terug"]
    assert {len(asked[name][0]) for name in ("state", "nonce", "code_challenge")} == {43}
    again = parse_qs(urlsplit(browser.get(EXTERN).location or "").query)
    assert all(again[name] != asked[name] for name in ("state", "nonce", "code_challenge"))


def test_a_login(entree: ProviderPortal) -> None:
    """A bound account opens the page that was asked for; the code goes with its verifier, and nothing of it is kept."""
    entree.bind("school")
    browser = entree.browser()
    page = entree.provider.walk(browser, f"{EXTERN}?verder={SCHOOL}/journaal")
    assert page.location == f"{SCHOOL}/journaal"
    assert is_in(browser)
    (sent,) = entree.provider.sent
    assert sent["redirect_uri"] == f"{entree.portal.settings.base_url}{EXTERN}/terug"
    assert len(sent["code_verifier"]) == 43
    assert "toegangssleutel" not in "".join(browser.set_cookies)
    assert is_in(entree.browser("school")), "the password works as before"


@pytest.mark.parametrize("verder", ["https://kwaad.example/", "//kwaad.example", "/elders"])
def test_a_login_leads_nowhere_else(entree: ProviderPortal, verder: str) -> None:
    """The page to return to is one of ours."""
    entree.bind("school")
    assert entree.provider.walk(entree.browser(), f"{EXTERN}?verder={verder}").location == "/koppelingen/"


def test_an_unknown_account(entree: ProviderPortal) -> None:
    """Somebody whom nobody bound is told what to do; no account is made or found by an e-mail address."""
    entree.provider.claims = {"email": "school", "preferred_username": "school", "email_verified": True}
    browser, page = entree.log_in()
    assert (page.status, page.h1) == (403, "Dit account is hier nog niet bekend")
    assert not is_in(browser)
    with entree.portal.database.reading() as connection:
        assert not connection.execute(sa.select(gebruiker_oidc)).all()


def test_a_disabled_user(entree: ProviderPortal) -> None:
    """A user who is disabled gets the same page as somebody unknown; an open session ends."""
    browser = entree.browser_of("school")
    with entree.portal.database.writing() as connection:
        accounts.disable(connection, "school", entree.portal.clock())
    assert not is_in(browser)
    assert entree.log_in()[1].h1 == "Dit account is hier nog niet bekend"


def test_a_reset_removes_the_account(entree: ProviderPortal) -> None:
    """What somebody else may have bound opens nothing after a reset."""
    browser = entree.browser_of("school")
    with entree.portal.database.writing() as connection:
        accounts.reset(connection, "school", entree.portal.clock())
    assert not is_in(browser)
    assert entree.log_in()[1].status == 403


def test_an_answer_counts_once(entree: ProviderPortal) -> None:
    """The same answer again opens nothing: not in this browser, and not in another one."""
    entree.bind("school")
    browser = entree.browser()
    back = entree.provider.way_back(browser.get(EXTERN))
    other = entree.browser()
    assert "duurde te lang" in told(other, other.get(back)), "login CSRF: that browser did not leave"
    assert browser.get(back).location == "/koppelingen/"
    assert browser.get(back).location == "/koppelingen/", "a page that is loaded again"
    assert len(entree.provider.sent) == 1
    log_out(browser)
    assert browser.get(back).location == "/koppelingen/"
    assert not is_in(browser)


def test_an_answer_that_comes_too_late(entree: ProviderPortal) -> None:
    """After ten minutes the way back is closed."""
    entree.bind("school")
    browser = entree.browser()
    back = entree.provider.way_back(browser.get(EXTERN))
    entree.portal.clock.advance(minutes=10)
    assert "duurde te lang" in told(browser, browser.get(back))
    assert not entree.provider.sent


def test_the_second_factor_is_asked_here(entree: ProviderPortal) -> None:
    """A user with a second factor enters its code after the provider, and one who needs one sets it up."""
    entree.bind("streng")
    browser, page = entree.log_in()
    assert page.location == f"{LOGIN}/tweede-stap"
    assert not is_in(browser)
    done = browser.submit_page(browser.follow(page), code=totp(entree.portal.clock.moment))
    assert done.location == "/koppelingen/"
    assert is_in(browser)
    entree.change(gebruiker.update().values(totp_secret=None))
    browser, page = entree.log_in()
    assert browser.follow(page).location == "/koppelingen/tweede-factor"
    assert browser.get(SCHOOL).location == "/koppelingen/tweede-factor"


@pytest.mark.parametrize(
    ("claims", "counts"),
    [
        ({"amr": ["pwd", "mfa"]}, True),
        ({"acr": "hoog"}, True),
        ({"amr": ["pwd"], "acr": "laag"}, False),
        ({"acr": ["hoog"]}, False),
        ({}, False),
    ],
)
def test_the_second_factor_of_the_provider(
    make: Callable[..., Portal], provider: LyingProvider, tmp_path: Path, claims: dict[str, object], counts: object
) -> None:
    """It counts where the settings name what the ID token says; then none is asked here, nor set up."""
    strong = open_portal(make, provider, tmp_path, oidc_acr="hoog,hoger", oidc_amr="mfa")
    provider.claims = claims
    strong.bind("streng")
    browser, page = strong.log_in()
    assert page.location == ("/koppelingen/" if counts else f"{LOGIN}/tweede-stap")
    assert is_in(browser) is counts
    strong.change(gebruiker.update().values(totp_secret=None))
    browser, _ = strong.log_in()
    assert is_in(browser) is counts


def test_userinfo_is_no_second_factor(make: Callable[..., Portal], provider: LyingProvider, tmp_path: Path) -> None:
    """What is not signed does not stand for one."""
    strong = open_portal(make, provider, tmp_path, oidc_amr="mfa", oidc_vestigingen_claim=VESTIGINGEN)
    provider.userinfo = {"amr": ["mfa"], VESTIGINGEN: "21QW00"}
    strong.bind("streng")
    assert strong.log_in()[1].location == f"{LOGIN}/tweede-stap"


@pytest.mark.parametrize(
    ("named", "seen"),
    [
        ("21QW00", {"21QW00"}),
        (["21QW01", "99XX99", "geen brin"], {"21QW01"}),
        (" 21qw ", {"21QW00", "21QW01"}),
        (["21QW01", "30AB", "21QW"], {"21QW00", "21QW01"}),
    ],
)
def test_a_session_is_narrowed(narrowing: ProviderPortal, named: object, seen: set[str]) -> None:
    """It acts for the own vestigingen that the claim names, by brin6 or brincode, and for no other one."""
    narrowing.provider.claims = {VESTIGINGEN: named}
    browser = narrowing.browser_of("bestuur")
    for brin6 in ("21QW00", "21QW01", "30AB00", "99XX99"):
        assert browser.get(f"/koppelingen/{brin6}").status == (200 if brin6 in seen else 404)
    assert is_in(narrowing.browser("bestuur"), "/koppelingen/21QW01"), "the password opens all of them"


@pytest.mark.parametrize("named", [None, [], "30AB00", ["99XX"], "geen", ""])
def test_a_session_of_nothing(narrowing: ProviderPortal, named: object) -> None:
    """Claims that leave nothing open nothing; the page says so, and names no school."""
    narrowing.provider.claims = {VESTIGINGEN: named}
    narrowing.bind("bestuur")
    browser, page = narrowing.log_in()
    assert (page.status, page.h1) == (403, "Entree noemt geen vestiging van u")
    assert not is_in(browser)
    assert "30AB" not in page.body


@pytest.mark.parametrize("named", [7, {"brin": "21QW00"}, ["21QW00", 7], ["21QW00"] * 1001])
def test_a_claim_of_another_form(narrowing: ProviderPortal, named: object) -> None:
    """It is no claim that can be read in part."""
    narrowing.provider.claims = {VESTIGINGEN: named}
    narrowing.bind("bestuur")
    browser, page = narrowing.log_in()
    assert "Het antwoord van Entree klopt niet" in told(browser, page)
    assert not is_in(browser)


def test_the_claim_of_the_userinfo(narrowing: ProviderPortal) -> None:
    """A claim that is not in the ID token is asked for; userinfo of somebody else is not believed."""
    narrowing.provider.userinfo = {VESTIGINGEN: ["21QW00"]}
    assert is_in(narrowing.browser_of("bestuur"))
    narrowing.provider.userinfo = {VESTIGINGEN: ["21QW00"], "sub": "een ander"}
    browser, page = narrowing.log_in()
    assert "klopt niet" in told(browser, page)


def test_what_is_granted_later_needs_a_new_login(narrowing: ProviderPortal) -> None:
    """A vestiging that is taken away is gone at the next page; one that is added is not there yet."""
    narrowing.provider.claims = {VESTIGINGEN: ["21QW", "30AB"]}
    browser = narrowing.browser_of("bestuur")
    with narrowing.portal.database.reading() as connection:
        owner = accounts.get(connection, "bestuur").id
    narrowing.change(gebruiker_vestiging.insert().values(gebruiker_id=owner, brin6="30AB00"))
    assert browser.get("/koppelingen/30AB00").status == 404
    table = gebruiker_vestiging
    narrowing.change(table.delete().where(table.c.gebruiker_id == owner, table.c.brin6 == "21QW01"))
    assert browser.get("/koppelingen/21QW01").status == 404
    assert is_in(browser)
    assert is_in(narrowing.log_in()[0], "/koppelingen/30AB00")
    narrowing.change(table.delete().where(table.c.gebruiker_id == owner))
    assert not is_in(browser, "/koppelingen/account"), "nothing is left"


def test_operators(entree: ProviderPortal, narrowing: ProviderPortal) -> None:
    """An operator comes in by the provider where no claim narrows, and does not where one does."""
    assert is_in(entree.browser_of("operator"), "/koppelingen/beheer/afnemers")
    narrowing.provider.claims = {VESTIGINGEN: ["21QW00"]}
    assert narrowing.log_in()[1].h1 == "Inloggen via Entree is voor scholen"
    with narrowing.portal.database.reading() as connection:
        owner = accounts.get(connection, "operator").id
    narrowing.change(gebruiker_vestiging.insert().values(gebruiker_id=owner, brin6="21QW00"))
    browser, _ = narrowing.log_in()
    assert "Afnemers" not in browser.get(SCHOOL).text
    assert not is_in(browser, "/koppelingen/beheer/afnemers")


def test_the_largest_board(narrowing: ProviderPortal) -> None:
    """As many vestigingen as a session may have fit in the cookie that a browser keeps; one more is refused."""
    every = [f"{n // 26:02}{chr(65 + n % 26)}{chr(90 - n % 7)}{n % 3:02}" for n in range(MAX_NARROWED + 1)]
    with narrowing.portal.database.writing() as connection:
        owner = accounts.get(connection, "bestuur").id
        rows = [{"brin6": one, "brincode": one[:4], "dependancecode": one[4:], "naam": "S"} for one in every]
        connection.execute(vestiging.insert(), rows)
        connection.execute(gebruiker_vestiging.delete().where(gebruiker_vestiging.c.gebruiker_id == owner))
        connection.execute(
            gebruiker_vestiging.insert(), [{"gebruiker_id": owner, "brin6": one} for one in every[:MAX_NARROWED]]
        )
    narrowing.provider.claims = {VESTIGINGEN: every}
    browser = narrowing.browser_of("bestuur")
    assert is_in(browser, f"/koppelingen/{every[-2]}")
    assert max(map(len, browser.set_cookies)) < 4096
    narrowing.change(gebruiker_vestiging.insert().values(gebruiker_id=owner, brin6=every[-1]))
    assert narrowing.log_in()[1].h1 == "Te veel vestigingen om zo in te loggen"


def test_a_new_browser_is_noted_once(entree: ProviderPortal) -> None:
    """As for the own login: the first login from a browser is noted, with a password and without one."""
    entree.change(gebruiker.update().where(gebruiker.c.login == "school").values(password_hash=None))
    browser = entree.browser_of("school")

    def noted() -> int:
        with entree.portal.database.reading() as connection:
            return len(connection.execute(sa.select(new_browser)).all())

    assert noted() == 1
    del browser.cookies["koppelingen"]
    assert entree.provider.walk(browser).location == "/koppelingen/"
    assert noted() == 1
    entree.log_in()
    assert noted() == 2


def test_logging_out(entree: ProviderPortal) -> None:
    """The session here ends first; then a page leads to the provider, without a token in the address, and back."""
    browser = entree.browser_of("school")
    copy = entree.browser()
    copy.cookies = dict(browser.cookies)
    page = log_out(browser)
    assert page.path == f"{EXTERN}/uit"
    assert not is_in(browser)
    assert not is_in(copy)
    (address,) = page.tree.xpath("//a[contains(., 'Uitloggen bij Entree')]/@href")
    assert page.tree.xpath("//meta[@http-equiv='refresh']/@content") == [f"0; url={address}"]
    asked = parse_qs(urlsplit(address).query)
    assert asked == {
        "client_id": [CLIENT_ID],
        "post_logout_redirect_uri": [f"{entree.portal.settings.base_url}{EXTERN}/uitgelogd"],
    }
    assert "U bent uitgelogd." in told(browser, browser.get(f"{EXTERN}/uitgelogd"))
    assert browser.get(f"{EXTERN}/uit").location == LOGIN, "it leads there once"
    assert log_out(entree.browser("school")).path == LOGIN, "a session by password"


def log_out(browser: Browser) -> Page:
    """Press the button; return the page at which the browser is after it."""
    page = browser.post(
        "/koppelingen/uitloggen", {"csrf_token": browser.get(SCHOOL).tree.forms[0].fields["csrf_token"]}
    )
    return browser.follow(page)


def test_logging_out_here_alone(entree: ProviderPortal) -> None:
    """A provider that ends no sessions keeps nobody in here; the page says what is left to do."""
    entree.provider.metadata = {"end_session_endpoint": None}
    browser = entree.browser_of("school")
    page = log_out(browser)
    assert "Bij Entree bent u misschien nog ingelogd" in page.text
    assert not page.tree.xpath("//meta[@http-equiv='refresh']")
    assert not is_in(browser)


def test_logging_out_while_the_provider_is_away(entree: ProviderPortal) -> None:
    """It is the same when the provider does not answer."""
    browser = entree.browser_of("school")
    for _ in range(3):
        entree.portal.clock.advance(minutes=25)
        assert is_in(browser)
    entree.provider.answers["/.well-known/openid-configuration"] = lambda: (503, {}, b"")
    assert "Bij Entree bent u misschien nog ingelogd" in log_out(browser).text
    assert not is_in(browser)


def test_the_provider_ends_sessions(entree: ProviderPortal) -> None:
    """A logout token ends every session of its user, and of nobody else."""
    browser, other = entree.browser_of("school"), entree.browser("collega")
    page = entree.browser().post(AFMELDEN, {"logout_token": entree.provider.logout_token()})
    assert (page.status, page.body, page.reply.headers["Cache-Control"]) == (200, "", "no-store")
    assert not is_in(browser)
    assert is_in(other)
    unknown = entree.provider.logout_token(sub="iemand-anders")
    assert entree.browser().post(AFMELDEN, {"logout_token": unknown}).status == 200


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://elders.example"},
        {"aud": "een-ander"},
        {"events": {}},
        {"events": None},
        {"events": ["http://schemas.openid.net/event/backchannel-logout"]},
        {"nonce": "x"},
        {"sub": None},
        {"jti": None},
        {"iat": None},
        {"iat": 1},
        {"exp": 1},
    ],
    ids=str,
)
def test_a_wrong_logout_token(entree: ProviderPortal, claims: dict[str, object]) -> None:
    """It ends nothing."""
    browser = entree.browser_of("school")
    page = entree.browser().post(AFMELDEN, {"logout_token": entree.provider.logout_token(**claims)})
    assert page.status == 400
    assert is_in(browser)


def test_an_id_token_ends_no_session(entree: ProviderPortal) -> None:
    """Nor does a token of no type or never signed, nothing at all, or a form that is too large."""
    browser = entree.browser_of("school")
    entree.provider.head = {"typ": "JWT"}
    untyped = entree.provider.logout_token()
    for token in (entree.provider.id_token(), untyped, "a.b.c", "", "é"):
        assert entree.browser().post(AFMELDEN, {"logout_token": token}).status == 400
    assert entree.browser().post(AFMELDEN, {}).status == 400
    assert entree.browser().post(AFMELDEN, {"logout_token": "x" * 5000}).status == 413
    assert is_in(browser)


def test_a_code_of_any_length(entree: ProviderPortal) -> None:
    """Some providers have codes of 2,000 characters; no other page has a query that long."""
    entree.provider.code = "c" * 2000
    entree.bind("school")
    assert entree.log_in()[1].location == "/koppelingen/"
    assert entree.browser().get(f"{LOGIN}?verder={'c' * 2000}").status == 414
    assert entree.browser().get(f"{EXTERN}/terug?code={'c' * 5000}").status == 414


def test_activation_in_a_narrowed_session(narrowing: ProviderPortal) -> None:
    """It works for its school as any other session."""
    narrowing.provider.claims = {VESTIGINGEN: "21QW"}
    browser = narrowing.browser_of("school")
    page = browser.submit(
        f"{SCHOOL}/activeren/snappet", naam="Naam", akkoord="ja", verificatiecode=CODE, actie="gereed"
    )
    assert page.status == 200
