"""Identity in imports: what is uncertain is held, the rest comes in, and an answer is given once."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.edexml_files import eckid, make_dataset, to_edexml
from support.imports import AANMAAKDATUM, MOMENT, dump, import_dataset, options, select
from support.school_builder import open_database

from uwlr_adapter.administratie import selection, tables
from uwlr_adapter.administratie.importing import batches, forget, importer, questions
from uwlr_adapter.administratie.importing.match import Doubt, Unmatched
from uwlr_adapter.administratie.importing.questions import Choice, ImportQuestion, QuestionError
from uwlr_adapter.administratie.model import Delivery, ImportRefusedError, Severity
from uwlr_adapter.administratie.sources.edexml import edexml
from uwlr_adapter.contract.dataset import Dataset, Groep, Leerkracht, Leerling, Locatie
from uwlr_adapter.db.database import Database
from uwlr_adapter.journaal import search
from uwlr_adapter.journaal.model import Act

DAY = date(2026, 10, 1)
GROEPEN = (Groep("groep", "g3", "3A", "3"), Groep("groep", "g4", "4A", "4"))
JAN = Leerling("1", eckid(1), "Haas", roepnaam="Jan", geboortedatum="2018-01-01", groep="g3", vestiging="N")
FATIMA = Leerling("1", eckid(2), "Mol", roepnaam="Fatima", geboortedatum="2018-02-02", groep="g4")
"""Another child, under the key of Jan."""
PIET = Leerling("2", None, "Das", roepnaam="Piet", geboortedatum="2018-03-03", groep="g3")


@pytest.fixture
def database(tmp_path: Path, backend: str) -> Iterator[Database]:
    """Yield a new database."""
    opened = open_database(tmp_path)
    yield opened
    opened.close()


def school(*leerlingen: Leerling, **others: object) -> Dataset:
    """Return a school with its groepen."""
    given = {"groepen": GROEPEN, "locaties": (Locatie("N", "Noord"),), **others}
    return make_dataset(leerlingen, **given)  # type: ignore[arg-type]


def answered(database: Database, brin6: str = "21QW00", schooljaar: str = "2026-2027") -> list[tuple[str | None, ...]]:
    """Return key, ECK-iD, roepnaam and groep of each leerling who is answered, also in a year that is over."""
    with database.reading() as connection:
        found = selection.select(
            connection, brin6=brin6, schooljaar=schooljaar, day=DAY, aanmaakdatum=AANMAAKDATUM, any_year=True
        )
    return [] if found is None else [(one.key, one.eckid, one.roepnaam, one.groep) for one in found.leerlingen]


def open_questions(database: Database) -> list[ImportQuestion]:
    """Return the open questions."""
    with database.reading() as connection:
        return questions.of_school(connection, "21QW")


def answer(database: Database, choice: Choice) -> questions.Answered:
    """Answer the one open question."""
    (question,) = open_questions(database)
    with database.writing() as connection:
        return questions.answer(connection, question.id, choice, MOMENT, "cli:proef")


def undo(database: Database, batch: int) -> None:
    """Take a batch back."""
    with database.writing() as connection:
        batches.undo(connection, batch, MOMENT)


IS_JAN, IS_PIET = ("1", eckid(1), "Jan", "g3"), ("2", None, "Piet", "g3")


def test_a_contested_row_is_not_answered_and_the_known_person_is_as_last_confirmed(database: Database) -> None:
    """The rest of the file comes in; nothing of the one child is mixed with the other."""
    import_dataset(database, school(JAN, PIET))
    report = import_dataset(database, school(FATIMA, PIET._replace(groep="g4")))
    assert answered(database) == [IS_JAN, ("2", None, "Piet", "g4")]
    assert report.held == 1
    (warning,) = report.warnings
    assert (warning.severity, warning.element) == (Severity.WARNING, "leerling/@key")
    assert warning.line
    (question,) = open_questions(database)
    assert (question.doubt, question.key, question.eckid, question.since) == (Doubt.NAME, "1", eckid(2), DAY)
    assert (question.naming.roepnaam, question.known[0].naming.roepnaam) == ("Fatima", "Jan")
    assert [(one.year.brin6, one.line, one.groepen) for one in question.years] == [("21QW00", warning.line, ("g4",))]
    with database.reading() as connection:
        assert questions.of_vestiging(connection, "21QW00") == [question]
        assert questions.of_vestiging(connection, "21QW01") == []


def test_who_has_no_record_of_the_year_is_not_held(database: Database) -> None:
    """Jan left last year: the row with his key is a question, and nobody is answered in its place."""
    import_dataset(database, school(JAN, schooljaar="2025-2026"))
    import_dataset(database, school(FATIMA, PIET))
    (question,) = open_questions(database)
    assert ([one.key for one in question.known], question.held) == (["1"], frozenset())
    answer(database, Choice.SAME)
    assert answered(database) == [("1", eckid(2), "Fatima", "g4"), IS_PIET]


def test_who_is_held_loses_a_groep_and_a_locatie_that_are_gone(database: Database) -> None:
    """A reference to what the file no longer has is left out; the person stays."""
    import_dataset(database, school(JAN, PIET))
    import_dataset(database, school(FATIMA, PIET._replace(groep="g4"), groepen=GROEPEN[1:], locaties=()))
    assert answered(database) == [("1", eckid(1), "Jan", None), ("2", None, "Piet", "g4")]


def test_who_is_held_is_answered_until_the_uitstroomdatum(database: Database) -> None:
    """As last confirmed is no longer than the enrolment."""
    import_dataset(database, school(JAN._replace(uitstroomdatum="2026-11-01"), PIET))
    import_dataset(database, school(FATIMA, PIET))
    found = select(database, "21QW00", "2026-2027", date(2026, 11, 1))
    assert found is not None
    assert [one.roepnaam for one in found.leerlingen] == ["Piet"]


def test_who_is_held_is_no_drop(database: Database) -> None:
    """A file of which every row is contested, within the bound, asks about these rows and about nothing else."""
    children = [JAN._replace(key=str(n), eckid=eckid(n), roepnaam=f"Kind{n}") for n in range(30)]
    others = [FATIMA._replace(key=str(n), eckid=eckid(90 + n), roepnaam=f"Ander{n}") for n in range(15)]
    import_dataset(database, school(*children))
    report = import_dataset(database, school(*others, *children[15:]), accept_drop=False, max_held=15)
    assert report.held == 15
    assert len(answered(database)) == 30


def test_the_same_source_again_asks_the_same_question(database: Database) -> None:
    """It has the same number and the day on which it was asked first, and no record changes."""
    import_dataset(database, school(JAN, PIET))
    import_dataset(database, school(FATIMA, PIET))
    before, asked = dump(database), open_questions(database)
    import_dataset(database, school(FATIMA, PIET), moment=MOMENT + timedelta(5))
    assert (dump(database), open_questions(database)) == (before, asked)


def test_a_source_that_was_corrected_answers_the_question(database: Database) -> None:
    """Jan has his key again: there is nothing to ask."""
    import_dataset(database, school(JAN, PIET))
    import_dataset(database, school(FATIMA, PIET))
    import_dataset(database, school(JAN, PIET, FATIMA._replace(key="3")))
    assert open_questions(database) == []
    assert answered(database) == [IS_JAN, IS_PIET, ("3", eckid(2), "Fatima", "g4")]


def test_a_source_without_the_row_takes_the_question_back(database: Database) -> None:
    """And the known person is no longer held: the file is the whole truth again."""
    import_dataset(database, school(JAN, PIET))
    import_dataset(database, school(FATIMA, PIET))
    import_dataset(database, school(PIET))
    assert (open_questions(database), answered(database)) == ([], [IS_PIET])


def test_the_answer_new(database: Database) -> None:
    """The row is a new person with a key of ours, the known one is not in the file; the source asks no more."""
    import_dataset(database, school(JAN, PIET))
    import_dataset(database, school(FATIMA, PIET))
    done = answer(database, Choice.NEW)
    wanted = [IS_PIET, (done.key, eckid(2), "Fatima", "g4")]
    assert sorted(map(str, answered(database))) == sorted(map(str, wanted))
    before = dump(database)
    report = import_dataset(database, school(FATIMA, PIET))
    assert (open_questions(database), report.warnings, dump(database)) == ([], (), before)


def test_the_answer_same(database: Database) -> None:
    """The row is the known person, with every value of the row; the source asks no more."""
    import_dataset(database, school(JAN, PIET))
    import_dataset(database, school(FATIMA, PIET))
    answer(database, Choice.SAME)
    assert answered(database) == [("1", eckid(2), "Fatima", "g4"), IS_PIET]
    before = dump(database)
    report = import_dataset(database, school(FATIMA, PIET))
    assert (open_questions(database), report.warnings, dump(database)) == ([], (), before)


@pytest.mark.parametrize("choice", [Choice.SAME, Choice.NEW])
def test_an_answer_is_taken_back_exactly(database: Database, choice: Choice) -> None:
    """The question is open again, and the records are those of before."""
    import_dataset(database, school(JAN, PIET))
    import_dataset(database, school(FATIMA, PIET))
    before, asked = dump(database), open_questions(database)
    undo(database, answer(database, choice).batch)
    assert (dump(database), open_questions(database)) == (before, asked)
    undo(database, 2)
    assert (open_questions(database), answered(database)) == ([], [IS_JAN, IS_PIET])


def test_an_answer_is_in_the_journaal(database: Database) -> None:
    """With its actor, and no word about the child."""
    import_dataset(database, school(JAN, PIET))
    import_dataset(database, school(FATIMA, PIET))
    answer(database, Choice.NEW)
    with database.reading() as connection:
        (entry,) = search.read(connection, brin6="21QW00", limit=9)
    assert (entry.act, entry.outcome) == (Act.QUESTION_ANSWERED, "gedaan")


@pytest.mark.parametrize("choice", [Choice.KEY, Choice.NEW])
def test_an_answer_is_in_the_journaal_of_every_vestiging_that_it_changes(database: Database, choice: Choice) -> None:
    """An ECK-iD goes from a child at another vestiging, which has no row in the question."""
    for brin6, other in (("21QW01", JAN._replace(key="9")), ("21QW02", FATIMA._replace(key="8"))):
        import_dataset(database, school(other._replace(vestiging=None), brin6=brin6))
    import_dataset(database, school(PIET))
    import_dataset(database, school(PIET._replace(eckid=eckid(1))))
    given = answer(database, choice)
    assert answered(database, "21QW01") == [("9", None, "Jan", "g3")]
    with database.reading() as connection:
        found = {brin6: search.read(connection, brin6=brin6, limit=9) for brin6 in ("21QW00", "21QW01", "21QW02")}
        changed = batches.vestigingen_changed(connection, batches.get(connection, given.batch))
    assert {brin6 for brin6, entries in found.items() if entries} == {"21QW00", "21QW01"} == set(changed)
    assert {entry.act for entries in found.values() for entry in entries} == {Act.QUESTION_ANSWERED}


def test_a_question_is_answered_with_a_choice_of_its_own(database: Database) -> None:
    """Another one is refused, and so is a question that is not open."""
    import_dataset(database, school(JAN))
    import_dataset(database, school(FATIMA))
    with pytest.raises(QuestionError, match="same, new"):
        answer(database, Choice.KEY)
    with pytest.raises(QuestionError, match="no open question"), database.writing() as connection:
        questions.answer(connection, 1, Choice.NEW, MOMENT, "cli:proef")


def test_two_persons_who_are_one(database: Database) -> None:
    """Known by two keys: either may be the row, and the ECK-iD goes with the answer."""
    import_dataset(database, school(JAN._replace(eckid=None, vestiging=None)))
    import_dataset(database, school(JAN._replace(key="900", vestiging=None), brin6="21QW01"))
    report = import_dataset(database, school(JAN))
    assert "leerling join" in report.warnings[0].reason
    assert answered(database) == [("1", None, "Jan", "g3")]
    answer(database, Choice.KEY)
    assert (answered(database), answered(database, "21QW01")) == ([IS_JAN], [("900", None, "Jan", "g3")])
    assert import_dataset(database, school(JAN)).held == 0


KO = Leerling("9", eckid(1), "Kat", roepnaam="Ko", geboortedatum="2018-07-07", groep="g3")
"""A third child, with the ECK-iD of Jan."""


def test_of_two_questions_about_one_person_one_is_that_person(database: Database) -> None:
    """Fatima has Jan's key and Ko his ECK-iD: who was answered to be Jan stays it, whatever the other one is."""
    import_dataset(database, school(JAN))
    import_dataset(database, school(FATIMA, KO))
    first, second = sorted(open_questions(database), key=lambda one: one.key)
    with database.writing() as connection:
        questions.answer(connection, first.id, Choice.SAME, MOMENT, "cli:proef")
    before, asked = dump(database), open_questions(database)
    assert [(one.id, one.held) for one in asked] == [(second.id, frozenset())]
    with pytest.raises(QuestionError, match="another row"), database.writing() as connection:
        questions.answer(connection, second.id, Choice.SAME, MOMENT, "cli:proef")
    done = answer(database, Choice.NEW)
    assert answered(database) == [("1", eckid(2), "Fatima", "g4"), ("9", eckid(1), "Ko", "g3")]
    undo(database, done.batch)
    assert (dump(database), open_questions(database)) == (before, asked)
    undo(database, done.batch - 1)
    assert {one.held for one in open_questions(database)} == {first.held}


