"""Both toestemmingen in a real browser, with a vendor's client at the other end: agreed, paused, resumed, ended."""

import re
import urllib.error
import urllib.request

import pytest
from playwright.sync_api import Page, expect
from support.chromium import Open, ServedPortal, log_in
from support.page_findings import axe_findings, load_axe, pixels_sticking_out
from support.portal_school import FULL
from support.result_messages import SCHOOL as IN_SCHOOL
from support.result_messages import afname, message, resultaat
from support.result_school import PATH, from_here

from uwlr_adapter.client.pulling import PullRequest, pull
from uwlr_adapter.client.result import PullError
from uwlr_adapter.clock import now
from uwlr_adapter.demo.setup import KLANTCODE
from uwlr_adapter.koppelingen import actions, store

SCHOOL = f"/koppelingen/{FULL}"
CODE = "21QW00Ygr67BfgKl!gr8"
NAMES = {
    "21QW00VoorbeeldCode2026": CODE,
    "voorbeeld-klantcode": KLANTCODE,
    "Voorbeeldplatform": "Snappet",
}
SCRIPTED = 1240
"""The width at which there is script, and so axe-core; at the other one every page works without."""
OUT, IN = "Leerlinggegevens naar Snappet", "Resultaten van Snappet"


def fetch(world: ServedPortal) -> bool:
    """Fetch the school with the vendor's client; return whether data came back."""
    question = PullRequest("Snappet", KLANTCODE, CODE, FULL[:4], FULL[4:], world.served.schooljaar)
    try:
        return pull(world.server.endpoint, question, allow_private=True).counts["leerlingen"] > 200
    except PullError as error:
        if "AutorisatieOngeldig" in str(error):
            return False
        raise


def bring(world: ServedPortal) -> bool:
    """Send a message with results; return whether the gate let it in (its leerling is not one of this school)."""
    school = IN_SCHOOL.replace("2026-2027", world.served.schooljaar)
    content = from_here(message(afname(resultaat("r1", "6")), school=school), NAMES)
    address = world.base.partition("/koppelingen")[0] + PATH
    request = urllib.request.Request(address, content, {"Content-Type": "text/xml"})  # noqa: S310 - our own server
    try:
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - as above
            return b"leerresultaten_bevestiging" in answer.read()
    except urllib.error.HTTPError as error:
        return b"AutorisatieOngeldig" not in error.read()


def state(page: Page, slug: str) -> str:
    """Return the state of a toestemming on the page of the koppeling."""
    return page.locator(f"#toestemming-{slug} .toestand").inner_text()


def switch(page: Page, word: str, title: str, button: str) -> None:
    """Follow the button of a toestemming, and say yes."""
    with page.expect_navigation():
        page.get_by_role("link", name=re.compile(rf"^{word} ?: {title}$")).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(title)
    press(page, button)


@pytest.fixture(autouse=True)
def _nothing_activated(world: ServedPortal) -> None:
    """End what is activated at the vestiging, so that each walk begins at the beginning."""
    database = world.served.open()
    with database.writing() as connection:
        if (one := store.find_living(connection, FULL, "snappet")) is not None:
            actions.end(connection, one.id, one.version, now(), actor="cli:proef")
    database.close()


def press(page: Page, button: str) -> None:
    """Press a button, and wait for the page that comes of it."""
    with page.expect_navigation():
        page.get_by_role("button", name=button, exact=True).click()


@pytest.mark.parametrize("width", [320, 1240])
def test_the_walk_of_both(open_page: Open, world: ServedPortal, axe: str, width: int) -> None:
    """One activation opens both; each is paused and resumed alone; the code stops both; nothing is cut off."""
    page = open_page(width=width, script=width == SCRIPTED)
    found: list[str] = []

    def look(name: str) -> None:
        if width == SCRIPTED:  # axe-core needs script
            load_axe(page, axe)
            found.extend(f"{name}: {one}" for one in axe_findings(page))
        found.extend([f"{name}: {sticks} pixels stick out"] if (sticks := pixels_sticking_out(page)) else [])

    log_in(page, world.base, "a.devries")
    page.goto(f"{SCHOOL}/activeren/snappet")
    look("activation")
    page.get_by_label("Uw naam").fill("A. de Vries")
    page.get_by_role("textbox", name="Verificatiecode").fill(CODE)
    press(page, "Gereed")
    expect(page.locator(".veldfouten")).to_have_text("Vink 'Voor akkoord' aan om verder te gaan.")
    look("activation without a tick")
    page.get_by_label("Voor akkoord: leerlinggegevens naar Snappet").check()
    page.get_by_label("Akkoord met resultaten van Snappet").check()
    press(page, "Gereed")
    assert (fetch(world), bring(world)) == (True, True)
    expect(page.get_by_text("Leerlinggegevens uit: aan. Resultaten in: aan.")).to_be_visible()
    with page.expect_navigation():
        page.get_by_role("link", name=re.compile("^Bewerken ?: Snappet$")).click()
    look("both on")
    assert (state(page, "leerlinggegevens"), state(page, "resultaten")) == ("Aan", "Aan")

    switch(page, "Pauzeren", OUT, "Ja, pauzeer de leerlinggegevens")
    assert (state(page, "leerlinggegevens"), state(page, "resultaten")) == ("Gepauzeerd", "Aan")
    look("leerlinggegevens paused")
    assert (fetch(world), bring(world)) == (False, True)
    switch(page, "Hervatten", OUT, "Ja, hervat de leerlinggegevens")
    switch(page, "Pauzeren", IN, "Ja, pauzeer de resultaten")
    look("results paused")
    assert (fetch(world), bring(world)) == (True, False)

    with page.expect_navigation():
        page.get_by_role("link", name="Code verwijderen (pauzeren)").click()
    press(page, "Ja, verwijder de code")
    assert (state(page, "leerlinggegevens"), state(page, "resultaten")) == ("Wacht op een code", "Gepauzeerd")
    assert (fetch(world), bring(world)) == (False, False)
    page.get_by_role("textbox", name="Verificatiecode").fill(CODE)
    press(page, "Gereed")
    assert (fetch(world), bring(world)) == (True, False)
    switch(page, "Hervatten", IN, "Ja, hervat de resultaten")
    assert (fetch(world), bring(world)) == (True, True)
    assert found == []
