"""Questions of imports on a terminal: the row of a source beside the known persons whom it may be."""

from typing import Any

from rich.console import Console

from uwlr_adapter.administratie.importing.match import REASONS
from uwlr_adapter.administratie.importing.naming import Naming
from uwlr_adapter.administratie.importing.questions import ImportQuestion
from uwlr_adapter.cli.base import make_table
from uwlr_adapter.cli.terminal import escape


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
