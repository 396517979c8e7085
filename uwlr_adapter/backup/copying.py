"""Copy a database into another one, of the same kind or the other: every table, compared, in one transaction."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import islice

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from uwlr_adapter.administratie.importing.effect import years_of
from uwlr_adapter.administratie.importing.school_year import SchoolYear
from uwlr_adapter.administratie.selection import select
from uwlr_adapter.backup.carrying import (
    CarryError,
    Progress,
    count_rows,
    fill_table,
    filling,
    highest_id_of,
    read_tables,
    require_equal,
    snapshot,
    target,
)
from uwlr_adapter.clock import day_of
from uwlr_adapter.contract.answer import AnswerFormat, render
from uwlr_adapter.contract.names import HAAL_LEERLINGGEGEVENS
from uwlr_adapter.contract.profiles import STANDARD
from uwlr_adapter.contract.versions import FULL_VERSIONS
from uwlr_adapter.db.database import Database
from uwlr_adapter.db.metadata import metadata
from uwlr_adapter.db.schema_version import SCHEMA
from uwlr_adapter.journaal.tables import journaal

SAMPLE = 100
"""Answers that are rendered from both databases and compared: a tenth of a second each at most."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What was copied: the rows of each table, the answers that were compared, and what came into the source since."""

    rows: dict[str, int]
    answers: int
    entries_since: int | None
    """Entries of the journaal that the source got after the snapshot: they, and what they are about, are not copied.

    None when the source failed after it was copied, so that it is not known."""


def copy(source: Database, url: str, moment: datetime, progress: Progress, sample: int = SAMPLE) -> Copied:
    """Copy a database, also one that is served from, into that of a URL, which is new or empty.

    Raises CarryError, DatabaseUnusableError or DBAPIError; then there is nothing in the target, unless the text says
    that it is not known.
    """
    copied: Copied | None = None
    try:
        with snapshot(source) as connection:
            last = connection.scalar(sa.select(sa.func.max(journaal.c.id))) or 0
            copied = _copy(source, connection, url, day_of(moment), sample, progress)
        with source.reading() as connection:
            since = connection.scalar(sa.select(sa.func.count()).select_from(journaal).where(journaal.c.id > last))
    except DBAPIError:
        if copied is None:
            raise
        return copied
    return replace(copied, entries_since=since or 0)


def _copy(source: Database, connection: sa.Connection, url: str, day: date, sample: int, progress: Progress) -> Copied:
    """Fill the target from a snapshot of the source. Raises what `copy` does."""
    shapes, ends = [], {}
    with target(url) as database:
        with database.reading() as other:
            if source.backend.identity(connection) == database.backend.identity(other):
                raise CarryError("the target is the database itself: name another one")
        counts = count_rows(connection)
        with filling(database, SCHEMA) as written:
            for carried in read_tables(connection):
                name = carried.shape.name
                ends[name] = fill_table(written, carried, counts[name], progress)
                shapes.append(carried.shape)
                highest = highest_id_of(source, connection, name)
                if highest is not None:
                    database.backend.set_highest_id(written, metadata.tables[name], highest)
            require_equal(written, shapes, ends, progress)
            answers = _compare_answers(connection, written, day, sample, progress)
            database.backend.refresh_statistics(written)
    return Copied({name: end.rows for name, end in ends.items()}, answers, None)


def _compare_answers(source: sa.Connection, target_: sa.Connection, day: date, sample: int, progress: Progress) -> int:
    """Render answers from both, evenly spread over the schools and years, and compare them. Raises CarryError."""
    years = years_of(source)
    chosen = list(islice(years, None, None, max(1, len(years) // sample))) if sample else []
    for done, year in enumerate(chosen, start=1):
        for before, after in zip(_answers(source, year, day), _answers(target_, year, day), strict=True):
            if before != after:
                raise CarryError(
                    f"the answer for {year.brin6} {year.schooljaar} is another one in the target; nothing was written. "
                    "Please report it"
                )
        progress("compare answers", done, len(chosen))
    return len(chosen)


def _answers(connection: sa.Connection, year: SchoolYear, day: date) -> Iterator[bytes]:
    """Yield the answer of a year of a vestiging under each profile and version of the standard; empty without data."""
    dataset = select(connection, brin6=year.brin6, schooljaar=year.schooljaar, day=day, aanmaakdatum="")
    for profiel in STANDARD.values():
        for version in FULL_VERSIONS:
            answer_format = AnswerFormat(HAAL_LEERLINGGEGEVENS, profiel.in_version(version), version)
            yield b"" if dataset is None else render(answer_format, dataset)
