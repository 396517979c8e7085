"""`import template` and `import csv`: the folder, the mapping, and what a set does to the answers."""

from pathlib import Path

import pytest
from support.csv_sets import GOOD, MOMENT, CommandBench, change, counts_of, lay_out, rows_of
from support.imports import select
from support.trial_school import TrialSchool

from uwlr_adapter.administratie.sources.csv_set.columns import COLUMNS, OPTIONAL
from uwlr_adapter.clock import day_of

KLAS = "g26-5;21QW;01;2026-2027;5;Stamgroep;5;;Ja\n"
FILES = {f"{naam}.csv" for naam in COLUMNS}


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> CommandBench:
    """Return an empty data folder."""
    bench = CommandBench(tmp_path_factory.mktemp("leeg") / "data")
    bench.init()
    return bench


@pytest.fixture
def bench(empty: CommandBench, tmp_path: Path) -> CommandBench:
    """Return an empty data folder of its own."""
    return empty.copy(tmp_path / "data")


def test_the_template_can_be_imported_as_it_is(bench: CommandBench, tmp_path: Path) -> None:
    """`import template` writes a complete set: one leerling in a group of one leerkracht, without a warning."""
    folder = tmp_path / "export" / "nieuw"
    written = bench.run("import", "template", folder)
    assert (written.exit_code, {file.name for file in folder.iterdir()}) == (0, FILES)
    done = bench.taken("csv", folder)
    assert counts_of(done.output) == {
        "locaties": (0, 0, 0, 0),
        "groepen": (1, 0, 0, 0),
        "leerlingen": (1, 0, 0, 0),
        "leerkrachten": (1, 0, 0, 0),
    }
    assert "warning" not in done.output


@pytest.mark.parametrize("naam", ["leerlingen.csv", "locaties.csv"])
def test_the_template_overwrites_nothing(bench: CommandBench, tmp_path: Path, naam: str) -> None:
    """One file that is there already: it stays, no other file is written, and the message names it."""
    (tmp_path / naam).write_text("van de school")
    result = bench.run("import", "template", tmp_path)
    assert result.exit_code == 1
    assert f"{naam} already exists in the folder: nothing was written" in result.output
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == [naam]
    assert (tmp_path / naam).read_text() == "van de school"


def test_the_template_needs_a_folder(bench: CommandBench, tmp_path: Path) -> None:
    """A file where the folder should be is told in one sentence."""
    (tmp_path / "bezet").write_text("")
    result = bench.run("import", "template", tmp_path / "bezet" / "dieper")
    assert result.exit_code == 1
    assert "cannot write to the folder" in result.output


@pytest.mark.parametrize("naam", sorted(COLUMNS))
def test_a_missing_file(bench: CommandBench, tmp_path: Path, naam: str) -> None:
    """The five files must be there, each is told by name; vestigingen and locaties may be left out."""
    folder = lay_out(tmp_path, "goed")
    change(folder, "inschrijvingen", (";VH", ";"))
    (folder / f"{naam}.csv").unlink()
    result = bench.run("import", "csv", folder)
    assert result.exit_code == (0 if naam in OPTIONAL else 1)
    told = [row for row in rows_of(result.output) if row[0] == "refused"]
    assert told == ([] if naam in OPTIONAL else [["refused", f"{naam}.csv", "", "is not in the folder", ""]])


@pytest.mark.parametrize("place", ["bestaat-niet", "bestand.csv"])
def test_what_is_no_folder(bench: CommandBench, tmp_path: Path, place: str) -> None:
    """A folder that is not there, or a file, is told in one line, and not once per file of a set."""
    (tmp_path / "bestand.csv").write_text("")
    result = bench.run("import", "csv", tmp_path / place)
    assert result.exit_code == 1
    assert [row[1] for row in rows_of(result.output)] == [""]
    assert "is not a folder" in result.output


def test_a_file_that_cannot_be_read(bench: CommandBench, tmp_path: Path) -> None:
    """A folder in the place of a file is told with the reason of the system."""
    folder = lay_out(tmp_path, "goed")
    (folder / "groepen.csv").unlink()
    (folder / "groepen.csv").mkdir()
    result = bench.run("import", "csv", folder)
    assert result.exit_code == 1
    assert ["refused", "groepen.csv", "", "cannot be read: Is a directory", ""] in rows_of(result.output)


def test_file_names_in_capitals(bench: CommandBench, tmp_path: Path) -> None:
    """Windows does not mind capitals in the name of a file, so neither does the set, of kolommen.toml as well."""
    folder = lay_out(tmp_path, "kolommen-toml")
    for old, name in (("leerlingen.csv", "Leerlingen.CSV"), ("locaties.csv", "LOCATIES.csv")):
        (folder / old).rename(folder / name)
    (folder / "kolommen.toml").rename(folder / "Kolommen.toml")
    done = bench.taken("csv", folder)
    assert counts_of(done.output)["leerlingen"][0] > 0
    assert "warning" not in done.output


