"""Schools that live through a year with every mistake of a LAS, against independent rules (`support/year_rules.py`).

Each school is imported through both doors, older files come, questions are answered, persons are joined, withheld and
forgotten, vestigingen close, schools merge, and all of it is undone and redone. What a vendor gets on a day must be
what the rules say, field by field, and geenwijzigingen exactly when it has that already.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.oracle import amount
from support.profile_school import ProfileSchool
from support.year_bench import Bench, Tally
from support.year_life import START

SERIES = amount(1, 30)
SCHOOLS = amount(4, 10)
"""The schools of each series: 300 in the long form."""


@pytest.fixture
def endpoint(tmp_path: Path) -> Iterator[ProfileSchool]:
    """Yield a service without a school."""
    made = ProfileSchool(tmp_path, datetime(START, 7, 31, 10, tzinfo=UTC))
    yield made
    made.close()


@pytest.mark.parametrize("series", range(SERIES))
def test_a_year_is_answered_as_the_rules_say(endpoint: ProfileSchool, series: int) -> None:
    """No request of any school on any day gets another answer than that of the rules."""
    tally = Tally()
    at = 0
    while at < SCHOOLS:
        two = at + 1 < SCHOOLS and at % 3 == 0  # one in two schools may merge with another one
        brincodes = [f"{10 + series:02}{chr(65 + at + one)}Z" for one in range(1 + two)]
        Bench(endpoint, brincodes, series, tally).live()
        at += len(brincodes)
    assert tally.done["request"] > 30 * SCHOOLS
    print(dict(sorted(tally.done.items())))  # noqa: T201 - with `pytest -rP`, the figures of the docs
