"""Real client stacks call the kit, knowing only its WSDL: each is judged rightly, over whole rounds of calls."""

import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.kit_caller import CREDENTIALS, caller_run, failed
from support.stacks import BY_NAAM
from support.toolkits import Question, run

from uwlr_adapter.clock import day_of, now, schooljaar_of
from uwlr_adapter.kit.listening import verdicts
from uwlr_adapter.kit.listening.endpoint import PATH, CallerEndpoint, Script
from uwlr_adapter.kit.listening.judging import RequestVerdict
from uwlr_adapter.kit.listening.listener import listening, wait_for_caller
from uwlr_adapter.kit.listening.turn import Conversation

OPERATIONS = {
    "HaalLeerlinggegevens": (),
    "HaalStructuur": (),
    "HaalLeerlingen": ("groep={0}-1", "samengestelde_groep={0}-plus"),
    "HaalLeerkrachten": ("groep={0}-1", "groep"),
}
MANNERS: dict[str, set[str]] = {
    "zeep": set(),
    "php": set(),
    "node": set(),
    "gsoap": set(),
    "perl": {"CHTTP-10"},  # its SOAPAction has no quotes
}
"""What is told of each stack beside that all its requests are right."""


@pytest.fixture
def app() -> Iterator[CallerEndpoint]:
    """Serve the endpoint of the kit."""
    with listening("127.0.0.1", 0) as listener:
        talk = Conversation(now, time.monotonic, f"{listener.base_url}{PATH}")
        made = CallerEndpoint(talk, CREDENTIALS, listener.base_url, Script(slow=0.0), wait_for_caller)
        listener.serve(made)
        yield made


@pytest.mark.parametrize("stack", MANNERS)
def test_a_stack_is_judged_rightly(app: CallerEndpoint, stack: str, programs: Path) -> None:
    """Each of its requests is right, twice for each operation, and it sends the moment that it got."""
    BY_NAAM[stack].need()
    endpoint = app.conversation.shown_url
    command = BY_NAAM[stack].command(programs, f"{endpoint}?wsdl")
    schooljaar = schooljaar_of(day_of(now()))
    school: Any = SimpleNamespace(klantcodes={"Snappet": CREDENTIALS.klantcode}, schooljaar=schooljaar)
    server: Any = SimpleNamespace(endpoint=endpoint)
    for operation, groepen in OPERATIONS.items():
        asked = tuple(groep.format(schooljaar[:4]) for groep in groepen)
        question = Question(operation, asked, key=CREDENTIALS.autorisatiesleutel, again=True)
        conversation = run(command, school, server, question)
        assert not conversation.error
    assert len(app.conversation.turns) == 2 * len(OPERATIONS)
    assert {turn.verdict for turn in app.conversation.turns} == {RequestVerdict.RIGHT}
    found = verdicts.caller_report(app.conversation, caller_run(endpoint, now()))
    assert failed(found) == MANNERS[stack]
    assert {one.id: one.verdict for one in found.results}["NEXT-05"] == "pass"