def test_a_file_that_is_there_twice(bench: CommandBench, tmp_path: Path) -> None:
    """Of two files whose names differ in their capitals either may be the old one: nothing is read."""
    folder = lay_out(tmp_path, "goed")
    (folder / "Groepen.csv").write_bytes((folder / "groepen.csv").read_bytes())
    result = bench.run("import", "csv", folder)
    assert result.exit_code == 1
    told = ["refused", "groepen.csv", "", "is in the folder twice, also as Groepen.csv", ""]
    assert told in rows_of(result.output)


def test_a_file_with_another_name(bench: CommandBench, tmp_path: Path) -> None:
    """A CSV file that is none of a set is told, so that a mistake in its name is seen; other files are not."""
    folder = lay_out(tmp_path, "goed")
    (folder / "vestigingen.csv").rename(folder / "vestiging.csv")
    (folder / "lees-mij.txt").write_text("van de leverancier")
    done = bench.taken("csv", folder)
    (told,) = [row for row in rows_of(done.output) if row[0] == "warning"]
    assert told[1] == "vestiging.csv"
    assert told[3].startswith("is not a file of a CSV set (leerlingen, inschrijvingen, ")
    assert told[3].endswith(": not read")


def test_a_mapping_of_its_own(bench: CommandBench, tmp_path: Path) -> None:
    """--mapping names the file that counts instead of the one in the folder; one that is not there is refused."""
    folder = lay_out(tmp_path, "kolommen-toml")
    (folder / "kolommen.toml").rename(tmp_path / "van-de-leverancier.toml")
    assert bench.run("import", "csv", folder).exit_code == 1
    refused = bench.run("import", "csv", folder, "--mapping", tmp_path / "weg.toml")
    assert ["refused", "weg.toml", "", "does not exist", ""] in rows_of(refused.output)
    (folder / "kolommen.toml").write_text("[onzin]")
    bench.taken("csv", folder, "--mapping", tmp_path / "van-de-leverancier.toml")


def test_one_refused_folder_does_not_stop_the_others(bench: CommandBench, tmp_path: Path) -> None:
    """Each folder is taken whole or not at all, and the exit code tells that one was not."""
    wrong = lay_out(tmp_path, "datum-bestaat-niet")
    result = bench.run("import", "csv", wrong, GOOD)
    assert result.exit_code == 1
    assert "imported as 1" in result.output
    assert f"{wrong}: refused, nothing changed" in result.output


def test_another_vestiging_than_expected(bench: CommandBench) -> None:
    """With --brin6 a set about other vestigingen is refused, at the line that names the first of them."""
    result = bench.run("import", "csv", GOOD, "--brin6", "21QW01")
    assert result.exit_code == 1
    expected = ["refused", "vestigingen.csv", "Vestiging", "is about 21QW00, not about 21QW01", "2"]
    assert expected in rows_of(result.output)


def test_without_vestigingen_the_first_group_names_it(bench: CommandBench, tmp_path: Path) -> None:
    """When there is no vestigingen.csv, the line is that of the first group of the year."""
    folder = lay_out(tmp_path, "goed")
    (folder / "vestigingen.csv").unlink()
    result = bench.run("import", "csv", folder, "--brin6", "21QW01")
    assert ["refused", "groepen.csv", "Vestiging", "is about 21QW00, not about 21QW01", "2"] in rows_of(result.output)


def test_a_schoolsleutel_of_another_vestiging(bench: CommandBench, tmp_path: Path) -> None:
    """A schoolkey that is known as another vestiging's is refused at its own column."""
    bench.taken("csv", GOOD)
    folder = lay_out(tmp_path, "goed")
    change(folder, "vestigingen", (";sleutel-van-00", ";"), ("Oost;", "Oost;sleutel-van-00"))
    result = bench.run("import", "csv", folder)
    assert result.exit_code == 1
    assert ["refused", "vestigingen.csv", "Schoolsleutel", "its schoolkey belongs to 21QW00", "3"] in rows_of(
        result.output
    )


def test_a_problem_of_a_leerling_is_told_once(bench: CommandBench, tmp_path: Path) -> None:
    """Somebody who is in two years of a set has one line in the report, in a refusal and in a warning alike."""
    bench.taken("csv", GOOD)
    warned = bench.run("import", "csv", lay_out(tmp_path, "eckid-weggelaten"))
    assert [row[3:] for row in rows_of(warned.output) if row[0] == "warning"] == [
        ["has no ECK-iD any more: keeps the known one", "2"]
    ]
    refused = bench.run("import", "csv", lay_out(tmp_path, "nepsleutel-zonder-eckid"))
    assert [row[4] for row in rows_of(refused.output)] == ["4"]


