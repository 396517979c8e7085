"""The service behind the door: from a call to its answer, rows 5 to 10 of the table of checks.

One look at the database sees who calls, what the koppeling allows, how new the records are and how the answer stands
(`voorraad`). The line of the journaal is on the disk before the answer leaves, written with those of the calls
that wait at the same time.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from uwlr_adapter.answers import freshness
from uwlr_adapter.answers.freshness import AnswerKey
from uwlr_adapter.answers.store import ANSWER_ROWS, AnswerState, AnswerStore, StaleAnswerError, assemble
from uwlr_adapter.clock import Clock, day_of, schooljaar_of
from uwlr_adapter.contract import answer, fault, names
from uwlr_adapter.contract.answer import AnswerFormat
from uwlr_adapter.contract.profiles import Profiel, get_profiel, requested_profiel
from uwlr_adapter.contract.request import Autorisatie, Call, SchoolReference, Verzoek, judge, reread_strictly
from uwlr_adapter.contract.schemas import Finding
from uwlr_adapter.db.blocking import before_blocking
from uwlr_adapter.db.database import Database
from uwlr_adapter.db.libpq import Row
from uwlr_adapter.db.statements import Query
from uwlr_adapter.errors import log_failure
from uwlr_adapter.exchange.outcome import AnswerBytes, Outcome
from uwlr_adapter.journaal.model import Refusal, RefusalReason, VerzoekEntry
from uwlr_adapter.journaal.writer import JournaalWriter
from uwlr_adapter.koppelingen import store
from uwlr_adapter.koppelingen.access import Access, AccessRefused, AccessRows, AccessStatements, Gate

logger = logging.getLogger("uwlr_adapter.soap")

_REASONS = {
    fault.OngeldigBericht: RefusalReason.SCHEMA,
    fault.AutorisatieOngeldig: RefusalReason.SCHEMA,  # a header that only a repair made whole, of a strict afnemer
    fault.OngeldigeKlantIdentificatie: RefusalReason.SCHEMA,  # idem
    fault.XsdVersieOngeldig: RefusalReason.VERSION,
    fault.InterneFout: RefusalReason.OWN_FAILURE,
    fault.TijdelijkNietBeschikbaar: RefusalReason.OWN_FAILURE,
}
"""The reason in the journaal of a refusal that does not carry its own."""

_ACCESS = AccessStatements(ANSWER_ROWS)
"""The one look at the database that most requests need."""

Result = TypeVar("Result")
FaultType = TypeVar("FaultType", bound=Exception)


MIN_GZIP = 1024
"""A smaller part of an answer is sent as it is: it fits in one packet either way."""
MAX_ATTEMPTS = 5
"""How often a request begins anew because the records changed under it: each time an import was committed."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """What answers a call: the database, the gate and the clock.

    `streng` repairs no request of anybody; `key_naast_eckid` sends both in 2.3.
    """

    database: Database
    gate: Gate
    clock: Clock = field(repr=False)
    strict: bool = False
    key_naast_eckid: bool = False
    answers: AnswerStore = field(init=False, repr=False)
    journaal: JournaalWriter = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Make what belongs to the process: the answers at hand, and the writer of the journaal."""
        object.__setattr__(self, "answers", AnswerStore(self.database))
        object.__setattr__(self, "journaal", JournaalWriter(self.database))

    def query(self, call: Call) -> Query:
        """Give what the database is asked about a call."""
        asked = {naam: call.named(naam) for naam in ("schooljaar", "xsdversie")}
        return self.gate.query(call.autorisatie, call.school, _ACCESS, **asked, payload=call.operation.payload)

    def judge(self, call: Call, bron: str, *, gzip: bool = False, rows_seen: Sequence[Row] | None = None) -> Outcome:
        """Give what comes of a call from network address `bron`, not yet written down. Raises Fault or WouldBlock.

        `gzip` tells whether the caller can read a compressed answer; `gezien` is what the database says since the call
        came in (`ask`), where that is known already.
        """
        moment = self.clock()
        needed = call.repairs
        try:
            if self.strict:
                call = reread_strictly(call)
                rows_seen = None if needed else rows_seen  # a message that needs no repair reads the same
            access_rows = self._look(call, rows_seen)
            afnemer = self.gate.identify(access_rows, call.autorisatie, moment)
        except fault.Fault as fault_:
            return self.refused(fault_, bron)
        entry = VerzoekEntry(moment, call.operation.name, afnemer.id, needed)
        answer = self._judge(call, access_rows, entry, strict=afnemer.strict, gzip=gzip)
        return Outcome(entry, answer)

    def refused(self, fault_: fault.Fault, bron: str) -> Outcome:
        """Give what comes of a message that cannot be read, or is of nobody that is known: it is counted."""
        return Outcome(Refusal(self.clock(), bron, fault_.code), without_trace(fault_))

    def written(self, outcome: Outcome) -> Outcome:
        """Write down what came of a message; gives it, or a fault of ours in its place. Raises WouldBlock."""
        try:
            if outcome.entry is not None:
                self.journaal.write(outcome.entry)
        except Exception as error:  # noqa: BLE001 - whatever it is, what is not written down does not leave
            return Outcome(None, own_fault(error))
        return outcome

    def _look(self, call: Call, rows_seen: Sequence[Row] | None = None) -> AccessRows:
        if rows_seen is None:
            rows_seen = self.database.look(self.query(call))
        return self.gate.read(rows_seen, call.autorisatie, call.school)

    def _judge(
        self, call: Call, access_rows: AccessRows, entry: VerzoekEntry, *, strict: bool, gzip: bool
    ) -> AnswerBytes | fault.Fault:
        """Give what the caller gets, and fill in the line of the journaal on the way."""
        try:
            return guarded(lambda: self._grant(call, access_rows, entry, strict=strict, gzip=gzip))
        except AccessRefused as fault_:
            entry.reason, entry.koppeling_id, entry.brin6 = fault_.reason, fault_.koppeling_id, fault_.brin6
            refusal: fault.Fault = fault_
        except fault.Fault as fault_:
            refusal = fault_
        entry.outcome = refusal.code
        entry.reason = entry.reason or _REASONS.get(type(refusal))
        return without_trace(refusal)

    def _grant(
        self, call: Call, access_rows: AccessRows, entry: VerzoekEntry, *, strict: bool, gzip: bool
    ) -> AnswerBytes:
        """Give the answer to a known afnemer (rows 6 to 10). Raises Fault."""
        if strict and not call.strict:
            call = reread_strictly(call)
            access_rows = self._look(call)
            self.gate.identify(access_rows, call.autorisatie, entry.moment)  # as it was sent
        if call.school is None:
            entry.reason = RefusalReason.NO_SCHOOL
            raise fault.OngeldigBericht(_no_school(call.operation))
        verzoek: Verzoek | None = None
        for _ in range(MAX_ATTEMPTS):
            access = self.gate.decide(access_rows, call, entry.moment)
            entry.koppeling_id, entry.brin6 = access.koppeling_id, access.brin6
            verzoek = verzoek or judge(call, schooljaar_of(day_of(entry.moment)))
            entry.repairs, entry.leerlingen, entry.remarks = verzoek.repairs, None, ()
            try:
                return self._fetch(access, access_rows.joined, verzoek, entry, gzip=gzip)
            except StaleAnswerError:
                access_rows = self._look(call)
        raise fault.TijdelijkNietBeschikbaar

    def preview(self, klantnaam: str, brin6: str, entry: str, verzoek: Verzoek) -> bytes:
        """Give what the afnemer of a koppeling would get on this request now, with the right code; no line is written.

        The answer is kept as that of any reader, so that the afnemer gets these very bytes. Raises Fault.
        """
        regel = VerzoekEntry(self.clock(), verzoek.operation.name, 0)
        caller = Autorisatie(autorisatiesleutel="", klantcode="", klantnaam=klantnaam)
        for _ in range(MAX_ATTEMPTS):
            access_rows = self.gate.look(self.database, caller, SchoolReference(brin6[:4], brin6[4:], None))
            if access_rows.afnemer is None or access_rows.afnemer.disabled_at is not None:
                raise fault.OngeldigeKlantIdentificatie
            access = self.gate.decide_without_code(access_rows, entry, regel.moment)
            try:
                return self._fetch(access, access_rows.joined, verzoek, regel, gzip=False).content
            except StaleAnswerError:
                continue
        raise fault.TijdelijkNietBeschikbaar

    def _fetch(
        self, access: Access, rows_seen: Sequence[Row], verzoek: Verzoek, entry: VerzoekEntry, *, gzip: bool
    ) -> AnswerBytes:
        """Give what a valid request gets (row 10). Raises StaleAnswerError."""
        operatie = verzoek.operation
        answer_format = AnswerFormat(
            operatie, _effective_profiel(access, verzoek, entry), verzoek.xsdversie, self.key_naast_eckid
        )
        answer_key = AnswerKey(
            brin6=access.brin6,
            schooljaar=verzoek.schooljaar,
            profiel=answer_format.profiel.name,
            xsdversie=answer_format.xsdversie,
            payload=operatie.payload,
        )
        opened = freshness.whole_second(access.opened_at)
        state = self.answers.state(
            answer_key,
            answer_format,
            rows_seen,
            school_version=access.school_version,
            moment=entry.moment,
            opened=opened,
        )
        if state.is_empty:
            return _no_data(operatie, entry)
        if operatie.by_groep:
            return self._part(access, verzoek, answer_format, answer_key, state, entry, gzip=gzip)
        _count(entry, operatie, state.leerlingen, state.incomplete)
        gewijzigd = max(opened, state.gewijzigd, self._profiel_since(access, entry.moment))
        if freshness.caller_has_it(verzoek.laatstontvangengegevens, gewijzigd, entry.moment):
            return _no_changes(operatie, entry)
        entry.outcome = operatie.payload
        return AnswerBytes(self.answers.answer(answer_key, answer_format, state, gewijzigd, gzip=gzip), gzip)

    def _part(
        self,
        access: Access,
        verzoek: Verzoek,
        answer_format: AnswerFormat,
        answer_key: AnswerKey,
        state: AnswerState,
        entry: VerzoekEntry,
        *,
        gzip: bool,
    ) -> AnswerBytes:
        """Give the part of an answer that the groups of a request ask for (getrapt). Raises StaleAnswerError.

        Its moment is that of the whole kind: then a change elsewhere counts as one too.
        """
        operatie = verzoek.operation
        content = self.answers.content(answer_key, state)
        part = content.rendered.choose(verzoek.groepen)
        if part.unknown:
            entry.remarks += (f"onbekende-groepen={part.unknown}",)
        if not part.records:
            return _no_data(operatie, entry)
        _count(entry, operatie, part.persons, part.incomplete)
        opened = freshness.whole_second(access.opened_at)
        gewijzigd = max(opened, state.gewijzigd, self._profiel_since(access, entry.moment))
        if freshness.caller_has_it(verzoek.laatstontvangengegevens, gewijzigd, entry.moment):
            return _no_changes(operatie, entry)
        entry.outcome = operatie.payload
        gzip = gzip and len(part.records) >= MIN_GZIP
        return AnswerBytes(assemble(answer_format, content, part.records, gewijzigd, gzip=gzip), gzip)

    def _profiel_since(self, access: Access, moment: datetime) -> datetime:
        """Give since when this koppeling is fetched under its profile; written down only when that is new."""
        known, since = access.fetched_under
        if known != access.profiel or since is None:
            before_blocking()
            with self.database.writing() as connection:
                since = store.record_profiel(connection, access.koppeling_id, access.profiel, moment)
        return freshness.whole_second(since)


