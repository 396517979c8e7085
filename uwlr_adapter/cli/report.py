"""`uwlr-adapter report`: what to do with the reports that `uwlr-adapter check` wrote."""

import click

from uwlr_adapter.cli.base import Context
from uwlr_adapter.cli.check_output import ReportPath, show_comparison
from uwlr_adapter.kit.report import Report
from uwlr_adapter.kit.reports import comparison


@click.group()
def report() -> None:
    """Use the reports of `uwlr-adapter check`.

    Example:  uwlr-adapter report compare monday.json today.json
    """


@report.command()
@click.argument("old", type=ReportPath())
@click.argument("new", type=ReportPath())
@click.pass_obj
def compare(context: Context, old: Report, new: Report) -> None:
    """Show what changed between two reports of `check --json`: which checks newly fail, are mended, new or gone.

    The exit status is 1 when a check of level must or should newly fails, 2 when the run of NEW did not come to its end
    or a file is no report, and 0 otherwise.

    Example:  uwlr-adapter report compare monday.json today.json
    """
    found = comparison.compare(old, new)
    show_comparison(context, found)
    raise click.exceptions.Exit(found.exit_status)