def test_of_two_questions_about_one_person_none_is_that_person(database: Database) -> None:
    """Jan is held as long as one of them is open, and not longer."""
    import_dataset(database, school(JAN))
    import_dataset(database, school(FATIMA, KO))
    first, second = sorted(open_questions(database), key=lambda one: one.key)
    with database.writing() as connection:
        key = questions.answer(connection, first.id, Choice.NEW, MOMENT, "cli:proef").key
    assert answered(database) == [IS_JAN, (key, eckid(2), "Fatima", "g4")]
    answer(database, Choice.NEW)
    assert sorted(answered(database)) == sorted([("9", eckid(1), "Ko", "g3"), (key, eckid(2), "Fatima", "g4")])
    assert second.held == first.held


def test_a_correction_is_counted_where_the_leerling_is(database: Database) -> None:
    """The other vestiging of the same source has no change."""
    sources = [(school(JAN), school(PIET._replace(eckid=eckid(one)), brin6="21QW01")) for one in (7, 8)]
    bring(database, *sources[0])
    done = importer.import_deliveries(database, [delivery_of(one) for one in sources[1]], options())
    counts = [report.counts["leerlingen"] for report in done.reports]
    assert [(one.changed, one.unchanged) for one in counts] == [(0, 1), (1, 0)]


