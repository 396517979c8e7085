"""Guessing is slow, and never takes the turn of the owner of an account."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event

import pytest
import sqlalchemy as sa
from support.portal_browser import MOMENT, PASSWORD, SCHOOL, Browser, Page, Portal, totp

from uwlr_adapter.gebruikers import accounts, attempts, passwords
from uwlr_adapter.gebruikers.hash_queue import MAX_HASHES, MAX_WAITING, HashQueue, Rank
from uwlr_adapter.gebruikers.tables import login_attempt
from uwlr_adapter.keys.server_keys import PresentedSecret, SecretPurpose, ServerKeys
from uwlr_adapter.portal.app import Portal as Flask
from uwlr_adapter.portal.known_browser import LIFETIME, MAX_ACCOUNTS
from uwlr_adapter.portal.paths import PREFIX

LOGIN = "/koppelingen/inloggen"
STEP_TWO = f"{LOGIN}/tweede-stap"
OWNER, GUESSER = "192.0.2.10", "192.0.2.66"
KNOWN = "koppelingen-bekend"


def guess(portal: Portal, times: int, source: str = GUESSER, login: str = "school") -> Page:
    """Guess a password so often from one address; return the last answer."""
    browser = portal.browser(source=source)
    page = browser.get(LOGIN)
    for number in range(times):
        page = browser.login(login, f"gok {number}")
    return page


def known(portal: Portal, login: str = "school", source: str = OWNER) -> Browser:
    """Return a browser in which somebody logged in and out: of the cookies only that of a known browser is left."""
    browser = portal.browser(login, source)
    browser.cookies = {KNOWN: browser.cookies[KNOWN]}
    return browser


def second_step(portal: Portal, browser: Browser) -> Browser:
    """Enter the right password of `streng`."""
    assert browser.login("streng").location == STEP_TWO
    return browser


def hash_queue(portal: Portal) -> HashQueue:
    """Return the queue of the portal."""
    flask = portal.app.mounts[PREFIX]
    assert isinstance(flask, Flask)
    queue: HashQueue = flask.extensions["uwlr"].hash_queue
    return queue


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the shared counts small: `tests/unit/test_login_turns.py` has the real ones."""
    monkeypatch.setattr(attempts, "ATTACKED_FROM", 10)
    for name, free in (("SOURCE", 10), ("CODES", 5)):
        monkeypatch.setattr(attempts, name, replace(getattr(attempts, name), free=free))


def test_guessing_becomes_slow(portal: Portal) -> None:
    """After three tries each next one waits twice as long, up to a quarter of an hour, and is refused at once."""
    assert guess(portal, 3).status == 403
    waits = []
    for _ in range(14):
        page = guess(portal, 1)
        assert page.status == 429
        waits.append(int(page.reply.headers["Retry-After"]))
        assert "Probeer het over" in page.text
        portal.clock.advance(seconds=waits[-1])
        assert guess(portal, 1).status == 403
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900]


def test_guessing_locks_nobody_out(portal: Portal) -> None:
    """While one address guesses, the owner logs in from another, and others from the same."""
    assert guess(portal, 5).status == 429
    assert portal.browser().login("school").status == 303
    assert portal.browser(source=GUESSER).login("collega").status == 303
    assert portal.browser(source=GUESSER).login("school").status == 429


def test_a_refused_try_makes_no_wait_longer(portal: Portal) -> None:
    """Whoever waits the time that was told gets a turn, however often somebody tried in between."""
    page = guess(portal, 6)
    for _ in range(5):
        assert guess(portal, 1).reply.headers["Retry-After"] == page.reply.headers["Retry-After"]
    portal.clock.advance(seconds=int(page.reply.headers["Retry-After"]))
    assert portal.browser(source=GUESSER).login("school").status == 303


def test_a_right_password_that_comes_too_early_is_not_told(portal: Portal) -> None:
    """The refusal says nothing of the password."""
    assert guess(portal, 4).body.count("gok") == 0
    right = portal.browser(source=GUESSER).login("school")
    wrong = portal.browser(source=GUESSER).login("school", "fout")
    assert (right.status, right.text) == (wrong.status, wrong.text)


