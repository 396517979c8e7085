"""Leerkrachten: a school gives the results of groepen, changes that, and takes it away; 31 July ends it by itself."""

from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from support.portal_browser import SCHOOL, Browser, Page, Portal
from support.taught_school import FIVE, FOUR, NEXT_YEAR, PLUS, YEAR, import_taught, person, taught_dataset, teaches

from uwlr_adapter.gebruikers import accounts, by_operator, groep_access
from uwlr_adapter.gebruikers.accounts import Gebruiker
from uwlr_adapter.gebruikers.groep_access import Taught
from uwlr_adapter.gebruikers.tables import GebruikerRol, gebruiker
from uwlr_adapter.journaal.model import Act
from uwlr_adapter.journaal.tables import act_to_tell, journaal
from uwlr_adapter.portal import guard
from uwlr_adapter.portal.groep_ticks import PAST, PREFIX, field_of

BEGIN = "/koppelingen"
LIST = f"{SCHOOL}/leerkrachten"
LOGIN = f"{BEGIN}/inloggen"
OWN = f"{BEGIN}/groepen/"
NEW = "zes blauwe olifanten dansen"
KIM = "kim@school.example"
LAST = datetime(2027, 7, 31, 21, 59, 59, tzinfo=UTC)
"""The last second of 31 July in Amsterdam."""


@pytest.fixture
def taught(portal: Portal) -> Portal:
    """Return a portal whose school has groepen and leerkrachten."""
    import_taught(portal.database)
    return portal


def user(portal: Portal, login: str) -> Gebruiker:
    """Return a user as the database has it."""
    with portal.database.reading() as connection:
        return accounts.get(connection, login)


def acts(portal: Portal) -> list[tuple[str, str, str]]:
    """Return the acts on users: what, by whom, and on whom."""
    query = sa.select(journaal.c.act, journaal.c.actor, journaal.c.remarks).where(journaal.c.kind == "gebruiker")
    with portal.database.reading() as connection:
        return [tuple(row) for row in connection.execute(query.order_by(journaal.c.id))]


def sees(portal: Portal, login: str = KIM) -> list[tuple[str, str]]:
    """Return the groepen of a user, each with its schooljaar."""
    return [(one.schooljaar, one.groep_key) for one in user(portal, login).groepen]


def without_ticks(fields: dict[str, str]) -> dict[str, str]:
    """Return the fields of a form without the ticks that stand in it."""
    return {name: value for name, value in fields.items() if not name.startswith(PREFIX)}


def ticks(*groepen: str) -> dict[str, str]:
    """Return the fields that tick groepen."""
    return {field_of(one): "ja" for one in groepen}


def press(browser: Browser, page: Page, action: str, *groepen: str, **fields: str) -> Page:
    """Press a button of a page, in its own form; `groepen` are the ticks, in place of those that stand there."""
    buttons = [form.xpath(".//button/@value") for form in page.forms()]
    number = next((index for index, values in enumerate(buttons) if action in values), len(buttons) - 1)
    data = {**without_ticks(page.fields(number)), **ticks(*groepen), **fields, "actie": action}
    return browser.post(page.path, data)


def give(portal: Portal, browser: Browser, key: str = "k1", *groepen: str, **fields: str) -> Page:
    """Send the form with groepen of a leerkracht of the records; without groepen those that stand ready."""
    page = browser.get(f"{LIST}/{person(portal.database, key)}")
    shown = page.fields()
    chosen = {**without_ticks(shown), **ticks(*groepen)} if groepen else shown
    return browser.post(page.path, {**chosen, **fields})


def link(page: Page) -> str:
    """Return the path of the link that a page shows."""
    assert page.status == 200, page.text
    return urlsplit(str(page.tree.xpath("//*[@id='link']")[0].text_content())).path