def _no_data(operatie: names.Operation, entry: VerzoekEntry) -> AnswerBytes:
    entry.outcome, entry.reason = "geengegevens", RefusalReason.NO_DATA
    return AnswerBytes(answer.geengegevens(operatie))


def _no_changes(operatie: names.Operation, entry: VerzoekEntry) -> AnswerBytes:
    entry.outcome, entry.leerlingen = "geenwijzigingen", None
    return AnswerBytes(answer.geenwijzigingen(operatie))


def _count(entry: VerzoekEntry, operatie: names.Operation, personen: int, incomplete: int) -> None:
    """Count what goes in the line of the journaal."""
    if "leerlingen" in operatie.parts:
        entry.leerlingen = personen
    if incomplete:
        entry.remarks += (f"onvolledig={incomplete}",)


def _no_school(operatie: names.Operation) -> Finding:
    return Finding(f"{operatie.request}/brincode", "school")


def _effective_profiel(access: Access, verzoek: Verzoek, entry: VerzoekEntry) -> Profiel:
    """Give the profile of the koppeling, narrowed to the one that the caller names in gegevenssetid."""
    own = get_profiel(access.profiel, verzoek.xsdversie)
    if verzoek.gegevenssetid is None:
        return own
    asked = requested_profiel(verzoek.gegevenssetid, verzoek.xsdversie)
    if asked is None:
        entry.remarks += ("gegevensset=onbekend",)
        return own
    return own.narrowed(asked)


def guarded(work: Callable[[], Result]) -> Result:
    """Do the work of a call; whatever fails becomes a fault of the standard. Raises Fault only."""
    try:
        return work()
    except fault.Fault:
        raise
    except Exception as error:
        raise own_fault(error) from error


def without_trace(fault_: FaultType) -> FaultType:
    """Give a refusal as a value: its trace holds every frame that it came through, and one of those holds it.

    Such a ring stays until Python looks for rings, and then everybody waits; a request leaves none.
    """
    fault_.__cause__ = fault_.__context__ = None
    return fault_.with_traceback(None)


def own_fault(error: Exception) -> fault.Fault:
    """Log a failure of our own; gives the fault that it is for the caller."""
    log_failure(error, logger)
    return fault.TijdelijkNietBeschikbaar() if isinstance(error, _AWAY) else fault.InterneFout()


_AWAY = (DBAPIError, PoolTimeoutError)
"""Failures that may be over when the caller asks again."""
