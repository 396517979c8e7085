"""The state machine of an endpoint: mutated messages, and failures and changes at any of its steps."""

import random
from dataclasses import replace
from datetime import timedelta
from functools import cache
from http import HTTPStatus

from lxml import etree
from sqlalchemy.exc import DBAPIError, OperationalError
from support.endpoint_rows import ROWS
from support.hand_made import CALLERS, MANY, HandMade, head_of, make
from support.served_school import CODE, CODE_OF_ONE

from fuzz.target import Target
from fuzz.targets.words import XML
from uwlr_adapter.answers.store import InvalidAnswerError
from uwlr_adapter.contract import fault
from uwlr_adapter.contract.names import SOAP11
from uwlr_adapter.exchange.outcome import Outcome
from uwlr_adapter.journaal.model import VerzoekEntry
from uwlr_adapter.koppelingen.tables import Status
from uwlr_adapter.web.endpoint import Ask, Do, Endpoint, Fetch, ReadBody, SoapRequest, Step, Write
from uwlr_adapter.web.head import Head
from uwlr_adapter.web.request_record import RequestRecord
from uwlr_adapter.web.response import Response

_SECRETS = tuple(one.encode() for one in (CODE, CODE_OF_ONE, *CALLERS.klantcodes.values()))
_ERRORS = (
    lambda: OperationalError("SELECT 1", {}, Exception("gone"), connection_invalidated=True),
    lambda: DBAPIError("COMMIT", {}, Exception("gone"), connection_invalidated=True),
    lambda: TimeoutError("late"),
    lambda: ConnectionError("broken off"),
    lambda: MemoryError("full"),
    fault.TijdelijkNietBeschikbaar,
    fault.InterneFout,
)
_CLOCK = HandMade()
"""The world whose moment the endpoints take for the present one."""
_MARK = b"####"
"""Stands behind the message in an input; a change of what is behind it changes only what happens meanwhile."""
_STATUSES = {200, 304, 400, 405, 408, 413, 415, 500}


def samples() -> list[bytes]:
    """Return the requests of the table of checks."""
    rows = [row.message(CALLERS) for row in ROWS]
    good = [row.message(CALLERS) for row in ROWS if row.status == HTTPStatus.OK and row.method == "POST"]
    return [one + _MARK + b"." * 4000 for one in (*rows, *good * 4) if len(one) < 8 * 1024]


def check(data: bytes) -> str:
    """Require an answer after few steps that gives nothing without access, and tells nothing that is secret."""
    content, _, _ = data.partition(_MARK)
    played = _Play(random.Random(data), content)  # all bytes together choose what happens meanwhile
    response = played.run()
    headers = dict(response.headers)
    assert response.status in _STATUSES, response.status
    assert response.head or headers["Content-Length"] == str(len(response.body))
    assert not any(secret in response.body for secret in _SECRETS)
    if response.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        (code,) = etree.fromstring(response.body).findall(f".//{{{SOAP11}}}Fault/faultcode")
        assert code.text
        assert played.record.outcome, "a fault that the log does not name"
    is_data = response.status == HTTPStatus.OK and played.record.operation not in {"wsdl", "soap"}
    assert is_data == (played.granted is not None and response.status == HTTPStatus.OK)
    if is_data:
        assert played.last is played.granted, "an answer whose entry was not the last that was written"
    assert not played.misgiven
    return f"{response.status} {played.record.outcome} {' '.join(played.steps)}"


@cache
def _endpoint(is_strict: bool) -> Endpoint:  # noqa: FBT001 - the key of the cache
    return make(_CLOCK, strict=is_strict)


