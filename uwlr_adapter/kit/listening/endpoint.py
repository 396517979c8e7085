"""An endpoint with the example school that judges its callers and puts them in one situation after the other."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

from uwlr_adapter.clock import AMSTERDAM, day_of, next_schooljaar, parse_moment, schooljaar_of
from uwlr_adapter.contract import answer
from uwlr_adapter.contract import fault as faults
from uwlr_adapter.contract.fault import Fault, TijdelijkNietBeschikbaar
from uwlr_adapter.contract.leerresultaten.confirmation import BEVESTIGING
from uwlr_adapter.contract.request import Verzoek
from uwlr_adapter.kit.listening import example_school, incoming
from uwlr_adapter.kit.listening.incoming import Incoming
from uwlr_adapter.kit.listening.judging import Credentials, Judged, judge
from uwlr_adapter.kit.listening.results_judging import Sending, judge_sending
from uwlr_adapter.kit.listening.situations import SITUATIONS, Situation
from uwlr_adapter.kit.listening.turn import FUTURE, Conversation, Question, Turn
from uwlr_adapter.outbound import Reply
from uwlr_adapter.web.response import XML_TYPE, Response, plain, respond
from uwlr_adapter.web.services import LEERLINGGEGEVENS, LEERRESULTATEN
from uwlr_adapter.web.soap.wsdl import wsdl

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIEnvironment

SLOW_SECONDS = 29.0
"""Seconds of the slow answer: the shortest timeout seen in a client is 30."""
PATH, RESULTS_PATH = LEERLINGGEGEVENS.path, LEERRESULTATEN.path
_LATER = 2
"""Which of the right messages with results is to come back later."""

Wait = Callable[["WSGIEnvironment", float], float | None]
"""Wait for so many seconds; return after how many the caller hung up, None when it did not."""


@dataclass(frozen=True, slots=True)
class Script:
    """Script of a run: its situations, the seconds of the slow answer, and the requests after which it ends."""

    situations: Sequence[Situation] = SITUATIONS
    slow: float = SLOW_SECONDS
    calls: int | None = None


class CallerEndpoint:
    """The endpoint as a WSGI application; its conversation has what the checks look at."""

    def __init__(
        self, conversation: Conversation, credentials: Credentials, base_url: str, script: Script, wait: Wait
    ) -> None:
        self.conversation = conversation
        self._credentials, self._script, self._wait = credentials, script, wait
        self._wsdl = {one.path: wsdl(one.wsdl, base_url) for one in (LEERLINGGEGEVENS, LEERRESULTATEN)}
        self._base_url = base_url
        self._state = _Progress(script, conversation)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
        """Answer one HTTP request."""
        asked = incoming.read(environ)
        if asked.asks_wsdl and asked.path in self._wsdl:
            response = respond(HTTPStatus.OK, XML_TYPE, self._wsdl[asked.path])
            return response._replace(head=asked.method == "HEAD").send(start_response)
        if asked.asks_description or (asked.path != PATH and asked.reads):  # a browser looks for an icon
            return plain(HTTPStatus.NOT_FOUND, "The WSDL is all that can be read here.").send(start_response)
        if self.is_done:
            return plain(HTTPStatus.SERVICE_UNAVAILABLE, "The run has ended.").send(start_response)
        now = self.conversation.clock()
        if asked.path == RESULTS_PATH and asked.method == "POST":
            return self._take(asked, now).send(start_response)
        judged = judge(asked, PATH, self._state.present_year(now), self._credentials)
        turn = self.conversation.begin(asked, judged)
        response = self._respond(turn, asked, judged, environ)
        reply = Reply(response.status, response.body, tuple(response.headers))
        self.conversation.end(turn, asked, reply)
        return response.send(start_response)

    @property
    def is_done(self) -> bool:
        """Whether the run has come to its end: its calls were made, or each situation was met."""
        turns = len(self.conversation.turns) + len(self.conversation.sendings)
        return turns >= (self._script.calls or turns + 1) or self.conversation.is_full or self._state.is_done()

    def _take(self, asked: Incoming, now: datetime) -> Response:
        """Answer a message with results: the second right one is to come back later, as every service may ask."""
        judged = judge_sending(asked, schooljaar_of(day_of(now)), self._credentials)
        responses: list[Response] = []

        def answer_to(sending: Sending) -> Reply:
            fault = judged.fault
            right = [one for one in self.conversation.sendings if one.judged.results]
            if judged.results and len(right) == _LATER:
                fault = TijdelijkNietBeschikbaar(round(self.conversation.pause))
                sending.retry_after = fault.retry_after
            if judged.status is not None:
                responses.append(plain(HTTPStatus(judged.status), "Zie het verslag."))
            else:
                responses.append(respond(HTTPStatus.OK, XML_TYPE, BEVESTIGING) if fault is None else _fault(fault))
            return Reply(responses[0].status, responses[0].body, tuple(responses[0].headers))

        self.conversation.send(f"{self._base_url}{RESULTS_PATH}", asked, judged, answer_to)
        return responses[0]

    def _respond(self, turn: Turn, asked: Incoming, judged: Judged, environ: "WSGIEnvironment") -> Response:
        if judged.status is not None:
            return plain(judged.status, "Zie het verslag.", head=asked.method == "HEAD")
        if judged.fault is not None or judged.verzoek is None:
            return _fault(judged.fault or faults.InterneFout())
        situation = self._state.take(turn)
        turn.situation = situation.name
        if situation.is_slow:
            turn.left_after = self._wait(environ, self._script.slow)
        if situation.fault is TijdelijkNietBeschikbaar:
            return _fault(TijdelijkNietBeschikbaar(round(self.conversation.pause)))
        if situation.fault is not None:
            return _fault(situation.fault())
        return respond(HTTPStatus.OK, XML_TYPE, self._state.answer(judged.verzoek, turn))


class _Progress:
    """Which situation a caller is in, and what it was given. For several threads."""

    def __init__(self, script: Script, conversation: Conversation) -> None:
        self._script, self._conversation = script, conversation
        self._lock = threading.Lock()
        self._place = -1
        self._asked: dict[Question, float] = {}
        """When each question was asked last in the present situation."""
        self._made = conversation.clock().replace(microsecond=0) - timedelta(hours=1)
        """When the present data were made."""
        self._given: dict[Question, datetime] = {}
        self._is_over = False

    @property
    def _situation(self) -> Situation:
        return self._script.situations[max(self._place, 0)]

    def present_year(self, now: datetime) -> str:
        """Return the schooljaar that an empty one stands for."""
        return next_schooljaar(day_of(now)) if self._situation.is_next_year else schooljaar_of(day_of(now))

    def take(self, turn: Turn) -> Situation:
        """Return the situation that a valid request meets."""
        with self._lock:
            last = self._asked.get(turn.question)
            is_repeat = last is not None and self._situation.fault is not None
            is_at_once = is_repeat and turn.began - (last or 0.0) < self._conversation.pause
            if self._place < 0 or (last is not None and not is_at_once):
                self._advance(turn.moment)
            self._asked[turn.question] = turn.began
            return self._situation

    def _advance(self, now: datetime) -> None:
        if self._place + 1 >= len(self._script.situations):
            self._is_over = True
            return
        self._place += 1
        self._asked.clear()
        if self._situation.is_changed and self._given:
            self._made = max(now.replace(microsecond=0), self._made + timedelta(seconds=1))

    def is_done(self) -> bool:
        """Whether the last situation was met, and nothing came for a while."""
        with self._lock:
            is_last = self._place + 1 == len(self._script.situations) and bool(self._asked)
        quiet = self._conversation.seconds() - self._conversation.last
        is_answered = all(one.ended is not None for one in self._conversation.turns[-20:])
        return self._is_over or (is_last and is_answered and quiet >= self._conversation.pause)

    def answer(self, verzoek: Verzoek, turn: Turn) -> bytes:
        """Return the answer of the present situation: data, geenwijzigingen or geengegevens."""
        with self._lock:
            situation, day = self._situation, day_of(turn.moment)
            present = schooljaar_of(day)
            years = {next_schooljaar(day)} if situation.is_next_year else {present, next_schooljaar(day)}
            if not situation.has_data or verzoek.schooljaar not in years:
                return answer.geengegevens(verzoek.operation)
            if self._has_it(verzoek, turn):
                return answer.geenwijzigingen(verzoek.operation)
            made = self._made.astimezone(AMSTERDAM).isoformat()
            data = example_school.render(verzoek, situation.part, made, day)
            if data is None:
                return answer.geengegevens(verzoek.operation)
            self._given[turn.question] = self._made
            return data

    def _has_it(self, verzoek: Verzoek, turn: Turn) -> bool:
        """Whether the caller was given the present data, and says so."""
        since = parse_moment(verzoek.laatstontvangengegevens or "")
        if since is None or self._given.get(turn.question) != self._made:
            return False
        return self._made <= since <= turn.moment + FUTURE


def _fault(fault: Fault) -> Response:
    wait = [] if fault.retry_after is None else [("Retry-After", str(fault.retry_after))]
    return respond(HTTPStatus.INTERNAL_SERVER_ERROR, XML_TYPE, faults.render(fault), wait)
