"""Matching of source rows with known persons: who is who, what is a question, and in which order of rows."""

from collections.abc import Callable, Mapping
from datetime import date
from itertools import permutations

import pytest

from uwlr_adapter.administratie.importing.match import (
    AskedRow,
    Contested,
    Doubt,
    KnownPerson,
    KnownPersons,
    MatchResult,
    NewPerson,
    SourceRow,
    Unmatched,
    make_key,
    match,
)
from uwlr_adapter.administratie.importing.naming import Naming
from uwlr_adapter.administratie.importing.questions import OpenQuestions
from uwlr_adapter.administratie.importing.school_year import SchoolYear
from uwlr_adapter.administratie.model import Severity
from uwlr_adapter.administratie.tables import PersonKind

LEERLING = PersonKind.LEERLING
ANNA, BRAM, CARO = (
    Naming("Anna", "Specht", "2018-03-14"),
    Naming("Bram", "Valk", "2017-05-06"),
    Naming("Caro", "Reiger", "2016-07-08"),
)
BELLA = Naming("Bella", "Specht", "2018-03-14")
"""The twin of Anna."""
NEW = Naming("Dries", "Uil", "2015-09-10")


def known(
    persons: Mapping[int, KnownPerson], aliases: Mapping[str, int] | None = None, forgotten: tuple[str, ...] = ()
) -> KnownPersons:
    """Return known persons, each with its key as source key."""
    return KnownPersons(
        persons=persons,
        by_source_key={person.key: id_ for id_, person in persons.items()} | dict(aliases or {}),
        by_eckid={person.eckid: id_ for id_, person in persons.items() if person.eckid is not None},
        is_forgotten=(lambda key, _eckid: key in forgotten) if forgotten else None,
    )


KNOWN = known(
    {
        1: KnownPerson("a", "E-a", ANNA),
        2: KnownPerson("b", None, BRAM),
        3: KnownPerson("c", "E-c", CARO),
    },
    {"b-oud": 2},
)


def row(key: str, eckid: str | None, naming: Naming, line: int = 1) -> SourceRow:
    """Return a row of a source."""
    return SourceRow(line, key, eckid, naming)


def of(
    *rows: SourceRow,
    among: KnownPersons = KNOWN,
    kind: PersonKind = LEERLING,
    unmatched: Unmatched = Unmatched.ASK,
) -> MatchResult:
    """Match rows, and show that their order makes no difference to who they are."""
    result = match(kind, rows, among, unmatched=unmatched)
    wanted = dict(zip(rows, result.persons, strict=True))
    for order in permutations(rows):
        again = match(kind, order, among, unmatched=unmatched)
        assert dict(zip(order, again.persons, strict=True)) == wanted
        assert (again.eckids, again.source_keys, again.held) == (result.eckids, result.source_keys, result.held)
    return result


def doubts(result: MatchResult) -> list[Doubt | None]:
    """Return the doubt about each row; None for one that is certain."""
    return [one.doubt if isinstance(one, Contested) else None for one in result.persons]


def warnings(result: MatchResult) -> list[tuple[str, str]]:
    """Return the element and the reason of each warning."""
    assert all(one.severity is Severity.WARNING for one in result.problems)
    return [(one.element, one.reason) for one in result.problems]


# Who a row is


@pytest.mark.parametrize("key", ["b", "b-oud"])
def test_every_key_by_which_a_source_named_a_person_finds_that_person(key: str) -> None:
    """Aliases too, when the names agree."""
    result = of(row(key, None, BRAM))
    assert (result.persons, result.problems, result.source_keys) == ([2], [], {})


def test_key_and_eckid_of_one_person_are_that_person_and_a_difference_is_a_correction() -> None:
    """Everything may differ: it is told."""
    result = of(row("a", "E-a", NEW))
    assert (result.persons, result.namings) == ([1], {1: NEW})
    assert [element for element, _ in warnings(result)] == [
        "leerling/roepnaam",
        "leerling/achternaam",
        "leerling/geboortedatum",
    ]


def test_a_spelling_is_taken_without_a_word() -> None:
    """It becomes what is known, and is no correction."""
    spelled = Naming("ANNA", "van Specht", "2018-03-14")
    result = of(row("a", "E-a", spelled))
    assert (result.persons, result.namings, result.problems) == ([1], {1: spelled}, [])


