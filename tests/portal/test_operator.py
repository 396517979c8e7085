"""The pages of the operator: afnemers and their klantcodes, which are shown once."""

import json
import re

import pytest
from support.portal_browser import CODE, MOMENT, SCHOOL, Page, Portal
from support.world import identify

from uwlr_adapter.journaal import model, search
from uwlr_adapter.keys.server_keys import ServerKeys
from uwlr_adapter.koppelingen import afnemers
from uwlr_adapter.koppelingen.tables import afnemer

AFNEMERS = "/koppelingen/beheer/afnemers"


def klantcode(page: Page) -> str:
    """Return the klantcode that a page shows."""
    code = page.tree.xpath("//code[@id='klantcode']")[0].text
    assert re.fullmatch(r"[A-Za-z0-9]{32}", code)
    return str(code)


def identifies(portal: Portal, klantnaam: str, code: str) -> bool:
    """Return whether a caller with this klantcode is known now."""
    server_keys = ServerKeys.from_settings(portal.settings, portal.database)
    return identify(portal.database, server_keys, klantnaam, code, portal.clock.moment) is not None


def acts(portal: Portal) -> list[str]:
    """Return the acts on afnemers in the journaal, those of the furnishing left out."""
    with portal.database.reading() as connection:
        rows = [row for row in search.read(connection) if row.kind is model.EntryKind.AFNEMER]
    return [row.act for row in rows][::-1][2:]


def test_the_list_of_afnemers(portal: Portal) -> None:
    """An operator begins at what needs attention; each afnemer stands in the list behind it."""
    browser = portal.browser("operator")
    page = browser.follow(browser.get("/koppelingen"))
    assert page.h1 == "Beheer van de koppelingen"
    page = browser.get(AFNEMERS)
    names = [row.text_content() for row in page.tree.xpath("//tbody//th")]
    assert names == ["Basispoort", "Snappet"]


def test_add(portal: Portal) -> None:
    """The klantcode is shown once, works, and the koppeling of that afnemer is available from then on."""
    browser = portal.browser("operator")
    page = browser.submit(AFNEMERS, klantnaam="UWLR-4D")
    code = klantcode(page)
    assert identifies(portal, "UWLR-4D", code)
    assert code not in browser.get(AFNEMERS).body
    assert code not in browser.get(f"{AFNEMERS}/3").body
    assert portal.browser("school").get("/koppelingen/21QW00/activeren/uwlr-4d").status == 200
    assert acts(portal) == ["toegevoegd"]


@pytest.mark.parametrize(
    ("klantnaam", "error"),
    [
        ("", "Vul een klantnaam in."),
        ("Snappet", "Er is al een afnemer met deze klantnaam."),
        ("x" * 65, "Een klantnaam heeft maximaal 64 tekens."),
        (" Snappet", "Een klantnaam begint en eindigt niet met een spatie."),
        ("A\x07", "Gebruik alleen gewone letters en tekens."),
    ],
)
def test_wrong_klantnamen(portal: Portal, klantnaam: str, error: str) -> None:
    """The error stands beside the field, and nothing is added."""
    page = portal.browser("operator").submit(AFNEMERS, klantnaam=klantnaam)
    assert page.status == 422
    assert page.errors("klantnaam") == [error]
    assert acts(portal) == []


def test_rotate(portal: Portal) -> None:
    """The old klantcode stays good for the overlap; sent twice, it rotates once, and shows the same one at once."""
    browser = portal.browser("operator")
    page = browser.get(f"{AFNEMERS}/2")
    answer = browser.submit_page(page, 0, overlap="7")
    naam, new, old = "Basispoort", klantcode(answer), "een-klantcode-van-Basispoort"
    assert klantcode(browser.submit_page(page, 0, overlap="7")) == new
    portal.clock.advance(minutes=1)
    late = browser.submit_page(page, 0, overlap="7")
    assert "De klantcode is intussen al vernieuwd." in browser.follow(late).text
    assert identifies(portal, naam, new)
    assert identifies(portal, naam, old)
    assert "De vorige klantcode blijft geldig tot 2 december 2026 om 10:30 uur." in answer.text
    portal.clock.advance(days=7)
    assert not identifies(portal, naam, old)
    assert acts(portal) == ["klantcode vernieuwd"]


