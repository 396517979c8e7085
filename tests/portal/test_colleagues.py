"""Collega's: inviting, joining, another role, leaving, and a colleague who lost the phone."""

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from support.portal_browser import MOMENT, PASSWORD, SCHOOL, Browser, Page, Portal, totp

from uwlr_adapter.gebruikers import access, accounts
from uwlr_adapter.gebruikers.accounts import Gebruiker
from uwlr_adapter.gebruikers.tables import GebruikerRol, gebruiker, invitation
from uwlr_adapter.journaal.model import Act
from uwlr_adapter.journaal.tables import act_to_tell, journaal
from uwlr_adapter.portal import guard

BEGIN = "/koppelingen"
LIST = f"{SCHOOL}/collegas"
LOGIN = f"{BEGIN}/inloggen"
ACCOUNT = f"{BEGIN}/account"
NEW = "zes blauwe olifanten dansen"
ELSEWHERE = "/koppelingen/30AB00"


def user(portal: Portal, login: str) -> Gebruiker:
    """Return a user as the database has it."""
    with portal.database.reading() as connection:
        return accounts.get(connection, login)


def acts(portal: Portal) -> list[tuple[str, str, str]]:
    """Return the last acts on users: what, by whom, and on whom in which role."""
    query = sa.select(journaal.c.act, journaal.c.actor, journaal.c.remarks).where(journaal.c.kind == "gebruiker")
    with portal.database.reading() as connection:
        return [tuple(row) for row in connection.execute(query.order_by(journaal.c.id))]


def invite(browser: Browser, login: str = "nieuw@school.example", rol: str = "lezer", naam: str = "N. Nieuw") -> Page:
    """Invite somebody; the form is the last one of the page."""
    return browser.submit(LIST, naam=naam, login=login, rol=rol)


def link(page: Page) -> str:
    """Return the path of the link that a page shows."""
    assert page.status == 200, page.text
    return urlsplit(str(page.tree.xpath("//*[@id='link']")[0].text_content())).path


def join(portal: Portal, path: str, login: str) -> Browser:
    """Return the browser of a new colleague, who made an account with a second factor."""
    browser = portal.browser()
    assert browser.submit(path, wachtwoord=NEW, nogmaals=NEW).location == LOGIN
    assert browser.login(login, NEW).status == 303
    page = browser.get(f"{BEGIN}/tweede-factor")
    secret = page.tree.find(".//code").text.replace(" ", "")
    assert browser.submit_page(page, code=totp(portal.clock.moment, secret)).status == 303
    return browser


def act_on(portal: Portal, browser: Browser, login: str, action: str, **fields: str) -> Page:
    """Press a button of the page of a colleague; the form with its version is the one of that button."""
    page = browser.get(f"{LIST}/{user(portal, login).id}")
    buttons = [form.xpath(".//button/@value") for form in page.forms()]
    number = next(index for index, values in enumerate(buttons) if action in values)
    return browser.submit_page(page, number, actie=action, **fields)


def test_a_colleague_joins_and_leaves(portal: Portal) -> None:
    """The link is shown once, and makes an account that reads; it becomes schoolbeheerder, and loses its access."""
    inviter = portal.browser("school")
    path = link(invite(inviter))
    assert path.rpartition("/")[2] not in inviter.get(LIST).body
    assert "N. Nieuw" in inviter.get(LIST).text
    invited = join(portal, path, "nieuw@school.example")
    assert invited.get(SCHOOL).status == 200
    assert invited.get(LIST).status == 403
    assert portal.browser().get(path).status == 404, "once"
    assert act_on(portal, inviter, "nieuw@school.example", "schoolbeheerder").location == LIST
    assert invited.get(LIST).status == 200
    assert invited.get(f"{SCHOOL}/inzage").status == 200
    removed = inviter.follow(act_on(portal, inviter, "nieuw@school.example", "verwijderen"))
    assert "N. Nieuw heeft geen toegang meer tot deze school. Het account is afgesloten" in removed.text
    page = invited.get(SCHOOL)
    assert urlsplit(page.location or "").path == LOGIN
    assert guard.DISABLED in invited.follow(page).text
    assert portal.browser().login("nieuw@school.example", NEW).status == 403
    who = "gebruiker=nieuw@school.example"
    assert acts(portal) == [
        (Act.GEBRUIKER_INVITED, "school", f"{who} rol=lezer"),
        (Act.GEBRUIKER_JOINED, "nieuw@school.example", f"{who} rol=lezer"),
        (Act.ROL_CHANGED, "school", f"{who} rol=schoolbeheerder"),
        (Act.ACCESS_REMOVED, "school", who),
    ]
    log = inviter.get(f"{SCHOOL}/journaal").text
    assert "De gebruiker nieuw@school.example heeft de uitnodiging aangenomen, en is nu lezer." in log
    with portal.database.reading() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(act_to_tell)) == 3, "told by mail"


