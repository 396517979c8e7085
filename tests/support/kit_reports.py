"""Reports of the kit made by hand: an ordinary one, and one in which every text is nasty."""

from dataclasses import replace
from datetime import UTC, datetime

from uwlr_adapter.kit.causes import Sign
from uwlr_adapter.kit.checks import Level, Verdict
from uwlr_adapter.kit.masking import MaskedExchange
from uwlr_adapter.kit.report import CheckResult, Report, ReportScope

MOMENT = datetime(2026, 11, 30, 20, 4, 36, tzinfo=UTC)
NASTY = (
    "\x1b[2J\x1b]0;title\x07\x9b31m ]]> <script>alert(1)</script> <img src=x onerror=alert(1)> </pre></style> "
    "\N{RIGHT-TO-LEFT OVERRIDE}gro\N{ZERO WIDTH SPACE}ep\N{LEFT-TO-RIGHT ISOLATE} \x00 \ufffe [red]x[/red] {{ 7*7 }} "
    "&amp; \"'`$(id)` \r\n\u2028 שלום caf\u00e9 \N{GRINNING FACE}"
)
"""Escapes of a terminal, ends of CDATA, scripts, bidirectional controls, NUL, markup of rich and of Jinja."""
REQUEST = """POST https://las.example/uwlr/leerlinggegevens
Content-Type: text/xml; charset=utf-8

<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/">
  <soap:Header>
    <autorisatie xmlns="http://www.edustandaard.nl/leerresultaten/2/autorisatie">
      <autorisatiesleutel>‹autorisatiesleutel›</autorisatiesleutel>
    </autorisatie>
  </soap:Header>
</soap:Envelope>"""
RESPONSE = """HTTP 200
Content-Type: text/html

<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">
  <s:Body>
    <leerling key="‹key 1›"><achternaam>‹achternaam›</achternaam></leerling>
  </s:Body>
</s:Envelope>"""
SCOPE = ReportScope("30AB07", "2031-2032", "2.3", "LVS-set")
EXCHANGE = MaskedExchange(REQUEST, RESPONSE, 200, 1234)
LOST = MaskedExchange(REQUEST, "(no response: las.example:443 does not answer)", None, 0)


def result(
    number: int,
    verdict: Verdict = Verdict.PASS,
    level: Level = Level.MUST,
    suite: str = "http",
    exchanges: tuple[MaskedExchange, ...] = (),
) -> CheckResult:
    """Return a result of a check of a suite."""
    check_id = f"{suite.upper()}-{number:02}"
    return CheckResult(
        check_id,
        f"What must hold in check {number}",
        suite,
        ("R-001", "R-008"),
        level,
        verdict,
        f"A sentence about a {verdict}.",
        exchanges,
        f"uwlr-adapter check https://las.example/uwlr/leerlinggegevens --only {check_id}",
    )


def report(*results: CheckResult, stopped: str = "", strict: bool = False) -> Report:
    """Return a report of these results."""
    target = "https://las.example/uwlr/leerlinggegevens"
    return Report("endpoint", target, "las-2.2", MOMENT, "1.2.3", results, stopped, strict, SCOPE)


ORDINARY = report(
    result(1, exchanges=(EXCHANGE,)),
    result(2, Verdict.FAIL, Level.INFORMATION),
    result(3, Verdict.FAIL, Level.SHOULD, exchanges=(EXCHANGE,)),
    result(4, Verdict.FAIL, exchanges=(EXCHANGE, LOST, EXCHANGE)),
    result(1, suite="wsdl"),
    result(2, Verdict.SKIP, suite="wsdl"),
    result(3, Verdict.OMIT, suite="wsdl"),
    result(4, Verdict.CANNOT, suite="wsdl", exchanges=(LOST,)),
    result(1, Verdict.SKIP, suite="late"),
    result(1, Verdict.FAIL, Level.SHOULD, suite="warned"),
)
"""A report with every verdict and level; it is not conformant."""


ONE_CAUSE = report(*(replace(result(number, Verdict.FAIL, suite="req"), sign=Sign.ANSWERED) for number in range(1, 5)))
"""A report whose failures have one common cause."""


def nasty(verdict: Verdict, level: Level = Level.MUST) -> CheckResult:
    """Return a result of which every text is nasty."""
    exchange = MaskedExchange(NASTY, NASTY, 200, 1)
    return CheckResult(
        f"{verdict}-{level}{NASTY}", NASTY, NASTY, ("R-001", NASTY), level, verdict, NASTY, (exchange,), NASTY
    )


HOSTILE = replace(
    report(*(nasty(verdict, level) for verdict in Verdict for level in Level), stopped=NASTY),
    target=NASTY,
    plan=NASTY,
    kit=NASTY,
    scope=ReportScope(NASTY, NASTY, NASTY, NASTY),
)
"""A report of nasty texts only."""
