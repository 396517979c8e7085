"""The verdict on a koppeling: what a school, its platform and the operator are told of it, in one order of precedence.

Pure: facts in, verdict out, without a database and without a clock. `facts.py` reads the facts, `verdict_words.py` has
the Dutch of it. The order is that of what would still stand in the way if everything after it were mended, so that the
one step that is shown is never in vain.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from uwlr_adapter.clock import any_from_utc, from_utc, start_of, to_utc
from uwlr_adapter.journaal.model import RefusalReason
from uwlr_adapter.koppelingen.calls import SHORTEST_GAP, Calls
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.koppelingen.tables import Status
from uwlr_adapter.koppelingen.toestemming import Toestemming, ToestemmingStatus

SILENCE = timedelta(hours=72)
"""The least silence before a koppeling counts as stopped: a weekend with a night on either side."""
UNKNOWN_RHYTHM = timedelta(days=7)
"""That silence while a platform fetched on one day only: it may be one that fetches weekly."""
PATIENCE = 1.5
"""How many times its longest silence of the last 60 days a koppeling is silent before it counts as stopped."""
STALE_AFTER = timedelta(days=7)
"""From which age records are stale: they are imported each night, and the operator has an alert after a week."""


class VerdictKind(StrEnum):
    """The verdicts, in the order of precedence: the first one that holds is the one."""

    ENDED = "beëindigd"
    NOT_OFFERED = "niet meer aangeboden"
    """Its entry left the catalogue, or carries no data any more: nothing opens it again."""
    BLOCKED = "leverancier geblokkeerd"
    PAUSED = "gepauzeerd"
    NOT_STARTED = "start later"
    NO_DATA_FLOW = "zonder gegevens"
    """No data of ours flow through it."""
    RESULTS_ONLY = "alleen resultaten"
    """No leerlinggegevens leave; results come in."""
    REFUSED = "geweigerd"
    WAITING = "wacht"
    """Nothing was fetched since it was activated, resumed, given another code, or the platform was allowed again."""
    OUTAGE = "storing"
    STOPPED = "niet meer opgehaald"
    EMPTY = "geen leerlingen"
    STALE = "gegevens verouderd"
    HELD = "personen vastgehouden"
    ACTIVE = "actief"


class Who(StrEnum):
    """Whose turn it is."""

    SCHOOL = "school"
    LEVERANCIER = "leverancier"
    BEHEERDER = "beheerder"


@dataclass(frozen=True, slots=True)
class Held:
    """How many leerlingen and leerkrachten of a vestiging are held because it is not certain who they are."""

    leerlingen: int = 0
    leerkrachten: int = 0

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self.leerlingen or self.leerkrachten)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a verdict is made of. Moments are timezone-aware, but for those of `calls`; None is never, or nobody."""

    moment: datetime
    """The present, and its day in Amsterdam."""
    today: date
    koppeling: Koppeling
    is_offered: bool = True
    """Whether the catalogue has its entry, and, when it carries data, a profile for it."""
    blocked_since: datetime | None = None
    """Since when the operator keeps its platform out."""
    allowed_since: datetime | None = None
    """Since when the operator lets its platform in again, after a time in which it was kept out."""
    calls: Calls = field(default_factory=Calls)
    elsewhere_at: datetime | None = None
    """The last fetch of its platform through another koppeling."""
    stale_since: datetime | None = None
    """Since when the records of the vestiging were not refreshed."""
    held: Held = Held()
    has_leerlingen: bool = True
    """Whether there are leerlingen of the vestiging in the present year; asked only after answers without any."""


@dataclass(frozen=True, slots=True)
class KoppelingVerdict:
    """The verdict on one koppeling. Moments are timezone-aware."""

    kind: VerdictKind
    since: datetime | None
    """Since when it holds; of NOT_STARTED when it will start; None where there is no such moment."""
    who: Who | None
    """Whose step is next; None when there is none."""
    reason: str | None = None
    """Of REFUSED the reason in the journaal, of WAITING the last act."""
    held: Held = Held()
    has_leerlingen: bool = True
    """Of EMPTY: whether there are leerlingen now."""
    last_fetched: datetime | None = None
    """The last fetch that was answered, also one from before the last act."""
    acted_at: datetime | None = None
    """The last act: what was answered or refused before it is past."""
    results_only: bool = False
    """Whether it is about results, since no leerlinggegevens leave: not agreed to, or paused by themselves."""
    has_code: bool = True
    """Whether a verificatiecode is there; of PAUSED without one it is what resumes."""
    last_results: datetime | None = None
    """The last call with results that was answered."""


