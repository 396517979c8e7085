"""Activeren: the form of the step plan, each wrong input beside its field, and no code where it should not be."""

import logging
import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from support.portal_browser import CODE, SCHOOL, Browser, Page, Portal

from uwlr_adapter.journaal import search
from uwlr_adapter.koppelingen import terms_text, verificatiecode
from uwlr_adapter.koppelingen.catalogue import Catalogue

FORM = f"{SCHOOL}/activeren/snappet"
GOOD = {"naam": "A. de Vries", "akkoord": "ja", "verificatiecode": CODE, "actie": "gereed"}
BEGIN = "De verificatiecode moet beginnen met 21QW00, het BRIN- en vestigingsnummer van uw school."
TODAY = date(2026, 11, 25)


def activate(browser: Browser, path: str = FORM, /, **fields: str | None) -> Page:
    """Fill in the form, right unless told otherwise, and send it."""
    return browser.submit(path, **{**GOOD, **fields})


def test_the_step_plan(portal: Portal) -> None:
    """Activeren stands at Snappet under UWLR Leerlinggegevens; after Gereed it is in the list and waits for it."""
    browser = portal.browser("school")
    overview = browser.get(SCHOOL)
    (group,) = overview.tree.xpath("//section[h3[contains(., 'UWLR Leerlinggegevens')]]")
    assert " ".join(group.find("h3").text_content().split()) == "UWLR Leerlinggegevens (3 koppelingen)"
    (link,) = group.xpath(".//a[contains(., 'Activeren') and contains(., 'Snappet')]/@href")
    assert link == FORM
    form = browser.get(FORM)
    for text in (
        "Beheer Koppelingen Koppelingenoverzicht",
        "NaamSnappet",
        "OmschrijvingSnappet UWLR koppeling",
        "PrijsGeen aanvullende kosten",
        "Gebruikerschool",
        "Een gemandateerde gebruiker van het bestuur of de school gaat akkoord met de gebruikersvoorwaarden",
        "minimaal 20 en maximaal 50 tekens",
    ):
        assert text in form.text
    assert form.fields()["startdatum"] == TODAY.isoformat()
    answer = browser.submit_page(form, **GOOD)
    assert answer.status == 200
    page = answer
    assert page.tree.xpath("//code[@id='nieuwe-code']/text()") == [CODE]
    assert "Snappet is geactiveerd. Vul dezelfde verificatiecode nu ook in bij Snappet." in page.text
    (row,) = page.tree.xpath("//tr[th[normalize-space()='Snappet']]")
    cells = [" ".join(cell.text_content().split()) for cell in row.findall("td")]
    assert cells[0] == "UWLR Leerlinggegevens"
    assert cells[2:4] == ["25-11-2026", "Wacht op Snappet"]
    assert browser.get(FORM).location == f"{SCHOOL}/"


