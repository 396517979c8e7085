"""The overview tells how old the records are, and since when a delivery was not taken; nothing of the operator's."""

from datetime import timedelta

from support.edexml_files import make_dataset
from support.imports import import_dataset
from support.portal_browser import SCHOOL, Portal

from uwlr_adapter.administratie.importing import not_taken
from uwlr_adapter.administratie.model import ImportRefusedError, Problem
from uwlr_adapter.contract.dataset import Leerling

YEAR = "2026-2027"
STALE = "is een aanlevering voor schooljaar 2026-2027 niet ingelezen."
ASKS = ImportRefusedError([Problem(3, "leerling", "many leerlingen would be gone", flag="--accept-drop")])


def deliver(portal: Portal) -> None:
    """Import a year at the moment of the clock."""
    dataset = make_dataset([Leerling("1", roepnaam="Jo")], schooljaar=YEAR)
    import_dataset(portal.database, dataset, moment=portal.clock())


def test_the_overview_tells_how_old_the_records_are(portal: Portal) -> None:
    """No records, then the moment of the last import, in Amsterdam."""
    browser = portal.browser("school")
    assert "Er zijn nu geen gegevens van deze vestiging." in browser.get(SCHOOL).text
    deliver(portal)
    page = browser.get(SCHOOL)
    assert "De gegevens zijn van 25 november 2026 om 10:30 uur." in page.text
    assert "niet ingelezen" not in page.text
    assert "geen gegevens van deze vestiging" not in page.text


def test_a_delivery_that_was_not_taken(portal: Portal) -> None:
    """Since when, and of when the records are that platforms get; until one is taken."""
    deliver(portal)
    portal.clock.advance(days=1)
    for moment in (portal.clock(), portal.clock() + timedelta(days=1)):
        with portal.database.writing() as connection:
            not_taken.record(connection, [("21QW00", YEAR), ("30AB00", "")], ASKS, moment)
    page = portal.browser("school").get(SCHOOL)
    assert f"Sinds 26 november 2026 om 10:30 uur {STALE}" in page.text
    assert "Leerplatforms krijgen de gegevens van 25 november 2026 om 10:30 uur." in page.text
    for operators in ("accept-drop", "would be gone", "leerling,"):
        assert operators not in page.body
    foreign = portal.browser("andere").get("/koppelingen/30AB00").text
    assert "Sinds 26 november 2026 om 10:30 uur is een aanlevering niet ingelezen." in foreign
    assert "krijgen de gegevens van" not in foreign
    assert "niet ingelezen" not in portal.browser("bestuur").get("/koppelingen/21QW01").text
    portal.clock.advance(days=3)
    deliver(portal)
    page = portal.browser("school").get(SCHOOL)
    assert "De gegevens zijn van 29 november 2026 om 10:30 uur." in page.text
    assert "niet ingelezen" not in page.text
