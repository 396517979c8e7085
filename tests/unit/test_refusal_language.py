"""A refusal that a school reads in Dutch is told in English on the command line."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import uwlr_adapter
from uwlr_adapter.administratie.calendar_acts import ReleaseError
from uwlr_adapter.cli.base import refusal
from uwlr_adapter.errors import SchoolRefusedError
from uwlr_adapter.koppelingen import errors, verificatiecode
from uwlr_adapter.koppelingen.errors import InvalidCodeError, KoppelingError, MergedVestigingError
from uwlr_adapter.maintenance.announced import MaintenanceError

PACKAGE = Path(uwlr_adapter.__file__).parent
DUTCH = re.compile(r"\b(al|de|deze|een|eerst|en|geen|het|kies|kunnen|niet|uw|voor|vul|wordt|zij)\b", re.IGNORECASE)
OF_PAGES = {"WeakPasswordError", "ConfirmationError", "AddressError"}
"""What only a page of the portal can cause, or a command tells in words of its own."""
BY_TEXT = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, KoppelingError)]


def refusals() -> Iterator[SchoolRefusedError]:
    """Yield one refusal of each class, and of each rule of a code."""
    for kind in BY_TEXT:
        if "text" in vars(kind):
            yield kind()
    yield MergedVestigingError("30AB00")
    for code in ("", "x", "21QW00" + "é" * 50, "21QW00" + "a" * 20):
        yield InvalidCodeError(verificatiecode.broken_rules(code, "21QW00"))


@pytest.mark.parametrize("error", list(refusals()), ids=lambda error: type(error).__name__)
def test_each_has_both(error: SchoolRefusedError) -> None:
    """The school reads a Dutch sentence; a command tells an English one, as it prints it behind `Error:`."""
    assert DUTCH.search(str(error))
    told = refusal(error).message
    assert not DUTCH.search(told)
    assert told[0].islower()
    assert not told.endswith(".")


def test_none_is_left_out() -> None:
    """The classes above are all that there are: a new one has a text of its own, or a place in this file."""
    with_text = {type(one) for one in refusals()}
    assert set(BY_TEXT) - with_text == {KoppelingError}


def test_nothing_else_is_refused_in_dutch() -> None:
    """An exception that is raised with a Dutch text outside of the portal is one that has an English one, too."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        if path.relative_to(PACKAGE).parts[0] == "portal":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                texts = [one.value for one in ast.walk(node.exc) if isinstance(one, ast.Constant)]
                if any(isinstance(text, str) and DUTCH.search(text) for text in texts):
                    found.add(ast.unparse(node.exc.func))
    assert found - OF_PAGES == {ReleaseError.__name__, MaintenanceError.__name__}
