"""Outcomes of asking every stack, and of letting it bring results, and the page that is made of them: toolkits.md.

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
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from support.result_stacks import RESULT_CELLS, RESULT_STACKS
from support.stacks import CELLS, STACKS, Stack
from support.toolkits import node_environment

_DATA = Path(__file__).parents[1] / "data"
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
_BROUGHT = """\
## Results: what is sent, and what stands

Each stack brings results by the WSDL of `/uwlr/leerresultaten`, in one process, with the numbers of its own language;
then a test reads what stands in the records. **yes** is: each key, day, score, term and norm as the program had it,
the moment too, and no repair was needed.

- **Total**, **toetsonderdeel**, **OSO**: a message each, with letters beyond ASCII, `&` and `<`, norms, a vocabulaire
  and an ingang with its niveau.
- **Class of 30 × 40**: 1,200 results in one message.
- **6.5**, **X**: the number and the letter arrive as they are and get `Client.ScoreOngeldig`, with the place of the
  score; nothing is kept. By the published WSDL PHP sends 6 and 0 in their place.
- **Correction**, **the same again**: the newer version stands, once.
- **Newer and older at once**: two processes bring two versions of one result at the same time, and the first brings a
  still older one after that: the one with the newest `aanmaakdatum` stands.

"""
_TAIL = """\
## Axis 1.4

**Axis loses data without a word** (Apache Axis 1, last released in 2006; Axis2 and CXF are other programs). Where an
element may come many times in a choice, it keeps one of each kind:

- In an answer `groepen` holds the last groep and the last samengestelde groep; so do the `groepen` of a leerkracht.
  Every leerling and leerkracht is there, and each leerling with its own groepen.
- A request has room for one groep and one samengestelde groep.

The cure on our side, `maxOccurs` on the elements in the choice, changes the lists that zeep makes, so that programs
that work would break; so there is none. Take the keys of groepen from the leerlingen, ask one groep at a time, or call
from a toolkit that is maintained: JAX-WS reads the same answer whole.
"""


@dataclass(frozen=True)
class Table:
    """A table of the page: the file with what is stored, its stacks, and its columns with their heads."""

    file: Path
    stacks: Sequence[Stack]
    columns: Mapping[str, str]


ASKED_TABLE = Table(_DATA / "toolkits.json", STACKS, CELLS)
BROUGHT_TABLE = Table(_DATA / "result_toolkits.json", RESULT_STACKS, RESULT_CELLS)


@contextmanager
def cell(stack: Stack, name: str, table: Table = ASKED_TABLE) -> Iterator[None]:
    """Store or compare a cell after what is in the block held; of what a stack lacks, after it did not hold."""
    if name in stack.lacks:
        with pytest.raises(AssertionError):
            yield
    else:
        yield
    told = stack.lacks.get(name, WORKS)
    if _RECORD:
        _store(stack, name, told, table.file)
        return
    assert results(table)[stack.naam]["cells"][name] == told, "`make toolkits` writes the table anew"


def results(table: Table = ASKED_TABLE) -> dict[str, Any]:
    """Return what is stored: by stack its version, the day, and its cells."""
    stored: dict[str, Any] = json.loads(table.file.read_text(encoding="utf-8"))
    return stored


def _store(stack: Stack, name: str, told: str, path: Path) -> None:
    """Write a cell; the workers of a run do so in turn."""
    with path.open("a+", encoding="utf-8") as file:
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
    asked = f"{_HEAD}{_rows(ASKED_TABLE)}## What each one needs\n\n{_notes(STACKS)}"
    brought = f"{_BROUGHT}{_rows(BROUGHT_TABLE)}### What each one needs for results\n\n{_notes(RESULT_STACKS)}"
    return f"{asked}{brought}{_TAIL}"


def _rows(table: Table) -> str:
    """Return a table, and which of its stacks are asked when."""
    stored = results(table)
    columns = ["stack", "version", "tried on", *table.columns.values()]
    lines = [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns)]
    for stack in table.stacks:
        entry = stored[stack.naam]
        cells = [entry["cells"][name] for name in table.columns]
        lines.append(f"| {' | '.join([stack.title, entry['version'], entry['day'], *cells])} |")
    long = [stack.title for stack in table.stacks if stack.is_long]
    asked = f"`make test` asks all but {', '.join(long)}; `make test-long` asks these too.\n\n" if long else ""
    return f"{chr(10).join(lines)}\n\n{asked}"


def _notes(stacks: Sequence[Stack]) -> str:
    return "\n".join(f"- **{stack.title}**: {stack.note}" for stack in stacks) + "\n\n"


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
