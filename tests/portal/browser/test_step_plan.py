"""The step plan of ESIS in a real browser, with a vendor's client at the other end; and all that goes wrong in it."""

import re
from datetime import date, timedelta
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from support.chromium import WIDE, BrowserWatch, Open, ServedPortal, log_in
from support.page_findings import pixels_sticking_out
from support.portal_school import FULL, PASSWORD

from uwlr_adapter.client.pulling import PullRequest, pull
from uwlr_adapter.client.result import PullError
from uwlr_adapter.clock import day_of, now
from uwlr_adapter.demo.setup import KLANTCODE
from uwlr_adapter.koppelingen import actions, store
from uwlr_adapter.koppelingen.lifecycle import Koppeling

SCHOOL = f"/koppelingen/{FULL}"
ACTIVEREN = f"{SCHOOL}/activeren/snappet"
CODE = "21QW00Ygr67BfgKl!gr8"
OTHER_BRIN6 = "21QW00een-heel-andere-code"
IN_USE = "21QW00al-in-gebruik-hier"
STORAGE = "JSON.stringify([localStorage, sessionStorage, window.name, history.state])"


@pytest.fixture(autouse=True)
def _nothing_activated(world: ServedPortal) -> None:
    """End what is activated at the vestiging, so that each test begins at the beginning."""
    database = world.served.open()
    with database.writing() as connection:
        for entry in ("snappet", "basispoort", "uwlr-4d"):
            if (one := store.find_living(connection, FULL, entry)) is not None:
                actions.end(connection, one.id, one.version, now(), actor="cli:proef")
    database.close()


def fetch(world: ServedPortal, code: str) -> str:
    """Fetch the school with the vendor's zeep client; returns the outcome, or the code of the fault."""
    question = PullRequest("Snappet", KLANTCODE, code, FULL[:4], FULL[4:], world.served.schooljaar)
    try:
        answer = pull(world.server.endpoint, question, allow_private=True)
    except PullError as error:
        return str(error).partition(":")[0]
    assert answer.counts["leerlingen"] > 200
    return answer.outcome


def living(world: ServedPortal) -> Koppeling | None:
    """Return the activated koppeling of Snappet, as the database has it."""
    database = world.served.open()
    with database.reading() as connection:
        found = store.find_living(connection, FULL, "snappet")
    database.close()
    return found


def fill_in(page: Page, code: str, naam: str = "A. de Vries", startdatum: date | None = None) -> None:
    """Fill in the form of the step plan, without sending it."""
    page.get_by_label("Uw naam").fill(naam)
    page.get_by_label("Voor akkoord").check()
    if startdatum is not None:
        page.get_by_label("Startdatum").fill(startdatum.isoformat())
    page.get_by_role("textbox", name="Verificatiecode").fill(code)


def press(page: Page, button: str) -> None:
    """Press a button, and wait for the page that comes of it."""
    with page.expect_navigation():
        page.get_by_role("button", name=button, exact=True).click()


def activate(page: Page, code: str = CODE) -> None:
    """Activate Snappet."""
    page.goto(ACTIVEREN)
    fill_in(page, code)
    press(page, "Gereed")


def link_of_snappet(within: Page | Locator, word: str) -> Locator:
    """Return the link with this word that a screen reader announces as that of Snappet."""
    return within.get_by_role("link", name=re.compile(rf"^{word} ?: Snappet$"))


