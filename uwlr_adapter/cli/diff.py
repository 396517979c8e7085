"""`uwlr-adapter diff`: what changed between two saved answers."""

from pathlib import Path

import click

from uwlr_adapter.cli.base import Context, make_table
from uwlr_adapter.cli.json_output import json_option, print_json
from uwlr_adapter.cli.saved_answer import read_answer
from uwlr_adapter.client.comparison import (
    KINDS,
    AnswerComparison,
    AnswerRecords,
    ChangedField,
    RecordChange,
    compare_records,
    records_of,
)
from uwlr_adapter.client.result import PullError
from uwlr_adapter.contract.escape import printable


class _SavedAnswer(click.ParamType[AnswerRecords]):
    """The path of a file that holds an answer with data; its records."""

    name = "answer"

    def convert(self, value: object, _param: click.Parameter | None, _ctx: click.Context | None) -> AnswerRecords:
        """Read the file. Raises BadParameter."""
        try:
            return records_of(read_answer(Path(str(value))))
        except PullError as error:
            self.fail(f"{value}: {error}")


@click.command()
@click.argument("old", type=_SavedAnswer())
@click.argument("new", type=_SavedAnswer())
@click.option("--values", is_flag=True, help="Show what the fields hold, which is about persons.")
@json_option
@click.pass_obj
def diff(context: Context, old: AnswerRecords, new: AnswerRecords, *, values: bool, as_json: bool) -> None:
    """Show which records are new, gone or changed from the answer OLD to the answer NEW, by kind, key and field.

    OLD and NEW are answers of HaalLeerlinggegevens with data, as `pull --out` saves them, or with their envelope. The
    aanmaakdatum, the peildatum and the order of the records are not compared. A record is known by its key, else by its
    ECK-iD.

    The exit status is 0 when nothing changed, 1 when something did, and 2 when a file is no such answer.

    Example:  uwlr-adapter diff monday.xml today.xml
    """
    comparison = compare_records(old, new)
    if as_json:
        print_json(_members(comparison, values=values))
    else:
        _show(context, comparison, values=values)
    raise click.exceptions.Exit(0 if comparison.is_same else 1)


def _members(comparison: AnswerComparison, *, values: bool) -> dict[str, object]:
    return {
        "counts": [
            {
                "kind": kind,
                "new": comparison.count(kind, "new"),
                "gone": comparison.count(kind, "gone"),
                "changed": comparison.count(kind, "changed"),
                "unchanged": comparison.unchanged[kind],
            }
            for kind in KINDS
        ],
        "records": [
            {
                "change": one.change,
                "kind": one.kind,
                "key": one.key,
                "eckid": one.eckid if one.key is None else None,
                "fields": [_field(field, values=values) for field in one.fields],
            }
            for one in comparison.records
        ],
    }


def _field(field: ChangedField, *, values: bool) -> dict[str, str | None]:
    return {"element": field.element} | ({"old": field.old, "new": field.new} if values else {})


def _show(context: Context, comparison: AnswerComparison, *, values: bool) -> None:
    for record in comparison.records:
        click.echo(_line(record, values=values))
    table = make_table("kind", "new", "gone", "changed", "unchanged")
    for kind in KINDS:
        counts = [comparison.count(kind, change) for change in ("new", "gone", "changed")]
        if any((*counts, comparison.unchanged[kind])):
            table.add_row(kind, *map(str, counts), str(comparison.unchanged[kind]))
    context.console.print(table)
    if comparison.is_same:
        context.console.print("Nothing changed.")


def _line(record: RecordChange, *, values: bool) -> str:
    """Return one line about a record; nothing of it can steer a terminal."""
    name = " ".join(part for part in (record.change, record.kind, record.key or record.eckid) if part)
    if values:
        fields = "; ".join(f"{one.element} {_told(record, one)}" for one in record.fields)
    else:
        fields = ", ".join(one.element for one in record.fields) if record.change == "changed" else ""
    return printable(f"{name}: {fields}" if fields else name)


def _told(record: RecordChange, one: ChangedField) -> str:
    old, new = ("-" if value is None else f'"{value}"' for value in (one.old, one.new))
    return f"{old} -> {new}" if record.change == "changed" else new if record.change == "new" else old