class _Play:
    """One request, played by hand with a world that changes and a database that fails where the dice say so."""

    def __init__(self, dice: random.Random, content: bytes) -> None:
        row = dice.choice(ROWS)
        self._dice = dice
        self._content = content
        self._trouble = dice.random() if dice.random() < 0.5 else 0.0  # noqa: PLR2004 - half of them go well
        self._world = HandMade(row.trouble)
        if dice.random() < 0.2:  # noqa: PLR2004 - and then it is rendered
            self._world.state = {"content_hash": None}
        head = _head(dice, head_of(row, content))
        self.record = RequestRecord()
        _CLOCK.moment = self._world.moment
        self._request = SoapRequest(_endpoint(dice.random() < 0.1), head, self.record)  # noqa: PLR2004 - a few are strict
        self.steps: list[str] = []
        self.last: Outcome | None = None
        self.granted: Outcome | None = None
        """The outcome with data that was written while its koppeling was open."""
        self.misgiven = False
        """Whether data were written for a koppeling that is not open."""

    def run(self) -> Response:
        """Do what each step says, up to the response."""
        step: Step = self._request.start()
        while not isinstance(step, Response):
            self.steps.append(type(step).__name__)
            assert len(self.steps) < MANY, "it never answers"
            if self._happens(0.05):
                step = self._request.given_up()
                self.granted = None
                continue
            error = self._dice.choice(_ERRORS)() if self._happens(0.2) else None
            if self._happens(0.3):
                self._change()
            if error is not None and not (isinstance(step, Write) and self._dice.random() < 0.5):  # noqa: PLR2004 - before it
                step = self._request.failed(error)
            elif error is not None and isinstance(step, Write):  # the write was done, and nobody heard of it
                self._write(step.outcome)
                self.granted = None
                step = self._request.failed(error)
            else:
                step = self._do(step)
        return step

    def _happens(self, share: float) -> bool:
        return self._dice.random() < share * self._trouble

    def _do(self, step: ReadBody | Ask | Fetch | Do | Write) -> Step:
        try:
            match step:
                case ReadBody():
                    return self._request.body(self._content[: step.octets])
                case Ask():
                    return self._request.rows(self._world.look(step.query))
                case Fetch():
                    return self._request.loaded(self._world.load(step.query))
                case Do():
                    return self._request.done(self._world.do(step.work))
                case Write():
                    return self._request.written(is_written=self._write(step.outcome))
        except (OperationalError, InvalidAnswerError) as error:  # of the world, whose database or records fail
            return self._request.failed(error)

    def _write(self, outcome: Outcome) -> bool:
        is_written = self._world.write(outcome)
        entry = outcome.entry
        has_data = not isinstance(outcome.answer, fault.Fault)
        if is_written:
            self.last = outcome
            if has_data:
                self.granted = outcome
                assert isinstance(entry, VerzoekEntry)
                one = next(one for one in self._world.koppelingen if one.id == entry.koppeling_id)
                self.misgiven |= one.status is not Status.ACTIEF or one.version != entry.koppeling_version
                self.misgiven |= one.code is None or one.code.encode() not in self._content
        return is_written

    def _change(self) -> None:
        """Act on a koppeling, or import the school, or let a day go by."""
        world, dice = self._world, self._dice
        place = dice.randrange(len(world.koppelingen))
        one = world.koppelingen[place]
        changed: dict[str, object]
        match dice.randrange(5):
            case 0:
                changed = {"status": Status.GEPAUZEERD, "code": None}
            case 1:
                changed = {"status": Status.BEEINDIGD, "code": None}
            case 2:
                changed = {"code": f"{one.brin6}een-nieuwe-code-2"}
            case 3:
                world.school_version += 1
                return
            case _:
                _CLOCK.moment = world.moment = world.moment + timedelta(days=1)
                return
        world.koppelingen[place] = replace(one, version=one.version + 1, **changed)  # type: ignore[arg-type] # columns by name


def _head(dice: random.Random, head: Head) -> Head:
    """Return a head with, now and then, another value of one of its fields."""
    if dice.random() < 0.6:  # noqa: PLR2004 - most requests have the head of their row
        return head._replace(content_length="", content_type="text/xml")
    field = dice.choice(Head._fields)
    values = ("", "1", "9" * 19, "-1", "gzip", "chunked", "identity", "text/xml; charset=utf-16", "1.1", "a,b", "HEAD")
    return head._replace(**{field: dice.choice(values)})


TARGET = Target("endpoint", samples, XML, check, calls=12_000, calls_each=12)
