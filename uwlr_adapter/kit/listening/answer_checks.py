"""The checks of an answer that passes by: those of an endpoint that need nothing but one answer, and their sum."""

from dataclasses import dataclass
from typing import Final

from uwlr_adapter.contract.names import HAAL_LEERLINGGEGEVENS, LEERLINGGEGEVENS, Operation
from uwlr_adapter.contract.profiles import NamedProfiel
from uwlr_adapter.kit.checks import Check, Level, Verdict, cannot, omit, require
from uwlr_adapter.kit.listening.chapters import BETWEEN
from uwlr_adapter.kit.listening.judging import Judged, RequestVerdict
from uwlr_adapter.kit.listening.turn import Conversation, Turn
from uwlr_adapter.kit.reading import CODES, AnswerKind, Reading, sentence_of
from uwlr_adapter.kit.report import MAX_KEPT, CheckResult
from uwlr_adapter.kit.session import Session, Target
from uwlr_adapter.kit.suites import ALL
from uwlr_adapter.kit.suites.expect import ANSWERED, BAD, SHORTEST_TIMEOUT, require_strictly_empty
from uwlr_adapter.outbound import Reply

_ANY: Final = frozenset({"HTTP-02", "HTTP-04", "HTTP-06", "HTTP-07", "SOAP-01", "SOAP-02"})
_FAULT: Final = frozenset({"HTTP-03", "HTTP-05", "HTTP-08", "SOAP-31", "SOAP-32", "SOAP-33", "SOAP-34", "SOAP-35"})
_DATA: Final = frozenset(
    {
        *(f"LG-{number:02}" for number in (2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 14, 15, 16, 18, 19)),
        *(f"TEXT-{number:02}" for number in range(1, 10)),
        *("SOAP-41", "PROF-01", "PROF-02", "PROF-03"),
    }
)
_OF_LEERLINGEN: Final = frozenset({"LG-13"})
_WHOLE: Final = frozenset({"LG-05", "SOAP-03"})
"""These look at leerlingen beside their groups, or for the name of the answer to HaalLeerlinggegevens."""
_OF_SCHOOL: Final = frozenset({"LG-07"})
"""These compare the answer with the brincode in the request."""
CHECKS = {
    check.id: check for suite in ALL for check in suite if check.id in _ANY | _FAULT | _DATA | _OF_LEERLINGEN | _WHOLE
}
"""The checks of one answer by id, in the order of a report."""


class PassingAnswer(Session):
    """A session that has one answer and calls nobody: what an endpoint check asks for is that answer."""

    def __init__(self, target: Target, reading: Reading) -> None:
        super().__init__(target, _no_calls)
        self._reading = reading

    def usual_answer(self) -> Reading:
        """Return the answer."""
        return self._reading

    def refusal(self) -> Reading:
        """Return the answer, which is a fault."""
        return self._reading


@dataclass(frozen=True, slots=True)
class Passed:
    """An answer that passed by, with the request that it belongs to."""

    judged: Judged
    reading: Reading


def _no_calls(_method: str, _url: str, _body: bytes | None, _headers: dict[str, str]) -> Reply:
    cannot("because nothing is asked of the endpoint")


def judge_answer(
    judged: Judged, reading: Reading, profiel: NamedProfiel | None
) -> tuple[tuple[str, Verdict, str], ...]:
    """Return what the checks of one answer find: id, verdict and sentence of each that applies."""
    target = _target(judged, reading, profiel)
    session, passed = PassingAnswer(target, reading), Passed(judged, reading)
    ids = _applying(reading, judged.operation, target)
    found: dict[str, tuple[Verdict, str]] = {}
    for check in CHECKS.values():
        if check.id in ids and all(found[one][0] is Verdict.PASS for one in check.after if one in found):
            found[check.id] = check.decide(session)
    found |= {check.id: check.decide(passed) for check in BETWEEN}
    return tuple((own, *decided) for own, decided in found.items() if decided[0] is not Verdict.OMIT)


