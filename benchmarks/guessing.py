"""Measure whether an owner and a vendor get through while somebody guesses: `python benchmarks/guessing.py [--quick]`.

Or `make bench-guessing`. Twenty connections post wrong passwords for the account of a gebruiker, and twenty others
wrong verificatiecodes for a koppeling, all in a closed loop, from 1 address and then from 1,000 (127.1.0.1 and on).
Meanwhile the owner logs in from 127.0.0.1, each time with a browser that nobody knows, and the platform fetches. An
attempt that is answered with Retry-After is tried again after as many seconds. Printed is how many got through at the
first, the second and the third try; the target is all of them within three. All records are invented.
"""

import argparse
import http.client
import itertools
import re
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from multiprocessing.synchronize import Event
from pathlib import Path
from urllib.parse import urlencode

import world
from hostile_requests import LOGIN, XML
from records import brin6s, write_edexml
from servers import BACKENDS, PATH, Backend, meanwhile, ours

from uwlr_adapter.gebruikers import accounts, passwords
from uwlr_adapter.gebruikers.accounts import NewGebruiker
from uwlr_adapter.gebruikers.tables import GebruikerRol

NAME, PASSWORD = "eigenaar", "vier-blauwe-fietsen-op-zolder"
CONNECTIONS = 20
SOURCES = (1, 1000)
TIMES, QUICK_TIMES = 100, 5
TRIES = 3
BEFORE = 10.0
"""Seconds of guessing before the owner comes."""
LONGEST = 60
"""Seconds that the owner waits for one answer, and between two tries, at most."""
_TOKEN = re.compile(rb'name="csrf_token"[^>]*value="([^"]+)"')
OWNER = "127.0.0.1"


