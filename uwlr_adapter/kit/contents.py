"""What the kit has: its chapters by what they judge."""

from collections.abc import Mapping
from typing import Final

from uwlr_adapter.kit.checks import Suite
from uwlr_adapter.kit.scenarios import SCENARIOS
from uwlr_adapter.kit.suites import ALL

CONTENTS: Final[Mapping[str, tuple[Suite, ...]]] = {
    "endpoint": ALL,
    "scenario": tuple(one.suite for one in SCENARIOS.values()),
}
"""The chapters by the kind of report that they stand in."""
SUITES: Final = tuple(suite for suites in CONTENTS.values() for suite in suites)
"""Every chapter."""
