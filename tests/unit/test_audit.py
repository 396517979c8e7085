"""The audit of the locked releases, against a database that is played on loopback."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
KNOWN = {"vulns": [{"id": "PYSEC-2014-8"}]}
"""What every database says of the release that is asked first."""

Answer = Callable[[list[dict[str, Any]]], Any]
"""What the database says of the queries; an int is a status."""


@contextmanager
def database(answer: Answer) -> Iterator[str]:
    """Play the database; yield its address."""

    class Handler(BaseHTTPRequestHandler):
        """Answers each POST."""

        def do_POST(self) -> None:
            """Answer as the test wants."""
            queries = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["queries"]
            said = answer(queries)
            self.send_response(said if isinstance(said, int) else 200)
            self.end_headers()
            self.wfile.write(said if isinstance(said, bytes) else json.dumps(said).encode())

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name in the base class
            """Keep quiet."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1/querybatch"
        finally:
            server.shutdown()
            thread.join()


def audit(address: str) -> tuple[int, str]:
    """Return the status and the output of an audit."""
    run = subprocess.run(
        [sys.executable, ROOT / ".ci" / "audit.py", address], capture_output=True, text=True, check=False
    )
    assert run.stderr == ""
    return run.returncode, run.stdout


def answers(**of: Any) -> Answer:
    """Return a database that says this of the releases named, knows the first one, and nothing of the others."""
    return lambda queries: {
        "results": [KNOWN, *(of.get(query["package"]["name"].replace("-", "_"), {}) for query in queries[1:])]
    }


def test_every_locked_release_is_asked() -> None:
    """Each release of each lock file is in the question, by name and version, and a good answer is status 0."""
    asked: list[dict[str, Any]] = []

    def answer(queries: list[dict[str, Any]]) -> Any:
        asked.extend(queries)
        return answers()(queries)

    with database(answer) as address:
        status, output = audit(address)
    pins = {
        tuple(line.split()[0].split("=="))
        for file in ROOT.glob("requirements*.lock")
        for line in file.read_text(encoding="utf-8").splitlines()
        if "==" in line and not line.startswith((" ", "#"))
    }
    assert {(query["package"]["name"], query["version"]) for query in asked[1:]} == pins
    assert {query["package"]["ecosystem"] for query in asked} == {"PyPI"}
    assert (status, output) == (0, f"audited {len(pins)} releases: 0 problems\n")


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        (answers(lxml={"vulns": [{"id": "PYSEC-2"}, {"id": "GHSA-1"}]}), "lxml 6."),
        (answers(legacy_cgi={"vulns": [{"id": "PYSEC-2"}]}), "legacy-cgi 2."),
        (answers(flask=None), "flask 3."),
        (answers(flask={"next_page_token": "more"}), "flask 3."),
        (lambda queries: {"results": [KNOWN, *({} for _ in queries[2:])]}, "zeep 4."),
        (lambda queries: {"results": [{} for _ in queries]}, "the database knows no vulnerability of jinja2 2.4.1"),
        (lambda _: {}, "failed: the database gives no results"),
        (lambda _: b"<html>", "failed: "),
        (lambda _: 400, "failed: the database refuses the question with 400"),
    ],
    ids="vulnerable marked skipped paged short ignorant empty garbled refused".split(),
)
def test_what_is_not_known_to_be_good_is_a_failure(answer: Answer, line: str) -> None:
    """A vulnerability, a release without a whole answer, and a database that cannot know each give status 1."""
    with database(answer) as address:
        status, output = audit(address)
    assert status == 1
    assert output.startswith(line)


def test_a_vulnerability_is_named() -> None:
    """The output names the release and every vulnerability of it."""
    with database(answers(lxml={"vulns": [{"id": "PYSEC-2"}, {"id": "GHSA-1"}]})) as address:
        _, output = audit(address)
    assert ": GHSA-1 PYSEC-2\n" in output
    assert output.endswith(": 1 problems\n")


def test_without_a_database_nothing_is_audited() -> None:
    """A database that is not there, or out of order, gives status 75 and the words `not audited`."""
    with database(lambda _: 503) as address:
        assert audit(address) == (75, "not audited: the database answers 503\n")
    assert audit(address) == (75, "not audited: no database can be reached (ConnectionRefusedError)\n")


@pytest.mark.parametrize(("status", "accepted"), [(0, True), (75, True), (1, False), (2, False)])
def test_only_no_database_is_accepted(status: int, accepted: bool) -> None:  # noqa: FBT001
    """`.ci/run` goes on after a good audit and after none, and stops at a failed one."""
    (line,) = [line for line in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines() if "audit.py" in line]
    played = line.replace(".venv/bin/python .ci/audit.py", f"(exit {status})")
    assert played != line
    assert (subprocess.run(["bash", "-euc", played], check=False).returncode == 0) is accepted
