"""`make screenshots`: pictures of the pages, at the width of a telephone and of a wide screen, of invented data only.

The clock stands still, so that a picture changes only when its page does.
"""

import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, demo_app, make_server

from playwright.sync_api import Browser, Page

from support import portal_school
from support.chromium import NARROW, WIDE, log_in, running
from support.portal_pages import PAGES, show
from support.portal_school import PortalSchool
from uwlr_adapter.clock import Clock
from uwlr_adapter.server.application import make_app
from uwlr_adapter.settings import Settings

MOMENT = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
HIGHEST = {NARROW: 1500, WIDE: 2000}
"""Pixels of a picture of the documents: beyond that a page repeats itself."""
MAX_HEIGHT = 6000
NARROWEST_TABLE = 700
FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"
NARROW_PAGES = ("inloggen", "overzicht", "activeren-fouten", "koppeling-actief", "delen", "journaal-gefilterd")
WIDE_PAGES = (*NARROW_PAGES[1:], "beeindigen", "bevestiging", "afnemers")
"""Which pages, by their name in `portal_pages`; `--all FOLDER` makes all of them, to look at."""
ALL_WIDTHS = (320, 768, 1240)


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base
        """Write no log."""


@contextmanager
def serving(
    data: Path, clock: Clock = lambda: MOMENT, settings_at: Callable[[int], Settings] | None = None
) -> Iterator[str]:
    """Serve the portal by a clock, one that stands still unless told otherwise; yields its address.

    `settings_at` returns other settings than those of a data folder, for the port that it is served on.
    """
    with make_server("127.0.0.1", 0, demo_app, _Server, _Quiet) as server:  # the application needs its port
        app = make_app(Settings(data=data) if settings_at is None else settings_at(server.server_port), clock)
        server.set_app(app)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
    app.close()


def picture(browser: Browser, base: str, context: PortalSchool, folder: Path, names: dict[int, set[str]]) -> None:
    """Make the pictures of these pages, by width.

    A page is opened once and its window is made narrower and wider: a step that changes something can be taken once.
    """
    windows: dict[str | None, Page] = {}
    for page_case in PAGES:
        widths = [width for width, chosen in names.items() if page_case.name in chosen]
        if not widths:
            continue
        if page_case.login not in windows:
            window = browser.new_context(base_url=base, locale="nl-NL", timezone_id="UTC")
            windows[page_case.login] = window.new_page()
            if page_case.login is not None:
                log_in(windows[page_case.login], base, page_case.login)
        page = windows[page_case.login]
        show(page, page_case, context)
        page.evaluate("document.activeElement.blur()")
        for width in widths:
            page.set_viewport_size({"width": width, "height": 780 if width < NARROWEST_TABLE else 900})
            height = min(page.evaluate("document.documentElement.scrollHeight"), HIGHEST.get(width, MAX_HEIGHT))
            page.screenshot(
                path=folder / f"{page_case.name}-{width}.png",
                full_page=True,
                clip={"x": 0, "y": 0, "width": width, "height": height},
                animations="disabled",
            )


def main(arguments: list[str]) -> None:
    """Make the pictures of the documents, or all of them."""
    everything = arguments[:1] == ["--all"]
    folder = Path(arguments[1]) if everything else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    every = {page_case.name for page_case in PAGES}
    names = dict.fromkeys(ALL_WIDTHS, every) if everything else {NARROW: set(NARROW_PAGES), WIDE: set(WIDE_PAGES)}
    with tempfile.TemporaryDirectory() as temporary, running() as browser:
        context = portal_school.furnish(Path(temporary) / "data", MOMENT)
        with serving(context.data) as base:
            picture(browser, base, context, folder, names)


if __name__ == "__main__":
    main(sys.argv[1:])
