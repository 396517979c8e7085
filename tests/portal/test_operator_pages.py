"""The pages of operators: the start, schools, afnemers, imports, jobs and mails. No leerling stands on any of them."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from support import canaries
from support.canaries import canary
from support.edexml_files import make_dataset
from support.imports import import_dataset
from support.journaal import write_entries
from support.portal_browser import CODE, MOMENT, Browser, Page, Portal
from support.school_builder import SchoolBuilder

from uwlr_adapter.administratie.importing import not_taken
from uwlr_adapter.administratie.model import ImportRefusedError, Problem, Severity
from uwlr_adapter.administratie.tables import vestiging
from uwlr_adapter.clock import to_utc
from uwlr_adapter.contract.dataset import Leerling
from uwlr_adapter.db.database_clock import database_clock
from uwlr_adapter.jobs import lease
from uwlr_adapter.jobs.lease import Lease
from uwlr_adapter.jobs.registry import JOBS
from uwlr_adapter.jobs.schedule import RunOutcome
from uwlr_adapter.jobs.tables import job
from uwlr_adapter.jobs.work import run_now
from uwlr_adapter.journaal.model import RefusalReason, VerzoekEntry
from uwlr_adapter.keys.server_keys import ServerKeys
from uwlr_adapter.koppelingen.tables import afnemer
from uwlr_adapter.mail.tables import mail
from uwlr_adapter.portal import operator_afnemers, operator_imports, operator_mail, operator_schools

BEHEER = "/koppelingen/beheer"
REFUSED = "Client.AutorisatieOngeldig"
NIGHT = MOMENT - timedelta(hours=7)
"""02:30 UTC, which is 03:30 in Amsterdam."""
YEAR = "2026-2027"


def builder_of(portal: Portal, moment: datetime = MOMENT - timedelta(days=10)) -> SchoolBuilder:
    """Return a builder for what schools did ten days ago."""
    return SchoolBuilder(portal.database, ServerKeys.from_settings(portal.settings, portal.database), moment=moment)


def call(
    portal: Portal,
    moment: datetime,
    reason: RefusalReason | None = None,
    *,
    brin6: str = "21QW00",
    koppeling_id: int | None = 1,
    afnemer_id: int = 1,
    repairs: tuple[str, ...] = (),
) -> None:
    """Write a call in the journaal: answered, or refused for a reason."""
    outcome = "leerlinggegevens" if reason is None else REFUSED
    entry = VerzoekEntry(moment, "HaalLeerlinggegevens", afnemer_id, repairs, outcome, reason, koppeling_id)
    entry.brin6 = brin6
    with portal.database.writing() as connection:
        write_entries(connection, entry)


@pytest.fixture
def busy(portal: Portal) -> Portal:
    """Return a portal in which each kind of matter needs the operator once.

    21QW00 is refused, 21QW01 could not be imported, 30AB00 has a question; Snappet is silent everywhere else.
    """
    builder = builder_of(portal)
    builder.activate("snappet", "21QW00", CODE)
    builder.activate("basispoort", "30AB00", "30AB00Ygr67BfgKl!gr8")
    call(portal, NIGHT - timedelta(days=2))
    for hours in (24, 0):
        call(portal, NIGHT - timedelta(hours=hours), RefusalReason.WRONG_CODE, repairs=("witruimte", "leeg"))
    call(portal, NIGHT - timedelta(days=9), brin6="30AB00", koppeling_id=2, afnemer_id=2)
    for roepnaam in ("Zoë", "Bo"):
        import_dataset(portal.database, make_dataset([Leerling("l", roepnaam=roepnaam)], brin6="30AB00"))
    with portal.database.writing() as connection:
        wrong = ImportRefusedError([Problem(0, "x", "too few", Severity.REFUSED, flag="--accept-drop")])
        not_taken.record(connection, [("21QW01", YEAR)], wrong, MOMENT - timedelta(days=1))
        lease.ask(connection, "staleness", "operator", database_clock(connection))
        values = {"outcome": RunOutcome.FAILED, "ended_at": to_utc(MOMENT), "started_at": to_utc(MOMENT)}
        connection.execute(job.update().where(job.c.name == "staleness").values({**values, "asked_at": None}))
        queued = {"cause": "act:1", "address": "beheer@school.nl", "subject": "s", "message_id": "m", "tries": 2}
        failed = {"created_at": to_utc(MOMENT), "failure": "adres onbekend", "brin6": "21QW00"}
        connection.execute(mail.insert().values(queued | failed))
    builder.add_afnemer("Elders")
    run_now(JOBS["calls"], portal.database, portal.settings, Lease("calls", "a"), moment=MOMENT)
    return portal


@pytest.fixture
def operator(busy: Portal) -> Browser:
    """Return a browser of an operator there."""
    return busy.browser("operator")


def rows(page: Page) -> list[str]:
    """Return the heading of each row of the main table."""
    found = page.tree.xpath("//main//table[not(ancestor::details)]/tbody//th")
    return [" ".join(one.text_content().split()) for one in found]


def numbers(page: Page) -> dict[str, tuple[int, str]]:
    """Return what needs the operator: the number, and where it leads."""
    found = {}
    for one in page.tree.xpath("//ul[@class='getallen']/li"):
        number, _, words = " ".join(one.text_content().split()).partition(" ")
        found[words] = (int(number), one.find("a").get("href"))
    return found


LISTED = {
    "Scholen met een weigering": ["school 21QW00"],
    "Scholen met verouderde gegevens": ["school 21QW01"],
    "Scholen met vragen over personen": ["school 30AB00"],
    "Afnemers met een storing": ["Basispoort"],
    "Afnemers buiten de catalogus": ["Elders"],
    "Koppelingen zonder afnemer": None,
    "Taken die mislukken": None,
    "Mails die niet aankomen": ["1"],
}


def test_each_number_leads_to_what_it_counts(busy: Portal, operator: Browser) -> None:
    """The number on the start is that of the list behind it, and the list has just those."""
    names = _names(busy)
    found = numbers(operator.get(BEHEER))
    assert list(found) == list(LISTED)
    for words, expected in LISTED.items():
        number, url = found[words]
        page = operator.get(url)
        assert page.status == 200
        assert number == 1, words
        if expected is not None:
            assert rows(page) == [names.get(one.removeprefix("school "), one) for one in expected], words
    assert "UWLR-4D" in operator.get(found["Koppelingen zonder afnemer"][1]).text
    assert operator.get(found["Taken die mislukken"][1]).text.count("Mislukt") == 1


def _names(portal: Portal) -> dict[str, str]:
    with portal.database.reading() as connection:
        return {row.brin6: row.naam for row in connection.execute(sa.select(vestiging))}


def test_nothing_needs_attention(portal: Portal) -> None:
    """A number that is nothing is not shown; only the catalogue has a name without an afnemer here."""
    page = portal.browser("operator").get(BEHEER)
    assert list(numbers(page)) == ["Koppelingen zonder afnemer"]


@pytest.mark.parametrize(
    ("text", "schools", "klantnamen"),
    [
        ("ECOLE zuid", ["21QW01"], []),
        ("21qw", ["21QW00", "21QW01"], []),
        ("30AB00", ["30AB00"], []),
        ("snap", [], ["Snappet"]),
        ("%", [], []),
        ("niets", [], []),
    ],
)
def test_one_search(busy: Portal, operator: Browser, text: str, schools: list[str], klantnamen: list[str]) -> None:
    """Schools by name or number, and afnemers by klantnaam; neither case nor diacritics matter."""
    with busy.database.writing() as connection:
        connection.execute(vestiging.update().where(vestiging.c.brin6 == "21QW01").values(naam="École Zuid"))
    page = operator.submit(BEHEER, 0) if not text else operator.get(f"{BEHEER}?zoek={text.replace(' ', '+')}")
    links = [link.get("href").rpartition("/") for link in page.tree.xpath("//ul[@class='links']//a")]
    if text == "%":
        assert len([one for one in links if one[0].endswith("scholen")]) == len(_names(busy)), "a sign is no pattern"
        return
    assert sorted(place for begin, _, place in links if begin.endswith("scholen")) == schools
    texts = [link.text for link in page.tree.xpath("//section[@aria-labelledby='afnemers']//ul[@class='links']//a")]
    assert texts == klantnamen


def test_the_filters_of_the_schools(busy: Portal, operator: Browser) -> None:
    """Each finds its schools; an unknown word is none, and a text that is too long is an error."""
    names = _names(busy)

    def found(query: str) -> set[str]:
        by_name = {naam: brin6 for brin6, naam in names.items()}
        return {by_name[one] for one in rows(operator.get(f"{BEHEER}/scholen?{query}"))}

    assert found("") == set(names)
    assert found("oordeel=geweigerd") == {"21QW00"}
    assert found("oordeel=geweigerd&platform=basispoort") == set()
    assert found("platform=basispoort") == {"30AB00"}
    assert found("platform=weg-uit-de-catalogus") == set()
    assert found("toon=zonder-koppeling") == {"21QW01"}
    assert found("toon=aandacht") == {"21QW00", "30AB00"}
    assert found("toon=verzonnen&oordeel=verzonnen&volgorde=verzonnen") == set(names)
    page = operator.get(f"{BEHEER}/scholen?zoek={'x' * 101}")
    assert page.errors("zoek") == ["Vul maximaal 100 tekens in."]
    assert "er is niets gezocht" in page.text


def walk(browser: Browser, path: str, link: str) -> Iterator[Page]:
    """Yield the pages of a list, each behind a link of the one before."""
    page = browser.get(path)
    while True:
        yield page
        following = page.tree.xpath(f"//main//a[normalize-space()='{link}']/@href")
        if not following:
            return
        page = browser.get(following[0])


@pytest.mark.parametrize("order", ["", "volgorde=aandacht"])
def test_the_pages_of_the_schools(busy: Portal, operator: Browser, order: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every school stands on one page, going on and going back; a key of nothing is the first page."""
    monkeypatch.setattr(operator_schools, "PER_PAGE", 1)
    onward = list(walk(operator, f"{BEHEER}/scholen?{order}", "Volgende"))
    assert sorted(one for page in onward for one in rows(page)) == sorted(_names(busy).values())
    back = list(walk(operator, onward[-1].path, "Vorige"))
    assert [rows(page) for page in back] == [rows(page) for page in onward][::-1]
    for key in ("x", "0-99ZZ99", "-1-21QW00", "99999-21QW00"):
        assert rows(operator.get(f"{BEHEER}/scholen?{order}&na={key}")) == rows(onward[0])


