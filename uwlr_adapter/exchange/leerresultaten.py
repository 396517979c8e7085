"""The use case of the service leerresultaten: an afnemer brings results, and all of a message is taken or nothing.

A message is judged where it may take a second (`JudgeResults`), and its call decided anew after that. What it brings is
taken in one transaction with its entry in the journaal (`results_commit.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, NoReturn

from uwlr_adapter.contract import fault
from uwlr_adapter.contract.leerresultaten import agreement
from uwlr_adapter.contract.leerresultaten.agreement import Vocabulaires
from uwlr_adapter.contract.leerresultaten.confirmation import BEVESTIGING
from uwlr_adapter.contract.leerresultaten.judging import judge
from uwlr_adapter.contract.request import Call
from uwlr_adapter.db.database import Database
from uwlr_adapter.db.statements import Row
from uwlr_adapter.exchange.exceptions import without_trace
from uwlr_adapter.exchange.outcome import AnswerBytes, Outcome, ResultsToTake
from uwlr_adapter.exchange.question import Asked, Granted
from uwlr_adapter.exchange.work import Blocking, ForeignWorkError, JudgeResults, Load, RecordShown, Unfinished
from uwlr_adapter.journaal.model import TAKEN, VerzoekEntry
from uwlr_adapter.koppelingen import store as koppelingen
from uwlr_adapter.koppelingen.access import AccessStatements
from uwlr_adapter.koppelingen.toestemming import Toestemming

_STATEMENTS = AccessStatements()
"""The access query, with nothing beside the access."""


@dataclass(frozen=True, slots=True)
class BrengLeerresultaten:
    """A `UseCase`. Safe to share between threads. `vocabulaires` are those whose terms are held to."""

    toestemming: ClassVar[Toestemming] = Toestemming.RESULTATEN
    database: Database
    vocabulaires: Vocabulaires = field(default_factory=dict)

    def ask(self, _call: Call) -> Asked:
        """Return what the access query reads: the access alone."""
        return Asked(_STATEMENTS, {})

    def answer(self, granted: Granted, entry: VerzoekEntry) -> Outcome | Unfinished:
        """Return the confirmation of a message that was judged, which is to be taken first; else have it judged."""
        judged = granted.made
        if not isinstance(judged, ResultsToTake) or judged.strict != granted.call.strict:
            return Unfinished(JudgeResults(granted.call), entry)
        entry.repairs, entry.outcome = judged.repairs, TAKEN
        return Outcome(entry, AnswerBytes(BEVESTIGING), results=judged)

    def loaded(self, load: Load, _rows: Sequence[Row]) -> NoReturn:
        """Raise ForeignWorkError: nothing is stored for an answer."""
        raise ForeignWorkError(type(load).__name__)

    def do(self, work: Blocking) -> ResultsToTake | None:
        """Do work that blocks a thread, and return what it brought. Raises Fault, as `judge` does, or DBAPIError."""
        match work:
            case JudgeResults():
                return self._judge(work.call)
            case RecordShown():
                with self.database.writing() as connection:
                    koppelingen.record_shown(connection, work.koppeling_id, work.shown)
                return None
            case _:
                raise ForeignWorkError(type(work).__name__)

    def _judge(self, call: Call) -> ResultsToTake:
        leerresultaten, repairs = judge(call)
        disagreement: fault.Fault | None = None
        try:
            agreement.check(leerresultaten, self.vocabulaires)
        except fault.Fault as error:  # it is told behind what is wrong with a leerling
            disagreement = without_trace(error)
        return ResultsToTake(leerresultaten, repairs, call.strict, disagreement)