@pytest.mark.parametrize(
    "naming",
    [BRAM._replace(roepnaam="Bas"), BRAM._replace(achternaam="Raaf"), BRAM._replace(geboortedatum="2017-06-05")],
)
def test_a_key_alone_is_a_person_when_two_of_three_agree(naming: Naming) -> None:
    """What differs is a correction, which is told."""
    result = of(row("b", None, naming))
    assert result.persons == [2]
    assert len(warnings(result)) == 1


def test_a_key_alone_of_another_child_is_a_question() -> None:
    """The known person is held: nothing about him changes."""
    result = of(row("b", None, NEW))
    assert result.persons == [Contested(Doubt.NAME, 2, None)]
    assert (result.held, result.eckids, result.namings, result.source_keys) == ({2}, {}, {}, {})


def test_an_eckid_alone_of_another_child_is_a_question() -> None:
    """A new key with the ECK-iD of somebody of another name is not that person."""
    result = of(row("x", "E-a", NEW))
    assert result.persons == [Contested(Doubt.NAME, None, 1)]
    assert result.held == {1}


def test_an_eckid_with_the_name_gives_the_person_a_new_key() -> None:
    """The new source key becomes an alias, and that is told."""
    result = of(row("x", "E-a", ANNA))
    assert (result.persons, result.source_keys) == ([1], {"x": 1})
    assert warnings(result)[0][0] == "leerling/@key"


def test_an_unknown_row_is_a_new_person_with_the_key_of_the_source() -> None:
    """The key at first sight is the source's own."""
    assert of(row("x", "E-x", NEW)).persons == [NewPerson("x", "E-x", "x", NEW)]


# ECK-iDs


def test_a_first_eckid_is_taken_without_a_word() -> None:
    """A known person without an ECK-iD gets the one that the source brings."""
    result = of(row("b", "E-b", BRAM))
    assert (result.eckids, result.problems, result.corrected) == ({2: "E-b"}, [], {})


def test_another_free_eckid_is_a_correction() -> None:
    """Of a person who is certain by key and name."""
    result = of(row("a", "E-x", ANNA, line=7))
    assert (result.eckids, result.corrected) == ({1: "E-x"}, {1: 7})


def test_an_eckid_that_is_left_out_stays() -> None:
    """And that is told."""
    result = of(row("a", None, ANNA))
    assert (result.persons, result.eckids) == ([1], {})
    assert "keeps the known one" in warnings(result)[0][1]


def test_swapped_eckids_are_swapped_back() -> None:
    """Each child is certain by its key and name, and gets its own."""
    result = of(row("a", "E-c", ANNA), row("c", "E-a", CARO))
    assert (result.persons, result.eckids, result.held) == ([1, 3], {1: "E-c", 3: "E-a"}, set())


def test_a_chain_of_eckids_is_followed() -> None:
    """The first one gets a free one, and each other one that of the next."""
    result = of(row("a", "E-x", ANNA), row("c", "E-a", CARO), row("b", "E-c", BRAM))
    assert result.eckids == {1: "E-x", 3: "E-a", 2: "E-c"}


def test_an_eckid_goes_to_a_new_child_when_its_owner_gets_another() -> None:
    """A hand-over within one source."""
    result = of(row("a", "E-x", ANNA), row("n", "E-a", NEW))
    assert result.persons == [1, NewPerson("n", "E-a", "n", NEW)]
    assert result.eckids == {1: "E-x"}


def test_the_eckid_of_somebody_who_keeps_it_is_a_question() -> None:
    """Neither child is answered with the ECK-iD of the other."""
    result = of(row("b", "E-a", BRAM))
    assert result.persons == [Contested(Doubt.ECKID, 2, 1)]
    assert (result.held, result.eckids) == ({1, 2}, {})


def test_a_chain_that_ends_at_somebody_who_keeps_it_is_a_question_for_all_of_it() -> None:
    """Who waits for a contested ECK-iD does not get it either."""
    result = of(row("a", "E-c", ANNA), row("b", "E-a", BRAM), row("c", None, CARO))
    assert doubts(result) == [Doubt.ECKID, Doubt.ECKID, None]
    assert (result.persons[2], result.eckids) == (3, {})


# Keys that are used again


