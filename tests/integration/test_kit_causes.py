"""Common causes: an endpoint that lacks one thing is told so in one sentence, and a right one is told nothing."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from support.kit_breakages import Break, content, on_data, on_fault
from support.kit_endpoint import CODE, Exchange, broken, furnish, remembered, run_kit, transport_of
from support.kit_reports import ORDINARY, result

from uwlr_adapter.clock import now
from uwlr_adapter.kit.causes import CAUSES, MIN_FAILED, Sign, likely_causes
from uwlr_adapter.kit.checks import Verdict
from uwlr_adapter.kit.report import CheckResult
from uwlr_adapter.kit.session import Transport
from uwlr_adapter.kit.suites import ALL
from uwlr_adapter.outbound import Reply

SOAP_11, SOAP_12 = "http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Transport]:
    """Return a right endpoint, which is asked each question once."""
    app = furnish(tmp_path_factory.mktemp("kit"), now())
    yield remembered(transport_of(app))
    app.close()


def answers_what_it_can_read(it: Exchange) -> Reply:
    """Answer each refused request of this afnemer as if it were the usual one: nothing in its body is looked at."""
    is_known = CODE.encode() in it.body and b"<aut:klantnaam>Snappet<" in it.body and b"demo-klantcode" in it.body
    is_invalid = b"Client.OngeldigBericht" in it.reply.content and b"_verzoek" in it.body
    return it.usual() if is_known and is_invalid else it.reply


def answers_anybody(it: Exchange) -> Reply:
    """Answer whoever asks, with or without an autorisatie."""
    is_refused = b"AutorisatieOngeldig" in it.reply.content or b"KlantIdentificatie" in it.reply.content
    return it.usual() if is_refused and b"99ZZ" not in it.body and b"_verzoek" in it.body else it.reply


def with_code(code: str) -> Break:
    """Refuse with one code, whatever is wrong."""
    return on_fault(lambda text: re.sub(r"<faultcode>soap:[^<]*<", f"<faultcode>soap:{code}<", text))


def with_a_page(it: Exchange) -> Reply:
    """Refuse with a page."""
    return replace(it.reply, status=400, content=b"<html><body>Bad Request</body></html>") if it.is_fault else it.reply


def without_comparing(it: Exchange) -> Reply:
    """Say geenwijzigingen to whoever names a moment."""
    text = it.reply.content.decode()
    if not it.is_data or b"laatstontvangengegevens>" not in it.body:
        return it.reply
    nothing = r"\1<geenwijzigingen/>\2"
    return content(it.reply, re.sub(r"(<\w+_antwoord [^>]*>).*(</\w+_antwoord>)", nothing, text, flags=re.DOTALL))


def in_soap_12(text: str) -> str:
    """Return an envelope of SOAP 1.2, with the code of a fault where that version has it."""
    code = r"<soap:Code><soap:Value>soap:Sender</soap:Value></soap:Code>"
    return re.sub("<faultcode>.*</faultstring>", code, text.replace(SOAP_11, SOAP_12), flags=re.DOTALL)


ONE_BY_ONE: dict[str, tuple[Break, list[str]]] = {
    "no schema": (answers_what_it_can_read, ["not to judge requests by the schema"]),
    "no autorisatie": (answers_anybody, ["not to look at the autorisatie"]),
    "no moment": (without_comparing, ["not to compare laatstontvangengegevens with its data"]),
    "data in SOAP 1.2": (on_data(in_soap_12), ["to answer in another SOAP than 1.1"]),
    "faults in SOAP 1.2": (on_fault(in_soap_12), ["to refuse in another SOAP than 1.1"]),
    "a bare Client": (with_code("Client"), ["to leave its refusals to a toolkit"]),
    "a code of its own": (with_code("Client.Fout12"), ["to leave its refusals to a toolkit"]),
    "one code of the standard": (with_code("Client.XsdVersieOngeldig"), ["to mix the faultcodes of the standard up"]),
    "a failure": (with_code("Server.InterneFout"), ["to break on what it must refuse"]),
    "a page": (with_a_page, ["to refuse without a fault"]),
}


@pytest.mark.parametrize("name", ONE_BY_ONE)
def test_what_an_endpoint_lacks_is_one_sentence(right: Transport, name: str) -> None:
    """The sentence names it, with how many checks fail by it and of how many."""
    how, seems = ONE_BY_ONE[name]
    report = run_kit(broken(right, how), number=1 + list(ONE_BY_ONE).index(name))
    told = [one.sentence for one in report.causes]
    assert [re.sub(r"^The endpoint seems (.*?): \d+ of \d+ .*\.$", r"\1", one) for one in told] == seems
    failed = {one.id for one in report.results if one.verdict is Verdict.FAIL}
    assert all(set(one.checks) <= failed for one in report.causes)


def test_silence_is_a_cause_when_each_refusal_is_one() -> None:
    """A run of the kit ends after some calls in a row without an answer: what was found by then has the cause."""
    lost = replace(result(1, Verdict.FAIL), sign=Sign.SILENCE)
    results = [replace(lost, id=f"REQ-{number:02}") for number in (1, 2, 3)]
    (cause,) = likely_causes(results)
    assert "to close the connection instead of refusing: 3 of 3" in cause.sentence


def test_a_right_endpoint_is_told_nothing(right: Transport) -> None:
    """No cause is made of what is information."""
    assert run_kit(right, number=50).causes == ()


def of_group(check_ids: list[str], failed: int, sign: Sign = Sign.ANSWERED) -> list[CheckResult]:
    """Return results of these checks, of which the first so many failed."""
    return [
        replace(
            result(1, Verdict.FAIL if place < failed else Verdict.PASS), id=one, sign=sign if place < failed else None
        )
        for place, one in enumerate(check_ids)
    ]


@pytest.mark.parametrize(
    ("judged", "failed", "is_cause"), [(3, 3, True), (3, 2, False), (24, 12, True), (24, 11, False)]
)
def test_a_cause_is_that_of_most_of_a_group(judged: int, failed: int, *, is_cause: bool) -> None:
    """Half of those that were judged, and not fewer than MIN_FAILED; what was skipped does not count."""
    ids = [f"REQ-{number:02}" for number in range(1, judged + 1)]
    skipped = replace(result(1, Verdict.SKIP), id="REQ-51")
    assert bool(likely_causes([*of_group(ids, failed), skipped])) is is_cause
    assert MIN_FAILED == 3


def test_failures_of_another_kind_are_no_part_of_a_cause() -> None:
    """A group that fails in two ways has the cause of the one that is most of it."""
    ids = [f"REQ-{number:02}" for number in range(1, 11)]
    results = of_group(ids[:4], 4) + of_group(ids[4:], 6, Sign.SERVER)
    (cause,) = likely_causes(results)
    assert "to break on what it must refuse: 6 of 10" in cause.sentence
    assert cause.checks == tuple(ids[4:])


def test_each_cause_is_about_checks_that_exist() -> None:
    """No group names a check that went, and no two are told apart by nothing."""
    known = {check.id for suite in ALL for check in suite}
    assert [sorted(one.checks - known) for one in CAUSES if one.checks - known] == []
    for place, one in enumerate(CAUSES):
        assert [other for other in CAUSES[:place] if other.sign is one.sign and other.checks & one.checks] == []
    assert {one.sign for one in CAUSES} == set(Sign)


def test_an_ordinary_report_has_no_cause() -> None:
    """Each of its failures speaks for itself."""
    assert ORDINARY.causes == ()