def join(portal: Portal, path: str, login: str = KIM) -> Browser:
    """Return the browser of a new leerkracht, without a second factor."""
    browser = portal.browser()
    assert browser.submit(path, wachtwoord=NEW, nogmaals=NEW).location == LOGIN
    with portal.database.writing() as connection:
        connection.execute(gebruiker.update().where(gebruiker.c.login == login).values(totp_required=False))
    assert browser.login(login, NEW).status == 303
    return browser


def joined(portal: Portal) -> Browser:
    """Return the browser of Kim, who accepted what stood ready."""
    return join(portal, link(give(portal, portal.browser("school"))))


def test_a_leerkracht_comes_and_goes(taught: Portal) -> None:
    """The groepen of the records stand ready; the link makes an account that sees these, until it is taken away."""
    school = taught.browser("school")
    row = school.get(LIST).text
    assert "Kim de Leraar 4A, Plusgroep geen groep Geen toegang Toegang geven: Kim de Leraar" in row
    page = school.get(f"{LIST}/{person(taught.database, 'k1')}")
    assert page.fields()["login"] == KIM
    path = link(give(taught, school))
    assert "als leerkracht toegang tot de resultaten van de groepen 4A en Plusgroep in schooljaar 2026-2027" in (
        taught.browser().get(path).text
    )
    kim = join(taught, path)
    assert kim.get(f"{BEGIN}/").location == OWN
    own = kim.get(OWN)
    assert own.h1 == "Mijn groepen"
    assert "4A 2 leerlingen Resultaten van 4A Plusgroep 1 leerling" in own.text
    assert "tot en met 31 juli 2027" in own.text
    assert kim.get(SCHOOL).status == 404
    assert "Kim de Leraar 4A, Plusgroep 4A, Plusgroep Kan inloggen" in school.get(LIST).text
    found = user(taught, KIM)
    assert (found.rol, found.vestigingen) == (GebruikerRol.LEERKRACHT, ())
    page = school.get(f"{LIST}/toegang/{found.id}")
    assert press(school, page, "bewaren", FIVE.key).location == f"{LIST}?schooljaar={YEAR}"
    assert "5B 1 leerling" in kim.get(OWN).text
    assert "4A" not in kim.get(OWN).text
    gone = school.follow(press(school, school.get(f"{LIST}/toegang/{found.id}"), "verwijderen"))
    assert "Kim de Leraar ziet geen resultaten van groepen van deze school meer. Het account is afgesloten" in gone.text
    ended = kim.get(OWN)
    assert (ended.location or "").startswith(LOGIN)
    assert guard.DISABLED in kim.follow(ended).text
    who = f"leerkracht={KIM}"
    assert acts(taught) == [
        (Act.GEBRUIKER_INVITED, "school", f"gebruiker={KIM} rol=leerkracht"),
        (Act.GEBRUIKER_JOINED, KIM, f"gebruiker={KIM} rol=leerkracht"),
        (Act.GROEPEN_GIVEN, "school", f"{who} groepen=1 schooljaar=2026-2027"),
        (Act.GROEPEN_TAKEN, "school", who),
    ]
    log = school.get(f"{SCHOOL}/journaal").text
    assert f"De gebruiker {KIM} ziet in schooljaar 2026-2027 als leerkracht de resultaten van 1 groep." in log
    assert f"De gebruiker {KIM} ziet geen resultaten van groepen meer." in log
    with taught.database.reading() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(act_to_tell)) == 3, "told by mail"


def test_the_last_second_of_july(taught: Portal) -> None:
    """It ends at midnight in Amsterdam: the session too; who logs in later sees no groep, and why."""
    joined(taught)
    taught.clock.moment = LAST
    kim = taught.browser()
    kim.login(KIM, NEW)
    assert "4A" in kim.get(OWN).text
    taught.clock.advance(seconds=1)
    page = kim.get(OWN)
    assert (page.location or "").startswith(LOGIN)
    assert guard.YEAR_ENDED in kim.follow(page).text
    later = taught.browser()
    later.login(KIM, NEW)
    page = later.get(OWN)
    assert "U ziet nu van geen enkele groep de resultaten. Uw toegang voor schooljaar 2026-2027 liep tot en met" in (
        page.text
    )
    assert later.get(OWN).status == 200, "this session began after that"
    assert later.get(f"{BEGIN}/account").status == 200


