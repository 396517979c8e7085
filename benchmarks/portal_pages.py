"""CPU of the pages of the portal at the scale of a nation: `make bench-portal`, or with `--quick` a twentieth of it.

6,600 vestigingen with five koppelingen each, 40 platforms, 5 million lines of journaal, eight nights of imports, 20,000
users and 100,000 mails, on either database. Each page is asked a number of times through WSGI, in this process; on
PostgreSQL the CPU of its server is added.
"""

import argparse
import re
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import portal_world
from figures import Requirement, Spread, show_ratio
from portal_world import PASSWORD, Size
from pydantic import SecretStr
from records import brin6s
from servers import BACKENDS, SERVER_KEY, Backend, cpu_of
from werkzeug.test import Client, TestResponse

from uwlr_adapter.clock import now
from uwlr_adapter.db.database import Database
from uwlr_adapter.jobs.lease import Lease
from uwlr_adapter.jobs.registry import JOBS
from uwlr_adapter.jobs.work import run_now
from uwlr_adapter.koppelingen import vestigingen
from uwlr_adapter.koppelingen.catalogue import Catalogue
from uwlr_adapter.koppelingen.vestigingen import VestigingFilter
from uwlr_adapter.server.application import make_app
from uwlr_adapter.settings import Settings
from uwlr_adapter.web.app import App

MOST = Requirement(ceiling=0.3)
"""Seconds of CPU that a page takes at most."""
BEGIN, HOST = "/koppelingen/", "http://localhost"
SEE_OTHER = 303


def measure(backend: Backend, size: Size, boards: Sequence[int], times: int) -> None:
    """Print the CPU of each page on one database."""
    started = time.perf_counter()
    catalogue = portal_world.make(backend, size, boards)
    settings = Settings(
        data=backend.data, database=SecretStr(backend.url), keys=SecretStr(SERVER_KEY), catalogus=catalogue
    )
    database = Database(backend.url)
    print(f"\n{backend.soort}: {size}, made in {time.perf_counter() - started:.0f} s")
    _search(database, catalogue, backend, times, "no note yet")
    for what in ("everything", "nothing"):
        before = time.process_time()
        run = run_now(JOBS["verdicts"], database, settings, Lease("verdicts", "bench"))
        handled = 0 if run is None else run.handled
        print(f"  the job, {what} changed: {handled:,} written, {time.process_time() - before:.1f} s of CPU here")
    _search(database, catalogue, backend, times, "noted")
    with closing(make_app(settings)) as app:
        for count in boards:
            client = logged_in(app, f"bestuur-{count}")
            for label, query in QUERIES.items():
                show(f"board of {count}: {label}", backend, times, lambda: _page(client, BEGIN + query))  # noqa: B023
            _act_on_many(client, count, backend)
        _others(app, backend, times)
    database.close()


QUERIES = {
    "first page": "",
    "aandacht, most first": "?aandacht=ja&sorteer=aandacht",
    "by name": "?zoek=ecole+12",
    "by verdict and platform": "?oordeel=geweigerd&platform=platform-3",
    "activate at all found": "vestigingen/activeren?koppeling=platform-3&alle=ja",
    "pause at all found": "vestigingen/pauzeren?koppeling=platform-3&platform=platform-3&alle=ja",
    "one akkoord for all": "vestigingen/akkoord?koppeling=platform-3",
}


OPERATORS = (
    *("beheer", "beheer?zoek=ecole", "beheer/taken", "beheer/mail"),
    *("beheer/afnemers", "beheer/afnemers/7", "beheer/afnemers/7/uitschakelen"),
    *("beheer/scholen", "beheer/scholen/{}", "beheer/scholen?oordeel=geweigerd&platform=platform-3"),
    *("beheer/scholen?toon=verouderd", "beheer/scholen?toon=vragen&volgorde=aandacht"),
    *("beheer/scholen?toon=zonder-koppeling", "beheer/scholen?na=0-{}"),
    *("beheer/imports", "beheer/imports/100", "beheer/imports?school={}", "beheer/imports?toon=waarschuwingen"),
    *("beheer/imports?toon=niet-ingelezen", "beheer/gebruikers", "beheer/gebruikers?zoek=vries+19"),
)
"""The pages of an operator; `{}` is the brin6 of a vestiging."""
OWN = (
    *("afnemer", "afnemer?zoek=2&toegang=nee", "afnemer?toegang=ja&na={}-snappet", "afnemer/verzoeken"),
    "afnemer/klantcode",
)
"""The pages of an afnemer."""


