"""The rule of the verificatiecode, and codes that are made up."""

import string
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uwlr_adapter.koppelingen import verificatiecode

BRIN6 = "21QW00"
GOOD = "21QW00Ygr67BfgKl!gr8"
PRINTABLE = string.ascii_letters + string.digits + string.punctuation


@pytest.mark.parametrize(
    "code",
    [GOOD, BRIN6 + "abba" * 3 + "cd", BRIN6 + "~-_=" * 11, GOOD + "!\"#$%&'()*+,-./:;<=>?@[]^_`{|}"],
)
def test_good(code: str) -> None:
    """A code that keeps to every rule, up to both limits, is good."""
    assert verificatiecode.broken_rules(code, BRIN6) == ()


@pytest.mark.parametrize(
    ("code", "word"),
    [
        ("", "Vul"),
        ("21qw00Ygr67BfgKl!gr8", "moet beginnen"),
        ("21QW01Ygr67BfgKl!gr8", "moet beginnen"),
        ("x" + GOOD, "moet beginnen"),
        (" " + GOOD, "moet beginnen"),
        (BRIN6 + "x" * 13, "minimaal"),
        (BRIN6 + "x" * 45, "maximaal"),
        (BRIN6 + "x" * 14 + " ", "spaties"),
        (BRIN6 + "x" * 14 + "\n", "spaties"),
        (BRIN6 + "x" * 14 + "\x7f", "spaties"),
        (BRIN6 + "x" * 14 + "é", "accenten"),
        (BRIN6 + "x" * 14 + "\U0001d7d8", "accenten"),
        *((BRIN6 + rest, "te raden") for rest in ("0" * 15, "x" * 14, "12" * 8, "aab" * 14, "A" * 13 + "b")),
        *(
            (BRIN6 + rest, "te raden")
            for rest in ("12345678901234", "98765432109876", "abcdefghijklmn", "nmlkjihgfedcba")
        ),
    ],
)
def test_broken(code: str, word: str) -> None:
    """A code that breaks a rule gets a sentence about that rule, without the code in it."""
    rules = verificatiecode.broken_rules(code, BRIN6)
    assert any(word in rule.text for rule in rules)
    assert not code.strip() or not any(code in sentence for rule in rules for sentence in rule)


def test_every_broken_rule() -> None:
    """All broken rules are told at once."""
    assert len(verificatiecode.broken_rules("é", BRIN6)) == 3


@given(st.text(alphabet=PRINTABLE, min_size=14, max_size=44).filter(lambda rest: len(set(rest)) > 7))
def test_any_printable_rest(rest: str) -> None:
    """Whatever printable ASCII follows the brin6, within the lengths and not of a trivial make, is good."""
    assert verificatiecode.broken_rules(BRIN6 + rest, BRIN6) == ()


@given(st.text(max_size=60))
def test_only_what_the_rule_says(code: str) -> None:
    """A code is good exactly when each part of the rule, written another way, holds."""
    good = code[:6] == BRIN6 and 20 <= len(code) <= 50 and set(code) <= set(PRINTABLE)
    told = [one for one in verificatiecode.broken_rules(code, BRIN6) if "te raden" not in one.text]
    assert (told == []) == good


def test_generated() -> None:
    """A generated code keeps to the rule, has no look-alikes, and is another one each time."""
    codes = {verificatiecode.generate(BRIN6) for _ in range(200)}
    assert len(codes) == 200
    for code in codes:
        assert verificatiecode.broken_rules(code, BRIN6) == ()
        assert not set(code.removeprefix(BRIN6)) & set("0Oo1Ili")


def test_derived_from_a_seed() -> None:
    """Codes of one seed keep to the rule, differ for each vestiging and each seed, and are always the same."""
    seed = verificatiecode.make_seed()
    assert verificatiecode.is_seed(seed)
    assert not any(map(verificatiecode.is_seed, ("", seed[1:], seed + "x", "é" * len(seed))))
    places = [f"{number:02}QW{number % 3:02}" for number in range(100)]
    codes = {brin6: verificatiecode.derive(brin6, seed) for brin6 in places}
    assert codes == {brin6: verificatiecode.derive(brin6, seed) for brin6 in places}
    assert len({code[6:] for code in codes.values()}) == len(places)
    assert all(verificatiecode.broken_rules(code, brin6) == () for brin6, code in codes.items())
    assert {len(code) for code in codes.values()} == {6 + verificatiecode.GENERATED_LENGTH}
    assert verificatiecode.derive(BRIN6, seed) != verificatiecode.derive(BRIN6, verificatiecode.make_seed())


def test_derived_codes_use_each_sign_alike() -> None:
    """No sign of the alphabet is favoured by how octets become signs."""
    signs = Counter("".join(verificatiecode.derive(BRIN6, f"{number:043}")[6:] for number in range(2_000)))
    expected = 2_000 * verificatiecode.GENERATED_LENGTH / len(verificatiecode.ALPHABET)
    assert set(signs) == set(verificatiecode.ALPHABET)
    assert all(abs(number - expected) < 6 * expected**0.5 for number in signs.values())
