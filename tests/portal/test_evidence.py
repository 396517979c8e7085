"""Agreements and acts, with the person who did them: on the pages, in the logboek and its CSV, and as a PDF."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.pdf_text import text_of, title_of
from support.portal_browser import CODE, MOMENT, SCHOOL, Browser, Page, Portal

from uwlr_adapter.gebruikers import tables as gebruikers
from uwlr_adapter.koppelingen import catalogue as catalogi
from uwlr_adapter.koppelingen import tables

KOPPELING = f"{SCHOOL}/koppeling/1"
KEEPS = "Snappet houdt wat het al heeft; vraag zelf om verwijdering."
NAMES = ("Müjgân Öztürk", "Zażółć Gęślą-Jaźń", "Ĳsbrand ’t Hœn", "İlknur Şığ", "Πέτρος", "Ёлка", "J. {nb} Jansen")
POINT_4 = """\
4. De school bedenkt een verificatiecode en vult die ook in bij het leerplatform. Wie de code kent, kan namens het
   leerplatform gegevens ophalen: de school deelt de code met niemand anders.
"""
CHANGED = (
    (
        "3. De school heeft met de leverancier van het leerplatform een verwerkersovereenkomst gesloten.\n",
        "3. De school sluit met de leverancier van het leerplatform een verwerkersovereenkomst.\n",
    ),
    ("6. Van elke uitwisseling", "6. De school vertelt ouders van de koppeling.\n7. Van elke uitwisseling"),
    (POINT_4, ""),
)
"""A sentence of the newer text of the terms, and one of the older."""
WIDE = (
    'afnemer = "Snappet"\nprofiel = "smalle set"',
    'afnemer = "Snappet"\nprofiel = "LVS-set"\nprofiel_reden = "voor de voortgang per groep"',
)
NEW_TERMS = (('versie = "uwlr-1"', 'versie = "uwlr-2"'), *CHANGED)


@dataclass
class Catalogi:
    """Catalogues that differ from the shipped one."""

    folder: Path

    def write(self, *changes: tuple[str, str]) -> Path:
        """Write one with these texts in the place of others, and return its path."""
        text = Path(catalogi.__file__).with_name("catalogue.toml").read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        file = self.folder / f"catalogus-{len(changes)}.toml"
        file.write_text(text, encoding="utf-8")
        return file


@pytest.fixture
def catalogi_(tmp_path: Path) -> Catalogi:
    """Return a maker of catalogues."""
    return Catalogi(tmp_path)


def activate(browser: Browser, naam: str = "A. de Vries") -> Page:
    """Activate the koppeling with Snappet."""
    path = f"{SCHOOL}/activeren/snappet"
    return browser.submit(path, naam=naam, akkoord="ja", verificatiecode=CODE, actie="gereed")


def pdf(browser: Browser, name: str = "verklaring") -> str:
    """Return the text of a statement."""
    page = browser.get(f"{KOPPELING}/{name}.pdf")
    assert page.status == 200, page.status
    assert page.reply.headers["Content-Type"] == "application/pdf"
    assert page.reply.body.startswith(b"%PDF-1.")
    return text_of(page.reply.body)


def test_who_did_what_is_on_the_page(portal: Portal) -> None:
    """Each act has its moment and its person; a pause and an end say who, and what the platform keeps."""
    browser, other = portal.browser("school"), portal.browser("collega")
    activate(browser)
    assert KEEPS in browser.get(f"{KOPPELING}/pauzeren").text
    portal.clock.moment += timedelta(minutes=5)
    assert KEEPS in other.follow(other.submit(f"{KOPPELING}/pauzeren")).text
    page = browser.get(KOPPELING)
    assert f"Gepauzeerd door B. Bakker (collega), op 25 november 2026 om 10:35 uur. {KEEPS}" in page.text
    assert [one.text_content().strip() for one in page.tree.xpath("//ol[@class='handelingen']/li/span[1]")] == [
        "25 november 2026 om 10:35 uur",
        "25 november 2026 om 10:30 uur",
    ]
    assert "De koppeling is geactiveerd. Door A. de Vries (school)." in page.text
    assert KEEPS in browser.get(f"{KOPPELING}/beeindigen").text
    assert KEEPS in browser.follow(browser.submit(f"{KOPPELING}/beeindigen")).text
    page = browser.get(KOPPELING)
    assert "Beëindigd25 november 2026 om 10:35 uur, door A. de Vries (school)" in page.text
    assert KEEPS in page.text


def test_a_koppeling_without_data_keeps_nothing_at_a_platform(portal: Portal) -> None:
    """Of a koppeling through which no data flow nobody asks for removal."""
    browser = portal.browser("school")
    browser.submit(f"{SCHOOL}/activeren/esis-app", naam="A", akkoord="ja", actie="gereed")
    assert "houdt wat" not in browser.get(f"{KOPPELING}/beeindigen").text
    assert "houdt wat" not in browser.follow(browser.submit(f"{KOPPELING}/beeindigen")).text
    assert "houdt wat" not in browser.get(KOPPELING).text + pdf(browser) + pdf(browser, "einde")
    assert "Gegevens" not in pdf(browser)


def test_names_in_the_logboek_and_its_csv(portal: Portal) -> None:
    """Both have the same words; a name that would be a formula is text; who is gone, or came later, is a login."""
    browser = portal.browser("school")
    activate(browser)
    with portal.database.writing() as connection:
        rename = gebruikers.gebruiker.update().where(gebruikers.gebruiker.c.login == "school")
        connection.execute(rename.values(naam='=HYPERLINK("http://x")'))
    who = '=HYPERLINK("http://x") (school)'
    assert who in browser.get(f"{SCHOOL}/journaal").text
    lines = browser.get(f"{SCHOOL}/journaal.csv").body.splitlines()
    assert lines[0].endswith(";Wie")
    assert lines[1].endswith(""";"'=HYPERLINK(""http://x"") (school)\"""")
    with portal.database.writing() as connection:
        connection.execute(rename.values(created_at=MOMENT.replace(tzinfo=None) + timedelta(days=1)))
    assert browser.get(f"{SCHOOL}/journaal.csv").body.splitlines()[1].endswith(";school")
    with portal.database.writing() as connection:
        connection.execute(gebruikers.gebruiker_vestiging.delete())
        connection.execute(gebruikers.gebruiker.delete().where(gebruikers.gebruiker.c.login == "school"))
        bestuur = sa.select(gebruikers.gebruiker.c.id, sa.literal("21QW00")).where(
            gebruikers.gebruiker.c.login == "bestuur"
        )
        connection.execute(gebruikers.gebruiker_vestiging.insert().from_select(["gebruiker_id", "brin6"], bestuur))
    board = portal.browser("bestuur")
    assert "Door school." in board.get(KOPPELING).text
    assert "Door school." in pdf(board)


