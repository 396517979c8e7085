"""Many rows at once: inserts that pass SQLAlchemy's own work by, ids for new rows, and values some at a time."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any, TypeVar

import sqlalchemy as sa

from uwlr_adapter.db.backend import backend_of

_T = TypeVar("_T")


def insert_many(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that all name the same columns, as `insert_rows` does. Raises DBAPIError."""
    if rows:
        names = tuple(rows[0])
        insert_rows(connection, table, names, [tuple([row[name] for name in names]) for row in rows])


def insert_rows(
    connection: sa.Connection, table: sa.Table, names: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """Insert rows that hold the values of these columns, in a writing transaction. Raises DBAPIError.

    A column that is not named gets the default of the database, none of SQLAlchemy.
    """
    if rows:
        names, rows = _without_empty(table, names, rows)
        values = _for_driver(connection.dialect, table, names, rows)
        backend_of(connection).insert_bulk(connection, table, names, values)


def _without_empty(
    table: sa.Table, names: Sequence[str], rows: Sequence[Sequence[Any]]
) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
    """Leave out the columns that no row has a value for: of thirty fields a source fills six."""
    count = len(rows)
    kept = [
        place
        for place, (name, values) in enumerate(zip(names, zip(*rows, strict=True), strict=False))
        if values.count(None) < count or table.c[name].server_default is not None
    ]
    if len(kept) == len(names) or len(kept) < 2:  # noqa: PLR2004 - itemgetter makes no tuple of one place
        return names, rows
    return [names[place] for place in kept], list(map(itemgetter(*kept), rows))


def _for_driver(
    dialect: sa.Dialect, table: sa.Table, names: Sequence[str], rows: Sequence[Sequence[Any]]
) -> list[tuple[Any, ...]]:
    """Convert the values to what the driver takes: lists to JSON, on SQLite days to text."""
    converters = [_converter(table.c[name].type, dialect) for name in names]
    if not any(converters):
        return list(map(tuple, rows))
    columns = [
        values if convert is None else _each_once(convert, values)
        for convert, values in zip(converters, zip(*rows, strict=True), strict=False)
    ]
    return list(zip(*columns, strict=True))


def _converter(type_: sa.types.TypeEngine[Any], dialect: sa.Dialect) -> Callable[[Any], Any] | None:
    if isinstance(type_, sa.Boolean):  # both drivers take it as it is
        return None
    if isinstance(type_, sa.JSON):  # as text: what psycopg has for it is written out anew for each row
        return json.dumps
    return type_.dialect_impl(dialect).bind_processor(dialect)


def _each_once(convert: Callable[[Any], Any], values: Sequence[Any]) -> Iterator[Any]:
    """Yield each value as it is converted; rows often share one object, such as a moment."""
    made: dict[int, Any] = {}
    for value in values:
        key = id(value)  # of what the rows keep alive
        if key not in made:
            made[key] = convert(value)
        yield made[key]


def take_ids(connection: sa.Connection, table: sa.Table, count: int) -> list[int]:
    """Return `count` ids for new rows of a table with a column `id`, in this writing transaction."""
    return backend_of(connection).take_ids(connection, table, count) if count else []


def pieces(all_: Sequence[_T], at_once: int) -> Iterator[Sequence[_T]]:
    """Yield what there is, at most `at_once` at a time: as many as one statement or transaction takes."""
    for start in range(0, len(all_), at_once):
        yield all_[start : start + at_once]
