"""Shared by the commands that change records by hand: show what changes in the answers, ask, and do it."""

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any, TypeVar

import click
import sqlalchemy as sa
from rich.console import Console

from uwlr_adapter.administratie import schools
from uwlr_adapter.administratie.importing.by_hand import Operator
from uwlr_adapter.administratie.importing.effect import Answers, YearEffect, answers_of, effect
from uwlr_adapter.brin import brincode_of, is_brin6
from uwlr_adapter.cli.base import Context, own_actor
from uwlr_adapter.cli.effect_report import print_effect
from uwlr_adapter.clock import day_of
from uwlr_adapter.db.database import Database
from uwlr_adapter.errors import RefusedError

Result = TypeVar("Result")
_Command = TypeVar("_Command", bound=Callable[..., Any])
CHANGED_MEANWHILE = "the records changed meanwhile: nothing was done; look again"


def confirm_options(command: _Command) -> _Command:
    """Add --dry-run and --yes."""
    yes = click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
    return click.option("--dry-run", is_flag=True, help="Show what would change, without changing anything.")(
        yes(command)
    )


def operator_of(context: Context) -> Operator:
    """Return the operator at this command, now."""
    return Operator(own_actor(), context.clock())


def require_brincode(brin6: str) -> str:
    """Return the brincode of a BRIN6 argument. Raises BadParameter."""
    if not is_brin6(brin6):
        raise click.BadParameter(
            "must be a brincode and a dependancecode in capitals, such as 21QW00", param_hint="BRIN6"
        )
    return brincode_of(brin6)


def carry_out(
    context: Context,
    brincodes: Iterable[str],
    act: Callable[[sa.Connection], Result],
    *,
    tell: Callable[[Console, Result], None],
    question: str,
    dry_run: bool,
    yes: bool,
    show_effect: Callable[[Console, tuple[YearEffect, ...]], None] = print_effect,
) -> Result | None:
    """Try an act on schools, show what it changes, ask, and do it; None after a dry run.

    `tell` prints what the act found, before the question. The act is refused when the answers that it changes are not
    those that were shown. Raises ClickException.
    """
    held = sorted(brincodes)
    with context.database() as database:
        result, shown = _try(context, database, held, act, expected=None)
        tell(context.console, result)
        show_effect(context.console, shown)
        if dry_run:
            context.console.print("Dry run, nothing changed.")
            return None
        if not yes:
            click.confirm(question, abort=True)
        result, _ = _try(context, database, held, act, expected=shown)
    return result


def _try(
    context: Context,
    database: Database,
    held: list[str],
    act: Callable[[sa.Connection], Result],
    expected: tuple[YearEffect, ...] | None,
) -> tuple[Result, tuple[YearEffect, ...]]:
    """Run an act in a transaction, and return its result and its effect; without `expected` it is rolled back."""
    day = day_of(context.clock())
    with database.writing() as connection:
        for brincode in held:
            schools.lock_school(connection, brincode)
        before = _answers(connection, held, day)
        result = act(connection)
        found = effect(before, _answers(connection, held, day))
        if expected is None:
            connection.rollback()
        elif found != expected:
            raise RefusedError(CHANGED_MEANWHILE)
    return result, found


def _answers(connection: sa.Connection, brincodes: Iterable[str], day: date) -> Answers:
    return {year: one for brincode in brincodes for year, one in answers_of(connection, brincode, day).items()}
