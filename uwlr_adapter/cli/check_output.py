"""Output of a run of the kit: the files of its report, and what a terminal shows of it."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

import click

from uwlr_adapter.cli.base import Context, make_table
from uwlr_adapter.cli.files import why_unwritable, write_private
from uwlr_adapter.cli.terminal import escape
from uwlr_adapter.contract.nouns import count_noun
from uwlr_adapter.kit.checks import Level, Verdict
from uwlr_adapter.kit.listening.chapters import REQUESTS
from uwlr_adapter.kit.report import CheckResult, Report, in_order
from uwlr_adapter.kit.reports import comparison, report_html, report_json, report_junit
from uwlr_adapter.kit.reports.chapters import ChapterVerdict, chapters_of, counts_of, scope_of
from uwlr_adapter.kit.reports.comparison import Change, ReportComparison
from uwlr_adapter.kit.reports.report_json import ReportFileError

MAX_REPORT = 64 * 1024 * 1024
"""Bytes of a report that is read (inclusive): ten times the largest that the kit writes."""
MAX_LISTED = 20
"""Checks that are new or gone whose ids are shown (inclusive)."""
_LISTED = (Change.NEW, Change.GONE)
"""The changes that have a line together: a plan has hundreds of checks."""
FORMS: Final[Mapping[str, tuple[str, Callable[[Report], bytes]]]] = {
    "json": ("as JSON, for --against and for programs", report_json.write),
    "junit": ("as JUnit XML, for CI", report_junit.write),
    "html": ("as one HTML page, for people", report_html.write),
}
"""The forms of a report by the name of their option."""
_COLOURS = {
    **dict.fromkeys((Verdict.PASS, ChapterVerdict.PASSES, Change.MENDED), "green"),
    **dict.fromkeys((Verdict.FAIL, ChapterVerdict.FAILS, Change.NEWLY_FAILING, Change.STILL_FAILING), "red"),
    **dict.fromkeys((Verdict.CANNOT, ChapterVerdict.WARNS, Change.UNJUDGED), "yellow"),
}


class ReportNotSavedError(click.ClickException):
    """A file of a report could not be written: the run is judged as one that could not be done."""


class ReportPath(click.Path):
    """The type of an option with a report that a run wrote; its value is the report."""

    def __init__(self) -> None:
        super().__init__(exists=True, dir_okay=False, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401 - click's signature
        """Return the report. Raises BadParameter."""
        if isinstance(value, Report):
            return value
        path = Path(str(super().convert(value, param, ctx)))
        try:
            if path.stat().st_size > MAX_REPORT:
                self.fail("the file is too large for a report", param, ctx)
            return report_json.read(path.read_bytes())
        except (OSError, ReportFileError) as error:
            text = str(error) if isinstance(error, ReportFileError) else f"it cannot be read ({type(error).__name__})"
            self.fail(text, param, ctx)


@dataclass(frozen=True, slots=True)
class ReportFiles:
    """The files in which a report is kept, by the name of their form."""

    paths: Mapping[str, Path]

    def save(self, report: Report) -> None:
        """Write each file anew, as a whole and readable by its owner only. Raises ReportNotSavedError."""
        for form, path in self.paths.items():
            try:
                write_private(path, FORMS[form][1](report))
            except OSError as error:
                raise ReportNotSavedError(f"the report is not saved as {path}: {error.strerror}") from None

    def keep(self, report: Report) -> None:
        """Write each file while the run goes on; what cannot be written now is told at the end."""
        with suppress(ReportNotSavedError):
            self.save(report)

    def show(self, context: Context) -> None:
        """Print where the report is."""
        for path in self.paths.values():
            context.messages.print(f"Saved as {escape(str(path))}, readable only by you.")


def _writable(_context: click.Context, _parameter: click.Parameter, value: Path | None) -> Path | None:
    why = None if value is None else why_unwritable(value)
    if why is not None:
        raise click.BadParameter(why)
    return value


def report_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options for the files of a report, and for another report to compare it with, to a command.

    It gets `json_file`, `junit_file`, `html_file` and `against`.
    """
    command = click.option(
        "--against",
        type=ReportPath(),
        metavar="REPORT",
        help="Compare with a report of --json; the exit status is also 1 when a check newly fails.",
    )(command)
    for form, (text, _) in reversed(list(FORMS.items())):
        command = click.option(
            f"--{form}",
            f"{form}_file",
            type=click.Path(dir_okay=False, path_type=Path),
            callback=_writable,
            help=f"File for the report {text}.",
        )(command)
    return command


