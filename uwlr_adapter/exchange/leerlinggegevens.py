"""The use case of the service leerlinggegevens: an afnemer fetches the records of a school."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, assert_never
from zlib import crc32

from uwlr_adapter.answers import store
from uwlr_adapter.answers.memory import AnswerMemory
from uwlr_adapter.answers.store import AnswerRenderer, Made
from uwlr_adapter.clock import schooljaar_of
from uwlr_adapter.contract.request import Call, judge
from uwlr_adapter.db.database import Database
from uwlr_adapter.db.statements import Row
from uwlr_adapter.exchange.answering import STATEMENTS, Answering, Request
from uwlr_adapter.exchange.outcome import Outcome
from uwlr_adapter.exchange.question import Asked, Granted
from uwlr_adapter.exchange.work import (
    Blocking,
    Drop,
    ForeignWorkError,
    JudgeResults,
    Load,
    RecordProfiel,
    RecordShown,
    Render,
    Unfinished,
)
from uwlr_adapter.journaal.model import VerzoekEntry
from uwlr_adapter.koppelingen import given
from uwlr_adapter.koppelingen import store as koppelingen
from uwlr_adapter.koppelingen.catalogue import Catalogue
from uwlr_adapter.koppelingen.toestemming import Toestemming


@dataclass(frozen=True, slots=True)
class Leerlinggegevens:
    """A `UseCase`. Safe to share between threads. With `key_naast_eckid`, key and ECK-iD are both sent in 2.3."""

    toestemming: ClassVar[Toestemming] = Toestemming.LEERLINGGEGEVENS
    database: Database
    catalogue: Catalogue
    key_naast_eckid: bool = False
    answering: Answering = field(init=False, repr=False)
    _renderer: AnswerRenderer = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Create the state of this process: the answers at hand."""
        object.__setattr__(self, "answering", Answering(self.catalogue, AnswerMemory(), self.key_naast_eckid))
        object.__setattr__(self, "_renderer", AnswerRenderer(self.database))

    def ask(self, call: Call) -> Asked:
        """Return what the access query reads: the states of the answer, and what was given in its place.

        Of a call that leaves its schooljaar empty, `answer` asks once more.
        """
        return _asked(call, call.values.get("schooljaar", ""), call.values.get("xsdversie", ""))

    def answer(self, granted: Granted, entry: VerzoekEntry) -> Outcome | Unfinished | Asked:
        """Judge a call and answer it, and fill in its entry. Raises Fault."""
        verzoek = judge(granted.call, "" if granted.call.tree is None else schooljaar_of(granted.day))
        entry.repairs = verzoek.repairs
        asked = granted.asked.parameters
        if (verzoek.schooljaar, verzoek.xsdversie) != (asked["schooljaar"], asked["xsdversie"]):
            return _asked(granted.call, verzoek.schooljaar, verzoek.xsdversie)
        slot, gzip = int(asked["slot"]), granted.sender.gzip
        made = granted.made if isinstance(granted.made, Made) else None
        return self.answering.answer(
            Request(granted.access, granted.rows, verzoek, granted.day, slot, gzip, made), entry
        )

    def loaded(self, load: Load, rows: Sequence[Row]) -> Made | Drop:
        """Return the content in the rows of a Load; when it is gone, what to do instead."""
        made = store.loaded(load.answer_key, load.state, rows)
        if made is None or made.content is None:
            return Drop(load.answer_key, load.state.content_hash)
        self.answering.memory.keep(made.content_hash, made.content)
        return made

    def do(self, work: Blocking) -> Made | None:
        """Do work that blocks a thread, and return what it brought. Raises InvalidAnswerError or DBAPIError."""
        match work:
            case Render():
                made = self._renderer.render(
                    work.answer_key, work.answer_format, work.moment, work.opened, work.withheld
                )
                if made is not None and made.content is not None:
                    self.answering.memory.keep(made.content_hash, made.content)
                return made
            case Drop():
                store.drop(self.database, work.answer_key, work.content_hash)
            case RecordProfiel():
                with self.database.writing() as connection:
                    koppelingen.record_profiel(connection, work.koppeling_id, work.profiel, work.moment)
            case RecordShown():
                with self.database.writing() as connection:
                    koppelingen.record_shown(connection, work.koppeling_id, work.shown)
            case JudgeResults():
                raise ForeignWorkError(type(work).__name__)
            case _:
                assert_never(work)
        return None


def _asked(call: Call, schooljaar: str, xsdversie: str) -> Asked:
    payload, groepen = call.operation.payload, json.dumps(sorted(call.groepen)) if call.operation.by_groep else ""
    asked = "|".join((schooljaar, xsdversie, payload, call.values.get("gegevenssetid", ""), groepen))
    slot = crc32(asked.encode()) % given.SLOTS
    parameters: dict[str, str | int] = {
        "schooljaar": schooljaar,
        "xsdversie": xsdversie,
        "payload": payload,
        "slot": slot,
    }
    return Asked(STATEMENTS, parameters)
