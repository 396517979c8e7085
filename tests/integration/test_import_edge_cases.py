"""Edge cases of the rules of docs/reference/records.md: CSV sets that are incomplete, doubled or contradictory."""

from collections.abc import Mapping
from datetime import UTC, date, datetime

import pytest
from support.edexml_files import make_dataset
from support.imports import MOMENT, dump, import_dataset, next_change, options, select

from uwlr_adapter.administratie import schools
from uwlr_adapter.administratie.importing import batches, importer
from uwlr_adapter.administratie.model import ImportRefusedError, ImportReport
from uwlr_adapter.administratie.sources.csv_set import csv_set
from uwlr_adapter.answers import freshness
from uwlr_adapter.contract.dataset import Leerling
from uwlr_adapter.db.backend import run
from uwlr_adapter.db.database import Database

DAY = date(2026, 10, 1)
NOW, LATER = "2026-2027", "2027-2028"
SET = {
    "leerlingen": """
        Sleutel;ECK-iD;Achternaam;Voorvoegsel;Roepnaam;Geboortedatum
        1;E1;Jansen;;Zoë;14-03-2019
        2;E2;Smit;;Bo;15-03-2019""",
    "inschrijvingen": """
        Leerling;Brin;Vestiging;Inschrijfdatum;Uitschrijfdatum
        1;21QW;00;01-08-2024;
        2;21QW;01;01-08-2024;""",
    "groepen": """
        Sleutel;Brin;Vestiging;Schooljaar;Naam;Soort;Jaargroep;In koppelingen beschikbaar
        4A;21QW;00;2026-2027;4A;Stamgroep;4;Ja
        4B;21QW;01;2026-2027;4B;Stamgroep;4;Ja""",
    "plaatsingen": """
        Leerling;Brin;Vestiging;Schooljaar;Groep;Jaargroep
        1;21QW;00;2026-2027;4A;
        2;21QW;01;2026-2027;4B;""",
    "leerkrachten": """
        Sleutel;ECK-iD;Achternaam;Voorvoegsel;Roepnaam;E-mailadres;Brin;Vestiging;Schooljaar;Groep
        M;;Maas;;Kim;;21QW;00;2026-2027;4A
        M;;Maas;;Kim;;21QW;01;2026-2027;4B""",
}
"""A school of two vestigingen with a leerling each, and no schools.csv."""


def rows(file: str, *lines: str) -> dict[str, str]:
    """Return the set with more rows in one file."""
    return {**SET, file: "\n".join([SET[file], *lines])}


def bring(database: Database, files: Mapping[str, str]) -> tuple[ImportReport, ...]:
    """Import a set as of DAG."""
    data = {
        naam: "".join(f"{line.strip()}\n" for line in text.split("\n") if line.strip()).encode()
        for naam, text in files.items()
    }
    return importer.import_deliveries(database, csv_set.read(data), options()).reports


def refused(database: Database, files: Mapping[str, str]) -> list[tuple[str, int, str]]:
    """Return file, line and reason of each refusal; nothing has changed."""
    before = dump(database)
    with pytest.raises(ImportRefusedError) as caught:
        bring(database, files)
    assert dump(database) == before
    return [(one.file, one.line, one.reason) for one in caught.value.problems]


def keys(database: Database, brin6: str = "21QW00", schooljaar: str = NOW, day: date = DAY) -> list[str]:
    """Return the leerlingen of an answer."""
    found = select(database, brin6, schooljaar, day)
    return [] if found is None else [one.key for one in found.leerlingen]


def test_a_set_needs_no_vestigingen(database: Database) -> None:
    """Without schools.csv each vestiging that has a group is imported all the same."""
    assert [one.brin6 for one in bring(database, SET)] == ["21QW00", "21QW01"]
    assert (keys(database), keys(database, "21QW01")) == (["1"], ["2"])


def test_one_eckid_of_two_leerlingen_is_refused_with_both_lines(database: Database) -> None:
    """Also when they are at different vestigingen: else the one would become the other."""
    doubled = {**SET, "leerlingen": SET["leerlingen"].replace("E2", "E1")}
    reason = "the same as line 2, in a row that differs: keep the right one"
    assert refused(database, doubled) == [("leerlingen.csv", 3, reason)]


def test_a_schoolkey_of_two_vestigingen_is_refused(database: Database) -> None:
    """A schoolkey belongs to one brin6, also within one set."""
    both = """
        Brin;Vestiging;Naam;Schoolsleutel
        21QW;00;Noord;sk
        21QW;01;Zuid;sk"""
    assert refused(database, {**SET, "vestigingen": both}) == [
        ("vestigingen.csv", 3, "its schoolkey belongs to 21QW00")
    ]


