"""A number has its noun in the singular or in the plural, in every message and on every page."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.counted import NOUNS, wrong_numbers

import uwlr_adapter
from uwlr_adapter.contract.nouns import count_noun, count_records, noun_of

PACKAGE = Path(uwlr_adapter.__file__).parent
MESSAGES = [path for path in sorted(PACKAGE.rglob("*.py")) if "migrations" not in path.parts]
PAGES = sorted(PACKAGE.rglob("*.html"))
_COUNTED = re.compile(rf"\0 (?!(?:has|holds|is) )(?:[a-z]+ )?(?:{'|'.join(NOUNS)})\b")
"""A value, and behind it a plural; one word may stand between, unless it is a verb."""
_OF = re.compile(r"\b(?:of the|van de) \0")
"""The whole of which a part is counted: `2 of the 3 leerlingen`."""
_NUMBER = re.compile(r"(?:number|count|length)\W*\}\}(?:<[^>]*>)* \{\{ ?[\w.]+ ?\}\}")
"""A number on a page, and behind it a value that may be a noun."""


def test_one_has_the_singular() -> None:
    """And none has the plural."""
    assert [count_noun(number, "row", "rows") for number in (0, 1, 2)] == ["0 rows", "1 row", "2 rows"]
    assert [count_records(number, "groepen") for number in (0, 1, 2)] == ["0 groepen", "1 groep", "2 groepen"]
    found = [noun_of("samengestelde groepen", number) for number in (1, 2)]
    assert found == ["samengestelde groep", "samengestelde groepen"]


def test_no_message_has_a_value_before_a_plural() -> None:
    """`count_noun` and `count_records` write both: a value that may be 1 would have the wrong noun."""
    found = [
        (path.relative_to(PACKAGE).as_posix(), text)
        for path in MESSAGES
        for text in _messages(ast.parse(path.read_text("utf-8")))
        if _COUNTED.search(_OF.sub("", text))
    ]
    assert found == []


def test_no_page_has_a_value_before_a_plural() -> None:
    """Whatever mark-up stands between, and also where the noun is a value."""
    found = []
    for path in PAGES:
        source = path.read_text("utf-8")
        text = re.sub(r"\{\{.*?\}\}", lambda one: _placeholder(one[0]), source)
        text = _OF.sub("", re.sub(r"<[^>]*>", "", text))
        found += [(path.name, one[0]) for one in (*_COUNTED.finditer(text), *_NUMBER.finditer(source))]
    assert found == []


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("1 leerlingen", True),
        ("er gaan: 1 samengestelde groepen", True),
        ("imported; 1 warnings", True),
        ("1 leerling", False),
        ("11 leerlingen, 2.1 warnings", False),
        ("1 of the 1 leerlingen", False),
    ],
)
def test_a_wrong_number_is_seen(text: str, wrong: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """In what commands and pages show to the tests."""
    assert bool(wrong_numbers(text)) is wrong


def _messages(tree: ast.Module) -> Iterator[str]:
    """Yield each text with values in it, with a zero byte for a value that may be 1."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(
                str(one.value) if isinstance(one, ast.Constant) else _placeholder(ast.unparse(one))
                for one in node.values
            )


def _placeholder(expression: str) -> str:
    """Return a zero byte for a value.

    A constant of ours is more than 1, a brin6 is no number, and what counts has its noun.
    """
    named = re.search(r"\bcount_|\b_?[A-Z][A-Z_]{3,}\b|\bcode_rules\.|\bundo_days\b|\bbrin6\b", expression)
    return "N" if named else "\0"
