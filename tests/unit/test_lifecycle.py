"""The life cycle of a koppeling: every step, and every step that is refused."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uwlr_adapter.koppelingen import lifecycle as levensloop
from uwlr_adapter.koppelingen.errors import (
    AkkoordMissingError,
    AlreadyPausedError,
    EndedError,
    InvalidStartdatumError,
    KoppelingError,
    NoCodeError,
)
from uwlr_adapter.koppelingen.lifecycle import Akkoord, Koppeling
from uwlr_adapter.koppelingen.tables import Status

MOMENT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
LATER = MOMENT + timedelta(days=3)
AKKOORD = Akkoord("jdevries", "J. de Vries", MOMENT, "uwlr-1")


def active(*, startdatum: date | None = None, akkoord: Akkoord = AKKOORD, uwlr: bool = True) -> Koppeling:
    """Return a koppeling that is just activated."""
    return levensloop.activate(
        brin6="21QW00",
        entry="snappet",
        afnemer_id=1 if uwlr else None,
        code_digest="k:1" if uwlr else None,
        akkoord=akkoord,
        startdatum=startdatum,
    )


def test_activated() -> None:
    """An activated koppeling is active and open at once, from today on."""
    made = active()
    assert (made.status, made.startdatum, made.opened_at) == (Status.ACTIEF, date(2026, 11, 2), MOMENT)
    assert made.is_open(MOMENT)


def test_pause_erases_and_resume_opens() -> None:
    """A pause erases the digest; a code, same or new, makes it active again as of that moment."""
    paused = levensloop.clear_code(active())
    assert (paused.status, paused.code_digest, paused.is_open(LATER)) == (Status.GEPAUZEERD, None, False)
    resumed = levensloop.enter_code(paused, "k:2", LATER)
    assert (resumed.status, resumed.code_digest, resumed.opened_at) == (Status.ACTIEF, "k:2", LATER)


def test_new_code_is_no_reopening() -> None:
    """A new code of an active koppeling does not count as opening it again."""
    assert levensloop.enter_code(active(), "k:2", LATER).opened_at == MOMENT


@pytest.mark.parametrize("paused", [False, True])
def test_end_is_final(paused: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """From either state a koppeling ends, without a digest, and takes no act any more."""
    start = levensloop.clear_code(active()) if paused else active()
    ended = levensloop.end(start, LATER)
    assert (ended.status, ended.code_digest, ended.ended_at) == (Status.BEEINDIGD, None, LATER)
    assert not ended.is_open(LATER)
    with pytest.raises(EndedError):
        levensloop.end(ended, LATER)
    with pytest.raises(EndedError):
        levensloop.clear_code(ended)
    with pytest.raises(EndedError):
        levensloop.enter_code(ended, "k:2", LATER)


def test_pause_twice() -> None:
    """A paused koppeling has no code to clear."""
    with pytest.raises(AlreadyPausedError):
        levensloop.clear_code(levensloop.clear_code(active()))


def test_without_code() -> None:
    """A koppeling that is not of UWLR has no code to clear or to enter, and ends as any other."""
    plain = active(uwlr=False)
    with pytest.raises(NoCodeError):
        levensloop.clear_code(plain)
    with pytest.raises(NoCodeError):
        levensloop.enter_code(plain, "k:2", LATER)
    assert levensloop.end(plain, LATER).status is Status.BEEINDIGD


@pytest.mark.parametrize(
    ("startdatum", "good"),
    [
        (date(2026, 11, 1), False),
        (date(2026, 11, 2), True),
        (date(2027, 11, 2), True),
        (date(2027, 11, 3), False),
    ],
)
def test_startdatum(startdatum: date, good: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """The Startdatum lies between today and one year ahead."""
    if good:
        assert active(startdatum=startdatum).startdatum == startdatum
    else:
        with pytest.raises(InvalidStartdatumError):
            active(startdatum=startdatum)


def test_leap_day() -> None:
    """A year after 29 February ends on 28 February."""
    assert levensloop.last_startdatum(date(2028, 2, 29)) == date(2029, 2, 28)


def test_startdatum_is_a_day_in_amsterdam() -> None:
    """A koppeling opens at midnight in Amsterdam, not in UTC; and today is the day there."""
    late = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
    made = active(akkoord=Akkoord("l", "n", late, "uwlr-1"), startdatum=date(2026, 7, 3))
    assert not made.is_open(datetime(2026, 7, 2, 21, 59, tzinfo=UTC))
    assert made.is_open(datetime(2026, 7, 2, 22, 0, tzinfo=UTC))
    assert active(akkoord=Akkoord("l", "n", late, "uwlr-1")).startdatum == date(2026, 7, 2)


@pytest.mark.parametrize(
    ("login", "naam", "akkoord"),
    [
        ("l", "n", False),
        ("l", "", True),
        ("l", " \t", True),
        ("", "n", True),
        ("l", "n" * 201, True),
        ("l" * 65, "n", True),
    ],
)
def test_no_agreement(login: str, naam: str, akkoord: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Without a tick, a login or a typed name there is no agreement."""
    with pytest.raises(AkkoordMissingError):
        levensloop.agree(login=login, naam=naam, akkoord=akkoord, moment=MOMENT, voorwaarden="uwlr-1")


def test_the_longest_agreement() -> None:
    """A login of 64 and a typed name of 200 characters fit, space around the name not counted."""
    typed = f" {'n' * 200} "
    made = levensloop.agree(login="l" * 64, naam=typed, akkoord=True, moment=MOMENT, voorwaarden="uwlr-1")
    assert (made.login, made.naam) == ("l" * 64, "n" * 200)


def test_agreement() -> None:
    """An agreement holds login, typed name, moment and version of the terms; the name is not in its repr."""
    made = levensloop.agree(login="l", naam=" J. Jansen ", akkoord=True, moment=MOMENT, voorwaarden="uwlr-1")
    assert made == Akkoord("l", "J. Jansen", MOMENT, "uwlr-1")
    assert "Jansen" not in repr(made)


@given(st.lists(st.sampled_from(["pause", "code", "end"]), max_size=12))
def test_any_walk(acts: list[str]) -> None:
    """Whatever the order of acts: a digest exactly when active, one versie per act, and nothing after the end."""
    walking, version = active(), 1
    for act in acts:
        before = walking
        try:
            if act == "pause":
                walking = levensloop.clear_code(before)
            elif act == "code":
                walking = levensloop.enter_code(before, "k:2", LATER)
            else:
                walking = levensloop.end(before, LATER)
        except KoppelingError:
            assert before.status is Status.BEEINDIGD or (act == "pause" and before.status is Status.GEPAUZEERD)
        else:
            version += 1
        assert walking.version == version
        assert (walking.code_digest is not None) == (walking.status is Status.ACTIEF)
        assert not (before.status is Status.BEEINDIGD and walking.is_living)


@pytest.mark.parametrize(
    ("earlier", "later", "adds"),
    [
        ({"a", "b"}, {"a", "b"}, False),
        ({"a", "b"}, {"a"}, False),
        ({"a"}, {"a", "b"}, True),
        (None, {"a"}, False),
        ({"a"}, None, False),
    ],
)
def test_an_agreement_that_adds(earlier: set[str] | None, later: set[str] | None, adds: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Another version of the terms or a field more is something to agree to; fields that were not recorded are none."""
    before, after = (
        Akkoord("a", "A", MOMENT, "uwlr-1", "digest", None if one is None else frozenset(one))
        for one in (earlier, later)
    )
    assert after.adds_to(before) == adds
    assert Akkoord("a", "A", MOMENT, "uwlr-2", None, after.velden).adds_to(before)
