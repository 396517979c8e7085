"""The one fault that the sandbox has of its own making: a use case that is not available when a school is busy."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from uwlr_adapter.answers.store import Made
from uwlr_adapter.contract.fault import TijdelijkNietBeschikbaar
from uwlr_adapter.contract.request import Call
from uwlr_adapter.db.statements import Row
from uwlr_adapter.exchange.exchange import UseCase
from uwlr_adapter.exchange.outcome import Outcome
from uwlr_adapter.exchange.question import Asked, Granted
from uwlr_adapter.exchange.work import Blocking, Drop, Load, Unfinished
from uwlr_adapter.journaal.model import VerzoekEntry

RETRY_AFTER = 5
"""Seconds of the Retry-After that a busy school sends."""


@dataclass(frozen=True, slots=True)
class BusyUseCase:
    """A `UseCase` around another one: a call with access to a busy school is refused with Retry-After."""

    inner: UseCase
    is_busy: Callable[[str], bool]
    """Returns whether the school with this brin6 is busy."""

    def ask(self, call: Call) -> Asked:
        """Return what the inner one asks."""
        return self.inner.ask(call)

    def answer(self, granted: Granted, entry: VerzoekEntry) -> Outcome | Unfinished | Asked:
        """Return what the inner one answers. Raises TijdelijkNietBeschikbaar for a busy school, and as that does."""
        if self.is_busy(granted.access.brin6):
            raise TijdelijkNietBeschikbaar(RETRY_AFTER)
        return self.inner.answer(granted, entry)

    def loaded(self, load: Load, rows: Sequence[Row]) -> Made | Drop:
        """Return what the inner one loaded."""
        return self.inner.loaded(load, rows)

    def do(self, work: Blocking) -> Made | None:
        """Do what the inner one does."""
        return self.inner.do(work)
