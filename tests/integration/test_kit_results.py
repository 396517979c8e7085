"""The kit against endpoints of results: a right one has no failure, and each wrong one is caught by its checks."""

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.kit_endpoint import failed, furnish, schooljaar
from support.kit_endpoint import transport_of as transport_to
from support.results_endpoint import NOT_SHOWN, TARGET, URL, WRONG, WrongEndpoint, answer, transport_of

from uwlr_adapter.cli import main
from uwlr_adapter.clock import now
from uwlr_adapter.contract.versions import VERSIONS
from uwlr_adapter.db.database import Database
from uwlr_adapter.demo import school, setup
from uwlr_adapter.kit import plans, runner
from uwlr_adapter.kit.checks import Verdict
from uwlr_adapter.kit.report import Report
from uwlr_adapter.kit.reports import report_html, report_json, report_junit
from uwlr_adapter.kit.session import Intensity, Session, Target, Transport
from uwlr_adapter.resultaten import reading
from uwlr_adapter.settings import Settings


def run(transport: Transport, *only: str, intensity: Intensity = Intensity.FULL) -> Report:
    """Run the checks of results against a transport, without waiting between the calls."""
    session = Session(TARGET, transport, intensity=intensity, sleep=lambda _: None)
    return runner.run(session, plans.choose_results(only), "results", now(), kind="results")


@pytest.mark.parametrize("strict", [False, True], ids=["tolerant", "strict"])
def test_a_right_endpoint_has_no_failure(*, strict: bool) -> None:
    """Whether it repairs or not, nothing fails, and each check says something."""
    report = run(transport_of(lambda message: answer(message, strict=strict)))
    assert failed(report) == frozenset()
    assert {one.verdict for one in report.results} == {Verdict.PASS}
    assert report.exit_status == 0
    told = next(one.sentence for one in report.results if one.id == "RES-72")
    assert ("is refused" in told) is strict


@pytest.mark.parametrize("wrong", WRONG, ids=lambda one: one.name)
def test_each_wrong_endpoint_is_caught(wrong: WrongEndpoint) -> None:
    """The checks that are meant for it fail, and no other one."""
    report = run(wrong.transport())
    assert failed(report) == wrong.caught_by
    assert not [one.id for one in report.results if one.is_defect]


def test_no_report_has_the_leerling_or_a_code() -> None:
    """In none of its forms, whatever is wrong: a report may be published."""
    report = run(transport_of(lambda message: message))
    assert report.exit_status != 0
    assert report_json.read(report_json.write(report)) == report
    for form in (report_json, report_html, report_junit):
        content = form.write(report).decode()
        assert not [one for one in NOT_SHOWN if one in content]
        assert "leerresultaten_verzoek" in content


def test_a_run_ends_with_the_first_message() -> None:
    """Whatever is chosen, the scores stand at the end as the first message had them."""
    sent: list[bytes] = []

    def answering(message: bytes) -> bytes:
        sent.append(message)
        return answer(message)

    report = run(transport_of(answering), "RES-05")
    assert [one.id for one in report.results] == ["RES-01", "RES-05", "RES-99"]
    assert [b"<lr:score>12<" in one for one in sent] == [True, False, True]


def test_only_a_service_of_ones_own_gets_ten_megabytes() -> None:
    """At any other intensity that check is left out, and no message is large."""
    sizes: list[int] = []

    def answering(message: bytes) -> bytes:
        sizes.append(len(message))
        return answer(message)

    report = run(transport_of(answering), intensity=Intensity.NORMAL)
    assert {one.id: one.verdict for one in report.results}["RES-91"] is Verdict.OMIT
    assert max(sizes) < 8 * 1024


def test_wrong_codes_end_a_run() -> None:
    """Nothing is judged of an endpoint that does not let the run in."""
    report = run(transport_of(lambda message: answer(message.replace(b"een-geheime-code", b"een-andere-code"))))
    assert report.exit_status == 2
    assert report.stopped.startswith("the endpoint refuses the autorisatiesleutel")


def check(*arguments: str) -> tuple[int, str]:
    """Run `check`; returns the exit status and what was printed."""
    done = CliRunner().invoke(
        main,
        [
            "check",
            URL,
            "--klantnaam",
            "x",
            "--klantcode",
            "x",
            "--autorisatiesleutel",
            "x",
            "--brin6",
            "21QW00",
            *arguments,
        ],
    )
    return done.exit_code, " ".join(done.output.replace("│", " ").split())


@pytest.mark.parametrize("other", [["--plan", "wsdl"], ["--profile", "volledig"], ["--scenario", "koppeling"]])
def test_results_are_a_run_of_their_own(other: list[str]) -> None:
    """It goes with no plan, profile or scenario."""
    status, told = check("--results", "L22000", *other)
    assert (status, "--results is a run of its own" in told) == (2, True)


@pytest.mark.parametrize("value", ["", "x" * 257, "a\nb", "@weg.xml"])
def test_a_leerlingid_that_is_none(value: str) -> None:
    """It is told before anything is sent."""
    status, told = check("--results", value)
    assert status == 2
    assert "--results" in told


@pytest.mark.parametrize("strict", [False, True], ids=["tolerant", "strict"])
def test_our_own_service_has_no_failure(tmp_path: Path, *, strict: bool) -> None:
    """Repairing or not, in each version; a second run changes nothing, and three results are left."""
    app = furnish(tmp_path, now(), strict=strict)
    try:
        for version in VERSIONS:
            own = replace(_own_target(), xsdversie=version)
            session = Session(own, transport_to(app), intensity=Intensity.FULL, sleep=lambda _: None)
            report = runner.run(session, plans.choose_results(), "results", now(), kind="results")
            assert failed(report) == frozenset()
            assert report.exit_status == 0
    finally:
        app.close()
    database = Database(Settings(data=tmp_path).database_url)
    try:
        with database.reading() as connection:
            (message, *_) = reading.messages(connection, setup.BRIN6)
            left = reading.of_afnemer(connection, message.afnemer_id, setup.BRIN6)
    finally:
        database.close()
    assert {one.key: one.score for one in left} == {"uwlr-kit-totaal": 12, "uwlr-kit-a": 7, "uwlr-kit-b": 8}


def _own_target() -> Target:
    """Return the target for the example school, with a leerling of it."""
    today = schooljaar()
    return replace(
        TARGET,
        klantnaam=setup.KLANTNAAM,
        klantcode=setup.KLANTCODE,
        autorisatiesleutel=setup.VERIFICATIECODE,
        schooljaar=today,
        leerlingid=school.leerling_keys(setup.BRIN6, today, 5)[0],
    )
