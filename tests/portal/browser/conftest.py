"""One browser for each worker, one real server for each module, and people who are logged in already."""

import shutil
from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Page
from support import chromium, portal_school
from support.chromium import BREED, WAIT, Open, Waarneming, Wereld, log_in
from support.portal_school import Portaalhuis
from support.server import serving

from uwlr_adapter.clock import now


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Give the browser."""
    with chromium.running() as browser:
        yield browser


@pytest.fixture(scope="session")
def basishuis(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Portaalhuis:
    """Give the furnished portal that every module starts from."""
    return portal_school.furnish(tmp_path_factory.mktemp("portaal") / "data", now())


@pytest.fixture(scope="module")
def wereld(basishuis: Portaalhuis, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wereld]:
    """Serve a copy of it."""
    data = tmp_path_factory.mktemp("browser") / "data"
    shutil.copytree(basishuis.data, data)
    with serving(data) as server:
        yield Wereld(server, replace(basishuis, data=data))


@pytest.fixture
def waarneming() -> Iterator[Waarneming]:
    """Watch what the browser says; afterwards nothing may have gone wrong."""
    seen = Waarneming()
    yield seen
    assert seen.fouten == []


@pytest.fixture
def open_page(browser: Browser, wereld: Wereld, waarneming: Waarneming) -> Iterator[Open]:
    """Give what opens a window of its own, in which somebody is logged in when told so."""
    contexts = []

    def open_(login: str | None = None, *, script: bool = True, breedte: int = BREED) -> Page:
        if login is not None and login not in wereld.sessies:
            page = open_()
            log_in(page, wereld.base, login)
            wereld.sessies[login] = page.context.storage_state()
        state = None if login is None else wereld.sessies[login]
        context = browser.new_context(
            storage_state=state,
            java_script_enabled=script,
            viewport={"width": breedte, "height": 900},
            locale="nl-NL",
            timezone_id="Europe/Amsterdam",
            base_url=wereld.base,
        )
        contexts.append(context)
        context.set_default_timeout(WAIT)
        waarneming.watch(context)
        return context.new_page()

    yield open_
    for context in contexts:
        context.close()
