"""The checks of what a caller does next: after a fault, with a moment, while it waits, and in each situation."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from uwlr_adapter.clock import parse_moment
from uwlr_adapter.kit.checks import Level, cannot, fail
from uwlr_adapter.kit.listening.chapters import NEXT, SITUATION
from uwlr_adapter.kit.listening.request_checks import show
from uwlr_adapter.kit.listening.situations import SITUATIONS, Situation
from uwlr_adapter.kit.listening.turn import FUTURE, Conversation, Question, Turn
from uwlr_adapter.kit.reading import AnswerKind
from uwlr_adapter.kit.suites.expect import ANSWERED, SINCE

REPEATS = 1
"""Times that the same request may be sent again at once after a fault (inclusive): many stacks try twice."""
_SLACK = timedelta(seconds=5)
"""How far the clock of a caller may be behind."""
_FIRST = datetime.min.replace(tzinfo=UTC)
_EARLY = 0.5
"""Seconds that a Retry-After may be cut short: it counts in whole seconds."""


@NEXT.check(1, "After a fault for the caller it does not send the same request again and again", "R-001")
def stops(talk: Conversation) -> str:
    """Look at the faults that only a person can mend."""
    return _not_hammered(talk, [one for one in _faults(talk) if not one.fault_code.startswith("Server")])


@NEXT.check(2, "After a failure of the service the caller does not send the same request again and again", "R-104")
def later(talk: Conversation) -> str:
    """Look at the faults that pass."""
    return _not_hammered(
        talk, [one for one in _faults(talk) if one.fault_code.startswith("Server") and not one.retry_after]
    )


def _faults(talk: Conversation) -> list[Turn]:
    return [one for one in talk.turns if one.kind is AnswerKind.FAULT]


def _not_hammered(talk: Conversation, faults: list[Turn]) -> str:
    """Require that each fault is followed by the same request REPEATS times at most, for a while."""
    if not faults:
        cannot("because no such fault was answered")
    for turn in faults:
        again = list(_at_once(talk, turn))
        if len(again) > REPEATS:
            show(talk, [turn, *again])
            fail(
                f"After the fault on request {turn.number} the same request came again (more often: "
                f"{len(again)}), each within {talk.pause:g} s of the one before it."
            )
    return f"It sent the same request at most once more at once; faults seen: {len(faults)}."


def _at_once(talk: Conversation, turn: Turn) -> Iterator[Turn]:
    """Yield the turns with the same question that follow a fault, as long as each gets it again and comes at once."""
    last = turn
    for one in talk.turns[turn.number :]:
        if last.ended is None or one.began - last.ended >= talk.pause or last.fault_code != turn.fault_code:
            return
        if one.question == turn.question:
            yield one
            last = one


@NEXT.check(3, "The caller waits for as long as Retry-After says", "R-104", level=Level.SHOULD)
def retry_after(talk: Conversation) -> str:
    """Look at what followed a fault with that header."""
    asked = [one for one in _faults(talk) if one.retry_after]
    if not asked:
        cannot("because no fault with Retry-After was answered")
    for turn in asked:
        following = _too_early(talk, turn)
        if following is not None:
            show(talk, [turn, following])
            fail(
                f"Request {following.number} came {following.began - (turn.ended or 0.0):.1f} s after a fault "
                f"that asked to wait {turn.retry_after} s."
            )
    return f"It waited after each such fault; seen: {len(asked)}."


def _too_early(talk: Conversation, turn: Turn) -> Turn | None:
    """Return the turn with the same question that came before the time that a fault asked to wait."""
    if turn.ended is None or turn.retry_after is None:
        return None
    last = turn.ended + turn.retry_after - _EARLY
    for one in talk.turns[turn.number :]:
        if one.began >= last:
            return None
        if one.question == turn.question:
            return one
    return None


@NEXT.check(4, f"A caller that has data says since when: {SINCE}", "R-081", "R-083", level=Level.SHOULD)
def says_since(talk: Conversation) -> str:
    """Look at the questions that were answered with data before."""
    again = [turn for turn, _ in _known(talk)]
    if not again:
        cannot("because no question was asked again after it was answered with data")
    said = sum(one.since is not None for one in again)
    if not said:
        show(talk, again)
        fail(f"No request for data that it has carries {SINCE} (of {len(again)}): it always gets everything again.")
    return f"Of the requests for data that it has, {said} of {len(again)} carry {SINCE}."


def _known(talk: Conversation) -> Iterator[tuple[Turn, Turn]]:
    """Yield each turn whose question was answered with data before, with the last turn in which it was.

    A turn that is refused is left out: it was not looked at what it asks.
    """
    answered: dict[Question, list[Turn]] = {}
    for turn in talk.turns:
        before = (one for one in reversed(answered.get(turn.question, [])) if one.ended and one.ended <= turn.began)
        last = next(before, None) if turn.kind in ANSWERED else None
        if last is not None:
            yield turn, last
        if turn.kind is AnswerKind.DATA:
            answered.setdefault(turn.question, []).append(turn)


@NEXT.check(
    5,
    f"The {SINCE} of a caller is the aanmaakdatum of its last data, or a later moment",
    "R-083",
    "R-084",
    level=Level.SHOULD,
)
def fresh(talk: Conversation) -> str:
    """Compare the moment with that of the last data for the same question."""
    seen = 0
    for turn, last in _known(talk):
        since, made = _moment(turn.since), _moment(last.aanmaakdatum)
        if since is not None and made is not None:
            seen += 1
            if since < min(made, last.moment - _SLACK):
                show(talk, [last, turn])
                fail(
                    f"Request {turn.number} sends a {SINCE} that is older than the data it got with request "
                    f"{last.number}: a stale one, or one that was turned into another zone."
                )
    if not seen:
        cannot(f"because no {SINCE} was sent for data that were answered here")
    return f"{seen} moments are those of the last data, or later."


@NEXT.check(6, f"The {SINCE} of a caller does not lie in the future", "R-084", level=Level.SHOULD)
def past(talk: Conversation) -> str:
    """Compare the moment with the clock of this machine."""
    moments = [(turn, since) for turn in talk.turns if (since := _moment(turn.since)) is not None]
    if not moments:
        cannot(f"because no {SINCE} was sent")
    late = [turn for turn, since in moments if since > turn.moment + FUTURE and not _was_given(talk, since)]
    if late:
        show(talk, late)
        fail(f"Request {late[0].number} sends a {SINCE} in the future, which would hide changes: it gets everything.")
    return f"{len(moments)} moments lie in the past."


def _was_given(talk: Conversation, since: datetime) -> bool:
    return any(_moment(one.aanmaakdatum) == since for one in talk.turns)


@NEXT.check(
    7, f"A {SINCE} is sent for the question whose answer had it, and for no other one", "R-088", level=Level.SHOULD
)
def own_question(talk: Conversation) -> str:
    """Look for a moment that was the aanmaakdatum of other data only."""
    seen = 0
    given: dict[datetime, Turn] = {}
    questions: set[Question] = set()
    for turn in talk.turns:
        since, made = _moment(turn.since), _moment(turn.aanmaakdatum)
        if since is not None:
            seen += 1
            if since in given and turn.question not in questions:
                show(talk, [given[since], turn])
                fail(
                    f"Request {turn.number} sends the aanmaakdatum of request {given[since].number}, which asked "
                    "something else: another schooljaar, version, set or groups."
                )
        if made is not None:
            given[made] = turn
            questions.add(turn.question)
    if not seen:
        cannot(f"because no {SINCE} was sent")
    return f"{seen} moments belong to their question."


def _moment(text: str | None) -> datetime | None:
    """Return the instant of an xs:dateTime; .NET sends the first day of the year 1, which may begin before it."""
    if text is None:
        return None
    return parse_moment(text) or (_FIRST if text.strip().startswith("0001-01-01T") else None)


@NEXT.check(8, "The caller waits for an answer that takes long", level=Level.SHOULD)
def waits(talk: Conversation) -> str:
    """Look whether it hung up before its answer came."""
    left = [one for one in talk.turns if one.left_after is not None]
    if left:
        show(talk, left)
        fail(f"On request {left[0].number} it hung up after {left[0].left_after or 0:.1f} s.")
    slowest = max((one.ended - one.began for one in talk.turns if one.ended is not None), default=0.0)
    if not talk.turns:
        cannot("because no request came")
    return f"It hung up on no answer; the slowest took {slowest:.1f} s."


@NEXT.check(9, "The caller does not ask the same again while it waits for the answer", level=Level.SHOULD)
def one_at_a_time(talk: Conversation) -> str:
    """Look for equal questions at the same time."""
    open_ones: list[Turn] = []
    for turn in talk.turns:
        open_ones = [one for one in open_ones if one.ended is None or one.ended > turn.began]
        equal = [one for one in open_ones if one.question == turn.question and not one.is_refused_unread]
        if equal:
            show(talk, [equal[0], turn])
            fail(f"Request {turn.number} asks the same as request {equal[0].number}, which was not answered yet.")
        open_ones.append(turn)
    if not talk.turns:
        cannot("because no request came")
    return "It never asked the same twice at a time."


def _add_situation(number: int, situation: Situation) -> None:
    title = f"{situation.title} ({situation.name}): a good client {situation.good}"

    @SITUATION.check(number, title, level=Level.INFORMATION)
    def met(talk: Conversation) -> str:
        own = [one for one in talk.turns if one.situation == situation.name]
        if not own:
            cannot("because the caller did not come so far")
        show(talk, own)
        after = sum(one.number > own[-1].number for one in talk.turns)
        came = f"what came after it: {after} more" if after else "nothing came after it"
        numbers = f"request {own[0].number}" if len(own) == 1 else f"requests {own[0].number} to {own[-1].number}"
        return f"The caller met this with {numbers}, and {came}. Look at it: a good client {situation.good}."


for _place, _situation in enumerate(SITUATIONS, start=1):
    _add_situation(_place, _situation)
OPTIONS = {check.id: f" --situation {one.name}" for check, one in zip(SITUATION, SITUATIONS, strict=True)}
"""The option that chooses a situation, by the id of its check."""
