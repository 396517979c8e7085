"""Results follow their persons: forget, join, fusie, undo, the terms; and a copy carries them."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from support.databases import make_tables
from support.edexml_files import make_dataset
from support.imports import import_dataset
from support.moving import Place
from support.result_bench import (
    BRIN6,
    KEYS,
    OTHER_BRIN6,
    OTHER_SCHOOL,
    PAST,
    START,
    ResultBench,
    Sent,
    leerling,
    message,
)
from support.served_school import furnish

from uwlr_adapter.administratie.importing import batches, forget, fusie, join, persons, used_keys
from uwlr_adapter.administratie.importing.by_hand import Operator
from uwlr_adapter.administratie.result_tables import not_processed, resultaat, resultaat_versie
from uwlr_adapter.administratie.tables import PersonKind
from uwlr_adapter.clock import to_utc
from uwlr_adapter.contract.dataset import Groep, GroepVerwijzing, Leerkracht
from uwlr_adapter.db.database import Database
from uwlr_adapter.jobs import purge
from uwlr_adapter.jobs.lease import Lease
from uwlr_adapter.jobs.registry import JOBS
from uwlr_adapter.jobs.work import run_now
from uwlr_adapter.resultaten import reading, retention, taking
from uwlr_adapter.resultaten.identifying import NotProcessedReason
from uwlr_adapter.resultaten.tables import results_message, toets
from uwlr_adapter.settings import Settings

OPERATOR = Operator("cli:proef", START)
MORE = ("205", "206")
"""Two leerlingen without an ECK-iD."""


@pytest.fixture
def bench(backend: str, tmp_path: Path) -> Iterator[ResultBench]:
    """Yield the school on each database."""
    del backend
    database = Database(Settings(data=tmp_path).database_url)
    make_tables(database)
    made = ResultBench(database, without_eckid=frozenset(MORE))
    made.furnish()
    made.bring([*KEYS, *MORE])
    yield made
    database.close()


def _purge(bench: ResultBench, moment: datetime) -> dict[str, int]:
    """Run the purge at a moment; return what is counted of what it erased."""
    by_hand = replace(JOBS["purge"], run=purge.run)
    assert run_now(by_hand, bench.database, Settings(), Lease("purge", "test"), moment=moment) is not None
    with bench.database.reading() as connection:
        return {what: count.occurrences for what, count in purge.erased_so_far(connection).items()}


def _join(bench: ResultBench, keep: str, other: str) -> int:
    with bench.database.writing() as connection:
        one, two = (persons.get(connection, PersonKind.LEERLING, "21QW", key) for key in (keep, other))
        return join.join(connection, one, two, OPERATOR)[1]


def test_forget_erases_results(bench: ResultBench) -> None:
    """All of the leerling goes, earlier versions too, and what was not processed under the key; no more."""
    bench.send(Sent("201", "a", 1), Sent("202", "b", 1), Sent("203", "c", 1))
    bench.send(Sent("201", "a", 2), Sent("201", "b", 2), Sent("202", "c", 2))
    bench.send(Sent("201", "x", eckid="nobody's"), Sent("onbekend", "y"))
    bench.send(Sent("201", "x", eckid="nobody's"), brin6=OTHER_SCHOOL)
    with bench.database.writing() as connection:
        forget.forget(connection, "21QW", "201", bench.moment)
    with bench.database.reading() as connection:
        rows = connection.execute(sa.select(resultaat.c.key, resultaat_versie.c.score).join(resultaat_versie)).all()
        left = sorted(one.leerlingid for one in reading.left_out(connection, BRIN6))
        others = [one.leerlingid for one in reading.left_out(connection, OTHER_SCHOOL)]
    assert sorted(map(tuple, rows)) == [("c", 1), ("c", 2)]
    assert (left, others) == (["onbekend"], ["201"])
    with bench.database.writing() as connection:
        forget.forget(connection, "21QW", "203", bench.moment)
    assert (bench.scores("202"), bench.count(resultaat_versie)) == ({"c": 2}, 1)


def test_a_leerkracht_who_is_forgotten(bench: ResultBench) -> None:
    """Nothing says any more who judged the work, also after the same came again; a leerling of that number has all."""
    judge = Leerkracht("201", roepnaam="Kim", achternaam="de Leraar", groepen=(GroepVerwijzing("groep", "g1"),))
    groepen = [Groep("groep", "g1", "3a", "3")]
    import_dataset(bench.database, make_dataset(map(leerling, KEYS), leerkrachten=[judge], groepen=groepen))
    plain = message([Sent("201", "a", 1, infourl="https://voorbeeld.example"), Sent("onbekend", "b")], bench.moment)
    judged = [replace(one, resultaatverwerkerid="201") for one in plain.toetsafnames]
    sent = replace(plain, toetsafnames=tuple(judged))
    with bench.database.writing() as connection:
        taking.take(connection, bench.moment, bench.afnemers["Proef"], BRIN6, sent)
    bench.send(Sent("201", "c", eckid="nobody's"))
    (before,) = bench.standing("201")
    assert before.verwerker == "201"
    with bench.database.writing() as connection:
        forget.forget(connection, "21QW", "201", bench.moment, PersonKind.LEERKRACHT)
        again = taking.take(connection, bench.moment, bench.afnemers["Proef"], BRIN6, sent)
    (after,) = bench.standing("201")
    assert (again.same, after) == (1, replace(before, verwerker=None))
    with bench.database.reading() as connection:
        left = sorted(one.leerlingid for one in reading.left_out(connection, BRIN6))
    assert left == ["201", "onbekend", "onbekend"], "of the leerling, who has that number too"


def test_join_moves_results_and_its_undo_gives_them_back(bench: ResultBench) -> None:
    """Both keys name the one; the same again under either key is nothing; forgetting erases what either had."""
    bench.send(Sent("205", "a", 1), Sent("206", "b", 2))
    batch = _join(bench, "205", "206")
    assert bench.scores("205") == {"a": 1, "b": 2}
    assert bench.send(Sent("206", "a", 1), Sent("205", "b", 2)).same == 2
    with bench.database.writing() as connection:
        batches.undo(connection, batch, bench.moment)
    assert (bench.scores("205"), bench.scores("206")) == ({"a": 1}, {"b": 2})
    with bench.database.writing() as connection:
        batches.redo(connection, batch, bench.moment)
        forget.forget(connection, "21QW", "206", bench.moment)
    assert bench.count(resultaat_versie) == 0


@pytest.mark.parametrize("keep", MORE)
def test_what_came_while_two_were_one(bench: ResultBench, keep: str) -> None:
    """After the undo each result stands with the leerling whose key was sent, whichever of the two was kept."""
    batch = _join(bench, keep, next(one for one in MORE if one != keep))
    bench.send(Sent("205", "a", 1), Sent("206", "b", 2), Sent("205", "c", 3))
    bench.send(Sent("206", "c", 4))
    with bench.database.writing() as connection:
        batches.undo(connection, batch, bench.moment)
    assert (bench.scores("205"), bench.scores("206")) == ({"a": 1}, {"b": 2, "c": 4})
    with bench.database.writing() as connection:
        batches.redo(connection, batch, bench.moment)
    assert bench.scores(keep) == {"a": 1, "b": 2, "c": 4}
    bench.send(Sent("205", "d", 5))
    with bench.database.writing() as connection:
        batches.undo(connection, batch, bench.moment)
    assert (bench.scores("205"), bench.scores("206")) == ({"a": 1, "d": 5}, {"b": 2, "c": 4})


def test_what_came_while_two_of_two_schools_were_one(bench: ResultBench) -> None:
    """After the undo of a fusie no result stands with the child of the other school, with one key in both neither."""
    visitors = (leerling("401")._replace(key="999"), leerling("402"))
    own = [leerling(one) for one in KEYS]
    bench.import_year([*own, *visitors])
    bench.bring(["401", "402"], OTHER_SCHOOL)
    with bench.database.writing() as connection:
        merged = fusie.merge(connection, "21QW", "99ZZ", {BRIN6: "99ZZ01", OTHER_BRIN6: "99ZZ02"}, OPERATOR)
    assert len(merged.united) == 2
    bench.send(Sent("401", "a", 1), Sent("999", "b", 2), Sent("402", "c", 3), brin6=OTHER_SCHOOL)
    with bench.database.writing() as connection:
        batches.undo(connection, merged.batch, bench.moment)
    here, there = ({key: bench.scores(key, school) for key in ("999", "401", "402")} for school in ("21QW", "99ZZ"))
    assert here == {"999": {"b": 2}, "401": {}, "402": {}}
    assert there == {"999": {}, "401": {"a": 1}, "402": {"c": 3}}


@pytest.mark.parametrize("keep", MORE)
def test_a_take_back_after_a_join(bench: ResultBench, keep: str) -> None:
    """One person is meant by either key: the earlier version stands again."""
    first = bench.send(Sent("205", "a", 1), Sent("206", "b", 1))
    second = bench.send(Sent("206", "a", 2))
    _join(bench, keep, next(one for one in MORE if one != keep))
    assert bench.scores(keep) == {"a": 2, "b": 1}
    with bench.database.writing() as connection:
        connection.execute(
            results_message.update().where(results_message.c.id == second.message_id).values(taken_back_at=START)
        )
    assert bench.scores(keep) == {"a": 1, "b": 1}
    with bench.database.reading() as connection:
        (change,) = reading.of_message(connection, second.message_id)
        assert (change.before and change.before.score) == 1
        assert first.message_id == (change.before and change.before.message_id)


def test_a_fusie_moves_results(bench: ResultBench) -> None:
    """They stand with the leerling at the other school; a key that is sent there is the same result; undo too."""
    bench.send(Sent("201", "a", 1), Sent("202", "b", 1))
    bench.send(Sent("301", "a", 3), brin6=OTHER_BRIN6)
    bench.send(Sent("401", "a", 4), brin6=OTHER_SCHOOL)
    places = {BRIN6: "99ZZ01", OTHER_BRIN6: "99ZZ02"}
    with bench.database.writing() as connection:
        batch = fusie.merge(connection, "21QW", "99ZZ", places, OPERATOR).batch
    found = {key: bench.scores(key, "99ZZ") for key in ("201", "202", "301", "401")}
    assert found == {"201": {"a": 1}, "202": {"b": 1}, "301": {"a": 3}, "401": {"a": 4}}
    assert bench.send(Sent("201", "a", 1), brin6="99ZZ01").same == 1
    assert bench.send(Sent("201", "a", 2), brin6="99ZZ01").changed == 1
    assert bench.send(Sent("301", "a", 3), brin6="99ZZ02").same == 1
    with bench.database.reading() as connection:
        assert len(reading.messages(connection, "99ZZ01")) == 3
    with bench.database.writing() as connection:
        batches.undo(connection, batch, bench.moment)
    assert (bench.scores("201"), bench.scores("401", "99ZZ")) == ({"a": 2}, {"a": 4})


def test_one_key_of_two_vestigingen_that_became_one(bench: ResultBench) -> None:
    """The result of the same leerling is meant, whichever vestiging it was sent to first."""
    july = date(2026, 7, 1)
    bench.bring(["402"], "99ZZ01", PAST)
    bench.send(Sent("402", "a", 4, afnamedatum=july), brin6="99ZZ01")
    bench.send(Sent("201", "a", 1))
    with bench.database.writing() as connection:
        fusie.merge(connection, "21QW", "99ZZ", {BRIN6: "99ZZ01", OTHER_BRIN6: "99ZZ02"}, OPERATOR)
    assert bench.send(Sent("201", "a", 1), brin6="99ZZ01").same == 1
    assert bench.send(Sent("402", "a", 4, afnamedatum=july), brin6="99ZZ01").same == 1
    assert (bench.scores("201", "99ZZ"), bench.scores("402", "99ZZ")) == ({"a": 1}, {"a": 4})


@pytest.mark.parametrize("old", ["21QW", "99ZZ"])
def test_a_key_of_one_who_was_forgotten_before_a_fusie(bench: ResultBench, old: str) -> None:
    """What is sent under it is for nobody, though the source gave that number to somebody else, at either school."""
    _hand_on(bench)
    bench.bring(["401", "402"], OTHER_SCHOOL)
    bench.import_year([leerling("402")._replace(key="401")], brin6=OTHER_SCHOOL)
    for key, brincode in (("205", "21QW"), ("401", "99ZZ")):
        with bench.database.writing() as connection:
            forget.forget(connection, brincode, key, bench.moment)
    new = "99ZZ" if old == "21QW" else "21QW"
    places = {BRIN6: "99ZZ01", OTHER_BRIN6: "99ZZ02"} if old == "21QW" else {OTHER_SCHOOL: "21QW02"}
    with bench.database.writing() as connection:
        batch = fusie.merge(connection, old, new, places, OPERATOR).batch
    for brin6, key in ((BRIN6, "205"), (OTHER_SCHOOL, "401")):
        assert not bench.send(Sent(key, "a"), brin6=places.get(brin6, brin6)).added
    with bench.database.writing() as connection:
        batches.undo(connection, batch, bench.moment)
        assert not used_keys.used_keys_of(connection, new, PersonKind.LEERLING)


def test_results_of_an_import_that_is_undone(bench: ResultBench) -> None:
    """Nobody reads them; a redo brings them back, and after the term they are erased."""
    bench.bring([*KEYS, *MORE, "207"])
    sent = bench.send(Sent("207", "a"), Sent("201", "b"))
    with bench.database.reading() as connection:
        number = batches.find_all(connection, "21QW")[0].id
        id_ = bench.id_of("207") or 0
    with bench.database.writing() as connection:
        batches.undo(connection, number, bench.moment)
    with bench.database.reading() as connection:
        assert [one.said.key for one in reading.of_message(connection, sent.message_id)] == ["b"]
    with bench.database.writing() as connection:
        batches.redo(connection, number, bench.moment)
    assert (bench.id_of("207"), bench.scores("207")) == (id_, {"a": 7})
    with bench.database.writing() as connection:
        batches.undo(connection, number, bench.moment)
    what = "results of an import that was undone"
    assert what not in _purge(bench, bench.moment + timedelta(days=29))
    assert _purge(bench, bench.moment + timedelta(days=31))[what] == 1
    assert bench.scores("201") == {"b": 7}


def test_who_came_with_an_import_that_is_undone_did_not_leave(bench: ResultBench) -> None:
    """Is no leaver of a school with one vestiging: nothing is taken for who was never there."""
    bench.bring(["401", "402"], OTHER_SCHOOL)
    with bench.database.writing() as connection:
        batches.undo(connection, batches.find_all(connection, OTHER_SCHOOL[:4])[0].id, bench.moment)
    taken = bench.send(Sent("401", "a"), Sent("402", "b"), brin6=OTHER_SCHOOL)
    assert (taken.added, taken.not_processed) == (1, {NotProcessedReason.UNKNOWN: 1})


def test_the_terms(bench: ResultBench) -> None:
    """A delivered result goes after three months, what was not processed after 30 days; the counts stay."""
    bench.send(Sent("201", "a"), Sent("202", "b"), Sent("onbekend", "x"))
    _deliver(bench, "a", number=1)
    _deliver(bench, "b", number=1)
    bench.send(Sent("202", "b", 8))
    erased = _purge(bench, bench.moment + timedelta(days=29))
    assert not {"results that the administration has", "leerlingids without results taken"} & erased.keys()
    erased = _purge(bench, bench.moment + timedelta(days=31))
    assert erased["leerlingids without results taken"] == 1
    assert (bench.count(not_processed), bench.count(resultaat)) == (0, 2)
    erased = _purge(bench, bench.moment + timedelta(days=95))
    assert erased["results that the administration has"] == 1
    assert (bench.scores("201"), bench.scores("202")) == ({}, {"b": 8}), "its newest version was not delivered"
    with bench.database.reading() as connection:
        assert [(one.added, one.not_processed) for one in reading.messages(connection, BRIN6)] == [(0, 0), (2, 1)]
    assert bench.send(Sent("201", "a")).added == 1
    erased = _purge(bench, bench.moment + timedelta(days=4000))
    assert bench.count(resultaat_versie) == bench.count(results_message) == 0


def test_a_definition_goes_with_its_last_result(bench: ResultBench) -> None:
    """One that a result names stays, whoever else sent the same; the others go at the next purge."""
    bench.send(Sent("201", "a", toetscode="T1"), Sent("202", "b", toetscode="T2"))
    bench.send(Sent("202", "c", toetscode="T2"), platform="Ander")
    with bench.database.writing() as connection:
        forget.forget(connection, "21QW", "201", bench.moment)
    later = bench.moment + timedelta(minutes=1)
    with bench.database.reading() as connection:
        assert retention.count_definitions(connection, later) == 1
    assert _purge(bench, later)["definitions of toetsen"] == 1
    assert bench.count(toets) == 2
    assert bench.send(Sent("203", "d", toetscode="T1")).added == 1
    assert bench.count(toets) == 3


def test_a_definition_that_is_named_meanwhile_stays(bench: ResultBench) -> None:
    """A message that is being taken holds its definitions: the purge passes over them."""
    bench.send(Sent("201", "a"))
    with bench.database.writing() as connection:
        forget.forget(connection, "21QW", "201", bench.moment)
    later = bench.moment + timedelta(minutes=1)
    with bench.database.writing() as connection:
        taking.take(connection, later, bench.afnemers["Proef"], BRIN6, message([Sent("202", "b")], later))
        if not bench.database.backend.has_one_writer:
            with bench.database.writing() as other:
                assert retention.erase_definitions(other, later, 10) == 0
    with bench.database.writing() as connection:
        assert retention.erase_definitions(connection, later, 10) == 0
    assert bench.scores("202") == {"b": 7}


@pytest.mark.parametrize("erase", [retention.erase_delivered, retention.erase_orphans])
def test_a_result_that_a_message_names_meanwhile_stays(bench: ResultBench, erase: Callable[..., int]) -> None:
    """A message that is being taken holds what it says something of: the purge passes over it, and nothing is lost."""
    bench.send(Sent("201", "a"))
    if erase is retention.erase_delivered:
        _deliver(bench, "a", number=1)
    else:
        with bench.database.writing() as connection:
            connection.execute(resultaat_versie.update().values(persoon_id=999_999))  # whose import was undone
    later = bench.moment + timedelta(days=200)
    with bench.database.writing() as connection:
        taking.take(connection, later, bench.afnemers["Proef"], BRIN6, message([Sent("202", "a", 8)], later))
        if not bench.database.backend.has_one_writer:
            with bench.database.writing() as other:
                assert erase(other, later, 10) == 0
    with bench.database.writing() as connection:
        assert erase(connection, later, 10) == 0
    assert bench.scores("202") == {"a": 8}


def _deliver(bench: ResultBench, key: str, number: int) -> None:
    """Note that the administration took a version."""
    own = sa.select(resultaat.c.id).where(resultaat.c.key == key).scalar_subquery()
    this = sa.and_(resultaat_versie.c.resultaat_id == own, resultaat_versie.c.number == number)
    with bench.database.writing() as connection:
        connection.execute(resultaat_versie.update().where(this).values(delivered_at=to_utc(bench.moment)))
        connection.execute(resultaat.update().where(resultaat.c.key == key).values(delivered=number))


def test_results_go_with_the_leaver(bench: ResultBench) -> None:
    """On the day on which the leerling is erased, not before, and those of nobody else."""
    bench.send(Sent("201", "a"), Sent("202", "b"))
    bench.moment = datetime(2027, 9, 1, tzinfo=UTC)
    bench.bring(["202"], schooljaar="2027-2028")
    _purge(bench, datetime(2027, 9, 30, tzinfo=UTC))
    assert bench.scores("201") == {"a": 7}
    erased = _purge(bench, datetime(2027, 10, 2, tzinfo=UTC))
    assert "results of an import that was undone" not in erased, "they went with the leaver"
    assert (bench.id_of("201"), bench.scores("202"), bench.count(resultaat)) == (None, {"b": 7}, 1)


def test_a_key_that_the_source_hands_out_again(bench: ResultBench) -> None:
    """What a platform still sends under the key of a leaver who was erased is not for the next owner of that number."""
    bench.moment = datetime(2027, 9, 1, tzinfo=UTC)
    bench.bring([*KEYS, "206"], schooljaar="2027-2028")
    _purge(bench, datetime(2027, 10, 2, tzinfo=UTC))
    assert bench.id_of("205") is None
    newcomer = leerling("399")._replace(key="205", eckid=None)
    bench.import_year([*map(leerling, KEYS), newcomer], "2027-2028")
    with bench.database.reading() as connection:
        own = persons.get(connection, PersonKind.LEERLING, "21QW", "205").key
    assert own != "205"
    taken = bench.send(Sent("205", "a", 1), Sent(own, "b", 2), schooljaar="2027-2028")
    assert (taken.added, taken.not_processed) == (1, {NotProcessedReason.UNKNOWN: 1})
    assert bench.scores(own) == {"b": 2}


def test_a_key_that_two_had_and_one_of_them_is_forgotten(bench: ResultBench) -> None:
    """A source swaps two numbers; the key that left stays that of the one who was forgotten."""
    one, other = (leerling(key) for key in ("201", "202"))
    bench.import_year([one._replace(key="202"), other._replace(key="201"), *map(leerling, KEYS[2:])])
    bench.send(Sent("201", "a", 1), Sent("202", "b", 2))
    assert (bench.scores("201"), bench.scores("202")) == ({"a": 1}, {"b": 2})
    with bench.database.writing() as connection:
        forget.forget(connection, "21QW", "201", bench.moment)
    assert bench.send(Sent("201", "c", 3), Sent("202", "d", 4)).added == 1
    assert bench.scores("202") == {"b": 2, "d": 4}


def _hand_on(bench: ResultBench) -> None:
    """Import a file in which the leerling 201 has the number of 205, who is not in it."""
    handed = leerling("201")._replace(key="205")
    bench.import_year([handed, *map(leerling, KEYS[1:]), leerling("206")._replace(eckid=None)])
    assert bench.id_of("205") != bench.id_of("201")


def test_the_key_of_one_of_two_who_became_one_which_a_third_has(bench: ResultBench) -> None:
    """What is sent under the key by which somebody left is not for whom the source gave it to, also after the undo."""
    _hand_on(bench)
    batch = _join(bench, "206", "205")
    assert bench.send(Sent("205", "a", 1), Sent("206", "b", 2)).added == 1
    assert (bench.scores("201"), bench.scores("206")) == ({}, {"b": 2})
    with bench.database.writing() as connection:
        batches.undo(connection, batch, bench.moment)
        assert not used_keys.used_keys_of(connection, "21QW", PersonKind.LEERLING)
    assert (bench.scores("201"), bench.scores("206")) == ({}, {"b": 2})


def test_two_leavers_who_had_one_number(bench: ResultBench) -> None:
    """Who comes back with the number of somebody else who was erased is not sent by it: a platform knows it of him."""
    _hand_on(bench)
    bench.moment = datetime(2027, 9, 1, tzinfo=UTC)
    bench.bring([*KEYS[1:], "206"], schooljaar="2027-2028")
    _purge(bench, datetime(2027, 10, 2, tzinfo=UTC))
    assert (bench.id_of("201"), bench.id_of("205")) == (None, None)
    bench.import_year([leerling("201")._replace(key="205"), *map(leerling, KEYS[1:])], "2027-2028")
    assert bench.id_of("205") is None
    with bench.database.reading() as connection:
        assert persons.get(connection, PersonKind.LEERLING, "21QW", "205").eckid == leerling("201").eckid


def test_a_copy_and_a_backup_carry_results(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Every row of every table of results is there afterwards, on the other kind of database too."""
    here = Place.on_sqlite(furnish(tmp_path / "school").data)
    with here.database() as database, database.writing() as connection:
        brin6, afnemer_id = "21QW00", connection.scalar(sa.text("SELECT min(id) FROM afnemer")) or 0
        key, schooljaar = connection.execute(
            sa.text(
                "SELECT p.key, max(d.schooljaar) FROM persoon p JOIN deelname d ON d.persoon_id = p.id "
                "WHERE d.brin6 = '21QW00' GROUP BY p.key ORDER BY p.key LIMIT 1"
            )
        ).one()
        sent = message([Sent(key, "a", 3), Sent("onbekend", "b")], schooljaar=schooljaar)
        assert taking.take(connection, START, afnemer_id, brin6, sent).added == 1
    rows = here.rows()
    names = ("toets", "results_message", "resultaat", "resultaat_versie", "not_processed")
    assert [len(rows[name]) for name in names] == [1, 1, 1, 1, 1]
    with Place.new("postgresql", tmp_path / "there", request, with_tables=False) as there:
        here.done("db", "copy", "--to", there.url)
        assert there.rows() == rows
        there.with_keys_of(here).done("backup", tmp_path / "backup.gz")
        with Place.new("sqlite", tmp_path / "again", request, with_tables=False) as again:
            again.with_keys_of(here).done("restore", tmp_path / "backup.gz", "--yes")
            found: dict[str, Any] = again.rows()
            told_anew = [one.replace(", 1, None, None]", ", 1, -1, None]") for one in rows["resultaat"]]
            assert found["resultaat"] == told_anew, "what the administration has is not known any more"
            assert [found[name] for name in names if name != "resultaat"] == [
                rows[name] for name in names if name != "resultaat"
            ]
