"""A psycopg connection used through libpq: prepared statements, and pipelines of them."""

import select
from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

Row = tuple[Any, ...]
"""One row, in the order of its columns."""


class Step(NamedTuple):
    """A statement and its parameters, as libpq takes them."""

    sql: str
    values: list[bytes | None]


class LibpqConnection:
    """One connection of psycopg, used through libpq; each of its statements is prepared once."""

    def __init__(self, driver: Any) -> None:  # noqa: ANN401 - the driver is an extra
        from psycopg import OperationalError, pq  # noqa: PLC0415 - only where PostgreSQL is used
        from psycopg.adapt import Transformer  # noqa: PLC0415 - as above

        self.pgconn = driver.pgconn
        self._transformer = Transformer.from_context(driver)
        self._error, self._status = OperationalError, pq.ExecStatus
        self._prepared: dict[str, bytes] = {}
        self._came = select.poll()
        self._came.register(self.pgconn.socket, select.POLLIN)

    def has_ended(self) -> bool:
        """Return whether the server has ended this connection, which must be idle: it sends nothing else unasked."""
        return bool(self._came.poll(0))

    def fetch(self, step: Step) -> list[Row]:
        """Return the rows of a SELECT. Raises OperationalError."""
        return self.rows(self.execute(step))

    def execute(self, step: Step) -> Any:  # noqa: ANN401 - a result of libpq
        """Run a statement, outside a transaction or in one, and return libpq's result. Raises OperationalError."""
        return self._require(self.pgconn.exec_prepared(self._prepare(step.sql), step.values, result_format=1))

    def fetch_all(self, steps: Sequence[Step], seconds: int) -> list[list[Row]]:
        """Return the rows of each statement; all go in one message, and the first results are read meanwhile.

        Raises OperationalError, also when nothing arrives for so many seconds; then the connection is closed.
        """
        try:
            for step in steps:
                self._prepare(step.sql)  # first of all: the first one may begin a transaction
            self.pgconn.enter_pipeline_mode()
            self.send(steps)
            rows = self._receive_all(seconds)
            self.pgconn.exit_pipeline_mode()
        except BaseException:
            self.pgconn.finish()
            raise
        return rows

    def _receive_all(self, seconds: int) -> list[list[Row]]:
        found: list[Any] = []
        rows: list[list[Row]] = []
        while True:
            is_all = self.receive(found)
            rows.extend([self.rows(one) for one in found[len(rows) :]])
            if is_all:
                return rows
            if not self._ready().poll(seconds * 1000):
                raise self._error("the database does not answer")

    def _ready(self) -> "select.poll":
        """Return what to wait for: a result, and room to send while a part of the message is still here."""
        if not self.pgconn.flush():
            return self._came
        both = select.poll()
        both.register(self.pgconn.socket, select.POLLIN | select.POLLOUT)
        return both

    def send(self, steps: Sequence[Step]) -> int:
        """Send statements and the end of the pipeline; return how many results come before theirs."""
        names = [self._name(step.sql) for step in steps]
        new = [(name, step.sql) for (name, is_new), step in zip(names, steps, strict=True) if is_new]
        for name, sql in new:
            self.pgconn.send_prepare(name, sql.encode())
        for (name, _), step in zip(names, steps, strict=True):
            self.pgconn.send_query_prepared(name, step.values, result_format=1)
        self.pgconn.pipeline_sync()
        return len(new)

    def receive(self, found: list[Any]) -> bool:
        """Add the results that have arrived to `found`; return whether the pipeline has ended.

        Raises OperationalError.
        """
        self.pgconn.consume_input()
        nothing = 0
        while nothing < _NOTHING_MORE and not self.pgconn.is_busy():
            result = self.pgconn.get_result()
            nothing = nothing + 1 if result is None else 0
            if result is not None and result.status == self._status.PIPELINE_SYNC:
                return True
            if result is not None:
                found.append(self._require(result))
        return False

    def _prepare(self, sql: str) -> bytes:
        """Prepare a statement unless that is done, and return its name."""
        name, is_new = self._name(sql)
        if is_new:
            self._require(self.pgconn.prepare(name, sql.encode()))
        return name

    def _name(self, sql: str) -> tuple[bytes, bool]:
        """Return the name of the prepared statement, and whether it is still to be prepared."""
        found = self._prepared.get(sql)
        if found is not None:
            return found, False
        found = self._prepared[sql] = f"uwlr_{len(self._prepared)}".encode()
        return found, True

    def rows(self, found: Any) -> list[Row]:  # noqa: ANN401 - as above
        """Return the rows of a result."""
        self._transformer.set_pgresult(found)
        rows: list[Row] = self._transformer.load_rows(0, found.ntuples, tuple)
        return rows

    def _require(self, found: Any) -> Any:  # noqa: ANN401 - as above
        """Return a result that succeeded. Raises OperationalError, without the server's text: it may quote values."""
        if found.status not in {self._status.TUPLES_OK, self._status.COMMAND_OK}:
            raise self._error("a statement failed")
        return found


_NOTHING_MORE = 2
"""libpq returns no result once between two statements, and twice in a row when it has no more."""


def libpq_of(connection: sa.PoolProxiedConnection) -> LibpqConnection:
    """Return the libpq side of a connection, made once for each."""
    found = connection.info.get("uwlr_libpq")
    if not isinstance(found, LibpqConnection):
        found = connection.info["uwlr_libpq"] = LibpqConnection(connection.driver_connection)
    return found
