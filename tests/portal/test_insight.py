"""The pages of a school about its shared records, in numbers, and about its journaal, as a page and as a file."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from support.journaal import write_entries
from support.portal_browser import CODE, MOMENT, SCHOOL, Browser, Portal
from support.served_school import import_one_of_each

from uwlr_adapter.administratie.tables import persoon
from uwlr_adapter.contract.fields import SET_NAMES
from uwlr_adapter.contract.profiles import STANDARD
from uwlr_adapter.journaal.model import RefusalReason, VerzoekEntry
from uwlr_adapter.portal import sharing
from uwlr_adapter.portal.journaal import PER_PAGE

ANSWERED, REFUSED = "leerlinggegevens", "Client.AutorisatieOngeldig"


@pytest.fixture
def browser(portal: Portal) -> Browser:
    """Return a school with Snappet (1) and Basispoort (2) activated."""
    browser = portal.browser("school")
    for entry, code in (("snappet", CODE), ("basispoort", CODE + "-basispoort")):
        page = browser.submit(
            f"{SCHOOL}/activeren/{entry}", naam="A", akkoord="ja", verificatiecode=code, actie="gereed"
        )
        assert page.status == 200
    return browser


def write(
    portal: Portal,
    moment: datetime,
    outcome: str,
    *,
    reason: RefusalReason | None = None,
    koppeling_id: int | None = 1,
    brin6: str = "21QW00",
    times: int = 1,
) -> None:
    """Write lines of calls in the journaal."""
    with portal.database.writing() as connection:
        for _ in range(times):
            line = VerzoekEntry(moment, "HaalLeerlinggegevens", 1, outcome=outcome, reason=reason)
            line.koppeling_id, line.brin6, line.leerlingen = koppeling_id, brin6, 25
            write_entries(connection, line)


def picture(browser: Browser) -> tuple[str, int, int, int]:
    """Return the text of the picture of Snappet, and how many bars of each kind it has."""
    svg = browser.get(f"{SCHOOL}/koppeling/1").tree.find(".//svg[@class='grafiek']")
    kinds = [rect.get("class") for rect in svg.iter("rect")]
    return svg.find("title").text, *map(kinds.count, ("gelukt", "geweigerd", "voorbij"))


def test_the_last_thirty_days(portal: Portal, browser: Browser) -> None:
    """The picture counts days in Amsterdam, of this koppeling only; what was before the last act is grey."""
    assert picture(browser) == ("Sinds 27 oktober 2026 is er niet opgehaald.", 0, 0, 0)
    write(portal, datetime(2026, 10, 26, 22, 59, tzinfo=UTC), ANSWERED)  # 26 October, 23:59: too long ago
    write(portal, datetime(2026, 10, 26, 23, 0, tzinfo=UTC), ANSWERED)  # 27 October, 0:00
    write(portal, datetime(2026, 11, 3, 22, 59, tzinfo=UTC), "geenwijzigingen", times=40)
    write(portal, datetime(2026, 11, 3, 23, 1, tzinfo=UTC), REFUSED, reason=RefusalReason.WRONG_CODE)
    write(portal, MOMENT, ANSWERED)
    write(portal, MOMENT, REFUSED, reason=RefusalReason.PAUSED)
    write(portal, MOMENT, ANSWERED, koppeling_id=2)
    text = "Sinds 27 oktober 2026 is er op 3 dagen opgehaald en op 2 dagen geweigerd."
    assert picture(browser) == (f"{text} Wat grijs is, was vóór de laatste wijziging.", 1, 1, 3)


@pytest.mark.parametrize("reason", [*RefusalReason])
def test_every_refusal_has_a_sentence(portal: Portal, browser: Browser, reason: RefusalReason) -> None:
    """Whatever the reason, the school reads a sentence, and no code of the standard."""
    outcome = "geengegevens" if reason is RefusalReason.NO_DATA else REFUSED
    write(portal, MOMENT, outcome, reason=reason)
    page = browser.get(SCHOOL)
    (shown,) = page.tree.xpath("//div[dt[text()='Laatste poging']]/dd")
    sentence = " ".join(shown.text_content().split())
    assert re.search(r"(Snappet|gegevens|ophalen) .{12,}\.$", sentence)
    assert "Client." not in page.body
    assert "{" not in sentence


def test_what_to_do_about_a_wrong_code(portal: Portal, browser: Browser) -> None:
    """The overview points to Bewerken, the page behind it to its own field; what is past asks for nothing."""
    wrong = "Snappet probeert op te halen met een andere verificatiecode."
    write(portal, MOMENT - timedelta(days=1), REFUSED, reason=RefusalReason.WRONG_CODE)
    pages = SCHOOL, f"{SCHOOL}/koppeling/1"
    for page in pages:
        assert wrong in browser.get(page).text
        assert "Laat Snappet de code controleren" not in browser.get(page).text
    write(portal, MOMENT, REFUSED, reason=RefusalReason.WRONG_CODE)
    for page, where in zip(pages, ("bij Bewerken", "hieronder"), strict=True):
        told = f"{wrong} Laat Snappet de code controleren, of vul {where} de code in die Snappet gebruikt."
        assert told in browser.get(page).text


def test_the_number_of_a_vestiging_has_its_name(browser: Browser) -> None:
    """For whoever hears the page, who does not see that it stands in a box."""
    assert browser.get(SCHOOL).text.count("BRIN- en vestigingsnummer 21QW00") == 1


def test_a_page_of_the_journaal(portal: Portal, browser: Browser) -> None:
    """Newest first, a page at a time, until the first line."""
    write(portal, MOMENT, ANSWERED, times=2 * PER_PAGE)
    seen = 0
    path: str | None = f"{SCHOOL}/journaal"
    while path is not None:
        page = browser.get(path)
        seen += len(page.tree.xpath("//tbody/tr"))
        older = page.tree.xpath("//a[text()='Oudere regels']/@href")
        path = older[0] if older else None
    assert seen == 2 * PER_PAGE + 2


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["geweigerd", "gelukt", "handeling", "handeling", "gelukt"]),
        ("koppeling=snappet", ["geweigerd", "handeling", "gelukt"]),
        ("koppeling=basispoort", ["gelukt", "handeling"]),
        ("uitkomst=gelukt", ["gelukt", "gelukt"]),
        ("uitkomst=geweigerd", ["geweigerd"]),
        ("uitkomst=handeling&koppeling=snappet", ["handeling"]),
        ("van=2026-11-25", ["geweigerd", "gelukt", "handeling", "handeling"]),
        ("tot=2026-11-24", ["gelukt"]),
        ("van=2026-11-24&tot=2026-11-24", ["gelukt"]),
        ("van=24-11-2026&tot=24-11-2026", ["gelukt"]),
        ("van=2026-11-26", []),
        ("van=onzin", None),
        ("koppeling=toetsplein", None),
        ("uitkomst=onzin", None),
        ("voor=onzin", ["geweigerd", "gelukt", "handeling", "handeling", "gelukt"]),
    ],
)
def test_filters(portal: Portal, query: str, expected: list[str] | None) -> None:
    """By koppeling, period and outcome; what makes no sense finds nothing and says so."""
    write(portal, MOMENT - timedelta(hours=12), ANSWERED)
    browser = portal.browser("school")
    for entry, code in (("snappet", CODE), ("basispoort", CODE + "-basispoort")):
        browser.submit(f"{SCHOOL}/activeren/{entry}", naam="A", akkoord="ja", verificatiecode=code, actie="gereed")
    write(portal, MOMENT, ANSWERED, koppeling_id=2)
    write(portal, MOMENT, REFUSED, reason=RefusalReason.WRONG_CODE)
    page = browser.get(f"{SCHOOL}/journaal?{query}")
    words = {"Opgehaald": "gelukt", "Geweigerd": "geweigerd", "Handeling": "handeling"}
    shown = [words[one.text] for one in page.tree.xpath("//tbody//span[contains(@class, 'badge')]")]
    assert page.status == 200
    assert shown == (expected or [])
    assert ("niet juist ingevuld" in page.text) == (expected is None)
    file = browser.get(f"{SCHOOL}/journaal.csv?{query}")
    if expected is None:
        assert file.status == 400
        return
    rows = list(csv.reader(io.StringIO(file.body.removeprefix("\ufeff")), delimiter=";"))
    assert [words[row[2]] for row in rows[1:]] == shown


def test_the_file(portal: Portal, browser: Browser) -> None:
    """A Dutch spreadsheet opens it: byte order mark, semicolons, and times of Amsterdam; more than one reading long."""
    write(portal, MOMENT, ANSWERED, times=1200)
    page = browser.get(f"{SCHOOL}/journaal.csv")
    assert page.body.startswith("\ufeffMoment;Koppeling;Soort;Uitkomst;Toelichting;Leerlingen;Wie\r\n")
    assert page.reply.headers["Content-Disposition"] == 'attachment; filename="logboek-21QW00-2026-11-25.csv"'
    lines = page.body.splitlines()
    assert len(lines) == 1 + 1200 + 2
    assert lines[1] == "25-11-2026 10:30;Snappet;Opgehaald;leerlinggegevens;De gegevens zijn opgehaald.;25;Snappet"
    assert lines[-1].endswith(";De koppeling is geactiveerd.;;A. de Vries (school)")


def test_a_school_sees_its_own_lines_only(portal: Portal, browser: Browser) -> None:
    """Lines of another vestiging, of a vendor without a koppeling here, and of the operator stay out of sight."""
    write(portal, MOMENT, ANSWERED, brin6="30AB00", koppeling_id=3)
    write(portal, MOMENT, REFUSED, reason=RefusalReason.NO_KOPPELING, koppeling_id=None)
    for page in (browser.get(f"{SCHOOL}/journaal"), browser.get(f"{SCHOOL}/journaal.csv")):
        assert "Opgehaald</span>" not in page.body
        assert "Geweigerd;" not in page.body
        assert "toegevoegd" not in page.body
    assert len(browser.get(f"{SCHOOL}/journaal").tree.xpath("//tbody/tr")) == 2


def test_what_is_shared(portal: Portal) -> None:
    """Numbers, fields that go and that stay, and what is incomplete; no name of anybody."""
    with portal.database.writing() as connection:
        import_one_of_each(connection, "2026-2027")
    browser = portal.browser("andere")
    browser.submit(
        "/koppelingen/30AB00/activeren/snappet",
        naam="C",
        akkoord="ja",
        verificatiecode="30AB00Ygr67BfgKl!gr8",
        actie="gereed",
    )
    page = browser.get("/koppelingen/30AB00/koppeling/1/delen")
    numbers = [" ".join(one.text_content().split()) for one in page.tree.xpath("//ul[@class='getallen']/li")]
    assert numbers == ["1 leerling", "1 groep", "0 overige groepen", "1 leerkracht"]
    assert "1 van de 1 leerling mist een gegeven waar Snappet op rekent." in page.text
    assert "geboortedatum: 1" in page.text
    assert "geboortedatum (alleen bij UWLR 2.2)" in page.text
    assert "Blijft hier: voornamen, voorletters, geslacht" in page.text
    for naam in ("Één", "Uno", "Enig"):
        assert naam not in page.body
    with portal.database.reading() as connection:
        for key in connection.scalars(sa.select(persoon.c.key)):
            assert f">{key}<" not in page.body


def test_what_lacks_stands_with_its_own_kind(portal: Portal) -> None:
    """A field that leerlingen lack is told of them, one that leerkrachten lack of those, and groups lack nothing."""
    with portal.database.writing() as connection:
        import_one_of_each(connection, "2026-2027")
    with portal.database.reading() as connection:
        found = sharing.sharing_of(connection, "30AB00", STANDARD["smalle set"], MOMENT)
    assert {kind.name: (dict(kind.missing), kind.incomplete) for kind in found.kinds} == {
        "leerlingen": ({"geboortedatum": 1, "jaargroep": 1}, 1),
        "groepen": ({}, 0),
        "overige groepen": ({}, 0),
        "leerkrachten": ({"achternaam": 1, "e-mailadres": 1}, 1),
    }


def test_nothing_to_share(browser: Browser) -> None:
    """Without leerlingen this year the page says so."""
    page = browser.get(f"{SCHOOL}/koppeling/1/delen")
    assert "Voor schooljaar 2026-2027 zijn op dit moment geen leerlingen ingevoerd." in page.text


def test_no_page_of_what_shares_nothing(browser: Browser) -> None:
    """A koppeling without data flow has no such page."""
    browser.submit(f"{SCHOOL}/activeren/toetsplein", naam="A", akkoord="ja", actie="gereed")
    assert browser.get(f"{SCHOOL}/koppeling/3").status == 200
    assert browser.get(f"{SCHOOL}/koppeling/3/delen").status == 404


@pytest.mark.parametrize("naam", SET_NAMES)
def test_every_profile_has_its_words(portal: Portal, naam: str) -> None:
    """Each element of each profile has a word, and goes or stays, never both."""
    with portal.database.reading() as connection:
        found = sharing.sharing_of(connection, "21QW00", STANDARD[naam], MOMENT)
    for kind in found.kinds:
        go = {field_.word for field_ in kind.go}
        assert go
        assert not go & set(kind.stay)


def test_an_afnemer_that_is_shut_out(portal: Portal, browser: Browser) -> None:
    """The overview tells that nothing is fetched while the operator keeps the platform out."""
    portal.browser("operator").submit("/koppelingen/beheer/afnemers/1/uitschakelen", klantnaam="Snappet")
    assert "De beheerder van de koppelingen heeft Snappet geblokkeerd op 25 november 2026" in browser.get(SCHOOL).text
