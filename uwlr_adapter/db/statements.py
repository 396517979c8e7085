"""Statements compiled once for each kind of database, which go to the driver as they are.

What SQLAlchemy does for each statement (its cache, events, rows, a transaction around it) costs five times what the
database itself needs for a row by its key. On PostgreSQL they are prepared statements of libpq, which take half of the
time of the driver's cursor.
"""

import functools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

import sqlalchemy as sa
from sqlalchemy.sql import visitors

Row: TypeAlias = tuple[Any, ...]
"""One row, in the order of its columns."""
_LIBPQ = "libpq"
_FOR_EACH = "libpq, for each"
_Writer: TypeAlias = Callable[[Any], Any]


class Step(NamedTuple):
    """A statement and its parameters, as libpq takes them."""

    sql: str
    values: list[bytes | None]


@dataclass(frozen=True, slots=True)
class CompiledStatement:
    """A statement in the form of one driver."""

    sql: str
    names: tuple[str, ...] | None
    """The parameters in their order, where the driver takes them by position; None where it takes them by name."""
    fixed: dict[str, Any]
    readers: Mapping[int, Callable[[Any], Any]]
    """Converters from a stored value to one of Python, by position of the column; most need none."""

    writers: Mapping[str, _Writer]
    """Converters from a value of Python to a stored one, by parameter."""

    columns: Sequence[tuple[str, _Writer | None]] = ()
    """The columns of an INSERT in their order, each with its writer if it has one."""

    def bind(self, parameters: Mapping[str, Any]) -> Any:  # noqa: ANN401 - as the driver wants it
        """Return the parameters in the form of the driver."""
        values = {**self.fixed, **parameters} if self.fixed else {**parameters}
        for name, writer in self.writers.items():
            values[name] = writer(values[name])
        return values if self.names is None else tuple([values[name] for name in self.names])

    def read(self, rows: Sequence[Row]) -> list[Row]:
        """Convert raw rows of the driver to rows of Python values."""
        if not self.readers:
            return list(rows)
        found = []
        for row in rows:
            made = list(row)
            for place, reader in self.readers.items():
                made[place] = reader(made[place])
            found.append(tuple(made))
        return found


class _Statement:
    """A statement with named parameters."""

    def __init__(self, query: sa.Select[Any] | sa.Delete | sa.Update) -> None:
        self._query = query
        self._compiled: dict[str, CompiledStatement] = {}

    def compiled(self, dialect: sa.Dialect) -> CompiledStatement:
        """Return the statement for the cursor of a kind of database."""
        found = self._compiled.get(dialect.name)
        if found is None:
            found = self._compiled[dialect.name] = _compile(self._query, dialect)
        return found

    def numbered(self, dialect: sa.Dialect) -> CompiledStatement:
        """Return the statement for libpq."""
        found = self._compiled.get(_LIBPQ)
        if found is None:
            found = self._compiled[_LIBPQ] = _compile(self._query, _numbered(dialect))
        return found


class SelectStatement(_Statement):
    """A SELECT with named parameters."""

    def __init__(self, query: sa.Select[Any]) -> None:
        super().__init__(query)
        self.query = query

    def for_each(self, dialect: sa.Dialect, asked: Sequence[Mapping[str, Any]]) -> Step:
        """Return one statement for libpq that runs this one for each of some parameters, which are texts or numbers.

        A row has the place of its parameters among `asked` before the columns of this statement.
        """
        compiled = self._compiled.get(_FOR_EACH)
        if compiled is None:
            compiled = self._compiled[_FOR_EACH] = _compile_for_each(self.query, _numbered(dialect))
        rows = json.dumps([{**one, "place": place} for place, one in enumerate(asked)])
        return Step(compiled.sql, _texts(compiled.bind({"asked": rows})))


class DeleteStatement(_Statement):
    """A DELETE with named parameters."""

    def __init__(self, query: sa.Delete) -> None:
        super().__init__(query)


class UpdateStatement(_Statement):
    """An UPDATE with named parameters."""

    def __init__(self, query: sa.Update) -> None:
        super().__init__(query)


_Kind = TypeVar("_Kind", bound=_Statement)


class _WithParameters(NamedTuple, Generic[_Kind]):
    """A statement with the values of its parameters."""

    statement: _Kind
    parameters: dict[str, Any]

    def bound(self, dialect: sa.Dialect) -> tuple[CompiledStatement, Any]:
        """Return the statement for the cursor of a kind of database, and its parameters."""
        compiled = self.statement.compiled(dialect)
        return compiled, compiled.bind(self.parameters)

    def step(self, dialect: sa.Dialect) -> Step:
        """Return the statement for libpq."""
        compiled = self.statement.numbered(dialect)
        return Step(compiled.sql, _texts(compiled.bind(self.parameters)))


