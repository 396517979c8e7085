"""The records of a Bron: the rules of files hold for them as well, whoever made them."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from support.edexml_files import make_dataset, to_edexml
from support.strategies import datasets

from uwlr_adapter import plugins
from uwlr_adapter.administratie.model import (
    Delivery,
    ImportRefusedError,
    Period,
    Record,
    Severity,
    SourceRecord,
    SourceSchool,
)
from uwlr_adapter.administratie.sources import bron, records, values
from uwlr_adapter.administratie.sources.csv_set.rows import read as rows_of_a_database
from uwlr_adapter.administratie.sources.edexml import edexml
from uwlr_adapter.contract.dataset import Dataset, Groep, GroepVerwijzing, Leerkracht, Leerling, Locatie, Rol


def delivery_of(dataset: Dataset) -> Delivery:
    """Return the delivery of a Bron that holds these records; the line of a record is its place, from 1."""

    def sources(found: tuple[Record, ...]) -> tuple[SourceRecord[Record], ...]:
        return tuple(SourceRecord(line, record) for line, record in enumerate(found, 1))

    return Delivery(
        SourceSchool(1, dataset.school.schooljaar, dataset.school.brincode + dataset.school.dependancecode),
        locaties=sources(dataset.locaties),
        groepen=sources(dataset.groepen),
        leerlingen=sources(dataset.leerlingen),
        leerkrachten=sources(dataset.leerkrachten),
    )


def contents(delivery: Delivery) -> list[list[object]]:
    """Return the records of a delivery without their lines."""
    kinds = (delivery.locaties, delivery.groepen, delivery.leerlingen, delivery.leerkrachten)
    return [[source.record for source in sources] for sources in kinds]


@given(datasets())
@settings(max_examples=60, deadline=None)
def test_records_become_what_the_same_file_becomes(dataset: Dataset) -> None:
    """The records of a Bron become those of the EDEXML file that says the same, and a second time nothing changes."""
    cleaned = records.clean(delivery_of(dataset))
    assert contents(cleaned) == contents(edexml.read(to_edexml(dataset)))
    assert contents(records.clean(cleaned)) == contents(cleaned)


def test_each_value_of_each_record_is_held_to_its_rule() -> None:
    """Names, keys, references, roles and periods; what is lost is told with the line of its record."""
    delivery = delivery_of(
        make_dataset(
            [
                Leerling(
                    " 1",
                    achternaam=" de  Wit",
                    voorvoegsel=" ",
                    geboortedatum="2019-03-14Z",
                    groep="g\u00a0",
                    samengestelde_groepen=("s ",),
                    vestiging=" N",
                )
            ],
            groepen=[Groep("groep", "g ", "O\u0092", "4"), Groep("samengestelde_groep", " s", " Plus ")],
            locaties=[Locatie("N ", "Noord\u00a0")],
            leerkrachten=[
                Leerkracht(
                    "k ",
                    roepnaam="Ole ",
                    rollen=(Rol("rolomschrijving", " "), Rol("rol", " LRK")),
                    groepen=(GroepVerwijzing("groep", "g ", (Rol("rolomschrijving", "Duo\ufffd"),)),),
                )
            ],
        )
    )
    cleaned = records.clean(
        replace(
            delivery,
            periods={" 1": (Period("2026-08-01T00:00:00", "9999-12-31"),)},
            not_placed=frozenset({" 1"}),
            not_available=frozenset({"g "}),
        )
    )
    (leerling,), (leerkracht,) = cleaned.leerlingen, cleaned.leerkrachten
    assert leerling.record == Leerling(
        "1", achternaam="de Wit", geboortedatum="2019-03-14", groep="g", samengestelde_groepen=("s",), vestiging="N"
    )
    assert [source.record for source in cleaned.groepen] == [
        Groep("groep", "g", "O’", "4"),
        Groep("samengestelde_groep", "s", "Plus"),
    ]
    assert cleaned.locaties[0].record == Locatie("N", "Noord")
    duo = GroepVerwijzing("groep", "g", (Rol("rolomschrijving", "Duo\ufffd"),))
    assert leerkracht.record == Leerkracht("k", roepnaam="Ole", rollen=(Rol("rol", "LRK"),), groepen=(duo,))
    assert cleaned.periods == {"1": (Period("2026-08-01", None),)}
    assert [*cleaned.not_placed, *cleaned.not_available] == ["1", "g"]
    told = {(one.line, one.element, one.reason) for one in cleaned.warnings}
    assert told == {
        (1, "groep/naam", values.C1),
        (1, "leerling/geboortedatum", values.ZONE),
        (1, "leerling/instroomdatum", values.TIME),
        (1, "leerling/uitstroomdatum", values.YEAR),
        (1, "leerkracht/groepen/groep/rolomschrijving", values.REPLACEMENT),
    }


def test_a_person_without_a_name_is_delivered_with_a_warning() -> None:
    """Nobody is left out of a delivery."""
    cleaned = records.clean(delivery_of(make_dataset([Leerling("1", achternaam="\u00a0", roepnaam=" ")])))
    assert cleaned.leerlingen[0].record == Leerling("1")
    assert [(one.severity, one.reason) for one in cleaned.warnings] == [(Severity.WARNING, values.UNNAMED)]


@pytest.mark.parametrize(
    ("leerling", "path"),
    [
        (Leerling("1\ufffd", roepnaam="Bo"), "leerling/@key"),
        (Leerling(" ", roepnaam="Bo"), "leerling/@key"),
        (Leerling("1", roepnaam="Bo", uitstroomdatum="gisteren"), "leerling/uitstroomdatum"),
        (Leerling("1", roepnaam="Bo", uitstroomdatum="1018-01-01"), "leerling/uitstroomdatum"),
    ],
)
def test_what_cannot_be_missed_refuses(leerling: Leerling, path: str) -> None:
    """A broken key, or an enrolment that cannot be read, refuses the part."""
    with pytest.raises(ImportRefusedError) as refused:
        records.clean(delivery_of(make_dataset([leerling])))
    assert [problem.element for problem in refused.value.problems] == [path]


BROKEN = {
    "two keys": make_dataset([Leerling("1", roepnaam="Bo"), Leerling("1 ", roepnaam="Ole")]),
    "two ECK-iDs": make_dataset([Leerling("1", "e", roepnaam="Bo"), Leerling("2", "e", roepnaam="Ole")]),
    "a long key": make_dataset([Leerling("1" * 257, roepnaam="Bo")]),
    "no such groep": make_dataset([Leerling("1", roepnaam="Bo", groep="g")]),
    "no such locatie": make_dataset([Leerling("1", roepnaam="Bo", vestiging="N")]),
    "no such groep of a leerkracht": make_dataset(
        leerkrachten=[Leerkracht("k", roepnaam="Bo", groepen=(GroepVerwijzing("groep", "g", ()),))]
    ),
    "two groepen": make_dataset(groepen=[Groep("groep", "g", "A", "4"), Groep("samengestelde_groep", "g", "B")]),
    "a control": make_dataset([Leerling("1", roepnaam="B\x01o")]),
    "a zero": make_dataset(groepen=[Groep("groep", "g\0", "A", "4")]),
    "half a character": make_dataset([Leerling("1", roepnaam="B\ud800o")]),
    "another schooljaar": make_dataset(schooljaar="2026-2028"),
    "another brin6": make_dataset(brin6="21qw00"),
    "a schoolkey that is lost": make_dataset(schoolkey="S\ufffd"),
    "nobody": make_dataset([]),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_no_answer_can_carry_refuses(name: str) -> None:
    """What would break the database, or the answer of the whole school, is refused with its line and no value."""
    dataset = BROKEN[name]
    delivery = delivery_of(dataset)
    school = replace(delivery.school, schoolkey=dataset.school.schoolkey)
    with pytest.raises(ImportRefusedError) as refused:
        records.clean(replace(delivery, school=school))
    assert [one.severity for one in refused.value.problems] == [Severity.REFUSED]
    assert refused.value.years == {(school.brin6, school.schooljaar)}


def test_an_empty_text_is_an_absent_one() -> None:
    """A database has empty texts where a file has nothing: two leerlingen without an ECK-iD are no two with one."""
    leerling = Leerling("1", "", roepnaam="Bo", achternaam="", groep="", vestiging="", samengestelde_groepen=("",))
    cleaned = records.clean(delivery_of(make_dataset([leerling, leerling._replace(key="2")])))
    assert [source.record for source in cleaned.leerlingen] == [
        Leerling("1", roepnaam="Bo"),
        Leerling("2", roepnaam="Bo"),
    ]
    assert cleaned.warnings == ()


def test_what_uwlr_does_not_have_is_left_out() -> None:
    """A code or a length that the answer may not have is told, as it is of a file."""
    leerling = Leerling("1", roepnaam="Bo", achternaam="A" * 300, jaargroep="99", land="XX")
    cleaned = records.clean(delivery_of(make_dataset([leerling])))
    assert cleaned.leerlingen[0].record == Leerling("1", roepnaam="Bo")
    assert {one.element for one in cleaned.warnings} == {
        "leerling/achternaam",
        "leerling/jaargroep",
        "leerling/land",
    }


@pytest.mark.parametrize(
    ("periods", "element"),
    [
        ([Period("2026-08-01", "2026-10-01"), Period("2026-09-30")], "leerling/instroomdatum"),
        ([Period(), Period("2026-09-30")], "leerling/instroomdatum"),
        ([Period("2026-08-01", locatie="Z"), Period("2025-08-01", "2026-08-01")], "leerling/vestiging"),
        ([Period("2026-02-30")], "leerling/instroomdatum"),
    ],
)
def test_periods_that_would_answer_somebody_twice_refuse(periods: list[Period], element: str) -> None:
    """Periods that overlap, one at a locatie that is not there, and one that begins on no day refuse the part."""
    delivery = replace(delivery_of(make_dataset([Leerling("1", roepnaam="Bo")])), periods={"1": tuple(periods)})
    with pytest.raises(ImportRefusedError) as refused:
        records.clean(delivery)
    assert [(one.line, one.element) for one in refused.value.problems] == [(1, element)]


def test_periods_of_nobody_are_told() -> None:
    """A period without a day, and those of a leerling who is not delivered, are warnings."""
    periods = {"1": (Period("2026-09-01", "2026-09-01"),), "2": (Period(),)}
    cleaned = records.clean(replace(delivery_of(make_dataset([Leerling("1", roepnaam="Bo")])), periods=periods))
    assert sorted((one.line, one.element) for one in cleaned.warnings) == [
        (0, "leerling"),
        (1, "leerling/uitstroomdatum"),
    ]
    assert set(cleaned.periods) == {"1"}


def test_the_line_of_a_record_has_no_limit() -> None:
    """A record far down in the source of a LAS keeps its line, also where a tree could not hold it."""
    delivery = delivery_of(make_dataset([Leerling("1", roepnaam="Bo")]))
    (source,) = delivery.leerlingen
    cleaned = records.clean(replace(delivery, leerlingen=(replace(source, line=70_000),)))
    assert cleaned.leerlingen[0].line == 70_000


def test_a_groep_without_a_name_refuses() -> None:
    """What UWLR requires of a record is required after the rules too."""
    with pytest.raises(ImportRefusedError):
        records.clean(delivery_of(make_dataset(groepen=[Groep("groep", "g", "\u200b", "4")])))


def test_a_date_that_is_none_is_left_out() -> None:
    """A birthday that cannot be read is told, and the leerling stays."""
    cleaned = records.clean(delivery_of(make_dataset([Leerling("1", roepnaam="Bo", geboortedatum="31-12-2019")])))
    assert cleaned.leerlingen[0].record.geboortedatum is None
    assert [one.reason for one in cleaned.warnings] == [f"{values.NO_DAY}: left out"]


def test_an_installed_source_is_read_by_the_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `import bron` reads has gone through them."""

    class Las:
        name = "las"

        def parts(self) -> list[str]:
            return ["21QW"]

        def read(self, part: str) -> list[Delivery]:
            assert part == "21QW"
            return [delivery_of(make_dataset([Leerling("1", roepnaam=" Bo ")]))]

    class Point:
        name = "las"

        def load(self) -> object:
            return lambda _: Las()

    monkeypatch.setattr(plugins, "entry_points", lambda **_: [Point()])
    source = bron.make("las", {})
    (delivery,) = source.read(source.parts()[0])
    assert (source.name, delivery.leerlingen[0].record.roepnaam) == ("las", "Bo")