def test_the_link_is_of_the_public_address(make: Callable[..., Portal]) -> None:
    """Whatever the Host header says; and it is in no header, cookie or journaal."""
    browser = make(public_url="https://uwlr.example").browser("school")
    page = browser.get(LIST)
    fields = {**page.fields(), "naam": "N", "login": "nieuw", "rol": "lezer"}
    shown = browser.post(LIST, fields, **{"wsgi.url_scheme": "https", "HTTP_HOST": "kwaad.example"})
    (text,) = shown.tree.xpath("//*[@id='link']/text()")
    assert text.startswith("https://uwlr.example/koppelingen/uitnodiging/")
    assert "Ook dan is de link nodig: N opent haar, logt in met dat account" in shown.text
    token = text.rpartition("/")[2]
    assert token not in str(browser.cookies)
    assert token not in str(shown.reply.all_headers)


def test_a_form_that_is_sent_twice(portal: Portal) -> None:
    """Makes one invitation, one act, and shows the same link; a form of another session makes none."""
    browser = portal.browser("school")
    page = browser.get(LIST)
    first, second = (browser.submit_page(page, naam="N", login="nieuw", rol="lezer") for _ in range(2))
    assert link(first) == link(second)
    assert [act for act, _, _ in acts(portal)] == [Act.GEBRUIKER_INVITED]
    other = portal.browser("collega")
    page = other.get(LIST)
    stale = other.submit_page(page, naam="N", login="ander", rol="lezer", bon="x" * 43)
    assert stale.status == 409
    assert "Er is niets gedaan" in stale.text


def test_whether_a_login_exists_elsewhere_is_not_said(portal: Portal) -> None:
    """An invitation, its row and the page of its link are the same for a login of another school and for a new one."""
    browser = portal.browser("school")
    shown = [invite(browser, login, naam="Iemand") for login in ("andere", "nergens")]
    texts = [one.text.replace("andere", "X").replace("nergens", "X") for one in shown]
    paths = [link(one) for one in shown]
    assert texts[0].replace(paths[0], "") == texts[1].replace(paths[1], "")
    opened = [portal.browser().get(path).text.replace("andere", "X").replace("nergens", "X") for path in paths]
    assert opened[0] == opened[1]
    rows = {" ".join(row.text_content().split()) for row in browser.get(LIST).tree.xpath("//table[2]/tbody/tr")}
    rows |= {" ".join(one.text_content().split()) for one in browser.get(LIST).tree.xpath("//section[2]//tbody/tr")}
    assert len({row.replace("andere", "X").replace("nergens", "X") for row in rows}) == 1


def test_somebody_of_two_schools(portal: Portal) -> None:
    """Who has an account keeps it: the password form of the link is refused, and the owner accepts after logging in."""
    path = link(invite(portal.browser("school"), "andere", "lezer"))
    refused = portal.browser().submit(path, wachtwoord=NEW, nogmaals=NEW)
    assert refused.status == 409
    assert portal.browser().login("andere", NEW).status == 403, "the password is as it was"
    owner, stranger = portal.browser("andere"), portal.browser("tweede")
    assert "nodigt u uit als lezer" not in stranger.get(ACCOUNT).text
    page = owner.get(ACCOUNT)
    assert "nodigt u uit als lezer" in page.text
    assert not page.tree.xpath("//button[@value='aannemen']")
    assert not stranger.get(path).tree.xpath("//button[@value='aannemen']"), "logged in as somebody else"
    page = owner.get(path)
    form, token = page.forms()[0], path.rpartition("/")[2]
    own = stranger.get(f"{ACCOUNT}/wachtwoord").fields()
    assert stranger.post(form.get("action"), {**own, "actie": "aannemen", "bon": token}).location == ACCOUNT
    assert owner.get(SCHOOL).status == 404
    assert stranger.get(SCHOOL).status == 404
    assert owner.submit_page(page, 0, actie="aannemen").location == f"{SCHOOL}/"
    assert owner.get(SCHOOL).status == 200
    assert owner.get(f"{ELSEWHERE}/inzage").status == 200, "schoolbeheerder there"
    assert owner.get(f"{SCHOOL}/inzage").status == 404, "and lezer here"
    again = owner.follow(owner.submit_page(page, 0, actie="aannemen"))
    assert "Deze uitnodiging is er niet meer" in again.text
    act_on(portal, portal.browser("school"), "andere", "verwijderen")
    assert owner.get(SCHOOL).status == 404
    assert owner.get(ELSEWHERE).status == 200, "the session goes on for the other school"


