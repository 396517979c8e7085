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
    """One connection of psycopg, asked by way of libpq; its statements are prepared once."""

    def __init__(self, driver: Any) -> None:  # noqa: ANN401 - the driver is an extra
        from psycopg import OperationalError, pq  # noqa: PLC0415 - for who has PostgreSQL
        from psycopg.adapt import Transformer  # noqa: PLC0415 - idem

        self.pgconn = driver.pgconn
        self._transformer = Transformer.from_context(driver)
        self._error, self._status = OperationalError, pq.ExecStatus
        self._prepared: dict[str, bytes] = {}
        self._came = select.poll()
        self._came.register(self.pgconn.socket, select.POLLIN)

    def has_ended(self) -> bool:
        """Tell whether the server has ended a connection that is idle: unasked, it has nothing else to say."""
        return bool(self._came.poll(0))

    def fetch(self, step: Step) -> list[Row]:
        """Give the rows of a SELECT. Raises OperationalError."""
        return self.rows(self.execute(step))

    def execute(self, step: Step) -> Any:  # noqa: ANN401 - a result of libpq
        """Do a statement, outside a transaction or in one. Raises OperationalError."""
        return self._require(self.pgconn.exec_prepared(self._prepare(step.sql), step.values, result_format=1))

    def fetch_all(self, steps: Sequence[Step], seconds: int) -> list[list[Row]]:
        """Give the rows of each statement; all go in one message, and what the first ones give is read meanwhile.

        Raises OperationalError, also when nothing comes for so many seconds; then the connection is closed.
        """
        try:
            for step in steps:
                self._prepare(step.sql)  # before the first one, which may begin a transaction: nothing goes before that
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
        """Give what is waited for: an answer, and as long as a part of the message is still here, room to send it."""
        if not self.pgconn.flush():
            return self._came
        both = select.poll()
        both.register(self.pgconn.socket, select.POLLIN | select.POLLOUT)
        return both

    def send(self, steps: Sequence[Step]) -> int:
        """Put statements in the pipeline, and its end; gives how many results come before theirs."""
        names = [self._name(step.sql) for step in steps]
        new = [(name, step.sql) for (name, is_new), step in zip(names, steps, strict=True) if is_new]
        for name, sql in new:
            self.pgconn.send_prepare(name, sql.encode())
        for (name, _), step in zip(names, steps, strict=True):
            self.pgconn.send_query_prepared(name, step.values, result_format=1)
        self.pgconn.pipeline_sync()
        return len(new)

    def receive(self, found: list[Any]) -> bool:
        """Add the results that have come in to those that were found; tells whether the pipeline has ended.

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
        """Prepare a statement, if that is still to be done; gives its name."""
        name, is_new = self._name(sql)
        if is_new:
            self._require(self.pgconn.prepare(name, sql.encode()))
        return name

    def _name(self, sql: str) -> tuple[bytes, bool]:
        """Give under which name a statement is prepared, and whether that is still to be done."""
        found = self._prepared.get(sql)
        if found is not None:
            return found, False
        found = self._prepared[sql] = f"uwlr_{len(self._prepared)}".encode()
        return found, True

    def rows(self, found: Any) -> list[Row]:  # noqa: ANN401 - idem
        """Give the rows of a result."""
        self._transformer.set_pgresult(found)
        rows: list[Row] = self._transformer.load_rows(0, found.ntuples, tuple)
        return rows

    def _require(self, found: Any) -> Any:  # noqa: ANN401 - idem
        """Give a result that is good. Raises OperationalError; what the server says of others may quote values."""
        if found.status not in {self._status.TUPLES_OK, self._status.COMMAND_OK}:
            raise self._error("a statement failed")
        return found


_NOTHING_MORE = 2


"""Between the results of two statements libpq gives nothing once; twice, when it has no more."""


def libpq_of(connection: sa.PoolProxiedConnection) -> LibpqConnection:
    """Give the libpq side of a connection, made once for each."""
    found = connection.info.get("uwlr_libpq")
    if not isinstance(found, LibpqConnection):
        found = connection.info["uwlr_libpq"] = LibpqConnection(connection.driver_connection)
    return found
