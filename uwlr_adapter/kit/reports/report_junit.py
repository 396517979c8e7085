"""A report as JUnit XML, for CI: a testsuite per chapter.

It keeps to what Jenkins, GitLab and GitHub's actions all read (`junit-10.xsd` of the xunit plugin of Jenkins). A failed
check that does not weigh is skipped with its sentence, so that a build fails on the same as the exit status of the run.
A run that stopped has an error of its own.
"""

from dataclasses import asdict

from lxml import etree

from uwlr_adapter.contract.escape import printable
from uwlr_adapter.kit import rules
from uwlr_adapter.kit.checks import Verdict
from uwlr_adapter.kit.report import UNJUDGED, CheckResult, Report
from uwlr_adapter.kit.reports.chapters import Chapter, chapters_of

_UNJUDGED = "no check passed and none that weighs failed, or the kit itself failed"
NAME = "uwlr"
"""First part of the class name of every case."""


def write(report: Report) -> bytes:
    """Return a report as JUnit XML in UTF-8."""
    root = etree.Element("testsuites", name="UWLR conformance")
    for chapter in chapters_of(report):
        root.append(_suite(report, chapter))
    if report.stopped or report.exit_status == UNJUDGED:
        root.append(_run_suite(report))
    for attribute in ("tests", "failures", "errors"):
        root.set(attribute, str(sum(int(suite.get(attribute, "0")) for suite in root)))
    content: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return content


def _suite(report: Report, chapter: Chapter) -> etree._Element:
    suite = _new_suite(report, f"{chapter.name}: {chapter.title}")
    seconds = 0.0
    for result in chapter.results:
        own = sum(one.milliseconds for one in result.exchanges) / 1000
        seconds += own
        suite.append(_case(report, result, own))
    suite.set("tests", str(len(chapter.results)))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
    suite.set("time", f"{seconds:.3f}")
    return suite


def _run_suite(report: Report) -> etree._Element:
    """Return the suite with the one error of a run that stopped, or judged nothing."""
    suite = _new_suite(report, "run: The run itself", tests="1", errors="1")
    case = _element(suite, "testcase", name="The run comes to its end", classname=f"{NAME}.run", time="0.000")
    _element(case, "error", type="stopped", message=report.stopped or _UNJUDGED)
    return suite


def _new_suite(report: Report, name: str, tests: str = "0", errors: str = "0") -> etree._Element:
    """Return a suite with the properties of the report; each suite has them, since readers take one at a time."""
    suite = etree.Element("testsuite", name=printable(name), tests=tests, failures="0", errors=errors, skipped="0")
    suite.set("timestamp", report.moment.replace(microsecond=0, tzinfo=None).isoformat())
    properties = _element(suite, "properties")
    for key, value in {
        "target": report.target,
        "kind": report.kind,
        "plan": report.plan,
        **asdict(report.scope),
        "moment": report.moment.isoformat(),
        "kit": report.kit,
        "rules": report.rules_version,
        "strict": str(report.strict).lower(),
        "conclusion": report.conclusion,
        "causes": " ".join(one.sentence for one in report.causes),
    }.items():
        _element(properties, "property", name=key, value=value)
    return suite


def _case(report: Report, result: CheckResult, seconds: float) -> etree._Element:
    name, group = f"{result.id} {result.title}", f"{NAME}.{result.suite}"
    case = etree.Element("testcase", name=printable(name), classname=printable(group), time=f"{seconds:.3f}")
    if report.weighs(result):
        _element(case, "failure", _story(result), type=result.level, message=result.sentence)
    elif result.verdict is Verdict.FAIL:
        _element(case, "skipped", type=result.level, message=f"fails, level {result.level}: {result.sentence}")
    elif result.verdict is not Verdict.PASS:
        _element(case, "skipped", type=result.verdict, message=f"{result.verdict}: {result.sentence}")
    told = result.sentence if result.verdict is Verdict.PASS else _story(result)
    if not report.weighs(result):
        _element(case, "system-out", told)
    return case


def _story(result: CheckResult) -> str:
    """Return everything about a result as text."""
    table = rules.load()
    lines = [result.sentence, f"Level: {result.level}"]
    for number in result.rules:
        rule = table.get(number)
        lines.append(number if rule is None else f"{number}: {rule.text} ({rule.source}; {rule.sure})")
    if result.reproduce:
        lines += ["", "To reproduce it:", result.reproduce]
    for place, exchange in enumerate(result.exchanges, start=1):
        head = f"{place} of {len(result.exchanges)}, {exchange.milliseconds} ms"
        lines += ["", f"--- request {head}", exchange.request, "", f"--- response {head}", exchange.response]
    return "\n".join(lines)


def _element(parent: etree._Element, tag: str, text: str | None = None, **attributes: str) -> etree._Element:
    """Add an element whose texts hold nothing that is illegal in XML."""
    element = etree.SubElement(parent, tag, {key: printable(value) for key, value in attributes.items()})
    element.text = None if text is None else printable(text, lines=True)
    return element
