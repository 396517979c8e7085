"""The calendar of docs/reference/records.md, from outside: which years are answered when, and who on which day."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from support.edexml_files import make_dataset, to_edexml
from support.imports import import_dataset, import_delivery, next_change, options, select
from support.school_builder import ACTOR, BRIN6, OTHER_BRIN6, open_database
from support.trial_school import SCHOOLJAAR, FetchedAnswer, TrialSchool

from uwlr_adapter.administratie import calendar_acts
from uwlr_adapter.administratie.importing import batches, importer
from uwlr_adapter.administratie.model import Period, Severity
from uwlr_adapter.administratie.sources.csv_set import csv_set
from uwlr_adapter.administratie.sources.edexml import edexml
from uwlr_adapter.contract.dataset import Groep, Leerling
from uwlr_adapter.db.database import Database
from uwlr_adapter.journaal.model import RefusalReason
from uwlr_adapter.server.application import make_app

pytestmark = pytest.mark.usefixtures("backend")
NEXT = "2027-2028"
GROEPEN = [Groep("groep", "g1", "1a", "1")]


@pytest.fixture
def school(tmp_path: Path) -> Iterator[TrialSchool]:
    """Yield a school with one koppeling."""
    made = TrialSchool(tmp_path, "volledig")
    yield made
    made.close()


def fetch(school: TrialSchool, day: date, schooljaar: str = SCHOOLJAAR, last: str | None = None) -> FetchedAnswer:
    """Fetch at noon of a day."""
    school.moment = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    return school.fetch(schooljaar=schooljaar, last=last)


def give(school: TrialSchool, *leerlingen: Leerling, schooljaar: str = SCHOOLJAAR) -> None:
    """Import a year with these leerlingen."""
    school.import_data(make_dataset(leerlingen, groepen=GROEPEN, schooljaar=schooljaar))


def there(database: Database, day: date, schooljaar: str = NEXT, brin6: str = BRIN6) -> set[str]:
    """Return the keys of the leerlingen that are answered on a day."""
    found = select(database, brin6, schooljaar, day)
    return set() if found is None else {one.key for one in found.leerlingen}


def set_first_school_day(database: Database, day: date, brin6: str = BRIN6) -> None:
    """Set the first school day of a vestiging."""
    with database.writing() as connection:
        calendar_acts.set_first_school_day(connection, brin6, day, datetime(2027, 1, 1, tzinfo=UTC), actor=ACTOR)


def test_on_the_last_day_who_leaves_that_day_is_still_there(school: TrialSchool) -> None:
    """Last year's answer keeps its groep 8 until it is no longer given; who left before is gone."""
    eight = Leerling("8", roepnaam="Bo", groep="g1", uitstroomdatum="2027-07-31")
    give(school, Leerling("1", roepnaam="Jo"), eight, Leerling("7", roepnaam="Mo", uitstroomdatum="2027-07-30"))
    days = [date(2027, 7, 29), date(2027, 7, 30), date(2027, 7, 31), date(2027, 8, 1), date(2027, 9, 30)]
    assert [fetch(school, day).keys("leerling") for day in days] == [["1", "7", "8"], *[["1", "8"]] * 4]


def test_the_past_year_is_answered_until_30_september(school: TrialSchool) -> None:
    """Also for who has it already; a vestiging can set another day, which counts at once."""
    give(school, Leerling("1", roepnaam="Jo"))
    first = fetch(school, date(2027, 9, 29))
    last = date(2027, 9, 30)
    assert fetch(school, last, last=first.aanmaakdatum).outcome == "geenwijzigingen"
    after = last + timedelta(1)
    assert fetch(school, after, last=first.aanmaakdatum).outcome == "geengegevens"
    with school.database.writing() as connection:
        calendar_acts.set_past_year_until(connection, BRIN6, "10-31", school.moment, actor=ACTOR)
    assert fetch(school, after).keys("leerling") == ["1"]
    assert fetch(school, date(2027, 11, 1)).outcome == "geengegevens"


@pytest.mark.parametrize("schooljaar", ["2024-2025", "2025-2026", "2028-2029", "2099-2100", "1990-1991"])
def test_other_years_are_not_answered(school: TrialSchool, schooljaar: str) -> None:
    """Years long ago and far ahead are geengegevens, whatever records there are."""
    if schooljaar.startswith("2"):
        give(school, Leerling("1", roepnaam="Jo"), schooljaar=schooljaar)
    assert fetch(school, date(2026, 11, 23), schooljaar).outcome == "geengegevens"


