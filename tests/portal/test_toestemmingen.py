"""The two toestemmingen of a koppeling in the portal: agreed to, shown, paused and resumed by themselves."""

import pytest
import sqlalchemy as sa
from support import messages
from support.edexml_files import make_dataset
from support.imports import import_dataset
from support.journaal import write_entries
from support.messages import school_element
from support.pdf_text import text_of
from support.portal_browser import MOMENT, Browser, Page, Portal
from support.wsgi import call

from uwlr_adapter.contract.dataset import Leerling
from uwlr_adapter.journaal.model import VerzoekEntry
from uwlr_adapter.journaal.tables import journaal
from uwlr_adapter.koppelingen import pausing, store
from uwlr_adapter.koppelingen.calls import RESULTS_CALL
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.koppelingen.toestemming import Toestemming

VESTIGING = "/koppelingen/21QW00"
CODE = "21QW00Ygr67BfgKl!gr8"
KOPPELING = f"{VESTIGING}/koppeling/1"
OUT, IN = f"{KOPPELING}/toestemming/leerlinggegevens", f"{KOPPELING}/toestemming/resultaten"


def activate(portal: Portal, **ticks: str) -> tuple[Browser, Page]:
    """Activate Snappet with these ticks; return the browser and the page that it shows."""
    one = Leerling("l", roepnaam="Zoë", achternaam="Jansen")
    import_dataset(portal.database, make_dataset([one], brin6="21QW00", schooljaar="2026-2027"))
    browser = portal.browser("school")
    form = {"naam": "A. de Vries", "akkoord": "", "verificatiecode": CODE, "actie": "gereed"}
    page = browser.submit(f"{VESTIGING}/activeren/snappet", **(form | ticks))
    return browser, page


def koppeling(portal: Portal) -> Koppeling:
    """Return the koppeling as it is stored."""
    with portal.database.reading() as connection:
        found = store.find(connection, 1, "21QW00")
    assert found is not None
    return found


def states(browser: Browser) -> dict[str, str]:
    """Return the state that the page of the koppeling shows of each toestemming."""
    tree = browser.get(KOPPELING).tree
    return {
        str(one.xpath("@id")[0]): str(one.xpath(".//span[starts-with(@class, 'toestand')]/text()")[0])
        for one in tree.xpath("//div[@class='toestemming']")
    }


def fetch(portal: Portal) -> str:
    """Fetch as Snappet; return the payload or the fault."""
    header = messages.header(key=CODE, klantcode="een-klantcode-van-Snappet", klantnaam="Snappet")
    body = messages.body(schooljaar="2026-2027", school=school_element("21QW00"))
    answer = call(portal.app, messages.envelope(body, header)).body
    return "leerlingen" if b"<leerlingen>" in answer else "fout" if b"AutorisatieOngeldig" in answer else "anders"


def acts(portal: Portal) -> list[tuple[str, str]]:
    """Return each act on the koppeling and who did it."""
    with portal.database.reading() as connection:
        query = (
            sa.select(journaal.c.act, journaal.c.actor).where(journaal.c.kind == "koppeling").order_by(journaal.c.id)
        )
        return [tuple(row) for row in connection.execute(query)]


def test_one_activation_covers_both(portal: Portal) -> None:
    """Each tick has its own terms to read; with both, one code opens both, and the logboek says what was agreed to."""
    browser = portal.browser("school")
    page = browser.get(f"{VESTIGING}/activeren/snappet")
    read = [one.text_content() for one in page.tree.xpath("//details[@class='lezen']/summary")]
    assert read == ["Lees de gebruikersvoorwaarden hier", "Lees de voorwaarden voor resultaten hier"]
    results = browser.get(f"{VESTIGING}/voorwaarden/snappet?soort=resultaten")
    assert "Versie resultaten-1" in results.body
    assert browser.get(f"{VESTIGING}/voorwaarden/snappet?soort=iets").status == 404
    _, page = activate(portal, akkoord="ja", akkoord_resultaten="ja")
    assert page.status == 200
    found = koppeling(portal)
    assert all(found.is_on(one) for one in Toestemming)
    assert found.akkoord_resultaten is not None
    assert (found.akkoord.voorwaarden, found.akkoord_resultaten.voorwaarden) == ("uwlr-1", "resultaten-1")
    assert states(portal.browser("school")) == {
        "toestemming-leerlinggegevens": "Aan",
        "toestemming-resultaten": "Aan",
    }
    overview = browser.get(VESTIGING + "/").text
    assert "Leerlinggegevens uit: aan. Resultaten in: aan." in overview
    assert "De koppeling is geactiveerd, voor leerlinggegevens en resultaten." in browser.get(KOPPELING).text


def test_nothing_ticked(portal: Portal) -> None:
    """Nothing is activated, and the error stands beside the first tick; what was typed is still there."""
    _, page = activate(portal)
    assert page.status == 422
    assert page.errors("akkoord") == ["Vink 'Voor akkoord' aan om verder te gaan."]
    assert page.fields()["naam"] == "A. de Vries"