def test_thousands_of_lines_are_counted_not_listed(bench: CommandBench, tmp_path: Path) -> None:
    """Of one kind of problem the first twenty lines are told, and how many more there are."""
    folder = lay_out(tmp_path, "goed")
    change(
        folder, "groepen", (KLAS, "".join(KLAS.replace("g26-5", f"x{at}").replace("21QW", "99ZZ") for at in range(90)))
    )
    result = bench.run("import", "csv", folder)
    assert [row[-1] for row in rows_of(result.output) if row[2] == "Brin"] == [
        ", ".join(map(str, range(6, 26))) + " and 70 more"
    ]


def test_every_year_is_judged_before_a_set_is_refused(bench: CommandBench, tmp_path: Path) -> None:
    """A problem in a later year and the drop of an earlier one are reported together."""
    bench.taken("csv", GOOD)
    folder = lay_out(tmp_path, "goed")
    change(folder, "leerkrachten", ("lkr-tom;;", "#1;;"))
    change(folder, "leerlingen", ("lln-daan", "#2"), ("https://ketenid.nl/pilot/daan", ""))
    for naam in ("inschrijvingen", "plaatsingen"):
        change(folder, naam, ("lln-daan", "#2"))
    result = bench.run("import", "csv", folder)
    assert {tuple(row[1:3] + row[4:]) for row in rows_of(result.output)} == {
        ("leerlingen.csv", "Sleutel", "5"),
        ("leerkrachten.csv", "Sleutel", "4"),
    }


def test_the_same_set_again_is_no_change_for_a_platform(tmp_path: Path) -> None:
    """Imported twice, whatever the order of its rows: nothing changed, and `geenwijzigingen` is given."""
    school = TrialSchool(tmp_path / "data")
    bench = CommandBench(tmp_path / "data", school.moment)
    bram, again = ("lln-bram;21QW;00;01-08-2022;;Nee;7002;", "lln-bram;21QW;00;01-11-2026;;Nee;7002;")
    one, other = lay_out(tmp_path / "een", "goed"), lay_out(tmp_path / "ander", "goed")
    for folder in (one, other):
        change(folder, "inschrijvingen", (bram, bram.replace(";;Nee", ";01-10-2026;Nee") + "\n" + again))
    bench.taken("csv", one)
    first = school.fetch()
    assert first.keys("leerling") == ["lln-anna", "lln-bram", "lln-caro"]
    for naam in ("leerlingen", "inschrijvingen"):
        header, *rows = (other / f"{naam}.csv").read_text("utf-8").splitlines()
        (other / f"{naam}.csv").write_text("\n".join([header, *reversed(rows), ""]), "utf-8")
    for source in (one, other):
        school.wait(3600)
        done = bench.taken("csv", source)
        assert {(added, changed, removed) for added, changed, _, removed in counts_of(done.output).values()} == {
            (0, 0, 0)
        }
        assert school.fetch(last=first.aanmaakdatum).outcome == "geenwijzigingen"
    assert "nothing changed" in bench.run("import", "list").output
    change(other, "leerlingen", ("Kwikstaart", "Boerenzwaluw"))
    bench.taken("csv", other)
    assert school.fetch(last=first.aanmaakdatum).outcome == "leerlinggegevens"
    school.close()


def test_a_leerling_at_two_vestigingen_has_one_key(tmp_path: Path) -> None:
    """Both vestigingen answer the leerling under one key, each with its own group, and the school counts one person."""
    school = TrialSchool(tmp_path / "data")
    CommandBench(tmp_path / "data", MOMENT).taken("csv", GOOD)
    groups = {}
    for brin6 in ("21QW00", "21QW01"):
        found = select(school.database, brin6, "2026-2027", day_of(MOMENT))
        assert found is not None
        (caro,) = [leerling for leerling in found.leerlingen if leerling.key == "lln-caro"]
        groups[brin6] = caro.groep
    assert groups == {"21QW00": None, "21QW01": "g26-5"}
    school.close()


def test_a_group_that_is_not_available_leaves_no_trace(tmp_path: Path) -> None:
    """Its leerlingen and leerkrachten stay, without the reference."""
    school = TrialSchool(tmp_path / "data")
    folder = lay_out(tmp_path, "goed")
    change(folder, "groepen", ("Bij de tuin;Ja", "Bij de tuin;Nee"))
    CommandBench(tmp_path / "data", school.moment).taken("csv", folder)
    found = school.fetch()
    assert found.keys("groep") == ["g26-c"]
    assert found.keys("leerling") == ["lln-anna", "lln-bram", "lln-caro"]
    assert b"g26-4" not in found.content
    school.close()
