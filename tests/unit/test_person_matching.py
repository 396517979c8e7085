"""Matching of source rows with known persons."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from uwlr_adapter.administratie.importing.match import KnownPersons, NewPerson, SourceRow, make_key, match
from uwlr_adapter.administratie.model import Severity

ANNA, BRAM = 1, 2
KNOWN = KnownPersons(
    by_source_key={"a": ANNA, "b": BRAM, "b-oud": BRAM},
    by_eckid={"eck-a": ANNA},
    eckid_of={ANNA: "eck-a", BRAM: None},
    keys={"a", "b", "eigen"},
)


def _given(*keys: str) -> Callable[[SourceRow, int], str]:
    """Return these keys of ours, one after the other."""
    left = iter(keys)
    return lambda _row, _attempt: next(left)


def _match(*source_rows: tuple[str, str | None]) -> tuple[list[int | NewPerson], list[tuple[int, Severity, str]]]:
    rows = [SourceRow(10 * number, key, eckid) for number, (key, eckid) in enumerate(source_rows, 1)]
    outcome = match("leerling", rows, KNOWN, _given("eigen", "nieuw-1", "nieuw-2"))
    return outcome.persons, [(one.line, one.severity, one.reason) for one in outcome.problems]


@pytest.mark.parametrize("key", ["a", "b", "b-oud"])
def test_a_known_source_key_is_its_person(key: str) -> None:
    """Every key by which a source ever named a person, aliases too, finds that person."""
    personen, problems = _match((key, None))
    assert personen == [KNOWN.by_source_key[key]]
    assert all(severity is Severity.WARNING for _, severity, _ in problems)


def test_an_unknown_key_with_a_known_eckid_becomes_an_alias() -> None:
    """A new source key with a known ECK-iD is the same person, and is reported."""
    outcome = match("leerling", [SourceRow(7, "a2", "eck-a")], KNOWN)
    assert outcome.persons == [ANNA]
    assert outcome.aliases == {"a2": ANNA}
    assert [(one.line, one.severity) for one in outcome.problems] == [(7, Severity.WARNING)]


def test_an_unknown_row_is_a_new_person_with_the_key_of_the_source() -> None:
    """The key at first sight is the source's own."""
    assert _match(("c", "eck-c")) == ([NewPerson("c", "eck-c", "c")], [])


def test_a_source_key_that_is_ours_already_gets_another_key() -> None:
    """A key that we once gave to a person never becomes that of another one."""
    assert _match(("eigen", None)) == ([NewPerson("nieuw-1", None, "eigen")], [])


def test_a_dummy_key_is_matched_by_eckid_and_makes_no_alias() -> None:
    """A key that starts with # names nobody; the ECK-iD does."""
    outcome = match("leerling", [SourceRow(1, "#1", "eck-a")], KNOWN)
    assert (outcome.persons, outcome.aliases, outcome.problems) == ([ANNA], {}, [])


def test_a_new_person_with_a_dummy_key_gets_a_key_of_ours() -> None:
    """A dummy never leaves; what leaves is unique, and keys that exist are passed over."""
    personen, problems = _match(("#1", "eck-x"), ("#2", "eck-y"))
    assert personen == [NewPerson("nieuw-1", "eck-x", None), NewPerson("nieuw-2", "eck-y", None)]
    assert problems == []


def test_two_new_persons_never_share_a_key() -> None:
    """A key of ours is not given twice in one import, nor one that a row of that import brings itself."""
    rows = [SourceRow(1, "zelf", None), SourceRow(2, "#1", "eck-x"), SourceRow(3, "#2", "eck-y")]
    outcome = match("leerling", rows, KNOWN, _given("zelf", "nieuw", "nieuw", "ander"))
    assert [one.key for one in outcome.persons if isinstance(one, NewPerson)] == ["zelf", "nieuw", "ander"]


def test_a_key_of_ours_is_short_and_no_dummy() -> None:
    """One client drops keys of more than 30 characters, so ours are shorter; each person and attempt has another."""
    keys = {make_key(SourceRow(1, "#1", f"eck-{number}"), attempt) for number in range(500) for attempt in (0, 1)}
    assert len(keys) == 1000
    assert all(len(key) <= 30 and not key.startswith("#") for key in keys)


def test_a_key_of_ours_follows_from_the_eckid() -> None:
    """A person who is imported again after an undo gets the same key, whatever dummy the source uses now."""
    assert make_key(SourceRow(1, "#1", "eck-x"), 0) == make_key(SourceRow(7, "#9", "eck-x"), 0)


def test_somebody_who_was_forgotten_refuses_the_import() -> None:
    """A row of a forgotten person is reported at its line, even if it matches another person too."""
    known = replace(KNOWN, is_forgotten=lambda key, _eckid: key == "a")
    ((line, severity, reason),) = (
        (one.line, one.severity, one.reason) for one in match("leerling", [SourceRow(4, "a", None)], known).problems
    )
    assert (line, severity) == (4, Severity.REFUSED)
    assert "was forgotten" in reason


def test_a_dummy_key_without_eckid_is_refused() -> None:
    """A row that names nobody refuses the import, with its line."""
    ((line, severity, reason),) = _match(("#1", None))[1]
    assert (line, severity) == (10, Severity.REFUSED)
    assert "no ECK-iD" in reason


def test_a_first_eckid_is_taken_without_a_word() -> None:
    """A known person without an ECK-iD gets the one that the source brings."""
    outcome = match("leerling", [SourceRow(1, "b", "eck-b")], KNOWN)
    assert (outcome.eckids, outcome.problems) == ({BRAM: "eck-b"}, [])


def test_another_free_eckid_is_taken_with_a_warning() -> None:
    """The same key with another ECK-iD that nobody has is a change, and is reported."""
    outcome = match("leerling", [SourceRow(1, "a", "eck-nieuw")], KNOWN)
    assert outcome.eckids == {ANNA: "eck-nieuw"}
    assert [one.severity for one in outcome.problems] == [Severity.WARNING]


def test_the_eckid_of_somebody_else_is_refused() -> None:
    """A known key with the ECK-iD of another known person refuses the import."""
    ((line, severity, reason),) = _match(("b", "eck-a"))[1]
    assert (line, severity) == (10, Severity.REFUSED)
    assert "another leerling" in reason


@pytest.mark.parametrize("source_rows", [(("b", None), ("b-oud", None)), (("a", None), ("a2", "eck-a"))])
def test_two_rows_of_one_person_are_refused_with_both_lines(source_rows: tuple[tuple[str, str | None], ...]) -> None:
    """Two rows that turn out to be the same person refuse the import."""
    refused = [(line, reason) for line, severity, reason in _match(*source_rows)[1] if severity is Severity.REFUSED]
    assert refused == [(20, "the same leerling as line 10")]
