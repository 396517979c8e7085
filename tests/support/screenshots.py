"""`make screenshots`: pictures of the pages, at the width of a telephone and of a wide screen, of invented data only.

The clock stands still, so that a picture changes only when its page does.
"""

import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from playwright.sync_api import Browser, BrowserContext, ViewportSize

from support import portal_school
from support.chromium import NARROW, WIDE, log_in, running
from support.portal_pages import PAGES, show
from support.portal_school import PortalSchool
from uwlr_adapter.server.application import make_app
from uwlr_adapter.settings import Settings

MOMENT = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
HIGHEST = {NARROW: 1500, WIDE: 2000}
"""Pixels of a picture: beyond that a page repeats itself."""
FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"
NARROW_PAGES = ("inloggen", "overzicht", "activeren-fouten", "koppeling-actief", "delen", "journaal-gefilterd")
WIDE_PAGES = (*NARROW_PAGES[1:], "beeindigen", "bevestiging", "afnemers")
"""Which pages, by their name in `portal_pages`; `--all FOLDER` makes all of them, to look at."""


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base
        """Write no log."""


@contextmanager
def serving(data: Path) -> Iterator[str]:
    """Serve the portal at one moment; yields its address."""
    app = make_app(Settings(data=data), lambda: MOMENT)
    with make_server("127.0.0.1", 0, app, _Server, _Quiet) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
    app.close()


def picture(browser: Browser, base: str, context: PortalSchool, folder: Path, names: dict[int, set[str]]) -> None:
    """Make the pictures of these pages, by width."""
    windows: dict[tuple[str | None, int], BrowserContext] = {}
    for page_case in PAGES:
        for width in (width for width, chosen in names.items() if page_case.name in chosen):
            key = (page_case.login, width)
            if key not in windows:
                size: ViewportSize = {"width": width, "height": 780 if width == NARROW else 900}
                windows[key] = browser.new_context(base_url=base, viewport=size, locale="nl-NL", timezone_id="UTC")
                windows[key].new_page()
                if page_case.login is not None:
                    log_in(windows[key].pages[0], base, page_case.login)
            (page,) = windows[key].pages
            show(page, page_case, context)
            page.evaluate("document.activeElement.blur()")
            height = min(page.evaluate("document.documentElement.scrollHeight"), HIGHEST[width])
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
    names = {NARROW: every, WIDE: every} if everything else {NARROW: set(NARROW_PAGES), WIDE: set(WIDE_PAGES)}
    with tempfile.TemporaryDirectory() as temporary, running() as browser:
        context = portal_school.furnish(Path(temporary) / "data", MOMENT)
        with serving(context.data) as base:
            picture(browser, base, context, folder, names)


if __name__ == "__main__":
    main(sys.argv[1:])