def test_success_forgets(portal: Portal) -> None:
    """A successful login after two wrong ones restores the free attempts."""
    for _ in range(3):
        assert guess(portal, 2, OWNER).status == 403
        assert portal.browser().login("school").status == 303


@pytest.mark.usefixtures("small")
def test_guessing_from_everywhere_does_not_reach_the_owner(portal: Portal) -> None:
    """While many addresses guess, the owner gets in at once, from a known browser and from a new address."""
    browser = known(portal)
    for number in range(12):
        assert guess(portal, 1, f"198.51.100.{number}").status == 403
    assert browser.login("school").status == 303
    assert portal.browser(source="203.0.113.9").login("school").status == 303
    page = guess(portal, 1, "198.51.100.7")
    assert (page.status, page.reply.headers["Retry-After"]) == (429, "30"), "who failed before waits longer now"


@pytest.mark.usefixtures("small")
def test_an_owner_who_mistypes_under_attack(portal: Portal) -> None:
    """The third try at the latest is good, with the wait that the page tells."""
    for number in range(12):
        guess(portal, 1, f"198.51.100.{number}")
    browser = portal.browser()
    assert browser.login("school", "een tikfout").status == 403
    page = browser.login("school")
    assert page.status == 429
    portal.clock.advance(seconds=int(page.reply.headers["Retry-After"]))
    assert browser.login("school").status == 303


def test_an_ipv6_guesser_has_one_source(portal: Portal) -> None:
    """The addresses of a /64 are one source; the owner gets in from the next /64 whatever they do."""
    for number in range(3):
        assert guess(portal, 1, f"2001:db8:0:1::{number}").status == 403
    for number in range(10):
        page = guess(portal, 1, f"2001:db8:0:1:{number:x}::1")
        assert page.status == 429
    assert portal.browser(source="2001:db8:0:2::1").login("school").status == 303
    portal.clock.advance(seconds=1)
    assert portal.browser(source="2001:db8:0:1:ffff::1").login("school").status == 303


def test_a_known_browser_has_a_turn_of_its_own(portal: Portal) -> None:
    """Not even a guesser at the same address takes it; its own mistakes do not count for others."""
    browser = known(portal)
    assert guess(portal, 9, OWNER).status == 429
    assert browser.login("school").status == 303
    browser.cookies = {KNOWN: browser.cookies[KNOWN]}
    for number in range(3):
        assert browser.login("school", f"tikfout {number}").status == 403
    assert browser.login("school").status == 429
    assert portal.browser(source="192.0.2.11").login("school").status == 303


def test_a_copied_known_browser_opens_nothing(portal: Portal) -> None:
    """The cookie is no session, and the second factor is asked as ever."""
    assert known(portal).get(SCHOOL).status == 303
    browser = second_step(portal, portal.browser())
    assert browser.submit(STEP_TWO, code=totp(portal.clock.moment)).status == 303
    again = portal.browser()
    again.cookies = {KNOWN: browser.cookies[KNOWN]}
    assert again.login("streng").location == STEP_TWO


def test_half_a_login_makes_no_browser_known(portal: Portal) -> None:
    """A right password without the second factor leaves no such cookie."""
    assert KNOWN not in second_step(portal, portal.browser()).cookies


def test_a_known_browser_is_known_to_one_account(portal: Portal) -> None:
    """The cookie of one account is worth nothing for another, and it does not name the login."""
    browser = known(portal)
    assert "school" not in browser.cookies[KNOWN]
    assert guess(portal, 9, OWNER, "collega").status == 429
    assert browser.login("collega").status == 429


@pytest.mark.parametrize(
    "tamper", [lambda text: text.replace(".1", ".9", 1), lambda text: text[:-1], lambda text: text.upper()]
)
def test_a_forged_known_browser_is_no_known_browser(portal: Portal, tamper: Callable[[str], str]) -> None:
    """Another text than we signed counts for nothing, and fails nothing."""
    browser = known(portal)
    browser.cookies[KNOWN] = tamper(browser.cookies[KNOWN])
    assert guess(portal, 9, OWNER).status == 429
    assert browser.login("school").status == 429
    assert portal.browser(source="192.0.2.11").login("school").status == 303


