"""A request is decided at the moment that its outcome is written: what an act of the school has overtaken is not."""

import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.databases import PostgresServer, kept_waiting, waiting
from support.oracle import amount
from support.school_builder import BRIN6, CODE, SchoolBuilder, write_catalogue
from support.server import until
from support.trial_school import TrialSchool

from uwlr_adapter.contract.names import HAAL_LEERLINGGEGEVENS
from uwlr_adapter.db.backend import run
from uwlr_adapter.exchange import commit
from uwlr_adapter.exchange.outcome import Outcome
from uwlr_adapter.journaal.model import EntryKind, VerzoekEntry
from uwlr_adapter.journaal.tables import journaal, refusal
from uwlr_adapter.koppelingen.failures import Failures
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.koppelingen.tables import given
from uwlr_adapter.server.application import make_app
from uwlr_adapter.web.app import App
from uwlr_adapter.web.endpoint import Ask, Do, Fetch, ReadBody, SoapRequest, Step, Write
from uwlr_adapter.web.head import Head
from uwlr_adapter.web.request_record import RequestRecord
from uwlr_adapter.web.response import Response

PATH = "/uwlr/leerlinggegevens"
OTHER_CODE = BRIN6 + "-een-tweede-code"
THIRD_CODE = BRIN6 + "-een-derde-code"
DATA, NO_ACCESS = "leerlinggegevens", "Client.AutorisatieOngeldig"
SEED = 20261128


class Request:
    """A request to one of several apps, played as a driver does, but for the writing of its outcome."""

    def __init__(self, app: App, message: bytes) -> None:
        self._endpoint = app.endpoints[PATH]
        head = Head("POST", "", "192.0.2.1", content_type="text/xml", content_length=str(len(message)))
        self.record = RequestRecord()
        self._request = SoapRequest(self._endpoint, head, self.record)
        assert isinstance(self._request.start(), ReadBody)
        self._step = self._play(self._request.body(message))

    @property
    def outcome(self) -> Outcome:
        """The outcome that is to be written."""
        assert isinstance(self._step, Write)
        return self._step.outcome

    def write(self) -> bool:
        """Write the outcome and go on; returns whether it was written."""
        is_written = self._endpoint.exchange.write(self.outcome)
        self._step = self._play(self._request.written(is_written=is_written))
        return is_written

    @property
    def status(self) -> int:
        """The HTTP status of the response."""
        assert isinstance(self._step, Response)
        return self._step.status

    def _play(self, step: Step) -> Write | Response:
        exchange = self._endpoint.exchange
        while not isinstance(step, (Write, Response)):
            match step:
                case Ask():
                    step = self._request.rows(exchange.database.look(step.query))
                case Fetch():
                    step = self._request.loaded(exchange.database.look(step.query))
                case Do():
                    step = self._request.done(exchange.use_case.do(step.work))
                case _:
                    raise AssertionError(step)
        return step


@pytest.fixture
def school(tmp_path: Path, backend: str) -> Iterator[TrialSchool]:
    """Yield a school that nobody has fetched yet."""
    made = TrialSchool(tmp_path)
    yield made
    made.close()


@pytest.fixture
def three(school: TrialSchool) -> TrialSchool:
    """Give the school two koppelingen more."""
    assert school.settings.catalogus is not None
    codes = {"tweede": OTHER_CODE, "derde": THIRD_CODE}
    write_catalogue(school.settings.catalogus, [(entry, "smalle set") for entry in ("proef", *codes)])
    for entry, code in codes.items():
        school.activate(entry, code)
    school.restart()
    return school


