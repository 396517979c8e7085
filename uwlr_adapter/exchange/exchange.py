"""From a call to its outcome: rows 5 to 10 of the table of checks.

One access query returns the caller, what the koppeling allows, the version of the records and the state of the stored
answer. The journaal entry is durable before the answer leaves; concurrent calls share one commit.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from uwlr_adapter.answers.store import ANSWER_ROWS, AnswerStore, StaleAnswerError
from uwlr_adapter.clock import Clock, day_of, schooljaar_of
from uwlr_adapter.contract import fault
from uwlr_adapter.contract.request import Call, Verzoek, judge, reread_strictly
from uwlr_adapter.contract.schemas import Finding
from uwlr_adapter.db.database import Database
from uwlr_adapter.db.libpq import Row
from uwlr_adapter.db.statements import Query
from uwlr_adapter.exchange.answering import Answering
from uwlr_adapter.exchange.failures import only_faults, own_fault, without_trace
from uwlr_adapter.exchange.outcome import AnswerBytes, Outcome
from uwlr_adapter.journaal.model import Refusal, RefusalReason, VerzoekEntry
from uwlr_adapter.journaal.writer import JournaalWriter
from uwlr_adapter.koppelingen.access import AccessRefused, AccessRows, AccessStatements, Gate

_REASONS = {
    fault.OngeldigBericht: RefusalReason.SCHEMA,
    # The next two come from a header that only a repair made whole, sent by a strict afnemer.
    fault.AutorisatieOngeldig: RefusalReason.SCHEMA,
    fault.OngeldigeKlantIdentificatie: RefusalReason.SCHEMA,
    fault.XsdVersieOngeldig: RefusalReason.VERSION,
    fault.InterneFout: RefusalReason.OWN_FAILURE,
    fault.TijdelijkNietBeschikbaar: RefusalReason.OWN_FAILURE,
}
"""The reason in the journaal of a refusal that does not carry one of its own."""

_ACCESS = AccessStatements(ANSWER_ROWS)
"""The access query, with the rows of the stored answer: the only query that most requests need."""

MAX_ATTEMPTS = 5
"""How often a request is tried, the first time included. Each retry follows an import committed in between."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """The service that answers calls. Safe to share between threads.

    `strict` judges every request without repairs; with `key_naast_eckid`, key and ECK-iD are both sent in 2.3.
    """

    database: Database
    gate: Gate
    clock: Clock = field(repr=False)
    strict: bool = False
    key_naast_eckid: bool = False
    answers: AnswerStore = field(init=False, repr=False)
    answering: Answering = field(init=False, repr=False)
    journaal: JournaalWriter = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Create the state of this process: the cache of answers and the writer of the journaal."""
        object.__setattr__(self, "answers", AnswerStore(self.database))
        answering = Answering(self.database, self.answers, self.gate.catalogue, self.key_naast_eckid)
        object.__setattr__(self, "answering", answering)
        object.__setattr__(self, "journaal", JournaalWriter(self.database))

    def query(self, call: Call) -> Query:
        """Return the access query of a call."""
        parameters = {name: call.named(name) for name in ("schooljaar", "xsdversie")}
        return self.gate.query(call.autorisatie, call.school, _ACCESS, **parameters, payload=call.operation.payload)

    def judge(self, call: Call, address: str, *, gzip: bool = False, rows_seen: Sequence[Row] | None = None) -> Outcome:
        """Return the outcome of a call from a network address; its journaal entry is not written yet.

        `gzip` is whether the caller accepts a compressed answer. `rows_seen` are the rows of the access query, if it
        was executed after the call came in. Raises Fault or WouldBlock.
        """
        moment = self.clock()
        repairs = call.repairs
        try:
            if self.strict:
                call = reread_strictly(call)
                rows_seen = None if repairs else rows_seen  # a message that needs no repair reads the same
            access_rows = self._access_rows(call, rows_seen)
            afnemer = self.gate.identify(access_rows, call.autorisatie, moment)
        except fault.Fault as error:
            return self.refusal(error, address)
        entry = VerzoekEntry(moment, call.operation.name, afnemer.id, repairs)
        answer = self._answer(call, access_rows, entry, strict=afnemer.strict, gzip=gzip)
        return Outcome(entry, answer)

    def refusal(self, error: fault.Fault, address: str) -> Outcome:
        """Return the outcome of an unreadable message or an unknown caller, which is counted per network address."""
        return Outcome(Refusal(self.clock(), address, error.code), without_trace(error))

    def write_entry(self, outcome: Outcome) -> Outcome:
        """Write the journaal entry; return the outcome, or that of a failure of our own. Raises WouldBlock."""
        try:
            if outcome.entry is not None:
                self.journaal.write(outcome.entry)
        except Exception as error:  # noqa: BLE001 - an answer whose entry is not written does not leave
            return Outcome(None, own_fault(error))
        return outcome

    def _access_rows(self, call: Call, rows_seen: Sequence[Row] | None = None) -> AccessRows:
        if rows_seen is None:
            rows_seen = self.database.look(self.query(call))
        return self.gate.read(rows_seen, call.autorisatie, call.school)

    def _answer(
        self, call: Call, access_rows: AccessRows, entry: VerzoekEntry, *, strict: bool, gzip: bool
    ) -> AnswerBytes | fault.Fault:
        """Return the answer or the fault for a known afnemer, and fill in the journaal entry."""
        try:
            return only_faults(lambda: self._grant(call, access_rows, entry, strict=strict, gzip=gzip))
        except AccessRefused as error:
            entry.reason, entry.koppeling_id, entry.brin6 = error.reason, error.koppeling_id, error.brin6
            refusal: fault.Fault = error
        except fault.Fault as error:
            refusal = error
        entry.outcome = refusal.code
        entry.reason = entry.reason or _REASONS.get(type(refusal))
        return without_trace(refusal)

    def _grant(
        self, call: Call, access_rows: AccessRows, entry: VerzoekEntry, *, strict: bool, gzip: bool
    ) -> AnswerBytes:
        """Return the answer to a known afnemer (rows 6 to 10). Raises Fault."""
        if strict and not call.strict:
            call = reread_strictly(call)
            access_rows = self._access_rows(call)
            self.gate.identify(access_rows, call.autorisatie, entry.moment)  # with the header as it was sent
        if call.school is None:
            entry.reason = RefusalReason.NO_SCHOOL
            raise fault.OngeldigBericht(Finding(f"{call.operation.request}/brincode", "school"))
        verzoek: Verzoek | None = None
        for _ in range(MAX_ATTEMPTS):
            access = self.gate.decide(access_rows, call, entry.moment)
            entry.koppeling_id, entry.brin6 = access.koppeling_id, access.brin6
            verzoek = verzoek or judge(call, schooljaar_of(day_of(entry.moment)))
            entry.repairs, entry.leerlingen, entry.remarks = verzoek.repairs, None, ()
            try:
                return self.answering.answer(access, access_rows.joined, verzoek, entry, gzip=gzip)
            except StaleAnswerError:
                access_rows = self._access_rows(call)
        raise fault.TijdelijkNietBeschikbaar
