"""The pages of an afnemer for its own users: no more than a call tells, and nothing of a school or a person."""

import re
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask.typing import ResponseReturnValue
from support import messages
from support.messages import school_element
from support.portal_browser import MOMENT, PASSWORD, TOTP, Browser, Page, Portal, totp
from support.served_school import import_one_of_each
from support.world import identify
from support.wsgi import call

from uwlr_adapter.client.results_file import read_results, write_message
from uwlr_adapter.contract.autorisatie import Autorisatie
from uwlr_adapter.contract.leerresultaten import repairs as result_repairs
from uwlr_adapter.contract.repairs import BODY_REPAIRS, HEADER_REPAIRS, SCHOOLJAAR_REPAIR
from uwlr_adapter.demo import toets
from uwlr_adapter.gebruikers import accounts, second_factor
from uwlr_adapter.gebruikers.accounts import NewGebruiker
from uwlr_adapter.gebruikers.tables import GebruikerRol, gebruiker_vestiging
from uwlr_adapter.jobs.lease import Lease
from uwlr_adapter.jobs.registry import JOBS
from uwlr_adapter.jobs.work import run_now
from uwlr_adapter.journaal import model, search
from uwlr_adapter.keys.server_keys import ServerKeys
from uwlr_adapter.koppelingen import agreeing, store
from uwlr_adapter.koppelingen.catalogue import Catalogue
from uwlr_adapter.koppelingen.tables import koppeling
from uwlr_adapter.koppelingen.toestemming import NOT_GIVEN, Toestemming
from uwlr_adapter.mail import recipients
from uwlr_adapter.mail.tables import mail_address
from uwlr_adapter.portal import proof
from uwlr_adapter.portal.afnemer_calls import REPAIRS, RESULT_REPAIRS
from uwlr_adapter.web.services import LEERRESULTATEN

PAGES = "/koppelingen/afnemer"
CALLS, KLANTCODE = f"{PAGES}/verzoeken", f"{PAGES}/klantcode"
BRIN6, CODE, OTHER_CODE = "30AB00", "30AB00Ygr67BfgKl!gr8", "30AB00een-andere-code-2"
KOPPELING = f"/koppelingen/{BRIN6}/koppeling/1"
OLD = "een-klantcode-van-Snappet"
OF_A_SCHOOL = re.compile(r"gepauzeerd|beëindigd|code onjuist|startdatum|Elders|Zoë|leerling ", re.IGNORECASE)


@pytest.fixture
def school(portal: Portal) -> Browser:
    """Return a school with records that has activated Snappet."""
    with portal.database.writing() as connection:
        import_one_of_each(connection, "2026-2027")
    return activated(portal.browser("andere"))


def activated(browser: Browser, code: str = CODE) -> Browser:
    """Activate Snappet."""
    fields = {"naam": "C. Elders", "akkoord": "ja", "verificatiecode": code, "actie": "gereed"}
    assert browser.submit(f"/koppelingen/{BRIN6}/activeren/snappet", **fields).status == 200
    return browser


def fetch(portal: Portal, code: str = CODE, brin6: str = BRIN6, **changed: str) -> bytes:
    """Fetch as Snappet; return the answer."""
    header = messages.header(key=code, klantcode=OLD, klantnaam="Snappet")
    body = messages.body(**{"schooljaar": "2026-2027", "school": school_element(brin6), **changed})
    return call(portal.app, messages.envelope(body, header)).body


def rows(page: Page) -> list[tuple[str, ...]]:
    """Return the cells of the table of a page."""
    return [tuple(" ".join(cell.text_content().split()) for cell in row) for row in page.tree.xpath("//tbody/tr")]


def koppelingen(portal: Portal, query: str = "") -> list[tuple[str, ...]]:
    """Return the koppelingen that Snappet sees."""
    return rows(portal.browser("vendor").get(f"{PAGES}{query}"))


def klantcode(page: Page) -> str:
    """Return the klantcode that a page shows."""
    (code,) = page.tree.xpath("//code[@id='klantcode']/text()")
    return str(code)