class Query(_WithParameters[SelectStatement]):
    """A SELECT with the values of its parameters."""

    __slots__ = ()


class Delete(_WithParameters[DeleteStatement]):
    """A DELETE with the values of its parameters."""

    __slots__ = ()


class Update(_WithParameters[UpdateStatement]):
    """An UPDATE with the values of its parameters."""

    __slots__ = ()


class Guard(NamedTuple):
    """A condition on each row of an INSERT: another table has a row with these values, which is held until the end.

    `on` names columns of `table`, each with the value of the row that it must equal; that value need not be a column
    of the INSERT. Rows are held in the order of the first column of `on`, and inserted in that of their primary key.
    """

    table: sa.Table
    on: Mapping[str, str]


class InsertStatement:
    """An INSERT of some rows at once, with a value for each of these columns.

    A row whose primary key exists is an error, unless one of two is chosen: `adds` names the column to whose stored
    value the new one is added; `replaces` makes the new row take the place of the stored one. With a `guard` only the
    rows that it lets through are inserted; `returning` names columns of the inserted rows to return.
    """

    def __init__(
        self,
        table: sa.Table,
        columns: Sequence[str],
        adds: str | None = None,
        *,
        replaces: bool = False,
        guard: Guard | None = None,
        returning: Sequence[str] = (),
    ) -> None:
        self._table = table
        self._columns = tuple(columns)
        self._adds = adds
        self._replaces = replaces
        self._guard = guard
        self._returning = tuple(returning)
        more = [] if guard is None else [name for name in guard.on.values() if name not in self._columns]
        self._names = (*self._columns, *more)
        self._compiled: dict[tuple[str, int], CompiledStatement] = {}

    def compiled(self, dialect: sa.Dialect, number: int) -> CompiledStatement:
        """Return the statement for so many rows, for the cursor of a kind of database."""
        return self._for(dialect.name, dialect, number)

    def values(self, compiled: CompiledStatement, rows: Sequence[Mapping[str, Any]]) -> Any:  # noqa: ANN401 - as the driver wants it
        """Return the values of rows in the form of the driver."""
        if compiled.names is None:
            named = {f"{name}_{place}": row[name] for place, row in enumerate(rows) for name in self._names}
            return compiled.bind(named)
        columns = compiled.columns
        return tuple([row[name] if write is None else write(row[name]) for row in rows for name, write in columns])

    def step(self, dialect: sa.Dialect, rows: Sequence[Mapping[str, Any]]) -> Step:
        """Return the statement for libpq."""
        compiled = self._for(_LIBPQ, _numbered(dialect), len(rows))
        return Step(compiled.sql, _texts(self.values(compiled, rows)))

    def _for(self, kind: str, dialect: sa.Dialect, number: int) -> CompiledStatement:
        found = self._compiled.get((kind, number))
        if found is None:
            found = _compile(self._insert(dialect, number), dialect)
            columns = [(name, found.writers.get(f"{name}_0")) for name in self._names]
            found = self._compiled[kind, number] = replace(found, columns=columns)
            expected = [f"{name}_{place}" for place in range(number) for name in self._names]
            assert found.names is None or list(found.names) == expected  # noqa: S101 - so that values need no names
        return found

    def _insert(self, dialect: sa.Dialect, number: int) -> sa.Insert:
        own, other = self._table.c, {} if self._guard is None else {v: k for k, v in self._guard.on.items()}
        types = {
            name: own[name].type if name in own else self._guard.table.c[other[name]].type  # type: ignore[union-attr] # a name that is not a column is one of the guard
            for name in self._names
        }
        rows = [
            {name: sa.bindparam(f"{name}_{place}", type_=types[name]) for name in self._names}
            for place in range(number)
        ]
        made: Any = import_module(f"sqlalchemy.dialects.{dialect.name}").insert(self._table)  # with ON CONFLICT
        if self._guard is None:
            insert = made.values(rows)
        else:
            given = sa.values(*(sa.column(name, types[name]) for name in self._names), name="given")
            insert = made.from_select(self._columns, self._guarded(given.data([tuple(row.values()) for row in rows])))
        insert = self._on_conflict(insert)
        return insert.returning(*(own[name] for name in self._returning)) if self._returning else insert  # type: ignore[no-any-return] # an insert

    def _guarded(self, given: sa.Values) -> sa.Select[Any]:
        """Return the given rows that the guard lets through; on PostgreSQL it holds its rows.

        FOR NO KEY UPDATE and not FOR SHARE: whoever changes a row waits its turn, and no later holder passes it by.
        """
        assert self._guard is not None  # noqa: S101 - the caller has asked
        rows, held = given.cte("given"), self._guard.table
        on = sa.and_(*(held.c[name] == rows.c[value] for name, value in self._guard.on.items()))
        query = sa.select(*(rows.c[name] for name in self._columns)).join_from(rows, held, on).where(sa.true())
        key = [rows.c[column.name] for column in self._table.primary_key if column.name in self._columns]
        return query.order_by(held.c[next(iter(self._guard.on))], *key).with_for_update(key_share=True, of=held)

    def _on_conflict(self, insert: Any) -> Any:  # noqa: ANN401 - an insert of either dialect
        key = list(self._table.primary_key)
        if self._adds is not None:
            changed = {self._adds: self._table.c[self._adds] + insert.excluded[self._adds]}
        elif self._replaces:
            changed = {name: insert.excluded[name] for name in self._columns if self._table.c[name] not in key}
        else:
            return insert
        return insert.on_conflict_do_update(index_elements=key, set_=changed)


