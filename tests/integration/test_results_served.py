"""Messages with results over HTTP: what each is answered with, what is kept of it, and what the journaal says."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.event_loop import run
from support.result_messages import Verdict, manifest, sample
from support.result_school import ResultReply, ResultSchool

from uwlr_adapter.web.rsgi import RsgiApp

TAKEN = "leerresultaten_bevestiging"
NO_RESULTS = (0, 0, 0, 0, 0)
UNKNOWN, TWO_PEOPLE = "onzichtbaar/15-leerling-onbekend.xml", "onzichtbaar/14-eckid-van-ander.xml"
"""Samples of which the records decide."""
LEERLING = "leerresultaten_verzoek/toetsafnames/toetsafname[1]"


@pytest.fixture
def school(tmp_path: Path, backend: str) -> Iterator[ResultSchool]:
    """Yield a school that takes results, on each database."""
    del backend
    made = ResultSchool(tmp_path)
    yield made
    made.close()


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[ResultSchool]:
    """Yield such a school on SQLite."""
    made = ResultSchool(tmp_path)
    yield made
    made.close()


SAMPLES = [one for one in manifest() if one.file not in {"valid/bevestiging.xml", "valid/toetsdefinities.xml"}]


def expected(one: Verdict, *, strict: bool) -> tuple[str, str, str]:
    """Return the outcome, the place and the word of a sample."""
    if one.file == UNKNOWN:
        return "Client.LeerlingOngeldig", f"{LEERLING}/leerlingid", "onbekend"
    if one.strict == "goed" or (one.repairs and not strict):
        return TAKEN, "-", "-"
    return one.strict, one.pad, one.regel


def test_every_sample_gets_its_verdict(embedded: ResultSchool) -> None:
    """Each sample is taken, or refused with the fault and the place of the manifest and nothing is kept of it."""
    for strict in (False, True):
        embedded.restart(strict=strict)
        for one in SAMPLES:
            before = embedded.counts()
            found = embedded.bring_sample(one.file)
            assert (found.outcome, found.pad, found.regel) == expected(one, strict=strict), (one.file, strict)
            if found.outcome != TAKEN:
                assert embedded.counts() == before, one.file
            if not strict and found.outcome == TAKEN:
                assert found.repairs == ", ".join(one.repairs), one.file


def test_both_drivers_answer_the_same(embedded: ResultSchool) -> None:
    """Under granian and under any WSGI server each sample, sent again, gets the same answer, to the byte."""
    answers = [embedded.bring_sample(one.file) for one in SAMPLES]
    again = [embedded.bring_sample(one.file).reply.body for one in SAMPLES]

    async def bring_all() -> list[ResultReply]:
        app = RsgiApp(embedded.app, threads=2)
        return [await embedded.bring_to(app, sample(one.file), pieces=3) for one in SAMPLES]

    found = run(bring_all())
    assert [one.reply.body for one in found] == again
    assert [(one.outcome, one.repairs) for one in found] == [(one.outcome, one.repairs) for one in answers]