class Browser:
    """One browser that nobody knows yet, with its connection."""

    def __init__(self, port: int, address: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, LONGEST, source_address=(address, 0))
        self._cookies: dict[str, str] = {}
        self.token = ""

    def open(self) -> None:
        """Open the page on which one logs in. Raises OSError or HTTPException."""
        _, _, page = self.send("GET", LOGIN)
        found = _TOKEN.search(page)
        self.token = found[1].decode() if found else ""

    def log_in(self, password: str) -> tuple[int, float]:
        """Try a password; return the status of the answer and the seconds that it asks to wait."""
        form = urlencode({"csrf_token": self.token, "login": NAME, "wachtwoord": password})
        status, headers, _ = self.send("POST", LOGIN, form, {"Content-Type": "application/x-www-form-urlencoded"})
        return status, _wait(headers)

    def send(
        self, method: str, path: str, body: str | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        """Send a request with the cookies so far, and return the status, the headers and the body of its answer."""
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        self._connection.request(method, path, body, {**(headers or {}), **({"Cookie": cookies} if cookies else {})})
        answer = self._connection.getresponse()
        for header in answer.headers.get_all("Set-Cookie", []):
            name, _, value = header.partition(";")[0].partition("=")
            self._cookies[name] = value
        return answer.status, answer.headers, answer.read()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def _wait(headers: http.client.HTTPMessage) -> float:
    return float(headers.get("Retry-After") or 0)


def guess_passwords(port: int, address: str) -> None:
    """Try one wrong password. Raises OSError or HTTPException."""
    browser = Browser(port, address)
    try:
        browser.open()
        browser.log_in("een-ander-wachtwoord-7")
    finally:
        browser.close()


def guess_codes(port: int, address: str, message: str) -> None:
    """Try one wrong verificatiecode. Raises OSError or HTTPException."""
    browser = Browser(port, address)
    try:
        browser.send("POST", PATH, message, {"Content-Type": XML})
    finally:
        browser.close()


def guess(port: int, sources: int, wrong: str, ended: Event) -> None:
    """Guess over all connections from so many addresses, until the event is set."""
    addresses = itertools.cycle([f"127.1.{number // 250}.{1 + number % 250}" for number in range(sources)])
    lock = threading.Lock()

    def loop(try_once: Callable[[str], None]) -> None:
        while not ended.is_set():
            with lock:
                address = next(addresses)
            with suppress(OSError, http.client.HTTPException):
                try_once(address)

    kinds: tuple[Callable[[str], None], ...] = (
        lambda address: guess_passwords(port, address),
        lambda address: guess_codes(port, address, wrong),
    )
    for one in kinds * CONNECTIONS:
        threading.Thread(target=loop, args=(one,), daemon=True).start()
    ended.wait()


def tries_of(try_once: Callable[[], tuple[bool, float]]) -> int:
    """Return at which try it went through; TRIES + 1 for never."""
    for number in range(1, TRIES + 1):
        went, wait = False, 0.0
        with suppress(OSError, http.client.HTTPException):
            went, wait = try_once()
        if went:
            return number
        time.sleep(min(max(wait, 1.0), LONGEST))
    return TRIES + 1


def log_in_once(port: int) -> tuple[bool, float]:
    """Log in as the owner, in a browser that nobody knows."""
    browser = Browser(port, OWNER)
    try:
        browser.open()
        status, wait = browser.log_in(PASSWORD)
    finally:
        browser.close()
    return status == http.client.SEE_OTHER, wait


def fetch_once(port: int, message: str) -> tuple[bool, float]:
    """Fetch as the platform."""
    browser = Browser(port, OWNER)
    try:
        status, headers, _ = browser.send("POST", PATH, message, {"Content-Type": XML})
    finally:
        browser.close()
    return status == http.client.OK, _wait(headers)


def prepare(backend: Backend) -> str:
    """Make a school with a koppeling and its owner, and return the message of the platform."""
    brin6, database = next(brin6s()), world.open_database(backend)
    with tempfile.TemporaryDirectory() as folder:
        world.import_file(database, write_edexml(Path(folder) / "school.xml", brin6, 25))
    world.add_afnemer(database)
    world.activate(database, [brin6])
    moment = datetime.now(UTC)
    with database.writing() as connection:
        new = NewGebruiker(NAME, "Een eigenaar", GebruikerRol.SCHOOLBEHEERDER, (brin6,), needs_totp=False)
        _, token = accounts.add(connection, new, moment)
        accounts.set_password(connection, token, passwords.make_hash(PASSWORD), moment)
    database.close()
    return world.fetch_message(brin6)


def show(what: str, found: Counter[int], times: int) -> None:
    """Print at which try how many went through, and whether all did."""
    through = sum(found[number] for number in range(1, TRIES + 1))
    each = ", ".join(f"{found[number]} at try {number}" for number in range(1, TRIES + 1) if found[number])
    verdict = "holds" if through == times else "DOES NOT HOLD"
    print(f"  {what:40} {through} of {times} within {TRIES} tries ({each}): {verdict}", flush=True)


def main() -> None:
    """Measure over SQLite, from one source and from many."""
    parser = argparse.ArgumentParser(description="Measure whether an owner and a vendor get through beside guessers.")
    parser.add_argument("--quick", action="store_true", help="few logins")
    times = QUICK_TIMES if parser.parse_args().quick else TIMES
    with BACKENDS["sqlite"]() as backend:
        message = prepare(backend)
        code = world.code_of(next(brin6s()))
        wrong = message.replace(code, code[:-1] + "X")
        with ours(backend, "bare") as server:
            for sources in SOURCES:
                with meanwhile(BEFORE, guess, server.port, sources, wrong):
                    logins, fetches = Counter[int](), Counter[int]()
                    for _ in range(times):
                        logins[tries_of(lambda: log_in_once(server.port))] += 1
                        fetches[tries_of(lambda: fetch_once(server.port, message))] += 1
                print(f"guessed from {sources:,} {'source' if sources == 1 else 'sources'}")
                show("right logins, in unknown browsers", logins, times)
                show("fetches with the right code", fetches, times)


if __name__ == "__main__":
    main()
