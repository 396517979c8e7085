"""Logging in and out: sessions that begin clean and end, a second factor, and links for once."""

import json
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from support.portal_browser import MOMENT, PASSWORD, SCHOOL, Browser, Page, Portal, totp
from support.school_builder import quick_hash

from uwlr_adapter.db import limits
from uwlr_adapter.gebruikers import accounts as gebruikers
from uwlr_adapter.gebruikers import passwords
from uwlr_adapter.gebruikers.accounts import NewGebruiker
from uwlr_adapter.gebruikers.tables import GebruikerRol, gebruiker, gebruiker_afnemer
from uwlr_adapter.keys import rotation
from uwlr_adapter.keys.server_keys import ServerKeys
from uwlr_adapter.koppelingen.tables import afnemer

BEGIN = "/koppelingen"
LOGIN = "/koppelingen/inloggen"
NEW = "zes blauwe olifanten dansen"


def is_in(browser: Browser) -> bool:
    """Return whether this browser sees the page of its school."""
    return browser.get(SCHOOL).status == 200


def sent_away(page: Page) -> bool:
    """Return whether a page asks for a login."""
    return page.status == 303 and urlsplit(page.location or "").path == LOGIN


def test_login_leads_to_the_school(portal: Portal) -> None:
    """A user of one vestiging comes at its overview, whatever the letters of the login."""
    browser = portal.browser()
    page = browser.login("SCHOOL")
    assert page.location == f"{BEGIN}/"
    assert browser.follow(browser.follow(page)).h1 == "Koppelingenoverzicht"


def test_a_hash_is_made_while_others_can_write(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    """At a login with a hash of less work than the present one: SQLite has one writer, and a hash takes long."""
    made = []

    def make_hash(password: str) -> str:
        with portal.database.writing() as connection:
            connection.execute(gebruiker.update().values(naam="Iemand anders"))
        made.append(password)
        return quick_hash("een ander wachtwoord")

    monkeypatch.setattr(limits, "WAIT_SECONDS", 0.01)
    monkeypatch.setattr(passwords, "make_hash", make_hash)
    with portal.database.writing() as connection:
        less = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1, hash_len=8).hash(PASSWORD)
        connection.execute(gebruiker.update().values(password_hash=less))
    portal.browser("school")
    assert made == [PASSWORD]
    assert portal.browser().login("school").status == 403, "the new hash is stored"


@pytest.mark.parametrize(("login", "wachtwoord"), [("school", "verkeerd"), ("niemand", PASSWORD), ("x\x00y", "z")])
def test_wrong_logins_look_alike(portal: Portal, login: str, wachtwoord: str) -> None:
    """An unknown login and a wrong password are told apart by nobody; the password does not come back."""
    page = portal.browser().login(login, wachtwoord)
    if "\x00" in login:
        assert page.status == 422
        return
    assert page.status == 403
    assert "De gebruikersnaam of het wachtwoord is niet juist." in page.text
    assert wachtwoord not in page.body
    assert "wachtwoord" not in page.fields()


def test_empty_login(portal: Portal) -> None:
    """An empty form says beside each field what is missing."""
    page = portal.browser().login("", "")
    assert page.status == 422
    assert page.errors("login") == ["Vul uw gebruikersnaam in."]
    assert page.errors("wachtwoord") == ["Vul uw wachtwoord in."]


def test_a_session_of_before_the_login_is_worth_nothing(portal: Portal) -> None:
    """A planted session cookie is not logged in when the owner of the browser logs in (session fixation)."""
    victim = portal.browser()
    victim.get(LOGIN)
    planted = dict(victim.cookies)
    victim.login("school")
    assert victim.cookies != planted
    attacker = portal.browser()
    attacker.cookies = planted
    assert is_in(victim)
    assert sent_away(attacker.get(SCHOOL))


