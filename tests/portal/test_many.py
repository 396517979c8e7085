"""A user of several vestigingen: finds those that need attention, and acts on one koppeling at many of them."""

import re
from datetime import timedelta
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa
from support.edexml_files import make_dataset
from support.imports import import_dataset
from support.portal_browser import Browser, Page, Portal

from uwlr_adapter.clock import to_utc
from uwlr_adapter.contract.dataset import Groep, Leerling
from uwlr_adapter.gebruikers import access, accounts
from uwlr_adapter.gebruikers.tables import GebruikerRol
from uwlr_adapter.jobs.lease import Lease
from uwlr_adapter.jobs.registry import JOBS
from uwlr_adapter.jobs.work import run_now
from uwlr_adapter.journaal.model import Act
from uwlr_adapter.journaal.tables import journaal
from uwlr_adapter.koppelingen import afnemers, verdict_counts, verificatiecode
from uwlr_adapter.koppelingen.tables import koppeling, voorwaarden
from uwlr_adapter.portal.forms import MAX_NAAM_PART
from uwlr_adapter.portal.vestigingen import PER_PAGE
from uwlr_adapter.web.bounds import MAX_FIELDS, MAX_PATH

BEGIN = "/koppelingen/vestigingen"
FIRST, SECOND, FOREIGN = "21QW00", "21QW01", "30AB00"
BOTH = f"v{FIRST}=1&v{SECOND}=1"


@pytest.fixture
def board(portal: Portal) -> Browser:
    """Return a browser of the board of two vestigingen."""
    return portal.browser("bestuur")


def activate(board: Browser, places: str = BOTH, entry: str = "snappet", **fields: str) -> Page:
    """Activate a koppeling at some vestigingen."""
    return board.submit(f"{BEGIN}/activeren?koppeling={entry}&{places}", akkoord="ja", **fields)


def codes(page: Page) -> dict[str, str]:
    """Return the codes of the list, by vestiging."""
    rows = page.tree.xpath("//table[contains(@class, 'eenmalige-codes')]/tbody/tr")
    return {row.xpath("td[1]/text()")[0]: row.xpath("td[2]/code/text()")[0] for row in rows}


def acts(portal: Portal) -> list[tuple[str, str, str]]:
    """Return the acts in the journaal: what, where and by whom."""
    table = journaal.c
    query = sa.select(table.act, table.brin6, table.actor).where(table.kind == "koppeling").order_by(table.id)
    with portal.database.reading() as connection:
        return [tuple(row) for row in connection.execute(query)]


def found(board: Browser, query: str = "") -> list[str]:
    """Return the vestigingen that the list shows."""
    return [str(one)[1:] for one in board.get(f"/koppelingen/{query}").tree.xpath("//td[@class='kies']/input/@name")]


def test_the_list_is_searched_and_filtered(portal: Portal, board: Browser) -> None:
    """By number, verdict, platform and attention; a link leads to the step, and the totals stay those of all."""
    activate(board, f"v{FIRST}=1")
    assert found(board) == [FIRST, SECOND]
    assert found(board, "?zoek=qw01") == [SECOND]
    assert found(board, "?aandacht=ja") == [FIRST]
    assert found(board, "?oordeel=wacht&platform=snappet") == [FIRST]
    assert found(board, "?oordeel=gepauzeerd") == []
    page = board.get("/koppelingen/?zoek=qw01")
    assert "2 vestigingen 1 koppeling met gegevens 1 vestiging vraagt aandacht" in page.text
    assert "1 vestiging gevonden" in page.text
    assert "/koppelingen/21QW00/koppeling/1" in board.get("/koppelingen/").tree.xpath("//ul[@class='zaken']//a/@href")
    page = board.get("/koppelingen/?oordeel=verzonnen")
    assert (page.status, page.tree.xpath("//td[@class='kies']")) == (200, [])
    assert "er is niets gezocht" in page.text


