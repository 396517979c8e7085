"""What a run is asked for: what could only make a right endpoint refuse it is told before the first call."""

from typing import Any

import pytest

from uwlr_adapter.kit import plans
from uwlr_adapter.kit.plans import PLANS, PlanError
from uwlr_adapter.outbound import Permissions

USUAL: dict[str, Any] = {
    "klantnaam": "n",
    "klantcode": "c",
    "autorisatiesleutel": "s" * 64,
    "brin6": "21QW00",
    "schooljaar": "2026-2027",
    "permissions": Permissions(),
}


def test_what_is_right_is_taken() -> None:
    """The version is that of the plan."""
    assert plans.target_of(PLANS["las-2.3"], "https://las.example/", **USUAL, seconds=600).xsdversie == "2.3"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"schooljaar": "2026"}, "two following years"),
        ({"schooljaar": "2026-2028"}, "two following years"),
        ({"xsdversie": "9.9"}, "it is one of 2.1, 2.2, 2.3"),
        ({"brin6": "21qw00"}, "in capitals"),
        ({"klantnaam": ""}, "the klantnaam is not a text"),
        ({"klantnaam": "n" * 65}, "the klantnaam is not a text"),
        ({"klantcode": "geheim\n"}, "the klantcode is not a text"),
        ({"autorisatiesleutel": "geheim\x00"}, "the autorisatiesleutel is not a text"),
        ({"seconds": 0.0}, "at most 600 seconds"),
        ({"seconds": float("nan")}, "at most 600 seconds"),
        ({"seconds": float("inf")}, "at most 600 seconds"),
    ],
)
def test_what_is_wrong_is_told(changes: dict[str, Any], sentence: str) -> None:
    """Each option that is wrong has its sentence, which repeats no secret."""
    with pytest.raises(PlanError, match=sentence) as caught:
        plans.target_of(PLANS["las-2.2"], "https://las.example/", **{**USUAL, **changes})
    assert "geheim" not in str(caught.value)


def ids(*names: str, skip: tuple[str, ...] = ()) -> set[str]:
    """Return the ids of the checks that are chosen."""
    return {check.id for check in plans.choose(PLANS["las-2.2"], names, skip)}


def test_a_skipped_check_is_not_run_and_neither_is_what_builds_on_it() -> None:
    """It does not come back as what another check builds on."""
    assert ids("autorisatie") - ids("autorisatie", skip=("AUT-13",)) == {
        *("AUT-13", "AUT-15", "AUT-16", "AUT-17", "AUT-18", "AUT-19", "AUT-31", "AUT-32", "AUT-33"),
    }


def test_what_others_build_on_comes_from_a_skipped_suite() -> None:
    """Without the usual request hardly anything is to be judged."""
    assert ids(skip=("http",)) & {"HTTP-01", "HTTP-02", "AUT-13"} == {"HTTP-01", "AUT-13"}


def test_nothing_to_run_is_told() -> None:
    """A choice of which nothing is left is a mistake."""
    with pytest.raises(PlanError, match="nothing is left"):
        plans.choose(PLANS["las-2.2"], ("AUT-15",), ("HTTP-01",))
