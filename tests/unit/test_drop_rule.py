"""The drop rule, persons whose keys changed, and problems in groups: the pure part of what an import asks."""

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from uwlr_adapter.administratie.importing import new_keys, problem_groups
from uwlr_adapter.administratie.importing.diff import TableDiff
from uwlr_adapter.administratie.importing.drop import ALWAYS_ALLOWED, Loss, placement_losses, placements
from uwlr_adapter.administratie.importing.school_year import SchoolYear
from uwlr_adapter.administratie.model import Problem, Severity, Subject
from uwlr_adapter.administratie.tables import aanstelling, deelname, groep, plaatsing

YEAR = ("21QW00", "2026-2027")


@pytest.mark.parametrize("kind", ALWAYS_ALLOWED)
def test_the_minimum_of_each_kind_may_go(kind: str) -> None:
    """Up to the minimum, inclusive, a loss is no question, however large its share; one more is."""
    allowed = ALWAYS_ALLOWED[kind]
    assert not Loss(kind, allowed, range(allowed)).asks(0.2)
    assert Loss(kind, allowed + 1, range(allowed + 1)).asks(0.2)


def test_the_share_is_inclusive() -> None:
    """Exactly the share may go; the reason names the numbers, the share and the option."""
    assert not Loss("leerlingen", 100, range(20)).asks(0.2)
    loss = Loss("leerlingen", 100, range(21))
    assert loss.asks(0.2)
    reason = loss.reason(SchoolYear(*YEAR), 0.2)
    assert "21 of the 100 leerlingen that are answered today would be gone (21%, and more than 20% stops)" in reason
    assert "--accept-drop" in reason


def _row(table: sa.Table, **values: object) -> tuple[object, ...]:
    """Return a row with these values, and nothing in the other columns."""
    return tuple(values.get(column.name) for column in table.columns)


def _groep(key: str, soort: str = "groep", *, beschikbaar: bool = True) -> tuple[object, ...]:
    return _row(groep, key=key, soort=soort, beschikbaar=beschikbaar)


def _plaatsing(persoon_id: int, key: str) -> tuple[object, ...]:
    return (*YEAR, persoon_id, key, 0)


def test_a_move_loses_nothing() -> None:
    """Who is in another groep afterwards lost none; who is in fewer lost the difference; who left is not counted."""
    groepen = [_groep("a"), _groep("b"), _groep("s", "samengestelde_groep")]
    before = placements(groepen, [_plaatsing(1, "a"), _plaatsing(2, "a"), _plaatsing(2, "s"), _plaatsing(3, "a")])
    after = placements(groepen, [_plaatsing(1, "b"), _plaatsing(2, "s")])
    places, without = placement_losses(before, after, {1, 2})
    assert (places.known, list(places.gone)) == (3, [2])
    assert (without.known, list(without.gone)) == (2, [2])


def test_a_groep_that_is_not_available_is_no_place() -> None:
    """A plaatsing in a groep that is no longer in koppelingen beschikbaar is lost, although its row stays."""
    rows = [_plaatsing(1, "a")]
    before, after = placements([_groep("a")], rows), placements([_groep("a", beschikbaar=False)], rows)
    assert [len(loss.gone) for loss in placement_losses(before, after, {1})] == [1, 1]


def test_rows_before_are_those_that_a_diff_leads_from() -> None:
    """The rows of a table before an import follow from the wanted ones and their difference."""
    kept, new, was, gone = _plaatsing(1, "a"), _plaatsing(2, "b"), (*YEAR, 3, "c", 1), _plaatsing(4, "d")
    changed = (*YEAR, 3, "c", 0)
    diff = TableDiff(plaatsing, added=[new], changed=[changed], removed=[gone], before=[was])
    assert sorted(diff.rows_before([kept, new, changed])) == sorted([kept, was, gone])


def _person(
    id_: int, roepnaam: str | None, achternaam: str | None, geboortedatum: str | None = None
) -> tuple[object, ...]:
    return _row(deelname, persoon_id=id_, roepnaam=roepnaam, achternaam=achternaam, geboortedatum=geboortedatum)


@pytest.mark.parametrize(
    ("gone", "came", "same"),
    [
        (("Zoë", "van-Dam", "2019-03-14"), ("ZOE", "Van Dam", "2019-03-14"), True),
        (("Zoë", "Dam", "2019-03-14"), ("Zoë", "Dam", "2019-03-15"), False),
        (("Zoë", "Dam", "2019-03-14"), ("Zoë", "Dam", None), False),
        (("Zoë", "Dam", None), ("Zoë", "Dam", None), True),
        ((None, "Dam", "2019-03-14"), (None, "Dam", "2019-03-14"), True),
        ((None, "Dam", None), (None, "Dam", None), False),
        ((None, None, "2019-03-14"), (None, None, "2019-03-14"), False),
        (("Noor", "Dam", "2019-03-14"), ("Noud", "Dam", "2019-03-14"), False),
    ],
)
def test_who_is_the_same(gone: tuple[str | None, ...], came: tuple[str | None, ...], *, same: bool) -> None:
    """Names are folded; two of roepnaam, achternaam and birth date must be known, and what is known must agree."""
    pairs = new_keys.same_persons(deelname, [_person(1, *gone)], [_person(2, *came)])
    assert pairs == ([(1, 2)] if same else [])


def test_each_person_is_in_one_pair() -> None:
    """Two who go and one who comes are one pair."""
    gone = [_person(id_, "Bo", "Dam", "2019-03-14") for id_ in (1, 2)]
    assert new_keys.same_persons(deelname, gone, [_person(3, "Bo", "Dam", "2019-03-14")]) == [(1, 3)]


def test_leerkrachten_have_no_birth_date() -> None:
    """They are the same with the same roepnaam and achternaam."""
    rows = [_row(aanstelling, persoon_id=id_, roepnaam="Kim", achternaam="Vos") for id_ in (1, 2)]
    assert new_keys.same_persons(aanstelling, rows[:1], rows[1:]) == [(1, 2)]


@given(st.lists(st.tuples(st.integers(0, 99), st.sampled_from("abc"), st.sampled_from(["x", "y"]))))
def test_groups_lose_no_problem(drawn: list[tuple[int, str, str]]) -> None:
    """The known lines of each group add up to those of the problems, and what is kept is read back the same."""
    problems = [Problem(line, element, reason, Severity.WARNING) for line, element, reason in drawn]
    groups = problem_groups.group(problems)
    assert sum(one.count for one in groups) == sum(problem.line > 0 for problem in problems)
    assert len({(one.element, one.reason) for one in groups}) == len(groups)
    assert list(problem_groups.restored(problem_groups.stored(problems))) == groups


def test_what_a_batch_keeps_is_bounded() -> None:
    """At most MAX_KEPT groups of MAX_LINES lines."""
    problems = [Problem(line, f"e{kind}", "r", Severity.WARNING) for kind in range(150) for line in range(1, 31)]
    kept = problem_groups.stored(problems)
    assert (len(kept), {len(one["lines"]) for one in kept}, {one["count"] for one in kept}) == (100, {20}, {30})


def test_whom_a_question_names_stands_in_no_log() -> None:
    """The text of a problem, which an exception or a log may hold, has no key and no name."""
    problem = Problem(0, "leerlingen", "9 would go", subjects=(Subject("leerling", "k101", "Zoë Dam"),), more=8)
    assert "Zoë" not in repr(problem)
    assert "k101" not in repr(problem)
