"""From a call to its outcome: rows 5 to 10 of the table of checks.

`question` and `plan` are pure: they have no database, no clock and no thread. A driver runs the access query of a
question and hands its rows to `plan`, which returns the outcome, or work to be done before the question is asked anew.
One access query returns the caller, what the koppeling allows, the version of the records, the state of the stored
answer, and what the koppeling was given last.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from uwlr_adapter.answers.store import Made
from uwlr_adapter.clock import day_of
from uwlr_adapter.contract import fault, request
from uwlr_adapter.contract.message_reader import MessageReader
from uwlr_adapter.contract.request import Call
from uwlr_adapter.db.database import Database
from uwlr_adapter.db.group_commit import GroupCommit
from uwlr_adapter.db.statements import Row
from uwlr_adapter.exchange import commit, results_commit
from uwlr_adapter.exchange.exceptions import as_fault, without_trace
from uwlr_adapter.exchange.outcome import Brought, Outcome
from uwlr_adapter.exchange.question import Asked, Granted, Question, Sender
from uwlr_adapter.exchange.work import Blocking, Drop, Load, RecordShown, Unfinished
from uwlr_adapter.journaal.model import Refusal, RefusalReason, VerzoekEntry
from uwlr_adapter.journaal.writer import RefusedSources
from uwlr_adapter.koppelingen.access import AccessRefused, AccessRows, CertificateRefused, Gate
from uwlr_adapter.koppelingen.failures import of_code, of_klant, strange
from uwlr_adapter.koppelingen.toestemming import Toestemming

_REASONS = {
    fault.OngeldigBericht: RefusalReason.SCHEMA,
    # The next two come from a header that only a repair made whole, sent by a strict afnemer.
    fault.AutorisatieOnvolledig: RefusalReason.SCHEMA,
    fault.OngeldigeKlantIdentificatie: RefusalReason.SCHEMA,
    fault.XsdVersieOngeldig: RefusalReason.VERSION,
    fault.LeerlingOngeldig: RefusalReason.UNKNOWN_LEERLING,
    fault.VocabulaireTermOngeldig: RefusalReason.NOT_VALID,
    fault.ToetsNormeringOngeldig: RefusalReason.NOT_VALID,
    fault.ScoreOngeldig: RefusalReason.NOT_VALID,
    fault.EldResultaatOngeldig: RefusalReason.NOT_VALID,
    fault.InterneFout: RefusalReason.OWN_FAILURE,
    fault.TijdelijkNietBeschikbaar: RefusalReason.OWN_FAILURE,
}
"""The reason in the journaal of a refusal that does not carry one of its own."""

MAX_PATH = 150
"""Characters of a path that are kept in the journaal; the path of an element of a request takes less."""
MAX_ATTEMPTS = 8
"""How often the database is asked for one request. A first answer may take five: to record that the code was shown, to
render, to record the profile of the koppeling, and to load; each one more follows on a change that was committed in
between."""


class UseCase(Protocol):
    """What a service does with a call that has access. `ask` and `answer` are pure."""

    @property
    def toestemming(self) -> Toestemming:
        """The toestemming of a school that the service needs."""

    def ask(self, call: Call) -> Asked:
        """Return what the access query reads for a call beside the access itself; nothing is judged yet."""

    def answer(self, granted: Granted, entry: VerzoekEntry) -> Outcome | Unfinished | Asked:
        """Judge a call with access and answer it (rows 8 to 10), and fill in its entry. Raises Fault.

        Or return what must be done first, or what else the access query has to read.
        """

    def loaded(self, load: Load, rows: Sequence[Row]) -> Made | Drop:
        """Return what the rows of a Load brought; when they are gone, what to do instead."""

    def do(self, work: Blocking) -> Brought | None:
        """Do work that blocks a thread, and return what it brought. Raises Fault, InvalidAnswerError or DBAPIError."""


LEERLINGGEGEVENS_READER = MessageReader(request.read, request.reread_strictly, request.school_finding)


@dataclass(frozen=True, slots=True)
class Exchange:
    """The service that answers calls. Safe to share between threads. `strict` judges every request without repairs."""

    database: Database
    gate: Gate
    use_case: UseCase
    strict: bool = False
    reader: MessageReader = LEERLINGGEGEVENS_READER
    _group: GroupCommit[Outcome, bool] = field(init=False, repr=False)
    _sources: RefusedSources = field(default_factory=RefusedSources, init=False, repr=False)

    def __post_init__(self) -> None:
        """Create the group of those who write."""
        object.__setattr__(self, "_group", GroupCommit(self._write_all))

    def question(self, call: Call, sender: Sender) -> Question:
        """Return what to ask the database about a call. Raises Fault where a strict reading cannot be read."""
        repairs = call.repairs
        if self.strict and not call.strict:
            call = self._strictly(call)
        asked = self.use_case.ask(call)
        query = self.gate.query(call.autorisatie, call.school, asked.statements, asked.parameters)
        return Question(call, sender, repairs, asked, query)

    def plan(
        self, question: Question, rows: Sequence[Row], moment: datetime, made: Brought | None = None
    ) -> Outcome | Unfinished | Question:
        """Return the outcome of a call whose access query gave these rows, at the present moment.

        Or what has to be done first, after which the database is asked anew and `made` is what it brought; or another
        question, when the answer depends on other rows.
        """
        call, sender = question.call, question.sender
        access_rows = self.gate.read(rows, question.query)
        try:
            afnemer = self.gate.identify(access_rows, call.autorisatie, moment, sender.certificate)
        except fault.Fault as error:
            return self._unknown(question, error, moment)
        entry, failures = VerzoekEntry(moment, call.operation.name, afnemer.id, question.repairs), self.gate.failures
        try:
            if afnemer.strict and not call.strict:
                call = self._strictly(call)
                if question.repairs:
                    stricter = self.question(call, sender)
                    return stricter._replace(repairs=question.repairs, afnemer_id=afnemer.id)
            if call.school is None:
                entry.reason = RefusalReason.NO_SCHOOL
                raise fault.OngeldigBericht(self.reader.school_finding(call))  # noqa: TRY301
            if failures.counts and (seconds := failures.wait(self._guess(question, access_rows, afnemer.id), moment)):
                return Outcome(None, fault.TijdelijkNietBeschikbaar(seconds))
            day = day_of(moment)
            access = self.gate.decide(access_rows, call, day, self.use_case.toestemming)
            entry.koppeling_id, entry.koppeling_version, entry.brin6 = access.koppeling_id, access.version, access.brin6
            granted = Granted(call, sender, question.asked, access, day, access_rows.joined, made)
            found = (
                self.use_case.answer(granted, entry)
                if access.newly_shown is None
                else Unfinished(RecordShown(access.koppeling_id, access.newly_shown), entry)
            )
        except Exception as error:  # noqa: BLE001 - the caller gets a fault for any exception
            return self._refused(question, access_rows, entry, error)
        if isinstance(found, Asked):
            query = self.gate.query(call.autorisatie, call.school, found.statements, found.parameters)
            return question._replace(call=call, asked=found, query=query)
        if len(self.gate.server_keys.keys) > 1 and isinstance(found, Outcome):  # else nothing is under an older one
            found = found._replace(renewals=self.gate.renewals(access_rows, call, access))
        return found

    def _refused(self, question: Question, access_rows: AccessRows, entry: VerzoekEntry, error: Exception) -> Outcome:
        """Return the outcome of a call that ended in an exception; without access it may be a guess."""
        outcome = refused(entry, error)
        if not isinstance(error, AccessRefused):
            return outcome
        guess = self._guess(question, access_rows, entry.afnemer_id)
        return outcome._replace(guess=self.gate.failures.add(guess, entry.moment))

    def _unknown(self, question: Question, error: fault.Fault, moment: datetime) -> Outcome:
        """Return the outcome of a klantnaam and klantcode that do not belong together, which may be a guess."""
        if question.afnemer_id is not None:  # disabled since a tolerant reading knew it
            entry = VerzoekEntry(moment, question.call.operation.name, question.afnemer_id, question.repairs)
            return refused(entry, error)
        guess, failures = of_klant(question.sender.source), self.gate.failures
        if seconds := failures.wait(guess, moment):
            return Outcome(None, fault.TijdelijkNietBeschikbaar(seconds))
        outcome = self.refusal(error, question.sender, moment)
        if isinstance(error, CertificateRefused):  # who calls is known, and so the journaal can say it
            entry = VerzoekEntry(moment, question.call.operation.name, error.afnemer_id, question.repairs)
            outcome = refused(entry, error)
        return outcome._replace(guess=failures.add(guess, moment))

    def _guess(self, question: Question, access_rows: AccessRows, afnemer_id: int) -> str:
        """Return what a wrong code is counted under: the vestiging, if the afnemer has or had a koppeling there.

        Each act on a koppeling begins a new count, so that a code that a school mends is good at once. Elsewhere no
        code is right, and the name as sent is counted, so that nothing shows whether the school exists or what else it
        is called. Results are counted by themselves: a platform that goes on to send what a school paused fetches on.
        """
        acts = [(one.id, one.version) for one in access_rows.koppelingen]
        if acts or access_rows.last_ended is not None:
            school = f"{access_rows.brin6} {acts} {access_rows.last_ended}"
        else:
            school = strange(str(question.query.parameters["school"]))
        if self.use_case.toestemming is Toestemming.RESULTATEN:
            school = f"{school} {Toestemming.RESULTATEN}"
        return of_code(afnemer_id, school, question.sender.source)

    def refusal(self, error: fault.Fault, sender: Sender, moment: datetime) -> Outcome:
        """Return the outcome of an unreadable message or an unknown caller, which is counted per source."""
        source = self._sources.name(sender.source, moment)
        return Outcome(Refusal(moment, source, error.code), without_trace(error))

    def write(self, outcome: Outcome) -> bool:
        """Write an outcome that has an entry, in one commit with others that wait; return once it is durable.

        Return False, with nothing written, when its koppeling changed meanwhile. Raises DBAPIError.
        """
        if outcome.results is not None:
            return self.write_alone(outcome)
        return self._group.add(outcome)

    def write_alone(self, outcome: Outcome) -> bool:
        """Write an outcome as `write` does, in a commit of its own: it may wait for whoever holds its koppeling.

        One that takes results raises the fault of a message that cannot be taken.
        """
        if outcome.results is not None and isinstance(outcome.entry, VerzoekEntry):
            return results_commit.write(self.database, outcome, outcome.entry, outcome.results)
        (is_written,) = self._write_all([outcome])
        return is_written

    def _strictly(self, call: Call) -> Call:
        """Return a call as it was sent, without repairs; one that needs none reads the same. Raises Fault."""
        return self.reader.reread_strictly(call) if call.repairs else replace(call, strict=True)

    def _write_all(self, outcomes: Sequence[Outcome]) -> list[bool]:
        commands = commit.commands(outcomes)
        done = zip(commands, self.database.write(commands), strict=True)
        return commit.are_written(outcomes, done, self.gate.failures)


def refused(entry: VerzoekEntry, error: Exception) -> Outcome:
    """Return the outcome of a call of a known afnemer that ended in an exception, and fill in its entry."""
    refusal = as_fault(error)
    if isinstance(error, AccessRefused):
        entry.reason, entry.koppeling_id, entry.brin6 = error.reason, error.koppeling_id, error.brin6
    if isinstance(error, CertificateRefused):
        entry.reason = error.reason
    entry.outcome, entry.koppeling_version, entry.leerlingen, entry.results = refusal.code, None, None, None
    if isinstance(refusal, fault.TijdelijkNietBeschikbaar) and refusal.retry_after is not None:
        entry.reason = RefusalReason.TOO_MANY
    entry.reason = entry.reason or _REASONS.get(type(refusal))
    if refusal.finding is not None:
        entry.remarks += (f"pad={refusal.finding.path[:MAX_PATH]}", f"regel={refusal.finding.rule}")
    return Outcome(entry, without_trace(refusal), failure=None if refusal is error else error)
