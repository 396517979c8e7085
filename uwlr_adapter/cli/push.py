"""`uwlr-adapter push`: send results to any UWLR endpoint."""

from pathlib import Path

import click
from rich.table import Table

from uwlr_adapter.cli.base import Context, make_table
from uwlr_adapter.cli.json_output import json_option, print_json
from uwlr_adapter.cli.secrets import secret_option
from uwlr_adapter.cli.terminal import escape
from uwlr_adapter.client.pushing import AGAIN, PushResult
from uwlr_adapter.client.pushing import push as send
from uwlr_adapter.client.results_file import FileVerdict, PushError, ResultsFile, judge_results, read_results
from uwlr_adapter.contract.autorisatie import Autorisatie
from uwlr_adapter.contract.leerresultaten.names import BRENG_LEERRESULTATEN
from uwlr_adapter.contract.leerresultaten.request import MESSAGE
from uwlr_adapter.contract.nouns import count_noun


class _ResultsPath(click.ParamType[ResultsFile]):
    """The path of a file with results; its value is what is in it."""

    name = "file"

    def convert(self, value: object, _param: click.Parameter | None, _ctx: click.Context | None) -> ResultsFile:
        """Read the file, within the bounds of a message. Raises BadParameter."""
        if isinstance(value, ResultsFile):
            return value
        try:
            with Path(str(value)).open("rb") as file:
                return read_results(file.read(MESSAGE.octets + 1))
        except OSError as error:
            self.fail(f"{value}: it cannot be read ({error.strerror})")
        except PushError as error:
            self.fail(f"{value}: {error}")


@click.command()
@click.argument("file", type=_ResultsPath())
@click.argument("endpoint", required=False)
@click.option("--klantnaam", help="Your klantnaam at the student administration.")
@secret_option("--klantcode", "The klantcode that belongs to the klantnaam.", prompts=False)
@secret_option("--autorisatiesleutel", "The verificatiecode that the school entered.", prompts=False)
@click.option("--dry-run", is_flag=True, help="Judge the file by the contract of this package, and send nothing.")
@click.option("--allow-private", is_flag=True, help="Call this machine, or an address on a private network.")
@click.option("--allow-http", is_flag=True, help="Send the codes to another machine without encryption.")
@json_option
@click.pass_obj
def push(
    context: Context,
    file: ResultsFile,
    endpoint: str | None,
    klantnaam: str | None,
    klantcode: str | None,
    autorisatiesleutel: str | None,
    *,
    dry_run: bool,
    allow_private: bool,
    allow_http: bool,
    as_json: bool,
) -> None:
    """Send the results in FILE to a UWLR ENDPOINT, all of them or none, and say what became of them.

    FILE is a leerresultaten_verzoek, with or without an envelope. It is sent as it is; a header in it is left out, and
    the codes come from the options. A code without an option is asked for.

    The same FILE may be sent again: a result is known by its key, and what was taken already changes nothing. The exit
    status is 0 when all was taken, 1 when nothing was or no answer came.

    \b
    Example:
      uwlr-adapter push toets.xml --dry-run
      uwlr-adapter push toets.xml http://127.0.0.1:8080/uwlr/leerresultaten \\
        --allow-private --klantnaam Snappet --klantcode @klantcode.txt
    """  # noqa: D301 - \b is click's mark for text that is not folded
    if dry_run:
        _judge(context, file, as_json=as_json)
        return
    if endpoint is None or klantnaam is None:
        raise click.UsageError("to send, give an ENDPOINT and --klantnaam; to judge the file only, --dry-run")
    autorisatie = Autorisatie(
        autorisatiesleutel or _asked("Autorisatiesleutel"), klantcode or _asked("Klantcode"), klantnaam
    )
    try:
        with context.messages.status(f"Sending {count_noun(file.resultaten, 'result', 'results')} …"):
            result = send(endpoint, file, autorisatie, allow_private=allow_private, allow_http=allow_http)
    except PushError as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        print_json(_members(file, result))
    else:
        _show(context, file, result)
    if result.fault is not None:
        raise click.exceptions.Exit(1)