def _act_on_many(client: Client, count: int, backend: Backend) -> None:
    """Show what activating and pausing one platform at as many vestigingen as one act takes costs, each done once."""
    for act, fields in (("activeren", {"akkoord": "ja", "naam": "D. Bestuur"}), ("pauzeren", {})):
        page = _page(client, f"{BEGIN}vestigingen/{act}?koppeling=platform-7&alle=ja")
        if page.status_code == SEE_OTHER:
            continue
        values = dict(re.findall(r'name="([^"]+)"[^>]* value="([^"]*)"', page.text.partition("<main")[2]))
        before = _cpu(backend)
        done = client.post(f"{BEGIN}vestigingen/{act}", data={**values, **fields}, base_url=HOST)
        number = re.search(r"<h1[^>]*>[^<]*?(\d+) vestiging", done.text)
        label = f"board of {count}: {act} at {number[1] if number else 'none'} at once"
        show_ratio(label, Spread.of([_cpu(backend) - before]), MOST)


def _others(app: App, backend: Backend, times: int) -> None:
    """Show the pages of one vestiging, those of the operator, and those of an afnemer with a koppeling everywhere."""
    brin6 = next(brin6s())
    own = (brin6, f"{brin6}/koppeling/1", f"{brin6}/journaal", f"{brin6}/collegas")
    operators = [one.format(brin6) for one in OPERATORS]
    for login, paths in (("bestuur-30", own), ("operator", operators), ("vendor", [one.format(brin6) for one in OWN])):
        client = logged_in(app, login)
        for path in paths:
            show(f"{login}: {path}", backend, times, lambda: _page(client, BEGIN + path))  # noqa: B023


def _search(database: Database, catalogue: Path, backend: Backend, times: int, what: str) -> None:
    """Show what the search through all vestigingen takes, and its page of rows."""
    loaded = Catalogue.load(catalogue)

    def search() -> None:
        with database.reading() as connection:
            found = vestigingen.find(connection, loaded, None, VestigingFilter(needs_attention=True), now())
            vestigingen.judge(connection, loaded, found.page().vestigingen, now())

    show(f"search through all, {what}", backend, times, search)


def show(label: str, backend: Backend, times: int, act: Callable[[], object]) -> None:
    """Print the spread of the CPU of an act, after one that fills the caches."""
    act()
    found = []
    for _ in range(times):
        before = _cpu(backend)
        act()
        found.append(_cpu(backend) - before)
    show_ratio(label, Spread.of(found), MOST)


def _cpu(backend: Backend) -> float:
    return time.process_time() + (cpu_of(backend.pid) if backend.pid is not None else 0.0)


def logged_in(app: App, login: str) -> Client:
    """Return a client in which a user is logged in."""
    client = Client(app, use_cookies=True)
    page = client.get(f"{BEGIN}inloggen", base_url=HOST).text
    token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
    fields = {"csrf_token": token, "login": login, "wachtwoord": PASSWORD}
    if client.post(f"{BEGIN}inloggen", data=fields, base_url=HOST).status_code != SEE_OTHER:
        raise SystemExit(f"{login} cannot log in")
    return client


def _page(client: Client, path: str) -> TestResponse:
    answer = client.get(path, base_url=HOST)
    if answer.status_code not in {200, SEE_OTHER}:
        raise SystemExit(f"{path}: {answer.status}")
    return answer


def main() -> None:
    """Measure both databases, or one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a twentieth of the journaal")
    parser.add_argument("--database", choices=[*BACKENDS], action="append")
    parser.add_argument("--times", type=int, default=10)
    chosen = parser.parse_args()
    size = Size(lines=250_000) if chosen.quick else Size()
    for kind in chosen.database or BACKENDS:
        with BACKENDS[kind]() as backend:
            measure(backend, size, (30, 503, size.vestigingen), chosen.times)


if __name__ == "__main__":
    main()