def test_permuted_keys_with_right_eckids_are_matched_by_eckid() -> None:
    """The keys that left earlier stay with the persons; the source keys move."""
    result = of(row("c", "E-a", ANNA), row("a", "E-c", CARO))
    assert (result.persons, result.source_keys, result.held) == ([1, 3], {"c": 1, "a": 3}, set())


def test_a_key_handed_over_to_a_new_child_is_no_question() -> None:
    """The person whom it named is there under another key, so this is somebody else; the served key is not re-used."""
    result = of(row("a", "E-x", NEW), row("z", "E-a", ANNA))
    first, second = result.persons
    assert second == 1
    assert isinstance(first, NewPerson)
    assert (first.source_key, first.eckid, first.key == "a") == ("a", "E-x", False)


def test_a_hand_over_from_a_contested_row_is_contested_too() -> None:
    """Who is not certain to be there cannot make another row certain."""
    result = of(row("a", None, NEW), row("z", "E-c", ANNA))
    assert doubts(result) == [Doubt.NAME, Doubt.TWIN]


def test_a_new_person_gets_another_key_when_the_source_uses_one_that_is_sent() -> None:
    """A key that was sent for one person never becomes that of another one."""
    among = known({1: KnownPerson("a", "E-a", ANNA)})
    among = KnownPersons(among.persons, {}, among.by_eckid)
    (person,) = match(LEERLING, [row("a", None, NEW)], among, lambda _row, _attempt: "nieuw").persons
    assert person == NewPerson("nieuw", None, "a", NEW)


def test_an_alias_that_is_handed_over_is_not_sent_for_the_new_child() -> None:
    """It may be the key by which the person was sent before a join; nobody else is ever sent with it."""
    result = of(row("b-oud", "E-x", NEW), row("b", None, BRAM))
    (person, _) = result.persons
    assert isinstance(person, NewPerson)
    assert (person.source_key, person.key == "b-oud") == ("b-oud", False)


# Twins


TWINS = known({1: KnownPerson("a", None, ANNA), 2: KnownPerson("b", None, BELLA)})


def test_the_key_of_a_twin_is_a_question() -> None:
    """Date and achternaam agree; the roepnaam is that of the other one."""
    assert of(row("a", None, BELLA), among=TWINS).persons == [Contested(Doubt.TWIN, 1, None)]


def test_a_twin_who_is_only_in_the_source_is_seen() -> None:
    """Another row has the roepnaam and the date."""
    among = known({1: KnownPerson("a", None, ANNA)})
    result = of(row("a", None, BELLA), row("x", None, BELLA), among=among)
    assert doubts(result) == [Doubt.TWIN, None]


def test_a_row_with_the_name_that_the_person_had_is_seen() -> None:
    """The known name is on another row: so the names did not change, the keys did."""
    among = known({1: KnownPerson("a", "E-a", ANNA)})
    result = of(row("a", "E-a", NEW), row("x", None, ANNA), among=among)
    assert doubts(result) == [Doubt.TWIN, None]


def test_a_namesake_who_was_one_before_makes_no_correction_a_question() -> None:
    """In the source or not: nothing changes about that child, so the keys did not change."""
    other_anna = ANNA._replace(achternaam="Mus")
    among = known({1: KnownPerson("a", "E-a", ANNA), 2: KnownPerson("b", "E-b", other_anna)})
    corrected = row("a", "E-a", ANNA._replace(roepnaam="Annabel"))
    assert of(corrected, among=among).persons == [1]
    assert of(corrected, row("b", "E-b", other_anna), among=among).persons == [1, 2]
    assert of(corrected, row("b", None, other_anna), among=among).persons == [1, 2]
    for other in (row("x", None, other_anna), row("b", "E-b", ANNA)):
        assert doubts(of(corrected, other, among=among))[0] is Doubt.TWIN
    nearly = ANNA._replace(achternaam=None)  # may be Anna
    known_twice = known({1: KnownPerson("a", "E-a", ANNA), 2: KnownPerson("b", None, nearly)})
    assert doubts(of(corrected, row("b", None, nearly), among=known_twice)) == [Doubt.TWIN, None]


def test_twins_whose_names_were_swapped_are_questions() -> None:
    """Whether the keys or the names are wrong nobody can tell."""
    assert doubts(of(row("a", None, BELLA), row("b", None, ANNA), among=TWINS)) == [Doubt.TWIN, Doubt.TWIN]