def test_results_alone(portal: Portal) -> None:
    """Nothing can be fetched, nobody is told that nothing is fetched, and leerlinggegevens can be agreed to later."""
    browser, page = activate(portal, akkoord_resultaten="ja")
    assert page.status == 200
    assert fetch(portal) == "fout"
    page = browser.get(KOPPELING)
    assert "Snappet heeft via deze koppeling nog geen resultaten aangeleverd." in page.text
    assert "ophalen." not in page.tree.xpath("string(//p[starts-with(@class, 'oordeel')])")
    assert not page.tree.xpath("//a[contains(@href, '/delen') or contains(@href, '/niet-delen')]")
    assert browser.get(f"{KOPPELING}/delen").status == 404
    form = browser.get(f"{OUT}/akkoord")
    assert form.h1 == "Leerlinggegevens naar Snappet"
    assert "van leerling:" in form.text or "van leerlingen:" in form.text
    done = browser.submit_page(form, naam="A. de Vries", akkoord="ja")
    assert done.location == KOPPELING
    assert fetch(portal) == "leerlingen"
    assert acts(portal) == [("geactiveerd", "school"), ("leerlinggegevens toegestaan", "school")]
    assert koppeling(portal).akkoord.velden


def test_agreeing_to_results_later(portal: Portal) -> None:
    """The page says what it means and has the terms; sent twice it is done once; without a tick nothing is done."""
    browser, _ = activate(portal, akkoord="ja")
    assert states(browser) == {"toestemming-leerlinggegevens": "Aan", "toestemming-resultaten": "Niet aan"}
    assert not browser.get(KOPPELING).tree.xpath("//a[contains(@href, 'toestemming/leerlinggegevens/pauzeren')]")
    form = browser.get(f"{IN}/akkoord")
    assert "Snappet kan resultaten van leerlingen van deze vestiging aanleveren." in form.text
    assert browser.submit_page(form, naam="A. de Vries").status == 422
    for _ in range(2):
        done = browser.submit_page(form, naam="A. de Vries", akkoord="ja")
        assert done.location == KOPPELING
    assert "Uw akkoord is vastgelegd. Resultaten van Snappet: aan." in browser.follow(done).text
    assert acts(portal) == [("geactiveerd", "school"), ("resultaten toegestaan", "school")]
    assert fetch(portal) == "leerlingen"
    agreed = browser.get(f"{KOPPELING}/voorwaarden?soort=resultaten")
    assert "Versie resultaten-1" in agreed.body
    assert browser.get(f"{IN}/akkoord").location == KOPPELING


@pytest.mark.parametrize(("path", "word"), [(OUT, "leerlinggegevens"), (IN, "resultaten")])
def test_pausing_and_resuming_one(portal: Portal, path: str, word: str) -> None:
    """Each says what it does first, is done once, leaves the other as it is, and stops or opens what it names."""
    browser, _ = activate(portal, akkoord="ja", akkoord_resultaten="ja")
    own, other = ("leerlinggegevens", "resultaten") if path is OUT else ("resultaten", "leerlinggegevens")
    form = browser.get(f"{path}/pauzeren")
    assert form.h1.endswith("pauzeren?")
    for _ in range(2):
        done = browser.submit_page(form)
        assert done.location == KOPPELING
    assert states(browser) == {f"toestemming-{own}": "Gepauzeerd", f"toestemming-{other}": "Aan"}
    assert fetch(portal) == ("fout" if path is OUT else "leerlingen")
    assert browser.get(f"{path}/pauzeren").location == KOPPELING
    page = browser.get(KOPPELING)
    assert "Gepauzeerd sinds 25 november 2026 om 10:30 uur, door A. de Vries (school)." in page.text
    browser.submit_page(browser.get(f"{KOPPELING}/pauzeren"))  # the code
    assert states(browser)[f"toestemming-{other}"] == "Wacht op een code"
    browser.submit(KOPPELING, verificatiecode=CODE, actie="gereed")
    assert states(browser) == {f"toestemming-{own}": "Gepauzeerd", f"toestemming-{other}": "Aan"}
    assert browser.submit_page(browser.get(f"{path}/hervatten")).location == KOPPELING
    assert states(browser) == {f"toestemming-{own}": "Aan", f"toestemming-{other}": "Aan"}
    assert fetch(portal) == "leerlingen"
    done_ = [act for act, _ in acts(portal)]
    assert done_ == ["geactiveerd", f"{word} gepauzeerd", "gepauzeerd", "hervat", f"{word} hervat"]


def test_two_at_once(portal: Portal) -> None:
    """An older page that was open does nothing, and says what somebody else did."""
    browser, _ = activate(portal, akkoord="ja", akkoord_resultaten="ja")
    form = browser.get(f"{IN}/pauzeren")
    colleague = portal.browser("bestuur")
    colleague.submit_page(colleague.get(f"{OUT}/pauzeren"))
    late = browser.submit_page(form)
    assert late.status == 409
    assert "Het ophalen van leerlinggegevens is gepauzeerd" in late.text
    assert states(browser)["toestemming-resultaten"] == "Aan"
    stale = browser.get(f"{IN}/pauzeren")
    colleague.submit_page(colleague.get(f"{IN}/pauzeren"))
    assert browser.submit_page(stale).location == KOPPELING
    assert [act for act, _ in acts(portal)].count("resultaten gepauzeerd") == 1


