"""Options that choose among the checks of the kit, and the list to choose from."""

from collections.abc import Callable, Iterable
from typing import Any

import click

from uwlr_adapter.cli.base import Context
from uwlr_adapter.cli.terminal import escape
from uwlr_adapter.kit.checks import Check
from uwlr_adapter.kit.reports.chapters import TITLES

Show = Callable[[Context], None]
"""Print the list of a command."""


def choice_options(show: Show) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator that adds `--only`, `--skip` and `--list`; the command gets `only` and `skip`, tuples of str.

    `show` prints the list, after which the command ends with status 0.
    """

    def print_list(context: click.Context, _parameter: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's signature
        if value and not context.resilient_parsing:
            show(context.obj)
            context.exit()

    options = (
        click.option(
            "--only", multiple=True, metavar="NAME", help="Only this suite or check, and what it builds on; repeatable."
        ),
        click.option("--skip", multiple=True, metavar="NAME", help="Not this suite or check; repeatable."),
        click.option(
            "--list",
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=print_list,
            help="Show what can be chosen, and end.",
        ),
    )

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def print_checks(context: Context, checks: Iterable[Check]) -> None:
    """Print checks under the titles of their chapters."""
    suite = ""
    for check in checks:
        if check.suite != suite:
            suite = check.suite
            context.console.print(f"\n{suite}: {TITLES[suite]}")
        rules = f" ({', '.join(check.rules)})" if check.rules else ""
        context.console.print(f"  {check.id} {check.level}: {escape(check.title)}{rules}")
