"""`uwlr-adapter school list --stale`: the vestigingen whose records grow old."""

from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa

from uwlr_adapter.administratie import schools
from uwlr_adapter.administratie.importing import last_taken
from uwlr_adapter.cli.base import Context, local_time, make_table
from uwlr_adapter.cli.json_output import moment_of, print_json
from uwlr_adapter.cli.terminal import escape
from uwlr_adapter.contract.nouns import count_noun
from uwlr_adapter.koppelingen import store

STALE_DAYS = 7
"""Days without an import after which records count as stale: imports come each night, and a holiday may stop them."""


class StaleVestiging(NamedTuple):
    """A vestiging with a koppeling whose records are old, or whose last import was not taken."""

    brin6: str
    naam: str
    koppelingen: int
    taken: datetime | None
    """The last import that was taken; None when there is none, or it is not known."""
    since: datetime | None
    """Since when imports were refused, or ask; None when the last one was taken."""


def find(connection: sa.Connection, moment: datetime, days: int) -> list[StaleVestiging]:
    """Return the stale ones, the oldest first: those without a known import, then by the moment of the last one."""
    living: dict[str, int] = {}
    for koppeling in store.list_living(connection):
        living[koppeling.brin6] = living.get(koppeling.brin6, 0) + 1
    found = []
    for one in schools.list_vestigingen(connection):
        if one.brin6 in living:
            age = last_taken.of_vestiging(connection, one.brin6)
            since = min((year.since for year in age.stale), default=None)
            if since is not None or age.taken is None or moment - age.taken > timedelta(days=days):
                found.append(StaleVestiging(one.brin6, one.naam, living[one.brin6], age.taken, since))
    return sorted(found, key=lambda one: (one.taken is not None, one.taken, one.brin6))


def show(context: Context, days: int, *, as_json: bool) -> None:
    """Print the stale ones."""
    with context.database() as database, database.reading() as connection:
        found = find(connection, context.clock(), days)
    if as_json:
        print_json(
            [
                {
                    "brin6": one.brin6,
                    "naam": one.naam,
                    "koppelingen": one.koppelingen,
                    "last_import": moment_of(one.taken),
                    "not_taken_since": moment_of(one.since),
                }
                for one in found
            ]
        )
        return
    table = make_table("vestiging", "naam", "koppelingen", "last import", "not taken since")
    for one in found:
        table.add_row(one.brin6, escape(one.naam), str(one.koppelingen), local_time(one.taken), local_time(one.since))
    context.console.print(table)
    if not found:
        term = count_noun(days, "day", "days")
        context.messages.print(f"Every vestiging with a koppeling was imported within {term}.")