@pytest.mark.parametrize(
    ("field", "value", "errors"),
    [
        ("naam", "", ["Vul uw naam in."]),
        ("naam", "  ", ["Vul uw naam in en vink 'Voor akkoord' aan."]),
        ("naam", "x" * 201, ["Een naam heeft maximaal 200 tekens."]),
        ("naam", "A\x00B", ["Gebruik alleen gewone letters en tekens."]),
        ("akkoord", None, ["Vink 'Voor akkoord' aan om verder te gaan."]),
        ("startdatum", "", ["Kies een startdatum."]),
        ("startdatum", None, []),
        ("startdatum", "morgen", ["Vul de datum in als dag-maand-jaar, bijvoorbeeld 01-02-2027."]),
        ("startdatum", "2026-02-30", ["Vul de datum in als dag-maand-jaar, bijvoorbeeld 01-02-2027."]),
        ("startdatum", "2026-11-24", ["Kies als startdatum vandaag of een dag binnen een jaar."]),
        ("startdatum", "2027-11-26", ["Kies als startdatum vandaag of een dag binnen een jaar."]),
        ("startdatum", "9999-12-31", ["Kies als startdatum vandaag of een dag binnen een jaar."]),
        ("startdatum", "0001-01-01", ["Kies als startdatum vandaag of een dag binnen een jaar."]),
        ("verificatiecode", "", ["Vul een verificatiecode in."]),
        ("verificatiecode", "21QW00kort", ["De verificatiecode heeft minimaal 20 tekens."]),
        ("verificatiecode", "21QW00" + "x" * 45, ["De verificatiecode heeft maximaal 50 tekens."]),
        (
            "verificatiecode",
            "21QW00 met spaties erin",
            ["De verificatiecode bestaat uit letters zonder accenten, cijfers en leestekens, zonder spaties."],
        ),
        (
            "verificatiecode",
            "21QW01Ygr67BfgKl!gr8",
            [BEGIN],
        ),
        (
            "verificatiecode",
            "21qw00Ygr67BfgKl!gr8",
            [f"{BEGIN} De letters daarin zijn hoofdletters."],
        ),
        (
            "verificatiecode",
            '"><script>',
            [
                BEGIN,
                "De verificatiecode heeft minimaal 20 tekens.",
            ],
        ),
    ],
)
def test_wrong_input(portal: Portal, field: str, value: str | None, errors: list[str]) -> None:
    """An error stands beside its field and at the top; what was typed is kept, and nothing is activated."""
    browser = portal.browser("school")
    page = activate(browser, **{field: value})
    if not errors:  # a form without the field is not one of ours; it opens today
        assert page.status in {200, 422}
        return
    assert page.status == 422
    assert page.errors(field) == errors
    assert page.tree.find(".//title").text.startswith("Fout: ")
    links = page.tree.xpath("//*[@role='alert']//a")
    assert [(one.get("href"), one.text) for one in links] == [(f"#{field}", error) for error in errors]
    kept = {naam: text for naam, text in {**GOOD, field: value}.items() if naam != "actie" and text is not None}
    shown = page.fields()
    for naam, text in kept.items():
        if "\x00" not in text and text != "":
            assert shown[naam] == text
    assert "Snappet" not in [row.text for row in browser.get(SCHOOL).tree.xpath("//tbody//th")]


def test_all_errors_at_once(portal: Portal) -> None:
    """An empty form tells everything that is missing in one go."""
    page = activate(portal.browser("school"), naam="", akkoord=None, startdatum="", verificatiecode="")
    assert all(page.errors(field) for field in ("naam", "akkoord", "startdatum", "verificatiecode"))


def test_a_code_that_another_koppeling_has(portal: Portal) -> None:
    """The same code for two koppelingen of a vestiging is refused beside the field."""
    browser = portal.browser("school")
    assert activate(browser).status == 200
    page = activate(browser, f"{SCHOOL}/activeren/basispoort")
    assert page.status == 422
    assert page.errors("verificatiecode") == [
        "Deze verificatiecode hoort al bij een andere koppeling van uw school. Kies een andere code."
    ]


def test_make_a_code_without_a_script(portal: Portal) -> None:
    """The button fills in a good code, keeps what was typed, and tells nothing wrong yet."""
    browser = portal.browser("school")
    page = browser.submit(FORM, naam="A", startdatum="2027-01-04", verificatiecode="", actie="maak")
    assert page.status == 200
    fields = page.fields()
    assert verificatiecode.broken_rules(fields["verificatiecode"], "21QW00") == ()
    assert (fields["naam"], fields["startdatum"]) == ("A", "2027-01-04")
    assert not page.tree.xpath("//*[@role='alert']")
    assert browser.submit_page(page, akkoord="ja", actie="gereed").status == 200


def test_enter_in_a_field_is_gereed(portal: Portal) -> None:
    """The first button of the form, which a browser presses at Enter, is not the one that makes a code."""
    page = portal.browser("school").get(FORM)
    (form,) = page.forms()
    first = form.xpath(".//button[@type='submit']")[0]
    assert first.get("value") == "gereed"


def test_sent_twice(portal: Portal) -> None:
    """The second of a double click is answered as the first; with another code, or by a colleague, it says so."""
    browser, colleague = portal.browser("school"), portal.browser("collega")
    page, other = browser.get(FORM), colleague.get(FORM)
    for _ in range(2):
        shown = browser.submit_page(page, **GOOD)
        assert shown.status == 200
        assert shown.tree.xpath("//code[@id='nieuwe-code']/text()") == [CODE]
    for late in (
        browser.submit_page(page, **{**GOOD, "verificatiecode": "21QW00een-andere-code-2"}),
        colleague.submit_page(other, **GOOD),
    ):
        assert late.location == f"{SCHOOL}/"
    assert "Snappet is al geactiveerd. Er is niets dubbel gedaan." in browser.get(f"{SCHOOL}/").text
    with portal.database.reading() as connection:
        assert [row.act for row in search.read(connection, brin6="21QW00")] == ["geactiveerd"]