def test_the_next_year_is_answered_once_the_school_releases_it(school: TrialSchool) -> None:
    """At once, whichever application answers; taken back at once too, and by itself from 1 July to the end."""
    give(school, Leerling("1", roepnaam="Jo"), schooljaar=NEXT)
    other = make_app(school.settings, lambda: school.moment)
    spring, june, july = date(2027, 3, 1), date(2027, 6, 30), date(2027, 7, 1)

    def outcomes(day: date) -> set[str]:
        found = {fetch(school, day, NEXT).outcome}
        school.app, mine = other, school.app
        found.add(fetch(school, day, NEXT).outcome)
        school.app = mine
        return found

    assert outcomes(spring) == {"geengegevens"}
    for act, expected in ((calendar_acts.release, "leerlinggegevens"), (calendar_acts.take_back, "geengegevens")) * 2:
        with school.database.writing() as connection:
            act(connection, BRIN6, NEXT, school.moment, actor=ACTOR)
        assert outcomes(spring) == {expected}
    assert outcomes(june) == {"geengegevens"}
    assert outcomes(july) == {"leerlinggegevens"}
    with school.database.writing() as connection:
        calendar_acts.take_back(connection, BRIN6, NEXT, school.moment, actor=ACTOR)
    assert outcomes(date(2027, 7, 31)) == {"geengegevens"}
    assert outcomes(date(2027, 8, 1)) == {"leerlinggegevens"}
    other.close()


def test_a_release_changes_nothing_for_who_has_the_present_year(school: TrialSchool) -> None:
    """The answer geenwijzigingen stays true over each act and each day on which the content is the same."""
    give(school, Leerling("1", roepnaam="Jo"))
    give(school, Leerling("1", roepnaam="Jo"), schooljaar=NEXT)
    day = date(2027, 3, 1)
    last = fetch(school, day).aanmaakdatum
    with school.database.writing() as connection:
        calendar_acts.release(connection, BRIN6, NEXT, school.moment, actor=ACTOR)
        calendar_acts.set_under_four(connection, BRIN6, school.moment, under_four=True, actor=ACTOR)
    for one in (day, date(2027, 7, 1), date(2027, 7, 31), date(2027, 8, 1), date(2027, 9, 30)):
        assert fetch(school, one, last=last).outcome == "geenwijzigingen"


def test_the_peildatum_is_the_day_that_is_answered(school: TrialSchool) -> None:
    """Within the schooljaar; the content is the same, so it is no change."""
    give(school, Leerling("1", roepnaam="Jo"))
    give(school, Leerling("1", roepnaam="Jo"), schooljaar=NEXT)
    first = fetch(school, date(2027, 7, 5))
    later = fetch(school, date(2027, 7, 6))
    assert (first.peildatum, later.peildatum) == ("2027-07-05", "2027-07-06")
    assert first.aanmaakdatum == later.aanmaakdatum
    assert first.parts[1:] == later.parts[1:]
    assert fetch(school, date(2027, 7, 6), NEXT).peildatum == "2027-08-01"
    assert fetch(school, date(2027, 9, 6)).peildatum == "2027-07-31"
    assert fetch(school, date(2027, 9, 7), last=first.aanmaakdatum).outcome == "geenwijzigingen"


def test_an_empty_schooljaar_waits_until_the_year_is_laid_out(school: TrialSchool) -> None:
    """The caller did not ask for this year, and would take geengegevens for everybody being gone."""
    august = date(2027, 8, 2)
    for _ in range(2):
        found = fetch(school, august, "")
        assert (found.status, found.outcome) == (500, "Server.TijdelijkNietBeschikbaar")
        assert school.last_entry.reason == RefusalReason.NOT_LAID_OUT
        assert fetch(school, august, NEXT).outcome == "geengegevens"
    give(school, Leerling("1", roepnaam="Jo"), schooljaar=NEXT)
    assert fetch(school, august, "").keys("leerling") == ["1"]
    give(school, Leerling("1", roepnaam="Jo", uitstroomdatum="2027-08-02"), schooljaar=NEXT)
    assert fetch(school, august, "").outcome == "geengegevens"  # this is true: everybody is gone


