"""The words of operators: each job, outcome, reason and failure has its own."""

import pytest

from uwlr_adapter.jobs.registry import JOBS
from uwlr_adapter.jobs.schedule import RunOutcome
from uwlr_adapter.journaal.model import RefusalReason
from uwlr_adapter.koppelingen.verdict import KoppelingVerdict, VerdictKind, Who
from uwlr_adapter.mail.outbox import MailFailure
from uwlr_adapter.portal import operator_words


def test_everything_has_its_words() -> None:
    """A new job, outcome, reason or failure gets words here, or its page would fail or say nothing."""
    assert operator_words.JOBS.keys() == JOBS.keys()
    assert operator_words.OUTCOMES.keys() == set(RunOutcome)
    assert operator_words.REFUSALS.keys() == set(RefusalReason)
    assert operator_words.MAIL_FAILURES.keys() == set(MailFailure)


@pytest.mark.parametrize("kind", VerdictKind)
@pytest.mark.parametrize("who", Who)
def test_a_verdict_is_not_addressed_to_the_school(kind: VerdictKind, who: Who) -> None:
    """An operator reads of a school, not as one; and there is a step wherever there is somebody to take it."""
    verdict = KoppelingVerdict(kind, None, who, RefusalReason.WRONG_CODE)
    texts = (operator_words.sentence_of(verdict, "Snappet"), operator_words.step_of(verdict, "Snappet"))
    assert "uw school" not in " ".join(texts)
    assert "{" not in " ".join(texts)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "minder dan 1 seconde"), (1, "1 seconde"), (60, "1 minuut"), (125.4, "2 minuten en 5 seconden")],
)
def test_how_long_a_job_took(seconds: float, words: str) -> None:
    """In minutes and seconds, each in its number."""
    assert operator_words.seconds_in_words(seconds) == words


def test_who_made_an_import() -> None:
    """An account of the machine, a job, a login, or nobody that is known."""
    actors = {"cli:jan": "de beheerder (jan)", "job:purge": "vanzelf", "a.devries": "a.devries", None: "niet bekend"}
    assert {actor: operator_words.actor_in_words(actor) for actor in actors} == actors
