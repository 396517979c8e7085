"""The toets of the example school: valid, of leerlingen who are there, and the same each time."""

from datetime import UTC, datetime

import pytest
from lxml import etree

from uwlr_adapter.client.results_file import judge_results, read_results, write_message
from uwlr_adapter.contract.autorisatie import Autorisatie
from uwlr_adapter.contract.leerresultaten.judging import judge
from uwlr_adapter.contract.leerresultaten.records import Leerresultaten
from uwlr_adapter.contract.leerresultaten.request import read
from uwlr_adapter.demo import school, toets
from uwlr_adapter.demo.school import VESTIGINGEN

MOMENTS = [datetime(*day, 9, tzinfo=UTC) for day in ((2026, 8, 2), (2026, 9, 20), (2027, 2, 1), (2027, 7, 31))]


def results(brin6: str, moment: datetime) -> Leerresultaten:
    """Return what a message says."""
    codes = Autorisatie("21QW00x", "x", "x")
    return judge(read(write_message(read_results(toets.verzoek(brin6, moment)), codes), strict=True)).leerresultaten


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda one: f"{one:%Y%m%d}")
@pytest.mark.parametrize("brin6", VESTIGINGEN)
def test_it_needs_no_repair(brin6: str, moment: datetime) -> None:
    """On each day of a schooljaar it is what the service takes as it is."""
    verdict = judge_results(read_results(toets.verzoek(brin6, moment)))
    assert (verdict.fault, verdict.repairs) == (None, ())


@pytest.mark.parametrize("brin6", VESTIGINGEN)
def test_it_is_of_the_leerlingen_of_one_groep(brin6: str) -> None:
    """Each of them has a total and two parts, judged by the leerkracht of that groep."""
    said = results(brin6, MOMENTS[1])
    edex = etree.fromstring(school.edexml(brin6, "2026-2027"))
    own = [one.get("key") for one in edex.iter("leerling") if one.findtext("jaargroep") == str(toets.JAARGROEP)]
    assert [one.leerlingid for one in said.toetsafnames] == own
    assert {len(one.resultaten) for one in said.toetsafnames} == {3}
    groep = f"2026-{toets.JAARGROEP}"
    teachers = {
        one.get("key") for one in edex.iter("leerkracht") if one.find(f"groepen/groep[@key='{groep}']") is not None
    }
    assert {one.resultaatverwerkerid for one in said.toetsafnames} == teachers
    for afname in said.toetsafnames:
        total, *parts = [one.score or 0 for one in afname.resultaten]
        assert total == sum(parts)


def test_it_is_the_same_each_time() -> None:
    """Another day of the schooljaar changes when it was made, and nothing that it says."""
    first, again = (results("21QW00", one) for one in MOMENTS[1:3])
    assert (first.toetsafnames, first.toetsen) == (again.toetsafnames, again.toetsen)
    assert first.school.aanmaakdatum != again.school.aanmaakdatum
