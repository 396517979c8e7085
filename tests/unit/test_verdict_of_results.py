"""The verdict on a koppeling with two toestemmingen: every combination of both, the code and the calls with results.

The table is independent of the rules: it says for whole regions what a school must be told. What holds for fetches
where leerlinggegevens are on stands in test_verdict.py.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum, auto
from itertools import product
from typing import NamedTuple

from uwlr_adapter.clock import day_of
from uwlr_adapter.journaal.model import Act, RefusalReason
from uwlr_adapter.koppelingen.calls import RESULTS_CALL, Calls, JournaalRow, fold
from uwlr_adapter.koppelingen.lifecycle import Akkoord, Koppeling
from uwlr_adapter.koppelingen.tables import Status
from uwlr_adapter.koppelingen.toestemming import ToestemmingState, ToestemmingStatus
from uwlr_adapter.koppelingen.verdict import Facts, VerdictKind, Who, verdict_of
from uwlr_adapter.koppelingen.verdict_words import words_of

NOW = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
BEGIN = NOW - timedelta(days=30)
ON, PAUSED, NOT_GIVEN = ToestemmingStatus.ON, ToestemmingStatus.PAUSED, ToestemmingStatus.NOT_GIVEN


class Open(StrEnum):
    """The other conditions of a koppeling."""

    YES = auto()
    NO_CODE = auto()
    LATER = auto()
    ENDED = auto()
    BLOCKED = auto()
    NOT_OFFERED = auto()


class Results(StrEnum):
    """The calls with results that there were; fetches were daily, as long as they were allowed."""

    NONE = auto()
    TAKEN = auto()
    REFUSED = auto()
    TAKEN_THEN_REFUSED = auto()
    REFUSED_THEN_TAKEN = auto()
    REFUSED_THEN_CODE = auto()
    REFUSED_AS_PAUSED = auto()
    """Taken, and the last call met a pause of results that is over."""


class Combination(NamedTuple):
    """One of them all."""

    out: ToestemmingStatus
    """Leerlinggegevens."""
    in_: ToestemmingStatus
    """Results."""
    open_: Open
    results: Results


COMBINATIONS = [Combination(*one) for one in product(ToestemmingStatus, ToestemmingStatus, Open, Results)]


def row(days: float, outcome: str, reason: RefusalReason | None = None, act: str = RESULTS_CALL) -> JournaalRow:
    """Return the row of a call so many days ago."""
    return JournaalRow((NOW - timedelta(days=days)).replace(tzinfo=None), True, act, outcome, reason, None)  # noqa: FBT003 - a tuple


def act(days: float, what: Act) -> JournaalRow:
    """Return the row of an act so many days ago."""
    return JournaalRow((NOW - timedelta(days=days)).replace(tzinfo=None), False, what, "gedaan", None, None)  # noqa: FBT003 - as above


def rows_of(results: Results) -> Iterator[JournaalRow]:
    """Yield the rows of the journaal in their order."""
    taken = "leerresultaten_bevestiging"
    wrong = row(0.2, "Client.OngeldigBericht", RefusalReason.SCHEMA)
    found = {
        Results.NONE: [],
        Results.TAKEN: [row(0.4, taken)],
        Results.REFUSED: [wrong],
        Results.TAKEN_THEN_REFUSED: [row(0.4, taken), wrong],
        Results.REFUSED_THEN_TAKEN: [wrong, row(0.1, taken)],
        Results.REFUSED_THEN_CODE: [row(0.4, taken), wrong, act(0.1, Act.CODE_CHANGED)],
        Results.REFUSED_AS_PAUSED: [
            row(0.4, taken),
            row(0.2, "Client.AutorisatieOngeldig", RefusalReason.RESULTS_PAUSED),
        ],
    }[results]
    yield act(30, Act.ACTIVATED)
    yield row(0.5, "leerlinggegevens", act="HaalLeerlinggegevens")
    yield from found


def facts_of(one: Combination) -> Facts:
    """Return the facts of one combination."""
    status = {Open.NO_CODE: Status.GEPAUZEERD, Open.ENDED: Status.BEEINDIGD}.get(one.open_, Status.ACTIEF)
    akkoord = Akkoord("login", "Naam", BEGIN, "uwlr-1")
    koppeling = Koppeling(
        id=1,
        brin6="21QW00",
        entry_id="snappet",
        afnemer_id=1,
        status=status,
        startdatum=date(2027, 1, 1) if one.open_ is Open.LATER else date(2026, 10, 26),
        code_digest=None,
        opened_at=BEGIN,
        version=1,
        akkoord=akkoord,
        ended_at=NOW - timedelta(hours=1) if one.open_ is Open.ENDED else None,
        leerlinggegevens=ToestemmingState(one.out, NOW - timedelta(days=1), "login"),
        resultaten=ToestemmingState(one.in_, NOW - timedelta(days=2), "login"),
        akkoord_resultaten=None if one.in_ is NOT_GIVEN else akkoord,
    )
    return Facts(
        moment=NOW,
        today=day_of(NOW),
        koppeling=koppeling,
        is_offered=one.open_ is not Open.NOT_OFFERED,
        blocked_since=NOW - timedelta(hours=3) if one.open_ is Open.BLOCKED else None,
        calls=fold(Calls(), rows_of(one.results)),
        stale_since=NOW - timedelta(days=9),
    )


def expected(one: Combination) -> VerdictKind:
    """Return what a school must be told, as docs/explanation/verdicts.md says it."""
    before_all = {
        Open.ENDED: VerdictKind.ENDED,
        Open.NOT_OFFERED: VerdictKind.NOT_OFFERED,
        Open.BLOCKED: VerdictKind.BLOCKED,
        Open.NO_CODE: VerdictKind.PAUSED,
    }
    if one.open_ in before_all:
        return before_all[one.open_]
    if ON not in {one.out, one.in_}:
        return VerdictKind.PAUSED
    if one.open_ is Open.LATER:
        return VerdictKind.NOT_STARTED
    if one.out is ON:  # a message with results is no fetch, and a refused one says nothing of fetches
        return VerdictKind.WAITING if one.results is Results.REFUSED_THEN_CODE else VerdictKind.STALE
    return {
        Results.NONE: VerdictKind.WAITING,
        Results.REFUSED: VerdictKind.REFUSED,
        Results.TAKEN_THEN_REFUSED: VerdictKind.REFUSED,
    }.get(one.results, VerdictKind.RESULTS_ONLY)


def test_every_combination() -> None:
    """Each has the verdict of the table, and every kind that it names occurs."""
    wrong, seen = [], Counter[VerdictKind]()
    for one in COMBINATIONS:
        found = verdict_of(facts_of(one)).kind
        seen[found] += 1
        if found is not expected(one):
            wrong.append((*one, expected(one), found))
    assert wrong == []
    assert {VerdictKind.RESULTS_ONLY, VerdictKind.REFUSED, VerdictKind.WAITING, VerdictKind.STALE} <= set(seen)
    assert seen.total() == 3 * 3 * 6 * 7


def test_nobody_is_told_to_fetch_where_nothing_leaves() -> None:
    """Where leerlinggegevens are off no words speak of fetching; none has a gap."""
    for one in COMBINATIONS:
        verdict = verdict_of(facts_of(one))
        words = words_of(verdict, "Plus {name} & Co")
        told = f"{words.badge} {words.sentence} {words.step}".replace("Plus {name} & Co", "")
        assert not set("{}") & set(told)
        assert "onbekend moment" not in told
        assert (words.who is None) == (verdict.who is None) == (words.step == "U hoeft niets te doen.")
        if one.out is not ON:
            assert "ophalen" not in told, (one, told)
            assert "opgehaald" not in told, (one, told)


def test_what_resumes_a_pause() -> None:
    """Without a code it is a code; with one it is a button, and the sentence says since when."""
    without = words_of(verdict_of(facts_of(Combination(ON, ON, Open.NO_CODE, Results.TAKEN))), "Snappet")
    assert without.step == "Vul een verificatiecode in om de uitwisseling te hervatten."
    both = words_of(verdict_of(facts_of(Combination(PAUSED, PAUSED, Open.YES, Results.TAKEN))), "Snappet")
    assert both.step == "Hervat de leerlinggegevens, de resultaten, of beide."
    assert both.sentence.startswith("De uitwisseling is gepauzeerd op 24 november 2026 om 10:30 uur;")


def test_the_words_of_results_alone() -> None:
    """The last message and its moment; a refusal names who mends it."""
    taken = verdict_of(facts_of(Combination(PAUSED, ON, Open.YES, Results.TAKEN)))
    assert (taken.who, taken.since) == (None, NOW - timedelta(days=0.4))
    assert words_of(taken, "Snappet").sentence == (
        "Er gaan geen leerlinggegevens naar Snappet. Resultaten: laatste bericht op 25 november 2026 om 00:54 uur."
    )
    refused = verdict_of(facts_of(Combination(NOT_GIVEN, ON, Open.YES, Results.TAKEN_THEN_REFUSED)))
    assert refused.who is Who.LEVERANCIER
    assert words_of(refused, "Snappet").sentence == (
        "Snappet levert resultaten aan op een manier die niet volgens de afspraak UWLR is. Zo gaat het sinds 25 "
        "november 2026 om 05:42 uur."
    )


def test_a_pause_of_fetches_leaves_results_as_they_are() -> None:
    """An act on leerlinggegevens does not take a refused message with results away; one on results does."""
    rows = list(rows_of(Results.REFUSED))
    kept = fold(Calls(), [*rows, act(0.1, Act.LEERLINGGEGEVENS_PAUSED)])
    assert kept.results_reason == RefusalReason.SCHEMA
    assert kept.first_at is None
    for what in (Act.RESULTS_PAUSED, Act.RESULTS_RESUMED, Act.RESULTS_ALLOWED):
        past = fold(Calls(), [*rows, act(0.1, what)])
        assert (past.results_reason, past.first_at) == (None, kept.fetched_at)


def test_a_refusal_goes_on_since_the_first_one() -> None:
    """Another refusal is the same state, so that it is mailed once; a platform that is let in again begins anew."""
    one = Combination(NOT_GIVEN, ON, Open.YES, Results.REFUSED)
    again = row(0.05, "Client.OngeldigBericht", RefusalReason.SCHEMA)
    facts = replace(facts_of(one), calls=fold(Calls(), [*rows_of(one.results), again]))
    assert verdict_of(facts).since == NOW - timedelta(days=0.2)
    let_in = NOW - timedelta(days=0.1)
    assert verdict_of(replace(facts, allowed_since=let_in)).since == let_in
    past = replace(facts_of(one), allowed_since=let_in)
    assert verdict_of(past).kind is VerdictKind.WAITING