def refusals(page: Page) -> list[list[str]]:
    """Return the cells of the table that says why fetches are refused."""
    found = page.tree.xpath("//section[@aria-labelledby='geweigerd']//tbody/tr")
    return [[" ".join(cell.text_content().split()) for cell in row] for row in found]


def test_why_a_school_is_refused(busy: Portal, operator: Browser) -> None:
    """By which afnemer, for which reason, since when, and what to do; also who never had a koppeling there."""
    page = operator.get(f"{BEHEER}/scholen/21QW00")
    wrong = ["Snappet", "Verificatiecode onjuist Nog steeds", "2", "sinds 24-11-2026 03:30, laatst 25-11-2026 03:30"]
    (found,) = refusals(page)
    assert found[:4] == wrong
    assert found[4].startswith("De school vult bij de leverancier dezelfde verificatiecode in als hier")
    assert "Aan zet: de school." in page.text
    call(busy, NIGHT + timedelta(hours=1))
    call(busy, NIGHT + timedelta(hours=2), RefusalReason.NO_KOPPELING, koppeling_id=None, afnemer_id=2)
    first, second = refusals(operator.get(f"{BEHEER}/scholen/21QW00"))
    assert first[:2] == ["Basispoort", "De school heeft geen koppeling met deze leverancier Nog steeds"]
    assert second[1] == "Verificatiecode onjuist Niet meer"
    assert second[4] == "Niets."


