"""The terms: what is due is erased everywhere, what is not stays, and no answer changes. On both databases."""

import json
import logging
import re
import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from support.canaries import canary, find
from support.clock import Clock
from support.csv_sets import CommandBench
from support.databases import everything, make_tables
from support.edexml_files import eckid, make_dataset
from support.imports import dump, import_dataset
from support.messages import body, envelope, header, school_element
from support.school_builder import SchoolBuilder
from support.wsgi import call

from uwlr_adapter.administratie.importing import batches
from uwlr_adapter.administratie.tables import (
    answer_content,
    import_question,
    import_step,
    persoon,
    record_removed,
    used_key,
    withheld,
)
from uwlr_adapter.cli import main
from uwlr_adapter.clock import to_utc
from uwlr_adapter.contract.dataset import Groep, Leerkracht, Leerling
from uwlr_adapter.db.database import Database
from uwlr_adapter.gebruikers.accounts import NewGebruiker
from uwlr_adapter.gebruikers.tables import GebruikerRol, gebruiker, login_attempt
from uwlr_adapter.jobs import clock_guard, purge
from uwlr_adapter.jobs.lease import Lease
from uwlr_adapter.jobs.registry import JOBS
from uwlr_adapter.jobs.runner import JobRunner
from uwlr_adapter.jobs.tables import job
from uwlr_adapter.jobs.work import JobRun, StoppedError, run_now
from uwlr_adapter.journaal.tables import act_to_tell, journaal, refusal
from uwlr_adapter.keys.server_keys import ServerKeys
from uwlr_adapter.koppelingen.tables import earlier_akkoord, failure, koppeling, voorwaarden
from uwlr_adapter.server.application import make_app
from uwlr_adapter.settings import Part, Settings
from uwlr_adapter.web import job_metrics

PAST, PRESENT = "2025-2026", "2026-2027"
CODE = "21QW00Ygr67BfgKl!gr8"
JUNE = datetime(2026, 6, 1, 10, tzinfo=UTC)
AUGUST = datetime(2026, 8, 20, 10, tzinfo=UTC)
EVE = datetime(2026, 9, 30, 10, tzinfo=UTC)
OCTOBER = datetime(2026, 10, 1, 1, 30, tzinfo=UTC)
"""03:30 in Amsterdam on 1 October."""
GROEP = Groep(key="g", soort="groep", naam="Groep 5", jaargroep="5")
STAYS = Leerling("101", eckid=eckid(101), roepnaam="Zoë", achternaam="Blijver", geboortedatum="2016-03-14", groep="g")
GOES = Leerling(
    canary("sleutel"),
    eckid=f"https://ketenid.nl/201703/{canary('eckid')}",
    roepnaam=canary("roepnaam"),
    achternaam=canary("achternaam"),
    geboortedatum="2014-05-01",
    groep="g",
)
TEACHES = Leerkracht("L1", roepnaam="Kim", achternaam="Blijver")
TAUGHT = Leerkracht(canary("leerkracht"), roepnaam=canary("meester"), achternaam=canary("meester"))


class School:
    """A school with a koppeling, of which leerlingen and leerkrachten left; each step has its moment."""

    def __init__(self, data: Path) -> None:
        self.data, self.settings = data, Settings(data=data, parts=frozenset({Part.SOAP}))
        self.database = Database(self.settings.database_url)
        make_tables(self.database)
        self.server_keys = ServerKeys.from_settings(self.settings, self.database, create=True)
        self.clock = Clock(JUNE)
        self.builder = SchoolBuilder(self.database, self.server_keys, moment=JUNE)
        self.klantcode = ""

    def furnish(self) -> None:
        """Import the past year with everybody, then the present one without those who leave; activate and fetch."""
        self.bring(PAST, [STAYS, GOES], [TEACHES, TAUGHT], JUNE)
        self.klantcode = self.builder.add_afnemer("Snappet")
        self.builder.activate("snappet", code=CODE)
        assert find(self.fetch(PAST, JUNE)) == {"roepnaam", "achternaam", "sleutel", "eckid", "meester", "leerkracht"}
        self.bring(PRESENT, [STAYS], [TEACHES], AUGUST)

    def bring(
        self,
        schooljaar: str,
        leerlingen: list[Leerling],
        leerkrachten: list[Leerkracht],
        moment: datetime,
        brin6: str = "21QW00",
    ) -> None:
        """Import a year of a vestiging."""
        dataset = make_dataset(
            leerlingen, leerkrachten=leerkrachten, groepen=[GROEP], schooljaar=schooljaar, brin6=brin6
        )
        import_dataset(self.database, dataset, moment=moment)

    def fetch(self, schooljaar: str, moment: datetime, brin6: str = "21QW00") -> bytes:
        """Return the answer of a fetch at a moment."""
        self.clock.moment = moment
        app = make_app(self.settings, self.clock)
        message = envelope(body(schooljaar, school_element(brin6)), header(brin6 + CODE[6:], self.klantcode))
        reply = call(app, message)
        app.close()
        return reply.body

    def purge(self, moment: datetime, **settings: Any) -> int:
        """Run the purge at a moment, as its command does, and return how much was erased."""
        chosen = self.settings.model_copy(update=settings)
        by_hand = replace(JOBS["purge"], run=purge.run)
        done = run_now(by_hand, self.database, chosen, Lease("purge", "test"), moment=moment)
        assert done is not None
        return done.handled

    def due(self, moment: datetime) -> dict[str, int]:
        """Return what is due at a moment, without what is not."""
        with self.database.reading() as connection:
            return {one.what: one.number for one in purge.due(connection, self.settings, moment) if one.number}

    def counts(self) -> dict[str, int]:
        """Return what was erased so far."""
        with self.database.reading() as connection:
            return {what: count.occurrences for what, count in purge.erased_so_far(connection).items()}

    def rows(self, table: sa.Table) -> int:
        """Return the number of rows of a table."""
        with self.database.reading() as connection:
            return connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0

    def stored(self) -> set[str]:
        """Return the canaries in the bytes of the database, its free pages and compressed answers included."""
        found = find(everything(self.database))
        with self.database.reading() as connection:
            for content in connection.scalars(sa.select(answer_content.c.content)):
                found |= find(zlib.decompressobj(-zlib.MAX_WBITS).decompress(content))
        return found


