"""Imports into a real database: what they add, change and remove, and what they leave alone."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.edexml_files import CORPUS, eckid, make_dataset
from support.imports import MOMENT, dump, import_dataset, import_delivery, select
from support.school_builder import open_database

from uwlr_adapter.administratie import schools
from uwlr_adapter.administratie.importing import batches, forget
from uwlr_adapter.administratie.model import Counts, ImportRefusedError, ImportReport, Severity
from uwlr_adapter.administratie.sources.edexml import edexml
from uwlr_adapter.brin import Brin6
from uwlr_adapter.contract.dataset import Dataset, Groep, GroepVerwijzing, Leerkracht, Leerling, Locatie
from uwlr_adapter.db.database import Database
from uwlr_adapter.db.metadata import metadata

DAY = date(2026, 10, 1)
ZOE = Leerling(key="101", eckid=eckid(1), roepnaam="Zoë", groep="g3", samengestelde_groepen=("s2", "s1"))
OLE = Leerling(key="102", roepnaam="Ole", vestiging="N")
GROEPEN = (
    Groep("groep", "g3", "De Uilen", "3"),
    Groep("groep", "g4", "De Dassen", "4"),
    Groep("samengestelde_groep", "s1", "Plus"),
    Groep("samengestelde_groep", "s2", "Schaken"),
)
JUF = Leerkracht(key="L1", achternaam="Akker", groepen=(GroepVerwijzing("groep", "g3"),))
SCHOOL = make_dataset((ZOE, OLE), leerkrachten=(JUF,), groepen=GROEPEN, locaties=(Locatie("N", "Noord"),))


@pytest.fixture
def database(tmp_path: Path, backend: str) -> Iterator[Database]:
    """Yield a new database."""
    opened = open_database(tmp_path)
    yield opened
    opened.close()


def _select(database: Database) -> Dataset:
    found = select(database, "21QW00", "2026-2027", DAY)
    assert found is not None
    return found


def _refused(database: Database, dataset: Dataset) -> ImportRefusedError:
    before = dump(database)
    with pytest.raises(ImportRefusedError) as caught:
        import_dataset(database, dataset)
    assert dump(database) == before
    return caught.value


def _counts(report: ImportReport, kind: str) -> tuple[int, int, int, int]:
    counts = report.counts[kind]
    return counts.added, counts.changed, counts.unchanged, counts.removed


def test_a_first_import_makes_the_vestiging_and_all_its_records(database: Database) -> None:
    """The vestiging of a file exists afterwards, and everything of the file counts as added."""
    report = import_dataset(database, SCHOOL, naam="De Regenboog")
    assert report.counts == {
        "locaties": Counts(added=1),
        "groepen": Counts(added=4),
        "leerlingen": Counts(added=2),
        "leerkrachten": Counts(added=1),
        "plaatsingen": Counts(added=3),
    }
    with database.reading() as connection:
        assert schools.list_vestigingen(connection) == [schools.Vestiging(Brin6("21QW00"), "De Regenboog")]


def test_the_same_file_again_changes_nothing(database: Database) -> None:
    """A second import of the same file counts everything as unchanged and writes no record; it is kept as a batch."""
    import_dataset(database, SCHOOL)
    before = dump(database)
    written: list[str] = []
    sa.event.listen(database.engine, "before_cursor_execute", lambda _c, _k, sql, *_rest: written.append(sql))
    report = import_dataset(database, SCHOOL)
    assert report.counts["leerlingen"] == Counts(unchanged=2)
    assert report.counts["groepen"] == Counts(unchanged=4)
    writes = [sql for sql in written if not sql.startswith(("SELECT", "BEGIN", "PRAGMA"))]
    assert [sql.split()[:3] for sql in writes] == [["INSERT", "INTO", "import_batch"]]
    assert dump(database) == before


def test_the_number_of_statements_does_not_grow_with_the_school(database: Database) -> None:
    """An import asks and writes per kind, not per leerling."""
    statements: list[str] = []
    sa.event.listen(database.engine, "before_cursor_execute", lambda _c, _k, sql, *_rest: statements.append(sql))
    import_dataset(database, make_dataset([Leerling(key=str(n), roepnaam="Bo", eckid=eckid(n)) for n in range(400)]))
    assert len(statements) < 40


def test_a_dry_run_reports_the_same_and_changes_nothing(database: Database) -> None:
    """A dry run reports what the import then does."""
    before = dump(database)
    tried = import_dataset(database, SCHOOL, dry_run=True)
    assert dump(database) == before
    assert import_dataset(database, SCHOOL) == tried


def test_changes_are_counted_per_kind(database: Database) -> None:
    """A changed name, a move between groups, a new leerling and one who is gone each count once."""
    import_dataset(database, SCHOOL)
    later = make_dataset(
        (ZOE._replace(groep="g4"), Leerling(key="103", roepnaam="Mo")),
        leerkrachten=(replace(JUF, roepnaam="Ans"),),
        groepen=(GROEPEN[0], replace(GROEPEN[1], naam="De Dassen!"), *GROEPEN[2:]),
    )
    report = import_dataset(database, later)
    assert _counts(report, "leerlingen") == (1, 1, 0, 1)
    assert _counts(report, "leerkrachten") == (0, 1, 0, 0)
    assert _counts(report, "groepen") == (0, 1, 3, 0)
    assert _counts(report, "locaties") == (0, 0, 0, 1)
    assert {one.key: one.groep for one in _select(database).leerlingen} == {"101": "g4", "103": None}


def test_groups_can_all_go_while_leerlingen_stay(database: Database) -> None:
    """A row is deleted after the rows that refer to it, so no reference is in the way."""
    import_dataset(database, SCHOOL)
    bare = make_dataset((ZOE._replace(groep=None, samengestelde_groepen=()), OLE._replace(vestiging=None)))
    assert _counts(import_dataset(database, bare), "groepen") == (0, 0, 0, 4)
    assert _select(database).groepen == ()


def test_a_key_may_change_its_kind_of_group(database: Database) -> None:
    """A stamgroep that comes back as samengestelde groep is a change, and leerlingen follow."""
    import_dataset(
        database, make_dataset((OLE._replace(vestiging=None, groep="x"),), groepen=(Groep("groep", "x", "X", "3"),))
    )
    other = OLE._replace(vestiging=None, samengestelde_groepen=("x",))
    report = import_dataset(database, make_dataset((other,), groepen=(Groep("samengestelde_groep", "x", "X"),)))
    assert _counts(report, "groepen") == (0, 1, 0, 0)
    assert _select(database).leerlingen == (other,)


def test_a_file_touches_no_other_year_and_no_other_vestiging(database: Database) -> None:
    """Records of another schooljaar or vestiging are the same before and after."""
    import_dataset(database, SCHOOL)
    import_dataset(database, replace(SCHOOL, school=replace(SCHOOL.school, schooljaar="2027-2028")))
    before = _select(database)
    import_dataset(database, make_dataset((OLE._replace(vestiging=None),), schooljaar="2027-2028"))
    import_dataset(database, make_dataset((Leerling(key="7", roepnaam="Bo"),), brin6="21QW01"))
    assert _select(database) == before


def test_the_key_at_first_sight_is_the_key_for_life(database: Database) -> None:
    """A leerling whose source key changes is found by ECK-iD and keeps the first key; the new one then finds it too."""
    import_dataset(database, make_dataset((Leerling(key="101", eckid=eckid(1), roepnaam="Zoë"),)))
    report = import_dataset(database, make_dataset((Leerling(key="999", eckid=eckid(1), roepnaam="Zoë"),)))
    assert _counts(report, "leerlingen") == (0, 0, 1, 0)
    assert [warning.severity for warning in report.warnings] == [Severity.WARNING]
    import_dataset(database, make_dataset((Leerling(key="999", roepnaam="Zoë"),)))
    assert [(one.key, one.eckid) for one in _select(database).leerlingen] == [("101", eckid(1))]


def test_a_leerling_who_comes_back_keeps_key_and_eckid(database: Database) -> None:
    """Somebody who was gone from the files is the same person afterwards, also at another vestiging of the school."""
    import_dataset(database, make_dataset((Leerling(key="101", eckid=eckid(1), roepnaam="Zoë"),)))
    import_dataset(database, make_dataset((Leerling(key="5", roepnaam="Bo"),)))
    import_dataset(database, make_dataset((Leerling(key="555", eckid=eckid(1), roepnaam="Zoë"),), brin6="21QW01"))
    found = select(database, "21QW01", "2026-2027", DAY)
    assert found is not None
    assert [one.key for one in found.leerlingen] == ["101"]


def test_a_key_of_another_school_is_another_person(database: Database) -> None:
    """Keys and ECK-iDs are matched within a brincode only, and a leerkracht is no leerling."""
    import_dataset(database, make_dataset((Leerling(key="1", eckid=eckid(1), roepnaam="Zoë"),)))
    import_dataset(database, make_dataset((Leerling(key="2", eckid=eckid(1), roepnaam="Zoë"),), brin6="22AB00"))
    leerkracht = Leerkracht(key="1", eckid=eckid(1), roepnaam="Ans")
    import_dataset(database, make_dataset((Leerling(key="3", roepnaam="Bo"),), leerkrachten=(leerkracht,)))
    found = select(database, "22AB00", "2026-2027", DAY)
    assert found is not None
    assert [one.key for one in found.leerlingen] == ["2"]
    assert _select(database).leerkrachten == (leerkracht,)


def test_a_changed_eckid_counts_as_a_change_with_a_warning(database: Database) -> None:
    """The same key with another, free ECK-iD changes the person, and the report says so at its line."""
    import_dataset(database, make_dataset((Leerling(key="101", eckid=eckid(1), roepnaam="Zoë"),)))
    report = import_dataset(database, make_dataset((Leerling(key="101", eckid=eckid(2), roepnaam="Zoë"),)))
    assert _counts(report, "leerlingen") == (0, 1, 0, 0)
    assert [warning.reason for warning in report.warnings] == ["has another ECK-iD than before"]
    assert _select(database).leerlingen[0].eckid == eckid(2)


def test_a_leerkracht_whose_eckid_changes_counts_as_changed(database: Database) -> None:
    """The ECK-iD stands with the person, and its change counts for the leerkracht all the same."""
    import_dataset(database, make_dataset(leerkrachten=(Leerkracht(key="1", roepnaam="Ans"),)))
    with_eckid = Leerkracht(key="1", eckid=eckid(1), roepnaam="Ans")
    report = import_dataset(database, make_dataset(leerkrachten=(with_eckid,)))
    assert _counts(report, "leerkrachten") == (0, 1, 0, 0)


def test_an_eckid_that_the_source_no_longer_gives_stays_and_is_told(database: Database) -> None:
    """An ECK-iD that a source leaves out is kept, and the report says so."""
    import_dataset(database, make_dataset((Leerling(key="1", eckid=eckid(1), roepnaam="Zoë"),)))
    report = import_dataset(database, make_dataset((Leerling(key="1", roepnaam="Zoë"),)))
    assert "keeps the known one" in report.warnings[0].reason
    assert _select(database).leerlingen[0].eckid == eckid(1)


def test_dummy_keys_come_in_by_eckid_and_leave_as_keys_of_ours(database: Database) -> None:
    """A # key gets a key of ours that stays, whatever dummies later files use."""
    import_dataset(database, make_dataset((Leerling(key="#1", eckid=eckid(1), roepnaam="Zoë"),)))
    key = _select(database).leerlingen[0].key
    assert not key.startswith("#")
    import_dataset(database, make_dataset((Leerling(key="#2", eckid=eckid(1), roepnaam="Zoë"),)))
    assert [one.key for one in _select(database).leerlingen] == [key]
    _refused(database, make_dataset((Leerling(key="#1", roepnaam="Zoë"),)))