def test_a_form_of_before_midnight(taught: Portal) -> None:
    """Nothing that is sent after the access ended is done; it leads to logging in."""
    joined(taught)
    taught.clock.moment = LAST
    kim = taught.browser()
    kim.login(KIM, NEW)
    page = kim.get(f"{BEGIN}/account/wachtwoord")
    taught.clock.advance(seconds=1)
    sent = kim.submit_page(page, huidig=NEW, wachtwoord="een ander wachtwoord dat goed is", nogmaals="")
    assert (sent.location or "").startswith(LOGIN)


def test_a_form_of_last_year(taught: Portal) -> None:
    """Ticks for a schooljaar that ended meanwhile do not count for the next one, which has the same keys."""
    joined(taught)
    import_taught(taught.database, taught_dataset(schooljaar=NEXT_YEAR))
    taught.clock.moment = LAST
    school = taught.browser("school")
    pages = [school.get(f"{LIST}/toegang/{user(taught, KIM).id}"), school.get(f"{LIST}/nieuw")]
    taught.clock.advance(seconds=1)
    told = [
        school.follow(press(school, pages[0], "bewaren", FOUR.key, FIVE.key)),
        school.follow(press(school, pages[1], "", FOUR.key, naam="N. Nieuw", login="nieuw")),
    ]
    assert [PAST in one.text for one in told] == [True, True]
    assert {year for year, _ in sees(taught)} == {YEAR}


def test_the_next_schooljaar(taught: Portal) -> None:
    """It needs a new grant, which stands ready once the records have that year, and begins on 1 August."""
    kim, school = joined(taught), taught.browser("school")
    assert "2027-2028" not in school.get(LIST).text
    import_taught(taught.database, taught_dataset(schooljaar=NEXT_YEAR, leerkrachten=(teaches("k1", "Kim", FIVE),)))
    assert "Kim de Leraar 5B geen groep Geen toegang" in school.get(f"{LIST}?schooljaar={NEXT_YEAR}").text
    page = school.get(f"{LIST}/toegang/{user(taught, KIM).id}?schooljaar={NEXT_YEAR}")
    assert page.tree.xpath("//input[@checked]/@name") == [field_of(FIVE.key)]
    press(school, page, "bewaren", FIVE.key)
    assert sees(taught) == [(YEAR, "g4"), (YEAR, "plus"), (NEXT_YEAR, "g5")]
    text = kim.get(OWN).text
    assert "5B" not in text
    assert "Voor schooljaar 2027-2028 hebt u toegang vanaf 1 augustus 2027." in text
    taught.clock.moment = LAST
    kim = taught.browser()
    kim.login(KIM, NEW)
    taught.clock.advance(seconds=1)
    text = kim.get(OWN).text
    assert "5B 1 leerling" in text, "the session goes on, with other groepen"
    assert "4A" not in text


def test_a_form_that_is_sent_twice(taught: Portal) -> None:
    """Makes one invitation with one link; a change, and taking away, are done once."""
    school = taught.browser("school")
    page = school.get(f"{LIST}/{person(taught.database, 'k1')}")
    data = {**without_ticks(page.fields()), **ticks(FOUR.key)}
    first, second = (school.post(page.path, data) for _ in range(2))
    assert link(first) == link(second)
    join(taught, link(first))
    assert sees(taught) == [(YEAR, "g4")]
    for action in ("bewaren", "verwijderen"):
        page = school.get(f"{LIST}/toegang/{user(taught, KIM).id}")
        for _ in range(2):
            answer = press(school, page, action, FIVE.key)
            assert (answer.location or "").startswith(LIST)
            texts = school.follow(answer).text
        if action == "bewaren":
            assert "Bewaard: wat Kim de Leraar ziet" in texts
    assert [act for act, _, _ in acts(taught)] == [
        Act.GEBRUIKER_INVITED,
        Act.GEBRUIKER_JOINED,
        Act.GROEPEN_GIVEN,
        Act.GROEPEN_TAKEN,
    ]
    stale = give(taught, school, "k2", FIVE.key, login="bo@school.example", bon="x" * 43)
    assert stale.status == 409