def identifies(portal: Portal, code: str) -> bool:
    """Return whether Snappet is known by this klantcode now."""
    server_keys = ServerKeys.from_settings(portal.settings, portal.database)
    return identify(portal.database, server_keys, "Snappet", code, portal.clock.moment) is not None


def acts_of(portal: Portal) -> list[tuple[str, str | None]]:
    """Return the acts on afnemers that the portal did, with their actor."""
    with portal.database.reading() as connection:
        found = [one for one in search.read(connection) if one.kind is model.EntryKind.AFNEMER]
    return [(one.act, one.actor) for one in found if not (one.actor or "").startswith("cli:")]


def test_what_never_had_the_right_code_looks_alike(portal: Portal, school: Browser) -> None:
    """A koppeling that is activated, a wrong code for it and a school that does not exist: nothing is there."""
    before = portal.browser("vendor").get(PAGES).text
    for code, brin6 in ((OTHER_CODE, BRIN6), (CODE, "99XX99"), ("21QW00zomaar-een-code", "21QW00")):
        assert b"AutorisatieOngeldig" in fetch(portal, code, brin6)
    school.submit(f"{KOPPELING}/pauzeren")
    assert b"AutorisatieOngeldig" in fetch(portal)
    assert portal.browser("vendor").get(PAGES).text == before
    assert koppelingen(portal) == []


def test_a_koppeling_is_there_once_its_code_was_shown(portal: Portal, school: Browser) -> None:
    """From the first call with access on, also when that call is refused for what it asks."""
    assert b"XsdVersieOngeldig" in fetch(portal, rest="<xsdversie>9.9</xsdversie>")
    assert koppelingen(portal) == [(BRIN6, "Toegang", "Geen toegang", "niet bekend")]
    assert b"<leerlingen>" in fetch(portal)
    assert koppelingen(portal) == [(BRIN6, "Toegang", "Geen toegang", "25-11-2026 10:30")]
    assert koppelingen(portal, "?zoek=30ab&toegang=ja") != []
    assert koppelingen(portal, "?zoek=21QW") == koppelingen(portal, "?toegang=nee") == []
    assert koppelingen(portal, "?na=30AB00-snappet") == []
    assert school.get(KOPPELING).status == 200


def test_no_access_has_one_face(portal: Portal, school: Browser) -> None:
    """Paused, another code and ended read the same, as a call with the code of before hears the same."""
    fetch(portal)
    later = portal.clock() + timedelta(minutes=20)
    run_now(JOBS["received"], portal.database, portal.settings, Lease("received", "a"), moment=later)
    seen, versions = set(), set()
    for path, fields in (
        (f"{KOPPELING}/pauzeren", {}),
        (KOPPELING, {"verificatiecode": OTHER_CODE, "actie": "gereed"}),
        (f"{KOPPELING}/beeindigen", {"bevestiging": "Snappet"}),
    ):
        assert school.submit(path, **fields).status in {200, 303}
        assert b"AutorisatieOngeldig" in fetch(portal)
        page = portal.browser("vendor").get(PAGES)
        seen.add(page.text)
        (section,) = portal.browser("vendor").get(CALLS).tree.xpath("//section[@aria-labelledby='versies']")
        versions.add(section.text_content())
        assert not OF_A_SCHOOL.search(" ".join(" ".join(row) for row in rows(page)))
    assert len(seen) == len(versions) == 1
    assert "1 koppeling, laatst" in versions.pop()
    assert rows(page) == [(BRIN6, "Geen toegang", "Geen toegang", "25-11-2026 10:30")]


def test_the_code_of_before_opens_it_again(portal: Portal, school: Browser) -> None:
    """A paused koppeling that got its code back has access at once; one with another code once that was shown."""
    fetch(portal)
    school.submit(f"{KOPPELING}/pauzeren")
    school.submit(KOPPELING, verificatiecode=CODE, actie="gereed")
    assert koppelingen(portal)[0][1] == "Toegang"
    school.submit(KOPPELING, verificatiecode=OTHER_CODE, actie="gereed")
    assert koppelingen(portal)[0][1] == "Geen toegang"
    assert b"_antwoord" in fetch(portal, OTHER_CODE)
    assert koppelingen(portal)[0][1] == "Toegang"