def test_a_koppeling_without_a_code(portal: Portal) -> None:
    """Another type than UWLR asks for no code, and takes none."""
    browser = portal.browser("school")
    path = f"{SCHOOL}/activeren/samenwerkingsverband-oost"
    assert "verificatiecode" not in browser.get(path).fields()
    page = activate(browser, path)
    assert page.status == 303
    assert "Samenwerkingsverband Oost is geactiveerd." in browser.follow(page).text


def test_a_start_in_the_future(portal: Portal) -> None:
    """The status says from when on."""
    browser = portal.browser("school")
    later = TODAY + timedelta(days=30)
    page = browser.follow(activate(browser, startdatum=later.strftime("%d-%m-%Y")))
    assert "Start op 25-12-2026" in page.text


@pytest.mark.parametrize(("entry", "status"), [("uwlr-4d", 303), ("bron", 404), ("bestaat-niet", 404)])
def test_what_cannot_be_activated(portal: Portal, entry: str, status: int) -> None:
    """Without its afnemer a koppeling waits; what every school has, or nobody offers, has no form."""
    browser = portal.browser("school")
    page = browser.get(f"{SCHOOL}/activeren/{entry}")
    assert page.status == status
    if status == 303:
        assert "nog niet beschikbaar" in browser.follow(page).text


def test_the_terms_are_a_file(portal: Portal) -> None:
    """The terms of use come as a file, named after their version."""
    page = portal.browser("school").get(f"{SCHOOL}/voorwaarden/snappet")
    assert page.reply.headers["Content-Disposition"] == 'attachment; filename="gebruikersvoorwaarden-uwlr-1.txt"'
    assert page.reply.headers["Content-Type"] == "text/plain; charset=utf-8"
    entry = Catalogue.load().get("snappet")
    assert entry is not None
    assert terms_text.unwrapped(entry.voorwaarden.tekst) in page.body


def test_the_code_is_nowhere_else(portal: Portal, caplog: pytest.LogCaptureFixture) -> None:
    """After a walk with good and bad codes they stand in no page but the form itself, header, cookie, log or file."""
    caplog.set_level(logging.DEBUG)
    browser = portal.browser("school")
    secrets = [CODE, "21QW00geheim te kort", "21QW00een-andere-code-2", "21QW00" + "lang" * 20]
    pages: list[Page] = []

    def walk(page: Page, *, may_show: str | None = None) -> None:
        for secret in secrets:
            if secret != may_show:
                assert secret not in page.body, page.path
            assert secret not in str(page.reply.all_headers)
        assert not page.body or may_show is None or page.body.count(may_show) <= 1
        pages.append(page)

    walk(activate(browser, verificatiecode=secrets[1]), may_show=secrets[1])
    walk(activate(browser, naam="", verificatiecode=CODE), may_show=CODE)
    walk(activate(browser), may_show=CODE)
    koppeling = f"{SCHOOL}/koppeling/1"
    walk(browser.submit(koppeling, 0, verificatiecode=secrets[3], actie="gereed"), may_show=secrets[3])
    walk(browser.submit(koppeling, 0, verificatiecode=secrets[2], actie="gereed"), may_show=secrets[2])
    for path in ("", "/koppeling/1", "/koppeling/1/bevestiging", "/koppeling/1/delen", "/journaal", "/journaal.csv"):
        walk(browser.get(f"{SCHOOL}{path}"))
    walk(browser.submit(f"{koppeling}/pauzeren"))
    walk(browser.submit(f"{koppeling}/beeindigen"))
    for page in pages:
        titles = re.findall(r"<title>.*?</title>", page.body)
        assert not any(secret in title for secret in secrets for title in titles)
    portal.app.close()
    stored = b"".join(path.read_bytes() for path in Path(portal.settings.data).iterdir())
    for secret in secrets:
        assert secret not in caplog.text
        assert secret.encode() not in stored
