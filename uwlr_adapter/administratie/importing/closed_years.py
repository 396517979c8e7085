"""What is erased of a school year once it is no longer answered: the stored answers, and the questions about its rows.

Both hold names. No answer needs the one, and no source that may still change an answer needs the other.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.administratie import schools
from uwlr_adapter.administratie.importing.school_year import SchoolYear
from uwlr_adapter.administratie.school_calendar import SchoolCalendar, window_of
from uwlr_adapter.administratie.tables import answer_content, import_question, vestiging_setting


def closes(year: SchoolYear, until: Mapping[str, str]) -> date:
    """Return the first day on which a year is answered no more; `until` is of `past_year_until`."""
    calendar = SchoolCalendar(past_year_until=until[year.brin6]) if year.brin6 in until else SchoolCalendar()
    window = window_of(year.schooljaar, calendar)
    return date.min if window is None else window.closes


def is_closed(year: SchoolYear, until: Mapping[str, str], today: date) -> bool:
    """Return whether a year is answered no more; `until` is of `past_year_until`."""
    return closes(year, until) <= today


def find_answers(connection: sa.Connection, today: date) -> list[SchoolYear]:
    """Return the closed years of which answers are stored."""
    query = sa.select(answer_content.c.brin6, answer_content.c.schooljaar).distinct()
    until = past_year_until(connection)
    found = [SchoolYear(brin6, schooljaar) for brin6, schooljaar in connection.execute(query)]
    return sorted((one for one in found if is_closed(one, until, today)), key=lambda one: (one.brin6, one.schooljaar))


def erase_answers(connection: sa.Connection, year: SchoolYear) -> int:
    """Erase the stored answers of a closed year; return how many. Nothing renders them again."""
    where = [answer_content.c[name] == value for name, value in year.columns().items()]
    return connection.execute(answer_content.delete().where(*where)).rowcount


def find_questions(connection: sa.Connection, today: date) -> list[tuple[str, int]]:
    """Return the questions of which each year is closed: the brincode and the id of each."""
    until = past_year_until(connection)
    own = import_question.c
    rows = connection.execute(sa.select(own.brincode, own.id, own.years).order_by(own.brincode, own.id))
    return [(row.brincode, row.id) for row in rows if _is_over(row.years, until, today)]


def erase_question(connection: sa.Connection, brincode: str, question_id: int, today: date) -> int:
    """Erase a question if each of its years is still closed; return 1, or 0 when it is not or is gone."""
    schools.lock_school(connection, brincode)
    this = import_question.c.id == question_id
    years = connection.scalar(sa.select(import_question.c.years).where(this))
    if years is None or not _is_over(years, past_year_until(connection), today):
        return 0
    return connection.execute(import_question.delete().where(this)).rowcount


def _is_over(years: list[dict[str, Any]], until: Mapping[str, str], today: date) -> bool:
    return all(is_closed(SchoolYear(one["brin6"], one["schooljaar"]), until, today) for one in years)


def past_year_until(connection: sa.Connection, brin6s: Sequence[str] | None = None) -> dict[str, str]:
    """Return until which MM-DD vestigingen have their past year answered, of those (of `brin6s`) that set it."""
    own = vestiging_setting.c
    query = sa.select(own.brin6, own.past_year_until).where(own.past_year_until.is_not(None))
    if brin6s is not None:
        query = query.where(own.brin6.in_(brin6s))
    return {row.brin6: row.past_year_until for row in connection.execute(query)}