def test_two_at_once(taught: Portal) -> None:
    """Of two who change what a leerkracht sees the second is told, and nothing is done."""
    joined(taught)
    school, other = taught.browser("school"), taught.browser("collega")
    path = f"{LIST}/toegang/{user(taught, KIM).id}"
    pages = [school.get(path), other.get(path)]
    press(school, pages[0], "bewaren", FOUR.key)
    told = other.follow(press(other, pages[1], "bewaren", FIVE.key))
    assert "Iemand anders heeft dit account zojuist gewijzigd." in told.text
    assert sees(taught) == [(YEAR, "g4")]


def test_an_import_takes_a_groep_away(taught: Portal) -> None:
    """The grant is kept, shows nothing, and is said to both; a leerling who changes groep goes along."""
    kim, school = joined(taught), taught.browser("school")
    import_taught(taught.database, taught_dataset(groepen=(FOUR, FIVE), placed={"l2": FIVE}, leerkrachten=()))
    text = kim.get(OWN).text
    assert "4A 1 leerling " in text
    assert "Plusgroep Staat niet meer in de gegevens van de school: er is niets te zien." in text
    assert "4A, Plusgroep (niet in de gegevens)" in school.get(LIST).text
    path = f"{LIST}/toegang/{user(taught, KIM).id}"
    press(school, school.get(path), "bewaren", FOUR.key, PLUS.key)
    assert sees(taught) == [(YEAR, "g4"), (YEAR, "plus")], "it can stay"
    press(school, school.get(path), "bewaren", FOUR.key)
    press(school, school.get(path), "bewaren", FOUR.key, PLUS.key)
    assert sees(taught) == [(YEAR, "g4")], "and is not given anew"


def test_somebody_whom_the_school_knows(taught: Portal) -> None:
    """A lezer gets groepen at once, and stays lezer; whose groepen go stays lezer too."""
    school, lezer = taught.browser("school"), taught.browser("lezer")
    answer = give(taught, school, "k1", FOUR.key, login="lezer", naam="L. Lezer")
    assert "L. Lezer ziet nu de resultaten van deze groepen" in school.follow(answer).text
    assert "4A" in lezer.get(OWN).text
    assert lezer.get(SCHOOL).status == 200
    assert lezer.get(LIST).status == 403
    found = user(taught, "lezer")
    assert (found.rol, found.vestigingen) == (GebruikerRol.LEZER, ("21QW00",))
    press(school, school.get(f"{LIST}/toegang/{found.id}"), "verwijderen")
    assert lezer.get(OWN).status == 404
    assert lezer.get(SCHOOL).status == 200
    again = give(taught, school, "k1", FOUR.key, login="collega")
    assert "die de resultaten van elke groep al ziet" in again.text


def test_who_is_removed_as_a_colleague(taught: Portal) -> None:
    """Loses the groepen too, by the page Collega's and by the operator; the account is closed when nothing is left."""
    school = taught.browser("school")
    give(taught, school, "k1", FOUR.key, login="lezer")
    page = school.get(f"{SCHOOL}/collegas/{user(taught, 'lezer').id}")
    number = len(page.forms()) - 1
    told = school.follow(school.submit_page(page, number, actie="verwijderen"))
    assert "Het account is afgesloten" in told.text
    assert sees(taught, "lezer") == []
    with taught.database.writing() as connection:
        tweede = accounts.get(connection, "tweede")
        taught_there = Taught(YEAR, ((FOUR.key, "4A"),))
        groep_access.put(connection, tweede.id, "30AB00", taught_there, "andere", taught.clock())
        by_operator.change_places(
            connection, tweede.id, tweede.version, [], ["30AB00"], GebruikerRol.LEZER, taught.clock(), actor="operator"
        )
    assert sees(taught, "tweede") == []


