"""The hostile corpus: every case, sent to a real server over its own connection, gets the verdict of the manifest.

The cases are in `corpus/`, one a line; tests/support/hostile_cases.py makes their bytes. Each comes from an address of
its own, so that none waits for the refusals of another. The server is ours, since cases that are taken bring results.
"""

import itertools
import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.hostile_cases import (
    FETCH,
    GoodMessages,
    ask,
    benchmark,
    cases,
    documents,
    imported,
    kinds,
    octets_of,
    verdict,
)
from support.served_school import ServedSchool, furnish, open_for_results
from support.server import Server, serving, split, until

from uwlr_adapter.demo import setup

IMPORTS = "import"
SENT = [kind for kind in kinds() if kind != IMPORTS]
SOURCES = (f"127.9.{number // 250}.{number % 250 + 1}" for number in itertools.count())
SECURITY = Path(__file__).parents[2] / "docs" / "explanation" / "security.md"


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> ServedSchool:
    """Return a school that takes results."""
    made = furnish(tmp_path_factory.mktemp("corpus") / "data")
    open_for_results(made.data)
    return made


@pytest.fixture(scope="module")
def target(school: ServedSchool) -> Iterator[Server]:
    """Serve it, to every case."""
    with serving(school.data) as running:
        serve_a_friend(school, running)
        yield running


def serve_a_friend(school: ServedSchool, target: Server) -> None:
    """Fetch as a friend does, and return when the line of that request is in the log. Raises AssertionError."""
    id_ = uuid.uuid4().hex
    answer = target.post(school.request(), "Content-Type: text/xml", f"X-Request-ID: {id_}", path=FETCH)
    assert split(answer)[0] == 200
    until(lambda: any(id_ in line for line in target.log))


@pytest.mark.parametrize("kind", SENT)
def test_each_case_gets_its_verdict(school: ServedSchool, target: Server, kind: str) -> None:
    """The status, or the fault with its place and word, is that of the manifest, and the server lives on."""
    before, good, wrong = len(target.log), GoodMessages(school.schooljaar), []
    for case in cases(kind):
        given = verdict(ask(target.port, next(SOURCES), octets_of(case, good)))
        if given != case.gives:
            wrong.append(f"{case.name}: {given}, and not {case.gives}")
    assert not wrong, "\n".join(wrong)
    serve_a_friend(school, target)
    lines = target.log[before:]
    assert not [line for line in lines if not line.startswith("{")], "something else than a line of the service"
    assert {json.loads(line)["level"] for line in lines} == {"INFO"}
    assert not [line for line in lines if len(line) > 400], "a caller chose how long a line is"
    for secret in (setup.KLANTCODE, setup.VERIFICATIECODE, "root:"):
        assert not [line for line in lines if secret in line]


def test_each_file_to_import_gets_its_verdict() -> None:
    """Where a file is refused and why, or what is left out of it, is what the manifest says."""
    found = {case.name: imported(case) for case in cases(IMPORTS)}
    assert found == {case.name: case.gives for case in cases(IMPORTS)}


def test_the_manifest_is_whole() -> None:
    """No name is there twice; every kind that the benchmark measures, and every costly document, has a verdict."""
    for kind in kinds():
        names = [case.name for case in cases(kind)]
        assert len(set(names)) == len(names), kind
    assert {case.name for case in cases("benchmark")} == set(benchmark(GoodMessages("2026-2027")))
    assert {case.text("document") for case in cases("document")} == set(documents())


def test_the_documentation_has_the_count() -> None:
    """The number of cases in docs/explanation/security.md is the one of the manifest."""
    number = sum(len(cases(kind)) for kind in kinds())
    assert f"{number:,} cases" in SECURITY.read_text(encoding="utf-8")
