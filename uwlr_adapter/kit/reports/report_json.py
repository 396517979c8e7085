"""A report as JSON, and back; `report.schema.json` describes the form.

The file can be shown in a terminal: a character that is not printable is written as an escape of JSON.
"""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

from pydantic import TypeAdapter, ValidationError

from uwlr_adapter.errors import RefusedError
from uwlr_adapter.kit import rules
from uwlr_adapter.kit.report import FORMAT, Report

_READER = TypeAdapter(Report)


class ReportFileError(RefusedError):
    """A file is no report that this version can read; the text has nothing of the file."""


def schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a report."""
    text = files("uwlr_adapter.kit.reports").joinpath("report.schema.json").read_text(encoding="utf-8")
    content: dict[str, Any] = json.loads(text)
    return content


def write(report: Report) -> bytes:
    """Return a report as JSON in UTF-8."""
    table = rules.load()
    used = dict.fromkeys(number for one in report.results for number in one.rules if number in table)
    content: dict[str, Any] = {
        "format": FORMAT,
        "kit": report.kit,
        "rules_version": report.rules_version,
        "kind": report.kind,
        "target": report.target,
        "plan": report.plan,
        "scope": asdict(report.scope),
        "moment": report.moment.isoformat(),
        "strict": report.strict,
        "stopped": report.stopped,
        "conformant": report.is_conformant,
        "conclusion": report.conclusion,
        "counts": {verdict.value: number for verdict, number in sorted(report.count().items())},
        "causes": [asdict(one) for one in report.causes],
        "results": [asdict(one) for one in report.results],
        "rules": {
            number: {"text": table[number].text, "source": table[number].source, "sure": table[number].sure}
            for number in used
        },
    }
    lines = json.dumps(content, ensure_ascii=False, indent=1).split("\n")
    return "\n".join([*map(_printable, lines), ""]).encode()


def _printable(line: str) -> str:
    """Return a line of JSON without a character that is not printable; half a pair, which is no text, is replaced."""
    if line.isprintable():
        return line
    whole = line.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return "".join(one if one.isprintable() else json.dumps(one)[1:-1] for one in whole)


def _is_shown(moment: datetime) -> bool:
    """Whether a moment can be written in UTC."""
    try:
        return moment.tzinfo is not None and moment.astimezone(UTC) is not None
    except OverflowError:
        return False


def read(content: bytes) -> Report:
    """Return the report in a file that `write` wrote. Raises ReportFileError for anything else."""
    try:
        number = TypeAdapter(dict[str, Any]).validate_json(content).get("format")
        if isinstance(number, int) and number > FORMAT:
            raise ReportFileError("the report is of a newer version of this program")
        report = _READER.validate_json(content, strict=True)
    except ValidationError:
        report = None
    if report is None or number != FORMAT or not _is_shown(report.moment):
        raise ReportFileError("the file is no report of this program")
    return report