def test_rows_of_a_database_are_read_once() -> None:
    """Rows with columns of their own are all read, and held to the rules again they say nothing twice."""
    year = {"Brin": "21QW", "Vestiging": "00", "Schooljaar": "2026-2027"}
    rows: dict[str, list[dict[str, object]]] = {
        "leerlingen": [
            {"Sleutel": 1, "ECK-iD": "x", "Achternaam": None, "Voorvoegsel": None, "Geboortedatum": date(2018, 1, 2)},
            {
                "Sleutel": 2,
                "ECK-iD": None,
                "Roepnaam": "Ole\x85",
                "Geboortedatum": datetime(2018, 1, 1, 23, tzinfo=UTC),
            },
        ],
        "inschrijvingen": [
            {"Leerling": one, "Brin": "21QW", "Vestiging": "00", "Inschrijfdatum": None, "Uitschrijfdatum": None}
            for one in (1, 2)
        ],
        "groepen": [
            {"Sleutel": "g", **year, "Naam": "4A", "Soort": "Stamgroep", "Jaargroep": 4}
            | {"In koppelingen beschikbaar": True}
        ],
        "plaatsingen": [],
        "leerkrachten": [],
    }
    (first,) = rows_of_a_database(rows)
    second = records.clean(first)
    assert [source.record.roepnaam for source in second.leerlingen] == [None, "Ole…"]
    assert [source.record.geboortedatum for source in second.leerlingen] == ["2018-01-02"] * 2
    assert contents(second) == contents(first)
    assert second.warnings == first.warnings
    assert {values.C1, values.UNNAMED, values.ZONED_TIME} <= {one.reason for one in first.warnings}
