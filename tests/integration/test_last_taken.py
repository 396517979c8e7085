"""How old the records of a vestiging are: which import counts, and since when later ones were not taken."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from support.edexml_files import eckid, make_dataset, to_edexml
from support.imports import MOMENT, import_dataset, options
from support.school_builder import open_database

from uwlr_adapter.administratie.importing import batches, importer, last_taken, not_taken, questions, withdraw
from uwlr_adapter.administratie.importing.by_hand import Operator
from uwlr_adapter.administratie.importing.last_taken import RecordsAge, StaleYear
from uwlr_adapter.administratie.importing.questions import Choice
from uwlr_adapter.administratie.model import EnrolledElsewhere, ImportRefusedError, Period
from uwlr_adapter.administratie.sources.edexml import edexml
from uwlr_adapter.administratie.tables import import_batch
from uwlr_adapter.contract.dataset import Leerling
from uwlr_adapter.db.database import Database

NOW, NEXT = "2026-2027", "2027-2028"
JAN = Leerling("1", eckid(1), "Haas", roepnaam="Jan", geboortedatum="2018-01-01")
FATIMA = Leerling("1", eckid(2), "Mol", roepnaam="Fatima", geboortedatum="2018-02-02")


@pytest.fixture
def database(tmp_path: Path, backend: str) -> Iterator[Database]:
    """Yield a new database."""
    opened = open_database(tmp_path)
    yield opened
    opened.close()


def at(days: int) -> datetime:
    """Return the moment so many days on."""
    return MOMENT + timedelta(days=days)


def take(
    database: Database, days: int, leerling: Leerling = JAN, *, schooljaar: str = NOW, brin6: str = "21QW00"
) -> None:
    """Import a year with one leerling."""
    import_dataset(database, make_dataset([leerling], schooljaar=schooljaar, brin6=brin6), moment=at(days))


def refuse(database: Database, days: int, schooljaar: str = NOW, brin6: str = "21QW00") -> None:
    """Keep that an import of a year was not taken."""
    with database.writing() as connection:
        not_taken.record(connection, [(brin6, schooljaar)], ImportRefusedError([]), at(days))


def age(database: Database, brin6: str = "21QW00") -> RecordsAge:
    """Return how old the records are."""
    with database.reading() as connection:
        return last_taken.of_vestiging(connection, brin6)


def test_the_last_import_counts(database: Database) -> None:
    """Whatever year it is of, and also one that changed nothing, until it is undone."""
    take(database, 0)
    take(database, 1, schooljaar=NEXT)
    assert age(database).taken == at(1)
    take(database, 2)
    assert age(database) == RecordsAge(has_records=True, taken=at(2), stale=())
    with database.writing() as connection:
        newest, *_ = batches.find_all(connection)
        batches.undo(connection, newest.id, at(3))
    assert age(database).taken == at(1)
    assert age(database, "21QW01") == RecordsAge(has_records=False, taken=None, stale=())


def test_an_act_by_hand_makes_no_records_newer(database: Database) -> None:
    """An answer to a question is not a delivery; without any records there is no moment."""
    take(database, 0)
    take(database, 1, FATIMA)
    with database.writing() as connection:
        (question,) = questions.of_vestiging(connection, "21QW00")
        questions.answer(connection, question.id, Choice.NEW, at(2), "school")
    assert age(database).taken == at(1)
    with database.writing() as connection:
        withdraw.withdraw(connection, "21QW00", None, Operator("cli:proef", at(3)))
    assert age(database) == RecordsAge(has_records=False, taken=None, stale=())


def test_a_file_of_another_vestiging_makes_no_records_newer(database: Database) -> None:
    """It changes an enrolment here, and is not the source of this vestiging."""
    take(database, 0, brin6="21QW01")
    delivery = edexml.read(to_edexml(make_dataset([JAN])))
    ends = EnrolledElsewhere("21QW01", NOW, JAN, (Period("2026-08-01", "2026-09-30"),))
    importer.import_deliveries(database, [replace(delivery, elsewhere=(ends,))], options(at(1)))
    with database.reading() as connection:
        newest, *_ = batches.find_all(connection)
    assert {report.brin6: report.is_source for report in newest.reports} == {"21QW00": True, "21QW01": False}
    assert (age(database).taken, age(database, "21QW01").taken) == (at(1), at(0))


def test_a_batch_of_before_counts(database: Database) -> None:
    """One that does not say whether it was of a source."""
    take(database, 0)
    with database.writing() as connection:
        (row,) = connection.execute(import_batch.select())
        reports = [{name: value for name, value in one.items() if name != "is_source"} for one in row.reports]
        connection.execute(import_batch.update().values(reports=reports))
    assert age(database).taken == at(0)


def test_since_when_a_year_is_stale(database: Database) -> None:
    """From the first import that was not taken, beside the last one of that year that was; until one is taken."""
    take(database, 0)
    take(database, 1, schooljaar=NEXT)
    refuse(database, 2)
    refuse(database, 3)
    refuse(database, 3, schooljaar="")
    refuse(database, 3, schooljaar="2028-2029")
    take(database, 0, brin6="21QW01")
    assert age(database).stale == (
        StaleYear("", at(3), at(1)),
        StaleYear(NOW, at(2), at(0)),
        StaleYear("2028-2029", at(3), None),
    )
    assert age(database, "21QW01").stale == ()
    take(database, 4)
    assert [one.schooljaar for one in age(database).stale] == ["2028-2029"]