def test_a_login_that_another_school_took_first(portal: Portal) -> None:
    """Whoever made an account with the login of somebody else does not get the invitation of that one at a school."""
    elsewhere = portal.browser("andere")
    path = link(elsewhere.submit(f"{ELSEWHERE}/collegas", naam="N", login="nieuw@school.example", rol="lezer"))
    taken = join(portal, path, "nieuw@school.example")
    path = link(invite(portal.browser("school"), "nieuw@school.example", "schoolbeheerder"))
    page = taken.get(ACCOUNT)
    assert "nodigt u uit als schoolbeheerder" in page.text
    for bon in ("", "x" * 43):
        answer = taken.submit_page(page, 0, actie="aannemen", bon=bon)
        assert "Deze uitnodiging is er niet meer" in taken.follow(answer).text
    assert taken.get(SCHOOL).status == 404
    owner = portal.browser()
    (way,) = owner.get(path).tree.xpath("//a[contains(., 'Naar het inloggen')]/@href")
    assert owner.get(way).status == 200
    assert way.endswith(path), "who has the account and the link comes back to it"


def test_an_invitation_that_came_late_changes_no_role(portal: Portal) -> None:
    """Who got access meanwhile keeps the role of today: a school does not lose its last schoolbeheerder by it."""
    path = link(invite(portal.browser("school"), "andere", "lezer"))
    with portal.database.writing() as connection:
        access.place(connection, accounts.get(connection, "andere").id, "21QW00", GebruikerRol.SCHOOLBEHEERDER)
    owner = portal.browser("andere")
    assert owner.submit(path, 0, actie="aannemen").location == f"{SCHOOL}/"
    assert user(portal, "andere").reads == frozenset()
    assert acts(portal)[-1] == (Act.GEBRUIKER_JOINED, "andere", "gebruiker=andere rol=schoolbeheerder")


def test_an_invitation_is_declined_withdrawn_or_ends(portal: Portal) -> None:
    """Then its link is void, and the page of the school is without it, or says that it ended."""
    browser = portal.browser("school")
    path = link(invite(browser, "andere"))
    owner = portal.browser("andere")
    assert owner.submit(ACCOUNT, 0, actie="afwijzen").location == ACCOUNT
    assert portal.browser().get(path).status == 404
    path = link(invite(browser, "andere"))
    number = len(browser.get(LIST).forms()) - 2
    assert browser.submit(LIST, number, actie="intrekken").status == 303
    assert portal.browser().get(path).status == 404
    path = link(invite(browser, "andere"))
    portal.clock.advance(hours=72)
    assert portal.browser().get(path).status == 404
    assert "nodigt u uit" not in portal.browser("andere").get(ACCOUNT).text
    browser = portal.browser("school")
    assert "Verlopen op" in browser.get(LIST).text
    renewed = link(browser.submit(LIST, 0, actie="opnieuw"))
    assert renewed != path
    assert portal.browser().get(renewed).status == 200


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"login": "collega"}, "Deze gebruikersnaam heeft al toegang tot deze school."),
        ({"login": "Open"}, "Er loopt al een uitnodiging voor deze gebruikersnaam."),
        ({"login": "a b"}, "Een gebruikersnaam heeft 3 tot 64"),
        ({"login": ""}, "Vul een gebruikersnaam in."),
        ({"naam": " "}, "Vul een naam in."),
        ({"naam": "N" * 201}, "maximaal 200 tekens"),
        ({"rol": "operator"}, "Kies een rol."),
        ({"rol": "bestuur"}, "Kies een rol."),
    ],
)
def test_an_invitation_that_cannot_be(portal: Portal, fields: dict[str, str], sentence: str) -> None:
    """It is said beside the field, and nothing is made."""
    browser = portal.browser("school")
    invite(browser, "open")
    page = browser.submit(LIST, **{"naam": "N. Nieuw", "login": "nieuw", "rol": "lezer", **fields})
    assert page.status == 422
    assert sentence in page.text
    with portal.database.reading() as connection:
        assert list(connection.scalars(sa.select(invitation.c.login))) == ["open"]


