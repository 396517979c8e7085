"""The own account: another password, another second factor, recovery codes, and a lost phone."""

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from support.portal_browser import PASSWORD, SCHOOL, TOTP, Browser, Page, Portal, totp

from uwlr_adapter.gebruikers import accounts, passwords, recovery
from uwlr_adapter.gebruikers.tables import gebruiker, recovery_code
from uwlr_adapter.journaal.model import Act
from uwlr_adapter.journaal.tables import journaal
from uwlr_adapter.keys import rotation
from uwlr_adapter.keys.server_keys import ServerKeys
from uwlr_adapter.mail import addresses
from uwlr_adapter.mail.addresses import Owner
from uwlr_adapter.mail.tables import mail, mail_address

BEGIN = "/koppelingen"
LOGIN = f"{BEGIN}/inloggen"
LOST = f"{LOGIN}/telefoon-kwijt"
ACCOUNT = f"{BEGIN}/account"
CODES = f"{ACCOUNT}/herstelcodes"
NEW = "zes blauwe olifanten dansen"


def is_in(browser: Browser) -> bool:
    """Return whether this browser sees the page of its school."""
    return browser.get(SCHOOL).status == 200


def with_code(portal: Portal) -> Browser:
    """Return a browser in which `streng` logged in with a code of the app; each takes another half minute."""
    portal.clock.advance(seconds=30)
    browser = portal.browser()
    browser.login("streng")
    assert browser.submit(f"{LOGIN}/tweede-stap", code=totp(portal.clock.moment)).status == 303
    return browser


def make_codes(browser: Browser) -> list[str]:
    """Make recovery codes and return them as the page shows them."""
    page = browser.submit(CODES, huidig=PASSWORD)
    assert page.status == 200, page.text
    return [one.text_content() for one in page.tree.xpath("//ol[@id='herstelcodes']//code")]


def by_code(portal: Portal, code: str, source: str = "192.0.2.10") -> tuple[Browser, Page]:
    """Log in as `streng` by a recovery code; return the browser and the answer."""
    browser = portal.browser(source=source)
    browser.login("streng")
    return browser, browser.submit(LOST, code=code)


def own_acts(portal: Portal) -> list[str]:
    """Return the acts on users, in their order."""
    with portal.database.reading() as connection:
        query = sa.select(journaal.c.act).where(journaal.c.kind == "gebruiker").order_by(journaal.c.id)
        return list(connection.scalars(query))


@pytest.mark.parametrize(
    ("login", "word"), [("school", "Overzicht"), ("bestuur", "Vestigingen"), ("operator", "Beheer")]
)
def test_a_way_back_from_the_own_account(portal: Portal, login: str, word: str) -> None:
    """The menu of the own account leads to where each role begins."""
    browser = portal.browser(login)
    (address,) = browser.get(ACCOUNT).tree.xpath(f"//nav[@class='menu']//a[text()='{word}']/@href")
    page = browser.get(address)
    assert (page if page.status == 200 else browser.follow(page)).status == 200


def test_another_password(portal: Portal) -> None:
    """The old one is asked; other sessions end, this one goes on; the new one logs in and the old one does not."""
    here, there = portal.browser("school"), portal.browser("school", source="198.51.100.7")
    page = here.submit(f"{ACCOUNT}/wachtwoord", huidig=PASSWORD, wachtwoord=NEW, nogmaals=NEW)
    assert page.location == ACCOUNT
    assert "Uw wachtwoord is gewijzigd." in here.follow(page).text
    assert is_in(here)
    assert not is_in(there)
    assert portal.browser().login("school").status == 403
    assert portal.browser().login("school", NEW).status == 303
    assert own_acts(portal) == [Act.PASSWORD_CHANGED]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"huidig": "mis"}, "huidig"),
        ({"huidig": ""}, "huidig"),
        ({"wachtwoord": "kort", "nogmaals": "kort"}, "wachtwoord"),
        ({"wachtwoord": "A. de Vries 12345", "nogmaals": "A. de Vries 12345"}, "wachtwoord"),
        ({"nogmaals": "iets anders"}, "nogmaals"),
    ],
)
def test_a_password_that_cannot_be(portal: Portal, fields: dict[str, str], field: str) -> None:
    """It is said beside the field, nothing comes back, and the password is as it was."""
    browser = portal.browser("school")
    sent = {"huidig": PASSWORD, "wachtwoord": NEW, "nogmaals": NEW, **fields}
    page = browser.submit(f"{ACCOUNT}/wachtwoord", **sent)
    assert page.status == 422
    assert len(page.errors(field)) == 1
    assert PASSWORD not in page.body
    assert NEW not in page.body
    assert portal.browser().login("school").status == 303


