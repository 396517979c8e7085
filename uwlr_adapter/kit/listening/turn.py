"""The conversation of a caller and an endpoint: one turn per request, with what its checks need and no more."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TypeAlias
from urllib.parse import urljoin

from uwlr_adapter.clock import Clock
from uwlr_adapter.contract.repairs import SCHOOLJAAR_REPAIR
from uwlr_adapter.kit.checks import Verdict
from uwlr_adapter.kit.listening.deviations import Deviation, Stage
from uwlr_adapter.kit.listening.incoming import Incoming
from uwlr_adapter.kit.listening.judging import Judged, RequestVerdict
from uwlr_adapter.kit.listening.results_judging import JudgedSending, Sending
from uwlr_adapter.kit.masking import MaskedExchange, Masker
from uwlr_adapter.kit.reading import AnswerKind, Reading
from uwlr_adapter.outbound import Reply

MAX_TURNS = 5_000
"""Requests of one run (inclusive): a caller that does not stop must not fill the memory."""
MAX_SHOWN = 300
"""Turns whose exchange is kept (inclusive), right ones and other ones each."""

_METHODS = frozenset({"POST", "GET", "PUT", "HEAD", "PATCH", "DELETE", "OPTIONS"})
PAUSE_SECONDS = 10.0
"""Seconds for which a caller leaves the service in peace after a fault; it is also the Retry-After."""
FUTURE = timedelta(minutes=5)
"""How far the clock of a caller may be ahead."""

Question: TypeAlias = tuple[object, ...]
"""The question of a request: operation, school, schooljaar, version, set and groups; a schooljaar that it leaves to the
service is an empty one."""


@dataclass(slots=True)
class Turn:
    """One request and what became of it. `began` and `ended` are seconds of one clock that only moves forward."""

    number: int
    """From 1, in the order in which the requests came."""
    moment: datetime
    began: float
    verdict: RequestVerdict
    deviations: tuple[tuple[Deviation, str], ...]
    reached: Stage
    operation: str
    """Its name; empty when it is not known."""
    question: Question
    since: str | None
    """The laatstontvangengegevens of a valid request, as it was sent."""
    is_valid: bool
    """Whether its message is answered by a LAS, repaired or not, apart from its credentials."""
    is_refused_unread: bool
    """Whether HTTP refuses it, so that no LAS reads it."""
    situation: str = ""
    ended: float | None = None
    kind: AnswerKind | None = None
    """The kind of the answer; None as long as there is none."""
    status: int | None = None
    fault_code: str = ""
    retry_after: int | None = None
    aanmaakdatum: str | None = None
    left_after: float | None = None
    """Seconds after which the caller hung up without an answer."""
    answer_verdicts: tuple[tuple[str, Verdict, str], ...] = ()
    """Findings of the checks of an answer: id, verdict and sentence."""
    exchange: MaskedExchange | None = None

    def sentence_of(self, deviation: Deviation) -> str | None:
        """Return what deviates in this way; None when nothing does."""
        return next((sentence for own, sentence in self.deviations if own is deviation), None)


class Conversation:
    """The turns of a run, from several threads; `clock` tells the moment, `seconds` how much time passed.

    `pause` is PAUSE_SECONDS, or what this run takes for it.
    """

    def __init__(
        self, clock: Clock, seconds: Callable[[], float], shown_url: str, pause: float = PAUSE_SECONDS
    ) -> None:
        self.clock, self.seconds, self.pause = clock, seconds, pause
        self.lock = threading.RLock()
        self.turns: list[Turn] = []
        self.exchanges: list[MaskedExchange] = []
        """Turns that the running check shows."""
        self.last: float = seconds()
        """When something happened last."""
        self.sendings: list[Sending] = []
        """The messages with results, which are no turns: they ask nothing."""
        self._masker = Masker()
        self.shown_url = shown_url
        self._shown = {True: 0, False: 0}

    @property
    def is_full(self) -> bool:
        """Whether no more requests are taken."""
        return len(self.turns) + len(self.sendings) >= MAX_TURNS

    def send(self, url: str, incoming: Incoming, judged: JudgedSending, respond: "Callable[[Sending], Reply]") -> Reply:
        """Add a message with results that came to an address, and return its answer, which `respond` makes."""
        with self.lock:
            began = self.last = self.seconds()
            sending = Sending(len(self.sendings) + 1, began, judged)
            self.sendings.append(sending)
            reply = respond(sending)
            if sending.number <= MAX_SHOWN:
                reading = Reading(reply, 0.0)
                headers = dict(incoming.headers)
                sending.exchange = self._masker.exchange("POST", url, headers, incoming.body, reading)
            return reply

    def begin(self, incoming: Incoming, judged: Judged) -> Turn:
        """Add the turn of a request."""
        verzoek = judged.verzoek
        with self.lock:
            turn = Turn(
                number=len(self.turns) + 1,
                moment=self.clock(),
                began=self.seconds(),
                verdict=judged.verdict,
                deviations=judged.deviations,
                reached=judged.reached,
                operation="" if judged.operation is None else judged.operation.name,
                question=_question(incoming, judged),
                since=None if verzoek is None else verzoek.laatstontvangengegevens,
                is_valid=verzoek is not None,
                is_refused_unread=judged.status is not None,
            )
            self.turns.append(turn)
            self.last = turn.began
            return turn

    def end(self, turn: Turn, incoming: Incoming, reply: Reply | None, cause: str = "") -> Reading | None:
        """Note the answer of a turn; without one `cause` says why. Return the answer, read."""
        with self.lock:
            turn.ended = self.last = self.seconds()
            reading = None if reply is None else Reading(reply, turn.ended - turn.began)
            if reading is not None:
                turn.kind, turn.status, turn.fault_code = reading.kind, reading.status, reading.fault_code
                wait = reading.reply.header("Retry-After")
                turn.retry_after = int(wait[:6]) if wait.isascii() and wait.isdecimal() else None
                turn.aanmaakdatum = reading.school("aanmaakdatum") if reading.kind is AnswerKind.DATA else None
            self._show(turn, incoming, reading, cause)
            return reading

    def _show(self, turn: Turn, incoming: Incoming, reading: Reading | None, cause: str) -> None:
        is_right = turn.verdict is RequestVerdict.RIGHT
        if self._shown[is_right] >= MAX_SHOWN:
            return
        self._shown[is_right] += 1
        method = incoming.method if incoming.method in _METHODS else "‹method›"
        url = self.shown_url
        if turn.sentence_of(Deviation.PATH) is not None:
            url = urljoin(url, "/‹another path›")
        headers = dict(incoming.headers)
        if reading is None:
            turn.exchange = self._masker.lost(method, url, headers, incoming.body, cause)
        else:
            turn.exchange = self._masker.exchange(method, url, headers, incoming.body, reading)


def _question(incoming: Incoming, judged: Judged) -> Question:
    """Return what a request asks; for one that cannot be read, the digest of its bytes."""
    verzoek, call = judged.verzoek, judged.call
    if verzoek is None or call is None:
        return (sha256(incoming.body).digest(),)
    groepen = frozenset(verzoek.groepen)
    schooljaar = "" if SCHOOLJAAR_REPAIR.id in judged.repairs else verzoek.schooljaar
    return verzoek.operation.name, call.school, schooljaar, verzoek.xsdversie, verzoek.gegevenssetid, groepen
