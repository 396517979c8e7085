"""What a sandbox has after a night, and after a stop in the middle of an act."""

import base64
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from lxml import etree
from support import event_loop
from support.messages import body, envelope, header, school_element
from support.portal_browser import MOMENT
from support.rsgi import send
from support.sandbox import SandboxBench, sandbox_in, situation
from support.wsgi import call

from uwlr_adapter.demo.setup import KLANTCODE, KLANTNAAM
from uwlr_adapter.jobs.runner import JobRunner
from uwlr_adapter.sandbox.accounts import THE_PUBLISHED
from uwlr_adapter.sandbox.making import Maker
from uwlr_adapter.sandbox.serving import SANDBOX_JOBS
from uwlr_adapter.settings import Settings

BRIN6 = "01ZA00"


def answered(bench: SandboxBench, schooljaar: str) -> int:
    """Return how many leerlingen an answer to the published account has."""
    sent = envelope(
        body(schooljaar, school_element(BRIN6)), header(situation("usual").code("ZA"), KLANTCODE, KLANTNAAM)
    )
    reply = event_loop.run(send(bench.rsgi, sent))
    return len(etree.fromstring(reply.content).findall(".//{*}leerlingen/{*}leerling"))


def test_a_night_erases_nothing(tmp_path: Path) -> None:
    """A school of years back is there the next morning: the jobs of the night go by the real clock."""
    with sandbox_in(tmp_path) as bench:
        now = [MOMENT]
        runner = JobRunner(bench.world.database, Settings(data=tmp_path), SANDBOX_JOBS, lambda _connection: now[0])
        bench.world.school(THE_PUBLISHED, "02ZA00")
        for days in range(4):
            now[0] = MOMENT + timedelta(days=days)
            runner.look()
            if days == 1:  # the purge of a service trusts its clock now
                bench.world.move_clock(MOMENT - timedelta(days=4 * 365))
                bench.world.school(THE_PUBLISHED, BRIN6)
        assert answered(bench, "2022-2023") == 24


def test_an_act_that_was_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sandbox that stopped between an import and the note of it has afterwards what it lists."""

    def bring_and_stop(*given: object) -> None:
        bring(*given)  # type: ignore[arg-type] # as it was called
        sys.exit()

    bring = Maker.bring
    token = base64.b64encode(f"{KLANTNAAM}:{KLANTCODE}".encode()).decode()
    with sandbox_in(tmp_path) as bench:
        bench.world.school(THE_PUBLISHED, BRIN6)
        monkeypatch.setattr(Maker, "bring", bring_and_stop)
        with pytest.raises(SystemExit):
            call(bench.app, path=f"/sandbox/api/schools/{BRIN6}/leave", HTTP_AUTHORIZATION=f"Basic {token}")
        monkeypatch.undo()
        assert len(bench.world.school(THE_PUBLISHED, BRIN6)[2]) == 24
        assert answered(bench, "2026-2027") == 24
