"""Does a request cost more CPU when there are more schools: one school in the database beside 6,600 of them.

The many are copies of one imported school of 25 leerlingen, made by the database itself (INSERT ... SELECT) since what
is measured is asking, not importing; their koppelingen are activated as the product does it. Two servers are asked in
turn.
"""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

import sqlalchemy as sa
import world
from figures import Requirement, Spread, number, show_ratio
from load import Question, ask_once, fetch_all
from load import measure as load
from records import brin6s, write_edexml
from servers import BACKENDS, PATH, Backend, Server, ours

from uwlr_adapter.administratie import tables
from uwlr_adapter.administratie.tables import persoon, school, vestiging
from uwlr_adapter.db.database import Database

SIZE = 25
CEILING = 1.2
_COPIED = (
    *(tables.persoon, tables.source_key, tables.groep, tables.deelname),
    *(tables.aanstelling, tables.inschrijving, tables.plaatsing),
)


def measure(schools: int, pairs: int, seconds: int) -> None:
    """Print the ratios for each database."""
    print(f"\nCPU of a request with {schools:,} schools of {SIZE} leerlingen / with 1 school, {pairs} pairs in turn")
    for kind, make in BACKENDS.items():
        with ExitStack() as stack:
            few, many = (stack.enter_context(make()) for _ in range(2))
            brins = list(islice(brin6s(), schools))
            fill(few, brins[:1])
            started = time.perf_counter()
            fill(many, brins)
            filled = time.perf_counter() - started
            small = stack.enter_context(ours(few, "1 school"))
            large = stack.enter_context(ours(many, f"{schools} schools"))
            one = Question(PATH, (world.fetch_message(brins[0]),))
            each = Question(PATH, tuple(world.fetch_message(brin6) for brin6 in brins))
            for server, question in ((small, one), (large, each)):
                if ask_once(server.port, question).status != 200:  # noqa: PLR2004 - HTTP
                    raise SystemExit("a school cannot be fetched")
                fetch_all(server.port, iter(question.raw()), _require)
            print(f"  {kind}: made in {filled:.0f} s")
            for label, question in (("the same school", one), ("each school in turn", each)):
                before, after = [], []
                for _ in range(pairs):
                    before.append(_cpu(small, one, seconds))
                    after.append(_cpu(large, question, seconds))
                found = Spread.of([more / less for less, more in zip(before, after, strict=True)])
                middle = f"{number(Spread.of(after).middle)} / {number(Spread.of(before).middle)} ms"
                show_ratio(f"{kind}, {label}: {middle}", found, Requirement(ceiling=CEILING))


def _require(number: int, answer: object, _seconds: float) -> None:
    if getattr(answer, "status", 0) != 200:  # noqa: PLR2004 - HTTP
        raise SystemExit(f"school {number} cannot be fetched")


def _cpu(server: Server, question: Question, seconds: int) -> float:
    """Return the milliseconds of CPU of one request."""
    before = server.cpu()
    found = load(server.port, question, seconds)
    server.settle()
    if found.errors:
        raise SystemExit(f"{found.errors} wrong answers with {server.naam}")
    return (server.cpu() - before) * 1e3 / found.requests


def fill(backend: Backend, brins: Sequence[str]) -> None:
    """Import the first school, copy it to the others, and open a koppeling for each."""
    database = world.open_database(backend)
    world.add_afnemer(database)
    file = write_edexml(Path(backend.data) / "school.edexml", brins[0], SIZE)
    world.import_file(database, file)
    if len(brins) > 1:
        _copy(database, brins[0], brins[1:])
    world.activate(database, brins)
    world.tidy(database)
    database.close()


def _copy(database: Database, example: str, brins: Sequence[str]) -> None:
    """Copy the records of the example to every vestiging; a person of a copy has a number of its own."""
    with database.writing() as connection:
        database.backend.remove_time_limits(connection)
        connection.execute(school.insert(), [{"brincode": brin6[:4], "version": 1} for brin6 in brins])
        connection.execute(
            vestiging.insert(),
            [
                {"brin6": brin6, "brincode": brin6[:4], "dependancecode": brin6[4:], "naam": brin6, "schoolkey": None}
                for brin6 in brins
            ],
        )
        stride = (connection.scalar(sa.select(sa.func.max(persoon.c.id))) or 0) + 1
        place = sa.func.row_number().over(order_by=vestiging.c.brin6).label("place")
        copies = (
            sa.select(vestiging.c.brin6, vestiging.c.brincode, place).where(vestiging.c.brin6 != example).subquery()
        )
        for table in _COPIED:
            columns = [_copied(column, copies, stride) for column in table.columns]
            own = table.c.brin6 == example if "brin6" in table.c else table.c.brincode == example[:4]
            query = sa.select(*columns).select_from(table.join(copies, sa.true())).where(own)
            connection.execute(table.insert().from_select([column.name for column in table.columns], query))


def _copied(column: "sa.Column[object]", copies: sa.Subquery, stride: int) -> "sa.ColumnElement[object]":
    if column.name in {"brin6", "brincode"}:
        return copies.c[column.name]
    is_number = column is persoon.c.id or column.name == "persoon_id"
    return column + copies.c.place * stride if is_number else column
