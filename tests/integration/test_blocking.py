"""A step that would block the event-loop thread raises before anything is done, on both databases."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.school_builder import CODE, MOMENT
from support.trial_school import TrialSchool

from uwlr_adapter.administratie.tables import answer_content
from uwlr_adapter.answers.tables import answer_state
from uwlr_adapter.contract import names
from uwlr_adapter.contract.request import read
from uwlr_adapter.db.blocking import WouldBlock, nonblocking
from uwlr_adapter.db.database import Database
from uwlr_adapter.db.statements import InsertStatement, Query, SelectStatement
from uwlr_adapter.exchange.exchange import Exchange
from uwlr_adapter.exchange.outcome import Outcome
from uwlr_adapter.journaal import tables
from uwlr_adapter.journaal.model import Refusal, VerzoekEntry
from uwlr_adapter.journaal.writer import MAX_ROWS, JournaalWriter

SOURCE = "192.0.2.1"
NARROW, LVS = "smalle set", "LVS-set"
ONE = Query(SelectStatement(sa.select(sa.literal(1))), {})
TABLES = (answer_state, answer_content, tables.journaal, tables.refusal)
REFUSED = InsertStatement(tables.refusal, [column.name for column in tables.refusal.c])


@pytest.fixture
def school(tmp_path: Path, backend: str) -> Iterator[TrialSchool]:
    """Yield the smallest school."""
    made = TrialSchool(tmp_path)
    yield made
    made.close()


@pytest.fixture
def database(school: TrialSchool) -> Iterator[Database]:
    """Open its database once more, with one connection at hand."""
    opened = Database(school.settings.database_url)
    opened.look(ONE)
    yield opened
    opened.close()


def exchange_of(school: TrialSchool) -> Exchange:
    """Return the service of its application."""
    assert school.app.exchange is not None
    return school.app.exchange


def judge(school: TrialSchool) -> Outcome:
    """Judge the request of the vendor."""
    message = school.message(names.HAAL_LEERLINGGEGEVENS, "<xsdversie>2.2</xsdversie>")
    return exchange_of(school).judge(read(message), SOURCE)


def connect(school: TrialSchool) -> None:
    """Start anew, and let a call that is refused make the one connection that the next ones need."""
    school.restart()
    message = school.message(names.HAAL_LEERLINGGEGEVENS, "<xsdversie>2.2</xsdversie>")
    assert school.send(message.replace(CODE.encode(), b"21QW00een-andere-code")).status != 200


def rows(school: TrialSchool) -> list[object]:
    """Return all that a request could have changed."""
    with school.database.reading() as connection:
        found = [connection.execute(sa.select(table)).all() for table in TABLES]
        since = connection.execute(sa.text("SELECT profiel, profiel_since FROM koppeling")).all()
    return [*found, since]


def must_wait(school: TrialSchool, work: Callable[[], object]) -> None:
    """Require that work in a thread that must not block raises and changes nothing."""
    before = rows(school)
    with nonblocking(), pytest.raises(WouldBlock):
        work()
    assert rows(school) == before


def test_what_is_at_hand_is_answered_without_waiting(school: TrialSchool) -> None:
    """A request whose answer is kept needs no other thread."""
    answer = school.fetch()
    connect(school)
    with nonblocking():
        found = judge(school)
    assert getattr(found.answer, "content", None) == answer.content


def test_an_answer_that_is_to_be_made_is_waited_for(school: TrialSchool) -> None:
    """A school whose answer is not kept is rendered by a thread of its own."""
    connect(school)
    must_wait(school, lambda: judge(school))
    assert school.fetch().outcome == names.HAAL_LEERLINGGEGEVENS.payload


def test_a_new_profile_is_written_down_by_a_thread_that_may_wait(school: TrialSchool) -> None:
    """The first fetch under another profile, whose answer is kept already, writes the moment of that change."""
    for profiel in (NARROW, LVS):
        school.set_profiel(profiel)
        school.fetch()
    school.set_profiel(NARROW)
    connect(school)
    must_wait(school, lambda: judge(school))
    assert school.fetch().outcome == names.HAAL_LEERLINGGEGEVENS.payload
    with nonblocking():
        assert judge(school).entry is not None


def test_a_note_of_content_that_is_gone_is_taken_away_by_a_thread_that_may_wait(school: TrialSchool) -> None:
    """A stand whose bytes were lost is changed in a transaction, which the thread of all does not begin."""
    school.fetch()
    connect(school)
    with school.database.writing() as connection:
        connection.execute(answer_content.delete())
    must_wait(school, lambda: judge(school))
    assert school.fetch().outcome == names.HAAL_LEERLINGGEGEVENS.payload


def test_a_connection_is_waited_for(school: TrialSchool, database: Database) -> None:
    """Without one at hand nothing is asked; with one the look is done at once."""
    with nonblocking():
        assert database.look(ONE) == [(1,)]
    database.close()
    must_wait(school, lambda: database.look(ONE))
    must_wait(
        school, lambda: database.put(REFUSED, [{"minute": MOMENT, "source": SOURCE, "outcome": "x", "occurrences": 1}])
    )
    assert database.look(ONE) == [(1,)]


def test_a_look_that_failed_is_done_again_by_a_thread_that_may_wait(school: TrialSchool, database: Database) -> None:
    """The failure is told of, and the second try, which may have to connect anew, is left to another thread."""
    failures: list[object] = []
    database.on_failure = failures.append
    away = Query(SelectStatement(sa.select(sa.table("weg", sa.column("a", sa.Integer)).c.a)), {})
    must_wait(school, lambda: database.look(away))
    assert len(failures) == 1


@pytest.mark.parametrize("number", [MAX_ROWS + 1, 1])
def test_lines_that_need_a_transaction_are_waited_for(school: TrialSchool, database: Database, number: int) -> None:
    """Calls of two kinds, or more than one statement takes, are written by a thread that may wait."""
    calls = [VerzoekEntry(MOMENT, "HaalStructuur", 1, outcome="geengegevens")] * number
    refusals = [Refusal(MOMENT, SOURCE, "Client.X")] * (number == 1)
    writer = JournaalWriter(database)
    must_wait(school, lambda: writer.write_all([*calls, *refusals]))
    writer.write_all([*calls, *refusals])


def test_one_statement_of_lines_is_not_waited_for(school: TrialSchool, database: Database) -> None:
    """As many calls of one kind as a statement takes are written at once, by the connection at hand."""
    with nonblocking():
        JournaalWriter(database).write_all(
            [VerzoekEntry(MOMENT, "HaalStructuur", 1, outcome="geengegevens")] * MAX_ROWS
        )
        JournaalWriter(database).write_all([Refusal(MOMENT, f"192.0.2.{n}", "Client.X") for n in range(MAX_ROWS)])


def test_a_group_of_threads_is_not_waited_for(school: TrialSchool, database: Database) -> None:
    """Whoever must not wait does not queue for the commit of others, nor leave a line in their queue."""
    writer = JournaalWriter(database)
    must_wait(school, lambda: writer.write(Refusal(MOMENT, SOURCE, "Client.X")))
    writer.write(Refusal(MOMENT, "192.0.2.2", "Client.X"))
    with database.reading() as connection:
        assert connection.scalars(sa.select(tables.refusal.c.source)).all() == ["192.0.2.2"]


def test_another_writer_to_the_file_is_not_waited_for(school: TrialSchool, database: Database) -> None:
    """While another transaction writes to the SQLite file nothing is written, and the connection stays good."""
    if not database.is_sqlite:
        pytest.skip("PostgreSQL lets both write")
    refusal = Refusal(MOMENT, SOURCE, "Client.X")
    with school.database.writing():
        must_wait(school, lambda: JournaalWriter(database).write_all([refusal]))
    with nonblocking():
        JournaalWriter(database).write_all([refusal])