def test_logout_ends_a_copied_cookie_too(portal: Portal) -> None:
    """After a logout the cookie of before opens nothing, wherever it is kept."""
    browser = portal.browser("school")
    copy = portal.browser()
    copy.cookies = dict(browser.cookies)
    assert is_in(copy)
    page = browser.post(f"{BEGIN}/uitloggen", {"csrf_token": browser.get(SCHOOL).tree.forms[0].fields["csrf_token"]})
    assert sent_away(page)
    told = browser.follow(page)
    assert not is_in(copy)
    assert not is_in(browser)
    assert "U bent uitgelogd." in told.text


@pytest.mark.parametrize("act", ["reset", "disable"])
def test_losing_access_ends_sessions(portal: Portal, act: str) -> None:
    """A reset and a disabled account end what is open, and the password opens nothing."""
    browser = portal.browser("school")
    with portal.database.writing() as connection:
        getattr(gebruikers, act)(connection, "school", MOMENT)
    assert sent_away(browser.get(SCHOOL))
    assert portal.browser().login("school").status == 403


def test_a_quiet_session_ends(portal: Portal) -> None:
    """After half an hour without a page the login is asked again, with a sentence that says so."""
    browser = portal.browser("school")
    portal.clock.advance(minutes=29, seconds=59)
    assert is_in(browser)
    portal.clock.advance(minutes=30)
    page = browser.get(SCHOOL)
    assert page.location == f"{LOGIN}?verder={SCHOOL}"
    assert "Uw sessie is verlopen" in browser.follow(page).text
    assert browser.login("school", next_path=SCHOOL).location == SCHOOL


