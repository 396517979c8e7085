"""The kit against endpoints: a right one has no failure, and each wrong one is caught by the checks meant for it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree
from support.kit_breakages import BREAKAGES, Breakage, content, every, no_data, on_data
from support.kit_endpoint import CODE, Exchange, broken, failed, furnish, remembered, run_kit, target, transport_of

from uwlr_adapter.clock import now
from uwlr_adapter.contract.profiles import STANDARD
from uwlr_adapter.contract.versions import VERSIONS
from uwlr_adapter.demo import setup
from uwlr_adapter.kit import plans
from uwlr_adapter.kit.checks import Verdict
from uwlr_adapter.kit.plans import PLANS
from uwlr_adapter.kit.reports import report_json
from uwlr_adapter.kit.session import Session, Transport
from uwlr_adapter.kit.suites import ALL
from uwlr_adapter.outbound import Reply

ALWAYS = {"HTTP-21"}
"""What is told of the right endpoint here: it has http: on loopback."""
LACKING = {"PROF-03"}
"""The warning under the LVS-set of 2.2, whose schema requires four digits of a number: the example school has none."""


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Transport]:
    """Return a right endpoint, which is asked each question once."""
    app = furnish(tmp_path_factory.mktemp("kit"), now())
    yield remembered(transport_of(app))
    app.close()


@pytest.mark.parametrize("strict", [False, True], ids=["tolerant", "strict"])
@pytest.mark.parametrize("profiel", STANDARD)
def test_our_own_service_has_no_failure(tmp_path: Path, profiel: str, *, strict: bool) -> None:
    """In each version, under each profile, repairing or not, nothing fails, and nothing warns of the service."""
    app = furnish(tmp_path, now(), profiel=profiel, strict=strict)
    for number, version in enumerate(VERSIONS, start=1):
        own = target(xsdversie=version, profiel=STANDARD[profiel])
        report = run_kit(transport_of(app), own=own, number=number)
        lacking = LACKING if (profiel, version) == ("LVS-set", "2.2") else set()
        assert failed(report) == ALWAYS | lacking
        assert not report.failures
        assert {one.id for one in report.warnings} == lacking
        assert report.exit_status == 0
        assert {one.id: one.verdict for one in report.results}["PROF-01"] is Verdict.PASS
        deviation = next(one for one in report.results if one.id == "REQ-42")
        assert ("is refused" in deviation.sentence) is strict
    app.close()


def test_no_profile_need_be_named(right: Transport) -> None:
    """Without one, what a profile says is left out."""
    report = run_kit(right)
    assert failed(report) == ALWAYS
    assert {one.verdict for one in report.results if one.id in {"PROF-01", "PROF-02", "PROF-03"}} == {Verdict.OMIT}


@pytest.mark.parametrize(
    ("number", "breakage"), list(enumerate(BREAKAGES, start=2)), ids=lambda one: getattr(one, "name", "")
)
def test_each_wrong_endpoint_is_caught(right: Transport, number: int, breakage: Breakage) -> None:
    """The checks that are meant for it fail, and no other one."""
    report = run_kit(broken(right, breakage.how), number=number)
    assert failed(report) - ALWAYS == breakage.caught_by
    assert not [one.id for one in report.results if "defect" in one.sentence]


def test_a_school_without_data_is_not_judged(right: Transport) -> None:
    """Nearly nothing can be seen of it: an endpoint that never has any data is not conformant for that."""
    report = run_kit(broken(right, no_data))
    assert report.stopped == "the school has no data in this schooljaar: choose another one with --schooljaar"
    assert report.exit_status == 2


def test_white_space_in_a_text_is_no_control(right: Transport) -> None:
    """A line break in a description is XML as it should be."""
    lines = on_data(every(r"(<groep [^>]*><naam>)", r"\1A&#10;&#9;&#13;"))
    report = run_kit(broken(right, lines), plans.choose(PLANS["las-2.2"], ("TEXT-04",)))
    assert report.exit_status == 0


def test_all_groups_of_a_large_school_are_asked(right: Transport) -> None:
    """A school of 2,000 leerlingen has more than a hundred groups, and the structure names more than it fills."""
    asked: list[bytes] = []
    empty = "".join(f'<groep key="leeg-{number}"><naam>Leeg {number}</naam></groep>' for number in range(120))

    def large(it: Exchange) -> Reply:
        asked.append(it.body)
        found = it.right(re.sub(rb'<lg:groep key="leeg-[0-9]+"/>', b"", it.body)) if b"leeg-" in it.body else it.reply
        return content(found, found.content.replace(b"<groepen><groep ", f"<groepen>{empty}<groep ".encode()))

    report = run_kit(broken(right, large), plans.choose(PLANS["getrapt"]))
    assert {one.verdict for one in report.results if one.id in {"STEP-14", "STEP-15", "STEP-24"}} == {Verdict.PASS}
    assert max(body.count(b"<lg:groep ") for body in asked) > 120


def test_nothing_of_a_person_and_no_secret_is_in_a_report(right: Transport) -> None:
    """No value of the answer, apart from those of closed form, and no code stand in the report."""
    root = Session(target(), right).usual_answer().root
    assert root is not None
    names = {
        text
        for one in root.iter(etree.Element)
        if etree.QName(one).localname not in {"peildatum", "aanmaakdatum"}
        for text in (one.text or "", one.get("key", ""), one.get("eckid", ""))
        if len(text) > len("2026-2027")
    }
    assert len(names) > 100
    written = report_json.write(run_kit(right, shows=True)).decode()
    texts = [
        exchange[side]
        for result in json.loads(written)["results"]
        for exchange in result["exchanges"]
        for side in ("request", "response")
    ]
    assert sum(map(len, texts)) > 100_000
    assert not [text for text in names if text in written]
    assert CODE not in written
    assert setup.KLANTCODE not in written


def test_checks_build_on_checks_before_them() -> None:
    """Each id is there once, and what a check builds on has been run by then."""
    known: set[str] = set()
    for suite in ALL:
        for check in suite:
            assert check.id not in known
            assert set(check.after) <= known, check.id
            known.add(check.id)


def test_a_choice_brings_what_it_builds_on() -> None:
    """--only takes names of suites and ids of checks."""
    chosen = [check.id for check in plans.choose(PLANS["las-2.2"], ("STEP-14",))]
    assert chosen == ["HTTP-01", "LG-01", "STEP-01", "STEP-11", "STEP-14"]
    with pytest.raises(plans.PlanError):
        plans.choose(PLANS["las-2.2"], ("STEP-99",))
