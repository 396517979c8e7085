"""What has to be done before a verzoek can be answered, as plain data.

A driver does it where it may wait, and asks the database anew afterwards (`Exchange.plan`). A Load is a query, as the
access query is; the rest is done by `UseCase.do`.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, TypeAlias

from uwlr_adapter.answers import store
from uwlr_adapter.answers.freshness import AnswerKey
from uwlr_adapter.answers.state import AnswerState
from uwlr_adapter.answers.store import NOBODY, Withheld
from uwlr_adapter.contract.answer import AnswerFormat
from uwlr_adapter.contract.request import Call
from uwlr_adapter.db.statements import Query
from uwlr_adapter.errors import UwlrAdapterError
from uwlr_adapter.journaal.model import VerzoekEntry


@dataclass(frozen=True, slots=True)
class Load:
    """Load the stored bytes of an answer that is up to date."""

    answer_key: AnswerKey
    state: AnswerState

    @property
    def query(self) -> Query:
        """The query for the bytes; `UseCase.loaded` takes its rows."""
        return store.content_query(self.answer_key, self.state.content_hash)


@dataclass(frozen=True, slots=True)
class Render:
    """Render an answer, validate and store it."""

    answer_key: AnswerKey
    answer_format: AnswerFormat
    moment: datetime
    opened: datetime
    withheld: Withheld = NOBODY


@dataclass(frozen=True, slots=True)
class Drop:
    """Mark an answer whose bytes are gone, so that it is rendered again."""

    answer_key: AnswerKey
    content_hash: str


@dataclass(frozen=True, slots=True)
class RecordProfiel:
    """Store since when a koppeling is fetched under a profile, by its digest and the `Access.suffix` behind it."""

    koppeling_id: int
    profiel: str
    moment: datetime


@dataclass(frozen=True, slots=True)
class RecordShown:
    """Store that the afnemer of a koppeling had access with its present code, by the end of the digest of that."""

    koppeling_id: int
    shown: str


@dataclass(frozen=True, slots=True)
class JudgeResults:
    """Read and judge a whole message with results: a class of 30 x 40 takes a tenth of a second, 10 MB some seconds."""

    call: Call = field(repr=False)


class ForeignWorkError(UwlrAdapterError):
    """A use case was handed work of another one: a defect of this package."""


Blocking: TypeAlias = Render | Drop | RecordProfiel | RecordShown | JudgeResults
"""Work that blocks a thread."""
Work: TypeAlias = Load | Blocking


class Unfinished(NamedTuple):
    """A verzoek that waits for work, and its entry in case the work fails."""

    work: Work
    entry: VerzoekEntry