def facts(page: Page) -> dict[str, str]:
    """Return the facts of a page: each term with what stands behind it."""
    found = page.tree.xpath("//dl[contains(@class, 'gegevens')]/div")
    return {one.find("dt").text: " ".join(one.find("dd").text_content().split()) for one in found}


def test_the_facts_of_a_school(operator: Browser) -> None:
    """Its records, what was not imported and why, its persons as numbers, its years, its address, its users."""
    asking = facts(operator.get(f"{BEHEER}/scholen/30AB00"))
    assert asking["Vragen over personen"] == "1 open vraag; de school beantwoordt ze"
    assert asking["Vastgehouden"] == "1 leerling en 0 leerkrachten"
    assert asking["Schooljaar 2026-2027"] == "1 leerling; wordt gedeeld"
    assert asking["Schooljaar 2027-2028"] == "0 leerlingen; wordt gedeeld vanaf 1 juli 2027"
    assert asking["Gebruikers"] == "2"
    waiting = facts(operator.get(f"{BEHEER}/scholen/21QW01"))
    assert waiting["Gegevens van"].startswith("er zijn geen gegevens Verouderd niet vernieuwd sinds 24 november 2026")
    assert "wacht op een antwoord (--accept-drop)" in waiting["Niet ingelezen"]
    assert waiting["Meldadres"] == "niet ingevuld"
    assert operator.get(f"{BEHEER}/scholen/99ZZ99").status == 404


