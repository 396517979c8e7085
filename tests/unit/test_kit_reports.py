"""The forms of a report: each says the same, and no text in it can be more than text."""

import base64
import hashlib
import io
import json
import re
from collections.abc import Callable
from dataclasses import astuple, replace
from typing import TYPE_CHECKING, Any

import pytest
from lxml import etree, html
from support.kit_reports import EXCHANGE, HOSTILE, MOMENT, NASTY, ONE_CAUSE, ORDINARY, nasty, report, result

from uwlr_adapter.cli.base import Context
from uwlr_adapter.cli.check_output import show_comparison, show_report
from uwlr_adapter.cli.terminal import SafeConsole
from uwlr_adapter.contract.escape import printable
from uwlr_adapter.kit import rules
from uwlr_adapter.kit.checks import Level, Verdict
from uwlr_adapter.kit.report import FORMAT, Report
from uwlr_adapter.kit.reports import report_html, report_json, report_junit
from uwlr_adapter.kit.reports.chapters import ChapterVerdict, chapters_of, counts_of
from uwlr_adapter.kit.reports.comparison import compare
from uwlr_adapter.kit.reports.report_json import ReportFileError
from uwlr_adapter.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console

EVERY = {
    "ordinary": ORDINARY,
    "hostile": HOSTILE,
    "strict": replace(ORDINARY, strict=True),
    "stopped": replace(ORDINARY, stopped="it was interrupted"),
    "empty": report(),
    "conformant": report(result(1)),
    "warned": report(result(1, Verdict.FAIL, Level.SHOULD), result(2, Verdict.SKIP)),
    "one cause": ONE_CAUSE,
}
WRITERS = {"json": report_json.write, "junit": report_junit.write, "html": report_html.write}
PROMISES = ("target", "plan", "kit", "rules_version")
"""What each form says of the run, beside its moment."""


def terminal_of(shown: Report, against: Report | None = None) -> str:
    """Return what a terminal gets of a report or of a comparison, with the escapes of rich's own colours left out."""
    console: Console = SafeConsole(file=io.StringIO(), width=200, highlight=False, color_system=None)
    context = Context(Settings(), console=console)
    if against is None:
        show_report(context, shown)
    else:
        show_comparison(context, compare(against, shown))
    written = console.file
    assert isinstance(written, io.StringIO)
    return written.getvalue()


def schema_errors(content: bytes) -> list[str]:
    """Return what the schema finds in a report as JSON."""
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - seconds, which only the worker of this test pays

    return [error.message for error in Draft202012Validator(report_json.schema()).iter_errors(json.loads(content))]


@pytest.mark.parametrize("name", EVERY)
def test_json_keeps_everything(name: str) -> None:
    """A report that is written and read again is the same, and fits the schema."""
    content = report_json.write(EVERY[name])
    assert report_json.read(content) == EVERY[name]
    if name != "hostile":  # whose numbers of rules are none
        assert schema_errors(content) == []


PLACES: dict[str, Callable[[Any], Any]] = {
    "report": lambda whole: whole,
    "result": lambda whole: whole["results"][0],
    "exchange": lambda whole: whole["results"][0]["exchanges"][0],
    "rule": lambda whole: whole["rules"]["R-001"],
}
"""The objects of a report as JSON."""


@pytest.mark.parametrize("place", PLACES)
def test_the_schema_finds_what_is_wrong(place: str) -> None:
    """The schema is one of 2020-12; it finds a field that is absent, unknown or of another type, in every object."""
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - as above

    Draft202012Validator.check_schema(report_json.schema())
    content = report_json.write(ORDINARY)
    for field in PLACES[place](json.loads(content)):
        whole = json.loads(content)
        PLACES[place](whole)[field] = {"x": {"y": []}}
        assert schema_errors(json.dumps(whole).encode()), f"{field} of another type"
        del PLACES[place](whole)[field]
        assert schema_errors(json.dumps(whole).encode()), f"{field} absent"
    whole = json.loads(content)
    PLACES[place](whole)["unknown"] = 1
    assert schema_errors(json.dumps(whole).encode())


def test_json_steers_no_terminal() -> None:
    """Every character of the file is printable, so that it can be shown as it is."""
    text = report_json.write(HOSTILE).decode()
    assert {one for one in text if not one.isprintable()} == {"\n"}


