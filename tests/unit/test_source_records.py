"""The records of a Bron: the rules of files hold for them as well, whoever made them."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from support.edexml_files import make_dataset, to_edexml
from support.strategies import datasets

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
        (1, "leerkracht/groepen/rolomschrijving", values.REPLACEMENT),
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
        (Leerling(" ", roepnaam="Bo"), "leerling/key"),
        (Leerling("1", roepnaam="Bo", uitstroomdatum="gisteren"), "leerling/uitstroomdatum"),
        (Leerling("1", roepnaam="Bo", uitstroomdatum="1018-01-01"), "leerling/uitstroomdatum"),
    ],
)
def test_what_cannot_be_missed_refuses(leerling: Leerling, path: str) -> None:
    """A broken key, or an enrolment that cannot be read, refuses the part."""
    with pytest.raises(ImportRefusedError) as refused:
        records.clean(delivery_of(make_dataset([leerling])))
    assert [problem.element for problem in refused.value.problems] == [path]


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

    monkeypatch.setattr(bron, "entry_points", lambda **_: [Point()])
    source = bron.make("las", {})
    (delivery,) = source.read(source.parts()[0])
    assert (source.name, delivery.leerlingen[0].record.roepnaam) == ("las", "Bo")
