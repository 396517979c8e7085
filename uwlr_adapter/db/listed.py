"""A condition on a column: one of a list of values that is one parameter, however many values there are.

A statement with a parameter for each value is another one for each number of values, and is compiled anew.
"""

import json
from collections.abc import Iterable
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles


class Listed(sa.ColumnElement[bool]):
    """The condition that a column of texts or whole numbers equals a value of `as_list`, the parameter `name`."""

    inherit_cache = False

    def __init__(self, column: sa.Column[Any], name: str) -> None:
        self.column = column
        self.values = sa.bindparam(name, type_=sa.Text())
        self.type = sa.Boolean()

    def self_group(self, against: object = None) -> Self:
        """Return the condition as it is: where it is compared with 1, SQLite searches no index."""
        del against
        return self


def as_list(values: Iterable[str] | Iterable[int]) -> str:
    """Return values in the form of the parameter of `Listed`."""
    return json.dumps(list(values))


@compiles(Listed, "sqlite")
def _for_sqlite(element: Listed, compiler: Any, **options: Any) -> str:  # noqa: ANN401 - as SQLAlchemy has it
    column, values = (compiler.process(part, **options) for part in (element.column, element.values))
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608 - our own names


@compiles(Listed, "postgresql")
def _for_postgresql(element: Listed, compiler: Any, **options: Any) -> str:  # noqa: ANN401 - as above
    """Return the condition as an index is searched with: an array, made once."""
    column, values = (compiler.process(part, **options) for part in (element.column, element.values))
    kind = "BIGINT" if isinstance(element.column.type, sa.Integer) else "TEXT"
    listed = f"SELECT CAST(value AS {kind}) FROM json_array_elements_text(CAST({values} AS JSON))"  # noqa: S608 - as above
    return f"{column} = ANY (ARRAY({listed}))"