def test_a_leerkracht_with_two_eckids_is_refused(database: Database) -> None:
    """A key with two contradictory rows in one set is refused, since the same set would change it each time."""
    two = SET["leerkrachten"].replace("M;;Maas;;Kim;;21QW;00", "M;E8;Maas;;Kim;;21QW;00")
    two = two.replace("M;;Maas;;Kim;;21QW;01", "M;E9;Maas;;Kim;;21QW;01")
    assert refused(database, {**SET, "leerkrachten": two}) == [
        ("leerkrachten.csv", 3, "another value than on line 2, of the same leerkracht")
    ]


def test_a_row_that_places_nobody_anywhere_is_no_place(database: Database) -> None:
    """A leerling takes part in a coming year with a group or a jaargroep alone; a row with neither does not count."""
    coming = rows("groepen", "5A;21QW;00;2027-2028;5A;Stamgroep;5;Ja")
    coming |= {"plaatsingen": SET["plaatsingen"] + "\n1;21QW;00;2027-2028;;"}
    *_, report = [one for one in bring(database, coming) if one.schooljaar == LATER]
    assert report.counts["leerlingen"].added == 1
    july = date(2027, 7, 1)
    assert keys(database, schooljaar=LATER, day=july) == []
    bring(database, {**coming, "plaatsingen": SET["plaatsingen"] + "\n1;21QW;00;2027-2028;;5"})
    assert keys(database, schooljaar=LATER, day=july) == ["1"]


def test_places_of_a_year_that_is_not_laid_out_are_not_read(database: Database) -> None:
    """An export of places may go further back than that of groups: each row is told, and the rest comes in."""
    older = SET["plaatsingen"] + "\n1;21QW;00;2025-2026;3A;\n1;21QW;00;2025-2026;3B;\n2;21QW;01;2025-2026;3C;3"
    staff = SET["leerkrachten"] + "\nM;;Maas;;Kim;;21QW;00;2025-2026;3A"
    report, *_ = bring(database, {**SET, "plaatsingen": older, "leerkrachten": staff})
    reason = "groepen.csv has no group of this vestiging and schooljaar: not read"
    assert [(one.file, one.line, one.reason) for one in report.warnings if one.element == "Schooljaar"] == [
        ("plaatsingen.csv", 4, reason),
        ("leerkrachten.csv", 4, reason),
        ("plaatsingen.csv", 5, reason),
        ("plaatsingen.csv", 6, reason),
    ]
    assert keys(database) == ["1"]


def test_half_a_school_leaves_the_other_half_as_it_is(database: Database) -> None:
    """A set that lays out one vestiging changes nothing at the other, whatever it has of leerlingen there."""
    bring(database, SET)
    half = {naam: "\n".join(line for line in text.split("\n") if "21QW;01" not in line) for naam, text in SET.items()}
    bring(database, half)
    assert (keys(database), keys(database, "21QW01")) == (["1"], ["2"])


def test_who_moved_is_at_one_vestiging_at_a_time(database: Database) -> None:
    """The group at the vestiging that somebody left does not hold him there; the day of moving is the first there."""
    moved = rows("plaatsingen", "1;21QW;01;2026-2027;4B;")
    moved["inschrijvingen"] = SET["inschrijvingen"].replace("1;21QW;00;01-08-2024;", "1;21QW;00;01-08-2024;01-10-2026")
    moved["inschrijvingen"] += "\n1;21QW;01;01-10-2026;"
    bring(database, moved)
    for day, here, there in ((date(2026, 9, 30), ["1"], ["2"]), (DAY, [], ["1", "2"])):
        assert (keys(database, day=day), keys(database, "21QW01", day=day)) == (here, there)


def test_two_enrolments_in_one_year(database: Database) -> None:
    """A leerling who leaves and comes back within a year is there in both periods and on no other day, with one key."""
    back = SET["inschrijvingen"].replace("1;21QW;00;01-08-2024;", "1;21QW;00;01-08-2024;15-10-2026")
    bring(database, {**SET, "inschrijvingen": back + "\n1;21QW;00;20-10-2026;"})
    for day, here in ((1, ["1"]), (14, ["1"]), (15, []), (19, []), (20, ["1"]), (31, ["1"])):
        assert keys(database, day=date(2026, 10, day)) == here