@pytest.fixture
def school(backend: str, tmp_path: Path) -> Iterator[School]:
    """Yield the school on either kind of database, with those who left."""
    assert backend
    made = School(tmp_path)
    made.furnish()
    yield made
    made.database.close()


def without_moments(answer: bytes) -> bytes:
    """Return an answer without the day that it is for."""
    return re.sub(rb"<peildatum>.*?</peildatum>", b"", answer)


def test_a_leaver_is_gone_on_the_first_of_october(school: School) -> None:
    """On the eve everything is there and answered; the next night no byte of the leavers is left, in any form."""
    before = without_moments(school.fetch(PRESENT, EVE))
    past = school.fetch(PAST, EVE)
    assert "achternaam" in find(past), "the past year is answered until 30 September"
    assert school.due(EVE).keys() & {"leerlingen", "leerkrachten"} == set()
    school.purge(EVE)
    assert "achternaam" in school.stored()
    assert school.fetch(PAST, EVE) == past

    assert (school.due(OCTOBER)["leerlingen"], school.due(OCTOBER)["leerkrachten"]) == (1, 1)
    school.purge(OCTOBER)
    assert school.stored() == set()
    assert school.rows(answer_content) == 0, "as after each change of the records of a school"
    assert (school.counts()["leerlingen"], school.counts()["leerkrachten"]) == (1, 1)
    assert not school.due(OCTOBER)
    assert without_moments(school.fetch(PRESENT, OCTOBER)) == before
    assert b"geengegevens" in school.fetch(PAST, OCTOBER)
    assert school.purge(OCTOBER) == 0


def test_a_lease_and_a_dry_run_erase_nothing(school: School) -> None:
    """The command shows numbers without a name, and with --dry-run that is all; --json is for a program."""
    bench = CommandBench(school.data, OCTOBER)
    before = dump(school.database)
    shown = bench.run("purge", "--dry-run")
    assert (shown.exit_code, "Dry run, nothing changed." in shown.output) == (0, True)
    assert find(shown.output.encode()) == set()
    assert "10-01 after the last school year (UWLR_LEAVERS_ERASED_ON)" in shown.output
    kinds = {one["what"]: one for one in json.loads(bench.run("purge", "--dry-run", "--json").output)}
    assert (kinds["leerlingen"]["due"], kinds["leerlingen"]["erased"], kinds["leerlingen"]["last"]) == (1, 0, None)
    assert bench.run("purge", answer="n\n").exit_code == 1
    assert bench.run("purge", "--json").exit_code == 2
    assert dump(school.database) == before
    assert "job" not in school.counts()
    done = bench.run("purge", "--yes")
    assert done.exit_code == 0
    assert find(done.output.encode()) == set()
    kinds = {one["what"]: one for one in json.loads(bench.run("purge", "--dry-run", "--json").output)}
    assert (kinds["leerlingen"]["due"], kinds["leerlingen"]["erased"]) == (0, 1)
    assert kinds["leerlingen"]["last"] == "2026-10-01"
    assert "Nothing is due." in bench.run("purge").output
    assert school.stored() == set()