def _target(judged: Judged, reading: Reading, profiel: NamedProfiel | None) -> Target:
    """Return what the request asked for; the answer says what a year or a version stands for that was left out."""
    school = None if judged.call is None else judged.call.school
    verzoek = judged.verzoek
    schooljaar, xsdversie = ("", "") if verzoek is None else (verzoek.schooljaar, verzoek.xsdversie)
    if "schooljaar" in judged.repairs:
        schooljaar = reading.school("schooljaar") or schooljaar
    if "xsdversie" in judged.repairs:
        xsdversie = reading.school("xsdversie") or xsdversie
    return Target(
        url="http://uwlr-kit.invalid/",
        klantnaam="",
        klantcode="",
        autorisatiesleutel="",
        brincode=(school.brincode if school else None) or "",
        dependancecode=school.dependancecode if school else "00",
        schooljaar=schooljaar,
        xsdversie=xsdversie,
        profiel=profiel,
    )


def _applying(reading: Reading, operation: Operation | None, target: Target) -> frozenset[str]:
    """Return the ids of the checks that say something about an answer."""
    if reading.kind is AnswerKind.OTHER:
        return frozenset()
    if reading.kind is AnswerKind.FAULT:
        return _FAULT
    if reading.kind is not AnswerKind.DATA or operation is None or not target.schooljaar:
        return _ANY
    ids = _ANY | _DATA
    if "leerlingen" in operation.parts:
        ids |= _OF_LEERLINGEN
    if operation is HAAL_LEERLINGGEGEVENS:
        ids |= _WHOLE
    return ids if target.brincode else ids - _OF_SCHOOL


_GIVEN = 10


def no_answer(cause: str) -> tuple[tuple[str, Verdict, str], ...]:
    """Return what is found when no answer came at all; `cause` is a sentence of our own without its full stop."""
    return ((f"{BETWEEN.prefix}-{_GIVEN}", Verdict.FAIL, f"A request got no answer: {cause}."),)


Answers = list[tuple[Turn, Verdict, str]]
"""What one check found in each answer."""


def by_check(talk: Conversation) -> dict[str, Answers]:
    """Return what each check of an answer found, by its id, over all answers that passed."""
    found: dict[str, Answers] = {}
    for turn in talk.turns:
        for own, verdict, sentence in turn.answer_verdicts:
            found.setdefault(own, []).append((turn, verdict, sentence))
    return found


def result(check: Check, found: Answers) -> CheckResult:
    """Return the result of a check over all answers: one that fails makes it fail."""
    failed = [one for one in found if one[1] is Verdict.FAIL]
    passed = [one for one in found if one[1] is Verdict.PASS]
    if failed:
        turn, _, sentence = failed[0]
        told = f"Answers: {len(failed)} of {len(found)}, the first to request {turn.number}: {sentence}"
        shown = tuple(one.exchange for one, _, _ in failed if one.exchange is not None)[:MAX_KEPT]
        return CheckResult.of(check, Verdict.FAIL, told, shown)
    if passed:
        return CheckResult.of(check, Verdict.PASS, f"{check.title}: {len(passed)} seen.")
    if found:
        return CheckResult.of(check, found[0][1], found[0][2])
    return CheckResult.of(check, Verdict.CANNOT, "Because no such answer passed.")


@BETWEEN.check(1, "Each request that can be read gets an answer of UWLR or a fault", "R-001", "R-004")
def is_answer(passed: Passed) -> None:
    """Look at what came back."""
    if passed.judged.status is not None:
        omit("The request is one that HTTP refuses.")
    kind = passed.reading.kind
    require(kind is not AnswerKind.OTHER, f"A request is answered with {sentence_of(passed.reading)}.")