def test_the_jaargroep_is_the_most_specific_one(database: Database) -> None:
    """The jaargroep is that of the place in the stamgroep, else of the first place, else of the stamgroep itself."""
    groepen = rows("groepen", "S;21QW;00;2026-2027;Plus;Samengestelde groep;;Ja")
    for stam, extra, of_groep, wanted in (
        ("3", "5", "4", "3"),
        ("", "5", "4", "5"),
        ("", "", "4", "4"),
        ("", "", "4/5", None),
    ):
        place = SET["plaatsingen"].replace("1;21QW;00;2026-2027;4A;", f"1;21QW;00;2026-2027;S;{extra}")
        place += f"\n1;21QW;00;2026-2027;4A;{stam}"
        laid_out = groepen["groepen"].replace("4A;Stamgroep;4;", f"4A;Stamgroep;{of_groep};")
        bring(database, {**SET, "groepen": laid_out, "plaatsingen": place})
        found = select(database, "21QW00", NOW, DAY)
        assert found is not None
        assert [one.jaargroep for one in found.leerlingen] == [wanted]


@pytest.mark.parametrize(
    ("tot", "last"),
    [
        ("30-07-2027", date(2027, 7, 29)),
        ("31-07-2027", date(2027, 7, 31)),
        ("01-08-2027", date(2027, 7, 31)),
    ],
)
def test_a_leaver_at_the_end_of_the_year(database: Database, tot: str, last: date) -> None:
    """A leerling who leaves on 31 July or later is in the year as it stood at its end; one who leaves before is not."""
    ends = SET["inschrijvingen"].replace("1;21QW;00;01-08-2024;", f"1;21QW;00;01-08-2024;{tot}")
    stays = ends + "\n2;21QW;00;01-08-2024;"
    bring(database, {**SET, "inschrijvingen": stays})
    assert keys(database, day=last) == ["1", "2"]
    at_end = ["1", "2"] if last == date(2027, 7, 31) else ["2"]
    for day in (date(2027, 7, 31), date(2027, 8, 1), date(2027, 9, 30)):
        assert keys(database, day=day) == at_end
    assert keys(database, day=date(2027, 10, 1)) == []


def test_the_day_of_the_next_change_is_never_missed(database: Database) -> None:
    """No answer changes by the calendar before the day that `next_change` names."""
    periods = "\n1;21QW;00;01-08-2024;15-10-2026\n1;21QW;00;20-10-2026;31-07-2027\n2;21QW;00;02-08-2026;01-08-2027"
    head = "Leerling;Brin;Vestiging;Inschrijfdatum;Uitschrijfdatum"
    coming = rows("groepen", "5A;21QW;00;2027-2028;5A;Stamgroep;5;Ja")
    bring(database, {**coming, "inschrijvingen": f"{head}{periods}\n2;21QW;00;01-09-2027;\n2;21QW;01;01-08-2024;"})
    days = [date.fromordinal(n) for n in range(date(2026, 7, 28).toordinal(), date(2028, 8, 3).toordinal())]
    for schooljaar in (NOW, LATER):
        answers = [keys(database, schooljaar=schooljaar, day=day) for day in days]
        assert len({tuple(one) for one in answers}) > 1
        for day, now, then in zip(days, answers, answers[1:], strict=False):
            named = next_change(database, "21QW00", schooljaar, day)
            assert named is None or named > day
            assert now == then or named == date.fromordinal(day.toordinal() + 1), (schooljaar, day)


def test_an_undone_vestiging_that_an_answer_knows_lets_its_schoolkey_go(database: Database) -> None:
    """A vestiging that stays after an undo stays as it was before: an import may still say whose schoolkey that is."""
    import_dataset(database, make_dataset([Leerling("1", roepnaam="Zoë")], schoolkey="sk"))
    key = freshness.AnswerKey("21QW00", NOW, "volledig", "2.2", "leerlinggegevens")
    now = datetime(2026, 10, 1, tzinfo=UTC)
    with database.writing() as connection:
        validity = freshness.Validity(
            school_version=1, valid_from=now.date(), valid_until=None, renderer="proef", leerlingen=1, incomplete=0
        )
        run(connection, [freshness.validity_row(key, "x", now, validity)])
    with database.writing() as connection:
        batches.undo(connection, 1, MOMENT)
    import_dataset(database, make_dataset([Leerling("1", roepnaam="Zoë")], schoolkey="sk", brin6="21QW01"))
    with database.reading() as connection:
        assert [(one.brin6, one.schoolkey) for one in schools.list_vestigingen(connection)] == [
            ("21QW00", None),
            ("21QW01", "sk"),
        ]
