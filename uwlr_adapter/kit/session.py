"""One run against one endpoint: what is sent and what comes back, within bounds, and what was learnt on the way.

Knowledge of the data comes from the answers themselves. Politeness is kept here: one call at a time, a smallest time
between two, a largest number of them, and a Retry-After that is waited for when it is short.
"""

import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import TypeAlias

from uwlr_adapter import outbound
from uwlr_adapter.clock import now
from uwlr_adapter.contract import names
from uwlr_adapter.contract.fault import TijdelijkNietBeschikbaar
from uwlr_adapter.contract.names import Operation
from uwlr_adapter.contract.profiles import NamedProfiel
from uwlr_adapter.kit.checks import RunStoppedError, cannot, fail
from uwlr_adapter.kit.masking import MaskedExchange, Masker, shown_url
from uwlr_adapter.kit.message import GroepAsked, KitMessage
from uwlr_adapter.kit.reading import AnswerKind, Reading, sentence_of
from uwlr_adapter.kit.results_message import KitResults
from uwlr_adapter.kit.traces import SecretTraces
from uwlr_adapter.outbound import OutboundError, Permissions, Reply

UNKNOWN_REQUEST = "onbekend_verzoek"
"""A request element of no operation."""
MAX_CALLS = 600
"""Calls of one run (inclusive): the largest plan makes some 250."""
MAX_RETRY_AFTER = 30
"""Seconds (inclusive) for which a Retry-After is waited out, once per call."""
_FAULT_STATUS = 500
_BUSY = frozenset({429, 503})
"""The statuses of HTTP with which a proxy says that it is too much at once."""
MAX_LOST = 3
"""Calls in a row without any answer after which the run stops; the first call of a run has one chance."""
MAX_SECONDS = 3600
"""Seconds (inclusive) that a run waits for answers in all, Retry-After included: 250 calls at 14 seconds each."""


class Intensity(StrEnum):
    """How hard the endpoint is asked. It is never attacked: sizes are bounded at each of them."""

    GENTLE = "gentle"
    """Two calls a second, and no robustness checks: for a service in use."""
    NORMAL = "normal"
    """Twenty calls a second, bodies up to 128 kB."""
    FULL = "full"
    """As fast as answers come, one at a time; bodies up to 1 MB. For a service of your own."""


SECONDS_BETWEEN = {Intensity.GENTLE: 0.5, Intensity.NORMAL: 0.05, Intensity.FULL: 0.0}


@dataclass(frozen=True, slots=True)
class Target:
    """The endpoint under test, with credentials and a school."""

    url: str
    klantnaam: str = field(repr=False)
    klantcode: str = field(repr=False)
    autorisatiesleutel: str = field(repr=False)
    brincode: str
    dependancecode: str
    schooljaar: str
    """Such as 2026-2027."""
    xsdversie: str
    profiel: NamedProfiel | None = None
    """The profile that the answers must keep to; None when it is not known."""
    seconds: float = 30.0
    """Seconds for one call."""
    permissions: Permissions = field(default_factory=Permissions)
    leerlingid: str = field(default="", repr=False)
    """Of whom results are sent; only for a run that writes."""

    @property
    def shown_url(self) -> str:
        """The address as a report may show it."""
        return shown_url(self.url)

    @property
    def brin6(self) -> str:
        """The vestiging that is asked."""
        return f"{self.brincode}{self.dependancecode}"


@dataclass(frozen=True, slots=True)
class ScenarioStep:
    """One act of a person at the school, for which a run waits."""

    name: str
    """Its name in `--hook NAME=COMMAND`."""
    text: str
    """The act, as one sentence."""


Perform: TypeAlias = Callable[[ScenarioStep], None]
"""Have a step done, and return when it is. Raises RunStoppedError when it is not."""


def nobody(step: ScenarioStep) -> None:
    """Have no step done: most runs have no person in them. Raises RunStoppedError."""
    raise RunStoppedError(f"nobody is there for the step {step.name}")


Transport: TypeAlias = Callable[[str, str, bytes | None, dict[str, str]], Reply]
"""Send a request (method, URL, body, headers) and return the reply. Raises OutboundError."""