def test_a_file_for_another_school_than_expected_is_refused(database: Database) -> None:
    """With --brin6 of another vestiging nothing is imported, and the reason names both."""
    with pytest.raises(ImportRefusedError) as caught:
        import_dataset(database, SCHOOL, brin6="21QW01")
    assert [problem.reason for problem in caught.value.problems] == ["is about 21QW00, not about 21QW01"]
    with database.reading() as connection:
        assert schools.list_vestigingen(connection) == []


def test_a_schoolkey_belongs_to_one_vestiging(database: Database) -> None:
    """A file with the schoolkey of another vestiging is refused; a new one of its own is a change with a warning."""
    import_dataset(database, make_dataset(schoolkey="sk"))
    error = _refused(database, make_dataset(schoolkey="sk", brin6="21QW01"))
    assert [problem.reason for problem in error.problems] == ["its schoolkey belongs to 21QW00"]
    report = import_dataset(database, make_dataset(schoolkey="sk2"))
    assert [warning.element for warning in report.warnings] == ["school/schoolkey"]
    assert _select(database).school.schoolkey == "sk2"


def test_a_file_with_only_a_schoolkey_needs_a_known_one(database: Database) -> None:
    """A schoolkey alone names a school once an earlier file tied it to a brin6, and is refused before that."""
    data = (CORPUS / "versie-2.1.xml").read_bytes()
    bare = data.replace(b"<brincode>21QW</brincode>", b"").replace(b"<dependancecode>00</dependancecode>", b"")
    with pytest.raises(ImportRefusedError):
        import_delivery(database, edexml.read(bare))
    import_delivery(database, edexml.read(data))
    assert import_delivery(database, edexml.read(bare)).brin6 == "21QW00"