def test_there_are_no_more_invitations_than_people(portal: Portal) -> None:
    """A school has a bounded number of open ones."""
    browser = portal.browser("school")
    for number in range(20):
        link(invite(browser, f"login-{number}"))
    assert "Er lopen al heel veel uitnodigingen" in invite(browser, "een-te-veel").text


def test_the_last_schoolbeheerder_stays(portal: Portal) -> None:
    """Nobody leaves a school without one by the own hand; after handing over, and by the bestuur, it can be."""
    owner = portal.browser("andere")
    id_ = user(portal, "andere").id
    there = f"{ELSEWHERE}/collegas"
    with portal.database.writing() as connection:
        accounts.disable(connection, "tweede", MOMENT)
    for action in ("lezer", "verwijderen"):
        page = owner.get(f"{there}/{id_}")
        number = next(i for i, form in enumerate(page.forms()) if action in form.xpath(".//button/@value"))
        refused = owner.follow(owner.submit_page(page, number, actie=action))
        assert "Dit is de enige schoolbeheerder van deze school." in refused.text
    with portal.database.writing() as connection:
        accounts.enable(connection, "tweede")
    page = owner.get(f"{there}/{id_}")
    number = next(i for i, form in enumerate(page.forms()) if "verwijderen" in form.xpath(".//button/@value"))
    gone = owner.follow(owner.follow(owner.submit_page(page, number, actie="verwijderen")))
    assert guard.DISABLED in gone.text
    bestuur = portal.browser("bestuur")
    for login in ("school", "collega", "streng"):
        assert act_on(portal, bestuur, login, "verwijderen").location == LIST
    with portal.database.reading() as connection:
        left = sa.select(gebruiker.c.login).where(gebruiker.c.disabled_at.is_(None))
        assert {"school", "collega", "streng"}.isdisjoint(connection.scalars(left))


def test_two_who_remove_each_other(portal: Portal) -> None:
    """Both have the page open: the second one may not act any more, and is told so; nobody is removed by mistake."""
    first, second = portal.browser("school"), portal.browser("collega")
    page = second.get(f"{LIST}/{user(portal, 'school').id}")
    own = second.get(f"{LIST}/{user(portal, 'collega').id}")
    assert act_on(portal, first, "collega", "lezer").location == LIST
    assert second.submit_page(page, -1, actie="verwijderen").status == 403
    assert second.submit_page(own, 0, actie="schoolbeheerder").status == 403, "a lezer does not raise itself"
    assert user(portal, "school").is_enabled
    assert user(portal, "collega").rol is GebruikerRol.LEZER


def test_two_who_act_on_one(portal: Portal) -> None:
    """The second acts on an account as it was: nothing is done, and the page shows how it is now."""
    first, second = portal.browser("school"), portal.browser("collega")
    page = second.get(f"{LIST}/{user(portal, 'streng').id}")
    act_on(portal, first, "streng", "lezer")
    answer = second.submit_page(page, -1, actie="verwijderen")
    assert "Iemand anders heeft dit account zojuist gewijzigd." in second.follow(answer).text
    assert user(portal, "streng").vestigingen == ("21QW00",)
    assert "streng" in second.get(LIST).text
    done = second.follow(second.submit_page(page, 0, actie="lezer"))
    assert "F. Strik is nu lezer van deze school." in done.text, "it is so already"


def test_other_schools(portal: Portal) -> None:
    """A user of another school is nobody here: looking and acting say the same as for an id that nobody has."""
    browser = portal.browser("school")
    for id_ in (user(portal, "andere").id, user(portal, "operator").id, user(portal, "bestuur").id, 9999):
        page = browser.get(f"{LIST}/{id_}")
        assert (page.status, page.location) == (303, LIST)
        assert "Deze collega heeft geen toegang (meer) tot deze school." in browser.follow(page).text
        token = browser.get(LIST).fields()
        for action in ("verwijderen", "lezer", "herstellen"):
            data = {**token, "versie": "1", "actie": action, "bevestigd": "ja"}
            assert browser.post(f"{LIST}/{id_}", data).location == LIST
    assert acts(portal) == []


def test_who_else_can_look(portal: Portal) -> None:
    """The bestuur is named, without a way to change it, and the operator is explained."""
    page = portal.browser("school").get(LIST)
    section = " ".join(page.tree.xpath("//section[@aria-labelledby='anderen']")[0].text_content().split())
    assert "D. Bestuur (bestuur)" in section
    assert "De beheerder van de koppelingen" in section
    rows = page.tree.xpath("//section[@aria-labelledby='toegang']//tbody/tr")
    logins = [row.xpath("td[@data-kop='Gebruikers\u00adnaam']")[0].text_content() for row in rows]
    assert logins == ["collega", "lezer", "school", "streng"]


