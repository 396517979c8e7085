"""The end of a session is announced in the open page, and what was typed survives it; how controls look and speak."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from support.chromium import WAIT, Open, log_in
from support.clock import Clock
from support.portal_school import FULL, PASSWORD, PortalSchool
from support.screenshots import serving

from uwlr_adapter.clock import now

ACTIVEREN = f"/koppelingen/{FULL}/activeren/uwlr-4d"


@dataclass(frozen=True)
class Desk:
    """A page of who is logged in, and one clock for the browser and the server."""

    base: str
    page: Page
    clock: Clock

    def wait(self, minutes: int) -> None:
        """Let time pass for both."""
        self.clock.advance(minutes=minutes)
        self.page.clock.fast_forward(minutes * 60_000)


@pytest.fixture
def desk(browser: Browser, base_portal: PortalSchool, tmp_path: Path) -> Iterator[Desk]:
    """Serve the portal by a clock that the test moves."""
    data = tmp_path / "data"
    shutil.copytree(base_portal.data, data)
    clock = Clock(now())
    with serving(data, clock) as base:
        context = browser.new_context(base_url=base, locale="nl-NL", timezone_id="Europe/Amsterdam")
        context.set_default_timeout(WAIT)
        page = context.new_page()
        log_in(page, base, "a.devries")
        page.clock.install()
        yield Desk(base, page, clock)
        context.close()


def test_the_end_of_a_session(desk: Desk) -> None:
    """Five minutes before it the page says so and offers to go on; after it, what was typed is there again."""
    page = desk.page
    page.goto(ACTIVEREN)
    announced = page.locator("[data-sessie]")
    naam = page.locator("[name=naam]")
    naam.fill("Ada de Vries")
    desk.wait(20)
    expect(announced).to_be_hidden()
    desk.wait(6)
    expect(announced).to_contain_text("Uw sessie eindigt over 4 minuten.")
    expect(announced).to_be_in_viewport()
    expect(naam).to_be_focused()
    announced.get_by_role("button", name="Ga door").click()
    expect(announced).to_be_hidden()
    desk.wait(20)
    expect(announced).to_be_hidden()
    desk.wait(11)
    expect(announced).to_contain_text("Uw sessie is verlopen.")
    expect(announced.get_by_role("button")).to_be_hidden()

    with page.context.expect_page() as opened:
        announced.get_by_role("link", name="Log opnieuw in").click()
    other = opened.value
    other.get_by_label("Gebruikersnaam").fill("a.devries")
    other.get_by_label("Wachtwoord").fill(PASSWORD)
    other.get_by_role("button", name="Inloggen").click()
    expect(other.get_by_role("heading", name="Koppelingenoverzicht")).to_be_visible()
    page.locator("[name=verificatiecode]").fill(f"{FULL}een-code-die-niemand-kent")
    page.get_by_role("button", name="Gereed").click()
    page.get_by_role("link", name="Begin het formulier opnieuw").click()
    expect(naam).to_have_value("Ada de Vries")
    expect(page.locator("[name=verificatiecode]")).to_have_value("")


def test_another_tab_keeps_the_session(desk: Desk) -> None:
    """Who works in another tab is not told that the session ends; asking alone does not make it last."""
    page = desk.page
    page.goto(ACTIVEREN)
    desk.wait(20)
    desk.page.context.request.get(f"{desk.base}/koppelingen/{FULL}/journaal")
    desk.wait(6)
    expect(page.locator("[data-sessie]")).to_be_hidden()
    desk.wait(20)
    expect(page.locator("[data-sessie]")).to_contain_text("Uw sessie eindigt over 4 minuten.")


def test_a_counter_does_not_speak_at_every_key(open_page: Open) -> None:
    """The eye sees each count; a reader hears it when the typing rests and something has become right or wrong."""
    page = open_page("a.devries")
    page.clock.install()
    page.goto(ACTIVEREN)
    page.clock.run_for(2_000)
    shown, spoken = page.locator("[data-teller]"), page.locator("[data-teller] + [role=status]")
    before = spoken.inner_text()
    page.locator("[name=verificatiecode]").press_sequentially("99")
    expect(shown).to_contain_text("2 tekens")
    assert shown.get_attribute("role") is None
    assert spoken.inner_text() == before
    page.clock.run_for(2_000)
    expect(spoken).to_contain_text(re.compile("^2 tekens: "))


def test_a_disabled_button_looks_disabled(open_page: Open) -> None:
    """Other colours, a dashed edge, and no hand: there is no code yet to copy."""
    page = open_page("a.devries")
    page.emulate_media(reduced_motion="reduce")  # else a colour takes its time to change
    page.goto(ACTIVEREN)
    button = page.get_by_role("button", name="Kopieer de code")
    look = """one => (({ backgroundColor, borderStyle, cursor }) => [backgroundColor, borderStyle, cursor])(
        getComputedStyle(one))"""
    disabled = button.evaluate(look)
    page.locator("[name=verificatiecode]").fill("x")
    enabled = button.evaluate(look)
    assert disabled[1:] == ["dashed", "not-allowed"]
    assert enabled[1:] == ["solid", "pointer"]
    assert disabled[0] != enabled[0]
