"""The table of situations: one source, which the documentation shows, and whose codes obey the rules of a school."""

from pathlib import Path

import pytest

from uwlr_adapter.koppelingen.verificatiecode import broken_rules
from uwlr_adapter.sandbox.acts import ACTS
from uwlr_adapter.sandbox.situations import LETTERS, PUBLISHED, SITUATIONS, VendorSituation, place_of, places_of

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "sandbox.md").read_text(encoding="utf-8").splitlines()


def test_the_page_has_every_situation() -> None:
    """Each situation has its row in docs/reference/sandbox.md, in order, and no other row is there."""
    rows = [line for line in PAGE if line.startswith("| `") and "ZA` |" in line]
    assert rows == [
        f"| `{one.number:02}ZA` | {one.name} | {one.school} | {one.answer} | {one.sent} | {one.profiel} |"
        for one in SITUATIONS
    ]


def test_the_page_has_every_act() -> None:
    """Each act has its row too."""
    for one in ACTS.values():
        fields = ", ".join(f"`{field}`" for field in one.fields) or "-"
        assert f"| `{one.name}` | {fields} | {one.what} |" in PAGE


@pytest.mark.parametrize("one", SITUATIONS, ids=lambda one: one.name)
def test_codes_obey_the_rules(one: VendorSituation) -> None:
    """Both codes of a situation, the listed one and the entered one, are such as a school may enter."""
    for letters in LETTERS:
        for code in (one.code(letters), one.entered_code(letters)):
            assert broken_rules(code, one.brin6(letters)) == ()


def test_a_brin6_names_one_school() -> None:
    """The brin6 of a school leads back to its account and situation; another brin6 leads to none."""
    assert len({place.brin6 for letters in LETTERS for place in places_of(letters)}) == len(LETTERS) * len(SITUATIONS)
    place = place_of("04ZB00")
    assert place is not None
    assert (place.letters, place.situation.name) == ("ZB", "one-leerling")
    assert [place_of(brin6) for brin6 in ("21QW00", "99ZA00", "01ZA01", "01AA00", "01Za00", "")] == [None] * 6
    assert LETTERS[0] == PUBLISHED
