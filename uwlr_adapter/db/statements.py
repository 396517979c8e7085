"""Statements compiled once for each kind of database, which go to the driver as they are.

What SQLAlchemy does for each statement (its cache, events, rows, a transaction around it) costs five times what the
database itself needs for a row by its key. On PostgreSQL they are prepared statements of libpq, which take half of the
time of the driver's cursor.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from uwlr_adapter.db.libpq import Row, Step, libpq_of

LIBPQ = "libpq"


@dataclass(frozen=True, slots=True)
class CompiledStatement:
    """A statement in the form of one driver."""

    sql: str
    names: tuple[str, ...] | None
    """The parameters in their order, where the driver takes them by position; None where it takes them by name."""
    fixed: dict[str, Any]
    readers: Mapping[int, Callable[[Any], Any]]
    """Converters from a stored value to one of Python, by position of the column; most need none."""

    writers: Mapping[str, Callable[[Any], Any]]
    """Converters from a value of Python to a stored one, by parameter."""

    columns: Sequence[tuple[str, Callable[[Any], Any] | None]] = ()
    """The columns of an INSERT in their order, each with its writer if it has one."""

    def bind(self, parameters: Mapping[str, Any]) -> Any:  # noqa: ANN401 - as the driver wants it
        """Return the parameters in the form of the driver."""
        values = {**self.fixed, **parameters} if self.fixed else {**parameters}
        for name, writer in self.writers.items():
            values[name] = writer(values[name])
        return values if self.names is None else tuple([values[name] for name in self.names])

    def read(self, row: Row) -> Row:
        """Convert a raw driver row to Python values."""
        made = list(row)
        for place, reader in self.readers.items():
            made[place] = reader(made[place])
        return tuple(made)


class SelectStatement:
    """A SELECT with named parameters."""

    def __init__(self, query: sa.Select[Any]) -> None:
        self.query = query
        self._compiled: dict[str, CompiledStatement] = {}

    def compiled(self, dialect: sa.Dialect) -> CompiledStatement:
        """Return the statement for the cursor of a kind of database."""
        found = self._compiled.get(dialect.name)
        if found is None:
            found = self._compiled[dialect.name] = _compile(self.query, dialect)
        return found

    def step(self, dialect: sa.Dialect, parameters: Mapping[str, Any]) -> Step:
        """Return the statement for libpq."""
        found = self._compiled.get(LIBPQ)
        if found is None:
            found = self._compiled[LIBPQ] = _compile(self.query, _numbered(dialect))
        return _step(found, parameters)

    def fetch(
        self, connection: sa.PoolProxiedConnection, dialect: sa.Dialect, parameters: Mapping[str, Any]
    ) -> list[Row]:
        """Return its rows, on a connection outside any transaction. Raises what the driver raises."""
        if dialect.name == "postgresql":
            return libpq_of(connection).fetch(self.step(dialect, parameters))
        compiled = self.compiled(dialect)
        cursor = connection.cursor()
        cursor.execute(compiled.sql, compiled.bind(parameters))
        rows = cursor.fetchall()
        cursor.close()
        return [compiled.read(row) for row in rows] if compiled.readers else list(rows)


class Query(NamedTuple):
    """A SELECT with the values of its parameters."""

    statement: SelectStatement
    parameters: dict[str, Any]

    def step(self, dialect: sa.Dialect) -> Step:
        """Return the statement for libpq."""
        return self.statement.step(dialect, self.parameters)


class InsertStatement:
    """An INSERT of some rows at once, with a value for each of these columns.

    A row whose primary key exists is an error, unless one of two is chosen: `adds` names the column to whose stored
    value the new one is added; `replaces` makes the new row take the place of the stored one.
    """

    def __init__(
        self, table: sa.Table, columns: Sequence[str], adds: str | None = None, *, replaces: bool = False
    ) -> None:
        self._table = table
        self._columns = tuple(columns)
        self._adds = adds
        self._replaces = replaces
        self._compiled: dict[tuple[str, int], CompiledStatement] = {}

    def put(self, connection: sa.PoolProxiedConnection, dialect: sa.Dialect, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows, all or none, on a connection outside any transaction. Raises what the driver raises."""
        if dialect.name == "postgresql":
            libpq_of(connection).execute(self.step(dialect, rows))
            return
        compiled = self._for(dialect.name, dialect, len(rows))
        cursor = connection.cursor()
        cursor.execute(compiled.sql, self._values(compiled, rows))
        cursor.close()

    def step(self, dialect: sa.Dialect, rows: Sequence[Mapping[str, Any]]) -> Step:
        """Return the statement for libpq."""
        compiled = self._for(LIBPQ, _numbered(dialect), len(rows))
        return _text_step(compiled.sql, self._values(compiled, rows))

    def execute(self, connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows inside a transaction. Raises DBAPIError."""
        compiled = self._for(connection.dialect.name, connection.dialect, len(rows))
        connection.exec_driver_sql(compiled.sql, self._values(compiled, rows))

    def _for(self, kind: str, dialect: sa.Dialect, number: int) -> CompiledStatement:
        found = self._compiled.get((kind, number))
        if found is None:
            found = _compile(self._insert(dialect, number), dialect)
            columns = [(name, found.writers.get(f"{name}_0")) for name in self._columns]
            found = self._compiled[kind, number] = replace(found, columns=columns)
            expected = [f"{name}_{place}" for place in range(number) for name in self._columns]
            assert found.names is None or list(found.names) == expected  # noqa: S101 - so that values need no names
        return found

    def _values(self, compiled: CompiledStatement, rows: Sequence[Mapping[str, Any]]) -> Any:  # noqa: ANN401 - as the driver wants it
        if compiled.names is None:
            named = {f"{name}_{place}": row[name] for place, row in enumerate(rows) for name in self._columns}
            return compiled.bind(named)
        columns = compiled.columns
        return tuple([row[name] if write is None else write(row[name]) for row in rows for name, write in columns])

    def _insert(self, dialect: sa.Dialect, number: int) -> sa.Insert:
        types = {name: self._table.c[name].type for name in self._columns}
        rows = [
            {name: sa.bindparam(f"{name}_{place}", type_=types[name]) for name in self._columns}
            for place in range(number)
        ]
        insert: Any = (postgresql if dialect.name == "postgresql" else sqlite).insert(self._table).values(rows)
        key = list(self._table.primary_key)
        if self._adds is not None:
            changed = {self._adds: self._table.c[self._adds] + insert.excluded[self._adds]}
        elif self._replaces:
            changed = {name: insert.excluded[name] for name in self._columns if self._table.c[name] not in key}
        else:
            return insert  # type: ignore[no-any-return] # an insert
        return insert.on_conflict_do_update(index_elements=key, set_=changed)  # type: ignore[no-any-return] # as above


@functools.cache
def _numbered(dialect: sa.Dialect) -> sa.Dialect:
    """Return the dialect with numbered parameters, as libpq takes them."""
    made: Any = type(dialect)
    return made(paramstyle="numeric_dollar")  # type: ignore[no-any-return] # a dialect


def _compile(statement: sa.Select[Any] | sa.Insert, dialect: sa.Dialect) -> CompiledStatement:
    made = statement.compile(dialect=dialect)
    columns = statement.selected_columns if isinstance(statement, sa.Select) else ()
    readers = {
        place: reader
        for place, column in enumerate(columns)
        if (reader := column.type.dialect_impl(dialect).result_processor(dialect, None)) is not None
    }
    writers = {
        name: writer
        for name, bound in made.binds.items()
        if (writer := bound.type.dialect_impl(dialect).bind_processor(dialect)) is not None
    }
    names = None if made.positiontup is None else tuple(made.positiontup)
    fixed = {name: value for name, value in made.params.items() if value is not None}
    return CompiledStatement(str(made), names, fixed, readers, writers)


def _step(compiled: CompiledStatement, parameters: Mapping[str, Any]) -> Step:
    return _text_step(compiled.sql, compiled.bind(parameters))


def _text_step(sql: str, values: Sequence[Any]) -> Step:
    return Step(sql, [None if value is None else _text(value) for value in values])


def _text(value: Any) -> bytes:  # noqa: ANN401 - a value of any column
    """Return a value in the text form of PostgreSQL."""
    return b"\\x" + value.hex().encode() if isinstance(value, bytes) else str(value).encode()
