"""Comparison of names and dates of birth: a spelling is no difference, and what is unknown says nothing."""

import pytest

from uwlr_adapter.administratie.importing.naming import Comparison, Naming, compare, naming_of
from uwlr_adapter.administratie.importing.new_keys import same_persons
from uwlr_adapter.administratie.tables import PersonKind, deelname
from uwlr_adapter.contract.dataset import Leerkracht, Leerling

YES, NO, UNKNOWN = True, False, None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Zoë", "zoe"),
        ("Anne-Fleur", "Anne Fleur"),
        ("Anne-Fleur", "ANNEFLEUR"),
        ("Søren", "Soren"),
        ("Łukasz", "lukasz"),
        ("Ijsbrand", "\u0132sbrand"),
        ("Zoe\u0308", "Zo\u00eb"),
    ],
)
def test_a_spelling_is_no_difference(one: str, other: str) -> None:
    """Case, diacritics in either form, hyphens and spaces do not count."""
    assert compare(Naming(one, one, None), Naming(other, other, None)) == Comparison(YES, YES, UNKNOWN)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("van den Berg", "Berg", YES),
        ("d'Hondt", "Hondt", YES),
        ("'t Hart", "Hart", YES),
        ("Ter; Horst", "Horst", YES),
        ("van", "van", YES),
        ("van den Berg", "Bergen", NO),
        ("Berg", ".", UNKNOWN),
        (None, "Berg", UNKNOWN),
        ("?", "-", UNKNOWN),
    ],
)
def test_a_voorvoegsel_in_front_of_an_achternaam_does_not_count(
    one: str | None, other: str, *, same: bool | None
) -> None:
    """Some sources write it in the achternaam; text without a letter or digit is unknown."""
    assert compare(Naming(None, one, None), Naming(None, other, None)).achternaam is same


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("2018-03-14", "2018-03-14Z", YES), ("2018-03-14+01:00", "2018-03-14", YES), ("2018-03-14", "2018-04-13", NO)],
)
def test_a_zone_makes_no_other_date(one: str, other: str, *, same: bool) -> None:
    """The day counts."""
    assert compare(Naming(None, None, one), Naming(None, None, other)).geboortedatum is same


@pytest.mark.parametrize(
    ("record", "roepnaam"),
    [
        (Leerling("1", roepnaam="Bo", voornamen="Boudewijn Jan", voorletters_1="B.J."), "Bo"),
        (Leerling("1", roepnaam=".", voornamen="Boudewijn Jan"), "Boudewijn"),
        (Leerling("1", roepnaam="- ?", voornamen="Boudewijn Jan"), "Boudewijn"),
        (Leerling("1", roepnaam="'t", voornamen="Boudewijn Jan"), "'t"),
        (Leerling("1", voornamen="Anne-Fleur Jo"), "Anne-Fleur"),
        (Leerling("1", voorletters_1="B.J."), "B."),
        (Leerkracht("1", voorletters_1="A"), "A."),
        (Leerling("1", voornamen="."), None),
    ],
)
def test_the_given_name_is_the_first_that_is_known(record: Leerling | Leerkracht, roepnaam: str | None) -> None:
    """The roepnaam, else the first of the voornamen, else the first of the voorletters."""
    assert naming_of(record).roepnaam == roepnaam


def test_of_voorletters_only_the_first_letter_is_compared() -> None:
    """A source with voorletters only does not contradict one with a roepnaam that begins with them."""
    assert compare(Naming("B.", None, None), Naming("Bo", None, None)).roepnaam is True
    assert compare(Naming("A.", None, None), Naming("Bo", None, None)).roepnaam is False


