"""The results of asking every stack, and the page that is made of it: docs/reference/toolkits.md.

A test that ran stores its cell with UWLR_RECORD=1, and holds it against the stored one without. `make toolkits` asks
every stack, and writes the page.
"""

import fcntl
import functools
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from support.stacks import CELLS, STACKS, Stack
from support.toolkits import node_environment

RESULTS = Path(__file__).parents[1] / "data" / "toolkits.json"
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "toolkits.md"
WORKS = "yes"
_RECORD = os.environ.get("UWLR_RECORD") == "1"
_VERSION = re.compile(r"\d+(?:[.]\d+)+")
_HEAD = """\
# Client toolkits: what was tried

Each stack reads the served WSDL and calls the service, one program for each in `tests/interop/programs`; a test wrote
each cell of the table after it held what the program printed against the bytes that were sent. **yes** is: every
record, letter, date and moment was there. `make toolkits` asks all of them, and writes this page.

- The four operations: the example school of 232 leerlingen, whole; the groups of a request too.
- **One leerling**: a school of one groep, one leerling with only a roepnaam, and one leerkracht without rol or groep.
- **geenwijzigingen**: a second call, with the moment of the first as the toolkit itself holds and writes it; told apart
  from **geengegevens**.
- **Fault**: code and sentence in the toolkit's own exception; its **detail**: `pad` and `regel`
  ([the words](faults.md)).

"""
_TAIL = """\
## Apache Axis 1.4

Axis 1, last released in 2006, was tried by hand. Its `WSDL2Java` reads the WSDL, leerlingen and leerkrachten arrive
whole, and a fault is an exception with `getPad()` and `getRegel()`. But **it loses data without a word**: of a choice
that repeats it makes one field for each kind, so that of nine groepen it keeps the last `groep` and the last
`samengestelde_groep`; of a leerkracht too, and in a request it can name one of each. The cure on our side, `maxOccurs`
on the elements in the choice, changes the lists that zeep makes, so that programs that work would break; so there is
none. Take the keys of groepen from the leerlingen, or call from a toolkit that is maintained: JAX-WS reads the answer
whole.
"""


@contextmanager
def cell(stack: Stack, name: str) -> Iterator[None]:
    """Store or compare a cell after what is in the block held; of what a stack lacks, after it did not hold."""
    if name in stack.lacks:
        with pytest.raises(AssertionError):
            yield
    else:
        yield
    told = stack.lacks.get(name, WORKS)
    if _RECORD:
        _store(stack, name, told)
        return
    assert results()[stack.naam]["cells"][name] == told, "`make toolkits` writes the table anew"


def results() -> dict[str, Any]:
    """Return what is stored: by stack its version, the day, and its cells."""
    stored: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8"))
    return stored


def _store(stack: Stack, name: str, told: str) -> None:
    """Write a cell; the workers of a run do so in turn."""
    with RESULTS.open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        stored = json.loads(file.read() or "{}")
        entry = stored.setdefault(stack.naam, {"cells": {}})
        entry |= {"version": _version(stack.version), "day": datetime.now(UTC).date().isoformat()}
        entry["cells"][name] = told
        file.truncate(0)
        file.write(f"{json.dumps(stored, indent=1, ensure_ascii=False, sort_keys=True)}\n")


@functools.cache
def _version(command: tuple[str, ...]) -> str:
    environment = os.environ | node_environment()
    told = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    found = _VERSION.search(told.stdout + told.stderr)
    assert found is not None, command
    return found[0]


def page() -> str:
    """Return the page as it must be."""
    stored = results()
    columns = ["stack", "version", "tried on", *CELLS.values()]
    lines = [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns)]
    for stack in STACKS:
        entry = stored[stack.naam]
        cells = [entry["cells"][name] for name in CELLS]
        lines.append(f"| {' | '.join([stack.title, entry['version'], entry['day'], *cells])} |")
    long = [stack.title for stack in STACKS if stack.is_long]
    asked = f"`make test` asks all but {', '.join(long)}; `make test-long` asks these too.\n\n" if long else ""
    notes = "\n".join(f"- **{stack.title}**: {stack.note}" for stack in STACKS)
    return f"{_HEAD}{chr(10).join(lines)}\n\n{asked}## What each one needs\n\n{notes}\n\n{_TAIL}"


def main() -> int:
    """Write the page, or return 1 when --check finds it out of date."""
    if "--check" in sys.argv:
        if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page():
            print("docs/reference/toolkits.md is out of date: make toolkits")  # noqa: T201 - a program
            return 1
        return 0
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
