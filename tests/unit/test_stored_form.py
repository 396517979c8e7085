"""The digests of what results say are those of before, however they are made."""

from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from uwlr_adapter.resultaten import stored_form

MORE = st.dictionaries(st.sampled_from(["osoresultaat", "versie", "infourl", "verwerker"]), st.text(max_size=20))


@given(st.dates(), st.none() | st.text(max_size=30), st.none() | st.integers(0, 10**18), MORE)
def test_the_digest_of_a_result(day: date, onderdeel: str | None, score: int | None, more: dict[str, Any]) -> None:
    """It is the digest of the plain values, so that what was stored before is the same again."""
    meaning = stored_form.digest_of("a toets")
    made = stored_form.content_of(meaning, day, onderdeel, score, stored_form.to_json(more))
    assert made == stored_form.digest_of(meaning, [day.isoformat(), onderdeel, score, more])
