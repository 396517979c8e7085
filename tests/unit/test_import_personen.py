"""Who is who: the matching of rows with known persons, on its own."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from uwlr_adapter.administratie.importing.match import Bekend, Nieuw, Rij, make_key, match
from uwlr_adapter.administratie.model import Ernst

ANNA, BRAM = 1, 2
BEKEND = Bekend(
    bij_bronsleutel={"a": ANNA, "b": BRAM, "b-oud": BRAM},
    bij_eckid={"eck-a": ANNA},
    eckid_van={ANNA: "eck-a", BRAM: None},
    keys={"a", "b", "eigen"},
)


def _given(*keys: str) -> Callable[[Rij, int], str]:
    """Give these keys of ours, one after the other."""
    left = iter(keys)
    return lambda _rij, _poging: next(left)


def _match(*rijen: tuple[str, str | None]) -> tuple[list[int | Nieuw], list[tuple[int, Ernst, str]]]:
    rows = [Rij(10 * number, key, eckid) for number, (key, eckid) in enumerate(rijen, 1)]
    uitkomst = match("leerling", rows, BEKEND, _given("eigen", "nieuw-1", "nieuw-2"))
    return uitkomst.personen, [(one.regel, one.ernst, one.reden) for one in uitkomst.problemen]


@pytest.mark.parametrize("key", ["a", "b", "b-oud"])
def test_a_known_source_key_is_its_person(key: str) -> None:
    """Every key by which a source ever named a person, aliases too, finds that person."""
    personen, problemen = _match((key, None))
    assert personen == [BEKEND.bij_bronsleutel[key]]
    assert all(ernst is Ernst.MELDING for _, ernst, _ in problemen)


def test_an_unknown_key_with_a_known_eckid_becomes_an_alias() -> None:
    """A new source key with a known ECK-iD is the same person, and is reported."""
    uitkomst = match("leerling", [Rij(7, "a2", "eck-a")], BEKEND)
    assert uitkomst.personen == [ANNA]
    assert uitkomst.aliassen == {"a2": ANNA}
    assert [(one.regel, one.ernst) for one in uitkomst.problemen] == [(7, Ernst.MELDING)]


def test_an_unknown_row_is_a_new_person_with_the_key_of_the_source() -> None:
    """The key at first sight is the source's own."""
    assert _match(("c", "eck-c")) == ([Nieuw("c", "eck-c", "c")], [])


def test_a_source_key_that_is_ours_already_gets_another_key() -> None:
    """A key that we once gave to a person never becomes that of another one."""
    assert _match(("eigen", None)) == ([Nieuw("nieuw-1", None, "eigen")], [])


def test_a_dummy_key_is_matched_by_eckid_and_makes_no_alias() -> None:
    """A key that starts with # names nobody; the ECK-iD does."""
    uitkomst = match("leerling", [Rij(1, "#1", "eck-a")], BEKEND)
    assert (uitkomst.personen, uitkomst.aliassen, uitkomst.problemen) == ([ANNA], {}, [])


def test_a_new_person_with_a_dummy_key_gets_a_key_of_ours() -> None:
    """A dummy never leaves; what leaves is unique, and keys that exist are passed over."""
    personen, problemen = _match(("#1", "eck-x"), ("#2", "eck-y"))
    assert personen == [Nieuw("nieuw-1", "eck-x", None), Nieuw("nieuw-2", "eck-y", None)]
    assert problemen == []


def test_two_new_persons_never_share_a_key() -> None:
    """A key of ours is not given twice in one import, nor one that a row of that import brings itself."""
    rows = [Rij(1, "zelf", None), Rij(2, "#1", "eck-x"), Rij(3, "#2", "eck-y")]
    uitkomst = match("leerling", rows, BEKEND, _given("zelf", "nieuw", "nieuw", "ander"))
    assert [one.key for one in uitkomst.personen if isinstance(one, Nieuw)] == ["zelf", "nieuw", "ander"]


def test_a_key_of_ours_is_short_and_no_dummy() -> None:
    """One client drops keys of more than 30 characters, so ours are shorter; each person and attempt has another."""
    keys = {make_key(Rij(1, "#1", f"eck-{number}"), poging) for number in range(500) for poging in (0, 1)}
    assert len(keys) == 1000
    assert all(len(key) <= 30 and not key.startswith("#") for key in keys)


def test_a_key_of_ours_follows_from_the_eckid() -> None:
    """Somebody who comes in again after a terugdraaien gets the same key, whatever dummy the source uses now."""
    assert make_key(Rij(1, "#1", "eck-x"), 0) == make_key(Rij(7, "#9", "eck-x"), 0)


def test_somebody_who_was_forgotten_refuses_the_import() -> None:
    """A row that is known as forgotten is told at its line, whoever else it may be."""
    bekend = replace(BEKEND, is_vergeten=lambda key, _eckid: key == "a")
    ((regel, ernst, reden),) = (
        (one.regel, one.ernst, one.reden) for one in match("leerling", [Rij(4, "a", None)], bekend).problemen
    )
    assert (regel, ernst) == (4, Ernst.WEIGERT)
    assert "was forgotten" in reden


def test_a_dummy_key_without_eckid_is_refused() -> None:
    """A row that names nobody refuses the import, with its line."""
    ((regel, ernst, reden),) = _match(("#1", None))[1]
    assert (regel, ernst) == (10, Ernst.WEIGERT)
    assert "no ECK-iD" in reden


def test_a_first_eckid_is_taken_without_a_word() -> None:
    """A known person without an ECK-iD gets the one that the source brings."""
    uitkomst = match("leerling", [Rij(1, "b", "eck-b")], BEKEND)
    assert (uitkomst.eckids, uitkomst.problemen) == ({BRAM: "eck-b"}, [])


def test_another_free_eckid_is_taken_with_a_warning() -> None:
    """The same key with another ECK-iD that nobody has is a change, and is reported."""
    uitkomst = match("leerling", [Rij(1, "a", "eck-nieuw")], BEKEND)
    assert uitkomst.eckids == {ANNA: "eck-nieuw"}
    assert [one.ernst for one in uitkomst.problemen] == [Ernst.MELDING]


def test_the_eckid_of_somebody_else_is_refused() -> None:
    """A known key with the ECK-iD of another known person refuses the import."""
    ((regel, ernst, reden),) = _match(("b", "eck-a"))[1]
    assert (regel, ernst) == (10, Ernst.WEIGERT)
    assert "another leerling" in reden


@pytest.mark.parametrize("rijen", [(("b", None), ("b-oud", None)), (("a", None), ("a2", "eck-a"))])
def test_two_rows_of_one_person_are_refused_with_both_lines(rijen: tuple[tuple[str, str | None], ...]) -> None:
    """Two rows that turn out to be the same person refuse the import."""
    weigert = [(regel, reden) for regel, ernst, reden in _match(*rijen)[1] if ernst is Ernst.WEIGERT]
    assert weigert == [(20, "the same leerling as line 10")]