def test_a_vestiging_that_exists_keeps_its_naam(database: Database) -> None:
    """An import fills the vestiging that an operator added, and leaves its naam as it is."""
    with database.writing() as connection:
        schools.add_vestiging(connection, "21QW00", "De Regenboog")
    import_dataset(database, make_dataset(schoolkey="sk"), naam="Anders")
    with database.reading() as connection:
        assert schools.find_by_schoolkey(connection, "sk") == schools.Vestiging(Brin6("21QW00"), "De Regenboog", "sk")


@pytest.mark.parametrize(
    ("brin6", "naam"),
    [("21QW00", "Weer"), ("21qw00", "X"), ("21QW", "X"), ("\u0662\u0661QW00", "X"), ("21QW01", " ")],
)
def test_a_vestiging_is_added_once_and_with_a_right_name(database: Database, brin6: str, naam: str) -> None:
    """A second one of the same brin6, another form of brin6 and an empty naam are refused."""
    with database.writing() as connection:
        schools.add_vestiging(connection, "21QW00", "De Regenboog")
    with pytest.raises(schools.VestigingError), database.writing() as connection:
        schools.add_vestiging(connection, brin6, naam)


def test_a_failing_statement_shows_no_values(database: Database) -> None:
    """An error of the database holds the statement, never the key or name in it."""
    import_dataset(database, make_dataset(schoolkey="geheim-sk"))
    with pytest.raises(sa.exc.IntegrityError) as caught, database.writing() as connection:
        schools.add_vestiging(connection, "21QW01", "Zuid", "geheim-sk")
    assert "geheim-sk" not in str(caught.value)