def test_a_koppeling_that_was_activated_anew_counts_from_its_code_on(portal: Portal, school: Browser) -> None:
    """The one that ended stays until the code of the new one was shown; then that one stands in its place."""
    fetch(portal)
    school.submit(f"{KOPPELING}/beeindigen", bevestiging="Snappet")
    activated(school, OTHER_CODE)
    assert [row[:2] for row in koppelingen(portal)] == [(BRIN6, "Geen toegang")]
    fetch(portal, OTHER_CODE)
    assert [row[:2] for row in koppelingen(portal)] == [(BRIN6, "Toegang")]
    school.submit("/koppelingen/30AB00/koppeling/2/beeindigen", bevestiging="Snappet")
    assert [row[:2] for row in koppelingen(portal)] == [(BRIN6, "Geen toegang")]
    activated(school, OTHER_CODE)
    assert [row[:2] for row in koppelingen(portal)] == [(BRIN6, "Toegang")], "a call with that code has it at once"
    assert b"_antwoord" in fetch(portal, OTHER_CODE)


def test_the_first_access_costs_one_write_and_the_next_ones_none(portal: Portal, school: Browser) -> None:
    """The mark is set by a call alone: no act on the koppeling, no version of it, and not again."""
    assert school.get(KOPPELING).status == 200
    updates: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "shown_code=" in statement:
            updates.append(statement)

    app_database = portal.app._database  # noqa: SLF001 - to see what it writes
    sa.event.listen(app_database.engine, "before_cursor_execute", note)
    with portal.database.reading() as connection:
        version = connection.scalar(sa.select(koppeling.c.version))
    fetch(portal)
    fetch(portal)
    assert len(updates) == 1
    with portal.database.reading() as connection:
        assert connection.scalar(sa.select(koppeling.c.version)) == version


def test_another_afnemer_is_not_seen(portal: Portal, school: Browser) -> None:
    """Somebody of another afnemer sees nothing of the calls, the koppelingen and the klantcode of this one."""
    fetch(portal)
    new = NewGebruiker("ander", "A. Ander", GebruikerRol.AFNEMER, klantnaam="Basispoort", needs_totp=False)
    with portal.database.writing() as connection:
        _, token = accounts.add(connection, new, MOMENT)
    chosen, other = "een lange zin voor mijzelf", portal.browser()
    page = other.get(f"/koppelingen/wachtwoord/{token}")
    assert other.submit_page(page, wachtwoord=chosen, nogmaals=chosen).status == 303
    assert other.login("ander", chosen).status == 303
    for path in (PAGES, CALLS, KLANTCODE):
        text = other.get(path).text
        assert "Basispoort" in text
        assert "Snappet" not in text
        assert BRIN6 not in text
    assert "Geen verzoek van Basispoort" in other.get(CALLS).text
    assert school.get(PAGES).status == 404


def test_what_the_calls_got(portal: Portal, school: Browser) -> None:
    """Answers in words, faults by code and word with the way to its explanation, repairs with what to improve."""
    fetch(portal)
    fetch(portal, schooljaar=" 2026-2027 ")
    fetch(portal, OTHER_CODE)
    fetch(portal, rest="<xsdversie>9.9</xsdversie>")
    page = portal.browser("vendor").get(CALLS)
    assert page.status == 200
    assert "4 verzoeken sinds" in page.text
    assert ("witruimte", REPAIRS["witruimte"], "1") in rows(page)
    assert ("Client.AutorisatieOngeldig", "geen", "1") in rows(page)
    assert "code onjuist" not in page.text
    (link,) = page.tree.xpath("//section[@aria-labelledby='weigeringen']//a/@href")
    assert link.startswith(f"{portal.settings.base_url}/uwlr/fouten#")
    assert "2.2: 1 koppeling" in page.text or "Versies van UWLR" in page.text
    assert school.get(KOPPELING).status == 200


