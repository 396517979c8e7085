"""A pause is a barrier: once it is acknowledged, no request that is decided later gets data.

So is withholding a leerling: no request that is decided later gets that one. Servers are fetched from while the school
pauses, ends or changes its koppeling in another process, each at a moment that locks choose. The journaal has both in
the order in which they were decided.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa
from support.callers import Callers, Heard, Sent, assert_alive
from support.databases import kept_waiting
from support.oracle import amount
from support.school_builder import SchoolBuilder
from support.server import Server, serving, until
from support.small_schools import ENTRY, SmallSchools, code_of

from uwlr_adapter.contract.names import HAAL_LEERLINGEN, HAAL_LEERLINGGEGEVENS, Operation
from uwlr_adapter.journaal.model import Act, EntryKind
from uwlr_adapter.journaal.tables import journaal

SEED = 20261127
BRIN6 = "30AB00"
CODES = (code_of(BRIN6), "30AB00-een-tweede-code")
ROUNDS = 5
"""Rounds of questions in which a request comes to stand before the lock of SQLite's file, which shows nobody."""
OPENING = {Act.ACTIVATED, Act.RESUMED}
BACK = {"pause": "resume", "end": "activate", "withhold": "share again"}
"""The act that takes another one back."""


class Hold(NamedTuple):
    """Where a request stands while the koppeling changes: `lock` is what keeps it there.

    With `by_act` it is held by the transaction of the act itself, once the act is done if there is no lock. Else by
    another one, which lets go when the act is acknowledged, or waits too.
    """

    naam: str
    lock: str = ""
    by_act: bool = False


NO_HOLD = Hold("none")
POSTGRESQL = (
    NO_HOLD,
    Hold("before the query", "LOCK TABLE answer_state IN ACCESS EXCLUSIVE MODE"),
    Hold("while the records are read", "LOCK TABLE persoon IN ACCESS EXCLUSIVE MODE"),
    Hold("before the answer is stored", "SELECT FROM school FOR UPDATE"),
    Hold("before the bytes are loaded", "LOCK TABLE answer_content IN ACCESS EXCLUSIVE MODE"),
    Hold("before its entry", "LOCK TABLE journaal IN SHARE MODE"),
    Hold("before its koppeling", "SELECT FROM koppeling FOR UPDATE"),
    Hold("between its entry and what is given", "LOCK TABLE given IN SHARE MODE"),
    Hold("before its entry, in the act", "LOCK TABLE journaal IN SHARE ROW EXCLUSIVE MODE", by_act=True),
    Hold("before its koppeling, in the act", by_act=True),
)
SQLITE = (
    NO_HOLD,
    Hold("before the file", "SELECT 1"),
    Hold("before the file, in the act", "SELECT 1", by_act=True),
    Hold("before the file, after the act", by_act=True),
)
FETCHES = ("plain", "again", "new records", "stored elsewhere", "getrapt")


class Asked(NamedTuple):
    """What a request asked, and what was heard."""

    key: str
    operation: Operation
    heard: Heard