def row_of_snappet(page: Page) -> str:
    """Return what the row of Snappet under "Geactiveerde koppelingen" says."""
    return page.get_by_role("row", name="Snappet UWLR Leerlinggegevens").first.inner_text()


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_the_whole_walk(open_page: Open, world: ServedPortal, *, script: bool) -> None:
    """Log in, activate, fetch; clear the code: refused; enter it: fetch; end: refused for good."""
    page = open_page(script=script)
    log_in(page, world.base, "a.devries")
    expect(page.get_by_role("heading", name="Koppelingenoverzicht")).to_be_visible()
    group = page.locator(".groep").filter(has_text="UWLR Leerlinggegevens")
    expect(group.get_by_text("(3 koppelingen)")).to_be_visible()
    group.get_by_text("UWLR Leerlinggegevens").dblclick()  # the plan says to open the list; it is, and stays so
    expect(link_of_snappet(group, "Activeren")).to_be_visible()
    link_of_snappet(group, "Activeren").click()

    with page.expect_download() as download:
        page.get_by_role("link", name="downloaden", exact=True).click()
    assert download.value.path().read_text(encoding="utf-8").startswith("Gebruikersvoorwaarden Snappet")
    fill_in(page, f"  {CODE} ")
    press(page, "Gereed")
    expect(page.locator("#nieuwe-code")).to_have_text(CODE)
    expect(page.get_by_role("button", name="Kopieer de code")).to_be_visible(visible=script)
    page.set_viewport_size({"width": 320, "height": 900})
    assert pixels_sticking_out(page) <= 0
    page.set_viewport_size({"width": WIDE, "height": 900})
    assert "Wacht op Snappet" in row_of_snappet(page)
    if script:
        page.reload()  # it is the overview by now: nothing is sent again, and the code is gone
        assert CODE not in page.content()
    assert fetch(world, CODE) == "leerlinggegevens"
    page.goto(SCHOOL)
    assert "De gegevens zijn opgehaald." in page.locator("main").inner_text()

    link_of_snappet(page, "Bewerken").click()
    press(page, "Gereed")  # with the field as it is: empty
    expect(page.get_by_text("U hebt geen verificatiecode ingevuld.")).to_be_visible()
    press(page, "Ja, verwijder de code")
    expect(page.locator("h1")).to_contain_text("Gepauzeerd")
    assert fetch(world, CODE) == "Client.AutorisatieOngeldig"

    page.get_by_role("textbox", name="Verificatiecode").fill(CODE)
    press(page, "Gereed")
    expect(page.locator("h1")).to_contain_text("Wacht op Snappet")
    assert fetch(world, CODE) == "leerlinggegevens"

    page.get_by_role("link", name="Koppeling beëindigen").click()
    press(page, "Ja, beëindig de koppeling")
    expect(link_of_snappet(page, "Activeren")).to_be_visible()
    assert fetch(world, CODE) == "Client.AutorisatieOngeldig"
    assert living(world) is None