def test_what_became_of_results(portal: Portal, school: Browser) -> None:
    """Messages that were taken and refused, and what became of their results, apart from fetches; no leerling."""
    fetch(portal)
    assert "Resultaten" not in portal.browser("vendor").get(CALLS).text
    with portal.database.writing() as connection:
        (own,) = store.list_living(connection, BRIN6)
        if own.resultaten == NOT_GIVEN:
            agreeing.give(
                connection,
                Catalogue.load(),
                own.id,
                own.version,
                Toestemming.RESULTATEN,
                login="andere",
                naam="C. Elders",
                akkoord=True,
                moment=MOMENT,
                actor="test",
            )
    codes = Autorisatie(CODE, OLD, "Snappet")

    def send(leerlingen: list[str], **changed: str) -> None:
        content = toets.verzoek_of(BRIN6, leerlingen, MOMENT)
        for old, new in changed.items():
            content = content.replace(f"<{old}>2.2<".encode(), f"<{old}>{new}<".encode())
        call(portal.app, write_message(read_results(content), codes), path=LEERRESULTATEN.path)

    for _ in range(3):
        send(["l"])
    send(["l", "niemand"])
    send(["niemand"])
    send(["l"], xsdversie="9.9")
    send(["l"], xsdversie="")
    page = portal.browser("vendor").get(CALLS)
    assert "7 berichten met resultaten sinds" in page.text
    counts = page.tree.xpath("//section[@aria-labelledby='resultaten']//li")
    assert [" ".join(one.text_content().split()) for one in counts] == [
        "Nieuw: 3",
        "Gewijzigd: 0",
        "Gelijk aan wat er al was: 12",
        "Ingehaald door een later bericht: 0",
        "Niet verwerkt: de leerling is hier niet bekend: 3",
    ]
    found = rows(page)
    assert any(one[0] == "Client.LeerlingOngeldig" for one in found)
    assert any(one[0] == "Client.XsdVersieOngeldig" for one in found)
    assert ("xsdversie", RESULT_REPAIRS["xsdversie"], "1") in found
    assert "niemand" not in page.text
    assert school.get(KOPPELING).status == 200


def test_every_repair_has_its_words() -> None:
    """The page says of each repair what there is to improve, and of no other one."""
    assert set(REPAIRS) == {one.id for one in (*HEADER_REPAIRS, *BODY_REPAIRS, SCHOOLJAAR_REPAIR)}
    assert set(RESULT_REPAIRS) >= {one.id for one in (*result_repairs.SCHOOL_REPAIRS, *result_repairs.BODY_REPAIRS)}


def test_a_new_klantcode_takes_a_proof(portal: Portal) -> None:
    """The password is asked for again; the code is shown once, the old one stays for the overlap, and who did it."""
    browser = portal.browser("vendor")
    page = browser.get(KLANTCODE)
    refused = browser.submit_page(page, overlap="7", huidig="mis")
    assert (refused.status, refused.errors("huidig")) == (422, ["Dit is niet uw wachtwoord."])
    assert acts_of(portal) == []
    answer = browser.submit_page(page, overlap="7", huidig=PASSWORD)
    new = klantcode(answer)
    assert identifies(portal, new)
    assert identifies(portal, OLD)
    assert new not in browser.get(KLANTCODE).body
    assert acts_of(portal) == [("klantcode vernieuwd", "vendor")]
    portal.clock.advance(days=7)
    assert not identifies(portal, OLD)


def test_a_second_factor_is_asked_for_where_there_is_one(portal: Portal) -> None:
    """A code of the app takes the place of the password, and is good once."""
    with portal.database.writing() as connection:
        server_keys = ServerKeys.from_settings(portal.settings, portal.database)
        found = accounts.get(connection, "vendor")
        accounts.set_totp(connection, found.id, second_factor.seal(server_keys, TOTP), 0)
    browser = portal.browser()
    browser.follow(browser.login("vendor"))
    assert browser.submit("/koppelingen/inloggen/tweede-stap", code=totp(portal.clock())).status == 303
    page = browser.get(KLANTCODE)
    assert browser.submit_page(page, overlap="7", huidig=PASSWORD).status == 422
    assert browser.submit_page(page, overlap="7", code=totp(portal.clock())).status == 422, "it opened the session"
    portal.clock.advance(seconds=30)
    assert identifies(portal, klantcode(browser.submit_page(page, overlap="7", code=totp(portal.clock()))))


