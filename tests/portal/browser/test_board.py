"""A board of thirty schools in a real browser: it finds the three that need attention, mends one, and acts on many."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from support.chromium import WAIT, BrowserWatch, log_in
from support.databases import make_tables
from support.edexml_files import make_dataset
from support.imports import import_dataset
from support.journaal import write_entries
from support.portal_school import PASSWORD
from support.school_builder import KLANTCODE, SchoolBuilder, add_vestiging, quick_hash
from support.server import Server, serving

from uwlr_adapter.client.pulling import PullRequest, pull
from uwlr_adapter.clock import day_of, now, schooljaar_of
from uwlr_adapter.contract.dataset import Groep, Leerling
from uwlr_adapter.db.database import Database
from uwlr_adapter.gebruikers.accounts import NewGebruiker
from uwlr_adapter.gebruikers.tables import GebruikerRol
from uwlr_adapter.journaal.model import RefusalReason, VerzoekEntry
from uwlr_adapter.keys.server_keys import ServerKeys
from uwlr_adapter.settings import Settings

PLACES = [f"{number}QW00" for number in range(10, 40)]
PAUSED, REFUSED, WAITING = PLACES[3], PLACES[17], PLACES[29]
CODE = "Ygr67BfgKl!gr8"


@dataclass(frozen=True)
class Board:
    """The thirty schools, served."""

    server: Server
    schooljaar: str

    def fetch(self, brin6: str, code: str) -> str:
        """Fetch a school as its platform does; return the outcome."""
        question = PullRequest("Snappet", KLANTCODE, code, brin6[:4], brin6[4:], self.schooljaar)
        return pull(self.server.endpoint, question, allow_private=True).outcome


def furnish(data: Path) -> str:
    """Make thirty schools with Snappet, three of which need attention; return the present school year."""
    settings, present = Settings(data=data), now()
    database = Database(settings.database_url)
    make_tables(database)
    begin, year = present - timedelta(days=20), schooljaar_of(day_of(present))
    then = SchoolBuilder(database, ServerKeys.from_settings(settings, database), moment=begin)
    leerling = Leerling("l1", roepnaam="Zoë", geboortedatum="2018-03-14", groep="g1")
    with then.transaction() as connection:
        for number, brin6 in enumerate(PLACES):
            add_vestiging(connection, brin6, f"School {number + 1}")
        then.add_afnemer("Snappet", KLANTCODE)
        then.add_afnemer("Basispoort")
        koppelingen = {brin6: then.activate("snappet", brin6, f"{brin6}{CODE}") for brin6 in PLACES}
        user = NewGebruiker("bestuur", "D. Bestuur", GebruikerRol.BESTUUR, tuple(PLACES), needs_totp=False)
        then.add_gebruikers((user,), quick_hash(PASSWORD), {})
        for brin6, koppeling in koppelingen.items():
            entry = VerzoekEntry(present - timedelta(hours=8), "HaalLeerlinggegevens", koppeling.afnemer_id or 0)
            entry.outcome, entry.koppeling_id, entry.brin6, entry.leerlingen = (
                "leerlinggegevens",
                koppeling.id,
                brin6,
                9,
            )
            if brin6 == REFUSED:
                entry.outcome, entry.reason = "Client.AutorisatieOngeldig", RefusalReason.WRONG_CODE
            write_entries(connection, entry)
    import_dataset(
        database,
        make_dataset([leerling], groepen=[Groep("groep", "g1", "1a", "1")], brin6=PAUSED, schooljaar=year),
        moment=present,
    )
    then.pause(koppelingen[PAUSED], moment=present - timedelta(days=1))
    replace(then, moment=present).enter_code(koppelingen[WAITING], f"{WAITING}een-andere-code")
    database.close()
    return year


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    """Serve the schools."""
    data = tmp_path_factory.mktemp("board") / "data"
    year = furnish(data)
    with serving(data) as server:
        yield Board(server, year)


@pytest.fixture
def page(browser: Browser, board: Board, watch: BrowserWatch) -> Iterator[Page]:
    """Yield a window of the board."""
    base = board.server.endpoint.partition("/uwlr")[0]
    context = browser.new_context(base_url=base, locale="nl-NL", viewport={"width": 1240, "height": 900})
    context.set_default_timeout(WAIT)
    watch.watch(context)
    opened = context.new_page()
    log_in(opened, base, "bestuur")
    yield opened
    context.close()


def names(page: Page) -> list[str]:
    """Return the vestigingen that the list shows."""
    return page.locator("tbody th a").all_inner_texts()


def test_three_of_thirty(page: Page, board: Board) -> None:
    """Two clicks lead to those that need attention, the next one to the step; after it there are two."""
    page.goto("/koppelingen/")
    assert len(names(page)) == 30
    expect(page.locator(".getallen")).to_contain_text("3 vestigingen vragen aandacht")
    page.get_by_role("link", name="vestigingen vragen aandacht").click()
    assert names(page) == ["School 18", "School 30", "School 4"]
    row = page.locator("tbody tr", has_text="School 4")
    expect(row).to_contain_text("Gepauzeerd")
    row.get_by_role("link", name="Vul een verificatiecode in om de uitwisseling te hervatten.").click()
    page.get_by_role("textbox", name="Verificatiecode").fill(f"{PAUSED}{CODE}")
    page.get_by_role("button", name="Gereed", exact=True).click()
    expect(page.locator("main")).to_contain_text("Wacht op Snappet")
    assert board.fetch(PAUSED, f"{PAUSED}{CODE}") == "leerlinggegevens"
    page.get_by_role("link", name="Vestigingen").first.click()
    page.get_by_label("Alleen wat aandacht nodig heeft").check()
    page.get_by_role("button", name="Zoeken").click()
    assert names(page) == ["School 18", "School 30"]


def test_one_platform_at_many(page: Page) -> None:
    """Two are ticked and activated at once; the codes stand on the page once, also after going back and forth."""
    page.goto("/koppelingen/?zoek=School+2")
    page.get_by_label("Kies School 2 (").check()
    page.get_by_label("Kies School 20 (").check()
    page.get_by_label("Koppeling", exact=True).select_option("basispoort")
    page.get_by_role("button", name="Activeren").click()
    expect(page.locator("h1")).to_have_text("Basispoort activeren bij 2 vestigingen")
    page.get_by_label("Voor akkoord").check()
    page.get_by_role("button", name="Gereed").click()
    expect(page.locator("h1")).to_have_text("Basispoort: 2 vestigingen geactiveerd")
    codes = page.locator("tbody code").all_inner_texts()
    assert [code[:6] for code in codes] == [PLACES[1], PLACES[19]]
    page.reload()
    expect(page.locator("h1")).to_have_text("Uw vestigingen")
    assert not any(code in page.content() for code in codes)
    page.goto("/koppelingen/?zoek=School+2&platform=basispoort")
    assert names(page) == ["School 2", "School 20"]
