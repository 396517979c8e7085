"""A vestiging that closes: its leerlingen leave on the day that the set says, and the rest of its year stays."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from support.csv_sets import CommandBench, rows_of
from support.imports import MOMENT, dump, options, select
from support.school_builder import open_database

from uwlr_adapter.administratie.importing import batches, importer
from uwlr_adapter.administratie.importing.elsewhere import NOT_KNOWN, OTHER_VESTIGING, SECOND_ROW
from uwlr_adapter.administratie.model import Counts, ImportRefusedError, RowCount
from uwlr_adapter.administratie.sources.csv_set import csv_set as csv_bron
from uwlr_adapter.db.database import Database

YEAR = "2026-2027"
HEADERS = {
    "leerlingen": "Sleutel;ECK-iD;Achternaam;Voorvoegsel;Roepnaam;Geboortedatum",
    "inschrijvingen": "Leerling;Brin;Vestiging;Inschrijfdatum;Uitschrijfdatum;Gastinschrijving",
    "groepen": "Sleutel;Brin;Vestiging;Schooljaar;Naam;Soort;Jaargroep;In koppelingen beschikbaar",
    "plaatsingen": "Leerling;Brin;Vestiging;Schooljaar;Groep;Jaargroep",
    "leerkrachten": "Sleutel;ECK-iD;Achternaam;Voorvoegsel;Roepnaam;E-mailadres;Brin;Vestiging;Schooljaar;Groep",
}
OPEN = {
    "leerlingen": ["l1;;Reiger;;Fien;11-02-2018", "l2;https://ketenid.nl/pilot/gijs;Fuut;;Gijs;12-03-2018"],
    "inschrijvingen": ["l1;21QW;00;01-08-2024;;", "l2;21QW;01;01-08-2024;;"],
    "groepen": ["g;21QW;00;2026-2027;4A;Stamgroep;4;Ja", "h;21QW;01;2026-2027;4B;Stamgroep;4;Ja"],
    "plaatsingen": ["l1;21QW;00;2026-2027;g;", "l2;21QW;01;2026-2027;h;"],
    "leerkrachten": ["m;;Kievit;;Ria;;21QW;01;2026-2027;h"],
}
CLOSED = {
    **OPEN,
    "inschrijvingen": ["l1;21QW;00;01-08-2024;;", "l2;21QW;00;01-10-2026;;", "l2;21QW;01;01-08-2024;01-10-2026;"],
    "groepen": OPEN["groepen"][:1],
    "plaatsingen": ["l1;21QW;00;2026-2027;g;", "l2;21QW;00;2026-2027;g;"],
    "leerkrachten": [],
}


def files_of(rows: dict[str, list[str]]) -> dict[str, bytes]:
    """Return the files of a set."""
    return {name: ("\n".join([header, *rows[name]]) + "\n").encode() for name, header in HEADERS.items()}


@pytest.fixture
def database(tmp_path: Path, backend: str) -> Iterator[Database]:
    """Yield a database in which both vestigingen are open."""
    opened = open_database(tmp_path)
    bring(opened, OPEN)
    yield opened
    opened.close()


def bring(database: Database, rows: dict[str, list[str]], **others: Any) -> importer.Imported:
    """Import a set."""
    return importer.import_deliveries(database, csv_bron.read(files_of(rows)), options(**others))


def keys_on(database: Database, brin6: str, day: date) -> list[str]:
    """Return the keys of the leerlingen who are answered."""
    found = select(database, brin6, YEAR, day)
    return [] if found is None else [leerling.key for leerling in found.leerlingen]


def test_the_end_date_counts_at_the_vestiging_that_closes(database: Database) -> None:
    """Until that day the leerling is answered there with the groep and leerkracht of before, from then on elsewhere."""
    before = select(database, "21QW01", YEAR, date(2026, 9, 30))
    done = bring(database, CLOSED)
    assert [report.warnings for report in done.reports] == [(), ()]
    closing = done.reports[1]
    assert (closing.brin6, closing.schooljaar) == ("21QW01", YEAR)
    assert closing.counts["leerlingen"] == Counts(changed=1)
    after = select(database, "21QW01", YEAR, date(2026, 9, 30))
    assert before is not None
    assert after is not None
    assert after.leerlingen == (before.leerlingen[0]._replace(uitstroomdatum="2026-10-01"),)
    assert (after.groepen, after.leerkrachten) == (before.groepen, before.leerkrachten)
    assert keys_on(database, "21QW01", date(2026, 10, 1)) == []
    assert keys_on(database, "21QW00", date(2026, 9, 30)) == ["l1"]
    assert keys_on(database, "21QW00", date(2026, 10, 1)) == ["l1", "l2"]


def test_it_is_taken_back_and_said_again(database: Database) -> None:
    """Undo restores the open enrolment; the same set again changes nothing, and the first one opens it again."""
    before = dump(database)
    done = bring(database, CLOSED)
    with database.writing() as connection:
        batches.undo(connection, done.batch, MOMENT)
    assert dump(database) == before
    bring(database, CLOSED)
    closed = dump(database)
    again = bring(database, CLOSED)
    assert [report.brin6 for report in again.reports] == ["21QW00"]
    assert dump(database) == closed
    bring(database, OPEN)
    assert keys_on(database, "21QW01", date(2026, 10, 1)) == ["l2"]


@pytest.mark.parametrize(
    "other",
    ["l2;https://ketenid.nl/pilot/ander;Fuut;;Gijs;12-03-2018", "l2;;Zwaan;;Teun;12-03-2018"],
    ids=["another ECK-iD", "another name"],
)
def test_somebody_else_with_that_key_ends_no_enrolment(database: Database, other: str) -> None:
    """A key alone does not make two children one: both rows are told, each with its line."""
    rows = {
        **CLOSED,
        "leerlingen": [OPEN["leerlingen"][0], other],
        "inschrijvingen": [CLOSED["inschrijvingen"][0], CLOSED["inschrijvingen"][2]],
        "plaatsingen": CLOSED["plaatsingen"][:1],
    }
    done = bring(database, rows)
    told = [(one.file, one.line, one.reason) for report in done.reports for one in report.warnings]
    assert told == [("inschrijvingen.csv", 3, NOT_KNOWN), ("leerlingen.csv", 3, NOT_KNOWN)]
    assert keys_on(database, "21QW01", date(2026, 10, 1)) == ["l2"]


def test_a_new_key_of_the_same_leerling(database: Database) -> None:
    """A leerling with the ECK-iD and name that are known is found under a new key too."""
    rows = {name: [row.replace("l2;", "n2;") for row in found] for name, found in CLOSED.items()}
    bring(database, rows)
    assert keys_on(database, "21QW01", date(2026, 10, 1)) == []


def test_at_a_vestiging_that_is_not_known(database: Database) -> None:
    """A row about a vestiging without records is told, once, and makes none."""
    rows = {**OPEN, "inschrijvingen": [*OPEN["inschrijvingen"], "l1;21QW;02;01-08-2026;;Ja"]}
    done = bring(database, rows)
    told = [(one.file, one.line, one.reason) for report in done.reports for one in report.warnings]
    assert told == [("inschrijvingen.csv", 4, NOT_KNOWN)]
    assert done.reports[0].rows["inschrijvingen.csv"] == RowCount(read=3, told=1)
    assert keys_on(database, "21QW02", date(2026, 10, 1)) == []


def test_a_vestiging_that_the_operator_left_out(database: Database) -> None:
    """With --brin6 the end date at the other vestiging is told and not taken."""
    done = bring(database, CLOSED, brin6="21QW00")
    told = [(one.file, one.line, one.reason) for report in done.reports for one in report.warnings]
    assert told == [("inschrijvingen.csv", 4, OTHER_VESTIGING)]
    assert keys_on(database, "21QW01", date(2026, 10, 1)) == ["l2"]


NUMBER = 12
CHILDREN = [f"n{at};;Meeuw;;Kind{at};01-01-2018" for at in range(NUMBER)]
FULL = {
    **OPEN,
    "leerlingen": [*OPEN["leerlingen"], *CHILDREN],
    "inschrijvingen": [*OPEN["inschrijvingen"], *(f"n{at};21QW;01;01-08-2024;;" for at in range(NUMBER))],
}
"""The vestiging that closes has these leerlingen too."""
EMPTIED = {
    **FULL,
    "groepen": CLOSED["groepen"],
    "plaatsingen": CLOSED["plaatsingen"],
    "leerkrachten": [],
    "inschrijvingen": [*CLOSED["inschrijvingen"], *(f"n{at};21QW;01;01-08-2024;01-09-2026;" for at in range(NUMBER))],
}


def test_a_vestiging_that_empties_is_a_question(database: Database) -> None:
    """When many who are answered today would be gone there, the import stops, as for any other year, and names who."""
    bring(database, FULL)
    with pytest.raises(ImportRefusedError) as caught:
        bring(database, EMPTIED, accept_drop=False)
    assert caught.value.asks
    question = caught.value.problems[0]
    assert "21QW01" in question.reason
    assert len(question.subjects) + question.more == NUMBER + 1
    assert [(one.kind, one.key, one.naam) for one in question.subjects][:2] == [
        ("leerling", "l2", "Gijs Fuut"),
        ("leerling", "n0", "Kind0 Meeuw"),
    ]
    bring(database, EMPTIED)
    assert keys_on(database, "21QW01", date(2026, 10, 1)) == []


def test_its_question_is_asked_with_those_of_the_other_years(database: Database) -> None:
    """All that a set asks is asked at once: also when the vestiging that stays loses many on the same day."""
    others = [f"o{at};;Kauw;;Kind{at};01-01-2018" for at in range(NUMBER)]
    more = {
        **FULL,
        "leerlingen": [*FULL["leerlingen"], *others],
        "inschrijvingen": [*FULL["inschrijvingen"], *(f"o{at};21QW;00;01-08-2024;;" for at in range(NUMBER))],
    }
    bring(database, more)
    with pytest.raises(ImportRefusedError) as caught:
        bring(database, EMPTIED, accept_drop=False)
    asked = [problem.reason[: len("21QW00")] for problem in caught.value.problems if problem.flag]
    assert asked == ["21QW00", "21QW01"]


def test_the_years_of_a_set_that_asks_wait_until_it_is_taken(tmp_path: Path) -> None:
    """Both vestigingen are kept as not taken, whichever the question is about; the answer clears both."""
    bench = CommandBench(tmp_path / "data")
    for name, rows in (("full", FULL), ("emptied", EMPTIED)):
        folder = tmp_path / name
        folder.mkdir()
        for file, data in files_of(rows).items():
            (folder / f"{file}.csv").write_bytes(data)
    bench.taken("csv", tmp_path / "full")
    assert bench.run("import", "csv", tmp_path / "emptied").exit_code == 3
    waiting = rows_of(bench.run("import", "list").output)
    assert [row[0] for row in waiting if row[-1].startswith("an answer")] == ["21QW00", "21QW01"]
    bench.taken("csv", tmp_path / "emptied", "--accept-drop")
    assert "Not taken" not in bench.run("import", "list").output


def test_two_rows_of_one_leerling_at_the_closing_vestiging(database: Database) -> None:
    """The days of one row count; the other row is told, since it cannot be seen which of the two is right."""
    bring(database, {name: [row.replace("l2;", "n2;") for row in rows] for name, rows in OPEN.items()})
    rows = {
        **CLOSED,
        "leerlingen": [OPEN["leerlingen"][0], "l2;;Fuut;;Gijs;12-03-2018", "n2;;Fuut;;Gijs;12-03-2018"],
        "inschrijvingen": [
            CLOSED["inschrijvingen"][0],
            "l2;21QW;01;01-08-2024;01-10-2026;",
            "n2;21QW;01;01-08-2024;;",
        ],
        "plaatsingen": CLOSED["plaatsingen"][:1],
    }
    done = bring(database, rows)
    told = [(one.file, one.line, one.reason) for report in done.reports for one in report.warnings]
    assert told == [("inschrijvingen.csv", 4, SECOND_ROW), ("leerlingen.csv", 4, SECOND_ROW)]
    assert done.reports[0].rows["inschrijvingen.csv"] == RowCount(read=3, told=1)
    assert keys_on(database, "21QW01", date(2026, 10, 1)) == []


def test_a_key_that_is_somebody_else_there_hides_no_eckid(database: Database) -> None:
    """A leerling is found by ECK-iD when the key in the row is, at that vestiging, the key of another child."""
    bring(
        database,
        {
            **OPEN,
            "leerlingen": [*OPEN["leerlingen"], "k9;;Specht;;Mees;05-05-2017"],
            "inschrijvingen": [*OPEN["inschrijvingen"], "k9;21QW;01;01-08-2024;;"],
        },
    )
    rows = {
        **CLOSED,
        "leerlingen": [OPEN["leerlingen"][0], "k9;https://ketenid.nl/pilot/gijs;Fuut;;Gijs;12-03-2018"],
        "inschrijvingen": [CLOSED["inschrijvingen"][0], "k9;21QW;01;01-08-2024;01-10-2026;"],
        "plaatsingen": CLOSED["plaatsingen"][:1],
    }
    done = bring(database, rows)
    assert [one.reason for report in done.reports for one in report.warnings] == []
    assert keys_on(database, "21QW01", date(2026, 10, 1)) == ["k9"]


def test_a_row_that_is_two_leerlingen_ends_no_enrolment(database: Database) -> None:
    """Its key and its ECK-iD are those of two persons with its name: a question, which changes nothing of either."""
    bring(
        database,
        {
            **OPEN,
            "leerlingen": [*OPEN["leerlingen"], "k9;;Fuut;;Gijs;12-03-2018"],
            "inschrijvingen": [*OPEN["inschrijvingen"], "k9;21QW;00;01-08-2024;;"],
        },
    )
    rows = {
        **CLOSED,
        "leerlingen": [OPEN["leerlingen"][0], "k9;https://ketenid.nl/pilot/gijs;Fuut;;Gijs;12-03-2018"],
        "inschrijvingen": [
            CLOSED["inschrijvingen"][0],
            "k9;21QW;00;01-10-2026;;",
            "k9;21QW;01;01-08-2024;01-10-2026;",
        ],
        "plaatsingen": CLOSED["plaatsingen"][:1],
    }
    bring(database, rows)
    assert keys_on(database, "21QW01", date(2026, 10, 1)) == ["l2"]


def test_the_command_tells_it(tmp_path: Path) -> None:
    """The report has the year of the closing vestiging with one changed leerling."""
    bench = CommandBench(tmp_path / "data")
    for name, rows in (("open", OPEN), ("closed", CLOSED)):
        folder = tmp_path / name
        folder.mkdir()
        for file, data in files_of(rows).items():
            (folder / f"{file}.csv").write_bytes(data)
        done = bench.taken("csv", folder)
    assert "21QW01, schooljaar 2026-2027: imported as 2" in done.output
