"""Where the thread that serves everybody would have to wait: it is told before anything was done, on both databases."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from koppelingen_hulp import CODE, MOMENT
from proefschool import Proefschool

from uwlr_adapter import journaal
from uwlr_adapter.administratie.tables import stand_inhoud
from uwlr_adapter.contract import names
from uwlr_adapter.contract.verzoek import lees
from uwlr_adapter.journaal import Schrijver, Verzoekregel, Weigering
from uwlr_adapter.opdracht import Gesteld, Invoer, Vraag
from uwlr_adapter.opslag import Opslag
from uwlr_adapter.soap.dienst import Dienst
from uwlr_adapter.soap.http import Uitslag
from uwlr_adapter.stand import stand
from uwlr_adapter.wachten import MoetWachten, without_waiting

BRON = "192.0.2.1"
SMAL, LVS = "smalle set", "LVS-set"
ONE = Gesteld(Vraag(sa.select(sa.literal(1))), {})
TABLES = (stand, stand_inhoud, journaal.journaal, journaal.geweigerd)
GEWEIGERD = Invoer(journaal.geweigerd, [column.name for column in journaal.geweigerd.c])


@pytest.fixture
def school(tmp_path: Path, databank: str) -> Iterator[Proefschool]:
    """Give the smallest school."""
    made = Proefschool(tmp_path)
    yield made
    made.close()


@pytest.fixture
def opslag(school: Proefschool) -> Iterator[Opslag]:
    """Open its database once more, with one connection at hand."""
    opened = Opslag(school.settings.database_url)
    opened.look(ONE)
    yield opened
    opened.close()


def dienst_of(school: Proefschool) -> Dienst:
    """Give the service of its application."""
    assert school.app.dienst is not None
    return school.app.dienst


def judge(school: Proefschool) -> Uitslag:
    """Judge the request of the vendor."""
    message = school.message(names.HAAL_LEERLINGGEGEVENS, "<xsdversie>2.2</xsdversie>")
    return dienst_of(school).judge(lees(message), BRON)


def connect(school: Proefschool) -> None:
    """Start anew, and let a call that is refused make the one connection that the next ones need."""
    school.restart()
    message = school.message(names.HAAL_LEERLINGGEGEVENS, "<xsdversie>2.2</xsdversie>")
    assert school.send(message.replace(CODE.encode(), b"21QW00een-andere-code")).status != 200


def rows(school: Proefschool) -> list[object]:
    """Give all that a request could have changed."""
    with school.opslag.reading() as connection:
        found = [connection.execute(sa.select(table)).all() for table in TABLES]
        since = connection.execute(sa.text("SELECT profiel, profiel_sinds FROM koppeling")).all()
    return [*found, since]


def must_wait(school: Proefschool, work: Callable[[], object]) -> None:
    """Require that something is not begun in a thread that must not wait: nothing of it is there."""
    before = rows(school)
    with without_waiting(), pytest.raises(MoetWachten):
        work()
    assert rows(school) == before


def test_what_is_at_hand_is_answered_without_waiting(school: Proefschool) -> None:
    """A request whose answer is kept needs no other thread."""
    answer = school.fetch()
    connect(school)
    with without_waiting():
        found = judge(school)
    assert getattr(found.antwoord, "inhoud", None) == answer.inhoud


def test_an_answer_that_is_to_be_made_is_waited_for(school: Proefschool) -> None:
    """A school whose answer is not kept is rendered by a thread of its own."""
    connect(school)
    must_wait(school, lambda: judge(school))
    assert school.fetch().uitkomst == names.HAAL_LEERLINGGEGEVENS.inhoud


def test_a_new_profile_is_written_down_by_a_thread_that_may_wait(school: Proefschool) -> None:
    """The first fetch under another profile, whose answer is kept already, writes the moment of that change."""
    for profiel in (SMAL, LVS):
        school.set_profiel(profiel)
        school.fetch()
    school.set_profiel(SMAL)
    connect(school)
    must_wait(school, lambda: judge(school))
    assert school.fetch().uitkomst == names.HAAL_LEERLINGGEGEVENS.inhoud
    with without_waiting():
        assert judge(school).regel is not None


def test_a_note_of_content_that_is_gone_is_taken_away_by_a_thread_that_may_wait(school: Proefschool) -> None:
    """A stand whose bytes were lost is changed in a transaction, which the thread of all does not begin."""
    school.fetch()
    connect(school)
    with school.opslag.writing() as connection:
        connection.execute(stand_inhoud.delete())
    must_wait(school, lambda: judge(school))
    assert school.fetch().uitkomst == names.HAAL_LEERLINGGEGEVENS.inhoud


def test_a_connection_is_waited_for(school: Proefschool, opslag: Opslag) -> None:
    """Without one at hand nothing is asked; with one the look is done at once."""
    with without_waiting():
        assert opslag.look(ONE) == [(1,)]
    opslag.close()
    must_wait(school, lambda: opslag.look(ONE))
    must_wait(school, lambda: opslag.put(GEWEIGERD, [{"minuut": MOMENT, "bron": BRON, "uitkomst": "x", "aantal": 1}]))
    assert opslag.look(ONE) == [(1,)]


def test_a_look_that_failed_is_done_again_by_a_thread_that_may_wait(school: Proefschool, opslag: Opslag) -> None:
    """The failure is told of, and the second try, which may have to connect anew, is left to another thread."""
    failures: list[object] = []
    opslag.on_failure = failures.append
    away = Gesteld(Vraag(sa.select(sa.table("weg", sa.column("a", sa.Integer)).c.a)), {})
    must_wait(school, lambda: opslag.look(away))
    assert len(failures) == 1


@pytest.mark.parametrize("number", [journaal.VEEL + 1, 1])
def test_lines_that_need_a_transaction_are_waited_for(school: Proefschool, opslag: Opslag, number: int) -> None:
    """Calls of two kinds, or more than one statement takes, are written by a thread that may wait."""
    calls = [Verzoekregel(MOMENT, "HaalStructuur", 1, uitkomst="geengegevens")] * number
    refusals = [Weigering(MOMENT, BRON, "Client.X")] * (number == 1)
    schrijver = Schrijver(opslag)
    must_wait(school, lambda: schrijver.write_all([*calls, *refusals]))
    schrijver.write_all([*calls, *refusals])


def test_one_statement_of_lines_is_not_waited_for(school: Proefschool, opslag: Opslag) -> None:
    """As many calls of one kind as a statement takes are written at once, by the connection at hand."""
    with without_waiting():
        Schrijver(opslag).write_all([Verzoekregel(MOMENT, "HaalStructuur", 1, uitkomst="geengegevens")] * journaal.VEEL)
        Schrijver(opslag).write_all([Weigering(MOMENT, f"192.0.2.{n}", "Client.X") for n in range(journaal.VEEL)])


def test_a_group_of_threads_is_not_waited_for(school: Proefschool, opslag: Opslag) -> None:
    """Whoever must not wait does not queue for the commit of others, nor leave a line in their queue."""
    schrijver = Schrijver(opslag)
    must_wait(school, lambda: schrijver.write(Weigering(MOMENT, BRON, "Client.X")))
    schrijver.write(Weigering(MOMENT, "192.0.2.2", "Client.X"))
    with opslag.reading() as connection:
        assert connection.scalars(sa.select(journaal.geweigerd.c.bron)).all() == ["192.0.2.2"]


def test_another_writer_to_the_file_is_not_waited_for(school: Proefschool, opslag: Opslag) -> None:
    """While another transaction writes to the SQLite file nothing is written, and the connection stays good."""
    if not opslag.is_sqlite:
        pytest.skip("PostgreSQL lets both write")
    refusal = Weigering(MOMENT, BRON, "Client.X")
    with school.opslag.writing():
        must_wait(school, lambda: Schrijver(opslag).write_all([refusal]))
    with without_waiting():
        Schrijver(opslag).write_all([refusal])