ALWAYS_ON = KoppelingVerdict(VerdictKind.NO_DATA_FLOW, None, None)
"""The verdict on a koppeling that every school has, without a record."""


def verdict_of(facts: Facts) -> KoppelingVerdict:
    """Return the verdict: the first one in the order of precedence that holds."""
    acted_at = _acted_at(facts)
    known = _Judged(facts, acted_at, _fetched_at(facts.calls, acted_at))
    return next(verdict for rule in _ORDER if (verdict := rule(known)) is not None)


@dataclass(frozen=True, slots=True)
class _Judged:
    """The facts, with what more than one rule asks."""

    facts: Facts
    acted_at: datetime
    fetched_at: datetime | None
    """The last fetch since the last act."""

    @property
    def koppeling(self) -> Koppeling:
        """The koppeling."""
        return self.facts.koppeling

    def make(
        self,
        kind: VerdictKind,
        since: datetime | None,
        who: Who | None,
        *,
        reason: str | None = None,
        held: Held = Held(),
        has_leerlingen: bool = True,
    ) -> KoppelingVerdict:
        calls = self.facts.calls
        return KoppelingVerdict(
            *(kind, since, who, reason, held, has_leerlingen),
            last_fetched=any_from_utc(calls.fetched_at),
            acted_at=self.acted_at,
            results_only=takes_results_only(self.koppeling),
            has_code=self.koppeling.status is Status.ACTIEF,
            last_results=any_from_utc(calls.results_at),
        )


def _fetched_at(calls: Calls, acted_at: datetime) -> datetime | None:
    if calls.first_at is None or calls.fetched_at is None:
        return None
    fetched = from_utc(calls.fetched_at)
    return None if fetched < acted_at else fetched


def _acted_at(facts: Facts) -> datetime:
    """Return the last moment at which the koppeling became what it is: an act, its start, or its platform let in."""
    koppeling, moments = facts.koppeling, [facts.koppeling.opened_at]
    if koppeling.opened_at.date() < koppeling.startdatum <= facts.today:
        moments.append(start_of(koppeling.startdatum))
    if facts.calls.acted_at is not None:
        moments.append(from_utc(facts.calls.acted_at))
    if facts.allowed_since is not None and koppeling.afnemer_id is not None:
        moments.append(facts.allowed_since)
    return max(moments)


def _ended(known: _Judged) -> KoppelingVerdict | None:
    if known.koppeling.is_living:
        return None
    return known.make(VerdictKind.ENDED, known.koppeling.ended_at, None)


def _not_offered(known: _Judged) -> KoppelingVerdict | None:
    return None if known.facts.is_offered else known.make(VerdictKind.NOT_OFFERED, None, Who.SCHOOL)


def _blocked(known: _Judged) -> KoppelingVerdict | None:
    since = known.facts.blocked_since
    if since is None or known.koppeling.afnemer_id is None:
        return None
    return known.make(VerdictKind.BLOCKED, since, Who.BEHEERDER)


def _paused(known: _Judged) -> KoppelingVerdict | None:
    koppeling = known.koppeling
    if koppeling.status is Status.GEPAUZEERD:
        return known.make(VerdictKind.PAUSED, any_from_utc(known.facts.calls.acted_at), Who.SCHOOL)
    if koppeling.afnemer_id is None or any(koppeling.is_on(one) for one in Toestemming):
        return None
    moments = [state.since for state in map(koppeling.state, Toestemming) if state.since is not None]
    return known.make(VerdictKind.PAUSED, max(moments, default=None), Who.SCHOOL)


def _not_started(known: _Judged) -> KoppelingVerdict | None:
    if known.koppeling.startdatum <= known.facts.today:
        return None
    return known.make(VerdictKind.NOT_STARTED, start_of(known.koppeling.startdatum), Who.SCHOOL)


def _no_data_flow(known: _Judged) -> KoppelingVerdict | None:
    return None if known.koppeling.afnemer_id is not None else known.make(VerdictKind.NO_DATA_FLOW, None, None)


_WHO_MENDS: dict[str | None, Who] = {
    RefusalReason.WRONG_CODE: Who.SCHOOL,
    RefusalReason.NOT_LAID_OUT: Who.SCHOOL,
    RefusalReason.OWN_FAILURE: Who.BEHEERDER,
}
"""Who takes away the reason of a refusal; any other is the platform's."""


def _refused(known: _Judged) -> KoppelingVerdict | None:
    calls = known.facts.calls
    if calls.refused_since is None or calls.refused_at is None or from_utc(calls.refused_at) < known.acted_at:
        return None
    who = _WHO_MENDS.get(calls.reason, Who.LEVERANCIER)
    since = max(from_utc(calls.refused_since), known.acted_at)
    return known.make(VerdictKind.REFUSED, since, who, reason=calls.reason)