def outbound_transport(target: Target) -> Transport:
    """Return the transport over the network."""

    def send(method: str, url: str, body: bytes | None, headers: dict[str, str]) -> Reply:
        return outbound.send(method, url, body, headers, permissions=target.permissions, seconds=target.seconds)

    return send


class Session:
    """A run against a target. Not for more than one thread."""

    def __init__(
        self,
        target: Target,
        transport: Transport | None = None,
        *,
        intensity: Intensity = Intensity.NORMAL,
        perform: Perform = nobody,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.target = target
        self.intensity = intensity
        self.perform = perform
        self.kept: dict[str, Reading] = {}
        """The answers that a later check of a scenario needs, by a name of its own."""
        self.masker = Masker()
        self.exchanges: list[MaskedExchange] = []
        """Exchanges of the present check."""
        self.last: Reading | None = None
        """The response that the present check looked at last; None when none came."""
        self.times: list[tuple[str, float]] = []
        """The kind of each answer and the seconds that it took."""
        self.echoes: int = 0
        """Answers that held a secret of the request."""
        self.strays: int = 0
        """Faults with a code of the standard and another status than 500."""
        self.leaks: int = 0
        """Faults that held a record of a person."""
        self.calls = 0
        self.random = random.Random()  # noqa: S311 - no secret
        self.traces = SecretTraces(target.autorisatiesleutel, target.klantcode)
        self._transport = outbound_transport(target) if transport is None else transport
        self._sleep, self._clock = sleep, clock
        self._last = float("-inf")
        self._lost = 0
        self._waited = 0.0
        self._known: dict[tuple[object, ...], Reading] = {}
        self._shown: dict[tuple[object, ...], MaskedExchange] = {}

    @property
    def usual(self) -> KitMessage:
        """The request of this run: HaalLeerlinggegevens for the school, year and version of the target."""
        target = self.target
        return KitMessage(
            names.HAAL_LEERLINGGEGEVENS,
            (
                ("schooljaar", target.schooljaar),
                ("brincode", target.brincode),
                ("dependancecode", target.dependancecode),
                ("xsdversie", target.xsdversie),
            ),
            (
                ("autorisatiesleutel", target.autorisatiesleutel),
                ("klantcode", target.klantcode),
                ("klantnaam", target.klantnaam),
            ),
        )

    def call(self, ask: KitMessage | KitResults, headers: dict[str, str] | None = None) -> Reading:
        """Send a message and return the response, whatever it is. Fails the check when none comes."""
        own = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{ask.operation.soap_action}"'}
        return self.send("POST", self.target.url, ask.message(), {**own, **(headers or {})})

    def begin_check(self) -> None:
        """Forget what the check before this one was about."""
        self.exchanges.clear()
        self.last = None

    def send(self, method: str, url: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Reading:
        """Send a request of any make and return the response. Fails the check when none comes.

        Raises RunStoppedError when the first call of the run gets no answer, after too many of these in a row, when the
        endpoint wants not to be called for long, and when the run has made too many calls or waited too long.
        """
        reading = self._send(method, url, body, headers or {})
        wait = _wanted_wait(reading)
        if wait is None:
            return reading
        if wait > MAX_RETRY_AFTER:
            raise RunStoppedError(f"the endpoint asks to wait for {wait} s, longer than this run does")
        self._sleep(wait)
        self._waited += wait
        return self._send(method, url, body, headers or {})

    def _send(self, method: str, url: str, body: bytes | None, headers: dict[str, str]) -> Reading:
        if self.calls >= MAX_CALLS:
            raise RunStoppedError(f"the run made {MAX_CALLS} calls, which is the most that it makes")
        if self._waited > MAX_SECONDS:
            raise RunStoppedError(f"the run waited {MAX_SECONDS // 60} minutes for answers, the longest that it does")
        pause = self._last + SECONDS_BETWEEN[self.intensity] - self._clock()
        if pause > 0:
            self._sleep(pause)
        self.calls += 1
        began = self._clock()
        try:
            reply = self._transport(method, url, body, headers)
        except OutboundError as error:
            self._last = self._clock()
            self._waited += self._last - began
            self._lost += 1
            self.exchanges.append(self.masker.lost(method, self.target.shown_url, headers, body, str(error)))
            self.last = None
            if self.calls == 1:
                raise RunStoppedError(f"no usable answer comes: {error}") from None
            if self._lost >= MAX_LOST:
                raise RunStoppedError(f"{self._lost} calls in a row got no answer; the last: {error}") from None
            fail(f"No usable answer comes: {error}.")
        self._last = self._clock()
        self._waited += self._last - began
        self._lost = 0
        self.last = reading = Reading(reply, self._last - began)
        self.exchanges.append(self.masker.exchange(method, self.target.shown_url, headers, body, reading))
        self.times.append((reading.kind, reading.seconds))
        self.echoes += self.traces.are_in(reading)
        self.strays += reading.is_fault_of_uwlr and reading.status != _FAULT_STATUS
        self.leaks += reading.kind is AnswerKind.FAULT and reading.has_person
        return reading

    def usual_answer(self) -> Reading:
        """Return the answer to the usual request, whatever it is; it is sent once in a run."""
        return self._once(("usual",), self.usual)

    def refusal(self) -> Reading:
        """Return the fault for a klantnaam that does not exist; it is asked for once in a run.

        Ends the check with `cannot` when that is answered otherwise: that is the matter of another check.
        """
        reading = self._once(("refusal",), self.usual.with_part("klantnaam", "uwlr-kit-onbekend"))
        if reading.kind is not AnswerKind.FAULT:
            cannot(f"because an unknown klantnaam is answered with {sentence_of(reading)} instead of a fault")
        return reading

    def data(self) -> Reading:
        """Return the usual answer, which has data; ends the check with `cannot` when it has none."""
        reading = self.usual_answer()
        if reading.kind is not AnswerKind.DATA:
            cannot(f"because the usual request is answered with {sentence_of(reading)} instead of data")
        return reading

    def structure(self) -> Reading:
        """Return the answer to HaalStructuur, whatever it is."""
        return self.answer_of(names.HAAL_STRUCTUUR)

    def unknown_operation(self) -> Reading:
        """Return the response to a request of an operation that does not exist; it is sent once in a run."""
        message = self.usual.edited(lambda text: text.replace(self.usual.operation.request, UNKNOWN_REQUEST))
        return self._once(("unknown operation",), message)

    def answer_of(
        self, operation: Operation | None = None, groepen: tuple[GroepAsked, ...] = (), **children: str
    ) -> Reading:
        """Return the answer to a valid request, whatever it is; the same request is sent once in a run.

        `children` are changes of the usual request, by name.
        """
        if operation is None and not children:
            return self.usual_answer()
        message = self.usual
        for name, text in children.items():
            message = message.with_child(name, text)
        if operation is not None:
            message = message.of(operation, groepen)
        return self._once((operation, groepen, *sorted(children.items())), message)

    def wsdl(self, url: str, headers: dict[str, str] | None = None) -> Reading:
        """Return a document of the description, or whatever is there; the same one is fetched once in a run.

        The address of the endpoint itself stands for its `?wsdl`.
        """
        if url == self.target.url:
            url = f"{url.partition('?')[0]}?wsdl"
        key = ("wsdl", url, *sorted((headers or {}).items()))
        if key not in self._known:
            self._keep(key, self.send("GET", url, None, headers))
        return self._known[key]

    def _once(self, key: tuple[object, ...], message: KitMessage) -> Reading:
        """Send a message, or return what came when it was sent before in this run."""
        if key not in self._known:
            self._keep(key, self.call(message))
        elif self._shown[key] not in self.exchanges:
            self.exchanges.append(self._shown[key])
        self.last = self._known[key]
        return self.last

    def _keep(self, key: tuple[object, ...], reading: Reading) -> None:
        self._known[key] = reading
        self._shown[key] = self.exchanges[-1]


def _wanted_wait(reading: Reading) -> int | None:
    """Return the seconds after which a busy endpoint may be asked again, None when it does not say so."""
    if not (reading.fault_code == TijdelijkNietBeschikbaar.code or reading.status in _BUSY):
        return None
    text = reading.reply.header("Retry-After").strip()
    if text.isascii() and text.isdecimal():
        return int(text[:9])
    try:  # a moment of HTTP, RFC 9110, 10.2.3
        return max(0, math.ceil((parsedate_to_datetime(text) - now()).total_seconds()))
    except (ValueError, TypeError, OverflowError):
        return None