def test_a_child_with_key_and_eckid_of_another_known_child_is_a_question() -> None:
    """Both agree, and still the name says who it is."""
    assert doubts(of(row("a", "E-a", CARO))) == [Doubt.TWIN]


def test_twins_with_swapped_eckids_are_told_apart_by_their_roepnaam() -> None:
    """The roepnaam says which of the two the row is."""
    among = known({1: KnownPerson("a", "E-b", ANNA), 2: KnownPerson("b", "E-a", BELLA)})
    result = of(row("a", "E-a", ANNA), row("b", "E-b", BELLA), among=among)
    assert (result.persons, result.eckids) == ([1, 2], {1: "E-a", 2: "E-b"})


@pytest.mark.parametrize("others", [(), (row("b", None, BELLA),)])
def test_a_twin_of_whom_only_a_first_letter_is_delivered_is_seen(others: tuple[SourceRow, ...]) -> None:
    """A source without roepnamen: the voorletter of the row is that of the other twin."""
    found = doubts(of(row("a", None, ANNA._replace(roepnaam="B.")), *others, among=TWINS))
    assert found == [Doubt.TWIN, *(None for _ in others)]


def test_a_first_letter_of_another_family_makes_no_twin() -> None:
    """Born on one day is not enough: the achternaam differs."""
    among = known({1: KnownPerson("a", None, ANNA), 2: KnownPerson("b", None, BELLA._replace(achternaam="Mus"))})
    assert of(row("a", None, ANNA._replace(roepnaam="B.")), among=among).persons == [1]


def test_a_namesake_of_whom_no_date_is_known_makes_no_twin() -> None:
    """Two children of one name are common; without a date nothing says that it is the one of the row."""
    among = known({1: KnownPerson("a", "E-a", ANNA), 2: KnownPerson("b", "E-b", BELLA._replace(geboortedatum=None))})
    assert of(row("a", "E-a", BELLA), among=among).persons == [1]


def test_a_roepnaam_that_nobody_has_is_a_correction() -> None:
    """Twins or not: another spelling of a name is no other child."""
    assert of(row("a", None, ANNA._replace(roepnaam="Annabel")), among=TWINS).persons == [1]


# A row about which a question is open


def asked_about(asked: SourceRow, doubt: Doubt, person: int, among: KnownPersons) -> KnownPersons:
    """Return the known persons while a question is open about whether a row is one of them."""
    name = AskedRow.of(asked.key, asked.eckid, asked.naming)
    question = {name: Contested(doubt, person, None)}
    return KnownPersons(among.persons, among.by_source_key, among.by_eckid, asked=question)


def test_a_row_that_is_asked_about_is_no_correction_when_what_told_so_is_known() -> None:
    """The first source made a new child of the other row, who has the name that the known person had."""
    asked = row("a", "E-a", NEW)
    before = known({1: KnownPerson("a", "E-a", ANNA)})
    assert doubts(of(asked, row("x", None, ANNA), among=before)) == [Doubt.TWIN, None]
    assert of(asked, among=before).persons == [1]
    now = asked_about(asked, Doubt.TWIN, 1, among=before)
    assert of(asked, among=now).persons == [Contested(Doubt.TWIN, 1, 1)]


def test_a_row_that_is_asked_about_stays_so_in_another_spelling() -> None:
    """A later source writes capitals, an accent, a voorvoegsel and a zone."""
    asked, again = row("a", "E-a", NEW), row("a", "E-a", Naming("DRÍES", "van Uil", "2015-09-10Z"))
    assert of(again).persons == [1]
    now = asked_about(asked, Doubt.TWIN, 1, among=KNOWN)
    assert of(again, among=now).persons == [Contested(Doubt.TWIN, 1, 1)]


@pytest.mark.parametrize("spellings", [("Zoë", "ZOE"), ("ZOE", "Zoë")])
def test_of_a_row_that_is_asked_about_in_two_spellings_a_twin_that_was_seen_counts(spellings: tuple[str, str]) -> None:
    """In whatever order the two questions are stored."""
    doubts_ = {"Zoë": Doubt.TWIN, "ZOE": Doubt.NAME}
    rows = [
        (at, 1, None, "leerling", "99XX", "a", "E-a", doubts_[roepnaam].value, date(2026, 9, 1), [_year(at, roepnaam)])
        for at, roepnaam in enumerate(spellings)
    ]
    asked = OpenQuestions("99XX", rows, date(2026, 9, 1)).about(LEERLING)
    assert asked == {AskedRow.of("a", "E-a", Naming("Zoë", None, None)): Contested(Doubt.TWIN, 1, None)}


