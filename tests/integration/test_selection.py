"""Selection: the records of a day, their order, and their values unchanged."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import sqlalchemy as sa
from hypothesis import assume, given, settings
from support.edexml_files import make_dataset
from support.imports import AANMAAKDATUM, import_dataset, import_delivery, select
from support.school_builder import open_database
from support.stored import stored
from support.strategies import datasets, days

from uwlr_adapter.administratie.importing.naming import naming_of
from uwlr_adapter.administratie.model import parse_day
from uwlr_adapter.administratie.sources.edexml import edexml
from uwlr_adapter.contract.dataset import Dataset, Groep, Leerkracht, Leerling, Locatie
from uwlr_adapter.db.database import Database

DAY = date(2026, 10, 1)


@pytest.fixture
def database(tmp_path: Path, backend: str) -> Iterator[Database]:
    """Yield a new database."""
    opened = open_database(tmp_path)
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("van", "tot", "present"),
    [
        (None, None, True),
        ("2026-10-01", None, True),
        ("2026-10-02", None, False),
        (None, "2026-10-01", False),
        (None, "2026-10-02", True),
        ("2026-09-01+02:00", "2026-10-02Z", True),
        ("2026-09-30", "2026-09-30", False),
        (None, "10000-01-01", True),
        ("-0044-03-15", None, True),
    ],
)
def test_enrolled_is_from_up_to_but_not_until(
    database: Database, van: str | None, tot: str | None, *, present: bool
) -> None:
    """From <= day < until; no date is open; the zone of a date and years beyond our calendar do no harm."""
    leerlingen = [
        Leerling(key="1", roepnaam="Zoë", instroomdatum=van, uitstroomdatum=tot),
        Leerling("2", roepnaam="Bo"),
    ]
    import_dataset(database, make_dataset(leerlingen))
    found = select(database, "21QW00", "2026-2027", DAY)
    assert found is not None
    assert ("1" in {one.key for one in found.leerlingen}) is present


@pytest.mark.parametrize(("brin6", "schooljaar"), [("21QW01", "2026-2027"), ("21QW00", "2025-2026"), ("99ZZ00", "x")])
def test_without_leerlingen_there_is_no_dataset(database: Database, brin6: str, schooljaar: str) -> None:
    """An unknown vestiging, a year without data and a text that is no year give None."""
    import_dataset(database, make_dataset())
    assert select(database, brin6, schooljaar, DAY) is None


def test_a_year_whose_leerlingen_have_all_left_is_no_dataset(database: Database) -> None:
    """UWLR knows no empty leerlingen: groups alone are not sent."""
    gone = Leerling(key="1", roepnaam="Zoë", uitstroomdatum="2026-09-01")
    import_dataset(database, make_dataset([gone], groepen=[Groep("groep", "g", "G", "3")]))
    assert select(database, "21QW00", "2026-2027", DAY) is None


def test_the_order_is_by_kind_and_key(database: Database) -> None:
    """Groups stand before samengestelde groepen, and everything stands by key, whatever the order of the file."""
    dataset = make_dataset(
        [Leerling(key=key, roepnaam="Bo") for key in ("b", "a", "É", "10", "9")],
        groepen=[Groep("samengestelde_groep", "1", "S"), Groep("groep", "9", "Z", "3"), Groep("groep", "2", "A", "4")],
        locaties=[Locatie("z", "Z"), Locatie("a", "A")],
        leerkrachten=[Leerkracht(key=key, roepnaam="Jo") for key in ("2", "1")],
    )
    import_dataset(database, dataset)
    found = select(database, "21QW00", "2026-2027", DAY)
    assert found is not None
    assert [one.key for one in found.leerlingen] == ["10", "9", "a", "b", "É"]
    assert [one.key for one in found.groepen] == ["2", "9", "1"]
    assert [one.key for one in found.locaties] == ["a", "z"]
    assert [one.key for one in found.leerkrachten] == ["1", "2"]


def test_the_school_block_says_who_it_is(database: Database) -> None:
    """Brincode, dependancecode (00 written out), schoolkey, the year, the day and the moment stand in the dataset."""
    import_dataset(database, make_dataset(schoolkey="sk"))
    found = select(database, "21QW00", "2026-2027", DAY)
    assert found is not None
    school = found.school
    assert (school.brincode, school.dependancecode, school.schoolkey) == ("21QW", "00", "sk")
    assert (school.schooljaar, school.peildatum, school.aanmaakdatum) == ("2026-2027", "2026-10-01", AANMAAKDATUM)


def test_a_selection_takes_a_handful_of_statements(database: Database) -> None:
    """The number of statements does not grow with the number of leerlingen."""
    groepen = [Groep("groep", "g", "G", "3"), Groep("samengestelde_groep", "s", "S")]
    leerlingen = [Leerling(str(n), roepnaam="Bo", groep="g", samengestelde_groepen=("s",)) for n in range(200)]
    import_dataset(database, make_dataset(leerlingen, groepen=groepen))
    statements: list[str] = []
    sa.event.listen(database.engine, "before_cursor_execute", lambda _c, _k, sql, *_rest: statements.append(sql))
    found = select(database, "21QW00", "2026-2027", DAY)
    assert found is not None
    assert found.leerlingen[0].samengestelde_groepen == ("s",)
    assert len(statements) <= 9


@given(dataset=datasets())
@settings(max_examples=40, deadline=None)
def test_import_then_select_gives_every_value_back(dataset: Dataset) -> None:
    """The enrolled leerlingen, groups and leerkrachten of a file come out of the database as it was read."""
    assume(not any(naming_of(one).is_nameless for one in dataset.leerlingen))  # who is nameless is held
    assume(not any(naming_of(one).is_nameless for one in dataset.leerkrachten))
    with TemporaryDirectory() as folder:
        database = open_database(Path(folder))
        import_dataset(database, dataset)
        school = dataset.school
        found = select(
            database, school.brincode + school.dependancecode, school.schooljaar, date.fromisoformat(school.peildatum)
        )
        database.close()
    assert found is not None
    assert found.school == replace(school, aanmaakdatum=AANMAAKDATUM)
    dataset = stored(dataset)
    assert {one.key: one for one in found.leerlingen} == {one.key: one for one in dataset.leerlingen}
    assert {one.key: one for one in found.leerkrachten} == {one.key: one for one in dataset.leerkrachten}
    assert {one.key: one for one in found.groepen} == {one.key: one for one in dataset.groepen}
    assert {one.key: one for one in found.locaties} == {one.key: one for one in dataset.locaties}


def test_of_the_published_example_the_leaver_is_absent(database: Database) -> None:
    """Leerling 12345 of the published EDEXML example left before that schooljaar; the two others are there."""
    folder = os.environ.get("UWLR_STANDARD")
    if not folder:
        pytest.skip("UWLR_STANDARD does not name the published files")
    delivery = edexml.read((Path(folder) / "edexml-2.1" / "EDEXML.Voorbeeld.2.1.xml").read_bytes())
    import_delivery(database, delivery)
    found = select(database, "99ZZ00", "2014-2015", date(2014, 10, 1))
    assert found is not None
    read = {one.record.key: one.record for one in delivery.leerlingen}
    assert {one.key: one for one in found.leerlingen} == {key: read[key] for key in ("00001", "00002")}
    assert set(found.groepen) == {one.record for one in delivery.groepen}
    assert set(found.leerkrachten) == {one.record for one in delivery.leerkrachten}
    assert found.school.schoolkey == "41323"


@given(day=days())
def test_the_day_of_an_xs_date_is_the_day_that_is_written(day: str) -> None:
    """The zone of an xs:date moves no school day."""
    assert parse_day(day) == date.fromisoformat(day[:10])


def test_a_leerling_is_gone_from_the_uitstroomdatum_on(database: Database) -> None:
    """A leerling who leaves on a day is there the day before and gone from that day on."""
    import_dataset(database, make_dataset([Leerling("1", roepnaam="Zoë", uitstroomdatum=DAY.isoformat())]))
    assert select(database, "21QW00", "2026-2027", DAY - timedelta(days=1)) is not None
    assert select(database, "21QW00", "2026-2027", DAY) is None