@BETWEEN.check(2, "A request that is wrong is refused", "R-029", "R-030")
def wrong_is_refused(passed: Passed) -> None:
    """Look at a request that this kit finds wrong, and would not repair."""
    if passed.judged.verdict is not RequestVerdict.WRONG:
        omit("The request is not wrong.")
    wrong = "; ".join(sentence for _, sentence in passed.judged.deviations)
    require(passed.reading.kind not in ANSWERED, f"A wrong request is answered with {passed.reading.kind} ({wrong}).")


@BETWEEN.check(3, "A request that is right is not refused as a wrong message", "R-029")
def right_is_taken(passed: Passed) -> None:
    """Look at a request without any deviation that weighs."""
    if passed.judged.verdict is not RequestVerdict.RIGHT:
        omit("The request is not right.")
    codes = {BAD, "VersionMismatch", "MustUnderstand", "Client"}
    is_refused = passed.reading.kind is AnswerKind.FAULT and passed.reading.fault_code in codes
    require(not is_refused, f"A valid request is answered with {sentence_of(passed.reading)}.")


@BETWEEN.check(4, "Without laatstontvangengegevens no geenwijzigingen is answered", "R-081", "R-082")
def changes_are_given(passed: Passed) -> None:
    """Look at requests that say nothing of what the caller has."""
    verzoek = passed.judged.verzoek
    if verzoek is None or verzoek.laatstontvangengegevens is not None:
        omit("The request says what the caller has.")
    is_wrong = passed.reading.kind is AnswerKind.NO_CHANGES
    require(not is_wrong, "A request without laatstontvangengegevens is answered with geenwijzigingen.")


@BETWEEN.check(5, "Geenwijzigingen and geengegevens are strictly empty", "R-055")
def strictly_empty(passed: Passed) -> None:
    """Look at the element."""
    if passed.reading.kind not in {AnswerKind.NO_CHANGES, AnswerKind.NO_DATA}:
        omit("The answer has data, or is a fault.")
    require_strictly_empty(passed.reading)


@BETWEEN.check(6, "No answer holds the autorisatiesleutel or the klantcode of its request", "R-025")
def no_echo(passed: Passed) -> None:
    """Look for the secrets of the request."""
    if passed.judged.call is None:
        omit("The request has no autorisatie that can be read.")
    given = passed.judged.call.autorisatie
    secrets = [one for one in (given.autorisatiesleutel, given.klantcode) if len(one) >= _SHORTEST_SECRET]
    require(
        not passed.reading.holds(*secrets), "An answer holds the autorisatiesleutel or the klantcode of its request."
    )


_SHORTEST_SECRET = 8
"""Characters of a code below which it may stand in an answer by chance."""


@BETWEEN.check(7, "Each answer comes within 30 seconds", level=Level.SHOULD)
def in_time(passed: Passed) -> None:
    """Look at the time: the shortest timeout seen in a client is 30 seconds."""
    seconds = passed.reading.seconds
    require(seconds <= SHORTEST_TIMEOUT, f"An answer took {seconds:.1f} s, and one known client waits 30 s.")


@BETWEEN.check(8, "The answer is the one of the operation that was asked", "R-013")
def own_answer(passed: Passed) -> None:
    """Compare the element in the Body with the operation."""
    operation, body = passed.judged.operation, passed.reading.body
    if operation is None or body is None or passed.reading.kind not in ANSWERED:
        omit("The request has no known operation, or is refused.")
    wanted = f"{{{LEERLINGGEGEVENS}}}{operation.answer}"
    require(str(body.tag) == wanted, f"A {operation.name} is not answered with {operation.answer}.")


@BETWEEN.check(9, "A fault has a code of the standard", "R-101")
def known_fault(passed: Passed) -> None:
    """Look at the faultcode."""
    if passed.reading.kind is not AnswerKind.FAULT:
        omit("The answer is no fault.")
    require(passed.reading.fault_code in CODES, f"A request is answered with {sentence_of(passed.reading)}.")


@BETWEEN.check(_GIVEN, "Each request that is handed on is answered", "R-001")
def is_given(_passed: Passed) -> None:
    """Pass, since an answer came; `no_answer` is for the other case."""
