"""An import asks before it harms: each question, whom it names, the option that answers it, and what is kept of it."""

from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.csv_sets import CommandBench, rows_of
from support.edexml_files import make_dataset, to_edexml

from uwlr_adapter.administratie.importing import not_taken
from uwlr_adapter.administratie.importing.not_taken import NotTaken
from uwlr_adapter.administratie.tables import school, source_moment
from uwlr_adapter.cli.import_report import MANY
from uwlr_adapter.contract.dataset import Groep, Leerkracht, Leerling

TAKEN, REFUSED, ASKS = 0, 1, 3
GROEPEN = (Groep("groep", "g", "4A", "4"), Groep("samengestelde_groep", "s", "Plus"))
SEPTEMBER, OCTOBER = "2026-09-20T10:00:00+02:00", "2026-10-20T10:00:00+02:00"


@pytest.fixture
def bench(tmp_path: Path, backend: str) -> CommandBench:
    """Return the commands, on an empty database."""
    made = CommandBench(tmp_path / "data")
    made.init()
    return made


def _leerlingen(count: int, *, first: int = 100, groepen: bool = True, names_from: int | None = None) -> list[Leerling]:
    """Return leerlingen with keys from `first`; their names go on from `names_from`."""
    names = first if names_from is None else names_from
    place = ("g", ("s",)) if groepen else (None, ())
    return [
        Leerling(
            key=str(first + at),
            roepnaam=f"Roep{names + at}",
            achternaam=f"Achter{names + at}",
            geboortedatum="2018-11-02",
            groep=place[0],
            samengestelde_groepen=place[1],
        )
        for at in range(count)
    ]


def _leerkrachten(count: int, *, first: int = 1) -> list[Leerkracht]:
    return [Leerkracht(key=f"m{first + at}", roepnaam=f"Juf{at}", achternaam=f"Meester{at}") for at in range(count)]


def _file(
    folder: Path,
    leerlingen: Iterable[Leerling],
    *,
    leerkrachten: Iterable[Leerkracht] = (),
    made: str = SEPTEMBER,
    name: str = "edex.xml",
    brin6: str = "21QW00",
    schooljaar: str = "2026-2027",
) -> Path:
    dataset = make_dataset(
        leerlingen, leerkrachten=leerkrachten, groepen=GROEPEN, brin6=brin6, schooljaar=schooljaar, aanmaakdatum=made
    )
    file = folder / name
    file.write_bytes(to_edexml(dataset))
    return file


def _waiting(bench: CommandBench) -> list[NotTaken]:
    with closing(bench.open()) as database, database.reading() as connection:
        return not_taken.find_all(connection)


def _moments(bench: CommandBench) -> list[str]:
    with closing(bench.open()) as database, database.reading() as connection:
        return sorted(connection.scalars(sa.select(source_moment.c.aanmaakdatum)))


def _asks(bench: CommandBench, file: Path, *flags: str) -> str:
    """Run an import that must ask exactly these questions, and change no record; return its output."""
    before = bench.dump()
    result = bench.run("import", "edexml", file)
    assert result.exit_code == ASKS, result.output
    assert bench.dump() == before
    assert [one.questions for one in _waiting(bench)] == [flags]
    return result.output


# --- the drop rule


def test_leerkrachten_that_disappear_are_a_question(bench: CommandBench, tmp_path: Path) -> None:
    """Three of three leerkrachten are named with key and name; two of them may go."""
    bench.taken("edexml", _file(tmp_path, _leerlingen(3), leerkrachten=_leerkrachten(3)))
    told = _asks(bench, _file(tmp_path, _leerlingen(3)), "--accept-drop")
    assert "3 of the 3 leerkrachten that are answered today would be gone" in " ".join(told.split())
    assert ["leerkracht", "m1", "Juf0 Meester0", "gone"] in rows_of(told)
    bench.taken("edexml", _file(tmp_path, _leerlingen(3), leerkrachten=_leerkrachten(1)))
    assert _waiting(bench) == []


