"""Questions about persons in Dutch, whatever is doubted about whom."""

from dataclasses import fields, replace
from datetime import date
from typing import Any

import pytest

from uwlr_adapter.administratie.importing.effect import PersonEffect, YearEffect
from uwlr_adapter.administratie.importing.match import Doubt
from uwlr_adapter.administratie.importing.naming import Naming
from uwlr_adapter.administratie.importing.questions import Choice, ImportQuestion, KnownSide, RowOfYear
from uwlr_adapter.administratie.importing.school_year import SchoolYear
from uwlr_adapter.administratie.tables import PersonKind
from uwlr_adapter.contract.dataset import Leerkracht, Leerling
from uwlr_adapter.portal.question_words import (
    OTHERWISE,
    PATHS,
    QuestionInWords,
    Surroundings,
    count_of,
    question_in_words,
    sentence_of_choice,
    title_of,
    years_in_words,
)
from uwlr_adapter.portal.wording import in_words

YEAR = SchoolYear("21QW00", "2026-2027")
NOTHING = Surroundings({}, {}, {})


def question(
    kind: PersonKind = PersonKind.LEERLING, doubt: Doubt = Doubt.NAME, *known: KnownSide, **row: str
) -> ImportQuestion:
    """Return a question about Fatima, or about a row with these values."""
    table = "deelname" if kind is PersonKind.LEERLING else "aanstelling"
    values = row or {"roepnaam": "Fatima", "achternaam": "Mol"}
    held = {YEAR: (7,), SchoolYear("21QW01", "2025-2026"): (8,)}
    years = tuple(RowOfYear(year, 3, ids, {table: [values]}) for year, ids in held.items())
    return ImportQuestion(1, kind, "21QW", "1", "e", doubt, date(2026, 11, 25), known, years)


def words(asked: ImportQuestion, context: Surroundings = NOTHING) -> QuestionInWords:
    """Return a question as the school of 21QW00 reads it."""
    return question_in_words(asked, "21QW00", context)


@pytest.mark.parametrize("kind", PersonKind)
@pytest.mark.parametrize("doubt", Doubt)
def test_every_doubt_has_a_reason(kind: PersonKind, doubt: Doubt) -> None:
    """In sentences about this kind of person; of a leerkracht nobody knows a date of birth."""
    reason = words(question(kind, doubt)).reason
    assert reason.endswith(".")
    assert not {"{", "}"} & set(reason)
    assert kind is PersonKind.LEERLING or not {"leerling ", "geboorte"} & {*reason.split(), reason}
    assert "  " not in reason


@pytest.mark.parametrize("choice", Choice)
def test_every_choice_has_a_path_and_sentences(choice: Choice) -> None:
    """The button says what the page asks."""
    assert list(PATHS.values()).count(choice) == 1
    said = sentence_of_choice(choice, PersonKind.LEERKRACHT)
    assert sentence_of_choice(choice, PersonKind.LEERKRACHT, asks=True) == said.replace("Het is", "Is het") + "?"
    assert said.startswith("Het is ")
    assert "leerkracht" in said


def test_of_one_vestiging() -> None:
    """The years, the groep and who is held are those of the vestiging; a known person elsewhere is told as such."""
    here, there = (KnownSide(id_, f"k{id_}", None, Naming("Jan", f"Haas {id_}", "2018-01-01")) for id_ in (7, 8))
    places = {(7, "2026-2027"): "3 Vos (2026-2027)", (7, OTHERWISE): "4 Uil (2027-2028)"}
    shown = words(question(PersonKind.LEERLING, Doubt.TWO, here, there), Surroundings({}, places, {}))
    assert shown.schooljaren == "2026-2027"
    assert shown.held == "Jan Haas 7"
    assert [side.groep for side in shown.sides] == [
        "geen groep (2026-2027)",
        "3 Vos (2026-2027)",
        "niet op deze vestiging",
    ]
    assert [side.key for side in shown.sides] == ["1", "k7", "k8"]
    assert [offer.path for offer in shown.offers] == ["sleutel", "eck-id", "nieuw"]


@pytest.mark.parametrize(
    ("delivered", "known", "shown"),
    [
        ("e", "e", ["ingevuld", "hetzelfde"]),
        ("e", "f", ["ingevuld", "een ander"]),
        ("e", None, ["ingevuld", "geen"]),
        (None, "f", ["geen", "ingevuld"]),
        (None, None, ["geen", "geen"]),
    ],
)
def test_an_eckid_is_compared(delivered: str | None, known: str | None, shown: list[str]) -> None:
    """And never shown."""
    side = KnownSide(7, "k", known, Naming("Jan", "Haas", None))
    asked = replace(question(PersonKind.LEERLING, Doubt.NAME, side), eckid=delivered)
    assert [one.eckid for one in words(asked).sides] == shown


@pytest.mark.parametrize(
    ("born", "shown"),
    [("2019-03-14", "14-03-2019"), ("2019-03-14Z", "14-03-2019"), ("-0001-01-01", "-0001-01-01"), ("", "onbekend")],
)
def test_a_date_of_birth(born: str, shown: str) -> None:
    """As a school writes it; one that Python does not know stands as it came."""
    assert words(question(roepnaam="Jo", geboortedatum=born)).sides[0].geboortedatum == shown


def test_titles_and_counts() -> None:
    """They name the kinds of person that there are questions about."""
    leerling, leerkracht = question(), question(PersonKind.LEERKRACHT)
    assert title_of([]) == "Vragen over leerlingen"
    assert title_of([leerkracht]) == "Vragen over leerkrachten"
    assert count_of([leerling]) == "1 vraag over leerlingen"
    assert count_of([leerkracht, leerling]) == "2 vragen over leerlingen en leerkrachten"


def test_what_changes() -> None:
    """Numbers first, then each person; who has no name goes by the key."""
    jo = Leerling("1", roepnaam="Jo", achternaam="Bos")
    changes = (
        PersonEffect(PersonKind.LEERLING, "1", jo, jo._replace(voorletters_1="J.", bsn_ondwnr_4="1")),
        PersonEffect(PersonKind.LEERLING, "2", Leerling("2", achternaam="."), None),
        PersonEffect(PersonKind.LEERLING, "3", Leerling("3", roepnaam="Mo"), None),
        PersonEffect(PersonKind.LEERKRACHT, "4", None, Leerkracht("4", roepnaam="Bas")),
    )
    (year,) = years_in_words([YearEffect(YEAR, changes)])
    assert year.summary == "2 leerlingen gaan weg, 1 leerling verandert en 1 leerkracht komt erbij"
    assert year.persons[0].startswith("Jo Bos: ander gegeven bij voorletters en ")
    assert year.persons[1:] == ("De leerling met sleutel 2 gaat weg.", "Mo gaat weg.", "Bas komt erbij.")


@pytest.mark.parametrize("kind", PersonKind)
def test_every_field_that_may_change_has_a_word(kind: PersonKind) -> None:
    """Whatever differs, a school reads what it is."""
    record: Any = Leerling("1") if kind is PersonKind.LEERLING else Leerkracht("1")
    names = Leerling._fields if kind is PersonKind.LEERLING else [field.name for field in fields(Leerkracht)]
    for name in set(names) - {"key"}:
        change = PersonEffect(kind, "1", record, type(record)("1", **{name: "x"}))
        (year,) = years_in_words([YearEffect(YEAR, (change,))])
        assert year.persons[0].count(": ander gegeven bij ") == 1


def test_an_enumeration() -> None:
    """With commas, and one `en`."""
    assert [in_words(["a", "b", "c"][:count]) for count in range(4)] == ["", "a", "a en b", "a, b en c"]
