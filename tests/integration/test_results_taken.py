"""Messages with results are taken: of whom, which one wins, what is kept, on both databases."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from support.databases import make_tables
from support.edexml_files import eckid
from support.result_bench import (
    BRIN6,
    DAY,
    KEYS,
    OTHER_BRIN6,
    OTHER_SCHOOL,
    PAST,
    START,
    ResultBench,
    Sent,
    definition,
    message,
)
from support.school_builder import SchoolBuilder, write_catalogue

from uwlr_adapter.administratie.result_tables import not_processed, resultaat, resultaat_versie
from uwlr_adapter.contract.leerresultaten.records import Normering, OsoReferentiescore, OsoResultaat, OsoToetsscore
from uwlr_adapter.db.backend import run
from uwlr_adapter.db.database import Database
from uwlr_adapter.db.statements import Command, Row
from uwlr_adapter.koppelingen.catalogue import Catalogue
from uwlr_adapter.resultaten import identifying, reading, taking, taking_back
from uwlr_adapter.resultaten.identifying import NotProcessedReason
from uwlr_adapter.resultaten.tables import results_message, toets
from uwlr_adapter.settings import Settings


@pytest.fixture
def bench(backend: str, tmp_path: Path) -> Iterator[ResultBench]:
    """Yield the school on each database."""
    del backend
    yield from _opened(tmp_path)


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[ResultBench]:
    """Yield the school on SQLite."""
    yield from _opened(tmp_path)


def _opened(folder: Path) -> Iterator[ResultBench]:
    database = Database(Settings(data=folder).database_url)
    make_tables(database)
    made = ResultBench(database)
    made.furnish()
    yield made
    database.close()


def test_a_result_is_taken_and_stands(bench: ResultBench) -> None:
    """A total, a part and a result of OSO are read back value by value, as they were sent."""
    oso = OsoResultaat(
        OsoToetsscore(40, 31, 9, None, Decimal("1260.50"), Decimal("98.20"), "VS1", (Decimal("94.1"), Decimal(102))),
        (OsoReferentiescore("RS1", "VG1", "II", None),),
    )
    taken = bench.send(
        Sent("201", "a", 7, infourl="javascript:x"),
        Sent("201", "b", 8, onderdeel="A", afnamedatum=date(2026, 10, 1)),
        Sent("202", "c", None, oso=oso),
        Sent("202", "d", None, oso=OsoResultaat(None, ())),
        Sent("202", "e", 999_999_999_999_999_999),
    )
    assert (taken.leerlingen, taken.added, taken.changed, taken.same, taken.not_processed) == (2, 5, 0, 0, {})
    first, second = bench.standing("201")
    assert (first.key, first.score, first.infourl, first.onderdeel, first.afnamedatum) == (
        "a",
        7,
        "javascript:x",
        None,
        DAY,
    )
    assert (second.key, second.score, second.onderdeel) == ("b", 8, "A")
    by_key = {one.key: one for one in bench.standing("202")}
    assert (by_key["c"].osoresultaat, by_key["c"].score) == (oso, None)
    assert str(by_key["c"].osoresultaat) == str(oso), "closing zeros too"
    assert by_key["d"].osoresultaat == OsoResultaat(None, ())
    assert by_key["e"].score == 999_999_999_999_999_999
    with bench.database.reading() as connection:
        assert reading.definition_of(connection, first.toets_id) == definition()


def test_the_newest_aanmaakdatum_wins(bench: ResultBench) -> None:
    """In the wrong order too; the same again is nothing, but its aanmaakdatum counts."""
    at = [START + timedelta(minutes=number) for number in range(6)]
    bench.moment = at[5]
    assert bench.send(Sent("201", "a", 3), at=at[3]).added == 1
    assert bench.send(Sent("201", "a", 1), at=at[1]).overtaken == 1
    assert bench.scores("201") == {"a": 3}
    assert bench.send(Sent("201", "a", 3), at=at[5]).same == 1
    assert bench.send(Sent("201", "a", 4), at=at[4]).overtaken == 1
    assert bench.send(Sent("201", "a", 5), at=at[5]).changed == 1
    assert bench.scores("201") == {"a": 5}
    assert (bench.count(resultaat), bench.count(resultaat_versie)) == (1, 2)


def test_an_aanmaakdatum_ahead_of_us_counts_as_now(bench: ResultBench) -> None:
    """More than an hour ahead: else nothing could correct it; without a zone it is of Amsterdam."""
    bench.send(Sent("201", "a", 1), at=datetime(2099, 1, 1, tzinfo=UTC))
    assert bench.send(Sent("201", "a", 2)).changed == 1
    assert bench.send(Sent("201", "a", 3), at=datetime(9999, 12, 31, 23, 59, 59)).changed == 1  # noqa: DTZ001
    assert bench.send(Sent("201", "a", 4), at=datetime(1, 1, 1)).overtaken == 1  # noqa: DTZ001 - as a message has it
    assert bench.send(Sent("201", "a", 5)).changed == 1
    assert bench.send(Sent("201", "a", 6), at=bench.moment + timedelta(minutes=59)).changed == 1
    assert bench.send(Sent("201", "a", 7)).overtaken == 1, "within the hour it counts as it stands"
    with bench.database.reading() as connection:
        (newest, *_) = reading.messages(connection, BRIN6)
    assert newest.overtaken == 1


def test_taken_back_and_sent_again(bench: ResultBench) -> None:
    """Unchanged it stays away, whichever message repeats it; changed it is there again; the undo brings it back."""
    first = bench.send(Sent("201", "a", 1), Sent("202", "b", 1))
    assert _take_back(bench, first.message_id)
    assert not _take_back(bench, first.message_id)
    assert (bench.scores("201"), bench.scores("202")) == ({}, {})
    assert bench.send(Sent("201", "a", 1), Sent("202", "b", 2)).same == 1
    assert (bench.scores("201"), bench.scores("202")) == ({}, {"b": 2})
    with bench.database.writing() as connection:
        assert taking_back.undo_take_back(connection, BRIN6, first.message_id)
        assert not taking_back.undo_take_back(connection, BRIN6, first.message_id)
    assert (bench.scores("201"), bench.scores("202")) == ({"a": 1}, {"b": 2})


def test_taking_back_a_correction(bench: ResultBench) -> None:
    """The earlier version stands again, unless it was of another leerling."""
    bench.send(Sent("201", "a", 1), Sent("201", "b", 1))
    second = bench.send(Sent("201", "a", 2), Sent("202", "b", 1))
    assert (bench.scores("201"), bench.scores("202")) == ({"a": 2}, {"b": 1})
    with bench.database.reading() as connection:
        changes = reading.of_message(connection, second.message_id)
    assert [(one.said.score, one.before and one.before.score) for one in changes] == [(2, 1), (1, None)]
    _take_back(bench, second.message_id)
    assert (bench.scores("201"), bench.scores("202")) == ({"a": 1}, {})


def test_a_message_of_another_vestiging_is_not_there(bench: ResultBench) -> None:
    """A school takes back its own messages only."""
    sent = bench.send(Sent("201", "a"))
    for brin6, number in ((OTHER_BRIN6, sent.message_id), (BRIN6, sent.message_id + 1)):
        with bench.database.writing() as connection, pytest.raises(taking_back.MessageError):
            taking_back.take_back(connection, bench.moment, brin6, number, "cli:proef")
    assert bench.scores("201") == {"a": 7}


def _take_back(bench: ResultBench, message_id: int) -> bool:
    with bench.database.writing() as connection:
        return taking_back.take_back(connection, bench.moment, BRIN6, message_id, "cli:proef")


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (Sent("999", "x"), NotProcessedReason.UNKNOWN),
        (Sent("301", "x"), NotProcessedReason.UNKNOWN),
        (Sent("401", "x"), NotProcessedReason.UNKNOWN),
        (Sent(eckid(401), "x"), NotProcessedReason.UNKNOWN),
        (Sent("999", "x", eckid=eckid(301)), NotProcessedReason.UNKNOWN),
        (Sent("201", "x", eckid=eckid(202)), NotProcessedReason.TWO_PEOPLE),
        (Sent("201", "x", eckid=eckid(301)), NotProcessedReason.TWO_PEOPLE),
        (Sent("301", "x", eckid=eckid(201)), NotProcessedReason.TWO_PEOPLE),
        (Sent("201", "x", eckid=eckid(999)), NotProcessedReason.TWO_PEOPLE),
    ],
)
def test_who_is_not_a_leerling_of_this_vestiging(embedded: ResultBench, sent: Sent, reason: NotProcessedReason) -> None:
    """That one alone goes to what was not processed, without the result, and the rest is taken."""
    taken = embedded.send(Sent("202", "a", 4), sent, Sent(sent.leerlingid, "y", eckid=sent.eckid))
    assert (taken.added, taken.not_processed) == (1, {reason: 2})
    assert embedded.scores("202") == {"a": 4}
    with embedded.database.reading() as connection:
        (left,) = reading.left_out(connection, BRIN6)
    assert (left.leerlingid, left.reason, left.results) == (sent.leerlingid, reason, 2)
    assert embedded.count(resultaat) == 1


@pytest.mark.parametrize(
    "sent",
    [Sent("201", "a"), Sent(eckid(201), "a"), Sent("201", "a", eckid=eckid(201)), Sent("zzz", "a", eckid=eckid(201))],
)
def test_a_leerling_by_key_or_eckid(embedded: ResultBench, sent: Sent) -> None:
    """Either names the leerling, in either place."""
    assert embedded.send(sent).added == 1
    assert embedded.scores("201") == {"a": 7}


def test_a_key_of_another_school_names_the_own_leerling(embedded: ResultBench) -> None:
    """Two schools number alike: a key is of the school that the message is for."""
    embedded.bring(["201"], OTHER_SCHOOL)
    embedded.send(Sent("201", "a", 1), brin6=OTHER_SCHOOL)
    embedded.send(Sent("201", "a", 2))
    embedded.send(Sent("201", "a", 3), platform="Ander")
    assert embedded.scores("201", "99ZZ") == {"a": 1}
    assert sorted((one.key, one.score) for one in embedded.standing("201")) == [("a", 2), ("a", 3)]


def test_who_left_within_the_schooljaar(embedded: ResultBench) -> None:
    """Also who is in no file any more; of who left before the year nothing is taken, but what was done then."""
    embedded.bring(["201", "202", "205"], schooljaar=PAST)
    embedded.bring(["202", "203"])
    assert embedded.send(Sent("201", "a")).added == 1, "taken out of the year while it ran"
    assert embedded.send(Sent("205", "b")).not_processed == {NotProcessedReason.UNKNOWN: 1}
    assert embedded.send(Sent("205", "c", afnamedatum=date(2026, 7, 1))).added == 1


def test_who_left_in_the_first_schooljaar(embedded: ResultBench) -> None:
    """In a school with one vestiging nothing more is needed to know where that was; with another it is not known."""
    embedded.bring(["401", "402"], OTHER_SCHOOL)
    embedded.bring(["402"], OTHER_SCHOOL)
    assert embedded.send(Sent("401", "a"), brin6=OTHER_SCHOOL).added == 1
    before = embedded.send(Sent("401", "b", afnamedatum=date(2026, 7, 1)), brin6=OTHER_SCHOOL, schooljaar=PAST)
    assert before.not_processed == {NotProcessedReason.UNKNOWN: 1}
    embedded.bring(["202", "203"])
    assert embedded.send(Sent("201", "a")).not_processed == {NotProcessedReason.UNKNOWN: 1}


def test_a_withheld_leerling(backend: str, tmp_path: Path) -> None:
    """Niet delen holds for what comes back, for that platform."""
    del backend
    write_catalogue(tmp_path / "catalogue.toml", [("proef", "smalle set")])
    for bench in _opened(tmp_path):
        builder = SchoolBuilder(bench.database, catalogue=Catalogue.load(tmp_path / "catalogue.toml"))
        koppeling = builder.activate("proef")
        builder.withhold(koppeling, "201")
        assert bench.send(Sent("201", "a"), Sent("202", "b")).not_processed == {NotProcessedReason.WITHHELD: 1}
        assert bench.send(Sent("201", "a"), platform="Ander").added == 1


def test_a_changed_definition_is_a_version(bench: ResultBench) -> None:
    """A part that was added to a toets changes no result; another meaning of the result itself does."""
    bench.send(Sent("201", "a", 1), Sent("201", "b", 2, onderdeel="A"))
    more = definition(onderdelen=("A", "B", "C"))
    assert bench.send(Sent("201", "a", 1), Sent("201", "b", 2, onderdeel="A"), toetsen=[more]).same == 2
    other = definition(naam="Anders")
    assert bench.send(Sent("201", "a", 1), Sent("201", "b", 2, onderdeel="A"), toetsen=[other]).changed == 2
    normed = replace(other, normering=Normering(None, None, None, (), None, None))
    taken = bench.send(Sent("201", "a", 1), Sent("201", "b", 2, onderdeel="A"), toetsen=[normed])
    assert (taken.changed, taken.same) == (1, 1), "norms of the total say nothing of a part"
    assert bench.count(toets) == 4
    with bench.database.reading() as connection:
        found = {
            one.key: reading.definition_of(connection, one.toets_id)
            for one in reading.of_leerling(connection, bench.id_of("201") or 0)
        }
    assert found == {"a": normed, "b": other}


def test_two_messages_at_once_in_the_wrong_order(bench: ResultBench) -> None:
    """Whichever is first, the newer one stands at the end, and neither is lost."""
    for turn in range(4):
        both = threading.Barrier(2)
        newer, older = START + timedelta(minutes=9), START + timedelta(minutes=5)

        def send(score: int, at: datetime, key: str, gate: threading.Barrier) -> None:
            gate.wait()
            sent = message([Sent("201", key, score), Sent("202", f"{key}-{score}", score)], at)
            with bench.database.writing() as connection:
                taking.take(connection, START + timedelta(minutes=10), bench.afnemers["Proef"], BRIN6, sent)

        with ThreadPoolExecutor(2) as pool:
            done = [
                pool.submit(send, 2, newer, f"k{turn}", both),
                pool.submit(send, 1, older, f"k{turn}", both),
            ]
        assert [one.result() for one in done] == [None, None]
        assert bench.scores("201")[f"k{turn}"] == 2
        assert {f"k{turn}-1", f"k{turn}-2"} <= bench.scores("202").keys()
    with bench.database.reading() as connection:
        assert len(reading.messages(connection, BRIN6)) == 8


def test_a_statement_that_fails_leaves_nothing(bench: ResultBench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever statement of a message fails: whole, or not at all; sent again it is taken."""
    bench.send(Sent("201", "a", 1), Sent("202", "b", 1))
    tables = (resultaat, resultaat_versie, not_processed, results_message, toets)

    def state() -> list[Any]:
        with bench.database.reading() as connection:
            return [sorted(map(repr, connection.execute(sa.select(table)))) for table in tables]

    before = state()
    failed = 0
    at = bench.moment + timedelta(minutes=1)
    sent = message(
        [Sent("201", "a", 2), Sent("202", "b", 1), Sent("203", "c", 3), Sent("x", "y")], at, [definition(naam="Nieuw")]
    )
    for number in range(1, 60):
        seen = 0

        def fail(*_: Any, struck: int = number) -> None:
            nonlocal seen
            seen += 1
            if seen == struck:
                raise OperationalError("none", {}, Exception("struck"))

        def fail_in_one(
            connection: sa.Connection, commands: Sequence[Command], fail: Callable[..., None] = fail
        ) -> list[list[Row]]:
            if not bench.database.backend.is_embedded:  # there no event of SQLAlchemy tells of these
                for _ in commands:
                    fail()
            return run(connection, commands)

        monkeypatch.setattr(taking, "run", fail_in_one)
        monkeypatch.setattr(identifying, "run", fail_in_one)
        sa.event.listen(bench.database.engine, "before_cursor_execute", fail)
        try:
            with bench.database.writing() as connection:
                taking.take(connection, at, bench.afnemers["Proef"], BRIN6, sent)
            break
        except OperationalError:
            failed += 1
        finally:
            sa.event.remove(bench.database.engine, "before_cursor_execute", fail)
        assert state() == before, number
    assert failed > 10
    assert (bench.scores("201"), bench.scores("203")) == ({"a": 2}, {"c": 3})
    assert bench.count(not_processed) == 1


