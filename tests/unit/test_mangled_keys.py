"""A key that a spreadsheet changed is recognised, and an odd one that a LAS may have is not."""

import pytest

from uwlr_adapter.administratie.sources.keys import is_mangled


@pytest.mark.parametrize(
    "key",
    [
        *("1,23457E+11", "1.23457E+11", "1E+15", "-4,2e+10", "1,2E-05"),
        *('="00101"', "=00101", '="G 4"', "=A1+1"),
        *("'00101", "###", "########", "#N/B", "#N/A", "#NAAM?", "#VALUE!", "#DEEL/0!"),
    ],
)
def test_what_a_spreadsheet_leaves(key: str) -> None:
    """Scientific notation, formulas, the mark of a text cell, columns too narrow and errors are no keys."""
    assert is_mangled(key)


@pytest.mark.parametrize(
    "key",
    [
        *("00101", "101", "1E5", "2E10", "12.5", "G2026-4A", "4A+", "E+11", "1,2", "{0A1B-22}", "'t Nest", "a=b"),
        *("#", "#1", "##", "#abc", "#N", "https://ketenid.nl/pilot/voorbeeld", "1e+1x", "0x1E+11", "l1,2E+11"),
    ],
)
def test_a_key_of_a_las(key: str) -> None:
    """A key is refused only when it is certain: groep 1E5 exists, and a # key is a dummy with a rule of its own."""
    assert not is_mangled(key)