def test_the_code_stays_where_it_was_typed(open_page: Open, world: ServedPortal, watch: BrowserWatch) -> None:
    """No address, title, history, referrer, cookie or storage of the browser holds the code, and no later page."""
    page = open_page("a.devries")
    seen: list[str] = []
    activate(page)
    made = living(world)
    assert made is not None
    koppeling = f"{SCHOOL}/koppeling/{made.id}"
    for path in (
        *(SCHOOL, koppeling, f"{koppeling}/bevestiging", f"{koppeling}/pauzeren", f"{koppeling}/delen"),
        *(f"{SCHOOL}/journaal", ACTIVEREN),
    ):
        page.goto(path)
        page.go_back()
        page.go_forward()
        seen += [page.content(), page.title(), page.evaluate("document.referrer"), page.evaluate(STORAGE)]
    entries = page.context.new_cdp_session(page).send("Page.getNavigationHistory")["entries"]
    seen += [str(entries), str(page.context.cookies())]
    for request in watch.requests:
        seen += [request.url, str(request.headers)]
    assert not [text for text in seen if CODE[6:] in text]
    sent = [request for request in watch.requests if CODE[6:-4] in (request.post_data or "")]
    assert [request.url for request in sent] == [f"{world.base}{ACTIVEREN}"]


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "too short": ({"code": "21QW00kort"}, "De verificatiecode heeft minimaal 20 tekens."),
    "too long": ({"code": "21QW00" + "x" * 45}, "De verificatiecode heeft maximaal 50 tekens."),
    "a space": ({"code": "21QW00 Ygr67BfgKl!gr8"}, "zonder spaties."),
    "another brin6": ({"code": "21QW01Ygr67BfgKl!gr8"}, "De verificatiecode moet beginnen met 21QW00"),
    "small letters": ({"code": CODE.lower()}, "De letters daarin zijn hoofdletters."),
    "in use": ({"code": IN_USE}, "hoort al bij een andere koppeling van uw school"),
    "no code": ({"code": ""}, "Vul een verificatiecode in."),
    "yesterday": ({"startdatum": -1}, "Kies als startdatum vandaag of een dag binnen een jaar."),
    "absurd": ({"startdatum": 36_500}, "Kies als startdatum vandaag of een dag binnen een jaar."),
    "no name": ({"naam": ""}, "Vul uw naam in."),
    "a name of spaces": ({"naam": "   "}, "Vul uw naam in"),
}


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_each_wrong_input(open_page: Open, world: ServedPortal, *, script: bool) -> None:
    """Each is said in Dutch beside its field and in the summary, what was typed is kept, and nothing is activated."""
    page = open_page("a.devries", script=script)
    page.goto(f"{SCHOOL}/activeren/basispoort")
    fill_in(page, IN_USE)
    press(page, "Gereed")
    for naam, (wrong, sentence) in WRONG.items():
        page.goto(ACTIVEREN)
        typed: dict[str, Any] = {"code": CODE, "naam": "A. de Vries", **wrong}
        if "startdatum" in wrong:
            typed["startdatum"] = day_of(now()) + timedelta(days=wrong["startdatum"])
        fill_in(page, **typed)
        press(page, "Gereed")
        expect(page.get_by_role("alert")).to_contain_text(sentence)
        expect(page.locator(".veldfouten")).to_contain_text(sentence)
        assert page.title().startswith("Fout: "), naam
        expect(page.get_by_role("textbox", name="Verificatiecode")).to_have_value(typed["code"])
        expect(page.get_by_label("Voor akkoord")).to_be_checked()
        if "startdatum" in typed:
            expect(page.get_by_label("Startdatum")).to_have_value(typed["startdatum"].isoformat())
        assert living(world) is None, naam
    page.get_by_label("Uw naam").fill("A. de Vries")
    page.get_by_label("Voor akkoord").uncheck()
    press(page, "Gereed")
    expect(page.locator(".veldfouten")).to_have_text("Vink 'Voor akkoord' aan om verder te gaan.")
    page.get_by_label("Voor akkoord").check()
    press(page, "Gereed")
    assert living(world) is not None


def test_a_double_click(open_page: Open, world: ServedPortal) -> None:
    """Pressing the button twice makes one koppeling, which works."""
    page = open_page("a.devries")
    page.goto(ACTIVEREN)
    fill_in(page, CODE)
    page.get_by_role("button", name="Gereed").dblclick()
    page.wait_for_url(f"**{SCHOOL}/")
    expect(page.locator("#nieuwe-code")).to_have_text(CODE)
    assert "Wacht op Snappet" in row_of_snappet(page)
    assert link_of_snappet(page, "Bewerken").count() == 1
    assert fetch(world, CODE) == "leerlinggegevens"


def test_a_session_that_ends_in_the_middle(open_page: Open, world: ServedPortal) -> None:
    """Logged out elsewhere with the form open: nothing is done; after the login all is there but code and akkoord."""
    page, elsewhere = open_page(), open_page()
    log_in(page, world.base, "b.bakker")
    page.goto(ACTIVEREN)
    fill_in(page, CODE)
    log_in(elsewhere, world.base, "b.bakker")
    press(elsewhere, "Uitloggen")
    press(page, "Gereed")
    expect(page.get_by_text("Uw sessie is verlopen. Er is nog niets verwerkt.")).to_be_visible()
    assert living(world) is None
    page.get_by_label("Gebruikersnaam").fill("b.bakker")
    page.get_by_label("Wachtwoord").fill(PASSWORD)
    press(page, "Inloggen")
    expect(page.get_by_role("heading", name="Koppeling activeren")).to_be_visible()
    expect(page.get_by_label("Uw naam")).to_have_value("A. de Vries")
    expect(page.get_by_role("textbox", name="Verificatiecode")).to_have_value("")
    expect(page.get_by_label("Voor akkoord")).not_to_be_checked()