class Insert(NamedTuple):
    """An INSERT with the values of its rows, at least one."""

    statement: InsertStatement
    rows: Sequence[Mapping[str, Any]]

    def bound(self, dialect: sa.Dialect) -> tuple[CompiledStatement, Any]:
        """Return the statement for the cursor of a kind of database, and its parameters."""
        compiled = self.statement.compiled(dialect, len(self.rows))
        return compiled, self.statement.values(compiled, self.rows)

    def step(self, dialect: sa.Dialect) -> Step:
        """Return the statement for libpq."""
        return self.statement.step(dialect, self.rows)


def make_removal(table: sa.Table, column: str, rows: int) -> DeleteStatement:
    """Return a statement that removes so many rows whose column is before the parameter of its name.

    Rows that another process is removing are passed over, so that two of them never wait for each other in a circle.
    """
    key = table.primary_key.columns
    past = sa.select(*key).where(table.c[column] < sa.bindparam(column))
    some = past.limit(rows).with_for_update(skip_locked=True)
    return DeleteStatement(table.delete().where(sa.tuple_(*key).in_(some)))


Command: TypeAlias = Query | Insert | Delete | Update
"""A statement with all that it needs, for any kind of database."""


@functools.cache
def _numbered(dialect: sa.Dialect) -> sa.Dialect:
    """Return the dialect with numbered parameters, as libpq takes them."""
    made: Any = type(dialect)
    return made(paramstyle="numeric_dollar")  # type: ignore[no-any-return] # a dialect


def _compile(statement: sa.Select[Any] | sa.Insert | sa.Delete | sa.Update, dialect: sa.Dialect) -> CompiledStatement:
    made = statement.compile(dialect=dialect)
    columns = statement.selected_columns if isinstance(statement, sa.Select) else statement.exported_columns
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


def _compile_for_each(query: sa.Select[Any], dialect: sa.Dialect) -> CompiledStatement:
    """Return the statement that runs a query for each object in a JSON array, which is its parameter `asked`.

    OFFSET keeps PostgreSQL from joining the tables for all of them at once: each gets the plan of the query by itself.
    """
    free = {one.key: one for one in visitors.iterate(query) if isinstance(one, sa.BindParameter) and one.required}
    # Types without a length: what is asked may be longer than the column.
    columns = [sa.column("place", sa.Integer), *(sa.column(name, type(one.type)()) for name, one in free.items())]
    array: Any = sa.func.json_to_recordset(sa.bindparam("asked", type_=sa.String).cast(sa.JSON))
    asked: Any = array.table_valued(*columns).render_derived(name="asked", with_types=True)

    def own(element: Any, **_: object) -> Any:  # noqa: ANN401 - any part of a statement
        return asked.c[element.key] if isinstance(element, sa.BindParameter) and element.key in free else None

    one: Any = visitors.replacement_traverse(query, {}, own)
    each = one.offset(sa.literal_column("0")).correlate(asked).lateral("each")
    return _compile(sa.select(asked.c.place, each).select_from(asked.join(each, sa.true())), dialect)


def _texts(values: Sequence[Any]) -> list[bytes | None]:
    """Return values in the text form of PostgreSQL."""
    return [
        None if value is None else b"\\x" + value.hex().encode() if type(value) is bytes else str(value).encode()
        for value in values
    ]