@pytest.fixture
def on_postgresql(tmp_path: Path, postgresql: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[TrialSchool]:
    """Yield such a school on PostgreSQL, where two can write at once."""
    with postgresql.database() as url:
        monkeypatch.setenv("UWLR_DATABASE", url)
        made = TrialSchool(tmp_path)
        yield made
        made.close()


@pytest.fixture
def other(school: TrialSchool) -> Iterator[App]:
    """Yield a second app on the same database."""
    app = make_app(school.settings, lambda: school.moment)
    yield app
    app.close()


def message(school: TrialSchool, key: str = CODE) -> bytes:
    """Return a request with a code."""
    made = school.message(HAAL_LEERLINGGEGEVENS, "<xsdversie>2.2</xsdversie>")
    return made.replace(CODE.encode(), key.encode())


def outcome_of(request: Request) -> str:
    """Return the outcome that the entry of a request tells."""
    assert isinstance(request.outcome.entry, VerzoekEntry)
    return request.outcome.entry.outcome


def entries(school: TrialSchool) -> list[tuple[str, str]]:
    """Return the request id and the outcome of each call in the journaal, in their order."""
    query = sa.select(journaal.c.request_id, journaal.c.outcome).where(journaal.c.kind == EntryKind.VERZOEK)
    with school.database.reading() as connection:
        return [(row.request_id, row.outcome) for row in connection.execute(query.order_by(journaal.c.id))]


def given_to(school: TrialSchool) -> list[int]:
    """Return the koppelingen that were given something."""
    with school.database.reading() as connection:
        return list(connection.scalars(sa.select(given.c.koppeling_id).order_by(given.c.koppeling_id)))


def living(school: TrialSchool, entry: str = "proef") -> Koppeling:
    """Return a koppeling of the school."""
    return SchoolBuilder(school.database).living(BRIN6, entry)


def pause_and_resume(school: TrialSchool) -> None:
    """Pause the koppeling, and resume it with the same code."""
    school.pause()
    school.resume()


def change_the_code(school: TrialSchool) -> None:
    """Enter another code."""
    SchoolBuilder(school.database, moment=school.moment).enter_code(living(school), OTHER_CODE)


@pytest.mark.parametrize(
    ("act", "then"),
    [
        (TrialSchool.pause, NO_ACCESS),
        (TrialSchool.end, NO_ACCESS),
        (change_the_code, NO_ACCESS),
        (pause_and_resume, DATA),
    ],
    ids=["pause", "end", "code", "pause-resume"],
)
def test_what_an_act_overtakes_is_decided_anew(
    school: TrialSchool, other: App, act: Callable[[TrialSchool], None], then: str
) -> None:
    """Data that an act overtakes leave no trace: nothing is written or given, and the caller gets what holds then."""
    request = Request(school.app, message(school))
    assert outcome_of(request) == DATA
    assert request.outcome.given is not None
    act(school)
    assert not request.write()
    assert (entries(school), given_to(school)) == ([], [])
    assert outcome_of(Request(other, message(school))) == outcome_of(request) == then
    assert request.write()
    assert request.status == (200 if then == DATA else 500)
    assert entries(school) == [(request.record.id, then)]
    assert given_to(school) == ([living(school).id] if then == DATA else [])


def test_a_refusal_that_a_resumption_overtakes_stands(school: TrialSchool) -> None:
    """Without access there is nothing to guard: the caller hears what held when it was looked at."""
    school.pause()
    request = Request(school.app, message(school))
    school.resume()
    assert request.write()
    assert entries(school) == [(request.record.id, NO_ACCESS)]


@pytest.mark.parametrize("seed", range(amount(2, 20)))
def test_of_a_group_exactly_what_still_holds_is_written(three: TrialSchool, other: App, seed: int) -> None:
    """In one commit a stale outcome is left out, each other one is written, whatever their order and number."""
    school, apps = three, (three.app, other)
    school.fetch()

    def ask(number: int, content: bytes) -> list[Request]:
        return [Request(apps[place % 2], content) for place in range(number)]

    stale = ask(commit.MAX_ROWS + 8, message(school)) + ask(2, message(school, THIRD_CODE))
    before = entries(school)
    pause_and_resume(school)
    SchoolBuilder(school.database).end(living(school, "derde"))
    fresh = ask(2, message(school)) + ask(commit.MAX_ROWS + 8, message(school, OTHER_CODE))
    refused = ask(1, message(school, BRIN6 + "-een-onjuiste-code"))
    unknown = ask(2, message(school).replace(b">Proef<", b">Niemand<"))
    group = [*stale, *fresh, *refused, *unknown]
    random.Random(SEED + seed).shuffle(group)  # noqa: S311 - a seeded test
    assert write_together(school, group) == [request not in stale for request in group]
    written = entries(school)[len(before) :]
    assert sorted(written) == sorted(
        [*((request.record.id, DATA) for request in fresh), *((request.record.id, NO_ACCESS) for request in refused)]
    )
    assert set(given_to(school)) <= {living(school).id, living(school, "tweede").id}
    assert living(school, "tweede").id in given_to(school)
    with school.database.reading() as connection:
        assert connection.scalar(sa.select(refusal.c.occurrences)) == len(unknown)


def write_together(school: TrialSchool, group: Sequence[Request]) -> list[bool]:
    """Write the outcomes of a group in one commit; returns which were written."""
    outcomes = [request.outcome for request in group]
    commands = commit.commands(outcomes)
    return commit.are_written(outcomes, zip(commands, school.database.write(commands), strict=True), Failures())


def test_a_group_of_what_was_overtaken_writes_nothing(school: TrialSchool) -> None:
    """When nothing of a group holds any more, its commit changes nothing."""
    group = [Request(school.app, message(school)) for _ in range(3)]
    school.pause()
    assert write_together(school, group) == [False] * 3
    assert (entries(school), given_to(school)) == ([], [])


def test_an_end_waits_for_the_entry_that_came_before_it(on_postgresql: TrialSchool) -> None:
    """An end and a request that is being written never wait for each other: the entry comes first, then the end."""
    school = on_postgresql
    school.fetch()
    school.wait(60)
    school.set_profiel("LVS-set")  # another answer, in the same place
    first, second = commit.commands([Request(school.app, message(school)).outcome])
    with ThreadPoolExecutor(1) as thread:
        with school.database.writing() as connection:
            (written,) = run(connection, [first])
            ended = thread.submit(school.end)
            until(lambda: waiting(connection) == 1)
            run(connection, [second])
        ended.result()
    assert len(written) == 1
    assert [outcome for _, outcome in entries(school)] == [DATA, DATA]
    assert given_to(school) == []


def test_no_request_overtakes_a_pause_that_waits(on_postgresql: TrialSchool) -> None:
    """While a pause waits for one entry, a later request waits for the pause, and is then decided anew."""
    school = on_postgresql
    school.fetch()
    first, later = (Request(school.app, message(school)) for _ in range(2))
    with ThreadPoolExecutor(2) as threads:
        with school.database.writing() as connection:
            run(connection, commit.commands([first.outcome]))
            paused = threads.submit(school.pause)
            until(lambda: kept_waiting(connection) == 1)
            written = threads.submit(later.write)
            until(lambda: written.done() or kept_waiting(connection) == 2)
        paused.result()
    assert not written.result()
