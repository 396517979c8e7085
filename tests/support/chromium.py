"""Debian's chromium, driven by Playwright: how it starts, and what may not happen while pages are watched."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    StorageState,
    sync_playwright,
)

from support.portal_school import PASSWORD, PortalSchool
from support.server import Server

NODE = Path(os.environ.get("UWLR_TEST_NODE") or Path.home() / ".cache" / "uwlr-adapter" / "node")
"""The folder in which `npm install axe-core html-validate` was done; doing it is not the work of a test."""
ARGUMENTS = (
    *(
        "--no-sandbox",
        "--disable-gpu",
        "--disable-gpu-compositing",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
    ),
    *("--disable-component-update", "--disable-sync", "--lang=nl"),
)
NARROW, WIDE = 360, 1600
WAIT = 30_000
"""Milliseconds for one step on a busy machine."""


def missing(what: str) -> None:
    """Skip where a tool is not installed; in CI, where `.ci/run` installs it, that is a failure."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} is not here")
    pytest.skip(f"{what} is not here")


def node_file(path: str) -> Path:
    """Return a file of an npm package. Skips where it is not installed."""
    found = NODE / "node_modules" / path
    if not found.exists():
        missing(path)
    return found


@contextmanager
def running() -> Iterator[Browser]:
    """Yield a chromium with a profile of its own, until the block ends."""
    program = shutil.which("chromium")
    if program is None:
        missing("chromium")
    with sync_playwright() as playwright:
        dutch: dict[str, str | float | bool] = {**os.environ, "LANGUAGE": "nl", "LANG": "nl_NL.UTF-8"}
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS, env=dutch)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class BrowserWatch:
    """Record of a browser while pages were open: every request, and every error."""

    requests: list[Request] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    refusals: set[str] = field(default_factory=set)
    """Addresses of pages that were answered with 4xx, as the test wanted."""

    def watch(self, context: BrowserContext) -> None:
        """Watch every page of a context."""
        context.on("request", lambda request: self.requests.append(request))  # noqa: PLW0108 - it marks its handlers
        context.on("response", self._answered)
        context.on("requestfailed", self._failed)
        context.on("console", self._said)
        context.on("weberror", lambda error: self.errors.append(f"script: {error.error}"))

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            if response.request.is_navigation_request():
                self.refusals.add(response.url)
            else:
                self.errors.append(f"{response.status}: {response.url}")

    def _failed(self, request: Request) -> None:
        if request.failure not in {"net::ERR_ABORTED", None}:  # aborted: a download, or a page that was left
            self.errors.append(f"{request.failure}: {request.url}")

    def _said(self, message: ConsoleMessage) -> None:
        refused = message.location.get("url") in self.refusals and "status of 4" in message.text
        if message.type in {"error", "warning"} and not refused:
            self.errors.append(f"console: {message.text}")


@dataclass(frozen=True)
class ServedPortal:
    """A running server with the school of the portal; `sessions` keeps the logged-in sessions by login."""

    server: Server
    served: PortalSchool
    sessions: dict[str, StorageState] = field(default_factory=dict)

    @property
    def base(self) -> str:
        """The scheme, host and port."""
        return self.server.base


Open = Callable[..., Page]
"""Opens a window: `(login, script=True, width=1600)`."""


def log_in(page: Page, base: str, login: str, wachtwoord: str = PASSWORD) -> None:
    """Log in through the form."""
    page.goto(f"{base}/koppelingen/inloggen")
    page.get_by_label("Gebruikersnaam").fill(login)
    page.get_by_label("Wachtwoord").fill(wachtwoord)
    page.get_by_role("button", name="Inloggen").click()
    page.wait_for_url(lambda url: "/inloggen" not in url or url.endswith("/tweede-stap"))
