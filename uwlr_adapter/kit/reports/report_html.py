"""A report as one HTML page: without any script, and without anything that is fetched.

Every text is escaped by the template engine. The page has a Content-Security-Policy that allows its own style sheet, by
its digest, and nothing else.
"""

import base64
import hashlib
import re
from functools import cache
from importlib.resources import files

from jinja2 import DictLoader, Environment, StrictUndefined

from uwlr_adapter.contract.escape import printable
from uwlr_adapter.kit import rules
from uwlr_adapter.kit.checks import Level, Verdict
from uwlr_adapter.kit.report import Report
from uwlr_adapter.kit.reports.chapters import chapters_of, counts_of, scope_of

_TEMPLATE = "report.html"


def write(report: Report) -> bytes:
    """Return a report as HTML in UTF-8."""
    style = _text("report.css")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    failed = [one for one in report.results if one.verdict is Verdict.FAIL]
    weighing = [one for one in failed if report.weighs(one)]
    rest = [one for one in failed if not report.weighs(one)]
    page = (
        _environment()
        .get_template(_TEMPLATE)
        .render(
            report=report,
            scope=scope_of(report),
            counts=counts_of(report.results),
            chapters=chapters_of(report),
            failed_groups=[
                ("failures", "Failures", weighing),
                ("warnings", "Warnings", [one for one in rest if one.level is Level.SHOULD]),
                ("information", "For information", [one for one in rest if one.level is not Level.SHOULD]),
            ],
            rules=rules.load(),
            style=style,
            digest=digest,
        )
    )
    return page.encode()


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=DictLoader({_TEMPLATE: _text("report.html")}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    environment.filters["anchor"] = lambda check_id: re.sub("[^A-Za-z0-9]+", "-", check_id)
    environment.tests["failed"] = lambda result: result.verdict is Verdict.FAIL
    return environment


def _shown(value: object) -> object:
    """Return what a place of the template gets: a text has an escape for each character that is not printable."""
    return printable(value, lines=True) if isinstance(value, str) and not hasattr(value, "__html__") else value


def _text(name: str) -> str:
    return files("uwlr_adapter.kit.reports").joinpath(name).read_text(encoding="utf-8")