def test_new_terms_say_what_changed(make: Callable[..., Portal], catalogi_: Catalogi) -> None:
    """In words: what is new, what changed from what to what, what is gone; the old ones hold, and can be read."""
    activate(make().browser("school"))
    portal = make(catalogus=catalogi_.write(*NEW_TERMS))
    browser = portal.browser("collega")
    assert "Er zijn nieuwe gebruikersvoorwaarden. Tot u akkoord gaat, blijft alles zoals het was." in (
        browser.get(SCHOOL).text
    )
    page = browser.get(f"{KOPPELING}/akkoord")
    assert "gelden de voorwaarden van versie uwlr-1, waarmee A. de Vries op 25 november 2026" in page.text
    changes = [" ".join(one.text_content().split()) for one in page.tree.xpath("//ul[@class='verschillen']/li")]
    assert [one.partition(" ")[0].rstrip(",") for one in changes] == ["Gewijzigd", "Vervallen", "Nieuw"]
    assert "Was: De school heeft met de leverancier" in changes[0]
    assert "Wordt: De school sluit met de leverancier" in changes[0]
    assert changes[1].startswith("Vervallen, was punt 4 De school bedenkt een verificatiecode")
    assert changes[2] == "Nieuw, punt 6 De school vertelt ouders van de koppeling."
    whole = page.tree.xpath("//div[@class='voorwaarden']/ol/li/@value")
    assert whole == ["1", "2", "3", "5", "6", "7"]
    old = browser.get(f"{KOPPELING}/voorwaarden")
    assert "\n\n4. De school bedenkt een verificatiecode en vult die ook in bij het leerplatform. Wie" in old.body
    assert 'filename="gebruikersvoorwaarden-uwlr-1.txt"' in old.reply.headers["Content-Disposition"]
    links = browser.get(KOPPELING).tree.xpath("//dt[text()='Akkoord']/following-sibling::dd//a/@href")
    assert links == [f"{KOPPELING}/voorwaarden"]  # what was agreed to, beside what the catalogue has now
    assert browser.submit(f"{KOPPELING}/akkoord", naam="B. Bakker", akkoord="ja").location == KOPPELING
    assert "De school is akkoord met nieuwe gebruikersvoorwaarden." in browser.get(KOPPELING).text
    text = pdf(browser)
    assert "Wie wat deed" in text
    assert "Gebruikersvoorwaarden, versie uwlr-2 1. De school geeft" in text
    assert "Gebruikersvoorwaarden, versie uwlr-1 1. De school geeft" in text
    assert "6. De school vertelt ouders" in text
    assert "4. De school bedenkt" in text