def test_a_key_of_another_vestiging(database: Database) -> None:
    """The records of the one vestiging never become those of a child at the other, with or without ECK-iD."""
    import_dataset(database, school(JAN._replace(eckid=None)))
    import_dataset(database, school(FATIMA._replace(eckid=None), brin6="21QW01"))
    import_dataset(database, school(FATIMA, brin6="21QW01"))
    assert answered(database) == [("1", None, "Jan", "g3")]
    assert [one.eckid for one in open_questions(database)] == [eckid(2)]


def test_a_corrected_eckid_is_corrected_everywhere(database: Database) -> None:
    """One person has one ECK-iD: the warning names line, and the other vestigingen."""
    import_dataset(database, school(JAN, schooljaar="2025-2026"))
    import_dataset(database, school(JAN, brin6="21QW01"))
    report = import_dataset(database, school(JAN._replace(eckid=eckid(9)), brin6="21QW01"))
    (warning,) = report.warnings
    assert (warning.element, bool(warning.line)) == ("leerling/@eckid", True)
    assert warning.reason == "has another ECK-iD than before; it is corrected at 21QW00 as well"
    assert answered(database, schooljaar="2025-2026") == [("1", eckid(9), "Jan", "g3")]
    assert answered(database, "21QW01") == [("1", eckid(9), "Jan", "g3")]


