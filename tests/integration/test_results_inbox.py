"""What the inbox reads of results, on both databases: messages, leerlingen in a toets, what an act changes."""

import random
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from support.databases import make_tables
from support.edexml_files import eckid
from support.oracle import amount
from support.result_bench import BRIN6, DAY, KEYS, OTHER_BRIN6, PAST, START, YEAR, ResultBench, Sent, definition

from uwlr_adapter.db.database import Database
from uwlr_adapter.resultaten import per_toets, reading, taking_back
from uwlr_adapter.resultaten.consequences import consequences_of
from uwlr_adapter.resultaten.identifying import NotProcessedReason
from uwlr_adapter.resultaten.message_filter import MessageFilter
from uwlr_adapter.resultaten.per_toets import ChosenLeerlingen, ListPlace, ToetsKey
from uwlr_adapter.resultaten.standing import GroepScope, has_leerling
from uwlr_adapter.settings import Settings


@pytest.fixture
def bench(backend: str, tmp_path: Path) -> Iterator[ResultBench]:
    """Yield the school on each database."""
    del backend
    database = Database(Settings(data=tmp_path).database_url)
    make_tables(database)
    made = ResultBench(database)
    made.furnish()
    yield made
    database.close()


def people(bench: ResultBench, *keys: str) -> ChosenLeerlingen:
    """Return leerlingen by key."""
    return ChosenLeerlingen([id_ for key in keys if (id_ := bench.id_of(key)) is not None])


def test_what_an_act_changes_is_what_it_does(bench: ResultBench) -> None:
    """After any messages and acts: the counts before an act on a message are those of what the act does."""
    choose = random.Random(21)  # noqa: S311 - no secret
    messages: list[int] = []
    for _ in range(amount(30, 300)):
        some = [
            Sent(choose.choice(KEYS), key, choose.randrange(3))
            for key in choose.sample("abcdef", choose.randrange(1, 5))
        ]
        messages.append(bench.send(*some).message_id)
        message = choose.choice(messages)
        before = _standing(bench)
        with bench.database.writing() as connection:
            found = reading.find_message(connection, BRIN6, message)
            assert found is not None
            counts = consequences_of(connection, message)
            if found.taken_back_at is None:
                taking_back.take_back(connection, bench.moment, BRIN6, message, "cli:proef")
            else:
                taking_back.undo_take_back(connection, BRIN6, message)
            assert consequences_of(connection, message) == counts, "the same from both sides"
        after = _standing(bench)
        with_it, without = (before, after) if found.taken_back_at is None else (after, before)
        own = {id_: person for id_, (number, person, of) in with_it.items() if of == message}
        assert counts.stands == len(own)
        assert counts.leerlingen == len(set(own.values()))
        assert counts.earlier == sum(id_ in without for id_ in own)
        assert {id_: one for id_, one in with_it.items() if id_ not in own} == {
            id_: one for id_, one in without.items() if id_ not in own
        }


def _standing(bench: ResultBench) -> dict[int, tuple[int, int, int]]:
    """Return of each result that stands its version, its leerling and its message."""
    found = [one for key in KEYS for one in bench.standing(key)]
    return {one.resultaat_id: (one.number, one.persoon_id, one.message_id) for one in found}


def test_messages_by_platform_and_period(bench: ResultBench) -> None:
    """From a moment (inclusive) until another (exclusive), of one platform, or about the leerlingen of a groep."""
    first = bench.send(Sent("201", "a"))
    second = bench.send(Sent("202", "a"), platform="Ander")
    third = bench.send(Sent("999", "b"))
    moments = {first.message_id: START + timedelta(seconds=1), second.message_id: START + timedelta(seconds=2)}

    def found(**chosen: object) -> list[int]:
        with bench.database.reading() as connection:
            return [
                one.id
                for one in reading.messages(connection, BRIN6, chosen=MessageFilter(**chosen))  # type: ignore[arg-type]
            ]

    assert found() == [third.message_id, second.message_id, first.message_id]
    assert found(afnemer_id=bench.afnemers["Ander"]) == [second.message_id]
    assert found(since=moments[second.message_id]) == [third.message_id, second.message_id]
    assert found(until=moments[second.message_id]) == [first.message_id]
    assert found(scope=GroepScope(BRIN6, YEAR, frozenset({"g1"}))) == [second.message_id, first.message_id]
    assert found(scope=GroepScope(BRIN6, YEAR, frozenset({"g2"}))) == []
    with bench.database.reading() as connection:
        assert reading.find_message(connection, OTHER_BRIN6, first.message_id) is None


def test_a_scope(bench: ResultBench) -> None:
    """Is of the leerlingen of its groepen in its year, and of nobody else."""
    message = bench.send(Sent("201", "a"), Sent("202", "b"))
    scope, other = (GroepScope(BRIN6, year, frozenset({"g1", "g9"})) for year in (YEAR, PAST))
    with bench.database.reading() as connection:
        id_ = bench.id_of("201") or 0
        assert has_leerling(connection, scope, id_)
        assert has_leerling(connection, None, id_)
        assert not has_leerling(connection, other, id_)
        assert not has_leerling(connection, GroepScope(OTHER_BRIN6, YEAR, frozenset({"g1"})), id_)
        assert len(reading.of_message(connection, message.message_id, scope=scope)) == 2
        assert reading.of_message(connection, message.message_id, scope=other) == []


