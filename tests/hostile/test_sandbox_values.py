"""Nasty values in every field, path and query of the sandbox."""

from pathlib import Path
from urllib.parse import quote_from_bytes, unquote_to_bytes

from support.nasty_values import VALUES
from support.oracle import amount
from support.portal_browser import MOMENT, Browser
from support.sandbox import SandboxBench, sandbox_in
from support.wsgi import call

FORMS = {
    "account": ("klantnaam", "klantcode"),
    "log-in": ("klantnaam", "klantcode"),
    "clock": ("to",),
    "schools/01ZA00/leave": ("leerling", "version"),
    "schools/01ZA00/rename": ("leerling", "roepnaam", "achternaam"),
    "schools/01ZA00/move": ("leerling", "groep"),
    "schools/01ZA00/correct": ("leerling",),
    "schools/01ZA00/break": ("calls", "how"),
    "schools/01ZA00/slow": ("seconds",),
    "schools/01ZA00/busy": ("calls",),
    "schools/18ZA00/answer": ("choice",),
}


def test_nasty_values_are_answered(tmp_path: Path) -> None:
    """Whatever stands in a field, a part of a path or a query, the answer is a page or a refusal, and no failure."""
    with sandbox_in(tmp_path) as bench:
        _try_all(bench)


def _try_all(bench: SandboxBench) -> None:
    browser = bench.browser
    token = browser.get("/sandbox").fields()["csrf_token"]
    for value in VALUES[:: amount(5, 1)]:
        quoted = quote_from_bytes(value)
        for path, fields in FORMS.items():
            for field in fields:
                sent = f"csrf_token={token}&{field}={quoted}".encode()
                reply = _send(bench, browser, "POST", f"/sandbox/{path}", sent)
                assert reply < 500, (path, field, value[:40])
                bench.world.move_clock(MOMENT)
        for pattern in ("schools/{}", "calls/{}", "schools/01ZA00/{}", "{}", "api/{}", "calls/by-id?id={}"):
            reply = _send(bench, browser, "GET", "/sandbox/" + pattern.format(quoted))
            assert reply < 500, (pattern, value[:40])


def _send(bench: SandboxBench, browser: Browser, method: str, path: str, sent: bytes = b"") -> int:
    """Send a request with the cookies of a browser, and return the status."""
    path, _, query = path.partition("?")
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    decoded = unquote_to_bytes(path).decode("latin-1")
    form = "application/x-www-form-urlencoded"
    return call(
        bench.app, sent, method=method, path=decoded, query=query, content_type=form, HTTP_COOKIE=cookies
    ).status