def changed(**fields: Any) -> bytes:
    """Return an ordinary report as JSON with some fields of it changed."""
    return json.dumps({**json.loads(report_json.write(ORDINARY)), **fields}).encode()


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"[]", b"{}", b"null", b"\xff\xfe", b"<html/>", b"[" * 100_000, report_json.write(ORDINARY)[:-40]),
        *(
            changed(results=5),
            changed(results=[{}]),
            changed(moment="yesterday"),
            changed(moment="2026-11-30T20:04:36"),
            changed(moment="0001-01-01T00:00:00+14:00"),
            changed(moment="9999-12-31T23:59:59-14:00"),
        ),
        *(changed(format=None), changed(format=0), changed(stopped=None), changed(strict="no"), changed(target=[])),
        changed(results=[{**json.loads(report_json.write(ORDINARY))["results"][0], "verdict": NASTY}]),
    ],
)
def test_what_is_no_report_is_refused_with_one_sentence(content: bytes) -> None:
    """The sentence has nothing of the file."""
    with pytest.raises(ReportFileError, match=r"^the file is no report of this program$"):
        report_json.read(content)


def test_a_report_of_a_later_form_is_refused_as_such() -> None:
    """The form is looked at before the rest, which may be of another make."""
    with pytest.raises(ReportFileError, match="newer version"):
        report_json.read(changed(format=FORMAT + 1, results=5))


@pytest.mark.parametrize("form", WRITERS)
def test_half_a_character_is_no_reason_to_lose_a_report(form: str) -> None:
    """Half a surrogate pair, which no encoding holds, is written as something else."""
    half = replace(report(replace(result(1), sentence="\ud800")), target="http://x/\udcff")
    assert WRITERS[form](half).decode()
    if form == "json":
        assert report_json.read(report_json.write(half)).results[0].sentence == "\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize("form", [*WRITERS, "terminal"])
def test_each_form_says_what_was_judged_and_when(form: str) -> None:
    """Target, plan, scope, moment, and the versions of the kit and of the rules stand in each form."""
    text = terminal_of(ORDINARY) if form == "terminal" else WRITERS[form](ORDINARY).decode()
    assert [name for name in PROMISES if getattr(ORDINARY, name) not in text] == []
    assert [value for value in astuple(ORDINARY.scope) if value not in text] == []
    assert re.search("2026-11-30[T ]20:04:36(?:\\+00:00| UTC)", text)
    assert "not conformant" in text


@pytest.mark.parametrize("form", [*WRITERS, "terminal"])
def test_each_form_begins_with_the_common_cause(form: str) -> None:
    """The one sentence that explains many failures stands before the first of them."""
    shown = ONE_CAUSE
    text = terminal_of(shown) if form == "terminal" else WRITERS[form](shown).decode()
    (cause,) = shown.causes
    assert text.index(cause.sentence) < text.index(shown.results[0].sentence)
    assert "not to judge requests by the schema" in cause.sentence