def test_what_is_not_processed_by_reason(bench: ResultBench) -> None:
    """Each with the platform that sent it; the others are left out."""
    bench.send(Sent("999", "a"), Sent("201", "b", eckid=eckid(202)), platform="Ander")
    with bench.database.reading() as connection:
        (one,) = reading.left_out(connection, BRIN6, reason=NotProcessedReason.TWO_PEOPLE)
        assert (one.leerlingid, one.afnemer_id) == ("201", bench.afnemers["Ander"])
        assert len(reading.left_out(connection, BRIN6)) == 2


def test_the_toetsen_of_leerlingen(bench: ResultBench) -> None:
    """By the newest day, a page at a time; one toetscode of two platforms is two toetsen."""
    bench.send(Sent("201", "a", afnamedatum=date(2026, 10, 1)), Sent("202", "b"))
    bench.send(Sent("201", "a", afnamedatum=date(2026, 10, 5)), platform="Ander")
    bench.send(Sent("201", "c", toetscode="T2", afnamedatum=date(2026, 9, 1)))
    bench.send(Sent("202", "d", toetscode="T3", afnamedatum=date(2026, 9, 1)))
    with bench.database.reading() as connection:
        lines = per_toets.of_people(connection, people(bench, *KEYS))
        assert [(one.key, one.last, one.results, one.leerlingen) for one in lines] == [
            (ToetsKey(bench.afnemers["Proef"], "T1"), DAY, 2, 2),
            (ToetsKey(bench.afnemers["Ander"], "T1"), date(2026, 10, 5), 1, 1),
            (ToetsKey(bench.afnemers["Proef"], "T3"), date(2026, 9, 1), 1, 1),
            (ToetsKey(bench.afnemers["Proef"], "T2"), date(2026, 9, 1), 1, 1),
        ]
        for one, after in pairwise(lines):
            place = ListPlace(one.last, one.last_id)
            assert per_toets.of_people(connection, people(bench, *KEYS), place, 1) == [after]
        assert per_toets.of_people(connection, people(bench)) == []
        assert all(per_toets.find_toets(connection, one.toets_id) == one.key for one in lines)
        assert per_toets.find_toets(connection, "0" * 64) is None


def test_a_result_that_went_to_another_toets(bench: ResultBench) -> None:
    """A correction may name another toets: the one before has no line any more."""
    bench.send(Sent("201", "a"))
    bench.send(Sent("201", "a", toetscode="T2"))
    with bench.database.reading() as connection:
        (line,) = per_toets.of_people(connection, people(bench, "201"))
        assert line.key.toetscode == "T2"
        assert reading.definition_of(connection, line.toets_id).code.term == "T2"


def test_the_latest_of_each_cell(bench: ResultBench) -> None:
    """Of each leerling and part the newest day, and of one day the last one that came."""
    bench.send(
        Sent("201", "a", 1, afnamedatum=date(2026, 10, 1)),
        Sent("201", "b", 2),
        Sent("201", "c", 3),
        Sent("202", "d", 4, onderdeel="A"),
        Sent("202", "e", 5, onderdeel="B"),
    )
    key = ToetsKey(bench.afnemers["Proef"], "T1")

    def cells(*parts: str | None) -> dict[tuple[int, str | None], int | None]:
        with bench.database.reading() as connection:
            found = per_toets.latest_of_people(connection, people(bench, *KEYS), key, parts)
        return {(one.persoon_id, one.onderdeel): one.score for one in found}

    first, second = bench.id_of("201"), bench.id_of("202")
    assert cells(None) == {(first, None): 3}
    assert cells("A") == {(second, "A"): 4}
    assert cells(None, "A", "B") == {(first, None): 3, (second, "A"): 4, (second, "B"): 5}
    with bench.database.reading() as connection:
        assert per_toets.shape_of(connection, people(bench, "201"), key)[1]
        assert not per_toets.shape_of(connection, people(bench, "202"), key)[1]
        days = [DAY, date(2026, 10, 1)]
        assert per_toets.doubles_of(connection, people(bench, "201"), key, days) == {(None, DAY)}


def test_the_definitions_of_a_toets(bench: ResultBench) -> None:
    """The one that came last goes first."""
    bench.send(Sent("201", "a"), toetsen=[definition(naam="eerst")])
    bench.send(Sent("202", "b"), toetsen=[definition(naam="later")])
    key = ToetsKey(bench.afnemers["Proef"], "T1")
    with bench.database.reading() as connection:
        ids, _ = per_toets.shape_of(connection, people(bench, *KEYS), key)
        assert [one.naam for one in reading.definitions_of(connection, ids).values()] == ["later", "eerst"]


def test_results_of_another_vestiging(bench: ResultBench) -> None:
    """Are left out where only those of some vestigingen are asked for."""
    bench.bring(["201", "301"], OTHER_BRIN6)
    bench.send(Sent("201", "a", 1))
    bench.send(Sent("201", "a", 2), brin6=OTHER_BRIN6)
    with bench.database.reading() as connection:
        ids = people(bench, "201").ids
        assert [one.results for one in per_toets.of_people(connection, ChosenLeerlingen(ids))] == [2]
        assert [one.results for one in per_toets.of_people(connection, ChosenLeerlingen(ids, [BRIN6]))] == [1]
        (own, other) = (one.resultaat_id for one in sorted(bench.standing("201"), key=lambda one: one.score or 0))
        assert len(per_toets.history_of(connection, own, [BRIN6])) == 1
        assert per_toets.history_of(connection, other, [BRIN6]) == []
