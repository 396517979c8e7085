"""Messages with results to a real server: many at once, two versions in the wrong order, and fetches meanwhile."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from support.messages import body, envelope, header, school_element
from support.oracle import amount
from support.result_messages import SCHOOL, afname, class_of, message, resultaat
from support.result_school import PATH, ResultSchool, from_here
from support.school_builder import BRIN6, CODE, KLANTCODE, SERVER_KEYS
from support.server import Server, serving, split

from uwlr_adapter.koppelingen.tables import koppeling

TAKEN = b"<leerresultaten_bevestiging"


@dataclass(frozen=True)
class ServedResults:
    """A school that takes results, and a server in a process of its own."""

    school: ResultSchool
    server: Server

    def bring(self, content: bytes) -> tuple[int, bytes]:
        """Send a message; return the status and the body of the answer."""
        status, _, answer = split(self.server.post(from_here(content), "Content-Type: text/xml", path=PATH))
        return status, answer

    def fetch(self) -> int:
        """Fetch the school, and return the status."""
        request = envelope(body("2026-2027", school_element(BRIN6)), header(CODE, KLANTCODE, "Proef"))
        return split(self.server.post(request, "Content-Type: text/xml"))[0]


@pytest.fixture
def served(tmp_path: Path, backend: str) -> Iterator[ServedResults]:
    """Yield the server on each database."""
    del backend
    school = ResultSchool(tmp_path)
    with school.database.writing() as connection:
        connection.execute(koppeling.update().values(startdatum=date(2020, 1, 1)))
    environment = {"UWLR_KEYS": ",".join(SERVER_KEYS), "UWLR_CATALOGUS": str(school.settings.catalogus)}
    if "UWLR_DATABASE" in os.environ:
        environment["UWLR_DATABASE"] = os.environ["UWLR_DATABASE"]
    with serving(tmp_path, environment=environment) as server:
        yield ServedResults(school, server)
    school.close()


def version(key: str, score: int, minute: int) -> bytes:
    """Return a message with a result of a moment."""
    school = SCHOOL.replace("16:05:46", f"16:{minute:02}:00")
    return message(afname(resultaat(key, str(score))), school=school)


def test_of_two_versions_at_once_the_newer_stands(served: ServedResults) -> None:
    """Two versions of each result are sent at the same time, the newer one first: that one stands, whoever came first.

    A class is sent beside them, and the school is fetched: all are answered, and all that was confirmed is there.
    """
    keys = [f"k{number}" for number in range(amount(12, 200))]
    sent = [one for key in keys for one in (version(key, 2, 40), version(key, 1, 20))]
    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(served.bring, one) for one in (class_of(3, 40), *sent)]
        fetches = [pool.submit(served.fetch) for _ in range(10)]
        assert {one.result() for one in fetches} == {200}
        found = [one.result() for one in answers]
    assert all(status == 200 and TAKEN in content for status, content in found)
    assert {one.key: one.score for one in served.school.standing("10001")} == dict.fromkeys(keys, 2)
    assert len(served.school.standing("lln-2")) == 40
    told = [word for one in served.school.result_entries for word in one.remarks]
    assert told.count("nieuw=1") == len(keys)
    assert told.count("gewijzigd=1") + told.count("ingehaald=1") == len(keys)