def test_two_people_enter_a_code(open_page: Open, world: ServedPortal) -> None:
    """The second reads that somebody else was first; the code of the first one counts."""
    first, second = open_page("a.devries"), open_page("bestuur")
    activate(first)
    made = living(world)
    assert made is not None
    for page in (first, second):
        page.goto(f"{SCHOOL}/koppeling/{made.id}")
    first.get_by_role("textbox", name="Verificatiecode").fill(OTHER_BRIN6)
    press(first, "Gereed")
    expect(first.get_by_role("status").first).to_contain_text("De verificatiecode is gewijzigd")
    expect(first.locator("#nieuwe-code")).to_have_text(OTHER_BRIN6)
    second.get_by_role("textbox", name="Verificatiecode").fill("21QW00van-de-tweede-persoon")
    press(second, "Gereed")
    expect(second.get_by_role("alert")).to_contain_text("Iemand anders heeft deze koppeling zojuist gewijzigd.")
    assert [fetch(world, code) for code in (CODE, "21QW00van-de-tweede-persoon", OTHER_BRIN6)] == [
        "Client.AutorisatieOngeldig",
        "Client.AutorisatieOngeldig",
        "leerlinggegevens",
    ]
    press(second, "Gereed")  # having read that, the second one may
    assert fetch(world, "21QW00van-de-tweede-persoon") == "leerlinggegevens"


def test_two_people_pause_and_end(open_page: Open, world: ServedPortal) -> None:
    """One pauses while the other is asked whether to end: the second is told, and nothing is half done."""
    first, second = open_page("a.devries"), open_page("bestuur")
    activate(first)
    made = living(world)
    assert made is not None
    first.goto(f"{SCHOOL}/koppeling/{made.id}/pauzeren")
    second.goto(f"{SCHOOL}/koppeling/{made.id}/beeindigen")
    press(first, "Ja, verwijder de code")
    press(second, "Ja, beëindig de koppeling")
    expect(second.get_by_role("alert")).to_contain_text("Iemand anders heeft deze koppeling zojuist gewijzigd.")
    found = living(world)
    assert found is not None
    assert found.status == "gepauzeerd"
    press(second, "Ja, beëindig de koppeling")
    assert living(world) is None
    first.get_by_role("textbox", name="Verificatiecode").fill(CODE)
    press(first, "Gereed")
    expect(first.get_by_role("alert")).to_contain_text("Iemand anders heeft deze koppeling zojuist gewijzigd.")
    expect(first.locator("h1")).to_have_text("Snappet Beëindigd")
    assert fetch(world, CODE) == "Client.AutorisatieOngeldig"


def test_two_people_activate(open_page: Open, world: ServedPortal) -> None:
    """Both have the form open: there is one koppeling, with the code of the first."""
    first, second = open_page("a.devries"), open_page("bestuur")
    for page, code in ((first, CODE), (second, OTHER_BRIN6)):
        page.goto(ACTIVEREN)
        fill_in(page, code)
    press(first, "Gereed")
    press(second, "Gereed")
    expect(second.get_by_text("Snappet is al geactiveerd. Er is niets dubbel gedaan.")).to_be_visible()
    assert [fetch(world, code) for code in (CODE, OTHER_BRIN6)] == ["leerlinggegevens", "Client.AutorisatieOngeldig"]


def test_the_counter_explains(open_page: Open) -> None:
    """While a code is typed the page says what it must begin with, and that those are capitals."""
    page = open_page("a.devries")
    page.goto(ACTIVEREN)
    field, counter = page.get_by_role("textbox", name="Verificatiecode"), page.locator("[data-teller]")
    for typed, said in (
        ("21XX", "moet beginnen met 21QW00"),
        ("21qw00Ygr67BfgKl!gr8", "moet beginnen met 21QW00, in hoofdletters"),
        (f" {CODE} ", "20 tekens: de code is goed van vorm"),
    ):
        field.fill(typed)
        expect(counter).to_contain_text(said)
