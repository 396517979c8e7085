"""The figures of docs/guides/vendor.md are those of the code."""

import re
from pathlib import Path

import pytest

from uwlr_adapter.contract.fault import (
    AutorisatieOngeldig,
    EldResultaatOngeldig,
    LeerlingOngeldig,
    OngeldigBericht,
    ScoreOngeldig,
    ToetsNormeringOngeldig,
    VocabulaireTermOngeldig,
    XsdVersieOngeldig,
)
from uwlr_adapter.contract.fields import SET_NAMES
from uwlr_adapter.contract.leerresultaten.request import MESSAGE as RESULTS
from uwlr_adapter.contract.profiles import ALIASES, fold_name
from uwlr_adapter.contract.versions import VERSIONS
from uwlr_adapter.contract.xml import ANSWER, MESSAGE
from uwlr_adapter.exchange.answering import MIN_GZIP
from uwlr_adapter.koppelingen.failures import MAX_CODE, MAX_KLANT, PERIOD
from uwlr_adapter.web.app import REQUEST_ID
from uwlr_adapter.web.rsgi import BODY_SECONDS, REQUEST_SECONDS

ROOT = Path(__file__).parents[2]
PAGE = " ".join((ROOT / "docs" / "guides" / "vendor.md").read_text(encoding="utf-8").split())
RESULTS_PAGE = " ".join((ROOT / "docs" / "guides" / "vendor-results.md").read_text(encoding="utf-8").split())
LIMITS = "\n".join((ROOT / "deploy" / "nginx" / f"uwlr-{one}.conf").read_text("utf-8") for one in ("limits", "sources"))


@pytest.mark.parametrize(
    "told",
    [
        f"A request is at most {MESSAGE.octets // 1024} kB, with at most {MESSAGE.elements} elements",
        f"allow {ANSWER.octets // 1024**2} MB",
        f"not whole within {BODY_SECONDS} seconds",
        f"after {REQUEST_SECONDS} seconds the service gives up",
        f"an answer with data of {MIN_GZIP // 1024} kB or more comes compressed",
        f"wrong codes in these {'ten' if PERIOD.total_seconds() == 600 else PERIOD} minutes",
        f"After {MAX_CODE} calls for this school without access",
        f"after {MAX_KLANT} calls with a wrong klantcode",
        f"request {', '.join(VERSIONS[:-1])} or {VERSIONS[-1]}",
        f"**`{REQUEST_ID}`** is on every response",
    ],
)
def test_a_figure_of_the_page(told: str) -> None:
    """The sentence stands there with the number that holds."""
    assert told in PAGE


@pytest.mark.parametrize(
    "told",
    [
        f"at most {RESULTS.octets // 1024**2} MB and {RESULTS.elements:,} elements",
        f"is whole within {BODY_SECONDS} seconds",
        f"After {REQUEST_SECONDS} seconds the service gives up",
        f"send {', '.join(VERSIONS[:-1])} or {VERSIONS[-1]}",
    ],
)
def test_a_figure_of_the_page_on_results(told: str) -> None:
    """The sentence stands there with the number that holds."""
    assert told in RESULTS_PAGE


def test_the_page_on_results_has_each_fault() -> None:
    """Each faultcode that results may get is in its table."""
    codes = {one.code for one in (ScoreOngeldig, ToetsNormeringOngeldig, EldResultaatOngeldig, LeerlingOngeldig)}
    codes |= {one.code for one in (OngeldigBericht, XsdVersieOngeldig, AutorisatieOngeldig, VocabulaireTermOngeldig)}
    assert sorted(code for code in codes if f"`{code}`" not in RESULTS_PAGE) == []


def test_the_limits_of_nginx() -> None:
    """Of one address nginx lets 100 requests through at a time, and 100 a second."""
    assert "At most 100 requests of one address at a time. Of more than 100 a second the others wait" in PAGE
    assert re.search(r"^limit_conn \w+ 100;$", LIMITS, re.MULTILINE)
    assert re.search(r"^limit_req_zone .* rate=100r/s;$", LIMITS, re.MULTILINE)


def test_the_names_of_a_gegevensset() -> None:
    """Each name that a caller may write is on the page, in some spelling."""
    written = {
        fold_name(word) for word in PAGE.partition("**gegevenssetid**")[2].partition("Another name")[0].split("`")
    }
    assert {fold_name(name) for name in SET_NAMES} | ALIASES.keys() <= written