def test_of_two_new_klantcodes_the_second_is_refused(portal: Portal) -> None:
    """Sent twice, or by a colleague or the operator at once: the code that was shown stays valid, and it is said."""
    browser, operator = portal.browser("vendor"), portal.browser("operator")
    page, seen = browser.get(KLANTCODE), operator.get("/koppelingen/beheer/afnemers/1")
    new = klantcode(browser.submit_page(page, overlap="7", huidig=PASSWORD))
    portal.clock.advance(minutes=1)
    twice = browser.follow(browser.submit_page(page, overlap="7", huidig=PASSWORD))
    assert "al vernieuwd" in twice.text
    late = operator.follow(operator.submit_page(seen, 0, overlap="7"))
    assert "al vernieuwd" in late.text
    assert identifies(portal, new)
    assert len(acts_of(portal)) == 1


def test_a_second_click_shows_the_same_klantcode(portal: Portal) -> None:
    """A browser shows the answer to the last click alone, and the klantcode is shown nowhere else; for a minute."""
    with portal.database.writing() as connection:
        server_keys = ServerKeys.from_settings(portal.settings, portal.database)
        accounts.set_totp(connection, accounts.get(connection, "vendor").id, second_factor.seal(server_keys, TOTP), 0)
    browser = portal.browser()
    browser.follow(browser.login("vendor"))
    browser.submit("/koppelingen/inloggen/tweede-stap", code=totp(portal.clock()))
    portal.clock.advance(seconds=30)
    page, typed = browser.get(KLANTCODE), {"overlap": "7", "code": totp(portal.clock())}
    new = klantcode(browser.submit_page(page, **typed))
    portal.clock.advance(seconds=59)
    assert klantcode(browser.submit_page(page, **typed)) == new
    assert len(acts_of(portal)) == 1
    forged = browser.post(KLANTCODE, {**page.fields(), **typed, "bon": "x" * 43})
    assert forged.status == 409
    portal.clock.advance(seconds=1)
    assert "al vernieuwd" in browser.follow(browser.submit_page(page, **typed)).text
    fresh = browser.get(KLANTCODE)
    assert browser.submit_page(fresh, **typed).status == 422, "another form brings no code without its proof"