def test_a_large_scope_says_of_when_it_is(portal: Portal, board: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its totals are those of the notes, with their moment; what is neither noted nor judged is counted apart."""
    activate(board)
    monkeypatch.setattr(verdict_counts, "MAX_JUDGED", 1)
    assert "Nog niet beoordeeld: 1" in board.get("/koppelingen/").text
    noted = run_now(JOBS["verdicts"], portal.database, portal.settings, Lease("verdicts", "a"), moment=portal.clock())
    assert noted is not None
    portal.clock.moment += timedelta(minutes=20)
    page = board.get("/koppelingen/")
    assert "Stand van 25-11-2026 10:30" in page.text
    assert "Wacht op de leverancier: 2" in page.text
    assert "Nog niet beoordeeld" not in page.text
    portal.browser("school").submit("/koppelingen/21QW00/koppeling/1/pauzeren")
    page = board.get("/koppelingen/?oordeel=gepauzeerd")
    assert "Gepauzeerd: 1" in page.text
    assert "Snappet: Gepauzeerd" in page.text


def test_a_whole_page_of_ticks_fits_in_a_query() -> None:
    """Every vestiging of a page is ticked beside the longest search: within the bounds on a query."""
    ticks = {f"v21QW{number:02}": "1" for number in range(PER_PAGE)}
    search = {"zoek": "é" * MAX_NAAM_PART, "oordeel": "leverancier geblokkeerd", "platform": "x" * 40, "aandacht": "ja"}
    query = urlencode({**ticks, **search, "koppeling": "x" * 40, "alle": "ja"})
    assert len(query) <= MAX_PATH
    assert query.count("&") < MAX_FIELDS


@pytest.mark.parametrize("query", ["na=0.30AB00", "na=x", "na=-1.21QW00", "voor=0.", f"na={'9' * 40}.21QW00"])
def test_a_key_that_is_none(board: Browser, query: str) -> None:
    """A key of elsewhere, or text that is no key, is that of the first page."""
    assert found(board, f"?{query}") == [FIRST, SECOND]
    assert found(board, f"?na=0.{FIRST}") == [SECOND]
    assert found(board, f"?voor=0.{SECOND}") == [FIRST]


def test_the_list_as_a_file(portal: Portal, board: Browser) -> None:
    """A line for each koppeling, and one for a vestiging without any; a name is never a formula."""
    activate(board, f"v{FIRST}=1")
    with portal.database.writing() as connection:
        connection.execute(sa.text("UPDATE vestiging SET naam = '=1+1' WHERE brin6 = '21QW01'"))
    lines = board.get(f"{BEGIN}/lijst.csv").body.splitlines()
    assert lines[0].startswith("\ufeffVestiging;BRIN- en vestigingsnummer;Koppeling;Stand")
    assert sorted(line.split(";")[:4] for line in lines[1:]) == [
        ["'=1+1", SECOND, "", ""],
        [FIRST, FIRST, "Snappet", "Wacht op Snappet"],
    ]
    assert len(board.get(f"{BEGIN}/lijst.csv?aandacht=ja").body.splitlines()) == 2
    assert board.get(f"{BEGIN}/lijst.csv?oordeel=verzonnen").status == 400


def test_one_platform_at_many(portal: Portal, board: Browser) -> None:
    """One akkoord, an act and a code of its own at each vestiging; the codes stand on this page and nowhere else."""
    page = activate(board)
    made = codes(page)
    assert made.keys() == {FIRST, SECOND}
    assert all(verificatiecode.broken_rules(code, brin6) == () for brin6, code in made.items())
    assert made[FIRST][6:] != made[SECOND][6:]
    assert acts(portal) == [(Act.ACTIVATED, FIRST, "bestuur"), (Act.ACTIVATED, SECOND, "bestuur")]
    with portal.database.reading() as connection:
        names = set(connection.scalars(sa.select(koppeling.c.akkoord_naam)))
    assert names == {"D. Bestuur"}
    for path in ("/koppelingen/", "/koppelingen/21QW00", "/koppelingen/21QW00/koppeling/1", f"{BEGIN}/lijst.csv"):
        assert not any(code in board.get(path).body for code in made.values()), path
    assert not any(code[6:] in " ".join(board.set_cookies) for code in made.values())


def test_a_form_that_is_sent_twice(portal: Portal, board: Browser) -> None:
    """The second answer is that of the first, with the same codes; nothing is done twice, and nobody else gets it."""
    form = board.get(f"{BEGIN}/activeren?koppeling=snappet&{BOTH}").fields() | {"akkoord": "ja"}
    first, second = board.post(f"{BEGIN}/activeren", form), board.post(f"{BEGIN}/activeren", form)
    assert codes(first) == codes(second) != {}
    assert len(acts(portal)) == 2
    page = board.get(f"{BEGIN}/activeren?koppeling=snappet&{BOTH}")
    assert "Bij geen van deze vestigingen is er iets te activeren" in page.text
    assert codes(board.post(f"{BEGIN}/activeren", form | {"zaad": verificatiecode.make_seed()})) == {}


def test_who_cannot_is_named(portal: Portal, board: Browser) -> None:
    """Those that have it already are left out by name, also when they got it after the page was shown."""
    activate(board, f"v{FIRST}=1")
    page = board.get(f"{BEGIN}/activeren?koppeling=snappet&{BOTH}")
    assert "Is al geactiveerd." in page.text
    form = page.fields()
    assert form["keuze"] == SECOND
    activate(portal.browser("bestuur"), f"v{SECOND}=1")
    late = board.post(f"{BEGIN}/activeren", form | {"akkoord": "ja"})
    assert codes(late) == {}
    assert "Niet geactiveerd" in late.text
    assert "Deze koppeling is al geactiveerd" in late.text


def test_a_colleague_was_first(portal: Portal, board: Browser) -> None:
    """A koppeling without a code that somebody else activated meanwhile is no act of this form."""
    form = board.get(f"{BEGIN}/activeren?koppeling=ouderportaal-basis&{BOTH}").fields() | {"akkoord": "ja"}
    first = portal.browser("school").submit(
        "/koppelingen/21QW00/activeren/ouderportaal-basis", naam="A", akkoord="ja", actie="gereed"
    )
    assert first.status == 303
    page = board.post(f"{BEGIN}/activeren", form)
    assert page.h1.endswith(": 1 vestiging geactiveerd")
    assert "Deze koppeling is al geactiveerd" in page.text
    assert [one[1:] for one in acts(portal)] == [(FIRST, "school"), (SECOND, "bestuur")]


def test_all_that_are_found(board: Browser) -> None:
    """The whole of a search is chosen by one tick, also when none of it is ticked."""
    page = board.get(f"{BEGIN}/activeren?koppeling=snappet&alle=ja&zoek=qw01")
    assert page.fields()["keuze"] == SECOND


@pytest.mark.parametrize(
    "fields",
    [{"akkoord": "", "naam": ""}, {"startdatum": "2020-01-01"}, {"gezien": "x" * 64}],
    ids=["no akkoord", "a day that is past", "other terms"],
)
def test_what_is_filled_in_wrongly(portal: Portal, board: Browser, fields: dict[str, str]) -> None:
    """The form comes back with its choice, and nothing is done."""
    form = board.get(f"{BEGIN}/activeren?koppeling=snappet&{BOTH}").fields() | {"akkoord": "ja"} | fields
    page = board.post(f"{BEGIN}/activeren", {name: value for name, value in form.items() if value})
    assert (page.status, acts(portal)) == (422, [])
    assert page.fields()["keuze"] == f"{FIRST}.{SECOND}"
    assert page.fields()["zaad"] == form["zaad"]


def test_a_vestiging_of_somebody_else(portal: Portal, board: Browser) -> None:
    """In a query or in a form, it is a page that does not exist, and nothing is done at the others."""
    form = board.get(f"{BEGIN}/activeren?koppeling=snappet&{BOTH}").fields() | {"akkoord": "ja"}
    for act in ("activeren", "pauzeren", "beeindigen"):
        assert board.get(f"{BEGIN}/{act}?koppeling=snappet&v{FIRST}=1&v{FOREIGN}=1").status == 404
    assert board.post(f"{BEGIN}/activeren", form | {"keuze": f"{FIRST}.{FOREIGN}"}).status == 404
    assert acts(portal) == []
    activate(board, f"v{FIRST}=1")
    activate(board, f"v{FIRST}=1", entry="basispoort")
    fields = {"naam": "C", "akkoord": "ja", "verificatiecode": f"{FOREIGN}Ygr67BfgKl!gr8", "actie": "gereed"}
    assert portal.browser("andere").submit(f"/koppelingen/{FOREIGN}/activeren/snappet", **fields).status == 200
    before = acts(portal)
    for keuze in ("1-1.3-1", "3-1", "1-1.2-1", "1-1.9-1"):  # of another school, of another platform, and of nothing
        for act in ("pauzeren", "beeindigen", "akkoord"):
            page = board.post(f"{BEGIN}/{act}", form | {"keuze": keuze, "bevestiging": "Snappet"})
            assert page.status == 404, (act, keuze)
    assert acts(portal) == before


def test_a_form_without_a_choice(portal: Portal, board: Browser) -> None:
    """It leads back to the list, and says so; so does one that names more than an act takes."""
    form = board.get(f"{BEGIN}/activeren?koppeling=snappet&{BOTH}").fields()
    too_many = ".".join(f"{number}-1" for number in range(1, 102))
    for keuze in ("", "21QW00,21QW01", "x", "1-1.", "21QW00\n", too_many):
        for act in ("activeren", "pauzeren", "beeindigen", "akkoord"):
            page = board.post(f"{BEGIN}/{act}", form | {"akkoord": "ja", "keuze": keuze})
            assert page.status == 303, (act, keuze)
            assert "Kies opnieuw; er is niets gedaan." in board.follow(page).text, (act, keuze)
    assert acts(portal) == []


def test_a_choice_of_nothing(board: Browser) -> None:
    """Without a vestiging, or without a koppeling that can be activated, there is nothing to ask."""
    for query in ("", "koppeling=snappet", BOTH, f"koppeling=verzonnen&{BOTH}"):
        page = board.get(f"{BEGIN}/activeren?{query}")
        assert page.status == 303
        assert "Vink eerst vestigingen aan" in board.follow(page).text


def test_a_platform_that_is_switched_off(portal: Portal, board: Browser) -> None:
    """The page says that it is not available; a form that comes too late names each vestiging."""
    form = board.get(f"{BEGIN}/activeren?koppeling=snappet&{BOTH}").fields() | {"akkoord": "ja"}
    with portal.database.writing() as connection:
        afnemers.disable(connection, "Snappet", portal.clock(), actor="cli:proef")
    late = board.post(f"{BEGIN}/activeren", form)
    assert late.text.count("nog niet beschikbaar") == 2
    page = board.get(f"{BEGIN}/activeren?koppeling=snappet&{BOTH}")
    assert "nog niet beschikbaar" in board.follow(page).text


def test_pausing_many(portal: Portal, board: Browser) -> None:
    """The effect comes first, in numbers; who is paused already is named, and a second sending says the same."""
    leerling = Leerling("l", roepnaam="Zoë", geboortedatum="2018-03-14", groep="g1")
    import_dataset(portal.database, make_dataset([leerling], groepen=[Groep("groep", "g1", "1a", "1")], brin6=FIRST))
    activate(board)
    portal.clock.moment += timedelta(minutes=1)
    page = board.get(f"{BEGIN}/pauzeren?koppeling=snappet&{BOTH}")
    assert "krijgt nu van 1 vestiging 1 leerling, daarna niets meer" in page.text
    assert "houdt wat het al heeft; vraag zelf om verwijdering" in page.text
    form = page.fields()
    first, second = board.post(f"{BEGIN}/pauzeren", form), board.post(f"{BEGIN}/pauzeren", form)
    assert first.h1 == second.h1 == "Snappet: 2 vestigingen gepauzeerd"
    assert [one[0] for one in acts(portal)] == [Act.ACTIVATED] * 2 + [Act.PAUSED] * 2
    assert board.get(f"{BEGIN}/pauzeren?koppeling=snappet&{BOTH}").text.count("Is al gepauzeerd.") == 2


def test_somebody_else_was_first(portal: Portal, board: Browser) -> None:
    """A koppeling that changed meanwhile is left as it is, and named; the others are done."""
    activate(board)
    form = board.get(f"{BEGIN}/pauzeren?koppeling=snappet&{BOTH}").fields()
    portal.browser("school").submit("/koppelingen/21QW00/koppeling/1/pauzeren")
    page = board.post(f"{BEGIN}/pauzeren", form)
    assert page.h1 == "Snappet: 1 vestiging gepauzeerd"
    assert "Iemand anders heeft deze koppeling zojuist gewijzigd" in page.text
    assert [one[1:] for one in acts(portal)][2:] == [(FIRST, "school"), (SECOND, "bestuur")]


def test_ending_many(portal: Portal, board: Browser) -> None:
    """It asks for the name of the koppeling; another name does nothing, and keeps the choice."""
    activate(board)
    page = board.get(f"{BEGIN}/beeindigen?koppeling=snappet&{BOTH}")
    wrong = board.submit_page(page, bevestiging="Basispoort")
    assert (wrong.status, wrong.errors("bevestiging")) == (422, ["Typ ter bevestiging: Snappet"])
    form = wrong.fields() | {"bevestiging": " snappet "}
    assert board.post(f"{BEGIN}/beeindigen", form).h1 == "Snappet: 2 vestigingen beëindigd"
    assert board.post(f"{BEGIN}/beeindigen", form).h1 == "Snappet: 2 vestigingen beëindigd"
    assert [one[0] for one in acts(portal)] == [Act.ACTIVATED] * 2 + [Act.ENDED] * 2
    assert "Heeft deze koppeling niet." in board.get(f"{BEGIN}/beeindigen?koppeling=snappet&{BOTH}").text


def test_one_akkoord_for_all_that_wait(portal: Portal, board: Browser) -> None:
    """The difference is shown, also to those who agreed to different versions; each vestiging has its own entry."""
    activate(board, entry="ouderportaal-basis")
    with portal.database.writing() as connection:
        older = {"akkoord_voorwaarden": "ouderportaal-0", "akkoord_tekst": "ouder"}
        connection.execute(koppeling.update().where(koppeling.c.brin6 == FIRST).values(older))
        connection.execute(
            koppeling.update().where(koppeling.c.brin6 == SECOND).values(akkoord_voorwaarden="ouderportaal-00")
        )
        text = {"digest": "ouder", "terms_id": "ouderportaal", "versie": "ouderportaal-0", "tekst": "1. Verouderd."}
        connection.execute(voorwaarden.insert().values(**text, since=to_utc(portal.clock())))
    page = board.get("/koppelingen/")
    assert "Van 2 koppelingen met" in page.text
    (link,) = page.tree.xpath(f"//a[starts-with(@href, '{BEGIN}/akkoord')]/@href")
    page = board.get(link)
    assert "Verouderd." in page.text
    assert re.search(r"versie ouderportaal-00 is hier niet te vergelijken", page.text)
    form = page.fields() | {"akkoord": "ja"}
    assert board.submit_page(page, naam="").status == 422
    assert board.post(f"{BEGIN}/akkoord", form | {"gezien": ""}).status == 409
    first, second = board.post(f"{BEGIN}/akkoord", form), board.post(f"{BEGIN}/akkoord", form)
    assert first.h1 == second.h1
    assert "2 vestigingen opnieuw akkoord" in first.h1
    assert [one[0] for one in acts(portal)][2:] == [Act.AKKOORD_RENEWED] * 2
    assert "wacht er niets op akkoord" in board.follow(board.get(link)).text


def test_what_waits_for_who_acts_for_one_and_reads_another(portal: Portal) -> None:
    """There is no page of many for that user: the link is to the vestiging itself."""
    with portal.database.writing() as connection:
        access.place(connection, accounts.get(connection, "school").id, SECOND, GebruikerRol.LEZER)
    browser = portal.browser("school")
    browser.submit(f"/koppelingen/{FIRST}/activeren/ouderportaal-basis", naam="A", akkoord="ja")
    with portal.database.writing() as connection:
        connection.execute(koppeling.update().values(akkoord_voorwaarden="ouderportaal-0"))
    page = browser.get("/koppelingen/")
    assert "Van 1 koppeling met" in page.text
    (link,) = page.tree.xpath("//a[contains(., 'Lees')]/@href")
    assert browser.get(link).status == 200


def test_pages_of_several_are_not_for_one(portal: Portal) -> None:
    """A user of one vestiging goes straight to it, and has none of these pages."""
    browser = portal.browser("school")
    assert browser.get("/koppelingen/").location == "/koppelingen/21QW00/"
    for page in ("lijst.csv", "activeren", "pauzeren", "beeindigen", "akkoord"):
        assert browser.get(f"{BEGIN}/{page}").status == 404