def test_a_year_that_is_taken_away_is_not_laid_out_again(school: TrialSchool) -> None:
    """An undone import leaves nothing, and the stored answer of before does not hide that."""
    august = date(2027, 8, 2)
    delivery = make_dataset([Leerling("1", roepnaam="Jo")], schooljaar=NEXT)
    batch = importer.import_deliveries(
        school.database, [edexml.read(to_edexml(delivery))], options(datetime(2027, 8, 1, tzinfo=UTC))
    ).batch
    assert fetch(school, august, "").keys("leerling") == ["1"]
    with school.database.writing() as connection:
        batches.undo(connection, batch, school.moment)
    assert fetch(school, august, "").outcome == "Server.TijdelijkNietBeschikbaar"
    assert fetch(school, august, NEXT).outcome == "geengegevens"


BEGINS = [
    (Leerling("school", roepnaam="A", geboortedatum="2020-01-02", instroomdatum="2027-08-23"), True),
    (Leerling("after", roepnaam="B", geboortedatum="2020-01-02", instroomdatum="2027-08-24"), False),
    (Leerling("four", roepnaam="C", geboortedatum="2023-08-01", instroomdatum="2027-08-23"), True),
    (Leerling("young", roepnaam="D", geboortedatum="2023-08-02", instroomdatum="2027-08-23"), False),
    (Leerling("three", roepnaam="E", jaargroep="3", instroomdatum="2027-08-23"), True),
    (Leerling("one", roepnaam="F", jaargroep="1", instroomdatum="2027-08-23"), False),
    (Leerling("zero", roepnaam="G", jaargroep="0", instroomdatum="2027-08-23"), False),
    (Leerling("none", roepnaam="H", instroomdatum="2027-08-23"), False),
    (
        Leerling(
            "no day", roepnaam="I", geboortedatum="2020-01-02", instroomdatum="2027-08-23", uitstroomdatum="2027-08-23"
        ),
        False,
    ),
]
"""Leerlingen who begin when the school does, and whether they count from 1 August; the first school day is the 23rd."""


@pytest.mark.parametrize("day", [date(2027, 7, 10), date(2027, 8, 1), date(2027, 8, 22)])
def test_who_begins_with_the_school_counts_from_1_august(database: Database, day: date) -> None:
    """New children are there while a school prepares, but for those who may not be a leerling yet on 1 August."""
    import_dataset(database, make_dataset([one for one, _ in BEGINS], schooljaar=NEXT))
    set_first_school_day(database, date(2027, 8, 23))
    assert there(database, day) == {one.key for one, is_there in BEGINS if is_there}


def test_from_their_own_day_on_all_are_there(database: Database) -> None:
    """The rule only moves the first day of some."""
    import_dataset(database, make_dataset([one for one, _ in BEGINS], schooljaar=NEXT))
    set_first_school_day(database, date(2027, 8, 23))
    everybody = {one.key for one, _ in BEGINS} - {"no day"}
    assert there(database, date(2027, 8, 23)) == everybody - {"after"}
    assert there(database, date(2027, 8, 24)) == everybody


@pytest.mark.parametrize(("day", "is_there"), [("2027-09-07", True), ("2027-09-08", False)])
def test_without_a_first_school_day_it_is_7_september(database: Database, day: str, *, is_there: bool) -> None:
    """The last region to begin does so by then."""
    new = Leerling("1", roepnaam="A", geboortedatum="2020-01-02", instroomdatum=day)
    import_dataset(database, make_dataset([new, Leerling("2", roepnaam="B")], schooljaar=NEXT))
    assert ("1" in there(database, date(2027, 8, 1))) is is_there


def test_a_leerling_under_four_is_not_answered(school: TrialSchool) -> None:
    """From the fourth birthday on it is, by itself; at a vestiging for special education at once."""
    young = Leerling("young", roepnaam="A", geboortedatum="2022-12-01")
    give(school, Leerling("1", roepnaam="Jo"), young)
    assert fetch(school, date(2026, 11, 30)).keys("leerling") == ["1"]
    assert fetch(school, date(2026, 12, 1)).keys("leerling") == ["1", "young"]
    assert fetch(school, date(2026, 11, 30)).keys("leerling") == ["1"]
    with school.database.writing() as connection:
        calendar_acts.set_under_four(connection, BRIN6, school.moment, under_four=True, actor=ACTOR)
    assert fetch(school, date(2026, 11, 30)).keys("leerling") == ["1", "young"]


