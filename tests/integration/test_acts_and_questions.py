"""Acts by hand while a question is open about who somebody is."""

import json
from pathlib import Path

import pytest
from support.act_bench import ActBench
from support.edexml_files import eckid, make_dataset

from uwlr_adapter.administratie.importing import persons, questions
from uwlr_adapter.administratie.importing.questions import ImportQuestion
from uwlr_adapter.administratie.tables import PersonKind
from uwlr_adapter.contract.dataset import Groep, Leerling

G = Groep("groep", "g", "De Uilen", "4")
ANNA = Leerling("1", eckid(1), "Specht", roepnaam="Anna", geboortedatum="2018-03-14", groep="g")
BRAM = Leerling("2", None, "Valk", roepnaam="Bram", geboortedatum="2018-05-01", groep="g")
OTHER = Leerling("1", None, "Zwaan", roepnaam="Jan", geboortedatum="2017-01-01", groep="g")
"""Another child with Anna's key."""
HERS = Leerling("1", eckid(1), "Zwaan", roepnaam="Jan", geboortedatum="2017-01-01", groep="g")
AGAIN, SURE = (
    Leerling(key, eckid(9), "Valk", roepnaam="Bram", geboortedatum="2018-05-01", groep="g") for key in ("9", "2")
)
"""Bram under a second key, and with the ECK-iD of that record under the first one."""


def _import_all(made: ActBench) -> None:
    made.take(make_dataset([ANNA, BRAM], groepen=[G]))
    made.take(make_dataset([OTHER, BRAM], groepen=[G]))
    assert len(made.dump()["import_question"]) == 1


@pytest.fixture
def bench(tmp_path: Path, backend: str) -> ActBench:
    """Return a school of which it is not certain who has Anna's key."""
    made = ActBench(tmp_path / "data")
    made.init(_import_all)
    assert backend
    return made


def _open(bench: ActBench) -> list[ImportQuestion]:
    with bench.open().reading() as connection:
        return questions.of_school(connection)


def test_a_question_goes_with_the_year_of_its_row(bench: ActBench) -> None:
    """Undo brings the question back."""
    before = bench.dump()["import_question"]
    bench.undone_is_exact("school", "withdraw", "21QW00", "--schooljaar", "2026-2027")
    assert bench.dump()["import_question"] == []
    bench.done("import", "undo", bench.standing()[0], "--yes", "--accept-drop")
    assert bench.dump()["import_question"] == before


def test_a_question_stays_for_the_years_that_stay(bench: ActBench) -> None:
    """The row with Anna's key is at two vestigingen; the records of the one are withdrawn."""
    bench.take(make_dataset([OTHER, BRAM._replace(key="5", groep=None)], groepen=[G], brin6="21QW01"))
    (question,) = json.loads(bench.done("import", "questions", "--json"))
    assert [one["brin6"] for one in question["years"]] == ["21QW00", "21QW01"]
    bench.undone_is_exact("school", "withdraw", "21QW01")
    (left,) = json.loads(bench.done("import", "questions", "--json"))
    assert (left["id"], [one["brin6"] for one in left["years"]]) == (question["id"], ["21QW00"])
    bench.done("import", "undo", bench.standing()[0], "--yes", "--accept-drop")
    assert json.loads(bench.done("import", "questions", "--json")) == [question]


def test_a_question_about_two_years_stays_for_the_other_one(bench: ActBench) -> None:
    """A row that is held must stand in a question: nobody could tell otherwise that it is not answered."""
    bench.take(make_dataset([OTHER, BRAM], groepen=[G], schooljaar="2025-2026"))
    before = bench.dump()["import_question"]
    bench.undone_is_exact("school", "withdraw", "21QW00", "--schooljaar", "2025-2026")
    (question,) = _open(bench)
    assert [one.year.schooljaar for one in question.years] == ["2026-2027"]
    bench.done("import", "undo", bench.standing()[0], "--yes", "--accept-drop")
    assert bench.dump()["import_question"] == before


def test_a_question_about_one_of_two_who_are_joined_stays(bench: ActBench) -> None:
    """The row is still held, and an answer still says who it is; the one person has a row of its own, and stays."""
    before = bench.dump()["import_question"]
    bench.undone_is_exact("leerling", "join", "21QW00", "2", "1")
    (question,) = _open(bench)
    assert [one.key for one in question.known] == ["2"]
    assert question.held == frozenset()
    bench.done("import", "answer", str(question.id), "new", "--yes")
    assert _open(bench) == []
    assert len(bench.dump()["deelname"]) == len(["Bram", "Jan"])
    bench.done("import", "undo", bench.standing()[0], "--yes")
    bench.done("import", "undo", bench.standing()[0], "--yes", "--accept-drop")
    assert bench.dump()["import_question"] == before


