"""A right caller in this process for the kit, and what makes it a wrong one."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from support.wsgi import call
from uwlr_adapter.brin import brincode_of, dependancecode_of
from uwlr_adapter.clock import day_of, schooljaar_of
from uwlr_adapter.contract.names import HAAL_LEERKRACHTEN, HAAL_LEERLINGEN, HAAL_LEERLINGGEGEVENS, HAAL_STRUCTUUR
from uwlr_adapter.demo import setup
from uwlr_adapter.kit.checks import Level, Verdict
from uwlr_adapter.kit.listening import example_school, verdicts
from uwlr_adapter.kit.listening.between import Between, Send
from uwlr_adapter.kit.listening.chapters import REQUESTS
from uwlr_adapter.kit.listening.endpoint import PATH, CallerEndpoint, Script
from uwlr_adapter.kit.listening.judging import Credentials
from uwlr_adapter.kit.listening.turn import Conversation
from uwlr_adapter.kit.listening.verdicts import ListeningRun
from uwlr_adapter.kit.message import KitMessage
from uwlr_adapter.kit.reading import AnswerKind, Reading
from uwlr_adapter.kit.report import Report
from uwlr_adapter.outbound import Reply

BASE = "http://127.0.0.1:8090"
MOMENT = datetime(2026, 11, 10, 9, 0, tzinfo=UTC)
SCHOOLJAAR = schooljaar_of(day_of(MOMENT))
CREDENTIALS = Credentials(
    setup.KLANTNAAM, setup.KLANTCODE, setup.VERIFICATIECODE, setup.BRIN6, example_school.schoolkey(SCHOOLJAAR)
)
HOUR = 3600.0


def usual() -> KitMessage:
    """Return the usual request, with what the kit gave."""
    return KitMessage(
        HAAL_LEERLINGGEGEVENS,
        (
            ("schooljaar", SCHOOLJAAR),
            ("brincode", brincode_of(setup.BRIN6)),
            ("dependancecode", dependancecode_of(setup.BRIN6)),
            ("xsdversie", "2.2"),
        ),
        (
            ("autorisatiesleutel", setup.VERIFICATIECODE),
            ("klantcode", setup.KLANTCODE),
            ("klantnaam", setup.KLANTNAAM),
        ),
    )


@dataclass
class Time:
    """Moments that pass only when a test lets them."""

    passed: float = 0.0

    def clock(self) -> datetime:
        """Return the moment."""
        return MOMENT + timedelta(seconds=self.passed)

    def seconds(self) -> float:
        """Return how many seconds have passed."""
        return self.passed

    def wait(self, _environ: Any, seconds: float) -> float | None:
        """Pass the seconds of a caller that waits."""
        self.passed += seconds
        return None


@dataclass
class Caller:
    """A caller of one endpoint. `change` makes each message another one, `headers` those of HTTP."""

    app: Any
    time: Time
    change: Callable[[KitMessage], KitMessage] = lambda message: message
    headers: Callable[[dict[str, str]], dict[str, str]] = lambda headers: headers
    moment: Callable[[str, Time], str | None] = lambda since, _time: since
    """What is sent as laatstontvangengegevens of an aanmaakdatum."""
    pause: float = HOUR
    """Seconds between two rounds."""
    obeys: bool = True
    """Whether it waits as long as a Retry-After says."""
    repeats: int = 0
    """How often it sends the same again at once after a fault."""
    on: str = ""
    """How the codes of those faults begin."""
    method: str = "POST"
    path: str = PATH
    edit: Callable[[bytes], bytes] = lambda body: body
    asks: KitMessage = field(default_factory=usual)
    """Its request before it is changed."""
    since: str | None = None
    made: list[str] = field(default_factory=list)

    def send(self, message: KitMessage) -> Reading:
        """Send one request."""
        message = self.change(message)
        usual_headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{message.operation.soap_action}"'}
        headers = self.headers(usual_headers)
        content_type = headers.pop("Content-Type", None)
        environ = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
        length = environ.pop("HTTP_CONTENT_LENGTH", None)
        body = self.edit(message.message())
        if length is not None:
            environ["CONTENT_LENGTH"] = length
        reply = call(self.app, body, method=self.method, path=self.path, content_type=content_type, **environ)
        return Reading(Reply(reply.status, reply.body, reply.all_headers), 0.0)

    def round(self) -> None:
        """Ask for the whole school, and do what a good client does next."""
        message = self.asks
        sent = None if self.since is None else self.moment(self.since, self.time)
        reading = self.send(message if sent is None else message.with_child("laatstontvangengegevens", sent))
        if reading.kind is AnswerKind.DATA:
            self.since = reading.school("aanmaakdatum")
            self.made.append(self.since or "")
        if reading.kind is AnswerKind.FAULT and reading.fault_code.startswith(self.on):
            for _ in range(self.repeats):
                self.time.passed += 1
                self.send(message if sent is None else message.with_child("laatstontvangengegevens", sent))
        wait = reading.reply.header("Retry-After")
        self.time.passed += 1.0 if wait and not self.obeys else self.pause


@dataclass
class GetraptCaller(Caller):
    """A right caller by groups: it keeps the moment of each question, and stops at the first fault."""

    moments: dict[KitMessage, str] = field(default_factory=dict)

    def round(self) -> None:
        """Ask for the structure, and for the persons of each of its groups together."""
        reading = self.ask(self.asks.of(HAAL_STRUCTUUR))
        groepen = tuple(("groep", one.get("key")) for one in reading.records("groep")) or self.known
        if reading.kind is not AnswerKind.FAULT:
            self.known = groepen
            for operation in (HAAL_LEERLINGEN, HAAL_LEERKRACHTEN):
                self.ask(self.asks.of(operation, groepen))
        self.time.passed += self.pause

    known: tuple[tuple[str, str | None], ...] = ()

    def ask(self, message: KitMessage) -> Reading:
        """Ask one question, with its own moment."""
        since = self.moments.get(message)
        reading = self.send(message if since is None else message.with_child("laatstontvangengegevens", since))
        if reading.kind is AnswerKind.DATA:
            self.moments[message] = reading.school("aanmaakdatum") or ""
        return reading


def endpoint(time: Time, script: Script | None = None) -> CallerEndpoint:
    """Return an endpoint that judges its callers."""
    talk = Conversation(time.clock, time.seconds, f"{BASE}{PATH}")
    return CallerEndpoint(talk, CREDENTIALS, BASE, script or Script(), time.wait)


def between(time: Time, send: Send, target: str) -> Between:
    """Return a listener in front of an endpoint."""
    return Between(Conversation(time.clock, time.seconds, target), target, send)


def run(caller: Caller, rounds: int = 40) -> Report:
    """Repeat the visits of a caller until the run has ended, or for so many rounds."""
    for _ in range(rounds):
        if caller.app.is_done:
            break
        caller.round()
    return report(caller.app)


def report(app: CallerEndpoint | Between, only: tuple[str, ...] = (), skip: tuple[str, ...] = ()) -> Report:
    """Return the report on what called an endpoint, or on both sides of a listener."""
    if isinstance(app, Between):
        run = ListeningRun(f"{BASE}{PATH}", MOMENT, verdicts.choose(verdicts.PROXY, only, skip))
        return verdicts.proxy_report(app.conversation, run)
    return verdicts.caller_report(app.conversation, caller_run(f"{BASE}{PATH}", MOMENT, only, skip))


def caller_run(target: str, moment: datetime, only: tuple[str, ...] = (), skip: tuple[str, ...] = ()) -> ListeningRun:
    """Return a run that judges what calls an address, with all its checks or those of them that are named."""
    return ListeningRun(target, moment, verdicts.choose(verdicts.CALLER, only, skip))


def failed(found: Report) -> set[str]:
    """Return the ids of the checks that failed, apart from the lines of the requests."""
    return {one.id for one in found.results if one.verdict is Verdict.FAIL and one.suite != REQUESTS.name}


def passed(found: Report) -> set[str]:
    """Return the ids of the checks that passed."""
    return {one.id for one in found.results if one.verdict is Verdict.PASS}


def unjudged(found: Report) -> set[str]:
    """Return the ids of the checks that judged nothing, information apart."""
    verdicts_of_nothing = {Verdict.CANNOT, Verdict.OMIT, Verdict.SKIP}
    return {one.id for one in found.results if one.verdict in verdicts_of_nothing and one.level != Level.INFORMATION}
