"""Two reports beside each other: what is newly failing, mended, new and gone."""

from dataclasses import replace

import pytest
from support.kit_reports import report, result

from uwlr_adapter.kit.checks import Level, Verdict
from uwlr_adapter.kit.listening.chapters import REQUESTS
from uwlr_adapter.kit.reports.comparison import Change, compare

PASS, FAIL, SKIP, OMIT, CANNOT = Verdict
ABSENT = None
BECOMES: dict[tuple[Verdict | None, Verdict | None], Change] = {
    (PASS, FAIL): Change.NEWLY_FAILING,
    (SKIP, FAIL): Change.NEWLY_FAILING,
    (OMIT, FAIL): Change.NEWLY_FAILING,
    (CANNOT, FAIL): Change.NEWLY_FAILING,
    (ABSENT, FAIL): Change.NEWLY_FAILING,
    (FAIL, FAIL): Change.STILL_FAILING,
    (FAIL, PASS): Change.MENDED,
    **{(was, now): Change.UNJUDGED for was in (PASS, FAIL) for now in (SKIP, OMIT, CANNOT)},
    **{(ABSENT, now): Change.NEW for now in (PASS, SKIP, OMIT, CANNOT)},
    **{(was, ABSENT): Change.GONE for was in Verdict},
}
"""What each pair of results is; every other pair is no change worth a word."""


@pytest.mark.parametrize("before", [*Verdict, ABSENT])
@pytest.mark.parametrize("after", [*Verdict, ABSENT])
def test_every_pair_of_results(before: Verdict | None, after: Verdict | None) -> None:
    """A pair of results of one check is the change that it is, and a check beside it that did not change is none."""
    old = report(result(1), *([] if before is None else [result(2, before)]))
    new = report(result(1), *([] if after is None else [result(2, after)]))
    found = compare(old, new)
    expected = BECOMES.get((before, after))
    assert [one.change for one in found.changes] == ([] if expected is None else [expected])
    assert [(one.before, one.after) for one in found.changes] == ([] if expected is None else [(before, after)])
    assert found.exit_status == int(expected is Change.NEWLY_FAILING)


@pytest.mark.parametrize(("level", "status"), [(Level.MUST, 1), (Level.SHOULD, 1), (Level.INFORMATION, 0)])
def test_what_newly_fails_weighs_by_its_level(level: Level, status: int) -> None:
    """Information is told and weighs nothing."""
    found = compare(report(result(1, level=level)), report(result(1, FAIL, level)))
    assert [one.change for one in found.changes] == [Change.NEWLY_FAILING]
    assert found.exit_status == status


def test_a_run_that_stopped_is_no_proof() -> None:
    """The new report must be of a whole run that judged something, else the exit status is 2; a new failure is 1."""
    whole, stopped = report(result(1)), report(result(1), stopped="it was interrupted")
    assert compare(whole, whole).exit_status == 0
    assert compare(whole, stopped).exit_status == 2
    assert compare(whole, report(result(1, CANNOT))).exit_status == 2
    assert compare(stopped, whole).exit_status == 0
    assert compare(whole, report(result(1, FAIL), stopped="x")).exit_status == 1
    assert [len(compare(*pair).remarks) for pair in ((whole, whole), (whole, stopped), (stopped, whole))] == [0, 1, 1]


def test_the_worst_change_comes_first() -> None:
    """Changes are ordered by what they are, then as in the reports."""
    old = report(result(1), result(2), result(3, FAIL), result(4, FAIL), result(5))
    new = report(result(9), result(4), result(3, FAIL), result(2, FAIL), result(1, FAIL))
    assert [(one.change, one.result.id) for one in compare(old, new).changes] == [
        (Change.NEWLY_FAILING, "HTTP-02"),
        (Change.NEWLY_FAILING, "HTTP-01"),
        (Change.STILL_FAILING, "HTTP-03"),
        (Change.MENDED, "HTTP-04"),
        (Change.NEW, "HTTP-09"),
        (Change.GONE, "HTTP-05"),
    ]


@pytest.mark.parametrize(
    ("field", "word"),
    [
        *(("target", "target"), ("plan", "plan"), ("kind", "kind"), ("kit", "version of the kit")),
        ("rules_version", "version of the rules"),
    ],
)
def test_what_makes_two_reports_less_comparable_is_told(field: str, word: str) -> None:
    """A difference of what was run, or of what ran it, is a sentence."""
    old = report(result(1))
    new = replace(old, **{field: "caller"})  # type: ignore[arg-type] # any field
    assert compare(old, new).remarks == (f"The {word} differs: {getattr(old, field)} before, caller now.",)
    assert len(compare(old, replace(old, strict=True)).remarks) == 1


@pytest.mark.parametrize(
    ("field", "word"),
    [("brin6", "school"), ("schooljaar", "schooljaar"), ("xsdversie", "version of UWLR"), ("profile", "profile")],
)
def test_another_scope_is_told(field: str, word: str) -> None:
    """Another school, year, version or profile gives another answer."""
    old = report(result(1))
    new = replace(old, scope=replace(old.scope, **{field: ""}))
    assert compare(old, new).remarks == (f"The {word} differs: {getattr(old.scope, field)} before, none now.",)


def test_the_lines_of_requests_are_not_compared() -> None:
    """The first request of one run is not the first one of another."""
    before = report(result(1), result(1, suite=REQUESTS.name), result(2, FAIL, suite=REQUESTS.name))
    after = report(result(1), result(1, FAIL, suite=REQUESTS.name), result(3, suite=REQUESTS.name))
    assert compare(before, after).changes == ()