def test_a_purge_that_fails_says_what_it_did(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was erased before it failed stays so, and the command tells each number: the rest was not changed."""

    def fail(_purge: purge.Purge) -> None:
        raise sa.exc.OperationalError("", None, psycopg.errors.DiskFull("made to fail"))

    kinds = [replace(one, erase=fail) if one.what == "entries of the journaal" else one for one in purge.KINDS]
    monkeypatch.setattr(purge, "KINDS", tuple(kinds))
    failed = CommandBench(school.data, OCTOBER).run("purge", "--yes")
    assert failed.exit_code == 1
    assert "What was not reported as done was not changed" in failed.output
    (told,) = (line for line in failed.output.splitlines() if line.startswith("Done: "))
    counts = school.counts()
    assert counts["leerlingen"] == 1
    assert told.removeprefix("Done: ").rstrip(".").split(", ") == [
        f"{kind.what}: {counts[kind.what]}" for kind in kinds if kind.what in counts
    ]


def test_who_comes_back_with_key_and_eckid_is_sent_with_the_same_key(school: School) -> None:
    """Both digests of one leaver say that it is that leaver; the key by which platforms knew the child stays."""
    school.purge(OCTOBER)
    back = OCTOBER + timedelta(days=40)
    school.bring(PRESENT, [STAYS, GOES], [TEACHES], back)
    assert canary("sleutel").encode() in school.fetch(PRESENT, back)
    assert "roepnaam" in school.stored()


@pytest.mark.parametrize("other", [None, eckid(999)])
def test_a_used_key_is_given_to_nobody_else(school: School, other: str | None) -> None:
    """A child with the key alone may be another one: it is sent with a generated key, and the import says so."""
    school.purge(OCTOBER)
    back = OCTOBER + timedelta(days=40)
    new = Leerling(GOES.key, eckid=other, roepnaam="Ander", achternaam="Kind", geboortedatum="2017-01-01", groep="g")
    dataset = make_dataset([STAYS, new], leerkrachten=[TEACHES], groepen=[GROEP], schooljaar=PRESENT)
    report = import_dataset(school.database, dataset, moment=back)
    told = [one.reason for one in report.warnings]
    assert "its key was that of a leerling who left: sent with a generated one" in told
    keys = [row.key for row in _persons(school)]
    assert GOES.key not in keys
    assert len(keys) == len(set(keys)) == 3
    again = import_dataset(school.database, dataset, moment=back + timedelta(days=1))
    assert (again.counts["leerlingen"].unchanged, again.warnings) == (2, ())


def _persons(school: School) -> list[sa.Row[Any]]:
    with school.database.reading() as connection:
        return list(connection.execute(sa.select(persoon).order_by(persoon.c.id)))


def test_a_year_without_anybody_says_nothing(backend: str, tmp_path: Path) -> None:
    """A school whose new year was never imported loses nobody on 1 October: a year later it does."""
    assert backend
    school = School(tmp_path)
    school.bring(PAST, [STAYS, GOES], [TEACHES], JUNE)
    school.purge(OCTOBER)
    assert len(_persons(school)) == 3
    school.purge(OCTOBER + timedelta(days=364))
    assert len(_persons(school)) == 3
    school.purge(OCTOBER + timedelta(days=365))
    assert (_persons(school), school.stored()) == ([], set())
    school.database.close()


def test_who_was_taken_out_during_the_year_waits(school: School) -> None:
    """Taken out in September: until that cannot be undone. In November: until the next October. Back: not at all."""
    one, two = (Leerling(str(n), eckid=eckid(n), roepnaam=f"R{n}", achternaam=f"A{n}", groep="g") for n in (201, 202))
    school.bring(PAST, [STAYS, GOES, one, two], [TEACHES], JUNE)
    school.bring(PRESENT, [STAYS, one, two], [TEACHES], AUGUST)
    september, november = datetime(2026, 9, 20, 10, tzinfo=UTC), datetime(2026, 11, 15, 10, tzinfo=UTC)
    school.bring(PRESENT, [STAYS, two], [TEACHES], september)

    def left(moment: datetime) -> set[str]:
        school.purge(moment)
        return {row.key for row in _persons(school)} & {"201", "202"}

    assert left(OCTOBER) == {"201", "202"}
    assert left(datetime(2026, 10, 19, 10, tzinfo=UTC)) == {"201", "202"}
    assert left(datetime(2026, 10, 20, 10, tzinfo=UTC)) == {"202"}
    school.bring(PRESENT, [STAYS], [TEACHES], november)
    assert left(datetime(2027, 9, 30, 10, tzinfo=UTC)) == {"202"}
    school.bring("2027-2028", [STAYS], [TEACHES], datetime(2027, 8, 20, 10, tzinfo=UTC))
    assert left(datetime(2027, 10, 1, 10, tzinfo=UTC)) == set()


def test_an_undo_brings_back_who_is_not_yet_erased(school: School) -> None:
    """An import that took somebody out by mistake can be undone as long as it always could: the purge waits for it."""
    child = Leerling("201", eckid=eckid(201), roepnaam="Roep", achternaam="Achter", groep="g")
    school.bring(PAST, [STAYS, GOES, child], [TEACHES], JUNE)
    school.bring(PRESENT, [STAYS, child], [TEACHES], AUGUST)
    before = dump(school.database)
    mistake = datetime(2026, 9, 25, 10, tzinfo=UTC)
    school.bring(PRESENT, [STAYS], [TEACHES], mistake)
    school.purge(OCTOBER)
    with school.database.writing() as connection:
        newest = batches.find_all(connection)[0]
        batches.undo(connection, newest.id, OCTOBER + timedelta(hours=1))
    gone = {GOES.key, TAUGHT.key}
    after = {row.key for row in _persons(school)}
    assert after == {row[3] for row in before["persoon"]} - gone
    school.purge(OCTOBER + timedelta(days=60))
    assert "201" in {row.key for row in _persons(school)}


def test_a_year_that_is_answered_longer_keeps_its_leavers(school: School) -> None:
    """A vestiging that has its past year answered until the end of October is answered as before until then."""
    bench = CommandBench(school.data, EVE)
    done = bench.run("school", "set", "21QW00", "--past-year-until", "10-31", "--yes")
    assert done.exit_code == 0, done.output
    past = without_moments(school.fetch(PAST, OCTOBER))
    assert "achternaam" in find(past)
    school.purge(OCTOBER)
    assert without_moments(school.fetch(PAST, OCTOBER)) == past
    november = datetime(2026, 11, 1, 3, tzinfo=UTC)
    school.purge(november)
    assert school.stored() == set()


def test_a_year_that_opens_again_has_no_leaver(school: School) -> None:
    """Neither from the database nor from the memory of a process that once answered it; the others are in it."""
    school.clock.moment = EVE
    app = make_app(school.settings, school.clock)
    message = envelope(body(PAST, school_element("21QW00")), header(CODE, school.klantcode))
    for _ in range(2):
        assert "achternaam" in find(call(app, message).body)
    school.purge(OCTOBER)
    bench = CommandBench(school.data, OCTOBER)
    assert bench.run("school", "set", "21QW00", "--past-year-until", "10-31", "--yes").exit_code == 0
    school.clock.moment = OCTOBER
    answer = call(app, message).body
    app.close()
    assert find(answer) == set()
    assert b"Blijver" in answer


def test_a_leaver_of_two_vestigingen_goes_with_the_last_year_of_either(backend: str, tmp_path: Path) -> None:
    """One came by a fusie, with another key: no byte is left, also where every import since can still be undone."""
    assert backend
    school = School(tmp_path)
    away = GOES._replace(key=canary("andersleutel"), achternaam=canary("anders"))
    there = Leerling("301", eckid=eckid(301), roepnaam="Ab", achternaam="Blijver", groep="g")
    school.bring(PAST, [STAYS, GOES], [TEACHES], JUNE)
    school.bring(PAST, [there, away], [], JUNE, "30AD00")
    school.klantcode = school.builder.add_afnemer("Snappet")
    school.builder.activate("snappet", code=CODE)
    bench = CommandBench(school.data, datetime(2026, 7, 10, tzinfo=UTC))
    done = bench.run("school", "merge", "30AD", "21QW", "--vestiging", "30AD00=21QW02", "--yes")
    assert done.exit_code == 0, done.output
    assert len(_persons(school)) == 4
    school.builder.moment = bench.moment
    school.builder.activate("snappet", "21QW02", "21QW02" + CODE[6:])
    school.bring(PRESENT, [STAYS], [TEACHES], AUGUST)
    school.bring(PRESENT, [there, away], [], AUGUST, "21QW02")
    assert "anders" in find(school.fetch(PRESENT, AUGUST, "21QW02"))
    school.purge(OCTOBER, undo_days=600)
    assert "anders" in find(school.fetch(PRESENT, OCTOBER, "21QW02")), "the last year is that of the other vestiging"

    last, summer = "2027-2028", AUGUST + timedelta(days=365)
    for brin6, leerling in (("21QW00", STAYS), ("21QW02", there)):
        school.bring(last, [leerling], [TEACHES], summer, brin6)
    eve, october = (moment + timedelta(days=365) for moment in (EVE, OCTOBER))
    school.purge(eve, undo_days=600)
    assert "anders" in find(school.fetch(PRESENT, eve, "21QW02"))
    before = [without_moments(school.fetch(last, eve, brin6)) for brin6 in ("21QW00", "21QW02")]
    assert school.purge(october, undo_days=600)
    assert school.stored() == set()
    assert school.counts()["leerlingen"] == 1
    assert [without_moments(school.fetch(last, october, brin6)) for brin6 in ("21QW00", "21QW02")] == before
    school.database.close()


def test_an_open_question_keeps_a_person_until_its_year_is_over(school: School) -> None:
    """A row that may be the leaver is held, and so is the leaver; with the year both go, names in the row included."""
    row = GOES._replace(eckid=None, roepnaam=canary("anders"), geboortedatum="2013-01-01")
    school.bring(PRESENT, [STAYS, row], [TEACHES], datetime(2026, 9, 1, tzinfo=UTC))
    assert school.rows(import_question) == 1
    school.purge(OCTOBER + timedelta(days=60))
    assert {"anders", "achternaam"} <= school.stored()
    school.bring("2027-2028", [STAYS], [TEACHES], datetime(2027, 8, 20, tzinfo=UTC))
    later = datetime(2027, 10, 1, 3, tzinfo=UTC)
    school.purge(later)
    assert school.rows(import_question) == 0
    assert school.stored() == set()
    assert school.counts()["held rows"] == 1


def test_what_refers_to_a_leaver_goes_too(school: School) -> None:
    """Niet delen, keys of sources, kept imports and the day of being taken out: no row has the id any more."""
    school.builder.withhold(school.builder.living("21QW00", "snappet"), GOES.key)
    alias = GOES._replace(key=canary("alias"))
    school.bring(PAST, [STAYS, alias], [TEACHES, TAUGHT], datetime(2026, 9, 20, tzinfo=UTC))
    school.bring(PAST, [STAYS], [TEACHES], datetime(2026, 9, 21, tzinfo=UTC))
    assert (school.rows(withheld), school.rows(record_removed)) == (1, 2)
    assert "alias" in school.stored()
    kept = school.rows(import_step)
    assert kept
    school.purge(datetime(2026, 10, 20, tzinfo=UTC), undo_days=10)
    school.purge(datetime(2026, 10, 21, 10, tzinfo=UTC))
    assert (school.rows(withheld), school.rows(record_removed), school.rows(import_step)) == (0, 0, 0)
    assert school.stored() == set()
    assert school.rows(used_key) == 4  # two keys and the ECK-iD of the leerling, the key of the leerkracht


def test_kept_imports_lose_a_leaver_and_nobody_else(school: School) -> None:
    """What undoes an import of this month no longer has the leaver; the others come back from it all the same."""
    changed = STAYS._replace(achternaam="Anders")
    moved = GOES._replace(achternaam=canary("nieuw"))
    taught = replace(TAUGHT, roepnaam=canary("juf"))
    school.bring(PAST, [changed, moved], [TEACHES, taught], datetime(2026, 9, 25, tzinfo=UTC))
    assert {"achternaam", "juf"} <= school.stored()
    school.purge(OCTOBER)
    assert school.stored() == set()
    with school.database.writing() as connection:
        newest = batches.find_all(connection)[0]
        assert newest.forgotten == 2
        batches.undo(connection, newest.id, OCTOBER)
    assert b"Blijver" in everything(school.database)
    assert school.stored() == set()


def test_no_file_of_a_running_service_has_a_leaver(tmp_path: Path) -> None:
    """On SQLite the write-ahead log and the free pages of an open database are emptied too."""
    school = School(tmp_path)
    school.furnish()
    other = Database(school.settings.database_url)
    with other.reading() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(persoon)) == 4

    def in_files() -> set[str]:
        return find(b"".join(file.read_bytes() for file in tmp_path.glob("uwlr.sqlite3*")))

    assert "achternaam" in in_files()
    school.purge(OCTOBER)
    assert in_files() == set()
    other.close()
    school.database.close()


def test_an_interrupted_purge_goes_on(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each transaction is whole: a stop after any of them leaves whole persons, and the next purge does the rest."""
    many = [Leerling(str(n), eckid=eckid(n), roepnaam=f"R{n}", achternaam=f"A{n}", groep="g") for n in range(300, 307)]
    school.bring(PAST, [STAYS, GOES, *many], [TEACHES, TAUGHT], JUNE)
    monkeypatch.setattr(purge, "MAX_PERSONS", 2)
    write = JobRun.write
    left = 3

    def stop_after_some(self: JobRun, what: str, act: Any) -> int:
        nonlocal left
        if what == "leerlingen":
            left -= 1
        if left < 0:
            self.stop.set()
        return write(self, what, act)

    monkeypatch.setattr(JobRun, "write", stop_after_some)
    with pytest.raises(StoppedError):
        school.purge(OCTOBER)
    monkeypatch.undo()
    assert school.counts()["leerlingen"] == 6
    assert school.due(OCTOBER)["leerlingen"] == 2
    school.purge(OCTOBER)
    assert school.counts()["leerlingen"] == 8
    assert [row.key for row in _persons(school) if row.soort == "leerling"] == ["101"]
    assert school.rows(used_key) == 8 * 2 + 1


def test_a_failure_in_a_transaction_undoes_it(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever was being erased is whole, the count is as before, and the job says that it failed."""
    before = dump(school.database)
    counted = purge.Purge._counted  # noqa: SLF001 - fails as a database would

    def fail(self: purge.Purge, erase: Any, connection: sa.Connection) -> int:
        number = counted(self, erase, connection)
        if self.what == "leerlingen":
            raise OSError("disk")
        return number

    monkeypatch.setattr(purge.Purge, "_counted", fail)
    with pytest.raises(OSError, match="disk"):
        school.purge(OCTOBER)
    assert dump(school.database) == before
    assert "leerlingen" not in school.counts()
    monkeypatch.undo()
    school.purge(OCTOBER)
    assert school.stored() == set()


def test_the_terms_of_everything_else(school: School) -> None:
    """Rows older than their term and rows that are not, of each kind: the older ones go, the others stay."""
    school.purge(OCTOBER)
    before = school.counts()
    old, young = (OCTOBER - timedelta(days=days) for days in (800, 5))
    ended = _furnish_old(school, old, young)
    expected = {
        "entries of the journaal": 600,
        "counts of refusals": 1,
        "counts of wrong codes": 2,
        "counts of login attempts": 1,
        "disabled logins": 1,
        "agreements": 1,
    }
    assert school.due(OCTOBER) == expected
    assert school.purge(OCTOBER) == sum(expected.values())
    assert not school.due(OCTOBER)
    assert {what: number - before.get(what, 0) for what, number in school.counts().items() if what in expected} == (
        expected
    )
    assert school.rows(journaal) == 600
    with school.database.reading() as connection:
        logins = connection.scalars(sa.select(gebruiker.c.login).order_by(gebruiker.c.login)).all()
        assert logins == ["aan@school.nl", "net@school.nl"]
        assert connection.scalars(sa.select(refusal.c.occurrences)).all() == [4]
        assert connection.scalars(sa.select(failure.c.period)).all() == [OCTOBER.replace(tzinfo=None)]
        assert connection.scalars(sa.select(login_attempt.c.source)).all() == ["c"]
        found = connection.execute(sa.select(koppeling).where(koppeling.c.id == ended)).one()
        assert (found.akkoord_naam, found.akkoord_login) == ("(gewist)", "(gewist)")
    assert school.rows(earlier_akkoord) == 0
    assert texts(school) == ["uwlr-1"]
    stored = everything(school.database)
    assert [one for one in (b"weg@school.nl", b"Weg Gegaan") if one in stored] == []


def test_the_number_of_an_entry_is_never_handed_out_again(school: School) -> None:
    """Of a journaal that is past its term the last entry stays, and nothing waits to be told of an entry that went."""
    with school.database.reading() as connection:
        last = connection.scalar(sa.select(sa.func.max(journaal.c.id)))
        assert set(connection.scalars(sa.select(act_to_tell.c.entry_id))) - {last}, "an act that nobody was told of"
    school.purge(OCTOBER + timedelta(days=6 * 366))
    with school.database.reading() as connection:
        assert connection.scalars(sa.select(journaal.c.id)).all() == [last]
        assert set(connection.scalars(sa.select(act_to_tell.c.entry_id))) <= {last}
    school.builder.add_afnemer("Basispoort")
    with school.database.reading() as connection:
        assert connection.scalar(sa.select(sa.func.max(journaal.c.id))) == (last or 0) + 1


def texts(school: School) -> list[str]:
    """Return the versions of terms of which the text is kept."""
    with school.database.reading() as connection:
        return [*connection.scalars(sa.select(voorwaarden.c.versie).order_by(voorwaarden.c.versie))]


def test_a_text_of_terms_goes_with_the_last_agreement(school: School) -> None:
    """As long as one agreement names it, also an earlier one of a living koppeling, it stays."""
    long_ago = OCTOBER - timedelta(days=6 * 366)
    builder = school.builder
    builder.add_afnemer("Basispoort")
    builder.end(builder.activate("basispoort", code="21QW00lang-geleden-gestopt", moment=long_ago), long_ago)
    old = {"digest": "oud", "terms_id": "uwlr", "versie": "uwlr-0", "tekst": "Oud.", "since": datetime(2020, 1, 1)}  # noqa: DTZ001 - as stored
    earlier = {"login": "a", "naam": "A", "moment": datetime(2020, 1, 1), "voorwaarden": "uwlr-0", "tekst": "oud"}  # noqa: DTZ001 - as stored
    living = builder.living("21QW00", "snappet")
    with school.database.writing() as connection:
        connection.execute(voorwaarden.insert().values(old))
        connection.execute(earlier_akkoord.insert().values(koppeling_id=living.id, **earlier))
    school.purge(OCTOBER)
    assert texts(school) == ["uwlr-0", "uwlr-1"]
    builder.end(living, long_ago)
    school.purge(OCTOBER)
    assert texts(school) == []


def _furnish_old(school: School, old: datetime, young: datetime) -> int:
    """Store what is older than its term and what is not; return the id of a koppeling that ended six years ago."""
    long_ago = OCTOBER - timedelta(days=6 * 366)
    builder = school.builder
    builder.login, builder.naam = "weg@school.nl", "Weg Gegaan"
    builder.add_afnemer("Basispoort")
    ended = builder.end(builder.activate("basispoort", code="21QW00lang-geleden-gestopt", moment=long_ago), long_ago)
    past, near, now = (one.replace(tzinfo=None) for one in (old, young, OCTOBER))
    entry = {"kind": "verzoek", "act": "x", "outcome": "y"}
    attempt = {"login_digest": "a", "attempts": 1, "since": None}
    akkoord = {"login": "weg@school.nl", "naam": "Weg Gegaan", "moment": past, "voorwaarden": "1"}
    with school.database.writing() as connection:
        connection.execute(earlier_akkoord.insert().values(koppeling_id=ended.id, **akkoord))
        connection.execute(journaal.delete())
        connection.execute(journaal.insert(), [{**entry, "moment": one} for one in (past, near) for _ in range(600)])
        for minute, number in ((past, 3), (near, 4)):
            values = {"minute": minute, "source": "192.0.2.1", "outcome": "x", "occurrences": number}
            connection.execute(refusal.insert().values(values))
        for period in (past, near, now):
            connection.execute(failure.insert().values(period=period, subject="s", occurrences=1))
        for source, last_at in (("b", past), ("c", now)):
            connection.execute(login_attempt.insert().values(source=source, last_at=last_at, **attempt))
    for login, disabled in (("weg@school.nl", past), ("net@school.nl", near), ("aan@school.nl", None)):
        builder.add_gebruiker(NewGebruiker(login, "Weg Gegaan", GebruikerRol.SCHOOLBEHEERDER, ("21QW00",)))
        with school.database.writing() as connection:
            values = {"disabled_at": disabled, "naam": login}
            connection.execute(gebruiker.update().where(gebruiker.c.login == login).values(values))
    return ended.id


class Nights:
    """The jobs of one process, by a clock of the database that a test sets."""

    def __init__(self, school: School, monkeypatch: pytest.MonkeyPatch) -> None:
        self.school, self.moment = school, AUGUST
        monkeypatch.setattr(type(school.database.backend), "clock", lambda *_: self.moment)
        self.runner = JobRunner(school.database, school.settings, {name: JOBS[name] for name in ("purge", "staleness")})

    def look(self, moment: datetime) -> list[str]:
        """Let the process look at a moment, and return the jobs that it ran to their end."""
        self.moment = moment
        return self.runner.look()

    def command(self, *arguments: str) -> Result:
        """Run a command at the present moment."""
        return CommandBench(self.school.data, self.moment).run(*arguments)

    def metric(self) -> str:
        """Return the figure of refused purges."""
        text = job_metrics.render(self.school.database, self.moment).decode()
        return text.partition('uwlr_job_refused{job="purge"} ')[2][:3]


def test_a_clock_that_jumps_ahead_erases_nothing(
    school: School, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The purge is refused and told of, each night, whatever the wrong clock writes; with the right one it goes on."""
    nights, night = Nights(school, monkeypatch), AUGUST.replace(hour=2)
    nights.look(AUGUST)
    assert nights.look(night + timedelta(days=1)) == ["purge", "staleness"]
    assert nights.metric() == "0.0"
    wrong = datetime(2031, 8, 22, 12, tzinfo=UTC)
    assert school.due(wrong).keys() >= {"leerlingen", "entries of the journaal"}
    kept = school.rows(persoon), school.rows(import_step), school.counts()
    for days in range(3):
        moment = wrong + timedelta(days=days)
        with caplog.at_level(logging.INFO, "uwlr_adapter"):
            assert nights.look(moment) == ["staleness"]
        school.fetch(PRESENT, moment)  # what it writes has the wrong moment, and proves nothing
        school.bring(PRESENT, [STAYS], [TEACHES], moment)
    (told, *_) = [one for one in caplog.records if one.getMessage() == "job refused"]
    assert told.__dict__["facts"] == {"job": "purge", "handled": 0, "reason": clock_guard.IN_DOUBT}
    assert not [one for one in caplog.records if one.levelno >= logging.ERROR]
    assert nights.metric() == "1.0"
    assert f"The job purge was refused: {clock_guard.IN_DOUBT}." in nights.command("jobs", "list").output
    states = {one["name"]: one for one in json.loads(nights.command("jobs", "list", "--json").output)}
    assert (states["purge"]["outcome"], states["purge"]["failures"]) == ("refused", 0)
    assert (states["purge"]["reason"], states["staleness"]["reason"]) == (clock_guard.IN_DOUBT, None)
    by_timer = nights.command("jobs", "run", "purge")
    assert (by_timer.exit_code, clock_guard.IN_DOUBT in " ".join(by_timer.output.split())) == (1, True)
    assert (school.rows(persoon), school.counts()) == (kept[0], kept[2])
    assert school.rows(import_step) >= kept[1]
    assert "purge" in nights.look(night + timedelta(days=2)), "the clock is right again"
    assert nights.metric() == "0.0"


def test_after_a_long_stop_an_operator_purges_once(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixty days are a holiday; after more the purge waits for its command, also where nothing is due."""
    nights, night = Nights(school, monkeypatch), AUGUST.replace(hour=2)
    nights.look(AUGUST)
    nights.look(night + timedelta(days=1))
    assert "purge" in nights.look(night + timedelta(days=1) + clock_guard.MAX_SILENCE)
    assert school.stored() == set(), "1 October is over"
    later = nights.moment + clock_guard.MAX_SILENCE + timedelta(seconds=1)
    for days in range(2):
        assert "purge" not in nights.look(later + timedelta(days=days))
    while school.due(nights.moment):
        school.purge(nights.moment)
        with school.database.writing() as connection:  # as if that had not been
            connection.execute(job.update().values(succeeded_at=to_utc(night)))
    assert "purge" not in nights.look(later + timedelta(days=2))
    assert "Nothing is due." in nights.command("purge").output
    assert "purge" in nights.look(later + timedelta(days=3))


@pytest.mark.parametrize(("days", "runs"), [(59, True), (61, False)])
def test_the_first_night_follows_on_what_was_written(
    school: School, days: int, *, runs: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Jobs are new in a database of an earlier version, or that was copied: then the last call or import counts."""
    nights = Nights(school, monkeypatch)
    nights.look(AUGUST + timedelta(days=days))
    school.bring(PRESENT, [STAYS], [TEACHES], nights.moment + timedelta(minutes=1))
    assert ("purge" in nights.look(nights.moment + timedelta(days=1))) is runs


def test_an_empty_database_has_nothing_to_follow_on(
    backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new service has its first night, whatever its clock says."""
    assert backend
    nights = Nights(School(tmp_path), monkeypatch)
    nights.look(AUGUST)
    assert "purge" in nights.look(AUGUST + timedelta(days=1))
    nights.school.database.close()


def test_old_refusals_are_added_up_by_the_day(school: School) -> None:
    """After a week the minutes of a day become one count per source and outcome; nothing is lost, or counted twice."""
    day = OCTOBER.replace(tzinfo=None, hour=0, minute=0) - timedelta(days=20)
    rows = [
        {"minute": day + timedelta(days=days, minutes=minutes), "source": source, "outcome": outcome, "occurrences": 2}
        for days in (0, 1, 2, 18)
        for minutes in (0, 5, 700, 1439)
        for source in ("192.0.2.1", "others")
        for outcome in ("a", "b")
    ]
    with school.database.writing() as connection:
        connection.execute(refusal.insert(), rows)

    def run(moment: datetime) -> int:
        lease = Lease("refusals", "test")
        done = run_now(JOBS["refusals"], school.database, school.settings, lease, moment=moment)
        assert done is not None
        return done.handled

    with school.database.reading() as connection:
        (due,) = JOBS["refusals"].due(connection, school.settings, OCTOBER)
    assert due.number == 3 * 3 * 4
    assert (run(OCTOBER), run(OCTOBER)) == (due.number, 0)
    with school.database.reading() as connection:
        found = {tuple(row) for row in connection.execute(sa.select(refusal).order_by(refusal.c.minute))}
    whole = {(day + timedelta(days=n), s, o, 8) for n in range(3) for s in ("192.0.2.1", "others") for o in ("a", "b")}
    assert found == whole | {tuple(row.values()) for row in rows[-16:]}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("UWLR_UNDO_DAYS", "0"),
        ("UWLR_JOURNAAL_MONTHS", "-3"),
        ("UWLR_REFUSALS_DAYS", "never"),
        ("UWLR_LOGINS_MONTHS", "0"),
        ("UWLR_AGREEMENTS_YEARS", "99999999"),
        ("UWLR_LEAVERS_ERASED_ON", "02-29"),
        ("UWLR_LEAVERS_ERASED_ON", "1 oktober"),
        ("UWLR_LEAVERS_ERASED_ON", "13-01"),
    ],
)
def test_a_term_that_is_none_is_refused(name: str, value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sentence names the setting; nothing is opened or erased."""
    monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["purge", "--dry-run"])
    assert (result.exit_code, f"invalid setting: {name}: " in result.output) == (1, True)
    assert list(tmp_path.iterdir()) == []
