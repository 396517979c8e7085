"""The answer to a valid request (row 10 of the table of checks): data, geenwijzigingen or geengegevens. Pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import NamedTuple

from uwlr_adapter.answers import freshness, state
from uwlr_adapter.answers.content import AnswerContent, assemble
from uwlr_adapter.answers.freshness import NO_DATA_HASH, NOT_LAID_OUT_HASH, WITHOUT_DATA, AnswerKey
from uwlr_adapter.answers.memory import AnswerMemory
from uwlr_adapter.answers.state import AnswerState
from uwlr_adapter.answers.store import NOBODY, Made, Withheld
from uwlr_adapter.contract import answer, fault
from uwlr_adapter.contract.answer import AnswerFormat
from uwlr_adapter.contract.getrapt import GroepReference
from uwlr_adapter.contract.profiles import Profiel
from uwlr_adapter.contract.rendered import RenderedPart
from uwlr_adapter.contract.repairs import SCHOOLJAAR_REPAIR
from uwlr_adapter.contract.request import Verzoek
from uwlr_adapter.db.statements import Row
from uwlr_adapter.exchange.outcome import AnswerBytes, Outcome
from uwlr_adapter.exchange.work import Load, RecordProfiel, Render, Unfinished
from uwlr_adapter.journaal.model import RefusalReason, VerzoekEntry
from uwlr_adapter.koppelingen import given, tables
from uwlr_adapter.koppelingen.access import Access, AccessStatements, JoinedRows
from uwlr_adapter.koppelingen.catalogue import Catalogue
from uwlr_adapter.koppelingen.given import Given

MIN_GZIP = 1024
"""Bytes of the records in a part below which it is not compressed: it fits in one network packet either way."""
STATEMENTS = AccessStatements(
    state.ROWS,
    JoinedRows(tables.given, ("answer", "gewijzigd"), on=("slot",), same={"koppeling_id": tables.koppeling.c.id}),
)
"""The access query, with the state of the answers and what the koppeling was given."""
_GIVEN = slice(1 + len(state.COLUMNS), None)


class Request(NamedTuple):
    """A valid request with access: all that its answer depends on."""

    access: Access
    rows: Sequence[Row]
    """The rows of STATEMENTS behind the access, each with the id of its koppeling first."""
    verzoek: Verzoek
    day: date
    """The day of the answer, in Amsterdam."""
    slot: int
    """The place of the answer among those given to the koppeling."""
    gzip: bool
    made: Made | None = None
    """What the last work brought."""


@dataclass(frozen=True, slots=True)
class Answering:
    """Answers valid requests from the stored answers. `key_naast_eckid`: a key leaves beside its ECK-iD."""

    catalogue: Catalogue
    memory: AnswerMemory
    key_naast_eckid: bool

    def answer(self, request: Request, entry: VerzoekEntry) -> Outcome | Unfinished:
        """Return the outcome of a request, and fill in its entry; or what must be done first. Raises Fault."""
        access, verzoek = request.access, request.verzoek
        profiel = access.profiel.by_version[verzoek.xsdversie]
        if verzoek.gegevenssetid is not None:
            profiel = self._narrowed(profiel, verzoek, verzoek.gegevenssetid, entry)
        answer_format = AnswerFormat(verzoek.operation, profiel, verzoek.xsdversie, self.key_naast_eckid)
        digest = profiel.digest + access.suffix
        answer_key = AnswerKey(access.brin6, verzoek.schooljaar, digest, verzoek.xsdversie, verzoek.operation.payload)
        made, version, withheld = request.made, access.school_version, access.withheld
        found = state.usable(request.rows, digest, answer_format, withheld, version, request.day)
        if found is None:
            if made is not None and made.is_nothing(answer_key, withheld, version, request.day):
                return _no_data(request, entry, made.content_hash)
            opened = freshness.whole_second(access.opened_at)
            who = NOBODY if withheld is None else Withheld(access.koppeling_id, withheld)
            return Unfinished(Render(answer_key, answer_format, entry.moment, opened, who), entry)
        if found.content_hash in WITHOUT_DATA:
            return _no_data(request, entry, found.content_hash)
        if verzoek.operation.by_groep:
            return self._give_part(request, entry, answer_format, answer_key, found)
        return self._give(request, entry, answer_format, answer_key, found)

    def _give_part(
        self,
        request: Request,
        entry: VerzoekEntry,
        answer_format: AnswerFormat,
        answer_key: AnswerKey,
        found: AnswerState,
    ) -> Outcome | Unfinished:
        """Return the part of an answer for the groepen of a request (getrapt)."""
        content = self._content(found, request.made)
        if content is None:
            return Unfinished(Load(answer_key, found), entry)
        part = content.rendered.choose(request.verzoek.groepen)
        if part.unknown:
            entry.remarks += (f"onbekende-groepen={part.unknown}",)
        if not part.records:
            return _no_data(request, entry)
        return self._give(request, entry, answer_format, answer_key, found, part)

    def _narrowed(self, own: Profiel, verzoek: Verzoek, gegevenssetid: str, entry: VerzoekEntry) -> Profiel:
        """Return the profile of the koppeling, narrowed to the one that the caller names."""
        requested = self.catalogue.requested_profiel(gegevenssetid)
        if requested is None:
            entry.remarks += ("gegevensset=onbekend",)
            return own
        return own.narrowed(requested.in_version(verzoek.xsdversie))

    def _content(self, found: AnswerState, made: Made | None) -> AnswerContent | None:
        """Return the content of an answer, if it is at hand."""
        if made is not None and made.content_hash == found.content_hash:
            return made.content
        return self.memory.content(found.content_hash)

    def _give(
        self,
        request: Request,
        entry: VerzoekEntry,
        answer_format: AnswerFormat,
        answer_key: AnswerKey,
        found: AnswerState,
        part: RenderedPart | None = None,
    ) -> Outcome | Unfinished:
        """Return the data of an answer or of a part of it, unless the caller has them.

        The `gewijzigd` of a part is that of the whole answer: a change in another groep counts as a change too.
        """
        access, verzoek, operation = request.access, request.verzoek, request.verzoek.operation
        (profiel, since), own = access.fetched_under, access.profiel.digest + access.suffix
        if profiel != own or since is None:
            moment = freshness.whole_second(entry.moment)
            return Unfinished(RecordProfiel(access.koppeling_id, own, moment), entry)
        gewijzigd = max(access.opened_at, found.gewijzigd, since)
        if gewijzigd.microsecond:
            gewijzigd = freshness.whole_second(gewijzigd)
        counted = found if part is None else part
        if "leerlingen" in operation.parts:
            entry.leerlingen = counted.persons
        if counted.incomplete:
            entry.remarks += (f"onvolledig={counted.incomplete}",)
        groepen = _set_of(verzoek.groepen) if verzoek.groepen else ""
        asked = sha256("|".join((*answer_key[1:], groepen)).encode()).hexdigest()
        place = (access.koppeling_id, asked, gewijzigd.replace(tzinfo=None))
        has_it = any([(row[0], *row[_GIVEN]) == place for row in request.rows])  # noqa: C419 - one row, mostly
        last = verzoek.laatstontvangengegevens
        if has_it and last is not None and freshness.caller_has_it(last, gewijzigd, entry.moment):
            entry.outcome, entry.leerlingen = "geenwijzigingen", None
            entry.answer = found.number
            return Outcome(entry, AnswerBytes(answer.geenwijzigingen(operation)))
        gzip = request.gzip and (part is None or len(part.records) >= MIN_GZIP)
        data = None if part is not None else self.memory.whole(found.content_hash, gewijzigd, request.day, gzip=gzip)
        if data is None:
            content = self._content(found, request.made)
            if content is None:
                return Unfinished(Load(answer_key, found), entry)
            if part is not None:
                data = assemble(answer_format, content.school, part.records, gewijzigd, request.day, gzip=gzip)
            else:
                data = self.memory.assemble(
                    answer_format, found.content_hash, content, gewijzigd, request.day, gzip=gzip
                )
        entry.outcome, entry.answer = operation.payload, found.number
        return Outcome(entry, AnswerBytes(data, gzip), None if has_it else Given(request.slot, asked, gewijzigd))


def _set_of(groepen: Sequence[GroepReference]) -> str:
    """Return the groups that a request asks for as a text that is the same for the same set."""
    return json.dumps(sorted({(one.soort, one.key or "") for one in groepen}))


def _no_data(request: Request, entry: VerzoekEntry, content_hash: str = NO_DATA_HASH) -> Outcome:
    """Return geengegevens; data that return later are given again, where data were given before.

    Raises TijdelijkNietBeschikbaar when the caller left the schooljaar to us and the present one is not laid out yet:
    it did not ask for this year, and would read geengegevens as everybody being gone.
    """
    if content_hash == NOT_LAID_OUT_HASH and SCHOOLJAAR_REPAIR.id in request.verzoek.repairs:
        entry.reason = RefusalReason.NOT_LAID_OUT
        raise fault.TijdelijkNietBeschikbaar
    entry.outcome, entry.reason = "geengegevens", RefusalReason.NO_DATA
    had = any(row[0] == request.access.koppeling_id and row[_GIVEN.start] for row in request.rows)
    nothing = Given(request.slot, given.NOTHING, freshness.whole_second(entry.moment)) if had else None
    return Outcome(entry, AnswerBytes(answer.geengegevens(request.verzoek.operation)), nothing)
