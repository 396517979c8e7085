"""Why a database fails, in our words: each code and each refusal of a connection, and never the text of a driver."""

import sqlite3

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

from uwlr_adapter.db.causes import (
    ADVICE,
    NO_ANSWER,
    Reason,
    SilentDatabaseError,
    advice_of,
    cause_of,
    is_outcome_unknown,
)
from uwlr_adapter.errors import describe

SECRET = "Jan de Vries"


def state(code: str) -> Exception:
    """Return a failure of PostgreSQL with this SQLSTATE, as a statement raises it."""
    error = psycopg.OperationalError(SECRET)
    error.sqlstate = code
    return DBAPIError("a statement", None, error)


def sqlite(name: str) -> Exception:
    """Return a failure of SQLite with this name."""
    error = sqlite3.OperationalError(SECRET)
    error.sqlite_errorname = name
    return DBAPIError("a statement", None, error)


def refused(text: str) -> Exception:
    """Return a connection that was refused with this text of libpq."""
    return DBAPIError("a statement", None, psycopg.OperationalError(f'to "{SECRET}" failed: {text}'))


CASES = [
    (state("53100"), "disk full (SQLSTATE 53100)"),
    (state("53300"), "too many connections (SQLSTATE 53300)"),
    (state("53999"), "memory (SQLSTATE 53999)"),
    (state("25006"), "read-only (SQLSTATE 25006)"),
    (state("55P03"), "locked (SQLSTATE 55P03)"),
    (state("40P01"), "deadlock (SQLSTATE 40P01)"),
    (state("57014"), "cancelled (SQLSTATE 57014)"),
    (state("57P01"), "server stops or starts (SQLSTATE 57P01)"),
    (state("28P01"), "password (SQLSTATE 28P01)"),
    (state("28000"), "not admitted (SQLSTATE 28000)"),
    (state("3D000"), "no such database (SQLSTATE 3D000)"),
    (state("42501"), "rights (SQLSTATE 42501)"),
    (state("42P01"), "tables (SQLSTATE 42P01)"),
    (state("42601"), "statement (SQLSTATE 42601)"),
    (state("23505"), "value (SQLSTATE 23505)"),
    (state("08006"), "network (SQLSTATE 08006)"),
    (state("58030"), "disk (SQLSTATE 58030)"),
    (state("XX001"), "damaged (SQLSTATE XX001)"),
    (state("99999"), "unknown (SQLSTATE 99999)"),
    (sqlite("SQLITE_FULL"), "disk full (SQLITE_FULL)"),
    (sqlite("SQLITE_READONLY_DIRECTORY"), "read-only (SQLITE_READONLY_DIRECTORY)"),
    (sqlite("SQLITE_READONLY_DBMOVED"), "moved (SQLITE_READONLY_DBMOVED)"),
    (sqlite("SQLITE_BUSY_SNAPSHOT"), "locked (SQLITE_BUSY_SNAPSHOT)"),
    (sqlite("SQLITE_IOERR_SHMSIZE"), "disk full (SQLITE_IOERR_SHMSIZE)"),
    (sqlite("SQLITE_IOERR_WRITE"), "disk (SQLITE_IOERR_WRITE)"),
    (sqlite("SQLITE_CANTOPEN_ISDIR"), "disk (SQLITE_CANTOPEN_ISDIR)"),
    (sqlite("SQLITE_CORRUPT_VTAB"), "damaged (SQLITE_CORRUPT_VTAB)"),
    (sqlite("SQLITE_NOTADB"), "not a database (SQLITE_NOTADB)"),
    (sqlite("SQLITE_ERROR"), "tables (SQLITE_ERROR)"),
    (sqlite("SQLITE_SOMETHING"), "unknown (SQLITE_SOMETHING)"),
    (refused('FATAL:  password authentication failed for user "x"'), "password"),
    (refused("FATAL:  sorry, too many clients already"), "too many connections"),
    (
        refused('FATAL:  remaining connection slots are reserved for roles with the "x" attribute'),
        "too many connections",
    ),
    (refused('FATAL:  database "x" does not exist'), "no such database"),
    (refused('FATAL:  role "x" does not exist'), "password"),
    (refused('FATAL:  no pg_hba.conf entry for host "::1", user "x", database "y", no encryption'), "not admitted"),
    (refused("FATAL:  the database system is starting up"), "server stops or starts"),
    (refused("FATAL:  the database system is shutting down"), "server stops or starts"),
    (refused("session is read-only"), "read-only"),
    (refused("Connection refused"), "network"),
    (refused(NO_ANSWER), "no answer"),
    (SilentDatabaseError(), "no answer"),
    (DBAPIError("a statement", None, psycopg.DataError(SECRET)), "value"),
    (DBAPIError("a statement", None, sqlite3.ProgrammingError(SECRET)), "statement"),
]


@pytest.mark.parametrize(("error", "expected"), CASES, ids=[expected for _, expected in CASES])
def test_each_failure_has_a_word(error: Exception, expected: str) -> None:
    """Of the code where there is one, else of what libpq says; a sentence says what it means and what to do."""
    cause = cause_of(error)
    assert str(cause) == expected
    assert cause is not None
    assert advice_of(error) == f"{expected}: {ADVICE[cause.reason]}"
    assert SECRET not in advice_of(error) + describe(error)


def test_each_word_has_its_advice() -> None:
    """No word stands there without what to do."""
    assert ADVICE.keys() == set(Reason)


def test_what_is_no_failure_of_a_database_has_no_cause() -> None:
    """It is told as a failure of ours."""
    assert cause_of(ValueError(SECRET)) is None
    assert advice_of(ValueError(SECRET)).startswith("unknown: ")


@pytest.mark.parametrize("text", ["", "53100x", "Jan de Vries", "5310", "SQLITE_ Jan", "sqlite_full"])
def test_only_a_code_is_told_as_one(text: str) -> None:
    """An attribute that holds something else shows nowhere, whatever it holds."""
    error = psycopg.OperationalError()
    error.sqlstate = text
    error.sqlite_errorname = text  # type: ignore[attr-defined] # of the other driver
    assert describe(error) == "psycopg.OperationalError at "


def test_the_code_stands_in_the_log() -> None:
    """Behind the name of the exception that has it."""
    assert describe(state("53100").orig) == "psycopg.OperationalError (SQLSTATE 53100) at "  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("error", "is_unknown"),
    [(state("53100"), False), (state("55P03"), False), (state("57P01"), True), (refused(NO_ANSWER), True)],
)
def test_a_lost_answer_says_that_the_outcome_is_not_known(error: Exception, *, is_unknown: bool) -> None:
    """A commit of which no answer came may have been done; one that was refused was not."""
    assert is_outcome_unknown(error) is is_unknown