def test_a_colleague_lost_the_phone(portal: Portal) -> None:
    """With the confirmation of who asks there is a new link, once; the old password, codes and sessions are void."""
    browser = portal.browser("school")
    id_ = user(portal, "streng").id
    assert act_on(portal, browser, "streng", "herstellen").status == 422
    assert user(portal, "streng").has_totp
    page = browser.get(f"{LIST}/{id_}")
    number = next(i for i, form in enumerate(page.forms()) if "herstellen" in form.xpath(".//button/@value"))
    first, second = (browser.submit_page(page, number, actie="herstellen", bevestigd="ja") for _ in range(2))
    assert link(first) == link(second)
    assert not user(portal, "streng").has_totp
    assert portal.browser().login("streng", PASSWORD).status == 403
    other = portal.browser()
    assert other.submit(link(first), wachtwoord=NEW, nogmaals=NEW).location == LOGIN
    assert [act for act, _, _ in acts(portal)] == [Act.GEBRUIKER_RESET]


def test_nobody_resets_the_own_account_or_one_of_more_schools(portal: Portal) -> None:
    """A link logs in as somebody wherever that one may act: so whoever makes it must manage each of those schools."""
    browser = portal.browser("school")
    own = user(portal, "school")
    for login in ("school", "andere"):
        if login == "andere":
            path = link(invite(browser, "andere", "schoolbeheerder"))
            portal.browser("andere").submit(path, 0, actie="aannemen")
        page = browser.get(f"{LIST}/{user(portal, login).id}")
        assert not page.tree.xpath("//button[@value='herstellen']")
        bon = browser.get(f"{LIST}/{user(portal, 'streng').id}").tree.xpath("//input[@name='bon']/@value")[0]
        seen = str(user(portal, login).version)
        data = {**page.fields(), "versie": seen, "bon": bon, "actie": "herstellen", "bevestigd": "ja"}
        assert browser.post(f"{LIST}/{user(portal, login).id}", data).status == 303
        assert user(portal, login).has_password
    assert user(portal, "school").session_version == own.session_version


def test_a_login_is_handed_out_again(portal: Portal) -> None:
    """Who left and is invited again makes a new account: nothing of the old one is left, its second factor neither."""
    browser = portal.browser("school")
    act_on(portal, browser, "streng", "verwijderen")
    old = user(portal, "streng")
    portal.clock.advance(hours=1)
    browser = portal.browser("school")
    join(portal, link(invite(browser, "streng", "schoolbeheerder")), "streng")
    new = user(portal, "streng")
    assert (new.naam, new.vestigingen, new.is_enabled) == ("N. Nieuw", ("21QW00",), True)
    assert new.session_version > old.session_version


def test_a_blocked_login_is_not_handed_out_again(portal: Portal) -> None:
    """Somebody whom the operator blocked does not come back by an invitation; nor does an operator become a lezer."""
    with portal.database.writing() as connection:
        accounts.disable(connection, "andere", MOMENT)
        accounts.disable(connection, "operator", MOMENT)
    browser = portal.browser("school")
    for login in ("andere", "operator"):
        page = portal.browser().submit(link(invite(browser, login)), wachtwoord=NEW, nogmaals=NEW)
        assert page.status == 409
        assert not user(portal, login).is_enabled


def test_invitations_of_who_left_end(portal: Portal) -> None:
    """Whoever is removed leaves no way in behind."""
    path = link(invite(portal.browser("collega"), "nieuw"))
    act_on(portal, portal.browser("school"), "collega", "verwijderen")
    assert portal.browser().get(path).status == 404


def test_many_colleagues(portal: Portal) -> None:
    """The list is in pages, each behind the last login of the one before."""
    with portal.database.writing() as connection:
        for number in range(60):
            new = accounts.NewGebruiker(f"veel-{number:02}", "V. Veel", GebruikerRol.LEZER, ("21QW00",))
            accounts.add(connection, new, MOMENT)
    browser, seen, path = portal.browser("school"), [], LIST
    while path:
        page = browser.get(path)
        seen += page.tree.xpath("//section[@aria-labelledby='toegang']//td[@data-kop='Gebruikers\u00adnaam']/text()")
        path = next(iter(page.tree.xpath("//a[text()='Volgende']/@href")), "")
    assert seen == sorted(seen)
    assert len(seen) == 64
