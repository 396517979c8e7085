"""The checks of the requests of a caller: one for each deviation, and one line for each request."""

from uwlr_adapter.kit.checks import Check, Level, Verdict, cannot, fail
from uwlr_adapter.kit.listening.chapters import REQUESTS, SOAP, TRANSPORT, VERZOEK
from uwlr_adapter.kit.listening.deviations import RULES, Deviation, RequestRule
from uwlr_adapter.kit.listening.judging import RequestVerdict
from uwlr_adapter.kit.listening.turn import Conversation, Turn
from uwlr_adapter.kit.reading import CODES
from uwlr_adapter.kit.report import MAX_KEPT, CheckResult

_SUITES = {suite.prefix: suite for suite in (TRANSPORT, SOAP, VERZOEK)}
MAX_LINES = 100
"""Requests that have a line of their own in a report (inclusive)."""


def _add(deviation: Deviation, rule: RequestRule) -> None:
    @_SUITES[rule.chapter].check(rule.number, rule.title, *rule.rules, level=rule.level)
    def without(talk: Conversation) -> str:
        found = [(turn, sentence) for turn in talk.turns if (sentence := turn.sentence_of(deviation)) is not None]
        seen = sum(turn.reached >= rule.stage for turn in talk.turns)
        if found:
            show(talk, [turn for turn, _ in found])
            deviate = "deviates" if len(found) == 1 else "deviate"
            fail(f"{_of(len(found), seen)} {deviate}; in request {found[0][0].number} {found[0][1]}.")
        if not seen:
            cannot("because no request came so far that this can be seen")
        return f"{rule.title}: {seen} seen."


for _deviation, _rule in RULES.items():
    _add(_deviation, _rule)


def show(talk: Conversation, turns: list[Turn]) -> None:
    """Show these turns in the report with the running check."""
    talk.exchanges += [turn.exchange for turn in turns if turn.exchange is not None][:MAX_KEPT]


def _of(number: int, seen: int) -> str:
    return f"{number} of the {max(number, seen)} requests"


def lines(talk: Conversation) -> list[CheckResult]:
    """Return a line for each request, those that are not right first to be kept; it weighs nothing by itself."""
    kept = sorted(talk.turns, key=lambda turn: turn.verdict is RequestVerdict.RIGHT)[:MAX_LINES]
    return [_line(turn) for turn in sorted(kept, key=lambda turn: turn.number)]


def _line(turn: Turn) -> CheckResult:
    title = f"Request {turn.number}: {turn.operation or 'no known operation'}"
    check = Check(f"CALL-{turn.number:02}", title, (), Level.INFORMATION, (), REQUESTS.name, lambda _: None)
    where = f", in the situation {turn.situation}" if turn.situation else ""
    told = "; ".join(sentence for _, sentence in turn.deviations)
    answered = _answered(turn)
    sentence = f"The request is {turn.verdict}{f': {told}' if told else ''}. It was answered with {answered}{where}."
    verdict = Verdict.PASS if turn.verdict is RequestVerdict.RIGHT else Verdict.FAIL
    return CheckResult.of(check, verdict, sentence, () if turn.exchange is None else (turn.exchange,))


def _answered(turn: Turn) -> str:
    if turn.status is None:
        return "nothing"
    code = f" {turn.fault_code}" if turn.fault_code in CODES else ""
    return f"HTTP {turn.status}" if turn.is_refused_unread else f"{turn.kind}{code}"