def report_files(**given: Path | None) -> ReportFiles:
    """Return the files that were asked for, by form. Raises UsageError if two are one."""
    paths = {form: path for form, path in given.items() if path is not None}
    if len({path.resolve() for path in paths.values()}) < len(paths):
        raise click.UsageError("each form of the report needs a file of its own")
    return ReportFiles(paths)


def deliver(context: Context, kept: ReportFiles, report: Report, against: Report | None) -> NoReturn:
    """Save and print a report, compared with another one if asked for, and end with its exit status."""
    found = None if against is None else comparison.compare(against, report)
    try:
        kept.save(report)
        kept.show(context)
    finally:
        if found is not None:
            show_comparison(context, found)
        show_report(context, report)
    raise click.exceptions.Exit(report.exit_status or int(found is not None and found.is_worse))


def show_report(context: Context, report: Report) -> None:
    """Print the verdict of each chapter, what failed or could not be tested, and the verdict of the whole.

    Of a run that stopped before anything was judged there is one sentence to print.
    """
    if report.stopped and not report.has_run:
        context.console.print(f"{report.conclusion}: {escape(report.stopped)}")
        return
    for cause in report.causes:
        context.console.print(escape(cause.sentence))
    chapters = make_table("chapter", "verdict", "checks")
    for chapter in chapters_of(report):
        chapters.add_row(escape(chapter.title), _coloured(chapter.verdict), chapter.counts)
    context.console.print(chapters)
    table = make_table("check", "level", "result", "what was found")
    for result in in_order(report.results):
        if _is_told(result):
            table.add_row(escape(result.id), result.level, _coloured(result.verdict), escape(result.sentence))
    if table.row_count:
        context.console.print(table)
    context.console.print(f"{escape(report.target)}, plan {escape(report.plan)}, {report.shown_moment}")
    scope = ", ".join(f"{name.lower()} {escape(value)}" for name, value in scope_of(report) if value)
    if scope:
        context.console.print(scope)
    context.console.print(f"Kit {escape(report.kit)}, rules {escape(report.rules_version)}")
    context.console.print(counts_of(report.results))
    if report.stopped:
        context.console.print(f"The run stopped before its end: {escape(report.stopped)}.")
    warned = len(report.warnings)
    warnings = f", with {count_noun(warned, 'warning', 'warnings')}" if warned else ""
    context.console.print(f"{report.conclusion}{warnings}")


def _is_told(result: CheckResult) -> bool:
    """Whether a result has a line: the requests of a caller were told as they came."""
    is_open = result.verdict is Verdict.CANNOT and result.level is not Level.INFORMATION
    return (result.verdict is Verdict.FAIL or is_open) and result.suite != REQUESTS.name


def show_comparison(context: Context, comparison: ReportComparison) -> None:
    """Print what changed between two reports."""
    table = make_table("change", "check", "level", "before", "now", "what was found")
    for one in comparison.changes:
        if one.change not in _LISTED:
            before, after = one.before or "absent", one.after or "absent"
            words = (escape(one.result.id), one.result.level, before, after, escape(one.result.sentence))
            table.add_row(_coloured(one.change), *words)
    if table.row_count:
        context.console.print(table)
    for change in _LISTED:
        if ids := [escape(one.result.id) for one in comparison.of(change)]:
            more = f" and {len(ids) - MAX_LISTED} more" if len(ids) > MAX_LISTED else ""
            context.console.print(f"{change}: {', '.join(ids[:MAX_LISTED])}{more}")
    for remark in comparison.remarks:
        context.console.print(escape(remark))
    counts = {change: len(comparison.of(change)) for change in Change}
    told = ", ".join(f"{number} {change}" for change, number in counts.items() if number)
    context.console.print(f"Against the report of {comparison.old.shown_moment}: {told or 'nothing changed'}")


def _coloured(word: Verdict | ChapterVerdict | Change) -> str:
    colour = _COLOURS.get(word)
    return f"[{colour}]{word}[/]" if colour else str(word)
