"""Freshness: since when an answer has its content, and which caller has it already."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from support.school_builder import BRIN6, open_database

from uwlr_adapter.administratie import schools
from uwlr_adapter.answers.freshness import (
    NO_DATA_HASH,
    AnswerKey,
    Validity,
    caller_has_it,
    changed_since,
    last_seen_query,
    validity_row,
    whole_second,
)
from uwlr_adapter.db.backend import run
from uwlr_adapter.db.database import Database

SERVER_KEY = AnswerKey(BRIN6, "2026-2027", "smalle set", "2.2", "leerlinggegevens")
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
OPENED = NOON - timedelta(days=1)
LATER = NOON + timedelta(hours=4)
"""Noon in UTC is 13:00 in Amsterdam, in winter."""
VALID = Validity(
    school_version=1, valid_from=NOON.date(), valid_until=None, renderer="proef", leerlingen=1, incomplete=0
)


@pytest.fixture
def database(tmp_path: Path, backend: str) -> Iterator[Database]:
    """Yield a database with one school of one vestiging."""
    opened = open_database(tmp_path, BRIN6)
    with opened.writing() as connection:
        schools.lock_school(connection, BRIN6[:4])
    yield opened
    opened.close()


def see(
    connection: sa.Connection,
    content_hash: str,
    moment: datetime,
    key: AnswerKey = SERVER_KEY,
    opened: datetime = OPENED,
) -> datetime:
    """See content in a transaction that holds the school."""
    _, found = run(connection, [schools.version_query(BRIN6[:4], hold=True), last_seen_query(key)])
    changed = changed_since(found, content_hash, moment, opened)
    run(connection, [validity_row(key, content_hash, changed, VALID)])
    return changed


def look(database: Database, content_hash: str, moment: datetime, key: AnswerKey = SERVER_KEY) -> datetime:
    """See content in a transaction of its own."""
    with database.writing() as connection:
        return see(connection, content_hash, moment, key)


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (None, False),
        ("2026-11-23T12:00:00Z", True),
        ("2026-11-23T13:00:00+01:00", True),
        ("2026-11-23T07:00:00-05:00", True),
        ("2026-11-23T13:00:00", True),
        ("2026-11-23T13:00:00.000", True),
        (" \n2026-11-23T13:00:00\t", True),
        ("2026-11-23T12:00:00", False),
        ("2026-11-23T11:59:59Z", False),
        ("2026-11-23T12:00:01Z", False),
        ("2026-11-23T12:00:00.5Z", False),
        ("2026-11-23T12:04:59Z", False),
        ("2026-11-23T12:04:59.999999999Z", False),
        ("2026-11-23T12:05:00Z", True),
        ("2026-11-23T13:05:00", True),
        ("2026-11-23T16:00:00Z", True),
        ("2026-11-23T16:00:00.000001Z", False),
        ("2026-11-23T16:00:01Z", False),
        ("2099-01-01T00:00:00Z", False),
        ("2026-11-22T24:00:00Z", False),
        ("12026-11-23T12:00:00Z", False),
        ("-2026-11-23T12:00:00Z", False),
        ("0001-01-01T00:00:00", False),
        ("9999-12-31T23:59:59-14:00", False),
        ("2026-11-23", False),
        ("gisteren", False),
        ("", False),
    ],
)
def test_who_has_the_present_content(last: str | None, *, expected: bool) -> None:
    """Exactly the moment of the content, or five minutes after it and not in the future; anything else gets data."""
    assert caller_has_it(last, NOON, LATER) is expected


@pytest.mark.parametrize(
    ("last", "changed", "expected"),
    [
        ("2026-10-25T02:30:00", datetime(2026, 10, 25, 0, 30, tzinfo=UTC), True),
        ("2026-10-25T02:30:00", datetime(2026, 10, 25, 1, 30, tzinfo=UTC), False),
        ("2026-10-25T02:30:00+01:00", datetime(2026, 10, 25, 1, 30, tzinfo=UTC), True),
        ("2026-10-25T02:59:59", datetime(2026, 10, 25, 0, 55, tzinfo=UTC), False),
        ("2026-10-25T03:00:00", datetime(2026, 10, 25, 1, 55, tzinfo=UTC), True),
        ("2026-07-01T12:00:00", datetime(2026, 7, 1, 10, 0, tzinfo=UTC), True),
        ("2026-07-01T12:00:00", datetime(2026, 7, 1, 11, 0, tzinfo=UTC), False),
    ],
)
def test_a_moment_without_a_zone_is_one_of_amsterdam(last: str, changed: datetime, *, expected: bool) -> None:
    """In the doubled hour of October it is the earlier instant: better data once more than never."""
    assert caller_has_it(last, changed, datetime(2026, 11, 1, tzinfo=UTC)) is expected


@given(st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)), st.integers(-14, 14))  # noqa: DTZ001 - zone comes next
def test_a_whole_second_is_never_earlier(moment: datetime, hours: int) -> None:
    """A moment is rounded up by less than a second, and stays when it is whole already."""
    exact = moment.replace(tzinfo=timezone(timedelta(hours=hours)))
    found = whole_second(exact)
    assert (found.tzinfo, found.microsecond) == (UTC, 0)
    assert timedelta() <= found - exact < timedelta(seconds=1)
    assert whole_second(found) == found


def test_the_first_look_makes_the_moment(database: Database) -> None:
    """The same content keeps the moment at which it was first seen, for years."""
    first = look(database, "a", NOON + timedelta(milliseconds=1))
    assert first == NOON + timedelta(seconds=1)
    assert look(database, "a", NOON + timedelta(days=800)) == first


def test_new_content_is_always_later(database: Database) -> None:
    """Also within one second, when content comes back, and when the clock of a machine goes back."""
    seen = [
        look(database, content, NOON + timedelta(seconds=seconds))
        for content, seconds in (("a", 0), ("b", 0), ("c", 0), ("a", 0.1), ("b", -3600), ("c", 60), ("a", 60.5))
    ]
    assert seen[:5] == [NOON + timedelta(seconds=number) for number in range(5)]
    assert seen[5:] == [NOON + timedelta(seconds=60), NOON + timedelta(seconds=61)]


def test_new_content_is_later_than_the_opening(database: Database) -> None:
    """The content before may have gone out with the moment of the opening, so that the next one needs another."""
    opened = NOON + timedelta(seconds=1)
    with database.writing() as connection:
        assert see(connection, "a", NOON, opened=opened) == NOON
        second = see(connection, "b", NOON + timedelta(seconds=0.5), opened=opened)
        assert second == opened + timedelta(seconds=1)


def test_no_data_in_between_is_a_change(database: Database) -> None:
    """Content that went away and came back is new, since the vendor may have deleted it."""
    first = look(database, "a", NOON)
    gone = look(database, NO_DATA_HASH, NOON + timedelta(seconds=10))
    back = look(database, "a", NOON + timedelta(seconds=20))
    assert first < gone < back == NOON + timedelta(seconds=20)


@pytest.mark.parametrize(
    "other",
    [
        AnswerKey(BRIN6, "2027-2028", "smalle set", "2.2", "leerlinggegevens"),
        AnswerKey(BRIN6, "2026-2027", "volledig", "2.2", "leerlinggegevens"),
        AnswerKey(BRIN6, "2026-2027", "smalle set", "2.3", "leerlinggegevens"),
        AnswerKey(BRIN6, "2026-2027", "smalle set", "2.2", "leerlinggegevens-structuur"),
    ],
)
def test_each_answer_has_its_own_moment(database: Database, other: AnswerKey) -> None:
    """Another school year, profile, version or operation is another answer."""
    first = look(database, "a", NOON)
    assert look(database, "b", NOON + timedelta(minutes=1), other) == NOON + timedelta(minutes=1)
    assert look(database, "a", NOON + timedelta(minutes=2)) == first


def test_what_is_rolled_back_was_never_seen(database: Database) -> None:
    """When the answer cannot be written down, its moment is not kept either."""
    with database.writing() as connection:
        see(connection, "a", NOON)
        connection.rollback()
    assert look(database, "a", NOON + timedelta(minutes=1)) == NOON + timedelta(minutes=1)


def test_two_connections_agree(database: Database) -> None:
    """Whoever sees the same content through another connection hears the moment of the first."""
    other = Database(database.url.render_as_string(hide_password=False))
    first = look(database, "a", NOON)
    assert look(other, "a", NOON + timedelta(minutes=1)) == first
    changed = look(other, "b", NOON + timedelta(minutes=2))
    assert look(database, "b", NOON + timedelta(minutes=3)) == changed
    other.close()


def test_a_crowd_never_shares_a_moment(database: Database) -> None:
    """Eight readers at once with eight contents get eight moments; each is the moment of one content only."""
    found: dict[str, datetime] = {}
    start = threading.Barrier(8)

    def read(content: str) -> None:
        start.wait()
        found[content] = look(database, content, NOON)

    threads = [threading.Thread(target=read, args=(f"content {number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found.values()) == [NOON + timedelta(seconds=number) for number in range(8)]