@pytest.mark.parametrize("is_reversed", [False, True])
def test_swapped_eckids_are_swapped_back_and_taken_back(database: Database, *, is_reversed: bool) -> None:
    """In any order of rows, on a database that allows no two of one ECK-iD; undo gives what was there."""
    twins = (JAN, PIET._replace(eckid=eckid(7)))
    import_dataset(database, school(*twins))
    before = dump(database)
    swapped = [JAN._replace(eckid=eckid(7)), PIET._replace(eckid=eckid(1))]
    import_dataset(database, school(*(swapped[::-1] if is_reversed else swapped)))
    assert answered(database) == [("1", eckid(7), "Jan", "g3"), ("2", eckid(1), "Piet", "g3")]
    undo(database, 2)
    assert dump(database) == before


def test_a_swap_between_two_vestigingen_of_one_source(database: Database) -> None:
    """All years of a source are matched together: a twin at each vestiging."""
    jan, piet = JAN, PIET._replace(eckid=eckid(7))
    bring(database, school(jan), school(piet, brin6="21QW01"))
    bring(database, school(jan._replace(eckid=eckid(7))), school(piet._replace(eckid=eckid(1)), brin6="21QW01"))
    assert answered(database) == [("1", eckid(7), "Jan", "g3")]
    assert answered(database, "21QW01") == [("2", eckid(1), "Piet", "g3")]


