"""One browser for each worker, one real server for each module, and people who are logged in already."""

import shutil
from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Page
from support import chromium, portal_school
from support.chromium import WAIT, WIDE, BrowserWatch, Open, ServedPortal, log_in
from support.page_findings import axe_source
from support.portal_school import PortalSchool
from support.server import serving

from uwlr_adapter.clock import now


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Yield the browser."""
    with chromium.running() as browser:
        yield browser


@pytest.fixture(scope="session")
def axe() -> str:
    """Return the source of axe-core."""
    return axe_source()


@pytest.fixture(scope="session")
def base_portal(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> PortalSchool:
    """Return the furnished portal that every module starts from."""
    return portal_school.furnish(tmp_path_factory.mktemp("portal") / "data", now())


@pytest.fixture(scope="module")
def world(base_portal: PortalSchool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedPortal]:
    """Serve a copy of it."""
    data = tmp_path_factory.mktemp("browser") / "data"
    shutil.copytree(base_portal.data, data)
    with serving(data) as server:
        yield ServedPortal(server, replace(base_portal, data=data))


@pytest.fixture
def watch() -> Iterator[BrowserWatch]:
    """Watch what the browser says; afterwards nothing may have gone wrong."""
    seen = BrowserWatch()
    yield seen
    assert seen.errors == []


@pytest.fixture
def open_page(browser: Browser, world: ServedPortal, watch: BrowserWatch) -> Iterator[Open]:
    """Yield a function that opens a window of its own, in which somebody is logged in when told so."""
    contexts = []

    def open_(login: str | None = None, *, script: bool = True, width: int = WIDE) -> Page:
        if login is not None and login not in world.sessions:
            page = open_()
            log_in(page, world.base, login)
            world.sessions[login] = page.context.storage_state()
        state = None if login is None else world.sessions[login]
        context = browser.new_context(
            storage_state=state,
            java_script_enabled=script,
            viewport={"width": width, "height": 900},
            locale="nl-NL",
            timezone_id="Europe/Amsterdam",
            base_url=world.base,
        )
        contexts.append(context)
        context.set_default_timeout(WAIT)
        watch.watch(context)
        return context.new_page()

    yield open_
    for context in contexts:
        context.close()