def test_only_open_questions_of_one_kind_are_about_a_row() -> None:
    """Not those of a leerkracht with the same key and name, nor one whose last row went in this import."""
    row_ = (1, 1, None, "leerling", "99XX", "a", None, Doubt.NAME.value, date(2026, 9, 1), [_year(0, "Zoë")])
    questions = OpenQuestions("99XX", [row_], date(2026, 9, 1))
    assert list(questions.about(LEERLING).values()) == [Contested(Doubt.NAME, 1, None)]
    assert questions.about(PersonKind.LEERKRACHT) == {}
    questions.withdraw(SchoolYear("99XX00", "2026-2027"))
    assert questions.about(LEERLING) == {}


def _year(at: int, roepnaam: str) -> dict[str, object]:
    """Return the stored row of a leerling in a year."""
    rows = {"deelname": [{"roepnaam": roepnaam}], "inschrijving": [], "plaatsing": []}
    return {"brin6": f"99XX0{at}", "schooljaar": "2026-2027", "line": 1, "held": [1], "rows": rows}


@pytest.mark.parametrize(
    ("key", "later", "spelled"),
    [("x", "x", BELLA), ("#1", "#2", BELLA), ("x", "x", Naming("BELLA", "de Specht", "2018-03-14Z"))],
)
def test_a_row_that_is_asked_about_is_no_new_person_when_its_eckid_is_free(
    key: str, later: str, spelled: Naming
) -> None:
    """The first source gave the person of its ECK-iD another one; the later one may spell the row otherwise."""
    asked, again = row(key, "E-a", BELLA), row(later, "E-a", spelled)
    among = known({1: KnownPerson("a", "E-z", ANNA), 2: KnownPerson("b", None, BELLA)})
    assert isinstance(of(asked, among=among).persons[0], NewPerson)
    now = asked_about(asked, Doubt.TWIN, 1, among=among)
    assert of(again, row("a", "E-z", ANNA), among=now).persons == [Contested(Doubt.TWIN, None, 1), 1]


def test_a_row_that_is_asked_about_is_no_hand_over_when_less_is_known_of_a_twin() -> None:
    """The first source left out the roepnaam of the person."""
    asked = row("a", None, CARO._replace(achternaam="Uil"))
    rows = asked, row("x", "E-a", ANNA._replace(roepnaam=None))
    before = known({1: KnownPerson("a", "E-a", ANNA), 2: KnownPerson("c", None, CARO)})
    assert doubts(of(*rows, among=before)) == [Doubt.TWIN, None]
    among = known({1: KnownPerson("a", "E-a", ANNA._replace(roepnaam=None)), 2: KnownPerson("c", None, CARO)})
    assert isinstance(of(*rows, among=among).persons[0], NewPerson)
    now = asked_about(asked, Doubt.TWIN, 1, among=among)
    assert of(*rows, among=now).persons == [Contested(Doubt.TWIN, 1, None), 1]


def test_a_row_that_is_asked_about_is_taken_once_it_has_the_name_of_the_person() -> None:
    """In any spelling; and so is one with a key that names somebody else by now, or that says something else."""
    among = known({1: KnownPerson("a", "E-a", ANNA), 2: KnownPerson("b", None, BRAM)})
    spelled, other = (row("a", "E-a", ANNA._replace(roepnaam=roepnaam)) for roepnaam in ("ANNA", "Annabel"))
    assert of(spelled, among=asked_about(spelled, Doubt.TWIN, 1, among=among)).persons == [1]
    assert doubts(of(other, among=asked_about(other, Doubt.TWIN, 1, among=among))) == [Doubt.TWIN]
    assert of(other, among=asked_about(other, Doubt.TWIN, 2, among=among)).persons == [1]
    assert of(other, among=asked_about(spelled, Doubt.TWIN, 1, among=among)).persons == [1]


def test_a_key_that_is_asked_about_is_handed_over_when_its_person_has_another_one() -> None:
    """Of another name alone: the source says now who is who."""
    asked = row("a", None, NEW)
    now = asked_about(asked, Doubt.NAME, 1, among=KNOWN)
    assert doubts(of(asked, among=now)) == [Doubt.NAME]
    assert isinstance(of(asked, row("x", "E-a", ANNA), among=now).persons[0], NewPerson)


