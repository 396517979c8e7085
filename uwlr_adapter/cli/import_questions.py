"""`uwlr-adapter import questions` and `import answer`: rows beside the known persons whom they may be."""

from functools import partial
from typing import Any

import click
import sqlalchemy as sa
from rich.console import Console

from uwlr_adapter.administratie.importing import questions
from uwlr_adapter.administratie.importing.by_hand import Operator
from uwlr_adapter.administratie.importing.match import REASONS
from uwlr_adapter.administratie.importing.naming import Naming
from uwlr_adapter.administratie.importing.questions import Answered, Choice, ImportQuestion
from uwlr_adapter.brin import is_brin6
from uwlr_adapter.cli.acts import carry_out, confirm_options, operator_of
from uwlr_adapter.cli.base import Context, make_table
from uwlr_adapter.cli.json_output import json_option, print_json
from uwlr_adapter.cli.terminal import escape
from uwlr_adapter.db.limits import MAX_ID

_BRINCODE = 4


@click.command("questions")
@click.argument("brincode", required=False)
@json_option
@click.pass_obj
def list_questions(context: Context, brincode: str | None, *, as_json: bool) -> None:
    """List the open questions: rows of a source of which it is not certain who they are.

    Each row stands beside the known person whom its key or its ECK-iD names. That person is answered as last confirmed,
    and the row is not answered, until `import answer` says who it is or the source is corrected.

    Example:  uwlr-adapter import questions 21QW
    """
    if brincode is not None and not (is_brin6(brincode) or is_brin6(f"{brincode}00")):
        raise click.BadParameter("must be a brincode in capitals, such as 21QW", param_hint="BRINCODE")
    with context.database() as database, database.reading() as connection:
        found = questions.of_school(connection, None if brincode is None else brincode[:_BRINCODE])
    if as_json:
        print_json([question_as_json(one) for one in found])
        return
    for one in found:
        print_question(context.console, one)
    if not found:
        context.messages.print("No open questions.")


@click.command("answer")
@click.argument("question_ids", metavar="ID...", nargs=-1, required=True, type=click.IntRange(1, MAX_ID))
@click.argument("choice", type=click.Choice([choice.value for choice in Choice]))
@confirm_options
@click.pass_obj
def give_answer(context: Context, question_ids: tuple[int, ...], choice: str, *, dry_run: bool, yes: bool) -> None:
    """Answer question ID of `import questions`: who the row is.

    same: the known person. new: somebody who is not known yet. When its key and its ECK-iD name two persons, key or
    eckid: the one whom that names. What changes in the answers is shown first; `import undo` takes an answer back. The
    same source does not ask again.

    Example:  uwlr-adapter import answer 233364444 new --dry-run
    """
    with context.database() as database, database.reading() as connection:
        asked = {question_id: questions.get(connection, question_id).brincode for question_id in question_ids}
    for question_id, brincode in asked.items():
        done = carry_out(
            context,
            [brincode],
            partial(_answer, question_id=question_id, choice=Choice(choice), operator=operator_of(context)),
            tell=lambda console, result: print_question(console, result[0]),
            question=f"Answer question {question_id} with {choice}?",
            dry_run=dry_run,
            yes=yes,
        )
        if done is not None:
            batch = done[1].batch
            context.console.print(
                f"Question {question_id} was answered. `uwlr-adapter import undo {batch}` takes it back."
            )


def _answer(
    connection: sa.Connection, *, question_id: int, choice: Choice, operator: Operator
) -> tuple[ImportQuestion, Answered]:
    question = questions.get(connection, question_id)
    return question, questions.answer(connection, question_id, choice, operator.moment, operator.actor)


def print_question(console: Console, question: ImportQuestion) -> None:
    """Print a question as a table: the row, and below it each known person whom it may be."""
    where = ", ".join(f"{one.year.brin6} {one.year.schooljaar} line {one.line}" for one in question.years)
    console.print(f"Question {question.id} of {question.since}: a {question.kind} in {where}", soft_wrap=True)
    console.print(f"It is held: {REASONS[question.doubt]}. Answers: {', '.join(question.choices)}", soft_wrap=True)
    table = make_table("", "key", "ECK-iD", "roepnaam", "achternaam", "geboortedatum")
    table.add_row("row", *_cells(question.key, question.eckid, question.naming))
    for place, known in enumerate(question.known):
        whose = "known"
        if len(question.known) > 1:
            whose = "known by key" if place == 0 else "known by ECK-iD"
        whose += ", held" if known.id in question.held else ""
        table.add_row(whose, *_cells(known.key, known.eckid, known.naming))
    console.print(table)


def _cells(key: str, eckid: str | None, naming: Naming) -> list[str]:
    return [escape(value or "-") for value in (key, eckid, *naming)]


def question_as_json(question: ImportQuestion) -> dict[str, Any]:
    """Return a question as the object that `import questions --json` prints."""
    return {
        "id": question.id,
        "kind": question.kind.value,
        "brincode": question.brincode,
        "since": question.since.isoformat(),
        "doubt": question.doubt.value,
        "choices": [choice.value for choice in question.choices],
        "row": {"key": question.key, "eckid": question.eckid, **question.naming._asdict()},
        "known": [
            {
                "key": known.key,
                "eckid": known.eckid,
                **known.naming._asdict(),
                "held": known.id in question.held,
            }
            for known in question.known
        ],
        "years": [
            {"brin6": one.year.brin6, "schooljaar": one.year.schooljaar, "line": one.line} for one in question.years
        ],
    }