def test_leerlingen_who_lose_their_groepen_are_a_question(bench: CommandBench, tmp_path: Path) -> None:
    """Who is answered without any groep is named with the line in the new file; five may be, of whatever number."""
    bench.taken("edexml", _file(tmp_path, _leerlingen(7)))
    told = _asks(bench, _file(tmp_path, _leerlingen(7, groepen=False)), "--accept-drop")
    words = " ".join(told.split())
    assert "14 of the 14 plaatsingen that are answered today would be gone" in words
    assert "7 of the 7 leerlingen with a stamgroep that are answered today would have none" in words
    (row,) = [row for row in rows_of(told) if row[1] == "100"]
    assert (row[:3], int(row[3]) > 1) == (["leerling", "100", "Roep100 Achter100"], True)
    five = [*_leerlingen(5, groepen=False), *_leerlingen(2, first=105)]
    bench.taken("edexml", _file(tmp_path, five))
    bench.taken("edexml", _file(tmp_path, _leerlingen(7, groepen=False), name="all.xml"), "--accept-drop")


def test_a_question_names_the_first_twenty(bench: CommandBench, tmp_path: Path) -> None:
    """And says how many more there are."""
    bench.taken("edexml", _file(tmp_path, _leerlingen(30)))
    told = _asks(bench, _file(tmp_path, _leerlingen(1)), "--accept-drop")
    assert len([row for row in rows_of(told) if row[-1] == "gone"]) == 20
    assert "and 9 more" in told
    assert "29 of the 30 leerlingen" in told


def test_a_groep_that_goes_is_named(bench: CommandBench, tmp_path: Path) -> None:
    """Both groepen of a school are more than the one that may go."""
    bench.taken("edexml", _file(tmp_path, _leerlingen(2)))
    bare = tmp_path / "bare.xml"
    bare.write_bytes(to_edexml(make_dataset(_leerlingen(2, groepen=False), aanmaakdatum=SEPTEMBER)))
    told = _asks(bench, bare, "--accept-drop")
    assert ["groep", "g", "4A", "gone"] in rows_of(told)


# --- keys that changed


def test_a_few_new_keys_are_a_warning(bench: CommandBench, tmp_path: Path) -> None:
    """Five of six leerlingen with another key: taken, with the lines of the five."""
    bench.taken("edexml", _file(tmp_path, _leerlingen(6)))
    changed = [_leerlingen(1)[0], *_leerlingen(5, first=901, names_from=101)]
    told = bench.taken("edexml", _file(tmp_path, changed)).output
    (row,) = [row for row in rows_of(told) if row[1] == "leerling/@key"]
    assert (row[0], row[3].count(",")) == ("warning", 4)
    assert "the key changed?" in row[2]


def test_many_new_keys_are_one_question(bench: CommandBench, tmp_path: Path) -> None:
    """All leerlingen and leerkrachten under other keys ask for --new-keys alone, and name them; yes takes them."""
    bench.taken("edexml", _file(tmp_path, _leerlingen(8), leerkrachten=_leerkrachten(3)))
    new = _file(tmp_path, _leerlingen(8, first=900, names_from=100), leerkrachten=_leerkrachten(3, first=50))
    told = _asks(bench, new, "--new-keys")
    assert "8 of the 8 leerlingen go while others with the same name and birth date come" in " ".join(told.split())
    assert {"900", "m50"} <= {row[1] for row in rows_of(told)}
    done = bench.taken("edexml", new, "--new-keys")
    assert "the key changed?" in done.output


def test_who_goes_beside_new_keys_is_asked_too(bench: CommandBench, tmp_path: Path) -> None:
    """Ten get another key and ten go: each is a question of its own."""
    bench.taken("edexml", _file(tmp_path, _leerlingen(20)))
    told = _asks(bench, _file(tmp_path, _leerlingen(10, first=900, names_from=100)), "--accept-drop", "--new-keys")
    words = " ".join(told.split())
    assert "10 of the 20 leerlingen go while others" in words
    assert "10 of the 20 leerlingen that are answered today would be gone" in words


# --- an older file