# Namesakes


MO = Naming("Mo", "Ali", "2017-05-06")
NEARLY = {
    "another date": MO._replace(geboortedatum="2015-01-02"),
    "another achternaam": MO._replace(achternaam="Bek"),
    "another roepnaam": MO._replace(roepnaam="Bo"),
}
"""Others of whom one part is another one."""


@pytest.mark.parametrize("other", NEARLY.values(), ids=NEARLY)
@pytest.mark.parametrize("eckid", [None, "E-x"])
def test_the_key_of_a_namesake_is_a_question(other: Naming, eckid: str | None) -> None:
    """Two of three agree with whom the key names, and all three with somebody else who is known."""
    among = known({1: KnownPerson("a", None, MO), 2: KnownPerson("b", None, other)})
    assert of(row("a", eckid, other), among=among).persons == [Contested(Doubt.TWIN, 1, None)]


@pytest.mark.parametrize("other", NEARLY.values(), ids=NEARLY)
def test_the_key_of_a_namesake_who_has_another_key_now_is_a_question(other: Naming) -> None:
    """Nobody is known of the name of the row, but another row has that of whom the key names."""
    among = known({1: KnownPerson("a", None, MO)})
    assert doubts(of(row("a", None, other), row("x", None, MO), among=among)) == [Doubt.TWIN, None]


@pytest.mark.parametrize("other", NEARLY.values(), ids=NEARLY)
def test_namesakes_with_swapped_eckids_are_told_apart(other: Naming) -> None:
    """All three parts say which of the two the row is."""
    among = known({1: KnownPerson("a", "E-b", MO), 2: KnownPerson("b", "E-a", other)})
    result = of(row("a", "E-a", MO), row("b", "E-b", other), among=among)
    assert (result.persons, result.eckids) == ([1, 2], {1: "E-a", 2: "E-b"})


def test_a_correction_that_makes_nobody_else_is_none_of_a_namesake() -> None:
    """A namesake is there, and the row has something that neither had."""
    among = known({1: KnownPerson("a", None, MO), 2: KnownPerson("b", None, NEARLY["another date"])})
    assert of(row("a", None, MO._replace(geboortedatum="2017-06-05")), among=among).persons == [1]


def test_leerkrachten_of_one_name_are_no_question_when_one_marries() -> None:
    """One part suffices of a leerkracht: a colleague of that name is no reason to ask."""
    among = known({1: KnownPerson("m", None, Naming("Kim", "Maas", None)), 2: KnownPerson("n", None, ANNA)})
    rows = [row("m", None, Naming("Kim", "Waal", None)), row("x", None, Naming("Kim", "Maas", None))]
    assert doubts(of(*rows, among=among, kind=PersonKind.LEERKRACHT)) == [None, None]


# What else is contested


def test_two_persons_of_one_name_are_a_question() -> None:
    """One child that is known twice: the reason names the command that joins them."""
    among = known({1: KnownPerson("a", None, ANNA), 2: KnownPerson("z", "E-a", ANNA)})
    result = of(row("a", "E-a", ANNA), among=among)
    assert doubts(result) == [Doubt.TWO]
    assert result.held == {1, 2}
    assert "leerling join" in result.questions[0][1].reason


def test_of_two_rows_of_one_person_the_surer_one_is_taken() -> None:
    """The other one is a question."""
    result = of(row("b", None, BRAM), row("b-oud", None, BRAM))
    assert (result.persons, result.held) == ([2, Contested(Doubt.DOUBLE, 2, None)], set())
    assert doubts(of(row("a", None, ANNA), row("x", "E-a", ANNA))) == [None, Doubt.DOUBLE]


NAMESAKE = ANNA._replace(geboortedatum="2016-01-01")
"""Another child of one name."""


def test_of_two_rows_of_one_person_the_one_that_differs_least_is_taken() -> None:
    """The key that is sent was given to a namesake; the ECK-iD and every part of the name are on the other row."""
    result = of(row("a", None, NAMESAKE), row("x", "E-a", ANNA))
    assert doubts(result) == [Doubt.TWIN, None]
    assert (result.persons[1], result.namings, result.source_keys) == (1, {}, {"x": 1})


