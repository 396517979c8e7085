"""What is wrong with a page in a browser: for the eye, for the ear, and as HTML."""

import json
import subprocess
from pathlib import Path

from playwright.sync_api import Page

from support.chromium import node_file

FOUND = """axe.run({ rules: { "target-size": { enabled: true } } }).then(({ violations }) =>
    violations.flatMap(({ id, nodes }) =>
        nodes.map(({ html, failureSummary }) => `${id}: ${html}: ${failureSummary}`)))"""
LOOKS = Path(__file__).with_name("page_looks.js").read_text(encoding="utf-8").partition("\n")[2]
LENGTHEN = Path(__file__).with_name("longest_names.js").read_text(encoding="utf-8").partition("\n")[2]
LONGEST = {
    "Snappet": "Leerplatform voor gepersonaliseerd onderwijs en toetsen in Nederland",
    "Basispoort": "Toegangspoort_Basisonderwijs_zonder_spaties_van_64_tekens_precies",
    "UWLR-4D": "Leerlingvolgsysteemuitwisselingsovereenkomstbeheersorganisatie4D",
    "Ouderportaal Basis": "Ouderportaal voor basisscholen, kinderopvang en buitenschoolse opvang",
    "De Voorbeeldschool": "Openbare Daltonbasisschool Burgemeester Van Heemstra-Wijkerslooth, locatie Zuid",
    "De Lege Bank": "Samenwerkingsschoolgemeenschapvoorbijzonderneutraalonderwijs",
    "A. de Vries": "A. van der Oudenhoven-Schimmelpenninck van Nijenrode tot Rijckevorsel",
    "van den Bestuur": "Wijkerslooth-de-Weerdesteyn-van-den-Bosch-van-Rijckevorsel-Schimmelpenninck",
    "E. Beheer": "Ooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooo",
    "Rekenen-Wiskunde M5": "x" * 128,
    "Getallen en bewerkingen": f"Getallen{'enbewerkingen' * 9}",
    "Meten en meetkunde": "Meten, meetkunde, verhoudingen, verbanden, geld, tijd en alles wat erbij hoort in dit blok",
    "onvoldoende": "onvoldoende" * 5,
    "op niveau": "W" * 128,
    "onbekend-nummer-12345": "1234567890" * 25,
    "1 Bevers": "Bevers_en_hun_burchten_aan_de_rivier_met_alle_dammen_die_erbij_horen",
    "de Jong": "van den Schimmelpenninckvandernoijevanrijckevorsel-Wijkerslooth",
}
"""Longest names for names of the example school: of many words, and of one that goes on."""
CONFIG = Path(__file__).with_name("htmlvalidate.cjs")


def axe_source() -> str:
    """Return the source of axe-core. Skips where it is not installed."""
    return node_file("axe-core/axe.min.js").read_text(encoding="utf-8")


def load_axe(page: Page, axe: str) -> None:
    """Load axe-core into the page that is open; it comes in past the CSP, as a debugger does."""
    page.evaluate(axe)


def axe_findings(page: Page) -> list[str]:
    """Return what axe-core, which the page has loaded, finds on it, best practices included."""
    found: list[str] = page.evaluate(FOUND)
    return found


def looks(page: Page, width: int) -> list[str]:
    """Return what is wrong with how a page looks at a width: off the screen, sticking out, overlapping, too small."""
    page.set_viewport_size({"width": width, "height": 900})
    found: list[str] = page.evaluate(LOOKS)
    return found


def pixels_sticking_out(page: Page) -> int:
    """Return by how many pixels a page is wider than its window."""
    found: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return found


def lengthen_names(page: Page) -> None:
    """Put the longest names in a page."""
    page.evaluate(LENGTHEN, LONGEST)


def html_findings(folder: Path) -> list[str]:
    """Return what html-validate finds in the pages of a folder; what its rules leave out stands in its settings."""
    program = node_file("html-validate/bin/html-validate.mjs")
    result = subprocess.run(
        ["node", str(program), "--config", str(CONFIG), "--formatter", "json", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.stderr == ""
    return [
        f"{Path(one['filePath']).stem}, line {message['line']}: {message['ruleId']}: {message['message']}"
        for one in json.loads(result.stdout)
        for message in one["messages"]
    ]