def test_a_known_browser_is_forgotten(portal: Portal) -> None:
    """After half a year without a login it is a browser like any other; a login begins the half year again."""
    browser, moment = known(portal), portal.clock.moment
    for left, status in ((1, 303), (0, 429)):
        portal.clock.moment = moment + LIFETIME
        portal.clock.advance(seconds=-left)
        assert guess(portal, 9, OWNER).status == 429
        copy = portal.browser()
        copy.cookies = dict(browser.cookies)
        assert copy.login("school").status == status


def test_a_new_password_forgets_known_browsers_and_sessions(portal: Portal) -> None:
    """A stolen browser is out after a reset; the browser in which the link was used is known."""
    stolen = portal.browser("school")
    with portal.database.writing() as connection:
        token = accounts.reset(connection, "school", MOMENT)
    owner = portal.browser()
    new = "zeven paarse fietsen zingen"
    assert owner.submit(f"/koppelingen/wachtwoord/{token}", wachtwoord=new, nogmaals=new).location == LOGIN
    assert stolen.get(SCHOOL).status == 303
    stolen.cookies = {KNOWN: stolen.cookies[KNOWN]}
    assert guess(portal, 9, OWNER).status == 429
    assert stolen.login("school", new).status == 429
    assert owner.login("school", new).status == 303


def test_logging_out_leaves_a_browser_known(portal: Portal) -> None:
    """Whoever logs out everywhere logs in again tomorrow, whoever guesses tonight."""
    browser = portal.browser("school")
    page = browser.get(SCHOOL)
    browser.post("/koppelingen/uitloggen", {"csrf_token": page.tree.forms[0].fields["csrf_token"]})
    assert guess(portal, 9, OWNER).status == 429
    assert browser.login("school").status == 303


def test_a_browser_of_several_people(portal: Portal) -> None:
    """The computer of a staff room is known to each of them, in a cookie that does not go on growing."""
    browser = portal.browser()
    for login in ("school", "collega", "andere", "school"):
        assert browser.login(login).status == 303
        browser.cookies = {KNOWN: browser.cookies[KNOWN]}
    assert browser.cookies[KNOWN].count("~") == 2
    for login in ("school", "collega"):
        assert guess(portal, 9, OWNER, login).status == 429
        assert browser.login(login).status == 303
        browser.cookies = {KNOWN: browser.cookies[KNOWN]}
    browser.cookies[KNOWN] = "~".join([browser.cookies[KNOWN].split("~")[0]] * 50)
    browser.login("andere")
    assert browser.cookies[KNOWN].count("~") == MAX_ACCOUNTS - 1


def test_several_browsers_of_one_person(portal: Portal) -> None:
    """Each is known by itself, and the mistakes in one are not those of the other."""
    one, two = known(portal), known(portal)
    for number in range(4):
        page = one.login("school", f"tikfout {number}")
    assert page.status == 429
    assert two.login("school").status == 303


@pytest.mark.usefixtures("small")
def test_spraying_is_slow(portal: Portal) -> None:
    """One password over many accounts: after some of them the address waits at every one, and no other address does."""
    browser = portal.browser(source=GUESSER)
    for number in range(10):
        assert browser.login(f"leraar{number}", "Welkom2026").status == 403
    assert browser.login("school").status == 429
    assert portal.browser().login("school").status == 303


@pytest.mark.usefixtures("small")
def test_a_school_behind_one_address(portal: Portal) -> None:
    """Right logins are no failures, however many; who mistypes at the same address waits for nobody."""
    for number in range(30):
        browser = portal.browser(source=GUESSER)
        if number % 6 == 0:
            assert browser.login("collega", "tikfout").status == 403
        assert browser.login(("collega", "school", "andere")[number % 6 % 3]).status == 303


def test_guessing_the_second_factor_is_slow_too(portal: Portal) -> None:
    """A known password does not reset the count of wrong codes, nor does the first step that it opens."""
    for _ in range(3):
        browser = second_step(portal, portal.browser())
        assert browser.submit(STEP_TWO, code="000000").status == 403
    browser = second_step(portal, portal.browser())
    assert browser.submit(STEP_TWO, code=totp(portal.clock.moment)).status == 429
    other = second_step(portal, portal.browser(source="192.0.2.99"))
    assert other.submit(STEP_TWO, code=totp(portal.clock.moment)).status == 303