def test_the_version_of_the_rules_follows_the_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another text of one rule is another version; why a rule is not seen is none of it."""
    table, version = rules.load(), rules.version()
    assert re.fullmatch("[0-9a-f]{12}", version)
    for field, is_same in {"text": False, "source": False, "sure": False, "unseen": True}.items():
        own = {**table, "R-001": replace(table["R-001"], **{field: "unknown"})}  # type: ignore[arg-type] # any field
        monkeypatch.setattr(rules, "load", lambda own=own: own)
        rules.version.cache_clear()
        assert (rules.version() == version) is is_same, field
    monkeypatch.undo()
    rules.version.cache_clear()


def junit_of(shown: Report) -> etree._Element:
    """Return the JUnit XML of a report, read by a strict parser."""
    return etree.fromstring(report_junit.write(shown))


@pytest.mark.parametrize("name", EVERY)
def test_junit_counts_what_it_holds(name: str) -> None:
    """Each suite has the numbers of its cases by outcome, and the whole has the sums."""
    root = junit_of(EVERY[name])
    for suite in root:
        counted = {kind: len(suite.findall(f"testcase/{kind}")) for kind in ("failure", "error", "skipped")}
        told = {kind: int(suite.get(f"{kind}s", suite.get(kind, ""))) for kind in counted}
        assert told == counted
        assert int(suite.get("tests", "")) == len(suite.findall("testcase"))
    for name_of_sum in ("tests", "failures", "errors"):
        assert int(root.get(name_of_sum, "")) == sum(int(suite.get(name_of_sum, "")) for suite in root)


@pytest.mark.parametrize("name", EVERY)
def test_junit_fails_a_build_when_the_run_does(name: str) -> None:
    """There is a failure or an error exactly when the exit status of the run is not 0."""
    found = junit_of(EVERY[name]).findall(".//failure") + junit_of(EVERY[name]).findall(".//error")
    assert bool(found) == bool(EVERY[name].exit_status)


def test_junit_holds_what_failed_and_why_others_did_not_run() -> None:
    """A failure has its sentence, rules, exchanges and line; a warning and each other verdict is skipped."""
    root = junit_of(ORDINARY)
    (failure,) = root.findall(".//failure")
    assert failure.get("message") == "A sentence about a fail."
    for piece in (EXCHANGE.request, EXCHANGE.response, ORDINARY.results[3].reproduce, rules.load()["R-008"].text):
        assert piece in (failure.text or "")
    skipped = {case.get("name", "").partition(" ")[0]: case.find("skipped") for case in root.iter("testcase")}
    words = {name: (one.get("message") or "").partition(":")[0] for name, one in skipped.items() if one is not None}
    assert words["HTTP-03"] == "fails, level should"
    assert [words[f"WSDL-0{number}"] for number in (2, 3, 4)] == ["skip", "omit", "cannot"]
    assert [suite.get("name") for suite in root] == [
        "http: Transport",
        "wsdl: The WSDL",
        "late: late",
        "warned: warned",
    ]


def test_junit_keeps_to_the_elements_that_ci_reads() -> None:
    """No element or attribute is used but those of junit-10.xsd of Jenkins, at their places."""
    allowed = {
        "testsuites": ({"testsuite"}, {"name", "tests", "failures", "errors"}),
        "testsuite": (
            {"properties", "testcase"},
            {"name", "tests", "failures", "errors", "skipped", "timestamp", "time"},
        ),
        "properties": ({"property"}, set()),
        "property": (set(), {"name", "value"}),
        "testcase": ({"failure", "error", "skipped", "system-out"}, {"name", "classname", "time"}),
        **dict.fromkeys(("failure", "error", "skipped"), (set(), {"type", "message"})),
        "system-out": (set(), set()),
    }
    for shown in EVERY.values():
        for element in junit_of(shown).iter():
            children, attributes = allowed[str(element.tag)]
            assert {str(child.tag) for child in element} <= children
            assert set(element.attrib) <= attributes


def test_junit_shows_a_nasty_text_as_text() -> None:
    """Every character that XML cannot hold, or that steers a reader, is an escape; the text is otherwise whole."""
    (failure, *_) = junit_of(HOSTILE).findall(".//failure")
    assert failure.get("message") == printable(NASTY)
    text = "".join(str(one) for one in junit_of(HOSTILE).itertext())
    assert {one for one in text if not one.isprintable()} <= {"\n"}


def page_of(shown: Report) -> Any:
    """Return the page of a report, read as HTML."""
    return html.document_fromstring(report_html.write(shown).decode())


def test_the_page_has_nothing_of_its_own_but_text() -> None:
    """Whatever the texts are, no element, attribute or address stands in the page that the template does not have."""
    attributes = {"lang", "charset", "http-equiv", "content", "name", "class", "scope", "href", "id", "open"}
    for shown in EVERY.values():
        page = page_of(shown)
        assert {name for one in page.iter("*") for name in one.attrib} <= attributes
        forbidden = {"script", "img", "iframe", "object", "embed", "link", "form", "base", "svg", "x", "audio", "video"}
        assert forbidden.isdisjoint({one.tag for one in page.iter("*")})
        assert all(link.startswith("#") for link in page.xpath("//@href"))
        assert len(page.findall(".//style")) == 1


def test_the_page_allows_its_own_style_and_nothing_else() -> None:
    """The policy has the digest of the style sheet as it stands in the page."""
    page = page_of(HOSTILE)
    digest = base64.b64encode(hashlib.sha256(page.findtext(".//style").encode()).digest()).decode()
    (policy,) = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert "url(" not in page.findtext(".//style")
    assert "@import" not in page.findtext(".//style")


def test_the_page_shows_a_nasty_text_as_text() -> None:
    """A text is in the page as it is, with an escape for each character that is not printable."""
    page = page_of(HOSTILE)
    assert page.xpath("string(//article//p[@class='sentence'])") == printable(NASTY, lines=True)
    assert {one for one in report_html.write(HOSTILE).decode() if not one.isprintable()} == {"\n"}


def test_the_page_has_failures_first_and_every_check_once() -> None:
    """Failures come before warnings, and these before information; each check is in the page with all that is known."""
    page = page_of(ORDINARY)
    headings = page.xpath("//h2/text()")
    assert headings == [
        "Chapters",
        "Failures",
        "Warnings",
        "For information",
        "Transport",
        "The WSDL",
        "late",
        "warned",
    ]
    whole = page.xpath("//article | //details[contains(@class, 'check')]")
    assert sorted(one.xpath("string(.//h3/span)") for one in whole) == sorted(one.id for one in ORDINARY.results)
    failure = page.xpath("//section[@class='failures']//article")[0].text_content()
    for piece in (
        *("HTTP-04", "What must hold in check 4", "must", "fail", "A sentence about a fail."),
        *("R-001", rules.load()["R-001"].text, rules.load()["R-001"].source, rules.load()["R-001"].sure),
        *(EXCHANGE.request, EXCHANGE.response, ORDINARY.results[3].reproduce, "no response"),
    ):
        assert piece in failure


@pytest.mark.parametrize(("strict", "groups"), [(False, ["Warnings"]), (True, ["Failures"])])
def test_the_page_of_a_strict_run_has_no_warnings(*, strict: bool, groups: list[str]) -> None:
    """With --strict a failed check of level should stands among the failures."""
    page = page_of(report(result(1, Verdict.FAIL, Level.SHOULD), strict=strict))
    assert page.xpath("//h2/text()")[1:-1] == groups


def test_each_chapter_has_its_verdict() -> None:
    """A chapter fails by what weighs, else warns by a should; its failures come first, by level."""
    assert [chapter.verdict for chapter in chapters_of(ORDINARY)] == [
        *(ChapterVerdict.FAILS, ChapterVerdict.PASSES, ChapterVerdict.NOT_JUDGED, ChapterVerdict.WARNS)
    ]
    places = [one.id[-2:] for one in chapters_of(ORDINARY)[0].results]
    assert places == ["04", "03", "02", "01"]
    strict = chapters_of(replace(ORDINARY, strict=True))
    assert strict[-1].verdict is ChapterVerdict.FAILS
    told = report(result(1), result(2, Verdict.FAIL, Level.INFORMATION))
    assert [chapter.verdict for chapter in chapters_of(told)] == [ChapterVerdict.PASSES]
    assert counts_of(ORDINARY.results[:4]) == "1 pass, 1 fail, 1 fail (should), 1 fail (information)"
    assert counts_of(()) == "no checks"


def test_the_terminal_shows_failures_with_their_sentence() -> None:
    """Each failure and each check that could not be tested is there, and nothing that passed."""
    text = terminal_of(ORDINARY)
    for check_id in ("HTTP-02", "HTTP-03", "HTTP-04", "WSDL-04", "WARNED-01"):
        assert re.search(rf"{check_id}.*A sentence about a (fail|cannot)\.", text)
    assert "HTTP-01" not in text
    assert text.index("HTTP-04") < text.index("HTTP-03") < text.index("HTTP-02") < text.index("WSDL-04")
    assert text.splitlines()[-1] == "not conformant, with 2 warnings"


def test_no_text_of_a_report_steers_a_terminal() -> None:
    """Nothing but lines is in what a console gets, and markup of rich is shown as it is."""
    console: Console = SafeConsole(file=io.StringIO(), width=5_000, highlight=False, color_system=None)
    context = Context(Settings(), console=console)
    show_report(context, HOSTILE)
    show_comparison(context, compare(replace(HOSTILE, target="x", results=()), HOSTILE))
    show_comparison(context, compare(HOSTILE, replace(HOSTILE, results=(nasty(Verdict.PASS),))))
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert {one for one in text if not one.isprintable()} == {"\n"}
    assert "[red]x[/red]" in text


def test_no_place_of_the_terminal_obeys_markup() -> None:
    """Markup of rich is shown as it is, wherever a text of a report stands."""
    marked = {name: f"[red]{name}[/red]" for name in ("id", "suite", "sentence", "target", "plan", "kit", "stopped")}
    own = {name: marked[name] for name in ("id", "suite", "sentence")}
    failed = replace(result(1, Verdict.FAIL), **own)  # type: ignore[arg-type] # texts
    rest = {name: text for name, text in marked.items() if name not in own}
    shown = replace(report(failed), **rest)  # type: ignore[arg-type] # texts
    assert [text for text in marked.values() if text not in terminal_of(shown)] == []
    compared = terminal_of(shown, against=report())
    assert [name for name, text in marked.items() if text not in compared] == ["suite"]


@pytest.mark.parametrize(
    ("name", "status"), [("conformant", 0), ("ordinary", 1), ("stopped", 1), ("empty", 2), ("warned", 2)]
)
def test_conformant_is_what_passed_something(name: str, status: int) -> None:
    """Warnings alone make nothing conformant: with nothing that passed there was no service to judge."""
    assert EVERY[name].exit_status == status
    words = {0: "conformant", 1: "not conformant", 2: "could not be judged"}
    assert EVERY[name].conclusion == words[status]


def test_a_report_knows_its_moment_in_utc() -> None:
    """The moment is shown in UTC."""
    assert report().shown_moment == "2026-11-30 20:04:36 UTC"
    assert report().moment == MOMENT