def test_what_an_act_on_an_afnemer_concerns(portal: Portal) -> None:
    """The question names the koppelingen and the vestigingen that it concerns; an end without overlap asks as much."""
    operator = portal.browser("operator")
    page = f"{AFNEMERS}/1"
    assert "Geen school heeft nu een koppeling met Snappet." in operator.get(f"{page}/uitschakelen").text
    fields = {"naam": "Naam", "akkoord": "ja", "verificatiecode": CODE, "actie": "gereed"}
    portal.browser("school").submit(f"{SCHOOL}/activeren/snappet", **fields)
    assert "Dit raakt 1 koppeling van 1 vestiging." in operator.get(f"{page}/uitschakelen").text
    refused = operator.submit(page, 0, overlap="0")
    assert refused.status == 422
    assert refused.errors("klantnaam") == ["Typ ter bevestiging precies: Snappet"]
    assert acts(portal) == []
    klantcode(operator.submit_page(refused, 0, klantnaam="Snappet", overlap="7"))
    assert acts(portal) == ["klantcode vernieuwd"]
    again = operator.get(page)
    assert "maakt die meteen ongeldig" in again.text
    assert operator.submit_page(again, 0, overlap="7").status == 422, "the one of before the overlap may be in use"
    portal.clock.advance(days=7)
    assert "maakt die meteen ongeldig" not in portal.browser("operator").get(page).text


@pytest.mark.parametrize("overlap", ["", "-1", "367", "x", "1e3"])
def test_wrong_overlaps(portal: Portal, overlap: str) -> None:
    """The error stands beside the field, and nothing is rotated."""
    page = portal.browser("operator").submit(f"{AFNEMERS}/1", 0, overlap=overlap)
    assert page.status == 422
    assert page.errors("overlap")
    assert acts(portal) == []


def test_who_is_bound_to_certificates(portal: Portal) -> None:
    """The page of an afnemer says how many there are, and until when; of one without it says nothing."""
    browser = portal.browser("operator")
    assert "Clientcertificaten" not in browser.get(f"{AFNEMERS}/1").body
    end = {"subject": "CN=Snappet", "added_at": "2026-09-01T10:00:00"}
    stored = [{"fingerprint": day * 32, "not_after": f"2027-01-{day}T11:00:00", **end} for day in ("27", "13")]
    with portal.database.writing() as connection:
        connection.execute(afnemer.update().where(afnemer.c.id == 1).values(certificates=json.dumps(stored)))
    page = browser.get(f"{AFNEMERS}/1")
    (line,) = page.tree.xpath("//dt[text()='Clientcertificaten']/following-sibling::dd")
    assert line.text == "2, geldig tot 27 januari 2027 om 12:00 uur; zonder een daarvan wordt elk verzoek geweigerd"


def test_disable_and_enable(portal: Portal) -> None:
    """A disabled afnemer is refused, and enabled as it was."""
    browser = portal.browser("operator")
    question = f"{AFNEMERS}/1/uitschakelen"
    for typed in ("", "snappet", "Basispoort"):
        wrong = browser.submit(question, klantnaam=typed)
        assert wrong.status == 422
        assert wrong.errors("klantnaam") == ["Typ ter bevestiging precies: Snappet"]
    assert acts(portal) == []
    page = browser.get(question)
    assert browser.follow(browser.submit_page(page, klantnaam=" Snappet ")).h1 == "Snappet Uitgeschakeld"
    again = browser.follow(browser.submit_page(page, klantnaam="Snappet"))
    assert "Snappet was al uitgeschakeld. Er is nu niets gewijzigd." in again.text
    assert browser.get(question).status == 303
    assert not identifies(portal, "Snappet", "een-klantcode-van-Snappet")
    assert browser.follow(browser.submit(f"{AFNEMERS}/1", 0)).h1 == "Snappet Ingeschakeld"
    assert identifies(portal, "Snappet", "een-klantcode-van-Snappet")
    assert acts(portal) == ["uitgeschakeld", "ingeschakeld"]


def test_rotating_what_was_disabled_meanwhile(portal: Portal) -> None:
    """The form of before a colleague disabled it leads back with a sentence."""
    browser = portal.browser("operator")
    page = browser.get(f"{AFNEMERS}/1")
    with portal.database.writing() as connection:
        afnemers.disable(connection, "Snappet", MOMENT, actor="cli:proef")
    answer = browser.submit_page(page, 0)
    assert "Schakel hem eerst in." in browser.follow(answer).text