def test_a_key_of_a_namesake_is_not_held_against_an_eckid_with_the_whole_name() -> None:
    """Permuted keys of children who are much alike: the ECK-iD decides, as where names differ."""
    among = known({1: KnownPerson("a", "E-a", ANNA), 2: KnownPerson("b", "E-b", NAMESAKE)})
    result = of(row("b", "E-a", ANNA), row("a", "E-b", NAMESAKE), among=among)
    assert (result.persons, result.source_keys) == ([1, 2], {"b": 1, "a": 2})
    assert doubts(of(row("a", "E-b", ANNA), among=among)) == [Doubt.ECKID]


@pytest.mark.parametrize("naming", [Naming(None, None, "2018-03-14"), Naming(".", "?", None)])
@pytest.mark.parametrize("ids", [("x", None), ("a", "E-a"), ("b", None)])
def test_a_person_without_any_name_is_a_question(naming: Naming, ids: tuple[str, str | None]) -> None:
    """Known or not."""
    assert doubts(of(row(*ids, naming))) == [Doubt.NAMELESS]


def test_a_person_who_was_accepted_without_a_name_is_not_asked_about_again() -> None:
    """Unless a date says that it is somebody else."""
    among = known({1: KnownPerson("a", None, Naming(None, None, "2018-03-14"))})
    assert of(row("a", None, Naming(None, None, "2018-03-14")), among=among).persons == [1]
    assert doubts(of(row("a", None, Naming(None, None, "2018-03-15")), among=among)) == [Doubt.NAMELESS]


# Leerkrachten


def test_a_married_leerkracht_is_the_same_one_with_a_warning() -> None:
    """Another achternaam alone is no question, with the roepnaam or without."""
    among = known(
        {1: KnownPerson("m", None, Naming("Kim", "Maas", None)), 2: KnownPerson("n", None, Naming(None, "Rijn", None))}
    )
    result = of(
        row("m", None, Naming("Kim", "Waal", None)),
        row("n", None, Naming(None, "Lek", None)),
        among=among,
        kind=PersonKind.LEERKRACHT,
    )
    assert result.persons == [1, 2]
    assert {element for element, _ in warnings(result)} == {"leerkracht/achternaam"}


def test_a_key_of_another_leerkracht_is_a_question() -> None:
    """No part agrees."""
    among = known({1: KnownPerson("m", None, Naming("Kim", "Maas", None))})
    assert doubts(of(row("m", None, Naming("Jo", "Lek", None)), among=among, kind=PersonKind.LEERKRACHT)) == [
        Doubt.NAME
    ]


def test_permuted_keys_of_leerkrachten_are_matched_by_eckid() -> None:
    """Of whom only the achternaam is known: the key alone would be a marriage of each."""
    names = [Naming(None, one, None) for one in ("Maas", "Waal", "Lek", "Rijn")]
    among = known({at: KnownPerson(f"m{at}", f"E-{at}", one) for at, one in enumerate(names)})
    rows = [row(f"m{(at + 1) % 4}", f"E-{at}", one) for at, one in enumerate(names)]
    assert of(*rows, among=among, kind=PersonKind.LEERKRACHT).persons == [0, 1, 2, 3]


def test_leerkrachten_of_one_achternaam_do_not_take_turns_under_their_keys() -> None:
    """The roepnaam of the one on the key of the other is no correction, although the achternaam agrees."""
    jan, els = Naming("Jan", "Boer", None), Naming("Els", "Boer", None)
    among = known({1: KnownPerson("m", "E-m", jan), 2: KnownPerson("n", "E-n", els)})
    result = of(row("m", None, els), row("n", None, jan), among=among, kind=PersonKind.LEERKRACHT)
    assert (doubts(result), result.held) == ([Doubt.TWIN, Doubt.TWIN], {1, 2})
    result = of(row("m", None, els), among=among, kind=PersonKind.LEERKRACHT)
    assert doubts(result) == [Doubt.TWIN]


# Another administration


def permuted() -> list[SourceRow]:
    """Return the known persons under each other's keys, without ECK-iDs."""
    return [row("b", None, ANNA), row("c", None, BRAM), row("a", None, CARO)]


WITHOUT = known({1: KnownPerson("a", None, ANNA), 2: KnownPerson("b", None, BRAM), 3: KnownPerson("c", None, CARO)})