def test_a_message_with_results_is_no_fetch(portal: Portal) -> None:
    """It stands with the results, and the last fetch stays what it was."""
    browser, _ = activate(portal, akkoord="ja", akkoord_resultaten="ja")
    entry = VerzoekEntry(portal.clock(), RESULTS_CALL, 1, outcome="leerresultaten_bevestiging", leerlingen=3)
    entry.koppeling_id, entry.brin6 = 1, "21QW00"
    with portal.database.writing() as connection:
        write_entries(connection, entry)
    page = browser.get(KOPPELING)
    traffic = page.tree.xpath("//dl[@class='verkeer']/div[1]/dd/text()")
    assert traffic == ["Nog niet"]
    last = page.tree.xpath(
        "//div[@id='toestemming-resultaten']//dt[text()='Laatste bericht']/following-sibling::dd/text()"
    )
    assert last == ["25 november 2026 om 10:30 uur"]


def test_a_lezer_sees_both_and_changes_nothing(portal: Portal) -> None:
    """No button leads to an act, and none of the pages of an act opens."""
    activate(portal, akkoord="ja", akkoord_resultaten="ja")
    lezer = portal.browser("lezer")
    page = lezer.get(KOPPELING)
    assert states(lezer) == {"toestemming-leerlinggegevens": "Aan", "toestemming-resultaten": "Aan"}
    assert not page.tree.xpath("//div[@class='toestemming']//a[contains(@class, 'knop')]")
    for path in (f"{OUT}/pauzeren", f"{IN}/pauzeren", f"{IN}/hervatten", f"{IN}/akkoord"):
        assert lezer.get(path).status == 403


def test_the_proof_names_both(portal: Portal) -> None:
    """The Verklaring has both states, both agreements and both texts; that of the end too, without the texts."""
    browser, _ = activate(portal, akkoord="ja", akkoord_resultaten="ja")
    browser.submit_page(browser.get(f"{IN}/pauzeren"))
    told = text_of(browser.get(f"{KOPPELING}/verklaring.pdf").reply.body)
    assert "Waar de school toestemming voor gaf" in told
    assert "Gepauzeerd sinds 25 november 2026" in told
    assert "Gepauzeerd. Gepauzeerd" not in told
    assert told.count("Akkoord met") == 2
    assert "versie resultaten-1" in told
    assert "resultaten van leerlingen van één vestiging te ontvangen" in told
    assert "Laatste bericht met resultaten" in told
    printout = browser.get(f"{KOPPELING}/bevestiging").text
    assert "Resultaten van Snappet" in printout
    assert "Gepauzeerd sinds 25 november 2026" in printout
    assert "Gepauzeerd. Gepauzeerd" not in printout
    assert "versie resultaten-1" in printout
    browser.submit_page(browser.get(f"{KOPPELING}/beeindigen"))
    end = text_of(browser.get(f"{KOPPELING}/einde.pdf").reply.body)
    assert "De akkoorden die golden" in end
    assert "opgehaald of aangeleverd" in end
    assert "Dit was gepauzeerd sinds 25 november 2026" in end
    assert states(browser) == {"toestemming-leerlinggegevens": "Beëindigd", "toestemming-resultaten": "Gepauzeerd"}


def test_a_koppeling_without_results_is_as_it_was(portal: Portal) -> None:
    """One tick, and nothing about results on any of its pages."""
    browser = portal.browser("school")
    form = browser.get(f"{VESTIGING}/activeren/basispoort")
    assert "akkoord_resultaten" not in form.fields()
    assert "voor resultaten" not in form.text
    browser.submit_page(form, naam="A", akkoord="ja", verificatiecode=CODE, actie="gereed")
    page = browser.get(KOPPELING)
    assert "oestemming voor gaf" not in page.text
    assert browser.get(f"{IN}/akkoord").location == KOPPELING
    assert browser.submit(f"{KOPPELING}", verificatiecode=CODE, actie="gereed").status == 200


def test_leerlinggegevens_that_are_all_there_is_are_seen_to_be_paused(portal: Portal) -> None:
    """An operator, or an address by hand, pauses them by themselves: the page says so, and resumes them."""
    browser = portal.browser("school")
    form = browser.get(f"{VESTIGING}/activeren/basispoort")
    browser.submit_page(form, naam="A", akkoord="ja", verificatiecode=CODE, actie="gereed")
    with portal.database.writing() as connection:
        pausing.pause(connection, 1, 1, Toestemming.LEERLINGGEGEVENS, MOMENT, actor="cli:beheer")
    assert states(browser) == {"toestemming-leerlinggegevens": "Gepauzeerd"}
    assert "Leerlinggegevens uit: gepauzeerd." in browser.get(f"{VESTIGING}/").text
    browser.submit(f"{OUT}/hervatten")
    assert koppeling(portal).is_on(Toestemming.LEERLINGGEGEVENS)
    assert "oestemming voor gaf" not in browser.get(KOPPELING).text
