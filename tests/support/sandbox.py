"""A sandbox in this process: its world, its pages as a WSGI application, and its service as an RSGI one."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.clock import Clock
from support.databases import make_tables
from support.messages import body, envelope, header, school_element
from support.portal_browser import MOMENT, Browser
from support.rsgi import close_worker
from support.wsgi import call
from uwlr_adapter.db.database import Database
from uwlr_adapter.demo.setup import KLANTCODE, KLANTNAAM
from uwlr_adapter.keys.server_keys import ServerKeys
from uwlr_adapter.koppelingen import afnemers
from uwlr_adapter.sandbox.call_log import CallLog
from uwlr_adapter.sandbox.sandbox_clock import SandboxClock
from uwlr_adapter.sandbox.serving import SandboxApp, compose_sandbox
from uwlr_adapter.sandbox.situations import PUBLISHED, SITUATIONS, VendorSituation
from uwlr_adapter.sandbox.world import World
from uwlr_adapter.settings import Settings
from uwlr_adapter.web.app import App
from uwlr_adapter.web.rsgi import RsgiApp


@dataclass(frozen=True)
class SandboxBench:
    """A sandbox without a server."""

    world: World
    calls: CallLog
    app: App
    rsgi: SandboxApp

    @property
    def browser(self) -> Browser:
        """A browser without cookies."""
        return Browser(self.app)


@contextmanager
def sandbox_in(folder: Path) -> Iterator[SandboxBench]:
    """Yield a sandbox in a folder, whose real clock stands still."""
    settings = Settings(data=folder)
    database = Database(settings.database_url)
    make_tables(database)
    keys = ServerKeys.from_settings(settings, database, create=True)
    with database.writing() as connection:
        afnemers.add(connection, keys, KLANTNAAM, MOMENT, KLANTCODE, actor="test")
    world, calls = World(folder, database, keys, SandboxClock(real=Clock(MOMENT))), CallLog()
    app, _ = compose_sandbox(settings, world, calls)
    inner = RsgiApp(app, 2)
    try:
        yield SandboxBench(world, calls, app, SandboxApp(inner, world, calls))
    finally:
        close_worker(inner)
        database.close()


def situation(name: str) -> VendorSituation:
    """Return a situation by its name."""
    (found,) = [one for one in SITUATIONS if one.name == name]
    return found


def brin6(name: str) -> str:
    """Return the brin6 of the school that the published account has for a situation."""
    return situation(name).brin6(PUBLISHED)


def ask_api(bench: SandboxBench, path: str, sent: bytes | None = None, **environ: str) -> tuple[int, dict[str, Any]]:
    """Call the API with the published codes; returns the status and the JSON."""
    token = base64.b64encode(f"{KLANTNAAM}:{KLANTCODE}".encode()).decode()
    given = {"HTTP_AUTHORIZATION": f"Basic {token}"} | environ
    method = "GET" if sent is None else "POST"
    form = "application/x-www-form-urlencoded"
    reply = call(bench.app, sent or b"", method=method, path=f"/sandbox/api/{path}", content_type=form, **given)
    return reply.status, json.loads(reply.body)


def message(name: str) -> bytes:
    """Return a request of the published account for the school of a situation."""
    one = situation(name)
    return envelope(body("2026-2027", school_element(one.brin6("ZA"))), header(one.code("ZA"), KLANTCODE, KLANTNAAM))


def form_of(browser: Browser, path: str, act: str) -> dict[str, str]:
    """Return what the form of an act would send."""
    page = browser.get(path)
    (number,) = [place for place, one in enumerate(page.forms()) if one.get("action", "").endswith(f"/{act}")]
    return page.fields(number)


def take(bench: SandboxBench, klantnaam: str) -> tuple[Browser, str]:
    """Take an account by the form; returns its browser, and its klantcode."""
    browser = bench.browser
    fields = form_of(browser, "/sandbox", "account") | {"klantnaam": klantnaam}
    assert browser.post("/sandbox/account", fields).status == 200
    return browser, fields["klantcode"]