def test_an_undone_import_leaves_what_was_before(database: Database) -> None:
    """Undo brings every row back: what was added goes, what was changed or taken away is as it was."""
    leerlingen = [Leerling(str(number), roepnaam="Bo", groep="g") for number in range(30)]
    groepen = [Groep("groep", "g", "G", "3")]
    import_dataset(database, make_dataset(leerlingen, groepen=groepen))
    before = dump(database)
    others = [Leerling(str(number), roepnaam="Bo", achternaam="Ng", groep="h") for number in range(15, 60)]
    import_dataset(database, make_dataset(others, groepen=[Groep("groep", "h", "H", "4")]))
    assert dump(database) != before
    with database.writing() as connection:
        batches.undo(connection, batches.find_all(connection)[0].id, MOMENT)
    assert dump(database) == before


def test_a_forgotten_leerling_is_nowhere(database: Database) -> None:
    """Forget takes a leerling out of the records and out of what earlier imports kept."""
    leerlingen = [Leerling("merkteken-key", roepnaam="Merkteken"), Leerling("2", roepnaam="Bo")]
    for groep in ("g", "h"):
        moved = [one._replace(groep=groep) for one in leerlingen]
        import_dataset(database, make_dataset(moved, groepen=[Groep("groep", groep, "G", "3")]))
    with database.writing() as connection:
        forget.forget(connection, "21QW", "merkteken-key", MOMENT)
    with database.reading() as connection:
        rows = [connection.execute(sa.select(table)).all() for table in metadata.tables.values()]
    assert "erkteken" not in repr(rows)
    assert "Bo" in repr(rows)