def test_an_afnemer(operator: Browser) -> None:
    """The page has what its calls got, when they come, their repairs, and the verdicts with the schools behind them."""
    page = operator.get(f"{BEHEER}/afnemers/1")
    assert numbers(page) == {"Geweigerd": (1, "/koppelingen/beheer/scholen?oordeel=geweigerd&platform=snappet")}
    assert "Van de 3 verzoeken sinds" in page.text
    found = facts(page)
    assert found["Laatste verzoek"] == "25 november 2026 om 03:30 uur"
    assert found["Drukste uur"] == "3 tot 4 uur"
    assert found["Herstel van verzoeken"] == "witruimte: 2 keerleeg: 2 keer"
    assert rows(page) == ["Gegevens", "Geweigerd Verificatiecode onjuist"]
    warning = "Geen koppeling in de catalogus noemt deze klantnaam"
    assert warning in operator.submit(f"{BEHEER}/afnemers", klantnaam="snappet").text
    assert warning not in operator.submit(f"{BEHEER}/afnemers", klantnaam="UWLR-4D").text
    outside = operator.get(f"{BEHEER}/afnemers/3")
    assert warning in outside.text
    assert "Geen verzoek van Elders" in outside.text


def test_the_pages_of_the_afnemers(operator: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each stands on one page, whatever the size of it."""
    monkeypatch.setattr(operator_afnemers, "PER_PAGE", 2)
    pages = [rows(page) for page in walk(operator, f"{BEHEER}/afnemers", "Volgende")]
    assert pages == [["Basispoort", "Elders"], ["Snappet"]]
    last = operator.get(f"{BEHEER}/afnemers?toon=storing").tree.xpath("//td[@data-kop='Laatste verzoek']")
    assert [one.text for one in last] == ["16-11-2026 03:30"], "noted, though the end of the journaal has none"
    assert rows(operator.get(f"{BEHEER}/afnemers?toon=aandacht")) == ["Basispoort", "Snappet"]
    assert rows(operator.get(f"{BEHEER}/afnemers?toon=verzonnen")) == ["Basispoort", "Elders"]


def test_the_imports(operator: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest first, each on one page; of one school, with warnings, or what was not taken and why."""
    path = f"{BEHEER}/imports"
    page = operator.get(path)
    assert rows(page) == ["Import 2", "Import 1"]
    assert [one.text_content() for one in page.tree.xpath("//tbody//*[@class='brin']")] == ["30AB00", "30AB00"]
    assert rows(operator.get(f"{path}?school=30ab00")) == ["Import 2", "Import 1"]
    assert rows(operator.get(f"{path}?school=21QW")) == []
    assert rows(operator.get(f"{path}?toon=waarschuwingen")) == ["Import 2"]
    (row,) = operator.get(f"{path}?toon=niet-ingelezen").tree.xpath("//tbody/tr")
    assert "21QW01" in row.text_content()
    assert "--accept-drop" in operator.get(f"{path}?toon=wacht-op-antwoord&school=21QW").text
    assert rows(operator.get(f"{path}?toon=niet-ingelezen&school=30AB")) == []
    assert operator.get(f"{path}?school=De+Eik").errors("school")
    monkeypatch.setattr(operator_imports, "PER_PAGE", 1)
    monkeypatch.setattr(operator_imports, "PER_READ", 1)
    for query in ("", "?school=30AB00"):
        assert [rows(page) for page in walk(operator, path + query, "Oudere imports")] == [["Import 2"], ["Import 1"]]
    monkeypatch.setattr(operator_imports, "MAX_READ", 1)
    found = list(walk(operator, f"{path}?school=30AB01", "Oudere imports"))
    assert "Er zijn oudere imports waarin nog niet is gezocht." in found[0].text
    assert len(found) > 1


def test_the_years_that_were_not_taken(busy: Portal, operator: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each stands on one page, and those that wait for an answer are found past those that do not."""
    refused = ImportRefusedError([])
    with busy.database.writing() as connection:
        for year in ("", "2025-2026", YEAR):
            not_taken.record(connection, [("21QW00", year)], refused, MOMENT)
    monkeypatch.setattr(operator_imports, "PER_PAGE", 1)
    path = f"{BEHEER}/imports?toon=niet-ingelezen"
    years = [page.tree.xpath("//tbody/tr/td[1]")[0].text for page in walk(operator, path, "Volgende")]
    assert years == ["niet bekend", "2025-2026", YEAR, YEAR]
    assert "21QW01" in operator.get(f"{BEHEER}/imports?toon=wacht-op-antwoord").text
    assert "21QW00" not in operator.get(f"{BEHEER}/imports?toon=wacht-op-antwoord").text


def test_the_report_of_an_import(operator: Browser) -> None:
    """Counts by kind, and the warnings with their lines; another number is no page."""
    page = operator.get(f"{BEHEER}/imports/2")
    assert page.h1 == "Import 2"
    assert "leerlingen" in rows(page)
    assert "import questions" in page.text
    assert operator.get(f"{BEHEER}/imports/9").status == 404


def test_the_mails(busy: Portal, operator: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """Why they fail and what becomes of them, without the address; those of long ago are not there."""
    page = operator.get(f"{BEHEER}/mail")
    assert "Het adres bestaat niet" in page.text
    assert "Opgegeven" in page.text
    assert "beheer@school.nl" not in page.body
    with busy.database.writing() as connection:
        queued = {"address": "a@b.nl", "subject": "s", "message_id": "m"}
        for number, day, failure in ((2, 1, "later"), (3, 8, "later"), (4, 1, "vervallen"), (5, 2, "later")):
            created_at = to_utc(MOMENT - timedelta(days=day))
            connection.execute(
                mail.insert().values(cause=f"act:{number}", created_at=created_at, failure=failure, **queued)
            )
    monkeypatch.setattr(operator_mail, "PER_PAGE", 1)
    assert [rows(page) for page in walk(operator, f"{BEHEER}/mail", "Oudere mails")] == [["1"], ["2"], ["5"]]


def test_a_job_is_asked_for_once(busy: Portal, operator: Browser) -> None:
    """The question comes first; a form that is sent twice, and another operator, ask for nothing more."""
    path = f"{BEHEER}/taken/verdicts"
    page = operator.get(path)
    assert page.h1 == "Oordelen bijhouden nu uitvoeren?"
    assert "is gevraagd" in operator.follow(operator.submit_page(page)).text
    assert "was al gevraagd" in operator.follow(operator.submit_page(page)).text
    assert "gevraagd door operator" in operator.get(f"{BEHEER}/taken").text
    with busy.database.writing() as connection:
        now = database_clock(connection)
        assert Lease("verdicts", "a").claim(connection, lambda state, moment: state.is_asked(moment))
        assert lease.states(connection)["verdicts"].asked_at is None
        Lease("verdicts", "a").release(connection, RunOutcome.DONE, 3)
    assert "is intussen begonnen" in operator.follow(operator.submit_page(page)).text
    with busy.database.reading() as connection:
        assert not lease.states(connection)["verdicts"].is_asked(now)
    assert operator.get(f"{BEHEER}/taken/verzonnen").status == 404


def test_a_job_that_nobody_runs(busy: Portal, operator: Browser) -> None:
    """Without a process that runs jobs, the page says so after a while."""
    operator.submit(f"{BEHEER}/taken/verdicts")
    assert "wacht al enkele minuten" not in operator.get(f"{BEHEER}/taken").text
    with busy.database.writing() as connection:
        before = to_utc(database_clock(connection) - timedelta(minutes=5))
        connection.execute(job.update().where(job.c.name == "verdicts").values(asked_at=before))
    assert "wacht al enkele minuten" in operator.get(f"{BEHEER}/taken").text


def test_no_leerling_is_shown(portal: Portal) -> None:
    """Neither a name, a key nor an ECK-iD of a person stands on any page, also not in what an import warns of."""
    known = Leerling(canary("key"), roepnaam=canary("roepnaam"), achternaam=canary("achternaam"))
    other = known._replace(roepnaam=canary("ander"), achternaam=canary("vreemd"), geslacht="9")
    for leerling in (known, other):
        import_dataset(portal.database, make_dataset([leerling], brin6="21QW00"))
    builder_of(portal).activate("snappet", "21QW00", CODE)
    browser = portal.browser("operator")
    searched = canaries.Search()
    places = (
        "",
        "/scholen",
        "/scholen/21QW00",
        "/imports",
        "/imports/1",
        "/imports/2",
        "/afnemers/1",
        "/taken",
        "/mail",
    )
    for place in places:
        page = browser.get(BEHEER + place)
        assert page.status == 200
        searched.text(place, page.body)
    assert searched.hits == []


def test_only_operators_come_here(portal: Portal) -> None:
    """For anybody else, also of that school, the pages of operators are not there."""
    for login in ("school", "bestuur"):
        browser = portal.browser(login)
        for place in ("", "/scholen", "/scholen/21QW00", "/imports", "/taken", "/taken/purge", "/mail"):
            assert browser.get(BEHEER + place).status == 404, (login, place)


def test_two_klantnamen_that_differ_in_case(busy: Portal, operator: Browser) -> None:
    """A klantnaam is exact: one of another case than the catalogue has is outside of it."""
    with busy.database.writing() as connection:
        connection.execute(afnemer.update().where(afnemer.c.klantnaam == "Snappet").values(klantnaam="snappet"))
    assert rows(operator.get(f"{BEHEER}/afnemers?toon=catalogus")) == ["Elders", "snappet"]
    (warning,) = operator.get(f"{BEHEER}/afnemers").tree.xpath("//div[@class='melding let-op']")
    assert [one.text for one in warning.iter("li")] == ["Snappet: Snappet", "UWLR-4D: UWLR-4D"]
