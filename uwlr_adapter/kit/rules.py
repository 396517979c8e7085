"""The rules of the conformance list: number, text, source and how sure it is, from `rules.toml`.

docs/reference/conformance.md has the same rules for a reader; a test holds that the two agree.
"""

import functools
import hashlib
import json
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal


@dataclass(frozen=True, slots=True)
class StandardRule:
    """One rule of UWLR for a LAS."""

    id: str
    text: str
    source: str
    sure: Literal["known", "inferred", "unknown"]
    unseen: str = ""
    """Why no check can see it from outside; empty for a rule that has a check."""


@functools.cache
def load() -> dict[str, StandardRule]:
    """Return the rules by number, in their order."""
    table = tomllib.loads(files("uwlr_adapter.kit").joinpath("rules.toml").read_text(encoding="utf-8"))
    return {number: StandardRule(number, **fields) for number, fields in table.items()}


@functools.cache
def version() -> str:
    """Return the version of the rules: twelve hexadecimal digits, which change when a rule does."""
    told = [(rule.id, rule.text, rule.source, rule.sure) for rule in load().values()]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:12]