def _asked(name: str) -> str:
    answer: str = click.prompt(name, hide_input=True, err=True)
    return answer


def _judge(context: Context, file: ResultsFile, *, as_json: bool) -> None:
    """Print the verdict on a file. Raises Exit with 1 for one that would be refused, ClickException without one."""
    try:
        verdict = judge_results(file)
    except PushError as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        print_json(_verdict_members(file, verdict))
    else:
        _show_verdict(context, file, verdict)
    if verdict.fault is not None:
        raise click.exceptions.Exit(1)


def _verdict_members(file: ResultsFile, verdict: FileVerdict) -> dict[str, object]:
    fault = verdict.fault
    finding = None if fault is None else fault.finding
    return {
        "valid": fault is None,
        "counts": _counts(file),
        "fault": None
        if fault is None
        else {
            "code": fault.code,
            "text": fault.text,
            "path": None if finding is None else finding.path,
            "rule": None if finding is None else finding.rule,
        },
        "repairs": list(verdict.repairs),
    }


def _show_verdict(context: Context, file: ResultsFile, verdict: FileVerdict) -> None:
    context.console.print(_table(file, "valid" if verdict.fault is None else "not valid"))
    if verdict.fault is not None:
        _tell_fault(
            context,
            verdict.fault.code,
            verdict.fault.text,
            *(("", "") if verdict.fault.finding is None else (verdict.fault.finding.path, verdict.fault.finding.rule)),
        )
    elif verdict.repairs:
        context.messages.print(f"It needs repairs, which another service may not make: {', '.join(verdict.repairs)}")
    context.messages.print("Nothing was sent. Whether the school knows the leerlingen is not judged here.")


def _members(file: ResultsFile, result: PushResult) -> dict[str, object]:
    fault = result.fault
    return {
        "outcome": BRENG_LEERRESULTATEN.answer if fault is None else "fault",
        "counts": _counts(file),
        "fault": None
        if fault is None
        else {
            "code": fault.code,
            "text": fault.text,
            "path": fault.pad or None,
            "rule": fault.regel or None,
            "explanation": fault.uitleg or None,
        },
        "retry_after": result.retry_after,
        "repairs": list(result.repairs),
        "notes": list(result.notes),
        "request_id": result.request_id or None,
    }


def _counts(file: ResultsFile) -> dict[str, int]:
    return {"leerlingen": file.leerlingen, "resultaten": file.resultaten, "toetsen": file.toetsen}


def _show(context: Context, file: ResultsFile, result: PushResult) -> None:
    context.console.print(_table(file, "taken" if result.fault is None else "refused"))
    if result.fault is not None:
        fault = result.fault
        _tell_fault(context, fault.code, fault.text, fault.pad, fault.regel)
        if fault.uitleg:
            context.messages.print(escape(fault.uitleg))
        if fault.is_passing:
            context.messages.print(_when_again(result.retry_after))
    if result.repairs:
        context.messages.print(f"The message needed repairs: {', '.join(result.repairs)}")
    for note in result.notes:
        context.messages.print(f"Note: {note}.")
    if result.request_id:
        context.messages.print(f"X-Request-ID {result.request_id}")


def _tell_fault(context: Context, code: str, text: str, path: str, rule: str) -> None:
    context.messages.print(escape(f"{code}: {text}"))
    if path:
        context.messages.print(escape(f"{path}: {rule}"), soft_wrap=True)


def _when_again(seconds: int | None) -> str:
    when = "later" if seconds is None else f"after {seconds} s, as the endpoint asks"
    return f"Send it again {when}: {AGAIN}."


def _table(file: ResultsFile, verdict: str) -> Table:
    table = make_table("leerlingen", "resultaten", "toetsen", "verdict")
    table.add_row(str(file.leerlingen), str(file.resultaten), str(file.toetsen), verdict)
    return table
