"""The outcome of a verzoek: the journaal entry, and the bytes or the fault for the caller."""

from typing import NamedTuple

from uwlr_adapter.contract import fault
from uwlr_adapter.journaal.model import Refusal, VerzoekEntry


class AnswerBytes(NamedTuple):
    """The bytes of an answer, and whether they are compressed."""

    content: bytes
    gzip: bool = False


class Outcome(NamedTuple):
    """What came of a message: the line that must be on the disk before anything leaves, and what leaves then."""

    entry: VerzoekEntry | Refusal | None
    """None for a failure of our own before it was known who calls."""
    answer: AnswerBytes | fault.Fault
