"""Which tables are carried by a backup, a restore and a copy: every one, but those that are explained here.

docs/reference/backup.md has the same list for an operator.
"""

import pkgutil
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import sqlalchemy as sa

from uwlr_adapter.db import database as _database  # noqa: F401 - declares the tables of the room db
from uwlr_adapter.db.metadata import metadata

LEFT_OUT = {
    "schema_version": "made with the tables; the number stands in the head of a backup",
    "highest_id": "carried as a number of each table, since PostgreSQL keeps it in a sequence",
    "answer_content": "rendered again at the first call",
    "answer_state": "made again at the first call, with a moment that is later than any that was sent",
    "given": "forgotten, so that each platform gets data once more before it hears geenwijzigingen",
    "job": "the leases and runs of one database: in a new one each job waits for its first night",
    "records_age": "noted again within the hour",
    "koppeling_calls": "noted again, from the journaal, within the hour",
    "verdict_note": "noted again within ten minutes",
    "verdicts_noted": "as verdict_note",
    "key_holder": "the processes that serve, each of which tells it again",
    "failure": "counts of wrong codes of the present period",
    "login_attempt": "counts of a day",
}
"""The tables that are not carried, each with the reason. A lost row of these costs work or a wait, and no fact."""
REBUILT = ("answer_content", "answer_state", "given", "act_to_tell")
"""Those whose rows are not true any more once the records went back in time."""


@cache
def carried() -> tuple[sa.Table, ...]:
    """Return the tables that are carried, each after those that it refers to."""
    _declare()
    return tuple(table for table in metadata.sorted_tables if table.name not in LEFT_OUT)


def all_tables() -> list[sa.Table]:
    """Return every table of the package, each after those that it refers to."""
    _declare()
    return metadata.sorted_tables


@cache
def _declare() -> None:
    """Import the tables of every room: a room that nobody has imported yet declared none."""
    package, _, own = __package__.rpartition(".")
    for room in pkgutil.iter_modules([str(Path(__file__).parents[1])]):
        if room.ispkg and room.name != own and find_spec(f"{package}.{room.name}.tables") is not None:
            import_module(f"{package}.{room.name}.tables")