def test_somebody_who_is_blocked_meanwhile_gets_no_klantcode(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proof waits for its turn: who was blocked in that time is out, and the klantcode stays."""
    browser = portal.browser("vendor")
    page, check = browser.get(KLANTCODE), proof.refusal_by_one

    def check_slowly(*arguments: Any) -> ResponseReturnValue | None:
        found = check(*arguments)
        with portal.database.writing() as connection:
            accounts.disable(connection, "vendor", portal.clock())
        return found

    monkeypatch.setattr(proof, "refusal_by_one", check_slowly)
    late = browser.follow(browser.follow(browser.submit_page(page, overlap="7", huidig=PASSWORD)))
    assert "uw toegang is beëindigd" in late.text
    assert "al vernieuwd" not in late.text
    assert acts_of(portal) == []


def test_a_klantcode_that_becomes_void_at_once_takes_the_klantnaam(portal: Portal) -> None:
    """Without an overlap, and while that of the last rotation runs: the old code may be in use."""
    browser = portal.browser("vendor")
    refused = browser.submit(KLANTCODE, overlap="0", huidig=PASSWORD)
    assert (refused.status, refused.errors("klantnaam")) == (422, ["Typ ter bevestiging precies: Snappet"])
    first = klantcode(browser.submit(KLANTCODE, overlap="7", huidig=PASSWORD))
    page = browser.get(KLANTCODE)
    assert "maakt die meteen ongeldig" in page.text
    assert browser.submit_page(page, overlap="7", huidig=PASSWORD).status == 422
    klantcode(browser.submit_page(page, overlap="7", huidig=PASSWORD, klantnaam="Snappet"))
    assert identifies(portal, first)
    assert not identifies(portal, OLD)


def test_sessions_end_with_the_afnemer(portal: Portal) -> None:
    """Disabling the afnemer logs its users out for good and keeps them out; enabling it lets them log in anew."""
    browser, asleep, operator = portal.browser("vendor"), portal.browser("vendor"), portal.browser("operator")
    assert browser.get(PAGES).status == 200
    assert operator.submit("/koppelingen/beheer/afnemers/1/uitschakelen", klantnaam="Snappet").status == 303
    assert browser.get(PAGES).status == 303
    assert portal.browser().login("vendor").status == 403
    assert "Afnemer uitgeschakeld" in operator.get("/koppelingen/beheer/gebruikers?zoek=vendor").text
    assert operator.submit("/koppelingen/beheer/afnemers/1").status == 303
    assert asleep.get(PAGES).status == 303, "a session of before stays ended, also one that was not used meanwhile"
    assert portal.browser().login("vendor").status == 303


def test_sessions_end_with_the_user(portal: Portal) -> None:
    """A user who is blocked is out at once."""
    browser, operator = portal.browser("vendor"), portal.browser("operator")
    with portal.database.reading() as connection:
        gebruiker_id = accounts.get(connection, "vendor").id
    assert operator.submit(f"/koppelingen/beheer/gebruikers/{gebruiker_id}/blokkeren").status == 303
    assert browser.get(PAGES).status == 303
    assert portal.browser().login("vendor").status == 403


def test_older_code_that_gave_it_a_school_changes_nothing(portal: Portal) -> None:
    """A place in the tables of the schools makes no user of an afnemer one of a school: no page, and no mail of it."""
    with portal.database.writing() as connection:
        found = accounts.get(connection, "vendor")
        connection.execute(gebruiker_vestiging.insert().values(gebruiker_id=found.id, brin6="21QW00"))
        values = {"address": "v@vendor.example", "gebruiker_id": found.id}
        values |= dict.fromkeys(("entered_at", "confirmed_at"), MOMENT.replace(tzinfo=None))
        connection.execute(mail_address.insert().values(values))
        assert recipients.of_vestiging(connection, "21QW00") == []
        assert not recipients.is_told_still(connection, "v@vendor.example", found.id, "21QW00")
        assert "vendor" not in [one.login for one in accounts.list_of_vestiging(connection, "21QW00")]
    browser = portal.browser("vendor")
    assert browser.get("/koppelingen/21QW00").status == 404
    assert browser.get(PAGES).status == 200
    assert "V. Vendor" not in portal.browser("school").get("/koppelingen/21QW00/collegas").text


def test_an_invitation_of_a_school_tells_it_nothing(portal: Portal) -> None:
    """A colleague can invite any login; that of an afnemer reads no name of a school or of whoever invites."""
    school, vendor = portal.browser("school"), portal.browser("vendor")
    before = vendor.get("/koppelingen/account").text
    fields = {"naam": "V. Vendor", "login": "vendor", "rol": "lezer"}
    page = school.submit("/koppelingen/21QW00/collegas", **fields)
    (link,) = re.findall(r"/koppelingen/uitnodiging/[A-Za-z0-9_-]{43}", page.body)[:1]
    assert vendor.get("/koppelingen/account").text == before
    accepted = vendor.submit(link)
    assert vendor.get("/koppelingen/21QW00").status == 404
    assert accepted.status in {303, 403, 422}


def test_an_operator_adds_one(portal: Portal) -> None:
    """With the klantnaam of an afnemer and no vestiging; the link works, and the page of the afnemer names the user."""
    operator, path = portal.browser("operator"), "/koppelingen/beheer/gebruikers/toevoegen"
    right = {"naam": "N. Nieuw", "login": "n.nieuw", "rol": "afnemer", "afnemer": "Snappet"}
    for wrong, field in (
        ({"afnemer": "snappet"}, "afnemer"),
        ({"vestigingen": "21QW00"}, "vestigingen"),
        ({"rol": "operator"}, "afnemer"),
    ):
        refused = operator.submit(path, **{**right, **wrong})
        assert refused.status == 422
        assert refused.errors(field)
    page = operator.submit(path, **right)
    (link,) = re.findall(r"/koppelingen/wachtwoord/[A-Za-z0-9_-]{43}", page.body)[:1]
    assert portal.browser().get(link).status == 200
    assert "N. Nieuw" in operator.get("/koppelingen/beheer/afnemers/1").text
    with portal.database.reading() as connection:
        added = accounts.get(connection, "n.nieuw")
    assert (added.rol, added.klantnaam, added.vestigingen) == (GebruikerRol.AFNEMER, "Snappet", ())
    assert "Vestigingen wijzigen" not in operator.get(f"/koppelingen/beheer/gebruikers/{added.id}").text
    fields = {**operator.get(path).fields(), "versie": "1", "rol": "lezer", "erbij": "21QW00"}
    done = operator.follow(operator.post(f"/koppelingen/beheer/gebruikers/{added.id}", fields))
    assert "is van een leverancier" in done.text


def test_announced_maintenance_is_told(portal: Portal) -> None:
    """An operator announces it; vendors and schools read it until it is over, and it is withdrawn once."""
    operator, vendor, school = portal.browser("operator"), portal.browser("vendor"), portal.browser("school")
    path, text = "/koppelingen/beheer/onderhoud", "Ophalen kan dan <niet>."
    page = operator.get(path)
    fields = {"van": "2026-11-26T22:00", "tot": "27-11-2026 01:00", "tekst": text}
    assert operator.submit_page(page, **fields).status == 303
    assert operator.submit_page(page, **fields).status == 303
    told = "Onderhoud van 26 november 2026 om 22:00 uur tot 27 november 2026 om 01:00 uur: Ophalen kan dan <niet>."
    for browser, at in ((vendor, PAGES), (vendor, CALLS), (school, "/koppelingen/21QW00")):
        assert browser.get(at).text.count(told) == 1, at
    far = {"van": "2026-12-27T22:00", "tot": "2026-12-28T01:00", "tekst": "Later weg."}
    assert operator.submit(path, **far).status == 303
    assert "Later weg." in vendor.get(KLANTCODE).text
    assert "Later weg." not in school.get("/koppelingen/21QW00").text, "a school reads it two weeks before"
    withdrawing = operator.get(path)
    assert "is ingetrokken" in operator.follow(operator.submit_page(withdrawing, 1)).text
    assert "is er niet meer" in operator.follow(operator.submit_page(withdrawing, 1)).text
    assert told not in vendor.get(PAGES).text
    with portal.database.reading() as connection:
        acts = [one.act for one in search.read(connection) if one.kind is model.EntryKind.SERVICE]
    assert acts == ["onderhoud ingetrokken", *(["onderhoud aangekondigd"] * 2)]


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"tot": "2026-11-26T22:00"}, "Het einde ligt niet na het begin."),
        ({"van": "2026-11-20T22:00", "tot": "2026-11-20T23:00"}, "Dit onderhoud is al voorbij."),
        ({"tot": "2026-12-26T22:00"}, "Onderhoud duurt hoogstens 14 dagen, en begint binnen een jaar."),
        ({"van": "0001-01-01T00:00"}, "Vul datum en tijd in, bijvoorbeeld 27-12-2026 22:00."),
        ({"tekst": " "}, "Vul een tekst in."),
        ({"tekst": "x" * 501}, "De tekst heeft maximaal 500 tekens."),
    ],
)
def test_wrong_announcements(portal: Portal, wrong: dict[str, str], error: str) -> None:
    """The error is said, and nothing is announced."""
    operator, path = portal.browser("operator"), "/koppelingen/beheer/onderhoud"
    right = {"van": "2026-11-26T22:00", "tot": "2026-11-27T01:00", "tekst": "Even weg."}
    page = operator.submit(path, **{**right, **wrong})
    assert page.status == 422
    assert error in page.text
    assert "Er is geen onderhoud aangekondigd." in operator.get(path).text
