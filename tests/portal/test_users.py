"""The operator's users: looking for them, adding one, another vestiging, blocking, and a new link."""

from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from support.portal_browser import PASSWORD, SCHOOL, Browser, Page, Portal

from uwlr_adapter.gebruikers import accounts
from uwlr_adapter.gebruikers.accounts import Gebruiker
from uwlr_adapter.gebruikers.tables import GebruikerRol
from uwlr_adapter.journaal.model import Act
from uwlr_adapter.journaal.tables import journaal

USERS = "/koppelingen/beheer/gebruikers"
LOGIN = "/koppelingen/inloggen"
NEW = "zes blauwe olifanten dansen"


def user(portal: Portal, login: str) -> Gebruiker:
    """Return a user as the database has it."""
    with portal.database.reading() as connection:
        return accounts.get(connection, login)


def at(portal: Portal, login: str) -> str:
    """Return the path of the page of a user."""
    return f"{USERS}/{user(portal, login).id}"


def acts(portal: Portal) -> list[tuple[str, str, str | None]]:
    """Return the acts on users: what, by whom, and at which vestiging."""
    query = sa.select(journaal.c.act, journaal.c.actor, journaal.c.brin6).where(journaal.c.kind == "gebruiker")
    with portal.database.reading() as connection:
        return [tuple(row) for row in connection.execute(query.order_by(journaal.c.id))]


def logins(page: Page) -> list[str]:
    """Return the logins of a list."""
    return [str(text) for text in page.tree.xpath("//td[@data-kop='Gebruikers\u00adnaam']/text()")]


def link(page: Page) -> str:
    """Return the path of the link that a page shows."""
    assert page.status == 200, page.text
    return urlsplit(str(page.tree.xpath("//*[@id='link']/text()")[0])).path


def is_in(browser: Browser) -> bool:
    """Return whether this browser sees the page of its school."""
    return browser.get(SCHOOL).status == 200


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ["andere", "bestuur", "collega", "lezer", "operator", "school", "streng", "tweede", "vendor"]),
        ("snapp", ["vendor"]),
        ("BAKKER", ["collega"]),
        ("stre", ["streng"]),
        ("21qw01", ["bestuur"]),
        ("30AB00", ["andere", "tweede"]),
        ("%", []),
        ("_", []),
        ("xyzzy", []),
    ],
)
def test_looking_for_users(portal: Portal, text: str, found: list[str]) -> None:
    """By a part of the name or the login in any case, or by a vestiging; what stands for anything is itself."""
    assert logins(portal.browser("operator").send("GET", f"{USERS}?zoek={text.replace('%', '%25')}")) == found


def test_many_users(portal: Portal) -> None:
    """The list is in pages of fifty, by login; a user of many vestigingen is a number and the first few of them."""
    with portal.database.writing() as connection:
        for number in range(120):
            new = accounts.NewGebruiker(f"veel-{number:03}", "V. Veel", GebruikerRol.LEZER, ("21QW00",))
            accounts.add(connection, new, portal.clock.moment)
    browser, seen, path, pages = portal.browser("operator"), [], USERS, 0
    while path:
        page = browser.get(path)
        seen += logins(page)
        path, pages = next(iter(page.tree.xpath("//a[text()='Volgende']/@href")), ""), pages + 1
    assert seen == sorted(seen)
    assert (len(seen), pages) == (129, 3)
    row = browser.get(f"{USERS}?zoek=bestuur").text
    assert "21QW00, 21QW01" in row


def test_a_user_is_added(portal: Portal) -> None:
    """The link is shown once, and a form that is sent twice makes one user; each role can be given."""
    browser = portal.browser("operator")
    for rol, places in (
        ("lezer", "21QW00"),
        ("bestuur", "21QW00, 21qw01"),
        ("operator", ""),
        ("schoolbeheerder", "30AB00"),
    ):
        page = browser.get(f"{USERS}/toevoegen")
        typed = {"naam": f"R. {rol}", "login": f"nieuw-{rol}", "rol": rol, "vestigingen": places}
        first, second = (browser.submit_page(page, **typed) for _ in range(2))
        assert link(first) == link(second)
        assert user(portal, f"nieuw-{rol}").rol == rol
        person = portal.browser()
        assert person.submit(link(first), wachtwoord=NEW, nogmaals=NEW).location == LOGIN
    assert user(portal, "nieuw-bestuur").vestigingen == ("21QW00", "21QW01")
    assert [act for act, _, _ in acts(portal)] == [Act.GEBRUIKER_ADDED] * 5


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"login": "school"}, "Er is al een gebruiker met deze gebruikersnaam."),
        ({"login": "x"}, "Een gebruikersnaam heeft 3 tot 64"),
        ({"naam": ""}, "Vul een naam in."),
        ({"rol": "baas"}, "Kies een rol."),
        ({"vestigingen": ""}, "Vul minstens één vestiging in."),
        ({"vestigingen": "21QW"}, "Vul BRIN- en vestigingsnummers in"),
        ({"vestigingen": "21QW00 99ZZ00"}, "Deze vestiging bestaat niet: 99ZZ00."),
    ],
)
def test_a_user_that_cannot_be(portal: Portal, fields: dict[str, str], sentence: str) -> None:
    """It is said beside the field, and nobody is added."""
    typed = {"naam": "N", "login": "nieuw", "rol": "lezer", "vestigingen": "21QW00", **fields}
    page = portal.browser("operator").submit(f"{USERS}/toevoegen", **typed)
    assert page.status == 422
    assert sentence in page.text
    assert acts(portal) == []