def test_an_older_file_is_a_question(bench: CommandBench, tmp_path: Path) -> None:
    """Who would go and who would come are named; --older takes it, and an undo brings the newer moment back."""
    bench.taken("edexml", _file(tmp_path, [*_leerlingen(1), *_leerlingen(1, first=103)], made=OCTOBER))
    older = _file(tmp_path, _leerlingen(2), made="2026-09-20T10:00:00")
    told = _asks(bench, older, "--older")
    assert "this file was made on 2026-09-20 10:00, the one whose records are here on 2026-10-20 10:00" in told
    assert {("103", "gone"), ("101", rows_of(told)[-1][-1])} == {(row[1], row[3]) for row in rows_of(told)[-2:]}
    bench.taken("edexml", older, "--older")
    assert _moments(bench) == ["2026-09-20T08:00:00Z"]
    assert bench.run("import", "undo", "2", "--yes").exit_code == 0
    assert _moments(bench) == ["2026-10-20T08:00:00Z"]
    _asks(bench, older, "--older")
    assert bench.run("import", "undo", "1", "--yes", "--accept-drop").exit_code == 0
    assert _moments(bench) == []


def test_what_is_not_older_is_no_question(bench: CommandBench, tmp_path: Path) -> None:
    """The same moment with other content, an older file with the same content, and another year or vestiging."""
    bench.taken("edexml", _file(tmp_path, _leerlingen(3), made=OCTOBER))
    bench.taken("edexml", _file(tmp_path, _leerlingen(2), made=OCTOBER))
    bench.taken("edexml", _file(tmp_path, _leerlingen(2), made=SEPTEMBER))
    assert _moments(bench) == ["2026-10-20T08:00:00Z"], "the newer moment stays"
    bench.taken("edexml", _file(tmp_path, _leerlingen(1), made=SEPTEMBER, schooljaar="2025-2026"))
    bench.taken("edexml", _file(tmp_path, _leerlingen(1, first=500), made=SEPTEMBER, brin6="21QW01"))
    _asks(bench, _file(tmp_path, _leerlingen(3), made=SEPTEMBER), "--older")


def test_a_moment_that_says_nothing_is_told(bench: CommandBench, tmp_path: Path) -> None:
    """One in the future would make every later file an older one: it is not kept, and that is a warning."""
    told = bench.taken("edexml", _file(tmp_path, _leerlingen(1), made="2099-01-01T00:00:00")).output
    assert "lies in the future" in told
    file = _file(tmp_path, _leerlingen(1))
    file.write_bytes(file.read_bytes().replace(SEPTEMBER.encode(), b"gisteren"))
    assert "not a date with a time" in bench.taken("edexml", file).output
    assert _moments(bench) == []


def test_a_newer_moment_alone_changes_no_answer(bench: CommandBench, tmp_path: Path) -> None:
    """The daily file with the same content leaves the version of the records, and so every stored answer."""
    bench.taken("edexml", _file(tmp_path, _leerlingen(2)))
    version = sa.select(school.c.version)
    with closing(bench.open()) as database, database.reading() as connection:
        before = connection.scalar(version)
    bench.taken("edexml", _file(tmp_path, _leerlingen(2), made=OCTOBER))
    with closing(bench.open()) as database, database.reading() as connection:
        assert connection.scalar(version) == before
    assert _moments(bench) == ["2026-10-20T08:00:00Z"]


# --- another school


def test_a_second_school_is_a_question_once(bench: CommandBench, tmp_path: Path) -> None:
    """In the database of one school, the file of another asks; with two of them, a third is no question."""
    bench.taken("edexml", _file(tmp_path, _leerlingen(1)))
    other = _file(tmp_path, _leerlingen(1), brin6="99ZZ00")
    result = bench.run("import", "edexml", other)
    assert result.exit_code == ASKS
    assert "the database holds 21QW only, and this is 99ZZ" in " ".join(result.output.split())
    assert _waiting(bench) == [], "a vestiging that is not there waits for nothing"
    assert bench.run("import", "edexml", other, "--dry-run").exit_code == ASKS
    bench.taken("edexml", other, "--new-school")
    bench.taken("edexml", _file(tmp_path, _leerlingen(1), brin6="98ZZ00"))