class Barrier:
    """A school whose koppeling changes while servers are fetched from, and its journaal read along with it."""

    def __init__(self, schools: SmallSchools, servers: Sequence[Server], callers: Callers) -> None:
        self.schools, self.servers, self.callers = schools, servers, callers
        self.code = CODES[0]
        """The code that will be good once the next act is done."""
        self._thread = ThreadPoolExecutor(1)
        self._number = 0
        self._asked: dict[str, Asked] = {}
        self._acts: list[tuple[Act, str]] = []
        self._seen = 0
        self._open_with = ""
        self._is_withheld = False
        """Whether the one leerling of the school is withheld, as far as the journaal was read."""
        self._has: set[str] = set()
        schools.import_naam(BRIN6, "Zoë")
        self._do("activate", schools.builder)

    def close(self) -> None:
        """End the thread of the acts."""
        self._thread.shutdown()

    def _do(self, naam: str, builder: SchoolBuilder) -> None:
        """Do an act, and remember it with the code that is good after it."""
        with builder.transaction():
            match naam:
                case "activate":
                    builder.activate(ENTRY, BRIN6, self.code)
                    self._acts.append((Act.ACTIVATED, self.code))
                case "end":
                    builder.end(builder.living(BRIN6, ENTRY))
                    self._acts.append((Act.ENDED, ""))
                case "pause":
                    builder.pause(builder.living(BRIN6, ENTRY))
                    self._acts.append((Act.PAUSED, ""))
                case "resume":
                    builder.enter_code(builder.living(BRIN6, ENTRY), self.code)
                    self._acts.append((Act.RESUMED, self.code))
                case "change the code":
                    self.code = CODES[1 - CODES.index(self.code)]
                    builder.enter_code(builder.living(BRIN6, ENTRY), self.code)
                    self._acts.append((Act.CODE_CHANGED, self.code))
                case "withhold" | "share again":
                    builder.withhold(builder.living(BRIN6, ENTRY), "l", undo=naam == "share again")
                    self._acts.append((Act.WITHHELD if naam == "withhold" else Act.SHARED_AGAIN, self.code))
                case "pause and resume":
                    self._do("pause", builder)
                    self._do("resume", builder)

    def _send(self, server: Server, message: bytes) -> Sent:
        """Send a message; each play has a source of its own, so that fetches of an ended koppeling are no guesses."""
        return self.callers.send(server, message, f"X-Forwarded-For: 192.0.2.{self._number % 256}")

    def fetch(self, server: Server, key: str, last: str | None = None) -> Heard:
        """Fetch, and wait for the answer."""
        message = self.schools.message(BRIN6, key=key, last=last)
        heard = self._send(server, message).heard()
        self._asked[heard.request_id] = Asked(key, HAAL_LEERLINGGEGEVENS, heard)
        return heard

    def play(self, hold: Hold, act: str, fetch: str, last: str) -> None:
        """Let an act and a fetch from each server overlap; they are held as told."""
        key, operation = self.code, HAAL_LEERLINGEN if fetch == "getrapt" else HAAL_LEERLINGGEGEVENS
        self._number += 1
        if fetch in {"new records", "stored elsewhere"}:
            self.schools.import_naam(BRIN6, f"Naam {self._number}")
        if fetch == "stored elsewhere":
            heard = self.schools.fetch(self.schools.message(BRIN6, key=key))
            self._asked[heard.request_id] = Asked(key, HAAL_LEERLINGGEGEVENS, heard)
        message = self.schools.message(BRIN6, key=key, operation=operation, last=last if fetch == "again" else None)
        sent: list[Sent] = []

        def send() -> None:
            sent.extend(self._send(server, message) for server in self.servers)

        if hold.by_act:
            self._act_holds(hold, act, send, sent)
        else:
            self._other_holds(hold, act, send, sent)
        for one in sent:
            heard = one.heard()
            assert heard.request_id == one.id
            self._asked[one.id] = Asked(key, operation, heard)
        self.fetch(self.servers[-1], key)  # sent after the act was acknowledged

    def _act_holds(self, hold: Hold, act: str, send: Callable[[], None], sent: list[Sent]) -> None:
        builder = self.schools.builder
        with builder.transaction() as connection:
            if hold.lock:
                connection.exec_driver_sql(hold.lock)
            else:
                self._do(act, builder)
            send()
            self._until_held(connection, sent)
            if hold.lock:
                self._do(act, builder)

    def _other_holds(self, hold: Hold, act: str, send: Callable[[], None], sent: list[Sent]) -> None:
        if not hold.lock:
            send()
            self._do(act, self.schools.builder)
            return
        with self.schools.database.writing() as connection:
            connection.exec_driver_sql(hold.lock)
            send()
            self._until_held(connection, sent)
            done = self._thread.submit(self._do, act, self.schools.builder)
            if self.schools.database.backend.is_embedded:
                self._until_held(connection, sent)
            else:
                until(lambda: done.done() or self._held(connection, sent) > len(sent))
        done.result()

    def _until_held(self, connection: sa.Connection, sent: list[Sent]) -> None:
        """Wait until each request stands before a lock of this transaction, or was answered."""
        if self.schools.database.backend.is_embedded:
            for _ in range(ROUNDS):
                assert_alive(self.servers[0])
        else:
            until(lambda: self._held(connection, sent) >= len(sent))

    @staticmethod
    def _held(connection: sa.Connection, sent: list[Sent]) -> int:
        return sum(one.is_answered for one in sent) + kept_waiting(connection)

    def reopen(self, act: str) -> None:
        """Make it so that the koppeling is open again."""
        if act in BACK:
            self._do(BACK[act], self.schools.builder)

    def check(self, what: object) -> None:
        """Hold what was heard against what the journaal has got since the last time, one entry after the other."""
        query = sa.select(journaal).where(journaal.c.id > self._seen).order_by(journaal.c.id)
        with self.schools.database.reading() as connection:
            rows = connection.execute(query).all()
        for row in rows:
            self._seen = row.id
            if row.kind == EntryKind.KOPPELING:
                act, self._open_with = self._acts.pop(0)
                assert row.act == act, what
                self._has = set() if act in OPENING else self._has
                self._is_withheld = act is Act.WITHHELD or (self._is_withheld and act is not Act.SHARED_AGAIN)
            elif row.kind == EntryKind.VERZOEK:
                self._check_one(row, self._asked.pop(row.request_id), what)
        assert (self._asked, self._acts) == ({}, []), what

    def _check_one(self, row: sa.Row[tuple[object, ...]], asked: Asked, what: object) -> None:
        found = (row.act, row.outcome, row.leerlingen)
        assert found == (asked.operation.name, asked.heard.outcome, asked.heard.leerlingen), what
        if asked.key != self._open_with:
            assert row.outcome == "Client.AutorisatieOngeldig", (what, row.id)
            return
        if self._is_withheld:  # there is nobody else
            assert row.outcome == "geengegevens", (what, row.id)
            self._has.discard(asked.operation.name)
            return
        if row.outcome == "geenwijzigingen":
            assert asked.operation.name in self._has, (what, row.id)
        else:
            assert row.outcome == asked.operation.payload, (what, row.id)
        self._has.add(asked.operation.name)