def test_blocking_and_allowing(portal: Portal) -> None:
    """After the question a user is out everywhere, and in again with the old password; each act is written down."""
    browser, person = portal.browser("operator"), portal.browser("school")
    question = browser.get(f"{at(portal, 'school')}/blokkeren")
    assert question.h1 == "A. de Vries blokkeren?"
    assert browser.submit_page(question).location == at(portal, "school")
    assert not is_in(person)
    assert portal.browser().login("school").status == 403
    assert "was al geblokkeerd" in browser.follow(browser.submit_page(question)).text
    assert browser.submit(at(portal, "school")).status == 303
    assert portal.browser().login("school").status == 303
    assert acts(portal) == [
        (Act.GEBRUIKER_DISABLED, "operator", "21QW00"),
        (Act.GEBRUIKER_ENABLED, "operator", "21QW00"),
    ]


def test_a_new_link(portal: Portal) -> None:
    """After it was checked who asks; the same form makes the same link, and voids what was there."""
    browser, person = portal.browser("operator"), portal.browser("school")
    page = browser.get(f"{at(portal, 'school')}/nieuwe-link")
    assert browser.submit_page(page).status == 422
    first, second = (browser.submit_page(page, bevestigd="ja") for _ in range(2))
    assert link(first) == link(second)
    assert not is_in(person)
    assert portal.browser().login("school", PASSWORD).status == 403
    assert portal.browser().submit(link(first), wachtwoord=NEW, nogmaals=NEW).location == LOGIN
    assert [act for act, _, _ in acts(portal)] == [Act.GEBRUIKER_RESET]


def test_vestigingen_come_and_go(portal: Portal) -> None:
    """In the role that is chosen for a user of a school; what goes ends the sessions; each vestiging is told."""
    browser, person = portal.browser("operator"), portal.browser("school")
    path = at(portal, "school")
    assert browser.submit(path, 0, erbij="30ab00 21QW01", rol="lezer").location == path
    found = user(portal, "school")
    assert found.vestigingen == ("21QW00", "21QW01", "30AB00")
    assert sorted(found.reads) == ["21QW01", "30AB00"]
    assert person.get("/koppelingen/30AB00/inzage").status == 404
    assert is_in(person)
    assert browser.submit(path, 0, eraf="21QW00").location == path
    assert not is_in(person)
    assert user(portal, "school").vestigingen == ("21QW01", "30AB00")
    assert acts(portal) == [
        (Act.GEBRUIKER_ADDED, "operator", "21QW01"),
        (Act.GEBRUIKER_ADDED, "operator", "30AB00"),
        (Act.ACCESS_REMOVED, "operator", "21QW00"),
    ]
    for wrong in ({}, {"erbij": "iets"}, {"eraf": "21QW"}):
        assert browser.submit(path, 0, **wrong).status == 422
    missing = browser.follow(browser.submit(path, 0, erbij="99ZZ00"))
    assert "Een van deze vestigingen bestaat niet." in missing.text


def test_the_own_account_and_two_operators(portal: Portal) -> None:
    """Nobody blocks or resets the own account; of two who block each other the second one is out already."""
    with portal.database.writing() as connection:
        new = accounts.NewGebruiker("operator2", "O. Twee", GebruikerRol.OPERATOR, needs_totp=False)
        _, token = accounts.add(connection, new, portal.clock.moment)
        hash_ = accounts.password_hash_of(connection, "operator")
        accounts.set_password(connection, token, str(hash_), portal.clock.moment)
    first, second = portal.browser("operator"), portal.browser("operator2")
    own = at(portal, "operator")
    token_field = {**first.get(USERS + "/toevoegen").fields(), "versie": "1", "bevestigd": "ja"}
    for path in ("/blokkeren", "/nieuwe-link"):
        first.post(own + path, token_field)
        assert user(portal, "operator").is_enabled
        assert user(portal, "operator").has_password
    page = second.get(f"{own}/blokkeren")
    assert first.submit(f"{at(portal, 'operator2')}/blokkeren").status == 303
    assert urlsplit(second.submit_page(page).location or "").path == LOGIN
    assert user(portal, "operator").is_enabled


def test_two_operators_act_on_one(portal: Portal) -> None:
    """The second acts on a user as it was: nothing is done, and the page says so."""
    browser = portal.browser("operator")
    page = browser.get(f"{at(portal, 'school')}/blokkeren")
    assert browser.submit(at(portal, "school"), 0, erbij="21QW01").status == 303
    answer = browser.follow(browser.submit_page(page))
    assert "Iemand anders heeft dit account zojuist gewijzigd." in answer.text
    assert user(portal, "school").is_enabled


def test_a_user_who_is_not_there(portal: Portal) -> None:
    """An id that nobody has is no page."""
    browser = portal.browser("operator")
    for path in ("", "/blokkeren", "/nieuwe-link"):
        assert browser.get(f"{USERS}/9999{path}").status == 404


def test_all_of_it_is_for_operators(portal: Portal) -> None:
    """Not even a bestuur sees the list."""
    for login in ("school", "bestuur", "lezer"):
        assert portal.browser(login).get(USERS).status == 404
