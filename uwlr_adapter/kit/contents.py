"""Contents of the kit: every chapter with all its checks, by what it judges.

Importing this takes a second, since the checks of a caller need the service: a run imports its own chapters only.
"""

from collections.abc import Mapping
from typing import Final

from uwlr_adapter.kit.checks import Suite
from uwlr_adapter.kit.listening import answer_checks, behaviour, request_checks, results_checks
from uwlr_adapter.kit.listening.chapters import BETWEEN, CHAPTERS
from uwlr_adapter.kit.scenarios import SCENARIOS
from uwlr_adapter.kit.suites import ALL, RESULTS

_FILLING: Final = (request_checks, behaviour, results_checks, answer_checks)
"""The modules that add their checks to the chapters of a caller, and of what stands between."""
CONTENTS: Final[Mapping[str, tuple[Suite, ...]]] = {
    "endpoint": ALL,
    "results": RESULTS,
    "scenario": tuple(one.suite for one in SCENARIOS.values()),
    "caller": tuple(suite for suite in CHAPTERS if suite is not BETWEEN and suite.checks),
    "proxy": (BETWEEN,),
}
"""The chapters by the kind of report that they stand in."""
SUITES: Final = tuple(suite for suites in CONTENTS.values() for suite in suites)
"""Every chapter with checks."""