def test_more_than_the_bound_stops_the_import(database: Database) -> None:
    """Nothing changes; each row is told with its line and the option that answers it."""
    import_dataset(database, school(*CLASS))
    before = dump(database)
    with pytest.raises(ImportRefusedError) as caught:
        import_dataset(database, school(*moved(CLASS)))
    assert dump(database) == before
    assert caught.value.asks
    rows = [one for one in caught.value.problems if one.line]
    assert len(rows) == len(CLASS)
    assert {one.flag for one in caught.value.problems} == {"--by-name"}
    *_, last = caught.value.problems
    assert "--new-persons" in last.reason
    assert sorted((one.key, one.naam, one.line) for one in last.subjects) == sorted(
        (one.key, one.achternaam, row.line) for one, row in zip(moved(CLASS), rows, strict=True)
    )
    assert "Kind" not in repr(caught.value.problems), "a log may hold it"
    assert open_questions(database) == []


CLASS = tuple(
    JAN._replace(key=str(n), eckid=None, roepnaam=None, achternaam=f"Kind{n}", geboortedatum=f"2018-01-{n + 10}")
    for n in range(10)
)


def moved(leerlingen: tuple[Leerling, ...]) -> list[Leerling]:
    """Return the same children under each other's keys: the keys of another administration."""
    return [one._replace(key=str((int(one.key) + 3) % len(leerlingen))) for one in leerlingen]


def test_by_name_each_child_keeps_the_key_that_it_was_sent_with(database: Database) -> None:
    """And the next file of the new administration asks no more."""
    import_dataset(database, school(*CLASS))
    before = select(database, "21QW00", "2026-2027", DAY)
    import_dataset(database, school(*moved(CLASS)), unmatched=Unmatched.BY_NAME)
    assert select(database, "21QW00", "2026-2027", DAY) == before
    assert import_dataset(database, school(*moved(CLASS))).warnings == ()


def test_as_new_persons_no_child_gets_the_key_of_another(database: Database) -> None:
    """The known ones are not in the file any more."""
    import_dataset(database, school(*CLASS))
    import_dataset(database, school(*moved(CLASS)), unmatched=Unmatched.NEW)
    keys = {key for key, *_ in answered(database)}
    assert len(keys) == len(CLASS)
    assert not keys & {one.key for one in CLASS}
    assert import_dataset(database, school(*moved(CLASS))).warnings == ()