def test_pages(embedded: ResultBench) -> None:
    """Each list goes on where a page ended, without a row twice or left out."""
    results = [
        Sent(
            KEYS[number % 4],
            f"k{number}",
            number,
            toetscode=f"T{number % 3}",
            afnamedatum=DAY - timedelta(days=number % 2),
        )
        for number in range(24)
    ]
    one = embedded.send(*results)
    embedded.send(Sent("x1", "x"))
    embedded.send(Sent("x2", "x"))
    with embedded.database.reading() as connection:
        id_ = embedded.id_of("201") or 0
        whole = reading.of_leerling(connection, id_)
        first = reading.of_leerling(connection, id_, limit=4)
        assert [*first, *reading.of_leerling(connection, id_, first[-1])] == whole
        assert [one.afnamedatum for one in whole] == sorted((one.afnamedatum for one in whole), reverse=True)
        groep = (BRIN6, "2026-2027", "g1")
        assert reading.toetsen_of_groep(connection, *groep) == ["T0", "T1", "T2"]
        assert reading.toetsen_of_groep(connection, *groep, "T0", 1) == ["T1"]
        rows = reading.of_groep(connection, *groep, "T1")
        part = reading.of_groep(connection, *groep, "T1", limit=3)
        assert [*part, *reading.of_groep(connection, *groep, "T1", part[-1].resultaat_id)] == rows
        assert sorted(one.score or 0 for one in rows) == [1, 4, 7, 10, 13, 16, 19, 22]
        assert reading.of_groep(connection, BRIN6, "2026-2027", "g2", "T1") == []
        said = reading.of_message(connection, one.message_id, limit=20)
        rest = reading.of_message(connection, one.message_id, said[-1].said.resultaat_id)
        assert (len(said), len(rest)) == (20, 4)
        newest, *older = reading.messages(connection, BRIN6)
        assert reading.messages(connection, BRIN6, newest.id) == older
        left, *others = reading.left_out(connection, BRIN6)
        assert (left.leerlingid, reading.left_out(connection, BRIN6, left.id)) == ("x2", others)
        assert reading.messages(connection, OTHER_BRIN6) == []
        assert reading.left_out(connection, OTHER_BRIN6) == []
