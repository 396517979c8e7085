"""Acts by hand while a question is open about who somebody is."""

from pathlib import Path

import pytest
from support.act_bench import ActBench
from support.edexml_files import eckid, make_dataset

from uwlr_adapter.contract.dataset import Groep, Leerling

G = Groep("groep", "g", "De Uilen", "4")
ANNA = Leerling("1", eckid(1), "Specht", roepnaam="Anna", geboortedatum="2018-03-14", groep="g")
BRAM = Leerling("2", None, "Valk", roepnaam="Bram", geboortedatum="2018-05-01", groep="g")
OTHER = Leerling("1", None, "Zwaan", roepnaam="Jan", geboortedatum="2017-01-01", groep="g")
"""Another child with Anna's key."""


@pytest.fixture
def bench(tmp_path: Path, backend: str) -> ActBench:
    """Return a school of which it is not certain who has Anna's key."""
    made = ActBench(tmp_path / "data")
    made.init()
    assert backend
    made.take(make_dataset([ANNA, BRAM], groepen=[G]))
    made.take(make_dataset([OTHER, BRAM], groepen=[G]))
    assert len(made.dump()["import_question"]) == 1
    return made


@pytest.mark.parametrize(
    "words", [("leerling", "join", "21QW00", "1", "2"), ("school", "withdraw", "21QW00", "--schooljaar", "2026-2027")]
)
def test_a_question_goes_with_whom_or_what_it_was_about(bench: ActBench, words: tuple[str, ...]) -> None:
    """The next import asks what is still not certain; undo brings the question back."""
    before = bench.dump()["import_question"]
    bench.undone_is_exact(*words)
    assert bench.dump()["import_question"] == []
    bench.done("import", "undo", bench.standing()[0], "--yes", "--accept-drop")
    assert bench.dump()["import_question"] == before


def test_a_school_with_questions_is_not_merged(bench: ActBench) -> None:
    """Who somebody is must be certain before keys move."""
    words = ("school", "merge", "21QW", "30AD", "--vestiging", "21QW00=30AD00", "--yes")
    assert "open questions" in bench.refused(*words)
    bench.take(make_dataset([ANNA, BRAM], groepen=[G]))
    bench.done(*words)