def test_roles_do_not_mix(taught: Portal) -> None:
    """Schoolbeheerder at one school and leerkracht at another: neither right holds at the other one."""
    path = link(give(taught, taught.browser("school"), "k1", FOUR.key, login="andere"))
    andere = taught.browser("andere")
    assert andere.submit(path, 0, actie="aannemen").location == OWN
    assert "4A" in andere.get(OWN).text
    for page in ("", "/inzage", "/leerkrachten", "/collegas", "/journaal"):
        assert andere.get(f"{SCHOOL}{page}").status == 404, page
    assert andere.get(f"{BEGIN}/30AB00/inzage").status == 200
    found = user(taught, "andere")
    assert (found.rol, found.vestigingen) == (GebruikerRol.SCHOOLBEHEERDER, ("30AB00",))
    elsewhere = taught.browser("tweede")
    colleague = elsewhere.get(f"{BEGIN}/30AB00/collegas/{found.id}")
    assert "maakt alleen de beheerder van de koppelingen een nieuwe link" in colleague.text, "it opens 21QW00 too"
    school = taught.browser("school")
    for action in ("bewaren", "verwijderen"):
        press(school, school.get(f"{LIST}/toegang/{found.id}"), action, FIVE.key)
    assert andere.get(OWN).status == 404
    assert andere.get(f"{BEGIN}/30AB00").status == 200, "not closed: there is another school"


def test_a_leerkracht_of_two_schools(taught: Portal) -> None:
    """Each school gives and takes its own; neither sees or changes what the other gave."""
    import_taught(taught.database, taught_dataset("30AB00"))
    kim, school, elsewhere = joined(taught), taught.browser("school"), taught.browser("andere")
    page = elsewhere.get(f"{BEGIN}/30AB00/leerkrachten/{person(taught.database, 'k2', brincode='30AB')}")
    data = {**without_ticks(page.fields()), "login": KIM, **ticks(FIVE.key)}
    path = link(elsewhere.post(page.path, data))
    assert kim.submit(path, 0, actie="aannemen").location == OWN
    text = kim.get(OWN).text
    assert "21QW00 4A 2 leerlingen Resultaten van 4A Plusgroep 1 leerling" in text
    assert "30AB00 5B 1 leerling" in text
    found = user(taught, KIM)
    assert "5B" not in school.get(LIST).tree.xpath("string(//tr[contains(., 'Kim')]/td[2])")
    assert "herstellen" not in school.get(f"{LIST}/toegang/{found.id}").tree.xpath("//button/@value")
    press(school, school.get(f"{LIST}/toegang/{found.id}"), "verwijderen")
    text = kim.get(OWN).text
    assert "30AB00" in text
    assert "21QW00" not in text
    refused = school.get(f"{LIST}/toegang/{found.id}")
    assert "Deze collega heeft geen toegang (meer) tot deze school." in school.follow(refused).text


def test_an_invitation_is_withdrawn_declined_or_ends(taught: Portal) -> None:
    """Then the link is void; it never lasts longer than the schooljaar."""
    school = taught.browser("school")
    path = link(give(taught, school))
    assert school.submit(LIST, 0, actie="intrekken").status == 303
    assert taught.browser().get(path).status == 404
    path = link(give(taught, school, "k1", FOUR.key, login="andere"))
    owner = taught.browser("andere")
    assert "nodigt u uit als leerkracht" in owner.get(f"{BEGIN}/account").text
    assert owner.submit(f"{BEGIN}/account", 0, actie="afwijzen").status == 303
    assert taught.browser().get(path).status == 404
    path = link(give(taught, school))
    renewed = link(school.submit(LIST, 0, actie="opnieuw"))
    assert taught.browser().get(path).status == 404
    assert taught.browser().get(renewed).status == 200
    taught.clock.moment = LAST
    school = taught.browser("school")
    renewed = link(school.submit(LIST, 0, actie="opnieuw"))
    assert taught.browser().get(renewed).status == 200
    taught.clock.advance(seconds=1)
    assert taught.browser().get(renewed).status == 404