def test_guessing_in_a_session_waits(portal: Portal) -> None:
    """A session that was left open does not help to guess the password: wrong ones are counted as those of a login."""
    browser = portal.browser("school")
    statuses = [browser.submit(CODES.replace("herstelcodes", "wachtwoord"), **_guess(n)).status for n in range(5)]
    assert statuses[:3] == [422] * 3
    assert statuses[-1] == 429


def test_guessing_codes_in_a_session_waits(portal: Portal) -> None:
    """Nor to guess a code, for who knows the password: of the app or a recovery code, as many as at a login."""
    browser, path = with_code(portal), f"{ACCOUNT}/tweede-stap"
    guesses = ("000000", "aaaaa-aaaab", "000001", "aaaaa-aaaac", "000002")
    statuses = [browser.submit(path, huidig=PASSWORD, code=guess).status for guess in guesses]
    assert statuses[:3] == [422] * 3
    assert statuses[-1] == 429


def test_a_reset_in_the_middle_is_not_undone(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    """A password that is changed while somebody resets the account is not stored, and the session has ended."""
    browser = portal.browser("school")
    page = browser.get(f"{ACCOUNT}/wachtwoord")
    make_hash = passwords.make_hash

    def make_and_reset(password: str) -> str:
        with portal.database.writing() as connection:
            accounts.reset(connection, "school", portal.clock.moment)
        return make_hash(password)

    monkeypatch.setattr(passwords, "make_hash", make_and_reset)
    browser.follow(browser.submit_page(page, huidig=PASSWORD, wachtwoord=NEW, nogmaals=NEW))
    assert not is_in(browser)
    with portal.database.reading() as connection:
        assert accounts.password_hash_of(connection, "school") is None


def _guess(number: int) -> dict[str, str]:
    return {"huidig": f"geraden {number}", "wachtwoord": NEW, "nogmaals": NEW}


def test_recovery_codes(portal: Portal) -> None:
    """Ten, shown once; each logs in once, in any case and without the hyphen; the number that is left is shown."""
    browser = with_code(portal)
    codes = make_codes(browser)
    assert len(set(codes)) == 10
    assert not [code for code in codes if code in browser.get(CODES).body]
    first, page = by_code(portal, codes[0].upper().replace("-", " "))
    assert page.location == f"{BEGIN}/"
    assert "U hebt er nog 9 over." in first.follow(page).text or "U hebt er nog 9 over." in first.get(ACCOUNT).text
    assert is_in(first)
    again, page = by_code(portal, codes[0])
    assert page.status == 403
    assert not is_in(again)
    assert "9 over" in with_code(portal).get(ACCOUNT).text
    with portal.database.reading() as connection:
        stored = repr(connection.execute(sa.select(recovery_code)).all())
    assert not [code for code in codes if code.replace("-", "") in stored]
    assert own_acts(portal) == [Act.RECOVERY_CODES_MADE, Act.RECOVERY_CODE_USED]


def test_new_recovery_codes_void_the_old_ones(portal: Portal) -> None:
    """And a wrong password makes none."""
    browser = with_code(portal)
    old = make_codes(browser)
    assert browser.submit(CODES, huidig="mis").status == 422
    new = make_codes(browser)
    assert by_code(portal, old[0])[1].status == 403
    assert by_code(portal, new[0])[1].status == 303


def test_guessing_of_recovery_codes_is_bounded(portal: Portal) -> None:
    """They are counted with the codes of the app: after a few there is a wait, whichever of the two is entered."""
    browser = portal.browser()
    browser.login("streng")
    statuses = [browser.submit(LOST, code=f"aaaaa-aaaa{letter}").status for letter in "abcde"]
    assert statuses[:3] == [403] * 3
    assert statuses[-1] == 429
    assert browser.submit(f"{LOGIN}/tweede-stap", code="000000").status == 429


def test_a_recovery_code_needs_the_password(portal: Portal) -> None:
    """Without the first step there is no page for it, and after five minutes no more."""
    assert portal.browser().get(LOST).location == LOGIN
    assert portal.browser().post(LOST, {"csrf_token": "x"}).status == 400
    browser = portal.browser()
    browser.login("streng")
    page = browser.get(LOST)
    assert "een schoolbeheerder van uw school" in page.text
    portal.clock.advance(minutes=5)
    assert browser.submit_page(page, code="aaaaa-aaaaa").location == LOGIN


def test_another_second_factor(portal: Portal) -> None:
    """Password and present code are asked; until the new one works the old one does; other sessions end."""
    here = with_code(portal)
    there = with_code(portal)
    codes = make_codes(here)
    portal.clock.advance(seconds=30)
    renewal = f"{ACCOUNT}/tweede-stap"
    assert here.get(f"{BEGIN}/tweede-factor").status == 303, "not without the question before it"
    assert here.submit(renewal, huidig=PASSWORD, code="000000").errors("code")
    assert here.submit(renewal, huidig="mis", code=totp(portal.clock.moment)).errors("huidig")
    page = here.follow(here.submit(renewal, huidig=PASSWORD, code=totp(portal.clock.moment)))
    secret = page.tree.find(".//code").text.replace(" ", "")
    assert page.tree.xpath(f"//a[starts-with(@href, 'otpauth://totp/') and contains(@href, '{secret}')]")
    assert here.submit_page(page, code="000000").errors("code")
    assert is_in(there), "nothing has changed yet"
    assert here.submit_page(page, code=totp(portal.clock.moment, secret)).location == CODES
    assert is_in(here)
    assert not is_in(there)
    portal.clock.advance(seconds=60)
    browser = portal.browser()
    browser.login("streng")
    assert browser.submit(f"{LOGIN}/tweede-stap", code=totp(portal.clock.moment)).status == 403
    assert browser.submit(LOST, code=codes[0]).status == 403, "those of the old one are void"
    assert browser.submit(f"{LOGIN}/tweede-stap", code=totp(portal.clock.moment, secret)).status == 303


def test_a_renewal_is_for_ten_minutes(portal: Portal) -> None:
    """Then password and code are asked again; a recovery code does as well as one of the app."""
    browser = with_code(portal)
    code = make_codes(browser)[0]
    page = browser.follow(browser.submit(f"{ACCOUNT}/tweede-stap", huidig=PASSWORD, code=code))
    secret = page.tree.find(".//code").text.replace(" ", "")
    portal.clock.advance(minutes=10)
    assert browser.submit_page(page, code=totp(portal.clock.moment, secret)).location == f"{BEGIN}/"
    with portal.database.reading() as connection:
        assert recovery.count(connection, accounts.get(connection, "streng").id) == 9


def test_without_a_second_factor_there_are_no_recovery_codes(portal: Portal) -> None:
    """A user of the demo has none to make."""
    browser = portal.browser("school")
    for path in (CODES, f"{ACCOUNT}/tweede-stap"):
        assert browser.get(path).status == 303
        assert browser.post(path, browser.get(f"{ACCOUNT}/wachtwoord").fields()).status == 303


def test_a_reset_takes_the_recovery_codes_along(portal: Portal) -> None:
    """A code of before opens nothing afterwards."""
    make_codes(with_code(portal))
    with portal.database.writing() as connection:
        accounts.reset(connection, "streng", portal.clock.moment)
        assert connection.scalar(sa.select(sa.func.count()).select_from(recovery_code)) == 0


def test_recovery_codes_outlive_a_server_key(make: Callable[..., Portal]) -> None:
    """After another server key came in use and the owner logged in, the old one can go: the codes work on."""
    kept = (make().settings.data / "keys").read_text().strip()
    old = kept.partition("=")[0]
    lines = f"{kept},b={'0b' * 32}"
    portal = make(keys=lines)
    codes = make_codes(with_code(portal))
    with portal.database.writing() as connection:
        known = ServerKeys.parse(lines.split(","))
        known.register(connection, portal.clock.moment)
        rotation.use(connection, known, "b", portal.clock.moment, actor="cli:proef")
    other = make(keys=lines)
    other.clock.moment = portal.clock.moment + timedelta(minutes=1)
    with_code(other)
    with other.database.writing() as connection:
        connection.execute(sa.text("DELETE FROM gebruiker_afnemer"))
        connection.execute(sa.text("DELETE FROM afnemer"))
        rotation.remove(connection, old, other.clock.moment, actor="cli:proef", end_sessions=True)
    after = make(keys=lines.partition(",")[2])
    assert by_code(after, codes[0])[1].status == 303


def test_what_is_done_to_an_account_is_told_to_its_owner(make: Callable[..., Portal]) -> None:
    """By mail, with what to do when it was somebody else; no code or link is in it."""
    portal = make(smtp_host="127.0.0.1", mail_from="uwlr@school.example")
    with portal.database.writing() as connection:
        own = accounts.get(connection, "streng")
        addresses.enter(connection, Owner(gebruiker_id=own.id), "f@school.example", portal.clock.moment)
        connection.execute(mail_address.update().values(confirmed_at=sa.func.current_timestamp()))
    browser = with_code(portal)
    codes = make_codes(browser)
    by_code(portal, codes[0])
    browser.submit(f"{ACCOUNT}/wachtwoord", huidig=PASSWORD, wachtwoord=NEW, nogmaals=NEW)
    admin = portal.browser("school")
    page = admin.get(f"{SCHOOL}/collegas/{own.id}")
    link = admin.submit_page(page, 1, actie="herstellen", bevestigd="ja")
    token = urlsplit(link.tree.xpath("//*[@id='link']/text()")[0]).path.rpartition("/")[2]
    with portal.database.reading() as connection:
        told = connection.execute(sa.select(mail.c.subject, mail.c.text).where(mail.c.cause.like("account:%"))).all()
    assert [subject for subject, _ in told] == [
        "Nieuwe herstelcodes",
        "Een herstelcode is gebruikt",
        "Uw wachtwoord is gewijzigd",
        "Uw account is opnieuw ingesteld",
    ]
    texts = " ".join(text for _, text in told)
    assert not [secret for secret in (*codes, token, TOTP, "http") if secret in texts]
    assert "A. de Vries (school) heeft uw account opnieuw ingesteld" in texts


def test_when_somebody_logged_in(portal: Portal) -> None:
    """The page of the account names this login and the one before."""
    portal.browser("school")
    portal.clock.advance(hours=2)
    page = portal.browser("school").get(ACCOUNT)
    shown = page.tree.xpath("//section[@aria-labelledby='inloggen']//dd/text()")
    assert shown[:2] == ["25 november 2026 om 12:30 uur", "25 november 2026 om 10:30 uur"]
    with portal.database.reading() as connection:
        query = sa.select(gebruiker.c.login).where(gebruiker.c.last_login_at.is_not(None))
        assert list(connection.scalars(query)) == ["school"]
