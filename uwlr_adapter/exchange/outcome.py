"""The outcome of a verzoek: the journaal entry, and the bytes or the fault for the caller."""

from typing import NamedTuple

from uwlr_adapter.contract import fault
from uwlr_adapter.journaal.model import Refusal, VerzoekEntry


class AnswerBytes(NamedTuple):
    """The bytes of an answer, and whether they are compressed with gzip."""

    content: bytes
    gzip: bool = False


class Outcome(NamedTuple):
    """The outcome of a message. Its entry must be durable before the answer leaves."""

    entry: VerzoekEntry | Refusal | None
    """None for a failure of our own before the caller was known."""
    answer: AnswerBytes | fault.Fault