def test_a_lost_phone(taught: Portal) -> None:
    """A schoolbeheerder makes a new link for a leerkracht of this school alone."""
    kim, school = joined(taught), taught.browser("school")
    page = school.get(f"{LIST}/toegang/{user(taught, KIM).id}")
    shown = press(school, page, "herstellen", bevestigd="ja")
    assert link(shown).startswith("/koppelingen/wachtwoord/")
    assert (kim.get(OWN).location or "").startswith(LOGIN)
    assert acts(taught)[-1] == (Act.GEBRUIKER_RESET, "school", f"login={KIM}")
    unseen = press(school, school.get(page.path), "herstellen")
    assert unseen.status == 422


@pytest.mark.parametrize(
    ("fields", "groepen", "sentence"),
    [
        ({"login": "a b"}, ["g4"], "Een gebruikersnaam heeft 3 tot 64"),
        ({"naam": " "}, ["g4"], "Vul een naam in."),
        ({}, [], "Vink minstens één groep aan."),
        ({}, ["bestaat-niet"], "Vink minstens één groep aan."),
        ({"login": "bestuur"}, ["g4"], "heeft al toegang tot deze school"),
    ],
)
def test_what_cannot_be_given(taught: Portal, fields: dict[str, str], groepen: list[str], sentence: str) -> None:
    """It is said, and nothing is made."""
    school = taught.browser("school")
    page = school.get(f"{LIST}/nieuw")
    answer = school.post(
        page.path, {**page.fields(), "naam": "N. Nieuw", "login": "nieuw", **fields, **ticks(*groepen)}
    )
    assert answer.status == 422
    assert sentence in answer.text
    assert acts(taught) == []


def test_every_groep(taught: Portal) -> None:
    """One tick gives each groep of the schooljaar to somebody who is no leerkracht in the records."""
    school = taught.browser("school")
    page = school.get(f"{LIST}/nieuw")
    path = link(school.submit_page(page, naam="I. Begeleider", login="ib@school.example", alle="ja"))
    join(taught, path, "ib@school.example")
    assert [key for _, key in sees(taught, "ib@school.example")] == ["g4", "g5", "plus"]
    assert "I. Begeleider staat niet in de gegevens 4A, 5B, Plusgroep" in school.get(LIST).text


def test_ids_of_another_school(taught: Portal) -> None:
    """A leerkracht of another school is no page here, and an id of nobody neither."""
    import_taught(taught.database, taught_dataset("30AB00"))
    school, stranger = taught.browser("school"), person(taught.database, "k1", brincode="30AB")
    assert school.get(f"{LIST}/{stranger}").status == 404
    assert school.get(f"{LIST}/999").status == 404
    for id_ in (user(taught, "andere").id, user(taught, "operator").id, user(taught, "school").id, 999):
        assert school.get(f"{LIST}/toegang/{id_}").location == LIST
    joined(taught)
    elsewhere = taught.browser("andere")
    page = elsewhere.get(f"{BEGIN}/30AB00/leerkrachten/toegang/{user(taught, KIM).id}")
    assert page.location == f"{BEGIN}/30AB00/leerkrachten"


def test_many_leerkrachten(portal: Portal) -> None:
    """The list is by page."""
    many = tuple(teaches(f"k{number}", f"Naam{number:03}", FOUR) for number in range(60))
    import_taught(portal.database, taught_dataset(leerkrachten=many))
    school = portal.browser("school")
    first = school.get(LIST)
    assert len(first.tree.xpath("//tbody/tr")) == 50
    (onward,) = first.tree.xpath("//nav[@aria-label='Bladeren']/a/@href")
    assert len(school.get(onward).tree.xpath("//tbody/tr")) == 10
    assert school.get(f"{LIST}?na=x").status == 200
