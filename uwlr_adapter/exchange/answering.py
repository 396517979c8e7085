"""The answer to a valid request (row 10 of the table of checks): data, geenwijzigingen or geengegevens."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from uwlr_adapter.answers import freshness
from uwlr_adapter.answers.freshness import AnswerKey
from uwlr_adapter.answers.store import AnswerState, AnswerStore, assemble
from uwlr_adapter.contract import answer
from uwlr_adapter.contract.answer import AnswerFormat
from uwlr_adapter.contract.names import Operation
from uwlr_adapter.contract.profiles import Profiel
from uwlr_adapter.contract.request import Verzoek
from uwlr_adapter.db.blocking import before_blocking
from uwlr_adapter.db.database import Database
from uwlr_adapter.db.libpq import Row
from uwlr_adapter.exchange.outcome import AnswerBytes
from uwlr_adapter.journaal.model import RefusalReason, VerzoekEntry
from uwlr_adapter.koppelingen import store
from uwlr_adapter.koppelingen.access import Access
from uwlr_adapter.koppelingen.catalogue import Catalogue

MIN_GZIP = 1024
"""Bytes of the records in a part below which it is not compressed: it fits in one network packet either way."""


@dataclass(frozen=True, slots=True)
class Answering:
    """Answers valid requests from the stored answers. With `key_naast_eckid`, key and ECK-iD are both sent in 2.3."""

    database: Database
    answers: AnswerStore
    catalogue: Catalogue
    key_naast_eckid: bool

    def answer(
        self, access: Access, rows_seen: Sequence[Row], verzoek: Verzoek, entry: VerzoekEntry, *, gzip: bool
    ) -> AnswerBytes:
        """Return the answer to a valid request, and fill in its journaal entry.

        `rows_seen` are the rows of stored answers that came with the access query. Raises StaleAnswerError when they
        are out of date, and WouldBlock.
        """
        operation = verzoek.operation
        answer_format = AnswerFormat(
            operation, self._effective_profiel(access, verzoek, entry), verzoek.xsdversie, self.key_naast_eckid
        )
        answer_key = AnswerKey(
            brin6=access.brin6,
            schooljaar=verzoek.schooljaar,
            profiel=answer_format.profiel.digest,
            xsdversie=answer_format.xsdversie,
            payload=operation.payload,
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
            return _no_data(operation, entry)
        if operation.by_groep:
            return self._part(access, verzoek, answer_format, answer_key, state, entry, gzip=gzip)
        _count(entry, operation, state.leerlingen, state.incomplete)
        gewijzigd = max(opened, state.gewijzigd, self._profiel_since(access, entry.moment))
        if freshness.caller_has_it(verzoek.laatstontvangengegevens, gewijzigd, entry.moment):
            return _no_changes(operation, entry)
        entry.outcome = operation.payload
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
        """Return the part of an answer for the groepen of a request (getrapt). Raises StaleAnswerError.

        Its `gewijzigd` is that of the whole answer: a change in another groep counts as a change too.
        """
        operation = verzoek.operation
        content = self.answers.content(answer_key, state)
        part = content.rendered.choose(verzoek.groepen)
        if part.unknown:
            entry.remarks += (f"onbekende-groepen={part.unknown}",)
        if not part.records:
            return _no_data(operation, entry)
        _count(entry, operation, part.persons, part.incomplete)
        opened = freshness.whole_second(access.opened_at)
        gewijzigd = max(opened, state.gewijzigd, self._profiel_since(access, entry.moment))
        if freshness.caller_has_it(verzoek.laatstontvangengegevens, gewijzigd, entry.moment):
            return _no_changes(operation, entry)
        entry.outcome = operation.payload
        gzip = gzip and len(part.records) >= MIN_GZIP
        return AnswerBytes(assemble(answer_format, content, part.records, gewijzigd, gzip=gzip), gzip)

    def _effective_profiel(self, access: Access, verzoek: Verzoek, entry: VerzoekEntry) -> Profiel:
        """Return the profile of the koppeling, narrowed to the one that the caller names in gegevenssetid."""
        own = access.profiel.in_version(verzoek.xsdversie)
        if verzoek.gegevenssetid is None:
            return own
        requested = self.catalogue.requested_profiel(verzoek.gegevenssetid)
        if requested is None:
            entry.remarks += ("gegevensset=onbekend",)
            return own
        return own.narrowed(requested.in_version(verzoek.xsdversie))

    def _profiel_since(self, access: Access, moment: datetime) -> datetime:
        """Return since when this koppeling has been fetched under its profile; store `moment` if it changed now."""
        known, since = access.fetched_under
        if known != access.profiel.digest or since is None:
            before_blocking()
            with self.database.writing() as connection:
                since = store.record_profiel(connection, access.koppeling_id, access.profiel.digest, moment)
        return freshness.whole_second(since)


def _no_data(operation: Operation, entry: VerzoekEntry) -> AnswerBytes:
    entry.outcome, entry.reason = "geengegevens", RefusalReason.NO_DATA
    return AnswerBytes(answer.geengegevens(operation))


def _no_changes(operation: Operation, entry: VerzoekEntry) -> AnswerBytes:
    entry.outcome, entry.leerlingen = "geenwijzigingen", None
    return AnswerBytes(answer.geenwijzigingen(operation))


def _count(entry: VerzoekEntry, operation: Operation, persons: int, incomplete: int) -> None:
    """Enter the counts of an answer in the journaal entry."""
    if "leerlingen" in operation.parts:
        entry.leerlingen = persons
    if incomplete:
        entry.remarks += (f"onvolledig={incomplete}",)