def _results_only(known: _Judged) -> KoppelingVerdict | None:
    """Judge a koppeling that is open for results alone: nothing is fetched through it, and nothing need be."""
    facts, calls = known.facts, known.facts.calls
    if not takes_results_only(known.koppeling):
        return None
    refused_at, taken_at = any_from_utc(calls.results_refused_at), any_from_utc(calls.results_at)
    if refused_at is not None and (facts.allowed_since is None or refused_at >= facts.allowed_since):
        first = any_from_utc(calls.results_refused_since) or refused_at
        since = first if facts.allowed_since is None else max(first, facts.allowed_since)
        who = _WHO_MENDS.get(calls.results_reason, Who.LEVERANCIER)
        return known.make(VerdictKind.REFUSED, since, who, reason=calls.results_reason)
    if taken_at is None:
        return known.make(VerdictKind.WAITING, known.acted_at, Who.SCHOOL)
    return known.make(VerdictKind.RESULTS_ONLY, taken_at, None)


def takes_results_only(koppeling: Koppeling) -> bool:
    """Return whether no leerlinggegevens leave through a UWLR koppeling, the verificatiecode aside."""
    return koppeling.afnemer_id is not None and koppeling.leerlinggegevens.status is not ToestemmingStatus.ON


def _waiting(known: _Judged) -> KoppelingVerdict | None:
    if known.fetched_at is not None:
        return None
    facts, since = known.facts, known.acted_at
    if facts.allowed_since == since:
        return known.make(VerdictKind.WAITING, since, Who.LEVERANCIER)
    return known.make(VerdictKind.WAITING, since, Who.SCHOOL, reason=facts.calls.act)


def _silent(known: _Judged) -> KoppelingVerdict | None:
    """Judge a silence: an outage when the platform was as silent everywhere else."""
    fetched, calls = known.fetched_at, known.facts.calls
    if fetched is None or not is_silent(known.koppeling, calls, known.facts.moment):
        return None
    expected = fetched + max(SHORTEST_GAP, calls.longest_gap(to_utc(known.facts.moment)))
    if known.facts.elsewhere_at is not None and known.facts.elsewhere_at > expected:
        return known.make(VerdictKind.STOPPED, fetched, Who.LEVERANCIER)
    return known.make(VerdictKind.OUTAGE, fetched, Who.BEHEERDER)


def is_silent(koppeling: Koppeling, calls: Calls, moment: datetime) -> bool:
    """Return whether a koppeling is silent for so long that the fetches of its platform elsewhere are asked for.

    `moment` is timezone-aware.
    """
    if not koppeling.is_on(Toestemming.LEERLINGGEGEVENS) or calls.fetched_at is None:
        return False
    now = to_utc(moment)
    silence = now - calls.fetched_at
    if silence <= SILENCE:
        return False
    return silence > (max(SILENCE, PATIENCE * calls.longest_gap(now)) if calls.has_rhythm else UNKNOWN_RHYTHM)


def _empty(known: _Judged) -> KoppelingVerdict | None:
    calls = known.facts.calls
    if not calls.is_empty or calls.empty_since is None or calls.empty_at is None:
        return None
    if from_utc(calls.empty_at) < known.acted_at:
        return None
    has_leerlingen = known.facts.has_leerlingen
    who = Who.LEVERANCIER if has_leerlingen else Who.BEHEERDER
    return known.make(VerdictKind.EMPTY, from_utc(calls.empty_since), who, has_leerlingen=has_leerlingen)


def _stale(known: _Judged) -> KoppelingVerdict | None:
    since = known.facts.stale_since
    return None if since is None else known.make(VerdictKind.STALE, since, Who.BEHEERDER)


def _held(known: _Judged) -> KoppelingVerdict | None:
    held = known.facts.held
    return known.make(VerdictKind.HELD, None, Who.SCHOOL, held=held) if held else None


def _active(known: _Judged) -> KoppelingVerdict:
    return known.make(VerdictKind.ACTIVE, known.fetched_at, None)


_ORDER: tuple[Callable[[_Judged], KoppelingVerdict | None], ...] = (
    *(_ended, _not_offered, _blocked, _paused, _not_started, _no_data_flow),
    *(_results_only, _refused, _waiting, _silent, _empty, _stale, _held, _active),
)
"""The rules, in the order of VerdictKind; OUTAGE and STOPPED are one rule. Results alone are judged by one rule, which
comes before those of fetches."""