def test_an_import_tells_who_is_under_four(database: Database) -> None:
    """With its line; who is only enrolled from the fourth birthday on is nothing to tell."""
    leerlingen = [
        Leerling("1", roepnaam="A", geboortedatum="2022-12-01", instroomdatum="2026-11-30"),
        Leerling("2", roepnaam="B", geboortedatum="2022-12-01", instroomdatum="2026-12-01"),
        Leerling("3", roepnaam="C", geboortedatum="2022-12-01"),
        Leerling("4", roepnaam="D", geboortedatum="2022-12-01", uitstroomdatum="2026-09-01"),
        Leerling("5", roepnaam="E", geboortedatum="2018-12-01"),
        Leerling("6", roepnaam="F"),
    ]
    delivery = edexml.read(to_edexml(make_dataset(leerlingen)))
    lines = {one.record.key: one.line for one in delivery.leerlingen}
    warnings = import_delivery(database, delivery).warnings
    told = [(one.line, one.element, one.severity) for one in warnings if "four" in one.reason]
    assert told == [(lines[key], "leerling/geboortedatum", Severity.WARNING) for key in ("1", "3")]
    with database.writing() as connection:
        calendar_acts.set_under_four(connection, BRIN6, datetime(2026, 10, 1, tzinfo=UTC), under_four=True, actor=ACTOR)
    assert [one for one in import_delivery(database, delivery).warnings if "four" in one.reason] == []


MOVES = [
    *(date(2026, 11, 2), date(2027, 7, 31), date(2027, 8, 1), date(2027, 8, 2), date(2027, 8, 23)),
    *(date(2027, 9, 7), date(2027, 9, 8)),
]
"""The days on which somebody goes to the other vestiging; 7 September is the first school day of both."""


def test_who_moves_within_the_school_is_answered_at_one_vestiging(database: Database) -> None:
    """On each day, whatever the day of the move; from 1 August at the one where the year begins."""
    leerlingen = [Leerling(str(day), roepnaam="Jo", geboortedatum="2019-05-05") for day in MOVES]
    for schooljaar in (SCHOOLJAAR, NEXT):
        for brin6 in (BRIN6, OTHER_BRIN6):
            out = {str(day): (Period(None, day.isoformat()),) for day in MOVES}
            into = {str(day): (Period(day.isoformat(), None),) for day in MOVES}
            delivery = edexml.read(to_edexml(make_dataset(leerlingen, brin6=brin6, schooljaar=schooljaar)))
            import_delivery(database, replace(delivery, periods=out if brin6 == BRIN6 else into))
    for day in sorted({day + timedelta(days) for day in MOVES for days in (-1, 0, 1)}):
        year = SCHOOLJAAR if day < date(2027, 8, 1) else NEXT
        old, new = (there(database, day, year, brin6) for brin6 in (BRIN6, OTHER_BRIN6))
        assert (old & new, old | new) == (set(), {str(move) for move in MOVES}), day
        moved = {str(move) for move in MOVES if move <= day or (year == NEXT and move <= date(2027, 9, 7))}
        assert new == moved, day


def test_two_periods_at_one_vestiging_are_one_leerling(database: Database) -> None:
    """Who is away for some days at the beginning or the end of a year stands in an answer once."""
    periods = {
        "summer": (Period(None, "2027-08-05"), Period("2027-08-23", None)),
        "twice new": (Period("2027-08-05", "2027-08-10"), Period("2027-08-23", None)),
        "last day": (Period(None, "2027-07-31"), Period("2027-07-31", None)),
    }
    leerlingen = [Leerling(key, roepnaam="Jo", geboortedatum="2019-05-05") for key in periods]
    for schooljaar in (SCHOOLJAAR, NEXT):
        delivery = edexml.read(to_edexml(make_dataset(leerlingen, schooljaar=schooljaar)))
        import_delivery(database, replace(delivery, periods=periods))
    for day in (date(2027, 7, 31), date(2027, 8, 1), date(2027, 8, 7), date(2027, 8, 30)):
        found = select(database, BRIN6, NEXT, day)
        assert found is not None
        assert [one.key for one in found.leerlingen] == ["last day", "summer", "twice new"]
    past = select(database, BRIN6, SCHOOLJAAR, date(2027, 7, 31))
    assert past is not None
    assert [one.key for one in past.leerlingen] == ["last day", "summer"]