@contextmanager
def playing(data: Path) -> Iterator[Barrier]:
    """Serve the school: by two processes, or by one that is fetched from twice at once where a file has one writer."""
    schools = SmallSchools(data)
    with ExitStack() as stack:
        number = 1 if schools.database.backend.has_one_writer else 2
        servers = [stack.enter_context(serving(data, environment=schools.environment)) for _ in range(number)]
        callers = stack.enter_context(Callers(2))
        barrier = Barrier(schools, servers * (2 // number), callers)
        yield barrier
        barrier.close()
        for server in servers:
            assert "Traceback" not in "".join(server.log)
    schools.close()


def test_no_request_that_is_decided_after_an_act_gets_data(backend: str, tmp_path: Path) -> None:
    """Wherever a fetch stands when its koppeling is changed, it gets data only if its entry comes before the act's.

    Of a leerling who is withheld it gets data on the same condition.
    """
    chance = random.Random(SEED)  # noqa: S311 - a seeded test
    holds = SQLITE if backend == "sqlite" else POSTGRESQL
    acts = ("pause", "end", "change the code", "pause and resume", "withhold", "withhold")
    with playing(tmp_path) as barrier:
        last = barrier.fetch(barrier.servers[0], barrier.code).aanmaakdatum
        for number in range(amount(20, 1000)):
            hold, act, fetch = chance.choice(holds), chance.choice(acts), chance.choice(FETCHES)
            barrier.play(hold, act, fetch, last)
            barrier.reopen(act)
            heard = barrier.fetch(chance.choice(barrier.servers), barrier.code, last)
            barrier.check((number, hold.naam, act, fetch))
            last = heard.aanmaakdatum or last
