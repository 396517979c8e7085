"""The outcome of a verzoek: the journaal entry, and the bytes or the fault for the caller."""

from typing import NamedTuple, TypeAlias

from uwlr_adapter.answers.store import Made
from uwlr_adapter.contract import fault
from uwlr_adapter.contract.leerresultaten.records import Leerresultaten
from uwlr_adapter.journaal.model import Refusal, VerzoekEntry
from uwlr_adapter.koppelingen.given import Given
from uwlr_adapter.koppelingen.renewal import Renewal


class AnswerBytes(NamedTuple):
    """The bytes of an answer, and whether they are compressed with gzip."""

    content: bytes
    gzip: bool = False


class ResultsToTake(NamedTuple):
    """A message with results that was judged."""

    leerresultaten: Leerresultaten
    repairs: tuple[str, ...]
    """The ids of the repairs that it needed."""
    strict: bool
    """Whether it was judged as it was sent."""
    disagreement: fault.Fault | None = None
    """What its parts do not agree about (`agreement.check`); it is told once a leerling is known."""


Brought: TypeAlias = Made | ResultsToTake
"""What work brought that an outcome is made of."""
Entry: TypeAlias = VerzoekEntry | Refusal
"""What is written of a call: an entry of the journaal, or the count of a refusal before the afnemer was known."""


class Outcome(NamedTuple):
    """The outcome of a message. Its entry must be durable before the answer leaves."""

    entry: Entry | None
    """None for a failure of our own before the caller was known."""
    answer: AnswerBytes | fault.Fault
    given: Given | None = None
    """The data that the koppeling has with this answer, unless it is known to have them."""
    failure: Exception | None = None
    """The failure of our own behind a fault, for the log."""
    guess: str | None = None
    """What a wrong code is counted under (`koppelingen/failures.py`)."""
    undelivered: Given | None = None
    """The data that an earlier outcome of this entry's koppeling gave, and that never left: they are forgotten."""
    results: ResultsToTake | None = None
    """What is to be taken with the entry, in a transaction of their own (`results_commit.py`)."""
    renewals: tuple[Renewal, ...] = ()
    """The digests of the codes that were shown, to be made anew under the server key in use; mostly none."""