def test_many_schools_at_once_are_no_question(bench: CommandBench, tmp_path: Path) -> None:
    """What counts is the database as the command found it: the first import of a nation asks nothing."""
    files = [_file(tmp_path, _leerlingen(1), brin6=f"{at}ZZ00", name=f"{at}.xml") for at in range(10, 13)]
    bench.taken("edexml", *files)


@pytest.mark.parametrize(("parts", "status"), [(MANY - 1, ASKS), (MANY, TAKEN)])
def test_a_command_of_many_parts_is_that_of_many_schools(
    bench: CommandBench, tmp_path: Path, parts: int, status: int
) -> None:
    """Files divided over processes, of which one comes first: nobody imports so many of one school."""
    bench.taken("edexml", _file(tmp_path, _leerlingen(1)))
    other = _file(tmp_path, _leerlingen(1), brin6="99ZZ00")
    assert bench.run("import", "edexml", *([other] * parts)).exit_code == status


# --- what is kept


def test_since_when_a_year_waits(bench: CommandBench, tmp_path: Path) -> None:
    """The first and the last import that was not taken; a dry run counts for nothing; the next one clears its year."""
    bench.taken("edexml", _file(tmp_path, _leerlingen(8)))
    bench.taken("edexml", _file(tmp_path, _leerlingen(8), schooljaar="2025-2026"))
    first = bench.moment
    broken = _file(tmp_path, [*_leerlingen(1), *_leerlingen(1)])
    assert bench.run("import", "edexml", broken, "--dry-run").exit_code == REFUSED
    assert _waiting(bench) == []
    assert bench.run("import", "edexml", broken).exit_code == REFUSED
    bench.moment = last = first.replace(hour=23)
    assert bench.run("import", "edexml", _file(tmp_path, _leerlingen(1))).exit_code == ASKS
    assert _waiting(bench) == [NotTaken("21QW00", "2026-2027", first, last, ("--accept-drop",))]
    listed = bench.run("import", "list").output
    assert ["21QW00", "2026-2027", "2026-11-25 11:00", "2026-11-26 00:00", "an answer: --accept-drop"] in rows_of(
        listed
    )
    bench.taken("edexml", _file(tmp_path, _leerlingen(8), schooljaar="2025-2026"))
    assert len(_waiting(bench)) == 1
    bench.taken("edexml", _file(tmp_path, _leerlingen(8)))
    assert _waiting(bench) == []


def test_a_file_that_cannot_be_read_counts_for_the_vestiging_named(bench: CommandBench, tmp_path: Path) -> None:
    """With --brin6 it is known whose records stay as they were; the next import of any year clears it."""
    file = _file(tmp_path, _leerlingen(1))
    bench.taken("edexml", file)
    broken = tmp_path / "broken.xml"
    broken.write_bytes(b"<EDEX>")
    assert bench.run("import", "edexml", broken).exit_code == REFUSED
    assert _waiting(bench) == []
    assert bench.run("import", "edexml", broken, "--brin6", "21QW00").exit_code == REFUSED
    assert [(one.brin6, one.schooljaar, one.asks) for one in _waiting(bench)] == [("21QW00", "", False)]
    bench.taken("edexml", file)
    assert _waiting(bench) == []


def test_the_warnings_of_an_import_are_kept(bench: CommandBench, tmp_path: Path) -> None:
    """`import show` prints them later with their lines, and no value of a person stands in the batch."""
    leerlingen = [one._replace(land="XX") for one in _leerlingen(3)]
    told = bench.taken("edexml", _file(tmp_path, leerlingen)).output
    (row,) = [row for row in rows_of(told) if row[1] == "leerling/land"]
    shown = bench.run("import", "show", "1").output
    assert row in rows_of(shown)
    assert "2026-2027: 3 warnings" in shown
    assert "Achter100" not in str(bench.dump()["import_batch"])
    listed = rows_of(bench.run("import", "list").output)
    assert listed[-1][-1] == "groepen 2 added; leerlingen 3 added; plaatsingen 6 added; 3 warnings"