SET = {
    "leerlingen": "Sleutel;ECK-iD;Achternaam;Voorvoegsel;Roepnaam;Geboortedatum\n1;;Jansen;;Zoë;\n2;;Smit;;Bo;",
    "inschrijvingen": (
        "Leerling;Brin;Vestiging;Inschrijfdatum;Uitschrijfdatum;Locatie\n"
        "1;21QW;00;01-08-2026;01-12-2026;VH\n1;21QW;00;01-12-2026;01-02-2027;\n1;21QW;00;01-02-2027;;VZ\n"
        "2;21QW;00;01-08-2026;01-12-2026;VZ\n2;21QW;00;01-01-2027;;VZ"
    ),
    "groepen": (
        "Sleutel;Brin;Vestiging;Schooljaar;Naam;Soort;Jaargroep;In koppelingen beschikbaar\n"
        "g;21QW;00;2026-2027;4A;Stamgroep;4;Ja"
    ),
    "plaatsingen": "Leerling;Brin;Vestiging;Schooljaar;Groep;Jaargroep\n1;21QW;00;2026-2027;g;\n2;21QW;00;2026-2027;g;",
    "leerkrachten": (
        "Sleutel;ECK-iD;Achternaam;Voorvoegsel;Roepnaam;E-mailadres;Brin;Vestiging;Schooljaar;Groep\n"
        "M;;Maas;;Kim;;21QW;00;2026-2027;g"
    ),
    "locaties": "Sleutel;Brin;Vestiging;Naam\nVH;21QW;00;Hoofd\nVZ;21QW;00;Zuid",
}
"""A leerling at three locaties in a year, one of them none; and one who is away for a month."""


def test_the_locatie_is_that_of_the_day(database: Database) -> None:
    """Not that of the last period of the year; and a period without one has none."""
    deliveries = csv_set.read({file: text.encode() for file, text in SET.items()})
    importer.import_deliveries(database, deliveries, options())
    found = {}
    for day in (date(2026, 8, 1), date(2026, 11, 30), date(2026, 12, 1), date(2027, 1, 31), date(2027, 2, 1)):
        dataset = select(database, BRIN6, SCHOOLJAAR, day)
        assert dataset is not None
        found[day] = {one.key: one.vestiging for one in dataset.leerlingen}
    assert list(found.values()) == [
        {"1": "VH", "2": "VZ"},
        {"1": "VH", "2": "VZ"},
        {"1": None},
        {"1": None, "2": "VZ"},
        {"1": "VZ", "2": "VZ"},
    ]
    with database.reading() as connection:
        assert (
            connection.exec_driver_sql("SELECT count(*) FROM inschrijving WHERE locatie_key IS NOT NULL").scalar() == 2
        )


@pytest.mark.parametrize("seed", range(3))
def test_no_answer_outlives_the_day_on_which_it_changes(tmp_path: Path, seed: int) -> None:
    """Until the day that a stored answer names as its end, the records of each day are the same."""
    database = open_database(tmp_path)
    rng = Random(seed)  # noqa: S311 - a seeded school is no secret
    limits = [date(2027, 7, 31), date(2027, 8, 1), date(2027, 8, 23), date(2027, 9, 7), date(2028, 7, 31)]

    def day() -> str | None:
        near = rng.choice(limits) + timedelta(rng.randint(-2, 2))
        return rng.choice([None, near.isoformat(), (date(2027, 6, 1) + timedelta(rng.randint(0, 500))).isoformat()])

    leerlingen = []
    for number in range(12):
        begin, end = sorted([day() or "", day() or ""])
        born = rng.choice([None, "2018-01-01", (date(2023, 6, 1) + timedelta(rng.randint(0, 400))).isoformat()])
        leerlingen.append(
            Leerling(
                str(number),
                roepnaam="Jo",
                geboortedatum=born,
                jaargroep=rng.choice([None, "1", "4"]),
                instroomdatum=begin or None,
                uitstroomdatum=(end or None) if end != begin else None,
            )
        )
    import_dataset(database, make_dataset(leerlingen, schooljaar=NEXT))
    set_first_school_day(database, date(2027, 8, 23))
    today = date(2027, 6, 20)
    valid_until: date | None = today
    before = None
    while today < date(2028, 10, 10):
        found = select(database, BRIN6, NEXT, today)
        content = None if found is None else (found.leerlingen, found.groepen)
        if valid_until is not None and today >= valid_until:
            valid_until = next_change(database, BRIN6, NEXT, today)
        else:
            assert content == before, today
        before = content
        today += timedelta(1)
    database.close()
