"""Logging in at a provider in a browser: Debian's chromium, the npm package oidc-provider, and the portal."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from support import real_provider
from support.chromium import WAIT, BrowserWatch, log_in
from support.page_findings import axe_findings, load_axe, looks
from support.portal_school import FULL, PortalSchool
from support.real_provider import CLIENT_ID, SECRET, RealProvider
from support.screenshots import serving

from uwlr_adapter.clock import now
from uwlr_adapter.settings import Settings

SCHOOL = f"/koppelingen/{FULL}"
WIDTHS = (320, 840, 1920)


@dataclass(frozen=True)
class Front:
    """The address of a portal, and its provider."""

    base: str
    provider: RealProvider


@pytest.fixture(scope="module")
def front(base_portal: PortalSchool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """Serve a portal whose sessions by the provider are narrowed by its claim, with that provider."""
    folder = tmp_path_factory.mktemp("provider")
    data = folder / "data"
    shutil.copytree(base_portal.data, data)
    (folder / "secret").write_text(SECRET, encoding="utf-8")
    with ExitStack() as stack:
        started: list[RealProvider] = []

        def settings_at(port: int) -> Settings:
            provider = stack.enter_context(real_provider.running(f"http://127.0.0.1:{port}"))
            started.append(provider)
            chosen = {"oidc_issuer": provider.issuer, "oidc_client_id": CLIENT_ID, "oidc_name": "Entree"}
            claim = {"oidc_vestigingen_claim": "brin", "oidc_scope": "openid school"}
            file = {"oidc_client_secret_file": folder / "secret"}
            return Settings(data=data, port=port, **chosen, **claim, **file)  # type: ignore[arg-type]

        with serving(data, now, settings_at) as base:
            yield Front(base, started[0])


@pytest.fixture
def window(browser: Browser, front: Front, watch: BrowserWatch) -> Iterator[Page]:
    """Yield a window of its own; the provider is an honest one."""
    front.provider.be("honest")
    context: BrowserContext = browser.new_context(base_url=front.base, locale="nl-NL")
    context.set_default_timeout(WAIT)
    watch.watch(context)
    yield context.new_page()
    context.close()


def log_in_there(page: Page, naam: str) -> None:
    """Log in at the provider, on its own page."""
    expect(page.get_by_role("heading", name="Inloggen bij de proef")).to_be_visible()
    page.get_by_label("Naam bij de proef").fill(naam)
    page.get_by_role("button", name="Verder").click()


def press(page: Page, name: str) -> None:
    """Click a link by its words."""
    page.get_by_role("link", name=name).click()


def findings(page: Page, axe: str, name: str) -> list[str]:
    """Return what is wrong with a page for the ear and for the eye."""
    load_axe(page, axe)
    found = axe_findings(page)
    for width in WIDTHS:
        found += looks(page, width)
    return [f"{name}: {one}" for one in found]


def test_adding_logging_in_and_out(window: Page, front: Front, axe: str) -> None:
    """A schoolbeheerder adds Entree, logs in with it for the named school, and is logged out here and there."""
    page, found = window, []
    log_in(page, front.base, "a.devries")
    page.goto("/koppelingen/account")
    found += findings(page, axe, "account")
    press(page, "Entree toevoegen")
    log_in_there(page, "directeur")
    expect(page.get_by_role("heading", level=1)).to_have_text("Voortaan inloggen met Entree")
    found += findings(page, axe, "bevestigen")
    page.get_by_role("button", name="Ja, dit is mijn account").click()
    expect(page.get_by_text("Gelukt. U kunt voortaan ook inloggen met Entree.")).to_be_visible()
    found += findings(page, axe, "toegevoegd")
    page.get_by_role("button", name="Uitloggen").click()
    found += findings(page, axe, "inloggen")

    page.goto(f"{SCHOOL}/journaal")
    press(page, "Inloggen met Entree")  # still logged in there
    page.wait_for_url(f"**{SCHOOL}/journaal")
    expect(page.get_by_text("kan voortaan ook inloggen via een inlogdienst").first).to_be_visible()
    page.get_by_role("button", name="Uitloggen").click()
    page.get_by_role("button", name="Ja, uitloggen").click()
    expect(page.get_by_text("U bent uitgelogd.")).to_be_visible()
    assert page.url.endswith("/koppelingen/inloggen")

    page.goto(SCHOOL)
    expect(page.get_by_role("heading", level=1)).to_have_text("Inloggen")
    press(page, "Inloggen met Entree")
    log_in_there(page, "directeur")
    page.wait_for_url(f"**{SCHOOL}")
    assert found == []


def test_somebody_else(window: Page, axe: str) -> None:
    """Somebody whom nobody knows here reads what to do."""
    window.goto("/koppelingen/inloggen")
    press(window, "Inloggen met Entree")
    log_in_there(window, "onbekend")
    expect(window.get_by_role("heading", level=1)).to_have_text("Dit account is hier nog niet bekend")
    assert findings(window, axe, "onbekend") == []


@pytest.mark.parametrize(("mode", "sentence"), [("lie", "klopt niet en is niet gebruikt"), ("away", "geen antwoord")])
def test_a_provider_that_lies_or_is_away(window: Page, front: Front, mode: str, sentence: str) -> None:
    """Its answer opens nothing, and the own login works beside it."""
    front.provider.be(mode)
    window.goto("/koppelingen/inloggen")
    press(window, "Inloggen met Entree")
    log_in_there(window, "directeur")
    expect(window.get_by_text(sentence)).to_be_visible()
    window.goto(SCHOOL)
    expect(window.get_by_role("heading", level=1)).to_have_text("Inloggen")
    log_in(window, front.base, "a.devries")
    window.goto(SCHOOL)
    expect(window.get_by_role("heading", level=1)).to_have_text("Koppelingenoverzicht")


def test_the_provider_ends_a_session(browser: Browser, front: Front, window: Page) -> None:
    """Who logs out at the provider is logged out here too, in every browser."""
    context = browser.new_context(base_url=front.base)
    other = context.new_page()
    log_in(other, front.base, "b.bakker")
    log_in(window, front.base, "b.bakker")
    window.goto("/koppelingen/account")
    press(window, "Entree toevoegen")
    log_in_there(window, "adjunct")
    window.get_by_role("button", name="Ja, dit is mijn account").click()
    expect(window.get_by_text("Gelukt.")).to_be_visible()
    other.goto(SCHOOL)
    expect(other.get_by_role("heading", level=1)).to_have_text("Koppelingenoverzicht")
    window.goto(f"{front.provider.issuer}/session/end")
    window.get_by_role("button", name="Ja, uitloggen").click()
    window.wait_for_url("**/session/end/success*")
    for page in (other, window):
        page.goto(SCHOOL)
        expect(page.get_by_role("heading", level=1)).to_have_text("Inloggen")
    context.close()