@pytest.mark.usefixtures("small")
def test_guessing_codes_from_everywhere_is_bounded(portal: Portal) -> None:
    """All addresses together have so many codes at one account; a known browser has its own."""
    owner = second_step(portal, portal.browser())
    assert owner.submit(STEP_TWO, code=totp(portal.clock.moment)).status == 303
    owner.cookies = {KNOWN: owner.cookies[KNOWN]}
    for number in range(6):
        browser = second_step(portal, portal.browser(source=f"198.51.100.{number}"))
        page = browser.submit(STEP_TWO, code="000000")
    assert (page.status, page.reply.headers["Retry-After"]) == (429, "900")
    portal.clock.advance(seconds=30)
    assert second_step(portal, owner).submit(STEP_TWO, code=totp(portal.clock.moment)).status == 303


def test_the_owner_is_told(portal: Portal) -> None:
    """After a login the page tells how many passwords and codes were wrong since the one before, once."""
    assert guess(portal, 3).status == 403
    browser = portal.browser()
    page = browser.follow(browser.follow(browser.login("school")))
    assert "Sinds uw vorige bezoek is er 3 keer een verkeerd wachtwoord ingevuld." in page.text
    again = portal.browser()
    assert "vorige bezoek" not in again.follow(again.follow(again.login("school"))).text


def test_the_owner_is_told_of_wrong_codes(portal: Portal) -> None:
    """A wrong code came from somebody who knows the password: the page says what to do about that."""
    guess(portal, 1, login="streng")
    second_step(portal, portal.browser(source=GUESSER)).submit(STEP_TWO, code="000000")
    browser = second_step(portal, portal.browser())
    page = browser.submit(STEP_TWO, code=totp(portal.clock.moment))
    text = browser.follow(browser.follow(page)).text
    assert "is er 1 keer een verkeerd wachtwoord en 1 keer een verkeerde code ingevuld." in text
    assert "kende uw wachtwoord" in text


def test_what_is_typed_as_a_login_is_not_kept(portal: Portal) -> None:
    """People type a password in the wrong field; the database holds a digest."""
    portal.browser().login("mijn-geheime-wachtwoord", "x")
    with portal.database.reading() as connection:
        rows = connection.execute(sa.select(login_attempt)).all()
    assert rows
    assert "geheime" not in repr(rows)


def test_the_address_behind_a_proxy(portal: Portal) -> None:
    """A proxy on this machine names the person's address; from elsewhere that header counts for nothing."""
    behind = portal.browser(source="127.0.0.1")
    page = behind.get(LOGIN)
    for number in range(5):
        data = {**page.fields(), "login": "school", "wachtwoord": str(number)}
        answer = behind.post(LOGIN, data, HTTP_X_FORWARDED_FOR=f"10.0.0.{number}, 203.0.113.5")
    assert answer.status == 429
    assert behind.post(LOGIN, data, HTTP_X_FORWARDED_FOR="203.0.113.6").status == 403
    for number in range(5):
        answer = portal.browser(source="192.0.2.77").post(
            LOGIN, data, HTTP_X_FORWARDED_FOR=f"203.0.113.{number}", HTTP_COOKIE=cookie(behind)
        )
    assert answer.status == 429


def cookie(browser: Browser) -> str:
    """Return the Cookie header of a browser."""
    return "; ".join(f"{name}={value}" for name, value in browser.cookies.items())