def test_the_bound_is_the_larger_of_a_number_and_a_share(database: Database) -> None:
    """Both inclusive."""
    many = [JAN._replace(key=str(n), eckid=None, roepnaam=f"Kind{n}") for n in range(200)]
    others = [FATIMA._replace(key=str(n), eckid=None, roepnaam=f"Ander{n}") for n in range(5)]
    import_dataset(database, school(*many))
    assert import_dataset(database, school(*others[:4], *many[4:])).held == 4
    with pytest.raises(ImportRefusedError):
        import_dataset(database, school(*others, *many[5:]))
    assert import_dataset(database, school(*others, *many[5:]), max_held=5).held == 5
    with pytest.raises(ImportRefusedError):
        import_dataset(database, school(*others[:1], *many[1:]), max_held=0, max_held_share=0.0)


def test_too_many_without_a_name_are_refused_without_an_option(database: Database) -> None:
    """No option says who they are: the source lacks something."""
    with pytest.raises(ImportRefusedError) as caught:
        import_dataset(database, school(*(Leerling(str(n), achternaam=".") for n in range(4))))
    assert not caught.value.asks


def test_who_is_in_several_years_is_named_once(database: Database) -> None:
    """Of a set with two years, and no more persons than a question names."""
    many = [JAN._replace(key=str(n), eckid=None, roepnaam=f"Kind{n}") for n in range(30)]
    bring(database, school(*many), school(*many, schooljaar="2025-2026"))
    other = moved(tuple(many))
    with pytest.raises(ImportRefusedError) as caught:
        bring(database, school(*other), school(*other, schooljaar="2025-2026"))
    (last,) = (one for one in caught.value.problems if one.subjects)
    assert (last.element, len(last.subjects), last.more) == ("leerlingen", 20, 10)
    assert len(set(last.subjects)) == 20


@pytest.mark.parametrize("choice", [Choice.SAME, Choice.NEW])
def test_an_accepted_person_without_a_name_is_not_asked_about_again(database: Database, choice: Choice) -> None:
    """The answer is remembered."""
    import_dataset(database, school(JAN, PIET))
    nameless = school(JAN, PIET._replace(roepnaam=None, achternaam="."))
    assert import_dataset(database, nameless).held == 1
    answer(database, choice)
    assert import_dataset(database, nameless).held == 0


def test_a_leerkracht_is_held_as_well(database: Database) -> None:
    """As last confirmed, until it is known who the row is."""
    kim = Leerkracht("m", achternaam="Maas", roepnaam="Kim")
    jo = Leerkracht("m", achternaam="Lek", roepnaam="Jo")
    import_dataset(database, school(JAN, leerkrachten=(kim,)))
    import_dataset(database, school(JAN, leerkrachten=(jo,)))
    found = select(database, "21QW00", "2026-2027", DAY)
    assert found is not None
    assert found.leerkrachten == (kim,)
    answer(database, Choice.NEW)
    found = select(database, "21QW00", "2026-2027", DAY)
    assert found is not None
    assert [one.roepnaam for one in found.leerkrachten] == ["Jo"]


def test_a_row_that_is_there_twice_is_no_known_person(database: Database) -> None:
    """The other row is; the question says to take one of the two out, or to answer that it is somebody new."""
    import_dataset(database, school(JAN))
    import_dataset(database, school(JAN._replace(key="5")))
    import_dataset(database, school(JAN, JAN._replace(key="5", eckid=None)))
    (question,) = open_questions(database)
    assert (question.doubt, question.choices, question.held) == (Doubt.DOUBLE, (Choice.NEW,), frozenset())
    assert answered(database) == [IS_JAN]


