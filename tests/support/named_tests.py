"""The tests that a page of docs/ names, as `path::name` with the path relative to tests/."""

import ast
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parents[1]
DOCS = TESTS.parent / "docs"


@cache
def names_in(path: str) -> frozenset[str]:
    """Return the names of the tests in a file under tests/; of a parametrised test its function."""
    file = TESTS / path
    if not file.is_file():
        return frozenset()
    names = set[str]()
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return frozenset(name for name in names if name.startswith(("test_", "Test")))


def named_in(text: str) -> set[tuple[str, str]]:
    """Return each test that a text names, as path and name."""
    return set(re.findall(r"`([\w/]+\.py)::(\w+)`", text))


def absent(tests: Iterable[tuple[str, str]]) -> list[str]:
    """Return a sentence for each of these tests that does not exist."""
    return [f"no test {path}::{name}" for path, name in sorted(tests) if name not in names_in(path)]


def cells(row: str) -> list[str]:
    """Return the cells of a row of a table."""
    return [cell.strip() for cell in row.strip().strip("|").split("|")]