@pytest.mark.parametrize(
    ("roepnaam", "achternaam", "geboortedatum", "same"),
    [
        (YES, YES, YES, True),
        (NO, YES, YES, True),
        (YES, NO, YES, True),
        (YES, YES, NO, True),
        (NO, NO, YES, False),
        (NO, YES, NO, False),
        (YES, NO, NO, False),
        (YES, NO, UNKNOWN, True),
        (NO, YES, UNKNOWN, False),
        (YES, UNKNOWN, NO, True),
        (UNKNOWN, NO, YES, True),
        (UNKNOWN, YES, NO, False),
        (UNKNOWN, YES, UNKNOWN, True),
        (UNKNOWN, NO, UNKNOWN, False),
        (UNKNOWN, UNKNOWN, UNKNOWN, False),
    ],
)
def test_when_two_records_are_one_leerling(
    *, roepnaam: bool | None, achternaam: bool | None, geboortedatum: bool | None, same: bool
) -> None:
    """Two of three must agree; with one unknown the roepnaam decides, else the date, else the achternaam."""
    assert Comparison(roepnaam, achternaam, geboortedatum).is_same(PersonKind.LEERLING) is same


@pytest.mark.parametrize(
    ("roepnaam", "achternaam", "same"),
    [
        (YES, NO, True),
        (NO, YES, True),
        (UNKNOWN, NO, True),
        (UNKNOWN, YES, True),
        (NO, NO, False),
        (NO, UNKNOWN, False),
        (UNKNOWN, UNKNOWN, False),
    ],
)
def test_when_two_records_are_one_leerkracht(*, roepnaam: bool | None, achternaam: bool | None, same: bool) -> None:
    """One part that agrees suffices, and another achternaam alone is a marriage."""
    assert Comparison(roepnaam, achternaam, None).is_same(PersonKind.LEERKRACHT) is same


@pytest.mark.parametrize(
    ("row", "before", "same"),
    [
        (("J.", "Mol", None), ("Jan", "Haas", None), NO),
        (("J.", "Haas", None), ("Jan", "Haas", None), YES),
        (("J.", None, "2018-01-01"), ("Jan", None, "2018-02-02"), NO),
        (("J.", "Mol", "2018-01-01"), ("Jan", "Haas", "2018-01-01"), YES),
        (("J.", None, None), ("Jan", None, None), YES),
        (("Jan", "Mol", None), ("Jan", "Haas", None), YES),
    ],
)
def test_a_first_letter_does_not_decide(
    row: tuple[str | None, ...], before: tuple[str | None, ...], *, same: bool
) -> None:
    """Of ten children two begin with the same letter: with a part unknown, the next one decides."""
    assert compare(Naming(*row), Naming(*before)).is_same(PersonKind.LEERLING) is same


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        (("Jan", "Haas", None), ("JAN", "de Haas", "2018-01-01"), YES),
        (("Jan", None, "2018-01-01"), ("Jan", None, "2018-01-01"), YES),
        (("Jan", "Haas", "2018-01-01"), ("Jan", "Haas", "2018-01-02"), NO),
        (("J.", "Haas", None), ("Jan", "Haas", None), NO),
        (("Jan", None, None), ("Jan", None, None), NO),
        ((None, "Haas", None), (None, "Mol", None), NO),
    ],
)
def test_who_is_alike(one: tuple[str | None, ...], other: tuple[str | None, ...], *, alike: bool) -> None:
    """Two parts are the same and none differs: enough where a key proves nothing."""
    for pair in ((one, other), (other, one)):
        assert compare(*(Naming(*side) for side in pair)).is_alike is alike


def test_new_keys_are_seen_by_the_given_name_too() -> None:
    """A roepnaam without letters says nothing: the first of the voornamen does, as for who a row is."""
    columns = deelname.columns.keys()

    def row(persoon_id: int, **values: str) -> tuple[object, ...]:
        return tuple({"persoon_id": persoon_id, **values}.get(name) for name in columns)

    born = {"geboortedatum": "2018-03-14"}
    gone = row(1, roepnaam=".", voornamen="Bo Jan", **born)
    assert same_persons(deelname, [gone], [row(2, roepnaam="-", voornamen="Bo", **born)]) == [(1, 2)]
    assert same_persons(deelname, [gone], [row(2, roepnaam="-", voornamen="Jan", **born)]) == []
