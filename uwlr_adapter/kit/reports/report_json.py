"""A report as JSON, and back; `report.schema.json` describes the form."""

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from uwlr_adapter.kit import rules
from uwlr_adapter.kit.checks import Level, Verdict
from uwlr_adapter.kit.masking import MaskedExchange
from uwlr_adapter.kit.report import FORMAT, CheckResult, Report


def write(report: Report) -> bytes:
    """Return a report as JSON in UTF-8."""
    table = rules.load()
    used = dict.fromkeys(number for one in report.results for number in one.rules)
    content: dict[str, Any] = {
        "format": FORMAT,
        "kit": report.kit,
        "kind": report.kind,
        "target": report.target,
        "plan": report.plan,
        "moment": report.moment.isoformat(),
        "strict": report.strict,
        "stopped": report.stopped,
        "conformant": report.is_conformant,
        "counts": {verdict.value: number for verdict, number in sorted(report.count().items())},
        "results": [asdict(one) for one in report.results],
        "rules": {
            number: {"text": table[number].text, "source": table[number].source, "sure": table[number].sure}
            for number in used
        },
    }
    return json.dumps(content, ensure_ascii=False, indent=1).encode()


def read(content: bytes) -> Report:
    """Return the report in a file that `write` wrote. Raises ValueError for anything else."""
    try:
        table = json.loads(content)
        if table["format"] > FORMAT:
            raise ValueError("the report is of a newer version of this program")
        results = tuple(
            CheckResult(
                **{
                    **one,
                    "rules": tuple(one["rules"]),
                    "level": Level(one["level"]),
                    "verdict": Verdict(one["verdict"]),
                    "exchanges": tuple(MaskedExchange(**step) for step in one["exchanges"]),
                }
            )
            for one in table["results"]
        )
        moment = datetime.fromisoformat(table["moment"])
    except (KeyError, TypeError, UnicodeDecodeError, json.JSONDecodeError):
        raise ValueError("the file is no report of this program") from None
    fields = {name: table[name] for name in ("kind", "target", "plan", "kit", "stopped", "strict")}
    return Report(**fields, moment=moment, results=results)