def test_a_busy_session_ends_too(portal: Portal) -> None:
    """However busy, after twelve hours the login is asked again."""
    browser = portal.browser("school")
    for _ in range(12 * 60 // 20 - 1):
        portal.clock.advance(minutes=20)
        assert is_in(browser)
    portal.clock.advance(minutes=20)
    assert sent_away(browser.get(SCHOOL))


def test_an_expired_session_in_the_middle_of_a_form(portal: Portal) -> None:
    """Nothing of the form is done; after the login it holds what was typed, but for the code and the akkoord."""
    browser = portal.browser("school")
    form = f"{SCHOOL}/activeren/snappet"
    page = browser.get(form)
    portal.clock.advance(minutes=31)
    typed = {"naam": "Ada", "startdatum": "2026-12-24", "verificatiecode": "21QW00Ygr67BfgKl!gr8"}
    answer = browser.submit_page(page, akkoord="ja", actie="gereed", **typed)
    assert answer.location == f"{LOGIN}?verder={form}"
    login = browser.follow(answer)
    assert "dan staat wat u had ingevuld weer klaar" in login.text
    assert "Ada" not in login.body
    again = browser.submit_page(login, login="school", wachtwoord=PASSWORD)
    assert again.location == form
    restored = browser.follow(again)
    assert "Wat u had ingevuld, staat er weer." in restored.text
    found = restored.fields()
    assert (found["naam"], found["startdatum"], found["verificatiecode"]) == ("Ada", "2026-12-24", "")
    assert "akkoord" not in found
    assert browser.get(form).fields()["naam"] != "Ada"  # once


def test_what_was_typed_is_of_its_owner(portal: Portal) -> None:
    """Somebody else who logs in at the same browser finds nothing of it; nor is it kept for longer than a session."""
    form = f"{SCHOOL}/activeren/snappet"
    for who, minutes in (("bestuur", 1), ("school", 31)):
        browser = portal.browser("school")
        page = browser.get(form)
        portal.clock.advance(minutes=31)
        login = browser.follow(browser.submit_page(page, naam="Ada", actie="gereed"))
        portal.clock.advance(minutes=minutes)
        browser.submit_page(login, login=who, wachtwoord=PASSWORD)
        assert browser.get(form).fields()["naam"] != "Ada"


def test_a_form_of_an_earlier_session(portal: Portal) -> None:
    """Who logged in again in another tab finds what was typed in the first one, on the form that is new."""
    browser = portal.browser("school")
    form = f"{SCHOOL}/activeren/snappet"
    page = browser.get(form)
    portal.clock.advance(minutes=31)
    assert browser.get(SCHOOL).status == 303
    assert browser.login("school").status == 303
    stale = browser.submit_page(page, naam="Ada", verificatiecode="21QW00Ygr67BfgKl!gr8", actie="gereed")
    assert stale.status == 400
    assert "Ada" not in stale.body
    found = browser.get(form).fields()
    assert (found["naam"], found["verificatiecode"]) == ("Ada", "")


def test_how_long_a_session_lasts(portal: Portal) -> None:
    """A page that asks does not extend the session; who goes on does; at its end the answer is the login."""
    browser = portal.browser("school")
    portal.clock.advance(minutes=20)
    for _ in range(2):
        assert json.loads(browser.get("/koppelingen/sessie").body) == {"seconden": 600}
    assert json.loads(browser.get("/koppelingen/sessie/verder").body) == {"seconden": 1800}
    portal.clock.advance(minutes=30)
    assert sent_away(browser.get("/koppelingen/sessie"))


@pytest.mark.parametrize(
    "next_path",
    [
        "https://kwaad.example/koppelingen",
        "//kwaad.example/koppelingen",
        "/\\kwaad.example",
        "/koppelingen/../uwlr",
        "/koppelingen//kwaad.example",
        "/koppelingen@kwaad.example",
        "/koppelingen.kwaad.example",
        "/koppelingen\r\nSet-Cookie: x=1",
        "/koppelingen?x=//kwaad.example",
        "/elders",
        "javascript:alert(1)",
        "",
    ],
)
def test_a_login_leads_to_no_other_place(portal: Portal, next_path: str) -> None:
    """Whatever `verder` says, a login ends in the portal."""
    assert portal.browser().login("school", next_path=next_path).location == f"{BEGIN}/"


def test_no_redirect_is_made_of_a_host_header(portal: Portal) -> None:
    """Every redirect is a path, whatever the Host header says and however a path is written."""
    browser = portal.browser("school")
    for path in (BEGIN, f"{BEGIN}/", f"{BEGIN}//", f"{SCHOOL}/", f"{SCHOOL}//journaal", f"{SCHOOL}/journaal/"):
        page = browser.get(path, HTTP_HOST="kwaad.example")
        assert (page.location or "/koppelingen").startswith("/koppelingen")
        assert "kwaad" not in page.body


def attributes(cookie: str) -> set[str]:
    """Return the attributes of a Set-Cookie header, without how long the cookie is kept."""
    parts = {part.strip() for part in cookie.split(";")[1:]}
    return {part for part in parts if not part.startswith(("Expires=", "Max-Age="))}


def test_the_cookie_on_loopback(portal: Portal) -> None:
    """Over http the cookie is out of reach of scripts and other sites."""
    browser = portal.browser("school")
    assert browser.set_cookies
    for cookie in browser.set_cookies:
        assert cookie.startswith(("koppelingen-bekend=", "koppelingen="))
        assert attributes(cookie) == {"HttpOnly", "Path=/koppelingen", "SameSite=Lax"}


def test_the_cookie_under_https(make: Callable[..., Portal]) -> None:
    """Over https it is secure as well, and bound to this host by its name."""
    browser = make(public_url="https://uwlr.example.nl").browser("school")
    for cookie in browser.set_cookies:
        assert cookie.startswith(("__Host-koppelingen-bekend=", "__Host-koppelingen="))
        assert attributes(cookie) == {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"}


def second_step(portal: Portal, source: str = "192.0.2.10") -> Browser:
    """Return a browser in which the password of `streng` was right."""
    browser = portal.browser(source=source)
    assert browser.login("streng", next_path=f"{SCHOOL}/journaal").location == f"{LOGIN}/tweede-stap"
    return browser


def test_the_second_factor(portal: Portal) -> None:
    """The password alone opens nothing; with the code of the app the person is where he or she was going."""
    browser = second_step(portal)
    assert sent_away(browser.get(SCHOOL))
    browser = second_step(portal)
    code = totp(portal.clock.moment)
    page = browser.submit(f"{LOGIN}/tweede-stap", code=f"{code[:3]} {code[3:]}")
    assert page.location == f"{SCHOOL}/journaal"
    assert is_in(browser)


def test_a_code_of_the_app_is_good_once(portal: Portal) -> None:
    """A code of the second factor cannot be used twice; the next one is valid."""
    code = totp(portal.clock.moment)
    assert second_step(portal).submit(f"{LOGIN}/tweede-stap", code=code).status == 303
    browser = second_step(portal)
    page = browser.submit(f"{LOGIN}/tweede-stap", code=code)
    assert page.status == 403
    portal.clock.advance(seconds=30)
    code = totp(portal.clock.moment)
    assert browser.submit_page(page, code=code).status == 303


@pytest.mark.parametrize("code", ["000000", "", "abc", "１２３４５６", "1" * 1000])
def test_wrong_codes_of_the_app(portal: Portal, code: str) -> None:
    """A wrong code is refused in a sentence."""
    page = second_step(portal).submit(f"{LOGIN}/tweede-stap", code=code)
    assert page.status in {403, 422}
    assert "code" in page.text


def test_the_second_step_waits_five_minutes(portal: Portal) -> None:
    """After that the password is asked again."""
    browser = second_step(portal)
    page = browser.get(f"{LOGIN}/tweede-stap")
    portal.clock.advance(minutes=5)
    answer = browser.submit_page(page, code=totp(portal.clock.moment))
    assert answer.location == LOGIN
    assert "Dat duurde te lang" in browser.follow(answer).text


def test_a_new_user_sets_a_password_and_a_second_factor(portal: Portal) -> None:
    """The link works once; before anything else the second factor is set up, and from then on it is asked."""
    with portal.database.writing() as connection:
        new = NewGebruiker("nieuw@school.example", "N. Nieuw", GebruikerRol.SCHOOLBEHEERDER, ("21QW00",))
        _, token = gebruikers.add(connection, new, MOMENT)
    link = f"{BEGIN}/wachtwoord/{token}"
    for method in ("GET", "HEAD", "GET"):  # the scanner of a mail program, which looks at every link
        scanned = portal.browser().send(method, link)
        assert (scanned.status, scanned.reply.headers["Referrer-Policy"]) == (200, "no-referrer")
    browser = portal.browser()
    assert browser.submit(link, wachtwoord="kort", nogmaals="kort").status == 422
    assert browser.submit(link, wachtwoord=NEW, nogmaals="iets anders").errors("nogmaals") == [
        "De twee wachtwoorden zijn niet gelijk."
    ]
    assert browser.submit(link, wachtwoord=NEW, nogmaals=NEW).location == LOGIN
    assert browser.get(link).status == 404
    browser.login("nieuw@school.example", NEW)
    assert browser.get(SCHOOL).location == f"{BEGIN}/tweede-factor"
    page = browser.get(f"{BEGIN}/tweede-factor")
    secret = page.tree.find(".//code").text.replace(" ", "")
    assert page.tree.find(".//svg[@class='qr']") is not None
    assert browser.submit_page(page, code="000000").errors("code")
    page = browser.follow(browser.submit_page(page, code=totp(portal.clock.moment, secret)))
    told = page if page.status == 200 else browser.follow(page)
    assert told.tree.xpath("//div[@role='status']//a/@href") == [f"{BEGIN}/account/herstelcodes"]
    assert is_in(browser)
    assert browser.get(f"{BEGIN}/tweede-factor").status == 303
    portal.clock.advance(seconds=60)
    again = portal.browser()
    assert again.login("nieuw@school.example", NEW).location == f"{LOGIN}/tweede-stap"
    assert again.submit(f"{LOGIN}/tweede-stap", code=totp(portal.clock.moment, secret)).status == 303
    with portal.database.reading() as connection:
        assert secret not in repr(connection.execute(sa.select(gebruiker)).all())
        assert token not in repr(connection.execute(sa.select(gebruiker)).all())


def test_a_link_is_good_for_a_day(portal: Portal) -> None:
    """After 24 hours, and after a newer link, it says what to do."""
    with portal.database.writing() as connection:
        old = gebruikers.reset(connection, "school", MOMENT)
        new = gebruikers.reset(connection, "school", MOMENT)
    assert portal.browser().get(f"{BEGIN}/wachtwoord/{old}").status == 404
    assert portal.browser().get(f"{BEGIN}/wachtwoord/{new}").status == 200
    portal.clock.advance(hours=24)
    page = portal.browser().get(f"{BEGIN}/wachtwoord/{new}")
    assert (page.status, page.h1) == (404, "Deze link is niet meer geldig")


def test_sessions_and_server_keys(make: Callable[..., Portal]) -> None:
    """A new server key in front leaves people logged in; without the old one they log in again."""
    old, new = "a=" + "0a" * 32, "b=" + "0b" * 32
    folder = make().settings.data
    kept = (folder / "keys").read_text().strip()
    before = make(keys=f"{kept},{old}").browser("school")

    def opens(keys: str) -> bool:
        browser = make(keys=keys).browser()
        browser.cookies = dict(before.cookies)
        return is_in(browser)

    assert opens(f"{new},{kept},{old}")
    assert opens(kept)
    with make(keys=kept).database.writing() as connection:  # nothing else needs the key any more
        connection.execute(gebruiker_afnemer.delete())
        connection.execute(afnemer.delete())
        connection.execute(gebruiker.update().values(totp_secret=None))
    assert not opens(new)


def test_another_server_key_comes_in_use(make: Callable[..., Portal]) -> None:
    """While somebody is logged in with a form open: it is sent as it was, and signed by the new key from then on."""
    kept = (make().settings.data / "keys").read_text().strip()
    old, new = kept.partition("=")[0], "b"
    lines = f"{kept},{new}={'0b' * 32}"
    portal = make(keys=lines)
    browser = portal.browser("school")
    form = browser.get(f"{SCHOOL}/activeren/snappet")
    with portal.database.writing() as connection:
        known = ServerKeys.parse(lines.split(","))
        known.register(connection, MOMENT)
        rotation.use(connection, known, new, MOMENT, actor="cli:proef")
    other = make(keys=lines)  # it learned of the key, as each process does
    there = other.browser()
    there.cookies = dict(browser.cookies)
    sent = there.post(form.path, form.fields())
    assert sent.status == 422, "an empty form; a token of another key would be 400"
    still_old = portal.browser()
    still_old.cookies = dict(there.cookies)
    assert is_in(still_old), "by a process that was not told yet"
    with portal.database.writing() as connection:
        connection.execute(gebruiker_afnemer.delete())
        connection.execute(afnemer.delete())
        connection.execute(gebruiker.update().values(totp_secret=None))
        rotation.remove(connection, old, MOMENT, actor="cli:proef", end_sessions=True)
    after = make(keys=lines.partition(",")[2]).browser()
    after.cookies = dict(there.cookies)
    assert is_in(after), "without the old key"


def test_a_form_needs_no_referer(make: Callable[..., Portal]) -> None:
    """Over https too a form is accepted without a Referer, which no page of ours lets a browser send."""
    portal = make(public_url="https://uwlr.example")
    browser = portal.browser()
    page = browser.get(LOGIN)
    assert page.reply.headers["Strict-Transport-Security"] == "max-age=31536000"
    fields = {**page.fields(), "login": "school", "wachtwoord": PASSWORD}
    assert browser.post(LOGIN, fields, **{"wsgi.url_scheme": "https"}).status == 303