def test_new_terms_of_results_wait_alone(make: Callable[..., Portal], catalogi_: Catalogi) -> None:
    """They are asked of who agreed to results, with what changed; what leaves and its agreement stay as they were."""
    first = make().browser("school")
    form = {"naam": "A. de Vries", "akkoord": "ja", "akkoord_resultaten": "ja", "verificatiecode": CODE}
    first.submit(f"{SCHOOL}/activeren/snappet", **form, actie="gereed")
    newer = (('versie = "resultaten-1"', 'versie = "resultaten-2"'), ("6. Van elk bericht", "6. Van ieder bericht"))
    browser = make(catalogus=catalogi_.write(*newer)).browser("collega")
    assert "Er zijn nieuwe voorwaarden voor resultaten." in browser.get(SCHOOL).text
    page = browser.get(f"{KOPPELING}/akkoord")
    assert page.h1 == "Nieuwe voorwaarden van Snappet"
    assert "gelden voor resultaten de voorwaarden van versie resultaten-1" in page.text
    changes = [" ".join(one.text_content().split()) for one in page.tree.xpath("//ul[@class='verschillen']/li")]
    assert [one.partition(" Was: ")[0] for one in changes] == ["Gewijzigd, punt 6"]
    assert "Versie resultaten-1" in browser.get(f"{KOPPELING}/voorwaarden?soort=resultaten").body
    assert browser.submit_page(page, naam="B. Bakker", akkoord="ja").location == KOPPELING
    shown = browser.get(KOPPELING)
    assert "De school is akkoord met nieuwe voorwaarden voor resultaten." in shown.text
    results = shown.tree.xpath("string(//div[@id='toestemming-resultaten'])")
    assert "B. Bakker" in results
    assert "Eerder akkoord" in results
    assert "B. Bakker" not in shown.tree.xpath("string(//div[@id='toestemming-leerlinggegevens']//dl)")
    assert "versie resultaten-1" in pdf(browser)


def test_what_is_shared_says_that_fields_wait(make: Callable[..., Portal], catalogi_: Catalogi) -> None:
    """Under a wider profile that nobody agreed to, the page does not promise all of that profile."""
    activate(make().browser("school"))
    browser = make(catalogus=catalogi_.write(WIDE)).browser("school")
    said = "Het profiel van deze koppeling is LVS-set, zonder de gegevens waarmee uw school nog niet akkoord ging."
    assert said in browser.get(f"{KOPPELING}/delen").text
    browser.submit(f"{KOPPELING}/akkoord", naam="A. de Vries", akkoord="ja")
    assert "Het profiel van deze koppeling is LVS-set. Meer" in browser.get(f"{KOPPELING}/delen").text