def test_a_join_answers_which_of_the_two_it_is(bench: ActBench) -> None:
    """A row whose key and ECK-iD name two persons names one when they are joined; the next import takes it."""
    bench.take(make_dataset([ANNA, BRAM, AGAIN], groepen=[G]))
    bench.take(make_dataset([ANNA, SURE], groepen=[G]))
    assert [len(one.known) for one in _open(bench)] == [2]
    bench.undone_is_exact("leerling", "join", "21QW00", "2", "9")
    assert _open(bench) == []
    bench.take(make_dataset([ANNA, SURE], groepen=[G]))
    assert _open(bench) == []


def test_a_forgotten_key_that_names_somebody_else_now_stops_no_import(bench: ActBench) -> None:
    """The key was used again before the first child was forgotten, who is known by ECK-iD all the same."""
    (question,) = _open(bench)
    bench.done("import", "answer", str(question.id), "new", "--yes")
    bench.done("leerling", "forget", "21QW00", "1", "--yes")
    bench.take(make_dataset([OTHER, BRAM], groepen=[G]))
    assert _open(bench) == []
    bench.take(make_dataset([HERS, BRAM], groepen=[G]), exit_code=1)


def test_a_key_comes_back_from_somebody_who_was_forgotten(bench: ActBench) -> None:
    """Jan got Anna's key by an answer, and is forgotten; after the undo of the answer it is hers, as before."""
    (question,) = _open(bench)
    bench.done("import", "answer", str(question.id), "new", "--yes")
    with bench.open().reading() as connection:
        everybody = persons.all_of(connection, PersonKind.LEERLING, "21QW")
    (jan,) = [one for one in everybody if one.source_keys == ("1",)]
    bench.done("leerling", "forget", "21QW00", jan.key, "--yes")
    bench.done("import", "undo", bench.standing()[0], "--yes", "--accept-drop")
    bench.take(make_dataset([ANNA, BRAM], groepen=[G]))


def test_a_school_with_questions_is_not_merged(bench: ActBench) -> None:
    """Who somebody is must be certain before keys move."""
    words = ("school", "merge", "21QW", "30AD", "--vestiging", "21QW00=30AD00", "--yes")
    assert "open questions" in bench.refused(*words)
    bench.take(make_dataset([ANNA, BRAM], groepen=[G]))
    bench.done(*words)


NINA = Leerling("9", eckid(1), "Ekster", roepnaam="Nina", geboortedatum="2016-02-02", groep="g")
"""A child of whom there is only a question: Anna's ECK-iD is in the row."""


@pytest.mark.parametrize("is_open", [True, False])
def test_who_is_only_in_a_question_is_forgotten(bench: ActBench, *, is_open: bool) -> None:
    """In the open one, and in what the import that took it back keeps for an undo; Anna keeps her ECK-iD."""
    own = NINA._replace(key="10", eckid=eckid(10), achternaam=".", roepnaam=None, geboortedatum="2016-03-03")
    bench.take(make_dataset([ANNA._replace(eckid=None), BRAM, NINA, own], groepen=[G]))
    if is_open:
        assert "`uwlr-adapter import questions 21QW`" in bench.refused("leerling", "show", "21QW00", "9")
    else:
        bench.take(make_dataset([ANNA, BRAM], groepen=[G]))
    assert "2016-02-02" in str(bench.dump())
    for key in ("9", "10"):
        bench.done("leerling", "forget", "21QW00", key, "--yes")
    everything = str(bench.dump())
    assert [text for text in ("Ekster", "2016-02-02", "2016-03-03", eckid(10)) if text in everything] == []
    assert bench.shown("21QW00", "1")["eckid"] == eckid(1)
    bench.take(make_dataset([ANNA, BRAM], groepen=[G]))
    for child in (NINA._replace(eckid=None), own._replace(key="11")):
        again = make_dataset([ANNA, BRAM, child], groepen=[G])
        assert "was forgotten here" in bench.take(again, exit_code=1).output
    bench.undo_all()
