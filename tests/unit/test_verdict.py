"""The verdict on a koppeling: every combination of koppeling, afnemer, records and journaal, against a table."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum, auto
from itertools import product

import pytest

from uwlr_adapter.clock import day_of
from uwlr_adapter.journaal.model import Act, RefusalReason
from uwlr_adapter.koppelingen.calls import Calls, JournaalRow, fold
from uwlr_adapter.koppelingen.lifecycle import Akkoord, Koppeling
from uwlr_adapter.koppelingen.tables import Status
from uwlr_adapter.koppelingen.verdict import Facts, Held, KoppelingVerdict, VerdictKind, Who, verdict_of
from uwlr_adapter.koppelingen.verdict_words import held_in_words, kind_in_words, words_of

NOW = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
BEGIN = NOW - timedelta(days=30)
FULL, NOTHING, SAME, TEACHERS = "leerlinggegevens", "geengegevens", "geenwijzigingen", "leerlinggegevens-leerkrachten"


class State(StrEnum):
    """The states of a koppeling."""

    OPEN = auto()
    PAUSED = auto()
    ENDED = auto()
    LATER = auto()
    WITHOUT_DATA = auto()
    NOT_OFFERED = auto()


class Platform(StrEnum):
    """The states of its platform, as the operator sets them."""

    LET_IN = auto()
    BLOCKED = auto()
    LET_IN_AGAIN = auto()
    """This morning: everything in the journaal is from before."""


class Records(StrEnum):
    """How the records of the vestiging are."""

    FRESH = auto()
    STALE = auto()
    HELD = auto()
    STALE_AND_HELD = auto()


class Journaal(StrEnum):
    """The calls that there were."""

    NOTHING = auto()
    DAILY = auto()
    DAILY_THEN_CODE = auto()
    """The code was changed after the last fetch."""
    DAILY_THEN_REFUSED = auto()
    REFUSED_THEN_CODE = auto()
    REFUSED_THEN_DAILY = auto()
    SILENT_HERE = auto()
    SILENT_EVERYWHERE = auto()
    EMPTY = auto()
    REFUSED_AS_PAUSED = auto()
    """Daily, and the last call met a pause that is over."""


def call(moment: datetime, outcome: str, reason: str | None = None, leerlingen: int | None = None) -> JournaalRow:
    """Return the row of a call."""
    return JournaalRow(moment.replace(tzinfo=None), True, "HaalLeerlinggegevens", outcome, reason, leerlingen)  # noqa: FBT003 - a tuple


def act(moment: datetime, act_: Act) -> JournaalRow:
    """Return the row of an act."""
    return JournaalRow(moment.replace(tzinfo=None), False, act_, "gedaan", None, None)  # noqa: FBT003 - as above


def rows_of(journaal: Journaal) -> list[JournaalRow]:
    """Return the rows of the journaal, in their order."""

    def at(days: float) -> datetime:
        return NOW - timedelta(days=days)

    def fetch(days: float, leerlingen: int | None = 200) -> JournaalRow:
        return call(at(days), "leerlinggegevens" if leerlingen else "geengegevens", None, leerlingen)

    def refusal(days: float, reason: RefusalReason) -> JournaalRow:
        return call(at(days), "Client.AutorisatieOngeldig", reason)

    begin = [act(at(30), Act.ACTIVATED)]
    daily = [fetch(days + 0.3) for days in range(20, -1, -1)]
    wrong = refusal(0.2, RefusalReason.WRONG_CODE)
    return (
        begin
        + {
            Journaal.NOTHING: [],
            Journaal.DAILY: daily,
            Journaal.DAILY_THEN_CODE: [*daily, act(at(0.1), Act.CODE_CHANGED)],
            Journaal.DAILY_THEN_REFUSED: [*daily, wrong],
            Journaal.REFUSED_THEN_CODE: [*daily, wrong, act(at(0.1), Act.CODE_CHANGED)],
            Journaal.REFUSED_THEN_DAILY: [*daily, wrong, fetch(0.1)],
            Journaal.SILENT_HERE: [fetch(days) for days in range(20, 5, -1)],
            Journaal.SILENT_EVERYWHERE: [fetch(days) for days in range(20, 5, -1)],
            Journaal.EMPTY: [*daily[:-1], fetch(0.3, None)],
            Journaal.REFUSED_AS_PAUSED: [*daily, refusal(0.2, RefusalReason.PAUSED)],
        }[journaal]
    )


def facts_of(state: State, platform: Platform, records: Records, journaal: Journaal) -> Facts:
    """Return the facts of one combination."""
    status = {State.PAUSED: Status.GEPAUZEERD, State.ENDED: Status.BEEINDIGD}.get(state, Status.ACTIEF)
    koppeling = Koppeling(
        id=1,
        brin6="21QW00",
        entry_id="snappet",
        afnemer_id=None if state is State.WITHOUT_DATA else 1,
        status=status,
        startdatum=date(2027, 1, 1) if state is State.LATER else date(2026, 10, 26),
        code_digest=None,
        opened_at=BEGIN,
        version=1,
        akkoord=Akkoord("login", "Naam", BEGIN, "uwlr-1"),
        ended_at=NOW - timedelta(hours=1) if state is State.ENDED else None,
    )
    elsewhere = NOW - timedelta(hours=5 if journaal is not Journaal.SILENT_EVERYWHERE else 24 * 6)
    return Facts(
        moment=NOW,
        today=day_of(NOW),
        koppeling=koppeling,
        is_offered=state is not State.NOT_OFFERED,
        blocked_since=NOW - timedelta(hours=3) if platform is Platform.BLOCKED else None,
        allowed_since=NOW - timedelta(hours=1) if platform is Platform.LET_IN_AGAIN else None,
        calls=fold(Calls(), rows_of(journaal)),
        elsewhere_at=elsewhere,
        stale_since=NOW - timedelta(days=2) if records in {Records.STALE, Records.STALE_AND_HELD} else None,
        held=Held(2, 1) if records in {Records.HELD, Records.STALE_AND_HELD} else Held(),
    )


@dataclass(frozen=True)
class Line:
    """One line of the table: the verdict of every combination of these; an empty set is all of them."""

    kind: VerdictKind
    states: frozenset[State] = frozenset()
    platforms: frozenset[Platform] = frozenset()
    journalen: frozenset[Journaal] = frozenset()
    records: frozenset[Records] = frozenset()

    def holds(self, state: State, platform: Platform, records: Records, journaal: Journaal) -> bool:
        """Return whether a combination is one of this line."""
        pairs = (
            *((state, self.states), (platform, self.platforms)),
            *((journaal, self.journalen), (records, self.records)),
        )
        return all(not wanted or one in wanted for one, wanted in pairs)


_AGAIN, _ALL = frozenset({Platform.LET_IN_AGAIN}), frozenset[Platform]()
TABLE = (
    Line(VerdictKind.ENDED, frozenset({State.ENDED})),
    Line(VerdictKind.NOT_OFFERED, frozenset({State.NOT_OFFERED})),
    Line(VerdictKind.NO_DATA_FLOW, frozenset({State.WITHOUT_DATA})),  # whatever its platform, which it has not
    Line(VerdictKind.BLOCKED, platforms=frozenset({Platform.BLOCKED})),
    Line(VerdictKind.PAUSED, frozenset({State.PAUSED})),
    Line(VerdictKind.NOT_STARTED, frozenset({State.LATER})),
    Line(VerdictKind.WAITING, platforms=_AGAIN),
    Line(VerdictKind.REFUSED, journalen=frozenset({Journaal.DAILY_THEN_REFUSED})),
    Line(
        VerdictKind.WAITING,
        journalen=frozenset({Journaal.NOTHING, Journaal.DAILY_THEN_CODE, Journaal.REFUSED_THEN_CODE}),
    ),
    Line(VerdictKind.OUTAGE, journalen=frozenset({Journaal.SILENT_EVERYWHERE})),
    Line(VerdictKind.STOPPED, journalen=frozenset({Journaal.SILENT_HERE})),
    Line(VerdictKind.EMPTY, journalen=frozenset({Journaal.EMPTY})),
    Line(VerdictKind.STALE, records=frozenset({Records.STALE, Records.STALE_AND_HELD})),
    Line(VerdictKind.HELD, records=frozenset({Records.HELD})),
    Line(VerdictKind.ACTIVE),
)
"""The order of precedence: the first line that holds."""
COMBINATIONS = list(product(State, Platform, Records, Journaal))


def test_every_combination() -> None:
    """Each has the verdict of the first line that holds, and each line is the verdict of some."""
    wrong, seen = [], Counter[VerdictKind]()
    for combination in COMBINATIONS:
        expected = next(line.kind for line in TABLE if line.holds(*combination))
        found = verdict_of(facts_of(*combination)).kind
        seen[found] += 1
        if found is not expected:
            wrong.append((*combination, expected, found))
    assert wrong == []
    assert set(seen) == set(VerdictKind) - {VerdictKind.RESULTS_ONLY}  # test_verdict_of_results.py
    assert seen.total() == 6 * 3 * 4 * 10


def test_the_words_of_every_combination() -> None:
    """A sentence, one next step and whose it is; the same words for the same verdict, and no gap left in any."""
    for combination in COMBINATIONS:
        facts = facts_of(*combination)
        for has_leerlingen in (True, False):
            verdict = verdict_of(replace(facts, has_leerlingen=has_leerlingen))
            words = words_of(verdict, "Plus {name} & Co")
            assert words.sentence.endswith(".")
            assert words.step.endswith(".")
            assert not words.badge.endswith(".")
            told = f"{words.badge} {words.sentence} {words.step}".replace("Plus {name} & Co", "")
            assert not set("{}") & set(told)
            assert "onbekend moment" not in told
            assert (words.who is None) == (verdict.who is None) == (words.step == "U hoeft niets te doen.")
            assert (verdict.who is Who.LEVERANCIER) == (words.who == "Plus {name} & Co")
            assert kind_in_words(verdict.kind)


@pytest.mark.parametrize("reason", [*RefusalReason, None, "een reden van later"])
def test_every_refusal(reason: RefusalReason | str | None) -> None:
    """The reasons that a pause and the like give are no refusal any more once it is open; each other one has words."""
    row = call(NOW, "Client.X", reason)
    facts = replace(
        facts_of(State.OPEN, Platform.LET_IN, Records.FRESH, Journaal.DAILY),
        calls=fold(Calls(), [*rows_of(Journaal.DAILY), row]),
    )
    past = {
        *(RefusalReason.PAUSED, RefusalReason.ENDED, RefusalReason.NOT_STARTED, RefusalReason.NO_KOPPELING),
        *(RefusalReason.LEERLINGGEGEVENS_PAUSED, RefusalReason.LEERLINGGEGEVENS_NOT_AGREED),
        *(RefusalReason.RESULTS_PAUSED, RefusalReason.RESULTS_NOT_AGREED),
    }
    verdict = verdict_of(facts)
    assert verdict.kind is (VerdictKind.ACTIVE if reason in past else VerdictKind.REFUSED)
    who: dict[str | None, Who] = {
        RefusalReason.WRONG_CODE: Who.SCHOOL,
        RefusalReason.NOT_LAID_OUT: Who.SCHOOL,
        RefusalReason.OWN_FAILURE: Who.BEHEERDER,
    }
    if verdict.kind is VerdictKind.REFUSED:
        assert (verdict.who, verdict.reason) == (who.get(reason, Who.LEVERANCIER), reason)
        assert "Zo gaat het sinds 25 november 2026 om 10:30 uur." in words_of(verdict, "Snappet").sentence


def silent(*hours: float, elsewhere: float | None = 1, acts: tuple[float, ...] = ()) -> KoppelingVerdict:
    """Return the verdict after fetches so many hours ago, with changes of the code in between."""
    events = [(NOW - timedelta(hours=hour), hour in hours) for hour in (*hours, *acts)]
    rows = [call(at, FULL, None, 5) if is_call else act(at, Act.CODE_CHANGED) for at, is_call in sorted(events)]
    facts = facts_of(State.OPEN, Platform.LET_IN, Records.FRESH, Journaal.NOTHING)
    koppeling = replace(facts.koppeling, opened_at=NOW - timedelta(days=300), startdatum=date(2026, 1, 1))
    last = None if elsewhere is None else NOW - timedelta(hours=elsewhere)
    return verdict_of(replace(facts, koppeling=koppeling, calls=fold(Calls(), rows), elsewhere_at=last))


@pytest.mark.parametrize(
    ("hours", "kind"),
    [
        ((96, 72), VerdictKind.ACTIVE),  # 72 hours are allowed, inclusive
        ((97, 72.01), VerdictKind.STOPPED),
        ((72.01 + 60, 72.01), VerdictKind.ACTIVE),  # a longest silence of 60 hours allows 90
        ((90 + 60, 90), VerdictKind.ACTIVE),
        ((90.1 + 60, 90.1), VerdictKind.STOPPED),
        ((500, 500 - 120, 200, 181), VerdictKind.ACTIVE),  # of two silences the longer one, 180 hours
        ((168,), VerdictKind.ACTIVE),  # one fetch: its rhythm is not known, a week is allowed
        ((168.1,), VerdictKind.STOPPED),
        ((168.1, 168), VerdictKind.ACTIVE),  # two calls of one night are no rhythm either
        ((24 * 70, 24 * 61, 80, 79), VerdictKind.ACTIVE),  # a silence that ended 79 hours ago is a long one
        ((24 * 80, 24 * 64, 24 * 63, 24 * 62, 24 * 60.5, 24 * 59.5, 74, 73), VerdictKind.ACTIVE),
    ],
)
def test_silence(hours: tuple[float, ...], kind: VerdictKind) -> None:
    """More than one and a half times the longest silence of 60 days, and at least 72 hours."""
    assert silent(*hours).kind is kind


def test_a_silence_of_long_ago_is_forgotten() -> None:
    """A gap that ended more than 60 days ago allows nothing any more."""
    days = [*range(90, 3, -1), 3.1]
    assert silent(*(24 * day for day in (120, *days))).kind is VerdictKind.STOPPED
    assert silent(*(24 * day for day in (58, *range(50, 3, -1), 3.1))).kind is VerdictKind.ACTIVE


def test_a_silence_across_an_act_does_not_count() -> None:
    """Two weeks in which it was paused say nothing about the rhythm of its platform."""
    assert silent(600, 300, 276, 100, acts=(301,)).kind is VerdictKind.ACTIVE  # 176 hours allow 264
    assert silent(600, 300, 276, 252, 228, 204, 180, 156, 132, 108, acts=(301,)).kind is VerdictKind.STOPPED
    assert silent(600, 300, 276, 252, 228, 204, 180, 156, 132, 108).kind is VerdictKind.ACTIVE


@pytest.mark.parametrize(
    ("elsewhere", "kind"),
    [
        (None, VerdictKind.OUTAGE),
        (120, VerdictKind.OUTAGE),
        (99.9, VerdictKind.OUTAGE),  # of the same night as its last fetch here
        (100 - 48, VerdictKind.OUTAGE),
        (100 - 48.1, VerdictKind.STOPPED),
        (0, VerdictKind.STOPPED),
    ],
)
def test_elsewhere(elsewhere: float | None, kind: VerdictKind) -> None:
    """It is an outage unless its platform fetched at others when it was expected here too."""
    verdict = silent(148, 124, 100, elsewhere=elsewhere)
    assert verdict.kind is kind
    assert verdict.since == NOW - timedelta(hours=100)
    assert (verdict.who is Who.BEHEERDER) == (kind is VerdictKind.OUTAGE)


def answers(*given: tuple[float, str, int | None]) -> VerdictKind:
    """Return the verdict after answers: hours ago, the outcome, and the number of leerlingen."""
    rows = [call(NOW - timedelta(hours=hours), outcome, None, number) for hours, outcome, number in given]
    facts = facts_of(State.OPEN, Platform.LET_IN, Records.FRESH, Journaal.NOTHING)
    return verdict_of(replace(facts, calls=fold(Calls(), rows))).kind


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ([(1, NOTHING, None)], VerdictKind.EMPTY),
        ([(1, FULL, 0)], VerdictKind.EMPTY),
        ([(1, FULL, 1)], VerdictKind.ACTIVE),
        ([(25, FULL, 9), (1, NOTHING, None)], VerdictKind.EMPTY),
        ([(25, FULL, 9), (1, NOTHING, None), (0.5, FULL, 9)], VerdictKind.ACTIVE),  # mended
        # this year and the next one, night after night
        ([(25, FULL, 9), (25, NOTHING, None), (1, SAME, None), (1, NOTHING, None)], VerdictKind.ACTIVE),
        ([(1, NOTHING, None), (1, FULL, 9)], VerdictKind.ACTIVE),
        # everybody is withheld from the second night on: the same is nobody, too
        ([(49, FULL, 9), (25, FULL, 0), (1, SAME, None)], VerdictKind.EMPTY),
        ([(25, FULL, 9), (1, SAME, None)], VerdictKind.ACTIVE),
        ([(25, FULL, 9), (1, TEACHERS, None)], VerdictKind.ACTIVE),
        ([(25, NOTHING, None), (1, TEACHERS, None)], VerdictKind.EMPTY),
    ],
)
def test_without_leerlingen(given: list[tuple[float, str, int | None]], kind: VerdictKind) -> None:
    """All answers of a night without leerlingen make the verdict; one with them takes it away."""
    assert answers(*given) is kind


def test_the_start_is_an_act() -> None:
    """A fetch from before the Startdatum, of an earlier agreement, is past once it has come."""
    facts = facts_of(State.OPEN, Platform.LET_IN, Records.FRESH, Journaal.DAILY)
    starts_today = replace(facts.koppeling, startdatum=NOW.date())
    until_yesterday, today = rows_of(Journaal.DAILY)[:-1], rows_of(Journaal.DAILY)
    verdict = verdict_of(replace(facts, koppeling=starts_today, calls=fold(Calls(), until_yesterday)))
    assert (verdict.kind, verdict.since) == (VerdictKind.WAITING, datetime(2026, 11, 24, 23, tzinfo=UTC))
    assert verdict_of(replace(facts, koppeling=starts_today, calls=fold(Calls(), today))).kind is VerdictKind.ACTIVE


def test_the_moments_of_a_verdict() -> None:
    """Since when it holds, and the last fetch, also one that is past."""
    verdict = verdict_of(facts_of(State.OPEN, Platform.LET_IN, Records.FRESH, Journaal.REFUSED_THEN_CODE))
    assert (verdict.since, verdict.reason) == (NOW - timedelta(days=0.1), Act.CODE_CHANGED)
    assert verdict.last_fetched == NOW - timedelta(days=0.3)
    refused = verdict_of(facts_of(State.OPEN, Platform.LET_IN, Records.FRESH, Journaal.DAILY_THEN_REFUSED))
    assert refused.since == NOW - timedelta(days=0.2)
    stale = verdict_of(facts_of(State.OPEN, Platform.LET_IN, Records.STALE_AND_HELD, Journaal.DAILY))
    assert stale.since == NOW - timedelta(days=2)


def test_persons_are_counted_by_kind() -> None:
    """The badge says how many of whom."""
    verdict = verdict_of(facts_of(State.OPEN, Platform.LET_IN, Records.HELD, Journaal.DAILY))
    assert words_of(verdict, "Snappet").badge == "2 leerlingen en 1 leerkracht vastgehouden"
    assert [held_in_words(held) for held in (Held(1), Held(0, 3), Held(1, 1))] == [
        "1 leerling",
        "3 leerkrachten",
        "1 leerling en 1 leerkracht",
    ]