def test_a_text_that_was_not_kept_is_not_made_up(make: Callable[..., Portal], catalogi_: Catalogi) -> None:
    """Of an agreement of an earlier version there may be no text: the page and the PDF say so."""
    portal = make()
    activate(portal.browser("school"))
    with portal.database.writing() as connection:
        connection.execute(tables.koppeling.update().values(akkoord_tekst=None, akkoord_velden=None))
    browser = make(catalogus=catalogi_.write(*NEW_TERMS)).browser("school")
    assert "De tekst van versie uwlr-1 is hier niet bewaard. Lees daarom de hele nieuwe tekst." in (
        browser.get(f"{KOPPELING}/akkoord").text
    )
    assert browser.get(f"{KOPPELING}/voorwaarden").status == 404
    assert "De tekst van deze versie is hier niet bewaard." in pdf(browser)


def test_added_fields_wait(make: Callable[..., Portal], catalogi_: Catalogi) -> None:
    """The pages say which and why; what is shared stays as it was; after the agreement it is all there."""
    activate(make().browser("school"))
    browser = make(catalogus=catalogi_.write(WIDE)).browser("collega")
    assert "Snappet kan 5 gegevens meer krijgen." in browser.get(SCHOOL).text
    page = browser.get(f"{KOPPELING}/akkoord")
    assert page.h1 == "Meer gegevens voor Snappet"
    assert "het profiel van Snappet uitgebreid: voor de voortgang per groep. Na uw akkoord" in page.text
    leerlingen, groepen = (one.text_content() for one in page.tree.xpath("//section//ul/li"))
    assert leerlingen.startswith("van leerlingen: voorletters, geslacht, datum van de start in jaargroep 3, laatste")
    assert groepen == "van overige groepen: omschrijving"
    assert "gaan alleen de gegevens mee waarmee uw school eerder akkoord ging" in page.text
    shared = browser.get(f"{KOPPELING}/delen")
    assert "geslacht" in shared.text.partition("Blijft hier:")[2]
    assert "Op dit moment wacht een nieuw akkoord" in pdf(browser)
    assert browser.submit_page(page, naam="B. Bakker", akkoord="ja").location == KOPPELING
    assert "geslacht" not in browser.get(f"{KOPPELING}/delen").text.partition("Blijft hier:")[2].partition(".")[0]
    assert "De school is akkoord met 5 gegevens erbij." in browser.get(KOPPELING).text
    text = pdf(browser)
    assert "Daarvan nieuw van leerlingen: voorletters, geslacht" in text
    again = browser.submit_page(page, naam="B. Bakker", akkoord="ja")
    assert again.location == KOPPELING
    assert "al akkoord met deze versie" in browser.follow(again).text


def test_new_terms_are_something_to_do(make: Callable[..., Portal], catalogi_: Catalogi) -> None:
    """Beside them no verdict says that there is nothing to do; once the school agreed it says so again."""
    make().browser("school").submit(f"{SCHOOL}/activeren/esis-app", naam="A", akkoord="ja", actie="gereed")
    newer = ('versie = "app-1"', 'versie = "app-2"'), ("4. De school kan de koppeling op elk moment beëindigen.\n", "")
    browser = make(catalogus=catalogi_.write(*newer)).browser("collega")
    page = browser.get(KOPPELING)
    assert "Er zijn nieuwe gebruikersvoorwaarden." in page.text
    assert "Via deze koppeling gaan vanuit dit overzicht geen gegevens naar ESIS app." in page.text
    assert "U hoeft niets te doen" not in page.text
    agree = browser.get(f"{KOPPELING}/akkoord")
    assert "De andere punten zijn gelijk gebleven." in agree.text
    browser.submit_page(agree, naam="B. Bakker", akkoord="ja")
    assert "U hoeft niets te doen" in browser.get(KOPPELING).text


