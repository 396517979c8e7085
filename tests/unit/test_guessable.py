"""The estimate of a password: its work is bounded, whatever was typed; and the word list is in order."""

import sys
from pathlib import Path
from types import FrameType

import pytest

from uwlr_adapter.gebruikers import guessable
from uwlr_adapter.gebruikers.guessable import MAX_TEXT, Piece, estimate

LIGATURE = "\ufdfa"
"""One character that is 18 when it is decomposed."""
ALL_DIFFERENT = "".join(chr(0x4E00 + number) for number in range(64))
"""Characters of which none is repeated, so that each period has to be looked at."""


def calls(text: str) -> int:
    """Return how many functions an estimate calls, built-in ones included."""
    count = 0

    def note(_: FrameType, event: str, __: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    guessable._common_words()  # noqa: SLF001 - read once
    before = sys.getprofile()
    sys.setprofile(note)
    try:
        estimate(text, ["A. de Vries van Zanten"])
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize(
    "text",
    [
        LIGATURE * 128,
        "\ufb03" * 128,
        ALL_DIFFERENT * 2,
        "a" * 128,
        "a1b2" * 32,
        "wachtwoord1" * 11,
        "1" * 64 + "l" * 64,
        "qwertyuiop" * 12,
    ],
)
def test_the_work_is_bounded(text: str) -> None:
    """The worst 128 characters that can be typed take no more than some ten thousand steps for each kind of part."""
    assert calls(text) < 100_000


def test_no_more_than_so_many_characters_are_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """A character that decomposes into 18 makes no text longer than the longest password."""
    judged: list[int] = []
    real = guessable._pieces  # noqa: SLF001 - the work begins there

    def pieces(text: str, own: set[str]) -> list[list[tuple[int, int, Piece]]]:
        judged.append(len(text))
        return real(text, own)

    monkeypatch.setattr(guessable, "_pieces", pieces)
    estimate(LIGATURE * 128, [])
    estimate("x" * 128, [])
    assert judged == [MAX_TEXT, MAX_TEXT]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("123456789boer", Piece.RUN),
        ("wachtwoord boer", Piece.WORD),
        ("welkom piet de boer", Piece.OWN),
        ("boer wachtwoord 123456789012", Piece.RUN),
        ("welkom123456", Piece.WORD),
        ("............", Piece.OTHER),
        (".,-_!? .,-_!", Piece.OTHER),
    ],
)
def test_the_kind_is_that_of_most_characters(text: str, part: Piece) -> None:
    """Somebody is told what the password is mostly, and not what is worst in it."""
    assert estimate(text, ["Piet de Boer"]).part is part


def test_the_word_list_is_in_order() -> None:
    """Each word stands once, in small letters without accents, as it is compared."""
    path = Path(guessable.__file__).with_name("common_words.txt")
    lines = path.read_text(encoding="utf-8").splitlines()
    words = [word for line in lines if not line.startswith("#") for word in line.split()]
    assert len(words) == len(set(words))
    assert all(word.isascii() and word.isalpha() and word.islower() for word in words)
