"""Calls in the journaal of a test, as a request writes them."""

import sqlalchemy as sa

from uwlr_adapter.db.backend import run
from uwlr_adapter.exchange import commit
from uwlr_adapter.exchange.outcome import AnswerBytes, Outcome
from uwlr_adapter.journaal.model import VerzoekEntry


def write_entries(connection: sa.Connection, *entries: VerzoekEntry) -> None:
    """Write calls in a transaction of the test."""
    run(connection, commit.commands([Outcome(entry, AnswerBytes(b"")) for entry in entries]))