def test_a_guesser_on_many_connections_does_not_take_the_owners_turn(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one address hashes in all places and waits for more, the owner is the next, and gets in."""
    let_go, real = Event(), passwords.matches

    def matches(stored: str | None, password: str) -> bool:
        if password.startswith("gok"):
            assert let_go.wait(30)
        return real(stored, password)

    monkeypatch.setattr(passwords, "matches", matches)
    queue = hash_queue(portal)
    with ThreadPoolExecutor(5) as pool:
        guesses = [pool.submit(guess, portal, 1, GUESSER, f"iemand{number}") for number in range(4)]
        with queue.changed:
            assert queue.changed.wait_for(lambda: len(queue.turns) == 4 - MAX_HASHES, 30)
        owner = pool.submit(portal.browser().login, "school")
        with queue.changed:
            assert queue.changed.wait_for(lambda: len(queue.turns) == 5 - MAX_HASHES, 30)
        assert queue.next_share() == OWNER
        let_go.set()
        assert owner.result(30).status == 303
        assert [page.result(30).status for page in guesses] == [403] * 4


@pytest.mark.parametrize("is_known", [True, False])
def test_many_known_browsers_of_one_account_do_not_take_the_owners_turn(
    portal: Portal, monkeypatch: pytest.MonkeyPatch, *, is_known: bool
) -> None:
    """While these fill the queue with the right password, the owner of another account is the next, and gets in."""
    owner = known(portal, "collega") if is_known else portal.browser(source=GUESSER)
    browsers = [known(portal, source=f"198.51.100.{number}") for number in range(MAX_HASHES + MAX_WAITING)]
    let_go, real = Event(), accounts.authenticate

    def authenticate(connection: sa.Connection, login: str, password: str) -> accounts.Gebruiker | None:
        if login == "school":
            assert let_go.wait(30)
        return real(connection, login, password)

    monkeypatch.setattr(accounts, "authenticate", authenticate)
    queue = hash_queue(portal)
    with ThreadPoolExecutor(len(browsers) + 1) as pool:
        logins = [pool.submit(browser.login, "school") for browser in browsers]
        with queue.changed:
            assert queue.changed.wait_for(lambda: len(queue.turns) == MAX_WAITING, 30)
            arrivals = queue.arrivals
        page = pool.submit(owner.login, "collega")
        with queue.changed:
            assert queue.changed.wait_for(lambda: queue.arrivals > arrivals, 30)
            is_next = queue.turns[-1].share == queue.next_share()
        let_go.set()
        assert is_next, "who came last goes first"
        assert page.result(30).status == 303
        assert sorted(one.result(30).status for one in logins) == [303] * (len(logins) - 1) + [503]


def test_an_unknown_login_costs_the_work_of_a_known_one(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    """The entries of the cookie are compared for any login, so the time does not show which of them exist."""
    browser = portal.browser()
    for login in ("school", "collega", "andere"):
        browser.login(login)
        browser.cookies = {KNOWN: browser.cookies[KNOWN]}
    compared: list[str] = []
    real = ServerKeys.probe

    def probe(self: ServerKeys, purpose: SecretPurpose, secret: str) -> PresentedSecret:
        compared.append(purpose.name)
        return real(self, purpose, secret)

    monkeypatch.setattr(ServerKeys, "probe", probe)
    seen = {}
    for login in ("school", "andere", "streng", "nobody", "x" * 100):
        compared.clear()
        assert browser.login(login, "fout").status == 403
        seen[login] = compared.count(SecretPurpose.KNOWN_BROWSER.name)
    assert set(seen.values()) == {3}


def test_beyond_the_queue_a_login_is_asked_to_come_back(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    """With no place left a login is a 503 with a sentence and Retry-After, and counts for nothing."""
    queue = HashQueue(places=1, waiting=0)
    monkeypatch.setattr("uwlr_adapter.portal.login.hash_queue", lambda: queue)
    monkeypatch.setattr("uwlr_adapter.portal.password_link.hash_queue", lambda: queue)
    with portal.database.writing() as connection:
        token = accounts.reset(connection, "collega", MOMENT)
    new = {"wachtwoord": "zeven paarse fietsen zingen", "nogmaals": "zeven paarse fietsen zingen"}
    link = f"/koppelingen/wachtwoord/{token}"
    with queue.place("another", Rank.KNOWN_BROWSER):
        for _ in range(5):
            page = portal.browser().login("school")
            assert (page.status, page.reply.headers["Retry-After"]) == (503, "2")
            assert "loggen op dit moment veel mensen tegelijk in" in page.text
        assert portal.browser().submit(link, **new).status == 503
    assert portal.browser().login("school", PASSWORD).status == 303
    assert portal.browser().submit(link, **new).status == 303
