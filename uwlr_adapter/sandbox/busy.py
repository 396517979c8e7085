"""The one fault that the sandbox has of its own making: a use case that is not available when a school is busy."""

from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass

from uwlr_adapter.answers.store import Made
from uwlr_adapter.contract.fault import TijdelijkNietBeschikbaar
from uwlr_adapter.contract.request import Call
from uwlr_adapter.db.statements import Row
from uwlr_adapter.exchange.exchange import UseCase
from uwlr_adapter.exchange.outcome import Brought, Outcome
from uwlr_adapter.exchange.question import Asked, Granted
from uwlr_adapter.exchange.work import Blocking, Drop, Load, Unfinished
from uwlr_adapter.journaal.model import VerzoekEntry
from uwlr_adapter.koppelingen.toestemming import Toestemming

RETRY_AFTER = 5
"""Seconds of the Retry-After that a busy school sends."""
COMES_TOO_EARLY: ContextVar[bool] = ContextVar("COMES_TOO_EARLY", default=False)
"""Whether the present call comes too early. It is of the call: others may be at the same school meanwhile."""


@dataclass(frozen=True, slots=True)
class BusyUseCase:
    """A `UseCase` around another one: a call with access that comes too early is refused with Retry-After."""

    inner: UseCase

    @property
    def toestemming(self) -> Toestemming:
        """The one that the inner one needs."""
        return self.inner.toestemming

    def ask(self, call: Call) -> Asked:
        """Return what the inner one asks."""
        return self.inner.ask(call)

    def answer(self, granted: Granted, entry: VerzoekEntry) -> Outcome | Unfinished | Asked:
        """Return what the inner one answers. Raises TijdelijkNietBeschikbaar when too early, and as that does."""
        if COMES_TOO_EARLY.get():
            raise TijdelijkNietBeschikbaar(RETRY_AFTER)
        return self.inner.answer(granted, entry)

    def loaded(self, load: Load, rows: Sequence[Row]) -> Made | Drop:
        """Return what the inner one loaded."""
        return self.inner.loaded(load, rows)

    def do(self, work: Blocking) -> Brought | None:
        """Do what the inner one does."""
        return self.inner.do(work)
