"""`import questions` and `import answer`: who is asked about, beside whom, and what an answer changes."""

import json
from pathlib import Path
from typing import Any

import pytest
from support.csv_sets import CommandBench, rows_of
from support.edexml_files import eckid, make_dataset, to_edexml

from uwlr_adapter.contract.dataset import Groep, Leerling

GROEPEN = (Groep("groep", "g3", "3A", "3"),)
JAN = Leerling("1", eckid(1), "Haas", roepnaam="Jan", geboortedatum="2018-01-01", groep="g3")
FATIMA = Leerling("1", eckid(2), "M[o]l\u202e", roepnaam="Fatima", geboortedatum="2018-02-02", groep="g3")


@pytest.fixture
def bench(tmp_path: Path) -> CommandBench:
    """Return a data folder in which the key of one child was used for another."""
    bench = CommandBench(tmp_path / "data")
    bench.init()
    for name, leerling in (("a", JAN), ("b", FATIMA)):
        bench.taken("edexml", write(tmp_path / f"{name}.xml", leerling))
    return bench


def write(path: Path, *leerlingen: Leerling) -> Path:
    """Write a file with these leerlingen."""
    path.write_bytes(to_edexml(make_dataset(leerlingen, groepen=GROEPEN)))
    return path


def asked(bench: CommandBench) -> list[dict[str, Any]]:
    """Return the open questions."""
    found: list[dict[str, Any]] = json.loads(bench.run("import", "questions", "21QW", "--json").stdout)
    return found


def test_an_import_names_the_command_that_shows_who(bench: CommandBench, tmp_path: Path) -> None:
    """With the line, and no value of a child."""
    output = bench.taken("edexml", tmp_path / "b.xml").output
    assert "Held: `import questions` shows who" in output
    assert "Fatima" not in output
    assert "Jan" not in output


def test_a_question_shows_the_row_beside_the_known_person(bench: CommandBench) -> None:
    """With key, ECK-iD, name and date of birth, and the line; text of a file moves nothing on the terminal."""
    output = bench.run("import", "questions").output
    (question,) = asked(bench)
    assert f"Question {question['id']} of 2026-11-25: a leerling in 21QW00 2026-2027 line " in output
    assert "Answers: same, new" in output
    rows = rows_of(output.replace(eckid(1), "E1").replace(eckid(2), "E2"))
    cells = [[row[0], row[1], row[3], row[4], row[5]] for row in rows if row[0]]
    assert cells == [
        ["row", "1", "Fatima", "M[o]l\\u202e", "2018-02-02"],
        ["known, held", "1", "Jan", "Haas", "2018-01-01"],
    ]
    assert "No open questions." in bench.run("import", "questions", "22AB").output


def test_a_question_as_json(bench: CommandBench) -> None:
    """Everything that a program needs to ask a person."""
    (question,) = asked(bench)
    assert question["choices"] == ["same", "new"]
    assert question["row"] == {
        "key": "1",
        "eckid": eckid(2),
        "roepnaam": "Fatima",
        "achternaam": "M[o]l\u202e",
        "geboortedatum": "2018-02-02",
    }
    (known,) = question["known"]
    assert (known["key"], known["roepnaam"], known["held"]) == ("1", "Jan", True)
    (year,) = question["years"]
    assert (year["brin6"], year["schooljaar"]) == ("21QW00", "2026-2027")


def test_an_answer_shows_first_what_it_changes(bench: CommandBench) -> None:
    """A dry run and a no change nothing."""
    (question,) = asked(bench)
    before = bench.dump()
    tried = bench.run("import", "answer", str(question["id"]), "new", "--dry-run")
    assert (tried.exit_code, "Dry run, nothing changed." in tried.output) == (0, True)
    effects = [row for row in rows_of(tried.output) if row[0] == "leerling"]
    assert sorted((row[2], row[3]) for row in effects) == [("Fatima M[o]l\\u202e", "comes"), ("Jan Haas", "goes")]
    assert bench.run("import", "answer", str(question["id"]), "new", answer="n\n").exit_code == 1
    assert bench.dump() == before


def test_an_answer_is_an_import_that_is_undone(bench: CommandBench, tmp_path: Path) -> None:
    """The same source asks no more; after the undo it is asked again, under the same number."""
    (question,) = asked(bench)
    given = bench.run("import", "answer", str(question["id"]), "same", answer="y\n")
    assert given.exit_code == 0
    assert "was answered. `uwlr-adapter import undo 3` takes it back." in given.output
    assert asked(bench) == []
    assert "answer" in bench.run("import", "list").output
    assert "Held" not in bench.taken("edexml", tmp_path / "b.xml").output
    for batch in ("4", "3"):
        assert bench.run("import", "undo", batch, "--yes").exit_code == 0
    assert asked(bench) == [question]


def test_an_answer_that_is_none_is_told(bench: CommandBench) -> None:
    """An unknown number, and a choice that this question does not have."""
    unknown = bench.run("import", "answer", "1", "new", "--yes")
    assert (unknown.exit_code, "there is no open question 1" in unknown.output) == (1, True)
    (question,) = asked(bench)
    wrong = bench.run("import", "answer", str(question["id"]), "eckid", "--yes")
    assert (wrong.exit_code, "same, new" in wrong.output) == (1, True)


def test_an_answer_whose_effect_was_not_shown_is_not_given(
    bench: CommandBench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An import between what was shown and the yes: the question is the same one, and its row is not."""
    (question,) = asked(bench)

    def import_meanwhile(*_: object, **__: object) -> bool:
        bench.taken("edexml", write(tmp_path / "c.xml", FATIMA._replace(emailadres="f@school.example")))
        return True

    monkeypatch.setattr("uwlr_adapter.cli.acts.click.confirm", import_meanwhile)
    given = bench.run("import", "answer", str(question["id"]), "new")
    assert (given.exit_code, "changed meanwhile" in given.output) == (1, True)
    assert [one["id"] for one in asked(bench)] == [question["id"]]


def test_a_school_that_cannot_be_has_no_questions_to_show(bench: CommandBench) -> None:
    """A brincode in small letters is a mistake, and not a school without questions."""
    for word in ("21qw", "21QW0", "schoolX"):
        assert bench.run("import", "questions", word).exit_code == 2
    assert "Question" in bench.run("import", "questions", "21QW00").output


def test_too_many_questions_name_the_options_that_answer_them(tmp_path: Path) -> None:
    """Each is an answer to all of them; both at once are none."""
    bench = CommandBench(tmp_path / "data")
    bench.init()
    children = [JAN._replace(key=str(n), eckid=None, roepnaam=f"Kind{n}") for n in range(10)]
    bench.taken("edexml", write(tmp_path / "a.xml", *children))
    other = write(tmp_path / "b.xml", *(one._replace(key=str((int(one.key) + 3) % 10)) for one in children))
    stopped = bench.run("import", "edexml", other)
    assert stopped.exit_code == 3, "it waits for an answer"
    assert "--by-name" in stopped.output
    assert "--new-persons" in stopped.output
    who = {(row[1], row[2]) for row in rows_of(stopped.output) if row[0] == "leerling" and len(row) == 4}
    assert {(str((n + 3) % 10), f"Kind{n} Haas") for n in range(10)} <= who, "with the key in the source"
    assert bench.run("import", "edexml", other, "--by-name", "--new-persons").exit_code == 2
    bench.taken("edexml", other, "--by-name")
    assert "nothing changed" in rows_of(bench.run("import", "list").output)[0][-1]
