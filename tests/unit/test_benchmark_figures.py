"""The figures of the benchmarks and how they are printed."""

import gzip
from functools import partial
from itertools import islice

import pytest
from figures import Requirement, Spread, interval_of_median, number, ratios
from load import Answer, Question
from nation import MEAN, sizes
from paired import KINDS, is_expected, take_turns


def test_a_spread_is_the_median_with_the_lowest_and_the_highest() -> None:
    """One slow round does not move the median, and is not hidden either."""
    assert Spread.of([3, 1, 100]) == Spread(3, 1, 100)
    assert str(Spread.of([3, 1, 100])) == "3.00 (1.00 to 100)"


def test_a_ratio_is_of_one_round() -> None:
    """Noise that hits both rivals of a round leaves their ratio as it is."""
    assert ratios([100, 50, 10], [10, 5, 1]) == Spread(10, 10, 10)


@pytest.mark.parametrize(("count", "left_out"), [(6, 0), (8, 0), (9, 1), (11, 1), (12, 2), (15, 3), (21, 5)])
def test_the_interval_of_a_median_leaves_out_as_many_as_the_tables_of_the_sign_test(count: int, left_out: int) -> None:
    """Of nine rounds the highest and the lowest say nothing of the median, of eight they do."""
    rounds = [float(place * 7 % count) if count % 7 else float(place) for place in range(count)]
    assert interval_of_median(rounds) == (left_out, count - 1 - left_out)


def test_few_figures_have_no_interval() -> None:
    """Five rounds leave the median outside their range more often than one time in twenty."""
    with pytest.raises(ValueError, match="5 figures"):
        interval_of_median([1, 2, 3, 4, 5])


@pytest.mark.parametrize(
    ("requirement", "verdict"),
    [
        (Requirement(floor=120), "at least 120: DOES NOT HOLD"),
        (Requirement(floor=119), "at least 119: holds"),
        (Requirement(ceiling=119), "at most 119: holds"),
        (Requirement(ceiling=118), "at most 118: DOES NOT HOLD"),
    ],
)
def test_a_demand_is_held_against_the_median(requirement: Requirement, verdict: str) -> None:
    """A floor is kept from above, a ceiling from below."""
    assert requirement.verdict(Spread(119, 1, 1000)) == verdict


def test_figures_have_three_digits() -> None:
    """As many as a measurement is worth."""
    assert [number(value) for value in (12345.6, 99.94, 1.234, 0.0123)] == ["12,346", "99.9", "1.23", "0.012"]


def test_the_nation_has_the_schools_of_the_nation() -> None:
    """The mean size is that of the country within two percent, and the same each time."""
    found = list(sizes(6600))
    assert sum(found) / len(found) == pytest.approx(MEAN, rel=0.02)
    assert (min(found), max(found)) == (20, 1500)
    assert list(islice(sizes(6600), 10)) == found[:10]


def test_a_question_is_a_whole_http_message() -> None:
    """The length of a body is that of its bytes, and Accept-Encoding is sent only for gzip."""
    (raw,) = Question("/pad", ("<é/>",), gzip=True).raw()
    head, _, body = raw.partition(b"\r\n\r\n")
    assert body.decode() == "<é/>"
    assert b"\r\nContent-Length: 5" in head
    assert b"\r\nAccept-Encoding: gzip" in head
    (get,) = Question("/pad").raw()
    assert get == b"GET /pad HTTP/1.1\r\nHost: localhost\r\n\r\n"


def test_two_codes_go_first_in_turn() -> None:
    """The one that goes first changes every round, and the round that warms up is not in the result."""
    done: list[tuple[str, int]] = []

    def act(name: str, turn: int) -> str:
        done.append((name, turn))
        return f"{name}{turn}"

    assert take_turns(3, [partial(act, "a"), partial(act, "b")]) == [["a1", "a2", "a3"], ["b1", "b2", "b3"]]
    assert done == [("b", 0), ("a", 0), ("a", 1), ("b", 1), ("b", 2), ("a", 2), ("a", 3), ("b", 3)]


@pytest.mark.parametrize(
    ("kind", "answer", "is_right"),
    [
        ("plain", Answer(200, gzipped=False, body=b"<leerling ><leerling >"), True),
        ("plain", Answer(200, gzipped=False, body=b"<leerling >"), False),
        ("plain", Answer(500, gzipped=False, body=b"<leerling ><leerling >"), False),
        ("gzip", Answer(200, gzipped=True, body=gzip.compress(b"<leerling ><leerling >")), True),
        ("gzip", Answer(200, gzipped=False, body=b"<leerling ><leerling >"), False),
        ("refused", Answer(500, gzipped=False, body=b"Client.AutorisatieOngeldig"), True),
        ("refused", Answer(500, gzipped=False, body=b"Server"), False),
        ("geenwijzigingen", Answer(200, gzipped=False, body=b"<geenwijzigingen/>"), True),
        ("geenwijzigingen", Answer(200, gzipped=False, body=b"<leerling ><leerling >"), False),
    ],
)
def test_an_answer_is_judged_by_its_content(kind: str, answer: Answer, *, is_right: bool) -> None:
    """Two codes are compared only on the answer that was asked for: its status, its coding and its content."""
    assert is_expected(answer, KINDS[kind], pupils=2) is is_right
