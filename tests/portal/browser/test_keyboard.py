"""Without a mouse: every act with the keyboard, with a focus that can be seen; and the confirmation on paper."""

import re

import pytest
from playwright.sync_api import Page, expect
from support.chromium import NARROW, Open, ServedPortal
from support.portal_school import EMPTY, FULL, PASSWORD

ACTIVEREN = f"/koppelingen/{FULL}/activeren/uwlr-4d"
CODE = f"{FULL}met-het-toetsenbord"
MANY = 80
"""More Tabs than any of our pages has stops."""
FOCUS = """() => {
    const { tagName, id, name, innerText } = document.activeElement;
    const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
    const seen = outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
    return { what: `${tagName} ${name || id || innerText.trim()}`, seen };
}"""


def tab_to(page: Page, what: str) -> None:
    """Press Tab until the focus is there; each stop on the way must be seen."""
    for _ in range(MANY):
        page.keyboard.press("Tab")
        focus = page.evaluate(FOCUS)
        assert focus["seen"], focus["what"]
        if re.match(what, focus["what"], re.DOTALL):
            return
    pytest.fail(f"Tab does not lead to {what}")


def enter(page: Page, key: str = "Enter") -> None:
    """Press a key that leads to another page."""
    with page.expect_navigation():
        page.keyboard.press(key)


@pytest.mark.parametrize("width", [NARROW, 1600])
def test_activating_with_the_keyboard_alone(open_page: Open, world: ServedPortal, width: int) -> None:
    """Log in, open the form, be told what is missing, mend it and send it: Tab, Space, Enter and letters do it all."""
    page = open_page(width=width)
    page.goto("/koppelingen/inloggen")
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUS) == {"what": "A Naar de inhoud", "seen": True}
    expect(page.get_by_role("link", name="Naar de inhoud")).to_be_in_viewport()
    page.keyboard.press("Enter")  # past the frame of the page
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUS)["what"] == "INPUT login"
    page.keyboard.type("a.devries")
    tab_to(page, "INPUT wachtwoord")
    page.keyboard.type(PASSWORD)
    enter(page)
    expect(page.get_by_role("heading", name="Koppelingenoverzicht")).to_be_visible()

    tab_to(page, "A Activeren.*UWLR-4D")
    enter(page)
    tab_to(page, "INPUT naam")
    page.keyboard.press("Control+A")
    page.keyboard.press("Delete")
    enter(page)  # from within a field: the same as Gereed
    summary = page.get_by_role("alert")
    expect(summary).to_be_focused()
    expect(summary).to_be_in_viewport()
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUS)["what"] == "A Vul uw naam in."
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")  # a link to a field leads the focus there, or just before it
    if page.evaluate(FOCUS)["what"] != "INPUT akkoord":
        tab_to(page, "INPUT akkoord")
    page.keyboard.press("Space")
    page.keyboard.press("Shift+Tab")
    assert page.evaluate(FOCUS)["what"] == "INPUT naam"
    page.keyboard.type("A. de Vries")
    tab_to(page, "INPUT verificatiecode")
    page.keyboard.type(CODE)
    expect(page.get_by_text("de code is goed van vorm")).to_be_visible()
    tab_to(page, "BUTTON actie")
    tab_to(page, "BUTTON Kopieer de code")
    tab_to(page, "BUTTON actie")
    enter(page, "Space")
    expect(page.get_by_text("is geactiveerd").first).to_be_visible()

    tab_to(page, "A Beëindigen.*UWLR-4D")  # and the way back, for who comes next
    enter(page)
    tab_to(page, "BUTTON Ja, beëindig")
    enter(page)
    expect(page.get_by_text("is beëindigd").first).to_be_visible()


def test_the_page_makes_a_code(open_page: Open) -> None:
    """The code that the page makes is good, stands selected in its field, and is another one each time."""
    page = open_page("a.devries")
    page.goto(ACTIVEREN)
    field = page.get_by_role("textbox", name="Verificatiecode")
    made = set()
    for _ in range(3):
        page.get_by_role("button", name="Maak een code").click()
        expect(field).to_be_focused()
        expect(field).to_have_value(re.compile(rf"^{FULL}[a-zA-Z2-9]{{20}}$"))
        made.add(field.input_value())
    assert len(made) == 3
    assert page.evaluate("getSelection().toString()") in made


def test_the_confirmation_on_paper(open_page: Open, world: ServedPortal) -> None:
    """Paper shows who agreed to what and when: no menu, no breadcrumb, no button, and no code."""
    page = open_page("a.devries")
    page.goto(f"/koppelingen/{FULL}/koppeling/{world.served.koppelingen['actief']}/bevestiging")
    expect(page.get_by_role("button", name="Afdrukken")).to_be_visible()
    page.emulate_media(media="print")
    for part in ("header", "nav", "button", ".overslaan", "main a"):
        for one in page.locator(part).all():
            expect(one).to_be_hidden()
    paper = page.locator("body").inner_text()
    assert "Akkoord door" in paper
    assert "versie uwlr-1" in paper
    assert "Ygr67BfgKl" not in paper


def test_a_card_holds_its_words(open_page: Open) -> None:
    """On a telephone nothing sticks out of a card, also where the page itself does not scroll because of it."""
    page = open_page("leeg", width=NARROW)
    page.goto(f"/koppelingen/{EMPTY}/")
    outside = """document.querySelectorAll("main *").values().filter(one =>
        !one.closest(".onzichtbaar, thead") && one.getBoundingClientRect().right > innerWidth - 12)
        .map(one => one.outerHTML).toArray()"""
    assert page.evaluate(outside) == []