def test_agreeing_to_what_was_not_shown(make: Callable[..., Portal], catalogi_: Catalogi) -> None:
    """A page of before a change of the catalogue is no agreement with what it is now, and nothing is lost."""
    before = make()
    browser = before.browser("school")
    form = browser.get(f"{SCHOOL}/activeren/snappet")
    after = make(catalogus=catalogi_.write(*NEW_TERMS))
    browser.app = after.app
    filled = {"naam": "A. de Vries", "akkoord": "ja", "verificatiecode": CODE, "actie": "gereed"}
    refused = browser.submit_page(form, **filled)
    assert refused.status == 422
    assert refused.errors("akkoord")[0].startswith("De gebruikersvoorwaarden of de gegevens die worden gedeeld")
    assert refused.fields()["naam"] == "A. de Vries"
    assert browser.submit_page(refused, **filled).status == 200
    third = make(catalogus=catalogi_.write(('versie = "uwlr-1"', 'versie = "uwlr-3"')))
    browser.app = third.app
    form = browser.get(f"{KOPPELING}/akkoord")
    browser.app = make(catalogus=catalogi_.write(('versie = "uwlr-1"', 'versie = "uwlr-4"'), WIDE)).app
    refused = browser.submit_page(form, naam="A. de Vries", akkoord="ja")
    assert refused.status == 409
    assert "er is niets vastgelegd" in refused.text
    assert browser.submit_page(refused, naam="A. de Vries", akkoord="ja").location == KOPPELING


def test_the_statement(portal: Portal) -> None:
    """It has the school, the platform, the agreement with the name as typed, fields, acts and terms; the same twice."""
    browser = portal.browser("school")
    activate(browser, "Zażółć Öztürk")
    first, second = (browser.get(f"{KOPPELING}/verklaring.pdf") for _ in range(2))
    assert first.reply.body == second.reply.body
    assert title_of(first.reply.body) == "Verklaring koppeling Snappet"
    assert b"/Lang (nl-NL)" in first.reply.body
    name = "verklaring-koppeling-21QW00-snappet-1-2026-11-25.pdf"
    assert first.reply.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    text = text_of(first.reply.body)
    for part in (
        "BRIN- en vestigingsnummer 21QW00",
        "Koppeling met Snappet",
        "Status Actief, door A. de Vries (school), 25 november 2026 om 10:30 uur",
        "Akkoord op 25 november 2026 om 10:30 uur Naam, zoals ingevuld Zażółć Öztürk Gebruiker school",
        "Het profiel is: smalle set.",
        "van leerkrachten: achternaam, voorvoegsel van de achternaam, roepnaam, e-mailadres, groepen",
        "25 november 2026 om 10:30 uur De koppeling is geactiveerd. Door A. de Vries (school).",
        "1. De school geeft opdracht om gegevens van leerlingen, groepen en leerkrachten van één vestiging",
        "pagina 1 van 2",
    ):
        assert part in text, part
    assert CODE not in text
    assert "Einde" not in text
    assert browser.get(f"{KOPPELING}/einde.pdf").location == KOPPELING
    portal.clock.moment += timedelta(minutes=20)
    browser.submit(f"{KOPPELING}/beeindigen")
    ended = "Beëindigd op 25 november 2026 om 10:50 uur Door A. de Vries (school)"
    assert ended in pdf(browser)
    end = pdf(browser, "einde")
    for part in ("Verklaring einde koppeling Snappet", ended, KEEPS, "Zażółć Öztürk", "Laatst opgehaald niet volgens"):
        assert part in end, part
    links = browser.get(KOPPELING).tree.xpath("//a[@download]/@href")
    assert {f"{KOPPELING}/verklaring.pdf", f"{KOPPELING}/einde.pdf"} <= set(links)


@pytest.mark.parametrize("naam", [*NAMES, "张伟", "a" * 200])
def test_no_letter_of_a_name_is_lost(portal: Portal, naam: str) -> None:
    """Each name is there whole; a sign that the font does not have is there by its number, and that is said."""
    browser = portal.browser("school")
    activate(browser, naam)
    text, shown = pdf(browser), "[U+5F20][U+4F1F]" if naam == "张伟" else naam
    assert shown in text.replace(" ", "") if len(naam) == 200 else shown in text
    assert ("[U+...]" in text) == (naam == "张伟")