def test_keys_of_another_administration_are_questions() -> None:
    """None of them becomes the person whose key it has."""
    assert None not in doubts(of(*permuted(), among=WITHOUT))


def test_by_name_each_person_is_found_again() -> None:
    """Also one with a key that nobody had; who is not known is new."""
    rows = [*permuted()[1:], row("x", None, ANNA), row("b", None, NEW)]
    result = of(*rows, among=WITHOUT, unmatched=Unmatched.BY_NAME)
    assert result.persons[:3] == [2, 3, 1]
    assert isinstance(result.persons[3], NewPerson)
    assert result.source_keys == {"c": 2, "a": 3, "x": 1}


def test_by_name_namesakes_stay_questions() -> None:
    """Two persons of one name and date cannot be told apart."""
    among = known({1: KnownPerson("a", None, ANNA), 2: KnownPerson("b", None, ANNA), 3: KnownPerson("c", None, CARO)})
    assert doubts(of(row("c", None, ANNA), among=among, unmatched=Unmatched.BY_NAME)) == [Doubt.NAMESAKES]


def test_by_name_another_eckid_is_another_person() -> None:
    """A namesake."""
    among = known({1: KnownPerson("a", "E-a", ANNA)})
    (person,) = of(row("x", "E-x", ANNA), among=among, unmatched=Unmatched.BY_NAME).persons
    assert isinstance(person, NewPerson)


def test_as_new_persons_none_gets_a_key_that_was_sent() -> None:
    """The source keys name the new persons from then on."""
    result = of(*permuted(), among=WITHOUT, unmatched=Unmatched.NEW)
    assert {one.source_key for one in result.persons if isinstance(one, NewPerson)} == {"a", "b", "c"}
    assert not {one.key for one in result.persons if isinstance(one, NewPerson)} & {"a", "b", "c"}


# Dummies, generated keys and the forgotten


def test_a_dummy_key_is_matched_by_eckid_and_name_and_makes_no_alias() -> None:
    """A key that starts with # names nobody; the ECK-iD alone does not either."""
    result = of(row("#1", "E-a", ANNA))
    assert (result.persons, result.source_keys, result.problems) == ([1], {}, [])
    assert doubts(of(row("#1", "E-a", NEW))) == [Doubt.NAME]


def given(*keys: str) -> Callable[[SourceRow, int], str]:
    """Return these keys of ours, one after the other."""
    left = iter(keys)
    return lambda _row, _attempt: next(left)


def test_two_new_persons_never_share_a_key() -> None:
    """A key of ours is not given twice in one import, nor one that a row of that import brings itself."""
    rows = [row("zelf", None, NEW), row("#1", "E-x", NEW), row("#2", "E-y", NEW)]
    result = match(LEERLING, rows, KNOWN, given("zelf", "nieuw", "nieuw", "ander"))
    assert [one.key for one in result.persons if isinstance(one, NewPerson)] == ["zelf", "nieuw", "ander"]


def test_a_key_of_ours_is_short_and_no_dummy() -> None:
    """One client drops keys of more than 30 characters, so ours are shorter; each person and attempt has another."""
    keys = {make_key(SourceRow(1, "#1", f"eck-{number}"), attempt) for number in range(500) for attempt in (0, 1)}
    assert len(keys) == 1000
    assert all(len(key) <= 30 and not key.startswith("#") for key in keys)


def test_a_key_of_ours_follows_from_the_eckid() -> None:
    """A person who is imported again after an undo gets the same key, whatever dummy the source uses now."""
    assert make_key(SourceRow(1, "#1", "eck-x"), 0) == make_key(SourceRow(7, "#9", "eck-x"), 0)


def test_a_dummy_key_without_eckid_is_refused() -> None:
    """A row that names nobody refuses the import, with its line."""
    (problem,) = match(LEERLING, [row("#1", None, NEW, line=10)], KNOWN).problems
    assert (problem.line, problem.severity) == (10, Severity.REFUSED)
    assert "no ECK-iD" in problem.reason


def test_somebody_who_was_forgotten_refuses_the_import() -> None:
    """A row of a forgotten person is reported at its line, even if its ECK-iD is that of another person."""
    problem, *_ = match(LEERLING, [row("x", "E-a", ANNA, line=4)], known(KNOWN.persons, forgotten=("x",))).problems
    assert (problem.line, problem.severity) == (4, Severity.REFUSED)
    assert "was forgotten" in problem.reason