def test_the_years_of_one_set_are_one_question(database: Database) -> None:
    """And one answer places the row in each of them."""
    past, now = (school(JAN, schooljaar=year) for year in ("2025-2026", "2026-2027"))
    bring(database, past, now)
    other = [school(FATIMA, schooljaar=year) for year in ("2025-2026", "2026-2027")]
    bring(database, *other)
    (question,) = open_questions(database)
    assert [one.year.schooljaar for one in question.years] == ["2025-2026", "2026-2027"]
    key = answer(database, Choice.NEW).key
    for year in ("2025-2026", "2026-2027"):
        assert answered(database, schooljaar=year) == [(key, eckid(2), "Fatima", "g4")]


@pytest.mark.parametrize("order", [("2025-2026", "2026-2027"), ("2026-2027", "2025-2026")])
def test_the_years_of_one_school_that_come_one_by_one_are_one_question_too(
    database: Database, order: tuple[str, str]
) -> None:
    """Jan is known under his new key by the second import, so that nothing but the open question tells of him."""
    for year in order:
        import_dataset(database, school(JAN, schooljaar=year))
    fatima, jan = FATIMA._replace(eckid=JAN.eckid), JAN._replace(key="5", eckid=None)
    for year in order:
        import_dataset(database, school(fatima, jan, schooljaar=year))
    (question,) = open_questions(database)
    assert (question.doubt, [one.year.schooljaar for one in question.years]) == (Doubt.TWIN, sorted(order))
    key = answer(database, Choice.NEW).key
    for year in order:
        import_dataset(database, school(fatima, jan, schooljaar=year))
        assert {one[2]: one[0] for one in answered(database, schooljaar=year)} == {"Fatima": key, "Jan": "5"}


def test_a_row_stays_a_question_when_its_eckid_is_free(database: Database) -> None:
    """Piet got another ECK-iD in the source that asked whether Jan is the one who has his."""
    import_dataset(database, school(JAN._replace(eckid=None), PIET._replace(eckid=eckid(1))))
    source = school(JAN._replace(key="5"), PIET._replace(eckid=eckid(3)))
    import_dataset(database, source)
    asked = open_questions(database)
    assert [one.key for one in asked] == ["5"]
    for year in ("2026-2027", "2025-2026"):
        import_dataset(database, school(JAN._replace(key="5"), PIET._replace(eckid=eckid(3)), schooljaar=year))
    assert [one.id for one in open_questions(database)] == [one.id for one in asked]


def bring(database: Database, *datasets: Dataset) -> None:
    """Import years as one source."""
    importer.import_deliveries(database, [delivery_of(one) for one in datasets], options())


def delivery_of(dataset: Dataset) -> Delivery:
    """Return the delivery of a dataset."""
    return edexml.read(to_edexml(dataset))


def test_years_that_contradict_each_other_are_matched_one_after_the_other(database: Database) -> None:
    """A source of its own may give a child the ECK-iD in one year only."""
    bring(database, school(JAN._replace(eckid=None), schooljaar="2025-2026"), school(JAN))
    assert answered(database) == [IS_JAN]


def test_two_vestigingen_that_contradict_each_other_do_not_take_turns(database: Database) -> None:
    """The same file again changes nothing, whatever the other vestiging says of the date of birth."""
    import_dataset(database, school(JAN))
    other = school(JAN._replace(geboortedatum="2018-01-11"), brin6="21QW01")
    import_dataset(database, other)
    before = dump(database)
    for again in (school(JAN), other):
        import_dataset(database, again)
        assert dump(database) == before


def test_a_forgotten_person_is_in_no_question(database: Database) -> None:
    """Neither in an open one, nor in one that an undo would ask again."""
    import_dataset(database, school(JAN, PIET))
    import_dataset(database, school(FATIMA, PIET))
    import_dataset(database, school(JAN, PIET))
    import_dataset(database, school(FATIMA, PIET))
    with database.writing() as connection:
        forget.forget(connection, "21QW", "1", MOMENT)
    assert open_questions(database) == []
    with database.reading() as connection:
        steps = str(connection.execute(sa.select(tables.import_step)).all())
    assert "Fatima" not in steps
